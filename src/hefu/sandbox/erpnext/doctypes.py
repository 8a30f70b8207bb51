"""The doctypes of this site: fields, child tables, how documents get their names, what stays free after submitting."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

NUMBERS = ("Int", "Float", "Currency", "Percent", "Check")


class F(NamedTuple):
    """One field. `options`: doctype of a Link or Table, choices of a Select. `free`: may change after submitting."""

    name: str
    type: str
    label: str
    options: str = ""
    reqd: bool = False
    shown: bool = False
    unique: bool = False
    free: bool = False
    default: Any = None
    length: int = 0

    def told(self) -> dict[str, Any]:
        """As the DocType's own document tells it."""
        return {
            "fieldname": self.name, "fieldtype": self.type, "label": self.label, "options": self.options or None,
            "reqd": int(self.reqd), "read_only": int(self.shown), "unique": int(self.unique), "hidden": 0,
            "allow_on_submit": int(self.free), "default": self.default, "length": self.length, "permlevel": 0,
        }  # fmt: skip


@dataclass(frozen=True)
class DocType:
    """One kind of document. naming: a field ("field:item_code"), a series ("SAL-ORD-.YYYY.-") or a rule of its own."""

    name: str
    fields: tuple[F, ...]
    naming: str = "hash"
    submittable: bool = False
    table: bool = False
    title: str = "name"

    def field(self, name: str) -> F | None:
        """The field of that name."""
        return next((f for f in self.fields if f.name == name), None)

    def tables(self) -> tuple[F, ...]:
        """Its child tables."""
        return tuple(f for f in self.fields if f.type == "Table")


class Refused(Exception):
    """What Frappe raises: the class as `exc_type` names it, HTTP status, words for people."""

    def __init__(self, kind: str, message: str, status: int = 417) -> None:
        super().__init__(message)
        self.kind, self.message, self.status = kind, message, status


def wrong(message: str) -> Refused:
    """A rule refuses."""
    return Refused("ValidationError", message)


def gone(doctype: str, name: str) -> Refused:
    """No such document."""
    return Refused("DoesNotExistError", f"{doctype} {name} not found", 404)


def _data(name: str, label: str, **more: Any) -> F:
    return F(name, "Data", label, **more)


def _link(name: str, label: str, to: str, **more: Any) -> F:
    return F(name, "Link", label, to, **more)


def _money(name: str, label: str, **more: Any) -> F:
    return F(name, "Currency", label, **more)


def _sum(name: str, label: str) -> F:
    return _money(name, label, shown=True)


HUB = _data("hub_key", "Hub Key", unique=True, length=140)
"""The custom field that the company added for the hub: Data, unique, no copy."""

_SERIES = F("naming_series", "Select", "Series")
_COMPANY = _link("company", "Company", "Company", reqd=True, default="恒通贸易")
_CURRENCY = _link("currency", "Currency", "Currency", reqd=True, default="CNY")
_RATE = F("conversion_rate", "Float", "Exchange Rate", default=1)
_AMENDED = "Amended From"
_TOTALS = (
    F("total_qty", "Float", "Total Quantity", shown=True),
    _sum("total", "Total"),
    _sum("total_taxes_and_charges", "Total Taxes and Charges"),
    _sum("grand_total", "Grand Total"),
)
_ITEM = (
    _link("item_code", "Item Code", "Item", reqd=True),
    _data("item_name", "Item Name"),
    F("description", "Text Editor", "Description"),
    F("qty", "Float", "Quantity", reqd=True),
    _link("uom", "UOM", "UOM"),
    F("conversion_factor", "Float", "UOM Conversion Factor", default=1),
    _money("rate", "Rate"),
    F("discount_percentage", "Percent", "Discount (%)"),
    _sum("amount", "Amount"),
    _link("warehouse", "Warehouse", "Warehouse"),
)
_TAX = (
    F("charge_type", "Select", "Type", "On Net Total\nActual", default="On Net Total"),
    _link("account_head", "Account Head", "Account", reqd=True),
    _data("description", "Description"),
    F("rate", "Float", "Tax Rate"),
    _sum("tax_amount", "Amount"),
)
_DOC = (_link("customer", "Customer", "Customer", reqd=True), _data("customer_name", "Customer Name", shown=True), HUB)


def _lines(doctype: str) -> tuple[F, ...]:
    return (
        F("items", "Table", "Items", doctype, reqd=True),
        F("taxes", "Table", "Sales Taxes and Charges", "Sales Taxes and Charges"),
    )


