"""migrate: batches that are staged, checked, loaded, verified, and taken back."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from hefu.app import App, open_app
from hefu.cli.session import DIFFERENT, FAILED, PERSON, Folder, Json, Session, Who, Yes, person, session
from hefu.core.errors import HubError, Unsupported
from hefu.core.words import tell
from hefu.engine import migrate
from hefu.engine.migrate_back import rollback
from hefu.engine.migrate_check import check
from hefu.engine.migrate_verify import verify
from hefu.insight import rejects
from hefu.store import batches
from hefu.store.batches import StoredBatch

Batch = Annotated[str | None, typer.Argument(help="Number of the batch (default: the newest) / 批次编号（默认最新）")]
Rejects = Annotated[
    Path | None, typer.Option("--rejects", help="File (.csv, .xlsx) of what needs correcting / 需更正记录的文件")
]

STATES = {
    "staging": "正在暂存", "staged": "已暂存", "checked": "已检查", "loading": "装载中", "loaded": "已装载",
    "verified": "已核对", "undoing": "撤回中", "rolled_back": "已回滚",
}  # fmt: skip
ROWS = {
    "staged": "已暂存", "ready": "可装载", "rejected": "被拒绝", "filtered": "已过滤", "present": "已存在",
    "loading": "装载中", "loaded": "已装载", "verified": "已核对", "differs": "有差异", "undone": "已撤回", "left": "保留",
}  # fmt: skip


def register(app: typer.Typer) -> None:
    """Hang the verbs of this file onto the command line."""
    group = typer.Typer(help="Move records in batches / 分批迁移数据", no_args_is_help=True)
    group.command("stage")(stage)
    group.command("check")(check_)
    group.command("load")(load)
    group.command("verify")(verify_)
    group.command("rollback")(rollback_)
    group.command("status")(status)
    app.add_typer(group, name="migrate")


def _chosen(app: App, given: str | None) -> str:
    """The batch that is meant."""
    if given:
        return given
    with app.store.look() as tx:
        newest = batches.listed(tx, 1)
    if not newest:
        raise Unsupported("migrate.unknown", id="-")
    return newest[0].id


def stage(
    source: Annotated[str, typer.Argument(help="Mapping to read / 读取的映射")],
    target: Annotated[str, typer.Argument(help="Mapping to write / 写入的映射")],
    by: Who = None,
    as_json: Json = False,
    folder: Folder = None,
) -> None:
    """Read all records of one mapping into a new batch for another; write nothing. / 读取全部记录，建立新批次，不写入。"""
    with session(as_json) as s, open_app(folder) as app:
        hub = app.hub()
        with s.watching(hub, "Reading", "正在读取"):
            head = migrate.stage(hub, source, target, person(by))
        _tell(s, app, head.id, None)
        s.say(f"Next: hefu migrate check {head.id}", f"下一步：hefu migrate check {head.id}")


def check_(
    batch: Batch = None, to: Rejects = None, by: Who = None, as_json: Json = False, folder: Folder = None
) -> None:
    """Check every record under the mappings and the target's rules; name what cannot go. / 逐条检查，列出无法装载的记录。"""
    with session(as_json) as s, open_app(folder) as app:
        hub, chosen = app.hub(), _chosen(app, batch)
        with s.watching(hub, "Checking", "正在检查"):
            check(hub, chosen, person(by))
        _tell(s, app, chosen, to)


def load(
    batch: Batch = None,
    size: Annotated[int, typer.Option("--slice", min=1, help="Records per slice / 每片记录数")] = migrate.SLICE,
    slices: Annotated[int | None, typer.Option(min=1, help="Stop after so many slices / 装载几片后停止")] = None,
    to: Rejects = None,
    by: Who = None,
    as_json: Json = False,
    folder: Folder = None,
) -> None:
    """Load what was checked, or go on with a load that was cut off. / 装载已检查的记录，或继续中断的装载。"""
    with session(as_json) as s, open_app(folder) as app:
        app.store.lock()
        hub, chosen = app.hub(), _chosen(app, batch)
        with s.watching(hub, "Loading", "正在装载"):
            done = migrate.load(hub, chosen, person(by), size=size, slices=slices)
        _tell(s, app, chosen, to)
        if done.stopped is not None:
            s.code = FAILED
            what, then = tell(HubError(done.stopped["code"], **done.stopped["facts"]), s.language)
            s.say(f"Stopped: {what} {then}", f"已停止：{what}{then}", style="yellow")
        if done.waiting:
            s.say(f"{done.waiting} wait; 'hefu migrate load {chosen}' goes on.",
                  f"还有 {done.waiting} 条；运行 hefu migrate load {chosen} 继续。")  # fmt: skip


