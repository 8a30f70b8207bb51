"""The report as one HTML file, without scripts and without anything from elsewhere."""

from __future__ import annotations

import html
from decimal import Decimal
from typing import Any

from hefu.insight.report import ON_PAGE, Report, Sheet, shown

_STYLE = """
body { font: 15px/1.5 system-ui, "PingFang SC", "Microsoft YaHei", "Noto Sans CJK SC", sans-serif;
  margin: 2.5rem auto; max-width: 76rem; padding: 0 1.5rem; color: #1d2433 }
h1 { font-size: 1.5rem; margin: 0 0 .2rem } h2 { font-size: 1.1rem; margin: 2.2rem 0 .5rem }
.n { font-size: 4.5rem; font-weight: 700; line-height: 1.1 } .ok { color: #177245 } .bad { color: #b3261e }
p.h { font-size: 1.15rem; margin: .2rem 0 1rem } .s { color: #66708a; font-size: .85rem }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .15rem 1.2rem; font-size: .85rem; color: #4a5468 }
dt { font-weight: 600 } dd { margin: 0; overflow-wrap: anywhere }
table { border-collapse: collapse; width: 100%; font-size: .85rem }
th, td { padding: .3rem .55rem; border-bottom: 1px solid #dfe3ea; text-align: left; vertical-align: top;
  overflow-wrap: anywhere }
th { background: #f3f5f9; position: sticky; top: 0 }
td.r { text-align: right; font-variant-numeric: tabular-nums }
@media print { body { margin: 0; max-width: none; font-size: 11px } th { position: static } }
"""


def page(report: Report) -> bytes:
    """An .html file."""
    said = html.escape
    facts = "".join(f"<dt>{said(label)}</dt><dd>{said(value)}</dd>" for label, value in report.facts)
    tone = "" if report.plain else "ok" if report.number == 0 else "bad"
    parts = [
        f'<!doctype html>\n<html lang="{"zh-CN" if report.language == "zh" else "en"}">',
        '<head><meta charset="utf-8"><meta name="viewport" content="width=device-width">',
        f"<title>{said(report.title)}</title><style>{_STYLE}</style></head>",
        f'<body><h1>{said(report.title)}</h1><div class="n {tone}">{report.number:,}</div>',
        f'<p class="h">{said(report.headline)}</p><dl>{facts}</dl>',
        *(_table(sheet, report.language) for sheet in report.sheets),
        "</body></html>\n",
    ]
    return "\n".join(parts).encode()


def _table(sheet: Sheet, language: str) -> str:
    heads = "".join(f"<th>{html.escape(c)}</th>" for c in sheet.columns)
    rows = "\n".join(
        "<tr>" + "".join(_cell(value, sheet.longest) for value in row) + "</tr>" for row in sheet.rows[:ON_PAGE]
    )
    left, more = len(sheet.rows) - ON_PAGE, ""
    if left > 0:
        more = f"其余 {left:,} 条见 Excel" if language == "zh" else f"{left:,} more in the workbook"
    note = " · ".join(filter(None, (sheet.note, more)))
    said = f'<p class="s">{html.escape(note)}</p>' if note else ""
    head = f"<h2>{html.escape(sheet.title)}</h2>{said}"
    return f"{head}\n<table><thead><tr>{heads}</tr></thead><tbody>\n{rows}\n</tbody></table>"


def _cell(value: Any, longest: int) -> str:
    number = isinstance(value, int | Decimal) and not isinstance(value, bool)
    return f"<td{' class=r' if number else ''}>{html.escape(shown(value, longest))}</td>"


__all__ = ["page"]
