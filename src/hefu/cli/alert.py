"""alert list|test|silence: what is told to whom, whether it arrives, and peace for a time."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Annotated, Any

import typer

from hefu.app import App, open_app, telling
from hefu.cli.session import FAILED, PERSON, Folder, Json, Session, Who, person, session
from hefu.core.alerts import Alerts
from hefu.core.errors import Unsupported
from hefu.core.ground import duration
from hefu.core.words import spoken
from hefu.insight.wording import worded
from hefu.store import notices

Rule = Annotated[str | None, typer.Argument(metavar="[RULE]", help="Alert rule (default: all) / 告警规则（默认全部）")]


def register(app: typer.Typer) -> None:
    """Hang the verbs of this file onto the command line."""
    group = typer.Typer(help="Alerts: who is told what / 告警与通知", no_args_is_help=True)
    group.command("list")(list_)
    group.command("test")(test)
    group.command("silence")(silence)
    app.add_typer(group, name="alert")


def _document(app: App) -> Alerts | None:
    return app.project().alerts


def list_(
    messages: Annotated[int, typer.Option("--messages", min=0, max=1000, help="Latest messages / 最近的消息数")] = 10,
    as_json: Json = False,
    folder: Folder = None,
) -> None:
    """What rules have found, what is silenced, and whether the messages arrived. / 告警现状、静默与消息送达情况。"""
    with session(as_json) as s, open_app(folder) as app:
        document = _document(app)
        with app.store.look() as tx:
            found, hushed = notices.living(tx), notices.hushed(tx)
            said = notices.messages(tx, limit=messages)
        rules = {name: one.model_dump(mode="json") for name, one in (document.alerts if document else {}).items()}
        s.give({"rules": rules, "notices": found, "silences": hushed, "messages": said})
        if document is None or not document.alerts:
            s.say("No alert rules; they stand in alerts.yaml.", "没有告警规则；请在 alerts.yaml 中编写。")
        _show(s, app, found, hushed, said)
        if any(row["state"] == "told" for row in found):
            s.code = PERSON


def _show(s: Session, app: App, found: list[Any], hushed: list[Any], said: list[Any]) -> None:
    s.table(
        [("rule", "规则"), ("what", "内容"), ("since", "自"), ("told", "通知时间"), ("whom", "负责人或收件人")],
        [(row["rule"], _text(s, app, row["facts"]), row["opened_at"], row["told_at"] or s.t("not yet", "尚未"),
          row["owner"] or "-") for row in found],
        title=s.t("Found", "已发现"),
    )  # fmt: skip
    for row in hushed:
        who, rule = row["author"], row["rule"] or s.t("all rules", "全部规则")
        s.say(f"Silenced by {who} until {row['until_at']}: {rule} ({row['reason'] or '-'})",
              f"{who} 已静默至 {row['until_at']}：{rule}（{row['reason'] or '-'}）", style="yellow")  # fmt: skip
    s.table(
        [("message", "消息"), ("to", "收件人"), ("state", "状态"), ("attempts", "次数"), ("why", "原因")],
        [(row["id"], row["recipient"], row["state"], row["attempt"], _why(s, row["error"])) for row in said],
        title=s.t("Messages", "消息"),
    )


def _text(s: Session, app: App, facts: Mapping[str, Any]) -> str:
    [line] = worded([{"what": "raised", **facts}], s.language, app.machine.url).lines
    return f"{line.text} {line.link}"


def _why(s: Session, error: Mapping[str, Any] | None) -> str:
    return "" if error is None else spoken(error["code"], error["facts"], s.language)[0]


def test(
    recipient: Annotated[str, typer.Argument(help="Channel or e-mail address / 渠道或邮箱")],
    as_json: Json = False,
    folder: Folder = None,
) -> None:
    """Send a message that says it is a test, now. / 立即发送一条测试消息。"""
    with session(as_json) as s, open_app(folder) as app:
        telling.test(app, _document(app), recipient)
        s.give({"recipient": recipient, "taken": True})
        s.say(f"{recipient} took it.", f"{recipient} 已接收。", style="green")


def silence(
    rule: Rule = None,
    lasts: Annotated[str, typer.Option("--for", help="How long: 30m, 2h, 1d / 时长")] = "1h",
    reason: Annotated[str, typer.Option("--reason", help="Why / 原因")] = "",
    end: Annotated[bool, typer.Option("--end", help="Tell again from now on / 立即结束静默")] = False,
    by: Who = None,
    as_json: Json = False,
    folder: Folder = None,
) -> None:
    """Tell nobody for a time; what is still so then is told then. / 静默一段时间；到时仍存在的会再通知。"""
    with session(as_json) as s, open_app(folder) as app:
        if end:
            was = telling.unsilence(app, rule, person(by))
            s.give({"rule": rule, "ended": was})
            s.say("Told again from now on." if was else "It was not silenced.",
                  "静默已结束。" if was else "当前没有静默。")  # fmt: skip
            s.code = s.code if was else FAILED
            return
        span = duration(lasts)
        if not isinstance(span, timedelta) or not timedelta(0) < span <= timedelta(days=366):
            raise Unsupported("alert.span", given=lasts)
        until = app.env.now() + span
        telling.silence(app, _document(app), rule, until, person(by), reason)
        s.give({"rule": rule, "until": until.isoformat()})
        s.say(f"Silent until {until:%Y-%m-%d %H:%M} UTC.", f"静默至 {until:%Y-%m-%d %H:%M} UTC。")
