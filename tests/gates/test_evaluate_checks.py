from __future__ import annotations

import datetime as dt

import pytest
from msgspec import structs
from tests.record.stories import Story, answered, charter, measured_well, release, within

from pilotage.evidence.measurements import Imputed
from pilotage.evidence.sample_ratio import SampleRatio
from pilotage.gates.case import Case
from pilotage.gates.evaluate_checks import decision
from pilotage.playbook.metrics import Guardrail
from pilotage.playbook.types import Criterion
from pilotage.record import commands as c
from pilotage.record import facts as f
from pilotage.record.areas import deciding as d


def judged(story: Story, criterion: str) -> tuple[str, str]:
    """The verdict and its reason."""
    verdict = story.verdict(criterion)
    return verdict.verdict, verdict.reason


def evaluating(**measured) -> Story:
    """A workload in evaluation with good measurements but for what is stated."""
    story = Story().begin_evaluation()
    story.measurements = measured_well(story.now, **measured)
    return story


@pytest.mark.parametrize(
    ("answer", "verdict"),
    [
        ("reached", "met"),
        ("below_floor", "unmet"),
        ("harmed", "unmet"),
        ("futile", "unmet"),
        ("keep_running", "pending"),
        ("not_estimable", "pending"),
    ],
)
def test_only_reached_meets_the_target(answer, verdict):
    """The sequential answer decides: reached, a reason for no-go, or not yet."""
    assert judged(evaluating(answer=answered(answer)), "evaluate.target")[0] == verdict


def test_a_projected_date_is_said():
    """While the test runs, the verdict says by when an answer is expected."""
    answer = structs.replace(answered("keep_running"), projected=dt.date(2026, 4, 3))
    assert "2026-04-03" in judged(evaluating(answer=answer), "evaluate.target")[1]


@pytest.mark.parametrize("answer", [answered(attempt=0), answered(attempt=2), answered(metric="errors"), None], ids=str)
def test_an_answer_to_another_question_does_not_count(answer):
    """An answer of another attempt, or on another metric than the charter's target, meets nothing."""
    story = evaluating(answer=answer)
    assert judged(story, "evaluate.target")[0] == "pending"
    assert judged(story, "evaluate.shortfall")[0] == "pending"


def test_before_a_release_is_declared_there_is_no_answer():
    """Whatever was measured before the declaration is exploration."""
    story = Story().begin_pilot()
    story.measurements = measured_well(story.now, answer=answered(attempt=0))
    verdict = story.verdict("evaluate.target")
    assert verdict.verdict == "pending"
    assert "Declare" in verdict.next.action


def test_another_release_is_tested_from_the_beginning():
    """With another release declared, the answer on the one before is no answer any more."""
    story = Story().begin_evaluation()
    story.does("eva", release("r2", "cd" * 32))
    story.does("ann", c.DeclareForEvaluation(release="r2"))
    assert judged(story, "evaluate.target")[0] == "pending"
    story.measurements = measured_well(story.now, answer=answered(attempt=2))
    assert judged(story, "evaluate.target")[0] == "met"


@pytest.mark.parametrize(
    ("results", "verdict", "says"),
    [
        ((within(),), "met", "All 1 guardrails"),
        ((within(status="breached", reason="Errors doubled."),), "unmet", "Errors doubled."),
        ((within(status="undecided", reason="Not yet clear."),), "pending", "Not yet clear."),
        ((within(status="not_estimable", reason="No pairs."),), "pending", "No pairs."),
        ((within("cost"),), "pending", "errors has not been measured"),
        ((), "pending", "errors has not been measured"),
        ((within(), within("cost", status="breached", reason="Dear.")), "unmet", "Dear."),
    ],
)
def test_every_guardrail_of_the_charter_has_to_hold(results, verdict, says):
    """A broken guardrail is unmet; one that is open, or was not measured, is pending."""
    found = judged(evaluating(guardrails=results), "evaluate.guardrails")
    assert found[0] == verdict
    assert says in found[1]


