"""`load`: rows as from a spreadsheet become records, found again by their external ids; all of them or none.

An empty cell is an empty value, not a missing one. Columns "line/field" put rows under a record; rows without any
value of the record itself go on with the record above.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from hefu.sandbox.odoo.book import Book
from hefu.sandbox.odoo.env import Env
from hefu.sandbox.odoo.models import NUMBERS, F, OdooError, fault

DEFAULT_MODULE = "__import__"
Message = dict[str, Any]


class _Bad(Exception):
    """A cell that cannot be understood."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field, self.message = field, message


class Undone(Exception):
    """Takes the call's transaction back, and is its answer all the same."""

    def __init__(self, answer: dict[str, Any]) -> None:
        super().__init__("taken back")
        self.answer = answer


def load(book: Book, env: Env, model: str, fields: Any, data: Any) -> dict[str, Any]:
    """{"ids", "messages", "nextrow"}. Raises Undone with the answer where a record is in error, and OdooError."""
    if not isinstance(fields, list) or not isinstance(data, list) or any(len(row) != len(fields) for row in data):
        raise fault("fields and rows of data must have the same length")
    paths = [str(f).split("/") for f in fields]
    ids, messages = list[int](), list[Message]()
    for number, (start, end) in enumerate(_records(book, model, paths, data)):
        where = {"record": number, "rows": {"from": start, "to": end - 1}}
        try:
            ids.append(_record(book, env, model, paths, data[start:end]))
        except _Bad as bad:
            messages.append({"type": "error", "message": bad.message, "field": bad.field, **where})
        except OdooError as error:
            if error.name == "odoo.exceptions.AccessError":
                raise
            messages.append({"type": "error", "message": error.message, **where})
    if messages:
        raise Undone({"ids": False, "messages": messages, "nextrow": 0})
    return {"ids": ids, "messages": [], "nextrow": 0}


def _records(book: Book, model: str, paths: Sequence[Sequence[str]], data: Sequence[Any]) -> list[tuple[int, int]]:
    fields = book.fields(model)
    own = [n for n, p in enumerate(paths) if p[0] not in fields or fields[p[0]][1].type != "one2many"]
    starts = [n for n, row in enumerate(data) if n == 0 or any(row[c] not in ("", None) for c in own)]
    return list(zip(starts, [*starts[1:], len(data)], strict=True)) if data else []


def _record(book: Book, env: Env, model: str, paths: Sequence[Sequence[str]], rows: Sequence[Sequence[Any]]) -> int:
    xid, number, vals = _values(book, env, model, paths, rows)
    if xid is not None:
        known = _external(book, xid)
        if known is not None and book.kept(known[0], known[1]) is not None:
            number = known[1]
    if number is None:
        number = book.create(env, model, vals)
    else:
        if book.kept(model, number) is None:
            raise _Bad(".id", f"No matching record found for database id '{number}' in field 'ID'")
        book.write(env, model, [number], vals)
    if xid is not None and _external(book, xid) is None:
        module, _, name = xid.rpartition(".")
        data = {"module": module, "name": name, "model": model, "res_id": number, "noupdate": True}
        book.create(env._replace(via="import"), "ir.model.data", data)
    return number


def _values(
    book: Book, env: Env, model: str, paths: Sequence[Sequence[str]], rows: Sequence[Sequence[Any]]
) -> tuple[str | None, int | None, dict[str, Any]]:
    xid: str | None = None
    number: int | None = None
    vals: dict[str, Any] = {}
    below: dict[str, list[int]] = {}
    for column, path in enumerate(paths):
        cell, name = rows[0][column], path[0]
        if path == ["id"]:
            xid = _name(str(cell)) if cell else None
        elif path == [".id"]:
            number = _database_id(cell)
        else:
            stored, f = book.field(model, name)
            if f.type == "one2many":
                below.setdefault(name, []).append(column)
            else:
                vals[name] = _cell(book, f, name, path[1:], cell)
            del stored
    for name, columns in below.items():
        vals[name] = _lines(book, env, book.field(model, name)[1], [paths[c][1:] for c in columns], columns, rows)
    return xid, number, vals


def _lines(
    book: Book, env: Env, f: F, paths: Sequence[Sequence[str]], columns: Sequence[int], rows: Sequence[Sequence[Any]]
) -> list[Any]:
    commands: list[Any] = []
    for row in rows:
        cells = [row[c] for c in columns]
        if all(c in ("", None) for c in cells):
            continue
        _, number, vals = _values(book, env, f.relation, paths, [cells])
        commands.append([0, 0, vals] if number is None else [1, number, vals])
    return commands


def _cell(book: Book, f: F, name: str, rest: Sequence[str], cell: Any) -> Any:
    if cell in ("", None, False):
        return False
    text = str(cell)
    if f.type in ("many2one", "many2many"):
        found = [_pointed(book, f, name, rest, part) for part in (text.split(",") if f.type == "many2many" else [text])]
        return [[6, 0, found]] if f.type == "many2many" else found[0]
    if f.type == "boolean":
        if text.lower() not in ("1", "true", "yes", "0", "false", "no"):
            raise _Bad(name, f"Unknown value '{text}' for boolean field '{f.label}'")
        return text.lower() in ("1", "true", "yes")
    if f.type in NUMBERS:
        try:
            float(text)
        except ValueError:
            raise _Bad(name, f"'{text}' does not seem to be a number for field '{f.label}'") from None
        return text
    if f.type in ("date", "datetime"):
        return _moment(f, name, text)
    if f.type == "selection":
        for value, label in f.options:
            if text in (value, label):
                return value
        raise _Bad(name, f"Value '{text}' not found in selection field '{f.label}'")
    return text


def _moment(f: F, name: str, text: str) -> str:
    from hefu.sandbox.odoo.domain import moment

    try:
        moment(text)
    except OdooError:
        raise _Bad(name, f"'{text}' does not seem to be a valid date for field '{f.label}'") from None
    return text


def _pointed(book: Book, f: F, name: str, rest: Sequence[str], text: str) -> int:
    how = rest[0] if rest else ""
    if how == ".id":
        number = _database_id(text)
        if number is not None and book.kept(f.relation, number) is not None:
            return number
        raise _Bad(name, f"No matching record found for database id '{text}' in field '{f.label}'")
    if how == "id":
        found = _external(book, _name(text))
        if found is not None and found[0] == f.relation:
            return found[1]
        raise _Bad(name, f"No matching record found for external id '{text}' in field '{f.label}'")
    named = [int(k.id) for k in book.shelf.rows(f.relation) if book.named(f.relation, int(k.id)) == text]
    if not named:
        raise _Bad(name, f"No matching record found for name '{text}' in field '{f.label}'")
    return named[0]


def _database_id(cell: Any) -> int | None:
    try:
        return int(cell) if cell not in ("", None, False) else None
    except (TypeError, ValueError):
        raise _Bad(".id", f"Invalid database id '{cell}' for the field 'ID'") from None


def _name(text: str) -> str:
    """module.name; the module is made up where it misses."""
    if text.count(".") > 1:
        raise _Bad("id", f"The ID reference '{text}' must contain maximum one dot.")
    return text if "." in text else f"{DEFAULT_MODULE}.{text}"


def _external(book: Book, xid: str) -> tuple[str, int] | None:
    module, _, name = xid.partition(".")
    rows = book.shelf.rows("ir.model.data", by={"name": name})
    found: Sequence[Mapping[str, Any]] = [r.doc for r in rows if r.doc["module"] == module]
    return (found[0]["model"], found[0]["res_id"]) if found else None
