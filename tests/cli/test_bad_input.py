"""Whatever comes in wrong: it is said what, where and what next, the exit code fits, and nothing is lost or changed."""

from __future__ import annotations

import hashlib
import os
import re
import resource
import socket
import sqlite3
import subprocess
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import bad_systems
import pytest
from bad_systems import Shop, self_signed, write_project
from hefu_cli import Cli
from sqlalchemy import text

from hefu.app import open_app

CHINESE = re.compile(r"[\u4e00-\u9fff]")

AGREED = ("golden", "link", "identity_key", "change", "intent", "cursor", "project", "secret")
"""Tables that hold what was agreed, as against how a run went."""

WHERE = {"cursor": "where mapping like 'crm%'"}
"""The other system, which is well, may be read on."""


def state(cli: Cli) -> dict[str, str]:
    """What the hub knows, table by table, and every file of the other system."""
    out = {}
    path = cli.folder / ".hefu" / "hub.sqlite"
    if path.exists():
        with sqlite3.connect(path) as store:
            for table in AGREED:
                rows = store.execute(f"select * from {table} {WHERE.get(table, '')}").fetchall()
                out[table] = hashlib.sha256(repr(sorted(rows, key=repr)).encode()).hexdigest()
    for file in sorted((cli.folder / "data").glob("erp*")):
        out[file.name] = hashlib.sha256(file.read_bytes()).hexdigest()
    return out


def refuses(cli: Cli, *words: str, code: int, error: str, says: str = "", changed: bool = False) -> Any:
    """The verb ends so, says it in both languages and in JSON, and leaves everything as it was."""
    before = state(cli)
    told = cli.json(*words, code=code)
    assert told["error"] == error, told
    assert says in told["message"], told
    assert told["next"]
    assert CHINESE.search(replace(cli, language="zh").run(*words, code=code))
    assert changed or state(cli) == before
    return told


def file(cli: Cli, name: str) -> Path:
    return cli.folder / name


def change(cli: Cli, name: str, old: str, new: str) -> None:
    path = file(cli, name)
    before = path.read_bytes()
    assert old.encode() in before
    path.write_bytes(before.replace(old.encode(), new.encode(), 1))


# ------------------------------------------------------------------ documents

FLOW, MAPPING, CONNECTION = "flows/customers.yaml", "mappings/crm_customer.yaml", "connections/crm.yaml"
PAIR = "[crm_customer, erp_customer]"

DOCUMENTS = {  # file, what stands there, what stands there now, the code, the nearest right word
    "wrong YAML": (FLOW, PAIR, PAIR[:-1], "documents.bracket", ""),
    "a tab": (FLOW, "  records: 20", "\trecords: 20", "documents.tab", ""),
    "an unknown word": (FLOW, "schedule:", "shedule:", "documents.unknown_word", "schedule"),
    "an unknown field of ours": (MAPPING, "field: phone", "field: phnoe", "documents.unknown_field", "phone"),
    "an unknown connection": (MAPPING, "connection: crm", "connection: cmr", "documents.unknown_connection", "crm"),
    "an unknown connector": (
        CONNECTION, "connector: files", "connector: flies", "documents.unknown_connector", "files"),
    "a number where a word is due": (FLOW, "priority: normal", "priority: 7", "documents.", ""),
    "a setting of the wrong type": (CONNECTION, "location: data", "location: [1]", "documents.type", ""),
    "a schedule that says nothing": (FLOW, "schedule: 30s", "schedule: sometimes", "documents.schedule", ""),
    "a clear-text password": (
        CONNECTION, "location: data", "location: data\n  password: hush", "documents.clear_secret", ""),
    "not UTF-8": (FLOW, "客户", "\udcff", "documents.encoding", ""),
    "a control character": (
        FLOW, "flow: customers", "flow: customers \x01", "documents.control_character", ""),
}  # fmt: skip


