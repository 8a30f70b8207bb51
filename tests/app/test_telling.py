"""People are told by the running hub: robots, mail; what is not taken is seen and tried again; the verbs for it."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from two_books import Books, until
from typer.testing import CliRunner

from hefu.app import App, telling
from hefu.app.house import Machine
from hefu.app.service import Service
from hefu.cli.main import app as verbs
from hefu.core.env import Env
from hefu.sandbox.dingtalk import api as ding
from hefu.sandbox.feishu import api as lark
from hefu.sandbox.hands import Hands
from hefu.sandbox.server import Server
from hefu.store import issues, journal, notices, projects, runs
from hefu.store.folder import read_folder
from hefu.store.issues import Issue
from mail_sink import mail


class Clock(Env):
    """Ahead of the machine's by as much as a test says."""

    ahead = timedelta(0)

    def now(self) -> datetime:
        return datetime.now(UTC) + self.ahead


RULES = """\
alerts:
  conflicts: {{on: conflict, to: [it, li@example.com], connections: [crm]}}
  stopped: {{on: paused, owner: 信息部, to: [it, sales]}}
channels:
  it: {{kind: dingtalk, url: "{ding}/robot/send?access_token=${{env:DING_TOKEN}}", secret: "${{env:DING_SECRET}}"}}
  sales: {{kind: feishu, url: "{lark}/open-apis/bot/v2/hook/${{env:LARK_HOOK}}", secret: "${{env:LARK_SECRET}}"}}
  post: {{kind: email, host: 127.0.0.1, port: {port}, security: none, sender: hub@example.com, language: en}}
"""
CONNECTION = "connection: crm\nconnector: memory\nsettings: {system: telling, user: hub}\n"
SECRETS = {"DING_TOKEN": ding.TOKEN, "DING_SECRET": ding.SECRET, "LARK_HOOK": lark.HOOK, "LARK_SECRET": lark.SECRET}


def opened(folder: Path, texts: dict[str, str], env: Env | None = None) -> App:
    folder.mkdir(exist_ok=True)
    environ = {"HEFU_HOME": str(folder / ".hefu"), "HEFU_URL": "https://hefu.example.com/", **SECRETS}
    app = App(Machine.here(folder, environ), env)
    app.load(texts).require()
    with app.store.begin() as tx:
        projects.save(tx, texts, "test", "")
    return app


def came(server: Server) -> list[str]:
    return [one["text"] for one in server.sandbox.inbox.all()]  # type: ignore[attr-defined]


def test_robots_and_mail_are_told_and_what_fails_is_tried_again(
    dingtalk: Server, feishu: Server, tmp_path: Path
) -> None:
    clock = Clock()
    with mail() as (sink, port):
        texts = {"connections/crm.yaml": CONNECTION,
                 "alerts.yaml": RULES.format(ding=dingtalk.url, lark=feishu.url, port=port)}  # fmt: skip
        with opened(tmp_path / "p", texts, clock) as app:
            project = app.project()
            with app.store.begin() as tx:
                facts = {"ours": "13912345678", "theirs": "13887654321"}
                issues.raise_issues(tx, [Issue("conflict", "customer", "g1", None, "crm", "phone", facts)])
                runs.pause_scope(tx, "flow:customers", "guard.deletes", {"found": 3})
            Hands(dingtalk.url).fault("throttle")
            sink.refusals.append("451 later")
            assert telling.turn(app, project) == 1, "Feishu alone takes it"
            [card] = came(feishu)
            assert "flow:customers 已暂停" in card
            assert "负责人：信息部" in card
            with app.store.look() as tx:
                waiting = {row["recipient"]: row for row in notices.messages(tx, states=["waiting"])}
            assert {name: row["error"]["code"] for name, row in waiting.items()} == {
                "it": "alert.later", "li@example.com": "mail.later"}  # fmt: skip
            clock.ahead = timedelta(seconds=40)
            assert telling.turn(app, project) == 1, "the robot wants ten minutes"
            clock.ahead = timedelta(minutes=11)
            assert telling.turn(app, project) == 1
            [text] = came(dingtalk)
            assert "1 个冲突等待裁决（crm）" in text
            assert "https://hefu.example.com/ui/conflicts?issue=" in text
            [(to, letter)] = sink.came
            assert (to, letter["Subject"]) == (["li@example.com"], "Hefu: 1 conflict(s) wait for a decision (crm)")
            told = str([letter.as_string(), text, card])
            assert not any(secret in told for secret in (*facts.values(), *SECRETS.values()))
            assert telling.turn(app, project) == 0


