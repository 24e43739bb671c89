"""What the parts of the accounts share: the engine, the randomness, and how a row becomes a person or an identity."""

from __future__ import annotations

import datetime as dt
import re
import unicodedata
from typing import Any

import msgspec
import sqlalchemy as sa
from sqlalchemy.engine import Connection, Engine, Row

from pilotage.storage.accounts.identity import Account, Identity, effective_roles
from pilotage.storage.accounts.passwords import Passwords
from pilotage.storage.accounts.secret_tokens import RandomBytes
from pilotage.storage.accounts.tables import ACCOUNTS, PERSONS
from pilotage.storage.errors import StorageRefused

# When a session or token was last used is not noted at every request: each would be a durable write.
USE_NOTED_EVERY = dt.timedelta(minutes=1)

_USERNAME = re.compile(r"[a-z0-9][a-z0-9._@+-]{0,127}")

WITH_PERSON = sa.select(ACCOUNTS, PERSONS.c.name).join(PERSONS, PERSONS.c.person == ACCOUNTS.c.person)


class AccountStore:
    """The ground that the parts of `Accounts` stand on."""

    def __init__(self, engine: Engine, passwords: Passwords, random_bytes: RandomBytes) -> None:
        self._engine = engine
        self._passwords = passwords
        self._random_bytes = random_bytes


def normal_username(username: str) -> str:
    """A name as it is kept: without case or outer spaces, in one Unicode form."""
    return unicodedata.normalize("NFKC", username).strip().casefold()


def find_account(connection: Connection, username: str) -> Row[Any] | None:
    """The row of `WITH_PERSON` of an account; None when there is none of that name."""
    normal = normal_username(username)
    if not _USERNAME.fullmatch(normal):
        return None  # what cannot be a name may not even be fit to ask a database for
    return connection.execute(WITH_PERSON.where(ACCOUNTS.c.username == normal)).first()


def checked_username(username: str) -> str:
    """The normal form of a new name. Raises `StorageRefused` when it holds what a name may not."""
    normal = normal_username(username)
    if not _USERNAME.fullmatch(normal):
        raise StorageRefused(
            "username", "A user name has 1 to 128 letters a-z, digits or . _ @ + - and begins with a letter or digit."
        )
    return normal


def checked_name(what: str, name: str) -> str:
    """A display name, without outer spaces. Raises `StorageRefused` when it is empty, overlong or not printable."""
    trimmed = unicodedata.normalize("NFC", name).strip()
    if not 0 < len(trimmed) <= 200 or not trimmed.isprintable():  # noqa: PLR2004 - said in the sentence
        raise StorageRefused("name", f"The name of a {what} has 1 to 200 printable characters.")
    return trimmed


def packed_roles(roles: frozenset[str]) -> str:
    """Roles or scopes as they are stored: a JSON list in order."""
    return msgspec.json.encode(sorted(roles)).decode()


def unpacked_roles(text: str) -> frozenset[str]:
    """The roles or scopes of a stored list."""
    return frozenset(msgspec.json.decode(text, type=list[str]))


def account_of(row: Row[Any]) -> Account:
    """The account of a row of `ACCOUNTS`."""
    return Account(
        account=row.account,
        username=row.username,
        person=row.person,
        roles=unpacked_roles(row.roles),
        disabled=row.disabled,
        created_by=row.created_by,
        created_at=row.created_at,
        has_password=row.password_hash is not None,
        password_set_by=row.password_set_by,
        password_set_at=row.password_set_at,
    )


def identity_of(row: Row[Any]) -> Identity:
    """The identity of a row of `WITH_PERSON`."""
    return Identity(
        person=row.person,
        name=row.name,
        account=row.account,
        username=row.username,
        roles=effective_roles(unpacked_roles(row.roles)),
        account_created_by=row.created_by,
        password_set_by=row.password_set_by,
        password_set_at=row.password_set_at,
    )


def required_account(connection: Connection, username: str) -> Row[Any]:
    """The row of an account. Raises `StorageRefused` when there is none of that name."""
    row = find_account(connection, username)
    if row is None:
        raise StorageRefused("unknown-account", f"There is no account named {username!r}.")
    return row
