"""What the oracle knows of values: the typed ones are found again however a system writes them."""

from __future__ import annotations

import pytest

from hefu.sim.storm.history import tokens


@pytest.mark.parametrize(
    ("path", "value", "found"),
    [
        ("name", "v12 by hand", {12}),
        ("name", "V12 BY H", {12}),
        ("tags", "v1 by hand;v22 by hand", {1, 22}),
        ("credit", "13.12", {12}),
        ("credit", "13.1", {12}),
        ("lines[1].price", "8", {7}),
        ("lines[1]", {"no": "1", "item": "v3 by hand", "price": "5.04"}, {3, 4}),
        ("lines", [{"no": "1", "item": "v3 by hand"}, {"no": "2", "quantity": "6.05"}], {3, 5}),
        ("name", None, set()),
        ("active", True, set()),
        ("level", "gold", set()),
        ("credit", "much", set()),
    ],
)
def test_tokens(path, value, found):
    assert tokens(path, value) == found
