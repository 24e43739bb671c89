"""Use, acceptance and overrides: rates of units and of answers, judged against a plan however often one looks."""

from __future__ import annotations

import datetime as dt

import pytest

from pilotage.evidence.adoption import METRICS, Planned, adoption_seen, rates
from pilotage.evidence.band import critical_of_units
from pilotage.evidence.measurements import AdoptionSeen, Estimate, NotEstimable
from pilotage.evidence.normal import two_sided
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


def test_each_interval_is_one_look_of_many():
    """The level of each rate's interval is that of a band that holds at all looks together, closest at 500 units; at a
    single look it is never below 99 %.
    """
    seen = seen_of([(10, 8, 1, 1)] * 300)
    for one in (seen.use, seen.accepted, seen.overridden):
        assert isinstance(one, Estimate)
        assert two_sided(one.level) == pytest.approx(critical_of_units(300.0))
    levels = [seen_of([(10, 8, 1, 1)] * units).use.level for units in (30, 500, 5000)]
    assert min(levels) > 0.99
    assert min(levels) == levels[1]
