"""Fxiaoke's connector passes the conformance suite over the sandbox, and stands what a company can do to it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from vendor_bench import Bench, served
from vendor_line import Still, line

from hefu.connectors._fxiaoke_shapes import instant, milliseconds
from hefu.core.errors import Denied, Rejected, Stale, Transient, Unanswered, Unsupported
from hefu.core.records import Values, Write, Written
from hefu.core.words import ERRORS, tell
from hefu.sandbox.frame import Fault
from hefu.sandbox.fxiaoke import SANDBOX
from hefu.sandbox.fxiaoke import Fxiaoke as Sandbox
from hefu.sandbox.fxiaoke.api import APP_ID, APP_SECRET, PERMANENT
from hefu.sandbox.hands import Hands
from hefu.sim.conformance import Conformance, Rig
from loopback import serving


class World(Bench):
    """A company of its own, and the connector to it."""

    connector, path = "fxiaoke", "/cgi/crm"
    own = {"expired": Fault("expired"), "401": Fault("expired", times=2)}
    wrong = {"app_secret": "wrong-app-secret"}

    def __init__(self) -> None:
        clock = Still()
        super().__init__(Sandbox(empty=True, clock=clock), clock)

    def settings(self) -> dict[str, Any]:
        secrets = {"app_secret": APP_SECRET, "permanent_code": PERMANENT}
        return {"url": self.url, "app_id": APP_ID, **secrets, "user": "FSUID_1000"}

    def remove(self, obj: str, record_id: str) -> None:
        self.person(obj, record_id, {"$invalid": True})


@pytest.fixture
def world() -> Iterator[World]:
    with served(World()) as made:
        yield made


def sample(n: int) -> dict[str, Any]:
    return {
        "name": f"客户 {n}", "tel": f"021-{n:08d}", "account_level": "1", "field_tags__c": "key;new",
        "remark": f"备注 {n}", "field_active__c": True, "owner": "1000",
    }  # fmt: skip


def typed(values: Values) -> dict[str, Any]:
    """As a person enters it: a moment in milliseconds, an owner in a list."""
    out = {n: v for n, v in values.items() if n not in ("lines", "field_tags__c")}
    out |= {n: milliseconds(datetime(v.year, v.month, v.day, tzinfo=UTC)) for n, v in out.items() if type(v) is date}
    return {n: [v] if n == "owner" else v for n, v in out.items()}


class TestAccount(Conformance):
    @pytest.fixture
    def rig(self, world: World) -> Rig:
        edited = {"remark": "edited"}
        return world.rig("AccountObj", sample, edited, typed=lambda n: typed(sample(n)), empty="ContactObj")


class TestOrderWithLines(Conformance):
    @pytest.fixture
    def rig(self, world: World) -> Rig:
        account = world.person("AccountObj", None, {"name": "订货客户", "owner": ["1000"]})
        product = world.person("ProductObj", None, {"name": "阀门", "owner": ["1000"]})

        def order(n: int) -> dict[str, Any]:
            lines = [{"product_id": product, "quantity": Decimal(q), "sales_price": Decimal("9.5")} for q in (1, 2)]
            head = {"account_id": account, "order_time": date(2026, 11, 1), "owner": "1000"}
            return {**head, "name": f"SO{n:06d}", "field_erp_status__c": f"状态 {n}", "lines": lines}

        return world.rig(
            "SalesOrderObj",
            order,
            {"field_erp_status__c": "edited"},
            typed=lambda n: typed(order(n)),
            words={"app": "token", "user": "1000"},
            empty="ContactObj",
            bad={"account_id": None},
        )


# --------------------------------------------------------------- what a company can do


def test_milliseconds_are_exact():
    at = datetime(2026, 3, 1, 8, 0, 0, 123000, tzinfo=UTC)
    assert instant(milliseconds(at)) == at


def test_a_create_that_was_committed_and_then_timed_out_makes_one_record(world):
    crm = world.line()
    write = Write(None, sample(1), token="hub-1")
    world.sandbox.faults.append(Fault("lost", path="/cgi/crm/v2/data/create"))
    [told] = crm.write("AccountObj", [write])
    assert isinstance(told, Unanswered)
    [there] = crm.search("AccountObj", {"field_hub_id__c": "hub-1"})
    [again] = crm.write("AccountObj", [write])  # the unique field refuses it, and it is known as ours
    assert again.id == there.id
    assert len([r for page in crm.read("AccountObj") for r in page.records]) == 1


def test_calls_per_hundred_changes(world):
    """One call a record is the vendor's maximum; what is to be changed is looked at by twenties."""
    crm, hands = world.line(), Hands(world.url)
    crm.discover()
    hands.reset()
    done = [crm.write("AccountObj", [Write(None, sample(n), token=f"t{n}")])[0] for n in range(40)]
    assert world.calls() == {"create": 40}
    hands.reset()
    writes = [
        Write(d.id, {"tel": "1", "remark": f"备注 {n}"}, expect={"remark": f"备注 {n}"}) for n, d in enumerate(done)
    ]
    for start in (0, 20):
        assert all(isinstance(o, Written) for o in crm.write("AccountObj", writes[start : start + 20]))
    assert world.calls() == {"query": 2, "update": 40}
    hands.reset()
    assert len(crm.fetch("AccountObj", [d.id for d in done])) == 40
    assert world.calls() == {"query": 1}


