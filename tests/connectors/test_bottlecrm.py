"""Pure parts of the BottleCRM connector, from answers recorded on a real 1.35 (tests/real speaks to the real one)."""

from __future__ import annotations

import hashlib
import hmac
import json
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hefu.connectors._bottlecrm_shapes import (
    ACCOUNTS,
    LINES,
    OPPORTUNITIES,
    SHAPES,
    packed,
    packed_line,
    unpacked,
    with_custom,
)
from hefu.connectors.bottlecrm import BottleCRM, BottleCRMSettings
from hefu.core.connector import Answer, Site
from hefu.core.errors import Denied, HubError, Missing, Rejected, Transient, Unanswered, Unsupported
from hefu.core.records import REMOVED
from hefu.core.words import ERRORS, tell

NOW = datetime(2026, 1, 31, 8, tzinfo=UTC)
SECRET = "whsec_3JxJaZ"


class Recorded:
    """Gives recorded answers by path."""

    def __init__(self, **answers):
        self.answers = answers

    def send(self, method, url, *, headers=None, params=None, body=None, timeout=None, writes=False):
        word = "posted" if method == "POST" else url.strip("/").rpartition("/")[2].partition("?")[0]
        status, told = self.answers[word.replace("-", "_")]
        if callable(told):
            told = told(params or {})
        return Answer(
            status,
            {"date": "Sat, 31 Jan 2026 08:00:07 GMT"},
            told if isinstance(told, bytes) else json.dumps(told).encode(),
        )


def crm(page=100, **answers):
    settings = BottleCRMSettings(url="http://crm.test", token="bcrm_pat_x", webhook_secret=SECRET, page=page)
    answers.setdefault("custom_fields", (200, {"definitions": []}))
    site = Site(Recorded(**answers), lambda: NOW, lambda _: None, connection="crm", facts={"lateness": 60})
    return BottleCRM(settings, site)


# ------------------------------------------------------------------------ values

DEFINITIONS = [
    {"target_model": "Account", "key": "erp_id", "label": "ERP number", "field_type": "text"},
    {"target_model": "Account", "key": "score", "label": "Score", "field_type": "number"},
    {"target_model": "Account", "key": "old", "label": "Old", "field_type": "text", "is_active": False},
    {"target_model": "Lead", "key": "lead", "label": "Lead", "field_type": "text"},
]


def test_custom_fields_stand_beside_the_others():
    shape = with_custom(ACCOUNTS, DEFINITIONS)
    assert [f.name for f in shape.fields if f.name.startswith("cf_")] == ["cf_erp_id", "cf_score"]
    row = {"name": "甲", "annual_revenue": "1000.50", "custom_fields": {"erp_id": "C1", "score": 3}, "created_at": None}
    values = unpacked(shape, row)
    assert (values["annual_revenue"], values["cf_erp_id"], values["cf_score"]) == (Decimal("1000.50"), "C1", 3)
    sent = packed(
        shape, {"cf_erp_id": None, "cf_score": Decimal(4), "annual_revenue": Decimal("0.1"), "is_active": False}
    )
    assert sent == {
        "custom_fields": {"erp_id": None, "score": "4"},
        "annual_revenue": "0.10",
        "is_active": False,
    }


