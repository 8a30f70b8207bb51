"""What the sandbox of Jiandaoyun holds: forms and the records in them, kept by widget id, never by alias.

Records come in the order of their ids; the calls skip every rule of a form; a record's last change is its only version.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from hefu.sandbox.frame import Clock
from hefu.sandbox.jiandaoyun import people
from hefu.sandbox.jiandaoyun.filters import Filter, Row
from hefu.sandbox.jiandaoyun.forms import APP, FORMS, TITLES, Form, Refused, Widget, form_of, indexed, redrawn
from hefu.sandbox.jiandaoyun.values import World, instant, readable, shown, stored, writable
from hefu.sandbox.shelf import Event, Kept, Shelf

CHUNK = 500
REPEAT_WITHIN = timedelta(hours=1)
NO_FORM, NO_DATA = 3000, 4001


class Book:
    """Forms and records. `strict`: refuse an unknown field instead of passing over it."""

    def __init__(self, path: str = ":memory:", clock: Clock | None = None) -> None:
        self.shelf = Shelf(path, clock, {"record": [*indexed()]}, title="title")
        self.clock = self.shelf.clock
        self.strict = False
        self._last = int(self.shelf.meta("begun") or 0)
        self.world = World(people.member, people.department, self._file, self.new_id)
        for form in FORMS:
            if self.shelf.get("form", form.entry_id) is None:
                self.shelf.load("form", [(form.entry_id, form.document(), self.clock.now())])
        self._forms: list[Form] | None = None
        self._drawn = 0
        self.shelf.listeners.append(self._redrawn)

    def close(self) -> None:
        """Close the file."""
        self.shelf.close()

    # ------------------------------------------------------------------ forms

    def forms(self) -> list[Form]:
        """Every form, the archived ones too; read again when one was redrawn."""
        drawn, forms = self._drawn, self._forms
        if forms is None:
            forms = [form_of(kept.doc) for kept in self.shelf.rows("form")]
            self._forms = forms if drawn == self._drawn else None
        return forms

    def _redrawn(self, event: Event) -> None:
        if event.obj == "form":
            self._drawn, self._forms = self._drawn + 1, None

    def form(self, word: str) -> Form:
        """By entry id, by our short name for it or by its title. Raises Refused."""
        kept = self.shelf.get("form", word)
        if kept is not None:
            return form_of(kept)
        for form in self.forms():
            if word in (form.key, form.name):
                return form
        raise Refused(NO_FORM, "表单不存在")

    def redraw(self, word: str, given: Mapping[str, Any], author: str) -> Form:
        """A designer changes a form."""
        form = redrawn(self.form(word), given)
        self.shelf.put("form", form.entry_id, form.document(), author, "person", "redrawn")
        return form

    def touched(self, form: Form) -> str:
        """When a record of it last changed."""
        last = self.shelf.find(form.key, "", 0, 1)[1]
        return instant(last[0].modified if last else self.clock.now())

    # ---------------------------------------------------------------- records

    def page(self, form: Form, after: str, limit: int, wanted: Filter) -> list[Kept]:
        """Records with greater ids, as many as asked."""
        found: list[Kept] = []
        for kept in self._behind(form, after, wanted):
            if len(found) == limit:
                break
            if wanted.test(_row(kept)):
                found.append(kept)
        return found

    def _behind(self, form: Form, after: str, wanted: Filter) -> Iterator[Kept]:
        known = self.shelf.kept(form.key, after) if after else None
        seq = known.seq if known else 0
        while True:
            chunk = self.shelf.rows(form.key, by=wanted.same, since=wanted.since, after=(seq,), limit=CHUNK)
            yield from (kept for kept in chunk if known or kept.id > after)
            if len(chunk) < CHUNK:
                return
            seq = chunk[-1].seq

    def get(self, form: Form, data_id: str) -> Kept:
        """A live record. Raises Refused."""
        kept = self.shelf.kept(form.key, data_id)
        if kept is None or kept.deleted:
            raise Refused(NO_DATA, "数据不存在")
        return kept

    def create(self, form: Form, given: Mapping[str, Any], who: str, via: str = "api", flow: bool = False) -> Kept:
        """A new record from `{"field": {"value": X}}`, with its files of the same transaction."""
        with self.shelf.change():
            doc = self._values(form, given, {})
            for widget in form.widgets:
                if widget.type == "sn":
                    doc[widget.name] = f"{self.shelf.number(form.key):06d}"
            data_id = self.new_id()
            doc |= {"creator": who, "updater": who, "createTime": instant(self.clock.now())}
            if form.workflow and flow:
                doc["flowState"] = 0
            return self.shelf.put(form.key, data_id, titled(form, doc), who, via)

    def update(self, form: Form, data_id: str, given: Mapping[str, Any], who: str, via: str = "api") -> Kept:
        """Change the fields that are named."""
        with self.shelf.change():
            old = self.get(form, data_id).doc
            doc = old | self._values(form, given, old) | {"updater": who}
            return self.shelf.put(form.key, data_id, titled(form, doc), who, via)

    def moved(self, form: Form, data_id: str, state: int, who: str, result: int) -> Kept:
        """A workflow took the record to another state."""
        with self.shelf.change():
            doc = self.get(form, data_id).doc | {"flowState": state, "flowResult": result, "updater": who}
            return self.shelf.put(form.key, data_id, doc, who, "person")

    def delete(self, form: Form, data_id: str, who: str, via: str = "api") -> None:
        """Into the bin, which no call can read. Raises Refused."""
        if not self.shelf.remove(form.key, data_id, who, via):
            raise Refused(NO_DATA, "数据不存在")

    def told(self, form: Form, kept: Kept, only: Sequence[str] | None = None) -> dict[str, Any]:
        """A record as reads show it; `only`: the fields asked for."""
        doc, now = kept.doc, self.clock.now()
        told: dict[str, Any] = {
            "_id": kept.id,
            "appId": APP[0],
            "entryId": form.entry_id,
            "creator": people.somebody(doc["creator"]),
            "updater": people.somebody(doc["updater"]),
            "deleter": None,
            "createTime": doc["createTime"],
            "updateTime": instant(kept.modified),
            "deleteTime": None,
        }
        if form.workflow:
            told["flowState"] = doc.get("flowState")
        for widget in form.widgets:
            if readable(widget) and (only is None or widget.key in only or widget.name in only):
                told[widget.key] = shown(widget, doc.get(widget.name), self.world, now)
        return told

    def _values(self, form: Form, given: Mapping[str, Any], before: Mapping[str, Any]) -> dict[str, Any]:
        values = {}
        for key, value in given.items():
            widget = form.widget(key) if "." not in key else None
            if widget is None:
                if self.strict:
                    raise Refused(1, f"无效的请求: 字段 {key} 不存在")
            elif writable(widget):
                values[widget.name] = stored(widget, value, self.world, before.get(widget.name))
        return values

    def transaction(self, name: str) -> list[str]:
        """The records that a batch under this name made within the hour: a repetition writes them, and no others."""
        kept = self.shelf.kept("transaction", name) if name else None
        if kept is None or self.clock.now() - kept.modified > REPEAT_WITHIN:
            return []
        return list(kept.doc["ids"])

    def remember(self, name: str, ids: Sequence[str]) -> None:
        """What a batch under this name made."""
        self.shelf.put("transaction", name, {"ids": [*ids]}, people.CREATOR, "batch")

    # ------------------------------------------------------------- from inside

    def as_person(self, obj: str, record_id: str | None, values: dict[str, Any] | None, author: str) -> str:
        """A person at the screen. `obj`: a form, or "form" itself to redraw one (see `forms.redrawn`).

        Values are written plainly ({"cust_name": "..."}), rows of a subform too. "$batch": true does it by the batch
        functions of the screen, of which nobody is told; "$recover": true takes the record out of the bin.
        """
        if obj == "form":
            return self.redraw(str(record_id), values or {}, author).entry_id
        form, who = self.form(obj), people.username_of(author)
        given = dict(values or {})
        via = "batch" if given.pop("$batch", False) else "person"
        if record_id is not None and (values is None or given.pop("$delete", False)):
            self.delete(form, record_id, who, via)
            return record_id
        if given.pop("$recover", False):
            return self._recover(form, str(record_id), who)
        wrapped = {key: _wrapped(form.widget(key), value) for key, value in given.items()}
        for key in given:
            if form.widget(key) is None:
                raise Refused(1, f"{form.name} has no field {key}")
        if record_id is None:
            return self.create(form, wrapped, who, via, flow=True).id
        return self.update(form, record_id, wrapped, who, via).id

    def peek(self, obj: str, record_id: str) -> dict[str, Any] | None:
        """A record as reads show it."""
        if obj == "form":
            return self.shelf.get("form", record_id)
        form = self.form(obj)
        kept = self.shelf.kept(form.key, record_id)
        return None if kept is None or kept.deleted else self.told(form, kept)

    def changes(self, limit: int = 20) -> list[dict[str, Any]]:
        """The latest changes, newest first."""
        return self.shelf.changes(limit)

    def _recover(self, form: Form, data_id: str, who: str) -> str:
        kept = self.shelf.kept(form.key, data_id)
        if kept is None or not kept.deleted:
            raise Refused(NO_DATA, "数据不存在")
        return self.shelf.put(form.key, data_id, kept.doc, who, "person", "recovered").id

    def begin(self, seconds: int) -> None:
        """Ids start after this second: those of the sample do not come from the clock of this machine."""
        self._last = max(self._last, seconds)
        self.shelf.meta("begun", str(seconds))

    def new_id(self) -> str:
        """The next id: seconds and a running number, so that ids ascend as the vendor's do."""
        self._last = max(self._last, int(self.clock.now().timestamp()))
        return f"{self._last:08x}5fa0c1d2e3{self.shelf.number('id'):06x}"

    def _file(self, key: str) -> Mapping[str, Any] | None:
        return self.shelf.get("file", key)


def of_event(event: Event) -> Kept:
    """The record of an event, as it was then."""
    created = datetime.fromisoformat(event.doc["createTime"]).astimezone(UTC)
    return Kept(0, event.id, created, event.at, None, event.doc)


_TITLES = {form.key: w.name for form in FORMS for w in form.widgets if w.alias == TITLES[form.key]}


def _row(kept: Kept) -> Row:
    return {**kept.doc, "_id": kept.id, "updateTime": instant(kept.modified)}


def titled(form: Form, doc: dict[str, Any]) -> dict[str, Any]:
    """With the title by which the pages and the list of changes show it."""
    return doc | {"title": doc.get(_TITLES[form.key]) or ""}


def _wrapped(widget: Widget | None, value: Any) -> dict[str, Any]:
    if widget is not None and widget.type == "subform" and isinstance(value, list):
        return {"value": [{name: {"value": v} for name, v in row.items()} for row in value]}
    return {"value": value}
