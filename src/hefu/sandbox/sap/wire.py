"""Values on the wire: V2 and V4 write the same value differently, and both refuse what is not of the type.

Kept values are JSON: text, "12.500" for decimals, "2026-11-21" for dates, "2026-11-21T08:00:00.123Z" for stamps,
"10:05:00" for times; so that text order is the order of time.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from typing import Any

from hefu.sandbox.sap.model import EntityType, Prop, Service
from hefu.sandbox.sap.refusals import Refusal, bad

Row = dict[str, Any]
_V2_DATE = re.compile(r"/Date\((-?\d{1,15})([+-]\d{1,4})?\)/")
_DURATION = re.compile(r"PT(?:(\d{1,2})H)?(?:(\d{1,2})M)?(?:(\d{1,2})(?:\.\d+)?S)?")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
EMPTY: Mapping[str, Any] = {"string": "", "decimal": None, "bool": False, "time": "00:00:00"}
_NUMBER = "\x00N"


def stamp(at: datetime) -> str:
    """An instant as kept."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.") + f"{at.microsecond // 1000:03d}Z"


def decimal_text(value: Decimal, scale: int) -> str:
    """A decimal as kept: at most `scale` digits behind the point."""
    return f"{value.quantize(Decimal(1).scaleb(-scale), ROUND_HALF_UP):f}"


# ------------------------------------------------------------------- reading


def kept(prop: Prop, given: Any, version: int, *, numbers_as_text: bool = False) -> Any:
    """A JSON value as it is kept. Raises Refusal."""
    if given is None:
        return EMPTY.get(prop.kind)
    try:
        made = _kept(prop, given, version, numbers_as_text)
    except (ValueError, InvalidOperation, OverflowError):
        raise _invalid(prop, given) from None
    if prop.kind == "string" and prop.length and len(made) > prop.length:
        zh = f"属性 {prop.name} 的值超出最大长度 {prop.length}"
        raise bad(zh, f"Property {prop.name}: the value exceeds the maximum length {prop.length}", prop.name)
    return made


def _invalid(prop: Prop, given: Any) -> Refusal:
    shown = str(given)[:60]
    code = "/IWBEP/CX_MGW_BUSI_EXCEPTION"
    return bad(
        f"属性 {prop.name} 的值“{shown}”无效", f"Property {prop.name} has the invalid value '{shown}'", prop.name, code
    )


def _kept(prop: Prop, given: Any, version: int, numbers_as_text: bool) -> Any:
    if prop.kind == "bool":
        if not isinstance(given, bool):
            raise ValueError
        return given
    if prop.kind == "decimal":
        return _decimal(prop, given, version == 2 or numbers_as_text)
    if not isinstance(given, str) or "\x00" in given:
        raise ValueError
    if prop.kind == "string":
        made = given.upper() if prop.upper else given
        return stripped(made) if prop.alpha else made.rstrip()
    if prop.kind == "guid":
        return str(uuid.UUID(given))
    return from_text(prop.kind, given, version)


def _decimal(prop: Prop, given: Any, as_text: bool) -> str:
    allowed = (int, Decimal, str) if as_text else (int, Decimal)
    if isinstance(given, bool) or not isinstance(given, allowed):
        raise ValueError(given)  # noqa: TRY004 - told to the caller as a wrong value
    value = Decimal(given)
    if not value.is_finite() or -int(value.normalize().as_tuple().exponent) > prop.scale:
        raise ValueError
    if abs(value) >= Decimal(10) ** (prop.length - prop.scale):
        raise ValueError
    return decimal_text(value, prop.scale)


def from_text(kind: str, text: str, version: int) -> str:
    """A date, stamp or time as kept. Raises ValueError."""
    if version == 2 and (found := _V2_DATE.fullmatch(text)):
        at = _EPOCH + timedelta(milliseconds=int(found[1]))
        return at.date().isoformat() if kind == "date" else stamp(at)
    if kind == "time":
        if version == 2 and (found := _DURATION.fullmatch(text)):
            hours, minutes, seconds = (int(part or 0) for part in found.groups())
            return f"{_below(hours, 24):02d}:{_below(minutes, 60):02d}:{_below(seconds, 60):02d}"
        return datetime.strptime(text, "%H:%M:%S").strftime("%H:%M:%S")  # noqa: DTZ007 - a time of day has no zone
    if kind == "date":
        if version == 2:
            return datetime.fromisoformat(text).date().isoformat()
        return date.fromisoformat(text).isoformat()
    at = datetime.fromisoformat(text)
    if at.tzinfo is None:
        if version == 4:
            raise ValueError
        at = at.replace(tzinfo=UTC)
    return stamp(at)


