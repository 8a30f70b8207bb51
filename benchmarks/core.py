"""The merge alone, on one core: unchanged records a second, and changed ones of 15 fields."""

from __future__ import annotations

import time

from hefu.core.merge import Rules, debt, merge

FIELDS = [f"field{n}" for n in range(15)]


def main() -> dict[str, float]:
    """Records a CPU second: {"unchanged": ..., "changed": ..., "debt": ...}."""
    count = 200_000
    seen = [{f: f"{f}-{n}" for f in FIELDS} for n in range(1000)]
    same = [dict(s) for s in seen]
    moved = [{**s, "field3": "new", "field9": None} for s in seen]
    rules = Rules(owners={"field1": "erp"})
    out = {}
    for name, theirs in (("unchanged", same), ("changed", moved)):
        start = time.process_time()
        for n in range(count):
            s = seen[n % 1000]
            merge(s, s, s, theirs[n % 1000], "crm", rules)
        out[name] = count / (time.process_time() - start)
    writes = frozenset(FIELDS)
    start = time.process_time()
    for n in range(count):
        debt(seen[n % 1000], moved[n % 1000], writes)
    out["debt"] = count / (time.process_time() - start)
    return out


if __name__ == "__main__":
    for what, pace in main().items():
        print(f"{what}: {pace:,.0f} records a CPU second")
