"""The reviews: who opens, answers, finds and concludes, and what each is refused for."""

from __future__ import annotations

import datetime as dt

import pytest
from msgspec import structs
from tests.record.stories import AREAS, DIGEST, Story, release

from pilotage.record import commands as c
from pilotage.record.areas import reviewing as r
from pilotage.record.review_standing import ReviewStanding, standings, waiting_for

WHY = "I looked at it, and this is so."
SOON = dt.date(2026, 4, 1)


def answer(question: str, text: str = "It is as the example says.") -> r.AnswerQuestion:
    """An answer to a question."""
    return r.AnswerQuestion(question=question, answer=text)


def finding(review: str = "privacy", severity: str = "high", **changes: object) -> r.RaiseFinding:
    """Something that the engineer has to mend."""
    found = r.RaiseFinding(review=review, severity=severity, owner="eva", due=SOON, finding="A field names people.")
    return structs.replace(found, **changes)


def stands(story: Story, area: str = "privacy") -> ReviewStanding:
    """Where a review stands now."""
    return next(one for one in standings(story.standing, story.playbook, story.now) if one.area == area)


@pytest.fixture
def story() -> Story:
    """A pilot whose reviews are open and answered, with its release registered."""
    return Story().begin_pilot().answer_reviews()


def test_a_review_is_opened_once_a_reviewer_is_named():
    """Without a named reviewer a review cannot be opened; with one it is open, and a day is wanted."""
    story = Story().propose()
    story.does("ann", r.OpenReview(review="risk", due=SOON))
    assert (stands(story, "risk").state, stands(story, "risk").due) == ("open", SOON)
    alone = Story()
    alone.does("ann", c.Propose(title="Another", problem="Something takes too long.", incumbent="people"))
    assert alone.refusal("ann", r.OpenReview(review="risk", due=SOON))["no-reviewer"].field == "review"
    assert stands(alone, "risk").state == "no_reviewer"


def test_what_is_wrong_with_an_opening_is_said_at_once():
    """A day gone by, an unknown review and a reviewer who opens their own are refused."""
    story = Story().propose()
    past = r.OpenReview(review="risk", due=dt.date(2026, 1, 1))
    assert set(story.refusal("ann", past)) == {"past"}
    without = structs.replace(story.playbook, reviews=story.playbook.reviews[:2])
    assert set(story.refusal("ann", r.OpenReview(review="risk", due=SOON), playbook=without)) == {"unknown-review"}
    own = Story().propose()
    own.does("ann", c.Assign(role="reviewer:risk", person="eva"))
    assert "own-submission" in own.refusal("eva", r.OpenReview(review="risk", due=SOON))


def test_moving_the_day_does_not_restart_the_waiting():
    """A review that is opened again with a later day waits since it was first opened."""
    story = Story().propose()
    story.does("eva", r.OpenReview(review="risk", due=SOON))
    story.wait(days=10)
    story.does("eva", r.OpenReview(review="risk", due=dt.date(2026, 5, 1)))
    assert stands(story, "risk").waiting_days == 10
    assert "no-change" in story.refusal("eva", r.OpenReview(review="risk", due=dt.date(2026, 5, 1)))


def test_a_question_is_answered_once_for_every_review_that_asks_it():
    """An answer to a shared question serves all of its reviews."""
    story = Story().propose().open_reviews()
    before = {area: len(stands(story, area).unanswered) for area in AREAS}
    story.does("eva", answer("data-used"))
    after = {area: len(stands(story, area).unanswered) for area in AREAS}
    asked_by = story.playbook.question("data-used").reviews
    assert len(asked_by) > 1
    assert {area for area in AREAS if after[area] == before[area] - 1} == set(asked_by)


def test_a_reviewer_does_not_answer_their_own_questions():
    """Nobody answers what they will judge, and a question has to be one that the playbook asks."""
    story = Story().propose()
    story.does("ann", c.Assign(role="reviewer:operations", person="oli"))
    assert "own-review" in story.refusal("oli", answer("rollback"))
    story.does("oli", answer("lawful-basis"))
    assert "unknown-question" in story.refusal("eva", answer("weather"))


def test_two_people_who_answer_at_once_do_not_overwrite_each_other():
    """An answer based on an older one is refused, and the newer one stands."""
    story = Story().propose()
    story.does("eva", answer("retention", "Ninety days."))
    edited = structs.replace(answer("retention", "A year."), base=0)
    assert story.refusal("ann", edited)["overtaken"].field == "base"
    assert story.standing.reviews.answers["retention"].fact.answer == "Ninety days."


