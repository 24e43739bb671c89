"""Estimates of each arm and of the difference between the arms, with intervals. Pure.

All figures are per call and clustered by unit. Differences and improvements are oriented: positive is better.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

from pilotage.evidence import stratified
from pilotage.evidence.intervals import Interval, fieller, join_difference, join_strata, tango, wilson
from pilotage.evidence.measurements import Estimate, Estimated, LeftOut, NotEstimable
from pilotage.evidence.moments import Moments, covariance, moments
from pilotage.evidence.normal import two_sided
from pilotage.evidence.strata import StageTotals
from pilotage.evidence.stratified import Stratum, strata_of
from pilotage.evidence.sums import Totals
from pilotage.evidence.values import orientation, value_range
from pilotage.playbook.metrics import Metric

UNITS_MIN = 2
OfArm = Callable[[Metric, Totals, float], Estimated]


def binary(metric: Metric) -> bool:
    """Whether every value is 0 or 1, so that the score methods for proportions apply."""
    return metric.kind == "proportion" and value_range(metric) == (0.0, 1.0)


def absent(totals: Totals, what: str) -> NotEstimable | None:
    """Why these totals allow no estimate at all; None when they do."""
    calls, units = round(totals.n), round(totals.units)
    if totals.n <= 0:
        return NotEstimable(reason=f"There are no {what} yet.")
    if totals.units < UNITS_MIN:
        return NotEstimable(
            reason=f"All {calls} {what} belong to one unit, so the spread between units is unknown.",
            calls=calls,
            units=units,
        )
    return None


def arm(metric: Metric, totals: Totals, *, level: float = 0.95, incumbent_of_pairs: bool = False) -> Estimated:
    """One arm's mean per call, from the y of its series; `incumbent_of_pairs` takes the z of paired totals."""
    missing = absent(totals, "calls with a known value")
    if missing:
        return missing
    a, b = (0.0, 1.0) if incumbent_of_pairs else (1.0, 0.0)
    m = moments(totals, a, b, metric.shift)
    if binary(metric):
        share, n = min(max(m.mean, 0.0), 1.0), effective_calls(m)
        interval = wilson(share, n * _trust(m, n, two_sided(level)), level)
        return _estimate(m, share, interval, "Wilson" if m.single else "Wilson, clustered", level)
    return _mean(m, value_range(metric), "clustered mean", level)


def effective_calls(m: Moments) -> float:
    """The independent calls that would give a proportion's clustered variance (Rao and Scott 1992), at most the
    calls there are. Where all values are equal nothing shows how calls cluster: then the units weigh.
    """
    independent = m.mean * (1.0 - m.mean)
    if independent <= 0.0 or m.spread <= 0.0:
        return m.effective_units
    return min(independent / m.variance, m.calls)


def effective_pairs(m: Moments) -> tuple[float, float, float]:
    """Tango's counts (b, c, n) that reproduce a paired difference and its clustered variance.

    Exact where every unit has one call. Otherwise n is the effective number of units, or as many more as it
    takes for the variance to be possible at all (it is least when one arm is right alone in every split pair).
    """
    size = abs(m.mean)
    n = m.effective_units
    if m.spread > 0.0:
        n = max(n, min((size - size * size) / m.variance, m.calls))
    split = min(max(n * m.variance + m.mean * m.mean, size), 1.0)
    return n * (split + m.mean) / 2.0, n * (split - m.mean) / 2.0, n


def _trust(m: Moments, n: float, z: float) -> float:
    """By how much few units make less of n: their variance is itself an estimate. The factor is what a
    score test's variance under the hypothesis does to a mean at its critical point, 1 - z^2 / units; n does not
    fall below the units, the number if all calls of a unit were alike.
    """
    if m.single:
        return 1.0
    return max(1.0 - z * z / m.effective_units, min(m.effective_units / n, 1.0))


def paired_difference(metric: Metric, paired: Totals, *, level: float = 0.95) -> Estimated:
    """Candidate minus incumbent on the same calls, oriented."""
    missing = absent(paired, "calls answered by both arms with a known value")
    if missing:
        return missing
    m = moments(paired, orientation(metric), -orientation(metric), metric.shift)
    if binary(metric):
        b, c, n = effective_pairs(m)
        trust = _trust(m, n, two_sided(level))
        interval = tango(b * trust, c * trust, n * trust, level)
        return _estimate(m, m.mean, interval, "Tango" if m.single else "Tango, clustered", level)
    lo, hi = value_range(metric)
    return too_skewed(m) or _mean(m, (lo - hi, hi - lo), "paired mean, clustered", level)


