"""Two systems without a memory of their own, as tables: `crm_client` is typed into, `erp_client` keeps a log.

The log is written by the database itself in the transaction of each write, so that nobody can write around it.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import sqlalchemy as sa

TABLE = "(id {serial}, code varchar(20), name varchar(80), step integer, ver integer not null default 0)"

POSTGRESQL = """
create table if not exists erp_log (seq bigserial primary key, code text, step integer, pid integer, kind text);
create or replace function erp_note() returns trigger as $$
begin
  perform pg_sleep({pause});
  insert into erp_log (code, step, pid, kind) values (new.code, new.step, pg_backend_pid(), tg_op);
  return new;
end $$ language plpgsql;
create trigger erp_noted before insert or update on erp_client for each row execute function erp_note();
"""

SQLITE = (
    "create table erp_log (seq integer primary key, code text, step integer, pid integer, kind text)",
    *(
        f"create trigger erp_{kind} after {kind} on erp_client begin "
        f"insert into erp_log (code, step, kind) values (new.code, new.step, '{kind}'); end"
        for kind in ("insert", "update")
    ),
)


def until(true: Callable[[], object], seconds: float = 60, what: object = "") -> None:
    """Wait for a condition with a deadline that a slow machine does not miss."""
    deadline = time.monotonic() + seconds
    while not true():
        told = what() if callable(what) else what
        assert time.monotonic() < deadline, f"not within {seconds} s: {told}"
        time.sleep(0.05)


@dataclass
class Books:
    """Both tables at `url`, and a project folder that joins them."""

    folder: Path
    url: str
    pause: float = 0.0
    """Seconds that the ERP takes for each record (PostgreSQL only)."""
    batch: int = 10
    schedule: str = "1s"
    engine: sa.Engine = field(init=False)

    def __post_init__(self) -> None:
        self.engine = sa.create_engine(self.url)
        serial = "bigserial primary key" if self.url.startswith("postgresql") else "integer primary key"
        checked = TABLE.format(serial=serial).removesuffix(")") + ", unique (code), check (name not like 'poison%'))"
        with self.engine.begin() as tx:
            tx.exec_driver_sql("create table crm_client " + TABLE.format(serial=serial))
            tx.exec_driver_sql(
                "create table erp_client " + checked.replace("%", "%%" if "psycopg" in self.url else "%")
            )
            keeping = [POSTGRESQL.format(pause=self.pause)] if self.url.startswith("postgresql") else SQLITE
            for statement in keeping:
                tx.exec_driver_sql(statement)
        self.write_project()

    # ------------------------------------------------------------------ project

    def write_project(self, **flow: Any) -> None:
        """The documents: clients go both ways, the ERP's are made by the hub."""
        address = self.url.replace("+psycopg", "")
        fields = "".join(f"  - {{field: {n}, from: {n}}}\n" for n in ("code", "name", "step"))
        texts = {
            "entities/client.yaml": "entity: client\nfields:\n  code: {type: code}\n  name: {type: text}\n"
            "  step: {type: decimal}\nmatch:\n  - [code]\n",
            "flows/clients.yaml": f"flow: clients\nmappings: [crm_client, erp_client]\nschedule: {self.schedule}\n"
            "guard: {records: 1000000}\n" + "".join(f"{k}: {v}\n" for k, v in flow.items()),
        }
        for name in ("crm", "erp"):
            texts[f"connections/{name}.yaml"] = (
                f"connection: {name}\nconnector: sql\nlimits: {{concurrency: 1}}\nsettings:\n  url: {address}\n"
                f"  batch: {self.batch}\n  objects:\n"
                f"    client: {{table: {name}_client, id: id, key: code, version: ver}}\n"
            )
            texts[f"mappings/{name}_client.yaml"] = (
                f"mapping: {name}_client\nconnection: {name}\nobject: client\nentity: client\ncreate: true\n"
                f"fields:\n{fields}"
            )
        for path, text in texts.items():
            (self.folder / path).parent.mkdir(parents=True, exist_ok=True)
            (self.folder / path).write_text(text)

    # ------------------------------------------------------------------ people

    def run(self, sql: str, **values: object) -> Any:
        """A statement of somebody who works on the tables."""
        with self.engine.begin() as tx:
            found = tx.execute(sa.text(sql), values)
            return found.all() if found.returns_rows else None

    def add(self, count: int, start: int = 0, name: str = "Client") -> None:
        """New clients in the CRM, in one transaction."""
        rows = [{"code": f"C{n:05d}", "name": f"{name} {n}"} for n in range(start, start + count)]
        with self.engine.begin() as tx:
            tx.execute(sa.text("insert into crm_client (code, name, step, ver) values (:code, :name, 0, 1)"), rows)

    def bump(self, where: str = "true", times: int = 1) -> None:
        """Raise the step of clients, `times` over in one transaction."""
        newest = "(select max(ver) from crm_client)"
        with self.engine.begin() as tx:
            for _ in range(times):
                tx.execute(sa.text(f"update crm_client set step = step + 1, ver = {newest} + 1 where {where}"))

    # ------------------------------------------------------------------ looking

    def rows(self, name: str) -> dict[str, tuple[str, int]]:
        """code -> (name, step) of one system. Two records of one code fail."""
        found = self.run(f"select code, name, step from {name}_client")
        assert len({r[0] for r in found}) == len(found), "a record was made twice"
        return {code: (text, int(step)) for code, text, step in found}

    def agree(self) -> bool:
        """Whether both say the same."""
        return self.rows("crm") == self.rows("erp")

    def log(self) -> dict[str, list[int]]:
        """code -> the steps that were written into the ERP, in order."""
        out: dict[str, list[int]] = {}
        for code, step in self.run("select code, step from erp_log order by seq"):
            out.setdefault(code, []).append(int(step))
        return out

    def written_twice(self) -> int:
        """Writes into the ERP beyond the first of the same step of the same client."""
        return sum(n - 1 for steps in self.log().values() for n in Counter(steps).values())

    def out_of_order(self) -> dict[str, list[int]]:
        """Clients that got an older step after a newer one."""
        return {code: steps for code, steps in self.log().items() if steps != sorted(steps)}

    def differences(self) -> str:
        """For the message of a failed test."""
        crm, erp = self.rows("crm"), self.rows("erp")
        wrong = {
            code: (crm.get(code), erp.get(code)) for code in crm.keys() | erp.keys() if crm.get(code) != erp.get(code)
        }
        return f"{len(wrong)} differ, such as {dict(list(wrong.items())[:3])}"


