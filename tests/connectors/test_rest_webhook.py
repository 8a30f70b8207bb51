"""Webhooks as hints: true ones are understood, forged, replayed and garbled ones are refused."""

from __future__ import annotations

import base64
import hashlib
import hmac
from datetime import UTC, datetime

import pytest

from hefu.connectors.rest import CONNECTOR
from hefu.core.connector import Answer, Site
from hefu.core.errors import Denied, Unsupported
from hefu.core.words import tell

NOW = datetime(2026, 1, 31, 8, 0, tzinfo=UTC)
AT = int(NOW.timestamp())
BODY = '{"id": "e1", "event": "account.updated", "data": {"id": 17, "name": "合符"}}'.encode()
SECRET = "whsec_" + base64.b64encode(b"a secret of 24 bytes ...").decode()


class NoNet:
    """A webhook needs no call."""

    def send(self, *_: object, **__: object) -> Answer:
        raise AssertionError("a webhook made a call")


def opened(webhook: dict[str, object] | None):  # type: ignore[no-untyped-def]
    settings = {"url": "https://crm.example", "objects": {"account": {"read": {"url": "/a"}}}, "webhook": webhook}
    return CONNECTOR(
        CONNECTOR.settings_type.model_validate(settings), Site(NoNet(), lambda: NOW, lambda _: None, "crm")
    )


def hook(scheme: str, **more: object) -> dict[str, object]:
    signature = {"scheme": scheme, "header": "X-Sig", "secret": SECRET, **more}
    return {"signature": signature, "object": "event", "objects": {"account.*": "account"}, "id": "data.id"}


def mac(content: bytes, secret: str = SECRET) -> hmac.HMAC:
    return hmac.new(secret.encode(), content, hashlib.sha256)


def t_v1(at: int = AT, body: bytes = BODY, secret: str = SECRET) -> dict[str, str]:
    return {"X-Sig": f"t={at},v1={mac(f'{at}.'.encode() + body, secret).hexdigest()}"}


def standard(at: int = AT, number: str = "msg_1", body: bytes = BODY) -> dict[str, str]:
    key = base64.b64decode(SECRET.removeprefix("whsec_"))
    content = f"{number}.{at}.".encode() + body
    signed = base64.b64encode(hmac.new(key, content, hashlib.sha256).digest()).decode()
    return {"webhook-id": number, "Webhook-Timestamp": str(at), "webhook-signature": f"v1,bm9uZQ== v1,{signed}"}


GOOD = [
    (hook("hex"), {"x-sig": mac(BODY).hexdigest()}),
    (hook("hex", prefix="sha256="), {"X-SIG": "sha256=" + mac(BODY).hexdigest()}),
    (hook("base64"), {"X-Sig": base64.b64encode(mac(BODY).digest()).decode()}),
    (hook("t_v1"), t_v1()),
    (hook("t_v1"), {"X-Sig": t_v1()["X-Sig"].replace(",v1=", ",v0=x, v1=bad,v1=")}),
    (hook("t_v1"), t_v1(AT - 299)),
    (hook("t_v1", old_secret="old"), t_v1(secret="old")),
    (hook("standard"), standard()),
    (hook("token"), {"X-Sig": SECRET}),
    (hook("none"), {}),
]


@pytest.mark.parametrize(("how", "headers"), GOOD)
def test_a_true_webhook_is_a_hint(how: dict[str, object], headers: dict[str, str]) -> None:
    assert opened(how).parse(headers, BODY) == [("account", "17")]


