"""The sandbox ERP keeps its manners: rewriting, unique codes, Chinese refusals, offsets, versions, orders' life."""

from __future__ import annotations

import hashlib
import hmac
import json
from decimal import Decimal
from itertools import count
from typing import Any
from urllib.parse import quote

import pytest

from hefu.sandbox.erp import api as erp
from hefu.sandbox.hands import call
from sandbox_api import Api, Listener

_numbers = count(1)


def _customer(api: Api, **values: Any) -> dict[str, Any]:
    given = {"code": f"T{next(_numbers):04d}", "name": "苏州隆域电气有限公司", **values}
    return dict(api.ok("POST", "/customers", given)["data"])


def _order(api: Api, *lines: dict[str, Any], **values: Any) -> dict[str, Any]:
    goods = list(lines) or [{"product_code": "M1", "quantity": "5"}, {"product_code": "M2", "quantity": "10"}]
    customer = values.pop("customer", None) or _customer(api)["code"]
    given = {"customer_code": customer, "lines": [{"price": "10", **g} for g in goods], **values}
    return dict(api.ok("POST", "/sales_orders", given)["data"])


def _step(api: Api, order: dict[str, Any], action: str, given: object = None) -> Any:
    return api("POST", f"/sales_orders/{order['id']}/actions/{action}", given)


def test_it_rewrites_what_it_is_given(erp_: Api) -> None:
    made = _customer(erp_, code=" abc－７ ", name=" Norix（中国）  有限公司 ", phone=" 021-1 ")
    assert made["code"] == "ABC-7"
    assert made["name"] == "NORIX(中国) 有限公司"
    assert made["phone"] == "021-1"


def test_it_cuts_names_at_80_bytes_without_a_word(erp_: Api) -> None:
    made = _customer(erp_, name="长" * 40)
    assert made["name"] == "长" * 26


def test_it_rounds_prices_to_two_places(erp_: Api) -> None:
    made = erp_.ok("POST", "/products", {"code": f"R{next(_numbers)}", "name": "x", "unit": "pcs", "price": "10.005"})
    assert made["data"]["price"] == "10.01"
    assert made["data"]["unit"] == "PCS"


@pytest.mark.parametrize(
    ("given", "field", "words"),
    [
        ({"code": "Q1"}, "name", "客户名称不能为空"),
        ({"code": "Q1", "name": "x", "payment_days": "thirty"}, "payment_days", "账期天数必须是整数"),
        ({"code": "Q1", "name": "x", "credit_limit": "much"}, "credit_limit", "信用额度必须是数字"),
        ({"code": "Q1", "name": "x", "price_list": "PL99"}, "price_list", "价目表不存在"),
        ({"code": "Q1", "name": "x", "postcode": "2" * 11}, "postcode", "邮编超长"),
        ({"code": "Q1", "name": "x", "status": "maybe"}, "status", "状态只能是"),
        ({"code": "Q1", "name": "x", "colour": "red"}, "colour", "字段不存在或不可写"),
        ({"code": "Q1", "name": "x\u0000"}, "name", "非法控制字符"),
    ],
)
def test_a_wrong_field_is_named_in_chinese(erp_: Api, given: dict[str, Any], field: str, words: str) -> None:
    before = erp_.ok("GET", "/ping")["counts"]
    reply = erp_("POST", "/customers", given)
    assert reply.status == 422
    assert reply.json["field"] == field
    assert words in reply.json["message"]
    assert erp_.ok("GET", "/ping")["counts"] == before


def test_a_product_needs_its_code_and_unit(erp_: Api) -> None:
    for given, field in (({"name": "x", "unit": "PCS"}, "code"), ({"name": "x", "code": "N1"}, "unit")):
        reply = erp_("POST", "/products", given)
        assert (reply.status, reply.json["field"]) == (422, field)


def test_a_customer_without_code_is_numbered_and_found_by_it(erp_: Api) -> None:
    made = _customer(erp_, code=None)
    assert made["code"].startswith("C")
    assert erp_.ok("GET", f"/customers/{made['code']}")["data"] == made
    assert erp_.ok("GET", f"/customers?keys={made['code']},NONE")["rows"] == [made]


def test_a_customer_code_is_unique_after_rewriting(erp_: Api) -> None:
    made = _customer(erp_)
    again = erp_("POST", "/customers", {"code": f" {made['code'].lower()} ", "name": "另一家"})
    assert again.status == 409
    assert again.json["error_code"] == "E1001"
    assert "客户编码已存在" in again.json["message"]


