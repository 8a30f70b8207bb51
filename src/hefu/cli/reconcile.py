"""reconcile: the proof that both books agree, its signed report, and the check of such a report."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from hefu.app import open_app
from hefu.app.proof import as_dict, compare, repairs, scope_of, sign_reports
from hefu.cli.moments import Since, Until
from hefu.cli.session import DIFFERENT, Folder, Json, Session, Who, person, session
from hefu.core.reconcile import EXPLAINED, Difference, Kind, Outcome
from hefu.core.words.reconcile import KINDS, WHY
from hefu.engine.reconcile import Scope
from hefu.insight import report, report_file, signature


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
    since: Since = None,
    until: Until = None,
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
        scope = scope_of(
            app, mappings=mapping or (), sample=sample, since=since, until=until, on=on, how=how, workers=workers,
            period=period,
        )  # fmt: skip
        hub = app.hub()
        with s.watching(hub, "Comparing", "正在对账"):
            outcome = compare(app, hub, scope, person(by))
        outcome.facts["scope"] = _scope_words(s, scope, since, until)
        _show(s, outcome, show)
        written = sign_reports(app, outcome, report_files or [], person(by), s.language, s.t)
        for one in written:
            s.say(f"Signed report: {one['path']}", f"已签名的报告：{one['path']}")
        number = repairs(hub, outcome, person(by)) if plan else None
        s.give(as_dict(outcome) | {"reports": written, "plan": number})
        if number is not None:
            s.say(
                f"Kept as plan {number}. 'hefu plan approve {number}', then 'hefu apply {number}' repairs this.",
                f"已存为计划 {number}。运行 hefu plan approve {number} 批准，再运行 hefu apply {number} 修复。",
            )
        elif plan and outcome.unexplained:
            s.say("Nothing of this can be repaired by a plan.", "没有可通过计划修复的内容。")
        if outcome.unexplained:
            s.code = DIFFERENT


def _scope_words(s: Session, scope: Scope, since: str | None, until: str | None) -> str:
    if scope.sample is not None:
        return s.t(f"a sample of {scope.sample} linked records", f"随机抽样 {scope.sample} 条已关联记录")
    if scope.window is not None:
        on = f" ({scope.window.field})" if scope.window.field else ""
        return f"{since} … {until or ''}{on}"
    return s.t("everything", "全部")


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
