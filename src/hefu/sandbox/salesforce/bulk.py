"""Bulk API 2.0: a job is opened, filled, closed, waited for, and read out; a finished one may hold failed rows."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from hefu.sandbox.frame import Fault, struck
from hefu.sandbox.salesforce import ids, soql
from hefu.sandbox.salesforce.calls import Answer, Call
from hefu.sandbox.salesforce.find import Finder
from hefu.sandbox.salesforce.objects import SObject, object_named
from hefu.sandbox.salesforce.rest import Rest, not_allowed
from hefu.sandbox.salesforce.saving import Hand
from hefu.sandbox.salesforce.soql import Query
from hefu.sandbox.salesforce.values import Refused, stamp

DELIMITERS = {"BACKQUOTE": "`", "CARET": "^", "COMMA": ",", "PIPE": "|", "SEMICOLON": ";", "TAB": "\t"}
OPERATIONS = ("insert", "update", "upsert", "delete", "hardDelete")
NOTHING = "#N/A"
MOST_BYTES = 150 * 1024 * 1024
MOST_PAGE = 50_000
FINAL = ("JobComplete", "Failed", "Aborted")
Cells = dict[str, str]


@dataclass
class Job:
    """One job. `polls`: how often it is still asked for before it is worked off."""

    id: str
    kind: str
    told: dict[str, Any]
    polls: int
    columns: list[str] = field(default_factory=list)
    rows: list[Cells] = field(default_factory=list)
    good: list[Cells] = field(default_factory=list)
    bad: list[Cells] = field(default_factory=list)
    left: list[Cells] = field(default_factory=list)
    filled: bool = False
    finder: Finder | None = None
    found: list[str] = field(default_factory=list)

    @property
    def state(self) -> str:
        """Open, UploadComplete, InProgress, JobComplete, Failed or Aborted."""
        return str(self.told["state"])


class Bulk:
    """Calls below `jobs`. `polls`: how often a job answers that it is still at work."""

    def __init__(self, rest: Rest, faults: list[Fault]) -> None:
        self.rest, self.faults = rest, faults
        self.polls = 1
        self.jobs: dict[str, Job] = {}

    def serve(self, call: Call) -> Answer:
        """One of them."""
        parts = call.path.split("/")[1:]
        if not parts or parts[0] not in ("ingest", "query"):
            raise Refused("NOT_FOUND", "The requested resource does not exist", status=404)
        if len(parts) == 1:
            if call.method == "GET":
                records = [job.told for job in self.jobs.values() if job.kind == parts[0]]
                return Answer(200, {"done": True, "records": records, "nextRecordsUrl": None})
            return Answer(200, (self._open if parts[0] == "ingest" else self._ask)(call).told)
        job = self.jobs.get(parts[1])
        if job is None or job.kind != parts[0]:
            raise Refused("NOT_FOUND", "The requested resource does not exist", status=404)
        return self._of_job(call, job, parts[2].lower() if len(parts) > 2 else "")

    def _of_job(self, call: Call, job: Job, part: str) -> Answer:
        if part == "batches" and call.method == "PUT":
            return self._fill(call, job)
        if part == "results" and job.kind == "query":
            return self._results(call, job)
        lists = {"successfulresults": job.good, "failedresults": job.bad, "unprocessedrecords": job.left}
        if part in lists and job.kind == "ingest":
            if job.state not in FINAL:
                raise Refused("INVALIDJOBSTATE", f"the job is {job.state}: its results are not there yet")
            first = {"successfulresults": ["sf__Id", "sf__Created"], "failedresults": ["sf__Id", "sf__Error"]}
            return Answer(200, _text([*first.get(part, []), *job.columns], lists[part], job.told))
        if part:
            raise Refused("NOT_FOUND", "The requested resource does not exist", status=404)
        if call.method == "GET":
            self._work(job)
            return Answer(200, job.told)
        if call.method == "PATCH":
            return self._turn(call, job)
        if call.method == "DELETE":
            if job.state not in FINAL:
                raise Refused("INVALIDJOBSTATE", f"a job that is {job.state} cannot be deleted")
            del self.jobs[job.id]
            return Answer(204)
        raise not_allowed(call)

    # ------------------------------------------------------------------ ingest

    def _open(self, call: Call) -> Job:
        given = call.given
        obj, operation = object_named(str(given.get("object", ""))), given.get("operation")
        if obj is None:
            raise Refused("INVALIDENTITY", f"Entity '{given.get('object')}' is not supported.")
        if operation not in OPERATIONS:
            raise Refused("INVALIDOPERATION", f"operation: one of {', '.join(OPERATIONS)}")
        key = given.get("externalIdFieldName")
        known = obj.field(str(key)) if key else None
        if operation == "upsert" and (known is None or not (known.external or known.name == "Id")):
            raise Refused("INVALIDJOB", "InvalidJob : externalIdFieldName names no external id field")
        if given.get("columnDelimiter", "COMMA") not in DELIMITERS or given.get("contentType", "CSV") != "CSV":
            raise Refused("INVALIDJOB", "InvalidJob : only CSV, with one of the six delimiters")
        job = self._new(call, "ingest", obj, str(operation))
        job.told |= {
            "contentType": "CSV",
            "lineEnding": given.get("lineEnding", "LF"),
            "columnDelimiter": given.get("columnDelimiter", "COMMA"),
            "contentUrl": f"{call.base[1:]}/jobs/ingest/{job.id}/batches",
            "state": "Open",
            "jobType": "V2Ingest",
        }
        if known is not None:
            job.told["externalIdFieldName"] = known.name
        return job

    def _new(self, call: Call, kind: str, obj: SObject, operation: str) -> Job:
        now = stamp(self.rest.org.clock.now())
        job_id = ids.make("750", self.rest.org.shelf.number("job"))
        told = {
            "id": job_id,
            "operation": operation,
            "object": obj.name,
            "createdById": self.rest.org.integration,
            "createdDate": now,
            "systemModstamp": now,
            "concurrencyMode": "Parallel",
            "apiVersion": float(call.version),
        }
        self.jobs[job_id] = Job(job_id, kind, told, self.polls)
        return self.jobs[job_id]

    def _fill(self, call: Call, job: Job) -> Answer:
        if job.state != "Open" or job.filled:
            raise Refused("INVALIDJOBSTATE", "a job takes one upload, while it is open")
        if not call.headers.get("content-type", "").startswith("text/csv"):
            raise Refused("INVALIDCONTENTTYPE", "Content-Type: text/csv is wanted", status=415)
        if len(call.body) > MOST_BYTES:
            raise Refused("REQUEST_ENTITY_TOO_LARGE", "the file is larger than 150 MB", status=413)
        try:
            text = call.body.decode()
        except UnicodeDecodeError:
            raise Refused("INVALIDBATCH", "the file is not UTF-8") from None
        reader = csv.DictReader(io.StringIO(text, newline=""), delimiter=DELIMITERS[job.told["columnDelimiter"]])
        job.columns = [*(reader.fieldnames or [])]
        job.rows = [{name: cell or "" for name, cell in row.items() if name is not None} for row in reader]
        job.filled = True
        return Answer(201)

    def _turn(self, call: Call, job: Job) -> Answer:
        state = call.given.get("state")
        if state == "Aborted" and job.state not in FINAL:
            job.left, job.told["state"] = job.rows, "Aborted"
        elif state == "UploadComplete" and job.state == "Open" and job.filled:
            job.told["state"] = "UploadComplete"
        else:
            raise Refused("INVALIDJOBSTATE", f"Job is {job.state}; it cannot become {state}")
        return Answer(200, job.told)

    def _work(self, job: Job) -> None:
        """A closed job is worked off when it was asked for often enough."""
        if job.state not in ("UploadComplete", "InProgress"):
            return
        if job.polls > 0:
            job.polls -= 1
            job.told["state"] = "InProgress"
            return
        if job.kind == "query":
            job.told |= {"state": "JobComplete", "numberRecordsProcessed": len(job.found), "retries": 0}
            return
        self._save(job)

    def _save(self, job: Job) -> None:
        obj = object_named(job.told["object"])
        assert obj is not None
        end = len(job.rows) // 2 if struck(self.faults, "bulk_failed") else len(job.rows)
        unknown = [name for name in job.columns if not _known(obj, name)]
        if unknown:
            end = 0
        with self.rest.org.shelf.change():
            for row in job.rows[:end]:
                try:
                    record_id, new = self._one(job, obj, row)
                    job.good.append({"sf__Id": record_id, "sf__Created": str(new).lower(), **row})
                except Refused as refused:
                    told = f"{refused.code}:{refused.message}:{' '.join(refused.fields)} --"
                    job.bad.append({"sf__Id": row.get("Id", ""), "sf__Error": told, **row})
        job.left = job.rows[end:]
        failed = end < len(job.rows)
        job.told |= {
            "state": "Failed" if failed else "JobComplete",
            "numberRecordsProcessed": end,
            "numberRecordsFailed": len(job.bad),
            "retries": 0,
            "totalProcessingTime": 100 + end,
            "systemModstamp": stamp(self.rest.org.clock.now()),
        }
        if failed:
            told = f"InvalidBatch : Field name not found : {', '.join(unknown)}" if unknown else "InternalServerError"
            job.told["errorMessage"] = told

    def _one(self, job: Job, obj: SObject, row: Cells) -> tuple[str, bool]:
        hand = Hand(self.rest.org.integration)
        record_id, operation = row.get("Id", ""), job.told["operation"]
        values = _values(obj, row)
        if operation == "upsert":
            key = obj.field(job.told["externalIdFieldName"])
            assert key is not None
            if not row.get(key.name):
                raise Refused("MISSING_ARGUMENT", f"{key.name} not specified")
            values.pop(key.name, None)
            return self.rest.upsert(obj, key, row[key.name], values, hand)
        if operation == "insert":
            return self.rest.insert(obj, values, hand), True
        if not record_id:
            raise Refused("MISSING_ARGUMENT", "Id not specified in an update call")
        if operation == "update":
            return self.rest.update(obj, record_id, values, hand), False
        return self.rest.delete(obj, record_id, hand), False

    # ------------------------------------------------------------------- query

    def _ask(self, call: Call) -> Job:
        given = call.given
        operation = given.get("operation")
        if operation not in ("query", "queryAll"):
            raise Refused("INVALIDOPERATION", "operation: query or queryAll")
        asked = soql.parse(str(given.get("query", "")))
        finder = Finder(self.rest.org, asked, call.base, deleted=operation == "queryAll")
        if asked.count or any(isinstance(column, Query) for column in asked.columns) or asked.offset:
            raise Refused("API_ERROR", "COUNT, OFFSET and nested queries are not supported in Bulk Query")
        fields = [finder.obj.field(str(column)) for column in finder.query.columns]
        if any(f is not None and f.type == "address" for f in fields):
            raise Refused("API_ERROR", "Selecting compound data not supported in Bulk Query")
        job = self._new(call, "query", finder.obj, str(operation))
        job.told |= {"contentType": "CSV", "lineEnding": "LF", "columnDelimiter": "COMMA"}
        job.told |= {"state": "UploadComplete", "jobType": "V2Query", "query": given.get("query")}
        job.finder, job.found = finder, finder.ids()
        job.columns = [str(column) for column in finder.query.columns]
        return job

    def _results(self, call: Call, job: Job) -> Answer:
        if job.state != "JobComplete" or job.finder is None:
            raise Refused("INVALIDJOBSTATE", f"the job is {job.state}: its results are not there yet")
        size = call.query.get("maxRecords", str(MOST_PAGE))
        place = call.query.get("locator", "0")
        if not size.isdecimal() or not place.isdecimal() or struck(self.faults, "locator"):
            raise Refused("INVALID_QUERY_LOCATOR", "invalid query locator")
        start, end = int(place), int(place) + max(min(int(size), MOST_PAGE), 1)
        records = job.finder.records(job.found[start:end])
        rows = [{column: _cell(_inside(record, column)) for column in job.columns} for record in records]
        headers = {
            "Sforce-Locator": str(end) if end < len(job.found) else "null",
            "Sforce-NumberOfRecords": str(len(rows)),
        }
        return Answer(200, _text(job.columns, rows, job.told), headers)


def _known(obj: SObject, column: str) -> bool:
    path, _, inner = column.partition(".")
    return obj.field(path) is not None or (bool(inner) and obj.walk(path) is not None)


def _values(obj: SObject, row: Mapping[str, str]) -> dict[str, Any]:
    """Cells as values: an empty one says nothing, #N/A empties the field, `Account.HubKey__c` names a parent."""
    values: dict[str, Any] = {}
    for name, cell in row.items():
        if name == "Id" or cell == "":
            continue
        path, _, inner = name.partition(".")
        known = obj.field(name)
        value: Any = None if cell == NOTHING else cell
        if known is not None and known.type == "boolean" and value is not None:
            value = {"true": True, "false": False, "1": True, "0": False}.get(cell.lower(), cell)
        values[path if inner else name] = {inner: value} if inner else value
    return values


def _inside(record: Mapping[str, Any], path: str) -> Any:
    now: Any = record
    for part in path.split("."):
        if now is None:
            return None
        now = next((value for name, value in now.items() if name.lower() == part.lower()), None)
    return now


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    text = str(value)
    return text.replace(".000+0000", ".000Z") if text.endswith(".000+0000") else text


def _text(columns: Sequence[str], rows: Iterable[Mapping[str, str]], told: Mapping[str, Any]) -> str:
    ending = "\r\n" if told.get("lineEnding") == "CRLF" else "\n"
    made = io.StringIO()
    mark = DELIMITERS[str(told.get("columnDelimiter", "COMMA"))]
    writer = csv.writer(made, delimiter=mark, lineterminator=ending, quoting=csv.QUOTE_ALL)
    writer.writerow(columns)
    writer.writerows([row.get(name, "") for name in columns] for row in rows)
    return made.getvalue()
