"""What rules find is told once, in time, to whom it concerns, and told to be over."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from hefu.core.alerts import Alert, Alerts, Channel
from hefu.core.env import Env
from hefu.core.project import Connection, Flow, Mapping, Project
from hefu.insight.notices import turn
from hefu.store import golden, issues, journal, migrate, notices, runs
from hefu.store.db import Store
from hefu.store.golden import Link
from hefu.store.issues import Issue


class Clock(Env):
    """A clock that is moved by hand."""

    def __init__(self) -> None:
        super().__init__()
        self.at = datetime(2026, 11, 22, 8, tzinfo=UTC)

    def now(self) -> datetime:
        return self.at

    def pass_by(self, **span: float) -> None:
        self.at += timedelta(**span)


@pytest.fixture
def env() -> Clock:
    return Clock()


@pytest.fixture
def store(env: Clock, tmp_path: Any) -> Iterator[Store]:
    made = Store(f"sqlite:///{tmp_path}/hub.sqlite", env, durable=False)
    migrate.upgrade(made)
    yield made
    made.close()


def project(channels: dict[str, Channel] | None = None, **rules: Alert) -> Project:
    mapping = Mapping.model_validate(
        {"mapping": "crm_customer", "connection": "crm", "object": "c", "entity": "customer", "fields": []}
    )
    return Project(
        connections={"crm": Connection(connection="crm", connector="memory")},
        mappings={"crm_customer": mapping},
        flows={"customers": Flow(flow="customers", mappings=["crm_customer"])},
        alerts=Alerts(alerts=rules, channels=channels or {}),
    )


def conflicts(store: Store, count: int, begin: int = 0) -> None:
    with store.begin() as tx:
        issues.raise_issues(
            tx, [Issue("conflict", "customer", f"g{n}", None, "crm", "phone", {"ours": "13912345678"})
                 for n in range(begin, begin + count)]
        )  # fmt: skip


def settle(store: Store) -> None:
    with store.begin() as tx:
        issues.close_issues(tx, "li", "ours", kinds=("conflict",))


def said(store: Store) -> list[tuple[str, list[tuple[str, str, int]]]]:
    """What was written down for whom, oldest first; it counts as sent then."""
    with store.begin() as tx:
        out = []
        while (row := notices.take(tx, 60)) is not None:
            out.append((row["recipient"], [(i["what"], i["on"], i["count"]) for i in row["told"]]))
            notices.sent(tx, row["id"])
    return out


def test_a_conflict_is_told_after_its_time_once_and_told_to_be_over(store: Store, env: Clock) -> None:
    rules = project(c=Alert(on="conflict", after=timedelta(minutes=10), to=["group"]))
    conflicts(store, 2)
    turn(store, rules)
    assert said(store) == []
    env.pass_by(minutes=10, seconds=1)
    turn(store, rules)
    assert said(store) == [("group", [("raised", "conflict", 2)])]
    conflicts(store, 3, begin=2)
    for _ in range(5):
        env.pass_by(hours=2)
        turn(store, rules)
    assert said(store) == [], "it is the same cause, and nobody asked to be told again"
    settle(store)
    turn(store, rules)
    assert said(store) == [], "perhaps it comes back at once"
    env.pass_by(seconds=61)
    turn(store, rules)
    assert said(store) == [("group", [("over", "conflict", 5)])]
    env.pass_by(days=1)
    assert turn(store, rules) == 0
    with store.look() as tx:
        assert notices.living(tx) == []


def test_one_owner_hears_of_one_cause_once_an_hour_however_often_it_comes_back(store: Store, env: Clock) -> None:
    rules = project(
        a=Alert(on="conflict", owner="sales", to=["group", "li@example.com"]),
        b=Alert(on="conflict", owner="sales", to=["group"], connections=["crm"]),
        c=Alert(on="conflict", to=["other"]),
    )
    heard: dict[str, int] = {}
    rounds = 40
    for _ in range(rounds):  # it comes and goes every three minutes
        conflicts(store, 1)
        turn(store, rules)
        settle(store)
        turn(store, rules)
        env.pass_by(seconds=70)
        turn(store, rules)
        env.pass_by(seconds=110)
        for recipient, items in said(store):
            heard[recipient] = heard.get(recipient, 0) + sum(what == "raised" for what, _, _ in items)
    hours = rounds * 180 / 3600
    assert set(heard) == {"group", "li@example.com", "other"}
    assert all(1 < count <= hours + 1 for count in heard.values()), heard


def test_it_is_told_again_where_asked_and_not_while_silenced(store: Store, env: Clock) -> None:
    rules = project(c=Alert(on="conflict", to=["group"], again=timedelta(hours=4)))
    conflicts(store, 1)
    with store.begin() as tx:
        notices.hush(tx, "c", tx.later(3600), "li", "the season")
    turn(store, rules)
    assert said(store) == []
    env.pass_by(hours=1, seconds=1)
    turn(store, rules)
    assert said(store) == [("group", [("raised", "conflict", 1)])]
    env.pass_by(hours=3)
    turn(store, rules)
    assert said(store) == []
    env.pass_by(hours=1)
    turn(store, rules)
    assert said(store) == [("group", [("again", "conflict", 1)])]


def test_many_causes_are_one_message(store: Store, env: Clock) -> None:
    rules = project(p=Alert(on="paused", to=["it"]), many=Alert(on="rejected", at_least=2, to=["it"]))
    with store.begin() as tx:
        runs.pause_scope(tx, "flow:customers", "guard.deletes", {"limit": 1})
        facts = {"code": "kingdee.rejected", "facts": {"said": "13912345678"}}
        rows = [Issue("rejected", "customer", f"g{n}", None, "crm", "", facts) for n in range(3)]
        issues.raise_issues(tx, [*rows, Issue("rejected", "customer", "g9", None, "crm", "", {"code": "rest.other"})])
    turn(store, rules)
    assert said(store) == [("it", [("raised", "paused", 1), ("raised", "rejected", 3)])]
    with store.look() as tx:
        assert "13912345678" not in str(notices.messages(tx)), "values of records stay in the house"


def test_a_connection_that_comes_and_goes_is_one_event(store: Store, env: Clock) -> None:
    rules = project(down=Alert(on="connection", to=["it"]))
    for _ in range(20):  # it is tried every ten seconds and fails
        with store.begin() as tx:
            runs.pause_scope(tx, "connection:crm", "net.unreachable", {}, tx.later(10))
        turn(store, rules)
        env.pass_by(seconds=11)
        with store.begin() as tx:
            runs.resume_scope(tx, "connection:crm")
        turn(store, rules)
    assert said(store) == [("it", [("raised", "connection", 1)])]
    env.pass_by(seconds=61)
    turn(store, rules)
    assert said(store) == [("it", [("over", "connection", 1)])]


def test_what_a_person_stopped_is_not_down(store: Store, env: Clock) -> None:
    rules = project(down=Alert(on="connection", to=["it"]), p=Alert(on="paused", to=["it"], connections=["crm"]))
    with store.begin() as tx:
        runs.pause_scope(tx, "connection:crm", "pause.person", {"by": "li"})
        runs.pause_scope(tx, "connection:erp", "pause.person", {"by": "li"})
    env.pass_by(hours=1)
    turn(store, rules)
    assert said(store) == [("it", [("raised", "paused", 1)])]


def test_late_flows_failed_runs_old_backups_and_differences(store: Store, env: Clock) -> None:
    rules = project(
        late=Alert(on="late", to=["it"]), failed=Alert(on="failed", at_least=2, to=["it"]),
        backup=Alert(on="backup", to=["it"]),
    )  # fmt: skip
    with store.begin() as tx:
        journal.record(tx, b"k", "li", journal.BACKUP_VERIFIED, "x", {"made_at": tx.now()})
        owed = Link("l1", "crm_customer", "crm", "c", "", None, "g1", "wanted", due_at=tx.now())
        golden.add_links(tx, [owed])
        for _ in range(2):
            runs.end_run(tx, runs.start_run(tx, "cycle", "customers", 1), "failed", {}, "net.no_answer")
    turn(store, rules)
    assert said(store) == [("it", [("raised", "failed", 2)])]
    env.pass_by(minutes=15)
    turn(store, rules)
    assert said(store) == [("it", [("raised", "late", 1)])]
    env.pass_by(hours=27)
    turn(store, rules)
    assert said(store) == [("it", [("raised", "backup", 1)])], "what is gone may still come back"
    env.pass_by(seconds=61)
    turn(store, rules)
    assert said(store) == [("it", [("over", "failed", 2)])]


def test_without_rules_or_news_nothing_is_written(store: Store, env: Clock) -> None:
    assert turn(store, Project()) == 0
    rules = project(c=Alert(on="conflict"))
    conflicts(store, 1)
    turn(store, rules)
    assert said(store) == [], "it is listed, and told to nobody"
    with store.look() as tx:
        [row] = notices.living(tx)
    assert (row["state"], row["facts"]["link"][:10]) == ("told", "/conflicts")
    turn(store, project())
    env.pass_by(seconds=61)
    turn(store, project())
    with store.look() as tx:
        assert notices.living(tx) == [], "a rule that is gone leaves nothing behind"


def test_a_message_that_waits_takes_the_next_along_and_stays_short(store: Store, env: Clock) -> None:
    with store.begin() as tx:
        for n in range(120):
            notices.say(tx, "it", [{"what": "raised", "on": "paused", "cause": str(n), "count": 1}])
        row = notices.take(tx, 60)
        assert row is not None
        assert (len(row["told"]), row["told"][-1]) == (notices.MOST_ITEMS + 1, {"more": 70})
        assert notices.take(tx, 60) is None, "it is under way"
        notices.say(tx, "it", [{"what": "raised", "on": "paused", "cause": "x", "count": 1}])
        assert notices.take(tx, 60) is not None
    env.pass_by(seconds=61)
    with store.begin() as tx:
        again = notices.take(tx, 60)
    assert again is not None
    assert again["attempt"] == 2, "whoever had it died"
