"""No cell of any file that leaves the hub is run by a spreadsheet, and none is lost: texts of all the known tricks."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path
from zipfile import ZipFile

import pytest
from python_calamine import CalamineWorkbook

from hefu.connectors._file_formula import escape, unescape
from hefu.insight.planbook import safe
from hefu.insight.report import Report, Sheet
from hefu.insight.report_book import book
from hefu.insight.report_page import page

CELLS = [
    "=1+1", "=HYPERLINK(\"http://a.example\",\"x\")", "=cmd|' /C calc'!A0", "=DDE(\"cmd\";\"/C calc\";\"x\")",
    "=IMPORTXML(\"http://a.example\")", "=WEBSERVICE(\"http://a.example\")", "+1+cmd|' /C calc'!A0", "+SUM(1)", "+a",
    "-2+3+cmd|' /C calc'!A0", "-a", "-(1)*2", "@SUM(1+1)*cmd|' /C calc'!A0", "@a", "\t=1+1", "\r=1+1", "\n=1+1",
    "\r\n=1+1", "＝1+1", "＋1+a", "－1+a", "＠SUM(1)", "'=1+1", "''=1+1", "=", "+", "@", "=\"a\"&\"b\"", "=A1:A9",
    "=2+5+cmd|'/C notepad'!'A1'", "+86 21 5555 0101", "-12.50", "-", "007", "1E10", "http://a.example",
    "file:///etc/passwd", "mailto:a@a.example", "a\n=1+1", "a,=1+1", "a\";=1+1", ";=1+1", "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>", "{=1+1}", "TRUE", "#REF!", "２", "محمد", "\u202e=1+1",
]  # fmt: skip
RUN = "=+-@\t\r\n\0＝＋－＠"


def harmless(text: str) -> bool:
    """A number or a telephone number, in which nothing could be run."""
    return not set(text[1:]) - set("0123456789 .,()-")


@pytest.mark.parametrize("text", CELLS, ids=[f"{n:02d}" for n in range(len(CELLS))])
def test_a_cell_is_harmless_and_comes_back(text: str) -> None:
    for written in (escape(text), safe(text)):
        assert written[:1] not in RUN or harmless(written), written
    assert unescape(escape(text)) == text


def test_there_are_enough_of_them() -> None:
    assert len(CELLS) >= 40


def test_a_workbook_holds_them_as_texts() -> None:
    data = book(Report("en", "=title", 0, "=head", [("=a", "=b")], [Sheet("=cells", ["=x"], [[c] for c in CELLS])]))
    with ZipFile(BytesIO(data)) as made:
        assert not any(b"<f>" in made.read(name) or b"<hyperlink" in made.read(name) for name in made.namelist())
    read = [row[0] for row in CalamineWorkbook.from_filelike(BytesIO(data)).get_sheet_by_index(1).to_python()[1:]]
    assert [str(r).replace("\r", "") for r in read] == [c.replace("\r", "") for c in CELLS]


def test_a_page_runs_nothing(tmp_path: Path) -> None:
    text = page(Report("en", "<b>", 0, "<i>", [("<u>", "<s>")], [Sheet("<p>", ["<x>"], [[c] for c in CELLS])])).decode()
    body = text[text.index("<body>") :]
    assert not any(tag in body for tag in ("<script", "<img", "<b>", "<i>", "<u>", "<s>", "<x>"))