def test_only_the_named_reviewer_concludes(story):
    """Another reviewer, and a reviewer of another area, cannot conclude a review."""
    command = r.ConcludeReview(review="privacy", outcome="reject", statement=WHY, digest=story.reviewed("privacy"))
    assert "not-reviewer" in story.refusal("sid", command)
    story.does("pia", command)
    assert stands(story).state == "rejected"


@pytest.mark.parametrize("hand", ["owner", "release", "opened", "answered"])
def test_whoever_has_a_part_in_it_does_not_conclude(hand):
    """The owner, whoever registered a release, and whoever opened or answered a review cannot conclude it."""
    story = Story().begin_pilot().answer_reviews()
    if hand == "owner":
        story.workload = structs.replace(story.standing, owner="pia")
    if hand == "release":
        story.record(_registered(), "pia")
    if hand == "opened":
        story.record(r.ReviewOpened(review="privacy", due=SOON), "pia")
    if hand == "answered":
        story.record(r.QuestionAnswered(question="lawful-basis", answer=WHY), "pia")
    command = r.ConcludeReview(review="privacy", outcome="approve", statement=WHY, digest=story.reviewed("privacy"))
    assert "own-submission" in story.refusal("pia", command)


def _registered():
    """A release as it stands on the record."""
    from pilotage.record import facts as f  # noqa: PLC0415 - the fact's fields are the command's

    given = structs.asdict(release("r7", "cd" * 32))
    return f.ReleaseRegistered(**given)


def test_who_takes_a_part_later_voids_their_approval(story):
    """An approval by somebody who registers a release afterwards counts no more."""
    story.conclude("privacy")
    story.record(_registered(), "pia")
    assert stands(story).state == "void"


def test_nothing_is_approved_with_questions_open():
    """A review with open questions can be rejected, not approved; each missing one is named."""
    story = Story().begin_pilot()
    command = r.ConcludeReview(review="risk", outcome="approve", statement=WHY, digest=story.reviewed("risk"))
    assert "residual-risk" in story.refusal("sid", command)["unanswered"].message
    story.does("sid", structs.replace(command, outcome="reject"))


def test_nothing_is_approved_before_there_is_something():
    """Without a release and a charter there is nothing to approve."""
    story = Story().propose().open_reviews().answer_reviews()
    command = r.ConcludeReview(review="risk", outcome="approve", statement=WHY, digest=story.reviewed("risk"))
    assert "nothing-to-approve" in story.refusal("sid", command)


def test_a_conclusion_is_about_what_was_read(story):
    """An answer edited between reading and concluding refuses the conclusion."""
    read = story.reviewed("privacy")
    story.does("eva", answer("lawful-basis", "Consent, since last week."))
    command = r.ConcludeReview(review="privacy", outcome="approve", statement=WHY, digest=read)
    assert story.refusal("pia", command)["content-changed"].field == "digest"


def test_findings_left_open_are_the_conditions(story):
    """A review with open findings is approved with conditions or not at all; a blocking one keeps it from both."""
    story.does("pia", finding())
    story.does("pia", finding(severity="blocking", finding="The key stands in the code."))
    plain = r.ConcludeReview(review="privacy", outcome="approve", statement=WHY, digest=story.reviewed("privacy"))
    assert {"findings-open", "blocking-open"} <= set(story.refusal("pia", plain))
    story.does("pia", r.CloseFinding(number="privacy-2", reason="The key was taken out and changed."))
    story.conclude("privacy", "approve_with_conditions")
    assert [one.raised.number for one in stands(story).conditions] == ["privacy-1"]
    story.does("pia", r.CloseFinding(number="privacy-1", reason="The field is gone."))
    assert stands(story).conditions == ()


def test_there_is_no_condition_without_a_finding(story):
    """Approving with conditions needs something that has to be done."""
    given = r.ConcludeReview(
        review="privacy", outcome="approve_with_conditions", statement=WHY, digest=story.reviewed("privacy")
    )
    assert "no-condition" in story.refusal("pia", given)


def test_a_finding_is_closed_by_the_reviewer_alone(story):
    """Whoever has to mend it cannot close it; a finding is closed once, and has to exist."""
    story.does("pia", finding())
    close = r.CloseFinding(number="privacy-1", reason="It is done.")
    assert "not-reviewer" in story.refusal("sid", close)
    assert "unknown-finding" in story.refusal("pia", structs.replace(close, number="privacy-9"))
    story.does("pia", close)
    assert "already-closed" in story.refusal("pia", close)
    story.does("pia", finding(owner="pia"))
    assert "own-submission" in story.refusal("pia", structs.replace(close, number="privacy-2"))


