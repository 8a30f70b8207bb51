"""The objects of Tryton that the connector offers, as flat shapes: customers, products, orders, shipments, invoices.

What a shape names and an installation lacks (a module that is not there) is left out at discovery.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

from hefu.connectors._tryton_fields import (
    TYPES,
    AddressPart,
    Identifier,
    Mechanism,
    Metas,
    Named,
    Part,
    Plain,
    Pointer,
    Row,
    Rows,
    Shipped,
)
from hefu.core.records import Abilities, ObjectSchema, Values


@dataclass(frozen=True)
class Step:
    """A status step: the button's name and the states in which it is legal.

    stuck: the state in which the record stays, without an error, where the step was not possible.
    """

    states: tuple[str, ...]
    button: str = ""
    stuck: str = ""


@dataclass(frozen=True)
class Shape:
    """One object. `relations`: relation -> model, for the fields inside it.

    watch: relations whose own changes count as a change of the record.  only: what belongs to the object at all.
    inside: the model that carries this one as rows (`through`) of a shared record, as a template carries products.
    free: state -> fields that may still be written there; a state not named allows all.
    """

    model: str
    label: str
    parts: tuple[Part, ...]
    key: tuple[str, ...] = ()
    relations: Mapping[str, str] = field(default_factory=dict)
    watch: tuple[str, ...] = ()
    only: tuple[Any, ...] = ()
    create: str = "no"
    token: str | None = None
    update: bool = True
    delete: bool = False
    steps: Mapping[str, Step] = field(default_factory=dict)
    inside: str = ""
    through: str = ""
    free: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


@dataclass(frozen=True)
class Bound:
    """A shape in one installation: the parts that are there, and what `fields_get` says of them."""

    shape: Shape
    metas: Metas
    parts: Mapping[str, Part]
    batch: int
    page: int

    @classmethod
    def of(cls, shape: Shape, metas: Metas, batch: int, page: int) -> Bound:
        """Keep the parts that this installation has."""
        here = {p.name: p for p in shape.parts if p.field(metas) is not None}
        return cls(shape, metas, here, batch, page)

    @cached_property
    def schema(self) -> ObjectSchema:
        """As discovered."""
        shape = self.shape
        fields = tuple(f for f in (p.field(self.metas) for p in self.parts.values()) if f is not None)
        named = {f.name for f in fields}
        lines = any(isinstance(p, Rows) and p.writable for p in self.parts.values())
        abilities = Abilities(
            create=shape.create,
            update=shape.update,
            delete=shape.delete,
            changes="cursor",
            conditional="version" if shape.update else "no",
            batch=self.batch if shape.update or shape.create != "no" else 1,
            page=self.page,
            lines="keyed" if lines and shape.update else "none",
            returns=shape.update or shape.create != "no",
            token_field=shape.token if shape.create == "token" else None,
            actions={name: step.states for name, step in shape.steps.items()},
        )
        key = tuple(k for k in shape.key if k in named)
        return ObjectSchema(
            shape.model, fields, shape.label, key, abilities, "state" if "state" in named else None, dict(shape.free)
        )

    @cached_property
    def reads(self) -> list[str]:
        """Every path that a read asks for."""
        paths = {path for part in self.parts.values() for path in part.reads(self.metas)}
        stamps = {f"{relation}._timestamp" for relation in self.watched}
        return sorted(paths | stamps | {"_timestamp", "last_modified_at", "write_uid.login", "create_uid.login"})

    @cached_property
    def watched(self) -> tuple[str, ...]:
        """Watched relations that are there."""
        return tuple(r for r in self.shape.watch if r in self.metas)

    def values(self, row: Row) -> Values:
        """The flat values of a record."""
        return {name: part.unpack(row, self.metas) for name, part in self.parts.items()}


def _free(*fields: str) -> dict[str, tuple[str, ...]]:
    states = ("confirmed", "processing", "done", "cancelled")
    return {"quotation": fields, **dict.fromkeys(states, fields)}


PARTY = Shape(
    "party.party",
    "Party",
    (
        Plain("code", code=True, unique=True, numbered=True),
        Plain("name"),
        Mechanism("phone"),
        Mechanism("mobile"),
        Mechanism("email"),
        Mechanism("website"),
        Identifier("credit_code", type="cn_vat"),
        AddressPart("street", "street_unstructured"),
        AddressPart("city", "city"),
        AddressPart("postal_code", "postal_code"),
        AddressPart("country", "country"),
        Named("payment_term", "customer_payment_term", "account.invoice.payment_term", "name"),
        Plain("payment_term_id", path="customer_payment_term", code=True),
        Plain("credit_limit", path="credit_limit_amount", money=True),
        Named("language", "lang", "ir.lang", "code"),
        Plain("active"),
        Identifier("hub_id", type=None, writable=False),
    ),
    key=("code",),
    relations={
        "addresses": "party.address",
        "contact_mechanisms": "party.contact_mechanism",
        "identifiers": "party.identifier",
    },
    watch=("addresses", "contact_mechanisms", "identifiers"),
    create="token",
    token="hub_id",  # noqa: S106 - the field that holds our id
    delete=True,
)

PRODUCT = Shape(
    "product.product",
    "Product",
    (
        Plain("code", inside="template", code=True, unique=True, search="code"),
        Plain("name", inside="template"),
        Plain("active"),
        Plain("description"),
        Plain("list_price", inside="template", money=True),
        Plain("cost_price", money=True, writable=False),
        Plain("type", inside="template"),
        Plain("salable", inside="template"),
        Named("unit", "default_uom", "product.uom", "symbol", inside="template"),
        Named("sale_unit", "sale_uom", "product.uom", "symbol", inside="template"),
        Named("category", "account_category", "product.category", "name", inside="template"),
    ),
    key=("code",),
    relations={"template": "product.template"},
    watch=("template",),
    create="key",
    delete=True,
    inside="template",
    through="products",
)

SALE = Shape(
    "sale.sale",
    "Sale",
    (
        Plain("number", code=True, writable=False),
        Plain("reference", code=True),
        Plain("description", code=True, writable=False),
        Plain("comment"),
        Plain("party", target="party.party"),
        Plain("state", writable=False),
        Plain("shipment_state", writable=False),
        Plain("invoice_state", writable=False),
        Plain("sale_date"),
        Plain("shipping_date"),
        Named("payment_term", "payment_term", "account.invoice.payment_term", "name"),
        Plain("payment_term_id", path="payment_term", code=True),
        Named("currency", "currency", "currency.currency", "code"),
        Named("warehouse", "warehouse", "stock.location", "code"),
        Plain("invoice_address", target="party.address"),
        Plain("shipment_address", target="party.address"),
        Plain("untaxed_amount", money=True, writable=False),
        Plain("tax_amount", money=True, writable=False),
        Plain("total_amount", money=True, writable=False),
        Rows(
            "lines",
            "lines",
            (
                Plain("product", target="product.product"),
                Plain("description"),
                Plain("quantity"),
                Named("unit", "unit", "product.uom", "symbol"),
                Plain("unit_price", money=True),
                Plain("amount", money=True, writable=False),
                Plain("shipping_date", writable=False),
                Shipped("shipped_quantity", writable=False),
                Plain("quantity_to_invoice", writable=False),
            ),
            only=("type", "line"),
            key="key",
            kept="note",
        ),
    ),
    key=("number",),
    relations={"lines": "sale.line"},
    watch=("lines",),
    create="token",
    token="description",  # noqa: S106 - the field that holds our id
    delete=True,
    steps={
        "quote": Step(("draft",)),
        "confirm": Step(("quotation",)),
        "process": Step(("confirmed",)),
        "draft": Step(("quotation", "confirmed", "cancelled")),
        "cancel": Step(("draft", "quotation")),
    },
    free=_free("reference"),
)

_MOVE = (
    Plain("product", target="product.product", writable=False),
    Named("unit", "unit", "product.uom", "symbol", writable=False),
    Plain("state", writable=False),
    Pointer("sale", "sale", "sale.sale", writable=False),
    Pointer("sale_line", "origin", "sale.line", writable=False),
)

SHIPMENT = Shape(
    "stock.shipment.out",
    "Customer shipment",
    (
        Plain("number", code=True, writable=False),
        Plain("reference", code=True),
        Plain("customer", target="party.party", writable=False),
        Pointer("sale", "sale", "sale.sale", through="outgoing_moves", search="moves.sale", writable=False),
        Plain("state", writable=False),
        Plain("planned_date"),
        Plain("effective_date", writable=False),
        Rows("lines", "outgoing_moves", (*_MOVE, Plain("quantity", writable=False)), writable=False),
        Rows("picks", "inventory_moves", (*_MOVE[:3], Plain("quantity"))),
    ),
    key=("number",),
    relations={"outgoing_moves": "stock.move", "inventory_moves": "stock.move"},
    steps={
        "wait": Step(("draft", "assigned")),
        "assign_try": Step(("waiting",), stuck="waiting"),
        "pick": Step(("assigned",)),
        "pack": Step(("picked",)),
        "do": Step(("packed", "shipped")),
        "draft": Step(("waiting", "cancelled")),
        "cancel": Step(("draft", "waiting", "assigned", "picked", "packed")),
    },
    free=dict.fromkeys(("picked", "packed", "shipped", "done", "cancelled"), ("reference",)),
)

INVOICE = Shape(
    "account.invoice",
    "Customer invoice",
    (
        Plain("number", code=True, writable=False),
        Plain("reference", code=True),
        Plain("description"),
        Plain("party", target="party.party", writable=False),
        Pointer("sale", "sales", "sale.sale", writable=False),
        Plain("state", writable=False),
        Plain("invoice_date"),
        Named("currency", "currency", "currency.currency", "code", writable=False),
        Plain("untaxed_amount", money=True, writable=False),
        Plain("tax_amount", money=True, writable=False),
        Plain("total_amount", money=True, writable=False),
        Plain("amount_to_pay", money=True, writable=False),
        Rows(
            "lines",
            "lines",
            (
                Plain("product", target="product.product", writable=False),
                Plain("description", writable=False),
                Plain("quantity", writable=False),
                Named("unit", "unit", "product.uom", "symbol", writable=False),
                Plain("unit_price", money=True, writable=False),
                Plain("amount", money=True, writable=False),
                Pointer("sale_line", "origin", "sale.line", writable=False),
            ),
            only=("type", "line"),
            writable=False,
        ),
    ),
    key=("number",),
    relations={"lines": "account.invoice.line"},
    only=(["type", "=", "out"],),
    steps={
        "validate": Step(("draft",), button="validate_invoice"),
        "post": Step(("draft", "validated")),
        "pay": Step(("posted",)),
        "draft": Step(("validated",)),
        "cancel": Step(("draft", "validated")),
    },
    free=dict.fromkeys(("validated", "posted", "paid", "cancelled"), ("reference", "description")),
)

RECEIPT = Shape(
    "account.move.line",
    "Receipt",
    (
        Plain("invoice", path="invoice_payment", target="account.invoice", writable=False),
        Plain("party", target="party.party", writable=False),
        Plain("date", writable=False),
        Plain("credit", money=True, writable=False),
        Plain("debit", money=True, writable=False),
        Named("currency", "currency", "currency.currency", "code", writable=False),
        Named("description", "move", "account.move", "description", writable=False),
        Plain("reconciled", path="reconciliation", code=True, writable=False),
    ),
    only=(["invoice_payments", "!=", None],),
    update=False,
)

SHAPES: Mapping[str, Shape] = {s.model: s for s in (PARTY, PRODUCT, SALE, SHIPMENT, INVOICE, RECEIPT)}


def shape_of(model: str, key: tuple[str, ...], meta: Mapping[str, Mapping[str, Any]]) -> Shape:
    """Any other model, flat: the plain fields that Tryton stores, without its own book-keeping."""
    skipped = {"id", "rec_name", "create_date", "create_uid", "write_date", "write_uid", "last_modified_at", "xml_id"}
    names = sorted(n for n, m in meta.items() if n not in skipped and m["type"] in TYPES and m.get("searchable", True))
    parts = tuple(Plain(n) for n in names)
    return Shape(model, model, parts, key, create="key" if key else "no", delete=bool(key))


def with_more(shape: Shape, more: tuple[str, ...]) -> Shape:
    """The shape with some more plain fields."""
    known = {p.name for p in shape.parts}
    return replace(shape, parts=(*shape.parts, *(Plain(n) for n in more if n not in known)))
