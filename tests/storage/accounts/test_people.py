"""People, accounts and roles."""

from __future__ import annotations

import datetime as dt
import re

import pytest
from sqlalchemy.engine import Engine

from pilotage.storage.accounts import Account, Accounts
from pilotage.storage.errors import StorageRefused


def test_a_person_and_an_account(accounts: Accounts, ada: Account, now: dt.datetime) -> None:
    """A person has an id for good; the account shows who made it and who set its password."""
    (person,) = accounts.people()
    assert re.fullmatch(r"p-[a-z2-7]{10}", person.person)
    assert re.fullmatch(r"a-[a-z2-7]{10}", ada.account)
    assert (person.name, person.created_by, person.created_at) == ("Ada Nilsen", "system", now)
    assert person.accounts == (ada,)
    assert accounts.person(person.person) == person
    assert accounts.person_ids() == {person.person}
    assert (ada.username, ada.person, ada.roles, ada.disabled) == ("ada", person.person, {"owner"}, False)
    assert (ada.created_by, ada.has_password, ada.password_set_by, ada.password_set_at) == (
        "p-admin",
        True,
        "p-admin",
        now,
    )
    assert accounts.account(" ADA ") == ada


def test_nobody(accounts: Accounts) -> None:
    """An empty installation has no people, and says so for names that do not exist."""
    assert accounts.people() == ()
    assert accounts.person("p-nobody") is None
    assert accounts.person_ids() == frozenset()
    with pytest.raises(StorageRefused, match="no account named 'nobody'"):
        accounts.account("nobody")
    with pytest.raises(StorageRefused, match="no person 'p-nobody'"):
        accounts.rename_person("p-nobody", "Somebody")


def test_ids_come_from_the_given_randomness(engine: Engine, now: dt.datetime) -> None:
    """With given randomness the ids are reproducible."""
    accounts = Accounts(engine, random_bytes=lambda length: bytes(range(length)))
    assert accounts.create_person("Ada", created_by="system", now=now).person == "p-aaaqeayeau"


def test_a_person_may_have_several_accounts(accounts: Accounts, ada: Account, now: dt.datetime) -> None:
    """Roles of all enabled accounts count together; a disabled account takes its roles along."""
    accounts.create_account(ada.person, "ada.admin", roles=["admin", "auditor"], created_by="system", now=now)
    accounts.create_account(ada.person, "root", roles=["admin"], created_by="system", now=now)
    (person,) = accounts.people()
    assert person.roles == {"owner", "admin", "auditor"}
    accounts.disable_account("ada.admin", now=now)
    (person,) = accounts.people()
    assert person.roles == {"owner", "admin"}
    assert not person.disabled


def test_renaming(accounts: Accounts, ada: Account) -> None:
    """A display name can change, also to take a real one away; the id stays."""
    accounts.rename_person(ada.person, "  A former colleague ")
    person = accounts.person(ada.person)
    assert person is not None
    assert person.name == "A former colleague"


@pytest.mark.parametrize("name", ["", "  ", "x" * 201, "line\nbreak", "\ud800"])
def test_names_that_cannot_be_shown(accounts: Accounts, name: str, now: dt.datetime) -> None:
    """A name has to be printable."""
    with pytest.raises(StorageRefused, match="printable"):
        accounts.create_person(name, created_by="system", now=now)


@pytest.mark.parametrize("username", ["", " ", "-ada", "ada b", "ädä", "a" * 129, "ada\0"])
def test_user_names_that_cannot_be_typed(accounts: Accounts, ada: Account, username: str, now: dt.datetime) -> None:
    """A user name is made of plain letters, digits and a few signs."""
    with pytest.raises(StorageRefused) as caught:
        accounts.create_account(ada.person, username, roles=[], created_by="system", now=now)
    assert caught.value.code == "username"


def test_user_names_are_taken_once(accounts: Accounts, ada: Account, now: dt.datetime) -> None:
    """Two accounts cannot have names that differ only in case, width or outer spaces."""
    for username in ("ada", "ADA", " Ada ", "\uff41da"):
        with pytest.raises(StorageRefused) as caught:
            accounts.create_account(ada.person, username, roles=[], created_by="system", now=now)
        assert caught.value.code == "username-taken"


def test_an_account_needs_a_person(accounts: Accounts, now: dt.datetime) -> None:
    """Nobody cannot have an account."""
    with pytest.raises(StorageRefused) as caught:
        accounts.create_account("p-nobody", "nobody", roles=[], created_by="system", now=now)
    assert caught.value.code == "unknown-person"


@pytest.mark.parametrize("role", ["boss", "reviewer:", "reviewer:Se curity", "Owner", "owner:security", ""])
def test_unknown_roles(accounts: Accounts, ada: Account, role: str) -> None:
    """A role that does not exist is refused, and nothing changes."""
    with pytest.raises(StorageRefused) as caught:
        accounts.set_roles("ada", ["owner", role])
    assert caught.value.code == "unknown-role"
    assert accounts.account("ada").roles == {"owner"}


