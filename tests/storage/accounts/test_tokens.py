"""API tokens of programs."""

from __future__ import annotations

import datetime as dt

import pytest

from pilotage.storage.accounts import Account, Accounts
from pilotage.storage.errors import StorageRefused


def test_a_token_acts_for_its_person(accounts: Accounts, ada: Account, now: dt.datetime) -> None:
    """The secret, shown once, leads to the person, the scopes and the one workload it is good for."""
    issued = accounts.issue_token(
        "triage service", person=ada.person, scopes=["record", "read"], created_by="p-1", now=now, workload="triage"
    )
    assert issued.secret not in repr(issued)
    assert issued.secret.startswith("pilotage_token_")
    found = accounts.find_token(issued.secret, now)
    assert found is not None
    assert (found.token, found.person, found.name, found.username) == (
        issued.token.token,
        ada.person,
        "Ada Nilsen",
        "ada",
    )
    assert (found.roles, found.scopes, found.workload) == ({"owner"}, {"record", "read"}, "triage")
    for wrong in ("", issued.secret[:-1], issued.secret + "x", "\ud800"):
        assert accounts.find_token(wrong, now) is None


def test_tokens_are_listed_without_their_secrets(accounts: Accounts, ada: Account, now: dt.datetime) -> None:
    """The list says what a token is for, who made it, when it was last used, and whether it still holds."""
    first = accounts.issue_token("one", person=ada.person, scopes=["read"], created_by="p-1", now=now)
    later = now + dt.timedelta(minutes=1)
    other = accounts.create_person("Recorder", created_by="p-1", now=now).person
    second = accounts.issue_token("two", person=other, scopes=["record"], created_by="p-2", now=later)
    assert accounts.tokens() == (first.token, second.token)
    assert accounts.tokens(ada.person) == (first.token,)
    accounts.find_token(first.secret, later)
    (listed, _) = accounts.tokens()
    assert (listed.name, listed.created_by, listed.created, listed.last_used) == ("one", "p-1", now, later)


def test_use_is_noted_by_the_minute(accounts: Accounts, ada: Account, now: dt.datetime) -> None:
    """Not every request writes: the last use is noted once a minute."""
    issued = accounts.issue_token("one", person=ada.person, scopes=["read"], created_by="p-1", now=now)
    noted = []
    for seconds in (1, 59, 61, 100):
        accounts.find_token(issued.secret, now + dt.timedelta(seconds=seconds))
        (listed,) = accounts.tokens()
        assert listed.last_used is not None
        noted.append((listed.last_used - now).total_seconds())
    assert noted == [1, 1, 61, 61]


def test_a_revoked_token_is_nobodys(accounts: Accounts, ada: Account, now: dt.datetime) -> None:
    """Revoking ends a token at once and for good; the first time is the one that is shown."""
    issued = accounts.issue_token("one", person=ada.person, scopes=["read"], created_by="p-1", now=now)
    for hours in (1, 2):
        accounts.revoke_token(issued.token.token, now + dt.timedelta(hours=hours))
        assert accounts.find_token(issued.secret, now) is None
    (listed,) = accounts.tokens()
    assert listed.revoked == now + dt.timedelta(hours=1)
    with pytest.raises(StorageRefused, match="no token"):
        accounts.revoke_token("t-unknown", now)


def test_an_expired_token_is_nobodys(accounts: Accounts, ada: Account, now: dt.datetime) -> None:
    """A token with an end stops then; one cannot be made that has ended already."""
    issued = accounts.issue_token(
        "one", person=ada.person, scopes=["read"], created_by="p-1", now=now, expires=now + dt.timedelta(days=1)
    )
    assert accounts.find_token(issued.secret, now + dt.timedelta(hours=23)) is not None
    assert accounts.find_token(issued.secret, now + dt.timedelta(hours=24)) is None
    with pytest.raises(StorageRefused, match="later than now"):
        accounts.issue_token("two", person=ada.person, scopes=["read"], created_by="p-1", now=now, expires=now)


def test_tokens_stop_with_their_persons_accounts(accounts: Accounts, ada: Account, now: dt.datetime) -> None:
    """A token holds while its person has an enabled account, with the roles that are left."""
    accounts.create_account(ada.person, "ada.ops", roles=["operator"], created_by="system", now=now)
    issued = accounts.issue_token("one", person=ada.person, scopes=["command"], created_by="p-1", now=now)
    found = accounts.find_token(issued.secret, now)
    assert found is not None
    assert found.roles == {"owner", "operator"}
    accounts.disable_account("ada", now=now)
    found = accounts.find_token(issued.secret, now)
    assert found is not None
    assert (found.roles, found.username) == ({"operator"}, "ada.ops")
    accounts.disable_account("ada.ops", now=now)
    assert accounts.find_token(issued.secret, now) is None


def test_a_service_holds_a_token_without_an_account(accounts: Accounts, now: dt.datetime) -> None:
    """A person made for a service needs no account: its token outlives the people who set it up, with no role."""
    service = accounts.create_person("Recorder", created_by="p-1", now=now).person
    issued = accounts.issue_token("recorder", person=service, scopes=["record"], created_by="p-1", now=now)
    found = accounts.find_token(issued.secret, now)
    assert found is not None
    assert (found.username, found.roles, found.scopes) == ("", frozenset(), {"record"})


@pytest.mark.parametrize("scopes", [[], ["write"], ["read", ""]])
def test_scopes_are_known(accounts: Accounts, ada: Account, scopes: list[str], now: dt.datetime) -> None:
    """A token needs at least one scope, and only such as exist."""
    with pytest.raises(StorageRefused) as caught:
        accounts.issue_token("one", person=ada.person, scopes=scopes, created_by="p-1", now=now)
    assert caught.value.code == "unknown-scope"


def test_a_token_needs_a_person_and_a_name(accounts: Accounts, ada: Account, now: dt.datetime) -> None:
    """A token is somebody's, and says what it is for."""
    with pytest.raises(StorageRefused, match="no person"):
        accounts.issue_token("one", person="p-nobody", scopes=["read"], created_by="p-1", now=now)
    with pytest.raises(StorageRefused, match="name"):
        accounts.issue_token(" ", person=ada.person, scopes=["read"], created_by="p-1", now=now)
    assert accounts.tokens() == ()
