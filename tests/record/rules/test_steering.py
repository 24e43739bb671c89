from __future__ import annotations

import datetime as dt
import itertools

import pytest
from msgspec import structs
from tests.record.stories import Story, charter, measured_well, on_its_word, release, within

from pilotage.playbook.loading import load
from pilotage.record import commands as c
from pilotage.record import facts as f
from pilotage.record.digests import digest_of

PHASES = ("select", "pilot", "evaluate", "harden", "deploy", "operate")


def waiver(story: Story, criterion: str = "harden.scale", *, days: int = 10) -> c.Waive:
    """A waiver that ends some days from the story's today."""
    until = story.now.date() + dt.timedelta(days=days)
    return c.Waive(criterion=criterion, reason="Its machinery comes next month.", expires_on=until)


def signature(story: Story, subject: str) -> c.Sign:
    """A signature on what stands."""
    return c.Sign(subject=subject, digest=story.digest(subject), meaning="I stand by it.")


def test_a_gate_passes_when_every_criterion_passes():
    """A passed gate freezes every verdict of the moment, under their digest."""
    story = Story().propose().write_charter()
    story.does("ann", c.AcceptOwnership(technical=True, operational=True, statement="I decide on both."))
    story.measurements = measured_well(story.now)
    story.attest_all("select")
    verdicts = {criterion: verdict.verdict for criterion, verdict in story.verdicts().items()}
    (fact,) = story.does("ann", c.Advance(to_phase="pilot"))
    assert isinstance(fact, f.Advanced)
    assert fact.verdicts == verdicts
    assert fact.digest == digest_of(verdicts)
    assert story.standing.phase == "pilot"
    assert story.standing.passed["select"].verdicts == verdicts
    assert story.standing.entered["pilot"] == story.now


def test_a_refused_gate_names_every_open_criterion():
    """An attempt to pass with open criteria is refused with all of them, what to do next, and who can do it."""
    story = Story().propose()
    found = story.problems("ann", c.Advance(to_phase="pilot"))
    opened = {v.id for v in story.verdicts().values() if v.phase == "select" and not v.passes}
    assert {problem.field for problem in found} == opened
    assert {problem.code for problem in found} == {"criterion-open"}
    signed = next(problem for problem in found if problem.field == "select.signed")
    assert "Next: " in signed.message


def test_a_criterion_that_was_not_judged_is_open():
    """A verdict that is missing says nothing: no gate passes on it."""
    story = Story().begin_pilot()
    story.does("ann", c.GoBack(to_phase="select", reason="Once more."))
    story.attest_all("select")
    verdicts = story.verdicts()
    for missing in ({}, {k: v for k, v in verdicts.items() if k != "select.owner"}):
        found = story.problems("ann", c.Advance(to_phase="pilot"), verdicts=missing)
        assert "select.owner" in {problem.field for problem in found}
    story.does("ann", c.Advance(to_phase="pilot"), verdicts=verdicts)


@pytest.mark.parametrize("to_phase", ["select", "pilot", "harden", "deploy", "operate"])
def test_no_phase_is_skipped(to_phase):
    """From the pilot one goes on to evaluate and nowhere else."""
    found = Story().begin_pilot().refusal("ann", c.Advance(to_phase=to_phase))["wrong-phase"]
    assert "evaluate" in found.message


def test_nothing_comes_after_operate():
    """The last phase has no gate to pass."""
    story = Story().begin_pilot()
    for before, after in itertools.pairwise(PHASES[1:]):
        story.record(f.Advanced(from_phase=before, to_phase=after, verdicts={}, digest=""))
    assert "no other" in story.refusal("ann", c.Advance(to_phase="operate"))["wrong-phase"].message


def test_a_killed_workload_does_not_move_on():
    """A kill holds the workload where it is until it is lifted."""
    story = Story().begin_evaluation().attest_all("evaluate").decide("go")
    story.does("oli", c.Kill(reason="Wrong answers."))
    assert "revive" in story.refusal("ann", c.Advance(to_phase="harden"))["killed"].message
    story.does("sam", c.Revive(reason="Mended."))
    story.does("ann", c.Advance(to_phase="harden"))


