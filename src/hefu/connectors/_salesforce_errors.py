"""What Salesforce's error codes mean: which of our errors each one is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from hefu.core.errors import Denied, HubError, Missing, Rejected, Stale, Transient, Unanswered, Unsupported

QUOTA = 900.0
"""Seconds to leave an org alone that has no calls left."""

_LATER = {
    "UNABLE_TO_LOCK_ROW": 5.0,
    "SERVER_UNAVAILABLE": 30.0,
    "QUERY_TIMEOUT": 30.0,
    "OPERATION_TOO_LARGE": 30.0,
    "REQUEST_RUNNING_TOO_LONG": 30.0,
    "REQUEST_LIMIT_EXCEEDED": QUOTA,
    "ALL_OR_NONE_OPERATION_ROLLED_BACK": 1.0,
    "PROCESSING_HALTED": 1.0,
    "EXCEEDED_ID_LIMIT": 30.0,
}
_NO_RIGHT = {
    "API_DISABLED_FOR_ORG",
    "API_CURRENTLY_DISABLED",
    "INSUFFICIENT_PERMISSIONS",
    "INVALID_SESSION_ID",
    "STORAGE_LIMIT_EXCEEDED",
    "TXN_SECURITY_METERING_ERROR",
    "FUNCTIONALITY_NOT_ENABLED",
}
_GONE = {"ENTITY_IS_DELETED", "NOT_FOUND"}
_OURS = {
    "INVALID_FIELD",
    "INVALID_FIELD_FOR_INSERT_UPDATE",
    "INVALID_TYPE",
    "MALFORMED_QUERY",
    "JSON_PARSER_ERROR",
    "UNSUPPORTED_API_VERSION",
    "INVALIDENTITY",
    "INVALIDJOB",
}


def of(told: Mapping[str, Any], *, writes: bool, status: int = 0, record: str = "", **where: Any) -> HubError:
    """The error that one entry of an answer tells: `errorCode` in single calls, `statusCode` in results of many."""
    code = str(told.get("errorCode") or told.get("statusCode") or "-")
    fields = [str(f) for f in told.get("fields") or ()]
    words = " ".join(str(told.get("message") or "-").split())[:300]
    facts: dict[str, Any] = {"said": code, "words": words, "status": status or 200, **where}
    if code in _LATER:
        quota = code == "REQUEST_LIMIT_EXCEEDED"
        return Transient("salesforce.quota" if quota else "salesforce.busy", after=_LATER[code], **facts)
    if code in _NO_RIGHT:
        return Denied("salesforce.denied", **facts)
    if code in _GONE or (code == "INVALID_CROSS_REFERENCE_KEY" and record and not fields):
        return Missing("salesforce.missing", record=record or "-", **facts)
    if code in _OURS:
        return Unsupported("salesforce.misfit", field=", ".join(fields) or "-", **facts)
    if status == 412:
        return Stale("salesforce.stale", record=record or "-", **facts)
    if status >= 500:
        return Unanswered("salesforce.fault", **facts) if writes else Transient("salesforce.fault", **facts)
    name = fields[0] if fields else None
    if code == "DUPLICATES_DETECTED":
        return Rejected("salesforce.duplicates", field=name, matches=", ".join(matches(told)) or "-", **facts)
    if not writes:
        return Unsupported("salesforce.misfit", field=name or "-", **facts)
    return Rejected("salesforce.refused", field=name, name=name or "-", **facts)


def matches(told: Mapping[str, Any]) -> list[str]:
    """Ids of the records that a duplicate rule found."""
    found = (told.get("duplicateResult") or {}).get("matchResults") or ()
    return [
        str((m.get("record") or {}).get("Id"))
        for result in found
        for m in result.get("matchRecords") or ()
        if (m.get("record") or {}).get("Id")
    ]


def first(body: Any) -> Mapping[str, Any]:
    """The first entry of a failed call's body; an empty one where it has none."""
    if isinstance(body, Sequence) and not isinstance(body, str | bytes) and body and isinstance(body[0], dict):
        return body[0]
    return body if isinstance(body, dict) else {}
