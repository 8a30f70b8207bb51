"""What a broken or hostile system may send: our database does not fail over it, and the other records go on."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from pair import Pair

from hefu.core.words import tell
from hefu.store import golden as goldens
from hefu.store import issues

ODD = {
    "a NUL in a name": ({"name": "bad\0name"}, {}, "value.control"),
    "half a character": ({"name": "half \ud800"}, {}, "value.control"),
    "a NUL in a key": ({"code": "C\0002"}, {}, "value.control"),
    "a NUL in its id": ({}, {"record_id": "a\0b"}, "record.unstorable"),
    "half a character in its id": ({}, {"record_id": "a\udfff"}, "record.unstorable"),
    "an id without end": ({}, {"record_id": "a" * 300}, "record.unstorable"),
}


@pytest.fixture
def pair(store_url: str) -> Iterator[Pair]:
    made = Pair(url=store_url)
    yield made
    made.store.close()


@pytest.mark.parametrize("name", ODD)
def test_an_odd_record_is_told_and_the_others_go_on(pair: Pair, name: str) -> None:
    values, more, code = ODD[name]
    pair.crm.create("customer", {"code": "C1", "name": "before"}, who="li")
    pair.crm.create("customer", {"code": "C2", "name": "odd", **values}, who="li", **more)
    pair.crm.create("customer", {"code": "C3", "name": "after"}, who="li")
    for _ in range(2):
        assert pair.round().state == "done"
        pair.env.sleep(70)
    assert sorted(v["name"] for v in pair.erp.all("customer").values()) == ["after", "before"]
    with pair.store.look() as tx:
        (case,) = issues.list_issues(tx)
    assert (case["kind"], case["facts"]["code"]) == ("unreadable", code)


def test_an_odd_author_is_noted_as_far_as_it_is_text(pair: Pair) -> None:
    pair.crm.create("customer", {"code": "C1", "name": "a"}, who="li\0\ud800" + "x" * 300)
    assert pair.round().state == "done"
    with pair.store.look() as tx:
        (link,) = goldens.links_by_record(tx, "crm", "customer", [("", "000001")], lock=False).values()
        author = goldens.changes_of(tx, [link.golden_id])[0]["author"]
    assert author.startswith("li?xxx")
    assert len(author) == 200


def test_a_number_beyond_64_bits_is_no_obstacle(pair: Pair) -> None:
    pair.crm.create("customer", {"code": "C1", "name": "a", "phone": 10**30}, who="li")
    assert pair.round().state == "done"
    (made,) = pair.erp.all("customer").values()
    assert made["phone"] == str(10**30)


def test_the_words_are_filled_in() -> None:
    from hefu.core.errors import Rejected

    error = Rejected("record.unstorable", part="id", longest=200, begins="'a'")
    assert "200" in tell(error)[0]
    assert "?" not in tell(error, "zh")[0]
