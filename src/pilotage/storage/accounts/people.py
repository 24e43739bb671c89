"""Persons, their accounts and their roles."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from pilotage.storage.accounts.identity import Account, Person, checked_roles, effective_roles
from pilotage.storage.accounts.passwords import check_new_password
from pilotage.storage.accounts.secret_tokens import new_id
from pilotage.storage.accounts.store import (
    AccountStore,
    account_of,
    checked_name,
    checked_username,
    normal_username,
    packed_roles,
    required_account,
    unpacked_roles,
)
from pilotage.storage.accounts.tables import ACCOUNT_ENDS, ACCOUNTS, PERSONS, SESSIONS, SIGN_IN_LINKS, WORKLOAD_ROLES
from pilotage.storage.errors import StorageRefused
from pilotage.storage.transactions import LOCK_ACCOUNTS, reading, writing

ADMIN = "admin"


class People(AccountStore):
    """Who there is, by which accounts, with which roles."""

    def create_person(self, name: str, *, created_by: str, now: dt.datetime) -> Person:
        """Add a person, with an id of their own for good (`p-` and ten characters)."""
        person = Person(
            person=new_id("p-", self._random_bytes),
            name=checked_name("person", name),
            created_by=created_by,
            created_at=now.astimezone(dt.UTC),
        )
        values = {"person": person.person, "name": person.name, "created_by": created_by, "created_at": now}
        with writing(self._engine, LOCK_ACCOUNTS) as connection:
            connection.execute(sa.insert(PERSONS).values(**values))
        return person

    def rename_person(self, person: str, name: str) -> None:
        """Change a display name, also to take a real one away. Raises `StorageRefused` for an unknown person."""
        rename = sa.update(PERSONS).where(PERSONS.c.person == person).values(name=checked_name("person", name))
        with writing(self._engine, LOCK_ACCOUNTS) as connection:
            if connection.execute(rename).rowcount == 0:
                raise _unknown_person(person)

    def people(self) -> tuple[Person, ...]:
        """Everybody, in the order they were added, each with their accounts."""
        with reading(self._engine) as connection:
            accounts: dict[str, list[Account]] = defaultdict(list)
            for row in connection.execute(sa.select(ACCOUNTS).order_by(ACCOUNTS.c.created_at, ACCOUNTS.c.username)):
                accounts[row.person].append(account_of(row))
            rows = connection.execute(sa.select(PERSONS).order_by(PERSONS.c.created_at, PERSONS.c.person)).all()
        return tuple(_person(row, accounts[row.person]) for row in rows)

    def person(self, person: str) -> Person | None:
        """One person with their accounts; None when there is no such id."""
        with reading(self._engine) as connection:
            row = connection.execute(sa.select(PERSONS).where(PERSONS.c.person == person)).first()
            mine = sa.select(ACCOUNTS).where(ACCOUNTS.c.person == person).order_by(ACCOUNTS.c.created_at)
            return None if row is None else _person(row, map(account_of, connection.execute(mine)))

    def person_ids(self) -> frozenset[str]:
        """The ids of everybody."""
        with reading(self._engine) as connection:
            return frozenset(connection.execute(sa.select(PERSONS.c.person)).scalars())

    def absent_ids(self) -> frozenset[str]:
        """The ids of those who had accounts and whose accounts are all disabled."""
        return frozenset(self.absent_since())

    def absent_since(self) -> dict[str, dt.datetime | None]:
        """Those who had accounts that are all disabled, by id, and since when: None where nobody knows."""
        joined = ACCOUNTS.outerjoin(ACCOUNT_ENDS, ACCOUNT_ENDS.c.account == ACCOUNTS.c.account)
        asked = sa.select(ACCOUNTS.c.person, ACCOUNTS.c.disabled, ACCOUNT_ENDS.c.ended_at).select_from(joined)
        held: dict[str, list[tuple[bool, dt.datetime | None]]] = defaultdict(list)
        with reading(self._engine) as connection:
            for person, disabled, ended in connection.execute(asked):
                held[person].append((disabled, ended))
        return {person: _left_at(accounts) for person, accounts in held.items() if all(gone for gone, _ in accounts)}

    def create_account(
        self,
        person: str,
        username: str,
        *,
        roles: Iterable[str],
        created_by: str,
        now: dt.datetime,
        password: str | None = None,
    ) -> Account:
        """Give a person an account. Without a password it signs in by link until one is set.

        Raises `StorageRefused`: `unknown-person`, `username`, `username-taken`, `unknown-role`, `weak-password`.
        """
        username, granted = checked_username(username), checked_roles(frozenset(roles))
        hashed = None
        if password is not None:
            check_new_password(password, username)
            hashed = self._passwords.hash(password)
        values = {
            "account": new_id("a-", self._random_bytes),
            "username": username,
            "person": person,
            "roles": packed_roles(granted),
            "disabled": False,
            "created_by": created_by,
            "created_at": now,
            "password_hash": hashed,
            "password_set_by": None if hashed is None else created_by,
            "password_set_at": None if hashed is None else now,
        }
        with writing(self._engine, LOCK_ACCOUNTS) as connection:
            if connection.execute(sa.select(PERSONS).where(PERSONS.c.person == person)).first() is None:
                raise _unknown_person(person)
            if connection.execute(sa.select(ACCOUNTS).where(ACCOUNTS.c.username == username)).first() is not None:
                raise StorageRefused("username-taken", f"There is an account named {username!r} already.")
            connection.execute(sa.insert(ACCOUNTS).values(**values))
            return account_of(required_account(connection, username))

    def account(self, username: str) -> Account:
        """One account. Raises `StorageRefused` when there is none of that name."""
        with reading(self._engine) as connection:
            return account_of(required_account(connection, username))

    def set_roles(self, username: str, roles: Iterable[str]) -> None:
        """Replace the roles that an account has on every workload. The last administrator keeps theirs."""
        granted = checked_roles(frozenset(roles))
        with writing(self._engine, LOCK_ACCOUNTS) as connection:
            row = required_account(connection, username)
            if ADMIN not in granted:
                _check_another_admin(connection, row.account)
            _update(connection, row.account, roles=packed_roles(granted))

    def disable_account(self, username: str, *, now: dt.datetime) -> None:
        """End an account with its sessions and open links. What it did stays on the record."""
        with writing(self._engine, LOCK_ACCOUNTS) as connection:
            row = required_account(connection, username)
            _check_another_admin(connection, row.account)
            _update(connection, row.account, disabled=True)
            if not row.disabled:
                connection.execute(sa.insert(ACCOUNT_ENDS).values(account=row.account, ended_at=now))
            end_sessions(connection, row.account)

    def enable_account(self, username: str) -> None:
        """Let a disabled account sign in again."""
        with writing(self._engine, LOCK_ACCOUNTS) as connection:
            account = required_account(connection, username).account
            _update(connection, account, disabled=False)
            connection.execute(sa.delete(ACCOUNT_ENDS).where(ACCOUNT_ENDS.c.account == account))

    def set_password(self, username: str, password: str, *, set_by: str, now: dt.datetime) -> None:
        """Replace a password and end the account's sessions and open links; `set_by` is the person who did it."""
        check_new_password(password, normal_username(username))
        hashed = self._passwords.hash(password)
        with writing(self._engine, LOCK_ACCOUNTS) as connection:
            account = required_account(connection, username).account
            _update(connection, account, password_hash=hashed, password_set_by=set_by, password_set_at=now)
            end_sessions(connection, account)

    def grant_roles(
        self, person: str, workload: str, roles: Iterable[str], *, granted_by: str, now: dt.datetime
    ) -> None:
        """Replace the roles that a person has on one workload besides those that hold everywhere; none takes them."""
        granted = checked_roles(frozenset(roles))
        if ADMIN in granted:
            raise StorageRefused(
                "unknown-role", "An administrator is one of the whole installation, not of a workload."
            )
        is_it = sa.and_(WORKLOAD_ROLES.c.person == person, WORKLOAD_ROLES.c.workload == workload)
        values = {"roles": packed_roles(granted), "granted_by": granted_by, "granted_at": now}
        with writing(self._engine, LOCK_ACCOUNTS) as connection:
            if connection.execute(sa.select(PERSONS).where(PERSONS.c.person == person)).first() is None:
                raise _unknown_person(person)
            connection.execute(sa.delete(WORKLOAD_ROLES).where(is_it))
            if granted:
                connection.execute(sa.insert(WORKLOAD_ROLES).values(person=person, workload=workload, **values))

    def roles_of(self, person: str, workload: str) -> frozenset[str]:
        """The roles granted to a person on this workload, besides those that hold everywhere.

        None for a person whose accounts are all disabled.
        """
        columns = WORKLOAD_ROLES.c
        mine = sa.select(columns.roles).where(columns.person == person, columns.workload == workload)
        disabled = sa.select(ACCOUNTS.c.disabled).where(ACCOUNTS.c.person == person)
        with reading(self._engine) as connection:
            packed = connection.execute(mine).scalar()
            accounts = connection.execute(disabled).scalars().all()
        if packed is None or (accounts and all(accounts)):
            return frozenset()
        return effective_roles(unpacked_roles(packed))

    def granted_to(self, person: str) -> dict[str, frozenset[str]]:
        """The roles granted to a person on single workloads, by workload; nothing for one who has no account left."""
        columns = WORKLOAD_ROLES.c
        mine = sa.select(columns.workload, columns.roles).where(columns.person == person)
        disabled = sa.select(ACCOUNTS.c.disabled).where(ACCOUNTS.c.person == person)
        with reading(self._engine) as connection:
            rows = connection.execute(mine).all()
            accounts = connection.execute(disabled).scalars().all()
        if accounts and all(accounts):
            return {}
        return {workload: effective_roles(unpacked_roles(packed)) for workload, packed in rows}


