"""Status steps: submit, audit and their ways back, and the pushes that make the next document.

Each begins with a look: a step that was taken before its answer was lost is not taken twice, and a chain that broke
off goes on where it stands. After a lost answer there is one more look; what it cannot tell stays unknown.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from typing import Any

from hefu.connectors._kingdee_errors import Fault, Outcome, Where, error_of, outcome_of, status_of
from hefu.connectors._kingdee_forms import SUBMIT_FROM
from hefu.connectors._kingdee_read import Reader
from hefu.connectors._kingdee_schema import Bound
from hefu.connectors._kingdee_session import FORMS as SERVICE
from hefu.connectors._kingdee_session import Session
from hefu.connectors._kingdee_values import literal
from hefu.core.connector import Site
from hefu.core.errors import HubError, Missing, Rejected, Unanswered, Unsupported
from hefu.core.records import Record, Values

_VERBS: Mapping[str, tuple[str, str]] = {
    "submit": ("Submit", "B"),
    "audit": ("Audit", "C"),
    "withdraw": ("CancelAssign", "D"),
    "unaudit": ("UnAudit", "D"),
}
"""Step -> the service, and the status that it leads to."""

_OPERATIONS: Mapping[str, tuple[str, str, str]] = {
    "forbid": ("Forbid", "fforbidstatus", "B"),
    "enable": ("Enable", "fforbidstatus", "A"),
    "close": ("BillClose", "fclosestatus", "B"),
    "unclose": ("BillUnClose", "fclosestatus", "A"),
    "void": ("Cancel", "fcancelstatus", "B"),
}
"""Step -> the named operation, and the field and value that show that it is done."""

_SPELLINGS = ("ExcuteOperation", "ExecuteOperation")
"""The vendor's own client says the first; some sites answer to the second alone."""

_OPEN = ("Z", "A", "B", "D")


