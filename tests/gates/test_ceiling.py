from __future__ import annotations

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs
from tests.record.stories import Story, charter, clearance, measured_well

from pilotage.evidence.sample_ratio import SampleRatio
from pilotage.gates.ceiling import ceiling, effective
from pilotage.record import commands as c
from pilotage.record import facts as f
from pilotage.record.areas.training import RecordCompletions
from pilotage.record.rules.exposing import within
from pilotage.record.verdicts import MODE_RANK, ExposureLimit
from pilotage.record.workload import Exposure

WHY = "Because it is time."
NONE, SHADOW, SUGGEST = ("none", 0.0), ("shadow", 0.0), ("suggest", 100.0)


def at(story: Story) -> tuple[str, float]:
    """Mode and percentage of the ceiling."""
    limit = story.ceiling()
    return limit.mode, limit.percent


def why(story: Story) -> str:
    """The reason that binds."""
    return story.ceiling().reasons[0]


def serving(**proposal) -> Story:
    """A roll-out without waivers: every criterion that is missing its machinery is taken to be met."""
    story = Story().begin_service(**proposal)
    story.playbook = structs.replace(
        story.playbook, waivers=structs.replace(story.playbook.waivers, ceiling_percent=100.0)
    )
    return story


def test_before_anything_is_passed_nothing_is_allowed():
    """In select the ceiling is none, and every open criterion of the gate is given as a reason."""
    story = Story().propose()
    assert at(story) == NONE
    opened = {v.id for v in story.verdicts().values() if v.phase == "select" and not v.passes}
    reasons = " ".join(story.ceiling().reasons)
    assert all(criterion in reasons for criterion in opened)
    assert "gate has to pass" in reasons


def test_without_a_release_there_is_nothing_to_expose():
    """A pilot without a registered release has the ceiling none."""
    story = Story().begin_pilot().clear()
    bare = structs.replace(story.standing, releases={})
    limit = ceiling(story.playbook, bare, story.verdicts(), story.now)
    assert limit.mode == "none"
    assert "No candidate release is registered." in limit.reasons


@pytest.mark.parametrize(
    ("personal_data", "outside_processor", "before"),
    [(True, True, NONE), (True, False, NONE), (False, True, NONE), (False, False, SHADOW)],
)
def test_clearance_comes_before_shadow_or_before_suggestions(personal_data, outside_processor, before):
    """With personal data or an outside processor even shadow waits for the clearances; else only suggestions do."""
    story = Story().begin_pilot(personal_data=personal_data, outside_processor=outside_processor)
    assert at(story) == before
    assert "clear the pilot" in why(story)
    story.does("pia", clearance("privacy"))
    assert at(story) == before
    story.does("sid", clearance("security"))
    assert at(story) == SUGGEST


@pytest.mark.parametrize("chapter", ["begin_pilot", "begin_evaluation", "begin_hardening"])
def test_before_the_rollout_at_most_a_cohort_gets_suggestions(chapter):
    """From pilot to harden the ceiling is suggestions to a named cohort, however good the figures are."""
    story = Story()
    getattr(story, chapter)()
    if chapter == "begin_pilot":
        story.clear()
    limit = story.ceiling()
    assert (limit.mode, limit.percent, limit.cohort_required) == ("suggest", 100.0, True)


def test_a_lapsed_clearance_is_borne_with_for_its_grace():
    """When a clearance grows old, the candidate goes on for the days of grace and then is off."""
    story = Story().begin_pilot().clear()
    story.record(f.ExposureSet(mode="shadow", percent=0.0, cohorts=(), reason=WHY), "ann")
    # The decision date would stop the pilot long before: it is put away, since it is not what this is about.
    story.playbook = structs.replace(
        story.playbook, pilot=structs.replace(story.playbook.pilot, decision_grace_days=9999)
    )
    story.wait(days=180)
    assert story.verdict("pilot.clearance").verdict == "pending"
    assert at(story) == SUGGEST
    story.wait(days=7)
    assert at(story) == NONE


