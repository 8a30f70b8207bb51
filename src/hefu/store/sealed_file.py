"""An encrypted file that is written and read in chunks: AES-256-GCM, so that no byte of it can be altered unnoticed.

Form: a mark, the length and JSON of a head in clear, then chunks of ciphertext, each preceded by its length. The data
key is fresh for each file and stands in the head, wrapped by a master key or by a key that scrypt makes of a
passphrase. A chunk's nonce is its number and whether it is the last one (the STREAM construction,
https://eprint.iacr.org/2015/189), so chunks can be neither swapped nor cut off; the associated data is the SHA-256 of
the head, so they belong to it alone.
"""

from __future__ import annotations

import base64
import hashlib
import os
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import IO, Any

import orjson
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

from hefu.core.errors import Denied, Unsupported
from hefu.store.secrets import MasterKeys

MARK = b"HEFU BACKUP 1\n"
CHUNK = 1 << 20
"""Bytes of clear text in a chunk."""

_LONGEST_HEAD = 1 << 16
_NONCE, _TAG = 12, 16
_SCRYPT = {"n": 1 << 15, "r": 8, "p": 1}
"""32 MB and about a tenth of a second for each guess; kept in the head, so that it can be raised."""


@dataclass(frozen=True, repr=False)
class Key:
    """What opens a file: the master keys of this hub, or a passphrase."""

    master: MasterKeys | None = None
    passphrase: str | None = None


def _stretched(passphrase: str, salt: bytes, cost: Mapping[str, int]) -> bytes:
    return Scrypt(salt=salt, length=32, n=cost["n"], r=cost["r"], p=cost["p"]).derive(passphrase.encode())


def _bound(facts: Mapping[str, Any]) -> bytes:
    return orjson.dumps(["hefu", 1, "backup", {k: v for k, v in facts.items() if k != "wrapped"}],
                        option=orjson.OPT_SORT_KEYS)  # fmt: skip


def _text(raw: bytes) -> str:
    return base64.b64encode(raw).decode()


class SealedWriter:
    """Writes clear text into an encrypted, compressed file. Nothing of it is valid before `finish`."""

    def __init__(self, file: IO[bytes], key: Key, facts: Mapping[str, Any]) -> None:
        self._file = file
        data_key, nonce = AESGCM.generate_key(256), os.urandom(_NONCE)
        self._cipher = AESGCM(data_key)
        self._squeeze = zlib.compressobj(3)
        self._pending = bytearray()
        self._number = 0
        head = dict(facts)
        if key.passphrase is not None:
            salt = os.urandom(16)
            head["key"] = {"kind": "passphrase", "salt": _text(salt), **_SCRYPT}
            wrapping = _stretched(key.passphrase, salt, _SCRYPT)
        elif key.master is not None:
            identity, wrapping = key.master.current
            head["key"] = {"kind": "master", "id": identity}
        else:
            raise Denied("backup.no_key")
        head["wrapped"] = _text(nonce + AESGCM(wrapping).encrypt(nonce, data_key, _bound(head)))
        raw = orjson.dumps(head)
        self._context = hashlib.sha256(raw).digest()
        file.write(MARK + len(raw).to_bytes(4, "big") + raw)

    def write(self, data: bytes) -> None:
        """More clear text."""
        self._pending += self._squeeze.compress(data)
        while len(self._pending) > CHUNK:
            self._seal(bytes(self._pending[:CHUNK]), last=False)
            del self._pending[:CHUNK]

    def finish(self) -> None:
        """The end of it, without which it counts as cut off."""
        self._pending += self._squeeze.flush()
        while len(self._pending) > CHUNK:
            self._seal(bytes(self._pending[:CHUNK]), last=False)
            del self._pending[:CHUNK]
        self._seal(bytes(self._pending), last=True)

    def _seal(self, clear: bytes, *, last: bool) -> None:
        sealed = self._cipher.encrypt(_nonce(self._number, last), clear, self._context)
        self._file.write(len(sealed).to_bytes(4, "big") + sealed)
        self._number += 1


