"""Yonyou YonSuite / YonBIP 用友: customers to collections over the public cloud's OpenAPI.

The tenant's data centre is asked for, calls bear a token, and each API has a quota a minute. Orders are saved one by
one under a key that makes repeating harmless; shipping is done by people there, and comes back as documents.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence

from hefu.connectors._id_walk import IdCursor
from hefu.connectors._yonbip_api import Api
from hefu.connectors._yonbip_events import Events
from hefu.connectors._yonbip_objects import MERCHANT, SHAPES, Shape, shaped
from hefu.connectors._yonbip_read import Reader
from hefu.connectors._yonbip_settings import YonbipSettings
from hefu.connectors._yonbip_steps import Steps
from hefu.connectors._yonbip_write import Writer
from hefu.core.connector import Connector, Settings, Site
from hefu.core.errors import HubError, Unsupported
from hefu.core.records import ObjectSchema, Page, Record, Values, Write, Written


class Yonbip(Connector):
    """A line to one tenant."""

    name = "yonbip"
    settings_type = YonbipSettings

    def __init__(self, settings: Settings, site: Site) -> None:
        super().__init__(settings, site)
        s: YonbipSettings = self.settings
        self.shapes: Mapping[str, Shape] = {name: shaped(name, s) for name in SHAPES}
        self.api = Api(site, s)
        self.reader = Reader(self.api, site, self.shapes, s.system_code)
        self.writer = Writer(self.api, site, s, self.reader)
        self.steps = Steps(self.api, site, s, self.reader)
        secret = s.app_secret.get_secret_value()
        self._events = Events(s.app_key, secret, s.event_signature, s.event_window, site.connection)

    # -------------------------------------------------------------------- looking

    def check(self) -> None:
        """The tenant is there, the log-in is right, and customers may be read."""
        shape = self.shapes[MERCHANT]
        self.api.read(shape.path, {"pageIndex": 1, "pageSize": 2})

    def health(self) -> Mapping[str, str]:
        """How far the vendor's clock is from ours."""
        return {"clock_ahead_seconds": str(round(self.api.ahead))}

    def discover(self) -> Sequence[ObjectSchema]:
        """The objects that the connector knows, with the fields of the settings."""
        for obj in (*self.settings.fields, *self.settings.defaults, *self.settings.token_field):
            self._object(obj)
        return [shape.schema() for shape in self.shapes.values()]

    def read(self, obj: str, since: str | None = None) -> Iterator[Page]:
        """Everything, or what `pubts` says has changed."""
        cursor = IdCursor.parse(since, self.site.connection, "yonbip.bad_cursor")
        if not (cursor.on.isdecimal() or not cursor.on):
            raise Unsupported("yonbip.bad_cursor", connection=self.site.connection, cursor=str(since)[:80])
        return self.reader.pages(self._object(obj), cursor)

    def fetch(self, obj: str, ids: Sequence[str]) -> Sequence[Record]:
        """A hundred a call."""
        return self.reader.fetch(self._object(obj), ids)

    def search(self, obj: str, by: Values) -> Sequence[Record]:
        """By conditions where the list takes them, else everything is read and sifted."""
        found = self.reader.search(self._object(obj), by)
        return super().search(obj, by) if found is None else found

    # -------------------------------------------------------------------- writing

    def write(self, obj: str, writes: Sequence[Write]) -> Sequence[Written | HubError]:
        """Customers in batches, orders and collections one by one; what is changed is looked at together."""
        shape = self._object(obj)
        if shape.create == "no":
            raise Unsupported("connector.read_only", connection=self.site.connection, object=obj)
        return self.writer.write(shape, writes)

    def call(self, obj: str, action: str, record_id: str, args: Values) -> Written:
        """A status step, or the invoice of an outbound bill."""
        record = self.steps.take(self._object(obj), action, record_id, args)
        return Written.of(record)

    # --------------------------------------------------------------------- events

    def parse(self, headers: Mapping[str, str], body: bytes) -> Sequence[tuple[str, str]]:
        """What an event speaks of. Raises Denied for a wrong signature or an old event."""
        told = self._events.take(body, self.site.now())
        return [] if told is None else [told]

    def answer(self, headers: Mapping[str, str], body: bytes) -> bytes | None:
        """The sealed word without which an event is pushed again."""
        return self._events.answer(hashlib.sha256(body + self.site.now().isoformat().encode()).digest()[:16])

    def _object(self, obj: str) -> Shape:
        if obj not in self.shapes:
            known = ", ".join(self.shapes)
            raise Unsupported("yonbip.unknown_object", connection=self.site.connection, object=obj, known=known)
        return self.shapes[obj]


CONNECTOR = Yonbip

__all__ = ["CONNECTOR", "Yonbip", "YonbipSettings"]
