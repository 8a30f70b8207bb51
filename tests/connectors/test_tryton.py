"""Pure parts of the Tryton connector, from answers recorded on a real 8.2 (tests/real speaks to the real one)."""

from __future__ import annotations

import json
import string
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hefu.connectors._tryton_fields import Draft, read_as, write_as
from hefu.connectors._tryton_rpc import Rpc, parsed, read_value, wire
from hefu.connectors._tryton_shapes import PARTY, SALE, SHAPES, Bound
from hefu.connectors.tryton import CONNECTOR, Cursor, Tryton, TrytonSettings
from hefu.core.connector import Answer, Site
from hefu.core.errors import Denied, HubError, Missing, Rejected, Stale, Transient, Unanswered, Unsupported
from hefu.core.records import REMOVED
from hefu.core.words import ERRORS, tell

NOW = datetime(2026, 1, 31, 8, tzinfo=UTC)
LOGIN = {"id": 1, "result": [2, "2dd710bf", None]}


class Recorded:
    """Gives recorded answers in turn; keeps what was asked."""

    def __init__(self, *answers):
        self.answers, self.asked = list(answers), []

    def send(self, method, url, *, headers=None, params=None, body=None, timeout=None, writes=False):
        self.asked.append((json.loads(body)["method"], json.loads(body)["params"], dict(headers), writes))
        answer = self.answers.pop(0)
        if isinstance(answer, HubError):
            raise answer
        status, told = answer if isinstance(answer, tuple) else (200, answer)
        text = told if isinstance(told, bytes) else json.dumps(told).encode()
        return Answer(status, {"date": "Sat, 31 Jan 2026 08:00:07 GMT"}, text)


def rpc(*answers, accept=()):
    http = Recorded(*answers)
    site = Site(http, lambda: NOW, lambda _: None, connection="erp")
    return Rpc(site, "http://erp.test/db", "hub", "pw", accept, {"language": "en"}), http


def error(kind, *facts):
    return {"id": 1, "error": [kind, list(facts)]}


# ------------------------------------------------------------------------ the wire


def test_values_cross_the_wire_exactly():
    east = timezone(timedelta(hours=8))
    sent = {"a": Decimal("0.10"), "b": date(2024, 2, 29), "c": datetime(2026, 1, 1, 0, 30, 0, 5, tzinfo=east)}
    back = json.loads(json.dumps(sent, default=wire), object_hook=read_value, parse_float=Decimal)
    assert back == sent
    assert str(back["a"]) == "0.10"
    assert back["c"].tzinfo is UTC


@given(st.decimals(allow_nan=False, allow_infinity=False))
def test_any_decimal_crosses_the_wire(value):
    assert parsed(json.dumps({"v": value}, default=wire).encode())["v"] == value


@given(st.integers(0, 10**9), st.integers(0, 6))
def test_quantities_survive_tryton_s_floats(digits, places):
    value = Decimal(digits).scaleb(-places)
    sent = json.dumps(write_as("float", "quantity", value))
    assert read_as("float", json.loads(sent, parse_float=Decimal)) == value


@pytest.mark.parametrize(
    ("kind", "value"),
    [("numeric", "1"), ("numeric", True), ("boolean", 1), ("char", 5), ("date", "2026-01-31"), ("many2one", 3),
     ("many2one", "C-1"), ("float", None.__class__)],
)  # fmt: skip
def test_a_wrong_type_is_refused_with_its_field(kind, value):
    with pytest.raises(Rejected) as told:
        write_as(kind, "quantity", value)
    assert told.value.field == "quantity"


# ----------------------------------------------------------------------- the errors


@pytest.mark.parametrize(
    ("answer", "on_read", "on_write"),
    [
        (error("UserError", "The code on party must be unique.", "", None), Denied, Rejected),
        (error("ConcurrencyException", "Records were modified in the meanwhile"), Stale, Stale),
        (error("UserWarning", "credit_limit.4e1f", "The limit of 5.00 is exceeded.", ""), Rejected, Rejected),
        (error("LoginException", "code", "The code", "char"), Denied, Denied),
        ({"id": 1, "error": ["'nofield'", ""]}, Unsupported, Rejected),
        ((403, b"<html>"), Denied, Denied),
        ((404, b"<html>"), Unsupported, Unsupported),
        ((413, b""), Unsupported, Unsupported),
        ((500, b"<html>"), Transient, Unanswered),
        ((200, b"<html>Welcome"), Transient, Unanswered),
        ((200, b"[]"), Transient, Unanswered),
    ],
)
def test_an_answer_becomes_our_error(answer, on_read, on_write):
    for writes, kind in ((False, on_read), (True, on_write)):
        line, _ = rpc(LOGIN, answer)
        with pytest.raises(HubError) as told:
            line.call("model.party.party.search_read", writes=writes)
        assert type(told.value) is kind
        assert "?" not in "".join(tell(told.value) + tell(told.value, "zh"))