def _below(number: int, limit: int) -> int:
    if number >= limit:
        raise ValueError
    return number


def stripped(text: str) -> str:
    """A number without its padding: what the system shows outside."""
    text = text.strip()
    return (text.lstrip("0") or "0") if text.isascii() and text.isdigit() else text.upper()


# ------------------------------------------------------------------- writing


def shown(prop: Prop, value: Any, version: int, *, numbers_as_text: bool = False) -> Any:
    """A kept value as JSON of that version; V4 decimals become marks that `numbers` turns into numbers."""
    if value is None:
        return "" if prop.kind == "string" else None
    if version == 2:
        if prop.kind == "date":
            return f"/Date({_millis(value + 'T00:00:00.000Z')})/"
        if prop.kind == "stamp":
            return f"/Date({_millis(value)}+0000)/"
        if prop.kind == "time":
            return f"PT{value[:2]}H{value[3:5]}M{value[6:]}S"
    elif prop.kind == "decimal" and not numbers_as_text:
        return _NUMBER + str(value)
    return value


def numbers(text: str) -> str:
    """V4 JSON with its decimals as numbers, digit for digit."""
    return re.sub(r'"\\u0000N(-?[0-9.]+)"', r"\1", text)


def _millis(text: str) -> int:
    return (datetime.fromisoformat(text) - _EPOCH) // timedelta(milliseconds=1)


def literal(prop: Prop, value: Any, version: int) -> str:
    """A key value as it stands in an address."""
    if prop.kind == "date":
        return f"datetime'{value}T00:00:00'" if version == 2 else str(value)
    if prop.kind == "guid" and version == 2:
        return f"guid'{value}'"
    if prop.kind in ("guid", "stamp", "bool", "decimal"):
        return str(value)
    return "'" + str(value).replace("'", "''") + "'"


# --------------------------------------------------------- a body that is sent


def body(
    service: Service, entity: EntityType, given: Any, version: int, *, new: bool, numbers_as_text: bool = False
) -> Row:
    """What was sent for a set, as kept, children included (deep insert). Raises Refusal."""
    if not isinstance(given, dict):
        raise bad("请求体不是对象", "The request body is not an object")
    made: Row = {}
    for name, value in given.items():
        if name == "__metadata" or (version == 4 and "@" in name):
            continue
        prop, nav = entity.props.get(name), entity.nav(name, version)
        if prop is not None:
            made[name] = kept(prop, value, version, numbers_as_text=numbers_as_text)
            if not new and not prop.updatable and not prop.key:
                zh, en = f"属性 {name} 不可修改", f"Property {name} cannot be changed"
                raise bad(zh, en, name)
        elif nav is None:
            zh, en = (
                f"属性 {name} 对 {entity.called(version)} 无效",
                f"Property {name} is invalid for {entity.called(version)}",
            )
            raise Refusal(400, "/IWBEP/CM_MGW_RT/025", (zh, en), name)
        elif isinstance(value, dict) and "__deferred" in value:
            continue
        elif not new or not nav.stored:
            raise bad("不支持深度更新", "Deep update is not supported", name)
        else:
            target = service.sets[nav.target]
            below = [
                body(service, target, each, version, new=True, numbers_as_text=numbers_as_text)
                for each in _children(value, nav.many, name)
            ]
            made[nav.name] = below if nav.many else (below[0] if below else None)
    return made


def _children(value: Any, many: bool, name: str) -> list[Any]:
    if not many:
        return [] if value is None else [value]
    found = value.get("results") if isinstance(value, dict) else value
    if not isinstance(found, list):
        raise bad(f"{name} 应为列表", f"{name} wants a list", name)
    return found
