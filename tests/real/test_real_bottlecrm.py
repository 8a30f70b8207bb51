"""The BottleCRM connector against a real BottleCRM: the conformance suite, and the server's own manners."""

from __future__ import annotations

import http.client
import itertools
import json
import threading
import time
from datetime import date
from decimal import Decimal
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from real_proxy import WORDS, before

from hefu.connectors.bottlecrm import FEED, BottleCRM, BottleCRMSettings
from hefu.core.connector import Site
from hefu.core.env import Env
from hefu.core.errors import Denied, Missing, Rejected, Stale, Transient, Unsupported
from hefu.core.project import Limits
from hefu.core.records import REMOVED, Write, Written
from hefu.net import Egress
from hefu.sim.conformance import Conformance, Rig

ENV = Env()
RUN = format(int(time.time()), "x")
COUNT = itertools.count(1)


def open_crm(state, *, port=None, timeout=30, **settings):
    """A connector to the real system, over the hub's own HTTP client."""
    port = port or state["port"]
    limits = Limits(timeout=timeout)
    out = Egress(ENV, targets=[("127.0.0.1", port)], connection="crm", limits=limits)
    settings = {"page": 10, "token": state["token"]} | settings
    site = Site(out, ENV.now, ENV.sleep, connection="crm", facts={"lateness": 2})
    return BottleCRM(BottleCRMSettings(url=f"http://127.0.0.1:{port}", **settings), site)


@pytest.fixture(scope="session")
def state(pair):
    return pair.crm.state


@pytest.fixture
def crm(state):
    connector = open_crm(state)
    yield connector
    connector.site.http.close()


def account():
    n = next(COUNT)
    return {
        "name": f"合符贸易 {RUN} {n}",
        "phone": f"+86138{n:08d}",
        "email": f"buyer{n}@example.com",
        "annual_revenue": Decimal("1000.5"),
        "address_line": f"解放路{n}号",
        "city": "苏州",
        "postcode": "215000",
        "country": "CN",
        "currency": "CNY",
        "cf_erp_id": f"C{RUN}-{n}",
    }


def contact():
    n = next(COUNT)
    return {"first_name": "三", "last_name": f"张{n}", "email": f"z{RUN}.{n}@example.com", "title": "采购"}


def deal(**more):
    n = next(COUNT)
    lines = [
        {"name": "第一行", "quantity": Decimal(3), "unit_price": Decimal("99.5")},
        {"name": "第二行", "quantity": Decimal("0.5"), "unit_price": Decimal(10)},
    ]
    made = {"name": f"商机 {RUN} {n}", "currency": "CNY", "stage": "PROSPECTING", "description": "备注"}
    return {**made, "line_items": lines, **more}


def product():
    n = next(COUNT)
    made = {"name": f"货 {n}", "sku": f"S{RUN}-{n}", "price": Decimal("12.5"), "currency": "CNY"}
    return {**made, "description": "好货"}


class Suite(Conformance):
    """One object of the real system, with a net that fails on demand."""

    object = ""
    edited = {}
    bypass = {}

    def sample(self, n):
        raise NotImplementedError

    @pytest.fixture
    def rig(self, state, request):
        with before(state["port"]) as proxy:
            connector = open_crm(state, port=proxy.port, timeout=4)
            connector.discover()
            proxy.only = (lambda method, *_: method != "GET") if "write" in request.node.name else None
            clerk = open_crm(state)
            rig = Rig(
                connector,
                self.object,
                self.sample,
                self.edited,
                lambda i, values: clerk.write(self.object, [Write(i, values)]),
                proxy.fail,
                remove=lambda i: clerk.write(self.object, [Write(i, None)]),
                wait=ENV.sleep,
                reopen=lambda: open_crm(state),
                wrong_secret=lambda: open_crm(state, token="bcrm_pat_wr0ng-word"),
                unreachable=lambda: open_crm(state, port=9),
                faults=[w for w in WORDS if w != "expired"],
                overlap=2,
                large=60,
                bypass=self.bypass,
                against="real",
                system="BottleCRM",
            )
            yield rig
            for made in dict.fromkeys(rig.made):
                clerk.write(self.object, [Write(made, None)])
            connector.site.http.close()
            clerk.site.http.close()