def paired_improvement(metric: Metric, paired: Totals, *, level: float = 0.95) -> Estimated:
    """The improvement as a share of the incumbent's mean on the same calls: for lower-is-better 1 - candidate /
    incumbent, for higher-is-better candidate / incumbent - 1. Interval of the ratio after Fieller (1954).
    """
    missing = absent(paired, "calls answered by both arms with a known value")
    if missing:
        return missing
    candidate = moments(paired, 1.0, 0.0, metric.shift)
    incumbent = moments(paired, 0.0, 1.0, metric.shift)
    if not binary(metric) and incumbent.mean > 0.0:
        # Fieller's interval rests on candidate - ratio * incumbent being normal, not on either arm.
        skewed = too_skewed(moments(paired, 1.0, -candidate.mean / incumbent.mean, metric.shift))
        if skewed:
            return skewed
    return _improvement(metric, candidate, incumbent, cov=covariance(paired), level=level)


def live_difference(
    metric: Metric, stages: Sequence[StageTotals], *, level: float = 0.95, of_arm: OfArm | None = None
) -> Estimated:
    """Candidate minus incumbent between units assigned to them, oriented; stages are compared each for itself
    and then averaged, weighted by size (Cochran 1954), never pooled. `of_arm` makes an arm's figure of its totals.
    Shares of units that have one call each are compared as `stratified` says. A stage with calls that cannot be
    compared is named in `left_out`.
    """
    strata = strata_of(metric, stages) if binary(metric) else None
    if strata is not None:
        return _over_strata(strata, one_armed(stages), level)
    found = [(stage, _stage_difference(metric, stage, level, of_arm or compared_arm)) for stage in stages]
    parts = [(_size(stage), part) for stage, part in found if isinstance(part, Estimate)]
    if not parts:
        reasons = [part for _, part in found if isinstance(part, NotEstimable)]
        return reasons[0] if reasons else NotEstimable(reason="Nothing has been live yet.")
    value, low, high = join_strata([(weight, (part.value, part.low, part.high)) for weight, part in parts])
    return Estimate(
        value=value,
        low=low,
        high=high,
        calls=sum(part.calls for _, part in parts),
        units=sum(part.units for _, part in parts),
        method="between arms, clustered" if len(parts) == 1 else f"between arms, clustered, {len(parts)} stages",
        level=level,
        left_out=tuple(
            LeftOut(stage=stage.stage, reason=one.reason)
            for stage, one in found
            if isinstance(one, NotEstimable) and stage.candidate.n + stage.incumbent.n > 0
        ),
    )


def live_improvement(metric: Metric, stages: Sequence[StageTotals], *, level: float = 0.95) -> Estimated:
    """As `paired_improvement`, between units assigned to the arms within one stage."""
    busy = [stage for stage in stages if stage.incumbent.n > 0 and stage.candidate.n > 0]
    if len(busy) != 1:
        return NotEstimable(reason=f"A share needs one stage with calls of both arms; there are {len(busy)}.")
    arms = (busy[0].candidate, busy[0].incumbent)
    for totals in arms:
        missing = absent(totals, "calls of one arm")
        if missing:
            return missing
    candidate, incumbent = (moments(totals, 1.0, 0.0, metric.shift) for totals in arms)
    skewed = None if binary(metric) else too_skewed(candidate) or too_skewed(incumbent)
    return skewed or _improvement(metric, candidate, incumbent, cov=None, level=level)


def too_skewed(m: Moments) -> NotEstimable | None:
    """The refusal while so few units with such a skewed spread make the normal approximation unsafe."""
    if m.units >= m.units_needed:
        return None
    return NotEstimable(
        reason=f"The values are too skewed ({m.skewness:.1f}) for {m.units:.0f} units: "
        f"it takes {math.ceil(m.units_needed)}. Cap the metric closer or collect more.",
        calls=round(m.calls),
        units=round(m.units),
    )


def compared_arm(metric: Metric, totals: Totals, level: float) -> Estimated:
    """An arm's mean for a comparison, which takes more units the more skewed the values are."""
    skewed = None if binary(metric) else too_skewed(moments(totals, 1.0, 0.0, metric.shift))
    return skewed or arm(metric, totals, level=level)


def one_armed(stages: Sequence[StageTotals]) -> tuple[LeftOut, ...]:
    """The stages in which only one arm has calls, so that nothing can be compared."""
    found = ((stage, _without_an_arm(stage)) for stage in stages if stage.candidate.n + stage.incumbent.n > 0)
    return tuple(LeftOut(stage=stage.stage, reason=one.reason) for stage, one in found if one)


