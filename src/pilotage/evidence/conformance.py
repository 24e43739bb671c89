"""What every metric kind and every estimator has to pass: the checks that this product runs on its own ones.

Pure: the simulations draw from a generator seeded by an argument. Each check gives the failings that it found, each a
sentence; an empty list is a pass. A third party runs `kind_failings` and `estimator_failings` in its own tests.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from functools import reduce
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from msgspec import Struct, structs

from pilotage.evidence.estimators import Estimator, find_estimator
from pilotage.evidence.measurements import Estimate, Estimated, NotEstimable
from pilotage.evidence.normal import quantile
from pilotage.evidence.parts import Part
from pilotage.evidence.readers import reader
from pilotage.evidence.strata import StageTotals
from pilotage.evidence.sums import Totals, UnitSum
from pilotage.evidence.values import value_range
from pilotage.playbook.kinds import FORMS, Form, MetricKind, find_kind
from pilotage.playbook.metrics import Cost, Metric, Target, Tokens
from pilotage.runtime.records import Execution

TOLERANCE = 1e-9
COVERAGE = (0.93, 0.97)
ERROR = 0.05
REJECTED_MAX = 0.07
RUNS = 1500
UNITS = 300
CALLS = 3
_LEVEL = 0.95
OF_ONE_ARM = ("an arm's figure", "the incumbent's figure of pairs")
OF_PAIRS = ("the difference of pairs", "the improvement of pairs")


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
    """Everything in which an estimator breaks what is promised of figures and tests: it refuses where nothing is known;
    each figure, and each part of a test, is the same in any order and partition of the units; its 95 % intervals cover
    the truth, those of an arm and of the difference between arms that do not differ in 93 to 97 of 100 worlds, those of
    pairs that do not differ in at least 93; and its `part` of a test at 5 % rejects a target that is exactly met in at
    most 7 of 100.
    """
    found = [*_absence_failings(estimator, case), *_sum_failings(case, estimator, seed)]
    rng = np.random.default_rng(seed)
    worlds = [_stage(case, _world(case, rng)) for _ in range(runs)]
    for name, read in _figures_of(estimator, case).items():
        truth = case.truth if name in OF_ONE_ARM else 0.0
        # A paired figure may be a bound for any correlation of the arms, which holds the truth more often than it says.
        most = 1.0 if name in OF_PAIRS else COVERAGE[1]
        found += _coverage_failings(name, [read(world) for world in worlds], truth, most)
    for name, read_part in _parts_of(estimator, case).items():
        found += _rejection_failings(name, [read_part(world) for world in worlds])
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
    """Figures and parts of sums that came in any order and in any shards."""
    if estimator is None:
        return
    rng = np.random.default_rng(seed)
    world = _world(case, rng)
    order = rng.permutation(len(world.pairs))
    shuffled = World(*([units[place] for place in order] for units in world))
    shards = [_stage(case, World(*(units[start::7] for units in shuffled))) for start in range(7)]
    others = {"order": _stage(case, shuffled), "partition": reduce(_together, shards)}
    for name, read in _readings(estimator, case).items():
        whole = read(_stage(case, world))
        for what, stage in others.items():
            if not _same(whole, read(stage)):
                yield f"{name[0].upper()}{name[1:]} changes with the {what} of the units."


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


def _coverage_failings(what: str, found: Sequence[Estimated], truth: float, most: float) -> Iterator[str]:
    known = [one for one in found if isinstance(one, Estimate)]
    if len(known) < len(found) / 2:
        yield _refuses(what, len(found) - len(known), len(found))
        return
    share = sum(one.low <= truth <= one.high for one in known) / len(known)
    if not COVERAGE[0] <= share <= most:
        yield f"The 95 % intervals of {what} cover the truth in {share:.1%} of {len(known)} worlds."


def _rejection_failings(what: str, found: Sequence[Part | NotEstimable]) -> Iterator[str]:
    """A test whose target is exactly met has to reject it as seldom as it says."""
    known = [one for one in found if isinstance(one, Part)]
    if len(known) < len(found) / 2:
        yield _refuses(what, len(found) - len(known), len(found))
        return
    limit = quantile(1.0 - ERROR)
    wrong = sum(one.distance > limit * math.sqrt(one.variance) for one in known) / len(known)
    if wrong > REJECTED_MAX:
        yield f"{what[0].upper()}{what[1:]} at 5 % rejects a target that is exactly met in {wrong:.1%} of the worlds."


def _refuses(what: str, refused: int, runs: int) -> str:
    return f"It refuses {what} in {refused} of {runs} worlds of {UNITS} units."


def _figures_of(estimator: Estimator, case: Case) -> dict[str, Callable[[StageTotals], Estimated]]:
    """Every figure that an estimator makes of a stage, by its name; shares of the incumbent's where a kind has them."""
    metric = case.metric
    figures: dict[str, Callable[[StageTotals], Estimated]] = {
        "an arm's figure": lambda stage: estimator.arm(metric, stage.candidate, _LEVEL),
        "the incumbent's figure of pairs": lambda stage: estimator.incumbent_of_pairs(metric, stage, _LEVEL),
        "the difference of pairs": lambda stage: estimator.paired_difference(metric, stage, _LEVEL),
        "the difference between the arms": lambda stage: estimator.live_difference(metric, (stage,), _LEVEL),
    }
    if "share" in _forms_of(metric):
        figures["the improvement of pairs"] = lambda stage: estimator.paired_improvement(metric, stage, _LEVEL)
        figures["the improvement between the arms"] = lambda stage: estimator.live_improvement(metric, (stage,), _LEVEL)
    return figures


