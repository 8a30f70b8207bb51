"""user, token: who may log in, from where, and the programs that act for them."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from hefu.app import open_app
from hefu.app.accounts import Accounts
from hefu.cli.session import Folder, Json, Session, Who, person, session
from hefu.core.errors import Unsupported
from hefu.core.rights import local

Login = Annotated[str, typer.Argument(help="Login name / 登录名")]
SomeLogin = Annotated[str | None, typer.Argument(help="Login name (default: all) / 登录名（默认全部）")]


def register(app: typer.Typer) -> None:
    """Hang the verbs of this file onto the command line."""
    user = typer.Typer(help="People who may log in / 账号", no_args_is_help=True)
    user.command("add")(add)
    user.command("list")(list_)
    user.command("edit")(edit)
    user.command("off")(off)
    user.command("on")(on)
    user.command("password")(password)
    user.command("second-factor")(second_factor)
    user.command("vouch")(vouch)
    user.command("link")(link)
    user.command("sessions")(sessions)
    user.command("log-out")(log_out)
    app.add_typer(user, name="user")
    token = typer.Typer(help="API tokens of programs / 程序使用的 API 令牌", no_args_is_help=True)
    token.command("add")(token_add)
    token.command("list")(token_list)
    token.command("revoke")(token_revoke)
    app.add_typer(token, name="token")


def _typed(s: Session, login: str) -> str:
    """A password from the prompt or the pipe, never from the command line."""
    if not sys.stdin.isatty():
        value = sys.stdin.readline().rstrip("\r\n")
    else:
        value = typer.prompt(s.t("Password", "密码"), hide_input=True, confirmation_prompt=True)
    if not value:
        raise Unsupported("cli.empty_secret", name=login)
    return str(value)


def add(
    login: Login,
    name: Annotated[str, typer.Option("--name", help="As others read it / 显示名称")] = "",
    email: Annotated[str | None, typer.Option("--email", help="E-mail address / 电子邮箱")] = None,
    role: Annotated[list[str] | None, typer.Option("--role", help="Roles everywhere / 授予的角色（不限组织）")] = None,
    ask_password: Annotated[
        bool, typer.Option("--password/--no-password", help="Ask for (or read) a first password / 输入初始密码")
    ] = False,
    by: Who = None,
    as_json: Json = False,
    folder: Folder = None,
) -> None:
    """Make an account; without a password, 'hefu user link' logs it in once. / 新建账号；未设密码时可用一次性链接登录。"""
    with session(as_json) as s, open_app(folder) as app:
        accounts, who = Accounts(app), local(person(by))
        accounts.require_roles(role or [])
        secret = _typed(s, login) if ask_password else None
        made = accounts.add(who, login, name=name, email=email, password=secret)
        held = {one: accounts.grant(who, login, one)[1] for one in role or []}
        s.give({"id": made, "login": login, "roles": held})
        s.say(f"{login} may log in now. Roles: {', '.join(held) or 'none yet: hefu role grant'}",
              f"账号 {login} 已建立。角色：{'、'.join(held) or '暂无，请运行 hefu role grant'}")  # fmt: skip


def list_(as_json: Json = False, folder: Folder = None) -> None:
    """Accounts with their roles; nothing secret. / 列出账号及其角色。"""
    with session(as_json) as s, open_app(folder) as app:
        rows = Accounts(app).every()
        s.give(rows)
        heads = [("login", "登录名"), ("name", "名称"), ("state", "状态"), ("roles", "角色"), ("second factor", "动态验证码"), ("last seen", "最近使用")]  # fmt: skip
        cells = [
            [r["login"], r["name"], r["state"], ", ".join(h["role"] for h in r["roles"]), s.t("yes", "有") if r["second_factor"] else "", r["last_at"]]
            for r in rows
        ]  # fmt: skip
        s.table(heads, cells)


def edit(
    login: Login,
    name: Annotated[str | None, typer.Option("--name", help="As others read it / 显示名称")] = None,
    email: Annotated[
        str | None, typer.Option("--email", help="E-mail address; '' removes it / 电子邮箱，空则删除")
    ] = None,
    by: Who = None,
    as_json: Json = False,
    folder: Folder = None,
) -> None:
    """Change the name or the e-mail address of an account. / 修改账号的名称或邮箱。"""
    with session(as_json) as s, open_app(folder) as app:
        values: dict[str, str | None] = {"name": name} if name else {}
        if email is not None:
            values["email"] = email or None
        Accounts(app).edit(local(person(by)), login, **values)
        s.give({"login": login, **values})
        s.say("Changed.", "已修改。")


def off(login: Login, by: Who = None, as_json: Json = False, folder: Folder = None) -> None:
    """Switch an account off: its sessions end, its tokens are refused. / 停用账号：会话立即结束，令牌失效。"""
    _switch(login, by, as_json, folder, to=False)


def on(login: Login, by: Who = None, as_json: Json = False, folder: Folder = None) -> None:
    """Switch an account on again. / 重新启用账号。"""
    _switch(login, by, as_json, folder, to=True)


def _switch(login: str, by: str | None, as_json: bool, folder: Folder, *, to: bool) -> None:
    with session(as_json) as s, open_app(folder) as app:
        Accounts(app).switch(local(person(by)), login, on=to)
        s.give({"login": login, "state": "on" if to else "off"})
        s.say(f"{login} is switched {'on' if to else 'off'}.", f"账号 {login} 已{'启用' if to else '停用'}。")


def password(login: Login, by: Who = None, as_json: Json = False, folder: Folder = None) -> None:
    """Give an account a new password, typed or piped; its sessions end. / 重置密码（交互或管道输入），会话随即结束。"""
    with session(as_json) as s, open_app(folder) as app:
        Accounts(app).reset_password(local(person(by)), login, _typed(s, login))
        s.give({"login": login})
        s.say("The password is changed.", "密码已更改。")


def second_factor(login: Login, by: Who = None, as_json: Json = False, folder: Folder = None) -> None:
    """Take the second factor away from who lost it. / 移除已丢失的动态验证码。"""
    with session(as_json) as s, open_app(folder) as app:
        Accounts(app).reset_second_factor(local(person(by)), login)
        s.give({"login": login})
        s.say("Removed; it can be set up anew after the next login.", "已移除；下次登录后可重新设置。")


def vouch(
    login: Login,
    issuer: Annotated[str, typer.Argument(help="Address of the single sign-on provider / 单点登录提供方地址")],
    subject: Annotated[str, typer.Argument(help="Its unchanging name for this person / 该人员的固定标识（sub）")],
    by: Who = None,
    as_json: Json = False,
    folder: Folder = None,
) -> None:
    """Tie an account to a person of a single sign-on provider. / 将账号与单点登录的人员对应。"""
    with session(as_json) as s, open_app(folder) as app:
        Accounts(app).vouch(local(person(by)), login, issuer, subject)
        s.give({"login": login, "issuer": issuer, "subject": subject})
        s.say("Tied.", "已对应。")


def link(
    login: Login,
    minutes: Annotated[int, typer.Option("--minutes", min=1, max=1440, help="How long it holds / 有效分钟数")] = 15,
    by: Who = None,
    as_json: Json = False,
    folder: Folder = None,
) -> None:
    """A link that logs an account in once. / 一次性登录链接。"""
    with session(as_json) as s, open_app(folder) as app:
        ticket, until = Accounts(app).link(local(person(by)), login, seconds=60.0 * minutes)
        path = f"/ui/#/enter/{ticket}"
        s.give({"login": login, "ticket": ticket, "path": path, "until": until})
        s.say(
            f"Until {until}, once: http://{app.machine.listen}{path}",
            f"{until} 前一次有效：http://{app.machine.listen}{path}",
        )


def sessions(login: SomeLogin = None, as_json: Json = False, folder: Folder = None) -> None:
    """Who is logged in. / 查看当前会话。"""
    with session(as_json) as s, open_app(folder) as app:
        rows = Accounts(app).sessions(login)
        s.give(rows)
        heads = [("number", "编号"), ("login", "登录名"), ("how", "方式"), ("since", "登录时间"), ("last used", "最近使用"), ("address", "地址")]  # fmt: skip
        s.table(heads, [[r["id"], r["login"], r["how"], r["made_at"], r["seen_at"], r["address"]] for r in rows])


def log_out(
    login: Login,
    number: Annotated[str | None, typer.Option("--session", help="Only this one / 仅此会话")] = None,
    by: Who = None,
    as_json: Json = False,
    folder: Folder = None,
) -> None:
    """End an account's sessions, or one of them. / 强制下线（全部或指定会话）。"""
    with session(as_json) as s, open_app(folder) as app:
        accounts, who = Accounts(app), local(person(by))
        if number is None:
            ended = accounts.end_sessions(who, login)
        else:
            mine = number in {row["id"] for row in accounts.sessions(login)}
            ended = int(mine and accounts.end_session(who, number))
        s.give({"login": login, "ended": ended})
        s.say(f"Sessions ended: {ended}.", f"已结束会话：{ended}。")


