"""The whole way of a new user, verb by verb: on the worked example, and on two files of their own."""

from __future__ import annotations

from pathlib import Path

import pytest
import xlsxwriter
from hefu_cli import Cli

CRM = """customer_no,name,tax_id,phone
C1,上海合符科技有限公司,91310000MA1K30AB1L,021-5555 0101
C2,北京远山软件有限公司,91110108MA01C2D34H,010-6666 0202
C3,Blue Harbour Ltd.,,+44 20 7946 0505
"""
ERP = """编码,名称,统一社会信用代码,电话
C1,上海合符科技有限公司,91310000MA1K30AB1L,+86 21 5555 0101
C2,北京远山软件有限公司,91110108MA01C2D34H,010-66660202
C9,成都锦江机械有限公司,91510100MA61R4T5U4,028-9999 0606
"""


def test_the_worked_example_from_init_to_undo(tmp_path: Path) -> None:
    cli = Cli(tmp_path / "project")
    assert "with" in cli.run("init", str(cli.folder))
    cli.run("init", str(cli.folder), code=2)  # what is there is left alone
    said = cli.run("check")
    assert "reached, credentials and rights are good" in said
    cli.run("plan", code=2)  # nothing imported yet
    assert cli.json("project", "import", "-m", "first")["version"] == 1
    before = data(cli)
    planned = cli.json("plan", code=3)
    assert planned["writes"] > 0
    assert data(cli) == before, "a plan touches nothing"
    assert cli.json("plan", code=3)["counts"] == planned["counts"]
    done = cli.json("apply", code=4)
    written = {k.removeprefix("delivered."): n for k, n in done.items() if k.startswith("delivered.")}
    assert written["created"] + written["updated"] == planned["writes"], "what was planned, no more and no less"
    after = data(cli)
    assert after != before
    cli.run("apply", "--yes", code=4)
    assert data(cli) == after, "a second time writes nothing"
    assert cli.json("plan")["writes"] == 0
    status = cli.json("status", code=4)
    assert status["project_version"] == 1
    assert status["due"] == {}
    edit(cli, "crm.csv", "021-5555 0101", "021-5555 9998")
    cli.run("apply", "--yes", code=4)
    assert "+862155559998" in data(cli)["erp.csv"]
    (story,) = cli.json("trace", "C001")
    assert {(x["connection"], x["record_id"]) for x in story["links"]} == {("crm", "C001"), ("erp", "C001")}
    assert story["fields"]["phone"] == "+862155559998"
    assert "+862155559998" in cli.run("trace", "合符科技")
    undone = cli.json("undo", story["golden_id"], "--by", "Li")
    assert undone["restored"] == {"phone": ["+862155559998", "+862155550101"]}
    cli.run("apply", "--yes", code=4)
    assert "9998" not in data(cli)["erp.csv"] + data(cli)["crm.csv"]
    assert cli.json("db", "check")["audit_broken_at"] is None


def data(cli: Cli) -> dict[str, str]:
    return {p.name: p.read_text("utf-8") for p in (cli.folder / "data").iterdir() if p.name.endswith(".csv")}


def edit(cli: Cli, file: str, old: str, new: str) -> None:
    path = cli.folder / "data" / file
    text = path.read_text("utf-8")
    assert old in text
    path.write_text(text.replace(old, new), "utf-8")


def book(path: Path, text: str) -> Path:
    made = xlsxwriter.Workbook(str(path))
    sheet = made.add_worksheet()
    for at, row in enumerate(text.strip().split("\n")):
        sheet.write_row(at, 0, row.split(","))
    made.close()
    return path


@pytest.mark.parametrize("kind", ["csv", "xlsx"])
def test_two_files_of_ones_own(tmp_path: Path, kind: str) -> None:
    left, right = tmp_path / "crm.csv", tmp_path / f"erp.{kind}"
    left.write_text(CRM, "utf-8")
    right.write_bytes(ERP.encode("gb18030")) if kind == "csv" else book(right, ERP)
    mine = left.read_bytes(), right.read_bytes()
    cli = Cli(tmp_path / "project")
    cli.run("init", str(cli.folder), "--left", str(left), "--right", str(right))
    cli.run("check")
    cli.run("project", "import")
    planned = cli.json("plan", code=3)
    assert {m: n["create"] for m, n in planned["counts"].items()} == {"crm_customer": 1, "erp_customer": 1}
    done = cli.json("apply")
    assert done["delivered.created"] == 2
    assert cli.json("plan")["writes"] == 0
    assert (left.read_bytes(), right.read_bytes()) == mine, "the user's files are copied, not touched"
    held = (cli.folder / "data" / "crm.csv").read_text("utf-8")
    assert "成都锦江机械有限公司" in held
    edit(cli, "crm.csv", "Blue Harbour Ltd.", "Blue Harbour Limited")
    assert cli.json("apply")["delivered.updated"] == 1
    (story,) = cli.json("trace", "Blue Harbour")
    assert story["fields"]["name"] == "Blue Harbour Limited"
    assert len(story["links"]) == 2
    assert cli.json("plan", "--full")["writes"] == 0


def test_one_file_alone_is_not_enough(tmp_path: Path) -> None:
    (tmp_path / "crm.csv").write_text(CRM, "utf-8")
    cli = Cli(tmp_path / "project")
    told = cli.json("init", str(cli.folder), "--left", str(tmp_path / "crm.csv"), code=2)
    assert told["error"] == "cli.two_files"
    told = cli.json("init", str(cli.folder), "--left", str(tmp_path / "crm.csv"), "--right", "none.csv", code=2)
    assert told["error"] == "starter.no_file"
    assert not cli.folder.exists()
