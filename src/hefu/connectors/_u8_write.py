"""Writing to U8, by the relay one record a call or by the EAI door many a message; and the steps of its bills.

U8 fills in amounts of neither door: what follows from quantity, price and rate is worked out here.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from functools import partial
from typing import Any

from hefu.connectors._expected import moved
from hefu.connectors._line_money import LineMoney, money_of
from hefu.connectors._read_back import read_back
from hefu.connectors._u8_eai import Eai
from hefu.connectors._u8_entities import ACCEPT, CUSTOMER, ENTRY, LINES, ORDER, Col, Entity
from hefu.connectors._u8_read import Reader
from hefu.connectors._u8_relay import Relay
from hefu.connectors._u8_settings import U8Settings
from hefu.core.connector import Site
from hefu.core.errors import Denied, HubError, Missing, Rejected, Stale, Transient, Unanswered, Unsupported
from hefu.core.records import FieldType, Record, Values, Write, Written

T = FieldType
_TAKES: Mapping[FieldType, tuple[type, ...]] = {
    T.DECIMAL: (Decimal, int),
    T.MONEY: (Decimal, int),
    T.DATE: (date,),
    T.INSTANT: (datetime,),
    T.BOOLEAN: (bool,),
}
_WANTED = {"verify": ("Approved",), "unverify": ("Opening",), "close": ("Closed",), "open": ("Approved",)}

Outcome = str | HubError


class Writer:
    """Writes into one company's U8."""

    def __init__(self, relay: Relay, eai: Eai | None, site: Site, settings: U8Settings, reader: Reader) -> None:
        self._relay, self._eai, self._site, self._settings, self._reader = relay, eai, site, settings, reader

    def write(self, entity: Entity, writes: Sequence[Write]) -> list[Written | HubError]:
        """One outcome a write, in order; what was written is told as it is now stored."""
        out: dict[int, Outcome] = {}
        ids = [w.id for w in writes if w.id is not None]
        now = {r.id: r for r in self._reader.fetch(entity, ids)} if ids else {}
        adds: list[tuple[int, dict[str, Any]]] = []
        edits: list[tuple[int, dict[str, Any]]] = []
        deletes: list[tuple[int, dict[str, Any]]] = []
        for place, write in enumerate(writes):
            try:
                self._check(entity, write, now)
                if write.id is None:
                    adds.append((place, self._new(entity, write)))
                elif write.values is None:
                    deletes.append((place, {entity.key: write.id}))
                else:
                    edits.append((place, {entity.key: write.id, **self._packed(entity.cols, write.values)}))
            except HubError as error:
                out[place] = error
        for verb, some in (("add", adds), ("edit", edits), ("delete", deletes)):
            if self._eai is not None and (verb == "delete" or self._settings.writes == "eai"):
                self._message(self._eai, entity, verb, some, out)
            else:
                self._calls(entity, verb, some, writes, out)
        self._recover(entity, writes, out)
        return read_back(writes, out, partial(self._reader.fetch, entity))

    def _check(self, entity: Entity, write: Write, now: Mapping[str, Record]) -> None:
        """Raises what stands against a write before anything is sent."""
        values = write.values or {}
        creates = write.id is None
        heads = [n for n in values if not (creates and n in (LINES if entity.lines else "", entity.token))]
        _known(entity, entity.cols, heads)
        _known(entity, entity.lines, [n for line in (values.get(LINES) or () if creates else ()) for n in line])
        if write.id is None:
            return
        record = now.get(write.id)
        if record is None:
            raise Missing("u8.missing", connection=self._site.connection, path=entity.name, said="-", words=write.id)
        if not (entity.edits if write.values is not None else entity.deletes):
            raise Unsupported("u8.no_change", object=entity.name)
        name = moved(write.expect, record.values)
        if name is not None:
            raise Stale("u8.stale", object=entity.name, id=write.id, field=name)

    # -------------------------------------------------------------------- the two ways

    def _calls(
        self,
        entity: Entity,
        verb: str,
        some: Sequence[tuple[int, dict[str, Any]]],
        writes: Sequence[Write],
        out: dict[int, Outcome],
    ) -> None:
        """One by one; what concerns all ends it, for the others were surely not sent."""
        ended: HubError | None = None
        for place, body in some:
            if ended is not None:
                out[place] = ended
                continue
            try:
                own = self._own(entity, writes[place], body) if verb == "add" else ""
                told = self._relay.write(entity.name, verb, body, own)
                out[place] = str(body.get(entity.key) or told.get("id") or "") or Unanswered(
                    "u8.untold", connection=self._site.connection, path=f"{entity.name}/{verb}"
                )
            except HubError as error:
                out[place] = error
                if isinstance(error, Denied | Transient):
                    ended = error

    def _own(self, entity: Entity, write: Write, body: Mapping[str, Any]) -> str:
        """Our own number for a new record: posted twice, it is one record."""
        parts = (self._site.connection, entity.name, write.token or sorted(body.items(), key=str))
        return hashlib.sha256("\x1f".join(map(str, parts)).encode()).hexdigest()[:32]

    def _message(
        self, eai: Eai, entity: Entity, verb: str, some: Sequence[tuple[int, dict[str, Any]]], out: dict[int, Outcome]
    ) -> None:
        for start in range(0, len(some), self._settings.batch):
            part = some[start : start + self._settings.batch]
            try:
                told = eai.send(entity.name, verb, entity.key, [body for _, body in part])
            except HubError as error:
                out.update((place, error) for place, _ in part)
                if isinstance(error, Denied | Transient):
                    out.update((place, error) for place, _ in some[start + len(part) :])
                    return
                continue
            out.update((place, outcome) for (place, _), outcome in zip(part, told, strict=True))

    def _recover(self, entity: Entity, writes: Sequence[Write], out: dict[int, Outcome]) -> None:
        """A number that is taken may be taken by ourselves, in a call whose answer was lost: then it is done."""
        for place, error in list(out.items()):
            write = writes[place]
            number = (write.values or {}).get(entity.key)
            if write.id is not None or not number or not isinstance(error, Rejected) or error.code != "u8.taken":
                continue
            try:
                found = self._reader.fetch(entity, [str(number)])
            except HubError:
                continue  # it stays refused; a person sees both
            values = {n: v for n, v in (write.values or {}).items() if n != entity.token}
            if len(found) == 1 and _same(found[0], values):
                out[place] = found[0].id

    # --------------------------------------------------------------------- bodies

    def _new(self, entity: Entity, write: Write) -> dict[str, Any]:
        given = self._settings.defaults.get(entity.name, {})
        values = {**{n: v for n, v in given.items() if n != LINES}, **(write.values or {})}
        token = (values.pop(entity.token, None) or write.token) if entity.token else ""
        lines = values.pop(LINES, None) or []
        given = {n: v for n, v in self._packed(entity.cols, values).items() if v != ""}
        body = {**self._usual(entity, values), **given}
        body |= {entity.token: token} if token else {}
        if entity.lines:
            body[ENTRY] = [self._line(entity, n, line, values) for n, line in enumerate(lines, 1)]
        if entity.name == ACCEPT:
            money = {n: body[n] for n in ("customercode", "amount", "originalamount") if n in body}
            body[ENTRY] = [{"type": "0", **money}]
        return body

    def _usual(self, entity: Entity, values: Values) -> dict[str, Any]:
        """What U8 wants of every new record and nearly always holds the same."""
        today = self._site.now().astimezone(self._site.zone).date().isoformat()
        if entity.name == CUSTOMER:
            return {
                "abbrname": str(values.get("name") or "")[:30],
                "seed_date": today,
                "ccusexch_name": "人民币",
                "ccusmngtypecode": "999",
            }
        if entity.name == ORDER:
            return {"businesstype": "普通销售", "currency": "人民币", "currencyrate": "1"}
        if entity.name == ACCEPT:
            amount = values.get("amount")
            return {"vouchtype": "48", "originalamount": _written(Col("amount", T.MONEY), amount)}
        return {}

    def _line(self, entity: Entity, n: int, line: Values, head: Values) -> dict[str, Any]:
        given = self._settings.defaults.get(entity.name, {}).get(LINES, {})
        values = {"rowno": str(n), **given, **line}
        row = self._packed(entity.lines, values)
        if entity.name != ORDER:
            return row
        money = self._money(values, head)
        exchange = Decimal(str(head.get("currencyrate") or 1))
        own = money.by(exchange)
        made = {"quantity": money.qty, "taxunitprice": money.price, "unitprice": money.bare, "taxrate": money.rate,
                "sum": money.whole, "tax": money.tax, "money": money.whole - money.tax,
                "natunitprice": own.bare, "natsum": own.whole, "nattax": own.tax,
                "natmoney": own.whole - own.tax}  # fmt: skip
        return {**row, **{name: _plain(amount) for name, amount in made.items()}}

    def _money(self, values: Values, head: Values) -> LineMoney:
        rate = values.get("taxrate")
        rate = head.get("taxrate") if rate is None else rate
        made = money_of(
            values.get("quantity"),
            Decimal(13) if rate is None else Decimal(rate),
            values.get("taxunitprice"),
            values.get("unitprice"),
            values.get("sum"),
        )
        if isinstance(made, str):
            raise Rejected("u8.no_price", field=LINES, name="quantity" if made == "qty" else "taxunitprice")
        return made

    def _packed(self, cols: Sequence[Col], values: Values) -> dict[str, Any]:
        """Values as either door takes them: texts. What is no field of ours is sent as the settings give it."""
        known = {c.name: c for c in cols}
        return {n: _written(known[n], v) if n in known else v for n, v in values.items()}

    # ----------------------------------------------------------------------- steps

    def step(self, entity: Entity, action: str, record_id: str) -> Record:
        """Take a step and tell the record as it then is. Raises Rejected where its state does not allow it."""
        legal = entity.steps.get(action)
        if legal is None:
            known = ", ".join(entity.steps) or "-"
            raise Unsupported("u8.no_action", object=entity.name, action=action, known=known)
        state = str(self._have(entity, record_id).values.get("state") or "-")
        if state not in legal:
            facts = {"object": entity.name, "action": action, "state": state, "legal": ", ".join(legal)}
            raise Rejected("u8.illegal_step", field="state", **facts)
        error: HubError | None = None
        try:
            self._relay.write(entity.name, action, {entity.key: record_id})
        except (Unanswered, Rejected) as told:
            error = told
        now = self._have(entity, record_id)
        state = str(now.values.get("state") or "-")
        if state in _WANTED[action]:
            return now
        raise error or Rejected("u8.not_moved", field="state", object=entity.name, action=action, state=state)

    def _have(self, entity: Entity, record_id: str) -> Record:
        found = self._reader.fetch(entity, [record_id])
        if not found:
            raise Missing("u8.missing", connection=self._site.connection, path=entity.name, said="-", words=record_id)
        return found[0]


