"""`pilotage user` and `pilotage token`: accounts and tokens, kept where the workspace is."""

from __future__ import annotations

import datetime as dt

from tests.cli.terminal import WORKLOAD
from tests.server.cast import open_here

LONG = "four or five plain words"


def now():
    """Real time."""
    return dt.datetime.now(dt.UTC)


def test_a_person_is_added_with_a_link(terminal):
    """Somebody who is added gets a link that signs them in once; it is the console that added them."""
    terminal.settle()
    ran = terminal.run("user", "add", "sofia", "--name", "Sofia Lindqvist", "--role", "reviewer", "--json")
    assert ran.code == 0, ran.err
    account, link = ran.json["account"], ran.json["link"]
    assert account | {"person": ""} == {
        "username": "sofia",
        "name": "Sofia Lindqvist",
        "person": "",
        "roles": ["reviewer"],
        "disabled": False,
        "has_password": False,
        "password_set_by": None,
    }
    assert link["minutes"] == 15
    assert link["link"].startswith("http://127.0.0.1:8400/sign-in?token=")
    workspace = open_here(terminal.home)
    secret = link["link"].partition("token=")[2]
    assert workspace.accounts.redeem_link(secret, now()).username == "sofia"
    assert workspace.accounts.account("sofia").created_by == "console"
    workspace.close()


def test_the_first_person_makes_the_workspace(terminal):
    """In an empty folder adding somebody makes the workspace."""
    ran = terminal.run("user", "add", "ada", "--name", "Ada Nilsen", "--role", "admin")
    assert ran.code == 0
    assert ran.out.startswith("ada is Ada Nilsen, p-")
    assert terminal.home.exists()


def test_a_password_is_set_and_shows_by_whom(terminal):
    """A password set at the console says so wherever accounts are listed."""
    terminal.settle()
    ran = terminal.run("user", "password", "yuki", new_password=LONG)
    assert (ran.code, ran.out) == (0, "The password of yuki is set, by console.\n")
    listed = {one["username"]: one for one in terminal.run("user", "list", "--json").json["accounts"]}
    assert listed["yuki"]["password_set_by"] == "console"
    assert terminal.run("apply", "-f", terminal.write("w.yaml", WORKLOAD), user="yuki", password=LONG).code == 0


def test_a_weak_or_missing_password_is_refused(terminal):
    """A short password, or none where nobody can type one, changes nothing and says what to do."""
    terminal.settle()
    weak = terminal.run("user", "password", "yuki", new_password="short")
    assert (weak.code, weak.err) == (
        2,
        "Error: A password has 12 to 1024 characters; a few words will do.\n",
    )
    silent = terminal.run("user", "password", "yuki")
    assert silent.code == 2
    assert "A new password of yuki is needed, and nobody is there to type it: set PILOTAGE_NEW_PASSWORD" in silent.err
    unknown = terminal.run("user", "password", "nobody", new_password=LONG)
    assert (unknown.code, unknown.err) == (2, "Error: There is no account named 'nobody'.\n")


def test_accounts_are_listed_one_to_a_line(terminal):
    """The list shows user, name, person, roles and who set the password."""
    people = terminal.settle()
    ran = terminal.run("user", "list")
    assert (ran.code, ran.err) == (0, "")
    assert ran.out.splitlines()[0].split() == [
        "imke", "Imke", people["imke"].person, "owner", "password", "set", "by", "tests",
    ]  # fmt: skip
    assert len(ran.out.splitlines()) == 5


def test_roles_change_and_accounts_end(terminal):
    """Roles are replaced, accounts disabled, and the last administrator stays."""
    terminal.settle()
    assert terminal.run("user", "role", "yuki", "operator", "engineer").out == "yuki has engineer, operator.\n"
    assert terminal.run("user", "disable", "yuki").out == "yuki is disabled.\n"
    assert "disabled" in terminal.run("user", "list").out
    last = terminal.run("user", "disable", "ada")
    assert (last.code, last.err) == (2, "Error: This is the last administrator; make another one first.\n")
    wrong = terminal.run("user", "role", "tomas", "king")
    assert wrong.code == 2
    assert "Unknown: king." in wrong.err


def test_administering_by_name_takes_an_administrator(terminal):
    """With `--as` somebody administers under their own name, which takes the role and the password."""
    people = terminal.settle()
    refused = terminal.run_as("imke", "user", "link", "yuki")
    assert (refused.code, refused.err) == (2, "Error: imke is no administrator; ask one.\n")
    done = terminal.run_as("ada", "user", "add", "sofia", "--name", "Sofia", "--json")
    assert done.code == 0
    workspace = open_here(terminal.home)
    assert workspace.accounts.account("sofia").created_by == people["ada"].person
    workspace.close()


