"""The portfolio in figures: funnel, review lead times, time to feedback, projected days, value and cost."""

from __future__ import annotations

import datetime as dt

import pytest
from msgspec import structs
from tests.record.stories import START, Story, answered, charter, measured_well
from tests.workflow.test_inbox import judged

from pilotage.evidence.measurements import Traffic
from pilotage.record import commands as c
from pilotage.record.areas import reviewing as r
from pilotage.workflow.portfolio_report import PortfolioFigures, figures_of, portfolio_figures, review_leads
from pilotage.workflow.roadmap import roadmap

PHASES = Story().playbook.phases


def named(story: Story, slug: str) -> Story:
    """The story under another name."""
    story.workload = structs.replace(story.standing, slug=slug)
    return story


def whole(stories: list[Story]) -> PortfolioFigures:
    """The portfolio of these workloads."""
    return portfolio_figures([figures_of(judged(story), story.now) for story in stories], PHASES)


def test_an_empty_portfolio_has_no_share_and_no_median():
    """Nothing is no plausible number."""
    found = portfolio_figures([], PHASES)
    assert (found.total, found.share, found.first_use_days, found.first_feedback_days) == (0, None, None, None)
    assert [rung.count for rung in found.funnel] == [0] * 6
    assert found.reviews == ()


def test_funnel_and_share_count_every_workload():
    """What was killed had reached its phase, and reached no production."""
    killed = Story().begin_pilot()
    killed.does("eva", c.Kill(reason="It leaks names."))
    stories = [Story().propose(), named(killed, "killed"), named(Story().begin_rollout(), "live")]
    found = whole(stories)
    assert {rung.phase: rung.count for rung in found.funnel} == {
        "select": 3,
        "pilot": 2,
        "evaluate": 1,
        "harden": 1,
        "deploy": 1,
        "operate": 0,
    }
    assert (found.total, found.killed, found.in_production, found.running) == (3, 1, 1, 2)
    assert found.share == pytest.approx(1 / 3)
    assert [one.place for one in found.workloads] == ["select", "killed", "deploy"]


def test_a_no_go_in_force_is_not_on_the_way():
    """It has a place of its own, and is in neither the headline nor the money that is promised, estimated, committed;
    decided again it is back.
    """
    refused = named(Story().begin_evaluation().estimate().fund().decide("no_go"), "refused")
    running = Story().begin_pilot()
    each = [structs.replace(figures_of(judged(one), one.now), value_usd_a_year=90_000.0) for one in (running, refused)]
    found = portfolio_figures(each, PHASES)
    assert [one.place for one in found.workloads] == ["pilot", "refused"]
    assert (found.total, found.running, found.refused, found.killed) == (2, 1, 1, 0)
    assert found.value_usd_a_year == 90_000.0
    assert each[1].committed_usd
    assert (found.committed_usd, found.estimated_cost_usd) == (0.0, whole([running]).estimated_cost_usd)
    assert {rung.phase: rung.count for rung in found.funnel}["evaluate"] == 1
    refused.does("ann", c.Kill(reason="Switched off for good."))
    assert whole([refused]).workloads[0].place == "killed"
    again = Story().begin_evaluation().decide("no_go").decide("extend", until=dt.date(2026, 5, 18))
    assert whole([again]).workloads[0].place == "evaluate"


def test_waivers_of_every_gate_are_counted():
    """Of the gate ahead and of those that were passed, as the board shows them."""
    story = Story().propose().waive("select.data").waive("pilot.early-use")
    found = figures_of(judged(story), story.now)
    assert (found.waived, found.waivers) == (1, 2)


def test_time_to_feedback_counts_from_the_pilots_beginning():
    """For each workload, and the median of those that have it; without feedback there is none."""
    early, late, none = Story().begin_pilot(), Story().begin_pilot(), Story().begin_pilot()
    for story, days in ((early, 2), (late, 6)):
        first = story.now + dt.timedelta(days=days)
        seen = Traffic(calls=10, first_candidate_at=first, first_feedback_at=first + dt.timedelta(days=1))
        story.measurements = measured_well(story.now, traffic=seen)
    none.measurements = None
    stories = [early, named(late, "late"), named(none, "none")]
    found = whole(stories)
    assert [one.first_use_days for one in found.workloads] == [2.0, 6.0, None]
    assert (found.first_use_days, found.first_feedback_days) == (4.0, 5.0)


