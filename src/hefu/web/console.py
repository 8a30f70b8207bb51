"""The console under /ui/: files that the build put into the package, or a page that says how to build them."""

from __future__ import annotations

from pathlib import Path

from starlette.requests import Request
from starlette.responses import FileResponse, HTMLResponse, RedirectResponse, Response
from starlette.routing import BaseRoute, Route

STATIC = Path(__file__).parent / "static"

_FOREVER = "public, max-age=31536000, immutable"
_UNBUILT = """<!doctype html><meta charset="utf-8"><title>Hefu 合符</title>
<p>The console is not built here: run <code>make console</code> (Node 20.19 or newer), or install the wheel.</p>
<p lang="zh">此处尚未构建控制台：请运行 <code>make console</code>（需要 Node 20.19 或更高版本），或安装发行包。</p>
"""


def routes(static: Path = STATIC) -> list[BaseRoute]:
    """/ui/ with everything below it; / leads there."""

    def page(request: Request) -> Response:
        return serve(static, request.path_params.get("path", ""))

    def home(_: Request) -> Response:
        return RedirectResponse("/ui/", 307)

    return [Route("/", home), Route("/ui", home), Route("/ui/{path:path}", page)]


def serve(static: Path, path: str) -> Response:
    """A file of the build. Any other address is a screen of the console, which finds its way itself."""
    index = static / "index.html"
    if not index.is_file():
        return HTMLResponse(_UNBUILT, 503, {"Cache-Control": "no-store"})
    wanted = (static / path).resolve()
    if wanted != index and wanted.is_relative_to(static.resolve()) and wanted.is_file():
        named = path.startswith("assets/")  # by their content: another content has another name
        return FileResponse(wanted, headers={"Cache-Control": _FOREVER if named else "no-cache"})
    if path.startswith("assets/"):
        return Response(status_code=404)
    return FileResponse(index, headers={"Cache-Control": "no-cache"})


__all__ = ["STATIC", "routes", "serve"]