def _known(entity: Entity, cols: Sequence[Col], names: Sequence[str]) -> None:
    able = {c.name: c.writable for c in cols} | {x.name: False for x in entity.links}
    for name in names:
        if not able.get(name):
            raise Unsupported("u8.read_only" if name in able else "u8.not_mapped", object=entity.name, field=name)


def _written(col: Col, value: Any) -> str:
    if value is None:
        return ""
    takes = _TAKES.get(col.kind, (str,))
    if not isinstance(value, takes) or (isinstance(value, bool) and col.kind is not T.BOOLEAN):
        raise Rejected("u8.wrong_type", field=col.name, name=col.name, value=str(value)[:60], type=col.kind.value)
    if isinstance(value, bool):
        return "1" if value else "0"
    if isinstance(value, date):
        return value.isoformat()[:10]
    return _plain(Decimal(value)) if isinstance(value, Decimal | int) else str(value)


def _plain(number: Decimal) -> str:
    return format(number, "f")


def _same(record: Record, values: Values) -> bool:
    """Whether a record holds what we wanted to create."""
    plain = all(record.values.get(n) == v for n, v in values.items() if not isinstance(v, list) and v is not None)
    return plain and all(len(record.values.get(n) or ()) == len(v) for n, v in values.items() if isinstance(v, list))
