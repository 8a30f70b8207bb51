"""Whether a record is still as it was when a change of it was decided, for systems that keep no versions."""

from __future__ import annotations

from hefu.core.records import Values


def moved(expect: Values | None, now: Values) -> str | None:
    """The first field that is no longer as it was last seen; None: all are. Empty text and nothing are one."""
    for name, value in (expect or {}).items():
        held = now.get(name)
        if name in now and held != value and not (held is None and value == ""):
            return name
    return None


def news(values: Values, now: Values) -> dict[str, object]:
    """What of a patch differs from what is there; lines are for their own comparison."""
    return {n: v for n, v in values.items() if n == "lines" or now.get(n) != v}
