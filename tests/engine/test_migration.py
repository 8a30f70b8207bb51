"""Migration batches: checked before, loaded once whatever dies, verified after."""

from __future__ import annotations

import time

import pytest
from books import customers
from moving import Move
from pair import entity
from world import World, kill_everywhere

from hefu.connectors.memory import Manners
from hefu.core.errors import HubError, Rejected, Transient, Unanswered, Unsupported
from hefu.engine import migrate
from hefu.engine.migrate_back import rollback
from hefu.engine.migrate_check import check
from hefu.engine.migrate_verify import verify
from hefu.store import batches, journal


def rows(move: Move, batch_id: str, state: str = ""):
    with move.store.look() as tx:
        return batches.rows(tx, batch_id, [state] if state else [], limit=10_000)


def staged(move: Move) -> str:
    return migrate.stage(move.hub, "old-customer", "new-customer", "li").id


def loaded(move: Move, **how: object) -> str:
    batch = staged(move)
    check(move.hub, batch, "li")
    done = migrate.load(move.hub, batch, "li", **how)
    assert done.stopped is None
    return batch


def test_a_batch_goes_all_the_way(store_url: str):
    move = Move(url=store_url)
    move.customers(60)
    batch = staged(move)
    assert len(rows(move, batch, "staged")) == 60
    assert check(move.hub, batch, "li") == {"ready": 60}
    assert move.codes("new") == [], "nothing is written before the load"
    done = migrate.load(move.hub, batch, "li", size=25)
    assert (done.head.state, done.rows, done.waiting) == ("loaded", {"loaded": 60}, 0)
    assert move.codes("new") == move.codes("old")
    assert verify(move.hub, batch, "li").unexplained == 0
    with move.store.look() as tx:
        assert batches.get(tx, batch).state == "verified"
        said = [row["action"] for row in reversed(journal.recent(tx)) if row["action"] != "written"]
        assert journal.verify(tx, b"k") is None
    assert said == [
        "migrate.staged", "migrate.checked", "migrate.loading", "migrate.loaded", "migrate.verified",
    ]  # fmt: skip
    assert all(e.verb == "create" for e in move.new.written())
    move.store.close()


def test_the_flow_that_is_enabled_afterwards_finds_nothing_to_do():
    move = Move()
    move.customers(20)
    loaded(move)
    before = len(move.new.log), len(move.old.log)
    move.enabled = True
    hub = move.new_hub()
    from hefu.engine.worker import cycle

    for full in (False, True):
        cycle(hub, hub.project.flows["customers"], full=full)
        move.env.sleep(70)
    assert (len(move.new.log), len(move.old.log)) == before
    customer = next(iter(move.old.all("customer")))
    move.old.edit("customer", customer, {"phone": "9"})
    cycle(hub, hub.project.flows["customers"])
    assert "9" in [r["phone"] for r in move.new.all("customer").values()], "from now on both are kept in step"


def test_what_cannot_go_through_is_named_before_anything_is_written():
    move = Move(
        new_fields={"name": {"required": True, "length": 12}, "terms": {"options": ("net30",)}},
        entity_doc=entity(phone={"required": True}),
    )
    good = move.customers(1)[0]
    bad = {
        "long": {"name": "A name of too many letters"}, "nameless": {"name": ""}, "phoneless": {"phone": None},
        "terms": {"terms": "net90"}, "double": {"code": "C0000"},
    }  # fmt: skip
    ids = {
        why: move.old.create("customer", {"code": f"X-{why}", "name": "n", "phone": "1", "terms": "net30", **values})
        for why, values in bad.items()
    }
    batch = staged(move)
    assert check(move.hub, batch, "li") == {"ready": 1, "rejected": 5}
    said = {row.record.id: [(r["field"], r["code"]) for r in row.reasons] for row in rows(move, batch, "rejected")}
    assert said == {
        ids["long"]: [("name", "migrate.length")],
        ids["nameless"]: [("name", "migrate.required_there")],
        ids["phoneless"]: [("phone", "migrate.required")],
        ids["terms"]: [("terms", "migrate.option")],
        ids["double"]: [("code", "migrate.double")],
    }
    assert migrate.load(move.hub, batch, "li").rows == {"loaded": 1, "rejected": 5}
    assert [r["name"] for r in move.new.all("customer").values()] == ["Company 0"]
    assert good not in said


