"""The Tryton connector against a real Tryton: the conformance suite, and the server's own manners."""

from __future__ import annotations

import itertools
import time
from decimal import Decimal

import pytest
from real_proxy import WORDS, before

from hefu.connectors.tryton import Tryton, TrytonSettings
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


def open_tryton(state, *, port=None, who="hub", password=None, timeout=30, **settings):
    """A connector to the real system, over the hub's own HTTP client."""
    port = port or state["port"]
    limits = Limits(timeout=timeout)
    http = Egress(ENV, targets=[("127.0.0.1", port)], connection="erp", limits=limits)
    login, secret = state[who]
    settings = {"page": 20, "batch": 20, "company": state["company"]} | settings
    return Tryton(
        TrytonSettings(
            url=f"http://127.0.0.1:{port}/{state['database']}", user=login, password=password or secret, **settings
        ),
        Site(http, ENV.now, ENV.sleep, connection="erp", facts={"lateness": 2}),
    )


@pytest.fixture(scope="session")
def state(pair):
    return pair.erp.state


@pytest.fixture
def tryton(state):
    connector = open_tryton(state)
    yield connector
    connector.site.http.close()


@pytest.fixture
def clerk(state):
    """Somebody who works in Tryton."""
    connector = open_tryton(state, who="admin")
    yield connector
    connector.site.http.close()


def party(_=0):
    n = next(COUNT)
    return {
        "code": f"{RUN}-{n:05d}",
        "name": f"合符客户 {RUN} {n}",
        "mobile": f"+86 138{n:08d}",
        "email": f"buyer{n}@example.com",
        "credit_code": None,
        "street": f"解放路{n}号",
        "city": "上海",
        "postal_code": "200000",
        "country": "CN",
        "credit_limit": Decimal("5000.5"),
    }


def product(_=0):
    n = next(COUNT)
    made = {"code": f"P{RUN}-{n:05d}", "name": f"货 {n}", "list_price": Decimal("12.3456")}
    return {**made, "type": "goods", "unit": "u", "salable": True, "category": "Goods 13%", "description": f"第 {n} 件"}


def order(customer, **more):
    lines = [
        {"product": "1", "quantity": Decimal(2), "description": "第一行"},
        {"product": "2", "quantity": Decimal("3"), "unit_price": Decimal("9.5"), "description": "第二行"},
    ]
    return {"party": customer, "reference": f"R{RUN}-{next(COUNT)}", "lines": lines, **more}


@pytest.fixture
def customer(tryton):
    [made] = tryton.write("party.party", [Write(None, party())])
    return made.id


NO_TAB = "Tryton refuses tabs in one-line texts; `test_texts_come_back` tries all others"


def changes(_method, _path, body):
    """Whether a call may change something."""
    return any(f'.{verb}"'.encode() in body for verb in ("create", "write", "delete"))


class Suite(Conformance):
    """One object of the real system, with a net that fails on demand."""

    object = ""
    page = 5
    bypass = {}

    def sample(self, n):
        raise NotImplementedError

    edited = {}

    def tidy(self, clerk, ids):
        """Take away what a check made, so that the next one reads little; what went its way stays."""
        mine = [int(r.id) for r in clerk.fetch(self.object, ids) if r.values.get("state", "draft") == "draft"]
        if mine:
            clerk.rpc.call(f"model.{self.object}.delete", mine, writes=True)

    @pytest.fixture
    def rig(self, state, request):
        with before(state["port"]) as proxy:
            connector = open_tryton(state, port=proxy.port, timeout=4, page=self.page, batch=self.page)
            connector.discover()
            proxy.only = changes if "write" in request.node.name else None
            clerk = open_tryton(state, who="admin", batch=200)

            made = []

            def burst(count):
                done = clerk.write(self.object, [Write(None, self.sample(0)) for _ in range(count)])
                made.extend(w.id for w in done)
                return [w.id for w in done]

            rig = Rig(
                connector,
                self.object,
                self.sample,
                self.edited,
                lambda i, values: clerk.write(self.object, [Write(i, values)]),
                proxy.fail,
                burst if self.object == "party.party" else None,
                remove=lambda i: clerk.write(self.object, [Write(i, None)]),
                wait=ENV.sleep,
                reopen=lambda: open_tryton(state, page=self.page, batch=self.page),
                wrong_secret=lambda: open_tryton(state, password="wr0ng-word"),
                unreachable=lambda: open_tryton(state, port=9),
                faults=WORDS,
                overlap=2,
                large=200,
                bypass=self.bypass,
                against="real",
                system="Tryton 8",
            )
            yield rig
            self.tidy(clerk, [*made, *rig.made])
            connector.site.http.close()
            clerk.site.http.close()


