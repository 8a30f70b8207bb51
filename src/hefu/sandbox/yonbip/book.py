"""The records of the imitated YonBIP on a shelf, with their numbers, stamps and look-ups by id or code."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from hefu.sandbox.frame import Clock
from hefu.sandbox.shelf import Event, Shelf
from hefu.sandbox.yonbip.words import Doc, Wrong, stamp

ORGANISATIONS = ("100",)
FIRST = 1572409517496336385
"""Ids are beyond 2^53, where a double loses digits."""
TITLES = {
    "merchant": "客户",
    "product": "物料",
    "order": "销售订单",
    "delivery": "销售发货单",
    "salesout": "销售出库单",
    "invoice": "销售发票",
    "receivable": "应收发票",
    "collection": "收款单",
}
LINES = {
    "order": "orderDetails",
    "delivery": "details",
    "salesout": "details",
    "invoice": "details",
    "receivable": "bodyItem",
    "collection": "bodyItem",
}
PREFIX = {
    "order": "UO",
    "delivery": "UF",
    "salesout": "XSCK",
    "invoice": "XSFP",
    "receivable": "YS",
    "collection": "SK",
}


class Book:
    """All records, by object and id. own_lines: numbers of order lines that are sent are replaced by its own."""

    own_lines = False

    def __init__(self, path: str = ":memory:", clock: Clock | None = None) -> None:
        self.clock = clock or Clock()
        self.shelf = Shelf(path, self.clock, title="code")
        self._all: dict[str, dict[str, Doc]] = {}
        self._codes: dict[str, dict[str, str]] = {}
        self.shelf.listeners.append(self._learn)

    def docs(self, obj: str) -> Mapping[str, Doc]:
        """All live records of an object by id, as committed."""
        if obj not in self._all:
            self._all[obj] = {kept.id: kept.doc for kept in self.shelf.rows(obj)}
            self._codes[obj] = {str(doc["code"]): pk for pk, doc in self._all[obj].items()}
        return self._all[obj]

    def find(self, obj: str, key: object) -> Doc | None:
        """A record by id or by code, as references give either."""
        docs = self.docs(obj)
        word = str(key)
        return docs.get(word) or docs.get(self._codes[obj].get(word, ""))

    def get(self, obj: str, key: object) -> Doc:
        """A record as it stands now, also inside an open change. Raises Wrong."""
        found = self.find(obj, key)
        now = self.shelf.get(obj, found["id"]) if found else self.shelf.get(obj, str(key))
        if now is None:
            raise Wrong(1002, f"{TITLES[obj]}不存在：{key}")
        return now

    def organisation(self, code: object) -> None:
        """Raises Wrong for an organisation that is none."""
        if code not in (None, "") and str(code) not in ORGANISATIONS:
            raise Wrong(999, f"业务单元（组织）不存在：{code}")

    def put(self, obj: str, doc: Doc, author: str, via: str, kind: str = "") -> Doc:
        """Store a record with fresh stamps."""
        now = stamp(self.clock.now())
        doc = {**doc, "modifyTime": now, "pubts": now}
        doc.setdefault("createTime", now)
        self.shelf.put(obj, str(doc["id"]), doc, author, via, kind)
        return doc

    def remove(self, obj: str, doc: Doc, author: str, via: str) -> None:
        """Delete a record."""
        self.shelf.remove(obj, str(doc["id"]), author, via)

    def load(self, obj: str, docs: Iterable[tuple[Doc, datetime]]) -> None:
        """Many finished records at once."""
        self.shelf.load(obj, ((str(doc["id"]), doc, at) for doc, at in docs))
        self._all.pop(obj, None)

    def next_id(self) -> str:
        """A fresh id, above those of the sample."""
        above = self.shelf.meta("above")
        return str(self.shelf.number(f"id {above or ''}".strip(), int(above) + 1 if above else FIRST))

    def next_code(self, obj: str) -> str:
        """The next free number of an object's own series."""
        while True:
            made = f"{PREFIX.get(obj, 'M')}{self.shelf.number(f'code {obj}', 1):08d}"
            if self.find(obj, made) is None:
                return made

    def now(self) -> str:
        """This moment."""
        return stamp(self.clock.now())

    def close(self) -> None:
        """Close the file."""
        self.shelf.close()

    def _learn(self, event: Event) -> None:
        if event.obj in self._all:
            old: Any = self._all[event.obj].pop(event.id, None) if event.kind == "deleted" else None
            if old is not None:
                self._codes[event.obj].pop(str(old["code"]), None)
            if event.kind != "deleted":
                self._all[event.obj][event.id] = dict(event.doc)
                self._codes[event.obj][str(event.doc["code"])] = event.id
