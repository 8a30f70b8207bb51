"""Writing to Kingdee: BatchSave with an outcome for each record, and lines that are never lost by leaving them out.

A batch is no transaction, and "IsSuccess" may be true for half of it: what became of each record is told by its
place in the batch alone. Where a place is not told of, nobody knows, and the engine looks.
"""

from __future__ import annotations

import threading
from collections import defaultdict
from collections.abc import Sequence
from functools import partial
from typing import Any

from hefu.connectors._kingdee_errors import Made, Outcome, Where, concerns_all, error_of, outcome_of, status_of
from hefu.connectors._kingdee_read import Reader
from hefu.connectors._kingdee_schema import KEY, LINES, Bound, Slot
from hefu.connectors._kingdee_session import Session
from hefu.connectors._kingdee_steps import Steps
from hefu.connectors._kingdee_values import id_literal, literal, written
from hefu.connectors._read_back import read_back
from hefu.core.connector import Site
from hefu.core.errors import HubError, Missing, Rejected, Stale, Transient, Unanswered, Unsupported
from hefu.core.records import REMOVED, Record, Value, Values, Write, Written

_THREADS = 5
"""Threads that the site may use for one batch."""

_DELETES = 20

Model = dict[str, Any]


class Writer:
    """Saves and deletes records of one tenant; one call a form at a time, as the vendor advises."""

    def __init__(self, session: Session, site: Site, reader: Reader, steps: Steps) -> None:
        self._session, self._site, self._reader, self._steps = session, site, reader, steps
        self._turns: dict[str, threading.Lock] = defaultdict(threading.Lock)

    def write(self, bound: Bound, writes: Sequence[Write]) -> list[Written | HubError]:
        """One outcome a write, in order; what was written is told as it is now stored."""
        out: dict[int, str | HubError] = {}
        ids = [w.id for w in writes if w.id is not None]
        now = {r.id: r for r in self._reader.fetch(bound, ids)} if ids else {}
        groups: dict[tuple[str, ...], list[tuple[int, Model]]] = defaultdict(list)
        doomed: list[tuple[int, str]] = []
        for place, write in enumerate(writes):
            try:
                self._sort(bound, place, write, now.get(write.id or ""), groups, doomed, out)
            except HubError as error:
                out[place] = error
        with self._turns[bound.form.id]:
            for names, models in groups.items():
                self._save_all(bound, names, models, out)
            for start in range(0, len(doomed), _DELETES):
                self._delete(bound, doomed[start : start + _DELETES], out)
        self._recover(bound, writes, out)
        return read_back(writes, out, partial(self._reader.fetch, bound))

    def _sort(
        self,
        bound: Bound,
        place: int,
        write: Write,
        record: Record | None,
        groups: dict[tuple[str, ...], list[tuple[int, Model]]],
        doomed: list[tuple[int, str]],
        out: dict[int, str | HubError],
    ) -> None:
        if write.id is None:
            groups[()].append((place, self._new(bound, write)))
            return
        if record is None:
            raise Missing("kingdee.missing", connection=self._site.connection, form=bound.form.id, said=write.id)
        for name, value in (write.expect or {}).items():
            if not isinstance(value, list) and record.values.get(name) != value:
                raise Stale("kingdee.stale", connection=self._site.connection, form=bound.form.id, said=name)
        if write.values is None:
            doomed.append((place, write.id))
            return
        state = str(record.values.get(bound.status) or "")
        if state == "B" or (state == "C" and bound.form.bill and not bound.reopens):
            raise Rejected(
                "kingdee.approved", field=bound.status, form=bound.form.id, name=bound.status, said=f"{state}"
            )
        model = self._model(bound, write.values, record)
        gone = bool(model.pop(REMOVED, False))
        if state == "C" and bound.reopens:
            out[place] = self._through_reopening(bound, write.id, model, gone)
        else:
            groups[(*_names(bound, model), "" if gone else "+")].append((place, model))

    def _through_reopening(self, bound: Bound, record_id: str, model: Model, gone: bool) -> str | HubError:
        """Re-open, save, approve again. Broken off, the record stands open with what was saved; `approve` goes on."""
        out: dict[int, str | HubError] = {}
        self._steps.take(bound, "unaudit", record_id, {})
        self._save_all(bound, (*_names(bound, model), "" if gone else "+"), [(0, model)], out)
        try:
            self._steps.take(bound, "approve", record_id, {})
        except HubError as error:
            if not isinstance(out[0], HubError):
                return error if isinstance(error, Unanswered) else Unanswered(
                    "kingdee.left_open", connection=self._site.connection, form=bound.form.id, said=str(error)
                )  # fmt: skip
        return out[0]

    # --------------------------------------------------------------------- models

    def _new(self, bound: Bound, write: Write) -> Model:
        values = {**bound.settings.defaults.get(bound.form.id, {}), **(write.values or {})}
        if bound.token:
            mark = values.pop(bound.token, None) or write.token
            token = {bound.token: mark} if mark else {}
        else:
            token = {}
        owner = write.organisation or bound.settings.organisation or str(self._site.facts.get("organisation") or "")
        if owner:
            for name in (bound.organisation, "FCreateOrgId"):
                if name in bound.head and not values.get(name):
                    values[name] = owner
        model = self._model(bound, values, None)
        model.pop(REMOVED, None)
        return {bound.primary: 0, **model, **token}

    def _model(self, bound: Bound, values: Values, record: Record | None) -> Model:
        """The part of a bill that Save takes. REMOVED in it: lines are taken away, all that stay are named."""
        for name in values:
            if name not in bound.head and name != LINES and name not in bound.links:
                raise Unsupported("kingdee.not_mapped", form=bound.form.id, field=name)
            if name in bound.links or (name in bound.head and not bound.head[name].writable):
                raise Unsupported("kingdee.read_only", form=bound.form.id, field=name)
        model: Model = {} if record is None else {bound.primary: int(record.id)}
        for slot in bound.head.values():
            if slot.name in values:
                home = model.setdefault(slot.entity, {}) if slot.entity else model
                home[slot.name] = self._written(bound, slot, values[slot.name])
        if LINES in values:
            if bound.entity is None:
                raise Unsupported("kingdee.not_mapped", form=bound.form.id, field=LINES)
            rows, gone = self._lines(bound, values[LINES] or [], record)
            model[bound.entity.key] = rows
            if gone:
                model[REMOVED] = True
        return model

    def _written(self, bound: Bound, slot: Slot, value: Value) -> Any:
        key = bound.settings.number_keys.get(slot.lookup, "FNumber")
        if slot.by_id and isinstance(value, str) and value:
            value = self._reader.numbers_of(slot.lookup, [value])[value]
        return written(slot, value, self._reader.zone, key)

    def _lines(self, bound: Bound, lines: Sequence[Values], record: Record | None) -> tuple[list[Model], bool]:
        known = self._row_ids(bound, record) if record is not None else {}
        row_key = (bound.entity.row_id if bound.entity else "") or "FEntryID"
        rows, gone = list[Model](), set[str]()
        for line in lines:
            key = str(line.get(KEY) or "")
            if line.get(REMOVED):
                if key in known:
                    gone.add(key)
                continue
            if key not in known and key.startswith("E") and key[1:].isdecimal():
                raise Rejected("kingdee.unknown_line", field=LINES, line=key)
            row: Model = {row_key: known.get(key, 0)}
            if key and key not in known and bound.line_key:
                row[bound.line_key] = key
            for name in line:
                if name != KEY and (name not in bound.lines or not bound.lines[name].writable):
                    code = "kingdee.read_only" if name in bound.lines else "kingdee.not_mapped"
                    raise Unsupported(code, form=bound.form.id, field=f"{LINES}.{name}")
            row |= {s.name: self._written(bound, s, line[s.name]) for s in bound.lines.values() if s.name in line}
            rows.append(row)
        if gone:
            named = {row[row_key] for row in rows}
            rows = [{row_key: i} for k, i in known.items() if k not in gone and i not in named] + rows
        return rows, bool(gone)

    def _row_ids(self, bound: Bound, record: Record) -> dict[str, int]:
        """Line key -> id of the row. Asked anew: a line may have come or gone since."""
        keys = [bound.primary, bound.row_id, *([bound.line_key] if bound.line_key else [])]
        where, out = f"{bound.primary} = {id_literal(record.id)}", dict[str, int]()
        for row in self._reader.query(bound.form.id, keys, where, f"{bound.row_id} ASC", bound.settings.page).data:
            if row[1]:
                kept = str(row[2] or "").strip() if bound.line_key else ""
                out[kept if kept and kept not in out else f"E{row[1]}"] = int(row[1])
        return out

    # --------------------------------------------------------------------- saving

    def _save_all(
        self, bound: Bound, names: tuple[str, ...], models: list[tuple[int, Model]], out: dict[int, str | HubError]
    ) -> None:
        """Save models of the same fields. Where a batch is refused whole for one bad record, the rest goes again."""
        rest = models
        while rest:
            try:
                outcome = self._save(bound, names, [model for _, model in rest])
            except HubError as error:
                out.update((place, error) for place, _ in rest)
                return
            again = self._settle(bound, rest, outcome, out)
            rest = again if len(again) < len(rest) else []
            out.update((place, self._untold(bound)) for place, _ in again if not rest)

    def _save(self, bound: Bound, names: tuple[str, ...], models: list[Model]) -> Outcome:
        fields = [name for name in names if name not in ("", "+")]
        data: dict[str, Any] = {
            "NeedUpDateFields": fields,
            "NeedReturnFields": [],
            "IsDeleteEntry": "true" if "" in names else "false",
            "IsVerifyBaseDataField": "true",
            "ValidateFlag": "true",
            "NumberSearch": "true",
            "InterationFlags": ";".join(bound.settings.prompts),
            "Model": models[0] if len(models) == 1 else models,
        }
        if len(models) > 1:
            data["BatchCount"] = min(_THREADS, len(models) - 1)
        verb = "Save" if len(models) == 1 else "BatchSave"
        status = status_of(self._session.form(verb, bound.form.id, data, writes=True).data)
        if status is None:
            raise Unanswered("kingdee.garbled", connection=self._site.connection, service=verb, status=200)
        return outcome_of(status)

    def _settle(
        self,
        bound: Bound,
        models: list[tuple[int, Model]],
        outcome: Outcome,
        out: dict[int, str | HubError],
    ) -> list[tuple[int, Model]]:
        """Note what became of each; returns those that surely were not written and may go again."""
        where = Where(self._site.connection, bound.form.id, "Save", True, bound.settings.throttle)
        alone = len(models) == 1
        made = {_place(m, models, bound, alone): m.id for m in outcome.made}
        bad: dict[int, HubError] = {}
        for fault in outcome.faults:
            error = error_of(fault, where)
            if error.code == "kingdee.no_such_value":
                self._reader.forget()
            if concerns_all(error) or (isinstance(error, Transient) and fault.place is None):
                bad.update((n, error) for n in range(len(models)) if n not in bad)
            else:
                bad.setdefault(0 if alone else fault.place if fault.place is not None else -1, error)
        again: list[tuple[int, Model]] = []
        for n, (place, model) in enumerate(models):
            if n in made:
                out[place] = made[n]
            elif n in bad:
                out[place] = bad[n]
            elif not outcome.made and not outcome.good and bad:
                again.append((place, model))
            else:
                out[place] = self._untold(bound)
        return again

    def _untold(self, bound: Bound) -> HubError:
        return Unanswered("kingdee.untold", connection=self._site.connection, form=bound.form.id)

    def _delete(self, bound: Bound, doomed: list[tuple[int, str]], out: dict[int, str | HubError]) -> None:
        data = {"CreateOrgId": 0, "Numbers": [], "Ids": ",".join(i for _, i in doomed), "NetworkCtrl": ""}
        where = Where(self._site.connection, bound.form.id, "Delete", True, bound.settings.throttle)
        try:
            status = status_of(self._session.form("Delete", bound.form.id, data, writes=True).data)
        except HubError as error:
            out.update((place, error) for place, _ in doomed)
            return
        outcome = outcome_of(status or {})
        gone = {m.id for m in outcome.made}
        left = [(place, i) for place, i in doomed if i not in gone]
        out.update((place, i) for place, i in doomed if i in gone)
        if len(doomed) == 1 and left:
            place, record_id = left[0]
            out[place] = error_of(outcome.faults[0], where) if outcome.faults else record_id
            return
        for one in left:  # which complaint belongs to which is not told: one by one
            self._delete(bound, [one], out)

    # ----------------------------------------------------------------- afterwards

    def _recover(self, bound: Bound, writes: Sequence[Write], out: dict[int, str | HubError]) -> None:
        """A number that is taken may be taken by ourselves, in a call whose answer was lost: then it is done."""
        for place, error in list(out.items()):
            write = writes[place]
            if write.id is not None or not (isinstance(error, Rejected) and error.code == "kingdee.taken"):
                continue
            number = (write.values or {}).get(bound.key)
            by = bound.token if bound.token and write.token else bound.key if number else ""
            if not by:
                continue
            try:
                sought = literal(write.token if by == bound.token else number, self._reader.zone)
                found = self._reader.every(bound, f"{by} = {sought}")
            except HubError:
                continue
            mine = [r for r in found if by == bound.token or _same(r, write)]
            if len(mine) == 1:
                out[place] = mine[0].id


