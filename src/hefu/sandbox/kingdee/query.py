"""Bill queries: the columns asked for, rows of an entry beside the head, the filter, the order and the page."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from itertools import islice, product
from typing import Any, NamedTuple

from hefu.sandbox.kingdee import filters
from hefu.sandbox.kingdee.book import Book
from hefu.sandbox.kingdee.forms import Field, Form, Part
from hefu.sandbox.kingdee.replies import BAD_WORD, BROKEN, NO_FIELD, Refused
from hefu.sandbox.shelf import Doc

Rows = Mapping[str, Doc | None]
Read = Callable[[Doc, Rows], Any]


class Column(NamedTuple):
    """A field key of a query: which entry it belongs to, of what field it is, and how to read it."""

    part: Part | None
    field: Field
    read: Read


class Columns:
    """The field keys that a form understands in a query."""

    def __init__(self, book: Book, form: Form) -> None:
        self.book, self.form = book, form
        self._found: dict[str, Column] = {}

    def __getitem__(self, path: str) -> Column:
        if path not in self._found:
            self._found[path] = self._find(path)
        return self._found[path]

    def _find(self, path: str) -> Column:
        first, *rest = path.split(".")
        column = self._first(first)
        form = self.form
        for name in rest:
            if column.field.kind != "ref":
                raise unknown(path)
            form = self.book.form(column.field.ref)
            column = self._step(column, form, name, path)
        return column

    def _first(self, key: str) -> Column:
        if key == self.form.pk:
            return Column(None, Field(key, "实体主键", "int"), lambda doc, _: doc[self.form.pk])
        if key in self.form.single:
            field = self.form.single[key]
            return Column(None, field, lambda doc, _: doc.get(field.at))
        if key in self.form.in_rows:
            part, field = self.form.in_rows[key]
            return self._cell(part, field)
        for part in self.form.entries.values():
            if not part.hidden and key in (f"{part.key}_FEntryID", f"{part.key}_{part.pk}", part.pk):
                return self._cell(part, Field(key, "分录主键", "int", slot="FEntryID"))
            if not part.hidden and key in (f"{part.key}_FSeq", "FSeq"):
                return self._cell(part, Field(key, "行号", "int", slot="FSeq"))
        if key == "FID":
            raise Refused(BROKEN, "列名 'FID' 无效。")
        raise unknown(key)

    def _cell(self, part: Part, field: Field) -> Column:
        def read(_: Doc, rows: Rows) -> Any:
            row = rows.get(part.key)
            return None if row is None else row.get(field.at)

        return Column(part, field, read)

    def _step(self, of: Column, form: Form, name: str, path: str) -> Column:
        if name.upper() == form.pk.upper():
            return Column(of.part, Field(name, "内码", "int"), of.read)
        field = form.single.get(name) or next((f for f in form.head if f.key.upper() == name.upper()), None)
        if field is None:
            raise unknown(path)

        def read(doc: Doc, rows: Rows) -> Any:
            found = self.book.docs(form.id).get(of.read(doc, rows) or 0)
            return None if found is None else found.get(field.at)

        return Column(of.part, field, read)


def unknown(key: str) -> Refused:
    """A field that the form does not have."""
    return Refused(NO_FIELD, f"元数据中标识为{key}的字段不存在", key)


def typed(field: Field, raw: Any) -> Any:
    """A kept value as a filter or an order compares it."""
    if raw is None:
        return None
    if field.kind in ("date", "datetime"):
        return datetime.fromisoformat(raw) if raw else None
    if field.kind in ("qty", "price", "money", "rate"):
        return Decimal(raw)
    if field.kind == "bool":
        return int(raw)
    if field.kind == "ref":
        return raw or 0
    return raw


def shown(field: Field, raw: Any) -> Any:
    """A kept value as the API shows it."""
    if field.kind in ("qty", "price", "money", "rate"):
        return None if raw is None else float(raw)
    if field.kind == "ref":
        return raw or 0
    if raw is None or raw == "":
        return None if field.kind in ("date", "datetime") else " " if field.kind == "combo" else raw
    return raw


def run(book: Book, data: Mapping[str, Any], cap: int, orgs: int = 0) -> tuple[list[str], list[list[Any]]]:
    """The keys asked for and the rows. orgs: show only what belongs to this organisation (0: all)."""
    form = book.form(data.get("FormId"))
    columns = Columns(book, form)
    keys = [key.strip() for key in str(data.get("FieldKeys") or "").split(",") if key.strip()]
    if not keys:
        raise Refused(BAD_WORD, "FieldKeys参数不能为空", "FieldKeys")
    asked = [columns[key] for key in keys]
    node = filters.parse(data.get("FilterString"))
    tested = {key: columns[key] for key in filters.keys(node)}
    order = _order(columns, data.get("OrderString"))
    parts = {c.part.key for c in (*asked, *tested.values(), *(c for c, _ in order)) if c.part}
    start, stop = _window(data, cap)
    found = _matching(book, form, node, tested, sorted(parts), orgs)
    if order and [(c.field.key, down) for c, down in order] != [(form.pk, False)]:
        found = iter(_sorted(list(found), order))
    rows = [[shown(c.field, c.read(doc, at)) for c in asked] for doc, at in islice(found, start, stop)]
    return keys, rows


def _matching(
    book: Book,
    form: Form,
    node: filters.Node | None,
    tested: Mapping[str, Column],
    parts: Sequence[str],
    org: int,
) -> Iterator[tuple[Doc, Rows]]:
    """Head and rows that pass the filter, in the order of the internal id."""
    passes = filters.compiled(node)
    for doc in _candidates(book, form, node):
        if org and form.org and doc.get(form.org) != org:
            continue
        for combination in product(*(doc.get(part) or [None] for part in parts)):
            at = dict(zip(parts, combination, strict=True))

            def value(key: str, doc: Doc = doc, at: Rows = at) -> Any:
                column = tested[key]
                return typed(column.field, column.read(doc, at))

            if passes(value):
                yield doc, at


def _candidates(book: Book, form: Form, node: filters.Node | None) -> Iterator[Doc]:
    """Records that can match, by internal id: the tests on id and number spare a look at all the others."""
    docs = book.docs(form.id)
    wanted: set[int] | None = None
    above = 0
    for test in filters.conjuncts(node):
        if test.key == form.pk and test.op in ("=", "in"):
            ids = {int(v) for v in test.values if str(v).lstrip("-").isdecimal()}
            wanted = ids if wanted is None else wanted & ids
        elif test.key == form.number and test.op in ("=", "in"):
            ids = {pk for v in test.values for pk in book.numbered(form.id, v)}
            wanted = ids if wanted is None else wanted & ids
        elif test.key == form.pk and test.op in (">", ">="):
            above = max(above, int(filters.number(test.values[0])))
    if wanted is not None:
        return (docs[pk] for pk in sorted(wanted) if pk in docs)
    return (doc for pk, doc in docs.items() if pk >= above)


def _order(columns: Columns, given: Any) -> list[tuple[Column, bool]]:
    """OrderString: (column, descending)."""
    made = []
    for one in str(given or "").split(","):
        words = one.split()
        if not words:
            continue
        if len(words) > 2 or (len(words) == 2 and words[1].lower() not in ("asc", "desc")):
            raise Refused(BROKEN, f"“{one.strip()[:60]}”附近有语法错误。")
        made.append((columns[words[0]], len(words) == 2 and words[1].lower() == "desc"))
    return made


def _sorted(found: list[tuple[Doc, Rows]], order: Sequence[tuple[Column, bool]]) -> list[tuple[Doc, Rows]]:
    """By the last key first, since sorting keeps the order of equals. A blank comes first, as in the database."""
    for column, down in reversed(order):

        def key(one: tuple[Doc, Rows], column: Column = column) -> tuple[bool, Any]:
            value = typed(column.field, column.read(*one))
            return value is not None, value

        found = sorted(found, key=key, reverse=down)
    return found


def _window(data: Mapping[str, Any], cap: int) -> tuple[int, int]:
    """First and last row. TopRowCount is the absolute last one, which makes a fixed value empty the second page."""
    try:
        start, limit, top = (int(data.get(name) or 0) for name in ("StartRow", "Limit", "TopRowCount"))
    except (TypeError, ValueError):
        raise Refused(BAD_WORD, "StartRow、Limit、TopRowCount必须是整数", "Limit") from None
    if start < 0 or limit < 0:
        raise Refused(BAD_WORD, "StartRow、Limit不能为负数", "StartRow")
    stop = start + (min(limit, cap) if limit else cap)
    return start, min(stop, top) if top > 0 else stop
