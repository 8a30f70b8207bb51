"""Cutovers: a whole one rehearsed and carried out, a no-go, a switch-back that loses nothing."""

from __future__ import annotations

from typing import Any

import pytest
from moving import Move

from hefu.core.errors import Unsupported
from hefu.core.project import Cutover
from hefu.engine import cutover, worker
from hefu.store import journal, runs

RUNBOOK: dict[str, Any] = {
    "cutover": "go_live",
    "flows": ["customers"],
    "threshold": 80,
    "steps": [
        {
            "step": "freeze", "owner": "Li", "lasts": "10m", "do": {"pause": "flow:customers"}, "weight": 1,
            "check": {"kind": "paused", "of": ["flow:customers"]},
            "back": {"do": {"resume": "flow:customers"}, "check": {"kind": "running", "of": ["flow:customers"]}},
        },
        {
            "step": "move", "owner": "Li", "lasts": "1h", "do": {"migrate": ["old-customer", "new-customer"]},
            "check": {"kind": "migrated", "of": ["new-customer"]}, "weight": 3, "must": True,
        },
        {"step": "agree", "owner": "Wu", "check": {"kind": "reconciled"}, "weight": 3},
        {"step": "calm", "owner": "Wu", "check": {"kind": "issues"}, "weight": 1},
        {"step": "train", "owner": "Zhao", "weight": 2},
        {
            "step": "open", "owner": "Li", "after_go": True, "do": {"resume": "flow:customers"},
            "check": {"kind": "running", "of": ["flow:customers"]},
            "back": {"do": {"pause": "flow:customers"}, "check": {"kind": "paused", "of": ["flow:customers"]}},
        },
        {"step": "tell", "owner": "Zhao", "after_go": True, "back": {"title": {"en": "Tell everybody to go back"}}},
    ],
}  # fmt: skip


def made(url: str = "sqlite://", *, old_create: bool = True, **more: Any) -> Move:
    runbook = Cutover.model_validate({**RUNBOOK, **more})
    return Move(url=url, enabled=True, old_create=old_create, cutovers=(runbook,))


def states(move: Move, mode: str = "real", way: str = "there") -> dict[str, str]:
    found = cutover.standing(move.hub, mode, ended=True)
    return {s.name: s.state for s in found.steps if s.way == way}


def take(move: Move, name: str, *how: Any, work: Any = None, mode: str = "real", who: str = "li") -> str:
    return cutover.take(move.hub, work or move.hub, mode, name, who, *how).state


def until_the_decision(move: Move, **how: Any) -> None:
    for name in ("freeze", "move", "agree", "calm"):
        assert take(move, name, **how) == "passed", name
    assert (
        cutover.take(move.hub, how.get("work") or move.hub, how.get("mode", "real"), "train", "zhao").state == "running"
    )
    assert take(move, "train", "done", "all 12 came", **{**how, "who": "zhao"}) == "passed"


def test_a_whole_cutover(store_url: str):
    move = made(store_url)
    move.customers(30)
    cutover.start(move.hub, "go_live", "real", "li")
    until_the_decision(move)
    found = cutover.decide(move.hub, "real", "chen", go=True)
    assert (found.score.points, found.score.go, found.due) == (100, True, ["open"])
    assert take(move, "open") == "passed"
    assert take(move, "tell", "done") == "passed"
    assert cutover.standing(move.hub, "real", ended=True).started.state == "done"
    assert move.codes("new") == move.codes("old")
    with move.store.look() as tx:
        said = [
            (r["action"], r["actor"]) for r in reversed(journal.recent(tx, 100)) if r["action"].startswith("cutover")
        ]
        assert journal.verify(tx, b"k") is None
        assert runs.paused(tx) == {}
    assert said[0] == ("cutover.started", "li")
    assert ("cutover.go", "chen") in said
    assert ("cutover.step", "zhao") in said
    assert said[-1] == ("cutover.done", "li")
    move.store.close()


