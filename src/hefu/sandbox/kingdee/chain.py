"""How bills hang together: which rows may be converted into which, what is left of a row, and what is written back.

A row of a target bears `_link`, a row of a source counts in `_joined` how much of it hangs on targets. What is written
back does not touch the modification date, as at the vendor's: who polls by date alone misses it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any, NamedTuple, Protocol

from hefu.sandbox.kingdee.book import FORMS, Book, dec, plain, rounded, rows_of
from hefu.sandbox.kingdee.forms import Field, Form
from hefu.sandbox.kingdee.replies import NO_RECORD, NOT_VALID, WRONG_STATE, Refused
from hefu.sandbox.shelf import Doc


class Rule(NamedTuple):
    """A conversion rule: rows of `source` into rows of `target`, how much, and what of it is written back at audit."""

    id: str
    source: str
    source_part: str
    table: str
    target: str
    target_part: str
    source_qty: str
    target_qty: str
    progress: str


RULES = (
    Rule(
        "SaleOrder-DeliveryNotice",
        "SAL_SaleOrder",
        "FSaleOrderEntry",
        "T_SAL_ORDERENTRY",
        "SAL_DELIVERYNOTICE",
        "FEntity",
        "FQty",
        "FQty",
        "FDeliQty",
    ),
    Rule(
        "SaleOrder-OutStock",
        "SAL_SaleOrder",
        "FSaleOrderEntry",
        "T_SAL_ORDERENTRY",
        "SAL_OUTSTOCK",
        "FEntity",
        "FQty",
        "FRealQty",
        "FStockOutQty",
    ),
    Rule(
        "DeliveryNotice-OutStock",
        "SAL_DELIVERYNOTICE",
        "FEntity",
        "T_SAL_DELIVERYNOTICEENTRY",
        "SAL_OUTSTOCK",
        "FEntity",
        "FQty",
        "FRealQty",
        "FSumOutQty",
    ),
    Rule(
        "AR_OutStockToReceivableMap",
        "SAL_OUTSTOCK",
        "FEntity",
        "T_SAL_OUTSTOCKENTRY",
        "AR_receivable",
        "FEntityDetail",
        "FRealQty",
        "FPriceQty",
        "FARJoinQty",
    ),
    Rule(
        "IV_ReceivableToSalesIC_Entry",
        "AR_receivable",
        "FEntityDetail",
        "T_AR_RECEIVABLEENTRY",
        "IV_SALESIC",
        "FSALESICENTRY",
        "FPriceQty",
        "FPRICEQTY",
        "FIVQTY",
    ),
    Rule(
        "IV_ReceivableToSalesOC_Entry",
        "AR_receivable",
        "FEntityDetail",
        "T_AR_RECEIVABLEENTRY",
        "IV_SALESOC",
        "FSALESICENTRY",
        "FPriceQty",
        "FPRICEQTY",
        "FIVQTY",
    ),
    Rule(
        "AR_recableToRecBill",
        "AR_receivable",
        "FEntityPlan",
        "t_AR_receivablePlan",
        "AR_RECEIVEBILL",
        "FRECEIVEBILLSRCENTRY",
        "FPAYAMOUNTFOR",
        "FREALRECAMOUNT",
        "FRELATEHADPAYAMOUNT_P",
    ),
)
BY_ID = {rule.id: rule for rule in RULES}


class Hand(Protocol):
    """Who acts, as far as it matters here."""

    @property
    def author(self) -> str:
        """The name in the log."""
        ...

    @property
    def via(self) -> str:
        """Through what: the API or a person."""
        ...

    @property
    def prompts(self) -> frozenset[str]:
        """Questions that were answered yes beforehand."""
        ...

    @property
    def ignore_prompts(self) -> bool:
        """Whether every question is."""
        ...


def referring(form_id: str) -> list[str]:
    """Forms that refer to this one."""

    def fields(form: Form) -> list[Field]:
        return [*form.single.values(), *(f for part in form.entries.values() for f in part.fields)]

    return [form.id for form in FORMS.values() if form.write and any(f.ref == form_id for f in fields(form))]


def left(rule: Rule, row: Mapping[str, Any]) -> Decimal:
    """What of a source row may still be converted."""
    return dec(row.get(rule.source_qty)) - dec(row.get("_joined"))


def relink(book: Book, form: Form, old: Doc | None, new: Doc, hand: Hand) -> None:
    """After a save: count on the source rows what hangs on them now, and name the source on ours. Raises Refused."""
    for rule, bill, row_id, change in _changes(form, old, new):
        source = _source(book, rule, bill)
        row = _row(source, rule.source_part, row_id)
        joined = dec(row.get("_joined")) + change
        if change > 0:
            _open(source, row)
            if joined > dec(row[rule.source_qty]):
                more = plain(joined - dec(row[rule.source_qty]))
                words = f"源单“{source.get('FBillNo')}”第{row['FSeq']}行的关联数量超过可用数量{more}"
                raise Refused(NOT_VALID, words, rule.target_qty)
        row["_joined"] = plain(joined)
        _back(book, rule.source, source, hand)
    for part in form.entries:
        for row in rows_of(new, part):
            _named(book, row)


def unlink(book: Book, form: Form, doc: Doc, hand: Hand) -> None:
    """Before a delete: give back what hung on the source rows."""
    relink(book, form, doc, {**doc, **{part: [] for part in form.entries}}, hand)


def take_effect(book: Book, form: Form, doc: Doc, hand: Hand) -> None:
    """At audit: write progress back along the chain, and move stock. Raises Refused."""
    if form.id == "SAL_OUTSTOCK":
        _move_stock(book, doc, -1, hand)
    _progress(book, form, doc, 1, hand)


def let_go(book: Book, form: Form, doc: Doc, hand: Hand) -> None:
    """At the way back from audit: nothing may hang on it; what it wrote back is taken back. Raises Refused."""
    for part in form.entries:
        if any(dec(row.get("_joined")) for row in rows_of(doc, part)):
            words = f"{form.title}“{doc.get('FBillNo')}”存在下游单据，不允许反审核"
            raise Refused(WRONG_STATE, words, "FDocumentStatus")
    if form.id == "SAL_OUTSTOCK":
        _move_stock(book, doc, 1, hand)
    _progress(book, form, doc, -1, hand)


def _changes(form: Form, old: Doc | None, new: Doc) -> list[tuple[Rule, int, int, Decimal]]:
    sums: dict[tuple[str, int, int], Decimal] = {}
    for doc, sign in ((old, -1), (new, 1)):
        for part in form.entries:
            for row in rows_of(doc or {}, part):
                link = row.get("_link")
                rule = BY_ID.get(link["rule"]) if link else None
                if link and rule and (rule.target, rule.target_part) == (form.id, part):
                    place = (rule.id, link["bill"], link["row"])
                    sums[place] = sums.get(place, Decimal(0)) + sign * dec(row[rule.target_qty])
                elif link and sign > 0:
                    raise Refused(NOT_VALID, f"转换规则“{link['rule']}”不存在", f"{part}_Link")
    return [(BY_ID[rule], bill, row, change) for (rule, bill, row), change in sums.items() if change]


def _source(book: Book, rule: Rule, bill: int) -> Doc:
    found = book.get(rule.source, bill)
    if found is None:
        raise Refused(NO_RECORD, f"源单内码{bill}不存在", "FSBillId")
    return found


def _row(doc: Doc, part: str, row_id: int) -> Doc:
    found = next((row for row in rows_of(doc, part) if row["FEntryID"] == row_id), None)
    if found is None:
        raise Refused(NO_RECORD, f"源单分录内码{row_id}不存在", "FSId")
    return found


def _open(source: Doc, row: Doc) -> None:
    if source.get("FDocumentStatus") != "C":
        raise Refused(WRONG_STATE, f"源单“{source.get('FBillNo')}”未审核，不允许下推", "FDocumentStatus")
    if source.get("FCloseStatus") == "B" or row.get("FMrpCloseStatus") == "B":
        raise Refused(WRONG_STATE, f"源单“{source.get('FBillNo')}”第{row['FSeq']}行已业务关闭", "FMrpCloseStatus")
    for key, word in (("FFreezeStatus", "冻结"), ("FTerminateStatus", "终止")):
        if row.get(key) == "B":
            raise Refused(WRONG_STATE, f"源单“{source.get('FBillNo')}”第{row['FSeq']}行已{word}", key)


def _back(book: Book, form_id: str, doc: Doc, hand: Hand) -> None:
    book.put(FORMS[form_id], doc[FORMS[form_id].pk], doc, hand.author, hand.via, "written back")


def _named(book: Book, row: Doc) -> None:
    """What a target's row tells of its source, in the words of its form."""
    link = row.get("_link")
    rule = BY_ID.get(link["rule"]) if link else None
    if not link or rule is None:
        return
    source = _source(book, rule, link["bill"])
    order = _order_row(book, link)
    told = {
        "FSrcType": rule.source,
        "FSOURCETYPE": rule.source,
        "FSRCBILLTYPEID": rule.source,
        "FSrcBillNo": source["FBillNo"],
        "FSourceBillNo": source["FBillNo"],
        "FSRCBILLNO": source["FBillNo"],
        "FSRCROWID": link["bill"] if rule.target == "AR_RECEIVEBILL" else link["row"],
        "FSRCBILLID": link["row"],
    }
    for key in ("FSoorDerno", "FOrderNo", "FORDERNUMBER", "FORDERBILLNO"):
        if order is not None:
            told[key] = order[0]["FBillNo"]
    row |= {key: value for key, value in told.items() if key in row}


