"""What the conformance suites of a test run proved, as one file: which connector, which ability, against what.

The file says nothing of the run itself (no time, no machine), so that the same results are the same bytes. A run renews
the rows of the test files that it ran; rows of files that could not run here (a real system that is not there) stay.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import orjson

from hefu.sim.rig import CHECKS

RESULT, JUDGED = "hefu-result", "hefu-judged"
"""Names under which a test's report carries a check's result, and a judged sandbox."""


@dataclass
class Sheet:
    """Gathered results: rows of connectors, and of sandboxes that another client judged."""

    rows: dict[tuple[str, ...], dict[str, Any]] = field(default_factory=dict)
    judges: dict[tuple[str, ...], int] = field(default_factory=dict)
    files: set[str] = field(default_factory=set)

    def add(self, file: str, properties: Iterable[tuple[str, Any]], passed: bool) -> None:
        """Take in what one test of that file reported."""
        for name, told in properties:
            if name == RESULT:
                self.files.add(file)
                self._result(file, told)
            elif name == JUDGED and passed:
                self.files.add(file)
                key = (*told, file)
                self.judges[key] = self.judges.get(key, 0) + 1

    def _result(self, file: str, told: Mapping[str, str]) -> None:
        key = (told["connector"], told["against"], told["system"], told["object"], file)
        row = self.rows.setdefault(key, {"abilities": {}, "bypassed": {}})
        check = CHECKS[told["check"]]
        if told["state"] == "bypassed":
            row["bypassed"][check.name] = told["note"]
        if told["state"] in ("passed", "failed"):
            counts = row["abilities"].setdefault(check.ability, [0, 0])
            counts[0] += told["state"] == "passed"
            counts[1] += 1

    def write(self, path: Path) -> None:
        """Renew the file: rows of the files that ran are replaced, all others stay."""
        before = orjson.loads(path.read_bytes()) if path.exists() else {"suites": [], "judges": []}
        suites = [row for row in before["suites"] if row["tests"] not in self.files]
        suites += [
            {**dict(zip(("connector", "against", "system", "object", "tests"), key, strict=True)), **_sorted(row)}
            for key, row in self.rows.items()
        ]
        judges = [row for row in before["judges"] if row["tests"] not in self.files]
        judges += [
            {"sandbox": sandbox, "client": client, "tests": file, "passed": passed}
            for (sandbox, client, file), passed in self.judges.items()
        ]
        suites.sort(key=lambda r: (r["connector"], r["against"], r["system"], r["object"], r["tests"]))
        judges.sort(key=lambda r: (r["sandbox"], r["client"], r["tests"]))
        told = {"suites": suites, "judges": judges}
        path.write_bytes(orjson.dumps(told, option=orjson.OPT_INDENT_2) + b"\n")


def _sorted(row: Mapping[str, Any]) -> dict[str, Any]:
    order = list(dict.fromkeys(check.ability for check in CHECKS.values()))
    abilities = sorted(row["abilities"].items(), key=lambda pair: order.index(pair[0]))
    return {"abilities": dict(abilities), "bypassed": dict(sorted(row["bypassed"].items()))}
