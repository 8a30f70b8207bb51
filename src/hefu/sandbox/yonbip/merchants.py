"""Customers of the imitated YonBIP: created once, changed by batch upserts, stopped but never deleted while in use."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hefu.sandbox.yonbip.book import Book
from hefu.sandbox.yonbip.words import Doc, Wrong

PLAIN = (
    "shortname",
    "createOrgCode",
    "belongOrgCode",
    "customerClassCode",
    "customerClassName",
    "creditCode",
    "leaderName",
    "email",
    "enterpriseName",
    "enterpriseNature",
    "taxPayingCategories",
    "transTypeCode",
    "memo",
    "merchantAddressInfos",
    "merchantContactInfos",
    "merchantApplyRanges",
)


OF_BATCHES = {"org_code": "createOrgCode", "customerClass_code": "customerClassCode"}
SHOWN = ("contactName", "contactTel", "address")


def insert(book: Book, given: Mapping[str, Any], author: str, via: str) -> Doc:
    """A new customer. Raises Wrong."""
    name = _name(given)
    if not name:
        raise Wrong(0, "客户名称不能为空!")
    if not (given.get("createOrgCode") or given.get("org_code")):
        raise Wrong(0, "创建组织不能为空!")
    code = str(given.get("code") or book.next_code("merchant"))
    if book.find("merchant", code) is not None:
        raise Wrong(0, f"客户编码[{code}]已存在!")
    doc = {"id": book.next_id(), "code": code, "name": {"simplifiedName": name}, "stopStatus": False}
    doc = {**doc, **_given(given, via)}
    book.organisation(doc.get("createOrgCode"))
    return book.put("merchant", doc, author, via)


def upsert(book: Book, given: Mapping[str, Any], author: str, via: str) -> Doc:
    """One row of a batch save: Insert or Update by its `_status`. Raises Wrong."""
    status = given.get("_status")
    if status == "Insert":
        return insert(book, given, author, via)
    if status != "Update":
        raise Wrong(310008, "_status只能是Insert或Update")
    doc = book.get("merchant", given.get("id") or given.get("code"))
    return change(book, doc, given, author, via)


def change(book: Book, doc: Doc, given: Mapping[str, Any], author: str, via: str) -> Doc:
    """Write what is given; a null clears a field."""
    name = _name(given)
    if "name" in given and not name:
        raise Wrong(0, "客户名称不能为空!")
    renamed = {"name": {"simplifiedName": name}} if name else {}
    return book.put("merchant", {**doc, **_given(given, via), **renamed}, author, via)


def stop(book: Book, given: Mapping[str, Any], author: str, via: str, *, stopped: bool = True) -> Doc:
    """Stop a customer, or let it be used again. Raises Wrong."""
    doc = book.get("merchant", given.get("merchantCode") or given.get("id"))
    book.organisation(given.get("orgCode"))
    return book.put("merchant", {**doc, "stopStatus": stopped}, author, via, "stopped" if stopped else "unstopped")


def _name(given: Mapping[str, Any]) -> str:
    name = given.get("name")
    if isinstance(name, Mapping):
        name = name.get("simplifiedName") or name.get("zh_CN")
    return str(name or "").strip()


def _given(given: Mapping[str, Any], via: str) -> Doc:
    """What is sent, as it is kept. Whoever calls the API gives contact and address as rows of their own; people at
    the client type them."""
    made = {key: given[key] for key in PLAIN if key in given}
    made |= {ours: given[theirs] for theirs, ours in OF_BATCHES.items() if theirs in given}
    if via == "person":
        return made | {key: given[key] for key in SHOWN if key in given}
    contact, place = (_default(made.get(f"merchant{part}Infos")) for part in ("Contact", "Address"))
    if contact is not None:
        made |= {"contactName": _name({"name": contact.get("fullName")}), "contactTel": contact.get("mobile")}
    if place is not None:
        made["address"] = place.get("address")
    return made


def _default(rows: Any) -> Mapping[str, Any] | None:
    """The row that lists show: the one marked as default, else the first."""
    given = [row for row in rows if isinstance(row, Mapping)] if isinstance(rows, list) else []
    return next((row for row in given if row.get("isDefault")), given[0] if given else None)
