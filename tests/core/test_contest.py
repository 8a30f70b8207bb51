"""Two systems that undo each other are told from people who edit."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from hefu.core.contest import FLIPS, WITHIN, Move, rewriting

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


def turns(count: int = FLIPS, apart: timedelta = timedelta(minutes=5)) -> list[Move]:
    """Newest first."""
    pair = [("erp", "ACME"), ("crm", "Acme")]
    return [Move("changed", *pair[n % 2][:1], NOON - n * apart, pair[n % 2][1]) for n in range(count)]


def test_turns_of_two_systems() -> None:
    assert rewriting(turns())
    assert rewriting([*turns(), Move("created", "crm", NOON, "Acme")])


@pytest.mark.parametrize("place", range(FLIPS))
@pytest.mark.parametrize(
    "change", [{"after": "Acme Ltd"}, {"connection": "shop"}, {"kind": "decided", "connection": None}]
)
def test_anything_else_in_between_is_a_person(place: int, change: dict[str, object]) -> None:
    moves = turns()
    moves[place] = moves[place]._replace(**change)  # type: ignore[arg-type]
    assert not rewriting(moves)


def test_few_turns_slow_turns_and_one_system_alone_are_none() -> None:
    assert not rewriting(turns(FLIPS - 1))
    assert not rewriting(turns(apart=WITHIN / (FLIPS - 2)))
    assert not rewriting([move._replace(connection="erp") for move in turns()])
    assert not rewriting([move._replace(after="same") for move in turns()])