def test_a_clearance_that_ends_by_a_change_is_borne_with_for_no_day():
    """Clearance comes before anything runs on personal data: what was not cleared stops it at once, until it is."""
    story = Story().begin_pilot().clear()
    story.record(f.VerdictMeasured(criterion="pilot.clearance", verdict="met", reason="", evidence=()), "system")
    story.record(f.ExposureSet(mode="shadow", percent=0.0, cohorts=(), reason=WHY), "ann")
    grown = ("subject", "body", "customer number")
    story.does("sid", clearance("security", fields=grown))
    assert at(story) == NONE
    story.does("pia", clearance("privacy", fields=grown))
    assert at(story) == SUGGEST


def test_late_replies_hold_the_rollout_before_they_take_it_back():
    """Once people are exposed, a criterion that has to hold before that stops the roll-out where it is for its days of
    grace; only then it goes back. Nobody is exposed anew meanwhile.
    """
    story = serving()
    story.does("oli", c.Expose(mode="live", percent=5, reason=WHY))
    kept = {name: one for name, one in story.standing.standing_waivers.items() if name != "deploy.feedback"}
    story.workload = structs.replace(story.standing, standing_waivers=kept)
    story.record(f.VerdictMeasured(criterion="deploy.feedback", verdict="met", reason="", evidence=()), "system")
    story.measurements = structs.replace(story.measurements, feedback=None)
    story.record(f.VerdictMeasured(criterion="deploy.feedback", verdict="pending", reason="", evidence=()), "system")
    story.wait(days=7)
    assert story.verdict("deploy.feedback").verdict == "pending"
    assert at(story) == ("live", 5.0)
    assert any("goes no further while deploy.feedback" in reason for reason in story.ceiling().reasons)
    story.wait(days=7)
    assert story.ceiling().mode == "suggest"
    assert "deploy.feedback must hold before anybody is exposed" in why(story)


def test_a_zombie_is_switched_off():
    """After the decision date and its grace an undecided pilot has the ceiling none, day by the charter's zone."""
    story = Story().propose().write_charter(time_zone="Pacific/Auckland")
    story.does("ann", c.AcceptOwnership(technical=True, operational=True, statement="I decide on both."))
    story.measurements = measured_well(story.now)
    story.attest_all("select")
    story.does("ann", c.Advance(to_phase="pilot"))
    story.does("eva", _release())
    story.clear().train()
    last = charter().decision_on + dt.timedelta(days=7)
    story.now = dt.datetime.combine(last, dt.time(11, 59), tzinfo=dt.UTC)
    assert at(story) == SUGGEST
    story.wait(minutes=1)
    assert at(story) == NONE
    assert f"No decision was signed by {last}" in why(story)


def _release() -> c.RegisterRelease:
    return c.RegisterRelease(
        name="r1", digest="ab" * 32, code_revision="1", environment="e", model="m", data_source="d"
    )


def test_an_extension_gives_the_pilot_its_days_and_a_go_ends_the_clock():
    """The one extension moves the day on which shadowing stops; after a go it goes on."""
    story = Story().begin_evaluation().attest_all("evaluate").decide("extend", until=dt.date(2026, 5, 18))
    story.now = dt.datetime(2026, 5, 20, tzinfo=dt.UTC)
    assert at(story) == SUGGEST
    story.now = dt.datetime(2026, 5, 26, tzinfo=dt.UTC)
    assert at(story) == NONE
    story.does("sam", c.Comment(comment="I am here."))
    story.decide("go")
    assert at(story) == SUGGEST


def test_a_no_go_switches_off():
    """A no-go that both signed sets the ceiling to none at once; one signature does not."""
    story = Story().begin_evaluation().decide("no_go", signers=("ann",))
    assert at(story) == SUGGEST
    story.sign("sam", "decision")
    assert at(story) == NONE
    assert "no-go" in why(story)


def test_a_kill_switches_off_and_comes_first():
    """Killed means none, whatever else holds."""
    story = Story().begin_service()
    story.does("eva", c.Kill(reason="It leaks names."))
    assert at(story) == NONE
    assert why(story) == "Killed by eva: It leaks names."


def test_an_open_breach_leaves_shadow():
    """While a breach is open the candidate runs unseen at most."""
    story = Story().begin_service()
    story.record(
        f.GuardrailBreached(
            metric="errors", stage="live-5/1", reason="Doubled.", difference=None, low=None, high=None, calls=9
        )
    )
    assert at(story) == SHADOW
    assert "errors broke" in why(story)
    story.does("oli", c.ResolveBreach(metric="errors", reason="A feed was down."))
    assert at(story)[0] == "live"


