"""Writes a report as a signed file; each form's code, and the library that it brings, is loaded when it is wanted."""

from __future__ import annotations

from pathlib import Path

from hefu.core.errors import Unsupported
from hefu.insight import signature
from hefu.insight.report import Report


def kind_of(path: Path) -> str:
    """ ".html", ".xlsx" or ".pdf". Raises Unsupported "report.format"."""
    kind = path.suffix.lower()
    if kind not in (".html", ".xlsx", ".pdf"):
        raise Unsupported("report.format", path=str(path))
    return kind


def write(report: Report, path: Path, journal_key: bytes) -> bytes:
    """Write the signed report; returns its bytes. Raises Unsupported for an unknown ending or a missing library."""
    kind = kind_of(path)
    data = signature.sign(_drawn(report, kind), kind, journal_key)
    path.write_bytes(data)
    return data


def _drawn(report: Report, kind: str) -> bytes:
    if kind == ".html":
        from hefu.insight.report_page import page

        return page(report)
    if kind == ".xlsx":
        from hefu.insight.report_book import book

        return book(report)
    from hefu.insight.report_paper import paper

    return paper(report)


__all__ = ["kind_of", "write"]
