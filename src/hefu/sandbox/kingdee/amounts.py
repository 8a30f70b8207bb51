"""What the system works out itself when a bill is saved: line amounts from quantity and price, and their sums."""

from __future__ import annotations

from decimal import Decimal
from typing import NamedTuple

from hefu.sandbox.kingdee.book import dec, plain, rounded, rows_of
from hefu.sandbox.kingdee.forms import Form
from hefu.sandbox.shelf import Doc


class Lines(NamedTuple):
    """How one form names what belongs to a line's amount, and the sums of its head."""

    part: str
    qty: str
    rate: str
    net: str
    tax: str
    whole: str
    head: tuple[str, str, str] | None


LINES = {
    "SAL_SaleOrder": Lines(
        "FSaleOrderEntry",
        "FQty",
        "FEntryTaxRate",
        "FAmount",
        "FTaxAmount",
        "FAllAmount",
        ("FBillAmount", "FBillTaxAmount", "FBillAllAmount"),
    ),
    "SAL_DELIVERYNOTICE": Lines("FEntity", "FQty", "FEntryTaxRate", "FAmount", "FTaxAmount", "FAllAmount", None),
    "SAL_OUTSTOCK": Lines(
        "FEntity",
        "FRealQty",
        "FEntryTaxRate",
        "FAmount",
        "FTaxAmount",
        "FAllAmount",
        ("FBillAmount", "FBillTaxAmount", "FBillAllAmount"),
    ),
    "AR_receivable": Lines(
        "FEntityDetail",
        "FPriceQty",
        "FEntryTaxRate",
        "FNoTaxAmountFor_D",
        "FTAXAMOUNTFOR_D",
        "FALLAMOUNTFOR_D",
        ("FNOTAXAMOUNTFOR", "FTAXAMOUNTFOR", "FALLAMOUNTFOR"),
    ),
    **{
        form: Lines(
            "FSALESICENTRY",
            "FPRICEQTY",
            "FTAXRATE",
            "FAMOUNTFOR_D",
            "FDETAILTAXAMOUNTFOR",
            "FALLAMOUNTFOR",
            ("FNOTAXAMOUNTFOR", "FTAXAMOUNTFOR", "FALLAMOUNTFOR"),
        )
        for form in ("IV_SALESIC", "IV_SALESOC")
    },
}


def settle(form: Form, doc: Doc) -> None:
    """Work out the amounts of a bill in place."""
    if form.id == "AR_RECEIVEBILL":
        _receipt(doc)
    names = LINES.get(form.id)
    if names is None:
        return
    rows = rows_of(doc, names.part)
    for row in rows:
        _line(names, row)
    if names.head:
        for key, column in zip(names.head, (names.net, names.tax, names.whole), strict=True):
            doc[key] = plain(sum((dec(row[column]) for row in rows), Decimal(0)))
    if form.id == "AR_receivable":
        _plan(doc)


def _line(names: Lines, row: Doc) -> None:
    """The price with tax leads; where only the one without is known, it is worked out from that."""
    qty, rate = dec(row[names.qty]), dec(row[names.rate])
    price, taxed = dec(row["FPrice"]), dec(row["FTaxPrice"])
    if row.get("FIsFree"):
        price = taxed = Decimal(0)
    elif taxed:
        price = rounded(taxed / (1 + rate / 100), "price")
    else:
        taxed = rounded(price * (1 + rate / 100), "price")
    if dec(row["FTaxPrice"]) != taxed or dec(row["FPrice"]) != price:
        row |= {"FPrice": plain(price), "FTaxPrice": plain(taxed)}
    whole = rounded(qty * taxed, "money")
    tax = rounded(whole * rate / (100 + rate), "money")
    row |= {names.net: plain(whole - tax), names.tax: plain(tax), names.whole: plain(whole)}


def _plan(doc: Doc) -> None:
    """A receivable is due in one sum unless its plan says otherwise; lines are open until they are settled."""
    whole = dec(doc["FALLAMOUNTFOR"])
    rows = rows_of(doc, "FEntityPlan")
    if len(rows) == 1:
        rows[0]["FPAYAMOUNTFOR"] = plain(whole)
        rows[0]["FENDDATE"] = rows[0].get("FENDDATE") or doc.get("FENDDATE_H")
    for row in rows_of(doc, "FEntityDetail"):
        total = dec(row["FALLAMOUNTFOR_D"])
        row["FNORECEIVEAMOUNT"] = plain(total - dec(row["FRECEIVEAMOUNT"]))
        row["FNOINVOICEAMOUNT"] = plain(total - dec(row["FOPENAMOUNTFOR"]))


def _receipt(doc: Doc) -> None:
    rows = rows_of(doc, "FRECEIVEBILLENTRY")
    for row in rows:
        if not dec(row["FRECAMOUNTFOR_E"]):
            row["FRECAMOUNTFOR_E"] = row["FRECTOTALAMOUNTFOR"]
    doc["FRECTOTALAMOUNTFOR"] = plain(sum((dec(r["FRECTOTALAMOUNTFOR"]) for r in rows), Decimal(0)))
    doc["FREALRECAMOUNTFOR"] = plain(sum((dec(r["FRECAMOUNTFOR_E"]) for r in rows), Decimal(0)))
