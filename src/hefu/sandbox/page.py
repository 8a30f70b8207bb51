"""The sandboxes' small web pages: see the data, change a phone by hand, watch a change of the other side arrive.

Pages are built as element trees, so that every text is escaped by construction. No script or style comes from
outside, and a form works only with the token of this process.
"""

from __future__ import annotations

import secrets
import xml.etree.ElementTree as ET
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlencode

from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route

PAGE = 25
Two = tuple[str, str]
"""(Chinese, English)."""

HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cache-Control": "no-store",
}

STYLE = """
:root{--accent:#2f6f6a;--line:#dfe4e8;--soft:#f6f8f9;--ink:#22303a;--dim:#65757f}
.erp{--accent:#8a5a1c}
.jiandaoyun{--accent:#0f7d70} .salesforce{--accent:#0b5cab} .fxiaoke{--accent:#c05a1a}
.odoo{--accent:#714b67} .erpnext{--accent:#1f5fa8}
*{box-sizing:border-box}
body{margin:0;font:15px/1.5 system-ui,"PingFang SC","Microsoft YaHei","Noto Sans CJK SC",sans-serif;color:var(--ink)}
header{background:var(--accent);color:#fff;padding:12px 24px;display:flex;gap:24px;align-items:baseline}
header b{font-size:18px} header a{color:#fff;opacity:.85;text-decoration:none}
header a.on{opacity:1;border-bottom:2px solid #fff} header .right{margin-left:auto}
main{display:grid;grid-template-columns:minmax(0,1fr) 230px;gap:20px;padding:20px 24px;max-width:1500px}
table{border-collapse:collapse;width:100%} td,th{text-align:left;padding:5px 7px;border-bottom:1px solid var(--line)}
th{color:var(--dim);font-weight:500;font-size:13px} tr:hover td{background:var(--soft)}
td a{color:inherit;text-decoration-color:var(--line);text-underline-offset:3px} td:not(:has(a)){white-space:nowrap}
td:has(a){min-width:13em} table{font-size:14px} td form input:not([type=hidden]){width:10em}
td.code{font-family:ui-monospace,monospace;font-size:13px} td.number{text-align:right}
input,button,select{font:inherit;padding:3px 8px;border:1px solid var(--line);border-radius:5px;background:#fff}
button{background:var(--accent);border-color:var(--accent);color:#fff;cursor:pointer}
form.row{display:flex;gap:6px} form.row input{width:11em}
form.fields{display:grid;grid-template-columns:max-content minmax(0,30em);gap:8px 16px;align-items:center}
main>section{overflow-x:auto}
aside{background:var(--soft);border-radius:8px;padding:12px 16px;font-size:13px;align-self:start}
aside p{margin:0 0 10px} .dim{color:var(--dim)} .note{background:#fff6df;padding:8px 12px;border-radius:6px}
@media(max-width:900px){main{grid-template-columns:1fr}}
"""

SCRIPT = """
async function refresh(){
  const at = document.activeElement;
  if (at && ["INPUT","SELECT"].includes(at.tagName)) { return part("recent"); }
  return part("live", "recent");
}
async function part(...ids){
  const answer = await fetch(location.href, {headers: {"X-Part": "1"}});
  if (!answer.ok) { return; }
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  for (const id of ids) {
    const now = page.getElementById(id), old = document.getElementById(id);
    if (now && old && now.innerHTML !== old.innerHTML) { old.replaceWith(document.importNode(now, true)); }
  }
}
setInterval(() => { if (!document.hidden) { refresh().catch(() => {}); } }, 1500);
"""


def el(tag: str, *children: ET.Element | str | None, **attributes: str) -> ET.Element:
    """An element; `class_` becomes `class`, other underscores become dashes."""
    made = ET.Element(tag, {name.rstrip("_").replace("_", "-"): value for name, value in attributes.items()})
    for child in children:
        if isinstance(child, ET.Element):
            made.append(child)
        elif child and len(made):
            made[-1].tail = (made[-1].tail or "") + child
        elif child:
            made.text = (made.text or "") + child
    return made


@dataclass(frozen=True)
class Column:
    """One column or field: `kind` is text, code, number or link; `editable` puts an input there."""

    name: str
    title: Two
    kind: str = "text"
    editable: bool = False
    choices: tuple[str, ...] = ()


@dataclass(frozen=True)
class Tab:
    """One object of the system: what its list shows (`columns`) and what its record shows and lets edit (`fields`)."""

    obj: str
    title: Two
    columns: tuple[Column, ...]
    fields: tuple[Column, ...] = ()
    actions: Mapping[str, Two] = field(default_factory=dict)
    title_field: str = "name"


class Source:
    """What the pages need of a vendor's book."""

    def find(self, obj: str, words: str, offset: int, limit: int) -> tuple[int, Sequence[Mapping[str, Any]]]:
        """How many records match the words, and some of them as flat rows with `id`."""
        raise NotImplementedError

    def one(self, obj: str, record_id: str) -> Mapping[str, Any] | None:
        """One record as a flat row."""
        raise NotImplementedError

    def save(self, obj: str, record_id: str, values: dict[str, str], author: str) -> str:
        """Change it as a person; "" or what is wrong."""
        raise NotImplementedError

    def act(self, obj: str, record_id: str, action: str, author: str) -> str:
        """Take a status step as a person; "" or what is wrong."""
        raise NotImplementedError

    def recent(self) -> Sequence[Mapping[str, Any]]:
        """Latest changes, newest first."""
        raise NotImplementedError


