"""Transforms of codes, truth values, placeholders and values from several fields."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

from hefu.core.errors import Rejected
from hefu.core.records import Normal
from hefu.core.transforms._step import Back, Kind, Sample, Step, listed
from hefu.core.values import Column, boolean, plain_text


@listed
class CodeList(Step):
    name = "code_list"
    en = "Translate the system's codes into ours. Written back by the first code that has our value."
    zh = "把对方系统的代码换成我们的代码；写回时取对应的第一个代码。"
    samples = (
        Sample({"values": {"A": "gold", "B": "silver"}}, "B", "silver"),
        Sample({"values": {"A": "gold"}}, "Z", None, "value.code"),
        Sample({"values": {"A": "gold"}, "default": "other"}, "Z", "other"),
    )
    values: dict[str, str] = Field(min_length=1, description="The system's code -> ours")
    default: str | None = Field(None, description="Ours for a code that is not listed; else such a code is refused")

    def way_back(self) -> Back:
        return "exact"

    def forward(self, value: Normal, *others: Normal) -> Normal:
        found = self.values.get(value, self.default)
        if found is None:
            raise Rejected("value.code", value=str(value)[:60], known=", ".join([*self.values][:20]))
        return found

    def forward_column(self) -> Column | None:
        table = self.values
        return lambda column: [table[value] for value in column]

    def back(self, value: Normal) -> Normal:
        said = plain_text(value)
        for theirs, ours in self.values.items():
            if ours == said:
                return theirs
        raise Rejected("value.code", value=said[:60], known=", ".join([*self.values.values()][:20]))

    def back_column(self) -> Column | None:
        table = {ours: theirs for theirs, ours in reversed(self.values.items())}
        return lambda column: [table[value] for value in column]


@listed
class Bool(Step):
    name = "bool"
    gives: ClassVar[Kind] = "boolean"
    en = "Read yes and no in the system's own words; written back as the first word of each."
    zh = "按对方系统的用词读取是/否；写回时用各自的第一个词。"
    samples = (
        Sample({"yes": ["启用", "Y"], "no": ["停用", "N"]}, "Y", True),
        Sample({"yes": ["C"], "no": ["A", "B"]}, "B", False),
        Sample({"yes": ["1"], "no": ["0"]}, "2", None, "value.boolean"),
    )
    yes: list[str] = Field(min_length=1, description="Words for yes; the first is written")
    no: list[str] = Field(min_length=1, description="Words for no; the first is written")

    def way_back(self) -> Back:
        return "exact"

    def forward(self, value: Normal, *others: Normal) -> Normal:
        if value in self.yes:
            return True
        if value in self.no:
            return False
        raise Rejected("value.boolean", value=str(value)[:60])

    def back(self, value: Normal) -> Normal:
        return self.yes[0] if value in (True, "true") else self.no[0]


@listed
class Not(Step):
    name = "not"
    takes: ClassVar[Kind] = "boolean"
    gives: ClassVar[Kind] = "boolean"
    en = "Turn yes into no (a field 'disabled' against our 'active')."
    zh = "是与否互换（对方的“停用”对应我们的“启用”）。"
    samples = (Sample({}, True, False), Sample({}, "0", True))

    def way_back(self) -> Back:
        return "exact"

    def forward(self, value: Normal, *others: Normal) -> Normal:
        return not boolean(value)

    def back(self, value: Normal) -> Normal:
        return self.forward(value)


@listed
class NullIf(Step):
    name = "null_if"
    en = "Take placeholders such as '-' or 'N/A' for a blank."
    zh = "把“-”“无”等占位内容视为空。"
    samples = (Sample({"values": ["-", "无"]}, "无", None), Sample({"values": ["-"]}, "a-b", "a-b"))
    values: list[str] = Field(min_length=1, description="Texts that mean: no value")

    def forward(self, value: Normal, *others: Normal) -> Normal:
        return None if value in self.values else value


@listed
class Default(Step):
    name = "default"
    takes: ClassVar[Kind] = "any"
    gives: ClassVar[Kind] = "any"
    sees_blank: ClassVar[bool] = True
    en = "Put a value where there is none. A field that was not sent at all stays away."
    zh = "为空时给一个默认值；完全没有传来的字段不受影响。"
    samples = (Sample({"value": "CNY"}, None, "CNY"), Sample({"value": "CNY"}, "USD", "USD"))
    value: str | bool = Field(description="The value to use, in normal form")

    def forward(self, value: Normal, *others: Normal) -> Normal:
        return self.value if value is None or value == "" else value


@listed
class Constant(Step):
    name = "constant"
    takes: ClassVar[Kind] = "any"
    gives: ClassVar[Kind] = "any"
    sees_blank: ClassVar[bool] = True
    en = "Always this value, whatever the system holds."
    zh = "固定值，与对方系统的内容无关。"
    samples = (Sample({"value": "crm"}, "x", "crm"), Sample({"value": "crm"}, None, "crm"))
    value: str | bool = Field(description="The value, in normal form")

    def way_back(self) -> Back:
        return "no"

    def forward(self, value: Normal, *others: Normal) -> Normal:
        return self.value


class _Several(Step):
    """A step that looks at further fields of the record."""

    takes: ClassVar[Kind] = "any"
    sees_blank: ClassVar[bool] = True

    def way_back(self) -> Back:
        return "no"


@listed
class First(_Several):
    name = "first"
    gives: ClassVar[Kind] = "any"
    en = "The first that is not blank: this field, else the named ones in turn."
    zh = "取第一个不为空的值：先本字段，再依次取所列字段。"
    samples = (Sample({"of": ["tel"]}, [None, "021-1"], "021-1"), Sample({"of": ["tel"]}, ["138", "021-1"], "138"))
    of: list[str] = Field(min_length=1, description="Paths of the further fields")

    def sources(self) -> tuple[str, ...]:
        return tuple(self.of)

    def forward(self, value: Normal, *others: Normal) -> Normal:
        return next((v for v in (value, *others) if v is not None and v != ""), None)


@listed
class Concat(_Several):
    name = "concat"
    en = "This field and the named ones put together; blanks are left out."
    zh = "把本字段与所列字段连接起来，空值略过。"
    samples = (
        Sample({"with": ["city", "street"]}, ["江苏", "苏州", "园区路1号"], "江苏苏州园区路1号"),
        Sample({"with": ["last"], "separator": " "}, ["Ada", None], "Ada"),
    )
    others: list[str] = Field(min_length=1, alias="with", description="Paths of the further fields")
    separator: str = Field("", description="Text between the parts")

    def sources(self) -> tuple[str, ...]:
        return tuple(self.others)

    def forward(self, value: Normal, *others: Normal) -> Normal:
        return self.separator.join(plain_text(v) for v in (value, *others) if v is not None and v != "") or None


@listed
class Split(Step):
    name = "split"
    gives: ClassVar[Kind] = "lines"
    en = "Take a text apart into lines of one field each; written back joined."
    zh = "把文本按分隔符拆成多行，每行一个字段；写回时再连接起来。"
    samples = (Sample({"separator": ";", "field": "tag"}, "a; b", [{"tag": "a"}, {"tag": "b"}]),)
    separator: str = Field(";", min_length=1, description="Where to split")
    field: str = Field("value", description="The field of each line")

    def way_back(self) -> Back:
        return "exact"

    def forward(self, value: Normal, *others: Normal) -> Normal:
        return [{self.field: part.strip()} for part in value.split(self.separator) if part.strip()]

    def back(self, value: Normal) -> Normal:
        return self.separator.join(plain_text(line[self.field]) for line in value if line.get(self.field) is not None)


@listed
class Join(Step):
    name = "join"
    takes: ClassVar[Kind] = "lines"
    en = "Put one field of all lines together into a text; written back split."
    zh = "把多行中的一个字段连接成文本；写回时再拆开。"
    samples = (Sample({"separator": ";", "field": "tag"}, [{"tag": "a"}, {"tag": "b"}], "a;b"),)
    separator: str = Field(";", min_length=1, description="Text between the parts")
    field: str = Field("value", description="The field of each line")

    def way_back(self) -> Back:
        return "exact"

    def forward(self, value: Normal, *others: Normal) -> Normal:
        if not isinstance(value, list):
            raise Rejected("value.type", value=str(value)[:60], type="lines")
        parts = [plain_text(line[self.field]) for line in value if line.get(self.field) is not None]
        return self.separator.join(parts) or None

    def back(self, value: Normal) -> Normal:
        return [{self.field: part} for part in plain_text(value).split(self.separator)]
