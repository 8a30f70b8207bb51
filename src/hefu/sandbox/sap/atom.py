"""V2 as Atom XML: what a caller gets who forgot to ask for JSON."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from xml.etree import ElementTree as ET

_DATA = "http://schemas.microsoft.com/ado/2007/08/dataservices"


def atom(told: Mapping[str, Any]) -> bytes:
    """A feed, or an entry, of the JSON form; only properties, no expansions."""
    spaces = {"xmlns": "http://www.w3.org/2005/Atom", "xmlns:m": f"{_DATA}/metadata", "xmlns:d": _DATA}
    if "results" in told:
        root = ET.Element("feed", spaces)
        if "__count" in told:
            ET.SubElement(root, "m:count").text = str(told["__count"])
        for row in told["results"]:
            _entry(ET.SubElement(root, "entry"), row)
        if "__next" in told:
            ET.SubElement(root, "link", {"rel": "next", "href": str(told["__next"])})
    else:
        root = ET.Element("entry", spaces)
        _entry(root, told)
    return bytes(ET.tostring(root, "utf-8", xml_declaration=True))


def _entry(entry: ET.Element, row: Mapping[str, Any]) -> None:
    about = row.get("__metadata", {})
    if "etag" in about:
        entry.set("m:etag", str(about["etag"]))
    ET.SubElement(entry, "id").text = str(about.get("id", ""))
    content = ET.SubElement(entry, "content", {"type": "application/xml"})
    properties = ET.SubElement(content, "m:properties")
    for name, value in row.items():
        if name.startswith("__") or isinstance(value, (dict, list)):
            continue
        made = ET.SubElement(properties, f"d:{name}")
        if value is None:
            made.set("m:null", "true")
        else:
            made.text = str(value).lower() if isinstance(value, bool) else "".join(c for c in str(value) if c >= " ")
