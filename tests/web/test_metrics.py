"""Figures for Prometheus: well-formed, true, few, behind a right, and about nobody."""

from __future__ import annotations

import http.client
import logging
import re
from urllib.parse import urlsplit

import pytest
from bench import CANARY, Api, Bench
from prometheus_client.parser import text_string_to_metric_families

from hefu.store import runs


def scraped(api: Api, path: str = "/metrics") -> tuple[int, dict[tuple[str, tuple[tuple[str, str], ...]], float], str]:
    where = urlsplit(api.base)
    line = http.client.HTTPConnection(where.hostname or "", where.port, timeout=60)
    line.request("GET", path, headers={"Authorization": f"Bearer {api.token}"} if api.token else {})
    got = line.getresponse()
    text = got.read().decode()
    line.close()
    if got.status != 200:
        return got.status, {}, text
    found = {}
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            found[sample.name, tuple(sorted(sample.labels.items()))] = sample.value
    return got.status, found, text


def test_figures_are_true_and_behind_a_right(b: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hefu.app.metrics.KEPT_SECONDS", 0.0)
    assert scraped(Api(b.base))[0] == 401
    b.crm.edit("customer", "crm-3", {"phone": CANARY}, organisation="10")
    b.round()
    with b.app.store.begin() as tx:
        runs.pause_scope(tx, "connection:erp", "net.unreachable", {})
    for path in ("/metrics", "/api/v1/metrics"):
        status, found, text = scraped(b.root, path)
        assert status == 200
    assert found["hefu_store_up", ()] == 1
    assert found["hefu_connection_up", (("connection", "erp"),)] == 0
    assert found["hefu_connection_up", (("connection", "crm"),)] == 1
    assert found["hefu_writes_total", (("outcome", "applied"),)] >= 1
    assert found["hefu_runs_last_hour", (("kind", "cycle"), ("state", "done"))] >= 1
    assert found["hefu_flow_read_timestamp_seconds", (("flow", "customers"),)] > 1.7e9
    assert found["hefu_issues_open", (("kind", "conflict"),)] == 0
    answered = [labels for name, labels in found if name == "hefu_request_duration_seconds_count"]
    assert (("method", "GET"), ("route", "/metrics"), ("status", "2xx")) in answered
    assert CANARY not in text
    with b.app.store.begin() as tx:
        runs.resume_scope(tx, "connection:erp")


def test_names_are_as_prometheus_wants_them_and_paths_make_no_labels(b: Bench) -> None:
    for word in ("a", "b", "c"):
        b.root.ask("GET", f"/no-such-place-{word}")
        b.root.ask("GET", f"/records/{word}")
    _, found, text = scraped(b.root)
    assert "no-such-place" not in text
    routes = {value for _, labels in found for name, value in labels if name == "route"}
    assert "/api/v1/records/{record_id}" in routes
    kinds = dict(re.findall(r"^# TYPE (\S+) (\S+)$", text, re.MULTILINE))
    helped = set(re.findall(r"^# HELP (\S+) \S", text, re.MULTILINE))
    for name, kind in kinds.items():
        assert name in helped
        assert re.fullmatch(r"(hefu|process)_[a-z_]+", name)
        assert (kind == "counter") == name.endswith("_total"), name
        assert not re.search(r"_(ms|millis|minutes|hours|kb|mb)(_|$)", name)


def test_an_answer_is_logged_by_its_route_with_its_number(b: Bench, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, logger="hefu.access")
    b.root.ask("GET", "/records", headers={"X-Request-Id": "r-1"}, q=CANARY)
    said = [record.getMessage() for record in caplog.records if record.name == "hefu.access"]
    assert said == ["GET /api/v1/records 200"], "what somebody looked for is nobody's business"
