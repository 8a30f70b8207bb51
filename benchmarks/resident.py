"""One hub process that stays: full run, 1 % changed, idle rounds, webhooks. Prints one JSON object a line.

python -m benchmarks.resident FOLDER BASE_URL full[,change,idle,hint]
"""

from __future__ import annotations

import json
import resource
import statistics
import sys
import time
import urllib.request
from pathlib import Path
from typing import Any

from hefu.app import open_app
from hefu.engine import worker

IDLE_ROUNDS = 50
HINTS = 200


def ask(url: str, method: str = "GET", body: bytes | None = None) -> Any:
    """JSON of a call."""
    with urllib.request.urlopen(urllib.request.Request(url, body, method=method)) as answer:
        return json.load(answer)


def cpu() -> float:
    """Of this process, its start included."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


class Resident:
    """The hub under measurement."""

    def __init__(self, folder: Path, base: str) -> None:
        self.base = base
        self.app = open_app(folder)
        self.hub = self.app.hub()

    def round(self) -> None:
        """One cycle of the flow."""
        worker.cycle(self.hub, self.hub.project.flows["customers"], guarded=False)

    def report(self, case: str, spent: float, wall: float, **more: object) -> None:
        """One line."""
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        print(json.dumps({"case": case, "cpu": spent, "wall": wall, "peak": peak, **more}), flush=True)

    def timed(self, case: str, rounds: int = 1) -> None:
        """Some rounds."""
        ask(f"{self.base}/stats")
        before, start = cpu(), time.perf_counter()
        for _ in range(rounds):
            self.round()
        spent, wall = cpu() - before, time.perf_counter() - start
        self.report(case, spent / rounds, wall / rounds, **ask(f"{self.base}/stats"))

    def full(self) -> None:
        """Rounds until the target is right: a refusal ends a round, and the next goes on where it stood."""
        ask(f"{self.base}/stats")
        start = time.perf_counter()
        self.round()
        while (told := ask(f"{self.base}/stats?keep=1"))["right"] < told["rows"]:
            time.sleep(0.5)
            self.round()
        self.report("full", cpu(), time.perf_counter() - start, **told)

    def change(self) -> None:
        ask(f"{self.base}/touch?percent=1")
        self.timed("change")

    def settle(self) -> None:
        """Both systems show once what we wrote ourselves."""
        self.timed("settle")

    def idle(self) -> None:
        self.timed("idle", IDLE_ROUNDS)

    def hint(self) -> None:
        """Webhook to write, one after the other, as a service that is otherwise idle."""
        from hefu.app.service import Service  # the other cases measure rounds, which need no runtime
        from hefu.web.hooks import program
        from hefu.web.server import Server

        service = Service(self.app)
        service.start()
        server = Server(program(service), "127.0.0.1:18492")
        server.start()
        time.sleep(3)
        took, before, start = [], cpu(), time.perf_counter()
        try:
            for n in range(1, HINTS + 1):
                code = f"C{n:08d}"
                ask(f"{self.base}/change?code={code}&phone=17{n:09d}")
                body = json.dumps({"object": "customers", "id": code}).encode()
                sent = time.time()
                ask("http://127.0.0.1:18492/hooks/crm", "POST", body)
                took.append(ask(f"{self.base}/wait?code={code}")["at"] - sent)
        finally:
            server.stop()
            service.stop()
        spent, wall = cpu() - before, time.perf_counter() - start
        p95 = statistics.quantiles(took, n=20)[-1]
        self.report("hint", spent / HINTS, wall / HINTS, p50=statistics.median(took), p95=p95)


def main() -> None:
    """Run the named cases in order."""
    folder, base, cases = Path(sys.argv[1]), sys.argv[2], sys.argv[3].split(",")
    hub = Resident(folder, base)
    for case in cases:
        getattr(hub, case)()
    hub.app.close()


if __name__ == "__main__":
    main()
