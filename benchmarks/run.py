"""`make bench`: measures and prints the tables of docs/performance.md.

BENCH selects and sizes: `make bench BENCH="load --rows 100000"`. Cases: core (the merge alone), load (plain one-way
load and first synchronisation into SQLite and PostgreSQL, then runs that find nothing and 1 % changed), growth (ten
times the rows), api (API to API: full, 1 %, idle, webhook to write, under a rate limit), reconcile (two order tables
compared), calls (what --rows new and changed records cost each vendor's sandbox in calls), script (vendors' connectors
beside hand-tuned asyncio scripts), all. With --peers DIR, the folder of the peers' scripts, each peer with the
interpreter that PEER_PYTHON, PEER_PANDAS, PEER_DLT or PEER_RECON names, they run on as many rows in the same run.
"""

from __future__ import annotations

import argparse
import os
import platform
import shutil
import sqlite3
import sys
from datetime import UTC, datetime
from pathlib import Path

from benchmarks import api, core, data, project, reconcile, script, vendors
from benchmarks.meter import Figures, measure, python

CASES = ("core", "load", "growth", "api", "reconcile", "calls", "script")
ROOT = Path(__file__).resolve().parent.parent
WORK = ROOT / ".bench"
POSTGRESQL = os.environ.get("BENCH_POSTGRESQL", "postgresql+psycopg://postgres@127.0.0.1:5432")


def row(*cells: object) -> None:
    """One line of the table."""
    print("| " + " | ".join(str(c) for c in cells) + " |", flush=True)


def shown(f: Figures) -> tuple[str, str, str]:
    """CPU, wall and memory as the table has them."""
    return f"{f.cpu:.1f}", f"{f.wall:.1f}", f"{f.peak:.0f}"


def hefu(folder: Path, env: dict[str, str], *args: str) -> Figures:
    """Run a verb of ours."""
    found = measure(python("-c", "from hefu.cli import main; main()", *args, "-C", str(folder), "--json"), env)
    if found.code not in (0, 3, 4):
        sys.exit(f"hefu {' '.join(args)} failed with {found.code}:\n{found.said[-2000:]}")
    return found


def database(name: str, store: bool) -> str:
    """A new, empty PostgreSQL database."""
    import psycopg

    url = POSTGRESQL.replace("+psycopg", "")
    with psycopg.connect(f"{url}/postgres", autocommit=True) as admin:
        admin.execute(f'drop database if exists "{name}" with (force)')
        admin.execute(f'create database "{name}"')
    if not store:
        with psycopg.connect(f"{url}/{name}") as made:
            made.execute(project.DDL)
    return f"{POSTGRESQL}/{name}"


def prepared(kind: str, rows: int) -> tuple[Path, dict[str, str]]:
    """A project folder with its data, an empty target and an empty store of that kind."""
    folder = WORK / f"{kind}-{rows}"
    shutil.rmtree(folder, ignore_errors=True)
    (folder / "data").mkdir(parents=True)
    csv = data.write(WORK / f"customers-{rows}.csv", rows)
    (folder / "data" / "customers.csv").symlink_to(csv)
    env = {**os.environ, "HEFU_HOME": str(folder / ".hefu")}
    if kind == "sqlite":
        with sqlite3.connect(folder / "target.sqlite") as made:
            made.execute("pragma journal_mode=wal")
            made.execute(project.DDL)
        target = f"sqlite:///{folder / 'target.sqlite'}"
    else:
        target = database("hefu_bench_target", store=False).replace("+psycopg", "")
        env["HEFU_STORE"] = database("hefu_bench_store", store=True)
    project.write(folder, "customers.csv", target)
    hefu(folder, env, "project", "import")
    return folder, env


def load(rows: int, kinds: list[str]) -> None:
    """Plain load, first synchronisation, then runs that find little or nothing."""
    _head("case", "rows", "CPU s", "wall s", "peak MB")
    for kind in kinds:
        folder, env = prepared(kind, rows)
        row(f"plain load into {kind}", rows, *shown(hefu(folder, env, "load", "from_source", "to_target")))
        folder, env = prepared(kind, rows)
        row(f"first synchronisation, {kind}", rows, *shown(hefu(folder, env, "apply", "--yes")))
        row(f"second run, nothing changed, {kind}", rows, *shown(hefu(folder, env, "apply", "--yes")))
        _touch(folder / "data" / "customers.csv")
        row(f"1 % changed, {kind}", rows, *shown(hefu(folder, env, "apply", "--yes")))


