"""A system of the old school without any API: server-made pages in GB18030, a frame of tables, alerts, paging links.

`manner` changes how it behaves: "plain", "moved" (a column more and another order), "relabelled" (a label of the form),
"alert" (says in a dialog what it did), "ajax" (turns pages without loading), "silent" (saves and says nothing).
"""

from __future__ import annotations

import asyncio
from html import escape
from typing import Any
from urllib.parse import parse_qs

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

SIZE = 5
LEVELS = ("", "重点", "普通")


class LegacyErp:
    """Customers by number; `rows` is what the system holds."""

    def __init__(self) -> None:
        self.rows: dict[str, dict[str, Any]] = {}
        self.manner = "plain"
        self.sessions: set[str] = set()
        self.password = "pass-1"
        self.saves = 0
        self.slow: list[float] = []
        self.app = Starlette(
            routes=[
                Route("/", self.sign_in, methods=["GET", "POST"]),
                Route("/customers", self.list_),
                Route("/edit", self.edit, methods=["GET", "POST"]),
            ]
        )

    def put(self, code: str, **values: Any) -> None:
        self.rows[code] = {
            "code": code,
            "name": "",
            "limit": "0.00",
            "day": "",
            "level": "",
            "vip": False,
            "note": "",
            **values,
        }

    def _page(self, body: str, cookie: str = "") -> Response:
        text = f"<html><head><meta charset='gb18030'><title>客户管理</title></head><body>{body}</body></html>"
        answer = Response(text.encode("gb18030"), media_type="text/html; charset=gb18030")
        if cookie:
            answer.set_cookie("sid", cookie)
        return answer

    def _inside(self, request: Request) -> bool:
        return request.cookies.get("sid", "") in self.sessions

    async def _form(self, request: Request) -> dict[str, str]:
        body = (await request.body()).decode("ascii")
        return {n: v[-1] for n, v in parse_qs(body, keep_blank_values=True, encoding="gb18030").items()}

    async def sign_in(self, request: Request) -> Response:
        if request.method == "POST":
            form = await self._form(request)
            if (form.get("user"), form.get("pwd")) == ("hub", self.password):
                sid = f"s{len(self.sessions)}x"
                self.sessions.add(sid)
                return self._page("<table><tr><td id='menu'><a href='/customers'>客户</a></td></tr></table>", sid)
        return self._page(
            "<form method='post'><table><tr><td>用户</td><td><input name='user'></td></tr>"
            "<tr><td>口令</td><td><input name='pwd' type='password'></td></tr></table>"
            "<input type='submit' id='go' value='登录'></form>"
        )

    async def list_(self, request: Request) -> Response:
        if not self._inside(request):
            return await self.sign_in(request)
        words = request.query_params.get("q", "")
        page = int(request.query_params.get("page", "1"))
        found = [r for c, r in sorted(self.rows.items()) if words in c]
        heads = ["", "编号", "名称", "信用额度", "建档日期", "重要"]
        if self.manner == "moved":
            heads = ["", "编号", "简称", "名称", "信用额度", "建档日期", "重要"]
        body = "".join(self._row(r) for r in found[(page - 1) * SIZE : page * SIZE])
        more = len(found) > page * SIZE
        link = f"<a id='next' href='/customers?page={page + 1}&q={escape(words)}'>下一页</a>" if more else ""
        if self.manner == "ajax":
            link = self._script(found) if len(found) > SIZE else ""
        head = "".join(f"<th>{h}</th>" for h in heads)
        return self._page(
            "<form action='/customers'><input name='q' id='q'><input type='submit' id='find' value='查询'></form>"
            f"<table id='grid'><tbody><tr>{head}</tr>{body}</tbody></table>{link}"
            "<script src='http://tracker.example.com/t.js'></script>"
        )

    def _row(self, r: dict[str, Any]) -> str:
        cells = [
            f"<a href='/edit?code={escape(r['code'])}'>改</a>", escape(r["code"]), escape(r["name"]),
            f"{float(r['limit']):,.2f}" if r["limit"] else "", r["day"], "是" if r["vip"] else "否",
        ]  # fmt: skip
        if self.manner == "moved":
            cells.insert(2, escape(r["name"][:2]))
        return "<tr>" + "".join(f"<td>{c}</td>" for c in cells) + "</tr>"

    def _script(self, found: list[dict[str, Any]]) -> str:
        pages = ["".join(self._row(r) for r in found[i : i + SIZE]) for i in range(0, len(found), SIZE)]
        made = ",".join(repr(p) for p in pages)
        return (
            f"<button id='next' onclick='turn()'>下一页</button><script>const pages=[{made}];let at=0;function turn(){{"
            "at++;setTimeout(()=>{const g=document.querySelector('#grid tbody');"
            "g.innerHTML=g.rows[0].outerHTML+pages[at];"
            "document.querySelector('#next').disabled=at>=pages.length-1},60)}</script>"
        )

    async def edit(self, request: Request) -> Response:
        if not self._inside(request):
            return await self.sign_in(request)
        code = request.query_params.get("code", "")
        row = self.rows.get(code)
        if code and row is None:
            return self._page("<p>没有该客户</p>")
        said = ""
        if request.method == "POST":
            form = await self._form(request)
            said = self._save(code, form)
            if self.slow:
                await asyncio.sleep(self.slow.pop(0))
            if not said:
                return self._saved()
            row = {**(row or {}), **form, "vip": "vip" in form}
            if self.manner == "alert":
                return self._page(f"<script>alert('{said}');history.back()</script>")
        return self._page(self._sheet(row or {}, said, new=not code))

    def _saved(self) -> Response:
        if self.manner == "alert":
            return self._page("<script>alert('操作成功');location='/customers'</script>")
        if self.manner == "silent":
            return self._page("")
        return self._page("<p class='ok'>保存成功</p>")

    def _save(self, code: str, form: dict[str, str]) -> str:
        if not form["name"].strip():
            return "名称不能为空"
        if not code and form["code"] in self.rows:
            return "编号已存在"
        self.saves += 1
        limit = form["limit"].replace(",", "").strip()
        limit = f"{float(limit):.2f}" if limit else ""
        self.put(code or form["code"], name=form["name"].strip(), limit=limit, day=form["day"], level=form["level"],
                 vip="vip" in form, note=form["note"])  # fmt: skip
        return ""

    def _sheet(self, row: dict[str, Any], said: str, *, new: bool) -> str:
        name = "客户全称" if self.manner == "relabelled" else "名称"
        text = {n: escape(str(row.get(n, ""))) for n in ("code", "name", "limit", "day", "note")}
        options = "".join(f"<option{' selected' if row.get('level') == o else ''}>{o}</option>" for o in LEVELS)
        code = "" if new else "readonly"
        return (
            f"<p class='bad'>{said}</p><form method='post'><table>"
            f"<tr><td>编号：</td><td><input name='code' {code} value='{text['code']}'></td></tr>"
            f"<tr><td>{name}：<b>*</b></td><td><input name='name' value='{text['name']}'></td></tr>"
            f"<tr><td>信用额度</td><td><input name='limit' value='{text['limit']}'></td></tr>"
            f"<tr><td>建档日期</td><td><input name='day' value='{text['day']}'></td></tr>"
            f"<tr><td>等级</td><td><select name='level'>{options}</select></td></tr>"
            f"<tr><td>重要</td><td><input type='checkbox' name='vip' {'checked' if row.get('vip') else ''}></td></tr>"
            f"<tr><td>备注</td><td><textarea name='note'>{text['note']}</textarea></td></tr>"
            "</table><input type='submit' id='save' value='保存'></form>"
        )
