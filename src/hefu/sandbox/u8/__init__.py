"""Yonyou U8+ 用友 U8+ (OpenAPI through the cloud relay, and EAI XML in the company's network), imitated."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hefu.sandbox import sample
from hefu.sandbox.catalog import Entry
from hefu.sandbox.u8 import eai, openapi, seed
from hefu.sandbox.u8.api import FAULTS, U8
from hefu.sandbox.u8.book import Book


def open_u8(path: str = ":memory:", empty: bool = False) -> U8:
    """The sandbox over a file, filled with the sample company when the file is new."""
    book = Book(path)
    book.shelf.fill_once(lambda: seed.fill(book, sample.make()), empty=empty)
    return U8(book)


def connection(url: str) -> Mapping[str, Any]:
    """The connection document that reaches it."""
    who = {"from_account": openapi.FROM, "to_account": openapi.TO, "app_key": openapi.APP_KEY}
    doors = {"url": url, "eai": f"{url}/u8eai/import.asp", "sender": eai.SENDER}
    return {"connector": "u8", "settings": {**doors, **who, "app_secret": openapi.APP_SECRET}}


SANDBOX = Entry("u8", ("用友 U8+（OpenAPI、EAI）", "Yonyou U8+ (OpenAPI, EAI)"), 8727, open_u8, connection, FAULTS)
