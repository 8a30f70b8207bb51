"""Sums and derived values: exact, and blind to the order and the number of times in which facts are told."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hefu.core.errors import Rejected, Unsupported
from hefu.core.figures import Figures, compile_figures
from hefu.core.project import Entity

ENTITIES = {
    "receipt": Entity.model_validate(
        {
            "entity": "receipt",
            "fields": {
                "order": {"type": "reference", "entity": "order"},
                "amount": {"type": "money"},
                "period": {"type": "text"},
                "posted": {"type": "boolean"},
            },
        }
    ),
    "order": Entity.model_validate(
        {
            "entity": "order",
            "fields": {
                "total": {"type": "money"},
                "collected": {"type": "money", "rollup": {"over": "receipt", "by": "order", "value": "amount"}},
                "posted": {"type": "decimal", "rollup": {"over": "receipt", "by": "order", "when": "posted"}},
                "parts": {
                    "type": "text",
                    "rollup": {"over": "receipt", "by": "order", "value": "amount", "split": "period"},
                },
                "open": {"type": "money", "derive": "dec_sub(total, collected)"},
                "stage": {
                    "type": "code",
                    "options": ["open", "paid"],
                    "derive": "dec_cmp(open, '0') > 0 ? 'open' : 'paid'",
                    "forward": True,
                    "may_go_back": "dec_cmp(posted, '3') > 0",
                },
            },
        }
    ),
}


def compiled() -> Figures:
    return compile_figures(ENTITIES["order"], ENTITIES, "UTC")


def receipts(*amounts: str, posted: bool = True) -> list[dict[str, object]]:
    return [{"amount": a, "period": f"p{n % 2}", "posted": posted} for n, a in enumerate(amounts)]


def worked(golden, rows):
    return compiled().worked_out(golden, dict.fromkeys(("collected", "posted", "parts"), rows))


def test_sums_counts_parts_and_what_follows_from_them() -> None:
    out = worked({"total": "10"}, receipts("0.1", "0.2", "3"))
    assert out == {
        "total": "10",
        "collected": "3.3",
        "posted": "3",
        "parts": "p0 3.1; p1 0.2",
        "open": "6.7",
        "stage": "open",
    }
    assert worked({"total": "10"}, [])["parts"] is None


def test_only_those_that_meet_the_condition_count() -> None:
    assert worked({"total": "1"}, receipts("1", posted=False))["posted"] == "0"


def test_a_status_does_not_go_back_unless_it_may() -> None:
    paid = worked({"total": "10"}, receipts("10"))
    assert paid["stage"] == "paid"
    assert worked(paid, receipts("9"))["stage"] == "paid"
    assert worked(paid, receipts("1", "1", "1", "1"))["stage"] == "open"


@given(st.lists(st.decimals(-(10**12), 10**12, places=4), max_size=12), st.randoms(use_true_random=False))
def test_sums_are_exact_in_any_order(amounts: list[Decimal], chance) -> None:
    rows = receipts(*(f"{a:f}" for a in amounts))
    end = worked({"total": "0"}, rows)
    assert Decimal(end["collected"]) == sum(amounts, Decimal(0))
    shuffled = rows[:]
    chance.shuffle(shuffled)
    assert worked({"total": "0"}, shuffled) == end
    assert worked(end, rows) == end


def test_a_value_that_is_no_number_is_said() -> None:
    with pytest.raises(Rejected):
        worked({"total": "x"}, [])


def test_a_wrong_expression_is_refused() -> None:
    doc = {"entity": "order", "fields": {"x": {"type": "text", "derive": "nobody"}}}
    with pytest.raises(Unsupported) as caught:
        compile_figures(Entity.model_validate(doc), {}, "UTC")
    assert caught.value.code == "mapping.expr_unknown"
