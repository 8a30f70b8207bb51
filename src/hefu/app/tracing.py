"""Traces for OpenTelemetry, where an administrator names a collector: HEFU_TRACES=http://collector:4318 (OTLP/HTTP).

Spans name routes, flows and kinds of work, never paths, queries or values. Without a collector they cost nothing; the
framework's own telemetry stays off, since it would tell more.
"""

from __future__ import annotations

import importlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib.metadata import version
from typing import Any

from opentelemetry import propagate, trace
from opentelemetry.trace import Span, SpanKind, Status, StatusCode

from hefu.core.errors import HubError, Unsupported

_tracer = trace.get_tracer("hefu", version("hefu"))


def set_up(environ: Mapping[str, str]) -> None:
    """Send spans to the collector that the environment names. Raises Unsupported "app.traces", "app.no_traces"."""
    address = environ.get("HEFU_TRACES")
    if not address:
        return
    if not address.startswith(("http://", "https://")):
        raise Unsupported("app.traces", given=address[:80])
    try:
        sdk: Any = importlib.import_module("opentelemetry.sdk.trace")
        export: Any = importlib.import_module("opentelemetry.sdk.trace.export")
        resources: Any = importlib.import_module("opentelemetry.sdk.resources")
        otlp: Any = importlib.import_module("opentelemetry.exporter.otlp.proto.http.trace_exporter")
    except ImportError:
        raise Unsupported("app.no_traces") from None
    of = resources.Resource.create({"service.name": "hefu", "service.version": version("hefu")})
    provider = sdk.TracerProvider(resource=of)
    exporter = otlp.OTLPSpanExporter(endpoint=address.rstrip("/") + "/v1/traces")
    provider.add_span_processor(export.BatchSpanProcessor(exporter))
    trace.set_tracer_provider(provider)


@contextmanager
def spanning(name: str) -> Iterator[Span]:
    """A piece of the hub's own work. An error is told by its code alone."""
    with _tracer.start_as_current_span(name, record_exception=False, set_status_on_exception=False) as span:
        try:
            yield span
        except BaseException as error:
            failed(span, error.code if isinstance(error, HubError) else type(error).__name__)
            raise


@contextmanager
def answering(headers: Mapping[str, str], method: str) -> Iterator[Span]:
    """A request that is answered; it goes on with the caller's trace, where there is one (W3C traceparent)."""
    caller = propagate.extract(headers)
    with _tracer.start_as_current_span(
        method, context=caller, kind=SpanKind.SERVER, record_exception=False, set_status_on_exception=False
    ) as span:
        yield span


def answered(span: Span, method: str, route: str, status: int, request: str) -> None:
    """What came of it."""
    span.update_name(f"{method} {route}")
    span.set_attributes(
        {
            "http.request.method": method,
            "http.route": route,
            "http.response.status_code": status,
            "hefu.request": request,
        }
    )
    if status >= 500:
        failed(span, str(status))


def failed(span: Span, code: str) -> None:
    """It went wrong."""
    span.set_attribute("error.type", code)
    span.set_status(Status(StatusCode.ERROR))


def current() -> str | None:
    """The number of the trace that this thread works in, for its lines in the log."""
    found = trace.get_current_span().get_span_context()
    return format(found.trace_id, "032x") if found.is_valid else None


__all__ = ["answered", "answering", "current", "set_up", "spanning"]
