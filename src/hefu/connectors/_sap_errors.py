"""What an answer of SAP means, by what to do next: status, Gateway's error body (JSON or XML), and its words."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any, NamedTuple

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import ParseError, fromstring

from hefu.core.connector import Answer
from hefu.core.errors import Denied, HubError, Missing, Rejected, Stale, Transient, Unanswered, Unsupported

LOCK_WAIT = 15.0
"""Seconds to leave a colleague who has the record open; tried again some times by the hub."""

_LOCKED = re.compile(
    r"(processed|locked|blocked|edited) by (the )?(user )?\w|locked by another|正在(由|被).*(处理|编辑)|"
    r"正由.{0,30}(处理|编辑)|(由|被).{0,20}(锁定|处理中|冻结)",
    re.IGNORECASE,
)
_NO_SERVICE = re.compile(r"/IWFND/MED/170|no service found|service .* not (found|active)", re.IGNORECASE)
_NO_PROPERTY = re.compile(
    r"propert(y|ies) .{0,80}(not (found|exist|valid|known|defined)|unknown|invalid|does not exist)|"
    r"(unknown|invalid|no such|undefined|no) propert(y|ies)|does not have (a|the) property|"
    r"属性.{0,60}(不存在|无效|未知)",
    re.IGNORECASE,
)
_BUSINESS = re.compile(r"[A-Z0-9_]{1,20}/\d{1,4}$|/IWBEP/CX_MGW_BUSI_EXCEPTION", re.IGNORECASE)


class Call(NamedTuple):
    """What was tried. `one`: it spoke of a single record, so that 404 means that record."""

    connection: str
    path: str
    writes: bool = False
    one: bool = False


class Said(NamedTuple):
    """An error's body: code, words of the error and its details, and the property that is blamed."""

    code: str
    words: str
    field: str | None


def parsed(answer: Answer) -> Any:
    """The JSON of an answer with exact numbers; None where it is none."""
    try:
        return json.loads(answer.body, parse_float=Decimal) if answer.body.strip() else {}
    except (ValueError, RecursionError):
        return None


def said_in(answer: Answer) -> Said:
    """What an error's body says. SAP answers in XML where it did not see what was accepted."""
    data = parsed(answer)
    if isinstance(data, Mapping) and isinstance(data.get("error"), Mapping):
        error = data["error"]
        told = list(_details(error))
        target = _plain(error.get("target")) or next((t for _, t in told if t), None)
        words = list(dict.fromkeys([_text(error.get("message")), *(w for w, _ in told)]))
        return Said(str(error.get("code") or ""), " · ".join(w for w in words if w)[:1000] or "-", target)
    return _xml(answer.body) or Said("", _start(answer.body), None)


def _details(error: Mapping[str, Any]) -> Iterator[tuple[str, str | None]]:
    """(words, property) of every detail that is an error."""
    inner = error.get("innererror")
    listed = error.get("details") or (inner.get("errordetails") if isinstance(inner, Mapping) else None)
    for one in listed if isinstance(listed, list) else ():
        severity = str(one.get("severity", "error")).lower() if isinstance(one, Mapping) else "info"
        if severity == "error" and not str(one.get("code", "")).startswith("/IWBEP/CX_"):
            yield _text(one.get("message")), _plain(one.get("propertyref") or one.get("target"))


def _text(message: Any) -> str:
    return str(message.get("value", "")) if isinstance(message, Mapping) else str(message or "")


def _plain(target: Any) -> str | None:
    """The property at the end of a target: "/A_SalesOrder('1')/SoldToParty", "in/SoldToParty"."""
    last = str(target or "").rstrip("/").rpartition("/")[2]
    return last if last and "(" not in last else None


def _xml(body: bytes) -> Said | None:
    try:
        root = fromstring(body, forbid_dtd=True)
    except (DefusedXmlException, ParseError, ValueError):
        return None
    texts: dict[str, list[str]] = {}
    for e in root.iter():
        texts.setdefault(str(e.tag).rpartition("}")[2], []).append((e.text or "").strip())
    if "message" not in texts:
        return None
    field = next((t for t in (*texts.get("propertyref", ()), *texts.get("target", ())) if t), None)
    words = " · ".join(dict.fromkeys(t for t in texts["message"] if t))
    return Said((texts.get("code") or [""])[0], words[:1000] or "-", _plain(field))


def _start(body: bytes) -> str:
    text = re.sub(r"<[^>]*>|\s+", " ", body[:2000].decode("utf-8", "replace")).strip()
    return text[:200] or "-"


def needs_token(answer: Answer) -> bool:
    """Whether SAP wants a fresh CSRF token; it has done nothing then."""
    return answer.status == 403 and answer.headers.get("x-csrf-token", "").lower() == "required"


def error_of(answer: Answer, call: Call) -> HubError:
    """The error that an answer of status 300 and more stands for."""
    status, said = answer.status, said_in(answer)
    where = {"connection": call.connection, "path": call.path, "status": status, "number": said.code or "-"}
    facts = {**where, "words": said.words}
    if 300 <= status < 400:
        to = answer.headers.get("location", "-").split("?")[0]
        return Unsupported("sap.redirected", connection=call.connection, path=call.path, to=to)
    if status == 401:
        return Denied("sap.login", connection=call.connection)
    if status == 403 and call.writes and said.field and not needs_token(answer):  # the record's other fields may go
        return Rejected("sap.no_field_right", field=said.field, **facts)
    if status == 403:
        return Denied("sap.token" if needs_token(answer) else "sap.forbidden", **facts)
    if status == 412 or status == 428:
        return Stale("sap.stale", **where)
    if status in (429, 503) or _LOCKED.search(said.words):
        return Transient("sap.locked" if status < 429 else "sap.busy", after=LOCK_WAIT, **facts)
    if _NO_SERVICE.search(f"{said.code} {said.words}"):
        return Unsupported("sap.no_service", **facts)
    if status == 404 and call.one:
        return Missing("sap.missing", **where)
    if status >= 500 and status != 501 and not _BUSINESS.match(said.code):
        # A fault inside may come after the document was saved.
        return Unanswered("sap.fault", **facts) if call.writes else Transient("sap.fault", after=None, **facts)
    return _refusal(status, said, call, facts)


def _refusal(status: int, said: Said, call: Call, facts: Mapping[str, Any]) -> HubError:
    if _NO_PROPERTY.search(said.words):
        return Unsupported("sap.renamed", **facts)
    if status in (404, 405, 501) or not call.writes:
        return Unsupported("sap.not_understood", **facts)
    return Rejected("sap.refused", field=said.field, **facts)


def garbled(answer: Answer, call: Call) -> HubError:
    """An answer of status 2xx that is not what was asked for: cut off, or somebody else's page."""
    facts = {"connection": call.connection, "path": call.path, "start": _start(answer.body)}
    return Unanswered("sap.garbled", **facts) if call.writes else Transient("sap.garbled", after=None, **facts)
