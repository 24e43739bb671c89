"""How much harm an answer can do, in six questions: they put a workload into its lane. Pure.

Each question has an answer for each lane, which the playbook words. The strictest answer decides: five harmless ones do
not outweigh one that is not.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated, get_args

from msgspec import Meta, Struct

from pilotage.playbook.types import Lane, RiskId
from pilotage.record.areas.area import Area, Entry
from pilotage.record.errors import Problem
from pilotage.record.stamps import Standing
from pilotage.record.texts import Base, Remark, Text

if TYPE_CHECKING:
    from pilotage.record.context import Context
    from pilotage.record.workload import Workload

LANES: tuple[Lane, ...] = get_args(Lane)
RISKS: tuple[RiskId, ...] = get_args(RiskId)
LAXER = "lane-laxer"


class ClassifyRisk(Struct, frozen=True, kw_only=True, tag="classify_risk", forbid_unknown_fields=True):
    """Answer six questions on what an answer can do to people. The strictest of them is the workload's lane.

    `pilotage playbook show` has what each answer means. Once the problem is chosen, answers can only make it stricter.
    """

    affected: Annotated[Lane, Meta(description="whom does an answer touch")]
    harm: Annotated[Lane, Meta(description="what is the worst that a wrong answer does")]
    undoing: Annotated[Lane, Meta(description="when is a wrong answer found, and can it be undone")]
    rights: Annotated[Lane, Meta(description="does it decide, or prepare a decision, on what people are entitled to")]
    sensitivity: Annotated[Lane, Meta(description="what kinds of data are in it")]
    reach: Annotated[Lane, Meta(description="how far does it reach in a month")]
    reasons: Annotated[Remark, Meta(description="why, where it is not obvious")] = ""
    base: Base = None


class RiskClassified(Struct, frozen=True, kw_only=True, tag="risk_classified"):
    """What an answer can do to people, question by question."""

    affected: Lane
    harm: Lane
    undoing: Lane
    rights: Lane
    sensitivity: Lane
    reach: Lane
    reasons: Text

    @property
    def lane(self) -> Lane:
        """The strictest answer's lane."""
        return strictest(self)

    @property
    def deciding(self) -> tuple[RiskId, ...]:
        """The questions whose answers put it there."""
        return tuple(risk for risk in RISKS if getattr(self, risk) == self.lane)


class Classifying(Struct, frozen=True, kw_only=True):
    """The classification that stands."""

    classified: Standing[RiskClassified] | None = None


ClassifyingFact = RiskClassified
ClassifyingCommand = ClassifyRisk


def strictest(answers: ClassifyRisk | RiskClassified) -> Lane:
    """The strictest lane among six answers."""
    return max((getattr(answers, risk) for risk in RISKS), key=LANES.index)


def _no_laxer(workload: Workload, command: ClassifyRisk, _context: Context) -> Iterator[Problem]:
    """Whoever finds the way too long does not shorten it by answering anew."""
    lane = strictest(command)
    if workload.phase != "select" and LANES.index(lane) < LANES.index(workload.lane):
        message = (
            f"These answers would put it into the {lane} lane; since it was chosen it is in the {workload.lane} lane, "
            "and that only becomes stricter. Go back to the choice if the work itself is another."
        )
        yield Problem(code=LAXER, field="", message=message)


AREA = Area(
    name="risk",
    entries=(Entry(command=ClassifyRisk, fact=RiskClassified, attribute="classified", check=_no_laxer),),
    permitted={"classify_risk": frozenset({"owner", "engineer"})},
)
