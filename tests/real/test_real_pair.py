"""The hub between two real systems: Tryton and BottleCRM, driven by the command line as a customer drives it.

The pair keeps its data from test to test (a first load costs half a minute); each test makes records of its own.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest
from real_pair import free_port
from real_proxy import before
from test_real_bottlecrm import open_crm, send
from test_real_tryton import open_tryton

from hefu.cli.session import DIFFERENT, FAILED, OK, PERSON
from hefu.core.records import Write, Written

RUN = format(int(time.time()), "x")
PROJECT = Path(__file__).parent / "project"
WAITS = (OK, PERSON)
ANY = (OK, FAILED, DIFFERENT, PERSON)
COMMAND = [sys.executable, "-c", "from hefu.cli import main; main()"]


class HubHere:
    """A hub on this machine: its folder, its store, and the command line."""

    def __init__(self, folder, pair, erp_port, crm_port):
        self.folder = folder / "project"
        shutil.copytree(PROJECT, self.folder)
        erp, crm = pair.erp.state, pair.crm.state
        self.env = {
            **os.environ,
            "HEFU_HOME": str(folder / "home"),
            "HEFU_LANGUAGE": "en",
            "HEFU_LEASE": "3",
            "REAL_ERP_URL": f"http://127.0.0.1:{erp_port}/{erp['database']}",
            "REAL_ERP_PASSWORD": erp["hub"][1],
            "REAL_CRM_URL": f"http://127.0.0.1:{crm_port}",
            "REAL_CRM_TOKEN": crm["token"],
            "REAL_CRM_HOOK_SECRET": "none yet",
        }

    def start(self, *args, **more):
        """A process of the hub."""
        return subprocess.Popen([*COMMAND, *args], cwd=self.folder, env=self.env, text=True, **more)

    def run(self, *args, codes=(0,)):
        """What a command says as JSON."""
        process = self.start(*args, "--json", stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        out, err = process.communicate(timeout=180)
        assert process.returncode in codes, (args, process.returncode, out[-2000:], err[-2000:])
        return json.loads(out) if out.strip() else None

    def apply(self, codes=(0,)):
        """One round, as `hefu apply` does it."""
        return self.run("apply", "--yes", codes=codes)

    def writes(self):
        """How many records would be written now."""
        return self.run("plan", codes=ANY)["writes"]

    def settle(self, rounds=8):
        """Rounds until one writes nothing and nothing is owed. After a kill, dead hands hold work for a lease."""
        for _ in range(rounds):
            done = self.apply(codes=ANY)
            if not any(done.get(f"delivered.{verb}") for verb in ("prepared", "found", "unknown")) and not self.due():
                return
        raise AssertionError(f"after {rounds} rounds something is still owed: {self.run('status', codes=ANY)}")

    def due(self):
        """What is still owed, as the status page tells it."""
        return self.run("status", codes=ANY)["due"]


@pytest.fixture(scope="module")
def systems(pair):
    """(Tryton, BottleCRM) as people there see them."""
    erp, crm = open_tryton(pair.erp.state, who="admin", page=100, batch=100), open_crm(pair.crm.state, page=100)
    yield erp, crm
    erp.site.http.close()
    crm.site.http.close()


@pytest.fixture(scope="module")
def erp(systems):
    return systems[0]


@pytest.fixture(scope="module")
def crm(systems):
    return systems[1]


@pytest.fixture(scope="module")
def proxies(pair):
    with before(pair.erp.state["port"]) as erp, before(pair.crm.state["port"]) as crm:
        yield erp, crm


@pytest.fixture(scope="module")
def hub(pair, proxies, tmp_path_factory):
    """A hub that has met both systems and come to rest."""
    hub = HubHere(tmp_path_factory.mktemp("hub"), pair, proxies[0].port, proxies[1].port)
    hub.run("check")
    hub.run("project", "import")
    hub.settle()
    return hub


@pytest.fixture(autouse=True)
def _calm(proxies):
    yield
    for proxy in proxies:
        proxy.meet = None


def everything(connector, obj):
    return {r.id: r.values for page in connector.read(obj) for r in page.records}


def make_account(crm, name, **more):
    values = {"name": name, "phone": "+8613800001111", "city": "上海", "country": "CN", "address_line": "路1号", **more}
    [made] = crm.write("accounts", [Write(None, values)])
    assert isinstance(made, Written), made
    return made.id


def parties(erp, name):
    return erp.search("party.party", {"name": name})


def test_the_first_load_brings_the_books_into_step(hub, erp, crm):
    """50 accounts become 50 customers; their numbers come back; another look finds nothing to write."""
    accounts = everything(crm, "accounts")
    customers = {v["code"]: v for v in everything(erp, "party.party").values()}
    pairs = {"name": "name", "phone": "mobile", "email": "email", "address_line": "street", "city": "city",
             "postcode": "postal_code", "country": "country"}  # fmt: skip
    for values in accounts.values():
        customer = customers[values["cf_erp_id"]]
        assert {ours: customer[theirs] for ours, theirs in pairs.items()} == {ours: values[ours] for ours in pairs}
    found = {v["sku"]: v["price"] for v in everything(crm, "products").values()}
    skus = {sku: price for sku, price in found.items() if not sku.startswith("S")}  # S: left by a lost answer's check
    sold = {v["code"]: v["list_price"] for v in everything(erp, "product.product").values()}
    assert {code: price.quantize(Decimal("0.01")) for code, price in sold.items()} == skus
    assert hub.writes() == 0


def test_an_idle_round_writes_nothing_and_asks_little(hub, proxies):
    for proxy in proxies:
        proxy.calls.clear()
    hub.apply()
    calls = [len(proxy.calls) for proxy in proxies]
    assert calls[0] <= 20  # log-in, the structure of its objects, one look at each
    assert calls[1] <= 8
    assert not [path for method, path in proxies[1].calls if method != "GET"]


def test_a_customer_made_in_the_crm_appears_in_the_erp(hub, erp, crm):
    account = make_account(crm, f"新客户 {RUN}", email="new@example.com")
    hub.settle()
    [party] = parties(erp, f"新客户 {RUN}")
    assert (party.values["mobile"], party.values["city"], party.values["street"]) == ("+8613800001111", "上海", "路1号")
    assert crm.fetch("accounts", [account])[0].values["cf_erp_id"] == party.values["code"]


def test_both_sides_are_edited_at_once(hub, erp, crm):
    account = make_account(crm, f"两边改 {RUN}")
    hub.settle()
    [party] = parties(erp, f"两边改 {RUN}")
    crm.write("accounts", [Write(account, {"phone": "+8613900002222"})])
    erp.write("party.party", [Write(party.id, {"city": "苏州", "name": "财务改的名"})])
    hub.settle()
    ours, theirs = crm.fetch("accounts", [account])[0].values, erp.fetch("party.party", [party.id])[0].values
    assert (ours["phone"], ours["city"]) == (theirs["mobile"], theirs["city"]) == ("+8613900002222", "苏州")
    assert ours["name"] == theirs["name"] == f"两边改 {RUN}"  # the CRM owns names: the ERP is told again


def test_the_same_field_on_both_sides_waits_for_a_person(hub, erp, crm):
    account = make_account(crm, f"冲突 {RUN}")
    hub.settle()
    [party] = parties(erp, f"冲突 {RUN}")
    crm.write("accounts", [Write(account, {"city": "南京"})])
    erp.write("party.party", [Write(party.id, {"city": "杭州"})])
    hub.apply(codes=WAITS)
    hub.apply(codes=WAITS)
    [case] = hub.run("conflicts", "list", codes=WAITS)
    assert case["field"] == "city"
    assert crm.fetch("accounts", [account])[0].values["city"] == "南京"
    assert erp.fetch("party.party", [party.id])[0].values["city"] == "杭州"
    erp.write("party.party", [Write(party.id, {"city": "南京"})])  # they talk to each other: agreed
    hub.settle()
    assert not hub.run("conflicts", "list")


def test_a_won_deal_becomes_an_order_and_its_state_comes_back(hub, erp, crm):
    """Deal won -> order in Tryton -> confirmed and shipped by people there -> number and state in the CRM."""
    account = make_account(crm, f"下单客户 {RUN}")
    products = {v["sku"]: i for i, v in everything(crm, "products").items()}
    lines = [
        {"product": products["P00001"], "name": "第一", "quantity": Decimal(3), "unit_price": Decimal("99.5")},
        {"product": products["P00002"], "name": "第二", "quantity": Decimal(2), "unit_price": Decimal(10)},
    ]
    deal = {"name": f"商机 {RUN}", "account": account, "currency": "CNY", "stage": "PROPOSAL", "line_items": lines}
    [made] = crm.write("opportunities", [Write(None, deal)])
    hub.settle()
    assert not erp.search("sale.sale", {"reference": f"商机 {RUN}"})  # not won yet
    crm.write("opportunities", [Write(made.id, {"stage": "CLOSED_WON", "closed_on": date(2026, 1, 31)})])
    hub.settle()
    [sale] = erp.search("sale.sale", {"reference": f"商机 {RUN}"})
    assert sale.values["untaxed_amount"] == Decimal("318.50")
    assert sale.values["tax_amount"] == Decimal("41.40")  # 13 % of each line, half a cent to even
    assert sale.values["party"] == parties(erp, f"下单客户 {RUN}")[0].id
    for step in ("quote", "confirm"):
        erp.call("sale.sale", step, sale.id, {})
    hub.settle()
    number = erp.fetch("sale.sale", [sale.id])[0].values["number"]
    seen = crm.fetch("opportunities", [made.id])[0].values
    assert (seen["cf_erp_id"], seen["cf_erp_status"]) == (number, "waiting")
    [shipment] = erp.search("stock.shipment.out", {"sale": sale.id})
    for step in ("assign_try", "pick", "pack", "do"):
        erp.call("stock.shipment.out", step, shipment.id, {})
    hub.settle()
    assert crm.fetch("opportunities", [made.id])[0].values["cf_erp_status"] == "shipped"
    assert len(erp.search("sale.sale", {"reference": f"商机 {RUN}"})) == 1


def test_a_customer_deleted_in_the_crm_is_not_just_gone(hub, erp, crm):
    """Nothing is deleted in the ERP from absence: by default somebody is asked."""
    account = make_account(crm, f"删掉的 {RUN}")
    hub.settle()
    crm.write("accounts", [Write(account, None)])
    hub.apply(codes=WAITS)
    hub.apply(codes=WAITS)
    [party] = parties(erp, f"删掉的 {RUN}")
    assert party.values["name"] == f"删掉的 {RUN}"


# ------------------------------------------------------------------------ when it breaks


def test_the_hub_is_killed_while_the_erp_creates(hub, erp, crm, proxies):
    """kill -9 with the request on its way: the ERP has the customer, the hub never heard; there is one, not two."""
    make_account(crm, f"断电 {RUN}")
    killed = []

    def kill(_method, _path, body):
        if b"party.party.create" in body and not killed:
            process.send_signal(signal.SIGKILL)
            process.wait(10)
            killed.append(True)

    proxies[0].meet = kill
    process = hub.start("apply", "--yes", "--json", stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    process.wait(60)
    assert killed
    deadline = time.monotonic() + 20
    while not parties(erp, f"断电 {RUN}") and time.monotonic() < deadline:
        time.sleep(0.1)
    hub.settle()
    assert len(parties(erp, f"断电 {RUN}")) == 1


def test_the_answer_to_a_create_is_lost(hub, erp, crm, proxies):
    make_account(crm, f"断线 {RUN}")
    lost = []

    def cut(_method, _path, body):
        if b"party.party.create" in body and not lost:
            lost.append(True)
            return "cut"
        return None

    proxies[0].meet = cut
    hub.settle()
    assert lost
    assert len(parties(erp, f"断线 {RUN}")) == 1


def test_the_hub_is_killed_while_the_crm_is_written(hub, erp, crm, proxies):
    account = make_account(crm, f"写回断电 {RUN}")
    killed = []

    def kill(method, path, _body):
        if method == "PATCH" and account in path and not killed:
            process.send_signal(signal.SIGKILL)
            process.wait(10)
            killed.append(True)

    proxies[1].meet = kill
    process = hub.start("apply", "--yes", "--json", stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    process.wait(60)
    assert killed
    hub.settle()
    [party] = parties(erp, f"写回断电 {RUN}")
    assert crm.fetch("accounts", [account])[0].values["cf_erp_id"] == party.values["code"]


def test_a_resident_hub_keeps_up(hub, erp, crm, pair):
    """`hefu run` with the flow every two seconds: an edit in the CRM is in the ERP soon after, without a command."""
    account = make_account(crm, f"常驻 {RUN}")
    hub.settle()
    process = hub.start("run", stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        send(pair.crm.state, "PATCH", f"/api/accounts/{account}/", {"city": "扬州"})
        deadline = time.monotonic() + 60
        while parties(erp, f"常驻 {RUN}")[0].values["city"] != "扬州":
            assert time.monotonic() < deadline, "the edit did not arrive within a minute"
            time.sleep(0.3)
    finally:
        process.send_signal(signal.SIGTERM)
        assert process.wait(30) == 0
    assert hub.writes() == 0


def test_a_webhook_is_enough(hub, erp, crm, pair):
    """With the schedule at one hour, the CRM's signed webhook alone brings an edit over."""
    account = make_account(crm, f"推送 {RUN}")
    flow = hub.folder / "flows" / "all.yaml"
    flow.write_text(flow.read_text().replace("schedule: 2s", "schedule: 1h"))
    hub.run("project", "import")
    hub.settle()
    listen = f"127.0.0.1:{free_port()}"
    hook = {"url": f"http://{listen}/hooks/crm", "is_active": True, "events": ["account.created", "account.updated"]}
    made = send(pair.crm.state, "POST", "/api/webhooks/", hook)
    hub.env["REAL_CRM_HOOK_SECRET"] = made["secret"]
    process = hub.start("run", "--listen", listen, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        deadline = time.monotonic() + 90
        while not answers(listen):
            assert time.monotonic() < deadline, "the hub does not listen"
            time.sleep(0.2)
        time.sleep(10)  # what it does at its start must be over, so that nothing but the webhook can be the cause
        send(pair.crm.state, "PATCH", f"/api/accounts/{account}/", {"city": "泰州"})
        while parties(erp, f"推送 {RUN}")[0].values["city"] != "泰州":
            assert time.monotonic() < deadline, "the edit did not arrive"
            time.sleep(0.2)
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(30)
        send(pair.crm.state, "DELETE", f"/api/webhooks/{made['id']}/")


def answers(address):
    """Whether somebody listens there."""
    host, _, port = address.partition(":")
    with socket.socket() as probe:
        return probe.connect_ex((host, int(port))) == 0
