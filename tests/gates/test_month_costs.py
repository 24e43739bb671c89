"""Each month's bills and measured calls, against what a month was estimated at."""

from __future__ import annotations

import datetime as dt

import pytest
from msgspec import structs
from tests.record.stories import Story, measured_well

from pilotage.evidence.measurements import Estimate, MonthSpent, Traffic
from pilotage.gates.cost_months import MonthCost, cost_months
from pilotage.record.areas.costing import RecordMonthCosts
from pilotage.record.areas.operating import AcceptRole, OfferRole
from pilotage.record.facts import ExposureSet

BILLS = ("infrastructure, 400", "maintenance, 420", "monitoring, 400", "retraining, 0", "support, 410", "risk, 0")
YEARLY = 5_000.0 / 12.0
CALL = Estimate(value=0.02, low=0.019, high=0.021, calls=4000, units=900, method="between arms")


def bills(month: str = "2026-05", lines: tuple[str, ...] = (*BILLS, "change-management, 400")) -> RecordMonthCosts:
    """What a month cost, by the names of the story's estimate."""
    return RecordMonthCosts(month=month, lines=lines, basis="The platform's bills and the time sheets.")


@pytest.fixture
def story() -> Story:
    """A workload with an estimate that goes live on the 20th of April, and serves until the 12th of June 2026."""
    story = Story().begin_rollout()
    story.now = dt.datetime(2026, 4, 20, 9, tzinfo=dt.UTC)
    story.record(ExposureSet(mode="live", percent=5.0, cohorts=(), reason="The first step."), "oli")
    story.now = dt.datetime(2026, 6, 12, 9, tzinfo=dt.UTC)
    return story


def spent(usd: float | None = 800.0, month: str = "2026-05") -> MonthSpent:
    """What the calls of a month said."""
    return MonthSpent(month=month, calls=40_000, failed=10, reported=39_990, usd=usd)


def months(story: Story, *measured: MonthSpent) -> dict[str, MonthCost]:
    """The months by name."""
    return {one.month: one for one in cost_months(story.standing, measured, story.now.date())}


def judged(story: Story, *measured: MonthSpent) -> tuple[str, str]:
    """Verdict and reason, with calls that cost what was estimated."""
    first = dt.datetime(2026, 4, 20, tzinfo=dt.UTC)
    pace = Traffic(calls=60_000, counted=60_000, first_call_at=first, last_call_at=first + dt.timedelta(days=53))
    story.measurements = measured_well(story.now, spent=CALL, traffic=pace, spent_by_month=measured)
    found = story.verdict("operate.cost")
    return found.verdict, found.reason


def test_a_month_has_its_share_of_the_estimate(story):
    """A whole month has a twelfth of a year; the first one and the one that runs have what was live of them; what is
    paid once is in none.
    """
    found = months(story)
    assert list(found) == ["2026-04", "2026-05", "2026-06"]
    assert [one.whole for one in found.values()] == [False, True, False]
    assert found["2026-04"].share == pytest.approx(11 / 30)
    may = {line.line: line for line in found["2026-05"].lines}
    assert "rebuild" not in may
    assert may["infrastructure"].likely == pytest.approx(YEARLY)
    assert may["model-usage"].high == pytest.approx(0.03 * 700_000 / 12)
    assert found["2026-06"].high == pytest.approx(found["2026-05"].high * 11 / 30)
    assert found["2026-06"].high_of_month == pytest.approx(found["2026-05"].high)


def test_bills_and_measured_calls_are_added_up(story):
    """A bill stands as recorded, the model's calls as measured; a bill of the model stands before the measurement."""
    story.does("sam", bills())
    may = months(story, spent())["2026-05"]
    assert may.missing == ()
    assert may.actual == pytest.approx(400 + 420 + 400 + 0 + 410 + 0 + 400 + 800)
    assert {line.line: line.origin for line in may.lines}["model-usage"] == "measured"
    story.does("sam", bills(lines=(*BILLS, "change-management, 400", "model-usage, 900")))
    assert months(story, spent())["2026-05"].actual == pytest.approx(may.actual + 100)


def test_a_month_within_the_estimate_is_met(story):
    """With the month, what it cost and what it was estimated at, from bills and calls."""
    story.does("sam", bills())
    verdict, reason = judged(story, spent())
    assert verdict == "met"
    assert "2026-05: 2,830.00 USD, estimated at" in reason


def test_a_month_beyond_the_estimate_is_unmet(story):
    """Also where a line is still missing: more than the highest is more, whatever else comes."""
    story.does("sam", bills(lines=("infrastructure, 99000",)))
    verdict, reason = judged(story, spent())
    assert verdict == "unmet"
    assert "beyond the estimate" in reason


def test_bills_that_are_due_and_missing_keep_it_open(story):
    """Ten days after the month its bills have to be there; until then the month before counts, or none."""
    verdict, reason = judged(story, spent())
    assert verdict == "pending"
    assert "It is not known what was paid for" in reason
    assert "infrastructure" in reason
    story.now = dt.datetime(2026, 6, 10, 9, tzinfo=dt.UTC)
    assert judged(story, spent())[0] == "met"


def test_calls_that_say_nothing_of_their_cost_are_missing(story):
    """A month whose calls did not report enough waits for the model's bill."""
    story.does("sam", bills())
    verdict, reason = judged(story, spent(None))
    assert verdict == "pending"
    assert "model-usage" in reason


def test_a_running_month_that_costs_too_much_already_counts_at_once(story):
    """Nobody waits for its end once it is beyond the whole month's highest figure."""
    story.does("sam", bills())
    story.does("sam", bills("2026-06", ("infrastructure, 50000",)))
    verdict, reason = judged(story, spent())
    assert verdict == "unmet"
    assert "2026-06 so far" in reason


def test_only_who_carries_the_cost_records_it(story):
    """The sponsor until the cost role is accepted, then whoever accepted it; every other problem is said at once."""
    wrong = bills("2026-07", ("infrastructure; 400", "nonsense, 4", "support, 1", "support, 2", "risk, much"))
    codes = [one.code for one in story.problems("ann", wrong)]
    assert {"not-cost-owner", "month-to-come", "no-amount", "unknown-line", "line-twice"} == set(codes)
    assert codes.count("no-amount") == 2
    story.does("ann", OfferRole(role="cost", person="oli"))
    story.does("oli", AcceptRole(role="cost", statement="I carry it."))
    assert "not-cost-owner" in story.refusal("sam", bills())
    story.does("oli", bills())
    assert story.standing.costing.months["2026-05"].stamp.by == "oli"


def test_a_month_is_recorded_whole(story):
    """What was left out of a month that is recorded again is missing again."""
    story.does("sam", bills())
    story.does("sam", structs.replace(bills(), lines=("infrastructure, 400",)))
    assert "support" in months(story, spent())["2026-05"].missing


def test_costs_are_not_asked_for_before_it_is_live():
    """There is no month before the first live call."""
    assert cost_months(Story().begin_rollout().standing, (), dt.date(2026, 6, 1)) == ()
