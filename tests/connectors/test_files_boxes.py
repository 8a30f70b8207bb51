"""Inboxes take each file once and in order, never a half one; outboxes make a new file for each batch."""

from __future__ import annotations

import hashlib
import os
from decimal import Decimal

import pytest
from pydantic import ValidationError
from test_files import open_files, rows_of
from test_files_bad import put, refusal

from hefu.connectors.files import FilesSettings
from hefu.core.errors import HubError, Rejected, Unsupported
from hefu.core.records import FieldType, Write, Written
from hefu.sim.conformance import Clock

COLUMNS = {"code": {}, "name": {}, "price": {"type": "money", "scale": 2}}


def inbox(folder, clock=None, **more):
    settings = {"mode": "inbox", "file": "in-*.csv", "key": ["code"], "columns": COLUMNS} | more
    return open_files(folder, clock, order=settings)


def batch(folder, number, rows):
    return put(folder, "code,name,price\n" + rows, f"in-{number}.csv")


def take(files, since=None):
    """(ids, gone, cursor) of a read."""
    ids, gone, cursor = [], [], since
    for page in files.read("order", since):
        ids += [(r.id, r.values["name"]) for r in page.records]
        gone += page.gone
        cursor = page.cursor or cursor
    return ids, gone, cursor


def test_each_file_once_in_order(tmp_path):
    for number in (9, 10):
        batch(tmp_path, number, f"A{number},n{number},1\n")
    files = inbox(tmp_path)
    ids, _, cursor = take(files)
    assert {i for i, _ in ids} == {"A9", "A10"}
    batch(tmp_path, 11, "A11,n,1\n")
    batch(tmp_path, 2, "A2,n,1\n")
    ids, _, after = take(files, cursor)
    assert [i for i, _ in ids] == ["A2", "A11"]
    assert take(files, cursor)[0] == ids, "not yet kept by the hub: offered again"
    assert take(files, after)[0] == []
    assert take(inbox(tmp_path), after)[0] == [], "after a restart"


def test_a_file_that_came_again_is_not_taken_again(tmp_path):
    path = batch(tmp_path, 1, "A1,n,1\n")
    files = inbox(tmp_path)
    _, _, cursor = take(files)
    assert take(files, cursor)[0] == []
    os.utime(path, (1, 1))
    assert take(files, cursor)[0] == []
    path.write_text("code,name,price\nA1,changed,1\n")
    assert take(files, cursor)[0] == [("A1", "changed")]


def test_the_newest_word_counts_in_a_full_read(tmp_path):
    batch(tmp_path, 1, "A1,old,1\nA2,old,1\nA3,old,1\n")
    batch(tmp_path, 2, "A1,new,1\n")
    batch(tmp_path, 3, "A3,newest,1\n")
    files = inbox(tmp_path, done="done")
    ids, _, cursor = take(files)
    assert sorted(ids) == [("A1", "new"), ("A2", "old"), ("A3", "newest")]
    assert take(files, cursor)[0] == []
    assert sorted(p.name for p in (tmp_path / "done").iterdir()) == [f"00000{n}-in-{n}.csv" for n in (1, 2, 3)]
    assert sorted(take(files)[0]) == sorted(ids), "a full read still finds what was moved"
    assert files.fetch("order", ["A2"])[0].values["name"] == "old"
    assert files.search("order", {"name": "newest"})[0].id == "A3"


def test_absence_is_no_deletion(tmp_path):
    batch(tmp_path, 1, "A1,n,1\n")
    files = inbox(tmp_path)
    assert files.fetch("order", []) == []
    error = refusal(lambda: files.fetch("order", ["A1", "A2"]))
    assert isinstance(error, Rejected)
    assert files.discover()[0].abilities.changes == "cursor+deletes"


def test_deletes_are_told(tmp_path):
    put(tmp_path, "code,name,price,operation\nA1,n,1,create\nA2,n,1,\n", "in-1.csv")
    files = inbox(tmp_path, operation={})
    ids, _, cursor = take(files)
    assert [i for i, _ in ids] == ["A1", "A2"]
    assert "operation" not in {f.name for f in files.discover()[0].fields}
    put(tmp_path, "code,name,price,operation\nA1,,,delete\nA2,x,1,update\nA3,x,1,explode\n", "in-2.csv")
    ids, gone, _ = take(files, cursor)
    assert (ids, gone) == ([("A2", "x")], ["A1"])
    assert "'explode'" in rows_of(tmp_path / "rejects" / "in-2.rejects.csv")[1][5]
    assert sorted(take(files)[0]) == [("A2", "x")]


