"""Workbooks: values exactly as typed, traps refused before they cost anything, nothing lost in a rewrite."""

from __future__ import annotations

import shutil
import zipfile
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path

import pytest
import xlsxwriter
from test_files import open_files
from test_files_bad import read, refusal

from hefu.core.errors import Rejected, Unsupported
from hefu.core.records import FieldType, Write, Written


def books(folder, name="book.xlsx", limits=None, **more):
    settings = {"limits": limits} if limits else {}
    return open_files(folder, customer={"file": name, "key": ["code"], **more}, settings=settings)


def make(path, fill, **options):
    with xlsxwriter.Workbook(str(path), options) as book:
        fill(book)
    return path


def typed(book):
    sheet = book.add_worksheet("客户")
    day, moment = book.add_format({"num_format": "yyyy-mm-dd"}), book.add_format({"num_format": "yyyy-mm-dd hh:mm"})
    sheet.write_row(0, 0, ["客户清单 2026"])
    sheet.write_row(2, 0, ["code", "name", "price", "since", "met", "active", "credit"])
    sheet.write_row(3, 0, ["007", "=SUM", 19.9])
    sheet.write_datetime(3, 3, date(2026, 1, 31), day)
    sheet.write_datetime(3, 4, datetime(2026, 1, 31, 8, 30), moment)  # noqa: DTZ001 - a cell has no zone
    sheet.write_boolean(3, 5, True)
    sheet.write_string(3, 6, "91310000607215123X")
    sheet.write_row(4, 0, [1001, "a\nb", 0.1])
    sheet.write_datetime(4, 3, date(1999, 12, 31), day)
    sheet.write_datetime(4, 4, datetime(2026, 2, 1, 0, 0), moment)  # noqa: DTZ001
    sheet.write_boolean(4, 5, False)
    sheet.write_string(4, 6, "110101199003071234")


def test_values_as_typed(tmp_path):
    make(tmp_path / "book.xlsx", typed, strings_to_formulas=False)
    files = books(tmp_path)
    first, second = read(files)
    assert (first.id, second.id) == ("007", "1001")
    assert first.values["name"] == "=SUM"
    assert (first.values["price"], second.values["price"]) == (Decimal("19.9"), Decimal("0.1"))
    assert first.values["since"] == date(2026, 1, 31)
    assert first.values["met"].isoformat() == "2026-01-31T08:30:00+08:00"
    assert second.values["met"].isoformat() == "2026-02-01T00:00:00+08:00"
    assert (first.values["active"], second.values["active"]) == (True, False)
    assert second.values["credit"] == "110101199003071234"
    kinds = {f.name: f.type for f in files.discover()[0].fields}
    assert kinds["price"] is FieldType.DECIMAL
    assert (kinds["code"], kinds["credit"]) == (FieldType.CODE, FieldType.TEXT)


def test_a_rewrite_keeps_every_other_cell(tmp_path):
    make(tmp_path / "book.xlsx", typed, strings_to_formulas=False)
    files = books(tmp_path)
    before = read(files)
    (done,) = files.write("customer", [Write("007", {"price": Decimal("0.30"), "name": "=1+1"})])
    assert isinstance(done, Written)
    after = read(files)
    assert after[1] == before[1]
    assert after[0].values == {**before[0].values, "price": Decimal("0.3"), "name": "=1+1"}
    with zipfile.ZipFile(tmp_path / "book.xlsx") as book:
        sheet = book.read("xl/worksheets/sheet1.xml")
    assert b"<f>" not in sheet
    assert 'name="客户"'.encode() in zipfile.ZipFile(tmp_path / "book.xlsx").read("xl/workbook.xml")
    exact = Decimal("12345678901234567.89")
    (done,) = files.write("customer", [Write("007", {"price": exact})])
    assert done.values["price"] == exact
    assert read(files)[0].values["price"] == exact


def test_cells_that_cannot_be_taken(tmp_path):
    def fill(book):
        sheet = book.add_worksheet()
        sheet.write_row(0, 0, ["code", "name", "amount"])
        sheet.write_row(1, 0, ["C1", "good", 1.5])
        sheet.write_row(2, 0, [110101199003071234, "lost digits", 1.5])
        sheet.write_row(3, 0, ["C3", "error"])
        sheet.write_formula(3, 2, "=1/0", None, "#DIV/0!")

    make(tmp_path / "book.xlsx", fill)
    files = books(tmp_path)
    assert [r.id for r in read(files)] == ["C1"]
    rejects = (tmp_path / "rejects" / "book.rejects.csv").read_text(encoding="utf-8-sig").splitlines()
    assert [line.split(",")[3] for line in rejects[1:]] == ["3", "4"]
    assert "more than 15 digits" in rejects[1]
    refused = refusal(lambda: files.write("customer", [Write("C1", {"name": "x"})]))
    assert (refused.code, refused.facts["what"]) == ("files.book_rich", "formulas, cells with errors")


