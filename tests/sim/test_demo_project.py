"""The demo's documents are right, and the sample company passes through their mappings without an error."""

from __future__ import annotations

import stat
from pathlib import Path
from typing import Any

import pytest

from hefu.core.crosscheck import crosscheck
from hefu.core.mapping import compile_mapping
from hefu.core.model import resolve
from hefu.core.project import Project
from hefu.sim.demo_project import PAIRS, SAMPLE, Pair
from hefu.store import documents, folder


@pytest.fixture(scope="module", params=[*PAIRS.values()], ids=[*PAIRS])
def pair(request: pytest.FixtureRequest) -> Pair:
    made: Pair = request.param
    return made


@pytest.fixture(scope="module")
def project(pair: Pair) -> Project:
    loaded = documents.load(pair.documents())
    assert [f.told() for f in loaded.findings] == []
    assert loaded.project is not None
    return loaded.project


def test_the_documents_fit_together(project: Project) -> None:
    assert crosscheck(project) == []
    assert set(project.connections) == {"crm", "erp"}
    assert {"catalogue", "customers", "orders"} <= set(project.flows)


def test_the_examples_beside_the_mappings_hold(project: Project) -> None:
    shown = 0
    for mapping in project.mappings.values():
        entity = resolve(project.entities[mapping.entity], project.entities)
        compiled = compile_mapping(mapping, entity, None, zone="Asia/Shanghai")
        for example in mapping.examples:
            assert compiled.inward([example.record]) == [example.golden]
            shown += 1
    assert shown >= 2


def test_written_documents_are_the_shipped_ones_with_the_right_addresses(tmp_path: Path) -> None:
    changed = SAMPLE.write(tmp_path, "http://127.0.0.1:1111", "http://127.0.0.1:2222")
    assert set(changed) == set(SAMPLE.documents())
    loaded = documents.load(folder.read_folder(tmp_path))
    assert loaded.project is not None
    assert _url(loaded.project, "crm") == "http://127.0.0.1:1111/api/v2"
    assert _url(loaded.project, "erp") == "http://127.0.0.1:2222/api/erp"
    assert stat.S_IMODE((tmp_path / "secrets" / "crm-token").stat().st_mode) == 0o600


def test_what_the_user_edited_stays(tmp_path: Path) -> None:
    SAMPLE.write(tmp_path, "http://127.0.0.1:1111", "http://127.0.0.1:2222")
    mine = tmp_path / "flows" / "customers.yaml"
    mine.write_text(mine.read_text("utf-8").replace("5s", "7s"), "utf-8")
    secret = (tmp_path / "secrets" / "crm-webhook").read_text("utf-8")
    assert SAMPLE.write(tmp_path, "http://127.0.0.1:3333", "http://127.0.0.1:2222") == ["connections/crm.yaml"]
    assert "7s" in mine.read_text("utf-8")
    assert (tmp_path / "secrets" / "crm-webhook").read_text("utf-8") == secret


def _url(project: Project, name: str) -> Any:
    return project.connections[name].settings["url"]
