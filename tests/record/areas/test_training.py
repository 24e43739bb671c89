from __future__ import annotations

import datetime as dt

import pytest
from msgspec import structs
from tests.record.stories import START, Story, release, training

from pilotage.record import commands as c
from pilotage.record.areas.change import NameAudience
from pilotage.record.areas.readiness import TrainingRules, prepared, required, rules_of, untrained
from pilotage.record.areas.training import DropLearner, RecordCompletion, RecordCompletions, SayWhatPeopleSee

TODAY = START.date()
RULES = TrainingRules()
WHY = "Because it is time to do it."


def completion(learner: str = "p-0", day: dt.date = TODAY, **changes: str) -> RecordCompletion:
    """One completion of the introduction."""
    given = {"learner": learner, "audience": "berlin", "module": "intro", **changes}
    return RecordCompletion(**given, completed_on=day)


def told(completed: int = 10) -> Story:
    """A pilot whose cohort berlin has ten people, of whom so many are trained."""
    story = Story().begin_pilot().clear()
    for number in range(completed, 10):
        story.does("oli", DropLearner(learner=f"p-{number}", audience="berlin", why="mistaken"))
    return story


def lacking(story: Story, *cohorts: str, exposed: bool = False) -> tuple[str, ...]:
    """Why cohorts may not be exposed, or not any longer if they are since the story's start."""
    since = START if exposed else None
    return untrained(story.standing, cohorts, rules_of(story.playbook), story.now, exposed_since=since)


def test_a_completion_is_recorded_once():
    """The same completion again is refused as known; a later one of the same learner counts from its day."""
    story = told(completed=9)
    story.does("oli", completion("p-9"))
    assert "no-change" in story.refusal("oli", completion("p-9"))
    story.wait(days=2)
    story.does("oli", completion("p-9", TODAY + dt.timedelta(days=1)))
    held = story.standing.training.held("berlin", "intro")["p-9"]
    assert held.fact.completed_on == TODAY + dt.timedelta(days=1)


def test_a_batch_passes_over_what_is_known():
    """Sending a batch again with one more line records that line alone."""
    story = told(completed=8)
    lines = tuple(f"p-{number}, berlin, intro, {TODAY}" for number in range(9))
    (fact,) = story.does("oli", RecordCompletions(completions=lines))
    assert [one.learner for one in fact.completions] == ["p-8"]
    assert "no-change" in story.refusal("oli", RecordCompletions(completions=lines))


def test_every_bad_line_of_a_batch_is_named():
    """A batch with bad lines is refused whole, and each bad line is named with what is wrong."""
    story = told(completed=8)
    lines = ("anna@example.org, berlin, intro, 2026-03-02", "p-8, berlin, intro, 2026-02-30")
    found = story.problems("oli", RecordCompletions(completions=lines))
    assert [(one.code, one.field) for one in found] == [
        ("not-a-completion", "completions[0]"),
        ("not-a-completion", "completions[1]"),
    ]
    lines = ("p-8, roof, intro, 2026-03-02", "p-9, berlin, dance, 2026-03-02", "p-9, berlin, intro, 2026-03-09")
    found = story.problems("oli", RecordCompletions(completions=lines))
    assert [(one.code, one.field) for one in found] == [
        ("unknown-audience", "completions[0]"),
        ("unknown-module", "completions[1]"),
        ("not-yet", "completions[2]"),
    ]


def test_a_name_is_no_learner():
    """What could name a person in the ledger for ever is refused: an address, a name with a space."""
    for learner in ("anna@example.org", "Anna Berg"):
        assert "out-of-bounds" in told().refusal("oli", completion(learner))


def test_there_are_no_more_learners_than_people():
    """More completions than people mean that one of the numbers is wrong, so that no share can be had."""
    found = told().refusal("oli", completion("p-10"))
    assert "correct the number of people" in found["more-than-people"].message


def test_only_who_is_on_the_record_can_be_dropped():
    """A learner without a completion cannot be dropped."""
    story = told()
    assert "unknown-learner" in story.refusal("oli", DropLearner(learner="p-77", audience="berlin", why="left"))


@pytest.mark.parametrize(("completed", "ready"), [(8, False), (9, True), (10, True)])
def test_a_cohort_is_ready_from_the_required_share_on(completed, ready):
    """Of ten people nine have to be trained at a share of 0.9; a learner counts once every module is completed."""
    story = told(completed=completed)
    assert (lacking(story, "berlin") == ()) is ready
    (one,) = prepared(story.standing, RULES, story.now)
    assert (one.trained, one.needed, one.is_ready) == (completed, 9, ready)


def test_a_learner_is_trained_once_every_module_is_completed():
    """With a second module required, nobody is ready before completing both."""
    story = told()
    story.does("ann", training(id="night", title="At night"))
    assert "0 of 10 people completed Introduction, At night; 9 are needed." in lacking(story, "berlin")[0]
    story.does("oli", RecordCompletions(completions=tuple(f"p-{n}, berlin, night, {TODAY}" for n in range(9))))
    assert lacking(story, "berlin") == ()


