"""A new version of a mapping writes a small group first; the rest follows once that was read back as told.

What a mapping sends is wrong in ways that golden values do not show: a phone that its expression blanks is whole in
golden. So the group is read again and compared, through the mapping, with what each record was told.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import timedelta
from typing import Any

from hefu.core.errors import HubError
from hefu.core.limits import emptied
from hefu.core.mapping import FILTERED
from hefu.core.merge import project_lines
from hefu.core.records import Normal, Normals, Record
from hefu.core.rewriting import rewritten
from hefu.engine import guard
from hefu.engine.hub import Hub, Run, Side
from hefu.store import canaries
from hefu.store.canaries import Trial
from hefu.store.db import instant

SAMPLES = 5


def on_trial(hub: Hub, sides: Sequence[Side]) -> dict[str, Trial]:
    """mapping -> its version, where that has not proven itself yet. A mapping's first version is for plan and apply."""
    with hub.store.look() as tx:
        known = canaries.known(tx, [side.name for side in sides])
    fresh = [side for side in sides if side.compiled.fingerprint not in known.get(side.name, {})]
    if fresh:
        with hub.store.begin() as tx:
            for side in fresh:
                size = side.flow.guard.canary if side.flow is not None else 0
                versions = known.setdefault(side.name, {})
                begun = canaries.begin(tx, side.name, side.compiled.fingerprint,
                                       "trial" if versions and size else "passed", size)  # fmt: skip
                versions[begun.fingerprint] = begun
    mine = {side.name: known[side.name][side.compiled.fingerprint] for side in sides}
    return {name: version for name, version in mine.items() if version.state != "passed"}


def approve(hub: Hub, sides: Iterable[Side], by: str) -> None:
    """A person has seen what these versions do."""
    with hub.store.begin() as tx:
        known = canaries.known(tx, [side.name for side in sides])
        for side in sides:
            mine = known.get(side.name, {}).get(side.compiled.fingerprint)
            if mine is None:
                canaries.begin(tx, side.name, side.compiled.fingerprint, "passed", 0)
            elif mine.state != "passed":
                canaries.decide(tx, mine, "passed", by)


def verdict(hub: Hub, side: Side, trial: Trial, run: Run) -> str:
    """Read the group again: "passed" (the rest may go), "failed" (the flow is paused), "waiting" or "trial" (not full).

    Of a record that somebody has changed since our write nothing is said. A group of which more than half was
    refused has failed, too.
    """
    with hub.store.look() as tx:
        now = canaries.known(tx, [side.name])[side.name][trial.fingerprint]
        group, at = canaries.group(tx, trial), tx.now()
    if now.state == "passed":
        return now.state
    if any(row["state"] in ("open", "unknown") for row in group):
        return "waiting"
    found = _read(hub, side, group, at)
    if found is None:
        return "waiting"
    wrong = _wrong(side, group, found)
    idle = [row for row in group if row["state"] in ("failed", "stale") and row["link_id"] not in wrong]
    full = len(group) - len(idle) >= now.size
    refused = sum(row["state"] == "refused" for row in group)
    if now.state == "failed" or wrong or (full and refused * 2 > len(group)):
        _fail(hub, side, now, group, list(wrong.values()), run)
        return "failed"
    with hub.store.begin() as tx:
        if full:
            canaries.decide(tx, now, "passed", "hub")
        elif now.taken >= now.size:  # places of what was surely not written, or of a worker that died before it wrote
            canaries.give_back(tx, now, now.size - len(group) + len(idle))
    return "passed" if full else "trial"


def _fail(
    hub: Hub, side: Side, trial: Trial, group: Sequence[Mapping[str, Any]], wrong: Sequence[Mapping[str, Any]], run: Run
) -> None:
    with hub.store.begin() as tx:
        canaries.decide(tx, trial, "failed", "hub")
    runs = sorted({row["run_id"] for row in group})
    fields: dict[str, int] = {}
    for one in wrong:
        for name in one["fields"]:
            fields[name] = fields.get(name, 0) + 1
    facts = {
        "mapping": side.name,
        "written": sum(row["state"] == "applied" for row in group),
        "wrong": len(wrong),
        "blanked": sum(one["blanked"] for one in wrong),
        "refused": sum(row["state"] == "refused" for row in group),
        "fields": fields,
        "names": ", ".join(fields) or "-",
        "samples": [dict(one) for one in wrong[:SAMPLES]],
        "run": runs[-1] if runs else run.id,
        "runs": runs,
        "undo": [f"hefu undo --run {one}" for one in runs],
        "project_version": run.version,
    }
    assert side.flow is not None  # only flows have a canary
    guard.stop(hub, f"flow:{side.flow.flow}", "guard.canary", facts)


