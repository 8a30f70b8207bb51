"""The REST connector's single ideas, each against a real server: log-in, paging, changes, writes, errors, webhooks."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
from rest_shop import Door, Reply, Shop
from test_rest_conformance import connect, raw

from hefu.core.connector import Connector
from hefu.core.errors import Denied, HubError, Missing, Rejected, Stale, Transient, Unanswered, Unsupported
from hefu.core.records import FieldType, Page, Record, Write, Written
from hefu.core.words import ERRORS, tell
from loopback import serving


@pytest.fixture(scope="module")
def door() -> Iterator[tuple[Door, str]]:
    door = Door()
    with serving(door) as url:
        yield door, url


@pytest.fixture
def shop(door: tuple[Door, str]) -> Shop:
    door[0].shop = Shop()
    door[0].shop.auth = "none"
    return door[0].shop


@pytest.fixture
def base(door: tuple[Door, str]) -> str:
    return door[1]


def described(read: str, more: str = "", top: str = "") -> str:
    return f"""
url: BASE
{top}
objects:
  customer:
    key: [code]
    modified: updated_at
    fields: {{code: {{}}, name: {{}}, note: {{}}, price: {{type: money}}, city: {{path: address.city}},
             street: {{path: address.street}}}}
    read: {{url: /customers, records: data, {read}}}
{more}
"""


OFFSET = "paging: {type: offset, size: 10, size_param: limit, total: meta.total}"
PAGE = "paging: {type: page, size: 10, size_param: per_page}"
SINCE = "since: {param: updated_since, ordered: true, params: {sort: updated_at}}"


def fill(shop: Shop, count: int, seconds: float = 0) -> None:
    for _ in range(count):
        shop.add(raw(shop.number + 1))
        shop.clock.sleep(seconds)


def ids(pages: Iterator[Page] | list[Page]) -> list[str]:
    return [r.id for page in pages for r in page.records]


def answer(shop: Shop, reply: Reply) -> None:
    shop.override = lambda method, path, body: reply


def failure(connector: Connector, obj: str = "customer") -> HubError:
    with pytest.raises(HubError) as caught:
        list(connector.read(obj))
    for language in ("en", "zh"):
        assert "?" not in tell(caught.value, language)[0].replace("who are you?", ""), caught.value
    return caught.value


# ------------------------------------------------------------------------- log-in


@pytest.mark.parametrize(
    ("manner", "auth"),
    [
        ("none", "{type: none}"),
        ("bearer", "{type: bearer, token: hush}"),
        ("basic", "{type: basic, user: hub, password: hush}"),
        ("key", "{type: key, value: hush}"),
        ("key", "{type: key, name: api_key, value: hush, place: query}"),
        ("session", "{type: oauth2, token_url: /token, client_id: hub, client_secret: hush}"),
        ("session", "{type: oauth2, token_url: BASE/token, client_id: hub, client_secret: hush, send: body}"),
        ("session", "{type: login, url: /login, user: hub, password: hush, token_path: data.token}"),
        ("cookie", "{type: login, url: /login, user: hub, password: hush}"),
    ],
)
def test_every_way_of_proving_who_we_are(shop: Shop, base: str, manner: str, auth: str) -> None:
    shop.auth = manner
    fill(shop, 25)
    good = connect(shop, base, described(OFFSET, top=f"auth: {auth}"))
    good.check()
    assert len(ids(good.read("customer"))) == 25
    assert shop.logins <= 1
    if manner != "none":
        bad = connect(shop, base, described(OFFSET, top=f"auth: {auth}".replace("hush", "wr0ng")))
        with pytest.raises(Denied) as caught:
            bad.check()
        assert "wr0ng" not in str(caught.value)


def test_a_session_that_ended_is_renewed_once_by_eight_threads(shop: Shop, base: str) -> None:
    shop.auth = "session"
    fill(shop, 400)
    text = described(OFFSET, top="auth: {type: oauth2, token_url: /token, client_id: hub, client_secret: hush}")
    connector = connect(shop, base, text, concurrency=8)
    reading = connector.read("customer")
    next(reading)
    shop.sessions.clear()
    assert len(ids(reading)) == 390
    assert shop.logins == 2


def test_a_token_is_renewed_before_it_ends(shop: Shop, base: str) -> None:
    shop.auth = "session"
    connector = connect(shop, base, described(OFFSET, top="auth: {type: oauth2, token_url: /token, client_id: hub, "
                                              "client_secret: hush}"))  # fmt: skip
    connector.check()
    shop.clock.sleep(3000)
    connector.check()
    assert shop.logins == 1
    shop.clock.sleep(580)
    connector.check()
    assert shop.logins == 2


def test_a_login_page_instead_of_data_logs_in_again(shop: Shop, base: str) -> None:
    shop.auth = "cookie"
    fill(shop, 3)
    connector = connect(
        shop, base, described(OFFSET, top="auth: {type: login, url: /login, user: hub, password: hush}")
    )
    assert len(ids(connector.read("customer"))) == 3
    page: Reply = (200, {"content-type": "text/html"}, b"<html>log in</html>")
    for shown in (page, (302, {"location": "/login.html"}, b"")):
        pages: list[Reply] = [shown]
        shop.override = lambda method, path, body, pages=pages: (  # type: ignore[misc]
            page if path == "/login.html" else pages.pop() if pages and path == "/customers" else None
        )
        assert len(ids(connector.read("customer"))) == 3
    assert shop.logins == 3


def test_a_log_in_that_is_down_is_transient(shop: Shop, base: str) -> None:
    answer(shop, (500, {}, {}))
    connector = connect(shop, base, described(OFFSET, top="auth: {type: login, url: /login, token_path: t}"))
    with pytest.raises(Transient) as caught:
        connector.check()
    assert caught.value.code == "rest.login_down"


# ------------------------------------------------------------------------- paging


@pytest.mark.parametrize(
    ("read", "calls"),
    [
        (OFFSET, 5),
        (PAGE, 5),
        ("paging: {type: page, size: 10, size_param: per_page, total: meta.total}", 5),
        ("paging: {type: page, size: 10, size_param: per_page, total_header: X-Total-Count}", 5),
        ("paging: {type: page, size: 10, size_param: per_page, more: meta.more}", 5),
        ("paging: {type: cursor, size: 10, size_param: limit, next: meta.next}", 5),
        ("paging: {type: link, size: 10, size_param: limit}", 5),
        ("paging: {type: cursor, param: after, size: 10, size_param: limit, last_id: true}", 5),
        ("paging: {type: cursor, param: after, size: 10, size_param: limit, last_id: true, more: meta.more}", 5),
        ("paging: {type: none}, params: {limit: '1000'}", 1),
    ],
)
def test_every_record_once_with_the_fewest_calls(shop: Shop, base: str, read: str, calls: int) -> None:
    fill(shop, 47)
    assert ids(connect(shop, base, described(read)).read("customer")) == [str(n) for n in range(1, 48)]
    assert len(shop.calls) == calls


def test_a_server_that_gives_less_than_asked_for_loses_nothing(shop: Shop, base: str) -> None:
    fill(shop, 100)
    shop.cap = 20
    for read in (OFFSET, PAGE):
        wide = read.replace("size: 10", "size: 50")
        assert len(set(ids(connect(shop, base, described(wide)).read("customer")))) == 100
    shop.show_total = False
    wide = OFFSET.replace("size: 10", "size: 50")
    assert len(set(ids(connect(shop, base, described(wide)).read("customer")))) == 100


def test_pages_are_fetched_side_by_side_and_come_in_order(shop: Shop, base: str) -> None:
    fill(shop, 200)
    inside, most, gate = [0], [0], threading.Lock()

    class Slow(Shop):
        async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
            import asyncio

            inside[0] += 1
            with gate:
                most[0] = max(most[0], inside[0])
            await asyncio.sleep(0.02)
            await shop(scope, receive, send)
            inside[0] -= 1

    with serving(Slow()) as url:
        connector = connect(shop, url, described(OFFSET), concurrency=4)
        assert ids(connector.read("customer")) == [str(n) for n in range(1, 201)]
        connector.close()
    assert most[0] == 4
    assert len(shop.calls) == 20


def test_records_that_vanish_while_reading_hide_no_others(shop: Shop, base: str) -> None:
    fill(shop, 95)
    for read in (OFFSET, PAGE.replace("}", ", total: meta.total}")):
        alive = set(shop.customers)
        reading = connect(shop, base, described(read), concurrency=3).read("customer")
        seen = set(ids([next(reading)]))
        victims = sorted(alive, key=int)[:3]
        for victim in victims:
            shop.drop(victim)
        seen |= set(ids(reading))
        assert seen >= alive - set(victims)


def test_a_page_that_repeats_is_an_error_and_no_endless_walk(shop: Shop, base: str) -> None:
    fill(shop, 45)
    wrong = described("paging: {type: page, param: pagina, size: 10, size_param: per_page}")
    assert failure(connect(shop, base, wrong)).code == "rest.page_loop"
    counted = described("paging: {type: page, param: pagina, size: 10, size_param: per_page, total: meta.total}")
    assert failure(connect(shop, base, counted)).code == "rest.page_loop"
    answer(shop, (200, {}, {"data": [{"id": 1}], "meta": {"next": "same"}}))
    chained = described("paging: {type: cursor, next: meta.next}")
    assert failure(connect(shop, base, chained)).code == "rest.page_loop"


def test_a_full_read_goes_on_where_it_was_broken_off(shop: Shop, base: str) -> None:
    fill(shop, 45)
    for read in (OFFSET, PAGE, "paging: {type: cursor, size: 10, size_param: limit, next: meta.next}"):
        connector = connect(shop, base, described(f"{read}, {SINCE}"), concurrency=1)
        reading = connector.read("customer")
        first, second = next(reading), next(reading)
        shop.calls.clear()
        rest = list(connector.read("customer", second.cursor))
        assert sorted({*ids([first, second]), *ids(rest)}, key=int) == [str(n) for n in range(1, 46)]
        assert len(shop.calls) == 3


# ------------------------------------------------------------------------- changes


def test_an_idle_look_is_one_call_and_brings_nothing(shop: Shop, base: str) -> None:
    fill(shop, 30)
    connector = connect(shop, base, described(f"{OFFSET}, {SINCE}"))
    cursor = list(connector.read("customer"))[-1].cursor
    shop.clock.sleep(3600)
    cursor = list(connector.read("customer", cursor))[-1].cursor  # looks back at what was just written
    for _ in range(3):
        shop.calls.clear()
        pages = list(connector.read("customer", cursor))
        cursor = pages[-1].cursor
        assert len(shop.calls) == 1
    assert ids(pages) == []


@pytest.mark.parametrize("total", [True, False])
def test_many_changes_cost_few_calls(shop: Shop, base: str, total: bool) -> None:
    connector = connect(shop, base, described(f"{OFFSET if total else PAGE}, {SINCE}"))
    fill(shop, 3)
    cursor = list(connector.read("customer"))[-1].cursor
    shop.clock.sleep(3600)
    fill(shop, 95, seconds=2)
    shop.calls.clear()
    assert set(ids(connector.read("customer", cursor))) >= {str(n) for n in range(4, 99)}
    assert len(shop.calls) <= 12


@pytest.mark.parametrize("total", [True, False])
@pytest.mark.parametrize("same_moment", [True, False])
def test_edits_between_pages_hide_no_change(shop: Shop, base: str, total: bool, same_moment: bool) -> None:
    """An edited record moves to the end of a list by change time and pulls all others forward."""
    shop.show_total = total
    connector = connect(shop, base, described(f"{OFFSET if total else PAGE}, {SINCE}"))
    fill(shop, 3)
    cursor = list(connector.read("customer"))[-1].cursor
    shop.clock.sleep(3600)
    fill(shop, 60, seconds=0 if same_moment else 5)
    shop.clock.sleep(1800)  # the next look does not reach back so far
    edited = iter(sorted(shop.customers, key=int)[3:12])

    def meddle(method: str, path: str) -> None:
        victim = next(edited, None)
        if victim and len(shop.calls) > 1:
            shop.clock.sleep(1)
            shop.change(victim, {"note": f"edited {victim}"})

    shop.calls.clear()
    shop.before = meddle
    pages = list(connector.read("customer", cursor))
    assert set(ids(pages)) >= {str(n) for n in range(4, 64)}


def in_this_second(shop: Shop, number: int) -> str:
    """A moment of the second that the answers' Date shows, a microsecond after the one before."""
    return f"{shop.stamp()[:-1]}.{number:06d}Z"


