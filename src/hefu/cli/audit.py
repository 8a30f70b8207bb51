"""audit: who did what, whether the log is whole, and where it stood, kept outside."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from hefu.app import open_app
from hefu.app.choosing import moment
from hefu.app.house import App
from hefu.cli.moments import Since, Until
from hefu.cli.session import Folder, Json, Who, person, session
from hefu.core.errors import Rejected
from hefu.store import journal
from hefu.store.db import text

Actor = Annotated[str | None, typer.Option("--actor", help="Who did it / 操作人")]
Action = Annotated[
    list[str] | None,
    typer.Option("--action", help="What was done; 'role.' means all that begin so / 操作，写 role. 表示该类全部"),
]
Object = Annotated[str | None, typer.Option("--object", help="To what: a number, a name / 对象")]
Request = Annotated[str | None, typer.Option("--request", help="In which request / 请求编号")]


def register(app: typer.Typer) -> None:
    """Hang the verbs of this file onto the command line."""
    group = typer.Typer(help="The audit log / 审计日志", no_args_is_help=True)
    group.command("search")(search)
    group.command("verify")(verify)
    group.command("export")(export)
    group.command("anchor")(anchor)
    app.add_typer(group, name="audit")


def _asked(
    app: App,
    actor: str | None,
    action: list[str] | None,
    obj: str | None,
    request: str | None,
    since: str | None,
    until: str | None,
    words: str | None,
) -> journal.Asked:
    begin, end = (None if said is None else text(moment(app, said)) for said in (since, until))
    return journal.Asked(actor, tuple(action or ()), obj, request, begin, end, words)


def search(
    words: Annotated[str | None, typer.Argument(help="Words that stand in the row / 关键词")] = None,
    actor: Actor = None,
    action: Action = None,
    obj: Object = None,
    request: Request = None,
    since: Since = None,
    until: Until = None,
    limit: Annotated[int, typer.Option("--limit", min=1, max=10_000, help="At most so many / 最多行数")] = 100,
    as_json: Json = False,
    folder: Folder = None,
) -> None:
    """Rows of the audit log, newest first. / 查询审计日志，最新在前。"""
    with session(as_json) as s, open_app(folder) as app:
        asked = _asked(app, actor, action, obj, request, since, until, words)
        with app.store.look() as tx:
            rows = journal.search(tx, asked, limit=limit)
        s.give(rows)
        heads = [
            ("row", "行"),
            ("at", "时间"),
            ("who", "操作人"),
            ("what", "操作"),
            ("object", "对象"),
            ("detail", "详情"),
        ]
        s.table(heads, [[r["seq"], r["at"], r["actor"], r["action"], r["object"], _short(r["detail"])] for r in rows])


def _short(detail: object) -> str:
    if isinstance(detail, dict):
        detail = ", ".join(f"{name}={value}" for name, value in detail.items() if value not in (None, "", []))
    said = "" if detail is None else str(detail)
    return said if len(said) <= 160 else said[:159] + "…"


def verify(
    anchors: Annotated[
        Path | None, typer.Option("--anchor", help="Compare with a file of anchors, too / 同时与锚定文件比对")
    ] = None,
    exported: Annotated[
        Path | None, typer.Option("--file", help="Verify an exported file instead / 改为校验导出的文件")
    ] = None,
    as_json: Json = False,
    folder: Folder = None,
) -> None:
    """Follow the chain from its first row: is anything altered, missing, moved or cut off? / 校验审计链是否完整。"""
    with session(as_json) as s, open_app(folder) as app:
        if exported is not None:
            with exported.open(encoding="utf-8", errors="surrogateescape") as file:
                count, broken = journal.verify_lines(file, app.journal_key, str(exported))
            at = write = None
        else:
            with app.store.look() as tx:
                count, broken = journal.anchor(tx).seq, journal.verify(tx, app.journal_key)
                given = [] if anchors is None else journal.anchors_in(anchors.read_text("utf-8"), str(anchors))
                at = journal.unanchored(tx, given)
                write = journal.altered_write(tx) if broken is None else None
        if broken is not None:
            raise Rejected("audit.broken", row=broken)
        if at is not None:
            raise Rejected("audit.unanchored", row=at.seq, at=at.at)
        if write is not None:
            raise Rejected("audit.write", write=write)
        s.give({"rows": count, "broken_at": None})
        s.say(f"Whole: {count} rows.", f"完整：共 {count} 行。", style="green")


def export(
    file: Annotated[Path, typer.Argument(help="Where to; one line of JSON for each row / 导出文件（每行一条 JSON）")],
    actor: Actor = None,
    action: Action = None,
    obj: Object = None,
    request: Request = None,
    since: Since = None,
    until: Until = None,
    by: Who = None,
    as_json: Json = False,
    folder: Folder = None,
) -> None:
    """Take the audit log, or a part of it, out in a file; that is a row of it, too. / 导出审计日志（导出本身也会记录）。"""
    with session(as_json) as s, open_app(folder) as app:
        asked = _asked(app, actor, action, obj, request, since, until, None)
        count = 0
        with app.store.look() as tx, file.open("x", encoding="utf-8") as out:
            for line in journal.export(tx, asked):
                out.write(line)
                count += 1
        with app.store.begin() as tx:
            journal.record(tx, app.journal_key, person(by), "audit.exported", file.name, {"rows": count})
        s.give({"file": str(file), "rows": count})
        s.say(f"{file}: {count} rows.", f"{file}：共 {count} 行。")


def anchor(
    file: Annotated[
        Path | None, typer.Argument(help="Add the line to this file, kept where the hub cannot write / 追加到此文件")
    ] = None,
    as_json: Json = False,
    folder: Folder = None,
) -> None:
    """Where the chain stands now, as one line to keep elsewhere. / 输出审计链当前位置，供异地保存。"""
    with session(as_json) as s, open_app(folder) as app:
        with app.store.look() as tx:
            at = journal.anchor(tx)
        if file is not None:
            with file.open("a", encoding="utf-8") as out:
                out.write(journal.anchor_line(at))
        s.give(at._asdict())
        s.say(journal.anchor_line(at).rstrip(), journal.anchor_line(at).rstrip())
