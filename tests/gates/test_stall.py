"""The stall radar: each of the eleven reasons, present and absent, with the moment at which it became present."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable

import pytest
from msgspec import structs
from tests.record.stories import Story, measured_well

from pilotage.evidence.measurements import FieldCoverage
from pilotage.gates.stall import REASONS, Stall, stalls
from pilotage.playbook.loading import load, shipped
from pilotage.record import commands as c
from pilotage.record import facts as f
from pilotage.record.areas import architecture as a
from pilotage.record.areas import operating as o
from pilotage.record.areas.change import NameAudience, PlanStream
from pilotage.record.areas.planning import PlanProduction

ROLES = ("product", "engineering", "operations", "cost", "vendor")


def radar(story: Story) -> dict[str, Stall]:
    """The reasons present now."""
    found = stalls(story.playbook, story.standing, story.verdicts(), story.measurements, story.now)
    return {stall.id: stall for stall in found}


def replanned(dates: str) -> PlanProduction:
    """The production path, touched again."""
    return PlanProduction(
        deployment="In the desk's own service.",
        production_owner="oli",
        dates=dates,
        running_cost="9,000 a year",
        change_effort="two sessions",
    )


def offered(story: Story, role: str, person: str = "oli") -> None:
    """A role is offered to somebody."""
    story.does("ann", o.OfferRole(role=role, person=person))


def test_the_radar_knows_the_reasons_of_the_method():
    """All eleven reasons are watched, and each names criteria that exist."""
    assert [reason.id for reason in REASONS] == [
        "no-production-path",
        "no-production-owner",
        "governance-not-engaged",
        "architecture-not-ready",
        "business-case-thin",
        "change-plan-absent",
        "wrong-problem",
        "vague-success",
        "production-ignored",
        "transition-unowned",
        "organisation-not-ready",
    ]
    for cadence in shipped():
        known = {criterion.id for phase in load(cadence).phases for criterion in phase.criteria}
        for reason in REASONS:
            assert set(reason.criteria) <= known, reason.id


def test_a_new_workload_stalls_where_nobody_has_done_anything():
    """Right after the proposal: no way into production, no sponsor who committed, and nothing to measure by."""
    story = Story().propose()
    assert set(radar(story)) == {"no-production-path", "wrong-problem", "vague-success"}
    assert {stall.since for stall in radar(story).values()} == {story.now}


# --- each reason: present, since when, and what makes it go away ---


def test_no_production_path():
    """Nobody wrote it down since the proposal; or nobody touched it since the pilot began. Touching it clears it."""
    story = Story().propose()
    proposed = story.now
    story.wait(days=3)
    assert radar(story)["no-production-path"].since == proposed
    story.does("ann", replanned("in spring"))
    assert "no-production-path" not in radar(story)
    story = Story().begin_pilot()
    began = story.now
    story.wait(days=2)
    assert "no-production-path" not in radar(story), "written in the hour in which the pilot began"
    story = piloted_later()
    began = story.now
    story.wait(days=2)
    found = radar(story)["no-production-path"]
    assert found.since == began
    assert "last touched on 2026-03-02, before the pilot began on 2026-03-03" in found.reason
    story.does("ann", replanned("in summer"))
    assert "no-production-path" not in radar(story)


def piloted_later() -> Story:
    """A pilot that began a day after everything was written down."""
    story = Story().propose().write_charter()
    story.does("ann", c.AcceptOwnership(technical=True, operational=True, statement="I decide on both."))
    story.measurements = measured_well(story.now)
    story.attest_all("select")
    story.wait(days=1)
    story.does("ann", c.Advance(to_phase="pilot"))
    return story


def test_no_production_owner():
    """Unassigned since the pilot began, refused since it was refused, and gone once all roles are accepted."""
    story = Story().begin_pilot()
    began = story.now
    story.wait(days=4)
    found = radar(story)["no-production-owner"]
    assert (found.since, found.clear.by) == (began, "owner")
    assert "Nobody was asked to own product." in found.reason
    for role in ROLES:
        offered(story, role)
    assert radar(story)["no-production-owner"].clear.by == "oli"
    for role in ROLES:
        story.does("oli", o.AcceptRole(role=role, statement="Mine."))
    assert "no-production-owner" not in radar(story)
    story.wait(days=2)
    story.does("oli", o.RefuseRole(role="vendor", reason="I have no time for it."))
    refused = story.now
    story.wait(days=5)
    found = radar(story)["no-production-owner"]
    assert found.since == refused
    assert found.reason == "oli refused the vendor role on 2026-03-08."
    offered(story, "vendor", "eva")
    assert radar(story)["no-production-owner"].since == refused, "asking somebody else is no acceptance"
    story.does("eva", o.AcceptRole(role="vendor", statement="Mine."))
    assert "no-production-owner" not in radar(story)


def test_a_role_that_is_offered_on_is_open_since_then():
    """Offered to somebody else, a role is taken from its holder in that moment."""
    story = Story().begin_pilot()
    for role in ROLES:
        offered(story, role)
        story.does("oli", o.AcceptRole(role=role, statement="Mine."))
    story.wait(days=3)
    offered(story, "cost", "eva")
    moved = story.now
    story.wait(days=3)
    assert radar(story)["no-production-owner"].since == moved


def test_governance_not_engaged():
    """In the pilot a review is not open, or nobody conducts it; before the pilot that is no stall yet."""
    story = Story().begin_pilot()
    began = story.now
    assert "governance-not-engaged" not in radar(story)
    reviewers = {area: person for area, person in story.standing.reviewers.items() if area != "risk"}
    since = {area: stamp for area, stamp in story.standing.reviews.since.items() if area != "risk"}
    story.workload = structs.replace(
        story.standing, reviewers=reviewers, reviews=structs.replace(story.standing.reviews, since=since)
    )
    story.wait(days=2)
    found = radar(story)["governance-not-engaged"]
    assert found.since == began
    assert found.reason == "1 of 6 reviews have no reviewer: risk. 1 of 6 reviews are not open: risk."
    assert found.clear.action == "Name a reviewer for risk, then open the review."
    early = Story().propose()
    assert "governance-not-engaged" not in radar(early)


def test_architecture_not_ready():
    """Past the evaluation with areas undecided; once all are decided, an open blocking gap, since it was listed."""
    story = Story().begin_evaluation()
    assert "architecture-not-ready" not in radar(story), "not past the evaluation yet"
    story = Story().begin_hardening()
    began = story.now
    story.wait(days=1)
    for area in story.playbook.areas:
        story.does("eva", design(area.id, "decided"))
    for gap in story.standing.architecture.open_gaps:
        story.does("eva", a.CloseGap(gap=gap.fact.gap, how="Done."))
    assert "architecture-not-ready" not in radar(story)
    gap = a.ListGap(gap="no-load-test", what="Nobody knows.", area="scale", effort="a week", owner="eva", blocking=True)
    story.does("eva", gap)
    listed = story.now
    story.wait(days=9)
    found = radar(story)["architecture-not-ready"]
    assert (found.since, found.clear.by) == (listed, "eva")
    assert found.reason == "Blocking and open: no-load-test."
    story.does("eva", a.CloseGap(gap="no-load-test", how="Tested."))
    assert "architecture-not-ready" not in radar(story)
    story.does("eva", design("scale", "in_progress"))
    reopened = story.now
    story.wait(days=1)
    assert radar(story)["architecture-not-ready"].since == reopened > began


def design(area: str, decision: str) -> a.DesignArea:
    """What becomes of an area."""
    return a.DesignArea(
        area=area, pilot="As it is.", production="The same.", fate="keep", decision=decision, owner="eva"
    )


def test_an_undecided_architecture_stalls_since_hardening_began():
    """An area that nobody touched was undecided from the first day."""
    story = Story().begin_hardening()
    began = story.now
    designs = {area: one for area, one in story.standing.architecture.designs.items() if area != "audit"}
    story.workload = structs.replace(
        story.standing, architecture=structs.replace(story.standing.architecture, designs=designs)
    )
    story.wait(days=6)
    assert radar(story)["architecture-not-ready"].since == began


def test_business_case_thin():
    """No estimate since the evaluation began; a value that does not cover the cost since the estimate says so."""
    story = Story().begin_evaluation()
    began = story.now
    story.wait(days=2)
    found = radar(story)["business-case-thin"]
    assert found.since == began
    assert "is not estimated; missing: rebuild, infrastructure" in found.reason
    story.estimate()
    estimated = story.now
    story.measurements = measured_well(story.now)
    assert "business-case-thin" not in radar(story)
    dear = structs.replace(story.measurements.production, cost_usd=90_000.0, value_usd=40_000.0)
    story.measurements = measured_well(story.now, production=dear)
    story.wait(days=3)
    found = radar(story)["business-case-thin"]
    assert found.since == estimated
    assert "brings USD 40,000 and costs USD 90,000: USD 50,000 more than it is worth" in found.reason
    assert "business-case-thin" not in radar(Story().begin_pilot())


def test_change_plan_absent():
    """Past the evaluation without a plan for each stream, since hardening began."""
    story = Story().begin_hardening()
    began = story.now
    story.wait(days=1)
    found = radar(story)["change-plan-absent"]
    assert found.since == began
    assert found.reason.startswith("5 of 5 change streams have no plan and no owner: training, workflow")
    for stream in story.playbook.streams:
        story.does("ann", planned(stream.id, dt.date(2027, 1, 1)))
    assert "change-plan-absent" not in radar(story)


def planned(stream: str, due_on: dt.date) -> PlanStream:
    """A plan of a stream of the change."""
    return PlanStream(stream=stream, plan="Two sessions.", owner="oli", due_on=due_on, audiences=("berlin",))


def test_wrong_problem_by_its_score():
    """A mean under the playbook's bar, since the score that brought it there; scored higher it goes away."""
    story = Story().propose().write_charter()
    assert "wrong-problem" not in radar(story)
    story.does("ann", c.ScoreProblem(impact=4, feasibility=4, readiness=4))
    assert "wrong-problem" not in radar(story)
    story.wait(days=2)
    story.does("eva", c.ScoreProblem(impact=1, feasibility=4, readiness=4))
    fell = story.now
    story.wait(days=2)
    found = radar(story)["wrong-problem"]
    assert found.since == fell
    assert found.reason == "The impact score is 2.50 of 5, by 2 people; 3 is the bar."
    story.does("oli", c.ScoreProblem(impact=5, feasibility=4, readiness=4))
    assert "wrong-problem" not in radar(story)


