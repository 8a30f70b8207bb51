"""Writing to a system that takes one record a call and knows no versions.

What is to be changed is looked at first, all of it together, so that a record which somebody else changed meanwhile
is not written over.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from hefu.core.errors import HubError
from hefu.core.records import Record, Write, Written


def each(
    writes: Sequence[Write],
    fetch: Callable[[Sequence[str]], Sequence[Record]],
    create: Callable[[Write], Written],
    update: Callable[[Write, str, Record | None], Written],
    delete: Callable[[str], Written],
) -> list[Written | HubError]:
    """One outcome per write. `update` gets the record as it is now, None where it is gone; where the look before
    failed, nothing is changed."""
    there, blind = dict[str, Record](), list[HubError]()
    try:
        there |= {r.id: r for r in fetch([w.id for w in writes if w.id is not None and w.values is not None])}
    except HubError as error:
        blind.append(error)

    def one(write: Write) -> Written:
        if write.id is None:
            return create(write)
        if write.values is None:
            return delete(write.id)
        if blind:
            raise blind[0]
        return update(write, write.id, there.get(write.id))

    out = list[Written | HubError]()
    for write in writes:
        try:
            out.append(one(write))
        except HubError as error:
            out.append(error)
    return out
