"""Salesforce's connector passes the conformance suite over the sandbox, and stands what an org can do to it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from vendor_bench import Bench, served
from vendor_line import Still, line

from hefu.core.errors import Denied, HubError, Missing, Rejected, Stale, Transient, Unanswered, Unsupported
from hefu.core.records import Columns, Values, Write, Written
from hefu.core.words import tell
from hefu.sandbox.frame import Fault
from hefu.sandbox.hands import Hands
from hefu.sandbox.salesforce import Salesforce as Sandbox
from hefu.sandbox.salesforce.oauth import CLIENT_ID, CLIENT_SECRET, REFRESH_TOKEN, USERNAME
from hefu.sandbox.salesforce.org import STANDARD_BOOK
from hefu.sim.conformance import Conformance, Rig
from loopback import serving


class World(Bench):
    """An org of its own, and the connector to it."""

    connector, path = "salesforce", "/services/data"
    own = {"401": Fault("disabled"), "expired": Fault("session")}
    wrong = {"client_secret": "wrong-client-secret"}

    def __init__(self) -> None:
        clock = Still()
        super().__init__(Sandbox(empty=True, clock=clock), clock)

    def settings(self) -> dict[str, Any]:
        objects = {n: {} for n in ("Account", "Contact", "Order", "Contract", "Product2")}
        secrets = {"client_id": CLIENT_ID, "client_secret": CLIENT_SECRET}
        return {"url": self.url, **secrets, "page": 200, "objects": objects, "overlap": 60}

    def person(self, obj: str, record_id: str | None, values: Values | None) -> str:
        return str(self.sandbox.org.as_person(obj, record_id, None if values is None else dict(values), "张敏"))

    def shown(self, call: str) -> str:
        return call.replace("/services/data/v60.0/", "").replace("//", "/")

    def goods(self) -> dict[str, str]:
        """A customer, and a product with its standard price."""
        book = STANDARD_BOOK
        product = self.person("Product2", None, {"Name": "阀门", "ProductCode": "V1", "IsActive": True})
        entry = {"Pricebook2Id": book, "Product2Id": product, "UnitPrice": Decimal("9.5"), "IsActive": True}
        account = self.person("Account", None, {"Name": "订货客户"})
        return {"book": book, "entry": self.person("PricebookEntry", None, entry), "account": account}


@pytest.fixture
def world() -> Iterator[World]:
    with served(World()) as made:
        yield made


def sample(n: int) -> dict[str, Any]:
    return {
        "Name": f"客户 {n}", "AccountNumber": f"C{n:05d}", "Phone": f"021-{n:08d}", "BillingCity": "上海",
        "AnnualRevenue": Decimal("1234"), "Description": f"备注 {n}",
    }  # fmt: skip


class TestAccount(Conformance):
    @pytest.fixture
    def rig(self, world: World) -> Rig:
        def merge(winner: str, loser: str) -> None:
            world.person("Account", winner, {"$merge": loser})

        return world.rig("Account", sample, {"Description": "edited"}, merge=merge, empty="Contract")


class TestOrderWithLines(Conformance):
    @pytest.fixture
    def rig(self, world: World) -> Rig:
        goods = world.goods()
        line_ = {"PricebookEntryId": goods["entry"], "UnitPrice": Decimal("9.5")}
        head = {"AccountId": goods["account"], "Pricebook2Id": goods["book"], "Status": "Draft"}

        def typed(n: int) -> dict[str, Any]:
            return {**head, "EffectiveDate": "2026-11-01", "PoNumber": f"PO{n:06d}"}

        def order(n: int) -> dict[str, Any]:
            lines = [{**line_, "Quantity": Decimal(q)} for q in (1, 2)]
            return {**typed(n), "EffectiveDate": date(2026, 11, 1), "lines": lines}

        return world.rig("Order", order, {"PoNumber": "edited"}, typed=typed, empty="Contract")


# ------------------------------------------------------------------ what an org can do


def account(world: World, **values: Any) -> str:
    return world.person("Account", None, {"Name": "甲公司", **values})


def names(crm: Any, since: str | None = None) -> list[str]:
    return [r.values["Name"] for page in crm.read("Account", since) for r in page.records]


def test_a_create_that_was_committed_and_then_timed_out_makes_one_record(world):
    crm = world.line()
    write = Write(None, sample(1), token="hub-1")
    world.sandbox.faults.append(Fault("lost", path="/services/data/v60.0/composite"))
    [told] = crm.write("Account", [write])
    assert isinstance(told, Unanswered)
    [there] = crm.search("Account", {"HubKey__c": "hub-1"})
    [again] = crm.write("Account", [write])
    assert again.id == there.id
    assert names(crm) == ["客户 1"]


def test_an_order_with_lines_that_was_committed_and_then_timed_out_is_one_order(world):
    crm, goods = world.line(), world.goods()
    line_ = {"PricebookEntryId": goods["entry"], "Quantity": Decimal(2), "UnitPrice": Decimal(9)}
    head = {"AccountId": goods["account"], "Pricebook2Id": goods["book"], "EffectiveDate": date(2026, 11, 1)}
    write = Write(None, {**head, "Status": "Draft", "lines": [line_]}, token="hub-9")
    world.sandbox.faults.append(Fault("lost", path="/services/data/v60.0/composite"))
    [told] = crm.write("Order", [write])
    assert isinstance(told, Unanswered)
    [again] = crm.write("Order", [write])
    [order] = [r for page in crm.read("Order") for r in page.records]
    assert again.id == order.id
    assert len(order.values["lines"]) == 1


def test_calls_per_hundred_changes(world):
    """New: one call for 200; changes: one look, one call for 200; deletes: one call for 200."""
    crm, hands = world.line(), Hands(world.url)
    crm.discover()
    hands.reset()
    done = crm.write("Account", [Write(None, sample(n), token=f"t{n}") for n in range(400)])
    assert all(isinstance(d, Written) for d in done)
    assert sum(world.calls().values()) == 2
    hands.reset()
    expect = {"BillingCity": "上海"}
    crm.write("Account", [Write(d.id, {"BillingCity": f"城{n}"}, expect=expect) for n, d in enumerate(done)])
    assert sum(world.calls().values()) == 3
    hands.reset()
    assert len(crm.fetch("Account", [d.id for d in done])) == 400
    assert sum(world.calls().values()) == 1
    crm.write("Account", [Write(d.id, None) for d in done])
    assert sum(world.calls().values()) == 3


def test_thousands_are_written_and_read_as_a_bulk_job(world):
    crm = world.line(bulk_above=300, bulk_read_above=300)
    rows = [{**sample(n), "Name": f'=1+"{n}",\n甲', "Phone": None} for n in range(300)]
    rows[7]["Name"] = None
    refused = crm.upsert("Account", Columns([f"k{n}" for n in range(300)], {
        name: [row[name] for row in rows] for name in rows[0]}))  # fmt: skip
    assert [*refused] == [7], list(refused.values())[:1]
    assert isinstance(refused[7], Rejected)
    assert refused[7].facts["said"] == "REQUIRED_FIELD_MISSING"
    for n in range(3):
        account(world, Name=f"别的 {n}")
    found = {r.values["HubKey__c"]: r for page in crm.read("Account") for r in page.records}
    assert found["k3"].values["Name"] == '=1+"3",\n甲'
    assert found["k3"].values["AnnualRevenue"] == Decimal(1234)
    changes = [Write(r.id, {"BillingCity": None, "Phone": f"1{n}"}) for n, r in enumerate(found.values())]
    assert all(isinstance(d, Written) for d in crm.write("Account", changes))
    now = crm.fetch("Account", [found["k3"].id])[0].values
    assert (now["BillingCity"], now["Name"], now["Phone"][0]) == (None, '=1+"3",\n甲', "1")


def test_a_session_that_ends_between_two_pages_is_renewed(world):
    crm = world.line()
    for n in range(450):
        account(world, Name=f"客户 {n}")
    pages = crm.read("Account")
    first = next(pages)
    world.sandbox.faults.append(Fault("session"))
    assert len(first.records) + sum(len(page.records) for page in pages) == 450


def test_a_lost_cursor_goes_on_where_it_stood(world):
    crm = world.line()
    for n in range(450):
        account(world, Name=f"客户 {n}")
        if n % 7 == 0:
            world.clock.sleep(1)
    pages = crm.read("Account")
    first = next(pages)
    world.sandbox.faults.append(Fault("locator"))
    read = [r.id for r in first.records] + [r.id for page in pages for r in page.records]
    assert len(read) == len(set(read)) == 450


def test_deletes_and_merges_are_told_apart(world):
    crm = world.line()
    kept, merged, dropped = account(world), account(world), account(world)
    since = [page.cursor for page in crm.read("Account")][-1]
    world.clock.sleep(5)
    world.person("Account", kept, {"$merge": merged})
    world.person("Account", dropped, None)
    pages = list(crm.read("Account", since))
    assert [i for page in pages for i in page.gone] == [dropped]
    assert [(r.id, tuple(r.aliases)) for page in pages for r in page.records if r.aliases] == [(kept, (merged,))]


def test_a_changed_line_tells_its_order(world):
    crm, goods = world.line(), world.goods()
    head = {"AccountId": goods["account"], "Pricebook2Id": goods["book"], "EffectiveDate": date(2026, 11, 1)}
    part = {"PricebookEntryId": goods["entry"], "UnitPrice": Decimal(9)}
    lines = [{**part, "Quantity": Decimal(q)} for q in (1, 2)]
    [made] = crm.write("Order", [Write(None, {**head, "Status": "Draft", "lines": lines}, token="t")])
    world.clock.sleep(600)
    since = [page.cursor for page in crm.read("Order")][-1]
    world.clock.sleep(600)
    [order] = crm.fetch("Order", [made.id])
    world.person("OrderItem", order.values["lines"][0]["Id"], {"Description": "急"})
    [told] = {r.id: r for page in crm.read("Order", since) for r in page.records}.values()
    assert told.values["lines"][0]["Description"] == "急"


def test_of_a_document_only_what_differs_is_sent(world):
    """A line's price book entry may never be written again, even unchanged."""
    crm, goods = world.line(), world.goods()
    head = {"AccountId": goods["account"], "Pricebook2Id": goods["book"], "EffectiveDate": date(2026, 11, 1)}
    part = {"PricebookEntryId": goods["entry"], "UnitPrice": Decimal(9)}
    lines = [{**part, "Quantity": Decimal(q)} for q in (1, 2)]
    [made] = crm.write("Order", [Write(None, {**head, "Status": "Draft", "lines": lines}, token="t")])
    now = crm.fetch("Order", [made.id])[0].values["lines"]
    changed = [{"Id": line["Id"], **part, "Quantity": Decimal(5)} for line in now[:1]]
    [done] = crm.write("Order", [Write(made.id, {"lines": changed})])
    assert isinstance(done, Written)
    assert sorted(line["Quantity"] for line in crm.fetch("Order", [made.id])[0].values["lines"]) == [2, 5]
    [told] = crm.write("Order", [Write(made.id, {"lines": [{"Id": "802000000000000AAA", "Quantity": Decimal(1)}]})])
    assert isinstance(told, Rejected)


