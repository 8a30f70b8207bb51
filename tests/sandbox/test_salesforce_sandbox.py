"""The sandbox of Salesforce keeps the org's manners: sessions, SOQL, keys, collections, composites, locks, merges."""

from __future__ import annotations

import csv
import http.client
import io
import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any
from urllib.parse import quote, urlencode

import pytest

from hefu.sandbox.hands import Hands, Reply, call
from hefu.sandbox.salesforce import Salesforce
from hefu.sandbox.salesforce.ids import make, whole
from hefu.sandbox.salesforce.oauth import CLIENT_ID, CLIENT_SECRET, REFRESH_TOKEN
from hefu.sandbox.server import Server

BASE = "/services/data/v67.0"


class Client:
    """A client that got in with client credentials."""

    def __init__(self, url: str) -> None:
        self.url, self.hands, self.token = url, Hands(url), ""
        self.login()

    def grant(self, **given: str) -> Reply:
        form = {"Content-Type": "application/x-www-form-urlencoded"}
        return call("POST", f"{self.url}/services/oauth2/token", urlencode(given).encode(), form)

    def login(self) -> dict[str, Any]:
        told = self.grant(grant_type="client_credentials", client_id=CLIENT_ID, client_secret=CLIENT_SECRET).json
        self.token = told["access_token"]
        return dict(told)

    def __call__(self, method: str, path: str, given: object = None, /, **headers: str) -> Reply:
        extra = {name.replace("_", "-"): value for name, value in headers.items()}
        path = path if path.startswith("/services") else f"{BASE}/{path}"
        return call(method, self.url + path, given, {"Authorization": f"Bearer {self.token}", **extra})

    def ok(self, method: str, path: str, given: object = None, /, **headers: str) -> Any:
        reply = self(method, path, given, **headers)
        assert reply.status < 300, (reply.status, reply.body.decode())
        return reply.json

    def refused(self, method: str, path: str, given: object = None, /, **headers: str) -> tuple[int, str]:
        reply = self(method, path, given, **headers)
        assert reply.status >= 300, reply.body.decode()
        return reply.status, reply.json[0]["errorCode"]

    def new(self, obj: str = "Account", **values: Any) -> str:
        return str(self.ok("POST", f"sobjects/{obj}", values or {"Name": "甲公司"})["id"])

    def row(self, obj: str, record_id: str) -> dict[str, Any]:
        return dict(self.ok("GET", f"sobjects/{obj}/{record_id}"))

    def query(self, text: str, kind: str = "query") -> dict[str, Any]:
        return dict(self.ok("GET", f"{kind}?q={quote(text)}"))

    def names(self, where: str) -> list[str]:
        return [r["Name"] for r in self.query(f"SELECT Name FROM Account WHERE {where}")["records"]]


@pytest.fixture(scope="module")
def served() -> Iterator[Server]:
    server = Server(Salesforce(empty=True)).start()
    yield server
    server.stop()


@pytest.fixture
def sf(served: Server) -> Iterator[Client]:
    client = Client(served.url)
    client.hands.reset()
    yield client
    client.hands.settings(
        clock_offset=0, session_seconds=7200, calls=100_000, calls_used=0, duplicates="", hidden=[], rotate=0
    )
    client.hands.reset()


# ------------------------------------------------------------------------- oauth


def test_client_credentials_open_a_session_without_a_lifetime(sf: Client) -> None:
    told = sf.login()
    assert told["instance_url"] == sf.url
    assert told["issued_at"].isdecimal()
    assert "expires_in" not in told
    assert "refresh_token" not in told
    wrong = sf.grant(grant_type="client_credentials", client_id=CLIENT_ID, client_secret="no")
    assert (wrong.status, wrong.json["error"]) == (400, "invalid_client")
    wrong = sf.grant(grant_type="client_credentials", client_id="no", client_secret=CLIENT_SECRET)
    assert wrong.json["error"] == "invalid_client_id"
    assert sf.grant(grant_type="password").json["error"] == "unsupported_grant_type"


def test_a_session_ends_without_a_word(sf: Client) -> None:
    sf.hands.settings(session_seconds=60)
    sf.login()
    assert sf("GET", "limits").status == 200
    sf.hands.settings(clock_offset=61)
    reply = sf("GET", "limits")
    assert (reply.status, reply.json[0]["errorCode"]) == (401, "INVALID_SESSION_ID")
    sf.login()
    sf.hands.fault("session", skip=1)
    assert sf("GET", "limits").status == 200
    assert sf.refused("GET", "limits") == (401, "INVALID_SESSION_ID")
    assert sf.refused("GET", "limits") == (401, "INVALID_SESSION_ID"), "until there is a new one"


def test_a_refresh_token_may_rotate(sf: Client) -> None:
    def refresh(token: str) -> Reply:
        return sf.grant(
            grant_type="refresh_token", refresh_token=token, client_id=CLIENT_ID, client_secret=CLIENT_SECRET
        )

    assert "refresh_token" not in refresh(REFRESH_TOKEN).json
    sf.hands.settings(rotate=1)
    fresh = refresh(REFRESH_TOKEN).json["refresh_token"]
    assert refresh(REFRESH_TOKEN).json["error"] == "invalid_grant"
    assert refresh(fresh).status == 200


