"""Two shares compared over the stages of a roll-out, where every unit has one call in all of them. Pure.

Cochran (1954), Mantel and Haenszel (1959): each stage is compared for itself, with its own base rate, and the
differences are averaged with the weights n1 n0 / (n1 + n0). Since no unit comes back, stages are independent, so their
variances add up, where elsewhere their errors do. The score of a difference D takes each stage's variance under the
hypothesis that the difference is D (Miettinen and Nurminen 1985):

    z(D) = sum w (p1 - p0 - D) / sqrt(sum w^2 V(D)),    w = n1 n0 / N,

with V(D) the variance of `intervals.two_shares_variance` times N / (N - 1). At D = 0 the sum below the root is that of
m1 m0 n1 n0 / (N^2 (N - 1)), so z(0)^2 is the Cochran-Mantel-Haenszel statistic without continuity correction. It takes
the strata to be many or large, not each of them.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from msgspec import Struct

from pilotage.evidence.intervals import Interval, edge, two_shares_variance
from pilotage.evidence.moments import moments
from pilotage.evidence.normal import two_sided
from pilotage.evidence.strata import StageTotals
from pilotage.evidence.sums import Totals
from pilotage.playbook.metrics import Metric

STAGES_MIN = 2
METHOD = "Mantel-Haenszel"
Side = tuple[float, float]


class Stratum(Struct, frozen=True):
    """One stage: the share and the calls of the side that is hoped to be larger, and of the other one."""

    first: Side
    second: Side

    @property
    def calls(self) -> float:
        """Of both sides."""
        return self.first[1] + self.second[1]

    @property
    def weight(self) -> float:
        """The weight of Cochran, and of Mantel and Haenszel."""
        return self.first[1] * self.second[1] / self.calls

    def variance(self, difference: float) -> float:
        """Of the difference of the shares, if the hypothesis says what it is."""
        plain = two_shares_variance(self.first, self.second, difference)
        return plain * self.calls / (self.calls - 1.0)


def strata_of(metric: Metric, stages: Sequence[StageTotals]) -> tuple[Stratum, ...] | None:
    """The stages as strata, oriented so that a positive difference is better; None where some unit has, or may have,
    more than one call, or where only one stage has calls of both arms.
    """
    busy = [stage for stage in stages if stage.candidate.n > 0 and stage.incumbent.n > 0]
    if len(busy) < STAGES_MIN or not all(_apart(stage) for stage in busy):
        return None
    sides = [[_side(metric, totals) for totals in (stage.candidate, stage.incumbent)] for stage in busy]
    if metric.direction == "lower":
        sides = [side[::-1] for side in sides]
    return tuple(Stratum(first, second) for first, second in sides)


def difference(strata: Sequence[Stratum]) -> float:
    """The difference of the shares, averaged over the strata."""
    weight = sum(one.weight for one in strata)
    return sum(one.weight * (one.first[0] - one.second[0]) for one in strata) / weight


def variance(strata: Sequence[Stratum], hypothesis: float) -> float:
    """The variance of `difference` if the hypothesis is true in every stratum."""
    weight = sum(one.weight for one in strata)
    return sum(one.weight**2 * one.variance(hypothesis) for one in strata) / weight**2


def seen_variance(strata: Sequence[Stratum]) -> float:
    """The variance of `difference` at the shares that were seen."""
    weight = sum(one.weight for one in strata)
    each = (one.weight**2 * sum(p * (1.0 - p) / n for p, n in (one.first, one.second)) for one in strata)
    return sum(each) / weight**2


def score(strata: Sequence[Stratum], hypothesis: float) -> float | None:
    """z(D); None where it has no variance. Its square at 0 is the Cochran-Mantel-Haenszel statistic."""
    spread = variance(strata, hypothesis)
    return (difference(strata) - hypothesis) / math.sqrt(spread) if spread > 0.0 else None


def interval(strata: Sequence[Stratum], level: float) -> Interval:
    """Every difference that the score does not reject."""
    z, estimate = two_sided(level), difference(strata)

    def excess(hypothesis: float) -> float:
        found = score(strata, hypothesis)
        return math.inf if found is None else abs(found) - z

    return edge(excess, (estimate, -z), -1.0), edge(excess, (estimate, -z), 1.0)


def _apart(stage: StageTotals) -> bool:
    return stage.apart and all(totals.nn == totals.n == totals.units for totals in (stage.candidate, stage.incumbent))


def _side(metric: Metric, totals: Totals) -> Side:
    return min(max(moments(totals, 1.0, 0.0, metric.shift).mean, 0.0), 1.0), totals.n
