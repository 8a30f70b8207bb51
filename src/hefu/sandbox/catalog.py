"""Which sandboxes there are: the sample pair, and each package here with a module-level `SANDBOX`, by its name."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hefu.core.errors import Unsupported
from hefu.sandbox import sample
from hefu.sandbox.crm.api import Crm
from hefu.sandbox.crm.book import CrmBook
from hefu.sandbox.erp.api import Erp
from hefu.sandbox.erp.book import ErpBook
from hefu.sandbox.server import Sandbox

Two = tuple[str, str]
"""(Chinese, English)."""


@dataclass(frozen=True)
class Entry:
    """One sandbox.

    open: a file (":memory:" for none) and whether to leave it empty -> the sandbox; a new file gets the sample company.
    connection: address -> the connection document (`connector`, `settings`) that reaches it; the secrets in it open
        nothing but a sandbox. None where a document of its own would be too much to show.
    faults: the vendor's own kinds of fault, for `/_control/faults`, with what each does.
    """

    name: str
    title: Two
    port: int
    open: Callable[[str, bool], Sandbox]
    connection: Callable[[str], Mapping[str, Any]] | None = None
    faults: Mapping[str, Two] | None = None


def open_crm(path: str = ":memory:", *, empty: bool = False) -> Crm:
    """The sandbox CRM over a file, filled with the sample company when the file is new."""
    book = CrmBook(path)
    book.fill_once(lambda: sample.load_crm(sample.make(), book), empty=empty)
    return Crm(book)


def open_erp(path: str = ":memory:", *, empty: bool = False, calls_per_second: float = 0.0) -> Erp:
    """The sandbox ERP over a file, filled with the sample company when the file is new."""
    book = ErpBook(path)
    book.fill_once(lambda: sample.load_erp(sample.make(), book), empty=empty)
    return Erp(book, calls_per_second=calls_per_second)


_PAIR = {
    "crm": Entry("crm", ("示例 CRM", "Sample CRM"), 8711, lambda path, empty: open_crm(path, empty=empty)),
    "erp": Entry("erp", ("示例 ERP", "Sample ERP"), 8712, lambda path, empty: open_erp(path, empty=empty)),
}


def names() -> list[str]:
    """Every sandbox."""
    import hefu.sandbox

    return sorted(m.name for m in pkgutil.iter_modules(hefu.sandbox.__path__) if m.ispkg)


def entry(name: str) -> Entry:
    """The sandbox of that name. Raises Unsupported "sandbox.unknown"."""
    known = names()
    if name not in known:
        raise Unsupported("sandbox.unknown", name=name, known=", ".join(known))
    if name in _PAIR:
        return _PAIR[name]
    found = importlib.import_module(f"hefu.sandbox.{name}").SANDBOX
    assert isinstance(found, Entry)
    return found


def open_in(folder: Path, name: str, *, empty: bool = False, fresh: bool = False) -> Sandbox:
    """Open a sandbox over its file in this folder."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{name}.db"
    if fresh:
        for tail in ("", "-wal", "-shm"):
            path.with_name(path.name + tail).unlink(missing_ok=True)
    return entry(name).open(str(path), empty)