def test_a_cohort_that_nobody_named_is_not_trained():
    """A cohort without an audience is refused by name, and so is everybody while nobody is named."""
    story = told()
    assert lacking(story, "berlin", "rome") == ("No audience is exposed as cohort rome; name who is in it.",)
    story.does("ann", NameAudience(id="berlin", title="Desk berlin", people=0, cohort="berlin"))
    assert "No audience that sees the answers is named" in lacking(story)[0]


def test_everybody_is_every_audience_that_sees_answers():
    """Exposing everybody asks for every audience that sees answers, and leaves out who only has to know."""
    story = told()
    story.does("ann", NameAudience(id="guests", title="Guests", people=4000, sees_answers=False))
    assert lacking(story) == ()
    story.does("ann", NameAudience(id="rome", title="Desk rome", people=3))
    assert "Desk rome: 0 of 3" in lacking(story)[0]
    assert lacking(story, "berlin") == ()


def test_a_release_that_changes_nothing_visible_keeps_the_training():
    """A newer release asks for a word on what people see before the older one's training counts for it."""
    story = told()
    story.does("eva", release("r2", "cd" * 32))
    assert "nobody said whether it changes" in lacking(story, "berlin")[0]
    story.does("eva", SayWhatPeopleSee(release="r2", changes=True, explanation=WHY))
    assert "changes what people see, and no training" in lacking(story, "berlin")[0]
    story.does("eva", SayWhatPeopleSee(release="r2", changes=False, explanation=WHY))
    assert lacking(story, "berlin") == ()


def test_a_newer_release_with_training_asks_for_a_refresher():
    """Once a module is about a newer release, completions about the older one count no more when it runs."""
    story = told()
    story.does("eva", release("r2", "cd" * 32))
    story.does("ann", training(id="news", title="What is new", release="r2"))
    assert "0 of 10 people completed What is new" in lacking(story, "berlin")[0]
    story.does("ann", training(release="r2"))
    assert [module.id for module in required(story.standing)] == ["intro", "news"]
    assert "0 of 10" in lacking(story, "berlin")[0]


def test_training_may_come_before_its_release_runs():
    """While the older release runs its own training counts, whatever is prepared for the next."""
    story = told()
    story.does("ann", c.DeclareForEvaluation(release="r1"))
    story.does("eva", release("r2", "cd" * 32))
    story.does("ann", training(id="news", release="r2"))
    assert lacking(story, "berlin") == ()


def test_a_completion_grows_old():
    """A completion counts for its module's days, and the playbook's where the module names none."""
    story = told()
    (one,) = prepared(story.standing, RULES, story.now)
    assert one.holds_until.date() == TODAY + dt.timedelta(days=365)
    story.does("ann", training(valid_days=30))
    story.wait(days=29)
    assert lacking(story, "berlin") == ()
    story.wait(days=1)
    assert "0 of 10" in lacking(story, "berlin")[0]
    assert lacking(story, "berlin", exposed=True) == ()
    story.wait(days=14)
    assert "0 of 10" in lacking(story, "berlin", exposed=True)[0]


def test_newcomers_are_trained_within_the_days_of_grace():
    """Who is exposed keeps the answers for two weeks when the audience grows; who is not, waits for the training."""
    story = told()
    story.wait(days=60)
    story.does("ann", NameAudience(id="berlin", title="Desk berlin", people=20, cohort="berlin"))
    assert "10 of 20" in lacking(story, "berlin")[0]
    story.wait(days=13)
    assert lacking(story, "berlin", exposed=True) == ()
    story.wait(days=2)
    assert "10 of 20" in lacking(story, "berlin", exposed=True)[0]


def test_who_left_is_borne_with_and_a_mistake_is_not():
    """A trained person who leaves gives the others two weeks; a completion recorded by mistake never counted."""
    story = told(completed=9)
    story.wait(days=60)
    story.does("oli", DropLearner(learner="p-0", audience="berlin", why="left"))
    assert lacking(story, "berlin", exposed=True) == ()
    assert "8 of 10" in lacking(story, "berlin")[0]
    story.does("oli", DropLearner(learner="p-1", audience="berlin", why="mistaken"))
    assert "7 of 10" in lacking(story, "berlin", exposed=True)[0]


def test_a_new_audience_and_new_training_leave_those_exposed_some_time():
    """An audience named today, or a module required today, does not take the answers from everybody at once."""
    story = told()
    story.wait(days=60)
    story.does("ann", NameAudience(id="rome", title="Desk rome", people=3))
    story.does("ann", training(id="night", title="At night"))
    assert lacking(story)
    assert lacking(story, exposed=True) == ()
    story.wait(days=15)
    assert len(lacking(story, exposed=True)) == 2


def test_a_playbook_may_ask_for_more():
    """The share, the days and the grace are the playbook's."""
    story = told(completed=9)
    criterion = structs.replace(story.playbook.criterion("deploy.training"), params={"share_min": 1.0})
    phases = tuple(
        structs.replace(phase, criteria=tuple(criterion if one.id == criterion.id else one for one in phase.criteria))
        for phase in story.playbook.phases
    )
    story.playbook = structs.replace(story.playbook, phases=phases)
    assert "9 of 10 people completed Introduction; 10 are needed." in lacking(story, "berlin")[0]