def _read(hub: Hub, side: Side, group: Sequence[Mapping[str, Any]], at: str) -> dict[str, Record] | None:
    """The records of the group as they are now; None: look again later."""
    ids = [row["record_id"] for row in group if row["record_id"] is not None and row["state"] != "refused"]
    if not ids or not side.can.complete:  # what is passed on and not kept cannot be read back
        return {}
    try:
        found = {r.id: r for r in hub.connect(side.mapping.connection).fetch(side.mapping.object, ids)}
    except HubError as error:
        if error.code.startswith("store."):
            raise
        return None
    lag = timedelta(seconds=side.can.lag)
    for row in group:
        young = row["kind"] == "create" and instant(at) < instant(row["made_at"]) + lag
        if young and row["state"] == "applied" and row["record_id"] not in found:
            return None
    return found


def _wrong(side: Side, group: Sequence[Mapping[str, Any]], found: Mapping[str, Record]) -> dict[str, dict[str, Any]]:
    """Link id -> a record that does not hold what it was told. What is gone is for the handling of deletes."""
    out = {}
    for row in group:
        record = found.get(row["record_id"])
        looked_up = row["state"] == "failed" and row["error"] is None  # the answer was lost, then it was looked at
        if record is None or not (row["state"] == "applied" or looked_up):
            continue
        if looked_up:
            fields = {n: p for n, p in _differs(side, row, record).items() if p[1] != row["before"].get(n)}
        else:
            fields = {n: p for n, p in _differs(side, row, record).items() if _lost(*p) or not _touched(row, n, record)}
        if fields:
            out[row["link_id"]] = {
                "record_id": row["record_id"], "golden_id": row["golden_id"], "mapping": side.name,
                "before": {n: row["before"].get(n) for n in fields}, "fields": fields,
                "blanked": any(_lost(*pair) for pair in fields.values()),
            }  # fmt: skip
    return out


def _touched(row: Mapping[str, Any], name: str, record: Record) -> bool:
    """Whether somebody has typed over this field since our write."""
    known = row["version"] is not None and record.version is not None
    return bool((known and record.version != row["version"]) or row["told"].get(name) != row["fields"][name])


def _lost(sent: Normal, found: Normal) -> bool:
    """A value that is gone altogether is blamed on the mapping: people rarely empty what was just written."""
    return bool(list(emptied({"": found}, {"": sent})))


def _differs(side: Side, row: Mapping[str, Any], record: Record) -> dict[str, list[Normal]]:
    """Field -> [told, found] where they are not the same."""
    sent: Normals = row["fields"] or {}
    held = side.compiled.inward([record.values])[0]
    if held is FILTERED:
        return {}
    if isinstance(held, HubError):
        return {name: [value, f"? {held.code}"] for name, value in sent.items()}
    theirs = side.their_fields(sent)
    return {
        name: [value, held[name]]
        for name, value in sent.items()
        if name in held and not _holds(side, name, value, held[name], theirs[name])
    }


def _holds(side: Side, name: str, sent: Normal, found: Normal, field: Any) -> bool:
    """Whether the system holds what it was told; references, which it writes as its own ids, aside."""
    if (name,) in side.compiled.references:
        return True
    if name not in side.line_specs:
        return rewritten(sent, found, field)
    key, fields = side.line_specs[name]
    plain = frozenset(f for f in fields if (name, f) not in side.compiled.references)
    return project_lines(found, key, plain) == project_lines(sent, key, plain)


def reserve(hub: Hub, trial: Trial, wanted: int) -> int:
    """How many records of the group this worker may write now."""
    with hub.store.begin() as tx:
        return canaries.take(tx, trial, wanted)


def unused(hub: Hub, trial: Trial, count: int) -> None:
    """Of what was reserved, this much was not written."""
    if count > 0:
        with hub.store.begin() as tx:
            canaries.give_back(tx, trial, count)


__all__ = ["approve", "on_trial", "reserve", "unused", "verdict"]
