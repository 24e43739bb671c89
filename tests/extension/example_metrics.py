"""A package that adds a metric kind and an estimator, as a third party would."""

from __future__ import annotations

import math

from pilotage.evidence.compare import absent
from pilotage.evidence.estimators import Estimator
from pilotage.evidence.measurements import Estimate
from pilotage.evidence.moments import moments
from pilotage.evidence.normal import two_sided
from pilotage.playbook.kinds import MetricKind


class WaldEstimator(Estimator):
    """The clustered mean with the plain interval, value +/- z errors."""

    id = "wald"
    title = "clustered mean, plain interval"

    def arm(self, metric, totals, level):
        """The mean of the arm's calls."""
        missing = absent(totals, "calls with a known value")
        if missing:
            return missing
        m = moments(totals, 1.0, 0.0, metric.shift)
        away = two_sided(level) * math.sqrt(m.variance)
        return Estimate(
            value=m.mean,
            low=m.mean - away,
            high=m.mean + away,
            calls=round(m.calls),
            units=round(m.units),
            method="clustered mean, plain",
            level=level,
        )

    compared_arm = arm


def _logarithm(_metric, number):
    return math.log1p(max(number, 0.0))


log_mean = MetricKind(
    id="log_mean", title="mean of the logarithm of one plus a number", estimator="wald", value=_logarithm
)
wald = WaldEstimator()
