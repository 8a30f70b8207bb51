"""What a business partner must be, and how it becomes a customer."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hefu.sandbox.sap.refusals import Detail, Refusal, bad
from hefu.sandbox.sap.wire import Row

if TYPE_CHECKING:
    from hefu.sandbox.sap.book import SapBook

CUSTOMER_ROLES = ("FLCU00", "FLCU01")
_ALWAYS = "9999-12-31T00:00:00.000Z"


def settle(book: SapBook, doc: Row, old: Row | None, author: str) -> None:
    """Number, names, roles and the customer. Raises Refusal."""
    if old is None:
        _numbered(book, doc)
    _named(doc)
    customer = any(r.get("BusinessPartnerRole") in CUSTOMER_ROLES for r in doc.get("to_BusinessPartnerRole") or ())
    if doc.get("to_Customer") or customer:
        _customer(book, doc)
    for address in doc.get("to_BusinessPartnerAddress") or ():
        _address(book, doc, address)
    for nth, bank in enumerate(doc.get("to_BusinessPartnerBank") or (), 1):
        bank["BankIdentification"] = bank.get("BankIdentification") or f"{nth:04d}"
    for contact in doc.get("to_BusinessPartnerContact") or ():
        _contact(book, doc, contact)
    _unique(doc, "to_BusinessPartnerRole", "BusinessPartnerRole")
    _unique(doc, "to_BusinessPartnerTax", "BPTaxType")
    book.touched(doc, old, author)
    stamped = str(doc.pop("LastChangeDateTime")).translate({ord(c): None for c in "-:TZ."})
    doc["ETag"] = stamped[:14] + f"{book.shelf.number('etag'):012d}"
    doc["_title"] = doc["BusinessPartnerFullName"]


def _numbered(book: SapBook, doc: Row) -> None:
    if doc.get("BusinessPartner"):
        zh, en = "编号范围为内部编号，不能指定编号", "The number range is internal: no number can be given"
        raise bad(zh, en, "BusinessPartner", "R1/111")
    if doc.get("BusinessPartnerCategory") not in ("1", "2", "3"):
        zh, en = "请输入业务伙伴类别 (1、2 或 3)", "Enter a business partner category (1, 2 or 3)"
        raise bad(zh, en, "BusinessPartnerCategory", "R1/104")
    doc["BusinessPartner"] = str(book.shelf.number("partner", 1000001))
    doc["BusinessPartnerGrouping"] = doc.get("BusinessPartnerGrouping") or "BP02"
    doc["BusinessPartnerUUID"] = f"00000000-0000-4000-8000-{int(doc['BusinessPartner']):012d}"


def _named(doc: Row) -> None:
    category = doc.get("BusinessPartnerCategory")
    needed = "LastName" if category == "1" else "OrganizationBPName1" if category == "2" else ""
    if needed and not doc.get(needed):
        zh, en = "请填写名称", "Enter a name"
        raise Refusal(400, "R1/016", (zh, en), needed, (Detail("R1/016", (zh, en), needed),))
    names = ("FirstName", "LastName") if category == "1" else [f"OrganizationBPName{n}" for n in (1, 2, 3, 4)]
    between = " " if category == "1" else ""
    whole = between.join(str(doc.get(n)) for n in names if doc.get(n))
    doc["BusinessPartnerFullName"] = doc["BusinessPartnerName"] = whole[:81]


def _customer(book: SapBook, doc: Row) -> None:
    number = doc["BusinessPartner"]
    customer = doc.get("to_Customer") or {}
    doc |= {"Customer": number, "to_Customer": customer}
    customer["Customer"] = number
    customer["CustomerName"] = doc["BusinessPartnerFullName"][:80]
    customer["CustomerFullName"] = doc["BusinessPartnerFullName"]
    customer["CustomerAccountGroup"] = customer.get("CustomerAccountGroup") or "CUST"
    customer["CreationDate"] = customer.get("CreationDate") or book.today()
    roles = doc.setdefault("to_BusinessPartnerRole", [])
    if not any(r.get("BusinessPartnerRole") in CUSTOMER_ROLES for r in roles):
        roles.append({"BusinessPartnerRole": "FLCU01", "ValidTo": _ALWAYS})
    for area in customer.get("to_CustomerSalesArea") or ():
        if not all(area.get(n) for n in ("SalesOrganization", "DistributionChannel", "Division")):
            zh, en = "销售范围不完整", "The sales area is incomplete"
            raise bad(zh, en, "SalesOrganization", "F2/305")
        area["Currency"] = area.get("Currency") or "CNY"
    for company in customer.get("to_CustomerCompany") or ():
        if not company.get("CompanyCode"):
            raise bad("请输入公司代码", "Enter a company code", "CompanyCode", "F2/041")


def _address(book: SapBook, doc: Row, address: Row) -> None:
    if not address.get("Country"):
        raise bad("请输入国家/地区", "Enter a country", "Country", "AM/022")
    address["AddressID"] = address.get("AddressID") or str(book.shelf.number("address", 20001))
    address["BusinessPartner"] = doc["BusinessPartner"]
    address["ValidityStartDate"] = address.get("ValidityStartDate") or f"{book.today()}T00:00:00.000Z"
    address["ValidityEndDate"] = address.get("ValidityEndDate") or _ALWAYS
    address["AddressTimeZone"] = address.get("AddressTimeZone") or "UTC+8"
    for name in ("to_EmailAddress", "to_PhoneNumber", "to_MobilePhoneNumber"):
        for nth, row in enumerate(address.get(name) or (), 1):
            row["OrdinalNumber"] = row.get("OrdinalNumber") or str(nth)
            row["Person"] = row.get("Person") or ""
            if name != "to_EmailAddress":
                row["PhoneNumberType"] = row.get("PhoneNumberType") or ("3" if "Mobile" in name else "1")
                row["InternationalPhoneNumber"] = "+86" + str(row.get("PhoneNumber", "")).lstrip("0")
    usages = address.setdefault("to_AddressUsage", [])
    if not usages:
        usages.append({"AddressUsage": "XXDEFAULT", "StandardUsage": False})


def _contact(book: SapBook, doc: Row, contact: Row) -> None:
    contact["BusinessPartnerCompany"] = doc["BusinessPartner"]
    person = book.doc("A_BusinessPartner", str(contact.get("BusinessPartnerPerson") or ""))
    if person is None or person["BusinessPartnerCategory"] != "1":
        zh, en = "联系人必须是个人类业务伙伴", "A contact must be a business partner of category person"
        raise bad(zh, en, "BusinessPartnerPerson", "R1/201")
    contact["RelationshipNumber"] = contact.get("RelationshipNumber") or str(book.shelf.number("relation"))
    contact["ValidityEndDate"] = contact.get("ValidityEndDate") or "9999-12-31"
    contact["RelationshipCategory"] = "BUR001"


def _unique(doc: Row, nav: str, name: str) -> None:
    seen = [row.get(name) for row in doc.get(nav) or ()]
    if len(seen) != len(set(seen)) or not all(seen):
        zh, en = f"{name} 为空或重复", f"{name} is empty or there twice"
        raise bad(zh, en, name, "R1/110")
