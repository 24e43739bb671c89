"""The organisation: what is on record of it and of no single workload. A ledger stream and a fold of its own. Pure.

`ORGANISATION` is the name of that stream. No workload can have it: short names hold letters, digits and hyphens only.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Mapping
from typing import Any, get_args

from msgspec import Struct, structs

from pilotage.playbook.types import Playbook
from pilotage.record import assessing as a
from pilotage.record.assessing import Assessing, AssessingCommand
from pilotage.record.context import Actor
from pilotage.record.errors import Refused, refuse
from pilotage.record.facts import OrganisationFact, Recorded
from pilotage.record.soundness import unsound
from pilotage.record.stamps import Stamp

ORGANISATION = "@organisation"
OrganisationCommand = AssessingCommand

ORGANISATION_COMMANDS: dict[str, type[OrganisationCommand]] = {
    str(cls.__struct_config__.tag): cls for cls in get_args(OrganisationCommand)
}
ORGANISATION_PERMITTED: dict[str, frozenset[str]] = {
    "answer_assessment": frozenset({"owner", "sponsor", "engineer", "operator", "reviewer", "admin"}),
    "conclude_assessment": frozenset({"owner", "sponsor", "admin"}),
}


class Organisation(Struct, frozen=True, kw_only=True):
    """The fold of the organisation's facts; as it is here before the first."""

    assessing: Assessing = Assessing()
    sequence: int = 0
    position: int = 0
    updated_at: dt.datetime | None = None
    simulated: bool = False


class OrganisationContext(Struct, frozen=True, kw_only=True):
    """Who gives a command, the playbook whose assessments are asked, and the criteria that each workload is held to."""

    actor: Actor
    playbook: Playbook
    criteria: Mapping[str, frozenset[str]] = {}


_RULES: dict[type, Callable[[Assessing, Any, OrganisationContext], list[a.AssessingFact]]] = {
    a.AnswerAssessment: a.answer,
    a.ConcludeAssessment: a.conclude,
}
_FOLDS: dict[type, Callable[[Assessing, Any, Stamp], Assessing]] = {
    a.AssessmentAnswered: a.answered,
    a.AssessmentConcluded: a.concluded,
}


def decide_for_organisation(
    organisation: Organisation, command: OrganisationCommand, context: OrganisationContext
) -> tuple[OrganisationFact, ...]:
    """The facts that a command about the organisation makes. Raises `Refused` with every problem."""
    name = str(command.__struct_config__.tag)
    if not ORGANISATION_PERMITTED[name] & context.actor.roles:
        allowed = ", ".join(sorted(ORGANISATION_PERMITTED[name]))
        raise refuse("not-permitted", "", f"{name} needs one of these roles: {allowed}. Ask an administrator.")
    if problems := unsound(command):
        raise Refused(problems)
    return tuple(_RULES[type(command)](organisation.assessing, command, context))


def fold_organisation(entries: Iterable[Recorded], organisation: Organisation | None = None) -> Organisation:
    """The organisation after a run of its facts. Raises ValueError for facts that are none of its own or out of order:
    that is a broken ledger.
    """
    standing = organisation or Organisation()
    for recorded in entries:
        standing = _apply(standing, recorded)
    return standing


def _apply(organisation: Organisation, recorded: Recorded) -> Organisation:
    fact, step = recorded.fact, _FOLDS.get(type(recorded.fact))
    if step is None:
        raise ValueError(f"{type(fact).__name__} at entry {recorded.position} is no fact about the organisation")
    if recorded.sequence != organisation.sequence + 1 or recorded.position <= organisation.position:
        raise ValueError(
            f"The organisation's fact {recorded.sequence} at entry {recorded.position} cannot follow fact "
            f"{organisation.sequence} at entry {organisation.position}"
        )
    stamp = Stamp(by=recorded.actor, at=recorded.at, position=recorded.position)
    return structs.replace(
        organisation,
        assessing=step(organisation.assessing, fact, stamp),
        sequence=recorded.sequence,
        position=recorded.position,
        updated_at=recorded.at,
        simulated=organisation.simulated or recorded.simulated,
    )
