"""The sandbox of Salesforce, judged by simple-salesforce: a client that nobody here wrote."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import requests
from requests.adapters import HTTPAdapter
from simple_salesforce import Salesforce as Client
from simple_salesforce import SalesforceExpiredSession, SalesforceMalformedRequest, SalesforceResourceNotFound

from hefu.sandbox.salesforce import Salesforce
from hefu.sandbox.salesforce.oauth import CLIENT_ID, CLIENT_SECRET
from hefu.sandbox.server import Server

pytestmark = pytest.mark.judge("salesforce", "simple-salesforce")

HOST = "sandbox.my.salesforce.com"


class ToLoopback(HTTPAdapter):
    """The client insists on https: its calls are brought to the sandbox instead."""

    def __init__(self, url: str) -> None:
        super().__init__()
        self.url = url

    def send(self, request: requests.PreparedRequest, *args: Any, **words: Any) -> requests.Response:
        assert request.url is not None
        request.url = request.url.replace(f"https://{HOST}", self.url)
        return super().send(request, *args, **words)


@pytest.fixture(scope="module")
def served() -> Iterator[Server]:
    server = Server(Salesforce()).start()
    yield server
    server.stop()


@pytest.fixture(scope="module")
def sf(served: Server) -> Client:
    """Logged in with client credentials, as the client does it by itself."""
    session = requests.Session()
    session.mount("https://", ToLoopback(served.url))
    token = session.post(
        f"https://{HOST}/services/oauth2/token",
        data={"grant_type": "client_credentials", "client_id": CLIENT_ID, "client_secret": CLIENT_SECRET},
    ).json()["access_token"]
    return Client(instance=HOST, session_id=token, session=session, version="67.0")


def test_it_reads_every_account_across_pages(sf: Client, served: Server) -> None:
    found = sf.query_all("SELECT Id, Name, Owner.Name FROM Account ORDER BY SystemModstamp, Id")
    assert (found["totalSize"], len({r["Id"] for r in found["records"]})) == (2000, 2000)
    lines = list(sf.query_all_iter("SELECT Id, Order.Account.Name FROM OrderItem"))
    contacts = list(sf.query_all_iter("SELECT Id FROM Contact", include_deleted=True))
    assert isinstance(served.sandbox, Salesforce)
    assert len(lines) == served.sandbox.org.shelf.count("OrderItem")
    assert len(contacts) == served.sandbox.org.shelf.count("Contact")
    assert sf.api_usage["api-usage"].used >= 3


def test_it_describes_and_knows_the_limits(sf: Client) -> None:
    names = {f["name"] for f in sf.Account.describe()["fields"]}
    assert {"Name", "HubKey__c", "SystemModstamp"} <= names
    assert "Order" in {o["name"] for o in sf.describe()["sobjects"]}
    assert sf.limits()["DailyApiRequests"]["Max"] == 100_000
    assert sf.Account.metadata()["objectDescribe"]["keyPrefix"] == "001"


def test_it_creates_reads_upserts_and_deletes(sf: Client) -> None:
    made = sf.Account.create({"Name": "恒达", "HubKey__c": "S1"})
    assert made["success"] is True
    assert sf.Account.get_by_custom_id("HubKey__c", "S1")["Id"] == made["id"]
    assert sf.Account.upsert("HubKey__c/S1", {"Phone": "021-1"}) == 200
    assert sf.Account.upsert("HubKey__c/S2", {"Name": "新"}) == 201
    assert sf.Account.update(made["id"], {"Phone": "021-2"}) == 204
    assert sf.Account.get(made["id"])["Phone"] == "021-2"
    now = datetime.now(UTC)
    assert made["id"] in sf.Account.updated(now - timedelta(minutes=5), now + timedelta(minutes=5))["ids"]
    assert sf.Account.delete(made["id"]) == 204
    deleted = sf.Account.deleted(now - timedelta(minutes=5), now + timedelta(minutes=5))["deletedRecords"]
    assert made["id"] in [d["id"] for d in deleted]


def test_it_understands_what_is_refused(sf: Client) -> None:
    with pytest.raises(SalesforceMalformedRequest) as wrong:
        sf.Account.create({"Phone": "1"})
    assert wrong.value.content[0]["errorCode"] == "REQUIRED_FIELD_MISSING"
    with pytest.raises(SalesforceMalformedRequest):
        sf.query("SELECT Nothing FROM Account")
    with pytest.raises(SalesforceResourceNotFound):
        sf.Account.get("001gLa000zzzzzzAAA")


def test_it_saves_a_collection(sf: Client) -> None:
    records = [{"attributes": {"type": "Contact"}, "LastName": name} for name in ("王", "")]
    told = sf.restful("composite/sobjects", method="POST", json={"allOrNone": False, "records": records})
    assert [t["success"] for t in told] == [True, False]


def test_its_bulk_loader_writes_and_reads(sf: Client) -> None:
    rows = [{"HubKey__c": f"BULK{n}", "Name": f"批量{n}"} for n in range(5)] + [{"HubKey__c": "BULK9", "Name": ""}]
    told = sf.bulk2.Account.upsert(records=rows, external_id_field="HubKey__c", wait=0)
    assert [(t["numberRecordsProcessed"], t["numberRecordsFailed"]) for t in told] == [(6, 1)]
    assert "BULK9" in sf.bulk2.Account.get_failed_records(told[0]["job_id"])
    text = "SELECT Id, Name FROM Account WHERE HubKey__c LIKE 'BULK%'"
    pages = list(sf.bulk2.Account.query(text, max_records=2, wait=0))
    assert len(pages) == 3
    assert sum(page.count("批量") for page in pages) == 5


def test_an_expired_session_is_an_expired_session(sf: Client, served: Server) -> None:
    assert isinstance(served.sandbox, Salesforce)
    served.sandbox.api.sessions.end()
    with pytest.raises(SalesforceExpiredSession):
        sf.query("SELECT Id FROM Account LIMIT 1")
