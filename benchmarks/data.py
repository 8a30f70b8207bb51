"""Customers for the benchmarks, the same bytes for the same number: a CRM's export that needs converting."""

from __future__ import annotations

import csv
import random
from collections.abc import Iterator
from pathlib import Path

HEADERS = (
    "客户ID",
    "客户编码",
    "客户名称",
    "英文名称",
    "税号",
    "电话",
    "邮箱",
    "地址",
    "等级",
    "信用额度",
    "负责人",
    "更新时间",
)
FIELDS = ("id", "code", "name", "name_en", "tax", "phone", "email", "address", "level", "credit", "owner", "updated_at")
_CITY = ("上海", "北京", "深圳", "广州", "杭州", "苏州", "宁波", "无锡")
_WORD = ("华", "鑫", "宏", "达", "盛", "泰", "瑞", "博", "恒", "信", "昌", "隆", "源", "丰", "远", "德")
_TRADE = ("科技", "贸易", "机械", "电子", "化工", "物流", "食品", "纺织")


def customers(count: int, seed: int = 1) -> Iterator[tuple[str, ...]]:
    """Rows in the order of HEADERS."""
    r = random.Random(seed)
    for n in range(1, count + 1):
        brand = r.choice(_WORD) + r.choice(_WORD)
        yield (
            str(n),
            f"C{n:08d}",
            f"{r.choice(_CITY)}{brand}{r.choice(_TRADE)}有限公司{n}",
            f"{brand} Trading Co., Ltd. {n}",
            f"91{r.randrange(10**16):016d}",
            f"13{r.randrange(10**9):09d}",
            f"sales{n}@example.com.cn",
            f"{r.choice(_CITY)}市人民路{r.randrange(1999)}号",
            "ABCD"[r.randrange(4)],
            f"{r.randrange(50_000_000) / 100:,.2f}",
            f"张{brand[0]}",
            f"2026/{r.randint(1, 9):02d}/{r.randint(1, 28):02d} {r.randrange(24):02d}:{r.randrange(60):02d}:00",
        )


def write(path: Path, count: int) -> Path:
    """The CSV file of that many customers, made once."""
    if not path.exists():
        with path.open("w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(HEADERS)
            writer.writerows(customers(count))
    return path