def test_accounts_are_not_kept_elsewhere(terminal):
    """Where another server is named, accounts are refused rather than looked for in this folder."""
    terminal.settle()
    ran = terminal.run("user", "list", url="http://127.0.0.1:1", token="x")
    assert (ran.code, ran.err) == (
        2,
        "Error: Accounts and tokens are kept where the workspace is: run this there, without PILOTAGE_URL.\n",
    )


def test_a_token_is_made_for_whoever_proves_who_they_are(terminal):
    """A token acts for the person who made it, within its scopes, and its secret is shown once."""
    people = terminal.settle()
    ran = terminal.run_as("yuki", "token", "new", "runtime", "--scope", "record", "--workload", "ticket-triage")
    assert ran.code == 0
    secret = ran.out.strip()
    workspace = open_here(terminal.home)
    found = workspace.accounts.find_token(secret, now())
    assert found is not None
    assert (found.person, found.scopes, found.workload) == (people["yuki"].person, {"record"}, "ticket-triage")
    workspace.close()
    listed = terminal.run("token", "list")
    assert secret not in listed.out
    assert "runtime" in listed.out
    unproven = terminal.run("token", "new", "runtime", "--scope", "record", user="yuki", password="guessed it wrongly")
    assert unproven.code == 2


def test_a_service_has_a_token_of_its_own(terminal):
    """A pipeline's token acts for a service, which outlives the account of whoever made it."""
    people = terminal.settle()
    ran = terminal.run_as("ada", "token", "new", "pipeline", "--scope", "read", "--service", "--days", "7", "--json")
    issued = ran.json
    assert issued["person"] not in {one.person for one in people.values()}
    assert (issued["name"], issued["scopes"], issued["workload"]) == ("pipeline", ["read"], None)
    assert issued["expires"][:10] == (now() + dt.timedelta(days=7)).date().isoformat()


def test_a_revoked_token_is_worth_nothing(terminal):
    """Revoking ends a token at once; the list leaves it out, `--all` shows when it ended."""
    terminal.settle()
    issued = terminal.run("token", "new", "pipeline", "--scope", "read", "--service", "--json").json
    done = terminal.run("token", "revoke", issued["token"])
    assert (done.code, done.out) == (0, f"{issued['token']} is revoked.\n")
    workspace = open_here(terminal.home)
    assert workspace.accounts.find_token(issued["secret"], now()) is None
    workspace.close()
    assert "pipeline" not in terminal.run("token", "list").out
    assert f"revoked {now().date()}" in terminal.run("token", "list", "--all").out
    unknown = terminal.run("token", "revoke", "t-none")
    assert (unknown.code, unknown.err) == (2, "Error: There is no token 't-none'.\n")


def test_an_unknown_scope_is_refused(terminal):
    """A token with a scope that does not exist is not made."""
    terminal.settle()
    ran = terminal.run("token", "new", "pipeline", "--scope", "everything", "--service")
    assert (ran.code, ran.err) == (
        2,
        "Error: A token needs one or more of the scopes record, read, command, admin.\n",
    )


def test_alone_and_without_a_password_one_may_act_but_not_sign(terminal):
    """The only account may act as long as it has no password, for whoever has the files; signing takes a password."""
    owned = WORKLOAD + "people:\n  owner: admin\n"
    assert terminal.run("apply", "-f", terminal.write("w.yaml", owned)).code == 0
    accept = ("do", "ticket-triage", "accept-ownership", "--technical", "--operational", "--statement", "I own it.")
    refused = terminal.run(*accept)
    assert refused.code == 2
    assert refused.err == (
        "Error: A signature takes a password, and admin has none yet; set it with `pilotage user password admin`.\n"
    )
    terminal.run("user", "password", "admin", new_password=LONG)
    assert terminal.run(*accept, password=LONG).code == 0
    assert terminal.run("kill", "ticket-triage", "--reason", "enough of it").code == 2


def test_somebody_without_a_password_is_not_acted_for(terminal):
    """An account that waits for its first sign-in cannot be used by others once there are several."""
    terminal.settle_triage()
    terminal.run("user", "add", "sofia", "--name", "Sofia", "--role", "engineer")
    ran = terminal.run("kill", "ticket-triage", "--reason", "enough of it", user="sofia", password=LONG)
    assert (ran.code, ran.err) == (2, "Error: The user name or the password is wrong.\n")
