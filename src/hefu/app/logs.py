"""How the hub logs, the same way in server, worker and command line: lines of text or JSON on standard error.

HEFU_LOG_LEVEL: debug, info, warning (default), error.  HEFU_LOG_FORMAT: text (default) or json.
Before a line is written everything that looks like a secret or like personal data is struck out, and every secret that
was read since the start wherever it stands. Errors of ours tell their code and facts that cannot be values of a record.
"""

from __future__ import annotations

import logging
import re
import sys
import traceback
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import Any

import orjson

from hefu.app import tracing
from hefu.core.errors import HubError, Unsupported
from hefu.core.words import tell
from hefu.store import journal

LEVELS = ("debug", "info", "warning", "error")
FORMATS = ("text", "json")
STRUCK = "***"
SHORTEST = 6
"""Characters: what is shorter stands by chance in too many places to be struck out."""

SAFE = frozenset(
    (
        "attempts", "channel", "code", "connection", "count", "entity", "file", "flow", "host", "kind", "limit", "line",
        "mapping", "most", "object", "path", "pid", "port", "reason", "request", "scope", "seconds", "status", "store",
        "url", "version", "word",
    )
)  # fmt: skip
"""Facts of errors that are names, numbers and places of ours, never values of a record."""

WORK: ContextVar[str | None] = ContextVar("hefu_work", default=None)
"""What the hub is doing in this thread: a flow, a delivery, a job."""

_hidden: set[str] = set()

_SECRET = re.compile(
    r"(?i)\b((?:[\w-]*(?:password|passwd|secret|token|api[_-]?key|access[_-]?key|authorization|signature))|sign|key)"
    r"(\"?'?\s*[=:]\s*\"?'?)((?:bearer |basic )?[^\s\"',;&})\]]+)"
)
_BEARER = re.compile(r"(?i)\b(bearer|basic)\s+[\w.~+/=-]{8,}")
_USERINFO = re.compile(r"(://[^/@\s:]*:)[^/@\s]+@")
_PERSONAL = (
    re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+"),  # mail address
    re.compile(r"(?<![\w.])(?:\+?86[- ]?)?1[3-9]\d[- ]?\d{4}[- ]?\d{4}(?![\w.])"),  # mobile telephone in China
    re.compile(r"(?<![\w.])\+\d{1,3}[- ]?\d[\d -]{6,14}\d(?![\w.])"),  # telephone with its country
    re.compile(r"(?<!\w)[1-9]\d{5}(?:19|20)\d{2}(?:0\d|1[0-2])[0-3]\d{4}[\dXx](?!\w)"),  # identity card
    re.compile(r"(?<!\w)[3-6]\d{3}(?:[ -]?\d{4}){2,3}[ -]?\d{1,7}(?!\w)"),  # bank card
)


def hide(secret: str) -> None:
    """Never write this text: it was read as a secret."""
    if len(secret) >= SHORTEST:
        _hidden.add(secret)


def clean(text: str) -> str:
    """The text without secrets, personal data and line breaks that would forge a line of the log."""
    for secret in sorted(_hidden, key=len, reverse=True) if any(s in text for s in _hidden) else ():
        text = text.replace(secret, STRUCK)
    text = _USERINFO.sub(rf"\1{STRUCK}@", text)
    text = _BEARER.sub(rf"\1 {STRUCK}", text)
    text = _SECRET.sub(rf"\1\2{STRUCK}", text)
    for pattern in _PERSONAL:
        text = pattern.sub(STRUCK, text)
    return text


def worded(error: BaseException) -> str:
    """An error in one line, without what may be a value of a record."""
    if not isinstance(error, HubError):
        return f"{type(error).__name__}: {next(iter(str(error).splitlines()), '')}"
    known = HubError(error.code)
    known.facts = {name: value if name in SAFE else STRUCK for name, value in error.facts.items()}
    return next(iter(tell(known)[0].splitlines()), "")


