"""Who saves a record, and what the rules of saving need of the org."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from hefu.sandbox.salesforce.objects import SObject
from hefu.sandbox.shelf import Shelf


@dataclass(frozen=True)
class Hand:
    """Who saves, and which way. `bypass`: alerts of duplicate rules are waved through."""

    user: str
    via: str = "api"
    bypass: bool = False


class Records(Protocol):
    """The org, as far as the rules know it. `duplicates`: "" (no rule), "alert" or "block"."""

    shelf: Shelf
    duplicates: str

    def derive(self, obj: SObject, record_id: str, values: Mapping[str, Any], hand: Hand) -> None:
        """A sum of the system's own."""
        ...
