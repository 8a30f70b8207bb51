"""People who edit between any two calls of the hub, faults that strike any call, and the history that judges the end.

Every value that is typed is unique, so that the history can say of each what became of it: in force, replaced by
somebody who knew it, or listed as the loser of a conflict.
"""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Iterator
from typing import Any, NamedTuple

from world import Fate, Thing, World

from hefu.connectors.memory import Call, Manners, trim, upper
from hefu.core.errors import Denied, HubError, Transient, Unanswered
from hefu.core.records import Field
from hefu.engine import desk

FIELDS = ("name", "phone", "address", "terms", "note")
RULES = {
    "name": {},
    "phone": {"owner": "crm"},
    "address": {"conflict": "latest"},
    "terms": {"owner": "erp"},
    "note": {"conflict": "priority", "priority": ["erp", "crm"]},
}


class Typed(NamedTuple):
    """A person typed this."""

    number: int
    system: str
    record: str
    code: str
    field: str
    value: str


class Chaos:
    """A world under one seed."""

    def __init__(self, seed: int, **fate: Any) -> None:
        self.chance = chance = random.Random(seed)
        workers = chance.choice((1, 1, 2, 3))
        first = chance.choice(("crm", "erp"))
        self.rewrites = chance.random() < 0.3
        self.world = self._world(Fate(f"seed {seed}", first=first, workers=workers, seed=seed, **fate))
        self.typed: list[Typed] = []
        self.faults = chance.choice((0.0, 0.03, 0.1))
        self.kills = chance.choice((0.0, 0.0, 0.004, 0.01))
        self.edits = chance.choice((0.03, 0.1))
        self.wild = False
        self.world.steps.between = self._between
        for name, watch in self.world.watch.items():
            watch.on_call.append(lambda call, n=name: self._before(n, call))
            watch.on_answer.append(lambda call, n=name: self._after(n, call))

    def _manners(self, *, erp: bool) -> Manners:
        pick = self.chance.choice
        lag = pick((0.0, 0.0, 30.0))
        return Manners(
            create=pick(("token", "key", "upsert")),
            token_field="ref",
            conditional=pick(("version", "values", "version")),
            returns=pick((True, False)),
            batch=pick((1, 3, 100)),
            page=pick((1, 2, 100)),
            changes=pick(("full", "cursor", "cursor+deletes")),
            lag=lag,
            lateness=pick((0.0, 20.0)),
            stamps=pick((1e-6, 1.0)),
            skew=pick((0.0, 300.0)),
            rewrite={"*": [trim, upper]} if erp and self.rewrites else {},
        )

    def _world(self, fate: Fate) -> World:
        docs = {"code": {"type": "text"}, **{n: {"type": "text", **RULES[n]} for n in FIELDS}}
        entity = {"entity": "customer", "fields": docs, "match": [["code"]]}
        fields = [Field(n) for n in (*docs, "ref")]
        mappings = [
            {
                "mapping": f"{n}-customer",
                "connection": n,
                "object": "customer",
                "entity": "customer",
                "create": True,
                "fields": [{"field": f, "from": f} for f in docs],
            }
            for n in ("crm", "erp")
        ]
        things = {n: [Thing("customer", fields, self._manners(erp=n == "erp"), ("code",))] for n in ("crm", "erp")}
        return World(fate, [entity], things, mappings, same=self.same)

    def same(self, _field: str, a: Any, b: Any) -> bool:
        """Equal, up to the way of writing of an ERP that writes in capitals."""
        return a == b or (self.rewrites and bool(a) and bool(b) and a.upper() == b.upper())

    # ------------------------------------------------------------------- people

    def person(self) -> None:
        """Somebody types something somewhere."""
        system = self.chance.choice(("crm", "erp"))
        records = self.world.systems[system].all("customer")
        if not records or (len(records) < 6 and self.chance.random() < 0.2):
            self._create(system)
            return
        record = self.chance.choice(sorted(records))
        names = self.chance.sample(FIELDS, self.chance.choice((1, 1, 2)))
        self._note(system, record, records[record]["code"], names)

    def _create(self, system: str) -> None:
        other = self.world.systems["erp" if system == "crm" else "crm"].all("customer")
        mine = {row["code"].upper() for row in self.world.systems[system].all("customer").values()}
        known = [row["code"] for row in other.values() if row["code"].upper() not in mine and not self.wild]
        code = self.chance.choice(known) if known and self.chance.random() < 0.5 else f"K{len(self.typed)}"
        record = self.world.systems[system].create("customer", {"code": code}, who="people")
        self._note(system, record, code, self.chance.sample(FIELDS, 3))

    def _note(self, system: str, record: str, code: str, names: list[str]) -> None:
        values = {}
        for name in names:
            value = f"v{len(self.typed)}"
            self.typed.append(Typed(len(self.typed), system, record, code.upper(), name, value))
            values[name] = value
        self.world.systems[system].edit("customer", record, values, who="people")

    # ------------------------------------------------------------------- faults

    def _between(self, name: str) -> None:
        assert self.world.steps.count < 4_000, "the hub does not come to rest"
        if not self.wild:
            return
        if self.chance.random() < self.edits:
            self.person()
        if self.chance.random() < self.kills:
            self.world.steps.kill(name)

    def _before(self, system: str, call: Call) -> None:
        if not self.wild or self.chance.random() >= self.faults:
            return
        kind = self.chance.choice(("429", "down", "lost", "denied"))
        if kind == "429":
            raise Transient("memory.too_many_calls", after=self.chance.choice((1.0, None)), system=system)
        if kind == "denied" and self.chance.random() < 0.2:
            raise Denied("memory.no_right", system=system, user="hub", object="customer")
        if kind == "lost" and call.writes:
            raise Unanswered("net.timeout", connection=system)
        raise Transient("memory.unreachable", system=system)

    def _after(self, system: str, call: Call) -> None:
        if not self.wild or self.chance.random() >= self.faults:
            return
        if call.writes:
            raise Unanswered("net.cut", connection=system)
        raise Transient("memory.unreachable", system=system)

    # ------------------------------------------------------------------- running

    def run(self, rounds: int = 6) -> None:
        """Wild rounds, then peace; then a steward decides what is open."""
        for _ in range(3):
            self.person()
        self.world.env.sleep(60)
        self.wild = True
        for _ in range(rounds):
            self.world.cycle()
            self.world.env.sleep(self.chance.choice((1, 5, 40, 70)))
        self.wild = False
        self.world.env.sleep(60)  # until the slowest search shows what was typed last
        self.world.sync(seconds=65)
        self.judge()
        for case in self.world.issues("conflict"):
            take = self.chance.choice(("ours", "theirs"))
            self.world.person(lambda hub, c=case["id"], t=take: desk.settle_conflict(hub, c, t, None, "steward"))
        self.world.sync(seconds=65)
        assert self.world.issues("conflict") == []
        self.judge()
        self.world.at_rest(2)

    # ------------------------------------------------------------------- judging

    def judge(self) -> None:
        """The invariants of the design, by the history of values."""
        story, cases = self.world.story(), self.world.issues(state=None)
        odd = [c for c in cases if c["kind"] not in ("conflict", "paused", "overruled", "loss")]
        assert not odd, odd
        found = [*self._duplicates(), *self._lost(story, cases), *self._unknown(story), *self._blind(story, cases)]
        found += [*self._false(cases), *self.world.unexplained()]
        assert not found, found

    def _plain(self, value: Any) -> Any:
        return value.lower() if isinstance(value, str) else value

    def _duplicates(self) -> Iterator[str]:
        for name, system in self.world.systems.items():
            codes = [row["code"].upper() for row in system.all("customer").values()]
            yield from (f"{name} holds {c} twice" for c in set(codes) if codes.count(c) > 1)

    def _heard(self, story: Any, cases: Any) -> set[Any]:
        """Values that the hub took notice of: they are in the story or at the desk."""
        out: set[Any] = set()
        for row in story:
            for moved in row["moved"].values():
                out |= {self._plain(v) for v in (moved if isinstance(moved, list) else [moved])}
        for case in cases:
            out |= {self._plain(case["facts"].get(n)) for n in ("ours", "theirs", "base")}
        return out

    def _lost(self, story: Any, cases: Any) -> Iterator[str]:
        """No edit is lost: what the hub wrote over, or what is not in force, it had read."""
        heard = self._heard(story, cases)
        for name, system in self.world.systems.items():
            later: dict[tuple[str, str], list[Any]] = defaultdict(list)
            for entry in system.log:
                for field in entry.after:
                    later[entry.id, field].append(entry)
            for typed in (t for t in self.typed if t.system == name):
                entries = later[typed.record, typed.field]
                mine = [n for n, e in enumerate(entries) if self._plain(e.after[typed.field]) == typed.value]
                after = entries[mine[0] + 1 :] if mine else []
                by_people = bool(after) and after[0].who != "hub"
                if not by_people and typed.value not in heard:
                    yield f"lost: {typed} was never heard of"

    def _unknown(self, story: Any) -> Iterator[str]:
        """No echo: each change came from a person of the system that it is said to come from."""
        typed = {(t.system, t.value) for t in self.typed}
        for row in story:
            if row["kind"] not in ("changed", "linked"):
                continue
            for field, (_, after) in row["moved"].items():
                rewritten = self.rewrites and RULES.get(field, {}).get("owner") == row["connection"]
                if rewritten or field == "code" or after is None:  # where it is the owner, its way of writing counts
                    continue
                if (row["connection"], self._plain(after)) not in typed:
                    yield f"echo: {row['connection']} is said to have typed {field}={after}"

    def _blind(self, story: Any, cases: Any) -> Iterator[str]:
        """No system's change replaced a value that it did not know, unless it owns the field or a rule decided."""
        decided = {(self._plain(c["facts"].get("ours")), self._plain(c["facts"].get("theirs"))) for c in cases}
        for row in story:
            if row["kind"] != "changed":
                continue
            held = {self._plain(e.after.get(f)) for e in self.world.systems[row["connection"]].log for f in e.after}
            for field, (before, after) in row["moved"].items():
                pair = (self._plain(before), self._plain(after))
                own = RULES.get(field, {}).get("owner") == row["connection"]
                if before is not None and not own and pair[0] not in held and pair not in decided:
                    yield f"blind: {row['connection']} replaced {field}={before} by {after} without knowing it"

    def _false(self, cases: Any) -> Iterator[str]:
        """No conflict that nobody caused: both values were typed, by people of two systems."""
        where = {t.value: t.system for t in self.typed}
        for case in cases:
            if case["kind"] == "conflict":
                ours, theirs = (self._plain(case["facts"][n]) for n in ("ours", "theirs"))
                if where.get(theirs) != case["connection"] or ours == theirs or where.get(ours) == case["connection"]:
                    yield f"false conflict: {case['facts']}"

    def close(self) -> None:
        """Give the store back."""
        self.world.close()


def storm(seed: int, **fate: Any) -> None:
    """One seed from beginning to end. Raises AssertionError with the seed in its notes."""
    chaos = Chaos(seed, **fate)
    try:
        chaos.run()
    except (AssertionError, HubError) as error:
        error.add_note(f"seed {seed}: steps {chaos.world.steps.count}, typed {len(chaos.typed)}")
        raise
    finally:
        chaos.close()


__all__ = ["Chaos", "storm"]
