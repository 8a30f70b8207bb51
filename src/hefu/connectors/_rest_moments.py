"""Moments in an API's own writing: read, written, and how fine they are."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, tzinfo
from typing import Any

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_ISO_LIKE = {"%Y-%m-%d", "%Y-%m-%d %H:%M", "%Y-%m-%d %H:%M:%S", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M:%S.%f"}
"""Patterns that `fromisoformat` reads too, twenty times as fast as `strptime`."""


def read_moment(value: Any, pattern: str, zone: tzinfo) -> datetime:
    """An aware datetime. Raises ValueError."""
    if pattern == "iso" or pattern in _ISO_LIKE:
        at = datetime.fromisoformat(value)
        return at if at.tzinfo else at.replace(tzinfo=zone)
    if pattern in ("unix", "unix_ms"):
        return _EPOCH + timedelta(**{"seconds" if pattern == "unix" else "milliseconds": float(value)})
    at = datetime.strptime(str(value), pattern)  # noqa: DTZ007 - the zone follows
    return at if at.tzinfo else at.replace(tzinfo=zone)


def write_moment(at: datetime, pattern: str, zone: tzinfo) -> Any:
    """The API's own writing of a moment."""
    if pattern == "iso":
        return at.astimezone(UTC).isoformat().replace("+00:00", "Z")
    if pattern == "unix":
        return int(at.timestamp())
    if pattern == "unix_ms":
        return (at - _EPOCH) // timedelta(milliseconds=1)
    local = at.astimezone(zone)
    if pattern in ("%Y-%m-%d %H:%M:%S", "%Y-%m-%dT%H:%M:%S"):
        return local.replace(tzinfo=None).isoformat(pattern[8], "seconds")
    return local.strftime(pattern)


FINEST = timedelta(microseconds=1)


def grain(pattern: str) -> timedelta:
    """The smallest step between two moments in that writing."""
    if pattern in ("iso", "unix_ms") or "%f" in pattern:
        return timedelta(milliseconds=1)
    fine = ((("unix", "%S", "%X", "%c", "%T"), 1), (("%M",), 60), (("%H", "%I"), 3600))
    return timedelta(seconds=next((s for words, s in fine if any(w in pattern for w in words)), 86400))
