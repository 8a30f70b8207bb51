"""Files as a system: CSV and Excel in a local folder or at an fsspec location, read and written row by row.

connector: files, settings: {location: exchange, objects: {customer: {file: customers.csv, key: [code]}}}
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from hefu.connectors._file_inbox import Inbox
from hefu.connectors._file_object import FileObject, Surroundings
from hefu.connectors._file_outbox import Outbox
from hefu.connectors._file_place import Folder, Place
from hefu.connectors._file_remote import remote
from hefu.connectors._file_settings import FilesSettings
from hefu.connectors._file_table import Table
from hefu.core.connector import Connector, Settings, Site
from hefu.core.errors import HubError, Unsupported
from hefu.core.records import Columns, ObjectSchema, Page, Record, Values, Write, Written

_KINDS: dict[str, type[FileObject]] = {"table": Table, "inbox": Inbox, "outbox": Outbox}


class Files(Connector):
    """A folder and the objects in it."""

    name = "files"
    settings_type = FilesSettings

    def __init__(self, settings: Settings, site: Site) -> None:
        super().__init__(settings, site)
        self.place = _place(self.settings, site)
        around = self._around()
        self.objects = {name: _KINDS[s.mode](name, s, around) for name, s in self.settings.objects.items()}

    def _around(self) -> Surroundings:
        try:
            found = ZoneInfo(self.settings.zone) if self.settings.zone else self.site.zone
        except (ZoneInfoNotFoundError, ValueError, OSError) as error:
            raise Unsupported("files.zone", zone=self.settings.zone) from error
        apart = Path(self.settings.rejects)
        rejects: Place = Folder(apart) if apart.is_absolute() else self.place
        folder = "" if apart.is_absolute() else self.settings.rejects.strip("/")
        return Surroundings(self.place, rejects, folder, self.site, found, self.settings.limits)

    def _object(self, obj: str) -> FileObject:
        found = self.objects.get(obj)
        if found is None:
            raise Unsupported("files.no_object", object=obj, known=", ".join(self.objects))
        return found

    def check(self) -> None:
        """The folder is there and its files too. Raises Transient, Denied or Unsupported."""
        keeps = any(s.mode == "inbox" for s in self.settings.objects.values())  # a ledger
        self.place.check(writes=keeps or any(o.writable for o in self.objects.values()))
        for one in self.objects.values():
            one.check()

    def discover(self) -> Sequence[ObjectSchema]:
        """Every object, with columns as declared or as the first rows look."""
        return [one.schema() for one in self.objects.values()]

    def read(self, obj: str, since: str | None = None) -> Iterator[Page]:
        """Everything of a file that has changed, nothing of one that has not."""
        return self._object(obj).read(since)

    def columns(self, obj: str) -> Iterator[Columns]:
        """Everything of a file, field by field."""
        return self._object(obj).read_columns()

    def fetch(self, obj: str, ids: Sequence[str]) -> Sequence[Record]:
        """In one pass over the file. Raises Rejected where a row that cannot be taken may be one of these."""
        return self._object(obj).find(ids, certain=True)

    def search(self, obj: str, by: Values) -> Sequence[Record]:
        """By key in one quick pass, by other fields in a full read."""
        return self._object(obj).search(by)

    def write(self, obj: str, writes: Sequence[Write]) -> Sequence[Written | HubError]:
        """All of them in one new version of the file, which replaces the old one as a whole."""
        return self._object(obj).write(writes)

    def left_out(self, obj: str) -> Sequence[tuple[str, HubError]] | None:
        """Rows that could not be taken."""
        found = self._object(obj).left_out
        return [one for told in found.values() for one in told] if found else None

    def health(self) -> Mapping[str, str]:
        """Rows that could not be taken, and where they are."""
        return {name: fact for one in self.objects.values() for name, fact in one.facts.items()}

    def close(self) -> None:
        """Give the connection back."""
        self.place.close()


def _place(settings: FilesSettings, site: Site) -> Place:
    location = settings.location.removeprefix("file://").removeprefix("local://")
    return remote(settings) if "://" in location else Folder(Path(site.folder) / Path(location).expanduser())


CONNECTOR = Files

__all__ = ["CONNECTOR", "Files", "FilesSettings"]
