"""Talks with users, the channel, the backlog and iterations; and pairs judged blind."""

from __future__ import annotations

import datetime as dt

import pytest
from msgspec import structs
from tests.record.stories import START, Story

from pilotage.record.areas.blind_reviewing import JudgePair
from pilotage.record.areas.feedback import (
    AnswerFeedback,
    CloseIteration,
    OpenChannel,
    RecordInterview,
    ScopeIteration,
    TriageItem,
)
from pilotage.record.context import PairShown

CALL, PAIR = "ab" * 16, "cd" * 16
SHOWN = PairShown(pair=PAIR, call=CALL, attempt=1, first="incumbent")


@pytest.fixture
def story() -> Story:
    """A pilot."""
    return Story().begin_pilot()


def item(**changes) -> TriageItem:
    """An item that somebody saw fail."""
    one = TriageItem(id="refunds", what="Refunds to billing.", origin="failure", refers_to="refunds", owner="eva")
    return structs.replace(one, **changes)


def scope(**changes) -> ScopeIteration:
    """An iteration of that item."""
    words = {"from_users": "Refunds.", "from_failures": "None.", "from_drift": "Nothing."}
    one = ScopeIteration(id="second", title="Refunds", items=("refunds",), due_on=dt.date(2027, 3, 1), **words)
    return structs.replace(one, **changes)


def test_a_talk_is_recorded_once_it_was_held(story):
    """What has not happened is refused; said anew under the same name, it replaces what was recorded."""
    talk = RecordInterview(
        id="early-shift",
        asked="Early shift",
        held_on=START.date(),
        helped="partly",
        use_again="yes",
        quote="It is fast.",
    )
    tomorrow = structs.replace(talk, held_on=START.date() + dt.timedelta(days=2))
    assert "not-yet" in story.refusal("ann", tomorrow)
    story.does("ann", talk)
    story.does("oli", structs.replace(talk, helped="no"))
    assert story.standing.feedback.interviews["early-shift"].fact.helped == "no"


def test_replies_need_an_open_channel(story):
    """Without one nobody has promised anything; with one, a reply answers each call once named."""
    reply = AnswerFeedback(calls=(CALL, CALL), reply="We mend it.")
    assert "no-channel" in story.refusal("oli", reply)
    assert "unknown-person" in story.refusal("oli", OpenChannel(where="A thumb.", answered_by="zoe"))
    story.does("oli", OpenChannel(where="A thumb.", answered_by="oli"))
    (fact,) = story.does("oli", reply)
    assert fact.calls == (CALL,)
    assert story.standing.feedback.answered_at(CALL, story.now) == story.now
    assert story.standing.feedback.answered_at(CALL, story.now + dt.timedelta(seconds=1)) is None


def test_what_is_taken_or_left_has_a_reason_and_a_source(story):
    """Every problem at once: who owns it, why, which talk, which call."""
    wrong = item(fate="leave", owner="zoe", origin="interview", refers_to="nobody")
    assert set(story.refusal("oli", wrong)) == {"unknown-person", "no-reason", "unknown-interview"}
    assert "no-call" in story.refusal("oli", item(origin="feedback", refers_to="the one of yesterday"))
    story.does("oli", item(origin="feedback", refers_to=CALL))
    assert story.standing.feedback.undecided[0].id == "refunds"


def test_an_iteration_is_made_of_what_was_taken_and_ends_once(story):
    """Items that nobody triaged or took are refused by name; an iteration that ended is not scoped or closed again."""
    story.does("oli", item())
    assert set(story.refusal("ann", scope(items=("refunds", "nothing")))) == {"not-taken", "unknown-item"}
    story.does("oli", item(fate="take", reason="It is frequent."))
    story.does("ann", scope())
    assert "unknown-iteration" in story.refusal("ann", CloseIteration(id="third", ending="dropped", reason="No time."))
    close = CloseIteration(id="second", ending="dropped", reason="The desk closes.")
    story.does("ann", close)
    assert story.standing.feedback.open_iterations == ()
    assert "ended" in story.refusal("ann", close)
    assert "ended" in story.refusal("ann", scope(title="Refunds again"))


@pytest.mark.parametrize(
    ("better", "first", "preferred"),
    [
        ("first", "incumbent", "incumbent"),
        ("second", "incumbent", "candidate"),
        ("first", "candidate", "candidate"),
        ("second", "candidate", "incumbent"),
        ("same", "candidate", "same"),
    ],
)
def test_the_order_turns_a_judgement_into_an_arm(story, better, first, preferred):
    """The reader says first or second; what the server alone knows says whose answer that was."""
    shown = structs.replace(SHOWN, first=first)
    (fact,) = story.does("oli", JudgePair(pair=PAIR, better=better, reason="It names the team."), pair=shown)
    assert (fact.preferred, fact.call, fact.first) == (preferred, CALL, first)


def test_nobody_judges_a_pair_of_their_own_choice(story):
    """A name that was not put before somebody, and a pair that was judged, are refused; so is whoever built it."""
    judge = JudgePair(pair=PAIR, better="first", reason="It names the team.")
    assert "not-your-pair" in story.refusal("oli", judge)
    assert "not-your-pair" in story.refusal("oli", structs.replace(judge, pair="ef" * 16), pair=SHOWN)
    assert "not-permitted" in story.refusal("eva", judge, pair=SHOWN)
    story.does("oli", judge, pair=SHOWN)
    assert "not-your-pair" in story.refusal("sam", judge, pair=SHOWN)
