"""Stewards and administrators: they decide cases, pause and resume, undo, change schemas and mappings in mid-run.

In the end a steward also settles everything that is left, so that the two books must fit without any excuse.
"""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from typing import Any

from hefu.core.errors import HubError
from hefu.engine import desk, undo
from hefu.engine.hub import Hub
from hefu.sim.storm.case import Event
from hefu.sim.storm.scene import Scene
from hefu.sim.storm.world import define, objects
from hefu.store import issues

KINDS = ("settle", "retry", "decide_delete", "undo", "skip", "pause", "resume")


class Office:
    """Whoever looks after the hub."""

    def __init__(self, play: Scene) -> None:
        self.play = play
        self.paused: set[str] = set()

    def act(self, event: Event) -> None:
        """Somebody at the desk does it, if there is anything of the kind."""
        with self.play.turns.aside():
            try:
                self._act(self.play.new_hub(), event, random.Random(event.pick))
            except HubError as error:
                self.play.turns.note(f"refused {error.code}")

    def _act(self, hub: Hub, event: Event, chance: random.Random) -> None:
        if event.kind == "pause":
            scope = chance.choice(("flow:all", f"connection:{self.play.case.shape.first}"))
            desk.pause(hub, scope, "admin")
            self.paused.add(scope)
        elif event.kind == "resume":
            for scope in sorted(self.paused):
                desk.resume(hub, scope, "admin")
            self.paused.clear()
        elif event.kind == "undo":
            self._undo(hub, chance)
        else:
            wanted = {
                "settle": ("conflict",), "retry": ("rejected",), "decide_delete": ("deleted", "delete_edit"),
                "skip": ("overruled", "loss"),
            }[event.kind]  # fmt: skip
            found = self.play.issues(*wanted)
            if found:
                self._settle(hub, chance.choice(found), chance)

    def _undo(self, hub: Hub, chance: random.Random) -> None:
        rows = [row for row in self.play.story() if row["kind"] in ("changed", "decided")]
        if rows:
            undo.undo_last(hub, chance.choice(rows)["golden_id"], "steward")

    # ----------------------------------------------------------------- the end

    def settle_all(self, chance: random.Random) -> int:
        """Decide everything that is open; how many cases that were."""
        hub, done = self.play.new_hub(), 0
        with self.play.turns.aside():
            for case in self.play.issues():
                try:
                    done += self._settle(hub, case, chance)
                except HubError as error:
                    if error.code != "desk.closed":
                        raise
        return done

    def _settle(self, hub: Hub, case: Mapping[str, Any], chance: random.Random) -> bool:
        kind = case["kind"]
        if kind == "conflict":
            desk.settle_conflict(hub, case["id"], chance.choice(("ours", "theirs")), None, "steward")
        elif kind in ("rejected", "unknown_outcome"):
            self._make_way(case)
            desk.retry(hub, case["id"], "steward")
        elif kind in ("deleted", "delete_edit"):
            choice = chance.choice(("delete", "keep", "restore"))
            desk.settle_delete(hub, case["id"], choice, "steward")
            if choice == "keep":
                self.play.kept_apart.add(case["golden_id"])
        elif kind == "flood":
            desk.resume(hub, case["field"], "steward", approve=True)
        elif kind in ("overruled", "loss"):
            desk.skip(hub, case["id"], "seen", "steward")
            return False
        else:
            return False
        return True

    def _make_way(self, case: Mapping[str, Any]) -> None:
        """Where a locked document was the reason, somebody opens it in that system first."""
        system, facts = self.play.systems[case["connection"]], case["facts"]
        if facts.get("code") in ("document.locked", "memory.locked") and facts.get("object") == "order":
            try:
                system.act("order", "reopen", facts["record_id"], who="people")
            except HubError:
                return

    # ------------------------------------------------------------------ schema

    def change(self, event: Event) -> None:
        """The administrator of a system, or of the hub, changes its shape; `restore` takes all of it back."""
        play, system, shape = self.play, self.play.systems[event.where], self.play.case.shape
        if event.what == "new_mapping":
            play.version += 1
        elif event.what == "clock_jump":
            skews = (3600.0, -3600.0, 0.0, 240.0)
            play.skews[event.where] = random.Random(event.pick).choice(skews)
            self._define_all(event.where)
        elif event.what == "object_hidden":
            system.denied.add("customer")
        elif event.what == "field_gone":
            names = ("name", "note", "address")
            define(system, shape, "customer", without=random.Random(event.pick).choice(names), skew=self._skew(event))
        elif event.what == "field_required":
            define(system, shape, "customer", required="region", skew=self._skew(event))
        elif event.what == "option_gone":
            define(system, shape, "customer", without="level", skew=self._skew(event))

    def _skew(self, event: Event) -> float | None:
        return self.play.skews.get(event.where)

    def _define_all(self, name: str) -> None:
        for obj in objects(self.play.case.shape):
            define(self.play.systems[name], self.play.case.shape, obj, skew=self.play.skews.get(name))

    def restore(self) -> None:
        """Everything has its old shape again, and nobody's pause is in force."""
        for name, system in self.play.systems.items():
            system.denied.clear()
            self._define_all(name)
        self.play.version += self.play.version % 2
        with self.play.turns.aside():
            hub = self.play.new_hub()
            for scope in sorted(self.paused):
                desk.resume(hub, scope, "admin")
            for scope in self._stopped(hub):
                desk.resume(hub, scope, "admin")
        self.paused.clear()

    @staticmethod
    def _stopped(hub: Hub) -> Sequence[str]:
        with hub.store.look() as tx:
            found = issues.list_issues(tx, kinds=("paused", "drift"))
        return sorted({row["field"] if ":" in row["field"] else f"mapping:{row['field']}" for row in found})


__all__ = ["KINDS", "Office"]