def test_an_activated_order_is_told_as_such(world):
    crm, goods = world.line(), world.goods()
    head = {"AccountId": goods["account"], "Pricebook2Id": goods["book"], "EffectiveDate": date(2026, 11, 1)}
    line_ = {"PricebookEntryId": goods["entry"], "Quantity": Decimal(1), "UnitPrice": Decimal(9)}
    [made] = crm.write("Order", [Write(None, {**head, "Status": "Draft", "lines": [line_]}, token="t")])
    crm.call("Order", "activate", made.id, {})
    assert crm.fetch("Order", [made.id])[0].values["Status"] == "Activated"
    with pytest.raises(Rejected):
        crm.call("Order", "activate", made.id, {})
    [told] = crm.write("Order", [Write(made.id, {"EffectiveDate": date(2026, 12, 1)})])
    assert isinstance(told, Rejected | Unsupported)


@pytest.mark.parametrize(
    ("fault", "kind", "said"),
    [
        ("lock", Written, None),  # by itself, a second later
        ("duplicate", Rejected, "DUPLICATES_DETECTED"),
        ("validation", Rejected, "FIELD_CUSTOM_VALIDATION_EXCEPTION"),
        ("trigger", Rejected, "CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY"),
        ("quota", Transient, "REQUEST_LIMIT_EXCEEDED"),
        ("disabled", Denied, "API_DISABLED_FOR_ORG"),
    ],
)
def test_a_refusal_has_its_class(world, fault, kind, said):
    crm = world.line()
    crm.discover()
    world.sandbox.faults.append(Fault(fault))
    one, two = crm.write("Account", [Write(None, sample(n), token=f"t{n}") for n in (1, 2)])
    hit = next((o for o in (one, two) if isinstance(o, HubError)), one)
    assert isinstance(hit, kind)
    if isinstance(hit, HubError):
        assert hit.facts["said"] == said
        assert "?" not in "".join(tell(hit, "zh")).replace("Use one of these records?", "")


