"""role: who may do what, and who holds it."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Any

import typer

from hefu.app import open_app
from hefu.app.accounts import Accounts
from hefu.cli.session import PERSON, Folder, Json, Session, Who, person, session
from hefu.core.project import Role
from hefu.core.resources import RESOURCES
from hefu.core.rights import Scope, granted, local
from hefu.store.policies import EVERYBODY

Login = Annotated[str, typer.Argument(help="Login name / 登录名")]
Number = Annotated[str, typer.Argument(help="Number of the granted role: 'hefu role holders' / 授权编号")]


def register(app: typer.Typer) -> None:
    """Hang the verbs of this file onto the command line."""
    group = typer.Typer(help="Roles and who holds them / 角色与授权", no_args_is_help=True)
    group.command("list")(list_)
    group.command("show")(show)
    group.command("rights")(rights)
    group.command("grant")(grant)
    group.command("approve")(approve)
    group.command("end")(end)
    group.command("holders")(holders)
    group.command("review")(review)
    group.command("policy")(policy)
    app.add_typer(group, name="role")


def _title(s: Session, role: Role) -> str:
    return role.title.get("zh" if s.language == "zh" else "en", role.role)


def list_(as_json: Json = False, folder: Folder = None) -> None:
    """Every role: those of the project and the ready ones. / 列出全部角色（项目的与内置的）。"""
    with session(as_json) as s, open_app(folder) as app:
        accounts = Accounts(app)
        rows: list[dict[str, Any]] = []
        for name, role in sorted(accounts.roles.items()):
            found = granted(name, accounts.roles)
            rights = sorted(found.rights) if found else []
            rows.append(
                {"role": name, "title": role.title, "rights": rights, "see": dict(found.view.see) if found else {}}
            )
        s.give(rows)
        heads = [("role", "角色"), ("title", "名称"), ("rights", "权限数"), ("sees", "可见范围")]
        cells = [
            [r["role"], _title(s, accounts.roles[r["role"]]), len(r["rights"]), " ".join(f"{k}:{v}" for k, v in r["see"].items())]
            for r in rows
        ]  # fmt: skip
        s.table(heads, cells)


def show(
    name: Annotated[str, typer.Argument(help="The role / 角色")], as_json: Json = False, folder: Folder = None
) -> None:
    """All that a role may do and see, with what it extends. / 查看角色的全部权限与可见范围。"""
    with session(as_json) as s, open_app(folder) as app:
        accounts = Accounts(app)
        accounts.require_roles([name])
        found = granted(name, accounts.roles)
        assert found is not None
        organisations, departments = found.scope.organisations, found.scope.departments
        s.give(
            {"role": name, "rights": sorted(found.rights), "see": dict(found.view.see), "edit": sorted(found.view.edit),
             "organisations": organisations, "departments": departments, "apart": sorted(found.apart)}
        )  # fmt: skip
        s.say(f"{name}: {_title(s, accounts.roles[name])}", f"{name}：{_title(s, accounts.roles[name])}")
        by_resource: dict[str, list[str]] = {}
        for right in sorted(found.rights):
            resource, _, action = right.partition(".")
            by_resource.setdefault(resource, []).append(action)
        s.table([("resource", "资源"), ("may", "操作")], [[k, ", ".join(v)] for k, v in by_resource.items()])
        s.table([("values of", "取值"), ("are", "显示")], [[k, v] for k, v in found.view.see.items()])


def rights(as_json: Json = False) -> None:
    """Every right there is, in words. / 列出全部权限及说明。"""
    with session(as_json) as s:
        rows = [
            {"right": f"{name}.{action}", "en": f"{one.en}: {en}", "zh": f"{one.zh}：{zh}"}
            for name, one in RESOURCES.items()
            for action, (en, zh) in one.actions.items()
        ]
        s.give(rows)
        s.table([("right", "权限"), ("means", "说明")], [[r["right"], s.t(r["en"], r["zh"])] for r in rows])


def grant(
    login: Login,
    role: Annotated[str, typer.Argument(help="The role / 角色")],
    organisation: Annotated[list[str] | None, typer.Option("--organisation", help="Only there / 仅限此组织")] = None,
    department: Annotated[list[str] | None, typer.Option("--department", help="Only there / 仅限此部门")] = None,
    days: Annotated[int | None, typer.Option("--days", min=1, help="It ends by itself then / 到期天数")] = None,
    reason: Annotated[str, typer.Option("--reason", help="Why / 理由")] = "",
    by: Who = None,
    as_json: Json = False,
    folder: Folder = None,
) -> None:
    """Put a role into somebody's hands; their sessions end. Exit code 4: another must agree. / 授予角色；退出码 4 表示须他人批准。"""
    with session(as_json) as s, open_app(folder) as app:
        scope = Scope(frozenset(organisation) if organisation else None, frozenset(department) if department else None)
        until = None if days is None else app.env.now() + timedelta(days=days)
        made, state = Accounts(app).grant(local(person(by)), login, role, scope=scope, until=until, reason=reason)
        s.give({"number": made, "state": state})
        if state == "asked":
            s.say(f"Waits for another person: hefu role approve {made}", f"等待他人批准：hefu role approve {made}")
            s.code = PERSON
        else:
            s.say(f"{login} holds {role} now (number {made}).", f"{login} 已获得角色 {role}（编号 {made}）。")


