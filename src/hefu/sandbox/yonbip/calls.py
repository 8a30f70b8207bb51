"""The endpoints of the imitated YonBIP: path -> how often a minute it may be called, and what it does."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from hefu.sandbox.frame import Fault, Ledger, struck
from hefu.sandbox.yonbip import finance, lists, merchants, orders
from hefu.sandbox.yonbip.book import LINES, Book
from hefu.sandbox.yonbip.words import Doc, Wrong, shown

Given = Mapping[str, Any]
AUTHOR = "开放平台"


class Endpoint(NamedTuple):
    """One path. once: whether it keeps a `resubmitCheckKey`; code: how it writes success."""

    method: str
    do: Callable[[Services, Given], Any]
    per_minute: int = 40
    once: bool = False
    code: str | int = "200"


class Services:
    """What the endpoints do, over one book."""

    def __init__(self, book: Book, ledger: Ledger, faults: list[Fault]) -> None:
        self.book, self.ledger, self.faults = book, ledger, faults
        self.cap = 500

    # ---------------------------------------------------------------- reading

    def merchants(self, given: Given) -> Any:
        """Customers as a plain list (newlist)."""
        return self._merchants(given)["recordList"]

    def merchant_range(self, given: Given) -> Any:
        """Customers as a page (newlistrange)."""
        return self._merchants(given)

    def _merchants(self, given: Given) -> Doc:
        since, until, at = (str(given.get(key) or "") for key in ("beganTime", "endTime", "pubts"))
        found = []
        for doc in self.book.docs("merchant").values():
            moved = doc["pubts"]
            if (since and moved < since) or (until and moved > until) or (at and moved < at):
                continue
            if any(
                given.get(key) and str(given[key]) != str(doc.get(key))
                for key in ("code", "creditCode", "customerClassCode")
            ):
                continue
            name = doc["name"]["simplifiedName"]
            if given.get("name") and given["name"] != name:
                continue
            if given.get("fuzzyName") and str(given["fuzzyName"]) not in name:
                continue
            found.append(shown(doc))
        asked = {"pageSize": 500, **{k: v for k, v in given.items() if k in ("pageIndex", "pageSize") and v}}
        return lists.page(asked, lists.chosen(given, found), 5000, self.book.now())

    def merchant_detail(self, given: Given) -> Any:
        """Some customers, whole."""
        keys = given.get("data") or given.get("ids") or []
        words = [one.get("id") or one.get("code") if isinstance(one, Mapping) else one for one in _many(keys)]
        return [shown(self.book.get("merchant", word)) for word in words]

    def products(self, given: Given) -> Any:
        """Materials."""
        return self._page("product", given)

    def stock(self, given: Given) -> Any:
        """What is in the warehouse."""
        wanted = str(given.get("product_code") or given.get("productCode") or "")
        rows = self.book.docs("stock").values()
        return [shown(row) for row in rows if not wanted or row["product_code"] == wanted]

    def listed(self, obj: str) -> Callable[[Services, Given], Any]:
        """A list of documents."""
        return lambda self, given: self._page(obj, given)

    def _page(self, obj: str, given: Given) -> Doc:
        docs = [shown(doc) for doc in self.book.docs(obj).values() if _fits(doc, given)]
        rows = docs
        if obj in LINES:
            heads = str(given.get("isSum", False)).lower() == "true"
            rows = lists.flat(docs, LINES[obj], heads=heads)
        return lists.page(given, lists.chosen(given, [_big(row) for row in rows]), self.cap, self.book.now())

    def detail(self, obj: str) -> Callable[[Services, Given], Any]:
        """One whole document."""
        return lambda self, given: _big(shown(self.book.get(obj, given.get("id"))))

    # ---------------------------------------------------------------- writing

    def insert_merchant(self, given: Given) -> Any:
        """A new customer."""
        doc = merchants.insert(self.book, _data(given), AUTHOR, "api")
        self.ledger.wrote("create", "merchant", doc["id"])
        return [{"id": doc["id"], "code": doc["code"]}]

    def save_merchants(self, given: Given) -> Any:
        """Customers upserted one by one."""
        return self._each(
            _many(given.get("data")), lambda one: merchants.upsert(self.book, one, AUTHOR, "api"), "merchant", "save"
        )

    def stop_merchants(self, given: Given) -> Any:
        """Customers stopped."""
        return self._each(
            _many(given.get("data")), lambda one: merchants.stop(self.book, one, AUTHOR, "api"), "merchant", "stop"
        )

    def save_order(self, given: Given) -> Any:
        """One order inserted or changed."""
        data = _data(given)
        doc = orders.save(self.book, data, AUTHOR, "api")
        self.ledger.wrote("update" if data.get("_status") == "Update" else "create", "order", doc["id"])
        return shown(doc)

    def step_orders(self, verb: str) -> Callable[[Services, Given], Any]:
        """A step of several orders."""

        def take(self: Services, given: Given) -> Any:
            def one(sent: Given) -> Doc:
                return orders.step(self.book, sent.get("id"), verb, AUTHOR, "api")

            return self._each(_many(given.get("data")), one, "order", verb)

        return take

    def delete_orders(self, given: Given) -> Any:
        """Orders deleted, by id or code."""
        data = _data(given)
        keys: list[Given] = [{"id": key} for name in ("id", "code") for key in (data.get(name) or [])]
        return self._each(keys, lambda one: orders.delete(self.book, one["id"], AUTHOR, "api"), "order", "delete")

    def save_invoice(self, given: Given) -> Any:
        """An invoice of outbound bills."""
        doc = finance.invoice(self.book, _data(given), AUTHOR, "api")
        self.ledger.wrote("create", "invoice", doc["id"])
        return shown(doc)

    def save_receivables(self, given: Given) -> Any:
        """Receivables, each for itself."""
        return self._each(
            _many(given.get("data")),
            lambda one: finance.receivable(self.book, one, AUTHOR, "api"),
            "receivable",
            "create",
        )

    def save_collection(self, given: Given) -> Any:
        """Money received."""
        doc = finance.collection(self.book, _data(given), AUTHOR, "api")
        self.ledger.wrote("create", "collection", doc["id"])
        return shown(doc)

    def submit(self, obj: str, verb: str) -> Callable[[Services, Given], Any]:
        """A receivable or a collection submitted, or taken back."""

        def take(self: Services, given: Given) -> Any:
            doc = finance.submit(self.book, obj, _data(given).get("id"), verb, AUTHOR, "api")
            self.ledger.wrote(verb, obj, doc["id"])
            return shown(doc)

        return take

    def _each(self, given: list[Given], do: Callable[[Given], Doc], obj: str, verb: str) -> Doc:
        """A batch: failures hide in an envelope of success."""
        infos, messages = [], []
        partial = struck(self.faults, "partial") is not None
        for n, one in enumerate(given):
            try:
                if partial and n >= len(given) // 2:
                    raise Wrong(999, "后台处理异常")
                with self.book.shelf.change():
                    doc = do(one)
                self.ledger.wrote(verb, obj, doc["id"])
                infos.append({"id": doc["id"], "code": doc["code"]})
            except Wrong as wrong:
                messages.append(f"单据{one.get('code') or one.get('id') or n}：{wrong.message}")
        told = {"count": len(given), "sucessCount": len(infos), "failCount": len(messages)}
        return {**told, "messages": messages, "infos": infos}


def _data(given: Given) -> Given:
    data = given.get("data")
    if not isinstance(data, Mapping):
        raise Wrong(310008, "data不能为空")
    return data


def _many(given: Any) -> list[Any]:
    made = given if isinstance(given, list) else [given]
    if not made or not all(isinstance(one, Mapping | str | int) for one in made):
        raise Wrong(310008, "data不能为空")
    return [one if isinstance(one, Mapping) else {"id": one} for one in made]


def _fits(doc: Doc, given: Given) -> bool:
    """The plain filters of a list."""
    names = ("code", "nextStatusName", "upcode", "cust", "status", "extSystemCode", "extVouchCode", "firstupcode")
    for name in names:
        if given.get(name) not in (None, "") and str(doc.get(name.replace("nextStatusName", "nextStatus"))) != str(
            given[name]
        ):
            return False
    wide = given.get("simple")
    if isinstance(wide, Mapping):
        since, until = (str(wide.get(f"open_pubts_{end}") or "") for end in ("begin", "end"))
        if (since and doc["pubts"] < since) or (until and doc["pubts"] > until):
            return False
    span = str(given.get("vouchdate") or "")
    begin, _, end = span.partition("|")
    return not span or (doc.get("vouchdate", "") >= begin and (not end or doc.get("vouchdate", "") <= end))


def _big(doc: Any) -> Any:
    """Ids as bare numbers beyond 2^53, as lists and details of documents have them."""
    if isinstance(doc, dict):
        return {
            k: int(v) if (k == "id" or k.endswith(("_id", "Id"))) and _is_id(v) else _big(v) for k, v in doc.items()
        }
    return [_big(x) for x in doc] if isinstance(doc, list) else doc


def _is_id(value: Any) -> bool:
    return isinstance(value, str) and len(value) == 19 and value.isdecimal()


def endpoints(s: Services) -> dict[str, Endpoint]:
    """All of them."""
    digital, sd, scm, efi = "/yonbip/digitalModel", "/yonbip/sd", "/yonbip/scm", "/yonbip/EFI"
    return {
        f"{digital}/merchant/newlist": Endpoint("POST", Services.merchants),
        f"{digital}/merchant/newlistrange": Endpoint("POST", Services.merchant_range),
        f"{digital}/merchant/newBatchDetail": Endpoint("POST", Services.merchant_detail),
        f"{digital}/merchant/idempotent/newinsert": Endpoint("POST", Services.insert_merchant, once=True),
        f"{digital}/batch/merchant/save": Endpoint("POST", Services.save_merchants),
        f"{digital}/merchant/stop": Endpoint("POST", Services.stop_merchants),
        f"{digital}/product/queryByPage": Endpoint("POST", Services.products),
        f"{digital}/product/listproductbycondition": Endpoint("POST", Services.products),
        f"{sd}/voucherorder/list": Endpoint("POST", s.listed("order"), 60),
        f"{sd}/voucherorder/detail": Endpoint("GET", s.detail("order"), 60),
        f"{sd}/voucherorder/singleSave": Endpoint("POST", Services.save_order, 60, once=True),
        f"{sd}/voucherorder/batchsubmit": Endpoint("POST", s.step_orders("submit")),
        f"{sd}/voucherorder/batchaudit": Endpoint("POST", s.step_orders("audit")),
        f"{sd}/voucherorder/batchunaudit": Endpoint("POST", s.step_orders("unaudit")),
        f"{sd}/voucherorder/close": Endpoint("POST", s.step_orders("close")),
        f"{sd}/voucherorder/open": Endpoint("POST", s.step_orders("open")),
        f"{sd}/voucherorder/delete": Endpoint("POST", Services.delete_orders),
        f"{sd}/voucherdelivery/list": Endpoint("POST", s.listed("delivery")),
        f"{scm}/salesout/list": Endpoint("POST", s.listed("salesout"), 60, code=200),
        f"{scm}/salesout/detail": Endpoint("GET", s.detail("salesout"), code=200),
        f"{sd}/vouchersaleinvoice/list": Endpoint("POST", s.listed("invoice")),
        f"{sd}/vouchersaleinvoice/detail": Endpoint("GET", s.detail("invoice")),
        f"{sd}/vouchersaleinvoice/saveForSalesOut": Endpoint("POST", Services.save_invoice, once=True),
        f"{efi}/receivable/list": Endpoint("POST", s.listed("receivable"), code=200),
        f"{efi}/receivable/detail": Endpoint("GET", s.detail("receivable"), code=200),
        f"{efi}/receivable/batchsave": Endpoint("POST", Services.save_receivables, code=200),
        f"{efi}/receivable/submit": Endpoint("POST", s.submit("receivable", "submit"), code=200),
        f"{efi}/receivable/unsubmit": Endpoint("POST", s.submit("receivable", "unsubmit"), code=200),
        f"{efi}/collection/submit": Endpoint("POST", s.submit("collection", "submit"), code=200),
        f"{efi}/collection/list": Endpoint("POST", s.listed("collection"), code=200),
        f"{efi}/collection/detail": Endpoint("GET", s.detail("collection"), code=200),
        f"{efi}/collection/save": Endpoint("POST", Services.save_collection, once=True, code=200),
        f"{scm}/stock/QueryCurrentStocksByCondition": Endpoint("POST", Services.stock),
    }
