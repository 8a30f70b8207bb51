"""BottleCRM's objects as flat records: accounts, contacts, deals with their lines, products.

An organisation's own custom fields appear beside the others as "cf_<key>".
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from hefu.connectors._fitting import NUMBERS, writable, wrong_type
from hefu.core.errors import Rejected
from hefu.core.records import REMOVED, Field, FieldType, Value, Values

T = FieldType


@dataclass(frozen=True)
class Shape:
    """One object. `path`: its collection.  detail: the word in which one record stands ("" = the answer itself).

    lists: the words in which a list's rows stand, with the filter that asks for them alone.  feed: its name in the
    activity feed; "" where that does not tell of it.  finds: field -> the list's filter that finds it.
    update: the method of a partial update.  lines: the field that holds lines, if any.
    """

    name: str
    label: str
    path: str
    detail: str
    lists: tuple[tuple[tuple[str, ...], Mapping[str, str]], ...]
    fields: tuple[Field, ...]
    key: tuple[str, ...]
    feed: str = ""
    model: str = ""
    finds: Mapping[str, str] = field(default_factory=dict)
    update: str = "PATCH"
    lines: str = ""

    def one(self, record_id: str) -> str:
        """The path of one record."""
        return f"{self.path}{record_id}/"

    def field(self, name: str) -> Field | None:
        """The field of that name, or None."""
        return next((f for f in self.fields if f.name == name), None)


def _text(name: str, length: int | None = 255, **more: Any) -> Field:
    return Field(name, T.TEXT, length=length, **more)


_ADDRESS = (
    _text("address_line"),
    _text("city"),
    _text("state"),
    _text("postcode", 64),
    Field("country", T.CODE, length=2),
)
_MADE = Field("created_at", T.INSTANT, writable=False)

ACCOUNTS = Shape(
    "accounts",
    "Accounts",
    "/api/accounts/",
    "account_obj",
    (
        (("active_accounts", "open_accounts"), {"is_active": "true"}),
        (("closed_accounts", "close_accounts"), {"is_active": "false"}),
    ),
    (
        _text("name", required=True, unique=True),
        Field("description"),
        Field("email", T.CODE, length=254),
        Field("phone", T.CODE, length=25),
        Field("website", T.CODE, length=200),
        Field("industry", T.CODE),
        Field("number_of_employees", T.DECIMAL, scale=0),
        Field("annual_revenue", T.MONEY, scale=2),
        Field("currency", T.CODE, length=3),
        *_ADDRESS,
        Field("is_active", T.BOOLEAN),
        _MADE,
    ),
    ("name",),
    feed="Account",
    model="Account",
    finds={"name": "name"},
)

CONTACTS = Shape(
    "contacts",
    "Contacts",
    "/api/contacts/",
    "contact_obj",
    ((("results",), {}),),
    (
        _text("first_name", required=True),
        _text("last_name", required=True),
        Field("description"),
        Field("email", T.CODE, length=254, unique=True),
        Field("phone", T.CODE, length=25),
        Field("account", T.REFERENCE, target="accounts"),
        _text("title"),
        _text("department"),
        Field("do_not_call", T.BOOLEAN),
        *_ADDRESS,
        Field("is_active", T.BOOLEAN),
        _MADE,
        Field("updated_at", T.INSTANT, writable=False),
    ),
    ("email",),
    feed="Contact",
    model="Contact",
    finds={"email": "email"},
)

LINES = (
    Field("id", T.CODE, writable=False, unique=True),
    Field("product", T.REFERENCE, target="products"),
    _text("name"),
    _text("description", 500),
    Field("quantity", T.DECIMAL, scale=2),
    Field("unit_price", T.MONEY, scale=2),
    Field("discount_type", T.CODE),
    Field("discount_value", T.DECIMAL, scale=2),
    Field("total", T.MONEY, scale=2, writable=False),
    Field("order", T.DECIMAL, scale=0),
)

OPPORTUNITIES = Shape(
    "opportunities",
    "Deals",
    "/api/opportunities/",
    "opportunity_obj",
    ((("opportunities",), {}),),
    (
        _text("name", required=True, unique=True),
        Field("description"),
        Field("account", T.REFERENCE, target="accounts"),
        Field("pipeline", T.REFERENCE),
        Field("stage", T.CODE),
        Field("stage_kind", T.CODE, writable=False),
        Field("opportunity_type", T.CODE),
        Field("currency", T.CODE, length=3),
        Field("amount", T.MONEY, scale=2),
        Field("amount_source", T.CODE, writable=False),
        Field("probability", T.DECIMAL, scale=0),
        Field("closed_on", T.DATE),
        Field("lead_source", T.CODE),
        _text("source_ref"),
        Field("is_active", T.BOOLEAN),
        Field("line_items", T.LINES, lines=LINES),
        _MADE,
    ),
    ("name",),
    feed="Opportunity",
    model="Opportunity",
    finds={"name": "name"},
    lines="line_items",
)

PRODUCTS = Shape(
    "products",
    "Products",
    "/api/invoices/products/",
    "",
    ((("results",), {}),),
    (
        _text("name", required=True),
        Field("description"),
        Field("sku", T.CODE, length=100, unique=True),
        Field("price", T.MONEY, scale=2),
        Field("currency", T.CODE, length=3),
        Field("category", T.CODE, length=100),
        Field("is_active", T.BOOLEAN),
        _MADE,
        Field("updated_at", T.INSTANT, writable=False),
    ),
    ("sku",),
    finds={"sku": "search"},
    update="PUT",
)

SHAPES: Mapping[str, Shape] = {s.name: s for s in (ACCOUNTS, CONTACTS, OPPORTUNITIES, PRODUCTS)}

_CUSTOM = {"number": T.DECIMAL, "date": T.DATE, "checkbox": T.BOOLEAN, "dropdown": T.CODE}


def with_custom(shape: Shape, definitions: Sequence[Mapping[str, Any]]) -> Shape:
    """The shape with its organisation's own fields."""
    own = []
    for d in definitions:
        if shape.model and d.get("target_model") == shape.model and d.get("is_active", True):
            kind = _CUSTOM.get(str(d.get("field_type")), T.TEXT)
            options = tuple(str(o["value"]) for o in d.get("options") or ()) if kind is T.CODE else ()
            name = f"cf_{d['key']}"
            own.append(Field(name, kind, str(d.get("label") or name), required=False, options=options))
    finds = {f.name: f.name for f in own if f.type is not T.BOOLEAN}
    return replace(shape, fields=(*shape.fields, *own), finds={**shape.finds, **finds})