@pytest.mark.parametrize("lane", ["low", "standard", "high"])
def test_an_owner_with_a_pilot_starts_no_second_one(lane):
    """In every lane: where the gate asks for focus it says so, and where it does not, the limit holds all the same and
    the refusal names the pilot that occupies the owner.
    """
    story = ready_for_pilot(lane)
    story.portfolio = structs.replace(story.portfolio, live_pilots={"ann": ("other-pilot",)})
    refused = story.problems("ann", c.Advance(to_phase="pilot"))
    assert [one.code for one in refused] == ["owner-occupied" if lane == "low" else "criterion-open"]
    assert "already runs other-pilot" in refused[0].message
    story.portfolio = structs.replace(story.portfolio, live_pilots={"ann": (story.standing.slug,)})
    story.does("ann", c.Advance(to_phase="pilot"))


def test_a_waiver_of_focus_makes_room():
    """Two accountable people may let an owner run a second pilot for a while, where the lane asks for focus."""
    story = ready_for_pilot("standard")
    story.portfolio = structs.replace(story.portfolio, live_pilots={"ann": ("other-pilot",)})
    story.waive("select.focus")
    story.does("ann", c.Advance(to_phase="pilot"))
    assert story.standing.phase == "pilot"


@pytest.mark.parametrize("lane", ["low", "standard"])
def test_a_killed_pilot_waits_until_its_owner_has_room(lane):
    """Lifting the kill starts the pilot again, so that it is held to the limit; past the pilot it is not."""
    story = Story().begin_pilot(lane=lane)
    story.does("oli", c.Kill(reason="Wrong answers."))
    story.portfolio = structs.replace(story.portfolio, live_pilots={"ann": ("other-pilot",)})
    refused = story.refusal("sam", c.Revive(reason="Mended."))
    assert "ann already runs other-pilot, and the limit is 1" in refused["owner-occupied"].message
    story.portfolio = structs.replace(story.portfolio, live_pilots={})
    story.does("sam", c.Revive(reason="Mended."))
    late = Story().begin_hardening()
    late.does("oli", c.Kill(reason="Wrong answers."))
    late.portfolio = structs.replace(late.portfolio, live_pilots={"ann": ("other-pilot",)})
    late.does("sam", c.Revive(reason="Mended."))


def ready_for_pilot(lane: str) -> Story:
    """Everything that the gate `select` asks for is there."""
    story = Story().propose(lane=lane).write_charter()
    story.does("ann", c.AcceptOwnership(technical=True, operational=True, statement="I decide on both."))
    story.measurements = measured_well(story.now)
    return story.attest_all("select")


@pytest.mark.parametrize("outcome", [None, "no_go", "extend"])
def test_only_a_signed_go_leads_into_production(outcome):
    """Evaluate ends with a go that owner and sponsor signed; no other decision, and none, moves on."""
    story = Story().begin_evaluation().attest_all("evaluate")
    if outcome:
        until = dt.date(2026, 5, 18) if outcome == "extend" else None
        story.decide(outcome, until=until)
    assert "no-go-decision" in story.refusal("ann", c.Advance(to_phase="harden"))


@pytest.mark.parametrize("signers", [(), ("ann",), ("sam",)])
def test_a_decision_needs_both_signatures(signers):
    """A go that owner or sponsor have not signed is no go."""
    story = Story().begin_evaluation().attest_all("evaluate").decide("go", signers=signers)
    assert story.standing.decision is None
    assert "no-go-decision" in story.refusal("ann", c.Advance(to_phase="harden"))
    missing = [person for person in ("ann", "sam") if person not in signers]
    for person in missing:
        story.sign(person, "decision")
    assert story.standing.decision.outcome == "go"


def test_going_back_takes_exposure_and_later_gates_away():
    """Back in an earlier phase nobody is exposed, and its gate and those after it have to be passed again."""
    story = Story().begin_hardening()
    story.does("ann", c.Expose(mode="suggest", percent=10, cohorts=("berlin",), reason="Let them see it."))
    back, exposure = story.does("sam", c.GoBack(to_phase="pilot", reason="It was the wrong model."))
    assert isinstance(back, f.WentBack)
    assert isinstance(exposure, f.ExposureSet)
    assert story.exposed() == ("none", 0.0, ())
    assert story.standing.phase == "pilot"
    assert set(story.standing.passed) == {"select"}
    assert story.standing.entered["pilot"] == story.now


