"""A reconciliation for people: one headline number, then what was compared, what differs and the money, as tables.

The tables are made once and drawn three times: as a page (HTML), a workbook (Excel) and on paper (PDF).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from hefu.core.reconcile import EXPLAINED, Difference, Kind, Outcome, Section
from hefu.core.words.reconcile import KINDS, MEASURES, WHY

ON_PAGE, ON_PAPER = 2000, 500
"""Differences shown in full on a page and on paper; the workbook has all that were kept."""


@dataclass(frozen=True)
class Sheet:
    """One table: a title, the columns' names, and rows of text, whole numbers and exact decimals."""

    title: str
    columns: Sequence[str]
    rows: Sequence[Sequence[Any]]
    note: str = ""
    longest: int = 200
    """Characters of a cell; longer texts are cut."""


@dataclass(frozen=True)
class Report:
    """What all three forms show."""

    language: str
    title: str
    number: int
    headline: str
    facts: Sequence[tuple[str, str]]
    sheets: Sequence[Sheet]
    plain: bool = False
    """The number only counts: it is neither good nor bad."""


class _Words:
    """Texts in one language; written as "English/中文"."""

    def __init__(self, language: str) -> None:
        self.zh = language == "zh"

    def t(self, both: str) -> str:
        en, _, zh = both.partition("/")
        return zh if self.zh else en

    def all(self, *both: str) -> list[str]:
        return [self.t(b) for b in both]

    def of(self, pair: tuple[str, str]) -> str:
        return pair[1] if self.zh else pair[0]


def make(outcome: Outcome, facts: Mapping[str, str], language: str) -> Report:
    """The report of an outcome. `facts`: more lines for its head, such as the hub's id and the end of its journal."""
    w, number = _Words(language), outcome.unexplained
    headline = w.t(f"{number:,} unexplained differences/{number:,} 项差异无法解释")
    if number == 0:
        headline = w.t("Both books agree: no difference without an explanation./账账相符：没有无法解释的差异。")
    known = {
        "scope": "Scope/范围",
        "began_at": "Begun/开始",
        "ended_at": "Ended/结束",
        "project_version": "Project version/项目版本",
        "run_id": "Run/运行编号",
    }
    head = [(w.t(label), str(outcome.facts[name])) for name, label in known.items() if name in outcome.facts]
    head += list(facts.items())
    sheets = [_compared(outcome, w), _classes(outcome, w), _differences(outcome, w), *_money(outcome, w)]
    return Report(language, w.t("Reconciliation/对账报告"), number, headline, head, sheets)


def _compared(outcome: Outcome, w: _Words) -> Sheet:
    columns = w.all(
        "object/对象",
        "left/左侧",
        "right/右侧",
        "how/方式",
        "left records/左侧记录",
        "right records/右侧记录",
        "pairs/配对",
        "equal/一致",
        "differing/不一致",
        "unexplained/无法解释",
    )
    hows = {
        "join": "one statement/单条语句",
        "walk": "ordered rows/有序比对",
        "read": "every record/逐条",
        "sample": "sample/抽样",
    }
    counted = ("left", "right", "pairs", "equal", "differing")
    rows = [
        (
            s.entity,
            s.left_connection,
            s.right_connection,
            w.t(hows.get(s.how, s.how)),
            *(s.counts.get(n, 0) for n in counted),
            s.unexplained,
        )
        for s in outcome.sections
    ]
    return Sheet(w.t("What was compared/比对范围"), columns, rows)


def _classes(outcome: Outcome, w: _Words) -> Sheet:
    def name(s: Section) -> str:
        alone = sum(x.entity == s.entity for x in outcome.sections) == 1
        return s.entity if alone else f"{s.entity} {s.left_connection}/{s.right_connection}"

    columns = [w.t("class/类别"), w.t("headline/总数"), *map(name, outcome.sections)]
    rows = [
        (
            w.of(KINDS[kind]),
            w.t("explained/已解释" if kind in EXPLAINED else "counts/计入"),
            *(s.classes.get(kind, 0) for s in outcome.sections),
        )
        for kind in Kind
    ]
    return Sheet(w.t("Differences by class/差异分类"), columns, rows)