def _order_row(book: Book, link: Mapping[str, Any]) -> tuple[Doc, Doc] | None:
    """The order and its row at the head of the chain."""
    here: Mapping[str, Any] | None = link
    while here:
        rule = BY_ID[here["rule"]]
        doc = book.get(rule.source, here["bill"])
        row = (
            None
            if doc is None
            else next((r for r in rows_of(doc, rule.source_part) if r["FEntryID"] == here["row"]), None)
        )
        if doc is None or row is None:
            return None
        if rule.source == "SAL_SaleOrder":
            return doc, row
        details = doc.get("FEntityDetail") or [
            {}
        ]  # a receivable's plan row comes from no row of an order; its lines do
        here = row.get("_link") or details[0].get("_link")
    return None


def _progress(book: Book, form: Form, doc: Doc, sign: int, hand: Hand) -> None:
    for part in form.entries:
        for row in rows_of(doc, part):
            link = row.get("_link")
            rule = BY_ID.get(link["rule"]) if link else None
            if not link or rule is None:
                continue
            change = sign * dec(row[rule.target_qty])
            source = _source(book, rule, link["bill"])
            at = _row(source, rule.source_part, link["row"])
            at[rule.progress] = plain(dec(at.get(rule.progress)) + change)
            settled(rule.source, source)
            _back(book, rule.source, source, hand)
            _up(book, form, link, rule, change, hand)


