"""The permission matrix: every command and every role is allowed or refused by the desk exactly as it says."""

from __future__ import annotations

from pathlib import Path
from typing import get_args

import pytest
from tests.workflow.office import SLUG, Office

from pilotage.record import commands as c
from pilotage.record.commands import ASKS_CREDENTIAL, COMMANDS, PERMITTED
from pilotage.record.context import Actor
from pilotage.record.errors import Refused
from pilotage.record.organisation import ORGANISATION_COMMANDS, ORGANISATION_PERMITTED
from pilotage.record.permissions import ROLE_MEANINGS, matrix
from pilotage.server.description.examples import COMMAND_EXAMPLES, ORGANISATION_EXAMPLES
from pilotage.storage.accounts import ROLES
from pilotage.storage.accounts.identity import Role

HOLDERS = {"owner": "ann", "sponsor": "sam"}
SAYS = {one.command: one.roles for one in matrix()}


def refused_by_role(office: Office, slug: str, actor: Actor, command: c.Command) -> bool:
    """Whether the desk refuses a command for want of a role. Whatever it refuses, it writes nothing."""
    before = office.ledger.position()
    try:
        office.desk.issue(actor, slug, command)
    except Refused as refusal:
        assert office.ledger.position() == before
        codes = {problem.code for problem in refusal.problems}
        assert "not-permitted" not in codes or codes == {"not-permitted"}
        return "not-permitted" in codes
    assert office.ledger.position() > before
    return False


@pytest.fixture
def office(tmp_path: Path) -> Office:
    """A workload with its owner and sponsor, in an office of its own."""
    found = Office(tmp_path / "ledger.db")
    found.does("ann", c.Propose(title="Ticket triage", problem="Tickets wander about.", incumbent="the service desk"))
    for role, person in HOLDERS.items():
        found.does("ann", c.Assign(role=role, person=person))
    return found


def test_the_matrix_is_of_every_command_and_every_role():
    """Nothing is missing: the table has each command that there is and each role that an account may have."""
    assert tuple(PERMITTED) == tuple(COMMANDS)
    assert tuple(SAYS) == (*COMMANDS, *ORGANISATION_COMMANDS)
    assert set(ROLE_MEANINGS) == set(ROLES) == set(get_args(Role))
    permitted = PERMITTED | ORGANISATION_PERMITTED
    assert {one.command: set(one.roles) for one in matrix()} == {name: set(roles) for name, roles in permitted.items()}
    assert {one.command for one in matrix() if one.signature} == ASKS_CREDENTIAL
    assert set(COMMAND_EXAMPLES) == set(COMMANDS)
    assert set(ORGANISATION_EXAMPLES) == set(ORGANISATION_COMMANDS)


@pytest.mark.parametrize("role", [*ROLE_MEANINGS, "no role at all"])
def test_each_role_may_give_exactly_the_commands_that_the_matrix_says(office, role):
    """For every command the desk refuses the role, or lets it through to the rule, as the table says."""
    person = HOLDERS.get(role, "vic")
    roles = frozenset({role}) & frozenset(ROLE_MEANINGS)
    # Who is owner or sponsor would move with it: this one comes last.
    for name in sorted(COMMANDS, key=lambda one: one == "assign"):
        slug = "another-one" if name == "propose" else SLUG
        refused = refused_by_role(office, slug, Actor(person=person, roles=roles), COMMAND_EXAMPLES[name])
        assert refused == (role not in SAYS[name]), name


@pytest.mark.parametrize("role", ["owner", "sponsor"])
def test_an_owner_of_something_else_is_nobody_here(office, role):
    """Once a workload names them, an account's role as owner or sponsor counts for nothing on it."""
    stranger = Actor(person="ben", roles=frozenset({role}))
    for name in COMMANDS:
        if name != "propose":
            assert refused_by_role(office, SLUG, stranger, COMMAND_EXAMPLES[name]), name


@pytest.mark.parametrize("role", ["owner", "sponsor"])
def test_whoever_is_named_acts_as_such_whatever_their_account_says(office, role):
    """The holder's role comes from the workload: the account needs none."""
    for name in sorted(COMMANDS, key=lambda one: one == "assign"):
        if name != "propose":
            actor = Actor(person=HOLDERS[role], roles=frozenset())
            assert refused_by_role(office, SLUG, actor, COMMAND_EXAMPLES[name]) == (role not in SAYS[name]), name


def test_who_only_reads_changes_nothing():
    """Viewers and auditors may give no command at all."""
    assert not [name for name, roles in SAYS.items() if {"viewer", "auditor"} & set(roles)]
