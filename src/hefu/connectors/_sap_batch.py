"""$batch: many changesets in one call, each of them one record, whole or not at all; and each one's answer.

Multipart as both versions of OData know it, or the JSON form of V4. A changeset that fails answers with one part.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from hefu.core.connector import Answer

_OUTER, _INNER = "hub_batch", "hub_change"


class Op(NamedTuple):
    """One write. `path` is relative to the service."""

    method: str
    path: str
    body: Any = None
    etag: str | None = None

    def headers(self, accept: str) -> dict[str, str]:
        """What stands above its body."""
        out = {"Accept": accept}
        out |= {"Content-Type": accept} if self.body is not None else {}
        return out | ({"If-Match": self.etag} if self.etag else {})


Change = Sequence[Op]
"""The writes of one record, which happen together."""


class Packed(NamedTuple):
    """A $batch as it goes out."""

    kind: str
    body: bytes


class Outcome(NamedTuple):
    """What came back. `answers`: of each change in order, its last answer or the one that refused it; None for a
    change that was not answered. `whole`: the answer ended as it should, so what is not answered was not tried."""

    answers: list[Answer | None]
    whole: bool


# --------------------------------------------------------------------- multipart


def pack(changes: Sequence[Change], accept: str) -> Packed:
    """Changes as multipart/mixed."""
    parts = []
    for number, change in enumerate(changes, 1):
        boundary = f"{_INNER}_{number}"
        inner = b"".join(
            f"--{boundary}\r\nContent-Type: application/http\r\nContent-Transfer-Encoding: binary\r\n"
            f"Content-ID: {number}_{at}\r\n\r\n".encode()
            + _request(op, accept)
            for at, op in enumerate(change, 1)
        )
        head = f"--{_OUTER}\r\nContent-Type: multipart/mixed; boundary={boundary}\r\n\r\n"
        parts.append(head.encode() + inner + f"--{boundary}--\r\n".encode())
    return Packed(f"multipart/mixed; boundary={_OUTER}", b"".join(parts) + f"--{_OUTER}--\r\n".encode())


def _request(op: Op, accept: str) -> bytes:
    body = b"" if op.body is None else json.dumps(op.body, ensure_ascii=False).encode()
    headers = {**op.headers(accept), **({"Content-Length": str(len(body))} if body else {})}
    lines = [f"{op.method} {op.path} HTTP/1.1", *(f"{name}: {value}" for name, value in headers.items())]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body + b"\r\n"


def unpack(answer: Answer, changes: Sequence[Change]) -> Outcome:
    """The answers to a multipart $batch."""
    found, whole = [], False
    for part, closed in _parts(answer.headers.get("content-type", ""), answer.body):
        found.append(_told(part))
        whole = closed
    answers = [*found, *[None] * (len(changes) - len(found))][: len(changes)]
    return Outcome(answers, whole and (None not in found))


def _parts(kind: str, body: bytes) -> Iterator[tuple[bytes, bool]]:
    """Each part of a multipart body, and whether the body was closed properly after its parts."""
    boundary = next((w.partition("=")[2] for w in kind.split(";") if w.strip().lower().startswith("boundary=")), "")
    if not boundary:
        return
    mark = b"--" + boundary.strip().strip('"').encode()
    pieces = (b"\r\n" + body.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")).split(b"\r\n" + mark)
    closed = len(pieces) > 1 and pieces[-1].startswith(b"--")
    for number, piece in enumerate(pieces[1:], 2):
        if piece.startswith(b"--"):
            return
        if number == len(pieces) and not closed:
            return  # cut off in the middle: it proves nothing
        yield piece.lstrip(b"\r\n") if piece.startswith(b"\r\n") else piece, closed


def _told(part: bytes) -> Answer | None:
    """The answer inside a part: of a changeset, the first that refuses, else the first (the record's own)."""
    head, _, body = part.partition(b"\r\n\r\n")
    headers = _headers(head)
    kind = headers.get("content-type", "")
    if kind.lower().startswith("multipart/"):
        inner = [a for piece, _ in _parts(kind, body) if (a := _told(piece)) is not None]
        return next((a for a in inner if a.status >= 300), inner[0] if inner else None)
    return _http(body)


def _headers(head: bytes) -> dict[str, str]:
    pairs = (line.partition(":") for line in head.decode("utf-8", "replace").split("\r\n") if ":" in line)
    return {name.strip().lower(): value.strip() for name, _, value in pairs}


def _http(text: bytes) -> Answer | None:
    """An HTTP answer as it stands in a part."""
    head, _, body = text.lstrip().partition(b"\r\n\r\n")
    first, _, rest = head.partition(b"\r\n")
    words = first.split()
    if len(words) < 2 or not words[0].startswith(b"HTTP/") or not words[1].isdigit():
        return None
    return Answer(int(words[1]), _headers(rest), body.strip())


# -------------------------------------------------------------------------- JSON


def pack_json(changes: Sequence[Change], accept: str) -> Packed:
    """Changes as the JSON batch of OData V4.01."""
    requests = [
        {
            "id": f"{number}_{at}",
            "atomicityGroup": f"g{number}",
            "method": op.method,
            "url": op.path,
            "headers": {name.lower(): value for name, value in op.headers(accept).items()},
            **({} if op.body is None else {"body": op.body}),
        }
        for number, change in enumerate(changes, 1)
        for at, op in enumerate(change, 1)
    ]
    return Packed("application/json", json.dumps({"requests": requests}, ensure_ascii=False).encode())


def unpack_json(data: Any, changes: Sequence[Change]) -> Outcome:
    """The answers to a JSON $batch, which may come in any order."""
    told: dict[str, list[Answer]] = {}
    listed = data.get("responses") if isinstance(data, Mapping) else None
    for one in listed if isinstance(listed, list) else ():
        body = json.dumps(one.get("body")).encode() if one.get("body") is not None else b""
        headers = {name.lower(): str(value) for name, value in (one.get("headers") or {}).items()}
        group = str(one.get("atomicityGroup") or f"g{one.get('id')}").partition("_")[0]
        told.setdefault(group, []).append(Answer(int(one.get("status", 0)), headers, body))
    answers = [_worst(told.get(f"g{number}", [])) for number in range(1, len(changes) + 1)]
    return Outcome(answers, isinstance(listed, list))


def _worst(answers: Sequence[Answer]) -> Answer | None:
    return next((a for a in answers if a.status >= 300), answers[0] if answers else None)
