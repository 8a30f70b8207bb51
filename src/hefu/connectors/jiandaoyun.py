"""Jiandaoyun 简道云 (abroad: Jodoo): the forms that a company made, read and written through its API v5.

Every company's forms differ, so everything comes from their metadata; fields are bound to widget ids, since aliases
change overnight. Changes are found by asking for `updateTime`; data pushes only hasten that, for imports and batch
edits send none.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from hefu.connectors._id_walk import IdCursor, Row
from hefu.connectors._jiandaoyun_api import Api
from hefu.connectors._jiandaoyun_form import BATCH, Form
from hefu.connectors._jiandaoyun_hooks import Pushes
from hefu.connectors._jiandaoyun_settings import FormSettings, JiandaoyunSettings
from hefu.connectors._jiandaoyun_widgets import widgets_of
from hefu.connectors._jiandaoyun_write import Rows, Writer
from hefu.core.connector import Connector, Settings, Site
from hefu.core.env import stamp
from hefu.core.errors import HubError, Missing, Unsupported
from hefu.core.records import ObjectSchema, Page, Record, Value, Values, Write, Written

FRESH = timedelta(seconds=60)
"""How old the known widgets of a form may be when records are created: a renamed field would be left out silently."""

_ID = re.compile(r"[0-9a-f]{24}\Z")
_LIST = "v5/app/entry/data/list"


class Jiandaoyun(Connector):
    """A line to one company's forms."""

    name = "jiandaoyun"
    settings_type = JiandaoyunSettings

    def __init__(self, settings: Settings, site: Site) -> None:
        super().__init__(settings, site)
        own: JiandaoyunSettings = self.settings
        self._api = Api(site, own.url, own.api_key.get_secret_value(), own.calls_per_second)
        self._zone = site.zone
        self._pushes = Pushes(own.webhook_secret.get_secret_value(), own.webhook_window, site.connection)
        self._lock = threading.Lock()
        self._forms: dict[str, Form] = {}
        self._by_id_works = True

    # -------------------------------------------------------------------- looking

    def check(self) -> None:
        """Lists the apps, and looks at every form that the settings name."""
        self._api.read("v5/app/list", skip=0, limit=1)
        for name in self.settings.forms:
            self._load(name)

    def discover(self) -> Sequence[ObjectSchema]:
        """The forms of the settings, or all that the key can see."""
        names = dict.fromkeys(self.settings.forms, "") or self._all()
        return [self._load(name, label).schema() for name, label in names.items()]

    def _all(self) -> dict[str, str]:
        """Every form's name -> label."""
        found = {}
        for app in self._listed("v5/app/list", "apps"):
            for form in self._listed("v5/app/entry/list", "forms", app_id=app["app_id"]):
                found[f"{app['app_id']}/{form['entry_id']}"] = f"{app['name']} / {form['name']}"
        return found

    def _listed(self, path: str, word: str, **more: str) -> Iterator[Mapping[str, Any]]:
        skip = 0
        while True:
            rows = self._api.read(path, skip=skip, limit=BATCH, **more).get(word) or []
            yield from rows
            skip += len(rows)
            if len(rows) < BATCH:
                return

    def _of(self, name: str) -> FormSettings:
        """The settings of an object. Raises Unsupported."""
        forms: dict[str, FormSettings] = self.settings.forms
        if name in forms:
            return forms[name]
        app, _, form = name.partition("/")
        if forms or not (_ID.match(app) and _ID.match(form)):
            known = ", ".join(forms) or "APP/FORM"
            raise Unsupported("jiandaoyun.unknown_object", connection=self.site.connection, object=name, known=known)
        return FormSettings(app=app, form=form)

    def _load(self, name: str, label: str = "") -> Form:
        """Read the widgets of a form anew."""
        own = self._of(name)
        told = self._api.read("v5/app/entry/widget/list", app_id=own.app, entry_id=own.form)
        widgets = widgets_of(told.get("widgets") or (), own, self.settings.names == "alias")
        system = frozenset(str(w.get("name")) for w in told.get("sysWidgets") or ())
        old = self._forms.get(name)
        label = own.label or label or (old.label if old else "")
        form = Form(name, label, own, tuple(widgets), system, self._zone, self.site.now())
        with self._lock:
            self._forms[name] = form
        return form

    def _form(self, name: str, within: timedelta | None = None) -> Form:
        """The form as it is known, read anew where that is older than `within`."""
        known = self._forms.get(name)
        if known is None or (within is not None and self.site.now() - known.read_at > within):
            return self._load(name)
        return known

    def _today(self, form: Form, rows: Sequence[Mapping[str, Any]]) -> Form:
        """The form that these payloads speak of: one whose fields were renamed is read anew, once."""
        if not form.unknown(rows):
            return form
        form = self._load(form.name)
        strange = frozenset(form.unknown(rows))
        if strange:
            form = replace(form, strange=strange)
            with self._lock:
                self._forms[form.name] = form
        return form

    def read(self, obj: str, since: str | None = None) -> Iterator[Page]:
        """Everything, or what `updateTime` says has changed."""
        cursor = IdCursor.parse(since, self.site.connection, "jiandaoyun.bad_cursor")
        self._of(obj)
        return self._pages(obj, cursor)

    def _pages(self, obj: str, cursor: IdCursor) -> Iterator[Page]:
        form = self._form(obj)
        ids = form.ids
        more: dict[str, Any] = {}
        if cursor.at is not None:
            low = cursor.at - self.site.lateness
            since = low.isoformat(timespec="milliseconds").replace("+00:00", "Z")
            cond = {"field": "updateTime", "type": "datetime", "method": "range", "value": [since, None]}
            more["filter"] = {"rel": "and", "cond": [cond]}

        def ask(on: str) -> tuple[list[Row], datetime]:
            body = {**ids, "limit": BATCH, **more, **({"data_id": on} if on else {})}
            told, at = self._api.timed(_LIST, **body)
            return told.get("data") or [], at

        for rows, after_them in cursor.walk(ask, BATCH, "_id"):
            form = self._today(form, rows)
            yield Page([form.record(row) for row in rows], after_them)

    def fetch(self, obj: str, ids: Sequence[str]) -> Sequence[Record]:
        """A hundred a call."""
        self._of(obj)
        found = []
        wanted = list(dict.fromkeys(ids))
        for start in range(0, len(wanted), BATCH):
            form, rows = self._rows(self._form(obj), wanted[start : start + BATCH])
            found += [form.record(row) for row in rows.values()]
        return found

    def _rows(self, form: Form, ids: Sequence[str]) -> tuple[Form, Rows]:
        """(the form as it is today, id -> payload) of those that are there."""
        wanted = [i for i in ids if _ID.match(i)]
        rows = self._listed_by_id(form, wanted) if len(wanted) > 1 and self._by_id_works else None
        if rows is None:
            rows = [row for i in wanted for row in self._one(form, i)]
        form = self._today(form, rows)
        return form, {str(row["_id"]): row for row in rows}

    def _listed_by_id(self, form: Form, ids: Sequence[str]) -> list[Mapping[str, Any]] | None:
        """By one list call; None where the API does not filter by id as its documentation says."""
        cond = {"field": "_id", "type": "dataid", "method": "in", "value": list(ids)}
        try:
            told = self._api.read(_LIST, **form.ids, limit=BATCH, filter={"rel": "and", "cond": [cond]})
        except Unsupported as error:
            if error.code != "jiandaoyun.misfit":
                raise
            self._by_id_works = False
            return None
        rows: list[Mapping[str, Any]] = told.get("data") or []
        foreign = any(row.get("_id") not in ids for row in rows)
        if foreign or (not rows and list(self._one(form, ids[0]))):  # nobody may be declared gone by mistake
            self._by_id_works = False
            return None
        return rows

    def _one(self, form: Form, record_id: str) -> Iterator[Mapping[str, Any]]:
        try:
            row = self._api.read("v5/app/entry/data/get", **form.ids, data_id=record_id).get("data")
        except Missing:
            return
        if row and row.get("_id"):
            yield row

    def search(self, obj: str, by: Values) -> Sequence[Record]:
        """By filters where the fields can be compared, else everything is read and sifted."""
        form = self._form(obj)
        conds = [form.condition(name, [value]) for name, value in by.items()]
        if not by or None in conds:
            return super().search(obj, by)
        told = self._api.read(_LIST, **form.ids, limit=20, filter={"rel": "and", "cond": conds})
        rows = told.get("data") or []
        form = self._today(form, rows)
        records = [form.record(row) for row in rows]
        return [r for r in records if all(_held(form, r, name) == value for name, value in by.items())]

    # -------------------------------------------------------------------- writing

    def write(self, obj: str, writes: Sequence[Write]) -> Sequence[Written | HubError]:
        """A hundred a call where the API has batches for it."""
        self._of(obj)
        creates = any(write.id is None for write in writes)
        form = self._form(obj, FRESH if creates else None)
        moment = stamp(self.site.now())
        return Writer(
            self._api, self.settings, form, lambda ids: self._rows(self._form(obj), ids), self._same, moment
        ).run(writes)

    def _same(self, form: Form, some: Sequence[Values]) -> dict[int, str]:
        """Place -> id of the record that has the same key already."""
        names = [form.column(k).name for k in form.settings.key]
        keys = {tuple(values.get(n) for n in names): n for n, values in reversed(list(enumerate(some)))}
        cond = form.condition(names[0], list({k[0]: None for k in keys if k[0] not in (None, "")}))
        if cond is None:
            return {}
        found: dict[int, str] = {}
        more: dict[str, Any] = {}
        while True:
            told = self._api.read(_LIST, **form.ids, limit=BATCH, filter={"rel": "and", "cond": [cond]}, **more)
            rows = told.get("data") or []
            for record in map(form.record, rows):
                at = keys.get(tuple(record.values.get(n) for n in names))
                if at is not None:
                    found[at] = record.id
            if len(rows) < BATCH:
                return found
            more = {"data_id": rows[-1]["_id"]}

    # ------------------------------------------------------------------- webhooks

    def parse(self, headers: Mapping[str, str], body: bytes) -> Sequence[tuple[str, str]]:
        """What a data push speaks of. Raises Denied for a wrong signature or an old push."""
        told = self._pushes.take(headers, body, self.site.now())
        if told is None:
            return []
        kind, app, form, record_id = told
        forms: dict[str, FormSettings] = self.settings.forms
        names = [n for n, f in forms.items() if f.form == form and app in ("", f.app)]
        if not forms and _ID.match(app) and _ID.match(form):
            names = [f"{app}/{form}"]
        if kind == "form":
            with self._lock:
                for name in names:
                    self._forms.pop(name, None)
        return [(name, record_id) for name in names]


def _held(form: Form, record: Record, name: str) -> Value:
    widget = form.widget(name)
    return record.values.get(name if name in record.values or widget is None else widget.name)


CONNECTOR = Jiandaoyun

__all__ = ["CONNECTOR", "Jiandaoyun", "JiandaoyunSettings"]
