from __future__ import annotations

import datetime as dt

import pytest

from pilotage.evidence.burning import Budget, MinuteCount, Objective, service_level
from pilotage.evidence.measurements import NotEstimable

NOW = dt.datetime(2026, 3, 27, 12, tzinfo=dt.UTC)
MINUTE = dt.timedelta(minutes=1)
GOOD = Objective(id="answered", title="Answered", share=0.99)


def minutes(ago, until_ago, *, calls, bad):
    """Counts of every minute from so many minutes ago until so many ago."""
    return [MinuteCount(NOW - number * MINUTE, calls, bad) for number in range(until_ago, ago)]


def statuses(counted):
    """The three rules' states, fastest first."""
    return [burn.status for burn in service_level(GOOD, counted, NOW).burns]


def test_a_steady_burn_within_the_budget_fires_nothing():
    """Half of what the budget allows, for three days."""
    assert statuses(minutes(4320, 0, calls=200, bad=1)) == ["within", "within", "within"]


def test_a_fast_burn_pages():
    """A fifth of the calls failing for the last hour is twenty times the budget: the first rule fires, and the
    second, whose six hours lie above six times the budget only from the eighteenth minute per hour on, does not yet.
    """
    before, now = minutes(4320, 60, calls=10, bad=0), minutes(60, 0, calls=10, bad=2)
    assert statuses(before + now) == ["firing", "within", "within"]


def test_an_alert_ends_soon_after_the_trouble():
    """Once the last five minutes are good the fastest rule is silent, though its hour is not."""
    counted = minutes(4320, 60, calls=10, bad=0) + minutes(60, 6, calls=10, bad=2) + minutes(6, 0, calls=10, bad=0)
    found = service_level(GOOD, counted, NOW).burns[0]
    assert found.status == "within"
    assert found.long_rate is not None
    assert found.long_rate > 14.4


def test_a_slow_burn_asks_for_a_ticket():
    """One and a half times the budget for three days spends it early: the slowest rule fires alone."""
    found = service_level(GOOD, minutes(4320, 0, calls=200, bad=3), NOW).burns
    assert [(burn.status, burn.urgency) for burn in found] == [
        ("within", "page"),
        ("within", "page"),
        ("firing", "ticket"),
    ]


def test_a_handful_of_calls_fires_nothing():
    """Every one of thirty calls failing is too few to tell: the state is quiet, not well."""
    assert statuses(minutes(30, 0, calls=1, bad=1)) == ["quiet", "quiet", "quiet"]


def test_the_budget_is_what_the_period_allows():
    """Burning at exactly the allowed rate for three days of thirty has used a tenth."""
    found = service_level(GOOD, minutes(4320, 0, calls=100, bad=1), NOW).budget
    assert isinstance(found, Budget)
    assert found.used == pytest.approx(0.1, rel=0.01)
    assert isinstance(service_level(GOOD, [], NOW).budget, NotEstimable)


def test_counts_from_before_or_after_do_not_matter():
    """Only the last three days up to now are looked at."""
    old = [MinuteCount(NOW - dt.timedelta(days=4), 10_000, 10_000), MinuteCount(NOW + MINUTE, 10_000, 10_000)]
    assert statuses(old + minutes(4320, 0, calls=200, bad=1)) == ["within", "within", "within"]


@pytest.mark.parametrize("share", [0.0, 1.0])
def test_an_objective_without_a_budget_is_refused(share):
    """All or nothing leaves nothing to burn."""
    with pytest.raises(ValueError, match="between 0 and 1"):
        service_level(Objective(id="x", title="X", share=share), [], NOW)
