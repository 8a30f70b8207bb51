"""The doctypes that the connector knows by heart: usual fields, child tables, status steps."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

DRAFT, SUBMITTED, CANCELLED = "Draft", "Submitted", "Cancelled"
STATES = (DRAFT, SUBMITTED, CANCELLED)
"""docstatus 0, 1, 2."""


@dataclass(frozen=True)
class Step:
    """A status step: the states in which it is legal. method: makes a follow-up document, given by `by`."""

    states: tuple[str, ...]
    method: str = ""
    by: str = ""
    makes: str = ""
    progress: str = ""


@dataclass(frozen=True)
class Kind:
    """One doctype. fields: the usual ones (empty: all). tables: child tables with their usual fields."""

    fields: tuple[str, ...] = ()
    tables: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    key: tuple[str, ...] = ("name",)
    steps: Mapping[str, Step] = field(default_factory=dict)


SUBMITTABLE: Mapping[str, Step] = {"submit": Step((DRAFT,)), "cancel": Step((SUBMITTED,))}
"""Steps of every doctype that can be submitted."""

_SALES = "erpnext.selling.doctype.sales_order.sales_order"
_ROW = ("item_code", "item_name", "description", "qty", "uom", "conversion_factor", "rate", "discount_percentage",
        "amount", "warehouse")  # fmt: skip
_HEAD = ("customer", "customer_name", "company", "currency", "conversion_rate", "po_no", "total", "grand_total",
         "total_taxes_and_charges", "status", "amended_from")  # fmt: skip

KINDS: Mapping[str, Kind] = {
    "Customer": Kind(
        ("customer_name", "customer_type", "customer_group", "territory", "tax_id", "default_currency",
         "payment_terms", "website", "customer_details", "disabled"),
        key=("customer_name",),
    ),
    "Address": Kind(
        ("address_title", "address_type", "address_line1", "address_line2", "city", "county", "state", "pincode",
         "country", "phone", "email_id", "disabled"),
        {"links": ("link_doctype", "link_name")},
    ),
    "Contact": Kind(
        ("first_name", "last_name", "designation", "email_id", "mobile_no", "phone"),
        {"links": ("link_doctype", "link_name"), "email_ids": ("email_id", "is_primary"),
         "phone_nos": ("phone", "is_primary_phone", "is_primary_mobile_no")},
    ),
    "Item": Kind(
        ("item_code", "item_name", "item_group", "stock_uom", "description", "standard_rate", "is_stock_item",
         "disabled"),
        key=("item_code",),
    ),
    "Sales Order": Kind(
        (*_HEAD, "transaction_date", "delivery_date", "selling_price_list", "per_delivered", "per_billed"),
        {"items": (*_ROW, "delivery_date", "delivered_qty", "billed_amt")},
        steps={
            **SUBMITTABLE,
            "deliver": Step((SUBMITTED,), f"{_SALES}.make_delivery_note", "source_name", "Delivery Note",
                            "per_delivered"),
            "invoice": Step((SUBMITTED,), f"{_SALES}.make_sales_invoice", "source_name", "Sales Invoice", "per_billed"),
        },
    ),
    "Delivery Note": Kind(
        (*_HEAD, "posting_date", "lr_no", "per_billed", "is_return"),
        {"items": (*_ROW, "against_sales_order", "so_detail")},
        steps=SUBMITTABLE,
    ),
    "Sales Invoice": Kind(
        (*_HEAD, "posting_date", "due_date", "outstanding_amount", "is_return"),
        {"items": (*_ROW, "sales_order", "so_detail", "delivery_note")},
        steps={
            **SUBMITTABLE,
            "pay": Step((SUBMITTED,), "erpnext.accounts.doctype.payment_entry.payment_entry.get_payment_entry", "dn",
                        "Payment Entry", "outstanding_amount"),
        },
    ),
    "Payment Entry": Kind(
        ("payment_type", "posting_date", "mode_of_payment", "party_type", "party", "paid_amount", "received_amount",
         "paid_from", "paid_to", "reference_no", "reference_date", "unallocated_amount", "company", "status",
         "amended_from"),
        {"references": ("reference_doctype", "reference_name", "total_amount", "outstanding_amount",
                        "allocated_amount")},
        steps=SUBMITTABLE,
    ),
}  # fmt: skip
