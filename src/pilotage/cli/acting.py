"""Who gives a command on this machine: an account, by its password. Nobody acts, let alone signs, for another."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

from msgspec import Struct

from pilotage.cli.failures import CliError

if TYPE_CHECKING:
    from pilotage.cli.invocation import Invocation
    from pilotage.storage.accounts import Account, Accounts

FIRST = "admin"
FIRST_NAME = "Administrator"
FIRST_ROLES = ("admin", "engineer")
CONSOLE = "console"
"""Who made what was made with nothing but access to the workspace's files."""


class Acting(Struct, frozen=True, kw_only=True):
    """Who acts. `proven`: the password was given in this very run, so that a signature may follow."""

    person: str
    username: str
    roles: frozenset[str]
    proven: bool

    def check_signature(self) -> None:
        """Refuse a signature that no password stands behind."""
        if not self.proven:
            raise CliError(
                "password-unset",
                f"A signature takes a password, and {self.username} has none yet; "
                f"set it with `pilotage user password {self.username}`.",
            )


def real_now() -> dt.datetime:
    """Real time: what a demonstration simulates decides neither passwords nor tokens."""
    return dt.datetime.now(dt.UTC)


def first_account(accounts: Accounts) -> Account | None:
    """Make the first account of a workspace, which administers and builds; None when there is one already."""
    if accounts.people():
        return None
    now = real_now()
    person = accounts.create_person(FIRST_NAME, created_by=CONSOLE, now=now)
    return accounts.create_account(person.person, FIRST, roles=FIRST_ROLES, created_by=CONSOLE, now=now)


def acting(run: Invocation, accounts: Accounts) -> Acting:
    """The account that acts, after its password was checked.

    Without `--as` it is the only account there is. As long as that one has no password, whoever has the workspace's
    files may act as it, as they could by a sign-in link, but not sign.
    """
    enabled = [account for person in accounts.people() for account in person.accounts if not account.disabled]
    if run.username is None and len(enabled) != 1:
        known = ", ".join(account.username for account in enabled) or "nobody; add somebody with `pilotage user add`"
        raise CliError("who", f"Say who you are, with --as USER or in PILOTAGE_USER. There are: {known}.")
    username = run.username or enabled[0].username
    if len(enabled) == 1 and enabled[0].username == username and not enabled[0].has_password:
        only = enabled[0]
        return Acting(person=only.person, username=username, roles=only.roles, proven=False)
    identity = accounts.authenticate(username, run.password(username), real_now())
    return Acting(person=identity.person, username=identity.username, roles=identity.roles, proven=True)
