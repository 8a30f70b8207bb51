"""A signed file shows any change, in all three forms."""

from __future__ import annotations

import sys
import zipfile
from io import BytesIO
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hefu.core.errors import Rejected, Unsupported
from hefu.core.reconcile import Difference, Kind, Outcome, Repair, Section
from hefu.insight import report, report_file
from hefu.insight.signature import public_key, sign, verify

KEY = b"k" * 32
OURS = public_key(KEY)


def outcome() -> Outcome:
    section = Section(
        "customer", "crm_customer", "erp_customer", "crm", "erp", "read", {"left": 2, "pairs": 1, "equal": 1}
    )
    made = Outcome([section], facts={"run_id": "r1", "project_version": 3, "scope": "全部"})
    repair = Repair("g1", "erp_customer", "erp", "customer", "7", "credit", "10.01", "10", "edited_unseen")
    head = ("customer", "g1", "上海<宏达>机械有限公司", "1", "7")
    made.take(section, [
        Difference(Kind.DRIFT, "edited_unseen", *head, "credit", "10", "10.01", repair),
        Difference(Kind.ROUNDING, "fewer_places", *head, "rate", "0.105", "0.11"),
        Difference(Kind.MISSING_RIGHT, "no_counterpart", "customer", None, "=cmd|'/c calc'!A1", "9", None, "", 1, None),
    ])  # fmt: skip
    return made


@pytest.fixture(params=[".html", ".xlsx", ".pdf"])
def file(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    path = tmp_path / f"report{request.param}"
    report_file.write(report.make(outcome(), {"系统编号": "h1"}, "zh"), path, KEY)
    return path


def test_a_whole_file_is_told_from_an_altered_one_and_from_a_stranger(file: Path) -> None:
    data = file.read_bytes()
    assert verify(data, "f", OURS).key == OURS
    step = max(1, len(data) // 60)
    for place in [*range(0, len(data), step), len(data) - 2, len(data) - 100]:
        changed = data[:place] + bytes([data[place] ^ 1]) + data[place + 1 :]
        with pytest.raises(Rejected) as error:
            verify(changed, "f", OURS)
        assert error.value.code in ("report.altered", "report.unsigned", "report.stranger")
    with pytest.raises(Rejected, match=r"report\.stranger"):
        verify(data, "f", public_key(b"other"))
    with pytest.raises(Rejected, match=r"report\.unsigned"):
        verify(data[:-120], "f", OURS)
    with pytest.raises(Rejected, match=r"report\.unsigned"):
        verify(data + b"\n<p>and one thing more</p>", "f", OURS)


def test_the_signed_file_is_still_what_it_was(file: Path) -> None:
    data = file.read_bytes()
    if file.suffix == ".html":
        text = data.decode()
        assert 'lang="zh-CN"' in text
        assert '<div class="n bad">2</div>' in text
        assert "上海&lt;宏达&gt;机械有限公司" in text
        assert "erp: 10.01 → 10" in text
        assert "<script" not in text
    elif file.suffix == ".xlsx":
        with zipfile.ZipFile(BytesIO(data)) as book:
            assert book.testzip() is None
            names = book.read("xl/workbook.xml").decode()
            cells = "".join(book.read(n).decode() for n in book.namelist() if n.startswith("xl/worksheets/"))
        assert "差异明细" in names
        assert "<f>" not in cells, "text is never a formula"
    else:
        assert data.startswith(b"%PDF-")
        assert b"STSong-Light" in data


def test_the_workbook_is_read_by_others(tmp_path: Path) -> None:
    from python_calamine import CalamineWorkbook

    path = tmp_path / "report.xlsx"
    report_file.write(report.make(outcome(), {}, "en"), path, KEY)
    book = CalamineWorkbook.from_path(path)
    assert book.get_sheet_by_name("Reconciliation").to_python()[1][0] == 2
    rows = book.get_sheet_by_name("Differences").to_python()
    assert [r[0] for r in rows[1:]] == ["drift", "missing on the right", "rounding"], "what counts comes first"
    assert rows[2][2] == "=cmd|'/c calc'!A1"


def test_without_its_library_a_pdf_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "hefu.insight.report_paper", raising=False)
    monkeypatch.setitem(sys.modules, "reportlab.lib", None)
    with pytest.raises(Unsupported, match=r"report\.needs"):
        report_file.write(report.make(outcome(), {}, "en"), tmp_path / "report.pdf", KEY)


def test_the_same_hub_signs_with_the_same_key() -> None:
    assert sign(b"x\n", ".html", KEY) == sign(b"x\n", ".html", KEY)


@given(st.binary(max_size=300))
def test_what_is_no_report_is_refused(data: bytes) -> None:
    with pytest.raises(Rejected):
        verify(data, "f", OURS)
