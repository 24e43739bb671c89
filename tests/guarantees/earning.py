"""Costs and ratios exactly at what was promised: how often they go, and how often their intervals hold the truth."""

from __future__ import annotations

import math

import numpy as np
from tests.evidence.simulated import money, promise, totals_of_units
from tests.guarantees import covering, going
from tests.guarantees.promise import Promise
from tests.guarantees.walks import LOOKS, false_go_by_information, in_chunks

from pilotage.evidence.estimators import estimator_of
from pilotage.evidence.normal import upper_tail
from pilotage.evidence.strata import StageTotals
from pilotage.playbook.metrics import Metric, Tokens

SIGMA, CAP, SHARE, ALIKE = 1.2, 6.0, 0.15, 0.5
CALLS = 200


def capped_mean(mu):
    """The mean of a log-normal cost whose values beyond the cap count as the cap."""
    below = (math.log(CAP) - mu) / SIGMA
    whole = math.exp(mu + SIGMA**2 / 2.0) * upper_tail(SIGMA - below)
    return whole + CAP * upper_tail(below)


def _location(mean):
    """The log-normal location at which the capped cost has that mean, by halving."""
    low, high = -5.0, 5.0
    for _ in range(60):
        middle = (low + high) / 2.0
        low, high = (middle, high) if capped_mean(middle) < mean else (low, middle)
    return (low + high) / 2.0


INCUMBENT = capped_mean(0.0)
CANDIDATE = (1.0 - SHARE) * INCUMBENT
BETTER = _location(CANDIDATE)
COST = money(hi=CAP)
RATE = 0.25
RATIO = Metric(
    id="money",
    title="Cost of a token",
    unit="USD",
    direction="lower",
    kind="ratio",
    source=COST.source,
    denominator=Tokens(),
    denominator_hi=CAP,
    lo=0.0,
    hi=CAP,
)


def costs(count, rng, calls):
    """Both arms' costs of the same calls, heavy-tailed, capped, half alike; the candidate's is 15 % less, exactly."""
    own, common = rng.normal(size=(2, count, calls)), rng.normal(size=(count, calls))
    both = math.sqrt(ALIKE) * common + math.sqrt(1.0 - ALIKE) * own
    return (np.minimum(np.exp(mu + SIGMA * part), CAP) for mu, part in zip((BETTER, 0.0), both, strict=True))


def spent(count, rng, calls):
    """Costs and tokens of calls that cost a quarter of a dollar a token on average, with a heavy tail of tokens."""
    tokens = np.minimum(np.exp(0.8 * rng.normal(size=(count, calls))), CAP)
    return RATE * tokens * rng.uniform(0.2, 1.8, size=(count, calls)), tokens


def _stages(series, arrays):
    """Each run's totals as the one series of a shadow."""
    return [(StageTotals(stage="shadow/1", **{series: one}),) for one in totals_of_units(*arrays)]


def _goes(target, metric, series, drawn):
    def some(count, rng):
        arrays = drawn(count, rng, LOOKS * CALLS)
        known = [np.ones((count, LOOKS * CALLS)), *arrays]
        looks = [_stages(series, [one[:, : (k + 1) * CALLS] for one in known]) for k in range(LOOKS)]
        return false_go_by_information(target, metric, looks)

    return lambda runs, seed: in_chunks(some, runs, seed)


def _holds(metric, series, drawn, truth, read):
    def some(count, rng):
        units = 1500
        arrays = [np.ones((count, units)), *drawn(count, rng, units)]
        found = [read(estimator_of(metric), metric, stages[0]) for stages in _stages(series, arrays)]
        return covering.held(found, truth)

    return lambda runs, seed: in_chunks(some, runs, seed)


def _own(count, rng, calls):
    return (next(costs(count, rng, calls)),)


def _at(form, level, **fields):
    return promise(metric="money", form=form, baseline=INCUMBENT, floor=level, target=level, expected=level, **fields)


GOES = [
    Promise(
        going.GROUP,
        "14 daily looks, a capped cost with a heavy tail, by a share of the incumbent's",
        _goes(_at("share", SHARE), COST, "paired", costs),
        500,
        20_000,
        high=0.055,
    ),
    Promise(
        going.GROUP,
        "14 daily looks, the same cost's own mean against a fixed one: known not to be 5 %",
        _goes(_at("own", CANDIDATE), COST, "candidate", _own),
        500,
        20_000,
        high=0.065,
    ),
    Promise(
        going.GROUP,
        "14 daily looks, a ratio against a fixed target",
        _goes(_at("own", RATE), RATIO, "candidate", spent),
        500,
        20_000,
        high=0.055,
    ),
]
HOLDS = [
    Promise(
        covering.GROUP,
        "improvement of a capped cost by a share of the incumbent's (Fieller)",
        _holds(COST, "paired", costs, SHARE, lambda by, metric, stage: by.paired_improvement(metric, stage, 0.95)),
        1000,
        20_000,
        low=0.94,
        high=0.96,
    ),
    Promise(
        covering.GROUP,
        "mean of one arm, a capped cost with a heavy tail",
        _holds(COST, "candidate", _own, CANDIDATE, lambda by, metric, stage: by.arm(metric, stage.candidate, 0.95)),
        1000,
        20_000,
        low=0.94,
        high=0.96,
    ),
    Promise(
        covering.GROUP,
        "ratio of two sums of one arm",
        _holds(RATIO, "candidate", spent, RATE, lambda by, metric, stage: by.arm(metric, stage.candidate, 0.95)),
        1000,
        20_000,
        low=0.94,
        high=0.96,
    ),
]
