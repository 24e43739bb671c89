"""The always-valid band around an estimate: it holds the truth at all looks together. Pure; it never decides.

An asymptotic confidence sequence (Waudby-Smith, Arbour, Sinha, Kennedy and Ramdas, arXiv 2103.06476, with the normal
mixture of Robbins 1970): the interval of a look, stretched to the critical value

    h = sqrt(2 (1 + x)/x * ln(sqrt(1 + x)/alpha)),   x = c t / t*,

instead of 1.96, t the information fraction, t* the fraction at which the band is narrowest, and
c = -2 ln(alpha) + ln(-2 ln(alpha)) + 1 (same, their equation for the tuning parameter). It is asymptotic: with rare or
very skewed values and little traffic it covers less than it says, which is why the bounds decide and not the band.
"""

from __future__ import annotations

import math

from msgspec import structs

from pilotage.evidence.measurements import Estimate, Estimated
from pilotage.evidence.normal import two_sided, upper_tail
from pilotage.evidence.values import value_range
from pilotage.playbook.kinds import Form
from pilotage.playbook.metrics import Metric

ALPHA = 0.05
NARROWEST_AT = 0.25
# Above this the level of the interval cannot be told from 1 in floating point.
CRITICAL_MAX = 7.5
# Where no full information is planned, units count it: the band is closest at this many.
CLOSEST_AT = 500.0


def critical(information: float, alpha: float = ALPHA) -> float:
    """The critical value at an information fraction; infinite where there is none yet."""
    if information <= 0.0:
        return math.inf
    tuning = -2.0 * math.log(alpha)
    x = (tuning + math.log(tuning) + 1.0) * information / NARROWEST_AT
    return math.sqrt(2.0 * (1.0 + x) / x * (0.5 * math.log1p(x) - math.log(alpha)))


def critical_of_units(units: float) -> float:
    """The critical value of what is looked at however often, while so many units are in; closest at `CLOSEST_AT`."""
    return min(critical(NARROWEST_AT * units / CLOSEST_AT), CRITICAL_MAX)


def look_error(units: float) -> float:
    """The one-sided error of a single look that makes all looks together err with 5 % at most, both sides counted."""
    return upper_tail(critical_of_units(units))


def look_level(units: float) -> float:
    """The level of the interval of a single look that makes the looks hold the truth all together in 95 of 100."""
    return 1.0 - 2.0 * look_error(units)


def at_every_look(estimate: Estimate, units: float) -> Estimate:
    """The estimate with an interval that may be looked at however often: each side stretched to its critical value."""
    return structs.replace(_stretched(estimate, critical_of_units(units)), level=look_level(units))


def _stretched(estimate: Estimate, h: float) -> Estimate:
    by = h / two_sided(estimate.level)
    low = estimate.value - by * (estimate.value - estimate.low)
    return structs.replace(estimate, low=low, high=estimate.value + by * (estimate.high - estimate.value))


def band(
    metric: Metric, form: Form, estimate: Estimated, information: float
) -> tuple[float, float] | tuple[None, None]:
    """Low and high of the band at one look: each side of the estimate's interval, stretched by its critical value, and
    within what the metric can be; None, None where it is too early or there is no estimate.
    """
    h = critical(information)
    if h > CRITICAL_MAX or not isinstance(estimate, Estimate):
        return None, None
    stretched = _stretched(estimate, h)
    low, high = stretched.low, stretched.high
    if form == "share":
        return low, high
    least, most = value_range(metric)
    if form == "difference":
        least, most = least - most, most - least
    return max(low, least), min(high, most)
