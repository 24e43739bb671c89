"""What is judged anew every day once people met the candidate: looking often must not pass, nor fail, by itself."""

from __future__ import annotations

import datetime as dt

import numpy as np
from msgspec import structs
from tests.evidence.simulated import promise, right, totals_of_units
from tests.guarantees.going import single_calls
from tests.guarantees.promise import Promise
from tests.guarantees.walks import in_chunks

from pilotage.evidence.adoption import METRICS, Planned, adoption_seen, rates
from pilotage.evidence.compare import arm
from pilotage.evidence.quarters import Month, quarters
from pilotage.evidence.strata import StageTotals
from pilotage.gates.running_checks import against_promise

GROUP = "Looked at every day once people met it"
SINCE = dt.datetime(2026, 6, 1, tzinfo=dt.UTC)
WINDOW, PEOPLE = 30, 150
PLAN = Planned(use_at_least=0.7, accepted_at_least=0.6, overridden_at_most=0.3)
"""Exactly what the people of `_days` do."""


def adoption(state, *, days, naive=False):
    """Three rates that lie exactly at their plan: how often acceptance is said to be in that state at any of so many
    daily looks at the last 30 days, or, where another rate is so more often, that one. `naive`: acceptance by each
    look's one-sided 95 % bounds.
    """

    def some(count, rng):
        found = np.zeros((count, 3), dtype=bool)
        for looks in _days(count, rng, days):
            for run, totals in enumerate(looks):
                found[run] |= _naive(totals, state) if naive else _states(totals, state)
        return float(found.mean(axis=0).max())

    return lambda runs, seed: in_chunks(some, runs, seed)


def _days(count, rng, days):
    """Every day 30 of 150 people ask four times; each has a habit of its own, and seven in ten take answers at all."""
    habit, taking = rng.beta(3.0, 2.0, (count, PEOPLE)), rng.random((count, PEOPLE)) < PLAN.use_at_least
    daily = []
    for _ in range(days):
        asked = 4.0 * (rng.random((count, PEOPLE)) < 0.2)
        accepted = rng.binomial(asked.astype(int), habit)
        overridden = rng.binomial(asked.astype(int) - accepted, 0.75)
        daily = [*daily[1 - WINDOW :], np.stack([asked, accepted, overridden])]
        asks, took, threw = np.sum(daily, axis=0)
        seen = (asks > 0).astype(float)
        series = ((asks, 0.0 * asks), (seen, seen * taking), (asks, took), (asks, threw))
        yield zip(*(totals_of_units(*one) for one in series), strict=True)


def _states(totals, state):
    named = {metric.id: one for metric, one in zip(METRICS, totals, strict=True)}
    seen = adoption_seen(named, since=SINCE, until=SINCE, release="r1", sources=("real",))
    return [one.status == state for one in rates(seen, PLAN)]


def _naive(totals, state):
    found = arm(METRICS[2], totals[2], level=0.9)
    if state == "shown":
        return found.low >= PLAN.accepted_at_least
    return found.high < PLAN.accepted_at_least


def short_of_the_promise(verdict, *, naive=False):
    """A candidate exactly as promised, or at the floor, judged on each third day of a running quarter of 95 %."""
    metric = right(observable="exposed")
    gain = {"unmet": 0.05, "met": 0.0}[verdict]
    target = promise(floor=0.0, target=0.05)

    def some(count, rng):
        calls = np.array([570, 30])
        found = np.zeros(count, dtype=bool)
        hits = rng.binomial(calls[:, None, None], np.array([0.7 + gain, 0.7])[:, None, None], (2, count, 30))
        for run in range(count):
            found[run] = any(
                _judged(target, metric, calls, hits[:, run, : look + 1], naive=naive) == verdict for look in range(30)
            )
        return float(found.mean())

    return lambda runs, seed: in_chunks(some, runs, seed)


def _judged(target, metric, calls, hits, *, naive):
    months = []
    for month in range(3):
        mine = hits[:, 10 * month : 10 * (month + 1)]
        if mine.size:
            arms = [single_calls(size * mine.shape[1], hit) for size, hit in zip(calls, mine.sum(axis=1), strict=True)]
            stage = StageTotals(stage="live-95/1", candidate=arms[0], incumbent=arms[1])
            months.append(Month(first=dt.date(2026, 4 + month, 1), stages=(stage,), closed=False))
    (quarter,) = quarters(target, metric, months, None, dt.date(2026, 4, 1))
    judged = structs.replace(quarter, complete=naive)
    return against_promise(target, metric, judged, judged.comparison).verdict


PROMISES = [
    Promise(
        GROUP,
        "adoption exactly as planned, said to keep its plan at any of 30 daily looks",
        adoption("shown", days=30),
        300,
        4000,
        high=0.05,
        contrast=("each look's one-sided 95 % bound", adoption("shown", days=30, naive=True)),
        contrast_low=0.1,
    ),
    Promise(
        GROUP,
        "the same, said to miss its plan at any of 60",
        adoption("missed", days=60),
        200,
        4000,
        high=0.05,
        contrast=("each look's one-sided 95 % bound", adoption("missed", days=60, naive=True)),
        contrast_low=0.1,
    ),
    Promise(
        GROUP,
        "a candidate as promised, said to fall short at any of 30 looks at a running quarter",
        short_of_the_promise("unmet"),
        200,
        4000,
        high=0.05,
        contrast=("each look's 95 % interval", short_of_the_promise("unmet", naive=True)),
        contrast_low=0.06,
    ),
    Promise(
        GROUP,
        "a candidate at the floor, said to bring more at any of them",
        short_of_the_promise("met"),
        200,
        4000,
        high=0.05,
    ),
]