@pytest.mark.parametrize(
    ("name", "value", "error"),
    [
        ("annual_revenue", Decimal("0.001"), Rejected), ("annual_revenue", "5", Rejected), ("name", 5, Rejected),
        ("is_active", "yes", Rejected), ("number_of_employees", Decimal("1.5"), Rejected), ("name", True, Rejected),
        ("created_at", NOW, Unsupported), ("nope", "x", Unsupported),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_refused_before_the_call(name, value, error):
    with pytest.raises(error):
        packed(ACCOUNTS, {name: value})


@given(st.decimals(min_value=-(10**9), max_value=10**9, places=2))
def test_amounts_go_out_as_they_are(amount):
    assert Decimal(packed(OPPORTUNITIES, {"amount": amount})["amount"]) == amount


def test_a_line_s_product_goes_by_another_word():
    row = {
        "id": "l1",
        "product": {"id": "p1", "sku": "S"},
        "quantity": "2.50",
        "unit_price": "9.00",
        "total": "22.50",
        "order": 0,
    }
    deal = unpacked(
        OPPORTUNITIES, {"line_items": [row], "closed_on": "2026-01-31", "account": {"id": "a1", "name": "甲"}}
    )
    [line] = deal["line_items"]
    assert (line["product"], line["quantity"], line["total"]) == ("p1", Decimal("2.5"), Decimal("22.5"))
    assert (deal["closed_on"], deal["account"]) == (date(2026, 1, 31), "a1")
    assert packed_line({"id": "l1", "product": "p1", "quantity": Decimal(3), "name": None}) == {
        "product_id": "p1",
        "quantity": "3.00",
    }
    with pytest.raises(Unsupported):
        packed_line({"total": Decimal(1)})
    assert REMOVED not in {f.name for f in LINES}


# ------------------------------------------------------------------------ errors


@pytest.mark.parametrize(
    ("status", "body", "on_read", "on_write", "field"),
    [
        (400, {"error": True, "errors": {"name": ["already exists with this name"]}}, Rejected, Rejected, "name"),
        (
            400,
            {"error": True, "errors": {"custom_fields": {"score": ["not a number"]}}},
            Rejected,
            Rejected,
            "cf_score",
        ),
        (400, {"error": True, "errors": "Bad"}, Rejected, Rejected, None),
        (403, {"detail": "Organization context is required.."}, Denied, Denied, None),
        (404, {"error": True, "errors": "Opportunity not found."}, Missing, Missing, None),
        (405, {"detail": 'Method "PATCH" not allowed.'}, Unsupported, Unsupported, None),
        (500, b"<!doctype html><h1>Server Error (500)</h1>", Transient, Unanswered, None),
        (200, b"<html>Welcome to nginx!</html>", Transient, Unanswered, None),
    ],
)
def test_an_answer_becomes_our_error(status, body, on_read, on_write, field):
    line = crm(x=(status, body), posted=(status, body)).api
    for work, kind in ((lambda: line.get("/x/"), on_read), (lambda: line.send("POST", "/x/", {}), on_write)):
        with pytest.raises(HubError) as told:
            work()
        assert type(told.value) is kind
        assert getattr(told.value, "field", None) == field
        assert "?" not in "".join(tell(told.value) + tell(told.value, "zh"))


# ----------------------------------------------------------------- lists and the feed


def people(count):
    return [{"id": f"{n:03d}", "first_name": "三", "last_name": f"张{n}", "created_at": None} for n in range(count)]


class Shifting:
    """A list from which somebody takes rows while it is read."""

    def __init__(self, rows, losses):
        self.rows, self.losses = rows, list(losses)

    def __call__(self, params):
        start, size = int(params["offset"]), int(params["limit"])
        page = self.rows[start : start + size]
        if self.losses:
            gone = self.losses.pop(0)
            self.rows = [r for r in self.rows if r["id"] not in gone]
        return {"results": page}


@given(st.lists(st.sets(st.integers(0, 39).map("{:03d}".format), max_size=12), max_size=6), st.integers(2, 9))
def test_no_row_is_missed_whatever_is_deleted_meanwhile(losses, page):
    book = Shifting(people(40), losses)
    seen = [r.id for got in crm(page, contacts=(200, book)).read("contacts") for r in got.records]
    assert {r["id"] for r in book.rows} <= set(seen)
    assert len(seen) == len(set(seen))


def feed(*told):
    rows = [
        {
            "action": action,
            "entity_id": i,
            "timestamp": (NOW - timedelta(seconds=age)).isoformat(),
            "user": {"email": "li@x.cn"},
        }
        for age, action, i in told
    ]
    return 200, {"activities": rows}


def test_the_feed_tells_what_changed_and_what_is_gone():
    one = (200, {"contact_obj": people(1)[0]})
    reader = crm(
        activities=feed(
            (1, "UPDATE", "000"),
            (2, "DELETE", "009"),
            (3, "CREATE", "009"),
            (4, "CREATE", "000"),
            (900, "UPDATE", "old"),
        ),
        **{"000": one},
    )
    [page] = reader.read("contacts", (NOW - timedelta(seconds=30)).isoformat())
    assert [(r.id, r.author) for r in page.records] == [("000", "li@x.cn")]
    assert page.gone == ["009"]
    assert page.cursor == "2026-01-31T08:00:07Z"


def test_a_full_feed_means_reading_everything():
    reader = crm(activities=feed(*[(n, "UPDATE", "000") for n in range(50)]), contacts=(200, Shifting(people(3), ())))
    pages = list(reader.read("contacts", (NOW - timedelta(seconds=30)).isoformat()))
    assert [r.id for page in pages for r in page.records] == ["000", "001", "002"]
    assert pages[-1].cursor == "2026-01-31T08:00:07Z"


@pytest.mark.parametrize("text", ["x", "", "2026-01-31", "[1]", "2026-01-31T08:00:00"])
def test_a_foreign_cursor_is_refused(text):
    with pytest.raises(Unsupported):
        crm().read("accounts", text)


# ------------------------------------------------------------------------ webhooks


def signed(body, at=NOW, secret=SECRET):
    told = str(int(at.timestamp()))
    v1 = hmac.new(secret.encode(), told.encode() + b"." + body, hashlib.sha256).hexdigest()
    return {"X-BottleCRM-Signature": f"t={told},v1={v1}"}


def test_webhooks_are_hints_if_they_are_signed_and_fresh():
    for event, obj in (("account.updated", "accounts"), ("deal.won", "opportunities"), ("contact.deleted", "contacts")):
        body = json.dumps({"event": event, "data": {"id": "a1"}}).encode()
        assert crm().parse(signed(body), body) == [(obj, "a1")]
    body = json.dumps({"event": "ping", "data": {}}).encode()
    assert crm().parse(signed(body), body) == []
    for headers in (
        signed(body, NOW - timedelta(minutes=6)),
        signed(body, secret="other"),
        {},
        {"X-BottleCRM-Signature": "t=x,v1=ü"},
    ):
        with pytest.raises(Denied):
            crm().parse(headers, body)


def test_every_code_has_words():
    assert sum(code.startswith("bottlecrm.") for code in ERRORS) > 15
    assert set(SHAPES) == {"accounts", "contacts", "opportunities", "products"}
