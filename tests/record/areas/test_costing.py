"""The production cost estimate and the committed budget: what is recorded, and what is refused."""

from __future__ import annotations

import datetime as dt

import pytest
from msgspec import structs
from tests.record.costs import PRODUCTION, cost_line, funding
from tests.record.stories import Story

from pilotage.record import commands as c
from pilotage.record.areas.costing import CATEGORIES
from pilotage.record.areas.operating import AcceptRole, OfferRole


def test_a_line_that_is_estimated_again_replaces_the_one_before():
    """Lines are told apart by their short names; each says who stated it, and in which ledger entry."""
    story = Story().propose()
    story.does("eva", cost_line("support"))
    story.does("ann", cost_line("support", likely=6_000.0))
    story.does("ann", cost_line("support", line="night-support", likely=4_500.0))
    lines = story.standing.costing.lines
    assert {name: (line.fact.likely, line.stamp.by) for name, line in lines.items()} == {
        "support": (6_000.0, "ann"),
        "night-support": (4_500.0, "ann"),
    }
    assert set(story.standing.costing.missing) == set(CATEGORIES) - {"support"}


def test_two_who_edit_a_line_at_once_get_a_conflict():
    """Who edited an older line is told, and nothing is overwritten."""
    story = Story().propose()
    story.does("eva", cost_line("support"))
    base = story.standing.costing.lines["support"].stamp.position
    story.does("ann", cost_line("support", likely=6_000.0, base=base))
    assert "overtaken" in story.refusal("eva", cost_line("support", likely=7_000.0, base=base))


def test_three_zeros_are_an_argument_for_nothing():
    """A category may cost nothing, if somebody says why."""
    story = Story().propose()
    story.does("eva", cost_line("support", low=0.0, likely=0.0, high=0.0, basis="The vendor's price includes it."))
    line = story.standing.costing.lines["support"].fact
    assert line.is_nothing
    assert "support" not in story.standing.costing.missing


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"low": 9_000.0}, "figures-out-of-order"),
        ({"high": 100.0}, "figures-out-of-order"),
        ({"usd_each": 1.1}, "rate-of-dollars"),
        ({"currency": "EUR"}, "rate-missing"),
    ],
)
def test_a_line_that_makes_no_sense_is_refused(changes, code):
    """Figures run from low to high, and another currency says what it is worth."""
    story = Story().propose()
    assert code in story.refusal("eva", cost_line("support", **changes))


def test_every_problem_of_a_line_is_said_at_once():
    """A line that is wrong in two ways is told both."""
    refused = Story().propose().refusal("eva", cost_line("support", low=9_000.0, currency="EUR"))
    assert set(refused) == {"figures-out-of-order", "rate-missing"}


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"calls_a_year_low": 600_000.0}, "figures-out-of-order"),
        ({"worth_usd_high": 1.0}, "figures-out-of-order"),
        ({"worth_of": "unit"}, "no-target-metric"),
    ],
)
def test_volume_and_worth_that_make_no_sense_are_refused(changes, code):
    """Both run from low to high, and a unit needs a target metric that has one."""
    assert code in Story().propose().refusal("ann", structs.replace(PRODUCTION, **changes))


def test_only_who_carries_the_cost_commits_money():
    """The sponsor carries the cost until somebody accepts the cost role; nobody commits money in their place."""
    story = Story().propose()
    assert "not-cost-owner" in story.refusal("ann", funding(story.now.date()))
    assert "not-cost-owner" in story.refusal("tom", funding(story.now.date()))
    story.does("sam", funding(story.now.date()))
    held = story.standing.costing.funding
    assert held is not None
    assert (held.fact.amount_usd, held.stamp.by) == (73_000.0, "sam")
    unstaffed = Story()
    unstaffed.does("ann", c.Propose(title="Triage", problem="Tickets wander.", incumbent="people"))
    assert "no-cost-owner" in unstaffed.refusal("sam", funding(unstaffed.now.date()))


def test_whoever_accepted_the_cost_role_carries_the_cost():
    """Once the cost role is accepted its holder commits the money, and the sponsor no longer does."""
    story = Story().propose()
    story.does("ann", OfferRole(role="cost", person="tom"))
    story.does("sam", funding(story.now.date()))
    story.does("tom", AcceptRole(role="cost"))
    later = funding(story.now.date(), rebuild_usd=1.0)
    assert "not-cost-owner" in story.refusal("sam", later)
    story.does("tom", later)
    assert story.standing.costing.funding.stamp.by == "tom"


def test_a_budget_is_an_amount_for_a_time_to_come():
    """Every problem of a commitment is said at once: no amount, dates in the wrong order, a time that is over."""
    story = Story().propose()
    yesterday = story.now.date() - dt.timedelta(days=1)
    empty = funding(
        story.now.date(),
        rebuild_usd=0.0,
        change_usd=0.0,
        first_year_usd=0.0,
        from_on=story.now.date(),
        until_on=yesterday,
    )
    assert set(story.refusal("sam", empty)) == {"no-amount", "dates-out-of-order", "ended-already"}
