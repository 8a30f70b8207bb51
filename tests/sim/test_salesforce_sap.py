"""From the account in Salesforce to the cleared invoice in SAP and back, while both systems and their lines fail."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from trading import Trade, money

from hefu.engine import worker
from hefu.sandbox.salesforce.org import STANDARD_BOOK
from hefu.sim.demo_project import SALESFORCE_SAP

PARTNER, ORDER = "A_BusinessPartner", "A_SalesOrder"
DELIVERY, BILL = "A_OutbDeliveryHeader", "A_BillingDocument"


class Two(Trade):
    """Salesforce and SAP."""

    order_object = "Order"

    def act(self, obj: str, number: str, *actions: str) -> None:
        """A person in SAP takes steps."""
        for action in actions:
            self.erp.edit(obj, number, {"action": action})

    def next(self, obj: str, number: str, action: str, target: str) -> str:
        """A person in SAP makes the next document out of this one."""
        self.act(obj, number, action)
        return self.newest(target)[0]

    def sold(self) -> str:
        """Products in SAP, a customer and an activated order in Salesforce; the order's id."""
        for number, name in (("M1", "轴承"), ("M2", "电机")):
            text = [{"Language": "ZH", "ProductDescription": name}]
            self.erp.create("A_Product", {"Product": number, "BaseUnit": "PC", "to_Description": text})
        customer = {"Name": "上海恒达机械有限公司", "Type": "Customer - Direct", "Phone": "19900000001"}
        account = self.crm.create("Account", customer)
        self.cycle()
        order = self.crm.create("Order", {"AccountId": account, "EffectiveDate": "2026-10-01", "Status": "Draft"})
        products = sorted(str(c["id"]) for c in self.crm.changes(50) if c["object"] == "Product2")
        for product, quantity, price in zip(products, (10, 4), (12.5, 99.99), strict=True):
            book = {"Pricebook2Id": STANDARD_BOOK, "Product2Id": product, "UnitPrice": 1, "IsActive": True}
            entry = self.crm.create("PricebookEntry", book)
            line = {"PricebookEntryId": entry, "Quantity": quantity, "UnitPrice": price}
            self.crm.create("OrderItem", {"OrderId": order, **line})
        self.cycle()
        assert self.made(ORDER) == set(), "a draft is nothing to deliver yet"
        self.crm.edit("Order", order, {"Status": "Activated"})
        return order

    def look_at_everything(self) -> None:
        """The full look of the flow that follows documents: a payment moves no stamp in SAP."""
        worker.cycle(self.hub, self.project.flows["progress"], full=True, guarded=False)
        self.cycle()


@pytest.fixture
def two(tmp_path: Path) -> Iterator[Two]:
    with Two.between(SALESFORCE_SAP, tmp_path) as made:
        yield made


def test_from_order_to_money_and_back_though_everything_fails_in_between(two: Two) -> None:
    order = two.sold()
    two.erp.fault("csrf")
    two.erp.fault("lost", method="POST", path="/sap/opu/odata/sap/API_SALES_ORDER_SRV/")
    two.erp.fault("refuse", status=429, seconds=20, skip=6)
    two.crm.fault("unavailable")
    two.until(lambda: two.order(order)["ERP_Order_No__c"])
    assert len(two.made(ORDER)) == 1, "the answer was lost, the order is there once"
    assert len(two.made(PARTNER)) == 1
    number, bill = two.newest(ORDER)
    assert two.order(order)["ERP_Order_No__c"] == number
    assert bill["TotalNetAmount"] == "524.96"
    assert [i["Material"] for i in bill["to_Item"]] == ["M1", "M2"]
    assert two.order(order)["ERP_Ship_Status__c"] == "未发货"
    assert two.writes() == (0, 0)

    two.crm.fault("session")
    delivery = two.next(ORDER, number, "deliver", DELIVERY)
    two.until(lambda: two.order(order)["ERP_Ship_Status__c"] == "拣货中")
    two.act(DELIVERY, delivery, "PickAllItems", "PostGoodsIssue")
    two.erp.fault("html", times=2)
    two.until(lambda: two.order(order)["ERP_Ship_Status__c"] == "已发货")
    invoice = two.next(DELIVERY, delivery, "bill", BILL)
    total = money(two.newest(BILL)[1]["TotalGrossAmount"])
    two.crm.fault("html", path="/services/data/")
    two.until(lambda: money(two.order(order)["ERP_Invoice_Amount__c"]) == total)
    assert money(two.order(order)["ERP_Paid_Amount__c"]) == 0
    two.act(BILL, invoice, "clear")
    two.crm.fault("lock")
    two.look_at_everything()
    two.until(lambda: money(two.order(order)["ERP_Paid_Amount__c"]) == total)
    assert two.writes() == (0, 0), "what agrees is left alone"
    assert len(two.made(ORDER)) == 1


def test_a_cancelled_bill_counts_no_more(two: Two) -> None:
    order = two.sold()
    two.cycle(2)
    number = two.order(order)["ERP_Order_No__c"]
    delivery = two.next(ORDER, number, "deliver", DELIVERY)
    two.act(DELIVERY, delivery, "PickAllItems", "PostGoodsIssue")
    invoice = two.next(DELIVERY, delivery, "bill", BILL)
    two.cycle(2)
    assert money(two.order(order)["ERP_Invoice_Amount__c"]) > 0
    two.act(BILL, invoice, "Cancel")
    two.cycle(2)
    assert money(two.order(order)["ERP_Invoice_Amount__c"]) == 0


def test_a_phone_goes_both_ways(two: Two) -> None:
    two.sold()
    account = next(str(c["id"]) for c in two.crm.changes(50) if c["object"] == "Account")
    partner, made = two.newest(PARTNER)
    assert made["to_Customer"]["to_CustomerSalesArea"], "a customer without a sales area could not order"
    two.crm.edit("Account", account, {"Phone": "19900000002"})
    two.cycle()
    address = two.newest(PARTNER)[1]["to_BusinessPartnerAddress"][0]
    assert [p["PhoneNumber"] for p in address["to_PhoneNumber"]] == ["199 0000 0002"]
    phones = [address["to_PhoneNumber"][0] | {"PhoneNumber": "021-55509999"}]
    two.erp.edit(PARTNER, partner, {"to_BusinessPartnerAddress": [address | {"to_PhoneNumber": phones}]})
    two.cycle()
    seen = two.crm.record("Account", account)
    assert seen is not None
    assert seen["Phone"] == "021 5550 9999"
    assert two.writes() == (0, 0)