@contextmanager
def working(what: str) -> Iterator[None]:
    """Lines of this thread say meanwhile what it was doing; it is a span of the traces, too."""
    mark = WORK.set(what)
    try:
        with tracing.spanning(what):
            yield
    finally:
        WORK.reset(mark)


# ------------------------------------------------------------------ lines


class _Line(logging.Formatter):
    """What both formats share: the message with errors of ours in safe words, and where it belongs."""

    def said(self, record: logging.LogRecord) -> str:
        if isinstance(record.args, tuple):
            record.args = tuple(worded(a) if isinstance(a, BaseException) else a for a in record.args)
        return clean(record.getMessage())

    def place(self, record: logging.LogRecord) -> dict[str, Any]:
        found = {
            "request": journal.REQUEST.get(),
            "work": WORK.get(),
            "trace": tracing.current(),
            **getattr(record, "fields", {}),
        }
        return {name: clean(v) if isinstance(v, str) else v for name, v in found.items() if v is not None}

    def wrong(self, record: logging.LogRecord) -> dict[str, Any] | None:
        error = record.exc_info[1] if record.exc_info else None
        if error is None:
            return None
        code = error.code if isinstance(error, HubError) else None
        # Of an error that is not ours the text may hold anything: its kind and where it came from say enough.
        ours = code is not None or logging.getLogger("hefu").isEnabledFor(logging.DEBUG)
        frames = [
            f"{frame.filename}:{frame.lineno} {frame.name}" for frame in traceback.extract_tb(error.__traceback__)
        ]
        return {
            "type": type(error).__name__,
            "code": code,
            "message": clean(worded(error)) if ours else "",
            "trace": frames,
        }


class TextLine(_Line):
    """One line for people."""

    def format(self, record: logging.LogRecord) -> str:
        """As the command line shows it."""
        place = " ".join(f"{name}={value}" for name, value in self.place(record).items())
        line = f"{record.levelname} {record.name}: {_one(self.said(record))}{f' [{place}]' if place else ''}"
        wrong = self.wrong(record)
        if wrong is None:
            return line
        return "\n".join(
            [line, f"  {wrong['type']} {_one(wrong['message'])}", *(f"    {frame}" for frame in wrong["trace"])]
        )


class JsonLine(_Line):
    """One line for a collector: at, level, logger, message, request, work, error, further fields."""

    def format(self, record: logging.LogRecord) -> str:
        """One JSON object."""
        at = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        wrong = self.wrong(record)
        line = {"at": at, "level": record.levelname.lower(), "logger": record.name, "message": self.said(record),
                **self.place(record), **({"error": wrong} if wrong else {})}  # fmt: skip
        return orjson.dumps(line, default=str).decode()


def _one(text: str) -> str:
    return text.replace("\r", "\\r").replace("\n", "\\n")


def set_up(environ: Mapping[str, str]) -> None:
    """Log as the environment says. Raises Unsupported "app.log" for a word that it does not know."""
    level = (environ.get("HEFU_LOG_LEVEL") or "warning").lower()
    form = (environ.get("HEFU_LOG_FORMAT") or "text").lower()
    for name, given, known in (("HEFU_LOG_LEVEL", level, LEVELS), ("HEFU_LOG_FORMAT", form, FORMATS)):
        if given not in known:
            raise Unsupported("app.log", name=name, given=given[:40], known=", ".join(known))
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonLine() if form == "json" else TextLine())
    root = logging.getLogger()
    for old in [h for h in root.handlers if isinstance(h.formatter, _Line)]:
        root.removeHandler(old)
    root.addHandler(handler)
    root.setLevel(logging.WARNING)
    logging.getLogger("hefu").setLevel(level.upper())  # libraries tell the values they work with


__all__ = ["LEVELS", "STRUCK", "JsonLine", "TextLine", "clean", "hide", "set_up", "worded", "working"]
