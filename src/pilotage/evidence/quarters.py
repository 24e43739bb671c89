"""The benefit quarter by quarter, from the months' sums while the candidate serves. Pure.

A quarter is made of its months, and a month of its stages: within each the units of both arms are compared, and the
differences are averaged by size. Units come back in later months, and sums by month cannot say which, so errors add up
as if they were wholly correlated: the interval is never too narrow. Where no unit stayed with the incumbent, the
quarter is held against the frozen baseline and says that it is not concurrent; where some months had a holdback, only
these are compared. A month's stage that ought to be in the figure and has none of its own is left out of everything
that the quarter says, and named with the reason: such a figure is of a part of the quarter.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from typing import Literal

from msgspec import Struct, structs

from pilotage.evidence.benefit import against_baseline
from pilotage.evidence.estimators import estimator_of
from pilotage.evidence.figures import arm_over_stages, live_figures
from pilotage.evidence.intervals import join_strata
from pilotage.evidence.measurements import Estimate, Estimated, LeftOut, NotEstimable, QuarterBenefit
from pilotage.evidence.strata import StageTotals
from pilotage.playbook.metrics import Metric, Target

MONTHS_A_QUARTER = 3
NOTHING_TO_COMPARE = "No unit stayed with the incumbent, and there is no baseline from before the candidate ran."


class Month(Struct, frozen=True, kw_only=True):
    """The live stages of a month, its first day, and whether everything that can be learned of its calls has come."""

    first: dt.date
    stages: tuple[StageTotals, ...]
    closed: bool

    @property
    def id(self) -> str:
        """As 2026-05."""
        return f"{self.first:%Y-%m}"


Stratum = tuple[Month, StageTotals]


def next_month(first: dt.date) -> dt.date:
    """The first day of the month after."""
    return (first.replace(day=1) + dt.timedelta(days=32)).replace(day=1)


def quarter_start(day: dt.date) -> dt.date:
    """The first day of the day's calendar quarter."""
    return day.replace(month=(day.month - 1) // MONTHS_A_QUARTER * MONTHS_A_QUARTER + 1, day=1)


def quarter_end(first: dt.date) -> dt.date:
    """The first day after a quarter."""
    for _ in range(MONTHS_A_QUARTER):
        first = next_month(first)
    return first


def quarters(
    target: Target, metric: Metric, months: Iterable[Month], baseline: Estimated | None, live_since: dt.date
) -> tuple[QuarterBenefit, ...]:
    """Every quarter since the candidate went live, in order; one without calls is there and has no figure."""
    held: dict[dt.date, list[Month]] = {}
    for month in sorted(months, key=lambda one: one.first):
        held.setdefault(quarter_start(month.first), []).append(month)
    return tuple(
        _quarter(target, metric, (first, max(first, live_since)), mine, baseline) for first, mine in held.items()
    )


def _quarter(
    target: Target, metric: Metric, begins: tuple[dt.date, dt.date], months: Sequence[Month], baseline: Estimated | None
) -> QuarterBenefit:
    first, live_from = begins
    ends = quarter_end(first)
    stages = [(month, stage) for month in months for stage in month.stages if stage.candidate.n > 0]
    both = [(month, stage) for month, stage in stages if stage.incumbent.n > 0]
    concurrent = bool(both)
    used, left_out = _kept_and_left(target, metric, both or stages, concurrent=concurrent)
    candidate = _arm(metric, used, "candidate")
    if concurrent:
        incumbent = _arm(metric, used, "incumbent")
        comparison = _joined(target, metric, [stage for _, stage in used])
    else:
        incumbent = baseline if isinstance(baseline, Estimate) else NotEstimable(reason=NOTHING_TO_COMPARE)
        comparison = against_baseline(target, metric, candidate, incumbent)
    if isinstance(comparison, Estimate):
        comparison = structs.replace(comparison, left_out=left_out)
    units = sum(stage.incumbent.units for _, stage in used), sum(stage.candidate.units for _, stage in used)
    return QuarterBenefit(
        quarter=f"{first.year}-Q{(first.month - 1) // MONTHS_A_QUARTER + 1}",
        first=live_from,
        until=ends,
        complete=next_month(months[-1].first) == ends and all(month.closed for month in months),
        months=tuple(dict.fromkeys(month.id for month, _ in used)),
        concurrent=concurrent,
        held_back=units[0] / sum(units) if concurrent else None,
        incumbent=incumbent,
        candidate=candidate,
        comparison=comparison,
        sums={
            f"{month.id} {stage.stage} {arm}": _kept(stage, arm)
            for month, stage in used
            for arm in (("candidate", "incumbent") if concurrent else ("candidate",))
        },
    )


def _kept_and_left(
    target: Target, metric: Metric, used: Sequence[Stratum], *, concurrent: bool
) -> tuple[Sequence[Stratum], tuple[LeftOut, ...]]:
    """The strata that have a figure, and those that have none, with why; all of them where not one has."""
    kept: list[Stratum] = []
    left: list[LeftOut] = []
    for month, stage in used:
        figure = (
            live_figures(metric, target.form, (stage,)).comparison
            if concurrent
            else estimator_of(metric).arm(metric, stage.candidate, 0.95)
        )
        if isinstance(figure, NotEstimable):
            left.append(LeftOut(stage=f"{month.id} {stage.stage}", reason=figure.reason))
        else:
            kept.append((month, stage))
    return (kept, tuple(left)) if kept else (used, ())


def _arm(metric: Metric, used: Sequence[Stratum], arm: Literal["candidate", "incumbent"]) -> Estimated:
    if not used:
        return NotEstimable(reason="The candidate served no call with a known value.")
    return arm_over_stages(metric, [(f"{month.id} {stage.stage}", getattr(stage, arm)) for month, stage in used])


def _joined(target: Target, metric: Metric, stages: Sequence[StageTotals]) -> Estimated:
    """The comparisons of the strata, averaged by size. Each stratum is one, since a unit may come back in the next."""
    found = [(stage, live_figures(metric, target.form, (stage,)).comparison) for stage in stages]
    parts = [(stage.candidate.n + stage.incumbent.n, one) for stage, one in found if isinstance(one, Estimate)]
    if not parts:
        return next(one for _, one in found if isinstance(one, NotEstimable))
    value, low, high = join_strata([(weight, (one.value, one.low, one.high)) for weight, one in parts])
    of = "" if len(parts) == 1 else f", {len(parts)} months or steps"
    return Estimate(
        value=value,
        low=low,
        high=high,
        calls=sum(one.calls for _, one in parts),
        units=sum(one.units for _, one in parts),
        method=f"{parts[0][1].method}{of}",
        level=parts[0][1].level,
    )


def _kept(stage: StageTotals, arm: str) -> dict[str, float]:
    totals = getattr(stage, arm)
    return {name: value for name in totals.__struct_fields__ if (value := getattr(totals, name))}
