"""A system that only has pages: a recorded browser script reads its grid, fills its form and confirms by re-reading.

Slow and fragile by nature, so it is careful instead: before a row is taken or a button pressed, the page must be the
one that was recorded; after saving, what the system now shows is what counts; a page that has changed stops the work,
with a picture of it.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any, NoReturn, TypeVar

from playwright.sync_api import Error
from playwright.sync_api import Page as Screen
from playwright.sync_api import TimeoutError as TooLong

from hefu.connectors._rpa_browser import Browser
from hefu.connectors._rpa_pages import inputs, parsed, sheet, shown
from hefu.connectors._rpa_settings import Form, RpaObject, RpaSettings
from hefu.core.connector import Connector, Settings, Site
from hefu.core.errors import HubError, Missing, Rejected, Stale, Transient, Unanswered, Unsupported
from hefu.core.records import Abilities, Field, ObjectSchema, Page, Record, Values, Write, Written

T = TypeVar("T")
PAGE = 20
_MOST_PAGES = 10_000


class Rpa(Connector):
    """A hand on one system's pages."""

    name = "rpa"
    settings_type = RpaSettings

    def __init__(self, settings: Settings, site: Site) -> None:
        super().__init__(settings, site)
        self.browser = Browser(self.settings, site)

    # -------------------------------------------------------------------- looking

    def check(self) -> None:
        """Sign in and look whether every page is the one that was recorded; nothing is changed."""
        for name in self.settings.objects:
            self._at(name, partial(self._look, name))

    def _look(self, name: str, page: Screen) -> None:
        obj = self._object(name)
        self.browser.sign_in(page)
        self._rows(page, name, obj, 1)
        if obj.form is not None and obj.form.new:
            self.browser.steps(page, obj.form.new, {})
            self._form(page, name, obj)

    def discover(self) -> Sequence[ObjectSchema]:
        """As recorded."""
        made = []
        for name, obj in self.settings.objects.items():
            fields = [
                Field(
                    n,
                    f.type,
                    f.label or f.header or f.input_label or "",
                    writable=f.input is not None,
                    required=f.required or n in obj.key,
                    unique=[n] == obj.key,
                    length=f.length,
                )
                for n, f in obj.fields.items()
            ]
            form = obj.form
            able = Abilities(
                create="key" if form is not None and form.new else "no",
                update=form is not None and bool(form.edit),
                conditional="values" if form is not None and form.edit else "no",
                page=PAGE,
                returns=True,
            )
            made.append(ObjectSchema(name, tuple(fields), obj.label, tuple(obj.key), able))
        return made

    def read(self, obj: str, since: str | None = None) -> Iterator[Page]:
        """Every page of the grid. Where fields have no column, each record's form, too."""
        known = self._object(obj)
        found = self._at(obj, lambda page: self._everything(page, obj, known))
        for start in range(0, len(found), PAGE):
            yield Page(found[start : start + PAGE])

    def fetch(self, obj: str, ids: Sequence[str]) -> Sequence[Record]:
        """Each one looked up in the grid."""
        known = self._object(obj)

        def look(page: Screen) -> list[Record]:
            found = (self._one(page, obj, known, _key(known, i)) for i in dict.fromkeys(ids))
            return [record for record in found if record is not None]

        return self._at(obj, look)

    def search(self, obj: str, by: Values) -> Sequence[Record]:
        """By key in the grid's own search where one is recorded; by other fields in a full read."""
        known = self._object(obj)
        if set(by) == set(known.key):
            key = {n: str(shown(n, known.fields[n], by[n])) for n in known.key}
            found = self._at(obj, lambda page: self._one(page, obj, known, key))
            return [] if found is None else [found]
        return super().search(obj, by)

    # -------------------------------------------------------------------- writing

    def write(self, obj: str, writes: Sequence[Write]) -> Sequence[Written | HubError]:
        """One form after the other."""
        known = self._object(obj)
        answers: list[Written | HubError] = []
        for one in writes:
            try:
                answers.append(self._written(obj, known, one))
            except (Rejected, Stale, Missing, Transient, Unanswered) as error:
                answers.append(error)
        return answers

    def _written(self, name: str, obj: RpaObject, one: Write) -> Written:
        form = obj.form
        values = dict(one.values or {})
        for field in values:
            if field not in obj.fields or obj.fields[field].input is None:
                raise Unsupported("rpa.no_input", connection=self.site.connection, object=name, field=field)
        if form is None or one.values is None or not (form.edit if one.id is not None else form.new):
            raise Unsupported("rpa.cannot", connection=self.site.connection, object=name)
        if one.id is None:
            absent = next((k for k in obj.key if values.get(k) in (None, "")), None)
            if absent is not None:
                raise Rejected("rpa.absent", field=absent, connection=self.site.connection, object=name)
        typed = {n: shown(n, obj.fields[n], v) for n, v in values.items()}
        key = {n: str(typed[n]) for n in obj.key} if one.id is None else _key(obj, one.id)
        saved = {"pressed": False}
        try:
            return self._at(name, lambda page: self._save(page, name, obj, form, one, typed, key, saved))
        except Transient as error:
            if not saved["pressed"]:
                raise
            facts: dict[str, Any] = {**error.facts}
            raise Unanswered(error.code, **facts) from error

    def _save(
        self,
        page: Screen,
        name: str,
        obj: RpaObject,
        form: Form,
        one: Write,
        typed: Mapping[str, str | bool],
        key: Mapping[str, str],
        saved: dict[str, bool],
    ) -> Written:
        """Fill the form and save it. `saved["pressed"]`: from here on the outcome may be unknown."""
        there = self._one(page, name, obj, key)
        if one.id is None and there is not None:
            raise Rejected("rpa.exists", field=obj.key[0], connection=self.site.connection, object=name, id=there.id)
        if one.id is not None and there is None:
            raise Missing("rpa.missing", connection=self.site.connection, object=name, id=one.id)
        if there is not None and one.expect is not None:
            moved = [n for n, v in one.expect.items() if there.values.get(n) != v]
            if moved:
                raise Stale("rpa.stale", connection=self.site.connection, object=name, id=one.id, field=moved[0])
        self.browser.steps(page, form.edit if one.id is not None else form.new, key)
        self._form(page, name, obj)
        self._fill(page, name, obj, typed)
        self.browser.dialogs.clear()
        saved["pressed"] = True
        page.click(form.save)
        self._outcome(page, name, form)
        now = self._one(page, name, obj, {**key, **{n: str(typed[n]) for n in obj.key if n in typed}})
        if now is None:
            raise Unanswered("rpa.unconfirmed", connection=self.site.connection, object=name)
        return Written(one.id or now.id, now.values)

    def _fill(self, page: Screen, name: str, obj: RpaObject, typed: Mapping[str, str | bool]) -> None:
        standing = inputs(page, obj).found
        for field, value in typed.items():
            selector, seen = obj.fields[field].input or "", standing[field]
            if not seen["open"]:
                raise Rejected("rpa.locked", field=field, connection=self.site.connection, object=name)
            if seen["kind"] == "box":
                page.set_checked(selector, bool(value))
            elif seen["kind"] == "list":
                if value not in seen["options"]:
                    facts = {"object": name, "value": value, "known": ", ".join(o for o in seen["options"] if o)}
                    raise Rejected("rpa.no_option", field=field, connection=self.site.connection, **facts)
                page.select_option(selector, label=str(value))
            else:
                page.fill(selector, str(value))

    def _outcome(self, page: Screen, name: str, form: Form) -> None:
        """Wait until the page says what became of it. Raises Rejected with its words, or playwright's time-out."""
        wanted = ", ".join(s for s in (form.done, form.refused) if s)
        if wanted and not self.browser.dialogs:
            try:
                page.wait_for_selector(wanted)
            except TooLong:
                if not self.browser.dialogs:
                    raise
        elif not wanted:
            page.wait_for_load_state("load")
        facts = {"connection": self.site.connection, "object": name}
        said = " ".join(self.browser.dialogs)
        if form.refused is not None and (told := page.query_selector(form.refused)) is not None:
            text = " ".join(told.inner_text().split())
            if text:
                raise Rejected("rpa.refused", field=None, said=text[:300], **facts)
        if form.done_dialog is not None and form.done_dialog in said:
            return
        if form.done is not None and page.query_selector(form.done) is not None:
            return
        if said:
            raise Rejected("rpa.refused", field=None, said=said[:300], **facts)
        raise Unanswered("rpa.unconfirmed", **facts)

    # ------------------------------------------------------------------ the inside

    def _everything(self, page: Screen, name: str, obj: RpaObject) -> list[Record]:
        rows = self._rows(page, name, obj, _MOST_PAGES)
        return [self._record(page, name, obj, row) for row in rows]

    def _one(self, page: Screen, name: str, obj: RpaObject, key: Mapping[str, str]) -> Record | None:
        headers = {obj.fields[n].header or "": value for n, value in key.items()}
        wanted: Callable[[Mapping[str, str]], bool] = lambda row: all(row[h] == v for h, v in headers.items())  # noqa: E731
        rows = self._rows(page, name, obj, _MOST_PAGES, key, wanted)
        row = next((r for r in rows if wanted(r)), None)
        return None if row is None else self._record(page, name, obj, row)

    def _rows(
        self,
        page: Screen,
        name: str,
        obj: RpaObject,
        most: int,
        key: Mapping[str, str] | None = None,
        enough: Callable[[Mapping[str, str]], bool] | None = None,
    ) -> list[dict[str, str]]:
        """The grid's rows, page after page, until there is `enough`. With a key by the grid's own search."""
        grid, rows = obj.grid, list[dict[str, str]]()
        searches = key is not None and bool(grid.find)
        if not (searches and grid.find[0].open is not None):  # a search that has an address needs no list before it
            self.browser.steps(page, grid.steps, key or {})
            self._sheet(page, name, obj)
        if key is not None and searches:
            self.browser.steps(page, grid.find, key)
            page.wait_for_load_state("load")
        for _ in range(most):
            seen = self._sheet(page, name, obj)
            rows += seen.rows
            if not seen.more or grid.next is None or (enough is not None and any(map(enough, seen.rows))):
                break
            before = page.inner_text(grid.table)
            page.click(grid.next)
            page.wait_for_function(
                "([table, before]) => { const t = document.querySelector(table); return !t || t.innerText !== before }",
                arg=[grid.table, before],
            )
            page.wait_for_load_state("load")
        return rows

    def _sheet(self, page: Screen, name: str, obj: RpaObject) -> Any:
        seen = sheet(page, obj.grid)
        if seen.change:
            self._changed(page, name, seen.change)
        return seen

    def _form(self, page: Screen, name: str, obj: RpaObject) -> Mapping[str, Mapping[str, Any]]:
        seen = inputs(page, obj)
        if seen.change:
            self._changed(page, name, seen.change)
        return seen.found

    def _changed(self, page: Screen, name: str, change: str) -> NoReturn:
        facts = {"object": name, "change": change, "screenshot": self.browser.picture(page)}
        raise Unsupported("rpa.changed", connection=self.site.connection, **facts)

    def _record(self, page: Screen, name: str, obj: RpaObject, row: Mapping[str, str]) -> Record:
        texts: dict[str, Any] = {n: row[f.header] for n, f in obj.fields.items() if f.header is not None}
        key = {n: str(texts[n]) for n in obj.key}
        if obj.form is not None and any(f.header is None for f in obj.fields.values()):
            self.browser.steps(page, obj.form.edit, key)
            found = self._form(page, name, obj)
            texts |= {n: found[n]["value"] for n, f in obj.fields.items() if f.header is None}
        values = {}
        for n, f in obj.fields.items():
            try:
                values[n] = parsed(f, texts[n])
            except ValueError:
                values[n] = texts[n]  # as it stands there: the mapping names the record and the value
        return Record(
            next(iter(key.values())) if len(key) == 1 else json.dumps([*key.values()], ensure_ascii=False), values
        )

    def _at(self, name: str, work: Callable[[Screen], T]) -> T:
        """Do this in the browser. Raises Transient with a picture where a page or an element did not come."""

        def careful(page: Screen) -> T:
            try:
                return work(page)
            except Error as error:
                picture = "-" if page.is_closed() else self.browser.picture(page)
                said = str(error).splitlines()[0][:300]
                facts: dict[str, Any] = {"object": name, "said": said, "screenshot": picture}
                raise Transient("rpa.stuck", connection=self.site.connection, **facts) from error

        return self.browser.run(careful)

    def _object(self, obj: str) -> RpaObject:
        found: RpaObject | None = self.settings.objects.get(obj)
        if found is None:
            known = ", ".join(self.settings.objects)
            raise Unsupported("rpa.no_object", connection=self.site.connection, object=obj, known=known)
        return found

    def close(self) -> None:
        """End the browser."""
        self.browser.close()


def _key(obj: RpaObject, record_id: str) -> dict[str, str]:
    parts = [record_id] if len(obj.key) == 1 else json.loads(record_id)
    return dict(zip(obj.key, parts, strict=True))


CONNECTOR = Rpa

__all__ = ["CONNECTOR", "Rpa", "RpaSettings"]
