"""Signing in by password and by link."""

from __future__ import annotations

import datetime as dt
from concurrent.futures import ThreadPoolExecutor

import pytest
import sqlalchemy as sa
from argon2 import PasswordHasher
from sqlalchemy.engine import Engine

from pilotage.storage.accounts import Account, Accounts, SignInRefused
from pilotage.storage.accounts.sign_in_limits import ADDRESS, NAME
from pilotage.storage.errors import StorageError, StorageRefused

PASSWORD = "correct horse battery"


class CountingHasher(PasswordHasher):
    """A cheap hasher that counts its work."""

    def __init__(self, time_cost: int = 1) -> None:
        super().__init__(time_cost=time_cost, memory_cost=8, parallelism=1)

    __slots__ = ()
    verified: list[str] = []  # noqa: RUF012 - slots leave no place on the instance

    def verify(self, hash: str | bytes, password: str | bytes):  # noqa: A002 - the library's name
        """Count, and verify."""
        self.verified.append(str(hash))
        return super().verify(hash, password)


def refusal(accounts: Accounts, username: str, password: str, now: dt.datetime, address: str = "") -> SignInRefused:
    """Why a sign-in is refused; the test fails when it is not."""
    with pytest.raises(SignInRefused) as caught:
        accounts.authenticate(username, password, now, address=address)
    return caught.value


def test_the_right_password(accounts: Accounts, ada: Account, now: dt.datetime) -> None:
    """Name and password give who it is, with the account's roles and who stands behind its credential."""
    for username in ("ada", "Ada", " ADA "):
        identity = accounts.authenticate(username, PASSWORD, now)
        assert (identity.person, identity.account, identity.username) == (ada.person, ada.account, "ada")
        assert (identity.name, identity.roles) == ("Ada Nilsen", {"owner"})
        assert (identity.account_created_by, identity.password_set_by, identity.password_set_at) == (
            "p-admin",
            "p-admin",
            now,
        )


@pytest.mark.parametrize(
    ("username", "password"),
    [
        ("ada", "correct horse batterx"),
        ("ada", ""),
        ("ada", "x" * 5000),
        ("ada", PASSWORD.upper()),
        ("nobody", PASSWORD),
        ("", ""),
        ("ada\0", PASSWORD),
        ("\ud800", "\ud800"),
        ("passwordless", PASSWORD),
        ("passwordless", "a password that nobody has"),
        ("nobody", "a password that nobody has"),
    ],
)
def test_anything_else(accounts: Accounts, ada: Account, now: dt.datetime, username: str, password: str) -> None:
    """A wrong password, an unknown name and an account without a password get one and the same answer."""
    accounts.create_account(ada.person, "passwordless", roles=[], created_by="system", now=now)
    refused = refusal(accounts, username, password, now)
    assert (refused.code, refused.sentence) == ("wrong-credentials", "The user name or the password is wrong.")


def test_unknown_names_cost_the_same_work(engine: Engine, now: dt.datetime) -> None:
    """One hash is checked for every attempt, whether or not the account exists: the time taken gives nothing away."""
    hasher = CountingHasher()
    accounts = Accounts(engine, hasher=hasher)
    person = accounts.create_person("Ada", created_by="system", now=now).person
    accounts.create_account(person, "ada", roles=[], created_by="system", now=now, password=PASSWORD)
    accounts.create_account(person, "passwordless", roles=[], created_by="system", now=now)
    hasher.verified.clear()
    for username in ("nobody", "passwordless", "ada"):
        refusal(accounts, username, "a wrong password", now)
    assert len(hasher.verified) == 3
    assert len({hashed.rsplit("$", 2)[0] for hashed in hasher.verified}) == 1, "with the same parameters"


