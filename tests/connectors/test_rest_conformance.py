"""The REST connector passes the conformance suite against a shop in four manners, each connected by YAML alone."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from rest_shop import Door, Shop
from ruamel.yaml import YAML
from vendor_line import line

from hefu.core.connector import Connector
from hefu.core.records import Values
from hefu.sim.conformance import Conformance, Rig
from loopback import serving

FIELDS = """
      code: {required: true, unique: true, length: 20}
      name: {}
      note: {length: 5000}
      city: {path: address.city}
      price: {type: money, scale: 2}
      born: {type: date}
      met: {type: instant}
      active: {type: boolean}
      state: {type: code, writable: false}
      token: {type: code}
      lines: {type: lines, lines: {line: {writable: false, unique: true}, sku: {}, qty: {type: decimal}}}
"""

BY_OFFSET = f"""
url: BASE
auth: {{type: bearer, token: hush}}
objects:
  customer:
    label: 客户
    version: version
    modified: updated_at
    key: [code]
    state: state
    lines: whole
    fields: {FIELDS}
    read:
      url: /customers
      records: data
      paging: {{type: offset, size: 50, size_param: limit, total: meta.total}}
      since: {{param: updated_since, ordered: true, params: {{sort: updated_at}}}}
      deletes: {{url: "/deleted?since={{since}}", records: ids, id: ""}}
    fetch: {{url: "/customers/{{id}}", record: data}}
    search: {{code: code}}
    create: {{url: /customers, wrap: customer, record: data}}
    update: {{url: "/customers/{{id}}", record: data, if_match: true}}
    delete: {{url: "/customers/{{id}}"}}
    actions:
      submit: {{url: "/customers/{{id}}/submit", states: [draft], record: data}}
      approve: {{url: "/customers/{{id}}/approve", states: [submitted], record: data}}
  nothing:
    read: {{url: /nothing, records: data}}
    fields: {{id: {{}}}}
"""

BY_PAGE = f"""
url: BASE
auth: {{type: oauth2, token_url: /token, client_id: hub, client_secret: hush}}
objects:
  customer:
    modified: updated_at
    token_field: token
    key: [code]
    id_number: true
    lines: whole
    fields: {FIELDS}
    read:
      url: /customers
      records: data
      paging: {{type: page, size: 40, size_param: per_page}}
      since: {{param: updated_since, format: unix_ms, ordered: true, params: {{sort: updated_at}}}}
    fetch: {{url: "/customers/{{id}}", record: data}}
    search: {{token: token, code: code}}
    create: {{url: /customers/bulk, wrap: items, batch: 20, results: results, result_key: index, result_record: record}}
    update:
      url: /customers/bulk
      method: POST
      wrap: items
      id_in: id
      batch: 20
      results: results
      result_key: index
      result_record: record
      errors: {{codes: {{NOT_FOUND: missing}}}}
    delete: {{url: "/customers/{{id}}"}}
"""

BY_CURSOR = f"""
url: BASE
auth: {{type: login, url: /login, user: hub, password: hush}}
objects:
  customer:
    etag: true
    key: [code]
    lines: whole
    fields: {FIELDS}
    read:
      url: /customers
      records: data
      paging: {{type: cursor, size: 30, size_param: limit, next: meta.next}}
      since: {{param: updated_since}}
    fetch: {{url: "/customers/{{id}}", record: data}}
    search: {{code: code}}
    create: {{url: /customers, record: data}}
    update: {{url: "/customers/{{id}}", method: PUT, shape: full, if_match: true, drop: [version, updated_at]}}
"""

BY_LINK = f"""
url: BASE
auth: {{type: login, url: /login, user: hub, password: hush, token_path: data.token}}
objects:
  customer:
    key: [code]
    fields: {FIELDS.replace("lines: {type: lines", "lines: {writable: false, type: lines")}
    read:
      url: /customers/search
      method: POST
      body: {{paging: {{limit: "{{size}}", page: "{{page}}"}}}}
      records: data
      paging: {{type: page, size: 25, more: meta.more}}
    fetch: {{url: "/customers/{{id}}", record: data}}
    search: {{code: {{body: {{limit: 5, code: "{{value}}"}}}}}}
    create: {{url: /customers, id: data.id}}