def growth(rows: int) -> None:
    """CPU and memory of ten times the rows, the start of the program (the same for any size) included and not."""
    _head("case", "rows", "CPU s", "peak MB", "CPU ratio", "without start", "memory ratio")
    start = measure(python("-c", "from hefu.cli import main; main()", "--help")).cpu
    for name, args in (
        ("plain load", ("load", "from_source", "to_target")),
        ("first synchronisation", ("apply", "--yes")),
    ):
        small, large = (hefu(*prepared("sqlite", n), *args) for n in (rows // 10, rows))
        row(f"{name}, sqlite", rows // 10, f"{small.cpu:.1f}", f"{small.peak:.0f}", "", "", "")
        ratios = large.cpu / small.cpu, (large.cpu - start) / (small.cpu - start), large.peak / small.peak
        row(f"{name}, sqlite", rows, f"{large.cpu:.1f}", f"{large.peak:.0f}", *(f"{r:.2f}" for r in ratios))


def apis(rows: int, kinds: list[str]) -> None:
    """API to API."""
    _head("case", "records", "CPU s", "wall s", "peak MB", "found")
    stores: dict[str, str | None] = {}
    if "sqlite" in kinds:
        stores["sqlite"] = None
    if "postgresql" in kinds:
        stores["postgresql"] = database("hefu_bench_store", store=True)
    for cells in api.main(WORK, rows, stores):
        row(*cells)


def called(rows: int) -> None:
    """Calls per so many records, by each vendor's sandbox."""
    _head("vendor", f"calls for {rows} new", "to read them all", "to look at each", f"for {rows} changed", "wall s")
    for cells in vendors.main(rows):
        row(*cells)


def scripted(rows: int) -> None:
    """Connectors beside scripts."""
    _head("what", "records", "script s", "connector s", "ratio")
    for cells in script.main(rows):
        row(*cells)


def reconciled(rows: int, kinds: list[str], peers: Path | None) -> None:
    """Two order tables compared, beside a plain walk and a plain SQL full join of the peers."""
    _head("case", "rows", "CPU s", "wall s", "peak MB")

    def fresh() -> str:
        return database("hefu_bench_recon", store=True).replace("+psycopg", "")

    for name, count, found in reconcile.main(WORK, rows, kinds, fresh):
        row(name, count, *shown(found))
    if peers:
        dsn = POSTGRESQL.replace("+psycopg", "").replace("postgres@", "postgres:x@") + "/hefu_bench_recon"
        stores = ["sqlite", *(["postgres"] if "postgresql" in kinds else [])]
        for name in ("merge-walk", "sql"):
            for store in stores:
                interpreter = os.environ.get("PEER_RECON", sys.executable)
                command = [interpreter, str(peers / "c_recon.py"), name, store, str(WORK / f"recon-{rows}")]
                found = measure(command, {**os.environ, "PG_DSN": dsn})
                row(f"{name}, {store}", rows, *(shown(found) if found.code == 0 else ("not installed", "", "")))


def _head(*names: str) -> None:
    row(*names)
    row(*["---"] * len(names))


def _touch(path: Path) -> None:
    """Another phone in every hundredth row."""
    lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
    path.unlink()
    for n in range(1, len(lines), 100):
        lines[n] = lines[n].replace(",13", ",15", 1)
    path.write_text("".join(lines), encoding="utf-8")


def peers(folder: Path, rows: int) -> None:
    """The peers' own scripts on a file of the same size."""
    file = WORK / f"peer-{rows}.csv"
    if not file.exists():
        measure(python(str(folder / "gen.py"), "customers", str(rows), str(file)))
    dsn = POSTGRESQL.replace("+psycopg", "").replace("postgres@", "postgres:x@") + "/postgres"
    _head("peer", "rows", "CPU s", "wall s", "peak MB")
    for name in ("python", "dlt:rows", "pandas"):
        interpreter = os.environ.get(f"PEER_{name.split(':')[0].upper()}", sys.executable)
        for target in ("sqlite", "postgres"):
            command = [interpreter, str(folder / "a_load.py"), name, target, str(file), str(WORK / "peers")]
            found = measure(command, {**os.environ, "PG_DSN": dsn})
            row(f"{name} into {target}", rows, *(shown(found) if found.code == 0 else ("not installed", "", "")))


def main() -> None:
    """Parse, run, print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("case", nargs="?", default="all", choices=("all", *CASES))
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--stores", default="sqlite,postgresql")
    parser.add_argument("--peers", type=Path, default=None, help="folder with the peers' scripts")
    asked = parser.parse_args()
    WORK.mkdir(exist_ok=True)
    kinds = asked.stores.split(",")
    print(f"{datetime.now(UTC):%Y-%m-%d}, Python {platform.python_version()}, {os.cpu_count()} cores, "
          f"load {os.getloadavg()[0]:.1f}\n")  # fmt: skip
    if asked.case in ("all", "core"):
        _head("core, one CPU", "records a CPU second")
        for what, pace in core.main().items():
            row(what, f"{pace:,.0f}")
        print()
    cases = {
        "load": lambda: load(asked.rows, kinds),
        "api": lambda: apis(asked.rows, kinds),
        "growth": lambda: growth(asked.rows),
        "reconcile": lambda: reconciled(asked.rows, kinds, asked.peers),
        "calls": lambda: called(min(asked.rows, 1000)),
        "script": lambda: scripted(min(asked.rows, 10_000)),
    }
    for name, work in cases.items():
        if asked.case in ("all", name):
            work()
            print()
        if asked.peers and name == "load" and asked.case in ("all", name):
            peers(asked.peers, asked.rows)
            print()


if __name__ == "__main__":
    main()
