"""Neocrm's connector passes the conformance suite over a small tenant of our own, built from the vendor's facts."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from decimal import Decimal
from typing import Any
from urllib.parse import parse_qs

import pytest
from vendor_bench import NOBODY, Bench, served
from vendor_line import Still

from hefu.core.errors import Denied, Rejected, Stale, Transient, Unanswered, Unsupported
from hefu.core.records import Values, Write, Written
from hefu.core.words import ERRORS
from hefu.sandbox.frame import Fault, Frame, Ledger
from hefu.sim.conformance import Conformance, Rig
from loopback import serving

ITEMS = [{"label": "重点", "value": 1}, {"label": "普通", "value": 2}]
FIELDS = [
    {"apiKey": "id", "type": "id"},
    {"apiKey": "accountName", "label": "名称", "type": "text", "required": True, "maxLength": 200},
    {"apiKey": "phone", "label": "电话", "type": "phone"},
    {"apiKey": "comment", "label": "备注", "type": "textarea", "maxLength": 2000},
    {"apiKey": "level", "label": "级别", "type": "select", "selectitem": ITEMS},
    {"apiKey": "limit", "label": "额度", "type": "currency"},
    {"apiKey": "since", "label": "建档", "type": "datetime"},
    {"apiKey": "customItem1__c", "label": "集成编号", "type": "text"},
    {"apiKey": "entityType", "label": "业务类型", "type": "reference", "required": True},
    {"apiKey": "ownerId", "label": "负责人", "type": "reference", "required": True},
    {"apiKey": "updatedAt", "type": "datetime", "createable": False, "updateable": False},
]


class Tenant:
    """One object, its rows by id, and the vendor's manners."""

    def __init__(self, clock: Still) -> None:
        self.clock, self.rows, self.tokens, self.logins = clock, dict[int, dict[str, Any]](), set[str](), 0
        self.denied = False
        self.calls: list[str] = []
        self.faults: list[Fault] = []
        self.app = Frame(self, Ledger(), self.faults, ("/rest/",))

    def close(self) -> None:
        """Nothing is open."""

    def stamp(self) -> int:
        return int(self.clock.now().timestamp() * 1000)

    def save(self, record_id: int | None, values: dict[str, Any]) -> int:
        record_id = record_id or 1_000_000_000_000_000 + len(self.rows) + 1
        self.rows[record_id] = {**self.rows.get(record_id, {"id": record_id}), **values, "updatedAt": self.stamp()}
        return record_id

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        body, more = b"", True
        while more:
            part = await receive()
            body, more = body + part.get("body", b""), part.get("more_body", False)
        headers = {k.decode(): v.decode() for k, v in scope["headers"]}
        status, told = self.answer(scope["method"], scope["path"], headers, body)
        await send(
            {"type": "http.response.start", "status": status, "headers": [(b"content-type", b"application/json")]}
        )
        await send({"type": "http.response.body", "body": json.dumps(told, default=str).encode()})

    def answer(self, method: str, path: str, headers: dict[str, str], body: bytes) -> tuple[int, Any]:
        self.calls.append(f"{method} {path}")
        if path.endswith("/oauth2/token"):
            form = {n: v[0] for n, v in parse_qs(body.decode()).items()}
            self.logins += 1
            if form.get("password") != "pw12345678" or form.get("client_secret") != "hush":
                return 400, {"error": "invalid_grant", "error_description": "authentication failure"}
            self.tokens.add(f"2.{self.logins}")
            return 200, {"access_token": f"2.{self.logins}", "issued_at": str(self.stamp()), "token_type": "Bearer"}
        if self.denied or headers.get("authorization", "")[7:] not in self.tokens:
            return 401, {"code": "401", "msg": "token invalid"}
        path = path.removeprefix("/rest/data/v2.0/")
        if path == "query/xoql":
            return 200, self.query(parse_qs(body.decode())["xoql"][0])
        _, obj, *rest = path.split("/")
        if obj not in ("account", "contact"):
            return 200, {"code": "1000100", "msg": f"对象 {obj} 不存在"}
        if rest == ["description"]:
            return 200, {"code": 200, "msg": "OK", "data": {"apiKey": obj, "label": "客户", "fields": FIELDS}}
        return 200, self.write(method, int(rest[0]) if rest else None, json.loads(body or b"{}", parse_float=str))

    def write(self, method: str, record_id: int | None, given: dict[str, Any]) -> dict[str, Any]:
        data = given.get("data", {})
        if record_id is not None and record_id not in self.rows:
            return {"code": "1000101", "msg": "数据不存在"}
        if method == "DELETE":
            del self.rows[record_id or 0]
            return {"code": "200", "msg": "OK"}
        for name in ("accountName", "entityType", "ownerId"):
            if (method == "POST" or name in data) and data.get(name) is None:
                return {"code": "1000102", "msg": f"{name} 必填"}
        token = data.get("customItem1__c")
        if token and any(r.get("customItem1__c") == token for i, r in self.rows.items() if i != record_id):
            return {"code": 1002002, "msg": "数据重复"}
        return {"code": "200", "msg": "OK", "data": {"id": self.save(record_id, data)}}

    def query(self, text: str) -> dict[str, Any]:
        found = re.fullmatch(r"select (.+?) from (\w+)(?: where (.+))? order by id limit (\d+)", text, re.S)
        assert found, text
        rows = sorted(self.rows.values(), key=lambda r: r["id"]) if found[2] == "account" else []
        for cond in (found[3] or "").split(" and ") if found[3] else ():
            rows = [r for r in rows if self.holds(r, cond)]
        labels = {i["value"]: i["label"] for i in ITEMS}
        shown = [{**r, "level": labels.get(r.get("level"))} for r in rows[: int(found[4])]]
        return {"code": "200", "msg": "OK", "data": {"totalSize": len(rows), "count": len(shown), "records": shown}}

    @staticmethod
    def holds(row: dict[str, Any], cond: str) -> bool:
        if m := re.fullmatch(r"id in \((.+)\)", cond):
            return row["id"] in [int(i) for i in m[1].split(",")]
        if m := re.fullmatch(r"(id|updatedAt) (>=|>) (\d+)", cond):
            return bool(row[m[1]] >= int(m[3]) if m[2] == ">=" else row[m[1]] > int(m[3]))
        m = re.fullmatch(r"(\w+) = '(.*)'", cond, re.S)
        assert m, cond
        return row.get(m[1]) == re.sub(r"\\(.)", r"\1", m[2])


