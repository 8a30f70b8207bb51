"""The EAI door in the company's network: one XML message of many records, and an answer item for each.

Zero means success; and a success with an empty key means that nothing was written, for a name was wrong. XML that
comes from there is taken apart without entities, so that an answer can neither read files here nor fill the memory.
"""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit

import defusedxml.ElementTree as Safe
from defusedxml.common import DefusedXmlException

from hefu.connectors._u8_errors import Where, error_of
from hefu.connectors._u8_settings import U8Settings
from hefu.core.connector import Answer, Site
from hefu.core.errors import Denied, HubError, Unanswered, Unsupported

Fields = Mapping[str, Any]


class Eai:
    """The door of one U8 server."""

    def __init__(self, site: Site, settings: U8Settings) -> None:
        self._site, self._settings = site, settings

    def send(self, entity: str, proc: str, key: str, records: Sequence[Fields]) -> list[str | HubError]:
        """add, edit or delete of records, in order: each one's key, or why not. Raises what concerns all."""
        where = Where(self._site.connection, f"eai {entity}/{proc}", True)
        answer = self._site.http.send(
            "POST",
            self._settings.eai,
            headers={"Content-Type": "text/xml; charset=utf-8"},
            body=self._message(entity, proc, records),
            writes=True,
        )
        items = self._items(answer, where)
        if len(items) == 1 and len(records) > 1 and not items[0].get("key"):
            only = self._outcome(items[0], where)
            if isinstance(only, HubError):
                return [only] * len(records)  # the message as a whole was refused
        by_key = {item.get("key", ""): item for item in items if item.get("key")}
        out: list[str | HubError] = []
        for n, record in enumerate(records):
            alone = items[n] if len(items) == len(records) else None
            item = by_key.get(str(record.get(key) or "")) or alone
            if item is None:
                out.append(Unanswered("u8.untold", connection=where.connection, path=where.path))
            else:
                out.append(self._outcome(item, where))
        return out

    def _outcome(self, item: ET.Element, where: Where) -> str | HubError:
        words = item.get("dsc") or item.get("desc") or ""
        if item.get("succeed") != "0":
            return error_of(item.get("succeed"), words, where, own=where.path.endswith(("edit", "delete")))
        key = item.get("u8key") or item.get("key") or ""
        if not key:
            return Unsupported("u8.nothing_written", connection=where.connection, path=where.path)
        return key

    # --------------------------------------------------------------------- messages

    def _message(self, entity: str, proc: str, records: Sequence[Fields]) -> bytes:
        root = ET.Element(
            "ufinterface",
            {
                "roottag": entity,
                "billtype": "",
                "docid": "",
                "receiver": "u8",
                "sender": self._settings.sender,
                "proc": proc,
                "codeexchanged": "N",
                "exportneedexch": "N",
                "version": "2.0",
            },
        )
        for record in records:
            one = ET.SubElement(root, entity)
            rows = record.get("entry")
            head = one if rows is None else ET.SubElement(one, "header")
            _fill(head, {n: v for n, v in record.items() if n != "entry"})
            if rows is not None:
                body = ET.SubElement(one, "body")
                for row in rows:
                    _fill(ET.SubElement(body, "entry"), row)
        made: bytes = ET.tostring(root, "utf-8")
        return b'<?xml version="1.0" encoding="utf-8"?>' + made

    def _items(self, answer: Answer, where: Where) -> list[ET.Element]:
        facts: dict[str, Any] = {"connection": where.connection, "path": where.path, "status": answer.status}
        if 300 <= answer.status < 400:
            to = urlsplit(answer.headers.get("location", "")).hostname or "-"
            raise Unsupported("u8.redirected", to=to, **facts)
        if answer.status in (401, 403):
            raise Denied("u8.forbidden", **facts)
        if answer.status in (404, 405):
            raise Unsupported("u8.no_api", said=answer.status, words="-", name="-", **facts)
        if answer.status != 200:
            raise Unanswered("u8.eai_fault", **facts)
        try:
            root: ET.Element = Safe.fromstring(answer.body, forbid_dtd=True)
        except DefusedXmlException:
            raise Denied("u8.xml_attack", **facts) from None
        except (ET.ParseError, ValueError, LookupError):
            raise Unanswered("u8.garbled", **facts) from None
        items = root.findall("item") if root.tag == "ufinterface" else []
        if not items:
            raise Unanswered("u8.garbled", **facts)
        return items


def _fill(element: ET.Element, values: Fields) -> None:
    for name, value in values.items():
        ET.SubElement(element, name).text = "".join(c for c in str(value) if c in "\t\n\r" or ord(c) >= 32)
