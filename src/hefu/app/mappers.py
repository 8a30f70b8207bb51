"""Mappings as people work on them: proposed from names and values, checked, tried on their examples."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from hefu.app.systems import samples
from hefu.core.documents import Flaw
from hefu.core.examples import Outcome, run_examples
from hefu.core.mapcheck import check_mapping
from hefu.core.mapping import compile_mapping
from hefu.core.project import Mapping as MappingDocument
from hefu.core.records import Record, Values
from hefu.core.suggest import Suggestion, suggest
from hefu.engine.hub import Hub


def proposals(hub: Hub, connection: str, obj: str, entity: str, most: int) -> list[Suggestion]:
    """Field pairs with confidence and reasons, from so many of the system's records."""
    schema = hub.schema(connection, obj)
    values: list[Values] = [record.values for record in samples(hub, connection, obj, most)]
    return suggest(schema, hub.entity(entity), values)


def proposal_json(one: Suggestion) -> dict[str, Any]:
    """A proposal as JSON."""
    return {
        "field": one.field, "from": one.source, "confidence": one.confidence, "reasons": one.reasons,
        "transform": one.transform,
    }  # fmt: skip


def tested(hub: Hub, names: Iterable[str]) -> list[tuple[str, Outcome]]:
    """The examples that stand beside these mappings, run: (mapping, how it went)."""
    return [(name, outcome) for name in names for outcome in examined(hub, hub.project.mappings[name])]


def examined(hub: Hub, doc: MappingDocument) -> list[Outcome]:
    """The examples of one mapping, saved or not, run. Raises HubError where it cannot be compiled."""
    zone = hub.project.connections[doc.connection].zone
    compiled = compile_mapping(doc, hub.entity(doc.entity), hub.schema(doc.connection, doc.object), zone=zone)
    return run_examples(compiled, zone)


def flaws(hub: Hub, doc: MappingDocument, records: Sequence[Record]) -> list[Flaw]:
    """What is wrong with a mapping against what its system offers now, tried on these records."""
    schema = hub.schema(doc.connection, doc.object)
    zone = hub.project.connections[doc.connection].zone
    return list(check_mapping(doc, hub.entity(doc.entity), schema, zone=zone, samples=[r.values for r in records]))


__all__ = ["examined", "flaws", "proposal_json", "proposals", "tested"]
