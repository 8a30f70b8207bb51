"""What a target cut off on the way: reported, never hidden."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from typing import Any

from hefu.core.records import Normals
from hefu.engine.fold import Batch
from hefu.engine.hub import Side
from hefu.store.golden import Link
from hefu.store.issues import Issue


def report_losses(batch: Batch, side: Side, link: Link, debt: Normals, held: Mapping[str, Any]) -> None:
    """A target that cut a text short: reported, not hidden."""
    for name, sent in debt.items():
        got = held.get(name)
        if got == sent:
            continue
        if isinstance(sent, str) and isinstance(got, str) and len(got) < len(sent) and _is_cut(sent, got):
            facts = {"sent": sent, "kept": got, "object": side.mapping.object, "record_id": link.record_id}
            batch.issues.append(
                Issue("loss", side.entity.entity, link.golden_id, link.id, side.mapping.connection, name, facts)
            )
            batch.counts["loss"] += 1


def _is_cut(sent: str, got: str) -> bool:
    """Whether `got` is the beginning of `sent`, as a length limit makes it (width and case aside)."""
    full, kept = (unicodedata.normalize("NFKC", t).strip().upper() for t in (sent, got))
    return bool(kept) and full.startswith(kept) and full != kept and not _is_number(sent)


def _is_number(value: str) -> bool:
    return value.replace(".", "", 1).replace("-", "", 1).isdigit()
