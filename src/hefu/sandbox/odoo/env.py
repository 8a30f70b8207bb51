"""Who calls and in which context, and what the rules need of the book."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple, Protocol

from hefu.sandbox.frame import Clock
from hefu.sandbox.odoo.models import F, access
from hefu.sandbox.shelf import Kept, Shelf

HUB, PERSON = 2, 6
LOGIN = "hub@example.com"
COMPANIES = {HUB: (1, 2)}
"""User -> companies; others have the first."""


class Env(NamedTuple):
    """Who acts, in which context, and which way."""

    uid: int = HUB
    context: Mapping[str, Any] = {}
    via: str = "api"

    def companies(self) -> tuple[int, ...]:
        """Those that count in this call. Raises OdooError."""
        own = COMPANIES.get(self.uid, (1,))
        asked = self.context.get("allowed_company_ids")
        if not asked:
            return own
        if not isinstance(asked, list) or any(c not in own for c in asked):
            raise access("Access to unauthorized or invalid companies.")
        return tuple(asked)


class House(Protocol):
    """The book, as rules and documents see it."""

    shelf: Shelf
    clock: Clock
    reserve: bool
    in_payment: bool

    def kept(self, model: str, number: int) -> Kept | None:
        """A live record."""
        ...

    def doc(self, model: str, number: int) -> dict[str, Any]:
        """Its values. Raises OdooError."""
        ...

    def children(self, f: F, number: int) -> list[Kept]:
        """The rows of a one2many."""
        ...

    def named(self, model: str, number: int | None) -> str:
        """What it is called."""
        ...

    def create(self, env: Env, model: str, vals: Mapping[str, Any], *, settle: bool = True) -> int:
        """A new record."""
        ...

    def write(self, env: Env, model: str, ids: Sequence[int], vals: Mapping[str, Any], *, settle: bool = True) -> None:
        """Change records."""
        ...

    def change(self, env: Env, model: str, number: int, **values: Any) -> None:
        """Computed values."""
        ...
