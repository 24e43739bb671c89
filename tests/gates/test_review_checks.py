"""Criteria of the reviews: open from the first day, concluded before production, kept current."""

from __future__ import annotations

import datetime as dt

import pytest
from msgspec import structs
from tests.record.stories import AREAS, Story

from pilotage.record import commands as c
from pilotage.record.areas import reviewing as r

DUE = dt.date(2026, 6, 1)


def raise_one(story: Story, severity: str = "high", due: dt.date = DUE) -> None:
    """The privacy reviewer finds something."""
    story.does("pia", r.RaiseFinding(review="privacy", severity=severity, owner="eva", due=due, finding="It names."))


@pytest.fixture
def hardening() -> Story:
    """A workload in harden whose reviews are all approved."""
    return Story().begin_hardening().conclude_reviews()


def test_partners_are_met_once_every_review_is_open():
    """Each review needs a named reviewer and to be opened; what is missing is named."""
    story = Story().propose()
    assert story.verdict("select.review-partners").verdict == "unmet"
    for area in AREAS[:-1]:
        story.does("eva", r.OpenReview(review=area, due=DUE))
    assert "architecture" in story.verdict("select.review-partners").reason
    story.does("eva", r.OpenReview(review="architecture", due=DUE))
    assert story.verdict("select.review-partners").verdict == "met"
    assert [one.value for one in story.verdict("select.review-partners").evidence].count("pia") == 1


def test_a_workload_without_reviewers_says_whom_to_name():
    """Nobody named is what comes first."""
    story = Story()
    story.does("ann", c.Propose(title="Another", problem="Something takes too long.", incumbent="people"))
    found = story.verdict("select.review-partners")
    assert (found.verdict, found.next.action) == ("unmet", "Name a reviewer for security, then open the review.")


def test_reviews_are_met_when_all_are_approved(hardening):
    """Six approvals on what stands meet the criterion, until the first of them runs out."""
    found = hardening.verdict("harden.reviews")
    assert (found.verdict, len(found.evidence)) == ("met", 6)
    assert found.valid_until == hardening.now + dt.timedelta(days=365)


def test_a_review_that_is_not_concluded_is_pending():
    """Silence is no approval: whose turn it is is said."""
    story = Story().begin_hardening()
    found = story.verdict("harden.reviews")
    assert (found.verdict, found.next.by) == ("pending", "owner")
    story.answer_reviews()
    assert story.verdict("harden.reviews").next.by == "security reviewer"


def test_a_rejection_is_never_waived(hardening):
    """A rejected review is unmet, a waiver is refused, and one that was signed before does not cover it."""
    raise_one(hardening)
    hardening.conclude("privacy", "approve_with_conditions")
    hardening.waive("harden.reviews")
    assert hardening.verdict("harden.reviews").verdict == "waived"
    hardening.conclude("privacy", "reject")
    found = hardening.verdict("harden.reviews")
    assert (found.verdict, found.next.by) == ("unmet", "privacy reviewer")
    again = c.Waive(criterion="harden.reviews", reason="We would rather go on anyway.", expires_on=hardening.now.date())
    assert "not-waivable" in hardening.refusal("ann", structs.replace(again, expires_on=dt.date(2026, 4, 10)))


def test_a_condition_keeps_the_gate_shut_until_it_is_closed(hardening):
    """An approval with conditions counts once the reviewer closed each of them."""
    raise_one(hardening, "low")
    hardening.conclude("privacy", "approve_with_conditions")
    found = hardening.verdict("harden.reviews")
    assert (found.verdict, found.next.by) == ("unmet", "eva")
    hardening.does("pia", r.CloseFinding(number="privacy-1", reason="It is gone."))
    assert hardening.verdict("harden.reviews").verdict == "met"


def test_a_blocking_finding_after_the_approval_reopens_it(hardening):
    """What blocks, blocks, also when it was found after the review was approved."""
    raise_one(hardening, "medium")
    assert hardening.verdict("harden.reviews").verdict == "met"
    raise_one(hardening, "blocking")
    assert "privacy-2 is blocking" in hardening.verdict("harden.reviews").reason


def test_a_change_lapses_the_approval_and_the_grace_begins(hardening):
    """An edited answer makes the review pending from that moment on, and the days of grace count from there."""
    hardening.wait(days=5)
    hardening.does("eva", r.AnswerQuestion(question="lawful-basis", answer="Consent."))
    found = hardening.verdict("harden.reviews")
    assert (found.verdict, found.valid_until) == ("pending", hardening.now)
    assert "lawful-basis" in found.reason


def test_what_was_concluded_before_going_back_counts_no_more(hardening):
    """Whoever goes back has the reviews concluded again."""
    hardening.does("ann", c.GoBack(to_phase="evaluate", reason="The figures have to be looked at again."))
    assert "before the workload went back" in hardening.verdict("harden.reviews").reason


def test_in_operation_a_condition_may_stay_open_until_it_is_due():
    """After the gate was passed a new condition is borne until its day, and not one day longer."""
    story = Story().begin_rollout()
    raise_one(story, "low", due=story.now.date() + dt.timedelta(days=3))
    story.conclude("privacy", "approve_with_conditions")
    for criterion in ("harden.reviews", "operate.reviews"):
        assert story.verdict(criterion).verdict == "met"
    story.wait(days=4)
    for criterion in ("harden.reviews", "operate.reviews"):
        assert "privacy-1" in story.verdict(criterion).reason
        assert story.verdict(criterion).verdict == "unmet"


def test_approvals_in_operation_run_out():
    """A year later the approvals are pending, in the gate that was passed as in operation."""
    story = Story().begin_rollout()
    story.wait(days=365)
    for criterion in ("harden.reviews", "operate.reviews"):
        assert story.verdict(criterion).verdict == "pending"
