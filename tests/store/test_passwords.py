"""Passwords: length and not being known count, nothing else; hashes carry their cost and grow with it."""

from __future__ import annotations

import threading

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hefu.core.errors import Rejected
from hefu.store.passwords import LONGEST, Cost, Passwords, check, is_common

CHEAP = Cost(memory=8, rounds=1, lanes=1)


@pytest.mark.parametrize(
    ("password", "code"),
    [
        ("seven77", "password.short"),
        ("x" * 257, "password.long"),
        ("password", "password.common"),
        ("PassWord2024!", "password.common"),
        ("woaini1314", "password.common"),
        ("5201314520", "password.common"),
        ("12345678", "password.common"),
        ("qwertyuiop", "password.common"),
        ("abcabcabc", "password.common"),
        ("aaaaaaaaaa", "password.common"),
        ("23456789", "password.common"),
        ("lilei2024", "password.common"),
        ("Hefu@2026", "password.common"),
        ("sunshine", "password.common"),
        ("13800138000", "password.common"),
    ],
)
def test_what_anybody_would_try_is_refused(password: str, code: str) -> None:
    with pytest.raises(Rejected) as caught:
        check(password, ("LiLei", "lilei@example.cn"))
    assert caught.value.code == code


@pytest.mark.parametrize(
    "password",
    [
        "correct horse battery staple",
        "vierundzwanzig stunden",
        "红烧牛肉配两碗米饭",
        "Kz7#qq0vLm",
        "purplemonkeydishwasher",
        "w" * 3 + "kärnkraft är inte allt" * 3,
    ],
)
def test_length_and_chance_are_enough(password: str) -> None:
    check(password, ("LiLei",))


def test_long_ones_are_taken_whole() -> None:
    kept = Passwords(CHEAP)
    long = "ab cd ef " * 20
    hashed = kept.hash(long)
    assert kept.verify(long, hashed)
    assert not kept.verify(long[:-1], hashed)
    assert not kept.verify(long[:72], hashed)
    check("one word after the other " * (LONGEST // 26))


@settings(max_examples=25, deadline=None)
@given(st.text(min_size=1, max_size=40), st.text(min_size=1, max_size=40))
def test_only_the_password_itself_fits(password: str, other: str) -> None:
    kept = Passwords(CHEAP)
    hashed = kept.hash(password)
    assert kept.verify(password, hashed)
    assert kept.verify(other, hashed) == (other == password)
    assert kept.hash(password) != hashed, "salted"
    assert password not in hashed or len(password) < 6


def test_a_hash_of_other_parameters_is_stale_and_still_fits() -> None:
    old, new = Passwords(CHEAP), Passwords(Cost(memory=16, rounds=2, lanes=1))
    hashed = old.hash("correct horse")
    assert not old.stale(hashed)
    assert new.stale(hashed)
    assert new.verify("correct horse", hashed)
    assert Passwords().cost == Cost(65_536, 3, 4), "what is used outside of tests"


def test_nobody_has_any_password_where_none_is_kept() -> None:
    kept = Passwords(CHEAP)
    assert not kept.verify("", None)
    assert not kept.verify("x", None)
    assert not kept.verify("x", "not a hash")


def test_no_more_than_two_are_verified_at_a_time_in_all_of_a_process(monkeypatch: pytest.MonkeyPatch) -> None:
    kept = Passwords(CHEAP)
    hashed = kept.hash("correct horse")
    inside, most, gate = 0, 0, threading.Barrier(2, timeout=20)
    lock = threading.Lock()

    class Slow:
        """Stands where the real one is verified, and waits until a second one is in there, too."""

        @staticmethod
        def verify_phc_encoded(*_: object) -> None:
            nonlocal inside, most
            with lock:
                inside += 1
                most = max(most, inside)
            gate.wait()
            with lock:
                inside -= 1

    monkeypatch.setattr("hefu.store.passwords.Argon2id", Slow)
    threads = [threading.Thread(target=Passwords(CHEAP).verify, args=("x", hashed)) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert most == 2


def test_common_means_common_whatever_its_case() -> None:
    assert is_common("IloveYou")
    assert not is_common("ilovegreycats")
