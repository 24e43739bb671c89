"""What came of a month of live traffic: the target's sums by stage, each unit once in each. Pure.

Nobody commands it: the watch writes a month down once what was to be learned of its calls has come, so that a quarter
can be judged when its first calls are past their retention, and is judged on what stood then.
"""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta, Struct, structs

from pilotage.record.areas.area import Area
from pilotage.record.stamps import Stamp, Standing

MonthId = Annotated[str, Meta(pattern=r"^\d{4}-\d{2}$", description="a month, such as 2026-05")]


class StageMeasured(Struct, frozen=True, kw_only=True):
    """The totals over units of each arm in one stage; of each only what is not zero."""

    stage: str
    candidate: dict[str, float] = {}
    incumbent: dict[str, float] = {}


class MonthMeasured(Struct, frozen=True, kw_only=True, tag="month_measured"):
    """A month's sums of the target metric. `definition` is the digest of the metric as it was measured: sums of another
    definition are not comparable with them.
    """

    month: MonthId
    metric: str
    definition: str
    stages: tuple[StageMeasured, ...] = ()


BenefitingFact = MonthMeasured


class Benefiting(Struct, frozen=True, kw_only=True):
    """Every month that was measured, the newest word on each."""

    months: dict[str, Standing[MonthMeasured]] = {}


def _measured(state: Benefiting, fact: MonthMeasured, stamp: Stamp) -> Benefiting:
    return structs.replace(state, months={**state.months, fact.month: Standing(fact=fact, stamp=stamp)})


AREA = Area(name="benefiting", folds={MonthMeasured: _measured}, permitted={})
