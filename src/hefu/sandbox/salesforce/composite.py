"""Several calls in one: composite with references between them, graphs, batches and trees."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from hefu.sandbox.salesforce.calls import Answer, Call, call_of, inner
from hefu.sandbox.salesforce.many import RolledBack
from hefu.sandbox.salesforce.objects import CHILDREN, object_named
from hefu.sandbox.salesforce.rest import Rest
from hefu.sandbox.salesforce.values import Refused

MOST, MOST_QUERIES, GRAPHS, NODES, TREE = 25, 5, 75, 500, 200
_REFERENCE = re.compile(r"@\{(\w+)((?:\.\w+|\[\d+\])*)\}")
_STEP = re.compile(r"\.(\w+)|\[(\d+)\]")
HALTED = "The transaction was rolled back since another operation in the same transaction failed."
Serve = Callable[[Call], Answer]


class Composite:
    """Calls below `composite` but for the collections; `serve` runs a call inside."""

    def __init__(self, rest: Rest, serve: Serve) -> None:
        self.rest, self.serve = rest, serve

    def composite(self, call: Call) -> Answer:
        """`composite`: in order, each may use what the earlier ones answered."""
        given = call.given
        told, _ = self._run(call, _requests(given, MOST), bool(given.get("allOrNone")))
        return Answer(200, {"compositeResponse": told})

    def graph(self, call: Call) -> Answer:
        """`composite/graph`: each graph holds or falls whole."""
        graphs = call.given.get("graphs")
        if not isinstance(graphs, list) or not 0 < len(graphs) <= GRAPHS:
            raise Refused("INVALID_INPUT", f"graphs: from one to {GRAPHS} are wanted")
        if sum(len(graph.get("compositeRequest") or ()) for graph in graphs) > NODES:
            raise Refused("LIMIT_EXCEEDED", f"at most {NODES} nodes are allowed")
        told = []
        for graph in graphs:
            answers, good = self._run(call, _requests(graph, NODES), all_or_none=True)
            told.append(
                {
                    "graphId": str(graph.get("graphId", "")),
                    "isSuccessful": good,
                    "graphResponse": {"compositeResponse": answers},
                }
            )
        return Answer(200, {"graphs": told})

    def batch(self, call: Call) -> Answer:
        """`composite/batch`: each by itself."""
        requests = call.given.get("batchRequests")
        if not isinstance(requests, list) or not 0 < len(requests) <= MOST:
            raise Refused("INVALID_INPUT", f"batchRequests: from one to {MOST} are wanted")
        results = []
        for each in requests:
            url = urlsplit(str(each.get("url", "")))
            version, _, path = url.path.strip("/").removeprefix("services/data/").removeprefix("v").partition("/")
            asked = inner(
                str(each.get("method")), version, path, dict(parse_qsl(url.query)), each.get("richInput"), call.headers
            )
            answer = self.serve(asked)
            results.append({"statusCode": answer.status, "result": answer.body})
        return Answer(200, {"hasErrors": any(r["statusCode"] >= 400 for r in results), "results": results})

    def tree(self, call: Call) -> Answer:
        """`composite/tree/OBJECT`: records with their children, all or none."""
        name = call.path.split("/")[-1]
        records = call.given.get("records")
        if not isinstance(records, list) or not records:
            raise Refused("INVALID_INPUT", "records: a list of records is wanted")
        if _size(records) > TREE:
            raise Refused("LIMIT_EXCEEDED", f"at most {TREE} records are allowed")
        results: list[dict[str, Any]] = []
        errors: list[dict[str, Any]] = []
        counted = Counter(self.rest.ledger.writes)
        try:
            with self.rest.org.shelf.change():
                self._grow(call, name, records, {}, results, errors)
                if errors:
                    raise RolledBack(Answer(400, {"hasErrors": True, "results": errors}))
        except RolledBack as back:
            self.rest.ledger.writes = counted
            return back.answer
        return Answer(201, {"hasErrors": False, "results": results})

    def _grow(
        self,
        call: Call,
        name: str,
        records: list[dict[str, Any]],
        parent: Mapping[str, str],
        results: list[dict[str, Any]],
        errors: list[dict[str, Any]],
    ) -> None:
        obj = object_named(name)
        if obj is None:
            raise Refused("NOT_FOUND", "The requested resource does not exist", status=404)
        below = {relation: (child, reference) for child, reference, relation in CHILDREN.get(obj.name, ())}
        for record in records:
            label = str((record.get("attributes") or {}).get("referenceId", ""))
            own = {n: v for n, v in record.items() if n not in below and n != "attributes"}
            try:
                record_id = self.rest.insert(obj, {**own, **parent}, self.rest.hand(call))
            except Refused as refused:
                errors.append({"referenceId": label, "errors": [refused.told("statusCode")]})
                continue
            results.append({"referenceId": label, "id": record_id})
            for relation, (child, reference) in below.items():
                inside = (record.get(relation) or {}).get("records") or []
                self._grow(call, child, inside, {reference: record_id}, results, errors)

    # ---------------------------------------------------------------- the inside

    def _run(self, call: Call, requests: list[dict[str, Any]], all_or_none: bool) -> tuple[list[dict[str, Any]], bool]:
        told: list[dict[str, Any]] = []
        counted = Counter(self.rest.ledger.writes)
        try:
            with self.rest.org.shelf.change():
                known: dict[str, Any] = {}
                for each in requests:
                    answer = self._one(call, each, known)
                    known[str(each["referenceId"])] = answer.body if answer.status < 300 else None
                    told.append(_told(each, answer))
                    if answer.status >= 300 and all_or_none:
                        raise RolledBack(answer)
        except RolledBack as back:
            self.rest.ledger.writes = counted
            failed = len(told) - 1
            halted = Answer(400, [{"errorCode": "PROCESSING_HALTED", "message": HALTED}])
            return [_told(e, back.answer if n == failed else halted) for n, e in enumerate(requests)], False
        return told, all(each["httpStatusCode"] < 300 for each in told)

    def _one(self, call: Call, each: Mapping[str, Any], known: Mapping[str, Any]) -> Answer:
        try:
            url = urlsplit(str(_filled(each.get("url", ""), known)))
            asked = call_of(str(each.get("method", "GET")), url.path, dict(parse_qsl(url.query)))
            body = _filled(each.get("body"), known)
        except Refused as refused:
            return Answer(refused.status, [refused.told()])
        headers = {**call.headers, **{n.lower(): str(v) for n, v in (each.get("httpHeaders") or {}).items()}}
        return self.serve(inner(asked.method, asked.version, asked.path, asked.query, body, headers))


def _requests(given: Mapping[str, Any], most: int) -> list[dict[str, Any]]:
    requests = given.get("compositeRequest")
    if not isinstance(requests, list) or not requests or not all(isinstance(r, dict) for r in requests):
        raise Refused("INVALID_INPUT", "compositeRequest: a list is wanted")
    if len(requests) > most:
        raise Refused("LIMIT_EXCEEDED", f"at most {most} subrequests are allowed")
    labels = [r.get("referenceId") for r in requests]
    if None in labels or len({*labels}) < len(labels):
        raise Refused("INVALID_INPUT", "each subrequest wants a referenceId of its own")
    queries = [r for r in requests if re.search(r"/(query(All)?|composite/sobjects)\b", str(r.get("url", "")))]
    if most == MOST and len(queries) > MOST_QUERIES:
        raise Refused("LIMIT_EXCEEDED", f"at most {MOST_QUERIES} query and collections subrequests are allowed")
    return requests


def _told(each: Mapping[str, Any], answer: Answer) -> dict[str, Any]:
    return {
        "body": answer.body,
        "httpHeaders": dict(answer.headers),
        "httpStatusCode": answer.status,
        "referenceId": each["referenceId"],
    }


def _filled(value: Any, known: Mapping[str, Any]) -> Any:
    """`@{label.path}` replaced by what that earlier answer says."""
    if isinstance(value, dict):
        return {name: _filled(inside, known) for name, inside in value.items()}
    if isinstance(value, list):
        return [_filled(inside, known) for inside in value]
    return _REFERENCE.sub(lambda m: _answered(m, known), value) if isinstance(value, str) else value


def _answered(match: re.Match[str], known: Mapping[str, Any]) -> str:
    found = known.get(match[1])
    for name, number in _STEP.findall(match[2]):
        if isinstance(found, dict) and name:
            found = found.get(name, found.get(name.lower()))
        elif isinstance(found, list) and number and int(number) < len(found):
            found = found[int(number)]
        else:
            found = None
    if found is None or isinstance(found, dict | list):
        raise Refused("PROCESSING_HALTED", f"Invalid reference specified. No value for {match[1]}{match[2]} found")
    return str(found)


def _size(records: list[dict[str, Any]]) -> int:
    inside = (v["records"] for r in records for v in r.values() if isinstance(v, dict) and "records" in v)
    return len(records) + sum(_size(each) for each in inside)