def test_what_nobody_takes_for_a_day_is_given_up_and_seen(tmp_path: Path) -> None:
    texts = {"connections/crm.yaml": CONNECTION, "alerts.yaml": RULES.format(
        ding="http://127.0.0.1:9", lark="http://127.0.0.1:9", port=9)}  # fmt: skip
    clock = Clock()
    with opened(tmp_path / "p", texts, clock) as app:
        project = app.project()
        with app.store.begin() as tx:
            notices.say(tx, "it", [{"what": "raised", "on": "backup", "cause": "backup", "count": 1, "link": "/"}])
        attempts = 0
        while clock.ahead < timedelta(days=2):
            assert telling.turn(app, project) == 0
            clock.ahead += timedelta(minutes=30)
            with app.store.look() as tx:
                [row] = notices.messages(tx)
            attempts = row["attempt"]
            if row["state"] == "failed":
                break
        assert (row["state"], row["error"]["code"]) == ("failed", "net.unreachable")
        assert 40 < attempts < 60
        assert ding.TOKEN not in str(row)


def test_the_verbs(dingtalk: Server, feishu: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    texts = {"connections/crm.yaml": CONNECTION,
             "alerts.yaml": RULES.format(ding=dingtalk.url, lark=feishu.url, port=9)}  # fmt: skip
    folder = tmp_path / "p"
    with opened(folder, texts) as app:
        with app.store.begin() as tx:
            runs.pause_scope(tx, "flow:customers", "guard.deletes", {})
        for name, value in {**SECRETS, "HEFU_HOME": str(folder / ".hefu"), "HEFU_LANGUAGE": "zh"}.items():
            monkeypatch.setenv(name, value)

        def run(*words: str, code: int = 0) -> Any:
            done = CliRunner().invoke(verbs, ["alert", *words, "-C", str(folder)])
            assert done.exit_code == code, done.output
            return json.loads(done.stdout) if "--json" in words else done.output

        assert run("test", "it", "--json") == {"recipient": "it", "taken": True}
        assert "这是一条测试消息" in came(dingtalk)[0]
        assert "mail.unreachable" in run("test", "li@example.com", "--json", code=1)["error"]
        assert run("test", "nobody", "--json", code=2)["error"] == "alert.unknown_channel"
        assert run("silence", "stoped", "--json", code=1)["error"] == "alert.unknown_rule"
        assert run("silence", "stopped", "--for", "soon", "--json", code=2)["error"] == "alert.span"
        run("silence", "stopped", "--for", "2h", "--reason", "维护")
        assert telling.turn(app, app.project()) == 0
        listed = run("list", "--json")
        assert [(s["rule"], s["reason"]) for s in listed["silences"]] == [("stopped", "维护")]
        assert [n["state"] for n in listed["notices"]] == ["watching"]
        assert run("silence", "stopped", "--end", "--json") == {"rule": "stopped", "ended": True}
        assert run("silence", "stopped", "--end", "--json", code=1)["ended"] is False
        assert telling.turn(app, app.project()) == 2
        shown = run("list", code=4)
        assert "已暂停" in shown
        with app.store.look() as tx:
            said = [row["action"] for row in journal.recent(tx)]
    assert said[:2] == ["alert.unsilenced", "alert.silenced"]


def test_the_running_hub_tells_by_itself(
    dingtalk: Server, feishu: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hefu.app.telling.EVERY", "1s")
    folder = tmp_path / "project"
    folder.mkdir()
    books = Books(folder, f"sqlite:///{tmp_path}/systems.sqlite")
    rules = RULES.format(ding=dingtalk.url, lark=feishu.url, port=9)
    (folder / "alerts.yaml").write_text(rules, encoding="utf-8")
    with opened(folder, read_folder(folder)) as app:
        with app.store.begin() as tx:
            runs.pause_scope(tx, "flow:other", "guard.deletes", {})
        service = Service(app)
        service.start()
        try:
            until(lambda: came(dingtalk) and came(feishu), what="nobody was told")
        finally:
            service.stop()
    books.engine.dispose()
    assert "flow:other 已暂停" in came(dingtalk)[0]