def test_key_or_login_or_cookie(erp_: Api) -> None:
    assert call("GET", f"{erp_.base}/ping").status == 401
    assert call("GET", f"{erp_.base}/ping", headers={"X-Api-Key": "no"}).status == 401
    assert call("POST", f"{erp_.base}/session", {"user": "hub", "password": "no"}).status == 401
    login = call("POST", f"{erp_.base}/session", dict(zip(("user", "password"), erp.LOGIN, strict=True)))
    for headers in ({"X-Session-Token": login.json["token"]}, {"Cookie": login.headers["set-cookie"].split(";")[0]}):
        assert call("GET", f"{erp_.base}/ping", headers=headers).status == 200


def test_offset_pages_add_up_to_the_total(erp_: Api) -> None:
    for _ in range(11):
        _customer(erp_)
    seen, offset, total = [], 0, 1
    while offset < total:
        page = erp_.ok("GET", f"/customers?offset={offset}&limit=4")
        total, offset = page["total"], offset + len(page["rows"])
        seen += [row["id"] for row in page["rows"]]
    assert len(seen) == len(set(seen)) == total


def test_changed_since_takes_its_own_stamp_back(erp_: Api) -> None:
    made = _customer(erp_)
    assert len(made["modified_at"]) == len("2026-01-31 16:00:00.000")
    found = erp_.ok("GET", f"/customers?modified_since={quote(made['modified_at'])}")["rows"]
    assert made["id"] in [row["id"] for row in found]
    assert erp_("GET", "/customers?modified_since=yesterday").status == 400


def test_an_update_with_an_old_version_is_refused(erp_: Api) -> None:
    made = _customer(erp_)
    path = f"/customers/{made['id']}"
    assert erp_.ok("PUT", path, {"phone": "1", "version": 1})["data"]["version"] == 2
    stale = erp_("PUT", path, {"phone": "2", "version": 1})
    assert (stale.status, stale.json["error_code"]) == (409, "E2001")
    assert erp_.ok("GET", path)["data"]["phone"] == "1"


def test_a_customer_with_orders_cannot_be_deleted_and_one_without_vanishes(erp_: Api) -> None:
    used, free = _customer(erp_), _customer(erp_)
    _order(erp_, customer=used["code"])
    refused = erp_("DELETE", f"/customers/{used['id']}")
    assert refused.status == 409
    assert "不允许删除" in refused.json["message"]
    assert erp_("DELETE", f"/customers/{free['id']}").status == 200
    assert erp_("GET", f"/customers/{free['id']}").status == 404


def test_an_order_is_found_by_our_reference_after_the_search_lag(erp_: Api) -> None:
    erp_.hands.settings(search_lag=90)
    made = _order(erp_, external_ref="golden-1")
    assert erp_.ok("GET", "/sales_orders?external_ref=golden-1")["rows"] == []
    assert erp_.ok("GET", f"/sales_orders/{made['id']}")["data"]["order_no"] == made["order_no"]
    erp_.hands.settings(search_lag=0)
    assert [r["id"] for r in erp_.ok("GET", "/sales_orders?external_ref=golden-1")["rows"]] == [made["id"]]


def test_header_sums_are_the_lines_sums_to_the_cent(erp_: Api) -> None:
    made = _order(
        erp_, {"product_code": "m1", "quantity": "3", "price": "0.335"}, {"product_code": "M2", "quantity": 7}
    )
    for name in ("amount", "tax", "total"):
        assert Decimal(made[name]) == sum(Decimal(line[name]) for line in made["lines"])
    assert made["lines"][0]["price"] == "0.34"
    assert [line["line_no"] for line in made["lines"]] == [10, 20]


def test_an_update_of_a_draft_removes_the_lines_it_leaves_out(erp_: Api) -> None:
    made = _order(erp_)
    now = erp_.ok("PUT", f"/sales_orders/{made['id']}", {"lines": [{"line_no": 20, "quantity": "2"}]})["data"]
    assert [(line["line_no"], line["product_code"], line["quantity"]) for line in now["lines"]] == [(20, "M2", "2")]


