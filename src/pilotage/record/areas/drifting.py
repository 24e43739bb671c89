"""Drift on the record: what the watch saw move, and how somebody explained it. Pure.

The watch writes down which fields have moved and stayed moved. An explanation counts for as long as the field it is
about goes on standing out: what comes back to the reference and moves again has to be explained again.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated, Literal

from msgspec import Meta, Struct, structs

from pilotage.record.areas.area import Area, Entry
from pilotage.record.errors import Problem
from pilotage.record.stamps import Stamp, Standing
from pilotage.record.texts import Base, Said, Text

if TYPE_CHECKING:
    from pilotage.record.context import Context
    from pilotage.record.workload import Workload

DriftStatus = Literal["steady", "moved", "alert", "not_estimable"]


class ExplainDrift(Struct, frozen=True, kw_only=True, tag="explain_drift", forbid_unknown_fields=True):
    """Explain why a field has drifted from its reference, and what that means for the answers."""

    field: Annotated[
        str, Meta(min_length=1, max_length=200, description="the field as the Drift page names it, such as input.words")
    ]
    explanation: Annotated[Said, Meta(description="what changed in the work, and why the answers still hold")]
    base: Base = None


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


DriftingFact = DriftExplained | DriftSeen
DriftingCommand = ExplainDrift


class Drifting(Struct, frozen=True, kw_only=True):
    """What was seen last, since when each field stands out without a break, and the explanations by field."""

    newest: Standing[DriftSeen] | None = None
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


def _seen(state: Drifting, fact: DriftSeen, stamp: Stamp) -> Drifting:
    since = {field: state.since.get(field, stamp) for field in fact.alarms}
    if fact.status == "not_estimable":
        since = state.since
    return structs.replace(state, newest=Standing(fact=fact, stamp=stamp), since=since)


AREA = Area(
    name="drifting",
    entries=(
        Entry(command=ExplainDrift, fact=DriftExplained, attribute="explanations", key="field", check=_stands_out),
    ),
    folds={DriftSeen: _seen},
    permitted={"explain_drift": frozenset({"owner", "engineer", "operator"})},
)
