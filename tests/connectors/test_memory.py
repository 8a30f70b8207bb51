"""The reference connector passes its own suite in every manner, and its system does what it is told."""

from __future__ import annotations

import threading
from datetime import timedelta
from decimal import Decimal

import pytest

from hefu.connectors.memory import (
    Action,
    Manners,
    Memory,
    MemorySettings,
    MemorySystem,
    cut,
    narrow,
    open_memory,
    rounded,
    trim,
    upper,
)
from hefu.core.connector import Site
from hefu.core.errors import Denied, Missing, Rejected, Stale, Transient, Unanswered, Unsupported
from hefu.core.records import REMOVED, Field, FieldType, Record, Write, Written
from hefu.core.words import ERRORS, tell
from hefu.sim.conformance import CHECKS, Clock, Conformance, Rig, capability_sheet, live_rig, run

T = FieldType
PARTS = (
    Field("line", writable=False, unique=True),
    Field("sku", T.CODE),
    Field("qty", T.DECIMAL, scale=2),
    Field("note"),
)
FIELDS = (
    Field("code", T.CODE, required=True, length=20),
    Field("name", required=True),
    Field("token", T.CODE),
    Field("note", length=5000),
    Field("price", T.MONEY, scale=2),
    Field("since", T.DATE),
    Field("met", T.INSTANT),
    Field("active", T.BOOLEAN),
    Field("state", T.CODE, writable=False),
    Field("lines", T.LINES, lines=PARTS),
)
STEPS = {"submit": Action(("draft",), "submitted"), "approve": Action(("submitted",), "approved")}


class Faults:
    """Meets the next call with a fault, before or after it happens."""

    def __init__(self, system):
        self.system, self.next = system, None

    def __call__(self, word):
        self.next = word

    def before(self, call):
        word, self.next = self.next, None
        if word in ("429", "429-after"):
            raise Transient("memory.too_many_calls", after=3 if word == "429-after" else None, system="x")
        if word in ("500", "503", "garbage") or (word in ("timeout", "cut") and not call.writes):
            raise Transient("memory.unreachable", system="x")
        if word == "401":
            raise Denied("memory.no_right", system="x")
        self.lose = word in ("timeout", "cut")

    def after(self, call):
        if self.lose:
            raise Unanswered("memory.unreachable", system="x")


def sample(n):
    lines = [{"sku": f"A{n}", "qty": Decimal(2)}, {"sku": f"B{n}", "qty": Decimal("0.5"), "note": "second"}]
    return {"code": f"C{n:05d}", "name": f"客户 {n}", "note": f"note {n}", "price": Decimal("12.50"), "lines": lines}


def rig_for(**manners) -> Rig:
    clock = Clock()
    system = MemorySystem("conformance", clock.now, secret="s3cr3t-word")
    manners = Manners(
        **{"page": 5, "batch": 10, "lines": "keyed", "actions": STEPS, "defaults": {"state": "draft"}} | manners
    )
    locked = {"approved": ("note",)}
    system.define("customer", FIELDS, manners, key=("code",), state="state", locked=locked)
    system.define("nothing", FIELDS, key=("code",))
    faults = system.hook = Faults(system)
    count = iter(range(100_000, 10_000_000))

    def burst(n):
        return [system.create("customer", sample(next(count)), late=0) for _ in range(n)]

    def down():
        other = MemorySystem("down", clock.now)
        other.down = True
        return open_memory(other)

    return Rig(
        open_memory(system, sleep=clock.sleep),
        "customer",
        sample,
        {"name": "Edited", "price": Decimal("99.90")},
        lambda record_id, values: system.edit("customer", record_id, values),
        faults,
        burst,
        remove=lambda record_id: system.delete("customer", record_id),
        merge=(lambda winner, loser: system.merge("customer", winner, loser)) if manners.redirects else None,
        late=lambda: system.create("customer", sample(next(count))),
        wait=clock.sleep,
        reopen=lambda: open_memory(system, sleep=clock.sleep),
        wrong_secret=lambda: open_memory(system, secret="wr0ng-word"),
        unreachable=down,
        empty="nothing",
        faults=("429", "429-after", "500", "503", "timeout", "cut", "garbage", "401"),
        overlap=manners.lateness + 2,
        large=10_000 if manners.create == "key" and manners.changes == "cursor+deletes" else 200,
        system="in this process",
    )


MANNERS = {
    "plain": {},
    "upsert by key, slow search": {"create": "upsert", "lag": 90.0, "returns": False},
    "token, whole seconds, fast clock": {"create": "token", "token_field": "token", "stamps": 1.0, "skew": 420.0},
    "late commits": {"lateness": 40.0, "stamps": 1.0, "conditional": "values"},
    "whole lines, one at a time": {"lines": "whole", "batch": 1, "versions": False, "conditional": "no"},
    "full reads only": {"changes": "full", "stamps": None},
    "no deletes told": {"changes": "cursor", "delete": False},
    "cannot be found again": {"create": "blind"},
    "read only": {"create": "no", "update": False, "delete": False},
}