@pytest.mark.parametrize("total", [True, False])
def test_what_was_written_in_this_very_second_is_read_once(shop: Shop, base: str, total: bool) -> None:
    """Our own bulk writes: hundreds of records share a millisecond, and the Date of the answers its second."""
    connector = connect(shop, base, described(f"{OFFSET if total else PAGE}, {SINCE}"))
    fill(shop, 3)
    cursor = list(connector.read("customer"))[-1].cursor
    shop.clock.sleep(3600)
    for n in range(95):
        shop.add(raw(shop.number + 1), at=in_this_second(shop, n))
    shop.calls.clear()
    found = ids(connector.read("customer", cursor))
    assert set(found) >= {str(n) for n in range(4, 99)}
    assert len(found) <= 95 + 3
    assert len(shop.calls) <= 13


@pytest.mark.parametrize("total", [True, False])
def test_edits_of_this_very_second_hide_no_change(shop: Shop, base: str, total: bool) -> None:
    shop.show_total = total
    connector = connect(shop, base, described(f"{OFFSET if total else PAGE}, {SINCE}"))
    fill(shop, 3)
    cursor = list(connector.read("customer"))[-1].cursor
    shop.clock.sleep(3600)
    for n in range(60):
        shop.add(raw(shop.number + 1), at=in_this_second(shop, n))
    edited = iter(sorted(shop.customers, key=int)[3:12])

    def meddle(method: str, path: str) -> None:
        victim = next(edited, None)
        if victim and len(shop.calls) > 2:
            shop.customers[victim] |= {"note": "edited", "updated_at": in_this_second(shop, 100 + len(shop.calls))}

    shop.calls.clear()
    shop.before = meddle
    assert set(ids(connector.read("customer", cursor))) >= {str(n) for n in range(4, 64)}


