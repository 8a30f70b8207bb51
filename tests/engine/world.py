"""A small world for acceptance tests: systems in memory, people, workers, and whatever may go wrong meanwhile.

A story is told to a `World`; a `Fate` says what else happens while it is told: the hub is killed at the n-th step,
events arrive three times, three workers share the store, the ERP is read before the CRM. A step is a call to a system
(before it, and before its answer arrives) or a commit (before it, and right after it). After a kill everything that
was not committed is gone, and a new hub starts from the store alone.
"""

from __future__ import annotations

import functools
import os
import random
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from comparer import differences
from pair import TestEnv
from sqlalchemy import func, select

from hefu.connectors.memory import Call, Manners, MemorySystem, open_memory
from hefu.core.connector import Connector
from hefu.core.errors import HubError
from hefu.core.project import Connection, Entity, Flow, Project
from hefu.core.project import Mapping as MappingDoc
from hefu.core.records import Field
from hefu.engine.hub import Hub, Run
from hefu.engine.worker import cycle, hint
from hefu.store import issues, runs
from hefu.store.db import Store, Tx, text
from hefu.store.tables import change, intent, link, metadata


class Killed(BaseException):
    """The process dies here: nobody may catch this."""


@dataclass(frozen=True)
class Fate:
    """What happens to the hub while a story is told."""

    name: str = "undisturbed"
    first: str = "crm"
    events: int = 0
    workers: int = 1
    kill_at: int | None = None
    url: str = "sqlite://"
    seed: int = 0
    threads: bool = False

    def __str__(self) -> str:
        return self.name


FATES = (
    Fate(),
    Fate("the ERP is read first", first="erp"),
    Fate("each event arrives three times", events=3),
    Fate("three workers", workers=3, seed=1),
    Fate("three workers, the ERP first, events three times", first="erp", events=3, workers=3, seed=2),
)


@dataclass
class Thing:
    """One kind of record in one system."""

    name: str
    fields: Sequence[Field]
    manners: Manners
    key: Sequence[str] = ()
    state: str | None = None
    locked: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


class WorldEnv(TestEnv):
    """A clock that also moves a little whenever somebody looks at it."""

    def now(self) -> datetime:
        self.at += timedelta(microseconds=1)
        return self.at


class BenchTx(Tx):
    """All databases go by the world's clock."""

    def now(self) -> str:
        return text(self.store.env.now())


class BenchStore(Store):
    """Every commit is a step at which the process may die; calls to systems have no place inside a transaction."""

    steps: Steps

    @contextmanager
    def begin(self) -> Iterator[Tx]:
        self.steps.alive()
        if self._rehearsal is None:
            self.steps.switch()
        with super().begin() as tx:
            self.steps.inside.open = True
            try:
                yield BenchTx(tx.conn, self)
                self.steps.step("before commit")
            finally:
                self.steps.inside.open = False
        self.steps.step("after commit")

    @contextmanager
    def look(self) -> Iterator[Tx]:
        self.steps.alive()
        with super().look() as tx:
            yield BenchTx(tx.conn, self)


class Steps:
    """Counts the steps of all workers, kills at one of them, and passes the turn from worker to worker."""

    def __init__(self, kill_at: int | None, seed: int) -> None:
        self.count, self.kill_at, self.dead = 0, kill_at, False
        self.names: list[str] = []
        self.chance = random.Random(seed)
        self.turns: list[threading.Event] = []
        self.running: list[int] = []
        self.inside = threading.local()
        self.me = threading.local()
        self.between: Callable[[str], None] = lambda _: None

    def alive(self) -> None:
        if self.dead:
            raise Killed

    def step(self, name: str) -> None:
        self.alive()
        self.count += 1
        self.names.append(name)
        if self.count == self.kill_at:
            self.kill(name)
        self.between(name)
        if not getattr(self.inside, "open", False):
            self.switch()

    def kill(self, name: str) -> None:
        """The process dies: whatever its threads do next, they do not."""
        self.dead = True
        raise Killed(name)

    # a turn belongs to one worker at a time, so that a run with workers is the same every time

    def switch(self) -> None:
        if len(self.running) < 2 or getattr(self.me, "number", None) is None:
            return
        self._pass_on(self.me.number, self.chance.choice(self.running))

    def _pass_on(self, mine: int, chosen: int) -> None:
        if chosen != mine:
            self.turns[mine].clear()
            self.turns[chosen].set()
            self.turns[mine].wait()

    def together(self, works: Sequence[Callable[[], None]]) -> None:
        """Run all of these, switching between them at every step. Raises what the first of them raised."""
        self.turns = [threading.Event() for _ in works]
        self.running = list(range(len(works)))
        errors: list[BaseException] = []

        def run(number: int) -> None:
            self.me.number = number
            self.turns[number].wait()
            try:
                works[number]()
            except BaseException as error:  # handed to the caller
                errors.append(error)
            self.running.remove(number)
            if self.running:
                self.turns[self.chance.choice(self.running)].set()

        threads = [threading.Thread(target=run, args=(n,)) for n in range(len(works))]
        for thread in threads:
            thread.start()
        self.turns[0].set()
        for thread in threads:
            thread.join()
        self.running = []
        if errors:
            raise next((e for e in errors if isinstance(e, Killed)), errors[0])


