"""Carries out a runbook, for real or as a rehearsal: steps with their checks, the decision, and the way back.

The book (what was decided, by whom, when) is the hub's own store and journal in both modes. A rehearsal works on
another hub: its own store, and the sandbox's connections.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Literal

from hefu.core import cutover as rules
from hefu.core.cutover import MERGE, Score
from hefu.core.errors import HubError, Unsupported
from hefu.core.project import Cutover, CutoverCheck, CutoverDo
from hefu.engine.cutover_checks import Finding, do, look, sync
from hefu.engine.hub import Hub
from hefu.store import cutovers, journal
from hefu.store.cutovers import Started, StepRow
from hefu.store.db import Tx, instant

Mode = Literal["rehearsal", "real"]
Verdict = Literal["look", "done", "failed", "skip"]


@dataclass
class Standing:
    """How a cutover stands now."""

    started: Started
    steps: list[StepRow]
    score: Score
    due: list[str] = field(default_factory=list)
    late: dict[str, timedelta] = field(default_factory=dict)

    @property
    def doc(self) -> Cutover:
        """The runbook as it was when this began."""
        return self.started.document


def start(book: Hub, name: str, mode: Mode, who: str) -> Started:
    """Begin. Raises Unsupported for an unknown runbook, or while another cutover of this mode is under way."""
    doc = book.project.cutovers.get(name)
    if doc is None:
        raise Unsupported("cutover.unknown", name=name, known=", ".join(sorted(book.project.cutovers)) or "-")
    _named(who)
    with book.store.begin() as tx:
        tx.lock_name("cutover")
        other = cutovers.current(tx, mode)
        if other is not None:
            raise Unsupported("cutover.under_way", name=other.name, mode=mode, at=other.started_at)
        ids = book.env.new_ids(len(doc.steps) + 1)
        made = Started(ids[0], name, mode, "running", doc, book.project.version, tx.now(), who)
        cutovers.start(
            tx, made, [StepRow(i, n, s.step, "there") for n, (i, s) in enumerate(zip(ids[1:], doc.steps, strict=True))]
        )
        _note(book, tx, made, who, "started", {"version": made.project_version})
    return made


def standing(book: Hub, mode: Mode, *, ended: bool = False) -> Standing:
    """How the cutover of this mode stands. `ended`: the newest one, also if it is over. Raises Unsupported for none."""
    with book.store.look() as tx:
        return _standing(tx, _current(tx, mode, ended=ended))


def _current(tx: Tx, mode: Mode, *, ended: bool = False, lock: bool = False) -> Started:
    found = cutovers.current(tx, mode, lock=lock)
    if found is None and ended:
        found = next((s for s in cutovers.listed(tx, 1000) if s.mode == mode), None)
    if found is None:
        raise Unsupported("cutover.none", mode=mode)
    return found


def _standing(tx: Tx, started: Started) -> Standing:
    steps = cutovers.steps_of(tx, started.id)
    there = {s.name: s.state for s in steps if s.way == "there"}
    doc = started.document
    out = Standing(started, steps, rules.score(doc, there))
    if started.state == "switching_back":
        out.due = [s.name for s in steps if s.way == "back" and s.state not in rules.ENDED][:1]
    elif started.state in ("running", "go", "no_go"):
        out.due = rules.due(doc, there, decided=started.state == "go")
        out.late = rules.late(doc, there, instant(started.started_at), instant(tx.now()))
    return out


# -------------------------------------------------------------------------- steps


def take(book: Hub, work: Hub, mode: Mode, name: str, who: str, verdict: Verdict = "look", note: str = "") -> StepRow:
    """Take a step: do what it says, then its check, or the signature of `who` where people must say so.

    "look" without anybody's word leaves a step that must be signed running; "skip" and "failed" want a `note`. A step
    that failed may be taken again. Raises Unsupported for a step that is not due.
    """
    _named(who)
    if verdict in ("skip", "failed") and not note.strip():
        raise Unsupported("cutover.reason", step=name)
    with book.store.begin() as tx:
        now = _standing(tx, _current(tx, mode, lock=True))
        if name not in now.due:
            raise Unsupported("cutover.not_due", step=name, due=", ".join(now.due) or "-")
        way = "back" if now.started.state == "switching_back" else "there"
        row = next(s for s in now.steps if (s.name, s.way) == (name, way))
        acts = row.state != "running" or verdict == "look"
        row.state, row.started_at, row.ended_at = "running", row.started_at or tx.now(), None
        cutovers.save_step(tx, row)
    finding = _carry_out(book, work, now.doc, row, who, verdict, acts=acts)
    with book.store.begin() as tx:
        _judge(row, finding, verdict, who, note)
        row.ended_at = None if row.state == "running" else tx.now()
        cutovers.save_step(tx, row)
        detail = {"step": name, "way": way, "state": row.state, "finding": row.finding}
        _note(book, tx, now.started, who, "step", detail)
        _end(book, tx, now.started, who)
    return row


def _carry_out(
    book: Hub, work: Hub, doc: Cutover, row: StepRow, who: str, verdict: Verdict, *, acts: bool
) -> Finding | None:
    """What was found; None: only a person can say."""
    if verdict in ("skip", "failed"):
        return None
    try:
        if row.way == "back" and row.name == MERGE:
            return sync(work, doc.flows, merging=True) or look(work, CutoverCheck(kind="reconciled"), doc.flows, book)
        acting, check = _parts(doc, row)
        wrong = do(work, acting, who) if acting is not None and acts else None
        if wrong is not None:
            return wrong
        return None if check.kind == "confirm" else look(work, check, doc.flows, book)
    except HubError as error:
        return Finding(False, error.code, {k: str(v) for k, v in error.facts.items()})


def _parts(doc: Cutover, row: StepRow) -> tuple[CutoverDo | None, CutoverCheck]:
    step = next(s for s in doc.steps if s.step == row.name)
    part = step if row.way == "there" else step.back
    return (None, CutoverCheck()) if part is None else (part.do, part.check)


def _judge(row: StepRow, finding: Finding | None, verdict: Verdict, who: str, note: str) -> None:
    if verdict in ("skip", "failed"):
        row.state, row.signed_by = ("skipped" if verdict == "skip" else "failed"), who
    elif finding is not None:
        row.state, row.signed_by = ("passed" if finding.well else "failed"), "hub"
    elif verdict == "done":
        row.state, row.signed_by = "passed", who
    found = {} if finding is None else {"code": finding.code, "facts": dict(finding.facts)}
    row.finding = {**found, "by": who, "note": note} if note else {**found, "by": who}


def _end(book: Hub, tx: Tx, started: Started, who: str) -> None:
    """The last step ends the whole."""
    steps = cutovers.steps_of(tx, started.id)
    way = "back" if started.state == "switching_back" else "there"
    if any(s.state not in rules.ENDED for s in steps if s.way == way):
        return
    if started.state in ("go", "switching_back"):
        state = "done" if started.state == "go" else "switched_back"
        cutovers.update(tx, started.id, state=state, ended_at=tx.now())
        _note(book, tx, started, who, state, None)
        started.state = state


# ----------------------------------------------------------------------- decision


def decide(book: Hub, mode: Mode, who: str, *, go: bool, reason: str = "") -> Standing:
    """Go or no-go, by a named person. What the score says is kept beside it.

    A go below the threshold wants a reason; without a step that must pass there is none. After a no-go the steps can
    be mended and the decision taken again, or the way back begun. Raises Unsupported where it cannot be decided so.
    """
    _named(who)
    with book.store.begin() as tx:
        now = _standing(tx, _current(tx, mode, lock=True))
        started, found = now.started, now.score
        if started.state not in ("running", "no_go"):
            raise Unsupported("cutover.decided", name=started.name, state=started.state)
        if go and found.missing:
            raise Unsupported("cutover.missing", steps=", ".join(found.missing))
        if (not found.go if go else found.go) and not reason.strip():
            raise Unsupported("cutover.against", points=found.points, threshold=found.threshold)
        started.state, started.decided_by, started.decided_at = ("go" if go else "no_go"), who, tx.now()
        started.decision = {
            "points": found.points, "threshold": found.threshold, "missing": list(found.missing),
            "open": list(found.open), "reason": reason,
        }  # fmt: skip
        cutovers.update(
            tx, started.id, state=started.state, decided_by=who, decided_at=started.decided_at,
            decision=started.decision,
        )  # fmt: skip
        _note(book, tx, started, who, started.state, started.decision)
        if go:
            _end(book, tx, started, who)
        return _standing(tx, started)


# ---------------------------------------------------------------------- switch back


def switch_back(book: Hub, mode: Mode, who: str, reason: str) -> Standing:
    """Begin the way back: first what was typed since is merged into both sides, then the steps in reverse.

    Also from a cutover that was done. Taking the steps is `take`. Raises Unsupported where it is under way already.
    """
    _named(who)
    if not reason.strip():
        raise Unsupported("cutover.reason", step="switch-back")
    with book.store.begin() as tx:
        started = _current(tx, mode, ended=True, lock=True)
        if started.state in ("switching_back", "switched_back"):
            raise Unsupported("cutover.decided", name=started.name, state=started.state)
        steps = cutovers.steps_of(tx, started.id)
        there = {s.name: s.state for s in steps if s.way == "there"}
        worked = started.state in ("go", "done")  # before the decision nobody has worked in the new system
        names = [MERGE] if started.document.flows and worked else []
        names += [s.step for s in rules.way_back(started.document, there)]
        first = len(steps)
        back = [StepRow(book.env.new_id(), first + n, name, "back") for n, name in enumerate(names)]
        cutovers.add_steps(tx, started.id, back)
        started.state = "switching_back"
        cutovers.update(tx, started.id, state=started.state, ended_at=None)
        _note(book, tx, started, who, "switching_back", {"reason": reason, "steps": names})
        _end(book, tx, started, who)
        return _standing(tx, started)


def _named(who: str) -> None:
    if not who.strip():
        raise Unsupported("cutover.nobody")


def _note(book: Hub, tx: Tx, started: Started, who: str, action: str, detail: Any) -> None:
    said = {"mode": started.mode, "id": started.id, **(detail or {})}
    journal.record(tx, book.journal_key, who, f"cutover.{action}", started.name, said)


__all__ = ["MERGE", "Mode", "Standing", "Verdict", "decide", "standing", "start", "switch_back", "take"]
