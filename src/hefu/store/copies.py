"""Every place of the hub that may hold a copy of a person's values: found for who asks, and blanked when erased.

Rows about the person's own records lose each value they hold of them. Rows about nobody in particular (jobs, kept
answers, reports, reasons) lose what is long enough to be nobody else's. Other records keep what is theirs: they are
named instead (`elsewhere`), since they may be erased as well.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Table, and_, false, or_, select

from hefu.core.erasure import TELLING, Personal, is_stand_in, struck
from hefu.store.db import Tx, from_json, to_json
from hefu.store.golden import Link, links_of
from hefu.store.tables import (
    answer,
    batch,
    batch_row,
    change,
    cutover,
    cutover_step,
    difference,
    dispatch,
    golden,
    identity_key,
    intent,
    issue,
    job,
    journal,
    notice,
    pause,
    plan,
    plan_entry,
    proof,
    run,
)

Values = dict[str, Any]
_AT_ONCE = 200


@dataclass
class Subject:
    """Who it is about: their golden records (one-ID -> what of it is personal), their records in the systems."""

    personal: Mapping[str, Personal]
    links: Sequence[Link]
    words: set[str] = field(default_factory=set)

    @classmethod
    def of(cls, tx: Tx, personal: Mapping[str, Personal]) -> Subject:
        """With all links of these golden records."""
        links = links_of(tx, personal, lock=False)
        return cls(personal, [x for listed in links.values() for x in listed])

    @property
    def golden_ids(self) -> list[str]:
        """One-IDs."""
        return list(self.personal)

    @property
    def link_ids(self) -> list[str]:
        """Numbers of their links."""
        return [link.id for link in self.links]

    @property
    def telling(self) -> list[str]:
        """Values that are long enough to be theirs wherever they stand."""
        return sorted(word for word in self.words if len(word) >= TELLING)

    @property
    def quoted(self) -> list[str]:
        """Values that are looked for in texts about their own records: not "1" or "30", which stand in any number."""
        return sorted(word for word in self.words if len(word) >= 4 or (len(word) >= 2 and not word.isascii()))

    def of_link(self, link_id: str | None) -> Personal | None:
        """What is personal of a link's record."""
        found = next((link for link in self.links if link.id == link_id), None)
        return None if found is None else self.personal.get(found.golden_id)

    def learn(self, golden_id: str, values: Mapping[str, Any] | None) -> None:
        """Values of theirs that stand here are theirs elsewhere, too."""
        for _, value in self.personal[golden_id].values(values or {}):
            if not is_stand_in(value):
                self.words.add(value if isinstance(value, str) else to_json(value))


# ------------------------------------------------------------------------------- places

_OWN: tuple[tuple[Table, Callable[[Subject], Any], tuple[str, ...]], ...] = (
    (change, lambda s: change.c.golden_id.in_(s.golden_ids), ("moved",)),
    (intent, lambda s: intent.c.link_id.in_(s.link_ids), ("fields", "before", "error")),
    (issue, lambda s: or_(issue.c.golden_id.in_(s.golden_ids), issue.c.link_id.in_(s.link_ids)), ("facts",)),
    (
        plan_entry,
        lambda s: or_(plan_entry.c.golden_id.in_(s.golden_ids), plan_entry.c.link_id.in_(s.link_ids), _origin(s)),
        ("fields", "seen", "note"),
    ),
    (batch_row, lambda s: _staged(s), ("record", "reasons")),
    (difference, lambda s: difference.c.golden_id.in_(s.golden_ids), ("sides",)),
)
"""Histories of their own records: table, which rows, which columns hold JSON with values."""

_PASSING: tuple[tuple[Table, tuple[str, ...]], ...] = (
    (job, ("given", "progress", "result", "error")),
    (answer, ("body",)),
    (plan, ("reason", "note")),
    (run, ("note",)),
    (proof, ("asked", "sections", "money")),
    (pause, ("facts",)),
    (cutover, ("decision",)),
    (cutover_step, ("finding",)),
    (notice, ("facts",)),
    (dispatch, ("told",)),
    (issue, ("facts",)),
    (batch_row, ("record", "title", "reasons")),
    (difference, ("title", "sides", "reason")),
)
"""What may quote anybody: table, columns."""


def _origin(s: Subject) -> Any:
    """Entries made before the object was known name the record that it comes from."""
    places = [to_json([x.connection, x.object, x.organisation, x.record_id]) for x in s.links if x.record_id]
    return plan_entry.c.origin.in_(places) if places else false()


