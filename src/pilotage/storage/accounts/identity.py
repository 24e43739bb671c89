"""Who people are, what their accounts and tokens allow, and how a sign-in is refused."""

from __future__ import annotations

import datetime as dt
from typing import Literal, get_args

from msgspec import Struct

from pilotage.storage.errors import StorageRefused

Role = Literal["viewer", "engineer", "operator", "reviewer", "owner", "sponsor", "auditor", "admin"]
Scope = Literal["record", "read", "command", "admin"]

ROLES: tuple[Role, ...] = get_args(Role)
SCOPES: tuple[Scope, ...] = get_args(Scope)

REVIEWER_OF = "reviewer:"


class Account(Struct, frozen=True, kw_only=True):
    """One way for a person to sign in, with the roles it was given. Who set its password is shown, since they could
    sign as the person.
    """

    account: str
    username: str
    person: str
    roles: frozenset[str]
    disabled: bool
    created_by: str
    created_at: dt.datetime
    has_password: bool
    password_set_by: str | None
    password_set_at: dt.datetime | None


class Person(Struct, frozen=True, kw_only=True):
    """A person of the organisation, with their accounts over time. The id never changes and is never reused."""

    person: str
    name: str
    created_by: str
    created_at: dt.datetime
    accounts: tuple[Account, ...] = ()

    @property
    def roles(self) -> frozenset[str]:
        """The roles that hold on every workload: those of all accounts that are not disabled."""
        enabled = (account.roles for account in self.accounts if not account.disabled)
        return effective_roles(frozenset[str]().union(*enabled))

    @property
    def disabled(self) -> bool:
        """Whether the person had accounts and all of them are disabled. One who never had any is not disabled."""
        return bool(self.accounts) and all(account.disabled for account in self.accounts)


class Identity(Struct, frozen=True, kw_only=True):
    """Who signed in, by which account. `roles` hold on every workload."""

    person: str
    name: str
    account: str
    username: str
    roles: frozenset[str]
    account_created_by: str
    password_set_by: str | None
    password_set_at: dt.datetime | None


class Session(Identity, frozen=True, kw_only=True):
    """A sign-in that lasts. `credential_at`: when the credential was last given; `csrf`: what its forms repeat."""

    created: dt.datetime
    last_used: dt.datetime
    expires: dt.datetime
    credential_at: dt.datetime
    csrf: str


class Token(Struct, frozen=True, kw_only=True):
    """An API token, without its secret. `workload` None: it is good for all."""

    token: str
    name: str
    person: str
    scopes: frozenset[str]
    workload: str | None
    created_by: str
    created: dt.datetime
    expires: dt.datetime | None
    last_used: dt.datetime | None
    revoked: dt.datetime | None


class IssuedToken(Struct, frozen=True, kw_only=True):
    """A token that was just made, with the secret that is shown this once."""

    token: Token
    secret: str

    def __repr__(self) -> str:
        return f"IssuedToken(token={self.token!r}, secret=…)"


class TokenIdentity(Struct, frozen=True, kw_only=True):
    """Whom a token acts for. `username` is "" for a person without an account."""

    token: str
    person: str
    name: str
    username: str
    roles: frozenset[str]
    scopes: frozenset[str]
    workload: str | None


class SignInRefused(StorageRefused):
    """Nobody was signed in. Codes: `wrong-credentials`, `account-disabled`, `too-many-attempts`.

    `retry_after_s` says how long to wait, where waiting helps.
    """

    def __init__(self, code: str, sentence: str, retry_after_s: int | None = None) -> None:
        super().__init__(code, sentence)
        self.retry_after_s = retry_after_s


def checked_roles(roles: frozenset[str]) -> frozenset[str]:
    """The roles, if all are known: one of `ROLES`, or `reviewer:` and an area. Raises `StorageRefused` otherwise."""
    unknown = sorted(role for role in roles if role not in ROLES and not _is_area(role))
    if unknown:
        raise StorageRefused(
            "unknown-role", f"Unknown: {', '.join(unknown)}. Roles are {', '.join(ROLES)}, and reviewer:<area>."
        )
    return roles


def checked_scopes(scopes: frozenset[str]) -> frozenset[str]:
    """The scopes, if there are any and all are known. Raises `StorageRefused` otherwise."""
    if not scopes or not scopes <= set(SCOPES):
        raise StorageRefused("unknown-scope", f"A token needs one or more of the scopes {', '.join(SCOPES)}.")
    return scopes


def effective_roles(roles: frozenset[str]) -> frozenset[str]:
    """The roles with what they imply: who reviews an area is a reviewer."""
    return roles | {"reviewer"} if any(role.startswith(REVIEWER_OF) for role in roles) else roles


def _is_area(role: str) -> bool:
    area = role.removeprefix(REVIEWER_OF)
    return area != role and area.isascii() and area.replace("-", "").isalnum() and area == area.lower()
