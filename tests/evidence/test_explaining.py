"""What a figure means is said in two plain sentences, made of its own facts, for everything that can occur."""

from __future__ import annotations

import itertools
import re
from typing import get_args

import pytest

from pilotage.evidence.explaining import Explanation, explain_guardrail, explain_observed, explain_target, written
from pilotage.evidence.measurements import Answer, AnswerKind, Estimate, GuardrailResult, NotEstimable
from pilotage.playbook.metrics import Cost, LabelMatch, Metric, Target

ANSWERS = get_args(AnswerKind)
STATUSES = ("within", "breached", "undecided", "not_estimable")
FORMS = ("own", "difference", "share")
JARGON = (
    "p-value", "variance", "standard error", "score test", "wilson", "tango", "fieller", "cluster", "alpha", "sigma",
    "null", "hypothes", "skew", "confidence", "significan", "estimat", "non-inferior", "sequential", "mean per call",
)  # fmt: skip

RIGHT = Metric(
    id="right", title="Right answers", unit="share", direction="higher", kind="proportion", source=LabelMatch()
)
COST = Metric(id="cost", title="Cost", unit="USD", direction="lower", kind="mean", source=Cost(), hi=9.0)
METRICS = (RIGHT, COST, Metric(**{**{f: getattr(RIGHT, f) for f in RIGHT.__struct_fields__}, "observable": "exposed"}))
FIGURES = (
    Estimate(value=0.0823, low=0.051, high=0.113, calls=1200, units=340, method="Tango, clustered"),
    Estimate(value=-0.04, low=-0.09, high=0.01, calls=1, units=1, method="x", level=0.9),
    Estimate(value=0.0, low=0.0, high=0.0, calls=20, units=20, method="x"),
    NotEstimable(reason="There are no calls with a known value yet."),
    NotEstimable(reason="Shadowing dropped 3 % of its calls. What is left may not be like them."),
)


def target(metric, form):
    """A promise on a metric."""
    return Target(
        metric=metric.id,
        form=form,
        baseline=0.7,
        floor=0.0,
        target=0.05,
        expected=0.1,
        calls_per_week=500,
        deviation=0.5,
    )


def answered(kind, figure, form="difference"):
    """An answer on a figure."""
    return Answer(
        metric="right", form=form, answer=kind, reason="So.", estimate=figure, incumbent=figure, candidate=figure,
        alpha=0.025,
    )  # fmt: skip


def judged(status, figure, *, limit=None):
    """A guardrail's result."""
    return GuardrailResult(
        metric="right", title="Right answers", status=status, reason="So.", margin=0.02, limit=limit,
        incumbent=figure, candidate=figure, difference=figure, stage="live-5/1",
    )  # fmt: skip


def every():
    """Every explanation that can occur, with the figure that it is about."""
    for metric, figure in itertools.product(METRICS, FIGURES):
        for kind, form in itertools.product(ANSWERS, FORMS):
            yield figure, explain_target(answered(kind, figure, form), target(metric, form), metric)
        for status, limit, live in itertools.product(STATUSES, (None, 0.1), (True, False)):
            yield figure, explain_guardrail(judged(status, figure, limit=limit), metric, live=live)
        yield figure, explain_observed(figure, metric)


def sentences(text):
    """How many sentences a text has: points within numbers end none."""
    return len(re.findall(r"[.!?](?=\s|$)", text))


def test_there_are_two_sentences_for_everything_that_can_occur():
    """One says what a figure means and one what it does not, for every answer, status, form, arm and absence."""
    found = list(every())
    assert len(found) == 15 * (18 + 16 + 1)
    for _, said in found:
        assert isinstance(said, Explanation)
        for sentence in (said.means, said.does_not):
            assert sentence[0].isupper()
            assert sentence.endswith(".")
            assert sentences(sentence) == 1, sentence


def test_no_sentence_needs_a_course_in_statistics():
    """No name of a method and no term of the trade is in any of them."""
    for _, said in every():
        text = f"{said.means} {said.does_not}".lower()
        assert not [word for word in JARGON if word in text], text


def test_a_figure_is_never_told_without_its_interval_and_calls():
    """Where there is a figure its ends and its calls are in the sentence; where there is none, why not."""
    for figure, said in every():
        if isinstance(figure, Estimate):
            assert f"{figure.calls:,} call" in said.means
            assert " between " in said.means
        else:
            assert said.means.startswith("There is no figure for ")
            assert figure.reason[:30] in said.means


@pytest.mark.parametrize("figure", FIGURES)
def test_different_findings_read_differently(figure):
    """No two answers, and no two statuses, are told in the same words."""
    told = {explain_target(answered(kind, figure), target(RIGHT, "difference"), RIGHT) for kind in ANSWERS}
    assert len({one.means for one in told}) == len({one.does_not for one in told}) == len(ANSWERS)
    kept = {explain_guardrail(judged(status, figure), RIGHT, live=False) for status in STATUSES}
    assert len({one.means for one in kept}) == len({one.does_not for one in kept}) == len(STATUSES)


def test_a_reached_target_reads_as_people_say_it():
    """The whole of one, word by word."""
    said = explain_target(answered("reached", FIGURES[0]), target(RIGHT, "difference"), RIGHT)
    assert said.means == (
        "On 1,200 calls of 340 units, on the same calls, the candidate's “Right answers” was 8.23 points better than "
        "the incumbent's, and the true value lies between 5.1 points and 11.3 points in 95 of 100 such measurements "
        "(plus is better); it is shown to be better than the promised 5 points, and were it not, at most 2.5 of 100 "
        "such pilots would say so all the same."
    )
    assert said.does_not == (
        "It does not say that every group of calls gained, nor that it stays so once people see its answers; only "
        "calls whose right answer or outcome became known in time are in it."
    )


def test_anchored_labels_are_told_in_the_second_sentence():
    """Of a figure live or suggested: how many labels lean towards what people saw; nothing where none does."""
    metric, figure, words = RIGHT, FIGURES[0], "2 of 8 labels are anchored"
    found = explain_guardrail(judged("within", figure), metric, live=True, anchored=words)
    assert found.does_not.endswith(f"{words}.")
    assert words not in explain_guardrail(judged("within", figure), metric, live=True).does_not


def test_values_are_written_as_people_write_them():
    """Shares in per cent, their differences in points, money in its unit, improvements as better or worse."""
    assert written(0.125, RIGHT, "own") == "12.5 %"
    assert written(-0.02, RIGHT, "difference") == "-2 points"
    assert written(1234.5, COST, "own") == "1,234 USD"
    assert written(-0.2, COST, "share") == "20 % worse"


@pytest.mark.parametrize(
    ("level", "often"),
    [
        (0.95, "in 95 of 100 such"),
        (0.9994, "in 99.9 of 100 such"),
        (0.9997, "in more than 99.9 of 100 such"),
        (0.9999999, "in more than 99.9 of 100 such"),
    ],
)
def test_no_interval_is_said_to_hold_always(level, often):
    """However wide an interval is, it is not rounded up to one that is never wrong."""
    figure = Estimate(value=0.1, low=0.0, high=0.2, calls=90, units=90, method="x", level=level)
    assert often in explain_observed(figure, RIGHT).means
