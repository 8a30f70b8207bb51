"""A project's documents as text: read, understood with every error at its place, and given back byte for byte.

Pure functions over {relative path: text}; `folder.py` has them from disk. What is wrong *inside* a document is found
by `shape.py` (words and types), `settings.py` (secrets) and `core/crosscheck.py` (names that others must know).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import PurePosixPath
from typing import Any

from pydantic import BaseModel

from hefu.core import documents as doc
from hefu.core.alerts import Alerts
from hefu.core.crosscheck import crosscheck
from hefu.core.documents import FOLDERS, KINDS, Finding, Flaw, nearest
from hefu.core.errors import Unsupported
from hefu.core.mapcheck import check_mapping
from hefu.core.model import READY, resolve
from hefu.core.project import Project
from hefu.store.changes import diff
from hefu.store.folder import encoding, read_folder, write_folder
from hefu.store.settings import SettingsTypes, channels, settle
from hefu.store.shape import fit
from hefu.store.tree import Mark, Tree, parse, walk
from hefu.store.writing import document

__all__ = ["Loaded", "SettingsTypes", "diff", "dump", "load", "read_folder", "write_folder"]

_HEAD = re.compile(r"^(\w+):[ \t]*[\"']?([\w-]+)", re.MULTILINE)
_GROUPS = {
    "connection": "connections", "entity": "entities", "mapping": "mappings", "flow": "flows", "cutover": "cutovers",
    "role": "roles",
}  # fmt: skip


@dataclass(frozen=True)
class Loaded:
    """What a set of documents means, and all that is wrong with it.

    `project` holds the documents that are right in themselves; it is fit for use only when `errors` is empty.
    """

    project: Project
    findings: list[Finding]
    texts: Mapping[str, str]
    places: Mapping[tuple[str, str], tuple[str, Tree]] = field(default_factory=dict, repr=False)

    @property
    def errors(self) -> list[Finding]:
        """Findings that forbid to use the project."""
        return [finding for finding in self.findings if finding.severity == "error"]

    def require(self) -> Project:
        """The project. Raises Unsupported "documents.wrong" if anything is wrong with it."""
        if errors := self.errors:
            first = errors[0]
            raise Unsupported("documents.wrong", count=len(errors), file=first.file, line=first.line, word=first.word)
        return self.project

    def finding(self, flaw: Flaw) -> Finding:
        """A flaw inside a document, at its place in the file: for checks that need more than the documents."""
        file, tree = self.places.get((flaw.kind, flaw.name), (doc.home(flaw.kind, flaw.name), Tree(Mark(1, 1))))
        return _placed(file, tree, flaw)


def load(texts: Mapping[str, str], settings: SettingsTypes | None = None) -> Loaded:
    """Everything the documents say, all errors at once, in the order of files and lines.

    `settings` are the known connectors; without them, connector names and settings are not checked.
    """
    reader = _Reader(settings)
    for file in sorted(texts):
        reader.read(file, texts[file])
    loaded = Loaded(reader.project(), reader.findings, dict(texts), reader.places)
    flaws = {(f.kind, f.name, f.path, f.code): f for f in [*_mapped(loaded.project), *crosscheck(loaded.project)]}
    found = [*reader.findings, *(loaded.finding(flaw) for flaw in flaws.values() if not reader.follows(flaw))]
    return replace(loaded, findings=sorted(found, key=lambda f: (f.file, f.line, f.column)))


def _mapped(project: Project) -> Iterator[Flaw]:
    """What is wrong inside mappings: transforms, expressions, directions."""
    for mapping in project.mappings.values():
        entity = project.entities.get(mapping.entity) or READY.get(mapping.entity)
        connection = project.connections.get(mapping.connection)
        if entity is not None and connection is not None:
            with suppress(Unsupported):  # what it extends is not there: crosscheck says so
                resolved = resolve(entity, project.entities)
                yield from check_mapping(mapping, resolved, None, zone=connection.zone)


def _placed(file: str, tree: Tree, flaw: Flaw) -> Finding:
    path, leaf = walk(tree, flaw.path)
    at = leaf.at
    if path and (flaw.on_key or leaf.raw == "" or flaw.code == "documents.missing_word"):
        at = walk(tree, path[:-1])[1].keys.get(str(path[-1]), at)  # the word itself: what stands behind it is no help
    right = nearest(flaw.word, flaw.known)
    facts = {"where": flaw.kind, "known": ", ".join(flaw.known[:40]) or "-", **flaw.facts}
    return Finding(file, *at, flaw.code, flaw.word, right, flaw.severity, facts)


# ------------------------------------------------------------------ one document after the other


class _Reader:
    def __init__(self, settings: SettingsTypes | None) -> None:
        self.settings = settings
        self.findings: list[Finding] = []
        self.places: dict[tuple[str, str], tuple[str, Tree]] = {}
        self.models: dict[tuple[str, str], BaseModel] = {}
        self.broken: set[tuple[str, str]] = set()

    def find(self, file: str, at: Mark, code: str, word: str = "", right: str = "", **facts: Any) -> None:
        severity: doc.Severity = facts.pop("severity", "error")
        self.findings.append(Finding(file, *at, code, word, right, severity, facts))

    def read(self, file: str, text: str) -> None:
        if not_text := encoding(file, text):
            self.findings.append(not_text)
        tree, wrong = (None, []) if not_text else parse(file, text)
        self.findings += wrong
        kind = self.kind(file, tree) if tree is not None else None
        if tree is None or kind is None:
            self.broken |= _guessed(file, text)
            return
        name = self.name(file, kind, tree)
        if (kind, name) in self.places:
            first = self.places[kind, name][0]
            at, free = (tree.child(kind) or tree).at, _free(name, kind, self.places)
            self.find(file, at, "documents.duplicate_name", name, free, first=first, kind=kind)
            return
        self.places[kind, name] = (file, tree)
        model, _, flaws = fit(tree, KINDS[kind], kind, name)
        if kind == "connection":
            model, more = settle(name, tree, model, self.settings)
            flaws += more
        if isinstance(model, Alerts):
            flaws += channels(tree, model)
        self.findings += [_placed(file, tree, flaw) for flaw in flaws]
        if model is None:
            self.broken.add((kind, name))
        else:
            self.models[kind, name] = model

    def kind(self, file: str, tree: Tree) -> str | None:
        """The document's kind by its first word; the folder must agree."""
        path = PurePosixPath(file)
        meant = next((k for k, folder in FOLDERS.items() if path.parts[0] == folder and len(path.parts) > 1), "")
        meant = meant or (path.stem if path.stem in KINDS else "")
        if not tree.words:
            self.find(file, tree.at, "documents.no_words", tree.raw or "", f"{meant or 'entity'}: ...")
            return None
        first = next(iter(tree.words))
        if first not in KINDS:
            later = next((word for word in tree.words if word in KINDS), "")
            known = meant or later or nearest(first, KINDS)
            self.find(file, tree.keys[first], "documents.first_word", first, known, known=", ".join(KINDS))
            return None
        right = doc.home(first, path.stem)
        fits = (path.parts[0] == FOLDERS[first] and len(path.parts) > 1) if first in FOLDERS else file in _homes(first)
        if not fits:
            self.find(file, tree.keys[first], "documents.folder", first, right)
        return first if fits else None

    def name(self, file: str, kind: str, tree: Tree) -> str:
        if kind not in FOLDERS:
            return kind
        leaf = tree.child(kind)
        name = leaf.raw if leaf is not None and leaf.raw is not None else ""
        stem = PurePosixPath(file).stem
        if leaf is not None and name and name != stem:
            right = doc.home(kind, name)
            self.find(file, leaf.at, "documents.file_name", name, right, stem=stem, severity="warning")
        return name

    def follows(self, flaw: Flaw) -> bool:
        """Is the flaw only a consequence of a document that is itself broken (and already told of)?"""
        if flaw.code == "documents.owner_silent":
            return any(kind == "mapping" for kind, _ in self.broken)
        what = flaw.code.removeprefix("documents.unknown_")
        if what == "place":
            return ("entity", flaw.word.partition(".")[0]) in self.broken
        if what == "scope":
            kind, _, name = flaw.word.partition(":")
            return (kind, name) in self.broken
        entity = getattr(self.models.get((flaw.kind, flaw.name)), "entity", "")
        return (what, flaw.word) in self.broken or (what == "field" and ("entity", entity) in self.broken)

    def project(self) -> Project:
        groups: dict[str, Any] = {group: {} for group in _GROUPS.values()}
        for (kind, name), model in self.models.items():
            if kind in _GROUPS:
                groups[_GROUPS[kind]][name] = model
            else:
                groups[kind] = model
        return Project(**groups)