def test_the_bar_is_the_playbooks():
    """A team that asks for more readiness is warned sooner."""
    story = Story().propose().write_charter()
    story.does("ann", c.ScoreProblem(impact=4, feasibility=4, readiness=3))
    assert "wrong-problem" not in radar(story)
    strict = structs.replace(story.playbook.pilot, readiness_min=3.5)
    story.playbook = structs.replace(story.playbook, pilot=strict)
    assert radar(story)["wrong-problem"].reason.startswith("The readiness score is 3.00 of 5, by 1 person; 3.5")


def test_wrong_problem_without_a_sponsor_who_committed():
    """A sponsor who signed nothing has not committed; a new one not since the day they were named."""
    story = Story().propose()
    proposed = story.now
    story.wait(days=1)
    found = radar(story)["wrong-problem"]
    assert (found.since, found.clear.by) == (proposed, "sam")
    story.write_charter()
    assert "wrong-problem" not in radar(story)
    story.wait(days=1)
    story.does("ann", c.Assign(role="sponsor", person="tom"))
    named = story.now
    story.wait(days=1)
    found = radar(story)["wrong-problem"]
    assert (found.since, found.clear.by) == (named, "tom")


def test_vague_success():
    """No charter since the proposal; in the pilot no baseline since it began, and gone once it is measured."""
    story = Story().propose()
    assert radar(story)["vague-success"].since == story.now
    story.write_charter()
    assert "vague-success" not in radar(story)
    story = Story().begin_pilot()
    began = story.now
    story.measurements = measured_well(story.now, baseline=())
    story.wait(days=3)
    found = radar(story)["vague-success"]
    assert found.since == began
    assert found.reason.startswith("No baseline is measured: ")
    story.measurements = measured_well(story.now)
    assert "vague-success" not in radar(story)


