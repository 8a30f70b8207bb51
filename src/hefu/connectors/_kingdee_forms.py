"""The forms of Kingdee that the connector offers ready-made: which fields, which lines, what leads on to what.

Spelling differs from one tenant to the next, so every name here is a wish: it is looked up in the tenant's own
metadata without regard to case, and what is not there is left out.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from hefu.core.records import FieldType

T = FieldType

SUBMIT_FROM = ("A", "D", "Z")
"""Z draft, A created, B in approval, C approved, D re-opened."""


@dataclass(frozen=True)
class Push:
    """A step that makes the next document: the form that it makes."""

    target: str


@dataclass(frozen=True)
class Link:
    """A read-only reference to an earlier document, found by the number that a line carries.

    `fields`: where the number stands, the first that is filled; `entity`: in another entity than the lines.
    """

    target: str
    fields: tuple[str, ...]
    entity: str = ""


@dataclass(frozen=True)
class Form:
    """One form. `organisation`: head field that says to which organisation a record belongs.

    `lines`: entity of the lines; `mark`: a field that tells it where the tenant calls it otherwise.
    `subs`: entities with one row, which Save wants nested.  `bill`: a document, in which an approved one is locked.
    `changed`: fields whose time tells a change.  `kept`: False for a figure that Kingdee works out (stock).
    """

    id: str
    label: str
    fields: tuple[str, ...] = ()
    line_fields: tuple[str, ...] = ()
    key: str = "FNumber"
    primary: str = ""
    lines: str = ""
    mark: str = ""
    subs: tuple[str, ...] = ()
    organisation: str = "FUseOrgId"
    changed: tuple[str, ...] = ("FModifyDate", "FApproveDate", "FAuditDate")
    bill: bool = False
    kept: bool = True
    pushes: Mapping[str, Push] = field(default_factory=dict)
    links: Mapping[str, Link] = field(default_factory=dict)
    every: bool = False


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


_BASE = _words("FDocumentStatus FForbidStatus FCreateDate FModifyDate FApproveDate")
_BILL = _words("FDocumentStatus FCloseStatus FCancelStatus FCreateDate FModifyDate FApproveDate")
_PRICED = "FPrice FTaxPrice FEntryTaxRate FTaxRate FAmount FTaxAmount FAllAmount"

_ORDER = Link("SAL_SaleOrder", ("FSoorDerno", "FOrderNo", "FORDERNUMBER", "FORDERBILLNO", "FSrcBillNo"))

FORMS: Mapping[str, Form] = {
    form.id: form
    for form in (
        Form(
            "BD_Customer",
            "客户",
            _words(
                "FCreateOrgId FUseOrgId FNumber FName FShortName FGroup FCustTypeId FSOCIALCRECODE FTAXREGISTERCODE "
                "FINVOICETITLE FINVOICEBANKNAME FINVOICEBANKACCOUNT FINVOICETEL FINVOICEADDRESS FADDRESS FZIP FTEL "
                "FTRADINGCURRID FSETTLETYPEID FRECCONDITIONID FTaxType FTaxRate FInvoiceType FSELLER FSALDEPTID "
                "FSALGROUPID FPriority FIsTrade FISCREDITCHECK FDescription"
            )
            + _BASE,
            primary="FCUSTID",
        ),
        Form(
            "BD_CommonContact",
            "联系人",
            _words(
                "FCreateOrgId FUseOrgId FNumber FName FCompanyType FCompany FCustId FPost FTel "
                "FMobile FEmail FBizAddress"
            )
            + _BASE,
            primary="FCONTACTID",
        ),
        Form(
            "BD_MATERIAL",
            "物料",
            _words(
                "FCreateOrgId FUseOrgId FNumber FName FSpecification FMnemonicCode FMaterialGroup FDescription "
                "FErpClsID FCategoryID FTaxRateId FBaseUnitId FStoreUnitID FIsBatchManage FSafeStock FSaleUnitId "
                "FSalePriceUnitId"
            )
            + _BASE,
            primary="FMATERIALID",
            subs=("SubHeadEntity", "SubHeadEntity1", "SubHeadEntity2"),
        ),
        Form(
            "BD_SAL_PriceList",
            "销售价目表",
            _words("FCreateOrgId FUseOrgId FNumber FName FCurrencyId FEffectiveDate FExpiryDate FIsIncludedTax")
            + _BASE,
            _words("FMaterialId FUnitID FFromQty FToQty FPrice FEntryEffectiveDate FEntryExpiryDate FEffectiveDate"),
            primary="FID",
            mark="FMaterialId",
        ),
        Form(
            "STK_Inventory",
            "即时库存",
            _words(
                "FMaterialId FStockId FStockOrgId FLot FStockStatusId FBaseUnitId FMtoNo FQty FBaseQty FAVBQty "
                "FProduceDate FExpiryDate FUpdateTime"
            ),
            key="",
            organisation="FStockOrgId",
            changed=("FUpdateTime",),
            kept=False,
        ),
        Form(
            "SAL_SaleOrder",
            "销售订单",
            _words(
                "FBillTypeID FBillNo FDate FSaleOrgId FCustId FReceiveId FSettleId FChargeId FSalerId FSaleDeptId "
                "FSaleGroupId FNote FSettleCurrId FExchangeRate FRecConditionId FIsIncludedTax FBillAmount "
                "FBillTaxAmount FBillAllAmount"
            )
            + _BILL,
            _words(
                f"FSeq FMaterialId FUnitID FQty {_PRICED} FDeliveryDate FIsFree FEntryNote FStockOrgId FSettleOrgIds "
                "FReserveType FDeliQty FStockOutQty FInvoiceQty FMrpCloseStatus FFreezeStatus FTerminateStatus"
            ),
            key="FBillNo",
            primary="FID",
            lines="FSaleOrderEntry",
            subs=("FSaleOrderFinance",),
            organisation="FSaleOrgId",
            bill=True,
            pushes={
                "push_notice": Push("SAL_DELIVERYNOTICE"),
                "push_outstock": Push("SAL_OUTSTOCK"),
                "push_receivable": Push("AR_receivable"),
            },
        ),
        Form(
            "SAL_DELIVERYNOTICE",
            "发货通知单",
            _words("FBillTypeID FBillNo FDate FSaleOrgId FDeliveryOrgID FCustomerID FNote") + _BILL,
            _words(
                f"FMaterialID FUnitID FQty {_PRICED} FStockID FDeliveryDate FSrcType FSrcBillNo FOrderNo FSumOutQty"
            ),
            key="FBillNo",
            primary="FID",
            lines="FEntity",
            organisation="FSaleOrgId",
            bill=True,
            pushes={"push_outstock": Push("SAL_OUTSTOCK")},
            links={"order": _ORDER},
        ),
        Form(
            "SAL_OUTSTOCK",
            "销售出库单",
            _words(
                "FBillTypeID FBillNo FDate FSaleOrgId FStockOrgId FCustomerID FSalesManID FCarriageNO FNote "
                "FSettleCurrID FSettleOrgID FBillAmount FBillTaxAmount FBillAllAmount"
            )
            + _BILL,
            _words(
                f"FMaterialID FUnitID FMustQty FRealQty {_PRICED} FStockID FLot FIsFree FSrcType FSrcBillNo FSoorDerno"
            ),
            key="FBillNo",
            primary="FID",
            lines="FEntity",
            subs=("SubHeadEntity",),
            organisation="FSaleOrgId",
            bill=True,
            pushes={"push_receivable": Push("AR_receivable")},
            links={"order": _ORDER},
        ),
        Form(
            "AR_receivable",
            "应收单",
            _words(
                "FBillTypeID FBillNo FDATE FENDDATE_H FCUSTOMERID FCURRENCYID FSETTLEORGID FPAYORGID FSALEORGID "
                "FSALEERID FSALEDEPTID FAR_Remark FNOTAXAMOUNTFOR FTAXAMOUNTFOR FALLAMOUNTFOR FRELATEHADPAYAMOUNT "
                "FWRITTENOFFSTATUS FOPENSTATUS"
            )
            + _BILL,
            _words(
                "FMATERIALID FPRICEUNITID FPriceQty FPrice FTaxPrice FEntryTaxRate FNoTaxAmountFor_D FTAXAMOUNTFOR_D "
                "FALLAMOUNTFOR_D FSOURCETYPE FSourceBillNo FSRCROWID FORDERNUMBER FRECEIVEAMOUNT FNORECEIVEAMOUNT "
                "FNOINVOICEAMOUNT FOPENAMOUNTFOR"
            ),
            key="FBillNo",
            primary="FID",
            lines="FEntityDetail",
            subs=("FsubHeadFinc", "FsubHeadSuppiler"),
            organisation="FSETTLEORGID",
            bill=True,
            pushes={
                "push_invoice": Push("IV_SALESIC"),
                "push_plain_invoice": Push("IV_SALESOC"),
                "push_receipt": Push("AR_RECEIVEBILL"),
            },
            links={
                "order": Link("SAL_SaleOrder", ("FORDERNUMBER",)),
                "delivery": Link("SAL_OUTSTOCK", ("FSourceBillNo",)),
            },
        ),
        *(
            Form(
                name,
                label,
                _words(
                    "FBillTypeID FBillNo FDATE FINVOICENO FINVOICEDATE FCUSTOMERID FCURRENCYID FSETTLEORGID "
                    "FNOTAXAMOUNTFOR FTAXAMOUNTFOR FALLAMOUNTFOR"
                )
                + _BILL,
                _words(
                    "FMATERIALID FPRICEUNITID FPRICEQTY FPrice FTaxPrice FTAXRATE FAMOUNTFOR_D FDETAILTAXAMOUNTFOR "
                    "FALLAMOUNTFOR_D FSRCROWID FSRCBILLNO FORDERBILLNO"
                ),
                key="FBillNo",
                primary="FID",
                lines=f"{name.removeprefix('IV_').join(('F', 'ENTRY'))}",
                mark="FMATERIALID",
                organisation="FSETTLEORGID",
                bill=True,
                links={
                    "order": Link("SAL_SaleOrder", ("FORDERBILLNO",)),
                    "receivable": Link("AR_receivable", ("FSRCBILLNO",)),
                },
            )
            for name, label in (("IV_SALESIC", "销售增值税专用发票"), ("IV_SALESOC", "销售普通发票"))
        ),
        Form(
            "AR_RECEIVEBILL",
            "收款单",
            _words(
                "FBillTypeID FBillNo FDATE FCONTACTUNITTYPE FCONTACTUNIT FPAYUNITTYPE FPAYUNIT FCURRENCYID FPAYORGID "
                "FSETTLEORGID FSALEORGID FSALEERID FRECTOTALAMOUNTFOR FREALRECAMOUNTFOR FTHIRDBILLNO FREMARK"
            )
            + _BILL,
            _words("FSETTLETYPEID FPURPOSEID FRECTOTALAMOUNTFOR FRECAMOUNTFOR_E FACCOUNTID FPOSTDATE FCOMMENT"),
            key="FBillNo",
            primary="FID",
            lines="FRECEIVEBILLENTRY",
            organisation="FPAYORGID",
            bill=True,
            links={
                "receivable": Link("AR_receivable", ("FSRCBILLNO",), "FRECEIVEBILLSRCENTRY"),
                "order": Link("SAL_SaleOrder", ("FORDERBILLNO",), "FRECEIVEBILLSRCENTRY"),
            },
        ),
    )
}
"""By FormId. What a tenant lacks is left out at discovery."""


def made_from(form: str) -> list[tuple[str, Link]]:
    """The forms whose documents are made from this one's, and how they name it."""
    return [(child.id, link) for child in FORMS.values() for link in child.links.values() if link.target == form]


