"""Spans of answers and of work: they go on with the caller's trace, and tell no query, path or value."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from bench import CANARY, Bench
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from hefu.app import logs, tracing
from hefu.core.errors import Transient, Unsupported
from loopback import serving

CALLER = "0af7651916cd43dd8448eb211c80319c"


@pytest.fixture
def spans(monkeypatch: pytest.MonkeyPatch) -> Iterator[InMemorySpanExporter]:
    kept = InMemorySpanExporter()
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(kept))
    monkeypatch.setattr(tracing, "_tracer", provider.get_tracer("hefu"))
    yield kept
    provider.shutdown()


def test_an_answer_is_a_span_of_the_callers_trace(b: Bench, spans: InMemorySpanExporter) -> None:
    sent = {"traceparent": f"00-{CALLER}-b7ad6b7169203331-01", "X-Request-Id": "r-7"}
    b.root.ask("GET", "/records", headers=sent, q=CANARY)
    [one] = [span for span in spans.get_finished_spans() if span.name.startswith("GET")]
    assert one.name == "GET /api/v1/records"
    assert format(one.context.trace_id, "032x") == CALLER
    assert dict(one.attributes or {}) == {
        "http.request.method": "GET", "http.route": "/api/v1/records", "http.response.status_code": 200,
        "hefu.request": "r-7",
    }  # fmt: skip
    assert CANARY not in one.to_json()


def test_work_is_a_span_and_its_error_a_code(spans: InMemorySpanExporter) -> None:
    with pytest.raises(Transient), logs.working("flow customers"):
        assert tracing.current() is not None
        raise Transient("net.no_answer", url="https://erp", said=CANARY)
    [one] = spans.get_finished_spans()
    assert (one.name, dict(one.attributes or {})) == ("flow customers", {"error.type": "net.no_answer"})
    assert CANARY not in one.to_json()
    assert tracing.current() is None


def test_spans_reach_the_collector_that_the_environment_names(tmp_path: Path) -> None:
    came: list[bytes] = []

    async def take(request: Request) -> Response:
        came.append(await request.body())
        return Response(b"", 200, media_type="application/x-protobuf")

    code = (
        "import os; from hefu.app import logs, tracing; tracing.set_up(os.environ)\n"
        "with logs.working('flow customers'): pass\n"
        "from opentelemetry import trace; trace.get_tracer_provider().shutdown()"
    )
    with serving(Starlette(routes=[Route("/v1/traces", take, methods=["POST"])])) as base:
        asked = [sys.executable, "-c", code]
        done = subprocess.run(
            asked, env={**os.environ, "HEFU_TRACES": base}, capture_output=True, text=True, cwd=tmp_path
        )
    assert done.returncode == 0, done.stderr
    assert b"flow customers" in b"".join(came)
    with pytest.raises(Unsupported):
        tracing.set_up({"HEFU_TRACES": "collector"})