"""


def connect(shop: Shop, base: str, text: str, timeout: float = 0.5, **facts: Any) -> Connector:
    """The connector that a YAML text describes."""
    settings = YAML(typ="safe").load(text.replace("BASE", base))
    return line("rest", settings, shop.clock, timeout, **facts)


def sample(n: int) -> Values:
    values: dict[str, Any] = {"code": f"C{n:05d}", "name": f"客户 {n}", "note": f"note {n}", "city": "上海"}
    values |= {"price": Decimal("12.50"), "token": f"t{n}", "active": True}
    return values | {"lines": [{"sku": f"A{n}", "qty": Decimal(2)}, {"sku": f"B{n}", "qty": Decimal("0.5")}]}


def raw(n: int) -> dict[str, Any]:
    lines = [{"sku": f"A{n}", "qty": 2}, {"sku": f"B{n}", "qty": 0.5}]
    flat = {k: v for k, v in sample(n).items() if k not in ("lines", "city", "price")}
    return {**flat, "code": f"P{n:05d}", "address": {"city": "上海"}, "price": 12.5, "lines": lines}


def rig_for(shop: Shop, base: str, text: str, auth: str) -> Rig:
    shop.auth = auth

    def burst(count: int) -> list[str]:
        return [str(shop.add(raw(shop.number + 1))["id"]) for _ in range(count)]

    def late() -> str:
        at = (shop.clock.now() - timedelta(seconds=60)).strftime("%Y-%m-%dT%H:%M:%SZ")
        return str(shop.add(raw(shop.number + 1), at)["id"])

    def hush(wrong: str) -> str:
        return text.replace("hush", wrong)

    def fail(word: str) -> None:
        shop.fault = word

    return Rig(
        connect(shop, base, text),
        "customer",
        sample=sample,
        edited={"note": "edited", "city": "北京"},
        edit=lambda i, values: shop.change(i, {"note": values["note"], "address": {"city": values["city"]}}) and None,
        fail=fail,
        burst=burst,
        late=late,
        wait=shop.clock.sleep,
        reopen=lambda: connect(shop, base, text),
        wrong_secret=lambda: connect(shop, base, hush("nonsense-secret")),
        unreachable=lambda: connect(shop, "http://127.0.0.1:9", text),
        overlap=60,
        large=1000,
        faults=("429", "429-after", "503", "500", "timeout", "cut", "garbage", "401", "expired"),
    )


@pytest.fixture(scope="module")
def door() -> Iterator[tuple[Door, str]]:
    door = Door()
    with serving(door) as url:
        yield door, url


@pytest.fixture
def shop(door: tuple[Door, str]) -> Shop:
    door[0].shop = Shop()
    return door[0].shop


@pytest.fixture
def base(door: tuple[Door, str]) -> str:
    return door[1]


class TestByOffset(Conformance):
    @pytest.fixture
    def rig(self, shop: Shop, base: str) -> Rig:
        rig = rig_for(shop, base, BY_OFFSET, "bearer")
        rig.remove, rig.empty = shop.drop, "nothing"
        rig.bypass = {"session_is_renewed": "a fixed token has no session to renew"}
        return rig


class TestByPageInBatches(Conformance):
    @pytest.fixture
    def rig(self, shop: Shop, base: str) -> Rig:
        shop.show_total = False
        return rig_for(shop, base, BY_PAGE, "session")


class TestByCursorWithWholeRecords(Conformance):
    @pytest.fixture
    def rig(self, shop: Shop, base: str) -> Rig:
        return rig_for(shop, base, BY_CURSOR, "cookie")


class TestByPostedQuestion(Conformance):
    @pytest.fixture
    def rig(self, shop: Shop, base: str) -> Rig:
        shop.show_total = False
        rig = rig_for(shop, base, BY_LINK, "session")
        rig.sample = lambda n: {name: value for name, value in sample(n).items() if name != "lines"}
        return rig
