"""Takes webhooks in: checked by the connector, answered at once, believed only as a hint."""

from __future__ import annotations

import socket
import threading

import uvicorn
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from hefu.app.service import Service
from hefu.core.errors import Denied, HubError, Unsupported
from hefu.core.words import tell

MOST_BYTES = 1 << 20


class Receiver:
    """POST /hooks/{connection} and GET /healthz on one address (host:port), in a thread of its own."""

    def __init__(self, service: Service, listen: str) -> None:
        self.service = service
        host, port = _address(listen)
        routes = [
            Route("/hooks/{connection}", self._hook, methods=["POST"]),
            Route("/healthz", self._health, methods=["GET"]),
        ]
        config = uvicorn.Config(Starlette(routes=routes), host=host, port=port, log_level="error", lifespan="off")
        self.server = uvicorn.Server(config)
        self.server.install_signal_handlers = lambda: None  # type: ignore[attr-defined]
        self.thread = threading.Thread(target=self.server.run, name="hefu-receiver", daemon=True)

    def start(self) -> None:
        """Listen. Raises Unsupported "web.port" when the address is taken."""
        config = self.server.config
        try:
            socket.create_server((config.host, config.port)).close()  # uvicorn itself only ends, without a word
        except OSError:
            raise Unsupported("web.port", address=f"{config.host}:{config.port}") from None
        self.thread.start()
        while not self.server.started:
            if not self.thread.is_alive():
                raise Unsupported("web.port", address=f"{self.server.config.host}:{self.server.config.port}")
            self.thread.join(0.02)

    def stop(self) -> None:
        """Stop listening."""
        self.server.should_exit = True
        if self.thread.is_alive():
            self.thread.join(timeout=5)

    async def _hook(self, request: Request) -> JSONResponse:
        body = b""
        async for part in request.stream():
            body += part
            if len(body) > MOST_BYTES:
                return JSONResponse({"code": "web.too_large"}, status_code=413)
        name = request.path_params["connection"]
        return await run_in_threadpool(self._take, name, dict(request.headers), body)

    def _take(self, name: str, headers: dict[str, str], body: bytes) -> JSONResponse:
        try:
            hints = self.service.hub.connect(name).parse(headers, body)
        except Denied as error:
            return _problem(error, 401)
        except HubError as error:
            return _problem(error, 404 if error.code == "app.no_connection" else 400)
        for obj, record_id in hints:
            self.service.hint(name, obj, record_id)
        return JSONResponse({"hints": len(hints)}, status_code=202)

    async def _health(self, _request: Request) -> JSONResponse:
        return JSONResponse({"state": "running", "project_version": self.service.hub.project.version})


def _address(listen: str) -> tuple[str, int]:
    """Host and port of "host:port", ":port" or "port". Raises Unsupported "web.port"."""
    host, _, port = listen.rpartition(":")
    if not port.isdecimal() or int(port) > 65535:
        raise Unsupported("web.port", address=listen)
    return host.strip("[]") or "127.0.0.1", int(port)


def _problem(error: HubError, status: int) -> JSONResponse:
    what, then = tell(error)
    return JSONResponse({"code": error.code, "message": what, "next": then}, status_code=status)
