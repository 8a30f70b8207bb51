"""Secrets that are planted wherever one can be given are found nowhere: database, logs, backups, answers."""

from __future__ import annotations

import base64
import io
import logging
import sqlite3
import time
from contextlib import closing
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.twofactor.totp import TOTP
from typer.testing import CliRunner

from hefu.app.accounts import Accounts
from hefu.app.house import App, Machine
from hefu.app.login import Login
from hefu.cli.main import app as cli
from hefu.core.env import Env
from hefu.core.errors import HubError
from hefu.core.rights import local
from hefu.store import backup, secrets
from hefu.store.db import Store
from hefu.store.passwords import Cost, Passwords
from hefu.store.sealed_file import Key

CHEAP = Passwords(Cost(memory=8, rounds=1, lanes=1))
ROOT = local("root")


def traces(canary: str) -> list[bytes]:
    """A secret, and how it would look where somebody only disguised it."""
    raw = canary.encode()
    return [raw, raw.hex().encode(), base64.b64encode(raw).rstrip(b"=")[:-1], base64.urlsafe_b64encode(raw)[:-4]]


def test_what_is_planted_is_found_nowhere(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    environ = {"HEFU_HOME": str(tmp_path / "home"), "HEFU_LANGUAGE": "en"}
    said = io.StringIO()

    def run(*words: str, given: str = "") -> None:
        done = CliRunner().invoke(cli, [*words, "-C", str(tmp_path)], env=environ, input=given)
        said.write(done.output)

    planted = {
        "sealed": "canary-sealed-4f1c9",
        "password": "canary words of a password",
        "wrong": "canary wrong guess 17",
    }
    run("secret", "set", "erp", given=planted["sealed"])
    with App(Machine.here(tmp_path, environ), Env()) as app:
        accounts, login = Accounts(app, {}, CHEAP), Login(app, CHEAP)
        account_id = accounts.add(ROOT, "li", password=planted["password"])
        opened = login.log_in("li", planted["password"], address="10.0.0.1")
        with pytest.raises(HubError) as refused:
            login.log_in("li", planted["wrong"], planted["wrong"], address="10.0.0.1")
        said.write(str(refused.value))
        planted["totp"], _ = login.second.begin(account_id)
        planted["session"] = opened.token
        planted["token"] = accounts.make_token(ROOT, "li", "nightly", ["run.see"], seconds=None)[1]
        planted["ticket"], _ = accounts.link(ROOT, "li")
        planted["old ticket"], _ = accounts.link(ROOT, "li")
        login.log_in_by_link(planted["old ticket"], address="10.0.0.1")
        now = TOTP(base64.b32decode(planted["totp"]), 6, SHA1(), 30).generate(int(time.time())).decode()
        codes = login.second.confirm(account_id, now, address="10.0.0.1")
        planted |= {"recovery code": codes[0], "used recovery code": codes[1]}
        login.log_in("li", planted["password"], codes[1], address="10.0.0.1")
        with app.store.begin() as tx:
            secrets.rotate(tx, app.master_keys(), app.hub_id)
        saved = tmp_path / "hub.backup"
        backup.create(app.store, saved, Key(master=app.master_keys()), lambda *_: None)
        with closing(Store(f"sqlite:///{tmp_path}/restored.sqlite", Env())) as other:
            backup.restore(saved, Key(master=app.master_keys()), other, replace=False, told=lambda *_: None)
    for words in (("user", "list"), ("token", "list"), ("user", "sessions"), ("audit", "search"), ("secret", "list"),
                  ("key", "list"), ("db", "check"), ("role", "holders")):  # fmt: skip
        run(*words)
        run(*words, "--json")
    run("audit", "export", str(tmp_path / "log.jsonl"))
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert {"hub.sqlite", "hub.backup", "restored.sqlite", "log.jsonl"} <= {path.name for path in files}
    haystack = {path.name: path.read_bytes() for path in files}
    haystack |= {"answers": said.getvalue().encode(), "logs": caplog.text.encode()}
    with closing(sqlite3.connect(tmp_path / "restored.sqlite")) as restored:
        haystack["restored rows"] = "\n".join(restored.iterdump()).encode()
    for what, canary in planted.items():
        for trace in traces(canary):
            assert [name for name, content in haystack.items() if trace in content] == [], what


def test_the_needle_would_be_found(tmp_path: Path) -> None:
    """The search itself finds what is there: a name of an account, in the database and in what verbs say."""
    environ = {"HEFU_HOME": str(tmp_path / "home"), "HEFU_LANGUAGE": "en"}
    with App(Machine.here(tmp_path, environ), Env()) as app:
        Accounts(app, {}, CHEAP).add(ROOT, "findme")
    assert any(b"findme" in path.read_bytes() for path in (tmp_path / "home").iterdir())
