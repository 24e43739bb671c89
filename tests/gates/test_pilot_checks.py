from __future__ import annotations

import datetime as dt

import pytest
from msgspec import structs
from tests.record.stories import START, Story, attestation, charter, clearance, measured_well

from pilotage.evidence.measurements import FieldCoverage, NotEstimable
from pilotage.playbook.metrics import Guardrail
from pilotage.record import commands as c
from pilotage.record.areas.data import ListSource


def judged(story: Story, criterion: str) -> tuple[str, str]:
    """The verdict and its reason."""
    verdict = story.verdict(criterion)
    return verdict.verdict, verdict.reason


def piloting(**measured) -> Story:
    """A pilot with good measurements but for what is stated."""
    story = Story().begin_pilot()
    story.measurements = measured_well(story.now, **measured)
    return story


def test_privacy_and_security_both_clear():
    """One of the two is not enough, and the verdict turns to the reviewer who is missing."""
    story = Story().begin_pilot()
    assert judged(story, "pilot.clearance") == ("unmet", "Not cleared by privacy and security.")
    story.does("sid", clearance("security"))
    verdict = story.verdict("pilot.clearance")
    assert verdict.verdict == "unmet"
    assert verdict.next.by == "privacy reviewer"
    story.does("pia", clearance("privacy"))
    assert judged(story, "pilot.clearance")[0] == "met"


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"fields": ("subject", "body", "customer number")}, "customer number"),
        ({"processors": ("the desk", "a model provider")}, "a model provider"),
    ],
)
def test_what_one_signs_beyond_the_other_is_not_cleared(changes, said):
    """A field or a processor that only one of them signed is used without the other's word, and speaks against it at
    once; wording that differs in case and spaces alone is the same.
    """
    story = Story().begin_pilot().clear()
    story.does("sid", clearance("security", **changes))
    verdict = story.verdict("pilot.clearance")
    assert (verdict.verdict, verdict.at_once, verdict.next.by) == ("unmet", True, "privacy reviewer")
    assert f"Not cleared by privacy: {said}." in verdict.reason
    story.does("pia", clearance("privacy", **{name: tuple(map(str.upper, one)) for name, one in changes.items()}))
    assert judged(story, "pilot.clearance")[0] == "met"


def test_a_source_of_personal_data_that_came_later_is_not_cleared():
    """A new source of personal data was not signed; another wording of one that was changes nothing."""
    story = Story().begin_pilot().clear()
    tickets = story.standing.data.sources["tickets"].fact
    again = {field: getattr(tickets, field) for field in tickets.__struct_fields__}
    story.does("eva", ListSource(**{**again, "holds": "Three years of tickets by now."}))
    assert judged(story, "pilot.clearance")[0] == "met"
    story.does("eva", ListSource(**{**again, "id": "calls", "title": "Telephone notes", "personal_data": False}))
    assert judged(story, "pilot.clearance")[0] == "met"
    story.does("eva", ListSource(**{**again, "id": "calls", "title": "Telephone notes"}))
    verdict = story.verdict("pilot.clearance")
    assert (verdict.verdict, verdict.at_once) == ("unmet", True)
    assert "Not cleared by privacy: the source calls." in verdict.reason
    story.clear()
    assert judged(story, "pilot.clearance")[0] == "met"


def test_a_clearance_grows_old():
    """The older of the two signatures decides until when the clearance counts; then it lapses and says so."""
    story = Story().begin_pilot()
    story.does("pia", clearance("privacy"))
    first = story.now
    story.wait(days=30)
    story.does("sid", clearance("security"))
    assert story.verdict("pilot.clearance").valid_until == first + dt.timedelta(days=180)
    story.wait(days=150)
    verdict = story.verdict("pilot.clearance")
    assert verdict.verdict == "pending"
    assert "lapsed on 2026-08-29" in verdict.reason
    story.does("pia", clearance("privacy"))
    assert judged(story, "pilot.clearance")[0] == "met"


def test_a_clearance_by_the_present_owner_counts_for_nothing():
    """Whoever comes to own a workload has not cleared it, even if they signed before."""
    story = Story().begin_pilot().clear()
    story.does("ann", c.Assign(role="reviewer:privacy", person="tom"))
    story.does("sam", c.Assign(role="owner", person="pia"))
    assert judged(story, "pilot.clearance") == ("unmet", "Not cleared by privacy.")


