"""Is the change planned, are people trained, were they told; and what that does to the exposure."""

from __future__ import annotations

import datetime as dt

import pytest
from msgspec import structs
from tests.record.stories import Story, release

from pilotage.record import commands as c
from pilotage.record.areas.change import NameAudience, PlanStream, TellAudience
from pilotage.record.areas.training import DropLearner, RecordCompletions

WHY = "Because it is time to do it."


def planned(story: Story, stream: str, *, days: int = 30, progress: str = "planned") -> None:
    """A stream is planned for the trained cohort."""
    due = story.now.date() + dt.timedelta(days=days)
    plan = PlanStream(stream=stream, plan=WHY, owner="oli", due_on=due, audiences=("berlin",), progress=progress)
    story.does("ann", plan)


def test_every_stream_needs_a_plan():
    """The plan for the people is met once each stream of the playbook has one; those missing are named."""
    story = Story().begin_pilot()
    ids = [stream.id for stream in story.playbook.streams]
    for stream in ids[:-1]:
        planned(story, stream)
    assert story.verdict("harden.change-plan").verdict == "unmet"
    assert "No plan for: Communication." in story.verdict("harden.change-plan").reason
    planned(story, ids[-1])
    verdict = story.verdict("harden.change-plan")
    assert verdict.verdict == "met"
    assert [item.figure for item in verdict.evidence][:1] == ["Training, due"]


def test_a_stream_past_its_day_reopens_the_plan():
    """A plan whose day has passed undone is no plan; who sees to the stream is asked to act."""
    story = Story().begin_pilot()
    for stream in story.playbook.streams:
        planned(story, stream.id, days=30)
    planned(story, "roles", days=3)
    story.wait(days=4)
    verdict = story.verdict("harden.change-plan")
    assert (verdict.verdict, verdict.next.by) == ("unmet", "oli")
    assert "Roles" in verdict.reason
    planned(story, "roles", days=3, progress="done")
    assert story.verdict("harden.change-plan").verdict == "met"


def test_nobody_named_is_nobody_trained():
    """Without an audience that sees answers training is pending, and says whom to name."""
    story = Story().propose()
    verdict = story.verdict("deploy.training")
    assert (verdict.verdict, verdict.next.action[:18]) == ("pending", "Name the audiences")
    assert story.verdict("deploy.communication").verdict == "pending"


def test_training_is_met_with_the_share_of_every_audience():
    """The verdict shows each audience's share, and lapses on the day on which too few are trained."""
    story = Story().begin_pilot()
    verdict = story.verdict("deploy.training")
    assert verdict.verdict == "met"
    assert [(item.figure, item.value, item.n) for item in verdict.evidence] == [("share trained: Desk berlin", 1.0, 10)]
    assert verdict.valid_until.date() == story.now.date() + dt.timedelta(days=365)
    story.does("ann", NameAudience(id="rome", title="Desk rome", people=4, cohort="rome"))
    assert story.verdict("deploy.training").verdict == "unmet"


def test_everybody_concerned_is_told():
    """Communication is met once each audience heard of it; those who did not are named."""
    story = Story().begin_pilot()
    story.does("ann", NameAudience(id="guests", title="Guests", people=900, sees_answers=False))
    told = {"changes": WHY, "told_on": story.now.date(), "channel": "letter"}
    story.does("ann", TellAudience(audience="berlin", **told))
    assert "Not told yet: Guests." in story.verdict("deploy.communication").reason
    story.does("ann", TellAudience(audience="guests", **told))
    assert story.verdict("deploy.communication").verdict == "met"


def test_what_was_told_of_another_release_counts_no_more():
    """Another release that is declared, and a step back over the roll-out, ask for everybody to be told again; a day of
    telling that lies before them does not count.
    """
    story = Story().begin_evaluation()
    told = TellAudience(audience="berlin", changes=WHY, told_on=story.now.date(), channel="letter")
    story.does("ann", told)
    assert story.verdict("deploy.communication").verdict == "met"
    story.wait(days=1)
    story.does("eva", release("r2", "cd" * 32))
    story.does("ann", c.DeclareForEvaluation(release="r2"))
    again = story.verdict("deploy.communication")
    assert again.verdict == "unmet"
    assert "before this release was declared" in again.reason
    story.does("ann", told)
    assert story.verdict("deploy.communication").verdict == "unmet", "it is written down now, but they heard it before"
    story.does("ann", structs.replace(told, told_on=story.now.date()))
    assert story.verdict("deploy.communication").verdict == "met"
    story = Story().begin_rollout()
    story.does("ann", structs.replace(told, told_on=story.now.date()))
    assert story.verdict("deploy.communication").verdict == "met"
    story.wait(days=1)
    story.does("ann", c.GoBack(to_phase="harden", reason="The load was not what we thought."))
    assert story.verdict("deploy.communication").verdict == "unmet"


