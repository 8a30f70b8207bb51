"""Takes webhooks in: checked by the connector, answered at once, believed only as a hint."""

from __future__ import annotations

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from hefu.app.service import Service
from hefu.core.errors import Denied, HubError
from hefu.core.words import tell

MOST_BYTES = 1 << 20


class Hooks:
    """POST /hooks/{connection} and GET /healthz of a resident hub."""

    def __init__(self, service: Service) -> None:
        self.service = service

    async def hook(self, request: Request) -> Response:
        """One webhook."""
        body = b""
        async for part in request.stream():
            body += part
            if len(body) > MOST_BYTES:
                return JSONResponse({"code": "web.too_large"}, status_code=413)
        name = request.path_params["connection"]
        asked = f"{request.url.path}?{request.url.query}"  # some vendors sign what stands there
        return await run_in_threadpool(self._take, name, {**request.headers, ":path": asked}, body)

    def _take(self, name: str, headers: dict[str, str], body: bytes) -> Response:
        try:
            connector = self.service.hub.connect(name)
            hints = connector.parse(headers, body)
            wanted = connector.answer(headers, body)
        except Denied as error:
            return _problem(error, 401)
        except HubError as error:
            return _problem(error, 404 if error.code == "app.no_connection" else 400)
        for obj, record_id in hints:
            self.service.hint(name, obj, record_id)
        if wanted is not None:
            return Response(wanted, media_type="text/plain")
        return JSONResponse({"hints": len(hints)}, status_code=202)

    async def health(self, _request: Request) -> JSONResponse:
        """That it runs, and under which documents."""
        return JSONResponse({"state": "running", "project_version": self.service.hub.project.version})

    def routes(self) -> list[Route]:
        """For the server."""
        return [
            Route("/hooks/{connection}", self.hook, methods=["POST"]),
            Route("/healthz", self.health, methods=["GET"]),
        ]


def program(service: Service) -> Starlette:
    """Webhooks and health alone, for a hub without the API."""
    return Starlette(routes=Hooks(service).routes())


def _problem(error: HubError, status: int) -> JSONResponse:
    what, then = tell(error)
    return JSONResponse({"code": error.code, "message": what, "next": then}, status_code=status)


__all__ = ["Hooks", "program"]