@pytest.mark.parametrize("to_phase", ["pilot", "evaluate", "operate"])
def test_going_back_goes_back(to_phase):
    """The present phase and those after it are no way back."""
    found = Story().begin_pilot().refusal("ann", c.GoBack(to_phase=to_phase, reason="Once more."))
    assert found["not-back"].field == "to_phase"


def test_a_go_does_not_survive_going_back():
    """After going back over evaluate, the go of before carries nobody forward: it has to be decided again."""
    story = Story().begin_hardening()
    story.does("ann", c.GoBack(to_phase="evaluate", reason="We were too quick."))
    story.attest_all("evaluate")
    assert story.standing.decision is None
    assert story.verdict("evaluate.decision").verdict == "unmet"
    assert {"criterion-open", "no-go-decision"} <= set(story.refusal("ann", c.Advance(to_phase="harden")))
    story.decide("go")
    story.does("ann", c.Advance(to_phase="harden"))


def test_going_back_within_production_keeps_the_go():
    """Going back from deploy to harden reopens those gates, and leaves the decision alone."""
    story = Story().begin_rollout()
    story.does("ann", c.GoBack(to_phase="harden", reason="One more drill."))
    assert story.standing.decision.outcome == "go"
    assert set(story.standing.passed) == {"select", "pilot", "evaluate"}


def test_what_was_attested_before_going_back_is_attested_again():
    """A word given for a gate that was gone back over counts no more; words on earlier gates do."""
    story = Story(playbook=on_its_word(load("standard"), "select.data")).begin_hardening()
    story.does("ann", c.GoBack(to_phase="pilot", reason="It was the wrong model."))
    assert story.verdict("pilot.real-work").verdict == "unmet"
    assert "0 of 5 talks" in story.verdict("evaluate.user-feedback").reason
    assert story.verdict("select.data").verdict == "met"
    story.attest_all("pilot")
    assert story.verdict("pilot.real-work").verdict == "met"


def test_a_go_is_about_one_release():
    """A go decided on one release is none for another that is declared afterwards."""
    story = Story().begin_evaluation().attest_all("evaluate").decide("go")
    story.does("eva", release("r2", "cd" * 32))
    story.does("ann", c.DeclareForEvaluation(release="r2"))
    assert story.standing.decision is None
    assert "no-go-decision" in story.refusal("ann", c.Advance(to_phase="harden"))


def test_a_no_go_stands_until_both_decide_otherwise():
    """Neither going back nor another release lifts a no-go: the candidate stays off."""
    story = Story().begin_evaluation().decide("no_go")
    story.does("oli", c.GoBack(to_phase="pilot", reason="Let us try again."))
    story.does("eva", release("r2", "cd" * 32))
    story.does("ann", c.DeclareForEvaluation(release="r2"))
    assert story.standing.decision.outcome == "no_go"
    assert story.ceiling().mode == "none"


def test_a_decision_freezes_verdicts_and_answer():
    """What the decision rested on is kept with it, under a digest that another decision does not have."""
    story = Story().begin_evaluation().attest_all("evaluate")
    (first,) = story.does("ann", c.Decide(outcome="go", reasons="As the figures say.", dissent="Oli has doubts."))
    (second,) = story.does("ann", c.Decide(outcome="go", reasons="As the figures say.", dissent="Oli has doubts."))
    assert isinstance(first, f.Decided)
    assert isinstance(second, f.Decided)
    assert first.answer == "reached"
    assert first.verdicts["evaluate.target"] == "met"
    assert first.digest != second.digest


def test_only_the_owner_puts_a_decision():
    """Another account with the role of an owner does not decide on this workload."""
    story = Story().begin_evaluation().attest_all("evaluate")
    assert "not-owner" in story.refusal("ben", c.Decide(outcome="no_go", reasons="I say so."))


def test_a_decision_ends_evaluate():
    """There is nothing to decide before the phase evaluate; every problem is named at once."""
    story = Story().begin_pilot()
    found = story.refusal("ben", c.Decide(outcome="no_go", reasons="I say so."))
    assert set(found) == {"not-owner", "wrong-phase"}


