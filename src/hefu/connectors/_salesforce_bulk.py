"""Bulk API 2.0: thousands of rows as one CSV job, written or read, for a handful of calls."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from typing import Any

from hefu.connectors._json import dumps
from hefu.connectors._salesforce_api import Api
from hefu.core.connector import Site
from hefu.core.errors import HubError, Transient, Unanswered, Unsupported

MOST_BYTES = 90 * 1024 * 1024
"""Raw CSV in one job: 150 MB after their encoding."""

RESULTS = 50_000
_OVER = ("JobComplete", "Failed", "Aborted")
_LONGEST_PAUSE = 15.0

Row = Mapping[str, str]


class Bulk:
    """Runs jobs and waits for them."""

    def __init__(self, api: Api, site: Site, minutes: int) -> None:
        self._api, self._site, self._patience = api, site, timedelta(minutes=minutes)

    # ---------------------------------------------------------------------- writing

    def ingest(
        self, obj: str, operation: str, columns: Sequence[str], rows: Sequence[Sequence[Any]], key: str = ""
    ) -> tuple[list[Row], list[Row], list[Row]]:
        """(rows that went well, rows that failed, rows that were not tried), as they were sent plus sf__ columns.

        Raises Unanswered where the job may have begun and its end was not seen.
        """
        asked = {"object": obj, "operation": operation, "contentType": "CSV", "lineEnding": "LF"}
        asked |= {"externalIdFieldName": key} if operation == "upsert" else {}
        try:
            job = self._api.send("POST", "jobs/ingest", asked, writes=True).data
            at, content = f"jobs/ingest/{job['id']}", _csv(columns, rows)
            self._api.send("PUT", "/" + str(job["contentUrl"]).lstrip("/"), raw=content, writes=True)
        except Unanswered as error:  # nothing is written before UploadComplete
            raise Transient("salesforce.bulk_upload", after=30.0, connection=self._site.connection) from error
        try:
            end = self._start(at)
            good = list(self._results(f"{at}/successfulResults"))
            bad = list(self._results(f"{at}/failedResults"))
            left = [] if end.get("state") == "JobComplete" else list(self._results(f"{at}/unprocessedrecords"))
        except HubError as error:
            raise Unanswered("salesforce.bulk_lost", connection=self._site.connection, job=job["id"]) from error
        self._drop(at)
        return good, bad, left

    def _start(self, at: str) -> Mapping[str, Any]:
        """Let the job run, and wait for its end. Whether a lost call began it, the job itself says."""
        try:
            self._api.send("PATCH", at, {"state": "UploadComplete"}, writes=True)
        except (Unanswered, Transient):
            if self._api.send("GET", at).data.get("state") == "Open":
                self._api.send("PATCH", at, {"state": "UploadComplete"}, writes=True)
        return self._wait(at)

    def _results(self, path: str) -> Iterator[Row]:
        yield from _rows(self._api.send("GET", path, headers={"Accept": "text/csv"}).answer.body)

    def _drop(self, path: str) -> None:
        """Jobs are kept for a week else; that this fails is nobody's loss."""
        try:
            self._api.send("DELETE", path, writes=True)
        except HubError:
            return

    def _wait(self, path: str) -> Mapping[str, Any]:
        pause, until = 1.0, self._site.now() + self._patience
        while True:
            job: Mapping[str, Any] = self._api.send("GET", path).data
            if job.get("state") in _OVER:
                return job
            if self._site.now() >= until:
                raise Transient("salesforce.bulk_slow", after=60.0, connection=self._site.connection, path=path)
            self._site.sleep(pause)
            pause = min(pause * 1.5, _LONGEST_PAUSE)

    # ---------------------------------------------------------------------- reading

    def query(self, text: str) -> Iterator[list[Row]]:
        """The answer in large pages; an empty cell is a blank."""
        job = self._api.send("POST", "jobs/query", {"operation": "query", "query": text}).data
        at = f"jobs/query/{job['id']}"
        try:
            end = self._wait(at)
            if end.get("state") != "JobComplete":
                said = str(end.get("errorMessage") or end.get("state"))[:300]
                raise Unsupported("salesforce.bulk_failed", connection=self._site.connection, words=said)
            locator = ""
            while locator != "null":
                params = {"maxRecords": str(RESULTS)} | ({"locator": locator} if locator else {})
                told = self._api.send("GET", f"{at}/results", headers={"Accept": "text/csv"}, params=params)
                yield from _in_parts(_rows(told.answer.body))
                locator = told.answer.headers.get("sforce-locator", "null")
        finally:
            self._drop(at)


def _in_parts(rows: Iterator[Row], size: int = 2000) -> Iterator[list[Row]]:
    part: list[Row] = []
    for row in rows:
        part.append(row)
        if len(part) == size:
            yield part
            part = []
    if part:
        yield part


def _csv(columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> bytes:
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows([cell(value) for value in row] for row in rows)
    return out.getvalue().encode()


def cell(value: Any) -> str:
    """A packed value as a cell; an empty one would mean "leave it as it is"."""
    if value is None:
        return "#N/A"
    if isinstance(value, bool):
        return "true" if value else "false"
    return value if isinstance(value, str) else dumps(value).decode()


def _rows(body: bytes) -> Iterator[Row]:
    csv.field_size_limit(1 << 24)
    yield from csv.DictReader(io.StringIO(body.decode("utf-8-sig"), newline=""))


def split(sizes: Sequence[int], most: int = MOST_BYTES) -> Iterator[slice]:
    """Rows in slices that fit into one job each, by their sizes in bytes."""
    start, held = 0, 0
    for at, size in enumerate(sizes):
        if held + size > most and at > start:
            yield slice(start, at)
            start, held = at, 0
        held += size
    if start < len(sizes):
        yield slice(start, len(sizes))
