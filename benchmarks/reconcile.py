"""Reconciling two order tables: of every 3,000 keys one is missing, one extra, one differs by a cent.

Two stores (SQLite beside SQLite walked, SQLite beside PostgreSQL walked) and one store (one SQL statement). The answer
is compared with what the data was made to differ in; a wrong one ends the benchmark.
"""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from benchmarks.meter import Figures, measure, python

DDL = (
    "create table {} (id bigint primary key, code text, customer_id int, amount decimal(14,2), status text, "
    "updated_at text)"
)
STATES = ("draft", "approved", "shipped", "invoiced", "paid")
NAMES = ("id", "code", "customer_id", "amount", "status", "updated_at")


def row(i: int) -> tuple[Any, ...]:
    """The left order of that number; the same whenever it is asked for."""
    h = (i * 2654435761 + 12345) & 0xFFFFFFFF
    stamp = f"2026-{1 + h % 9:02d}-{1 + h % 28:02d} {h % 24:02d}:{h % 60:02d}:{h // 60 % 60:02d}"
    return i, f"SO{i:09d}", h % 100_000, (h * 7 % 100_000_000) / 100, STATES[h % 5], stamp


def left(count: int) -> Iterator[tuple[Any, ...]]:
    """Every order."""
    return map(row, range(1, count + 1))


def right(count: int) -> Iterator[tuple[Any, ...]]:
    """One of every 3,000 missing, one a cent more (every other one of them void), and as many extra ones."""
    for i in range(1, count + 1):
        key, code, customer, amount, status, at = row(i)
        if i % 3000 == 1:
            amount, status = round(amount + 0.01, 2), "void" if i % 2 == 0 else status
        if i % 3000 != 2:
            yield key, code, customer, amount, status, at
    for i in range(3, count + 1, 3000):
        yield i + count, f"SX{i:09d}", *row(i)[2:]


def expected(count: int) -> dict[str, int]:
    """Class -> how many."""
    changed, missing, extra = ((count - k) // 3000 + 1 for k in (1, 2, 3))
    voided = sum(i % 2 == 0 for i in range(1, count + 1, 3000))  # these differ in two fields
    return {"unexplained": changed + voided, "missing_right": missing, "missing_left": extra}


def files(folder: Path, count: int) -> None:
    """left.db and right.db, made once."""
    folder.mkdir(parents=True, exist_ok=True)
    for side, rows in (("left", left), ("right", right)):
        path = folder / f"{side}.db"
        if not path.exists():
            with sqlite3.connect(path) as book:
                book.execute("pragma synchronous=off")
                book.execute(DDL.format("orders"))
                book.executemany("insert into orders values (?,?,?,?,?,?)", rows(count))


def schemas(url: str, count: int) -> None:
    """Schemas s_left and s_right of a PostgreSQL database."""
    import psycopg

    with psycopg.connect(url) as made:
        for side, rows in (("left", left), ("right", right)):
            made.execute(f"create schema s_{side}")
            made.execute(DDL.format(f"s_{side}.orders"))
            with made.cursor().copy(f"copy s_{side}.orders from stdin") as copy:
                for one in rows(count):
                    copy.write_row(one)
            made.execute(f"analyze s_{side}.orders")


def project(folder: Path, stores: tuple[str, str]) -> None:
    """Documents that compare the two. A store is the folder of the files, or the address of the database."""
    shutil.rmtree(folder, ignore_errors=True)
    kinds = dict(zip(NAMES, ("code", "code", "decimal", "money", "code", "text"), strict=True))
    texts = {
        "entities/order_row.yaml": "entity: order_row\nmatch: [[id]]\nfields:\n"
        + "".join(f"  {n}: {{type: {k}}}\n" for n, k in kinds.items()),
        "flows/all.yaml": "flow: all\nmappings: [left, right]\n",
    }
    for side, store in zip(("left", "right"), stores, strict=True):
        tables = "  objects: {orders: {id: id}}\n"
        if store.startswith("postgresql"):
            settings = f"  url: {store}\n  schema_name: s_{side}\n{tables}"
        else:
            settings = f"  url: sqlite:///{store}/{side}.db\n{tables}"
        texts[f"connections/{side}.yaml"] = f"connection: {side}\nconnector: sql\nsettings:\n{settings}"
        texts[f"mappings/{side}.yaml"] = f"mapping: {side}\nconnection: {side}\nobject: orders\nentity: order_row\n" + (
            "fields:\n" + "".join(f"  - {{field: {n}, from: {n}}}\n" for n in NAMES)
        )
    for name, text in texts.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")


def hefu(folder: Path, *words: str) -> Figures:
    """Run a verb of ours."""
    env = {**os.environ, "HEFU_HOME": str(folder / ".hefu")}
    command = python("-c", "from hefu.cli import main; main()", *words, "-C", str(folder), "--json")
    return measure(command, env)


def checked(found: Figures, count: int) -> None:
    """Ends the benchmark for a wrong answer."""
    try:
        said = json.loads(found.said)["sections"][0]
    except (ValueError, KeyError):
        sys.exit(f"reconcile failed with {found.code}:\n{found.said[-2000:]}")
    if said["classes"] != expected(count):
        sys.exit(f"reconcile says {said['classes']}, which should be {expected(count)}")


def main(work: Path, count: int, kinds: list[str], database: Callable[[], str]) -> Iterator[tuple[str, int, Figures]]:
    """(case, rows, figures). `database` makes a new PostgreSQL database and gives its address."""
    data, folder = work / f"recon-{count}", work / "recon-project"
    files(data, count)
    local = str(data)
    cases = [
        ("two stores, SQLite walked", (local, local), "walk"),
        ("one store, SQLite joined", (local, local), "join"),
    ]
    if "postgresql" in kinds:
        url = database()
        schemas(url, count)
        cases += [
            ("two stores, SQLite beside PostgreSQL walked", (local, url), "walk"),
            ("two schemas of PostgreSQL walked", (url, url), "walk"),
            ("one store, PostgreSQL joined", (url, url), "join"),
        ]
    for name, stores, how in cases:
        project(folder, stores)
        hefu(folder, "project", "import")
        found = hefu(folder, "reconcile", "run", "--how", how)
        checked(found, count)
        yield name, count, found
    project(folder, (local, local))
    hefu(folder, "project", "import")
    yield "start of the program and of the project alone", 0, hefu(folder, "status")
