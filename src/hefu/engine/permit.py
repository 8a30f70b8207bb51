"""What an approved plan allows a delivery to write: these records, with these values, from this picture.

`deliver` asks while it holds the records: what it would write now, and what the system was last seen to hold, must be
what was agreed to. Whatever differs is not written and is listed with both.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar

from hefu.core.records import Field, Normal, Normals
from hefu.core.rewriting import rewritten
from hefu.store import golden as goldens
from hefu.store import plans, shards
from hefu.store.db import Tx
from hefu.store.golden import Golden, Link
from hefu.store.intents import Intent
from hefu.store.plans import PlanEntry

RESTORE = "restore"
"""The `action` of a write that puts back what a system held, although the agreed value is another."""

MOVING = "moving"
"""In the note of a planned entry: fields that earlier entries of the plan move, nobody knows where to."""

UNKNOWN = "record"
"""A reference to what nobody knew when the plan was made: {"record": [connection, object, organisation, id]}."""


def resolved(tx: Tx, values: Any) -> Any:
    """These values with each reference to a record that was unknown then as the one-ID that it has by now."""
    wanted: dict[tuple[str, str], set[tuple[str, str]]] = {}
    for connection, obj, organisation, record_id in _unknown(values):
        wanted.setdefault((connection, obj), set()).add((organisation, record_id))
    known: dict[tuple[str, ...], str] = {}
    for (connection, obj), keys in wanted.items():
        for key, link in goldens.links_by_record(tx, connection, obj, keys, lock=False).items():
            known[connection, obj, *key] = link.golden_id
    return _put(values, known) if wanted else values


def _unknown(values: Any) -> Iterator[tuple[str, str, str, str]]:
    if isinstance(values, dict):
        if values.keys() == {UNKNOWN}:
            yield tuple(values[UNKNOWN])
            return
        values = values.values()
    for value in values:
        if isinstance(value, dict | list):
            yield from _unknown(value)


def _put(values: Any, known: Mapping[tuple[str, ...], str]) -> Any:
    if isinstance(values, dict):
        if values.keys() == {UNKNOWN}:
            return known.get(tuple(values[UNKNOWN]), values)
        return {name: _put(value, known) for name, value in values.items()}
    if isinstance(values, list):
        return [_put(value, known) for value in values]
    return values


def never_taken(docs: Mapping[str, Field | None], link: Link, back: Normals) -> Normals:
    """Of the values that were put back, those of fields in which the system never held what it was told.

    What a wrong mapping spoilt on the way is owed again; what had arrived and was taken back is not. `docs`: the
    system's fields.
    """
    return {n: v for n, v in back.items() if not rewritten(link.told.get(n), link.seen.get(n), docs[n])}


@dataclass
class Grant:
    """What a plan says about the links of one transaction."""

    tx: Tx
    entries: Mapping[str, list[PlanEntry]]
    turned: list[tuple[str, Any, str]] = field(default_factory=list)
    granted: dict[str, PlanEntry] = field(default_factory=dict)

    def back(self, link: Link, illegal: Callable[[str], object] = lambda _: None) -> PlanEntry | None:
        """The entry that puts this link's record back to what it was, or takes it away; with an `action`, by that step.

        A step that is `illegal` where the document stands by now is listed with that, and left out.
        """
        for entry in self._planned(link):
            if entry.kind == RESTORE and entry.action and illegal(entry.action):
                self._refuse(entry, {"step": [entry.action, link.status]})
            elif entry.kind in (RESTORE, "remove"):
                return entry
        return None

    def _planned(self, link: Link) -> Iterator[PlanEntry]:
        return (e for e in self.entries.get(link.id, ()) if e.state == "planned")

    def allows(self, link: Link, golden: Golden, kind: str, debt: Normals, action: str | None = None) -> bool:
        """Whether this very write was agreed to; if not, its entry is marked with what was found instead."""
        back = self.back(link)
        kind = kind if back is None else back.kind
        entry = next((e for e in self._planned(link) if e.kind == kind and e.action == action), None)
        if entry is None:
            other = next(self._planned(link), None)
            if other is not None:
                self._refuse(other, {name: [None, value] for name, value in debt.items()})
            return False
        found = self._differs(entry, link, golden, debt)
        if found:
            self._refuse(entry, found)
            return False
        self.granted[link.id] = entry
        return True

    def _refuse(self, entry: PlanEntry, found: Mapping[str, Any]) -> None:
        self.turned.append(("changed", {"found": dict(found)}, entry.id))
        entry.state = "changed"

    def _differs(self, entry: PlanEntry, link: Link, golden: Golden, debt: Normals) -> dict[str, list[Normal]]:
        """field -> [agreed to, found], of what would be written and of what the system holds."""
        if entry.golden_id not in (None, link.golden_id):
            return {"id": [entry.golden_id, link.golden_id]}
        if entry.kind == "action" or entry.action:
            return {}
        moving = set(entry.note.get(MOVING, ())) if isinstance(entry.note, dict) else set()
        if entry.kind in (RESTORE, "remove"):  # nobody may have moved it since, here or elsewhere
            out = {
                n: [link.told.get(n), golden.fields.get(n)]
                for n in entry.fields
                if golden.fields.get(n) != link.told.get(n) or n in golden.disputed
            }
        else:
            wanted = resolved(self.tx, entry.after)
            names = ({**wanted, **debt}.keys() if wanted != debt else set()) - moving
            out = {n: [wanted.get(n), debt.get(n)] for n in names if wanted.get(n) != debt.get(n)}
        if entry.seen is not None:
            seen = resolved(self.tx, entry.seen)
            ours = self._ours(link) | moving if seen != link.seen else ()
            out |= {
                n: [seen.get(n), link.seen.get(n)]
                for n in ({**seen, **link.seen} if seen != link.seen else ())
                if n not in ours and seen.get(n) != link.seen.get(n)
            }
        return out

    def _ours(self, link: Link) -> set[str]:
        """Fields that an earlier entry of the plan has written there already."""
        return {n for e in self.entries.get(link.id, ()) if e.state == "written" for n in e.fields}

    def opened(self, intents: Iterable[Intent]) -> None:
        """These writes are about to be made: remembered in the transaction that records them."""
        rows = []
        for intent in intents:
            entry = self.granted[intent.link_id]
            if entry.kind == RESTORE and intent.kind != "action":
                intent.action = RESTORE
            rows.append((intent.id, entry.id))
        plans.writing(self.tx, rows)
        plans.turned(self.tx, self.turned)


@dataclass(frozen=True)
class Permit:
    """A delivery may write what the plan lists, and only as it lists it.

    `stopped_too`: also of flows that stand still, since what stops a flow stops it from doing more than was agreed to.
    """

    plan_id: str
    stopped_too: ClassVar[bool] = True

    def due(
        self, tx: Tx, mapping: str, claimed: Sequence[int], limit: int, *, now: str | None = None, **more: bool
    ) -> list[tuple[str, str]]:
        """(link id, golden id) of what the plan still wants to be written."""
        return plans.due_links(tx, self.plan_id, mapping, claimed, limit, now or tx.now())

    def over(self, tx: Tx, link_ids: Iterable[str]) -> Grant | None:
        """What the plan says about these links; None: nothing is asked."""
        return Grant(tx, plans.of_links(tx, self.plan_id, link_ids))


@dataclass(frozen=True)
class Beyond(Permit):
    """What follows from a plan that was carried out: anything but the records that it refused."""

    stopped_too: ClassVar[bool] = False

    def due(
        self, tx: Tx, mapping: str, claimed: Sequence[int], limit: int, *, now: str | None = None, **more: bool
    ) -> list[tuple[str, str]]:
        """(link id, golden id) of due work that the plan did not refuse."""
        shut = plans.refused_links(tx, self.plan_id)
        found = shards.due_links(tx, mapping, claimed, limit + len(shut), now=now, **more)
        return [pair for pair in found if pair[0] not in shut][:limit]

    def over(self, tx: Tx, link_ids: Iterable[str]) -> Grant | None:
        """Nothing is asked."""
        return None
