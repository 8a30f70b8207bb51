"""Transforms of what identifies business partners: telephone, credit code, company name."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from hefu.core.errors import Rejected
from hefu.core.identifiers import company_key, company_name, phone, phone_as, uscc, uscc_fault
from hefu.core.records import Normal
from hefu.core.transforms._step import Back, Sample, Step, listed

_REASON = {"length": "18", "letters": "0-9 A-Z, no I O S V Z", "check": "check digit"}


@listed
class Phone(Step):
    name = "phone"
    en = "A telephone number in its normal form +8613800138000; written back in the style the system wants."
    zh = "把电话号码变为标准形式 +8613800138000；写回时用对方要求的写法。"
    samples = (
        Sample({}, "138 0013-8000", "+8613800138000"),
        Sample({}, "（021）5555-1234 转 12", "+862155551234;ext=12"),
        Sample({"region": "US"}, "(212) 555-0123", "+12125550123"),
        Sample({}, "无", None, "value.phone"),
        Sample({"strict": False}, "暂无", "暂无"),
    )
    region: str = Field("CN", pattern="^[A-Z]{2}$", description="Country (ISO 3166) of numbers without a country code")
    style: Literal["e164", "national", "digits"] = Field(
        "e164", description="How it is written back: e164 +862155551234, national 021 5555 1234, digits 02155551234"
    )
    strict: bool = Field(True, description="Refuse what cannot be a number; else it passes as it is")

    def way_back(self) -> Back:
        return "same" if self.style == "e164" else "exact"

    def forward(self, value: Normal, *others: Normal) -> Normal:
        found = phone(value, self.region)
        if found is None and self.strict:
            raise Rejected("value.phone", value=value[:60], region=self.region)
        return found or value

    def back(self, value: Normal) -> Normal:
        return phone_as(value, self.style, self.region)


@listed
class Uscc(Step):
    name = "uscc"
    en = "A unified social credit code: half width, upper case, its check digit tested (GB 32100)."
    zh = "统一社会信用代码：半角、大写，并核对校验位（GB 32100）。"
    samples = (
        Sample({}, " 91350100m000100y43 ", "91350100M000100Y43"),
        Sample({}, "91350100M000100Y44", None, "value.uscc"),
        Sample({"strict": False}, "91350100m000100y44", "91350100M000100Y44"),
    )
    strict: bool = Field(True, description="Refuse a code whose length, letters or check digit are wrong")

    def forward(self, value: Normal, *others: Normal) -> Normal:
        code = uscc(value)
        fault = uscc_fault(code)
        if fault and self.strict:
            raise Rejected("value.uscc", value=code[:60], reason=_REASON[fault])
        return code


@listed
class CompanyName(Step):
    name = "company_name"
    en = "Tidy a company name: one width for letters, digits and brackets, no stray spaces. The legal form stays."
    zh = "整理公司名称：统一全角/半角与括号，去掉多余空格；保留“有限公司”等组织形式。"
    samples = (
        Sample({}, "华鑫（苏州）  科技 有限公司", "华鑫(苏州)科技有限公司"),
        Sample({}, "ABC  Ｔrading Co., Ltd.", "ABC Trading Co., Ltd."),
        Sample({"key": True}, "ABC Trading Co., Ltd.", "abctradingco.,ltd"),
    )
    key: bool = Field(False, description="Make the key for comparing names: no spaces, no case")

    def way_back(self) -> Back:
        return "no" if self.key else "same"

    def forward(self, value: Normal, *others: Normal) -> Normal:
        return company_key(value) if self.key else company_name(value)
