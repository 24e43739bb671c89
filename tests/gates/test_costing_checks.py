"""The cost of production and the money for it, as the gate judges them."""

from __future__ import annotations

import datetime as dt

import pytest
from msgspec import structs
from tests.record.costs import MEASURED, PRODUCTION, case, cost_line, funding
from tests.record.stories import Story, measured_well

from pilotage.evidence.measurements import NotEstimable
from pilotage.record import commands as c
from pilotage.record.areas.costing import CATEGORIES

COST, FUNDING = "evaluate.production-cost", "evaluate.funding"
SILENT = NotEstimable(reason="None of the candidate's 20 executions reported a cost.")


def evaluating(**changes) -> Story:
    """A workload in evaluation whose estimate comes to what is stated."""
    story = Story().begin_evaluation().estimate()
    story.measurements = measured_well(story.now, production=case(**changes))
    return story


def judged(story: Story, criterion: str) -> tuple[str, str]:
    """The verdict and its reason."""
    verdict = story.verdict(criterion)
    return verdict.verdict, verdict.reason


def test_every_kind_of_cost_needs_a_line():
    """While a category has neither an estimate nor an argued zero, it is named and the cost is not known."""
    story = Story().begin_evaluation()
    verdict, reason = judged(story, COST)
    assert verdict == "pending"
    assert "rebuild, infrastructure, model usage, maintenance" in reason
    for category in CATEGORIES[:-1]:
        story.does("eva", cost_line(category))
    verdict, reason = judged(story, COST)
    assert (verdict, reason) == ("unmet", "Without an estimate or an argued zero: risk.")
    story.does("eva", cost_line("risk"))
    assert "How much production handles" in judged(story, COST)[1]
    story.does("ann", PRODUCTION)
    assert judged(story, COST)[0] == "met"


def test_the_verdict_says_value_cost_and_how_sure():
    """Value and cost at the likely figures, the range, and in how many draws it pays."""
    verdict, reason = judged(evaluating(), COST)
    assert verdict == "met"
    assert "brings USD 150,000 and costs USD 60,000 (USD 50,000 to USD 75,000)" in reason
    assert "97 % of 20,000 draws" in reason


def test_a_value_below_the_cost_is_no_business_case():
    """However sure the estimate is, what costs more than it brings is not met."""
    verdict, reason = judged(evaluating(value_usd=60_000.0, pays=0.4), COST)
    assert verdict == "unmet"
    assert "40 % of" in reason


def test_what_a_call_costs_is_measured():
    """An estimated price of a call is no evidence while no execution said what it cost; an argued zero needs none."""
    assert judged(evaluating(measured_usd_a_call=SILENT), COST)[0] == "pending"
    free = {"low_usd_a_call": 0.0, "high_usd_a_call": 0.0}
    assert judged(evaluating(measured_usd_a_call=SILENT, **free), COST)[0] == "met"


def test_an_estimate_below_what_was_measured_is_refuted():
    """Where calls were measured to cost more than the estimate's highest figure, the estimate does not hold."""
    dear = structs.replace(MEASURED, value=0.05, low=0.045, high=0.055)
    verdict, reason = judged(evaluating(measured_usd_a_call=dear), COST)
    assert verdict == "unmet"
    assert "A call was measured to cost 0.05 USD" in reason


@pytest.mark.parametrize("production", [None, NotEstimable(reason="The target has not been measured yet.")])
def test_without_a_computed_case_nothing_is_met(production):
    """An estimate whose value cannot be computed is pending, with the reason."""
    story = evaluating()
    story.measurements = measured_well(story.now, production=production)
    assert judged(story, COST)[0] == "pending"
    story.fund()
    assert judged(story, FUNDING)[0] == "pending"


def test_prices_grow_old():
    """An estimate that nobody touched for half a year has to be made again."""
    story = evaluating()
    story.wait(days=181)
    story.measurements = measured_well(story.now)
    assert judged(story, COST)[0] == "pending"
    story.does("eva", cost_line("risk", basis="Asked the insurer again."))
    assert judged(story, COST)[0] == "met"


def test_a_budget_covers_the_likely_cost_or_says_by_how_much_it_is_short():
    """The amount is held against rebuild, change and first year at their likely figures."""
    story = evaluating()
    assert judged(story, FUNDING)[0] == "pending"
    story.carry_cost().does("sam", funding(story.now.date(), first_year_usd=20_000.0))
    verdict, reason = judged(story, FUNDING)
    assert verdict == "unmet"
    assert "short by USD 17,000" in reason
    story.does("sam", funding(story.now.date()))
    assert judged(story, FUNDING)[0] == "met"


def test_a_budget_ends_on_its_last_day():
    """The verdict says until when it holds, and holds no longer."""
    story = evaluating()
    last = story.now.date() + dt.timedelta(days=30)
    story.carry_cost().does("sam", funding(story.now.date(), until_on=last))
    verdict = story.verdict(FUNDING)
    assert verdict.verdict == "met"
    assert verdict.valid_until == dt.datetime.combine(last + dt.timedelta(days=1), dt.time(), tzinfo=dt.UTC)
    story.wait(days=31)
    assert judged(story, FUNDING) == ("unmet", f"The budget ended on {last}.")


def test_a_budget_from_before_the_workload_went_back_counts_no_more():
    """What was committed for an earlier evaluation is committed again for the next."""
    story = evaluating().fund()
    story.does("ann", c.GoBack(to_phase="pilot", reason="The release has to be mended."))
    assert judged(story, FUNDING)[0] == "unmet"
    story.fund()
    assert judged(story, FUNDING)[0] == "met"


def test_without_money_there_is_no_go():
    """A go is refused until the money is committed, and a waiver moves no money; a no-go needs none."""
    story = Story().begin_evaluation().attest_all("evaluate")
    held = structs.replace(story.standing.costing, funding=None)
    story.workload = structs.replace(story.standing, costing=held)
    go = c.Decide(outcome="go", reasons="As the figures say.")
    refused = story.refusal("ann", go)
    assert set(refused) == {"not-funded"}
    story.waive(FUNDING)
    assert set(story.refusal("ann", go)) == {"not-funded"}
    story.decide("no_go")


def test_a_lane_that_does_not_ask_for_money_can_go_without():
    """In the low lane the gate has no such criterion."""
    story = Story().begin_evaluation(lane="low").estimate()
    assert FUNDING not in story.verdicts()
    story.decide("go")
