"""A project on the worked example, made and applied once, copied for each test."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from hefu_cli import Cli


@pytest.fixture(scope="session")
def applied_once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("example") / "project"
    cli = Cli(folder)
    cli.run("init", str(folder))
    cli.run("project", "import", "-m", "first")
    cli.run("apply", "--yes", code=4)
    return folder


@pytest.fixture
def cli(applied_once: Path, tmp_path: Path) -> Cli:
    """The worked example, applied: both files agree, one conflict waits for a person."""
    shutil.copytree(applied_once, tmp_path / "project")
    return Cli(tmp_path / "project")
