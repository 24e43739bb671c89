"""People, their accounts, and the credentials by which they sign in."""

from pilotage.storage.accounts.accounts import Accounts
from pilotage.storage.accounts.identity import (
    ROLES,
    SCOPES,
    Account,
    Identity,
    IssuedToken,
    Person,
    Session,
    SignInRefused,
    Token,
    TokenIdentity,
)

__all__ = [
    "ROLES",
    "SCOPES",
    "Account",
    "Accounts",
    "Identity",
    "IssuedToken",
    "Person",
    "Session",
    "SignInRefused",
    "Token",
    "TokenIdentity",
]
