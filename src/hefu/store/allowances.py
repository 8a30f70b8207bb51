"""What a person has allowed a flow beyond its limits; it ends once the flow is within them again."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

from sqlalchemy import delete, select

from hefu.store.db import Tx, from_json, to_json
from hefu.store.tables import allowance


def agreed(tx: Tx, scope: str) -> dict[str, Decimal]:
    """limit -> how much is allowed."""
    found = tx.run(select(allowance.c.agreed).where(allowance.c.scope == scope)).scalar()
    return {limit: Decimal(most) for limit, most in (from_json(found) or {}).items()}


def agree(tx: Tx, scope: str, more: Mapping[str, Decimal | int]) -> None:
    """Allow this much on top of what is allowed already."""
    tx.lock_name(f"allowance {scope}")
    both = agreed(tx, scope)
    for limit, most in more.items():
        both[limit] = both.get(limit, Decimal(0)) + most
    end(tx, scope)
    words = to_json({limit: str(most) for limit, most in both.items()})
    tx.insert(allowance, ("scope", "at", "agreed"), [(scope, tx.now(), words)])


def end(tx: Tx, scope: str) -> None:
    """Nothing beyond the limits any more."""
    tx.run(delete(allowance).where(allowance.c.scope == scope))