def _kinds() -> dict[str, FieldType]:
    told = {
        T.DATE: "fdate fdeliverydate fenddate_h fpostdate finvoicedate feffectivedate fexpirydate fproducedate "
        "fentryeffectivedate fentryexpirydate",
        T.INSTANT: "fcreatedate fmodifydate fapprovedate fauditdate fupdatetime",
        T.BOOLEAN: "fisfree fistrade fiscreditcheck fisinit fisincludedtax fisbatchmanage",
        T.MONEY: "fprice ftaxprice famount ftaxamount fallamount fbillamount fbilltaxamount fbillallamount "
        "fallamountfor fnotaxamountfor ftaxamountfor frelatehadpayamount fallamountfor_d fnotaxamountfor_d "
        "ftaxamountfor_d freceiveamount fnoreceiveamount fnoinvoiceamount fopenamountfor frectotalamountfor "
        "frealrecamountfor frecamountfor_e famountfor_d fdetailtaxamountfor",
        T.CODE: "fnumber fbillno fdocumentstatus fforbidstatus fclosestatus fcancelstatus fwrittenoffstatus "
        "fopenstatus fmrpclosestatus ffreezestatus fterminatestatus fsoorderno fsrcbillno fsourcebillno fordernumber "
        "forderbillno forderno fsrcrowid fseq fsrctype fsourcetype freservetype ferpclsid ftaxtype finvoicetype "
        "fcompanytype fcontactunittype fpayunittype fsocialcrecode ftaxregistercode finvoiceno fthirdbillno",
    }
    return {name: kind for kind, names in told.items() for name in names.split()}


