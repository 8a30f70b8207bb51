"""Requests of people about their data, for the command line and the API: what is held, and its erasure as a plan."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from hefu.app.jobs import Desk
from hefu.core.errors import HubError, Unsupported
from hefu.core.sight import Sight
from hefu.engine.erasing import plan_erasure
from hefu.engine.hub import Hub
from hefu.insight.dossier import dossier
from hefu.store import erasures, journal
from hefu.store.db import Tx
from hefu.store.erasures import Proof
from hefu.store.golden import Link, links_of
from hefu.store.retention import retain


def held(
    hub: Hub, golden_ids: Sequence[str], who: str, sight_of: Callable[[Tx], Callable[[str], Sight]]
) -> dict[str, Any]:
    """Everything about these records: both systems asked now, and all of the hub. The look is audited."""

    with hub.store.begin() as tx:
        journal.record(tx, hub.journal_key, who, "privacy.exported", ", ".join(golden_ids)[:300], None)
    with hub.store.look() as tx:
        links = [x for listed in links_of(tx, golden_ids, lock=False).values() for x in listed]
    now = {x.id: _now(hub, x) for x in links if x.record_id is not None}
    with hub.store.look() as tx:
        return dossier(tx, hub.project, golden_ids, sight_of(tx), now)


def _now(hub: Hub, link: Link) -> tuple[dict[str, Any] | None, str | None]:
    """The record as its system holds it, or the code of what is in the way."""
    try:
        found = hub.connect(link.connection).fetch(link.object, [link.record_id or ""])
    except HubError as error:
        return None, error.code
    return (dict(found[0].values), None) if found else (None, "record.gone")


def make_erasure(desk: Desk) -> dict[str, Any]:
    """The plan that erases a person, for a job."""
    asked = desk.given
    draft = plan_erasure(
        desk.hub, asked["records"], desk.who, asked["reason"], how=asked["how"], classes=asked["classes"],
        more=asked["fields"],
    )  # fmt: skip
    return {
        "plan": draft.plan.id,
        "writes": draft.plan.writes,
        "left": [
            {"connection": e.connection, "object": e.object, "record_id": e.record_id, "fields": sorted(e.fields)}
            for e in draft.left
        ],
        "elsewhere": [{"one_id": i, "entity": entity} for i, entity in draft.also],
    }


def retain_now(desk: Desk) -> dict[str, Any]:
    """The retention rules, for a job."""
    rules = desk.hub.project.privacy
    if rules is None:
        raise Unsupported("privacy.no_rule")
    return dict(retain(desk.app.store, desk.app.journal_key, rules.privacy, desk.who))


def proof_of(tx: Tx, key: bytes, erasure_id: str) -> tuple[Proof, bool]:
    """A proof, and whether it is as this hub wrote it. Raises Unsupported "privacy.no_erasure"."""
    found = erasures.get(tx, erasure_id)
    if found is None:
        raise Unsupported("privacy.no_erasure", id=erasure_id)
    return found, erasures.whole(key, found)


def lift(hub: Hub, erasure_id: str, who: str, reason: str) -> int:
    """What that erasure keeps out may come again, since the person asked for it; returns how many marks it were."""
    with hub.store.begin() as tx:
        proof_of(tx, hub.journal_key, erasure_id)
        lifted = erasures.lift(tx, erasure_id)
        journal.record(tx, hub.journal_key, who, "privacy.lifted", erasure_id, {"marks": lifted, "reason": reason})
    return lifted


__all__ = ["held", "lift", "make_erasure", "proof_of", "retain_now"]
