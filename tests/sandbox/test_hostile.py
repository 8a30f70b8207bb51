"""Whatever a caller sends, a sandbox refuses in its own words (4xx) and keeps its data: never a 5xx."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sandbox_api import Api

JSON: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)
CALM = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
CRM_FIELDS = st.sampled_from(
    ["name", "phone", "active", "billingAddress", "parentId", "lines", "stage", "id", "revision"]
)
ERP_FIELDS = st.sampled_from(
    ["code", "name", "payment_days", "credit_limit", "price_list", "lines", "version", "status"]
)


@CALM
@given(st.dictionaries(CRM_FIELDS, JSON), st.sampled_from(["accounts", "opportunities", "products"]))
def test_the_crm_survives_any_body(crm_: Api, body: dict[str, Any], obj: str) -> None:
    for method, path, given_ in (
        ("POST", f"/{obj}", body),
        ("POST", f"/{obj}/bulk", {"records": [body, 1]}),
        ("PATCH", f"/{obj}/bulk", {"records": [body]}),
        ("POST", "/webhooks", body),
    ):
        assert crm_(method, path, json.dumps(given_).encode()).status < 500


@CALM
@given(st.dictionaries(ERP_FIELDS, JSON), st.lists(st.dictionaries(st.sampled_from(["line_no", "quantity"]), JSON)))
def test_the_erp_survives_any_body(erp_: Api, body: dict[str, Any], lines: list[dict[str, Any]]) -> None:
    order = {"customer_code": "X", "lines": [{"product_code": "M1", "quantity": 1, **line} for line in lines]}
    for path, given_ in (("/customers", body), ("/sales_orders", order), ("/receipts", body), ("/session", body)):
        assert erp_("POST", path, json.dumps(given_).encode()).status < 500


def test_shipping_wants_quantities(erp_: Api) -> None:
    erp_.ok("POST", "/customers", {"code": "HOSTILE", "name": "x"})
    goods = [{"product_code": "M1", "quantity": 2, "price": 1}]
    order = erp_.ok("POST", "/sales_orders", {"customer_code": "HOSTILE", "lines": goods})["data"]
    base = f"/sales_orders/{order['order_no']}/actions"
    for action in ("submit", "approve"):
        erp_.ok("POST", f"{base}/{action}")
    for lines in (
        [{"line_no": 10, "quantity": "many"}],
        "all",
        [3],
        [{"line_no": [], "quantity": 1}],
        [{"line_no": 10}],
    ):
        assert erp_("POST", f"{base}/ship", {"lines": lines}).status == 422


@pytest.mark.parametrize("body", [b"", b"{", b"[" * 100_000, b"NaN", b"\xff\xfe", b"null", b"[1]", b'"x"'])
def test_what_is_no_object_is_refused(crm_: Api, erp_: Api, body: bytes) -> None:
    assert crm_("POST", "/accounts", body).status == 400
    assert erp_("POST", "/customers", body).status == 400


def test_a_cursor_of_another_list_is_refused(crm_: Api) -> None:
    for n in range(3):
        crm_.ok("POST", "/accounts", {"name": f"x{n}"})
    cursor = crm_.ok("GET", "/accounts?limit=1")["paging"]["next"]
    assert crm_("GET", f"/accounts?updatedSince=2020-01-01T00:00:00Z&cursor={cursor}").status == 400
    for bad in ("!!!", "bnVsbA==", "WzEsMiwzXQ==", "e30="):
        assert crm_("GET", f"/accounts?cursor={bad}").status == 400
    for bad in ("0", "-1", "1e3", "201", "x"):
        assert crm_("GET", f"/accounts?limit={bad}").status == 400


def test_half_a_character_is_refused(crm_: Api, erp_: Api) -> None:
    assert crm_("POST", "/accounts", b'{"name": "\\ud800"}').status == 400
    assert erp_("POST", "/customers", b'{"name": "\\ud800"}').status == 400
