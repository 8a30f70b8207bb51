"""trace, conflicts, deadletters, deletes, resume: what a person looks at and decides."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

import typer
from rich.markup import escape

from hefu.app import open_app
from hefu.cli.session import PERSON, Folder, Json, Session, Who, person, session
from hefu.core.errors import Unsupported
from hefu.core.words import spoken
from hefu.engine import desk
from hefu.insight.trace import Story, find_records, story
from hefu.store import issues

IssueId = Annotated[str, typer.Argument(help="Number of the issue / 问题编号")]


def register(app: typer.Typer) -> None:
    """Hang the verbs of this file onto the command line."""
    app.command("trace")(trace)
    app.command("resume")(resume)
    app.command("pause")(pause)
    conflicts = typer.Typer(help="Fields that two systems changed / 冲突字段", no_args_is_help=True)
    conflicts.command("list")(conflicts_list)
    conflicts.command("resolve")(conflicts_resolve)
    app.add_typer(conflicts, name="conflicts")
    dead = typer.Typer(help="Writes that a system refused / 被拒绝的写入", no_args_is_help=True)
    dead.command("list")(dead_list)
    dead.command("retry")(dead_retry)
    dead.command("skip")(dead_skip)
    app.add_typer(dead, name="deadletters")
    gone = typer.Typer(help="Records deleted in one system / 单边删除的记录", no_args_is_help=True)
    gone.command("list")(deletes_list)
    gone.command("decide")(deletes_decide)
    app.add_typer(gone, name="deletes")


def trace(
    what: Annotated[str, typer.Argument(help="A one-ID, a record id, or words of it / 编号、记录号或关键字")],
    as_json: Json = False,
    folder: Folder = None,
) -> None:
    """One record's whole life across the systems. / 一条记录在各系统中的完整历程。"""
    with session(as_json) as s, open_app(folder) as app:
        with app.store.look() as tx:
            found = find_records(tx, what)
            if not found:
                raise Unsupported("cli.nothing_found", what=what)
            stories = [story(tx, golden_id) for golden_id in found[:5]]
        s.give([x.as_dict() for x in stories])
        for one in stories:
            _show_story(s, one)
        if len(found) > 5:
            s.say(f"… and {len(found) - 5} more; be more exact.", f"……还有 {len(found) - 5} 条，请输入更精确的条件。")


def _show_story(s: Session, one: Story) -> None:
    if s.json:
        return
    s.say(
        f"[bold]{one.golden_id}[/bold] {one.entity} ({one.state})",
        f"[bold]{one.golden_id}[/bold] {one.entity}（{one.state}）",
    )
    for name, value in one.fields.items():
        s.out.print(f"  {escape(name)}: {escape(repr(value))}")
    for link in one.links:
        due = s.t(", owes something", "，有待写入") if link["due_at"] else ""
        place = f"{link['connection']}/{link['object']} {link['record_id'] or '-'}"
        s.out.print(f"  ↔ {escape(place)} [{link['state']}]{due}", markup=False)
    for event in one.events:
        s.out.print(f"  {event['at'][:19]} {event['what']}", markup=False)


# ------------------------------------------------------------------- conflicts


def conflicts_list(as_json: Json = False, folder: Folder = None) -> None:
    """Open conflicts with all three values. / 列出未决冲突及三方值。"""
    with session(as_json) as s, open_app(folder) as app:
        with app.store.look() as tx:
            rows = issues.list_issues(tx, kinds=("conflict",))
        s.give(rows)
        heads = [("issue", "编号"), ("record", "记录"), ("field", "字段"), ("last agreed", "上次一致"),
                 ("golden (ours)", "当前值(ours)"), ("other (theirs)", "对方值(theirs)"), ("from", "来自"),
                 ("why", "原因")]  # fmt: skip
        lines = [
            (r["id"], r["golden_id"], r["field"], r["facts"].get("base"), _by(r["facts"], "ours"),
             _by(r["facts"], "theirs"), r["connection"],
             spoken(r["facts"]["code"], r["facts"], s.language)[0] if "code" in r["facts"] else "")
            for r in rows
        ]  # fmt: skip
        if rows:
            s.table(heads, lines)
            s.code = PERSON
        else:
            s.say("No conflicts.", "没有冲突。", style="green")


def _by(facts: Mapping[str, Any], side: str) -> str:
    who = facts.get(f"{side}_by") or {}
    author = f" ({who.get('author') or who.get('connection') or '?'})" if who else ""
    return f"{facts.get(side)}{author}"


def conflicts_resolve(
    issue: IssueId,
    take: Annotated[str, typer.Option(help="ours | theirs | value")],
    value: Annotated[str | None, typer.Option(help="With --take value / 自定义值")] = None,
    by: Who = None,
    as_json: Json = False,
    folder: Folder = None,
) -> None:
    """Decide a conflict; the rejected value stays in the story. / 裁决冲突，被弃值保留在历史中。"""
    with session(as_json) as s, open_app(folder) as app:
        desk.settle_conflict(app.hub(), issue, take, value, person(by))
        s.give({"issue": issue, "decided": take})
        s.say("Decided; the systems that differ are told next.", "已裁决，将写入不一致的系统。")


# ----------------------------------------------------------------- dead letters


