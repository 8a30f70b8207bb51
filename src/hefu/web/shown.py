"""What of the hub's records this caller may see: every answer that holds values goes through here."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from sqlalchemy import ColumnElement, false

from hefu.core.errors import Missing
from hefu.core.rights import EVERYWHERE, Place, Rights
from hefu.core.sight import Sight
from hefu.store.db import Tx
from hefu.store.golden import Golden, load_golden
from hefu.store.places import places_of, within


def visible(tx: Tx, rights: Rights, right: str, golden_id: Any) -> list[ColumnElement[bool]]:
    """Conditions under which rows about an object may be listed; rows about no object only for who sees all."""
    scopes = rights.scopes(right)
    if scopes == (EVERYWHERE,):
        return []
    return [within(tx, scopes, golden_id)] if scopes else [false()]


def everywhere(rights: Rights, right: str) -> bool:
    """Whether it is held without limits."""
    return rights.scopes(right) == (EVERYWHERE,)


class Seen:
    """Objects with their places and how their values are shown, loaded once for a page."""

    def __init__(self, tx: Tx, rights: Rights, golden_ids: Iterable[str | None], *, unmask: bool = False) -> None:
        ids = {one for one in golden_ids if one}
        self.rights = rights
        self.unmask = unmask
        self.golden: dict[str, Golden] = load_golden(tx, ids, lock=False)
        self.places: dict[str, Place] = places_of(tx, ids)

    def sight(self, golden_id: str | None) -> Sight:
        """How values of this object are shown; of none: what holds for all."""
        place = self.places.get(golden_id or "")
        return self.rights.sight() if place is None else self.rights.sight(place, unmask=self.unmask)

    def values(self, golden_id: str) -> Mapping[str, Any]:
        """Its agreed values as this caller sees them."""
        one = self.golden[golden_id]
        return self.sight(golden_id).values(one.entity, one.fields)

    def title(self, golden_id: str | None) -> str:
        """What people call it; of values that are seen only."""
        one = self.golden.get(golden_id or "")
        if one is None:
            return ""
        shown = self.sight(golden_id).values(one.entity, one.fields)
        return next((str(shown[name]) for name in _TITLES if shown.get(name)), "")

    def facts(self, row: Mapping[str, Any]) -> dict[str, Any]:
        """Facts of an issue, an error, a plan entry about an object."""
        one = self.golden.get(row.get("golden_id") or "")
        entity = row.get("entity") or (one.entity if one else "")
        sight = self.sight(row.get("golden_id"))
        return sight.facts(entity or "", row["facts"], one.fields if one else None, field=row.get("field") or "")


_TITLES = ("name", "number", "code", "title")


def require_record(tx: Tx, rights: Rights, right: str, golden_id: str) -> Seen:
    """The object, if this caller has this right over it. Raises Missing: what is not seen is not there."""
    seen = Seen(tx, rights, [golden_id])
    if golden_id not in seen.golden or not rights.may("record.see", seen.places.get(golden_id, Place())):
        raise Missing("web.unknown", kind="record", id=golden_id)
    rights.require(right, seen.places[golden_id])
    return seen


__all__ = ["Seen", "everywhere", "require_record", "visible"]
