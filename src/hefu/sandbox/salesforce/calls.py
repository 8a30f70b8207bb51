"""A call below /services/data, and the answer to it: what composite requests pass around as well as the wire."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from hefu.sandbox.frame import parsed
from hefu.sandbox.salesforce.values import Refused

_PATH = re.compile(r"/services/data/v(\d+\.\d)(?:/(.*))?")


@dataclass
class Call:
    """`path` has no slash at its ends and nothing of the version; `given` is the JSON body, read when asked for."""

    method: str
    version: str
    path: str
    query: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)

    @property
    def base(self) -> str:
        """What addresses begin with."""
        return f"/services/data/v{self.version}"

    @property
    def given(self) -> dict[str, Any]:
        """The body as a JSON object. Raises Refused."""
        try:
            given = parsed(self.body)
        except ValueError as problem:
            raise Refused("JSON_PARSER_ERROR", f"{problem}") from None
        if not isinstance(given, dict):
            raise Refused("JSON_PARSER_ERROR", "The HTTP entity body is required, but this request has no entity body.")
        return given


@dataclass
class Answer:
    """`body`: data for JSON, text for CSV, None for nothing."""

    status: int = 200
    body: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)


def call_of(
    method: str, path: str, query: Mapping[str, str], body: bytes = b"", headers: Mapping[str, str] | None = None
) -> Call:
    """The call of an address. Raises Refused for one that is not of the API."""
    found = _PATH.fullmatch(path)
    if found is None:
        raise Refused("NOT_FOUND", "The requested resource does not exist", status=404)
    return Call(method, found[1], (found[2] or "").strip("/"), query, body, headers or {})


def inner(
    method: str, version: str, path: str, query: Mapping[str, str], body: Any, headers: Mapping[str, str]
) -> Call:
    """A call inside a composite one."""
    text = b"" if body is None else json.dumps(body, default=str).encode()
    return Call(method, version, path.strip("/"), query, text, headers)


def refused(problems: list[Refused]) -> Answer:
    """Errors of a single call come as a list, even one."""
    return Answer(problems[0].status, [p.told() for p in problems])