class TestParty(Suite):
    object = "party.party"
    edited = {"name": "合符已改", "city": "苏州", "mobile": "+86 13900000000"}
    bypass = {"text_survives": NO_TAB}

    def sample(self, n):
        return party()


class TestProduct(Suite):
    object = "product.product"
    edited = {"name": "货已改", "list_price": Decimal("99.9")}
    bypass = {
        "memory_is_bounded": "the same reading code as for customers, where it is tried",
        "text_survives": NO_TAB,
        "numbers_and_dates_are_exact": "a list price may not be negative; `test_prices_are_exact` tries the others",
    }

    def sample(self, n):
        return product()


class TestSale(Suite):
    object = "sale.sale"
    edited = {"comment": "已改", "reference": "R-edited"}
    bypass = {
        "memory_is_bounded": "the same reading code as for customers, where it is tried",
        "numbers_and_dates_are_exact": "Tryton refuses to ship on a day that has passed",
    }

    @pytest.fixture(autouse=True)
    def _customer(self, state):
        self.customer = str(state["customers"][5])

    def sample(self, n):
        return order(self.customer, comment=f"备注 {n}")


# ------------------------------------------------------------- Tryton's own manners

TEXTS = (
    "00700",
    "合符（上海）有限公司",
    "龘𠮷",
    "Ünïcödé ß",
    "😀👩‍👩‍👧",
    'O\'Hare "&" <b>%_;--\\',
    "null",
    "0",
    "=1+1",
    "符" * 2000,
)


def test_texts_come_back(tryton, customer):
    for text in TEXTS:
        [done] = tryton.write("party.party", [Write(customer, {"name": text, "street": text + "\n二楼"})])
        assert (done.values["name"], done.values["street"]) == (text, text + "\n二楼")
    [refused] = tryton.write("party.party", [Write(customer, {"name": "a\tb"})])
    assert isinstance(refused, Rejected)
    assert "a\tb" in refused.facts["words"]


def test_prices_are_exact(tryton):
    [made] = tryton.write("product.product", [Write(None, product())])
    for text in ("0", "0.1", "0.0007", "1234567.89", "100"):
        [done] = tryton.write("product.product", [Write(made.id, {"list_price": Decimal(text)})])
        assert done.values["list_price"] == Decimal(text)
    [refused] = tryton.write("product.product", [Write(made.id, {"list_price": Decimal("0.00001")})])
    assert isinstance(refused, Rejected)  # four places, and it does not round silently


def test_a_change_of_a_phone_or_address_alone_is_told(tryton, clerk, customer):
    """A clerk edits the rows directly: the party's own stamp stays, we see it all the same."""
    *_, last = tryton.read("party.party")
    time.sleep(2.1)
    before_ = tryton.fetch("party.party", [customer])[0]
    [row] = clerk.rpc.call("model.party.address.search", [["party", "=", int(customer)]], 0, 1, None)
    clerk.rpc.call("model.party.address.write", [row], {"city": "南京"}, writes=True)
    told = {r.id: r for page in tryton.read("party.party", last.cursor) for r in page.records}
    assert told[customer].values["city"] == "南京"
    assert told[customer].version != before_.version
    assert told[customer].author in ("hub", "admin")
    [stale] = tryton.write("party.party", [Write(customer, {"city": "杭州"}, version=before_.version)])
    assert isinstance(stale, Stale)


def test_a_race_is_lost_by_the_later_writer(tryton, clerk, customer):
    """Between our look and our write somebody edits: Tryton itself refuses."""
    seen = tryton.fetch("party.party", [customer])[0]
    look = tryton._rows

    def slow(bound, ids):
        rows = look(bound, ids)
        clerk.write("party.party", [Write(customer, {"name": "先到"})])
        tryton._rows = look
        return rows

    tryton._rows = slow
    [stale] = tryton.write("party.party", [Write(customer, {"name": "后到"}, version=seen.version)])
    assert isinstance(stale, Stale)
    assert tryton.fetch("party.party", [customer])[0].values["name"] == "先到"


