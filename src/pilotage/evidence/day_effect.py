"""Whether whole days move together more than units explain: a storm hits every flight of a day. Pure.

Intervals take units as independent. Where a day's calls share a shock, they are not, and the errors are too small. The
variance of the mean between days (each day a cluster) is compared with the variance between units: their ratio is about
chi-square over its degrees of freedom where days add nothing (Cameron, Gelbach and Miller 2011 on clustering in more
than one way).
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from msgspec import structs

from pilotage.evidence.clusters import BY
from pilotage.evidence.measurements import Check
from pilotage.evidence.moments import moments
from pilotage.evidence.normal import upper_tail
from pilotage.evidence.sums import Totals, UnitSum
from pilotage.playbook.metrics import Cluster, Metric

DAYS_MIN = 5
P_VIOLATED = 0.01
_MEANING = (
    "Intervals take units as independent of each other. Where whole days move together, the true errors are larger by "
    "this factor, and the bounds are crossed too easily."
)


_ALLOWED = (
    "Where whole days move together, errors by unit alone are too small by this factor. The charter has the target's "
    "figure and test clustered {by}, so they allow for it; segments, and guardrails while live, are clustered by unit "
    "alone."
)


def day_effect(
    metric: Metric, days: Sequence[UnitSum], units: Totals, a: float, b: float, *, cluster: Cluster = "unit"
) -> Check:
    """The factor by which errors clustered by unit are too small for the contrast a*y + b*z, from the sums of each day
    and the totals over units. Violated where chance explains the excess with a probability below 1 %, unless the
    target's `cluster` allows for it.
    """
    allowed = cluster != "unit"
    check = Check(
        id=f"days:{metric.id}",
        title=f"{metric.title}: days are allowed for" if allowed else f"{metric.title}: days add no error",
        verdict="not_estimable",
        meaning=_ALLOWED.format(by=BY[cluster]) if allowed else _MEANING,
    )
    if metric.per != "call":
        reason = "Days are summed up call by call, and this metric is counted by unit: the two cannot be compared."
        return structs.replace(check, reason=reason)
    whole = Totals()
    for day in days:
        whole += Totals.of(day)
    if whole.units < DAYS_MIN or units.n <= 0.0:
        reason = f"{whole.units:.0f} days with calls are too few to tell; it takes {DAYS_MIN}."
        return structs.replace(check, reason=reason)
    between, within = moments(whole, a, b, metric.shift), moments(units, a, b, metric.shift)
    degrees = between.effective_units - 1.0
    if within.spread <= 0.0 or degrees < 1.0:
        return structs.replace(check, reason="There is no spread between units to compare days with.")
    ratio = between.variance * (degrees + 1.0) / degrees / within.variance
    p = upper_tail(_as_normal(ratio, degrees))
    factor = math.sqrt(ratio)
    excess = p < P_VIOLATED and factor > 1.0
    said = "days add nothing that chance would not"
    if excess:
        clustered = "errors by unit alone would be" if allowed else "errors are"
        said = f"{clustered} about {factor:.1f} times too small"
    return structs.replace(
        check,
        verdict="violated" if excess and not allowed else "held",
        figure=factor,
        bound=None if allowed else 1.0,
        p=p,
        reason=f"Over {whole.units:.0f} days ({degrees:.1f} degrees of freedom), {said} (p = {p:.2g}).",
    )


def _as_normal(ratio: float, degrees: float) -> float:
    """A chi-square over its degrees of freedom as a normal deviate (Wilson and Hilferty 1931)."""
    part = 2.0 / (9.0 * degrees)
    return (math.cbrt(ratio) - (1.0 - part)) / math.sqrt(part)
