"""Classifying what an answer can do to people, and the lane that follows."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.record.stories import Story, classified, proposal

from pilotage.playbook.loading import load
from pilotage.record import commands as c
from pilotage.record.areas.classifying import LANES, RISKS, ClassifyRisk
from pilotage.record.errors import Refused

ANSWERS = st.fixed_dictionaries(dict.fromkeys(RISKS, st.sampled_from(LANES)))


@given(ANSWERS)
def test_the_strictest_answer_decides(answers):
    """Whatever the other answers say, one strict answer puts the workload into its lane."""
    story = Story().propose()
    story.does("ann", ClassifyRisk(**answers))
    expected = max(answers.values(), key=LANES.index)
    assert story.standing.lane == expected
    deciding = story.standing.risk.classified.fact.deciding
    assert deciding == tuple(risk for risk in RISKS if answers[risk] == expected)


def test_nobody_enters_the_low_lane_by_asking():
    """A proposal for the low lane is refused and says what to do; the answers lead there."""
    story = Story()
    with pytest.raises(Refused) as refused:
        story.does("ann", proposal(lane="low"))
    assert [problem.code for problem in refused.value.problems] == ["lane-unclassified"]
    story.propose()
    assert story.standing.lane == "standard"
    story.does("ann", classified("low"))
    assert story.standing.lane == "low"


def test_the_low_lane_asks_for_at_most_twenty_criteria():
    """Classified as harmless, a workload is asked for the playbook's twenty; unclassified or worse, for all."""
    story = Story().propose()
    everything = sum(len(phase.criteria) for phase in load("standard").phases)
    assert len(story.verdicts()) == everything
    story.does("ann", classified("low"))
    assert len(story.verdicts()) == 20
    story.does("ann", classified("high"))
    assert len(story.verdicts()) == everything


def test_while_choosing_the_lane_may_become_laxer():
    """Before the problem is chosen, better answers replace worse ones."""
    story = Story().propose()
    story.does("ann", classified("high"))
    story.does("ann", classified("standard"))
    assert story.standing.lane == "standard"


def test_after_the_choice_the_lane_only_becomes_stricter():
    """In the pilot, laxer answers are refused with what to do, equal and stricter ones are taken."""
    story = Story().begin_pilot()
    with pytest.raises(Refused) as refused:
        story.does("ann", classified("low"))
    assert [problem.code for problem in refused.value.problems] == ["lane-laxer"]
    assert story.standing.lane == "standard"
    story.does("ann", classified("standard"))
    story.does("ann", classified("high"))
    assert story.standing.lane == "high"
    with pytest.raises(Refused):
        story.does("ann", classified("standard"))


def test_back_at_the_choice_it_may_become_laxer_again():
    """Going back to the choice opens the lane, since the work may be another now."""
    story = Story().begin_pilot()
    story.does("ann", c.GoBack(to_phase="select", reason="The work is another one."))
    story.does("ann", classified("low"))
    assert story.standing.lane == "low"


def test_two_people_who_classify_at_once_lose_nothing():
    """The second one is told that somebody classified meanwhile."""
    story = Story().propose()
    story.does("ann", classified("standard"))
    command = classified("high")
    stale = type(command)(**{**{risk: getattr(command, risk) for risk in RISKS}, "base": 0})
    with pytest.raises(Refused) as refused:
        story.does("ann", stale)
    assert [problem.code for problem in refused.value.problems] == ["overtaken"]


@pytest.mark.parametrize("name", ["standard", "ninety-day"])
def test_every_shipped_playbook_words_every_answer(name):
    """Each question has an answer of its own for each lane."""
    risks = load(name).risks
    assert tuple(risk.id for risk in risks) == RISKS
    for risk in risks:
        assert len({risk.answer(lane) for lane in LANES}) == len(LANES)
