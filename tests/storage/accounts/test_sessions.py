"""Sessions of people who signed in."""

from __future__ import annotations

import datetime as dt

import pytest
from sqlalchemy.engine import Engine

from pilotage.storage.accounts import Account, Accounts, Identity
from pilotage.storage.errors import StorageRefused


@pytest.fixture
def identity(accounts: Accounts, ada: Account, now: dt.datetime) -> Identity:
    """Ada, signed in."""
    return accounts.authenticate("ada", "correct horse battery", now)


def test_a_session_is_found_by_its_token(accounts: Accounts, identity: Identity, now: dt.datetime) -> None:
    """The token leads back to who signed in, and to nobody else's session."""
    token = accounts.open_session(identity, now)
    other = accounts.open_session(identity, now)
    session = accounts.find_session(token, now)
    assert session is not None
    assert (session.person, session.account, session.username) == (identity.person, identity.account, "ada")
    assert (session.name, session.roles, session.password_set_by) == ("Ada Nilsen", {"owner"}, "p-admin")
    assert (session.created, session.credential_at) == (now, now)
    found = accounts.find_session(other, now)
    assert found is not None
    assert found.csrf != session.csrf
    assert len(session.csrf) == 64
    for wrong in ("", "x", token[:-1], token + "x", token.upper(), "\ud800"):
        assert accounts.find_session(wrong, now) is None


def test_sessions_end(accounts: Accounts, identity: Identity, now: dt.datetime) -> None:
    """A session ends after eight hours without use, and after a day in any case."""
    idle, used = accounts.open_session(identity, now), accounts.open_session(identity, now)
    for hours in (7, 14, 21, 23):
        assert accounts.find_session(used, now + dt.timedelta(hours=hours)) is not None
    assert accounts.find_session(used, now + dt.timedelta(hours=24)) is None
    assert accounts.find_session(idle, now + dt.timedelta(hours=7, minutes=59)) is not None
    assert accounts.find_session(idle, now + dt.timedelta(hours=16)) is None


def test_use_is_noted_by_the_minute(accounts: Accounts, identity: Identity, now: dt.datetime) -> None:
    """Not every request writes: the last use is noted once a minute."""
    token = accounts.open_session(identity, now)
    noted = []
    for seconds in (10, 59, 60, 61, 119, 121):
        accounts.find_session(token, now + dt.timedelta(seconds=seconds))
        session = accounts.find_session(token, now + dt.timedelta(seconds=seconds))
        assert session is not None
        noted.append((session.last_used - now).total_seconds())
    assert noted == [0, 0, 60, 60, 60, 121]


def test_closing(accounts: Accounts, identity: Identity, now: dt.datetime) -> None:
    """A session can be closed alone or with all of its account's; closing twice is no error."""
    first, second, third = (accounts.open_session(identity, now) for _ in range(3))
    accounts.close_session(first)
    accounts.close_session(first)
    assert accounts.find_session(first, now) is None
    assert accounts.find_session(second, now) is not None
    assert accounts.close_sessions(identity) == 2
    assert accounts.find_session(third, now) is None


def test_the_credential_given_again(accounts: Accounts, identity: Identity, now: dt.datetime) -> None:
    """A session knows when its credential was last given; one that is over cannot be confirmed."""
    token = accounts.open_session(identity, now)
    later = now + dt.timedelta(hours=2)
    accounts.confirm_session(token, later)
    session = accounts.find_session(token, later)
    assert session is not None
    assert (session.created, session.credential_at) == (now, later)
    accounts.close_session(token)
    with pytest.raises(StorageRefused) as caught:
        accounts.confirm_session(token, later)
    assert caught.value.code == "session-over"


def test_no_token_is_stored(
    accounts: Accounts, engine: Engine, identity: Identity, now: dt.datetime, dialect: str
) -> None:
    """The database holds neither session tokens, nor API tokens, nor links, nor what guards the forms."""
    session = accounts.open_session(identity, now)
    found = accounts.find_session(session, now)
    assert found is not None
    issued = accounts.issue_token("ci", person=identity.person, scopes=["read"], created_by="p-1", now=now)
    link = accounts.issue_link("ada", created_by="p-1", now=now)
    with engine.connect() as connection:
        stored = repr(
            [
                connection.exec_driver_sql(f"SELECT * FROM {table}").all()  # noqa: S608 - fixed in this test
                for table in ("persons", "accounts", "sessions", "api_tokens", "sign_in_links", "workload_roles")
            ]
        )
    for secret in (session, issued.secret, link, found.csrf, "correct horse battery"):
        assert secret not in stored
        assert secret.removeprefix("pilotage_").split("_", 1)[-1] not in stored
