"""Faults on order strike as named, and what they leave behind is what they say."""

from __future__ import annotations

import http.client

import pytest

from sandbox_api import Api

CUT = (OSError, http.client.HTTPException)


def _names(crm: Api) -> list[str]:
    return [a["name"] for a in crm.ok("GET", "/accounts?limit=200")["data"]]


def test_refuse_has_no_effect_and_names_a_time(crm_: Api) -> None:
    crm_.hands.fault("refuse", method="POST", status=429, seconds=3)
    reply = crm_("POST", "/accounts", {"name": "refuse"})
    assert (reply.status, reply.headers["retry-after"]) == (429, "3")
    assert "refuse" not in _names(crm_)
    assert crm_("POST", "/accounts", {"name": "refuse"}).status == 201


def test_cut_has_no_effect(crm_: Api) -> None:
    crm_.hands.fault("cut", method="POST")
    with pytest.raises(CUT):
        crm_("POST", "/accounts", {"name": "cut"})
    assert "cut" not in _names(crm_)


def test_lost_commits_and_says_nothing(crm_: Api) -> None:
    crm_.hands.fault("lost", method="POST")
    with pytest.raises(CUT):
        crm_("POST", "/accounts", {"name": "lost"})
    assert _names(crm_).count("lost") == 1


def test_hang_commits_and_lets_the_caller_time_out(crm_: Api) -> None:
    crm_.hands.fault("hang", method="POST", seconds=0.2)
    with pytest.raises(CUT):
        crm_("POST", "/accounts", {"name": "hang"})
    assert _names(crm_).count("hang") == 1


def test_gateway_commits_and_answers_502(crm_: Api) -> None:
    crm_.hands.fault("gateway", method="POST", status=502)
    assert crm_("POST", "/accounts", {"name": "gateway"}).status == 502
    assert _names(crm_).count("gateway") == 1


def test_half_an_answer_is_cut(crm_: Api) -> None:
    crm_.hands.fault("half", method="GET")
    with pytest.raises(CUT):
        crm_("GET", "/accounts")


def test_html_instead_of_data(crm_: Api) -> None:
    crm_.hands.fault("html", method="GET")
    reply = crm_("GET", "/accounts")
    assert reply.status == 200
    assert reply.headers["content-type"].startswith("text/html")


def test_skip_and_times_pick_the_calls(crm_: Api) -> None:
    crm_.hands.fault("refuse", path="/api/v2/me", status=500, skip=1, times=2)
    assert [crm_("GET", "/me").status for _ in range(5)] == [200, 500, 500, 200, 200]
    crm_.hands.fault("refuse", path="/api/v2/me", status=503, times=0)
    assert [crm_("GET", "/me").status for _ in range(3)] == [503] * 3
    crm_.hands.calm()
    assert crm_("GET", "/me").status == 200


def test_an_unknown_fault_is_refused(crm_: Api) -> None:
    with pytest.raises(RuntimeError, match="kind is one of"):
        crm_.hands.fault("earthquake")