def _differences(outcome: Outcome, w: _Words) -> Sheet:
    columns = w.all(
        "class/类别",
        "object/对象",
        "record/记录",
        "left id/左侧标识",
        "right id/右侧标识",
        "field/字段",
        "left value/左侧值",
        "right value/右侧值",
        "why/原因",
        "proposed repair/建议修复",
    )
    found = sorted(outcome.found, key=lambda d: (d.kind in EXPLAINED, d.entity, d.kind.value, d.title, d.field))
    rows = [
        (
            w.of(KINDS[d.kind]),
            d.entity,
            d.title,
            d.left_id,
            d.right_id,
            d.field or w.t("(whole record)/（整条）"),
            shown(d.left),
            shown(d.right),
            w.of(WHY.get(d.why, (d.why, d.why))),
            _repair(d, w),
        )
        for d in found
    ]
    total = sum(sum(s.classes.values()) for s in outcome.sections)
    note = w.t(f"{len(rows):,} of {total:,} differences/{total:,} 项差异中的 {len(rows):,} 项")
    return Sheet(w.t("Differences/差异明细"), columns, rows, note)


def _repair(d: Difference, w: _Words) -> str:
    if d.repair is None:
        return w.t("none needed/无需" if d.kind in EXPLAINED else "a person decides/由人决定")
    place = d.repair.connection
    if not place:  # of a reconciliation that was kept: that it can be repaired is known, and by what a plan says
        return w.t("by a plan/可由计划修复")
    if d.repair.record_id is None:
        return f"{w.t('create in/新建于')} {place}"
    return f"{place}: {shown(d.repair.before)} → {shown(d.repair.after)}"


def _money(outcome: Outcome, w: _Words) -> list[Sheet]:
    totals, broken = outcome.facts.get("totals", ()), outcome.facts.get("open_identity", ())
    customers = outcome.facts.get("customers", {})
    if not totals:
        return []
    columns = w.all(
        "left/左侧",
        "right/右侧",
        "currency/币种",
        "measure/指标",
        "left sum/左侧合计",
        "right sum/右侧合计",
        "difference/差额",
        "disagreeing balances/不符的余额数",
    )
    rows: list[tuple[Any, ...]] = []
    for x in totals:
        sums = (x["left_sum"], x["right_sum"])
        measure = w.of(MEASURES[x["measure"]])
        rows.append((x["left"], x["right"], x["currency"] or "–", measure, *sums, _less(*sums), x["disagreeing"]))
    sheets = [Sheet(w.t("Money in all/金额合计"), columns, rows)]
    who = ("customer/客户", "currency/币种")
    if outcome.balances:
        columns = w.all(*who, "period/期间", "measure/指标", "left/左侧", "right/右侧", "difference/差额")
        rows = []
        for b in outcome.balances:
            name = customers.get(b.customer, b.customer) or "–"
            sums = (b.left, b.right)
            measure = w.of(MEASURES[b.measure])
            rows.append((name, b.currency or "–", b.period or "–", measure, *sums, _less(*sums)))
        sheets.append(Sheet(w.t("Balances that disagree/不符的余额"), columns, rows))
    if broken:
        stated = ("invoiced - collected/开票 − 收款", "open as stated/单据未收金额", "difference/差额")
        columns = w.all("system/系统", *who, *stated)
        rows = []
        for x in broken:
            name, sums = customers.get(x["customer"], x["customer"]) or "–", (x["left"], x["right"])
            rows.append((x["connection"], name, x["currency"] or "–", *sums, _less(*sums)))
        sheets.append(Sheet(w.t("Open amounts that do not add up/未收金额勾稽不符"), columns, rows))
    return sheets


def _less(left: Decimal | None, right: Decimal | None) -> Decimal | None:
    return None if left is None or right is None else left - right


def shown(value: object, longest: int = 200) -> str:
    """A value as a person reads it; long ones are cut."""
    if value is None:
        return ""
    if isinstance(value, int | Decimal) and not isinstance(value, bool):
        return f"{value:,}"
    if isinstance(value, dict):
        value = ", ".join(f"{k}={v}" for k, v in value.items())
    text = str(value)
    return text if len(text) <= longest else f"{text[: longest - 1]}…"


__all__ = ["ON_PAGE", "ON_PAPER", "Report", "Sheet", "make", "shown"]
