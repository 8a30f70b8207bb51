"""Telephone numbers, 统一社会信用代码 and company names: two spellings of one thing are equal, two things are not."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hefu.core.identifiers import (
    USCC_ALPHABET,
    company_key,
    company_name,
    phone,
    phone_as,
    uscc,
    uscc_check,
    uscc_fault,
    uscc_valid,
)


@pytest.mark.parametrize(
    ("said", "form"),
    [
        ("13800138000", "+8613800138000"),
        ("138-0013-8000", "+8613800138000"),
        ("+86 138 0013 8000", "+8613800138000"),
        ("１３８００１３８０００", "+8613800138000"),
        ("(021)5555-1234", "+862155551234"),
        ("021 5555 1234 转 12", "+862155551234;ext=12"),
        ("+1 212 555 0123", "+12125550123"),
        ("400-820-8820", "+864008208820"),
        ("无", None),
        ("12", None),
        ("", None),
    ],
)
def test_phone(said: str, form: str | None) -> None:
    assert phone(said) == form
    if form:
        assert phone(form) == form


@pytest.mark.parametrize(
    ("style", "said"),
    [("digits", "02155551234-12"), ("national", "021 5555 1234 ext. 12"), ("e164", "+862155551234;ext=12")],
)
def test_phone_in_the_style_a_system_wants(style: str, said: str) -> None:
    assert phone_as("+862155551234;ext=12", style) == said  # type: ignore[arg-type]
    assert phone_as("+12125550123", "digits") == "+12125550123"
    assert phone_as("+8613800138000", "digits") == "13800138000"


# Public codes of well-known legal persons.
@pytest.mark.parametrize(
    "code", ["91110000802100433B", "914403001922038216", "91350100M000100Y43", "91440300708461136T"]
)
def test_real_credit_codes_are_valid(code: str) -> None:
    assert uscc_valid(code)


@pytest.mark.parametrize(
    ("code", "fault"),
    [
        ("91350100M000100Y44", "check"),
        ("91350100M000100Y4", "length"),
        ("91350100I000100Y43", "letters"),
        ("", "length"),
    ],
)
def test_wrong_credit_codes_say_why(code: str, fault: str) -> None:
    assert uscc_fault(code) == fault


@given(st.text(USCC_ALPHABET, min_size=17, max_size=17), st.integers(0, 17), st.sampled_from(USCC_ALPHABET))
def test_the_check_digit_finds_every_single_wrong_character(first: str, at: int, other: str) -> None:
    code = first + uscc_check(first)
    assert uscc_valid(code)
    assert uscc(f" {code[:8].lower()}-{code[8:]} ") == code
    wrong = code[:at] + other + code[at + 1 :]
    assert uscc_valid(wrong) == (wrong == code)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("华鑫（苏州）有限公司", "华鑫(苏州)有限公司"),
        ("华鑫【苏州】有限公司", "华鑫 (苏州) 有限 公司"),
        ("ＡＢＣ Trading Co., Ltd.", "abc  trading co.,ltd"),
        ("阿·里巴巴", "阿里巴巴"),
        ("“金龙”餐饮", "金龙餐饮"),
        ("中－日合资", "中-日合资"),
    ],
)
def test_spellings_of_one_company_are_one_key(one: str, other: str) -> None:
    assert company_key(one) == company_key(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("华鑫有限公司", "华鑫股份有限公司"),
        ("华鑫（苏州）有限公司", "华鑫有限公司"),
        ("华鑫公司", "华鑫公司苏州分公司"),
    ],
)
def test_legal_form_and_branch_are_part_of_the_name(one: str, other: str) -> None:
    assert company_key(one) != company_key(other)


@given(st.text(max_size=40))
def test_tidying_twice_changes_nothing(name: str) -> None:
    assert company_name(company_name(name)) == company_name(name)
    assert company_key(company_key(name)) == company_key(name)
    assert company_key(company_name(name)) == company_key(name)
