"""backup create, verify, restore, list as a person uses them."""

from __future__ import annotations

import shutil
from pathlib import Path

from hefu_cli import Cli

from hefu.store.sealed_file import MARK


def test_made_listed_verified_lost_and_restored(cli: Cli, tmp_path: Path) -> None:
    made = cli.json("backup", "create")
    file = Path(made["file"])
    assert file.parent == cli.folder / ".hefu" / "backups"
    assert file.read_bytes().startswith(MARK)
    assert made["tables"]["golden"] > 0
    (row,) = cli.json("backup", "list")
    assert (row["file"], row["made_at"], row["bytes"]) == (str(file), made["made_at"], file.stat().st_size)
    assert cli.json("backup", "verify", str(file))["tables"] == made["tables"]
    before = cli.json("conflicts", "list", code=4)
    assert "already holds rows" in cli.run("backup", "restore", str(file), code=2)
    for lost in (cli.folder / ".hefu").glob("hub.sqlite*"):
        lost.unlink()
    assert "Nothing is written before every system was read again" in cli.run("backup", "restore", str(file))
    assert cli.json("conflicts", "list", code=4) == before
    cli.run("db", "check")
    cli.run("apply", "--yes", code=4)
    assert cli.json("status", code=4)["due"] == {}


def test_a_machine_without_the_key_is_told_which_one_is_missing(cli: Cli) -> None:
    file = cli.json("backup", "create")["file"]
    key = cli.json("backup", "list")[0]["key"].split()[1]
    (cli.folder / ".hefu" / "master.key").unlink()
    said = cli.run("backup", "verify", file, code=1)
    assert key in said
    assert "HEFU_MASTER_KEY" in said


def test_a_passphrase_is_named_and_never_typed(cli: Cli) -> None:
    cli.environ["WORDS"] = "correct horse"
    file = str(cli.folder / "b.hefubackup")
    by = ("--passphrase", "${env:WORDS}")
    cli.run("backup", "create", file, *by)
    cli.run("backup", "verify", file, *by)
    assert "--passphrase" in cli.run("backup", "verify", file, code=1)
    cli.environ["WORDS"] = "wrong"
    assert "does not open" in cli.run("backup", "verify", file, *by, code=1)
    del cli.environ["WORDS"]
    assert "WORDS" in cli.run("backup", "verify", file, *by, code=1)


def test_what_is_done_stands_in_the_audit_log(cli: Cli) -> None:
    from hefu.app import open_app
    from hefu.store import journal

    file = cli.json("backup", "create", "--by", "wu")["file"]
    cli.run("backup", "verify", file, "--by", "wu")
    cli.run("backup", "restore", file, "--replace", "--by", "wu")
    with open_app(cli.folder, {}) as app, app.store.look() as tx:
        done = [(row["action"], row["actor"]) for row in journal.recent(tx, 2)]
    assert done[0] == ("backup.restored", "wu")


def test_a_damaged_one_is_listed_and_refused(cli: Cli) -> None:
    file = Path(cli.json("backup", "create")["file"])
    shutil.copy(file, file.with_name("cut.hefubackup"))
    file.with_name("cut.hefubackup").write_bytes(file.read_bytes()[:50])
    assert [row["key"].split()[0] for row in cli.json("backup", "list")] == ["master", "backup.truncated"]
    assert "cut off" in cli.run("backup", "verify", str(file.with_name("cut.hefubackup")), code=2)


def test_an_empty_place_has_none(cli: Cli, tmp_path: Path) -> None:
    assert "No backups" in cli.run("backup", "list", str(tmp_path))
    assert "没有备份" in Cli(cli.folder, language="zh").run("backup", "list", str(tmp_path))
