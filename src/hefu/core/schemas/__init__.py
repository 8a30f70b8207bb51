"""JSON Schemas of the documents, made from the types, so that any editor completes and explains every word.

The published files lie beside this one (`make schemas` renews them); descriptions are English and Chinese.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import GenerateJsonSchema

from hefu.core.documents import KINDS
from hefu.core.model import READY
from hefu.core.schemas.words import CHOICES, WORDS
from hefu.core.transforms import CATALOGUE

DIALECT = "https://json-schema.org/draft/2020-12/schema"

_REFERENCE = {"type": "string", "pattern": r"\$\{(env|file|keyring|sealed):", "description": "${env:NAME}"}
_STRAY = ("title", "ge", "le", "writeOnly")


def generate(settings: Mapping[str, type[BaseModel]] | None = None) -> dict[str, str]:
    """Kind of document -> the text of its schema. `settings`: connector name -> type of its settings."""
    made = {kind: _schema(kind, model) for kind, model in KINDS.items()}
    _transforms(made["mapping"])
    made["entity"]["properties"]["extends"]["examples"] = list(READY)
    _connectors(made["connection"], settings or {})
    return {kind: json.dumps(schema, ensure_ascii=False, indent=1) + "\n" for kind, schema in made.items()}


def form(settings: type[BaseModel]) -> dict[str, Any]:
    """The JSON Schema of a connector's settings, for a form; what is secret is marked `writeOnly`."""
    schema = settings.model_json_schema(schema_generator=_Plain)
    defs = {name: _referable(_explained(name, part)) for name, part in schema.pop("$defs", {}).items()}
    secret = {name for name, info in settings.model_fields.items() if "SecretStr" in str(info.annotation)}
    made = {"$schema": DIALECT, **_referable(_explained(settings.__name__, schema)), "$defs": defs}
    for name in secret & made.get("properties", {}).keys():
        made["properties"][name] = {**made["properties"][name], "writeOnly": True}
    return made


def _schema(kind: str, model: type[BaseModel]) -> dict[str, Any]:
    schema = model.model_json_schema(schema_generator=_Plain)
    defs = {name: _explained(name, part) for name, part in schema.pop("$defs", {}).items()}
    return {"$schema": DIALECT, "title": f"Hefu {kind}", **_explained(model.__name__, schema), "$defs": defs}


class _Plain(GenerateJsonSchema):
    """Without the titles that pydantic makes up from names."""

    def field_title_should_be_set(self, schema: Any) -> bool:
        return False


def _explained(name: str, part: dict[str, Any]) -> dict[str, Any]:
    """One type with descriptions in both languages, and nothing that is no JSON Schema."""
    part = {key: value for key, value in part.items() if key not in _STRAY}
    for field, schema in part.get("properties", {}).items():
        own = {key: value for key, value in schema.items() if key not in _STRAY}
        english, chinese = WORDS.get(f"{name}.{field}", ("", ""))
        told = [own.pop("description", "") or english, own.pop("zh", "") or chinese]
        choices = CHOICES.get(f"{name}.{field}", "")
        part["properties"][field] = {**own, "description": "\n".join(filter(None, [*told, choices]))}
    return part


def _transforms(mapping: dict[str, Any]) -> None:
    """Offer every transform of the catalogue, with its parameters."""
    offers: list[dict[str, Any]] = [
        {"const": name, "description": f"{step.en}\n{step.zh}"} for name, step in sorted(CATALOGUE.items())
    ]
    for name, step in sorted(CATALOGUE.items()):
        schema = step.model_json_schema(schema_generator=_Plain)
        _adopt(mapping, f"transform_{name}", schema)
        schema["properties"] = {"use": {"const": name}, **schema.get("properties", {})}
        offers.append(
            {
                "type": "object",
                "description": f"{step.en}\n{step.zh}",
                "properties": schema["properties"],
                "required": ["use", *schema.get("required", [])],
                "additionalProperties": False,
            }
        )
    mapping["$defs"].pop("Transform", None)
    mapping["$defs"]["Step_of_catalogue"] = {"anyOf": offers}
    field = mapping["$defs"]["FieldMap"]["properties"]["transform"]
    field["items"] = {"$ref": "#/$defs/Step_of_catalogue"}


def _connectors(connection: dict[str, Any], settings: Mapping[str, type[BaseModel]]) -> None:
    """Once the connector is chosen, its settings are completed, too."""
    if not settings:
        return
    rules = []
    for name, kind in sorted(settings.items()):
        schema = kind.model_json_schema(schema_generator=_Plain)
        _adopt(connection, f"connector_{name}", schema)
        chosen = {"properties": {"connector": {"const": name}}, "required": ["connector"]}
        rules.append({"if": chosen, "then": {"properties": {"settings": _referable(_explained(name, schema))}}})
    connection["properties"]["connector"]["examples"] = sorted(settings)
    connection["allOf"] = rules


def _adopt(host: dict[str, Any], prefix: str, schema: dict[str, Any]) -> None:
    """Move a schema's definitions into `host` under names of their own."""
    names = {f"#/$defs/{name}": f"#/$defs/{prefix}.{name}" for name in schema.get("$defs", {})}
    for name, part in schema.pop("$defs", {}).items():
        host["$defs"][f"{prefix}.{name}"] = _referable(_renamed(_explained(name, part), names))
    schema.update(_renamed(schema, names))


def _renamed(part: Any, names: Mapping[str, str]) -> Any:
    if isinstance(part, dict):
        return {
            k: names.get(v, v) if k == "$ref" else _renamed(v, names) for k, v in part.items() if k != "discriminator"
        }
    return [_renamed(item, names) for item in part] if isinstance(part, list) else part


def _referable(part: dict[str, Any]) -> dict[str, Any]:
    """A number or a switch may come from the environment, too."""
    for field, schema in part.get("properties", {}).items():
        if schema.get("type") in ("integer", "number", "boolean"):
            told = schema.pop("description", "")
            part["properties"][field] = {"anyOf": [schema, _REFERENCE], "description": told}
    return part
