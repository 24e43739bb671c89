"""What the product sees of its own security, in real workspaces that are sound, and in ones that are not."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.record.stories import Story
from tests.server.cast import enrol, open_here

from pilotage.operations.announcing import announced
from pilotage.operations.inspecting import EVERY, Inspector, inspect
from pilotage.record.areas.auditing import SelfSeen
from pilotage.workflow.workspace import Workspace

NOW = dt.datetime.now(dt.UTC)


@pytest.fixture
def workspace(tmp_path: Path) -> Iterator[Workspace]:
    """A real workspace with one account that has a password, and no token."""
    workspace = open_here(tmp_path / "home")
    accounts = workspace.accounts
    person = accounts.create_person("Ada", created_by="tests", now=NOW).person
    accounts.create_account(person, "ada", roles=("admin",), created_by="tests", now=NOW, password="correct horse 1")
    yield workspace
    workspace.close()


def seen(workspace: Workspace, *, secure: bool = False, now: dt.datetime = NOW) -> dict[str, bool]:
    """What holds, by what was looked at."""
    return {one.check: one.holds for one in inspect(workspace, secure=secure, now=now)}


def test_a_sound_workspace_is_seen_to_be_sound(workspace):
    """Keys are their owner's, it listens here alone, everybody has a password, and nothing lasts for ever."""
    with announced(workspace.home, "http://127.0.0.1:8400"):
        assert set(seen(workspace).values()) == {True}
        assert list(seen(workspace)) == ["files", "transport", "passwords", "tokens", "unused rights"]


def test_keys_that_others_can_read_are_seen(workspace):
    """One file is enough."""
    key = next(path for path in (workspace.home / "keys").iterdir() if path.is_file())
    key.chmod(0o644)
    assert not seen(workspace)["files"]


@pytest.mark.parametrize(
    ("url", "secure", "holds"),
    [
        ("http://localhost:8400", False, True),
        ("http://[::1]:8400", False, True),
        ("http://10.0.0.7:8400", False, False),
        ("http://10.0.0.7:8400", True, True),
        ("", False, False),
    ],
)
def test_how_it_is_reached_is_seen(workspace, url, secure, holds):
    """By HTTPS only, or from this machine alone; where nobody says how, it does not hold."""
    if not url:
        assert seen(workspace, secure=secure)["transport"] is holds
        return
    with announced(workspace.home, url):
        assert seen(workspace, secure=secure)["transport"] is holds


def test_accounts_without_a_password_are_seen(workspace):
    """Until it is set, or the account is disabled."""
    accounts = workspace.accounts
    person = accounts.create_person("Bo", created_by="tests", now=NOW).person
    accounts.create_account(person, "bo", roles=("viewer",), created_by="tests", now=NOW)
    assert not seen(workspace)["passwords"]
    accounts.disable_account("bo", now=NOW)
    assert seen(workspace)["passwords"]


def test_tokens_that_never_end_are_seen(workspace):
    """Those that may do more than read, until they are revoked; a token that ends, or only reads, does no harm."""
    ada = workspace.accounts.people()[0].person
    issue = workspace.accounts.issue_token
    issue("reads", person=ada, scopes=("read",), created_by="tests", now=NOW)
    issue("ends", person=ada, scopes=("command",), created_by="tests", now=NOW, expires=NOW + dt.timedelta(days=30))
    assert seen(workspace)["tokens"]
    endless = issue("endless", person=ada, scopes=("record",), created_by="tests", now=NOW)
    assert not seen(workspace)["tokens"]
    workspace.accounts.revoke_token(endless.token.token, NOW)
    assert seen(workspace)["tokens"]


def test_rights_that_nobody_uses_are_seen(workspace):
    """Who was let in 90 days ago and used neither session nor token since; a token that is used shows that they are."""
    later = NOW + dt.timedelta(days=91)
    assert not seen(workspace, now=later)["unused rights"]
    eva = enrol(workspace, "eva", roles=("engineer",))
    assert workspace.accounts.find_token(eva.token, later) is not None
    assert eva.person in workspace.accounts.seen_lately(later - dt.timedelta(days=1))


def test_it_is_written_down_weekly_and_when_it_changed():
    """The first look, then nothing while it shows the same, then the week's; at once where something else is seen. A
    pilot is not looked at, and without somebody who knows how it is reached nothing is said.
    """
    story, found = Story().begin_hardening(), [SelfSeen(check="files", holds=True, found="0 of 4.")]
    inspector = Inspector(lambda: tuple(found), lambda: story.now)
    first = inspector.inspect(story.standing)
    story.record(first)
    assert inspector.inspect(story.standing) is None
    story.wait(hours=7)
    found[0] = SelfSeen(check="files", holds=False, found="1 of 4.")
    assert inspector.inspect(story.standing).seen == tuple(found)
    found[0] = SelfSeen(check="files", holds=True, found="0 of 5.")
    story.wait(hours=7)
    assert inspector.inspect(story.standing) is None
    story.wait(days=EVERY.days)
    assert inspector.inspect(story.standing) is not None
    assert Inspector(None, lambda: story.now).inspect(story.standing) is None
    assert inspector.inspect(Story().begin_pilot().standing) is None
