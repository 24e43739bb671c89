from __future__ import annotations

import datetime as dt

import pytest
from msgspec import structs
from tests.record.stories import START, Story, measured_well

from pilotage.evidence.measurements import Asking, FeedbackSeen
from pilotage.record import commands as c
from pilotage.record import facts as f
from pilotage.record.areas import feedback as fb

CALL = "ab" * 16
OTHER = "cd" * 16


def judged(story: Story, criterion: str) -> tuple[str, str]:
    """The verdict and its reason."""
    verdict = story.verdict(criterion)
    return verdict.verdict, verdict.reason


def talk(number: int, **changes) -> fb.RecordInterview:
    """A talk with a user."""
    one = fb.RecordInterview(
        id=f"talk-{number}", asked="Early shift", held_on=START.date(), helped="yes", use_again="yes"
    )
    return structs.replace(one, **changes)


def seen(story: Story, **changes) -> None:
    """What users said, as the test states it."""
    told = structs.replace(measured_well(story.now).feedback, **changes)
    story.measurements = structs.replace(measured_well(story.now), feedback=told)


def test_users_are_asked_before_the_decision():
    """Too few talks are pending; enough of them, with enough pairs judged blind, is met and says what they said."""
    story = Story().begin_evaluation().judge_pairs()
    for number in range(4):
        story.does("ann", talk(number))
    assert judged(story, "evaluate.user-feedback")[0] == "pending"
    assert "4 of 5 talks" in story.verdict("evaluate.user-feedback").reason
    story.does("ann", talk(5, helped="no", use_again="no"))
    verdict, reason = judged(story, "evaluate.user-feedback")
    assert verdict == "met"
    assert reason.startswith("5 users were asked: it helped 4, and 4 would use it again.")
    assert "Of 20 pairs, the candidate's answer was preferred in 14" in reason


def test_where_nobody_saw_answers_pairs_are_judged_blind():
    """With shadow alone, talks do not suffice: pairs have to be judged, of the attempt that runs."""
    story = Story().begin_evaluation()
    for number in range(5):
        story.does("ann", talk(number))
    story.judge_pairs(("candidate",) * 19)
    assert judged(story, "evaluate.user-feedback")[0] == "pending"
    assert "19 of 20 pairs" in story.verdict("evaluate.user-feedback").reason
    story.judge_pairs(("candidate",) * 20)
    assert judged(story, "evaluate.user-feedback")[0] == "met"
    story.does("eva", structs.replace(_release(), name="r2", digest="cd" * 32))
    story.does("ann", c.DeclareForEvaluation(release="r2"))
    assert "0 of 20 pairs" in story.verdict("evaluate.user-feedback").reason


def _release() -> c.RegisterRelease:
    return c.RegisterRelease(
        name="r", digest="ab" * 32, code_revision="1", environment="lock", model="m", data_source="desk"
    )


@pytest.mark.parametrize(("known", "counted", "verdict"), [(20, 30, "met"), (19, 30, "pending"), (30, 19, "pending")])
def test_where_people_saw_answers_it_is_known_what_they_did(known, counted, verdict):
    """After suggestions, overrides and ratings count, and only those of traffic that counts; blind pairs do not."""
    story = Story().begin_evaluation().judge_pairs()
    story.record(f.ExposureSet(mode="suggest", percent=0, cohorts=("berlin",), reason="Some see it."), "oli")
    for number in range(5):
        story.does("ann", talk(number))
    seen(story, judged=known)
    traffic = structs.replace(story.measurements.traffic, feedback=counted)
    story.measurements = structs.replace(story.measurements, traffic=traffic)
    assert judged(story, "evaluate.user-feedback")[0] == verdict
    story.measurements = None
    assert judged(story, "evaluate.user-feedback")[0] == "pending"


