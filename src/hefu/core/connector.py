"""The contract of a connector: all that a vendor file must know of the hub.

Plain synchronous code. A connector keeps no business state, never sleeps by itself (`Site.sleep`) and never opens
its own HTTP client (`Site.http`). What an object allows is declared in `ObjectSchema.abilities`; the conformance
suite (`hefu connector test`) runs the tests that the declaration calls for.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any, ClassVar, Protocol
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ConfigDict, Field

from hefu.core.errors import HubError, Unsupported
from hefu.core.records import Columns, ObjectSchema, Page, Record, Values, Write, Written


class Settings(BaseModel):
    """Base of every connector's settings: unknown words are errors, and so is a wrong type.

    Mark a secret with `SecretStr`: documents hold a reference ("${env:NAME}"), the connector gets the value.
    Make every field with `setting`, which says what it is in both languages: forms and docs show that.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)


def setting(default: Any, en: str, zh: str, **more: Any) -> Any:
    """One setting; `...` as default: it must be given. `more`: what pydantic's Field takes."""
    return Field(default, description=en, json_schema_extra={"zh": zh}, **more)


@dataclass(frozen=True, slots=True)
class Answer:
    """An HTTP answer. `headers` names are lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    url: str = ""

    @property
    def made_at(self) -> datetime | None:
        """When the server says that it answered, in whole seconds; None where a proxy took that away."""
        return date_header(self.headers)


def date_header(headers: Mapping[str, str]) -> datetime | None:
    """The server's clock as its headers tell it."""
    try:
        told = parsedate_to_datetime(headers["date"])
    except (KeyError, ValueError):
        return None
    return told if told.tzinfo else told.replace(tzinfo=UTC)


class Http(Protocol):
    """The hub's one HTTP client, as a connector sees it (implemented by `hefu.net.Egress`)."""

    def send(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        params: Mapping[str, str] | None = None,
        body: bytes | None = None,
        timeout: float | None = None,
        writes: bool = False,
    ) -> Answer:
        """Send one request within the connection's call budget and follow no redirect to another host.

        Answers of any status are returned, save those that say "later" (429, 503), which raise Transient.
        `writes` says that the call may change something: then a time-out or a cut after sending raises Unanswered
        (and 502/504 too); otherwise Transient. Host down or TLS failure raises Transient, for nothing was sent.
        """
        ...


@dataclass(frozen=True)
class Site:
    """What a connection gives its connector: the way out, the clock, and where relative file paths start."""

    http: Http
    now: Callable[[], datetime]
    sleep: Callable[[float], None]
    connection: str = ""
    folder: str = "."
    facts: Mapping[str, Any] = field(default_factory=dict)

    @property
    def lateness(self) -> timedelta:
        """How long after its stamp a change may still show up: a reading of changes looks back so far."""
        return timedelta(seconds=float(self.facts.get("lateness", 60)))

    @property
    def zone(self) -> ZoneInfo:
        """Where the system's wall clock hangs."""
        return ZoneInfo(str(self.facts.get("zone", "Asia/Shanghai")))


class Connector(ABC):
    """An open line to one system. May be used by several threads at once."""

    name: ClassVar[str]
    settings_type: ClassVar[type[Settings]]

    def __init__(self, settings: Settings, site: Site) -> None:
        self.settings: Any = settings
        self.site = site

    @abstractmethod
    def check(self) -> None:
        """Try address, credentials and rights. Raises Transient, Denied or Unsupported; returns if all is well."""

    @abstractmethod
    def discover(self) -> Sequence[ObjectSchema]:
        """The objects that can be read or written, with fields, types and abilities. Stable order."""

    @abstractmethod
    def read(self, obj: str, since: str | None = None) -> Iterator[Page]:
        """Everything (`since` None), or what changed after that cursor, oldest change first.

        Every record that exists during the whole read occurs at least once. A cursor overlaps by the connection's
        declared lateness, so that late commits and equal stamps are read again rather than missed.
        """

    def fetch(self, obj: str, ids: Sequence[str]) -> Sequence[Record]:
        """These records as they are now, missing ones left out, any order.

        Asked for a record that was merged into another one, a system that knows answers with that other one, which
        names the id in its `aliases`.
        """
        wanted = set(ids)
        return [r for page in self.read(obj) for r in page.records if r.id in wanted]

    def search(self, obj: str, by: Values) -> Sequence[Record]:
        """Records whose fields equal all of `by` (natural key or token field), at most a few."""
        return [
            r
            for page in self.read(obj)
            for r in page.records
            if all(r.values.get(name) == value for name, value in by.items())
        ]

    def write(self, obj: str, writes: Sequence[Write]) -> Sequence[Written | HubError]:
        """One outcome per write, in order. An error that concerns the whole call may be raised instead.

        Only what is sure may be returned: where the outcome is unknown, Unanswered.
        """
        raise Unsupported("connector.read_only", connection=self.site.connection, object=obj)

    def columns(self, obj: str) -> Iterator[Columns]:
        """The records of `read(obj)` field by field, for a plain load. For whom that is faster than records."""
        for page in self.read(obj):
            yield from Columns.of(page.records)

    def upsert(self, obj: str, records: Columns) -> Mapping[int, HubError]:
        """Create these records, or patch those whose natural key is there: `create: upsert` in bulk.

        The errors of those that could not be written, by place; at most `Abilities.batch` records. For whom that is
        faster than `write`, since nobody asks what is now stored.
        """
        writes = [Write(None, values, token=i) for i, values in zip(records.ids, records.rows(), strict=True)]
        answers = self.write(obj, writes) if writes else ()
        return {at: answer for at, answer in enumerate(answers) if isinstance(answer, HubError)}

    def call(self, obj: str, action: str, record_id: str, args: Values) -> Written:
        """Run a status step of a document (submit, approve, confirm, ship ...)."""
        raise Unsupported("connector.no_action", connection=self.site.connection, object=obj, action=action)

    def parse(self, headers: Mapping[str, str], body: bytes) -> Sequence[tuple[str, str]]:
        """A webhook's hints: (object, record id) pairs, no values; id "" means "something changed".

        The header ":path" carries path and query, which some vendors sign. Raises Denied for a wrong signature.
        """
        raise Unsupported("connector.no_webhook", connection=self.site.connection)

    def answer(self, headers: Mapping[str, str], body: bytes) -> bytes | None:
        """What the sender of a webhook whose hints `parse` has given wants to hear; None: any success will do."""
        return None

    def left_out(self, obj: str) -> Sequence[tuple[str, HubError]] | None:
        """What the last read of this object could not take: (where, why), the first hundred. None: not read yet.

        For rows that are no records, such as a row of a file without a key; a record's wrong values are not meant.
        """
        return None

    def health(self) -> Mapping[str, str]:
        """Facts for the status page: version of the system, remaining quota, latency. Cheap; may be empty."""
        return {}

    def close(self) -> None:
        """Give back sockets and files. Called once."""
