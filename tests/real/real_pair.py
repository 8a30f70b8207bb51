"""Obtains the real ERP (Tryton) and CRM (BottleCRM) for tests: set up once into a cache folder, then served and reset.

    python tests/real/real_pair.py            # set both up (about 3 minutes the first time, then nothing)

The bootstrap scripts lie beside the checkout in ../shared/real; the cache is .real/ in the checkout, keyed by what the
scripts install. With HEFU_REAL_ERP and HEFU_REAL_CRM (folders with state.json, servers running) nothing is set up.
"""

from __future__ import annotations

import fcntl
import hashlib
import http.client
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
SOURCE = Path(os.environ.get("HEFU_REAL_SOURCE", ROOT.parent / "shared" / "real"))
CACHE = ROOT / ".real"
CUSTOMERS, PRODUCTS = 50, 50
HELP = "run 'make real', or point HEFU_REAL_ERP and HEFU_REAL_CRM at folders of running systems (state.json)"


class NoPair(Exception):
    """Why there is no pair, in one line."""


class System:
    """One of the two: its scripts, its folder, and the server while it runs."""

    def __init__(self, name: str, folder: str, python: list[str], ready: str) -> None:
        self.name, self.source, self._python, self._ready = name, SOURCE / folder, python, ready
        self._given = os.environ.get(f"HEFU_REAL_{name.upper()}")
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def folder(self) -> Path:
        """Where its data lie."""
        return Path(self._given) if self._given else self.home / "data"

    @property
    def home(self) -> Path:
        """Its place in the cache: another script or other requirements mean another place."""
        digest = hashlib.sha256()
        for path in sorted(self.source.glob("*.*")):
            digest.update(path.name.encode() + path.read_bytes())
        return CACHE / f"{self.name}-{digest.hexdigest()[:12]}"

    @property
    def state(self) -> dict[str, Any]:
        """Addresses, keys and ids that the bootstrap script wrote down."""
        return json.loads((self.folder / "state.json").read_text())

    def bootstrap(self, *args: object) -> list[str]:
        """A command of its script."""
        return [
            str(self.home / "env" / "bin" / "python"),
            str(self.source / "bootstrap.py"),
            *map(str, args),
            "--dir",
            str(self.folder),
        ]

    # ---------------------------------------------------------------------- set-up

    @property
    def is_there(self) -> bool:
        """Whether nothing needs to be set up."""
        return bool(self._given) or (self.home / "ready").exists()

    def set_up(self) -> None:
        """Install and create, unless that is done. Raises NoPair."""
        if self.is_there:
            return
        if not self.source.is_dir():
            raise NoPair(f"there are no bootstrap scripts at {self.source}; {HELP}")
        self.clear()
        self.folder.mkdir(parents=True)
        self._run([*self._interpreter(), "-m", "venv", str(self.home / "env")])
        pip = [str(self.home / "env" / "bin" / "pip"), "install", "-q", "--disable-pip-version-check", "-r"]
        self._run([*pip, str(self.source / "requirements.txt")])
        self.create()
        self._run(self.bootstrap("freeze"))
        (self.home / "ready").touch()

    def clear(self) -> None:
        """Take away what a set-up that broke off has left."""
        shutil.rmtree(self.home, ignore_errors=True)

    def create(self) -> None:
        """Make the system and its data."""
        self._run(self.bootstrap("create", "--customers", CUSTOMERS, "--products", PRODUCTS))

    def _interpreter(self) -> list[str]:
        """A Python that this system runs on; several names are tried."""
        for command in (self._python, ["env", "PYENV_VERSION=3.13.0", "python3.13"], ["python3.12"], ["python3.11"]):
            wanted = "import sys; sys.exit(sys.version_info < (3, %d))" % (12 if self.name == "crm" else 11)  # noqa: UP031
            if (
                shutil.which(command[0])
                and not subprocess.run([*command, "-c", wanted], capture_output=True).returncode
            ):
                return command
        raise NoPair(f"{self.name} needs Python 3.{12 if self.name == 'crm' else 11} or newer")

    def _run(self, command: list[str]) -> None:
        log = self.home / "setup.log"
        with log.open("ab") as out:
            done = subprocess.run(["nice", *command], stdout=out, stderr=out, cwd=self.folder)
        if done.returncode:
            tail = log.read_text(errors="replace")[-600:]
            raise NoPair(f"{' '.join(command[-6:])} failed ({done.returncode}), see {log}: {tail}")

    # --------------------------------------------------------------------- running

    def start(self) -> None:
        """Serve clean data on a free port; a system that was given is used as it is."""
        if not self._given:
            self._run(self.bootstrap("reset"))
            log = (self.home / "serve.log").open("ab")
            command = self.bootstrap("serve", "--port", free_port())
            self._process = subprocess.Popen(command, stdout=log, stderr=log, cwd=self.folder)
        self._wait()

    def _wait(self) -> None:
        deadline = time.monotonic() + (90 if self._process else 5)
        while time.monotonic() < deadline:
            if (self._process is None or self._served()) and self._answers():
                return
            time.sleep(0.2)
        raise NoPair(f"{self.name} does not answer at {self.state.get('base_url')}; {HELP}")

    def _served(self) -> bool:
        return f"on {self.state['port']}" in (self.home / "serve.log").read_text(errors="replace")

    def _answers(self) -> bool:
        line = http.client.HTTPConnection("127.0.0.1", self.state["port"], timeout=5)
        try:
            line.request("GET", self._ready)
            return line.getresponse().status < 500
        except (OSError, http.client.HTTPException):
            return False
        finally:
            line.close()

    def stop(self) -> None:
        """End the server that `start` began."""
        if self._process is not None:
            self._process.send_signal(signal.SIGTERM)
            self._process.wait(30)
            self._process = None