FORGED = [
    (hook("hex"), {}),
    (hook("hex"), {"X-Sig": ""}),
    (hook("hex"), {"X-Sig": mac(BODY + b" ").hexdigest()}),
    (hook("hex"), {"X-Sig": mac(BODY, "guess").hexdigest()}),
    (hook("hex", prefix="sha256="), {"X-Sig": mac(BODY).hexdigest()}),
    (hook("hex"), {"X-Sig": "é" * 64}),
    (hook("t_v1"), {"X-Sig": "t=,v1="}),
    (hook("t_v1"), {"X-Sig": t_v1()["X-Sig"].replace(str(AT), str(AT + 1))}),
    (hook("t_v1"), {"X-Sig": t_v1()["X-Sig"].split(",")[1]}),
    (hook("t_v1"), t_v1(AT - 301)),
    (hook("t_v1"), t_v1(AT + 301)),
    (hook("t_v1"), t_v1(secret="old")),
    (hook("standard"), {**standard(), "webhook-id": "msg_2"}),
    (hook("standard"), {**standard(), "Webhook-Timestamp": str(AT - 5)}),
    (hook("standard"), standard(AT - 3600)),
    (hook("standard"), {}),
    (hook("token"), {"X-Sig": SECRET[:-1]}),
    (hook("hex", secret=""), {"X-Sig": mac(BODY, "").hexdigest()}),
    (hook("hex"), {"X-Other": mac(BODY).hexdigest()}),
    (hook("hex"), {"X-Sig": mac(BODY).hexdigest()[:-1]}),
    (hook("hex"), {"X-Sig": mac(BODY).hexdigest() * 2}),
    (hook("hex"), {"X-Sig": hmac.new(SECRET.encode(), BODY, hashlib.sha1).hexdigest()}),
    (hook("hex"), {"X-Sig": hashlib.sha256(SECRET.encode() + BODY).hexdigest()}),
    (hook("hex", prefix="sha256="), {"X-Sig": "sha256="}),
    (hook("base64"), {"X-Sig": mac(BODY).hexdigest()}),
    (hook("base64"), {"X-Sig": "%%%"}),
    (hook("t_v1"), {"X-Sig": "t=" + chr(0xB2) + ",v1=x"}),
    (hook("t_v1"), {"X-Sig": "t=" + "9" * 5000 + ",v1=x"}),
    (hook("t_v1"), {"X-Sig": f"t=-{AT},v1=x"}),
    (hook("t_v1"), {"X-Sig": f"t={AT}.0,v1=x"}),
    (hook("standard"), {**standard(), "webhook-timestamp": chr(0xB2)}),
    (hook("standard"), {**standard(), "webhook-timestamp": "9" * 5000}),
    (hook("standard"), {**standard(), "webhook-timestamp": "9" * 400}),
    (hook("standard"), {**standard(), "webhook-id": ""}),
    (hook("standard"), {**standard(), "webhook-signature": "v2," + "A" * 44}),
    (hook("token"), {"X-Sig": SECRET.upper()}),
    (hook("token", secret=""), {"X-Sig": ""}),
]


@pytest.mark.parametrize(("how", "headers"), FORGED)
def test_a_forged_or_replayed_webhook_is_denied(how: dict[str, object], headers: dict[str, str]) -> None:
    with pytest.raises(Denied) as caught:
        opened(how).parse(headers, BODY)
    assert SECRET not in str(caught.value)
    assert all(tell(caught.value, "zh"))


@pytest.mark.parametrize(
    ("body", "found"),
    [
        (b'{"event": "account.created", "data": {}}', [("account", "")]),
        (b'{"event": "invoice.created", "data": {"id": 1}}', []),
        (b'{"data": {"id": 1}}', []),
        (b"[1, 2]", []),
        (b'"text"', []),
    ],
)
def test_what_concerns_no_object_is_left_out(body: bytes, found: list[tuple[str, str]]) -> None:
    assert opened(hook("none")).parse({}, body) == found


def test_several_events_at_once_without_repeats() -> None:
    how = {"signature": {"scheme": "none"}, "object": "type", "id": "key", "events": "events"}
    body = (
        b'{"events": [{"type": "account", "key": 1}, {"type": "account", "key": 1}, {"type": "account", "key": "2"}]}'
    )
    assert opened(how).parse({}, body) == [("account", "1"), ("account", "2")]


def test_a_body_that_is_no_json_is_told() -> None:
    with pytest.raises(Unsupported) as caught:
        opened(hook("none")).parse({}, b"a=1&b=2")
    assert caught.value.code == "rest.webhook_body"


def test_without_a_description_there_are_no_webhooks() -> None:
    with pytest.raises(Unsupported) as caught:
        opened(None).parse({}, BODY)
    assert caught.value.code == "connector.no_webhook"