class Pages:
    """The pages of one system."""

    def __init__(self, name: Two, css: str, tabs: Sequence[Tab], source: Source) -> None:
        self.name, self.css, self.source = name, css, source
        self.tabs = {tab.obj: tab for tab in tabs}
        self._token = secrets.token_urlsafe(16)

    def routes(self) -> list[Route]:
        """`/` lists the first object; `/list/X`, `/record/X/ID` show and edit."""
        first = next(iter(self.tabs))
        return [
            Route("/", self._list(first)),
            Route("/list/{obj}", self._list(None)),
            Route("/record/{obj}/{id}", self._record, methods=["GET", "POST"]),
            Route("/style.css", _static(STYLE, "text/css")),
            Route("/page.js", _static(SCRIPT, "text/javascript")),
        ]

    def _list(self, fixed: str | None) -> Callable[[Request], Any]:
        async def show(request: Request) -> Response:
            tab = self.tabs.get(fixed or request.path_params["obj"])
            if tab is None:
                return self._missing(request)
            words = request.query_params.get("q", "").strip()[:100]
            page = _number(request.query_params.get("page", "1"))
            total, rows = self.source.find(tab.obj, words, (page - 1) * PAGE, PAGE)
            return self._page(request, tab, self._table(request, tab, rows, total, page, words))

        return show

    async def _record(self, request: Request) -> Response:
        obj, record_id = request.path_params["obj"], request.path_params["id"]
        tab = self.tabs.get(obj)
        if tab is None or self.source.one(obj, record_id) is None:
            return self._missing(request)
        wrong = ""
        if request.method == "POST":
            wrong = await self._posted(request, tab, record_id)
            if not wrong:
                back = request.headers.get("referer", "")
                home = f"{request.url.scheme}://{request.url.netloc}/"
                return RedirectResponse(back if back.startswith(home) else f"/record/{obj}/{record_id}", 303)
        row = self.source.one(obj, record_id)
        if row is None:
            return self._missing(request)
        return self._page(request, tab, self._form(request, tab, row, wrong), 400 if wrong else 200)

    async def _posted(self, request: Request, tab: Tab, record_id: str) -> str:
        body = await request.body()
        form = {name: texts[-1] for name, texts in parse_qs(body.decode("utf-8", "replace"), True).items()}
        origin = request.headers.get("origin", "")
        same = origin in ("", "null", f"{request.url.scheme}://{request.url.netloc}")
        if not same or not secrets.compare_digest(form.pop("token", "").encode(), self._token.encode()):
            return _say(request, ("页面已过期，请刷新后再试", "This form has expired: reload the page and try again"))
        author = form.pop("author", "").strip()[:60] or _say(request, ("张敏", "Zhang Min"))
        action = form.pop("action", "")
        if action:
            if action not in tab.actions:
                return _say(request, ("没有这个操作", "There is no such step"))
            return self.source.act(tab.obj, record_id, action, author)
        editable = {c.name for c in (*tab.columns, *tab.fields) if c.editable}
        return self.source.save(tab.obj, record_id, {n: v for n, v in form.items() if n in editable}, author)

    # -------------------------------------------------------------- elements

    def _table(
        self, request: Request, tab: Tab, rows: Sequence[Mapping[str, Any]], total: int, page: int, words: str
    ) -> ET.Element:
        head = el("tr", *(el("th", _say(request, c.title)) for c in tab.columns))
        body = [el("tr", *(self._cell(request, tab, c, row) for c in tab.columns)) for row in rows]
        search = el(
            "form",
            el("input", name="q", value=words, placeholder=_say(request, ("名称、编码、电话", "name, code, phone"))),
            el("button", _say(request, ("查找", "Find"))),
            el("span", f" {total}", class_="dim"),
            class_="row",
            action=f"/list/{tab.obj}",
        )
        pages = el("p", class_="dim")
        for step, number in (("‹", page - 1), ("›", page + 1)):
            if number >= 1 and (number - 1) * PAGE < total:
                query = urlencode({"q": words, "page": number})
                pages.append(el("a", f" {step} ", href=f"/list/{tab.obj}?{query}"))
        table = el("table", el("thead", head), el("tbody", *body))
        return el("section", search, el("div", table, pages, id="live"))

    def _cell(self, request: Request, tab: Tab, column: Column, row: Mapping[str, Any]) -> ET.Element:
        text = _text(row.get(column.name))
        if column.kind == "link":
            return el("td", el("a", text or "—", href=f"/record/{tab.obj}/{row['id']}"))
        if column.editable:
            box = el("input", name=column.name, value=text, aria_label=_say(request, column.title))
            button = el("button", _say(request, ("保存", "Save")))
            return el("td", self._edit(tab, row, "row", box, button))
        return el("td", text, class_=column.kind)

    def _edit(self, tab: Tab, row: Mapping[str, Any], css: str, *children: ET.Element) -> ET.Element:
        token = el("input", type="hidden", name="token", value=self._token)
        return el("form", token, *children, class_=css, method="post", action=f"/record/{tab.obj}/{row['id']}")

    def _form(self, request: Request, tab: Tab, row: Mapping[str, Any], wrong: str) -> ET.Element:
        parts: list[ET.Element] = []
        for column in tab.fields:
            parts += [el("label", _say(request, column.title)), _box(column, _text(row.get(column.name)))]
        author = _say(request, ("张敏", "Zhang Min"))
        if any(c.editable for c in tab.fields):
            parts += [el("label", _say(request, ("修改人", "Edited by"))), el("input", name="author", value=author)]
            parts += [el("span"), el("button", _say(request, ("保存", "Save")))]
        lines = row.get("lines")
        return el(
            "section",
            el("h2", _text(row.get(tab.title_field))),
            el("p", wrong, class_="note") if wrong else None,
            self._edit(tab, row, "fields", *parts),
            _lines(lines) if isinstance(lines, list) and lines else None,
            *(
                self._edit(tab, row, "row", el("button", _say(request, title), name="action", value=action))
                for action, title in tab.actions.items()
            ),
            id="live",
        )

    def _recent(self, request: Request) -> ET.Element:
        items = [
            el(
                "p",
                el("b", _text(c["title"])),
                f" {c['what']} ",
                el("span", f"{c['author']} · {c['at']}", class_="dim"),
            )
            for c in self.source.recent()
        ]
        empty = el("p", _say(request, ("还没有修改", "No change yet")), class_="dim")
        return el("div", *(items or [empty]), id="recent")

    def _page(self, request: Request, tab: Tab | None, content: ET.Element, status: int = 200) -> HTMLResponse:
        if request.headers.get("x-part"):
            return _html(el("body", content, el("aside", self._recent(request))), status)
        lang = _language(request)
        links = [
            el("a", _say(request, t.title), href=f"/list/{t.obj}", class_="on" if t is tab else "")
            for t in self.tabs.values()
        ]
        other = el("a", "English" if lang == "zh" else "中文", href="?lang=" + ("en" if lang == "zh" else "zh"))
        title = _say(request, self.name)
        about = el("p", _say(request, ("最近的修改", "Latest changes")), class_="dim")
        page = el(
            "html",
            el(
                "head",
                el("meta", charset="utf-8"),
                el("title", title),
                el("meta", name="viewport", content="width=device-width"),
                el("link", rel="stylesheet", href="/style.css"),
                el("script", src="/page.js", defer="defer"),
            ),
            el(
                "body",
                el("header", el("b", title), *links, el("span", other, class_="right")),
                el("main", content, el("aside", about, self._recent(request))),
                class_=self.css,
            ),
            lang=lang,
        )
        answer = _html(page, status)
        if request.query_params.get("lang") in ("zh", "en"):
            answer.set_cookie("lang", lang, samesite="strict", httponly=True)
        return answer

    def _missing(self, request: Request) -> Response:
        text = _say(request, ("没有这条记录", "There is no such record"))
        return self._page(request, None, el("section", el("p", text)), 404)