@pytest.mark.parametrize("name", DOCUMENTS)
def test_wrong_documents(cli: Cli, name: str) -> None:
    path, old, new, code, nearest = DOCUMENTS[name]
    if name.startswith("a number"):
        change(cli, path, "schedule: 30s", "schedule: 30s\npriority: normal")
    before = file(cli, path).read_bytes()
    assert old.encode() in before
    file(cli, path).write_bytes(before.replace(old.encode(), new.encode("utf-8", "surrogateescape"), 1))
    held = state(cli)
    for words in (("check",), ("project", "import")):
        told = cli.json(*words, code=2)
        found = (
            told["findings"] if "findings" in told else [{"code": told["error"], "file": str(told["facts"]), **told}]
        )
        (finding,) = [f for f in found if f["code"].startswith(code)] or [None]
        assert finding is not None, found
        assert path in finding["file"] or path in str(found)
        assert finding.get("line", 1) >= 1
        assert finding.get("nearest", nearest) == nearest or not nearest
        said = cli.run(*words, code=2)
        assert path in said
        assert CHINESE.search(replace(cli, language="zh").run(*words, code=2))
        assert "hush" not in said
    assert state(cli) == held
    cli.run("plan")  # the hub goes on with the version that it has


def test_all_errors_at_once(cli: Cli) -> None:
    change(cli, "flows/customers.yaml", "schedule:", "shedule:")
    change(cli, "mappings/crm_customer.yaml", "field: phone", "field: phnoe")
    change(cli, "mappings/erp_customer.yaml", "field: name", "field: nmae")
    told = cli.json("check", code=2)
    assert {f["nearest"] for f in told["findings"]} >= {"schedule", "phone", "name"}


def test_a_column_that_the_system_has_not(cli: Cli) -> None:
    change(cli, "mappings/crm_customer.yaml", "from: contact_phone", "from: contact_phon")
    held = state(cli)
    told = cli.json("check", code=2)
    assert [f["nearest"] for f in told["findings"] if f["severity"] == "error"] == ["contact_phone"], told["findings"]
    assert "mappings/crm_customer.yaml" in cli.run("check", code=2)
    assert state(cli) == held


def test_a_type_clash(cli: Cli) -> None:
    change(cli, "mappings/crm_customer.yaml", "{field: active, from: active}", "{field: active, from: name}")
    held = state(cli)
    told = cli.json("check", code=2)
    (finding,) = [f for f in told["findings"] if f["severity"] == "error"]
    assert finding["file"] == "mappings/crm_customer.yaml"
    assert finding["line"] > 1
    assert state(cli) == held


