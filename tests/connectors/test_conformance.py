"""The suite itself: what it makes up, what it reports, and its pytest plugin for other people's connectors."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

from hefu.connectors.memory import Manners, MemorySystem, open_memory
from hefu.core.records import Field, FieldType, ObjectSchema
from hefu.sim.conformance import CHECKS, Clock, NotCalledFor, Rig, attempt, edited_of, live_rig, run, sample_of

T = FieldType


def rig(**more) -> Rig:
    clock = Clock()
    system = MemorySystem("small", clock.now)
    system.define("thing", [Field("code", required=True, length=12), Field("name")], Manners(page=3), key=("code",))
    return Rig(
        open_memory(system, sleep=clock.sleep),
        "thing",
        lambda n: {"code": f"K{n}", "name": "x"},
        {"name": "y"},
        **{"large": 100, **more},
    )


def test_every_check_has_a_title_in_both_languages():
    for check in CHECKS.values():
        assert check.en
        assert any("一" <= c <= "鿿" for c in check.zh)
    assert len({c.zh for c in CHECKS.values()}) == len(CHECKS) >= 40


def test_what_is_not_tried_says_why():
    result = attempt(CHECKS["delete_is_told"], rig())
    assert (result.state, result.note) == ("not tried", "the rig has no remove")
    result = attempt(CHECKS["steps_obey_their_states"], rig())
    assert (result.state, result.note) == ("not tried", "not declared")


def test_a_bypass_needs_a_reason():
    assert attempt(CHECKS["every_record_once"], rig(bypass={"every_record_once": "x"})).state == "failed"
    reason = "the vendor's sandbox resets itself every minute"
    assert attempt(CHECKS["every_record_once"], rig(bypass={"every_record_once": reason})).note == reason


def test_a_fault_in_the_connector_is_a_finding():
    broken = rig()
    broken.connector.fetch = lambda obj, ids: 1 / 0
    failed = {r.check.name: r.note for r in run(broken) if r.state == "failed"}
    assert "ZeroDivisionError" in failed["fetch_agrees_with_read"]


def test_samples_are_made_up_from_the_schema():
    fields = (
        Field("code", T.CODE, length=4),
        Field("kind", T.CODE, options=("a", "b")),
        Field("price", T.MONEY),
        Field("day", T.DATE),
        Field("at", T.INSTANT),
        Field("on", T.BOOLEAN),
        Field("owner", T.REFERENCE),
        Field("fixed", writable=False),
        Field("state", T.CODE),
    )
    schema = ObjectSchema("x", fields, key=("code",), state="state")
    one, two = sample_of(schema, 1), sample_of(schema, 2)
    assert set(one) == {"code", "kind", "price", "day", "at", "on"}
    assert one["code"] != two["code"]
    assert len(one["code"]) == 4
    assert edited_of(schema)["price"] not in {sample_of(schema, n)["price"] for n in range(50)}
    with pytest.raises(NotCalledFor):
        edited_of(ObjectSchema("x", (Field("code"),), key=("code",)))


def test_a_live_rig_looks_at_a_few_pages_only():
    looked = live_rig(rig().connector, "thing")
    system = looked.connector.system
    for n in range(100):
        system.create("thing", {"code": f"L{n}"})
    looked.most = 2
    assert len(list(looked.pages())) == 2
    assert not [r for r in run(looked) if r.state == "failed"]
    assert system.written("hub") == []


THIRD_PARTY = """
import pytest
from hefu.connectors.memory import Manners, MemorySystem, open_memory
from hefu.core.records import Field
from hefu.sim.conformance import Conformance, Rig

class TestAcme(Conformance):
    @pytest.fixture
    def rig(self, hefu_site, hefu_clock):
        self.system = MemorySystem("acme", hefu_clock.now)
        self.system.define("thing", [Field("code", required=True)], Manners(page=3), key=("code",))
        return Rig(open_memory(self.system), "thing", lambda n: {"code": f"K{n}"}, large=100)

def test_site(hefu_site):
    assert hefu_site.now().tzinfo is not None
    with pytest.raises(Exception, match="unreachable"):
        hefu_site.http.send("GET", "https://acme.example")
"""


def test_other_people_use_it_as_a_plugin(tmp_path):
    (tmp_path / "test_acme.py").write_text(THIRD_PARTY)
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "--hefu-sheet", "-q", str(tmp_path)]
    command += ["--hefu-sheet-file", "sheet.json"]
    if "hefu.sim.pytest_plugin" not in str(_plugins()):
        command[3:3] = ["-p", "hefu.sim.pytest_plugin"]
    done = subprocess.run(
        command, capture_output=True, text=True, cwd=tmp_path, env={**os.environ, "PYTEST_ADDOPTS": ""}
    )
    assert done.returncode == 0, done.stdout
    assert "TestAcme" in done.stdout
    assert "create       3/3" in done.stdout
    [row] = json.loads((tmp_path / "sheet.json").read_text())["suites"]
    assert (row["connector"], row["object"], row["abilities"]["create"]) == ("memory", "thing", [3, 3])


def _plugins():
    from importlib.metadata import entry_points

    return [e.value for e in entry_points(group="pytest11")]
