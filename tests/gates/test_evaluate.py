from __future__ import annotations

import datetime as dt

import pytest
from msgspec import structs
from tests.record.stories import Story, attestation, measured_well, within

from pilotage.evidence.measurements import Measurements
from pilotage.gates.evaluate import criteria_of, evaluate, gate_of
from pilotage.record import commands as c
from pilotage.record import facts as f


def with_criterion(story: Story, criterion_id: str, **changes) -> None:
    """The story's playbook with one criterion changed."""
    phases = tuple(
        structs.replace(
            phase,
            criteria=tuple(structs.replace(k, **changes) if k.id == criterion_id else k for k in phase.criteria),
        )
        for phase in story.playbook.phases
    )
    story.playbook = structs.replace(story.playbook, phases=phases)


@pytest.mark.parametrize("lane", ["low", "standard", "high"])
def test_a_lane_is_judged_on_its_own_criteria(lane):
    """Every criterion of the lane has a verdict in the playbook's order, and no other has one."""
    story = Story().propose(lane=lane)
    asked = [criterion.id for criterion in criteria_of(story.playbook, story.standing)]
    assert list(story.verdicts()) == asked
    assert lane != "low" or len(asked) <= 20
    assert [v.id for v in gate_of(story.verdicts(), "pilot")] == [i for i in asked if i.startswith("pilot.")]


def test_what_was_measured_at_a_gate_stays_met():
    """Later traffic does not unmeasure what a passed gate rested on; the verdict says so and names the entry."""
    story = Story().begin_hardening()
    story.measurements = measured_well(story.now, guardrails=(within(status="breached", reason="Errors doubled."),))
    verdict = story.verdict("evaluate.guardrails")
    assert verdict.verdict == "met"
    assert "frozen" in verdict.reason
    assert verdict.evidence[0].ledger == story.standing.passed["evaluate"].stamp.position
    story.does("ann", c.GoBack(to_phase="evaluate", reason="Errors doubled."))
    assert story.verdict("evaluate.guardrails").verdict == "unmet"


def test_only_what_was_met_is_frozen():
    """A measured criterion that passed on a waiver was never measured, and is judged on."""
    story = Story().begin_rollout()
    story.wait(days=31)
    assert story.standing.passed["harden"].verdicts["harden.scale"] == "waived"
    assert story.verdict("harden.scale").verdict == "pending"


def test_frozen_evidence_grows_old_too():
    """A frozen measurement counts for as long as the playbook says, then it is measured again or lapses."""
    story = Story().begin_hardening()
    with_criterion(story, "pilot.shadow", valid_days=30)
    passed = story.standing.passed["pilot"].stamp.at
    story.measurements = None
    assert story.verdict("pilot.shadow").valid_until == passed + dt.timedelta(days=30)
    story.now = passed + dt.timedelta(days=30)
    lapsed = story.verdict("pilot.shadow")
    assert lapsed.verdict == "pending"
    assert lapsed.valid_until == story.now
    story.measurements = measured_well(story.now)
    assert story.verdict("pilot.shadow").verdict == "met"


def test_a_recorded_criterion_is_judged_as_it_is_now():
    """Nothing recorded is frozen: when the owner changes, the gate that was passed shows it."""
    story = Story().begin_pilot()
    story.does("sam", c.Assign(role="owner", person="ben"))
    assert story.verdict("select.owner").verdict == "unmet"


def test_a_criterion_without_a_check_says_so():
    """What cannot be judged yet is pending, says that no check exists, and takes a named person's word if it may."""
    story = Story().begin_pilot()
    with_criterion(story, "evaluate.gaps", check=None)
    with_criterion(story, "harden.scale", outside=None)
    word, figure = story.verdict("evaluate.gaps"), story.verdict("harden.scale")
    assert word.verdict == figure.verdict == "pending"
    assert "No check" in word.reason
    assert "No check" in figure.reason
    assert "attest" in word.next.action
    assert "two signers" in figure.next.action


def test_what_cannot_be_waived_is_not_offered_a_waiver():
    """The next action of a criterion that can never be waived does not speak of waiving it."""
    story = Story().begin_pilot()
    with_criterion(story, "harden.scale", waivable=False, outside=None)
    assert "waive" not in story.verdict("harden.scale").next.action


def test_a_named_person_attests():
    """An attested criterion shows who said it, as attested and never as measured, with the ledger's entry."""
    story = Story().begin_pilot()
    with_criterion(story, "evaluate.gaps", check=None)
    story.does("eva", attestation("evaluate.gaps"))
    verdict = story.verdict("evaluate.gaps")
    assert (verdict.verdict, verdict.kind) == ("met", "attested")
    assert "Attested by eva: I looked at it myself" in verdict.reason
    assert verdict.evidence[0].ledger == story.recorded[-1].position
    assert verdict.next is None


