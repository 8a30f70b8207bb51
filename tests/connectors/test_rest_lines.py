"""A keyed line is taken away in the words of the API, or not at all."""

from __future__ import annotations

import pytest

from hefu.connectors._rest_settings import FieldSettings
from hefu.connectors._rest_values import spots, write_spots
from hefu.core.errors import Unsupported
from hefu.core.records import REMOVED
from hefu.core.values import zone_of


def field(**more: object) -> FieldSettings:
    lines = {"no": {"path": "lineNo"}, "qty": {"type": "decimal"}}
    return FieldSettings.model_validate({"type": "lines", "lines": lines, **more})


def written(settings: FieldSettings, lines: list[dict[str, object]]) -> object:
    described = {s.name: s for s in spots({"rows": settings}, zone_of("UTC"))}
    return write_spots({"rows": lines}, described, {})["rows"]


def test_a_removed_line_says_so_in_the_apis_words() -> None:
    lines = [{"no": "1", "qty": None}, {"no": "2", REMOVED: True}]
    assert written(field(removed={"delete": True}), lines) == [
        {"lineNo": "1", "qty": None},
        {"lineNo": "2", "delete": True},
    ]


def test_without_words_for_it_nothing_is_sent() -> None:
    with pytest.raises(Unsupported) as refused:
        written(field(), [{"no": "2", REMOVED: True}])
    assert refused.value.code == "rest.lines_stay"
