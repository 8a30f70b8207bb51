"""A plain one-way load: read, map, check, upsert. Nothing is remembered, so nothing is kept in step afterwards.

For staging tables, exports and one-off copies; whatever must stay in agreement goes through capture and deliver. All
work is done field by field: what comes as columns and leaves as columns is never made into records.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from hefu.core.columns import ABSENT, Table
from hefu.core.errors import HubError, Rejected, Stale, Unsupported
from hefu.core.mapping import FILTERED, Filtered
from hefu.core.records import Columns
from hefu.engine.hub import Counts, Hub, Side

Rejects = Callable[[str, HubError], None]


def load(hub: Hub, source: Side, target: Side, rejected: Rejects = lambda *_: None) -> Counts:
    """Write every record of `source` into `target`; counts: read = written + filtered + rejected.

    `rejected(record id, error)` is told of each record left out. Raises Unsupported where the target cannot be written
    twice without harm, and HubError when a system fails: what was written stays and a second load writes it again.
    """
    if target.can.create != "upsert":
        raise Unsupported("load.not_upsert", connection=target.mapping.connection, object=target.mapping.object)
    if source.entity.entity != target.entity.entity:
        raise Unsupported("load.other_entity", source=source.name, target=target.name)
    if source.compiled.references or target.compiled.references:
        raise Unsupported("load.references", source=source.name, target=target.name)
    return _Load(hub, source, target, rejected).run()


class _Load:
    """One load under way. `waiting`: mapped records by the fields they have, until they fill a batch."""

    def __init__(self, hub: Hub, source: Side, target: Side, rejected: Rejects) -> None:
        self.hub, self.source, self.target, self.rejected = hub, source, target, rejected
        self.counts = Counts()
        self.waiting: dict[tuple[str, ...], tuple[list[str], list[list[Any]]]] = {}
        self.held = 0

    def run(self) -> Counts:
        pages = self.hub.connect(self.source.mapping.connection).columns(self.source.mapping.object)
        for page in self.hub.env.ahead(pages):
            self.counts["read"] += len(page.ids)
            for part in self._mapped(page):
                if self.held + len(part.ids) > self.target.can.batch:
                    self._write()
                self._wait(part)
        self._write()
        return self.counts

    # ----------------------------------------------------------------------- mapping

    def _mapped(self, page: Columns) -> Iterator[Columns]:
        """What the target is to hold of these records, those with the same fields together."""
        golden, left = self.source.compiled.inward_columns(Table(len(page.ids), page.values))
        ids = self._leave_out(page.ids, left)
        unwanted = self._unwanted(golden)
        ids, golden = self._leave_out(ids, unwanted), golden.without(unwanted)
        said, errors = self.target.compiled.outward_columns(golden)
        ids = self._leave_out(ids, errors)
        return _alike(ids, said)

    def _unwanted(self, golden: Table) -> dict[int, Filtered | HubError]:
        """Records that the target is not to have, by its `out_filter`."""
        left: dict[int, Filtered | HubError] = {}
        for at, record in enumerate(golden if self.target.compiled.out_filter is not None else ()):
            try:
                if not self.target.compiled.wanted(dict(record)):
                    left[at] = FILTERED
            except Rejected as error:
                left[at] = error
        return left

    def _leave_out(self, ids: Sequence[str], left: Mapping[int, Filtered | HubError]) -> Sequence[str]:
        """Count and tell those at these places; the ids of the others."""
        for at in sorted(left):
            why = left[at]
            if isinstance(why, HubError):
                self.counts["rejected"] += 1
                self.rejected(ids[at], why)
            else:
                self.counts["filtered"] += 1
        return [record_id for at, record_id in enumerate(ids) if at not in left] if left else ids

    # ----------------------------------------------------------------------- writing

    def _wait(self, part: Columns) -> None:
        names = tuple(part.values)
        ids, columns = self.waiting.setdefault(names, ([], [[] for _ in names]))
        ids += part.ids
        for column, more in zip(columns, part.values.values(), strict=True):
            column += more
        self.held += len(part.ids)

    def _write(self) -> None:
        """Write all that waits."""
        line, obj, size = (
            self.hub.connect(self.target.mapping.connection),
            self.target.mapping.object,
            self.target.can.batch,
        )
        waiting, self.waiting, self.held = self.waiting, {}, 0
        for names, (ids, columns) in waiting.items():
            whole = Columns(ids, dict(zip(names, columns, strict=True)))
            for start in range(0, len(ids), size):
                batch = whole.part(start, start + size) if len(ids) > size else whole
                self._settle(batch, line.upsert(obj, batch))

    def _settle(self, batch: Columns, errors: Mapping[int, HubError]) -> None:
        for at, error in sorted(errors.items()):
            if error.action != "fix" or isinstance(error, Stale):
                raise error
            self.counts["rejected"] += 1
            self.counts["refused"] += 1
            self.rejected(batch.ids[at], error)
        self.counts["written"] += len(batch.ids) - len(errors)
        self.hub.told("load", self.target.name, self.counts)


def _alike(ids: Sequence[str], said: Table) -> Iterator[Columns]:
    """Records in groups that have the same fields: a field that a record does not have is not written."""
    gaps = [name for name in said.columns if name in said.gaps and ABSENT in said.columns[name]]
    if not gaps:
        if ids:
            yield Columns(ids, said.columns)
        return
    groups: dict[tuple[bool, ...], list[int]] = {}
    for at, row in enumerate(zip(*(said.columns[name] for name in gaps), strict=True)):
        groups.setdefault(tuple(value is ABSENT for value in row), []).append(at)
    for absent, places in groups.items():
        away = {name for name, gone in zip(gaps, absent, strict=True) if gone}
        columns = {n: [column[at] for at in places] for n, column in said.columns.items() if n not in away}
        yield Columns([ids[at] for at in places], columns)
