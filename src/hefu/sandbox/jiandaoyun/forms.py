"""The forms a mid-size firm drew for its CRM: which widgets each has, under which alias, and what their users changed.

A form is data, not code: people rename a widget, set another alias, add one, archive the form. So the forms are kept
on the shelf beside the records, and this file only says how they looked on the first day.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

APP = ("5f1000000000000000000a01", "客户管理")
READ_ONLY = frozenset(("sn", "separator", "signature", "linkquery", "formula"))
SYSTEM = ("flowState", "creator", "updater", "deleter", "createTime", "updateTime", "deleteTime")


class Refused(Exception):
    """The vendor's refusal: HTTP status, code and message. The message is what a client may rely on."""

    def __init__(self, code: int, message: str, status: int = 400) -> None:
        super().__init__(message)
        self.code, self.message, self.status = code, message, status


@dataclass(frozen=True)
class Widget:
    """One widget. `name` never changes; `alias` is what calls use once somebody set one. `to`: a lookup's form."""

    name: str
    alias: str
    label: str
    type: str
    items: tuple[Widget, ...] = ()
    to: str = ""

    @property
    def key(self) -> str:
        """The name under which data calls know it."""
        return self.alias or self.name

    def told(self) -> dict[str, Any]:
        """As widget/list and form_update tell it."""
        told: dict[str, Any] = {"name": self.key, "widgetName": self.name, "label": self.label, "type": self.type}
        if self.type == "subform":
            told["items"] = [w.told() for w in self.items]
        return told


@dataclass(frozen=True)
class Form:
    """One form of the app, as it is now. `key` is our own short name for it, which people at the control may use."""

    key: str
    entry_id: str
    name: str
    widgets: tuple[Widget, ...]
    workflow: bool = False
    archived: bool = False
    hooks: tuple[Mapping[str, Any], ...] = ()

    def widget(self, key: str) -> Widget | None:
        """By alias or by widget id, as data calls may name it; `subform.field` reaches inside."""
        outer, _, inner = key.partition(".")
        found = next((w for w in self.widgets if outer in (w.key, w.name)), None)
        if found is None or not inner:
            return found
        return next((w for w in found.items if inner in (w.key, w.name)), None)

    def document(self) -> dict[str, Any]:
        """For the shelf."""
        return asdict(self) | {"title": self.name}


def form_of(document: Mapping[str, Any]) -> Form:
    """A form from the shelf."""
    given = {name: value for name, value in document.items() if name != "title"}
    return Form(**{**given, "widgets": tuple(map(_widget_of, given["widgets"])), "hooks": tuple(given["hooks"])})


def _widget_of(document: Mapping[str, Any]) -> Widget:
    return Widget(**{**document, "items": tuple(map(_widget_of, document["items"]))})


def redrawn(form: Form, given: Mapping[str, Any]) -> Form:
    """The form after a designer's change.

    name, archived: as they say. alias, label: widget (alias or id) -> its new alias or label. drop: widgets to take
    away. add: widgets {"label", "type", "alias"?}. hook: {"url", "secret", "events"?} to push to, None for nowhere.
    """
    for word in given:
        if word not in ("name", "archived", "alias", "label", "drop", "add", "hook"):
            raise Refused(1, f"a designer cannot change {word!r}: name, archived, alias, label, drop, add or hook")
    changes: dict[str, Any] = {n: given[n] for n in ("name", "archived") if n in given}
    widgets = list(form.widgets)
    for part in ("alias", "label"):
        for key, text in (given.get(part) or {}).items():
            at = _place(form, key)
            old = widgets[at]
            widgets[at] = replace(old, alias=str(text)) if part == "alias" else replace(old, label=str(text))
    gone = {_place(form, key) for key in given.get("drop") or ()}
    widgets = [w for n, w in enumerate(widgets) if n not in gone]
    for each in given.get("add") or ():
        name = f"_widget_{1690000000000 + len(widgets) + len(gone)}"
        widgets.append(Widget(name, each.get("alias", ""), each["label"], each["type"]))
    if "hook" in given:
        changes["hooks"] = (given["hook"],) if given["hook"] else ()
    return replace(form, widgets=tuple(widgets), **changes)


def _place(form: Form, key: str) -> int:
    found = next((n for n, w in enumerate(form.widgets) if key in (w.key, w.name)), None)
    if found is None:
        raise Refused(1, f"no widget {key!r} in {form.name}")
    return found


# ------------------------------------------------------------- the first day


def _drawn(serial: int, *given: tuple[Any, ...]) -> tuple[Widget, ...]:
    """Widgets from (alias, label, type) or (alias, label, type, items or the form a lookup points at)."""
    return tuple(_one(serial * 100 + n, *each) for n, each in enumerate(given, 1))


def _one(number: int, alias: str, label: str, type_: str, more: Any = ()) -> Widget:
    name = f"_widget_{1670000000000 + number}"
    if type_ == "subform":
        items = tuple(_one(number * 100 + n, *each) for n, each in enumerate(more, 1))
        return Widget(name, alias, label, type_, items)
    return Widget(name, alias, label, type_, (), more or "")


