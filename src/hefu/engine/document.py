"""Documents have a life: status steps, fields that a status locks, and lines that must not be lost.

An illegal write is refused before the call, with the reason and the legal way; a line is never deleted by leaving
it out, whatever the target's default is.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal, InvalidOperation
from typing import Any

from hefu.core.errors import HubError, Rejected, Unanswered
from hefu.core.merge import by_key, line_order, project_lines
from hefu.core.project import EntityField
from hefu.core.records import REMOVED, Normal, Normals, Record, Value, Values, Written
from hefu.core.words import tell
from hefu.engine.fold import Batch
from hefu.engine.hub import Hub, Side
from hefu.store.golden import Golden, Link
from hefu.store.intents import Intent
from hefu.store.issues import Issue


def due_step(side: Side, link: Link, golden: Golden) -> str | None:
    """The first status step whose condition holds and that the system has not reached; a step done by hand counts."""
    if link.record_id is None or link.state != "active":
        return None
    for step in side.steps:
        if link.status in step.until:
            continue
        if step.due is None or step.due.holds(golden.fields):
            return step.action
    return None


def legal_from(side: Side, action: str) -> Sequence[str]:
    """States in which the system allows the step; ("*",) = any."""
    return side.can.actions.get(action, ())


def illegal(side: Side, link: Link, action: str) -> Rejected | None:
    """Why the step cannot be taken from where the document is, before any call."""
    states = legal_from(side, action)
    if "*" in states or link.status in states:
        return None
    return Rejected(
        "document.illegal_step",
        action=action,
        status=link.status or "?",
        legal=", ".join(states) or "-",
        object=side.mapping.object,
    )


def locked(side: Side, link: Link, debt: Mapping[str, Normal]) -> Rejected | None:
    """Why these fields cannot be written in the document's present status, and which steps would open it."""
    allowed = side.schema.locked.get(link.status or "")
    if allowed is None or link.record_id is None:
        return None
    shut = sorted(name for name in debt if side.sources.get(name, name) not in allowed)
    if not shut:
        return None
    route = sorted(a for a, states in side.can.actions.items() if link.status in states or "*" in states)
    return Rejected(
        "document.locked",
        field=shut[0],
        fields=", ".join(shut),
        status=link.status or "?",
        object=side.mapping.object,
        route=", ".join(route) or "-",
    )


# ------------------------------------------------------------------------- lines


def _amount(value: Normal) -> Decimal | None:
    try:
        return Decimal(value) if isinstance(value, str) else None
    except InvalidOperation:
        return None


def lawful_lines(batch: Batch, side: Side, link: Link, golden: Golden, debt: Normals) -> Normals:
    """The debt without what the lines' rules forbid (below the shipped quantity, away although shipped).

    Each forbidden change becomes an issue with the ways out, and holds only itself. Asked anew each time, so that a
    later edit, or more pieces shipped, change the answer.
    """
    out = dict(debt)
    for name in side.line_specs.keys() & debt.keys():
        doc = side.entity.fields[name]
        key, fields = side.line_specs[name]
        rows = by_key(out[name], key)
        seen = by_key(link.seen.get(name), key)
        told = by_key(link.told.get(name), key)
        for line, path, reason, kept in _forbidden(name, doc, rows, seen, told):
            rows[line] = kept
            _hold(batch, side, link, golden, path, reason)
        value = [rows[k] for k in sorted(rows, key=line_order)]
        if project_lines(value, key, fields) == project_lines(link.told.get(name), key, fields):
            del out[name]
        else:
            out[name] = value
    return out


def _forbidden(
    name: str,
    doc: EntityField,
    rows: Mapping[Normal, Normals],
    seen: Mapping[Normal, Normals],
    told: Mapping[Normal, Normals],
) -> list[tuple[Normal, str, dict[str, Any], Normals]]:
    """(line, path, facts, the line as it must stay) for each change that is not allowed."""
    out: list[tuple[Normal, str, dict[str, Any], Normals]] = []
    for line, held in seen.items():
        row = rows.get(line)
        if row is None:
            moving = _amount(held.get(doc.keep_while or "")) if doc.keep_while else None
            if line in told and moving is not None and moving > 0:
                facts = {"code": "document.line_in_use", "minimum": str(moving), "line": line}
                out.append((line, f"{name}[{line}]", facts, told[line]))
            continue
        for inner, inner_doc in doc.lines.items():
            floor = _amount(held.get(inner_doc.at_least or "")) if inner_doc.at_least else None
            wanted = _amount(row.get(inner))
            if floor is not None and wanted is not None and wanted < floor:
                kept = {**row, inner: told.get(line, held).get(inner, held.get(inner))}
                facts = {
                    "code": "document.below_floor",
                    "wanted": row.get(inner),
                    "minimum": held.get(inner_doc.at_least or ""),
                    "line": line,
                    "proposals": [f"{inner}={held.get(inner_doc.at_least or '')}", "return"],
                }
                out.append((line, f"{name}[{line}].{inner}", facts, kept))
    return out