def dead_list(as_json: Json = False, folder: Folder = None) -> None:
    """Refused writes with the system's own words. / 列出被拒绝的写入及原因。"""
    with session(as_json) as s, open_app(folder) as app:
        with app.store.look() as tx:
            rows = issues.list_issues(tx, kinds=("rejected", "unknown_outcome", "unreadable", "unresolved"))
        s.give(rows)
        heads = [("issue", "编号"), ("kind", "类型"), ("where", "位置"), ("field", "字段"), ("why", "原因")]
        lines = [
            (r["id"], r["kind"], f"{r['connection']} {r['facts'].get('record_id') or r['golden_id']}", r["field"],
             spoken(r["facts"].get("code", r["kind"]), r["facts"], s.language)[0])
            for r in rows
        ]  # fmt: skip
        if rows:
            s.table(heads, lines)
            s.code = PERSON
        else:
            s.say("Nothing was refused.", "没有被拒绝的写入。", style="green")


def dead_retry(
    issue: Annotated[list[str], typer.Argument(help="Numbers, or 'all' / 编号或 all")],
    set_: Annotated[list[str] | None, typer.Option("--set", help="field=value, corrected / 更正字段")] = None,
    by: Who = None,
    as_json: Json = False,
    folder: Folder = None,
) -> None:
    """Let refused writes go again, corrected if you like. / 重试被拒绝的写入，可同时更正数据。"""
    with session(as_json) as s, open_app(folder) as app:
        values = dict(_assignment(item) for item in set_ or ())
        hub = app.hub()
        if issue == ["all"]:
            with app.store.look() as tx:
                issue = [r["id"] for r in issues.list_issues(tx, kinds=("rejected",))]
        for one in issue:
            desk.retry(hub, one, person(by), values or None)
        s.give({"retried": issue})
        s.say(f"{len(issue)} will be sent again.", f"{len(issue)} 条将重新发送。")


def _assignment(item: str) -> tuple[str, str | None]:
    name, found, value = item.partition("=")
    if not found:
        raise Unsupported("cli.assignment", given=item)
    return name, value or None


def dead_skip(
    issue: IssueId,
    reason: Annotated[str, typer.Option(help="Why / 原因")],
    by: Who = None,
    as_json: Json = False,
    folder: Folder = None,
) -> None:
    """Leave a refused write unwritten, with a reason. / 跳过一条被拒绝的写入并说明原因。"""
    with session(as_json) as s, open_app(folder) as app:
        desk.skip(app.hub(), issue, reason, person(by))
        s.give({"skipped": issue})
        s.say("Skipped; the next edit of this record is delivered as usual.", "已跳过；该记录下次修改时照常写入。")


# ---------------------------------------------------------------------- deletes


def deletes_list(as_json: Json = False, folder: Folder = None) -> None:
    """Records that are gone in one system and wait for a decision. / 列出单边删除、等待决定的记录。"""
    with session(as_json) as s, open_app(folder) as app:
        with app.store.look() as tx:
            rows = issues.list_issues(tx, kinds=("deleted", "delete_edit", "flood"))
        s.give(rows)
        if rows:
            s.table(
                [("issue", "编号"), ("kind", "类型"), ("system", "系统"), ("record", "记录"), ("one-ID", "统一编号"),
                 ("why", "原因")],
                [(r["id"], r["kind"], r["connection"], r["facts"].get("record_id") or r["field"], r["golden_id"],
                  spoken(r["facts"]["code"], r["facts"], s.language)[0] if "code" in r["facts"] else "") for r in rows],
            )  # fmt: skip
            s.code = PERSON
        else:
            s.say("Nothing to decide.", "没有需要决定的删除。", style="green")


def deletes_decide(
    issue: IssueId,
    choice: Annotated[str, typer.Argument(help="delete | deactivate | restore | keep")],
    by: Who = None,
    as_json: Json = False,
    folder: Folder = None,
) -> None:
    """Delete or deactivate it elsewhere, restore it, or keep things as they are. / 决定如何处理单边删除。"""
    with session(as_json) as s, open_app(folder) as app:
        desk.settle_delete(app.hub(), issue, choice, person(by))
        s.give({"issue": issue, "decided": choice})
        s.say("Decided.", "已决定。")


# ------------------------------------------------------------------------ pause


def resume(
    scope: Annotated[str, typer.Argument(help="flow:x, mapping:x, connection:x or deletes:x")],
    approve: Annotated[
        bool, typer.Option("--approve", help="A flow may do what its guard stopped it for / 同意执行被拦停的内容")
    ] = False,
    by: Who = None,
    as_json: Json = False,
    folder: Folder = None,
) -> None:
    """Let something paused go on; a flow that its guard stopped is measured anew. / 恢复被暂停的流程、映射或连接。"""
    with session(as_json) as s, open_app(folder) as app:
        was = desk.resume(app.hub(), scope, person(by), approve=approve)
        s.give({"scope": scope, "was_paused": was, "approved": approve})
        s.say(
            f"{scope} goes on." if was else f"{scope} was not paused.",
            f"{scope} 已恢复。" if was else f"{scope} 并未暂停。",
        )


def pause(
    scope: Annotated[str, typer.Argument(help="flow:x, mapping:x or connection:x")],
    by: Who = None,
    as_json: Json = False,
    folder: Folder = None,
) -> None:
    """Stop a flow, a mapping or a connection until `resume`. / 暂停流程、映射或连接。"""
    with session(as_json) as s, open_app(folder) as app:
        desk.pause(app.hub(), scope, person(by))
        s.give({"paused": scope})
        s.say(
            f"{scope} is stopped; 'hefu resume {scope}' lets it go on.",
            f"{scope} 已暂停；运行 hefu resume {scope} 恢复。",
        )