def _without_an_arm(stage: StageTotals) -> NotEstimable | None:
    for totals, what in ((stage.candidate, "calls of the candidate"), (stage.incumbent, "calls of the incumbent")):
        if totals.n <= 0:
            return absent(totals, what)
    return None


def _over_strata(strata: Sequence[Stratum], left_out: tuple[LeftOut, ...], level: float) -> Estimate:
    low, high = stratified.interval(strata, level)
    calls = round(sum(one.calls for one in strata))
    return Estimate(
        value=stratified.difference(strata),
        low=low,
        high=high,
        calls=calls,
        units=calls,
        method=f"{stratified.METHOD}, {len(strata)} stages",
        level=level,
        left_out=left_out,
    )


def _stage_difference(metric: Metric, stage: StageTotals, level: float, of_arm: OfArm) -> Estimated:
    for totals, what in ((stage.candidate, "calls of the candidate"), (stage.incumbent, "calls of the incumbent")):
        if missing := absent(totals, what):
            return missing
    candidate, incumbent = (of_arm(metric, t, level) for t in (stage.candidate, stage.incumbent))
    if isinstance(candidate, NotEstimable):
        return candidate
    if isinstance(incumbent, NotEstimable):
        return incumbent
    better, worse = (candidate, incumbent) if metric.direction == "higher" else (incumbent, candidate)
    low, high = join_difference((better.value, (better.low, better.high)), (worse.value, (worse.low, worse.high)))
    return Estimate(
        value=better.value - worse.value,
        low=low,
        high=high,
        calls=candidate.calls + incumbent.calls,
        units=candidate.units + incumbent.units,
        method="between arms, clustered",
        level=level,
    )


def _size(stage: StageTotals) -> float:
    """The weight of a stage: n1 n0 / (n1 + n0), least variance if calls are alike in all stages."""
    both = stage.candidate.n + stage.incumbent.n
    return stage.candidate.n * stage.incumbent.n / both if both > 0 else 0.0


def _improvement(
    metric: Metric, candidate: Moments, incumbent: Moments, *, cov: float | None, level: float
) -> Estimated:
    """Of pairs with the covariance of their means, or of two arms (no covariance)."""
    method, calls, units = "paired ratio (Fieller)", candidate.calls, candidate.units
    if cov is None:
        method, calls, units = "ratio between arms (Fieller)", calls + incumbent.calls, units + incumbent.units
    calls, units = round(calls), round(units)
    ratio, z = None, two_sided(level)
    trust = 1.0 - z * z / min(candidate.effective_units, incumbent.effective_units)
    if trust <= 0.0:
        return NotEstimable(reason=f"{units} units are too few for an interval.", calls=calls, units=units)
    if incumbent.mean > 0.0:
        variances = (candidate.variance, incumbent.variance, cov or 0.0)
        ratio = fieller(candidate.mean, incumbent.mean, *variances, z=z / math.sqrt(trust))
    if ratio is None:
        reason = "The incumbent's mean is not clearly above zero, so a share of it says nothing."
        return NotEstimable(reason=reason, calls=calls, units=units)
    if ratio[0] == ratio[1]:
        reason = "All units have the same values, so the spread between them is unknown."
        return NotEstimable(reason=reason, calls=calls, units=units)
    low, high = (r - 1.0 for r in ratio) if metric.direction == "higher" else (1.0 - r for r in reversed(ratio))
    value = orientation(metric) * (candidate.mean / incumbent.mean - 1.0)
    return Estimate(value=value, low=low, high=high, calls=calls, units=units, method=method, level=level)


def _mean(m: Moments, limits: Interval, method: str, level: float) -> Estimated:
    if m.spread <= 0.0:
        return _estimate(m, m.mean, _unseen(m, limits, level), f"{method}, no spread seen", level)
    interval = m.score_interval(two_sided(level))
    if interval is None:
        reason = f"{m.units:.0f} units weigh like {m.effective_units:.1f} equal ones: too few for an interval."
        return NotEstimable(reason=reason, calls=round(m.calls), units=round(m.units))
    return _estimate(m, m.mean, (max(interval[0], limits[0]), min(interval[1], limits[1])), method, level)


def _unseen(m: Moments, limits: Interval, level: float) -> Interval:
    """All values were equal: how far the mean can be off if the share of units that may have gone unseen (the
    upper score limit of none in n) lay at an extreme.
    """
    _, share = wilson(0.0, m.effective_units, level)
    return m.mean - share * (m.mean - limits[0]), m.mean + share * (limits[1] - m.mean)


def _estimate(m: Moments, value: float, interval: Interval, method: str, level: float) -> Estimate:
    low, high = interval
    return Estimate(
        value=value, low=low, high=high, calls=round(m.calls), units=round(m.units), method=method, level=level
    )
