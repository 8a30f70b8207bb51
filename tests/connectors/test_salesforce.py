"""Pure parts of the Salesforce connector: ids, literals, cursors, errors, and the life of a bulk job."""

from __future__ import annotations

import csv
import io
import json
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import pytest

from hefu.connectors._salesforce_bulk import cell, split
from hefu.connectors._salesforce_errors import of
from hefu.connectors._salesforce_graph import MOST_NODES, Graph, in_calls
from hefu.connectors._salesforce_shapes import field_of, moment
from hefu.connectors._salesforce_soql import Cursor, any_of, literal
from hefu.connectors._salesforce_write import http_date
from hefu.connectors.salesforce import Salesforce, SalesforceSettings, sound, suffix
from hefu.core.connector import Answer, Site
from hefu.core.errors import Denied, Missing, Rejected, Transient, Unanswered, Unsupported
from hefu.core.records import FieldType, Write, Written
from hefu.core.words import ERRORS
from hefu.sim.conformance import Clock

FIELDS = [
    {"name": "Id", "type": "id"},
    {"name": "Name", "type": "string", "label": "Name", "length": 255, "createable": True, "updateable": True,
     "nillable": False},
    {"name": "Phone", "type": "phone", "length": 40, "createable": True, "updateable": True, "nillable": True},
    {"name": "AnnualRevenue", "type": "currency", "precision": 18, "scale": 0, "createable": True, "updateable": True},
    {"name": "HubKey__c", "type": "string", "length": 80, "createable": True, "updateable": True, "unique": True,
     "externalId": True},
    {"name": "SystemModstamp", "type": "datetime"},
    {"name": "IsDeleted", "type": "boolean"},
    {"name": "MasterRecordId", "type": "reference", "referenceTo": ["Account"]},
    {"name": "BillingAddress", "type": "address"},
]  # fmt: skip
DESCRIBE = {"name": "Account", "label": "Account", "fields": FIELDS, "deletable": True}


class Org:
    """Answers in turn what a test says; keeps what was asked."""

    def __init__(self, **answers: Any) -> None:
        self.answers, self.asked = answers, list[tuple[str, str, Any]]()

    def send(self, method: str, url: str, *, headers: Any = None, params: Any = None, body: Any = None, **_: Any):
        path = url.partition("/services/")[2].removeprefix("data/v60.0/")
        if path == "oauth2/token":
            return Answer(200, {}, b'{"access_token": "t", "instance_url": "http://org.test"}')
        if path.endswith("describe"):
            return Answer(200, {}, json.dumps(DESCRIBE).encode())
        self.asked.append((method, path, body))
        told = self.answers[method + " " + path]
        told = told.pop(0) if isinstance(told, list) else told
        if isinstance(told, Exception):
            raise told
        if isinstance(told, str):
            return Answer(200, {"content-type": "text/csv", "sforce-locator": "null"}, told.encode())
        return Answer(204 if told is None else 200, {}, b"" if told is None else json.dumps(told).encode())


def crm(clock: Clock | None = None, words: dict[str, Any] | None = None, **answers: Any) -> tuple[Salesforce, Org]:
    clock, org = clock or Clock(), Org(**answers)
    settings = SalesforceSettings.model_validate(
        {"url": "http://org.test", "client_id": "c", "client_secret": "s", "objects": {"Account": {}}, **(words or {})}
    )
    return Salesforce(settings, Site(org, clock.now, clock.sleep, connection="crm")), org


# ------------------------------------------------------------------------ words of theirs


@pytest.mark.parametrize(
    ("short", "three"),
    [("001A0000006Vm9r", "IAC"), ("003D000000QV9n2", "IAD"), ("000000000000000", "AAA"), ("AAAAAAAAAAAAAAA", "555")],
)
def test_an_id_carries_its_own_proof(short, three):
    assert suffix(short) == three
    assert sound(short)
    assert sound(short + three)
    assert not sound(short + ("AAA" if three != "AAA" else "BAA"))
    assert not sound("1")


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("O'Hare \\ x\n", "'O\\'Hare \\\\ x\\n'"), (None, "null"), (True, "true"), (Decimal("1E+2"), "100"),
        (date(2026, 1, 31), "2026-01-31"), (5, "5"),
        (datetime(2026, 1, 31, 8, tzinfo=timezone(timedelta(hours=8))), "2026-01-31T00:00:00.000Z"),
    ],
)  # fmt: skip
def test_a_value_in_soql_stays_a_value(value, text):
    assert literal(value) == text
    assert any_of("Name", [value]) == f"Name = {text}"


