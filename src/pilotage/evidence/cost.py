"""What an answer costs, what production would cost, and from when the candidate pays. Pure.

Costs are what executions said they cost. One that said nothing is missing, never free; one that failed is counted
apart, since what it cost before it failed is not known. The forecast is a simulation with a seed given as argument.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import reduce
from typing import TYPE_CHECKING, Literal

from msgspec import Struct, structs

from pilotage.evidence.compare import arm
from pilotage.evidence.measurements import Estimate, Estimated, NotEstimable
from pilotage.evidence.moments import moments
from pilotage.evidence.normal import two_sided
from pilotage.evidence.sums import Totals
from pilotage.playbook.metrics import Cost, ErrorShare, Metric, Tokens

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Draws = NDArray[np.float64]

WEEKS_A_YEAR = 365.25 / 7.0
COST_USD_MAX = 1e6
TOKENS_MAX = 1e9
DRAWS = 20_000
LEVEL = 0.95
REPORTED_MIN = 0.95

SPENT = Metric(
    id="spent__cost_usd",
    title="Reported cost",
    unit="USD",
    direction="lower",
    kind="mean",
    source=Cost(),
    hi=COST_USD_MAX,
    failure_value=0.0,
)
FAILED = Metric(
    id="spent__failed",
    title="Failed executions",
    unit="share",
    direction="lower",
    kind="proportion",
    source=ErrorShare(),
)
TOKENS = Metric(
    id="spent__tokens",
    title="Reported tokens",
    unit="tokens",
    direction="lower",
    kind="mean",
    source=Tokens(),
    hi=TOKENS_MAX,
    failure_value=0.0,
)
KEPT = (SPENT, TOKENS, FAILED)
"""Kept of every workload beside what its charter names. A failed execution adds 0 to what is spent, and is taken out
again with the count of `FAILED`."""
KEPT_IDS = tuple(metric.id for metric in KEPT)


class UnitCost(Struct, frozen=True, kw_only=True):
    """What one arm's answer cost, in US dollars, over the `reported` of its `executions` that said so. `failed` and
    `unreported` ones are neither in the estimate nor free; the same holds for the tokens, read and written. `release`
    is empty for the incumbent.
    """

    arm: Literal["incumbent", "candidate"]
    release: str
    executions: int
    reported: int
    unreported: int
    failed: int
    estimate: Estimated
    tokens: Estimated
    tokens_reported: int

    @property
    def reported_share(self) -> float | None:
        """On how many of the executions that did not fail a cost was reported."""
        answered = self.executions - self.failed
        return self.reported / answered if answered else None


class Volume(Struct, frozen=True, kw_only=True):
    """Calls a week in production: at least, most likely, at most."""

    low: float
    likely: float
    high: float


class Range(Struct, frozen=True, kw_only=True):
    """The middle of a simulated figure, and the limits that hold 95 in 100 of its draws."""

    median: float
    low: float
    high: float


class Assumptions(Struct, frozen=True, kw_only=True):
    """What a forecast takes from people rather than from calls. `value_usd_a_year` is the charter's, at the `likely`
    volume and the expected result; `value_share` is how much of it the result brings that is asked about.
    """

    volume: Volume
    running_usd_a_year: float = 0.0
    value_usd_a_year: float | None = None
    value_share: float = 1.0


class Forecast(Struct, frozen=True, kw_only=True):
    """A year of production, in US dollars. `net` is value, and what the incumbent would have cost, less the candidate's
    cost; None where the charter states no value. `pays` is the share of draws in which it is above zero.

    `break_even_calls_a_week` is where running costs are earned (0: from the first call; None: at no volume, or no value
    is stated); `break_even_usd_a_call` is what a call has to be worth at the likely volume.
    """

    candidate_usd_a_year: Range
    incumbent_usd_a_year: Range | None
    net_usd_a_year: Range | None
    pays: float | None
    break_even_calls_a_week: float | None
    break_even_usd_a_call: float
    fallback_share: float
    draws: int


def unit_cost(
    of: Literal["incumbent", "candidate"],
    release: str,
    *,
    spent: Sequence[Totals] = (),
    tokens: Sequence[Totals] = (),
    failed: Sequence[Totals] = (),
) -> UnitCost:
    """One arm's cost from the sums of `SPENT`, `TOKENS` and `FAILED`, each a stage or a part of one."""
    runs = reduce(Totals.__add__, failed, Totals())
    executions, failures = round(runs.n), round(runs.y)
    cost, reported = _each(SPENT, spent, failures, _nothing(of, executions, "a cost", "cost_usd"))
    used, tokens_reported = _each(TOKENS, tokens, failures, _nothing(of, executions, "tokens", "tokens_in"))
    return UnitCost(
        arm=of,
        release=release,
        executions=executions,
        reported=reported,
        unreported=max(executions - failures - reported, 0),
        failed=failures,
        estimate=cost,
        tokens=used,
        tokens_reported=tokens_reported,
    )


