"""The how-to pages show descriptions that the connector takes, the same in both languages."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from hefu.connectors.rest import CONNECTOR
from hefu.core.connector import Answer, Site
from hefu.core.project import Connection

DOCS = Path(__file__).parents[2] / "docs"
PAGES = {"en": DOCS / "how-to/connect-a-json-api.md", "zh": DOCS / "zh/how-to/connect-a-json-api.md"}


class NoNet:
    """Opening a connector makes no call."""

    def send(self, *_: object, **__: object) -> Answer:
        raise AssertionError("a call")


def blocks(language: str) -> list[Any]:
    texts = re.findall(r"```yaml\n(.*?)```", PAGES[language].read_text(encoding="utf-8"), re.DOTALL)
    return [YAML(typ="safe").load(text) for text in texts]


@pytest.mark.parametrize("document", blocks("en"), ids=range(len(blocks("en"))))
def test_an_example_is_a_connection(document: dict[str, Any]) -> None:
    connection = Connection.model_validate(document)
    site = Site(NoNet(), lambda: datetime(2026, 1, 31, tzinfo=UTC), lambda _: None, facts={"zone": connection.zone})
    CONNECTOR(CONNECTOR.settings_type.model_validate(connection.settings), site)


def test_both_languages_show_the_same_examples() -> None:
    assert blocks("en") == blocks("zh")
    assert len(blocks("en")) >= 5