def test_a_signed_jwt_opens_a_session_and_a_bad_one_does_not(sf: Client) -> None:
    import base64

    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import padding, rsa

    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    public = key.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    sf.hands.settings(certificate=public.decode())

    def based(data: object) -> str:
        raw = data if isinstance(data, bytes) else json.dumps(data).encode()
        return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()

    def assertion(**claims: Any) -> Reply:
        soon = int(datetime.now(UTC).timestamp()) + 180
        told = {"iss": CLIENT_ID, "sub": "user1@sandbox.example.com", "aud": sf.url, "exp": soon, **claims}
        text = f"{based({'alg': 'RS256'})}.{based(told)}"
        signed = key.sign(text.encode(), padding.PKCS1v15(), hashes.SHA256())
        return sf.grant(grant_type="urn:ietf:params:oauth:grant-type:jwt-bearer", assertion=f"{text}.{based(signed)}")

    assert assertion().json["token_type"] == "Bearer"
    assert assertion(sub="stranger@example.com").json["error_description"].startswith("user hasn't approved")
    assert assertion(exp=1).json["error"] == "invalid_grant"
    assert assertion(aud="https://example.com").json["error_description"] == "audience is invalid"
    sf.hands.settings(certificate="")
    assert assertion().json["error"] == "invalid_grant"


def test_every_answer_says_how_many_calls_are_gone_and_the_last_one_is_refused(sf: Client) -> None:
    sf.hands.settings(calls=2, calls_used=0)
    assert sf("GET", "limits").headers["sforce-limit-info"] == "api-usage=1/2"
    assert sf.ok("GET", "limits")["DailyApiRequests"] == {"Max": 2, "Remaining": 0}
    assert sf.refused("GET", "limits") == (403, "REQUEST_LIMIT_EXCEEDED")


# ---------------------------------------------------------------------- describe


def test_describe_tells_the_fields_and_the_rights(sf: Client) -> None:
    assert {"Account", "Order", "OrderItem"} <= {o["name"] for o in sf.ok("GET", "sobjects")["sobjects"]}
    told = sf.ok("GET", "sobjects/Account/describe/")
    fields = {f["name"]: f for f in told["fields"]}
    assert (fields["HubKey__c"]["externalId"], fields["HubKey__c"]["unique"]) == (True, True)
    assert fields["ParentId"]["referenceTo"] == ["Account"]
    assert fields["BillingCity"]["compoundFieldName"] == "BillingAddress"
    assert fields["Name"]["nillable"] is False
    sf.hands.settings(hidden=["Account.Phone"])
    assert "Phone" not in {f["name"] for f in sf.ok("GET", "sobjects/Account/describe")["fields"]}
    assert sf.refused("POST", "sobjects/Account", {"Name": "x", "Phone": "1"}) == (400, "INVALID_FIELD")
    assert sf.refused("GET", "query?q=" + quote("SELECT Phone FROM Account")) == (400, "INVALID_FIELD")
    assert sf.refused("GET", "sobjects/Nothing/describe") == (404, "NOT_FOUND")


# ----------------------------------------------------------------------- records


def test_ids_carry_their_case_in_the_last_three_characters() -> None:
    assert whole("001D000000IRFma") == "001D000000IRFmaIAH"
    made = make("001", 61)
    assert (len(made), whole(made[:15]), whole(made)) == (18, made, made)
    with pytest.raises(ValueError, match="short"):
        whole("short")


def test_a_record_is_made_read_changed_and_deleted_softly(sf: Client) -> None:
    reply = sf("POST", "sobjects/Account", {"Name": "  上海恒达  ", "Phone": "", "BillingCity": "上海"})
    assert (reply.status, reply.json["success"]) == (201, True)
    made = reply.json["id"]
    row = sf.row("Account", made[:15])
    assert (row["Id"], row["Name"], row["Phone"]) == (made, "上海恒达", None)
    assert row["BillingAddress"]["city"] == "上海"
    assert row["CreatedDate"].endswith(".000+0000")
    assert sf("PATCH", f"sobjects/Account/{made}", {"Phone": "021-1"}).status == 204
    assert (sf.row("Account", made)["Phone"], sf.row("Account", made)["Name"]) == ("021-1", "上海恒达")
    assert sf("DELETE", f"sobjects/Account/{made}").status == 204
    assert sf.refused("GET", f"sobjects/Account/{made}") == (404, "ENTITY_IS_DELETED")
    text = f"SELECT Id, IsDeleted FROM Account WHERE Id = '{made}'"
    assert sf.query(text)["totalSize"] == 0
    assert sf.query(text, "queryAll")["records"][0]["IsDeleted"] is True
    sf.hands.edit("Account", made, {"$undelete": True})
    assert sf.query(text)["totalSize"] == 1


