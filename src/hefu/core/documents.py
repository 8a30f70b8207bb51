"""What is wrong with a project's documents, as data: where, which word, and the nearest right one.

Reading YAML is `store/documents.py`; checks that need only the types are `crosscheck.py`. Both speak in `Flaw`s
(a place inside a document) that become `Finding`s (a place in a file) once the text is known.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import Literal

from pydantic import BaseModel

from hefu.core.alerts import Alerts
from hefu.core.errors import Unsupported
from hefu.core.project import Connection, Cutover, Entity, Flow, Privacy, Role
from hefu.core.project import Mapping as MappingDocument
from hefu.core.words import tell

KINDS: Mapping[str, type[BaseModel]] = {
    "connection": Connection,
    "entity": Entity,
    "mapping": MappingDocument,
    "flow": Flow,
    "cutover": Cutover,
    "role": Role,
    "alerts": Alerts,
    "privacy": Privacy,
}
"""First word of a document -> what it is."""

FOLDERS: Mapping[str, str] = {
    "connection": "connections",
    "entity": "entities",
    "mapping": "mappings",
    "flow": "flows",
    "cutover": "cutovers",
    "role": "roles",
}
"""Kinds that come one to a file, and the folder they live in; alerts and privacy lie beside these folders."""

Path = tuple[str | int, ...]
"""A place inside a document, in the words of the document: ("fields", 2, "lookup")."""

Severity = Literal["error", "warning"]


@dataclass(frozen=True, slots=True)
class Flaw:
    """Something wrong at a place inside a document. `on_key` blames the word itself, not what stands behind it."""

    kind: str
    name: str
    path: Path
    code: str
    word: str = ""
    known: tuple[str, ...] = ()
    on_key: bool = False
    severity: Severity = "error"
    facts: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Finding:
    """Something wrong at a place in a file. Lines and columns count from 1; `nearest` "" where nothing is known."""

    file: str
    line: int
    column: int
    code: str
    word: str = ""
    nearest: str = ""
    severity: Severity = "error"
    facts: Mapping[str, object] = field(default_factory=dict)

    def told(self, language: str = "en") -> tuple[str, str]:
        """(where and what, what to do next) in "en" or "zh"."""
        what, then = tell(self.error(), language)
        return f"{self.file}:{self.line}:{self.column}: {what}", then

    def error(self) -> Unsupported:
        """The same as an error, its place among the facts."""
        place = {"file": self.file, "line": self.line, "column": self.column}
        return Unsupported(self.code, **{**place, **self.facts, "word": self.word, "nearest": self.nearest or "-"})


def nearest(word: str, known: Iterable[str]) -> str:
    """The known word that looks most like it, whatever its case; "" if none is known."""
    folded = {name.casefold(): name for name in sorted(known, reverse=True)}
    close = get_close_matches(word.casefold(), folded, n=1, cutoff=0.0)
    return folded[close[0]] if close else ""


def home(kind: str, name: str) -> str:
    """The path of a document inside the project's folder."""
    return f"{FOLDERS[kind]}/{name}.yaml" if kind in FOLDERS else f"{kind}.yaml"