class TestMemory(Conformance):
    @pytest.fixture(params=MANNERS)
    def rig(self, request):
        return rig_for(**MANNERS[request.param])


def small(rig):
    """Where it is asked what the suite finds, and not what a large read takes."""
    rig.large = 50
    return rig


def test_the_suite_tries_every_check():
    tried = {r.check.name for m in MANNERS.values() for r in run(small(rig_for(**m))) if r.state == "passed"}
    assert set(CHECKS) - tried == {"session_is_renewed"}  # a system in memory has no sessions


# ------------------------------------------------------ the suite finds what is wrong


class Forgetful(Memory):
    """Loses the records at the end of a page that share its last stamp."""

    def read(self, obj, since=None):
        for page in super().read(obj, since):
            yield page._replace(records=page.records[:-1]) if len(page.records) == 5 else page


class Careless(Memory):
    """Sends numbers as floats, and writes the whole record over what is there."""

    def write(self, obj, writes):
        whole = [w._replace(values={**dict.fromkeys(("note", "since")), **w.values}) if w.values else w for w in writes]
        return super().write(obj, whole)

    def fetch(self, obj, ids):
        return [
            r._replace(values={n: float(v) if n == "price" and v else v for n, v in r.values.items()})
            for r in super().fetch(obj, ids)
        ]


class Hopeful(Memory):
    """Ignores versions, repeats a create whose answer was lost, tells time-outs as harmless."""

    def write(self, obj, writes):
        try:
            return super().write(obj, [w._replace(version=None) for w in writes])
        except Unanswered as error:
            raise Transient("memory.unreachable", system="x") from error


@pytest.mark.parametrize(
    ("kind", "findings"),
    [
        (Forgetful, {"every_record_once", "equal_stamps_survive_a_page_edge", "cursor_resumes"}),
        (Careless, {"patch_touches_named_fields_only", "create_stores_every_field"}),
        (Hopeful, {"stale_write_is_refused", "unanswered_write_is_unanswered"}),
    ],
)
def test_the_suite_finds_planted_faults(kind, findings):
    rig = small(rig_for())
    rig.connector = kind(rig.connector.settings, rig.connector.site)
    failed = {r.check.name for r in run(rig) if r.state == "failed"}
    assert failed >= findings


def test_a_live_rig_only_looks_unless_allowed():
    rig = rig_for(batch=50)
    system = rig.connector.system
    for n in range(3):
        system.create("customer", sample(n))
    before = len(system.log)
    looked = list(run(live_rig(rig.connector, "customer")))
    assert len(system.log) == before
    assert not [r for r in looked if r.state == "failed"]
    assert capability_sheet(looked)["create"][1] == 1  # search by key can be looked at
    live = live_rig(rig.connector, "customer", sandbox=True)
    tried = list(run(live))
    assert not [(r.check.name, r.note) for r in tried if r.state == "failed"]
    assert capability_sheet(tried)["create"] == (3, 3)
    assert len(live.left) == 1  # an approved document cannot be deleted, and it says so
    assert set(system.all("customer")) == {"000001", "000002", "000003", *live.left}


# ------------------------------------------------------------------- the system


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def system(clock):
    return MemorySystem("erp", clock.now)


def define(system, **manners):
    system.define(
        "order", FIELDS, Manners(**{"page": 3} | manners), key=("code",), state="state", locked={"approved": ("note",)}
    )
    return open_memory(system)


def test_every_write_is_logged_with_its_author(system):
    hub = define(system)
    [made] = hub.write("order", [Write(None, {"code": "1", "name": "a"})])
    system.edit("order", made.id, {"name": "b"}, who="李雷")
    hub.write("order", [Write(made.id, {"name": "c"})])
    assert [(e.who, e.verb, e.after.get("name")) for e in system.log] == [
        ("hub", "create", "a"),
        ("李雷", "update", "b"),
        ("hub", "update", "c"),
    ]
    assert [e.before for e in system.written("hub")] == [{}, {"name": "b"}]
    assert system.calls == {"write": 2}
    assert hub.fetch("order", [made.id])[0].author == "hub"


def test_it_rewrites_on_save(system):
    hub = define(system, rewrite={"*": (narrow, trim), "name": (upper, cut(8)), "price": (rounded(2),)})
    [made] = hub.write("order", [Write(None, {"code": "（1） ", "name": "客户 ab", "price": Decimal("10.005")})])
    assert (made.values["code"], made.values["name"], made.values["price"]) == ("(1)", "客户 A", Decimal("10.01"))
    [record] = hub.search("order", {"code": "(1)"})
    assert record.values == made.values


