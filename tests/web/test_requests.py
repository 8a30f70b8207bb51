"""Every request can be wrong: what it is answered, and that nothing is done twice."""

from __future__ import annotations

import json

import pytest
from bench import Api, Bench
from fastapi import APIRouter
from fastapi.routing import APIRoute
from starlette.routing import BaseRoute

from hefu.core.resources import RIGHTS
from hefu.core.words import ERRORS
from hefu.web.api import RESOURCES, make
from hefu.web.envelope import HEADERS
from hefu.web.route import PUBLIC, SIGNED_IN, Guarded, needs, resource


def routes() -> list[BaseRoute]:
    return [route for part in RESOURCES for route in part.router.routes]


def test_every_route_declares_its_right():
    found = routes()
    assert len(found) > 80
    assert all(isinstance(route, Guarded) for route in found), "a route without a door"
    declared = {(min(r.methods), r.path): r.right for r in found if isinstance(r, Guarded)}
    assert set(declared.values()) <= RIGHTS | {PUBLIC, SIGNED_IN}
    public = {way for way, right in declared.items() if right == PUBLIC}
    assert public == {("GET", "/health"), ("GET", "/readiness"), ("GET", "/version"), ("POST", "/session")}
    document = make(None).openapi()
    for path, ways in document["paths"].items():
        for method, said in ways.items():
            assert "x-right" in said, f"{method} {path}"


def test_a_route_without_a_right_cannot_be_made():
    router = resource("test")
    with pytest.raises(ValueError, match="declare its right"):
        router.get("/open")(lambda: None)
    with pytest.raises(ValueError, match="no right"):
        needs("issue.dance")
    assert isinstance(router, APIRouter)
    assert issubclass(router.route_class, APIRoute)


@pytest.mark.parametrize("route", [r for r in routes() if isinstance(r, Guarded) and r.right != PUBLIC],
                         ids=lambda r: f"{min(r.methods)} {r.path}")  # fmt: skip
def test_nobody_gets_nothing(b: Bench, route: Guarded) -> None:
    path = route.path.format(**dict.fromkeys(route.param_convertors, "x"))
    stranger = Api(b.base)
    answer = stranger.ask(min(route.methods), path)
    assert (answer.status, answer.code) == (401, "web.unsigned")
    assert answer.headers["www-authenticate"].startswith("Bearer")
    assert Api(b.base, "hefu_wrong").ask(min(route.methods), path).code == "login.token"


def test_who_has_no_right_is_refused_by_every_route_that_needs_one(b: Bench) -> None:
    nobody = b.account("nobody", "clerk")
    b.app.hang_up()
    held = set(nobody.get("/me")["rights"])
    for route in routes():
        assert isinstance(route, Guarded)
        if route.right in held or route.right in (PUBLIC, SIGNED_IN):
            continue
        path = route.path.format(**dict.fromkeys(route.param_convertors, "x"))
        answer = nobody.ask(min(route.methods), path)
        assert (answer.status, answer.code) == (403, "right.missing"), (route.path, answer.body)


def test_errors_say_what_and_what_next_in_the_callers_language(b: Bench) -> None:
    answer = b.root.ask("GET", "/plans/none", headers={"Accept-Language": "fr;q=1, zh-CN;q=0.8, en;q=0.5"})
    assert (answer.status, answer.code) == (404, "plan.unknown")
    found = answer.json
    assert found["title"] == ERRORS["plan.unknown"].zh.format(id="none")
    assert found["parameters"] == {"id": "none"}
    assert found["type"] == "urn:hefu:error:plan.unknown"
    assert answer.headers["x-request-id"] == found["request_id"]
    again = b.root.ask("GET", "/plans/none", headers={"X-Request-Id": "mine-1"})
    assert again.json["request_id"] == "mine-1"
    assert again.json["title"] == ERRORS["plan.unknown"].en.format(id="none")


