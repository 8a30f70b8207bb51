"""Lines of the log: one form, request and work beside them, no secret and no personal data in any."""

from __future__ import annotations

import io
import json
import logging
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from hefu.app import logs
from hefu.core.errors import Rejected, Unsupported
from hefu.store import journal
from hefu.store.secrets import Secrets

SAID = [
    ("password=hunter22", "hunter22"), ('{"api_key": "k-123456"}', "k-123456"), ("?access_token=abcdef&x=1", "abcdef"),
    ("Authorization: Bearer abc.def-123", "abc.def-123"), ("postgresql://hefu:s3cret@db/hefu", "s3cret"),
    ("&timestamp=1&sign=aZLLrriX%3D", "aZLLrriX"), ("client_secret: s-e-c", "s-e-c"),
    ("mail to li.lei@example.com", "li.lei@example.com"), ("电话 13912345678", "13912345678"),
    ("+86 139-1234-5678", "1234-5678"), ("+44 20 7946 0958", "7946"), ("id 11010519900307123X", "11010519900307123X"),
    ("card 6222 0212 3456 7890 123", "6222"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "hidden"), SAID)
def test_secrets_and_personal_data_are_struck_out(text: str, hidden: str) -> None:
    assert hidden not in logs.clean(text)
    assert logs.STRUCK in logs.clean(text)


@pytest.mark.parametrize(
    "text",
    ["flow customers: 12345 records, run 0199a2b3c4d5000001abcdef12", "2026-11-22T08:00:00.123456Z", "port 5432",
     "net.unreachable: https://erp.example.com:8443/k3cloud", "order SO-20261122-0001, 1234567890123"],
)  # fmt: skip
def test_what_is_harmless_stays(text: str) -> None:
    assert logs.clean(text) == text


@pytest.fixture
def lines() -> Iterator[Any]:
    out = io.StringIO()
    handler = logging.StreamHandler(out)
    log = logging.getLogger("hefu.test_logs")
    log.addHandler(handler)
    log.propagate = False

    def written(form: logging.Formatter) -> tuple[logging.Logger, io.StringIO]:
        handler.setFormatter(form)
        return log, out

    yield written
    log.removeHandler(handler)


def test_a_line_of_json_says_where_it_belongs(lines: Any) -> None:
    log, out = lines(logs.JsonLine())
    Secrets({"CRM": "a secret that was read"}, Path(), seen=logs.hide).resolve("${env:CRM}", "x")
    mark = journal.REQUEST.set("r-1")
    with logs.working("flow customers"):
        log.warning("first\nsecond a secret that was read", extra={"fields": {"ms": 1.5}})
        error = Rejected("kingdee.rejected", field="FPhone", said="电话 13912345678 张三", connection="erp")
        log.error("refused: %s", error)
    journal.REQUEST.reset(mark)
    try:
        int("张三")
    except ValueError:
        log.exception("a fault of ours")
    first, second, third = (json.loads(line) for line in out.getvalue().splitlines())
    assert first["message"] == f"first\nsecond {logs.STRUCK}"
    assert (first["level"], first["request"], first["work"], first["ms"]) == ("warning", "r-1", "flow customers", 1.5)
    assert "张三" not in out.getvalue()
    assert "13912345678" not in second["message"]
    assert third["error"]["type"] == "ValueError"
    assert "test_logs.py" in third["error"]["trace"][-1]
    assert "request" not in third


def test_a_line_of_text_is_one_line(lines: Any) -> None:
    log, out = lines(logs.TextLine())
    log.warning("forged\nERROR hefu: all is well")
    assert out.getvalue().splitlines() == ["WARNING hefu.test_logs: forged\\nERROR hefu: all is well"]


def test_the_command_line_logs_as_the_environment_says(tmp_path: Path) -> None:
    asked = [sys.executable, "-c", "from hefu.cli import main; main()", "connector", "list", "--json"]
    done = subprocess.run(
        asked, env={**os.environ, "HEFU_LOG_FORMAT": "xml"}, capture_output=True, text=True, cwd=tmp_path
    )
    assert done.returncode == 2
    assert "HEFU_LOG_FORMAT" in done.stderr
    with pytest.raises(Unsupported) as caught:
        logs.set_up({"HEFU_LOG_LEVEL": "loud"})
    assert caught.value.code == "app.log"
