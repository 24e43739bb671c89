"""Where labels are known from: what each basis lets a label prove."""

from __future__ import annotations

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.storage.call_samples import call

from pilotage.evidence.labels import Counted, anchored_share, bases, in_words, is_taken, labels_check
from pilotage.evidence.measurements import LabelBases
from pilotage.evidence.readers import reader
from pilotage.playbook.metrics import INCUMBENT_ANSWER, LabelMatch, Metric, Target
from pilotage.playbook.quantiles import Promised
from pilotage.record.charter_metrics import metric_problems

BY_THE_INCUMBENT = Metric(
    id="right",
    title="Right",
    unit="share",
    direction="higher",
    kind="proportion",
    source=LabelMatch(label=INCUMBENT_ANSWER),
)
COUNTED = st.builds(
    Counted,
    calls=st.integers(1, 50),
    seen=st.booleans(),
    labelled=st.booleans(),
    basis=st.sampled_from(["", "independent", "after_suggestion"]),
    own=st.booleans(),
)


@pytest.mark.parametrize(
    ("name", "basis", "taken"),
    [
        ("label", "", True),
        ("label", "independent", True),
        ("label", "after_suggestion", True),
        ("label", "candidate", False),
        ("label", "incumbent", False),
        (INCUMBENT_ANSWER, "incumbent", True),
    ],
)
def test_an_arm_s_own_answer_is_no_label(name: str, basis: str, taken: bool):
    """Only what comes from elsewhere is read by metrics; the incumbent's answer, told as such, completes its pair."""
    assert is_taken(name, basis) is taken


def test_what_people_saw_makes_a_label_anchored_unless_it_is_independent():
    """Not said counts as anchored where the candidate's answer was seen, and as unsaid elsewhere."""
    found = bases(
        "live/25",
        [
            Counted(calls=7, seen=True, labelled=True, basis="", own=False),
            Counted(calls=5, seen=True, labelled=True, basis="independent", own=True),
            Counted(calls=3, seen=False, labelled=True, basis="", own=False),
            Counted(calls=2, seen=False, labelled=True, basis="after_suggestion", own=False),
            Counted(calls=4, seen=True, labelled=False, basis="", own=True),
        ],
    )
    assert found == LabelBases(stage="live/25", independent=5, after_suggestion=9, unsaid=3, own_answer=9)
    assert anchored_share(found) == 9 / 17


@given(st.lists(COUNTED), st.randoms(use_true_random=False))
def test_the_order_in_which_labels_are_counted_changes_nothing(counted: list[Counted], rng: Random):
    """They are only added up, and every labelled call is counted once."""
    shuffled = [*counted]
    rng.shuffle(shuffled)
    found = bases("live/25", shuffled)
    assert found == bases("live/25", counted)
    assert found.independent + found.after_suggestion + found.unsaid == sum(c.calls for c in counted if c.labelled)


def test_a_stage_with_anchored_labels_violates_a_condition():
    """The share is the figure, none is allowed, and the sentence counts both kinds."""
    check = labels_check(LabelBases(stage="live/25", independent=6, after_suggestion=2, own_answer=1))
    assert check is not None
    assert (check.id, check.verdict, check.figure, check.bound) == ("label_bases:live/25", "violated", 0.25, 0.0)
    assert "2 of 8 labels (25.0%) are anchored" in check.reason
    assert "For 1 call one arm's own answer" in check.reason


def test_a_stage_without_anchored_labels_holds_and_one_with_own_answers_alone_cannot_be_told():
    """Nothing that counts is not a condition that holds; where nothing was given there is nothing to say."""
    held = labels_check(LabelBases(stage="shadow/1", unsaid=3))
    opened = labels_check(LabelBases(stage="shadow/1", own_answer=3))
    assert held is not None
    assert opened is not None
    assert (held.verdict, opened.verdict) == ("held", "not_estimable")
    assert labels_check(LabelBases(stage="shadow/1")) is None


def test_only_anchored_labels_are_worth_a_word_beside_a_figure():
    """The explanation of a figure says how many, and nothing where there are none."""
    leaning = in_words(LabelBases(stage="live/25", independent=6, after_suggestion=2))
    assert leaning.startswith("2 of 8 labels are anchored")
    assert in_words(LabelBases(stage="live/25", independent=6)) == in_words(None) == ""


def test_the_incumbent_is_not_judged_by_its_own_answer():
    """A charter that takes the incumbent's answer for the label is refused, and one from before has no value there."""
    target = Target(
        metric="right",
        form="difference",
        baseline=0.6,
        floor=0.0,
        target=0.05,
        expected=0.1,
        calls_per_week=1000,
        deviation=0.5,
    )
    promised = Promised(metrics=(BY_THE_INCUMBENT,), target=target, guardrails=())
    assert [problem.code for problem in metric_problems(promised)] == ["own-answer"]
    assert reader(BY_THE_INCUMBENT)(call(1).served, {INCUMBENT_ANSWER: '"billing"'}) is None