@pytest.mark.parametrize("total", [True, False])
def test_the_cursor_reaches_into_the_second_that_a_date_cuts_off(shop: Shop, base: str, total: bool) -> None:
    paging = "paging: {type: page, size: 100, size_param: per_page}" if not total else OFFSET
    connector = connect(shop, base, described(f"{paging}, {SINCE}"), lateness=0)
    fill(shop, 3)
    cursor = list(connector.read("customer"))[-1].cursor
    shop.clock.sleep(3600)
    for n in range(30):
        shop.add(raw(shop.number + 1), at=in_this_second(shop, n * 2000))
    cursor = list(connector.read("customer", cursor))[-1].cursor
    assert ids(connector.read("customer", cursor)) == ["33"], "the last one, for others may have its moment"
    shop.add(raw(99), at=in_this_second(shop, 58_000))
    assert ids(connector.read("customer", cursor)) == ["33", "34"]


def test_a_stamp_from_the_future_does_not_carry_the_cursor_away(shop: Shop, base: str) -> None:
    connector = connect(shop, base, described(f"{OFFSET}, {SINCE}"), lateness=0)
    fill(shop, 3)
    cursor = list(connector.read("customer"))[-1].cursor
    shop.clock.sleep(3600)
    shop.add(raw(90), at="2099-01-01T00:00:00Z")
    cursor = list(connector.read("customer", cursor))[-1].cursor
    shop.clock.sleep(5)
    fill(shop, 1)
    assert "5" in ids(connector.read("customer", cursor))


def test_an_empty_look_moves_no_cursor(shop: Shop, base: str) -> None:
    """So that an idle round has nothing to write down."""
    connector = connect(shop, base, described(f"{OFFSET}, {SINCE}"))
    fill(shop, 3)
    cursor = list(connector.read("customer"))[-1].cursor
    shop.clock.sleep(3600)
    cursor = list(connector.read("customer", cursor))[-1].cursor
    shop.clock.sleep(3600)
    assert [page.cursor for page in connector.read("customer", cursor)] == [cursor]
    fill(shop, 1)
    assert ids(connector.read("customer", cursor)) == ["4"]


def test_a_stamp_of_whole_seconds_in_another_zone(shop: Shop, base: str) -> None:
    text = described(f"{OFFSET}, since: {{param: since, format: '%Y-%m-%d %H:%M:%S', zone: Asia/Shanghai}}")
    connector = connect(shop, base, text, lateness=90)
    list(connector.read("customer", '{"at": "2026-01-31T08:00:00Z"}'))
    assert shop.calls[-1][2]["since"] == "2026-01-31 15:58:30"


def test_soft_deletes_are_told_as_gone(shop: Shop, base: str) -> None:
    shop.soft = True
    text = described(f"{OFFSET}, {SINCE}, deleted: {{path: is_deleted, equals: true}}",
                     "    fetch: {url: '/customers/{id}', record: data}")  # fmt: skip
    connector = connect(shop, base, text)
    assert connector.discover()[0].abilities.changes == "cursor+deletes"
    fill(shop, 5)
    cursor = list(connector.read("customer"))[-1].cursor
    shop.drop("3")
    page = list(connector.read("customer", cursor))[-1]
    assert list(page.gone) == ["3"]
    assert "3" not in ids([page])
    assert [r.id for r in connector.fetch("customer", ["2", "3", "4"])] == ["2", "4"]