def test_what_was_typed_in_the_new_system_comes_back_to_the_old_one(store_url: str):
    move = made(store_url)
    olds = dict(zip(move.customers(12), range(12), strict=True))
    cutover.start(move.hub, "go_live", "real", "li")
    until_the_decision(move)
    cutover.decide(move.hub, "real", "chen", go=True)
    take(move, "open")
    take(move, "tell", "done")
    by_code = {r["code"]: i for i, r in move.new.all("customer").items()}
    move.env.sleep(3600)
    move.new.edit("customer", by_code["C0003"], {"phone": "typed after"}, who="wang")
    move.new.create("customer", {"code": "N1", "name": "born after"}, who="wang")
    old = next(i for i, n in olds.items() if n == 5)
    move.old.edit("customer", old, {"address": "somebody still used the old one"}, who="late")

    found = cutover.switch_back(move.hub, "real", "chen", "invoices are wrong")
    assert [s.name for s in found.steps if s.way == "back"] == [cutover.MERGE, "tell", "open", "freeze"]
    assert found.due == [cutover.MERGE]
    with pytest.raises(Unsupported, match=r"cutover\.not_due"):
        take(move, "tell", "done")
    assert take(move, cutover.MERGE) == "passed"
    olds_now = {r["code"]: r for r in move.old.all("customer").values()}
    assert olds_now["C0003"]["phone"] == "typed after"
    assert olds_now["N1"]["name"] == "born after"
    news_now = {r["code"]: r for r in move.new.all("customer").values()}
    assert news_now["C0005"]["address"] == "somebody still used the old one"
    assert take(move, "tell", "done") == "passed"
    assert take(move, "open") == "passed"
    assert take(move, "freeze") == "passed"
    assert cutover.standing(move.hub, "real", ended=True).started.state == "switched_back"
    with move.store.look() as tx:
        assert "cutover.switched_back" in [r["action"] for r in journal.recent(tx, 10)]
    move.store.close()


def test_a_no_go_is_kept_with_its_score_and_can_be_taken_again_or_taken_back():
    move = made(old_create=False)
    move.customers(5)
    move.new.create("customer", {"code": "X", "name": "only there"})
    move.env.sleep(300)
    cutover.start(move.hub, "go_live", "real", "li")
    take(move, "freeze")
    with pytest.raises(Unsupported, match=r"cutover\.missing"):
        cutover.decide(move.hub, "real", "chen", go=True)
    found = cutover.decide(move.hub, "real", "chen", go=False)
    assert (found.started.state, found.score.points, found.score.missing) == ("no_go", 10, ("move",))
    assert take(move, "move") == "passed"
    assert take(move, "agree") == "failed", "the customer that only the new system has"
    assert take(move, "agree", "skip", "one test customer") == "skipped"
    assert take(move, "calm") == "passed"
    take(move, "train", "done")
    with pytest.raises(Unsupported, match=r"cutover\.against"):
        cutover.decide(move.hub, "real", "chen", go=True)
    found = cutover.decide(move.hub, "real", "chen", go=True, reason="it is one test customer")
    assert found.started.decision["points"] == 70
    assert found.started.decision["reason"] == "it is one test customer"


def test_after_a_no_go_the_way_back_needs_no_merging():
    move = made()
    move.customers(5)
    cutover.start(move.hub, "go_live", "real", "li")
    take(move, "freeze")
    take(move, "move")
    cutover.decide(move.hub, "real", "chen", go=False, reason="not enough time")
    found = cutover.switch_back(move.hub, "real", "chen", "not enough time")
    assert found.due == ["freeze"]
    assert take(move, "freeze") == "passed"
    assert cutover.standing(move.hub, "real", ended=True).started.state == "switched_back"
    with move.store.look() as tx:
        assert runs.paused(tx) == {}


def test_a_rehearsal_leaves_the_real_systems_and_records_alone():
    real, sandbox = made(), made(old_create=False)
    real.customers(8)
    sandbox.customers(8)
    sandbox.new.create("customer", {"code": "X", "name": "only there"})
    sandbox.env.sleep(300)
    before = real.old.log[:], real.new.log[:]
    cutover.start(real.hub, "go_live", "rehearsal", "li")
    how = {"work": sandbox.hub, "mode": "rehearsal"}
    take(real, "freeze", **how)
    take(real, "move", **how)
    assert take(real, "agree", **how) == "failed"
    found = cutover.decide(real.hub, "rehearsal", "chen", go=False)
    assert not found.score.go
    cutover.switch_back(real.hub, "rehearsal", "chen", "as rehearsed")
    assert take(real, "freeze", **how) == "passed"
    assert cutover.standing(real.hub, "rehearsal", ended=True).started.state == "switched_back"
    assert (real.old.log, real.new.log) == before
    assert sandbox.codes("new")[:8] == sandbox.codes("old")
    with real.store.look() as tx:
        assert runs.paused(tx) == {}
        assert {r["actor"] for r in journal.recent(tx) if r["action"] != "written"} == {"li", "chen"}
    cutover.start(real.hub, "go_live", "real", "li")  # a rehearsal is no obstacle


