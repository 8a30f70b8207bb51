"""Kingdee's connector keeps its promises, against the running sandbox: customers, and orders with their lines."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from kingdee_lines import Works
from vendor_bench import served

from hefu.core.records import Write
from hefu.sim.conformance import Conformance, Rig

CUSTOMER, ORDER = "BD_Customer", "SAL_SaleOrder"


@pytest.fixture
def works() -> Iterator[Works]:
    with served(Works("M1")) as made:
        yield made


class TestKingdee(Conformance):
    @pytest.fixture
    def rig(self, works: Works) -> Rig:
        def customer(n: int) -> dict[str, Any]:
            return {"FNumber": f"HUB{n:06d}", "FName": f"示例客户{n}", "FShortName": f"客户{n}", "FTEL": f"021-{n:08d}"}

        return works.rig(
            CUSTOMER,
            customer,
            {"FShortName": "改过", "FTEL": "010-1"},
            bad={"FTRADINGCURRID": "NO-SUCH"},
            large=40,
            against="sandbox",
        )


class TestKingdeeOrders(Conformance):
    @pytest.fixture
    def rig(self, works: Works) -> Rig:
        kingdee = works.line()
        [buyer] = kingdee.search(CUSTOMER, {"FNumber": "C1"})
        [goods] = kingdee.search("BD_MATERIAL", {"FNumber": "M1"})

        def order(n: int) -> dict[str, Any]:
            price = {"FUnitID": "PCS", "FTaxPrice": Decimal("11.3"), "FEntryTaxRate": Decimal(13)}
            lines = [{"key": f"{n}-{k}", "FMaterialId": goods.id, "FQty": Decimal(k + 1), **price} for k in range(2)]
            head = {"FBillNo": f"SO{n:06d}", "FDate": date(2026, 3, 1), "FCustId": buyer.id}
            return {**head, "FNote": f"订单{n}", "lines": lines}

        rig = works.rig(
            ORDER,
            order,
            {"FNote": "改过"},
            bad={"FCustId": None},
            burst=None,  # as the connector writes them, with lines
            late=None,
            large=12,
            bypass={
                "steps_obey_their_states": "an order with documents behind it can be neither re-opened nor closed by "
                "itself: test_kingdee_chain.py takes every step in its order",
            },
            against="sandbox",
        )
        rig.connector.write(ORDER, [Write(None, order(0))])  # learns the numbers behind ids: a fault meets the save
        return rig