def test_a_long_list_of_deletions_is_read_to_its_end(shop: Shop, base: str) -> None:
    feed = "deletes: {url: /deleted, params: {since: '{since}'}, records: ids, id: '', paging: {type: offset, size: 4, "
    connector = connect(shop, base, described(f"{OFFSET}, {SINCE}, {feed}size_param: limit, total: total}}}}"))
    fill(shop, 15)
    cursor = list(connector.read("customer"))[-1].cursor
    for number in range(1, 12):
        shop.drop(str(number))
    shop.calls.clear()
    gone = [i for page in connector.read("customer", cursor) for i in page.gone]
    assert sorted(gone, key=int) == [str(n) for n in range(1, 12)]
    assert [path for _, path, _ in shop.calls].count("/deleted") == 3


def test_gone_cursors_are_refused(shop: Shop, base: str) -> None:
    connector = connect(shop, base, described(f"{OFFSET}, {SINCE}"))
    for text in (
        "x",
        "{}",
        '{"at": 3}',
        '{"at": "2026-01-31"}',
        '["2026"]',
        '{"at": "2026-01-31T00:00:00Z", "on": [1]}',
    ):
        with pytest.raises(Unsupported) as caught:
            list(connector.read("customer", text))
        assert caught.value.code == "rest.bad_cursor"


# ------------------------------------------------------------------------- values


def test_numbers_keep_every_digit_both_ways(shop: Shop, base: str) -> None:
    exact = Decimal("12345678901234567890.123456789")
    body = b'{"data": [{"id": 1, "code": 7, "price": %s, "meta": 0}], "meta": {"total": 1}}' % str(exact).encode()
    sent: list[bytes] = []

    def reply(method: str, path: str, got: bytes) -> Reply:
        sent.append(got)
        return 200, {}, body if method == "GET" else {"data": {"id": 1}}

    shop.override = reply
    text = described(OFFSET, "    create: {url: /customers, record: data}")
    connector = connect(shop, base, text)
    record = next(connector.read("customer")).records[0]
    assert record.values == {"code": "7", "price": exact}
    for number in (exact, Decimal("0.1"), Decimal("-3"), Decimal("1E+3"), Decimal("1.10")):
        connector.write("customer", [Write(None, {"price": number})])
        assert Decimal(sent[-1].split(b":")[1].rstrip(b"}").decode()) == number
        assert b'"' not in sent[-1].split(b":")[1]


TYPED = """
url: BASE
zone: Asia/Shanghai
objects:
  customer:
    read: {url: /customers, records: data}
    create: {url: /customers, record: data}
    modified: at
    modified_format: unix
    author: by.name
    version: rev
    organisation: org
    fields:
      born: {type: date, format: "%Y%m%d"}
      met: {type: instant, format: "%d.%m.%Y %H:%M"}
      seen: {type: instant, format: unix_ms}
      plain: {type: instant}
      active: {type: boolean, "yes": "Y", "no": "N"}
      amount: {type: money, as_text: true}
      owner: {type: reference, target: user, path: "owner[0].id", as_number: true}
      odd: {path: '["a.b"].c'}
      tags: {type: lines, lines: {}}
"""


def test_each_type_is_read_and_written_in_the_systems_own_way(shop: Shop, base: str) -> None:
    theirs = {
        "id": "x1",
        "born": "20240229",
        "met": "31.01.2026 08:05",
        "seen": 1769817600123,
        "plain": "2026-01-31T08:00:00",
        "active": "N",
        "amount": "1,234.50",
        "owner": [{"id": 17}],
        "a.b": {"c": "deep"},
        "tags": ["vip", "north"],
        "rev": 5,
        "org": "SH",
        "by": {"name": "wang"},
        "at": 1769817600,
    }
    sent: list[bytes] = []

    def reply(method: str, path: str, got: bytes) -> Reply:
        sent.append(got)
        return 200, {}, {"data": [theirs] if method == "GET" else theirs}

    shop.override = reply
    connector = connect(shop, base, TYPED)
    record = next(connector.read("customer")).records[0]
    assert record == Record(
        "x1",
        {
            "born": date(2024, 2, 29),
            "met": datetime(2026, 1, 31, 0, 5, tzinfo=UTC),
            "seen": datetime(2026, 1, 31, 0, 0, 0, 123000, tzinfo=UTC),
            "plain": datetime(2026, 1, 31, 0, 0, tzinfo=UTC),
            "active": False,
            "amount": Decimal("1234.50"),
            "owner": "17",
            "odd": "deep",
            "tags": [{"value": "vip"}, {"value": "north"}],
        },
        "5",
        datetime(2026, 1, 31, tzinfo=UTC),
        "wang",
        "SH",
    )
    connector.write("customer", [Write(None, record.values)])
    import json

    written = json.loads(sent[-1])
    mine = {n: v for n, v in theirs.items() if n not in ("id", "rev", "org", "by", "at")}
    assert written == {**mine, "amount": "1234.50", "plain": "2026-01-31T00:00:00Z"}


def test_absent_null_and_empty_stay_apart_and_what_does_not_fit_is_handed_on(shop: Shop, base: str) -> None:
    rows = [{"id": 1, "born": None, "met": ""}, {"id": 2, "born": "yesterday", "amount": "n/a", "active": "maybe"}]
    answer(shop, (200, {}, {"data": rows}))
    first, second = next(connect(shop, base, TYPED).read("customer")).records
    assert first.values == {"born": None, "met": None}
    assert second.values == {"born": "yesterday", "amount": "n/a", "active": "maybe"}


