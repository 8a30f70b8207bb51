"""Text that a spreadsheet would run as a formula, made harmless by an apostrophe, reversibly."""

from __future__ import annotations

import re

_DANGER = "=+-@\t\r\n\0＝＋－＠"
_HARMLESS = re.compile(r"[+-]?[0-9][0-9 .,()\-]*|-")


def _dangerous(text: str) -> bool:
    """Whether a spreadsheet may run this text. Numbers and telephone numbers hold nothing that could be run."""
    return text[:1] in _DANGER and text != "" and not _HARMLESS.fullmatch(text)


def escape(text: str) -> str:
    """A cell that no spreadsheet takes for a formula; `unescape` gives back exactly this text."""
    return "'" + text if text and _dangerous(text.lstrip("'")) else text


def unescape(text: str) -> str:
    """Without the apostrophe that `escape` puts before a dangerous text."""
    return text[1:] if text[:1] == "'" and _dangerous(text.lstrip("'")) else text


__all__ = ["escape", "unescape"]
