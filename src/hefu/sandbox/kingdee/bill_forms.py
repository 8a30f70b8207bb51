"""The bills of the imitated Kingdee that move goods, and the stock that can only be read."""

from __future__ import annotations

from hefu.sandbox.kingdee.forms import (
    CANCEL,
    CLOSE,
    ROW,
    Field,
    Form,
    Part,
    combo,
    day,
    flag,
    moment,
    number,
    ref,
    stamps,
    text,
)

KIND = "BOS_BillType"


def goods(material: str, *more: Field, tax_rate: str = "FEntryTaxRate") -> tuple[Field, ...]:
    """What a line is of, and at what price."""
    return (
        ref(material, "物料", "BD_MATERIAL", must=True),
        *more,
        number("FPrice", "单价", "price"),
        number("FTaxPrice", "含税单价", "price"),
        number(tax_rate, "税率%", "rate"),
    )


def sums(net: str = "FAmount", tax: str = "FTaxAmount", whole_: str = "FAllAmount") -> tuple[Field, ...]:
    """The amounts of a line."""
    return (
        number(net, "金额", given=False),
        number(tax, "税额", given=False),
        number(whole_, "价税合计", given=False),
    )


def totals(net: str, tax: str, whole_: str) -> tuple[Field, ...]:
    """The sums of a head."""
    return (
        number(net, "整单金额", given=False),
        number(tax, "整单税额", given=False),
        number(whole_, "整单价税合计", given=False),
    )