def test_a_go_needs_every_other_criterion():
    """A go is refused while a criterion of evaluate is open; a no-go is always possible."""
    story = Story().begin_evaluation()
    story.measurements = structs.replace(
        measured_well(story.now), guardrails=(within(status="breached", reason="Errors doubled."),)
    )
    found = story.problems("ann", c.Decide(outcome="go", reasons="I want it."))
    assert "evaluate.guardrails" in {problem.field for problem in found}
    assert "evaluate.decision" not in {problem.field for problem in found}
    story.does("ann", c.Decide(outcome="no_go", reasons="Errors doubled."))


def test_a_pilot_is_extended_once_to_a_later_date():
    """One extension, to a day after the decision date and after today; the second is refused."""
    story = Story().begin_evaluation()
    due = charter().decision_on
    for until in (None, due, due - dt.timedelta(days=1)):
        found = story.refusal("ann", c.Decide(outcome="extend", reasons="A week more.", extend_until=until))
        assert found["no-later-date"].field == "extend_until"
    later = due + dt.timedelta(days=14)
    story.decide("extend", until=later)
    assert story.standing.decision_on == later
    found = story.refusal("ann", c.Decide(outcome="extend", reasons="More.", extend_until=later + dt.timedelta(days=1)))
    assert found["extended-before"].field == "outcome"


def test_an_extension_reaches_beyond_today():
    """An extension to a day that has passed already would extend nothing."""
    story = Story().begin_evaluation()
    story.wait(days=60)
    past = story.now.date() - dt.timedelta(days=1)
    assert past > charter().decision_on
    command = c.Decide(outcome="extend", reasons="Late.", extend_until=past)
    assert "no-later-date" in story.refusal("ann", command)


def test_only_an_extension_moves_the_date():
    """A go or a no-go that carries a date is refused: the deadline moves by an extension alone."""
    story = Story().begin_evaluation().attest_all("evaluate")
    for outcome in ("go", "no_go"):
        command = c.Decide(outcome=outcome, reasons="And more time.", extend_until=dt.date(2027, 1, 1))
        assert story.refusal("ann", command)["date-without-extension"].field == "extend_until"


def test_only_the_newest_decision_is_signed():
    """A decision that was followed by another cannot come into force any more."""
    story = Story().begin_evaluation().attest_all("evaluate").decide("go", signers=())
    old = signature(story, "decision")
    story.does("ann", c.Decide(outcome="no_go", reasons="On second thoughts."))
    assert "content-changed" in story.refusal("sam", old)


def test_a_decision_that_was_overtaken_is_not_signed():
    """After going back, or with another release declared, what was put before is there to sign no more."""
    story = Story().begin_evaluation().attest_all("evaluate").decide("go", signers=("ann",))
    late = signature(story, "decision")
    story.does("ann", c.GoBack(to_phase="pilot", reason="Wait."))
    assert "nothing-to-sign" in story.refusal("sam", late)


def test_a_decision_comes_into_force_by_those_who_hold_the_roles_then():
    """A former owner's signature brings nothing into force; the present owner has to sign."""
    story = Story().begin_evaluation().attest_all("evaluate").decide("go", signers=("ann",))
    story.does("sam", c.Assign(role="owner", person="ben"))
    story.sign("sam", "decision")
    assert story.standing.decision is None
    assert "owner" in story.verdict("evaluate.decision").reason
    story.sign("ben", "decision")
    assert story.standing.decision.outcome == "go"


def test_a_decision_in_force_outlives_its_signers_roles():
    """Once in force, a no-go is not lifted by naming another sponsor."""
    story = Story().begin_evaluation().decide("no_go")
    story.does("ann", c.Assign(role="sponsor", person="tom"))
    assert story.standing.decision.outcome == "no_go"
    assert story.ceiling().mode == "none"


def test_a_waiver_needs_two_accountable_people():
    """A waiver that one person asked for counts only once the other accountable person has signed it."""
    story = Story().begin_hardening()
    (fact,) = story.does("ann", waiver(story))
    assert isinstance(fact, f.Waived)
    assert story.verdict("harden.scale").verdict == "pending"
    assert (
        "other accountable" in story.refusal("ann", signature(story, "waiver:harden.scale"))["already-signed"].message
    )
    story.sign("sam", "waiver:harden.scale")
    assert story.verdict("harden.scale").verdict == "waived"


