"""BottleCRM (the PyPI package django-crm): accounts, contacts, deals with line items, products.

It has no changed-since and no locking. Changes come from the feed of its newest 50 activities, or by reading
everything where that does not reach back far enough; every write looks before and after, so that what a colleague
typed in between is not lost without a word.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from pydantic import SecretStr

from hefu.connectors._bottlecrm_api import Api
from hefu.connectors._bottlecrm_shapes import SHAPES, Shape, packed, packed_line, unpacked, with_custom
from hefu.core.connector import Connector, Settings, Site, setting
from hefu.core.env import stamp
from hefu.core.errors import Denied, HubError, Missing, Rejected, Stale, Transient, Unanswered, Unsupported
from hefu.core.records import REMOVED, Abilities, ObjectSchema, Page, Record, Values, Write, Written

FEED = 50
"""Most activities that the feed tells; there is no second page."""

_EVENTS = {"account": "accounts", "contact": "contacts", "deal": "opportunities"}
_OLDEST = timedelta(minutes=5)


class BottleCRMSettings(Settings):
    """Where it is, and who we are."""

    url: str = setting(
        ..., "Address: https://crm.example.com", "地址：https://crm.example.com", pattern=r"^https?://[^?#]+$"
    )
    token: SecretStr = setting(..., "Personal access token of a user of the hub's own", "集成用户的个人访问令牌")
    token_field: str = setting(
        "",
        "Key of a custom text field in which the hub leaves its own id; empty: names are unique there",
        "用于保存本系统编号的自定义文本字段；为空时依靠名称唯一",
    )
    webhook_secret: SecretStr = setting(
        SecretStr(""),
        "Secret of the webhook that points at the hub, as shown once when it was made",
        "指向本系统的 Webhook 密钥（创建时仅显示一次）",
    )
    page: int = setting(100, "Records in one read", "每次读取的记录数", ge=2, le=1000)


class BottleCRM(Connector):
    """A line to one organisation."""

    name = "bottlecrm"
    settings_type = BottleCRMSettings

    def __init__(self, settings: Settings, site: Site) -> None:
        super().__init__(settings, site)
        self.api = Api(site, self.settings.url, self.settings.token.get_secret_value())
        self._shapes: dict[str, Shape] = {}

    # -------------------------------------------------------------------- looking

    def check(self) -> None:
        """Reads who we are."""
        try:
            self.api.get("/api/profile/")
        except Missing as error:
            raise Unsupported("bottlecrm.no_api", connection=self.site.connection, url=self.settings.url) from error

    def discover(self) -> Sequence[ObjectSchema]:
        """The four objects with the organisation's own fields."""
        definitions = self.api.get("/api/custom-fields/").get("definitions", [])
        self._shapes = {name: with_custom(shape, definitions) for name, shape in SHAPES.items()}
        return [self._schema(shape) for shape in self._shapes.values()]

    def _schema(self, shape: Shape) -> ObjectSchema:
        token = self._token(shape)
        abilities = Abilities(
            create="token" if token else "key",
            update=True,
            delete=True,
            changes="cursor" if shape.feed else "full",
            conditional="values",
            page=self.settings.page,
            lines="keyed" if shape.lines else "none",
            returns=True,
            token_field=token or None,
        )
        return ObjectSchema(shape.name, shape.fields, shape.label, shape.key, abilities)

    def _token(self, shape: Shape) -> str:
        name = f"cf_{self.settings.token_field}"
        return name if self.settings.token_field and shape.field(name) else ""

    def _shape(self, obj: str) -> Shape:
        if obj not in SHAPES:
            known = ", ".join(SHAPES)
            raise Unsupported("bottlecrm.unknown_object", connection=self.site.connection, object=obj, known=known)
        if not self._shapes:
            self.discover()
        return self._shapes[obj]

    def read(self, obj: str, since: str | None = None) -> Iterator[Page]:
        """Everything, or what the activity feed tells of; where it does not reach back to `since`, everything."""
        return self._pages(obj, _parsed(since))

    def _pages(self, obj: str, since: datetime | None) -> Iterator[Page]:
        shape = self._shape(obj)
        if since is None or not shape.feed:
            yield from self._everything(shape, None)
            return
        feed, at = self.api.timed("/api/activities/", limit=FEED, entity_type=shape.feed)
        start = since - self.site.lateness
        news = [a for a in feed["activities"] if datetime.fromisoformat(a["timestamp"]) >= start]
        if len(news) == FEED:
            yield from self._everything(shape, max(at, since))
        else:
            yield from self._news(shape, news, since, max(at, since))

    def _news(self, shape: Shape, news: Sequence[Mapping[str, Any]], since: datetime, at: datetime) -> Iterator[Page]:
        """The records of these activities (newest first) as they are now, in the order of their last change."""
        latest = {a["entity_id"]: a for a in reversed(news)}
        order = sorted(latest.values(), key=lambda a: str(a["timestamp"]))
        size = self.settings.page
        for start in range(0, len(order) or 1, size):
            part, records, gone = order[start : start + size], list[Record](), list[str]()
            for activity in part:
                found = None if activity["action"] == "DELETE" else self._get(shape, activity["entity_id"])
                if found is None:
                    gone.append(activity["entity_id"])
                else:
                    records.append(_told_by(found, activity))
            last = start + size >= len(order)
            yield Page(records, _text(at if last else since), gone)

    def _everything(self, shape: Shape, at: datetime | None) -> Iterator[Page]:
        seen: set[str] = set()
        for words, only in shape.lists:
            for rows, clock in self._list(shape, words, only, seen):
                at = at or clock
                yield Page([_record(shape, row) for row in rows], None)
        yield Page([], _text(at) if shape.feed and at else None)

    def _list(
        self, shape: Shape, words: Sequence[str], only: Mapping[str, str], seen: set[str]
    ) -> Iterator[tuple[list[Mapping[str, Any]], datetime]]:
        """Pages of rows that were not seen yet. Rows come in a steady order, but shift when others come or go.

        So each page begins with a row of the one before: if its first row is new to us, rows may have slipped through
        in between, and we step back until we stand on known ground.
        """
        size, offset = self.settings.page, 0
        while True:
            data, at = self.api.timed(shape.path, limit=size, offset=offset, **only)
            rows = _inside(data, words)
            if offset > 0 and (not rows or rows[0]["id"] not in seen):
                offset = max(0, offset - max(1, size // 2))
                continue
            fresh = [row for row in rows if row["id"] not in seen]
            seen.update(row["id"] for row in fresh)
            if fresh:
                yield fresh, at
            if len(rows) < size:
                return
            else:
                offset += len(rows) - 1

    def fetch(self, obj: str, ids: Sequence[str]) -> Sequence[Record]:
        """One call each."""
        shape = self._shape(obj)
        found = (self._get(shape, i) for i in dict.fromkeys(ids))
        return [record for record in found if record is not None]

    def _get(self, shape: Shape, record_id: str) -> Record | None:
        try:
            data = self.api.get(shape.one(record_id))
        except Missing:
            return None
        return _record(shape, data[shape.detail] if shape.detail else data)

    def search(self, obj: str, by: Values) -> Sequence[Record]:
        """By a field that the list can be filtered by; by others, everything is read and sifted."""
        shape = self._shape(obj)
        name = next((n for n in by if n in shape.finds), None)
        if name is None:
            records: Iterator[Record] = (r for page in self._everything(shape, None) for r in page.records)
        else:
            data = self.api.get(shape.path, limit=200, offset=0, **{shape.finds[name]: by[name]})
            records = (_record(shape, row) for words, _ in shape.lists for row in _inside(data, words))
        return [r for r in records if all(_alike(r.values.get(n), v) for n, v in by.items())][:20]

    # -------------------------------------------------------------------- writing

    def write(self, obj: str, writes: Sequence[Write]) -> Sequence[Written | HubError]:
        """One by one: the API has no batches."""
        shape = self._shape(obj)
        return [self._outcome(shape, write) for write in writes]

    def _outcome(self, shape: Shape, write: Write) -> Written | HubError:
        try:
            if write.id is None:
                return self._create(shape, write)
            return self._delete(shape, write) if write.values is None else self._update(shape, write)
        except HubError as error:
            return error

    def _create(self, shape: Shape, write: Write) -> Written:
        values = dict(write.values or {})
        token = self._token(shape)
        if token and write.token:
            values[token] = write.token
        body = packed(shape, values)
        self._sound(shape, values)
        if shape.name == "products" and values.get("sku") and self.search("products", {"sku": values["sku"]}):
            # The server would answer 500 to a number that is taken, like to any fault.
            raise Rejected("bottlecrm.taken", field="sku", name="sku", value=values["sku"])
        made = self.api.send("POST", shape.path, body)
        record_id = str(made["id"] if "id" in made else made["product"]["id"])
        if shape.lines and values.get(shape.lines):
            self._first_lines(shape, record_id, values[shape.lines])
        return self._answer(shape, record_id)

    def _first_lines(self, shape: Shape, record_id: str, lines: Sequence[Values]) -> None:
        """The lines of a new record; a record whose lines are refused is taken back."""
        try:
            self._lines(shape, record_id, [], lines)
        except (Rejected, Unsupported):
            try:
                self.api.send("DELETE", shape.one(record_id))
            except HubError as error:
                raise Unanswered("bottlecrm.half_made", object=shape.name, id=record_id) from error
            raise

    def _update(self, shape: Shape, write: Write) -> Written:
        record_id, values = write.id or "", dict(write.values or {})
        body = packed(shape, values)
        self._sound(shape, values)
        before = self._there(shape, record_id)
        _as_expected(before, write)
        if body:
            self.api.send(shape.update, shape.one(record_id), body)
        if shape.lines in values:
            self._lines(shape, record_id, before.values[shape.lines], values[shape.lines])
        after = self._answer(shape, record_id)
        if body and after.values is not None and _lost(before.values, values, after.values):
            # The server saves whole rows: a colleague who saved at the same moment has undone ours. Once more.
            self.api.send(shape.update, shape.one(record_id), body)
            after = self._answer(shape, record_id)
        return after

    def _delete(self, shape: Shape, write: Write) -> Written:
        record_id = write.id or ""
        _as_expected(self._there(shape, record_id), write)
        self.api.send("DELETE", shape.one(record_id))
        return Written(record_id)

    def _there(self, shape: Shape, record_id: str) -> Record:
        found = self._get(shape, record_id)
        if found is None:
            raise Missing("bottlecrm.missing", path=shape.one(record_id), connection=self.site.connection, status=404)
        return found

    def _sound(self, shape: Shape, values: Values) -> None:
        """Refuse what the server would only answer with a bare 500."""
        if shape.name == "products" and isinstance(values.get("price"), Decimal | int) and values["price"] < 0:
            raise Rejected("bottlecrm.negative", field="price", name="price", value=str(values["price"]))

    def _answer(self, shape: Shape, record_id: str) -> Written:
        """The record as stored: the API's own answers carry none."""
        try:
            record = self._get(shape, record_id)
        except (Transient, Denied):
            record = None
        return Written(record_id) if record is None else Written.of(record)

    def _lines(self, shape: Shape, record_id: str, now: Sequence[Values], lines: Sequence[Values]) -> None:
        """Take lines away, change them, add new ones; a refused addition takes the other additions back with it."""
        known, path = {str(line["id"]) for line in now}, f"{shape.one(record_id)}line-items/"
        unknown = [line["id"] for line in lines if line.get("id") is not None and str(line["id"]) not in known]
        if unknown:
            raise Rejected("bottlecrm.unknown_line", field=shape.lines, name=shape.lines, line=unknown[0])
        bodies = [(line.get("id"), None if line.get(REMOVED) else packed_line(line)) for line in lines]
        for key, body in bodies:
            if key is not None:
                self.api.send("DELETE" if body is None else "PUT", f"{path}{key}/", body)
        added: list[str] = []
        try:
            for key, body in bodies:
                if key is None and body is not None:
                    added.append(str(self.api.send("POST", path, body)["line_item"]["id"]))
        except Rejected:
            for line_id in added:
                self.api.send("DELETE", f"{path}{line_id}/")
            raise

    # ------------------------------------------------------------------- webhooks

    def parse(self, headers: Mapping[str, str], body: bytes) -> Sequence[tuple[str, str]]:
        """What a signed webhook speaks of. Raises Denied for a wrong signature or one older than five minutes."""
        secret = self.settings.webhook_secret.get_secret_value()
        if not secret:
            raise Unsupported("bottlecrm.no_webhook_secret", connection=self.site.connection)
        lower = {name.lower(): value for name, value in headers.items()}
        signed = dict(part.split("=", 1) for part in lower.get("x-bottlecrm-signature", "").split(",") if "=" in part)
        told = signed.get("t", "").encode()
        right = hmac.new(secret.encode(), told + b"." + body, hashlib.sha256).hexdigest()
        if not hmac.compare_digest(right.encode(), signed.get("v1", "").encode()) or not self._recent(told):
            raise Denied("bottlecrm.signature", connection=self.site.connection)
        event = json.loads(body)
        obj = _EVENTS.get(str(event.get("event", "")).partition(".")[0])
        return [(obj, str((event.get("data") or {}).get("id") or ""))] if obj else []

    def _recent(self, told: bytes) -> bool:
        return told.isdigit() and abs(self.site.now() - datetime.fromtimestamp(int(told), UTC)) <= _OLDEST


def _parsed(since: str | None) -> datetime | None:
    try:
        at = None if since is None else datetime.fromisoformat(since)
    except ValueError as error:
        raise Unsupported("bottlecrm.bad_cursor", cursor=str(since)[:80]) from error
    if at is not None and at.tzinfo is None:
        raise Unsupported("bottlecrm.bad_cursor", cursor=str(since)[:80])
    return at


def _text(at: datetime) -> str:
    return stamp(at)


def _inside(data: Mapping[str, Any], words: Sequence[str]) -> list[Mapping[str, Any]]:
    found: Any = data
    for word in words:
        found = found.get(word) or {}
    return list(found)


def _record(shape: Shape, row: Mapping[str, Any]) -> Record:
    updated = row.get("updated_at")
    return Record(str(row["id"]), unpacked(shape, row), None, datetime.fromisoformat(updated) if updated else None)


def _told_by(record: Record, activity: Mapping[str, Any]) -> Record:
    """With who changed it, and when: only the feed knows."""
    who = (activity.get("user") or {}).get("email")
    return record._replace(modified_at=datetime.fromisoformat(activity["timestamp"]), author=who)


def _alike(one: object, other: object) -> bool:
    """Equal as the CRM's unique names are: case does not count."""
    return one == other or (isinstance(one, str) and isinstance(other, str) and one.casefold() == other.casefold())


def _as_expected(before: Record, write: Write) -> None:
    for name, value in (write.expect or {}).items():
        if before.values.get(name) != value:
            raise Stale("bottlecrm.stale", object=name, id=before.id)


def _lost(before: Values, sent: Values, after: Values) -> bool:
    """Whether a field is as it was before we wrote (or the server made that of what we sent)."""
    plain = (n for n, v in sent.items() if not isinstance(v, list))
    return any(after.get(n) == before.get(n) and after.get(n) != sent[n] for n in plain)


CONNECTOR = BottleCRM

__all__ = ["CONNECTOR", "BottleCRM", "BottleCRMSettings"]