@pytest.mark.parametrize(
    ("obj", "given", "code"),
    [
        ("Account", {}, "REQUIRED_FIELD_MISSING"),
        ("Account", {"Name": "x" * 256}, "STRING_TOO_LONG"),
        ("Account", {"Name": "x", "Colour": "red"}, "INVALID_FIELD"),
        ("Account", {"Name": "x", "CreatedDate": "2026-01-01T00:00:00Z"}, "INVALID_FIELD_FOR_INSERT_UPDATE"),
        ("Account", {"Name": "x", "Rating": "Boiling"}, "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST"),
        ("Account", {"Name": "x", "ParentId": "nonsense"}, "MALFORMED_ID"),
        ("Account", {"Name": "x", "ParentId": "001gLa000zzzzzzAAA"}, "INVALID_CROSS_REFERENCE_KEY"),
        ("Account", {"Name": "x", "NumberOfEmployees": 10**9}, "NUMBER_OUTSIDE_VALID_RANGE"),
        ("Account", {"Name": "x", "Email__c": "nobody"}, "INVALID_EMAIL_ADDRESS"),
        ("Account", {"Name": ["x"]}, "JSON_PARSER_ERROR"),
        ("Opportunity", {"Name": "x", "StageName": "Prospecting"}, "REQUIRED_FIELD_MISSING"),
        ("Contract", {"AccountId": None}, "REQUIRED_FIELD_MISSING"),
        ("User", {"Name": "x"}, "INSUFFICIENT_ACCESS_OR_READONLY"),
    ],
)
def test_a_wrong_record_is_refused_by_name(sf: Client, obj: str, given: dict[str, Any], code: str) -> None:
    before = sf.query("SELECT COUNT() FROM Account")["totalSize"]
    assert sf.refused("POST", f"sobjects/{obj}", given) == (400, code)
    assert sf.query("SELECT COUNT() FROM Account")["totalSize"] == before


def test_an_upsert_makes_once_and_changes_then(sf: Client) -> None:
    first = sf("PATCH", "sobjects/Account/HubKey__c/K%2F1", {"Name": "键"})
    assert (first.status, first.json["created"]) == (201, True)
    again = sf("PATCH", "sobjects/Account/HubKey__c/K%2F1", {"Phone": "2"})
    assert (again.status, again.json["created"], again.json["id"]) == (200, False, first.json["id"])
    assert sf.ok("GET", "sobjects/Account/HubKey__c/K%2F1")["Phone"] == "2"
    assert sf.refused("PATCH", "sobjects/Account/HubKey__c/K2", {"Name": "x", "HubKey__c": "K2"})[1] == "INVALID_FIELD"
    assert sf.refused("POST", "sobjects/Account", {"Name": "x", "HubKey__c": "K/1"}) == (400, "DUPLICATE_VALUE")
    assert sf.refused("GET", "sobjects/Account/HubKey__c/none") == (404, "NOT_FOUND")
    assert sf.refused("PATCH", "sobjects/Account/Phone/1", {"Name": "x"}) == (404, "NOT_FOUND")


def test_a_parent_may_be_named_by_its_key(sf: Client) -> None:
    parent = sf.ok("PATCH", "sobjects/Account/HubKey__c/P1", {"Name": "父"})["id"]
    made = sf.new("Contact", LastName="王", FirstName="芳", Account={"HubKey__c": "P1"})
    row = sf.row("Contact", made)
    assert (row["AccountId"], row["Name"]) == (parent, "王芳")
    assert sf.refused("POST", "sobjects/Contact", {"LastName": "x", "Account": {"HubKey__c": "P9"}})[0] == 400


def test_a_record_changed_since_is_refused_when_asked(sf: Client) -> None:
    made = sf.new()
    changed = datetime.strptime(sf.row("Account", made)["SystemModstamp"], "%Y-%m-%dT%H:%M:%S.000%z")
    early, late = (format_datetime(changed + timedelta(seconds=s), usegmt=True) for s in (-1, 0))
    path = f"sobjects/Account/{made}"
    assert sf.refused("PATCH", path, {"Phone": "1"}, If_Unmodified_Since=early) == (412, "PRECONDITION_FAILED")
    assert sf("PATCH", path, {"Phone": "1"}, If_Unmodified_Since=late).status == 204


def test_the_loser_of_a_merge_points_at_the_winner(sf: Client) -> None:
    winner, loser = sf.new(Name="胜"), sf.new(Name="负")
    contact = sf.new("Contact", LastName="李", AccountId=loser)
    sf.hands.edit("Account", winner, {"$merge": loser})
    text = f"SELECT Id, MasterRecordId FROM Account WHERE IsDeleted = true AND Id = '{loser}'"
    assert sf.query(text, "queryAll")["records"][0]["MasterRecordId"] == winner
    assert sf.row("Contact", contact)["AccountId"] == winner
    assert sf.refused("PATCH", f"sobjects/Account/{loser}", {"Phone": "1"}) == (404, "ENTITY_IS_DELETED")


def test_what_changed_and_what_was_deleted_within_a_window(sf: Client) -> None:
    kept, gone = sf.new(), sf.new()
    sf("DELETE", f"sobjects/Account/{gone}")
    now = datetime.now(UTC)
    window = urlencode({"start": (now - timedelta(hours=1)).isoformat(), "end": (now + timedelta(hours=1)).isoformat()})
    updated = sf.ok("GET", f"sobjects/Account/updated/?{window}")
    assert kept in updated["ids"]
    assert gone not in updated["ids"]
    deleted = sf.ok("GET", f"sobjects/Account/deleted?{window}")
    assert gone in [d["id"] for d in deleted["deletedRecords"]]
    assert {"earliestDateAvailable", "latestDateCovered"} <= set(deleted)
    back = urlencode({"start": now.isoformat(), "end": (now - timedelta(hours=1)).isoformat()})
    assert sf.refused("GET", f"sobjects/Account/updated?{back}") == (400, "INVALID_REPLICATION_DATE")


# -------------------------------------------------------------------------- soql


