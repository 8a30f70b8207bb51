"""Secrets come from where the reference says; sealed ones open only for their hub, name and key; none is printed."""

from __future__ import annotations

import base64
import os
import re
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select, update

from hefu.core.env import Env
from hefu.core.errors import Denied, HubError, Rejected
from hefu.core.words import ERRORS, tell
from hefu.store.db import Store
from hefu.store.secrets import (
    MasterKeys,
    Reference,
    Secrets,
    disclose,
    enclose,
    forget,
    make_key_file,
    malformed,
    names,
    new_master_key,
    opener,
    references,
    rotate,
    seal,
    unseal,
)
from hefu.store.tables import secret

CANARY = "canary-5f1c9e"


@pytest.fixture(params=["sqlite", "postgresql"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    url = f"sqlite:///{tmp_path}/hub.sqlite"
    if request.param == "postgresql":
        url = request.getfixturevalue("postgresql_url")
    store = Store(url, Env())
    store.create()
    with store.begin() as tx:
        tx.run(secret.delete())
    yield store
    store.close()


@pytest.fixture
def keys() -> MasterKeys:
    return MasterKeys.parse(new_master_key(), "test")


# ------------------------------------------------------------------ references


def test_references_are_found_wherever_they_stand() -> None:
    value = {"a": "x${env:A}y${file:/b c}", "l": [{"k": "${keyring:hub/crm}"}, 3, None], "n": "${sealed:crm/token}"}
    assert references(value) == [
        Reference("env", "A"),
        Reference("file", "/b c"),
        Reference("keyring", "hub/crm"),
        Reference("sealed", "crm/token"),
    ]
    assert str(references(value)[0]) == "${env:A}"


@pytest.mark.parametrize("text", ["${evn:A}", "${env:}", "${A}", "${env:A", "${ENV:A}", "${env: A}", "${}"])
def test_what_only_looks_like_a_reference_is_told(text: str) -> None:
    assert malformed(f"a {text}") != []
    assert references(text) == []


@given(st.text(max_size=40))
def test_a_text_without_references_is_left_alone(text: str) -> None:
    value = {"a": text, "b": [text]}
    if not references(value):
        assert Secrets({}, Path()).resolve(value, "x") == value


def test_environment_and_file(tmp_path: Path) -> None:
    (tmp_path / "erp").write_bytes(b"\xef\xbb\xbfpass word\r\n")
    (tmp_path / "abs").write_text("second")
    resolver = Secrets({"TOKEN": "t1", "PORT": "80"}, tmp_path)
    value = {
        "auth": {"header": "Bearer ${env:TOKEN}", "password": "${file:erp}"},
        "list": ["${env:PORT}", 5, True, None, f"${{file:{tmp_path}/abs}}"],
    }
    assert resolver.resolve(value, "crm") == {
        "auth": {"header": "Bearer t1", "password": "pass word"},
        "list": ["80", 5, True, None, "second"],
    }
    assert value["auth"] == {"header": "Bearer ${env:TOKEN}", "password": "${file:erp}"}  # the document is untouched


def test_a_value_that_looks_like_a_reference_is_not_followed() -> None:
    assert Secrets({"A": "${env:B}", "B": "no"}, Path()).resolve("${env:A}", "x") == "${env:B}"


def test_keyring() -> None:
    import keyring
    from keyring.backend import KeyringBackend

    class InMemory(KeyringBackend):
        priority = 1  # type: ignore[assignment]

        def get_password(self, service: str, username: str) -> str | None:
            return "kr" if (service, username) == ("hefu", "crm/token") else None

        def set_password(self, service: str, username: str, password: str) -> None:
            raise NotImplementedError

    before = keyring.get_keyring()
    keyring.set_keyring(InMemory())
    try:
        resolver = Secrets({}, Path())
        assert resolver.resolve("${keyring:hefu/crm/token}", "x") == "kr"
        with pytest.raises(Denied) as missing:
            resolver.resolve("${keyring:hefu/other}", "connections/crm.yaml")
        assert "keyring set hefu other" in tell(missing.value)[1]
        with pytest.raises(Denied) as wrong:
            resolver.resolve("${keyring:hefu}", "connections/crm.yaml")
        assert wrong.value.code == "secret.keyring_name"
        assert "${keyring:service/name}" in tell(wrong.value)[1]
    finally:
        keyring.set_keyring(before)


def test_a_machine_without_keyring_says_so() -> None:
    import keyring
    from keyring.backends import fail

    before = keyring.get_keyring()
    keyring.set_keyring(fail.Keyring())
    try:
        with pytest.raises(Denied) as error:
            Secrets({}, Path()).resolve("${keyring:hefu/crm}", "connections/crm.yaml")
        assert error.value.code == "secret.keyring"
    finally:
        keyring.set_keyring(before)


def test_all_missing_secrets_are_named_at_once_with_the_document_and_what_to_set(tmp_path: Path) -> None:
    value = {
        "a": "${env:CRM_TOKEN}",
        "b": "${file:/no/such}",
        "c": "${sealed:crm}",
        "d": "${env:EMPTY}${env:CRM_TOKEN}",
    }
    with pytest.raises(Denied) as error:
        Secrets({"EMPTY": ""}, tmp_path).resolve(value, "connections/crm.yaml")
    assert error.value.code == "secret.missing"
    what, then = tell(error.value)
    assert "connections/crm.yaml" in what
    assert what.count("${env:CRM_TOKEN}") == 1
    for part in ("export CRM_TOKEN=", "export EMPTY=", "> /no/such", "hefu secret set crm"):
        assert part in then


def test_unreadable_secret_files_are_told(tmp_path: Path) -> None:
    (tmp_path / "latin").write_bytes(b"\xff\xfe\x00")
    (tmp_path / "large").write_bytes(b"x" * 70_000)
    for name in ("latin", "large", "."):
        with pytest.raises(Denied) as error:
            Secrets({}, tmp_path).resolve(f"${{file:{name}}}", "connections/crm.yaml")
        assert error.value.code == "secret.file"
        assert "connections/crm.yaml" in tell(error.value)[0]


# ------------------------------------------------------------------ master keys


def test_master_key_from_environment_or_file(tmp_path: Path) -> None:
    key, old = new_master_key(), new_master_key()
    assert MasterKeys.from_environment({}) is None
    keys = MasterKeys.from_environment({"HEFU_MASTER_KEY": f"{key}, {old}"})
    assert keys is not None
    assert len(keys.by_id) == 2
    assert keys.current[1] == base64.b64decode(key)
    make_key_file(tmp_path / "key")
    assert stat.S_IMODE(os.stat(tmp_path / "key").st_mode) == 0o600
    assert MasterKeys.from_environment({"HEFU_MASTER_KEY_FILE": str(tmp_path / "key")}) is not None
    with pytest.raises(FileExistsError):
        make_key_file(tmp_path / "key")


@pytest.mark.parametrize("text", ["short", base64.b64encode(b"x" * 16).decode(), "%%%", f"{CANARY} {CANARY}", " , "])
def test_a_wrong_master_key_is_refused_without_repeating_it(text: str) -> None:
    with pytest.raises(Denied) as error:
        MasterKeys.from_environment({"HEFU_MASTER_KEY": text})
    assert error.value.code == "secret.master_key"
    assert CANARY not in str(error.value) + "".join(tell(error.value))


def test_a_master_key_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(Denied) as error:
        MasterKeys.from_environment({"HEFU_MASTER_KEY_FILE": str(tmp_path / "none")})
    assert str(tmp_path / "none") in tell(error.value)[0]


def test_keys_do_not_show_themselves(keys: MasterKeys) -> None:
    assert base64.b64encode(keys.current[1]).decode() not in repr(keys)
    assert repr(keys.current[1]) not in repr(keys)


# ------------------------------------------------------------------ sealing


@given(st.text(min_size=1), st.text(max_size=10), st.text(max_size=10))
def test_what_was_sealed_opens_to_the_same(value: str, hub: str, name: str) -> None:
    keys = MasterKeys.parse(base64.b64encode(b"k" * 32).decode(), "test")
    identity, sealed = enclose(keys, hub, name, value)
    assert disclose(keys, hub, name, identity, sealed) == value
    assert len(value) < 8 or value not in sealed


def test_a_sealed_value_is_bound_to_hub_name_and_every_bit(keys: MasterKeys) -> None:
    identity, sealed = enclose(keys, "hub1", "crm", CANARY)
    for hub, name in (("hub2", "crm"), ("hub1", "erp")):
        with pytest.raises(Denied, match="tampered"):
            disclose(keys, hub, name, identity, sealed)
    raw = base64.b64decode(sealed)
    for at in range(len(raw)):
        bent = bytearray(raw)
        bent[at] ^= 1
        with pytest.raises(Denied, match="tampered"):
            disclose(keys, "hub1", "crm", identity, base64.b64encode(bytes(bent)).decode())
    for broken in ("", "!!", base64.b64encode(raw[:40]).decode()):
        with pytest.raises(Denied, match="tampered"):
            disclose(keys, "hub1", "crm", identity, broken)


def test_the_same_value_never_seals_alike(keys: MasterKeys) -> None:
    assert len({enclose(keys, "h", "n", CANARY)[1] for _ in range(50)}) == 50


def test_the_table_keeps_no_value_and_gives_it_back(store: Store, keys: MasterKeys) -> None:
    with store.begin() as tx:
        seal(tx, keys, "hub1", "crm/token", "old")
        seal(tx, keys, "hub1", "crm/token", CANARY)
        seal(tx, keys, "hub1", "erp", "密码 with space")
    with store.look() as tx:
        assert unseal(tx, keys, "hub1", "crm/token") == CANARY
        assert unseal(tx, keys, "hub1", "erp") == "密码 with space"
        assert unseal(tx, keys, "hub1", "none") is None
        assert [row[:2] for row in names(tx)] == [("crm/token", keys.current[0]), ("erp", keys.current[0])]
        rows = str(tx.run(select(secret)).all())
    assert CANARY not in rows
    assert CANARY not in base64.b64decode(re.findall(r"[A-Za-z0-9+/=]{80,}", rows)[0]).decode("latin-1")
    resolver = Secrets({}, Path(), opener(store.look, lambda: keys, "hub1"))
    assert resolver.resolve("Bearer ${sealed:crm/token}", "x") == f"Bearer {CANARY}"
    with store.begin() as tx:
        assert forget(tx, "erp")
        assert not forget(tx, "erp")
    with pytest.raises(Denied, match="missing"):
        resolver.resolve("${sealed:erp}", "x")


def test_rotation_wraps_anew_and_the_old_key_may_go(store: Store, keys: MasterKeys) -> None:
    with store.begin() as tx:
        for n in range(20):
            seal(tx, keys, "hub1", f"s{n}", f"value {n}")
    new = MasterKeys.parse(new_master_key(), "test")
    both = MasterKeys({**new.by_id, **keys.by_id})
    with store.begin() as tx:
        seal(tx, both, "hub1", "fresh", "already new")
        assert rotate(tx, both, "hub1") == 20
        assert rotate(tx, both, "hub1") == 0
    with store.look() as tx:
        assert {row[1] for row in names(tx)} == {new.current[0]}
        assert [unseal(tx, new, "hub1", f"s{n}") for n in range(20)] == [f"value {n}" for n in range(20)]
        with pytest.raises(Denied) as error:
            unseal(tx, keys, "hub1", "s0")
    assert error.value.code == "secret.wrong_key"
    assert new.current[0] in tell(error.value)[0]


def test_a_rotation_that_cannot_finish_changes_nothing(store: Store, keys: MasterKeys) -> None:
    with store.begin() as tx:
        seal(tx, keys, "hub1", "a", "1")
        seal(tx, keys, "hub1", "b", "2")
        tx.run(update(secret).where(secret.c.name == "b").values(key_id="lost"))
    new = MasterKeys.parse(new_master_key(), "test")
    with pytest.raises(Denied, match="wrong_key"), store.begin() as tx:
        rotate(tx, MasterKeys({**new.by_id, **keys.by_id}), "hub1")
    with store.look() as tx:
        assert unseal(tx, keys, "hub1", "a") == "1"


def test_a_rolled_back_change_leaves_the_old_secret(store: Store, keys: MasterKeys) -> None:
    with store.begin() as tx:
        seal(tx, keys, "hub1", "a", "1")
    with pytest.raises(ZeroDivisionError), store.begin() as tx:
        seal(tx, keys, "hub1", "a", "2"), 1 / 0
    with store.look() as tx:
        assert unseal(tx, keys, "hub1", "a") == "1"


@pytest.mark.parametrize("name", ["", " a", "a b", "../x", "-x", "a" * 201, "a}b", "a\n"])
def test_names_that_no_reference_could_hold_are_refused(store: Store, keys: MasterKeys, name: str) -> None:
    with pytest.raises(Rejected, match=r"secret\.name"), store.begin() as tx:
        seal(tx, keys, "hub1", name, "x")


def test_an_empty_secret_is_refused(store: Store, keys: MasterKeys) -> None:
    with pytest.raises(Rejected, match=r"secret\.empty"), store.begin() as tx:
        seal(tx, keys, "hub1", "a", "")


def test_without_a_master_key_sealed_secrets_say_what_to_set(store: Store) -> None:
    with pytest.raises(Denied) as error:
        Secrets({}, Path(), opener(store.look, lambda: None, "hub1")).resolve("${sealed:crm}", "connections/crm.yaml")
    assert error.value.code == "secret.no_master_key"
    assert "HEFU_MASTER_KEY_FILE" in tell(error.value)[1]


def test_every_secret_error_has_words_in_both_languages() -> None:
    for code in (code for code in ERRORS if code.startswith("secret.")):
        facts = dict.fromkeys(("document", "secret", "how", "where", "path", "reason", "key", "count"), "x")
        for language in ("en", "zh"):
            assert "?" not in "".join(tell(HubError(code, **facts), language)), code
