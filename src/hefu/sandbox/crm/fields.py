"""The fields of the sandbox CRM's objects, and what it refuses: an unknown field, a wrong type, a text too long."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from typing import Any, NamedTuple

Doc = dict[str, Any]


class Refusal(Exception):
    """The CRM says no: HTTP status, code, words, and the field it blames."""

    def __init__(self, status: int, code: str, message: str, field: str | None = None) -> None:
        super().__init__(message)
        self.status, self.code, self.message, self.field = status, code, message, field

    def told(self) -> Doc:
        """The error as the API sends it."""
        return {"code": self.code, "message": self.message, **({"field": self.field} if self.field else {})}


class Spec(NamedTuple):
    """One field: kind is text, number, bool, date, object (text parts) or lines; `size` in characters."""

    kind: str = "text"
    size: int = 255
    required: bool = False
    options: tuple[str, ...] = ()
    parts: tuple[str, ...] = ()
    refers: str = ""


ADDRESS = ("province", "city", "district", "street", "postcode")
STAGES = ("prospecting", "qualification", "proposal", "negotiation", "won", "lost")
OBJECTS: dict[str, dict[str, Spec]] = {
    "accounts": {
        "name": Spec(size=200, required=True),
        "shortName": Spec(size=60),
        "formerName": Spec(size=200),
        "creditCode": Spec(size=40),
        "erpCode": Spec(size=40),
        "phone": Spec(size=40),
        "email": Spec(size=120),
        "website": Spec(size=200),
        "industry": Spec(size=60),
        "level": Spec(options=("A", "B", "C")),
        "stage": Spec(options=("prospect", "customer", "lost")),
        "active": Spec("bool"),
        "billingAddress": Spec("object", parts=ADDRESS),
        "ownerName": Spec(size=60),
        "parentId": Spec(refers="accounts"),
        "externalId": Spec(size=64),
        "notes": Spec(size=4000),
    },
    "contacts": {
        "accountId": Spec(required=True, refers="accounts"),
        "name": Spec(size=80, required=True),
        "title": Spec(size=80),
        "mobile": Spec(size=40),
        "email": Spec(size=120),
        "primary": Spec("bool"),
        "externalId": Spec(size=64),
    },
    "products": {
        "code": Spec(size=40, required=True),
        "name": Spec(size=200, required=True),
        "spec": Spec(size=200),
        "unit": Spec(size=20),
        "category": Spec(size=60),
        "listPrice": Spec("number"),
        "active": Spec("bool"),
        "externalId": Spec(size=64),
    },
    "opportunities": {
        "accountId": Spec(required=True, refers="accounts"),
        "name": Spec(size=200, required=True),
        "stage": Spec(options=STAGES, required=True),
        "closeDate": Spec("date"),
        "currency": Spec(size=3),
        "lines": Spec("lines", parts=("lineNo", "productId", "description", "unit", "quantity", "unitPrice")),
        "orderNo": Spec(size=40),
        "orderStatus": Spec(size=40),
        "ownerName": Spec(size=60),
        "externalId": Spec(size=64),
        "notes": Spec(size=4000),
    },
}
SEARCHABLE = (
    "name",
    "creditCode",
    "erpCode",
    "externalId",
    "accountId",
    "code",
    "stage",
    "orderNo",
    "phone",
    "parentId",
)
SINGULAR = {"accounts": "account", "contacts": "contact", "products": "product", "opportunities": "opportunity"}
PREFIX = {"accounts": "acc", "contacts": "con", "products": "prd", "opportunities": "opp"}


class Checker:
    """Turns given values into stored ones. `exists` says whether a record that is referred to is alive."""

    def __init__(self, exists: Callable[[str, str], bool]) -> None:
        self.exists = exists

    def checked(self, obj: str, given: Mapping[str, Any], old: Doc | None) -> Doc:
        """The given fields in stored form. Raises Refusal 400 naming the first wrong field."""
        specs, values = OBJECTS[obj], {}
        for name, value in given.items():
            if name not in specs:
                raise Refusal(400, "unknownField", f"{SINGULAR[obj]} has no field '{name}', or it is read-only", name)
            values[name] = self._value(name, specs[name], value, (old or {}).get(name))
        for name, spec in specs.items():
            if spec.required and values.get(name, (old or {}).get(name)) in (None, ""):
                raise Refusal(400, "required", f"'{name}' must not be blank", name)
        return values

    def _value(self, name: str, spec: Spec, value: Any, old: Any) -> Any:
        if value is None:
            return blank(spec)
        if spec.kind == "bool" and isinstance(value, bool):
            return value
        if spec.kind == "number" and _is_number(value):
            return number(value)
        if spec.kind == "object" and isinstance(value, Mapping):
            return {
                **(old or blank(spec)),
                **{p: _string(f"{name}.{p}", v, 200) for p, v in _known(name, spec, value)},
            }
        if spec.kind == "lines" and isinstance(value, list):
            return self._merged_lines(value, old or [])
        if spec.kind == "date" and isinstance(value, str):
            return _day(name, value)
        if spec.kind == "text" and isinstance(value, str):
            return self._text_value(name, spec, value)
        raise Refusal(400, "invalidType", f"'{name}' wants a value of type {spec.kind}", name)

    def _text_value(self, name: str, spec: Spec, value: str) -> str:
        text = _string(name, value, spec.size)
        if spec.options and text and text not in spec.options:
            raise Refusal(400, "invalidOption", f"'{name}' is one of {', '.join(spec.options)}", name)
        if spec.refers and text and not self.exists(spec.refers, text):
            raise Refusal(400, "badReference", f"'{name}': there is no {SINGULAR[spec.refers]} {text}", name)
        return text

    def _merged_lines(self, given: list[Any], old: list[Doc]) -> list[Doc]:
        """Lines are keyed by lineNo: known ones change, new ones join, `"delete": true` removes, the others stay."""
        lines = {line["lineNo"]: dict(line) for line in old}
        for each in given:
            if not isinstance(each, Mapping):
                raise Refusal(400, "invalidType", "'lines' wants a list of objects", "lines")
            line_no = each.get("lineNo", max(lines, default=0) + 10)
            if not isinstance(line_no, int) or isinstance(line_no, bool) or line_no <= 0:
                raise Refusal(400, "invalidType", "'lineNo' wants a whole number above zero", "lines.lineNo")
            if each.get("delete"):
                lines.pop(line_no, None)
                continue
            product = each.get("productId")
            if product:
                self._text_value("lines.productId", Spec(refers="products"), product)
            lines[line_no] = _line(line_no, each, lines.get(line_no, {}))
        return [lines[line_no] for line_no in sorted(lines)]


def blank(spec: Spec) -> Any:
    """What a field holds that nobody filled."""
    return {"object": dict.fromkeys(spec.parts, ""), "lines": [], "bool": None, "number": None, "date": None}.get(
        spec.kind, ""
    )


def _is_number(value: object) -> bool:
    return isinstance(value, int | float | Decimal) and not isinstance(value, bool)


def exact(value: Any) -> Decimal:
    """A JSON number without rounding."""
    return Decimal(str(value))


def number(value: Any) -> float | int:
    """A JSON number of at most four decimals; its text is exact up to 15 digits."""
    rounded = exact(value).quantize(Decimal("0.0001"), ROUND_HALF_UP)
    return int(rounded) if rounded == rounded.to_integral_value() else float(rounded)


def _string(name: str, value: Any, size: int) -> str:
    if value is None:
        return ""
    if not isinstance(value, str):
        raise Refusal(400, "invalidType", f"'{name}' wants text", name)
    if len(value) > size:
        raise Refusal(400, "tooLong", f"'{name}' takes {size} characters, this has {len(value)}", name)
    if any(c < " " and c not in "\n\t" for c in value):
        raise Refusal(400, "controlCharacter", f"'{name}' contains a control character", name)
    return value


def _day(name: str, value: str) -> str:
    try:
        return date.fromisoformat(value).isoformat()
    except ValueError:
        raise Refusal(400, "invalidDate", f"'{name}' wants a date such as 2026-01-31", name) from None


def _known(name: str, spec: Spec, value: Mapping[str, Any]) -> Iterable[tuple[str, Any]]:
    for part, text in value.items():
        if part not in spec.parts:
            raise Refusal(400, "unknownField", f"'{name}' has no part '{part}'", f"{name}.{part}")
        yield part, text


def _line(line_no: int, given: Mapping[str, Any], old: Mapping[str, Any]) -> Doc:
    texts = ("productId", "description", "unit")
    line: Doc = {"lineNo": line_no, **dict.fromkeys(texts, ""), "quantity": 0, "unitPrice": 0, **old}
    for name, value in given.items():
        if name in texts:
            line[name] = _string(f"lines.{name}", value, 200)
        elif name in ("quantity", "unitPrice") and _is_number(value):
            line[name] = number(value)
        elif name not in ("lineNo", "delete", "amount"):
            raise Refusal(400, "unknownField", f"A line has no field '{name}', or the value is wrong", f"lines.{name}")
    amount = exact(line["quantity"]) * exact(line["unitPrice"])
    line["amount"] = number(amount.quantize(Decimal("0.01"), ROUND_HALF_UP))
    return line
