"""A line to one SOAP service: zeep builds and reads the envelopes, the hub's own client carries them.

XML comes from outside, so: no document types, no entities, no schema from another host than the WSDL's, no file from
outside the project's folder, and no answer larger than agreed.
"""

from __future__ import annotations

import base64
import difflib
import threading
from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from lxml.etree import LxmlError
from zeep import Client
from zeep import Settings as ZeepSettings
from zeep.exceptions import Error as ZeepError
from zeep.exceptions import Fault, TransportError
from zeep.helpers import serialize_object
from zeep.wsse.username import UsernameToken

from hefu.connectors._soap_settings import Basic, SoapSettings, Verdict, Wsse
from hefu.core.connector import Site
from hefu.core.errors import Denied, HubError, Missing, Rejected, Stale, Transient, Unanswered, Unsupported

# zeep says nothing of its types.
_CLIENT: Any = Client
_TOKEN: Any = UsernameToken
_PLAIN: Any = serialize_object
_OWN = (TypeError, ValueError, AttributeError, ArithmeticError, LookupError, RecursionError)
"""What zeep lets through when values do not fit the schema, ours or those of the answer."""
_VERDICTS: Mapping[Verdict, type[HubError]] = {
    "rejected": Rejected,
    "transient": Transient,
    "denied": Denied,
    "stale": Stale,
    "missing": Missing,
    "unsupported": Unsupported,
}


class _Reply:
    """An HTTP answer as zeep wants it."""

    def __init__(self, status: int, headers: Mapping[str, str], content: bytes) -> None:
        self.status_code, self.content = status, content
        self.headers = {"Content-Type": headers.get("content-type", "text/xml")}
        self.encoding = "utf-8"


class _Carrier:
    """zeep's transport over the hub's client."""

    def __init__(self, settings: SoapSettings, site: Site) -> None:
        self.settings, self.site, self.logger = settings, site, None
        self.now = threading.local()
        self.home = urlsplit(settings.wsdl).netloc

    def load(self, url: str) -> bytes:
        """The WSDL, or a schema that it names."""
        parts = urlsplit(url)
        if parts.scheme in ("http", "https"):
            if parts.netloc != self.home:
                raise Unsupported("soap.foreign", connection=self.site.connection, url=url, host=self.home)
            answer = self.site.http.send("GET", url, headers=self._headers())
            if answer.status in (401, 403):
                raise Denied("soap.denied", connection=self.site.connection, said=f"HTTP {answer.status}")
            if answer.status != 200:
                said = f"HTTP {answer.status}"
                raise Unsupported("soap.no_wsdl", connection=self.site.connection, url=url, said=said)
            return self._small(answer.body, writes=False)
        folder = Path(self.site.folder).resolve()
        path = (folder / (parts.path if parts.scheme == "file" else url)).resolve()
        if self.home or not path.is_relative_to(folder):
            raise Unsupported("soap.foreign", connection=self.site.connection, url=url, host=self.home or str(folder))
        try:
            return self._small(path.read_bytes(), writes=False)
        except OSError as error:
            said = error.strerror or ""
            raise Unsupported("soap.no_wsdl", connection=self.site.connection, url=url, said=said) from error

    def post_xml(self, address: str, envelope: Any, headers: Mapping[str, str]) -> _Reply:
        """Send an envelope."""
        from lxml import etree

        writes = bool(getattr(self.now, "writes", False))
        self.now.sent = True
        body = etree.tostring(envelope, xml_declaration=True, encoding="utf-8")
        sent = {**self._headers(), **{n.lower(): v for n, v in headers.items()}}
        answer = self.site.http.send("POST", self.settings.url or address, headers=sent, body=body, writes=writes)
        return _Reply(answer.status, answer.headers, self._small(answer.body, writes=writes))

    def _headers(self) -> dict[str, str]:
        auth = self.settings.auth
        made = {n.lower(): v for n, v in self.settings.headers.items()}
        if isinstance(auth, Basic):
            word = f"{auth.user}:{auth.password.get_secret_value()}".encode()
            made["authorization"] = "Basic " + base64.b64encode(word).decode()
        return made

    def _small(self, body: bytes, *, writes: bool) -> bytes:
        if len(body) > self.settings.largest:
            kind = Unanswered if writes else Unsupported
            raise kind("soap.too_large", connection=self.site.connection, most=self.settings.largest)
        return body