# ------------------------------------------------------------------ tokens


def token_add(
    login: Login,
    name: Annotated[str, typer.Argument(help="What it is for / 用途")],
    scope: Annotated[list[str], typer.Option("--scope", help="Right it may use at most, e.g. record.see / 允许的权限")],
    days: Annotated[
        int, typer.Option("--days", min=0, max=3650, help="How long it holds; 0: for ever / 有效天数，0 为长期")
    ] = 90,
    by: Who = None,
    as_json: Json = False,
    folder: Folder = None,
) -> None:
    """Make an API token; it is shown this once. / 新建 API 令牌，仅显示一次。"""
    with session(as_json) as s, open_app(folder) as app:
        seconds = 86_400.0 * days if days else None
        made, secret = Accounts(app).make_token(local(person(by)), login, name, scope, seconds=seconds)
        s.give({"id": made, "token": secret, "scopes": sorted(scope)})
        s.say(f"{secret}\nKeep it now; it is not shown again.", f"{secret}\n请立即保存，不会再次显示。")


def token_list(login: SomeLogin = None, as_json: Json = False, folder: Folder = None) -> None:
    """API tokens by name; never the token itself. / 列出 API 令牌（不显示令牌）。"""
    with session(as_json) as s, open_app(folder) as app:
        rows = Accounts(app).tokens(login)
        s.give(rows)
        heads = [("number", "编号"), ("login", "登录名"), ("name", "用途"), ("rights", "权限"), ("until", "有效期至"), ("last used", "最近使用"), ("in force", "有效")]  # fmt: skip
        cells = [
            [r["id"], r["login"], r["name"], ", ".join(r["scopes"]), r["until_at"], r["used_at"], s.t("yes", "是") if r["live"] else s.t("no", "否")]
            for r in rows
        ]  # fmt: skip
        s.table(heads, cells)


def token_revoke(
    number: Annotated[str, typer.Argument(help="Its number / 编号")], by: Who = None, as_json: Json = False, folder: Folder = None
) -> None:  # fmt: skip
    """End an API token. / 吊销 API 令牌。"""
    with session(as_json) as s, open_app(folder) as app:
        Accounts(app).revoke_token(local(person(by)), number)
        s.give({"revoked": number})
        s.say("Revoked.", "已吊销。")
