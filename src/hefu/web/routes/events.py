"""What moves, as server-sent events: a screen asks once and is told."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator
from typing import Any

import orjson
from sqlalchemy import select
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import StreamingResponse

from hefu.core.errors import HubError, Transient
from hefu.store import issues, jobs, projects, runs, shards
from hefu.store.tables import run
from hefu.web.front import Front, Who
from hefu.web.route import SIGNED_IN, needs, resource

router = resource("events")

EVERY_SECONDS = 1.0
SILENCE_SECONDS = 15.0
"""A line is sent at least so often, so that proxies keep the stream and a lost reader is noticed."""

MOST_STREAMS = 200
LONGEST_SECONDS = 300.0
"""Then the stream ends and the reader comes back by itself: past the door, with the rights of that time."""

TOPICS = {
    "project": "project.see", "issues": "issue.see", "paused": "flow.see", "due": "flow.see", "runs": "run.see",
    "jobs": "run.see",
}  # fmt: skip
"""Topic -> the right without which it is not told."""


class Pulse:
    """The state of the hub in a few figures, looked up once a second however many look on."""

    def __init__(self, front: Front) -> None:
        self.front = front
        self.streams = 0
        self._lock = threading.Lock()
        self._at = 0.0
        self._state: dict[str, Any] = {}

    def look(self, now: float) -> dict[str, Any]:
        """Topic -> what is so now."""
        with self._lock:
            if now - self._at >= EVERY_SECONDS or not self._state:
                self._state, self._at = self._read(), now
            return self._state

    def _read(self) -> dict[str, Any]:
        with self.front.app.store.look() as tx:
            columns = (run.c.id, run.c.kind, run.c.scope, run.c.state)
            latest = tx.run(select(*columns).order_by(run.c.id.desc()).limit(10)).mappings()
            return {
                "project": {"version": projects.newest(tx)},
                "issues": issues.count_issues(tx),
                "paused": {scope: row["code"] for scope, row in sorted(runs.paused(tx).items())},
                "due": dict(sorted(shards.due_mappings(tx).items())),
                "runs": [dict(row) for row in latest],
                "jobs": [
                    {name: found[name] for name in ("id", "kind", "state", "author", "progress")}
                    for found in map(self.front.jobs.with_progress, jobs.under_way(tx))
                ],
            }


def _pulse(front: Front, request: Request) -> Pulse:
    state = request.app.state
    if getattr(state, "pulse", None) is None:
        state.pulse = Pulse(front)
    pulse: Pulse = state.pulse
    return pulse


@router.get(
    "/events",
    openapi_extra=needs(SIGNED_IN),
    response_class=StreamingResponse,
    responses={200: {"content": {"text/event-stream": {"schema": {"type": "string"}}}, "description": "Until you go"}},
)
def events(who: Who, request: Request) -> StreamingResponse:
    """A stream of `project`, `issues`, `paused`, `due`, `runs` and `jobs`: each as it is, then whenever it changes.

    Whoever comes back gets the present state first, so nothing is missed by having been away.
    """
    pulse = _pulse(who.front, request)
    if pulse.streams >= MOST_STREAMS:
        raise Transient("web.too_many_jobs", after=10.0, count=pulse.streams)
    allowed = [name for name, right in TOPICS.items() if who.rights.may(right)]
    told = _told(who.front, pulse, allowed)
    return StreamingResponse(told, media_type="text/event-stream", headers={"X-Accel-Buffering": "no"})


async def _told(front: Front, pulse: Pulse, allowed: list[str]) -> AsyncIterator[bytes]:
    pulse.streams += 1
    before: dict[str, bytes] = {}
    number, quiet = 0, 0.0
    clock = asyncio.get_running_loop().time
    begun = clock()
    try:
        yield b"retry: 3000\n\n"
        while not front.closing.is_set() and clock() - begun < LONGEST_SECONDS:
            try:
                state = await run_in_threadpool(pulse.look, clock())
            except HubError:
                state = {}
            for topic in allowed:
                data = (
                    orjson.dumps(state[topic], default=str, option=orjson.OPT_NON_STR_KEYS) if topic in state else None
                )
                if data is not None and before.get(topic) != data:
                    before[topic], number, quiet = data, number + 1, clock()
                    yield b"id: %d\nevent: %s\ndata: %s\n\n" % (number, topic.encode(), data)
            if clock() - quiet > SILENCE_SECONDS:
                quiet = clock()
                yield b": still here\n\n"
            await asyncio.sleep(EVERY_SECONDS / 2)
    finally:
        pulse.streams -= 1