class Line:
    """One service. The WSDL is read when it is first needed."""

    def __init__(self, settings: SoapSettings, site: Site) -> None:
        self.settings, self.site = settings, site
        self._carrier = _Carrier(settings, site)
        self._client: Any = None
        self._lock = threading.Lock()

    def _service(self) -> Any:
        with self._lock:
            if self._client is None:
                auth = self.settings.auth
                token = _TOKEN(auth.user, auth.password.get_secret_value()) if isinstance(auth, Wsse) else None
                # Whatever the WSDL names comes through the carrier, which says from where it may.
                hard = ZeepSettings(forbid_dtd=True, forbid_entities=True, forbid_external=False, xml_huge_tree=False)
                try:
                    self._client = _CLIENT(self.settings.wsdl, wsse=token, transport=self._carrier, settings=hard)
                except (ZeepError, LxmlError, ValueError, KeyError, RecursionError) as error:
                    raise self._unreadable(error) from error
            try:
                return self._client.bind(self.settings.service or None, self.settings.port or None)
            except ValueError as error:
                raise self._unreadable(error) from error

    def _unreadable(self, error: BaseException) -> HubError:
        said = f"{type(error).__name__}: {error}"[:200]
        return Unsupported("soap.no_wsdl", connection=self.site.connection, url=self.settings.wsdl, said=said)

    def known(self, operation: str) -> None:
        """The operation is in the WSDL. Raises Unsupported with the nearest right name."""
        there = sorted(self._service()._binding._operations)
        if operation not in there:
            near = (difflib.get_close_matches(operation, there, 1, 0.4) or there[:1] or [""])[0]
            facts = {"operation": operation, "nearest": near, "known": ", ".join(there[:30])}
            raise Unsupported("soap.no_operation", connection=self.site.connection, **facts)

    def call(self, operation: str, arguments: Mapping[str, Any], *, writes: bool = False) -> Any:
        """Run an operation; its answer as plain data. Raises what a fault means."""
        self.known(operation)
        service = self._service()
        facts: dict[str, Any] = {"connection": self.site.connection, "operation": operation}
        self._carrier.now.writes, self._carrier.now.sent = writes, False
        try:
            return exact(_PLAIN(service[operation](**arguments), dict))
        except Fault as fault:
            raise self._meant(fault, facts, writes=writes) from fault
        except TransportError as error:
            raise _by_status(int(error.status_code or 0), str(error)[:200], facts, writes=writes) from error
        except (ZeepError, LxmlError, *_OWN) as error:
            if not self._carrier.now.sent:
                raise Rejected("soap.does_not_fit", said=str(error)[:200], **facts) from error
            kind = Unanswered if writes else Unsupported
            raise kind("soap.unreadable", said=f"{type(error).__name__}: {error}"[:200], **facts) from error
        finally:
            self._carrier.now.writes = False

    def _meant(self, fault: Fault, facts: dict[str, Any], *, writes: bool) -> HubError:
        code, text = str(fault.code or ""), str(fault.message or "")
        facts = {**facts, "fault": code, "said": text[:300]}
        for word, verdict in self.settings.faults.items():
            if word == code or word == code.rpartition(":")[2] or word in text:
                return _VERDICTS[verdict]("soap.fault", **facts)
        side = code.rpartition(":")[2].split(".")[0]
        if side in ("Client", "Sender"):
            denied = "authen" in code.lower() or "security" in code.lower()
            return (Denied if denied else Rejected)("soap.fault", **facts)
        # The server's own failure: whether a write was done before it, nobody says.
        return Unanswered("soap.fault", **facts) if writes else Transient("soap.fault", **facts)


def _by_status(status: int, said: str, facts: dict[str, Any], *, writes: bool) -> HubError:
    facts = {**facts, "said": f"HTTP {status} {said}".strip()}
    if status in (401, 403):
        return Denied("soap.denied", **facts)
    if 200 <= status < 300:  # served, but the answer is no XML that may be read
        return (Unanswered if writes else Unsupported)("soap.unreadable", **facts)
    if status >= 500:
        return Unanswered("soap.broken", **facts) if writes else Transient("soap.broken", **facts)
    return Unsupported("soap.broken", **facts)


def exact(value: Any) -> Any:
    """Plain data without floats."""
    if isinstance(value, float):
        return Decimal(repr(value))
    if isinstance(value, Mapping):
        return {str(n): exact(v) for n, v in value.items()}
    if isinstance(value, list):
        return [exact(v) for v in value]
    return value if value is None or isinstance(value, str | bool | int | Decimal | date | datetime) else str(value)
