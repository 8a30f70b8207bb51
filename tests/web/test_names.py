"""What things are called, in one place; a field that is hidden from somebody has no name for them either."""

from __future__ import annotations

from bench import Api, Bench


def test_entities_fields_and_mappings_are_named_in_both_languages(b: Bench) -> None:
    told = b.root.get("/names")
    assert told["entities"]["customer"]["fields"]["code"] == {"en": "Code", "zh": "编码"}
    assert told["mappings"]["crm_customer"] == {"connection": "crm", "object": "customer", "entity": "customer"}
    assert set(told["connections"]) == {"crm", "erp"}
    assert set(told["flows"]) == {"customers"}


def test_a_field_that_is_hidden_is_not_named(b: Bench) -> None:
    clerk = b.account("names-clerk", "clerk")
    fields = clerk.get("/names")["entities"]["customer"]["fields"]
    assert "phone" in fields, "masked: one sees that it is there"
    assert "terms" not in fields
    assert Api(b.base).ask("GET", "/names").status == 401
