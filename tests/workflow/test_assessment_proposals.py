"""What the workloads show of a question about the organisation: shares of real verdicts, and no more than that."""

from __future__ import annotations

import pytest
from msgspec import structs
from tests.record.assessed import READINESS, Assessed, answer
from tests.record.stories import Story
from tests.workflow.test_inbox import judged
from tests.workflow.test_portfolio_report import named, whole

from pilotage.playbook.loading import load
from pilotage.record import commands as c
from pilotage.workflow.assessment_proposals import level_of, proposal_of
from pilotage.workflow.assessments import assessment_json


def question(name, assessment=READINESS):
    """A question of the standard playbook."""
    return load("standard").assessment(assessment).question(name)


def proposed(name, *stories, assessment=READINESS):
    """What is proposed for a question on these workloads."""
    return proposal_of(question(name, assessment), [judged(story) for story in stories], whole(list(stories)))


def test_with_no_workload_nothing_is_proposed():
    """No evidence is no proposal, whatever the question."""
    for assessment in load("standard").assessments:
        for one in assessment.questions:
            assert proposal_of(one, [], whole([])) is None


def test_a_share_of_real_verdicts_is_proposed_with_what_it_rests_on():
    """Of the workloads that came to a criterion: how many meet it, which do not, and the level of that share."""
    piloting, selling = Story().begin_pilot(), named(Story().begin_rollout(), "live")
    found = proposed("one-owner", piloting, selling)
    assert (found.met, found.of, found.level) == (2, 2, 4)
    assert [(one.workload, one.criterion, one.verdict) for one in found.rests_on] == [
        ("ticket-triage", "select.owner", "met"),
        ("live", "select.owner", "met"),
        ("live", "harden.ownership", "met"),
    ]
    assert found.text == "2 of 2 workloads that came so far meet select.owner and harden.ownership."
    measured = proposed("work-measured-today", piloting, selling)
    assert [judged(piloting).verdicts["pilot.baseline"].verdict, measured.of] == [measured.rests_on[0].verdict, 2]


def test_what_a_workload_lacks_is_named():
    """A criterion that ceased to hold, or was waived, is not met, and the proposal says whose it is."""
    waived = named(Story().begin_hardening(), "waived")
    waived.waive("harden.maintenance")
    running = named(Story().begin_rollout(), "live")
    found = proposed("rollback", waived, running, assessment="llm-operations-maturity")
    verdicts = {one.workload: one.verdict for one in found.rests_on if one.criterion == "harden.maintenance"}
    assert verdicts["waived"] == "waived"
    assert "waived" in found.text
    assert found.met < found.of == 2
    assert found.level in {1, 3}


def test_only_what_was_chosen_counts_and_what_was_killed_does_not():
    """A list of candidates is no list of failures, and what was switched off is held to nothing any more."""
    candidate, killed = named(Story().propose(), "candidate"), named(Story().begin_pilot(), "killed")
    killed.does("eva", c.Kill(reason="It leaks names."))
    assert proposed("one-owner", candidate, killed) is None
    one = proposed("one-owner", candidate, killed, Story().begin_pilot())
    assert (one.met, one.of, one.level) == (1, 1, None)
    assert one.text.endswith("One workload shows no pattern yet.")


def test_a_lane_that_does_not_ask_is_not_counted():
    """What the low lane leaves out is neither met nor missing."""
    low = Story().begin_pilot(lane="low")
    assert "select.focus" not in judged(low).verdicts
    assert proposed("problems-compared", low) is None


@pytest.mark.parametrize(
    ("met", "of", "level"),
    [(0, 2, 1), (1, 3, 2), (1, 2, 3), (2, 3, 3), (2, 2, 4), (9, 9, 4), (0, 1, None), (1, 1, None), (0, 0, None)],
)
def test_a_share_amounts_to_a_level_and_never_to_the_fifth(met, of, level):
    """None, some, at least half, every one; fewer than two workloads show no pattern."""
    assert level_of(met, of) == level


def test_figures_of_the_portfolio_are_shown_as_they_are():
    """How long reviews take and when users were first heard, where that is known at all."""
    story = Story().begin_rollout()
    reviews = proposed("reviews-from-the-start", story)
    assert "6 of 6 reviews that were opened are concluded, 0 overdue." in reviews.text
    assert "days in the median." in reviews.text
    asked, figures = question("users-take-part"), whole([story])
    heard = structs.replace(figures, first_feedback_days=3.25)
    said = proposal_of(asked, [judged(story)], heard)
    assert said.text.endswith("The first feedback came 3.2 days after the beginning (one pilot).")
    unheard = proposal_of(asked, [judged(story)], structs.replace(figures, first_feedback_days=None))
    assert "The first feedback" not in unheard.text


def test_a_proposal_answers_nothing_and_a_question_without_criteria_has_none():
    """The open round stays empty whatever is proposed; an answer says whether it is the level proposed."""
    stories = [Story().begin_pilot(), named(Story().begin_rollout(), "live")]
    judgements, figures = [judged(story) for story in stories], whole(stories)
    found, asked = Assessed(), load("standard").assessment(READINESS)
    before = assessment_json(asked, found.standing.assessing, judgements, figures, stories[0].now)
    assert before.summary.answered == 0
    assert {one.id for one in before.questions if one.proposal is None} >= {"skills", "right-answers", "rules-for-use"}
    assert sum(one.proposal is not None for one in before.questions) >= len(before.questions) // 2
    found.does("eva", answer("one-owner", 4))
    found.does("eva", answer("sponsor-presence", 2))
    after = assessment_json(asked, found.standing.assessing, judgements, figures, stories[0].now)
    held = {one.id: one.as_proposed for one in after.questions}
    assert (held["one-owner"], held["sponsor-presence"], held["skills"]) == (True, False, None)
