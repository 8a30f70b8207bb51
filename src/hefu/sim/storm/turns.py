"""The one thread of the simulation: every step of every worker passes here, and one worker at a time goes on.

Workers are threads only because Python has no other way to stop in the middle of a call; a baton makes sure that a
single one runs, and a seeded order says which. So the same case takes the same turns every time.
"""

from __future__ import annotations

import random
import threading
from collections.abc import Callable, Sequence
from hashlib import blake2b

from hefu.sim.storm.clock import StormEnv

MOST_STEPS = 30_000
"""A case that takes more does not come to rest."""


class Killed(BaseException):
    """The process dies here: nobody may catch this."""


class Endless(AssertionError):
    """The hub does not come to rest."""


class Turns:
    """Counts the steps, takes down the trace, and passes the turn from worker to worker.

    `between` is called at every step that lies outside of a transaction, and at those inside with `inside` True.
    """

    def __init__(self, env: StormEnv, seed: int) -> None:
        self.env = env
        self.count = 0
        self.trace = blake2b(digest_size=12)
        self.between: Callable[[str, bool], None] = lambda *_: None
        self._chance = random.Random(seed)
        self._gates: list[threading.Event] = []
        self._ready: list[int] = []
        self._me = threading.local()
        self._dead: set[int] = set()
        self._aside = 0
        self._died = False
        self._stalled: list[int] = []

    # ----------------------------------------------------------------- a step

    @property
    def mine(self) -> int:
        """The number of the worker that runs."""
        return getattr(self._me, "number", 0)

    @property
    def reader(self) -> int:
        """Whose mind it is: the worker that runs, or -1 for somebody at the desk, who does his work in between."""
        return -1 if self._aside else self.mine

    @property
    def others(self) -> bool:
        """Whether another worker could go on."""
        return len(self._ready) > 1

    @property
    def died(self) -> bool:
        """Whether a worker was killed in the last `together`."""
        return self._died

    def alive(self) -> None:
        """Raises Killed in a worker that is dead."""
        if self.mine in self._dead:
            raise Killed

    def note(self, what: str) -> None:
        """Put something into the trace."""
        self.trace.update(what.encode())
        self.trace.update(b"\n")

    def step(self, name: str, *, inside: bool = False) -> None:
        """A point at which anything may happen. Raises Killed, Endless."""
        self.alive()
        if self._aside:
            return
        self.count += 1
        self.note(f"{self.count} {self.mine} {self.env.at.timestamp():.6f} {name}")
        if self.count > MOST_STEPS:
            raise Endless("the hub does not come to rest")
        self.between(name, inside)
        self.alive()
        if not inside:
            self.switch()

    def aside(self) -> _Aside:
        """What is done in this context is no step: nothing happens meanwhile and no turn is passed on."""
        return _Aside(self)

    def kill(self, *, everybody: bool = False) -> None:
        """This worker (or all of them) does nothing any more. Raises Killed."""
        self._dead |= set(self._ready) | {self.mine} if everybody else {self.mine}
        raise Killed

    # ------------------------------------------------------------------ turns

    def switch(self) -> None:
        """Perhaps somebody else goes on."""
        if len(self._ready) > 1 and not self._aside:
            self._pass_to(self._chance.choice(self._ready))

    def stall(self) -> None:
        """Let the others go on until they are through; then this worker wakes up and has missed it all."""
        mine = self.mine
        if len(self._ready) > 1 and not self._aside:
            self._ready.remove(mine)
            self._stalled.append(mine)
            self._pass_to(self._chance.choice(self._ready))

    def _pass_to(self, chosen: int) -> None:
        mine = self.mine
        if chosen != mine:
            self._gates[mine].clear()
            self._gates[chosen].set()
            self._gates[mine].wait()
            self.alive()

    def together(self, works: Sequence[Callable[[], None]]) -> list[BaseException]:
        """Run all of these, switching at every step; what each raised."""
        self._stalled = []
        errors: list[BaseException] = []
        if len(works) == 1:
            self._ready = [0]
            self._guarded(works[0], errors)
        else:
            self._threads(works, errors)
        self._ready = []
        self._died = bool(self._dead)
        self._dead.clear()
        return errors

    def _threads(self, works: Sequence[Callable[[], None]], errors: list[BaseException]) -> None:
        self._gates = [threading.Event() for _ in works]
        self._ready = list(range(len(works)))

        def run(number: int) -> None:
            self._me.number = number
            self._gates[number].wait()
            self._guarded(works[number], errors)
            self._ready.remove(number)
            if not self._ready and self._stalled:
                self._ready.append(self._stalled.pop(0))
            if self._ready:
                self._gates[self._chance.choice(self._ready)].set()

        threads = [threading.Thread(target=run, args=(n,), daemon=True) for n in self._ready]
        for thread in threads:
            thread.start()
        self._gates[0].set()
        for thread in threads:
            thread.join()

    @staticmethod
    def _guarded(work: Callable[[], None], errors: list[BaseException]) -> None:
        try:
            work()
        except BaseException as error:  # noqa: BLE001 - handed to the caller
            errors.append(error)


class _Aside:
    def __init__(self, turns: Turns) -> None:
        self._turns = turns

    def __enter__(self) -> None:
        self._turns._aside += 1

    def __exit__(self, *_: object) -> None:
        self._turns._aside -= 1
