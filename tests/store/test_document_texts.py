"""Documents go out and come back: byte for byte where the text is kept, value for value where it is written anew."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from hefu.core.alerts import Alert, Alerts
from hefu.core.project import (
    Connection,
    Entity,
    EntityField,
    Example,
    FieldMap,
    Flow,
    Guard,
    Keep,
    Limits,
    Mapping,
    OwnerWhen,
    Privacy,
    Project,
    Role,
    Step,
    Transform,
)
from hefu.core.records import FieldType
from hefu.store.documents import diff, dump, load, read_folder

SHOP = Path(__file__).parent.parent / "projects" / "shop"

texts = st.text(max_size=12) | st.sampled_from(
    [
        "NO",
        "on",
        "0012",
        "1e3",
        "1.10",
        "2026-01-31",
        "~",
        "null",
        "- x",
        "a: b",
        "# x",
        "${env:X}",
        "客户",
        "{",
        "'",
        '"',
    ]
)
names = st.from_regex(r"[A-Za-z_][A-Za-z0-9_-]{0,8}", fullmatch=True) | st.sampled_from(
    ["NO", "null", "y", "true", "_1"]
)
titles = st.dictionaries(st.sampled_from(["en", "zh"]), texts, max_size=2)
spans = st.integers(0, 10**6).map(lambda n: timedelta(seconds=n))
shares = st.integers(0, 1000).map(lambda n: Decimal(n) / 1000)
numbers = st.integers() | st.decimals(allow_nan=False, allow_infinity=False, places=6)
anything = st.recursive(
    st.none() | st.booleans() | numbers | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=8,
)
records = st.dictionaries(texts, anything, max_size=4)


def few(strategy: st.SearchStrategy[Any], most: int = 3) -> st.SearchStrategy[list[Any]]:
    return st.lists(strategy, max_size=most)


connections = st.builds(
    Connection,
    connection=names,
    connector=names,
    title=titles,
    settings=records,
    limits=st.builds(
        Limits,
        calls_per_second=st.none() | st.decimals("0.001", 1000, places=3),
        concurrency=st.integers(1, 64),
        reserve_urgent=shares,
        timeout=spans,
    ),
    lateness=spans,
    organisation=texts,
)
plain_fields = st.builds(
    EntityField,
    type=st.sampled_from(FieldType),
    title=titles,
    required=st.booleans(),
    scale=st.none() | st.integers(0, 12),
    options=few(texts),
    owner=st.none() | names | few(st.builds(OwnerWhen, owner=names, when=st.none() | texts)),
    conflict=st.sampled_from(["manual", "latest", "union"]),
    priority=few(names),
)
entities = st.builds(
    Entity,
    entity=names,
    extends=st.none() | names,
    title=titles,
    fields=st.dictionaries(names, plain_fields, max_size=3),
    match=few(few(names)),
    deactivate=st.dictionaries(names, anything, max_size=2),
)
transforms = st.builds(lambda use, extra: Transform(use=use, **extra), names, st.dictionaries(st.just("to"), anything))


def field_maps(lines: st.SearchStrategy[Any]) -> st.SearchStrategy[FieldMap]:
    return st.builds(
        lambda source, **rest: FieldMap(**{"from": source}, **rest),
        source=st.none() | texts,
        field=names,
        direction=st.sampled_from(["both", "in", "out"]),
        transform=few(names | transforms, 2),
        values=st.dictionaries(texts, texts, max_size=3),
        clear=st.booleans(),
        lines=lines,
    )


mappings = st.builds(
    Mapping,
    mapping=names,
    connection=names,
    object=texts,
    entity=names,
    fields=few(field_maps(few(field_maps(st.just([])), 1)), 2),
    create=st.booleans(),
    filter=st.none() | texts,
    steps=few(st.builds(Step, action=names, when=st.none() | texts, until=few(texts)), 1),
    examples=few(st.builds(Example, title=texts, record=records, golden=records, back=st.none() | records), 1),
)
flows = st.builds(
    Flow,
    flow=names,
    mappings=few(names),
    schedule=texts,
    full_scan=st.none() | texts,
    guard=st.builds(Guard, records=st.integers(1, 99), share=shares),
    enabled=st.booleans(),
)
roles = st.builds(
    Role, role=names, extends=few(names), may=st.dictionaries(names, few(names), max_size=2), edit=few(texts)
)
alerts = st.builds(Alerts, alerts=st.dictionaries(names, st.builds(Alert, on=st.just("late"), after=spans), max_size=2))
privacy = st.builds(
    Privacy, privacy=st.builds(Keep, deliveries=st.none() | st.integers(7, 400), runs=st.none() | st.integers(7, 400))
)


def by_name(strategy: st.SearchStrategy[Any], word: str) -> st.SearchStrategy[dict[str, Any]]:
    return st.lists(strategy, max_size=2).map(lambda found: {getattr(one, word): one for one in found})


projects = st.builds(
    Project,
    connections=by_name(connections, "connection"),
    entities=by_name(entities, "entity"),
    mappings=by_name(mappings, "mapping"),
    flows=by_name(flows, "flow"),
    roles=by_name(roles, "role"),
    alerts=st.none() | alerts,
    privacy=st.none() | privacy,
)


@settings(max_examples=40, deadline=None)
@given(projects)
def test_load_of_dump_is_the_project(project: Project) -> None:
    written = dump(project)
    loaded = load(written, None)
    assert loaded.project == project
    assert dump(loaded.project, written) == written


@settings(max_examples=30, deadline=None)
@given(records)
def test_values_keep_their_types(record: dict[str, Any]) -> None:
    written = dump(Project(connections={"a": Connection(connection="a", connector="x", settings=record)}))
    back = load(written, None).project.connections["a"].settings

    def kinds(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: kinds(item) for key, item in value.items()}
        if isinstance(value, list):
            return [kinds(item) for item in value]
        return "number" if isinstance(value, int | Decimal) and not isinstance(value, bool) else type(value)

    assert kinds(back) == kinds(record)


def test_kept_texts_come_back_byte_for_byte() -> None:
    texts = read_folder(SHOP)
    texts["roles/clerk.yaml"] = "\ufeff" + texts["roles/clerk.yaml"].replace("\n", "\r\n")
    texts["connections/the_crm.yml"] = texts.pop("connections/crm.yaml")
    assert dump(load(texts, None).project, texts) == texts


def test_what_is_stated_stays_stated_though_it_is_the_default() -> None:
    """An entity that extends another overrides it with 'ask'; leaving the word out would mean the base's rule."""
    texts = {"entities/a.yaml": "entity: a\nextends: customer\non_delete: ask\n"}
    assert dump(load(texts).project) == texts