def verify_(
    batch: Batch = None, to: Rejects = None, by: Who = None, as_json: Json = False, folder: Folder = None
) -> None:
    """Read both systems again and compare what was loaded, field by field. / 重新读取两边，逐字段核对已装载的记录。"""
    with session(as_json) as s, open_app(folder) as app:
        hub, chosen = app.hub(), _chosen(app, batch)
        with s.watching(hub, "Comparing", "正在核对"):
            found = verify(hub, chosen, person(by))
        _tell(s, app, chosen, to, unexplained=found.unexplained, classes=found.classes)
        if found.unexplained:
            s.code = DIFFERENT
        s.say(f"Unexplained differences: {found.unexplained}", f"无法解释的差异：{found.unexplained}",
              style="red" if found.unexplained else "green")  # fmt: skip


def rollback_(
    batch: Batch = None,
    yes: Yes = False,
    to: Rejects = None,
    by: Who = None,
    as_json: Json = False,
    folder: Folder = None,
) -> None:
    """Take back what a batch wrote; what somebody changed since stays and is listed. / 撤回批次写入的内容，之后被修改的保留并列出。"""
    with session(as_json) as s, open_app(folder) as app:
        app.store.lock()
        hub, chosen = app.hub(), _chosen(app, batch)
        if not yes and not as_json and not typer.confirm(s.t(f"Take back batch {chosen}?", f"确认撤回批次 {chosen}？")):
            return
        with s.watching(hub, "Taking back", "正在撤回"):
            done = rollback(hub, chosen, person(by))
        _tell(s, app, chosen, to, plan=done.plan_id)
        if done.waiting:
            s.code = FAILED
            s.say(
                f"{done.waiting} writes are still under way; do it again.",
                f"还有 {done.waiting} 条写入未完成，请重试。",
            )


def status(batch: Batch = None, to: Rejects = None, as_json: Json = False, folder: Folder = None) -> None:
    """How a batch stands, or all of them. / 查看一个批次或全部批次的进度。"""
    with session(as_json) as s, open_app(folder) as app:
        if batch or to:
            _tell(s, app, _chosen(app, batch), to)
            return
        with app.store.look() as tx:
            found = [(head, batches.counts(tx, head.id)) for head in batches.listed(tx)]
        s.give([_plain(head, counts) for head, counts in found])
        heads = [("batch", "批次"), ("from", "来源"), ("into", "目标"), ("state", "状态"), ("records", "记录")]
        s.table(heads, [(h.id, h.source, h.target, _word(s, STATES, h.state), _list(s, c)) for h, c in found])


def _tell(s: Session, app: App, batch_id: str, to: Path | None, **more: Any) -> None:
    """A batch as it stands now, and its file of rejects; what needs a person sets the exit code."""
    with app.store.look() as tx:
        head = batches.get(tx, batch_id)
        counts = batches.counts(tx, batch_id)
    if head is None:
        raise Unsupported("migrate.unknown", id=batch_id)
    lines = rejects.write(app.store, batch_id, to, s.language) if to is not None else None
    s.give({**_plain(head, counts), **more, **({"rejects": lines} if to is not None else {})})
    s.say(f"Batch {head.id}: {head.state}", f"批次 {head.id}：{STATES[head.state]}")
    s.say(f"  {_list(s, counts)}", f"  {_list(s, counts)}")
    bad = sum(counts.get(state, 0) for state in rejects.STATES)
    if to is not None:
        s.say(f"  {lines} lines in {to}", f"  {to} 中有 {lines} 行")
    elif bad:
        s.say(
            f"  {bad} need correcting: --rejects FILE.xlsx names each", f"  {bad} 条需更正：用 --rejects 文件.xlsx 列出"
        )
    if bad and head.state != "rolled_back":
        s.code = PERSON


def _plain(head: StoredBatch, counts: dict[str, int]) -> dict[str, Any]:
    return {
        "batch": head.id, "source": head.source, "target": head.target, "state": head.state, "author": head.author,
        "created_at": head.created_at, "rows": counts, "note": head.note,
    }  # fmt: skip


def _word(s: Session, words: dict[str, str], state: str) -> str:
    return s.t(state, words[state])


def _list(s: Session, counts: dict[str, int]) -> str:
    return ", ".join(f"{_word(s, ROWS, state)} {n}" for state, n in sorted(counts.items()))
