"""What is told of what rules find: watched, told once, told again, told to be over; one cause an hour to one owner.

`turn` compares what is so with what was known, in one transaction; messages are only written down here and sent by
others, so that a mail server that is away loses nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from hefu.core.alerts import Alert
from hefu.core.project import Project
from hefu.insight.alerts import Cause, find
from hefu.store import notices
from hefu.store.db import Store, Tx, instant, text

QUIET = timedelta(hours=1)
"""One owner hears of one cause once in so long."""

SETTLED = timedelta(seconds=60)
"""What was not seen for so long is over: a system that comes and goes is one event."""

Key = tuple[str, str, str]
"""Rule, cause, owner."""


@dataclass(frozen=True)
class Due:
    """A cause as it concerns one owner under one rule."""

    cause: Cause
    rule: Alert
    to: tuple[str, ...]


def owners(rule: Alert) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Who hears of what a rule finds, and how: where nobody is named, each recipient hears for itself."""
    if rule.owner or not rule.to:
        yield rule.owner, tuple(dict.fromkeys(rule.to))
    else:
        yield from ((one, (one,)) for one in dict.fromkeys(rule.to))


def turn(store: Store, project: Project) -> int:
    """Bring the notices up to date with what is so; how many messages were written down.

    Reads first: in a hub that is well nothing is written.
    """
    with store.look() as tx:
        if not _Turn(tx, project).changes():
            return 0
    with store.begin() as tx:
        tx.lock_name("notices")  # of several workers one tells
        told = _Turn(tx, project).make()
        notices.drop_old(tx)
    return told


class _Turn:
    def __init__(self, tx: Tx, project: Project) -> None:
        self.tx, self.project = tx, project
        self.now = instant(tx.now())
        self.rules = project.alerts.alerts if project.alerts is not None else {}
        self.so: dict[Key, Due] = {}
        for (name, key), cause in find(tx, project).items():
            for owner, to in owners(self.rules[name]):
                self.so[name, key, owner] = Due(cause, self.rules[name], to)
        self.known: dict[Key, dict[str, Any]] = {
            (row["rule"], row["cause"], row["owner"]): row for row in notices.living(tx)
        }

    def changes(self) -> bool:
        """Whether there is anything to write."""
        return bool(
            self.so.keys() - self.known.keys()
            or any(True for _ in self._stale())
            or any(True for _ in self._vanished())
            or self._to_tell()
        )

    def make(self) -> int:
        """Write it; how many messages."""
        for key, due in self.so.items():
            if key not in self.known:
                opened = min(due.cause.since, self.tx.now())
                facts = facts_of(due, opened)
                new_id = notices.watch(self.tx, *key, facts, opened)
                self.known[key] = {
                    "id": new_id, "state": "watching", "facts": facts, "opened_at": opened, "gone_at": None,
                    "told_at": None,
                }  # fmt: skip
        for row, values in list(self._stale()):
            notices.change(self.tx, row["id"], **values)
            row.update(values)
        said = self._end()
        for (owner, cause), keys in self._to_tell().items():
            self._tell(owner, cause, keys, said)
        for recipient, items in said.items():
            notices.say(self.tx, recipient, items)
        return len(said)

    # ------------------------------------------------------------------ what has changed

    def _stale(self) -> Iterator[tuple[dict[str, Any], dict[str, Any]]]:
        """Notices whose facts have moved, or that are seen again."""
        for key, due in self.so.items():
            row = self.known.get(key)
            if row is None:
                continue
            values: dict[str, Any] = {} if row["gone_at"] is None else {"gone_at": None}
            facts = facts_of(due, min(row["opened_at"], due.cause.since))
            if row["facts"] != facts:
                values["facts"] = facts
            if values:
                yield row, values

    def _vanished(self) -> Iterator[tuple[Key, Mapping[str, Any], bool]]:
        """Notices of what is not seen now and not yet noted so; True: that has lasted, it is over."""
        for key, row in self.known.items():
            if key in self.so:
                continue
            lasted = row["gone_at"] is not None and self.now - instant(row["gone_at"]) >= SETTLED
            if row["gone_at"] is None or lasted:
                yield key, row, lasted

    def _end(self) -> dict[str, list[notices.Item]]:
        """Note what has vanished; recipient -> what they are told to be over."""
        said: dict[str, list[notices.Item]] = {}
        ended: set[tuple[str, str]] = set()
        for key, row, lasted in list(self._vanished()):
            name, cause, owner = key
            if not lasted:
                notices.change(self.tx, row["id"], gone_at=self.tx.now())
                continue
            if row["state"] == "watching":
                notices.forget(self.tx, [row["id"]])
                continue
            notices.change(self.tx, row["id"], state="over", over_at=self.tx.now())
            to = dict(owners(self.rules[name])).get(owner, ()) if name in self.rules else ()
            if (owner, cause) not in ended:
                ended.add((owner, cause))
                for recipient in to:
                    said.setdefault(recipient, []).append(_item("over", cause, row))
        return said

    # ------------------------------------------------------------------ telling

    def _to_tell(self) -> dict[tuple[str, str], list[Key]]:
        """(owner, cause) -> what of it is to be told now."""
        hushed = {row["rule"] for row in notices.hushed(self.tx)}
        if None in hushed:
            return {}
        told = notices.last_told(self.tx, text(self.now - QUIET))
        out: dict[tuple[str, str], list[Key]] = {}
        for key, due in self.so.items():
            name, cause, owner = key
            row = self.known.get(key)
            if name not in hushed and (owner, cause) not in told and row is not None and self._is_due(due, row):
                out.setdefault((owner, cause), []).append(key)
        return out

    def _is_due(self, due: Due, row: Mapping[str, Any]) -> bool:
        if row["state"] == "watching":
            return self.now - instant(row["opened_at"]) >= due.cause.wait
        again = due.rule.again
        return again is not None and self.now - instant(row["told_at"]) >= max(again, QUIET)

    def _tell(self, owner: str, cause: str, keys: Sequence[Key], said: dict[str, list[notices.Item]]) -> None:
        what = "raised" if any(self.known[key]["state"] == "watching" for key in keys) else "again"
        recipients = dict.fromkeys(to for key in keys for to in self.so[key].to)
        for key in keys:
            notices.change(self.tx, self.known[key]["id"], state="told", told_at=self.tx.now())
        for recipient in recipients:
            said.setdefault(recipient, []).append(_item(what, cause, self.known[keys[0]]))


def facts_of(due: Due, since: str) -> dict[str, Any]:
    """What a notice keeps of a cause: enough to word it later, in any language."""
    cause = due.cause
    known = {name: value for name, value in cause.facts.items() if value not in (None, "")}
    head = {"on": due.rule.on, "count": cause.count, "since": since, "link": cause.link}
    return {**head, **({"owner": due.rule.owner} if due.rule.owner else {}), **known}


def _item(what: str, cause: str, row: Mapping[str, Any]) -> notices.Item:
    return {"what": what, "cause": cause, "notice": row["id"], **row["facts"]}


__all__ = ["QUIET", "SETTLED", "facts_of", "owners", "turn"]