class Watch:
    """Between the hub and a system: steps of the hub, and whatever a story adds."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.on_call: list[Callable[[Call], None]] = []
        self.on_answer: list[Callable[[Call], None]] = []

    def before(self, call: Call) -> None:
        self.world.happen()
        assert not getattr(self.world.steps.inside, "open", False), f"{call.verb} inside a transaction"
        for act in list(self.on_call):
            act(call)
        self.world.steps.step(f"before {call.verb}")

    def after(self, call: Call) -> None:
        for act in list(self.on_answer):
            act(call)
        self.world.steps.step(f"after {call.verb}")


@dataclass
class World:
    """Systems, a project over them, a store, and hubs that work on it."""

    fate: Fate
    entities: Sequence[Mapping[str, Any]]
    systems_of: Mapping[str, Sequence[Thing]]
    mappings: Sequence[Mapping[str, Any]]
    guard: Mapping[str, Any] = field(default_factory=lambda: {"records": 100_000, "deletes": 100_000})
    connections: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    same: Callable[[str, Any, Any], bool] = lambda _field, a, b: a == b
    env: TestEnv = field(default_factory=WorldEnv)

    def __post_init__(self) -> None:
        self.steps = Steps(self.fate.kill_at, self.fate.seed)
        self.systems = {name: MemorySystem(name, self.env.now) for name in self.systems_of}
        self.watch = {}
        for name, system in self.systems.items():
            for thing in self.systems_of[name]:
                system.define(
                    thing.name, thing.fields, thing.manners, key=thing.key, state=thing.state, locked=thing.locked
                )
            system.hook = self.watch[name] = Watch(self)
        self.crm, self.erp = self.systems["crm"], self.systems["erp"]
        self.store = BenchStore(self.fate.url, self.env)
        self.store.steps = self.steps
        metadata.drop_all(self.store.engine)
        self.store.create()
        self.told = dict.fromkeys(self.systems, 0)
        self.marks = dict.fromkeys(self.systems, 0)
        self.version = 1
        self.coming: list[tuple[datetime, Callable[[], Any]]] = []
        self.hubs = [self.new_hub() for _ in range(self.fate.workers)]

    # ------------------------------------------------------------------ project

    def project(self) -> Project:
        """The documents, with the connection that fate reads first at the front."""
        docs = [MappingDoc.model_validate(d) for d in self.mappings]
        docs.sort(key=lambda d: d.connection != self.fate.first)
        flow = {"flow": "all", "mappings": [d.mapping for d in docs], "guard": dict(self.guard)}
        base = {"connector": "memory", "lateness": 60, "limits": {"timeout": "5s"}}
        return Project(
            connections={
                n: Connection.model_validate({"connection": n, **base, **self.connections.get(n, {})})
                for n in self.systems
            },
            entities={d["entity"]: Entity.model_validate(d) for d in self.entities},
            mappings={d.mapping: d for d in docs},
            flows={"all": Flow.model_validate(flow)},
            version=self.version,
        )

    def new_hub(self) -> Hub:
        """A hub that knows nothing but what is committed."""
        lines: dict[str, Connector] = {}

        def connect(name: str) -> Connector:
            if name not in lines:
                lines[name] = open_memory(self.systems[name], sleep=self.env.sleep)
            return lines[name]

        return Hub(self.store, self.env, self.project(), connect, worker_id=self.env.new_id())

    @property
    def hub(self) -> Hub:
        """The first worker's hub."""
        return self.hubs[0]

    # ------------------------------------------------------------------ working

    def at(self, moment: datetime, doing: Callable[[], Any]) -> None:
        """At that time, or at the first call of the hub after it, this happens."""
        self.coming.append((moment, doing))

    def happen(self) -> None:
        """What was to happen by now happens."""
        due = [item for item in self.coming if item[0] <= self.env.now()]
        self.coming = [item for item in self.coming if item not in due]
        for _, doing in due:
            doing()

    def work(self, doing: Callable[[Hub], Any]) -> None:
        """All workers do this; if the process is killed, a new one starts and does it again."""
        for _ in range(20):
            try:
                if len(self.hubs) == 1:
                    doing(self.hub)
                elif self.fate.threads:
                    self._at_once(doing)
                else:
                    self.steps.together([lambda h=h: doing(h) for h in self.hubs])  # type: ignore[misc]
                return
            except Killed:
                self.steps.dead = False
                self.hubs = [self.new_hub() for _ in self.hubs]
                self.env.sleep(1)
        raise AssertionError("killed too often")

    def person(self, doing: Callable[[Hub], Any]) -> Any:
        """A person at the desk does this once; after a crash they look whether it is done already."""
        out: list[Any] = []

        def once(hub: Hub) -> None:
            try:
                out.append(doing(hub))
            except HubError as error:
                if error.code not in ("desk.closed",):
                    raise

        hubs, self.hubs = self.hubs, self.hubs[:1]
        self.work(once)
        self.hubs = self.hubs + hubs[1:]
        return out[-1] if out else None

    def _at_once(self, doing: Callable[[Hub], Any]) -> None:
        errors: list[BaseException] = []

        def run(hub: Hub) -> None:
            try:
                doing(hub)
            except BaseException as error:  # handed to the caller
                errors.append(error)

        threads = [threading.Thread(target=run, args=(h,)) for h in self.hubs]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        if errors:
            raise errors[0]

    def cycle(self, *, full: bool = False, guarded: bool = True) -> list[Run]:
        """One round of all workers, after the events of what happened since the last one."""
        done: list[Run] = []
        if self.fate.events:
            self._events()
        self.work(lambda hub: done.append(self._one_cycle(hub, full, guarded)))
        return done

    def _one_cycle(self, hub: Hub, full: bool, guarded: bool) -> Run | None:
        return self._cycle_of(hub, "all", full, guarded)

    def _cycle_of(self, hub: Hub, flow: str, full: bool, guarded: bool = True) -> Run | None:
        try:
            return cycle(hub, hub.project.flows[flow], full=full, guarded=guarded)
        except HubError as error:
            if error.action == "retry" and error.code.startswith("store."):  # another worker was faster: come again
                return None
            raise

    def _events(self) -> None:
        """Each change is told to the hub, the hub's own ones too, repeatedly and newest first."""
        for name, system in self.systems.items():
            news = [(e.object, e.id) for e in system.log[self.told[name] :]]
            self.told[name] = len(system.log)
            for obj, record_id in reversed(dict.fromkeys(news)):
                for _ in range(self.fate.events):
                    self.work(lambda hub, n=name, o=obj, i=record_id: self._hint(hub, n, o, i))  # type: ignore[misc]

    def _hint(self, hub: Hub, connection: str, obj: str, record_id: str) -> None:
        try:
            hint(hub, connection, obj, record_id)
        except HubError as error:
            if error.action not in ("retry", "gone", "pause"):
                raise

    def sync(self, *, rounds: int = 60, seconds: float = 40.0, full: bool = False) -> None:
        """Let the hub work until it has nothing left to do that time alone could settle."""
        for _ in range(rounds):
            before = sum(len(s.log) for s in self.systems.values())
            waits = self.resting()
            self.cycle(full=full)
            busy = sum(len(s.log) for s in self.systems.values()) != before or self.pending() or waits
            self.env.sleep(seconds)
            if not busy or self.stopped():
                return
        raise AssertionError(f"still busy: {self.pending()} pending")

    def stopped(self) -> bool:
        """Whether a flow waits for a person."""
        with self.store.look() as tx:
            return any(scope.startswith("flow:") for scope in runs.paused(tx))

    def resting(self) -> bool:
        """Whether some connection or mapping is left alone for a while, after a fault."""
        with self.store.look() as tx:
            stopped = runs.paused(tx)
        return any(row["until_at"] is not None and not scope.startswith("deletes:") for scope, row in stopped.items())

    def pending(self) -> int:
        """Links that are due and not waiting for a person, and writes whose outcome is still looked up."""
        horizon = text(self.env.later(86400))
        with self.store.look() as tx:
            due = tx.run(
                select(func.count())
                .select_from(link)
                .where(link.c.due_at.is_not(None), func.coalesce(link.c.waits, "") != "person")
                .where(func.coalesce(link.c.waits, "") != "outcome")
            ).scalar()
            unknown = tx.run(
                select(func.count())
                .select_from(intent)
                .where(intent.c.state.in_(("open", "unknown")), func.coalesce(intent.c.probe_at, "") < horizon)
            ).scalar()
        return int(due or 0) + int(unknown or 0)

    # ------------------------------------------------------------------ looking

    def mark(self) -> None:
        """Writes are counted from here."""
        self.marks = {name: len(system.log) for name, system in self.systems.items()}

    def writes(self, name: str, obj: str | None = None) -> list[Any]:
        """What the hub wrote to a system since the mark, as that system counts."""
        log = self.systems[name].log[self.marks[name] :]
        return [e for e in log if e.who == "hub" and obj in (None, e.object)]

    def issues(self, *kinds: str, state: str | None = "open") -> list[Mapping[str, Any]]:
        """Cases at the desk."""
        with self.store.look() as tx:
            return issues.list_issues(tx, kinds=kinds, state=state)

    def story(self) -> list[Mapping[str, Any]]:
        """All changes that were recorded, oldest first, decoded."""
        from hefu.store.db import from_json

        with self.store.look() as tx:
            rows = tx.run(select(change).order_by(change.c.id)).mappings().all()
        return [{**row, "moved": from_json(row["moved"])} for row in rows]

    def links(self, **where: Any) -> list[Mapping[str, Any]]:
        """Rows of the cross-reference."""
        with self.store.look() as tx:
            statement = select(link).order_by(link.c.id)
            for name, value in where.items():
                statement = statement.where(link.c[name] == value)
            return [dict(row) for row in tx.run(statement).mappings()]

    def unexplained(self) -> list[str]:
        """Field-level reconciliation: every difference between the systems that nothing explains."""
        return differences(self, self.same)

    def at_rest(self, cycles: int = 10) -> None:
        """Ten idle cycles write nothing, and the two books fit."""
        before = {name: len(system.log) for name, system in self.systems.items()}
        for n in range(cycles):
            self.cycle(full=n == cycles - 1)
            self.env.sleep(40)
        after = {name: len(system.log) for name, system in self.systems.items()}
        assert after == before, {n: s.log[before[n] :] for n, s in self.systems.items()}
        assert self.unexplained() == []

    def close(self) -> None:
        """Give the database back."""
        self.store.close()


