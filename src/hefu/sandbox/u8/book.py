"""The records of the imitated U8: customers, inventory and sales documents, with rules, in its lower-case names."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any, NamedTuple

from hefu.sandbox.frame import Clock
from hefu.sandbox.shelf import Doc, Shelf

ZONE = timedelta(hours=8)


class Wrong(Exception):
    """A refusal in the system's words."""


class Kind(NamedTuple):
    """One entity: title, key, what its head and rows may hold, what must be there, what it refers to."""

    title: str
    key: str
    head: tuple[str, ...]
    entry: tuple[str, ...] = ()
    must: tuple[str, ...] = ()
    refers: Mapping[str, str] = {}
    prefix: str = ""
    bill: bool = False


_DEFINES = tuple(f"define{n}" for n in range(1, 17))
_ROW_MONEY = ("quantity", "num", "unitprice", "taxunitprice", "money", "tax", "sum", "taxrate")
_NAT = ("natunitprice", "natmoney", "nattax", "natsum")
KINDS: dict[str, Kind] = {
    "customer": Kind(
        "客户",
        "code",
        (
            *("code", "name", "abbrname", "sort_code", "domain_code", "industry", "address", "bank_open"),
            *(
                "bank_acc_number",
                "contact",
                "phone",
                "fax",
                "mobile",
                "email",
                "devliver_site",
                "seed_date",
                "end_date",
            ),
            *("memo", "ccusexch_name", "bcusdomestic", "ccusmngtypecode", "spec_operator", "tax_reg_code"),
            *(f"self_define{n}" for n in range(1, 17)),
        ),
        must=("code", "name", "abbrname", "sort_code", "seed_date", "ccusexch_name", "ccusmngtypecode"),
        prefix="C",
    ),
    "inventory": Kind(
        "存货",
        "code",
        (
            "code",
            "name",
            "specs",
            "sort_code",
            "main_measure",
            "unitgroup_code",
            "ref_sale_price",
            "sale_flag",
            "tax_rate",
        ),
        must=("code", "name"),
    ),
    "saleorder": Kind(
        "销售订单",
        "code",
        (
            *(
                "code",
                "date",
                "businesstype",
                "typecode",
                "custcode",
                "deptcode",
                "personcode",
                "taxrate",
                "sendaddress",
            ),
            *("memo", "maker", "currency", "currencyrate", *_DEFINES),
        ),
        (*("rowno", "inventorycode", "quotedprice", "discount", "discountrate", "predate"), *_ROW_MONEY, *_NAT),
        must=("date", "custcode"),
        refers={"custcode": "customer", "inventorycode": "inventory"},
        prefix="XSDD",
        bill=True,
    ),
    "consignment": Kind(
        "发货单",
        "code",
        ("code", "date", "operation_type", "saletype", "custcode", "deptcode", "remark", "maker", *_DEFINES),
        (
            *("rowno", "inventory_code", "warehouse_code", "quantity", "price", "taxprice", "money", "sum"),
            "taxrate",
            "tax",
            "socode",
        ),
        must=("date", "custcode"),
        refers={"custcode": "customer", "inventory_code": "inventory"},
        prefix="FHD",
        bill=True,
    ),
    "saleout": Kind(
        "销售出库单",
        "code",
        ("code", "date", "businesscode", "source", "warehousecode", "customercode", "maker", *_DEFINES),
        ("rowno", "inventorycode", "quantity", "shouldquantity", "subconsignmentcode", "ordercode", "price", "cost"),
        must=("date", "customercode", "warehousecode"),
        refers={"customercode": "customer", "inventorycode": "inventory"},
        prefix="XSCK",
        bill=True,
    ),
    "saleinvoice": Kind(
        "销售发票",
        "invoiceno",
        (
            "invoiceno",
            "vouchertype",
            "saletypecode",
            "date",
            "customercode",
            "taxrate",
            "maker",
            "businesstype",
            *_DEFINES,
        ),
        (
            *("rowno", "inventorycode", "warehousecode", "quantity", "originalprice", "originaltaxedprice"),
            *("originalmoney", "originaltax", "originalsum", "price", "money", "tax", "sum"),
        ),
        must=("date", "customercode"),
        refers={"customercode": "customer", "inventorycode": "inventory"},
        prefix="XSFP",
        bill=True,
    ),
    "oughtreceive": Kind(
        "应收单",
        "vouchcode",
        ("vouchcode", "vouchdate", "customercode", "amount", "originalamount", "digest", "operator", *_DEFINES),
        must=("vouchdate", "customercode"),
        refers={"customercode": "customer"},
        prefix="YSD",
        bill=True,
    ),
    "accept": Kind(
        "收款单",
        "vouchcode",
        (
            *(
                "vouchcode",
                "vouchdate",
                "vouchtype",
                "customercode",
                "departmentcode",
                "balancecode",
                "amount",
                "period",
            ),
            *(
                "originalamount",
                "foreigncurrency",
                "currencyrate",
                "operator",
                "digest",
                "flag",
                "balanceitemcode",
                *_DEFINES,
            ),
        ),
        ("type", "customercode", "amount", "originalamount", "itemcode"),
        must=("vouchdate", "customercode", "balancecode"),
        refers={"customercode": "customer"},
        prefix="SKD",
        bill=True,
    ),
    "currentstock": Kind("现存量", "id", ("inventory_code", "warehouse_code", "quantity", "available"), prefix="S"),
}
EDITED = ("customer", "inventory")


