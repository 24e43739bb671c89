"""Accounts on each engine, with passwords that are cheap to hash."""

from __future__ import annotations

import datetime as dt

import pytest
from argon2 import PasswordHasher
from sqlalchemy.engine import Engine

from pilotage.storage.accounts import Account, Accounts

NOW = dt.datetime(2026, 11, 23, 9, 30, tzinfo=dt.UTC)
CHEAP = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)


@pytest.fixture
def now() -> dt.datetime:
    """A moment to start from."""
    return NOW


@pytest.fixture
def accounts(engine: Engine) -> Accounts:
    """Nobody yet."""
    return Accounts(engine, hasher=CHEAP)


@pytest.fixture
def ada(accounts: Accounts, now: dt.datetime) -> Account:
    """Ada, an owner, with a password."""
    person = accounts.create_person("Ada Nilsen", created_by="system", now=now).person
    return accounts.create_account(
        person, "ada", roles=["owner"], created_by="p-admin", now=now, password="correct horse battery"
    )
