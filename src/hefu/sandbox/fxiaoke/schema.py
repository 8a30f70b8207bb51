"""The objects of the tenant: preset ones end in Obj, the tenant's own in __c, and so do the fields it added."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

Two = tuple[str, str]
"""(code, label) of an option."""


class Refused(Exception):
    """A business error: HTTP stays 200, the code says what happened, often only the message says enough."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(message)
        self.code, self.message = code, message


INVALID, NO_DATA, DUPLICATE, FORBIDDEN, LOCKED = 10000, 320001400, 320002500, 320001403, 320001423
"""Business errors; the numbers are ours, a client goes by the text."""


@dataclass(frozen=True)
class Field:
    """One field. `target`: what a reference points at."""

    name: str
    label: str
    type: str = "text"
    required: bool = False
    options: tuple[Two, ...] = ()
    target: str = ""
    unique: bool = False
    readonly: bool = False

    def told(self) -> dict[str, Any]:
        """As describe tells it."""
        told: dict[str, Any] = {"api_name": self.name, "label": self.label, "type": self.type}
        told |= {"is_required": self.required, "is_unique": self.unique, "is_readonly": self.readonly}
        if self.options:
            told["options"] = [{"value": value, "label": label} for value, label in self.options]
        if self.target:
            told["target_api_name"] = self.target
        return told


@dataclass(frozen=True)
class Object:
    """One object. `approval`: saving one starts an approval unless the call says no. `master`: whose detail it is."""

    name: str
    label: str
    fields: tuple[Field, ...]
    approval: bool = False
    master: str = ""

    @property
    def custom(self) -> bool:
        """Whether the tenant made it."""
        return self.name.endswith("__c")

    def field(self, name: str) -> Field | None:
        """By api name."""
        return next((f for f in self.fields if f.name == name), None)


LIFE = (
    ("normal", "正常"),
    ("under_review", "审核中"),
    ("invalid", "作废"),
    ("ineffective", "未生效"),
    ("in_change", "变更中"),
)
_SYSTEM = (
    Field("owner", "负责人", "employee", required=True),
    Field("record_type", "业务类型", "record_type"),
    Field("life_status", "生命状态", "select_one", options=LIFE, readonly=True),
    Field("lock_status", "锁定状态", "select_one", options=(("0", "未锁定"), ("1", "锁定")), readonly=True),
    Field("create_time", "创建时间", "date_time", readonly=True),
    Field("last_modified_time", "最后修改时间", "date_time", readonly=True),
    Field("created_by", "创建人", "employee", readonly=True),
    Field("last_modified_by", "最后修改人", "employee", readonly=True),
    Field("data_own_department", "归属部门", "department"),
    Field("field_hub_id__c", "集成编号", unique=True),
)
STAGES = (
    ("prospecting", "初步接洽"),
    ("qualification", "需求确认"),
    ("proposal", "方案报价"),
    ("negotiation", "商务谈判"),
    ("won", "赢单"),
    ("lost", "输单"),
)
_LEVELS = (("1", "重点客户"), ("2", "普通客户"), ("3", "小客户"))
_UNITS = tuple((code, code) for code in ("PCS", "SET", "BOX", "KG", "M", "L", "ROLL", "T"))


def _object(name: str, label: str, *fields: Field, approval: bool = False, master: str = "") -> Object:
    first = Field("name", f"{label}名称", required=True)
    return Object(name, label, (first, *fields, *_SYSTEM), approval, master)


def _to(name: str, label: str, target: str, kind: str = "object_reference", *, required: bool = False) -> Field:
    return Field(name, label, kind, required, target=target)


OBJECTS: Mapping[str, Object] = {
    made.name: made
    for made in (
        _object(
            "AccountObj",
            "客户",
            Field("account_no", "客户编号", "auto_number", readonly=True),
            Field("account_level", "客户级别", "select_one", options=_LEVELS),
            Field("tel", "电话", "phone_number"),
            Field("email", "邮件", "email"),
            Field("url", "网址", "url"),
            Field("province", "省"),
            Field("city", "市"),
            Field("district", "区"),
            Field("address", "详细地址"),
            Field("remark", "备注", "long_text"),
            Field("field_credit_code__c", "统一社会信用代码"),
            Field("field_erp_code__c", "ERP客户编码"),
            Field("field_tags__c", "标签", "select_many", options=(("key", "重点"), ("risk", "风险"), ("new", "新客"))),
            Field("field_active__c", "启用", "true_or_false"),
        ),
        _object(
            "ContactObj",
            "联系人",
            _to("account_id", "客户", "AccountObj"),
            Field("mobile1", "手机", "phone_number"),
            Field("email", "邮件", "email"),
            Field("job_title", "职务"),
        ),
        _object(
            "ProductObj",
            "产品",
            Field("product_code", "产品编码"),
            Field("price", "标准价格", "currency"),
            Field("unit", "单位", "select_one", options=_UNITS),
            Field("product_spec", "规格属性"),
            Field("product_status", "上下架", "select_one", options=(("1", "已上架"), ("2", "已下架"))),
        ),
        _object(
            "NewOpportunityObj",
            "商机",
            _to("account_id", "客户", "AccountObj", required=True),
            Field("sales_stage", "商机阶段", "select_one", options=STAGES),
            Field("amount", "商机金额", "currency"),
            Field("close_date", "预计成交日期", "date"),
            Field("probability", "赢率", "percent"),
        ),
        _object(
            "SalesOrderObj",
            "销售订单",
            _to("account_id", "客户", "AccountObj", required=True),
            _to("new_opportunity_id", "商机", "NewOpportunityObj"),
            Field("order_time", "下单日期", "date", required=True),
            Field("delivery_date", "交货日期", "date"),
            Field("order_amount", "销售订单金额", "currency", readonly=True),
            Field("field_erp_no__c", "ERP订单号"),
            Field("field_erp_status__c", "ERP状态"),
            Field("field_invoiced__c", "已开票金额", "currency"),
            Field("field_paid__c", "已回款金额", "currency"),
            approval=True,
        ),
        _object(
            "SalesOrderProductObj",
            "订单产品",
            _to("order_id", "销售订单", "SalesOrderObj", "master_detail", required=True),
            _to("product_id", "产品", "ProductObj", required=True),
            Field("quantity", "数量", "number", required=True),
            Field("sales_price", "销售单价", "currency"),
            Field("subtotal", "小计", "currency", readonly=True),
            Field("unit", "单位", "select_one", options=_UNITS),
            master="SalesOrderObj",
        ),
        _object(
            "object_k3Stm__c",
            "对账单",
            _to("field_account__c", "客户", "AccountObj"),
            Field("field_month__c", "月份"),
            Field("field_amount__c", "金额", "currency"),
        ),
    )
}
DETAIL = {made.master: made for made in OBJECTS.values() if made.master}
REFERENCE = {"SalesOrderProductObj": "order_id"}
INDEXED = ("field_hub_id__c", "account_id", "order_id", "name", "product_code")
