"""What was written, as it now stands: for systems whose answer to a write does not carry the record."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence

from hefu.core.errors import Denied, HubError, Transient, Unsupported
from hefu.core.records import Record, Write, Written

Fetch = Callable[[Sequence[str]], Iterable[Record]]


def read_back(
    writes: Sequence[Write], outcomes: Mapping[int, str | HubError], fetch: Fetch
) -> list[Written | HubError]:
    """One answer per write. `outcomes`: place of the write -> the id of what was written, or why it was not.

    Should the look fail, the writes are done all the same.
    """
    ids = [i for place, i in outcomes.items() if isinstance(i, str) and writes[place].values is not None]
    try:
        now = {record.id: record for record in fetch(ids)} if ids else {}
    except (Transient, Denied, Unsupported):
        now = {}
    return [_answer(outcomes[place], now) for place in range(len(writes))]


def one_read_back(record_id: str, fetch: Fetch) -> Written:
    """A record that was surely written."""
    try:
        return next((Written.of(record) for record in fetch([record_id]) if record.id == record_id), Written(record_id))
    except (Transient, Denied, Unsupported):
        return Written(record_id)


def _answer(outcome: str | HubError, now: Mapping[str, Record]) -> Written | HubError:
    if isinstance(outcome, HubError):
        return outcome
    return Written.of(now[outcome]) if outcome in now else Written(outcome)
