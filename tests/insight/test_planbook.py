"""A plan as a workbook: one row for each field, nothing in it that a spreadsheet would run."""

from __future__ import annotations

from pathlib import Path
from zipfile import ZipFile

import pytest
from python_calamine import CalamineWorkbook

from hefu.insight import planbook
from hefu.store.plans import PlanEntry, StoredPlan

AT = "2026-01-01T00:00:00.000000Z"
PLAN = StoredPlan(
    "p1", "sync", "approved", "李", "=1+1", ["erp"], False, 3, AT, AT, {}, 2, "ab" * 32, "王", AT, "cd" * 32
)


def entry(number: int, fields: dict[str, list[object]], title: str = "甲", **more: object) -> PlanEntry:
    return PlanEntry(
        f"e{number}", number, "erp", "erp", "customer", "customer", "update", None, "", f"r{number}", "g1", None, title,
        fields, None, **more,
    )  # type: ignore[arg-type]  # fmt: skip


def rows(path: Path, sheet: str) -> list[list[object]]:
    return CalamineWorkbook.from_path(str(path)).get_sheet_by_name(sheet).to_python(skip_empty_area=False)


def test_each_field_is_a_row_with_what_was_found_instead(tmp_path: Path) -> None:
    path = tmp_path / "plan.xlsx"
    changed = entry(1, {"phone": ["1", "2"]}, state="changed", note={"found": {"phone": ["2", "3"]}})
    made = [entry(0, {"phone": ["021", "+86 21"], "lines": [None, [{"no": "1"}]]}), changed, entry(2, {})]
    assert planbook.write_book(path, PLAN, made, {"update": "修改", "changed": "之后被修改"}, "zh") == 4
    found = rows(path, "变更明细")
    assert found[0] == [heads[1] for heads in planbook._HEADS]
    assert found[1] == [
        "1",
        "修改",
        "customer",
        "erp",
        "customer",
        "r0",
        "g1",
        "甲",
        "phone",
        "021",
        "+86 21",
        "planned",
        "",
    ]
    assert found[2][8:11] == ["lines", "", '[{"no":"1"}]']
    assert found[3][8:] == ["phone", "1", "2", "之后被修改", "3"]
    facts = {row[0]: row[1] for row in rows(path, "计划")}
    assert (facts["批准人"], facts["签名 (HMAC-SHA256)"], facts["写入记录数"]) == ("王", "cd" * 32, "2")


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("=HYPERLINK(1)", "'=HYPERLINK(1)"), ("@SUM(1)", "'@SUM(1)"), ("+1+cmd|' /C calc'!A0", "'+1+cmd|' /C calc'!A0"),
        ("-2+3", "'-2+3"), ("\t=1", "'\t=1"), ("＝1", "'＝1"), ("-12.50", "-12.50"),
        ("+86 (21) 5555-0101", "+86 (21) 5555-0101"),
        ("007", "007"), ("http://a.b", "http://a.b"), (None, ""), ("x" * 40_000, "x" * planbook.CELL),
        (True, "true"), ({"record": ["crm", "customer", "", "C1"]}, '{"record":["crm","customer","","C1"]}'),
    ],
)  # fmt: skip
def test_no_text_is_a_formula_a_number_or_a_link(tmp_path: Path, value: object, shown: str) -> None:
    path = tmp_path / "plan.xlsx"
    planbook.write_book(path, PLAN, [entry(0, {"=name": [value, value]}, title="=title")], {}, "en")
    (row,) = rows(path, "Changes")[1:]
    assert row[7:11] == ["'=title", "'=name", shown, shown]
    with ZipFile(path) as book:
        parts = [book.read(name) for name in book.namelist()]
    assert not any(b"<f>" in part or b"<hyperlink" in part for part in parts)


def test_more_rows_than_a_sheet_takes_go_onto_further_sheets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(planbook, "ROWS", 2)
    path = tmp_path / "plan.xlsx"
    assert planbook.write_book(path, PLAN, [entry(n, {"a": ["1", "2"]}) for n in range(5)], {}, "en") == 5
    names = CalamineWorkbook.from_path(str(path)).sheet_names
    assert names == ["Plan", "Changes", "Changes 2", "Changes 3"]
    assert [len(rows(path, name)) for name in names[1:]] == [3, 3, 2]