def test_the_conditions_of_a_query(sf: Client) -> None:
    tag = "条件"
    sf.new(Name="条件甲", Phone="1", NumberOfEmployees=10, Description=tag)
    sf.new(Name="条件乙", Phone="2", NumberOfEmployees=20, Description=tag)
    sf.new(Name="O'Brien 50%", NumberOfEmployees=30, Description=tag)
    mine = f"Description = '{tag}' AND"
    assert sf.names(f"{mine} Name = '条件甲'") == ["条件甲"]
    assert sf.names(f"{mine} name != '条件甲' ORDER BY Name DESC") == ["条件乙", "O'Brien 50%"]
    assert sf.names(f"{mine} Name = 'o\\'brien 50%'") == ["O'Brien 50%"], "texts are equal in any case"
    assert sf.names(f"{mine} Name LIKE '%50\\%'") == ["O'Brien 50%"]
    assert sf.names(f"{mine} Name LIKE '条件_'") == ["条件甲", "条件乙"]
    assert sf.names(f"{mine} Phone IN ('1', '2') AND NumberOfEmployees > 10") == ["条件乙"]
    assert sf.names(f"{mine} Phone NOT IN ('1', '2')") == ["O'Brien 50%"], "nothing is not in a list"
    assert sf.names(f"{mine} Phone = null") == ["O'Brien 50%"]
    assert sf.names(f"{mine} (Phone = '1' OR NumberOfEmployees >= 30)") == ["条件甲", "O'Brien 50%"]
    assert sf.names(f"{mine} NOT (Phone != null)") == ["O'Brien 50%"]
    assert sf.names(f"{mine} CreatedDate = TODAY ORDER BY NumberOfEmployees LIMIT 1 OFFSET 1") == ["条件乙"]
    assert sf.names(f"{mine} CreatedDate < LAST_N_DAYS:2") == []
    soon = (datetime.now(UTC) + timedelta(hours=1)).strftime("%Y-%m-%dT%H:%M:%SZ")
    assert len(sf.names(f"{mine} SystemModstamp < {soon} AND SystemModstamp >= 2020-01-01T00:00:00+08:00")) == 3


def test_columns_walk_relationships_both_ways(sf: Client) -> None:
    parent = sf.new(Name="总公司")
    child = sf.new(Name="分公司", ParentId=parent)
    sf.new("Contact", LastName="赵", AccountId=child)
    lonely = sf.new("Contact", LastName="孤")
    where = f"AccountId = '{child}' OR Id = '{lonely}'"
    told = sf.query(f"SELECT Name, Account.Parent.Name, Account.Name, Owner.Name FROM Contact WHERE {where}")
    first, second = told["records"]
    assert first["Account"]["Parent"]["Name"] == "总公司"
    assert first["Account"]["attributes"]["url"] == f"{BASE}/sobjects/Account/{child}"
    assert (first["Owner"]["Name"], second["Account"]) == ("集成用户", None)
    told = sf.query(f"SELECT Id, (SELECT LastName FROM Contacts) FROM Account WHERE Id IN ('{child}', '{parent}')")
    inside = {r["Id"]: r["Contacts"] for r in told["records"]}
    assert inside[parent] is None
    assert [c["LastName"] for c in inside[child]["records"]] == ["赵"]
    assert sf.query("SELECT FIELDS(ALL) FROM Account LIMIT 1")["records"][0]["Name"]


def test_ids_are_ordered_as_they_are_compared(sf: Client) -> None:
    account = sf.new()
    records = [{"attributes": {"type": "Contract"}, "AccountId": account} for n in range(80)]
    made = [t["id"] for t in sf.ok("POST", "composite/sobjects", {"records": records})]
    where, seen = f"AccountId = '{account}'", list[str]()
    while True:
        after = f" AND Id > '{seen[-1]}'" if seen else ""
        page = sf.query(f"SELECT Id FROM Contract WHERE {where}{after} ORDER BY Id LIMIT 7")["records"]
        seen += [r["Id"] for r in page]
        if len(page) < 7:
            break
    assert seen == made


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("SELECT FROM Account", "MALFORMED_QUERY"),
        ("SELECT Id Account", "MALFORMED_QUERY"),
        ("SELECT Id FROM Account WHERE", "MALFORMED_QUERY"),
        ("SELECT Id FROM Account WHERE Name = 'x", "MALFORMED_QUERY"),
        ("SELECT Id FROM Account LIMIT x", "MALFORMED_QUERY"),
        ("SELECT FIELDS(ALL) FROM Account", "MALFORMED_QUERY"),
        ("SELECT Colour FROM Account", "INVALID_FIELD"),
        ("SELECT Nowhere.Name FROM Account", "INVALID_FIELD"),
        ("SELECT Id FROM Account WHERE Name = 3", "INVALID_FIELD"),
        ("SELECT Id FROM Account WHERE CreatedDate > '2026-01-01T00:00:00Z'", "INVALID_FIELD"),
        ("SELECT Id FROM Nothing", "INVALID_TYPE"),
        ("SELECT Id, (SELECT Id FROM Nothings) FROM Account", "INVALID_TYPE"),
    ],
)
def test_a_query_without_sense_is_refused(sf: Client, text: str, code: str) -> None:
    sf.new()
    assert sf.refused("GET", f"query?q={quote(text)}") == (400, code)


def test_a_long_answer_comes_in_pages_whose_cursor_grows_old(sf: Client) -> None:
    for _ in range(3):
        records = [{"attributes": {"type": "Product2"}, "Name": f"页{n}"} for n in range(200)]
        sf.ok("POST", "composite/sobjects", {"records": records})
    small = {"Sforce_Query_Options": "batchSize=250"}
    page = sf.ok("GET", "query/?q=" + quote("SELECT Id FROM Product2"), **small)
    seen = [r["Id"] for r in page["records"]]
    assert (page["totalSize"], page["done"], len(seen)) == (600, False, 250)
    while not page["done"]:
        page = sf.ok("GET", page["nextRecordsUrl"])
        seen += [r["Id"] for r in page["records"]]
    assert len({*seen}) == 600
    page = sf.ok("GET", "query/?q=" + quote("SELECT Id FROM Product2"), **small)
    sf.hands.settings(clock_offset=16 * 60)
    assert sf.refused("GET", page["nextRecordsUrl"]) == (400, "INVALID_QUERY_LOCATOR")


