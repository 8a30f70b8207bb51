"""The objects of YonBIP that the connector offers: where they are listed, what their rows hold, what may be written.

YonBIP has no description of its fields to ask for, so they are said here as its documentation has them; a tenant's own
stand in the settings. A reference to a customer, order or outbound bill is that record's id; one to a material is its
code, the only thing that all lists carry.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from hefu.connectors._yonbip_settings import YonbipSettings
from hefu.core.records import Abilities, Field, FieldType, ObjectSchema

T = FieldType
LINES = "lines"
ORDER, MERCHANT, PRODUCT, STOCK = "voucherorder", "merchant", "product", "stock"
SALESOUT, INVOICE, COLLECTION = "salesout", "vouchersaleinvoice", "collection"
LINE_ID = "orderDetails_id"

_SD, _SCM, _EFI, _BASE = "/yonbip/sd", "/yonbip/scm", "/yonbip/EFI", "/yonbip/digitalModel"


@dataclass(frozen=True)
class Col:
    """One field. sources: names that rows have for it, the first that is there; default: its own.

    total: a head's value is the sum over the rows of the record.  bare: it is worked out, no row need have it.
    """

    name: str
    kind: FieldType = T.TEXT
    label: str = ""
    sources: tuple[str, ...] = ()
    writable: bool = False
    required: bool = False
    target: str | None = None
    options: tuple[str, ...] = ()
    total: bool = False
    bare: bool = False

    @property
    def names(self) -> tuple[str, ...]:
        """Where it stands in a row."""
        return self.sources or (self.name,)

    def field(self, key: tuple[str, ...] = ()) -> Field:
        """As discovered."""
        return Field(
            self.name,
            self.kind,
            self.label,
            writable=self.writable,
            required=self.required,
            unique=key == (self.name,),
            options=self.options,
            target=self.target,
        )


@dataclass(frozen=True)
class Link:
    """A reference to an earlier document, by the number that the rows carry. via: the number names a document of
    `through`, whose own `via` names the target."""

    name: str
    target: str
    number: str
    through: str = ""


@dataclass(frozen=True)
class Shape:
    """One object. path: its list.  walk: by "id", in "page"s, or "whole" in one call.

    since: how a list is asked for changes: "vos" (simpleVOs on pubts), "simple" (simple.open_pubts_begin),
    "flat" (pubts beside the page).  must: names that every row has; a row without them was respelt.
    steps: status step -> states in which it is legal.  locked: states in which nothing may be written.
    """

    name: str
    label: str
    path: str
    cols: tuple[Col, ...]
    lines: tuple[Col, ...] = ()
    links: tuple[Link, ...] = ()
    key: tuple[str, ...] = ("code",)
    row_id: str = "id"
    walk: Literal["id", "page", "whole"] = "id"
    since: Literal["vos", "simple", "flat", ""] = "vos"
    must: tuple[str, ...] = ("id", "code", "pubts")
    heads: bool = False
    state: str = ""
    steps: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    open_states: tuple[str, ...] = ()
    states: tuple[str, ...] = ()
    create: str = "no"
    update: bool = False
    delete: bool = False
    token: str = ""
    batch: int = 1
    page: int = 500

    def col(self, name: str) -> Col | None:
        """The field of that name."""
        return next((c for c in self.cols if c.name == name), None)

    @property
    def line_key(self) -> str:
        """The field that names a line."""
        return self.lines[0].name if self.lines else ""

    def schema(self) -> ObjectSchema:
        """As discovered."""
        fields = [c.field(self.key) for c in self.cols]
        fields += [Field(x.name, T.REFERENCE, x.target, writable=False, target=x.target) for x in self.links]
        if self.lines:
            inner = tuple(c.field((self.line_key,)) for c in self.lines)
            fields.append(Field(LINES, T.LINES, "明细", writable=self.update, lines=inner))
        writes = self.create != "no"
        abilities = Abilities(
            create=self.create,
            update=self.update,
            delete=self.delete,
            changes="cursor" if self.since else "full",
            conditional="values" if self.update else "no",
            batch=self.batch,
            page=self.page,
            lines="keyed" if self.lines and self.update else "none",
            returns=writes,
            token_field=self.token or None,
            actions=self.steps,
            back={step: back for step, back in _BACK.items() if step in self.steps and back in self.steps},
        )
        shut = {s: () for s in self.states if s not in self.open_states} if self.update else {}
        return ObjectSchema(
            self.name,
            tuple(fields),
            self.label,
            self.key,
            abilities,
            self.state or None,
            dict[str, tuple[str, ...]](shut),
        )


def _code(name: str, label: str = "", *sources: str, **more: Any) -> Col:
    return Col(name, T.CODE, label, sources, **more)


def _money(name: str, label: str = "", *sources: str, **more: Any) -> Col:
    return Col(name, T.MONEY, label, sources, **more)


def _number(name: str, label: str = "", *sources: str, **more: Any) -> Col:
    return Col(name, T.DECIMAL, label, sources, **more)


def _day(name: str, label: str = "", **more: Any) -> Col:
    return Col(name, T.DATE, label, **more)


def _ref(name: str, target: str, label: str = "", *sources: str, **more: Any) -> Col:
    return Col(name, T.REFERENCE, label, sources, target=target, **more)


_MADE = (Col("createTime", T.INSTANT, "创建时间"), Col("modifyTime", T.INSTANT, "修改时间"))
_GOODS = ("productCode", "product_cCode", "materialCode")
_PRICED = (
    _number("qty", "数量"),
    _money("oriTaxUnitPrice", "含税单价"),
    _number("taxRate", "税率"),
    _money("oriSum", "含税金额", "details_oriSum", "oriSum"),
)
ORDER_STATES = (
    "CONFIRMORDER", "APPROVING", "OPPOSE", "DELIVERY_PART", "DELIVERGOODS", "DELIVERY_TAKE_PART", "TAKEDELIVERY",
    "ENDORDER", "CLOSEDORDER",
)  # fmt: skip
_BACK = {"audit": "unaudit", "approve": "unaudit", "close": "open"}
"""Step -> the one that takes it back."""

_RUNNING = ("DELIVERY_PART", "DELIVERGOODS", "DELIVERY_TAKE_PART", "TAKEDELIVERY")

SHAPES: Mapping[str, Shape] = {
    shape.name: shape
    for shape in (
        Shape(
            MERCHANT,
            "客户",
            f"{_BASE}/merchant/newlist",
            (
                _code("code", "编码", writable=True),
                Col("name", T.TEXT, "名称", writable=True, required=True),
                Col("shortname", T.TEXT, "简称", writable=True),
                _code("createOrgCode", "创建组织", writable=True),
                _code("customerClassCode", "客户分类", writable=True),
                Col("customerClassName", T.TEXT, "客户分类名称"),
                _code("creditCode", "统一社会信用代码", writable=True),
                Col("leaderName", T.TEXT, "负责人", writable=True),
                Col("contactName", T.TEXT, "联系人", writable=True),
                _code("contactTel", "联系电话", writable=True),
                Col("address", T.TEXT, "地址", writable=True),
                Col("email", T.TEXT, "邮箱", writable=True),
                Col("stopStatus", T.BOOLEAN, "停用"),
                *_MADE,
            ),
            walk="page",
            since="flat",
            must=("id", "code", "name", "pubts"),
            state="stopStatus",
            steps={"stop": ("*",)},
            create="key",
            update=True,
        ),
        Shape(
            PRODUCT,
            "物料",
            f"{_BASE}/product/queryByPage",
            (
                _code("code", "编码"),
                Col("name", T.TEXT, "名称"),
                Col("modelDescription", T.TEXT, "规格型号"),
                _code("unitCode", "主计量单位"),
                *_MADE,
            ),
            row_id="code",
            walk="page",
        ),
        Shape(
            STOCK,
            "现存量",
            f"{_SCM}/stock/QueryCurrentStocksByCondition",
            (
                _ref("product_code", PRODUCT, "物料"),
                _code("warehouse_code", "仓库"),
                Col("org_name", T.TEXT, "组织"),
                _code("batchno", "批号"),
                _number("currentqty", "现存量"),
                _number("availableqty", "可用量"),
            ),
            key=(),
            walk="whole",
            since="",
            must=("product_code", "warehouse_code"),
        ),
        Shape(
            ORDER,
            "销售订单",
            f"{_SD}/voucherorder/list",
            (
                _code("code", "单据编号", writable=True),
                _day("vouchdate", "单据日期", writable=True, required=True),
                _ref("agentId", MERCHANT, "客户", writable=True, required=True),
                _code("salesOrgId", "销售组织", writable=True),
                _code("transactionTypeId", "交易类型", writable=True),
                _code("orderPrices!currency", "币种", writable=True),
                _number("orderPrices!exchRate", "汇率"),
                Col("memo", T.TEXT, "备注", writable=True),
                _money("payMoney", "含税金额合计"),
                Col("nextStatus", T.CODE, "状态", options=ORDER_STATES),
                _code("verifystate", "审批状态"),
                _code("status", "单据状态"),
                Col("auditDate", T.INSTANT, "审核时间"),
                *_MADE,
            ),
            (
                _code("lineno", "行号", writable=True),
                _ref("productId", PRODUCT, "物料", *_GOODS, writable=True),
                Col("skuName", T.TEXT, "物料名称"),
                _number("qty", "数量", writable=True),
                _money("oriTaxUnitPrice", "含税单价", writable=True),
                _money("oriUnitPrice", "无税单价", "orderDetailPrices!oriUnitPrice", writable=True, bare=True),
                _number("taxRate", "税率", writable=True),
                _money("oriSum", "含税金额", writable=True),
                _money("oriMoney", "无税金额", "oriMoney", "orderDetailPrices!oriMoney"),
                _money("oriTax", "税额", "oriTax", "orderDetailPrices!oriTax"),
                _number("sendQty", "累计发货数量"),
                _number("totalOutStockQuantity", "累计出库数量"),
                _money("totalOutStockOriMoney", "累计出库金额"),
                _number("invoiceQty", "累计开票数量"),
                _money("invoiceOriSum", "累计开票金额"),
                _number("returnQty", "退货数量"),
            ),
            must=("id", "code", "pubts", "agentId", "nextStatus"),
            state="nextStatus",
            states=ORDER_STATES,
            open_states=("CONFIRMORDER", "OPPOSE"),
            steps={
                "submit": ("CONFIRMORDER", "OPPOSE"),
                "audit": ("APPROVING",),
                "close": _RUNNING,
                "open": ("CLOSEDORDER",),
                "unaudit": ("DELIVERGOODS",),
                "approve": ("CONFIRMORDER", "OPPOSE", "APPROVING"),
            },
            create="key",
            update=True,
            delete=True,
            batch=50,
        ),
        Shape(
            "voucherdelivery",
            "销售发货单",
            f"{_SD}/voucherdelivery/list",
            (
                _code("code", "单据编号"),
                _day("vouchdate", "单据日期"),
                _code("statusCode", "状态"),
                _code("verifystate", "审批状态"),
                _ref("agentId", MERCHANT, "客户"),
                _ref("order", ORDER, "销售订单", "orderId"),
                _code("orderNo", "订单编号"),
                _code("logisticsBillNo", "物流单号"),
                _money("oriSum", "含税金额", "oriSum", "details_oriSum", total=True),
                *_MADE,
            ),
            (
                _code("deliveryDetailId", "行键", "deliveryDetailId", "details_id"),
                _code("orderDetailId", "订单行"),
                _ref("productId", PRODUCT, "物料", *_GOODS),
                *_PRICED,
                _number("totalOutStockQuantity", "累计出库数量"),
                _number("invoiceQty", "累计开票数量"),
                _money("invoiceOriSum", "累计开票金额"),
            ),
            must=("id", "code", "pubts", "agentId"),
        ),
        Shape(
            SALESOUT,
            "销售出库单",
            f"{_SCM}/salesout/list",
            (
                _code("code", "单据编号"),
                _day("vouchdate", "单据日期"),
                _code("status", "状态"),
                _code("diliverStatus", "发货状态"),
                _ref("cust", MERCHANT, "客户"),
                _code("salesOrg", "销售组织"),
                _code("org", "库存组织"),
                _code("warehouse", "仓库"),
                _code("currency", "币种"),
                _code("upcode", "来源单号"),
                _code("firstupcode", "订单编号"),
                _money("oriSum", "含税金额", "oriSum", "details_oriSum", total=True),
                _money("oriMoney", "无税金额", "oriMoney", "details_oriMoney", total=True),
                _money("oriTax", "税额", "oriTax", "details_oriTax", total=True),
                *_MADE,
            ),
            (
                _code("details_id", "行键"),
                _code("orderDetailId", "订单行"),
                _ref("productId", PRODUCT, "物料", "product_cCode", *_GOODS),
                *_PRICED,
                _money("oriMoney", "无税金额", "details_oriMoney", "oriMoney"),
                _money("oriTax", "税额", "details_oriTax", "oriTax"),
            ),
            (Link("order", ORDER, "firstupcode"),),
            must=("id", "code", "pubts", "cust"),
            state="status",
            steps={"push_invoice": ("1",)},
        ),
        Shape(
            INVOICE,
            "销售发票",
            f"{_SD}/vouchersaleinvoice/list",
            (
                _code("code", "单据编号"),
                _day("vouchdate", "单据日期"),
                _code("orgId", "开票组织"),
                _ref("agentId", MERCHANT, "客户"),
                Col("agentName", T.TEXT, "客户名称"),
                Col("invAgentName", T.TEXT, "开票客户名称"),
                _code("invoiceType", "发票类型"),
                _code("taxBillingStatus", "开票状态"),
                _code("businessState", "业务状态"),
                _code("status", "单据状态"),
                _code("einvoiceNo", "发票号码"),
                _money("oriSum", "含税金额"),
                _money("oriMoney", "无税金额"),
                _money("oriTax", "税额"),
                _code("srcVoucherNo", "来源单号"),
                _code("blueInvNo", "蓝字发票号"),
                *_MADE,
            ),
            links=(Link("salesout", SALESOUT, "srcVoucherNo"), Link("order", ORDER, "srcVoucherNo", SALESOUT)),
            heads=True,
        ),
        Shape(
            "receivable",
            "应收发票",
            f"{_EFI}/receivable/list",
            (
                _code("code", "单据编号"),
                _day("billDate", "单据日期"),
                _code("financeOrg", "会计主体"),
                _code("verifyState", "审批状态"),
                _code("writeOffState", "核销状态"),
                _code("direction", "红蓝标识"),
                _ref("customer", MERCHANT, "客户", "bodyItemCustomer"),
                _code("currency", "币种", "bodyItemOriCurrency"),
                _money("oriTaxIncludedAmount", "含税金额", "bodyItemOriTaxIncludedAmount", total=True),
                _money("oriTaxAmount", "税额", "oriTaxAmount", total=True),
                _code("extSystemCode", "外部系统编码"),
                _code("extVouchCode", "外部单据编码"),
                *_MADE,
            ),
            since="simple",
            state="verifyState",
            steps={"submit": ("0", "4"), "unsubmit": ("1", "2")},
        ),
        Shape(
            COLLECTION,
            "收款单",
            f"{_EFI}/collection/list",
            (
                _code("code", "单据编号"),
                _day("billDate", "单据日期", writable=True, required=True),
                _ref("customer", MERCHANT, "客户", writable=True, required=True),
                _code("orderNo", "订单编号", "bodyItem_orderNo", "orderNo", writable=True),
                Col(
                    "oriTaxIncludedAmount", T.MONEY, "金额",
                    ("bodyItem_oriTaxIncludedAmount", "bodyItemOriTaxIncludedAmount", "oriTaxIncludedAmount"),
                    writable=True, required=True, total=True,
                ),
                _code("financeOrgCode", "会计主体", writable=True),
                _code("settleModeCode", "结算方式", writable=True),
                _code("bustypeCode", "业务类型", writable=True),
                _code("verifyState", "审批状态"),
                _code("extSystemCode", "外部系统编码"),
                _code("extVouchCode", "外部单据编码"),
                *_MADE,
            ),
            links=(Link("order", ORDER, "orderNo"),),
            since="simple",
            must=("id", "code", "pubts", "customer"),
            state="verifyState",
            steps={"submit": ("0", "4")},
            create="token",
            token="extVouchCode",  # noqa: S106 - a field
            batch=20,
        ),
    )
}  # fmt: skip
"""By name."""


def shaped(name: str, settings: YonbipSettings) -> Shape:
    """The object in this tenant: with its own fields, sizes and keys."""
    shape = SHAPES[name]
    more = settings.fields.get(name, {})
    heads = tuple(Col(n, k, writable=shape.update) for n, k in more.items() if not n.startswith("lines."))
    inner = tuple(
        Col(n.removeprefix("lines."), k, writable=shape.update) for n, k in more.items() if n.startswith("lines.")
    )
    page = settings.customer_page if name == MERCHANT else settings.page
    shape = replace(shape, cols=(*shape.cols, *heads), lines=(*shape.lines, *inner), page=page)
    if name == MERCHANT:
        return replace(shape, batch=settings.batch)
    if name == ORDER:
        return _order(shape, settings)
    return shape


def _order(shape: Shape, settings: YonbipSettings) -> Shape:
    token = settings.token_field.get(ORDER, "")
    if token:
        cols = tuple(c for c in shape.cols if c.name != token)
        shape = replace(shape, cols=(*cols, Col(token, T.CODE, "本系统编号")), create="token", token=token)
    if settings.line_field != "lineno":
        key = Col(settings.line_field, T.CODE, "行键", (settings.line_field, "lineno"), writable=True)
        rest = tuple(c for c in shape.lines[1:] if c.name != key.name)
        shape = replace(shape, lines=(key, *rest))
    return shape
