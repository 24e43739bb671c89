"""The adoption plan: how many are to use the candidate, take its answers and override them, and from when on. Pure.

Only what happened after a plan was recorded is held against it: one that is written to fit the figures would be none.
"""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Annotated

from msgspec import Meta, Struct

from pilotage.record.areas.area import Area, Entry
from pilotage.record.stamps import Standing
from pilotage.record.texts import Base, Said, Text

if TYPE_CHECKING:
    from pilotage.record.workload import Workload

SEEN_IN = frozenset({"suggest", "live"})


class RecordAdoptionPlan(Struct, frozen=True, kw_only=True, tag="record_adoption_plan", forbid_unknown_fields=True):
    """Say how many are to use the candidate, take its answers as they are and override them, and from when on that is
    judged. Each rate has to be shown from a sample: plan what you would still be content with, not what you hope for.
    Only calls made after this was recorded count.
    """

    use_at_least: Annotated[
        float,
        Meta(
            gt=0,
            lt=1,
            description="of the units (people, desks) that see answers, at least this share uses one: 0.7 is 70 %",
        ),
    ]
    accepted_at_least: Annotated[
        float, Meta(gt=0, lt=1, description="of the answers it is told of, at least this share is taken as it is")
    ]
    overridden_at_most: Annotated[
        float, Meta(gt=0, lt=1, description="of the answers it is told of, at most this share is overridden")
    ]
    from_percent: Annotated[
        float, Meta(gt=0, le=100, description="judged once this share of the traffic is exposed, in per cent")
    ] = 5.0
    after_days: Annotated[
        int, Meta(ge=0, le=180, description="so many days after that share was reached: people learn at first")
    ] = 14
    actions_at_least: Annotated[
        int, Meta(ge=30, le=1_000_000, description="judged on at least so many answers of which it is told")
    ] = 200
    basis: Annotated[Said, Meta(description="whose use is planned, and where the three figures come from")]
    base: Base = None


class AdoptionPlanned(Struct, frozen=True, kw_only=True, tag="adoption_planned"):
    """How many are to use the candidate, take its answers and override them, and from when on."""

    use_at_least: float
    accepted_at_least: float
    overridden_at_most: float
    from_percent: float
    after_days: int
    actions_at_least: int
    basis: Text


AdoptingFact = AdoptionPlanned
AdoptingCommand = RecordAdoptionPlan


class Adopting(Struct, frozen=True, kw_only=True):
    """What stands of the adoption plan."""

    plan: Standing[AdoptionPlanned] | None = None


def share_reached(workload: Workload) -> dt.datetime | None:
    """Since when the share from which adoption is judged has been exposed without a break; None while it is not."""
    plan, since = workload.adopting.plan, None
    for one in reversed(workload.exposures):
        if plan is None or one.mode not in SEEN_IN or one.percent < plan.fact.from_percent or one.stamp is None:
            break
        since = one.stamp.at
    return since


def counts_from(workload: Workload) -> dt.datetime | None:
    """From when on calls are held against the plan: people have learned, and the plan stood. None before the share."""
    plan, reached = workload.adopting.plan, share_reached(workload)
    if plan is None or reached is None:
        return None
    return max(reached + dt.timedelta(days=plan.fact.after_days), plan.stamp.at)


AREA = Area(
    name="adopting",
    entries=(Entry(command=RecordAdoptionPlan, fact=AdoptionPlanned, attribute="plan"),),
    permitted={"record_adoption_plan": frozenset({"owner", "engineer", "operator"})},
)
