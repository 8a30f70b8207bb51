"""Is what a system holds our own value in its way of writing, or did somebody edit it?

Asked only where the system's answer to our write was lost: else its way of writing is known from the answer. Width,
case and blanks do not count as an edit; a text is "cut" only at the length that the system declares; a number is
"rounded" only if it has fewer decimal places and lies within half a unit of the last.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from decimal import Decimal, InvalidOperation

from hefu.core.records import Field, Normal, Normals

_CUT_IN_A_CHARACTER = 3
"""Bytes by which a cut that spares the last character may stay below the limit."""


def own_writing(sent: Normals, found: Mapping[str, Normal], fields: Mapping[str, Field | None]) -> Normals:
    """What we sent, in the system's way of writing where it differs in nothing else. `fields`: as it declares them."""
    return {
        name: found[name] if name in found and rewritten(value, found[name], fields.get(name)) else value
        for name, value in sent.items()
    }


def rewritten(sent: Normal, found: Normal, field: Field | None) -> bool:
    """Whether `found` is `sent` as such a system writes it."""
    if sent in (None, "") and found in (None, ""):
        return True
    if not isinstance(sent, str) or not isinstance(found, str):
        return bool(sent == found)
    return rewritten_text(sent, found, field) or _rounded(sent, found)


def rewritten_text(sent: Normal, found: Normal, field: Field | None) -> bool:
    """The same for text alone: width, case, blanks, and a cut at the declared length."""
    if not isinstance(sent, str) or not isinstance(found, str):
        return False
    full, kept = _plain(sent), _plain(found)
    return sent == found or full == kept or (full.startswith(kept) and _at_limit(found, field))


def _plain(text: str) -> str:
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split())


def _at_limit(found: str, field: Field | None) -> bool:
    if field is None or not found:
        return False
    if field.bytes_length is not None:
        return field.bytes_length - _CUT_IN_A_CHARACTER <= len(found.encode()) <= field.bytes_length
    return field.length is not None and len(found) == field.length


def _rounded(sent: str, found: str) -> bool:
    try:
        exact, short = Decimal(sent), Decimal(found)
    except InvalidOperation:
        return False
    places, shorter = exact.as_tuple().exponent, short.as_tuple().exponent
    if not isinstance(places, int) or not isinstance(shorter, int) or shorter <= places:
        return False
    return abs(exact - short) * 2 <= Decimal(1).scaleb(min(shorter, 0))


__all__ = ["own_writing", "rewritten", "rewritten_text"]
