"""What is older than it is kept goes; what is open or younger stays; the audit log says so and stays whole."""

from __future__ import annotations

import pytest
from sqlalchemy import func, select

from hefu.core.project import Keep
from hefu.store import intents, issues, journal, runs
from hefu.store import jobs as jobs_
from hefu.store.db import Store
from hefu.store.intents import Intent
from hefu.store.issues import Issue
from hefu.store.retention import retain
from hefu.store.tables import intent, issue, job, metadata, plan, plan_entry, run

OLD, NEW = "2020-01-01T00:00:00.000000Z", "2999-01-01T00:00:00.000000Z"
ALL = Keep(deliveries=30, images=30, runs=30, plans=30, cases=30, jobs=30)
CANARY = "13912345678"


def row(number: str, state: str = "applied", kind: str = "update") -> Intent:
    return Intent(number, "l", kind, state, {"phone": CANARY}, {"phone": CANARY}, None, 1, OLD)


def count(store: Store, table: str) -> int:
    with store.look() as tx:
        return int(tx.run(select(func.count()).select_from(metadata.tables[table])).scalar() or 0)


@pytest.fixture
def full(store: Store) -> Store:
    with store.begin() as tx:
        intents.open_intents(tx, [row("old"), row("new"), row("open", "open"), row("unknown", "unknown")], "r", 1)
        writes = [[i.id, i.kind, "1", "applied", intents.digest(i)] for i in (row("old"), row("new"))]
        journal.record(tx, b"k", "w", "written", "crm/customer", {"writes": writes})
        for number, settled in (("old", OLD), ("new", NEW)):
            error = f'{{"code":"x.y","facts":{{"said":"{CANARY}"}}}}'
            tx.run(intent.update().where(intent.c.id == number).values(settled_at=settled, error=error))
        for field, state, closed in (("old", "closed", OLD), ("new", "closed", NEW), ("open", "open", None)):
            issues.raise_issues(tx, [Issue("rejected", "c", None, None, "crm", field, {"values": {"phone": CANARY}})])
            tx.run(issue.update().where(issue.c.field == field).values(state=state, closed_at=closed))
        old, going = runs.start_run(tx, "cycle", "f", 1), runs.start_run(tx, "cycle", "f", 1)
        tx.run(run.update().where(run.c.id == old).values(state="done", ended_at=OLD))
        assert going
        for state, ended in (("applied", OLD), ("applying", None)):
            head = {c.name: "" for c in plan.columns} | {"id": state, "kind": "sync", "state": state, "complete": 0}
            tx.run(plan.insert().values(**head | {"project_version": 1, "writes": 1, "ended_at": ended}))
            tx.run(plan_entry.insert().values(
                id=state, plan_id=state, seq=0, entity="c", kind="update", organisation="", title="", state="written",
                fields="{}", seen=f'{{"phone":"{CANARY}"}}'))  # fmt: skip
        for state in ("done", "running"):
            made = jobs_.ask(tx, "flow.run", "li", {"flow": CANARY})
            tx.run(job.update().where(job.c.id == made).values(state=state, ended_at=OLD))
    return store


def test_only_what_is_old_and_ended_goes(full: Store) -> None:
    counts = retain(full, b"k", ALL, "hub")
    assert counts == {"deliveries": 1, "images": 2, "runs": 1, "plans": 1, "cases": 1, "jobs": 1}
    with full.look() as tx:
        kept = {i: (fields, before, error) for i, fields, before, error in tx.run(
            select(intent.c.id, intent.c.fields, intent.c.before, intent.c.error))}  # fmt: skip
    assert kept["old"] == ("{}", None, '{"code":"x.y","facts":{}}')
    for number in ("new", "open", "unknown"):
        assert CANARY in kept[number][0]
        assert CANARY in kept[number][1]
    assert [count(full, t) for t in ("issue", "run", "plan", "plan_entry", "job")] == [2, 1, 2, 1, 1]
    assert retain(full, b"k", ALL, "hub") == {}, "done is done"


def test_the_audit_log_knows_what_was_taken_out_and_still_finds_the_rest(full: Store) -> None:
    retain(full, b"k", ALL, "hub")
    with full.look() as tx:
        assert (journal.verify(tx, b"k"), journal.altered_write(tx)) == (None, None)
    with full.begin() as tx:
        tx.run(intent.update().where(intent.c.id == "new").values(fields="{}"))
    with full.look() as tx:
        assert journal.altered_write(tx) == "new"


def test_what_is_not_said_is_kept(full: Store) -> None:
    assert retain(full, b"k", Keep(), "hub") == {}
    assert retain(full, b"k", Keep(jobs=30), "hub") == {"jobs": 1}
    assert count(full, "run") == 2
