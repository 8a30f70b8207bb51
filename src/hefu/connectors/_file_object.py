"""What the three kinds of file object have in common: table, inbox and outbox."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo

from hefu.connectors._file_place import Place, Stamp
from hefu.connectors._file_rejects import Rejects
from hefu.connectors._file_settings import LimitSettings, ObjectSettings
from hefu.connectors._file_view import Part, Stamps
from hefu.core.connector import Site
from hefu.core.errors import HubError, Unsupported
from hefu.core.records import Columns, ObjectSchema, Page, Record, Values, Write, Written

_RACY = timedelta(seconds=2)
_NEVER = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Surroundings:
    """What all objects of a connection share."""

    place: Place
    rejects: Place
    rejects_folder: str
    site: Site
    zone: tzinfo
    limits: LimitSettings

    def rejects_of(self, file: str, columns: Sequence[str]) -> Rejects:
        """The rejects file of that file."""
        stem = file.replace("/", "__").rpartition(".")[0] or file
        name = f"{self.rejects_folder}/{stem}.rejects.csv" if self.rejects_folder else f"{stem}.rejects.csv"
        return Rejects(self.rejects, name, columns)

    def racy(self, stamp: Stamp) -> bool:
        """Whether a further change might leave the stamp as it is, since clocks of file systems are coarse."""
        return _NEVER + timedelta(microseconds=stamp.mtime_ns // 1000) > self.site.now() - _RACY

    def settled(self, stamp: Stamp, seconds: float) -> bool:
        """Whether the file was left alone for that long."""
        return _NEVER + timedelta(microseconds=stamp.mtime_ns // 1000) <= self.site.now() - timedelta(seconds=seconds)


class FileObject(ABC):
    """One object of a connection."""

    def __init__(self, name: str, settings: ObjectSettings, around: Surroundings) -> None:
        self.name, self.settings, self.around = name, settings, around
        self.place = around.place
        escaping, zone = settings.escape_formulas, around.zone
        self.part = Part(settings, settings.key, settings.complete, escaping, zone, around.limits)
        self.stamps = Stamps(settings.modified, settings.author)
        self.facts: dict[str, str] = {}
        self.left_out: dict[str, list[tuple[str, HubError]]] = {}

    @property
    @abstractmethod
    def writable(self) -> bool:
        """Whether the hub writes it."""

    @abstractmethod
    def check(self) -> None:
        """Raises when its files are not there."""

    @abstractmethod
    def schema(self) -> ObjectSchema:
        """Columns and abilities."""

    @abstractmethod
    def read(self, since: str | None) -> Iterator[Page]:
        """As `Connector.read`."""

    def read_columns(self) -> Iterator[Columns]:
        """As `Connector.columns`."""
        for page in self.read(None):
            yield from Columns.of(page.records)

    @abstractmethod
    def find(self, ids: Sequence[str], *, certain: bool) -> list[Record]:
        """The records of these ids. With `certain`, raises Rejected where a missing one cannot be called gone."""

    @abstractmethod
    def search(self, by: Values) -> list[Record]:
        """As `Connector.search`."""

    def write(self, writes: Sequence[Write]) -> Sequence[Written | HubError]:
        """As `Connector.write`."""
        raise Unsupported("connector.read_only", connection=self.around.site.connection, object=self.name)

    def note(self, rejects: Rejects) -> None:
        """Tell the status page of rows that could not be taken."""
        what = f"{self.name}: rows not taken, {rejects.name.rpartition('/')[2]}"
        self.left_out[rejects.name] = rejects.told
        self.facts.pop(what, None)
        if rejects.count:
            self.facts[what] = f"{rejects.count}, see {rejects.where}"


__all__ = ["FileObject", "Surroundings"]
