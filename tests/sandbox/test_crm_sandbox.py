"""The sandbox CRM keeps its manners: cursors, whole seconds, ETags, tombstones, merges, keyed lines, signed hooks."""

from __future__ import annotations

import hashlib
import hmac
import json
from typing import Any
from urllib.parse import quote

import pytest

from hefu.sandbox.hands import call
from sandbox_api import Api, Listener


def _new(crm: Api, name: str = "上海恒达机械有限公司", **values: Any) -> dict[str, Any]:
    return dict(crm.ok("POST", "/accounts", {"name": name, **values}))


def _all(crm: Api, path: str) -> list[dict[str, Any]]:
    found, cursor = [], ""
    while True:
        page = crm.ok("GET", path + (f"&cursor={cursor}" if cursor else ""))
        found += page["data"]
        cursor = page["paging"]["next"]
        assert page["paging"]["hasMore"] == (cursor is not None)
        if cursor is None:
            return found


def test_a_wrong_token_is_refused(crm_: Api) -> None:
    reply = crm_("GET", "/accounts", Authorization="Bearer other")
    assert reply.status == 401
    assert reply.json["error"]["code"] == "unauthorized"


def test_a_created_account_comes_back_whole_with_etag_and_author(crm_: Api) -> None:
    reply = crm_("POST", "/accounts", {"name": "杭州瑞川软件有限公司", "billingAddress": {"city": "杭州市"}})
    made = reply.json
    assert reply.status == 201
    assert reply.headers["etag"] == '"1"'
    assert made["createdBy"] == made["updatedBy"] == "integration@sandbox.crm"
    assert made["billingAddress"] == {"province": "", "city": "杭州市", "district": "", "street": "", "postcode": ""}
    assert crm_.ok("GET", f"/accounts/{made['id']}") == made


def test_two_accounts_may_have_one_name(crm_: Api) -> None:
    first, second = _new(crm_, "重名有限公司"), _new(crm_, "重名有限公司")
    assert first["id"] != second["id"]
    found = crm_.ok("GET", f"/accounts?name={quote('重名有限公司')}")["data"]
    assert {a["id"] for a in found} == {first["id"], second["id"]}


def test_stamps_have_whole_seconds_and_since_is_inclusive(crm_: Api) -> None:
    made = _new(crm_)
    assert len(made["updatedAt"]) == len("2026-01-31T08:00:00Z")
    assert made["id"] in [a["id"] for a in _all(crm_, f"/accounts?updatedSince={made['updatedAt']}")]
    assert made["id"] not in [a["id"] for a in _all(crm_, "/accounts?updatedSince=2999-01-01T00:00:00Z")]


def test_every_account_comes_once_though_all_share_a_second(crm_: Api) -> None:
    records = [{"name": f"同秒{n}有限公司"} for n in range(40)]
    made = crm_.ok("POST", "/accounts/bulk", {"records": records})["results"]
    ids = {r["id"] for r in made}
    since = min(r["record"]["updatedAt"] for r in made)
    for path in ("/accounts?limit=7", f"/accounts?limit=7&updatedSince={since}"):
        seen = [a["id"] for a in _all(crm_, path) if a["id"] in ids]
        assert sorted(seen) == sorted(ids)


def test_a_patch_touches_named_fields_and_named_parts_only(crm_: Api) -> None:
    made = _new(crm_, phone="021-1", billingAddress={"city": "上海市", "street": "一路"})
    now = crm_.ok("PATCH", f"/accounts/{made['id']}", {"billingAddress": {"street": "二路"}})
    assert (now["phone"], now["billingAddress"]["city"], now["billingAddress"]["street"]) == ("021-1", "上海市", "二路")
    assert now["revision"] == 2


def test_if_match_refuses_a_stale_write(crm_: Api) -> None:
    made = _new(crm_)
    path = f"/accounts/{made['id']}"
    assert crm_("PATCH", path, {"phone": "1"}, If_Match='"1"').status == 200
    stale = crm_("PATCH", path, {"phone": "2"}, If_Match='"1"')
    assert stale.status == 412
    assert crm_.ok("GET", path)["phone"] == "1"