def test_a_phone_can_be_added_changed_and_taken_away(tryton, customer):
    for phone in ("021-1234", "021-5678", None, None):
        [done] = tryton.write("party.party", [Write(customer, {"phone": phone})])
        assert done.values["phone"] == phone
    assert done.values["mobile"] is not None


def test_an_inactive_customer_is_still_read_and_written(tryton, customer):
    [done] = tryton.write("party.party", [Write(customer, {"active": False})])
    assert done.values["active"] is False
    assert tryton.fetch("party.party", [customer])[0].values["active"] is False
    [done] = tryton.write("party.party", [Write(customer, {"name": "休眠", "active": True}, version=done.version)])
    assert (done.values["active"], done.values["name"]) == (True, "休眠")


def test_a_wrong_credit_code_is_refused_in_tryton_s_words(tryton, customer):
    [refused] = tryton.write("party.party", [Write(customer, {"credit_code": "91310000MA1K35D63X"})])
    assert isinstance(refused, Rejected)
    assert "91310000MA1K35D63X" in refused.facts["words"]
    [done] = tryton.write("party.party", [Write(customer, {"credit_code": "91310000MA1K35D63T"})])
    assert done.values["credit_code"] == "91310000MA1K35D63T"


def test_words_are_chinese_where_tryton_has_them(state):
    """The language of the settings is asked for; an installation without it answers in its own."""
    connector = open_tryton(state, language="zh_CN")
    connector.check()
    connector.site.http.close()


def test_a_name_used_twice_asks_for_the_number(tryton, customer, state):
    [refused] = tryton.write("party.party", [Write(customer, {"payment_term": "Net 30 days"})])
    assert (refused.code, refused.facts["count"]) == ("tryton.not_found", 2)
    term = str(state["payment_term"]["net30"])
    [done] = tryton.write("party.party", [Write(customer, {"payment_term_id": term})])
    assert (done.values["payment_term"], done.values["payment_term_id"]) == ("Net 30 days", term)


def test_a_used_customer_cannot_be_deleted(tryton, state):
    customer = str(state["customers"][6])
    tryton.write("sale.sale", [Write(None, order(customer))])
    [refused] = tryton.write("party.party", [Write(customer, None)])
    assert isinstance(refused, Rejected)


def test_a_product_without_its_template_never_stays_behind(tryton, clerk):
    values = product()
    tryton.write("product.product", [Write(None, values)])
    count = clerk.rpc.call("model.product.template.search_count", [["name", "=", values["name"]]])
    [refused] = tryton.write("product.product", [Write(None, {**values, "description": "again"})])
    assert isinstance(refused, Rejected)
    assert clerk.rpc.call("model.product.template.search_count", [["name", "=", values["name"]]]) == count == 1


# ---------------------------------------------------------------------- order to cash


def sold(tryton, customer, *steps):
    [made] = tryton.write("sale.sale", [Write(None, order(customer), token=f"T{RUN}-{next(COUNT)}")])
    assert isinstance(made, Written), made
    for step in steps:
        made = tryton.call("sale.sale", step, made.id, {})
    return made


def test_a_new_order_is_filled_as_by_tryton_s_form(tryton, state):
    made = sold(tryton, str(state["customers"][7]))
    values = made.values
    assert values["payment_term_id"] == str(state["payment_term"]["net30"])
    assert values["invoice_address"]
    assert values["tax_amount"] == (values["untaxed_amount"] * Decimal("0.13")).quantize(Decimal("0.01"))
    assert [line["unit"] for line in values["lines"]] == ["u", "u"]
    assert values["lines"][1]["unit_price"] == Decimal("9.5")  # what we say stays
    assert values["lines"][0]["unit_price"] > 0  # from the price list


def test_lines_change_by_their_keys(tryton, customer):
    made = sold(tryton, customer)
    first, second = (line["id"] for line in made.values["lines"])
    lines = [
        {"id": first, "quantity": Decimal(7)},
        {"id": second, REMOVED: True},
        {"product": "3", "quantity": Decimal(1)},
    ]
    [done] = tryton.write("sale.sale", [Write(made.id, {"lines": lines}, version=made.version)])
    assert [(line["product"], line["quantity"]) for line in done.values["lines"]] == [("1", 7), ("3", 1)]
    [refused] = tryton.write("sale.sale", [Write(made.id, {"lines": [{"id": second, "quantity": Decimal(1)}]})])
    assert refused.code == "tryton.unknown_line"


