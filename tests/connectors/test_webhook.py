"""Webhooks that leave the hub: judged by the client library of the standard itself."""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
from standardwebhooks import Webhook as Judge
from standardwebhooks import WebhookVerificationError

from hefu.connectors.webhook import Webhook
from hefu.core.connector import Connector
from hefu.core.errors import Denied, HubError, Rejected, Transient, Unsupported
from hefu.core.records import Write, Written
from hefu.core.words import tell
from hefu.sim.conformance import CHECKS, Rig, Tell, attempt, record
from webhook_receiver import OLD, SECRET, Receiver, line_to, receiving


@pytest.fixture(scope="module")
def served() -> Iterator[tuple[Receiver, str]]:
    with receiving() as made:
        yield made


@pytest.fixture
def receiver(served: tuple[Receiver, str]) -> Receiver:
    served[0].events.clear()
    served[0].refusals.clear()
    return served[0]


@pytest.fixture
def line(served: tuple[Receiver, str], receiver: Receiver) -> Callable[..., Webhook]:
    return lambda **more: line_to(served[1], **more)


def one(line: Connector, write: Write) -> Written | HubError:
    return line.write("customer", [write])[0]


def test_the_standards_own_library_takes_what_we_sign(line: Callable[..., Webhook], receiver: Receiver) -> None:
    values = {
        "code": "C1", "name": "合符", "limit": Decimal("10.50"), "since": date(2026, 1, 31), "active": True,
        "seen": datetime(2026, 1, 31, 8, tzinfo=UTC), "phone": None,
    }  # fmt: skip
    made = one(line(), Write(None, values, token="t1"))
    assert isinstance(made, Written)
    ((headers, body),) = receiver.events
    event = Judge(SECRET).verify(body, headers)
    assert event["type"] == "customer.created"
    assert event["data"] == {
        "object": "customer", "id": "C1",
        "values": {"code": "C1", "name": "合符", "limit": "10.50", "since": "2026-01-31", "active": True,
                   "seen": "2026-01-31T08:00:00Z", "phone": None},
    }  # fmt: skip
    with pytest.raises(WebhookVerificationError):
        Judge(SECRET).verify(body.replace(b"10.50", b"10.51"), headers)
    with pytest.raises(WebhookVerificationError):
        Judge(OLD).verify(body, headers)


def test_while_the_secret_changes_both_signatures_are_given(line: Callable[..., Webhook], receiver: Receiver) -> None:
    one(line(old_secret=OLD), Write("C1", {"name": "x"}))
    ((headers, body),) = receiver.events
    for secret in (SECRET, OLD):
        assert Judge(secret).verify(body, headers)["type"] == "customer.updated"


def test_a_repetition_has_the_same_id_and_a_later_change_another(
    line: Callable[..., Webhook], receiver: Receiver
) -> None:
    hook = line()
    first = one(hook, Write(None, {"code": "C1", "name": "a"}, token="t1"))
    assert isinstance(first, Written)
    again = one(hook, Write(None, {"code": "C1", "name": "a"}, token="t1"))
    assert again == first
    there = one(hook, Write("C1", {"name": "b"}, version=first.version))
    assert isinstance(there, Written)
    back = one(hook, Write("C1", {"name": "a"}, version=there.version))
    assert isinstance(back, Written)
    gone = one(hook, Write("C1", None, version=back.version))
    assert isinstance(gone, Written)
    ids = receiver.ids()
    assert ids[0] == ids[1]
    assert len(set(ids)) == 4
    assert receiver.told()[-1] == ("customer.deleted", {"object": "customer", "id": "C1"})


@pytest.mark.parametrize(
    ("status", "kind"),
    [(400, Rejected), (422, Rejected), (401, Denied), (410, Denied), (500, Transient), (429, Transient),
     (503, Transient), (502, Transient), (404, Unsupported), (405, Unsupported), (0, Transient)],
)  # fmt: skip
def test_what_an_answer_calls_for(
    line: Callable[..., Webhook], receiver: Receiver, status: int, kind: type[HubError]
) -> None:
    receiver.refusals.append(status)
    try:
        answer = one(line(), Write("C1", {"name": "x"}))
    except HubError as raised:
        answer = raised
    assert type(answer) is kind, answer
    assert all("?" not in text for text in (*tell(answer), *tell(answer, "zh"))), tell(answer)


def test_the_check_is_an_event_of_its_own(line: Callable[..., Webhook], receiver: Receiver) -> None:
    line().check()
    assert [kind for kind, _ in receiver.told()] == ["hefu.test"]
    line(test_event=False).check()
    assert len(receiver.events) == 1
    receiver.refusals.append(401)
    with pytest.raises(Denied):
        line().check()


WRONG = [
    ({"secret": "whsec_" + base64.b64encode(b"short").decode()}, "webhook.secret"),
    ({"secret": "not base 64 at all, but long enough"}, "webhook.secret"),
    ({"objects": {"customer": {"key": ["no"], "fields": {"code": {}}}}}, "webhook.key"),
]


@pytest.mark.parametrize(("words", "code"), WRONG)
def test_wrong_settings_are_named(line: Callable[..., Webhook], words: dict[str, Any], code: str) -> None:
    with pytest.raises(Unsupported) as caught:
        line(**words)
    assert caught.value.code == code


def test_wrong_records_are_named_and_nothing_is_sent(line: Callable[..., Webhook], receiver: Receiver) -> None:
    hook = line()
    absent, good = hook.write("customer", [Write(None, {"name": "x"}), Write(None, {"code": "C2"}, token="t")])
    assert isinstance(absent, Rejected)
    assert absent.field == "code"
    assert isinstance(good, Written)
    with pytest.raises(Unsupported):
        hook.write("customer", [Write("C1", {"nmae": "x"})])
    with pytest.raises(Unsupported):
        hook.write("order", [Write("C1", {"name": "x"})])
    assert len(receiver.events) == 1


@pytest.mark.conformance
def test_the_conformance_suite_finds_nothing(line: Callable[..., Webhook], record_property: Tell) -> None:
    """What is only sent cannot be read back, so the checks that only look are tried."""
    bypass = {"fetch_agrees_with_read": "what was sent belongs to its receiver and cannot be asked for"}
    rig = Rig(line(), "customer", writes=False, bypass=bypass, system="a receiver judged by standardwebhooks")
    results = [attempt(c, rig) for c in CHECKS.values()]
    for result in results:
        record(record_property, rig, result)
    assert [r for r in results if r.state == "failed"] == []
    assert sum(r.state == "passed" for r in results) >= 5
