"""How the system says no: one refusal, told as V2 JSON, V2 XML or V4 JSON, in the language that was asked for."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any
from xml.sax.saxutils import escape

Two = tuple[str, str]
"""(Chinese, English)."""


@dataclass(frozen=True)
class Detail:
    """One of the messages behind a refusal."""

    code: str
    says: Two
    target: str = ""
    severity: str = "error"


@dataclass
class Refusal(Exception):
    """A call that is not served."""

    status: int
    code: str
    says: Two
    target: str = ""
    details: Sequence[Detail] = ()
    headers: dict[str, str] = field(default_factory=dict)

    def __str__(self) -> str:
        """As a person reads it."""
        return self.says[0]

    def v2(self, chinese: bool, service: str, moment: str) -> dict[str, Any]:
        """The V2 error body."""
        details = self.details or (Detail(self.code, self.says, self.target),)
        return {
            "error": {
                "code": self.code,
                "message": {"lang": "zh" if chinese else "en", "value": self.says[0 if chinese else 1]},
                "innererror": {
                    "application": {
                        "component_id": "",
                        "service_namespace": "/SAP/",
                        "service_id": service,
                        "service_version": "0001",
                    },
                    "transactionid": moment.replace("-", "").replace(":", "").replace(".", "").ljust(32, "0"),
                    "timestamp": moment,
                    "Error_Resolution": {"SAP_Transaction": "", "SAP_Note": ""},
                    "errordetails": [
                        {
                            "code": d.code,
                            "message": d.says[0 if chinese else 1],
                            "longtext_url": "",
                            "propertyref": d.target,
                            "severity": d.severity,
                            "target": d.target,
                        }
                        for d in details
                    ],
                },
            }
        }

    def v2_xml(self, chinese: bool) -> str:
        """The same for a caller that did not ask for JSON."""
        lang = "zh" if chinese else "en"
        return (
            '<?xml version="1.0" encoding="utf-8"?>'
            '<error xmlns="http://schemas.microsoft.com/ado/2007/08/dataservices/metadata">'
            f'<code>{escape(self.code)}</code><message xml:lang="{lang}">'
            f"{escape(self.says[0 if chinese else 1])}</message></error>"
        )

    def v4(self, chinese: bool) -> dict[str, Any]:
        """The V4 error body."""
        at = 0 if chinese else 1
        told: dict[str, Any] = {"code": self.code, "message": self.says[at]}
        if self.target:
            told["target"] = self.target
        if self.details:
            told["details"] = [
                {"code": d.code, "message": d.says[at], "target": d.target, "@Common.numericSeverity": 4}
                for d in self.details
            ]
        return {"error": told}


def bad(zh: str, en: str, target: str = "", code: str = "/IWBEP/CX_MGW_BUSI_EXCEPTION") -> Refusal:
    """400: what was sent cannot be."""
    return Refusal(400, code, (zh, en), target)


def missing(what: str) -> Refusal:
    """404: no such record."""
    return Refusal(404, "/IWBEP/CM_MGW_RT/020", (f"资源 {what} 不存在", f"Resource {what} not found"))


def unsupported(what: str) -> Refusal:
    """501 for what this service does not know."""
    return Refusal(501, "/IWBEP/CM_MGW_RT/021", (f"不支持 {what}", f"{what} is not supported"))


def text_of(told: object) -> bytes:
    """JSON as bytes."""
    return json.dumps(told, ensure_ascii=False).encode()
