"""Files: a hundred addresses with tokens are handed out, each takes one file and gives its key for a record."""

from __future__ import annotations

import secrets
from email.parser import BytesParser
from email.policy import HTTP
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from hefu.sandbox.frame import Fault, struck
from hefu.sandbox.jiandaoyun.book import Book
from hefu.sandbox.jiandaoyun.forms import Refused

MANY = 100
FAILED = 579


class Files:
    """Uploads. A token is good once, and its file may be named by calls of the same transaction only."""

    def __init__(self, book: Book, faults: list[Fault]) -> None:
        self.book, self.faults = book, faults
        self._open: dict[str, tuple[str, str]] = {}

    def routes(self) -> list[Route]:
        """Where the tokens' addresses lead, and where the files can be had."""
        return [
            Route("/upload/{slot}", self._upload, methods=["POST"]),
            Route("/file/{key}", self._file),
        ]

    def tokens(self, base: str, transaction: str) -> dict[str, Any]:
        """A hundred addresses, each with its token."""
        if not transaction:
            raise Refused(1, "无效的请求: 缺少 transaction_id")
        found = []
        for _ in range(MANY):
            slot, token = secrets.token_hex(6), secrets.token_hex(16)
            self._open[slot] = (token, transaction)
            found.append({"url": f"{base}/upload/{slot}", "token": token})
        return {"token_and_url_list": found}

    async def _upload(self, request: Request) -> Response:
        slot = request.path_params["slot"]
        head = f"Content-Type: {request.headers.get('content-type', '')}\r\n\r\n".encode()
        whole = BytesParser(policy=HTTP).parsebytes(head + await request.body())
        parts = {str(p.get_param("name", header="content-disposition")): p for p in whole.iter_parts()}
        token, transaction = self._open.get(slot, ("", ""))
        given = parts["token"].get_payload(decode=True) if "token" in parts else b""
        wrong = not token or given != token.encode() or "file" not in parts
        if wrong or struck(self.faults, "upload", request.url.path):
            return JSONResponse({"code": FAILED, "msg": "文件上传失败"}, FAILED)
        del self._open[slot]
        content = parts["file"].get_payload(decode=True)
        assert isinstance(content, bytes)
        key = secrets.token_hex(16)
        base = f"{request.url.scheme}://{request.url.netloc}"
        doc = {
            "name": parts["file"].get_filename() or "file",
            "size": len(content),
            "mime": parts["file"].get_content_type(),
            "url": f"{base}/file/{key}",
            "transaction": transaction,
            "content": content.hex(),
        }
        self.book.shelf.load("file", [(key, doc, self.book.clock.now())])
        return JSONResponse({"key": key})

    async def _file(self, request: Request) -> Response:
        kept = self.book.shelf.get("file", request.path_params["key"])
        until = request.query_params.get("e", "")
        if kept is None or not until.isdecimal() or int(until) < self.book.clock.now().timestamp():
            return JSONResponse({"code": 403, "msg": "链接已过期"}, 403)
        return Response(bytes.fromhex(kept["content"]), media_type=kept["mime"])
