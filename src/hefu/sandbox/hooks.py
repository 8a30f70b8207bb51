"""Webhooks that leave a sandbox: signed as its vendor signs, repeated until they are taken, only to loopback."""

from __future__ import annotations

import http.client
import ipaddress
import queue
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from urllib.parse import urlsplit

PAUSES = (0.2, 0.5, 1.0, 2.0, 5.0, 15.0)


@dataclass(frozen=True)
class Parcel:
    """One delivery to one subscriber: `sign` makes the headers at the moment of sending.

    taken: whether an answer (status, body) means that it need not be brought again.
    """

    url: str
    body: bytes
    sign: Callable[[bytes], Mapping[str, str]]
    attempt: int = 0
    due: float = 0.0
    taken: Callable[[int, bytes], bool] = lambda status, _: 200 <= status < 300


def is_loopback(url: str) -> bool:
    """Whether a webhook may go there: http to this machine only."""
    parts = urlsplit(url)
    if parts.scheme != "http" or parts.hostname is None or parts.username:
        return False
    try:
        return ipaddress.ip_address(parts.hostname).is_loopback
    except ValueError:
        return parts.hostname == "localhost"


def post(url: str, body: bytes, headers: Mapping[str, str]) -> tuple[int, bytes]:
    """POST and return status and body; follows nothing."""
    parts = urlsplit(url)
    line = http.client.HTTPConnection(parts.hostname or "", parts.port or 80, timeout=5)
    try:
        path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        line.request("POST", path, body, {"Content-Type": "application/json", **headers})
        answer = line.getresponse()
        return answer.status, answer.read(65536)
    finally:
        line.close()


class Postman:
    """A thread that brings parcels; an unanswered or refused one is brought again after growing pauses."""

    def __init__(self, pauses: tuple[float, ...] = PAUSES) -> None:
        self.pauses = pauses
        self.delivered = 0
        self.given_up = 0
        self._queue: queue.PriorityQueue[tuple[float, int, Parcel | None]] = queue.PriorityQueue()
        self._count = 0
        self._lock = threading.Lock()
        self._stopped = threading.Event()
        self._thread: threading.Thread | None = None

    def send(self, parcel: Parcel) -> None:
        """Queue a parcel. It is dropped silently when the postman has stopped."""
        with self._lock:
            self._count += 1
            self._queue.put((parcel.due, self._count, parcel))
            if self._thread is None and not self._stopped.is_set():
                self._thread = threading.Thread(target=self._work, name="sandbox-hooks", daemon=True)
                self._thread.start()

    def stop(self) -> None:
        """End the thread; what is queued is lost, as it is with many a vendor."""
        self._stopped.set()
        self._queue.put((0.0, 0, None))
        if self._thread is not None:
            self._thread.join(timeout=6)

    def _work(self) -> None:
        while not self._stopped.is_set():
            due, number, parcel = self._queue.get()
            wait = due - time.monotonic()
            if parcel is not None and wait > 0:
                self._queue.put((due, number, parcel))
                self._stopped.wait(min(wait, 0.05))
            elif parcel is not None:
                self._bring(parcel)

    def _bring(self, parcel: Parcel) -> None:
        try:
            taken = parcel.taken(*post(parcel.url, parcel.body, parcel.sign(parcel.body)))
        except (OSError, http.client.HTTPException):
            taken = False
        if taken:
            self.delivered += 1
        elif parcel.attempt < len(self.pauses):
            due = time.monotonic() + self.pauses[parcel.attempt]
            self.send(replace(parcel, attempt=parcel.attempt + 1, due=due))
        else:
            self.given_up += 1
