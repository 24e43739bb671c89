"""What every metric kind and every estimator has to pass: the checks that this product runs on its own ones.

Pure: the simulations draw from a generator seeded by an argument. Each check gives the failings that it found, each a
sentence; an empty list is a pass. A third party runs `kind_failings` and `estimator_failings` in its own tests.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from functools import reduce
from itertools import pairwise

import numpy as np
from msgspec import Struct

from pilotage.evidence.estimators import Estimator, find_estimator
from pilotage.evidence.measurements import Estimate, Estimated, NotEstimable
from pilotage.evidence.readers import reader
from pilotage.evidence.strata import StageTotals
from pilotage.evidence.sums import Totals, UnitSum
from pilotage.evidence.values import value_range
from pilotage.playbook.kinds import FORMS, MetricKind
from pilotage.playbook.metrics import Cost, Metric, Tokens
from pilotage.runtime.records import Execution

TOLERANCE = 1e-9
COVERAGE = (0.93, 0.97)
RUNS = 1500
UNITS = 300
CALLS = 3
_LEVEL = 0.95


class Case(Struct, frozen=True, kw_only=True):
    """A metric and a world in which its figure is known: `draw` gives calls' values by unit (rows) and call (columns),
    as the pair (y, z), and `truth` is what an arm's figure estimates.
    """

    metric: Metric
    truth: float
    draw: Callable[[np.random.Generator], tuple[np.ndarray, np.ndarray]]


def case_of(kind: MetricKind) -> Case:
    """A case for a kind as the built-in sources feed it: units of three calls that resemble each other. Shares are
    drawn as 0 and 1; other kinds get costs of 0 to 2, through the kind's own `value`; a ratio divides by tokens.
    """
    metric = _metric_of(kind)
    if kind.estimator == "share":
        return Case(metric=metric, truth=0.3, draw=_shares)
    if kind.divides:
        return Case(metric=metric, truth=0.25, draw=_ratio)
    grid = np.linspace(0.0, 2.0, 20_001)
    made = _made(kind, metric, grid)
    # Two uniform draws, one of the unit and one of the call, add up to a triangular value between 0 and 2.
    weights = np.minimum(grid, 2.0 - grid)
    return Case(metric=metric, truth=float((made * weights).sum() / weights.sum()), draw=_means(kind, metric))


def _metric_of(kind: MetricKind) -> Metric:
    return Metric(
        id="checked",
        title="Checked",
        unit="each",
        direction="lower",
        kind=kind.id,
        source=Cost(),
        denominator=Tokens() if kind.divides else None,
        denominator_hi=8.0,
        lo=0.0,
        hi=1.0 if kind.estimator == "share" else 2.0,
    )


def kind_failings(kind: MetricKind, *, seed: int = 1) -> list[str]:
    """Everything in which a kind does not keep what the sums rest on: its estimator exists, its forms are known, its
    values are finite, within their range and never fall as the number rises, and the figures made of its sums are the
    same in any order and partition.
    """
    found = [] if find_estimator(kind.estimator) else [f"The estimator {kind.estimator} is not installed."]
    if not kind.forms or not kind.forms <= FORMS:
        found.append(f"Its forms {sorted(kind.forms)} are not among {sorted(FORMS)}.")
    if found or kind.expands:
        return found
    found += _value_failings(_metric_of(kind))
    return found or list(_sum_failings(case_of(kind), find_estimator(kind.estimator), seed))


def estimator_failings(estimator: Estimator, case: Case, *, seed: int = 1, runs: int = RUNS) -> list[str]:
    """Everything in which an estimator breaks what is promised of figures: it refuses where nothing is known, it gives
    the same in any order and partition of the units, and its 95 % intervals cover the truth in 93 to 97 of 100 worlds,
    those of an arm and those of the difference between two arms that do not differ.
    """
    found = [*_absence_failings(estimator, case), *_sum_failings(case, estimator, seed)]
    rng = np.random.default_rng(seed)
    found += _coverage_failings(
        "an arm's figure", (_one_arm(estimator, case, rng) for _ in range(runs)), case.truth, runs
    )
    found += _coverage_failings(
        "the difference between the arms", (_two_arms(estimator, case, rng) for _ in range(runs)), 0.0, runs
    )
    return found


def _value_failings(metric: Metric) -> Iterator[str]:
    read, (least, most) = reader(metric), value_range(metric)
    grid = np.linspace(metric.lo, metric.hi, 101)
    values = [read(Execution(arm="candidate", value="1", cost_usd=float(number)), {}) for number in grid]
    known = [value for value in values if value is not None]
    if len(known) < len(values):
        yield f"{len(values) - len(known)} of {len(values)} finite numbers give no value."
    if not all(map(math.isfinite, known)):
        yield "Some finite numbers give a value that is not finite."
    elif any(not least - TOLERANCE <= value <= most + TOLERANCE for value in known):
        yield f"Some values lie outside of the range [{least:g}, {most:g}] that the bets rest on."
    elif any(later < earlier - TOLERANCE for earlier, later in pairwise(known)):
        yield "Its value falls somewhere as the number rises."
    again = [read(Execution(arm="candidate", value="1", cost_usd=float(number)), {}) for number in grid[::-1]]
    if again[::-1] != values:
        yield "Its value of a call depends on the calls that were read before, so its sums do not add up."
    failed = read(Execution(arm="candidate", error="timeout"), {})
    if failed is None or not least - TOLERANCE <= failed <= most + TOLERANCE:
        yield "A failed execution has no value within the range, so failures would not count."


def _sum_failings(case: Case, estimator: Estimator | None, seed: int) -> Iterator[str]:
    """Figures of sums that came in any order and in any shards."""
    if estimator is None:
        return
    rng = np.random.default_rng(seed)
    units = _units(case, rng)
    whole = estimator.arm(case.metric, _total(units), _LEVEL)
    shuffled = [units[place] for place in rng.permutation(len(units))]
    shards = [_total(shuffled[start::7]) for start in range(7)]
    for name, totals in (("order", _total(shuffled)), ("partition", reduce(Totals.__add__, shards))):
        if not _same(whole, estimator.arm(case.metric, totals, _LEVEL)):
            yield f"An arm's figure changes with the {name} of the units."


def _absence_failings(estimator: Estimator, case: Case) -> Iterator[str]:
    nothing = StageTotals(stage="live/50/1")
    for what, found in (
        ("no calls", estimator.arm(case.metric, Totals(), _LEVEL)),
        ("no pairs", estimator.paired_difference(case.metric, nothing, _LEVEL)),
        ("no live calls", estimator.live_difference(case.metric, (nothing,), _LEVEL)),
        ("a single unit", estimator.arm(case.metric, Totals.of(UnitSum(3.0, 1.0, 3.0)), _LEVEL)),
    ):
        if not isinstance(found, NotEstimable) or not found.reason:
            yield f"It gives a figure of {what}, where there is a reason to give instead."


def _coverage_failings(what: str, found: Iterator[Estimated], truth: float, runs: int) -> Iterator[str]:
    hits = refused = 0
    for estimate in found:
        if isinstance(estimate, Estimate):
            hits += estimate.low <= truth <= estimate.high
        else:
            refused += 1
    if refused > runs // 2:
        yield f"It refuses {what} in {refused} of {runs} worlds of {UNITS} units."
        return
    share = hits / (runs - refused)
    if not COVERAGE[0] <= share <= COVERAGE[1]:
        yield f"The 95 % intervals of {what} cover the truth in {share:.1%} of {runs - refused} worlds."


def _one_arm(estimator: Estimator, case: Case, rng: np.random.Generator) -> Estimated:
    return estimator.arm(case.metric, _total(_units(case, rng)), _LEVEL)


def _two_arms(estimator: Estimator, case: Case, rng: np.random.Generator) -> Estimated:
    arms = [_total(_units(case, rng)) for _ in range(2)]
    stage = StageTotals(stage="live/50/1", candidate=arms[0], incumbent=arms[1])
    return estimator.live_difference(case.metric, (stage,), _LEVEL)


def _units(case: Case, rng: np.random.Generator) -> list[UnitSum]:
    y, z = case.draw(rng)
    size = float(y.shape[1])
    return [UnitSum(size, *sums) for sums in zip(y.sum(axis=1).tolist(), z.sum(axis=1).tolist(), strict=True)]


def _total(units: Sequence[UnitSum]) -> Totals:
    """All units' totals, in one pass: the same as adding them one by one."""
    columns = np.array([(unit.n, unit.y, unit.z) for unit in units]).T
    factors = dict(zip("nyz", columns, strict=True))
    moments = {
        name: float(np.prod([factors[letter] for letter in name], axis=0).sum())
        for name in Totals.__struct_fields__
        if name != "units"
    }
    return Totals(units=float(len(units)), **moments)


