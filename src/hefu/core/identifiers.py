"""What identifies a business partner in writing: telephone number, 统一社会信用代码, company name.

Each has a normal form under which two spellings of one thing are equal.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from typing import Literal

PhoneStyle = Literal["e164", "national", "digits"]

# ------------------------------------------------------------------- telephone numbers

_MOBILE = re.compile(r"1[3-9]\d{9}", re.ASCII)
_EXTENSION = re.compile(r";ext=(\d+)")


@lru_cache(maxsize=65_536)
def phone(value: str, region: str = "CN") -> str | None:
    """A telephone number as "+8613800138000" or "+862155551234;ext=12", or None if it cannot be one.

    `region` (ISO 3166) is where a number without a country code is dialled. Chinese mobiles take a short way;
    the rest is Google's libphonenumber.
    """
    text = unicodedata.normalize("NFKC", value).strip()
    bare = text.translate(_PUNCTUATION)
    if region == "CN" and _MOBILE.fullmatch(bare.removeprefix("+86")):
        return "+86" + bare.removeprefix("+86")
    import phonenumbers

    try:
        parsed = phonenumbers.parse(text.replace("转", " ext "), region)
    except phonenumbers.NumberParseException:
        return None
    if not phonenumbers.is_possible_number(parsed):
        return None
    number = phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164)
    return f"{number};ext={parsed.extension}" if parsed.extension else str(number)


_PUNCTUATION = {ord(c): None for c in " -().\u00a0\u2010\u2011\u2012\u2013\u2014/"}


@lru_cache(maxsize=65_536)
def phone_as(value: str, style: PhoneStyle, region: str = "CN") -> str:
    """A normal number in the style a system wants: "e164", "national" (021-5555 1234) or "digits" (02155551234)."""
    if style == "e164":
        return value
    if region == "CN" and style == "digits" and _MOBILE.fullmatch(value.removeprefix("+86")):
        return value.removeprefix("+86")
    import phonenumbers

    try:
        parsed = phonenumbers.parse(_EXTENSION.sub(r" ext \1", value), region)
    except phonenumbers.NumberParseException:
        return value
    if parsed.country_code != phonenumbers.country_code_for_region(region):
        return value
    shown = phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.NATIONAL)
    if style == "national":
        return str(shown)
    extension = f"-{parsed.extension}" if parsed.extension else ""
    return "".join(c for c in shown.split(" ext")[0] if c.isdigit()) + extension


# -------------------------------------------------------------------- 统一社会信用代码

USCC_ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"
"""GB 32100-2015, 4.2: ten digits and the letters without I, O, S, V, Z."""

_VALUE = {letter: value for value, letter in enumerate(USCC_ALPHABET)}
_WEIGHTS = tuple(pow(3, place, 31) for place in range(17))


def uscc_check(first: str) -> str:
    """The check digit of the first 17 characters (GB 32100-2015: weights 3^i mod 31, 31 - sum mod 31)."""
    total = sum(_VALUE[letter] * weight for letter, weight in zip(first, _WEIGHTS, strict=True))
    return USCC_ALPHABET[-total % 31]


def uscc(value: str) -> str:
    """A credit code as it is compared: half width, upper case, no spaces or hyphens."""
    return re.sub(r"[\s\-]", "", unicodedata.normalize("NFKC", value)).upper()


UsccFault = Literal["", "length", "letters", "check"]


def uscc_fault(value: str) -> UsccFault:
    """Why this is no valid credit code: "length" (18), "letters" (I, O, S, V, Z ...), "check"; "" if it is one."""
    if len(value) != 18:
        return "length"
    if any(letter not in _VALUE for letter in value):
        return "letters"
    return "" if uscc_check(value[:17]) == value[17] else "check"


def uscc_valid(value: str) -> bool:
    """Is this, as written, a 统一社会信用代码 with the right check digit?"""
    return uscc_fault(value) == ""


# ------------------------------------------------------------------------ company names

_BRACKETS = str.maketrans("（）［］【】〔〕｛｝〈〉《》「」", "()()()()()()()()")
_DASHES = re.compile("[\u2010-\u2015\u2212\ufe58\ufe63\uff0d]")
_DOTS = re.compile("[·•・‧∙]")
_QUOTES = re.compile("[\"'`´‘’“”′″＂＇｀]")
_SPACE = re.compile(r"\s+")


def company_name(value: str) -> str:
    """A company name tidied for display: one width for Latin letters, digits and brackets, single spaces."""
    text = unicodedata.normalize("NFKC", _QUOTES.sub("'", value))
    text = _DASHES.sub("-", text.translate(_BRACKETS))
    text = re.sub(r"(?<=[^\x00-\x7f]) +| +(?=[^\x00-\x7f])", "", _SPACE.sub(" ", text))
    return unicodedata.normalize("NFKC", text).strip()


def company_key(value: str) -> str:
    """A company name for comparison: width, brackets, quotes, dots, spaces and case do not count.

    The legal form does: 华鑫有限公司 and 华鑫股份有限公司 are two companies.
    """
    text = _QUOTES.sub("", _DOTS.sub("", company_name(value)))
    return company_name(_SPACE.sub("", text).casefold()).rstrip(".。,，")