def test_rules_and_derived_values(system):
    def shipped(before, after):
        return Rejected("memory.locked", field="price") if before and after["price"] < Decimal(3) else None

    hub = define(system, rules=(shipped,), derive=lambda v: {"note": f"{len(v['lines'] or ())} lines"})
    [made] = hub.write("order", [Write(None, {"code": "1", "name": "a", "price": Decimal(1), "lines": [{"sku": "x"}]})])
    assert made.values["note"] == "1 lines"
    [refused] = hub.write("order", [Write(made.id, {"price": Decimal(2)})])
    assert isinstance(refused, Rejected)
    assert refused.field == "price"


@pytest.mark.parametrize(
    ("values", "code"),
    [
        ({"code": "1"}, "memory.required"),
        ({"code": "x" * 21, "name": "a"}, "memory.too_long"),
        ({"code": "1", "name": "a", "price": 1.5}, "memory.wrong_type"),
        ({"code": "1", "name": "a", "price": "1.5"}, "memory.wrong_type"),
        ({"code": "1", "name": "a", "price": True}, "memory.wrong_type"),
        ({"code": "1", "name": "a", "state": "approved"}, "memory.read_only_field"),
        ({"code": "1", "name": "a", "colour": "red"}, "memory.unknown_field"),
        ({"code": "old", "name": "a"}, "memory.duplicate"),
    ],
)
def test_it_refuses(system, values, code):
    hub = define(system)
    system.create("order", {"code": "old", "name": "a"})
    [refused] = hub.write("order", [Write(None, values)])
    assert refused.code == code
    assert len(system.all("order")) == 1
    assert "?" not in "".join(tell(refused) + tell(refused, "zh"))


def test_documents_have_a_life(system):
    full = {"limit": False}
    credit = lambda before, after: None if full["limit"] else Rejected("memory.locked", field="price")  # noqa: E731
    hub = define(system, actions=STEPS, defaults={"state": "draft"}, gates={"approve": credit})
    [made] = hub.write("order", [Write(None, {"code": "1", "name": "a"})])
    with pytest.raises(Rejected, match="illegal_step"):
        hub.call("order", "approve", made.id, {})
    assert hub.call("order", "submit", made.id, {}).values["state"] == "submitted"
    with pytest.raises(Rejected, match="locked"):
        hub.call("order", "approve", made.id, {})
    full["limit"] = True
    system.act("order", "approve", made.id, who="boss")
    [refused] = hub.write("order", [Write(made.id, {"name": "b"})])
    assert refused.code == "memory.locked"
    [allowed] = hub.write("order", [Write(made.id, {"note": "b"})])
    assert allowed.values["note"] == "b"
    [refused] = hub.write("order", [Write(made.id, None)])
    assert refused.code == "memory.locked"


def test_keyed_lines_are_deleted_by_name_only(system):
    hub = define(system, lines="keyed")
    [made] = hub.write("order", [Write(None, {"code": "1", "name": "a", "lines": [{"sku": "x"}, {"sku": "y"}]})])
    first, second = (line["line"] for line in made.values["lines"])
    [done] = hub.write("order", [Write(made.id, {"lines": [{"line": first, REMOVED: True}, {"sku": "z"}]})])
    assert [line["sku"] for line in done.values["lines"]] == ["y", "z"]
    assert done.values["lines"][0]["line"] == second
    [refused] = hub.write("order", [Write(made.id, {"lines": [{"line": first, "sku": "w"}]})])
    assert refused.code == "memory.unknown_line"


def test_a_merge_redirects_and_can_be_undone(system):
    hub = define(system)
    a, b = (system.create("order", {"code": c, "name": c}) for c in "AB")
    cursor = list(hub.read("order"))[-1].cursor
    system.merge("order", a, b)
    [found] = hub.fetch("order", [b])
    assert found.id == a
    [told] = hub.read("order", cursor)
    assert list(told.gone) == [b]
    [missing] = hub.write("order", [Write(b, {"name": "x"})])
    assert isinstance(missing, Missing)
    assert missing.facts["moved_to"] == a
    system.restore("order", b)
    assert {r.id for r in hub.fetch("order", [a, b])} == {a, b}


def test_organisations_share_ids_and_nothing_else(system):
    define(system)
    north, south = (open_memory(system, organisation=o) for o in ("N", "S"))
    ids = [
        hub.write("order", [Write(None, {"code": "C001", "name": o})])[0].id for hub, o in ((north, "N"), (south, "S"))
    ]
    assert ids[0] == ids[1]
    assert [(r.values["name"], r.organisation) for r in north.fetch("order", ids)] == [("N", "N")]
    south.write("order", [Write(ids[0], {"name": "changed"})])
    assert system.get("order", ids[0], "N")["name"] == "N"
    assert [r.values["name"] for page in south.read("order") for r in page.records] == ["changed"]
    assert sum(len(page.records) for page in open_memory(system).read("order")) == 2


