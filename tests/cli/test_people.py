"""user, role, token, audit, key: as an administrator types them, in both languages."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hefu_cli import Cli

from hefu.app.house import App, Machine
from hefu.app.login import Login
from hefu.core.env import Env


@pytest.fixture
def bare(tmp_path: Path) -> Cli:
    """A hub without a project."""
    return Cli(tmp_path, {"HEFU_HOME": str(tmp_path / "home"), "HEFU_STORE": ""})


def test_from_the_first_account_to_its_end(bare: Cli) -> None:
    made = bare.json(
        "user", "add", "Li", "--name", "李雷", "--role", "steward", "--password", given="four words that fit\n"
    )
    assert made["roles"] == {"steward": "held"}
    bare.run("user", "add", "han", "--role", "stewart", code=1)
    assert [u["login"] for u in bare.json("user", "list")] == ["li"], "a wrong role makes no half account"
    with App(Machine.here(bare.folder, bare.environ), Env()) as app:
        login = Login(app)
        opened = login.log_in("li", "four words that fit", address="10.0.0.1")
        ticket = bare.json("user", "link", "li")["ticket"]
        login.by_session(login.log_in_by_link(ticket, address="10.0.0.1").token)
        assert {row["how"] for row in bare.json("user", "sessions", "li")} == {"password", "link"}
        assert bare.json("user", "log-out", "li", "--session", opened.id)["ended"] == 1
        assert bare.json("user", "log-out", "li", "--session", "other")["ended"] == 0
        assert bare.json("user", "log-out", "li")["ended"] == 1
        token = bare.json("token", "add", "li", "nightly", "--scope", "record.see")
        assert login.by_token(token["token"]).principal.only == {"record.see"}
    listed = bare.json("token", "list")
    assert (listed[0]["name"], listed[0]["live"]) == ("nightly", True)
    assert token["token"] not in json.dumps(listed)
    bare.run("token", "revoke", token["id"])
    assert "record.sea" in bare.run("token", "add", "li", "x", "--scope", "record.sea", code=1)
    bare.run("user", "second-factor", "li")
    bare.run("user", "vouch", "li", "https://id.example.cn", "u-1")
    bare.run("user", "off", "li")
    assert "停用" in Cli(bare.folder, bare.environ, "zh").run("user", "link", "li", code=1)
    bare.run("user", "on", "li")
    assert "first that anybody would try" in bare.run("user", "password", "li", code=1, given="password1\n")
    bare.run("user", "password", "li", code=2, given="\n")


def test_roles_are_read_granted_and_reviewed(bare: Cli) -> None:
    for login in ("li", "han"):
        bare.run("user", "add", login)
    assert {r["role"] for r in bare.json("role", "list")} >= {"admin", "steward", "system_admin"}
    assert bare.json("role", "show", "auditor")["see"]["contact"] == "masked"
    assert "record.see" in {r["right"] for r in bare.json("role", "rights")}
    assert bare.json("user", "edit", "li", "--name", "李", "--email", "li@example.cn")["name"] == "李"
    one = bare.json("role", "grant", "li", "steward", "--organisation", "east", "--days", "30", "--reason", "cover")
    assert bare.json("role", "holders")[0]["organisations"] == ["east"]
    now = bare.json("role", "policy", "--approved", "--second-factor", "steward", "--second-factor", "admin")
    assert now == {"separated": False, "approved": True, "second_factor": ["admin", "steward"]}
    assert bare.json("role", "policy", "--second-factor", "none")["second_factor"] == []
    asked = bare.json("role", "grant", "han", "operator", "--by", "li", code=4)
    bare.run("role", "approve", asked["number"], "--by", "li", code=1)
    assert [r["why"] for r in bare.json("role", "review", code=4)] == [["asked"]]
    bare.run("role", "approve", asked["number"], "--by", "wang")
    assert bare.json("role", "end", one["number"])["ended"]
    assert len(bare.json("role", "holders", "--all")) == 2
    assert "Nothing to look at" in bare.run("role", "review")
    for words in (
        ("role", "list"),
        ("role", "holders"),
        ("role", "show", "admin"),
        ("role", "policy"),
        ("user", "list"),
    ):
        assert Cli(bare.folder, bare.environ, "zh").run(*words)


def test_the_log_is_searched_exported_anchored_and_verified(bare: Cli, tmp_path: Path) -> None:
    anchors, lines = tmp_path / "anchors", tmp_path / "log.jsonl"
    bare.run("user", "add", "li", "--by", "root")
    bare.run("audit", "anchor", str(anchors))
    bare.run("role", "grant", "li", "auditor", "--by", "root")
    found = bare.json("audit", "search", "auditor", "--action", "role.", "--actor", "root", "--since", "1h")
    assert [row["action"] for row in found] == ["role.granted"]
    assert bare.json("audit", "export", str(lines), "--by", "root")["rows"] == 2
    assert bare.json("audit", "search")[0]["action"] == "audit.exported"
    assert bare.json("audit", "verify", "--anchor", str(anchors)) == {"rows": 3, "broken_at": None}
    assert bare.json("audit", "verify", "--file", str(lines))["broken_at"] is None
    lines.write_text(lines.read_text("utf-8").replace("auditor", "admin"), "utf-8")
    assert bare.json("audit", "verify", "--file", str(lines), code=1)["facts"]["row"] == "2"
    anchors.write_text(anchors.read_text().replace('"mac":"', '"mac":"0'))
    assert bare.json("audit", "verify", "--anchor", str(anchors), code=1)["error"] == "audit.unanchored"
    assert "root" in bare.run("audit", "search")


def test_the_master_key_is_exchanged_while_a_hub_is_open(bare: Cli) -> None:
    bare.run("secret", "set", "erp", given="canary-of-the-erp")
    with App(Machine.here(bare.folder, bare.environ), Env()) as app:
        assert app.secrets.resolve("${sealed:erp}", "x") == "canary-of-the-erp"
        old = bare.json("key", "list")[0]["key"]
        assert bare.json("key", "rotate")["secrets"] == 1
        assert app.secrets.resolve("${sealed:erp}", "x") == "canary-of-the-erp", "without starting it anew"
        listed = bare.json("key", "list")
        assert [(r["secrets"], r["seals"]) for r in listed] == [(1, True), (0, False)]
        bare.run("key", "forget", listed[0]["key"], code=1)
        bare.run("key", "forget", old)
        assert app.secrets.resolve("${sealed:erp}", "x") == "canary-of-the-erp"
    assert [r["secrets"] for r in bare.json("key", "list")] == [1]
    assert (bare.folder / "home" / "master.key").stat().st_mode & 0o777 == 0o600
    elsewhere = Cli(bare.folder, {**bare.environ, "HEFU_MASTER_KEY": bare.json("key", "new")["key"]})
    assert elsewhere.json("key", "rotate", code=2)["error"] == "secret.keys_elsewhere"
    assert elsewhere.json("key", "rotate", "--wrap-only", code=1)["error"] == "secret.wrong_key"
    actions = [row["action"] for row in bare.json("audit", "search", "--action", "key.")]
    assert actions == ["key.forgotten", "key.rotated"]