def _hold(batch: Batch, side: Side, link: Link, golden: Golden, path: str, facts: dict[str, Any]) -> None:
    batch.issues.append(
        Issue("rejected", golden.entity, golden.id, link.id, side.mapping.connection, path,
              {**facts, "object": side.mapping.object, "record_id": link.record_id})
    )  # fmt: skip
    batch.held.add((link.id, path))
    batch.counts["refused"] += 1


def explain(batch: Batch, side: Side, link: Link, error: HubError | None) -> None:
    """Where the mapping names a field for it: why this system refused, in its own words; blank when it took it."""
    name = side.mapping.reason
    if name is None:
        return
    golden, words = batch.own(link.golden_id), error and _words(error)
    if golden.fields.get(name) != words:
        golden.fields = {**golden.fields, name: words}
        batch.touch(golden)
        batch.owe(golden.id, link.id)


def _words(error: HubError) -> str:
    said = [str(error.facts[name]) for name in ("message", "said") if error.facts.get(name) not in (None, "", "-")]
    return said[0] if said else tell(error, "zh")[0]


def line_writes(side: Side, link: Link, debt: Normals, spoken: Values, now: Record | None) -> Values:
    """The system values with lines as the object wants them: keyed ones as a difference, whole ones complete."""
    if link.record_id is None or not (side.line_specs.keys() & debt.keys()):
        return spoken
    out = dict(spoken)
    for name in side.line_specs.keys() & debt.keys():
        doc = side.line_maps[name]
        source = doc.source or name
        key = side.line_specs[name][0]
        system_key = next((m.source or m.field for m in doc.lines if m.field == key), key)
        told = by_key(link.told.get(name), key)
        fresh: list[Values] = list(out.get(source) or ())
        rows = list(zip(by_key(debt[name], key).items(), fresh, strict=False))
        gone = [line for line in told if line not in by_key(debt[name], key)]
        if side.can.lines == "whole":
            out[source] = _whole(now.values.get(source) if now else None, system_key, [s for _, s in rows], gone)
        else:
            changed = [s for (line, row), s in rows if not _same(row, told.get(line))]
            out[source] = [*changed, *({system_key: line, REMOVED: True} for line in gone)]
    return out


def lines_as_written(side: Side, link: Link, debt: Mapping[str, Normal], held: Mapping[str, Normal]) -> Normals:
    """For each lines field of a write: the lines as last seen, and those that we sent as the system holds them now.

    What the answer shows beyond that, a line that was added meanwhile or a field that the system works out itself, is
    news. Asked before the link is told what was written.
    """
    out: Normals = {}
    for name in side.line_specs.keys() & debt.keys() & held.keys():
        key = side.line_specs[name][0]
        now, told, rows = by_key(held[name], key), by_key(link.told.get(name), key), by_key(debt[name], key)
        image = {
            line: row for line, row in by_key(link.seen.get(name), key).items() if line in rows or line not in told
        }
        create = link.record_id is None or side.can.lines == "whole"
        for line, row in rows.items():
            if create or not _same(row, told.get(line)):
                shown = now.get(line, row)
                image[line] = {**image.get(line, {}), **{n: shown.get(n, v) for n, v in row.items()}}
        out[name] = [image[line] for line in sorted(image, key=line_order)]
    return out


def _same(row: Normals, told: Normals | None) -> bool:
    return told is not None and all(told.get(n) == v for n, v in row.items())


def _whole(present: Value, key: str, ours: Sequence[Values], gone: Sequence[Normal]) -> list[Values]:
    """Every line the system has now, with our fields over them, ours added, and the gone ones left out."""
    rows: dict[str, Values] = {str(row.get(key)): row for row in present or ()}
    for row in ours:
        rows[str(row.get(key))] = {**rows.get(str(row.get(key)), {}), **row}
    for line in gone:
        rows.pop(str(line), None)
    return list(rows.values())


# ------------------------------------------------------------------------- steps


def take_step(hub: Hub, side: Side, link: Link, intent: Intent) -> Written | HubError:
    """One status step, one call; a step that is not legal now is refused without a call."""
    action = intent.action or ""
    refused = illegal(side, link, action)
    if refused is not None:
        return refused
    line = hub.connect(side.mapping.connection)
    try:
        answer = line.call(side.mapping.object, action, link.record_id or "", {})
        if answer.values is None:
            found = line.fetch(side.mapping.object, [link.record_id or ""])
            if found:
                answer = answer._replace(values=found[0].values, version=found[0].version)
        return answer
    except HubError as error:
        return error
    except Exception as error:  # noqa: BLE001 - a connector's bug must not decide whether the step happened
        return Unanswered("connector.crashed", connection=side.mapping.connection, said=repr(error)[:300])


def after_step(side: Side, link: Link, intent: Intent, answer: Written) -> None:
    """The status as the system tells it; where it does not, the first one that the step leads to."""
    state = side.schema.state
    if answer.values is not None and state is not None and answer.values.get(state) is not None:
        link.status = str(answer.values[state])
        return
    step = next((s for s in side.steps if s.action == intent.action), None)
    if step is not None and step.until:
        link.status = step.until[0]


__all__ = [
    "after_step",
    "due_step",
    "explain",
    "illegal",
    "lawful_lines",
    "line_writes",
    "lines_as_written",
    "locked",
    "take_step",
]