def _guessed(file: str, text: str) -> set[tuple[str, str]]:
    """Which document an unreadable text was most likely meant to be."""
    path = PurePosixPath(file)
    kind = next((k for k, folder in FOLDERS.items() if folder == path.parts[0]), path.stem)
    return {(kind, path.stem), *_HEAD.findall(text)}


def _homes(kind: str) -> tuple[str, str]:
    return f"{kind}.yaml", f"{kind}.yml"


def _free(name: str, kind: str, taken: Mapping[tuple[str, str], Any]) -> str:
    return next(f"{name}_{n}" for n in range(2, 10_000) if (kind, f"{name}_{n}") not in taken)


def dump(
    project: Project, texts: Mapping[str, str] | None = None, settings: SettingsTypes | None = None
) -> dict[str, str]:
    """The documents of a project as texts by path.

    A document that `texts` already says, keeps its text and file byte for byte, comments included; one that means
    something else now is written anew in its file (its comments go); the others get their usual place.
    """
    told = load(texts or {}, settings)
    before = _documents(told.project)
    out = {}
    for place, model in _documents(project).items():
        file = told.places[place][0] if place in told.places else doc.home(*place)
        out[file] = told.texts[file] if before.get(place) == model else document(model)
    return out


def _documents(project: Project) -> dict[tuple[str, str], BaseModel]:
    found: dict[tuple[str, str], BaseModel] = {}
    for kind, group in _GROUPS.items():
        found |= {(kind, name): model for name, model in getattr(project, group).items()}
    for kind in sorted(KINDS.keys() - FOLDERS.keys()):  # there is at most one of these
        if (model := getattr(project, kind)) is not None:
            found[kind, kind] = model
    return found
