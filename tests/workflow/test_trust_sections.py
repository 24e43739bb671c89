"""The sections `trust` and `attempts`: what the answer rests on, and everything that was tried."""

from __future__ import annotations

import pytest
from tests.record.stories import Story, release
from tests.workflow.pilots import START, CountingStore, Pilot

from pilotage.evidence.dues import ASSIGNED
from pilotage.evidence.measurements import Check, Measurements, ShadowHealth
from pilotage.evidence.sums import Totals
from pilotage.record import commands as c
from pilotage.record import facts as f
from pilotage.record.stages import LiveStage, live_stage
from pilotage.storage.protocols import SumRow
from pilotage.workflow.checking import assigned, ratio_check, ratio_of
from pilotage.workflow.trust_section import checks_of


def row(stage, arm, units, segment=""):
    """Units assigned to an arm in a stage."""
    return SumRow(
        stage=stage, release="", metric=ASSIGNED, series=arm, segment=segment, totals=Totals(units=units, n=units)
    )


def exposed(*exposures):
    """A workload that was live as said: percentages with cohorts."""
    story = Story().begin_rollout()
    for percent, cohorts in exposures:
        story.record(f.ExposureSet(mode="live", percent=percent, cohorts=cohorts, reason="Next."), "oli")
    return story.standing


def test_a_live_stage_is_read_back_from_its_name():
    """Mode, percentage, try and attempt; other strata are none."""
    assert live_stage("live-2.5+1/3") == LiveStage(3, 1, 2.5)
    assert live_stage("live-100/1") == LiveStage(1, 0, 100.0)
    assert [live_stage(name) for name in ("shadow/1", "suggest-5/1", "none/0", "live", "live-x/1")] == [None] * 5


def test_units_are_counted_by_assigned_arm_in_the_order_of_the_stages():
    """Each live stage has its share from the lease and its units by arm, the first stage first."""
    rows = [row("live-25/1", "candidate", 250), row("live-5/1", "candidate", 52), row("live-5/1", "incumbent", 948)]
    found = assigned(exposed((5.0, ()), (25.0, ())), rows)
    assert [(s.stage, s.share, s.candidate, s.incumbent) for s in found] == [
        ("live-5/1", 0.05, 52, 948),
        ("live-25/1", 0.25, 250, 0),
    ]


def test_only_cohorts_that_were_exposed_count():
    """Where a stage was for one cohort, everybody else was the incumbent's without chance, and is left out."""
    rows = [
        row("live-50/1", "candidate", 480),
        row("live-50/1", "incumbent", 5520),
        row("live-50/1", "candidate", 480, "cohort=berlin"),
        row("live-50/1", "incumbent", 520, "cohort=berlin"),
    ]
    (stage,) = assigned(exposed((50.0, ("berlin",))), rows)
    assert (stage.candidate, stage.incumbent) == (480, 520)
    ratio = ratio_of(exposed((50.0, ("berlin",)), (50.0, ())), rows)
    assert ratio.evidence is None
    assert "different cohorts" in ratio.reason
    assert ratio_check(ratio).verdict == "not_estimable"


def test_an_alarm_is_a_violated_check():
    """A stage whose split is not the lease's is an alarm, and so is its check."""
    ratio = ratio_of(exposed((50.0, ())), [row("live-50/1", "candidate", 300), row("live-50/1", "incumbent", 700)])
    assert ratio.alarm
    assert ratio_check(ratio).verdict == "violated"
    assert ratio_of(exposed((50.0, ())), []) is None


def test_checks_are_those_measured_where_there_is_no_answer():
    """Without an answer, only what was measured by itself is shown."""
    one = Check(id="a", title="A", verdict="held", meaning="B")
    shadow = ShadowHealth(pairs=1, days=1, added_us_mean=None, added_us_p99=None, leaked_errors=0, dropped_share=0.5)
    assert list(checks_of(Measurements(taken_at=START, checks=(one,), shadow=shadow))) == [one]


@pytest.fixture
def pilot(tmp_path):
    """A pilot with a declared release."""
    with CountingStore(tmp_path) as store:
        yield Pilot(store)


def test_a_running_pilot_is_checked(pilot):
    """A pilot's answer is held to its labels, to what is missing, to whole days and to what shadowing dropped."""
    checks = {check.id for check in checks_of(pilot.measure())}
    assert checks >= {"labels", "missing_at_worst"}


def test_every_attempts_last_answer_is_kept():
    """A new declaration does not make the record forget what the test before it said."""
    story = Story().begin_evaluation()
    story.record(
        f.AnswerMeasured(
            metric="right_team",
            attempt=1,
            answer="futile",
            reason="Too little.",
            estimate=None,
            low=None,
            high=None,
            calls=9,
        )
    )
    story.does("eva", release("r2"))
    story.does("ann", c.DeclareForEvaluation(release="r2"))
    assert story.standing.answer is None
    assert story.standing.answers["1"].answer == "futile"


def test_missing_labels_reach_the_answer_from_the_store(pilot):
    """Calls stored without a label count at their worst where the arms differ: what is due, what is missing and the
    estimate at its worst come out of the sums, and the check by disagreement sees where they are.
    """
    for _ in range(8):
        pilot.day((0.5, 0.9), labelled=0.8)
    measured = pilot.measure()
    imputed = measured.answer.imputed
    assert imputed.due == 360  # of 480, those whose window of two days has closed
    assert 40 < imputed.missing < 110
    assert imputed.estimate.value < measured.answer.estimate.value
    assert imputed.estimate.calls == imputed.due
    assert {check.id for check in measured.checks} >= {"missing_by_disagreement:right_team", "days:right_team"}


def test_a_wrong_split_of_live_units_is_an_alarm_from_the_store(pilot):
    """Units that a lease of 50 % sends to the candidate one time in five are seen, with or without a label."""
    pilot.serve(calls=200, stage="live-50/1", labelled=0.0, assigned=lambda _call: "candidate")
    pilot.serve(calls=800, stage="live-50/1", labelled=0.0, assigned=lambda _call: "incumbent")
    ratio = pilot.measure().sample_ratio
    assert [(s.candidate, s.incumbent, s.share) for s in ratio.stages] == [(200, 800, 0.5)]
    assert ratio.alarm