class World(Bench):
    """A tenant, and the connector to it."""

    connector, path = "neocrm", "/rest/"
    wrong = {"client_secret": "wrong-client-secret"}
    nowhere = {"login_url": f"{NOBODY}/token"}

    def __init__(self) -> None:
        self.tenant = Tenant(Still())
        super().__init__(self.tenant, self.tenant.clock)
        self.own = {"401": lambda: setattr(self.tenant, "denied", True), "expired": self.tenant.tokens.clear}

    def settings(self) -> dict[str, Any]:
        settings = {"url": self.url, "login_url": f"{self.url}/auc/oauth2/token", "client_id": "c", "username": "hub"}
        settings |= {"client_secret": "hush", "password": "pw12345678", "token_field": "customItem1__c"}
        objects = {"account": {"entity_type": "11010000"}, "contact": {}}
        return settings | {"owner": "3001", "objects": objects, "page": 100}

    def person(self, obj: str, record_id: str | None, values: Values | None) -> str:
        return str(self.tenant.save(record_id and int(record_id), dict(values or {})))


@pytest.fixture
def world() -> Iterator[World]:
    with served(World()) as made:
        yield made


def sample(n: int) -> dict[str, Any]:
    return {
        "accountName": f"客户 {n}",
        "phone": f"021-{n:08d}",
        "comment": f"备注 {n}",
        "level": "1",
        "limit": Decimal("9.5"),
    }


class TestAccount(Conformance):
    @pytest.fixture
    def rig(self, world: World) -> Rig:
        given = {"entityType": 11010000, "ownerId": 3001, "level": 1, "limit": 9.5}
        edited = {"comment": "edited"}
        return world.rig(
            "account",
            sample,
            edited,
            typed=lambda n: {**sample(n), **given},
            remove=None,
            empty="contact",
            against="imitation",
        )


def test_a_create_that_was_committed_and_then_timed_out_makes_one_record(world):
    crm, write = world.line(), Write(None, sample(1), token="hub-1")
    world.faults.append(Fault("lost", path="/rest/data/v2.0/xobjects/account", method="POST"))
    assert isinstance(crm.write("account", [write])[0], Unanswered)
    [again] = crm.write("account", [write])
    assert [str(i) for i in world.tenant.rows] == [again.id]


def test_only_what_differs_is_sent_and_a_colleague_s_change_is_seen(world):
    crm = world.line()
    [made] = crm.write("account", [Write(None, sample(1), token="t")])
    world.tenant.calls.clear()
    assert isinstance(crm.write("account", [Write(made.id, {"comment": "备注 1"})])[0], Written)
    assert world.tenant.calls == ["POST /rest/data/v2.0/query/xoql"]
    world.tenant.save(int(made.id), {"comment": "同事"})
    [told] = crm.write("account", [Write(made.id, {"comment": "二"}, expect={"comment": "备注 1"})])
    assert isinstance(told, Stale)


def test_labels_are_read_as_codes_and_only_codes_are_written(world):
    crm = world.line()
    [made] = crm.write("account", [Write(None, sample(1), token="t")])
    assert crm.fetch("account", [made.id])[0].values["level"] == "1"
    [told] = crm.write("account", [Write(made.id, {"level": "重点"})])
    assert isinstance(told, Rejected)


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (200, b'{"code": "300001", "msg": "x"}', Unsupported),
        (200, b'{"error_code": 429, "message": "x"}', Transient),
        (200, b'{"code": "20', Transient),
        (403, b'{"code": 403, "msg": "x"}', Denied),
        (302, b"", Unsupported),
    ],
)
def test_a_broken_answer_has_its_class(world, status, body, kind):
    async def broken(scope: Any, receive: Any, send: Any) -> None:
        login = scope["path"].endswith("token")
        headers = [] if login else [(b"location", b"https://evil.example/x")]
        await send({"type": "http.response.start", "status": 200 if login else status, "headers": headers})
        await send({"type": "http.response.body", "body": b'{"access_token": "t"}' if login else body})

    with serving(broken) as url:
        world.url = url
        with pytest.raises(kind):
            world.line().check()


def test_a_token_for_another_host_is_sent_nowhere(world):
    async def elsewhere(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send(
            {"type": "http.response.body", "body": b'{"access_token": "t", "instance_uri": "https://evil.example"}'}
        )

    with serving(elsewhere) as url:
        world.url = url
        with pytest.raises(Unsupported) as told:
            world.line().check()
    assert told.value.code == "neocrm.other_host"


def test_every_code_has_words():
    assert sum(code.startswith("neocrm.") for code in ERRORS) > 12
