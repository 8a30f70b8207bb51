"""privacy: as somebody types it who answers a person's request, on the worked example."""

from __future__ import annotations

import json
import stat

from hefu_cli import Cli
from python_calamine import CalamineWorkbook

PHONE = "+862899990606"


def test_what_is_held_is_handed_out_in_three_forms(cli: Cli) -> None:
    found = cli.json("privacy", "export", "C006")
    (one,) = found["subject"]
    assert (one["values"]["phone"], one["classes"]["phone"], one["masked"]) == (PHONE, "contact", [])
    assert {r["connection"]: r["record_id"] for r in one["records"]} == {"crm": "C006", "erp": "C006"}
    assert next(r["now"] for r in one["records"] if r["connection"] == "erp")["电话"] == "028-9999 0606"
    assert found["changes"]
    assert found["deliveries"]
    assert found["plans"]
    assert [p["purpose"] for p in found["purposes"]] == [""]
    for name in ("held.json", "held.html", "held.xlsx"):
        cli.run("privacy", "export", "C006", "--file", str(cli.folder / name))
        assert stat.S_IMODE((cli.folder / name).stat().st_mode) == 0o600
    assert PHONE in json.loads((cli.folder / "held.json").read_text())["subject"][0]["values"].values()
    page = (cli.folder / "held.html").read_text()
    assert PHONE in page
    assert "<script" not in page
    sheets = CalamineWorkbook.from_path(cli.folder / "held.xlsx")
    assert any(PHONE in row for row in sheets.get_sheet_by_index(1).to_python())
    cli.run("privacy", "export", "C006", "--file", str(cli.folder / "held.doc"), code=2)
    assert [r["action"] for r in cli.json("audit", "search", "--action", "privacy.exported")] == 4 * [
        "privacy.exported"
    ]


def test_an_erasure_is_a_plan_and_leaves_a_proof(cli: Cli) -> None:
    planned = cli.json("privacy", "erase", "C006", "--reason", "asked in writing", code=3)
    assert (planned["writes"], planned["left"], planned["elsewhere"]) == (2, [], [])
    assert "028-9999 0606" in (cli.folder / "data" / "erp.csv").read_text(encoding="utf-8-sig"), "nothing is written"
    cli.run("plan", "approve", planned["plan"])
    assert "Erased" in cli.run("apply", planned["plan"], code=4)
    (kept,) = cli.json("privacy", "list")
    proof = cli.json("privacy", "proof", kept["id"])
    assert (proof["reason"], proof["complete"]) == ("asked in writing", True)
    assert [s["outcome"] for s in proof["systems"]] == ["blanked", "blanked"]
    assert proof["marks"]["phone"]
    for system in ("crm", "erp"):
        text = (cli.folder / "data" / f"{system}.csv").read_bytes().decode("utf-8-sig")
        assert "99990606" not in text.replace(" ", "")
    found = cli.json("privacy", "export", "C006")
    assert "99990606" not in json.dumps(found).replace(" ", "")
    assert [e["erasure"] for e in found["erasures"]] == [kept["id"]]
    assert "Whole" in cli.run("audit", "verify")
    assert cli.json("privacy", "lift", kept["id"], "--reason", "asked to be known again")["lifted"] > 0
    assert "没有删除记录" in Cli(cli.folder, language="zh").run("privacy", "proof", "none", code=2)


def test_purposes_and_retention_are_what_the_project_says(cli: Cli) -> None:
    assert "NOT SAID" in cli.run("privacy", "purposes", code=4)
    flow = cli.folder / "flows" / "customers.yaml"
    flow.write_text(flow.read_text() + "purpose: To deliver and invoice what was ordered\n")
    assert "privacy.yaml" in cli.run("privacy", "retain", code=2)
    (cli.folder / "privacy.yaml").write_text("privacy: {deliveries: 3}\n")
    cli.run("project", "import", code=2)
    (cli.folder / "privacy.yaml").write_text("privacy: {deliveries: 30, runs: 30}\n")
    cli.run("project", "import")
    assert cli.json("privacy", "purposes")[0]["purpose"] == "To deliver and invoice what was ordered"
    assert cli.json("privacy", "retain") == {}, "nothing is that old yet"
