"""A system without any API, worked on by a real headless Chromium: read, write, confirm, stop where it changed."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from legacy_erp import LegacyErp
from pydantic import ValidationError

from hefu.core.connector import Answer, Site
from hefu.core.errors import Denied, HubError, Missing, Rejected, Stale, Transient, Unanswered, Unsupported
from hefu.core.records import Record, Write, Written
from hefu.core.words import tell
from hefu.sim.conformance import Conformance, Rig
from loopback import serving

playwright = pytest.importorskip("playwright", reason="pip install hefu[rpa]")
CHROMIUM = "/usr/bin/chromium"
if not Path(CHROMIUM).exists() and not os.environ.get("HEFU_CI"):
    pytest.skip("install Chromium: apt-get install chromium", allow_module_level=True)

from hefu.connectors.rpa import CONNECTOR, Rpa, RpaSettings  # noqa: E402 - wants playwright

NOW = datetime(2026, 1, 31, 8, tzinfo=UTC)
SCRIPT: dict[str, Any] = {
    "login": {
        "open": "/", "user": "hub", "password": "pass-1", "user_input": "input[name=user]",
        "password_input": "input[name=pwd]", "submit": "#go", "inside": "#menu",
    },
    "seconds": 10,
    "objects": {
        "customer": {
            "label": "客户",
            "key": ["code"],
            "grid": {
                "steps": [{"open": "/customers"}],
                "table": "#grid",
                "headers": ["", "编号", "名称", "信用额度", "建档日期", "重要"],
                "next": "#next",
                "find": [{"fill": "#q", "text": "{code}"}, {"click": "#find"}, {"wait": "#grid"}],
            },
            "form": {
                "edit": [{"open": "/edit?code={code}"}], "new": [{"open": "/edit"}],
                "save": "#save", "done": "p.ok", "refused": "p.bad:not(:empty)",
            },
            "fields": {
                "code": {"type": "code", "header": "编号", "input": "input[name=code]", "input_label": "编号"},
                "name": {"header": "名称", "input": "input[name=name]", "input_label": "名称", "required": True,
                         "length": 40},
                "limit": {"type": "money", "header": "信用额度", "input": "input[name=limit]",
                          "input_label": "信用额度"},
                "day": {"type": "date", "header": "建档日期", "input": "input[name=day]", "input_label": "建档日期"},
                "vip": {"type": "boolean", "header": "重要", "input": "input[name=vip]", "input_label": "重要"},
                "level": {"input": "select[name=level]", "input_label": "等级"},
                "note": {"input": "textarea[name=note]", "input_label": "备注"},
            },
        }
    },
}  # fmt: skip


class NoNet:
    """The browser is the way out."""

    def send(self, *_: object, **__: object) -> Answer:
        raise AssertionError("the robot made a call of its own")


@pytest.fixture(scope="module")
def served() -> Iterator[tuple[LegacyErp, str]]:
    erp = LegacyErp()
    with serving(erp.app) as url:
        yield erp, url


@pytest.fixture
def erp(served: tuple[LegacyErp, str]) -> LegacyErp:
    erp = served[0]
    erp.rows.clear()
    erp.manner, erp.saves, erp.password = "plain", 0, "pass-1"
    erp.slow.clear()
    return erp


def settings(url: str, **more: Any) -> RpaSettings:
    return RpaSettings.model_validate({**SCRIPT, "url": url, **more})


@pytest.fixture(scope="module")
def hand(served: tuple[LegacyErp, str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rpa]:
    """One browser for all: to start one takes a second."""
    site = Site(NoNet(), lambda: NOW, lambda _: None, "old", str(tmp_path_factory.mktemp("project")))
    made = CONNECTOR(settings(served[1]), site)
    yield made
    made.close()


def with_other_words(hand: Rpa, **customer: Any) -> Rpa:
    """The same system recorded in another way, at the same browser."""
    known = SCRIPT["objects"]["customer"]
    made = CONNECTOR(settings(hand.settings.url, objects={"customer": {**known, **customer}}), hand.site)
    made.browser.close()
    made.browser = hand.browser
    return made


def plain(n: int) -> dict[str, Any]:
    return {
        "code": f"K{n:04}", "name": f"公司{n}", "limit": Decimal(n), "day": date(2026, 1, 1 + n % 28),
        "vip": n % 2 == 0, "level": "普通", "note": None,
    }  # fmt: skip


@pytest.fixture(scope="module")
def quick(hand: Rpa) -> Rpa:
    """Fewer pages to open: a search by address, and no field that only the form shows."""
    known = SCRIPT["objects"]["customer"]
    fields = {name: field for name, field in known["fields"].items() if "header" in field}
    return with_other_words(hand, grid={**known["grid"], "find": [{"open": "/customers?q={code}"}]}, fields=fields)


class TestRpaConformance(Conformance):
    @pytest.fixture
    def rig(self, quick: Rpa, erp: LegacyErp) -> Rig:
        def edit(record_id: str, values: Any) -> None:
            erp.rows[record_id].update(values)

        def burst(count: int) -> list[str]:
            made = [f"Z{len(erp.rows) + n:04}" for n in range(count)]
            for n, code in enumerate(made):
                erp.put(code, name=f"公司{n}", limit="1.00", day="2026-01-01", level="普通")
            return made

        def sample(n: int) -> dict[str, Any]:
            return {name: value for name, value in plain(n).items() if name not in ("level", "note")}

        def shown(values: Any) -> dict[str, Any]:
            """A list of a page shows one blank for many."""
            return {n: " ".join(v.split()) if isinstance(v, str) else v for n, v in values.items()}

        return Rig(quick, "customer", sample, {"name": "改了"}, edit, burst=burst, large=30, stored=shown)


def read(hand: Rpa) -> dict[str, Record]:
    return {r.id: r for page in hand.read("customer") for r in page.records}


@contextmanager
def hasty(hand: Rpa, seconds: float, after: Callable[[Any], bool]) -> Iterator[None]:
    """From a request that is `after` on, each step has so many seconds; all before it has its usual time."""
    limit = hand.settings.seconds * 1000

    def asked(page: Any, request: Any) -> None:
        if after(request):
            page.set_default_timeout(seconds * 1000)

    def begin(page: Any) -> Any:
        heard = partial(asked, page)
        page.on("request", heard)
        return heard

    def end(page: Any) -> None:
        page.remove_listener("request", heard)
        page.set_default_timeout(limit)

    heard = hand.browser.run(begin)
    try:
        yield
    finally:
        hand.browser.run(end)


def sent(request: Any) -> bool:
    return bool(request.method == "POST")


def test_every_page_is_read_with_what_only_the_form_shows(hand: Rpa, erp: LegacyErp) -> None:
    for n in range(11):  # the last page of three is not full
        erp.put(
            f"K{n:02}", name=f"示例（{n}）", limit=f"{n}234.50", day="2026-03-02", level="重点", note="一\n二", vip=True
        )
    found = read(hand)
    assert sorted(found) == sorted(erp.rows)
    assert found["K07"].values == {
        "code": "K07", "name": "示例（7）", "limit": Decimal("7234.50"), "day": date(2026, 3, 2), "vip": True,
        "level": "重点", "note": "一\n二",
    }  # fmt: skip
    erp.manner = "ajax"
    assert sorted(read(hand)) == sorted(erp.rows)


def test_a_record_is_made_changed_and_confirmed_by_reading_again(hand: Rpa, erp: LegacyErp) -> None:
    (made,) = hand.write("customer", [Write(None, {**plain(7), "name": "  华东<b>机械  ", "limit": Decimal("1234.5")})])
    assert isinstance(made, Written), made
    assert (made.id, made.values["name"], made.values["limit"]) == ("K0007", "华东<b>机械", Decimal("1234.50"))  # type: ignore[index]
    (done,) = hand.write("customer", [Write("K0007", {"name": "新名", "vip": True}, expect={"name": "华东<b>机械"})])
    assert isinstance(done, Written)
    assert erp.rows["K0007"]["name"] == "新名"
    assert erp.rows["K0007"]["limit"] == "1234.50", "what was not asked for stays"
    assert erp.saves == 2


def test_what_the_page_refuses_is_said_in_its_words(hand: Rpa, erp: LegacyErp) -> None:
    erp.put("K1", name="一")
    again, blank, gone, stale = hand.write(
        "customer",
        [Write(None, {"code": "K1", "name": "又"}), Write("K1", {"name": " "}), Write("K9", {"name": "x"}),
         Write("K1", {"name": "x"}, expect={"name": "别的"})],
    )  # fmt: skip
    assert isinstance(again, Rejected)
    assert isinstance(blank, Rejected)
    assert "名称不能为空" in tell(blank, "zh")[0]
    assert isinstance(gone, Missing)
    assert isinstance(stale, Stale)
    (option,) = hand.write("customer", [Write("K1", {"level": "金牌"})])
    assert isinstance(option, Rejected)
    assert "重点, 普通" in tell(option)[0]
    assert erp.saves == 0


def test_a_system_that_answers_with_alerts(hand: Rpa, erp: LegacyErp) -> None:
    erp.manner = "alert"
    erp.put("K1", name="一")
    form = {n: v for n, v in SCRIPT["objects"]["customer"]["form"].items() if n not in ("done", "refused")}
    told = with_other_words(hand, form={**form, "done_dialog": "操作成功"})
    done, bad = told.write("customer", [Write("K1", {"name": "二"}), Write("K1", {"name": ""})])
    assert isinstance(done, Written)
    assert isinstance(bad, Rejected)
    assert "名称不能为空" in str(bad)


@pytest.mark.parametrize("manner", ["moved", "relabelled"])
def test_a_page_that_changed_stops_the_work_before_anything_is_done(hand: Rpa, erp: LegacyErp, manner: str) -> None:
    erp.put("K1", name="一")
    hand.check()
    erp.manner = manner
    for work in (hand.check, lambda: read(hand), lambda: hand.write("customer", [Write("K1", {"name": "二"})])):
        with pytest.raises(Unsupported) as caught:
            work()
        assert caught.value.code == "rpa.changed"
    assert ("简称" if manner == "moved" else "客户全称") in tell(caught.value, "zh")[0]
    picture = Path(str(caught.value.facts["screenshot"]))
    assert picture.read_bytes().startswith(b"\x89PNG")
    assert (erp.saves, erp.rows["K1"]["name"]) == (0, "一")


def test_a_save_without_an_answer_is_unknown_and_happened_once(hand: Rpa, erp: LegacyErp) -> None:
    erp.manner = "silent"
    with hasty(hand, 0.5, sent):
        (told,) = hand.write("customer", [Write(None, {"code": "K1", "name": "一"})])
    assert isinstance(told, Unanswered)
    assert erp.saves == 1
    erp.manner = "plain"
    assert [r.id for r in hand.search("customer", {"code": "K1"})] == ["K1"], "the engine finds it and does not repeat"
    erp.slow.append(3)
    with hasty(hand, 1.5, lambda request: "/edit" in request.url):  # the press of the button waits for the answer
        (told,) = hand.write("customer", [Write("K1", {"name": "二"})])
    assert isinstance(told, Unanswered)


def test_an_ended_session_is_begun_again(hand: Rpa, erp: LegacyErp) -> None:
    erp.put("K1", name="一")
    assert list(read(hand)) == ["K1"]
    erp.sessions.clear()
    (done,) = hand.write("customer", [Write("K1", {"name": "二"})])
    assert isinstance(done, Written)
    erp.sessions.clear()
    erp.password = "changed"
    with hasty(hand, 0.5, sent), pytest.raises(Denied):
        read(hand)


def test_the_page_reaches_no_other_host(hand: Rpa, erp: LegacyErp) -> None:
    erp.put("K1", name="一")
    asked: list[str] = []
    hand.browser.run(lambda page: page.on("requestfailed", lambda r: asked.append(r.url)))
    read(hand)
    assert "http://tracker.example.com/t.js" in asked


def test_a_system_that_is_down_is_tried_later(tmp_path: Path) -> None:
    hand = CONNECTOR(settings("http://127.0.0.1:9"), Site(NoNet(), lambda: NOW, lambda _: None, "old", str(tmp_path)))
    try:
        with pytest.raises(Transient) as caught:
            hand.check()
        assert caught.value.code == "rpa.unreachable"
    finally:
        hand.close()


def test_no_browser_is_said(tmp_path: Path) -> None:
    words = settings("http://127.0.0.1:9", chromium="/no/such/browser")
    hand = CONNECTOR(words, Site(NoNet(), lambda: NOW, lambda _: None, "old", str(tmp_path)))
    with pytest.raises(HubError) as caught:
        hand.check()
    assert caught.value.code == "rpa.no_browser"
    hand.close()


def customer(**more: Any) -> dict[str, Any]:
    return {"objects": {"customer": {**SCRIPT["objects"]["customer"], **more}}}


WRONG = [
    customer(key=["level"]),
    customer(form={"save": "#save"}),
    customer(form=None),
    customer(fields={"code": {"header": "号码"}}),
    customer(fields={"code": {}}),
    customer(grid={**SCRIPT["objects"]["customer"]["grid"], "steps": [{"open": "/", "click": "a"}]}),
]


@pytest.mark.parametrize("words", WRONG)
def test_a_script_that_cannot_work_is_refused(words: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        settings("http://127.0.0.1:9", **words)
