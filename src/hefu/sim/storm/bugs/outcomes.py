"""Bugs about writes whose answer never came, and about records that come back."""

from __future__ import annotations

from typing import Any

from hefu.engine import admit, identity, outcome, settle
from hefu.sim.storm.bugs import Swap, bug
from hefu.store import intents


@bug(40, seed=29)
def a_create_is_made_again_at_once(swap: Swap) -> None:
    """An unanswered create is repeated without a look."""
    real = settle.failed

    def careless(batch: Any, side: Any, link: Any, intent: Any, error: Any, debt: Any, version: int) -> None:
        real(batch, side, link, intent, error, debt, version)
        if link.waits == "outcome" and intent.kind == "create":
            intents.settle(batch.tx, intent.id, "failed")
            link.waits, link.state, link.due_at = None, "wanted", batch.tx.now()

    swap(settle, "failed", careless)


@bug(40)
def an_unanswered_write_counts_as_done(swap: Swap) -> None:
    """Whatever nobody answered is taken for applied."""
    swap(outcome, "_happened", lambda *_: True)


@bug(100, seed=4)
def what_is_found_counts_as_sent(swap: Swap) -> None:
    """After a lost answer, whatever the record holds is taken for our own writing."""

    def careless(sent: Any, found: Any, _fields: Any) -> Any:
        return {name: found.get(name, value) for name, value in sent.items()}

    for room in (admit, settle, outcome):
        swap(room, "own_writing", careless)


@bug(200, seed=6)
def a_strangers_record_counts_as_ours(swap: Swap) -> None:
    """A record found by its key is taken for our create, although somebody made it by hand."""
    swap(admit, "rewritten", lambda *_: True)


@bug(100)
def the_search_is_believed_at_once(swap: Swap) -> None:
    """What a search does not show yet is not there, so it is created again."""
    real = outcome._created

    def careless(hub: Any, side: Any, link: Any, intent: Any, *rest: Any) -> None:
        intent.made_at = "2000-01-01T00:00:00.000000Z"
        real(hub, side, link, intent, *rest)

    swap(outcome, "_created", careless)


@bug(100, seed=2)
def our_create_is_not_recognised(swap: Swap) -> None:
    """A record of ours that is read before its answer came is somebody else's."""
    swap(identity, "_own_creates", lambda *_: {})
    real = identity._place

    def careless(*args: Any) -> Any:
        return real(*args)._replace(link=None)

    swap(identity, "_place", careless)


@bug(100, seed=9)
def twins_are_joined(swap: Swap) -> None:
    """A second record of one object takes the place of the first."""
    real = identity._place

    def careless(*args: Any) -> Any:
        return real(*args)._replace(twin=False)

    swap(identity, "_place", careless)
