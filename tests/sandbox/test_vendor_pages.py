"""Every page of the ERP sandboxes opens: the lists, a record of each, in both languages."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest

from hefu.sandbox.hands import call
from hefu.sandbox.kingdee import open_kingdee
from hefu.sandbox.server import Sandbox, Server
from hefu.sandbox.u8 import open_u8
from hefu.sandbox.yonbip import open_yonbip


@pytest.mark.parametrize("open_", [open_kingdee, open_yonbip, open_u8])
def test_every_page_opens(open_: Callable[[], Sandbox]) -> None:
    server = Server(open_()).start()
    try:
        home = call("GET", f"{server.url}/?lang=zh").body.decode()
        lists = re.findall(r'href="(/list/[^"?]+)"', home)
        assert len(set(lists)) >= 6
        for path in lists:
            listed = call("GET", f"{server.url}{path}?lang=en")
            assert listed.status == 200, path
            first = re.search(r'href="(/record/[^"]+)"', listed.body.decode())
            if first is None:
                assert path == "/list/SAL_DELIVERYNOTICE", "only notices are none in the sample"
                continue
            assert call("GET", f"{server.url}{first[1]}").status == 200, first[1]
    finally:
        server.stop()
