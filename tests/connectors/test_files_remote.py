"""Files elsewhere: a real SFTP server of the test's own, and fsspec's memory."""

from __future__ import annotations

import getpass
import os
import shutil
import signal
import socket
import subprocess
import threading
import time
from contextlib import suppress
from decimal import Decimal
from pathlib import Path

import fsspec
import pytest
from test_files import COLUMNS, open_files, sample
from test_files_bad import GOOD, HEAD, put, read, refusal

from hefu.connectors.files import FilesSettings
from hefu.core.errors import Denied, HubError, Stale, Transient, Unanswered, Unsupported
from hefu.core.records import Write, Written
from hefu.sim.conformance import Clock, Conformance, Rig

SSHD = shutil.which("sshd") or shutil.which("sshd", path="/usr/sbin:/usr/local/sbin")


def wanting(what: str) -> None:
    if os.environ.get("HEFU_CI"):
        pytest.fail(what)
    pytest.skip(what)


def _children(pid: int) -> list[int]:
    found = subprocess.run(["ps", "-o", "pid=", "--ppid", str(pid)], capture_output=True, text=True, check=False)
    return [int(p) for p in found.stdout.split()]


class Sshd:
    """An OpenSSH server on a free port, with keys and settings of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.process = folder, None
        for name in ("host", "user"):
            key = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(folder / name)]
            subprocess.run(key, check=True, stdin=subprocess.DEVNULL)
        shutil.copy(folder / "user.pub", folder / "authorized_keys")
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        (folder / "config").write_text(
            f"Port {self.port}\nListenAddress 127.0.0.1\nHostKey {folder}/host\nPidFile none\nUsePAM no\n"
            f"AuthorizedKeysFile {folder}/authorized_keys\nStrictModes no\nPasswordAuthentication no\n"
            "Subsystem sftp internal-sftp\nPermitRootLogin prohibit-password\nMaxSessions 50\nMaxStartups 50\n"
        )
        self.start()

    def start(self) -> None:
        if os.geteuid() == 0:
            Path("/run/sshd").mkdir(exist_ok=True)
        config = str(self.folder / "config")
        self.process = subprocess.Popen([SSHD, "-D", "-e", "-f", config], stderr=(self.folder / "log").open("a"))
        end = time.monotonic() + 10
        while time.monotonic() < end:
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", self.port)) == 0:
                    return
            time.sleep(0.02)
        raise AssertionError((self.folder / "log").read_text())

    def stop(self) -> None:
        """The server and its sessions, which are its children and theirs."""
        for child in _children(self.process.pid):
            for pid in (*_children(child), child):
                with suppress(ProcessLookupError):  # it ended by itself
                    os.kill(pid, signal.SIGKILL)
        self.process.kill()
        self.process.wait()

    @property
    def host_key(self) -> str:
        return (self.folder / "host.pub").read_text().rsplit(" ", 1)[0]

    def settings(self, folder: Path, **more) -> dict:
        return {
            "location": f"sftp://127.0.0.1:{self.port}{folder}",
            "settings": {"user": getpass.getuser(), "key_file": str(self.folder / "user"), "host_key": self.host_key}
            | more,
        }


@pytest.fixture(scope="module")
def sshd(tmp_path_factory):
    pytest.importorskip("paramiko", reason="install paramiko: pip install 'hefu[sftp]'")
    if SSHD is None:
        wanting("install an SSH server: apt-get install openssh-server")
    server = Sshd(tmp_path_factory.mktemp("sshd"))
    yield server
    server.stop()


CUSTOMER = {"file": "customers.csv", "key": ["code"]}


class TestSftp(Conformance):
    @pytest.fixture
    def rig(self, sshd, tmp_path):
        clock = Clock()
        table = {"file": "in/customers.csv", "key": ["code"], "create": True, "columns": COLUMNS}
        objects = {"customer": table, "nothing": table | {"file": "nothing.csv"}}
        opened = []

        def connect(**more):
            opened.append(open_files(tmp_path, clock, **objects, **sshd.settings(tmp_path, **more)))
            return opened[-1]

        here = open_files(tmp_path, clock, **objects)

        def by_hand(record_id, values):
            (done,) = here.write("customer", [Write(record_id, values)])
            assert isinstance(done, Written)

        def nobody():
            settings = sshd.settings(tmp_path)
            settings["location"] = "sftp://127.0.0.1:1/x"
            return open_files(tmp_path, clock, **objects, **settings)

        yield Rig(
            connect(),
            "customer",
            sample,
            {"name": "Edited", "price": Decimal("99.90")},
            by_hand,
            wait=clock.sleep,
            reopen=connect,
            wrong_secret=lambda: connect(user="no-such-user-8bd1"),
            unreachable=nobody,
            empty="nothing",
            large=2000,
            against="real",
            system="SFTP (OpenSSH)",
        )
        for one in opened:
            one.close()


def test_a_remote_table_is_replaced_as_a_whole(sshd, tmp_path):
    path = put(tmp_path, HEAD + GOOD)
    files = open_files(tmp_path, customer=CUSTOMER, **sshd.settings(tmp_path))
    files.check()
    assert len(read(files)) == 3
    (done,) = files.write("customer", [Write("C1", {"price": Decimal(1)})])
    assert isinstance(done, Written)
    assert path.read_text() == HEAD + GOOD.replace("12.50", "1")
    assert [(p.name, p.read_text()) for p in (tmp_path / ".hefu").iterdir()] == [("customers.csv.1", HEAD + GOOD)]
    files.close()


def test_an_unknown_host_key_is_shown_and_not_trusted(sshd, tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    for host_key in (None, "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIHJlZmVyZW5jZSBrZXkgb2Ygbm9ib2R5IGF0IGFsbCE="):
        files = open_files(tmp_path, customer=CUSTOMER, **sshd.settings(tmp_path, host_key=host_key))
        error = refusal(files.check)
        assert isinstance(error, Denied)
        assert error.code == "files.host_key"
        assert error.facts["shown"] == sshd.host_key
    files = open_files(tmp_path, customer=CUSTOMER, **sshd.settings(tmp_path, host_key="nonsense"))
    assert refusal(files.check).code == "files.bad_host_key"


def test_a_server_that_goes_away_and_comes_back(sshd, tmp_path):
    put(tmp_path, HEAD + GOOD)
    files = open_files(tmp_path, customer=CUSTOMER, **sshd.settings(tmp_path, timeout=5))
    assert len(read(files)) == 3
    sshd.stop()
    assert isinstance(refusal(lambda: read(files)), Transient)
    assert isinstance(refusal(lambda: read(files)), Transient)
    sshd.start()
    assert len(read(files)) == 3
    files.close()


def test_a_rename_without_an_answer_is_unanswered(sshd, tmp_path, monkeypatch):
    put(tmp_path, HEAD + GOOD)
    files = open_files(tmp_path, customer=CUSTOMER, **sshd.settings(tmp_path))
    read(files)
    ftp = files.place._fs.ftp
    monkeypatch.setattr(ftp, "posix_rename", lambda *_: (_ for _ in ()).throw(EOFError()))
    error = refusal(lambda: files.write("customer", [Write("C1", {"price": Decimal(1)})]))
    assert isinstance(error, Unanswered)
    assert read(files)[0].values["price"] == Decimal("12.50")
    files.close()


def test_rights_and_folders(sshd, tmp_path):
    settings = sshd.settings(tmp_path / "nowhere")
    files = open_files(tmp_path, customer=CUSTOMER, **settings)
    assert refusal(files.check).code == "files.no_folder"
    assert refusal(lambda: read(files)).code == "files.absent"
    files.close()


def test_an_inbox_over_sftp(sshd, tmp_path):
    put(tmp_path, HEAD + GOOD, "in-1.csv")
    settings = {"mode": "inbox", "file": "in-*.csv", "key": ["code"], "done": "done"}
    files = open_files(tmp_path, order=settings, **sshd.settings(tmp_path))
    *_, page = files.read("order")
    assert len(page.records) == 3
    assert [p.records for p in files.read("order", page.cursor)] == [[]]
    assert [p.name for p in (tmp_path / "done").iterdir()] == ["000001-in-1.csv"]
    files.close()


# ------------------------------------------------------------------------- memory


def forget(folder: Path) -> None:
    memory = fsspec.filesystem("memory")
    if memory.exists(f"/{folder.name}"):
        memory.rm(f"/{folder.name}", recursive=True)


class TestMemoryFiles(Conformance):
    @pytest.fixture
    def rig(self, tmp_path):
        clock = Clock()
        location = f"memory://{tmp_path.name}"
        table = {"file": "customers.csv", "key": ["code"], "create": True, "columns": COLUMNS, "keep": 2}
        objects = {"customer": table, "nothing": table | {"file": "nothing.csv"}}
        connect = lambda: open_files(tmp_path, clock, location=location, **objects)  # noqa: E731
        person = connect()
        yield Rig(
            connect(),
            "customer",
            sample,
            {"name": "Edited", "price": Decimal("99.90")},
            lambda record_id, values: person.write("customer", [Write(record_id, values)]),
            wait=clock.sleep,
            reopen=connect,
            empty="nothing",
            large=2000,
            against="imitation",
            system="fsspec memory",
        )
        forget(tmp_path)


def test_another_version_is_not_replaced(tmp_path):
    files = open_files(tmp_path, location=f"memory://{tmp_path.name}", customer=CUSTOMER)
    place = files.place
    place.write_text("customers.csv", HEAD + GOOD)
    seen = place.stat("customers.csv")
    place.write_text("customers.csv", HEAD)
    with place.draft("customers.csv") as draft:
        draft.write_text("mine")
        with pytest.raises(Stale):
            place.replace("customers.csv", draft, seen)
        with pytest.raises(Stale):
            place.replace("customers.csv", draft, None)
    assert place.read_text("customers.csv") == HEAD
    assert place.names(".hefu") == []


def test_threads_take_turns_in_one_place(tmp_path):
    files = open_files(tmp_path, location=f"memory://{tmp_path.name}", customer=CUSTOMER)
    files.place.write_text("customers.csv", HEAD)
    results: list = []

    def work(number):
        results.extend(files.write("customer", [Write(None, {"code": f"W{number}", "name": "x", "price": None})]))

    threads = [threading.Thread(target=work, args=(n,)) for n in range(6)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert not [r for r in results if isinstance(r, HubError)]
    assert len(read(files)) == 6


@pytest.mark.parametrize(
    ("location", "code"),
    [
        ("http://example.com/files", "files.protocol"),
        ("simplecache::sftp://example.com/x", "files.protocol"),
        ("sftp://user:secret@example.com/x", "files.password_in_url"),
        ("github://org:repo@main/", "files.protocol"),
    ],
)
def test_addresses_that_are_not_taken(tmp_path, location, code):
    error = refusal(lambda: open_files(tmp_path, location=location, customer=CUSTOMER))
    assert isinstance(error, Unsupported)
    assert error.code == code
    assert "secret" not in str(error)


def test_a_file_system_that_is_not_installed(tmp_path):
    error = refusal(lambda: open_files(tmp_path, location="oss://bucket/x", customer=CUSTOMER).check())
    assert error.code == "files.extra"


def test_secrets_are_not_shown():
    settings = FilesSettings(objects={"c": CUSTOMER}, password="pa55word", options={"secret": "s3cr3t"})
    assert "pa55word" not in repr(settings)
    assert "s3cr3t" not in repr(settings)
