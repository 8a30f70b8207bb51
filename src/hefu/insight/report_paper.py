"""The report on paper: PDF in A4, Chinese in a font that every reader of PDF brings along (Adobe-GB1)."""

from __future__ import annotations

from io import BytesIO
from typing import Any
from xml.sax.saxutils import escape

from hefu.core.errors import Unsupported
from hefu.insight.report import ON_PAPER, Report, Sheet, shown

try:
    from reportlab.lib import colors
    from reportlab.lib.pagesizes import A4, landscape
    from reportlab.lib.styles import ParagraphStyle
    from reportlab.lib.units import mm
    from reportlab.pdfbase import pdfmetrics
    from reportlab.pdfbase.cidfonts import UnicodeCIDFont
    from reportlab.platypus import LongTable, Paragraph, SimpleDocTemplate, Spacer, TableStyle
except ImportError as error:
    raise Unsupported("report.needs", needs=error.name or "reportlab") from error

FONT = "STSong-Light"


def paper(report: Report) -> bytes:
    """A .pdf file."""
    pdfmetrics.registerFont(UnicodeCIDFont(FONT))
    out = BytesIO()
    style = ParagraphStyle("text", fontName=FONT, fontSize=8, leading=11, wordWrap="CJK")
    head = ParagraphStyle("head", parent=style, fontSize=12, leading=18, spaceBefore=10)
    tone = colors.HexColor("#B3261E" if report.number else "#177245")
    parts: list[Any] = [
        Paragraph(escape(report.title), ParagraphStyle("title", parent=style, fontSize=16, leading=22)),
        Paragraph(
            f"{report.number:,}", ParagraphStyle("number", parent=style, fontSize=44, leading=52, textColor=tone)
        ),
        Paragraph(escape(report.headline), ParagraphStyle("headline", parent=style, fontSize=11, leading=16)),
        Spacer(1, 4 * mm),
        *(Paragraph(f"{escape(label)}: {escape(value)}", style) for label, value in report.facts),
    ]
    width = landscape(A4)[0] - 28 * mm
    for sheet in report.sheets:
        parts += _table(sheet, style, head, width)
    made = SimpleDocTemplate(
        out, pagesize=landscape(A4), leftMargin=14 * mm, rightMargin=14 * mm, topMargin=12 * mm, bottomMargin=14 * mm,
        title=report.title, author="Hefu", pageCompression=1,
    )  # fmt: skip
    made.build(parts, onFirstPage=_number, onLaterPages=_number)
    return out.getvalue()


def _number(canvas: Any, made: Any) -> None:
    canvas.setFont(FONT, 8)
    canvas.drawRightString(landscape(A4)[0] - 14 * mm, 8 * mm, str(made.page))


def _table(sheet: Sheet, style: Any, head: Any, width: float) -> list[Any]:
    rows = [[Paragraph(escape(c), style) for c in sheet.columns]]
    rows += [[Paragraph(escape(shown(v)), style) for v in row] for row in sheet.rows[:ON_PAPER]]
    grid = TableStyle(
        [("VALIGN", (0, 0), (-1, -1), "TOP"), ("LINEBELOW", (0, 0), (-1, -1), 0.3, colors.HexColor("#DFE3EA")),
         ("BACKGROUND", (0, 0), (-1, 0), colors.HexColor("#F3F5F9")), ("LEFTPADDING", (0, 0), (-1, -1), 3),
         ("RIGHTPADDING", (0, 0), (-1, -1), 3)]
    )  # fmt: skip
    left = len(sheet.rows) - ON_PAPER
    more = "" if left <= 0 else f"… +{left:,} (Excel)"
    note = " · ".join(filter(None, (sheet.note, more)))
    parts: list[Any] = [Paragraph(escape(sheet.title), head)]
    parts += [Paragraph(escape(note), style)] if note else []
    return [
        *parts,
        LongTable(rows, colWidths=[width / len(sheet.columns)] * len(sheet.columns), style=grid, repeatRows=1),
    ]


__all__ = ["paper"]
