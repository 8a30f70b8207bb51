"""How a system in memory behaves: what it declares, and what it does to people without declaring it."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import ROUND_HALF_UP, Decimal
from typing import Any, NamedTuple, Protocol

from hefu.core.errors import HubError
from hefu.core.records import Abilities, Value, Values

Rewrite = Callable[[Value], Value]
Rule = Callable[[Values | None, Values], HubError | None]
"""(record before or None, record after) -> why it is refused, or None."""


class Action(NamedTuple):
    """A status step: the states in which it is legal ("*" = any), the state that it leads to, what takes it back."""

    states: tuple[str, ...]
    to: str
    back: str = ""


@dataclass(frozen=True, slots=True)
class Manners:
    """The manners of one object. The first group is declared as `Abilities`, with the meaning given there.

    versions: records carry a version.  stamps: resolution of modification stamps in seconds, None for no stamps;
    skew: seconds by which the system's clock is ahead.  lateness: a person's change becomes visible this many
    seconds after its stamp (a slow transaction), and the connector's cursors overlap by as much.
    soft_delete: a delete only sets this boolean field.  redirects: fetching the loser of a merge gives the winner.
    rewrite: field name (or "*" for every text field) -> what happens to a value when it is saved.
    defaults: values of fields that a create leaves out.  derive: values computed on every save (totals, states).
    rules: refusals of a save.  gates: refusals of a step, by action.  identify: the id of the n-th record.
    """

    create: str = "key"
    update: bool = True
    delete: bool = True
    changes: str = "cursor+deletes"
    conditional: str = "version"
    lag: float = 0.0
    batch: int = 100
    page: int = 100
    lines: str = "none"
    returns: bool = True
    token_field: str | None = None
    actions: Mapping[str, Action] = field(default_factory=dict)

    versions: bool = True
    stamps: float | None = 1e-6
    skew: float = 0.0
    lateness: float = 0.0
    soft_delete: str | None = None
    redirects: bool = True
    rewrite: Mapping[str, Sequence[Rewrite]] = field(default_factory=dict)
    defaults: Values = field(default_factory=dict)
    derive: Callable[[Values], Values] | None = None
    rules: tuple[Rule, ...] = ()
    gates: Mapping[str, Rule] = field(default_factory=dict)
    identify: Callable[[int], str] = "{:06d}".format

    def abilities(self) -> Abilities:
        """What of this is declared."""
        return Abilities(
            create=self.create,
            update=self.update,
            delete=self.delete,
            changes=self.changes,
            conditional=self.conditional,
            lag=self.lag,
            batch=self.batch,
            page=self.page,
            lines=self.lines,
            returns=self.returns,
            token_field=self.token_field,
            actions={name: action.states for name, action in self.actions.items()},
            back={name: action.back for name, action in self.actions.items() if action.back},
        )


@dataclass(slots=True)
class Call:
    """One call of a connector, as a hook sees it. `result` may be replaced in `after`."""

    number: int
    verb: str
    object: str
    who: str
    args: tuple[Any, ...] = ()
    result: Any = None

    @property
    def writes(self) -> bool:
        """Whether the call may change something."""
        return self.verb in ("write", "call")


class Hook(Protocol):
    """Stands between the hub and the system: may raise, wait, edit data as people do, or change the result.

    An error in `before` leaves the system as it was; an error in `after` loses the answer of a call that happened.
    """

    def before(self, call: Call) -> None:
        """The call arrives."""

    def after(self, call: Call) -> None:
        """The answer leaves; `call.result` holds it."""


class Entry(NamedTuple):
    """One write to one record, by anybody. `before` and `after` hold the fields that the writer named."""

    number: int
    at: datetime
    who: str
    verb: str
    object: str
    id: str
    organisation: str
    before: Values
    after: Values


@dataclass(slots=True, eq=False)
class Row:
    """A record at home. `number` is its place in the change log, `seq` its place in the order of creation."""

    id: str
    organisation: str
    seq: int
    values: dict[str, Value]
    created: datetime
    stamp: datetime
    author: str
    version: int = 1
    number: int = 0
    gone: bool = False
    moved_to: str | None = None


def trim(value: Value) -> Value:
    """Without white space at both ends."""
    return value.strip() if isinstance(value, str) else value


def upper(value: Value) -> Value:
    """In capital letters."""
    return value.upper() if isinstance(value, str) else value


def narrow(value: Value) -> Value:
    """Full-width letters, digits and brackets as half-width ones (Unicode NFKC)."""
    return unicodedata.normalize("NFKC", value) if isinstance(value, str) else value


def rounded(places: int) -> Rewrite:
    """Decimals rounded half up to so many places."""
    unit = Decimal(1).scaleb(-places)
    return lambda value: value.quantize(unit, ROUND_HALF_UP) if isinstance(value, Decimal) else value


def cut(size: int) -> Rewrite:
    """Text cut to so many UTF-8 bytes, never inside a character."""
    return lambda value: value.encode()[:size].decode(errors="ignore") if isinstance(value, str) else value
