"""Whom a decision reaches: stakeholders, those named besides, receipts in person, and dissent."""

from __future__ import annotations

import pytest
from tests.record.stories import Story

from pilotage.record import commands as c
from pilotage.record.areas import deciding as d
from pilotage.record.areas.change import NameAudience
from pilotage.record.areas.operating import AcceptRole, OfferRole

OTHER = "cd" * 32


@pytest.fixture
def story() -> Story:
    """A go in force that nobody was sent yet."""
    return Story().begin_evaluation().attest_all("evaluate").decide("go", sends=False)


def sent(story: Story) -> str:
    """The decision's digest, once it was sent."""
    digest = story.digest("decision")
    story.does("ann", d.SendDecision(digest=digest))
    return digest


def test_stakeholders_are_who_holds_something_on_the_workload(story):
    """Owner, sponsor, reviewers, and those who accepted an ownership role; an offer alone makes nobody one."""
    assert set(d.stakeholders(story.standing)) == {"ann", "sam", "pia", "sid"}
    story.does("ann", OfferRole(role="operations", person="oli"))
    assert "oli" not in d.stakeholders(story.standing)
    story.does("oli", AcceptRole(role="operations", statement="Mine."))
    assert d.stakeholders(story.standing)["oli"] == ("operations role",)
    assert d.stakeholders(story.standing)["pia"] == ("privacy reviewer",)


def test_an_audience_gets_the_decision_through_its_contact(story):
    """Who speaks for an audience with people in it is a stakeholder, and confirms in person; an empty one has none."""
    story.does("ann", NameAudience(id="desk", title="The desk", people=9, contact="oli"))
    story.does("ann", NameAudience(id="gone", title="The old desk", people=0, contact="eva"))
    assert d.stakeholders(story.standing)["oli"] == ("speaks for The desk",)
    assert "eva" not in d.stakeholders(story.standing)
    digest = sent(story)
    assert d.to_confirm(story.standing, "oli") == digest
    shown = {one.person: one for one in d.recipients_of(story.standing, digest)}
    assert (shown["oli"].holds, shown["oli"].received) == ("speaks for The desk", None)
    assert (shown["ann"].signed, shown["ann"].received is not None) == (True, True)
    story.does("oli", d.ConfirmReceipt(digest=digest))
    shown = {one.person: one for one in d.recipients_of(story.standing, digest)}
    assert (shown["oli"].received.by, shown["oli"].signed) == ("oli", False)


def test_a_decision_goes_to_stakeholders_and_to_those_named_besides(story):
    """It is sent to all of them at once; again only once somebody joined, and then to them alone."""
    story.does("ann", d.NameRecipient(person="oli", why="Her desk reads the answers."))
    digest = sent(story)
    assert set(story.standing.deciding.addressed(digest)) == {"ann", "sam", "pia", "sid", "oli"}
    assert "sent-before" in story.refusal("ann", d.SendDecision(digest=digest))
    story.does("ann", c.Assign(role="reviewer:risk", person="tom"))
    (again,) = story.does("sam", d.SendDecision(digest=digest))
    assert (again.stakeholders, again.others) == (("tom",), ())


def test_only_a_decision_in_force_is_sent():
    """Nothing decided, another digest, and a signature missing are three refusals that say what to do."""
    story = Story().begin_evaluation().attest_all("evaluate")
    assert "no-decision" in story.refusal("ann", d.SendDecision(digest=OTHER))
    story.decide("go", signers=("ann",))
    assert "content-changed" in story.refusal("ann", d.SendDecision(digest=OTHER))
    assert "not-in-force" in story.refusal("ann", d.SendDecision(digest=story.digest("decision")))


def test_a_receipt_is_confirmed_once_and_by_its_recipient(story):
    """Whoever signed has it; who was not sent it cannot confirm; nobody confirms twice."""
    digest = sent(story)
    assert set(d.received(story.standing, digest)) == {"ann", "sam"}
    assert "already-confirmed" in story.refusal("ann", d.ConfirmReceipt(digest=digest))
    assert "not-a-recipient" in story.refusal("eva", d.ConfirmReceipt(digest=digest))
    assert d.to_confirm(story.standing, "pia") == digest
    story.does("pia", d.ConfirmReceipt(digest=digest))
    assert d.to_confirm(story.standing, "pia") is None
    assert "already-confirmed" in story.refusal("pia", d.ConfirmReceipt(digest=digest))


def test_a_decision_that_counts_no_more_is_neither_sent_nor_confirmed(story):
    """Going back overtakes it: its receipts belong to it alone."""
    digest = sent(story)
    story.does("ann", c.GoBack(to_phase="pilot", reason="The labels were wrong."))
    assert d.to_confirm(story.standing, "pia") is None
    assert "no-decision" in story.refusal("pia", d.ConfirmReceipt(digest=digest))


def test_dissent_stays_beside_the_decision(story):
    """A stakeholder or recipient may disagree; who signed it, and whom it does not concern, may not."""
    digest = story.digest("decision")
    story.does("sid", d.Dissent(digest=digest, reason="I would have extended."))
    (one,) = story.standing.deciding.dissents_of(digest)
    assert (one.stamp.by, one.fact.reason) == ("sid", "I would have extended.")
    assert "signed-it" in story.refusal("sam", d.Dissent(digest=digest, reason="On second thoughts."))
    assert "not-a-recipient" in story.refusal("eva", d.Dissent(digest=digest, reason="I am against it."))
    sent(story)
    assert any(item.figure == "dissent" and item.value == "sid" for item in story.verdict("evaluate.decision").evidence)


def test_a_stakeholder_need_not_be_named_and_a_stranger_cannot_be(story):
    """Both are refused with what to do."""
    assert "stakeholder" in story.refusal("ann", d.NameRecipient(person="pia", why="She reviews privacy."))
    assert "unknown-person" in story.refusal("ann", d.NameRecipient(person="zoe", why="She asked for it."))