ORDER = Form(
    "SAL_SaleOrder",
    "销售订单",
    "T_SAL_ORDER",
    (
        ref("FBillTypeID", "单据类型", KIND),
        text("FBillNo", "单据编号", 80),
        day("FDate", "日期"),
        ref("FSaleOrgId", "销售组织", "ORG_Organizations", must=True),
        ref("FCustId", "客户", "BD_Customer", must=True),
        ref("FReceiveId", "收货方", "BD_Customer"),
        ref("FSettleId", "结算方", "BD_Customer"),
        ref("FChargeId", "付款方", "BD_Customer"),
        ref("FSalerId", "销售员", "BD_Saler"),
        ref("FSaleDeptId", "销售部门", "BD_Department"),
        text("FNote", "备注", 500),
        combo("FCloseStatus", "关闭状态", CLOSE),
        combo("FCancelStatus", "作废状态", CANCEL),
        text("F_HUB_EXTID", "外部系统编号", 80),
        *stamps(),
    ),
    (
        Part(
            "FSaleOrderFinance",
            "财务信息",
            "T_SAL_ORDERFIN",
            (
                ref("FSettleCurrId", "结算币别", "BD_Currency"),
                number("FExchangeRate", "汇率", "rate"),
                ref("FRecConditionId", "收款条件", "BD_RecCondition"),
                flag("FIsIncludedTax", "是否含税", default=True),
                *totals("FBillAmount", "FBillTaxAmount", "FBillAllAmount"),
            ),
            rows=False,
        ),
        Part(
            "FSaleOrderEntry",
            "订单明细",
            "T_SAL_ORDERENTRY",
            (
                *goods(
                    "FMaterialId", ref("FUnitID", "销售单位", "BD_Unit"), number("FQty", "销售数量", "qty", must=True)
                ),
                *sums(),
                day("FDeliveryDate", "要货日期"),
                flag("FIsFree", "是否赠品"),
                text("FEntryNote", "备注", 255),
                ref("FStockOrgId", "库存组织", "ORG_Organizations"),
                ref("FSettleOrgIds", "结算组织", "ORG_Organizations"),
                combo("FReserveType", "预留类型", {"1": "弱预留", "2": "不预留", "3": "强预留"}, "1", given=True),
                number("FDeliQty", "累计发货通知数量", "qty", given=False),
                number("FStockOutQty", "累计出库数量", "qty", given=False),
                number("FInvoiceQty", "累计开票数量", "qty", given=False),
                combo("FMrpCloseStatus", "业务关闭", ROW),
                combo("FFreezeStatus", "冻结状态", {"A": "正常", "B": "冻结"}),
                combo("FTerminateStatus", "终止状态", {"A": "正常", "B": "终止"}),
            ),
        ),
        Part(
            "FSaleOrderPlan",
            "收款计划",
            "T_SAL_ORDERPLAN",
            (number("FRecAdvanceRate", "应收比例(%)", "rate"), number("FRecAdvanceAmount", "应收金额")),
        ),
    ),
    number="FBillNo",
    org="FSaleOrgId",
    prefix="XSDD",
)
NOTICE = Form(
    "SAL_DELIVERYNOTICE",
    "发货通知单",
    "T_SAL_DELIVERYNOTICE",
    (
        ref("FBillTypeID", "单据类型", KIND),
        text("FBillNo", "单据编号", 80),
        day("FDate", "日期"),
        ref("FSaleOrgId", "销售组织", "ORG_Organizations", must=True),
        ref("FDeliveryOrgID", "发货组织", "ORG_Organizations"),
        ref("FCustomerID", "客户", "BD_Customer", must=True),
        text("FNote", "备注", 500),
        combo("FCloseStatus", "关闭状态", CLOSE),
        combo("FCancelStatus", "作废状态", CANCEL),
        *stamps(),
    ),
    (
        Part(
            "FEntity",
            "明细信息",
            "T_SAL_DELIVERYNOTICEENTRY",
            (
                *goods(
                    "FMaterialID", ref("FUnitID", "销售单位", "BD_Unit"), number("FQty", "销售数量", "qty", must=True)
                ),
                *sums(),
                ref("FStockID", "出货仓库", "BD_Stock"),
                day("FDeliveryDate", "要货日期"),
                text("FSrcType", "源单类型", 50, given=False),
                text("FSrcBillNo", "源单编号", 80, given=False),
                text("FOrderNo", "订单单号", 80, given=False),
                number("FSumOutQty", "累计出库数量", "qty", given=False),
            ),
            model="SAL_DELIVERYNOTICEENTRY",
        ),
    ),
    number="FBillNo",
    org="FSaleOrgId",
    prefix="FHTZD",
)
OUT = Form(
    "SAL_OUTSTOCK",
    "销售出库单",
    "T_SAL_OUTSTOCK",
    (
        ref("FBillTypeID", "单据类型", KIND),
        text("FBillNo", "单据编号", 80),
        day("FDate", "日期"),
        ref("FSaleOrgId", "销售组织", "ORG_Organizations", must=True),
        ref("FStockOrgId", "发货组织", "ORG_Organizations"),
        ref("FCustomerID", "客户", "BD_Customer", must=True),
        ref("FSalesManID", "销售员", "BD_Saler"),
        text("FCarriageNO", "运输单号", 100),
        text("FNote", "备注", 500),
        combo("FCancelStatus", "作废状态", CANCEL),
        text("F_HUB_EXTID", "外部系统编号", 80),
        *stamps(),
    ),
    (
        Part(
            "SubHeadEntity",
            "财务信息",
            "T_SAL_OUTSTOCKFIN",
            (
                ref("FSettleCurrID", "结算币别", "BD_Currency"),
                ref("FSettleOrgID", "结算组织", "ORG_Organizations"),
                *totals("FBillAmount", "FBillTaxAmount", "FBillAllAmount"),
            ),
            rows=False,
            model="SAL_OUTSTOCKFIN",
        ),
        Part(
            "FEntity",
            "明细信息",
            "T_SAL_OUTSTOCKENTRY",
            (
                *goods(
                    "FMaterialID",
                    ref("FUnitID", "库存单位", "BD_Unit"),
                    number("FMustQty", "应发数量", "qty"),
                    number("FRealQty", "实发数量", "qty", must=True),
                ),
                *sums(),
                ref("FStockID", "仓库", "BD_Stock"),
                text("FLot", "批号", 80),
                flag("FIsFree", "是否赠品"),
                text("FSrcType", "源单类型", 50, given=False),
                text("FSrcBillNo", "源单编号", 80, given=False),
                text("FSoorDerno", "销售订单单号", 80, given=False),
                number("FARJoinQty", "关联应收数量", "qty", given=False),
            ),
            model="SAL_OUTSTOCKENTRY",
        ),
    ),
    number="FBillNo",
    org="FSaleOrgId",
    prefix="XSCKD",
)
STOCK = Form(
    "STK_Inventory",
    "即时库存",
    "T_STK_INVENTORY",
    (
        ref("FMaterialId", "物料", "BD_MATERIAL"),
        ref("FStockId", "仓库", "BD_Stock"),
        ref("FStockOrgId", "库存组织", "ORG_Organizations"),
        ref("FBaseUnitId", "基本单位", "BD_Unit"),
        number("FQty", "库存量", "qty"),
        number("FBaseQty", "库存量(基本单位)", "qty"),
        number("FAVBQty", "可用量", "qty"),
        moment("FUpdateTime", "最近更新时间"),
    ),
    number="FID",
    org="FStockOrgId",
    life=False,
    write=False,
)
GOODS: tuple[Form, ...] = (ORDER, NOTICE, OUT, STOCK)
