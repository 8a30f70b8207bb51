"""What every imitated Kingdee has before its first record: organisations, currencies, units, users, terms."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from hefu.sandbox.kingdee.book import FORMS, Book
from hefu.sandbox.sample import SELLERS
from hefu.sandbox.sample_trade import UNITS

Doc = dict[str, Any]
ORG, SECOND = 1, 100002
_TERMS = (0, 30, 45, 60, 90)


def lists(book: Book) -> None:
    """What every installation has before the first record, an empty one too."""
    at = book.clock.now()
    _listed(book, "ORG_Organizations", [("100", "示例集团", {}), ("200", "示例销售公司", {})], (ORG, SECOND), at)
    _listed(book, "SEC_User", [("apiuser", "集成用户", {}), *((f"u{n}", s, {}) for n, s in enumerate(SELLERS))], (), at)
    _listed(book, "BD_Currency", [("PRE001", "人民币", {"FCODE": "CNY"}), ("PRE007", "美元", {"FCODE": "USD"})], (), at)
    _listed(book, "BD_Unit", [(code, name, {}) for code, name in UNITS], (), at)
    rates = [
        (f"SL0{n}_SYS", f"{rate}%增值税", {"FTaxRate": str(rate)}) for n, rate in ((2, 13), (4, 9), (5, 6), (6, 0))
    ]
    _listed(book, "BD_TaxRate", rates, (), at)
    ways = [("JSFS01_SYS", "现金"), ("JSFS04_SYS", "电汇"), ("JSFS06_SYS", "银行承兑汇票"), ("JSFS21_SYS", "网银")]
    _listed(book, "BD_SETTLETYPE", [(c, n, {}) for c, n in ways], (), at)
    terms = [(f"SKTJ{d:02d}_SYS", f"月结{d}天" if d else "货到收款", {"FDays": d}) for d in _TERMS]
    _listed(book, "BD_RecCondition", terms, (), at)
    _listed(book, "BD_CustomerGroup", [("01", "国内客户", {}), ("02", "海外客户", {})], (), at)
    _listed(book, "BD_MATERIALGROUP", [("01", "产成品", {}), ("02", "原材料", {})], (), at)
    _listed(book, "BD_Department", [("BM000001", "销售部", {}), ("BM000002", "财务部", {})], (), at)
    _listed(book, "BD_Stock", [("CK001", "成品仓", {}), ("CK002", "备件仓", {})], (), at)
    sellers: list[tuple[str, str, Doc]] = [(f"{n:03d}_GW000055_1", name, {}) for n, name in enumerate(SELLERS, 1)]
    _listed(book, "BD_Saler", sellers, (), at)
    staff = [(f"YG{n:03d}", name, {"FStaffNumber": f"YG{n:03d}"}) for n, name in enumerate(SELLERS, 1)]
    _listed(book, "BD_Empinfo", staff, (), at)
    kinds = [
        ("XSDD01_SYS", "标准销售订单", "SAL_SaleOrder"),
        ("FHTZD01_SYS", "标准发货通知单", "SAL_DELIVERYNOTICE"),
        ("XSCKD01_SYS", "标准销售出库单", "SAL_OUTSTOCK"),
        ("YSD01_SYS", "标准应收单", "AR_receivable"),
        ("SKDLX01_SYS", "销售收款单", "AR_RECEIVEBILL"),
        ("XSZZSZYFP_SYS", "销售增值税专用发票", "IV_SALESIC"),
    ]
    _listed(book, "BOS_BillType", [(c, n, {"FBillFormID": f}) for c, n, f in kinds], (), at)
    _listed(book, "CN_BANKACNT", [("6222000000000001", "示例集团基本户", {})], (), at)
    _listed(book, "CN_RECPAYPURPOSE", [("SFKYT01_SYS", "销售收款", {})], (), at)


def _listed(book: Book, form: str, rows: Sequence[tuple[str, str, Doc]], ids: Sequence[int], at: datetime) -> None:
    kept = []
    for n, (number, name, more) in enumerate(rows):
        pk = ids[n] if ids else book.next_id()
        doc = {FORMS[form].pk: pk, "FNumber": number, "FName": name, "FDocumentStatus": "C", **more}
        kept.append((pk, doc, at))
    book.load(form, kept)