class TestAccounts(Suite):
    object = "accounts"
    edited = {"city": "南京", "phone": "+8613900000000", "cf_erp_status": "已改"}
    bypass = {"numbers_and_dates_are_exact": "a revenue may not be negative; `test_numbers_are_exact` tries others"}

    def sample(self, n):
        return account()


class TestContacts(Suite):
    object = "contacts"
    edited = {"title": "经理", "phone": "+8613900000000"}
    bypass = {"memory_is_bounded": "the same reading code as for accounts, where it is tried"}

    def sample(self, n):
        return contact()


class TestDeals(Suite):
    object = "opportunities"
    edited = {"description": "已改", "probability": Decimal(40)}
    bypass = {
        "memory_is_bounded": "the same reading code as for accounts, where it is tried",
        "numbers_and_dates_are_exact": "an amount with lines is their sum; `test_numbers_are_exact` tries one without",
    }

    def sample(self, n):
        return deal()


class TestProducts(Suite):
    object = "products"
    edited = {"name": "货已改", "price": Decimal("99.9")}
    bypass = {
        "memory_is_bounded": "the same reading code as for accounts, where it is tried",
        "numbers_and_dates_are_exact": "a price may not be negative; `test_numbers_are_exact` tries the others",
    }

    def sample(self, n):
        return product()


# ---------------------------------------------------------- BottleCRM's own manners


@pytest.fixture
def made(crm):
    """What a test made, deleted afterwards."""
    records = []

    def make(obj, values):
        [done] = crm.write(obj, [Write(None, values)])
        assert isinstance(done, Written), done
        records.append((obj, done.id))
        return done

    yield make
    for obj, record_id in reversed(records):
        crm.write(obj, [Write(record_id, None)])


def test_numbers_are_exact(crm, made):
    tried = (
        ("accounts", account(), "annual_revenue", ("0", "0.1", "0.07", "1234567890123.89")),
        ("opportunities", deal(line_items=[]), "amount", ("0.07", "1234567890.89", "100")),
        ("products", product(), "price", ("0", "0.1", "0.07", "1234567890.89")),
    )
    for obj, values, name, texts in tried:
        record = made(obj, values)
        for text in texts:
            [done] = crm.write(obj, [Write(record.id, {name: Decimal(text)})])
            assert done.values[name] == Decimal(text)
        [refused] = crm.write(obj, [Write(record.id, {name: Decimal("0.001")})])
        assert refused.code == "bottlecrm.places"


def test_a_custom_field_finds_a_record_again(crm, made):
    values = account()
    record = made("accounts", values)
    assert [r.id for r in crm.search("accounts", {"cf_erp_id": values["cf_erp_id"]})] == [record.id]
    [done] = crm.write("accounts", [Write(record.id, {"cf_erp_status": "shipped"})])
    assert (done.values["cf_erp_id"], done.values["cf_erp_status"]) == (values["cf_erp_id"], "shipped")
    [done] = crm.write("accounts", [Write(record.id, {"cf_erp_status": None})])
    assert done.values["cf_erp_status"] is None
    [refused] = crm.write("accounts", [Write(record.id, {"cf_unheard_of": "x"})])
    assert isinstance(refused, Unsupported)  # the server would drop it without a word


def test_the_hub_s_own_id_can_live_in_a_custom_field(state):
    connector = open_crm(state, token_field="erp_id")
    able = {s.name: s.abilities for s in connector.discover()}
    assert (able["accounts"].create, able["accounts"].token_field) == ("token", "cf_erp_id")
    assert able["contacts"].create == "key"
    token = f"T{RUN}-{next(COUNT)}"
    [done] = connector.write("accounts", [Write(None, {"name": f"带号 {token}"}, token=token)])
    assert [r.id for r in connector.search("accounts", {"cf_erp_id": token})] == [done.id]
    connector.write("accounts", [Write(done.id, None)])
    connector.site.http.close()


def test_names_are_unique_whatever_their_case(crm, made):
    record = made("accounts", {"name": f"Acme {RUN}"})
    [refused] = crm.write("accounts", [Write(None, {"name": f"ACME {RUN}"})])
    assert isinstance(refused, Rejected)
    assert refused.field == "name"
    assert [r.id for r in crm.search("accounts", {"name": f"acme {RUN}"})] == [record.id]


def test_what_would_be_a_bare_500_is_refused_with_words(crm, made):
    values = product()
    made("products", values)
    [taken, negative] = crm.write("products", [Write(None, values), Write(None, {**product(), "price": Decimal(-1)})])
    assert (taken.code, taken.field) == ("bottlecrm.taken", "sku")
    assert (negative.code, negative.field) == ("bottlecrm.negative", "price")


