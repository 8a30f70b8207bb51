"""The entities of U8 that the connector offers, in the names of its OpenAPI and of its XML templates.

U8 has no description of its fields to ask for, so they are said here as its documentation has them. A record's id is
its number, by which bills refer to one another, too.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from hefu.connectors._u8_settings import U8Settings
from hefu.core.records import Abilities, Field, FieldType, ObjectSchema

T = FieldType
LINES, ENTRY, STAMP = "lines", "entry", "timestamp"
CUSTOMER, ORDER, ACCEPT, STOCK = "customer", "saleorder", "accept", "currentstock"
_BACK = {"verify": "unverify", "close": "open"}
"""Step -> the one that takes it back."""

STATES = ("Opening", "Approved", "Changing", "Closed")


@dataclass(frozen=True)
class Col:
    """One field of a head or a line."""

    name: str
    kind: FieldType = T.TEXT
    label: str = ""
    writable: bool = True
    required: bool = False
    target: str | None = None
    options: tuple[str, ...] = ()

    def field(self, key: str) -> Field:
        """As discovered."""
        return Field(
            self.name,
            self.kind,
            self.label,
            writable=self.writable,
            required=self.required,
            unique=self.name == key,
            options=self.options,
            target=self.target,
        )


@dataclass(frozen=True)
class Link:
    """A reference to an earlier bill, by the number that its lines carry."""

    name: str
    target: str
    number: str


@dataclass(frozen=True)
class Entity:
    """One entity. key: its number.  line_key: the field that names a line.  bill: it has a state and is listed
    without its lines.  must: names that every record has; one without them was respelt."""

    name: str
    label: str
    key: str
    cols: tuple[Col, ...]
    lines: tuple[Col, ...] = ()
    links: tuple[Link, ...] = ()
    line_key: str = ""
    bill: bool = False
    adds: bool = False
    edits: bool = False
    deletes: bool = False
    must: tuple[str, ...] = ()
    token: str = ""
    batch: int = 20
    page: int = 1000

    @property
    def listed(self) -> str:
        """The resource that lists it."""
        return f"{self.name}list" if self.bill else self.name

    def col(self, name: str) -> Col | None:
        """The field of that name."""
        return next((c for c in self.cols if c.name == name), None)

    @property
    def steps(self) -> dict[str, tuple[str, ...]]:
        """Status step -> states in which it is legal."""
        if not self.bill:
            return {}
        more = {"close": ("Approved",), "open": ("Closed",)} if self.name == ORDER else {}
        return {"verify": ("Opening",), **more, "unverify": ("Approved",)}

    def schema(self) -> ObjectSchema:
        """As discovered."""
        fields = [c.field(self.key) for c in self.cols]
        fields += [Field(x.name, T.REFERENCE, x.target, writable=False, target=x.target) for x in self.links]
        if self.lines:
            inner = tuple(c.field(self.line_key) for c in self.lines)
            fields.append(Field(LINES, T.LINES, "明细", writable=self.adds, lines=inner))
        abilities = Abilities(
            create=("token" if self.token else "key") if self.adds else "no",
            update=self.edits,
            delete=self.deletes,
            changes="full" if self.name == STOCK else "cursor",
            conditional="values" if self.edits else "no",
            batch=self.batch if self.adds else 1,
            page=self.page,
            returns=self.adds,
            token_field=self.token or None,
            actions=self.steps,
            back={step: back for step, back in _BACK.items() if step in self.steps},
        )
        key = () if self.name == STOCK else (self.key,)
        return ObjectSchema(self.name, tuple(fields), self.label, key, abilities, "state" if self.bill else None)


def _code(name: str, label: str = "", **more: Any) -> Col:
    return Col(name, T.CODE, label, **more)


def _text(name: str, label: str = "", **more: Any) -> Col:
    return Col(name, T.TEXT, label, **more)


def _money(name: str, label: str = "", **more: Any) -> Col:
    return Col(name, T.MONEY, label, **more)


def _number(name: str, label: str = "", **more: Any) -> Col:
    return Col(name, T.DECIMAL, label, **more)


def _day(name: str, label: str = "", **more: Any) -> Col:
    return Col(name, T.DATE, label, **more)


def _ref(name: str, target: str, label: str = "", **more: Any) -> Col:
    return Col(name, T.REFERENCE, label, target=target, **more)


_BILL = (
    _code("maker", "制单人"),
    Col("state", T.CODE, "状态", writable=False, options=STATES),
    _code("verifier", "审核人", writable=False),
    _code("closer", "关闭人", writable=False),
)
_NATIONAL = tuple(_money(n, writable=False) for n in ("natunitprice", "natmoney", "nattax", "natsum"))

ENTITIES: Mapping[str, Entity] = {
    entity.name: entity
    for entity in (
        Entity(
            CUSTOMER, "客户", "code",
            (
                _code("code", "编码"), _text("name", "名称", required=True), _text("abbrname", "简称"),
                _code("sort_code", "分类编码"), _code("domain_code", "地区编码"), _text("address", "地址"),
                _text("contact", "联系人"), _code("phone", "电话"), _code("mobile", "手机"), _code("fax", "传真"),
                _text("email", "邮箱"), _code("tax_reg_code", "税号"), _text("bank_open", "开户银行"),
                _code("bank_acc_number", "银行账号"), _text("devliver_site", "发货地址"), _text("memo", "备注"),
                _code("spec_operator", "专管业务员"), _code("ccusexch_name", "币种"),
                _code("ccusmngtypecode", "管理类型"),
                _day("seed_date", "发展日期"), _day("end_date", "停用日期"),
                Col("ModifyDate", T.INSTANT, "修改时间", writable=False),
            ),
            adds=True, edits=True, deletes=True, must=("code", "name", "phone"),
        ),
        Entity(
            "inventory", "存货", "code",
            (
                _code("code", "编码"), _text("name", "名称", required=True), _text("specs", "规格型号"),
                _code("sort_code", "分类编码"), _code("main_measure", "主计量单位"),
                _code("unitgroup_code", "计量单位组"),
                _money("ref_sale_price", "参考售价"), _number("tax_rate", "税率"), _code("sale_flag", "是否销售"),
                Col("ModifyDate", T.INSTANT, "修改时间", writable=False),
            ),
            adds=True, edits=True, must=("code", "name"),
        ),
        Entity(
            STOCK, "现存量", "id",
            (
                _ref("inventory_code", "inventory", "存货", writable=False),
                _code("warehouse_code", "仓库", writable=False),
                _number("quantity", "现存量", writable=False), _number("available", "可用量", writable=False),
            ),
            must=("inventory_code", "warehouse_code"),
        ),
        Entity(
            ORDER, "销售订单", "code",
            (
                _code("code", "订单号"), _day("date", "日期", required=True),
                _ref("custcode", CUSTOMER, "客户", required=True),
                _text("cusname", "客户名称", writable=False), _code("businesstype", "业务类型"),
                _code("typecode", "销售类型"),
                _code("deptcode", "部门"), _code("personcode", "业务员"), _text("sendaddress", "发货地址"),
                _number("taxrate", "税率"), _code("currency", "币种"), _number("currencyrate", "汇率"),
                _text("memo", "备注"),
                *_BILL,
            ),
            (
                _code("rowno", "行号"), _ref("inventorycode", "inventory", "存货"),
                _text("inventoryname", "存货名称", writable=False), _code("unitcode", "单位"),
                _number("quantity", "数量"), _money("taxunitprice", "含税单价"), _money("unitprice", "无税单价"),
                _number("taxrate", "税率"), _money("sum", "价税合计"), _money("money", "无税金额", writable=False),
                _money("tax", "税额", writable=False), _number("discountrate", "扣率"), *_NATIONAL,
            ),
            line_key="rowno", bill=True, adds=True, deletes=True, must=("code", "custcode", "state"),
        ),
        Entity(
            "consignment", "发货单", "code",
            (
                _code("code", "发货单号"), _day("date", "日期", required=True),
                _ref("custcode", CUSTOMER, "客户", required=True),
                _code("saletype", "销售类型"), _code("operation_type", "业务类型"), _code("deptcode", "部门"),
                _code("personcode", "业务员"), _text("cdeliveradd", "发货地址"), _text("remark", "备注"), *_BILL,
            ),
            (
                _code("rowno", "行号"), _ref("inventory_code", "inventory", "存货"), _code("warehouse_code", "仓库"),
                _number("quantity", "数量"), _money("taxprice", "含税单价"), _money("price", "无税单价"),
                _number("taxrate", "税率"), _money("sum", "价税合计"), _money("money", "无税金额"),
                _money("tax", "税额"),
                _code("socode", "订单号"), _code("batch", "批号"),
            ),
            (Link("order", ORDER, "socode"),),
            line_key="rowno", bill=True, adds=True, deletes=True, must=("code", "custcode", "state"),
        ),
        Entity(
            "saleout", "销售出库单", "code",
            (
                _code("code", "出库单号", writable=False), _day("date", "日期", writable=False),
                _ref("customercode", CUSTOMER, "客户", writable=False),
                _code("warehousecode", "仓库", writable=False),
                _code("businesscode", "业务号", writable=False), _code("source", "来源", writable=False),
                *(replace(c, writable=False) for c in _BILL),
            ),
            (
                _code("rowno", "行号", writable=False), _ref("inventorycode", "inventory", "存货", writable=False),
                _number("quantity", "数量", writable=False), _money("price", "单价", writable=False),
                _money("cost", "成本", writable=False), _code("ordercode", "订单号", writable=False),
                _code("subconsignmentcode", "发货单号", writable=False),
            ),
            (Link("order", ORDER, "ordercode"),),
            line_key="rowno", bill=True, must=("code", "customercode", "state"),
        ),
        Entity(
            "saleinvoice", "销售发票", "invoiceno",
            (
                _code("invoiceno", "发票号"), _day("date", "日期", required=True),
                _ref("customercode", CUSTOMER, "客户", required=True), _code("vouchertype", "发票类型"),
                _code("saletypecode", "销售类型"), _code("businesstype", "业务类型"), _number("taxrate", "税率"),
                *_BILL,
            ),
            (
                _code("rowno", "行号"), _ref("inventorycode", "inventory", "存货"), _code("warehousecode", "仓库"),
                _number("quantity", "数量"), _money("originaltaxedprice", "含税单价"),
                _money("originalprice", "无税单价"),
                _money("originalsum", "价税合计"), _money("originalmoney", "无税金额"), _money("originaltax", "税额"),
            ),
            line_key="rowno", bill=True, adds=True, deletes=True, must=("invoiceno", "customercode", "state"),
        ),
        Entity(
            "oughtreceive", "应收单", "vouchcode",
            (
                _code("vouchcode", "单据号"), _day("vouchdate", "日期", required=True),
                _ref("customercode", CUSTOMER, "客户", required=True), _money("amount", "本币金额"),
                _money("originalamount", "原币金额"), _text("digest", "摘要"), _code("operator", "操作员"), *_BILL,
            ),
            bill=True, adds=True, deletes=True, must=("vouchcode", "customercode", "state"),
        ),
        Entity(
            ACCEPT, "收款单", "vouchcode",
            (
                _code("vouchcode", "单据号"), _day("vouchdate", "日期", required=True),
                _ref("customercode", CUSTOMER, "客户", required=True), _code("vouchtype", "单据类型"),
                _code("balancecode", "结算方式"), _code("departmentcode", "部门"),
                _money("amount", "本币金额", required=True),
                _money("originalamount", "原币金额"), _code("foreigncurrency", "币种"),
                _number("currencyrate", "汇率"),
                _text("digest", "摘要"), _code("operator", "操作员"), *_BILL,
            ),
            bill=True, adds=True, deletes=True, must=("vouchcode", "customercode", "state"),
        ),
    )
}  # fmt: skip
"""By name."""


def entity_of(name: str, settings: U8Settings) -> Entity:
    """The entity in this company: with its own fields, sizes and ways."""
    entity = ENTITIES[name]
    more = settings.fields.get(name, {})
    heads = tuple(Col(n, k, writable=entity.adds) for n, k in more.items() if not n.startswith("lines."))
    inner = tuple(
        Col(n.removeprefix("lines."), k, writable=entity.adds) for n, k in more.items() if n.startswith("lines.")
    )
    token = settings.token_field.get(name, "") if entity.adds else ""
    cols = tuple(c for c in (*entity.cols, *heads) if c.name != token)
    if token:
        cols = (*cols, Col(token, T.CODE, "本系统编号", writable=False))
    return replace(
        entity,
        cols=cols,
        lines=(*entity.lines, *inner),
        deletes=entity.deletes and bool(settings.eai),
        token=token,
        page=settings.page,
        batch=settings.batch if settings.writes == "eai" else entity.batch,
    )
