"""Where a reading stands in a system that is asked by time but lists by id.

Its list is in the order of ids, so no page tells how far in time the reading has come: only the end of the whole list
moves the watermark, to the moment at which the first page was asked for.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from typing import Any, NamedTuple

from hefu.core.env import instant, stamp
from hefu.core.errors import Unsupported

Row = Mapping[str, Any]


class IdCursor(NamedTuple):
    """Changes before `at` are known (None: nothing yet). `began`, `on`: a reading under way, since when, up to which
    id."""

    at: datetime | None
    began: datetime | None = None
    on: str = ""

    def walk(
        self, ask: Callable[[str], tuple[list[Row], datetime]], page: int, key: str
    ) -> Iterator[tuple[list[Row], str]]:
        """The rest of the list: full pages of `page` rows and a last one, each with the cursor after it.

        `ask` gives the rows after an id (its field is `key`; blank: from the beginning) and the system's clock.
        """
        on, began = self.on, self.began
        while True:
            rows, at = ask(on)
            began = began or at
            if len(rows) < page:
                yield rows, self.ended(began)
                return
            on = str(rows[-1][key])
            yield rows, self.onward(began, on)

    def text(self) -> str:
        """As the hub keeps it."""
        told = {"at": self.at and stamp(self.at), "began": self.began and stamp(self.began), "on": self.on}
        return json.dumps({name: value for name, value in told.items() if value})

    def onward(self, began: datetime, on: str) -> str:
        """After a page that was not the last."""
        return IdCursor(self.at, began, on).text()

    def ended(self, began: datetime) -> str:
        """After the last page."""
        return IdCursor(max(began, self.at) if self.at else began).text()

    @classmethod
    def parse(cls, kept: str | None, connection: str, code: str) -> IdCursor:
        """Raises Unsupported with that code for a text that is none of ours."""
        if kept is None:
            return cls(None)
        try:
            told = json.loads(kept)
            at, began = (instant(told[n]) if n in told else None for n in ("at", "began"))
            on = told.get("on", "")
            if not (at or began) or any(t and t.tzinfo is None for t in (at, began)) or not isinstance(on, str):
                raise ValueError(kept)
        except (ValueError, TypeError, KeyError, AttributeError):
            raise Unsupported(code, connection=connection, cursor=kept[:80]) from None
        return cls(at, began, on)
