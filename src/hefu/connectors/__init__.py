"""One file per kind of system, found by name: its module, else an entry point in the group `hefu.connectors`."""

from __future__ import annotations

import difflib
import importlib
import importlib.util
import pkgutil
import sys
from functools import cache
from importlib.metadata import EntryPoint, entry_points

from hefu.core.connector import Connector
from hefu.core.errors import Unsupported

GROUP = "hefu.connectors"


def names() -> list[str]:
    """Every connector that `find` knows, ours first, then those of other packages."""
    ours = sorted(m.name for m in pkgutil.iter_modules(__path__) if not m.name.startswith("_"))
    return ours + sorted({e.name for e in _others(tuple(sys.path))} - set(ours))


def find(name: str) -> type[Connector]:
    """The connector of that name.

    Raises Unsupported with the nearest right name for an unknown one, and for one whose library is not installed.
    """
    known = names()
    if name not in known:
        near = (difflib.get_close_matches(name, known, 1, 0.5) or known)[0]
        raise Unsupported("connectors.unknown", name=name, nearest=near, known=", ".join(known))
    try:
        found = _load(name)
    except ImportError as error:
        raise Unsupported("connectors.needs", name=name, needs=error.name or str(error)) from error
    if not (isinstance(found, type) and issubclass(found, Connector)):
        raise Unsupported("connectors.none_inside", name=name)
    return found


def _load(name: str) -> object:
    if importlib.util.find_spec(f"{__name__}.{name}"):
        return getattr(importlib.import_module(f"{__name__}.{name}"), "CONNECTOR", None)
    return next(e for e in _others(tuple(sys.path)) if e.name == name).load()


@cache
def _others(_path: tuple[str, ...]) -> tuple[EntryPoint, ...]:
    """What other packages on the path offer; to look through all of them takes milliseconds."""
    return tuple(entry_points(group=GROUP))


__all__ = ["find", "names"]
