"""Two dirty customer masters whose truth is known: who is who, and every trap that a hub may fall into."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from typing import Any

from hefu.sandbox.companies import check_character

FULL = {"crm": 10_000, "erp": 8_000, "pairs": 6_200, "twins": 400}
FULL |= {"names": 150, "codes": 120, "branches": 90, "chains": 60}
"""The numbers that the scenario demands."""


@dataclass
class Masters:
    """Records by system, and the truth: record -> the company it is. `review`: pairs that a person must look at."""

    records: dict[str, list[tuple[str, dict[str, Any]]]] = field(default_factory=lambda: {"crm": [], "erp": []})
    truth: dict[tuple[str, str], int] = field(default_factory=dict)
    review: dict[str, list[tuple[str, str]]] = field(default_factory=dict)

    def same(self, crm: str, erp: str) -> bool:
        """Whether these two are one company."""
        return self.truth["crm", crm] == self.truth["erp", erp]


class Generator:
    """Draws companies; every name and every code is used for one company, save where a trap says otherwise."""

    def __init__(self, seed: int) -> None:
        self.chance = random.Random(seed)
        self.masters = Masters()
        self.companies = 0

    def code(self) -> str:
        """A credit code that passes its check."""
        self.companies += 1
        seventeen = f"9131{self.companies % 10_000:04d}{self.companies:09d}"
        return seventeen + check_character(seventeen)

    def name(self) -> str:
        """A company's name, never drawn before."""
        self.companies += 1
        where = self.chance.choice(("上海", "北京", "广州", "苏州", "成都"))
        trade = self.chance.choice(("机械", "电子", "化工", "贸易", "纺织"))
        return f"{where}{self.companies:06d}{trade}（中国）有限公司"

    def written(self, name: str) -> str:
        """The same name as somebody else types it: other brackets, widths, blanks."""
        how = self.chance.choice((str, self.narrow, self.spaced, self.wide))
        return how(name)

    def narrow(self, name: str) -> str:
        return name.replace("（", "(").replace("）", ")")

    def spaced(self, name: str) -> str:
        return f" {name[:2]} {name[2:]}"

    def wide(self, name: str) -> str:
        return "".join(chr(ord(c) + 0xFEE0) if c.isdigit() else c for c in name)

    def add(self, system: str, company: int, name: str, code: str | None) -> str:
        """One more record; its id."""
        rows = self.masters.records[system]
        record = f"{system[0]}{len(rows):05d}"
        rows.append((record, {"name": name, "credit_code": code}))
        self.masters.truth[system, record] = company
        return record

    def pair(self) -> tuple[str, str, str, str]:
        """A company in both systems, found by its code, or by its name where one side has no code."""
        company, name, code = self.companies, self.name(), self.code()
        lacks = self.chance.choice(("", "", "crm", "erp"))
        crm = self.add("crm", company, name, None if lacks == "crm" else code)
        erp = self.add("erp", company, self.written(name), None if lacks == "erp" else code)
        return crm, erp, name, code

    def review(self, kind: str, crm: str, erp: str) -> None:
        self.masters.review.setdefault(kind, []).append((crm, erp))

    def build(self, share: float) -> Masters:
        """All of it, in numbers of that share of the full size."""
        of = {n: max(2, round(many * share)) for n, many in FULL.items()}
        known = [self.pair() for _ in range(of["pairs"])]
        for crm, _, name, code in self.chance.sample(known, min(of["twins"], len(known))):
            self.add("crm", self.masters.truth["crm", crm], self.written(name), code)
        for _ in range(of["names"]):  # one name, two companies
            name = self.name()
            mine, theirs = self.code(), self.code()
            self.review("names", self.add("crm", self.companies, name, mine),
                        self.add("erp", -self.companies, self.written(name), theirs))  # fmt: skip
        for n in range(of["codes"]):  # one code, two names: a slip of the pen, or a company renamed
            code, renamed = self.code(), n % 2 == 0
            company = self.companies
            self.review("codes", self.add("crm", company, self.name(), code),
                        self.add("erp", company if renamed else -company, self.name(), code))  # fmt: skip
        for n in range(of["branches"]):  # a branch writes its parent's code, or none
            name, code = self.name(), self.code()
            company = self.companies
            crm = self.add("crm", company, name, code)
            erp = self.add("erp", -company, f"{name}北京分公司", code if n % 2 else None)
            self.review("branches", crm, erp)
        for _ in range(of["chains"]):  # A is like B, B is like C, A and C are two
            first, second, name = self.code(), self.code(), self.name()
            company = self.companies
            erp = self.add("erp", company, self.written(name), first)
            self.review("chains", self.add("crm", company, self.name(), first), erp)
            self.review("chains", self.add("crm", -company, name, second), erp)
        for system in ("crm", "erp"):
            while len(self.masters.records[system]) < of[system]:
                code = self.code() if self.chance.random() < 0.8 else None
                name = self.name()
                self.add(system, self.companies * (1 if system == "crm" else -1), name, code)
        return self.masters
