"""The production cost estimate and the committed budget: what is recorded, and what is refused."""

from __future__ import annotations

import datetime as dt

import pytest
from msgspec import structs
from tests.record.costs import PRODUCTION, cost_line, funding
from tests.record.stories import Story

from pilotage.record.areas.costing import CATEGORIES, FundingCommitted
from pilotage.record.areas.operating import AcceptRole, OfferRole
from pilotage.record.commands import PERMITTED


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


def test_only_who_accepted_to_carry_the_cost_commits_money():
    """Nobody stands in for the cost owner, the sponsor neither; the refusal says who can offer the role."""
    story = Story().propose()
    refused = story.refusal("sam", funding(story.now.date()))
    assert set(refused) == {"no-cost-owner"}
    assert "the owner or the sponsor offers the cost role" in refused["no-cost-owner"].message
    story.does("ann", OfferRole(role="cost", person="tom"))
    asked = story.refusal("sam", funding(story.now.date()))["no-cost-owner"].message
    assert "offered to tom, who has to accept it" in asked
    story.does("tom", AcceptRole(role="cost"))
    assert set(story.refusal("sam", funding(story.now.date()))) == {"not-cost-owner"}
    assert set(story.refusal("ann", funding(story.now.date()))) == {"not-cost-owner"}
    story.does("tom", funding(story.now.date()))
    held = story.standing.costing.funding
    assert held is not None
    assert (held.fact.amount_usd, held.stamp.by) == (73_000.0, "tom")


def test_whoever_can_accept_the_cost_role_can_commit():
    """The cost owner may be anybody who can be offered a role, so no further role keeps them from committing."""
    assert PERMITTED["commit_funding"] == PERMITTED["accept_role"]


def test_what_was_committed_stands_when_the_cost_role_goes_to_somebody_else():
    """A commitment is an act of its day: given by whoever carried the cost then, also before anybody was asked to."""
    story = Story().propose()
    story.record(FundingCommitted(**structs.asdict(funding(story.now.date()))), "sam")
    assert story.standing.costing.funding.stamp.by == "sam"
    story.does("ann", OfferRole(role="cost", person="tom"))
    story.does("tom", AcceptRole(role="cost"))
    assert story.standing.costing.funding.stamp.by == "sam"
    story.does("tom", funding(story.now.date(), rebuild_usd=1.0))
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
    assert set(story.carry_cost().refusal("sam", empty)) == {"no-amount", "dates-out-of-order", "ended-already"}