def test_passwords_are_kept_as_argon2id(accounts: Accounts, engine: Engine, ada: Account) -> None:
    """What is stored of a password is its argon2id hash."""
    with engine.connect() as connection:
        hashed = connection.execute(sa.text("SELECT password_hash FROM accounts")).scalar()
    assert hashed is not None
    assert hashed.startswith("$argon2id$v=19$m=8,t=1,p=1$")


def test_the_default_hashing_is_not_cheap(engine: Engine) -> None:
    """Without a given hasher passwords are hashed as RFC 9106 recommends: three passes over 64 MiB."""
    hasher = Accounts(engine)._passwords._hasher
    assert (hasher.time_cost, hasher.memory_cost, hasher.parallelism) == (3, 65536, 4)


def test_old_hashes_are_renewed(engine: Engine, now: dt.datetime) -> None:
    """When the parameters have risen, the next sign-in brings the stored hash up to them."""
    old = Accounts(engine, hasher=CountingHasher())
    person = old.create_person("Ada", created_by="system", now=now).person
    old.create_account(person, "ada", roles=[], created_by="system", now=now, password=PASSWORD)
    new = Accounts(engine, hasher=CountingHasher(time_cost=2))
    new.authenticate("ada", PASSWORD, now)
    with engine.connect() as connection:
        hashed = connection.execute(sa.text("SELECT password_hash FROM accounts")).scalar()
    assert hashed is not None
    assert "t=2" in hashed
    assert new.authenticate("ada", PASSWORD, now).password_set_at == now, "renewing is not setting"


def test_a_damaged_hash_signs_nobody_in(accounts: Accounts, engine: Engine, ada: Account, now: dt.datetime) -> None:
    """What is stored and is no hash is an error with a way out, not a wrong password and not a pass."""
    for damaged in ("nonsense", "$argon2id$v=19$m=8,t=1,p=1$xx", ""):
        with engine.begin() as connection:
            connection.execute(sa.text("UPDATE accounts SET password_hash = :hash"), {"hash": damaged})
        with pytest.raises(StorageError) as caught:
            accounts.authenticate("ada", PASSWORD, now)
        assert caught.value.code in {"account-damaged", "wrong-credentials"}


def test_composed_letters_are_the_same(accounts: Accounts, ada: Account, now: dt.datetime) -> None:
    """A password typed on another keyboard, which composes letters differently, is the same password."""
    accounts.set_password("ada", "Grüße aus Köln", set_by="p-1", now=now)
    accounts.authenticate("ada", "Gru\u0308ße aus Ko\u0308ln", now)


@pytest.mark.parametrize("password", ["", "short", "elevenchars", "x" * 1025, "aaaaaaaaaaaaaaaa", "abababababababab"])
def test_weak_passwords(accounts: Accounts, ada: Account, password: str, now: dt.datetime) -> None:
    """A password needs some length and more than two different letters."""
    with pytest.raises(StorageRefused) as caught:
        accounts.set_password("ada", password, set_by="p-1", now=now)
    assert caught.value.code == "weak-password"
    accounts.authenticate("ada", PASSWORD, now)


def test_the_name_is_not_a_password(accounts: Accounts, ada: Account, now: dt.datetime) -> None:
    """The user name, however written, is not accepted as its password."""
    made_with = {"roles": [], "created_by": "system", "now": now}
    with pytest.raises(StorageRefused, match="easy to guess"):
        accounts.create_account(ada.person, "long.user.name", **made_with, password="Long.User.Name")
    accounts.create_account(ada.person, "long.user.name", **made_with)
    with pytest.raises(StorageRefused, match="easy to guess"):
        accounts.set_password("LONG.user.name", "long.USER.name", set_by="p-1", now=now)
    assert not accounts.account("long.user.name").has_password


