"""Jiandaoyun's connector passes the conformance suite over the sandbox, and stands what its vendor can do to it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from vendor_bench import NOBODY, Bench, served
from vendor_line import Still, line

from hefu.core.errors import Denied, Rejected, Stale, Transient, Unanswered, Unsupported
from hefu.core.records import Values, Write, Written
from hefu.sandbox.frame import Fault
from hefu.sandbox.hands import Hands
from hefu.sandbox.jiandaoyun import SANDBOX
from hefu.sandbox.jiandaoyun import Jiandaoyun as Sandbox
from hefu.sandbox.jiandaoyun.api import API_KEY
from hefu.sandbox.jiandaoyun.forms import APP, FORMS
from hefu.sandbox.jiandaoyun.push import signature
from hefu.sim.conformance import Conformance, Rig
from loopback import serving

ENTRY = {form.key: form.entry_id for form in FORMS}
LINES = ({"line_no": Decimal(1), "product_code": "P1"}, {"line_no": Decimal(2), "product_code": "P2"})


class World(Bench):
    """A sandbox of its own, and the connector to it."""

    connector, path = "jiandaoyun", "/api/"
    own = {"401": Fault("key_disabled")}
    wrong = {"api_key": "wrong-secret-key"}
    nowhere = {"url": f"{NOBODY}/api"}

    def __init__(self) -> None:
        clock = Still()
        super().__init__(Sandbox(empty=True, clock=clock), clock)
        self.sandbox.push.echo = False

    def settings(self) -> dict[str, Any]:
        def form(which: str, **more: Any) -> dict[str, Any]:
            return {"app": APP[0], "form": ENTRY[which], "token_field": "hub_id", **more}

        forms = {
            "customer": form("customer", required=["cust_name"], dates=["since"]),
            "order": form("order", dates=["order_date"], references={"customer": "customer"}),
            "keyed": form("customer", token_field="", key=["erp_code"]),
            "contract": form("contract"),
        }
        settings = {"url": f"{self.url}/api", "api_key": API_KEY, "names": "alias", "forms": forms}
        return settings | {"webhook_secret": "s3cret"}


@pytest.fixture
def world() -> Iterator[World]:
    with served(World()) as made:
        yield made


def sample(n: int) -> dict[str, Any]:
    return {
        "cust_name": f"客户 {n}", "erp_code": f"C{n:05d}", "phone": f"021-{n:08d}", "level": "A",
        "tags": "重点客户;老客户", "address_city": "上海市", "credit_limit": Decimal("1234.5"), "remark": f"备注 {n}",
    }  # fmt: skip


def order(n: int) -> dict[str, Any]:
    lines = [{**part, "quantity": Decimal(n % 7 + 1), "unit_price": Decimal("9.5")} for part in LINES]
    return {"order_no": f"XS{n:06d}", "amount": Decimal("19.5"), "lines": lines}


def plain(values: Values) -> Values:
    """As a person enters it."""
    return {n: v for n, v in values.items() if n not in ("tags", "address_city")}


NO_SESSION = {"session_is_renewed": "a key has no session to renew"}


class TestCustomer(Conformance):
    @pytest.fixture
    def rig(self, world: World) -> Rig:
        return world.rig(
            "customer",
            sample,
            {"remark": "edited"},
            typed=lambda n: plain(sample(n)),
            empty="contract",
            bad={"cust_name": None},
            bypass=NO_SESSION,
        )


class TestOrderWithLines(Conformance):
    @pytest.fixture
    def rig(self, world: World) -> Rig:
        return world.rig("order", order, {"erp_status": "edited"}, empty="contract", bypass=NO_SESSION)


# --------------------------------------------------------------- what the vendor can do


def test_a_create_that_was_committed_and_then_timed_out_makes_one_record(world):
    crm = world.line()
    write = Write(None, sample(1), token="hub-1")
    world.sandbox.faults.append(Fault("hang", path="/api/v5/app/entry/data/batch_create", seconds=60))
    [told] = crm.write("customer", [write])
    assert isinstance(told, Unanswered)
    [there] = crm.search("customer", {"hub_id": "hub-1"})
    [again] = crm.write("customer", [write])  # whoever repeats it all the same hits the same batch
    assert again.id == there.id
    assert len([r for page in crm.read("customer") for r in page.records]) == 1


def test_without_a_field_for_our_id_the_key_is_looked_for_before_each_create(world):
    crm = world.line()
    [schema] = [s for s in crm.discover() if s.name == "keyed"]
    assert (schema.abilities.create, schema.key) == ("key", ("erp_code",))
    write = Write(None, sample(1))
    world.sandbox.faults.append(Fault("lost", path="/api/v5/app/entry/data/batch_create"))
    [told] = crm.write("keyed", [write])
    assert isinstance(told, Unanswered)
    [there] = crm.search("keyed", {"erp_code": "C00001"})
    [again, other] = crm.write("keyed", [write, Write(None, sample(2))])
    assert isinstance(again, Rejected)
    assert again.facts["id"] == there.id
    assert isinstance(other, Written)


def test_calls_per_hundred_changes(world):
    """New: one batch and one read back; equal changes: one look, one batch, one read back; others one by one."""
    crm, hands = world.line(), Hands(world.url)
    crm.discover()
    hands.reset()
    done = crm.write("customer", [Write(None, sample(n), token=f"t{n}") for n in range(200)])
    assert all(isinstance(d, Written) and d.values for d in done)
    assert world.calls() == {"batch_create": 2, "list": 2}
    hands.reset()
    crm.write("customer", [Write(d.id, {"level": "B"}, expect={"level": "A"}) for d in done])
    assert world.calls() == {"list": 4, "batch_update": 2}
    hands.reset()
    crm.write("customer", [Write(d.id, {"remark": f"r{n}"}) for n, d in enumerate(done[:30])])
    assert world.calls() == {"list": 1, "update": 30}
    hands.reset()
    crm.write("customer", [Write(d.id, None) for d in done])
    assert world.calls() == {"batch_delete": 2}


def test_the_vendor_s_limits_are_kept_so_that_nothing_is_refused(world):
    crm = world.line()
    ids = [d.id for d in crm.write("customer", [Write(None, sample(n), token=f"t{n}") for n in range(60)])]
    started = world.clock.now()
    done = crm.write("customer", [Write(i, {"remark": f"r{n}"}) for n, i in enumerate(ids)])
    assert all(isinstance(d, Written) for d in done)
    assert world.clock.now() - started >= timedelta(seconds=59 / 20)


def test_half_a_batch_is_made_whole(world):
    crm = world.line()
    world.sandbox.faults.append(Fault("partial", times=1))
    done = crm.write("customer", [Write(None, sample(n), token=f"t{n}") for n in range(10)])
    assert all(isinstance(d, Written) for d in done)
    assert len([r for page in crm.read("customer") for r in page.records]) == 10


def test_half_a_batch_that_stays_half_names_those_left_out(world):
    crm = world.line()
    world.sandbox.faults.append(Fault("partial", times=2))
    done = crm.write("customer", [Write(None, sample(n), token=f"t{n}") for n in range(10)])
    assert [type(d) for d in done] == [Written] * 5 + [Rejected] * 5


@pytest.mark.parametrize(
    ("fault", "kind", "code"),
    [
        ("throttle", Transient, "jiandaoyun.busy"),
        ("busy", Transient, "net.too_many"),
        ("denied", Denied, "jiandaoyun.denied"),
        ("key_disabled", Denied, "jiandaoyun.denied"),
        ("archived", Unsupported, "jiandaoyun.no_form"),
        ("locked", Transient, "jiandaoyun.busy"),
        ("half", Transient, "net.cut"),
    ],
)
def test_a_fault_has_its_class(world, fault, kind, code):
    crm = world.line()
    crm.discover()
    world.sandbox.faults.append(Fault(fault, path="/api/v5/app/entry/data/list"))
    with pytest.raises(kind) as told:
        list(crm.read("customer"))
    assert told.value.code == code


def test_an_archived_form_is_found_by_the_check(world):
    crm = world.line()
    crm.check()
    world.person("form", ENTRY["contract"], {"archived": True})
    with pytest.raises(Unsupported) as told:
        crm.check()
    assert told.value.code == "jiandaoyun.no_form"


def test_a_field_renamed_overnight(world):
    """By widget id the name stays; whatever is read or written under the old alias is never lost silently."""
    forms = world.settings()["forms"]
    forms["customer"]["fields"] = {"name": FORMS[0].widgets[1].name}
    forms["customer"]["required"] = []
    crm = world.line(forms=forms, names="widget")
    record = world.person("customer", None, {"cust_name": "旧"})
    since = next(iter(crm.read("customer"))).cursor
    world.person("form", ENTRY["customer"], {"alias": {"cust_name": "company_name"}})
    world.person("customer", record, {"company_name": "新"})
    [found] = [r for page in crm.read("customer", since) for r in page.records]
    assert found.values["name"] == "新"
    world.person("form", ENTRY["customer"], {"alias": {"company_name": "firm"}})
    [done] = crm.write("customer", [Write(record, {"name": "再新"}, expect={"name": "新"})])
    assert done.values["name"] == "再新"
    world.person("form", ENTRY["customer"], {"alias": {"firm": ""}})
    world.clock.sleep(61)
    [made] = crm.write("customer", [Write(None, {"name": "后来的"}, token="t")])
    assert made.values["name"] == "后来的"


def test_an_alias_in_a_mapping_that_is_gone_is_said(world):
    crm = world.line()
    record = world.person("customer", None, {"cust_name": "旧"})
    world.person("form", ENTRY["customer"], {"alias": {"remark": "notes"}})
    [told] = crm.write("customer", [Write(record, {"remark": "x"}, expect={"cust_name": "旧"})])
    assert isinstance(told, Unsupported)
    assert told.code == "jiandaoyun.unknown_field"


def test_a_colleague_s_change_is_not_overwritten(world):
    crm = world.line()
    record = world.person("customer", None, {"cust_name": "甲", "remark": "一"})
    world.person("customer", record, {"remark": "同事改的"})
    [told] = crm.write("customer", [Write(record, {"remark": "二"}, expect={"remark": "一"})])
    assert isinstance(told, Stale)
    assert world.sandbox.book.peek("customer", record)["remark"] == "同事改的"


def test_an_unknown_member_leaves_a_blank_that_is_told(world):
    crm = world.line()
    [made] = crm.write("customer", [Write(None, {"cust_name": "甲", "owner": "nobody"}, token="t")])
    assert made.values["owner"] is None


def test_batch_edits_of_people_are_found_by_polling(world):
    """The screen's batch functions push nothing."""
    crm = world.line()
    record = world.person("customer", None, {"cust_name": "甲"})
    since = next(iter(crm.read("customer"))).cursor
    world.clock.sleep(300)
    world.person("customer", record, {"level": "C", "$batch": True})
    assert [r.values["level"] for page in crm.read("customer", since) for r in page.records] == ["C"]


