"""Sessions: a sign-in that lasts, known by a random token of which only the digest is kept."""

from __future__ import annotations

import datetime as dt
from typing import Any

import sqlalchemy as sa
from msgspec import structs
from sqlalchemy.engine import Row

from pilotage.storage.accounts.identity import Identity, Session
from pilotage.storage.accounts.secret_tokens import csrf_of, digest, new_secret
from pilotage.storage.accounts.store import USE_NOTED_EVERY, WITH_PERSON, AccountStore, identity_of
from pilotage.storage.accounts.tables import ACCOUNTS, API_TOKENS, SESSIONS
from pilotage.storage.errors import StorageRefused
from pilotage.storage.transactions import LOCK_ACCOUNTS, reading, writing

SESSION_LIFETIME = dt.timedelta(hours=24)
SESSION_IDLE = dt.timedelta(hours=8)

_FOUND = WITH_PERSON.join(SESSIONS, SESSIONS.c.account == ACCOUNTS.c.account).add_columns(
    SESSIONS.c.created, SESSIONS.c.last_used, SESSIONS.c.expires, SESSIONS.c.credential_at
)


class Sessions(AccountStore):
    """Sign-ins that last. `now` is real time, whatever a demonstration simulates."""

    def open_session(self, identity: Identity, now: dt.datetime) -> str:
        """The token of a new session for whoever just signed in; it is shown this once, for a cookie."""
        token = new_secret("pilotage_session_", self._random_bytes)
        values = {
            "token_hash": digest(token),
            "account": identity.account,
            "created": now,
            "last_used": now,
            "expires": now + SESSION_LIFETIME,
            "credential_at": now,
        }
        with writing(self._engine, LOCK_ACCOUNTS) as connection:
            connection.execute(sa.delete(SESSIONS).where(_over(now)))
            connection.execute(sa.insert(SESSIONS).values(**values))
        return token

    def find_session(self, token: str, now: dt.datetime) -> Session | None:
        """The session of a token; None when there is none, it is over, or its account is disabled."""
        is_it = SESSIONS.c.token_hash == digest(token)
        found = _FOUND.where(is_it, sa.not_(_over(now)), ACCOUNTS.c.disabled.is_(False))
        with reading(self._engine) as connection:
            row = connection.execute(found).first()
        if row is None:
            return None
        if now - row.last_used >= USE_NOTED_EVERY:
            with writing(self._engine, LOCK_ACCOUNTS) as connection:
                connection.execute(sa.update(SESSIONS).where(is_it).values(last_used=now))
        return _session(row, token)

    def confirm_session(self, token: str, now: dt.datetime) -> None:
        """Note that the credential was given again. Raises `StorageRefused` when the session is over."""
        is_it = sa.and_(SESSIONS.c.token_hash == digest(token), sa.not_(_over(now)))
        with writing(self._engine, LOCK_ACCOUNTS) as connection:
            if connection.execute(sa.update(SESSIONS).where(is_it).values(credential_at=now)).rowcount == 0:
                raise StorageRefused("session-over", "The session is over: sign in again.")

    def close_session(self, token: str) -> None:
        """End a session; one that is over already is no error."""
        with writing(self._engine, LOCK_ACCOUNTS) as connection:
            connection.execute(sa.delete(SESSIONS).where(SESSIONS.c.token_hash == digest(token)))

    def close_sessions(self, identity: Identity) -> int:
        """End every session of an account, everywhere; how many there were."""
        with writing(self._engine, LOCK_ACCOUNTS) as connection:
            return connection.execute(sa.delete(SESSIONS).where(SESSIONS.c.account == identity.account)).rowcount

    def seen_lately(self, since: dt.datetime) -> frozenset[str]:
        """The people who have used a session or a token since then."""
        by_session = sa.select(ACCOUNTS.c.person).join(SESSIONS, SESSIONS.c.account == ACCOUNTS.c.account)
        by_token = sa.select(API_TOKENS.c.person).where(API_TOKENS.c.last_used >= since)
        with reading(self._engine) as connection:
            sessions = connection.execute(by_session.where(SESSIONS.c.last_used >= since)).scalars()
            return frozenset(sessions) | frozenset(connection.execute(by_token).scalars())


def _over(now: dt.datetime) -> sa.ColumnElement[bool]:
    return sa.or_(SESSIONS.c.expires <= now, SESSIONS.c.last_used <= now - SESSION_IDLE)


def _session(row: Row[Any], token: str) -> Session:
    return Session(
        **structs.asdict(identity_of(row)),
        created=row.created,
        last_used=row.last_used,
        expires=row.expires,
        credential_at=row.credential_at,
        csrf=csrf_of(token),
    )
