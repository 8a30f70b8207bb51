"""reconcile: the proof that both books agree, its signed report, and the check of such a report."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from hefu.app import App, open_app
from hefu.app.share import shared
from hefu.cli.session import DIFFERENT, Folder, Json, Session, Who, person, session
from hefu.core.errors import Unsupported
from hefu.core.reconcile import EXPLAINED, Difference, Kind, Outcome
from hefu.core.values import decimal_text
from hefu.core.words.reconcile import KINDS, WHY
from hefu.engine.reconcile import HOWS, Scope, reconcile
from hefu.engine.repair import plan_repairs
from hefu.engine.sieve import Window
from hefu.insight import report, report_file, signature
from hefu.store import journal


class _RunsByItself(TyperGroup):
    """`hefu reconcile` alone, or with options only, means `hefu reconcile run`."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        if not args or (args[0].startswith("-") and args[0] not in ("-h", "--help")):
            args = ["run", *args]
        return super().parse_args(ctx, args)


def register(app: typer.Typer) -> None:
    """Hang the verbs of this file onto the command line."""
    group = typer.Typer(help="Prove that both books agree / 证明账账相符", cls=_RunsByItself)
    group.command("run")(run)
    group.command("verify")(verify)
    group.command("key")(key)
    app.add_typer(group, name="reconcile")


def run(
    mapping: Annotated[list[str] | None, typer.Option("--mapping", help="Only these mappings / 仅这些映射")] = None,
    sample: Annotated[
        int | None, typer.Option(min=1, help="So many linked records by chance / 随机抽取的已关联记录数")
    ] = None,
    since: Annotated[str | None, typer.Option(help="Only what changed from then on / 仅此后修改的记录")] = None,
    until: Annotated[str | None, typer.Option(help="With --since: and before then / 与 --since 合用：此前")] = None,
    on: Annotated[str | None, typer.Option(help="With --since: by this field, e.g. date / 按该字段取窗口")] = None,
    how: Annotated[str, typer.Option(help="auto | join | walk | read")] = "auto",
    workers: Annotated[int, typer.Option(min=1, max=64, help="Processes that share it / 分担的进程数")] = 1,
    period: Annotated[str, typer.Option(help="Of money: month | quarter | year / 金额期间")] = "month",
    report_files: Annotated[
        list[Path] | None, typer.Option("--report", help="Signed report: .html, .xlsx, .pdf / 签名报告")
    ] = None,
    plan: Annotated[bool, typer.Option("--plan", help="Keep the repairs as a plan / 将修复建议存为计划")] = False,
    show: Annotated[int, typer.Option(help="Differences to list / 列出的差异数")] = 20,
    by: Who = None,
    as_json: Json = False,
    folder: Folder = None,
) -> None:
    """Read both systems again and compare every field; write nothing. / 重新读取两边并逐字段比对，不做任何写入。"""
    with session(as_json) as s, open_app(folder) as app:
        for path in report_files or ():
            report_file.kind_of(path)
        _choose(how, HOWS)
        _choose(period, ("month", "quarter", "year"))
        window = _window(since, until, on)
        hub = app.hub()
        scope = Scope(mapping or (), sample, window, how, workers, period)
        share = shared(app.machine, hub.project.version, workers) if workers > 1 else None
        with s.progress("Comparing", "正在对账") as told:
            hub.told = lambda _verb, name, counts: told(f"{name} {counts['read']:,}")
            outcome = reconcile(hub, scope, share)
        outcome.facts["scope"] = _scope_words(s, scope, since, until)
        _show(s, outcome, show)
        written = _write(s, app, outcome, report_files or [], person(by))
        made = plan_repairs(hub, outcome, person(by)) if plan and outcome.unexplained else None
        s.give(as_dict(outcome) | {"reports": written, "plan": made.id if made is not None else None})
        if made is not None:
            s.say(
                f"Kept as plan {made.id}. 'hefu plan approve {made.id}', then 'hefu apply {made.id}' repairs this.",
                f"已存为计划 {made.id}。运行 hefu plan approve {made.id} 批准，再运行 hefu apply {made.id} 修复。",
            )
        elif plan and outcome.unexplained:
            s.say("Nothing of this can be repaired by a plan.", "没有可通过计划修复的内容。")
        if outcome.unexplained:
            s.code = DIFFERENT


def _choose(given: str, known: tuple[str, ...]) -> None:
    if given not in known:
        raise Unsupported("reconcile.choice", given=given, known=", ".join(known))


def _window(since: str | None, until: str | None, on: str | None) -> Window | None:
    if since is None:
        return None
    return Window(_instant(since), None if until is None else _instant(until), on)


def _instant(given: str) -> datetime:
    try:
        found = datetime.fromisoformat(given)
    except ValueError:
        raise Unsupported("reconcile.window", given=given) from None
    return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)


def _scope_words(s: Session, scope: Scope, since: str | None, until: str | None) -> str:
    if scope.sample is not None:
        return s.t(f"a sample of {scope.sample} linked records", f"随机抽样 {scope.sample} 条已关联记录")
    if scope.window is not None:
        on = f" ({scope.window.field})" if scope.window.field else ""
        return f"{since} … {until or ''}{on}"
    return s.t("everything", "全部")