@pytest.mark.parametrize("person", ["eva", "oli", "ben", "tom", "pia"])
def test_nobody_else_waives(person):
    """Only this workload's owner and sponsor ask for a waiver, and only they sign one."""
    story = Story().begin_hardening()
    assert {"not-accountable", "not-permitted"} & set(story.refusal(person, waiver(story)))
    story.does("ann", waiver(story))
    assert {"not-accountable", "not-permitted"} & set(story.refusal(person, signature(story, "waiver:harden.scale")))


@pytest.mark.parametrize(
    "criterion",
    [
        "select.owner",
        "select.sponsor",
        "select.signed",
        "pilot.clearance",
        "pilot.real-work",
        "evaluate.target",
        "evaluate.guardrails",
        "evaluate.decision",
        "harden.handoff",
        "deploy.training",
    ],
)
def test_some_criteria_are_never_waived(criterion):
    """What the method rests on cannot be set aside by anybody."""
    story = Story().begin_pilot()
    assert story.refusal("ann", waiver(story, criterion))["not-waivable"].field == "criterion"


def test_a_waiver_names_a_criterion_and_an_end():
    """An unknown criterion, an end today and one too far away are refused; all problems at once."""
    story = Story().begin_hardening()
    assert "unknown-criterion" in story.refusal("ann", waiver(story, "harden.luck"))
    for days in (-1, 0, 31):
        found = story.refusal("ann", waiver(story, days=days))["expiry-out-of-range"]
        assert found.field == "expires_on"
    both = story.refusal("tom", waiver(story, "harden.handoff", days=90))
    assert set(both) == {"not-accountable", "not-waivable", "expiry-out-of-range"}
    story.does("ann", waiver(story, days=30))


def test_a_waiver_that_ended_is_not_signed():
    """A second signature after the end changes nothing and is refused."""
    story = Story().begin_hardening()
    story.does("ann", waiver(story, days=3))
    story.wait(days=3)
    assert "ask for it again" in story.refusal("sam", signature(story, "waiver:harden.scale"))["expired"].message


def test_a_waiver_asked_for_by_somebody_no_longer_accountable_is_not_signed():
    """Two people sign while both are accountable; passing the role on between the two is no way around it."""
    story = Story().begin_hardening()
    story.does("ann", waiver(story))
    story.does("sam", c.Assign(role="owner", person="ben"))
    for person in ("ben", "sam"):
        found = story.refusal(person, signature(story, "waiver:harden.scale"))
        assert "asker-not-accountable" in found
    assert story.verdict("harden.scale").verdict == "pending"


def test_asking_for_a_longer_waiver_does_not_end_the_one_that_stands():
    """A renewal takes effect when it is signed; until then the earlier waiver goes on to its own end."""
    story = Story().begin_hardening().waive("harden.scale", days=10)
    story.wait(days=8)
    story.does("sam", waiver(story, days=30))
    standing = story.verdict("harden.scale")
    assert standing.verdict == "waived"
    assert standing.waiver.expires_on < story.standing.waivers["harden.scale"].expires_on
    story.sign("ann", "waiver:harden.scale")
    assert story.verdict("harden.scale").waiver.expires_on == story.standing.waivers["harden.scale"].expires_on
    story.wait(days=30)
    assert story.verdict("harden.scale").verdict == "pending"


def test_days_are_the_charters_own():
    """Whether a waiver is too long, and when it ends, is counted in the charter's time zone."""
    story = Story().begin_hardening()
    tokyo = Story()
    tokyo.propose().write_charter(time_zone="Asia/Tokyo")
    for each, today in ((story, dt.date(2026, 3, 22)), (tokyo, dt.date(2026, 3, 23))):
        each.now = dt.datetime(2026, 3, 22, 20, 0, tzinfo=dt.UTC)
        latest = today + dt.timedelta(days=30)
        ask = c.Waive(criterion="harden.scale", reason="Its machinery comes next month.", expires_on=latest)
        later = structs.replace(ask, expires_on=latest + dt.timedelta(days=1))
        assert "expiry-out-of-range" in each.refusal("ann", later)
        each.does("ann", ask)
