"""Writing: one record by a call of its own, many by $batch with a changeset each, and each one's outcome."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple
from urllib.parse import quote

from hefu.connectors._read_back import one_read_back, read_back
from hefu.connectors._sap_batch import Op, pack, pack_json, unpack, unpack_json
from hefu.connectors._sap_bound import Bound
from hefu.connectors._sap_edm import Operation
from hefu.connectors._sap_errors import Call, error_of, garbled, parsed
from hefu.connectors._sap_line import JSON, Line, packed
from hefu.connectors._sap_plan import at_record, changes, etag_of, fresh
from hefu.connectors._sap_read import Reader
from hefu.connectors._sap_tree import Row, divided, record_id
from hefu.connectors._sap_values import body as json_of
from hefu.connectors._sap_values import literal, read
from hefu.core.connector import Answer, Site
from hefu.core.errors import HubError, Missing, Rejected, Stale, Transient, Unanswered, Unsupported
from hefu.core.records import Values, Write, Written


class Ready(NamedTuple):
    """A write that can go out: its place, its calls, and the record's id (None: SAP will give one)."""

    place: int
    ops: Sequence[Op]
    record: str | None


class Writer:
    """Writes of one line. Keeps no state."""

    def __init__(self, line: Line, reader: Reader, site: Site) -> None:
        self._line, self._reader, self._site = line, reader, site

    def write(self, bound: Bound, writes: Sequence[Write]) -> list[Written | HubError]:
        """One outcome per write. Raises what concerns the whole call."""
        if len(writes) > bound.schema.abilities.batch:
            raise Unsupported("sap.batch", object=bound.name, most=bound.schema.abilities.batch, got=len(writes))
        outcomes: dict[int, str | HubError] = {}
        now = self._now(bound, writes)
        ready: list[Ready] = []
        for place, write in enumerate(writes):
            try:
                ready.append(Ready(place, self._ops(bound, write, now), write.id))
            except HubError as error:
                outcomes[place] = error
        for one in [r for r in ready if not r.ops]:  # nothing of it is for SAP
            outcomes[one.place] = one.record or ""
        outcomes |= self._sent(bound, [r for r in ready if r.ops])
        return read_back(writes, outcomes, lambda ids: map(bound.record, self._reader.fetch(bound, ids)))

    # ----------------------------------------------------------------- what to send

    def _now(self, bound: Bound, writes: Sequence[Write]) -> dict[str, Row]:
        """Records whose lines or rows change, as they are now: the calls depend on what is there."""
        ids = [w.id for w in writes if w.id is not None and w.values and divided(bound.node, w.values)[1]]
        if not ids:
            return {}
        return {record_id(bound.node.kind, row, bound.dialect): row for row in self._reader.fetch(bound, ids)}

    def _ops(self, bound: Bound, write: Write, now: Mapping[str, Row]) -> list[Op]:
        if write.id is None:
            self._able(bound, bound.home.creatable, "create")
            return [Op("POST", bound.home.name, self._body(bound, write))]
        path = at_record(bound.node, write.id, bound.dialect)
        if path is None:
            raise Missing("sap.missing", path=f"{bound.name} {write.id}", connection=self._site.connection)
        etag = (write.version or "*") if bound.home.guarded or write.version else None
        if write.values is None:
            self._able(bound, bound.home.deletable, "delete")
            return [Op("DELETE", path, None, etag)]
        self._able(bound, bound.home.updatable, "update")
        values = self._entokened(bound, dict(write.values))
        row = None
        if divided(bound.node, values)[1]:
            row = now.get(write.id)
            if row is None:
                raise Missing("sap.missing", path=path, connection=self._site.connection)
            if write.version is not None and etag_of(row) != write.version:
                raise Stale("sap.stale", connection=self._site.connection, path=path)
        verb = "PATCH" if bound.dialect.v4 else bound.settings.patch
        return changes(bound.node, values, path, row, etag, bound.dialect, verb)

    def _body(self, bound: Bound, write: Write) -> dict[str, Any]:
        values = dict(write.values or {})
        if bound.token:
            values[bound.token] = values.get(bound.token) or write.token or None
        body = fresh(bound.node, self._entokened(bound, values), bound.dialect)
        return {**bound.settings.defaults.get(bound.name, {}), **body}

    def _entokened(self, bound: Bound, values: dict[str, Any]) -> dict[str, Any]:
        told = values.get(bound.token) if bound.token else None
        return {**values, bound.token: bound.entoken(str(told))} if told else values

    def _able(self, bound: Bound, allowed: bool, verb: str) -> None:
        if not allowed:
            raise Unsupported("sap.not_able", object=bound.name, verb=verb)

    # -------------------------------------------------------------------- sending

    def _sent(self, bound: Bound, ready: Sequence[Ready]) -> dict[int, str | HubError]:
        if len(ready) == 1 and len(ready[0].ops) == 1:
            one = ready[0]
            return {one.place: self._alone(bound, one)}
        return self._together(bound, ready) if ready else {}

    def _alone(self, bound: Bound, one: Ready) -> str | HubError:
        op = one.ops[0]
        call = Call(self._site.connection, f"{op.method} {op.path}", True, one.record is not None)
        headers = op.headers(_accept(bound))
        method = op.method
        if method == "MERGE":  # few proxies let that method through; Gateway takes it in a header
            method, headers["X-HTTP-Method"] = "POST", "MERGE"
        body = None if op.body is None else packed(op.body)
        try:
            answer = self._line.send(method, bound.service, op.path, call, headers=headers, body=body)
            return one.record or self._made(bound, answer, call)
        except (Rejected, Stale, Missing, Unanswered, Unsupported) as error:
            return error

    def _together(self, bound: Bound, ready: Sequence[Ready]) -> dict[int, str | HubError]:
        """All in one $batch; each changeset is whole or not at all."""
        changes_ = [one.ops for one in ready]
        call = Call(self._site.connection, "POST $batch", True)
        json = bound.dialect.v4 and bound.settings.batch_format == "json"
        sent = pack_json(changes_, _accept(bound)) if json else pack(changes_, _accept(bound))
        headers = {"Content-Type": sent.kind, "Accept": "application/json" if json else "multipart/mixed"}
        if bound.dialect.v4:
            headers["Prefer"] = "odata.continue-on-error"  # else V4 stops at the first record that is refused
        answer = self._line.send("POST", bound.service, "$batch", call, headers=headers, body=sent.body)
        told = unpack_json(parsed(answer), changes_) if json else unpack(answer, changes_)
        out: dict[int, str | HubError] = {}
        for one, single in zip(ready, told.answers, strict=True):
            out[one.place] = self._judged(bound, one, single, answer, told.whole)
        return out

    def _judged(self, bound: Bound, one: Ready, single: Answer | None, outer: Answer, whole: bool) -> str | HubError:
        op = one.ops[0]
        call = Call(self._site.connection, f"{op.method} {op.path}", True, one.record is not None)
        if single is None:
            if whole:  # the batch ended as it should: what has no answer was not tried
                return Transient("sap.batch_stopped", connection=self._site.connection, path=call.path)
            return garbled(outer, call)
        if single.status >= 300:
            return error_of(single, call)
        try:
            return one.record or self._made(bound, single, call)
        except HubError as error:
            return error

    def _made(self, bound: Bound, answer: Answer, call: Call) -> str:
        """The id of a new record."""
        data = parsed(answer)
        row = data.get("d", data) if isinstance(data, dict) else None
        if not isinstance(row, dict) or not all(row.get(k) is not None for k in bound.home.kind.keys):
            raise garbled(answer, call)
        return record_id(bound.home.kind, row, bound.dialect)

    # ----------------------------------------------------------------------- steps

    def step(self, bound: Bound, action: str, record: str, args: Values) -> Written:
        """A status step. Raises Rejected where the state does not allow it."""
        abilities = bound.schema.abilities
        operation = bound.model.operations.get(action)
        if action not in abilities.actions or operation is None:
            known = ", ".join(abilities.actions) or "-"
            raise Unsupported("sap.no_action", object=bound.name, action=action, known=known)
        row = next(iter(self._reader.fetch(bound, [record])), None)
        if row is None:
            raise Missing("sap.missing", path=f"{bound.name} {record}", connection=self._site.connection)
        state, legal = str(row.get(bound.schema.state or "") or ""), abilities.actions[action]
        if state not in legal and "*" not in legal:
            raise Rejected(
                "sap.illegal_step", field=bound.schema.state, action=action, state=state or "-", legal=", ".join(legal)
            )
        path, body = self._operation(bound, operation, row, args)
        call = Call(self._site.connection, f"POST {action}", True)
        etag = etag_of(row)
        headers = {"Accept": _accept(bound), **({"If-Match": etag} if etag else {})}
        headers |= {"Content-Type": _accept(bound)} if body is not None else {}
        self._line.send("POST", bound.service, path, call, headers=headers, body=body)
        return one_read_back(record, lambda ids: map(bound.record, self._reader.fetch(bound, ids)))

    def _operation(self, bound: Bound, operation: Operation, row: Row, args: Values) -> tuple[str, bytes | None]:
        """(path, body) of a call: V2 has its parameters in the address, V4 in the body."""
        unknown = [n for n in args if n not in operation.params]
        if unknown:
            known = ", ".join(operation.params) or "-"
            raise Unsupported("sap.unknown_argument", action=operation.name, name=unknown[0], known=known)
        if bound.dialect.v4:
            path = at_record(bound.node, record_id(bound.node.kind, row, bound.dialect), bound.dialect)
            given = {n: json_of(operation.params[n], v, bound.dialect) for n, v in args.items()}
            return f"{path}/{operation.qualified}", packed(given)
        kind, told = bound.node.kind, dict[str, str]()
        for name, param in operation.params.items():
            if name in args:
                told[name] = literal(param, args[name], bound.dialect)
            elif name in kind.keys:
                told[name] = literal(param, read(kind.props[name], row.get(name), bound.dialect), bound.dialect)
        query = "&".join(f"{name}={quote(value, safe='')}" for name, value in told.items())
        return f"{operation.name}?{query}" if query else operation.name, None


def _accept(bound: Bound) -> str:
    return JSON if bound.dialect.v4 else "application/json"
