"""What the candidate brings once it serves, held against what was promised. Pure.

Where some units stay with the incumbent, arms are compared within the step that was reached last. Where none do, the
candidate is held against the frozen baseline, and the figure says that it is not concurrent: whatever else changed
since then is in it too.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from msgspec import structs

from pilotage.evidence.figures import arm_over_stages, live_figures
from pilotage.evidence.measurements import Estimated, LiveBenefit, NotEstimable
from pilotage.evidence.strata import StageTotals
from pilotage.evidence.values import orientation
from pilotage.playbook.metrics import Metric, Target


def live_benefit(
    target: Target, metric: Metric, stages: Sequence[StageTotals], baseline: Estimated | None
) -> LiveBenefit | NotEstimable:
    """The benefit under the target's form. `stages` are the live ones in the order in which they were reached;
    `baseline` is the incumbent as it was before the candidate first ran.
    """
    served = [stage for stage in stages if stage.candidate.n > 0]
    if not served:
        return NotEstimable(reason="The candidate has served no call with a known value yet.")
    last = served[-1]
    concurrent = last.incumbent.n > 0
    if concurrent:
        found = live_figures(metric, target.form, (last,))
        incumbent, candidate, comparison = found.incumbent, found.candidate, found.comparison
    else:
        candidate = arm_over_stages(metric, [(last.stage, last.candidate)])
        incumbent = baseline or NotEstimable(reason="There is no baseline from before the candidate ran.")
        comparison = against_baseline(target, metric, candidate, incumbent)
    return LiveBenefit(
        stage=last.stage, concurrent=concurrent, incumbent=incumbent, candidate=candidate, comparison=comparison
    )


def against_baseline(target: Target, metric: Metric, candidate: Estimated, incumbent: Estimated) -> Estimated:
    """Candidate against a baseline of other calls: their errors are independent, so their variances add up."""
    if target.form == "own" or isinstance(candidate, NotEstimable):
        return candidate
    if isinstance(incumbent, NotEstimable):
        return incumbent
    if target.form == "share":
        reason = "A share of the incumbent's figure needs calls that stay with it; keep a few per cent there."
        return NotEstimable(reason=reason, calls=candidate.calls, units=candidate.units)
    up = orientation(metric)
    value = up * (candidate.value - incumbent.value)
    width = math.hypot((candidate.high - candidate.low) / 2.0, (incumbent.high - incumbent.low) / 2.0)
    return structs.replace(
        candidate, value=value, low=value - width, high=value + width, method="against the frozen baseline"
    )
