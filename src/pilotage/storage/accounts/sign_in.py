"""Signing in: by name and password, or once by a link."""

from __future__ import annotations

import datetime as dt

import sqlalchemy as sa
from sqlalchemy.engine import Engine

from pilotage.storage.accounts.identity import Identity, SignInRefused
from pilotage.storage.accounts.passwords import Passwords
from pilotage.storage.accounts.secret_tokens import RandomBytes, digest, new_secret
from pilotage.storage.accounts.sign_in_limits import SignInLimits
from pilotage.storage.accounts.store import (
    WITH_PERSON,
    AccountStore,
    find_account,
    identity_of,
    normal_username,
    required_account,
)
from pilotage.storage.accounts.tables import ACCOUNTS, SIGN_IN_LINKS
from pilotage.storage.transactions import LOCK_ACCOUNTS, reading, writing

LINK_LIFETIME = dt.timedelta(minutes=15)


class SignIn(AccountStore):
    """Who somebody is who says so."""

    def __init__(self, engine: Engine, passwords: Passwords, random_bytes: RandomBytes) -> None:
        super().__init__(engine, passwords, random_bytes)
        self._limits = SignInLimits(engine)

    def authenticate(self, username: str, password: str, now: dt.datetime, *, address: str = "") -> Identity:
        """Who has this name and password. `address` is where the attempt comes from, for the limits.

        Raises `SignInRefused`: `wrong-credentials` (for an unknown name too, after the same work),
        `account-disabled` (only after the right password), `too-many-attempts` with the seconds to wait.
        """
        name = normal_username(username)
        wait_s = self._limits.attempt(name, address, now)
        if wait_s is not None:
            raise SignInRefused(
                "too-many-attempts", f"Too many sign-ins have failed: wait {wait_s} seconds.", retry_after_s=wait_s
            )
        with reading(self._engine) as connection:
            row = find_account(connection, name)
        hashed: str | None = None if row is None else row.password_hash
        if not self._passwords.matches(hashed, password) or row is None or hashed is None:
            raise SignInRefused("wrong-credentials", "The user name or the password is wrong.")
        self._limits.succeeded(name, address)
        if row.disabled:
            raise SignInRefused("account-disabled", "This account is disabled: ask an administrator.")
        if self._passwords.outdated(hashed):
            self._rehash(row.account, hashed, password)
        return identity_of(row)

    def issue_link(
        self, username: str, *, created_by: str, now: dt.datetime, lifetime: dt.timedelta = LINK_LIFETIME
    ) -> str:
        """A secret that signs the account in once, within its lifetime. Raises `StorageRefused` for no such account."""
        secret = new_secret("pilotage_link_", self._random_bytes)
        with writing(self._engine, LOCK_ACCOUNTS) as connection:
            connection.execute(sa.delete(SIGN_IN_LINKS).where(SIGN_IN_LINKS.c.expires < now))
            values = {
                "token_hash": digest(secret),
                "account": required_account(connection, username).account,
                "created_by": created_by,
                "created": now,
                "expires": now + lifetime,
            }
            connection.execute(sa.insert(SIGN_IN_LINKS).values(**values))
        return secret

    def redeem_link(self, secret: str, now: dt.datetime) -> Identity:
        """Who the link signs in; it is used up. Raises `SignInRefused` when it is unknown, over or used."""
        links = SIGN_IN_LINKS.c
        use = sa.update(SIGN_IN_LINKS).where(
            links.token_hash == digest(secret), links.used.is_(None), links.expires > now
        )
        with writing(self._engine, LOCK_ACCOUNTS) as connection:
            if connection.execute(use.values(used=now)).rowcount == 0:
                raise SignInRefused("wrong-credentials", "This link has been used or is over: ask for a new one.")
            account = sa.select(links.account).where(links.token_hash == digest(secret)).scalar_subquery()
            row = connection.execute(WITH_PERSON.where(ACCOUNTS.c.account == account)).one()
        if row.disabled:
            raise SignInRefused("account-disabled", "This account is disabled: ask an administrator.")
        return identity_of(row)

    def _rehash(self, account: str, before: str, password: str) -> None:
        """Bring an old hash up to today's parameters, unless the password was changed meanwhile."""
        hashed = self._passwords.hash(password)
        same = sa.and_(ACCOUNTS.c.account == account, ACCOUNTS.c.password_hash == before)
        with writing(self._engine, LOCK_ACCOUNTS) as connection:
            connection.execute(sa.update(ACCOUNTS).where(same).values(password_hash=hashed))
