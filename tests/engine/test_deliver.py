"""Delivery: debts are computed when they are paid, in few calls, and one bad record does not spoil the rest."""

from __future__ import annotations

from books import customers, held
from world import Fate

from hefu.connectors.memory import Manners
from hefu.core.errors import Denied, Rejected, Transient
from hefu.engine.undo import undo_last
from hefu.store import intents, journal
from hefu.store.tables import intent

K = {"code": "K1", "name": "甲", "phone": "1", "address": "A", "terms": "30"}


def test_ten_edits_cost_one_write():
    world = customers(Fate())
    c, _ = world.crm.create("customer", K), world.erp.create("customer", K)
    world.sync()
    for n in range(10):
        world.crm.edit("customer", c, {"phone": str(n)})
    world.sync()
    assert [e.after for e in world.writes("erp")] == [{"phone": "9"}]


def test_records_go_in_batches():
    world = customers(Fate(), erp=Manners(create="token", token_field="ref", batch=50))
    for n in range(120):
        world.crm.create("customer", {**K, "code": f"K{n}"})
    world.sync()
    assert world.erp.calls["write"] == 3


def test_one_refused_record_waits_for_a_person_and_a_new_edit_releases_it():
    def rule(_before, after):
        return Rejected("erp.refused", field="phone", message="电话无效") if after["phone"] == "bad" else None

    world = customers(Fate(), erp=Manners(create="token", token_field="ref", rules=(rule,)))
    bad = world.crm.create("customer", {**K, "phone": "bad"})
    world.crm.create("customer", {**K, "code": "K2"})
    world.sync()
    (case,) = world.issues()
    assert (case["facts"]["blames"], case["facts"]["facts"]["message"]) == ("phone", "电话无效")
    assert [row["code"] for row in world.erp.all("customer").values()] == ["K2"]
    world.crm.edit("customer", bad, {"phone": "2"})
    world.sync()
    assert len(world.erp.all("customer")) == 2
    assert world.issues() == []


def test_what_changes_while_a_write_is_refused_is_delivered():
    """The refusal concerns what was sent: an undo that came between is owed all the same; nobody need release it."""
    world = customers(Fate())
    c, e = world.crm.create("customer", K), world.erp.create("customer", K)
    world.sync()
    world.crm.edit("customer", c, {"address": "B"})
    world.sync()
    world.crm.edit("customer", c, {"phone": "2"})

    def meanwhile(call):
        if call.verb == "write":
            world.watch["erp"].on_call.remove(meanwhile)
            (golden_id,) = {row["golden_id"] for row in world.links()}
            assert undo_last(world.hub, golden_id, "a steward").restored == {"phone": ["2", "1"]}
            assert undo_last(world.hub, golden_id, "a steward").restored == {"address": ["B", "A"]}
            raise Rejected("erp.refused", field="phone")

    world.watch["erp"].on_call.append(meanwhile)
    world.sync()
    assert {n: world.erp.get("customer", e)[n] for n in ("phone", "address")} == {"phone": "1", "address": "A"}
    assert world.issues() == []
    world.at_rest(2)


def test_a_stale_write_reads_merges_and_writes_again():
    for conditional in ("version", "values"):
        world = customers(Fate(), erp=Manners(create="token", token_field="ref", conditional=conditional))
        c, e = world.crm.create("customer", K), world.erp.create("customer", K)
        world.sync()
        world.crm.edit("customer", c, {"phone": "2"}, who="li")
        done = []

        def meanwhile(call, world=world, e=e, done=done):
            if call.verb == "write" and not done:
                done.append(1)
                world.erp.edit("customer", e, {"phone": "3", "terms": "60"}, who="wang")

        world.watch["erp"].on_call.append(meanwhile)
        world.sync()
        assert held(world, "crm", "terms") == "60"
        (case,) = world.issues()
        assert (case["kind"], case["field"]) == ("conflict", "phone")
        assert (held(world, "crm", "phone"), held(world, "erp", "phone")) == ("2", "3")


def test_where_a_system_cannot_refuse_the_hub_looks_before_it_writes():
    world = customers(Fate(), erp=Manners(create="token", token_field="ref", conditional="no"))
    c, e = world.crm.create("customer", K), world.erp.create("customer", K)
    world.sync()
    world.crm.edit("customer", c, {"phone": "2"}, who="li")
    world.watch["crm"].on_answer.append(
        lambda call: call.verb == "read" and world.erp.edit("customer", e, {"phone": "3"}, who="wang")
    )
    world.cycle()
    world.watch["crm"].on_answer.clear()
    world.sync()
    assert [case["field"] for case in world.issues()] == ["phone"]
    assert held(world, "erp", "phone") == "3"


