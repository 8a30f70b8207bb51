"""Plan, approve, apply, undo as a person types them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from hefu_cli import Cli

from hefu.cli.session import PERSON


def edit(cli: Cli, name: str, old: str, new: str) -> None:
    path = cli.folder / "data" / name
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")


def erp(cli: Cli) -> str:
    return (cli.folder / "data" / "erp.csv").read_text(encoding="utf-8")


def planned(cli: Cli) -> str:
    """Number of a plan that writes a phone into the ERP."""
    edit(cli, "crm.csv", "021-5555 0101", "021-5555 3141")
    return str(cli.json("plan", "--reason", "new number", "--by", "Li", code=3)["plan"])


def test_from_the_plan_to_the_write_and_back(cli: Cli) -> None:
    before = erp(cli)
    number = planned(cli)
    assert number in cli.run("plan", "list")
    told = cli.run("plan", "show", number, "--field", "phone")
    assert "Reason: new number" in told
    assert "+862155553141" in told
    assert erp(cli) == before
    assert "Nobody has approved" in cli.run("apply", number, code=1)
    cli.run("plan", "approve", number, "--by", "Wang")
    done = cli.json("apply", number, code=4)
    assert (done["state"], done["tally"]) == ("applied", {"written": 1})
    assert "3141" in erp(cli)
    shown = cli.json("plan", "show", number)
    assert (shown["author"], shown["approver"], shown["state"]) == ("Li", "Wang", "applied")
    assert [e["state"] for e in shown["entries"]] == ["written"]

    undo = cli.json("undo", "--run", number, "--by", "Li", code=3)
    assert (undo["writes"], undo["left"]) == (2, 0)
    cli.run("plan", "approve", undo["plan"], "--by", "Wang")
    cli.run("apply", undo["plan"], code=4)
    assert "3141" not in erp(cli)
    assert cli.json("plan")["writes"] == 0


def test_undo_of_a_window_at_once(cli: Cli) -> None:
    edit(cli, "crm.csv", "021-5555 0101", "021-5555 3141")
    cli.run("apply", "--yes", code=4)
    done = cli.json("undo", "--since", "1m", "--field", "phone", "--yes", code=4)
    assert done["state"] == "applied"
    assert "3141" not in erp(cli)


def test_what_changed_since_is_left_alone_and_told(cli: Cli) -> None:
    number = planned(cli)
    cli.run("plan", "approve", number)
    edit(cli, "crm.csv", "021-5555 3141", "021-5555 8888")
    told = cli.run("apply", number, code=3)
    assert "1 records were changed since" in told
    told = cli.run("plan", "show", number, "--state", "changed")
    assert "agreed to '+862155553141', found '+862155558888'" in told
    cli.run("apply", "--yes", code=4)
    assert "8888" in erp(cli)


def four_eyes(cli: Cli, above: int) -> None:
    path = next((cli.folder / "flows").glob("*.yaml"))
    path.write_text(path.read_text(encoding="utf-8") + f"\napproval:\n  four_eyes: {above}\n", encoding="utf-8")
    cli.run("project", "import")


def test_four_eyes_hold_for_the_short_way_too(cli: Cli) -> None:
    four_eyes(cli, 0)
    before = erp(cli)
    edit(cli, "crm.csv", "021-5555 0101", "021-5555 3141")
    told = cli.run("apply", "--yes", "--by", "Li", code=4)
    assert "needs a second person" in told
    assert erp(cli) == before
    number = cli.json("plan", "list")[0]["id"]
    assert cli.json("plan", "approve", number, "--by", "Li", code=1)["error"] == "plan.four_eyes"
    cli.run("plan", "approve", number, "--by", "Wang")
    cli.run("apply", number, code=4)
    assert erp(cli) != before


def refuses(cli: Cli, *words: str, error: str, code: int = 2) -> dict[str, Any]:
    told: dict[str, Any] = cli.json(*words, code=code)
    assert told["error"] == error
    return told


def test_wrong_words_are_told_with_the_right_ones(cli: Cli, tmp_path: Path) -> None:
    for words in (
        ("show", "x"),
        ("approve", "x"),
        ("reject", "x", "--reason", "y"),
        ("export", "x", str(tmp_path / "y")),
    ):
        refuses(cli, "plan", *words, error="plan.unknown")
    refuses(cli, "apply", "x", error="plan.unknown")
    number = planned(cli)
    refuses(cli, "plan", "show", number, "--op", "wish", error="desk.choice")
    refuses(cli, "plan", "show", number, "--state", "wish", error="desk.choice")
    refuses(cli, "undo", error="cli.undo_what")
    refuses(cli, "undo", "C001", "--run", "x", error="cli.undo_what")
    refuses(cli, "undo", "--run", "x", error="undo.no_run")
    refuses(cli, "undo", "--since", "yesterday", error="cli.moment")
    refuses(cli, "undo", "--since", "2020-01-01", "--until", "2020-01-02T08:00+08:00", error="undo.no_writes")
    refuses(cli, "undo", "--record", "nobody", error="cli.not_one")
    refuses(cli, "plan", "export", number, str(tmp_path / "no" / "plan.xlsx"), error="cli.machine", code=1)


def test_a_plan_names_what_it_leaves_out(cli: Cli) -> None:
    number = planned(cli)
    cli.run("plan", "reject", number, "--reason", "later")
    cli.run("pause", "connection:erp", "--by", "Wu")
    told = cli.json("plan", code=PERSON)
    assert (told["plan"], told["writes"]) == (None, 0)
    (left,) = [one for one in told["left_out"] if one["scope"] == "connection:erp"]
    assert (left["code"], left["facts"]) == ("pause.person", {"by": "Wu"})
    said = cli.run("plan", code=PERSON)
    assert f"Left out: {left['mapping']}" in said
    assert "Stopped by Wu" in said
    assert "Both sides agree" not in said
    cli.run("resume", "connection:erp")
    assert cli.json("plan", code=3)["left_out"] == []


def test_a_flow_that_is_switched_off_is_told(cli: Cli) -> None:
    (flow,) = (cli.folder / "flows").glob("*.yaml")
    flow.write_text(flow.read_text(encoding="utf-8") + "enabled: false\n", encoding="utf-8")
    cli.run("project", "import")
    refuses(cli, "plan", "--flow", flow.stem, error="cli.flow_off")
