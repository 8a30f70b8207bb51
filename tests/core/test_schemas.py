"""The published JSON Schemas are those of the types as they are now, complete, and explained in both languages."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Annotated, Any, Literal

import pytest
from pydantic import Field, SecretStr

from hefu.core.connector import Settings
from hefu.core.documents import KINDS
from hefu.core.schemas import generate
from hefu.core.schemas.words import WORDS
from hefu.core.transforms import CATALOGUE
from hefu.store.schemas import hint, published

CHINESE = re.compile(r"[\u4e00-\u9fff]")


class Bearer(Settings):
    kind: Literal["bearer"]
    token: SecretStr


class Basic(Settings):
    kind: Literal["basic"]
    user: str


class Web(Settings):
    url: str
    port: int = Field(443, description="Port", json_schema_extra={"zh": "端口"})
    auth: Annotated[Bearer | Basic, Field(discriminator="kind")]


def objects(part: Any) -> Iterator[dict[str, Any]]:
    """Every map inside a schema."""
    if isinstance(part, dict):
        yield part
    for inner in part.values() if isinstance(part, dict) else part if isinstance(part, list) else ():
        yield from objects(inner)


@pytest.mark.parametrize("kind", list(KINDS))
def test_published_schemas_are_current(kind: str) -> None:
    assert published()[kind] == generate()[kind], "run 'make schemas'"


@pytest.mark.parametrize("kind", list(KINDS))
def test_every_word_is_explained_in_both_languages(kind: str) -> None:
    schema = json.loads(generate()[kind])
    parts = {"": schema, **{name: d for name, d in schema["$defs"].items() if name != "Step_of_catalogue"}}
    assert parts[""]["properties"]
    for name, part in parts.items():
        for word, told in part.get("properties", {}).items():
            assert CHINESE.search(told["description"]), f"{kind}: {name}.{word} has no Chinese"
            assert re.search("[a-z]{2}", told["description"].split("\n")[0]), f"{kind}: {name}.{word} has no English"


def test_no_explanation_is_left_over() -> None:
    known = set()
    for model in KINDS.values():
        schema = model.model_json_schema()
        for name, part in {model.__name__: schema, **schema.get("$defs", {})}.items():
            known |= {f"{name}.{word}" for word in part.get("properties", {})}
    assert set(WORDS) <= known


@pytest.mark.parametrize("settings", [{}, {"web": Web}])
def test_every_reference_leads_somewhere(settings: dict[str, type[Settings]]) -> None:
    for text in generate(settings).values():
        schema = json.loads(text)
        targets = {part["$ref"] for part in objects(schema) if isinstance(part.get("$ref"), str)}
        assert targets <= {f"#/$defs/{name}" for name in schema["$defs"]}


def test_connectors_bring_their_settings() -> None:
    schema = json.loads(generate({"web": Web})["connection"])
    (rule,) = schema["allOf"]
    assert rule["if"]["properties"]["connector"] == {"const": "web"}
    settings = rule["then"]["properties"]["settings"]
    assert settings["required"] == ["url", "auth"]
    assert settings["properties"]["port"]["description"] == "Port\n端口"
    assert {one["type"] for one in settings["properties"]["port"]["anyOf"]} == {"integer", "string"}  # or a reference
    assert "web" in schema["properties"]["connector"]["examples"]


def test_every_transform_is_offered_with_its_parameters() -> None:
    schema = json.loads(generate()["mapping"])
    offers = schema["$defs"]["Step_of_catalogue"]["anyOf"]
    assert {one["const"] for one in offers if "const" in one} == set(CATALOGUE)
    assert {one["properties"]["use"]["const"] for one in offers if "properties" in one} == set(CATALOGUE)


def test_a_document_finds_its_schema_from_where_it_lies() -> None:
    assert hint("mappings/a.yaml", "mapping") == "# yaml-language-server: $schema=../.hefu/schemas/mapping.json\n"
    assert hint("alerts.yaml", "alerts") == "# yaml-language-server: $schema=.hefu/schemas/alerts.json\n"