def _staged(s: Subject) -> Any:
    """Rows of migrations that were read from, or went into, their records."""
    ids = {x.record_id for x in s.links if x.record_id}
    sources = select(batch.c.id).where(batch.c.source.in_({x.mapping for x in s.links}))
    read = and_(batch_row.c.record_id.in_(ids), batch_row.c.batch_id.in_(sources))
    return or_(batch_row.c.link_id.in_(s.link_ids), read)


def _key(table: Table) -> Any:
    return tuple(table.primary_key.columns)


def own_rows(tx: Tx, subject: Subject) -> Iterator[tuple[Table, Values]]:
    """Every row of the histories of their records, JSON decoded."""
    for table, which, columns in _OWN:
        for row in tx.run(select(table).where(which(subject)).order_by(*_key(table))).mappings().all():
            yield table, {**row, **{name: from_json(row[name]) for name in columns}}


def passing_rows(tx: Tx, subject: Subject) -> Iterator[tuple[Table, Values, tuple[str, ...]]]:
    """Rows that quote them although they are about nobody in particular."""
    words = [*subject.telling, *subject.golden_ids]
    for table, columns in _PASSING:
        mentions = [table.c[name].contains(_as_stored(word), autoescape=True) for name in columns for word in words]
        if not mentions:
            continue
        statement = select(table).where(or_(*mentions))
        if table is issue:
            statement = statement.where(issue.c.golden_id.is_(None))
        elif table is difference:
            statement = statement.where(difference.c.golden_id.is_(None))
        elif table is batch_row:
            statement = statement.where(batch_row.c.link_id.is_(None))
        for row in tx.run(statement.order_by(*_key(table))).mappings().all():
            yield table, dict(row), columns


def _as_stored(word: str) -> str:
    """How a text stands inside of JSON."""
    return to_json(word)[1:-1]


def elsewhere(tx: Tx, subject: Subject, limit: int = 200) -> list[tuple[str, str]]:
    """(one-ID, entity) of other objects that hold one of their telling values: perhaps they are the same person's."""
    found: dict[str, str] = {}
    for word in subject.telling:
        statement = (
            select(golden.c.id, golden.c.entity)
            .where(golden.c.fields.contains(_as_stored(word), autoescape=True))
            .where(golden.c.id.not_in(subject.golden_ids))
            .limit(limit)
        )
        found |= dict(tx.run(statement).tuples().all())
    return sorted(found.items())


def mentions(tx: Tx, subject: Subject, limit: int = 10_000) -> list[Values]:
    """Rows of the audit log that name their records. It is kept by law and never blanked; it holds no values."""
    places = {(f"{x.connection}/{x.object}", x.record_id) for x in subject.links if x.record_id}
    named: list[Any] = [journal.c.object.in_(subject.golden_ids)]
    named += [journal.c.detail.contains(one, autoescape=True) for one in subject.golden_ids]
    named += [
        and_(journal.c.object == place, journal.c.detail.contains(to_json(record_id), autoescape=True))
        for place, record_id in sorted(places)
    ]
    rows = tx.run(select(journal).where(or_(*named)).order_by(journal.c.seq).limit(limit)).mappings()
    return [{**row, "detail": from_json(row["detail"])} for row in rows]


# --------------------------------------------------------------------------------- learning


def learn_all(tx: Tx, subject: Subject) -> None:
    """Every value of theirs that the hub knows or knew, also what was overwritten long ago."""
    rows = tx.run(select(golden.c.id, golden.c.fields).where(golden.c.id.in_(subject.golden_ids)))
    for golden_id, fields in rows:
        subject.learn(golden_id, from_json(fields))
    for link in subject.links:
        subject.learn(link.golden_id, link.told)
        subject.learn(link.golden_id, link.seen)
    for table, row in own_rows(tx, subject):
        golden_id = _whose(subject, row)
        if golden_id is not None:
            for values in _records_in(table, row):
                subject.learn(golden_id, values)


def _whose(subject: Subject, row: Values) -> str | None:
    if row.get("golden_id") in subject.personal:
        return str(row["golden_id"])
    return next((x.golden_id for x in subject.links if x.id == row.get("link_id")), None)


def _records_in(table: Table, row: Values) -> Iterator[Mapping[str, Any]]:
    """Parts of a row whose keys are fields of the entity."""
    if table is change:
        yield row["moved"] or {}
    elif table is intent:
        yield row["fields"] or {}
        yield row["before"] or {}
    elif table is plan_entry:
        yield row["fields"] or {}
        yield row["seen"] or {}
    elif table is issue:
        facts = row["facts"] if isinstance(row["facts"], dict) else {}
        yield from (facts[name] for name in ("values", "fields") if isinstance(facts.get(name), dict))
        yield {row["field"]: [facts.get("ours"), facts.get("theirs")]}
    elif table is difference:
        yield {row["field"]: list((row["sides"] or {}).values()) if isinstance(row["sides"], dict) else row["sides"]}


