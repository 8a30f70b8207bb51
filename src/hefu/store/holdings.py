"""Roles in people's hands: where, until when, granted and approved by whom. Ended ones stay for the record."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import Select, or_, select

from hefu.core.errors import Rejected
from hefu.core.rights import EVERYWHERE, Hold, Scope
from hefu.store.db import Tx, from_json, to_json
from hefu.store.tables import account, holding


def _narrow(listed: Sequence[str] | None) -> str | None:
    return None if listed is None else to_json(sorted(set(listed)))


def add(
    tx: Tx,
    account_id: str,
    role: str,
    by: str,
    *,
    scope: Scope = EVERYWHERE,
    until_at: str | None = None,
    reason: str = "",
    asked: bool = False,
) -> str:
    """Put a role into somebody's hands, or (`asked`) propose it; its id."""
    new_id = tx.store.env.new_id()
    organisations = None if scope.organisations is None else sorted(scope.organisations)
    departments = None if scope.departments is None else sorted(scope.departments)
    values = {"id": new_id, "account_id": account_id, "role": role, "organisations": _narrow(organisations),
              "departments": _narrow(departments), "state": "asked" if asked else "held", "reason": reason,
              "granted_by": by, "granted_at": tx.now(), "until_at": until_at}  # fmt: skip
    tx.run(holding.insert().values(values))
    return new_id


def get(tx: Tx, holding_id: str) -> Mapping[str, Any]:
    """One holding. Raises Rejected "account.no_holding"."""
    row = tx.run(select(holding).where(holding.c.id == holding_id)).mappings().one_or_none()
    if row is None:
        raise Rejected("account.no_holding", holding=holding_id)
    return dict(row)


def approve(tx: Tx, holding_id: str, by: str) -> None:
    """What was asked for is held now."""
    values = {"state": "held", "approved_by": by, "approved_at": tx.now()}
    tx.run(holding.update().where(holding.c.id == holding_id, holding.c.state == "asked").values(values))


def end(tx: Tx, holding_id: str, by: str) -> bool:
    """Take it back. False if it had ended."""
    values = {"state": "ended", "ended_by": by, "ended_at": tx.now()}
    where = (holding.c.id == holding_id, holding.c.state != "ended")
    return bool(tx.run(holding.update().where(*where).values(values)).rowcount)


def held_by(tx: Tx, account_id: str) -> tuple[Hold, ...]:
    """What an account holds at this moment."""
    where = (holding.c.account_id == account_id, holding.c.state == "held", _in_time(tx))
    rows = tx.run(select(holding).where(*where).order_by(holding.c.id)).mappings()
    return tuple(Hold(row["role"], _scope(row)) for row in rows)


def _in_time(tx: Tx) -> Any:
    return or_(holding.c.until_at.is_(None), holding.c.until_at > tx.now())


def _scope(row: Mapping[str, Any]) -> Scope:
    def part(name: str) -> frozenset[str] | None:
        listed = from_json(row[name])
        return None if listed is None else frozenset(listed)

    return Scope(part("organisations"), part("departments"))


def every(
    tx: Tx, account_id: str | None = None, *, accounts: Iterable[str] | None = None, ended: bool = False
) -> list[dict[str, Any]]:
    """Holdings (of one account, of some) with the login of who has them, newest first; ended ones only if asked for."""
    statement = _joined()
    if account_id is not None:
        statement = statement.where(holding.c.account_id == account_id)
    if accounts is not None:
        statement = statement.where(holding.c.account_id.in_(list(accounts)))
    if not ended:
        statement = statement.where(holding.c.state != "ended", _in_time(tx))
    return [_told(row) for row in tx.run(statement.order_by(holding.c.id.desc())).mappings()]


def one(tx: Tx, holding_id: str) -> dict[str, Any]:
    """One holding as `every` gives them. Raises Rejected "account.no_holding"."""
    row = tx.run(_joined().where(holding.c.id == holding_id)).mappings().one_or_none()
    if row is None:
        raise Rejected("account.no_holding", holding=holding_id)
    return _told(row)


def _joined() -> Select[Any]:
    who = (account.c.login, account.c.last_at, account.c.state.label("account_state"))
    return select(holding, *who).join(account, account.c.id == holding.c.account_id)


def _told(row: Mapping[str, Any]) -> dict[str, Any]:
    return {**row, **{name: from_json(row[name]) for name in ("organisations", "departments")}}