@pytest.mark.parametrize(
    ("asked", "status", "code"),
    [
        (("GET", "/nowhere"), 404, "web.not_found"),
        (("POST", "/health"), 405, "web.method"),
        (("GET", "/runs?knid=cycle"), 400, "web.unknown_parameter"),
        (("GET", "/runs?state=dancing"), 422, "web.invalid"),
        (("GET", "/runs?limit=0"), 422, "web.invalid"),
        (("GET", "/runs?limit=201"), 422, "web.invalid"),
        (("GET", "/runs?limit=many"), 422, "web.invalid"),
        (("GET", "/runs?cursor=abc"), 400, "web.cursor"),
        (("GET", "/runs?cursor=%C3%A4%25"), 400, "web.cursor"),
        (("GET", "/runs/none"), 404, "web.unknown"),
        (("GET", "/runs/a%00b"), 400, "web.bad_text"),
        (("GET", "/records?q=%00"), 400, "web.bad_text"),
        (("GET", "/records/none"), 404, "web.unknown"),
        (("GET", "/issues/none"), 404, "web.unknown"),
        (("GET", "/jobs/none"), 404, "web.unknown"),
        (("GET", "/flows/none"), 404, "web.unknown"),
        (("GET", "/connections/none"), 404, "web.unknown"),
        (("GET", "/connections/none/objects"), 404, "web.unknown"),
        (("GET", "/connections/crm/objects/none"), 404, "hub.no_object"),
        (("GET", "/connectors/none/form"), 404, "web.unknown"),
        (("GET", "/documents/mapping/none"), 404, "web.unknown"),
        (("GET", "/documents/opera/none"), 422, "web.invalid"),
        (("GET", "/versions/99"), 404, "store.no_project"),
        (("GET", "/versions/99999999999999999999"), 422, "web.invalid"),
        (("GET", "/migrations/none"), 404, "web.unknown"),
        (("GET", "/reconciliations/none"), 404, "web.unknown"),
        (("POST", "/mappings/none/test", b"{}"), 404, "cli.no_mapping"),
        (("POST", "/plans", b"{"), 400, "web.bad_json"),
        (("POST", "/plans", b'{"reason": "\\ud800"}'), 400, "web.bad_json"),
        (("POST", "/plans", b'{"reason": "a\\u0000b"}'), 400, "web.bad_text"),
        (("POST", "/plans", b"[" * 3000), 400, "web.bad_json"),
        (("POST", "/plans", b'{"flows": "customers"}'), 422, "web.invalid"),
        (("POST", "/plans", b'{"flows": ["opera"]}'), 404, "cli.no_flow"),
        (("POST", "/plans", b" " * (2 << 20) + b"{}"), 413, "web.too_large"),
        (("POST", "/pauses", b'{"scope": "flow:opera"}'), 422, "desk.choice"),
        (("POST", "/undo-plans", b"{}"), 422, "cli.undo_what"),
        (("PUT", "/documents/flow/customers", b'{"text": "x"}'), 428, "web.tag_needed"),
        (("PUT", "/secrets/x", b'{"value": ""}'), 422, "web.invalid"),
        (("DELETE", "/secrets/none"), 404, "web.unknown"),
        (("POST", "/reconciliations", b'{"since": "yesterday"}'), 422, "cli.moment"),
    ],
    ids=lambda x: " ".join(map(str, x))[:60] if isinstance(x, tuple) else str(x),
)
def test_what_is_wrong_is_said(b: Bench, asked: tuple[str, ...], status: int, code: str) -> None:
    answer = b.root.ask(asked[0], asked[1], asked[2] if len(asked) > 2 else None)
    assert (answer.status, answer.code) == (status, code), answer.body
    assert code in ERRORS
    assert answer.json["detail"] or code.startswith("login."), "what next?"


def test_a_form_is_no_json(b: Bench) -> None:
    answer = b.root.ask("POST", "/plans", b"flows=customers", {"Content-Type": "application/x-www-form-urlencoded"})
    assert (answer.status, answer.code) == (400, "web.bad_json")


def test_every_wrong_value_is_named_with_its_place_but_not_repeated(b: Bench) -> None:
    answer = b.root.ask("POST", "/migrations", {"source": 5, "target": "secret-" + "x" * 80})
    assert {e["place"] for e in answer.json["errors"]} == {"body.source", "body.target"}
    assert "secret-" not in answer.body.decode()


