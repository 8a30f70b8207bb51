"""The bills of the imitated Kingdee that move money: receivable, receipt, tax invoices."""

from __future__ import annotations

from hefu.sandbox.kingdee.bill_forms import KIND, goods, sums, totals
from hefu.sandbox.kingdee.forms import CANCEL, Form, Part, combo, day, number, ref, stamps, text, whole

RECEIVABLE = Form(
    "AR_receivable",
    "应收单",
    "T_AR_RECEIVABLE",
    (
        ref("FBillTypeID", "单据类型", KIND),
        text("FBillNo", "单据编号", 80),
        day("FDATE", "业务日期"),
        day("FENDDATE_H", "到期日"),
        ref("FCUSTOMERID", "客户", "BD_Customer", must=True),
        ref("FCURRENCYID", "币别", "BD_Currency"),
        ref("FSETTLEORGID", "结算组织", "ORG_Organizations", must=True),
        ref("FPAYORGID", "收款组织", "ORG_Organizations"),
        ref("FSALEORGID", "销售组织", "ORG_Organizations"),
        ref("FSALEERID", "销售员", "BD_Saler"),
        text("FAR_Remark", "备注", 500),
        *totals("FNOTAXAMOUNTFOR", "FTAXAMOUNTFOR", "FALLAMOUNTFOR"),
        number("FRELATEHADPAYAMOUNT", "关联收款金额", given=False),
        combo("FWRITTENOFFSTATUS", "核销状态", {"A": "未核销", "B": "部分核销", "C": "完全核销"}),
        combo("FOPENSTATUS", "开票核销状态", {"A": "空", "B": "部分", "C": "全部"}),
        combo("FCancelStatus", "作废状态", CANCEL),
        *stamps(),
    ),
    (
        Part(
            "FEntityDetail",
            "明细",
            "T_AR_RECEIVABLEENTRY",
            (
                *goods(
                    "FMATERIALID",
                    ref("FPRICEUNITID", "计价单位", "BD_Unit"),
                    number("FPriceQty", "计价数量", "qty", must=True),
                ),
                *sums("FNoTaxAmountFor_D", "FTAXAMOUNTFOR_D", "FALLAMOUNTFOR_D"),
                text("FSOURCETYPE", "源单类型", 50, given=False),
                text("FSourceBillNo", "源单编号", 80, given=False),
                whole("FSRCROWID", "源单行内码", given=False),
                text("FORDERNUMBER", "销售订单号", 80, given=False),
                number("FRECEIVEAMOUNT", "已结算金额", given=False),
                number("FNORECEIVEAMOUNT", "未结算金额", given=False),
                number("FNOINVOICEAMOUNT", "未开票核销金额", given=False),
                number("FOPENAMOUNTFOR", "已开票核销金额", given=False),
                number("FIVQTY", "已开票数量", "qty", given=False),
            ),
            model="AP_PAYABLEENTRY",
        ),
        Part(
            "FEntityPlan",
            "收款计划",
            "T_AR_RECEIVABLEPLAN",
            (
                day("FENDDATE", "到期日"),
                number("FPAYAMOUNTFOR", "应收金额", given=False),
                number("FWRITTENOFFAMOUNTFOR", "已核销金额", given=False),
                number("FRELATEHADPAYAMOUNT_P", "关联收款金额", given=False),
            ),
            model="AP_PAYABLEPLAN",
        ),
    ),
    number="FBillNo",
    org="FSETTLEORGID",
    prefix="AR",
    digits=8,
)
RECEIPT = Form(
    "AR_RECEIVEBILL",
    "收款单",
    "T_AR_RECEIVEBILL",
    (
        ref("FBillTypeID", "单据类型", KIND),
        text("FBillNo", "单据编号", 80),
        day("FDATE", "业务日期"),
        text("FCONTACTUNITTYPE", "往来单位类型", 50),
        ref("FCONTACTUNIT", "往来单位", "BD_Customer", must=True),
        text("FPAYUNITTYPE", "付款单位类型", 50),
        ref("FPAYUNIT", "付款单位", "BD_Customer"),
        ref("FCURRENCYID", "币别", "BD_Currency"),
        ref("FPAYORGID", "收款组织", "ORG_Organizations", must=True),
        ref("FSETTLEORGID", "结算组织", "ORG_Organizations"),
        ref("FSALEORGID", "销售组织", "ORG_Organizations"),
        ref("FSALEERID", "销售员", "BD_Saler"),
        number("FRECTOTALAMOUNTFOR", "应收金额", given=False),
        number("FREALRECAMOUNTFOR", "实收金额", given=False),
        text("FTHIRDBILLNO", "第三方单据编号", 80),
        text("FREMARK", "备注", 500),
        combo("FCancelStatus", "作废状态", CANCEL),
        *stamps(),
    ),
    (
        Part(
            "FRECEIVEBILLENTRY",
            "收款单明细",
            "T_AR_RECEIVEBILLENTRY",
            (
                ref("FSETTLETYPEID", "结算方式", "BD_SETTLETYPE"),
                ref("FPURPOSEID", "收款用途", "CN_RECPAYPURPOSE"),
                number("FRECTOTALAMOUNTFOR", "应收金额"),
                number("FRECAMOUNTFOR_E", "收款金额"),
                ref("FACCOUNTID", "我方银行账号", "CN_BANKACNT"),
                text("FCOMMENT", "备注", 255),
            ),
            model="RECEIVEBILLENTRY",
        ),
        Part(
            "FRECEIVEBILLSRCENTRY",
            "源单明细",
            "T_AR_RECEIVEBILLSRCENTRY",
            (
                text("FSRCBILLTYPEID", "源单类型", 50),
                text("FSRCBILLNO", "源单编号", 80),
                whole("FSRCBILLID", "源单行内码"),
                whole("FSRCROWID", "源单内码"),
                number("FAFTTAXTOTALAMOUNT", "价税合计"),
                number("FPLANRECAMOUNT", "计划收款金额"),
                number("FREALRECAMOUNT", "本次收款金额"),
                text("FORDERBILLNO", "订单单号", 80),
            ),
            model="RECEIVEBILLSRCENTRY",
        ),
    ),
    number="FBillNo",
    org="FPAYORGID",
    prefix="SKD",
    digits=8,
)