@dataclass
class Processes:
    """`hefu` as its users start it: processes of their own that may be killed and paused."""

    folder: Path
    environ: Mapping[str, str]
    started: list[subprocess.Popen[str]] = field(default_factory=list)

    def command(self, *words: str) -> list[str]:
        return [sys.executable, "-c", "from hefu.cli import main; main()", *words, "-C", str(self.folder)]

    def env(self) -> dict[str, str]:
        return {**os.environ, "HEFU_LANGUAGE": "en", "PYTHONUNBUFFERED": "1", "COLUMNS": "200", **self.environ}

    def run(self, *words: str, code: int = 0) -> str:
        """Run a verb to its end; what it said."""
        done = subprocess.run(self.command(*words), env=self.env(), capture_output=True, text=True, timeout=120)
        assert done.returncode == code, (words, done.returncode, done.stdout, done.stderr)
        return done.stdout + done.stderr

    def start(self, *words: str, times: int = 1) -> subprocess.Popen[str]:
        """Start a verb that stays, `times` over at once; returns the last when each has said that it is ready."""
        for _ in range(times):
            self.started.append(
                subprocess.Popen(
                    self.command(*words), env=self.env(), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
                )
            )
        for process in self.started[-times:]:
            self._ready(process)
        return self.started[-1]

    @staticmethod
    def _ready(process: subprocess.Popen[str]) -> None:
        assert process.stdout is not None
        said = []
        for line in process.stdout:
            said.append(line)
            if "Keeping in step" in line:
                return
        raise AssertionError(f"it ended with {process.wait()}: {''.join(said)}")

    def end(self) -> None:
        """Nothing stays behind."""
        for process in self.started:
            if process.poll() is None:
                process.send_signal(signal.SIGCONT)
                process.kill()
            process.wait()
            if process.stdout is not None:
                process.stdout.close()