@pytest.mark.parametrize("how", ["stable", "marker", "checksum", "name"])
def test_an_unfinished_file_waits_and_holds_back_later_ones(tmp_path, how):
    clock = Clock()
    now = clock.now().timestamp()
    done = {
        "stable": {"stable_seconds": 30},
        "marker": {"marker": ".ok"},
        "checksum": {"checksum": "sha256"},
        "name": {},
    }
    first, second = batch(tmp_path, 1, "A1,n,1\n"), batch(tmp_path, 2, "A2,n,1\n")
    for path, age in ((first, 10), (second, 60)):
        os.utime(path, (now - age, now - age))
    if how == "name":
        first = first.rename(first.with_suffix(".csv.part"))
        files = inbox(tmp_path, clock)
        assert [i for i, _ in take(files)[0]] == ["A2"]
        return
    put(tmp_path, "", "in-2.csv.ok")
    put(tmp_path, hashlib.sha256(second.read_bytes()).hexdigest() + "  in-2.csv", "in-2.csv.sha256")
    files = inbox(tmp_path, clock, complete=done[how])
    ids, _, cursor = take(files)
    assert ids == []
    assert files.health() == {"order: waiting for": str(first)}
    clock.sleep(60)
    put(tmp_path, "", "in-1.csv.ok")
    put(tmp_path, hashlib.sha256(first.read_bytes()).hexdigest().upper(), "in-1.csv.sha256")
    assert [i for i, _ in take(files, cursor)[0]] == ["A1", "A2"]
    assert files.health() == {}


def test_a_broken_file_stops_behind_the_good_ones(tmp_path):
    files = inbox(tmp_path)
    _, _, cursor = take(files)
    batch(tmp_path, 1, "A1,n,1\n")
    broken = batch(tmp_path, 2, 'A2,"n,1\n')
    batch(tmp_path, 3, "A3,n,1\n")
    ids = []

    def work(since):
        for page in files.read("order", since):
            ids.extend(r.id for r in page.records)

    error = refusal(lambda: work(cursor))
    assert error.code == "files.cut_quote"
    assert ids == ["A1"]
    ids.clear()
    assert refusal(lambda: work(None)).code == "files.cut_quote"
    assert ids == ["A1"]
    broken.unlink()
    ids.clear()
    work(cursor)
    assert ids == ["A1", "A3"]


def test_a_wrong_checksum(tmp_path):
    batch(tmp_path, 1, "A1,n,1\n")
    put(tmp_path, "0" * 64, "in-1.csv.sha256")
    assert refusal(lambda: take(inbox(tmp_path, complete={"checksum": "sha256"}))).code == "files.checksum"


def test_rows_without_a_key(tmp_path):
    batch(tmp_path, 1, "A1,n,1\nA1,n,1\n")
    ids, _, _ = take(inbox(tmp_path, key=[]))
    assert [i for i, _ in ids] == ["in-1.csv#2", "in-1.csv#3"]


def test_a_broken_ledger_takes_nothing(tmp_path):
    batch(tmp_path, 1, "A1,n,1\n")
    files = inbox(tmp_path)
    _, _, cursor = take(files)
    (tmp_path / ".hefu" / "order.inbox.jsonl").write_text("not json\n")
    error = refusal(lambda: take(files, cursor))
    assert (error.code, isinstance(error, Unsupported)) == ("files.ledger_broken", True)


def test_an_inbox_is_not_written(tmp_path):
    batch(tmp_path, 1, "A1,n,1\n")
    assert refusal(lambda: inbox(tmp_path).write("order", [Write("A1", None)])).code == "connector.read_only"


# ------------------------------------------------------------------------- outbox


def outbox(folder, **more):
    settings = {"mode": "outbox", "file": "out/{object}-{number}.csv", "key": ["code"], "columns": COLUMNS} | more
    return open_files(folder, order=settings)


