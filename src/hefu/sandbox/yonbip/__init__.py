"""Yonyou YonSuite / YonBIP 用友 (public cloud OpenAPI), imitated."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hefu.sandbox import sample
from hefu.sandbox.catalog import Entry
from hefu.sandbox.yonbip import api, seed
from hefu.sandbox.yonbip.api import FAULTS, YonBip
from hefu.sandbox.yonbip.book import ORGANISATIONS, Book


def open_yonbip(path: str = ":memory:", empty: bool = False) -> YonBip:
    """The sandbox over a file, filled with the sample company when the file is new."""
    book = Book(path)
    book.shelf.fill_once(lambda: seed.Seed(book, sample.make()).run(), empty=empty)
    return YonBip(book)


def connection(url: str) -> Mapping[str, Any]:
    """The connection document that reaches it."""
    settings = {"discovery": url, "tenant": api.TENANT, "app_key": api.APP_KEY, "app_secret": api.APP_SECRET}
    settings["organisation"] = ORGANISATIONS[0]
    return {"connector": "yonbip", "settings": settings}


SANDBOX = Entry("yonbip", ("用友 YonSuite / YonBIP", "Yonyou YonSuite / YonBIP"), 8726, open_yonbip, connection, FAULTS)
