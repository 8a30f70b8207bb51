"""key: the master key that wraps every sealed secret, and its exchange while the hub works on."""

from __future__ import annotations

from typing import Annotated

import typer

from hefu.app import open_app
from hefu.app.house import App
from hefu.cli.session import Folder, Json, Who, person, session
from hefu.core.errors import Rejected, Unsupported
from hefu.store import journal, secrets
from hefu.store.secrets import MasterKeys, exchange_keys, new_master_key


def register(app: typer.Typer) -> None:
    """Hang the verbs of this file onto the command line."""
    group = typer.Typer(help="The master key / 主密钥", no_args_is_help=True)
    group.command("list")(list_)
    group.command("new")(new)
    group.command("rotate")(rotate)
    group.command("forget")(forget)
    app.add_typer(group, name="key")


def list_(as_json: Json = False, folder: Folder = None) -> None:
    """Master keys at hand, by a number that does not betray them, and what each seals. / 列出主密钥编号及其封存数量。"""
    with session(as_json) as s, open_app(folder) as app:
        with app.store.look() as tx:
            used = secrets.sealed_under(tx)
        known = app.keys()
        at_hand = list(known.by_id) if known is not None else []
        rows = [
            {
                "key": one,
                "at_hand": one in at_hand,
                "seals": one == next(iter(at_hand), None),
                "secrets": used.get(one, 0),
            }
            for one in [*at_hand, *(one for one in used if one not in at_hand)]
        ]
        s.give(rows)
        yes, no = s.t("yes", "是"), s.t("no", "否")
        heads = [("key", "主密钥"), ("at hand", "可用"), ("seals what is new", "用于新封存"), ("secrets", "封存数量")]
        s.table(heads, [[r["key"], yes if r["at_hand"] else no, yes if r["seals"] else no, r["secrets"]] for r in rows])


def new(as_json: Json = False) -> None:
    """A fresh master key, for HEFU_MASTER_KEY or its file. / 生成新的主密钥文本。"""
    with session(as_json) as s:
        made = new_master_key()
        s.give({"key": made})
        s.say(made, made)


def rotate(
    wrap_only: Annotated[
        bool, typer.Option("--wrap-only", help="The new key stands first already / 新密钥已置于首位，仅重新封装")
    ] = False,
    by: Who = None,
    as_json: Json = False,
    folder: Folder = None,
) -> None:
    """Exchange the master key while the hub works on; the old one stays at hand for older backups. / 在线轮换主密钥，旧密钥保留用于旧备份。"""
    with session(as_json) as s, open_app(folder) as app:
        before = app.master_keys()
        if not wrap_only:
            if app.key_file is None:
                raise Unsupported("secret.keys_elsewhere")
            fresh = MasterKeys.parse(new_master_key(), "new")
            exchange_keys(app.key_file, [*fresh.by_id.values(), *before.by_id.values()])
        now = app.master_keys()
        with app.store.begin() as tx:
            count = secrets.rotate(tx, now, app.hub_id)
            detail = {"from": before.current[0], "to": now.current[0], "secrets": count}
            journal.record(tx, app.journal_key, person(by), "key.rotated", now.current[0], detail)
        s.give({"key": now.current[0], "secrets": count})
        s.say(f"{count} secrets are sealed under {now.current[0]} now. Keep a copy of the key file apart from the backups.",
              f"{count} 个密钥已改由 {now.current[0]} 封存。请将密钥文件与备份分开保存。")  # fmt: skip


def forget(
    key: Annotated[str, typer.Argument(help="Its number: 'hefu key list' / 主密钥编号")],
    by: Who = None,
    as_json: Json = False,
    folder: Folder = None,
) -> None:
    """Take an old master key out of the key file; backups sealed with it cannot be opened without a copy. / 从密钥文件移除旧主密钥。"""
    with session(as_json) as s, open_app(folder) as app:
        found = _others(app, key)
        with app.store.begin() as tx:
            if used := secrets.sealed_under(tx).get(key, 0):
                raise Rejected("secret.key_in_use", key=key, count=used)
            journal.record(tx, app.journal_key, person(by), "key.forgotten", key)
        if app.key_file is not None:
            exchange_keys(app.key_file, found)
        s.give({"forgotten": key})
        s.say("Forgotten.", "已移除。")


def _others(app: App, key: str) -> list[bytes]:
    """The master keys without that one. Raises Rejected for the one that seals, or one that is not there."""
    if app.key_file is None:
        raise Unsupported("secret.keys_elsewhere")
    known = app.master_keys()
    if key == known.current[0]:
        raise Rejected("secret.key_in_use", key=key, count="new")
    return [raw for identity, raw in known.by_id.items() if identity != key]