def test_talks_of_an_earlier_pilot_do_not_count():
    """Once the pilot is begun anew, users have to be asked anew."""
    story = Story().begin_hardening()
    story.does("ann", c.GoBack(to_phase="pilot", reason="It was the wrong model."))
    assert "0 of 5 talks" in story.verdict("evaluate.user-feedback").reason


def rolling_out() -> Story:
    """A roll-out that has not begun, with an open channel."""
    story = Story().begin_rollout()
    story.does("oli", fb.OpenChannel(where="A thumb beside each answer.", answered_by="oli", promise_days=5))
    return story


def live(story: Story) -> Story:
    """People are exposed from now on."""
    story.record(f.ExposureSet(mode="live", percent=5, cohorts=(), reason="The first step."), "oli")
    return story


def test_a_channel_has_to_be_open_with_somebody_who_replies():
    """None is unmet; one whose answerer left is unmet; one that is open holds before anybody is exposed."""
    story = Story().begin_rollout()
    assert judged(story, "deploy.feedback") == ("unmet", "No feedback channel is open.")
    story = rolling_out()
    assert judged(story, "deploy.feedback")[0] == "met"
    story.portfolio = structs.replace(story.portfolio, absent=frozenset({"oli"}))
    assert judged(story, "deploy.feedback")[0] == "unmet"


def test_without_measurements_nobody_is_heard():
    """An open channel alone is no evidence that words arrive."""
    story = rolling_out()
    story.measurements = None
    assert judged(story, "deploy.feedback")[0] == "pending"
    story.measurements = structs.replace(measured_well(story.now), feedback=None)
    assert judged(story, "deploy.feedback")[0] == "pending"


def test_replies_come_within_the_promise():
    """A word that waits is no fault until its day; then it is, until it is answered, and a late answer stays late."""
    story = live(rolling_out())
    said = story.now
    asking = (Asking(call=CALL, at=said),)
    story.wait(days=5)
    seen(story, asking=asking)
    assert judged(story, "deploy.feedback")[0] == "met"
    story.wait(seconds=1)
    seen(story, asking=asking)
    assert judged(story, "deploy.feedback")[0] == "unmet"
    assert "0 of 1" in story.verdict("deploy.feedback").reason
    story.does("oli", fb.AnswerFeedback(calls=(CALL,), reply="We mend it on Thursday."))
    seen(story, asking=asking)
    assert judged(story, "deploy.feedback")[0] == "unmet"


def test_a_reply_in_time_holds_and_one_before_the_word_is_none():
    """What was replied before something was said does not answer it; nine in time bear with one late."""
    story = live(rolling_out())
    story.does("oli", fb.AnswerFeedback(calls=(CALL,), reply="Thank you."))
    story.wait(hours=1)
    said = story.now
    asking = (Asking(call=CALL, at=said), *(Asking(call=f"{n:032x}", at=said) for n in range(9)))
    story.does("oli", fb.AnswerFeedback(calls=tuple(f"{n:032x}" for n in range(9)), reply="Thank you all."))
    story.wait(days=6)
    seen(story, asking=asking)
    assert judged(story, "deploy.feedback")[0] == "met"
    assert "9 of 10" in story.verdict("deploy.feedback").reason
    seen(story, asking=(*asking, Asking(call=OTHER, at=said)))
    assert judged(story, "deploy.feedback")[0] == "unmet"


def test_what_was_said_before_the_channel_opened_is_due_from_then_on():
    """Nobody can be late for a promise that was not given yet; describing the channel anew does not begin it again."""
    story = Story().begin_rollout()
    asking = (Asking(call=CALL, at=story.now - dt.timedelta(days=20)),)
    story.does("oli", fb.OpenChannel(where="A thumb beside each answer.", answered_by="oli", promise_days=5))
    seen(story, asking=asking)
    assert judged(story, "deploy.feedback")[0] == "met"
    story.wait(days=4)
    story.does("oli", fb.OpenChannel(where="A thumb below each answer.", answered_by="oli", promise_days=5))
    story.wait(days=2)
    seen(story, asking=asking)
    assert judged(story, "deploy.feedback")[0] == "unmet"