def test_review_lead_times_run_from_opening_to_conclusion():
    """Medians by review; who waits still is counted apart, and the reviewers' own minutes beside it."""
    quick, slow, waits = (Story().propose().write_charter().open_reviews(days=30) for _ in range(3))
    for story, days in ((quick, 4), (slow, 10)):
        story.does("eva", release())
        story.answer_reviews()
        story.wait(days=days)
        story.conclude("privacy", minutes=20 * days)
    waits.wait(days=31)
    waits.does("pia", r.LogReviewTime(review="privacy", minutes=15))
    each = [figures_of(judged(story), waits.now) for story in (quick, slow, waits)]
    found = {one.review: one for one in review_leads(each)}
    privacy = found["privacy"]
    assert (privacy.opened, privacy.concluded, privacy.overdue) == (3, 2, 1)
    assert (privacy.days, privacy.waiting_days) == (7.0, 31.0)
    assert (privacy.minutes, privacy.minutes_each) == (80 + 200 + 15, 140.0)
    assert (found["risk"].concluded, found["risk"].days, found["risk"].minutes_each) == (0, None, None)


def release() -> c.RegisterRelease:
    """What the reviews are about."""
    return c.RegisterRelease(
        name="r1", digest="ab" * 32, code_revision="4f2a", environment="lock:77", model="trees", data_source="desk"
    )


def test_money_is_what_was_promised_estimated_and_committed():
    """None where nobody said so; sums leave out what was killed."""
    story = Story().begin_evaluation().estimate()
    bare = figures_of(judged(Story().propose()), START)
    assert (bare.value_usd_a_year, bare.estimated_cost_usd, bare.committed_usd) == (None, None, None)
    story.fund()
    found = figures_of(judged(story), story.now)
    assert found.committed_usd == story.standing.costing.funding.fact.amount_usd
    assert found.estimated_cost_usd == story.measurements.production.cost_usd
    assert whole([story]).committed_usd == found.committed_usd


def test_dates_are_projected_from_where_a_workload_stands():
    """The cadence's weeks follow on the decision that the charter names, or that the traffic projects."""
    story = Story().propose().write_charter()
    plan = roadmap(judged(story), story.now)
    decide_by = charter().decision_on
    assert (plan.decision.day, plan.decision.basis) == (decide_by, "charter")
    assert plan.rollout.day == decide_by + dt.timedelta(weeks=8)
    assert plan.production.day == decide_by + dt.timedelta(weeks=12)
    projected = decide_by - dt.timedelta(days=9)
    story.measurements = measured_well(story.now, answer=structs.replace(answered(), projected=projected))
    assert roadmap(judged(story), story.now).decision.basis == "measured"
    assert roadmap(judged(story), story.now).rollout.day == projected + dt.timedelta(weeks=8)


def test_without_a_charter_the_cadence_says_when():
    """What is left of this phase, and the weeks of each one up to the decision; a phase that is late moves them."""
    story = Story().propose()
    found = roadmap(judged(story), story.now).decision
    assert (found.day, found.basis) == (START.date() + dt.timedelta(weeks=12), "cadence")
    story.wait(weeks=5)
    assert roadmap(judged(story), story.now).decision.day == START.date() + dt.timedelta(weeks=5 + 6 + 4)


def test_what_is_overdue_is_projected_no_earlier_than_today():
    """A decision date that passed moves everything after it, day by day."""
    story = Story().propose().write_charter()
    story.wait(days=100)
    plan = roadmap(judged(story), story.now)
    assert (plan.decision.day, plan.decision.basis) == (story.now.date(), "overdue")
    assert plan.rollout.day == story.now.date() + dt.timedelta(weeks=8)


def test_what_happened_stands_where_it_happened():
    """A signed go, and the day on which the roll-out began."""
    story = Story().begin_rollout()
    began = story.now
    story.wait(days=3)
    plan = roadmap(judged(story), story.now)
    assert plan.decision.basis == plan.rollout.basis == "happened"
    assert plan.rollout.day == began.date()
    assert (plan.production.day, plan.production.basis) == (began.date() + dt.timedelta(weeks=4), "cadence")


def test_what_ended_has_no_dates():
    """A killed workload and a no-go project nothing."""
    story = Story().begin_evaluation().decide("no_go")
    assert figures_of(judged(story), story.now).roadmap is None
