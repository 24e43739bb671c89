"""Assessments on the record: answered and concluded in rounds, in a stream that is the organisation's own."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule
from msgspec import structs
from tests.record.assessed import MATURITY, READINESS, Assessed, answer, conclude, questions
from tests.record.stories import ROLES

from pilotage.playbook.loading import load
from pilotage.record import facts as f
from pilotage.record.assessing import AssessmentConcluded, asked_digest, criterion_named, scores_of
from pilotage.record.errors import Refused
from pilotage.record.facts import Recorded
from pilotage.record.fold import apply
from pilotage.record.organisation import (
    ORGANISATION_COMMANDS,
    ORGANISATION_PERMITTED,
    Organisation,
    fold_organisation,
)

ASKED = questions()


def readiness():
    """The questionnaire."""
    return load("standard").assessment(READINESS)


def test_the_first_answer_opens_a_round_and_another_replaces_it():
    """Until a round is concluded an answer may be put right, by whomever may answer."""
    found = Assessed()
    found.does("eva", answer("one-owner", 2))
    found.does("oli", answer("one-owner", 3))
    (standing,) = found.standing.assessing.answers(READINESS).values()
    assert (standing.fact.level, standing.stamp.by, standing.fact.round) == (3, "oli", 1)
    assert found.standing.assessing.answers(MATURITY) == {}
    assert found.standing.assessing.concluded(READINESS) == ()


def test_everything_wrong_with_an_answer_is_said_at_once():
    """A level that says everywhere without anything that shows it, a workload and a criterion that are not there."""
    found = Assessed()
    assert set(found.refusal("eva", answer("one-owner", 4, evidence=()))) == {"evidence-missing"}
    wrong = answer("astrology", 2, evidence=("nowhere/select.owner", "ticket-triage/harden.audit", "a talk"), base=7)
    problems = found.refusal("eva", wrong)
    assert set(problems) == {"overtaken", "unknown-question", "evidence-unknown", "unknown-criterion"}
    assert problems["unknown-question"].field == "question"
    assert "one-owner" in problems["unknown-question"].message
    assert problems["evidence-unknown"].field == "evidence"
    assert "nowhere" in problems["evidence-unknown"].message
    assert "ticket-triage is not asked for harden.audit" in problems["unknown-criterion"].message
    assert set(found.refusal("eva", answer("one-owner", assessment="astrology"))) == {"unknown-assessment"}
    assert set(found.refusal("sam", conclude("astrology"))) == {"unknown-assessment"}


def test_what_shows_an_answer_is_a_criterion_or_a_reference():
    """A workload's criterion is checked and can be followed; anything else is taken as it is said."""
    found = Assessed()
    found.does("eva", answer("one-owner", 4, evidence=("ticket-triage/select.owner", "the board's minutes, page 3/4")))
    (standing,) = found.standing.assessing.answers(READINESS).values()
    named = [criterion_named(one) for one in standing.fact.evidence]
    assert named == [("ticket-triage", "select.owner"), None]


def test_two_people_who_answer_at_once_lose_nothing():
    """Whoever saves on an older answer, or on none while there is one, is told; without a base nobody asks."""
    found = Assessed()
    found.does("eva", answer("one-owner", 2, base=0))
    position = found.standing.position
    found.does("oli", answer("one-owner", 3, base=position))
    assert set(found.refusal("eva", answer("one-owner", 1, base=position))) == {"overtaken"}
    assert set(found.refusal("eva", answer("one-owner", 1, base=0))) == {"overtaken"}
    found.does("eva", answer("one-owner", 1))


def test_the_same_answer_again_is_nothing_to_save():
    """Word for word the same is refused as such, so that the ledger does not say that somebody answered anew."""
    found = Assessed()
    found.does("eva", answer("one-owner"))
    assert set(found.refusal("oli", answer("one-owner"))) == {"no-change"}


def test_a_round_is_concluded_whole_and_on_what_was_read():
    """Every question has to be answered, and an answer that came in since the page was read is not passed over."""
    found = Assessed()
    for question in ASKED[:-1]:
        found.does("eva", answer(question))
    problems = found.refusal("sam", conclude(base=1))
    assert set(problems) == {"overtaken", "unanswered"}
    assert f"Not answered in this round yet: {ASKED[-1]}." in problems["unanswered"].message
    found.does("eva", answer(ASKED[-1]))
    found.does("sam", conclude(base=found.standing.position))
    (held,) = found.standing.assessing.concluded(READINESS)
    assert (held.concluded.stamp.by, held.concluded.fact.answered_by) == ("sam", ("eva",))
    assert found.standing.assessing.answers(READINESS) == {}


