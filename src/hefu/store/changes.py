"""What differs between two sets of documents: by document, by field in plain words, and as text."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal, NamedTuple

from hefu.core.documents import FOLDERS, KINDS
from hefu.store.tree import Tree, parse

_HEAD = re.compile(rf"^\ufeff?({'|'.join(KINDS)}):[ \t]*[\"']?([\w-]*)", re.MULTILINE)
_NAMED_BY = ("field", "use", "title")
"""Words that tell one item of a list from the others."""


class FieldChange(NamedTuple):
    """One value that differs; None where a side has none. `path` reads like 'fields[phone].clear'."""

    path: str
    before: str | None
    after: str | None


@dataclass(frozen=True, slots=True)
class DocumentChange:
    """One document that differs. `state` "worded": only comments, order or layout; "moved": only its file."""

    kind: str
    name: str
    state: Literal["added", "removed", "changed", "worded", "moved"]
    file: str
    fields: tuple[FieldChange, ...]
    text: str
    """Unified diff."""


def diff(before: Mapping[str, str], after: Mapping[str, str]) -> list[DocumentChange]:
    """What differs, by kind and name, so that a renamed file is not a new document. Wrong documents compare as text."""
    old, new = _documents(before), _documents(after)
    found = []
    for kind, name in sorted({*old, *new}):
        a, b = old.get((kind, name)), new.get((kind, name))
        if a is None or b is None or (a.file, a.text) != (b.file, b.text):
            found.append(_change(kind, name, a, b))
    return found


class _Document(NamedTuple):
    file: str
    text: str
    values: dict[str, str]


def _documents(texts: Mapping[str, str]) -> dict[tuple[str, str], _Document]:
    found: dict[tuple[str, str], _Document] = {}
    for file in sorted(texts):
        tree, wrong = parse(file, texts[file])
        values = dict(_values(tree, "")) if tree is not None and not wrong else {}
        head = _HEAD.search(texts[file])  # readable even where the rest is not
        kind = head[1] if head else ""
        key = (kind, head[2] if kind in FOLDERS else kind) if head else ("", file)
        found[key if key not in found else ("", file)] = _Document(file, texts[file], values)
    return found


def _change(kind: str, name: str, a: _Document | None, b: _Document | None) -> DocumentChange:
    was, now = a.values if a else {}, b.values if b else {}
    fields = tuple(
        FieldChange(path, was.get(path), now.get(path))
        for path in dict.fromkeys([*was, *now])
        if was.get(path) != now.get(path)
    )
    state: Literal["added", "removed", "changed", "worded", "moved"] = "changed"
    if a is None or b is None:
        state = "added" if a is None else "removed"
    elif a.text == b.text:
        state = "moved"
    elif not fields and was and now:
        state = "worded"
    file = b.file if b else a.file if a else ""
    return DocumentChange(kind, name, state, file, fields, _unified(a, b))


def _unified(a: _Document | None, b: _Document | None) -> str:
    """Like `diff -u`, whatever the line ends."""
    was, now = (d.text.splitlines(keepends=True) if d else [] for d in (a, b))
    names = (f"a/{a.file}" if a else "/dev/null", f"b/{b.file}" if b else "/dev/null")
    lines = difflib.unified_diff(was, now, *names)
    return "".join(line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n" for line in lines)


def _values(tree: Tree, path: str) -> Iterator[tuple[str, str]]:
    """Every value by its path. Lists of maps go by name where the items have one; other lists are one value."""
    if tree.words:
        for word, below in tree.words.items():
            yield from _values(below, f"{path}.{word}" if path else word)
    elif tree.items and any(item.words for item in tree.items):
        taken: set[str] = set()
        for at, item in enumerate(tree.items):
            label = next((c.raw for w in _NAMED_BY if (c := item.child(w)) is not None and c.raw), str(at))
            label = label if label not in taken else f"{label}#{at}"
            taken.add(label)
            yield from _values(item, f"{path}[{label}]")
    else:
        yield path, _flat(tree)


def _flat(tree: Tree) -> str:
    if tree.items is not None:
        return "[" + ", ".join(map(_flat, tree.items)) + "]"
    return tree.raw if tree.raw is not None else "{}"