def test_an_attestation_lapses():
    """A word counts for as long as the playbook says; after that it is pending, and can be given again."""
    story = Story().begin_pilot()
    with_criterion(story, "operate.iteration", check=None)
    story.does("ann", attestation("operate.iteration"))
    given = story.now
    assert story.verdict("operate.iteration").valid_until == given + dt.timedelta(days=100)
    story.now = given + dt.timedelta(days=100) - dt.timedelta(seconds=1)
    assert story.verdict("operate.iteration").verdict == "met"
    story.wait(seconds=1)
    lapsed = story.verdict("operate.iteration")
    assert lapsed.verdict == "pending"
    assert "lapsed on 2026-06-10" in lapsed.reason
    assert "again" in lapsed.next.action
    story.does("ann", attestation("operate.iteration"))
    assert story.verdict("operate.iteration").verdict == "met"


def test_a_waiver_is_never_silent():
    """A waived criterion shows the reason, both signers, the end, and what it would be without the waiver."""
    story = Story().begin_hardening().waive("harden.scale", days=10)
    verdict = story.verdict("harden.scale")
    assert verdict.verdict == "waived"
    assert verdict.reason.startswith("Waived until 2026-04-01 by ann and sam: Its machinery comes next month.")
    assert "without the waiver: pending. The product does not measure this itself" in verdict.reason
    assert verdict.waiver.signers == ("ann", "sam")
    assert verdict.waiver.reason == "Its machinery comes next month."
    assert verdict.valid_until == dt.datetime(2026, 4, 1, tzinfo=dt.UTC)
    assert verdict.next is not None


def test_a_waiver_ends_on_its_day():
    """On the day that a waiver ends, the criterion is open again."""
    story = Story().begin_hardening().waive("harden.scale", days=10)
    story.now = dt.datetime(2026, 3, 31, 23, 59, tzinfo=dt.UTC)
    assert story.verdict("harden.scale").verdict == "waived"
    story.wait(minutes=1)
    assert story.verdict("harden.scale").verdict == "pending"


@pytest.mark.parametrize(("zone", "hour"), [("Asia/Tokyo", 15), ("America/New_York", 4), ("UTC", 0)])
def test_a_waiver_ends_at_midnight_where_the_work_is_done(zone, hour):
    """The day of a waiver's end begins in the charter's time zone, and `valid_until` names that moment."""
    story = Story().propose().write_charter(time_zone=zone)
    story.does("ann", c.AcceptOwnership(technical=True, operational=True, statement="I decide on both."))
    story.waive("select.data", days=14)
    ends = dt.datetime(2026, 3, 15 if zone == "Asia/Tokyo" else 16, hour, tzinfo=dt.UTC)
    assert story.verdict("select.data").valid_until == ends
    story.now = ends - dt.timedelta(seconds=1)
    assert story.verdict("select.data").verdict == "waived"
    story.wait(seconds=1)
    assert story.verdict("select.data").verdict == "unmet"


def test_a_waiver_does_not_hide_what_is_met():
    """A criterion that holds is met, though somebody waived it before."""
    story = Story().begin_pilot().waive("evaluate.gaps")
    with_criterion(story, "evaluate.gaps", check=None)
    assert story.verdict("evaluate.gaps").verdict == "waived"
    story.does("eva", attestation("evaluate.gaps"))
    assert story.verdict("evaluate.gaps").verdict == "met"


def test_a_waiver_on_what_cannot_be_waived_counts_for_nothing():
    """Even with two signatures on record, a criterion that became unwaivable is judged on its merits."""
    story = Story().begin_hardening().waive("harden.scale")
    with_criterion(story, "harden.scale", waivable=False)
    assert story.verdict("harden.scale").verdict == "pending"


def test_a_stricter_playbook_wants_more_signers():
    """Where the playbook asks for three signers, two people's waiver is not in force."""
    story = Story().begin_hardening().waive("harden.scale")
    story.playbook = structs.replace(story.playbook, waivers=structs.replace(story.playbook.waivers, signers=3))
    assert story.verdict("harden.scale").verdict == "pending"


def test_a_waiver_in_force_outlives_its_signers_roles():
    """A waiver that both signed goes on to its end, also when one of them passes the role on."""
    story = Story().begin_hardening().waive("harden.scale")
    story.does("ann", c.Assign(role="sponsor", person="tom"))
    assert story.verdict("harden.scale").verdict == "waived"
    assert story.verdict("harden.scale").waiver.signers == ("ann", "sam")


def test_measurements_that_are_missing_are_not_guessed():
    """With nothing measured, evaluation still gives every verdict, and says what to do."""
    story = Story().begin_evaluation()
    none = evaluate(story.playbook, story.standing, None, story.portfolio, story.now)
    empty = evaluate(story.playbook, story.standing, Measurements(taken_at=story.now), story.portfolio, story.now)
    assert {k: v.verdict for k, v in none.items()} == {k: v.verdict for k, v in empty.items()}
    assert none["evaluate.target"].verdict == "pending"


def test_an_owners_word_on_a_criterion_without_check_counts_for_nothing():
    """A measured criterion is not met by a word, even if a playbook asks for one and names no check."""
    story = Story().begin_pilot()
    fact = f.Attested(
        criterion="harden.scale", statement="It carries everything.", document_digest="", digest="ab" * 32
    )
    story.record(fact, "ann")
    with_criterion(story, "harden.scale", params={"owner_attests": True})
    assert story.verdict("harden.scale").verdict == "pending"
