"""Failed logins are counted in the database, so that guessing grows slow however many processes answer.

Three counters: of an account from one address, of an address over all accounts, of an account over all addresses.
The last one never delays who has logged in from this address before, and delays others by a minute at most: strangers
cannot lock anybody out. An attempt is counted before its password is looked at, so that many at once gain nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from ipaddress import ip_address, ip_network
from typing import Any, NamedTuple

from sqlalchemy import delete, select

from hefu.core.errors import Transient
from hefu.store.db import Store, Tx, instant, text
from hefu.store.tables import attempt

FORGOTTEN_SECONDS = 86_400
"""After a day without a failure a counter starts anew."""


class Limit(NamedTuple):
    """So many failures are free; each further one doubles the delay up to the longest."""

    free: int
    longest: int

    def delay(self, failures: int) -> int:
        """Seconds until the next attempt is looked at."""
        return 0 if failures < self.free else min(2 ** min(failures - self.free, 20), self.longest)


PAIR = Limit(5, 900)
ADDRESS = Limit(20, 900)
ACCOUNT = Limit(50, 60)


def _keys(login: str, address: str) -> dict[str, Limit]:
    address = _network(address)
    return {f"pair:{login}@{address}"[:300]: PAIR, f"address:{address}"[:300]: ADDRESS,
            f"account:{login}"[:300]: ACCOUNT}  # fmt: skip


def _network(address: str) -> str:
    """An address as it is counted: of IPv6 the network, since one customer has all of its 2^64 addresses."""
    try:
        found = ip_address(address.partition("%")[0])
    except ValueError:
        return address[:64]
    if found.version == 6 and found.ipv4_mapped is None:
        return str(ip_network((int(found) >> 64 << 64, 64)))
    return str(getattr(found, "ipv4_mapped", None) or found)


def begin(store: Store, login: str, address: str) -> None:
    """Count an attempt as failed until `succeeded` says otherwise. Raises Transient "login.wait" if too soon."""
    wait = store.again(lambda tx: _count(tx, login, address))
    if wait > 0:
        raise Transient("login.wait", after=wait, seconds=int(wait) + 1)


def _count(tx: Tx, login: str, address: str) -> float:
    tx.lock_name("login")
    keys = _keys(login, address)
    rows = {row["key"]: row for row in tx.run(select(attempt).where(attempt.c.key.in_(keys))).mappings()}
    pair = next(iter(keys))
    known_here = pair in rows and rows[pair]["good_at"] is not None
    counted = {key: limit for key, limit in keys.items() if not (limit is ACCOUNT and known_here)}
    now = tx.now()
    wait = max((_left(rows[key]["free_at"], now) for key in counted if key in rows), default=0.0)
    if wait <= 0:
        for key, limit in counted.items():
            _fail(tx, rows.get(key), key, limit, now)
    return wait


def _left(free_at: str, now: str) -> float:
    return (instant(free_at) - instant(now)).total_seconds()


def _fail(tx: Tx, row: Mapping[str, Any] | None, key: str, limit: Limit, now: str) -> None:
    old = text(instant(now) - timedelta(seconds=FORGOTTEN_SECONDS))
    failures = 1 if row is None or row["last_at"] < old else row["failures"] + 1
    values = {"failures": failures, "last_at": now, "free_at": tx.later(limit.delay(failures))}
    if row is None:
        tx.run(attempt.insert().values(key=key, **values))
    else:
        tx.run(attempt.update().where(attempt.c.key == key).values(**values))


def succeeded(tx: Tx, login: str, address: str) -> None:
    """It was the right person: nothing counts against this account here, and the address is known from now on."""
    pair, addresses, accounts = _keys(login, address)
    now = tx.now()
    values = {"failures": 0, "last_at": now, "free_at": now, "good_at": now}
    if not tx.run(attempt.update().where(attempt.c.key == pair).values(**values)).rowcount:
        tx.run(attempt.insert().values(key=pair, **values))
    for key in (addresses, accounts):
        _one_less(tx, key, now)


def undecided(tx: Tx, login: str, address: str) -> None:
    """The password was right and the second factor is still to come: the attempt does not count."""
    for key in _keys(login, address):
        _one_less(tx, key, tx.now())


def _one_less(tx: Tx, key: str, now: str) -> None:
    more = attempt.c.failures > 0
    tx.run(attempt.update().where(attempt.c.key == key, more).values(failures=attempt.c.failures - 1, free_at=now))


def sweep(tx: Tx) -> None:
    """Forget counters of long ago, but not from where somebody has logged in within the last 90 days."""
    old, very_old = tx.later(-FORGOTTEN_SECONDS), tx.later(-90 * 86_400)
    tx.run(delete(attempt).where(attempt.c.last_at < old, attempt.c.good_at.is_(None)))
    tx.run(delete(attempt).where(attempt.c.last_at < very_old))