WRITES = [
    Write(None, {"code": "A1", "name": "=新", "price": Decimal("12.50")}),
    Write("A2", {"price": None, "name": "x"}),
    Write("A3", None),
    Write(None, {"name": "no key"}),
    Write(None, {"code": "A5", "price": Decimal("1.005")}),
]


def test_each_batch_is_a_new_file(tmp_path):
    files = outbox(tmp_path)
    files.check()
    done = files.write("order", WRITES)
    assert [type(d) for d in done] == [Written, Written, Written, Rejected, Rejected]
    assert done[0].id == "A1"
    assert rows_of(tmp_path / "out" / "order-000001.csv") == [
        ["operation", "changed", "code", "name", "price"],
        ["create", "name|price", "A1", "'=新", "12.50"],
        ["update", "price|name", "A2", "x", ""],
        ["delete", "", "A3", "", ""],
    ]
    (tmp_path / "out" / "order-000001.csv").unlink()  # fetched
    outbox(tmp_path).write("order", WRITES[:1])
    assert [p.name for p in (tmp_path / "out").iterdir()] == ["order-000002.csv"]
    assert all(isinstance(d, HubError) for d in files.write("order", WRITES[3:]))
    assert len(list((tmp_path / "out").iterdir())) == 1, "a batch in which nothing is good makes no file"


def test_what_comes_with_a_file(tmp_path):
    complete = {"checksum": "sha256", "marker": "ok", "trailer": "END", "trailer_count": 2}
    words = {"column": "flag", "create": "C", "update": "U", "delete": "D"}
    files = outbox(tmp_path, file="o-{time}.csv", complete=complete, operation=words, encoding="gbk", delimiter=";")
    for _ in range(2):
        files.write("order", WRITES[:3])
    names = sorted(p.name for p in tmp_path.glob("o-*"))
    first = tmp_path / "o-20260131-160000.csv"
    assert names[0] == "o-20260131-160000-000002.csv"
    assert len(names) == 6
    assert first.read_text("gbk").splitlines()[-1] == "END;3;;;"
    assert first.read_text("gbk").splitlines()[3].startswith("D;")
    digest = hashlib.sha256(first.read_bytes()).hexdigest()
    assert first.with_suffix(".csv.sha256").read_text() == f"{digest}  {first.name}\n"
    assert first.with_suffix(".csv.ok").exists()


def test_an_outbox_feeds_an_inbox(tmp_path):
    both = {"key": ["code"], "complete": {"marker": ".ok"}, "operation": {}}
    files = open_files(
        tmp_path,
        out={"mode": "outbox", "file": "in-{number}.xlsx", "columns": COLUMNS} | both,
        order={"mode": "inbox", "file": "in-*.xlsx"} | both,
    )
    files.write("out", WRITES[:3])
    ids, gone, _ = take(files)
    assert (ids, gone) == ([("A1", "=新"), ("A2", "x")], ["A3"])
    kinds = {f.name: f.type for f in files.discover()[1].fields}
    assert kinds["price"] is FieldType.DECIMAL


def test_nothing_is_read_from_an_outbox(tmp_path):
    files = outbox(tmp_path)
    (page,) = files.read("order")
    assert list(page.records) == []
    assert [p.cursor for p in files.read("order", page.cursor)] == [page.cursor]
    assert files.search("order", {"code": "A1"}) == []
    assert isinstance(refusal(lambda: files.fetch("order", ["A1"])), Rejected)


@pytest.mark.parametrize(
    "settings",
    [
        {"file": "../x.csv", "key": ["a"]},
        {"file": "/etc/passwd", "key": ["a"]},
        {"file": "x.csv"},
        {"file": "x.csv", "key": ["a"], "mode": "outbox", "columns": {"a": {}}},
        {"file": "x-{number}.csv", "key": ["a"], "mode": "outbox"},
        {"file": "x.csv", "key": ["a"], "lines": {"file": "../y.csv", "parent": ["a"]}},
        {"file": "x.csv", "key": ["a"], "lines": {"parent": ["a", "b"]}},
        {"file": "x.csv", "key": ["a"], "unknown_word": 1},
        {"file": "x.csv", "key": ["a"], "delimiter": ";;"},
    ],
)
def test_settings_that_cannot_be(settings):
    with pytest.raises(ValidationError):
        FilesSettings(objects={"x": settings})
