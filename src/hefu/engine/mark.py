"""What is kept of a record as it was read: a mark by which the next read knows it, and text that a store can hold."""

from __future__ import annotations

import hashlib
import json
import re

import orjson

from hefu.core.errors import Rejected
from hefu.core.records import Record

UNREAD = "unread"
"""Digest of a record that we wrote and have not read since: its way of writing is not known yet."""


def digest(record: Record, fingerprint: str) -> str:
    """Equal digests mean: this record says what it said, and means what it meant."""
    try:
        data = orjson.dumps(record.values, default=str, option=orjson.OPT_SORT_KEYS | orjson.OPT_NON_STR_KEYS)
    except TypeError:  # half a character, or a whole number of more than 64 bits
        data = json.dumps(record.values, default=str, sort_keys=True).encode()
    return hashlib.blake2b(data, digest_size=12, key=fingerprint.encode()[:64]).hexdigest()


_NO_TEXT = re.compile("[\0\ud800-\udfff]")
_LONGEST = {"id": 200, "version": 200, "organisation": 64}


def storable(text: str) -> bool:
    """Whether every database can hold it: no zero byte, no half of a character."""
    return _NO_TEXT.search(text) is None


def shown(text: str) -> str:
    """The same with "?" for what no database can hold."""
    return _NO_TEXT.sub("?", text)


def unstorable(record: Record) -> Rejected | None:
    """Why a record cannot be remembered at all, whatever its values mean; no database may fail over one of them."""
    for part, longest in _LONGEST.items():
        value = getattr(record, part)
        if value is not None and (len(value) > longest or not storable(value)):
            return Rejected("record.unstorable", part=part, longest=longest, begins=repr(value)[:60])
    return None
