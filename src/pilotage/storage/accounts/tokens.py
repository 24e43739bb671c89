"""API tokens: what programs sign in with, for a person, within scopes."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Row

from pilotage.storage.accounts.identity import IssuedToken, Token, TokenIdentity, checked_scopes, effective_roles
from pilotage.storage.accounts.secret_tokens import digest, new_id, new_secret
from pilotage.storage.accounts.store import USE_NOTED_EVERY, AccountStore, checked_name, packed_roles, unpacked_roles
from pilotage.storage.accounts.tables import ACCOUNTS, API_TOKENS, PERSONS
from pilotage.storage.errors import StorageRefused
from pilotage.storage.transactions import LOCK_ACCOUNTS, reading, writing


class Tokens(AccountStore):
    """Tokens of programs. A token acts for a person and stops with that person's accounts.

    A person who never had an account can hold one too: a service, whose token outlives the people who set it up.
    """

    def issue_token(
        self,
        name: str,
        *,
        person: str,
        scopes: Iterable[str],
        created_by: str,
        now: dt.datetime,
        workload: str | None = None,
        expires: dt.datetime | None = None,
    ) -> IssuedToken:
        """A new token; its secret is shown this once.

        Raises `StorageRefused`: `name`, `unknown-scope`, `unknown-person`, `token-expired`.
        """
        secret = new_secret("pilotage_token_", self._random_bytes)
        if expires is not None and expires <= now:
            raise StorageRefused("token-expired", "A new token must end later than now.")
        values = {
            "token": new_id("t-", self._random_bytes),
            "token_hash": digest(secret),
            "name": checked_name("token", name),
            "scopes": packed_roles(checked_scopes(frozenset(scopes))),
            "workload": workload,
            "person": person,
            "created_by": created_by,
            "created": now,
            "expires": expires,
        }
        with writing(self._engine, LOCK_ACCOUNTS) as connection:
            if connection.execute(sa.select(PERSONS).where(PERSONS.c.person == person)).first() is None:
                raise StorageRefused("unknown-person", f"There is no person {person!r}.")
            connection.execute(sa.insert(API_TOKENS).values(**values))
            made = connection.execute(sa.select(API_TOKENS).where(API_TOKENS.c.token == values["token"])).one()
        return IssuedToken(token=_token(made), secret=secret)

    def find_token(self, secret: str, now: dt.datetime) -> TokenIdentity | None:
        """Whom a token acts for; None when it is unknown, revoked or over, or its person is disabled."""
        found = (
            sa.select(API_TOKENS, PERSONS.c.name.label("person_name"))
            .join(PERSONS, PERSONS.c.person == API_TOKENS.c.person)
            .where(API_TOKENS.c.token_hash == digest(secret), API_TOKENS.c.revoked.is_(None))
        )
        with reading(self._engine) as connection:
            row = connection.execute(found).first()
            if row is None or (row.expires is not None and row.expires <= now):
                return None
            accounts = _accounts(connection, row.person)
        enabled = [account for account in accounts if not account.disabled]
        if accounts and not enabled:
            return None
        if row.last_used is None or now - row.last_used >= USE_NOTED_EVERY:
            with writing(self._engine, LOCK_ACCOUNTS) as connection:
                connection.execute(sa.update(API_TOKENS).where(API_TOKENS.c.token == row.token).values(last_used=now))
        return TokenIdentity(
            token=row.token,
            person=row.person,
            name=row.person_name,
            username=enabled[0].username if enabled else "",
            roles=effective_roles(frozenset[str]().union(*(unpacked_roles(account.roles) for account in enabled))),
            scopes=unpacked_roles(row.scopes),
            workload=row.workload,
        )

    def tokens(self, person: str | None = None) -> tuple[Token, ...]:
        """Every token, or a person's, in the order they were made; revoked ones too."""
        listed = sa.select(API_TOKENS).order_by(API_TOKENS.c.created, API_TOKENS.c.token)
        if person is not None:
            listed = listed.where(API_TOKENS.c.person == person)
        with reading(self._engine) as connection:
            return tuple(_token(row) for row in connection.execute(listed))

    def revoke_token(self, token: str, now: dt.datetime) -> None:
        """End a token by its id, at once; the first time stands. Raises `StorageRefused` for an unknown one."""
        columns = API_TOKENS.c
        with writing(self._engine, LOCK_ACCOUNTS) as connection:
            if connection.execute(sa.select(columns.token).where(columns.token == token)).first() is None:
                raise StorageRefused("unknown-token", f"There is no token {token!r}.")
            live = sa.and_(columns.token == token, columns.revoked.is_(None))
            connection.execute(sa.update(API_TOKENS).where(live).values(revoked=now))


def _accounts(connection: Connection, person: str) -> list[Row[Any]]:
    mine = sa.select(ACCOUNTS.c.username, ACCOUNTS.c.roles, ACCOUNTS.c.disabled).where(ACCOUNTS.c.person == person)
    return list(connection.execute(mine.order_by(ACCOUNTS.c.created_at)))


def _token(row: Row[Any]) -> Token:
    return Token(
        token=row.token,
        name=row.name,
        person=row.person,
        scopes=unpacked_roles(row.scopes),
        workload=row.workload,
        created_by=row.created_by,
        created=row.created,
        expires=row.expires,
        last_used=row.last_used,
        revoked=row.revoked,
    )
