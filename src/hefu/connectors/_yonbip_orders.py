"""A sales order as its save wants it: keys with `!` taken literally, all amounts worked out, each line with its status.

A line that is not named stays as it is; a line that is to go is named with the status Delete.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import tzinfo
from decimal import Decimal
from typing import Any

from hefu.connectors._line_money import LineMoney
from hefu.connectors._yonbip_money import PRICING, amounts, priced
from hefu.connectors._yonbip_objects import LINES, ORDER, Col, Shape
from hefu.connectors._yonbip_settings import YonbipSettings
from hefu.connectors._yonbip_values import written
from hefu.core.errors import Rejected, Unsupported
from hefu.core.records import REMOVED, Record, Values, Write

_UNITS = ("iProductAuxUnitId", "iProductUnitId")
_ONES = {"invExchRate": 1, "invPriceExchRate": 1, "unitExchangeType": 0, "unitExchangeTypePrice": 0}

Data = dict[str, Any]


class Orders:
    """Makes the bodies of saves for one tenant."""

    def __init__(self, settings: YonbipSettings, zone: tzinfo) -> None:
        self._settings, self._zone = settings, zone

    def new(self, shape: Shape, write: Write, owner: str) -> Data:
        """Of a new order. Raises Rejected, Unsupported."""
        given = dict(self._settings.defaults.get(ORDER, {}))
        given.pop(LINES, None)
        values = {**given, **(write.values or {})}
        token = values.pop(shape.token, None) or write.token if shape.token else ""
        lines = values.pop(LINES, None) or []
        head = {"salesOrgId": owner, "settlementOrgId": owner} if owner else {}
        head |= self._packed(shape.cols, values)
        if not head.get("agentId"):
            raise Rejected("yonbip.no_price", field="agentId", name="agentId")
        currency = head.get("orderPrices!currency") or "CNY"
        exchange = head.get("orderPrices!exchRate", 1)
        prices = {
            "orderPrices!currency": currency,
            "orderPrices!natCurrency": "CNY",
            "orderPrices!exchRate": exchange,
            "orderPrices!exchangeRateType": "01",
            "orderPrices!taxInclusive": True,
            "invoiceAgentId": head["agentId"],
        }
        rows = [self._inserted(shape, line, owner, Decimal(str(exchange))) for line in lines if not line.get(REMOVED)]
        data: Data = {"_status": "Insert", **prices, **head, "orderDetails": rows}
        data["payMoney"] = sum((row["oriSum"] for row in rows), Decimal(0))
        return {**data, **({shape.token: token} if token else {})}

    def change(self, shape: Shape, write: Write, record: Record, ids: Mapping[str, str], owner: str) -> Data:
        """Of a changed order: what moves, and nothing else. ids: line key -> id of the line."""
        values = dict(write.values or {})
        lines = values.pop(LINES, None) or []
        data: Data = {"_status": "Update", "id": record.id, **self._packed(shape.cols, values)}
        if not lines:
            return data
        held = {str(line[shape.line_key]): line for line in record.values.get(LINES) or ()}
        exchange = Decimal(str(record.values.get("orderPrices!exchRate") or 1))
        sums = {key: Decimal(line.get("oriSum") or 0) for key, line in held.items()}
        rows: list[Data] = []
        for n, line in enumerate(lines):
            key = str(line.get(shape.line_key) or "")
            if line.get(REMOVED):
                if key in held:
                    rows.append({"_status": "Delete", "id": self._line_id(ids, key)})
                    sums.pop(key, None)
                continue
            if key in held:
                row = self._changed(shape, line, held[key], exchange)
                rows.append({"_status": "Update", "id": self._line_id(ids, key), **row})
                sums[key] = row.get("oriSum", sums[key])
            else:
                rows.append(self._inserted(shape, line, owner, exchange))
                sums[f"new {n}"] = rows[-1]["oriSum"]
        return {**data, "orderDetails": rows, "payMoney": sum(sums.values(), Decimal(0))}

    def _line_id(self, ids: Mapping[str, str], key: str) -> str:
        if key not in ids:
            raise Rejected("yonbip.unknown_line", field=LINES, line=key)
        return ids[key]

    def _inserted(self, shape: Shape, line: Values, owner: str, exchange: Decimal) -> Data:
        defaults: Mapping[str, Any] = self._settings.defaults.get(ORDER, {}).get(LINES, {})
        money = priced(line, defaults, Decimal(self._settings.tax_rate))
        row: Data = {"_status": "Insert", "orderProductType": "SALE", **_ONES}
        row |= {"stockOrgId": owner, "settlementOrgId": owner} if owner else {}
        row |= {n: v for n, v in defaults.items() if n not in PRICING}
        row |= self._packed(shape.lines, {n: v for n, v in line.items() if n not in PRICING and n != shape.line_key})
        row |= self._key(shape, line)
        if row.get("masterUnitId"):
            row = {**dict.fromkeys(_UNITS, row["masterUnitId"]), **row}
        if not row.get("productId"):
            raise Rejected("yonbip.no_price", field=LINES, name="productId")
        return {**row, **self._priced(money, exchange)}

    def _changed(self, shape: Shape, line: Values, before: Values, exchange: Decimal) -> Data:
        row = self._packed(shape.lines, {n: v for n, v in line.items() if n not in PRICING and n != shape.line_key})
        moved = {n: line[n] for n in PRICING if n in line and line[n] != before.get(n)}
        if moved:
            row |= self._priced(priced(moved, before, Decimal(self._settings.tax_rate)), exchange)
        return row

    def _priced(self, money: LineMoney, exchange: Decimal) -> Data:
        rate = format(money.rate.normalize(), "f")
        if rate not in self._settings.taxes:
            known = ", ".join(self._settings.taxes)
            raise Unsupported("yonbip.no_tax", rate=rate, known=known)
        return {"taxId": self._settings.taxes[rate], **amounts(money, exchange)}

    def _key(self, shape: Shape, line: Values) -> Data:
        """The other system's key of a new line."""
        key = line.get(shape.line_key)
        if key in (None, ""):
            return {}
        if shape.line_key != "lineno":
            return {shape.line_key: key}
        if not str(key).isdecimal():
            raise Rejected("yonbip.line_number", field=LINES, line=str(key)[:60])
        return {"lineno": int(str(key))}

    def _packed(self, cols: tuple[Col, ...], values: Values) -> Data:
        """Values as a save takes them; what is no field of ours is sent as the settings give it."""
        known = {c.name: c for c in cols}
        made: Data = {}
        for name, value in values.items():
            col = known.get(name)
            made[name] = value if col is None else written(col, value, self._zone)
        return made
