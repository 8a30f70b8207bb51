"""The records of the imitated Kingdee, on a shelf under the keys of their forms; what queries need is in memory."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from hefu.sandbox.frame import Clock
from hefu.sandbox.kingdee.base_forms import BASE
from hefu.sandbox.kingdee.bill_forms import GOODS
from hefu.sandbox.kingdee.finance_forms import MONEY
from hefu.sandbox.kingdee.forms import Form
from hefu.sandbox.kingdee.replies import BROKEN, Refused
from hefu.sandbox.shelf import Doc, Event, Shelf

FORMS: dict[str, Form] = {form.id: form for form in (*BASE, *GOODS, *MONEY)}
ZONE = timedelta(hours=8)
PLACES = {"qty": 10, "price": 10, "rate": 10, "money": 2}


class Book:
    """All records of all forms. A record's document: keys of single fields, and under an entry's key its rows."""

    def __init__(self, path: str = ":memory:", clock: Clock | None = None) -> None:
        self.clock = clock or Clock()
        self.shelf = Shelf(path, self.clock, title="_title")
        self.shelf.listeners.append(self._learn)
        self.renames: dict[str, dict[str, str]] = {}
        self._all: dict[str, dict[int, Doc]] = {}
        self._numbers: dict[str, dict[str, list[int]]] = {}

    # ---------------------------------------------------------------- reading

    def form(self, form_id: Any) -> Form:
        """The form as this tenant spells it. Raises Refused."""
        for name, form in FORMS.items():
            if isinstance(form_id, str) and name.lower() == form_id.strip().lower():
                return form.renamed(self.renames[name]) if name in self.renames else form
        raise Refused(BROKEN, f"业务对象不存在：{form_id}")

    def docs(self, form_id: str) -> Mapping[int, Doc]:
        """All records of a form, by internal id, as committed."""
        if form_id not in self._all:
            self._all[form_id] = {int(kept.id): kept.doc for kept in self.shelf.rows(form_id)}
            numbers = self._numbers[form_id] = {}
            key = FORMS[form_id].number
            for pk, doc in self._all[form_id].items():
                numbers.setdefault(str(doc.get(key, "")).lower(), []).append(pk)
        return self._all[form_id]

    def numbered(self, form_id: str, number: object) -> list[int]:
        """The internal ids that bear a number, in any organisation."""
        self.docs(form_id)
        return self._numbers[form_id].get(str(number).strip().lower(), [])

    def known(self, form_id: str, number: object, org: int = 0) -> int:
        """The internal id of base data by number, as an organisation may use it; 0 for none."""
        form = FORMS[form_id]
        for pk in self.numbered(form_id, number):
            if not form.org or not org or self.docs(form_id)[pk].get(form.org) == org:
                return pk
        return 0

    def get(self, form_id: str, pk: int) -> Doc | None:
        """A record as it stands now, inside a change that is not committed yet too."""
        return self.shelf.get(form_id, str(pk))

    def number_of(self, form_id: str, pk: object) -> str:
        """The number of what a reference points to; blank for none."""
        doc = self.docs(form_id).get(pk) if isinstance(pk, int) else None
        return "" if doc is None else str(doc.get(FORMS[form_id].number, ""))

    def name_of(self, form_id: str, pk: object) -> str:
        """The name of what a reference points to."""
        doc = self.docs(form_id).get(pk) if isinstance(pk, int) else None
        return "" if doc is None else str(doc.get("FName", ""))

    # ---------------------------------------------------------------- writing

    def put(self, form: Form, pk: int, doc: Mapping[str, Any], author: str, via: str, kind: str = "") -> None:
        """Store a record."""
        name = str(doc.get("FName") or "")
        number = str(doc.get(form.number) or pk)
        self.shelf.put(form.id, str(pk), {**doc, "_title": f"{form.title} {number} {name}".strip()}, author, via, kind)

    def remove(self, form: Form, pk: int, author: str, via: str) -> None:
        """Delete a record."""
        self.shelf.remove(form.id, str(pk), author, via)

    def load(self, form_id: str, docs: Iterable[tuple[int, Mapping[str, Any], datetime]]) -> None:
        """Many finished records at once."""
        form = FORMS[form_id]

        def titled(pk: int, doc: Mapping[str, Any]) -> Doc:
            return {**doc, "_title": f"{form.title} {doc.get(form.number, pk)} {doc.get('FName') or ''}".strip()}

        self.shelf.load(form_id, ((str(pk), titled(pk, doc), at) for pk, doc, at in docs))
        self._all.pop(form_id, None)

    def next_id(self) -> int:
        """A fresh internal id."""
        return self._next("id", 100001)

    def next_row(self) -> int:
        """A fresh internal id of a row."""
        return self._next("row", 200001)

    def _next(self, name: str, start: int) -> int:
        above = self.shelf.meta(f"{name} above")
        return self.shelf.number(name if above is None else f"{name} above {above}", int(above or start))

    def leap(self, name: str, to: int) -> None:
        """Let a series of ids ("id", "row") go on above a number."""
        self.shelf.meta(f"{name} above", str(to))

    def next_number(self, form: Form) -> str:
        """The next number of a form's own series that is still free."""
        while True:
            made = f"{form.prefix}{self.shelf.number(form.id, 1):0{form.digits}d}"
            if not self.numbered(form.id, made):
                return made

    def now(self) -> str:
        """This moment as the system stamps it: the server's local time."""
        return stamp(self.clock.now())

    def today(self) -> str:
        """Today, as a date field keeps it."""
        return f"{self.clock.now() + ZONE:%Y-%m-%d}T00:00:00"

    def close(self) -> None:
        """Close the file."""
        self.shelf.close()

    def _learn(self, event: Event) -> None:
        """After a commit: what queries see."""
        if event.obj not in self._all:
            return
        pk, key = int(event.id), FORMS[event.obj].number
        numbers = self._numbers[event.obj]
        before = self._all[event.obj].pop(pk, None) if event.kind == "deleted" else self._all[event.obj].get(pk)
        if before is not None:
            numbers[str(before.get(key, "")).lower()].remove(pk)
        if event.kind != "deleted":
            self._all[event.obj][pk] = dict(event.doc)
            numbers.setdefault(str(event.doc.get(key, "")).lower(), []).append(pk)


def stamp(at: datetime) -> str:
    """An instant as the vendor writes it: local time, with milliseconds only where there are any."""
    text = (at + ZONE).replace(tzinfo=None).isoformat(timespec="milliseconds")
    return text.removesuffix(".000")


def plain(value: Decimal) -> str:
    """A decimal without exponent or needless zeros."""
    text = f"{value:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def rounded(value: Decimal, kind: str) -> Decimal:
    """To the precision of a kind of number."""
    return value.quantize(Decimal(1).scaleb(-PLACES[kind]), ROUND_HALF_UP)


def dec(value: object) -> Decimal:
    """A kept number."""
    return Decimal(str(value or "0"))


def rows_of(doc: Mapping[str, Any], part: str) -> Sequence[Doc]:
    """The rows of an entry."""
    found = doc.get(part)
    return found if isinstance(found, list) else []