def test_a_later_read_back_does_not_hide_an_edit():
    world = customers(Fate(), erp=Manners(create="token", token_field="ref", returns=False))
    done = []

    def at_once(call):
        if call.verb == "write" and not done:
            done.append(call.result[0].id)
            world.erp.edit("customer", done[0], {"phone": "9"}, who="wang")

    world.watch["erp"].on_answer.append(at_once)
    world.crm.create("customer", K)
    world.sync()
    assert held(world, "crm", "phone") == "9"
    world.at_rest(2)


def test_wrong_credentials_pause_the_connection_and_heal():
    world = customers(Fate())
    world.sync()
    world.erp.denied.add("customer")
    world.crm.create("customer", K)
    world.cycle()
    world.env.sleep(5)
    calls = world.erp.calls.total()
    world.cycle()
    assert world.erp.calls.total() == calls
    assert [case["kind"] for case in world.issues()] == ["paused"]
    world.erp.denied.clear()
    world.sync()
    assert len(world.erp.all("customer")) == 1
    assert world.issues() == []


def test_an_object_that_is_not_wanted_yet_is_created_when_it_is():
    world = customers(Fate())
    world.mappings[1]["out_filter"] = "terms == '60'"
    world.hubs = [world.new_hub()]
    c = world.crm.create("customer", K)
    world.sync()
    assert world.erp.all("customer") == {}
    world.crm.edit("customer", c, {"terms": "60"})
    world.sync()
    assert len(world.erp.all("customer")) == 1
    world.at_rest(2)


def test_every_write_keeps_what_was_there_before():
    world = customers(Fate())
    c, _ = world.crm.create("customer", K), world.erp.create("customer", K)
    world.sync()
    world.crm.edit("customer", c, {"phone": "2", "name": "乙"})
    world.sync()
    with world.store.look() as tx:
        (row,) = intents.history(tx, [x["id"] for x in world.links(connection="erp")])
    assert (row["fields"], row["before"]) == ({"phone": "2", "name": "乙"}, {"phone": "1", "name": "甲"})


def test_every_write_is_in_the_audit_log_and_its_history_cannot_be_altered_unseen():
    rule = lambda _, after: Rejected("erp.refused", field="phone") if after["phone"] == "bad" else None  # noqa: E731
    world = customers(Fate(), erp=Manners(create="token", token_field="ref", rules=(rule,)))
    c, e = world.crm.create("customer", K), world.erp.create("customer", K)
    world.sync()
    world.crm.edit("customer", c, {"phone": "2"})
    world.crm.create("customer", {**K, "code": "K2", "phone": "bad"})
    world.sync()
    links = [x["id"] for x in world.links(connection="erp")]
    with world.store.look() as tx:
        assert journal.verify(tx, world.hub.journal_key) is None
        rows = [row["detail"] for row in journal.search(tx, journal.Asked(actions=("written",), obj="erp/customer"))]
        told = {(kind, record, outcome) for row in rows for _, kind, record, outcome, _ in row["writes"]}
        assert told == {("update", e, "applied"), ("create", None, "erp.refused")}
        assert journal.altered_write(tx) is None
        written = intents.history(tx, links)
    write = next(row for row in written if row["fields"] == {"phone": "2"})
    with world.store.begin() as tx:
        tx.run(intent.update().where(intent.c.id == write["id"]).values(fields='{"phone":"3"}'))
    with world.store.look() as tx:
        assert journal.altered_write(tx) == write["id"]


def test_a_connector_that_crashes_counts_as_unanswered():
    world = customers(Fate())
    done = []

    def bug(call):
        if call.verb == "write" and not done:
            done.append(1)
            raise Denied("memory.no_right", system="erp", user="hub", object="x") if False else ZeroDivisionError

    world.watch["erp"].on_answer.append(bug)
    world.crm.create("customer", K)
    world.sync(seconds=5)
    assert len(world.erp.all("customer")) == 1
    world.at_rest(2)


def test_where_the_look_before_a_write_fails_nothing_is_written_blindly():
    """A system that cannot refuse a stale write is written only on what was just read."""
    world = customers(Fate(), erp=Manners(create="token", token_field="ref", conditional="no"))
    c, e = world.crm.create("customer", K), world.erp.create("customer", K)
    world.sync()
    looks: list[str] = []

    def fault(call):
        if call.verb == "fetch" and not looks:
            looks.append(call.verb)
            world.erp.edit("customer", e, {"phone": "3"}, who="wang")
            raise Transient("memory.unreachable", system="erp")

    world.watch["erp"].on_call.append(fault)
    world.crm.edit("customer", c, {"phone": "2"}, who="li")
    world.cycle()
    assert looks
    assert world.writes("erp") == []
    world.env.sleep(60)
    world.sync()
    assert [case["facts"]["theirs"] for case in world.issues("conflict")] == ["3"]
    assert world.writes("erp") == []