@pytest.mark.parametrize(("demonstration", "percent"), [(False, 5.0), (True, 25.0)])
def test_waivers_limit_what_is_served(demonstration, percent):
    """With anything waived, at most 5 % are served live, in a demonstration 25 %, and the reason names what."""
    story = Story(demonstration=demonstration).begin_rollout().attest_all("deploy").waive_open("deploy")
    story.does("oli", c.Expose(mode="live", percent=5, reason=WHY))
    story.wait(days=15)
    limit = story.ceiling()
    assert (limit.mode, limit.percent) == ("live", min(percent, 25.0))
    waived = next(reason for reason in limit.reasons if reason.startswith("Waivers limit live"))
    assert "harden.scale" in waived
    assert ("demonstration" in waived) is demonstration
    assert "above-ceiling" in story.refusal("oli", c.Expose(mode="live", percent=percent + 1, reason=WHY))


def test_a_gate_passed_on_a_waiver_closes_when_the_waiver_ends():
    """A criterion that was only waived when its gate passed takes the exposure back once the waiver has ended."""
    story = Story().begin_service()
    assert story.exposed() == ("live", 5.0, ())
    story.wait(days=31)
    assert story.verdict("harden.scale").verdict == "pending"
    assert at(story) == SHADOW
    assert any("was waived and the waiver ended" in reason for reason in story.ceiling().reasons)
    story.waive_open("harden").waive_open("deploy")
    assert at(story) == ("live", 5.0)


def test_what_a_gate_never_asked_to_enforce_does_not_close_it():
    """A criterion that lapses without being enforced is shown as open, and leaves the ceiling alone."""
    story = Story().begin_pilot().clear()
    story.does("ann", c.Assign(role="owner", person="ben"))
    assert story.verdict("select.owner").verdict == "unmet"
    assert at(story) == SUGGEST


def test_an_enforced_criterion_that_lapses_takes_the_ceiling_back_after_its_grace():
    """harden.reviews is good for a year and a month of grace; then what came after it is closed."""
    story = serving()
    given = story.standing.reviews.conclusions["privacy"][0].stamp.at
    others = {
        k: structs.replace(w, stamp=structs.replace(w.stamp, at=given + dt.timedelta(days=380)))
        for k, w in story.standing.attestations.items()
    }
    clearances = {
        k: structs.replace(w, stamp=structs.replace(w.stamp, at=given + dt.timedelta(days=380)))
        for k, w in story.standing.clearances.items()
    }
    waivers = {
        k: structs.replace(w, expires_on=(given + dt.timedelta(days=900)).date())
        for k, w in story.standing.standing_waivers.items()
    }
    kept = structs.replace(
        story.standing,
        attestations={**story.standing.attestations, **others},
        clearances=clearances,
        standing_waivers=waivers,
    )
    story.workload = kept
    story.now = given + dt.timedelta(days=300)
    story.does("oli", RecordCompletions(completions=tuple(f"p-{n}, berlin, intro, 2027-01-10" for n in range(10))))
    for days, mode in ((364, "live"), (365, "live"), (394, "live"), (395, "shadow")):
        story.now = given + dt.timedelta(days=days)
        story.measurements = structs.replace(story.measurements, feedback=measured_well(story.now).feedback)
        assert story.ceiling().mode == mode, days
    assert any("harden.reviews of a passed gate" in reason for reason in story.ceiling().reasons)


def test_before_exposure_comes_first():
    """In the roll-out nobody is served before feedback, monitoring and communication hold."""
    story = Story().begin_rollout()
    limit = story.ceiling()
    assert (limit.mode, limit.cohort_required) == ("suggest", True)
    assert "deploy.feedback must hold before anybody is exposed" in limit.reasons[0]
    story.attest_all("deploy")
    assert story.ceiling().mode == "suggest"
    story.waive_open("deploy")
    assert at(story) == ("live", 5.0)


def test_the_ladder_bounds_what_is_served():
    """In the roll-out the ceiling is the first step that has not been held for its days."""
    story = serving()
    allowed = []
    for stage in story.playbook.stages:
        assert at(story) == ("live", stage.percent)
        story.record(f.ExposureSet(mode="live", percent=stage.percent, cohorts=(), reason=WHY), "oli")
        story.wait(days=stage.hold_days)
        allowed.append(story.ceiling().percent)
    assert allowed == [25.0, 50.0, 100.0, 100.0]


