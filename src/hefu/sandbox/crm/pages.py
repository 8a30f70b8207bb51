"""What the sandbox CRM's web pages show, and what a person may change there."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from hefu.sandbox.crm.book import CrmBook
from hefu.sandbox.crm.fields import ADDRESS, Refusal
from hefu.sandbox.page import Column, Source, Tab


def _flat(doc: Mapping[str, Any]) -> dict[str, Any]:
    row = dict(doc)
    address = doc.get("billingAddress")
    if isinstance(address, dict):
        row |= {part: address.get(part, "") for part in ADDRESS}
        row["address"] = "".join(address.get(p, "") for p in ("province", "city", "district", "street"))
    return row


class CrmSource(Source):
    """The pages' view of the book: people's edits go through it."""

    def __init__(self, book: CrmBook) -> None:
        self.book = book

    def find(self, obj: str, words: str, offset: int, limit: int) -> tuple[int, Sequence[Mapping[str, Any]]]:
        total, docs = self.book.find(obj, words, offset, limit)
        return total, [_flat(doc) for doc in docs]

    def one(self, obj: str, record_id: str) -> Mapping[str, Any] | None:
        try:
            return _flat(self.book.get(obj, record_id))
        except Refusal:
            return None

    def save(self, obj: str, record_id: str, values: dict[str, str], author: str) -> str:
        parts = {name: values.pop(name) for name in ADDRESS if name in values}
        given: dict[str, Any] = {**values, **({"billingAddress": parts} if parts else {})}
        return self._try(lambda: self.book.update(obj, record_id, given, author, "person"))

    def act(self, obj: str, record_id: str, action: str, author: str) -> str:
        return self._try(lambda: self.book.update(obj, record_id, {"stage": action}, author, "person"))

    def recent(self) -> Sequence[Mapping[str, Any]]:
        return self.book.changes(12)

    def _try(self, change: Callable[[], object]) -> str:
        try:
            change()
        except Refusal as refusal:
            return refusal.message
        return ""


_STATE = (Column("updatedAt", ("修改时间", "Updated"), "code"), Column("updatedBy", ("修改人", "By")))
TABS = (
    Tab(
        "accounts",
        ("客户", "Accounts"),
        (
            Column("name", ("客户名称", "Name"), "link"),
            Column("creditCode", ("统一社会信用代码", "Credit code"), "code"),
            Column("erpCode", ("ERP 编码", "ERP code"), "code"),
            Column("phone", ("电话", "Phone"), editable=True),
            Column("city", ("城市", "City")),
            *_STATE,
        ),
        (
            Column("name", ("客户名称", "Name"), editable=True),
            Column("phone", ("电话", "Phone"), editable=True),
            Column("email", ("邮箱", "E-mail"), editable=True),
            Column("city", ("城市", "City"), editable=True),
            Column("street", ("街道地址", "Street"), editable=True),
            Column("stage", ("阶段", "Stage"), editable=True, choices=("prospect", "customer", "lost")),
            Column("creditCode", ("统一社会信用代码", "Credit code"), "code"),
            Column("erpCode", ("ERP 编码", "ERP code"), "code"),
            Column("ownerName", ("负责人", "Owner")),
            *_STATE,
        ),
    ),
    Tab(
        "opportunities",
        ("商机", "Opportunities"),
        (
            Column("name", ("商机", "Opportunity"), "link"),
            Column("stage", ("阶段", "Stage")),
            Column("amount", ("金额", "Amount"), "number"),
            Column("orderNo", ("订单号", "Order"), "code"),
            Column("orderStatus", ("订单状态", "Order status")),
            Column("closeDate", ("成交日期", "Close date"), "code"),
        ),
        (
            Column("name", ("商机", "Opportunity"), editable=True),
            Column("accountId", ("客户", "Account"), "code"),
            Column("stage", ("阶段", "Stage")),
            Column("amount", ("金额", "Amount")),
            Column("orderNo", ("订单号", "Order"), "code"),
            Column("orderStatus", ("订单状态", "Order status")),
            *_STATE,
        ),
        {"won": ("赢单", "Mark as won"), "lost": ("输单", "Mark as lost")},
    ),
    Tab(
        "products",
        ("产品", "Products"),
        (
            Column("code", ("产品编码", "Code"), "link"),
            Column("name", ("产品名称", "Name")),
            Column("spec", ("规格", "Specification")),
            Column("unit", ("单位", "Unit")),
            Column("listPrice", ("价格", "List price"), "number"),
        ),
        (Column("name", ("产品名称", "Name"), editable=True), Column("listPrice", ("价格", "List price")), *_STATE),
    ),
)
