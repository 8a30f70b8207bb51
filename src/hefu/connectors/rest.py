"""Any JSON API, described in YAML and not programmed: log-in, lists, changes, single records, writes, errors, webhooks.

    connector: rest
    settings:
      url: https://crm.example/api/v2
      auth: {type: bearer, token: "${env:CRM_TOKEN}"}
      objects:
        customer:
          read: {url: /customers, records: data, paging: {type: page, param: page, size_param: per_page, total: total}}

The vocabulary is `_rest_settings.py`; each `_rest_*` file beside this one is one idea of it.
"""

from __future__ import annotations

import difflib
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, TypeVar

from hefu.connectors._rest_errors import Call, Judge
from hefu.connectors._rest_line import Line
from hefu.connectors._rest_paths import ABSENT
from hefu.connectors._rest_read import Reader
from hefu.connectors._rest_settings import ObjectSettings, RestSettings
from hefu.connectors._rest_values import Shape
from hefu.connectors._rest_webhook import hints
from hefu.connectors._rest_write import Writer
from hefu.core.connector import Connector, Settings, Site
from hefu.core.errors import HubError, Unsupported
from hefu.core.records import Abilities, ObjectSchema, Page, Record, Values, Write, Written
from hefu.core.urgency import carried

T = TypeVar("T")


class Rest(Connector):
    """An open line to a described API."""

    name = "rest"
    settings_type = RestSettings

    def __init__(self, settings: Settings, site: Site) -> None:
        super().__init__(settings, site)
        zone = self.settings.zone or str(site.facts.get("zone") or "UTC")
        self._line = Line(self.settings, site)
        self._width = self.settings.ahead or int(site.facts.get("concurrency") or 4)
        self._pool: ThreadPoolExecutor | None = None
        self._pool_lock = threading.Lock()
        self._shapes = {name: Shape(name, how, zone) for name, how in self.settings.objects.items()}
        self._readers = {n: Reader(s, self._line, site, self._width, self._submit) for n, s in self._shapes.items()}
        judge = Judge(self.settings.errors)
        self._writers = {n: Writer(s, self._line, self._readers[n], site, judge) for n, s in self._shapes.items()}

    def check(self) -> None:
        """The described call, else a small page of the first object."""
        how = self.settings.check
        if how is None:
            self._readers[next(iter(self._readers))].sample(1)
            return
        body = ABSENT if how.body is None else how.body
        self._line.send(Call("check", "-", self.site.connection), how.method, self._line.address(how.url), body=body)

    def discover(self) -> Sequence[ObjectSchema]:
        """The described objects; fields that nobody listed are taken from one page."""
        return [self._schema(name, shape) for name, shape in self._shapes.items()]

    def read(self, obj: str, since: str | None = None) -> Iterator[Page]:
        """See `Connector.read`. Pages are fetched side by side where the list tells how long it is."""
        return self._of(self._readers, obj).pages(since)

    def fetch(self, obj: str, ids: Sequence[str]) -> Sequence[Record]:
        """By id where the description says how, else out of a full read."""
        reader = self._of(self._readers, obj)
        if not ids:
            return []
        return list(reader.fetch(ids)) if self._shapes[obj].described.fetch else super().fetch(obj, ids)

    def search(self, obj: str, by: Values) -> Sequence[Record]:
        """By the described parameters, else out of a full read."""
        reader = self._of(self._readers, obj)
        return reader.search(by) if reader.searches(by) else super().search(obj, by)

    def write(self, obj: str, writes: Sequence[Write]) -> Sequence[Written | HubError]:
        """See `Connector.write`; as many calls as the described batches need."""
        return self._of(self._writers, obj).write(writes)

    def call(self, obj: str, action: str, record_id: str, args: Values) -> Written:
        """A described status step."""
        return self._of(self._writers, obj).call(action, record_id, args)

    def parse(self, headers: Mapping[str, str], body: bytes) -> Sequence[tuple[str, str]]:
        """A webhook's hints, once its signature is right."""
        if self.settings.webhook is None:
            return super().parse(headers, body)
        return hints(self.settings.webhook, headers, body, self.site.now(), self.site.connection)

    def health(self) -> Mapping[str, str]:
        """What the last answers told: server, calls that are left."""
        return dict(self._line.told)

    def close(self) -> None:
        """Stop fetching ahead."""
        if self._pool is not None:
            self._pool.shutdown(wait=False, cancel_futures=True)

    # ---------------------------------------------------------------------- inside

    def _of(self, verbs: Mapping[str, T], obj: str) -> T:
        if obj not in verbs:
            near = (difflib.get_close_matches(obj, verbs, 1) or list(verbs))[0]
            raise Unsupported("rest.unknown_object", connection=self.site.connection, object=obj, nearest=near)
        return verbs[obj]

    def _submit(self, work: Callable[[], Any]) -> Future[Any]:
        """Run it beside others; at once where only one may run."""
        if self._width > 1:
            with self._pool_lock:
                if self._pool is None:
                    self._pool = ThreadPoolExecutor(self._width, thread_name_prefix="hefu-rest")
            return self._pool.submit(carried(work))
        done: Future[Any] = Future()
        try:
            done.set_result(work())
        except Exception as error:  # noqa: BLE001 - handed on by Future.result
            done.set_exception(error)
        return done

    def _schema(self, name: str, shape: Shape) -> ObjectSchema:
        how = shape.described
        fields = shape.fields(self._readers[name].sample() if shape.infer else [])
        return ObjectSchema(
            name,
            fields,
            how.label,
            tuple(how.key),
            _abilities(how),
            how.state,
            {state: tuple(names) for state, names in how.locked.items()},
        )


def _abilities(how: ObjectSettings) -> Abilities:
    """What the description amounts to."""
    changes = "full"
    if how.read.since is not None:
        changes = "cursor+deletes" if how.read.deleted or how.read.deletes else "cursor"
    versioned = bool(how.version or how.etag) and how.update is not None
    conditional = versioned and how.update is not None and bool(how.update.if_match or how.update.version_in)
    writes = [w for w in (how.create, how.update) if w is not None]
    return Abilities(
        create=_creation(how),
        update=how.update is not None,
        delete=how.delete is not None,
        changes=changes,
        conditional="version" if conditional else "no",
        lag=float(how.lag),
        batch=min((w.batch for w in writes), default=1),
        page=how.read.paging.size,
        lines=how.lines,
        returns=bool(writes) and all((w.result_record if w.batch > 1 else w.record) is not None for w in writes),
        token_field=how.token_field,
        actions={name: tuple(action.states) for name, action in how.actions.items()},
    )


def _creation(how: ObjectSettings) -> str:
    """How a create can be repeated or found again."""
    if how.create is None:
        return "no"
    if how.upsert and how.key:
        return "upsert"
    if how.token_field and how.token_field in how.search:
        return "token"
    return "key" if how.key and any(name in how.search for name in how.key) else "blind"


CONNECTOR = Rest