class Steps:
    """Takes status steps in one tenant."""

    def __init__(self, session: Session, site: Site, reader: Reader, bound: Any) -> None:
        self._session, self._site, self._reader, self._bound = session, site, reader, bound
        self._spelling = ""
        self._lock = threading.Lock()

    def take(self, bound: Bound, action: str, record_id: str, args: Values) -> Record:
        """Take a step and tell the record as it then is. Raises Rejected where its state does not allow it."""
        legal = bound.actions.get(action)
        if legal is None:
            known = ", ".join(bound.actions) or "-"
            raise Unsupported("kingdee.no_action", form=bound.form.id, action=action, known=known)
        record = self._have(bound, record_id)
        state = _state(bound, record)
        if state not in legal:
            raise Rejected(
                "kingdee.illegal_step",
                field=bound.status,
                form=bound.form.id,
                action=action,
                state=state or "-",
                legal=", ".join(legal),
            )
        if action == "approve":
            return self._approve(bound, record)
        if action in _VERBS:
            return self._verb(bound, action, record)
        if action in _OPERATIONS:
            return self._operation(bound, action, record)
        if action == "allocate":
            return self._allocate(bound, record)
        return self._push(bound, action, record, args)

    def _have(self, bound: Bound, record_id: str) -> Record:
        found = self._reader.fetch(bound, [record_id])
        if not found:
            raise Missing("kingdee.missing", connection=self._site.connection, form=bound.form.id, said=record_id)
        return found[0]

    # ---------------------------------------------------------------------- status

    def _approve(self, bound: Bound, record: Record) -> Record:
        """Submit and audit, from wherever the record stands."""
        if _state(bound, record) in SUBMIT_FROM:
            record = self._verb(bound, "submit", record)
        return self._verb(bound, "audit", record) if _state(bound, record) == "B" else record

    def _verb(self, bound: Bound, action: str, record: Record) -> Record:
        verb, wanted = _VERBS[action]
        data = {
            "CreateOrgId": 0,
            "Numbers": [],
            "Ids": record.id,
            "InterationFlags": ";".join(bound.settings.prompts),
            "NetworkCtrl": "",
        }
        error = self._tried(bound, verb, data)
        now = self._have(bound, record.id)
        if _state(bound, now) == wanted:
            return now
        if error is not None:
            raise error
        raise Rejected(
            "kingdee.not_moved", field=bound.status, form=bound.form.id, action=action, state=_state(bound, now) or "-"
        )

    def _tried(self, bound: Bound, verb: str, data: Mapping[str, Any]) -> HubError | None:
        """Why a verb was not carried out, or that nobody knows; None if the site says it was."""
        try:
            outcome = self._outcome(bound, verb, data)
        except Unanswered as error:
            return error
        return None if outcome.good and not outcome.faults else self._error(bound, verb, outcome)

    def _outcome(self, bound: Bound, verb: str, data: Mapping[str, Any]) -> Outcome:
        answer = self._session.form(verb, bound.form.id, data, writes=True).data
        status = status_of(answer)
        if status is None:
            raise Unanswered("kingdee.garbled", connection=self._site.connection, service=verb, status=200)
        return outcome_of(status)

    def _error(self, bound: Bound, verb: str, outcome: Outcome) -> HubError:
        where = Where(self._site.connection, bound.form.id, verb, True, bound.settings.throttle)
        return error_of(outcome.faults[0] if outcome.faults else Fault(0, ""), where)

    # ------------------------------------------------------------------ operations

    def _operation(self, bound: Bound, action: str, record: Record) -> Record:
        number, field, wanted = _OPERATIONS[action]
        if _flag(record, field) == wanted:
            return record
        data = {"CreateOrgId": 0, "Numbers": [], "Ids": record.id, "PkEntryIds": [], "NetworkCtrl": ""}
        error = self._operated(bound, number, data)
        now = self._have(bound, record.id)
        if error is not None and _flag(now, field) != wanted:
            raise error
        return now

    def _operated(self, bound: Bound, number: str, data: Mapping[str, Any]) -> HubError | None:
        spellings = (self._spelling,) if self._spelling else _SPELLINGS
        error: HubError | None = None
        for spelling in spellings:
            body = {"formid": bound.form.id, "opNumber": number, "data": data}
            try:
                answer = self._session.ask(SERVICE + spelling, body, form=bound.form.id, writes=True).data
            except Unanswered as unknown:
                error = unknown
                if not _no_such_service(str(unknown.facts.get("said", ""))):
                    return error
                continue
            except Unsupported as unknown:
                error = unknown
                continue
            outcome = outcome_of(status_of(answer) or {})
            if outcome.good:
                with self._lock:
                    self._spelling = spelling
                return None
            error = self._error(bound, spelling, outcome)
            if not _no_such_service(" ".join(f.text for f in outcome.faults)):
                return error
        return error

    def _allocate(self, bound: Bound, record: Record) -> Record:
        """Distribute to the organisations of the settings; where it is there already, nothing happens."""
        numbers = bound.settings.allocate[bound.form.id]
        said = ",".join(literal(n, self._reader.zone) for n in numbers)
        rows = self._reader.query("ORG_Organizations", ["FOrgID", "FNumber"], f"FNumber in ({said})", "", 200).data
        found = {str(number): str(org) for org, number in rows}
        lost = next((n for n in numbers if n not in found), None)
        if lost is not None:
            raise Unsupported("kingdee.organisation", connection=self._site.connection, organisation=lost, said="-")
        data = {"PkIds": record.id, "TOrgIds": ",".join(found[n] for n in numbers)}
        error = self._tried(bound, "Allocate", data)
        if error is not None and error.code != "kingdee.taken":
            raise error
        return record

    # ---------------------------------------------------------------------- pushing

    def _push(self, bound: Bound, action: str, record: Record, args: Values) -> Record:
        """Make the next document. One that was made and is not approved yet is gone on with instead.

        args: rule, entries (ids of source lines), bill_type, organisation, then (stop, submit, approve).
        """
        target = self._bound(bound.form.pushes[action].target)
        if target is None:
            raise Unsupported("kingdee.unknown_form", connection=self._site.connection,
                              form=bound.form.pushes[action].target, service="Push", said="-", number=4)  # fmt: skip
        unknown = set(args) - {"rule", "entries", "bill_type", "organisation", "then"}
        if unknown:
            raise Unsupported("kingdee.unknown_argument", action=action, name=sorted(unknown)[0])
        before = self._made(target, bound, record)
        open_ones = [r.id for r in before if _state(target, r) in _OPEN]
        ids = open_ones or self._pushed(bound, action, target, record, args, {r.id for r in before})
        then = str(args.get("then") or bound.settings.after_push)
        for made in ids if then != "stop" else ():
            if then == "approve" or _state(target, self._have(target, made)) in SUBMIT_FROM:
                self.take(target, then, made, {})
        return self._have(bound, record.id)

    def _pushed(
        self, bound: Bound, action: str, target: Bound, record: Record, args: Values, before: set[str]
    ) -> list[str]:
        rule = str(args.get("rule") or bound.settings.rules.get(f"{bound.form.id}.{action}", ""))
        data: dict[str, Any] = {
            "Ids": record.id,
            "Numbers": [],
            "EntryIds": ",".join(map(str, args.get("entries") or ())),
            "RuleId": rule,
            "TargetBillTypeId": str(args.get("bill_type") or ""),
            "TargetOrgId": args.get("organisation") or 0,
            "TargetFormId": target.form.id,
            "IsEnableDefaultRule": "false" if rule else "true",
            "IsDraftWhenSaveFail": "false",
            "CustomParams": {},
        }
        try:
            answer = self._session.form("Push", bound.form.id, data, writes=True).data
        except Unanswered:
            made = [r.id for r in self._made(target, bound, record) if r.id not in before]
            if made:
                return made
            raise
        outcome = outcome_of(status_of(answer) or {})
        made = [m.id for m in outcome.made] or _ids(answer)
        if outcome.good and made:
            return made
        faults = list(outcome.faults) + _conversion_faults(answer)
        where = Where(self._site.connection, bound.form.id, "Push", True, bound.settings.throttle)
        error = error_of(next((f for f in faults if f.text), Fault(0, "")), where)
        if error.code == "kingdee.exhausted" and before:
            return []  # everything has been pushed, and what was made is approved
        raise error

    def _made(self, target: Bound, bound: Bound, record: Record) -> list[Record]:
        """Documents of that form that were made from this record and are not void."""
        number = str(record.values.get(bound.key) or "")
        fields = next((spelt for link, spelt, _ in target.links.values() if link.target == bound.form.id), ())
        if not number or not fields:
            return []
        said = literal(number, self._reader.zone)
        where = " or ".join(f"{name} = {said}" for name in fields)
        return [r for r in self._reader.every(target, f"({where})") if _flag(r, "fcancelstatus") != "B"]


def _state(bound: Bound, record: Record) -> str:
    return str(record.values.get(bound.status) or "")


def _flag(record: Record, field: str) -> str:
    return next((str(v or "") for n, v in record.values.items() if n.lower() == field), "")


def _no_such_service(text: str) -> bool:
    return "对象引用" in text or "object reference" in text.lower() or "null" in text.lower()


def _ids(answer: Any) -> list[str]:
    result = answer.get("Result") if isinstance(answer, Mapping) else None
    ids = result.get("Ids") if isinstance(result, Mapping) else None
    return [str(i) for i in ids] if isinstance(ids, list) else []


def _conversion_faults(answer: Any) -> list[Fault]:
    result = answer.get("Result") if isinstance(answer, Mapping) else None
    status = result.get("ConvertResponseStatus") if isinstance(result, Mapping) else None
    return list(outcome_of(status).faults) if isinstance(status, Mapping) else []