def test_a_new_password(accounts: Accounts, ada: Account, now: dt.datetime) -> None:
    """Setting a password ends the old one, the sessions and the open links, and shows who did it."""
    session = accounts.open_session(accounts.authenticate("ada", PASSWORD, now), now)
    link = accounts.issue_link("ada", created_by="p-1", now=now)
    later = now + dt.timedelta(hours=1)
    accounts.set_password("ada", "a better one than before", set_by="p-helper", now=later)
    assert refusal(accounts, "ada", PASSWORD, later).code == "wrong-credentials"
    assert accounts.find_session(session, later) is None
    with pytest.raises(SignInRefused):
        accounts.redeem_link(link, later)
    identity = accounts.authenticate("ada", "a better one than before", later)
    assert (identity.password_set_by, identity.password_set_at) == ("p-helper", later)


def test_a_disabled_account(accounts: Accounts, ada: Account, now: dt.datetime) -> None:
    """A disabled account is told so only after the right password, and works again once enabled."""
    accounts.create_account(ada.person, "root", roles=["admin"], created_by="system", now=now)
    link = accounts.issue_link("ada", created_by="p-1", now=now)
    session = accounts.open_session(accounts.authenticate("ada", PASSWORD, now), now)
    accounts.disable_account("ada", now=now)
    assert refusal(accounts, "ada", "a wrong password", now).code == "wrong-credentials"
    assert refusal(accounts, "ada", PASSWORD, now).code == "account-disabled"
    with pytest.raises(SignInRefused):
        accounts.redeem_link(link, now)
    accounts.enable_account("ada")
    assert accounts.find_session(session, now) is None
    accounts.authenticate("ada", PASSWORD, now)
    late_link = accounts.issue_link("ada", created_by="p-1", now=now)
    accounts.disable_account("ada", now=now)
    accounts.enable_account("ada")
    with pytest.raises(SignInRefused):
        accounts.redeem_link(late_link, now)


def test_failures_lead_to_a_wait(accounts: Accounts, ada: Account, now: dt.datetime) -> None:
    """After five failures even the right password has to wait, 30 seconds at first; then it works again."""
    for _ in range(5):
        assert refusal(accounts, "ada", "a wrong password", now, "10.0.0.1").code == "wrong-credentials"
    refused = refusal(accounts, "ada", PASSWORD, now + dt.timedelta(seconds=10), "10.0.0.1")
    assert (refused.code, refused.retry_after_s) == ("too-many-attempts", 20)
    assert "20 seconds" in refused.sentence
    accounts.authenticate("ada", PASSWORD, now, address="10.0.0.2")
    accounts.authenticate("ada", PASSWORD, now + dt.timedelta(seconds=30), address="10.0.0.1")


def test_waits_double_up_to_a_quarter_of_an_hour(accounts: Accounts, ada: Account, now: dt.datetime) -> None:
    """Each failure after a wait makes the next one twice as long, fifteen minutes at most."""
    for _ in range(5):
        refusal(accounts, "ada", "a wrong password", now, "10.0.0.1")
    waits = []
    for _ in range(7):
        refused = refusal(accounts, "ada", PASSWORD, now, "10.0.0.1")
        assert refused.retry_after_s is not None
        waits.append(refused.retry_after_s)
        now += dt.timedelta(seconds=refused.retry_after_s)
        assert refusal(accounts, "ada", "a wrong password", now, "10.0.0.1").code == "wrong-credentials"
    assert waits == [30, 60, 120, 240, 480, 900, 900]


def test_success_and_time_forget_failures(accounts: Accounts, ada: Account, now: dt.datetime) -> None:
    """Four failures are forgotten by a success, and by an hour without one."""
    for _ in range(3):
        for _ in range(4):
            refusal(accounts, "ada", "a wrong password", now)
        accounts.authenticate("ada", PASSWORD, now)
    for _ in range(3):
        for _ in range(4):
            refusal(accounts, "ada", "a wrong password", now)
        now += dt.timedelta(hours=1, seconds=1)
    accounts.authenticate("ada", PASSWORD, now)


