"""Who may do what: the one decision that API, console, command line and export ask before they do anything.

A right is a word "resource.action". A principal holds roles, each within organisations and departments; what no role
allows is denied. Only set look-ups: no rules are evaluated when somebody asks. Which values of a record a principal
may see is `sight.py`; the ready roles are `presets.py`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal, NamedTuple

from hefu.core.errors import Denied
from hefu.core.model import READY, every_field, resolve
from hefu.core.presets import PRESETS
from hefu.core.project import Entity, Project, Role, See
from hefu.core.resources import HUB_WIDE, RIGHTS
from hefu.core.sight import Sight, View

Kind = Literal["user", "token", "worker", "local"]


class Place(NamedTuple):
    """Where a record belongs: the organisations in which systems know it, and its field `department`."""

    organisations: frozenset[str] = frozenset()
    department: str | None = None


@dataclass(frozen=True, slots=True)
class Scope:
    """Which records are meant; None does not narrow."""

    organisations: frozenset[str] | None = None
    departments: frozenset[str] | None = None

    def covers(self, place: Place) -> bool:
        """Does a record at this place belong to it? One without a department belongs to no department."""
        if self.organisations is not None and self.organisations.isdisjoint(place.organisations):
            return False
        return self.departments is None or place.department in self.departments

    def narrowed(self, other: Scope) -> Scope:
        """What lies in both."""
        return Scope(_both(self.organisations, other.organisations), _both(self.departments, other.departments))

    def within(self, other: Scope) -> bool:
        """Is all of it covered by the other, too?"""
        return _inside(self.organisations, other.organisations) and _inside(self.departments, other.departments)


def _both(a: frozenset[str] | None, b: frozenset[str] | None) -> frozenset[str] | None:
    return b if a is None else a if b is None else a & b


def _inside(a: frozenset[str] | None, b: frozenset[str] | None) -> bool:
    return b is None or (a is not None and a <= b)


EVERYWHERE = Scope()


class Hold(NamedTuple):
    """A role in somebody's hands, there."""

    role: str
    scope: Scope = EVERYWHERE


@dataclass(frozen=True, slots=True)
class Principal:
    """Who acts. `only`: an API token's scopes, which take away from what its owner may and never add.

    `local` (the command line on this machine) and `worker` may do everything: whoever reads the hub's keys can.
    """

    kind: Kind
    id: str
    name: str
    holds: tuple[Hold, ...] = ()
    only: frozenset[str] | None = None
    account_id: str | None = None

    @property
    def person(self) -> str:
        """The person behind it, also behind a token ("li/nightly" is li's): what two pairs of eyes are counted by."""
        return self.name.partition("/")[0] if self.kind == "token" else self.name


@dataclass(frozen=True)
class Granted:
    """A role with all that it extends."""

    name: str
    rights: frozenset[str]
    view: View
    scope: Scope
    apart: frozenset[str]


def granted(name: str, roles: Mapping[str, Role]) -> Granted | None:
    """A role of the project, else the ready one of that name; None where there is none (it allows nothing)."""
    return _granted(name, roles, ())


def _granted(name: str, roles: Mapping[str, Role], above: tuple[str, ...]) -> Granted | None:
    own = roles.get(name) if name not in above else None  # `role: clerk, extends: [clerk]` starts from the ready one
    role = own or PRESETS.get(name)
    if role is None:
        return None
    inner = (*above, name)
    bases = [base for said in role.extends if (base := _granted(said, roles, inner)) is not None]
    rights = {f"{resource}.{action}" for resource, actions in role.may.items() for action in actions} & RIGHTS
    scope = Scope(_some(role.within.organisations), _some(role.within.departments))
    see: dict[str, See] = {}
    for base in bases:
        see = {key: max(see.get(key, "hidden"), base.view.see.get(key, "hidden"), key=_OPENNESS.__getitem__)
               for key in {*see, *base.view.see}}  # fmt: skip
        scope = scope.narrowed(base.scope)
    return Granted(
        name,
        frozenset(rights.union(*(base.rights for base in bases))),
        View({**see, **role.see}, frozenset(role.edit).union(*(base.view.edit for base in bases))),
        scope,
        frozenset(role.apart).union(*(base.apart for base in bases)),
    )


_OPENNESS: Mapping[See, int] = {"hidden": 0, "masked": 1, "seen": 2}


def _some(said: list[str] | None) -> frozenset[str] | None:
    return None if said is None else frozenset(said)


class _All(NamedTuple):
    rights: frozenset[str]
    view: View
    scope: Scope