# ------------------------------------------------------------------------ values


def unpacked(shape: Shape, row: Mapping[str, Any]) -> Values:
    """A row of the API as flat values."""
    custom = row.get("custom_fields") or {}
    out = {}
    for f in shape.fields:
        if f.type is T.LINES:
            out[f.name] = [{part.name: read_as(part, line.get(part.name)) for part in f.lines} for line in row[f.name]]
        else:
            out[f.name] = read_as(f, custom.get(f.name[3:]) if f.name.startswith("cf_") else row.get(f.name))
    return out


def read_as(f: Field, value: Any) -> Value:
    """A value of the API: numbers come as text, references as objects or ids."""
    if isinstance(value, dict):
        value = value.get("id")
    if value is None or (value == "" and f.type not in (T.TEXT, T.CODE)):
        return None
    if f.type in NUMBERS:
        return Decimal(str(value))
    if f.type is T.DATE:
        return date.fromisoformat(value[:10])
    if f.type is T.INSTANT:
        return datetime.fromisoformat(value)
    return bool(value) if f.type is T.BOOLEAN else str(value)


def packed(shape: Shape, values: Values) -> dict[str, Any]:
    """Flat values as the API takes them, without lines. Raises Unsupported, Rejected."""
    out: dict[str, Any] = {}
    for name, value in values.items():
        f = writable("bottlecrm.", shape.name, shape.fields, name)
        if f.type is T.LINES:
            continue
        if name.startswith("cf_"):
            out.setdefault("custom_fields", {})[name[3:]] = write_as(f, value)
        else:
            out[name] = write_as(f, value)
    return out


def packed_line(values: Values) -> dict[str, Any]:
    """One line as the API takes it; a product goes by another word than it comes."""
    given = {n: v for n, v in values.items() if n not in ("id", REMOVED)}
    out = {n: write_as(writable("bottlecrm.", "line_items", LINES, n), v) for n, v in given.items()}
    if "product" in out:
        out["product_id"] = out.pop("product")
    return {n: v for n, v in out.items() if v is not None or n == "product_id"}


def write_as(f: Field, value: Value) -> Any:
    """A value for the API. Raises Rejected where the type does not fit."""
    if value is None:
        return None
    wrong = wrong_type("bottlecrm.", f, value)
    if f.type is T.BOOLEAN or isinstance(value, bool):
        if f.type is T.BOOLEAN and isinstance(value, bool):
            return value
        raise wrong
    if f.type in NUMBERS:
        return _number(f, value, wrong)
    if f.type is T.DATE:
        if isinstance(value, date) and not isinstance(value, datetime):
            return value.isoformat()
        raise wrong
    if f.type is T.INSTANT and isinstance(value, datetime):
        return value.isoformat()
    if not isinstance(value, str):
        raise wrong
    return value


def _number(f: Field, value: Value, wrong: Rejected) -> Any:
    if not isinstance(value, (int, Decimal)):
        raise wrong
    try:
        exact = Decimal(value).quantize(Decimal(1).scaleb(-f.scale)) if f.scale is not None else Decimal(value)
    except InvalidOperation as error:
        raise wrong from error
    if exact != value:  # the API would refuse it; a cut is for a mapping to decide
        raise Rejected("bottlecrm.places", field=f.name, name=f.name, value=str(value), scale=f.scale)
    return int(exact) if f.scale == 0 else format(exact, "f")