def test_a_second_batch_takes_only_what_the_first_left():
    move = Move(new_fields={"name": {"length": 12}})
    move.customers(3)
    late = move.old.create("customer", {"code": "C9", "name": "A name of too many letters", "phone": "1"})
    first = loaded(move)
    move.old.edit("customer", late, {"name": "short"})
    second = staged(move)
    assert check(move.hub, second, "li") == {"present": 3, "ready": 1}
    assert migrate.load(move.hub, second, "li").rows == {"present": 3, "loaded": 1}
    assert move.codes("new") == ["C0000", "C0001", "C0002", "C9"]
    assert {r.state for r in rows(move, first)} == {"loaded", "rejected"}


def test_a_second_batch_brings_what_changed_since_the_first():
    move = Move()
    ids = move.customers(4)
    loaded(move)
    move.old.edit("customer", ids[2], {"phone": "edited"})
    move.old.create("customer", {"code": "C9", "name": "new"})
    second = staged(move)
    assert check(move.hub, second, "li") == {"present": 3, "ready": 2}
    assert migrate.load(move.hub, second, "li").rows == {"present": 3, "loaded": 2}
    assert {r["code"]: r["phone"] for r in move.new.all("customer").values()}["C0002"] == "edited"
    rollback(move.hub, second, "li")
    assert {r["code"]: r["phone"] for r in move.new.all("customer").values()}["C0002"] == "000002"
    assert move.codes("new") == ["C0000", "C0001", "C0002", "C0003"]
    assert move.old.get("customer", ids[2])["phone"] == "edited"


def test_who_is_there_already_is_recognised_and_not_doubled():
    move = Move()
    move.customers(3)
    known = move.new.create("customer", {"code": "C0001", "name": "Company 1", "phone": "", "address": "here"})
    batch = loaded(move)
    assert move.codes("new") == ["C0000", "C0001", "C0002"]
    mine = move.new.get("customer", known)
    assert (mine["phone"], mine["address"]) == ("000001", "here")
    assert verify(move.hub, batch, "li").unexplained == 0


def test_a_refusal_of_the_target_is_a_row_with_its_words_and_is_loaded_once_corrected():
    refuse = {"on": True}

    def rule(_before, after):
        return Rejected("memory.rule", field="phone", rule="no") if refuse["on"] and after["code"] == "C0001" else None

    move = Move(new_manners=Manners(create="token", token_field="ref", rules=[rule]))
    move.customers(3)
    batch = loaded(move)
    (row,) = rows(move, batch, "rejected")
    assert (row.reasons[0]["field"], row.reasons[0]["code"]) == ("phone", "memory.rule")
    refuse["on"] = False
    assert check(move.hub, batch, "li") == {"loaded": 2, "ready": 1}
    assert migrate.load(move.hub, batch, "li").rows == {"loaded": 3}
    assert len(move.codes("new")) == 3


def test_what_was_checked_is_what_is_loaded_and_a_later_edit_is_an_ordinary_change():
    move = Move()
    (customer,) = move.customers(1)
    batch = staged(move)
    check(move.hub, batch, "li")
    move.env.sleep(5)
    move.old.edit("customer", customer, {"phone": "later"})
    migrate.load(move.hub, batch, "li")
    assert [r["phone"] for r in move.new.all("customer").values()] == ["000000"]
    found = verify(move.hub, batch, "li")
    assert sum(found.classes.values()) == 1, "the edit is seen, whatever its class"
    (row,) = rows(move, batch)
    assert row.reasons[0]["facts"]["left"] == "later"


def test_verifying_finds_each_change_and_each_loss():
    move = Move()
    move.customers(6)
    batch = loaded(move)
    ids = {r["code"]: i for i, r in move.new.all("customer").items()}
    move.env.sleep(500)
    move.new.edit("customer", ids["C0001"], {"phone": "wrong"})
    move.new.delete("customer", ids["C0002"])
    gone = next(i for i, r in move.old.all("customer").items() if r["code"] == "C0003")
    move.old.delete("customer", gone)
    move.new.delete("customer", ids["C0003"])
    verify(move.hub, batch, "li")
    states = {r.record.values["code"]: r for r in rows(move, batch)}
    assert {c: r.reasons != [] for c, r in states.items()} == {
        "C0000": False, "C0001": True, "C0002": True, "C0003": True, "C0004": False, "C0005": False,
    }  # fmt: skip
    assert states["C0003"].reasons[0]["code"] == "migrate.gone"
    with move.store.look() as tx:
        assert batches.get(tx, batch).state == "loaded", "not verified"