def _html(page: ET.Element, status: int) -> HTMLResponse:
    return HTMLResponse("<!doctype html>" + ET.tostring(page, "unicode", method="html"), status, HEADERS)


def _box(column: Column, text: str) -> ET.Element:
    if not column.editable:
        return el("span", text or "—", class_=column.kind)
    if column.choices:
        chosen = ({"selected": "selected"} if c == text else {} for c in column.choices)
        return el(
            "select", *(el("option", c, **on) for c, on in zip(column.choices, chosen, strict=True)), name=column.name
        )
    return el("input", name=column.name, value=text)


def _lines(lines: Sequence[Mapping[str, Any]]) -> ET.Element:
    names = [n for n in lines[0] if n != "id"]
    rows = (el("tr", *(el("td", _text(line.get(n))) for n in names)) for line in lines)
    return el("table", el("tr", *(el("th", n) for n in names)), *rows)


def _text(value: object) -> str:
    """A value as people read it; control characters, which HTML cannot hold, become a mark."""
    return "".join(c if c >= " " else "␤" for c in ("" if value is None else str(value)))


def _number(text: str) -> int:
    return min(max(int(text), 1), 10_000) if text.isdecimal() else 1


def _language(request: Request) -> str:
    asked = request.query_params.get("lang") or request.cookies.get("lang")
    if asked in ("zh", "en"):
        return asked
    return "zh" if request.headers.get("accept-language", "").lower().startswith("zh") else "en"


def _say(request: Request, words: Two) -> str:
    return words[0] if _language(request) == "zh" else words[1]


def _static(text: str, kind: str) -> Callable[[Request], Any]:
    async def show(_: Request) -> Response:
        return Response(text, media_type=kind, headers={"X-Content-Type-Options": "nosniff"})

    return show
