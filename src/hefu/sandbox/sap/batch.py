"""`$batch`: many calls in one, as MIME parts (V2 and V4) or as JSON (V4). A changeset is stored whole or not at all."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from hefu.sandbox.frame import parsed
from hefu.sandbox.sap.api import Answer
from hefu.sandbox.sap.book import SapBook
from hefu.sandbox.sap.refusals import bad, text_of

MOST = 1000
_REQUEST = re.compile(r"([A-Z]+) (\S+) HTTP/1\.[01]")
_WORDS = {
    200: "OK",
    201: "Created",
    204: "No Content",
    304: "Not Modified",
    400: "Bad Request",
    403: "Forbidden",
    404: "Not Found",
    405: "Method Not Allowed",
    412: "Precondition Failed",
    415: "Unsupported Media Type",
    428: "Precondition Required",
    501: "Not Implemented",
}


@dataclass(frozen=True)
class Part:
    """One call of a batch. name: its Content-ID (or id), by which later ones may refer to what it made."""

    method: str
    url: str
    headers: Mapping[str, str]
    body: bytes
    name: str = ""


Send = Callable[[Part], Answer]


class Undone(Exception):
    """A changeset failed; what it did is taken back."""

    def __init__(self, answer: Answer, at: int) -> None:
        super().__init__()
        self.answer, self.at = answer, at


def unit(book: SapBook, parts: Sequence[Part], send: Send, *, fails: Callable[[], Answer | None]) -> list[Answer]:
    """A changeset: the answers of all, or raises Undone with that of the one that failed."""
    made: list[Answer] = []
    names: dict[str, str] = {}
    with book.change():
        for at, part in enumerate(parts):
            answer = send(_pointed(part, names))
            if answer.status >= 400:
                raise Undone(answer, at)
            if part.name and "location" in answer.headers:
                names[part.name] = answer.headers["location"]
            made.append(answer)
        failed = fails()
        if failed is not None:
            raise Undone(failed, len(parts) - 1)
    return made


def _pointed(part: Part, names: Mapping[str, str]) -> Part:
    found = re.match(r"/?\$([\w.-]+)", part.url)
    if found is None:
        return part
    if found[1] not in names:
        raise bad(f"未知的 Content-ID {found[1]}", f"Unknown Content-ID {found[1]}")
    return Part(part.method, names[found[1]] + part.url[found.end() :], part.headers, part.body, part.name)


# ------------------------------------------------------------------------ MIME


def multipart(
    book: SapBook, kind: str, body: bytes, send: Send, fails: Callable[[], Answer | None]
) -> tuple[str, bytes]:
    """Serve a MIME batch: the content type and body of the answer. Raises Refusal."""
    told: list[bytes] = []
    for headers, content in _split(kind, body):
        inner = headers.get("content-type", "")
        if inner.startswith("multipart/mixed"):
            parts = [_part(h, c) for h, c in _split(inner, content)]
            if any(p.method == "GET" for p in parts):
                raise bad("变更集中不能有 GET", "A changeset must not contain GET requests")
            try:
                answers = unit(book, parts, send, fails=fails)
            except Undone as undone:
                told.append(_http(undone.answer, ""))
                continue
            whole = b"".join(b"--cs\r\n" + _http(a, p.name) for a, p in zip(answers, parts, strict=True))
            whole += b"--cs--\r\n"
            size = str(len(whole)).encode()
            head = b"Content-Type: multipart/mixed; boundary=cs\r\nContent-Length: " + size + b"\r\n\r\n"
            told.append(head + whole + b"\r\n")
        else:
            part = _part(headers, content)
            if part.method != "GET":
                raise bad("变更请求必须在变更集中", "Modifying requests belong into a changeset")
            told.append(_http(send(part), part.name))
    boundary = "ejjeeffe0"
    text = b"".join(f"--{boundary}\r\n".encode() + each for each in told) + f"--{boundary}--\r\n".encode()
    return f"multipart/mixed; boundary={boundary}", text


def _split(kind: str, body: bytes) -> list[tuple[dict[str, str], bytes]]:
    found = re.search(r'boundary="?([^";,\s]{1,200})"?', kind)
    if found is None:
        raise bad("缺少 boundary", "The boundary is missing")
    mark = b"--" + found[1].encode()
    pieces = (b"\r\n" + body).split(b"\r\n" + mark)
    if len(pieces) < 3 or not pieces[-1].startswith(b"--") or len(pieces) - 2 > MOST:
        raise bad("批请求格式错误", "The batch is malformed, or too long", code="/IWBEP/CM_MGW_RT/030")
    return [_headed(piece.removeprefix(b"\r\n")) for piece in pieces[1:-1]]


def _headed(text: bytes) -> tuple[dict[str, str], bytes]:
    head, gap, content = text.partition(b"\r\n\r\n")
    if not gap and not head.endswith(b"\r\n"):
        raise bad(
            "批请求格式错误：应使用 CRLF", "The batch is malformed: lines end in CRLF", code="/IWBEP/CM_MGW_RT/030"
        )
    pairs = (line.partition(":") for line in head.decode("utf-8", "replace").split("\r\n"))
    return {n.strip().lower(): v.strip() for n, sign, v in pairs if sign}, content


def _part(headers: Mapping[str, str], content: bytes) -> Part:
    line, _, rest = content.partition(b"\r\n")
    found = _REQUEST.fullmatch(line.decode("utf-8", "replace"))
    if found is None or not headers.get("content-type", "").startswith("application/http"):
        raise bad("批请求部分格式错误", "A part of the batch is malformed", code="/IWBEP/CM_MGW_RT/030")
    inner, body = _headed(rest) if rest.strip() else ({}, b"")
    name = headers.get("content-id") or inner.get("content-id", "")
    size = inner.get("content-length", "")
    return Part(found[1], found[2], inner, body[: int(size)] if size.isdecimal() else body.rstrip(b"\r\n"), name)


def _http(answer: Answer, name: str) -> bytes:
    lines = [f"HTTP/1.1 {answer.status} {_WORDS.get(answer.status, 'Error')}"]
    lines += [f"{n}: {v}" for n, v in answer.headers.items()]
    lines += [f"Content-Length: {len(answer.body)}"]
    inner = "\r\n".join(lines).encode() + b"\r\n\r\n" + answer.body
    head = ["Content-Type: application/http", f"Content-Length: {len(inner)}", "content-transfer-encoding: binary"]
    head += [f"Content-ID: {name}"] if name else []
    return "\r\n".join(head).encode() + b"\r\n\r\n" + inner + b"\r\n"


# ------------------------------------------------------------------------ JSON


def jsonic(book: SapBook, body: bytes, send: Send, fails: Callable[[], Answer | None]) -> bytes:
    """Serve a V4 JSON batch. Raises Refusal."""
    try:
        given = parsed(body)
    except ValueError as problem:
        raise bad(f"JSON 无效：{problem}", f"Malformed JSON: {problem}") from None
    requests = given.get("requests") if isinstance(given, dict) else None
    if not isinstance(requests, list) or not all(_is_request(r) for r in requests) or len(requests) > MOST:
        raise bad("requests 应为列表", "requests wants a list of requests with id, method and url")
    answers: dict[str, Answer] = {}
    done: set[str] = set()
    for each in requests:
        group = str(each.get("atomicityGroup") or "")
        if group in done and group:
            continue
        done.add(group)
        members = [r for r in requests if group and r.get("atomicityGroup") == group] or [each]
        parts = [_json_part(r) for r in members]
        broken = [d for d in each.get("dependsOn") or () if d in answers and answers[d].status >= 400]
        if broken:
            answers |= {p.name: Answer(424) for p in parts}
            continue
        try:
            answers |= _sent(book, parts, send, fails) if group else {parts[0].name: send(parts[0])}
        except Undone as undone:
            # Every member of the group is told; only the one that failed with its own reason.
            answers |= {p.name: undone.answer if at == undone.at else Answer(424) for at, p in enumerate(parts)}
    return text_of({"responses": [_json_answer(str(r["id"]), answers[str(r["id"])]) for r in requests]})


def _sent(book: SapBook, parts: Sequence[Part], send: Send, fails: Callable[[], Answer | None]) -> dict[str, Answer]:
    return {p.name: a for p, a in zip(parts, unit(book, parts, send, fails=fails), strict=True)}


def _is_request(given: Any) -> bool:
    return isinstance(given, dict) and all(isinstance(given.get(n), str) for n in ("id", "method", "url"))


def _json_part(given: Mapping[str, Any]) -> Part:
    headers = {str(n).lower(): str(v) for n, v in (given.get("headers") or {}).items()}
    body = given.get("body")
    return Part(given["method"].upper(), given["url"], headers, b"" if body is None else _exact(body), given["id"])


def _exact(body: object) -> bytes:
    """A body as JSON again, its decimals as they were written."""
    import json
    from decimal import Decimal

    from hefu.sandbox.sap.wire import numbers

    def plain(value: object) -> object:
        if isinstance(value, Decimal):
            return "\x00N" + f"{value:f}"
        raise TypeError

    return numbers(json.dumps(body, ensure_ascii=False, default=plain)).encode()


def _json_answer(name: str, answer: Answer) -> dict[str, Any]:
    made: dict[str, Any] = {"id": name, "status": answer.status, "headers": answer.headers}
    if answer.body:
        import json

        is_json = "json" in answer.headers.get("content-type", "")
        made["body"] = json.loads(answer.body) if is_json else answer.body.decode()
    return made
