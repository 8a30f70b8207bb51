"""What a principal sees: a generated matrix of roles and fields, and nothing that is not seen comes out anywhere."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hefu.core.errors import Denied, Rejected
from hefu.core.model import READY, every_field
from hefu.core.presets import PRESETS
from hefu.core.project import Entity, EntityField, FieldMap, Mapping, Role
from hefu.core.records import FieldType
from hefu.core.rights import Hold, Place, Principal, Rights, Scope, local
from hefu.core.sight import MASK, Sight

CLASSES = ("none", "contact", "identity", "financial", "sensitive")
WAYS = ("seen", "masked", "hidden")


def field(pii: str) -> EntityField:
    return EntityField(type=FieldType.TEXT, pii=pii)  # type: ignore[arg-type]


FIELDS = {
    **{f"f_{pii}": field(pii) for pii in CLASSES},
    "rows": EntityField(type=FieldType.LINES, lines={f"l_{pii}": field(pii) for pii in CLASSES}, line_key="l_none"),
}
THING = Entity(entity="thing", title={"en": "Thing"}, fields=FIELDS)
PATHS = [path for path, _ in every_field(FIELDS)]
MAPPING = Mapping(
    mapping="m",
    connection="c",
    object="o",
    entity="thing",
    fields=[
        *(FieldMap(field=f"f_{pii}", **{"from": f"their.{pii}"}) for pii in CLASSES),
        FieldMap(field="rows", **{"from": "items"}, lines=[FieldMap(field=f"l_{p}", **{"from": p}) for p in CLASSES]),
    ],
)
CANARY = {path: f"秘{n}密-{path}-Zq{n}" for n, path in enumerate(PATHS)}
RECORD: dict[str, Any] = {
    **{name: CANARY[name] for name in FIELDS if name != "rows"},
    "rows": [{f"l_{pii}": CANARY[f"rows.l_{pii}"] for pii in CLASSES}],
}
THEIRS = {
    "their": {pii: CANARY[f"f_{pii}"] for pii in CLASSES},
    "items": [{pii: CANARY[f"rows.l_{pii}"] for pii in CLASSES}],
    "extra": "CANARY-unmapped",
}


def sight(role: Role, *, unmask: bool = False) -> Sight:
    asked = Rights(Principal("user", "1", "Li", (Hold("r"),)), {"r": role}, {"thing": THING})
    return asked.sight(Place(), unmask=unmask)


def expected(role: Role, path: str, entity: Entity = THING) -> str:
    """The rule once more, in other words than the code's: by the path itself, else the stricter of entity and class."""
    strict = {"hidden": 0, "masked": 1, "seen": 2}
    found = []
    parts = path.split(".")
    for n in range(1, len(parts) + 1):
        part = ".".join(parts[:n])
        pii = dict(every_field(entity.fields))[part].pii
        if f"{entity.entity}.{part}" in role.see:
            found.append(role.see[f"{entity.entity}.{part}"])
        else:
            found.append(
                min(
                    (role.see[k] for k in (entity.entity, pii) if k in role.see),
                    key=strict.__getitem__,
                    default="hidden",
                )
            )
    return min(found, key=strict.__getitem__)


keys = st.sampled_from([*CLASSES, "thing", "unmapped", *(f"thing.{path}" for path in PATHS)])
roles = st.builds(
    Role,
    role=st.just("r"),
    may=st.just({"record": ["see", "edit"]}),
    see=st.dictionaries(keys, st.sampled_from(WAYS), max_size=9),
    edit=st.lists(st.sampled_from([*CLASSES, "thing", *(f"thing.{path}" for path in PATHS)]), max_size=4),
)


@settings(max_examples=120, deadline=None)
@given(roles)
def test_the_matrix_of_roles_and_fields_leaks_nothing(role: Role) -> None:
    shown = sight(role)
    ways = {path: expected(role, path) for path in PATHS}
    assert {path: shown.of("thing", path) for path in PATHS} == ways
    kept = [CANARY[path] for path in PATHS if ways[path] != "seen" and path != "rows"]
    moved = {path: ["", CANARY[path]] for path in PATHS if path != "rows"} | {
        "rows[7].l_contact": [None, CANARY["rows.l_contact"]]
    }
    words = "upstream said: " + " / ".join(CANARY[path] for path in PATHS if path != "rows")
    error = Rejected("rest.refused", said=words, field="x", values=RECORD)
    outputs = {
        "values": shown.values("thing", RECORD),
        "moved": shown.moved("thing", moved),
        "record": shown.record(MAPPING, THEIRS),
        "text": shown.text("thing", words, RECORD),
        "facts": shown.facts("thing", {"said": words, "ours": RECORD, "f_contact": CANARY["f_contact"]}, RECORD),
        "error": shown.error(error, "thing", RECORD).facts,
    }
    for name, output in outputs.items():
        text = json.dumps(output, ensure_ascii=False)
        assert [secret for secret in kept if secret in text] == [], name
    for path in PATHS:
        if "." not in path and path != "rows":
            value = shown.values("thing", RECORD).get(path, "-")
            assert value == {"seen": CANARY[path], "masked": MASK, "hidden": "-"}[ways[path]]
        assert not shown.edits("thing", path) or ways[path] == "seen"
    if role.see.get("unmapped", "hidden") != "seen" and role.see.get("thing") != "seen":
        assert "CANARY-unmapped" not in json.dumps(outputs["record"])