def test_reviewers_of_an_area_are_reviewers(accounts: Accounts, ada: Account, now: dt.datetime) -> None:
    """Who reviews security may do what any reviewer may."""
    accounts.set_roles("ada", ["reviewer:security"])
    assert accounts.account("ada").roles == {"reviewer:security"}
    (person,) = accounts.people()
    assert person.roles == {"reviewer", "reviewer:security"}
    assert accounts.authenticate("ada", "correct horse battery", now).roles == {"reviewer", "reviewer:security"}
    accounts.grant_roles(ada.person, "desk", ["reviewer:data-protection"], granted_by="p-1", now=now)
    assert accounts.roles_of(ada.person, "desk") == {"reviewer", "reviewer:data-protection"}


def test_roles_on_one_workload(accounts: Accounts, ada: Account, now: dt.datetime) -> None:
    """Roles can be granted on one workload, replaced, and taken again; administrators are not of one workload."""
    assert accounts.roles_of(ada.person, "desk") == frozenset()
    accounts.grant_roles(ada.person, "desk", ["operator", "engineer"], granted_by="p-1", now=now)
    assert accounts.roles_of(ada.person, "desk") == {"operator", "engineer"}
    assert accounts.roles_of(ada.person, "triage") == frozenset()
    accounts.grant_roles(ada.person, "desk", ["viewer"], granted_by="p-1", now=now)
    assert accounts.roles_of(ada.person, "desk") == {"viewer"}
    accounts.grant_roles(ada.person, "desk", [], granted_by="p-1", now=now)
    assert accounts.roles_of(ada.person, "desk") == frozenset()
    with pytest.raises(StorageRefused, match="whole installation"):
        accounts.grant_roles(ada.person, "desk", ["admin"], granted_by="p-1", now=now)
    with pytest.raises(StorageRefused, match="no person"):
        accounts.grant_roles("p-nobody", "desk", ["viewer"], granted_by="p-1", now=now)


def test_a_disabled_person_has_no_roles(accounts: Accounts, ada: Account, now: dt.datetime) -> None:
    """Who has no enabled account any more has no role on any workload; a service without accounts keeps its own."""
    accounts.create_account(ada.person, "root", roles=["admin"], created_by="system", now=now)
    other = accounts.create_person("Another admin", created_by="system", now=now).person
    accounts.create_account(other, "other", roles=["admin"], created_by="system", now=now)
    service = accounts.create_person("Recorder", created_by="system", now=now).person
    for person in (ada.person, service):
        accounts.grant_roles(person, "desk", ["operator"], granted_by="p-1", now=now)
    accounts.disable_account("ada", now=now)
    assert accounts.roles_of(ada.person, "desk") == {"operator"}
    accounts.disable_account("root", now=now)
    assert accounts.roles_of(ada.person, "desk") == frozenset()
    person = accounts.person(ada.person)
    assert person is not None
    assert person.disabled
    assert person.roles == frozenset()
    assert accounts.roles_of(service, "desk") == {"operator"}


def test_somebody_is_absent_since_their_last_account_ended(
    accounts: Accounts, ada: Account, engine: Engine, now: dt.datetime
) -> None:
    """Both accounts have to end; disabling again does not move the day, enabling forgets it, and of an account that was
    disabled before this was kept nobody knows since when.
    """
    other = accounts.create_person("Another admin", created_by="system", now=now).person
    accounts.create_account(other, "root", roles=["admin"], created_by="system", now=now)
    accounts.create_account(ada.person, "ada.two", roles=["viewer"], created_by="system", now=now)
    days = [now + dt.timedelta(days=number) for number in range(4)]
    accounts.disable_account("ada.two", now=days[1])
    assert accounts.absent_since() == {}
    accounts.disable_account("ada", now=days[2])
    accounts.disable_account("ada", now=days[3])
    assert accounts.absent_since() == {ada.person: days[2]}
    accounts.enable_account("ada")
    assert accounts.absent_ids() == frozenset()
    accounts.disable_account("ada", now=days[3])
    assert accounts.absent_since() == {ada.person: days[3]}
    with engine.begin() as connection:
        connection.exec_driver_sql("DELETE FROM account_ends")
    assert accounts.absent_since() == {ada.person: None}


def test_the_last_administrator_stays(accounts: Accounts, ada: Account, now: dt.datetime) -> None:
    """The last administrator can neither be disabled nor lose the role: nobody could make another."""
    accounts.create_account(ada.person, "root", roles=["admin"], created_by="system", now=now)
    for attempt in (
        lambda: accounts.disable_account("root", now=now),
        lambda: accounts.set_roles("root", ["owner"]),
    ):
        with pytest.raises(StorageRefused) as caught:
            attempt()
        assert caught.value.code == "last-admin"
    accounts.set_roles("ada", ["admin"])
    accounts.disable_account("root", now=now)
    with pytest.raises(StorageRefused, match="last administrator"):
        accounts.disable_account("ada", now=now)
    accounts.enable_account("root")
    accounts.disable_account("ada", now=now)