def test_fields_that_nobody_listed_are_found_in_a_sample(shop: Shop, base: str) -> None:
    fill(shop, 3)
    connector = connect(shop, base, "url: BASE\nobjects: {customer: {read: {url: /customers, records: data}}}")
    schema = connector.discover()[0]
    kinds = {f.name: f.type for f in schema.fields}
    assert kinds["code"] is FieldType.TEXT
    assert kinds["price"] is FieldType.DECIMAL
    assert kinds["active"] is FieldType.BOOLEAN
    assert kinds["address.city"] is FieldType.TEXT
    lines = schema.field("lines")
    assert lines is not None
    assert {f.name: f.type for f in lines.lines}["qty"] is FieldType.DECIMAL
    values = next(connector.read("customer")).records[0].values
    assert values["address.city"] == "上海"
    assert values["price"] == Decimal("12.5")
    assert set(values) == set(kinds)


# ------------------------------------------------------------------------- writes

WRITES = """
    version: version
    search: {code: code}
    fetch: {url: "/customers/{id}", record: data}
    create: {url: /customers, wrap: customer, extra: {source: hub}, record: data}
    update: {url: "/customers/{id}", record: data, if_match: true}
    delete: {url: "/customers/{id}"}
"""
FULL = WRITES.replace("if_match: true", "if_match: true, method: PUT, shape: full, drop: [updated_at, version]")


def test_a_whole_record_is_read_merged_and_sent_back(shop: Shop, base: str) -> None:
    record = shop.add({"code": "C1", "name": "一", "note": "n", "address": {"city": "上海", "street": "A"}, "extra": 5})
    connector = connect(shop, base, described(OFFSET, FULL))
    done = connector.write("customer", [Write("1", {"city": "北京"})])[0]
    assert isinstance(done, Written)
    assert shop.customers["1"]["address"] == {"city": "北京", "street": "A"}
    assert shop.customers["1"]["extra"] == 5
    assert record["note"] == "n"
    stale = connector.write("customer", [Write("1", {"note": "x"}, version="1")])[0]
    assert isinstance(stale, Stale)
    assert shop.customers["1"]["note"] == "n"


def test_an_edit_between_reading_and_sending_back_is_not_written_over(shop: Shop, base: str) -> None:
    shop.add({"code": "C1", "name": "一", "note": "n"})
    connector = connect(shop, base, described(OFFSET, FULL))

    def meddle(method: str, path: str) -> None:
        if method == "PUT":
            shop.before = lambda m, p: None
            shop.change("1", {"note": "a person's"})

    shop.before = meddle
    assert isinstance(connector.write("customer", [Write("1", {"name": "二"})])[0], Stale)
    assert (shop.customers["1"]["name"], shop.customers["1"]["note"]) == ("一", "a person's")


def test_a_nested_object_that_is_replaced_whole_keeps_its_other_members(shop: Shop, base: str) -> None:
    shop.add({"code": "C1", "name": "一", "address": {"city": "上海", "street": "A"}})
    whole = WRITES.replace("if_match: true", "nested: whole")
    sent: list[bytes] = []

    def watch(method: str, path: str, body: bytes) -> None:
        sent.append(body)

    shop.override = watch  # type: ignore[assignment]
    connect(shop, base, described(OFFSET, whole)).write("customer", [Write("1", {"city": "北京", "note": "x"})])
    assert sent[-1].decode() == '{"address":{"city":"北京","street":"A"},"note":"x"}'


def test_outcomes_of_single_writes(shop: Shop, base: str) -> None:
    shop.add({"code": "C1", "name": "一"})
    connector = connect(shop, base, described(OFFSET, WRITES))
    created, double, unknown, changed, gone, deleted, again = connector.write(
        "customer",
        [
            Write(None, {"code": "C2", "name": "二"}),
            Write(None, {"code": "C2"}),
            Write("1", {"colour": "red"}),
            Write("1", {"name": "壹"}, version="1"),
            Write("99", {"name": "x"}),
            Write("2", None),
            Write("2", None),
        ],
    )
    assert isinstance(created, Written)
    assert created.values is not None
    assert created.values["code"] == "C2"
    assert isinstance(double, Rejected)
    assert double.field == "code"
    assert "code C2 exists" in tell(double)[0]
    assert isinstance(unknown, Unsupported)
    assert isinstance(changed, Written)
    assert changed.version == "2"
    assert isinstance(gone, Missing)
    assert isinstance(deleted, Written)
    assert isinstance(again, Missing)


def test_after_too_many_calls_the_rest_is_not_sent(shop: Shop, base: str) -> None:
    connector = connect(shop, base, described(OFFSET, WRITES))
    shop.before = lambda method, path: setattr(shop, "fault", "429-after") if len(shop.calls) == 2 else None
    outcomes = connector.write("customer", [Write(None, {"code": f"C{n}"}) for n in range(5)])
    assert isinstance(outcomes[0], Written)
    assert all(isinstance(o, Transient) and o.after for o in outcomes[1:])
    assert len(shop.calls) == 2


