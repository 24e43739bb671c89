"""The incumbent as it was before the candidate first ran. Pure."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Sequence

from pilotage.evidence.figures import arm_over_stages
from pilotage.evidence.measurements import Baseline
from pilotage.evidence.strata import StageTotals
from pilotage.playbook.metrics import Metric

BEFORE = "none/"


def baseline(metric: Metric, stages: Sequence[StageTotals], days: Collection[dt.date] = ()) -> Baseline:
    """The incumbent's mean over the stages in which no candidate ran; stages of other modes are left out.

    `days` are those on which the incumbent had calls with a known value, as the daily sums list them.
    """
    before = [(stage.stage, stage.incumbent) for stage in stages if stage.stage.startswith(BEFORE)]
    calls = round(sum(totals.n for _, totals in before))
    return Baseline(
        metric=metric.id,
        estimate=arm_over_stages(metric, before),
        days=len(set(days)),
        calls=calls,
        first_day=min(days, default=None),
        last_day=max(days, default=None),
    )
