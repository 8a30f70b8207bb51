"""A small SOAP service with a WSDL: customers that can be listed, read, saved and deleted."""

from __future__ import annotations

import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from xml.sax.saxutils import escape

from lxml import etree

NS = "urn:test:customers"
ENV = "http://schemas.xmlsoap.org/soap/envelope/"


def _message(name: str, parts: str) -> str:
    return f'<xs:element name="{name}"><xs:complexType><xs:sequence>{parts}</xs:sequence></xs:complexType></xs:element>'


def _el(name: str, kind: str, more: str = 'minOccurs="0"') -> str:
    return f'<xs:element name="{name}" type="{kind}" {more}/>'


OPERATIONS = {
    "ListCustomers": (
        _el("Page", "xs:int") + _el("Size", "xs:int") + _el("Since", "xs:dateTime"),
        _el("Customer", "t:Customer", 'minOccurs="0" maxOccurs="unbounded"'),
    ),
    "GetCustomer": (_el("Code", "xs:string"), _el("Customer", "t:Customer")),
    "SaveCustomer": (
        _el("Mode", "xs:string") + _el("Customer", "t:Customer"),
        _el("Done", "xs:boolean") + _el("Code", "xs:string") + _el("Reason", "xs:string"),
    ),
    "DeleteCustomer": (_el("Code", "xs:string"), _el("Done", "xs:boolean")),
}


def wsdl(url: str, extra: str = "", head: str = "") -> str:
    """The description of the service."""
    customer = (
        '<xs:complexType name="Customer"><xs:sequence>'
        + _el("Code", "xs:string", "")
        + _el("Name", "xs:string")
        + _el("Credit", "xs:decimal")
        + _el("Active", "xs:boolean")
        + _el("Changed", "xs:dateTime")
        + "</xs:sequence></xs:complexType>"
    )
    elements = "".join(_message(n, a) + _message(n + "Response", b) for n, (a, b) in OPERATIONS.items())
    messages = "".join(
        f'<message name="{n}{s}"><part name="parameters" element="t:{n}{s}"/></message>'
        for n in OPERATIONS
        for s in ("", "Response")
    )
    ports = "".join(
        f'<operation name="{n}"><input message="t:{n}"/><output message="t:{n}Response"/></operation>'
        for n in OPERATIONS
    )
    bound = "".join(
        f'<operation name="{n}"><soap:operation soapAction="{NS}/{n}"/><input><soap:body use="literal"/></input>'
        '<output><soap:body use="literal"/></output></operation>'
        for n in OPERATIONS
    )
    return (
        f'<?xml version="1.0"?>{head}<definitions name="Customers" targetNamespace="{NS}" xmlns:t="{NS}" '
        'xmlns="http://schemas.xmlsoap.org/wsdl/" xmlns:soap="http://schemas.xmlsoap.org/wsdl/soap/" '
        f'xmlns:xs="http://www.w3.org/2001/XMLSchema"><types><xs:schema targetNamespace="{NS}" '
        f'elementFormDefault="qualified">{extra}{customer}{elements}</xs:schema></types>{messages}'
        f'<portType name="P">{ports}</portType><binding name="B" type="t:P"><soap:binding style="document" '
        f'transport="http://schemas.xmlsoap.org/soap/http"/>{bound}</binding><service name="S"><port name="P" '
        f'binding="t:B"><soap:address location="{url}/service"/></port></service></definitions>'
    )


class Shop:
    """The running service. answer: what to say instead of serving the next call, (status, body)."""

    def __init__(self) -> None:
        self.rows: dict[str, dict[str, str]] = {}
        self.calls: list[str] = []
        self.heads: list[dict[str, str]] = []
        self.answer: tuple[int, str] | None = None
        self.wsdl: Callable[[str], str] = wsdl
        self.tick = 0
        shop = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                shop.calls.append(self.path)
                self._send(200, shop.wsdl(shop.url))

            def do_POST(self) -> None:
                shop.heads.append({n.lower(): v for n, v in self.headers.items()})
                body = self.rfile.read(int(self.headers["Content-Length"]))
                status, told = shop.serve(body)
                self._send(status, told)

            def _send(self, status: int, told: str) -> None:
                body = told.encode()
                self.send_response(status)
                self.send_header("Content-Type", "text/xml; charset=utf-8")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                return

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    def save(self, row: dict[str, str]) -> None:
        """A row as a person stores it."""
        self.tick += 1
        stamp = f"2026-11-20T{self.tick // 3600:02d}:{self.tick // 60 % 60:02d}:{self.tick % 60:02d}Z"
        self.rows[row["Code"]] = {**self.rows.get(row["Code"], {}), **row, "Changed": stamp}

    def serve(self, body: bytes) -> tuple[int, str]:
        element = etree.fromstring(body).find(f"{{{ENV}}}Body")[0]
        name = etree.QName(element).localname
        self.calls.append(name)
        given: dict[str, Any] = {
            etree.QName(e).localname: {etree.QName(c).localname: c.text or "" for c in e} if len(e) else e.text or ""
            for e in element
        }
        if self.answer is not None:
            (status, told), self.answer = self.answer, None
            if status >= 600:  # serve, and then say something else
                getattr(self, f"_{name}")(given)
                status -= 600
            return status, told
        return getattr(self, f"_{name}")(given)  # type: ignore[no-any-return]

    def _said(self, name: str, inside: str) -> tuple[int, str]:
        return 200, envelope(f'<{name}Response xmlns="{NS}">{inside}</{name}Response>')

    def _ListCustomers(self, given: dict[str, Any]) -> tuple[int, str]:
        rows = [r for _, r in sorted(self.rows.items()) if r["Changed"] >= given.get("Since", "")[:19]]
        size = int(given.get("Size") or 10**6)
        start = (int(given.get("Page") or 1) - 1) * size
        return self._said("ListCustomers", "".join(_row(r) for r in rows[start : start + size]))

    def _GetCustomer(self, given: dict[str, Any]) -> tuple[int, str]:
        row = self.rows.get(given["Code"])
        return self._said("GetCustomer", _row(row) if row else "")

    def _SaveCustomer(self, given: dict[str, Any]) -> tuple[int, str]:
        row = given["Customer"]
        if row.get("Name") == "":
            return self._said("SaveCustomer", "<Done>false</Done><Reason>Name is empty</Reason>")
        if row.get("Name") == "FAULT":
            return 500, fault("soap:Client", "Name is not allowed")
        self.rows.pop(row["Code"], None)  # it takes whole records: what is left out is blank
        self.save(row)
        return self._said("SaveCustomer", f"<Done>true</Done><Code>{row['Code']}</Code>")

    def _DeleteCustomer(self, given: dict[str, Any]) -> tuple[int, str]:
        self.rows.pop(given["Code"], None)
        return self._said("DeleteCustomer", "<Done>true</Done>")


def _row(row: dict[str, str]) -> str:
    names = ("Code", "Name", "Credit", "Active", "Changed")
    return "<Customer>" + "".join(f"<{n}>{escape(row[n])}</{n}>" for n in names if n in row) + "</Customer>"


def envelope(inside: str, head: str = "") -> str:
    """A SOAP 1.1 envelope."""
    return f'<?xml version="1.0"?>{head}<e:Envelope xmlns:e="{ENV}"><e:Body>{inside}</e:Body></e:Envelope>'


def fault(code: str, text: str) -> str:
    """A fault."""
    inside = f"<faultcode>{code}</faultcode><faultstring>{text}</faultstring>"
    return envelope(f'<e:Fault xmlns:soap="{ENV}">{inside}</e:Fault>')
