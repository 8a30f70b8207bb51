"""A file that shows whether it is still what the hub wrote: an Ed25519 signature in its last bytes.

HTML, PDF and Excel all let a remark stand at their very end, so one form serves the three: everything before the
remark is signed. The private key follows from the hub's journal key (HKDF, RFC 5869), so it needs no keeping of its
own, and the public one, which stands in the file, is enough to check it elsewhere.
"""

from __future__ import annotations

import base64
import binascii
import re
from typing import NamedTuple

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from hefu.core.errors import Rejected

_TRAILER = re.compile(rb"(<!--|%|)hefu-signature ed25519 ([A-Za-z0-9_=-]{44}) ([A-Za-z0-9_=-]{88})(?: -->)?\n\Z")
_AROUND = {".html": ("<!--", " -->"), ".pdf": ("%", ""), ".xlsx": ("", "")}
_COMMENT_LENGTH = 2  # the last field of a zip archive's end record counts the bytes of its comment (APPNOTE 4.3.16)


class Signed(NamedTuple):
    """What a file's signature says: the public key, as text."""

    key: str


def _private(journal_key: bytes) -> Ed25519PrivateKey:
    seed = HKDF(SHA256(), 32, salt=None, info=b"hefu report signature 1").derive(journal_key)
    return Ed25519PrivateKey.from_private_bytes(seed)


def _text(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode()


def public_key(journal_key: bytes) -> str:
    """The key with which this hub's reports are checked, as text of 44 characters."""
    return _text(_private(journal_key).public_key().public_bytes(Encoding.Raw, PublicFormat.Raw))


def sign(content: bytes, kind: str, journal_key: bytes) -> bytes:
    """The file with its signature behind it. `kind`: ".html", ".pdf" or ".xlsx"."""
    before, behind = _AROUND[kind]

    def trailer(signature: bytes) -> bytes:
        head = f"{before}hefu-signature ed25519 {public_key(journal_key)} {_text(signature)}"
        return f"{head}{behind}\n".encode("ascii")

    if kind == ".xlsx":  # the remark is the archive's comment, whose length stands before it and is signed too
        content = content[:-_COMMENT_LENGTH] + len(trailer(bytes(64))).to_bytes(_COMMENT_LENGTH, "little")
    elif not content.endswith(b"\n"):
        content += b"\n"
    return content + trailer(_private(journal_key).sign(content))


def verify(data: bytes, path: str, trusted: str) -> Signed:
    """Raises Rejected "report.unsigned", "report.altered", or "report.stranger" for another key than `trusted`."""
    found = _TRAILER.search(data[-200:])
    if found is None:
        raise Rejected("report.unsigned", path=path)
    key, content = found[2].decode(), data[: len(data) - len(found[0])]
    try:
        public = Ed25519PublicKey.from_public_bytes(base64.urlsafe_b64decode(found[2]))
        public.verify(base64.urlsafe_b64decode(found[3]), content)
    except (InvalidSignature, binascii.Error, ValueError):
        raise Rejected("report.altered", path=path) from None
    if key != trusted:
        raise Rejected("report.stranger", path=path, key=key)
    return Signed(key)


__all__ = ["Signed", "public_key", "sign", "verify"]