def _names(bound: Bound, model: Model) -> tuple[str, ...]:
    """Every key that a save is to touch, those inside entities included: what is not named stays as it is."""
    inside = {slot.entity for slot in bound.head.values() if slot.entity}
    out: set[str] = set()
    for name, value in model.items():
        if name == bound.primary:
            continue
        out.add(name)
        if name in inside:
            out |= set(value)
        elif isinstance(value, list):
            out |= {key for row in value for key in row} - {bound.entity.row_id if bound.entity else ""}
    return tuple(sorted(out))


def _place(made: Made, models: Sequence[tuple[int, Model]], bound: Bound, alone: bool) -> int:
    """Which of the batch it is: by its place, else by its id or number."""
    if alone:
        return 0
    if made.place is not None:
        return made.place
    for n, (_, model) in enumerate(models):
        if str(model.get(bound.primary)) == made.id or (made.number and model.get(bound.key) == made.number):
            return n
    return -1


def _same(record: Record, write: Write) -> bool:
    """Whether a record holds what we wanted to create."""
    values = write.values or {}
    plain = all(record.values.get(n) == v for n, v in values.items() if not isinstance(v, list) and v is not None)
    lines = all(len(record.values.get(n) or ()) == len(v) for n, v in values.items() if isinstance(v, list))
    return plain and lines
