"""The operations playbook's own parts: whom to call, who is on call, what to do when something rings. Pure.

It is assembled from the record whenever it is read; `WalkThrough` is a person's signature that it holds as it stands.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated, Literal

from msgspec import Meta, Struct, structs

from pilotage.record.areas.area import Area, Entry
from pilotage.record.areas.operating import counts, holder
from pilotage.record.errors import Problem, Refused
from pilotage.record.stamps import Stamp, Standing
from pilotage.record.texts import Base, PersonId, Said, Text

if TYPE_CHECKING:
    from pilotage.record.context import Context
    from pilotage.record.workload import Workload

Step = Literal["first", "second", "third", "fourth", "fifth"]
STEPS: tuple[Step, ...] = ("first", "second", "third", "fourth", "fifth")
Reach = Annotated[
    str,
    Meta(
        min_length=3,
        max_length=400,
        description="how to reach the person at night: a number, a pager",
        extra={"personal": True},
    ),
]
GUARDRAIL = "guardrail:"
ALERTS: dict[str, str] = {
    "alert:failing": "The candidate fails, or answers too late",
    "alert:service": "A service level burns its error budget",
    "alert:drift": "Inputs or answers have drifted",
    "alert:skewed": "The arms are not assigned as the lease says",
    "alert:budget": "It costs more than was estimated for the month",
}


class SetEscalation(Struct, frozen=True, kw_only=True, tag="set_escalation", forbid_unknown_fields=True):
    """Say who is called at a step of the escalation path, and after how long without an answer the next one is."""

    step: Annotated[Step, Meta(description="in which order people are called")]
    person: PersonId
    reach: Reach
    minutes: Annotated[int, Meta(ge=1, le=1440, description="minutes without an answer, then the next step")]
    base: Base = None


class EscalationSet(Struct, frozen=True, kw_only=True, tag="escalation_set"):
    """One step of the escalation path."""

    step: Step
    person: str
    reach: Text
    minutes: int


class PlanShift(Struct, frozen=True, kw_only=True, tag="plan_shift", forbid_unknown_fields=True):
    """Plan who is on call from one day to another, both included."""

    shift: Annotated[
        str, Meta(pattern="^[a-z0-9][a-z0-9-]{0,39}$", description="a short name, such as week-49: a to z, 0 to 9, -")
    ]
    person: PersonId
    reach: Reach
    starts_on: dt.date
    ends_on: dt.date
    base: Base = None


class ShiftPlanned(Struct, frozen=True, kw_only=True, tag="shift_planned"):
    """One stretch of the on-call rotation, first and last day included."""

    shift: str
    person: str
    reach: Text
    starts_on: dt.date
    ends_on: dt.date


class WriteProcedure(Struct, frozen=True, kw_only=True, tag="write_procedure", forbid_unknown_fields=True):
    """Write down what whoever is on call does when something happens: a guardrail breaks, or an alert rings."""

    trigger: Annotated[
        str,
        Meta(
            pattern="^(guardrail|alert):[a-z0-9][a-z0-9_.-]{0,79}$",
            description="what it is for: guardrail:METRIC of the charter, or an alert such as alert:drift",
        ),
    ]
    steps: Annotated[Said, Meta(description="what to look at, what to do, and when to call the next person")]
    base: Base = None


class ProcedureWritten(Struct, frozen=True, kw_only=True, tag="procedure_written"):
    """What to do when something happens."""

    trigger: str
    steps: Text


class WalkThroughPlaybook(Struct, frozen=True, kw_only=True, tag="walk_through_playbook", forbid_unknown_fields=True):
    """Sign, as operations owner, that those on call walked through the operations playbook and that it holds."""

    statement: Annotated[Said, Meta(description="who walked through it, and what was tried")]


class PlaybookWalkedThrough(Struct, frozen=True, kw_only=True, tag="playbook_walked_through"):
    """The operations owner signs that the operations playbook holds as it stands."""

    statement: Text


class Runbook(Struct, frozen=True, kw_only=True):
    """Escalation by step, shifts by their names, procedures by what they are for, and the last walk-through."""

    escalation: dict[str, Standing[EscalationSet]] = {}
    shifts: dict[str, Standing[ShiftPlanned]] = {}
    procedures: dict[str, Standing[ProcedureWritten]] = {}
    walked: Standing[PlaybookWalkedThrough] | None = None

    @property
    def path(self) -> tuple[Standing[EscalationSet], ...]:
        """The escalation path in the order in which people are called."""
        return tuple(self.escalation[step] for step in STEPS if step in self.escalation)

    @property
    def rotation(self) -> tuple[Standing[ShiftPlanned], ...]:
        """The on-call rotation by its dates."""
        return tuple(sorted(self.shifts.values(), key=lambda one: (one.fact.starts_on, one.fact.ends_on)))

    def on_call(self, day: dt.date) -> tuple[Standing[ShiftPlanned], ...]:
        """Who is on call on a day."""
        return tuple(one for one in self.rotation if one.fact.starts_on <= day <= one.fact.ends_on)

    def first_uncovered(self, day: dt.date, days: int) -> dt.date | None:
        """The first of so many days, from `day` on, on which nobody is on call."""
        ahead = (day + dt.timedelta(days=later) for later in range(days))
        return next((one for one in ahead if not self.on_call(one)), None)


def triggers(workload: Workload) -> dict[str, str]:
    """What a procedure is needed for, in words: each guardrail of the charter, and each alert."""
    charter = workload.charter
    guardrails = charter.guardrails if charter else ()
    broken = {}
    for guardrail in guardrails:
        metric = charter.metric(guardrail.metric) if charter else None
        broken[f"{GUARDRAIL}{guardrail.metric}"] = (
            f"The guardrail is broken: {metric.title if metric else guardrail.metric}"
        )
    return broken | ALERTS


def walked_through(workload: Workload) -> Standing[PlaybookWalkedThrough] | None:
    """The walk-through that counts: signed by who holds operations now, on the playbook as it stands.

    A change of the path or of a procedure ends it; the rotation goes on without.
    """
    runbook = workload.runbook
    walked = runbook.walked
    stamps = [one.stamp for one in runbook.escalation.values()] + [one.stamp for one in runbook.procedures.values()]
    newest = max((stamp.position for stamp in stamps), default=0)
    if walked is None or walked.stamp.position < newest or not counts(workload, walked.stamp):
        return None
    return walked if walked.stamp.by == holder(workload, "operations") else None


RunbookFact = EscalationSet | ShiftPlanned | ProcedureWritten | PlaybookWalkedThrough
RunbookCommand = SetEscalation | PlanShift | WriteProcedure | WalkThroughPlaybook


def _known_person(_workload: Workload, command: SetEscalation | PlanShift, context: Context) -> Iterator[Problem]:
    if command.person not in context.people:
        message = f"{command.person} is nobody's id here; add the person first."
        yield Problem(code="unknown-person", field="person", message=message)


def _shift_problems(workload: Workload, command: PlanShift, context: Context) -> Iterator[Problem]:
    yield from _known_person(workload, command, context)
    if command.ends_on < command.starts_on:
        message = f"The shift ends on {command.ends_on}, before it begins; give a last day from {command.starts_on} on."
        yield Problem(code="ends-before-start", field="ends_on", message=message)


def _known_trigger(workload: Workload, command: WriteProcedure, _context: Context) -> Iterator[Problem]:
    known = triggers(workload)
    if command.trigger not in known:
        message = f"Nothing rings as {command.trigger}; take one of {', '.join(known)}."
        yield Problem(code="unknown-trigger", field="trigger", message=message)


def walk_through(workload: Workload, command: WalkThroughPlaybook, context: Context) -> list[RunbookFact]:
    """The operations owner signs, in person, a playbook that has something in it."""
    problems = []
    if holder(workload, "operations") != context.actor.person:
        message = "You do not hold the operations role; whoever accepted it walks through the playbook."
        problems.append(Problem(code="not-operations", field="", message=message))
    missing = [name for name in triggers(workload) if name not in workload.runbook.procedures]
    if missing:
        message = f"There is no procedure for {', '.join(missing)}; write it first."
        problems.append(Problem(code="procedures-missing", field="", message=message))
    if not workload.runbook.path:
        message = "Nobody is named to be called; set the first step of the escalation path."
        problems.append(Problem(code="no-escalation", field="", message=message))
    if problems:
        raise Refused(problems)
    return [PlaybookWalkedThrough(statement=command.statement)]


def _walked(state: Runbook, fact: PlaybookWalkedThrough, stamp: Stamp) -> Runbook:
    return structs.replace(state, walked=Standing(fact=fact, stamp=stamp))


_WRITERS = frozenset({"owner", "engineer", "operator"})
AREA = Area(
    name="runbook",
    entries=(
        Entry(command=SetEscalation, fact=EscalationSet, attribute="escalation", key="step", check=_known_person),
        Entry(command=PlanShift, fact=ShiftPlanned, attribute="shifts", key="shift", check=_shift_problems),
        Entry(
            command=WriteProcedure, fact=ProcedureWritten, attribute="procedures", key="trigger", check=_known_trigger
        ),
    ),
    rules={WalkThroughPlaybook: walk_through},
    folds={PlaybookWalkedThrough: _walked},
    permitted={
        "set_escalation": _WRITERS,
        "plan_shift": _WRITERS,
        "write_procedure": _WRITERS,
        "walk_through_playbook": _WRITERS,
    },
    asks_credential=frozenset({"walk_through_playbook"}),
)
