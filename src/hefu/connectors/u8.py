"""Yonyou U8+ 用友: customers to receipts, through the cloud relay's OpenAPI and the EAI door in the company's network.

Lists cannot be asked what changed, so they are walked and rows are told apart by their stamp. Where the relay has no
write (deleting), or where many records are to go at once, XML goes through the door.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from hefu.connectors._u8_eai import Eai
from hefu.connectors._u8_entities import CUSTOMER, ENTITIES, Entity, entity_of
from hefu.connectors._u8_read import Cursor, Reader
from hefu.connectors._u8_relay import Relay
from hefu.connectors._u8_settings import U8Settings
from hefu.connectors._u8_write import Writer
from hefu.core.connector import Connector, Settings, Site
from hefu.core.errors import HubError, Unsupported
from hefu.core.records import ObjectSchema, Page, Record, Values, Write, Written


class U8(Connector):
    """A line to one account set of a company."""

    name = "u8"
    settings_type = U8Settings

    def __init__(self, settings: Settings, site: Site) -> None:
        super().__init__(settings, site)
        s: U8Settings = self.settings
        self.entities: Mapping[str, Entity] = {name: entity_of(name, s) for name in ENTITIES}
        self.relay = Relay(site, s)
        self.reader = Reader(self.relay, site, s)
        self.eai = Eai(site, s) if s.eai else None
        self.writer = Writer(self.relay, self.eai, site, s, self.reader)

    # -------------------------------------------------------------------- looking

    def check(self) -> None:
        """The log-in is right, U8 is on line, and customers of this account set may be read."""
        self.relay.read(CUSTOMER, "batch_get", page_index="1", rows_per_page="1")

    def discover(self) -> Sequence[ObjectSchema]:
        """The entities that the connector knows, with the fields of the settings."""
        for obj in (*self.settings.fields, *self.settings.defaults, *self.settings.token_field):
            self._entity(obj)
        return [entity.schema() for entity in self.entities.values()]

    def read(self, obj: str, since: str | None = None) -> Iterator[Page]:
        """Everything, or what has a newer stamp than the last walk."""
        return self.reader.pages(self._entity(obj), Cursor.parse(since, self.site.connection))

    def fetch(self, obj: str, ids: Sequence[str]) -> Sequence[Record]:
        """Master data by a range of numbers, bills one by one."""
        return self.reader.fetch(self._entity(obj), ids)

    def search(self, obj: str, by: Values) -> Sequence[Record]:
        """By number, name or our own id; else everything is read and sifted."""
        found = self.reader.search(self._entity(obj), by)
        return super().search(obj, by) if found is None else found

    # -------------------------------------------------------------------- writing

    def write(self, obj: str, writes: Sequence[Write]) -> Sequence[Written | HubError]:
        """One record a call through the relay, or many a message through the EAI door."""
        entity = self._entity(obj)
        if not entity.adds:
            raise Unsupported("connector.read_only", connection=self.site.connection, object=obj)
        return self.writer.write(entity, writes)

    def call(self, obj: str, action: str, record_id: str, args: Values) -> Written:
        """verify, unverify, and for orders close and open."""
        return Written.of(self.writer.step(self._entity(obj), action, record_id))

    def _entity(self, obj: str) -> Entity:
        if obj not in self.entities:
            known = ", ".join(self.entities)
            raise Unsupported("u8.unknown_object", connection=self.site.connection, object=obj, known=known)
        return self.entities[obj]


CONNECTOR = U8

__all__ = ["CONNECTOR", "U8", "U8Settings"]
