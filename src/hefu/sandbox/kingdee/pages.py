"""The pages of the imitated Kingdee: base data, the bills from order to receipt, stock."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from hefu.sandbox.kingdee import looks
from hefu.sandbox.kingdee.book import FORMS, Book
from hefu.sandbox.kingdee.forms import STATUS
from hefu.sandbox.kingdee.replies import Refused
from hefu.sandbox.page import Column, Pages, Tab, Two
from hefu.sandbox.shelf import Kept, ShelfSource

ENGLISH = {
    "FNumber": "Number",
    "FName": "Name",
    "FSOCIALCRECODE": "Credit code",
    "FTEL": "Phone",
    "FADDRESS": "Address",
    "FUseOrgId": "Organisation",
    "FSpecification": "Specification",
    "FBaseUnitId": "Unit",
    "FBillNo": "Number",
    "FDate": "Date",
    "FDATE": "Date",
    "FCustId": "Customer",
    "FCustomerID": "Customer",
    "FCUSTOMERID": "Customer",
    "FCONTACTUNIT": "Customer",
    "FBillAllAmount": "Total",
    "FALLAMOUNTFOR": "Total",
    "FRELATEHADPAYAMOUNT": "Paid",
    "FREALRECAMOUNTFOR": "Received",
    "FModifyDate": "Modified",
    "FMaterialId": "Material",
    "FQty": "Quantity",
    "FNote": "Note",
    "FShortName": "Short name",
}
LISTS: Mapping[str, tuple[str, tuple[str, ...], tuple[str, ...]]] = {
    "BD_Customer": (
        "Customers",
        ("FNumber", "FName", "FSOCIALCRECODE", "FTEL", "FUseOrgId", "state", "FModifyDate"),
        ("FName", "FShortName", "FTEL", "FADDRESS"),
    ),
    "BD_MATERIAL": (
        "Materials",
        ("FNumber", "FName", "FSpecification", "FBaseUnitId", "state"),
        ("FName", "FSpecification"),
    ),
    "SAL_SaleOrder": (
        "Sales orders",
        ("FBillNo", "FDate", "FCustId", "FBillAllAmount", "state", "FModifyDate"),
        ("FNote",),
    ),
    "SAL_DELIVERYNOTICE": ("Delivery notices", ("FBillNo", "FDate", "FCustomerID", "state"), ()),
    "SAL_OUTSTOCK": ("Shipments", ("FBillNo", "FDate", "FCustomerID", "FBillAllAmount", "state"), ()),
    "AR_receivable": (
        "Receivables",
        ("FBillNo", "FDATE", "FCUSTOMERID", "FALLAMOUNTFOR", "FRELATEHADPAYAMOUNT", "state"),
        (),
    ),
    "IV_SALESIC": ("Invoices", ("FBillNo", "FDATE", "FCUSTOMERID", "FALLAMOUNTFOR", "state"), ()),
    "AR_RECEIVEBILL": ("Receipts", ("FBillNo", "FDATE", "FCONTACTUNIT", "FREALRECAMOUNTFOR", "state"), ()),
    "STK_Inventory": ("Stock", ("FMaterialId", "FQty"), ()),
}
ACTIONS: Mapping[str, Two] = {
    "Submit": ("提交", "Submit"),
    "CancelAssign": ("撤销", "Withdraw"),
    "Audit": ("审核", "Audit"),
    "UnAudit": ("反审核", "Undo audit"),
}


def pages(book: Book, as_person: Callable[[str, str | None, dict[str, Any] | None, str], str]) -> Pages:
    """The pages over a book; people's edits go through `as_person`."""

    def row(obj: str, kept: Kept) -> Mapping[str, Any]:
        shown = looks.flat(book, FORMS[obj], kept.doc)
        for part in FORMS[obj].entries:
            if shown[part]:
                shown["lines"] = [_line(line) for line in shown[part]]
                break
        state = str(kept.doc.get("FDocumentStatus") or "")
        return {**shown, "state": STATUS.get(state, state)}

    def edit(obj: str, record_id: str, values: dict[str, str], author: str) -> object:
        return as_person(obj, record_id, dict(values), author)

    def step(obj: str, record_id: str, action: str, author: str) -> object:
        return as_person(obj, record_id, {"action": action}, author)

    tabs = [_tab(form_id, *told) for form_id, told in LISTS.items()]
    source = ShelfSource(book.shelf, row, edit, step, Refused)
    return Pages(("金蝶云星空 沙盒", "Kingdee Cloud Galaxy sandbox"), "erp", tabs, source)


def _tab(form_id: str, title: str, columns: tuple[str, ...], editable: tuple[str, ...]) -> Tab:
    form = FORMS[form_id]
    link = columns[0]

    def column(key: str, *, edit: bool) -> Column:
        if key == "state":
            return Column(key, ("数据状态", "Status"))
        field = form.single[key]
        kind = "link" if key == link and not edit else "number" if field.kind in ("money", "qty") else "text"
        return Column(key, (field.label, ENGLISH.get(key, key)), kind, edit)

    shown = tuple(column(key, edit=False) for key in columns)
    names = dict.fromkeys((*columns, *editable))
    fields = tuple(column(key, edit=key in editable) for key in names)
    return Tab(form_id, (form.title, title), shown, fields, ACTIONS if form.life else {}, link)


def _line(line: Mapping[str, Any]) -> dict[str, Any]:
    """The columns of a line that say something."""
    return {key: value for key, value in line.items() if value not in (None, "", 0, 0.0, False, " ") or key == "FSeq"}