def test_no_project_here(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    refuses(Cli(tmp_path / "empty"), "check", code=2, error="documents.no_files", changed=True)
    refuses(Cli(tmp_path / "empty"), "plan", code=2, error="store.no_project")
    refuses(Cli(tmp_path / "nowhere"), "status", code=2, error="documents.no_folder")
    assert not (tmp_path / "nowhere").exists(), "a slip of the pen makes no folder"


# ------------------------------------------------------------------ systems


@pytest.fixture
def shop() -> Iterator[Shop]:
    made = Shop()
    yield made
    made.close()


@pytest.fixture
def joined(shop: Shop, tmp_path: Path) -> Cli:
    """A CRM over HTTP and a CSV file, in step."""
    write_project(tmp_path / "joined", shop.url)
    cli = Cli(tmp_path / "joined", {"CRM_TOKEN": "right"})
    cli.run("check")
    cli.run("project", "import")
    cli.run("apply", "--yes")
    return cli


def goes_on(cli: Cli) -> None:
    """Once the cause is gone, and at once if a person says so."""
    cli.run("resume", "connection:crm")
    cli.run("resume", "mapping:crm_client")
    cli.run("apply", "--yes")
    assert cli.json("plan")["writes"] == 0


def fails(cli: Cli, error: str, says: str = "", *, check: int = 1, code: int = 1) -> None:
    """check, plan and apply all say why, and nothing changes."""
    before = state(cli)
    assert cli.json("check", code=check)["connections"]["crm"] == error
    refuses(cli, "plan", code=code, error=error, says=says)
    assert says in cli.run("apply", "--yes", code=code)
    assert says in cli.run("status", code=4)
    assert state(cli) == before


def test_a_missing_secret(joined: Cli) -> None:
    without = replace(joined, environ={})
    fails(without, "secret.missing", "CRM_TOKEN")
    goes_on(joined)


def test_wrong_credentials(joined: Cli) -> None:
    wrong = replace(joined, environ={"CRM_TOKEN": "hush-wrong"})
    fails(wrong, "rest.denied", "invalid token")
    assert "hush-wrong" not in wrong.run("status", code=4)
    goes_on(joined)


def test_a_host_that_is_down(joined: Cli, shop: Shop) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        nobody = f"http://127.0.0.1:{other.getsockname()[1]}"
    change(joined, "connections/crm.yaml", shop.url, nobody)
    joined.run("project", "import")
    fails(joined, "net.unreachable", "127.0.0.1")
    change(joined, "connections/crm.yaml", nobody, shop.url)
    joined.run("project", "import")
    goes_on(joined)


def test_a_host_that_nobody_knows(joined: Cli, shop: Shop) -> None:
    change(joined, "connections/crm.yaml", shop.url, "https://crm.invalid")
    joined.run("project", "import")
    fails(joined, "net.unknown_host", "crm.invalid")


def test_a_certificate_that_nobody_vouches_for(joined: Cli, shop: Shop, tmp_path: Path) -> None:
    secret = Shop(tls=self_signed(tmp_path))
    try:
        change(joined, "connections/crm.yaml", shop.url, secret.url)
        joined.run("project", "import")
        fails(joined, "net.tls", "127.0.0.1")
        assert not secret.asked.is_set(), "nothing was sent"
    finally:
        secret.close()


def test_html_instead_of_json(joined: Cli, shop: Shop) -> None:
    shop.manner = "html"
    before = state(joined)
    refuses(joined, "plan", code=1, error="rest.html", says="系统维护")
    assert "系统维护" in joined.run("apply", "--yes", code=1)
    assert state(joined) == before
    shop.manner = "good"
    goes_on(joined)


def test_half_an_answer(joined: Cli, shop: Shop) -> None:
    shop.manner = "half"
    before = state(joined)
    refuses(joined, "plan", code=1, error="net.cut")
    joined.run("apply", "--yes", code=1)
    assert state(joined) == before
    shop.manner = "good"
    goes_on(joined)


# ------------------------------------------------------------------ files

WHOLE = {
    "half a file": (b"\n", None, "files.cut_row"),
    "a quote that never ends": (b"C004", b'"C004', "files.cut_quote"),
    "a wrong byte": ("北京".encode(), b"\xb1\xff\xfe", "files.encoding_unsure"),
    "no header": (b"customer_no,", b"nummer,", "files.no_key_column"),
}


@pytest.mark.parametrize("name", WHOLE)
def test_a_file_that_cannot_be_read_whole(cli: Cli, name: str) -> None:
    path, (old, new, error) = file(cli, "data/crm.csv"), WHOLE[name]
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2] if new is None else whole.replace(old, new, 1))
    broken = path.read_bytes()
    assert broken != whole
    before = state(cli)
    told = cli.invoke("plan", "--json")
    assert told.exit_code in (1, 2), told.output
    assert error in told.output
    said = cli.run("apply", "--yes", code=1)
    assert "crm.csv" in said
    assert state(cli) == before
    assert path.read_bytes() == broken, "the file is left as it is"
    path.write_bytes(whole)
    for scope in ("connection:crm", "mapping:crm_customer"):
        cli.run("resume", scope)
    assert cli.json("plan")["writes"] == 0


ROWS = {
    "a row with too many columns": ("C002", lambda row: row + ",one,more", "files.too_many_columns"),
    "a row with too few columns": ("C002", lambda row: row.rsplit(",", 2)[0], "files.too_few_columns"),
    "a control character": ("C002", lambda row: row.replace("C002,", "C002,\x02", 1), "files.control"),
    "a value of the wrong type": ("C002", lambda row: row.rsplit(",", 1)[0] + ",maybe", "files.bad_cell"),
    "no key": ("C002", lambda row: row.replace("C002", "", 1), "files.no_key"),
    "a key that occurs twice": ("C002", lambda row: row.replace("C002", "C001", 1), "files.key_twice"),
}


