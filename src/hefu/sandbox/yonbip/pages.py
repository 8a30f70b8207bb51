"""The pages of the imitated YonBIP."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from hefu.sandbox.page import Column, Pages, Tab, Two
from hefu.sandbox.shelf import Kept, ShelfSource
from hefu.sandbox.yonbip.book import LINES, TITLES, Book
from hefu.sandbox.yonbip.words import Wrong, shown

_LISTS: Mapping[str, tuple[str, tuple[tuple[str, str, str], ...], tuple[str, ...], Mapping[str, Two]]] = {
    "merchant": (
        "Customers",
        (
            ("code", "编码", "Code"),
            ("title", "名称", "Name"),
            ("creditCode", "信用代码", "Credit code"),
            ("contactTel", "电话", "Phone"),
            ("stopStatus", "停用", "Stopped"),
            ("pubts", "修改时间", "Modified"),
        ),
        ("contactTel",),
        {"stop": ("停用", "Stop"), "unstop": ("启用", "Use again")},
    ),
    "product": ("Materials", (("code", "编码", "Code"), ("name", "名称", "Name"), ("price", "售价", "Price")), (), {}),
    "order": (
        "Sales orders",
        (
            ("code", "单据编号", "Number"),
            ("vouchdate", "日期", "Date"),
            ("agentId_name", "客户", "Customer"),
            ("payMoney", "含税金额", "Total"),
            ("nextStatus", "状态", "Status"),
            ("memo", "备注", "Note"),
        ),
        ("memo",),
        {
            "submit": ("提交", "Submit"),
            "audit": ("审核", "Approve"),
            "unaudit": ("弃审", "Undo approval"),
            "ship": ("发货出库", "Ship"),
            "close": ("关闭", "Close"),
        },
    ),
    "salesout": (
        "Outbound bills",
        (("code", "单据编号", "Number"), ("vouchdate", "日期", "Date"), ("cust_name", "客户", "Customer")),
        (),
        {"invoice": ("开票", "Invoice")},
    ),
    "invoice": (
        "Invoices",
        (
            ("code", "单据编号", "Number"),
            ("vouchdate", "日期", "Date"),
            ("agentName", "客户", "Customer"),
            ("oriSum", "金额", "Total"),
        ),
        (),
        {},
    ),
    "collection": (
        "Collections",
        (
            ("code", "单据编号", "Number"),
            ("billDate", "日期", "Date"),
            ("customerName", "客户", "Customer"),
            ("oriTaxIncludedAmount", "金额", "Amount"),
        ),
        (),
        {},
    ),
}


def pages(book: Book, as_person: Callable[[str, str | None, dict[str, Any] | None, str], str]) -> Pages:
    """The pages over a book; people's edits go through `as_person`."""

    def row(obj: str, kept: Kept) -> Mapping[str, Any]:
        doc = shown(kept.doc)
        name = doc.get("name")
        title = name["simplifiedName"] if isinstance(name, dict) else name
        lines = doc.get(LINES.get(obj, ""), [])
        return {
            **doc,
            "title": title,
            "lines": [{k: v for k, v in x.items() if not isinstance(v, dict)} for x in lines],
        }

    def edit(obj: str, record_id: str, values: dict[str, str], author: str) -> object:
        return as_person(obj, record_id, dict(values), author)

    def step(obj: str, record_id: str, action: str, author: str) -> object:
        return as_person(obj, record_id, {"action": action}, author)

    tabs = [_tab(obj, *told) for obj, told in _LISTS.items()]
    return Pages(
        ("用友 YonBIP 沙盒", "Yonyou YonBIP sandbox"), "erp", tabs, ShelfSource(book.shelf, row, edit, step, Wrong)
    )


def _tab(
    obj: str,
    title: str,
    columns: tuple[tuple[str, str, str], ...],
    editable: tuple[str, ...],
    actions: Mapping[str, Two],
) -> Tab:
    shown_ = tuple(Column(n, (zh, en), "link" if n == "code" else "text") for n, zh, en in columns)
    fields = tuple(Column(n, (zh, en), "text", n in editable) for n, zh, en in columns)
    return Tab(obj, (TITLES[obj], title), shown_, fields, actions, "code")