def test_a_hundred_calls_in_twenty_seconds_are_kept(world):
    crm = world.line()
    [made] = crm.write("AccountObj", [Write(None, sample(1), token="t")])
    started = world.clock.now()
    for _ in range(101):
        crm.fetch("AccountObj", [made.id])
    assert world.clock.now() - started >= timedelta(seconds=20)


@pytest.mark.parametrize(
    ("fault", "kind", "code"),
    [("throttle", Transient, "fxiaoke.busy"), ("quota", Transient, "fxiaoke.quota"), ("half", Transient, "net.cut")],
)
def test_an_error_inside_an_answer_of_200_has_its_class(world, fault, kind, code):
    crm = world.line()
    crm.discover()
    world.sandbox.faults.append(Fault(fault, path="/cgi/crm/v2/data/query"))
    with pytest.raises(kind) as told:
        list(crm.read("AccountObj"))
    assert told.value.code == code
    assert told.value.after is None or 0 < told.value.after <= 86400


@pytest.mark.parametrize("fault", ["duplicate", "locked", "reviewed"])
def test_a_refused_record_is_rejected_in_words(world, fault):
    crm = world.line()
    record = world.person("AccountObj", None, {"name": "甲", "owner": ["1000"]})
    verb = "create" if fault == "duplicate" else "update"
    world.sandbox.faults.append(Fault(fault, path=f"/cgi/crm/v2/data/{verb}"))
    write = Write(None, sample(1), token="t") if verb == "create" else Write(record, {"remark": "x"})
    [told] = crm.write("AccountObj", [write])
    assert isinstance(told, Rejected)
    assert "{" not in "".join(tell(told) + tell(told, "zh"))


def test_a_colleague_s_change_is_not_overwritten(world):
    crm = world.line()
    record = world.person("AccountObj", None, {"name": "甲", "owner": ["1000"], "remark": "一"})
    world.person("AccountObj", record, {"remark": "同事改的"})
    [told] = crm.write("AccountObj", [Write(record, {"remark": "二"}, expect={"remark": "一"})])
    assert isinstance(told, Stale)


def test_an_owner_is_changed_by_its_own_verb(world):
    crm = world.line()
    record = world.person("AccountObj", None, {"name": "甲", "owner": ["1000"]})
    [done] = crm.write("AccountObj", [Write(record, {"owner": "1007", "remark": "x"})])
    assert isinstance(done, Written)
    assert crm.fetch("AccountObj", [record])[0].values["owner"] == "1007"
    assert world.calls()["changeOwner"] == 1


def test_an_option_is_a_code_and_not_a_label(world):
    crm = world.line()
    [told] = crm.write("AccountObj", [Write(None, sample(1) | {"account_level": "重点客户"}, token="t")])
    assert isinstance(told, Rejected)
    assert told.field == "account_level"


def test_a_field_that_was_switched_off_is_said(world):
    crm = world.line()
    record = world.person("AccountObj", None, {"name": "甲", "owner": ["1000"]})
    world.person("describe", "AccountObj", {"disable": ["remark"]})
    [told] = crm.write("AccountObj", [Write(record, {"remark": "x"})])
    assert isinstance(told, Unsupported | Rejected)
    fresh = world.line()
    assert "remark" not in [f.name for f in fresh.discover()[0].fields]


def test_a_wrong_secret_is_asked_once_and_not_hammered(world):
    crm = world.line(app_secret="wrong")
    for _ in range(5):
        with pytest.raises(Denied):
            crm.check()
    assert world.calls() == {"V2": 1}


def test_a_mobile_number_names_the_acting_user(world):
    world.line(user="19900009000").check()
    with pytest.raises(Unsupported) as told:
        world.line(user="10000000000").check()
    assert told.value.code == "fxiaoke.no_user"


def test_a_redirect_to_another_host_is_not_followed(world):
    async def away(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 307, "headers": [(b"location", b"http://evil.example/x")]})
        await send({"type": "http.response.body", "body": b""})

    with serving(away) as url:
        world.url = url
        with pytest.raises(Unsupported) as told:
            world.line().check()
    assert told.value.code == "fxiaoke.redirected"


def test_the_connection_that_the_sandbox_offers_works(world):
    offered = SANDBOX.connection(world.url)
    crm = line(offered["connector"], offered["settings"], world.clock)
    crm.check()
    assert "SalesOrderObj" in [s.name for s in crm.discover()]


def test_every_code_has_words():
    assert sum(code.startswith("fxiaoke.") for code in ERRORS) > 15
