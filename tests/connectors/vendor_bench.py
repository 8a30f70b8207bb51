"""One bench for all tests of a vendor's connector: a company of its own in a sandbox, and connectors to it.

    class World(Bench):
        connector, path = "acme", "/api/"  # which connector; where the suite's faults strike
        own = {"401": Fault("key_disabled")}  # words of `hefu.sim.checks_faults` that are the vendor's own kinds
        wrong = {"api_key": "wrong-secret-key"}  # settings with a secret that is not accepted

        def __init__(self) -> None:
            clock = Still()
            super().__init__(Sandbox(empty=True, clock=clock), clock)

        def settings(self) -> dict[str, Any]:
            return {"url": self.url, "api_key": KEY}

    @pytest.fixture
    def world() -> Iterator[World]:
        with served(World()) as made:
            yield made

    class TestCustomer(Conformance):
        @pytest.fixture
        def rig(self, world: World) -> Rig:
            return world.rig("customer", sample, {"remark": "edited"})

Each test has a company of its own: to make and to serve one takes a few hundredths of a second. Nobody waits, as the
clock moves by hand, and a call whose answer is ordered not to come ("timeout", a fault "hang") ends after `BRIEF`.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import timedelta
from typing import Any, ClassVar, TypeVar

from starlette.types import ASGIApp
from vendor_line import USUAL, Still, failing, line

from hefu.core.connector import Connector
from hefu.core.records import Values
from hefu.sandbox.frame import Fault
from hefu.sandbox.hands import Hands
from hefu.sim.checks_faults import WORDS
from hefu.sim.conformance import Clock, Rig
from loopback import serving

NOBODY = "http://127.0.0.1:9"
"""An address where nothing listens."""


class Bench:
    """A company in a sandbox under a clock that stands still. See the module."""

    connector: ClassVar[str]
    path: ClassVar[str]
    own: Mapping[str, Fault | Callable[[], None]] = {}
    wrong: ClassVar[Mapping[str, Any]]
    nowhere: ClassVar[Mapping[str, Any]] = {"url": NOBODY}
    lateness: ClassVar[float] = 60.0

    def __init__(self, sandbox: Any, clock: Clock | None = None) -> None:
        self.sandbox, self.clock = sandbox, clock or Still()
        self.url = ""
        self._numbers = itertools.count(900_001)

    # ------------------------------------------------------------- what a vendor may do in its own way

    def settings(self) -> dict[str, Any]:
        """The settings of a connector to this company."""
        raise NotImplementedError

    def person(self, obj: str, record_id: str | None, values: Values | None) -> str:
        """Somebody creates (no id), changes or deletes (no values) a record on screen; its id."""
        return str(self.sandbox.book.as_person(obj, record_id, None if values is None else dict(values), "张敏"))

    def remove(self, obj: str, record_id: str) -> None:
        """Somebody deletes a record."""
        self.person(obj, record_id, None)

    def shown(self, call: str) -> str:
        """How `calls` names a call ("POST /api/v5/list")."""
        return call.rpartition("/")[2]

    # ------------------------------------------------------------------------------ what all have

    @property
    def app(self) -> ASGIApp:
        """What is served."""
        served: ASGIApp = self.sandbox.app
        return served

    @property
    def faults(self) -> list[Fault]:
        """Trouble on order; `hefu.sandbox.frame.Fault`."""
        ordered: list[Fault] = self.sandbox.faults
        return ordered

    @property
    def hands(self) -> Hands:
        """Hands inside the sandbox."""
        return Hands(self.url)

    def line(self, **words: Any) -> Any:
        """A connector; `words` differ from the usual settings."""
        made: Connector = line(
            self.connector, {**self.settings(), **words}, self.clock, faults=self.faults, lateness=self.lateness
        )
        return made

    def number(self) -> int:
        """A number that was not given before."""
        return next(self._numbers)

    def calls(self) -> dict[str, int]:
        """Calls since the last `Hands.reset`, by name."""
        return {self.shown(call): n for call, n in self.hands.counters()["calls"].items()}

    def rig(
        self,
        obj: str,
        sample: Callable[[int], Values],
        edited: Values,
        *,
        typed: Callable[[int], Values] | None = None,
        book: str = "",
        words: Mapping[str, Any] | None = None,
        **more: Any,
    ) -> Rig:
        """What the conformance suite works with.

        `typed`: the n-th record as a person enters it, where that is not the sample. `book`: what the sandbox calls
        the object. `words`: settings of the connector. `more`: `Rig`'s own words, instead of the usual ones.
        """
        book, words = book or obj, dict(words or {})

        def burst(count: int) -> list[str]:
            return [self.person(book, None, (typed or sample)(self.number())) for _ in range(count)]

        def late() -> str:
            self.clock.at -= timedelta(seconds=self.lateness)
            try:
                return burst(1)[0]
            finally:
                self.clock.at += timedelta(seconds=self.lateness)

        def edit(record_id: str, values: Values) -> None:
            self.person(book, record_id, values)

        usual: dict[str, Any] = {
            "against": "sandbox",
            "edit": edit,
            "fail": failing(self.faults, self.path, self.own),
            "burst": burst,
            "remove": lambda record_id: self.remove(book, record_id),
            "late": late,
            "wait": self.clock.sleep,
            "reopen": lambda: self.line(**words),
            "wrong_secret": lambda: self.line(**{**words, **self.wrong}),
            "unreachable": lambda: self.line(**{**words, **self.nowhere}),
            "overlap": self.lateness,
            "large": 300,
            "faults": tuple(w for w in WORDS if w in USUAL or w in self.own),
        }
        return Rig(self.line(**words), obj, sample, edited, **{**usual, **more})


AnyBench = TypeVar("AnyBench", bound=Bench)


@contextmanager
def served(bench: AnyBench) -> Iterator[AnyBench]:
    """Serve the company while the block lasts."""
    with serving(bench.app) as url:
        bench.url = url
        yield bench
    bench.sandbox.close()
