"""The one way from a request to a decision: the interface's commands and the pages' forms both come through here."""

from __future__ import annotations

from pilotage.record.commands import ASKS_CREDENTIAL, Command, Kill, Propose, name_of
from pilotage.record.context import Actor
from pilotage.record.errors import Refused, refuse
from pilotage.record.organisation import ORGANISATION, OrganisationCommand
from pilotage.server.asking import AnyRequest, check_slug
from pilotage.server.auth.credentials import address_of, check_credential
from pilotage.server.auth.identity import Identity, current_identity
from pilotage.server.parts import parts_of
from pilotage.server.threads import run_in
from pilotage.workflow.desk import Receipt
from pilotage.workflow.workspace import Workspace


async def carry_out(request: AnyRequest, slug: str, command: Command, *, credential: str | None = None) -> Receipt:
    """Give a command as whoever signed in; what it wrote, durably.

    Commands in `ASKS_CREDENTIAL` are signatures: `credential` is the password, asked for again. Raises `Refused` with
    every problem at once (a form shows each beside its field), `Overtaken`, or storage's errors; then nothing is
    written.
    """
    parts = parts_of(request)
    identity = current_identity(request)
    name = name_of(command)
    try:
        check_slug(slug)
        _check_scope(identity, slug)
        if name in ASKS_CREDENTIAL:
            signing = parts.threads.signing
            await run_in(signing, check_credential, parts.workspace, identity, credential, address_of(request))
        # A kill must not wait behind decisions that have to judge first.
        pool = parts.threads.prompt if isinstance(command, Kill) else parts.threads.deciding
        receipt = await run_in(pool, _issue, parts.workspace, identity, slug, command)
    except Exception as error:
        parts.meters.commands.labels(name, "refused" if isinstance(error, Refused) else "failed").inc()
        raise
    parts.meters.commands.labels(name, "done").inc()
    return receipt


async def carry_out_for_organisation(request: AnyRequest, command: OrganisationCommand) -> Receipt:
    """Give a command about the organisation as whoever signed in; as `carry_out` otherwise. The roles that count are
    those that hold everywhere, and a token that is bound to a workload may give none.
    """
    parts, identity = parts_of(request), current_identity(request)
    name = str(command.__struct_config__.tag)
    actor = Actor(person=identity.person, roles=identity.roles)
    try:
        _check_scope(identity, ORGANISATION)
        issue = parts.workspace.desk.issue_for_organisation
        receipt = await run_in(parts.threads.deciding, issue, actor, command)
    except Exception as error:
        parts.meters.commands.labels(name, "refused" if isinstance(error, Refused) else "failed").inc()
        raise
    parts.meters.commands.labels(name, "done").inc()
    return receipt


def _check_scope(identity: Identity, slug: str) -> None:
    if "command" not in identity.scopes:
        raise refuse("not-permitted", "", "This token may not give commands; it lacks the scope command.")
    if identity.workload not in {None, slug}:
        raise refuse("not-permitted", "", f"This token is bound to {identity.workload}.")


def _issue(workspace: Workspace, identity: Identity, slug: str, command: Command) -> Receipt:
    roles = identity.roles | workspace.accounts.roles_of(identity.person, slug)
    if isinstance(command, Propose) and workspace.desk.find(slug) is not None:
        raise refuse("already-proposed", "slug", f"{slug} exists already; choose another short name.")
    return workspace.desk.issue(Actor(person=identity.person, roles=roles), slug, command)
