"""The catalogue: every sample of every transform is a test, and what claims to go back does."""

from __future__ import annotations

from contextlib import suppress
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hefu.core.errors import HubError, Unsupported
from hefu.core.transforms import CATALOGUE, Sample, Step, transform
from hefu.core.transforms.words import PARAMETERS
from hefu.core.values import ODD

SAMPLES = [(name, sample) for name, step in CATALOGUE.items() for sample in step.samples]
IDS = [f"{name}-{n}" for n, (name, _) in enumerate(SAMPLES)]


def forward(step: Step, given: Any) -> Any:
    return step.forward(*given) if step.sources() else step.forward(given)


@pytest.mark.parametrize(("name", "sample"), SAMPLES, ids=IDS)
def test_samples(name: str, sample: Sample) -> None:
    if sample.error:
        with pytest.raises(HubError) as error:
            forward(transform(name, sample.params), sample.given)
        assert error.value.code == sample.error
    else:
        assert forward(transform(name, sample.params), sample.given) == sample.gives


@pytest.mark.parametrize(("name", "sample"), SAMPLES, ids=IDS)
def test_what_is_written_back_reads_the_same_again(name: str, sample: Sample) -> None:
    """inward after outward after inward is inward: the claim behind `way_back` "exact" and "same"."""
    if sample.error or sample.gives is None or sample.params.get("default") == sample.gives:
        return  # a default stands for many codes: none of them can be written for it
    step = transform(name, sample.params)
    if step.way_back() != "no":
        assert step.forward(step.back(sample.gives)) == sample.gives


@pytest.mark.parametrize(("name", "sample"), SAMPLES, ids=IDS)
def test_columns_say_what_values_say_or_leave_it_to_them(name: str, sample: Sample) -> None:
    if sample.error:
        return
    step = transform(name, sample.params)
    column, back = step.forward_column(), step.back_column()
    with suppress(*ODD):
        if column is not None:
            assert column([sample.given, sample.given]) == [sample.gives, sample.gives]
        if back is not None:
            assert back([sample.gives]) == [step.back(sample.gives)]


@pytest.mark.parametrize("name", CATALOGUE)
def test_every_transform_is_documented_in_both_languages_and_shown(name: str) -> None:
    step = CATALOGUE[name]
    assert step.en.endswith(".")
    assert step.zh.endswith("。")
    assert any(sample.error is None for sample in step.samples)
    assert all(field.description for field in step.model_fields.values())


def test_every_parameter_is_described_in_chinese_too() -> None:
    parameters = {
        f"{name}.{field.alias or word}" for name, step in CATALOGUE.items() for word, field in step.model_fields.items()
    }
    assert set(PARAMETERS) == parameters


@pytest.mark.parametrize(
    ("name", "params", "code", "nearest"),
    [
        ("trimm", {}, "mapping.no_transform", "trim"),
        ("pad", {"widht": 3}, "mapping.parameter", "-"),
        ("pad", {"width": 3, "fil": "0"}, "mapping.no_parameter", "fill"),
        ("pad", {"width": "wide"}, "mapping.parameter", "-"),
        ("case", {"to": "camel"}, "mapping.parameter", "-"),
        ("date", {"format": "YYYY-QQ"}, "mapping.parameter", "-"),
        ("date", {"format": "MM-dd"}, "mapping.parameter", "-"),
        ("instant", {"format": "yyyy", "zone": "Mars/Olympus"}, "mapping.parameter", "-"),
        ("scale", {"factor": "0"}, "mapping.parameter", "-"),
        ("scale", {"factor": "NaN"}, "mapping.parameter", "-"),
        ("code_list", {"values": {}}, "mapping.parameter", "-"),
    ],
)
def test_a_wrong_word_is_refused_and_the_right_one_named(name: str, params: Any, code: str, nearest: str) -> None:
    with pytest.raises(Unsupported) as error:
        transform(name, params)
    assert (error.value.code, error.value.facts["nearest"]) == (code, nearest)


def test_formats_write_what_they_read() -> None:
    for pattern, said in [
        ("yyyy年M月d日", "2026年1月31日"),
        ("dd/MM/yy", "31/01/26"),
        ("yyyy-MM-dd'T'HH:mm", "2026-01-31T00:00"),
    ]:
        step = transform("date", {"format": pattern})
        assert step.back(step.forward(said)) == said
    step = transform("instant", {"format": "yyyy/M/d h:mm a", "zone": "UTC"})
    assert step.forward("2026/1/31 12:05 AM") == "2026-01-31T00:05:00Z"
    assert step.back("2026-01-31T13:05:00Z") == "2026/1/31 1:05 PM"


NUMBERS = st.decimals(allow_nan=False, allow_infinity=False, min_value=-(10**12), max_value=10**12, places=4)


@settings(max_examples=100, deadline=None)
@given(NUMBERS, st.sampled_from(["0.01", "100", "10000", "0.5"]))
def test_scaling_and_back_is_exact(value: Decimal, factor: str) -> None:
    step = transform("scale", {"factor": factor})
    there = step.forward(format(value, "f"))
    assert Decimal(there) == value * Decimal(factor)
    assert Decimal(step.back(there)) == value


@settings(max_examples=200, deadline=None)
@given(st.sampled_from(sorted(CATALOGUE)), st.text(max_size=20))
def test_odd_text_gives_a_value_or_an_error_that_a_pipe_understands(name: str, value: str) -> None:
    step = transform(name, CATALOGUE[name].samples[0].params)
    others = ["x"] * len(step.sources())
    try:
        result = step.forward(value, *others)
    except ODD:
        return
    assert result is None or isinstance(result, (str, bool, list))