def _exact(value: Any) -> Any:
    """Sums in the normal form of decimals."""
    if isinstance(value, Decimal):
        return decimal_text(value)
    if isinstance(value, dict):
        return {name: _exact(one) for name, one in value.items()}
    return [_exact(one) for one in value] if isinstance(value, list | tuple) else value


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
        "balances": [_exact(b._asdict()) for b in outcome.balances],
        **_exact(outcome.facts),
    }  # fmt: skip


def _show(s: Session, outcome: Outcome, most: int) -> None:
    number = outcome.unexplained
    if number:
        s.say(
            f"[bold red]{number:,}[/bold red] unexplained differences",
            f"[bold red]{number:,}[/bold red] 项差异无法解释",
        )
    else:
        s.say("[bold green]0[/bold green] unexplained differences: both books agree.",
              "[bold green]0[/bold green] 项差异无法解释：账账相符。")  # fmt: skip
    heads = [("object", "对象"), ("left", "左侧"), ("right", "右侧"), ("pairs", "配对"), ("equal", "一致"),
             ("differences by class", "差异分类")]  # fmt: skip
    rows = [
        (x.entity, f"{x.left} {x.counts.get('left', 0):,}", f"{x.right} {x.counts.get('right', 0):,}",
         f"{x.counts.get('pairs', 0):,}", f"{x.counts.get('equal', 0):,}",
         ", ".join(f"{s.t(*KINDS[k])} {n:,}" for k, n in sorted(x.classes.items())) or "–")
        for x in outcome.sections
    ]  # fmt: skip
    s.table(heads, rows)
    worst = sorted(outcome.found, key=lambda d: d.kind in EXPLAINED)
    if worst and most > 0:
        heads = [
            ("record", "记录"),
            ("class", "类别"),
            ("field", "字段"),
            ("left", "左侧"),
            ("right", "右侧"),
            ("why", "原因"),
        ]
        s.table(heads, [_line(s, d) for d in worst[:most]])
        if len(worst) > most:
            s.say(f"… and {len(worst) - most:,} more (--show, --json or --report)",
                  f"……还有 {len(worst) - most:,} 条（--show、--json 或 --report 查看）")  # fmt: skip
    wrong = sum(x["disagreeing"] for x in outcome.facts.get("totals", ()))
    if wrong:
        s.say(f"Money: {wrong:,} balances per customer, currency and period disagree (--report, --json).",
              f"金额：按客户、币种、期间有 {wrong:,} 个余额不符（--report、--json 查看）。")  # fmt: skip


def _line(s: Session, d: Difference) -> tuple[str, ...]:
    where = f"{d.entity} {d.left_id or '–'} | {d.right_id or '–'} {d.title}"
    kind = s.t(*KINDS[Kind(d.kind)])
    return where, kind, d.field, report.shown(d.left), report.shown(d.right), s.t(*WHY[d.why])


def _write(s: Session, app: App, outcome: Outcome, paths: list[Path], who: str) -> list[dict[str, str]]:
    """Write and sign the reports; the journal keeps what was signed, and the report where the journal stood."""
    out: list[dict[str, str]] = []
    if not paths:
        return out
    with app.store.look() as tx:
        last = journal.recent(tx, 1)
    facts = {
        s.t("Hub", "系统编号"): app.hub_id,
        s.t("By", "操作人"): who,
        s.t("Journal", "审计日志"): f"{last[0]['seq']} {last[0]['mac']}" if last else "0",
        s.t("Key of the signature", "签名公钥"): signature.public_key(app.journal_key),
    }
    made = report.make(outcome, facts, s.language)
    for path in paths:
        data = report_file.write(made, path, app.journal_key)
        digest = hashlib.sha256(data).hexdigest()
        with app.store.begin() as tx:
            detail = {"sha256": digest, "unexplained": outcome.unexplained, "run": outcome.facts["run_id"]}
            journal.record(tx, app.journal_key, who, "report.signed", path.name, detail)
        out.append({"path": str(path), "sha256": digest})
        s.say(f"Signed report: {path}", f"已签名的报告：{path}")
    return out


def verify(
    file: Annotated[Path, typer.Argument(help="A report / 报告文件", exists=True, dir_okay=False)],
    trusted: Annotated[
        str | None, typer.Option("--key", help="Another hub's key to trust / 信任的其他系统公钥")
    ] = None,
    as_json: Json = False,
    folder: Folder = None,
) -> None:
    """Whether a report is still what the hub wrote. / 检查报告自签名后是否被改动。"""
    with session(as_json) as s:
        if trusted is None:
            with open_app(folder) as app:
                trusted = signature.public_key(app.journal_key)
        found = signature.verify(file.read_bytes(), str(file), trusted)
        s.give({"path": str(file), "whole": True, "key": found.key})
        s.say(
            f"{file} is whole and signed by {found.key}.", f"{file} 完整未改动，签名公钥 {found.key}。", style="green"
        )


def key(as_json: Json = False, folder: Folder = None) -> None:
    """The key with which others check this hub's reports. / 供他人核验本系统报告的公钥。"""
    with session(as_json) as s, open_app(folder) as app:
        public = signature.public_key(app.journal_key)
        s.give({"key": public})
        s.say(f"Reports of this hub are signed with the key {public}", f"本系统的报告以此公钥核验：{public}")
