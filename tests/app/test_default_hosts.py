"""A connection that leaves out an address may call the one that its connector takes by itself."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from hefu.app import open_app
from hefu.core.errors import HubError, Transient
from hefu.core.project import Connection, Project
from hefu.net import Egress

FXIAOKE = {"app_id": "a", "app_secret": "s", "permanent_code": "p", "user": "FSUID_1"}
NEOCRM = {"client_id": "c", "client_secret": "s", "username": "u", "password": "p"}
SALESFORCE = {"client_id": "c", "client_secret": "s"}
JIANDAOYUN = {"api_key": "k"}

DEFAULTS = [
    ("fxiaoke", FXIAOKE, ["https://open.fxiaoke.com/cgi/x"]),
    ("neocrm", NEOCRM, ["https://api.xiaoshouyi.com/rest", "https://login.xiaoshouyi.com/auc/oauth2/token"]),
    ("salesforce", SALESFORCE, ["https://login.salesforce.com/services/oauth2/token"]),
    ("jiandaoyun", JIANDAOYUN, ["https://api.jiandaoyun.com/api/v5/app/list"]),
]


class NoNetwork(Egress):
    """Every listed host is this machine's port 1, where nobody listens: the list is asked, the network is not."""

    def __init__(self, *args: Any, **how: Any) -> None:
        hosts = {host for host, _ in how["targets"]}
        super().__init__(*args, **{**how, "pins": {host: ["127.0.0.1"] for host in hosts}})


@pytest.mark.parametrize(("connector", "settings", "urls"), DEFAULTS, ids=lambda x: x if isinstance(x, str) else "")
def test_the_default_address_of_a_connector_is_listed(
    connector: str, settings: dict[str, Any], urls: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hefu.app.house.Egress", NoNetwork)
    project = Project(connections={"crm": Connection(connection="crm", connector=connector, settings=settings)})
    with open_app(tmp_path, {"HEFU_HOME": str(tmp_path / "home")}) as app:
        http = app.connect(project, "crm").site.http
        for url in urls:
            with pytest.raises(Transient) as caught:  # nobody listens there; it was let out, though
                http.send("GET", url)
            assert caught.value.code == "net.unreachable"
        assert refusal(http, "https://elsewhere.example/") == "net.not_listed"


def test_an_address_that_is_given_takes_the_place_of_the_default(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hefu.app.house.Egress", NoNetwork)
    own = {**FXIAOKE, "url": "https://fxiaoke.own.example"}
    project = Project(connections={"crm": Connection(connection="crm", connector="fxiaoke", settings=own)})
    with open_app(tmp_path, {"HEFU_HOME": str(tmp_path / "home")}) as app:
        http = app.connect(project, "crm").site.http
        assert refusal(http, "https://open.fxiaoke.com/") == "net.not_listed"
        assert refusal(http, "https://fxiaoke.own.example/") == "net.unreachable"


def refusal(http: Any, url: str) -> str:
    with pytest.raises(HubError) as caught:
        http.send("GET", url)
    return caught.value.code
