"""What can go wrong, named by what to do next.

A connector, the store or a document raises one of these; the engine branches on the class alone, while `code`
(documented in docs/reference/errors.md, worded in two languages in `words.py`) tells a person what happened.
"""

from __future__ import annotations

from typing import ClassVar


class HubError(Exception):
    """An error that a person can act on.

    `code` is a key of `words.ERRORS`, such as "net.timeout"; `facts` fill the placeholders of its text.
    """

    action: ClassVar[str] = "fix"

    def __init__(self, code: str, **facts: object) -> None:
        super().__init__(code, facts)
        self.code = code
        self.facts = facts

    def __str__(self) -> str:
        told = ", ".join(f"{name}={value}" for name, value in self.facts.items())
        return f"{self.code}({told})"


class Transient(HubError):
    """Try again later, after `after` seconds if the system said so. The call surely had no effect."""

    action = "retry"

    def __init__(self, code: str, *, after: float | None = None, **facts: object) -> None:
        super().__init__(code, **facts)
        self.after = after


class Unanswered(HubError):
    """A write whose outcome is unknown (time-out, cut, gateway error): look before writing again."""

    action = "look"


class Rejected(HubError):
    """The system refuses this record's data; `field` is the one it blames, in its own terms."""

    action = "fix"

    def __init__(self, code: str, *, field: str | None = None, **facts: object) -> None:
        super().__init__(code, **facts)
        self.field = field


class Stale(HubError):
    """The record changed since we saw it: read, merge, write again."""

    action = "reread"


class Missing(HubError):
    """The record is gone."""

    action = "gone"


class Denied(HubError):
    """Credentials or rights: pause the connection and call a person."""

    action = "pause"


class Unsupported(HubError):
    """Our own configuration is wrong: a field, an object or an ability that is not there."""

    action = "configure"
