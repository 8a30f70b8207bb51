"""ERPNext's sandbox keeps the vendor's manners. No client of others that is kept well could judge it."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote, urlencode

import pytest

from hefu.sandbox.erpnext import ErpNext
from hefu.sandbox.erpnext.api import KEY, PASSWORD, SECRET
from hefu.sandbox.erpnext.book import USER
from hefu.sandbox.hands import Hands, Reply, call
from hefu.sandbox.server import Server

TOKEN = {"Authorization": f"token {KEY}:{SECRET}"}
DELIVER = "erpnext.selling.doctype.sales_order.sales_order.make_delivery_note"
BILL = "erpnext.selling.doctype.sales_order.sales_order.make_sales_invoice"
PAY = "erpnext.accounts.doctype.payment_entry.payment_entry.get_payment_entry"


class Client:
    """REST by hand."""

    def __init__(self, url: str) -> None:
        self.url, self.hands, self.count = url, Hands(url), 0

    def raw(self, way: str, path: str, given: Any = None, headers: dict[str, str] | None = None, **query: Any) -> Reply:
        told = {n: v if isinstance(v, str) else json.dumps(v) for n, v in query.items()}
        tail = f"?{urlencode(told)}" if told else ""
        return call(way, f"{self.url}/api/{quote(path)}{tail}", given, TOKEN if headers is None else headers)

    def ask(self, way: str, path: str, given: Any = None, **query: Any) -> Any:
        told = self.raw(way, path, given, **query)
        assert told.status in (200, 202), told.body.decode()
        return told.json.get("data", told.json.get("message"))

    def error(self, way: str, path: str, given: Any = None, **query: Any) -> tuple[int, str]:
        told = self.raw(way, path, given, **query)
        return told.status, told.json["exc_type"]

    def new(self, doctype: str = "Customer", /, **values: Any) -> dict[str, Any]:
        self.count += 1
        values = {"customer_name": f"客户 {self.count}", **values} if doctype == "Customer" else values
        return dict(self.ask("POST", f"resource/{doctype}", values))

    def item(self) -> str:
        self.count += 1
        return str(self.new("Item", item_code=f"M{self.count}", standard_rate=10)["name"])

    def order(self, *quantities: float, **more: Any) -> dict[str, Any]:
        item = self.item()
        rows = [{"item_code": item, "qty": q} for q in quantities]
        return self.new("Sales Order", customer=self.new()["name"], delivery_date="2026-12-01", items=rows, **more)

    def submit(self, doc: dict[str, Any]) -> dict[str, Any]:
        path = f"resource/{doc['doctype']}/{doc['name']}"
        return dict(self.ask("PUT", path, {"docstatus": 1}))

    def get(self, doc: dict[str, Any]) -> dict[str, Any]:
        return dict(self.ask("GET", f"resource/{doc['doctype']}/{doc['name']}"))


@pytest.fixture(scope="module")
def running() -> Iterator[Client]:
    server = Server(ErpNext(empty=True)).start()
    yield Client(server.url)
    server.stop()


@pytest.fixture
def erp(running: Client) -> Iterator[Client]:
    running.hands.reset()
    yield running
    running.hands.settings(strict_unique=0, clock_offset=0)


# ------------------------------------------------------------------------ doors


def test_three_ways_to_sign_in(erp: Client) -> None:
    basic = base64.b64encode(f"{KEY}:{SECRET}".encode()).decode()
    assert erp.ask("GET", "method/frappe.auth.get_logged_user") == USER
    assert erp.raw("GET", "resource/Customer", headers={"Authorization": f"Basic {basic}"}).status == 200
    assert erp.raw("GET", "resource/Customer", headers={"Authorization": "token a:b"}).status == 401
    assert erp.raw("GET", "resource/Customer", headers={}).status == 403
    told = erp.raw("POST", "method/login", {"usr": USER, "pwd": PASSWORD}, {})
    cookie = {"Cookie": told.headers["set-cookie"].split(";")[0]}
    assert erp.raw("GET", "resource/Customer", headers=cookie).status == 200
    assert erp.raw("POST", "resource/Customer", {"customer_name": "x"}, cookie).json["exc_type"] == "CSRFTokenError"
    assert erp.raw("POST", "method/login", {"usr": USER, "pwd": "no"}, {}).status == 401


def test_an_error_s_words_are_encoded_twice(erp: Client) -> None:
    told = erp.raw("POST", "resource/Customer", {})
    assert (told.status, told.json["exc_type"]) == (417, "MandatoryError")
    [words] = json.loads(told.json["_server_messages"])
    assert "customer_name" in json.loads(words)["message"]
    assert "Traceback" in json.loads(told.json["exc"])[0]


@pytest.mark.parametrize(
    ("way", "path", "given", "expected"),
    [
        ("GET", "resource/Customer/Nobody", None, (404, "DoesNotExistError")),
        ("GET", "resource/Nothing", None, (404, "DoesNotExistError")),
        ("GET", "method/no.such.method", None, (417, "ValidationError")),
        ("POST", "resource/Customer", {"customer_name": "x", "customer_type": "King"}, (417, "ValidationError")),
        ("POST", "resource/Customer", {"customer_name": "x" * 141}, (417, "CharacterLengthExceededError")),
        ("POST", "resource/Customer", {"customer_name": "x", "payment_terms": "?"}, (417, "LinkValidationError")),
        ("POST", "resource/Sales Order", {"items": []}, (417, "MandatoryError")),
        ("GET", "resource/Customer", None, (200, "")),
    ],
)
def test_what_is_wrong_is_said(erp: Client, way: str, path: str, given: Any, expected: tuple[int, str]) -> None:
    told = erp.raw(way, path, given)
    assert (told.status, (told.json or {}).get("exc_type", "")) == expected


# ------------------------------------------------------------------------ lists


def test_a_list_shows_twenty_names_unless_asked(erp: Client) -> None:
    mark = f"列{erp.count}"
    made = [erp.new(customer_name=f"{mark}-{n:02d}", website=str(n))["name"] for n in range(21)]
    mine = [["customer_name", "like", f"{mark}-%"]]
    rows = erp.ask("GET", "resource/Customer", filters=mine)
    assert (len(rows), set(rows[0])) == (20, {"name"})
    words = {"filters": mine, "order_by": "name asc", "limit_page_length": 0}
    assert [r["name"] for r in erp.ask("GET", "resource/Customer", **words)] == made
    words = {"fields": ["name", "website"], "order_by": "name desc", "limit_start": 1, "limit": 2}
    rows = erp.ask("GET", "resource/Customer", filters=mine, **words)
    assert rows == [{"name": made[19], "website": "19"}, {"name": made[18], "website": "18"}]
    assert erp.ask("GET", "method/frappe.client.get_count", doctype="Customer", filters=mine) == 21
    assert erp.error("GET", "resource/Customer", fields=["nowhere"]) == (500, "OperationalError")
    assert erp.error("GET", "resource/Customer", filters=[["name", "sounds", "x"]]) == (417, "ValidationError")


def test_filters_in_their_spellings(erp: Client) -> None:
    mark = f"滤{erp.count}"
    names = [erp.new(customer_name=f"{mark}-{n}", tax_id=f"{mark}{n}", disabled=n % 2)["name"] for n in range(4)]

    def found(filters: Any, **more: Any) -> list[str]:
        words = {"filters": filters, "order_by": "name", **more}
        return [r["name"] for r in erp.ask("GET", "resource/Customer", **words)]

    assert found({"tax_id": f"{mark}1"}) == [names[1]]
    assert found([["Customer", "name", "in", names[:2]]]) == names[:2]
    assert found([["name", "in", names], ["disabled", "=", 1]]) == [names[1], names[3]]
    assert found([["name", ">", names[1]], ["customer_name", "like", f"{mark}%"]]) == names[2:]
    assert found([["name", "in", names]], or_filters=[["tax_id", "=", f"{mark}0"], ["tax_id", "=", f"{mark}3"]]) == [
        names[0], names[3],
    ]  # fmt: skip
    assert found([["name", "in", names], ["website", "is", "set"]]) == []


def test_the_rows_of_a_child_table_are_a_list_with_a_parent(erp: Client) -> None:
    order = erp.order(2, 3)
    words = {"doctype": "Sales Order Item", "fields": ["name", "parent", "qty"], "order_by": "idx asc"}
    words |= {"filters": [["parent", "in", [order["name"]]]], "limit_page_length": 0}
    assert erp.error("POST", "method/frappe.client.get_list", words) == (403, "PermissionError")
    rows = erp.ask("POST", "method/frappe.client.get_list", {**words, "parent": "Sales Order"})
    assert [(r["parent"], r["qty"]) for r in rows] == [(order["name"], 2), (order["name"], 3)]


# ------------------------------------------------------------------------ documents


def test_stamps_are_the_site_s_own_and_guard_a_change(erp: Client) -> None:
    assert erp.ask("GET", "resource/System Settings/System Settings")["time_zone"] == "Asia/Shanghai"
    made = erp.new()
    assert len(made["modified"]) == 26
    path = f"resource/Customer/{made['name']}"
    now = erp.ask("PUT", path, {"website": "a", "modified": made["modified"]})
    assert erp.error("PUT", path, {"website": "b", "modified": made["modified"]}) == (417, "TimestampMismatchError")
    assert erp.ask("PUT", path, {"website": "c", "modified": now["modified"], "no_such_field": 1})["website"] == "c"


def test_names_and_unique_fields(erp: Client) -> None:
    one, two = erp.new(customer_name="同名", hub_key="h1"), erp.new(customer_name="同名")
    assert (one["name"], two["name"]) == ("同名", "同名 - 1")
    assert erp.error("POST", "resource/Customer", {"customer_name": "x", "hub_key": "h1"}) == (
        409,
        "DuplicateEntryError",
    )
    item = erp.item()
    assert erp.error("POST", "resource/Item", {"item_code": item}) == (409, "DuplicateEntryError")
    erp.hands.settings(strict_unique=1)
    assert erp.error("POST", "resource/Customer", {"customer_name": "x", "hub_key": "h1"}) == (
        417,
        "UniqueValidationError",
    )
    docs = [{"doctype": "Customer", "customer_name": f"多{n}"} for n in range(3)]
    assert erp.ask("POST", "method/frappe.client.insert_many", {"docs": docs}) == ["多0", "多1", "多2"]
    before = erp.ask("GET", "method/frappe.client.get_count", doctype="Customer")
    docs = [{"doctype": "Customer", "customer_name": "好"}, {"doctype": "Customer"}]
    assert erp.error("POST", "method/frappe.client.insert_many", {"docs": docs}) == (417, "MandatoryError")
    assert erp.ask("GET", "method/frappe.client.get_count", doctype="Customer") == before


def test_a_delete_leaves_a_trace_and_a_rename_none(erp: Client) -> None:
    made, other = erp.new(), erp.new()
    erp.ask("DELETE", f"resource/Customer/{made['name']}")
    words = {"filters": [["deleted_doctype", "=", "Customer"]], "fields": ["deleted_name"], "limit_page_length": 0}
    assert made["name"] in [r["deleted_name"] for r in erp.ask("GET", "resource/Deleted Document", **words)]
    new = f"{other['name']} 新"
    erp.ask(
        "POST", "method/frappe.client.rename_doc", {"doctype": "Customer", "old_name": other["name"], "new_name": new}
    )
    assert erp.error("GET", f"resource/Customer/{other['name']}") == (404, "DoesNotExistError")
    assert other["name"] not in [r["deleted_name"] for r in erp.ask("GET", "resource/Deleted Document", **words)]
    order = erp.order(1)
    assert erp.error("DELETE", f"resource/Customer/{order['customer']}") == (417, "LinkExistsError")


def test_a_child_table_that_is_sent_is_replaced_whole(erp: Client) -> None:
    order = erp.order(2, 3)
    path, (one, two) = f"resource/Sales Order/{order['name']}", order["items"]
    assert order["grand_total"] == 56.5
    now = erp.ask("PUT", path, {"po_no": "A"})
    assert [r["name"] for r in now["items"]] == [one["name"], two["name"]]
    now = erp.ask("PUT", path, {"items": [{"name": one["name"], "item_code": one["item_code"], "qty": 5, "rate": 7}]})
    assert [(r["name"], r["qty"], r["rate"]) for r in now["items"]] == [(one["name"], 5, 7)]
    assert now["grand_total"] == 39.55


def test_docstatus_rules(erp: Client) -> None:
    order = erp.order(2)
    path = f"resource/Sales Order/{order['name']}"
    now = erp.ask("POST", path, {}, run_method="submit")
    assert (now["docstatus"], now["status"]) == (1, "To Deliver and Bill")
    assert erp.error("PUT", path, {"currency": "USD"}) == (417, "UpdateAfterSubmitError")
    assert erp.ask("PUT", path, {"po_no": "B"})["po_no"] == "B"
    assert erp.error("PUT", path, {"docstatus": 0}) == (417, "DocstatusTransitionError")
    assert erp.error("DELETE", path) == (417, "ValidationError")
    erp.ask("POST", "method/frappe.client.cancel", {"doctype": "Sales Order", "name": order["name"]})
    assert erp.get(order)["status"] == "Cancelled"
    assert erp.error("PUT", path, {"po_no": "C"}) == (417, "ValidationError")
    erp.ask("DELETE", path)


def test_an_order_s_way_to_the_payment(erp: Client) -> None:
    order = erp.submit(erp.order(4, 1))
    note = erp.ask("POST", f"method/{DELIVER}", {"source_name": order["name"]})
    assert "name" not in note
    note["items"][0]["qty"] = 2
    note = erp.submit(erp.new("Delivery Note", **note))
    now = erp.get(order)
    assert (now["per_delivered"], now["items"][0]["delivered_qty"]) == (60, 2)
    rest = erp.ask("POST", f"method/{DELIVER}", {"source_name": order["name"]})
    assert [r["qty"] for r in rest["items"]] == [2]
    rest["items"][0]["qty"] = 3
    over = erp.new("Delivery Note", **rest)
    assert erp.error("PUT", f"resource/Delivery Note/{over['name']}", {"docstatus": 1}) == (417, "OverAllowanceError")
    rest["items"][0]["qty"] = 2
    erp.submit(erp.new("Delivery Note", **rest))
    assert erp.get(order)["status"] == "To Bill"
    invoice = erp.submit(erp.new("Sales Invoice", **erp.ask("POST", f"method/{BILL}", {"source_name": order["name"]})))
    assert (invoice["status"], invoice["outstanding_amount"]) == ("Unpaid", 56.5)
    assert (erp.get(order)["status"], erp.get(order)["per_billed"]) == ("Completed", 100)
    assert erp.error("POST", f"resource/Sales Order/{order['name']}", {}, run_method="cancel") == (
        417,
        "LinkExistsError",
    )
    for amount, status in ((6.5, "Partly Paid"), (50, "Paid")):
        entry = erp.ask("POST", f"method/{PAY}", {"dt": "Sales Invoice", "dn": invoice["name"]})
        entry["paid_amount"] = entry["received_amount"] = entry["references"][0]["allocated_amount"] = amount
        entry = erp.submit(erp.new("Payment Entry", **entry))
        assert erp.get(invoice)["status"] == status
    erp.ask("POST", f"resource/Payment Entry/{entry['name']}", {}, run_method="cancel")
    assert (erp.get(invoice)["status"], erp.get(invoice)["outstanding_amount"]) == ("Partly Paid", 50)


def test_fields_and_doctypes_are_redrawn(erp: Client) -> None:
    made = erp.new(tax_id="1")
    fields = {f["fieldname"] for f in erp.ask("GET", "resource/DocType/Customer")["fields"]}
    added = {f["fieldname"] for f in erp.ask("GET", "resource/Custom Field", filters=[["dt", "=", "Customer"]])}
    assert ("hub_key" in added, "hub_key" in fields, "tax_id" in fields) == (True, False, True)
    erp.hands.edit("DocType", "Customer", {"hide": ["tax_id"], "rename": {"website": "homepage"}})
    path = f"resource/Customer/{made['name']}"
    now = erp.ask("PUT", path, {"tax_id": "2", "homepage": "h", "website": "w"})
    assert ("tax_id" in now, now["homepage"], "website" in now) == (False, "h", False)
    assert erp.error("GET", "resource/Customer", fields=["tax_id"]) == (403, "PermissionError")
    erp.hands.edit("DocType", "Customer", {"show": ["tax_id"], "rename": {"website": "website"}, "forbid": True})
    assert erp.error("GET", path) == (403, "PermissionError")
    erp.hands.edit("DocType", "Customer", {"forbid": False})
    assert (erp.get(made)["tax_id"], erp.get(made)["website"]) == ("1", "h")


@pytest.mark.parametrize(
    ("kind", "status", "name"),
    [("stopped", 503, "SessionStopped"), ("deadlock", 500, "QueryDeadlockError"),
     ("validation", 417, "ValidationError"), ("mismatch", 417, "TimestampMismatchError"),
     ("expired", 401, "AuthenticationError")],
)  # fmt: skip
def test_faults_of_its_own_strike_once_and_change_nothing(erp: Client, kind: str, status: int, name: str) -> None:
    before = erp.ask("GET", "method/frappe.client.get_count", doctype="Customer")
    erp.hands.fault(kind)
    assert erp.error("POST", "resource/Customer", {"customer_name": "x"}) == (status, name)
    assert erp.ask("GET", "method/frappe.client.get_count", doctype="Customer") == before
    assert erp.new()


# ------------------------------------------------------------------------ sample


def test_the_sample_company_is_there_and_hangs_together() -> None:
    server = Server(ErpNext()).start()
    try:
        erp = Client(server.url)
        counts = {d: erp.ask("GET", "method/frappe.client.get_count", doctype=d) for d in ("Customer", "Sales Order")}
        assert counts == {"Customer": 1600, "Sales Order": 2400}
        words = {"filters": [["status", "=", "To Deliver and Bill"]], "order_by": "name desc", "limit": 1}
        [found] = erp.ask("GET", "resource/Sales Order", **words)
        order = erp.ask("GET", f"resource/Sales Order/{found['name']}")
        assert round(sum(r["amount"] for r in order["items"]), 2) == order["total"]
        note = erp.ask("POST", f"method/{DELIVER}", {"source_name": order["name"]})
        assert erp.submit(erp.new("Delivery Note", **note))["status"] == "To Bill"
        assert erp.get(order)["per_delivered"] == 100
        [due] = erp.ask("GET", "resource/Sales Invoice", filters={"status": "Partly Paid"}, limit=1) or erp.ask(
            "GET", "resource/Sales Invoice", filters={"status": "Overdue"}, limit=1
        )
        assert erp.ask("POST", f"method/{PAY}", {"dt": "Sales Invoice", "dn": due["name"]})["paid_amount"] > 0
        assert "沙盒 ERPNext" in call("GET", f"{server.url}/?lang=zh").body.decode()
        assert "item_code" in call("GET", f"{server.url}/record/Sales%20Order/{order['name']}").body.decode()
    finally:
        server.stop()
