"""What the hub asks of accounts, kept as facts: duties apart, a second person for roles, a second factor for some."""

from __future__ import annotations

from collections.abc import Iterable

from hefu.store import facts
from hefu.store.db import Tx, from_json, to_json

SEPARATED, APPROVED, SECOND_FACTOR = "policy.separated", "policy.approved", "policy.second_factor"
EVERYBODY = "*"


def separated(tx: Tx) -> bool:
    """Must the three duties lie in three hands?"""
    return facts.get_fact(tx, SEPARATED) is not None


def approved(tx: Tx) -> bool:
    """Must a second person agree before a role is held?"""
    return facts.get_fact(tx, APPROVED) is not None


def second_factor(tx: Tx) -> frozenset[str]:
    """Roles whose holders must log in with a second factor; with `EVERYBODY` in it, all people."""
    said = facts.get_fact(tx, SECOND_FACTOR)
    return frozenset() if said is None else frozenset(from_json(said))


def needs_second_factor(tx: Tx, roles: Iterable[str]) -> bool:
    """Must who holds these roles log in with a second factor?"""
    asked = second_factor(tx)
    return EVERYBODY in asked or not asked.isdisjoint(roles)


def switch(tx: Tx, name: str, on: bool) -> None:
    """Switch `SEPARATED` or `APPROVED`."""
    if on:
        facts.set_fact(tx, name, "on")
    else:
        facts.forget_fact(tx, name)


def ask_second_factor(tx: Tx, roles: Iterable[str]) -> None:
    """Of holders of these roles; of none: nobody must have one."""
    named = sorted(set(roles))
    if named:
        facts.set_fact(tx, SECOND_FACTOR, to_json(named))
    else:
        facts.forget_fact(tx, SECOND_FACTOR)


__all__ = [
    "APPROVED",
    "EVERYBODY",
    "SEPARATED",
    "approved",
    "ask_second_factor",
    "needs_second_factor",
    "second_factor",
    "separated",
    "switch",
]
