"""What people do at the client of the imitated Kingdee, without the API: edits, steps, deletes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from hefu.sandbox.kingdee import push, save, verbs
from hefu.sandbox.kingdee.book import Book
from hefu.sandbox.kingdee.forms import Form


def person(book: Book, form: Form, pk: int | None, values: Mapping[str, Any], author: str) -> int:
    """What a person does in the client: edits an audited record too (by undoing and redoing the audit), takes steps."""
    hand = verbs.Hand(0, author, "person")
    if pk is not None and "action" in values:
        action = str(values["action"])
        with book.shelf.change():
            if action == "Push":
                rule = push.rule_for(
                    form,
                    {"RuleId": values.get("rule"), "TargetFormId": values.get("target"), "IsEnableDefaultRule": True},
                )
                return push.push(book, form, pk, rule, values, hand)[1]
            if action in verbs.STEPS:
                verbs.take(book, form, pk, action, hand)
            else:
                verbs.operate(book, form, pk, action, hand)
        return pk
    model = {**values, **({form.pk: pk} if pk is not None else {})}
    for part in form.parts:
        if not part.rows:
            model[part.key] = {f.key: values[f.key] for f in part.fields if f.key in values}
    options = save.Options(verify=True, locked_states="", author=author, via="person")
    with book.shelf.change():
        made = save.save(book, form, model, options)
        if pk is None and form.base:
            for verb in ("Submit", "Audit"):
                verbs.take(book, form, made, verb, hand)
    return made


def gone(book: Book, form: Form, pk: int, author: str) -> None:
    """A person deletes a record, after undoing its audit where there is one."""
    hand = verbs.Hand(0, author, "person")
    with book.shelf.change():
        doc = book.get(form.id, pk) or {}
        back: Sequence[str] = {"C": ("UnAudit",), "B": ("CancelAssign",)}.get(str(doc.get("FDocumentStatus")), ())
        for verb in back:
            verbs.take(book, form, pk, verb, hand)
        verbs.delete(book, form, pk, hand)
