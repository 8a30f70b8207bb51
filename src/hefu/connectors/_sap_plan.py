"""What a write becomes: a deep insert for a new record, and one changeset of small calls for a change.

OData V2 knows no deep update: the header, each line and each row that belongs to it go by their own address, and the
changeset makes them one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from hefu.connectors._sap_batch import Op
from hefu.connectors._sap_tree import Node, Part, Row, divided, key_row, packed, predicate
from hefu.connectors._sap_values import Dialect
from hefu.core.errors import Rejected, Unsupported
from hefu.core.records import REMOVED, Values


def fresh(node: Node, given: Values, dialect: Dialect) -> dict[str, Any]:
    """The body of a deep insert."""
    own, below = divided(node, given)
    out = packed(node, {n: v for n, v in own.items() if v is not None}, dialect, create=True)
    for at, inner in below.items():
        part = node.parts[at]
        if part.rows:
            out[part.nav] = _list([_line(part, line, dialect) for line in _lines(part, inner[part.nav])], dialect)
            continue
        row = fresh(part.node, inner, dialect)
        if row:
            out[part.nav] = _list([{**part.only, **row}], dialect) if part.many else row
    return out


def _list(rows: list[Any], dialect: Dialect) -> Any:
    return rows if dialect.v4 else {"results": rows}


def _lines(part: Part, lines: Any) -> Sequence[Mapping[str, Any]]:
    if not isinstance(lines, list):
        raise Rejected("sap.wrong_type", field=part.nav, name=part.nav, type="lines", value=str(lines)[:60])
    return lines


def _line(part: Part, line: Values, dialect: Dialect) -> dict[str, Any]:
    """A new line. One that SAP numbers itself comes without a number."""
    values = {n: v for n, v in line.items() if n != REMOVED}
    item = part.node.props.get(part.item)
    if item is not None and not item.creatable:
        values.pop(part.item, None)
    return fresh(part.node, values, dialect)


def changes(
    node: Node, given: Values, path: str, row: Row | None, etag: str | None, dialect: Dialect, verb: str
) -> list[Op]:
    """The calls that bring one record to these values. `row`: as it is now, needed where rows below it change."""
    own, below = divided(node, given)
    ops = [Op(verb, path, packed(node, own, dialect, create=False), etag)] if own else []
    for at, inner in below.items():
        part, now = node.parts[at], row or {}
        if part.rows:
            ops += _line_changes(part, _lines(part, inner[part.nav]), path, now, dialect, verb)
        else:
            ops += _row_changes(part, inner, path, now, dialect, verb)
    return ops


def _line_changes(
    part: Part, lines: Sequence[Mapping[str, Any]], path: str, row: Row, dialect: Dialect, verb: str
) -> list[Op]:
    """Lines that are named change or go, those without a known key are added, all others stay."""
    ops: list[Op] = []
    by_key = {part.line_key(r): r for r in part.all(row)}
    by_item = {str(r.get(part.item)): r for r in part.all(row)}
    for line in lines:
        now = by_key.get(str(line[part.key])) if line.get(part.key) else by_item.get(str(line.get(part.item)))
        if line.get(REMOVED):
            ops += [Op("DELETE", at_row(part, now, dialect), None, _any(now))] if now else []
        elif now is None:
            ops.append(Op("POST", f"{path}/{part.nav}", _line(part, line, dialect)))
        else:
            values = {n: v for n, v in line.items() if n not in part.node.kind.keys}
            if values.get(part.key) == part.line_key(now):
                values.pop(part.key)
            ops += changes(part.node, values, at_row(part, now, dialect), now, _any(now), dialect, verb)
    return ops


def _row_changes(part: Part, given: dict[str, Any], path: str, row: Row, dialect: Dialect, verb: str) -> list[Op]:
    """The one row that belongs to a record: changed, made, or taken away when nothing is left of it."""
    now = part.one(row)
    if now is None:
        made = fresh(part.node, given, dialect)
        return [Op("POST", f"{path}/{part.nav}", {**part.only, **made})] if made else []
    own, _ = divided(part.node, given)
    left = {n: now.get(n) for n in part.node.props} | own
    home = part.node.home
    if own and part.only and not any(v not in (None, "") for v in left.values()) and (home is None or home.deletable):
        return [Op("DELETE", at_row(part, now, dialect), None, _any(now))]
    if own and not part.only and len(part.node.props) == 1 and part.many and None in own.values():
        return [Op("DELETE", at_row(part, now, dialect), None, _any(now))]
    return changes(part.node, given, at_row(part, now, dialect), now, _any(now), dialect, verb)


def _any(row: Row) -> str | None:
    """A row below a record that was just compared is changed whatever its stamp, where it has one."""
    return "*" if etag_of(row) else None


def etag_of(row: Row) -> str | None:
    """The ETag of a row."""
    told = row.get("@odata.etag") or (row.get("__metadata") or {}).get("etag")
    return str(told) if told else None


def at_row(part: Part, row: Row, dialect: Dialect) -> str:
    """The address of a row that belongs to a record."""
    if part.node.home is None:
        raise Unsupported("sap.no_set", object=part.nav)
    return part.node.home.name + predicate(part.node.kind, row, dialect)


def at_record(node: Node, record: str, dialect: Dialect) -> str | None:
    """The address of a record; None where the id cannot be one."""
    row = key_row(node.kind, record)
    if row is None or node.home is None:
        return None
    return node.home.name + predicate(node.kind, row, dialect)