# ----------------------------------------------------------------------- pages


def test_pages_are_stable_while_rows_come_and_belong_to_one_list(b: Bench) -> None:
    for _ in range(3):
        b.round()
    first = b.root.get("/records", limit=5)
    assert len(first["items"]) == 5
    b.crm.create("customer", {"code": "N1", "name": "New"}, organisation="10", record_id="n1")
    b.round()
    seen = [one["id"] for one in first["items"]]
    cursor = first["next"]
    while cursor:
        page = b.root.get("/records", limit=5, cursor=cursor)
        seen += [one["id"] for one in page["items"]]
        cursor = page["next"]
    assert len(seen) == len(set(seen)) == 12, "each once, and the newcomer not among them"
    other = b.root.ask("GET", "/records", cursor=first["next"], entity="customer", limit=5)
    assert (other.status, other.code) == (400, "web.cursor")
    assert b.root.ask("GET", "/runs", cursor=first["next"]).code == "web.cursor"


# ------------------------------------------------------------------- done once


def test_a_repeated_write_is_done_once_and_answered_the_same(b: Bench) -> None:
    key = {"Idempotency-Key": "pause-1"}
    first = b.root.ask("POST", "/pauses", {"scope": "mapping:crm_customer"}, key)
    assert first.status == 201
    b.root.ask("DELETE", "/pauses/mapping:crm_customer")
    again = b.root.ask("POST", "/pauses", {"scope": "mapping:crm_customer"}, key)
    assert (again.status, again.body) == (201, first.body)
    assert again.headers["idempotent-replayed"] == "true"
    assert b.root.get("/pauses")["items"] == [], "it was not done a second time"
    other = b.root.ask("POST", "/pauses", {"scope": "mapping:erp_customer"}, key)
    assert (other.status, other.code) == (422, "web.key_reused")
    assert (
        b.root.ask("POST", "/pauses", {"scope": "mapping:erp_customer"}, {"Idempotency-Key": "ä"}).code == "web.bad_key"
    )


def test_a_refusal_is_kept_like_any_answer_and_keys_are_ones_own(b: Bench) -> None:
    key = {"Idempotency-Key": "shared"}
    first = b.root.ask("POST", "/pauses", {"scope": "flow:opera"}, key)
    assert first.status == 422
    assert b.root.ask("POST", "/pauses", {"scope": "flow:opera"}, key).headers["idempotent-replayed"] == "true"
    other = b.account("operator1", "operator")
    answer = other.ask("POST", "/pauses", {"scope": "flow:customers"}, key)
    assert answer.status == 201
    b.root.ask("DELETE", "/pauses/flow:customers")


def test_a_secret_is_never_kept_as_an_answer(b: Bench) -> None:
    answer = b.root.ask("PUT", "/secrets/erp", {"value": "canary-77ab"}, {"Idempotency-Key": "s1"})
    assert answer.status == 204
    raw = b.app.store.path.read_bytes() + b.app.store.path.with_name(b.app.store.path.name + "-wal").read_bytes()
    assert b"canary-77ab" not in raw
    assert b.root.get("/secrets")["items"][0]["name"] == "erp"
    assert b"canary" not in json.dumps(b.root.get("/secrets")).encode()
    b.root.ask("DELETE", "/secrets/erp")


# -------------------------------------------------------------------- browsers


def test_answers_carry_the_headers_that_browsers_obey(b: Bench) -> None:
    for answer in (b.root.ask("GET", "/me"), b.root.ask("GET", "/nowhere"), Api(b.base).ask("GET", "/health")):
        for name, value in HEADERS.items():
            assert answer.headers[name.lower()] == value
        assert answer.headers["cache-control"] == "no-store"


def test_the_description_is_of_openapi_3_1_and_served(b: Bench) -> None:
    answer = b.root.ask("GET", "/openapi.json")
    assert answer.status == 200
    assert answer.json["openapi"].startswith("3.1")
