"""Connectors are found by name, in this package and in others."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from hefu.connectors import find, names
from hefu.connectors.memory import Memory
from hefu.core.errors import Unsupported
from hefu.core.words import tell


def test_a_module_of_that_name():
    assert find("memory") is Memory
    assert "memory" in names()
    assert not [name for name in names() if name.startswith("_")]


def test_every_connector_of_ours_can_be_loaded():
    for name in names():
        try:
            found = find(name).name
        except Unsupported as error:
            found = name if error.code == "connectors.needs" else str(error)  # its library is an extra
        assert found == name


@pytest.mark.parametrize(("wrong", "right"), [("memmory", "memory"), ("Memory", "memory"), ("sq", "sql")])
def test_an_unknown_name_tells_the_nearest(wrong, right):
    with pytest.raises(Unsupported) as told:
        find(wrong)
    assert told.value.facts["nearest"] == right
    assert right in tell(told.value)[0]
    assert "?" not in tell(told.value, "zh")[0]


@pytest.mark.parametrize("odd", ["", "_memory_system", "memory.Memory", "os", "../x"])
def test_nothing_else_can_be_reached(odd):
    with pytest.raises(Unsupported):
        find(odd)


def package(folder: Path, monkeypatch: pytest.MonkeyPatch, name: str, target: str, code: str) -> None:
    """A third party's installed distribution, as pip leaves it."""
    (folder / f"{name}_pkg.py").write_text(code)
    info = folder / f"{name}_pkg-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}-pkg\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(f"[hefu.connectors]\n{name} = {target}\n")
    monkeypatch.syspath_prepend(str(folder))
    monkeypatch.delitem(sys.modules, f"{name}_pkg", raising=False)


def test_an_entry_point_of_another_package(tmp_path, monkeypatch):
    code = "from hefu.connectors.memory import Memory\nclass Acme(Memory):\n    name = 'acme'\n"
    package(tmp_path, monkeypatch, "acme", "acme_pkg:Acme", code)
    assert find("acme").name == "acme"
    assert names()[-1] == "acme"


def test_a_missing_library_is_named(tmp_path, monkeypatch):
    package(tmp_path, monkeypatch, "lost", "lost_pkg:X", "import a_library_nobody_has\n")
    with pytest.raises(Unsupported) as told:
        find("lost")
    assert "a_library_nobody_has" in tell(told.value)[0]


def test_something_else_is_refused(tmp_path, monkeypatch):
    package(tmp_path, monkeypatch, "odd", "odd_pkg:X", "X = 1\n")
    with pytest.raises(Unsupported) as told:
        find("odd")
    assert told.value.code == "connectors.none_inside"
