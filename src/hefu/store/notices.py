"""Notices: what alert rules found and whether it was told; the messages about it; what is silenced.

Only codes, names, numbers and links stand here, never a record's values: a message leaves the house.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from sqlalchemy import delete, func, or_, select

from hefu.store.db import Tx, from_json, to_json
from hefu.store.tables import dispatch, notice, silence

KEPT_DAYS = 30
"""How long what is over stays to be looked at."""

MOST_ITEMS = 50
"""Of one message; how many more there were is told."""

Item = Mapping[str, Any]


def living(tx: Tx) -> list[dict[str, Any]]:
    """Notices that are not over, oldest first, facts decoded."""
    rows = tx.run(select(notice).where(notice.c.state != "over").order_by(notice.c.id)).mappings()
    return [{**row, "facts": from_json(row["facts"])} for row in rows]


def last_told(tx: Tx, since: str) -> dict[tuple[str, str], str]:
    """(owner, cause) -> when it was last told, of all that were told after `since`."""
    statement = select(notice.c.owner, notice.c.cause, func.max(notice.c.told_at)).where(notice.c.told_at > since)
    rows = tx.run(statement.group_by(notice.c.owner, notice.c.cause))
    return {(owner, cause): at for owner, cause, at in rows}


def watch(tx: Tx, rule: str, cause: str, owner: str, facts: Mapping[str, Any], opened_at: str) -> str:
    """A new notice that is watched; its id."""
    new_id = tx.store.env.new_id()
    values = {"rule": rule, "cause": cause[:300], "owner": owner[:254], "facts": to_json(dict(facts))}
    tx.run(notice.insert().values(id=new_id, state="watching", opened_at=opened_at, **values))
    return new_id


def change(tx: Tx, notice_id: str, **values: Any) -> None:
    """New values of a notice; `facts` as they are, not as JSON."""
    if "facts" in values:
        values["facts"] = to_json(dict(values["facts"]))
    tx.run(notice.update().where(notice.c.id == notice_id).values(**values))


def forget(tx: Tx, notice_ids: Collection[str]) -> None:
    """They were watched, and never had to be told."""
    if notice_ids:
        tx.run(delete(notice).where(notice.c.id.in_(list(notice_ids)), notice.c.state == "watching"))


# ------------------------------------------------------------------ messages


def say(tx: Tx, recipient: str, items: Sequence[Item]) -> None:
    """Have this told; a message to the same recipient that is not under way takes it along."""
    mine = (dispatch.c.recipient == recipient, dispatch.c.state == "waiting")
    row = tx.run(select(dispatch.c.id, dispatch.c.told).where(*mine).order_by(dispatch.c.id).limit(1)).first()
    if row is not None:
        both = [*from_json(row[1]), *items]
        tx.run(dispatch.update().where(dispatch.c.id == row[0]).values(told=to_json(_short(both))))
        return
    tx.run(
        dispatch.insert().values(
            id=tx.store.env.new_id(), recipient=recipient, told=to_json(_short(list(items))), state="waiting",
            attempt=0, made_at=tx.now(), due_at=tx.now(),
        )
    )  # fmt: skip


def _short(items: list[Item]) -> list[Item]:
    """The first of them, with how many are left out."""
    out = [one for one in items if "more" not in one]
    more = sum(int(one.get("more", 0)) for one in items) + max(len(out) - MOST_ITEMS, 0)
    return [*out[:MOST_ITEMS], {"more": more}] if more else out


def is_due(tx: Tx) -> bool:
    """Whether there is a message to send now."""
    return tx.run(select(dispatch.c.id).where(*_due(tx)).limit(1)).first() is not None


def _due(tx: Tx) -> tuple[Any, ...]:
    return dispatch.c.state.in_(("waiting", "sending")), dispatch.c.due_at <= tx.now()


def take(tx: Tx, lease: float) -> dict[str, Any] | None:
    """The next message that is due, as ours for `lease` seconds; None if there is none or another took it."""
    row = tx.run(select(dispatch).where(*_due(tx)).order_by(dispatch.c.due_at).limit(1)).mappings().first()
    if row is None:
        return None
    still = (dispatch.c.id == row["id"], dispatch.c.due_at == row["due_at"], dispatch.c.state == row["state"])
    values = {"state": "sending", "due_at": tx.later(lease), "attempt": row["attempt"] + 1}
    if not tx.run(dispatch.update().where(*still).values(**values)).rowcount:
        return None
    return {**row, **values, "told": from_json(row["told"])}


def sent(tx: Tx, dispatch_id: str) -> None:
    """It was taken."""
    values = {"state": "sent", "ended_at": tx.now(), "error": None}
    tx.run(dispatch.update().where(dispatch.c.id == dispatch_id).values(**values))


def not_sent(tx: Tx, dispatch_id: str, error: Mapping[str, Any], again_after: float | None) -> None:
    """It was not taken; it is tried again in so many seconds, or not any more."""
    values: dict[str, Any] = {"error": to_json(dict(error))}
    if again_after is None:
        values |= {"state": "failed", "ended_at": tx.now()}
    else:
        values |= {"state": "waiting", "due_at": tx.later(again_after)}
    tx.run(dispatch.update().where(dispatch.c.id == dispatch_id).values(**values))


def unpacked(row: Mapping[str, Any]) -> dict[str, Any]:
    """A message's row with its JSON decoded."""
    return {**row, "told": from_json(row["told"]), "error": from_json(row["error"])}


def messages(tx: Tx, *, states: Sequence[str] = (), limit: int = 50) -> list[dict[str, Any]]:
    """Messages, newest first."""
    statement = select(dispatch).order_by(dispatch.c.id.desc()).limit(limit)
    if states:
        statement = statement.where(dispatch.c.state.in_(states))
    return [unpacked(row) for row in tx.run(statement).mappings()]


# ------------------------------------------------------------------ silence


def hush(tx: Tx, rule: str | None, until_at: str, author: str, reason: str) -> str:
    """Tell nobody of what this rule (None: any) finds, until then; its id."""
    new_id = tx.store.env.new_id()
    values = {"rule": rule, "from_at": tx.now(), "until_at": until_at, "author": author[:200], "reason": reason}
    tx.run(silence.insert().values(id=new_id, **values))
    return new_id


def unhush(tx: Tx, rule: str | None) -> int:
    """End what silences this rule (None: what silences all) now; how many there were."""
    same = silence.c.rule.is_(None) if rule is None else silence.c.rule == rule
    return int(tx.run(silence.update().where(same, silence.c.until_at > tx.now()).values(until_at=tx.now())).rowcount)


def hushed(tx: Tx) -> list[dict[str, Any]]:
    """What is silenced now."""
    rows = tx.run(select(silence).where(silence.c.until_at > tx.now()).order_by(silence.c.id)).mappings()
    return [dict(row) for row in rows]


def drop_old(tx: Tx) -> None:
    """Forget what has been over for long."""
    before = tx.later(-KEPT_DAYS * 86400)
    tx.run(delete(notice).where(notice.c.state == "over", notice.c.over_at < before))
    ended = or_(dispatch.c.state == "sent", dispatch.c.state == "failed")
    tx.run(delete(dispatch).where(ended, dispatch.c.ended_at < before))
    tx.run(delete(silence).where(silence.c.until_at < before))


__all__ = [
    "Item", "change", "drop_old", "forget", "hush", "hushed", "is_due", "last_told", "living", "messages", "not_sent",
    "say", "sent", "take", "unhush", "unpacked", "watch",
]  # fmt: skip
