"""plan, apply: what would be written, who agreed to it, and exactly that."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.markup import escape

from hefu.app import App, open_app
from hefu.app.choosing import chosen
from hefu.cli.session import DIFFERENT, PERSON, Folder, Json, Session, Who, person, session
from hefu.core.errors import Unsupported
from hefu.core.words import spoken
from hefu.core.words.plans import KINDS, LEFT, STATES
from hefu.engine import plans
from hefu.engine.rehearse import Plan
from hefu.insight.planbook import write_book
from hefu.store import journal
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
        with s.watching(hub, "Reading both sides", "正在读取两边数据"):
            seen, made = plans.make(hub, chosen(hub, flow), person(by), reason=reason, full=full)
        show_plan(s, seen, show, _all_entries(app, made))
        s.give(plan_json(seen, made), entries=map(_entry_json, _all_entries(app, made)))
        if seen.left_out:
            s.code = PERSON
        if made is not None:
            s.code = DIFFERENT
            s.say(
                f"Kept as plan {made.id}. 'hefu plan approve {made.id}', then 'hefu apply {made.id}' writes exactly this.",
                f"已存为计划 {made.id}。运行 hefu plan approve {made.id} 批准，再运行 hefu apply {made.id} 原样执行。",
            )


def _all_entries(app: App, made: StoredPlan | None) -> Iterator[PlanEntry]:
    """The entries of a plan as they are kept, read page by page."""
    if made is not None:
        with app.store.look() as tx:
            yield from kept.entries(tx, made.id)


def plan_json(seen: Plan, made: StoredPlan | None) -> dict[str, object]:
    """A plan as JSON, but for its entries."""
    return {
        "plan": None if made is None else made.id,
        "writes": seen.writes,
        "counts": seen.counts,
        "captured": seen.captured,
        "left_out": seen.left_out,
        "issues": [{k: i[k] for k in ("kind", "entity", "connection", "field", "facts")} for i in seen.issues],
    }


_SHOWN = (
    "mapping", "connection", "object", "entity", "kind", "record_id", "golden_id", "title", "fields", "state", "note",
)  # fmt: skip


def _entry_json(entry: PlanEntry) -> dict[str, object]:
    return {name: getattr(entry, name) for name in _SHOWN}


def show_plan(s: Session, made: Plan, show: int, entries: Iterable[PlanEntry] = ()) -> None:
    """A plan as a person wants to read it; of its `entries` (else those at hand) the first `show`."""
    for one in made.left_out:
        why, then = spoken(one["code"], one["facts"], s.language)
        of = ", ".join(one["flows"])
        s.say(f"Left out: {one['mapping']} (flow {of}), for {one['scope']} is stopped: {why}",
              f"未包含：{one['mapping']}（同步任务 {of}），因为 {one['scope']} 已暂停：{why}", style="yellow")  # fmt: skip
        s.say(f"  → {then}", f"  → {then}")
    if made.left_out and not made.writes:
        s.say("Nothing would be written of what is not left out.", "除未包含的部分外，没有需要写入的内容。")
    elif not made.writes:
        s.say("Both sides agree: nothing would be written.", "两边一致，没有需要写入的内容。", style="green")
    else:
        show_counts(s, made.counts, s.t(f"{made.writes} records would be written", f"将写入 {made.writes} 条记录"))
        shown = list(islice(entries, show)) or made.entries
        show_entries(s, shown, show, made.writes)
    if made.waiting:
        listed = ", ".join(f"{kind} {n}" for kind, n in Counter(made.waiting).most_common())
        s.say(f"Would wait for a person: {listed}", f"需要人工处理：{listed}", style="yellow")


def show_counts(s: Session, counts: dict[str, dict[str, int]], title: str) -> None:
    """How many of what, in which mapping."""
    usual = ("create", "update", "delete", "action")
    more = sorted({kind for kinds in counts.values() for kind in kinds} - set(usual))
    rows = [(name, *(kinds.get(kind, 0) for kind in (*usual, *more))) for name, kinds in counts.items()]
    heads = [("into", "写入"), ("create", "新建"), ("update", "修改"), ("delete", "删除"), ("steps", "状态步骤")]
    s.table([*heads, *(KINDS[kind] for kind in more)], rows, title)


def show_entries(s: Session, entries: Sequence[PlanEntry], show: int, total: int | None = None) -> None:
    """Record by record, field by field; `total`: how many there are, if not all are given."""
    for entry in entries[:show]:
        _show_entry(s, entry)
    total = len(entries) if total is None else total
    if (rest := total - min(show, len(entries))) > 0:
        s.say(f"… and {rest} more (--show {total} or --json)", f"……还有 {rest} 条（--show 或 --json 查看）")


def _show_entry(s: Session, entry: PlanEntry) -> None:
    if s.json:
        return
    place = f"{entry.connection}/{entry.object} " if entry.connection else ""
    head = f"{s.t(*KINDS[entry.kind])} {place}{entry.record_id or ''} {entry.title}"
    state = "" if entry.state in ("planned", "left") else f"  [{s.t(*STATES[entry.state])}]"
    why = entry.note.get("why") if isinstance(entry.note, dict) else None
    state += f"  [{s.t(*LEFT[why])}]" if entry.state == "left" and why in LEFT else ""
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
            made = plans.known(tx, plan_id)
            tally = kept.tally(tx, plan_id)
            found = kept.entries(
                tx, plan_id, entity=entity, system=system, field_name=field, kind=op, states=state or ()
            )
            if s.json:
                s.give({**_head(made), "tally": tally}, entries=map(_entry_json, found))
                return
            shown = list(islice(found, show))
            many = len(shown) + sum(1 for _ in found)
        s.say(f"Plan {made.id} ({made.kind}): {STATES[made.state][0]}; made by {made.author}, approved by {made.approver or '-'}",
              f"计划 {made.id}（{made.kind}）：{STATES[made.state][1]}；编制人 {made.author}，批准人 {made.approver or '-'}")  # fmt: skip
        if made.reason:
            s.say(f"Reason: {made.reason}", f"原因：{made.reason}", markup=False)
        listed = ", ".join(f"{s.t(*STATES[name])} {n}" for name, n in sorted(tally.items()))
        s.say(
            f"{many} of {sum(tally.values())} entries; {listed}",
            f"{many}/{sum(tally.values())} 条；{listed}",
        )
        show_entries(s, shown, show, many)


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
            made = plans.known(tx, plan_id)
            words = {name: s.t(*pair) for name, pair in {**KINDS, **STATES}.items()}
            rows = write_book(file, made, kept.entries(tx, plan_id), words, s.language)
        with app.store.begin() as tx:
            journal.record(tx, app.journal_key, person(None), "plan.exported", plan_id, {"rows": rows})
        s.give({"file": str(file), "rows": rows})
        s.say(f"{rows} rows written to {file}.", f"已写出 {rows} 行到 {file}。", markup=False)