def test_a_concluded_round_keeps_its_answers_scores_and_what_was_asked():
    """Levels by question, the mean of each dimension and of the dimensions, who answered, and what was asked."""
    found = Assessed()
    found.round({"sponsor-presence": 5, "decisions-in-time": 4, "money-after-the-pilot": 1})
    fact = found.standing.assessing.concluded(READINESS)[0].concluded.fact
    assert isinstance(fact, AssessmentConcluded)
    assert fact.levels["sponsor-presence"] == 5
    assert list(fact.levels) == list(ASKED)
    assert fact.scores["leadership"] == pytest.approx(10 / 3)
    assert fact.scores["technology"] == 2.0
    assert fact.overall == pytest.approx((10 / 3 + 5 * 2) / 6)
    assert fact.answered_by == ("eva", "oli")
    assert fact.asked == asked_digest(readiness())


def test_rounds_follow_each_other_and_assessments_keep_apart():
    """The answer after a conclusion opens the next round, of that assessment alone."""
    found = Assessed()
    found.round()
    found.round(usual=3, assessment=MATURITY)
    found.later(days=90)
    found.round(usual=3)
    state = found.standing.assessing
    assert [one.concluded.fact.overall for one in state.concluded(READINESS)] == [2.0, 3.0]
    assert [one.concluded.fact.round for one in state.concluded(READINESS)] == [1, 2]
    assert (state.number(READINESS), state.number(MATURITY)) == (3, 2)
    first, second = state.concluded(READINESS)
    assert not first.is_old(found.now, 90)
    assert first.is_old(found.now, 89)
    assert not second.is_old(found.now, 0)


def test_a_question_that_is_asked_no_more_counts_for_nothing():
    """The playbook may change within a round: what it does not ask any more is neither needed nor scored."""
    found = Assessed()
    for question in ASKED:
        found.does("eva", answer(question, 1 if question == "skills" else 3))
    shorter = structs.replace(readiness(), questions=tuple(one for one in readiness().questions if one.id != "skills"))
    found.playbook = structs.replace(found.playbook, assessments=(shorter,))
    found.does("sam", conclude())
    (held,) = found.standing.assessing.concluded(READINESS)
    assert "skills" not in held.concluded.fact.levels
    assert "skills" not in held.answers
    assert held.concluded.fact.overall == 3.0
    assert held.concluded.fact.asked != asked_digest(readiness())


@pytest.mark.parametrize("name", ORGANISATION_COMMANDS)
@pytest.mark.parametrize("person", ROLES)
def test_who_may_give_which_command_about_the_organisation(name, person):
    """Everybody who may record may answer; owners, sponsors and administrators conclude; readers do neither."""
    found = Assessed()
    if name == "conclude_assessment":
        for question in ASKED:
            found.does("eva", answer(question))
    command = conclude() if name == "conclude_assessment" else answer("one-owner")
    if ROLES[person] & ORGANISATION_PERMITTED[name]:
        found.does(person, command)
        return
    (problem,) = found.refusal(person, command).items()
    assert problem[0] == "not-permitted"
    assert all(role in problem[1].message for role in ORGANISATION_PERMITTED[name])


def test_the_two_lists_are_these():
    """The cells of the permission matrix, word for word."""
    assert set(ORGANISATION_PERMITTED) == set(ORGANISATION_COMMANDS)
    assert {
        "answer_assessment": {"owner", "sponsor", "engineer", "operator", "reviewer", "admin"},
        "conclude_assessment": {"owner", "sponsor", "admin"},
    } == ORGANISATION_PERMITTED


def test_facts_of_one_stream_do_not_fold_in_the_other():
    """A workload's fact in the organisation's stream, or the other way round, is a broken ledger, and is said to be."""
    killed = Recorded(fact=f.Killed(reason="stop"), position=1, sequence=1, actor="ann", at=Assessed().now)
    with pytest.raises(ValueError, match="Killed at entry 1 is no fact about the organisation"):
        fold_organisation([killed])
    found = Assessed()
    found.does("eva", answer("one-owner"))
    proposed = f.Proposed(
        title="T",
        problem="Something is slow.",
        incumbent="people",
        cadence="standard",
        lane="low",
        demonstration=False,
        personal_data=False,
        outside_processor=False,
    )
    workload = apply(None, "triage", structs.replace(killed, fact=proposed))
    with pytest.raises(ValueError, match="AssessmentAnswered at entry 9 is no fact about a workload, and not triage's"):
        apply(workload, "triage", structs.replace(found.recorded[0], position=9, sequence=2))


