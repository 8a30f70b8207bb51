"""The how-to pages on files show settings that the connector takes, the same in both languages."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from hefu.connectors.files import Files, FilesSettings
from hefu.core.connector import Site
from hefu.core.project import Connection
from hefu.sim.conformance import Clock

DOCS = Path(__file__).parents[2] / "docs"
PAGES = {"en": DOCS / "how-to/files.md", "zh": DOCS / "zh/how-to/files.md"}


def examples(language: str) -> list[dict]:
    blocks = re.findall(r"```yaml\n(.*?)```", PAGES[language].read_text(encoding="utf-8"), re.DOTALL)
    return [YAML(typ="safe").load(block) for block in blocks]


@pytest.mark.parametrize("number", range(5))
def test_examples_are_taken(number, tmp_path):
    here = Connection.model_validate(examples("en")[number])
    clock = Clock()
    site = Site(
        None, clock.now, clock.sleep, connection=here.connection, folder=str(tmp_path), facts={"zone": here.zone}
    )
    files = Files(FilesSettings.model_validate(here.settings), site)
    assert set(files.objects) == set(here.settings["objects"])


def test_both_languages_show_the_same():
    assert examples("en") == examples("zh")
    assert len(examples("en")) == 5


def test_the_host_key_is_one():
    import paramiko

    key = examples("en")[3]["settings"]["host_key"]
    assert paramiko.hostkeys.HostKeyEntry.from_line(f"erp.example.com {key}").key is not None
