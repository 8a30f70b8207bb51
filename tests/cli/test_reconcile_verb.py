"""`hefu reconcile`: the headline, exit codes, signed reports, and several processes."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest
from hefu_cli import Cli

ROWS = 2000


@pytest.fixture
def cli(tmp_path: Path) -> Cli:
    """Two SQLite books that agree, and a project over them."""
    for side in ("crm", "erp"):
        with sqlite3.connect(tmp_path / f"{side}.db") as book:
            book.execute("create table thing (code text primary key, name text, amount decimal(14,2), date text)")
            rows = [(f"C{n:05d}", f"公司{n}", n / 100, "2026-03-01") for n in range(ROWS)]
            book.executemany("insert into thing values (?, ?, ?, ?)", rows)
    texts = {
        "entities/receipt.yaml": "entity: receipt\nmatch: [[number]]\nfields:\n  number: {type: code}\n"
        "  payer: {type: text}\n  amount: {type: money, scale: 2}\n  date: {type: date}\n",
        "flows/all.yaml": "flow: all\nmappings: [crm_thing, erp_thing]\n",
    }
    for side in ("crm", "erp"):
        texts[f"connections/{side}.yaml"] = (
            f"connection: {side}\nconnector: sql\nsettings:\n  url: sqlite:///{side}.db\n"
        )
        texts[f"mappings/{side}_thing.yaml"] = (
            f"mapping: {side}_thing\nconnection: {side}\nobject: thing\nentity: receipt\ncreate: true\nfields:\n"
            "  - {field: number, from: code}\n  - {field: payer, from: name}\n  - {field: amount, from: amount}\n"
            "  - {field: date, from: date}\n"
        )
    for name, text in texts.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text, encoding="utf-8")
    made = Cli(tmp_path)
    made.run("project", "import")
    return made


def spoil(cli: Cli) -> None:
    """One cent in one receipt, and one receipt that only the CRM has."""
    with sqlite3.connect(cli.folder / "erp.db") as book:
        book.execute("update thing set amount = 0.08 where code = 'C00007'")
        book.execute("delete from thing where code = 'C00100'")


def test_books_that_agree_end_with_0(cli: Cli) -> None:
    found = cli.json("reconcile")
    assert found["unexplained"] == 0
    assert found["sections"][0]["counts"] == {"left": ROWS, "right": ROWS, "pairs": ROWS, "equal": ROWS}
    assert "both books agree" in cli.run("reconcile", "run")
    cli.language = "zh"
    assert "账账相符" in cli.run("reconcile")


@pytest.mark.parametrize("how", [[], ["--how", "walk"], ["--how", "read"], ["--how", "walk", "--workers", "2"]])
def test_differences_end_with_3_whoever_looks(cli: Cli, how: list[str]) -> None:
    spoil(cli)
    found = cli.json("reconcile", *how, code=3)
    assert found["unexplained"] == 2
    kinds = {(d["kind"], d["left_id"], d["field"]) for d in found["differences"]}
    assert kinds == {("unexplained", "C00007", "amount"), ("missing_right", "C00100", "")}
    (total,) = found["totals"]
    assert (total["measure"], total["left_sum"], total["right_sum"]) == ("collected", "19990", "19989.01")


def test_a_person_reads_what_differs(cli: Cli) -> None:
    spoil(cli)
    said = cli.run("reconcile", code=3)
    assert "2 unexplained differences" in said
    assert "C00007" in said
    assert "0.07" in said
    assert "missing on the right" in said


def test_reports_are_signed_and_kept_in_the_journal(cli: Cli, tmp_path: Path) -> None:
    spoil(cli)
    files = [cli.folder / f"report.{kind}" for kind in ("html", "xlsx", "pdf")]
    found = cli.json("reconcile", *[w for f in files for w in ("--report", str(f))], code=3)
    assert [r["path"] for r in found["reports"]] == [str(f) for f in files]
    key = cli.json("reconcile", "key")["key"]
    for file in files:
        assert cli.json("reconcile", "verify", str(file)) == {"path": str(file), "whole": True, "key": key}
    with sqlite3.connect(cli.folder / ".hefu" / "hub.sqlite") as store:
        rows = store.execute("select object, detail from journal where action = 'report.signed'").fetchall()
    assert [r[0] for r in rows] == [f.name for f in files]
    assert all(r["sha256"] in detail for r, (_, detail) in zip(found["reports"], rows, strict=True))
    text = files[0].read_bytes()
    files[0].write_bytes(text.replace(b">2<", b">0<"))
    assert "altered" in cli.run("reconcile", "verify", str(files[0]), code=1)
    other = Cli(tmp_path / "other")
    other.folder.mkdir()
    assert "another key" in other.run("reconcile", "verify", str(files[1]), code=1)
    assert "whole" in other.run("reconcile", "verify", str(files[1]), "--key", key)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--how", "guess"], "not a choice"),
        (["--period", "week"], "not a choice"),
        (["--since", "soon"], "not a moment"),
        (["--report", "x.doc"], ".html, .xlsx or .pdf"),
        (["--mapping", "nobody"], "no mapping 'nobody'"),
        (["--mapping", "crm_thing"], "no two map one entity"),
        (["--sample", "5"], "nothing to take a sample of"),
    ],
)
def test_wrong_words_are_told(cli: Cli, words: list[str], said: str) -> None:
    assert said in cli.run("reconcile", *words, code=2)


def test_the_repairs_are_kept_as_a_plan(cli: Cli) -> None:
    cli.run("apply", "--yes")
    assert cli.json("reconcile", "--plan")["plan"] is None
    with sqlite3.connect(cli.folder / "erp.db") as book:
        book.execute("update thing set amount = 0.08 where code = 'C00007'")
    plan = cli.json("reconcile", "--plan", code=3)["plan"]
    cli.run("plan", "approve", plan)
    cli.run("apply", plan)
    assert cli.json("reconcile")["unexplained"] == 0
