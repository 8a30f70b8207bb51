"""The models that the connector knows by heart: usual fields, lines, status steps. What a series lacks is left out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Step:
    """A button: the states in which it may be pressed; `to`: those it may lead to. `special`: done by a wizard."""

    states: tuple[str, ...]
    method: str = ""
    context: Mapping[str, Any] = field(default_factory=dict)
    to: tuple[str, ...] = ()
    special: str = ""


@dataclass(frozen=True)
class Kind:
    """One model. fields: the usual ones (empty: all that are stored). lines: the one2many that holds its lines.

    locked: status -> fields that may still be written. delete: unlink or archive; archive needs `active`.
    """

    label: str = ""
    fields: tuple[str, ...] = ()
    key: tuple[str, ...] = ("name",)
    lines: str = ""
    line_fields: tuple[str, ...] = ()
    steps: Mapping[str, Step] = field(default_factory=dict)
    locked: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    domain: tuple[Any, ...] = ()


BY_NAME = ("res.currency", "res.country", "res.country.state", "uom.uom", "account.payment.term", "product.pricelist",
           "product.category", "res.users", "account.journal", "crm.stage", "crm.team", "account.incoterms",
           "res.company")  # fmt: skip
"""Short lists: a reference to one of these is told by its name instead of its number."""

NO_LINES = ("line_section", "line_subsection", "line_note")
"""Rows of a document that only structure it on paper."""

_PARTNER = ("name", "is_company", "parent_id", "type", "ref", "vat", "email", "phone", "mobile", "website", "function",
            "street", "street2", "city", "zip", "state_id", "country_id", "property_payment_term_id", "credit_limit",
            "user_id", "category_id", "customer_rank", "commercial_partner_id", "active", "company_id")  # fmt: skip
_PRODUCT = ("name", "default_code", "barcode", "list_price", "standard_price", "uom_id", "categ_id", "type",
            "is_storable", "taxes_id", "description_sale", "active", "company_id")  # fmt: skip
_ORDER = ("name", "state", "locked", "partner_id", "partner_invoice_id", "partner_shipping_id", "client_order_ref",
          "origin", "date_order", "commitment_date", "pricelist_id", "currency_id", "payment_term_id", "user_id",
          "amount_untaxed", "amount_tax", "amount_total", "invoice_status", "delivery_status",
          "company_id")  # fmt: skip
_ORDER_LINE = ("sequence", "product_id", "name", "product_uom_qty", "product_uom_id", "product_uom", "price_unit",
               "discount", "tax_ids", "tax_id", "qty_delivered", "qty_invoiced", "price_subtotal",
               "price_total")  # fmt: skip
_PICKING = ("name", "state", "picking_type_code", "partner_id", "origin", "sale_id", "scheduled_date", "date_done",
            "carrier_tracking_ref", "backorder_id", "company_id")  # fmt: skip
_MOVE = ("product_id", "product_uom_qty", "quantity", "quantity_done", "product_uom", "sale_line_id", "state")
_INVOICE = ("name", "move_type", "state", "partner_id", "invoice_date", "invoice_date_due", "ref", "payment_reference",
            "invoice_origin", "invoice_payment_term_id", "currency_id", "amount_untaxed", "amount_tax", "amount_total",
            "amount_residual", "payment_state", "company_id")  # fmt: skip
_INVOICE_LINE = ("product_id", "name", "quantity", "price_unit", "discount", "tax_ids", "price_subtotal", "price_total",
                 "sale_line_ids")  # fmt: skip
_PAYMENT = ("name", "state", "payment_type", "partner_type", "partner_id", "amount", "date", "memo", "ref",
            "currency_id", "journal_id", "reconciled_invoice_ids", "company_id")  # fmt: skip

KINDS: Mapping[str, Kind] = {
    "res.partner": Kind("Contact", _PARTNER, ("ref",)),
    "product.product": Kind("Product", _PRODUCT, ("default_code",)),
    "sale.order": Kind(
        "Sales Order",
        _ORDER,
        lines="order_line",
        line_fields=_ORDER_LINE,
        steps={
            "send": Step(("draft",), "action_quotation_sent", to=("sent",)),
            "confirm": Step(("draft", "sent"), "action_confirm", to=("sale",)),
            "invoice": Step(("sale",), special="invoice"),
            "cancel": Step(("draft", "sent", "sale"), "action_cancel", {"disable_cancel_warning": True}, ("cancel",)),
            "draft": Step(("cancel",), "action_draft", to=("draft",)),
        },
    ),
    "stock.picking": Kind(
        "Transfer",
        _PICKING,
        lines="move_ids",
        line_fields=_MOVE,
        steps={
            "assign": Step(("confirmed", "waiting"), "action_assign", to=("assigned",)),
            "validate": Step(("assigned",), "button_validate", {"skip_backorder": True}, ("done",)),
            "cancel": Step(("draft", "waiting", "confirmed", "assigned"), "action_cancel", to=("cancel",)),
        },
        locked=dict.fromkeys(("done", "cancel"), ("carrier_tracking_ref",)),
    ),
    "account.move": Kind(
        "Invoice",
        _INVOICE,
        lines="invoice_line_ids",
        line_fields=_INVOICE_LINE,
        steps={
            "post": Step(("draft",), "action_post", to=("posted",)),
            "pay": Step(("posted",), special="pay"),
            "draft": Step(("posted", "cancel"), "button_draft", to=("draft",)),
            "cancel": Step(("draft",), "button_cancel", to=("cancel",)),
        },
        locked=dict.fromkeys(("posted", "cancel"), ("ref", "payment_reference", "invoice_date_due")),
        domain=(("move_type", "in", ["out_invoice", "out_refund"]),),
    ),
    "account.payment": Kind(
        "Payment",
        _PAYMENT,
        steps={
            "post": Step(("draft",), "action_post", to=("in_process", "paid", "posted")),
            "cancel": Step(("draft", "in_process"), "action_cancel", to=("canceled", "cancelled", "cancel")),
        },
        domain=(("partner_type", "=", "customer"),),
    ),
}
