"""The sample company's two books: a CRM of 2,000 accounts and an ERP of 1,600 customers that share 1,200 companies.

They are dirty as real ones are, and because they are made here, the truth is known: which account and which customer
are one company. The same seed and day give the same books, to the byte.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from random import Random
from typing import Any

from hefu.sandbox.companies import Company, Register, check_character, person, telephone
from hefu.sandbox.crm.book import CrmBook, public_id
from hefu.sandbox.erp.book import ErpBook
from hefu.sandbox.erp.tables import cut, tidy
from hefu.sandbox.sample_trade import Trade, trade

Row = dict[str, Any]
SEED = 32100
UNTIL = date(2026, 10, 31)
PAIRS, CRM_ONLY, ERP_ONLY = 1200, 680, 380
CRM_TWICE, ERP_TWICE = 120, 20
BRANCHES, TWINS, WRONG_CODES = 40, 6, 5
SELLERS = ("陈思琪", "刘洋", "王婷", "赵建国", "周浩然", "孙雪梅")


@dataclass(frozen=True)
class Truth:
    """What only the maker knows: the company behind each record, and which opportunity became which order."""

    companies: Sequence[Company]
    account: Mapping[str, int]
    customer: Mapping[str, int]
    orders: Mapping[str, str]
    to_order: Sequence[str]

    def pairs(self) -> set[tuple[str, str]]:
        """All (account id, customer code) that are one company, duplicates included."""
        by_company: dict[int, list[str]] = {}
        for code, number in self.customer.items():
            by_company.setdefault(number, []).append(code)
        return {(i, code) for i, number in self.account.items() for code in by_company.get(number, ())}

    def duplicates(self) -> tuple[list[set[str]], list[set[str]]]:
        """Sets of accounts, and of customers, that are one company each."""
        return _groups(self.account), _groups(self.customer)


@dataclass(frozen=True)
class Sample:
    """Finished records of both books, ready to load, and the truth about them."""

    crm: Mapping[str, Sequence[Row]]
    erp: Mapping[str, Sequence[Row]]
    truth: Truth
    serials: Mapping[str, int] = field(default_factory=dict)


def _groups(company_of: Mapping[str, int]) -> list[set[str]]:
    groups: dict[int, set[str]] = {}
    for key, number in company_of.items():
        groups.setdefault(number, set()).add(key)
    return [group for group in groups.values() if len(group) > 1]


@lru_cache(maxsize=2)
def make(seed: int = SEED, until: date = UNTIL) -> Sample:
    """The sample company as it stands on that day."""
    random = Random(seed)
    register = Register(random)
    both = [register.new() for _ in range(PAIRS)]
    parents = random.sample(both, BRANCHES)
    crm_only = [register.branch(p) for p in parents] + [register.new() for _ in range(CRM_ONLY - BRANCHES)]
    twins = [register.twin(c) for c in random.sample(crm_only[BRANCHES:], TWINS)]
    erp_only = twins + [register.new() for _ in range(ERP_ONLY - TWINS)]
    customers = _customers(random, both + erp_only + random.sample(both, ERP_TWICE), until)
    in_crm = [*both, *crm_only]
    in_crm += random.sample(both, CRM_TWICE * 2 // 3) + random.sample(crm_only, CRM_TWICE - CRM_TWICE * 2 // 3)
    accounts = _accounts(random, in_crm, customers, until)
    books = trade(
        random, [c[1] for c in customers], [a[1] for a in accounts], _company_accounts(accounts, customers), until
    )
    truth = Truth(
        tuple(register.companies),
        {row["id"]: company.number for company, row in accounts},
        {row["code"]: company.number for company, row in customers},
        books.orders,
        books.to_order,
    )
    crm = {
        "accounts": [row for _, row in accounts],
        "contacts": _contacts(random, accounts, until),
        "products": books.crm_products,
        "opportunities": books.opportunities,
    }
    return Sample(crm, _erp_tables(books, [row for _, row in customers]), truth, books.serials)


def _erp_tables(books: Trade, customers: Sequence[Row]) -> dict[str, Sequence[Row]]:
    return {
        "units": books.units,
        "products": books.products,
        "price_lists": books.price_lists,
        "customers": customers,
        "sales_orders": books.sales_orders,
        "deliveries": books.deliveries,
        "invoices": books.invoices,
        "receipts": books.receipts,
    }


def load_crm(sample: Sample, book: CrmBook) -> None:
    """Fill an empty CRM."""
    for obj, rows in sample.crm.items():
        book.load(obj, rows)


def load_erp(sample: Sample, book: ErpBook) -> None:
    """Fill an empty ERP."""
    for table, rows in sample.erp.items():
        book.load(table, rows)
    for prefix, last in sample.serials.items():
        book.set_serial(prefix, last)


# ---------------------------------------------------------------- ERP customers


def _customers(random: Random, companies: Sequence[Company], until: date) -> list[tuple[Company, Row]]:
    order = list(range(len(companies)))
    random.shuffle(order)
    return [(companies[i], _customer(random, companies[i], n, i, until)) for n, i in enumerate(order, 1)]


def _customer(random: Random, company: Company, number: int, index: int, until: date) -> Row:
    again = index >= PAIRS + ERP_ONLY
    name = company.name
    if again and random.random() < 0.5:
        name = name.replace("有限公司", "公司")
    code = "" if random.random() < 0.04 else company.credit_code
    made, moved = _times(random, until)
    return {
        "id": number,
        "code": f"C{number:05d}",
        "name": cut(tidy(name).upper(), 80).rstrip(),
        "short_name": company.short[:10],
        "credit_code": code,
        "phone": "" if random.random() < 0.04 else _dashed(company.phone),
        "contact_name": company.contact if random.random() < 0.85 else "",
        "email": f"office@{company.domain}" if random.random() < 0.6 else "",
        "province": company.place.province,
        "city": company.place.city,
        "district": company.district,
        "address": company.street,
        "postcode": company.place.postcode,
        "payment_days": random.choice((0, 30, 30, 30, 45, 60, 90)),
        "credit_limit": f"{random.choice((0, 0, 50, 100, 200, 500, 1000)) * 1000}.00",
        "price_list": random.choice(("PL01", "PL01", "PL02", "PL03")),
        "salesman": random.choice(SELLERS),
        "status": "enabled" if random.random() < 0.97 else "disabled",
        "external_ref": "",
        "remark": "",
        "version": random.randrange(1, 9),
        "created_at": _erp_time(made),
        "created_by": random.choice(SELLERS),
        "modified_at": _erp_time(moved),
        "modified_by": random.choice(SELLERS),
    }


# ----------------------------------------------------------------- CRM accounts


def _accounts(
    random: Random, companies: Sequence[Company], customers: Sequence[tuple[Company, Row]], until: date
) -> list[tuple[Company, Row]]:
    erp_code = {company.number: row["code"] for company, row in reversed(customers)}
    order = list(range(len(companies)))
    random.shuffle(order)
    made = [(companies[i], _account(random, companies[i], n, erp_code, until)) for n, i in enumerate(order, 1)]
    for _, row in random.sample(made, WRONG_CODES):
        row["erpCode"] = random.choice(customers)[1]["code"]
    ids: dict[int, str] = {}
    for company, row in made:
        ids.setdefault(company.number, row["id"])
    for company, row in made:
        row["parentId"] = ids.get(company.parent or 0, "")
    return made


def _account(random: Random, company: Company, number: int, erp_code: Mapping[int, str], until: date) -> Row:
    made, moved = _times(random, until)
    known = company.number in erp_code
    code = erp_code.get(company.number, "") if random.random() < 0.45 else ""
    return {
        "id": public_id("accounts", number),
        "name": _sloppy_name(random, company),
        "shortName": company.short if random.random() < 0.7 else "",
        "formerName": company.former if random.random() < 0.3 else "",
        "creditCode": _sloppy_code(random, company.credit_code),
        "erpCode": code.lower() if random.random() < 0.05 else code,
        "phone": _sloppy_phone(random, company),
        "email": f"office@{company.domain}" if random.random() < 0.5 else "",
        "website": f"https://www.{company.domain}" if random.random() < 0.4 else "",
        "industry": company.industry,
        "level": random.choice("AABBBCCC"),
        "stage": "customer" if known else random.choice(("prospect", "prospect", "prospect", "customer", "lost")),
        "active": random.random() < 0.98,
        "billingAddress": _sloppy_address(random, company),
        "ownerName": random.choice(SELLERS),
        "notes": "",
        "createdAt": _crm_time(made),
        "createdBy": random.choice(SELLERS),
        "updatedAt": _crm_time(moved),
        "updatedBy": random.choice(SELLERS),
        "revision": random.randrange(1, 20),
    }


def _sloppy_name(random: Random, company: Company) -> str:
    name, mood = company.name, random.random()
    if mood < 0.10:
        return name.replace("(", "（").replace(")", "）")
    if mood < 0.15:
        return f" {name} " if random.random() < 0.5 else name[:2] + " " + name[2:]
    if mood < 0.19:
        return company.former or name
    if mood < 0.215:
        return name.replace("股份有限公司", "").replace("有限责任公司", "").replace("有限公司", "")
    if mood < 0.235:
        return "".join(chr(ord(c) + 0xFEE0) if c.isascii() and c.isalnum() else c for c in name)
    return name.lower() if mood < 0.255 else name


def _sloppy_code(random: Random, code: str) -> str:
    mood = random.random()
    if mood < 0.09:
        return ""
    if mood < 0.14:
        return _wrong(random, code)
    if mood < 0.17:
        return code.lower()
    return f"{code[:6]} {code[6:12]} {code[12:]}" if mood < 0.20 else code


def _wrong(random: Random, code: str) -> str:
    """A slip of the finger that the check character catches: one digit changed, or two exchanged."""
    at = random.randrange(2, 8)
    slip = code[:at] + code[at + 1] + code[at] + code[at + 2 :]
    if slip != code:
        return slip
    right = check_character(code[:17])
    return code[:17] + random.choice([c for c in "0123456789" if c != right])


def _dashed(digits: str) -> str:
    if digits.startswith("1"):
        return digits
    return f"{digits[:-8]}-{digits[-8:]}"


def _sloppy_phone(random: Random, company: Company) -> str:
    mood = random.random()
    if mood < 0.07:
        return ""
    digits = telephone(random, company.place) if mood < 0.10 else company.phone
    if digits.startswith("1"):
        ways = (
            digits,
            digits,
            f"+86 {digits[:3]} {digits[3:7]} {digits[7:]}",
            f"{digits[:3]}-{digits[3:7]}-{digits[7:]}",
        )
        return random.choice(ways)
    area, local = digits[:-8], digits[-8:]
    dashed = f"{area}-{local}"
    wide = f"{area}－{local}"
    return random.choice(
        (dashed, dashed, dashed, f"({area}){local}", f"+86-{area[1:]}-{local}", f"{area} {local[:4]} {local[4:]}", wide)
    )


def _sloppy_address(random: Random, company: Company) -> Row:
    place, mood = company.place, random.random()
    street = "" if mood < 0.06 else f"{company.street}2楼" if mood < 0.08 else company.street
    parts = (place.province, place.city, company.district, street, place.postcode if mood < 0.7 else "")
    return dict(zip(("province", "city", "district", "street", "postcode"), parts, strict=True))


def _company_accounts(
    accounts: Sequence[tuple[Company, Row]], customers: Sequence[tuple[Company, Row]]
) -> dict[str, str]:
    """Customer code -> id of an account of the same company, for each company in both books."""
    first: dict[int, str] = {}
    for company, row in accounts:
        first.setdefault(company.number, row["id"])
    return {row["code"]: first[company.number] for company, row in customers if company.number in first}


def _contacts(random: Random, accounts: Sequence[tuple[Company, Row]], until: date) -> list[Row]:
    made: list[Row] = []
    for company, account in accounts:
        for nth in range(random.choice((0, 1, 1, 1, 2))):
            born, moved = _times(random, until)
            made.append(
                {
                    "id": public_id("contacts", len(made) + 1),
                    "accountId": account["id"],
                    "name": company.contact if nth == 0 else person(random),
                    "title": random.choice(("采购经理", "总经理", "采购员", "财务", "")),
                    "mobile": f"199000{random.randrange(2)}{random.randrange(10_000):04d}",
                    "email": f"p{nth}@{company.domain}" if random.random() < 0.6 else "",
                    "primary": nth == 0,
                    "createdAt": _crm_time(born),
                    "createdBy": random.choice(SELLERS),
                    "updatedAt": _crm_time(moved),
                    "updatedBy": random.choice(SELLERS),
                    "revision": random.randrange(1, 6),
                }
            )
    return made


def _times(random: Random, until: date) -> tuple[datetime, datetime]:
    """When a record was made (up to three years ago) and last changed (up to one)."""
    end = datetime(until.year, until.month, until.day, 10, tzinfo=UTC)
    moved = end - timedelta(seconds=random.randrange(3600, 360 * 86400))
    return moved - timedelta(seconds=random.randrange(60, 700 * 86400)), moved


def _crm_time(at: datetime) -> str:
    return at.strftime("%Y-%m-%dT%H:%M:%SZ")


def _erp_time(at: datetime) -> str:
    return (at + timedelta(hours=8)).strftime("%Y-%m-%d %H:%M:%S.000")
