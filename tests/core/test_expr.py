"""Expressions: types are checked before running, decimals are exact, and nothing hostile gets far."""

from __future__ import annotations

import resource
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hefu.core.errors import HubError, Rejected, Unsupported
from hefu.core.expr import Scope, parse
from hefu.core.expr_functions import FUNCTIONS
from hefu.core.records import FieldType as T

SCOPE = Scope(
    {
        "name": T.TEXT,
        "price": T.MONEY,
        "active": T.BOOLEAN,
        "date": T.DATE,
        "lines": T.LINES,
        "客户": T.TEXT,
        "addr.city": T.TEXT,
    }
)
RECORD: dict[str, Any] = {
    "name": "华鑫",
    "price": "2.90",
    "active": True,
    "date": "2026-01-31",
    "客户": "K1",
    "addr": {"city": "苏州"},
    "lines": [{"q": "2", "p": "1.25"}, {"q": "3", "p": "0.1"}],
}


def run(source: str, record: dict[str, Any] = RECORD, gives: T | None = None) -> Any:
    return parse(source, SCOPE, gives).run(record)


@pytest.mark.parametrize(
    ("source", "result"),
    [
        ("name + '/' + addr.city", "华鑫/苏州"),
        ("record['客户']", "K1"),
        ("active ? 'on' : 'off'", "on"),
        ("dec_add(price, '1.10')", "4"),
        ("dec_mul('0.1', '3')", "0.3"),
        ("dec_div('10', '3', 4)", "3.3333"),
        ("dec_div('10', '4', 0, 'half_even')", "2"),
        ("dec_round('10.005', 2)", "10.01"),
        ("dec_cmp(price, '10') < 0 ? 'small' : 'big'", "small"),
        ("dec_sum(lines.map(l, dec_mul(l.q, l.p)))", "2.8"),
        ("dec_or('', '0')", "0"),
        ("add_days(date, 30)", "2026-03-02"),
        ("days_between(date, '2026-03-02')", "30"),
        ("day_of('2026-01-31T16:30:00Z', 'Asia/Shanghai')", "2026-02-01"),
        ("lines.size()", "2"),
        ("part('a/b/c', '/', -1)", "c"),
        ("join(split('a,b', ','), ';')", "a;b"),
        ("blank(name)", False),
        ("lines.exists(l, l.q == '3')", True),
        ("[{'line_no': '1'}]", [{"line_no": "1"}]),
        ("timestamp('2026-01-31T08:00:00+08:00')", "2026-01-31T00:00:00Z"),
        ("null", None),
    ],
)
def test_results_are_in_normal_form(source: str, result: Any) -> None:
    assert run(source) == result


@pytest.mark.parametrize(
    ("source", "column", "near"),
    [
        ("nmae", 1, "name"),
        ("'x' + nmae", 7, "name"),
        ("dec_ad('1', '2')", 7, "dec_add"),
        ("record['客 户']", 1, "客户"),
        ("record.nmae", 1, "name"),
    ],
)
def test_an_unknown_word_is_named_with_its_place_and_the_nearest(source: str, column: int, near: str) -> None:
    with pytest.raises(Unsupported) as error:
        run(source)
    assert error.value.code == "mapping.expr_unknown"
    assert (error.value.facts["at_column"], error.value.facts["nearest"]) == (column, near)


@pytest.mark.parametrize(
    "source", ["name + 1", "name == null", "price * '2'", "active + 'x'", "name.size() == 'a'", "name ? 1 : 2", "name."]
)
def test_a_type_clash_is_found_before_running(source: str) -> None:
    with pytest.raises(Unsupported) as error:
        run(source)
    assert error.value.code == "mapping.expr"
    assert error.value.facts["at_column"]


@pytest.mark.parametrize(
    ("source", "gives"),
    [("1.5", None), ("name", T.BOOLEAN), ("active", T.TEXT), ("b'x'", None), ("name", T.LINES), ("1.0 + 2.0", T.MONEY)],
)
def test_a_result_of_the_wrong_type_is_found_before_running(source: str, gives: T | None) -> None:
    with pytest.raises(Unsupported, match="expr_type"):
        parse(source, SCOPE, gives)


@pytest.mark.parametrize(
    "source",
    [
        "1 / 0",
        "dec_div('1', '0', 2)",
        "dec_add('', '1')",
        "dec_add('abc', '1')",
        "lines[9].q",
        "lines[0].missing",
        "int('x')",
        "9223372036854775807 + 1",
        "dec_round('1', 99)",
        "dec_round('1', 2, 'sideways')",
        "timestamp('yesterday')",
        "add_days('2026-02-30', 1)",
        "dyn(1.5)",
        "record.addr.city + 1",
    ],
)
def test_an_error_at_run_time_is_raised_and_never_a_value(source: str) -> None:
    with pytest.raises(Rejected):
        run(source)


def test_blanks_are_empty_text_and_a_blank_truth_value_stops() -> None:
    blank = dict.fromkeys(RECORD)
    assert run("name == '' ? 'none' : name", blank) == "none"
    assert run("blank(record.name)", blank) is True
    assert run("record.active == null", blank) is True
    assert run("lines.size()", blank) == "0"
    with pytest.raises(Rejected):
        run("active ? 'y' : 'n'", blank)


def test_the_names_an_expression_reads_are_known() -> None:
    expr = parse("addr.city + (active ? name : 'price')", SCOPE)
    assert expr.names == {"addr", "active", "name"}


