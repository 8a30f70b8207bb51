"""undo: one change at once; a run, a record or a time window as a plan."""

from __future__ import annotations

from typing import Annotated

import typer

from hefu.app import App, open_app
from hefu.app.choosing import moment, one_record
from hefu.cli.applying import carry_out
from hefu.cli.moments import Since, Until
from hefu.cli.planning import OfEntity, OfField, OfSystem, Reason, Show, show_counts, show_entries
from hefu.cli.session import DIFFERENT, PERSON, Folder, Json, Session, Who, Yes, person, session
from hefu.core.errors import Unsupported
from hefu.engine import plans, takeback, undo
from hefu.engine.undo import Scope
from hefu.store.db import text


def register(app: typer.Typer) -> None:
    """Hang the verb of this file onto the command line."""
    app.command("undo")(take_back)


def take_back(
    what: Annotated[
        str | None,
        typer.Argument(help="A one-ID or record id: take back its last change / 统一编号或记录号：撤销其最近一次变更"),
    ] = None,
    run: Annotated[
        str | None, typer.Option("--run", help="A run, or a plan that was applied / 运行编号，或已执行的计划编号")
    ] = None,
    record: Annotated[
        str | None, typer.Option("--record", help="All that the last run (or --run) wrote of this record / 该记录")
    ] = None,
    since: Since = None,
    until: Until = None,
    entity: OfEntity = None,
    system: OfSystem = None,
    field: OfField = None,
    reason: Reason = "",
    yes: Yes = False,
    show: Show = 20,
    by: Who = None,
    as_json: Json = False,
    folder: Folder = None,
) -> None:
    """Take back the last change of one record; or plan to take back a run, a record or a time window. / 撤销一条记录最近一次变更；或为一次运行、一条记录、一段时间编制撤销计划。"""
    with session(as_json) as s, open_app(folder) as app:
        large = [x for x in (run, record, since, until) if x is not None]
        if (what is None) == (not large):
            raise Unsupported("cli.undo_what")
        if what is not None:
            _last_change(s, app, what, person(by))
            return
        golden_id = one_record(app, record) if record is not None else None
        moments = [None if x is None else text(moment(app, x)) for x in (since, until)]
        scope = Scope(run, golden_id, moments[0], moments[1], entity, system, field)
        _plan(s, app, scope, person(by), reason, yes, show)


def _last_change(s: Session, app: App, what: str, who: str) -> None:
    done = undo.undo_last(app.hub(), one_record(app, what), who)
    s.give({"restored": done.restored, "left": done.left})
    for name, (was, now) in done.restored.items():
        s.say(f"{name}: {was!r} → {now!r}", f"{name}：{was!r} → {now!r}", markup=False)
    for name, (expected, present) in done.left.items():
        s.say(f"{name}: left alone, someone changed it since ({expected!r} → {present!r})",
              f"{name}：之后被他人修改（{expected!r} → {present!r}），保持不变", style="yellow", markup=False)  # fmt: skip
    s.say("The systems are told by the next cycle ('hefu apply' or the running hub).", "将由下一轮同步写入各系统。")


def _plan(s: Session, app: App, scope: Scope, who: str, reason: str, yes: bool, show: int) -> None:
    hub = app.hub()
    if yes:
        app.store.lock()
    with s.watching(hub, "Reading both sides", "正在读取两边数据"):
        made = takeback.plan_undo(hub, scope, who, reason)
    assert made.plan is not None
    number = made.plan.id
    show_counts(s, made.counts, s.t(f"{made.writes} records would be written back", f"将写回 {made.writes} 条记录"))
    show_entries(s, made.entries, show)
    if made.left:
        s.say(f"{made.left} are left alone: 'hefu plan show {number} --op left' lists them with both values.",
              f"{made.left} 条保持不变：hefu plan show {number} --op left 列出两边的值。", style="yellow")  # fmt: skip
    answer = {"plan": number, "writes": made.writes, "counts": made.counts, "left": made.left}
    if not yes:
        s.code = DIFFERENT
        s.say(f"Kept as plan {number}. 'hefu plan approve {number}', then 'hefu apply {number}' takes it back.",
              f"已存为计划 {number}。运行 hefu plan approve {number} 批准，再运行 hefu apply {number} 撤销。")  # fmt: skip
    elif plans.needs_second(hub, made.plan):
        s.code = PERSON
        s.say(f"It needs a second person: 'hefu plan approve {number} --by NAME', then 'hefu apply {number}'.",
              f"须由另一人批准：hefu plan approve {number} --by 姓名，再运行 hefu apply {number}。")  # fmt: skip
    else:
        plans.approve(hub, number, who)
        done = carry_out(s, hub, number, who)
        answer |= {"state": done.plan.state, "tally": done.tally}
    s.give(answer)
