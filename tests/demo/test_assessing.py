"""What the desk's people say of their organisation: every question, by people who may, with what shows it."""

from __future__ import annotations

import pytest

from pilotage.demo.assessing import ROUNDS, _shown
from pilotage.demo.cast import SLUG, SPONSOR
from pilotage.playbook.loading import load
from pilotage.record.assessing import SHOWN_FROM, criterion_named
from pilotage.record.organisation import ORGANISATION_PERMITTED


class Named:
    """A stage of which only the workload's name is asked."""

    slug = SLUG


@pytest.mark.parametrize("assessment", [one.id for one in load("standard").assessments])
def test_every_question_is_answered_by_somebody_who_may(assessment):
    """Nothing is left out or made up, several people answer, and a level that says everywhere names what shows it."""
    asked, told = load("standard").assessment(assessment), ROUNDS[assessment]
    assert set(told.answers) == {one.id for one in asked.questions}
    assert len({judged.person.username for judged in told.answers.values()}) >= 4
    for question, judged in told.answers.items():
        assert ORGANISATION_PERMITTED["answer_assessment"] & set(judged.person.roles), question
        assert judged.level < SHOWN_FROM or judged.shown, question
    assert ORGANISATION_PERMITTED["conclude_assessment"] & set(SPONSOR.roles)


def test_what_shows_an_answer_is_the_workload_s_or_elsewhere():
    """A criterion is named as the workload's, and is one of the method; a reference stays as it is said."""
    known = {line.id for phase in load("standard").phases for line in phase.criteria}
    assert (
        _shown(Named, "the tower's log, and the monthly check of it") == "the tower's log, and the monthly check of it"
    )
    for told in ROUNDS.values():
        for judged in told.answers.values():
            for shown in (_shown(Named, one) for one in judged.shown):
                named = criterion_named(shown)
                assert named is None or (named[0] == SLUG and named[1] in known)
    assert criterion_named(_shown(Named, "pilot.release")) == (SLUG, "pilot.release")