# ------------------------------------------------------------------- collections


def _accounts(*names: str, **more: Any) -> list[dict[str, Any]]:
    return [{"attributes": {"type": "Account"}, "Name": name, **more} for name in names]


def test_one_bad_record_spoils_a_collection_only_when_asked(sf: Client) -> None:
    told = sf.ok("POST", "composite/sobjects", {"allOrNone": False, "records": _accounts("集甲", "", "集乙")})
    assert [t["success"] for t in told] == [True, False, True]
    assert told[1]["errors"][0]["statusCode"] == "REQUIRED_FIELD_MISSING"
    told = sf.ok("POST", "composite/sobjects", {"allOrNone": True, "records": _accounts("集丙", "")})
    assert told[0]["errors"][0]["statusCode"] == "ALL_OR_NONE_OPERATION_ROLLED_BACK"
    assert sf.names("Name LIKE '集%'") == ["集甲", "集乙"]
    assert sf.hands.counters()["total_writes"] == 2, "what was taken back was not written"


def test_collections_change_upsert_read_and_delete(sf: Client) -> None:
    made = [t["id"] for t in sf.ok("POST", "composite/sobjects", {"records": _accounts("合甲", "合乙")})]
    change = [{"attributes": {"type": "Account"}, "id": i, "Phone": "7"} for i in made]
    assert all(t["success"] for t in sf.ok("PATCH", "composite/sobjects", {"records": change}))
    read = sf.ok("POST", "composite/sobjects/Account", {"ids": [*made, make("001", 10**9)], "fields": ["Phone"]})
    assert [r and r["Phone"] for r in read] == ["7", "7", None]
    records = [r | {"HubKey__c": k} for r, k in zip(_accounts("键甲", "键乙", "键丙"), ("H1", "H2", "H2"), strict=True)]
    told = sf.ok("PATCH", "composite/sobjects/Account/HubKey__c", {"records": records})
    assert (told[0]["created"], told[1]["errors"][0]["statusCode"]) == (True, "DUPLICATE_VALUE")
    told = sf.ok("PATCH", "composite/sobjects/Account/HubKey__c", {"records": records[:2]})
    assert [t["created"] for t in told] == [False, True]
    gone = sf.ok("DELETE", f"composite/sobjects?ids={','.join(made)}&allOrNone=false")
    assert all(t["success"] for t in gone)
    assert sf.refused("POST", "composite/sobjects", {"records": _accounts(*"甲" * 201)})[0] == 400


# --------------------------------------------------------------------- composite


def test_a_composite_uses_what_it_made_and_falls_whole(sf: Client) -> None:
    account = {"method": "POST", "url": f"{BASE}/sobjects/Account", "referenceId": "acc", "body": {"Name": "复合"}}
    contact = {
        "method": "POST",
        "url": f"{BASE}/sobjects/Contact",
        "referenceId": "c1",
        "body": {"LastName": "钱", "AccountId": "@{acc.id}"},
    }
    read = {
        "method": "GET",
        "url": f"{BASE}/query?q=" + quote("SELECT Name FROM Account WHERE Id = '@{acc.id}'", safe="@{}"),
        "referenceId": "q",
    }
    told = sf.ok("POST", "composite", {"allOrNone": True, "compositeRequest": [account, contact, read]})
    answers = {t["referenceId"]: t for t in told["compositeResponse"]}
    assert [answers[k]["httpStatusCode"] for k in ("acc", "c1", "q")] == [201, 201, 200]
    assert answers["q"]["body"]["records"][0]["Name"] == "复合"
    bad = {**contact, "body": {"AccountId": "@{acc.id}"}}
    told = sf.ok("POST", "composite", {"allOrNone": True, "compositeRequest": [account, bad]})["compositeResponse"]
    assert [t["httpStatusCode"] for t in told] == [400, 400]
    assert told[0]["body"][0]["errorCode"] == "PROCESSING_HALTED"
    assert sf.names("Name = '复合'") == ["复合"]
    many = [{**account, "referenceId": f"r{n}"} for n in range(26)]
    assert sf.refused("POST", "composite", {"compositeRequest": many})[0] == 400


def test_each_graph_holds_or_falls_by_itself(sf: Client) -> None:
    def graph(name: str, **body: Any) -> dict[str, Any]:
        request = {"method": "POST", "url": f"{BASE}/sobjects/Account", "referenceId": "a", "body": body}
        return {"graphId": name, "compositeRequest": [request]}

    told = sf.ok("POST", "composite/graph", {"graphs": [graph("1", Name="图甲"), graph("2"), graph("3", Name="图乙")]})
    assert [g["isSuccessful"] for g in told["graphs"]] == [True, False, True]
    assert sf.names("Name LIKE '图%'") == ["图甲", "图乙"]


