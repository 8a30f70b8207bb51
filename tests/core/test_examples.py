"""Examples beside a mapping are tests of it."""

from __future__ import annotations

from datetime import date
from typing import Any

from hefu.core.columns import ABSENT
from hefu.core.examples import Difference, Outcome, run_examples
from hefu.core.mapping import compile_mapping
from hefu.core.model import ready
from hefu.core.project import Mapping


def outcomes(*examples: dict[str, Any]) -> list[Outcome]:
    mapping = Mapping.model_validate(
        {
            "mapping": "m",
            "connection": "c",
            "object": "o",
            "entity": "sales_order",
            "filter": "kind != 'quote'",
            "fields": [
                {"field": "number", "from": "no"},
                {"field": "total", "from": "sum", "transform": [{"use": "scale", "factor": "0.01"}]},
                {"field": "date", "from": "day"},
                {"field": "lines", "from": "rows", "lines": [{"field": "line_no", "from": "n"}, {"field": "price"}]},
            ],
            "examples": examples,
        }
    )
    return run_examples(compile_mapping(mapping, ready("sales_order"), None, zone="Asia/Shanghai"), "Asia/Shanghai")


def test_values_may_be_written_as_yaml_has_them() -> None:
    record = {"kind": "order", "no": "S1", "sum": 1250.5, "day": date(2026, 1, 31), "rows": [{"n": 1, "price": 2.50}]}
    golden = {"total": 12.505, "date": date(2026, 1, 31), "lines": [{"line_no": 1, "price": 2.5}]}
    found = outcomes({"title": "plain", "record": record, "golden": golden, "back": {"sum": 1250.5, "no": "S1"}})
    assert found == [Outcome("plain")]
    assert found[0].passed


def test_differences_name_the_way_and_the_field() -> None:
    found = outcomes(
        {"record": {"kind": "", "no": "S1", "sum": 100}, "golden": {"number": "S2", "date": None}, "back": {"sum": 1}}
    )[0]
    assert not found.passed
    assert found.title == "#1"
    assert found.differences == (
        Difference("in", "number", "S2", "S1"),
        Difference("in", "date", None, ABSENT),
        Difference("out", "sum", "1", "100"),
    )


def test_records_that_fail_or_are_filtered_do_not_pass() -> None:
    broken, filtered = outcomes(
        {"record": {"kind": "", "sum": "x"}, "golden": {}}, {"record": {"kind": "quote"}, "golden": {}}
    )
    assert broken.error is not None
    assert broken.error.code == "value.number"
    assert filtered.filtered
    assert not broken.passed
    assert not filtered.passed
