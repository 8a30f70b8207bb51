"""`hefu migrate` and `hefu cutover` as a person uses them, on the worked example."""

from __future__ import annotations

from pathlib import Path

import pytest
from hefu_cli import Cli

from hefu.app import open_app


@pytest.fixture
def fresh(tmp_path: Path) -> Cli:
    """The worked example, imported and nothing applied."""
    cli = Cli(tmp_path / "project")
    cli.run("init", str(cli.folder))
    cli.run("project", "import", "-m", "first")
    return cli


def lines(cli: Cli, name: str) -> list[str]:
    return (cli.folder / name).read_text(encoding="utf-8-sig").splitlines()


def test_a_batch_from_staging_to_rollback(fresh: Cli, tmp_path: Path):
    before = lines(fresh, "data/erp.csv")
    with (fresh.folder / "data/crm.csv").open("a", encoding="utf-8") as file:
        file.write("C900,新客户一,,,,east,net30,yes\nC901,,,,,east,net30,yes\n")
    batch = fresh.json("migrate", "stage", "crm_customer", "erp_customer", "--by", "Li")["batch"]
    to = tmp_path / "rejects.csv"
    told = fresh.json("migrate", "check", "--rejects", str(to), code=4)
    assert (told["rows"]["rejected"], told["rejects"]) == (1, 1)
    assert "C901" in to.read_text(encoding="utf-8-sig")
    part = fresh.json("migrate", "load", batch, "--slice", "2", "--slices", "1", code=4)
    assert (part["state"], part["rows"]["loaded"]) == ("loading", 2)
    fresh.run("migrate", "load", batch, code=4)
    assert any("C900" in line for line in lines(fresh, "data/erp.csv"))
    assert fresh.json("migrate", "verify", code=4)["unexplained"] == 0
    assert fresh.json("migrate", "status")[0]["state"] == "verified"
    done = fresh.json("migrate", "rollback", batch)
    assert done["state"] == "rolled_back"
    assert lines(fresh, "data/erp.csv") == before


def test_wrong_words_are_errors_with_what_to_do(fresh: Cli):
    assert "no batch" in fresh.run("migrate", "check", code=2)
    assert "no mapping" in fresh.run("migrate", "stage", "nowhere", "erp_customer", code=2)
    assert "no cutover" in fresh.run("cutover", "start", "nowhere", code=2)
    assert "under way" in fresh.run("cutover", "status", code=2)
    fresh.run("migrate", "stage", "crm_customer", "erp_customer")
    assert "needs" in fresh.run("migrate", "load", code=2)
    assert ".csv" in fresh.run("migrate", "check", "--rejects", "x.pdf", code=2)


def test_a_whole_rehearsal_touches_only_the_sandbox(fresh: Cli):
    before = lines(fresh, "data/crm.csv"), lines(fresh, "data/erp.csv")
    told = fresh.json("cutover", "rehearse", "go_live", "--sign", "--by", "Li", code=4)
    assert (told["score"]["points"], told["score"]["go"], told["due"]) == (100, True, [])
    fresh.run("cutover", "go", "--rehearsal", "--by", "Chen", code=4)
    fresh.run("cutover", "step", "open", "--rehearsal")
    fresh.run("cutover", "step", "tell", "--done", "--rehearsal", "--by", "Wang")
    sandbox = fresh.folder / "rehearsal/erp.csv"
    sandbox.write_text(sandbox.read_text(encoding="utf-8").replace("5555 0101", "5555 7777"), encoding="utf-8")
    assert "reason" in fresh.run("cutover", "switch-back", "--rehearsal", code=2)
    told = fresh.json("cutover", "switch-back", "--rehearsal", "-m", "practice", "--by", "Chen", code=4)
    assert told["due"] == ["tell"]
    assert "55557777" in (fresh.folder / "rehearsal/crm.csv").read_text(encoding="utf-8"), "merged back"
    fresh.run("cutover", "step", "tell", "--done", "--rehearsal")
    told = fresh.json("cutover", "switch-back", "--rehearsal", "-m", "practice")
    assert told["state"] == "switched_back"
    assert (lines(fresh, "data/crm.csv"), lines(fresh, "data/erp.csv")) == before


def test_for_real_with_a_no_go(fresh: Cli):
    fresh.run("cutover", "start", "go_live", "--by", "Li", code=4)
    fresh.run("cutover", "step", "freeze")
    assert "sign" in fresh.run("cutover", "step", "backup", code=4)
    fresh.run("cutover", "step", "backup", "--failed", "-m", "the disk is full", "--by", "Zhao", code=4)
    assert "no go without" in fresh.run("cutover", "go", "--by", "Chen", code=2)
    told = fresh.json("cutover", "go", "--no", "--by", "Chen", code=4)
    assert (told["state"], told["score"]["missing"]) == ("no_go", ["backup", "move"])
    fresh.language = "zh"
    assert "决定不切换" in fresh.run("cutover", "status", code=4)
    assert fresh.json("cutover", "switch-back", "-m", "disk", "--by", "Chen")["state"] == "switched_back"


def test_a_rehearsal_without_a_sandbox_is_refused(fresh: Cli):
    doc = fresh.folder / "cutovers/go_live.yaml"
    kept = [line for line in doc.read_text(encoding="utf-8").splitlines() if "erp: {location" not in line]
    doc.write_text("\n".join(kept) + "\n", encoding="utf-8")
    fresh.run("project", "import", "-m", "no sandbox")
    assert "erp" in fresh.run("cutover", "rehearse", "go_live", code=2)


def test_signing_and_pausing_need_no_hub_to_stop_and_writing_does(fresh: Cli):
    fresh.run("cutover", "start", "go_live", "--by", "Li", code=4)
    with open_app(fresh.folder, {}) as running:
        running.store.lock()
        fresh.run("cutover", "step", "freeze")
        fresh.run("cutover", "step", "backup", "--done", "--by", "Zhao")
        assert "Another hub" in fresh.run("cutover", "step", "move", code=2)
    fresh.run("cutover", "step", "move")