def test_inactive_accounts_are_read_too(crm, made):
    record = made("accounts", account())
    [done] = crm.write("accounts", [Write(record.id, {"is_active": False})])
    assert done.values["is_active"] is False
    assert record.id in {r.id for page in crm.read("accounts") for r in page.records}
    assert crm.search("accounts", {"name": record.values["name"]})


def test_lines_are_kept_by_their_keys(crm, made):
    item = made("products", product())
    record = made("opportunities", deal())
    first, second = (line["id"] for line in record.values["line_items"])
    lines = [
        {"id": first, "quantity": Decimal(4)},
        {"id": second, REMOVED: True},
        {"product": item.id, "quantity": Decimal("2.5"), "discount_type": "FIXED", "discount_value": Decimal(1)},
    ]
    [done] = crm.write("opportunities", [Write(record.id, {"line_items": lines})])
    now = done.values["line_items"]
    assert [(line["product"], line["quantity"]) for line in now] == [(None, 4), (item.id, Decimal("2.5"))]
    assert done.values["amount"] == sum(line["total"] for line in now) == Decimal("428.25")
    [refused] = crm.write("opportunities", [Write(record.id, {"line_items": [{"id": second, "quantity": Decimal(1)}]})])
    assert refused.code == "bottlecrm.unknown_line"


def test_refused_lines_leave_nothing_behind(crm, made):
    bad = {"name": "无", "quantity": Decimal(-1), "unit_price": Decimal(1)}
    values = deal()
    values["line_items"].append(bad)
    [refused] = crm.write("opportunities", [Write(None, values)])
    assert (type(refused), refused.field) == (Rejected, "quantity")
    assert not crm.search("opportunities", {"name": values["name"]})
    record = made("opportunities", deal())
    [refused] = crm.write(
        "opportunities", [Write(record.id, {"line_items": [{"name": "新", "quantity": Decimal(1)}, bad]})]
    )
    assert isinstance(refused, Rejected)
    assert len(crm.fetch("opportunities", [record.id])[0].values["line_items"]) == 2


def test_a_deal_is_won(crm, made, state):
    record = made("opportunities", deal(account=state["accounts"][3]))
    [refused] = crm.write("opportunities", [Write(record.id, {"stage": "CLOSED_WON"})])
    assert (type(refused), refused.field) == (Rejected, "closed_on")
    [done] = crm.write("opportunities", [Write(record.id, {"stage": "CLOSED_WON", "closed_on": date(2026, 1, 31)})])
    assert (done.values["stage_kind"], done.values["closed_on"]) == ("won", date(2026, 1, 31))
    assert done.values["account"] == state["accounts"][3]


def test_deleting_an_account_tells_of_its_deals(crm, made):
    customer = made("accounts", account())
    order = made("opportunities", deal(account=customer.id))
    *_, accounts = crm.read("accounts")
    *_, deals = crm.read("opportunities")
    crm.write("accounts", [Write(customer.id, None)])
    assert customer.id in {i for page in crm.read("accounts", accounts.cursor) for i in page.gone}
    assert order.id in {i for page in crm.read("opportunities", deals.cursor) for i in page.gone}


def test_the_feed_tells_who_did_it(crm, made):
    *_, last = crm.read("accounts")
    record = made("accounts", account())
    told = {r.id: r for page in crm.read("accounts", last.cursor) for r in page.records}
    assert told[record.id].author == "admin@example.com"
    assert told[record.id].modified_at is not None


def test_too_many_news_for_the_feed_mean_reading_everything(state, made):
    """The feed holds 50: an older change would be lost without a full compare."""
    quick = open_crm(state, page=100)
    first, second = made("accounts", account()), made("accounts", account())
    *_, last = quick.read("accounts")
    quick.write("accounts", [Write(first.id, {"city": "镇江"})])
    for n in range(FEED):
        quick.api.send("PATCH", f"/api/accounts/{second.id}/", {"city": f"城 {n}"})
    told = {r.id: r for page in quick.read("accounts", last.cursor) for r in page.records}
    assert told[first.id].values["city"] == "镇江"
    assert len(told) > 50
    quick.site.http.close()


