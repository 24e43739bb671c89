"""`pilotage assessments` and `organisation`: answered, concluded and read in the terminal."""

from __future__ import annotations

from tests.record.assessed import READINESS, questions


def answered(terminal, username, question, level="2", *more):
    """Somebody answers a question."""
    return terminal.run_as(
        username, "organisation", "answer-assessment", "--assessment", READINESS, "--question", question,
        "--level", level, "--statement", f"{username} talked it over with the team.", *more,
    )  # fmt: skip


def test_a_round_is_answered_concluded_and_read(terminal):
    """Answers by name, a conclusion that needs every one of them, and the scores with what the next level needs."""
    terminal.settle_triage()
    empty = terminal.run("assessments")
    assert empty.code == 0, empty.err
    assert "organisation-readiness" in empty.out
    assert "never" in empty.out
    ran = answered(terminal, "yuki", "one-owner", "4", "--evidence", "ticket-triage/select.owner")
    assert (ran.code, ran.err) == (0, "")
    assert ran.out.startswith("organisation: assessment_answered at ")
    early = terminal.run_as(
        "tomas", "organisation", "conclude-assessment", "--assessment", READINESS, "--statement", "Ready for one."
    )
    assert early.code == 2
    assert "Not answered in this round yet: sponsor-presence" in early.err
    one = terminal.run("assessments", READINESS)
    assert "Open: round 1, 1 of 14 answered." in one.out
    assert "level 4  Every workload has one" in one.out
    assert "Yuki: yuki talked it over with the team." in one.out
    assert "shown by ticket-triage/select.owner (" in one.out
    assert "not answered in this round" in one.out
    for question in questions():
        if question != "one-owner":
            assert answered(terminal, "imke", question).code == 0
    closed = terminal.run_as(
        "tomas", "organisation", "conclude-assessment", "--assessment", READINESS, "--statement", "Ready for one."
    )
    assert closed.code == 0, closed.err
    told = terminal.run("assessments", READINESS)
    assert "round 1 " in told.out
    assert "People: 2.7" in told.out
    assert "skills, level 2, needs: Let the same team take one workload all the way to users" in told.out
    assert terminal.run("assessments", READINESS, "--json").json["rounds"][0]["scores"]["people"] > 2.6
    assert "Organisation readiness: 2.1 of 5" in terminal.run("intake").out


def test_intake_says_that_readiness_was_never_assessed(terminal):
    """Before anything is chosen the terminal says that nobody has asked whether the organisation is ready."""
    terminal.settle_triage()
    assert "Organisation readiness. It was never assessed." in terminal.run("intake").out


def test_what_is_wrong_is_said_before_and_after_it_is_sent(terminal):
    """Levels beyond the scale are refused by their type, unknown assessments and questions by the record."""
    terminal.settle()
    beyond = answered(terminal, "yuki", "skills", "6")
    assert beyond.code == 2
    assert "at most 5" in beyond.err
    assert "asks no astrology" in answered(terminal, "yuki", "astrology").err
    assert "There is no assessment astrology" in terminal.run("assessments", "astrology").err
    ada = answered(terminal, "marc", "skills", "4")
    assert "name what shows it" in ada.err


def test_every_command_about_the_organisation_explains_itself(terminal):
    """The group lists its commands, and each says who it is for."""
    terminal.settle()
    listed = terminal.run("organisation", "--help")
    assert "answer-assessment" in listed.out
    assert "conclude-assessment" in listed.out
    assert "For: admin, owner, sponsor." in terminal.run("organisation", "conclude-assessment", "--help").out