def test_a_broken_order_is_not_folded():
    """A fact that is missing, repeated or of a round that is not open would make an organisation that never was."""
    found = Assessed()
    found.round()
    with pytest.raises(ValueError, match="cannot follow fact"):
        fold_organisation(found.recorded[1:])
    late = structs.replace(found.recorded[0], sequence=found.standing.sequence + 1, position=found.position + 1)
    with pytest.raises(ValueError, match="round 1 is not open, round 2 is"):
        fold_organisation([late], found.standing)
    changed = [*found.recorded[:-1], structs.replace(found.recorded[-1], fact=_with_level(found.recorded[-1].fact))]
    with pytest.raises(ValueError, match="not concluded on the answers that stand"):
        fold_organisation(changed)


def _with_level(fact):
    return structs.replace(fact, levels=fact.levels | {"skills": 5})


@settings(max_examples=60, deadline=None)
@given(levels=st.dictionaries(st.sampled_from(ASKED), st.integers(1, 5)))
def test_scores_are_the_means_of_the_levels(levels):
    """Whatever is answered: a dimension's score is the mean of its own answers, nothing answered gives none, and the
    overall score is the mean of the dimensions once each has one. Computed here in fractions, independently.
    """
    found, expected = scores_of(readiness(), levels), {}
    for dimension in readiness().dimensions:
        given_ = [Fraction(levels[one.id]) for one in readiness().questions_of(dimension.id) if one.id in levels]
        if given_:
            expected[dimension.id] = sum(given_) / len(given_)
    assert found.dimensions == pytest.approx({name: float(score) for name, score in expected.items()})
    if len(expected) == len(readiness().dimensions):
        assert found.overall == pytest.approx(float(sum(expected.values()) / len(expected)))
    else:
        assert found.overall is None


class AnyAssessing(RuleBasedStateMachine):
    """People answer and conclude in any order, allowed or not."""

    def __init__(self) -> None:
        super().__init__()
        self.found = Assessed()
        self.held = ()
        self.refused_unchanged = True

    @rule(person=st.sampled_from(sorted(ROLES)), question=st.sampled_from(ASKED), level=st.integers(1, 5))
    def answers(self, person, question, level):
        """Somebody answers one question."""
        self._try(person, answer(question, level))

    @rule(level=st.integers(1, 5))
    def answers_the_rest(self, level):
        """Somebody answers whatever is open."""
        given_ = self.found.standing.assessing.answers(READINESS)
        for question in ASKED:
            if question not in given_:
                self.found.does("eva", answer(question, level))

    @rule(person=st.sampled_from(sorted(ROLES)), base=st.none() | st.integers(0, 40))
    def concludes(self, person, base):
        """Somebody concludes, on what they read."""
        self._try(person, conclude(base=base))

    @precondition(lambda self: len(self.found.standing.assessing.answers(READINESS)) == len(ASKED))
    @rule()
    def concludes_well(self):
        """The sponsor concludes a round that is whole."""
        self.found.does("sam", conclude(base=max(self.found.position, 0)))

    def _try(self, person, command):
        before = self.found.standing
        try:
            self.found.does(person, command)
        except Refused:
            self.refused_unchanged = self.found.standing is before

    @invariant()
    def concluded_rounds_never_change(self):
        """Every round that stood stands unchanged, and none is skipped."""
        rounds = self.found.standing.assessing.concluded(READINESS)
        assert rounds[: len(self.held)] == self.held
        assert [one.concluded.fact.round for one in rounds] == list(range(1, len(rounds) + 1))
        self.held = rounds

    @invariant()
    def scores_are_those_of_the_answers(self):
        """What is frozen is what the answers come to, each round whole."""
        for one in self.held:
            levels = {question: standing.fact.level for question, standing in one.answers.items()}
            fact, expected = one.concluded.fact, scores_of(readiness(), levels)
            assert fact.levels == levels
            assert set(levels) == set(ASKED)
            assert (fact.scores, fact.overall) == (expected.dimensions, expected.overall)
            assert fact.answered_by == tuple(sorted({standing.stamp.by for standing in one.answers.values()}))

    @invariant()
    def what_is_refused_changes_nothing(self):
        """A refusal leaves everything as it was."""
        assert self.refused_unchanged

    @invariant()
    def it_is_the_fold_of_its_facts(self):
        """Folded in one go it is the same organisation."""
        assert fold_organisation(self.found.recorded) == self.found.standing


TestAnyAssessing = AnyAssessing.TestCase
TestAnyAssessing.settings = settings(max_examples=25, stateful_step_count=20, deadline=None)


def test_before_the_first_fact_there_is_an_organisation_without_answers():
    """Nothing on record is nothing answered, no error."""
    assert fold_organisation([]) == Organisation()
    assert Organisation().assessing.concluded(READINESS) == ()