def test_only_what_changed_is_written_anew() -> None:
    texts = read_folder(SHOP)
    project = load(texts, None).project
    flow = project.flows["customers"].model_copy(update={"schedule": "5m"})
    gone = {name: m for name, m in project.mappings.items() if name != "crm_order"}
    new = dump(project.model_copy(update={"flows": {"customers": flow}, "mappings": gone}), texts)
    assert {name for name in texts if new.get(name) != texts[name]} == {
        "flows/customers.yaml",
        "mappings/crm_order.yaml",
    }
    assert "mappings/crm_order.yaml" not in new
    assert load(new, None).project.flows["customers"].schedule == "5m"


# ------------------------------------------------------------------ differences


def test_a_difference_is_told_by_field_in_plain_words() -> None:
    old = read_folder(SHOP)
    new = dict(old)
    new["mappings/crm_customer.yaml"] = old["mappings/crm_customer.yaml"].replace("blank: ignore", "blank: empty")
    new["flows/customers.yaml"] = old["flows/customers.yaml"].replace("schedule: 30s\n", "")
    new["entities/extra.yaml"] = "entity: extra\nfields: {a: {type: text}}\n"
    del new["roles/clerk.yaml"]
    told = {(c.kind, c.name): (c.state, [tuple(f) for f in c.fields]) for c in diff(old, new)}
    assert told == {
        ("mapping", "crm_customer"): ("changed", [("fields[phone].blank", "ignore", "empty")]),
        ("flow", "customers"): ("changed", [("schedule", "30s", None)]),
        ("entity", "extra"): ("added", [("entity", None, "extra"), ("fields.a.type", None, "text")]),
        ("role", "clerk"): (
            "removed",
            [
                ("role", "clerk", None),
                ("title.en", "Clerk", None),
                ("title.zh", "业务员", None),
                ("may.record", "[see]", None),
                ("see.none", "seen", None),
                ("see.financial", "masked", None),
                ("see.customer.phone", "hidden", None),
            ],
        ),
    }


def test_comments_and_layout_are_no_change_of_meaning() -> None:
    old = read_folder(SHOP)
    new = {**old, "flows/customers.yaml": "# new comment\n" + old["flows/customers.yaml"].replace("30s", '"30s"')}
    (change,) = diff(old, new)
    assert (change.state, change.fields) == ("worded", ())
    assert "+# new comment\n" in change.text
    assert change.text.startswith("--- a/flows/customers.yaml\n+++ b/flows/customers.yaml\n")


def test_a_renamed_file_is_the_same_document() -> None:
    old = read_folder(SHOP)
    new = dict(old)
    new["connections/the_crm.yaml"] = new.pop("connections/crm.yaml")
    (change,) = diff(old, new)
    assert (change.kind, change.name, change.state, change.file) == (
        "connection",
        "crm",
        "moved",
        "connections/the_crm.yaml",
    )


def test_a_broken_document_compares_as_text() -> None:
    (change,) = diff({"flows/a.yaml": "flow: a\n"}, {"flows/a.yaml": "flow: 'a\n"})
    assert (change.kind, change.name, change.state, change.file) == ("flow", "a", "changed", "flows/a.yaml")
    assert diff({"flows/a.yaml": "flow: 'a\n"}, {"flows/a.yaml": "flow: 'a\n"}) == []


def test_a_missing_end_of_line_is_shown() -> None:
    (change,) = diff({"flows/a.yaml": "flow: a"}, {"flows/a.yaml": "flow: a\n"})
    assert "\\ No newline at end of file" in change.text
