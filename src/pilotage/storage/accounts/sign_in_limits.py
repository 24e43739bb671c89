"""How many sign-ins may fail before a wait: for a name from one address, for an address, and for a name."""

from __future__ import annotations

import datetime as dt
import hashlib
import math

import sqlalchemy as sa
from msgspec import Struct
from sqlalchemy.engine import Connection, Engine

from pilotage.storage.accounts.tables import SIGN_IN_FAILURES
from pilotage.storage.transactions import LOCK_ACCOUNTS, writing

KEPT = dt.timedelta(days=1)
WAIT_FIRST_S = 30
WAIT_MAX_S = 15 * 60


class Limit(Struct, frozen=True, kw_only=True):
    """From how many failures on each further one means a wait, and after how long without one they are forgotten."""

    failures: int
    forgotten: dt.timedelta


# The last is what stops guessing from many addresses at once. It is high, since it lets strangers make somebody wait
# (NIST SP 800-63B, section 3.2.2 of revision 4: no more than 100 consecutive failures for one account).
NAME_AND_ADDRESS = Limit(failures=5, forgotten=dt.timedelta(hours=1))
ADDRESS = Limit(failures=50, forgotten=dt.timedelta(hours=1))
NAME = Limit(failures=100, forgotten=KEPT)


class SignInLimits:
    """Counts an attempt as failed before it is looked at, so that many at once do not slip through."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def attempt(self, username: str, address: str, now: dt.datetime) -> int | None:
        """Seconds to wait before another attempt; None when this one may go on, and is counted until it succeeds."""
        with writing(self._engine, LOCK_ACCOUNTS) as connection:
            connection.execute(sa.delete(SIGN_IN_FAILURES).where(SIGN_IN_FAILURES.c.last < now - KEPT))
            subjects = _subjects(username, address)
            waits = [_wait_s(connection, subject, now) for subject in subjects]
            if any(waits):
                return max(waits)
            for subject, limit in subjects.items():
                _count(connection, subject, limit, now)
        return None

    def succeeded(self, username: str, address: str) -> None:
        """Take the attempt back. The name's failures are forgotten; the address keeps those of other names."""
        columns = SIGN_IN_FAILURES.c
        pair, of_address, name = _subjects(username, address)
        with writing(self._engine, LOCK_ACCOUNTS) as connection:
            connection.execute(sa.delete(SIGN_IN_FAILURES).where(columns.subject.in_([pair, name])))
            one_less = sa.update(SIGN_IN_FAILURES).where(columns.subject == of_address)
            connection.execute(one_less.values(failures=columns.failures - 1, locked_until=None))


def _subjects(username: str, address: str) -> dict[bytes, Limit]:
    """The three counters of an attempt, in order: name at address, address, name."""
    return {
        _subject("name-address", username, address): NAME_AND_ADDRESS,
        _subject("address", address): ADDRESS,
        _subject("name", username): NAME,
    }


def _subject(*parts: str) -> bytes:
    return hashlib.sha256("\0".join(parts).encode("utf-8", "surrogatepass")).digest()


def _wait_s(connection: Connection, subject: bytes, now: dt.datetime) -> int:
    columns = SIGN_IN_FAILURES.c
    until = connection.execute(sa.select(columns.locked_until).where(columns.subject == subject)).scalar()
    return 0 if until is None else max(0, math.ceil((until - now).total_seconds()))


def _count(connection: Connection, subject: bytes, limit: Limit, now: dt.datetime) -> None:
    is_it = SIGN_IN_FAILURES.c.subject == subject
    row = connection.execute(sa.select(SIGN_IN_FAILURES).where(is_it)).first()
    failures = 1 if row is None or row.last < now - limit.forgotten else row.failures + 1
    values = {"failures": failures, "last": now, "locked_until": _locked_until(failures, limit, now)}
    if row is None:
        connection.execute(sa.insert(SIGN_IN_FAILURES).values(subject=subject, **values))
    else:
        connection.execute(sa.update(SIGN_IN_FAILURES).where(is_it).values(**values))


def _locked_until(failures: int, limit: Limit, now: dt.datetime) -> dt.datetime | None:
    over = failures - limit.failures
    if over < 0:
        return None
    # The exponent is bounded as well: a number of seconds beyond the maximum must not overflow.
    return now + dt.timedelta(seconds=min(WAIT_FIRST_S * 2 ** min(over, 10), WAIT_MAX_S))