@pytest.mark.parametrize(
    ("given", "code", "field"),
    [
        ({"name": ""}, "required", "name"),
        ({"name": "x" * 201}, "tooLong", "name"),
        ({"name": "x", "colour": "red"}, "unknownField", "colour"),
        ({"name": "x", "updatedAt": "2026-01-01T00:00:00Z"}, "unknownField", "updatedAt"),
        ({"name": "x", "level": "Z"}, "invalidOption", "level"),
        ({"name": "x", "active": "yes"}, "invalidType", "active"),
        ({"name": "x", "parentId": "acc_none"}, "badReference", "parentId"),
        ({"name": "bad\u0007bell"}, "controlCharacter", "name"),
    ],
)
def test_a_wrong_field_is_named(crm_: Api, given: dict[str, Any], code: str, field: str) -> None:
    before = crm_.ok("GET", "/me")["counts"]
    reply = crm_("POST", "/accounts", given)
    assert reply.status == 400
    assert (reply.json["error"]["code"], reply.json["error"]["field"]) == (code, field)
    assert crm_.ok("GET", "/me")["counts"] == before


def test_what_is_not_json_is_refused_in_json(crm_: Api) -> None:
    reply = crm_("POST", "/accounts", b"<xml/>")
    assert reply.status == 400
    assert "JSON" in reply.json["error"]["message"]


def test_one_bad_record_does_not_spoil_a_bulk_call(crm_: Api) -> None:
    told = crm_.ok("POST", "/accounts/bulk", {"records": [{"name": "甲"}, {"name": ""}, {"name": "乙"}]})
    assert [r["ok"] for r in told["results"]] == [True, False, True]
    assert told["results"][1]["error"]["field"] == "name"
    changes = [
        {"id": told["results"][0]["id"], "revision": 9, "phone": "1"},
        {"id": told["results"][2]["id"], "phone": "2"},
    ]
    again = crm_.ok("PATCH", "/accounts/bulk", {"records": changes})["results"]
    assert [r["status"] for r in again] == [412, 200]
    assert again[1]["record"]["phone"] == "2"


def test_a_deleted_account_leaves_a_tombstone_and_can_be_restored(crm_: Api) -> None:
    made = _new(crm_)
    path = f"/accounts/{made['id']}"
    assert crm_("DELETE", path).status == 204
    assert crm_("GET", path).status == 410
    assert made["id"] in [d["id"] for d in _all(crm_, "/accounts/deleted?limit=50")]
    assert made["id"] not in [a["id"] for a in _all(crm_, "/accounts?limit=200")]
    crm_.ok("POST", f"{path}/restore")
    assert crm_.ok("GET", path)["name"] == made["name"]


def test_a_merge_points_the_loser_at_the_winner_and_can_be_taken_back(crm_: Api) -> None:
    winner, loser = _new(crm_, "甲公司"), _new(crm_, "乙公司", phone="021-2")
    contact = crm_.ok("POST", "/contacts", {"accountId": loser["id"], "name": "王芳"})
    merged = crm_.ok("POST", f"/accounts/{winner['id']}/merge", {"loserId": loser["id"]})
    assert merged["phone"] == "021-2"
    gone = crm_("GET", f"/accounts/{loser['id']}")
    assert gone.status == 301
    assert gone.headers["location"] == f"/api/v2/accounts/{winner['id']}"
    assert crm_("PATCH", f"/accounts/{loser['id']}", {"phone": "3"}).status == 409
    assert crm_.ok("GET", f"/contacts/{contact['id']}")["accountId"] == winner["id"]
    crm_.ok("POST", f"/accounts/{winner['id']}/unmerge", {"loserId": loser["id"]})
    assert crm_.ok("GET", f"/accounts/{loser['id']}")["phone"] == "021-2"
    assert crm_.ok("GET", f"/accounts/{winner['id']}")["phone"] == ""
    assert crm_.ok("GET", f"/contacts/{contact['id']}")["accountId"] == loser["id"]


