"""Transforms of text: spaces, case, width, parts, prefixes."""

from __future__ import annotations

import re
from typing import Literal

from pydantic import Field

from hefu.core.errors import Rejected
from hefu.core.records import Normal
from hefu.core.transforms._step import Back, Sample, Step, listed
from hefu.core.values import Column, clean, full_width, half_width

_SPACES = re.compile(r"\s+")


@listed
class Trim(Step):
    name = "trim"
    en = "Take away spaces (and full-width spaces, tabs, line ends) at the ends."
    zh = "去掉首尾空白（含全角空格、制表符、换行）。"
    samples = (Sample({}, "  华鑫　", "华鑫"), Sample({"side": "left"}, " a ", "a "))
    side: Literal["both", "left", "right"] = Field("both", description="Which end")

    def forward(self, value: Normal, *others: Normal) -> Normal:
        return value.strip() if self.side == "both" else value.lstrip() if self.side == "left" else value.rstrip()

    def forward_column(self) -> Column | None:
        return (lambda column: list(map(str.strip, column))) if self.side == "both" else None


@listed
class Squeeze(Step):
    name = "squeeze"
    en = "Make one space of each run of white space and trim the ends."
    zh = "把连续空白合并为一个空格，并去掉首尾空白。"
    samples = (Sample({}, " ABC   Co.\t Ltd. ", "ABC Co. Ltd."),)

    def forward(self, value: Normal, *others: Normal) -> Normal:
        return _SPACES.sub(" ", value).strip()


@listed
class Clean(Step):
    name = "clean"
    en = "Take away control characters and invisible marks; without it such text is refused."
    zh = "去掉控制字符和不可见字符；不用它时这类文本会被拒收。"
    samples = (Sample({}, "A\x00B\ufeff", "AB"), Sample({}, "行1\r\n行2", "行1\n行2"))

    def forward(self, value: Normal, *others: Normal) -> Normal:
        return clean(value)


@listed
class Case(Step):
    name = "case"
    en = "Write in upper or lower case, or each word with a capital."
    zh = "转换大小写：upper 大写、lower 小写、title 词首大写。"
    samples = (Sample({"to": "upper"}, "ab-1c", "AB-1C"), Sample({"to": "title"}, "o'neil SMITH", "O'neil Smith"))
    to: Literal["upper", "lower", "title"] = Field(description="upper, lower or title")

    def forward(self, value: Normal, *others: Normal) -> Normal:
        if self.to == "title":
            return " ".join(word[:1].upper() + word[1:].lower() for word in value.split(" "))
        return value.upper() if self.to == "upper" else value.lower()

    def forward_column(self) -> Column | None:
        turn = {"upper": str.upper, "lower": str.lower}.get(self.to)
        return (lambda column: list(map(turn, column))) if turn else None


@listed
class Width(Step):
    name = "width"
    en = "Write letters, digits and punctuation in half width (ABC) or full width (ＡＢＣ)."
    zh = "转换全角/半角：half 半角、full 全角。"
    samples = (Sample({}, "ＡＢＣ（１）", "ABC(1)"), Sample({"to": "full"}, "A(1)", "Ａ（１）"))
    to: Literal["half", "full"] = Field("half", description="half or full")

    def forward(self, value: Normal, *others: Normal) -> Normal:
        return half_width(value) if self.to == "half" else full_width(value)


@listed
class Replace(Step):
    name = "replace"
    en = "Replace each occurrence of a text by another."
    zh = "把文本中的每一处指定内容替换为另一内容。"
    samples = (Sample({"old": "-", "new": ""}, "010-6255-1234", "01062551234"),)
    old: str = Field(min_length=1, description="Text to find")
    new: str = Field("", description="Text to put in its place")

    def way_back(self) -> Back:
        return "no" if self.old in self.new else "same"

    def forward(self, value: Normal, *others: Normal) -> Normal:
        return value.replace(self.old, self.new)


@listed
class Digits(Step):
    name = "digits"
    en = "Keep the digits 0-9 only."
    zh = "只保留数字 0-9。"
    samples = (Sample({}, "No. １2-34", "1234"),)

    def forward(self, value: Normal, *others: Normal) -> Normal:
        return "".join(c for c in half_width(value) if "0" <= c <= "9")


@listed
class Cut(Step):
    name = "cut"
    en = "Keep the first characters only."
    zh = "只保留前若干个字符。"
    samples = (Sample({"length": 3}, "abcdef", "abc"),)
    length: int = Field(ge=1, description="Most characters to keep")

    def way_back(self) -> Back:
        return "no"

    def forward(self, value: Normal, *others: Normal) -> Normal:
        return value[: self.length]


