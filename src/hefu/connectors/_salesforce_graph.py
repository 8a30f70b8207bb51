"""Documents with their lines as composite graphs: each document whole or not at all, many in one call."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from hefu.connectors._salesforce_api import Api
from hefu.connectors._salesforce_errors import first, of
from hefu.connectors._salesforce_shapes import LINE, Shape
from hefu.core.errors import HubError, Rejected, Unanswered
from hefu.core.records import REMOVED, Values, Written

MOST_NODES, MOST_GRAPHS = 500, 75

Node = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Graph:
    """What is to be done for one document. `id`: the document's, empty for a new one."""

    at: int
    id: str
    nodes: list[Node]


def nodes_of(
    api: Api, shape: Shape, record_id: str, body: Mapping[str, Any], lines: Sequence[Values] | None,
    before: Mapping[str, Values],
) -> list[Node]:  # fmt: skip
    """The calls for one document: header first, then its lines; of lines that are there only what changes.

    Raises Unsupported, Rejected.
    """
    made: list[Node] = []
    if not record_id:
        made.append(_node("POST", api.path(f"sobjects/{shape.name}"), "header", body))
    elif body:
        made.append(_node("PATCH", api.path(f"sobjects/{shape.name}/{record_id}"), "header", body))
    inside = shape.lines
    for number, line in enumerate(lines or ()) if inside is not None else ():
        assert inside is not None
        key, where = line.get(LINE), api.path(f"sobjects/{inside.name}")
        given = {n: v for n, v in line.items() if n not in (LINE, REMOVED)}
        if key is None:
            parent = record_id or "@{header.id}"
            made.append(_node("POST", where, f"line{number}", {**inside.pack(given), inside.parent: parent}))
            continue
        if str(key) not in before:
            raise Rejected("salesforce.unknown_line", field="lines", object=shape.name, line=str(key))
        if line.get(REMOVED):
            made.append(_node("DELETE", f"{where}/{key}", f"line{number}", None))
            continue
        news = {n: v for n, v in given.items() if before[str(key)].get(n) != v}
        if news:
            made.append(_node("PATCH", f"{where}/{key}", f"line{number}", inside.pack(news)))
    if len(made) > MOST_NODES:
        raise Rejected("salesforce.too_many_lines", field="lines", object=shape.name, most=MOST_NODES - 1)
    return made


def _node(method: str, url: str, name: str, body: Mapping[str, Any] | None) -> Node:
    made: Node = {"method": method, "url": url, "referenceId": name}
    return made if body is None else {**made, "body": body}


def in_calls(graphs: Sequence[Graph]) -> Iterator[list[Graph]]:
    """As many documents as fit into one call."""
    call, held = list[Graph](), 0
    for graph in graphs:
        if call and (held + len(graph.nodes) > MOST_NODES or len(call) == MOST_GRAPHS):
            yield call
            call, held = [], 0
        call.append(graph)
        held += len(graph.nodes)
    if call:
        yield call


def send(api: Api, call: Sequence[Graph], connection: str, headers: Mapping[str, str]) -> dict[int, Written | HubError]:
    """Place -> outcome of each document."""
    asked = {"graphs": [{"graphId": str(g.at), "compositeRequest": g.nodes} for g in call]}
    told = api.send("POST", "composite/graph", asked, writes=True, headers=headers).data
    found = {str(g.get("graphId")): g for g in (told or {}).get("graphs") or ()}
    where = {"connection": connection, "path": "POST composite/graph"}
    unclear = Unanswered("salesforce.fault", said="-", words="-", status=200, **where)
    return {g.at: _outcome(g, found[str(g.at)], where) if str(g.at) in found else unclear for g in call}


def _outcome(graph: Graph, told: Mapping[str, Any], where: Mapping[str, Any]) -> Written | HubError:
    parts = (told.get("graphResponse") or {}).get("compositeResponse") or []
    if told.get("isSuccessful"):
        made = next((p.get("body") or {} for p in parts if p.get("referenceId") == "header"), {})
        return Written(graph.id or str(made.get("id") or ""))
    errors = [(first(p.get("body")), int(p.get("httpStatusCode") or 400), p) for p in parts]
    errors = [e for e in errors if e[1] >= 300]
    own = [e for e in errors if e[0].get("errorCode") not in ("PROCESSING_HALTED", "ALL_OR_NONE_OPERATION_ROLLED_BACK")]
    said, status, part = (own or errors or [({"errorCode": "PROCESSING_HALTED"}, 400, {})])[0]
    record = graph.id if part.get("referenceId") == "header" else ""
    return of(said, writes=True, status=status, record=record, **where)