def test_a_channel_that_nobody_uses_is_no_channel():
    """Exposed people are given two weeks to say something; what they said last counts for thirty days."""
    story = live(rolling_out())
    exposed = story.now
    story.wait(days=14)
    seen(story, newest_at=exposed - dt.timedelta(days=1))
    assert judged(story, "deploy.feedback")[0] == "met"
    story.wait(days=1)
    seen(story, newest_at=exposed - dt.timedelta(days=1))
    assert judged(story, "deploy.feedback")[0] == "pending"
    seen(story, newest_at=story.now)
    newest = story.now
    assert story.verdict("deploy.feedback").valid_until == newest + dt.timedelta(days=30)
    story.wait(days=30)
    seen(story, newest_at=newest)
    assert judged(story, "deploy.feedback")[0] == "pending"
    assert "lapsed" in story.verdict("deploy.feedback").reason


def item(**changes) -> fb.TriageItem:
    """An item of the backlog that is taken."""
    one = fb.TriageItem(
        id="refunds", what="Refunds to billing.", origin="failure", refers_to="refunds", owner="eva", fate="take",
        reason="It is frequent.",
    )  # fmt: skip
    return structs.replace(one, **changes)


def scope(**changes) -> fb.ScopeIteration:
    """An iteration of that item."""
    one = fb.ScopeIteration(
        id="second", title="Refunds", items=("refunds",), from_users="Refunds.", from_failures="None was seen.",
        from_drift="Nothing drifted.", due_on=dt.date(2027, 3, 1),
    )  # fmt: skip
    return structs.replace(one, **changes)


def test_the_next_iteration_is_scoped_of_what_was_taken():
    """Nothing scoped is unmet; scoped it is met; an item left, or a day passed, is unmet again."""
    story = Story().begin_rollout()
    assert judged(story, "deploy.next-iteration")[0] == "unmet"
    story.does("oli", item())
    story.does("ann", scope())
    assert judged(story, "deploy.next-iteration") == ("met", "Refunds: 1 item, due on 2027-03-01.")
    story.does("oli", item(fate="leave", reason="It is not worth it."))
    assert "no longer taken" in story.verdict("deploy.next-iteration").reason
    story.does("oli", item())
    story.now = dt.datetime(2027, 3, 2, 9, tzinfo=dt.UTC)
    assert judged(story, "deploy.next-iteration")[0] == "unmet"


def test_it_keeps_getting_better_only_where_something_ended():
    """In operation the last iteration has to have ended with a reason, and the next to be scoped."""
    story = Story().begin_rollout()
    story.does("oli", item())
    story.does("ann", scope())
    assert "No iteration has ended yet." in story.verdict("operate.iteration").reason
    story.does("ann", fb.CloseIteration(id="second", ending="delivered", reason="Refunds reach billing."))
    assert judged(story, "operate.iteration")[0] == "unmet"
    story.does("ann", scope(id="third", title="Short tickets"))
    assert judged(story, "operate.iteration")[0] == "met"
    assert story.verdict("operate.iteration").reason.startswith("second was delivered.")
    assert story.verdict("operate.iteration").valid_until == story.now + dt.timedelta(days=100)


def test_figures_of_what_people_did_stand_with_the_verdict():
    """Overrides, ratings and edge cases are the evidence beside the talks."""
    story = live(rolling_out())
    told = FeedbackSeen(
        since=START, calls=3, actions={"accepted": 2, "overridden": 1}, rated=2, rating=0.5, judged=3, edge_cases=1,
        newest_at=story.now,
    )  # fmt: skip
    story.measurements = structs.replace(measured_well(story.now), feedback=told)
    figures = {one.figure: one.value for one in story.verdict("deploy.feedback").evidence}
    assert (figures["answers overridden"], figures["mean rating"], figures["flagged as edge cases"]) == (1, 0.5, 1)