@listed
class Part(Step):
    name = "part"
    en = "Split at a separator and keep one part, counted from 1 (from the end: -1). A missing part is blank."
    zh = "按分隔符拆开，取第几段（从 1 数起，-1 为最后一段）；没有该段时为空。"
    samples = (
        Sample({"separator": "/", "index": 2}, "江苏/苏州/园区", "苏州"),
        Sample({"separator": "/", "index": -1}, "江苏/苏州", "苏州"),
        Sample({"separator": "/", "index": 3}, "江苏", None),
    )
    separator: str = Field(min_length=1, description="Where to split")
    index: int = Field(description="Which part: 1 is the first, -1 the last")

    def way_back(self) -> Back:
        return "no"

    def forward(self, value: Normal, *others: Normal) -> Normal:
        parts = value.split(self.separator)
        at = self.index - 1 if self.index > 0 else len(parts) + self.index
        return parts[at].strip() if 0 <= at < len(parts) else None


class _Affix(Step):
    text: str = Field(min_length=1, description="The text at that end")

    def way_back(self) -> Back:
        return "exact"


@listed
class Prefix(_Affix):
    name = "prefix"
    en = "Put a text in front; written back without it."
    zh = "在前面加上文本；写回时去掉。"
    samples = (Sample({"text": "CRM-"}, "17", "CRM-17"),)

    def forward(self, value: Normal, *others: Normal) -> Normal:
        return self.text + value

    def back(self, value: Normal) -> Normal:
        return value.removeprefix(self.text)


@listed
class StripPrefix(_Affix):
    name = "strip_prefix"
    en = "Take a text away in front; written back with it. Text that does not start so is refused."
    zh = "去掉前缀；写回时加上。不以该前缀开头的值会被拒收。"
    samples = (Sample({"text": "KH"}, "KH0017", "0017"), Sample({"text": "KH"}, "0017", None, "value.prefix"))

    def forward(self, value: Normal, *others: Normal) -> Normal:
        if not value.startswith(self.text):
            raise Rejected("value.prefix", value=value[:60], prefix=self.text)
        return value[len(self.text) :]

    def back(self, value: Normal) -> Normal:
        return self.text + value


@listed
class Suffix(_Affix):
    name = "suffix"
    en = "Put a text behind; written back without it."
    zh = "在后面加上文本；写回时去掉。"
    samples = (Sample({"text": "@example.cn"}, "li", "li@example.cn"),)

    def forward(self, value: Normal, *others: Normal) -> Normal:
        return value + self.text

    def back(self, value: Normal) -> Normal:
        return value.removesuffix(self.text)


@listed
class StripSuffix(_Affix):
    name = "strip_suffix"
    en = "Take a text away behind; written back with it. Text that does not end so is refused."
    zh = "去掉后缀；写回时加上。不以该后缀结尾的值会被拒收。"
    samples = (Sample({"text": "市"}, "苏州市", "苏州"), Sample({"text": "市"}, "苏州", None, "value.suffix"))

    def forward(self, value: Normal, *others: Normal) -> Normal:
        if not value.endswith(self.text):
            raise Rejected("value.suffix", value=value[:60], suffix=self.text)
        return value[: -len(self.text)]

    def back(self, value: Normal) -> Normal:
        return value + self.text


class _Padding(Step):
    width: int = Field(ge=1, le=200, description="Characters of the padded text")
    fill: str = Field("0", min_length=1, max_length=1, description="The character to fill with")
    side: Literal["left", "right"] = Field("left", description="Where to fill")

    def _pad(self, value: str) -> str:
        return value.rjust(self.width, self.fill) if self.side == "left" else value.ljust(self.width, self.fill)

    def _strip(self, value: str) -> str:
        stripped = value.lstrip(self.fill) if self.side == "left" else value.rstrip(self.fill)
        return stripped or value[:1]

    def way_back(self) -> Back:
        return "exact"


@listed
class Pad(_Padding):
    name = "pad"
    en = "Fill up to a width (17 becomes 0017); written back without the filling."
    zh = "补齐到固定长度（17 变为 0017）；写回时去掉补位。"
    samples = (Sample({"width": 4}, "17", "0017"), Sample({"width": 4, "fill": ".", "side": "right"}, "a", "a..."))

    def forward(self, value: Normal, *others: Normal) -> Normal:
        return self._pad(value)

    def back(self, value: Normal) -> Normal:
        return self._strip(value)


@listed
class Unpad(_Padding):
    name = "unpad"
    en = "Take the filling away (SAP's 0000001017 becomes 1017); written back filled up to the width."
    zh = "去掉补位（SAP 的 0000001017 变为 1017）；写回时补齐到固定长度。"
    samples = (Sample({"width": 10}, "0000001017", "1017"), Sample({"width": 4}, "0000", "0"))

    def forward(self, value: Normal, *others: Normal) -> Normal:
        return self._strip(value)

    def back(self, value: Normal) -> Normal:
        return self._pad(value)
