"""Every verb: its exit code, one JSON document under --json, words in both languages."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from hefu_cli import Cli
from typer.main import get_command
from typer.testing import CliRunner

from hefu.app import open_app
from hefu.cli.main import app
from hefu.store import golden as goldens
from hefu.store import issues
from hefu.store.issues import Issue

CHINESE = re.compile(r"[\u4e00-\u9fff]")


def conflict(cli: Cli) -> str:
    """Number of the conflict that the example leaves."""
    return str(cli.json("conflicts", "list", code=4)[0]["id"])


def raised(cli: Cli, kind: str) -> str:
    """Number of a case of that kind about some record of the ERP."""
    with open_app(cli.folder, {}) as hub, hub.store.begin() as tx:
        golden_id, links = next(iter(goldens.links_of(tx, ids(cli)).items()))
        link = next(x for x in links if x.connection == "erp")
        facts = {"code": "outcome.taken", "facts": {}, "record_id": link.record_id}
        issues.raise_issues(tx, [Issue(kind, "customer", golden_id, link.id, "erp", "", facts)])
        return str(issues.list_issues(tx, kinds=(kind,))[-1]["id"])


def two(cli: Cli) -> tuple[str, str]:
    """Two objects of the example."""
    return ids(cli)[0], str(cli.json("trace", "C002")[0]["golden_id"])


def merged(cli: Cli) -> str:
    """An object that was merged into another one."""
    winner, loser = two(cli)
    cli.json("merge", winner, loser)
    return loser


def drafted(cli: Cli) -> str:
    """Number of a plan with one write."""
    edit(cli, "crm.csv", "C001", "021-5555 0101", "021-5555 9999")
    return str(cli.json("plan", code=3)["plan"])


def reported(cli: Cli, folder: Path) -> str:
    """A signed report of how far both books agree."""
    path = folder / "report.html"
    cli.json("reconcile", "run", "--report", str(path))
    return str(path)


def ids(cli: Cli) -> list[str]:
    return [str(one["golden_id"]) for one in cli.json("trace", "C001")]


def moved(cli: Cli, *verbs: str) -> str:
    """Number of a batch of customers for which these verbs were run."""
    made = cli.json("migrate", "stage", "crm_customer", "erp_customer")
    for verb in verbs:
        cli.json("migrate", verb)
    return str(made["batch"])


def begun(cli: Cli, *words: str) -> list[str]:
    """A cutover is under way: the words of one of its verbs."""
    cli.json("cutover", "start", "go_live", code=4)
    return ["cutover", *words]


def backed_up(cli: Cli) -> str:
    """A backup of the example."""
    return str(cli.json("backup", "create")["file"])


Words = Callable[[Cli, Path], list[str]]

VERBS: dict[str, tuple[Words, int]] = {
    "init": (lambda _c, tmp: ["init", str(tmp / "new")], 0),
    "check": (lambda _c, _t: ["check"], 0),
    "project import": (lambda _c, _t: ["project", "import"], 0),
    "project export": (lambda _c, tmp: ["project", "export", str(tmp / "out")], 0),
    "project diff": (lambda _c, _t: ["project", "diff"], 0),
    "project versions": (lambda _c, _t: ["project", "versions"], 0),
    "map suggest": (lambda _c, _t: ["map", "suggest", "crm", "customers", "customer"], 0),
    "map test": (lambda _c, _t: ["map", "test"], 0),
    "discover": (lambda _c, _t: ["discover", "crm"], 0),
    "connector list": (lambda _c, _t: ["connector", "list"], 0),
    "connector asyncapi": (lambda _c, _t: ["connector", "asyncapi", "crm"], 2),
    "connector test": (lambda _c, _t: ["connector", "test", "crm", "customers"], 0),
    "plan": (lambda _c, _t: ["plan"], 0),
    "plan list": (lambda c, _t: ["plan", "list", *drafted(c)[:0]], 0),
    "plan show": (lambda c, _t: ["plan", "show", drafted(c)], 0),
    "plan approve": (lambda c, _t: ["plan", "approve", drafted(c), "--by", "Wang"], 0),
    "plan reject": (lambda c, _t: ["plan", "reject", drafted(c), "--reason", "not now"], 0),
    "plan export": (lambda c, tmp: ["plan", "export", drafted(c), str(tmp / "plan.xlsx")], 0),
    "apply": (lambda _c, _t: ["apply", "--yes"], 4),
    "load": (lambda _c, _t: ["load", "crm_customer", "erp_customer"], 0),
    "status": (lambda _c, _t: ["status"], 4),
    "trace": (lambda _c, _t: ["trace", "C001"], 0),
    "conflicts list": (lambda _c, _t: ["conflicts", "list"], 4),
    "conflicts resolve": (lambda c, _t: ["conflicts", "resolve", conflict(c), "--take", "ours"], 0),
    "deadletters list": (lambda c, _t: ["deadletters", "list", *raised(c, "rejected")[:0]], 4),
    "deadletters retry": (lambda c, _t: ["deadletters", "retry", raised(c, "rejected")], 0),
    "deadletters skip": (lambda c, _t: ["deadletters", "skip", raised(c, "rejected"), "--reason", "known"], 0),
    "merge": (lambda c, _t: ["merge", *two(c)], 0),
    "unmerge": (lambda c, _t: ["unmerge", merged(c)], 0),
    "deletes list": (lambda c, _t: ["deletes", "list", *raised(c, "deleted")[:0]], 4),
    "deletes decide": (lambda c, _t: ["deletes", "decide", raised(c, "deleted"), "keep"], 0),
    "undo": (lambda _c, _t: ["undo", "C001"], 0),
    "migrate stage": (lambda _c, _t: ["migrate", "stage", "crm_customer", "erp_customer"], 0),
    "migrate check": (lambda c, _t: ["migrate", "check", moved(c)], 0),
    "migrate load": (lambda c, _t: ["migrate", "load", moved(c, "check")], 0),
    "migrate verify": (lambda c, _t: ["migrate", "verify", moved(c, "check", "load")], 0),
    "migrate rollback": (lambda c, _t: ["migrate", "rollback", moved(c, "check", "load"), "--yes"], 0),
    "reconcile run": (lambda c, _t: ["reconcile", "run", *ids(c)[:0]], 0),
    "reconcile verify": (lambda c, t: ["reconcile", "verify", reported(c, t)], 0),
    "reconcile key": (lambda _c, _t: ["reconcile", "key"], 0),
    "migrate status": (lambda c, _t: ["migrate", "status", *moved(c)[:0]], 0),
    "alert list": (lambda _c, _t: ["alert", "list"], 0),
    "alert silence": (lambda _c, _t: ["alert", "silence", "conflicts"], 0),
    "alert test": (lambda _c, _t: ["alert", "test", "li@example.com"], 2),
    "golive": (lambda _c, _t: ["golive"], 4),
    "cutover rehearse": (lambda _c, _t: ["cutover", "rehearse", "go_live"], 4),
    "cutover start": (lambda _c, _t: ["cutover", "start", "go_live"], 4),
    "cutover step": (lambda c, _t: begun(c, "step", "freeze"), 0),
    "cutover status": (lambda c, _t: begun(c, "status"), 4),
    "cutover go": (lambda c, _t: begun(c, "go", "--no"), 4),
    "cutover switch-back": (lambda c, _t: begun(c, "switch-back", "--note", "not today"), 0),
    "pause": (lambda _c, _t: ["pause", "flow:customers"], 0),
    "resume": (lambda _c, _t: ["resume", "flow:customers"], 0),
    "db upgrade": (lambda _c, _t: ["db", "upgrade"], 0),
    "db check": (lambda _c, _t: ["db", "check"], 0),
    "backup create": (lambda _c, _t: ["backup", "create"], 0),
    "backup verify": (lambda c, _t: ["backup", "verify", backed_up(c)], 0),
    "backup restore": (lambda c, _t: ["backup", "restore", backed_up(c), "--replace"], 0),
    "backup list": (lambda _c, _t: ["backup", "list"], 0),
    "secret set": (lambda _c, _t: ["secret", "set", "crm_password"], 0),
    "secret list": (lambda _c, _t: ["secret", "list"], 0),
    "secret remove": (lambda _c, _t: ["secret", "remove", "crm_password"], 0),
}
ELSEWHERE = {"run", "worker", "demo", "db move", "sim run", "sim replay", "sim shrink", "sim bugs"}
ELSEWHERE |= {"sandbox list", "sandbox up", "sandbox fault", "sandbox counters"}
ELSEWHERE |= {f"audit {word}" for word in ("anchor", "export", "search", "verify")}
ELSEWHERE |= {f"key {word}" for word in ("forget", "list", "new", "rotate")}
ELSEWHERE |= {f"privacy {w}" for w in ("erase", "export", "lift", "list", "proof", "purposes", "retain")}
ELSEWHERE |= {f"role {w}" for w in ("approve", "end", "grant", "holders", "list", "policy", "review", "rights", "show")}
ELSEWHERE |= {f"token {word}" for word in ("add", "list", "revoke")} | {"serve"}
ELSEWHERE |= {f"user {word}" for word in ("add", "edit", "link", "list", "log-out", "off", "on", "password")}
ELSEWHERE |= {f"user {word}" for word in ("second-factor", "sessions", "vouch")}
"""Tried in test_stop.py, test_demo.py, test_sim.py, test_sandbox.py, test_people.py, test_privacy_verbs.py,
tests/app/test_workers.py and tests/web/test_serving.py."""


def names(command: object = None, above: str = "") -> set[str]:
    command = command or get_command(app)
    below = getattr(command, "commands", None)
    if below is None:
        return {above.strip()}
    own = {above.strip()} if command.invoke_without_command else set()  # type: ignore[attr-defined]
    return own | {name for word, one in below.items() for name in names(one, f"{above} {word}")}


def test_each_verb_is_tried_here_or_elsewhere() -> None:
    assert names() - ELSEWHERE == set(VERBS)


@pytest.mark.parametrize("verb", VERBS)
def test_json_is_one_document_and_the_exit_code_as_documented(verb: str, cli: Cli, tmp_path: Path) -> None:
    words, code = VERBS[verb]
    assert cli.json(*words(cli, tmp_path), code=code, given="hush\n") is not None


@pytest.mark.parametrize("verb", VERBS)
def test_each_verb_speaks_both_languages(verb: str, cli: Cli, tmp_path: Path) -> None:
    words, code = VERBS[verb]
    other = Cli(cli.folder, language="zh")
    saved = shutil.copytree(cli.folder, tmp_path / "saved")
    english = cli.run(*words(cli, tmp_path), code=code, given="hush\n")
    for made in (cli.folder, tmp_path / "new", tmp_path / "out"):
        shutil.rmtree(made, ignore_errors=True)
    saved.rename(cli.folder)
    assert english.strip()
    chinese = other.run(*words(cli, tmp_path), code=code, given="hush\n")
    assert CHINESE.search(chinese)
    assert chinese != english


def test_help_is_told_in_both_languages() -> None:
    for words in ([], ["project"], ["conflicts"], ["plan"], ["db", "move"]):
        told = CliRunner().invoke(app, [*words, "--help"], env={"COLUMNS": "200"}).output
        assert CHINESE.search(told)
        assert re.search(r"[a-z]{4}", told)


# ------------------------------------------------------------------ exit codes


def test_a_difference_is_3_and_what_waits_is_4(cli: Cli) -> None:
    edit(cli, "crm.csv", "C001", "021-5555 0101", "021-5555 9999")
    made = cli.json("plan", code=3)
    assert made["writes"] == 1
    entry = made["entries"][0]
    assert (entry["connection"], entry["kind"], list(entry["fields"])) == ("erp", "update", ["phone"])
    text = (cli.folder / "flows" / "customers.yaml").read_text("utf-8")
    (cli.folder / "flows" / "customers.yaml").write_text(text.replace("30s", "1m"), "utf-8")
    changed = cli.json("project", "diff", code=3)
    assert [(c["name"], c["fields"]) for c in changed] == [("customers", [["schedule", "30s", "1m"]])]
    assert cli.json("status", code=4)["issues"] == {"conflict": 1}


def edit(cli: Cli, file: str, row: str, old: str, new: str) -> None:
    path = cli.folder / "data" / file
    lines = path.read_text("utf-8").splitlines(keepends=True)
    assert any(row in line and old in line for line in lines), lines
    path.write_text("".join(x.replace(old, new) if row in x else x for x in lines), "utf-8")


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (["plan", "--flow", "nothing"], "cli.no_flow"),
        (["map", "test", "nothing"], "cli.no_mapping"),
        (["map", "suggest", "nobody", "x", "customer"], "app.no_connection"),
        (["discover", "crm", "nothing"], "hub.no_object"),
        (["load", "a", "b"], "cli.no_mapping"),
        (["trace", "nobody at all"], "cli.nothing_found"),
        (["undo", "nobody at all"], "cli.not_one"),
        (["conflicts", "resolve", "none", "--take", "ours"], "desk.no_issue"),
        (["deadletters", "retry", "none"], "desk.no_issue"),
        (["deadletters", "retry", "none", "--set", "phone"], "cli.assignment"),
        (["deadletters", "skip", "none", "--reason", "x"], "desk.no_issue"),
        (["deletes", "decide", "none", "keep"], "desk.no_issue"),
        (["merge", "C001", "C001"], "merge.not_two"),
        (["unmerge", "C001"], "merge.not_merged"),
        (["pause", "flow:nothing"], "desk.choice"),
        (["project", "export", "out", "--version", "99"], "store.no_project"),
        (["secret", "set", "x"], "cli.empty_secret"),
        (["worker"], "cli.worker_needs_postgresql"),
        (["db", "move", "mysql://root@127.0.0.1/x"], "store.wrong_url"),
        (["connector", "test", "crm", "nothing"], "hub.no_object"),
    ],
    ids=lambda x: x if isinstance(x, str) else " ".join(x[:3]),
)
def test_wrong_usage_is_2_with_words_in_both_languages(cli: Cli, words: list[str], code: str) -> None:
    before = contents(cli.folder)
    told = cli.json(*words, code=2)
    assert (told["error"], told["exit_code"]) == (code, 2)
    assert told["message"]
    assert told["next"], "what to do next"
    assert "?" not in told["message"].replace("?", "", told["message"].count("'?'")), "every fact is filled in"
    english = cli.run(*words, code=2)
    chinese = replace(cli, language="zh").run(*words, code=2)
    assert told["message"] in english
    assert CHINESE.search(chinese)
    assert contents(cli.folder) == before


def contents(folder: Path) -> dict[str, bytes]:
    """The user's files, not the hub's own."""
    return {str(p): p.read_bytes() for p in folder.rglob("*") if p.is_file() and ".hefu" not in p.parts}


def test_unknown_words_are_2(cli: Cli) -> None:
    assert "No such command" in cli.run("plam", code=2)
    assert "No such option" in cli.run("plan", "--ful", code=2)


def test_a_failed_example_is_1(cli: Cli) -> None:
    path = cli.folder / "mappings" / "crm_customer.yaml"
    path.write_text(path.read_text("utf-8").replace("golden: {code: C001", "golden: {code: C999"), "utf-8")
    report = cli.json("map", "test", code=1)
    assert [r["passed"] for r in report] == [False]
    assert "C999" in cli.run("map", "test", code=1)


# ------------------------------------------------------------------ the desk


def test_a_decided_conflict_reaches_both_files_and_undo_brings_back(cli: Cli) -> None:
    (row,) = cli.json("conflicts", "list", code=4)
    mine, other = row["facts"]["ours"], row["facts"]["theirs"]
    assert mine != other
    cli.run("conflicts", "resolve", row["id"], "--take", "value", "--value", "+862100000000", "--by", "Li")
    assert "closed by Li" in cli.run("conflicts", "resolve", row["id"], "--take", "ours", code=2)
    cli.run("apply", "--yes")
    for file in ("crm.csv", "erp.csv"):
        assert "+862100000000" in (cli.folder / "data" / file).read_text("utf-8")
    (story,) = cli.json("trace", row["golden_id"])
    assert any("decided" in e["what"] for e in story["events"])
    cli.run("undo", row["golden_id"], "--by", "Li")
    cli.run("apply", "--yes")
    for file in ("crm.csv", "erp.csv"):
        assert "+862100000000" not in (cli.folder / "data" / file).read_text("utf-8")
    assert cli.json("db", "check")["audit_broken_at"] is None


def test_what_is_paused_stays_still_until_it_is_resumed(cli: Cli) -> None:
    edit(cli, "crm.csv", "C001", "021-5555 0101", "021-5555 9998")
    cli.run("pause", "connection:erp", "--by", "Li")
    assert cli.json("status", code=4)["paused"] == {"connection:erp": "pause.person"}
    assert "Li" in cli.run("status", code=4)
    assert "Stopped by Li" in cli.run("apply", "--yes", code=1), "not done as asked"
    assert "9998" not in (cli.folder / "data" / "erp.csv").read_text("utf-8")
    assert cli.json("resume", "connection:erp")["was_paused"] is True
    assert cli.json("resume", "connection:erp")["was_paused"] is False
    cli.run("apply", "--yes", code=4)
    assert "9998" in (cli.folder / "data" / "erp.csv").read_text("utf-8")


def test_sealed_secrets_are_never_shown(cli: Cli) -> None:
    cli.run("secret", "set", "crm_password", given="hush-hush\n")
    assert [row["name"] for row in cli.json("secret", "list")] == ["crm_password"]
    assert "hush-hush" not in cli.run("secret", "list")
    for file in (cli.folder / ".hefu").rglob("*"):
        assert not file.is_file() or b"hush-hush" not in file.read_bytes()
    assert cli.json("secret", "remove", "crm_password")["removed"] is True
    assert cli.json("secret", "remove", "crm_password")["removed"] is False


def test_a_damaged_audit_chain_is_1(cli: Cli) -> None:
    from sqlalchemy import text

    cli.run("pause", "flow:customers")
    with open_app(cli.folder, {}) as hub, hub.store.begin() as tx:
        tx.run(text("drop trigger journal_no_update"))
        tx.run(text("update journal set actor = 'nobody' where seq = 1"))
    assert cli.json("db", "check", code=1)["audit_broken_at"] == 1
    assert "broken at row 1" in cli.run("db", "check", code=1)


def test_versions_come_out_as_they_went_in(cli: Cli, tmp_path: Path) -> None:
    path = cli.folder / "flows" / "customers.yaml"
    first = path.read_bytes()
    path.write_bytes(first.replace(b"30s", b"1m") + "# 说明\r\n".encode())
    assert cli.json("project", "import", "-m", "slower", "--by", "Li")["version"] == 2
    assert cli.json("project", "import")["version"] == 2, "nothing changed"
    assert next((v["version"], v["author"], v["note"]) for v in cli.json("project", "versions")) == (2, "Li", "slower")
    cli.run("project", "export", str(tmp_path / "one"), "--version", "1")
    cli.run("project", "export", str(tmp_path / "two"))
    assert (tmp_path / "one" / "flows" / "customers.yaml").read_bytes() == first
    assert (tmp_path / "two" / "flows" / "customers.yaml").read_bytes() == path.read_bytes()
    assert cli.json("project", "diff", "--from", "1", "--to", "2", code=3)
