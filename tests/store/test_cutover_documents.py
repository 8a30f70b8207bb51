"""A runbook that does not fit its project is told at its place, with the nearest right word."""

from __future__ import annotations

import pytest

from hefu.store.documents import dump, load
from hefu.store.starter import example

TEXTS = {name: body.decode() for name, body in example().items() if name.endswith(".yaml")}
FILE = "cutovers/go_live.yaml"


def flaws(old: str, new: str) -> list[tuple[str, str]]:
    assert old in TEXTS[FILE]
    found = load({**TEXTS, FILE: TEXTS[FILE].replace(old, new, 1)})
    return [(f.code, f.nearest) for f in found.errors if f.file == FILE]


def test_the_example_is_right_and_comes_back_as_it_was():
    found = load(TEXTS)
    assert [f for f in found.errors if f.file == FILE] == []
    assert load(dump(found.project)).project.cutovers == found.project.cutovers


@pytest.mark.parametrize(
    ("old", "new", "code", "nearest"),
    [
        ("flows: [customers]", "flows: [custmers]", "documents.unknown_flow", "customers"),
        ("crm: {location: rehearsal}", "cmr: {location: rehearsal}", "documents.unknown_connection", "crm"),
        ("step: backup", "step: freeze", "documents.step_twice", ""),
        ("step: backup", "step: merge_back", "documents.step_twice", ""),
        ("after: [freeze]", "after: [tell]", "documents.unknown_earlier_step", ""),
        ('pause: "flow:customers"', 'pause: "flow:custmers"', "documents.unknown_scope", "flow:customers"),
        ("migrate: [crm_customer, erp_customer]", "migrate: [crm_custmer, erp_customer]", "documents.unknown_mapping",
         "crm_customer"),
        ("migrate: [crm_customer, erp_customer]", "migrate: [crm_customer]", "documents.missing_word", ""),
        ("migrate: [crm_customer, erp_customer]", "sync: customers, resume: 'flow:customers'", "documents.one_of", ""),
        ("kind: migrated, of: [erp_customer]", "kind: migrated", "documents.missing_word", ""),
        ("kind: reconciled", "kind: reconcile", "documents.choice", "reconciled"),
        ("2027-01-01T18:00:00+08:00", "2027-01-01T18:00:00", "documents.value", ""),
    ],
)  # fmt: skip
def test_what_is_wrong_is_told(old: str, new: str, code: str, nearest: str):
    found = flaws(old, new)
    assert code in [one[0] for one in found], found
    if nearest:
        assert (code, nearest) in found
