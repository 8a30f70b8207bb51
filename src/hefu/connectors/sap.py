"""SAP by OData, V2 and V4: S/4HANA (on premise and cloud) and Cloud for Customer.

What a service has is read from its $metadata; what is known of the usual objects (partners, products, orders,
deliveries, billing documents) is in `_sap_shapes`. SAP numbers its documents itself and keeps no key of ours, so the
hub's id stands in a field that can be searched.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping, Sequence
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from hefu.connectors._sap_bound import Bound, bind
from hefu.connectors._sap_edm import BadMetadata, Model, parse
from hefu.connectors._sap_line import Line
from hefu.connectors._sap_read import Cursor, Reader
from hefu.connectors._sap_settings import SapOAuth, SapSettings
from hefu.connectors._sap_shapes import services
from hefu.connectors._sap_values import Dialect
from hefu.connectors._sap_write import Writer
from hefu.core.connector import Connector, Settings, Site
from hefu.core.errors import Denied, HubError, Missing, Transient, Unsupported
from hefu.core.records import ObjectSchema, Page, Record, Values, Write, Written


class Sap(Connector):
    """A line to one client of an SAP system."""

    name = "sap"
    settings_type = SapSettings

    def __init__(self, settings: Settings, site: Site) -> None:
        super().__init__(settings, site)
        s: SapSettings = self.settings
        self.line = Line(s, site)
        self._reader = Reader(self.line, site.lateness)
        self._writer = Writer(self.line, self._reader, site)
        self._services = services(s)
        self._models: dict[str, Model] = {}
        self._bound: dict[str, Bound] = {}
        self._loading = threading.Lock()

    # -------------------------------------------------------------------- looking

    def check(self) -> None:
        """Reads one record's key of every object that is there. Raises if none is, or one may not be read."""
        found = [schema.name for schema in self.discover()]
        for name in found:
            bound = self._object(name)
            self._reader.rows(bound, **{"$top": "1", "$select": bound.home.kind.keys[0]})

    def health(self) -> Mapping[str, str]:
        """The last warning that SAP gave with a call that went well."""
        return dict(self.line.told)

    def discover(self) -> Sequence[ObjectSchema]:
        """The objects of the services that are active; one that is named in the settings must be there."""
        with self._loading:
            self._models, self._bound = {}, {}
        found, last = list[ObjectSchema](), None
        for service, sets in self._services.items():
            try:
                for name in sets:
                    found.append(self._object(name).schema)
            except (Unsupported, Missing, Denied) as error:
                if error.code in ("sap.login", "sap.unsafe", "sap.redirected") or self.settings.services:
                    raise
                last = error
                self.line.told[f"without {service.rpartition('/')[2]}"] = error.code
        if not found and last is not None:
            raise last
        return found

    def read(self, obj: str, since: str | None = None) -> Iterator[Page]:
        """By key when everything is wanted, else by the fields that say when a record changed."""
        return self._pages(obj, Cursor.parse(since))

    def _pages(self, obj: str, cursor: Cursor) -> Iterator[Page]:
        yield from self._reader.pages(self._object(obj), cursor)

    def fetch(self, obj: str, ids: Sequence[str]) -> Sequence[Record]:
        """Forty in one call."""
        bound = self._object(obj)
        return [bound.record(row) for row in self._reader.fetch(bound, ids)]

    def search(self, obj: str, by: Values) -> Sequence[Record]:
        """By any fields of the record, or by one field of a row that belongs to it; at most 20."""
        return self._reader.search(self._object(obj), by)

    # -------------------------------------------------------------------- writing

    def write(self, obj: str, writes: Sequence[Write]) -> Sequence[Written | HubError]:
        """One record by a call of its own, several by $batch with a changeset each."""
        return self._writer.write(self._object(obj), writes) if writes else []

    def call(self, obj: str, action: str, record_id: str, args: Values) -> Written:
        """A function of SAP: post goods issue, release, cancel."""
        return self._writer.step(self._object(obj), action, record_id, args)

    # ------------------------------------------------------------------- services

    def _object(self, obj: str) -> Bound:
        bound = self._bound.get(obj)
        return bound if bound is not None else self._find(obj)

    def _find(self, obj: str) -> Bound:
        service = next((path for path, sets in self._services.items() if obj in sets), None)
        if service is None:
            known = ", ".join(name for sets in self._services.values() for name in sets)
            raise Unsupported("sap.unknown_object", connection=self.site.connection, object=obj, known=known)
        with self._loading:
            if obj not in self._bound:
                model = self._model(service)
                bound = bind(obj, service, model, self.settings, Dialect(model.v4, self._zone()))
                if bound is None:
                    raise Unsupported("sap.no_set", object=obj)
                self._bound[obj] = bound
            return self._bound[obj]

    def _model(self, service: str) -> Model:
        """What a service's $metadata says, asked once."""
        if service not in self._models:
            where = {"connection": self.site.connection, "path": f"{service}/$metadata"}
            try:
                self._models[service] = parse(self.line.document(service))
            except BadMetadata as error:
                if error.hostile:
                    raise Unsupported("sap.unsafe", **where, what=str(error)) from error
                raise Transient("sap.garbled", after=None, **where, start=str(error)) from error
        return self._models[service]

    def _zone(self) -> ZoneInfo:
        try:
            return ZoneInfo(self.settings.zone) if self.settings.zone else self.site.zone
        except (ZoneInfoNotFoundError, ValueError) as error:
            raise Unsupported("sap.bad_zone", zone=self.settings.zone) from error


CONNECTOR = Sap

__all__ = ["CONNECTOR", "Sap", "SapOAuth", "SapSettings"]
