"""What a field takes and what it makes of it: trimmed text, rounded numbers, dates, picklists; or the org's refusal."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, date, datetime
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from typing import Any

from hefu.sandbox.salesforce.ids import whole
from hefu.sandbox.salesforce.objects import Field

_EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")


class Refused(Exception):
    """An error as the org tells it; several may come in one answer. `more`: further keys of the told error."""

    def __init__(
        self, code: str, message: str, fields: Sequence[str] = (), status: int = 400, more: dict[str, Any] | None = None
    ) -> None:
        super().__init__(message)
        self.code, self.message, self.fields, self.status, self.more = code, message, list(fields), status, more or {}

    def told(self, key: str = "errorCode") -> dict[str, Any]:
        """Single calls name the code `errorCode`, rows of a collection `statusCode`."""
        told: dict[str, Any] = {"message": self.message, key: self.code}
        if self.fields or key == "statusCode":
            told["fields"] = self.fields
        return told | self.more


def taken(field: Field, given: Any) -> Any:
    """What the org keeps of a value. Raises Refused."""
    if given is None:
        return False if field.type == "boolean" else None
    if field.type in ("string", "textarea", "phone", "url", "email", "picklist", "id"):
        return _text(field, given)
    if field.type == "boolean":
        if not isinstance(given, bool):
            raise _bad(field, given)
        return given
    if field.type in ("double", "currency", "percent", "int"):
        return _number(field, given)
    if field.type == "reference":
        return _reference(field, given)
    return _moment(field, given)


def stamp(at: datetime) -> str:
    """An instant as answers print it: whole seconds, zeros for milliseconds, no colon in the offset."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.000+0000")


def instant(text: str) -> datetime:
    """An instant as calls write it. Raises ValueError."""
    at = datetime.fromisoformat(re.sub(r"([+-]\d\d)(\d\d)$", r"\1:\2", text.replace(" ", "+")))
    return at.astimezone(UTC) if at.tzinfo else at.replace(tzinfo=UTC)


def _bad(field: Field, given: Any) -> Refused:
    told = "Cannot deserialize instance of {} from value {} or request may be missing a required field"
    return Refused("JSON_PARSER_ERROR", told.format(field.type, given))


def _text(field: Field, given: Any) -> str | None:
    if isinstance(given, bool | list | dict):
        raise _bad(field, given)
    text = str(given).strip()
    if not text:
        return None
    if len(text) > field.length > 0:
        told = f"{field.label}: data value too large: {text[:60]} (max length={field.length})"
        raise Refused("STRING_TOO_LONG", told, [field.name])
    if field.type == "email" and not _EMAIL.fullmatch(text):
        raise Refused("INVALID_EMAIL_ADDRESS", f"{field.label}: invalid email address: {text}", [field.name])
    if field.restricted and text not in field.picklist:
        told = f"{field.label}: bad value for restricted picklist field: {text}"
        raise Refused("INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST", told, [field.name])
    return text


def _number(field: Field, given: Any) -> int | float:
    if isinstance(given, bool) or not isinstance(given, int | Decimal | str | float):
        raise _bad(field, given)
    try:
        exact = Decimal(str(given)).quantize(Decimal(1).scaleb(-field.scale), ROUND_HALF_UP)
    except InvalidOperation:
        raise _bad(field, given) from None
    if abs(exact) >= Decimal(10) ** (field.precision - field.scale):
        told = f"{field.label}: value outside of valid range on numeric field: {given}"
        raise Refused("NUMBER_OUTSIDE_VALID_RANGE", told, [field.name])
    return int(exact) if field.type == "int" else float(exact)


def _reference(field: Field, given: Any) -> str:
    try:
        return whole(str(given))
    except ValueError:
        told = f"{field.label}: id value of incorrect type: {given}"
        raise Refused("MALFORMED_ID", told, [field.name]) from None


def _moment(field: Field, given: Any) -> str:
    try:
        if field.type == "date":
            return date.fromisoformat(str(given)[:10]).isoformat()
        return stamp(instant(str(given)))
    except ValueError:
        raise _bad(field, given) from None
