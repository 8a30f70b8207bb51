"""The suite that every connector passes: as a pytest class, and as a function for `hefu connector test`.

    class TestKingdee(Conformance):
        @pytest.fixture
        def rig(self):
            fake = FakeKingdee()
            return Rig(Kingdee(...), "BD_Customer", sample, edited, fake.edit, fake.fail, fake.burst)

The checks are chosen by the abilities that the object declares; a check that does not apply or that the rig has no
hand for is skipped with the reason. A check that is not wanted needs a written reason in `Rig.bypass`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, Literal

from hefu.core.connector import Connector
from hefu.core.errors import HubError
from hefu.core.records import Field, FieldType, ObjectSchema, Values
from hefu.sim import checks_faults, checks_load, checks_read, checks_write
from hefu.sim.rig import CHECKS, Check, Clock, NotCalledFor, Rig, check, expect
from hefu.sim.sheet import RESULT

State = Literal["passed", "failed", "bypassed", "not tried"]


@dataclass(frozen=True, slots=True)
class Result:
    """What became of one check. `note`: why it failed, was bypassed or not tried."""

    check: Check
    state: State
    note: str = ""


def run(rig: Rig, wanted: Callable[[Check], bool] = lambda _: True) -> Iterator[Result]:
    """Run the checks one by one and raise nothing; afterwards delete what they created (`Rig.left`: what stayed)."""
    for c in CHECKS.values():
        if wanted(c):
            yield attempt(c, rig)
    if rig.writes:
        with suppress(Exception):  # whatever stops it has been found by a check, and `left` names what stayed
            rig.tidy()


def attempt(c: Check, rig: Rig) -> Result:
    """Run one check."""
    try:
        reason = rig.bypass.get(c.name)
        if reason is not None:
            expect(len(reason.split()) > 1 or len(reason) > 6, f"the bypass of {c.name} gives no reason")
            return Result(c, "bypassed", reason)
        if unfit := c.unfit(rig):
            return Result(c, "not tried", unfit)
        c.run(rig)
    except NotCalledFor as why:
        return Result(c, "not tried", str(why))
    except AssertionError as error:
        return Result(c, "failed", str(error))
    except HubError as error:
        return Result(c, "failed", f"{type(error).__name__}: {error}")
    except Exception as error:  # noqa: BLE001 - a connector's own fault is a finding, not the end of the table
        return Result(c, "failed", f"{type(error).__name__}: {error} (no error of ours)")
    return Result(c, "passed")


def capability_sheet(results: list[Result]) -> dict[str, tuple[int, int]]:
    """Ability -> (checks passed, checks tried), in the order of the checks; what was not tried is (0, 0)."""
    out: dict[str, tuple[int, int]] = {}
    for r in results:
        passed, tried = out.get(r.check.ability, (0, 0))
        out[r.check.ability] = (passed + (r.state == "passed"), tried + (r.state in ("passed", "failed")))
    return out


def live_rig(connector: Connector, obj: str, *, sandbox: bool = False, mark: str = "hefu", reopen: Any = None) -> Rig:
    """A rig for a configured connection.

    It only looks, unless `sandbox` allows to create, change and delete records of that object. `mark` begins the
    texts of records that it makes, so that a person knows them.
    """
    rig = Rig(connector, obj, reopen=reopen, writes=sandbox, wait=connector.site.sleep, overlap=60, large=1000)
    if sandbox:
        rig.sample = lambda n: sample_of(rig.schema, n, mark)
        rig.edited = edited_of(rig.schema, mark)
    return rig


def sample_of(schema: ObjectSchema, n: int, mark: str = "hefu") -> Values:
    """Values for the n-th new record of an object that nothing else is known of; references are left out."""
    made = {f.name: _value(f, n, mark) for f in schema.fields if f.writable and f.name != schema.state}
    return {name: value for name, value in made.items() if value is not None}


def edited_of(schema: ObjectSchema, mark: str = "hefu") -> Values:
    """A patch of one field outside the key whose value differs from every sample's."""
    free = [
        f for f in schema.fields if f.writable and f.name not in schema.key and not f.unique and f.name != schema.state
    ]
    best = next((f for f in free if f.type is FieldType.TEXT and not f.options), None)
    best = best or next((f for f in free if f.type in (FieldType.DECIMAL, FieldType.MONEY)), None)
    if best is None:
        raise NotCalledFor(f"{schema.name} has no free field to change")
    return {best.name: f"{mark}*"[-(best.length or 40) :] if best.type is FieldType.TEXT else Decimal(7)}


def _value(f: Field, n: int, mark: str) -> Any:
    """A value of that type, None for types that cannot be made up (references, lines)."""
    day = datetime(2026, 1, 1 + n % 28, 8, tzinfo=UTC)
    if f.options:
        return f.options[n % len(f.options)]
    if f.type in (FieldType.TEXT, FieldType.CODE):
        return f"{mark}{n:06d}"[-(f.length or 40) :]
    if f.type in (FieldType.DECIMAL, FieldType.MONEY):
        return Decimal(n % 7)
    made = {FieldType.BOOLEAN: n % 2 == 0, FieldType.DATE: day.date(), FieldType.INSTANT: day}
    return made.get(f.type)


class Conformance:
    """One test method per check. A subclass gives the fixture `rig`, a fresh one for each test."""


Tell = Callable[[str, object], None]
"""Pytest's fixture `record_property`."""


def record(tell: Tell, rig: Rig, result: Result) -> None:
    """Let the report of this test carry the result, for `--hefu-sheet-file`."""
    about = {"connector": rig.connector.name, "against": rig.against, "system": rig.system, "object": rig.object}
    tell(RESULT, {**about, "check": result.check.name, "state": result.state, "note": result.note})


def _method(c: Check) -> Callable[[Conformance, Rig, Tell], None]:
    def test(_: Conformance, rig: Rig, record_property: Tell) -> None:
        import pytest

        result = attempt(c, rig)
        record(record_property, rig, result)
        if result.state in ("not tried", "bypassed"):
            pytest.skip(f"{result.state}: {result.note}")
        if result.state == "failed":
            pytest.fail(result.note, pytrace=False)

    test.__name__, test.__doc__ = f"test_{c.name}", c.en
    return test


for _check in CHECKS.values():
    setattr(Conformance, f"test_{_check.name}", _method(_check))

__all__ = [
    "CHECKS",
    "Check",
    "Clock",
    "Conformance",
    "NotCalledFor",
    "Result",
    "Rig",
    "Tell",
    "attempt",
    "capability_sheet",
    "check",
    "checks_faults",
    "checks_load",
    "checks_read",
    "checks_write",
    "edited_of",
    "expect",
    "live_rig",
    "record",
    "run",
    "sample_of",
]
