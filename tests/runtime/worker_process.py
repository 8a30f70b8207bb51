"""A worker as its own process, for tests that kill it: `worker_process.py url schema id lease_s`.

Handlers append to the table `done`; `slow` first writes that it began and then takes a third of a second.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
import uuid
from datetime import UTC, datetime, timedelta

import sqlalchemy as sa
from conftest_runtime import done, worker

from hefu.runtime.dbos import DbosWakeups, Settings
from hefu.runtime.reaper import Me, Pulse


def main(url: str, schema: str, name: str, lease: float) -> None:
    engine = sa.create_engine(url)
    settings = Settings(url, name, schema=schema, threads=4, poll=timedelta(seconds=0.2))
    wakeups = DbosWakeups(settings, clock=lambda: datetime.now(UTC), new_id=lambda: uuid.uuid4().hex)

    def note(kind: str, key: str) -> None:
        with engine.begin() as connection:
            connection.execute(sa.insert(done).values(kind=kind, key=key, worker=name, at=datetime.now(UTC)))

    def slow(key: str) -> None:
        note("begun", key)
        time.sleep(0.3)
        note("slow", key)

    pulse = Pulse(engine, worker, Me(name, "here", os.getpid()), wakeups, lease=timedelta(seconds=lease))
    pulse.start()
    wakeups.start({"slow": slow, "quick": lambda key: note("quick", key)})
    print("ready", flush=True)
    end = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: end.set())
    while not end.wait(0.2):
        pass
    wakeups.stop()
    pulse.stop()


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], sys.argv[3], float(sys.argv[4]))
