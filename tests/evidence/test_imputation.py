"""Missing labels: tested for pattern, and put in at their worst before anything is reached."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pytest
from msgspec import structs
from tests.evidence.simulated import DAY, promise, right, totals

from pilotage.evidence.answer import answer
from pilotage.evidence.imputation import by_arm, by_disagreement, completed
from pilotage.evidence.measurements import FieldCoverage, GuardrailResult, NotEstimable
from pilotage.evidence.strata import LookSums, StageTotals
from pilotage.evidence.sums import Totals

NONE = NotEstimable(reason="Not asked.")
HELD = GuardrailResult(
    metric="errors",
    title="Errors",
    status="within",
    reason="",
    margin=0.01,
    limit=None,
    incumbent=NONE,
    candidate=NONE,
    difference=NONE,
)
COVERED = FieldCoverage(field="label", share=0.97, present=97, calls=100, required=0.95)


def stage(missing=0, agree=0, calls=2000, gain=0.16, **more):
    """A shadow stage of single calls: the candidate alone right on `gain` of them, the incumbent alone on 4 %.
    `missing` calls have arms that differ and no label, `agree` arms that agree and none.
    """
    won, lost = round(calls * gain), round(calls * 0.04)
    y = np.r_[np.ones(won), np.zeros(lost), np.ones(calls - won - lost)]
    z = np.r_[np.zeros(won), np.ones(lost), np.ones(calls - won - lost)]
    gone = totals(np.zeros(missing + agree), np.r_[np.ones(missing), np.zeros(agree)])
    differ = totals(np.r_[np.zeros(won + lost), np.ones(missing)])
    return StageTotals(stage="shadow/1", paired=totals(y, z), missing=gone, differ=differ, **more)


def answered(last, **fields):
    """The answer on 14 looks whose last is that stage."""
    looks = [LookSums(day=DAY + dt.timedelta(days=14), stages=(last,))]
    given = {
        "target": promise(calls_per_week=1000.0),
        "metric": right(),
        "attempt": 1,
        "looks": looks,
        "latest": looks[-1],
        "started": DAY,
        "deadline": DAY + dt.timedelta(days=28),
        "today": DAY + dt.timedelta(days=14),
        "guardrails": (HELD,),
        "label_coverage": COVERED,
    }
    return answer(**(given | fields))


def test_a_few_missing_labels_do_not_keep_an_answer_away():
    """Reached, and said to be the same if every missing label spoke against the candidate."""
    found = answered(stage(missing=20, agree=30))
    assert (found.answer, found.imputed.survives, found.imputed.missing, found.imputed.due) == (
        "reached",
        True,
        50,
        2050,
    )
    assert "would be the same" in found.imputed.reason
    assert found.imputed.estimate.value < found.estimate.value


def test_an_answer_that_hangs_on_what_is_missing_is_none():
    """Crossed on the known labels, but not with the missing ones at their worst: keep running, and why."""
    found = answered(stage(missing=110))
    assert (found.answer, found.imputed.survives) == ("keep_running", False)
    assert "110 of the 2,110 labels that were due (5.2%) are missing" in found.reason
    assert "Get the missing labels in" in found.reason


def test_labels_missing_where_the_arms_agree_hardly_count():
    """A paired difference is nothing where both gave the same answer, whatever the label."""
    assert answered(stage(agree=110)).answer == "reached"


def test_a_guardrail_that_hangs_on_what_is_missing_keeps_the_answer_away():
    """Within on what is known, but not with everything missing: not reached."""
    found = answered(stage(), guardrails=(structs.replace(HELD, survives=False),))
    assert found.answer == "keep_running"
    assert "guardrails would not hold: Errors" in found.reason


def test_everything_is_put_in_where_units_have_single_calls():
    """With one call a unit the completed totals are those of all calls, and nothing is widened."""
    whole = completed(right(), stage(missing=30))
    assert whole.inflation == 1.0
    assert whole.stage.paired.n == 2030
    units = np.repeat(np.arange(10), 2)
    mixed = StageTotals(paired=totals(np.tile([0.0, 1.0], 10), units=units), missing=totals(np.zeros(10)))
    assert 1.0 < completed(right(), mixed).inflation <= 2.0


def test_labels_missing_where_the_arms_differ_are_noticed():
    """100 labels missing, all where the arms differ: violated; missing at random: held; three missing: too few."""
    bad = by_disagreement(right(), stage(missing=100))
    assert bad.verdict == "violated"
    assert bad.p < 1e-10
    assert by_disagreement(right(), stage(missing=20, agree=80)).verdict == "held"
    assert by_disagreement(right(), stage(missing=3)).verdict == "not_estimable"
    assert by_disagreement(right(), stage()).verdict == "held"


@pytest.mark.parametrize(
    ("candidate", "incumbent", "verdict"), [(80, 20, "violated"), (50, 50, "held"), (2, 1, "not_estimable")]
)
def test_labels_missing_for_one_arm_are_noticed(candidate, incumbent, verdict):
    """Live, missing shares of the arms are compared."""
    live = StageTotals(
        stage="live-50/1",
        candidate=totals(np.ones(1000)),
        incumbent=totals(np.ones(1000)),
        missing_candidate=totals(np.zeros(candidate)),
        missing_incumbent=totals(np.ones(incumbent)),
    )
    assert by_arm(right(), live).verdict == verdict
    assert (
        by_arm(right(), structs.replace(live, candidate=Totals(), missing_candidate=Totals())).verdict
        == "not_estimable"
    )


def test_labels_that_never_came_are_a_violation_and_no_crash():
    """Where not one label that is due came, in shadow or of either arm, the checks say so; so does one
    arm without any.
    """
    gone = totals(np.zeros(50))
    for differ in (gone, totals(np.ones(20)), Totals()):
        silent = by_disagreement(right(), StageTotals(stage="shadow/1", missing=gone, differ=differ))
        assert (silent.verdict, silent.reason) == ("violated", "None of the 50 labels that are due came.")
    live = StageTotals(stage="live-50/1", missing_candidate=gone, missing_incumbent=gone)
    silent = by_arm(right(), live)
    assert (silent.verdict, silent.reason) == ("violated", "None of the 100 labels that are due came.")
    assert by_arm(right(), structs.replace(live, incumbent=totals(np.ones(50)))).verdict == "violated"
    three = totals(np.zeros(3))
    assert by_disagreement(right(), StageTotals(missing=three, differ=three)).verdict == "not_estimable"


def test_a_candidate_judged_alone_has_labels_where_no_pair_has_them():
    """Values of the candidate alone came: the check does not say that none did."""
    alone = StageTotals(candidate=totals(np.ones(100)), missing=totals(np.zeros(50)), differ=totals(np.ones(20)))
    assert by_disagreement(right(), alone).verdict != "not_estimable"
    assert "None of" not in by_disagreement(right(), alone).reason


def test_labels_missing_of_which_nothing_was_kept_are_not_called_none():
    """The bound is crossed, labels are missing, and no sum says what they could change: keep running, unknown."""
    bare = structs.replace(stage(), differ=Totals())
    found = answered(bare)
    assert (found.answer, found.imputed.survives) == ("keep_running", None)
    assert "3 of the 100 labels that were due (3.0%) are missing" in found.reason
    assert isinstance(found.imputed.estimate, NotEstimable)
    assert answered(stage()).answer == "reached"
    full = structs.replace(COVERED, share=1.0, present=100)
    assert answered(bare, label_coverage=full).answer == "reached"
