"""Transforms of numbers: notation, rounding, factors and units. All exact decimals."""

from __future__ import annotations

import re
from decimal import ROUND_DOWN, ROUND_HALF_EVEN, ROUND_HALF_UP, ROUND_UP, Context, Decimal
from typing import ClassVar, Literal, Self

from pydantic import Field, model_validator

from hefu.core.errors import Rejected
from hefu.core.records import Normal
from hefu.core.transforms._step import Back, Kind, Sample, Step, listed
from hefu.core.values import Column, decimal_column, decimal_text, half_width, number, plain_text

EXACT = Context(prec=200)
Mode = Literal["half_up", "half_even", "down", "up"]
ROUNDING = {"half_up": ROUND_HALF_UP, "half_even": ROUND_HALF_EVEN, "down": ROUND_DOWN, "up": ROUND_UP}
_MONEY_WORDS = re.compile(r"人民币|CNY|RMB|USD|EUR|HKD|JPY|GBP|元|圆|[¥￥$€£\s\u00a0\u202f]", re.IGNORECASE)


def rounded(value: Decimal, places: int, mode: str) -> Decimal:
    """A number with at most that many decimal places. Raises Rejected for an unknown mode or size."""
    if mode not in ROUNDING or not -20 <= places <= 20:
        raise Rejected("value.rounding", mode=mode, places=places)
    if value.adjusted() > 100:
        raise Rejected("value.digits", value=str(value)[:60], most=100)
    return value.quantize(Decimal(1).scaleb(-places), ROUNDING[mode], EXACT)


class _Notation(Step):
    gives: ClassVar[Kind] = "number"
    group: str = Field(",", max_length=1, description="Character between thousands")
    point: str = Field(".", min_length=1, max_length=1, description="Decimal point")
    places: int | None = Field(
        None, ge=0, le=12, description="Decimal places to write back; default: as many as needed"
    )

    def way_back(self) -> Back:
        return "exact"

    def _read(self, said: str) -> str:
        bare = said.replace(self.group, "") if self.group else said
        if bare.startswith("(") and bare.endswith(")"):
            bare = "-" + bare[1:-1]
        return decimal_text(number(bare if self.point == "." else bare.replace(self.point, ".")))

    def forward(self, value: Normal, *others: Normal) -> Normal:
        return self._read(half_width(plain_text(value)).strip())

    def back(self, value: Normal) -> Normal:
        amount = number(value)
        said = value if self.places is None else format(rounded(amount, self.places, "half_up"), "f")
        return said if self.point == "." else said.replace(".", self.point)


@listed
class Number(_Notation):
    name = "number"
    en = "Read a number written with thousands separators; written back plain, with `places` if given."
    zh = "读取带千分位的数字；写回时不带千分位，可指定小数位数。"
    samples = (
        Sample({}, "1,234.50", "1234.5"),
        Sample({"group": ".", "point": ","}, "1.234,50", "1234.5"),
        Sample({}, "(12)", "-12"),
        Sample({}, "twelve", None, "value.number"),
    )

    def forward_column(self) -> Column | None:
        if self.group != "," or self.point != ".":
            return None
        return lambda column: decimal_column([value.replace(",", "") for value in column])


@listed
class Money(_Notation):
    name = "money"
    en = "Read an amount with currency sign or words; written back as a plain number, with `places` if given."
    zh = "读取带货币符号或“元”的金额；写回为普通数字，可指定小数位数。"
    samples = (Sample({}, "¥1,234.50", "1234.5"), Sample({}, "人民币 ８００ 元", "800"), Sample({}, "USD 12.00", "12"))

    def forward(self, value: Normal, *others: Normal) -> Normal:
        return self._read(_MONEY_WORDS.sub("", half_width(plain_text(value))))


class _Numeric(Step):
    takes: ClassVar[Kind] = "number"
    gives: ClassVar[Kind] = "number"


@listed
class Round(_Numeric):
    name = "round"
    en = "Round to a number of decimal places."
    zh = "按小数位数取整（half_up 四舍五入，half_even 银行家舍入，down 截断，up 进位）。"
    samples = (
        Sample({"places": 2}, "10.005", "10.01"),
        Sample({"places": 2, "mode": "half_even"}, "10.005", "10"),
        Sample({"places": 0, "mode": "down"}, "-1.9", "-1"),
    )
    places: int = Field(2, ge=-12, le=12, description="Decimal places to keep")
    mode: Mode = Field("half_up", description="half_up, half_even, down or up")

    def forward(self, value: Normal, *others: Normal) -> Normal:
        return decimal_text(rounded(number(value), self.places, self.mode))