def test_in_operation_everything_may_be_served():
    """After the roll-out's gate the ceiling is everybody; with a reason that says so when nothing is waived."""
    story = serving()
    story.does("ann", c.Advance(to_phase="operate"))
    assert at(story) == ("live", 100.0)


@pytest.mark.parametrize("phase", ["deploy", "operate"])
def test_nothing_is_served_without_a_go(phase):
    """Even in a phase that may serve, a workload without a go in force serves nobody."""
    story = serving()
    story.does("ann", c.Expose(mode="live", percent=5, reason=WHY))
    if phase == "operate":
        story.does("ann", c.Advance(to_phase="operate"))
    story.workload = structs.replace(story.standing, decisions=())
    assert story.ceiling().mode == "suggest"
    assert story.exposed()[0] == "shadow"


@pytest.mark.parametrize("chapter", ["begin_pilot", "begin_evaluation", "begin_service"])
@pytest.mark.parametrize("missing", ["everything", "select.owner", "pilot.clearance", "operate.value"])
def test_a_verdict_that_is_missing_allows_nothing(chapter, missing):
    """The ceiling rests on verdicts; where one was not given, nothing is exposed."""
    story = Story()
    getattr(story, chapter)()
    verdicts = {k: v for k, v in story.verdicts().items() if missing not in {"everything", k}}
    limit = ceiling(story.playbook, story.standing, verdicts, story.now)
    assert limit.mode == "none"
    assert any(reason.startswith("Not judged:") for reason in limit.reasons)


def test_the_reason_that_binds_comes_first():
    """Of everything that holds the ceiling down, the lowest is named first, and each reason once."""
    story = Story().begin_pilot()
    reasons = story.ceiling().reasons
    assert len(set(reasons)) == len(reasons)
    assert "clear the pilot" in reasons[0]
    assert any("at most suggestions" in reason for reason in reasons[1:])


MODES = st.sampled_from(["none", "shadow", "suggest", "live"])
PERCENTS = st.floats(0, 100, allow_nan=False)


@given(
    asked=st.builds(Exposure, mode=MODES, percent=PERCENTS, cohorts=st.sampled_from([(), ("berlin",)])),
    limit=st.builds(ExposureLimit, mode=MODES, percent=PERCENTS, cohort_required=st.booleans()),
)
def test_what_is_exposed_is_never_above_the_ceiling(asked, limit):
    """Whatever was asked for and wherever the ceiling is, what is exposed is under both."""
    mode, percent, cohorts = effective(asked, limit)
    assert within(mode, percent, limit)
    assert MODE_RANK[mode] <= MODE_RANK[asked.mode]
    assert percent <= asked.percent
    assert cohorts in {(), asked.cohorts}
    assert cohorts or not (mode == "suggest" and limit.cohort_required)
    if mode in {"none", "shadow"}:
        assert (percent, cohorts) == (0.0, ())


def test_a_ceiling_that_falls_to_suggestions_needs_their_cohort():
    """Suggestions to everybody, allowed in the roll-out, end when the ceiling asks for a cohort again."""
    story = serving()
    story.does("oli", c.Expose(mode="suggest", percent=50, reason=WHY))
    assert story.exposed() == ("suggest", 50.0, ())
    kept = {name: waiver for name, waiver in story.standing.standing_waivers.items() if name.startswith("harden.")}
    story.workload = structs.replace(story.standing, standing_waivers=kept)
    assert story.ceiling().mode in {"suggest", "shadow"}
    assert story.exposed() == ("shadow", 0.0, ())


def test_a_sample_ratio_alarm_holds_the_roll_out():
    """While the arms are not assigned as the lease says, no more is served than now, however long it was held."""
    story = serving()
    story.record(f.ExposureSet(mode="live", percent=5, cohorts=(), reason=WHY), "oli")
    story.wait(days=8)
    assert at(story) == ("live", 25.0)
    alarm = SampleRatio(evidence=2e6, alarm=True, reason="The arms are not assigned as the lease says.")
    story.measurements = measured_well(story.now, sample_ratio=alarm)
    assert at(story) == ("live", 5.0)
    assert why(story).startswith("The roll-out is held: ")
    assert "The arms are not assigned as the lease says." in why(story)
