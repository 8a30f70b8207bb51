"""The models of this Odoo: their fields with type, label and what may be written, as `fields_get` tells of them.

Names are those of series 19 (`product_uom_id`, `tax_ids`). Products have no variants: a product carries what elsewhere
its template holds.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

Two = tuple[str, str]
NUMBERS = ("integer", "float", "monetary")


class F(NamedTuple):
    """One field. `auto`: computed and stored, may yet be written. `inverse`: the many2one behind a one2many."""

    type: str
    label: str
    relation: str = ""
    inverse: str = ""
    options: tuple[Two, ...] = ()
    required: bool = False
    readonly: bool = False
    default: Any = None
    auto: bool = False
    places: int = 2
    company: bool = False


@dataclass(frozen=True)
class Model:
    """One model. `named`: the field that names a record. `wizard`: kept for a moment only."""

    name: str
    label: str
    fields: Mapping[str, F]
    order: str = "id"
    named: str = "name"
    wizard: bool = False


class OdooError(Exception):
    """What Odoo raises; `name` is the class as its answers spell it."""

    def __init__(self, name: str, message: str, status: int = 422) -> None:
        super().__init__(message)
        self.name, self.message, self.status = name, message, status


def user_error(message: str) -> OdooError:
    """A rule of business refuses."""
    return OdooError("odoo.exceptions.UserError", message)


def invalid(message: str) -> OdooError:
    """A constraint refuses."""
    return OdooError("odoo.exceptions.ValidationError", message)


def access(message: str) -> OdooError:
    """A right is missing."""
    return OdooError("odoo.exceptions.AccessError", message, 403)


def missing() -> OdooError:
    """No such record."""
    return OdooError("odoo.exceptions.MissingError", "Record does not exist or has been deleted.", 404)


def fault(message: str, kind: str = "ValueError") -> OdooError:
    """A plain Python error inside the server."""
    return OdooError(f"builtins.{kind}", message, 500)


def _char(label: str, **more: Any) -> F:
    return F("char", label, **more)


def _one(label: str, relation: str, **more: Any) -> F:
    return F("many2one", label, relation, **more)


def _many(label: str, relation: str, inverse: str, **more: Any) -> F:
    return F("one2many", label, relation, inverse, **more)


def _money(label: str, **more: Any) -> F:
    return F("monetary", label, **more)


def _pick(label: str, *options: Two, **more: Any) -> F:
    return F("selection", label, options=options, **more)


_ACTIVE = F("boolean", "Active", default=True)
_COMPANY = _one("Company", "res.company", company=True)
_SHOWN: dict[str, Any] = {"readonly": True}

PARTNER = {
    "name": _char("Name"),
    "is_company": F("boolean", "Is a Company", default=False),
    "parent_id": _one("Related Company", "res.partner"),
    "child_ids": _many("Contact", "res.partner", "parent_id"),
    "type": _pick("Address Type", ("contact", "Contact"), ("invoice", "Invoice Address"),
                  ("delivery", "Delivery Address"), ("other", "Other Address"), default="contact"),
    "ref": _char("Reference"),
    "vat": _char("Tax ID"),
    "email": _char("Email"),
    "phone": _char("Phone"),
    "website": _char("Website Link"),
    "function": _char("Job Position"),
    "street": _char("Street"),
    "street2": _char("Street2"),
    "city": _char("City"),
    "zip": _char("Zip"),
    "state_id": _one("State", "res.country.state"),
    "country_id": _one("Country", "res.country"),
    "category_id": F("many2many", "Tags", "res.partner.category"),
    "customer_rank": F("integer", "Customer Rank"),
    "property_payment_term_id": _one("Customer Payment Terms", "account.payment.term"),
    "credit_limit": F("float", "Credit Limit"),
    "user_id": _one("Salesperson", "res.users"),
    "comment": F("html", "Notes"),
    "active": _ACTIVE,
    "company_id": _COMPANY,
    "commercial_partner_id": _one("Commercial Entity", "res.partner", auto=True, **_SHOWN),
}  # fmt: skip

PRODUCT = {
    "name": _char("Name", required=True),
    "default_code": _char("Internal Reference"),
    "barcode": _char("Barcode"),
    "list_price": F("float", "Sales Price", default="1.00"),
    "standard_price": F("float", "Cost"),
    "uom_id": _one("Unit", "uom.uom", required=True, default=1),
    "categ_id": _one("Product Category", "product.category", default=1),
    "type": _pick("Product Type", ("consu", "Goods"), ("service", "Service"), ("combo", "Combo"), required=True,
                  default="consu"),
    "is_storable": F("boolean", "Track Inventory", default=False),
    "taxes_id": F("many2many", "Sales Taxes", "account.tax", default=[1]),
    "description_sale": F("text", "Sales Description"),
    "active": _ACTIVE,
    "company_id": _COMPANY,
}  # fmt: skip

ORDER = {
    "name": _char("Order Reference", default="New", **_SHOWN),
    "state": _pick("Status", ("draft", "Quotation"), ("sent", "Quotation Sent"), ("sale", "Sales Order"),
                   ("cancel", "Cancelled"), default="draft", **_SHOWN),
    "locked": F("boolean", "Locked", default=False, **_SHOWN),
    "partner_id": _one("Customer", "res.partner", required=True),
    "partner_invoice_id": _one("Invoice Address", "res.partner", auto=True),
    "partner_shipping_id": _one("Delivery Address", "res.partner", auto=True),
    "client_order_ref": _char("Customer Reference"),
    "origin": _char("Source Document"),
    "date_order": F("datetime", "Order Date", required=True, default="now"),
    "commitment_date": F("datetime", "Delivery Date"),
    "currency_id": _one("Currency", "res.currency", default=1, **_SHOWN),
    "payment_term_id": _one("Payment Terms", "account.payment.term", auto=True),
    "user_id": _one("Salesperson", "res.users", auto=True),
    "note": F("html", "Terms and conditions"),
    "amount_untaxed": _money("Untaxed Amount", auto=True, **_SHOWN),
    "amount_tax": _money("Taxes", auto=True, **_SHOWN),
    "amount_total": _money("Total", auto=True, **_SHOWN),
    "invoice_status": _pick("Invoice Status", ("upselling", "Upselling Opportunity"), ("invoiced", "Fully Invoiced"),
                            ("to invoice", "To Invoice"), ("no", "Nothing to Invoice"), default="no", **_SHOWN),
    "delivery_status": _pick("Delivery Status", ("pending", "Not Delivered"), ("started", "Started"),
                             ("partial", "Partially Delivered"), ("full", "Fully Delivered"), **_SHOWN),
    "order_line": _many("Order Lines", "sale.order.line", "order_id"),
    "picking_ids": _many("Transfers", "stock.picking", "sale_id", **_SHOWN),
    "invoice_ids": F("many2many", "Invoices", "account.move", **_SHOWN),
    "company_id": _one("Company", "res.company", required=True, default="company", company=True),
}  # fmt: skip

_DISPLAY = _pick("Display Type", ("line_section", "Section"), ("line_note", "Note"))
ORDER_LINE = {
    "order_id": _one("Order Reference", "sale.order", required=True),
    "sequence": F("integer", "Sequence", default=10),
    "product_id": _one("Product", "product.product"),
    "name": F("text", "Description", auto=True, required=True),
    "product_uom_qty": F("float", "Quantity", default="1.00", required=True),
    "product_uom_id": _one("Unit", "uom.uom", auto=True),
    "price_unit": F("float", "Unit Price", auto=True),
    "discount": F("float", "Discount (%)"),
    "tax_ids": F("many2many", "Taxes", "account.tax", auto=True),
    "qty_delivered": F("float", "Delivery Quantity", auto=True),
    "qty_invoiced": F("float", "Invoiced Quantity", auto=True, **_SHOWN),
    "price_subtotal": _money("Subtotal", auto=True, **_SHOWN),
    "price_tax": F("float", "Total Tax", auto=True, **_SHOWN),
    "price_total": _money("Total", auto=True, **_SHOWN),
    "display_type": _DISPLAY,
    "company_id": _one("Company", "res.company", auto=True, company=True, **_SHOWN),
    "x_hub_line": _char("Hub Line"),
}

PICKING = {
    "name": _char("Reference", **_SHOWN),
    "state": _pick("Status", ("draft", "Draft"), ("waiting", "Waiting Another Operation"), ("confirmed", "Waiting"),
                   ("assigned", "Ready"), ("done", "Done"), ("cancel", "Cancelled"), default="draft", **_SHOWN),
    "picking_type_code": _pick("Type of Operation", ("incoming", "Receipt"), ("outgoing", "Delivery"),
                               ("internal", "Internal Transfer"), default="outgoing", **_SHOWN),
    "partner_id": _one("Contact", "res.partner"),
    "origin": _char("Source Document"),
    "sale_id": _one("Sales Order", "sale.order", **_SHOWN),
    "scheduled_date": F("datetime", "Scheduled Date"),
    "date_done": F("datetime", "Date of Transfer", **_SHOWN),
    "carrier_tracking_ref": _char("Tracking Reference"),
    "note": F("html", "Notes"),
    "move_ids": _many("Stock Moves", "stock.move", "picking_id"),
    "backorder_id": _one("Back Order of", "stock.picking", **_SHOWN),
    "company_id": _one("Company", "res.company", company=True, **_SHOWN),
}  # fmt: skip

MOVE = {
    "picking_id": _one("Transfer", "stock.picking"),
    "product_id": _one("Product", "product.product", required=True),
    "product_uom_qty": F("float", "Demand", default="1.00"),
    "quantity": F("float", "Quantity"),
    "product_uom": _one("Unit", "uom.uom", auto=True),
    "sale_line_id": _one("Sale Line", "sale.order.line", **_SHOWN),
    "state": _pick("Status", ("draft", "New"), ("confirmed", "Waiting"), ("assigned", "Available"), ("done", "Done"),
                   ("cancel", "Cancelled"), default="draft", **_SHOWN),
}  # fmt: skip

INVOICE = {
    "name": _char("Number", auto=True),
    "move_type": _pick("Type", ("entry", "Journal Entry"), ("out_invoice", "Customer Invoice"),
                       ("out_refund", "Customer Credit Note"), default="entry", required=True),
    "state": _pick("Status", ("draft", "Draft"), ("posted", "Posted"), ("cancel", "Cancelled"), default="draft",
                   **_SHOWN),
    "partner_id": _one("Partner", "res.partner"),
    "invoice_date": F("date", "Invoice Date"),
    "invoice_date_due": F("date", "Due Date", auto=True),
    "ref": _char("Reference"),
    "payment_reference": _char("Payment Reference", auto=True),
    "invoice_origin": _char("Origin", **_SHOWN),
    "invoice_payment_term_id": _one("Payment Terms", "account.payment.term", auto=True),
    "currency_id": _one("Currency", "res.currency", default=1, required=True),
    "amount_untaxed": _money("Untaxed Amount", auto=True, **_SHOWN),
    "amount_tax": _money("Tax", auto=True, **_SHOWN),
    "amount_total": _money("Total", auto=True, **_SHOWN),
    "amount_residual": _money("Amount Due", auto=True, **_SHOWN),
    "payment_state": _pick("Payment Status", ("not_paid", "Not Paid"), ("in_payment", "In Payment"), ("paid", "Paid"),
                           ("partial", "Partially Paid"), ("reversed", "Reversed"), default="not_paid", **_SHOWN),
    "invoice_line_ids": _many("Invoice lines", "account.move.line", "move_id"),
    "company_id": _one("Company", "res.company", default="company", required=True, company=True),
}  # fmt: skip

INVOICE_LINE = {
    "move_id": _one("Journal Entry", "account.move", required=True),
    "product_id": _one("Product", "product.product"),
    "name": _char("Label", auto=True),
    "quantity": F("float", "Quantity", default="1.00"),
    "price_unit": F("float", "Unit Price", auto=True),
    "discount": F("float", "Discount (%)"),
    "tax_ids": F("many2many", "Taxes", "account.tax", auto=True),
    "price_subtotal": _money("Subtotal", auto=True, **_SHOWN),
    "price_total": _money("Total", auto=True, **_SHOWN),
    "sale_line_ids": F("many2many", "Sales Order Lines", "sale.order.line", **_SHOWN),
    "display_type": _pick("Display Type", ("product", "Product"), *_DISPLAY.options, default="product"),
}

PAYMENT = {
    "name": _char("Number", **_SHOWN),
    "payment_type": _pick("Payment Type", ("outbound", "Send"), ("inbound", "Receive"), default="inbound",
                          required=True),
    "partner_type": _pick("Partner Type", ("customer", "Customer"), ("supplier", "Vendor"), default="customer"),
    "partner_id": _one("Customer/Vendor", "res.partner"),
    "amount": _money("Amount"),
    "date": F("date", "Date", default="today", required=True),
    "state": _pick("State", ("draft", "Draft"), ("in_process", "In Process"), ("paid", "Paid"),
                   ("canceled", "Canceled"), default="draft", **_SHOWN),
    "memo": _char("Memo"),
    "currency_id": _one("Currency", "res.currency", default=1, required=True),
    "journal_id": _one("Journal", "account.journal", default=1),
    "reconciled_invoice_ids": F("many2many", "Reconciled Invoices", "account.move", **_SHOWN),
    "company_id": _one("Company", "res.company", default="company", company=True, **_SHOWN),
}  # fmt: skip

_NAME = {"name": _char("Name", required=True), "active": _ACTIVE}
_USER = _one("User", "res.users")


def _list(name: str, label: str, **more: F) -> Model:
    return Model(name, label, {**_NAME, **more}, "name,id")


MODELS: dict[str, Model] = {
    m.name: m
    for m in (
        Model("res.partner", "Contact", PARTNER, "name,id"),
        Model("product.product", "Product Variant", PRODUCT, "default_code,name,id"),
        Model("sale.order", "Sales Order", ORDER, "date_order desc,id desc"),
        Model("sale.order.line", "Sales Order Line", ORDER_LINE, "order_id,sequence,id"),
        Model("stock.picking", "Transfer", PICKING, "id desc"),
        Model("stock.move", "Stock Move", MOVE, "id", "product_id"),
        Model("account.move", "Journal Entry", INVOICE, "invoice_date desc,id desc"),
        Model("account.move.line", "Journal Item", INVOICE_LINE, "id"),
        Model("account.payment", "Payments", PAYMENT, "date desc,id desc"),
        _list("res.company", "Companies"),
        _list("res.currency", "Currency", symbol=_char("Symbol")),
        _list("res.country", "Country", code=_char("Country Code")),
        _list("res.country.state", "Country state", country_id=_one("Country", "res.country"), code=_char("Code")),
        _list("res.partner.category", "Partner Tags"),
        _list("res.users", "User", login=_char("Login", required=True)),
        _list("uom.uom", "Product Unit of Measure"),
        _list("product.category", "Product Category"),
        _list("account.payment.term", "Payment Terms", days=F("integer", "Days")),
        _list("account.tax", "Tax", amount=F("float", "Amount")),
        _list("account.journal", "Journal", type=_char("Type"), code=_char("Short Code")),
        Model(
            "ir.model.data",
            "Model Data",
            {
                "name": _char("External Identifier", required=True),
                "module": _char("Module", default=""),
                "model": _char("Model Name", required=True),
                "res_id": F("integer", "Record ID"),
                "noupdate": F("boolean", "Non Updatable", default=False),
            },
            "module,model,name",
        ),
        Model(
            "res.users.apikeys",
            "Users API Keys",
            {
                "name": _char("Description", required=True, readonly=True),
                "user_id": _USER._replace(required=True, readonly=True),
                "scope": _char("Scope", readonly=True),
                "expiration_date": F("datetime", "Expiration Date", readonly=True),
            },
        ),
        Model(
            "sale.advance.payment.inv",
            "Sales Advance Payment Invoice",
            {
                "advance_payment_method": _pick(
                    "Create Invoice", ("delivered", "Regular invoice"), default="delivered"
                ),
                "sale_order_ids": F("many2many", "Sale Orders", "sale.order"),
            },
            wizard=True,
        ),
        Model(
            "account.payment.register",
            "Pay",
            {
                "amount": _money("Amount"),
                "payment_date": F("date", "Payment Date", default="today"),
                "journal_id": _one("Journal", "account.journal", default=1),
                "communication": _char("Memo"),
                "group_payment": F("boolean", "Group Payments", default=True),
            },
            wizard=True,
        ),
    )
}

STAMPS = {
    "id": F("integer", "ID", readonly=True),
    "display_name": _char("Display Name", readonly=True),
    "create_date": F("datetime", "Created on", readonly=True),
    "create_uid": _USER._replace(label="Created by", readonly=True),
    "write_date": F("datetime", "Last Updated on", readonly=True),
    "write_uid": _USER._replace(label="Last Updated by", readonly=True),
}
LINES = {
    "sale.order.line": ("sale.order", "order_id"),
    "stock.move": ("stock.picking", "picking_id"),
    "account.move.line": ("account.move", "move_id"),
}
INDEXED = sorted(
    {f.inverse for m in MODELS.values() for f in m.fields.values() if f.inverse}
    | {
        "name",
        "ref",
        "vat",
        "default_code",
        "client_order_ref",
        "partner_id",
        "product_id",
        "sale_line_id",
        "login",
        "sale_id",
        "res_id",
    }
)
