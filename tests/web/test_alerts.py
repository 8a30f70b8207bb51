"""Alerts over the API: rules, what they found, silence, a test message; who may not, is refused elsewhere."""

from __future__ import annotations

from bench import Bench

from hefu.insight import notices as watch
from hefu.store import journal, projects, runs

RULES = """\
alerts:
  stopped: {on: paused, owner: it, to: [group]}
channels:
  group: {kind: dingtalk, url: "http://127.0.0.1:9/robot/send?access_token=${env:HEFU_TEST_NONE}"}
"""


def test_rules_what_they_found_silence_and_tests(b: Bench) -> None:
    with b.app.store.begin() as tx:
        found = projects.texts_of(tx, None)
        assert found is not None
        projects.save(tx, {**found[1], "alerts.yaml": RULES}, "test", "")
        runs.pause_scope(tx, "flow:customers", "guard.deletes", {})
    until = "2099-01-01T00:00:00Z"
    hushed = b.root.post("/silences", {"rule": "stopped", "until": until, "reason": "维护"}, 201)
    assert hushed["items"][0]["silenced_until"][:4] == "2099"
    assert b.root.ask("POST", "/silences", {"until": "2020-01-01T00:00:00Z"}).code == "web.past"
    assert b.root.ask("POST", "/silences", {"rule": "other", "until": until}).code == "alert.unknown_rule"
    watch.turn(b.app.store, b.app.project())
    assert [n["state"] for n in b.root.get("/notices")["items"]] == ["watching"]
    assert b.root.ask("DELETE", "/silences/stopped").json == {"was_silenced": True}
    assert b.root.ask("DELETE", "/silences/*").json == {"was_silenced": False}
    watch.turn(b.app.store, b.app.project())
    [one] = b.root.get("/notices", state="told")["items"]
    assert (one["text"], one["on"], one["link"]) == ("flow:customers is paused", "paused", "/syncs")
    [message] = b.root.get("/notice-messages")["items"]
    assert (message["recipient"], message["state"], message["notices"]) == ("group", "waiting", 1)
    rules = b.root.get("/alerts")
    assert (rules["items"][0]["told"], rules["items"][0]["owner"]) == (1, "it")
    assert rules["channels"] == [{"channel": "group", "kind": "dingtalk", "language": "zh"}]
    refused = b.root.post("/alert-tests", {"recipient": "group"})
    assert (refused["taken"], refused["code"]) == (False, "secret.missing")
    with b.app.store.look() as tx:
        actions = [row["action"] for row in journal.recent(tx, 5)]
    assert actions[:2] == ["alert.unsilenced", "alert.silenced"]