def test_a_rewrite_that_would_lose_something_needs_leave(tmp_path):
    def fill(book):
        sheet = book.add_worksheet("data")
        sheet.write_row(0, 0, ["code", "name", "twice"])
        sheet.write_row(1, 0, ["C1", "a"])
        sheet.write_formula(1, 2, "=1+1", None, 2)
        book.add_worksheet("notes").write(0, 0, "mine")

    path = make(tmp_path / "book.xlsx", fill)
    before = path.read_bytes()
    error = refusal(lambda: books(tmp_path).write("customer", [Write("C1", {"name": "b"})]))
    assert isinstance(error, Unsupported)
    assert error.facts["what"] == "formulas, sheet notes"
    assert path.read_bytes() == before
    (done,) = books(tmp_path, replace_workbook=True).write("customer", [Write("C1", {"name": "b"})])
    assert done.values["twice"] == Decimal(2)
    assert (tmp_path / ".hefu" / "book.xlsx.1").read_bytes() == before


def test_the_sheet_is_chosen(tmp_path):
    def fill(book):
        for name in ("one", "two"):
            book.add_worksheet(name).write_row(0, 0, ["code", name])

    make(tmp_path / "book.xlsx", fill)
    for sheet, column in ((None, "one"), ("two", "two"), (2, "two")):
        assert books(tmp_path, sheet=sheet).discover()[0].fields[1].name == column
    error = refusal(lambda: books(tmp_path, sheet="three").discover())
    assert (error.code, error.facts["sheets"]) == ("files.no_sheet", "one, two")


def far_away(book):
    book.add_worksheet().write(1_048_575, 16_383, "x")


def two_corners(book):
    sheet = book.add_worksheet()
    sheet.write(0, 0, "code")
    sheet.write(1_048_000, 400, "x")


def packed(path, parts):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in parts:
            archive.writestr(name, data)


TRAPS = {
    "far away": lambda p: make(p, far_away),
    "two corners": lambda p: make(p, two_corners),
    "bomb": lambda p: packed(p, [("xl/worksheets/sheet1.xml", b"0" * 80_000_000)]),
    "many parts": lambda p: packed(p, [(f"xl/{n}.xml", b"") for n in range(1001)]),
    "outside": lambda p: packed(p, [("../evil", b"x")]),
    "macros": lambda p: packed(p, [("xl/vbaProject.bin", b"x")]),
    "not a workbook": lambda p: packed(p, [("hello.txt", b"x")]),
    "no zip": lambda p: p.write_bytes(b"PK\x03\x04 cut off"),
    "text": lambda p: p.write_bytes(b"code,name\n"),
    "password": lambda p: p.write_bytes(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600)),
    "nothing": lambda p: p.write_bytes(b""),
}


@pytest.mark.parametrize("trap", TRAPS)
def test_traps_are_refused(tmp_path, trap):
    path = tmp_path / "book.xlsx"
    TRAPS[trap](path)
    before = path.read_bytes()
    error = refusal(lambda: read(books(tmp_path)))
    assert isinstance(error, Rejected)
    assert path.read_bytes() == before


def test_an_old_workbook(tmp_path):
    shutil.copy(Path(__file__).parent / "data" / "old.xls", tmp_path / "book.xls")
    files = books(tmp_path, "book.xls")
    first, second, _ = read(files)
    assert (first.id, first.values["name"], first.values["price"]) == ("007", "上海华信", Decimal("12.5"))
    assert first.values["since"] == date(2026, 1, 31)
    assert first.values["met"].isoformat() == "2026-01-31T08:30:00+08:00"
    assert (second.id, second.values["price"], second.values["active"]) == ("1001", Decimal("0.1"), False)
    assert isinstance(refusal(lambda: files.write("customer", [Write("007", None)])), Unsupported)


def test_a_broken_old_workbook(tmp_path):
    (tmp_path / "book.xls").write_bytes(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600))
    error = refusal(lambda: read(books(tmp_path, "book.xls")))
    assert error.code == "files.book_broken"
    assert books(tmp_path, "book.xls").objects["customer"].writable is False


