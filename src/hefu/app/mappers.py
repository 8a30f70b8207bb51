"""Mappings as people work on them: proposed from names and values, tried on examples and on real records."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from hefu.app.systems import samples
from hefu.core.errors import HubError
from hefu.core.examples import Outcome, run_examples
from hefu.core.mapcheck import check_mapping
from hefu.core.mapping import Filtered, compile_mapping
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
    out = []
    for name in names:
        doc = hub.project.mappings[name]
        zone = hub.project.connections[doc.connection].zone
        compiled = compile_mapping(doc, hub.entity(doc.entity), hub.schema(doc.connection, doc.object), zone=zone)
        out += [(name, outcome) for outcome in run_examples(compiled, zone)]
    return out


def previewed(
    hub: Hub, doc: MappingDocument, records: Sequence[Record]
) -> list[tuple[Record, Mapping[str, Any] | HubError | None]]:
    """What the mapping makes of these records: values in our terms, what is wrong, or None (its filter leaves it out).

    Raises HubError where the mapping cannot be compiled at all.
    """
    schema = hub.schema(doc.connection, doc.object)
    zone = hub.project.connections[doc.connection].zone
    compiled = compile_mapping(doc, hub.entity(doc.entity), schema, zone=zone)
    out: list[tuple[Record, Mapping[str, Any] | HubError | None]] = []
    for record, made in zip(records, compiled.inward([r.values for r in records]), strict=True):
        out.append((record, None if isinstance(made, Filtered) else made))
    return out


def flaws(hub: Hub, doc: MappingDocument, records: Sequence[Record]) -> list[Any]:
    """What is wrong with a mapping against what its system offers now, tried on these records."""
    schema = hub.schema(doc.connection, doc.object)
    zone = hub.project.connections[doc.connection].zone
    return list(check_mapping(doc, hub.entity(doc.entity), schema, zone=zone, samples=[r.values for r in records]))


__all__ = ["flaws", "previewed", "proposal_json", "proposals", "tested"]