@pytest.mark.parametrize("name", ROWS)
def test_a_row_that_cannot_be_taken_does_not_spoil_the_others(cli: Cli, name: str) -> None:
    number, spoil, error = ROWS[name]
    path = file(cli, "data/crm.csv")
    lines = path.read_text("utf-8").splitlines(keepends=True)
    at = next(n for n, line in enumerate(lines) if line.startswith(number))
    good = lines[at]
    lines[at] = spoil(good.rstrip("\n")) + "\n"
    path.write_text("".join(lines).replace("021-5555 0101", "021-5555 7777", 1), "utf-8")
    erp = file(cli, "data/erp.csv")
    theirs = next(line for line in erp.read_text("utf-8").splitlines() if number in line)
    cli.run("apply", "--yes", code=4)
    assert "7777" in erp.read_text("utf-8"), "the other rows go on"
    assert theirs in erp.read_text("utf-8"), "and what cannot be read is not taken for deleted"
    rows = cli.json("deadletters", "list", code=4)
    assert error in {r["facts"]["code"] for r in rows}, rows
    said = cli.run("deadletters", "list", code=4)
    assert f"{at + 1}" in said or number in said, said
    lines[at] = good
    path.write_text("".join(lines).replace("021-5555 0101", "021-5555 7777", 1), "utf-8")
    cli.run("apply", "--yes", code=4)
    assert cli.json("deadletters", "list") == []