Story = Callable[[World], Any]


def tell(story: Story, make: Callable[[Fate], World], fate: Fate, idle: int = 10) -> Any:
    """Tell a story under a fate; what it returns is its end state."""
    world = make(fate)
    try:
        end = story(world)
        world.at_rest(idle)
        return end
    finally:
        world.close()


@functools.cache
def undisturbed(story: Story, make: Callable[[Fate], World]) -> Any:
    """The end of a story that nothing disturbs, told once for all the fates that must come to the same."""
    return tell(story, make, Fate(), idle=1)


def kill_everywhere(story: Story, make: Callable[[Fate], World], *, at_most: int = 40, url: str = "sqlite://") -> int:
    """Tell the story once undisturbed, then again for each of its steps with the hub killed there.

    The end must be the same each time. More than `at_most` steps are sampled evenly, the first and last included;
    HEFU_FULL=1 tries every one. Returns how many kills were tried.
    """
    world = make(Fate(url=url))
    end = story(world)
    steps = world.steps.count
    world.close()
    tried = (
        range(1, steps + 1)
        if steps <= at_most or os.environ.get("HEFU_FULL")
        else sorted({1 + n * (steps - 1) // (at_most - 1) for n in range(at_most)})
    )
    for n in tried:
        fate = Fate(f"killed at step {n}", kill_at=n, url=url)
        try:
            found = tell(story, make, fate, idle=3)
        except AssertionError as error:
            error.add_note(f"the hub was killed at step {n} of {steps}: {world.steps.names[n - 1]}")
            raise
        assert found == end, f"killed at step {n} of {steps} ({world.steps.names[n - 1]})"
    return len(tried)