def test_lines_are_known_by_the_other_system_s_key(tryton, customer):
    """The CRM's line ids live in the note of Tryton's lines; a line that a clerk added goes by its own number."""
    lines = [{"key": f"crm-{n}", "product": str(n), "quantity": Decimal(n)} for n in (1, 2)]
    [made] = tryton.write("sale.sale", [Write(None, order(customer, lines=lines))])
    assert [line["key"] for line in made.values["lines"]] == ["crm-1", "crm-2"]
    change = [{"key": "crm-1", "quantity": Decimal(4)}, {"key": "crm-2", REMOVED: True}, {"key": "gone", REMOVED: True}]
    added = {"product": "3", "quantity": Decimal(1)}
    [done] = tryton.write("sale.sale", [Write(made.id, {"lines": [*change, added, {**added, "key": "crm-3"}]})])
    now = {line["key"]: line["quantity"] for line in done.values["lines"]}
    own = next(key for key in now if key.startswith("L"))
    assert now == {"crm-1": 4, own: 1, "crm-3": 1}
    [done] = tryton.write("sale.sale", [Write(made.id, {"lines": [{"key": own, "quantity": Decimal(9)}]})])
    assert {line["key"]: line["quantity"] for line in done.values["lines"]} == {**now, own: 9}


def test_order_to_cash(tryton, state):
    *_, last = tryton.read("sale.sale")
    sale = sold(tryton, str(state["customers"][8]), "quote", "confirm")
    assert sale.values["state"] == "processing"  # Tryton processes a confirmed order by itself
    [shipment] = tryton.search("stock.shipment.out", {"sale": sale.id})
    assert {line["sale_line"] for line in shipment.values["lines"]} == {line["id"] for line in sale.values["lines"]}
    for step in ("assign_try", "pick", "pack", "do"):
        done = tryton.call("stock.shipment.out", step, shipment.id, {})
    assert done.values["state"] == "done"
    told = {r.id: r for page in tryton.read("sale.sale", last.cursor) for r in page.records}
    assert told[sale.id].values["shipment_state"] == "sent"
    assert [line["shipped_quantity"] for line in told[sale.id].values["lines"]] == [2, 3]
    [invoice] = tryton.search("account.invoice", {"sale": sale.id})
    posted = tryton.call("account.invoice", "post", invoice.id, {})
    assert posted.values["amount_to_pay"] == sale.values["total_amount"]
    part = tryton.call("account.invoice", "pay", invoice.id, {"amount": "100", "description": "bank 1"})
    again = tryton.call("account.invoice", "pay", invoice.id, {"amount": "100", "description": "bank 1"})
    assert part.values["amount_to_pay"] == again.values["amount_to_pay"] == sale.values["total_amount"] - 100
    assert tryton.call("account.invoice", "pay", invoice.id, {}).values["state"] == "paid"
    assert tryton.fetch("sale.sale", [sale.id])[0].values["state"] == "done"
    receipts = tryton.search("account.move.line", {"invoice": invoice.id})
    assert sum(r.values["credit"] for r in receipts) == sale.values["total_amount"]
    assert {r.values["description"] for r in receipts} == {"bank 1", None}
    [refused] = tryton.write(
        "sale.sale", [Write(sale.id, {"lines": [{"id": sale.values["lines"][0]["id"], "quantity": 9}]})]
    )
    assert isinstance(refused, Rejected)


def test_a_part_is_shipped_by_lowering_what_is_picked(tryton, state):
    sale = sold(tryton, str(state["customers"][9]), "quote", "confirm")
    [shipment] = tryton.search("stock.shipment.out", {"sale": sale.id})
    pick = next(p for p in shipment.values["picks"] if p["product"] == "2")
    tryton.write("stock.shipment.out", [Write(shipment.id, {"picks": [{"id": pick["id"], "quantity": Decimal(1)}]})])
    for step in ("assign_try", "pick", "pack", "do"):
        tryton.call("stock.shipment.out", step, shipment.id, {})
    now = tryton.fetch("sale.sale", [sale.id])[0].values
    assert now["shipment_state"] == "partially shipped"
    assert [line["shipped_quantity"] for line in now["lines"]] == [2, 1]
    assert len(tryton.search("stock.shipment.out", {"sale": sale.id})) == 2