def approve(number: Number, by: Who = None, as_json: Json = False, folder: Folder = None) -> None:
    """Agree to a role that another granted. / 批准他人的授权。"""
    with session(as_json) as s, open_app(folder) as app:
        Accounts(app).approve(local(person(by)), number)
        s.give({"number": number, "state": "held"})
        s.say("Agreed; it is held from now on.", "已批准，立即生效。")


def end(number: Number, by: Who = None, as_json: Json = False, folder: Folder = None) -> None:
    """Take a role back, or turn one down. / 收回或驳回授权。"""
    with session(as_json) as s, open_app(folder) as app:
        done = Accounts(app).end(local(person(by)), number)
        s.give({"number": number, "ended": done})
        s.say("Ended." if done else "It had ended.", "已收回。" if done else "此前已结束。")


def holders(
    all_: Annotated[bool, typer.Option("--all", help="Ended ones, too / 包括已结束的")] = False,
    as_json: Json = False,
    folder: Folder = None,
) -> None:
    """Who holds which role, where and until when. / 查看授权情况。"""
    with session(as_json) as s, open_app(folder) as app:
        rows = Accounts(app).holdings(ended=all_)
        s.give(rows)
        heads = [("number", "编号"), ("login", "登录名"), ("role", "角色"), ("state", "状态"), ("organisations", "组织"), ("departments", "部门"), ("until", "到期"), ("granted by", "授权人")]  # fmt: skip
        cells = [
            [r["id"], r["login"], r["role"], r["state"], _listed(s, r["organisations"]), _listed(s, r["departments"]), r["until_at"], r["granted_by"]]
            for r in rows
        ]  # fmt: skip
        s.table(heads, cells)


def _listed(s: Session, names: list[str] | None) -> str:
    return s.t("all", "全部") if names is None else ", ".join(names)


WHY = {
    "asked": ("waits for agreement", "等待批准"),
    "gone": ("there is no such role any more", "角色已不存在"),
    "off": ("account is switched off", "账号已停用"),
    "unused": ("nobody logged in", "长期未使用"),
    "duties": ("joins duties that are to be apart", "职责未分离"),
}


def review(
    days: Annotated[int, typer.Option("--days", min=1, help="Unused for so long / 多少天未使用")] = 90,
    as_json: Json = False,
    folder: Folder = None,
) -> None:
    """Roles in hands that somebody should look at: unused, of accounts switched off, joined duties. / 列出需要复核的授权。"""
    with session(as_json) as s, open_app(folder) as app:
        rows = Accounts(app).review(days)
        s.give(rows)
        heads = [("number", "编号"), ("login", "登录名"), ("role", "角色"), ("last seen", "最近使用"), ("why", "原因")]
        s.table(
            heads,
            [[r["id"], r["login"], r["role"], r["last_at"], ", ".join(s.t(*WHY[w]) for w in r["why"])] for r in rows],
        )
        if rows:
            s.code = PERSON
        else:
            s.say("Nothing to look at.", "没有需要复核的授权。")


def policy(
    separated: Annotated[
        bool | None,
        typer.Option("--separated/--not-separated", help="System, security and audit in three hands / 三员分立"),
    ] = None,
    approved: Annotated[
        bool | None, typer.Option("--approved/--not-approved", help="A second person agrees to roles / 授权须他人批准")
    ] = None,
    second_factor: Annotated[
        list[str] | None,
        typer.Option("--second-factor", help="Roles that must log in with one; 'all', 'none' / 必须双因素登录的角色"),
    ] = None,
    by: Who = None,
    as_json: Json = False,
    folder: Folder = None,
) -> None:
    """See or set what holds for accounts and roles. / 查看或设置账号与授权策略。"""
    with session(as_json) as s, open_app(folder) as app:
        accounts = Accounts(app)
        asked = (
            None if second_factor is None else [EVERYBODY if r == "all" else r for r in second_factor if r != "none"]
        )
        if separated is not None or approved is not None or asked is not None:
            accounts.set_policy(local(person(by)), separated=separated, approved=approved, second_factor=asked)
        now = accounts.policies()
        s.give(now)
        said = {"separated": ("duties separated", "三员分立"), "approved": ("roles need agreement", "授权须批准")}
        s.table([("policy", "策略"), ("on", "启用")],
                [*([s.t(*words), s.t("yes", "是") if now[k] else s.t("no", "否")] for k, words in said.items()),
                 [s.t("second factor for", "须双因素登录"), ", ".join(now["second_factor"]).replace(EVERYBODY, s.t("all", "全部"))]])  # fmt: skip