@settings(max_examples=60, deadline=None)
@given(roles)
def test_what_is_not_seen_cannot_be_asked_for(role: Role) -> None:
    asked = Rights(Principal("user", "1", "Li", (Hold("r"),)), {"r": role}, {"thing": THING})
    for path in PATHS:
        if expected(role, path) == "seen":
            asked.require_fields("thing", [path])
        else:
            with pytest.raises(Denied) as caught:
                asked.require_fields("thing", [path])
            assert caught.value.code == "right.field"


@pytest.mark.parametrize("name", PRESETS)
@pytest.mark.parametrize("entity", READY)
def test_ready_roles_over_ready_entities(name: str, entity: str) -> None:
    role = PRESETS[name]
    shown = Rights(Principal("user", "1", "Li", (Hold(name),)), {}).sight(Place())
    may_see = "see" in role.may.get("record", [])
    for path, _ in every_field(READY[entity].fields):
        assert shown.of(entity, path) == (expected(role, path, READY[entity]) if may_see else "hidden")


def test_in_lists_the_weakest_counts_and_in_a_record_the_strongest() -> None:
    seeing = Role(role="seeing", may={"record": ["see"]}, see={"none": "seen", "contact": "seen"})
    masked = Role(role="masked", may={"record": ["see"]}, see={"none": "seen", "contact": "masked"})
    east, west = Scope(frozenset({"east"})), Scope(frozenset({"west"}))
    roles = {"seeing": seeing, "masked": masked}
    li = Rights(Principal("user", "1", "Li", (Hold("seeing", east), Hold("masked", west))), roles, {"thing": THING})
    assert li.sight(Place(frozenset({"east"}))).of("thing", "f_contact") == "seen"
    assert li.sight(Place(frozenset({"west"}))).of("thing", "f_contact") == "masked"
    assert li.sight(Place(frozenset({"east", "west"}))).of("thing", "f_contact") == "seen"
    assert li.sight(Place(frozenset({"north"}))).of("thing", "f_none") == "hidden"
    assert li.sight().of("thing", "f_contact") == "masked"
    li.require_fields("thing", ["f_none"])
    with pytest.raises(Denied):
        li.require_fields("thing", ["f_contact"])
    both = Rights(Principal("user", "1", "Li", (Hold("seeing"), Hold("masked", west))), roles, {"thing": THING})
    both.require_fields("thing", ["f_contact"])


def test_unmasking_opens_what_is_masked_and_nothing_that_is_hidden() -> None:
    see = {"none": "seen", "contact": "masked", "identity": "hidden"}
    plain = Role(role="r", may={"record": ["see"]}, see=see)
    may = Role(role="r", may={"record": ["see", "unmask"]}, see=see)
    assert sight(plain, unmask=True).of("thing", "f_contact") == "masked"
    assert sight(may).of("thing", "f_contact") == "masked"
    assert sight(may, unmask=True).of("thing", "f_contact") == "seen"
    assert sight(may, unmask=True).of("thing", "f_identity") == "hidden"


def test_a_blank_stays_blank_and_a_masked_field_cannot_be_edited() -> None:
    role = Role(role="r", may={"record": ["see", "edit"]}, see={"none": "seen", "contact": "masked"}, edit=["thing"])
    shown = sight(role)
    assert shown.values("thing", {"f_contact": None, "f_none": ""}) == {"f_contact": None, "f_none": ""}
    assert shown.edits("thing", "f_none")
    assert not shown.edits("thing", "f_contact")
    assert not shown.edits("thing", "no_such_field")
    assert shown.fields("thing") == {
        "f_none": ("seen", True), "f_contact": ("masked", False), "rows": ("seen", True),
        "rows.l_none": ("seen", True), "rows.l_contact": ("masked", False),
    }  # fmt: skip


def test_an_error_about_a_field_one_may_not_see_says_nothing_of_it() -> None:
    role = Role(role="r", may={"record": ["see"]}, see={"none": "seen"})
    error = Rejected("rest.refused", said="this number is taken: one three nine", connection="erp", count=3)
    told = sight(role).error(error, "thing", field="f_contact")
    assert told.facts == {"said": MASK, "connection": "erp", "count": 3}
    assert sight(role).text("thing", "this number is taken: one three nine", field="f_contact") == MASK


def test_what_looks_personal_is_struck_from_words_even_where_no_value_is_known() -> None:
    role = Role(role="r", may={"record": ["see"]}, see={"none": "seen"})
    said = "call 138-0013 8000 or li@example.cn, ID 11010519491231002X, order 4711 line 3"
    assert sight(role).text("thing", said) == "call *** or ***, ID ***, order 4711 line 3"


def test_a_systems_field_is_as_strict_as_the_strictest_it_makes() -> None:
    mapping = MAPPING.model_copy(
        update={"fields": [FieldMap(field="f_none", expr_in="a + b"), FieldMap(field="f_contact", **{"from": "b"})]}
    )
    role = Role(role="r", may={"record": ["see"]}, see={"none": "seen", "contact": "masked"})
    assert sight(role).record(mapping, {"a": "1", "b": "2", "c": "3"}) == {"a": "1", "b": MASK}


def test_the_command_line_of_this_machine_sees_everything() -> None:
    everything = Rights(local("root"), {}, {"thing": THING}).sight()
    assert everything.values("thing", RECORD) == RECORD
    assert everything.record(MAPPING, THEIRS) == THEIRS
    assert everything.full("thing")