def test_a_record_held_by_another_program_for_long_waits(world):
    crm = world.line()
    world.sandbox.faults.append(Fault("lock", times=0))
    [told] = crm.write("Account", [Write(None, sample(1), token="t")])
    assert isinstance(told, Transient)
    assert told.after == 5.0


def test_a_right_to_one_field_that_is_taken_away(world):
    crm = world.line()
    record = account(world, Phone="021-1")
    crm.discover()
    Hands(world.url).settings(hidden=["Account.Phone"])
    assert names(crm) == ["甲公司"]  # read on without it
    [told] = crm.write("Account", [Write(record, {"Phone": "021-2"})])
    assert isinstance(told, Unsupported)
    assert "Phone" in tell(told)[0]


def test_a_colleague_s_change_is_not_overwritten(world):
    crm = world.line()
    record = account(world, Phone="021-1")
    world.person("Account", record, {"Phone": "021-9"})
    [told] = crm.write("Account", [Write(record, {"Phone": "021-2"}, expect={"Phone": "021-1"})])
    assert isinstance(told, Stale)
    assert world.sandbox.org.peek("Account", record)["Phone"] == "021-9"


def test_the_org_s_calls_are_a_budget(world):
    crm = world.line()
    Hands(world.url).settings(calls=1000, calls_used=795)
    crm.check()
    for _ in range(20):
        try:
            crm.check()
        except Transient as error:
            told = error
            break
    assert told.code == "salesforce.share_used"
    assert crm.health()["calls"].endswith("/1000")
    world.clock.sleep(901)
    crm.check()  # now and then one call asks whether the day's calls came back