def _nonce(number: int, last: bool) -> bytes:
    return number.to_bytes(_NONCE - 1, "big") + bytes([last])


def read_head(file: IO[bytes], name: str) -> tuple[dict[str, Any], bytes]:
    """What a file says about itself in clear, unproven. Raises Unsupported "backup.not_one" or "backup.truncated"."""
    begin = file.read(len(MARK))
    if begin != MARK:
        short = MARK.startswith(begin)
        raise Unsupported("backup.truncated" if short and begin else "backup.not_one", file=name)
    length = int.from_bytes(file.read(4), "big")
    raw = file.read(min(length, _LONGEST_HEAD))
    try:
        head = orjson.loads(raw)
        if not isinstance(head, dict) or not isinstance(head["key"], dict) or len(raw) < length:
            raise ValueError
    except (ValueError, KeyError):
        raise Unsupported("backup.truncated" if len(raw) < length else "backup.damaged", file=name) from None
    return head, raw


class SealedReader:
    """Reads an encrypted file back. Raises Denied or Unsupported "backup.*" where the key or a byte is wrong."""

    def __init__(self, file: IO[bytes], key: Key, name: str) -> None:
        self._file, self._name = file, name
        self.head, raw = read_head(file, name)
        self._context = hashlib.sha256(raw).digest()
        self._cipher = AESGCM(self._data_key(key))

    def _data_key(self, key: Key) -> bytes:
        how = self.head["key"]
        try:
            if how["kind"] == "passphrase":
                if key.passphrase is None:
                    raise Denied("backup.wants_passphrase", file=self._name)
                wrapping = _stretched(key.passphrase, base64.b64decode(how["salt"]), how)
            else:
                found = key.master.by_id.get(how["id"]) if key.master is not None else None
                if found is None:
                    raise Denied("backup.wrong_key", file=self._name, key=how["id"])
                wrapping = found
            wrapped = base64.b64decode(self.head["wrapped"], validate=True)
            return AESGCM(wrapping).decrypt(wrapped[:_NONCE], wrapped[_NONCE:], _bound(self.head))
        except InvalidTag:
            if how["kind"] == "passphrase":
                raise Denied("backup.wrong_passphrase", file=self._name) from None
            raise Unsupported("backup.damaged", file=self._name) from None
        except (KeyError, ValueError, TypeError, MemoryError, OverflowError):
            raise Unsupported("backup.damaged", file=self._name) from None

    def chunks(self) -> Iterator[bytes]:
        """The clear text. Ends only after the last chunk was proven to be the last."""
        open_up = zlib.decompressobj()
        ahead = self._next()
        number = 0
        while ahead is not None:
            sealed, ahead = ahead, self._next()
            try:
                clear = self._cipher.decrypt(_nonce(number, ahead is None), sealed, self._context)
            except InvalidTag:
                cut = ahead is None and self._is_whole(number, sealed)
                raise Unsupported("backup.truncated" if cut else "backup.damaged", file=self._name) from None
            number += 1
            yield from _opened(open_up, clear)
        if number == 0:
            raise Unsupported("backup.truncated", file=self._name)

    def _is_whole(self, number: int, sealed: bytes) -> bool:
        """Whether this chunk is sound, only not the last one: then the rest is missing."""
        try:
            self._cipher.decrypt(_nonce(number, last=False), sealed, self._context)
        except InvalidTag:
            return False
        return True

    def _next(self) -> bytes | None:
        length = self._file.read(4)
        if not length:
            return None
        size = int.from_bytes(length, "big")
        if size > CHUNK + _TAG:
            raise Unsupported("backup.damaged", file=self._name)
        sealed = self._file.read(size)
        if len(length) < 4 or len(sealed) < size:
            raise Unsupported("backup.truncated", file=self._name)
        return sealed


def _opened(open_up: Any, data: bytes) -> Iterator[bytes]:
    """Never more than a chunk at a time, however well it was compressed."""
    while data:
        yield open_up.decompress(data, CHUNK)
        data = open_up.unconsumed_tail


__all__ = ["CHUNK", "Key", "SealedReader", "SealedWriter", "read_head"]
