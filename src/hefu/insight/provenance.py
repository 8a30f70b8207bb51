"""Where the values of a golden record came from: for each field the change that brought the present one."""

from __future__ import annotations

from typing import Any

from hefu.store import golden as goldens
from hefu.store.db import Tx


def provenance(tx: Tx, golden_id: str) -> dict[str, dict[str, Any]]:
    """Field -> connection (None: a person in the hub), author, instant and kind of its last change."""
    out: dict[str, dict[str, Any]] = {}
    for row in goldens.changes_of(tx, [golden_id]):
        told = {"connection": row["connection"], "author": row["author"], "at": row["at"], "kind": row["kind"]}
        for path in row["moved"] or {}:
            out[path.partition("[")[0]] = told
    return out


__all__ = ["provenance"]