def test_an_expired_login_is_refused_once_and_not_hammered(world):
    crm = world.line(client_secret="wrong")
    for _ in range(5):
        with pytest.raises(Denied) as told:
            crm.check()
    assert told.value.code == "salesforce.login_refused"
    assert sum(n for path, n in world.calls().items() if path.endswith("token")) == 1


def test_a_signed_jwt_opens_a_session(world):
    key = rsa.generate_private_key(65537, 2048)
    pem = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ).decode()
    public = key.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    Hands(world.url).settings(certificate=public.decode())
    world.line(flow="jwt", username=USERNAME, private_key=pem, client_secret="").check()
    with pytest.raises(Denied):
        world.line(flow="jwt", username="somebody@else.cn", private_key=pem).check()
    with pytest.raises(Unsupported):
        world.line(flow="jwt", username=USERNAME, private_key="no key").check()


def test_a_refresh_token_opens_a_session_and_a_rotated_one_is_kept(world):
    crm = world.line(flow="refresh_token", refresh_token=REFRESH_TOKEN)
    Hands(world.url).settings(rotate=1)
    crm.check()
    assert "rotation" in crm.health()["login"]
    world.sandbox.api.sessions.end()
    crm.check()


def test_a_token_is_sent_to_no_host_that_nobody_wrote(world):
    async def elsewhere(scope: Any, receive: Any, send: Any) -> None:
        body = b'{"access_token": "x", "instance_url": "https://evil.example"}'
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"application/json")]})
        await send({"type": "http.response.body", "body": body})

    with serving(elsewhere) as url:
        world.url = url
        with pytest.raises(Unsupported) as told:
            world.line().check()
    assert told.value.code == "salesforce.other_host"
    with pytest.raises(Unsupported) as told:
        world.line(url="https://login.salesforce.com").check()
    assert told.value.code == "salesforce.needs_my_domain"


@pytest.mark.parametrize(
    ("status", "headers", "body", "kind"),
    [
        (200, [], b'{"totalSize": 1, "records": [{"Id"', Transient),
        (200, [], b"<html>maintenance</html>", Transient),
        (500, [], b"<html>", Transient),
        (406, [], b"", Transient),
        (302, [(b"location", b"https://evil.example/?sid=1")], b"", Unsupported),
        (404, [], b'[{"errorCode":"NOT_FOUND","message":"x"}]', Missing),
        (400, [], b'[{"errorCode":"MALFORMED_QUERY","message":"x"}]', Unsupported),
    ],
)
def test_a_broken_answer_has_its_class(world, status, headers, body, kind):
    async def broken(scope: Any, receive: Any, send: Any) -> None:
        login = scope["path"].endswith("token")
        content = b'{"access_token": "x"}' if login else body
        start = {"type": "http.response.start", "status": 200 if login else status, "headers": [] if login else headers}
        await send(start)
        await send({"type": "http.response.body", "body": content})

    with serving(broken) as url:
        world.url = url
        with pytest.raises(kind) as told:
            world.line().check()
    assert "sid=1" not in str(told.value)


def test_the_connection_that_the_sandbox_offers_works(world):
    from hefu.sandbox.salesforce import SANDBOX

    offered = SANDBOX.connection(world.url)
    crm = line(offered["connector"], offered["settings"], world.clock)
    crm.check()
    assert {s.name for s in crm.discover()} >= {"Account", "Contact", "Opportunity", "Order", "Product2"}