def test_a_guardrail_that_missing_labels_could_overturn_does_not_hold_yet():
    """Within its margin, but not with the missing labels at their worst: pending, and the labels are asked for. One
    that survives them, or misses none, holds.
    """
    verdict = evaluating(guardrails=(structs.replace(within(), survives=False),)).verdict("evaluate.guardrails")
    assert verdict.verdict == "pending"
    assert "every missing label put in at its worst" in verdict.reason
    assert (verdict.next.action, verdict.next.by) == ("Import the labels that are missing.", "engineer")
    broken = (structs.replace(within(), survives=False), within("cost", status="breached", reason="Dear."))
    assert judged(evaluating(guardrails=broken), "evaluate.guardrails")[0] == "unmet"
    for survives in (True, None):
        results = (structs.replace(within(), survives=survives),)
        assert judged(evaluating(guardrails=results), "evaluate.guardrails")[0] == "met"


def test_a_charter_without_guardrails_guards_nothing():
    """Where the charter names no guardrail, none can hold."""
    story = Story().propose().write_charter(guardrails=())
    story.measurements = measured_well(story.now)
    assert judged(story, "evaluate.guardrails")[0] == "pending"


def test_what_only_shows_once_people_are_exposed_waits_for_the_rollout():
    """A guardrail that shadow cannot show does not hold up the evaluation, but it is no guardrail for it either."""
    late = structs.replace(charter().metrics[0], id="complaints", observable="exposed")
    both = (*charter().guardrails, Guardrail(metric="complaints", margin=0.1))
    story = Story().propose().write_charter(metrics=(*charter().metrics, late), guardrails=both)
    story.measurements = measured_well(story.now)
    assert judged(story, "evaluate.guardrails")[0] == "met"
    story.write_charter(metrics=(*charter().metrics, late), guardrails=both[1:])
    story.measurements = measured_well(story.now, guardrails=())
    assert "no guardrail that can be seen in shadow" in judged(story, "evaluate.guardrails")[1]


@pytest.mark.parametrize(
    ("answer", "verdict"), [("reached", "met"), ("below_floor", "unmet"), ("keep_running", "pending")]
)
def test_a_missed_target_has_to_be_understood(answer, verdict):
    """What was reached fell short nowhere; what was missed waits for its analysis."""
    assert judged(evaluating(answer=answered(answer)), "evaluate.shortfall")[0] == verdict


def analysis(**changes):
    """An analysis of a missed target."""
    fields = {"segments": ("origin=EWR",), "cause": "Few examples.", "remedy": "more_data", "effort": "Two weeks."}
    return c.AnalyseShortfall(**(fields | changes))


def test_a_missed_target_is_understood_once_its_analysis_is_on_record():
    """Segments, remedy and effort of the attempt that missed meet the criterion, with their place in the ledger."""
    story = evaluating(answer=answered("futile"))
    story.does("eva", analysis(curve=("1000=0.7", "2000=0.75")))
    verdict, reason = judged(story, "evaluate.shortfall")[:2]
    assert verdict == "met"
    assert "origin=EWR" in reason
    assert "more data would close the gap" in reason


def test_the_analysis_of_another_attempt_explains_nothing():
    """Another release falls short for reasons of its own."""
    story = evaluating(answer=answered("futile"))
    story.does("eva", analysis())
    story.does("eva", release("r2", "cd" * 32))
    story.does("ann", c.DeclareForEvaluation(release="r2"))
    story.measurements = measured_well(story.now, answer=structs.replace(answered("futile"), attempt=2))
    assert judged(story, "evaluate.shortfall")[0] == "unmet"


def test_a_decision_is_made_by_two_signatures():
    """Nothing decided, put but not signed, signed but not sent: pending, unmet with the missing person, unmet still."""
    story = Story().begin_evaluation().attest_all("evaluate")
    assert judged(story, "evaluate.decision") == ("pending", "Nobody has decided yet.")
    story.decide("go", signers=("ann",))
    verdict = story.verdict("evaluate.decision")
    assert (verdict.verdict, verdict.next.by) == ("unmet", "sponsor")
    story.sign("sam", "decision")
    assert judged(story, "evaluate.decision") == (
        "unmet",
        "Go, signed by owner and sponsor, but it was not sent to anybody.",
    )