def ready(story: Story) -> Story:
    """Somebody works on the security area, so that secrets are thought of."""
    story.does("eva", design("security", "decided"))
    return story


@pytest.mark.parametrize("broken", ["release", "coverage", "secrets"])
def test_production_ignored(broken):
    """A release that cannot be built again, calls that leave too little, or secrets that nobody thought of: each is
    enough, and each says since when.
    """
    story = Story().begin_pilot()
    began = story.now
    assert radar(story)["production-ignored"].reason.startswith("Nobody said how secrets are kept")
    ready(story)
    assert "production-ignored" not in radar(story)
    story.wait(days=3)
    since = {"release": release_gone, "coverage": coverage_fell, "secrets": secrets_forgotten}[broken](story)
    story.wait(days=2)
    found = radar(story)["production-ignored"]
    assert found.since == (since or began)


def release_gone(story: Story) -> None:
    """Nothing is registered, from the pilot's first day."""
    story.workload = structs.replace(story.standing, releases={})


def coverage_fell(story: Story) -> dt.datetime:
    """The watch saw the recorded share fall, and wrote it down."""
    short = FieldCoverage(field="input", share=0.6, present=600, calls=1000, required=0.95)
    story.measurements = measured_well(story.now, coverage=(short,))
    verdict = story.verdict("pilot.instrumented")
    story.record(f.VerdictMeasured(criterion=verdict.id, verdict=verdict.verdict, reason=verdict.reason, evidence=()))
    assert "input on 60.0% of 95%" in radar(story)["production-ignored"].reason
    return story.now


