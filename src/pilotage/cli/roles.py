"""`pilotage roles`: which role may give which command."""

from __future__ import annotations

import click

from pilotage.cli.failures import CliError
from pilotage.cli.invocation import Answer, Invocation, command
from pilotage.cli.screen import Screen
from pilotage.record.permissions import ROLE_MEANINGS, Permission, matrix


@command("roles")
@click.option("--role", metavar="ROLE", help="Only the commands that this role may give.")
def roles(run: Invocation, role: str | None) -> Answer:
    """Show which role may give which command; the record decides by this very table.

    Owner and sponsor count on the workload that names them. A role is necessary, not sufficient: `pilotage do WORKLOAD
    COMMAND --help` says what else a command asks for.
    """
    if role is not None and role not in ROLE_MEANINGS:
        raise CliError("unknown-role", f"There is no role {role}; there are {', '.join(ROLE_MEANINGS)}.")
    found = [one for one in matrix() if role is None or role in one.roles]
    run.screen.answer({"roles": ROLE_MEANINGS, "commands": found}, lambda screen: _draw(screen, found))
    return None


def _draw(screen: Screen, found: list[Permission]) -> None:
    rows = [(one.command, ", ".join(one.roles), "signature" if one.signature else "", one.does) for one in found]
    screen.table(("command", "may be given by", "", "what it does"), rows)
