"""Plays a case: wild rounds, peace until the hub is quiet, the verdict, a steward's decisions, the verdict again."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from hefu.core.connector import Connector
from hefu.core.errors import HubError
from hefu.engine.hub import Hub
from hefu.engine.worker import cycle, hint
from hefu.sim.storm import office
from hefu.sim.storm.case import Case, Event
from hefu.sim.storm.judge import judge
from hefu.sim.storm.line import Line
from hefu.sim.storm.office import Office
from hefu.sim.storm.people import People
from hefu.sim.storm.scene import Scene
from hefu.sim.storm.turns import Endless, Killed
from hefu.sim.storm.world import objects, project_of

QUIET_ROUNDS = 120
"""Cycles after which a hub that still has something to do does not converge."""


@dataclass
class Outcome:
    """What became of a case. `wrong`: one line for each broken invariant; empty is good."""

    case: Case
    wrong: list[str]
    trace: str
    steps: int
    faults: Counter[str] = field(default_factory=Counter)
    edits: int = 0

    @property
    def good(self) -> bool:
        """Nothing is wrong."""
        return not self.wrong


def run_case(case: Case) -> Outcome:
    """Play one case from beginning to end. Never raises for what the engine does: that is in `Outcome.wrong`."""
    play = Play(case)
    try:
        wrong = play.through()
    except (Endless, AssertionError) as error:
        wrong = [f"endless: {error}" if isinstance(error, Endless) else f"broken: {error}"]
    except Exception as error:  # noqa: BLE001 - whatever leaves the engine is a finding
        wrong = [f"raised: {type(error).__name__}: {error}{_where(error)}"]
    for line in wrong:
        play.turns.note(line)
    faults = play.weather.struck
    return Outcome(case, wrong, play.turns.trace.hexdigest(), play.turns.count, faults, len(play.history.typed))


def _where(error: BaseException) -> str:
    """The innermost place of ours that raised."""
    trace, last = error.__traceback__, ""
    while trace is not None:
        name = trace.tb_frame.f_code.co_filename
        if "hefu" in name:
            last = f" at {name.rpartition('hefu/')[2]}:{trace.tb_lineno}"
        trace = trace.tb_next
    return last


class Play(Scene):
    """One case while it is played."""

    def __init__(self, case: Case) -> None:
        super().__init__(case)
        self.turns.between = self._between
        self.people, self.office = People(self), Office(self)
        self.hints: list[Event] = []
        self._events = list(reversed(case.events))
        self._waiting: list[Event] = []
        self.hubs = [self.new_hub() for _ in range(case.shape.workers)]

    # ---------------------------------------------------------------- the hubs

    def new_hub(self) -> Hub:
        """A hub that knows nothing but what is committed."""
        lines: dict[str, Connector] = {}

        def connect(name: str) -> Connector:
            if name not in lines:
                lines[name] = Line(self, name)
            return lines[name]

        return Hub(self.store, self.env, project_of(self.case.shape, self.version), connect, b"k" * 32,
                   worker_id=self.env.new_id())  # fmt: skip

    # ------------------------------------------------------------------- steps

    def _between(self, _name: str, inside: bool) -> None:
        """What is due happens. Cases at the desk need the database and wait until no transaction is open."""
        if not self.wild:
            return
        while self._events and self._events[-1].at <= self.turns.count:
            self._happen(self._events.pop())
        if self._waiting and not inside:
            waiting, self._waiting = self._waiting, []
            for event in waiting:
                if event.kind == "pause_worker":
                    self._oversleep()
                else:
                    self.office.act(event)

    def _happen(self, event: Event) -> None:
        self.turns.note(f"event {event.kind} {event.what}")
        if event.kind in ("read", "write", "store"):
            self.weather.due(event)
        elif self.people.knows(event.kind):
            self.people.act(event)
        elif event.kind in (*office.KINDS, "pause_worker"):
            self._waiting.append(event)
        elif event.kind == "schema":
            self.weather.struck[f"schema.{event.what}"] += 1
            self.office.change(event)
        elif event.kind == "hint":
            self.hints.append(event)
        else:
            self._process(event)

    def _process(self, event: Event) -> None:
        """The process dies, or one of its workers does."""
        self.weather.struck[f"process.{event.kind}"] += 1
        self.turns.kill(everybody=event.kind == "kill_all")

    def _oversleep(self) -> None:
        """This worker sleeps for longer than its lease while others work."""
        self.weather.struck["process.pause"] += 1
        self.env.sleep(self.store.lease + 5)
        self.turns.stall()

    # ------------------------------------------------------------------ rounds

    def through(self) -> list[str]:
        """The whole case; what is wrong in the end."""
        for name in self.case.shape.systems[:2]:
            for n in range(2):
                self.people.act(Event(0, "create", n, name))
        self.env.sleep(60)
        self.wild = True
        for rest, full in zip(self.case.shape.rests, self.case.shape.full, strict=True):
            self.round(full=full)
            self.env.sleep(rest)
        self._peace()
        return self._verdicts()

    def _peace(self) -> None:
        self.wild = False
        self.weather.clear()
        self.hints.clear()
        self.office.restore()
        self.hubs = [self.new_hub()]  # alone: by now it is not about races
        self.env.sleep(120)  # until the slowest search shows what was typed last and every pause is over

    def _verdicts(self) -> list[str]:
        chance = random.Random(self.case.seed)
        self.quiet()
        wrong = judge(self)
        for _ in range(6):
            if wrong or not self.office.settle_all(chance):
                break
            self.env.sleep(5)
            self.quiet()
            wrong = judge(self)
        wrong = wrong or self._at_rest()
        self.turns.note(self.picture())
        return wrong

    def round(self, *, full: bool = False) -> None:
        """All workers read and deliver once; hints that came in are followed meanwhile."""
        works: list[Callable[[], None]] = [lambda h=h: self._cycle(h, full) for h in self.hubs]  # type: ignore[misc]
        coming, self.hints = [e for e in self.hints if e.what != "lost"], []
        if coming:
            receiver = self.new_hub()
            works.append(lambda: self._follow(receiver, coming))
        errors = self.turns.together(works)
        self.history.forget()
        for error in errors:
            if not isinstance(error, Killed):
                raise error
        if self.turns.died or self.hubs[0].project.version != self.version:  # they know but what is committed
            self.hubs = [self.new_hub() for _ in self.hubs]

    def _cycle(self, hub: Hub, full: bool) -> None:
        try:
            cycle(hub, hub.project.flows["all"], full=full)
        except HubError as error:
            if not error.code.startswith("store."):  # our database failed: the runtime comes again
                raise

    def _follow(self, hub: Hub, coming: Sequence[Event]) -> None:
        """Webhooks: of something that changed, of nothing, of a record that does not exist, once or repeatedly."""
        for event in coming:
            chance, system = random.Random(event.pick), self.systems[event.where]
            obj = chance.choice(objects(self.case.shape))
            records = sorted(system.all(obj))
            record = "forged-1" if event.what == "forged" or not records else chance.choice(records)
            record = "" if event.what == "anything" else record
            for _ in range(3 if event.what == "twice" else 1):
                self.weather.struck[f"hint.{event.what or 'plain'}"] += event.what != ""
                try:
                    hint(hub, event.where, obj, record)
                except HubError as error:
                    if error.action not in ("retry", "gone", "pause", "look") and not error.code.startswith("store."):
                        raise

    def quiet(self) -> None:
        """Rounds until nothing is left that time alone could settle. Raises Endless."""
        for number in range(QUIET_ROUNDS):
            before = self.written()
            waits = self.resting()
            self.round(full=number < 2)
            busy = self.written() != before or self.pending() or waits
            self.env.sleep(65)
            if (not busy and number) or self.stopped():
                return
        raise Endless(f"still busy after {QUIET_ROUNDS} quiet cycles: {self.pending()} pending")

    def _at_rest(self) -> list[str]:
        """Two more cycles, one of them a complete read, do nothing at all."""
        before, story, cases = self.written(), len(self.story()), len(self.issues(state=None))
        for full in (False, True):
            self.round(full=full)
            self.env.sleep(65)
        wrong = []
        if self.written() != before:
            last = {name: system.log[before[name] :][:3] for name, system in self.systems.items()}
            wrong.append(f"restless: idle cycles write: {last}")
        if len(self.story()) != story or len(self.issues(state=None)) != cases:
            wrong.append(f"restless: idle cycles tell a story: {self.story()[story:][:3]}")
        return wrong


__all__ = ["Outcome", "Play", "run_case"]