def test_an_order_goes_its_way_and_no_other(erp_: Api) -> None:
    made = _order(erp_)
    early = _step(erp_, made, "approve")
    assert (early.status, early.json["error_code"]) == (409, "E3001")
    assert "草稿" in early.json["message"]
    for action, state in (("submit", "submitted"), ("approve", "approved")):
        assert _step(erp_, made, action).json["data"]["status"] == state
    locked = erp_("PUT", f"/sales_orders/{made['id']}", {"lines": []})
    assert locked.status in (409, 422)
    assert erp_("PUT", f"/sales_orders/{made['id']}", {"delivery_date": "2027-01-01"}).status == 409
    assert erp_("PUT", f"/sales_orders/{made['id']}", {"remark": "急"}).status == 200
    part = _step(erp_, made, "ship", {"lines": [{"line_no": 20, "quantity": 3}]}).json["data"]
    assert (part["status"], part["lines"][1]["shipped_qty"]) == ("approved", "3")
    assert _step(erp_, made, "unapprove").status == 409
    assert _step(erp_, made, "invoice").status == 200
    assert _step(erp_, made, "ship", {"lines": [{"line_no": 20, "quantity": 8}]}).status == 422
    assert _step(erp_, made, "ship").json["data"]["status"] == "shipped"
    done = _step(erp_, made, "invoice").json["data"]
    assert [line["invoiced_qty"] for line in done["lines"]] == ["5", "10"]
    bills = erp_.ok("GET", f"/invoices?order_no={done['order_no']}")["rows"]
    assert sum(Decimal(b["total"]) for b in bills) == Decimal(done["total"])
    assert _step(erp_, made, "close").json["data"]["status"] == "closed"


def test_receipts_close_an_invoice_and_never_more(erp_: Api) -> None:
    made = _order(erp_)
    for action in ("submit", "approve", "ship", "invoice"):
        assert _step(erp_, made, action).status == 200
    bill = erp_.ok("GET", f"/invoices?order_no={made['order_no']}")["rows"][0]
    part = {"customer_code": made["customer_code"], "invoice_no": bill["number"], "amount": "40.00"}
    erp_.ok("POST", "/receipts", part)
    rest = Decimal(bill["total"]) - 40
    assert erp_("POST", "/receipts", {**part, "amount": str(rest + 1)}).status == 422
    assert erp_.ok("GET", f"/invoices/{bill['id']}")["data"]["status"] == "partial"
    erp_.ok("POST", "/receipts", {**part, "amount": str(rest)})
    assert erp_.ok("GET", f"/invoices/{bill['id']}")["data"]["status"] == "paid"


def test_approval_is_refused_beyond_the_credit_limit(erp_: Api) -> None:
    customer = _customer(erp_, credit_limit="100")
    made = _order(erp_, customer=customer["code"])
    _step(erp_, made, "submit")
    refused = _step(erp_, made, "approve")
    assert (refused.status, refused.json["error_code"]) == (422, "E3002")
    erp_.hands.edit("customers", str(customer["id"]), {"credit_limit": "100000"}, author="财务")
    assert _step(erp_, made, "approve").status == 200


def test_a_person_may_take_a_step_too(erp_: Api) -> None:
    made = _order(erp_)
    erp_.hands.edit("sales_orders", str(made["id"]), {"action": "submit"}, author="王婷")
    now = erp_.ok("GET", f"/sales_orders/{made['id']}")["data"]
    assert (now["status"], now["modified_by"]) == ("submitted", "王婷")


def test_calls_above_the_limit_get_429_with_a_time(erp_: Api) -> None:
    erp_.hands.settings(calls_per_second=2)
    replies = [erp_("GET", "/ping") for _ in range(6)]
    late = [r for r in replies if r.status == 429]
    assert late
    assert int(late[0].headers["retry-after"]) >= 1


def test_hooks_name_a_record_and_are_signed(erp_: Api, listener: Listener) -> None:
    erp_.ok("POST", "/subscriptions", {"url": listener.url, "secret": "long enough"})
    made = _customer(erp_)
    listener.wait(lambda: bool(listener.got))
    erp_.ok("DELETE", "/subscriptions", {"url": listener.url})
    headers, body = listener.got[0]
    assert headers["x-erp-sign"] == "sha256=" + hmac.new(b"long enough", body, hashlib.sha256).hexdigest()
    told = json.loads(body)
    assert (told["table"], told["key"], told["event"]) == ("customers", made["code"], "insert")