def test_the_incumbent_is_measured_first_and_long_enough():
    """Enough calls on enough days before the candidate ran; fewer, or no estimate, is not a baseline yet."""
    story = piloting()
    assert judged(story, "pilot.baseline")[0] == "met"
    target, errors = story.measurements.baseline
    for changes in ({"calls": 999}, {"days": 6}, {"estimate": NotEstimable(reason="No labels.")}, {"metric": "other"}):
        story = piloting(baseline=(structs.replace(target, **changes), errors))
        assert judged(story, "pilot.baseline")[0] == "pending", changes
        story = piloting(baseline=(target, structs.replace(errors, **changes)))
        verdict, reason = judged(story, "pilot.baseline")
        assert verdict == "pending", changes
        assert reason == "The target is measured; errors has no baseline of as many calls and days."
    assert judged(piloting(baseline=()), "pilot.baseline")[0] == "pending"


@pytest.mark.parametrize(("limit", "verdict"), [(0.05, "met"), (None, "pending")])
def test_only_what_is_held_against_the_incumbent_needs_a_baseline(limit, verdict):
    """A guardrail with a limit of its own is judged without the incumbent, and asks for no baseline."""
    errors = Guardrail(metric="errors", margin=0.01, limit=limit)
    story = Story().propose().write_charter(guardrails=(errors,))
    well = measured_well(story.now)
    story.measurements = structs.replace(well, baseline=well.baseline[:1])
    assert judged(story, "pilot.baseline")[0] == verdict


def test_what_runs_is_a_registered_release():
    """Without a release nothing is reproducible; with one, its digest is the evidence."""
    story = Story().propose()
    assert judged(story, "pilot.release")[0] == "unmet"
    story = piloting()
    verdict = story.verdict("pilot.release")
    assert verdict.verdict == "met"
    assert verdict.evidence[0].value == story.standing.release.digest


@pytest.mark.parametrize(
    ("call", "feedback", "verdict"),
    [
        (7, 14, "met"),
        (7.1, 14, "unmet"),
        (7, 14.1, "unmet"),
        (None, None, "pending"),
        (3, None, "pending"),
        (None, 20, "unmet"),
        (-5, -5, "met"),
    ],
)
def test_users_meet_a_rough_version_early(call, feedback, verdict):
    """First call within a week of the start and first feedback within two, counted from the pilot's beginning."""
    story = piloting()
    began = story.standing.entered["pilot"]
    traffic = structs.replace(
        story.measurements.traffic,
        first_candidate_at=None if call is None else began + dt.timedelta(days=call),
        first_feedback_at=None if feedback is None else began + dt.timedelta(days=feedback),
    )
    story.measurements = structs.replace(story.measurements, traffic=traffic)
    assert judged(story, "pilot.early-use")[0] == verdict


def test_early_use_begins_with_the_pilot():
    """Before the pilot there is nothing to be early for."""
    story = Story().propose()
    story.measurements = measured_well(story.now)
    assert judged(story, "pilot.early-use") == ("pending", "The pilot has not begun.")


def test_every_field_is_recorded_on_enough_calls():
    """A field that is too often missing is named; one that is not due yet keeps the verdict open."""
    full = FieldCoverage(field="input", share=1.0, present=100, calls=100, required=0.95)
    short = FieldCoverage(field="label", share=0.9, present=90, calls=100, required=0.95)
    due = FieldCoverage(field="action", share=None, present=0, calls=0, required=0.95)
    assert judged(piloting(coverage=(full,)), "pilot.instrumented")[0] == "met"
    verdict, reason = judged(piloting(coverage=(full, short, due)), "pilot.instrumented")
    assert verdict == "unmet"
    assert "label on 90.0% of 95%" in reason
    assert judged(piloting(coverage=(full, due)), "pilot.instrumented")[0] == "pending"
    assert judged(piloting(coverage=()), "pilot.instrumented")[0] == "pending"


