"""The sandbox of Salesforce, judged by jsforce: a second client that nobody here wrote, in another language."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from urllib.parse import urlencode

import pytest

from hefu.sandbox.hands import call
from hefu.sandbox.salesforce import Salesforce
from hefu.sandbox.salesforce.oauth import CLIENT_ID, CLIENT_SECRET
from hefu.sandbox.server import Server

pytestmark = pytest.mark.judge("salesforce", "jsforce")

HERE = Path(__file__).with_name("js")


def test_jsforce_reads_writes_and_loads() -> None:
    node = shutil.which("node")
    if node is None or not (HERE / "node_modules" / "jsforce").exists():
        pytest.skip("install Node 18 or newer, then: npm ci --ignore-scripts --prefix tests/sandbox/js")
    server = Server(Salesforce()).start()
    try:
        form = {"grant_type": "client_credentials", "client_id": CLIENT_ID, "client_secret": CLIENT_SECRET}
        kind = {"Content-Type": "application/x-www-form-urlencoded"}
        token = call("POST", f"{server.url}/services/oauth2/token", urlencode(form).encode(), kind).json["access_token"]
        command = [node, str(HERE / "judge.mjs"), server.url, token]
        done = subprocess.run(command, capture_output=True, text=True, timeout=120)
        assert done.returncode == 0, done.stderr
        seen = json.loads(done.stdout)
        counted = server.sandbox.ledger.writes if isinstance(server.sandbox, Salesforce) else {}
    finally:
        server.stop()
    assert seen == {
        "accounts": 2000,
        "found": 3,
        "key": True,
        "created": True,
        "phone": "021-1",
        "collection": [True, False, True],
        "code": "REQUIRED_FIELD_MISSING",
        "upserts": [False, True],
        "gone": [True],
        "refused": "INVALID_FIELD",
        "bulk": [2, 1, 0],
        "read": ["批甲", "批乙"],
        "deleted": True,
        "usage": True,
    }
    assert sum(counted.values()) == 9
