"""What the desk's people say of their organisation: every question, by people who may, with what shows it."""

from __future__ import annotations

import pytest
from tests.server.cast import enrol, open_here
from tests.server.served import serving

from pilotage.demo.assessing import MATURITY, READINESS, ROUNDS, _shown, assess
from pilotage.demo.cast import CAST, OWNER, PROBLEMS, SLUG, SPONSOR
from pilotage.demo.stage import Account, Stage
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


def test_the_people_record_their_rounds_through_the_interface(tmp_path):
    """Each with their own account; interrupted, they go on where the record stands; once done, they write no more."""
    home, words = tmp_path / "home", []
    workspace = open_here(home, demonstration=True)
    accounts = {}
    for person in CAST:
        made = enrol(workspace, person.username, roles=person.roles, scopes={"read", "command"})
        accounts[person.username] = Account(person=made.person, password=made.password, token=made.token)
    workspace.close()
    with serving(home, demonstration=True) as server:
        stage = Stage(server.url, accounts, words.append, slug=SLUG)
        first = ROUNDS[READINESS].answers["skills"]
        given = {"assessment": READINESS, "question": "skills", "level": first.level, "statement": first.statement}
        stage.does_for_organisation(first.person, "answer_assessment", given, note="")
        assess(stage, READINESS)
        proposal = {"title": PROBLEMS[0].title, "problem": PROBLEMS[0].problem, "incumbent": PROBLEMS[0].incumbent}
        stage.does(OWNER, "propose", proposal | {"demonstration": True}, note="")
        assess(stage, MATURITY)
        before = stage.reads(OWNER, "/ledger/verify")["entries"]
        for assessment, told in ROUNDS.items():
            assess(stage, assessment)
            (held,) = stage.reads(OWNER, f"/assessments/{assessment}")["rounds"]
            people = {stage.id_of(judged.person) for judged in told.answers.values()}
            assert set(held["answered_by"]) == people
            assert held["levels"] == {question: judged.level for question, judged in told.answers.items()}
            assert held["concluded"]["by"] == stage.id_of(SPONSOR)
        assert stage.reads(OWNER, "/ledger/verify")["entries"] == before
        stage.close()
    assert [word for word in words if "concludes" in word] == [
        f"{SPONSOR.name} concludes the organisation readiness, on the answers of 6 people",
        f"{SPONSOR.name} concludes the LLM-operations maturity, on the answers of 6 people",
    ]
