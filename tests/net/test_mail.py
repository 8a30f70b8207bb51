"""Mail goes out under the same policy as everything else, over verified TLS, and says plainly what went wrong."""

from __future__ import annotations

from email.message import EmailMessage
from pathlib import Path

import pytest

from hefu.core.errors import Denied, HubError, Rejected, Transient, Unsupported
from hefu.net import MailServer
from loopback import certificate
from mail_sink import PASSWORD, USER, mail

LI = ["li@example.com"]


def letter() -> EmailMessage:
    made = EmailMessage()
    made["Subject"], made["From"], made["To"] = "合符：冲突", USER, LI[0]
    made.set_content("3 个冲突")
    return made


def server(port: int, **more: object) -> MailServer:
    return MailServer("mail", "127.0.0.1", **{"security": "none", "port": port, "timeout": 10.0, **more})  # type: ignore[arg-type]


def test_a_letter_arrives_as_it_was_written() -> None:
    with mail() as (sink, port):
        server(port).send(letter(), LI)
        [(to, came)] = sink.came
    assert (to, came["Subject"], came.get_content().strip()) == (LI, "合符：冲突", "3 个冲突")


@pytest.mark.parametrize("security", ["tls", "starttls"])
def test_over_tls_with_a_login(security: str, tmp_path: Path) -> None:
    made = certificate(tmp_path)
    with mail(made, starttls=security == "starttls", login=True) as (sink, port):
        known = {"security": security, "user": USER, "ca_file": str(made[0])}
        server(port, **known, password=PASSWORD).send(letter(), LI)
        assert len(sink.came) == 1
        with pytest.raises(Denied) as caught:
            server(port, **known, password="wrong").send(letter(), LI)
        assert caught.value.code == "mail.login"
        with pytest.raises(Transient) as stranger:
            server(port, security=security, user=USER, password=PASSWORD).send(letter(), LI)
        assert stranger.value.code == "net.tls", "nobody vouches for this server: the password never went out"


@pytest.mark.parametrize(("said", "kind", "code"), [("451 later", Transient, "mail.later"),
                                                    ("554 spam", Rejected, "mail.refused")])  # fmt: skip
def test_a_refusal_says_whether_to_try_again(said: str, kind: type[HubError], code: str) -> None:
    with mail() as (sink, port):
        sink.refusals.append(said)
        with pytest.raises(kind) as caught:
            server(port).send(letter(), LI)
        assert caught.value.code == code
        sink.strangers.add(LI[0])
        with pytest.raises(Rejected):
            server(port).send(letter(), LI)
        with pytest.raises(Rejected):
            server(port).send(letter(), [*LI, "wu@example.com"])
        assert len(sink.came) == 1, "the others got it"


def test_addresses_that_are_never_called_and_passwords_in_clear() -> None:
    for host, code in (("169.254.169.254", "net.address_refused"), ("100.100.100.200", "net.address_refused"),
                       ("8.8.8.8", "mail.in_clear")):  # fmt: skip
        with pytest.raises(Unsupported) as caught:
            MailServer("mail", host, "none", 25).send(letter(), LI)
        assert caught.value.code == code
    with pytest.raises(Transient) as away:
        server(9).send(letter(), LI)
    assert away.value.code == "mail.unreachable"