DOCTYPES: dict[str, DocType] = {
    d.name: d
    for d in (
        DocType(
            "Customer",
            (
                _data("customer_name", "Customer Name", reqd=True, length=140),
                F("customer_type", "Select", "Customer Type", "Company\nIndividual\nPartnership", default="Company"),
                _link("customer_group", "Customer Group", "Customer Group", default="All Customer Groups"),
                _link("territory", "Territory", "Territory", default="All Territories"),
                _data("tax_id", "Tax ID"),
                _link("default_currency", "Billing Currency", "Currency"),
                _link("payment_terms", "Default Payment Terms Template", "Payment Terms Template"),
                _data("website", "Website"),
                F("customer_details", "Text", "Customer Details"),
                _data("custom_erp_code", "ERP Code"),
                F("disabled", "Check", "Disabled"),
                HUB,
            ),
            "customer",
            title="customer_name",
        ),
        DocType("Address", (
            _data("address_title", "Address Title"),
            F("address_type", "Select", "Address Type", "Billing\nShipping\nOffice\nOther", reqd=True,
              default="Billing"),
            _data("address_line1", "Address Line 1", reqd=True),
            _data("address_line2", "Address Line 2"),
            _data("city", "City/Town", reqd=True),
            _data("state", "State/Province"),
            _data("pincode", "Postal Code"),
            _link("country", "Country", "Country", reqd=True, default="China"),
            _data("phone", "Phone"),
            _data("email_id", "Email Address"),
            F("disabled", "Check", "Disabled"),
            F("links", "Table", "Reference", "Dynamic Link"),
            HUB,
        ), "address", title="address_title"),
        DocType("Contact", (
            _data("first_name", "First Name"),
            _data("last_name", "Last Name"),
            _data("designation", "Designation"),
            _data("email_id", "Email Address", shown=True),
            _data("mobile_no", "Mobile No", shown=True),
            F("email_ids", "Table", "Email IDs", "Contact Email"),
            F("phone_nos", "Table", "Contact Numbers", "Contact Phone"),
            F("links", "Table", "Links", "Dynamic Link"),
            HUB,
        ), "contact", title="first_name"),
        DocType("Item", (
            _data("item_code", "Item Code", reqd=True, unique=True),
            _data("item_name", "Item Name"),
            _link("item_group", "Item Group", "Item Group", reqd=True, default="All Item Groups"),
            _link("stock_uom", "Default Unit of Measure", "UOM", reqd=True, default="Nos"),
            F("description", "Text Editor", "Description"),
            _money("standard_rate", "Standard Selling Rate"),
            F("is_stock_item", "Check", "Maintain Stock", default=1),
            F("disabled", "Check", "Disabled"),
            HUB,
        ), "field:item_code", title="item_name"),
        DocType("Sales Order", (
            _SERIES, *_DOC, _COMPANY, _CURRENCY, _RATE,
            F("transaction_date", "Date", "Date", reqd=True, default="Today"),
            F("delivery_date", "Date", "Delivery Date", free=True),
            _data("po_no", "Customer's Purchase Order", free=True),
            _link("selling_price_list", "Price List", "Price List", default="Standard Selling"),
            *_lines("Sales Order Item"), *_TOTALS,
            F("status", "Select", "Status", "\nDraft\nOn Hold\nTo Deliver and Bill\nTo Bill\nTo Deliver\nCompleted\n"
              "Cancelled\nClosed", shown=True, default="Draft"),
            F("per_delivered", "Percent", "% Delivered", shown=True),
            F("per_billed", "Percent", "% Amount Billed", shown=True),
            F("terms", "Text Editor", "Terms"),
            _link("amended_from", _AMENDED, "Sales Order", shown=True),
        ), "SAL-ORD-.YYYY.-", True, title="customer_name"),
        DocType("Sales Order Item", (
            *_ITEM, F("delivery_date", "Date", "Delivery Date", free=True),
            F("delivered_qty", "Float", "Delivered Qty", shown=True), _sum("billed_amt", "Billed Amt"),
            _data("hub_line", "Hub Line"),
        ), table=True),
        DocType("Delivery Note", (
            _SERIES, *_DOC, _COMPANY, _CURRENCY, _RATE,
            F("posting_date", "Date", "Date", reqd=True, default="Today"),
            _data("po_no", "Customer's Purchase Order No"),
            _data("lr_no", "Transport Receipt No", free=True),
            *_lines("Delivery Note Item"), *_TOTALS,
            F("status", "Select", "Status", "\nDraft\nTo Bill\nCompleted\nCancelled\nClosed", shown=True,
              default="Draft"),
            F("per_billed", "Percent", "% Amount Billed", shown=True),
            F("is_return", "Check", "Is Return"),
            _link("amended_from", _AMENDED, "Delivery Note", shown=True),
        ), "MAT-DN-.YYYY.-", True, title="customer_name"),
        DocType("Delivery Note Item", (
            *_ITEM, _link("against_sales_order", "Against Sales Order", "Sales Order"),
            _data("so_detail", "Against Sales Order Item"),
        ), table=True),
        DocType("Sales Invoice", (
            _SERIES, *_DOC, _COMPANY, _CURRENCY, _RATE,
            F("posting_date", "Date", "Date", reqd=True, default="Today"),
            F("due_date", "Date", "Payment Due Date", free=True),
            _data("po_no", "Customer's Purchase Order"),
            _link("debit_to", "Debit To", "Account", reqd=True, default="应收账款 - HT"),
            *_lines("Sales Invoice Item"), *_TOTALS,
            _sum("outstanding_amount", "Outstanding Amount"),
            F("status", "Select", "Status", "\nDraft\nReturn\nUnpaid\nPartly Paid\nPaid\nOverdue\nCancelled",
              shown=True, default="Draft"),
            F("is_return", "Check", "Is Return"),
            _link("amended_from", _AMENDED, "Sales Invoice", shown=True),
        ), "ACC-SINV-.YYYY.-", True, title="customer_name"),
        DocType("Sales Invoice Item", (
            *_ITEM, _link("sales_order", "Sales Order", "Sales Order"), _data("so_detail", "Sales Order Item"),
            _link("delivery_note", "Delivery Note", "Delivery Note"),
        ), table=True),
        DocType("Payment Entry", (
            _SERIES, HUB, _COMPANY,
            F("payment_type", "Select", "Payment Type", "Receive\nPay\nInternal Transfer", reqd=True,
              default="Receive"),
            F("posting_date", "Date", "Posting Date", reqd=True, default="Today"),
            _link("mode_of_payment", "Mode of Payment", "Mode of Payment"),
            _link("party_type", "Party Type", "DocType", default="Customer"),
            F("party", "Dynamic Link", "Party", "party_type"),
            _money("paid_amount", "Paid Amount", reqd=True),
            _money("received_amount", "Received Amount"),
            _link("paid_from", "Account Paid From", "Account", default="应收账款 - HT"),
            _link("paid_to", "Account Paid To", "Account", default="银行存款 - HT"),
            _data("reference_no", "Cheque/Reference No"),
            F("reference_date", "Date", "Cheque/Reference Date"),
            F("references", "Table", "Payment References", "Payment Entry Reference"),
            _sum("unallocated_amount", "Unallocated Amount"),
            F("status", "Select", "Status", "\nDraft\nSubmitted\nCancelled", shown=True, default="Draft"),
            _link("amended_from", _AMENDED, "Payment Entry", shown=True),
        ), "ACC-PAY-.YYYY.-", True, title="party"),
        DocType("Payment Entry Reference", (
            _link("reference_doctype", "Type", "DocType", reqd=True),
            F("reference_name", "Dynamic Link", "Name", "reference_doctype", reqd=True),
            _money("total_amount", "Grand Total", shown=True),
            _money("outstanding_amount", "Outstanding", shown=True),
            _money("allocated_amount", "Allocated"),
        ), table=True),
        DocType("Sales Taxes and Charges", _TAX, table=True),
        DocType("Dynamic Link", (
            _link("link_doctype", "Link Document Type", "DocType", reqd=True),
            F("link_name", "Dynamic Link", "Link Name", "link_doctype", reqd=True),
            _data("link_title", "Link Title", shown=True),
        ), table=True),
        DocType("Contact Email", (
            _data("email_id", "Email ID", reqd=True), F("is_primary", "Check", "Is Primary"),
        ), table=True),
        DocType("Contact Phone", (
            _data("phone", "Number", reqd=True), F("is_primary_mobile_no", "Check", "Is Primary Mobile"),
        ), table=True),
        *(
            DocType(name, (_data(field, name, reqd=True),), f"field:{field}")
            for name, field in (
                ("Company", "company_name"), ("Currency", "currency_name"), ("UOM", "uom_name"),
                ("Customer Group", "customer_group_name"), ("Territory", "territory_name"),
                ("Item Group", "item_group_name"), ("Country", "country_name"), ("Account", "account_name"),
                ("Warehouse", "warehouse_name"), ("Price List", "price_list_name"),
                ("Mode of Payment", "mode_of_payment"), ("Payment Terms Template", "template_name"),
            )
        ),
        DocType("Deleted Document", (
            _data("deleted_doctype", "Deleted DocType", shown=True), _data("deleted_name", "Deleted Name", shown=True),
        ), "hash"),
    )
}  # fmt: skip

WITH_HUB = tuple(d.name for d in DOCTYPES.values() if d.field("hub_key"))
CUSTOM: Mapping[str, tuple[str, ...]] = {
    d.name: tuple(f.name for f in d.fields if f.name in ("hub_key", "hub_line") or f.name.startswith("custom_"))
    for d in DOCTYPES.values()
}
"""Fields that the company added: the DocType's document does not tell them, the list of Custom Field does."""

STAMPS = ("name", "owner", "creation", "modified", "modified_by", "docstatus", "idx")
ROW = ("name", "idx", "parent", "parenttype", "parentfield")
INDEXED = ("hub_key", "customer", "party", "customer_name", "item_code", "tax_id", "deleted_doctype")
