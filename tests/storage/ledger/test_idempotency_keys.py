"""A write sent twice is done once."""

from __future__ import annotations

import datetime as dt
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy.engine import Engine

from pilotage.storage.errors import StorageRefused
from pilotage.storage.ledger import IdempotencyKeys, StoredResponse

NOW = dt.datetime(2026, 11, 23, 12, tzinfo=dt.UTC)
CREATED = StoredResponse(status=201, body=b'{"position": 7}')


@pytest.fixture
def keys(engine: Engine) -> IdempotencyKeys:
    """An empty store of keys."""
    return IdempotencyKeys(engine)


def test_a_replay_gets_the_first_response(keys: IdempotencyKeys) -> None:
    """The first request is served; the same one again gets the stored answer, and so does a third."""
    assert keys.claim("k1", "p-1", "digest", NOW) is None
    keys.complete("k1", "p-1", CREATED)
    for minutes in (0, 5, 23 * 60):
        assert keys.claim("k1", "p-1", "digest", NOW + dt.timedelta(minutes=minutes)) == CREATED


def test_another_request_under_the_key_is_refused(keys: IdempotencyKeys) -> None:
    """A key that comes with another request is a mistake of the client, before and after the first is answered."""
    keys.claim("k1", "p-1", "digest", NOW)
    for _ in range(2):
        with pytest.raises(StorageRefused) as caught:
            keys.claim("k1", "p-1", "another digest", NOW)
        assert caught.value.code == "idempotency-mismatch"
        keys.complete("k1", "p-1", CREATED)


def test_keys_belong_to_their_actor(keys: IdempotencyKeys) -> None:
    """Two people may choose the same key."""
    keys.claim("k1", "p-1", "digest", NOW)
    keys.complete("k1", "p-1", CREATED)
    assert keys.claim("k1", "p-2", "another digest", NOW) is None


def test_a_request_at_work_is_waited_for(keys: IdempotencyKeys) -> None:
    """While the first request is served its repetition is refused; one that failed or died frees the key."""
    keys.claim("k1", "p-1", "digest", NOW)
    with pytest.raises(StorageRefused) as caught:
        keys.claim("k1", "p-1", "digest", NOW + dt.timedelta(seconds=30))
    assert caught.value.code == "idempotency-in-progress"
    keys.release("k1", "p-1")
    assert keys.claim("k1", "p-1", "digest", NOW) is None
    assert keys.claim("k1", "p-1", "digest", NOW + dt.timedelta(seconds=61)) is None


def test_the_first_response_stands(keys: IdempotencyKeys) -> None:
    """A response that is stored is neither replaced by a later one nor released."""
    keys.claim("k1", "p-1", "digest", NOW)
    keys.complete("k1", "p-1", CREATED)
    keys.complete("k1", "p-1", StoredResponse(status=500, body=b""))
    keys.release("k1", "p-1")
    assert keys.claim("k1", "p-1", "digest", NOW) == CREATED


def test_keys_expire(keys: IdempotencyKeys) -> None:
    """After a day the key is free again."""
    keys.claim("k1", "p-1", "digest", NOW)
    keys.complete("k1", "p-1", CREATED)
    assert keys.claim("k1", "p-1", "another digest", NOW + dt.timedelta(hours=24, seconds=1)) is None


def test_one_of_many_at_once_is_served(keys: IdempotencyKeys) -> None:
    """Of requests that come at the same moment with one key exactly one is served."""

    def claim(_: int) -> str:
        try:
            keys.claim("k1", "p-1", "digest", NOW)
        except StorageRefused as error:
            return error.code
        return "served"

    with ThreadPoolExecutor(8) as pool:
        assert sorted(pool.map(claim, range(8))) == ["idempotency-in-progress"] * 7 + ["served"]