def test_what_is_wrong_with_a_finding_is_said_at_once():
    """A finding needs an open review, its reviewer, a known person and a day to come."""
    story = Story().propose()
    wrong = finding(owner="nobody", due=dt.date(2020, 1, 1))
    assert set(story.refusal("sid", wrong)) == {"not-reviewer", "not-open", "unknown-person", "past"}


def test_time_spent_adds_up(story):
    """Noted minutes and those of the conclusion add up, review by review, and only the reviewer notes them."""
    story.does("pia", r.LogReviewTime(review="privacy", minutes=40))
    story.conclude("privacy", minutes=20)
    assert (stands(story).minutes, stands(story, "risk").minutes) == (60, 0)
    assert "not-reviewer" in story.refusal("sid", r.LogReviewTime(review="privacy", minutes=5))


def test_another_answer_release_or_promise_asks_for_the_review_again(story):
    """What changed since the conclusion is shown with before and after; the review is to be concluded again."""
    story.conclude("privacy")
    assert stands(story).state == "approved"
    story.does("eva", answer("lawful-basis", "Consent."))
    story.does("eva", release("r2", "cd" * 32))
    changed = {change.what: (change.before, change.after) for change in stands(story).changes}
    assert stands(story).state == "changed"
    assert changed["release"] == ("r1", "r2")
    assert changed["lawful-basis"][1] == "Consent."
    story.conclude("privacy")
    assert (stands(story).state, stands(story).changes) == ("approved", ())


def test_a_changed_promise_asks_for_every_review_again():
    """A target that moves after a review was concluded is shown field by field."""
    story = Story().propose().write_charter()
    story.open_reviews().answer_reviews()
    story.does("eva", release())
    story.conclude("risk")
    moved = structs.replace(story.standing.charters[0].charter.target, expected=0.2)
    story.write_charter(target=moved)
    assert {change.what for change in stands(story, "risk").changes} == {"promise:target"}


def test_what_is_taken_back_word_for_word_is_no_change(story):
    """An answer that reads as it did when the review was concluded leaves the approval standing."""
    before = story.standing.reviews.answers["lawful-basis"].fact.answer
    story.conclude("privacy")
    story.does("eva", answer("lawful-basis", "Consent."))
    story.does("eva", answer("lawful-basis", before))
    assert stands(story).state == "approved"


def test_an_edit_elsewhere_leaves_a_review_alone(story):
    """An answer that a review does not ask for does not ask for that review again."""
    story.conclude("privacy")
    story.does("eva", answer("way-out", "By another door."))
    assert stands(story).state == "approved"


def test_a_rejection_stands_until_its_reviewer_concludes_again(story):
    """Time and edits do not lift a rejection."""
    story.conclude("privacy", "reject")
    story.does("eva", answer("lawful-basis", "Consent."))
    story.wait(days=900)
    assert stands(story).state == "rejected"
    story.conclude("privacy")
    assert stands(story).state == "approved"


def test_an_approval_runs_out(story):
    """After the days that the playbook gives it, an approval has to be renewed; nobody did anything for that."""
    story.conclude("privacy")
    story.wait(days=story.playbook.review("privacy").valid_days)
    assert stands(story).state == "expired"


def test_silence_approves_nothing(story):
    """A review whose day has passed is overdue and still open."""
    story.wait(days=400)
    assert (stands(story).state, stands(story).overdue) == ("open", True)


def test_what_waits_for_a_reviewer():
    """A review waits for its reviewer once every question is answered, and not after its conclusion."""
    story = Story().begin_pilot()
    assert waiting_for(story.standing, story.playbook, "pia", story.now) == ()
    story.answer_reviews()
    assert [one.area for one in waiting_for(story.standing, story.playbook, "pia", story.now)] == ["privacy"]
    story.conclude("privacy")
    assert waiting_for(story.standing, story.playbook, "pia", story.now) == ()


def test_a_digest_covers_the_review_it_was_given_for(story):
    """The same content has another digest in another review, so that no approval serves two."""
    digests = {story.reviewed(area) for area in AREAS}
    assert len(digests) == len(AREAS)
    assert DIGEST not in digests
