"""Reconciliation as people ask for it: both systems read again, the outcome kept, repairs as a plan, reports signed."""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

from hefu.app.choosing import moment
from hefu.app.house import App
from hefu.app.share import shared
from hefu.core.balance import Balance
from hefu.core.errors import Missing, Unsupported
from hefu.core.project import Project
from hefu.core.reconcile import Difference, Kind, Outcome, Repair, Section
from hefu.core.values import decimal_text
from hefu.engine.hub import Hub
from hefu.engine.reconcile import HOWS, Scope, reconcile
from hefu.engine.repair import plan_repairs
from hefu.engine.sieve import Window
from hefu.insight import report, report_file, signature
from hefu.store import journal, proofs
from hefu.store.db import instant, text

PERIODS = ("month", "quarter", "year")
BALANCES = 5_000
"""Balances that disagree and are kept; beyond them they are only counted."""


def scope_of(
    app: App,
    *,
    mappings: Sequence[str] = (),
    sample: int | None = None,
    since: str | None = None,
    until: str | None = None,
    on: str | None = None,
    how: str = "auto",
    workers: int = 1,
    period: str = "month",
) -> Scope:
    """What is to be compared. Raises Unsupported "reconcile.choice" and "cli.moment"."""
    for given, known in ((how, HOWS), (period, PERIODS)):
        if given not in known:
            raise Unsupported("reconcile.choice", given=given, known=", ".join(known))
    window = None
    if since is not None:
        window = Window(moment(app, since), None if until is None else moment(app, until), on)
    return Scope(tuple(mappings), sample, window, how, workers, period)


def compare(app: App, hub: Hub, scope: Scope, who: str) -> Outcome:
    """Read both systems again and compare; the outcome is kept. Raises HubError when one cannot be read."""
    share = shared(app.machine, hub.project.version, scope.parts) if scope.parts > 1 else None
    outcome = reconcile(hub, scope, share)
    said = as_dict(outcome)
    window = scope.window
    asked = {
        "mappings": list(scope.mappings), "sample": scope.sample, "how": scope.how, "period": scope.period,
        "since": None if window is None else text(window.since),
        "until": None if window is None or window.until is None else text(window.until),
        "on": None if window is None else window.field,
    }  # fmt: skip
    money = {name: said.get(name, []) for name in ("totals", "open_identity")}
    money |= {"balances": said["balances"][:BALANCES], "customers": said.get("customers", {})}
    head = {
        "id": outcome.facts["run_id"], "author": who, "project_version": outcome.facts["project_version"],
        "asked": asked, "began_at": _stored(outcome.facts["began_at"]), "ended_at": _stored(outcome.facts["ended_at"]),
        "unexplained": outcome.unexplained, "sections": said["sections"], "money": money,
    }  # fmt: skip
    with app.store.begin() as tx:
        proofs.keep(tx, head, outcome.found)
    return outcome


def _stored(stamp: str) -> str:
    return stamp if "." in stamp else text(instant(stamp.replace("Z", ".000000Z")))


def repairs(hub: Hub, outcome: Outcome, who: str) -> str | None:
    """Keep what would settle the differences as a plan; its id, None where nothing can be repaired by one."""
    made = plan_repairs(hub, outcome, who) if outcome.unexplained else None
    if made is None:
        return None
    with hub.store.begin() as tx:
        proofs.planned(tx, outcome.facts["run_id"], made.id)
    return made.id


def prove(app: App, hub: Hub, asked: Mapping[str, Any], who: str) -> dict[str, Any]:
    """The same for a job: what was compared, in short."""
    names = ("mappings", "sample", "since", "until", "on", "how", "workers", "period")
    scope = scope_of(app, **{name: asked[name] for name in names})
    outcome = compare(app, hub, scope, who)
    plan_id = repairs(hub, outcome, who) if asked["plan"] else None
    return {
        "reconciliation": outcome.facts["run_id"], "unexplained": outcome.unexplained, "found": len(outcome.found),
        "plan": plan_id,
    }  # fmt: skip


def exact(value: Any) -> Any:
    """Sums in the normal form of decimals."""
    if isinstance(value, Decimal):
        return decimal_text(value)
    if isinstance(value, dict):
        return {name: exact(one) for name, one in value.items()}
    return [exact(one) for one in value] if isinstance(value, list | tuple) else value