def test_a_batch_and_a_tree(sf: Client) -> None:
    requests = [{"method": "GET", "url": "v67.0/limits"}, {"method": "GET", "url": "v67.0/sobjects/Account/x"}]
    told = sf.ok("POST", "composite/batch", {"batchRequests": requests})
    assert [r["statusCode"] for r in told["results"]] == [200, 400]
    below = {"records": [{"attributes": {"type": "Contact", "referenceId": "c"}, "LastName": "叶"}]}
    tree = [{"attributes": {"type": "Account", "referenceId": "a"}, "Name": "树", "Contacts": below}]
    told = sf.ok("POST", "composite/tree/Account", {"records": tree})
    assert [r["referenceId"] for r in told["results"]] == ["a", "c"]
    assert sf.query("SELECT Account.Name FROM Contact WHERE LastName = '叶'")["records"][0]["Account"]["Name"] == "树"


# -------------------------------------------------------------------------- bulk


def _csv(text: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text.decode())))


class Ingest:
    """One ingest job, opened."""

    def __init__(self, sf: Client, **given: Any) -> None:
        self.sf = sf
        self.told = sf.ok("POST", "jobs/ingest", {"object": "Account", "operation": "insert", **given})
        self.path = f"jobs/ingest/{self.told['id']}"

    def fill(self, text: str) -> Reply:
        return self.sf("PUT", "/" + self.told["contentUrl"], text.encode(), Content_Type="text/csv")

    def run(self, text: str) -> dict[str, Any]:
        assert self.fill(text).status == 201
        assert self.sf.ok("PATCH", self.path, {"state": "UploadComplete"})["state"] == "UploadComplete"
        states = [self.sf.ok("GET", self.path)["state"] for _ in range(2)]
        assert states[0] == "InProgress"
        return dict(self.sf.ok("GET", self.path))

    def rows(self, which: str) -> list[dict[str, str]]:
        reply = self.sf("GET", f"{self.path}/{which}")
        assert reply.headers["content-type"].startswith("text/csv")
        return _csv(reply.body)


def test_a_finished_job_may_hold_failed_rows(sf: Client) -> None:
    sf.ok("PATCH", "sobjects/Account/HubKey__c/B0", {"Name": "父", "Phone": "1", "Website": "a.example.com"})
    job = Ingest(sf, operation="upsert", externalIdFieldName="HubKey__c", lineEnding="LF")
    assert (job.told["state"], job.told["contentUrl"][0]) == ("Open", "s")
    rows = (
        'Id,HubKey__c,Name,Phone,Website,Parent.HubKey__c\n,B1,"大, ""甲""",,,B0\n,B0,父,,#N/A,\n,B2,,,,\n,,无键,,,\n'
    )
    told = job.run(rows)
    assert (told["state"], told["numberRecordsProcessed"], told["numberRecordsFailed"]) == ("JobComplete", 4, 2)
    good, bad = job.rows("successfulResults/"), job.rows("failedResults")
    assert [(r["HubKey__c"], r["sf__Created"]) for r in good] == [("B1", "true"), ("B0", "false")]
    assert bad[0]["sf__Error"].startswith("REQUIRED_FIELD_MISSING:")
    assert bad[1]["sf__Error"].startswith("MISSING_ARGUMENT:")
    assert job.rows("unprocessedrecords") == []
    row = sf.query("SELECT Name, Phone, Website, Parent.Name FROM Account WHERE HubKey__c IN ('B0', 'B1')")["records"]
    assert (row[0]["Phone"], row[0]["Website"]) == ("1", None), "an empty cell says nothing, #N/A empties"
    assert (row[1]["Name"], row[1]["Parent"]["Name"]) == ('大, "甲"', "父")
    assert sf("DELETE", job.path).status == 204
    assert sf.refused("GET", job.path) == (404, "NOT_FOUND")


def test_a_job_goes_through_its_states_in_their_order_only(sf: Client) -> None:
    job = Ingest(sf)
    assert sf.refused("PATCH", job.path, {"state": "UploadComplete"}) == (400, "INVALIDJOBSTATE")
    assert sf.refused("GET", f"{job.path}/successfulResults") == (400, "INVALIDJOBSTATE")
    assert job.fill("Name\n甲\n").status == 201
    assert job.fill("Name\n甲\n").status == 400
    assert sf.refused("DELETE", job.path) == (400, "INVALIDJOBSTATE")
    assert sf.ok("PATCH", job.path, {"state": "Aborted"})["state"] == "Aborted"
    assert sf.refused("PATCH", job.path, {"state": "UploadComplete"}) == (400, "INVALIDJOBSTATE")
    assert [r["Name"] for r in job.rows("unprocessedrecords")] == ["甲"]
    assert sf.refused("POST", "jobs/ingest", {"object": "Account", "operation": "upsert"})[0] == 400
    assert sf.refused("POST", "jobs/ingest", {"object": "Nothing", "operation": "insert"})[0] == 400


def test_a_job_that_fails_leaves_rows_unprocessed(sf: Client) -> None:
    sf.hands.fault("bulk_failed")
    job = Ingest(sf)
    told = job.run("Name\n半一\n半二\n半三\n半四\n")
    assert (told["state"], told["errorMessage"]) == ("Failed", "InternalServerError")
    assert [r["Name"] for r in job.rows("unprocessedrecords")] == ["半三", "半四"]
    assert sf.names("Name LIKE '半_'") == ["半一", "半二"]
    job = Ingest(sf, columnDelimiter="TAB")
    told = job.run("Name\tColour\n甲\tred\n")
    assert told["state"] == "Failed"
    assert "Colour" in told["errorMessage"]