def test_a_session_that_ended_is_renewed_once():
    line, http = rpc(LOGIN, (401, b""), LOGIN, {"id": 1, "result": [1]})
    assert line.call("model.party.party.search") == [1]
    assert [asked[0] for asked in http.asked] == ["common.db.login", "model.party.party.search"] * 2
    line, _ = rpc(LOGIN, (401, b""), LOGIN, (401, b""))
    with pytest.raises(Denied):
        line.call("model.party.party.search")


def test_a_wrong_password_is_denied_without_repeating_it():
    line, _ = rpc((401, b""))
    with pytest.raises(Denied) as told:
        line.call("model.party.party.search")
    assert "pw" not in repr(told.value)


def test_only_named_warnings_are_confirmed():
    warning = error("UserWarning", "credit_limit.4e1f", "The limit is exceeded.", "")
    line, http = rpc(LOGIN, warning, {"id": 1, "result": None}, {"id": 1, "result": "ok"}, accept=("credit_*",))
    assert line.call("model.sale.sale.confirm", [4], writes=True) == "ok"
    assert http.asked[2][:2] == ("model.res.user.warning.skip", ["credit_limit.4e1f", False, {"language": "en"}])
    line, _ = rpc(LOGIN, warning, accept=("stock_*",))
    with pytest.raises(Rejected, match="limit is exceeded"):
        line.call("model.sale.sale.confirm", [4], writes=True)


def test_a_warning_that_never_ends():
    warning = error("UserWarning", "w", "again", "")
    line, _ = rpc(LOGIN, *[warning, {"id": 1, "result": None}] * 9, accept=("*",))
    with pytest.raises(Rejected, match="warnings"):
        line.call("model.sale.sale.confirm", [4], writes=True)


# -------------------------------------------------------------------- flat and nested

CHAR, SELECT, BOOL, M2O = ({"type": t, "string": t} for t in ("char", "selection", "boolean", "many2one"))
METAS = {
    "": {"code": {**CHAR, "required": True}, "name": CHAR, "active": BOOL, "customer_payment_term": M2O, "lang": M2O},
    "addresses": {"street_unstructured": CHAR, "city": CHAR, "postal_code": CHAR, "country": M2O},
    "contact_mechanisms": {"type": SELECT, "value": CHAR},
    "identifiers": {"type": SELECT, "code": CHAR},
}
ROW = {
    "id": 6,
    "_timestamp": "1795298045.22897",
    "code": "C000003",
    "name": "深圳合符",
    "active": 1,
    "customer_payment_term": 11,
    "customer_payment_term.": {"name": "Net 30 days", "id": 11},
    "lang.": None,
    "addresses.": [{"id": 6, "active": 0, "city": "旧"},
                   {"id": 7, "active": 1, "city": "深圳", "country.": {"code": "CN"}}],
    "contact_mechanisms.": [{"id": 7, "type": "mobile", "value": "+86 18519742785", "active": 1}],
    "identifiers.": [{"id": 4, "type": "cn_vat", "code": "91440300A9G3F15MGC", "active": 1},
                     {"id": 5, "type": None, "code": "01jd", "active": 1}],
}  # fmt: skip


def bound():
    return Bound.of(PARTY, METAS, 100, 100)


def packed(values, row=ROW):
    draft, here = Draft(), bound()
    for name, value in values.items():
        here.parts[name].pack(value, row, draft, METAS, lambda model, by, value: {"CN": 1}[value])
    return draft.finish(row)


def test_a_party_is_flattened():
    values = bound().values(ROW)
    told = {n: v for n, v in values.items() if v is not None}
    assert told == {
        "code": "C000003", "name": "深圳合符", "active": True, "mobile": "+86 18519742785", "city": "深圳",
        "country": "CN", "credit_code": "91440300A9G3F15MGC", "hub_id": "01jd",
        "payment_term": "Net 30 days", "payment_term_id": "11",
    }  # fmt: skip
    assert "credit_limit" not in values  # this installation has no such field


def test_a_patch_touches_only_its_rows():
    assert packed({"mobile": "1", "city": "苏州", "country": "CN"}) == {
        "contact_mechanisms": [["write", [7], {"value": "1"}]],
        "addresses": [["write", [7], {"city": "苏州", "country": 1}]],
    }
    assert packed({"mobile": None, "phone": "2", "email": None}) == {
        "contact_mechanisms": [["delete", [7]], ["create", [{"type": "phone", "value": "2"}]]]
    }


