"""The two differences that drive everything: what a system's people changed, and what the system has yet to learn.

`merge` folds a record as a system now holds it into the golden record, field by field (sync.md, section 2); `debt`
says which golden values a system must still be told. Both compare normal forms, so `==` is the typed equality.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

from hefu.core.records import Normal, Normals


class _Nothing:
    """The value of a field that was never known: equal to nothing, not even to a blank."""

    def __repr__(self) -> str:
        return "NOTHING"

    def __bool__(self) -> bool:
        return False


NOTHING: Final[Any] = _Nothing()


class Conflict(NamedTuple):
    """Two sides moved one field, or one moved what it does not own.

    `base` is what the system was last told, `ours` the golden value, `theirs` what the system now holds.
    `field` is "phone", or "lines[10].quantity" for a field of the line with key 10.
    """

    field: str
    base: Normal
    ours: Normal
    theirs: Normal


@dataclass(frozen=True, slots=True)
class Rules:
    """What merging must know of an entity: owners and how lines are keyed. Line fields are named "lines.quantity".

    `owners`: field -> connection. `report`: fields whose foreign edits are reported, not taken back.
    `line_keys`: lines field -> the field that identifies a line.
    """

    owners: Mapping[str, str] = field(default_factory=dict)
    report: frozenset[str] = frozenset()
    line_keys: Mapping[str, str] = field(default_factory=dict)


@dataclass(slots=True)
class Merge:
    """What follows from one record.

    golden: the new golden values.  told: what the system has now taken part in.  taken: fields golden took from it.
    conflicts: both moved; nothing is decided yet.  overruled: edits of fields that another system owns.
    """

    golden: Normals
    told: Normals
    taken: list[str]
    conflicts: list[Conflict]
    overruled: list[Conflict]


def merge(
    seen: Mapping[str, Normal],
    told: Mapping[str, Normal],
    golden: Mapping[str, Normal],
    theirs: Mapping[str, Normal],
    system: str,
    rules: Rules,
) -> Merge | None:
    """Fold `theirs` (the fields that `system` can be read for) into `golden`; None if its people changed nothing."""
    if theirs == seen:
        return None
    out = Merge(dict(golden), dict(told), [], [], [])
    owners, line_keys = rules.owners, rules.line_keys
    for name, now in theirs.items():
        before = seen.get(name, NOTHING)
        if now == before:
            continue
        if name in line_keys:
            _merge_lines(out, name, line_keys[name], before, now, system, rules)
            continue
        ours, news = golden.get(name, NOTHING), told.get(name, NOTHING)
        if now == ours:  # agreed: it takes part in the golden value
            out.told[name] = now
        elif now == news or (now is None and before is NOTHING):  # taken back, or a newcomer's blank
            continue
        else:
            _decide(out, name, Conflict(name, news, ours, now), owners.get(name), system, name in rules.report)
    return out


def _decide(out: Merge, name: str, clash: Conflict, owner: str | None, system: str, report: bool) -> None:
    """Rules 1 to 4 for a field that its system moved."""
    _, base, ours, theirs = clash
    if owner == system or ours is NOTHING or (ours is None and base is NOTHING) or (owner is None and ours == base):
        out.golden[name] = out.told[name] = theirs
        out.taken.append(name)
    elif owner is None:
        out.conflicts.append(clash)
    else:
        out.overruled.append(clash)
        if not report:
            out.told.pop(name, None)  # so golden is owed to it again


def by_key(lines: object, key: str) -> dict[Normal, Normals]:
    """Lines as a dict by their key; lines without one cannot be told apart and are left out."""
    rows: Sequence[Normals] = lines if isinstance(lines, list) else ()
    return {row[key]: row for row in rows if row.get(key) is not None}


def _merge_lines(out: Merge, name: str, key: str, before: Normal, now: Normal, system: str, rules: Rules) -> None:
    """The same rules line by line: a line added, removed or edited by this system, whatever the others did."""
    seen, theirs = by_key(before, key), by_key(now, key)
    golden, told = by_key(out.golden.get(name), key), by_key(out.told.get(name), key)
    if before is NOTHING and rules.owners.get(name) == system:
        # Its owner's first word says which lines there are: those of others, under keys of theirs, would double them.
        strange = [line for line in golden if line not in theirs and line not in told]
        out.taken += [f"{name}[{line}]" for line in strange]
        golden = {line: row for line, row in golden.items() if line not in strange}
    for line in {**seen, **theirs}:
        label = f"{name}[{line}]"
        if line not in theirs:
            _line_removed(out, label, golden, told, line, system, rules.owners.get(name))
        elif theirs[line] == seen.get(line):
            continue
        elif line not in golden:
            _line_unknown(out, label, line, theirs[line], golden, told, system, rules.owners.get(name))
        else:
            _line_changed(out, name, label, line, key, seen, theirs, golden, told, system, rules)
    out.golden[name] = [golden[line] for line in sorted(golden, key=line_order)]
    out.told[name] = [told[line] for line in sorted(told, key=line_order)]


def line_order(key: Normal) -> tuple[int, str]:
    """Lines in the order of their keys, "2" before "10"."""
    text = str(key)
    return (len(text), text) if text.isdigit() else (1 << 30, text)


def _line_removed(
    out: Merge,
    label: str,
    golden: dict[Normal, Normals],
    told: dict[Normal, Normals],
    line: Normal,
    system: str,
    owner: str | None,
) -> None:
    ours, news = golden.get(line), told.pop(line, None)
    if ours is None:
        return
    known = {name: value for name, value in ours.items() if news and name in news}
    if owner in (None, system) and (known == news or owner == system):
        del golden[line]
        out.taken.append(label)
    elif owner in (None, system):
        out.conflicts.append(Conflict(label, news, ours, None))
    else:
        out.overruled.append(Conflict(label, news, ours, None))


def _line_unknown(
    out: Merge,
    label: str,
    line: Normal,
    theirs: Normals,
    golden: dict[Normal, Normals],
    told: dict[Normal, Normals],
    system: str,
    owner: str | None,
) -> None:
    """A line that golden does not have: a new one, or one that others removed while this system edited it."""
    clash = Conflict(label, told.get(line, NOTHING), None, theirs)
    if owner == system or (owner is None and line not in told):
        golden[line] = told[line] = dict(theirs)
        out.taken.append(label)
    elif owner is None:
        out.conflicts.append(clash)
    else:
        out.overruled.append(clash)
        told[line] = dict(theirs)  # so its removal is owed


def _line_changed(
    out: Merge,
    name: str,
    label: str,
    line: Normal,
    key: str,
    seen: dict[Normal, Normals],
    theirs: dict[Normal, Normals],
    golden: dict[Normal, Normals],
    told: dict[Normal, Normals],
    system: str,
    rules: Rules,
) -> None:
    inner = Rules(
        owners={f.split(".", 1)[1]: who for f, who in rules.owners.items() if f.startswith(name + ".")},
        report=frozenset(f.split(".", 1)[1] for f in rules.report if f.startswith(name + ".")),
    )
    part = merge(seen.get(line, {}), told.get(line, {}), golden.get(line, {}), theirs[line], system, inner)
    if part is None:
        return
    golden[line], told[line] = part.golden, {**part.told, key: line}
    out.taken += [f"{label}.{f}" for f in part.taken]
    out.conflicts += [c._replace(field=f"{label}.{c.field}") for c in part.conflicts]
    out.overruled += [c._replace(field=f"{label}.{c.field}") for c in part.overruled]


def project_lines(lines: Normal, key: str, fields: Collection[str]) -> list[Normals]:
    """Only these fields of each line (and its key), in the order of the keys: what one system can hold."""
    kept = by_key(lines, key)
    return [
        {name: value for name, value in kept[line].items() if name in fields or name == key}
        for line in sorted(kept, key=line_order)
    ]


def debt(
    told: Mapping[str, Normal],
    golden: Mapping[str, Normal],
    writes: Collection[str],
    held: Collection[str] = (),
    lines: Mapping[str, tuple[str, Collection[str]]] | None = None,
) -> Normals:
    """The golden values that a system has yet to learn, within the fields it may be written (`writes`).

    `held` fields wait for a person. `lines`: lines field -> (line key, writable line fields).
    """
    out: Normals = {}
    for name in writes:
        if name in held or name not in golden:
            continue
        value = golden[name]
        if lines and name in lines:
            key, fields = lines[name]
            value = project_lines(value, key, fields)
            if value != project_lines(told.get(name), key, fields):
                out[name] = value
        elif value != told.get(name, NOTHING):
            out[name] = value
    return out


def settle_lines(golden: Mapping[str, Normal], path: str, value: Normal, keys: Mapping[str, str]) -> Normals:
    """Golden with `value` at a conflict's path, which may lie inside a line."""
    out = dict(golden)
    if "[" not in path:
        out[path] = value
        return out
    name, rest = path.split("[", 1)
    line, _, inner = rest.partition("]")
    key = keys[name]
    rows = by_key(out.get(name), key)
    found = next((k for k in rows if str(k) == line), line)
    if inner.startswith("."):
        rows[found] = {**rows.get(found, {key: found}), inner[1:]: value}
    elif value is None:
        rows.pop(found, None)
    else:
        rows[found] = value
    out[name] = [rows[k] for k in sorted(rows, key=line_order)]
    return out