def test_a_bulk_query_is_read_out_in_parts(sf: Client) -> None:
    made = [sf.new(Name=f"批查{n}", Phone=None) for n in range(5)]
    text = "SELECT Id, Name, Phone, Owner.Name, IsDeleted, SystemModstamp FROM Account WHERE Name LIKE '批查%'"
    job = sf.ok("POST", "jobs/query", {"operation": "query", "query": text})
    path = f"jobs/query/{job['id']}"
    assert sf.refused("GET", f"{path}/results") == (400, "INVALIDJOBSTATE")
    assert [sf.ok("GET", path)["state"] for _ in range(2)] == ["InProgress", "JobComplete"]
    seen, locator, pages = list[dict[str, str]](), "", 0
    while locator != "null":
        reply = sf("GET", f"{path}/results?maxRecords=2" + (f"&locator={locator}" if locator else ""))
        locator, pages = reply.headers["sforce-locator"], pages + 1
        found = _csv(reply.body)
        assert int(reply.headers["sforce-numberofrecords"]) == len(found)
        seen += found
    assert (pages, [r["Id"] for r in seen]) == (3, made)
    assert (seen[0]["Phone"], seen[0]["IsDeleted"], seen[0]["Owner.Name"]) == ("", "false", "集成用户")
    for wrong in ("SELECT BillingAddress FROM Account", "SELECT COUNT() FROM Account"):
        assert sf.refused("POST", "jobs/query", {"operation": "query", "query": wrong}) == (400, "API_ERROR")


# ---------------------------------------------------------------- orders and deals


@pytest.fixture(scope="module")
def goods(served: Server) -> dict[str, str]:
    """A product in the standard price book, which every org has."""
    sf = Client(served.url)
    standard = sf.query("SELECT Id FROM Pricebook2 WHERE IsStandard = true")["records"][0]["Id"]
    product = sf.new("Product2", Name="轴承", ProductCode="M1", IsActive=True)
    entry = sf.new("PricebookEntry", Pricebook2Id=standard, Product2Id=product, UnitPrice=12.5, IsActive=True)
    return {"book": standard, "product": product, "entry": entry}


def test_a_custom_price_wants_a_standard_one_and_each_is_once(sf: Client, goods: dict[str, str]) -> None:
    other = sf.new("Pricebook2", Name="经销商")
    fresh = sf.new("Product2", Name="新")
    given = {"Pricebook2Id": other, "Product2Id": fresh, "UnitPrice": 1}
    assert sf.refused("POST", "sobjects/PricebookEntry", given) == (400, "STANDARD_PRICE_NOT_DEFINED")
    again = {"Pricebook2Id": goods["book"], "Product2Id": goods["product"], "UnitPrice": 1}
    assert sf.refused("POST", "sobjects/PricebookEntry", again) == (400, "DUPLICATE_VALUE")
    assert sf.new("PricebookEntry", Pricebook2Id=other, Product2Id=goods["product"], UnitPrice=1)


def test_the_amount_of_a_deal_is_the_sum_of_its_lines(sf: Client, goods: dict[str, str]) -> None:
    deal = sf.new("Opportunity", Name="采购", StageName="Prospecting", CloseDate="2026-12-31", Amount=1)
    line = sf.new("OpportunityLineItem", OpportunityId=deal, PricebookEntryId=goods["entry"], Quantity=4)
    row = sf.row("Opportunity", deal)
    assert (row["Amount"], row["HasOpportunityLineItem"], row["Probability"]) == (50.0, True, 10.0)
    sf("PATCH", f"sobjects/Opportunity/{deal}", {"Amount": 999, "StageName": "Closed Won"})
    row = sf.row("Opportunity", deal)
    assert (row["Amount"], row["IsWon"], row["IsClosed"]) == (50.0, True, True)
    sf("PATCH", f"sobjects/OpportunityLineItem/{line}", {"UnitPrice": 10})
    assert sf.row("Opportunity", deal)["Amount"] == 40.0
    sf("DELETE", f"sobjects/Opportunity/{deal}")
    assert sf.refused("GET", f"sobjects/OpportunityLineItem/{line}") == (404, "ENTITY_IS_DELETED")


def test_an_order_is_drafted_filled_activated_and_then_locked(sf: Client, goods: dict[str, str]) -> None:
    account = sf.new()
    given = {"AccountId": account, "EffectiveDate": "2026-11-01", "Status": "Activated"}
    assert sf.refused("POST", "sobjects/Order", given) == (400, "FAILED_ACTIVATION")
    order = sf.new("Order", **{**given, "Status": "Draft"})
    path = f"sobjects/Order/{order}"
    assert sf.refused("PATCH", path, {"Status": "Activated"}) == (400, "FAILED_ACTIVATION")
    item = sf.new("OrderItem", OrderId=order, Product2Id=goods["product"], Quantity=2, UnitPrice=3)
    assert sf("PATCH", path, {"Status": "Activated"}).status == 204
    row = sf.row("Order", order)
    assert (row["TotalAmount"], row["StatusCode"], row["OrderNumber"].isdecimal()) == (6.0, "Activated", True)
    assert sf.refused("PATCH", path, {"EffectiveDate": "2026-12-01"}) == (400, "FIELD_INTEGRITY_EXCEPTION")
    assert sf.refused("PATCH", f"sobjects/OrderItem/{item}", {"Quantity": 3}) == (400, "FIELD_INTEGRITY_EXCEPTION")
    assert sf("PATCH", path, {"ERP_Order_No__c": "SO1", "ERP_Paid_Amount__c": 6}).status == 204
    assert sf.refused("DELETE", path) == (400, "DELETE_FAILED")
    assert sf.refused("DELETE", f"sobjects/Account/{account}") == (400, "DELETE_FAILED")