def test_waits_hold_for_unknown_names_too(accounts: Accounts, now: dt.datetime) -> None:
    """A name that does not exist is refused in the same way: the wait gives nothing away."""
    codes = [refusal(accounts, "nobody", "a wrong password", now).code for _ in range(7)]
    assert codes == ["wrong-credentials"] * 5 + ["too-many-attempts"] * 2


def test_trying_many_names_from_one_address(accounts: Accounts, ada: Account, now: dt.datetime) -> None:
    """An address that fails with many names has to wait with every name; others do not."""
    for number in range(ADDRESS.failures):
        refusal(accounts, f"name{number}", "a wrong password", now, "10.0.0.1")
    assert refusal(accounts, "ada", PASSWORD, now, "10.0.0.1").code == "too-many-attempts"
    accounts.authenticate("ada", PASSWORD, now, address="10.0.0.2")


def test_trying_one_name_from_many_addresses(accounts: Accounts, ada: Account, now: dt.datetime) -> None:
    """A name that many addresses fail with has to wait everywhere: guessing cannot be spread out."""
    for number in range(NAME.failures):
        refusal(accounts, "ada", "a wrong password", now, f"10.0.{number}.1")
    assert refusal(accounts, "ada", PASSWORD, now, "10.9.9.9").code == "too-many-attempts"
    accounts.authenticate("ada", PASSWORD, now + dt.timedelta(seconds=30), address="10.9.9.9")


def test_many_attempts_at_once_do_not_slip_through(accounts: Accounts, ada: Account, now: dt.datetime) -> None:
    """Guesses sent at the same moment are counted before any is looked at: five are tried, no more."""
    with ThreadPoolExecutor(12) as pool:
        codes = list(pool.map(lambda _: refusal(accounts, "ada", "a wrong password", now).code, range(24)))
    assert codes.count("wrong-credentials") == 5
    assert codes.count("too-many-attempts") == 19


def test_failures_are_kept_as_digests_and_not_for_long(
    accounts: Accounts, engine: Engine, ada: Account, now: dt.datetime
) -> None:
    """What was typed as a name is not stored in clear, and the counters go after a day."""
    refusal(accounts, "my-secret-by-mistake", "a wrong password", now, "10.0.0.1")
    with engine.connect() as connection:
        rows = connection.execute(sa.text("SELECT * FROM sign_in_failures")).all()
    assert len(rows) == 3
    assert "my-secret-by-mistake" not in str(rows)
    assert "10.0.0.1" not in str(rows)
    accounts.authenticate("ada", PASSWORD, now + dt.timedelta(days=1, seconds=1), address="10.0.0.1")
    with engine.connect() as connection:
        rows = connection.execute(sa.text("SELECT failures FROM sign_in_failures")).all()
    assert [row.failures for row in rows] == [0]


def test_a_link_signs_in_once(accounts: Accounts, ada: Account, now: dt.datetime) -> None:
    """A link signs its account in once, within its fifteen minutes."""
    link = accounts.issue_link("ada", created_by="system", now=now)
    assert accounts.redeem_link(link, now + dt.timedelta(minutes=14)).account == ada.account
    for again in (link, link + "x", "", "\ud800"):
        with pytest.raises(SignInRefused) as caught:
            accounts.redeem_link(again, now + dt.timedelta(minutes=14))
        assert caught.value.code == "wrong-credentials"
    late = accounts.issue_link("ada", created_by="system", now=now)
    with pytest.raises(SignInRefused):
        accounts.redeem_link(late, now + dt.timedelta(minutes=15))
    with pytest.raises(StorageRefused, match="no account"):
        accounts.issue_link("nobody", created_by="system", now=now)


def test_a_link_raced_for_signs_in_once(accounts: Accounts, ada: Account, now: dt.datetime) -> None:
    """Of several who use a link at the same moment one gets in."""
    link = accounts.issue_link("ada", created_by="system", now=now)

    def redeem(_: int) -> bool:
        try:
            accounts.redeem_link(link, now)
        except SignInRefused:
            return False
        return True

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(redeem, range(8))) == 1