def _invoice(id_: str, title: str, prefix: str) -> Form:
    return Form(
        id_,
        title,
        "T_IV_SALESIC",
        (
            ref("FBillTypeID", "单据类型", KIND),
            text("FBillNo", "单据编号", 80),
            day("FDATE", "业务日期"),
            text("FINVOICENO", "发票号", 80),
            day("FINVOICEDATE", "发票日期"),
            ref("FCUSTOMERID", "客户", "BD_Customer", must=True),
            ref("FCURRENCYID", "币别", "BD_Currency"),
            ref("FSETTLEORGID", "结算组织", "ORG_Organizations", must=True),
            *totals("FNOTAXAMOUNTFOR", "FTAXAMOUNTFOR", "FALLAMOUNTFOR"),
            combo("FCancelStatus", "作废状态", CANCEL),
            *stamps(),
        ),
        (
            Part(
                "FSALESICENTRY",
                "发票明细",
                "T_IV_SALESICENTRY",
                (
                    *goods(
                        "FMATERIALID",
                        ref("FPRICEUNITID", "计价单位", "BD_Unit"),
                        number("FPRICEQTY", "计价数量", "qty", must=True),
                        tax_rate="FTAXRATE",
                    ),
                    *sums("FAMOUNTFOR_D", "FDETAILTAXAMOUNTFOR", "FALLAMOUNTFOR"),
                    text("FSRCBILLTYPEID", "源单类型", 50, given=False),
                    text("FSRCBILLNO", "源单编号", 80, given=False),
                    whole("FSRCROWID", "源单行内码", given=False),
                    text("FORDERBILLNO", "销售订单号", 80, given=False),
                ),
                model="SALESICENTRY",
            ),
        ),
        number="FBillNo",
        org="FSETTLEORGID",
        prefix=prefix,
        digits=8,
    )


SPECIAL = _invoice("IV_SALESIC", "销售增值税专用发票", "XSZP")
PLAIN = _invoice("IV_SALESOC", "销售普通发票", "XSPP")
MONEY: tuple[Form, ...] = (RECEIVABLE, RECEIPT, SPECIAL, PLAIN)