def test_a_decision_has_to_reach_everybody_whom_it_concerns():
    """Sent, it is pending with the count and the names of those who did not confirm; confirmed by all, it is met."""
    story = Story().begin_evaluation().attest_all("evaluate").decide("go", signers=("ann", "sam"), sends=False)
    digest = story.digest("decision")
    story.does("ann", d.SendDecision(digest=digest))
    verdict = story.verdict("evaluate.decision")
    assert verdict.verdict == "pending"
    assert "of the 4 whom it concerns, 2 did not confirm that it arrived: sid, pia." in verdict.reason
    assert verdict.next.by == "sid"
    for person in ("pia", "sid"):
        story.does(person, d.ConfirmReceipt(digest=digest))
    assert judged(story, "evaluate.decision") == (
        "met",
        "Go, signed by owner and sponsor, and it reached all 4 whom it concerns.",
    )


def test_who_comes_to_hold_a_role_before_the_gate_has_to_get_the_decision_too():
    """A reviewer named after the sending is named as missing; once the gate has passed, those of then count."""
    story = Story().begin_evaluation().attest_all("evaluate").decide("go")
    story.does("ann", c.Assign(role="reviewer:risk", person="tom"))
    assert judged(story, "evaluate.decision")[0] == "unmet"
    assert "not sent to tom" in story.verdict("evaluate.decision").reason
    assert "evaluate.decision" in {p.field for p in story.problems("ann", c.Advance(to_phase="harden"))}
    story.send_decision()
    story.does("ann", c.Advance(to_phase="harden"))
    story.does("ann", c.Assign(role="reviewer:risk", person="ben"))
    assert judged(story, "evaluate.decision")[0] == "met"


def test_nobody_waits_for_the_receipt_of_somebody_who_left():
    """Whoever has no account any more cannot confirm, and holds nothing up."""
    story = Story().begin_evaluation().attest_all("evaluate").decide("go", sends=False)
    digest = story.digest("decision")
    story.does("ann", d.SendDecision(digest=digest))
    story.does("sid", d.ConfirmReceipt(digest=digest))
    story.portfolio = structs.replace(story.portfolio, absent=frozenset({"pia"}))
    assert judged(story, "evaluate.decision")[0] == "met"


def test_a_playbook_may_ask_for_fewer_receipts_but_never_for_none_of_owner_and_sponsor():
    """With a smaller share the verdict holds and names who is outstanding; a new sponsor has to have it anyway."""
    story = Story().begin_evaluation().attest_all("evaluate").decide("go", sends=False)
    asked = story.playbook.criterion("evaluate.decision")
    asked = structs.replace(asked, params={"receipt_share_min": 0.5})
    story.does("ann", d.SendDecision(digest=story.digest("decision")))
    assert decision(case_of(story, asked)).verdict == "met"
    assert "of the 4 whom it concerns, 2 did not confirm" in decision(case_of(story, asked)).reason
    story.does("ann", c.Assign(role="sponsor", person="tom"))
    story.does("ann", d.SendDecision(digest=story.digest("decision")))
    assert decision(case_of(story, asked)).verdict == "pending"


def case_of(story: Story, criterion: Criterion) -> Case:
    """The case of a criterion on a story as it stands."""
    return Case(
        criterion=criterion,
        phase="evaluate",
        playbook=story.playbook,
        workload=story.standing,
        measurements=story.measurements,
        portfolio=story.portfolio,
        now=story.now,
    )


def test_an_extension_is_no_decision():
    """An extension moves the date and leaves the question open."""
    story = Story().begin_evaluation().decide("extend", until=dt.date(2026, 5, 18))
    assert judged(story, "evaluate.decision")[0] == "pending"
    assert story.verdict("evaluate.decision").evidence[0].value == "2026-05-18"


