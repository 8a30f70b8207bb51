"""Every error that values, transforms, expressions and mappings raise has words in both languages."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import hefu.core
from hefu.core.errors import Rejected
from hefu.core.words import ERRORS, mapping, tell

CORE = Path(hefu.core.__file__).parent
RAISED = sorted(
    {
        code
        for path in CORE.rglob("*.py")
        if "words" not in path.parts
        for code in re.findall(r'"((?:value|mapping)\.[a-z_]+)"', path.read_text(encoding="utf-8"))
    }
)


@pytest.mark.parametrize("code", RAISED)
def test_a_code_that_is_raised_has_words(code: str) -> None:
    words = ERRORS[code]
    assert all(words)
    assert re.search("[\u4e00-\u9fff]", words.zh)
    assert set(re.findall(r"{(\w+)}", words.en)) == set(re.findall(r"{(\w+?)(?:_zh)?}", words.zh))


def test_no_words_are_left_over() -> None:
    assert set(mapping.ERRORS) == set(RAISED)


def test_an_error_tells_the_field_the_value_and_what_next() -> None:
    what, then = tell(Rejected("value.number", field="total", where="total", value="zwölf"))
    assert "total" in what
    assert "zwölf" in what
    assert "number" in then