@pytest.mark.parametrize(
    ("reply", "kind", "code"),
    [
        ((500, {}, {"message": "boom"}), Unanswered, "rest.unanswered"),
        ((504, {}, None), Unanswered, "net.gateway"),
        ((201, {}, b"<html>welcome</html>"), Unanswered, "rest.html"),
        ((201, {}, b'{"data": {"id": 5'), Unanswered, "rest.cut"),
        ((201, {}, {"data": {}}), Unanswered, "rest.no_new_id"),
        ((204, {}, None), Unanswered, "rest.no_new_id"),
        ((503, {}, None), Transient, "net.unavailable"),
        ((423, {}, {}), Transient, "rest.transient"),
        ((400, {}, {"name": ["may not be blank"]}), Rejected, "rest.rejected"),
        ((413, {}, b"too large"), Rejected, "rest.rejected"),
        ((401, {}, {}), Denied, "rest.denied"),
        ((403, {}, {}), Denied, "rest.denied"),
        ((404, {}, {}), Unsupported, "rest.unsupported"),
        ((405, {}, {}), Unsupported, "rest.unsupported"),
        ((302, {"location": "/login"}, b""), Unsupported, "rest.redirected"),
    ],
)
def test_what_each_answer_to_a_create_means(shop: Shop, base: str, reply: Reply, kind: type, code: str) -> None:
    answer(shop, reply)
    outcome = connect(shop, base, described(OFFSET, WRITES)).write("customer", [Write(None, {"code": "C1"})])[0]
    assert isinstance(outcome, kind)
    assert outcome.code == code  # type: ignore[union-attr]
    for language in ("en", "zh"):
        assert all(tell(outcome, language))  # type: ignore[arg-type]


def test_the_id_of_a_create_may_stand_in_its_location(shop: Shop, base: str) -> None:
    answer(shop, (201, {"location": "/customers/a-17?x=1"}, None))
    outcome = connect(shop, base, described(OFFSET, WRITES)).write("customer", [Write(None, {"code": "C1"})])[0]
    assert isinstance(outcome, Written)
    assert outcome.id == "a-17"


def test_a_form_and_an_idempotency_key(shop: Shop, base: str) -> None:
    seen: list[Any] = []
    original = shop.answer

    def listen(method: str, path: str, query: dict[str, str], headers: dict[str, str], body: bytes) -> Reply:
        seen.append((headers, body))
        return 201, {}, {"data": {"id": 1}}

    shop.answer = listen  # type: ignore[method-assign]
    form = "    create: {url: /customers, send: form, idempotency_header: Idempotency-Key, id: data.id}"
    connector = connect(shop, base, described(OFFSET, form))
    connector.write("customer", [Write(None, {"code": "A&B", "price": Decimal("1.50")}, token="mark-1")])
    headers, body = seen[0]
    assert headers["idempotency-key"] == "mark-1"
    assert headers["content-type"] == "application/x-www-form-urlencoded"
    assert body == b"code=A%26B&price=1.50"
    assert original is not None


# ------------------------------------------------------------------------- batches

BULK = """
    search: {code: code}
    create: {url: /customers/bulk, wrap: items, batch: 10, results: results, result_key: index, result_record: record}
"""


def test_a_batch_is_one_call_and_results_find_their_records(shop: Shop, base: str) -> None:
    connector = connect(shop, base, described(OFFSET, BULK))
    writes = [Write(None, {"code": "" if n == 7 else f"C{n}"}) for n in range(25)]
    outcomes = connector.write("customer", writes)
    assert len(shop.calls) == 3
    for n, outcome in enumerate(outcomes):
        if n == 7:
            assert isinstance(outcome, Rejected)
            assert outcome.field == "code"
        else:
            assert isinstance(outcome, Written)
            assert shop.customers[outcome.id]["code"] == f"C{n}"


def _all_or_nothing(shop: Shop, bad: str) -> None:
    def reply(method: str, path: str, body: bytes) -> Reply | None:
        import json

        items = json.loads(body)["items"]
        if any(item["code"] == bad for item in items):
            return 422, {}, {"error": {"code": "BAD", "message": "one of them is bad", "field": "code"}}
        return 200, {}, {"results": [{"id": item["code"]} for item in items]}

    shop.override = reply


def test_a_batch_refused_as_a_whole_is_sent_in_halves(shop: Shop, base: str) -> None:
    _all_or_nothing(shop, "C5")
    bulk = BULK.replace("result_key: index, result_record: record", "result_id: id").replace("batch: 10", "batch: 16")
    outcomes = connect(shop, base, described(OFFSET, bulk)).write(
        "customer", [Write(None, {"code": f"C{n}"}) for n in range(16)]
    )
    assert [isinstance(o, Written) for o in outcomes] == [n != 5 for n in range(16)]
    assert isinstance(outcomes[5], Rejected)
    assert len(shop.calls) <= 9


def test_a_batch_that_may_be_half_written_is_unknown(shop: Shop, base: str) -> None:
    _all_or_nothing(shop, "C5")
    bulk = BULK.replace("result_key: index, result_record: record", "result_id: id, atomic: false")
    outcomes = connect(shop, base, described(OFFSET, bulk)).write(
        "customer", [Write(None, {"code": f"C{n}"}) for n in range(8)]
    )
    assert all(isinstance(o, Unanswered) for o in outcomes)


def test_results_that_do_not_add_up_are_unknown(shop: Shop, base: str) -> None:
    bulk = BULK.replace("result_key: index, result_record: record", "result_id: id")
    connector = connect(shop, base, described(OFFSET, bulk))
    writes = [Write(None, {"code": f"C{n}"}) for n in range(3)]
    for results, code in (([{"id": 1}], "rest.results_differ"), (None, "rest.results_differ")):
        answer(shop, (200, {}, {"results": results}))
        assert {o.code for o in connector.write("customer", writes)} == {code}  # type: ignore[union-attr]
    keyed = connect(shop, base, described(OFFSET, BULK))
    answer(shop, (200, {}, {"results": [{"index": 2, "record": {"id": 9}}]}))
    outcomes = keyed.write("customer", writes)
    assert [type(o) for o in outcomes] == [Unanswered, Unanswered, Written]


def test_an_upsert_without_results_knows_its_ids(shop: Shop, base: str) -> None:
    answer(shop, (200, {}, {"ok": 2}))
    text = """
url: BASE
objects:
  customer:
    id: customerCode
    key: [customerCode]
    upsert: true
    fields: {customerCode: {}, name: {}}
    read: {url: /customers}
    create: {url: /customers, batch: 100}
"""
    connector = connect(shop, base, text)
    assert connector.discover()[0].abilities.create == "upsert"
    outcomes = connector.write("customer", [Write(None, {"customerCode": f"C{n}", "name": "x"}) for n in range(2)])
    assert outcomes == [Written("C0"), Written("C1")]