def test_short_stock_is_said(tryton, state):
    lines = [{"product": "4", "quantity": Decimal(5_000_000)}]
    [sale] = tryton.write("sale.sale", [Write(None, order(str(state["customers"][10]), lines=lines))])
    for step in ("quote", "confirm"):
        tryton.call("sale.sale", step, sale.id, {})
    [shipment] = tryton.search("stock.shipment.out", {"sale": sale.id})
    with pytest.raises(Rejected, match=r"tryton\.stuck"):
        tryton.call("stock.shipment.out", "assign_try", shipment.id, {})


def test_a_warning_stops_us_unless_it_is_accepted(tryton, state, customer):
    tryton.write("party.party", [Write(customer, {"credit_limit": Decimal(5)})])
    sale = sold(tryton, customer, "quote")
    with pytest.raises(Rejected) as told:
        tryton.call("sale.sale", "confirm", sale.id, {})
    assert told.value.code == "tryton.warning"
    assert tryton.fetch("sale.sale", [sale.id])[0].values["state"] == "quotation"
    bold = open_tryton(state, accept_warnings=[told.value.facts["warning"].split(".")[0] + "*"])
    assert bold.call("sale.sale", "confirm", sale.id, {}).values["state"] == "processing"
    bold.site.http.close()


def test_steps_out_of_turn_and_gone_documents(tryton, customer):
    sale = sold(tryton, customer)
    with pytest.raises(Rejected, match="illegal_step"):
        tryton.call("sale.sale", "confirm", sale.id, {})
    with pytest.raises(Unsupported, match="no_action"):
        tryton.call("sale.sale", "fly", sale.id, {})
    with pytest.raises(Missing):
        tryton.call("sale.sale", "quote", "999999", {})


def test_an_order_is_found_by_the_hub_s_own_id(tryton, customer):
    token = f"T{RUN}-{next(COUNT)}"
    [made] = tryton.write("sale.sale", [Write(None, order(customer), token=token)])
    assert [r.id for r in tryton.search("sale.sale", {"description": token})] == [made.id]


# ------------------------------------------------------------------------- the server


def test_other_models_can_be_offered(state):
    connector = open_tryton(state, models={"party.category": ["name"]}, fields={"party.party": ["customer_tax_rule"]})
    schemas = {s.name: s for s in connector.discover()}
    assert schemas["party.category"].key == ("name",)
    assert schemas["party.party"].field("customer_tax_rule")
    [made] = connector.write("party.category", [Write(None, {"name": f"大客户 {RUN}"})])
    assert connector.search("party.category", {"name": f"大客户 {RUN}"})[0].id == made.id
    connector.site.http.close()


def test_what_this_server_does_not_have(state):
    connector = open_tryton(state, models={"no.such.model": []})
    assert "no.such.model" not in {s.name for s in connector.discover()}
    with pytest.raises(Unsupported):
        next(connector.read("no.such.model"))
    connector.site.http.close()


def test_a_wrong_database(state):
    connector = open_tryton({**state, "database": "nowhere"})
    with pytest.raises(Unsupported, match="no_database"):
        connector.check()
    connector.site.http.close()


def test_a_dead_server_is_transient_and_a_wrong_login_denied(state):
    for connector, error in (
        (open_tryton(state, port=9), Transient),
        (open_tryton({**state, "hub": ["nobody", "x"]}), Denied),
    ):
        with pytest.raises(error):
            connector.check()
        connector.site.http.close()


def test_health_tells_the_series(tryton):
    assert tryton.health()["version"].startswith("8.")


def test_many_threads_create_at_once(tryton):
    """Without codes Tryton's sequence trips parallel callers up on SQLite; the connector lets one in at a time."""
    made = ENV.overlap(lambda n: tryton.write("party.party", [Write(None, {"name": f"并发 {RUN} {n}"})])[0], range(8))
    assert all(isinstance(m, Written) for m in made), made
    assert len({m.values["code"] for m in made}) == 8
