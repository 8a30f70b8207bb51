"""The sandboxes' web pages: they show the data, escape everything, and let a person change a phone."""

from __future__ import annotations

import re
from urllib.parse import urlencode

from hefu.sandbox.hands import Reply, call
from sandbox_api import Api

FORM = {"Content-Type": "application/x-www-form-urlencoded"}


def _post(url: str, **form: str) -> Reply:
    return call("POST", url, urlencode(form).encode(), FORM)


def _token(page: bytes) -> str:
    found = re.search(r'name="token" value="([^"]+)"', page.decode())
    assert found
    return found.group(1)


def test_both_languages(crm_: Api) -> None:
    crm_.ok("POST", "/accounts", {"name": "双语有限公司"})
    assert "<h1" not in call("GET", crm_.url + "/").body.decode()
    assert "客户名称" in call("GET", crm_.url + "/?lang=zh").body.decode()
    english = call("GET", crm_.url + "/", headers={"Accept-Language": "en-GB"}).body.decode()
    assert "Credit code" in english
    assert "客户名称" not in english


def test_a_person_changes_a_phone(crm_: Api, erp_: Api) -> None:
    account = crm_.ok("POST", "/accounts", {"name": "电话有限公司", "phone": "021-1"})
    customer = erp_.ok("POST", "/customers", {"code": "PHONE", "name": "电话有限公司"})["data"]
    for api, obj, record_id in ((crm_, "accounts", account["id"]), (erp_, "customers", str(customer["id"]))):
        url = f"{api.url}/record/{obj}/{record_id}"
        done = _post(url, token=_token(call("GET", url).body), phone="021-55501234", author="李雷")
        assert done.status == 303
        now = api.hands.record(obj, record_id)
        assert now is not None
        assert now["phone"] == "021-55501234"
        assert "李雷" in call("GET", api.url + "/").body.decode()
    assert crm_.hands.changes(1)[0]["via"] == "person"


def test_without_the_token_or_from_elsewhere_nothing_changes(crm_: Api) -> None:
    account = crm_.ok("POST", "/accounts", {"name": "安全有限公司", "phone": "021-1"})
    url = f"{crm_.url}/record/accounts/{account['id']}"
    token = _token(call("GET", url).body)
    assert _post(url, phone="666").status == 400
    assert _post(url, token="wrong", phone="666").status == 400
    other = {**FORM, "Origin": "http://evil.example.com"}
    assert call("POST", url, urlencode({"token": token, "phone": "666"}).encode(), other).status == 400
    assert crm_.ok("GET", f"/accounts/{account['id']}")["phone"] == "021-1"


def test_only_editable_fields_are_taken_from_a_form(crm_: Api) -> None:
    account = crm_.ok("POST", "/accounts", {"name": "字段有限公司"})
    url = f"{crm_.url}/record/accounts/{account['id']}"
    assert _post(url, token=_token(call("GET", url).body), erpCode="HACK", phone="1").status == 303
    now = crm_.ok("GET", f"/accounts/{account['id']}")
    assert (now["erpCode"], now["phone"]) == ("", "1")


def test_what_is_wrong_is_said(erp_: Api) -> None:
    customer = erp_.ok("POST", "/customers", {"code": "WRONG", "name": "错误有限公司"})["data"]
    url = f"{erp_.url}/record/customers/{customer['id']}"
    reply = _post(url, token=_token(call("GET", url).body), name="")
    assert reply.status == 400
    assert "客户名称不能为空" in reply.body.decode()


def test_everything_is_escaped(crm_: Api) -> None:
    nasty = '"><script>alert(1)</script>&amp;'
    account = crm_.ok("POST", "/accounts", {"name": nasty, "phone": '"onfocus=alert(1)'})
    pages = (f"/record/accounts/{account['id']}", "/", "/?q=%3Cscript%3E", "/list/accounts?q=%22%3E%3Cscript%3E")
    for path in pages:
        reply = call("GET", crm_.url + path)
        assert "<script>alert" not in reply.body.decode()
        assert '"onfocus' not in reply.body.decode()
        assert "script-src 'self'" in reply.headers["content-security-policy"]
    assert "&lt;script&gt;alert(1)&lt;/script&gt;&amp;amp;" in call("GET", crm_.url + pages[0]).body.decode()


def test_what_is_not_there_is_404(crm_: Api, erp_: Api) -> None:
    for url in (f"{crm_.url}/record/accounts/none", f"{crm_.url}/list/none", f"{erp_.url}/record/customers/x"):
        assert call("GET", url).status == 404


def test_an_order_is_moved_by_a_button(erp_: Api) -> None:
    erp_.ok("POST", "/customers", {"code": "BUTTON", "name": "按钮有限公司"})
    lines = [{"product_code": "M1", "quantity": 1}]
    order = erp_.ok("POST", "/sales_orders", {"customer_code": "BUTTON", "lines": lines})["data"]
    url = f"{erp_.url}/record/sales_orders/{order['id']}"
    page = call("GET", url).body
    assert "<td>轴承</td>" in page.decode()
    assert _post(url, token=_token(page), action="submit").status == 303
    refused = _post(url, token=_token(page), action="ship")
    assert refused.status == 400
    assert "不能发货" in refused.body.decode()
