"""A class says who sees a field: whoever may publish but not grant cannot open one by publishing another class."""

from __future__ import annotations

from bench import TEXTS, Bench

from hefu.store import journal

ENTITY = TEXTS["entities/customer.yaml"]


def test_the_class_of_a_field_is_not_opened_by_publishing(b: Bench) -> None:
    operator = b.account("publisher", "operator")
    answer = operator.ask("GET", "/documents/entity/customer")
    tag = {"If-Match": answer.headers["etag"]}
    for opened in (
        ENTITY.replace("pii: contact", "pii: none"),
        ENTITY.replace("  phone: {type: text, pii: contact}\n", ""),
    ):
        refused = operator.ask("PUT", "/documents/entity/customer", {"text": opened}, tag)
        if refused.status != 422:  # without the field the mappings are wrong, and nothing is published either
            assert (refused.status, refused.code) == (403, "right.missing")
    assert operator.ask("GET", "/documents/entity/customer").headers["etag"] == answer.headers["etag"]
    longer = ENTITY.replace("name: {type: text}", "name: {type: text, length: 200}")
    changed = operator.ask("PUT", "/documents/entity/customer", {"text": longer}, tag)
    assert changed.status == 200, changed.body
    tag = {"If-Match": operator.ask("GET", "/documents/entity/customer").headers["etag"]}
    opened = longer.replace("pii: contact", "pii: none")
    assert b.root.ask("PUT", "/documents/entity/customer", {"text": opened}, tag).status == 200


def test_a_refusal_is_a_row_of_the_audit_log_with_the_number_of_its_request(b: Bench) -> None:
    clerk = b.account("curious", "clerk")
    answer = clerk.ask("GET", "/connections", headers={"X-Request-Id": "request-of-the-curious"})
    assert answer.status == 403
    with b.app.store.look() as tx:
        (row,) = journal.search(tx, journal.Asked(request="request-of-the-curious"))
        assert journal.verify(tx, b.app.journal_key) is None
    assert (row["action"], row["object"]) == ("right.refused", "GET /api/v1/connections")
    assert (row["actor"], row["detail"]["right"]) == ("curious/test", "connection.see")
