"""A plain one-way load: read, map, check, upsert. Nothing is remembered, so nothing is kept in step afterwards.

For staging tables, exports and one-off copies; whatever must stay in agreement goes through capture and deliver.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import chain
from typing import Any

from hefu.core.errors import HubError, Stale, Unsupported
from hefu.core.mapping import FILTERED
from hefu.core.records import Record, Write, Written
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
    counts = Counts()
    line = hub.connect(target.mapping.connection)
    pages = hub.connect(source.mapping.connection).read(source.mapping.object, None)
    size = max(1, target.can.batch)
    for batch in _slices(chain.from_iterable(page.records for page in hub.env.ahead(pages)), size):
        counts["read"] += len(batch)
        ids, writes = _mapped(source, target, batch, counts, rejected)
        answers = line.write(target.mapping.object, writes) if writes else ()
        for record_id, answer in zip(ids, answers, strict=True):
            if isinstance(answer, Written):
                continue
            if not answer.action == "fix" or isinstance(answer, Stale):
                raise answer
            counts["rejected"] += 1
            counts["refused"] += 1
            rejected(record_id, answer)
        counts["written"] = counts["read"] - counts["filtered"] - counts["rejected"]
        hub.told("load", target.name, counts)
    return counts


def _slices(records: Iterable[Record], size: int) -> Iterator[list[Record]]:
    batch: list[Record] = []
    for record in records:
        batch.append(record)
        if len(batch) >= size:
            yield batch
            batch = []
    if batch:
        yield batch


def _mapped(
    source: Side, target: Side, batch: Sequence[Record], counts: Counts, rejected: Rejects
) -> tuple[list[str], list[Write]]:
    """Record ids and writes of what could be mapped."""
    ids: list[str] = []
    golden: list[dict[str, Any]] = []
    for record, values in zip(batch, source.compiled.inward([r.values for r in batch]), strict=True):
        if values is FILTERED:
            counts["filtered"] += 1
        elif isinstance(values, HubError):
            counts["rejected"] += 1
            rejected(record.id, values)
        else:
            ids.append(record.id)
            golden.append(values)
    kept: list[str] = []
    writes: list[Write] = []
    for record_id, spoken in zip(ids, target.compiled.outward(golden, [None] * len(golden)), strict=True):
        if isinstance(spoken, HubError):
            counts["rejected"] += 1
            rejected(record_id, spoken)
        else:
            kept.append(record_id)
            writes.append(Write(None, spoken, record_id))
    return kept, writes
