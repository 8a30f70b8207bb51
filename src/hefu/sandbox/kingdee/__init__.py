"""Kingdee Cloud Galaxy 金蝶云星空 (K3Cloud WebAPI), imitated."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hefu.sandbox import sample
from hefu.sandbox.catalog import Entry
from hefu.sandbox.frame import Clock
from hefu.sandbox.kingdee import login, seed, seed_lists
from hefu.sandbox.kingdee.api import FAULTS, Kingdee
from hefu.sandbox.kingdee.book import Book


def open_kingdee(path: str = ":memory:", empty: bool = False, clock: Clock | None = None) -> Kingdee:
    """The sandbox over a file, filled with the sample company when the file is new."""
    book = Book(path, clock)
    if book.shelf.meta("sample") is None:
        seed_lists.lists(book)
    book.shelf.fill_once(lambda: seed.fill(book, sample.make()), empty=empty)
    return Kingdee(book)


def connection(url: str) -> Mapping[str, Any]:
    """The connection document that reaches it."""
    return {
        "connector": "kingdee",
        "settings": {
            "url": f"{url}/k3cloud/",
            "account": login.ACCOUNT,
            "user": login.USER,
            "app_id": login.APP_ID,
            "app_secret": login.APP_SECRET,
        },
    }


SANDBOX = Entry("kingdee", ("金蝶云星空", "Kingdee Cloud Galaxy"), 8725, open_kingdee, connection, FAULTS)
