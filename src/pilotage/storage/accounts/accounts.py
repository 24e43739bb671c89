"""Everything about people and how they sign in, in one object."""

from __future__ import annotations

import secrets

from argon2 import PasswordHasher
from sqlalchemy.engine import Engine

from pilotage.storage.accounts.passwords import Passwords
from pilotage.storage.accounts.people import People
from pilotage.storage.accounts.secret_tokens import RandomBytes
from pilotage.storage.accounts.sessions import Sessions
from pilotage.storage.accounts.sign_in import SignIn
from pilotage.storage.accounts.tokens import Tokens


class Accounts(People, SignIn, Sessions, Tokens):
    """People, their accounts, sign-in, sessions and tokens, over an engine from `open_database`.

    Safe to use from many threads and processes. Times come in as `now`, which is real time. Secrets are returned once
    and kept as digests. `hasher` None: argon2id with the library's defaults (RFC 9106, three passes over 64 MiB);
    tests give a cheap one. Every method raises `StorageError` when the database cannot be used.
    """

    def __init__(
        self, engine: Engine, *, hasher: PasswordHasher | None = None, random_bytes: RandomBytes = secrets.token_bytes
    ) -> None:
        super().__init__(engine, Passwords(hasher or PasswordHasher(), random_bytes), random_bytes)
