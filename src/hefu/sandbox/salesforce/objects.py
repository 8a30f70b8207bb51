"""The sObjects of the org: the standard ones between CRM and ERP, with the custom fields that an integration adds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Field:
    """One field as describe tells it. `parent`: the object a reference points at, `path`: the name to walk it by."""

    name: str
    label: str
    type: str = "string"
    length: int = 0
    precision: int = 0
    scale: int = 0
    required: bool = False
    createable: bool = True
    updateable: bool = True
    unique: bool = False
    external: bool = False
    calculated: bool = False
    auto: bool = False
    picklist: tuple[str, ...] = ()
    restricted: bool = False
    default: Any = None
    parent: str = ""
    path: str = ""

    @property
    def custom(self) -> bool:
        """Whether the firm added it."""
        return self.name.endswith("__c")


@dataclass(frozen=True)
class SObject:
    """One object. `title`: the field that names a record to people."""

    name: str
    label: str
    prefix: str
    fields: tuple[Field, ...]
    title: str = "Name"
    writable: bool = True

    def field(self, name: str) -> Field | None:
        """By name, in any case, as SOQL allows."""
        return self.by_name().get(name.lower())

    def by_name(self) -> Mapping[str, Field]:
        """Lower-case name -> field."""
        return _BY_NAME[self.name]

    def walk(self, path: str) -> Field | None:
        """The reference that a relationship name walks."""
        return next((f for f in self.fields if f.path.lower() == path.lower() and f.path), None)


def _text(name: str, label: str, length: int = 255, **more: Any) -> Field:
    return Field(name, label, more.pop("type", "string"), length, **more)


def _money(name: str, label: str, **more: Any) -> Field:
    return Field(name, label, more.pop("type", "currency"), precision=18, scale=more.pop("scale", 2), **more)


def _to(name: str, label: str, parent: str, path: str, **more: Any) -> Field:
    return Field(name, label, "reference", 18, parent=parent, path=path, **more)


def _pick(name: str, label: str, values: Sequence[str], **more: Any) -> Field:
    return Field(name, label, "picklist", 255, picklist=tuple(values), **more)


def _address(part: str, label: str) -> tuple[Field, ...]:
    sizes = (("Street", "textarea", 255), ("City", "string", 40), ("State", "string", 80))
    more = (("PostalCode", "string", 20), ("Country", "string", 80))
    whole = Field(f"{part}Address", label, "address", createable=False, updateable=False, calculated=True)
    return (*(Field(f"{part}{n}", f"{label} {n}", t, length) for n, t, length in (*sizes, *more)), whole)


_KEY = _text("HubKey__c", "Hub Key", 80, unique=True, external=True)
_ERP_STATUS = (
    _text("ERP_Order_No__c", "ERP Order No", 40),
    _text("ERP_Ship_Status__c", "ERP Ship Status", 40),
    _money("ERP_Invoice_Amount__c", "ERP Invoice Amount"),
    _money("ERP_Paid_Amount__c", "ERP Paid Amount"),
)
_ID = Field("Id", "Record ID", "id", 18, createable=False, updateable=False)


def _read(name: str, label: str, type_: str, **more: Any) -> Field:
    return Field(name, label, type_, createable=False, updateable=False, **more)


_SYSTEM = (
    _read("IsDeleted", "Deleted", "boolean"),
    _read("CreatedDate", "Created Date", "datetime"),
    _read("CreatedById", "Created By ID", "reference", length=18, parent="User", path="CreatedBy"),
    _read("LastModifiedDate", "Last Modified Date", "datetime"),
    _read("LastModifiedById", "Last Modified By ID", "reference", length=18, parent="User", path="LastModifiedBy"),
    _read("SystemModstamp", "System Modstamp", "datetime"),
)


def _merged(name: str) -> Field:
    """A merge leaves the loser deleted, and this pointing at the winner."""
    return _read("MasterRecordId", "Master Record ID", "reference", length=18, parent=name, path="MasterRecord")


_OWNER = _to("OwnerId", "Owner ID", "User", "Owner")
STAGES = {
    "Prospecting": (10, False, False, "Pipeline"),
    "Qualification": (20, False, False, "Pipeline"),
    "Proposal/Price Quote": (60, False, False, "BestCase"),
    "Negotiation/Review": (80, False, False, "Commit"),
    "Closed Won": (100, True, True, "Closed"),
    "Closed Lost": (0, True, False, "Omitted"),
}
"""Stage -> (probability, closed, won, forecast category)."""
INDUSTRIES = ("机械制造", "电子", "电气设备", "新能源", "环保", "建材", "化工", "医药", "食品", "包装", "纺织")
UNITS = ("PCS", "SET", "BOX", "KG", "M", "L", "ROLL", "T")


def _object(name: str, label: str, prefix: str, *fields: Field, title: str = "Name", owned: bool = True) -> SObject:
    return SObject(name, label, prefix, (_ID, *fields, *((_OWNER,) if owned else ()), *_SYSTEM), title)


_LINE = (
    _to("PricebookEntryId", "Price Book Entry ID", "PricebookEntry", "PricebookEntry"),
    _to("Product2Id", "Product ID", "Product2", "Product2", updateable=False),
    Field("Quantity", "Quantity", "double", precision=12, scale=2, required=True),
    _money("UnitPrice", "Sales Price"),
    _money("TotalPrice", "Total Price"),
    Field("ServiceDate", "Date", "date"),
    _text("Description", "Line Description", 255),
    _KEY,
)

OBJECTS: dict[str, SObject] = {
    made.name: made
    for made in (
        _object(
            "Account",
            "客户",
            "001",
            _text("Name", "客户名称", 255, required=True),
            _text("AccountNumber", "Account Number", 40),
            _pick("Type", "Account Type", ("Prospect", "Customer - Direct", "Customer - Channel", "Other")),
            _pick("Industry", "Industry", INDUSTRIES),
            _text("Phone", "Phone", 40, type="phone"),
            _text("Fax", "Fax", 40, type="phone"),
            _text("Website", "Website", 255, type="url"),
            *_address("Billing", "Billing Address"),
            *_address("Shipping", "Shipping Address"),
            _to("ParentId", "Parent Account ID", "Account", "Parent"),
            _money("AnnualRevenue", "Annual Revenue", scale=0),
            Field("NumberOfEmployees", "Employees", "int", precision=8),
            _pick("AccountSource", "Account Source", ("Web", "Phone Inquiry", "Partner Referral", "Other")),
            _pick("Rating", "Rating", ("Hot", "Warm", "Cold"), restricted=True),
            _text("Site", "Account Site", 80),
            _text("Description", "Description", 32000, type="textarea"),
            _text("Credit_Code__c", "统一社会信用代码", 40),
            _text("ERP_Code__c", "ERP Code", 40),
            _text("Email__c", "Email", 80, type="email"),
            _KEY,
            _merged("Account"),
        ),
        _object(
            "Contact",
            "联系人",
            "003",
            _text("LastName", "Last Name", 80, required=True),
            _text("FirstName", "First Name", 40),
            _text("Name", "Full Name", 121, createable=False, updateable=False, calculated=True),
            _to("AccountId", "Account ID", "Account", "Account"),
            _text("Email", "Email", 80, type="email"),
            _text("Phone", "Business Phone", 40, type="phone"),
            _text("MobilePhone", "Mobile Phone", 40, type="phone"),
            _text("Title", "Title", 128),
            _text("Department", "Department", 80),
            *_address("Mailing", "Mailing Address"),
            _KEY,
            _merged("Contact"),
        ),
        _object(
            "Product2",
            "产品",
            "01t",
            _text("Name", "Product Name", 255, required=True),
            _text("ProductCode", "Product Code", 255),
            _text("StockKeepingUnit", "Product SKU", 180),
            Field("IsActive", "Active", "boolean", default=False),
            _pick("Family", "Product Family", ()),
            _text("Description", "Product Description", 4000, type="textarea"),
            _pick("QuantityUnitOfMeasure", "Quantity Unit Of Measure", UNITS),
            _KEY,
            owned=False,
        ),
        _object(
            "Pricebook2",
            "价格手册",
            "01s",
            _text("Name", "Price Book Name", 255, required=True),
            Field("IsActive", "Active", "boolean", default=False),
            _read("IsStandard", "Is Standard Price Book", "boolean", default=False),
            _text("Description", "Description", 255),
            _KEY,
            owned=False,
        ),
        _object(
            "PricebookEntry",
            "价格手册条目",
            "01u",
            _text("Name", "Product Name", 255, createable=False, updateable=False, calculated=True),
            _text("ProductCode", "Product Code", 255, createable=False, updateable=False, calculated=True),
            _to("Pricebook2Id", "Price Book ID", "Pricebook2", "Pricebook2", required=True, updateable=False),
            _to("Product2Id", "Product ID", "Product2", "Product2", required=True, updateable=False),
            _money("UnitPrice", "List Price", required=True),
            Field("IsActive", "Active", "boolean", default=False),
            Field("UseStandardPrice", "Use Standard Price", "boolean", default=False),
            owned=False,
        ),
        _object(
            "Opportunity",
            "业务机会",
            "006",
            _text("Name", "Name", 120, required=True),
            _to("AccountId", "Account ID", "Account", "Account"),
            _pick("StageName", "Stage", tuple(STAGES), required=True),
            Field("CloseDate", "Close Date", "date", required=True),
            _money("Amount", "Amount"),
            Field("Probability", "Probability (%)", "percent", precision=3),
            _read("IsClosed", "Closed", "boolean"),
            _read("IsWon", "Won", "boolean"),
            _pick("ForecastCategoryName", "Forecast Category", ("Pipeline", "BestCase", "Commit", "Omitted", "Closed")),
            _read("HasOpportunityLineItem", "Has Line Item", "boolean", default=False),
            _to("Pricebook2Id", "Price Book ID", "Pricebook2", "Pricebook2"),
            _pick("Type", "Opportunity Type", ("Existing Business", "New Business")),
            _text("Description", "Description", 32000, type="textarea"),
            *_ERP_STATUS,
            _KEY,
        ),
        _object(
            "OpportunityLineItem",
            "业务机会产品",
            "00k",
            _to("OpportunityId", "Opportunity ID", "Opportunity", "Opportunity", required=True, updateable=False),
            *_LINE,
            Field("Discount", "Discount", "percent", precision=5, scale=2),
            _text("Name", "Name", 376, createable=False, updateable=False, calculated=True),
            _text("ProductCode", "Product Code", 255, createable=False, updateable=False, calculated=True),
            owned=False,
        ),
        _object(
            "Contract",
            "合同",
            "800",
            _text("ContractNumber", "Contract Number", 30, createable=False, updateable=False, auto=True),
            _to("AccountId", "Account ID", "Account", "Account", required=True),
            Field("StartDate", "Contract Start Date", "date"),
            Field("ContractTerm", "Contract Term", "int", precision=4),
            _pick("Status", "Status", ("Draft", "In Approval Process", "Activated"), default="Draft", restricted=True),
            _text("Description", "Description", 32000, type="textarea"),
            _KEY,
            title="ContractNumber",
        ),
        _object(
            "Order",
            "订单",
            "801",
            _text("OrderNumber", "Order Number", 30, createable=False, updateable=False, auto=True),
            _to("AccountId", "Account ID", "Account", "Account", required=True),
            Field("EffectiveDate", "Order Start Date", "date", required=True),
            Field("EndDate", "Order End Date", "date"),
            _pick("Status", "Status", ("Draft", "Activated"), required=True, restricted=True),
            _read("StatusCode", "Status Category", "picklist", length=255),
            _to("Pricebook2Id", "Price Book ID", "Pricebook2", "Pricebook2"),
            _to("ContractId", "Contract ID", "Contract", "Contract"),
            _to("OpportunityId", "Opportunity ID", "Opportunity", "Opportunity"),
            _text("PoNumber", "PO Number", 80),
            _text("OrderReferenceNumber", "Order Reference Number", 80),
            _money("TotalAmount", "Order Amount", createable=False, updateable=False, calculated=True),
            _to("BillToContactId", "Bill To Contact ID", "Contact", "BillToContact"),
            *_address("Shipping", "Shipping Address"),
            _text("Description", "Description", 32000, type="textarea"),
            *_ERP_STATUS,
            _KEY,
            title="OrderNumber",
        ),
        _object(
            "OrderItem",
            "订单产品",
            "802",
            _to("OrderId", "Order ID", "Order", "Order", required=True, updateable=False),
            *_LINE,
            Field("EndDate", "End Date", "date"),
            _read("AvailableQuantity", "Available Quantity", "double", precision=12, scale=2),
            owned=False,
            title="Description",
        ),
        SObject(
            "User",
            "用户",
            "005",
            (
                _ID,
                _text("Name", "Full Name", 121),
                _text("Username", "Username", 80),
                _text("Email", "Email", 80, type="email"),
                Field("IsActive", "Active", "boolean"),
                *_SYSTEM[1:],
            ),
            writable=False,
        ),
    )
}
_BY_NAME = {name: {f.name.lower(): f for f in made.fields} for name, made in OBJECTS.items()}
CHILDREN: Mapping[str, tuple[tuple[str, str, str], ...]] = {  # (object, its reference to here, relationship)
    "Account": (
        ("Contact", "AccountId", "Contacts"),
        ("Opportunity", "AccountId", "Opportunities"),
        ("Contract", "AccountId", "Contracts"),
        ("Order", "AccountId", "Orders"),
        ("Account", "ParentId", "ChildAccounts"),
    ),
    "Opportunity": (
        ("OpportunityLineItem", "OpportunityId", "OpportunityLineItems"),
        ("Order", "OpportunityId", "Orders"),
    ),
    "Order": (("OrderItem", "OrderId", "OrderItems"),),
    "Contract": (("Order", "ContractId", "Orders"),),
    "Product2": (("PricebookEntry", "Product2Id", "PricebookEntries"),),
    "Pricebook2": (("PricebookEntry", "Pricebook2Id", "PricebookEntries"),),
}
_NAMES = {name.lower(): name for name in OBJECTS}


def object_named(name: str) -> SObject | None:
    """By name, in any case."""
    found = _NAMES.get(name.lower())
    return OBJECTS[found] if found else None


def object_of(record_id: str) -> SObject | None:
    """By the prefix of a record's id."""
    return next((o for o in OBJECTS.values() if record_id.startswith(o.prefix)), None)