@listed
class Scale(_Numeric):
    name = "scale"
    en = "Multiply by a factor (0.01 makes 13 % a share, 10000 makes 万元 yuan); divided when written back."
    zh = "乘以系数（0.01 把百分数变为小数，10000 把万元变为元）；写回时相除。"
    samples = (Sample({"factor": "0.01"}, "13", "0.13"), Sample({"factor": 10000}, "1.5", "15000"))
    factor: Decimal = Field(gt=0, allow_inf_nan=False, description="Ours = theirs x factor")
    places: int = Field(12, ge=0, le=12, description="Decimal places to round to when written back")

    def way_back(self) -> Back:
        return "exact"

    def forward(self, value: Normal, *others: Normal) -> Normal:
        return decimal_text(EXACT.multiply(number(value), self.factor))

    def back(self, value: Normal) -> Normal:
        return decimal_text(rounded(EXACT.divide(number(value), self.factor), self.places, "half_up"))


@listed
class Negate(_Numeric):
    name = "negate"
    en = "Change the sign (credits kept as negative amounts)."
    zh = "正负号互换（对方以负数记贷方时）。"
    samples = (Sample({}, "12.5", "-12.5"), Sample({}, "0", "0"))

    def way_back(self) -> Back:
        return "exact"

    def forward(self, value: Normal, *others: Normal) -> Normal:
        return decimal_text(-number(value))

    def back(self, value: Normal) -> Normal:
        return self.forward(value)


UNITS: dict[str, dict[str, Decimal]] = {
    "weight": {
        "mg": Decimal("0.001"),
        "g": Decimal(1),
        "jin": Decimal(500),
        "kg": Decimal(1000),
        "t": Decimal(1_000_000),
        "lb": Decimal("453.59237"),
        "oz": Decimal("28.349523125"),
    },
    "length": {
        "mm": Decimal(1),
        "cm": Decimal(10),
        "m": Decimal(1000),
        "km": Decimal(1_000_000),
        "in": Decimal("25.4"),
        "ft": Decimal("304.8"),
    },
    "area": {"cm2": Decimal(1), "m2": Decimal(10_000), "ha": Decimal(100_000_000)},
    "volume": {"ml": Decimal(1), "l": Decimal(1000), "m3": Decimal(1_000_000)},
    "count": {"pc": Decimal(1), "pair": Decimal(2), "dozen": Decimal(12), "gross": Decimal(144), "k": Decimal(1000)},
    "time": {"s": Decimal(1), "min": Decimal(60), "h": Decimal(3600), "d": Decimal(86400)},
}
"""Kind of unit -> unit -> its size in the first unit of that kind (SI; pound and ounce avoirdupois)."""


@listed
class Unit(_Numeric):
    name = "unit"
    en = "Turn a quantity from the system's unit into ours; turned back when written."
    zh = "把数量从对方的单位换算为我们的单位；写回时换算回去。"
    samples = (
        Sample({"theirs": "g", "ours": "kg"}, "1500", "1.5"),
        Sample({"theirs": "dozen", "ours": "pc"}, "3", "36"),
        Sample({"theirs": "g", "ours": "m"}, "1", None, "mapping.parameter"),
    )
    theirs: str = Field(description="Unit of the system: " + ", ".join(u for kind in UNITS.values() for u in kind))
    ours: str = Field(description="Our unit, of the same kind")
    places: int = Field(12, ge=0, le=12, description="Decimal places to round to")

    @model_validator(mode="after")
    def _one_kind(self) -> Self:
        if not any(self.theirs in units and self.ours in units for units in UNITS.values()):
            raise ValueError(f"'{self.theirs}' cannot be turned into '{self.ours}'")
        return self

    def _sizes(self) -> tuple[Decimal, Decimal]:
        units = next(units for units in UNITS.values() if self.theirs in units and self.ours in units)
        return units[self.theirs], units[self.ours]

    def way_back(self) -> Back:
        return "exact"

    def _turn(self, value: Normal, of: Decimal, into: Decimal) -> str:
        return decimal_text(rounded(EXACT.divide(EXACT.multiply(number(value), of), into), self.places, "half_up"))

    def forward(self, value: Normal, *others: Normal) -> Normal:
        theirs, ours = self._sizes()
        return self._turn(value, theirs, ours)

    def back(self, value: Normal) -> Normal:
        theirs, ours = self._sizes()
        return self._turn(value, ours, theirs)
