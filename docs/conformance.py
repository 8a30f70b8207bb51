"""Makes `docs/connectors.md` out of `hefu/app/proven.json`: what each connector is proven to do, and against what.

The figures come from a run (`make conformance`); how a system was met is declared by each test, in its rig.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from docs.models import cell, t
from hefu.app.proven import AGAINST, MEANS, results
from hefu.sim.conformance import CHECKS

REAL_ONLY = {"bottlecrm": "tests/real/test_real_bottlecrm.py", "tryton": "tests/real/test_real_tryton.py"}
"""Connector -> its suite, where nothing but the real system answers; its results come with `make real`'s systems."""
ABILITIES = tuple(dict.fromkeys(check.ability for check in CHECKS.values()))


def proven(language: str) -> str:
    """The whole page."""
    told = results()
    suites, judges = told["suites"], told["judges"]
    lines = [t(language, "# What each connector is proven to do", "# 各连接器的验证结果"), ""]
    lines += [
        t(
            language,
            "Every connector passes one suite of checks, chosen by the abilities that it declares. A cell shows how "
            "many checks of an ability passed, of how many that were tried; – means that the connector does not "
            "declare it, or that it could not be tried there. Generated from a run by `make conformance`; no figure "
            "is written by hand.",
            "每个连接器都通过同一套检查，检查项按其声明的能力选取。单元格为“通过数/执行数”；"
            "– 表示未声明该能力，或在该环境下无法尝试。由 `make conformance` 实际运行生成，没有手写的数字。",
        ),
        "",
        t(language, "## How each was verified", "## 如何验证"),
        "",
        t(
            language,
            "| connector | verified against | judged by clients that are not ours |",
            "| 连接器 | 验证对象 | 第三方客户端验证 |",
        ),
        "|---|---|---|",
    ]
    for name in sorted({row["connector"] for row in suites}):
        mine = [row for row in suites if row["connector"] == name]
        lines.append(f"| `{name}` | {_met(mine, language)} | {_judged(name, mine, judges, language)} |")
    for name in sorted(set(REAL_ONLY) - {row["connector"] for row in suites}):
        lines.append(t(language, f"| `{name}` | no results of a run yet: `{REAL_ONLY[name]}` | – |",
                       f"| `{name}` | 尚无运行结果：`{REAL_ONLY[name]}` | – |"))  # fmt: skip
    lines += ["", _others(suites, judges, language), "", t(language, "## Results", "## 结果"), ""]
    for against, title in AGAINST.items():
        lines += _table([row for row in suites if row["against"] == against], t(language, *title), language)
    lines += [t(language, "## What an ability means", "## 能力说明"), ""]
    lines += [t(language, "| ability | what is proven | checks |", "| 能力 | 验证内容 | 检查数 |"), "|---|---|---|"]
    for ability in ABILITIES:
        count = sum(check.ability == ability for check in CHECKS.values())
        lines.append(f"| {ability} | {t(language, *MEANS[ability])} | {count} |")
    lines += ["", t(language, "## Checks left out, and why", "## 未执行的检查及原因"), ""]
    lines += _left_out(suites, language)
    return "\n".join(lines)


def _met(mine: Sequence[Mapping[str, Any]], language: str) -> str:
    """ "real system: SQLite, PostgreSQL; our sandbox"."""
    told = []
    for against, title in AGAINST.items():
        names = list(dict.fromkeys(row["system"] for row in mine if row["against"] == against))
        if names:
            known = ", ".join(name for name in names if name)
            told.append(t(language, *title) + (t(language, ": ", "：") + known if known else ""))
    return cell(t(language, "; ", "；").join(told))


def _judged(name: str, mine: Sequence[Mapping[str, Any]], judges: Iterable[Mapping[str, Any]], language: str) -> str:
    """Clients that ran against the sandbox of that connector."""
    clients = [f"{j['client']} ({j['passed']})" for j in judges if j["sandbox"] == name]
    if clients:
        return cell(", ".join(clients))
    sandbox = any(row["against"] == "sandbox" for row in mine)
    return t(language, "none: sandbox only", "无：仅沙盒") if sandbox else "–"


def _others(suites: Sequence[Mapping[str, Any]], judges: Sequence[Mapping[str, Any]], language: str) -> str:
    """Sandboxes without a connector that were judged all the same."""
    known = {row["connector"] for row in suites}
    rest = [f"{j['sandbox']}: {j['client']} ({j['passed']})" for j in judges if j["sandbox"] not in known]
    en = "In brackets: tests of that client that passed against the sandbox."
    zh = "括号内为该客户端在沙盒上通过的测试数。"
    if rest:
        en += f" Sandboxes without a connector of their own: {', '.join(rest)}."
        zh += f"没有对应连接器的沙盒：{'，'.join(rest)}。"
    return t(language, en, zh)


def _table(rows: Sequence[Mapping[str, Any]], title: str, language: str) -> list[str]:
    if not rows:
        return []
    shown = [a for a in ABILITIES if any(a in row["abilities"] for row in rows)]
    lines = [f"### {title[:1].upper()}{title[1:]}", ""]
    lines += [t(language, "| connector | object |", "| 连接器 | 对象 |") + "".join(f" {a} |" for a in shown)]
    lines += ["|---|---|" + "---|" * len(shown)]
    for row in rows:
        cells = ("/".join(map(str, row["abilities"][a])) if a in row["abilities"] else "–" for a in shown)
        system = f" ({cell(row['system'])})" if row["system"] else ""
        lines.append(f"| `{row['connector']}`{system} | `{row['object']}` |" + "".join(f" {c} |" for c in cells))
    return [*lines, ""]


def _left_out(suites: Sequence[Mapping[str, Any]], language: str) -> list[str]:
    told: dict[tuple[str, str, str], None] = {}
    for row in suites:
        for check, reason in row["bypassed"].items():
            told[row["connector"], check, reason] = None
    lines = [t(language, "| connector | check | reason |", "| 连接器 | 检查 | 原因（原文） |"), "|---|---|---|"]
    for connector, check, reason in sorted(told):
        what = getattr(CHECKS[check], language)
        lines.append(f"| `{connector}` | {cell(what)} | {cell(reason)} |")
    return lines
