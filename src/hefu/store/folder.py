"""A project's folder on disk: texts in and out, every byte kept."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

from charset_normalizer import from_bytes

from hefu.core.documents import Finding
from hefu.core.errors import Unsupported
from hefu.store.tree import MAX_CHARACTERS

MAX_FILES = 5_000
NOT_READ = ("data", "node_modules")
"""Folders of a project that hold no documents. Hidden ones are passed over, too."""


def read_folder(folder: Path) -> dict[str, str]:
    """The texts of all documents below a folder, by relative path with '/', every byte kept.

    Bytes that are not UTF-8 are kept as surrogates; `load` names the file, the place and the likely encoding. Raises
    Unsupported "documents.no_folder", "documents.no_files", "documents.too_many_files" or "documents.unreadable".
    """
    if not folder.is_dir():
        raise Unsupported("documents.no_folder", folder=str(folder))
    texts: dict[str, str] = {}
    for path in _files(folder):
        if len(texts) >= MAX_FILES:
            raise Unsupported("documents.too_many_files", folder=str(folder), limit=MAX_FILES)
        try:
            with path.open("rb") as file:
                raw = file.read(4 * MAX_CHARACTERS + 4)
        except OSError as error:
            raise Unsupported("documents.unreadable", file=str(path), reason=error.strerror or "?") from None
        texts[path.relative_to(folder).as_posix()] = raw.decode("utf-8", "surrogateescape")
    if not texts:
        raise Unsupported("documents.no_files", folder=str(folder))
    return texts


def write_folder(folder: Path, texts: Mapping[str, str]) -> list[str]:
    """Write documents into a folder, each whole or not at all; unchanged ones are not touched. Paths written."""
    written = []
    for name, text in sorted(texts.items()):
        path = folder / name
        raw = text.encode("utf-8", "surrogateescape")
        if not path.resolve().is_relative_to(folder.resolve()):
            raise Unsupported("documents.outside", file=name)
        try:
            if path.is_file() and path.read_bytes() == raw:
                continue
            path.parent.mkdir(parents=True, exist_ok=True)
            part = path.with_name(f".{path.name}.part")
            part.write_bytes(raw)
            part.replace(path)
        except OSError as error:
            raise Unsupported("documents.unwritable", file=str(path), reason=error.strerror or "?") from None
        written.append(name)
    return written


def _files(folder: Path) -> Iterator[Path]:
    for path in sorted(folder.iterdir()):
        if path.name.startswith("."):
            continue
        if path.is_dir() and not path.is_symlink() and path.name not in NOT_READ:
            yield from _files(path)
        elif path.suffix in (".yaml", ".yml") and path.is_file():
            yield path


def encoding(file: str, text: str) -> Finding | None:
    """Where a text stops being UTF-8, and what it most likely is."""
    at = next((n for n, c in enumerate(text) if "\udc80" <= c <= "\udcff"), None)
    if at is None:
        return None
    raw = text.encode("utf-8", "surrogateescape")
    line = text.count("\n", 0, at) + 1
    column = at - text.rfind("\n", 0, at)
    return Finding(file, line, column, "documents.encoding", _guess(raw), "UTF-8")


def _guess(raw: bytes) -> str:
    if raw.startswith((b"\xff\xfe", b"\xfe\xff")):
        return "UTF-16"
    try:
        raw.decode("gb18030")
        return "GB18030"
    except UnicodeDecodeError:
        best = from_bytes(raw).best()
        return best.encoding if best else "binary"