def test_a_mapping_that_means_something_else_must_be_checked_again():
    move = Move()
    move.customers(2)
    batch = staged(move)
    with pytest.raises(Unsupported, match=r"migrate\.state"):
        migrate.load(move.hub, batch, "li")
    check(move.hub, batch, "li")
    doc = move.hub.project.mappings["new-customer"]
    fields = [f for f in doc.fields if f.field != "terms"]
    mappings = {**move.hub.project.mappings, "new-customer": doc.model_copy(update={"fields": fields})}
    move.hub = migrate.again(move.hub, move.hub.project.model_copy(update={"mappings": mappings}))
    with pytest.raises(Unsupported, match=r"migrate\.meaning"):
        migrate.load(move.hub, batch, "li")
    check(move.hub, batch, "li")
    assert migrate.load(move.hub, batch, "li").rows == {"loaded": 2}


@pytest.mark.parametrize(("source", "target"), [("old-customer", "old-customer"), ("no-such", "new-customer")])
def test_batches_that_make_no_sense_are_refused(source: str, target: str):
    move = Move()
    with pytest.raises(Unsupported):
        migrate.stage(move.hub, source, target, "li")


# ------------------------------------------------------------------ when things fail


class Hook:
    """Fails the n-th call of a verb, before or after it had its effect."""

    def __init__(self, verb: str, at: int, error: BaseException, *, after: bool) -> None:
        self.verb, self.left, self.error, self.is_after = verb, at, error, after

    def _count(self, call, here: bool) -> None:
        if call.verb == self.verb and here:
            self.left -= 1
            if self.left == 0:
                raise self.error

    def before(self, call) -> None:
        self._count(call, not self.is_after)

    def after(self, call) -> None:
        self._count(call, self.is_after)


class Died(BaseException):
    """The process ends here."""


@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize("nth", [1, 3, 5])
def test_a_load_that_dies_at_a_write_goes_on_and_doubles_nothing(nth: int, after: bool, store_url: str):
    move = Move(url=store_url)
    move.customers(40)
    batch = staged(move)
    check(move.hub, batch, "li")
    move.new.hook = Hook("write", nth, Died(), after=after)
    with pytest.raises(Died):
        migrate.load(move.hub, batch, "li", size=16)
    move.new.hook = None
    move.restart()
    for _ in range(100):  # PostgreSQL goes by its own clock: a write that may still be under way is waited for
        done = migrate.load(move.hub, batch, "li", size=16)
        if not done.waiting:
            break
        time.sleep(0.1)
    assert done.rows == {"loaded": 40}
    assert move.codes("new") == move.codes("old")
    assert verify(move.hub, batch, "li").unexplained == 0
    move.store.close()


@pytest.mark.parametrize("error", [Unanswered("net.timeout"), Transient("net.refused")])
def test_a_lost_answer_is_looked_up_before_anything_is_written_again(error: HubError):
    move = Move()
    move.customers(20)
    batch = staged(move)
    check(move.hub, batch, "li")
    move.new.hook = Hook("write", 2, error, after=isinstance(error, Unanswered))
    done = migrate.load(move.hub, batch, "li")
    assert done.rows == {"loaded": 20}
    assert move.codes("new") == move.codes("old")


