"""What a form of the imitated Kingdee is: keys, labels, kinds, parts; for queries, writes and metadata alike.

The spelling of keys is irregular on purpose, as it is at the vendor's: FCustId on an order, FCustomerID on a shipment.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property


@dataclass(frozen=True)
class Field:
    """One field. kind: text, int, qty, price, money, rate, date, datetime, bool, combo or ref (to the form `ref`).

    given: whether a Save may set it. options: the values of a combo with their labels. slot: the key under which it is
    kept, where a tenant spells it otherwise.
    """

    key: str
    label: str
    kind: str = "text"
    ref: str = ""
    must: bool = False
    given: bool = True
    size: int = 0
    default: object = None
    options: Mapping[str, str] | None = None
    slot: str = ""

    @property
    def at(self) -> str:
        """Where a record keeps it."""
        return self.slot or self.key

    @property
    def property(self) -> str:
        """Its name in the model, as View shows it."""
        return self.key[1:] if self.key.startswith("F") else self.key


@dataclass(frozen=True)
class Part:
    """A part of a form below its head: an entry with rows, or a sub-head of which there is one.

    hidden: only View shows it; a query for its fields fails, as with most tabs of base data.
    """

    key: str
    label: str
    table: str
    fields: tuple[Field, ...]
    rows: bool = True
    model: str = ""
    pk: str = "FEntryID"
    hidden: bool = False

    @property
    def name(self) -> str:
        """Its name in the model, as View shows it."""
        return self.model or self.key[1:]


@dataclass(frozen=True)
class Form:
    """A form: base data or a bill.

    number: the key of its code or bill number. org: the key of the organisation that owns the bill or uses the data.
    prefix: of the numbers it gives by itself; digits: how many digits follow.
    life: whether it has a document status. write: False for what the API only reads.
    """

    id: str
    title: str
    table: str
    head: tuple[Field, ...]
    parts: tuple[Part, ...] = ()
    pk: str = "FID"
    number: str = "FNumber"
    org: str = ""
    prefix: str = ""
    digits: int = 6
    base: bool = False
    life: bool = True
    write: bool = True

    @cached_property
    def single(self) -> dict[str, Field]:
        """Fields of which a record has one: of the head and of the sub-heads."""
        return {f.key: f for f in (*self.head, *(f for p in self.parts if not p.rows for f in p.fields))}

    @cached_property
    def entries(self) -> dict[str, Part]:
        """The parts with rows."""
        return {p.key: p for p in self.parts if p.rows}

    @cached_property
    def in_rows(self) -> dict[str, tuple[Part, Field]]:
        """Fields of entries by key; of two alike the first entry has it."""
        found: dict[str, tuple[Part, Field]] = {}
        for part in self.entries.values():
            if part.hidden:
                continue
            for field in part.fields:
                found.setdefault(field.key, (part, field))
        return found

    def renamed(self, names: Mapping[str, str]) -> Form:
        """The same form with other spellings of some keys, as another tenant has it."""

        def named(fields: tuple[Field, ...]) -> tuple[Field, ...]:
            return tuple(replace(f, key=names[f.key], slot=f.at) if f.key in names else f for f in fields)

        return replace(self, head=named(self.head), parts=tuple(replace(p, fields=named(p.fields)) for p in self.parts))


STATUS = {"Z": "暂存", "A": "创建", "B": "审核中", "C": "已审核", "D": "重新审核"}
FORBID = {"A": "否", "B": "是"}
CLOSE = {"A": "未关闭", "B": "已关闭"}
CANCEL = {"A": "未作废", "B": "已作废"}
ROW = {"A": "正常", "B": "业务关闭"}


def text(key: str, label: str, size: int = 100, *, must: bool = False, given: bool = True) -> Field:
    """A text field."""
    return Field(key, label, "text", must=must, size=size, given=given, default="")


def ref(key: str, label: str, form: str, *, must: bool = False, given: bool = True) -> Field:
    """A reference to base data."""
    return Field(key, label, "ref", form, must=must, given=given)


def number(key: str, label: str, kind: str = "money", *, given: bool = True, must: bool = False) -> Field:
    """A decimal: qty, price, money or rate."""
    return Field(key, label, kind, given=given, must=must, default="0")


def day(key: str, label: str, *, must: bool = False) -> Field:
    """A date."""
    return Field(key, label, "date", must=must)


def moment(key: str, label: str) -> Field:
    """A stamp that the system sets."""
    return Field(key, label, "datetime", given=False)


def combo(key: str, label: str, options: Mapping[str, str], default: str = "A", *, given: bool = False) -> Field:
    """One of a list."""
    return Field(key, label, "combo", options=options, default=default, given=given)


def flag(key: str, label: str, *, default: bool = False) -> Field:
    """Yes or no."""
    return Field(key, label, "bool", default=default)


def whole(key: str, label: str, *, given: bool = True) -> Field:
    """A whole number."""
    return Field(key, label, "int", default=0, given=given)


def stamps(approved: str = "FApproveDate") -> tuple[Field, ...]:
    """Who made, changed and approved it, and when."""
    return (
        combo("FDocumentStatus", "数据状态", STATUS, "Z"),
        ref("FCreatorId", "创建人", "SEC_User", given=False),
        moment("FCreateDate", "创建日期"),
        ref("FModifierId", "修改人", "SEC_User", given=False),
        moment("FModifyDate", "修改日期"),
        ref("FApproverId", "审核人", "SEC_User", given=False),
        moment(approved, "审核日期"),
    )


def base(
    id_: str, title: str, table: str, *more: Field, pk: str = "FID", prefix: str = "", parts: tuple[Part, ...] = ()
) -> Form:
    """Base data that each organisation has its own copy of once it is allocated (分配型)."""
    head = (
        text("FNumber", "编码", 80),
        text("FName", "名称", 255, must=True),
        ref("FCreateOrgId", "创建组织", "ORG_Organizations", must=True),
        ref("FUseOrgId", "使用组织", "ORG_Organizations", must=True),
        *more,
        combo("FForbidStatus", "禁用状态", FORBID),
        *stamps(),
    )
    return Form(id_, title, table, head, parts, pk=pk, org="FUseOrgId", prefix=prefix, digits=4, base=True)


def listed(id_: str, title: str, table: str, *more: Field, pk: str = "FID") -> Form:
    """A small list that all organisations share and the API only reads; most have no modification date."""
    head = (
        text("FNumber", "编码", 80),
        text("FName", "名称", 255),
        *more,
        combo("FDocumentStatus", "数据状态", STATUS, "C"),
    )
    return Form(id_, title, table, head, pk=pk, base=True, life=False, write=False)