def _same(one: Estimated, other: Estimated) -> bool:
    if isinstance(one, NotEstimable) or isinstance(other, NotEstimable):
        return type(one) is type(other)
    return all(
        math.isclose(getattr(one, name), getattr(other, name), rel_tol=TOLERANCE, abs_tol=TOLERANCE)
        for name in ("value", "low", "high")
    )


def _made(kind: MetricKind, metric: Metric, numbers: np.ndarray) -> np.ndarray:
    value = kind.value
    return numbers if value is None else np.vectorize(lambda number: value(metric, float(number)))(numbers)


def _shares(rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    own = rng.beta(3.0, 7.0, UNITS)
    y = (rng.random((UNITS, CALLS)) < own[:, None]).astype(float)
    return y, np.zeros_like(y)


def _ratio(rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    z = rng.uniform(1.0, 7.0, (UNITS, CALLS))
    y = 0.25 * z * rng.uniform(0.5, 1.5, UNITS)[:, None] * rng.uniform(0.5, 1.5, (UNITS, CALLS))
    return y, z


def _means(kind: MetricKind, metric: Metric) -> Callable[[np.random.Generator], tuple[np.ndarray, np.ndarray]]:
    def draw(rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
        y = _made(kind, metric, rng.random(UNITS)[:, None] + rng.random((UNITS, CALLS)))
        return y, np.zeros_like(y)

    return draw