def secrets_forgotten(story: Story) -> None:
    """The security area is gone from the record."""
    story.workload = structs.replace(story.standing, architecture=a.Architecture())


def test_transition_unowned():
    """Since the go came into force without a handoff; gone once each item is taken over."""
    story = Story().begin_evaluation()
    assert "transition-unowned" not in radar(story)
    story.attest_all("evaluate").decide("go", signers=("ann",))
    assert "transition-unowned" not in radar(story), "one signature is no decision"
    story.wait(hours=5)
    story.sign("sam", "decision")
    went = story.now
    story.wait(days=4)
    assert radar(story)["transition-unowned"].since == went
    story.send_decision().does("ann", c.Advance(to_phase="harden"))
    assert radar(story)["transition-unowned"].since == went
    story.attest_all("harden")
    assert "transition-unowned" not in radar(story)


def test_an_organisation_behind_its_plan():
    """A stream past its day, since that day was over; done or planned anew it is gone."""
    story = Story().begin_pilot()
    assert "organisation-not-ready" not in radar(story)
    story.does("ann", planned("training", dt.date(2026, 3, 10)))
    story.wait(days=8)
    assert "organisation-not-ready" not in radar(story), "it is due today"
    story.wait(days=5)
    found = radar(story)["organisation-not-ready"]
    assert found.since == dt.datetime(2026, 3, 11, tzinfo=dt.UTC)
    assert found.reason == "Behind plan: Training was due on 2026-03-10, 5 days ago."
    assert found.clear.by == "oli"
    story.does("ann", structs.replace(planned("training", dt.date(2026, 3, 10)), progress="done"))
    assert "organisation-not-ready" not in radar(story)


def test_a_sponsor_who_fell_silent():
    """Thirty days without an act, since the thirtieth was over; one comment clears it."""
    story = Story().begin_pilot()
    last = story.now
    story.wait(days=30)
    assert "organisation-not-ready" not in radar(story)
    story.wait(days=4)
    found = radar(story)["organisation-not-ready"]
    assert (found.since, found.clear.by) == (last + dt.timedelta(days=30), "sam")
    assert "last acted on 2026-03-02, 34 days ago; 30 are allowed" in found.reason
    story.does("sam", c.Comment(comment="I read it."))
    assert "organisation-not-ready" not in radar(story)


def test_untrained_people_in_the_rollout():
    """In the roll-out, training that is short is a stall since the phase began."""
    story = Story().begin_rollout()
    began = story.now
    story.train("munich", completed=2)
    story.wait(days=1)
    found = radar(story)["organisation-not-ready"]
    assert found.since == began
    assert "Desk munich: 2 of 10 people completed" in found.reason


# --- when the radar is silent ---


@pytest.mark.parametrize(
    "ends",
    [
        lambda story: story.does("eva", c.Kill(reason="It leaks names.")),
        lambda story: story.decide("no_go"),
    ],
)
def test_what_has_ended_does_not_stall(ends: Callable[[Story], object]):
    """Nothing is expected any more of a workload that was killed, or that owner and sponsor refused."""
    story = Story().begin_evaluation()
    assert radar(story)
    ends(story)
    assert radar(story) == {}


def test_what_a_lane_does_not_ask_for_does_not_stall():
    """The low lane asks for no production path, no six reviews and no plan of the change."""
    story = Story().propose(lane="low")
    assert set(radar(story)) == {"wrong-problem", "vague-success"}


def test_what_is_waived_is_shown_as_a_waiver():
    """A waiver stands beside the radar, not on it."""
    story = Story().propose()
    assert "no-production-path" in radar(story)
    story.waive("select.production-path")
    assert "no-production-path" not in radar(story)


def test_a_plans_day_is_over_in_the_charters_time_zone():
    """In New York a day is over when it is over there."""
    story = Story().propose().write_charter(time_zone="America/New_York")
    story.does("ann", NameAudience(id="berlin", title="Desk berlin", people=10))
    story.does("ann", planned("training", dt.date(2026, 3, 10)))
    story.wait(days=9)
    assert radar(story)["organisation-not-ready"].since == dt.datetime(2026, 3, 11, 4, tzinfo=dt.UTC)