def test_a_new_party_makes_its_rows():
    made = packed({"name": "新", "city": "苏州", "street": None, "credit_code": "9131", "hub_id": "01je"}, None)
    assert made == {
        "name": "新",
        "addresses": [["create", [{"city": "苏州"}]]],
        "identifiers": [["create", [{"type": "cn_vat", "code": "9131"}]], ["create", [{"type": None, "code": "01je"}]]],
    }


def test_only_what_is_there_is_read():
    reads = bound().reads
    assert "addresses._timestamp" in reads
    assert "credit_limit_amount" not in reads


LINE = {"product": {**M2O}, "quantity": {"type": "float", "string": "q"}, "note": CHAR}
SALES = {"": {"lines": {"type": "one2many"}, "state": SELECT}, "lines": LINE}


def test_lines_are_found_by_either_key():
    part = next(p for p in SALE.parts if p.name == "lines")
    row = {"lines.": [{"id": 3, "type": "line", "note": "hub:crm-1\nbitte kühl", "product": 1, "quantity": Decimal(2)},
                      {"id": 4, "type": "line", "note": "kühl", "product": 2, "quantity": Decimal(1)},
                      {"id": 5, "type": "title", "note": None}]}  # fmt: skip
    assert [line["key"] for line in part.unpack(row, SALES)] == ["crm-1", "L4"]
    draft = Draft()
    lines = [{"key": "crm-1", "quantity": Decimal(5)}, {"key": "L4", REMOVED: True}, {"key": "crm-9", "product": "7"}]
    part.pack([*lines, {"key": "gone", REMOVED: True}], row, draft, SALES, lambda *_: 0)
    assert draft.finish(row)["lines"] == [
        ["write", [3], {"quantity": 5.0}],
        ["delete", [4]],
        ["create", [{"product": 7, "note": "hub:crm-9"}]],
    ]
    with pytest.raises(Rejected, match="unknown_line"):
        part.pack([{"id": "77", "quantity": Decimal(1)}], row, Draft(), SALES, lambda *_: 0)
    with pytest.raises(Unsupported, match="unknown_field"):
        part.pack([{"colour": "red"}], row, Draft(), SALES, lambda *_: 0)


# ------------------------------------------------------------------------- the cursor


@given(
    st.none() | st.datetimes(timezones=st.just(UTC)),
    st.none() | st.datetimes(timezones=st.just(UTC)),
    st.none() | st.tuples(st.none() | st.datetimes(timezones=st.just(UTC)), st.integers(0)),
)
def test_a_cursor_comes_back(since, began, after):
    cursor = Cursor(since, began, after)
    assert Cursor.parse(cursor.text()) == cursor


@given(st.text(string.printable, max_size=30))
def test_a_foreign_cursor_is_refused(text):
    try:
        Cursor.parse(text)
    except Unsupported:
        return
    assert len(json.loads(text)) == 3


def test_a_document_that_is_wrong(monkeypatch):
    for url in ("erp.example.com/db", "https://erp.example.com", "https://erp.example.com/db/x"):
        with pytest.raises(ValueError, match="url"):
            TrytonSettings(url=url, user="u", password="p")


def test_the_order_s_token_field_is_not_for_mappings():
    answers = [
        LOGIN,
        {"id": 1, "result": {"description": CHAR, "reference": CHAR, "state": SELECT}},
        {"id": 1, "error": ["'x'", ""]},
    ]
    for name, other in (("description", "reference"), ("reference", "description")):
        settings = TrytonSettings(url="http://erp.test/db", user="u", password="p", order_token_field=name)
        tryton = Tryton(settings, Site(Recorded(*answers), lambda: NOW, lambda _: None, connection="erp"))
        schema = tryton._find("sale.sale").schema
        assert schema.abilities.token_field == name
        assert not schema.field(name).writable
        assert schema.field(other).writable


def test_what_is_missing_is_said_before_it_is_written():
    answers = [LOGIN, {"id": 1, "result": METAS[""]}, {"id": 1, "error": ["'m'", ""]}, {"id": 1, "result": []}]
    http = Recorded(*answers[:2], *[answers[2]] * 3, answers[3])
    tryton = CONNECTOR(
        TrytonSettings(url="http://erp.test/db", user="u", password="p"), Site(http, lambda: NOW, lambda _: None)
    )
    from hefu.core.records import Write

    [missing] = tryton.write("party.party", [Write("77", {"name": "x"})])
    assert isinstance(missing, Missing)
    assert not any(writes for *_, writes in http.asked)


def test_every_code_has_words_and_every_shape_a_key():
    assert sum(code.startswith("tryton.") for code in ERRORS) > 20
    assert all(shape.key or not shape.update for shape in SHAPES.values())
