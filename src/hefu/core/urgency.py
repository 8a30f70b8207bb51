"""Whether the work in hand is urgent: the engine says it once around the work, the way out asks for every call.

It goes along with the work, not through the connectors, which need not know of it; what hands work to other threads
hands this on (`carried`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar, copy_context
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
R = TypeVar("R")

URGENT = 1
"""The priority of urgent work; 5 is normal, 9 bulk."""

_urgent: ContextVar[bool] = ContextVar("hefu_urgent", default=False)


@contextmanager
def urgently(yes: bool = True) -> Iterator[None]:
    """What is done inside is urgent (or not): first in every queue, and with the calls that are kept for it."""
    mark = _urgent.set(yes)
    try:
        yield
    finally:
        _urgent.reset(mark)


def is_urgent() -> bool:
    """Whether the work in hand is."""
    return _urgent.get()


def carried(work: Callable[P, R]) -> Callable[P, R]:
    """`work`, as urgent in any thread as it is here. Each call has a context of its own."""
    here = copy_context()
    return lambda *args, **kwargs: here.copy().run(work, *args, **kwargs)


__all__ = ["URGENT", "carried", "is_urgent", "urgently"]
