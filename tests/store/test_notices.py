"""Notices, messages and silences as they are kept, in either database."""

from __future__ import annotations

from hefu.store import notices
from hefu.store.db import Store


def test_a_message_is_taken_by_one_and_tried_again(store: Store) -> None:
    item = {"what": "raised", "on": "paused", "cause": "paused:flow:f", "count": 1}
    with store.begin() as tx:
        notices.say(tx, "it", [item])
        notices.say(tx, "it", [item])
    with store.begin() as tx:
        first = notices.take(tx, 60)
        assert first is not None
        assert (len(first["told"]), first["attempt"]) == (2, 1)
        assert notices.take(tx, 60) is None
        notices.not_sent(tx, first["id"], {"code": "alert.status", "facts": {}}, 0.0)
    with store.begin() as tx:
        again = notices.take(tx, 60)
        assert again is not None
        assert (again["id"], again["attempt"]) == (first["id"], 2)
        notices.sent(tx, again["id"])
        assert not notices.is_due(tx)
        assert [row["state"] for row in notices.messages(tx, states=["sent"])] == ["sent"]


def test_notices_remember_when_their_owner_heard_last(store: Store) -> None:
    with store.begin() as tx:
        one = notices.watch(tx, "r", "paused:flow:f", "it", {"count": 1}, tx.now())
        other = notices.watch(tx, "r", "late:f", "it", {"count": 1}, tx.now())
        notices.change(tx, one, state="told", told_at=tx.now(), facts={"count": 2})
        notices.forget(tx, [one, other])
        assert [(row["id"], row["facts"]) for row in notices.living(tx)] == [(one, {"count": 2})]
        assert set(notices.last_told(tx, tx.later(-60))) == {("it", "paused:flow:f")}
        assert notices.last_told(tx, tx.later(60)) == {}
        notices.change(tx, one, state="over", over_at=tx.later(-40 * 86400))
        notices.drop_old(tx)
        assert notices.last_told(tx, tx.later(-60)) == {}


def test_silence_ends_by_itself_or_by_somebody(store: Store) -> None:
    with store.begin() as tx:
        notices.hush(tx, "r", tx.later(60), "li", "")
        notices.hush(tx, None, tx.later(60), "li", "the move")
        notices.hush(tx, "s", tx.later(-1), "li", "")
        assert [row["rule"] for row in notices.hushed(tx)] == ["r", None]
        assert (notices.unhush(tx, None), notices.unhush(tx, "s")) == (1, 0)
    with store.look() as tx:
        assert [row["rule"] for row in notices.hushed(tx)] == ["r"]
