"""Secrets: documents hold references, values come from environment, file, keyring or the hub's own sealed store.

Sealed means AES-256-GCM under a data key of its own, bound to (hub id, secret name) as associated data; the data key
is wrapped by a master key that never enters the database. Nothing here prints or keeps a value.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import os
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import orjson
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from sqlalchemy import delete, func, select

from hefu.core.errors import Denied, Rejected
from hefu.store.db import Tx
from hefu.store.tables import account, secret

SOURCES = ("env", "file", "keyring", "sealed")
MAX_FILE = 64 * 1024

_REFERENCE = re.compile(r"\$\{(env|file|keyring|sealed):([^{}\s][^{}]*)\}")
_LOOKS_LIKE_ONE = re.compile(r"\$\{[^}]*\}?")
_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_./-]{0,199}")
_NONCE, _KEY, _TAG = 12, 32, 16
_FORM = b"\x01"


class Reference(NamedTuple):
    """Where a secret is: ("env", "CRM_TOKEN") stands for ${env:CRM_TOKEN}."""

    source: str
    name: str

    def __str__(self) -> str:
        return f"${{{self.source}:{self.name}}}"

    @property
    def how(self) -> str:
        """The command that provides it."""
        service, _, user = self.name.partition("/")
        return {
            "env": f"export {self.name}=...",
            "file": f"printf %s '...' > {self.name}",
            "keyring": f"keyring set {service} {user}",
            "sealed": f"hefu secret set {self.name}",
        }[self.source]


def references(value: object) -> list[Reference]:
    """All references inside a text, or inside the texts of lists and dicts, in order."""
    if isinstance(value, str):
        return [Reference(*found) for found in _REFERENCE.findall(value)]
    inside = value.values() if isinstance(value, Mapping) else value if isinstance(value, list) else ()
    return [reference for item in inside for reference in references(item)]


def malformed(text: str) -> list[str]:
    """Parts of a text that look like references but are none: '${evn:X}', '${CRM_TOKEN}'."""
    return [found for found in _LOOKS_LIKE_ONE.findall(text) if not _REFERENCE.fullmatch(found)]


# ------------------------------------------------------------------ resolving


class Secrets:
    """Gives references their values. `folder` is where relative file paths start; `sealed` opens a sealed secret.

    `seen` is told every value, so that no log repeats it.
    """

    def __init__(
        self,
        environ: Mapping[str, str],
        folder: Path,
        sealed: Callable[[str], str | None] = lambda _: None,
        seen: Callable[[str], None] = lambda _: None,
    ) -> None:
        self._seen = seen
        self._environ = environ
        self._folder = folder
        self._sealed = sealed

    def resolve(self, value: Any, document: str) -> Any:
        """A copy with every reference replaced.

        Raises Denied "secret.missing" that names the document and all that must be set, or another "secret." error.
        """
        missing: dict[Reference, None] = {}
        found = self._replace(value, missing, document)
        if missing:
            how = "; ".join(reference.how for reference in missing)
            raise Denied("secret.missing", document=document, secret=", ".join(map(str, missing)), how=how)
        return found

    def _replace(self, value: Any, missing: dict[Reference, None], document: str) -> Any:
        if isinstance(value, Mapping):
            return {key: self._replace(item, missing, document) for key, item in value.items()}
        if isinstance(value, list):
            return [self._replace(item, missing, document) for item in value]
        if not isinstance(value, str) or "${" not in value:
            return value

        def one(match: re.Match[str]) -> str:
            reference = Reference(match[1], match[2])
            text = self._look_up(reference, document)
            if text is None:
                missing[reference] = None
            else:
                self._seen(text)
            return text or ""

        return _REFERENCE.sub(one, value)

    def _look_up(self, reference: Reference, document: str) -> str | None:
        """The value, or None. An empty one counts as missing: it is always a slip."""
        source, name = reference
        if source == "env":
            return self._environ.get(name) or None
        if source == "file":
            return self._file(name, document)
        if source == "keyring":
            return _keyring(reference, document)
        return self._sealed(name) or None

    def _file(self, name: str, document: str) -> str | None:
        path = self._folder / Path(name).expanduser()
        try:
            with path.open("rb") as file:
                raw = file.read(MAX_FILE + 1)
            if len(raw) > MAX_FILE:
                raise Denied("secret.file", document=document, path=str(path), reason=f"> {MAX_FILE} bytes")
            return raw.decode("utf-8-sig").rstrip("\r\n") or None
        except FileNotFoundError:
            return None
        except (OSError, UnicodeDecodeError) as error:
            reason = error.strerror if isinstance(error, OSError) else "not UTF-8"
            raise Denied("secret.file", document=document, path=str(path), reason=reason) from None


def _keyring(reference: Reference, document: str) -> str | None:
    service, slash, user = reference.name.partition("/")
    if not slash or not user:
        raise Denied("secret.keyring_name", document=document, secret=str(reference))
    import keyring  # slow to import, and most hubs have none
    from keyring.errors import KeyringError

    try:
        return keyring.get_password(service, user) or None
    except (KeyringError, OSError, RuntimeError) as error:
        raise Denied("secret.keyring", document=document, secret=str(reference), reason=type(error).__name__) from None


# ------------------------------------------------------------------ master keys


@dataclass(frozen=True, repr=False)
class MasterKeys:
    """Master keys by key id; the first seals, the others only open what was sealed before a rotation."""

    by_id: Mapping[str, bytes]

    @property
    def current(self) -> tuple[str, bytes]:
        """(key id, key) that seals."""
        return next(iter(self.by_id.items()))

    @classmethod
    def parse(cls, text: str, where: str) -> MasterKeys:
        """From base64 of 32 bytes each, separated by commas or white space. Raises Denied "secret.master_key"."""
        keys: dict[str, bytes] = {}
        for word in text.replace(",", " ").split():
            try:
                key = base64.b64decode(word.translate(str.maketrans("-_", "+/")), validate=True)
            except (binascii.Error, ValueError):
                key = b""
            if len(key) != _KEY:
                raise Denied("secret.master_key", where=where)
            keys[key_id(key)] = key
        if not keys:
            raise Denied("secret.master_key", where=where)
        return cls(keys)

    @classmethod
    def from_environment(cls, environ: Mapping[str, str]) -> MasterKeys | None:
        """From HEFU_MASTER_KEY, or the file that HEFU_MASTER_KEY_FILE names; None if neither is set."""
        if text := environ.get("HEFU_MASTER_KEY"):
            return cls.parse(text, "HEFU_MASTER_KEY")
        if not (path := environ.get("HEFU_MASTER_KEY_FILE")):
            return None
        try:
            return cls.parse(Path(path).read_text("ascii"), path)
        except (OSError, UnicodeDecodeError) as error:
            reason = error.strerror if isinstance(error, OSError) else "not ASCII"
            raise Denied("secret.master_key_file", path=path, reason=reason) from None


def key_id(key: bytes) -> str:
    """A short name of a key that does not betray it."""
    return hashlib.sha256(b"hefu master key id\0" + key).hexdigest()[:16]


def new_master_key() -> str:
    """A fresh master key, as text for HEFU_MASTER_KEY or its file."""
    return base64.b64encode(AESGCM.generate_key(256)).decode()


def exchange_keys(path: Path, keys: Iterable[bytes]) -> None:
    """Write these master keys, the sealing one first, in place of those in the file; whole or not at all."""
    part = path.with_name(f".{path.name}.part")
    handle = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(handle, "w", encoding="ascii") as file:
        file.writelines(base64.b64encode(key).decode() + "\n" for key in keys)
        file.flush()
        os.fsync(file.fileno())
    part.replace(path)


def make_key_file(path: Path) -> None:
    """Write a fresh master key to a new file that only its owner may read. Raises FileExistsError."""
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "w", encoding="ascii") as file:
        file.write(new_master_key() + "\n")


# ------------------------------------------------------------------ sealing


def _bound(hub: str, name: str, part: str) -> bytes:
    """Associated data: a sealed value cannot be moved to another name, hub or place."""
    return orjson.dumps(["hefu", 1, part, hub, name])


def _wrap(master: bytes, data_key: bytes, hub: str, name: str) -> bytes:
    nonce = os.urandom(_NONCE)
    return nonce + AESGCM(master).encrypt(nonce, data_key, _bound(hub, name, "key"))


def enclose(keys: MasterKeys, hub: str, name: str, value: str) -> tuple[str, str]:
    """(key id, sealed text) of a value."""
    identity, master = keys.current
    data_key, nonce = AESGCM.generate_key(256), os.urandom(_NONCE)
    body = nonce + AESGCM(data_key).encrypt(nonce, value.encode(), _bound(hub, name, "value"))
    return identity, base64.b64encode(_FORM + _wrap(master, data_key, hub, name) + body).decode()


def _parts(keys: MasterKeys, hub: str, name: str, identity: str, sealed: str) -> tuple[bytes, bytes]:
    """(data key, body). Raises Denied "secret.wrong_key" or "secret.tampered"."""
    master = keys.by_id.get(identity)
    if master is None:
        raise Denied("secret.wrong_key", secret=name, key=identity)
    try:
        raw = base64.b64decode(sealed, validate=True)
        end = 1 + _NONCE + _KEY + _TAG
        if raw[:1] != _FORM or len(raw) < end + _NONCE + _TAG:
            raise InvalidTag
        nonce, wrapped = raw[1 : 1 + _NONCE], raw[1 + _NONCE : end]
        return AESGCM(master).decrypt(nonce, wrapped, _bound(hub, name, "key")), raw[end:]
    except (InvalidTag, binascii.Error, ValueError):
        raise Denied("secret.tampered", secret=name) from None


def disclose(keys: MasterKeys, hub: str, name: str, identity: str, sealed: str) -> str:
    """The value. Raises Denied "secret.wrong_key" or "secret.tampered"."""
    data_key, body = _parts(keys, hub, name, identity, sealed)
    try:
        return AESGCM(data_key).decrypt(body[:_NONCE], body[_NONCE:], _bound(hub, name, "value")).decode()
    except (InvalidTag, UnicodeDecodeError):
        raise Denied("secret.tampered", secret=name) from None


# ------------------------------------------------------------------ the table


def seal(tx: Tx, keys: MasterKeys, hub: str, name: str, value: str) -> None:
    """Keep a secret under a name, in place of an older one. Raises Rejected "secret.name" or "secret.empty"."""
    if not _NAME.fullmatch(name):
        raise Rejected("secret.name", secret=name)
    if not value:
        raise Rejected("secret.empty", secret=name)
    identity, sealed = enclose(keys, hub, name, value)
    forget(tx, name)
    tx.insert(secret, ("name", "key_id", "sealed", "changed_at"), [(name, identity, sealed, tx.now())])


def unseal(tx: Tx, keys: MasterKeys, hub: str, name: str) -> str | None:
    """The value of a sealed secret, None if there is none. Raises Denied, see `disclose`."""
    row = tx.run(select(secret.c.key_id, secret.c.sealed).where(secret.c.name == name)).one_or_none()
    return None if row is None else disclose(keys, hub, name, *row)


def forget(tx: Tx, name: str) -> bool:
    """Delete a sealed secret. False if there was none."""
    return bool(tx.run(delete(secret).where(secret.c.name == name)).rowcount)


def names(tx: Tx) -> Iterator[tuple[str, str, str]]:
    """(name, key id, changed at) of every sealed secret; never a value."""
    rows = tx.run(select(secret.c.name, secret.c.key_id, secret.c.changed_at).order_by(secret.c.name))
    yield from ((row.name, row.key_id, row.changed_at) for row in rows)


def rotate(tx: Tx, keys: MasterKeys, hub: str) -> int:
    """Wrap every data key anew under the current master key; values are not touched. How many were re-wrapped.

    All or none: raises Denied "secret.wrong_key" before anything changes when an older key is not at hand.
    """
    identity = keys.current[0]
    old = tx.run(select(secret).where(secret.c.key_id != identity).with_for_update()).all()
    rows = [(identity, _wrapped_anew(keys, hub, row.name, row.key_id, row.sealed), row.name) for row in old]
    people = tx.run(select(account).where(account.c.totp_key_id != identity).with_for_update()).all()
    factors = [
        (identity, _wrapped_anew(keys, hub, second_factor(row.id), row.totp_key_id, row.totp), row.id) for row in people
    ]
    tx.update(secret, ("key_id", "sealed"), rows, key="name")
    tx.update(account, ("totp_key_id", "totp"), factors)
    return len(rows) + len(factors)


def _wrapped_anew(keys: MasterKeys, hub: str, name: str, identity: str, sealed: str) -> str:
    data_key, body = _parts(keys, hub, name, identity, sealed)
    return base64.b64encode(_FORM + _wrap(keys.current[1], data_key, hub, name) + body).decode()


def second_factor(account_id: str) -> str:
    """The name that the secret of somebody's second factor is bound to; no reference of a document can hold it."""
    return f"#totp/{account_id}"


def sealed_under(tx: Tx) -> dict[str, int]:
    """Key id of a master key -> how many secrets it seals."""
    out: dict[str, int] = {}
    for column in (secret.c.key_id, account.c.totp_key_id):
        for identity, count in tx.run(select(column, func.count()).where(column.is_not(None)).group_by(column)):
            out[identity] = out.get(identity, 0) + count
    return out


def opener(begin: Callable[[], Any], keys: Callable[[], MasterKeys | None], hub: str) -> Callable[[str], str | None]:
    """How `Secrets` opens sealed ones: `begin` is `store.look`. Without keys raises Denied "secret.no_master_key".

    `keys` gives the master keys as they are now: they may have been exchanged since this process began.
    """

    def open_one(name: str) -> str | None:
        known = keys()
        if known is None:
            raise Denied("secret.no_master_key", secret=name)
        with begin() as tx:
            return unseal(tx, known, hub, name)

    return open_one