class Book:
    """All records, by entity and code."""

    def __init__(self, path: str = ":memory:", clock: Clock | None = None) -> None:
        self.clock = clock or Clock()
        self.shelf = Shelf(path, self.clock, title="_title")

    def get(self, entity: str, code: object) -> Doc:
        """A record. Raises Wrong."""
        found = self.shelf.get(entity, str(code))
        if found is None:
            raise Wrong(f"{KINDS[entity].title}[{code}]不存在")
        return found

    def all(self, entity: str) -> list[Doc]:
        """All records in the order of their making."""
        return [kept.doc for kept in self.shelf.rows(entity)]

    def add(self, entity: str, given: Mapping[str, Any], author: str, via: str) -> str:
        """A new record; its code. Raises Wrong."""
        kind = KINDS[entity]
        code = str(given.get(kind.key) or "") or f"{kind.prefix}{self.shelf.number(entity):08d}"
        if self.shelf.get(entity, code) is not None:
            raise Wrong(f"{kind.title}编码[{code}]已存在，不能重复")
        doc: Doc = {name: str(given.get(name) if given.get(name) is not None else "") for name in kind.head}
        doc[kind.key] = code
        if kind.bill:
            doc |= {"state": "Opening", "verifier": "", "closer": "", "maker": doc.get("maker") or author}
            if kind.entry:
                doc["entry"] = self._rows(entity, kind, given.get("entry"))
        missing = [name for name in kind.must if not doc.get(name)]
        if missing:
            raise Wrong(f"{kind.title}的必输项{missing[0]}不能为空")
        self._refer(kind, doc)
        return self._put(entity, code, doc, author, via)

    def edit(self, entity: str, given: Mapping[str, Any], author: str, via: str) -> str:
        """Change master data. Raises Wrong."""
        kind = KINDS[entity]
        doc = self.get(entity, given.get(kind.key))
        if entity not in EDITED and (via != "person" or doc.get("verifier")):
            raise Wrong(f"{kind.title}不支持修改")
        doc |= {name: str(given[name] if given[name] is not None else "") for name in kind.head if name in given}
        return self._put(entity, str(doc[kind.key]), doc, author, via)

    def step(self, entity: str, code: object, verb: str, author: str, via: str) -> Doc:
        """verify, unverify, open or close a bill. Raises Wrong."""
        doc, title = self.get(entity, code), KINDS[entity].title
        verified = bool(doc.get("verifier"))
        if verb == "verify" and verified:
            raise Wrong(f"{title}[{code}]已审核")
        if verb in ("unverify", "close") and not verified:
            raise Wrong(f"{title}[{code}]未审核")
        change = {
            "verify": {"verifier": author, "state": "Approved"},
            "unverify": {"verifier": "", "state": "Opening"},
            "close": {"closer": author},
            "open": {"closer": ""},
        }[verb]
        self._put(entity, str(code), {**doc, **change}, author, via, verb)
        return {**doc, **change}

    def delete(self, entity: str, code: object, author: str, via: str) -> None:
        """Delete a record that is not approved. Raises Wrong."""
        doc, title = self.get(entity, code), KINDS[entity].title
        if doc.get("verifier"):
            raise Wrong(f"{title}[{code}]已审核，不能删除")
        if entity == "customer" and any(
            code in (bill.get("custcode"), bill.get("customercode")) for name in KINDS for bill in self.all(name)
        ):
            raise Wrong(f"{title}[{code}]已被使用，不能删除")
        self.shelf.remove(entity, str(code), author, via)

    def load(self, entity: str, docs: Iterable[Doc], at: datetime) -> None:
        """Many finished records at once."""
        key = KINDS[entity].key
        title = KINDS[entity].title
        self.shelf.load(entity, ((str(d[key]), {**d, "_title": f"{title} {d[key]}"}, at) for d in docs))

    def close(self) -> None:
        """Close the file."""
        self.shelf.close()

    def _rows(self, entity: str, kind: Kind, given: Any) -> list[Doc]:
        if not isinstance(given, Sequence) or isinstance(given, str) or not given:
            raise Wrong(f"{kind.title}的表体不能为空")
        rows = []
        for n, sent in enumerate(given, 1):
            if not isinstance(sent, Mapping):
                raise Wrong(f"{kind.title}的表体不正确")
            row = {name: str(sent.get(name) if sent.get(name) is not None else "") for name in kind.entry}
            row["rowno"] = row.get("rowno") or str(n)
            self._refer(kind, row)
            if entity == "saleorder":
                _checked(row)
            rows.append(row)
        return rows

    def _refer(self, kind: Kind, doc: Mapping[str, Any]) -> None:
        for name, target in kind.refers.items():
            if name in doc and doc[name] and self.shelf.get(target, doc[name]) is None:
                raise Wrong(f"{KINDS[target].title}[{doc[name]}]不存在")
            if name in doc and not doc[name] and name in ("inventorycode", "inventory_code"):
                raise Wrong(f"{KINDS[target].title}编码不能为空")

    def _put(self, entity: str, code: str, doc: Doc, author: str, via: str, what: str = "") -> str:
        now = self.clock.now()
        doc["timestamp"] = str(self.shelf.number("rowversion"))
        if entity in EDITED:
            doc["ModifyDate"] = f"{now + ZONE:%Y-%m-%d %H:%M:%S}"
        doc["_title"] = f"{KINDS[entity].title} {code} {doc.get('name', '')}".strip()
        self.shelf.put(entity, code, doc, author, via, what)
        return code


def _checked(row: Doc) -> None:
    """What a row says of money must agree with itself: quantity times price with tax is its sum."""
    try:
        quantity, price, whole = (Decimal(row[name] or "0") for name in ("quantity", "taxunitprice", "sum"))
    except InvalidOperation:
        raise Wrong("表体数量、单价、金额必须是数字") from None
    if not all(value.is_finite() for value in (quantity, price, whole)) or quantity <= 0:
        raise Wrong("表体数量必须大于0")
    if whole and abs(quantity * price - whole) > Decimal("0.05"):
        raise Wrong("价税合计与数量乘含税单价不符")
    if not whole:
        row["sum"] = f"{(quantity * price):.2f}"
