"""Idempotency keys: a write that a client sends twice is done once, and answered twice."""

from __future__ import annotations

import datetime as dt

import sqlalchemy as sa
from msgspec import Struct
from sqlalchemy.engine import Engine

from pilotage.storage.errors import StorageRefused
from pilotage.storage.ledger.tables import IDEMPOTENCY_KEYS
from pilotage.storage.transactions import LOCK_IDEMPOTENCY, writing

KEEP = dt.timedelta(hours=24)
LAPSE = dt.timedelta(minutes=1)


class StoredResponse(Struct, frozen=True, kw_only=True):
    """The answer that a request got the first time."""

    status: int
    body: bytes


class IdempotencyKeys:
    """Claims a key before a request is served and keeps the response for replays, per actor, for `keep`.

    A claim whose request never completed (the server died) lapses after `lapse`. Never complete a key with a
    response that shows a secret, a new token for one: responses are stored as they are.
    """

    def __init__(self, engine: Engine, *, keep: dt.timedelta = KEEP, lapse: dt.timedelta = LAPSE) -> None:
        self._engine = engine
        self._keep = keep
        self._lapse = lapse

    def claim(self, key: str, actor: str, request_digest: str, now: dt.datetime) -> StoredResponse | None:
        """The response to replay, or None when the request is to be served now and the key is the caller's.

        Raises `StorageRefused`: `idempotency-mismatch` when the key came with another request before,
        `idempotency-in-progress` while the first request is still being served.
        """
        with writing(self._engine, LOCK_IDEMPOTENCY) as connection:
            connection.execute(sa.delete(IDEMPOTENCY_KEYS).where(self._over(now)))
            held = connection.execute(sa.select(IDEMPOTENCY_KEYS).where(_is(key, actor))).first()
            if held is None:
                values = {"key": key, "actor": actor, "request_digest": request_digest, "created": now}
                connection.execute(sa.insert(IDEMPOTENCY_KEYS).values(**values))
                return None
        if held.request_digest != request_digest:
            raise StorageRefused(
                "idempotency-mismatch", "This Idempotency-Key was used for another request: choose a new one."
            )
        if held.status is None:
            raise StorageRefused(
                "idempotency-in-progress", "The first request with this Idempotency-Key is still at work: wait for it."
            )
        return StoredResponse(status=held.status, body=held.body)

    def complete(self, key: str, actor: str, response: StoredResponse) -> None:
        """Keep the response; the first one stands."""
        answer = sa.update(IDEMPOTENCY_KEYS).where(_is(key, actor), IDEMPOTENCY_KEYS.c.status.is_(None))
        with writing(self._engine, LOCK_IDEMPOTENCY) as connection:
            connection.execute(answer.values(status=response.status, body=response.body))

    def release(self, key: str, actor: str) -> None:
        """Give a claim back: the request failed and changed nothing, so that it may be tried again at once."""
        claims = sa.delete(IDEMPOTENCY_KEYS).where(_is(key, actor), IDEMPOTENCY_KEYS.c.status.is_(None))
        with writing(self._engine, LOCK_IDEMPOTENCY) as connection:
            connection.execute(claims)

    def _over(self, now: dt.datetime) -> sa.ColumnElement[bool]:
        columns = IDEMPOTENCY_KEYS.c
        lapsed = sa.and_(columns.status.is_(None), columns.created < now - self._lapse)
        return sa.or_(columns.created < now - self._keep, lapsed)


def _is(key: str, actor: str) -> sa.ColumnElement[bool]:
    return sa.and_(IDEMPOTENCY_KEYS.c.key == key, IDEMPOTENCY_KEYS.c.actor == actor)
