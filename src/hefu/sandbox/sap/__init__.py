"""A SAP S/4HANA system to rehearse on: OData V2 and V4 over the sample company."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hefu.sandbox.catalog import Entry
from hefu.sandbox.sap.gate import CLIENT, PASSWORD, USER
from hefu.sandbox.sap.seed import fill
from hefu.sandbox.sap.system import FAULTS, Sap, book_of


def open_sap(path: str = ":memory:", empty: bool = False) -> Sap:
    """The sandbox over a file; a new file gets the sample company."""
    book = book_of(path)
    book.shelf.fill_once(lambda: fill(book), empty=empty)
    return Sap(book)


def _connection(url: str) -> Mapping[str, Any]:
    settings = {"url": url, "user": USER, "password": PASSWORD, "client": CLIENT}
    return {"connector": "sap", "settings": settings}


SANDBOX = Entry("sap", ("SAP S/4HANA", "SAP S/4HANA"), 8731, open_sap, _connection, FAULTS)