def test_without_a_schema_any_field_may_be_named() -> None:
    expr = parse("kind == 'x' ? label : record['名称']", Scope(open=True))
    assert expr.run({"kind": "x", "label": "L"}) == "L"
    assert expr.run({"kind": None, "名称": "N"}) == "N"


# ---------------------------------------------------------------------------- hostile

TEN = "[1,2,3,4,5,6,7,8,9,10]"
HOSTILE = [
    "(" * 900 + "1" + ")" * 900,
    "[" * 900 + "]" * 900,
    "-" * 1999 + "1",
    "!" * 1998 + "true",
    "1+" * 990 + "1",
    "a" * 5000,
    f"{TEN}.map(a,{TEN}.map(b,{TEN}.map(c,a+b+c)))",
    f"{TEN}.map(a,{TEN}.all(b,{TEN}.exists(c,{TEN}.exists_one(d,a+b+c+d==1))))",
    "['a']" + ".map(x,x+x)" * 150,
    "['a']" + ".map(x,[x,x,x,x].map(y,y+x))" * 40,
    "[name].map(x,"
    + "+".join(["x"] * 30)
    + ").map(x,"
    + "+".join(["x"] * 30)
    + ").map(x,"
    + "+".join(["x"] * 30)
    + ")",
    "[lines].map(x,x+x+x+x).map(x,x+x+x+x).map(x,x+x+x+x).map(x,x+x+x+x).map(x,x+x+x+x).map(x,x+x+x+x)",
    "lines.map(l, " + "+".join(["name"] * 30) + ")",
    "join(lines.map(l, join(lines.map(k, name), name)), name)",
    "name.matches('(a+)+$') && name.matches('(.*)*(.*)*(.*)*x')",
    "name.matches('a{1000}{1000}{1000}')",
    "name.matches('(')",
    "'x'.repeat(1000000000)",
    "replace(replace(replace('aaaaaaaaaa','a','aaaaaaaaaa'),'a','aaaaaaaaaaaaaaaaaaaa'),'a','" + "a" * 900 + "')",
    "join(split('" + "a" * 1000 + "','a'),'" + "b" * 800 + "')",
    "dec_mul(dec_mul('1E40','1E40'),'1E40')",
    "dec_add('1E999999999','1')",
    "dec_mul('" + "9" * 900 + "','" + "9" * 900 + "')",
    "dec_round('1',-999999999)",
    "dec_div('1','3',999999999)",
    "dec_add('NaN','1')",
    "dec_add('Infinity','1')",
    "add_days('2026-01-01',9223372036854775807)",
    "add_days('9999-12-31',1)",
    "int('99999999999999999999999')",
    "-9223372036854775808 / -1",
    "__import__('os').system('id')",
    "name.__class__.__mro__",
    "record.__class__",
    "eval('1')",
    "lambda: 1",
    "open('/etc/passwd')",
    "google.protobuf.Any{type_url: 'x'}",
    "google.protobuf.Struct{fields: {}}",
    "type(name)",
    "'\\x00\\ud800'",
    "'unterminated",
    "name; name",
    "",
    "   ",
    "// only a remark",
    "\x00",
    "名称",
    "has(name)",
    "cel.bind(x, name + name, x + x)",
    "duration('1h')",
    "string(1e308 * 10.0)",
]


def tried(source: str, record: dict[str, Any]) -> Any:
    """The result, or the code of our own error; any other exception goes through and fails the test."""
    try:
        return parse(source, SCOPE).run(record)
    except HubError as error:
        return "" if error.code.startswith(("mapping.expr", "value.")) else {}


@pytest.mark.parametrize("source", HOSTILE, ids=[f"{n:02d}" for n in range(len(HOSTILE))])
def test_hostile_expressions_end_soon_and_small(source: str) -> None:
    before = resource.getrusage(resource.RUSAGE_SELF)
    record = {**RECORD, "name": "a" * 5000, "lines": [{"q": "1"}] * 500}
    result = tried(source, record)
    assert result is None or isinstance(result, (str, bool, list))
    assert len(str(result)) < 6_000_000
    after = resource.getrusage(resource.RUSAGE_SELF)
    assert after.ru_utime - before.ru_utime < 5
    assert after.ru_maxrss - before.ru_maxrss < 200_000


def test_too_many_lines_are_refused_before_the_library_sees_them() -> None:
    with pytest.raises(Rejected, match="expr_lines"):
        run("lines.map(l, l.q)", {"lines": [{"q": "1"}] * 1001})


@settings(max_examples=150, deadline=None)
@given(st.text(st.sampled_from("name()[]{}.,'\"+-*/=<>!?:&| 0123456789ldecmp_\n\\"), max_size=60))
def test_any_text_is_an_expression_or_a_clear_error(source: str) -> None:
    tried(source, RECORD)


NUMBERS = st.decimals(allow_nan=False, allow_infinity=False, min_value=-(10**17), max_value=10**17, places=4)


@settings(max_examples=100, deadline=None)
@given(NUMBERS, NUMBERS)
def test_decimal_functions_are_exact(a: Any, b: Any) -> None:
    add, sub, mul = (FUNCTIONS[name][0][0] for name in ("dec_add", "dec_sub", "dec_mul"))
    x, y = format(a, "f"), format(b, "f")
    assert sub(add(x, y), y) == add(x, "0")
    assert mul(x, y) == mul(y, x)
    if b:
        assert FUNCTIONS["dec_div"][0][0](mul(x, y), y, 4) == add(x, "0")
