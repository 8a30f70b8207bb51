"""Who may do what: default deny, scopes, roles that extend others, tokens that only take away."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hefu.core.errors import Denied
from hefu.core.presets import PRESETS
from hefu.core.project import Entity, EntityField, Project, Role, Within
from hefu.core.records import FieldType
from hefu.core.resources import DUTIES, HUB_WIDE, RESOURCES, RIGHTS, duties
from hefu.core.rights import (
    EVERYWHERE,
    Hold,
    Place,
    Principal,
    Rights,
    Scope,
    granted,
    local,
    needed_to_publish,
)

EAST, WEST = Scope(frozenset({"east"})), Scope(frozenset({"west"}))
IN_EAST, IN_WEST = Place(frozenset({"east"})), Place(frozenset({"west"}))


def who(*holds: Hold | str, only: frozenset[str] | None = None, **roles: Role) -> Rights:
    held = tuple(Hold(h) if isinstance(h, str) else h for h in holds)
    return Rights(Principal("user", "1", "Li", held, only), roles)


def test_what_no_role_says_is_denied() -> None:
    for nobody in (who(), who("no_such_role")):
        assert nobody.rights == frozenset()
        assert not any(nobody.may(right) for right in RIGHTS)
        assert nobody.scopes("record.see") == ()
        with pytest.raises(Denied) as caught:
            nobody.require("record.see")
        assert caught.value.code == "right.missing"


@pytest.mark.parametrize("name", PRESETS)
def test_a_ready_role_may_exactly_what_it_says(name: str) -> None:
    said = {f"{resource}.{action}" for resource, actions in PRESETS[name].may.items() for action in actions}
    assert said <= RIGHTS
    assert {right for right in RIGHTS if who(name).may(right)} == said


def test_everything_that_can_be_done_can_be_done_by_somebody() -> None:
    assert who("admin").rights == RIGHTS
    assert Rights(local("root"), {}).rights == RIGHTS
    assert {"see"} <= {a for r in RESOURCES.values() for a in r.actions}


def test_the_three_administrators_hold_one_duty_each_and_see_no_record() -> None:
    three = ("system_admin", "security_admin", "audit_admin")
    assert [duties(who(name).rights) for name in three] == [["system"], ["security"], ["audit"]]
    for name, other in itertools.permutations(three, 2):
        assert other in PRESETS[name].apart
        assert DUTIES[duties(who(other).rights)[0]].isdisjoint(who(name).rights)
    for name in three:
        assert not {"record.see", "record.edit", "record.export", "record.unmask", "mapping.preview"} & who(name).rights


def test_a_right_holds_where_its_role_does() -> None:
    li = who(Hold("steward", EAST), Hold("auditor", WEST))
    assert li.may("record.edit")
    assert li.may("record.edit", IN_EAST)
    assert not li.may("record.edit", IN_WEST)
    assert li.may("record.see", IN_WEST)
    assert not li.may("record.see", Place())
    assert set(li.scopes("record.see")) == {EAST, WEST}
    assert li.scopes("record.edit") == (EAST,)
    with pytest.raises(Denied) as caught:
        li.require("record.edit", IN_WEST)
    assert caught.value.code == "right.elsewhere"
    assert who(Hold("steward", EAST), "auditor").scopes("record.see") == (EVERYWHERE,)


def test_departments_narrow_too_and_a_record_without_one_is_in_none() -> None:
    sales = Role(role="sales", may={"record": ["see"]}, within=Within(departments=["sales"]))
    li = who(Hold("sales", EAST), sales=sales)
    assert li.may("record.see", Place(frozenset({"east", "west"}), "sales"))
    assert not li.may("record.see", IN_EAST)
    assert not li.may("record.see", Place(frozenset({"west"}), "sales"))


def test_a_role_starts_from_others_and_never_reaches_further() -> None:
    roles = {
        "local_steward": Role(role="local_steward", extends=["steward"], within=Within(organisations=["east"])),
        "clerk": Role(role="clerk", extends=["local_steward"], may={"flow": ["run"]}, see={"financial": "masked"}),
        "round": Role(role="round", extends=["trip"], may={"run": ["see"]}),
        "trip": Role(role="trip", extends=["round"], may={"issue": ["see"]}),
        "auditor": Role(role="auditor", extends=["auditor"], may={"flow": ["pause"]}),
    }
    clerk = granted("clerk", roles)
    steward = granted("steward", roles)
    assert clerk is not None
    assert steward is not None
    assert clerk.rights == steward.rights | {"flow.run"}
    assert clerk.scope == EAST
    assert clerk.view.see == {**steward.view.see, "financial": "masked"}
    trip = granted("trip", roles)
    assert trip is not None
    assert trip.rights == {"run.see", "issue.see"}
    assert who("auditor", **roles).rights == who("auditor").rights | {"flow.pause"}


def test_a_token_takes_away_and_never_adds() -> None:
    token = who("operator", only=frozenset({"flow.run", "role.grant"}))
    assert token.rights == {"flow.run"}
    assert token.sight().of("customer", "name") == "hidden"


names = st.sampled_from(sorted(PRESETS))
places = st.builds(
    Place, st.frozensets(st.sampled_from(["east", "west", "north"])), st.none() | st.sampled_from(["sales", "finance"])
)
scopes = st.builds(
    Scope,
    st.none() | st.frozensets(st.sampled_from(["east", "west", "north"])),
    st.none() | st.frozensets(st.sampled_from(["sales", "finance"])),
)
holds = st.lists(st.builds(Hold, names, scopes), max_size=4)


@settings(max_examples=150, deadline=None)
@given(holds, places, st.sampled_from(sorted(RIGHTS)))
def test_the_decision_is_some_role_that_covers_the_place(held: list[Hold], place: Place, right: str) -> None:
    resource, action = right.split(".")
    said = any(
        action in PRESETS[h.role].may.get(resource, []) and h.scope.covers(place)
        and (right not in HUB_WIDE or h.scope == EVERYWHERE)  # the hub itself belongs to no organisation
        for h in held
    )  # fmt: skip
    asked = who(*held)
    assert asked.may(right, place) == said
    assert any(scope.covers(place) for scope in asked.scopes(right)) == said


@settings(max_examples=80, deadline=None)
@given(scopes, scopes, places)
def test_what_is_narrowed_lies_in_both(a: Scope, b: Scope, place: Place) -> None:
    narrow = a.narrowed(b)
    assert narrow.within(a)
    assert narrow.within(b)
    assert not narrow.covers(place) or (a.covers(place) and b.covers(place))
    if a.within(b) and a.covers(place):
        assert b.covers(place)


def test_whoever_changes_roles_or_classes_by_publishing_needs_that_right() -> None:
    phone = EntityField(type=FieldType.TEXT, pii="contact")
    before = Project(entities={"lead": Entity(entity="lead", fields={"phone": phone})})
    retitled = before.model_copy(
        update={"entities": {"lead": Entity(entity="lead", title={"en": "Lead"}, fields={"phone": phone})}}
    )
    opened = Project(entities={"lead": Entity(entity="lead", fields={"phone": EntityField(type=FieldType.TEXT)})})
    ready = Project(
        entities={"customer": Entity(entity="customer", fields={"phone": EntityField(type=FieldType.TEXT)})}
    )
    more = before.model_copy(update={"roles": {"x": Role(role="x", may={"user": ["edit"]})}})
    assert needed_to_publish(before, retitled) == {"project.publish"}
    extended = Project(entities={**before.entities, "customer": Entity(entity="customer", extends="customer")})
    assert needed_to_publish(before, extended) == {"project.publish"}
    for after in (
        opened,
        more,
        Project(),
        before.model_copy(update={"entities": {**before.entities, **ready.entities}}),
    ):
        assert needed_to_publish(before, after) == {"project.publish", "role.edit"}
