"""Figures for a monitoring system, in the text that Prometheus reads."""

from __future__ import annotations

from typing import Annotated

from fastapi import Header, Response

from hefu.web.front import Who
from hefu.web.route import needs, resource

router = resource("metrics")


@router.get("/metrics", response_class=Response, openapi_extra=needs("cockpit.see"))
def metrics(who: Who, accept: Annotated[str, Header(max_length=1000)] = "") -> Response:
    """Figures for Prometheus: what is due, waits, is stopped; writes, runs, workers, answers of the API."""
    text, kind = who.front.metrics.text(accept)
    return Response(text, media_type=kind)