def test_entities_are_not_expanded(tmp_path):
    make(tmp_path / "good.xlsx", typed)
    bomb = b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "aaaaaaaaaa">]>'
    with zipfile.ZipFile(tmp_path / "good.xlsx") as good:
        parts = [(n, good.read(n)) for n in good.namelist()]
    parts = [(n, bomb + d.split(b"?>", 1)[1] if n == "xl/workbook.xml" else d) for n, d in parts]
    packed(tmp_path / "book.xlsx", parts)
    assert refusal(lambda: read(books(tmp_path))).code == "files.book_broken"


def test_parsing_has_a_time_limit(tmp_path):
    def fill(book):
        sheet = book.add_worksheet()
        for row in range(20_000):
            sheet.write_row(row, 0, ["code" if row == 0 else f"C{row}", "x", "y"])

    make(tmp_path / "book.xlsx", fill)
    assert refusal(lambda: read(books(tmp_path, limits={"seconds": 0.02}))).code == "files.book_slow"


def test_the_size_is_limited(tmp_path):
    make(tmp_path / "book.xlsx", typed)
    with (tmp_path / "book.xlsx").open("ab") as file:
        file.write(bytes(1_100_000))
    assert refusal(lambda: read(books(tmp_path, limits={"megabytes": 1}))).code == "files.book_big_file"
    make(tmp_path / "book.xlsx", typed)
    assert refusal(lambda: read(books(tmp_path, limits={"rows": 3}))).code == "files.book_big"


LINES = {"sheet": "lines", "parent": ["order"], "key": "no"}


def orders(book):
    head, lines = book.add_worksheet("orders"), book.add_worksheet("lines")
    for row, cells in enumerate([["order", "customer"], ["A1", "C1"], ["A2", "C2"], ["A3", "C3"]]):
        head.write_row(row, 0, cells)
    body = [
        ["order", "no", "sku", "qty"],
        ["A2", 1, "S1", 2.5],
        ["A1", 1, "S1", 1],
        ["A1", 2, "S2", 3],
        ["A9", 1, "S3", 1],
    ]
    for row, cells in enumerate(body):
        lines.write_row(row, 0, cells)


def test_lines_from_a_second_sheet(tmp_path):
    make(tmp_path / "book.xlsx", orders)
    files = open_files(tmp_path, order={"file": "book.xlsx", "key": ["order"], "lines": LINES})
    schema = files.discover()[0]
    assert schema.field("lines").type is FieldType.LINES
    assert [f.name for f in schema.field("lines").lines] == ["order", "no", "sku", "qty"]
    assert schema.abilities.create == "no"  # a rewrite would lose the other sheet
    records = {r.id: r.values["lines"] for r in read(files, "order")}
    assert [(line["sku"], line["qty"]) for line in records["A1"]] == [("S1", Decimal(1)), ("S2", Decimal(3))]
    assert [line["qty"] for line in records["A2"]] == [Decimal("2.5")]
    assert records["A3"] == []
    rejects = (tmp_path / "rejects" / "book.xlsx-lines.rejects.csv").read_text(encoding="utf-8-sig")
    assert "is a line of A9, which is not there" in rejects


def test_lines_from_a_second_file(tmp_path):
    (tmp_path / "orders.csv").write_text("order,customer\nA1,C1\nA2,C2\n")
    (tmp_path / "lines.csv").write_text("order,no,sku,qty\nA1,1,S1,1\nA2,1,S2,x\nA1,2,S3,4\n")
    columns = {"qty": {"type": "decimal"}}
    lines = {"file": "lines.csv", "parent": ["order"], "columns": columns}
    files = open_files(tmp_path, order={"file": "orders.csv", "key": ["order"], "lines": lines})
    (page,) = files.read("order")
    assert [(r.id, len(r.values["lines"])) for r in page.records] == [("A1", 2)]
    rejects = (tmp_path / "rejects" / "orders.rejects.csv").read_text(encoding="utf-8-sig")
    assert "A line of this document cannot be taken: row 3" in rejects
    (tmp_path / "lines.csv").write_text("order,no,sku,qty\nA1,1,S1,1\nA2,1,S2,5\n")
    assert [len(r.values["lines"]) for p in files.read("order", page.cursor) for r in p.records] == [1, 1]
    assert len(files.fetch("order", ["A2"])[0].values["lines"]) == 1
    (tmp_path / "lines.csv").write_text("order,no,sku,qty\nA1,1,S1\n")
    assert refusal(lambda: read(files, "order")).code == "files.line_unknown"