def test_a_cohort_short_of_training_is_not_exposed():
    """Suggesting to a cohort whose share is short is refused, also in the pilot, and the ceiling says why."""
    story = Story().begin_pilot().clear().train("rome", people=4, completed=3)
    assert story.ceiling().cohorts == ("berlin",)
    refused = story.refusal("ann", c.Expose(mode="suggest", percent=50, cohorts=("berlin", "rome"), reason=WHY))
    assert "Desk rome: 3 of 4 people completed Introduction; 4 are needed." in refused["untrained"].message
    story.does("ann", c.Expose(mode="suggest", percent=50, cohorts=("berlin",), reason=WHY))
    assert story.exposed() == ("suggest", 50.0, ("berlin",))


def test_nobody_trained_holds_the_ceiling_at_shadow():
    """With no trained cohort at all the most that is allowed is shadow."""
    story = Story().begin_pilot().clear()
    for number in range(3):
        story.does("oli", DropLearner(learner=f"p-{number}", audience="berlin", why="mistaken"))
    assert story.ceiling().mode == "shadow"
    assert "Nobody is exposed before being trained. Desk berlin: 7 of 10" in story.ceiling().reasons[0]


def test_live_to_everybody_asks_for_every_audience():
    """In the roll-out live to everybody waits for every audience, and live to a trained cohort does not."""
    story = Story().begin_rollout().attest_all("deploy").waive_open("deploy").train("rome", people=4, completed=0)
    everybody = story.refusal("oli", c.Expose(mode="live", percent=5, reason=WHY))
    assert "Desk rome: 0 of 4" in everybody["untrained"].message
    assert "untrained" in story.refusal("oli", c.Expose(mode="live", percent=5, cohorts=("oslo",), reason=WHY))
    story.does("oli", c.Expose(mode="live", percent=5, cohorts=("berlin",), reason=WHY))
    assert story.exposed() == ("live", 5.0, ("berlin",))


@pytest.mark.parametrize(("days", "mode"), [(364, "suggest"), (378, "suggest"), (379, "shadow")])
def test_training_that_grows_old_takes_the_answers_back_after_its_grace(days, mode):
    """A cohort whose training has lapsed keeps its answers for the days of grace, and then sees none."""
    story = Story().begin_pilot().clear()
    story.does("ann", c.Expose(mode="suggest", percent=50, cohorts=("berlin",), reason=WHY))
    clearances = story.standing.clearances
    story.wait(days=days)
    story.workload = _kept_open(story, clearances)
    assert story.exposed()[0] == mode


def _kept_open(story: Story, clearances):
    """The clearances given again and the decision put off: not what this is about."""
    story.playbook = structs.replace(
        story.playbook, pilot=structs.replace(story.playbook.pilot, decision_grace_days=9999)
    )
    again = {
        area: structs.replace(one, stamp=structs.replace(one.stamp, at=story.now)) for area, one in clearances.items()
    }
    return structs.replace(story.standing, clearances=again)


def test_trained_again_the_answers_come_back():
    """What training took back returns with it: the exposure asked for stands, and the ceiling lets it through."""
    story = Story().begin_pilot().clear()
    story.does("ann", c.Expose(mode="suggest", percent=50, cohorts=("berlin",), reason=WHY))
    for number in range(2):
        story.does("oli", DropLearner(learner=f"p-{number}", audience="berlin", why="mistaken"))
    assert story.exposed() == ("shadow", 0.0, ())
    day = story.now.date()
    story.does("oli", RecordCompletions(completions=(f"p-20, berlin, intro, {day}", f"p-21, berlin, intro, {day}")))
    assert story.exposed() == ("suggest", 50.0, ("berlin",))


def test_training_cannot_be_waived():
    """No two signers set the training of a cohort aside."""
    story = Story().begin_rollout()
    waiver = c.Waive(criterion="deploy.training", reason="They will learn it on the job.", expires_on=story.now.date())
    assert "not-waivable" in story.refusal("ann", waiver)


def test_another_release_asks_whether_it_shows():
    """A release that replaces the one people were trained for is not shown before somebody says what it changes."""
    story = Story().begin_pilot().clear()
    story.does("eva", release("r2", "cd" * 32))
    refused = story.problems("ann", c.Expose(mode="suggest", percent=50, cohorts=("berlin",), reason=WHY))
    assert any("nobody said whether it changes what people see" in one.message for one in refused)