def _all(role: Granted, hold: Hold, only: frozenset[str]) -> _All:
    scope = role.scope.narrowed(hold.scope)
    rights = role.rights & only
    return _All(rights if scope == EVERYWHERE else rights - HUB_WIDE, role.view, scope)


class Rights:
    """What one principal may do under one version of a project. Cheap to ask; make one per request or session."""

    def __init__(
        self, principal: Principal, roles: Mapping[str, Role], entities: Mapping[str, Entity] | None = None
    ) -> None:
        self.principal = principal
        self.entities = dict(entities or {})
        only = RIGHTS if principal.only is None else principal.only
        if principal.kind in ("local", "worker"):
            self._grants: list[_All] = [_All(only & RIGHTS, View.everything(), EVERYWHERE)]
        else:
            held = [(hold, role) for hold in principal.holds if (role := granted(hold.role, roles)) is not None]
            self._grants = [_all(role, hold, only) for hold, role in held]
        self.rights: frozenset[str] = frozenset().union(*(grant.rights for grant in self._grants))
        """Every right that is held at least somewhere: what a screen shows or hides its buttons by."""
        self._sight = lru_cache(maxsize=64)(self._made)

    def may(self, right: str, place: Place | None = None) -> bool:
        """Is it allowed: at this place, or (without one) at least somewhere?"""
        if place is None:
            return right in self.rights
        return any(right in grant.rights and grant.scope.covers(place) for grant in self._grants)

    def require(self, right: str, place: Place | None = None) -> None:
        """Raises Denied "right.missing", or "right.elsewhere" where it is held for other records only."""
        if not self.may(right, place):
            code = "right.elsewhere" if right in self.rights else "right.missing"
            raise Denied(code, right=right, who=self.principal.name)

    def scopes(self, right: str) -> tuple[Scope, ...]:
        """Where it is held, for the condition of a list; empty: nowhere. (EVERYWHERE,) needs no condition."""
        found = {grant.scope for grant in self._grants if right in grant.rights}
        return (EVERYWHERE,) if EVERYWHERE in found else tuple(found)

    def sight(self, place: Place | None = None, *, unmask: bool = False) -> Sight:
        """How values of a record at this place are shown; without one, what holds for every record that may be seen.

        `unmask` shows what is masked, for who may unmask there; whoever asks for it writes it into the audit log.
        """
        if place is None:
            return self._sight(tuple(range(len(self._grants))), True, False)
        where = tuple(n for n, grant in enumerate(self._grants) if grant.scope.covers(place))
        return self._sight(where, False, unmask and self.may("record.unmask", place))

    def _made(self, where: tuple[int, ...], weakest: bool, unmask: bool) -> Sight:
        grants = [self._grants[n] for n in where]
        seeing = [grant for grant in grants if "record.see" in grant.rights]
        editing = [grant.view for grant in grants if "record.edit" in grant.rights]
        if not weakest:
            return Sight([[grant.view for grant in seeing]] if seeing else [], editing, self.entities, unmask=unmask)
        around = [[other.view for other in seeing if grant.scope.within(other.scope)] for grant in seeing]
        return Sight(around, editing if len(around) == 1 else [], self.entities)

    def require_fields(self, entity: str, fields: Iterable[str]) -> None:
        """May lists of this entity be filtered, sorted, grouped or searched by these fields?

        Raises Denied "right.field": who may not see a value must not find it out by asking for it, nor by an order.
        """
        sight = self.sight()
        for field in fields:
            if not sight.sees(entity, field):
                raise Denied("right.field", field=f"{entity}.{field}", who=self.principal.name)


def local(name: str) -> Principal:
    """Who works at the command line of this machine."""
    return Principal("local", name, name)


def needed_to_publish(before: Project, after: Project) -> frozenset[str]:
    """The rights that it takes to make `after` current in place of `before`.

    Roles say who may do what and a field's class who sees it: changing a role, or taking away or changing the class
    of personal data, is granting, by whatever door it comes.
    """
    old, new = _personal(before), _personal(after)
    same = before.roles == after.roles and all(new.get(path) == pii for path, pii in old.items())
    return frozenset({"project.publish"} if same else {"project.publish", "role.edit"})


def _personal(project: Project) -> dict[str, str]:
    """entity.field -> class, for all that is personal, in ready entities and in the project's own."""
    return {
        f"{name}.{path}": field.pii
        for name, document in {**READY, **project.entities}.items()
        for path, field in every_field(resolve(document, project.entities).fields)
        if field.pii != "none"
    }


__all__ = [
    "EVERYWHERE",
    "Granted",
    "Hold",
    "Place",
    "Principal",
    "Rights",
    "Scope",
    "granted",
    "local",
    "needed_to_publish",
]
