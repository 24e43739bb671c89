"""Use, acceptance and overrides: rates of units and of answers, with one-sided bounds that decide against a plan."""

from __future__ import annotations

import datetime as dt
from random import Random

import pytest
from msgspec import structs

from pilotage.evidence.adoption import LEVEL, METRICS, Planned, adoption_seen, rates
from pilotage.evidence.measurements import AdoptionSeen, Estimate, NotEstimable
from pilotage.evidence.sums import Totals, UnitSum

SINCE = dt.datetime(2026, 6, 1, tzinfo=dt.UTC)
SEEN, USED, ACCEPTED, OVERRIDDEN = METRICS
PLAN = Planned(use_at_least=0.7, accepted_at_least=0.6, overridden_at_most=0.3)
Unit = tuple[int, int, int, int]
"""Calls, then actions: accepted, edited, overridden."""


def seen_of(units: list[Unit]) -> AdoptionSeen:
    """What the sums of these units come to."""
    totals = {metric.id: Totals() for metric in METRICS}
    for calls, accepted, edited, overridden in units:
        told = accepted + edited + overridden
        totals[SEEN.id] += Totals.of_metric(UnitSum(calls, 0.0, 0.0), SEEN)
        totals[USED.id] += Totals.of_metric(UnitSum(told, accepted + edited, 0.0), USED)
        totals[ACCEPTED.id] += Totals.of_metric(UnitSum(told, accepted, 0.0), ACCEPTED)
        totals[OVERRIDDEN.id] += Totals.of_metric(UnitSum(told, overridden, 0.0), OVERRIDDEN)
    until = SINCE + dt.timedelta(days=30)
    return adoption_seen(totals, since=SINCE, until=until, release="r1", sources=("real",))


def states(seen: AdoptionSeen, plan: Planned = PLAN) -> dict[str, str]:
    """The state of each rate."""
    return {one.id: one.status for one in rates(seen, plan)}


def test_the_three_rates_are_what_was_done():
    """A unit uses it that took one answer, as it was or edited; one of whom nothing was told does not. The other two
    are shares of the answers of which it is told, with what was edited between them.
    """
    seen = seen_of([(10, 4, 1, 0)] * 60 + [(10, 0, 0, 5)] * 20 + [(10, 0, 0, 0)] * 20)
    assert (seen.calls, seen.units, seen.actions) == (1000, 100, 400)
    assert isinstance(seen.use, Estimate)
    assert seen.use.value == pytest.approx(0.6)
    assert seen.accepted.value == pytest.approx(240 / 400)
    assert seen.overridden.value == pytest.approx(100 / 400)


def test_a_rate_is_shown_missed_or_open_by_its_near_bound():
    """Shown when even the unfavourable end keeps the plan, missed when even the favourable one does not, else open."""
    assert states(seen_of([(10, 8, 1, 1)] * 300)) == {"use": "shown", "accepted": "shown", "overridden": "shown"}
    assert states(seen_of([(10, 2, 1, 7)] * 120 + [(10, 0, 0, 0)] * 180)) == {
        "use": "missed",
        "accepted": "missed",
        "overridden": "missed",
    }
    near = seen_of([(10, 6, 1, 3)] * 22 + [(10, 0, 0, 0)] * 8)
    assert states(near) == {"use": "open", "accepted": "open", "overridden": "open"}


def test_few_units_show_nothing():
    """However many answers nineteen units had, how units differ is not known, and every rate is open."""
    seen = seen_of([(500, 500, 0, 0)] * 19)
    assert {type(one) for one in (seen.use, seen.accepted, seen.overridden)} == {NotEstimable}
    assert set(states(seen).values()) == {"open"}


def test_without_a_plan_nothing_is_shown():
    """Figures without a plan are figures, and no pass."""
    assert {one.status for one in rates(seen_of([(10, 9, 1, 0)] * 300), None)} == {"open"}


def test_nothing_measured_is_nothing_shown():
    """Without a call there is no figure."""
    nothing = adoption_seen({}, since=SINCE, until=SINCE, release="r1", sources=("real",))
    assert set(states(nothing).values()) == {"open"}


def test_a_plan_that_is_just_missed_seldom_passes():
    """By simulation: where each rate lies exactly at its plan, at most one look in twenty shows it kept (and as few
    show it missed), though people have habits, so that the answers of one unit are alike.
    """
    rng, looks, passed, missed = Random(7), 400, [0, 0, 0], [0, 0, 0]
    for _ in range(looks):
        units: list[Unit] = []
        for _ in range(120):
            habit = rng.betavariate(3.0, 2.0)  # mean 0.6: the share that this one takes as it is
            told = rng.randint(1, 20) if rng.random() < 0.7 else 0
            accepted = sum(rng.random() < habit for _ in range(told))
            overridden = sum(rng.random() < 0.75 for _ in range(told - accepted))
            units.append((20, accepted or min(told, 1), max(told - accepted - overridden, 0), overridden))
        found = rates(seen_of(units), structs.replace(PLAN, overridden_at_most=0.3))
        for place, one in enumerate(found):
            passed[place] += one.status == "shown"
            missed[place] += one.status == "missed"
    assert max(passed) / looks < 0.085
    assert max(missed) / looks < 0.085


def test_the_bounds_are_one_sided():
    """A two-sided interval of 90 % has a one-sided 95 % bound at each end."""
    assert pytest.approx(0.9) == LEVEL
