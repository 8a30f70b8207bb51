"""The customers that most scenarios are about: one entity, held by a CRM and an ERP."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from world import Fate, Thing, World

from hefu.connectors.memory import Manners
from hefu.core.records import Field, FieldType

TEXTS = ("code", "name", "phone", "address", "terms")
TOKEN = Manners(create="token", token_field="ref")


def customers(
    fate: Fate,
    rules: Mapping[str, Mapping[str, Any]] | None = None,
    crm: Manners = TOKEN,
    erp: Manners = TOKEN,
    entity: Mapping[str, Any] | None = None,
    create: bool = True,
    erp_fields: Sequence[Field] = (),
    others: Sequence[str] = (),
    **world: Any,
) -> World:
    """A world of customers. `rules` refine or add fields of the entity; all systems hold all of them.

    `erp_fields` take the place of the ERP's plain ones. `others`: systems beside CRM and ERP.
    """
    rules = rules or {}
    docs = {n: {"type": "text", **rules.get(n, {})} for n in (*TEXTS, *rules)}
    fields = [Field(n, FieldType(d["type"])) for n, d in docs.items()] + [Field("ref")]
    limited = {f.name: f for f in erp_fields}
    mappings = [
        {
            "mapping": f"{name}-customer",
            "connection": name,
            "object": "customer",
            "entity": "customer",
            "create": create,
            "fields": [{"field": n, "from": n} for n in docs],
        }
        for name in ("crm", "erp", *others)
    ]
    entities = [{"entity": "customer", "fields": docs, "match": [["code"]], **(entity or {})}]
    things = {
        "crm": [Thing("customer", fields, crm, ("code",))],
        "erp": [Thing("customer", [limited.get(f.name, f) for f in fields], erp, ("code",))],
        **{name: [Thing("customer", fields, TOKEN, ("code",))] for name in others},
    }
    return World(fate, entities, things, mappings, **world)


def held(world: World, name: str, field: str) -> Any:
    """What a system's only customer holds in a field."""
    (only,) = world.systems[name].all("customer").values()
    return only[field]
