"""Data push: a signed POST for what the vendor tells of, and none for what it keeps silent about.

Nobody is told of the batch functions, neither of the screen nor of the API; that is why polling must remain.
"""

from __future__ import annotations

import hashlib
import json
import secrets
import time
from collections.abc import Mapping
from functools import partial
from typing import Any

from hefu.sandbox.frame import Fault, struck
from hefu.sandbox.hooks import Parcel, Postman, is_loopback
from hefu.sandbox.jiandaoyun import people
from hefu.sandbox.jiandaoyun.book import Book, of_event
from hefu.sandbox.jiandaoyun.forms import APP, Form, Refused
from hefu.sandbox.jiandaoyun.values import instant
from hefu.sandbox.shelf import Event

OPS = {
    "created": "data_create",
    "updated": "data_update",
    "deleted": "data_remove",
    "recovered": "data_recover",
    "redrawn": "form_update",
}


class Push:
    """Listens to the shelf. `echo`: whether writes of the API are told of too."""

    def __init__(self, book: Book, postman: Postman, faults: list[Fault]) -> None:
        self.book, self.postman, self.faults = book, postman, faults
        self.echo = True
        book.shelf.listeners.append(self._heard)

    def _heard(self, event: Event) -> None:
        if event.kind not in OPS or event.via == "batch" or (event.via == "api" and not self.echo):
            return
        op = OPS[event.kind]
        if event.obj == "form":
            form = self.book.form(event.id)
            self._tell(form, op, _drawn(form))
        elif event.obj in {form.key for form in self.book.forms()}:
            form = self.book.form(event.obj)
            self._tell(form, op, self._record(form, event, op))

    def _record(self, form: Form, event: Event, op: str) -> dict[str, Any]:
        told = self.book.told(form, of_event(event)) | {"formName": form.name}
        if op == "data_remove":
            told |= {"deleter": people.somebody(event.author), "deleteTime": instant(event.at)}
        return told

    def _tell(self, form: Form, op: str, data: Mapping[str, Any]) -> None:
        for hook in form.hooks:
            if op != "data_create" and op not in (hook.get("events") or OPS.values()):
                continue
            if not is_loopback(str(hook["url"])):
                raise Refused(1, "this sandbox pushes to http://127.0.0.1 only")
            body = json.dumps({"op": op, "data": data}, ensure_ascii=False, separators=(",", ":")).encode()
            self._send(str(hook["url"]), str(hook.get("secret", "")), body)

    def _send(self, url: str, secret: str, body: bytes) -> None:
        if struck(self.faults, "hook_lost"):
            return
        late, twice = struck(self.faults, "hook_late"), struck(self.faults, "hook_twice")
        key = secret + "-forged" if struck(self.faults, "hook_forged") else secret
        delivery, stamp, nonce = (
            secrets.token_hex(12),
            str(int(self.book.clock.now().timestamp())),
            secrets.token_hex(4),
        )
        headers = {"X-JDY-Signature": signature(nonce, body, key, stamp), "X-JDY-DeliverId": delivery}
        due = time.monotonic() + late.seconds if late else 0.0
        for _ in range(2 if twice else 1):
            self.postman.send(Parcel(f"{url}?timestamp={stamp}&nonce={nonce}", body, partial(_same, headers), due=due))


def signature(nonce: str, body: bytes, secret: str, stamp: str) -> str:
    """Hex SHA-1 over "nonce:body:secret:timestamp"."""
    text = nonce.encode() + b":" + body + b":" + secret.encode() + b":" + stamp.encode()
    return hashlib.sha1(text, usedforsecurity=False).hexdigest()


def _same(headers: Mapping[str, str], body: bytes) -> Mapping[str, str]:
    del body
    return headers


def _drawn(form: Form) -> dict[str, Any]:
    return {
        "appId": APP[0],
        "entryId": form.entry_id,
        "name": form.name,
        "widgets": [w.told() for w in form.widgets],
    }
