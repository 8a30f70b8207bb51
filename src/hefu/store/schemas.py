"""Puts the JSON Schemas of the documents into a folder: `python -m hefu.store.schemas` renews the published ones."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import resources
from pathlib import Path, PurePosixPath

from pydantic import BaseModel

from hefu.core.schemas import generate

FOLDER = ".hefu/schemas"
"""Where a project keeps its copies, so that editors complete without a network."""


def published() -> dict[str, str]:
    """Kind of document -> text of its schema as published with this release."""
    folder = resources.files("hefu.core.schemas")
    return {kind: folder.joinpath(f"{kind}.json").read_text("utf-8") for kind in generate()}


def write(folder: Path, settings: Mapping[str, type[BaseModel]] | None = None) -> list[Path]:
    """Write a schema per kind of document. With `settings`, connections complete their connectors' settings, too."""
    folder.mkdir(parents=True, exist_ok=True)
    made = []
    for kind, text in generate(settings).items():
        path = folder / f"{kind}.json"
        path.write_text(text, "utf-8", newline="\n")
        made.append(path)
    return made


def hint(file: str, kind: str) -> str:
    """The comment by which editors find the schema of a document, from its place inside the project."""
    up = "../" * (len(PurePosixPath(file).parts) - 1)
    return f"# yaml-language-server: $schema={up}{FOLDER}/{kind}.json\n"


if __name__ == "__main__":
    write(Path(str(resources.files("hefu.core.schemas"))))