def test_rows_that_shift_between_pages_are_not_missed(state, made):
    """Somebody deletes records of the first page while the second is fetched: everything behind moves up."""
    reader = open_crm(state, page=5)
    mine = [made("accounts", account()).id for _ in range(8)]
    pages = reader.read("accounts")
    first = next(pages)
    victims = [r.id for r in first.records][:4]
    clerk = open_crm(state)
    spare = [r for r in mine if r not in victims]
    gone = [i for i in victims if i in mine] or spare[:1]
    for record_id in gone:
        clerk.write("accounts", [Write(record_id, None)])
    seen = {r.id for r in first.records} | {r.id for page in pages for r in page.records}
    left = {r.id for page in clerk.read("accounts") for r in page.records}
    assert left <= seen
    for connector in (reader, clerk):
        connector.site.http.close()


def test_a_colleague_who_types_first_is_not_overwritten(crm, made):
    record = made("accounts", account())
    seen = {"city": record.values["city"]}
    crm.write("accounts", [Write(record.id, {"city": "先到"})])
    [stale] = crm.write("accounts", [Write(record.id, {"city": "后到"}, expect=seen)])
    assert isinstance(stale, Stale)
    assert crm.fetch("accounts", [record.id])[0].values["city"] == "先到"


def test_a_write_that_a_colleague_undid_is_repeated(state, made):
    """The server saves whole rows: whoever saves last undoes the other's field. We look, and write once more."""
    record = made("accounts", account())
    with before(state["port"]) as proxy:
        crm, undone = open_crm(state, port=proxy.port), []

        def colleague(method, path, body):
            if method == "GET" and any(m == "PATCH" for m, _ in proxy.calls[:-1]) and not undone:
                undone.append(send(state, "PATCH", path, {"city": record.values["city"]}))

        proxy.meet = colleague
        [done] = crm.write("accounts", [Write(record.id, {"city": "扬州"})])
        assert undone
        assert done.values["city"] == "扬州"
        crm.site.http.close()


def send(state, method, path, body=None, token="admin_jwt"):
    """A call of somebody who is not the hub."""
    line = http.client.HTTPConnection("127.0.0.1", state["port"], timeout=30)
    headers = {"Authorization": f"Bearer {state[token]}", "Content-Type": "application/json"}
    line.request(method, path, json.dumps(body) if body is not None else None, headers)
    answer = line.getresponse()
    data = json.loads(answer.read() or b"{}")
    line.close()
    assert answer.status < 300, data
    return data


@pytest.fixture
def inbox(state):
    """A webhook of the CRM, with what it brought: [(headers, body)]."""
    got, came = [], threading.Event()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            got.append((dict(self.headers), self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(204)
            self.end_headers()
            came.set()

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
    events = ["account.created", "account.updated", "account.deleted", "deal.created", "deal.updated", "deal.won"]
    hook = {"url": f"http://127.0.0.1:{server.server_port}/in", "is_active": True, "events": events}
    made = send(state, "POST", "/api/webhooks/", hook)
    yield made["secret"], got, came
    send(state, "DELETE", f"/api/webhooks/{made['id']}/")
    server.shutdown()
    server.server_close()


def test_webhooks_are_believed_only_if_they_are_signed(state, made, inbox):
    secret, got, came = inbox
    record = made("accounts", account())
    assert came.wait(10)
    headers, body = got[0]
    crm = open_crm(state, webhook_secret=secret)
    assert crm.parse(headers, body) == [("accounts", record.id)]
    with pytest.raises(Denied):
        crm.parse(headers, body.replace(b"account.created", b"account.deleted"))
    with pytest.raises(Denied):
        open_crm(state, webhook_secret="whsec_other").parse(headers, body)
    with pytest.raises(Denied):
        crm.parse({}, body)
    with pytest.raises(Unsupported):
        open_crm(state).parse(headers, body)


def test_a_wrong_address_and_a_dead_server(state):
    connector = open_crm({**state, "token": "bcrm_pat_none"})
    with pytest.raises(Denied):
        connector.check()
    dead = open_crm(state, port=9)
    with pytest.raises(Transient):
        dead.check()
    connector.site.http.close()


def test_ids_that_are_none(crm):
    assert crm.fetch("accounts", ["nonsense", "00000000-0000-0000-0000-000000000000"]) == []
    [missing] = crm.write("accounts", [Write("00000000-0000-0000-0000-000000000000", {"city": "x"})])
    assert isinstance(missing, Missing)