def _up(book: Book, form: Form, link: Mapping[str, Any], rule: Rule, change: Decimal, hand: Hand) -> None:
    """What reaches the order although it is not the direct source: goods sent by a notice, and what was invoiced."""
    key = {"SAL_OUTSTOCK": "FStockOutQty", "IV_SALESIC": "FInvoiceQty", "IV_SALESOC": "FInvoiceQty"}.get(form.id)
    if key is None or rule.source == "SAL_SaleOrder":
        return
    found = _order_row(book, link)
    if found is not None:
        order, row = found
        row[key] = plain(dec(row[key]) + change)
        settled("SAL_SaleOrder", order)
        _back(book, "SAL_SaleOrder", order, hand)


def settled(form_id: str, doc: Doc) -> None:
    """What follows from progress: rows and bills that are finished close, receivables count what they were paid."""
    if form_id == "SAL_SaleOrder":
        rows = rows_of(doc, "FSaleOrderEntry")
        for row in rows:
            row["FMrpCloseStatus"] = "B" if dec(row["FStockOutQty"]) >= dec(row["FQty"]) else "A"
        doc["FCloseStatus"] = "B" if all(row["FMrpCloseStatus"] == "B" for row in rows) else "A"
    if form_id == "AR_receivable":
        _paid(doc)


def _paid(doc: Doc) -> None:
    paid = Decimal(0)
    for row in rows_of(doc, "FEntityPlan"):
        row["FWRITTENOFFAMOUNTFOR"] = row["FRELATEHADPAYAMOUNT_P"]
        paid += dec(row["FRELATEHADPAYAMOUNT_P"])
    whole = dec(doc["FALLAMOUNTFOR"])
    doc["FRELATEHADPAYAMOUNT"] = plain(paid)
    doc["FWRITTENOFFSTATUS"] = "A" if not paid else "C" if paid >= whole else "B"
    lines = rows_of(doc, "FEntityDetail")
    for row in lines:
        total = dec(row["FALLAMOUNTFOR_D"])
        part = min(total, paid)
        paid -= part
        qty = dec(row["FPriceQty"])
        opened = rounded(total * dec(row["FIVQTY"]) / qty, "money") if qty else Decimal(0)
        row |= {
            "FRECEIVEAMOUNT": plain(part),
            "FNORECEIVEAMOUNT": plain(total - part),
            "FOPENAMOUNTFOR": plain(opened),
            "FNOINVOICEAMOUNT": plain(total - opened),
        }
    opened = sum((dec(row["FOPENAMOUNTFOR"]) for row in lines), Decimal(0))
    doc["FOPENSTATUS"] = "A" if not opened else "C" if opened >= whole else "B"


def _move_stock(book: Book, doc: Doc, sign: int, hand: Hand) -> None:
    """Goods leave the warehouse at audit, and come back when it is undone."""
    form = FORMS["STK_Inventory"]
    for row in rows_of(doc, "FEntity"):
        pk = _inventory(book, row["FMaterialID"], row.get("FStockID"))
        if pk is None:
            continue
        at = book.get(form.id, pk) or {}
        now = dec(at.get("FQty")) + sign * dec(row["FRealQty"])
        if now < 0 and not hand.ignore_prompts and "STK_InvCheckResult" not in hand.prompts:
            material = book.number_of("BD_MATERIAL", row["FMaterialID"])
            words = f"更新库存时出现可以忽略的异常数据，是否继续？物料“{material}”库存不足"
            raise Refused(NOT_VALID, words, "FRealQty")
        quantity = plain(now)
        moved = {"FQty": quantity, "FBaseQty": quantity, "FAVBQty": quantity, "FUpdateTime": book.now()}
        book.put(form, pk, {**at, **moved}, hand.author, hand.via, "stock")


def _inventory(book: Book, material: int, stock: object) -> int | None:
    found: Sequence[int] = [
        pk
        for pk, doc in book.docs("STK_Inventory").items()
        if doc["FMaterialId"] == material and (not stock or doc["FStockId"] == stock)
    ]
    return found[0] if found else None