# ------------------------------------------------------------------------- search, fetch, steps


def test_search_trusts_no_filter(shop: Shop, base: str) -> None:
    fill(shop, 30)
    connector = connect(shop, base, described(OFFSET, "    search: {code: colour}"))  # the API ignores it
    assert [r.id for r in connector.search("customer", {"code": "P00017"})] == ["17"]
    assert connector.search("customer", {"code": "nobody"}) == []


def test_fetch_of_several_in_one_call(shop: Shop, base: str) -> None:
    rows = [{"id": n, "code": f"C{n}"} for n in (1, 2, 5)]
    answer(shop, (200, {}, {"data": rows}))
    text = described(OFFSET, "    fetch: {url: /customers, params: {ids: '{ids}'}, record: data, most: 2}")
    assert {r.id for r in connect(shop, base, text).fetch("customer", ["1", "2", "3"])} == {"1", "2"}
    assert [query["ids"] for _, _, query in shop.calls] == ["1,2", "3"]


def test_ids_cannot_leave_their_place_in_a_url(shop: Shop, base: str) -> None:
    fill(shop, 1)
    connector = connect(shop, base, described(OFFSET, WRITES))
    assert list(connector.fetch("customer", ["../deleted?since=2020", "a/b", "1"])) != []
    assert all(path.startswith("/customers/") for _, path, _ in shop.calls)


def test_steps(shop: Shop, base: str) -> None:
    fill(shop, 1)
    steps = """
    state: note
    actions:
      submit: {url: "/customers/{id}/submit", states: [draft], record: data, body: {reason: "{why}", by: "{who}"}}
"""
    connector = connect(shop, base, described(OFFSET, steps))
    sent: list[bytes] = []
    shop.override = lambda method, path, body: sent.append(body)  # type: ignore[func-returns-value]
    assert connector.call("customer", "submit", "1", {"why": "检查", "who": None}).id == "1"
    assert sent[-1].decode() == '{"reason":"检查"}'
    with pytest.raises(Rejected):
        connector.call("customer", "submit", "1", {})
    with pytest.raises(Missing):
        connector.call("customer", "submit", "77", {})
    with pytest.raises(Unsupported):
        connector.call("customer", "dance", "1", {})


# ------------------------------------------------------------------------- errors


@pytest.mark.parametrize(
    ("reply", "kind", "code"),
    [
        ((200, {"content-type": "text/html"}, b"<!doctype html><title>Wartung</title>"), Transient, "rest.html"),
        ((200, {}, b'{"data": [{"id": 1}, {"id"'), Transient, "rest.cut"),
        ((200, {}, b"[" * 100_000), Transient, "rest.not_json"),
        ((200, {}, b"id;name\n1;x"), Transient, "rest.not_json"),
        ((200, {}, b"\xff\xfe\x00"), Transient, "rest.not_json"),
        ((200, {}, b""), Unsupported, "rest.no_records"),
        ((200, {}, b'{"data": [{"id": 1, "price": NaN}]}'), Transient, "rest.number"),
        ((200, {}, b'{"data": [{"id": 1, "price": 1e999999999}]}'), Transient, "rest.number"),
        ((200, {}, b'{"data": [{"id": ' + b"9" * 5000 + b"}]}"), Transient, "rest.number"),
        ((200, {}, b'{"data": [{"id": 1, "name": "\\ud800"}]}'), Transient, "rest.not_json"),
        ((200, {}, {"rows": []}), Unsupported, "rest.no_records"),
        ((200, {}, {"data": {"a": 1}}), Unsupported, "rest.no_records"),
        ((200, {}, {"data": [{"name": "no id"}]}), Unsupported, "rest.no_id_at"),
        ((400, {}, {"message": "unknown parameter"}), Unsupported, "rest.bad_request"),
        ((404, {}, b"<html>not here</html>"), Unsupported, "rest.unsupported"),
        ((500, {}, b"<html>oops</html>"), Transient, "rest.transient"),
        ((301, {"location": "https://new.example/customers"}, b""), Unsupported, "rest.redirected"),
    ],
)
def test_what_each_answer_to_a_read_means(shop: Shop, base: str, reply: Reply, kind: type, code: str) -> None:
    answer(shop, reply)
    error = failure(connect(shop, base, described(OFFSET)))
    assert isinstance(error, kind)
    assert error.code == code


def test_html_at_the_first_try_is_a_wrong_address(shop: Shop, base: str) -> None:
    answer(shop, (200, {"content-type": "text/html"}, b"<html>Welcome</html>"))
    text = described(OFFSET, top="check: {url: /me}")
    with pytest.raises(Unsupported) as caught:
        connect(shop, base, text).check()
    assert caught.value.code == "rest.html"


def test_deep_but_finite_nesting_and_other_encodings_are_read(shop: Shop, base: str) -> None:
    deep = '{"data": [{"id": 1, "name": "合符", "x": ' + "[" * 50 + "]" * 50 + "}]}"
    connector = connect(shop, base, described(OFFSET))
    answer(shop, (200, {"content-type": "application/json; charset=GB18030"}, deep.encode("gb18030")))
    assert next(connector.read("customer")).records[0].values["name"] == "合符"
    answer(shop, (200, {}, b"\xef\xbb\xbf" + deep.encode()))
    assert next(connector.read("customer")).records[0].values["name"] == "合符"


SHAPE = """
errors:
  failed: [{path: success, equals: false}]
  code: [errcode]
  message: [errmsg]
  codes: {"40001": expired, "45009": transient, "61451": rejected, "E404": missing, "OLD": stale, "0": ok}
  statuses: {422: stale}
  retry_after: X-Reset
"""


