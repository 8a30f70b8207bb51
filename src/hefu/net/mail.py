"""The one way out for mail: SMTP under the same address policy as HTTP, TLS verified, errors in our own words.

Like `Line`, it is checked at the numeric address that is called, so that a name cannot lead elsewhere meanwhile.
"""

from __future__ import annotations

import smtplib
import socket
import ssl
from collections.abc import Sequence
from dataclasses import dataclass
from email.message import EmailMessage
from typing import Any, Literal

from hefu.core.errors import Denied, HubError, Rejected, Transient, Unsupported
from hefu.net.policy import Policy, is_inside

PORTS = {"tls": 465, "starttls": 587, "none": 25}


@dataclass(frozen=True, slots=True)
class MailServer:
    """Where mail is handed in. `channel`: how errors call it; `timeout`: seconds for each step."""

    channel: str
    host: str
    security: Literal["tls", "starttls", "none"] = "tls"
    port: int | None = None
    user: str = ""
    password: str = ""
    ca_file: str | None = None
    timeout: float = 15.0

    def send(self, message: EmailMessage, to: Sequence[str]) -> None:
        """Hand a message in for these people.

        Raises Transient where it can be tried again, Denied for a refused login, Rejected for a refused message,
        Unsupported for an address that the hub never calls or a password that would go in clear.
        """
        try:
            with self._open() as line:
                if self.user:
                    line.login(self.user, self.password)
                refused = line.send_message(message, to_addrs=list(to))
        except HubError:
            raise
        except smtplib.SMTPAuthenticationError as error:
            raise Denied("mail.login", channel=self.channel, status=error.smtp_code) from None
        except smtplib.SMTPResponseException as error:
            raise self._answered(error.smtp_code) from None
        except smtplib.SMTPRecipientsRefused as error:
            raise self._answered(max(code for code, _ in error.recipients.values())) from None
        except ssl.SSLError as error:
            raise Transient("net.tls", connection=self.channel, url=self.host, reason=error.reason or "-") from None
        except (OSError, smtplib.SMTPException) as error:
            said = (getattr(error, "strerror", None) or type(error).__name__)[:200]
            raise Transient("mail.unreachable", channel=self.channel, host=self.host, reason=said) from None
        if refused:
            raise Rejected("mail.refused", channel=self.channel, status=max(code for code, _ in refused.values()))

    def _answered(self, status: int) -> HubError:
        if 400 <= status < 500:
            return Transient("mail.later", channel=self.channel, status=status)
        return Rejected("mail.refused", channel=self.channel, status=status)

    def _open(self) -> smtplib.SMTP:
        port = self.port or PORTS[self.security]
        context = ssl.create_default_context(cafile=self.ca_file or None)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        line = _Checked(self, context)
        try:
            line.connect(self.host, port)
            if self.security == "starttls":
                line.starttls(context=context)
        except BaseException:
            line.close()
            raise
        return line


class _Checked(smtplib.SMTP):
    """A line that asks the policy about each numeric address before it calls it."""

    def __init__(self, server: MailServer, context: ssl.SSLContext) -> None:
        self._server, self._context = server, context
        self._policy = Policy([(server.host.lower(), server.port or PORTS[server.security])], server.channel)
        super().__init__(local_hostname="hefu", timeout=server.timeout)
        self._host = server.host  # whom STARTTLS must find in the certificate

    def _get_socket(self, host: str, port: int, timeout: Any) -> socket.socket:
        last: OSError | None = None
        for family, kind, protocol, _, place in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM):
            self._admit(str(place[0]))
            made = socket.socket(family, kind, protocol)
            made.settimeout(timeout)
            try:
                made.connect(place)
                if self._server.security == "tls":
                    made = self._context.wrap_socket(made, server_hostname=host)
            except OSError as error:
                made.close()
                last = error
                continue
            return made
        raise last or OSError(f"no address of {host}")

    def _admit(self, address: str) -> None:
        server = self._server
        if (code := self._policy.refusal(address, "smtp")) is not None:
            raise Unsupported(code, connection=server.channel, url=server.host, address=address)
        if server.security == "none" and not is_inside(address):
            raise Unsupported("mail.in_clear", channel=server.channel, host=server.host)


__all__ = ["PORTS", "MailServer"]