def test_automations_can_be_started_one_record_a_call(world):
    crm = world.line(start_trigger=True)
    world.sandbox.ledger.clear()
    one, two = crm.write("customer", [Write(None, sample(n), token=f"t{n}") for n in (1, 2)])
    crm.write("customer", [Write(one.id, {"level": "C"}), Write(two.id, {"level": "C"})])
    crm.write("customer", [Write(one.id, None), Write(two.id, None)])
    calls = world.calls()
    assert (calls["create"], calls["update"], calls["delete"]) == (2, 2, 2)
    assert not {"batch_create", "batch_update", "batch_delete"} & set(calls)


def test_every_form_that_the_key_sees_can_be_read_without_naming_any(world):
    crm = world.line(forms={})
    schemas = {s.label: s for s in crm.discover()}
    assert set(schemas) == {f"{APP[1]} / {form.name}" for form in FORMS}
    assert all(s.abilities.create == "blind" for s in schemas.values())
    world.person("customer", None, {"cust_name": "甲"})
    [page] = crm.read(f"{APP[0]}/{ENTRY['customer']}")
    assert page.records[0].values["cust_name"] == "甲"


def test_their_push_is_understood(world):
    """Signed by the sandbox's own hand, which was written from the same facts by another person."""
    crm = world.line()
    stamp = str(int(world.clock.now().timestamp()))
    body = json.dumps(
        {"op": "data_update", "data": {"_id": "c" * 24, "appId": APP[0], "entryId": ENTRY["order"]}}
    ).encode()
    headers = {
        ":path": f"/hooks/crm?timestamp={stamp}&nonce=xyz",
        "x-jdy-signature": signature("xyz", body, "s3cret", stamp),
        "x-jdy-deliverid": "1",
    }
    assert crm.parse(headers, body) == [("order", "c" * 24)]
    with pytest.raises(Denied):
        crm.parse({**headers, "x-jdy-deliverid": "2"}, body + b" ")


def test_a_redirect_to_another_host_is_not_followed(world):
    crm = world.line()

    async def away(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 307, "headers": [(b"location", b"http://evil.example/x")]})
        await send({"type": "http.response.body", "body": b""})

    with serving(away) as url:
        world.url = url
        crm = world.line()
        with pytest.raises(Unsupported) as told:
            crm.check()
    assert told.value.code == "jiandaoyun.redirected"
    assert API_KEY not in str(told.value)


def test_the_connection_that_the_sandbox_offers_works(world):
    offered = SANDBOX.connection(world.url)
    crm = line(offered["connector"], offered["settings"], world.clock)
    crm.check()
    assert [s.name for s in crm.discover()] == list(ENTRY)
