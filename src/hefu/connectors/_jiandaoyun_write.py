"""Writing to a form with the fewest calls: creates and deletes by hundreds, equal changes together, the rest singly.

The API checks neither versions nor required fields and tells of a batch only how many went well, so this looks before
it writes (who changed it meanwhile, what is called what today) and after (which record became which).
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from hefu.connectors._expected import moved
from hefu.connectors._jiandaoyun_api import Api
from hefu.connectors._jiandaoyun_form import BATCH, Form
from hefu.connectors._jiandaoyun_settings import JiandaoyunSettings
from hefu.connectors._json import dumps
from hefu.core.errors import HubError, Missing, Rejected, Stale, Unanswered
from hefu.core.records import Record, Values, Write, Written

_DATA = "v5/app/entry/data/"
_SPACE = uuid.UUID("5d1f1c1e-7a2b-5f0e-9d55-6b2f0c7c9a11")

Outcome = Written | HubError
Rows = Mapping[str, Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class Place:
    """One write and its place among the others."""

    at: int
    write: Write


class Writer:
    """Carries out the writes of one call. `rows`: ids -> payloads as they are now, with the form of today."""

    def __init__(
        self, api: Api, settings: JiandaoyunSettings, form: Form, rows: Callable[[Sequence[str]], tuple[Form, Rows]],
        same: Callable[[Form, Sequence[Values]], Mapping[int, str]], moment: str,
    ) -> None:  # fmt: skip
        self._api, self._settings, self._form = api, settings, form
        self._rows, self._same, self._moment = rows, same, moment
        self._out: dict[int, Outcome] = {}

    def run(self, writes: Sequence[Write]) -> list[Outcome]:
        """One outcome per write, in order."""
        places = [Place(at, write) for at, write in enumerate(writes)]
        for kind, work in ((_creates, self._create), (_updates, self._update), (_deletes, self._delete)):
            some = [p for p in places if kind(p.write)]
            for start in range(0, len(some), BATCH):
                part = some[start : start + BATCH]
                try:
                    work(part)
                except HubError as error:  # of the whole call; what has its outcome keeps it
                    for p in part:
                        self._out.setdefault(p.at, error)
        return [self._out[p.at] for p in places]

    # --------------------------------------------------------------------- creating

    def _create(self, part: Sequence[Place]) -> None:
        ready = self._packed([(p, dict(p.write.values or {})) for p in part])
        if self._form.settings.key and not self._form.token:
            ready = self._unless_there(ready)
        if self._settings.start_trigger:
            for p, body, _ in ready:
                self._single(p, "create", {"data": body, **self._starts()})
        elif ready:
            self._create_batch(ready)

    def _packed(self, some: Sequence[tuple[Place, dict[str, Any]]]) -> list[tuple[Place, dict[str, Any], Values]]:
        ready: list[tuple[Place, dict[str, Any], Values]] = []
        token = self._form.token
        for p, values in some:
            if token and p.write.token:
                values[token.name] = p.write.token
            try:
                ready.append((p, self._form.payload(values, None), values))
            except HubError as error:
                self._out[p.at] = error
        return ready

    def _unless_there(self, ready: list[tuple[Place, dict[str, Any], Values]]) -> list[Any]:
        there = self._same(self._form, [values for _, _, values in ready])
        for n, found in there.items():
            p, _, values = ready[n]
            told = ", ".join(str(values.get(k)) for k in self._form.settings.key)
            name = self._form.settings.key[0]
            self._out[p.at] = Rejected("jiandaoyun.taken", field=name, name=name, value=told[:80], id=found)
        return [one for n, one in enumerate(ready) if n not in there]

    def _starts(self) -> dict[str, Any]:
        more: dict[str, Any] = {"is_start_workflow": True} if self._settings.start_workflow else {}
        if self._settings.start_trigger:
            more["is_start_trigger"] = True
        return more | ({"data_creator": self._settings.creator} if self._settings.creator else {})

    def _create_batch(self, ready: Sequence[tuple[Place, dict[str, Any], Values]]) -> None:
        """The same rows with the same id are the same batch to them for an hour: a repeat makes nothing twice."""
        bodies = [body for _, body, _ in ready]
        marks = [p.write.token or f"{self._moment} {p.at}" for p, _, _ in ready]
        batch = uuid.uuid5(_SPACE, repr([self._form.ids, marks]) + dumps(bodies).decode())
        asked = {**self._form.ids, "data_list": bodies, "transaction_id": str(batch), **self._starts()}
        ids = _ids(self._api.write(_DATA + "batch_create", **asked))
        if len(ids) < len(bodies):  # some failed: the vendor's advice is to send the whole batch once more
            ids = list(dict.fromkeys([*ids, *_ids(self._api.write(_DATA + "batch_create", **asked))]))
        self._assign(ready, ids)

    def _assign(self, ready: Sequence[tuple[Place, dict[str, Any], Values]], ids: Sequence[str]) -> None:
        """Which id became which row: they promise no order, so each is read back. Raises Unanswered where unsure."""
        try:
            form, rows = self._rows(ids)
        except HubError as error:
            raise Unanswered("jiandaoyun.not_read_back", connection=error.code, count=len(ids)) from error
        records = {i: form.record(rows[i]) for i in ids if i in rows}
        likely = dict(zip(range(len(ready)), ids, strict=False)) if len(ids) == len(ready) else {}
        for n, (p, _, values) in enumerate(ready):
            found = _fitting(form, values, p.write.token, records, likely.get(n))
            if found is not None:
                del records[found.id]
                self._out[p.at] = Written.of(found)
        for p, _, _ in ready:
            if p.at not in self._out and records:
                self._out[p.at] = Unanswered("jiandaoyun.unsure", object=form.name, count=len(records))
            elif p.at not in self._out:
                self._out[p.at] = Rejected("jiandaoyun.left_out", object=form.name)

    # --------------------------------------------------------------------- changing

    def _update(self, part: Sequence[Place]) -> None:
        form, rows = self._rows([p.write.id or "" for p in part])
        self._form = form
        groups: dict[bytes, list[tuple[Place, dict[str, Any]]]] = {}
        for p in part:
            try:
                body = self._changes(p.write, rows.get(p.write.id or ""))
            except HubError as error:
                self._out[p.at] = error
                continue
            if not body:
                self._out[p.at] = Written.of(form.record(rows[p.write.id or ""]))
                continue
            alone = self._settings.start_trigger or not self._settings.batch_update or _has_rows(body)
            mark = f" {p.at}".encode() if alone else b""
            groups.setdefault(dumps(body) + mark, []).append((p, body))
        for group in groups.values():
            if len(group) > 1:
                self._update_batch(group)
            else:
                (p, body), more = group[0], {"is_start_trigger": True} if self._settings.start_trigger else {}
                self._single(p, "update", {"data_id": p.write.id, "data": body, **more})

    def _changes(self, write: Write, row: Mapping[str, Any] | None) -> dict[str, Any]:
        """What differs from what is there. Raises Missing, Stale and what a value raises."""
        if row is None:
            raise Missing("jiandaoyun.missing", path=write.id, said="-", words="-", connection=self._form.name)
        now = self._form.record(row).values
        expect = {self._named(name, now): value for name, value in (write.expect or {}).items()}
        if (name := moved(expect, now)) is not None:
            raise Stale("jiandaoyun.stale", object=self._form.name, id=write.id, field=name)
        body = self._form.payload(write.values or {}, row)
        return {wire: cell for wire, cell in body.items() if not _holds(row.get(wire), cell["value"])}

    def _named(self, name: str, now: Values) -> str:
        """The name under which the form of today holds that field."""
        column = self._form.widget(name)
        return name if name in now or column is None else column.name

    def _update_batch(self, group: Sequence[tuple[Place, dict[str, Any]]]) -> None:
        ids, body = [str(p.write.id) for p, _ in group], group[0][1]
        try:
            told = self._api.write(_DATA + "batch_update", **self._form.ids, data_ids=ids, data=body)
        except HubError as error:
            for p, _ in group:
                self._out[p.at] = error
            return
        done = told.get("success_count") == len(ids)
        form, rows = self._rows(ids)
        for p, _ in group:
            row = rows.get(str(p.write.id))
            if row is None:
                self._out[p.at] = Missing(
                    "jiandaoyun.missing", path=p.write.id, said="-", words="-", connection=form.name
                )
            elif done or all(_holds(row.get(wire), cell["value"]) for wire, cell in body.items()):
                self._out[p.at] = Written.of(form.record(row))
            else:
                self._out[p.at] = Rejected("jiandaoyun.left_out", object=form.name)

    def _single(self, p: Place, verb: str, body: Mapping[str, Any]) -> None:
        try:
            told = self._api.write(_DATA + verb, **self._form.ids, **body)
            row = told.get("data")
            if isinstance(row, dict) and row.get("_id"):
                self._out[p.at] = Written.of(self._form.record(row))
            elif p.write.id:
                self._out[p.at] = Written(p.write.id)
            else:
                self._out[p.at] = Unanswered("jiandaoyun.unsure", object=self._form.name, count=1)
        except HubError as error:
            self._out[p.at] = error

    # --------------------------------------------------------------------- deleting

    def _delete(self, part: Sequence[Place]) -> None:
        if len(part) == 1 or self._settings.start_trigger:
            more = {"is_start_trigger": True} if self._settings.start_trigger else {}
            for p in part:
                self._single(p, "delete", {"data_id": p.write.id, **more})
            return
        ids = [str(p.write.id) for p in part]
        told = self._api.write(_DATA + "batch_delete", **self._form.ids, data_ids=ids)
        left: Rows = {} if told.get("success_count") == len(ids) else self._rows(ids)[1]
        for p in part:
            kept = str(p.write.id) in left
            self._out[p.at] = (
                Rejected("jiandaoyun.left_out", object=self._form.name) if kept else Written(str(p.write.id))
            )


def _creates(write: Write) -> bool:
    return write.id is None


def _updates(write: Write) -> bool:
    return write.id is not None and write.values is not None


def _deletes(write: Write) -> bool:
    return write.id is not None and write.values is None


def _ids(told: Mapping[str, Any]) -> list[str]:
    return [str(i) for i in told.get("success_ids") or ()]


def _has_rows(body: Mapping[str, Any]) -> bool:
    return any(isinstance(c["value"], list) and c["value"] and isinstance(c["value"][0], dict) for c in body.values())


def _fitting(
    form: Form, values: Values, token: str, records: Mapping[str, Record], likely: str | None
) -> Record | None:
    """The record that these values became: by our token, else the one at its place if it agrees, else the only one
    that agrees."""
    name = form.token.name if form.token else ""
    if name and token:
        return next((r for r in records.values() if r.values.get(name) == token), None)
    agreeing = [r for r in records.values() if _agrees(r, values)]
    first = next((r for r in agreeing if r.id == likely), None)
    return first or (agreeing[0] if len(agreeing) == 1 else None)


def _agrees(record: Record, values: Values) -> bool:
    """Whether texts and numbers are as sent; people and dates may come back in another form."""
    plain = {n: v for n, v in values.items() if isinstance(v, str | int) and n in record.values and v != ""}
    return all(record.values[n] == v for n, v in plain.items() if record.values[n] is not None)


def _holds(now: Any, sent: Any) -> bool:
    """Whether a payload's value is already what would be sent."""
    empty: tuple[Any, ...] = (None, "", [])
    if sent in empty or now in empty:
        return sent in empty and now in empty
    if isinstance(now, dict) and isinstance(sent, dict) and set(sent) <= {"phone"}:
        return bool(now.get("phone") == sent["phone"])
    if isinstance(now, dict) and isinstance(sent, str):
        return sent in (now.get("username"), now.get("id"))
    return bool(now == sent)
