"""ETags: which state of something was seen, so that nobody writes over what they have not read."""

from __future__ import annotations

import hashlib
from typing import Annotated

from fastapi import Header

from hefu.core.errors import Stale, Unsupported

IfMatch = Annotated[str | None, Header(max_length=200, description="ETag of the state that was seen")]
IfNoneMatch = Annotated[str | None, Header(max_length=200, description="'*': only if there is none yet")]


def tag(*parts: object) -> str:
    """The ETag of a state."""
    return f'"{hashlib.sha256(repr(parts).encode(errors="replace")).hexdigest()[:24]}"'


def require(what: str, now: str | None, if_match: str | None, if_none_match: str | None = None) -> None:
    """May this change be made to what stands at `now` (None: nothing does)?

    Raises Unsupported "web.tag_needed" where nothing is said, Stale "web.changed" where another state was seen.
    """
    if if_none_match is not None and if_none_match.strip() == "*":
        if now is not None:
            raise Stale("web.changed", what=what)
        return
    if if_match is None:
        raise Unsupported("web.tag_needed", what=what)
    seen = [part.strip().removeprefix("W/") for part in if_match.split(",")]
    if now is None or (now not in seen and "*" not in seen):
        raise Stale("web.changed", what=what)


__all__ = ["IfMatch", "IfNoneMatch", "require", "tag"]
