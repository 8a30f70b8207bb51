"""The steps of a record's life: submit, audit and back, delete, forbid, void, close."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from hefu.sandbox.kingdee import chain
from hefu.sandbox.kingdee.book import Book
from hefu.sandbox.kingdee.forms import STATUS, Form
from hefu.sandbox.kingdee.replies import BAD_WORD, BROKEN, NO_RECORD, WRONG_STATE, Refused
from hefu.sandbox.shelf import Doc


@dataclass(frozen=True)
class Hand:
    """Who acts: the user's internal id, the name in the log, and through what."""

    user: int
    author: str
    via: str = "api"
    touch: bool = False
    prompts: frozenset[str] = frozenset()
    ignore_prompts: bool = True


@dataclass(frozen=True)
class Step:
    """From which states a step leads where."""

    name: str
    before: str
    after: str


STEPS = {
    "Submit": Step("提交", "ZAD", "B"),
    "CancelAssign": Step("撤销", "B", "D"),
    "Audit": Step("审核", "B", "C"),
    "UnAudit": Step("反审核", "C", "D"),
}
OPERATIONS = ("Forbid", "Enable", "Cancel", "UnCancel", "BillClose", "BillUnClose")


def targets(book: Book, form: Form, data: Mapping[str, Any], *, arrays: bool = False) -> list[int]:
    """The records that a verb names, by number or by id; an id that is not there stays in the list.

    arrays: whether this version reads Ids given as an array; most ignore it without a word.
    """
    numbers, ids = data.get("Numbers") or [], data.get("Ids") or ""
    if isinstance(numbers, str):
        numbers = [n for n in numbers.split(",") if n]
    if isinstance(ids, list):
        ids = ",".join(str(i) for i in ids) if arrays else ""
    found: list[int] = []
    for number in numbers:
        pks = book.numbered(form.id, number)
        found += pks[:1] if pks else [_absent(form, number)]
    for word in str(ids).split(","):
        if word.strip():
            found.append(int(word) if word.strip().isdecimal() else _absent(form, word))
    if not found:
        raise Refused(BAD_WORD, "参数Numbers或Ids不能为空", "Numbers")
    return found


def _absent(form: Form, number: object) -> int:
    raise Refused(NO_RECORD, f"编码为{number}的{form.title}不存在", form.number)


def take(book: Book, form: Form, pk: int, verb: str, hand: Hand) -> Doc:
    """Take a step of the document status; the record after it. Raises Refused."""
    step = STEPS[verb]
    doc = _there(book, form, pk)
    state = str(doc.get("FDocumentStatus"))
    label = f"{form.title}“{doc.get(form.number)}”"
    if not form.life or state not in step.before:
        raise Refused(
            WRONG_STATE, f"{label}的数据状态为“{STATUS.get(state, state)}”，不允许{step.name}", "FDocumentStatus"
        )
    if doc.get("FCancelStatus") == "B":
        raise Refused(WRONG_STATE, f"{label}已作废，不允许{step.name}", "FCancelStatus")
    if verb == "UnAudit":
        chain.let_go(book, form, doc, hand)
    doc = {**doc, "FDocumentStatus": step.after}
    if verb == "Audit":
        doc |= {"FApproverId": hand.user, "FApproveDate": book.now()}
        chain.take_effect(book, form, doc, hand)
    elif verb == "UnAudit":
        doc |= {"FApproverId": 0, "FApproveDate": None}
    if hand.touch:
        doc["FModifyDate"] = book.now()
    book.put(form, pk, doc, hand.author, hand.via, verb.lower())
    return doc


def delete(book: Book, form: Form, pk: int, hand: Hand) -> Doc:
    """Delete a record that is not under way. Raises Refused."""
    doc = _there(book, form, pk)
    state = str(doc.get("FDocumentStatus"))
    if not form.write or state not in "ZAD":
        words = f"{form.title}“{doc.get(form.number)}”的数据状态为“{STATUS.get(state, state)}”，不允许删除"
        raise Refused(WRONG_STATE, words, "FDocumentStatus")
    if form.base and used(book, form, pk):
        raise Refused(WRONG_STATE, f"{form.title}“{doc.get(form.number)}”已被引用，不允许删除", form.number)
    chain.unlink(book, form, doc, hand)
    book.remove(form, pk, hand.author, hand.via)
    return doc


def operate(book: Book, form: Form, pk: int, operation: str, hand: Hand) -> Doc:
    """Any other named operation. Raises Refused."""
    doc = _there(book, form, pk)
    name = next((o for o in OPERATIONS if o.lower() == operation.lower()), "")
    label, state = f"{form.title}“{doc.get(form.number)}”", doc.get("FDocumentStatus")
    if name in ("Forbid", "Enable") and form.base and form.life:
        if state != "C":
            raise Refused(WRONG_STATE, f"{label}未审核，不允许禁用或反禁用", "FDocumentStatus")
        change = {"FForbidStatus": "B" if name == "Forbid" else "A"}
    elif name in ("Cancel", "UnCancel") and "FCancelStatus" in form.single:
        if state in ("B", "C"):
            raise Refused(WRONG_STATE, f"{label}已提交或已审核，不允许作废", "FDocumentStatus")
        change = {"FCancelStatus": "B" if name == "Cancel" else "A"}
    elif name in ("BillClose", "BillUnClose") and "FCloseStatus" in form.single:
        if state != "C":
            raise Refused(WRONG_STATE, f"{label}未审核，不允许关闭或反关闭", "FDocumentStatus")
        change = {"FCloseStatus": "B" if name == "BillClose" else "A"}
    else:
        raise Refused(BROKEN, f"{form.title}不支持操作“{operation}”", "opNumber")
    doc = {**doc, **change, "FModifierId": hand.user, "FModifyDate": book.now()}
    book.put(form, pk, doc, hand.author, hand.via, name.lower())
    return doc


def used(book: Book, form: Form, pk: int) -> bool:
    """Whether another record refers to this base data."""
    return any(_refers(book, other_id, form.id, pk) for other_id in chain.referring(form.id))


def _refers(book: Book, other_id: str, to: str, pk: int) -> bool:
    other = book.form(other_id)
    single = [f.at for f in other.single.values() if f.ref == to]
    in_rows = [(p.key, f.at) for p in other.entries.values() for f in p.fields if f.ref == to]
    for doc in book.docs(other_id).values():
        if any(doc.get(key) == pk for key in single):
            return True
        if any(row.get(key) == pk for part, key in in_rows for row in doc.get(part) or ()):
            return True
    return False


def _there(book: Book, form: Form, pk: int) -> Doc:
    doc = book.get(form.id, pk)
    if doc is None:
        raise Refused(NO_RECORD, f"内码为{pk}的{form.title}不存在", form.pk)
    return doc