def test_killed_at_every_step(monkeypatch: pytest.MonkeyPatch):
    """Stage, check, load and verify, with the hub killed at each call and each commit: never a double, never a loss."""

    def story(world: World) -> object:
        for n in range(5):
            world.crm.create("customer", {"code": f"K{n}", "name": f"客户{n}", "phone": str(n)})
        batch: list[str] = []

        def stage(hub):
            batch.append(migrate.stage(hub, "crm-customer", "erp-customer", "li").id)

        def load(hub):
            with hub.store.look() as tx:
                state = batches.get(tx, batch[-1]).state
            if state in ("checked", "loading"):
                migrate.load(hub, batch[-1], "li", size=2)

        world.work(stage)
        world.work(lambda hub: check(hub, batch[-1], "li"))
        for _ in range(3):
            world.work(load)
            world.env.sleep(30)
        world.work(lambda hub: verify(hub, batch[-1], "li"))
        with world.store.look() as tx:
            counts = batches.counts(tx, batch[-1])
        return counts, sorted(r["code"] for r in world.erp.all("customer").values())

    assert kill_everywhere(story, customers, at_most=24) == 24


# -------------------------------------------------------------------------- rollback


def test_a_batch_is_taken_back_but_for_what_somebody_changed_since(store_url: str):
    move = Move(url=store_url)
    move.customers(30)
    known = move.new.create("customer", {"code": "C0003", "name": "Company 3", "phone": "", "address": "here"})
    batch = loaded(move)
    assert move.new.get("customer", known)["phone"] == "000003"
    by_code = {r["code"]: i for i, r in move.new.all("customer").items()}
    move.env.sleep(60)
    move.new.edit("customer", by_code["C0007"], {"phone": "mine"}, who="wang")
    before_old = move.old.all("customer")
    done = rollback(move.hub, batch, "li")
    assert done.waiting == 0
    assert move.codes("new") == ["C0003", "C0007"]
    assert move.old.all("customer") == before_old, "the source is not touched"
    assert not move.new.get("customer", known)["phone"], "what was there before is as it was"
    (left,) = rows(move, batch, "left")
    assert (left.record.values["code"], left.reasons) == (
        "C0007",
        [{"field": "phone", "code": "migrate.edited",
          "facts": {"field": "phone", "expected": "000007", "found": "mine"}}],
    )  # fmt: skip
    assert {r.state for r in rows(move, batch)} == {"undone", "left"}
    with move.store.look() as tx:
        assert batches.get(tx, batch).state == "rolled_back"
        assert journal.verify(tx, b"k") is None
    move.store.close()


def test_what_was_taken_back_can_be_loaded_again():
    move = Move()
    move.customers(10)
    batch = loaded(move)
    rollback(move.hub, batch, "li")
    assert move.codes("new") == []
    second = loaded(move)
    assert move.codes("new") == move.codes("old")
    assert verify(move.hub, second, "li").unexplained == 0
    rollback(move.hub, second, "li")
    assert move.codes("new") == []


def test_a_rollback_that_dies_goes_on():
    move = Move()
    move.customers(25)
    batch = loaded(move)
    move.new.hook = Hook("write", 2, Died(), after=True)
    with pytest.raises(Died):
        rollback(move.hub, batch, "li")
    move.new.hook = None
    move.restart()
    for _ in range(5):
        if not rollback(move.hub, batch, "li").waiting:
            break
        move.env.sleep(60)
    assert move.codes("new") == []
    assert {r.state for r in rows(move, batch)} == {"undone"}


def test_a_load_cut_off_in_the_middle_is_taken_back_as_far_as_it_came():
    move = Move()
    move.customers(25)
    batch = staged(move)
    check(move.hub, batch, "li")
    move.new.hook = Hook("write", 2, Died(), after=True)
    with pytest.raises(Died):
        migrate.load(move.hub, batch, "li", size=10)
    move.new.hook = None
    move.restart()
    rollback(move.hub, batch, "li")
    assert move.codes("new") == []
    move.enabled = True
    hub = move.new_hub()
    from hefu.engine.worker import cycle

    cycle(hub, hub.project.flows["customers"])
    assert len(move.codes("new")) == 15, "what the batch had taken up is not created behind anybody's back"


def test_a_system_that_cannot_delete_keeps_what_it_has_and_says_so():
    move = Move(new_manners=Manners(create="token", token_field="ref", delete=False))
    move.customers(2)
    batch = loaded(move)
    rollback(move.hub, batch, "li")
    assert len(move.codes("new")) == 2
    assert {(r.state, r.reasons[0]["facts"]["why"]) for r in rows(move, batch)} == {("left", "cannot_delete")}
