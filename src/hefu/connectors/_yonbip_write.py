"""Writing to YonBIP: customers in batches with an outcome for each, orders and collections one by one under a key.

A batch that half failed calls itself a success; what became of each record is told by number alone. Where a number is
told neither as done nor as refused, nobody knows, and the engine looks.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

from hefu.connectors._read_back import read_back
from hefu.connectors._yonbip_api import Api
from hefu.connectors._yonbip_errors import Refusal, Where, of_words
from hefu.connectors._yonbip_objects import COLLECTION, LINES, MERCHANT, ORDER, Col, Shape
from hefu.connectors._yonbip_orders import Orders
from hefu.connectors._yonbip_read import Reader
from hefu.connectors._yonbip_settings import YonbipSettings
from hefu.connectors._yonbip_values import written
from hefu.core.connector import Site
from hefu.core.errors import Denied, HubError, Missing, Rejected, Stale, Transient, Unanswered, Unsupported
from hefu.core.records import REMOVED, Record, Values, Write, Written

_INSERT = "/yonbip/digitalModel/merchant/idempotent/newinsert"
_SAVE = "/yonbip/digitalModel/batch/merchant/save"
_ORDER = "/yonbip/sd/voucherorder/singleSave"
_DELETE = "/yonbip/sd/voucherorder/delete"
_COLLECT = "/yonbip/EFI/collection/save"
_TOLD = re.compile(r"单据(.+?)：(.*)", re.DOTALL)

Outcome = str | HubError
"""The id of what was written, or why it was not."""


def key_of(*parts: object) -> str:
    """A key against resubmission: the same work has the same key, whoever asks."""
    return hashlib.sha256("\x1f".join(map(str, parts)).encode()).hexdigest()[:32]


class Writer:
    """Writes into one tenant."""

    def __init__(self, api: Api, site: Site, settings: YonbipSettings, reader: Reader) -> None:
        self._api, self._site, self._settings, self._reader = api, site, settings, reader
        self._orders = Orders(settings, reader.zone)
        self._codes: dict[str, str] = {}

    def write(self, shape: Shape, writes: Sequence[Write]) -> list[Written | HubError]:
        """One outcome a write, in order; what was written is told as it is now stored."""
        out: dict[int, Outcome] = {}
        ids = [w.id for w in writes if w.id is not None]
        rows = self._reader.rows(shape, ids) if ids else []
        now = {r.id: r for r in self._reader.records(shape, rows)}
        ready: list[int] = []
        for place, write in enumerate(writes):
            try:
                self._check(shape, write, now)
                ready.append(place)
            except HubError as error:
                out[place] = error
        if shape.name == MERCHANT:
            self._merchants(shape, writes, ready, now, out)
        else:

            def one(write: Write) -> str:
                if shape.name == COLLECTION:
                    return self._collection(shape, write)
                return self._order(shape, write, now.get(write.id or ""), rows)

            self._each(writes, [p for p in ready if writes[p].values is not None], one, out)
            self._delete([(p, writes[p].id or "") for p in ready if writes[p].values is None], out)
        return read_back(writes, out, partial(self._reader.fetch, shape))

    def _check(self, shape: Shape, write: Write, now: Mapping[str, Record]) -> None:
        """Raises what stands against a write before anything is sent."""
        values = write.values or {}
        lines = values.get(LINES) or () if shape.lines and shape.update else ()
        heads = [n for n in values if not (n == LINES and shape.lines and shape.update)]
        self._known(shape, shape.cols, [n for n in heads if n != shape.token or write.id is not None])
        self._known(shape, shape.lines, [n for line in lines for n in line if n not in (REMOVED, shape.line_key)])
        if write.id is None:
            return
        record = now.get(write.id)
        if record is None:
            raise Missing("yonbip.missing", **self._where(shape.path).facts(Refusal("-", write.id)))
        if not (shape.update if write.values is not None else shape.delete):
            raise Unsupported("yonbip.insert_only", object=shape.name)
        for name, value in (write.expect or {}).items():
            if not isinstance(value, list) and record.values.get(name) != value:
                raise Stale("yonbip.stale", object=shape.name, id=write.id, field=name)
        state = str(record.values.get(shape.state) or "")
        if shape.open_states and state not in shape.open_states:
            raise Rejected(
                "yonbip.locked",
                field=shape.state,
                name=shape.state,
                **self._where(shape.path).facts(Refusal("-", state)),
            )

    def _known(self, shape: Shape, cols: Sequence[Col], names: Sequence[str]) -> None:
        """Raises Unsupported for a name that is none, or that cannot be written."""
        able = {c.name: c.writable for c in cols} | {x.name: False for x in shape.links}
        for name in names:
            if not able.get(name):
                code = "yonbip.read_only" if name in able else "yonbip.not_mapped"
                raise Unsupported(code, object=shape.name, field=name)

    def _where(self, path: str) -> Where:
        return Where(self._site.connection, path, True)

    def _each(
        self, writes: Sequence[Write], places: Sequence[int], one: Callable[[Write], str], out: dict[int, Outcome]
    ) -> None:
        """One by one; what concerns all ends it, for the others were surely not sent."""
        ended: HubError | None = None
        for place in places:
            if ended is not None:
                out[place] = ended
                continue
            try:
                out[place] = one(writes[place])
            except HubError as error:
                out[place] = error
                if isinstance(error, Denied | Transient):
                    ended = error

    # ------------------------------------------------------------------- customers

    def _merchants(
        self,
        shape: Shape,
        writes: Sequence[Write],
        places: Sequence[int],
        now: Mapping[str, Record],
        out: dict[int, Outcome],
    ) -> None:
        batch: list[tuple[int, dict[str, Any]]] = []
        single: list[int] = []
        for place in places:
            write = writes[place]
            try:
                if write.id is None and not (write.values or {}).get("code"):
                    single.append(place)
                else:
                    batch.append((place, self._row(shape, write, now.get(write.id or ""))))
            except HubError as error:
                out[place] = error
        for start in range(0, len(batch), self._settings.batch):
            self._batch(batch[start : start + self._settings.batch], out)
        self._each(writes, single, lambda write: self._numbered(shape, write), out)
        self._recover(shape, writes, out)

    def _customer(self, shape: Shape, values: Values, *, name: str) -> dict[str, Any]:
        """Values as a save takes them; contact and address are rows of their own."""
        made = {}
        for field, value in values.items():
            col = shape.col(field)
            if col is not None:
                made[field] = written(col, value, self._reader.zone)
        if "name" in made:
            if not made["name"]:
                raise Rejected(
                    "yonbip.required", field="name", name="name", **self._where(_SAVE).facts(Refusal("-", "name"))
                )
            made["name"] = {name: made["name"]}
        contact = {n: made.pop(n) for n in ("contactName", "contactTel") if n in made}
        if contact:
            row = {"fullName": {"simplifiedName": contact.get("contactName")}, "mobile": contact.get("contactTel")}
            made["merchantContactInfos"] = [{**row, "isDefault": True}]
        if "address" in made:
            made["merchantAddressInfos"] = [{"addressCode": "A1", "address": made.pop("address"), "isDefault": True}]
        return made

    def _row(self, shape: Shape, write: Write, record: Record | None) -> dict[str, Any]:
        """One row of a batch save."""
        values = dict(write.values or {})
        if record is None:
            values = {**self._given(MERCHANT), **values}
        elif {"contactName", "contactTel"} & set(values):  # the row of the contact is sent whole
            held = {n: record.values[n] for n in ("contactName", "contactTel") if n in record.values}
            values = {**held, **values}
        row = self._customer(shape, values, name="zh_CN")
        row = {self._settings.batch_names.get(name, name): value for name, value in row.items()}
        if record is None:
            return {"_status": "Insert", **row}
        return {"_status": "Update", "id": record.id, "code": record.values.get("code"), **row}

    def _given(self, obj: str) -> dict[str, Any]:
        """What the settings give a new record."""
        made = {n: v for n, v in self._settings.defaults.get(obj, {}).items() if n != "lines"}
        owner = self._settings.organisation or str(self._site.facts.get("organisation") or "")
        if owner and obj == MERCHANT:
            return {"createOrgCode": owner, "merchantApplyRanges": [{"orgIdCode": owner}], **made}
        if owner and obj == COLLECTION:
            return {"financeOrgCode": owner, "orgCode": owner, **made}
        return made

    def _numbered(self, shape: Shape, write: Write) -> str:
        """A customer whose number the tenant gives: nothing but the key finds it again."""
        data = self._customer(shape, {**self._given(MERCHANT), **(write.values or {})}, name="simplifiedName")
        extra = {n: v for n, v in self._given(MERCHANT).items() if shape.col(n) is None}
        key = key_of(self._site.connection, MERCHANT, write.token or sorted(data.items(), key=str))
        return self._id(self._api.once(_INSERT, {**extra, **data}, key), _INSERT)

    def _batch(self, rows: Sequence[tuple[int, dict[str, Any]]], out: dict[int, Outcome]) -> None:
        extra = {n: v for n, v in self._given(MERCHANT).items() if n not in {c for _, r in rows for c in r}}
        extra = {self._settings.batch_names.get(n, n): v for n, v in extra.items()}
        sent = [{**extra, **row} if row["_status"] == "Insert" else row for _, row in rows]
        try:
            told = self._api.write(_SAVE, sent)
        except HubError as error:
            out.update((place, error) for place, _ in rows)
            return
        done, refused = self._of_batch(told, _SAVE)
        for place, row in rows:
            code = str(row.get("code"))
            out[place] = done.get(code) or refused.get(code) or refused.get(str(row.get("id"))) or self._untold(_SAVE)

    def _of_batch(self, told: Any, path: str) -> tuple[dict[str, str], dict[str, HubError]]:
        """(number -> id of those that were done, number -> why not of the others)."""
        given: Mapping[str, Any] = told if isinstance(told, Mapping) else {}
        infos = [x for x in given.get("infos") or () if isinstance(x, Mapping)]
        done = {str(x.get("code")): str(x["id"]) for x in infos if x.get("id") not in (None, "")}
        refused: dict[str, HubError] = {}
        for message in given.get("messages") or ():
            found = _TOLD.match(str(message))
            if found:
                refused[found[1]] = of_words(Refusal("999", found[2]), self._where(path))
        return done, refused

    def _untold(self, path: str) -> HubError:
        return Unanswered("yonbip.untold", connection=self._site.connection, path=path)

    def _recover(self, shape: Shape, writes: Sequence[Write], out: dict[int, Outcome]) -> None:
        """A number that is taken may be taken by ourselves, in a call whose answer was lost: then it is done."""
        for place, error in list(out.items()):
            write = writes[place]
            if write.id is not None or not isinstance(error, Rejected) or error.code != "yonbip.taken":
                continue
            code = (write.values or {}).get("code")
            try:
                found = (self._reader.search(shape, {"code": code}) or []) if code else []
            except HubError:
                continue  # it stays refused; a person sees both
            if len(found) == 1 and all(found[0].values.get(n) == v for n, v in (write.values or {}).items()):
                out[place] = found[0].id

    # --------------------------------------------------------- orders and collections

    def _order(self, shape: Shape, write: Write, record: Record | None, rows: Sequence[Mapping[str, Any]]) -> str:
        owner = write.organisation or self._settings.organisation or str(self._site.facts.get("organisation") or "")
        if record is None:
            data = self._orders.new(shape, write, owner)
            found = data.get("code") or data.get(shape.token)
            key = key_of(self._site.connection, ORDER, write.token, data if found or not write.token else "")
        else:
            ids = {}
            if (write.values or {}).get("lines"):
                mine = [row for row in rows if str(row.get("id")) == record.id]
                ids = self._reader.line_ids(mine, record.id, shape.line_key)
            data = self._orders.change(shape, write, record, ids, owner)
            key = key_of(
                self._site.connection, record.id, record.modified_at, sorted(record.values.items(), key=str), data
            )
        return self._id(self._api.once(_ORDER, data, key), _ORDER)

    def _collection(self, shape: Shape, write: Write) -> str:
        values = {**self._given(COLLECTION), **(write.values or {})}
        token = str(values.pop(shape.token, "") or write.token)
        amount, order = values.pop("oriTaxIncludedAmount", None), values.pop("orderNo", None)
        customer = self._customer_code(values.pop("customer", None))
        cols = {name: shape.col(name) for name in values}
        head = {n: written(c, values[n], self._reader.zone) if c is not None else values[n] for n, c in cols.items()}
        if amount is None or head.get("billDate") is None:
            raise Rejected("yonbip.no_price", field="oriTaxIncludedAmount", name="oriTaxIncludedAmount, billDate")
        money = {"oriCurrencyCode": "CNY", "exchangeRate": 1, "exchangeRateDate": head["billDate"]}
        who = {"objectType": "1", "customerCode": customer}
        line = {
            "_status": "Insert",
            **who,
            **money,
            "quickTypeCode": "6",
            "oriTaxIncludedAmount": amount,
            "extRowNo": "1",
        }
        line |= {n: head[n] for n in ("orgCode", "oriCurrencyCode", "exchangeRate", "quickTypeCode") if n in head}
        line |= {"orderNo": order} if order else {}
        head.pop("quickTypeCode", None)
        data: dict[str, Any] = {"_status": "Insert", **who, **money, **head, "bodyItem": [line]}
        data |= {"extSystemCode": self._settings.system_code, "extVouchCode": token} if token else {}
        key = key_of(self._site.connection, COLLECTION, token or data)
        try:
            return self._id(self._api.once(_COLLECT, data, key), _COLLECT)
        except Rejected as error:
            mine = (self._reader.search(shape, {shape.token: token}) or []) if token else []
            if error.code != "yonbip.taken" or len(mine) != 1:
                raise
            return mine[0].id  # it is there already, under our own number: an answer was lost before

    def _customer_code(self, record_id: Any) -> str:
        """A collection names its customer by number only."""
        wanted = str(record_id or "")
        if wanted not in self._codes:
            found = self._reader.fetch(self._reader.shape(MERCHANT), [wanted])
            if not found:
                raise Rejected("yonbip.bad_reference", field="customer", object=MERCHANT, id=wanted or "-")
            self._codes[wanted] = str(found[0].values["code"])
        return self._codes[wanted]

    def _id(self, told: Any, path: str) -> str:
        first = told[0] if isinstance(told, list) and told else told
        made = first.get("id") if isinstance(first, Mapping) else None
        if made in (None, ""):
            raise self._untold(path)
        return str(made)

    def _delete(self, doomed: Sequence[tuple[int, str]], out: dict[int, Outcome]) -> None:
        if not doomed:
            return
        try:
            told = self._api.write(_DELETE, {"id": [record_id for _, record_id in doomed]})
        except HubError as error:
            out.update((place, error) for place, _ in doomed)
            return
        done, refused = self._of_batch(told, _DELETE)
        gone = set(done.values())
        for place, record_id in doomed:
            out[place] = record_id if record_id in gone else refused.get(record_id) or self._untold(_DELETE)