def test_lines_are_keyed_and_one_left_out_stays(crm_: Api) -> None:
    account = _new(crm_)
    ids = [crm_.ok("POST", "/products", {"code": c, "name": c})["id"] for c in "ABC"]
    lines = [
        {"productId": ids[0], "quantity": 3, "unitPrice": 0.1},
        {"productId": ids[1], "quantity": 1, "unitPrice": 5},
    ]
    given = {"accountId": account["id"], "name": "采购", "stage": "proposal", "lines": lines}
    made = crm_.ok("POST", "/opportunities", given)
    assert made["amount"] == 5.3
    path = f"/opportunities/{made['id']}"
    now = crm_.ok("PATCH", path, {"lines": [{"lineNo": 10, "quantity": 4}, {"productId": ids[2], "unitPrice": 1}]})
    assert [line["productId"] for line in now["lines"]] == ids
    assert [line["lineNo"] for line in now["lines"]] == [10, 20, 30]
    assert now["lines"][0]["unitPrice"] == 0.1
    now = crm_.ok("PATCH", path, {"lines": [{"lineNo": 10, "delete": True}]})
    assert [line["lineNo"] for line in now["lines"]] == [20, 30]
    assert crm_("PATCH", path, {"lines": [{"productId": "prd_none"}]}).status == 400


def test_a_clock_that_lies_shows_in_the_stamps(crm_: Api) -> None:
    crm_.hands.settings(clock_offset=7 * 60)
    ahead = _new(crm_)
    crm_.hands.settings(clock_offset=0)
    assert ahead["updatedAt"] > _new(crm_)["updatedAt"]


def test_counters_count_the_api_and_not_people(crm_: Api) -> None:
    made = _new(crm_)
    crm_.ok("PATCH", f"/accounts/{made['id']}", {"phone": "1"})
    crm_.hands.edit("accounts", made["id"], {"phone": "2"}, author="李雷")
    told = crm_.hands.counters()
    assert told["writes"] == {f"create accounts/{made['id']}": 1, f"update accounts/{made['id']}": 1}
    assert told["calls"] == {"POST /api/v2/accounts": 1, "PATCH /api/v2/accounts/{id}": 1}
    assert (told["total_calls"], told["total_writes"]) == (2, 2)
    assert crm_.ok("GET", f"/accounts/{made['id']}")["updatedBy"] == "李雷"


def test_hooks_are_signed_and_our_own_writes_come_back_unmarked(crm_: Api, listener: Listener) -> None:
    hook = crm_.ok("POST", "/webhooks", {"url": listener.url, "events": ["account.updated"]})
    made = _new(crm_)
    crm_.ok("PATCH", f"/accounts/{made['id']}", {"phone": "1"})
    crm_.hands.edit("accounts", made["id"], {"phone": "2"})
    listener.wait(lambda: len(listener.got) >= 2)
    assert crm_("DELETE", f"/webhooks/{hook['id']}").status == 204
    for headers, body in listener.got:
        parts = dict(p.split("=", 1) for p in headers["x-crm-signature"].split(","))
        right = hmac.new(hook["secret"].encode(), f"{parts['t']}.".encode() + body, hashlib.sha256).hexdigest()
        assert hmac.compare_digest(parts["v1"], right)
    told = [json.loads(body) for _, body in listener.got]
    assert [t["data"]["id"] for t in told] == [made["id"]] * 2
    assert {frozenset(t) for t in told} == {frozenset({"id", "type", "createdAt", "data"})}


def test_a_hook_that_is_refused_comes_again(crm_: Api, listener: Listener) -> None:
    listener.answers = [500, 503]
    hook = crm_.ok("POST", "/webhooks", {"url": listener.url, "events": ["account.created"]})
    _new(crm_)
    listener.wait(lambda: len(listener.got) >= 3)
    crm_("DELETE", f"/webhooks/{hook['id']}")
    assert len({body for _, body in listener.got}) == 1


def test_hooks_go_to_loopback_only(crm_: Api) -> None:
    for url in ("http://192.0.2.1/x", "https://example.com/x", "http://127.0.0.1@192.0.2.1/", "file:///etc/passwd"):
        assert crm_("POST", "/webhooks", {"url": url}).status == 400


def test_another_host_name_is_refused(crm_: Api) -> None:
    assert crm_("GET", "/accounts", Host="evil.example.com").status == 421


def test_control_wants_its_header(crm_: Api) -> None:
    assert call("GET", f"{crm_.url}/_control/counters").status == 403