def test_a_failed_step_holds_what_stands_behind_it_until_it_passes():
    move = made()
    (customer,) = move.customers(1)
    move.old.edit("customer", customer, {"code": ""})
    nameless = move.old.create("customer", {"code": "D", "name": "a"})
    move.old.create("customer", {"code": "D", "name": "b"})
    cutover.start(move.hub, "go_live", "real", "li")
    take(move, "freeze")
    assert take(move, "move") == "failed", "two records share a code"
    with pytest.raises(Unsupported, match=r"cutover\.not_due"):
        take(move, "agree")
    move.old.edit("customer", nameless, {"code": "E"})
    move.env.sleep(10)
    assert take(move, "move") == "passed"
    assert take(move, "agree") == "passed"


def test_a_system_that_is_down_fails_the_step_with_the_reason_and_nothing_is_lost():
    move = made()
    move.customers(3)
    cutover.start(move.hub, "go_live", "real", "li")
    take(move, "freeze")

    class Down:
        def before(self, call: Any) -> None:
            from hefu.core.errors import Transient

            raise Transient("net.refused", host="new")

        def after(self, call: Any) -> None:
            """Never reached."""

    move.new.hook = Down()
    assert take(move, "move") == "failed"
    row = next(s for s in cutover.standing(move.hub, "real").steps if s.name == "move")
    assert row.finding["code"] == "net.refused"
    move.new.hook = None
    move.env.sleep(60)
    assert take(move, "move") == "passed"


def test_one_at_a_time_and_only_what_is_there():
    move = made()
    with pytest.raises(Unsupported, match=r"cutover\.unknown"):
        cutover.start(move.hub, "elsewhere", "real", "li")
    with pytest.raises(Unsupported, match=r"cutover\.none"):
        cutover.standing(move.hub, "real")
    with pytest.raises(Unsupported, match=r"cutover\.nobody"):
        cutover.start(move.hub, "go_live", "real", " ")
    cutover.start(move.hub, "go_live", "real", "li")
    with pytest.raises(Unsupported, match=r"cutover\.under_way"):
        cutover.start(move.hub, "go_live", "real", "li")
    with pytest.raises(Unsupported, match=r"cutover\.not_due"):
        take(move, "open")
    with pytest.raises(Unsupported, match=r"cutover\.reason"):
        take(move, "freeze", "skip", " ")


def test_late_steps_are_named():
    move = made()
    cutover.start(move.hub, "go_live", "real", "li")
    move.env.sleep(11 * 60)
    assert set(cutover.standing(move.hub, "real").late) == {"freeze"}


@pytest.mark.parametrize(
    ("check", "before", "well"),
    [
        ({"kind": "lag", "within": "1m"}, "nothing", True),
        ({"kind": "lag", "within": "1m"}, "due", False),
        ({"kind": "backup", "within": "1h"}, "nothing", False),
        ({"kind": "backup", "within": "1h"}, "backup", True),
        ({"kind": "backup", "within": "10m"}, "backup", False),
        ({"kind": "issues"}, "issue", False),
        ({"kind": "issues", "at_most": 1}, "issue", True),
        ({"kind": "migrated", "of": ["new-customer"]}, "nothing", False),
    ],
)
def test_checks_look_at_the_hub_itself(check: dict[str, Any], before: str, well: bool):
    move = made(steps=[{"step": "look", "owner": "Li", "check": check}])
    ids = move.customers(2)
    flow = move.hub.project.flows["customers"]
    if before == "due":
        worker.cycle(move.hub, flow)
        move.new.hook = None
        move.old.edit("customer", ids[0], {"phone": "7"})
        with move.store.look() as tx:
            assert runs.paused(tx) == {}
        with move.hub.run("cycle", "x") as run:
            worker.capture_side(move.hub, move.hub.side("old-customer"), run)
        move.env.sleep(300)
    if before == "issue":
        move.new.create("customer", {"code": "C0000", "name": "another name"})
        worker.cycle(move.hub, flow)
    if before == "backup":
        with move.store.begin() as tx:
            journal.record(tx, b"k", "li", "backup.verified", "tonight.hefu", {"made_at": "2026-03-02T09:30:00Z"})
    cutover.start(move.hub, "go_live", "real", "li")
    assert (take(move, "look") == "passed") is well