_LINES = (
    ("line_no", "行号", "number"),
    ("product", "产品", "lookup", "product"),
    ("product_code", "产品编码", "text"),
    ("product_name", "产品名称", "text"),
    ("", "单位", "combo"),
    ("quantity", "数量", "number"),
    ("unit_price", "单价", "number"),
    ("amount", "金额", "number"),
)

FORMS = (
    Form(
        "customer",
        "5f1000000000000000000b01",
        "客户",
        _drawn(
            1,
            ("", "客户编号", "sn"),
            ("cust_name", "客户名称", "text"),
            ("", "客户简称", "text"),
            ("credit_code", "统一社会信用代码", "text"),
            ("erp_code", "ERP客户编码", "text"),
            ("phone", "电话", "text"),
            ("email", "邮箱", "text"),
            ("website", "网址", "text"),
            ("industry", "所属行业", "combo"),
            ("level", "客户级别", "radiogroup"),
            ("", "客户状态", "combo"),
            ("tags", "客户标签", "checkboxgroup"),
            ("address", "客户地址", "address"),
            ("owner", "负责人", "user"),
            ("since", "建档日期", "datetime"),
            ("credit_limit", "信用额度", "number"),
            ("", "基本信息", "separator"),
            ("licence", "营业执照", "upload"),
            ("remark", "备注", "textarea"),
            ("hub_id", "集成编号", "text"),
        ),
    ),
    Form(
        "contact",
        "5f1000000000000000000b02",
        "联系人",
        _drawn(
            2,
            ("contact_name", "姓名", "text"),
            ("customer", "所属客户", "lookup", "customer"),
            ("mobile", "手机", "phone"),
            ("email", "邮箱", "text"),
            ("title", "职务", "text"),
            ("", "是否首要联系人", "radiogroup"),
            ("hub_id", "集成编号", "text"),
        ),
    ),
    Form(
        "product",
        "5f1000000000000000000b03",
        "产品",
        _drawn(
            3,
            ("product_code", "产品编码", "text"),
            ("product_name", "产品名称", "text"),
            ("spec", "规格型号", "text"),
            ("unit", "单位", "combo"),
            ("category", "产品分类", "combo"),
            ("price", "标准价格", "number"),
            ("", "是否上架", "radiogroup"),
            ("hub_id", "集成编号", "text"),
        ),
    ),
    Form(
        "opportunity",
        "5f1000000000000000000b04",
        "商机",
        _drawn(
            4,
            ("opp_name", "商机名称", "text"),
            ("customer", "客户", "lookup", "customer"),
            ("stage", "商机阶段", "combo"),
            ("amount", "预计金额", "number"),
            ("close_date", "预计成交日期", "datetime"),
            ("owner", "负责人", "user"),
            ("lines", "产品明细", "subform", _LINES),
            ("hub_id", "集成编号", "text"),
        ),
    ),
    Form(
        "contract",
        "5f1000000000000000000b05",
        "合同",
        _drawn(
            5,
            ("contract_no", "合同编号", "text"),
            ("contract_name", "合同名称", "text"),
            ("customer", "客户", "lookup", "customer"),
            ("opportunity", "商机", "lookup", "opportunity"),
            ("amount", "合同金额", "number"),
            ("signed_on", "签订日期", "datetime"),
            ("", "合同状态", "combo"),
            ("owner", "负责人", "user"),
            ("hub_id", "集成编号", "text"),
        ),
        workflow=True,
    ),
    Form(
        "order",
        "5f1000000000000000000b06",
        "销售订单",
        _drawn(
            6,
            ("order_no", "订单编号", "text"),
            ("customer", "客户", "lookup", "customer"),
            ("contract", "合同", "lookup", "contract"),
            ("order_date", "下单日期", "datetime"),
            ("delivery_date", "要求交货日期", "datetime"),
            ("amount", "订单金额", "number"),
            ("order_status", "订单状态", "combo"),
            ("erp_order_no", "ERP订单号", "text"),
            ("erp_status", "ERP状态", "text"),
            ("shipped_amount", "已发货金额", "number"),
            ("invoiced_amount", "已开票金额", "number"),
            ("paid_amount", "已回款金额", "number"),
            ("owner", "负责人", "user"),
            ("lines", "订单明细", "subform", _LINES),
            ("hub_id", "集成编号", "text"),
        ),
    ),
)
TITLES = {
    "customer": "cust_name",
    "contact": "contact_name",
    "product": "product_name",
    "opportunity": "opp_name",
    "contract": "contract_no",
    "order": "order_no",
}


def indexed() -> Iterator[str]:
    """Widgets that are looked up by value often enough to deserve an index: numbers, codes and the hub's own ids."""
    for form in FORMS:
        for widget in form.widgets:
            if widget.alias in ("hub_id", "erp_code", "credit_code", "order_no", "contract_no", "product_code"):
                yield widget.name
