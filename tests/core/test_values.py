"""Normal forms: equal things have one form, nothing is rounded, and what cannot be understood says so."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from hefu.core.errors import Rejected, Unsupported
from hefu.core.records import FieldType as T
from hefu.core.values import ODD, clean, half_width, normal, normaliser, speaker, system, zone_of

CST = "Asia/Shanghai"
at = datetime.fromisoformat
LOCAL = at("2026-01-31T08:00")


@pytest.mark.parametrize(
    ("value", "kind", "form"),
    [
        ("华鑫", T.TEXT, "华鑫"),
        ("cafe\u0301", T.TEXT, "café"),
        ("a\r\nb\rc", T.TEXT, "a\nb\nc"),
        (12, T.TEXT, "12"),
        (Decimal("1.50"), T.TEXT, "1.5"),
        (True, T.TEXT, "true"),
        (7, T.REFERENCE, "7"),
        ("A", T.CODE, "A"),
        (Decimal("12.50"), T.MONEY, "12.5"),
        (Decimal("1E+3"), T.DECIMAL, "1000"),
        (Decimal("-0.00"), T.DECIMAL, "0"),
        ("0012.50", T.DECIMAL, "12.5"),
        ("1E3", T.DECIMAL, "1000"),
        (".5", T.DECIMAL, "0.5"),
        (" 5. ", T.DECIMAL, "5"),
        ("１２", T.DECIMAL, "12"),
        ("99999999999999999.99", T.MONEY, "99999999999999999.99"),
        (date(2026, 1, 31), T.DATE, "2026-01-31"),
        (LOCAL.replace(hour=0), T.DATE, "2026-01-31"),
        ("2026-01-31T00:00:00", T.DATE, "2026-01-31"),
        (LOCAL, T.INSTANT, "2026-01-31T00:00:00Z"),
        (datetime(2026, 1, 31, 8, tzinfo=UTC), T.INSTANT, "2026-01-31T08:00:00Z"),
        ("2026-01-31 08:00", T.INSTANT, "2026-01-31T00:00:00Z"),
        ("2026-01-31T08:00:00.5Z", T.INSTANT, "2026-01-31T08:00:00.500000Z"),
        ("2026-01-31T08:00:00+0200", T.INSTANT, "2026-01-31T06:00:00Z"),
        (1, T.BOOLEAN, True),
        ("否", T.BOOLEAN, False),
        ("Y", T.BOOLEAN, True),
        (None, T.MONEY, None),
    ],
)
def test_normal_form(value: Any, kind: T, form: Any) -> None:
    assert normal(value, kind, CST) == form


@pytest.mark.parametrize(
    ("value", "kind", "code"),
    [
        ("a\x00b", T.TEXT, "value.control"),
        ("a\x0bb", T.CODE, "value.control"),
        ("\ufeffA", T.TEXT, "value.control"),
        ("\ud800", T.TEXT, "value.control"),
        (1.5, T.DECIMAL, "value.float"),
        (1.5, T.TEXT, "value.float"),
        (True, T.MONEY, "value.type"),
        ("1,234", T.DECIMAL, "value.number"),
        ("1_000", T.DECIMAL, "value.number"),
        ("NaN", T.DECIMAL, "value.number"),
        (Decimal("Infinity"), T.DECIMAL, "value.number"),
        ("1E999", T.DECIMAL, "value.digits"),
        (10**60, T.DECIMAL, "value.digits"),
        ("", T.DECIMAL, "value.number"),
        ("2026-02-30", T.DATE, "value.date"),
        ("31/01/2026", T.DATE, "value.date"),
        ("20260131", T.DATE, "value.date"),
        (LOCAL, T.DATE, "value.date_time"),
        (date(2026, 1, 31), T.INSTANT, "value.instant"),
        ("2026-01-31", T.INSTANT, "value.instant"),
        (datetime.min.replace(tzinfo=timezone(timedelta(hours=14))), T.INSTANT, "value.instant"),
        ("maybe", T.BOOLEAN, "value.boolean"),
        (2, T.BOOLEAN, "value.boolean"),
        (b"x", T.TEXT, "value.type"),
    ],
)
def test_what_cannot_be_understood_says_why(value: Any, kind: T, code: str) -> None:
    with pytest.raises(Rejected) as error:
        normal(value, kind, CST)
    assert error.value.code == code


def test_a_code_must_be_one_of_its_options() -> None:
    assert normal("A", T.CODE, options=("A", "B")) == "A"
    with pytest.raises(Rejected, match="option"):
        normal("a", T.CODE, options=("A", "B"))


def test_an_unknown_zone_is_named() -> None:
    with pytest.raises(Unsupported, match="Shanghei"):
        zone_of("Asia/Shanghei")


VALUES: dict[T, st.SearchStrategy[Any]] = {
    T.TEXT: st.text(max_size=30),
    T.CODE: st.text(max_size=10),
    T.REFERENCE: st.integers() | st.text(max_size=10),
    T.DECIMAL: st.decimals(allow_nan=False, allow_infinity=False, places=6) | st.integers(-(10**20), 10**20),
    T.MONEY: st.decimals(allow_nan=False, allow_infinity=False, min_value=-(10**17), max_value=10**17, places=2),
    T.DATE: st.dates(),
    T.INSTANT: st.datetimes(min_value=at("0001-01-03"), max_value=at("9999-12-28"))
    | st.datetimes(min_value=at("1950-01-01"), max_value=at("2100-01-01"), timezones=st.just(UTC)),
    T.BOOLEAN: st.booleans() | st.sampled_from(["是", "no", 0, 1]),
}
ZONES = st.sampled_from(["UTC", CST, "Europe/Berlin", "America/St_Johns", "Australia/Lord_Howe"])


def ok(value: Any, kind: T, zone: str) -> Any:
    try:
        return normal(value, kind, zone)
    except Rejected:
        return None


@pytest.mark.parametrize("kind", VALUES)
@settings(max_examples=120, deadline=None)
@given(data=st.data(), zone=ZONES)
def test_a_normal_form_is_its_own_and_survives_the_system(kind: T, data: st.DataObject, zone: str) -> None:
    form = ok(data.draw(VALUES[kind]), kind, zone)
    if form is None:
        return
    assert isinstance(form, (str, bool))
    assert normal(form, kind, zone) == form
    assert normal(system(form, kind), kind, zone) == form


@pytest.mark.parametrize("kind", VALUES)
@settings(max_examples=150, deadline=None)
@given(data=st.data(), zone=ZONES)
def test_a_column_says_what_its_values_say(kind: T, data: st.DataObject, zone: str) -> None:
    """The fast way over a column and the careful way over a value agree wherever the fast way answers."""
    looks_right = VALUES[kind].map(str) | VALUES[kind]
    column = data.draw(st.lists(looks_right, min_size=1, max_size=4))
    cell, whole = normaliser(kind, zone_of(zone))
    try:
        fast = whole(column)
    except ODD:
        return
    assert fast == [cell(value) for value in column]


@pytest.mark.parametrize("kind", VALUES)
@settings(max_examples=100, deadline=None)
@given(data=st.data())
def test_a_column_speaks_as_its_values_do(kind: T, data: st.DataObject) -> None:
    forms = [ok(value, kind, CST) for value in data.draw(st.lists(VALUES[kind], min_size=1, max_size=4))]
    forms = [form for form in forms if form is not None]
    cell, whole = speaker(kind)
    if forms:
        assert whole(forms) == [cell(form) for form in forms]


@settings(max_examples=200, deadline=None)
@given(
    st.integers(-(10**30), 10**30),
    st.integers(0, 20),
    st.sampled_from(["{:f}", "{:E}", "{}", "+{:f}", "{:f}000", "  {}"]),
)
@example(0, 5, "-{:f}")
def test_one_number_has_one_form_however_it_is_written(digits: int, places: int, pattern: str) -> None:
    value = Decimal(digits).scaleb(-places)
    written = pattern.format(value)
    if pattern == "{:f}000" and "." not in written:
        return
    if pattern == "+{:f}" and value < 0:
        return
    form = normal(written, T.DECIMAL)
    assert Decimal(form) == value
    assert "E" not in form
    assert form == normal(value, T.DECIMAL)
    assert not ("." in form and form.endswith("0"))


@settings(max_examples=100, deadline=None)
@given(
    st.datetimes(min_value=at("1990-01-01"), max_value=at("2040-01-01")).map(lambda d: d.replace(microsecond=0)),
    ZONES,
)
def test_a_time_without_a_zone_is_that_of_the_connection(local: datetime, zone: str) -> None:
    expected = local.replace(tzinfo=ZoneInfo(zone) if zone != "UTC" else UTC).astimezone(UTC)
    said = [local.isoformat(" "), local.isoformat(), local]
    cell, whole = normaliser(T.INSTANT, zone_of(zone))
    assert {cell(value) for value in said} == {expected.isoformat().replace("+00:00", "Z")}
    for value in said:
        try:
            assert whole([value]) == [cell(value)]
        except LookupError:
            assert expected.utcoffset() is not None  # an hour in which the offset moves takes the careful way


@given(st.text())
def test_cleaned_text_is_always_accepted(value: str) -> None:
    assert normal(clean(value), T.TEXT) == normal(clean(clean(value)), T.TEXT)


def test_half_width() -> None:
    assert half_width("ＡＢＣ（１２）　ｘ") == "ABC(12) x"