def as_dict(outcome: Outcome) -> dict[str, Any]:
    """An outcome as JSON."""
    return {
        "unexplained": outcome.unexplained,
        "sections": [
            {"entity": x.entity, "left": x.left, "right": x.right, "how": x.how, "fields": x.fields,
             "counts": x.counts, "classes": x.classes, "unexplained": x.unexplained}
            for x in outcome.sections
        ],
        "differences": [
            d._asdict() | {"repair": d.repair._asdict() if d.repair is not None else None} for d in outcome.found
        ],
        "balances": [exact(b._asdict()) for b in outcome.balances],
        **exact(outcome.facts),
    }  # fmt: skip


def kept_outcome(app: App, project: Project, proof_id: str) -> Outcome:
    """A reconciliation as it was kept, for its report. Raises Missing "web.unknown"."""
    with app.store.look() as tx:
        row = proofs.get(tx, proof_id)
        if row is None:
            raise Missing("web.unknown", kind="reconciliation", id=proof_id[:40])
        found = [_difference(one) for one in proofs.differences(tx, proof_id)]
    out = Outcome([_section(project, one) for one in row["sections"]], found)
    names = Balance._fields
    sums = ("left_sum", "right_sum", "left", "right")
    out.balances = [Balance(**{n: v for n, v in _counted(one, sums).items() if n in names})
                    for one in row["money"].get("balances", [])]  # fmt: skip
    out.facts = {
        "began_at": row["began_at"], "ended_at": row["ended_at"], "project_version": row["project_version"],
        "run_id": row["id"], "customers": row["money"].get("customers", {}),
        "totals": [_counted(one, sums[:2]) for one in row["money"].get("totals", [])],
        "open_identity": [_counted(one, sums[2:]) for one in row["money"].get("open_identity", [])],
    }  # fmt: skip
    return out


def _section(project: Project, one: Mapping[str, Any]) -> Section:
    left, right = (project.mappings[m].connection if m in project.mappings else m for m in (one["left"], one["right"]))
    return Section(
        one["entity"], one["left"], one["right"], left, right, one["how"], one["counts"], one["classes"], one["fields"]
    )  # fmt: skip


def _difference(row: Mapping[str, Any]) -> Difference:
    left, right = row["sides"]
    repair = Repair(row["golden_id"], "", "", "", None, row["field"], left, right, "") if row["repairable"] else None
    same = {name: row[name] for name in ("why", "entity", "golden_id", "title", "left_id", "right_id", "field")}
    return Difference(kind=Kind(row["kind"]), left=left, right=right, repair=repair, **same)


def _counted(row: Mapping[str, Any], names: Sequence[str]) -> dict[str, Any]:
    """Sums as the exact decimals that they were kept as text of."""
    return {**row, **{n: Decimal(row[n]) for n in names if row.get(n) is not None}}


def signed_report(
    app: App, outcome: Outcome, kind: str, who: str, language: str, t: Callable[[str, str], str]
) -> bytes:
    """One report (.html, .xlsx or .pdf) with its signature inside; the audit log keeps what was signed."""
    with tempfile.TemporaryDirectory() as scratch:
        path = Path(scratch) / f"reconciliation-{outcome.facts['run_id']}{kind}"
        sign_reports(app, outcome, [path], who, language, t)
        return path.read_bytes()


def sign_reports(
    app: App, outcome: Outcome, paths: Sequence[Path], who: str, language: str, t: Callable[[str, str], str]
) -> list[dict[str, str]]:
    """Write and sign the reports; the journal keeps what was signed, and the report where the journal stood."""
    out: list[dict[str, str]] = []
    if not paths:
        return out
    with app.store.look() as tx:
        last = journal.recent(tx, 1)
    facts = {
        t("Hub", "系统编号"): app.hub_id,
        t("By", "操作人"): who,
        t("Journal", "审计日志"): f"{last[0]['seq']} {last[0]['mac']}" if last else "0",
        t("Key of the signature", "签名公钥"): signature.public_key(app.journal_key),
    }
    made = report.make(outcome, facts, language)
    for path in paths:
        data = report_file.write(made, path, app.journal_key)
        digest = hashlib.sha256(data).hexdigest()
        with app.store.begin() as tx:
            detail = {"sha256": digest, "unexplained": outcome.unexplained, "run": outcome.facts["run_id"]}
            journal.record(tx, app.journal_key, who, "report.signed", path.name, detail)
        out.append({"path": str(path), "sha256": digest})
    return out


__all__ = [
    "as_dict", "compare", "exact", "kept_outcome", "prove", "repairs", "scope_of", "sign_reports", "signed_report",
]  # fmt: skip