@pytest.mark.parametrize(("demonstration", "source"), [(False, "real"), (True, "replay")])
def test_only_real_work_counts_and_the_owner_says_so(demonstration, source):
    """Real traffic and the owner's word; replay stands in for real in a demonstration, and only there."""
    story = Story(demonstration=demonstration).begin_pilot()
    other = {"real": "replay", "replay": "real"}[source]
    for by_source, verdict in (({other: 9000, "synthetic": 9000}, "unmet"), ({source: 9000}, "unmet")):
        good = measured_well(story.now)
        story.measurements = structs.replace(good, traffic=structs.replace(good.traffic, by_source=by_source))
        assert judged(story, "pilot.real-work")[0] == verdict
    assert "has not attested" in judged(story, "pilot.real-work")[1]
    story.does("ann", attestation("pilot.real-work"))
    verdict, reason = judged(story, "pilot.real-work")
    assert verdict == "met"
    assert ("Demonstration" in reason) is demonstration
    story.does("sam", c.Assign(role="owner", person="ben"))
    assert judged(story, "pilot.real-work")[0] == "unmet"


def test_the_owners_word_alone_is_no_real_work():
    """Without a recorded call the owner's word meets nothing."""
    story = Story().begin_pilot()
    story.does("ann", attestation("pilot.real-work"))
    story.measurements = None
    assert judged(story, "pilot.real-work") == ("pending", "No call has been recorded.")


@pytest.mark.parametrize(
    ("changes", "verdict", "says"),
    [
        ({}, "met", "4,000 pairs"),
        ({"pairs": 999}, "pending", "999 of 1,000"),
        ({"days": 6}, "pending", "6 of 7 days"),
        ({"pairs": 0}, "pending", "both answers"),
        ({"leaked_errors": 1}, "unmet", "1 errors reached callers"),
        ({"added_us_p99": 5001.0}, "unmet", "5001.0 microseconds"),
        ({"dropped_share": 0.02}, "unmet", "2.00%"),
        ({"added_us_p99": None}, "pending", "how long callers waited"),
        ({"dropped_share": None}, "pending", "how much was dropped"),
    ],
)
def test_shadowing_makes_pairs_and_harms_nobody(changes, verdict, says):
    """Enough pairs on enough days, no leak, no wait, little dropped; a figure that is not known is no good sign."""
    story = piloting()
    health = structs.replace(story.measurements.shadow, **changes)
    found = judged(piloting(shadow=health), "pilot.shadow")
    assert found[0] == verdict
    assert says in found[1]


def test_a_pilot_is_on_time_until_its_grace_ends():
    """Before the decision date, in its days of grace, and after them: met, met with a warning, a zombie."""
    story = Story().propose()
    assert judged(story, "pilot.on-time")[0] == "pending"
    story = Story().begin_pilot()
    due = dt.datetime.combine(charter().decision_on, dt.time(12), tzinfo=dt.UTC)
    for days, verdict, says in (
        (-1, "met", "1 days"),
        (0, "met", "0 days"),
        (7, "met", "grace"),
        (8, "unmet", "stopped"),
    ):
        story.now = due + dt.timedelta(days=days)
        found = judged(story, "pilot.on-time")
        assert found[0] == verdict
        assert says in found[1]


@pytest.mark.parametrize(("zone", "late"), [("UTC", False), ("Pacific/Auckland", True), ("America/Los_Angeles", False)])
def test_the_decision_date_is_a_day_where_the_work_is_done(zone, late):
    """The last day of grace ends at midnight in the charter's time zone, not in London's."""
    story = Story().propose().write_charter(time_zone=zone)
    last = charter().decision_on + dt.timedelta(days=7)
    story.now = dt.datetime.combine(last, dt.time(23), tzinfo=dt.UTC)
    assert (judged(story, "pilot.on-time")[0] == "unmet") is late
    story.now += dt.timedelta(hours=3)
    assert (judged(story, "pilot.on-time")[0] == "unmet") is (zone != "America/Los_Angeles")


def test_a_decision_ends_the_clock():
    """Once go or no-go is signed the pilot cannot be late any more; an extension only moves the date."""
    story = Story().begin_evaluation().attest_all("evaluate").decide("extend", until=dt.date(2026, 5, 18))
    story.now = START + dt.timedelta(days=70)
    assert judged(story, "pilot.on-time")[0] == "met"
    story.now = dt.datetime(2026, 5, 26, 12, tzinfo=dt.UTC)
    assert judged(story, "pilot.on-time")[0] == "unmet"
    story.decide("no_go")
    assert "no-go" in judged(story, "pilot.on-time")[1]
