"""What stands on a grid and on a form, read in one go, and whether it is the page that was recorded."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any, NamedTuple

from playwright.sync_api import Page

from hefu.connectors._rpa_settings import Grid, RpaField, RpaObject
from hefu.core.errors import Rejected
from hefu.core.records import FieldType

_GRID = """
([table, next]) => {
  const tidy = e => (e.innerText || e.textContent || "").replace(/\\s+/g, " ").trim();
  const found = document.querySelectorAll(table);
  if (found.length !== 1) { return {tables: found.length, headers: [], rows: [], more: false}; }
  const rows = [...found[0].rows];
  const at = rows.findIndex(r => r.querySelector("th"));
  const body = rows.slice(at + 1).filter(r => r.querySelector("td"));
  const link = next ? document.querySelector(next) : null;
  const off = e => e.disabled || e.getAttribute("aria-disabled") === "true" || e.classList.contains("disabled");
  return {
    tables: 1,
    headers: at < 0 ? [] : [...rows[at].cells].map(tidy),
    rows: body.map(r => [...r.cells].map(tidy)),
    more: !!link && !off(link),
  };
}
"""
_FORM = """
selectors => Object.fromEntries(Object.entries(selectors).map(([name, selector]) => {
  const found = document.querySelectorAll(selector);
  if (found.length !== 1) { return [name, {count: found.length}]; }
  const e = found[0], tidy = t => (t || "").replace(/\\s+/g, " ").replace(/[\\s:：*]+$/, "").trim();
  let label = e.labels && e.labels.length ? tidy(e.labels[0].innerText) : tidy(e.getAttribute("aria-label"));
  if (!label) {  // as forms of old are laid out: the words stand in the cell to the left
    const cell = e.closest("td");
    label = cell && cell.previousElementSibling ? tidy(cell.previousElementSibling.innerText) : "";
  }
  const kind = e.tagName === "SELECT" ? "list" : e.type === "checkbox" ? "box" : "text";
  const chosen = kind === "list" && e.selectedIndex >= 0 ? e.options[e.selectedIndex].text.trim() : "";
  const value = kind === "box" ? e.checked : kind === "list" ? chosen : e.value;
  const options = kind === "list" ? [...e.options].map(o => o.text.trim()) : [];
  return [name, {count: 1, label, kind, value, options, open: !e.disabled && !e.readOnly}];
}))
"""


class Sheet(NamedTuple):
    """One page of a grid: rows by header, and whether there is a next page."""

    rows: list[dict[str, str]]
    more: bool
    change: str


class Inputs(NamedTuple):
    """A form as it stands: field -> its input; `change` says what is not as recorded, "" if nothing."""

    found: Mapping[str, Mapping[str, Any]]
    change: str


def sheet(page: Page, grid: Grid) -> Sheet:
    """The grid that the page shows."""
    seen = page.evaluate(_GRID, [grid.table, grid.next])
    if seen["tables"] != 1:
        return Sheet([], False, f"{seen['tables']} × {grid.table}")
    if seen["headers"] != grid.headers:
        return Sheet([], False, f"{' | '.join(grid.headers)} → {' | '.join(seen['headers'])}")
    ragged = next((r for r in seen["rows"] if len(r) != len(grid.headers) and len(r) != 1), None)
    if ragged is not None:
        return Sheet([], False, f"{len(grid.headers)} → {len(ragged)}: {' | '.join(ragged)[:200]}")
    rows = [dict(zip(grid.headers, r, strict=True)) for r in seen["rows"] if len(r) == len(grid.headers)]
    return Sheet(rows, seen["more"], "")


def inputs(page: Page, obj: RpaObject) -> Inputs:
    """The form that the page shows."""
    wanted = {name: f for name, f in obj.fields.items() if f.input is not None}
    found = page.evaluate(_FORM, {name: f.input for name, f in wanted.items()})
    for name, field in wanted.items():
        seen = found[name]
        if seen["count"] != 1:
            return Inputs(found, f"{name}: {seen['count']} × {field.input}")
        if seen["label"] != field.input_label:
            return Inputs(found, f"{name}: {field.input_label} → {seen['label'] or '-'}")
    return Inputs(found, "")


def parsed(field: RpaField, shown: Any) -> Any:
    """What a page shows, as a value. Raises ValueError."""
    if isinstance(shown, bool):
        return shown
    text = str(shown).strip()
    if not text:
        return None
    if field.type in (FieldType.DECIMAL, FieldType.MONEY):
        try:
            return Decimal(text.replace(",", "").replace("，", "").lstrip("¥￥$").strip())
        except InvalidOperation:
            raise ValueError(text) from None
    if field.type is FieldType.DATE:
        return datetime.strptime(text, field.format).date()  # noqa: DTZ007 - a day has no zone
    if field.type is FieldType.BOOLEAN:
        if text not in (field.true, field.false):
            raise ValueError(text)
        return text == field.true
    return text


def shown(name: str, field: RpaField, value: Any) -> str | bool:
    """A value as it is typed into the form. Raises Rejected."""
    if field.type is FieldType.BOOLEAN and isinstance(value, bool):
        return value
    if value is None:
        return ""
    if isinstance(value, date):
        return value.strftime(field.format)
    text = format(value, "f") if isinstance(value, Decimal) else str(value)
    if field.length is not None and len(text) > field.length:
        raise Rejected("rpa.too_long", field=name, most=field.length, got=len(text))
    return text
