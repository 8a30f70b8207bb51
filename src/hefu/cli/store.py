"""db and secret: the hub's own database and its sealed secrets."""

from __future__ import annotations

import sys
from contextlib import closing
from typing import Annotated

import typer

from hefu.app import Machine, open_app
from hefu.cli.session import FAILED, Folder, Json, session
from hefu.core.env import Env
from hefu.core.errors import Unsupported
from hefu.store import journal, migrate, secrets
from hefu.store.db import Store


def register(app: typer.Typer) -> None:
    """Hang the verbs of this file onto the command line."""
    db = typer.Typer(help="The hub's own database / 系统数据库", no_args_is_help=True)
    db.command("upgrade")(upgrade)
    db.command("check")(check)
    db.command("move")(move)
    app.add_typer(db, name="db")
    sealed = typer.Typer(help="Sealed secrets / 加密保存的密钥", no_args_is_help=True)
    sealed.command("set")(secret_set)
    sealed.command("list")(secret_list)
    sealed.command("remove")(secret_remove)
    app.add_typer(sealed, name="secret")


def upgrade(as_json: Json = False, folder: Folder = None) -> None:
    """Bring the database to this version's tables. / 升级数据库结构。"""
    with session(as_json) as s:
        machine = Machine.here(folder)
        if machine.store_url.startswith("sqlite:///"):
            machine.home.mkdir(mode=0o700, parents=True, exist_ok=True)
        with closing(Store(machine.store_url, Env())) as store:
            done = migrate.upgrade(store)
        s.give({"upgraded": done, "revision": migrate.head()})
        s.say("Upgraded." if done else "Already up to date.", "已升级。" if done else "已是最新。")


def check(as_json: Json = False, folder: Folder = None) -> None:
    """Reach the database, its revision and the audit chain. / 检查数据库连接、版本与审计链。"""
    with session(as_json) as s, open_app(folder) as app:
        revision = migrate.revision(app.store)
        with app.store.look() as tx:
            broken = journal.verify(tx, app.journal_key)
        where = app.store.url.render_as_string(hide_password=True)
        s.give({"store": where, "revision": revision, "audit_broken_at": broken})
        s.say(f"{where}: revision {revision}", f"{where}：结构版本 {revision}")
        if broken is None:
            s.say("The audit chain is whole.", "审计链完整。", style="green")
        else:
            s.say(f"The audit chain is broken at row {broken}.", f"审计链在第 {broken} 行断裂。", style="red")
            s.code = FAILED


def move(
    target: Annotated[str, typer.Argument(help="postgresql+psycopg://user@host/name")],
    as_json: Json = False,
    folder: Folder = None,
) -> None:
    """Copy the hub into another, empty database. / 将系统数据迁移到另一个空数据库。"""
    with session(as_json) as s, open_app(folder) as app:
        app.store.lock()
        with closing(Store(target, Env())) as other:
            migrate.upgrade(other)
            with s.progress("Moving", "正在迁移") as told:
                counts = migrate.move(app.store, other, lambda table, n: told(f"{table} {n}"))
        s.give({"rows": counts})
        s.say(f"Moved {sum(counts.values())} rows. Now set HEFU_STORE={target} and start 'hefu run' or 'hefu worker'.\n"
              f"On other machines also set HEFU_JOURNAL_KEY to what stands in {app.machine.home / 'journal.key'}.",
              f"已迁移 {sum(counts.values())} 行。请设置 HEFU_STORE={target}，再启动 hefu run 或 hefu worker。\n"
              f"其他机器还需将 HEFU_JOURNAL_KEY 设为 {app.machine.home / 'journal.key'} 中的内容。")  # fmt: skip


def secret_set(
    name: Annotated[str, typer.Argument(help="Name used as ${sealed:NAME} / 引用名")],
    as_json: Json = False,
    folder: Folder = None,
) -> None:
    """Seal a secret typed at the prompt or piped in. / 加密保存一个密钥（交互输入或管道输入）。"""
    with session(as_json) as s, open_app(folder) as app:
        value = (
            typer.prompt(s.t("Value", "值"), hide_input=True) if sys.stdin.isatty() else sys.stdin.read().rstrip("\n")
        )
        if not value:
            raise Unsupported("cli.empty_secret", name=name)
        keys = app.master_keys()
        with app.store.begin() as tx:
            secrets.seal(tx, keys, app.hub_id, name, value)
            journal.record(tx, app.journal_key, "cli", "secret.set", name)
        s.give({"sealed": name})
        s.say(f"Sealed. Use it as ${{sealed:{name}}}.", f"已加密保存，引用方式 ${{sealed:{name}}}。")


def secret_list(as_json: Json = False, folder: Folder = None) -> None:
    """Names of sealed secrets; values are never shown. / 列出密钥名称（不显示值）。"""
    with session(as_json) as s, open_app(folder) as app:
        with app.store.look() as tx:
            rows = list(secrets.names(tx))
        s.give([{"name": r[0], "key_id": r[1], "changed_at": r[2]} for r in rows])
        s.table([("name", "名称"), ("key", "主密钥"), ("changed", "修改时间")], rows)


def secret_remove(name: str, as_json: Json = False, folder: Folder = None) -> None:
    """Forget a sealed secret. / 删除一个密钥。"""
    with session(as_json) as s, open_app(folder) as app:
        with app.store.begin() as tx:
            was = secrets.forget(tx, name)
            journal.record(tx, app.journal_key, "cli", "secret.removed", name)
        s.give({"removed": was})
        s.say("Removed." if was else "There was none.", "已删除。" if was else "不存在。")
