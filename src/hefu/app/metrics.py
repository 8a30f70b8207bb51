"""What `/metrics` answers: figures of the store, of this process's calls to systems, of the API, in Prometheus's text.

The store's figures are read once in a while, however many ask: several of them count whole tables.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from datetime import datetime
from importlib.metadata import version

from prometheus_client import CollectorRegistry, Histogram, ProcessCollector
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.exposition import choose_encoder
from prometheus_client.registry import Collector

from hefu.app.house import App
from hefu.core.errors import HubError
from hefu.core.project import Project
from hefu.insight.gauges import Gauge, gauges

KEPT_SECONDS = 10.0
BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
OTHER = "other"
"""The route of what is no route of the API: paths that anybody can invent must not become labels."""


class Metrics:
    """The figures of one process. `calls`: connection -> calls made here, where a hub runs in this process."""

    def __init__(self, app: App, project: Callable[[], Project], calls: Callable[[], dict[str, int]] | None) -> None:
        self._registry = CollectorRegistry()
        self._registry.register(_OfStore(app, project, calls))
        ProcessCollector(registry=self._registry)
        self._answers = Histogram(
            "hefu_request_duration_seconds", "Until the API began to answer", ("method", "route", "status"),
            buckets=BUCKETS, registry=self._registry,
        )  # fmt: skip

    def answered(self, method: str, route: str, status: int, seconds: float) -> None:
        """The API answered a request."""
        method = method if method in ("GET", "POST", "PUT", "PATCH", "DELETE") else OTHER
        self._answers.labels(method, route, f"{status // 100}xx").observe(seconds)

    def text(self, accept: str) -> tuple[bytes, str]:
        """All figures and their content type, in the form that the asker prefers."""
        encode, kind = choose_encoder(accept)
        return encode(self._registry), kind


class _OfStore(Collector):
    def __init__(self, app: App, project: Callable[[], Project], calls: Callable[[], dict[str, int]] | None) -> None:
        self._app, self._project, self._calls = app, project, calls
        self._reading = threading.Lock()
        self._kept: list[Gauge] = []
        self._read_at: datetime | None = None

    def describe(self) -> Iterator[Metric]:
        """Nothing beforehand: to register must not read the store."""
        yield from ()

    def collect(self) -> Iterator[Metric]:
        """As they are now, or were a moment ago."""
        yield self._build()
        found, up = self._figures()
        yield GaugeMetricFamily("hefu_store_up", "1: our database answers", value=float(up))
        for one in found:
            kind = CounterMetricFamily if one.total else GaugeMetricFamily
            made = kind(one.name, one.about, labels=one.labels)
            for labels, value in one.values.items():
                made.add_metric(labels, value)
            yield made
        if self._calls is not None:
            calls = CounterMetricFamily("hefu_calls_total", "Calls to systems by this process", labels=["connection"])
            for name, count in self._calls().items():
                calls.add_metric([name], count)
            yield calls

    def _build(self) -> Metric:
        made = GaugeMetricFamily("hefu_build_info", "Release that answers", labels=["version"])
        made.add_metric([version("hefu")], 1.0)
        return made

    def _figures(self) -> tuple[list[Gauge], bool]:
        with self._reading:
            now = self._app.env.now()
            if self._read_at is None or not 0 <= (now - self._read_at).total_seconds() < KEPT_SECONDS:
                try:
                    project = self._project()
                    with self._app.store.look() as tx:
                        self._kept = list(gauges(tx, project))
                except HubError:
                    return [], False
                self._read_at = now
            return self._kept, True


__all__ = ["OTHER", "Metrics"]
