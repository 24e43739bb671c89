"""Drift on the record: what the watch saw move, how somebody explained it, and what it is compared with. Pure.

A reference is frozen by rule, from the first days. After a change that was accepted somebody has the traffic compared
with later days instead, by name and with the reason; what was compared with before stays on record.

The watch writes down which fields have moved and stayed moved. An explanation counts for as long as the field it is
about goes on standing out: what comes back to the reference and moves again has to be explained again.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated, Literal

from msgspec import Meta, Struct, structs

from pilotage.record.areas.area import Area, Entry
from pilotage.record.errors import Problem
from pilotage.record.stamps import Stamp, Standing
from pilotage.record.texts import Base, Said, Text

DAYS_AHEAD_MAX = dt.timedelta(days=28)

if TYPE_CHECKING:
    from pilotage.record.context import Context
    from pilotage.record.workload import Workload

ReferenceOf = Literal["traffic", "candidate"]
DriftStatus = Literal["steady", "moved", "alert", "not_estimable"]


class ExplainDrift(Struct, frozen=True, kw_only=True, tag="explain_drift", forbid_unknown_fields=True):
    """Explain why a field has drifted from its reference, and what that means for the answers."""

    field: Annotated[
        str, Meta(min_length=1, max_length=200, description="the field as the Drift page names it, such as input.words")
    ]
    explanation: Annotated[Said, Meta(description="what changed in the work, and why the answers still hold")]
    base: Base = None


class ChooseReference(Struct, frozen=True, kw_only=True, tag="choose_reference", forbid_unknown_fields=True):
    """Have the traffic, or what the candidate does, compared with a later window; the one before stays visible."""

    of: Annotated[
        ReferenceOf,
        Meta(description="traffic: inputs, the incumbent and outcomes; candidate: what the running release answers"),
    ]
    since: Annotated[
        dt.date,
        Meta(
            description="the window's first day; it takes seven whole days from there with 1,000 calls, at most 28, "
            "and is frozen once they are over"
        ),
    ]
    reason: Annotated[Said, Meta(description="what changed and was accepted, so that the days before say no more")]
    base: Base = None


class ReferenceChosen(Struct, frozen=True, kw_only=True, tag="reference_chosen"):
    """From which day on the reference is to be taken, and why."""

    of: ReferenceOf
    since: dt.date
    reason: Text


class DriftExplained(Struct, frozen=True, kw_only=True, tag="drift_explained"):
    """Why a field has drifted."""

    field: str
    explanation: Text


class DriftSeen(Struct, frozen=True, kw_only=True, tag="drift_seen"):
    """How the traffic stood against its reference: `judged` fields, of which `alarms` had moved and stayed moved.

    `why` says why nothing could be told; empty where it could.
    """

    status: DriftStatus
    judged: int
    alarms: tuple[str, ...] = ()
    why: str = ""


DriftingFact = DriftExplained | DriftSeen | ReferenceChosen
DriftingCommand = ChooseReference | ExplainDrift


class Drifting(Struct, frozen=True, kw_only=True):
    """What was seen last, since when each field stands out without a break, the explanations by field, and from when on
    a reference is to be taken that is not the first.
    """

    newest: Standing[DriftSeen] | None = None
    references: dict[str, Standing[ReferenceChosen]] = {}
    since: dict[str, Stamp] = {}
    explanations: dict[str, Standing[DriftExplained]] = {}

    def explained(self, field: str) -> Standing[DriftExplained] | None:
        """The explanation of a field that stands out, given since it does."""
        given, since = self.explanations.get(field), self.since.get(field)
        return given if given and since and given.stamp.position > since.position else None

    @property
    def unexplained(self) -> tuple[str, ...]:
        """The fields that stand out and that nobody has explained since."""
        alarms = self.newest.fact.alarms if self.newest else ()
        return tuple(field for field in alarms if self.explained(field) is None)


def _stands_out(workload: Workload, command: ExplainDrift, _context: Context) -> Iterator[Problem]:
    alarms = workload.drifting.newest.fact.alarms if workload.drifting.newest else ()
    if command.field not in alarms:
        have = f"these do: {', '.join(alarms)}" if alarms else "none does"
        message = f"The watch has not seen {command.field} stand out from its reference ({have}); nothing to explain."
        yield Problem(code="not-drifted", field="field", message=message)


def _window(workload: Workload, command: ChooseReference, context: Context) -> Iterator[Problem]:
    """A window that can come about: after the workload began, and soon enough to be waited for."""
    first, latest = workload.proposed.at.date(), context.today + DAYS_AHEAD_MAX
    if not first <= command.since <= latest:
        message = f"Choose a day from {first}, when the workload was proposed, to {latest}, four weeks from now."
        yield Problem(code="no-such-window", field="since", message=message)
    if command.of == "candidate" and workload.release is None:
        message = "No release is registered, so there is nothing that the candidate does; choose the traffic."
        yield Problem(code="no-release", field="of", message=message)


def _seen(state: Drifting, fact: DriftSeen, stamp: Stamp) -> Drifting:
    since = {field: state.since.get(field, stamp) for field in fact.alarms}
    if fact.status == "not_estimable":
        since = state.since
    return structs.replace(state, newest=Standing(fact=fact, stamp=stamp), since=since)


AREA = Area(
    name="drifting",
    entries=(
        Entry(command=ChooseReference, fact=ReferenceChosen, attribute="references", key="of", check=_window),
        Entry(command=ExplainDrift, fact=DriftExplained, attribute="explanations", key="field", check=_stands_out),
    ),
    folds={DriftSeen: _seen},
    permitted={
        "choose_reference": frozenset({"owner", "engineer", "operator"}),
        "explain_drift": frozenset({"owner", "engineer", "operator"}),
    },
)
