"""So many calls of one API within a while, where the vendor counts that way: whoever would be one too many waits."""

from __future__ import annotations

import threading
from collections import deque
from datetime import datetime, timedelta

from hefu.core.connector import Site


class CallsWithin:
    """Shared by the threads of a line. `span`: somewhat longer than the vendor's, as the network delays calls."""

    def __init__(self, site: Site, span: timedelta) -> None:
        self._site, self._span = site, span
        self._lock = threading.Lock()
        self._lately: dict[str, deque[datetime]] = {}

    def wait(self, path: str, most: int) -> None:
        """Take the next free moment for a call of this API, and wait for it."""
        with self._lock:
            now = self._site.now()
            lately = self._lately.setdefault(path, deque(maxlen=most))
            moment = max(now, lately[0] + self._span) if len(lately) == most else now
            lately.append(moment)
        if moment > now:
            self._site.sleep((moment - now).total_seconds())