def _parts_of(estimator: Estimator, case: Case) -> dict[str, Callable[[StageTotals], Part | NotEstimable]]:
    """Every test that an estimator has a part in, each at a target that is exactly met."""

    def read(form: Form, metric: Metric) -> Callable[[StageTotals], Part | NotEstimable]:
        target = _target_of(form, case)
        return lambda stage: estimator.part(target, metric, stage)

    forms = sorted(_forms_of(case.metric))
    found = {f"the test of the form {form}": read(form, case.metric) for form in forms}
    live = structs.replace(case.metric, observable="exposed")
    return found | {
        f"the test of the form {form} between the arms": read(form, live) for form in forms if form != "own"
    }


def _readings(estimator: Estimator, case: Case) -> dict[str, Callable[[StageTotals], Estimated | Part]]:
    return {**_figures_of(estimator, case), **_parts_of(estimator, case)}


def _forms_of(metric: Metric) -> frozenset[Form]:
    kind = find_kind(metric.kind)
    return kind.forms if kind else FORMS


def _target_of(form: Form, case: Case) -> Target:
    level = case.truth if form == "own" else 0.0
    return Target(
        metric=case.metric.id,
        form=form,
        baseline=case.truth,
        floor=level,
        target=level,
        expected=level,
        calls_per_week=1000.0,
        deviation=1.0,
    )


class World(NamedTuple):
    """The same units' sums of both arms that do not differ, and of the pairs; of a ratio, the pairs of either arm."""

    candidate: list[UnitSum]
    incumbent: list[UnitSum]
    pairs: list[UnitSum]


def _world(case: Case, rng: np.random.Generator) -> World:
    candidate, incumbent = _units(case, rng), _units(case, rng)
    pairs = [UnitSum(one.n, one.y, other.y) for one, other in zip(candidate, incumbent, strict=True)]
    return World(candidate, incumbent, candidate if case.metric.denominator is not None else pairs)


def _stage(case: Case, world: World) -> StageTotals:
    both = world.incumbent if case.metric.denominator is not None else []
    return StageTotals(
        stage="live/50/1",
        candidate=_total(world.candidate),
        incumbent=_total(world.incumbent),
        paired=_total(world.pairs),
        paired_incumbent=_total(both) if both else Totals(),
    )


def _together(one: StageTotals, other: StageTotals) -> StageTotals:
    """Two shards' sums."""
    return structs.replace(
        one,
        candidate=one.candidate + other.candidate,
        incumbent=one.incumbent + other.incumbent,
        paired=one.paired + other.paired,
        paired_incumbent=one.paired_incumbent + other.paired_incumbent,
    )


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


def _same(one: Estimated | Part, other: Estimated | Part) -> bool:
    if type(one) is not type(other) or isinstance(one, NotEstimable):
        return type(one) is type(other)
    names = ("value", "low", "high") if isinstance(one, Estimate) else Part.__struct_fields__
    return all(
        math.isclose(getattr(one, name), getattr(other, name), rel_tol=TOLERANCE, abs_tol=TOLERANCE) for name in names
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
