"""What `hefu init` puts into a new folder: the worked example, or documents made from a user's own two files.

The example is kept as files beside this one, so that it reads, checks and changes like any project.
"""

from __future__ import annotations

from collections.abc import Mapping
from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path

from pydantic import BaseModel

from hefu.core.errors import Unsupported
from hefu.store import schemas

_NAMES = {"gitignore": ".gitignore"}  # under its own name it would rule this repository


def example() -> dict[str, bytes]:
    """The worked example: relative path -> content."""
    return dict(_files(resources.files(__name__) / "example", ""))


def gitignore() -> bytes:
    """What a project should not keep in git."""
    return example()[".gitignore"]


def init(folder: Path, files: Mapping[str, bytes], settings: Mapping[str, type[BaseModel]] | None = None) -> list[Path]:
    """Write a new project's files and the schemas for editors. Nothing is overwritten.

    `settings`: connector name -> type of its settings, for completion. Raises Unsupported "starter.exists" naming what
    is in the way (and then has written nothing) or "starter.unwritable".
    """
    taken = sorted(name for name in files if (folder / name).exists())
    if taken:
        raise Unsupported("starter.exists", folder=str(folder), files=", ".join(taken[:5]), count=len(taken))
    try:
        for name, content in sorted(files.items()):
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_bytes(content)
        made = schemas.write(folder / schemas.FOLDER, settings)
    except OSError as error:
        raise Unsupported("starter.unwritable", folder=str(folder), reason=error.strerror or "?") from None
    return [*(folder / name for name in sorted(files)), *made]


def _files(folder: Traversable, above: str) -> list[tuple[str, bytes]]:
    found: list[tuple[str, bytes]] = []
    for entry in sorted(folder.iterdir(), key=lambda e: e.name):
        name = above + _NAMES.get(entry.name, entry.name)
        if entry.is_dir():
            found += _files(entry, f"{name}/")
        elif not entry.name.endswith(".pyc"):
            found.append((name, entry.read_bytes()))
    return found


__all__ = ["example", "gitignore", "init"]