def test_their_instants_are_read():
    assert moment("2026-11-21T00:00:00.000+0000") == datetime(2026, 11, 21, tzinfo=UTC)


def test_an_http_date_is_never_before_the_stamp():
    assert http_date(datetime(2026, 1, 31, 8, 0, 0, 1000, tzinfo=UTC)) == "Sat, 31 Jan 2026 08:00:01 GMT"
    assert http_date(datetime(2026, 1, 31, 8, tzinfo=UTC)) == "Sat, 31 Jan 2026 08:00:00 GMT"


@pytest.mark.parametrize("text", ["x", "{}", "[1]", '{"at": "2026-01-31T08:00:00"}', '{"stamp": "x", "id": "y"}'])
def test_a_foreign_cursor_is_refused(text):
    with pytest.raises(Unsupported):
        Cursor.parse(text, "crm")


def test_a_field_as_describe_tells_it():
    f = field_of({"name": "S", "type": "picklist", "restrictedPicklist": True, "nillable": False, "createable": True,
                  "picklistValues": [{"value": "a", "active": True}, {"value": "b", "active": False}]})  # fmt: skip
    assert (f.type, f.options, f.required, f.writable) == (FieldType.CODE, ("a",), True, True)
    assert field_of({"name": "F", "type": "double", "calculated": True, "scale": 2}).writable is False


def test_compound_fields_are_left_to_their_parts():
    line, _ = crm()
    [schema] = line.discover()
    assert [f.name for f in schema.fields] == ["Name", "Phone", "AnnualRevenue", "HubKey__c", "SystemModstamp"]
    assert (schema.abilities.create, schema.abilities.token_field) == ("token", "HubKey__c")


@pytest.mark.parametrize(
    ("told", "status", "kind"),
    [
        ({"statusCode": "UNABLE_TO_LOCK_ROW"}, 200, Transient),
        ({"errorCode": "REQUEST_LIMIT_EXCEEDED"}, 403, Transient),
        ({"errorCode": "INVALID_SESSION_ID"}, 401, Denied),
        ({"errorCode": "STORAGE_LIMIT_EXCEEDED"}, 403, Denied),
        ({"statusCode": "ENTITY_IS_DELETED"}, 200, Missing),
        ({"statusCode": "INVALID_CROSS_REFERENCE_KEY", "fields": []}, 200, Missing),
        ({"statusCode": "INVALID_CROSS_REFERENCE_KEY", "fields": ["AccountId"]}, 200, Rejected),
        ({"statusCode": "INVALID_FIELD_FOR_INSERT_UPDATE", "fields": ["Phone"]}, 400, Unsupported),
        ({"statusCode": "STRING_TOO_LONG", "fields": ["Name"]}, 200, Rejected),
        ({"errorCode": "UNKNOWN_EXCEPTION"}, 500, Unanswered),
    ],
)
def test_a_code_has_its_class(told, status, kind):
    error = of({"message": "m", **told}, writes=True, status=status, record="001")
    assert type(error) is kind
    if kind is Rejected:
        assert error.field == told["fields"][0]


def test_a_duplicate_names_the_records_that_it_looks_like():
    match = {"matchRecords": [{"record": {"Id": "001x"}}]}
    told = {"errorCode": "DUPLICATES_DETECTED", "duplicateResult": {"matchResults": [match]}}
    assert of(told, writes=True).facts["matches"] == "001x"


def test_every_code_has_words():
    assert sum(code.startswith("salesforce.") for code in ERRORS) > 25


def test_graphs_fill_a_call_up_to_its_limits():
    graphs = [Graph(n, "", [{}] * 60) for n in range(20)]
    assert [len(call) for call in in_calls(graphs)] == [8, 8, 4]
    assert all(sum(len(g.nodes) for g in call) <= MOST_NODES for call in in_calls(graphs))
    assert [len(call) for call in in_calls([Graph(n, "", [{}]) for n in range(80)])] == [75, 5]


# ------------------------------------------------------------------------------ bulk


@pytest.mark.parametrize(
    ("value", "text"), [(None, "#N/A"), (True, "true"), (Decimal("1.50"), "1.5"), ("甲", "甲"), (7, "7")]
)
def test_a_cell_leaves_nothing_to_guess(value, text):
    assert cell(value) == text


