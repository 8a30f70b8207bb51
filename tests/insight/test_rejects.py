"""The file of what a batch could not take: every reason with its record, safe to open in Excel, in both languages."""

from __future__ import annotations

import csv
from decimal import Decimal
from pathlib import Path

import pytest
from python_calamine import CalamineWorkbook

from hefu.core.errors import Unsupported
from hefu.core.records import Record
from hefu.insight import rejects
from hefu.store import batches
from hefu.store.batches import StoredBatch
from hefu.store.db import Store


def given(store: Store) -> str:
    """A batch with one good record, one with two reasons, one that differs."""
    records = [
        Record("1", {"name": "good", "credit": Decimal("1.50")}),
        Record("2", {"name": "=1+1", "credit": Decimal("2.25")}),
        Record("3", {"name": "合符", "phone": None}),
    ]
    with store.begin() as tx:
        batches.add(tx, StoredBatch("b", "old", "new", "checked", "li", 1, tx.now()))
        batches.add_rows(tx, "b", 0, records)
        good, bad, differs = batches.rows(tx, "b")
        good.state = "loaded"
        bad.state, bad.title = "rejected", "=1+1"
        bad.reasons = [
            {"field": "name", "code": "migrate.length", "facts": {"field": "name", "most": "3", "actual": "4"}},
            {"field": "phone", "code": "migrate.required", "facts": {"field": "phone"}},
        ]
        differs.state = "differs"
        differs.reasons = [
            {"field": "phone", "code": "migrate.differs",
             "facts": {"field": "phone", "left": "1", "right": "2", "kind": "drift"}}
        ]  # fmt: skip
        batches.settle(tx, [good, bad, differs])
    return "b"


def test_a_record_comes_back_from_the_store_as_it_was(store: Store):
    batch = given(store)
    with store.look() as tx:
        first = batches.rows(tx, batch)[0].record
    assert first == Record("1", {"name": "good", "credit": Decimal("1.50")})
    assert isinstance(first.values["credit"], Decimal)


def test_csv_has_a_line_for_each_reason_and_nothing_that_excel_would_run(store: Store, tmp_path: Path):
    path = tmp_path / "rejects.csv"
    assert rejects.write(store, given(store), path, "en") == 3
    raw = path.read_bytes()
    assert raw.startswith(b"\xef\xbb\xbf"), "Excel shows Chinese"
    head, *lines = list(csv.reader(raw.decode("utf-8-sig").splitlines()))
    assert head == ["row", "record", "title", "field", "value", "reason", "what to do", "name", "credit", "phone"]
    assert [line[:4] for line in lines] == [
        ["2", "2", "'=1+1", "name"], ["2", "2", "'=1+1", "phone"], ["3", "3", "", "phone"],
    ]  # fmt: skip
    assert lines[0][5] == "'name' has 4 characters, and the target takes 3."
    assert lines[0][6].startswith("Shorten it")
    assert lines[0][7:] == ["'=1+1", "2.25", ""]


def test_excel_in_chinese(store: Store, tmp_path: Path):
    path = tmp_path / "rejects.xlsx"
    assert rejects.write(store, given(store), path, "zh") == 3
    head, *lines = CalamineWorkbook.from_path(str(path)).get_sheet_by_index(0).to_python()
    assert head[:7] == ["行号", "记录", "名称", "字段", "值", "原因", "怎么办"]
    assert lines[1][5] == "“phone”没有值，而实体要求必填。"
    assert lines[2][7] == "合符"


def test_another_ending_is_refused(store: Store, tmp_path: Path):
    with pytest.raises(Unsupported, match=r"migrate\.rejects_file"):
        rejects.write(store, given(store), tmp_path / "rejects.pdf", "en")