# --------------------------------------------------------------------------------- blanking


def blank(tx: Tx, subject: Subject) -> Counter[str]:
    """Take every value of theirs out of the hub's histories; how many rows of which table held one.

    `learn_all` must have been called while the values were still there. What is agreed now (golden records and links)
    is not touched here.
    """
    counts: Counter[str] = Counter()
    for table, row in own_rows(tx, subject):
        personal = subject.personal.get(str(row.get("golden_id"))) or subject.of_link(row.get("link_id"))
        news = _blanked(table, row, personal, subject)
        if any(row[name] != value for name, value in news.items()):
            counts[str(table.name)] += 1
            _save(tx, table, row, {n: _stored(table, n, v) for n, v in news.items()})
    for table, row, columns in list(passing_rows(tx, subject)):
        counts[str(table.name)] += 1
        if table is answer:  # kept for a day so that a repeated request is done once; that it was done is enough
            _save(tx, table, row, {"body": "{}"})
            continue
        news = {name: _struck_text(row[name], subject.telling) for name in columns}
        _save(tx, table, row, news)
    for ids in _parts(subject.golden_ids):
        gone = tx.run(identity_key.delete().where(identity_key.c.golden_id.in_(ids)))
        counts[str(identity_key.name)] += int(gone.rowcount)
    return +counts


_JSON_OF = {table.name: set(columns) for table, _, columns in _OWN}


def _stored(table: Table, name: str, value: Any) -> Any:
    return to_json(value) if name in _JSON_OF[table.name] and value is not None else value


def _blanked(table: Table, row: Values, personal: Personal | None, subject: Subject) -> Values:
    """The columns of a row about them as they are to be."""
    words = subject.quoted
    if table is batch_row:  # in the source's own words, so nothing tells which of it is personal
        return {"record": {}, "title": "", "reasons": struck(row["reasons"], words)}
    strip: Callable[[Any], Any] = (
        (lambda v: struck(personal.without(v), words)) if personal is not None else (lambda v: struck(v, words))
    )
    if table is change:
        return {"moved": strip(row["moved"] or {}), "author": struck(row["author"], subject.telling)}
    if table is intent:
        before = row["before"]
        return {
            "fields": None if row["fields"] is None else strip(row["fields"]),
            "before": None if before is None else strip(before),
            "error": struck(row["error"], words),
        }
    if table is plan_entry:
        return {
            "fields": strip(row["fields"] or {}),
            "seen": None if row["seen"] is None else strip(row["seen"]),
            "title": struck(row["title"], words),
            "note": struck(row["note"], words),
        }
    if table is issue:
        facts = dict(row["facts"]) if isinstance(row["facts"], dict) else {}
        for name in ("values", "fields"):
            if isinstance(facts.get(name), dict):
                facts[name] = strip(facts[name])
        name = row["field"].partition("[")[0].partition(".")[0]
        if personal is not None and (name in personal.whole or name in personal.inner):
            facts |= {side: None for side in ("ours", "theirs") if side in facts}
        return {"facts": struck(facts, words), "decision": struck(row["decision"], words)}
    sides = row["sides"]
    if personal is not None and row["field"].partition("[")[0] in personal.whole:
        sides = dict.fromkeys(sides) if isinstance(sides, dict) else [None] * len(sides or ())
    return {
        "sides": struck(sides, words),
        "title": struck(row["title"], words),
        "reason": struck(row["reason"], subject.telling),
    }


def _struck_text(text: str | None, words: Iterable[str]) -> str | None:
    """A column of JSON or of plain text."""
    if text is None:
        return None
    try:
        return to_json(struck(from_json(text), words))
    except ValueError:
        return str(struck(text, words))


def _save(tx: Tx, table: Table, row: Values, news: Values) -> None:
    where = [column == row[column.name] for column in _key(table)]
    tx.run(table.update().where(*where).values(**news))


def _parts(ids: Collection[str]) -> Iterator[list[str]]:
    listed = list(ids)
    for at in range(0, len(listed), _AT_ONCE):
        yield listed[at : at + _AT_ONCE]


__all__ = ["Subject", "blank", "elsewhere", "learn_all", "mentions", "own_rows", "passing_rows"]
