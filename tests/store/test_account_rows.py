"""Accounts, sessions, tokens, links, roles and counters of failures as rows, on both databases."""

from __future__ import annotations

import threading

import pytest

from hefu.core.errors import Rejected, Transient
from hefu.core.rights import Hold, Scope
from hefu.store import accounts, holdings, sessions, throttle
from hefu.store.db import Store


def test_an_account_with_all_that_hangs_on_it(store: Store) -> None:
    with store.begin() as tx:
        li = accounts.add(tx, "Li", "root", email="li@example.cn")
        with pytest.raises(Rejected):
            accounts.add(tx, "li", "root")
        opened = sessions.open_session(tx, li, "password", "10.0.0.1", "Firefox")
        made, secret = sessions.make_token(tx, li, "nightly", ["record.see"], 3600)
        ticket, _ = sessions.make_ticket(tx, li, 60)
        scope = Scope(frozenset({"east"}), frozenset({"sales"}))
        one = holdings.add(tx, li, "steward", "root", scope=scope)
        asked = holdings.add(tx, li, "operator", "root", asked=True)
        holdings.add(tx, li, "auditor", "root", until_at=tx.later(-1))
    with store.begin() as tx:
        found = sessions.find_session(tx, opened.token)
        assert found is not None
        assert found[1]["login"] == "li"
        by_token = sessions.find_token(tx, secret)
        assert by_token is not None
        assert by_token[0]["scopes"] == ["record.see"]
        assert sessions.use_ticket(tx, ticket) == li
        assert sessions.use_ticket(tx, ticket) is None
        assert holdings.held_by(tx, li) == (Hold("steward", scope),)
        holdings.approve(tx, asked, "han")
        assert len(holdings.held_by(tx, li)) == 2
        holdings.end(tx, one, "han")
        assert [h.role for h in holdings.held_by(tx, li)] == ["operator"]
        assert [t["live"] for t in sessions.tokens_of(tx, li)] == [True]
        sessions.revoke_token(tx, made, "root")
        assert sessions.find_token(tx, secret) is None
        assert accounts.take_step(tx, li, 100)
        assert not accounts.take_step(tx, li, 100)
        assert not accounts.take_step(tx, li, 99)
        accounts.switch(tx, li, on=False)
        assert sessions.sessions_of(tx) == []
        sessions.sweep(tx)
        throttle.sweep(tx)


def test_guesses_at_the_same_moment_are_counted_one_by_one(store: Store) -> None:
    looked_at = []

    def guess() -> None:
        try:
            throttle.begin(store, "li", "203.0.113.5")
        except Transient:
            return
        looked_at.append(1)

    threads = [threading.Thread(target=guess) for _ in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(looked_at) == throttle.PAIR.free
    with store.begin() as tx:
        throttle.succeeded(tx, "li", "203.0.113.5")
    throttle.begin(store, "li", "203.0.113.5")