def test_a_record_larger_than_the_target_takes(joined: Cli, shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    wide = {"id": "9", "code": "C9", "name": "x" * 21}
    monkeypatch.setattr(bad_systems, "RECORDS", [*bad_systems.RECORDS, wide, {"id": "8", "code": "C8", "name": "fits"}])
    joined.run("apply", "--yes", code=4)
    erp = file(joined, "data/erp.csv").read_text("utf-8")
    assert "C8,fits" in erp, "the others go on"
    assert "C9" not in erp, "and it is not cut short"
    (row,) = joined.json("deadletters", "list", code=4)
    assert (row["facts"]["code"], row["facts"]["blames"]) == ("files.too_long", "name")
    assert row["facts"]["values"]["name"] == "x" * 21
    said = joined.run("deadletters", "list", code=4)
    assert "20" in said
    joined.run("deadletters", "retry", row["id"], "--set", "name=shorter")
    joined.invoke("apply", "--yes")
    assert "C9,shorter" in file(joined, "data/erp.csv").read_text("utf-8")


# ------------------------------------------------------------------ our own store


def test_a_locked_store(cli: Cli) -> None:
    locked = replace(cli, environ={"HEFU_STORE": f"sqlite:///{cli.folder}/.hefu/hub.sqlite?timeout=0.3"})
    before = state(cli)
    other = sqlite3.connect(cli.folder / ".hefu" / "hub.sqlite", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    for words in (("plan",), ("apply", "--yes"), ("pause", "flow:customers"), ("project", "import")):
        told = locked.json(*words, code=1)
        assert told["error"] == "store.locked", told
        assert CHINESE.search(replace(locked, language="zh").run(*words, code=1))
    assert locked.json("status", code=4)["issues"] == {"conflict": 1}, "who only reads is not held up"
    other.execute("ROLLBACK")
    other.close()
    assert state(cli) == before
    assert cli.json("plan")["writes"] == 0


def test_a_second_hub_on_the_same_store(cli: Cli) -> None:
    with open_app(cli.folder, {}) as first:
        first.store.lock()
        for words in (("apply", "--yes"), ("run", "--listen", "127.0.0.1:0"), ("db", "move", "sqlite:///x")):
            told = refuses(cli, *words, code=2, error="store.in_use", says=str(os.getpid()))
            assert told["facts"]["pid"] == str(os.getpid())
        assert cli.json("status", code=4)
    cli.run("apply", "--yes", code=4)


def test_a_store_of_a_newer_version(cli: Cli) -> None:
    path = cli.folder / ".hefu" / "hub.sqlite"
    with open_app(cli.folder, {}) as app, app.store.begin() as tx:
        tx.run(text("update alembic_version set version_num = '9999'"))
    before = path.read_bytes()
    for words in (("status",), ("plan",), ("apply", "--yes"), ("db", "upgrade"), ("db", "check"), ("run",)):
        refuses(cli, *words, code=2, error="store.newer", says="9999")
    assert path.read_bytes() == before


def test_a_store_that_is_none(cli: Cli) -> None:
    path = cli.folder / ".hefu" / "hub.sqlite"
    for name in ("hub.sqlite-wal", "hub.sqlite-shm"):
        (path.parent / name).unlink(missing_ok=True)
    path.write_bytes(b"PK\x03\x04 not a database at all" * 200)
    held = path.read_bytes()
    assert cli.json("status", code=2)["error"] == "store.unreadable"
    assert path.read_bytes() == held


@pytest.mark.parametrize(
    ("address", "error", "code"),
    [
        ("postgresql://postgres@127.0.0.1:1/x", "store.unreachable", 1),
        ("oracle://x", "store.wrong_url", 2),
        ("nonsense", "store.wrong_url", 2),
    ],
)
def test_a_store_that_cannot_be_reached(cli: Cli, address: str, error: str, code: int) -> None:
    refuses(replace(cli, environ={"HEFU_STORE": address}), "status", code=code, error=error)


@pytest.mark.parametrize("lease", ["0", "soon", "99999"])
def test_a_lease_that_is_no_time(cli: Cli, lease: str) -> None:
    refuses(replace(cli, environ={"HEFU_LEASE": lease}), "status", code=2, error="app.lease", says=lease)


# ------------------------------------------------------------------ a full disk


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 2 MB: an empty store takes half of it. Where we may not mount one, files may not grow beyond that."""
    place = tmp_path / "small"
    place.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", place], capture_output=True)
    yield place
    if mounted.returncode == 0:
        subprocess.run(["umount", "-l", place], check=True)


def fill(place: Path) -> Path:
    """What is left of the disk is taken, save a page or two."""
    ballast = place / "ballast"
    out = os.open(ballast, os.O_WRONLY | os.O_CREAT)
    try:
        while os.write(out, b"x" * 4096):
            pass
    except OSError:
        return ballast
    finally:
        os.close(out)
    raise AssertionError("the disk has no end")


def test_a_full_disk_under_the_store(cli: Cli, small_disk: Path) -> None:
    if not os.path.ismount(small_disk):
        limited = cli.process("project", "import", preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0)))
        limited.communicate(timeout=60)
        assert limited.returncode in (1, 2)
        return
    home = replace(cli, environ={"HEFU_HOME": str(small_disk)})
    home.run("project", "import")
    path = file(cli, "flows/customers.yaml")
    path.write_text(path.read_text("utf-8") + "# long " + "x" * 200_000, "utf-8")
    ballast = fill(small_disk)
    told = home.json("project", "import", code=1)
    assert told["error"] in ("store.full", "cli.machine"), told
    assert CHINESE.search(replace(home, language="zh").run("project", "import", code=1))
    ballast.unlink()
    assert [v["version"] for v in home.json("project", "versions")] == [1], "nothing half-done was kept"
    assert home.json("project", "import")["version"] == 2
    assert home.json("db", "check")["audit_broken_at"] is None


def test_a_full_disk_under_a_file(cli: Cli, small_disk: Path) -> None:
    if not os.path.ismount(small_disk):
        return
    for name in ("crm.csv", "erp.csv"):
        (small_disk / name).write_bytes(file(cli, f"data/{name}").read_bytes())
    for name in ("crm", "erp"):
        change(cli, f"connections/{name}.yaml", "location: data", f"location: {small_disk}")
    cli.run("project", "import")
    crm, erp = small_disk / "crm.csv", small_disk / "erp.csv"
    crm.write_text(crm.read_text("utf-8").replace("021-5555 0101", "021-5555 7777", 1), "utf-8")
    held = erp.read_bytes()
    ballast = fill(small_disk)
    done = cli.invoke("apply", "--yes")
    assert done.exit_code in (1, 4), done.output
    assert erp.read_bytes() == held, "not half a file"
    assert not list(small_disk.glob("*.tmp*")), "nothing is left lying about"
    ballast.unlink()
    for scope in ("connection:erp", "mapping:erp_customer"):
        cli.run("resume", scope)
    until_written(cli, erp)


def until_written(cli: Cli, erp: Path) -> None:
    """What could not be written is due again some seconds later."""
    deadline = time.monotonic() + 60
    while "7777" not in erp.read_text("utf-8"):
        assert time.monotonic() < deadline, cli.invoke("status").output
        cli.invoke("apply", "--yes")
        time.sleep(0.5)


def test_a_folder_that_may_not_be_written(cli: Cli, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    home = replace(cli, environ={"HEFU_HOME": str(tmp_path / "file")})
    told = home.json("status", code=1)
    assert (told["error"], str(tmp_path / "file") in told["message"]) == ("cli.machine", True)
