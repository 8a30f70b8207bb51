"""backup create|verify|restore|list: the hub's own memory in an encrypted file, and back."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path
from typing import Annotated

import typer

from hefu.app import Machine, open_app, vault
from hefu.cli.session import FAILED, Folder, Json, Who, person, session
from hefu.core.env import Env
from hefu.store import backup
from hefu.store.db import Store
from hefu.store.sealed_file import Key
from hefu.store.secrets import MasterKeys, Secrets

File = Annotated[Path, typer.Argument(help="The backup / 备份文件")]
Passphrase = Annotated[
    str | None,
    typer.Option(
        "--passphrase", help="Reference to a passphrase, e.g. ${env:NAME}, in place of the master key / 口令引用"
    ),
]


def register(app: typer.Typer) -> None:
    """Hang the verbs of this file onto the command line."""
    group = typer.Typer(help="Encrypted backups of the hub / 系统的加密备份", no_args_is_help=True)
    group.command("create")(create)
    group.command("verify")(verify)
    group.command("restore")(restore)
    group.command("list")(list_)
    app.add_typer(group, name="backup")


def _key(machine: Machine, secrets: Secrets, passphrase: str | None) -> Key:
    """What opens a backup; the passphrase stands somewhere else, never on the command line."""
    if passphrase is not None:
        return Key(passphrase=str(secrets.resolve(passphrase, "--passphrase")))
    own = machine.home / "master.key"
    found = MasterKeys.from_environment(machine.environ)
    if found is None and own.exists():
        found = MasterKeys.parse(own.read_text(encoding="ascii"), str(own))
    return Key(master=found)


def create(
    file: Annotated[Path | None, typer.Argument(help="Where to (default: HEFU_HOME/backups) / 备份文件")] = None,
    passphrase: Passphrase = None,
    by: Who = None,
    as_json: Json = False,
    folder: Folder = None,
) -> None:
    """Write an encrypted backup while the hub works on. / 在线创建加密备份。"""
    with session(as_json) as s, open_app(folder) as app:
        key = _key(app.machine, app.secrets, passphrase) if passphrase else Key(master=app.master_keys())
        with s.progress("Backing up", "正在备份") as told:
            path, made = vault.create(app, file, key, person(by), lambda table, n: told(f"{table} {n}"))
        s.give({"file": str(path), **vault.facts(made)})
        s.say(f"{path}: {made.rows} rows of {made.made_at}. Keep the key apart from it; without the key it is lost.",
              f"{path}：{made.rows} 行，时间 {made.made_at}。密钥请另行保管，没有密钥无法恢复。")  # fmt: skip


def verify(
    file: File, passphrase: Passphrase = None, by: Who = None, as_json: Json = False, folder: Folder = None
) -> None:
    """Read all of a backup and check every byte and row, restoring nothing. / 完整读取并校验备份，不恢复。"""
    with session(as_json) as s, open_app(folder) as app:
        with s.progress("Verifying", "正在校验") as told:
            key = _key(app.machine, app.secrets, passphrase)
            found = vault.verify(app, file, key, person(by), lambda table, n: told(f"{table} {n}"))
        s.give({"file": str(file), **vault.facts(found)})
        s.say(f"Whole: {found.rows} rows in {len(found.tables)} tables, of {found.made_at}.",
              f"完整：{len(found.tables)} 个表共 {found.rows} 行，时间 {found.made_at}。", style="green")  # fmt: skip


def restore(
    file: File,
    passphrase: Passphrase = None,
    replace: Annotated[bool, typer.Option("--replace", help="Give up what the store holds now / 覆盖现有数据")] = False,
    by: Who = None,
    as_json: Json = False,
    folder: Folder = None,
) -> None:
    """Put a backup into the empty store of this machine; stop the hub first. / 将备份恢复到本机的空数据库（先停止运行）。"""
    with session(as_json) as s:
        machine = Machine.here(folder)
        machine.home.mkdir(mode=0o700, parents=True, exist_ok=True)
        key = _key(machine, Secrets(machine.environ, machine.folder), passphrase)
        with closing(Store(machine.store_url, Env(), lease=machine.lease)) as store:
            with s.progress("Restoring", "正在恢复") as told:
                made = backup.restore(file, key, store, replace=replace, told=lambda table, n: told(f"{table} {n}"))
            with store.look() as tx:
                broken = backup.broken(tx)
        with open_app(folder) as app:
            vault.note(app, person(by), "backup.restored", file, made)
        s.give({"file": str(file), **vault.facts(made), "broken": broken})
        s.say(f"Restored: {made.rows} rows of {made.made_at}. Nothing is written before every system was read again.",
              f"已恢复 {made.rows} 行，时间 {made.made_at}。重新读取所有系统之前不会写入任何内容。")  # fmt: skip
        for rule, one in broken.items():
            s.say(f"It does not hold together: {rule} ({one})", f"数据不一致：{rule}（{one}）", style="red")
            s.code = FAILED


def list_(
    where: Annotated[Path | None, typer.Argument(help="Folder (default: HEFU_HOME/backups) / 目录")] = None,
    as_json: Json = False,
    folder: Folder = None,
) -> None:
    """Backups in a folder, newest first, by what they say of themselves. / 列出备份文件。"""
    with session(as_json) as s:
        place = where or vault.home(Machine.here(folder))
        rows = vault.listed(place)
        s.give(rows)
        heads = [("file", "文件"), ("made at", "时间"), ("bytes", "字节"), ("key", "密钥"), ("revision", "结构版本")]
        if rows:
            s.table(heads, [[row[n] for n in ("file", "made_at", "bytes", "key", "revision")] for row in rows])
        else:
            s.say(f"No backups in {place}.", f"{place} 中没有备份。")


__all__ = ["register"]