class Crm(System):
    """With a PostgreSQL of its own, as rights on rows need a role that is no superuser."""

    def clear(self) -> None:
        self._stop_cluster()
        super().clear()

    def _stop_cluster(self) -> None:
        if not self._given and (self.folder / "pg" / "data" / "postmaster.pid").exists():
            subprocess.run(self.bootstrap("stop-pg"), capture_output=True)

    def create(self) -> None:
        self._cluster()
        ports = ("--pg-port", self._port(), "--port", free_port())  # it serves for a while to make its data
        self._run(self.bootstrap("create", "--customers", CUSTOMERS, *ports))

    def _port(self) -> int:
        kept = self.home / "pg.port"
        if not kept.exists():
            kept.write_text(str(free_port()))
        return int(kept.read_text())

    def _cluster(self) -> None:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", self._port())):
                self._run(self.bootstrap("pg", "--pg-port", self._port()))

    def start(self) -> None:
        if not self._given:
            self._cluster()
        super().start()

    def stop(self) -> None:
        super().stop()
        self._stop_cluster()


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def alone() -> Iterator[None]:
    """Only one process sets up; the others wait."""
    CACHE.mkdir(exist_ok=True)
    with (CACHE / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


class Pair:
    """Both systems."""

    def __init__(self) -> None:
        self.erp = System("erp", "tryton", [sys.executable], "/")
        self.crm = Crm("crm", "crm", [sys.executable], "/healthz/")

    def set_up(self) -> None:
        """Set both up at the same time, unless they are. Raises NoPair."""
        if self.erp.is_there and self.crm.is_there:
            return
        troubles: list[BaseException] = []

        def work(system: System) -> None:
            try:
                system.set_up()
            except BaseException as error:
                troubles.append(error)

        with alone():
            threads = [threading.Thread(target=work, args=(s,)) for s in (self.erp, self.crm)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
        if troubles:
            raise troubles[0]

    def start(self) -> None:
        """Serve both."""
        self.erp.start()
        self.crm.start()

    def stop(self) -> None:
        """End what `start` began."""
        self.erp.stop()
        self.crm.stop()


if __name__ == "__main__":
    began = time.monotonic()
    pair = Pair()
    try:
        pair.set_up()
    except NoPair as trouble:
        sys.exit(str(trouble))
    finally:
        pair.stop()  # the database server too: `start` begins it again
    print(f"set up in {time.monotonic() - began:.0f} s")
