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
from pilotage.evidence.estimate import CostLine, LikelySums, Worth, drawn_sum, drawn_worth, likely, names_model_usage
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
    volume and the expected result; `value_share` is how much of it the result brings that is asked about. `worth`,
    where somebody estimated it, stands in its place. `years` is within how many years production has to pay.
    """

    volume: Volume
    running_usd_a_year: float = 0.0
    value_usd_a_year: float | None = None
    value_share: float = 1.0
    lines: tuple[CostLine, ...] = ()
    worth: Worth | None = None
    years: int = 1


class Whole(Struct, frozen=True, kw_only=True):
    """All years of an estimate together, with what is paid once, in US dollars. Without a value there is no `net`."""

    years: int
    cost_usd: Range
    net_usd: Range | None
    pays: float | None


class Forecast(Struct, frozen=True, kw_only=True):
    """A year of production, in US dollars. `net` is value, and what the incumbent would have cost, less the candidate's
    cost; None where no value is stated. `pays` is the share of draws in which it is above zero. `once_usd` is paid
    before, and in none of these; `whole` holds it.

    `break_even_calls_a_week` is from where half of the draws earn what they spend, what is paid once spread over the
    years (0: from the first call; None: at no volume, or no value is stated); `break_even_usd_a_call` is what a call
    has to be worth for that at the likely volume.
    """

    candidate_usd_a_year: Range
    incumbent_usd_a_year: Range | None
    net_usd_a_year: Range | None
    pays: float | None
    break_even_calls_a_week: float | None
    break_even_usd_a_call: float
    fallback_share: float
    draws: int
    once_usd: Range | None = None
    value_usd_a_year: Range | None = None
    whole: Whole | None = None


class Drawn(Struct, frozen=True, kw_only=True, eq=False):
    """What a forecast is made of, draw by draw: calls a year, US dollars a call, a year and once."""

    calls: Draws
    each: Draws
    before: Draws | None
    yearly: Draws
    once: Draws
    worth: Draws | None

    @property
    def earned(self) -> Draws | None:
        """What a call earns: its worth, and what the incumbent does not cost."""
        return None if self.worth is None else self.worth + (0.0 if self.before is None else self.before)

    def fixed(self, years: int) -> Draws:
        """What a year has to earn however many calls there are; what is paid once is spread over the years."""
        return self.yearly + self.once / years

    @property
    def spent_a_year(self) -> Draws:
        """What a year costs."""
        return self.calls * self.each + self.yearly

    @property
    def net_a_year(self) -> Draws | None:
        """What a year earns, less what it costs."""
        return None if self.earned is None else self.calls * self.earned - self.spent_a_year


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
    """A year of production, simulated as `drawn` says."""
    found = drawn(candidate, incumbent, assumptions, seed=seed, draws=draws)
    if isinstance(found, NotEstimable):
        return found
    net = found.net_a_year
    return Forecast(
        candidate_usd_a_year=range_of(found.spent_a_year),
        incumbent_usd_a_year=None if found.before is None else range_of(found.calls * found.before),
        net_usd_a_year=None if net is None else range_of(net),
        pays=None if net is None else float((net > 0.0).mean()),
        break_even_calls_a_week=_volume_needed(found, assumptions),
        break_even_usd_a_call=_worth_needed(found, assumptions),
        fallback_share=_failing(candidate),
        draws=draws,
        once_usd=range_of(found.once) if assumptions.lines else None,
        value_usd_a_year=None if found.earned is None else range_of(found.calls * found.earned),
        whole=_whole(found, assumptions.years) if assumptions.lines else None,
    )


def drawn(
    candidate: UnitCost, incumbent: UnitCost, assumptions: Assumptions, *, seed: int, draws: int = DRAWS
) -> Drawn | NotEstimable:
    """The draws of a forecast: measured unit costs as normal with their standard errors and not below 0, volume and
    estimated lines as triangular between their three figures, the share that falls back to the incumbent from the
    candidate's failures as a beta distribution with Jeffreys' prior (Brown, Cai and DasGupta 2001). Failed calls are
    taken to cost as much as others, and the incumbent's answer on top. What the model costs is what was measured,
    unless a line estimates it.
    """
    cost, lines = candidate.estimate, assumptions.lines
    estimated = names_model_usage(lines)
    if isinstance(cost, NotEstimable) and not estimated:
        return cost
    import numpy as np  # noqa: PLC0415 - numpy is loaded only where a figure needs it

    generator = np.random.default_rng(seed)
    calls = _volume(generator, assumptions.volume, draws) * WEEKS_A_YEAR
    failed, executions = candidate.failed, candidate.executions
    fallback = generator.beta(failed + 0.5, executions - failed + 0.5, draws) if executions else np.zeros(draws)
    own = np.zeros(draws) if estimated or isinstance(cost, NotEstimable) else _normal(generator, cost, draws)
    before = _normal(generator, incumbent.estimate, draws) if isinstance(incumbent.estimate, Estimate) else None
    own = own + drawn_sum(generator, lines, "call", draws)
    yearly = drawn_sum(generator, lines, "year", draws) + assumptions.running_usd_a_year
    once = drawn_sum(generator, lines, "once", draws)
    return Drawn(
        calls=calls,
        each=own if before is None else own + fallback * before,
        before=before,
        yearly=yearly,
        once=once,
        worth=_drawn_worth(generator, assumptions, draws),
    )


def likely_sums(candidate: UnitCost, incumbent: UnitCost, assumptions: Assumptions) -> LikelySums | NotEstimable:
    """The likely figures added up, without a simulation."""
    if isinstance(candidate.estimate, NotEstimable) and not names_model_usage(assumptions.lines):
        return candidate.estimate
    calls, worth = assumptions.volume.likely * WEEKS_A_YEAR, _value_a_call(assumptions)
    known = incumbent.estimate.value if isinstance(incumbent.estimate, Estimate) else 0.0
    each = _extra(candidate, incumbent, assumptions) + known
    yearly = likely(assumptions.lines, "year") + assumptions.running_usd_a_year
    return LikelySums(
        once_usd=likely(assumptions.lines, "once"),
        running_usd_a_year=calls * each + yearly,
        value_usd_a_year=None if worth is None else calls * (worth + known),
        years=assumptions.years,
    )


def _extra(candidate: UnitCost, incumbent: UnitCost, assumptions: Assumptions) -> float:
    """What a call costs more than the incumbent's answer, at the likely figures."""
    cost = candidate.estimate
    measured = isinstance(cost, Estimate) and not names_model_usage(assumptions.lines)
    own = (cost.value if measured and isinstance(cost, Estimate) else 0.0) + likely(assumptions.lines, "call")
    known = incumbent.estimate.value if isinstance(incumbent.estimate, Estimate) else 0.0
    return own + _failing(candidate) * known - known


