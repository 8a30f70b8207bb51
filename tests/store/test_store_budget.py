"""One rate and one daily quota for all who call a system: threads, processes, restarts, rehearsals."""

from __future__ import annotations

import subprocess
import sys
import threading
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import pairwise

from sqlalchemy import select

from hefu.core.env import Env
from hefu.core.project import Limits
from hefu.net.budget import Grant, Pace
from hefu.store.budget import StoreBudget
from hefu.store.db import Store
from hefu.store.tables import budget

GAP = 0.01
PROCESS = """
import sys
from datetime import UTC, datetime, timedelta
from hefu.core.env import Env
from hefu.store.budget import StoreBudget
from hefu.store.db import Store
store = Store(sys.argv[1], Env())
mine = StoreBudget(store, "erp")
for _ in range(20):
    now = datetime.now(UTC)
    got = mine.take(5, 0.01, now, now + timedelta(hours=1), "2026-03-01", 170)
    print(got.calls, got.first.isoformat() if got.first else "-", flush=True)
store.close()
"""


def take(mine: StoreBudget, want: int = 5, day: str = "2026-03-01", most: int | None = None) -> Grant:
    now = datetime.now(UTC)
    return mine.take(want, GAP, now, now + timedelta(hours=1), day, most)


def moments(grants: list[Grant]) -> list[datetime]:
    return sorted(g.first + timedelta(seconds=n * GAP) for g in grants if g.first for n in range(g.calls))


def spaced(grants: list[Grant]) -> bool:
    """No two calls nearer than the gap (less what a float and a clock's own movement may cost)."""
    return all((b - a).total_seconds() > GAP * 0.9 for a, b in pairwise(moments(grants)))


def test_threads_share_one_rate(store: Store) -> None:
    one, other = StoreBudget(store, "erp"), StoreBudget(store, "erp")  # as two processes have them
    grants: list[Grant] = []
    threads = [
        threading.Thread(target=lambda b=b: grants.extend(take(b) for _ in range(20))) for b in (one, other, one)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(g.calls for g in grants) == 300
    assert spaced(grants)


def test_processes_share_one_rate_and_one_quota(store: Store) -> None:
    url = store.url.render_as_string(hide_password=False)
    workers = [
        subprocess.Popen([sys.executable, "-c", PROCESS, url], stdout=subprocess.PIPE, text=True) for _ in range(2)
    ]
    lines = [line.split() for worker in workers for line in worker.communicate(timeout=60)[0].splitlines()]
    grants = [Grant(int(calls), None if at == "-" else datetime.fromisoformat(at)) for calls, at in lines]
    assert len(grants) == 40, "every process said its word"
    assert sum(g.calls for g in grants) == 170, "200 were asked for; the day allows 170"
    assert spaced(grants)


def test_a_block_never_covers_more_than_half_a_second(store: Store) -> None:
    mine, now = StoreBudget(store, "erp"), datetime.now(UTC)
    assert mine.take(1000, 1.0, now, now, "2026-03-01", None).calls == 1
    assert StoreBudget(store, "crm").take(1000, 0.02, now, now, "2026-03-01", None).calls == 25


def test_a_restart_does_not_forget_the_quota(store: Store) -> None:
    assert take(StoreBudget(store, "erp"), 1, most=2).calls == 1
    again = StoreBudget(store, "erp")
    assert take(again, 1, most=2).calls == 1
    assert take(again, 1, most=2) == Grant(0, None)
    assert take(StoreBudget(store, "crm"), 1, most=2).calls == 1, "another connection has its own"
    assert take(again, 1, "2026-03-02", 2).calls == 1, "and tomorrow is another day"
    assert take(again, 1, "2026-03-01", 1) == Grant(0, None), "a clock that is behind does not begin the day anew"


def test_whose_turn_is_too_late_is_told_when_to_come_back(store: Store) -> None:
    mine, now = StoreBudget(store, "erp"), datetime.now(UTC)
    first = mine.take(1, 10.0, now, now + timedelta(seconds=1), "d", None)
    later = mine.take(1, 10.0, now, now + timedelta(seconds=1), "d", None)
    assert (first.calls, later.calls) == (1, 0)
    assert first.first is not None
    assert later.first is not None
    assert 9 < (later.first - first.first).total_seconds() <= 10.1


def test_calls_of_a_rehearsal_count_although_it_is_undone(store: Store) -> None:
    mine = StoreBudget(store, "erp")
    with store.rehearsal():
        caller = threading.Thread(target=lambda: [take(mine, 1, most=5) for _ in range(3)])  # read ahead of the work
        caller.start()
        caller.join(20)
        assert not caller.is_alive(), "nobody waits for the rehearsal to end"
    mine.save()
    mine.save()
    with store.look() as tx:
        assert tx.run(select(budget.c.calls)).scalar() == 3
    assert take(mine, 5, most=5).calls == 2


class Behind(Env):
    """A worker whose clock is an hour late."""

    def now(self) -> datetime:
        return super().now() - timedelta(hours=1)


def test_a_wrong_clock_gets_its_moments_in_its_own_time(store: Store) -> None:
    late = Store(store.url.render_as_string(hide_password=False), Behind())
    here = late.env.now()
    first = take(StoreBudget(store, "erp"), 5)
    grant = StoreBudget(late, "erp").take(1, GAP, here, here + timedelta(minutes=1), "2026-03-01", None)
    late.close()
    assert first.first is not None
    if store.postgresql:  # the database's clock is everybody's; SQLite has one process and one clock
        assert grant.first is not None
        assert abs((grant.first - here).total_seconds()) < 30


def test_a_connection_without_limits_never_asks_the_store(store: Store) -> None:
    pace = Pace(Env(), Limits(), "Asia/Shanghai", StoreBudget(store, "erp"), "erp")
    pace.enter(False, 1)
    pace.leave()
    limited = Pace(Env(), Limits(calls_per_second=Decimal(200)), "Asia/Shanghai", StoreBudget(store, "crm"), "crm")
    for _ in range(3):
        limited.enter(False, 1)
        limited.leave()
    with store.look() as tx:
        rows = tx.run(select(budget.c.connection, budget.c.calls)).all()
    assert [tuple(row) for row in rows] == [("crm", 97)], "half a second of 194 calls"