def test_patience_ends(system, clock):
    hub = define(system)
    system.calls_per_second, system.daily_calls = 2, 4
    for _ in range(2):
        hub.check()
    with pytest.raises(Transient) as told:
        hub.check()
    assert 0 < told.value.after <= 1
    clock.sleep(told.value.after)
    for _ in range(2):
        hub.check()
    clock.sleep(5)
    with pytest.raises(Transient) as told:
        hub.check()
    assert told.value.code == "memory.quota"
    clock.sleep(told.value.after)
    hub.check()


def test_people_act_between_any_two_calls(system):
    hub = define(system, page=1)

    class Colleague:
        def before(self, call):
            pass

        def after(self, call):
            if call.verb == "read" and call.number < 3:
                system.create("order", {"code": f"n{call.number}", "name": "late"}, who="colleague")

    for code in "12":
        system.create("order", {"code": code, "name": "a"})
    system.hook = Colleague()
    assert [r.values["code"] for page in hub.read("order") for r in page.records] == ["1", "2", "n1", "n2"]


def test_an_answer_can_be_lost_after_the_fact(system):
    hub = define(system)
    faults = system.hook = Faults(system)
    faults("timeout")
    with pytest.raises(Unanswered):
        hub.write("order", [Write(None, {"code": "1", "name": "a"})])
    assert len(hub.search("order", {"code": "1"})) == 1


def test_a_crash_passes_through(system):
    hub = define(system)

    class Crash(BaseException):
        pass

    class Bomb:
        def before(self, call):
            raise Crash

        def after(self, call):
            pass

    system.hook = Bomb()
    with pytest.raises(Crash):
        hub.write("order", [Write(None, {"code": "1", "name": "a"})])
    assert not system.all("order")


def test_conditions(system):
    hub = define(system, conditional="values")
    record_id = system.create("order", {"code": "1", "name": "a"})
    system.edit("order", record_id, {"name": "b"})
    [stale, fine] = hub.write(
        "order",
        [Write(record_id, {"name": "c"}, expect={"name": "a"}), Write(record_id, {"note": "x"}, expect={"note": None})],
    )
    assert isinstance(stale, Stale)
    assert isinstance(fine, Written)


def test_soft_delete_keeps_the_record(system):
    hub = define(system, soft_delete="active")
    record_id = system.create("order", {"code": "1", "name": "a", "active": False})
    hub.write("order", [Write(record_id, None)])
    assert hub.fetch("order", [record_id])[0].values["active"] is True
    system.restore("order", record_id)
    assert system.get("order", record_id)["active"] is False


def test_nobody_outside_can_change_what_is_inside(system):
    hub = define(system)
    lines = [{"sku": "x"}]
    record_id = system.create("order", {"code": "1", "name": "a", "lines": lines})
    lines[0]["sku"] = "changed"
    hub.fetch("order", [record_id])[0].values["lines"][0]["sku"] = "changed"
    assert system.get("order", record_id)["lines"][0]["sku"] == "x"


def test_the_schema_may_drift(system):
    hub = define(system)
    record_id = system.create("order", {"code": "1", "name": "a", "note": "n"})
    system.define("order", [f for f in FIELDS if f.name != "note"], Manners(), key=("code",))
    assert "note" not in hub.fetch("order", [record_id])[0].values
    assert hub.discover()[0].field("note") is None
    system.hide("order")
    with pytest.raises(Unsupported):
        hub.read("order")


def test_many_threads_may_use_it(system):
    hub = define(system, batch=100)

    def work(n):
        for i in range(50):
            hub.write("order", [Write(None, {"code": f"{n}-{i}", "name": "a"})])

    threads = [threading.Thread(target=work, args=(n,)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(system.all("order")) == 200
    assert len({e.number for e in system.log}) == 200


def test_a_document_names_the_system(system, clock):
    site = Site(http=None, now=clock.now, sleep=clock.sleep, connection="erp")
    assert Memory(MemorySettings(system="erp"), site).system is system
    with pytest.raises(Unsupported, match="unknown_system"):
        Memory(MemorySettings(system="nobody"), site)


def test_a_stamp_is_as_coarse_and_wrong_as_declared(system, clock):
    hub = define(system, stamps=1.0, skew=420.0)
    clock.sleep(0.7)
    record_id = system.create("order", {"code": "1", "name": "a"})
    record: Record = hub.fetch("order", [record_id])[0]
    assert record.modified_at == clock.now() + timedelta(seconds=420 - 0.7)


def test_every_code_has_words():
    codes = {c for c in ERRORS if c.startswith("memory.")}
    assert len(codes) > 15