def _failing(candidate: UnitCost) -> float:
    return candidate.failed / candidate.executions if candidate.executions else 0.0


def _whole(found: Drawn, years: int) -> Whole:
    net = None if found.net_a_year is None else years * found.net_a_year - found.once
    return Whole(
        years=years,
        cost_usd=range_of(years * found.spent_a_year + found.once),
        net_usd=None if net is None else range_of(net),
        pays=None if net is None else float((net > 0.0).mean()),
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
    if assumptions.worth is not None:
        return assumptions.worth.likely_usd_a_call
    if assumptions.value_usd_a_year is None:
        return None
    return assumptions.value_usd_a_year * assumptions.value_share / (assumptions.volume.likely * WEEKS_A_YEAR)


def _drawn_worth(generator: np.random.Generator, assumptions: Assumptions, draws: int) -> Draws | None:
    import numpy as np  # noqa: PLC0415 - see `drawn`

    if assumptions.worth is not None:
        return drawn_worth(generator, assumptions.worth, draws)
    worth = _value_a_call(assumptions)
    return None if worth is None else np.full(draws, worth)


def _volume_needed(found: Drawn, assumptions: Assumptions) -> float | None:
    """The calls a week from which half of the draws earn what they spend; None where more than half never do."""
    import numpy as np  # noqa: PLC0415 - see `drawn`

    if found.earned is None:
        return None
    left = found.earned - found.each
    with np.errstate(divide="ignore", invalid="ignore"):
        needed = np.where(left > 0.0, found.fixed(assumptions.years) / left, np.inf)
    middle = float(np.quantile(needed, 0.5, method="higher"))
    return middle / WEEKS_A_YEAR if math.isfinite(middle) else None


def _worth_needed(found: Drawn, assumptions: Assumptions) -> float:
    """What a call has to be worth, at the likely volume, for half of the draws to earn what they spend."""
    import numpy as np  # noqa: PLC0415 - see `drawn`

    saved = 0.0 if found.before is None else found.before
    spread = found.fixed(assumptions.years) / (assumptions.volume.likely * WEEKS_A_YEAR)
    return float(np.median(found.each - saved + spread))


def _volume(generator: np.random.Generator, volume: Volume, draws: int) -> Draws:
    if not 0.0 < volume.low <= volume.likely <= volume.high or not math.isfinite(volume.high):
        raise ValueError(f"A volume runs from a low over a likely to a high figure above 0; these are {volume}.")
    if volume.low == volume.high:
        return generator.uniform(volume.low, volume.high, draws)
    return generator.triangular(volume.low, volume.likely, volume.high, draws)


def _normal(generator: np.random.Generator, estimate: Estimate, draws: int) -> Draws:
    error = (estimate.high - estimate.low) / (2.0 * two_sided(estimate.level))
    return generator.normal(estimate.value, error, draws).clip(min=0.0)


def range_of(values: Draws) -> Range:
    """The middle of draws and the limits of 95 in 100 of them."""
    import numpy as np  # noqa: PLC0415 - see `drawn`

    tail = (1.0 - LEVEL) / 2.0
    low, median, high = (float(edge) for edge in np.quantile(values, (tail, 0.5, 1.0 - tail)))
    return Range(median=median, low=low, high=high)
