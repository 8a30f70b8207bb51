"""Versions of the documents: the same bytes out as in, numbered without gaps; runs, cursors and pauses beside them."""

from __future__ import annotations

import threading

from hefu.store import projects, runs
from hefu.store.db import Store, Tx

TEXTS = {
    "connections/crm.yaml": "connection: crm  # 客户系统\r\n",
    "flows/a.yaml": "flow: a\n\n\n",
    "z.yaml": "\ufeffx",
}


def test_the_same_text_comes_out_as_went_in(store: Store) -> None:
    with store.begin() as tx:
        assert projects.texts_of(tx) is None
        assert projects.save(tx, TEXTS, "李", "first") == 1
    with store.look() as tx:
        assert projects.texts_of(tx) == (1, TEXTS)
        assert projects.texts_of(tx, 1) == (1, TEXTS)
        assert projects.texts_of(tx, 2) is None


def test_only_a_change_makes_a_version(store: Store) -> None:
    with store.begin() as tx:
        projects.save(tx, TEXTS, "李", "first")
        assert projects.save(tx, dict(reversed(TEXTS.items())), "王", "again") == 1
        assert projects.save(tx, {**TEXTS, "z.yaml": "y"}, "王", "second") == 2
        assert projects.save(tx, TEXTS, "李", "back") == 3
        found = projects.versions(tx)
        assert [(r["version"], r["author"], r["note"]) for r in found] == [
            (3, "李", "back"), (2, "王", "second"), (1, "李", "first")
        ]  # fmt: skip
        assert "documents" not in found[0]
        assert projects.newest(tx) == 3


def test_two_who_import_at_once_get_two_numbers(store: Store) -> None:
    numbers: list[int] = []

    def save(note: str) -> None:
        with store.begin() as tx:
            numbers.append(projects.save(tx, {"a.yaml": note}, "x", note))

    threads = [threading.Thread(target=save, args=(str(n),)) for n in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(numbers) == [1, 2, 3, 4, 5, 6]


def test_a_run_says_how_it_ended_and_what_it_counted(store: Store) -> None:
    with store.begin() as tx:
        first, second = (runs.start_run(tx, "cycle", scope, 3) for scope in ("a", "b"))
        runs.end_run(tx, first, "done", {"read": 5}, None)
    with store.look() as tx:
        newest, oldest = runs.list_runs(tx)
    assert (newest["id"], newest["state"], newest["ended_at"], newest["counts"]) == (second, "running", None, {})
    assert (oldest["id"], oldest["state"], oldest["counts"], oldest["project_version"]) == (
        first,
        "done",
        {"read": 5},
        3,
    )


def test_a_cursor_moves_with_the_transaction(store: Store) -> None:
    def found(tx: Tx) -> tuple[str | None, str, str | None] | None:
        known = runs.get_cursor(tx, "m")
        return known and known[:3]

    with store.begin() as tx:
        assert runs.get_cursor(tx, "m") is None
        runs.set_cursor(tx, "m", "10", "f", None)
    try:
        with store.begin() as tx:
            runs.set_cursor(tx, "m", "20", "f", "x")
            raise KeyboardInterrupt
    except KeyboardInterrupt:
        pass
    with store.begin() as tx:
        assert found(tx) == ("10", "f", None)
        runs.set_cursor(tx, "m", None, "g", "2026-01-01T00:00:00.000000Z")
        assert found(tx) == (None, "g", "2026-01-01T00:00:00.000000Z")


def test_a_pause_ends_by_itself_or_when_it_is_lifted(store: Store) -> None:
    with store.begin() as tx:
        runs.pause_scope(tx, "connection:crm", "net.host_down", {"host": "x"}, tx.later(60))
        runs.pause_scope(tx, "connection:erp", "net.host_down", {}, tx.later(-1))
        runs.pause_scope(tx, "flow:a", "guard.records", {})
        runs.pause_scope(tx, "flow:a", "pause.person", {"by": "李"})
        found = runs.paused(tx)
        assert {scope: row["code"] for scope, row in found.items()} == {
            "connection:crm": "net.host_down", "flow:a": "pause.person"
        }  # fmt: skip
        assert found["flow:a"]["facts"] == {"by": "李"}
        assert runs.resume_scope(tx, "flow:a")
        assert not runs.resume_scope(tx, "flow:a")
        assert set(runs.paused(tx)) == {"connection:crm"}