def _each(metric: Metric, parts: Sequence[Totals], failures: int, absent: NotEstimable) -> tuple[Estimated, int]:
    """The mean over the executions that reported, and how many did.

    The mean over all that count, in which a failed execution stands as 0, is scaled to those that reported, its
    interval with it: that is right as long as few fail. Where all reported the same, that is the price.
    """
    both = reduce(Totals.__add__, parts, Totals())
    reported = max(round(both.n) - failures, 0)
    if not reported:
        return absent, 0
    mean = arm(metric, both)
    if isinstance(mean, NotEstimable):
        return mean, reported
    if moments(both, 1.0, 0.0, 0.0).spread <= 0.0:  # a fixed price: what has not been seen is no reason to fear any
        return structs.replace(mean, low=mean.value, high=mean.value, calls=reported), reported
    scale = both.n / reported
    low, high = max(mean.low * scale, 0.0), mean.high * scale
    return structs.replace(mean, value=mean.value * scale, low=low, high=high, calls=reported), reported


def _nothing(of: str, executions: int, what: str, field: str) -> NotEstimable:
    if not executions:
        return NotEstimable(reason=f"The {of} has not run yet.")
    reason = f"None of the {of}'s {executions:,} executions reported {what}; give {field} with the answer."
    return NotEstimable(reason=reason, calls=executions)


def forecast(
    candidate: UnitCost, incumbent: UnitCost, assumptions: Assumptions, *, seed: int, draws: int = DRAWS
) -> Forecast | NotEstimable:
    """A year of production, simulated: unit costs as normal with their standard errors and not below 0, volume as
    triangular between its three figures, the share that falls back to the incumbent from its failures as a beta
    distribution with Jeffreys' prior (Brown, Cai and DasGupta 2001). Failed calls are taken to cost as much as others,
    and the incumbent's answer on top.
    """
    cost = candidate.estimate
    if isinstance(cost, NotEstimable):
        return cost
    import numpy as np  # noqa: PLC0415 - numpy is loaded only where a figure needs it

    generator = np.random.default_rng(seed)
    calls = _volume(generator, assumptions.volume, draws) * WEEKS_A_YEAR
    fallback = generator.beta(candidate.failed + 0.5, candidate.executions - candidate.failed + 0.5, draws)
    own = _normal(generator, cost, draws)
    before = _normal(generator, incumbent.estimate, draws) if isinstance(incumbent.estimate, Estimate) else None
    each = own if before is None else own + fallback * before
    spent = calls * each + assumptions.running_usd_a_year
    worth = _value_a_call(assumptions)
    net = None if worth is None else calls * (worth + (0.0 if before is None else before)) - spent
    failing = candidate.failed / candidate.executions if candidate.executions else 0.0
    known = incumbent.estimate.value if isinstance(incumbent.estimate, Estimate) else 0.0
    extra = cost.value + failing * known - known
    return Forecast(
        candidate_usd_a_year=_range(spent),
        incumbent_usd_a_year=None if before is None else _range(calls * before),
        net_usd_a_year=None if net is None else _range(net),
        pays=None if net is None else float((net > 0.0).mean()),
        break_even_calls_a_week=None if worth is None else _volume_needed(worth - extra, assumptions),
        break_even_usd_a_call=extra + assumptions.running_usd_a_year / (assumptions.volume.likely * WEEKS_A_YEAR),
        fallback_share=failing,
        draws=draws,
    )


def waiting_usd_a_week(found: Forecast) -> Range | None:
    """What a week without the candidate costs, if the result is the one that the forecast was made for; None without a
    value.
    """
    year = found.net_usd_a_year
    if year is None:
        return None
    return Range(median=year.median / WEEKS_A_YEAR, low=year.low / WEEKS_A_YEAR, high=year.high / WEEKS_A_YEAR)


def _value_a_call(assumptions: Assumptions) -> float | None:
    if assumptions.value_usd_a_year is None:
        return None
    return assumptions.value_usd_a_year * assumptions.value_share / (assumptions.volume.likely * WEEKS_A_YEAR)


def _volume_needed(earned: float, assumptions: Assumptions) -> float | None:
    """The calls a week that earn the running costs; None where a call earns nothing."""
    if earned <= 0.0:
        return None
    return assumptions.running_usd_a_year / (earned * WEEKS_A_YEAR)


def _volume(generator: np.random.Generator, volume: Volume, draws: int) -> Draws:
    if not 0.0 < volume.low <= volume.likely <= volume.high or not math.isfinite(volume.high):
        raise ValueError(f"A volume runs from a low over a likely to a high figure above 0; these are {volume}.")
    if volume.low == volume.high:
        return generator.uniform(volume.low, volume.high, draws)
    return generator.triangular(volume.low, volume.likely, volume.high, draws)


def _normal(generator: np.random.Generator, estimate: Estimate, draws: int) -> Draws:
    error = (estimate.high - estimate.low) / (2.0 * two_sided(estimate.level))
    return generator.normal(estimate.value, error, draws).clip(min=0.0)


def _range(values: Draws) -> Range:
    import numpy as np  # noqa: PLC0415 - see `forecast`

    tail = (1.0 - LEVEL) / 2.0
    low, median, high = (float(edge) for edge in np.quantile(values, (tail, 0.5, 1.0 - tail)))
    return Range(median=median, low=low, high=high)
