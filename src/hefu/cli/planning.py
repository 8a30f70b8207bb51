"""plan, apply: what would be written, who agreed to it, and exactly that."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.markup import escape

from hefu.app import open_app
from hefu.cli.session import DIFFERENT, FAILED, PERSON, Folder, Json, Session, Who, person, session
from hefu.cli.sync import chosen, tell_pause, waiting_for_person
from hefu.core.errors import HubError, Unsupported
from hefu.engine import plans, worker
from hefu.engine.hub import Hub
from hefu.engine.plans import Applied
from hefu.engine.rehearse import Plan
from hefu.insight.planbook import write_book
from hefu.store import issues, runs
from hefu.store import plans as kept
from hefu.store.plans import PlanEntry, StoredPlan

Flows = Annotated[list[str] | None, typer.Option("--flow", help="Only these flows / 仅这些流程")]
Full = Annotated[bool, typer.Option("--full", help="Compare everything, not only changes / 全量比对")]
PlanId = Annotated[str, typer.Argument(help="Number of the plan / 计划编号")]
Reason = Annotated[str, typer.Option("--reason", help="Why / 原因")]
Show = Annotated[int, typer.Option("--show", help="Records to list / 列出的记录数")]
OfEntity = Annotated[str | None, typer.Option("--entity", help="Only this entity / 仅此实体")]
OfSystem = Annotated[str | None, typer.Option("--system", help="Only this connection / 仅此连接")]
OfField = Annotated[str | None, typer.Option("--field", help="Only where this field is written / 仅含此字段")]

KINDS = {
    "create": ("create", "新建"),
    "update": ("update", "修改"),
    "delete": ("delete", "删除"),
    "action": ("step", "步骤"),
    "golden": ("agreed value", "统一值"),
    "restore": ("put back", "恢复原值"),
    "remove": ("remove", "移除新建"),
    "left": ("left alone", "保持不变"),
}
STATES = {
    "draft": ("draft", "草稿"),
    "approved": ("approved", "已批准"),
    "applying": ("applying", "执行中"),
    "applied": ("applied", "已执行"),
    "partly_applied": ("partly applied", "部分执行"),
    "expired": ("expired", "已过期"),
    "rejected": ("rejected", "已否决"),
    "planned": ("planned", "待执行"),
    "writing": ("under way", "写入中"),
    "written": ("written", "已写入"),
    "changed": ("changed since", "之后被修改"),
    "refused": ("refused by the system", "被系统拒绝"),
    "settled": ("nothing to do any more", "已无需写入"),
    "left": ("left alone", "保持不变"),
}


def register(app: typer.Typer) -> None:
    """Hang the verbs of this file onto the command line."""
    group = typer.Typer(help="Show what would happen, keep it, agree to it / 预演、保存、审批变更计划")
    group.callback(invoke_without_command=True)(plan)
    group.command("list")(plan_list)
    group.command("show")(plan_show)
    group.command("approve")(plan_approve)
    group.command("reject")(plan_reject)
    group.command("export")(plan_export)
    app.add_typer(group, name="plan")
    app.command("apply")(apply)


# --------------------------------------------------------------------------- plan


def plan(
    ctx: typer.Context,
    flow: Flows = None,
    full: Full = False,
    show: Show = 20,
    reason: Reason = "",
    by: Who = None,
    as_json: Json = False,
    folder: Folder = None,
) -> None:
    """Show what would happen, field by field, keep it as a plan, and touch no system. / 显示将要发生的变更并存为计划，不写入任何系统。"""
    if ctx.invoked_subcommand is not None:
        return
    with session(as_json) as s, open_app(folder) as app:
        hub = app.hub()
        with s.progress("Reading both sides", "正在读取两边数据") as told:
            hub.told = lambda verb, name, counts: told(f"{verb} {name} {counts['read'] or counts['prepared']}")
            seen, made = plans.make(hub, chosen(hub, flow), person(by), reason=reason, full=full)
        show_plan(s, seen, show)
        s.give(plan_json(seen, made))
        if made is not None:
            s.code = DIFFERENT
            s.say(
                f"Kept as plan {made.id}. 'hefu plan approve {made.id}', then 'hefu apply {made.id}' writes exactly this.",
                f"已存为计划 {made.id}。运行 hefu plan approve {made.id} 批准，再运行 hefu apply {made.id} 原样执行。",
            )


def plan_json(seen: Plan, made: StoredPlan | None) -> dict[str, object]:
    """A plan as JSON."""
    return {
        "plan": None if made is None else made.id,
        "writes": seen.writes,
        "counts": seen.counts,
        "captured": seen.captured,
        "entries": [_entry_json(e) for e in seen.entries],
        "issues": [{k: i[k] for k in ("kind", "entity", "connection", "field", "facts")} for i in seen.issues],
    }


_SHOWN = (
    "mapping", "connection", "object", "entity", "kind", "record_id", "golden_id", "title", "fields", "state", "note",
)  # fmt: skip


def _entry_json(entry: PlanEntry) -> dict[str, object]:
    return {name: getattr(entry, name) for name in _SHOWN}


def show_plan(s: Session, made: Plan, show: int) -> None:
    """A plan as a person wants to read it."""
    if not made.writes:
        s.say("Both sides agree: nothing would be written.", "两边一致，没有需要写入的内容。", style="green")
    else:
        show_counts(s, made.counts, s.t(f"{made.writes} records would be written", f"将写入 {made.writes} 条记录"))
        show_entries(s, made.entries, show)
    waiting = Counter(i["kind"] for i in made.issues)
    if waiting:
        listed = ", ".join(f"{kind} {n}" for kind, n in waiting.most_common())
        s.say(f"Would wait for a person: {listed}", f"需要人工处理：{listed}", style="yellow")


def show_counts(s: Session, counts: dict[str, dict[str, int]], title: str) -> None:
    """How many of what, in which mapping."""
    usual = ("create", "update", "delete", "action")
    more = sorted({kind for kinds in counts.values() for kind in kinds} - set(usual))
    rows = [(name, *(kinds.get(kind, 0) for kind in (*usual, *more))) for name, kinds in counts.items()]
    heads = [("into", "写入"), ("create", "新建"), ("update", "修改"), ("delete", "删除"), ("steps", "状态步骤")]
    s.table([*heads, *(KINDS[kind] for kind in more)], rows, title)


def show_entries(s: Session, entries: Sequence[PlanEntry], show: int) -> None:
    """Record by record, field by field."""
    for entry in entries[:show]:
        _show_entry(s, entry)
    if len(entries) > show:
        rest = len(entries) - show
        s.say(f"… and {rest} more (--show {len(entries)} or --json)", f"……还有 {rest} 条（--show 或 --json 查看）")


def _show_entry(s: Session, entry: PlanEntry) -> None:
    if s.json:
        return
    place = f"{entry.connection}/{entry.object} " if entry.connection else ""
    head = f"{s.t(*KINDS[entry.kind])} {place}{entry.record_id or ''} {entry.title}"
    state = "" if entry.state in ("planned", "left") else f"  [{s.t(*STATES[entry.state])}]"
    s.out.print(f"[bold]{escape(head)}[/bold]{escape(state)}")
    for name, (before, after) in entry.fields.items():
        if entry.kind == "create" and after is None:
            continue
        text = f"    {name}: {before!r} → {after!r}" if entry.kind != "create" else f"    {name}: {after!r}"
        s.out.print(escape(text))
    found = entry.note.get("found", {}) if isinstance(entry.note, dict) else {}
    for name, (agreed, now) in found.items():
        s.say(
            f"    {name}: agreed to {agreed!r}, found {now!r}",
            f"    {name}：计划为 {agreed!r}，现为 {now!r}",
            markup=False,
        )


# ------------------------------------------------------------------- kept plans


def plan_list(
    show: Annotated[int, typer.Option("--show", help="Plans to list / 列出的计划数")] = 20,
    as_json: Json = False,
    folder: Folder = None,
) -> None:
    """Plans that are kept, the newest first. / 列出已保存的计划。"""
    with session(as_json) as s, open_app(folder) as app:
        with app.store.look() as tx:
            found = kept.listed(tx, show)
        s.give([_head(one) for one in found])
        if not found:
            s.say("No plans.", "没有计划。")
            return
        heads = [("plan", "计划"), ("kind", "类型"), ("state", "状态"), ("writes", "写入数"), ("made by", "编制人"),
                 ("approved by", "批准人"), ("valid until", "有效期至")]  # fmt: skip
        rows = [
            (p.id, p.kind, s.t(*STATES[p.state]), p.writes, p.author, p.approver, p.expires_at[:16].replace("T", " "))
            for p in found
        ]
        s.table(heads, rows)


def _head(one: StoredPlan) -> dict[str, Any]:
    names = ("id", "kind", "state", "author", "reason", "mappings", "project_version", "created_at", "expires_at",
             "counts", "writes", "digest", "approver", "approved_at", "signature", "ended_at", "note")  # fmt: skip
    return {name: getattr(one, name) for name in names}


def plan_show(
    plan_id: PlanId,
    entity: OfEntity = None,
    system: OfSystem = None,
    field: OfField = None,
    op: Annotated[
        str | None, typer.Option("--op", help="create | update | delete | action | golden | restore | remove | left")
    ] = None,
    state: Annotated[
        list[str] | None, typer.Option("--state", help="planned | written | changed | refused | settled | left")
    ] = None,
    show: Show = 20,
    as_json: Json = False,
    folder: Folder = None,
) -> None:
    """A kept plan, record by record, filtered as you like. / 查看计划的逐条内容，可筛选。"""
    with session(as_json) as s, open_app(folder) as app:
        if op is not None and op not in KINDS:
            raise Unsupported("desk.choice", given=op, known=", ".join(KINDS))
        for one in state or ():
            if one not in STATES:
                raise Unsupported("desk.choice", given=one, known=", ".join(STATES))
        with app.store.look() as tx:
            made = kept.get(tx, plan_id)
            if made is None:
                raise Unsupported("plan.unknown", id=plan_id)
            tally = kept.tally(tx, plan_id)
            found = list(
                kept.entries(tx, plan_id, entity=entity, system=system, field_name=field, kind=op, states=state or ())
            )
        s.give({**_head(made), "tally": tally, "entries": [_entry_json(e) for e in found]})
        s.say(f"Plan {made.id} ({made.kind}): {STATES[made.state][0]}; made by {made.author}, approved by {made.approver or '-'}",
              f"计划 {made.id}（{made.kind}）：{STATES[made.state][1]}；编制人 {made.author}，批准人 {made.approver or '-'}")  # fmt: skip
        if made.reason:
            s.say(f"Reason: {made.reason}", f"原因：{made.reason}", markup=False)
        listed = ", ".join(f"{s.t(*STATES[name])} {n}" for name, n in sorted(tally.items()))
        s.say(
            f"{len(found)} of {sum(tally.values())} entries; {listed}",
            f"{len(found)}/{sum(tally.values())} 条；{listed}",
        )
        show_entries(s, found, show)


def plan_approve(plan_id: PlanId, by: Who = None, as_json: Json = False, folder: Folder = None) -> None:
    """Sign a plan with your name, so that it may be applied. / 批准并签署计划。"""
    with session(as_json) as s, open_app(folder) as app:
        made = plans.approve(app.hub(), plan_id, person(by))
        s.give(_head(made))
        s.say(f"Approved by {made.approver}. 'hefu apply {plan_id}' writes it, until {made.expires_at[:16]}.",
              f"已由 {made.approver} 批准。请在 {made.expires_at[:16]} 之前运行 hefu apply {plan_id}。", markup=False)  # fmt: skip


def plan_reject(
    plan_id: PlanId,
    reason: Annotated[str, typer.Option("--reason", help="Why / 原因")],
    by: Who = None,
    as_json: Json = False,
    folder: Folder = None,
) -> None:
    """Close a plan without applying it. / 否决计划。"""
    with session(as_json) as s, open_app(folder) as app:
        plans.reject(app.hub(), plan_id, person(by), reason)
        s.give({"rejected": plan_id})
        s.say("Rejected; nothing was written.", "已否决，未写入任何内容。")


def plan_export(
    plan_id: PlanId,
    file: Annotated[Path, typer.Argument(help="Excel workbook to write / 要写的 Excel 文件")],
    as_json: Json = False,
    folder: Folder = None,
) -> None:
    """Write a plan to an Excel workbook: one row for each field. / 将计划导出为 Excel，每字段一行。"""
    with session(as_json) as s, open_app(folder) as app:
        with app.store.look() as tx:
            made = kept.get(tx, plan_id)
            if made is None:
                raise Unsupported("plan.unknown", id=plan_id)
            words = {name: s.t(*pair) for name, pair in {**KINDS, **STATES}.items()}
            rows = write_book(file, made, kept.entries(tx, plan_id), words, s.language)
        s.give({"file": str(file), "rows": rows})
        s.say(f"{rows} rows written to {file}.", f"已写出 {rows} 行到 {file}。", markup=False)


# -------------------------------------------------------------------------- apply


def apply(
    plan_id: Annotated[
        str | None,
        typer.Argument(
            help="An approved plan; without it: plan, agree and apply at once / 已批准的计划编号；不给则现做现批现执行"
        ),
    ] = None,
    flow: Flows = None,
    full: Full = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask / 不询问")] = False,
    by: Who = None,
    as_json: Json = False,
    folder: Folder = None,
) -> None:
    """Do what a plan says, record by record, flood limits set aside. / 按计划逐条执行（视为已批准，不受上限限制）。"""
    with session(as_json) as s, open_app(folder) as app:
        app.store.lock()
        hub = app.hub()
        if plan_id is not None:
            done = carry_out(s, hub, plan_id, person(by))
            s.give({"plan": plan_id, "state": done.plan.state, "tally": done.tally, "counts": dict(done.counts)})
            return
        try:
            with s.progress("Reading both sides", "正在读取两边数据"):
                seen, made = plans.make(hub, chosen(hub, flow), person(by), full=full)
        except HubError as error:
            _stopped(s, hub, error)
            return
        if not yes and not as_json:
            show_plan(s, seen, 10)
            if made is None or not typer.confirm(s.t("Write this?", "确认写入？")):
                return
        total = apply_now(s, hub, flow, full=full) if made is None else agree_and_apply(s, hub, made, person(by))
        s.give(dict(total))


def _stopped(s: Session, hub: Hub, error: HubError) -> None:
    """A system could not be read: nothing is written, and what concerns it rests until its cause is gone."""
    name = error.facts.get("mapping")
    if worker.ours(error) or name not in hub.project.mappings:
        raise error
    worker.stop(hub, hub.project.mappings[str(name)].connection, str(name), error)
    s.fail(error)
    s.code = FAILED
    if not s.json:
        tell_pause(s, hub)


def agree_and_apply(s: Session, hub: Hub, made: StoredPlan, who: str) -> Counter[str]:
    """Approve a plan that was just shown, apply it, and do what follows from it; what was done."""
    if plans.needs_second(hub, made):
        s.code = PERSON
        s.say(
            f"Plan {made.id} writes {made.writes} records and needs a second person: 'hefu plan approve {made.id} --by NAME', then 'hefu apply {made.id}'.",
            f"计划 {made.id} 将写入 {made.writes} 条记录，须由另一人批准：hefu plan approve {made.id} --by 姓名，再运行 hefu apply {made.id}。",
        )
        return Counter({"waits_for_approval": 1})
    plans.approve(hub, made.id, who)
    done = carry_out(s, hub, made.id, who, ends=False)
    with s.progress("Telling what follows", "正在写入后续变更"):
        after = plans.follow(hub, made.id)
    if after.state != "done":
        s.code = FAILED
        tell_pause(s, hub)
    total = Counter(done.counts) + Counter(after.counts)
    tell_written(s, hub, total)
    return total


def carry_out(s: Session, hub: Hub, plan_id: str, who: str, *, ends: bool = True) -> Applied:
    """Apply an approved plan, and say what was not written and why."""
    with s.progress("Applying", "正在执行") as told:
        hub.told = lambda verb, name, counts: told(
            f"{verb} {name} {sum(counts[k] for k in ('read', 'created', 'updated'))}"
        )
        done = plans.apply(hub, plan_id, who)
    changed, refused = done.tally.get("changed", 0), done.tally.get("refused", 0)
    if changed:
        s.say(f"{changed} records were changed since and left alone: 'hefu plan show {plan_id} --state changed'.",
              f"{changed} 条记录在计划之后被修改，保持不变：hefu plan show {plan_id} --state changed。", style="yellow")  # fmt: skip
        s.code = DIFFERENT
    if refused:
        s.say(f"{refused} were refused by the systems: 'hefu deadletters list'.",
              f"{refused} 条被系统拒绝：hefu deadletters list。", style="yellow")  # fmt: skip
        s.code = PERSON
    if done.waiting:
        s.say(f"{done.waiting} are not finished: run 'hefu apply {plan_id}' again.",
              f"{done.waiting} 条尚未完成，请再次运行 hefu apply {plan_id}。", style="yellow")  # fmt: skip
        s.code = FAILED
        tell_pause(s, hub)
    if ends:
        tell_written(s, hub, Counter(done.counts))
    return done


def apply_now(s: Session, hub: Hub, flow: list[str] | None, *, full: bool) -> Counter[str]:
    """One unguarded cycle of each flow, with progress; what waits for a person sets the exit code."""
    total: Counter[str] = Counter()
    with s.progress("Applying", "正在执行") as told:
        hub.told = lambda verb, name, counts: told(
            f"{verb} {name} {sum(counts[k] for k in ('read', 'created', 'updated'))}"
        )
        for name in flow or hub.flows_in_order():
            with hub.store.begin() as tx:
                runs.resume_scope(tx, f"flow:{name}")
                issues.close_issues(tx, "apply", "approved", kinds=("flood",), field=f"flow:{name}")
            done = worker.cycle(hub, hub.project.flows[name], full=full, guarded=False)
            total += done.counts
            if done.state != "done":
                s.code = FAILED
                tell_pause(s, hub)
    tell_written(s, hub, total)
    return total


def tell_written(s: Session, hub: Hub, total: Counter[str]) -> None:
    """What was written in all; what waits for a person sets the exit code."""
    written = {k.split(".", 1)[1]: n for k, n in total.items() if k.startswith("delivered.")}
    s.say(
        f"Written: {written.get('created', 0)} created, {written.get('updated', 0)} updated, "
        f"{written.get('deleted', 0)} deleted, {written.get('steps', 0)} steps; refused {written.get('refused', 0)}.",
        f"已写入：新建 {written.get('created', 0)}，修改 {written.get('updated', 0)}，删除 {written.get('deleted', 0)}，"
        f"状态步骤 {written.get('steps', 0)}；被拒绝 {written.get('refused', 0)}。",
    )
    if s.code == 0 and waiting_for_person(hub):
        s.code = PERSON
        s.say(
            "Some records wait for a person: see 'hefu status'.",
            "有记录等待人工处理，请运行 hefu status。",
            style="yellow",
        )
