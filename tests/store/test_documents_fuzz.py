"""Whatever is done to a document, reading it ends in findings with a true place, never in a crash."""

from __future__ import annotations

from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from hefu.store.documents import diff, load, read_folder

SHOP = read_folder(Path(__file__).parent.parent / "projects" / "shop")
BITS = [
    "\t",
    ":",
    ": ",
    "- ",
    "{",
    "}",
    "[",
    "]",
    "#",
    "&a ",
    "*a",
    "!!x ",
    "|",
    ">",
    "'",
    '"',
    "\n",
    "\\",
    "?",
    "@",
    "%",
    "~",
]
ODD = [
    "---",
    "...",
    "\ufeff",
    "\x00",
    "\x85",
    "\u2028",
    "é",
    "客",
    "\U0001f600",
    "\udcff",
    "${env:",
    "null",
    "1e999",
    "[[[[",
]


def true_places(texts: dict[str, str]) -> None:
    for finding in load(texts).findings:
        assert finding.file in texts
        lines = texts[finding.file].replace("\x85", "\n").replace("\u2028", "\n").replace("\u2029", "\n").split("\n")
        assert 1 <= finding.line <= len(lines) + 1
        assert finding.column >= 1
        for language in ("en", "zh"):
            what, then = finding.told(language)
            assert what
            assert then


@settings(max_examples=50, deadline=None)
@given(
    st.sampled_from(sorted(SHOP)),
    st.lists(
        st.tuples(st.integers(0, 2000), st.integers(0, 12), st.sampled_from([*BITS, *ODD, ""])), min_size=1, max_size=3
    ),
)
def test_a_damaged_document_is_told_not_tripped_over(file: str, damage: list[tuple[int, int, str]]) -> None:
    text = SHOP[file]
    for at, cut, put in damage:
        at %= len(text) + 1
        text = text[:at] + put + text[at + cut :]
    true_places({**SHOP, file: text})
    diff(SHOP, {**SHOP, file: text})


@settings(max_examples=30, deadline=None)
@given(
    st.dictionaries(
        st.sampled_from(["mappings/a.yaml", "x.yaml", "roles/r.yaml", "flows/b/c.yml"]), st.text(max_size=60)
    )
)
def test_any_text_at_all_is_told(texts: dict[str, str]) -> None:
    true_places(texts)


@settings(max_examples=30, deadline=None)
@given(
    st.sampled_from(sorted(SHOP)),
    st.integers(0, 60),
    st.sampled_from(
        ["", "[]", "{}", "[{}]", "0", "-1", "1.5", "true", "{a: {b: [c]}}", "[[1], {}]", "'x y'", "9999999999999999999"]
    ),
)
def test_any_value_in_any_place_is_told(file: str, line: int, value: str) -> None:
    lines = SHOP[file].split("\n")
    at = line % len(lines)
    key = lines[at].partition(":")[0]
    lines[at] = f"{key}: {value}"
    true_places({**SHOP, file: "\n".join(lines)})