def end_sessions(connection: Connection, account: str) -> None:
    """Close an account's sessions and take its open links back."""
    connection.execute(sa.delete(SESSIONS).where(SESSIONS.c.account == account))
    connection.execute(sa.delete(SIGN_IN_LINKS).where(SIGN_IN_LINKS.c.account == account))


def _left_at(accounts: Iterable[tuple[bool, dt.datetime | None]]) -> dt.datetime | None:
    """When the last of somebody's accounts ended; None where that of one is not known."""
    ends = [ended for _, ended in accounts]
    known = [ended for ended in ends if ended is not None]
    return max(known) if len(known) == len(ends) else None


def _person(row: Any, accounts: Iterable[Account]) -> Person:  # noqa: ANN401 - a row of PERSONS
    return Person(
        person=row.person,
        name=row.name,
        created_by=row.created_by,
        created_at=row.created_at,
        accounts=tuple(accounts),
    )


def _update(connection: Connection, account: str, **values: object) -> None:
    connection.execute(sa.update(ACCOUNTS).where(ACCOUNTS.c.account == account).values(**values))


def _check_another_admin(connection: Connection, account: str) -> None:
    """Refuse to take away the last administrator: nobody could make another."""
    rows = connection.execute(sa.select(ACCOUNTS.c.account, ACCOUNTS.c.roles).where(ACCOUNTS.c.disabled.is_(False)))
    admins = {row.account for row in rows if ADMIN in unpacked_roles(row.roles)}
    if admins == {account}:
        raise StorageRefused("last-admin", "This is the last administrator; make another one first.")


def _unknown_person(person: str) -> StorageRefused:
    return StorageRefused("unknown-person", f"There is no person {person!r}.")
