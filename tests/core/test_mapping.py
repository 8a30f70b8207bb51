"""One mapping, both ways: columns, blanks, paths, lines, references, filters, expressions, losses, fingerprints."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hefu.core.columns import ABSENT, Table
from hefu.core.errors import HubError, Rejected, Unsupported
from hefu.core.losses import Loss
from hefu.core.mapping import FILTERED, Compiled, compile_mapping
from hefu.core.project import Entity, Mapping
from hefu.core.records import Abilities, Field, ObjectSchema
from hefu.core.records import FieldType as T

ENTITY = Entity.model_validate(
    {
        "entity": "order",
        "fields": {
            "number": {"type": "code"},
            "customer": {"type": "reference", "entity": "customer"},
            "name": {"type": "text"},
            "level": {"type": "code", "options": ["gold", "silver"]},
            "total": {"type": "money"},
            "date": {"type": "date"},
            "approved_at": {"type": "instant"},
            "active": {"type": "boolean"},
            "city": {"type": "text"},
            "lines": {
                "type": "lines",
                "line_key": "no",
                "lines": {
                    "no": {"type": "code"},
                    "product": {"type": "reference", "entity": "product"},
                    "quantity": {"type": "decimal"},
                },
            },
        },
    }
)
LINE = (Field("id", T.DECIMAL), Field("sku", T.REFERENCE), Field("qty", T.DECIMAL))
SCHEMA = ObjectSchema(
    "SO",
    (
        Field("no", T.TEXT, length=10),
        Field("cust", T.REFERENCE),
        Field("名称", T.TEXT, bytes_length=20),
        Field("lv", T.CODE),
        Field("total", T.MONEY, scale=2),
        Field("date", T.DATE),
        Field("approved", T.INSTANT),
        Field("on", T.DECIMAL),
        Field("addr", T.TEXT),
        Field("rows", T.LINES, lines=LINE),
    ),
    key=("no",),
    abilities=Abilities(create="key", update=True),
)
PAIRS: list[dict[str, Any]] = [
    {"field": "number", "from": "no", "transform": ["trim"]},
    {"field": "customer", "from": "cust", "lookup": "crm_customer"},
    {"field": "name", "from": "名称", "transform": ["trim", {"use": "width", "to": "half"}]},
    {"field": "level", "from": "lv", "values": {"A": "gold", "B": "silver", "C": "silver"}},
    {"field": "total", "from": "total"},
    {"field": "date", "from": "date"},
    {"field": "approved_at", "from": "approved"},
    {"field": "active", "from": "on"},
    {"field": "city", "from": "addr.city"},
    {
        "field": "lines",
        "from": "rows",
        "lines": [
            {"field": "no", "from": "id"},
            {"field": "product", "from": "sku"},
            {"field": "quantity", "from": "qty"},
        ],
    },
]
RECORD: dict[str, Any] = {
    "no": " S1 ",
    "cust": 7,
    "名称": "华鑫（苏州）",
    "lv": "C",
    "total": Decimal("12.50"),
    "date": date(2026, 1, 31),
    "approved": "2026-01-31 08:00:00",
    "on": 1,
    "addr": {"city": "苏州", "zip": "215000"},
    "rows": [{"id": 10, "sku": 5, "qty": Decimal("2.0")}, {"id": 2, "sku": 6, "qty": 1}],
}
GOLDEN: dict[str, Any] = {
    "number": "S1",
    "customer": "7",
    "name": "华鑫(苏州)",
    "level": "silver",
    "total": "12.5",
    "date": "2026-01-31",
    "approved_at": "2026-01-31T00:00:00Z",
    "active": True,
    "city": "苏州",
    "lines": [{"no": "2", "product": "6", "quantity": "1"}, {"no": "10", "product": "5", "quantity": "2"}],
}


def made(
    pairs: list[dict[str, Any]] | None = None,
    schema: ObjectSchema | None = SCHEMA,
    entity: Entity = ENTITY,
    **more: Any,
) -> Compiled:
    document = {"mapping": "m", "connection": "erp", "object": "SO", "entity": "order", "create": True, **more}
    mapping = Mapping.model_validate({**document, "fields": PAIRS if pairs is None else pairs})
    return compile_mapping(mapping, entity, schema, zone="Asia/Shanghai")


def one(compiled: Compiled, record: dict[str, Any]) -> Any:
    return compiled.inward([record])[0]


def test_a_record_comes_in_and_goes_out() -> None:
    compiled = made()
    assert one(compiled, RECORD) == GOLDEN
    back = compiled.outward([GOLDEN], [None])[0]
    assert isinstance(back, dict)
    assert back == {
        "no": "S1",
        "cust": "7",
        "名称": "华鑫(苏州)",
        "lv": "B",
        "total": Decimal("12.5"),
        "date": date(2026, 1, 31),
        "approved": back["approved"],
        "on": Decimal(1),
        "addr": {"city": "苏州"},
        "rows": [
            {"id": Decimal(2), "sku": "6", "qty": Decimal(1)},
            {"id": Decimal(10), "sku": "5", "qty": Decimal(2)},
        ],
    }
    assert back["approved"].isoformat() == "2026-01-31T00:00:00+00:00"


def test_it_says_what_it_reads_writes_and_refers_to() -> None:
    compiled = made()
    assert compiled.reads == compiled.writes == set(ENTITY.fields)
    assert compiled.references == {("customer",): "customer", ("lines", "product"): "product"}
    assert compiled.lookups == {("customer",): "crm_customer"}
    assert made(update=False, create=False).writes == frozenset()
    one_way = made([{"field": "name", "from": "名称", "direction": "in"}, {"field": "total", "direction": "out"}])
    assert (one_way.reads, one_way.writes) == ({"name"}, {"total"})


def test_only_the_fields_that_are_owed_are_written() -> None:
    compiled = made()
    only = [frozenset({"total"}), frozenset({"city", "level"}), frozenset({"total"}), frozenset[str]()]
    assert compiled.outward([GOLDEN, GOLDEN, {"total": "3"}, GOLDEN], only) == [
        {"total": Decimal("12.5")},
        {"lv": "B", "addr": {"city": "苏州"}},
        {"total": Decimal(3)},
        {},
    ]


def test_one_bad_value_spoils_one_record_only() -> None:
    compiled = made()
    bad = [{**RECORD, "total": "zwölf"}, RECORD, {**RECORD, "rows": [{"id": 1, "qty": "x"}]}, {**RECORD, "lv": "Z"}]
    found = compiled.inward(bad)
    assert found[1] == GOLDEN
    errors = [found[0], found[2], found[3]]
    assert [(e.code, e.field) for e in errors if isinstance(e, Rejected)] == [
        ("value.number", "total"),
        ("value.number", "lines.quantity"),
        ("value.code", "level"),
    ]
    assert isinstance(found[2], Rejected)
    assert found[2].facts["line"] == 1


def test_one_bad_golden_value_spoils_one_record_only() -> None:
    compiled = made()
    found = compiled.outward([{"level": "bronze"}, {"level": "gold"}], [None, None])
    assert isinstance(found[0], Rejected)
    assert found[1] == {"lv": "A"}


def test_absent_stays_absent_and_null_is_blank() -> None:
    compiled = made()
    assert one(compiled, {"no": "S1"}) == {"number": "S1"}
    blank = dict.fromkeys(RECORD)
    assert one(compiled, blank) == dict.fromkeys(set(ENTITY.fields) - {"city"})
    mixed = [{"no": "a"}, {"no": None}, {}, {"no": "  "}, {"no": "b"}]
    assert compiled.inward(mixed) == [{"number": "a"}, {"number": None}, {}, {"number": None}, {"number": "b"}]


@pytest.mark.parametrize(
    ("rule", "text", "amount"),
    [("null", {"name": None}, {"total": None}), ("empty", {"name": ""}, {"total": None}), ("ignore", {}, {})],
)
def test_the_rule_for_empty_text(rule: str, text: dict[str, Any], amount: dict[str, Any]) -> None:
    compiled = made([{"field": "name", "from": "名称", "blank": rule}, {"field": "total", "blank": rule}])
    assert compiled.inward([{"名称": ""}, {"total": ""}, {"名称": "x"}]) == [text, amount, {"name": "x"}]
    null = {} if rule == "ignore" else {"name": None}
    assert one(compiled, {"名称": None}) == null


def test_a_blank_of_ours_empties_theirs_only_if_it_may() -> None:
    pairs = [{"field": "name", "from": "名称"}, {"field": "total", "clear": False}]
    assert made(pairs).outward([{"name": None, "total": None}, {"total": "1"}], [None, None]) == [
        {"名称": None},
        {"total": Decimal(1)},
    ]


def test_a_field_named_with_dots_is_itself_before_it_is_a_path() -> None:
    schema = ObjectSchema("SO", (Field("FCustId.FNumber", T.REFERENCE),))
    compiled = made([{"field": "customer", "from": "FCustId.FNumber"}], schema)
    assert one(compiled, {"FCustId.FNumber": "C1"}) == {"customer": "C1"}
    assert compiled.outward([{"customer": "C1"}], [None]) == [{"FCustId.FNumber": "C1"}]


def test_lines_keep_the_order_of_their_keys_and_must_have_them() -> None:
    compiled = made()
    rows = [{"id": n, "sku": n} for n in (3, 1, 20)]
    assert [line["no"] for line in one(compiled, {"rows": rows})["lines"]] == ["1", "3", "20"]
    assert one(compiled, {"rows": []}) == {"lines": []}
    twice = one(compiled, {"rows": [{"id": 1}, {"id": 1}]})
    keyless = one(compiled, {"rows": [{"sku": 1}]})
    wrong = one(compiled, {"rows": "none"})
    assert [e.code for e in (twice, keyless, wrong)] == ["value.line_twice", "value.line_key", "value.lines"]


def test_a_filter_leaves_records_alone() -> None:
    compiled = made(filter="lv != 'X' && total != ''")
    assert compiled.inward([{**RECORD, "lv": "X", "date": "nonsense"}, RECORD])[0] is FILTERED
    assert compiled.inward([{**RECORD, "lv": "X"}, RECORD])[1] == GOLDEN
    failing = made(filter="dec_cmp(total, '1') > 0")
    found = failing.inward([{"total": None}, RECORD])
    assert isinstance(found[0], Rejected)
    assert found[1] == GOLDEN


def test_out_filter_says_which_objects_a_system_should_have() -> None:
    compiled = made(out_filter="level == 'gold' && dec_cmp(total, '10') > 0")
    assert compiled.wanted({"level": "gold", "total": "12.5"}) is True
    assert compiled.wanted({"level": "silver", "total": "12.5"}) is False
    assert made().wanted({}) is True
    assert compiled.wanted({"level": "gold"}) is False, "what cannot be said over a blank is not so"
    with pytest.raises(Rejected):
        compiled.wanted({"level": "gold", "total": "much"})


def test_expressions_both_ways() -> None:
    pairs = [
        {
            "field": "name",
            "from": "名称",
            "expr_in": "record['名称'] + '/' + record.addr.city",
            "expr_out": "part(name, '/', 1)",
        },
        {"field": "total", "expr_in": "dec_mul(total, '2')", "direction": "in"},
        {"field": "number", "from": "no", "direction": "out", "expr_out": "number + '-' + date"},
    ]
    compiled = made(pairs)
    assert one(compiled, RECORD) == {"name": "华鑫（苏州）/苏州", "total": "25"}
    assert isinstance(one(compiled, {**RECORD, "total": None}), Rejected)
    golden = {"name": "A/B", "number": "S1", "date": "2026-01-31"}
    assert compiled.outward([golden], [None]) == [{"名称": "A", "no": "S1-2026-01-31"}]
    assert compiled.writes == {"name", "number", "date"}
    assert compiled.outward([golden], [frozenset({"date"})]) == [{"no": "S1-2026-01-31"}]


def test_expressions_name_fields_with_dots() -> None:
    schema = ObjectSchema("SO", (Field("FCustId.FNumber", T.REFERENCE), Field("FCustId.FName")))
    compiled = made([{"field": "name", "expr_in": "FCustId.FNumber + ' ' + FCustId.FName", "direction": "in"}], schema)
    flat = {"FCustId.FNumber": "C1", "FCustId.FName": "华鑫"}
    assert compiled.inward([flat, {"FCustId": {"FNumber": "C2", "FName": "x"}}]) == [
        {"name": "C1 华鑫"},
        {"name": "C2 x"},
    ]


def test_expression_errors_stand_in_the_place_of_their_record() -> None:
    compiled = made([{"field": "city", "expr_in": "part(record.addr.city, '/', 1)", "direction": "in"}])
    found = compiled.inward([{"addr": {"city": "a/b"}}, {"addr": {}}, {"addr": {"city": "c"}}])
    assert found[0] == {"city": "a"}
    assert found[2] == {"city": "c"}
    assert isinstance(found[1], Rejected)
    assert found[1].field == "city"


def test_transforms_that_look_at_further_fields() -> None:
    pairs = [
        {"field": "name", "from": "名称", "transform": [{"use": "first", "of": ["no"]}], "direction": "in"},
        {
            "field": "city",
            "from": "addr.zip",
            "transform": [{"use": "concat", "with": ["addr.city"]}],
            "direction": "in",
        },
    ]
    compiled = made(pairs)
    assert compiled.inward([RECORD, {"no": "S2", "addr": {"city": "x"}}, {"名称": "y"}, {}]) == [
        {"name": "华鑫（苏州）", "city": "215000苏州"},
        {"name": "S2", "city": "x"},
        {"name": "y"},
        {},
    ]


def test_a_default_fills_blanks_but_not_what_was_not_sent() -> None:
    compiled = made([{"field": "name", "from": "名称", "transform": [{"use": "default", "value": "?"}]}])
    assert compiled.inward([{"名称": None}, {}, {"名称": "x"}]) == [{"name": "?"}, {}, {"name": "x"}]


def test_a_step_that_makes_blanks_does_not_disturb_the_others() -> None:
    steps: list[Any] = [{"use": "null_if", "values": ["-"]}, {"use": "case", "to": "upper"}]
    compiled = made([{"field": "name", "from": "名称", "transform": steps}])
    assert compiled.inward([{"名称": "-"}, {"名称": "a"}]) == [{"name": None}, {"name": "A"}]


def test_text_becomes_lines_and_back() -> None:
    entity = Entity.model_validate(
        {
            "entity": "order",
            "fields": {"tags": {"type": "lines", "line_key": "tag", "lines": {"tag": {"type": "code"}}}},
        }
    )
    pairs = [{"field": "tags", "from": "labels", "transform": [{"use": "split", "field": "tag"}]}]
    compiled = made(pairs, ObjectSchema("SO", (Field("labels"),)), entity)
    assert one(compiled, {"labels": "b;a"}) == {"tags": [{"tag": "a"}, {"tag": "b"}]}
    assert compiled.outward([{"tags": [{"tag": "a"}, {"tag": "b"}]}], [None]) == [{"labels": "a;b"}]


def test_without_a_schema_types_come_from_the_entity_and_the_first_step() -> None:
    pairs = [
        {"field": "total", "transform": [{"use": "scale", "factor": "0.01"}]},
        {"field": "date", "transform": [{"use": "date", "format": "yyyyMMdd"}]},
        {"field": "city", "from": "addr.city"},
        {"field": "active"},
    ]
    compiled = made(pairs, None)
    golden = one(compiled, {"total": 1250, "date": "20260131", "addr": {"city": "x"}, "active": "是"})
    assert golden == {"total": "12.5", "date": "2026-01-31", "city": "x", "active": True}
    assert compiled.outward([golden], [None]) == [
        {"total": Decimal(1250), "date": "20260131", "addr": {"city": "x"}, "active": True}
    ]


@pytest.mark.parametrize(
    ("pair", "code", "nearest"),
    [
        ({"field": "nmae", "from": "名称"}, "documents.unknown_field", "name"),
        ({"field": "name", "from": "名"}, "mapping.no_source", "名称"),
        ({"field": "name", "from": "名称", "transform": ["trimm"]}, "mapping.no_transform", "trim"),
        ({"field": "name", "from": "名称", "transform": ["day"]}, "mapping.not_invertible", "-"),
        ({"field": "name", "expr_in": "no"}, "mapping.expr_only_in", "-"),
        ({"field": "name", "from": "名称", "expr_in": "nno"}, "mapping.expr_unknown", "no"),
    ],
)
def test_compiling_is_strict(pair: dict[str, Any], code: str, nearest: str) -> None:
    with pytest.raises(Unsupported) as error:
        made([pair])
    assert (error.value.code, error.value.facts["nearest"]) == (code, nearest)


def test_the_natural_key_finds_a_record_again() -> None:
    compiled = made()
    assert compiled.natural_key({"no": "S1", "total": 1}) == {"no": "S1"}
    assert compiled.natural_key({"no": ""}) is None
    assert compiled.natural_key({}) is None
    assert made(schema=None, pairs=[{"field": "name"}]).natural_key({"name": "x"}) is None


def test_losses_are_told_before_they_happen() -> None:
    values = {"no": "S1234567890", "名称": "华鑫信息技术有限", "total": Decimal("10.005"), "date": None}
    assert made().losses(values) == [
        Loss("no", "length", 10, 11),
        Loss("名称", "bytes", 20, 24),
        Loss("total", "scale", 2, 3),
    ]
    assert made().losses({"no": "S1", "total": Decimal("10.000")}) == []


def test_the_fingerprint_changes_with_the_meaning_and_not_with_titles() -> None:
    first = made().fingerprint
    assert made().fingerprint == first
    assert made(PAIRS[:-1]).fingerprint != first
    assert made([{**PAIRS[0], "transform": []}, *PAIRS[1:]]).fingerprint != first
    assert made(filter="lv == 'A'").fingerprint != first
    name = ENTITY.fields["name"]
    titled = ENTITY.model_copy(
        update={"fields": {**ENTITY.fields, "name": name.model_copy(update={"title": {"en": "N"}})}}
    )
    coded = ENTITY.model_copy(update={"fields": {**ENTITY.fields, "name": name.model_copy(update={"type": T.CODE})}})
    assert made(entity=titled).fingerprint == first
    assert made(entity=coded).fingerprint != first
    assert made(examples=[{"record": {}, "golden": {}}], steps=[{"action": "confirm"}]).fingerprint == first


# ------------------------------------------------------------------------- properties

TEXTS = st.text(st.characters(exclude_categories=("Cs", "Cc"), exclude_characters="\ufeff\ufffe\uffff"), max_size=12)
RECORDS = st.fixed_dictionaries(
    {},
    optional={
        "no": TEXTS | st.none(),
        "cust": st.integers(0, 99) | TEXTS | st.none(),
        "名称": TEXTS | st.none(),
        "lv": st.sampled_from(["A", "B", "C", "", None]),
        "total": st.decimals(allow_nan=False, allow_infinity=False, places=3, min_value=-(10**15), max_value=10**15)
        | st.none(),
        "date": st.dates() | st.none(),
        "approved": st.datetimes(allow_imaginary=False).filter(lambda at: 1 < at.year < 9999) | st.none(),
        "on": st.sampled_from([0, 1, Decimal(1), "", None]),
        "addr": st.fixed_dictionaries({}, optional={"city": TEXTS | st.none()}),
        "rows": st.none()
        | st.lists(
            st.fixed_dictionaries(
                {"id": st.integers(0, 999)}, optional={"sku": st.integers(1, 9), "qty": st.integers()}
            ),
            max_size=4,
            unique_by=lambda line: line["id"],
        ),
    },
)


@settings(max_examples=150, deadline=None)
@given(st.lists(RECORDS, max_size=6))
def test_inward_after_outward_after_inward_is_inward(records: list[dict[str, Any]]) -> None:
    compiled = made()
    first = compiled.inward(records)
    goldens = [golden for golden in first if isinstance(golden, dict)]
    assert len(goldens) == len(records)
    written = compiled.outward(goldens, [None] * len(goldens))
    assert not any(isinstance(values, HubError) for values in written)
    assert compiled.inward([values for values in written if isinstance(values, dict)]) == goldens


@settings(max_examples=100, deadline=None)
@given(st.lists(RECORDS | RECORDS.map(lambda r: {**r, "total": "x", "lv": "Z"}), max_size=6))
def test_a_batch_says_what_its_records_say_one_by_one(records: list[dict[str, Any]]) -> None:
    compiled = made(filter="lv != 'A'")
    together = [told(found) for found in compiled.inward(records)]
    assert together == [told(one(compiled, record)) for record in records]


@pytest.mark.parametrize("schema", [SCHEMA, None])
@settings(max_examples=60, deadline=None)
@given(st.lists(RECORDS | RECORDS.map(lambda r: {**r, "total": "x", "lv": "Z"}), max_size=6))
def test_columns_say_what_records_say(schema: ObjectSchema | None, records: list[dict[str, Any]]) -> None:
    """Absent fields, errors, filters and nested targets (without a schema) included."""
    compiled = made(schema=schema, filter="lv != 'A'")
    names = list(dict.fromkeys(name for record in records for name in record))
    columns = {name: [record.get(name, ABSENT) for record in records] for name in names}
    golden, left = compiled.inward_columns(Table(len(records), columns, frozenset(names)))
    rows, inward = iter(golden), compiled.inward(records)
    assert [told(left[at]) if at in left else next(rows) for at in range(len(records))] == list(map(told, inward))
    goldens = [found for found in inward if isinstance(found, dict)]
    said, errors = compiled.outward_columns(golden)
    rows, outward = iter(said), compiled.outward(goldens, [None] * len(goldens))
    assert [told(errors[at]) if at in errors else next(rows) for at in range(len(goldens))] == list(map(told, outward))


def told(found: Any) -> Any:
    return (found.code, found.field) if isinstance(found, Rejected) else found