@pytest.mark.parametrize(
    ("reply", "kind"),
    [
        ((200, {}, {"success": False, "errcode": 61451, "errmsg": "bad"}), Rejected),
        ((200, {}, {"success": False, "errmsg": "who knows"}), Rejected),
        ((200, {}, {"errcode": 40001, "errmsg": "token expired"}), Denied),
        ((200, {"x-reset": "17"}, {"errcode": 45009, "errmsg": "slow down"}), Transient),
        ((200, {}, {"success": False, "errcode": "E404"}), Missing),
        ((400, {}, {"errcode": "OLD"}), Stale),
        ((422, {}, {}), Stale),
        ((200, {}, {"success": True, "errcode": 0, "data": {"id": 1}}), Written),
        ((500, {}, {"errcode": 0, "data": {"id": 1}}), Written),
    ],
)
def test_an_error_in_a_good_answer(shop: Shop, base: str, reply: Reply, kind: type) -> None:
    answer(shop, reply)
    connector = connect(shop, base, described(OFFSET, WRITES, top=SHAPE))
    outcome = connector.write("customer", [Write("1", {"name": "x"})])[0]
    assert isinstance(outcome, kind)
    if isinstance(outcome, Transient):
        assert outcome.after == 17


@pytest.mark.parametrize(
    ("body", "message", "field"),
    [
        ({"error": {"message": "no", "field": "code"}}, "no", "code"),
        ({"errors": [{"field": "code", "message": "no"}]}, "no", "code"),
        ({"errors": {"code": ["may not be blank"]}}, '{"code":["may not be blank"]}', "code"),
        ({"detail": [{"loc": ["body", "code"], "msg": "no"}]}, '[{"loc":["body","code"],"msg":"no"}]', None),
        ({"error": "invalid"}, "invalid", None),
        ({"message": "no " * 200}, ("no " * 200)[:300].strip(), None),
        ("just text", "just text", None),
    ],
)
def test_common_error_shapes_are_understood_undescribed(
    shop: Shop, base: str, body: Any, message: str, field: str | None
) -> None:
    answer(shop, (422, {}, body))
    outcome = connect(shop, base, described(OFFSET, WRITES)).write("customer", [Write(None, {"code": "x"})])[0]
    assert isinstance(outcome, Rejected)
    assert str(outcome.facts["message"]).strip() == message
    assert outcome.field == field


def test_every_code_that_the_connector_raises_has_words() -> None:
    import re
    from pathlib import Path

    import hefu.connectors

    folder = Path(hefu.connectors.__path__[0])
    source = "".join(f.read_text() for f in [*folder.glob("_rest_*.py"), folder / "rest.py"])
    codes = set(re.findall(r'"(rest\.[a-z_]+)"', source))
    verdicts = {
        f"rest.{v}" for v in ("rejected", "transient", "denied", "stale", "missing", "unsupported", "unanswered")
    }
    assert codes | verdicts <= set(ERRORS)
    assert {c for c in ERRORS if c.startswith("rest.")} <= codes | verdicts


# ------------------------------------------------------------------------- the description


@pytest.mark.parametrize(
    "wrong",
    [
        "url: BASE\nobjects: {customer: {read: {url: /x}, colour: red}}",
        "url: BASE\nobjects: {customer: {}}",
        "objects: {}",
        "url: BASE\nauth: {type: magic}\nobjects: {}",
        "url: BASE\nobjects: {customer: {read: {url: /x, paging: {type: page, size: 0}}}}",
    ],
)
def test_a_wrong_description_is_refused(shop: Shop, base: str, wrong: str) -> None:
    with pytest.raises(ValueError):
        connect(shop, base, wrong)


def test_a_wrong_path_is_refused_when_it_is_opened(shop: Shop, base: str) -> None:
    with pytest.raises(Unsupported) as caught:
        connect(shop, base, described(OFFSET).replace("address.city", "address..city"))
    assert caught.value.code == "rest.bad_path"


def test_every_word_is_explained_in_both_languages() -> None:
    from pydantic import BaseModel

    from hefu.connectors import _rest_settings

    models = [m for m in vars(_rest_settings).values() if isinstance(m, type) and issubclass(m, BaseModel)]
    assert len(models) > 15
    for model in models:
        for name, setting in model.model_fields.items():
            extra = setting.json_schema_extra
            assert setting.description, (model, name)
            assert isinstance(extra, dict), (model, name)
            assert extra.get("zh"), (model, name)


# ------------------------------------------------------------------------- the YAML alone

ALONE = """
url: BASE
auth: {type: bearer, token: hush}
objects:
  customer:
    key: [code]
    read: {url: /customers, records: data, paging: {type: link, size_param: limit}}
    search: {code: code}
    fetch: {url: "/customers/{id}", record: data}
    create: {url: /customers, record: data}
    update: {url: "/customers/{id}", record: data}
    delete: {url: "/customers/{id}"}
"""


def test_these_lines_of_yaml_connect_an_unknown_api(shop: Shop, base: str) -> None:
    shop.auth = "bearer"
    fill(shop, 250)
    connector = connect(shop, base, ALONE)
    connector.check()
    assert len({*ids(connector.read("customer"))}) == 250
    made = connector.write("customer", [Write(None, {"code": "N1", "name": "新客户", "address.city": "广州"})])[0]
    assert isinstance(made, Written)
    assert shop.customers[made.id]["address"] == {"city": "广州"}
    connector.write("customer", [Write(made.id, {"address.city": "深圳"})])
    found = connector.search("customer", {"code": "N1"})
    assert [(r.id, r.values["address.city"]) for r in found] == [(made.id, "深圳")]
    connector.write("customer", [Write(made.id, None)])
    assert connector.fetch("customer", [made.id]) == []