def climb(story: Story) -> Story:
    """Every step of the ladder is taken and held for its days."""
    for stage in story.playbook.stages:
        story.record(f.ExposureSet(mode="live", percent=stage.percent, cohorts=(), reason="Next."), "oli")
        story.wait(days=stage.hold_days)
    story.measurements = measured_well(story.now)
    return story


def test_every_stage_is_held_with_its_guardrails():
    """All steps held, calls served and guardrails within their margins: the stages are met."""
    story = Story().begin_rollout()
    assert "Stage 5 % has held 0.0 of 7 days" in judged(story, "deploy.stages")[1]
    climb(story)
    assert judged(story, "deploy.stages")[0] == "met"


@pytest.mark.parametrize(
    "change",
    [
        {"live_guardrails": ()},
        {"live_guardrails": (within(stage="live-100/1", status="undecided"), within(stage="live-50/1"))},
        {"live_guardrails": (within(stage="live-100/1", status="breached"), within(stage="live-50/1"))},
        {"live_guardrails": (within(stage="live-100/1", status="not_estimable"),)},
        {"live_guardrails": (within("cost", stage="live-100/1"),)},
        {"live_guardrails": (within(stage="live-100/2"),)},
        {"live_guardrails": (within(stage="shadow/1"),)},
    ],
)
def test_holding_a_stage_is_not_enough_without_figures(change):
    """Days that went by prove nothing: calls were served, and every guardrail was seen to hold."""
    story = climb(Story().begin_rollout())
    story.measurements = measured_well(story.now, **change)
    assert judged(story, "deploy.stages")[0] == "pending"
    idle = structs.replace(measured_well(story.now).traffic, candidate_served=0)
    story.measurements = measured_well(story.now, traffic=idle)
    assert judged(story, "deploy.stages")[0] == "pending"
    story.measurements = None
    assert judged(story, "deploy.stages")[0] == "pending"


def test_an_open_breach_fails_the_stage():
    """While a breach is open the stages are not held; once it is resolved the ladder begins at its foot."""
    story = climb(Story().begin_rollout())
    breach = f.GuardrailBreached(
        metric="errors", stage="live-100/1", reason="Errors doubled.", difference=None, low=None, high=None, calls=9
    )
    story.record(breach)
    assert judged(story, "deploy.stages") == ("unmet", "Guardrail broken: errors.")
    story.does("oli", c.ResolveBreach(metric="errors", reason="A feed was down."))
    assert "Stage 5 % has held 0.0" in judged(story, "deploy.stages")[1]


def test_the_charter_says_what_the_target_is():
    """The test's figures belong to the metric that the charter promises."""
    story = evaluating()
    assert story.verdict("evaluate.target").evidence[0].figure.startswith(charter().target.metric)


SKEWED = SampleRatio(evidence=2e6, alarm=True, reason="The arms were not assigned as the lease says: 4 % for 5 %.")


def test_a_sample_ratio_alarm_fails_the_stages_and_keeps_the_target_open():
    """While the arms are not assigned as the lease says, no stage is met, and an open target says why."""
    story = climb(Story().begin_rollout())
    story.measurements = measured_well(story.now, sample_ratio=SKEWED)
    assert judged(story, "deploy.stages") == ("unmet", SKEWED.reason)
    story = evaluating(answer=answered("keep_running"), sample_ratio=SKEWED)
    assert judged(story, "evaluate.target") == ("pending", SKEWED.reason)
    assert "Find out why the arms" in story.verdict("evaluate.target").next.action


def test_missing_labels_that_an_answer_hangs_on_are_asked_for():
    """Where the target is exceeded only if the missing labels are left out, the next step is to get them in."""
    missing = Imputed(due=100, missing=9, estimate=answered().estimate, survives=False, reason="Nine are missing.")
    open_one = structs.replace(answered("keep_running"), imputed=missing)
    verdict = evaluating(answer=open_one).verdict("evaluate.target")
    assert verdict.verdict == "pending"
    assert verdict.next.action == "Import the labels that are missing."
