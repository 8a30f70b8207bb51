"""The sample company's trade: products, price lists, and a year of orders with deliveries, invoices and receipts.

Money is counted in whole cents throughout, so that every sum agrees to the cent.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from random import Random
from typing import Any

from hefu.sandbox.crm.book import public_id

Row = dict[str, Any]
PRODUCTS, CRM_PRODUCTS = 200, 160
ORDERS, OPPORTUNITIES = 2400, 700
ORDERED, TO_ORDER = 300, 12
TAX = 13
SELLERS = ("陈思琪", "刘洋", "王婷", "赵建国", "周浩然", "孙雪梅")
UNITS = (
    ("PCS", "个"),
    ("SET", "套"),
    ("BOX", "箱"),
    ("KG", "千克"),
    ("M", "米"),
    ("L", "升"),
    ("ROLL", "卷"),
    ("T", "吨"),
)
_KINDS = (
    ("轴承", "PCS", 2_000, 60_000, ("6204-2RS", "6306-ZZ", "NU208", "22310")),
    ("伺服电机", "SET", 90_000, 600_000, ("400W", "750W", "1.5kW", "3kW")),
    ("电缆", "M", 500, 9_000, ("3×2.5mm²", "4×6mm²", "5×10mm²", "7×1.5mm²")),
    ("液压油", "L", 1_500, 6_000, ("L-HM32", "L-HM46", "L-HM68", "L-HV46")),
    ("不锈钢板", "T", 900_000, 2_400_000, ("304 2mm", "304 4mm", "316L 3mm", "201 1mm")),
    ("包装箱", "BOX", 800, 4_500, ("400×300×200", "600×400×400", "350×250×150", "800×600×500")),
    ("润滑脂", "KG", 2_000, 8_000, ("2号锂基", "3号锂基", "高温", "食品级")),
    ("传感器", "PCS", 8_000, 150_000, ("M12 PNP", "M18 NPN", "4-20mA", "IO-Link")),
    ("阀门", "PCS", 5_000, 220_000, ("DN25", "DN50", "DN80", "DN100")),
    ("胶带", "ROLL", 300, 3_000, ("48mm×50m", "60mm×100m", "24mm×20m", "72mm×50m")),
)


@dataclass
class Trade:
    """The rows made here; `orders` maps an opportunity to its order, `to_order` lists won ones without an order."""

    units: list[Row] = field(default_factory=list)
    products: list[Row] = field(default_factory=list)
    price_lists: list[Row] = field(default_factory=list)
    sales_orders: list[Row] = field(default_factory=list)
    deliveries: list[Row] = field(default_factory=list)
    invoices: list[Row] = field(default_factory=list)
    receipts: list[Row] = field(default_factory=list)
    crm_products: list[Row] = field(default_factory=list)
    opportunities: list[Row] = field(default_factory=list)
    orders: dict[str, str] = field(default_factory=dict)
    to_order: list[str] = field(default_factory=list)
    serials: dict[str, int] = field(default_factory=dict)


def money(cents: int) -> str:
    """Cents as the ERP writes money."""
    return f"{cents // 100}.{cents % 100:02d}"


def cents(text: str) -> int:
    """The ERP's money in cents."""
    whole, part = text.split(".")
    return int(whole) * 100 + int(part)


def tax_of(amount: int) -> int:
    """The tax on an amount in cents, half up."""
    return (amount * TAX + 50) // 100


