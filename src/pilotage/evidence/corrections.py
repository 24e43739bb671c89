"""What the target's figure would be if the last label counted instead of the first. Pure.

The first label inside its window counts, since one that is given after the figures were seen may follow them. How much
hangs on that is told here: the calls whose label was corrected inside the window are valued both ways, and the
difference is added to the sums.
"""

from __future__ import annotations

from collections.abc import Iterable

from msgspec import Struct, structs

from pilotage.evidence.labels import is_taken
from pilotage.evidence.measurements import Check, Estimate, Estimated
from pilotage.evidence.plan import MeasurementPlan
from pilotage.evidence.rules import Contribution
from pilotage.evidence.strata import StageTotals
from pilotage.evidence.sums import Totals
from pilotage.evidence.values import compile_plan, in_window, orientation
from pilotage.playbook.kinds import kind_of
from pilotage.playbook.metrics import Metric, Target
from pilotage.runtime.records import Call, Outcome

MEANING = (
    "The first label inside its window counts, so that nobody can correct labels after seeing the figures. This is how "
    "far the figure would move with the last one; if out of its interval, find out who corrects labels, and why."
)


class Corrected(Struct, frozen=True, kw_only=True):
    """The sums (n, y, z) by which a series would change, and the calls that do."""

    calls: int
    change: tuple[float, float, float]


def series_of(target: Target) -> str:
    """The series that the target is judged on in shadow."""
    return "candidate" if target.form == "own" else "paired"


def corrected(
    plan: MeasurementPlan, metric: Metric, series: str, calls: Iterable[tuple[Call, Iterable[Outcome]]]
) -> Corrected:
    """What the last labels inside their windows would change, against the first. `calls` with their outcomes, each
    call's earliest first.
    """
    contribute = compile_plan(structs.replace(plan, metrics=(metric,), segments=()), assigned=False)
    changed, change = 0, [0.0, 0.0, 0.0]
    for call, outcomes in calls:
        told = [one for one in outcomes if in_window(metric, call.at_us, one.at_us) and is_taken(one.name, one.basis)]
        last = {one.name: one.value for one in told}
        first = {one.name: one.value for one in reversed(told)}
        # A person's own answer is no label: it stays as it was first given.
        late = first | {name: last[name] for name in metric.awaited if name in last}
        before, after = (_values(contribute(call, known), series) for known in (first, late))
        if before != after:
            changed += 1
            change = [a + y - x for a, x, y in zip(change, before, after, strict=True)]
    return Corrected(calls=changed, change=(change[0], change[1], change[2]))


def check(target: Target, metric: Metric, stage: StageTotals, shown: Estimated, found: Corrected) -> Check:
    """The sensitivity to corrections: by how much the figure would move, held to its distance from the nearer end of
    its interval.
    """
    made = Check(
        id=f"corrections:{metric.id}",
        title=f"{metric.title}: corrected labels",
        verdict="not_estimable",
        meaning=MEANING,
    )
    if not isinstance(shown, Estimate):
        return structs.replace(made, reason=shown.reason)
    totals = stage.candidate if target.form == "own" else stage.paired
    now, then = _figure(target, metric, totals, (0.0, 0.0, 0.0)), _figure(target, metric, totals, found.change)
    if now is None or then is None:
        return structs.replace(made, reason="Nothing is left to compute a figure of.")
    moved, room = then - now, min(shown.value - shown.low, shown.high - shown.value)
    return structs.replace(
        made,
        verdict="held" if abs(moved) <= room else "violated",
        reason=f"On {found.calls:,} calls a later label would give another value. With the last labels the figure is "
        f"{shown.value + moved:.4g}, with the first ones {shown.value:.4g}.",
        figure=moved,
        bound=room,
    )


def _values(contributions: Iterable[Contribution], series: str) -> tuple[float, float, float]:
    mine = [c for c in contributions if c.series == series and not c.segment]
    return float(len(mine)), sum(c.y for c in mine), sum(c.z for c in mine)


def _figure(target: Target, metric: Metric, totals: Totals, change: tuple[float, float, float]) -> float | None:
    n, y, z = (held + more for held, more in zip((totals.n, totals.y, totals.z), change, strict=True))
    if n <= 0.0:
        return None
    if kind_of(metric).divides:
        return y / z if z > 0.0 else None
    mean, other, up = y / n + metric.shift, z / n + metric.shift, orientation(metric)
    if target.form == "own":
        return mean
    if target.form == "difference":
        return up * (mean - other)
    return up * (mean / other - 1.0) if other > 0.0 else None
