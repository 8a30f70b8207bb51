"""The XML door of the imitated U8 inside the company's network: `/u8eai/import.asp`.

Zero means success; and a success with an empty key means that nothing was written, because a name was wrong.
"""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections.abc import Mapping
from typing import Any

import defusedxml.ElementTree as Safe
from defusedxml.common import DefusedXmlException
from starlette.requests import Request
from starlette.responses import Response

from hefu.sandbox.frame import Fault, Ledger, struck
from hefu.sandbox.u8.book import KINDS, Book, Wrong

SENDER = "001"
AUTHOR = "EAI"


class Broken(Exception):
    """A message that is no message: HTTP 500."""


class Eai:
    """The door over one book."""

    def __init__(self, book: Book, ledger: Ledger, faults: list[Fault]) -> None:
        self.book, self.ledger, self.faults = book, ledger, faults

    async def call(self, request: Request) -> Response:
        """POST a message."""
        try:
            answer = self._serve(await request.body())
        except Broken as broken:
            return Response(f"<html><body>500 - {broken}</body></html>", 500, media_type="text/html")
        text = b'<?xml version="1.0" encoding="utf-8"?>' + ET.tostring(answer, "utf-8")
        return Response(text, media_type="text/xml")

    def _serve(self, body: bytes) -> ET.Element:
        try:
            message = Safe.fromstring(body)
        except (ET.ParseError, DefusedXmlException, ValueError, LookupError) as error:
            raise Broken("XML格式错误") from error
        kind, verb = message.get("roottag", ""), message.get("proc", "").lower()
        if message.tag != "ufinterface" or not kind or not verb:
            raise Broken("缺少必要的节点")
        answer = ET.Element(
            "ufinterface",
            {
                "roottag": f"{kind}return",
                "docid": "",
                "proc": verb,
                "sender": "u8",
                "receiver": message.get("sender", ""),
                "request-roottag": kind,
            },
        )
        if message.get("sender") != SENDER:
            _item(answer, "", verb, "外部系统未注册", ok=False)
        elif kind not in KINDS or kind == "currentstock":
            _item(answer, "", verb, f"单据类型{kind}未启用", ok=False)
        else:
            for element in message:
                self._one(answer, kind, verb, element)
        return answer

    def _one(self, answer: ET.Element, kind: str, verb: str, element: ET.Element) -> None:
        given = _given(element)
        key = str(given.get(KINDS[kind].key) or "")
        strange = [name for name in _names(given) if name not in (*KINDS[kind].head, *KINDS[kind].entry, "entry")]
        if struck(self.faults, "locked"):
            _item(answer, key, verb, "单据已审核，不允许此操作", ok=False)
        elif strange and not any(name in KINDS[kind].head for name in given):
            _item(answer, "", verb, "ok", ok=True)
        elif strange:
            _item(answer, key, verb, f"数据库没有提供的字段({strange[0]})", ok=False)
        else:
            try:
                with self.book.shelf.change():
                    found = self._do(kind, verb, key, given)
            except Wrong as wrong:
                _item(answer, key, verb, str(wrong), ok=False)
            else:
                _item(answer, key or found, verb, "ok", ok=True, u8key=found)
                if verb == "query":
                    answer.append(_element(kind, self.book.get(kind, found)))
                else:
                    self.ledger.wrote(verb, kind, found)

    def _do(self, kind: str, verb: str, key: str, given: Mapping[str, Any]) -> str:
        if verb == "add":
            return self.book.add(kind, given, AUTHOR, "api")
        if verb == "edit":
            return self.book.edit(kind, given, AUTHOR, "api")
        if verb == "delete":
            self.book.delete(kind, key, AUTHOR, "api")
            return key
        if verb == "query":
            return str(self.book.get(kind, key)[KINDS[kind].key])
        raise Wrong(f"不支持的操作{verb}")


def _given(element: ET.Element) -> dict[str, Any]:
    """A record of the message: flat, or header and body with entries."""
    header, body = element.find("header"), element.find("body")
    made: dict[str, Any] = {child.tag: child.text or "" for child in (element if header is None else header)}
    made.pop("body", None)
    if body is not None:
        made["entry"] = [{child.tag: child.text or "" for child in entry} for entry in body.findall("entry")]
    return made


def _names(given: Mapping[str, Any]) -> list[str]:
    return [*given, *(name for row in given.get("entry", ()) for name in row)]


def _item(answer: ET.Element, key: str, verb: str, words: str, *, ok: bool, u8key: str = "") -> None:
    told = {"key": key, "succeed": "0" if ok else "1", "dsc": words, "u8key": u8key, "proc": verb}
    ET.SubElement(answer, "item", told)


def _element(kind: str, doc: Mapping[str, Any]) -> ET.Element:
    made = ET.Element(kind)
    entry = doc.get("entry")
    head = ET.SubElement(made, "header") if entry is not None else made
    for name in KINDS[kind].head:
        ET.SubElement(head, name).text = str(doc.get(name, ""))
    if entry is not None:
        body = ET.SubElement(made, "body")
        for row in entry:
            line = ET.SubElement(body, "entry")
            for name, value in row.items():
                ET.SubElement(line, name).text = str(value)
    return made