def trade(
    random: Random, customers: Sequence[Row], accounts: Sequence[Row], account_of: Mapping[str, str], until: date
) -> Trade:
    """A year of trade up to that day. `account_of`: customer code -> id of its account in the CRM."""
    books = Trade()
    books.serials["C"] = len(customers)
    _catalogue(random, books, until)
    busy = random.sample(customers, len(customers) * 6 // 10)
    weights = [1 / (n + 5) ** 0.6 for n in range(len(busy))]
    days = sorted(random.randrange(1, 365) for _ in range(ORDERS))
    for day, customer in zip(reversed(days), random.choices(busy, weights, k=ORDERS), strict=True):
        _order(random, books, customer, until - timedelta(days=day), until)
    _opportunities(random, books, accounts, account_of, until)
    return books


def _stamps(at: date, random: Random) -> Row:
    who = random.choice(SELLERS)
    made = f"{at} {8 + random.randrange(10):02d}:{random.randrange(60):02d}:{random.randrange(60):02d}.000"
    return {"version": 1, "created_at": made, "created_by": who, "modified_at": made, "modified_by": who}


def _catalogue(random: Random, books: Trade, until: date) -> None:
    start = until - timedelta(days=720)
    books.units = [{"code": c, "name": n, **_stamps(start, random)} for c, n in UNITS]
    for n in range(1, PRODUCTS + 1):
        kind, unit, low, high, specs = _KINDS[n % len(_KINDS)]
        price = random.randrange(low, high)
        books.products.append(
            {
                "id": n,
                "code": f"M{n:04d}",
                "name": f"{kind}{chr(65 + n % 7)}型",
                "spec": f"{random.choice(specs)}/{n:03d}",
                "unit": unit,
                "category": kind,
                "price": money(price),
                "tax_rate": str(TAX),
                "status": "enabled" if n % 40 else "disabled",
                **_stamps(start + timedelta(days=n), random),
            }
        )
    books.crm_products = [_crm_product(random, p, n) for n, p in enumerate(books.products[:CRM_PRODUCTS], 1)]
    for code, name, share in (("PL01", "标准价目表", 100), ("PL02", "经销商价目表", 92), ("PL03", "大客户价目表", 88)):
        lines = [
            {"product_code": p["code"], "price": money(cents(p["price"]) * share // 100), "min_qty": "1"}
            for p in books.products
        ]
        books.price_lists.append({"code": code, "name": name, "lines": lines, **_stamps(start, random)})


def _crm_product(random: Random, product: Row, number: int) -> Row:
    stale = random.random() < 0.08
    price = cents(product["price"]) * (95 if stale else 100) // 100
    at = product["modified_at"].replace(" ", "T")[:19] + "Z"
    return {
        "id": public_id("products", number),
        "code": product["code"],
        "name": product["name"],
        "spec": product["spec"] if random.random() < 0.9 else "",
        "unit": product["unit"],
        "category": product["category"],
        "listPrice": number_of(price),
        "active": product["status"] == "enabled",
        "createdAt": at,
        "createdBy": SELLERS[0],
        "updatedAt": at,
        "updatedBy": SELLERS[0],
        "revision": 1,
    }


def number_of(cents_: int) -> float | int:
    """Cents as a JSON number."""
    return cents_ // 100 if cents_ % 100 == 0 else cents_ / 100


# ------------------------------------------------------------- orders and bills


def _number(books: Trade, kind: str, at: date) -> str:
    prefix = f"{kind}{at.year}"
    books.serials[prefix] = books.serials.get(prefix, 0) + 1
    return f"{prefix}-{books.serials[prefix]:06d}"


def _line(random: Random, product: Row, line_no: int, share: int) -> Row:
    quantity = random.choice((1, 2, 3, 5, 8, 10, 12, 20, 25, 50)) if product["unit"] != "T" else random.randrange(1, 6)
    price = cents(product["price"]) * share // 100
    return _summed(
        {
            "line_no": line_no,
            "product_code": product["code"],
            "product_name": product["name"],
            "unit": product["unit"],
            "quantity": str(quantity),
            "price": money(price),
            "tax_rate": str(TAX),
        }
    )


def _summed(line: Row) -> Row:
    amount = int(line["quantity"]) * cents(line["price"])
    tax = tax_of(amount)
    return {**line, "amount": money(amount), "tax": money(tax), "total": money(amount + tax)}


def _sums(lines: Sequence[Row]) -> Row:
    return {name: money(sum(cents(line[name]) for line in lines)) for name in ("amount", "tax", "total")}


def _order(random: Random, books: Trade, customer: Row, at: date, until: date) -> None:
    share = {"PL01": 100, "PL02": 92, "PL03": 88}[customer["price_list"]]
    goods = random.sample(books.products, random.choice((1, 1, 2, 2, 3, 3, 4, 5, 6)))
    lines = [_line(random, product, 10 * n, share) for n, product in enumerate(goods, 1)]
    order = {
        "id": len(books.sales_orders) + 1,
        "order_no": _number(books, "SO", at),
        "order_date": at.isoformat(),
        "customer_code": customer["code"],
        "delivery_date": (at + timedelta(days=14)).isoformat(),
        "salesman": customer["salesman"],
        "external_ref": "",
        "status": _status(random, (until - at).days),
        **_sums(lines),
        **_stamps(at, random),
    }
    books.sales_orders.append(order)
    shipped = {"shipped": 100, "closed": 100, "approved": random.choice((0, 0, 50))}.get(order["status"], 0)
    invoiced = order["status"] == "closed" or (order["status"] == "shipped" and random.random() < 0.7)
    order["lines"] = [{**line, "shipped_qty": "0", "invoiced_qty": "0"} for line in lines]
    if shipped:
        _fulfil(random, books, customer, order, at, until, shipped, invoiced)


def _status(random: Random, age: int) -> str:
    if age > 60:
        return random.choices(("closed", "shipped", "void", "approved"), (92, 4, 3, 1))[0]
    if age > 14:
        return random.choices(("closed", "shipped", "approved", "void"), (45, 35, 17, 3))[0]
    return random.choices(("draft", "submitted", "approved", "shipped"), (25, 20, 45, 10))[0]


def _fulfil(
    random: Random, books: Trade, customer: Row, order: Row, at: date, until: date, share: int, invoiced: bool
) -> None:
    """Deliver in one or two parts, invoice each part, collect what is due; the last part takes the rest to the cent."""
    parts = 2 if share == 100 and random.random() < 0.25 else 1
    day = at
    for nth in range(parts):
        day = min(day + timedelta(days=random.randrange(2, 11)), until)
        last = nth == parts - 1 and share == 100
        goods = _goods(order["lines"], last)
        if not goods:
            continue
        bill = {"date": day.isoformat(), "order_no": order["order_no"], "customer_code": order["customer_code"]}
        delivery = {"number": _number(books, "DN", day), **bill, "lines": [_summed(g) for g in goods]}
        books.deliveries.append({**delivery, **_stamps(day, random)})
        if invoiced:
            _invoice(random, books, customer, order, goods, last, day, until)
        order["lines"] = _moved(order["lines"], goods, invoiced)
    order |= {"version": 2 + parts, "modified_at": f"{day} 18:00:00.000"}


def _goods(lines: Sequence[Row], last: bool) -> list[Row]:
    """What one delivery takes of each line: half of it, or all that is left."""
    goods = []
    for line in lines:
        left = int(line["quantity"]) - int(line["shipped_qty"])
        part = left if last else int(line["quantity"]) // 2
        if part:
            kept = {n: v for n, v in line.items() if n not in ("shipped_qty", "invoiced_qty")}
            goods.append({**kept, "quantity": str(part)})
    return goods


def _moved(lines: Sequence[Row], goods: Sequence[Row], invoiced: bool) -> list[Row]:
    taken = {g["line_no"]: int(g["quantity"]) for g in goods}
    moved = []
    for line in lines:
        part = taken.get(line["line_no"], 0)
        now = {"shipped_qty": str(int(line["shipped_qty"]) + part)}
        if invoiced:
            now["invoiced_qty"] = str(int(line["invoiced_qty"]) + part)
        moved.append({**line, **now})
    return moved


def _invoice(
    random: Random,
    books: Trade,
    customer: Row,
    order: Row,
    goods: Sequence[Row],
    last: bool,
    day: date,
    until: date,
) -> None:
    lines = [_summed(g) for g in goods]
    if last:
        earlier = [b for b in reversed(books.invoices[-3:]) if b["order_no"] == order["order_no"]]
        lines = [_rest(line, order, earlier) for line in lines]
    sums = _sums(lines)
    due = day + timedelta(days=customer["payment_days"])
    invoice = {
        "number": _number(books, "IV", day),
        "date": day.isoformat(),
        "order_no": order["order_no"],
        "customer_code": order["customer_code"],
        "due_date": due.isoformat(),
        **sums,
        "lines": lines,
        **_stamps(day, random),
    }
    books.invoices.append(invoice)
    _collect(random, books, invoice, due, until)


def _rest(line: Row, order: Row, earlier: Sequence[Row]) -> Row:
    """The last invoice line: the order line's sums less what earlier invoices took."""
    whole = next(x for x in order["lines"] if x["line_no"] == line["line_no"])
    before = [x for bill in earlier for x in bill["lines"] if x["line_no"] == line["line_no"]]
    left = {n: money(cents(whole[n]) - sum(cents(b[n]) for b in before)) for n in ("amount", "tax", "total")}
    return {**line, **left}


def _collect(random: Random, books: Trade, invoice: Row, due: date, until: date) -> None:
    paid_on = due + timedelta(days=random.randrange(-5, 12))
    total, mood = cents(invoice["total"]), random.random()
    invoice |= {"paid": "0.00", "status": "open"}
    if paid_on > until or mood < 0.04:
        return
    shares = [100] if mood < 0.76 else [40, 60] if mood < 0.94 else [50]
    left, paid = total, 0
    for nth, share in enumerate(shares):
        amount = left if share == 100 or (nth and sum(shares) == 100) else total * share // 100
        left, paid = left - amount, paid + amount
        books.receipts.append(_receipt(random, books, invoice, amount, min(paid_on + timedelta(days=nth * 9), until)))
    invoice |= {"paid": money(paid), "status": "paid" if not left else "partial"}


def _receipt(random: Random, books: Trade, invoice: Row, amount: int, at: date) -> Row:
    return {
        "number": _number(books, "RC", at),
        "date": at.isoformat(),
        "customer_code": invoice["customer_code"],
        "invoice_no": invoice["number"],
        "amount": money(amount),
        "method": random.choice(("电汇", "电汇", "承兑汇票", "网银")),
        **_stamps(at, random),
    }


# ---------------------------------------------------------------- opportunities


def _opportunities(
    random: Random, books: Trade, accounts: Sequence[Row], account_of: Mapping[str, str], until: date
) -> None:
    """Won ones that became orders, won ones that wait for theirs, and open and lost ones."""
    last = books.products[CRM_PRODUCTS - 1]["code"]
    ordered = [
        order
        for order in books.sales_orders
        if order["customer_code"] in account_of
        and order["status"] != "void"
        and all(line["product_code"] <= last for line in order["lines"])
    ]
    for order in sorted(random.sample(ordered, ORDERED), key=lambda o: str(o["order_no"])):
        at = date.fromisoformat(order["order_date"])
        made = _opportunity(random, books, account_of[order["customer_code"]], "won", at, order["lines"])
        order["external_ref"] = made["id"]
        made |= {"orderNo": order["order_no"], "orderStatus": order["status"]}
        books.orders[made["id"]] = order["order_no"]
    live = [a for a in accounts if a["stage"] == "customer" and a["active"]]
    for _ in range(TO_ORDER):
        at = until - timedelta(days=random.randrange(0, 3))
        made = _opportunity(random, books, random.choice(live)["id"], "won", at, _wish(random, books))
        books.to_order.append(made["id"])
    while len(books.opportunities) < OPPORTUNITIES:
        stage = random.choice(("prospecting", "qualification", "proposal", "negotiation", "lost"))
        at = until - timedelta(days=random.randrange(0, 200))
        _opportunity(random, books, random.choice(accounts)["id"], stage, at, _wish(random, books))


def _wish(random: Random, books: Trade) -> list[Row]:
    known = [p for p in books.products[:CRM_PRODUCTS] if p["status"] == "enabled"]
    return [_line(random, p, 10 * n, 100) for n, p in enumerate(random.sample(known, random.choice((1, 2, 3))), 1)]


def _opportunity(random: Random, books: Trade, account_id: str, stage: str, at: date, lines: Sequence[Row]) -> Row:
    now = f"{at}T{8 + random.randrange(10):02d}:{random.randrange(60):02d}:00Z"
    who = random.choice(SELLERS)
    made = {
        "id": public_id("opportunities", len(books.opportunities) + 1),
        "accountId": account_id,
        "name": f"{at.year}年{at.month}月{lines[0]['product_name']}采购",
        "stage": stage,
        "closeDate": at.isoformat(),
        "currency": "CNY",
        "lines": [_crm_line(line) for line in lines],
        "amount": number_of(sum(cents(line["amount"]) for line in lines)),
        "orderNo": "",
        "orderStatus": "",
        "ownerName": who,
        "createdAt": now,
        "createdBy": who,
        "updatedAt": now,
        "updatedBy": who,
        "revision": 1,
    }
    books.opportunities.append(made)
    return made


def _crm_line(line: Row) -> Row:
    return {
        "lineNo": line["line_no"],
        "productId": public_id("products", int(line["product_code"][1:])),
        "description": line["product_name"],
        "unit": line["unit"],
        "quantity": int(line["quantity"]),
        "unitPrice": number_of(cents(line["price"])),
        "amount": number_of(cents(line["amount"])),
    }