# ------------------------------------------------------------------------ faults


@pytest.mark.parametrize(
    ("kind", "answer"),
    [
        ("quota", (403, "REQUEST_LIMIT_EXCEEDED")),
        ("unavailable", (503, "SERVER_UNAVAILABLE")),
        ("disabled", (403, "API_DISABLED_FOR_ORG")),
        ("lock", (400, "UNABLE_TO_LOCK_ROW")),
        ("duplicate", (400, "DUPLICATES_DETECTED")),
        ("validation", (400, "FIELD_CUSTOM_VALIDATION_EXCEPTION")),
        ("trigger", (400, "CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY")),
        ("readonly", (400, "INSUFFICIENT_ACCESS_OR_READONLY")),
        ("session", (401, "INVALID_SESSION_ID")),
    ],
)
def test_faults_of_its_own_strike_once_and_change_nothing(sf: Client, kind: str, answer: tuple[int, str]) -> None:
    before = sf.query("SELECT COUNT() FROM Account")["totalSize"]
    sf.hands.fault(kind)
    assert sf.refused("POST", "sobjects/Account", {"Name": "x"}) == answer
    sf.login()
    assert sf.query("SELECT COUNT() FROM Account")["totalSize"] == before
    assert sf.new()


def test_half_a_collection_fails_and_says_which(sf: Client) -> None:
    sf.hands.fault("partial")
    told = sf.ok("POST", "composite/sobjects", {"records": _accounts(*"半半半半")})
    assert [t["success"] for t in told] == [True, True, False, False]
    assert told[2]["errors"][0]["statusCode"] == "UNABLE_TO_LOCK_ROW"


def test_a_duplicate_rule_alerts_or_blocks(sf: Client) -> None:
    first = sf.new(Name="重名")
    sf.hands.settings(duplicates="alert")
    reply = sf("POST", "sobjects/Account", {"Name": "重名"})
    found = reply.json[0]["duplicateResult"]["matchResults"][0]["matchRecords"][0]["record"]["Id"]
    assert (reply.status, reply.json[0]["errorCode"], found) == (400, "DUPLICATES_DETECTED", first)
    save = {"Sforce_Duplicate_Rule_Header": "allowSave=true"}
    assert sf("POST", "sobjects/Account", {"Name": "重名"}, **save).status == 201
    sf.hands.settings(duplicates="block")
    assert sf.refused("POST", "sobjects/Account", {"Name": "重名"}, **save) == (400, "DUPLICATES_DETECTED")


def test_a_create_whose_answer_is_lost_was_made(sf: Client) -> None:
    sf.hands.fault("lost", method="PATCH")
    with pytest.raises((OSError, http.client.HTTPException)):
        sf("PATCH", "sobjects/Account/HubKey__c/L1", {"Name": "失"})
    assert sf.ok("PATCH", "sobjects/Account/HubKey__c/L1", {"Name": "失"})["created"] is False


def test_people_change_records_and_are_not_counted(sf: Client) -> None:
    made = sf.new()
    sf.hands.edit("Account", made, {"Phone": "2"}, author="刘洋")
    assert (
        sf.query(f"SELECT LastModifiedBy.Name FROM Account WHERE Id = '{made}'")["records"][0]["LastModifiedBy"]["Name"]
        == "刘洋"
    )
    assert sf.hands.counters()["writes"] == {f"create Account/{made}": 1}
    with pytest.raises(RuntimeError, match="Required fields are missing"):
        sf.hands.edit("Account", made, {"Name": ""})


# ------------------------------------------------------------------------ sample


@pytest.fixture(scope="module")
def full() -> Iterator[Client]:
    server = Server(Salesforce()).start()
    yield Client(server.url)
    server.stop()


def test_the_sample_company_is_there_and_hangs_together(full: Client) -> None:
    assert full.query("SELECT COUNT() FROM Account")["totalSize"] == 2000
    assert (
        full.query("SELECT COUNT() FROM Order WHERE ERP_Order_No__c = null AND Status = 'Activated'")["totalSize"] == 12
    )
    text = (
        "SELECT TotalAmount, Account.Name, Opportunity.Amount, (SELECT TotalPrice FROM OrderItems) FROM Order LIMIT 30"
    )
    for order in full.query(text)["records"]:
        assert order["TotalAmount"] == order["Opportunity"]["Amount"]
        assert round(sum(i["TotalPrice"] for i in order["OrderItems"]["records"]), 2) == order["TotalAmount"]
        assert order["Account"]["Name"]
    assert full.query("SELECT COUNT() FROM Account WHERE ParentId != null")["totalSize"] > 30
    made = full.new(Name="新")
    assert full.query(f"SELECT COUNT() FROM Account WHERE Id = '{made}'")["totalSize"] == 1


def test_the_page_shows_the_records_with_their_lines(full: Client) -> None:
    page = call("GET", f"{full.url}/?lang=zh").body.decode()
    assert "沙盒 Salesforce" in page
    assert "统一社会信用代码" in page
    order = full.query("SELECT Id FROM Order LIMIT 1")["records"][0]["Id"]
    shown = call("GET", f"{full.url}/record/Order/{order}?lang=en").body.decode()
    assert "ProductCode" in shown
    assert "Deactivate" in shown
