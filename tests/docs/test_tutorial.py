"""The tutorial is true: its files, its verbs in its order, and what they bring about."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from typer.testing import CliRunner

from hefu.cli.main import app

DOCS = Path(__file__).parents[2] / "docs"
PAGES = {"en": DOCS / "tutorial.md", "zh": DOCS / "zh/tutorial.md"}


class Reader:
    """Does what a page says, in a folder of its own."""

    def __init__(self, home: Path, language: str, monkeypatch: pytest.MonkeyPatch) -> None:
        self.page = PAGES[language].read_text(encoding="utf-8")
        self.language, self.home, self.monkeypatch = language, home, monkeypatch
        monkeypatch.chdir(home)
        monkeypatch.setenv("HEFU_LANGUAGE", language)
        monkeypatch.setenv("COLUMNS", "100")
        for name in ("HEFU_HOME", "HEFU_STORE"):
            monkeypatch.delenv(name, raising=False)
        crm, erp = re.findall(r"```csv\n(.*?)```", self.page, re.DOTALL)
        (home / "crm.csv").write_text(crm, encoding="utf-8")
        (home / "erp.csv").write_text(erp, encoding="utf-8")

    def do(self, line: str, code: int = 0, stdin: str | None = None) -> str:
        """Run a verb that the page prints; its exit code must be `code`."""
        assert f"hefu {line}" in self.page, line
        return self.run(line, code, stdin)

    def run(self, line: str, code: int = 0, stdin: str | None = None) -> str:
        words = [w.strip('"') for w in re.findall(r'"[^"]*"|\S+', line)]
        done = CliRunner().invoke(app, words, input=stdin)
        assert done.exit_code == code, f"{line}: {done.output}"
        return str(done.output)

    def read(self, name: str) -> list[str]:
        return (self.home / "my/data" / name).read_text(encoding="utf-8").splitlines()

    def edit(self, name: str, old: str, new: str) -> None:
        path = self.home / "my" / name
        text = path.read_text(encoding="utf-8")
        assert old in text
        path.write_text(text.replace(old, new), encoding="utf-8")


@pytest.mark.parametrize("language", ["en", "zh"])
def test_the_tutorial(language: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    reader = Reader(tmp_path, language, monkeypatch)
    shown = [block.strip() for block in re.findall(r"```text\n(.*?)```", reader.page, re.DOTALL)]

    reader.do("init my --left crm.csv --right erp.csv")
    monkeypatch.chdir(tmp_path / "my")
    checked = reader.do("check") + reader.do("project import")
    assert [line.strip() for line in checked.splitlines() if line.strip()] == shown[0].splitlines()

    planned = reader.do("plan", 3)
    planned, expected = (re.sub("[0-9a-f]{26}", "NUMBER", text) for text in (planned, shown[1]))
    assert sorted(line.rstrip() for line in planned.strip().splitlines()) == sorted(expected.splitlines())
    reader.do("apply", 4, "y\n")
    assert reader.read("crm.csv")[-1].startswith("C006,")
    assert reader.read("erp.csv")[-1].startswith("C005,")

    reader.do("conflicts list", 4)
    numbers = {row["field"]: row["id"] for row in json.loads(reader.run("conflicts list --json", 4))}
    assert numbers.keys() == {"name", "phone"}
    reader.run(f"conflicts resolve {numbers['phone']} --take theirs")
    reader.do("apply --yes", 4)
    assert "+8675588880399" in reader.read("crm.csv")[3]

    # An ERP that spells a number in its own way is written once, and not for ever.
    reader.edit("data/crm.csv", "021-5555 0101", "021-5555 0199")
    reader.do("plan", 3)
    reader.do("apply --yes", 4)
    assert "+862155550199" in reader.read("erp.csv")[1]
    trace = reader.do("trace C001")
    assert "phone: '+862155550101' → '+862155550199'" in trace
    assert trace.count("stale") <= 1

    undone = reader.do("undo C001")
    assert [line.rstrip() for line in undone.strip().splitlines()] == shown[4].splitlines()
    reader.do("apply --yes", 4)
    assert "+862155550101" in reader.read("crm.csv")[1]
    assert "+862155550101" in reader.read("erp.csv")[1]

    reader.edit("entities/customer.yaml", "# fields:", "fields:")
    reader.edit("entities/customer.yaml", "#   name:", "  name:")
    differs = reader.do("project diff", 3)
    note = re.search(r'project import -m "([^"]+)"', reader.page)
    assert note is not None
    imported = reader.run(f'project import -m "{note[1]}"')
    assert [x.rstrip() for x in (differs + imported).strip().splitlines()] == shown[5].splitlines()
    assert json.loads(reader.run("plan --json"))["writes"] == 0


def test_both_languages_use_the_same_files() -> None:
    files = [re.findall(r"```csv\n(.*?)```", p.read_text(encoding="utf-8"), re.DOTALL) for p in PAGES.values()]
    assert files[0] == files[1]
