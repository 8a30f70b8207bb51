"""Passwords: which are good enough, and what is kept of them (Argon2id with its parameters, never the password).

Rules are those of ASVS 5.0 6.2: length and not being known matter, composition does not. What is commonly used is
known by hashes in `common_passwords.bin`: the first six bytes of SHA-256 of b"hefu common password" + NUL + the word in
small letters, of the 47,000 most used in Mark Burnett's public-domain collection, so that no word can be read here.
"""

from __future__ import annotations

import bisect
import hashlib
import os
import re
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from cryptography.exceptions import InvalidKey
from cryptography.hazmat.primitives.kdf.argon2 import Argon2id

from hefu.core.errors import Rejected, Transient

SHORTEST, LONGEST = 8, 256
AT_ONCE = 2
"""Verifications at the same time: each takes the memory that its parameters say."""
PATIENCE_SECONDS = 5.0

_SALT, _HASH = 16, 32
_MARK = 6
_PARAMETERS = re.compile(r"\$argon2id\$v=19\$m=(\d+),t=(\d+),p=(\d+)\$")
_OWN = ("hefu", "合符", "kingdee", "yonyou", "woaini", "woaiwo", "admin", "administrator", "root", "password", "passwd",
        "mima", "guanliyuan", "qwerty", "qwertyuiop", "asdfgh", "asdfghjkl", "zxcvbn", "zxcvbnm", "1q2w3e", "1qaz2wsx",
        "qazwsx", "abc", "test", "welcome", "changeme", "huawei", "china", "zhongguo", "beijing", "shanghai", "wang",
        "zhang", "caiwu", "xiaoshou", "gongsi")  # fmt: skip
_ROWS = ("1234567890", "0987654321", "abcdefghijklmnopqrstuvwxyz", "qwertyuiop", "asdfghjkl", "zxcvbnm")


@dataclass(frozen=True)
class Cost:
    """What one hash costs: memory in KiB, rounds, lanes. Kept with each hash, so that it may grow."""

    memory: int = 65_536
    rounds: int = 3
    lanes: int = 4


_turns = threading.BoundedSemaphore(AT_ONCE)
"""Shared by the whole process, however many objects ask."""


class Passwords:
    """Makes and verifies hashes, at most `AT_ONCE` at a time in this process."""

    def __init__(self, cost: Cost = Cost()) -> None:
        self.cost = cost

    def hash(self, password: str) -> str:
        """What is kept of a password."""
        with self._turn():
            return _made(self.cost, password)

    def verify(self, password: str, kept: str | None) -> bool:
        """Is it the one? Without anything kept it takes as long and says no, so that time does not tell who exists."""
        with self._turn():
            if kept is None:
                kept, password = _decoy(self.cost), password + "\0"
            try:
                Argon2id.verify_phc_encoded(password.encode(), kept)
            except InvalidKey:
                return False
            return True

    def stale(self, kept: str) -> bool:
        """Was it made with other parameters than today's?"""
        found = _PARAMETERS.match(kept)
        return found is None or tuple(map(int, found.groups())) != (self.cost.memory, self.cost.rounds, self.cost.lanes)

    @contextmanager
    def _turn(self) -> Iterator[None]:
        if not _turns.acquire(timeout=PATIENCE_SECONDS):
            raise Transient("login.busy", after=PATIENCE_SECONDS)
        try:
            yield
        finally:
            _turns.release()


def _made(cost: Cost, password: str) -> str:
    kind = Argon2id(
        salt=os.urandom(_SALT), length=_HASH, iterations=cost.rounds, lanes=cost.lanes, memory_cost=cost.memory
    )
    return str(kind.derive_phc_encoded(password.encode()))


@cache
def _decoy(cost: Cost) -> str:
    """A hash that nothing fits, to be verified where there is none; made once, or its making would tell."""
    return _made(cost, "")


# ------------------------------------------------------------------ which are good enough


def check(password: str, about: Iterable[str] = ()) -> None:
    """Raises Rejected "password.short", "password.long" or "password.common". `about`: names its owner goes by."""
    if len(password) < SHORTEST:
        raise Rejected("password.short", least=SHORTEST)
    if len(password) > LONGEST:
        raise Rejected("password.long", most=LONGEST)
    if is_common(password, about):
        raise Rejected("password.common")


def is_common(password: str, about: Iterable[str] = ()) -> bool:
    """Would somebody who guesses try it early: a common word, alone or between digits and signs, or a plain row?"""
    folded = password.casefold()
    names = {part for name in about for part in re.split(r"[\W_]+", name.casefold()) if len(part) > 2}
    core = re.sub(r"^[\W\d_]+|[\W\d_]+$", "", folded)
    if _known(folded) or core in names or core in _OWN:
        return True
    if core and len(folded) - len(core) <= 5 and _known(core):
        return True
    if folded.isdigit() and len(folded) < 12:  # birthdays, telephones, lucky numbers
        return True
    return len(set(folded)) <= 2 or _is_row(folded)


def _is_row(word: str) -> bool:
    """Keys or letters in their order, once or again and again: 23456789, abcabcabc."""
    for size in range(1, len(word) // 2 + 1):
        if size <= 4 and word == (word[:size] * len(word))[: len(word)]:
            return True
    return any(word in row * 3 or word in row[::-1] * 3 for row in _ROWS)


@cache
def _marks() -> list[bytes]:
    data = (Path(__file__).parent / "common_passwords.bin").read_bytes()
    return [data[at : at + _MARK] for at in range(0, len(data), _MARK)]


def _known(word: str) -> bool:
    mark = hashlib.sha256(b"hefu common password\0" + word.encode()).digest()[:_MARK]
    marks = _marks()
    at = bisect.bisect_left(marks, mark)
    return at < len(marks) and marks[at] == mark
