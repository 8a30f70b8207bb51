"""Issues: one open case per thing, closed once, and nothing settled silently."""

from __future__ import annotations

from hefu.store import issues
from hefu.store.db import Store
from hefu.store.issues import Issue


def conflict(golden_id: str | None = "g1", field: str = "phone", **facts: object) -> Issue:
    return Issue("conflict", "customer", golden_id, "l1", "crm", field, facts)


def test_the_same_case_is_opened_once_and_brought_up_to_date(store: Store) -> None:
    with store.begin() as tx:
        issues.raise_issues(tx, [conflict(theirs="1"), conflict(field="fax", theirs="2"), conflict(theirs="3")])
        issues.raise_issues(tx, [])
    with store.begin() as tx:
        issues.raise_issues(tx, [conflict(theirs="4"), conflict("g2", theirs="5")])
        found = issues.list_issues(tx)
    assert [(r["golden_id"], r["field"], r["facts"]) for r in found] == [
        ("g1", "phone", {"theirs": "4"}), ("g1", "fax", {"theirs": "2"}), ("g2", "phone", {"theirs": "5"})
    ]  # fmt: skip


def test_cases_about_no_record_are_one_as_well(store: Store) -> None:
    def paused(scope: str, **facts: object) -> Issue:
        return Issue("paused", None, None, None, "crm", scope, facts)

    with store.begin() as tx:
        issues.raise_issues(tx, [paused("connection:crm", n="1"), paused("mapping:m")])
    with store.begin() as tx:
        issues.raise_issues(tx, [paused("connection:crm", n="2")])
        assert issues.count_issues(tx) == {"paused": 2}
        assert [r["facts"] for r in issues.list_issues(tx)] == [{"n": "2"}, {}]


def test_a_case_that_a_rule_settled_is_listed_as_closed(store: Store) -> None:
    with store.begin() as tx:
        issues.raise_issues(tx, [conflict()._replace(decision="latest"), conflict()._replace(decision="latest")])
        assert issues.list_issues(tx) == []
        closed = issues.list_issues(tx, state="closed")
    assert [(r["closed_by"], r["decision"]) for r in closed] == [("hub", "latest")] * 2


def test_closing_takes_what_matches_everything_named(store: Store) -> None:
    with store.begin() as tx:
        issues.raise_issues(tx, [
            conflict(), conflict(field="fax"), conflict("g2"), Issue("rejected", "customer", "g1", "l2", "erp", "", {}),
            Issue("rejected", "customer", "g1", "l2", "erp", "lines[10].quantity", {}),
        ])  # fmt: skip
        assert issues.close_issues(tx, "李", "ours", kinds=("conflict",), golden_ids=["g1"], field="phone") == 1
        assert issues.close_issues(tx, "李", "ours", kinds=("conflict",), golden_ids=["g1"], field="phone") == 0
        assert issues.close_issues(tx, "hub", "x", kinds=("rejected",), link_ids=["l2"], whole_record=True) == 1
        assert issues.close_issues(tx, "hub", "x", kinds=("rejected",), connection="crm") == 0
        assert issues.count_issues(tx) == {"conflict": 2, "rejected": 1}
        (done,) = issues.list_issues(tx, kinds=("conflict",), state="closed")
    assert (done["closed_by"], done["decision"], done["closed_at"] is not None) == ("李", "ours", True)


def test_lines_that_are_held_no_more_are_closed(store: Store) -> None:
    def line(path: str, link_id: str = "l2") -> Issue:
        return Issue("rejected", "order", "g1", link_id, "erp", path, {})

    with store.begin() as tx:
        issues.raise_issues(tx, [line("lines[10].q"), line("lines[20].q"), line(""), line("lines[10].q", "l3")])
        issues.close_lines(tx, ["l2"], {("l2", "lines[20].q")})
        left = {(r["link_id"], r["field"]) for r in issues.list_issues(tx)}
    assert left == {("l2", "lines[20].q"), ("l2", ""), ("l3", "lines[10].q")}


def test_a_closed_case_may_come_again(store: Store) -> None:
    with store.begin() as tx:
        issues.raise_issues(tx, [conflict()])
        issues.close_issues(tx, "李", "ours", kinds=("conflict",))
        issues.raise_issues(tx, [conflict(theirs="9")])
        (found,) = issues.list_issues(tx)
        assert found["facts"] == {"theirs": "9"}
        assert len(issues.list_issues(tx, state=None)) == 2
        known = issues.get_issue(tx, found["id"])
        assert known is not None
        assert known["facts"] == {"theirs": "9"}
        assert issues.get_issue(tx, "none") is None


def test_an_open_conflict_learns_what_was_typed_meanwhile(store: Store) -> None:
    with store.begin() as tx:
        issues.raise_issues(tx, [conflict(ours="1", theirs="2"), conflict(field="fax", ours="1")])
        issues.restate(tx, "g1", "phone", {"theirs": "3"})
        assert [r["facts"] for r in issues.list_issues(tx, golden_id="g1")] == [
            {"ours": "1", "theirs": "3"}, {"ours": "1"}
        ]  # fmt: skip


def test_the_oldest_come_first_up_to_a_limit(store: Store) -> None:
    with store.begin() as tx:
        issues.raise_issues(tx, [conflict(f"g{n}") for n in range(30)])
        found = issues.list_issues(tx, limit=10)
    assert [r["golden_id"] for r in found] == [f"g{n}" for n in range(10)]
