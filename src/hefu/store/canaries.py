"""Which versions of a mapping have proven themselves, and how much one that is on trial may still write."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from sqlalchemy import case, select, update

from hefu.store.db import Tx, from_json
from hefu.store.tables import canary, intent, link

_COLUMNS = ("mapping", "fingerprint", "state", "since_at", "since_id", "size", "taken")


class Trial(NamedTuple):
    """One version of a mapping: "trial", "passed" or "failed". `taken` of `size` records were written so far."""

    mapping: str
    fingerprint: str
    state: str
    since_at: str
    since_id: str
    size: int
    taken: int

    @property
    def ready(self) -> bool:
        """Nothing more may be written before a verdict."""
        return self.state == "failed" or self.taken >= self.size


def known(tx: Tx, mappings: Iterable[str]) -> dict[str, dict[str, Trial]]:
    """mapping -> fingerprint -> version, for all that were ever used."""
    out: dict[str, dict[str, Trial]] = {}
    for row in tx.pick(canary, _COLUMNS, "mapping", set(mappings)):
        out.setdefault(row[0], {})[row[1]] = Trial(*row)
    return out


def begin(tx: Tx, mapping: str, fingerprint: str, state: str, size: int) -> Trial:
    """Note a version that was not used before; if another worker was faster, its row stands."""
    row = (mapping, fingerprint, state, tx.now(), tx.store.env.new_id(), size, 0)
    tx.insert(canary, _COLUMNS, [row], skip_existing=True)
    return known(tx, [mapping])[mapping][fingerprint]


def take(tx: Tx, trial: Trial, wanted: int) -> int:
    """Reserve up to `wanted` records of the group for this worker; how many it got (0 once decided)."""
    mine = (canary.c.mapping == trial.mapping, canary.c.fingerprint == trial.fingerprint)
    held = select(canary.c.size, canary.c.taken, canary.c.state).where(*mine)
    row = tx.run(held.with_for_update() if tx.postgresql else held).one()
    granted = min(wanted, row.size - row.taken) if row.state == "trial" else 0
    if granted > 0:
        tx.run(update(canary).where(*mine).values(taken=canary.c.taken + granted))
    return max(granted, 0)


def give_back(tx: Tx, trial: Trial, unused: int) -> None:
    """Of what was taken, this much was not needed."""
    mine = (canary.c.mapping == trial.mapping, canary.c.fingerprint == trial.fingerprint)
    left = case((canary.c.taken > unused, canary.c.taken - unused), else_=0)
    tx.run(update(canary).where(*mine).values(taken=left))


def decide(tx: Tx, trial: Trial, state: str, by: str) -> bool:
    """The verdict about a version; False if it was the same before."""
    mine = (canary.c.mapping == trial.mapping, canary.c.fingerprint == trial.fingerprint, canary.c.state != state)
    return bool(tx.run(update(canary).where(*mine).values(state=state, decided_at=tx.now(), decided_by=by)).rowcount)


def group(tx: Tx, trial: Trial) -> list[Mapping[str, Any]]:
    """The last write of each record of the group, oldest first: intent, link and what was sent, decoded."""
    statement = (
        select(
            intent.c.id, intent.c.link_id, intent.c.kind, intent.c.state, intent.c.fields, intent.c.before,
            intent.c.made_at, intent.c.run_id, link.c.golden_id, link.c.record_id, link.c.version,
            link.c.told, intent.c.error,
        )
        .join(link, link.c.id == intent.c.link_id)
        .where(intent.c.id > trial.since_id, link.c.mapping == trial.mapping)
        .where(intent.c.kind.in_(("create", "update")))
        .order_by(intent.c.id)
    )  # fmt: skip
    last = {row["link_id"]: row for row in tx.run(statement).mappings()}
    return [
        {**row, "fields": from_json(row["fields"] or row["told"]), "before": from_json(row["before"]) or {},
         "told": from_json(row["told"])}
        for row in last.values()
    ]  # fmt: skip