def test_a_job_takes_only_what_fits():
    assert list(split([60, 50, 10, 200, 5], most=100)) == [slice(0, 1), slice(1, 3), slice(3, 4), slice(4, 5)]
    assert list(split([])) == []


def job(states: list[str], **more: Any) -> dict[str, Any]:
    at = "jobs/ingest/750"
    good = 'sf__Id,sf__Created,HubKey__c,Name\n001B,true,t1,"乙\n二"\n'
    bad = "sf__Id,sf__Error,HubKey__c,Name\n,STRING_TOO_LONG:data too large:Name --,t0,甲\n"
    return {
        "POST jobs/ingest": {"id": "750", "state": "Open", "contentUrl": "services/data/v60.0/jobs/ingest/750/batches"},
        "PUT jobs/ingest/750/batches": None,
        f"PATCH {at}": {"state": "UploadComplete"},
        f"GET {at}": [{"state": s} for s in states],
        f"GET {at}/successfulResults": good,
        f"GET {at}/failedResults": bad,
        f"DELETE {at}": None,
        **more,
    }


WRITES = [Write(None, {"Name": name, "Phone": None}, token=f"t{n}") for n, name in enumerate(("甲", "乙\n二"))]


def test_rows_of_a_job_find_their_writes_by_key():
    clock = Clock()
    line, org = crm(clock, {"bulk_above": 2}, **job(["UploadComplete", "InProgress", "JobComplete"]))
    bad, good = line.write("Account", WRITES)
    assert good == Written("001B")
    assert isinstance(bad, Rejected)
    assert bad.field == "Name"
    [sent] = [body for method, _, body in org.asked if method == "PUT"]
    assert list(csv.reader(io.StringIO(sent.decode()))) == [
        ["HubKey__c", "Name", "Phone"], ["t0", "甲", "#N/A"], ["t1", "乙\n二", "#N/A"],
    ]  # fmt: skip
    assert clock.now() > Clock().now()
    assert [f"{method} {path}" for method, path, _ in org.asked][-1] == "DELETE jobs/ingest/750"


def test_a_job_that_ended_early_leaves_the_rest_for_later():
    more = {"GET jobs/ingest/750/unprocessedrecords": "HubKey__c,Name\nt0,甲\n",
            "GET jobs/ingest/750/failedResults": "sf__Id,sf__Error,HubKey__c,Name\n"}  # fmt: skip
    line, _ = crm(None, {"bulk_above": 2}, **job(["Failed"], **more))
    left, good = line.write("Account", WRITES)
    assert isinstance(left, Transient)
    assert isinstance(good, Written)


def test_a_lost_start_is_looked_up_and_a_lost_end_is_unanswered():
    lost = Unanswered("net.no_answer")
    answers = job(["InProgress", "JobComplete"]) | {"PATCH jobs/ingest/750": [lost]}
    line, _ = crm(None, {"bulk_above": 2}, **answers)
    assert isinstance(line.write("Account", WRITES)[1], Written)
    answers = job(["JobComplete"]) | {"GET jobs/ingest/750/successfulResults": Transient("net.cut")}
    line, _ = crm(None, {"bulk_above": 2}, **answers)
    assert all(isinstance(o, Unanswered) for o in line.write("Account", WRITES))
    answers = job([]) | {"PUT jobs/ingest/750/batches": lost}  # nothing runs before UploadComplete
    line, _ = crm(None, {"bulk_above": 2}, **answers)
    assert all(isinstance(o, Transient) for o in line.write("Account", WRITES))


def test_a_large_object_is_read_as_a_job():
    rows = 'Id,SystemModstamp,Name,Phone,AnnualRevenue,HubKey__c\n001A,2026-11-21T00:00:00.000Z,"=1+1,\n甲",,12,t\n'
    line, _ = crm(
        None,
        {"bulk_read_above": 5},
        **{
            "GET query": {"totalSize": 5, "done": True, "records": []},
            "POST jobs/query": {"id": "750"},
            "GET jobs/query/750": [{"state": "InProgress"}, {"state": "JobComplete"}],
            "GET jobs/query/750/results": rows,
            "DELETE jobs/query/750": None,
        },
    )
    first, last = line.read("Account")
    [record] = first.records
    assert (record.id, record.values["Name"], record.values["Phone"]) == ("001A", "=1+1,\n甲", None)
    assert record.values["AnnualRevenue"] == Decimal(12)
    assert first.cursor is None
    assert Cursor.parse(last.cursor, "").at is not None
