"""Known bugs of this kind of product, each as a switch that breaks the engine inside the simulator and nowhere else.

They prove that the simulator bites: every one must fail some seed within its budget. A switch replaces a function of
the engine while it is on; the engine itself knows nothing of it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

Swap = Callable[[Any, str, Any], None]
"""(module or class, name, replacement): in force until the switch is turned off."""


@dataclass(frozen=True)
class Bug:
    """A switch. `budget`: seeds within which it must be found; `seed`: one that found it, if known."""

    name: str
    says: str
    budget: int
    seed: int | None
    plant: Callable[[Swap], None]


BUGS: dict[str, Bug] = {}


def bug(budget: int, seed: int | None = None) -> Callable[[Callable[[Swap], None]], Callable[[Swap], None]]:
    """Register a switch under the name of its function."""

    def register(plant: Callable[[Swap], None]) -> Callable[[Swap], None]:
        says = (plant.__doc__ or "").strip()
        BUGS[plant.__name__] = Bug(plant.__name__, says, budget, seed, plant)
        return plant

    return register


@contextmanager
def planted(name: str) -> Iterator[None]:
    """The engine with this bug ("" = none). Raises KeyError for an unknown one."""
    old: list[tuple[Any, str, Any]] = []

    def swap(place: Any, attribute: str, new: Any) -> None:
        old.append((place, attribute, getattr(place, attribute)))
        setattr(place, attribute, new)

    try:
        if name:
            BUGS[name].plant(swap)
        yield
    finally:
        for place, attribute, was in reversed(old):
            setattr(place, attribute, was)


from hefu.sim.storm.bugs import delivery, merging, outcomes, progress, reading  # noqa: E402, F401 - they register

__all__ = ["BUGS", "Bug", "planted"]
