"""What of the gate `harden` needs no drill: what runs was approved, security was reviewed and scanned, records hold."""

from __future__ import annotations

import pytest
from msgspec import structs
from tests.record.stories import Story, answered, measured_well, outside_result, release

from pilotage.record import commands as c
from pilotage.record.areas.auditing import RecordsAudited, SelfSeen, WorkspaceInspected

SOUND = WorkspaceInspected(
    seen=(
        SelfSeen(check="files", holds=True, found="0 of 4 files can be read by others."),
        SelfSeen(check="tokens", holds=True, found="0 of 3 tokens never end."),
    )
)
CLEAN = RecordsAudited(entries=400, root="ab" * 32, problems=0, sampled=20, traced=20)


@pytest.fixture
def story() -> Story:
    """A workload that is being hardened."""
    return Story().begin_hardening()


def judged(story: Story, criterion: str) -> tuple[str, str]:
    """Verdict and reason."""
    verdict = story.verdict(criterion)
    return verdict.verdict, verdict.reason


def test_the_approved_release_is_as_good_as_itself(story):
    """While what was approved runs, with its comparison reached, it is met by measurement and names the digest."""
    verdict = story.verdict("harden.equivalence")
    assert (verdict.verdict, verdict.kind) == ("met", "measured")
    assert "the very release that was approved" in verdict.reason
    assert "ab" * 32 in [one.value for one in verdict.evidence]


def test_a_release_registered_since_does_not_run(story):
    """A rebuilt release is named with the way that it has to go; what was approved still runs."""
    story.does("eva", release("r2", "cd" * 32))
    verdict, reason = judged(story, "harden.equivalence")
    assert verdict == "met"
    assert "Registered since and not running: r2; go back to evaluate" in reason


def test_without_a_go_or_its_comparison_nothing_is_equivalent(story):
    """A declaration of a rebuilt release ends the decision, and a figure that is missing is no pass."""
    story.measurements = measured_well(story.now, answer=None)
    assert "No comparison" in judged(story, "harden.equivalence")[1]
    story.measurements = measured_well(story.now, answer=answered("keep_running"))
    assert judged(story, "harden.equivalence")[0] == "pending"
    story.measurements = measured_well(story.now)
    story.does("ann", c.GoBack(to_phase="evaluate", reason="It is rebuilt."))
    assert "No go is in force" in judged(story, "harden.equivalence")[1]


def test_security_takes_review_and_scan(story):
    """An approved security review, a signed scan and a sound workspace meet it together, attested; none alone does."""
    story.record(SOUND)
    story.does("oli", outside_result("harden.security", tested_on=story.now.date(), release=""))
    story.vouch("harden.security")
    assert "not approved: it is" in judged(story, "harden.security")[1]
    story.conclude_reviews()
    verdict = story.verdict("harden.security")
    assert (verdict.verdict, verdict.kind) == ("met", "attested")
    assert verdict.reason.startswith("The security review is approved. Brought from outside")
    assert "files, tokens are as they have to be" in verdict.reason
    assert {"measured here, files", "measured here, tokens"} <= {one.figure for one in verdict.evidence}
    alone = Story().begin_hardening().conclude_reviews()
    alone.record(SOUND)
    assert judged(alone, "harden.security")[0] == "pending"
    assert "no result was brought" in judged(alone, "harden.security")[1]


def secured(story: Story) -> Story:
    """Reviewed and scanned, with everything that people can say."""
    story.does("oli", outside_result("harden.security", tested_on=story.now.date(), release=""))
    story.vouch("harden.security")
    return story.conclude_reviews()


def test_security_needs_a_look_at_the_workspace(story):
    """Words about security do not stand in for a look; one that found something wrong makes it unmet, as measured."""
    secured(story)
    verdict = story.verdict("harden.security")
    assert (verdict.verdict, verdict.kind) == ("pending", "measured")
    assert "has not looked at its own workspace" in verdict.reason
    wrong = SelfSeen(check="tokens", holds=False, found="2 of 3 tokens may do more than read and never end.")
    story.record(structs.replace(SOUND, seen=(SOUND.seen[0], wrong)))
    verdict = story.verdict("harden.security")
    assert (verdict.verdict, verdict.kind) == ("unmet", "measured")
    assert "2 of 3 tokens" in verdict.reason
    story.record(WorkspaceInspected(seen=()))
    assert judged(story, "harden.security")[0] == "unmet"
    story.record(SOUND)
    assert judged(story, "harden.security")[0] == "met"


def test_a_rejected_security_review_cannot_be_waived(story):
    """A reviewer's rejection counts, whatever two signers say."""
    story.answer_reviews()
    story.conclude("security", "reject")
    story.waive("harden.security")
    assert judged(story, "harden.security")[0] == "unmet"


def test_an_audit_meets_it_for_its_time(story):
    """A verified ledger, followed calls and a signed retention: met, until the audit is too old."""
    assert "has not gone through" in judged(story, "harden.audit")[1]
    story.record(CLEAN)
    verdict = story.verdict("harden.audit")
    assert (verdict.verdict, verdict.kind) == ("met", "measured")
    assert "20 of 20 calls were followed" in verdict.reason
    assert "90 days" in verdict.reason
    story.wait(days=31)
    assert judged(story, "harden.audit")[0] == "pending"


@pytest.mark.parametrize(
    ("changes", "verdict", "said"),
    [
        ({"problems": 2}, "unmet", "did not verify: 2 problems"),
        ({"sampled": 0, "traced": 0}, "pending", "no call yet"),
        ({"traced": 18, "untraced": ("Call 1: its input was not recorded.",)}, "unmet", "2 of 20 calls cannot be"),
    ],
)
def test_what_an_audit_found_wrong_is_said(story, changes, verdict, said):
    """A ledger that does not verify and calls that cannot be followed keep the gate shut; no calls say nothing."""
    story.record(structs.replace(CLEAN, **changes))
    found, reason = judged(story, "harden.audit")
    assert found == verdict
    assert said in reason


def test_a_retention_that_nobody_signed_is_missing(story):
    """Without a clearance that counts nobody has said how long calls are kept."""
    story.record(CLEAN)
    story.workload = structs.replace(story.standing, clearances={})
    assert "not signed by privacy and security" in judged(story, "harden.audit")[1]