KINDS: Mapping[str, FieldType] = _kinds()
"""Types that the metadata leave open (a day and an instant are both "datetime" there), by lower-case key."""

READ_ONLY = frozenset(
    _words(
        "fdocumentstatus fforbidstatus fclosestatus fcancelstatus fcreatedate fmodifydate fapprovedate "
        "fauditdate fupdatetime famount ftaxamount fallamount fbillamount fbilltaxamount fbillallamount "
        "fallamountfor fnotaxamountfor ftaxamountfor frelatehadpayamount fwrittenoffstatus fopenstatus "
        "fallamountfor_d fnotaxamountfor_d ftaxamountfor_d freceiveamount fnoreceiveamount fnoinvoiceamount "
        "fopenamountfor famountfor_d fdetailtaxamountfor fdeliqty fstockoutqty finvoiceqty fsumoutqty "
        "fmrpclosestatus ffreezestatus fterminatestatus fseq fsrctype fsourcetype fsrcbillno fsourcebillno "
        "fsrcrowid fsoorderno forderno fordernumber forderbillno "
    )
)
"""What Kingdee works out or what a push or a step sets, by lower-case key."""

STATES = {
    "fdocumentstatus": ("Z", "A", "B", "C", "D"),
    "fforbidstatus": ("A", "B"),
    "fclosestatus": ("A", "B"),
    "fcancelstatus": ("A", "B"),
}
