"""Tables in CSV and Excel pass the suite of all connectors; persons edit the files by hand meanwhile."""

from __future__ import annotations

import csv
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from hefu.connectors.files import Files, FilesSettings
from hefu.core.connector import Site
from hefu.core.errors import HubError
from hefu.core.records import Write
from hefu.sim.conformance import Clock, Conformance, Rig

COLUMNS = {
    "code": {"type": "code", "length": 20},
    "name": {"type": "text", "required": True},
    "note": {"type": "text"},
    "price": {"type": "money", "scale": 2},
    "qty": {"type": "decimal"},
    "since": {"type": "date"},
    "met": {"type": "instant"},
    "active": {"type": "boolean"},
}


def open_files(folder: Path, clock: Clock | None = None, **objects) -> Files:
    clock = clock or Clock()
    site = Site(None, clock.now, clock.sleep, connection="files", folder=str(folder))
    location = objects.pop("location", ".")
    more = objects.pop("settings", {})
    return Files(FilesSettings(location=location, objects=objects, **more), site)


def table(name: str, **more) -> dict:
    return {"file": name, "key": ["code"], "create": True, "columns": COLUMNS, **more}


def sample(n: int) -> dict:
    return {
        "code": f"C{n:06d}",
        "name": f"客户 {n}",
        "note": f"note {n}",
        "price": Decimal("12.50"),
        "qty": Decimal(n) / 8,
        "since": date(2026, 1, 1 + n % 28),
        "active": n % 2 == 0,
    }


def rig_for(folder: Path, suffix: str, **more) -> Rig:
    """Two tables; people edit through a connection of their own, which replaces the file as their programs do."""
    clock = Clock()
    objects = {"customer": table(f"customers.{suffix}", **more), "nothing": table(f"nothing.{suffix}", **more)}
    person = open_files(folder, clock, **objects)

    def by_hand(record_id: str, values: dict | None) -> None:
        (done,) = person.write("customer", [Write(record_id, values)])
        assert not isinstance(done, HubError), done

    return Rig(
        open_files(folder, clock, **objects),
        "customer",
        sample,
        {"name": "Edited", "price": Decimal("99.90")},
        by_hand,
        remove=lambda record_id: by_hand(record_id, None),
        wait=clock.sleep,
        reopen=lambda: open_files(folder, clock, **objects),
        unreachable=lambda: open_files(folder, clock, customer={"file": "not-there.csv", "key": ["code"]}),
        empty="nothing",
        large=10_000 if not more and suffix == "csv" else 2_000,
        against="real",
        system="local folder",
    )


class TestCsv(Conformance):
    @pytest.fixture(params=[{}, {"encoding": "gb18030", "delimiter": ";"}, {"encoding": "utf-16"}])
    def rig(self, request, tmp_path):
        return rig_for(tmp_path, "csv", **request.param)


class TestWorkbook(Conformance):
    @pytest.fixture
    def rig(self, tmp_path):
        return rig_for(tmp_path, "xlsx")


def rows_of(path: Path, encoding: str = "utf-8-sig") -> list[list[str]]:
    with path.open(encoding=encoding, newline="") as file:
        return list(csv.reader(file))
