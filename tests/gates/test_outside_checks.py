"""What a result from outside does to its criterion: attested at best, only while it stands and fits."""

from __future__ import annotations

import datetime as dt

import pytest
from tests.record.stories import Story, outside_result, release

from pilotage.record import commands as c

NAME = "harden.resilience"


@pytest.fixture
def story() -> Story:
    """A workload that is being hardened."""
    return Story().begin_hardening()


def judged(story: Story, criterion: str = NAME) -> tuple[str, str, str]:
    """Verdict, kind and reason."""
    verdict = story.verdict(criterion)
    return verdict.verdict, verdict.kind, verdict.reason


def test_nothing_brought_is_pending(story):
    """Without a result it is pending and says what to do; nothing shows as measured."""
    verdict = story.verdict(NAME)
    assert (verdict.verdict, verdict.kind) == ("pending", "attested")
    assert "does not measure this itself" in verdict.reason
    assert "have somebody else sign it" in verdict.next.action


def test_a_signed_result_meets_it_as_attested(story):
    """The verdict says it came from outside, with figures, who brought it and who signed; never measured."""
    story.bring(NAME)
    verdict = story.verdict(NAME)
    assert (verdict.verdict, verdict.kind) == ("met", "attested")
    assert verdict.reason.startswith("Brought from outside, not measured here")
    assert "slowest answer 480 ms (at most 800)" in verdict.reason
    assert [(one.figure, one.value) for one in verdict.evidence] == [("brought by", "oli"), ("signed by", "eva")]


def test_an_unsigned_result_is_pending(story):
    """What nobody else stands by does not count."""
    story.does("oli", outside_result(tested_on=story.now.date()))
    verdict, _, reason = judged(story)
    assert verdict == "pending"
    assert "Nobody else has signed" in reason


def test_a_corrected_result_is_pending_again(story):
    """An edit ends what the signature gave."""
    story.bring(NAME)
    story.does("oli", outside_result(tested_on=story.now.date(), tool="toxiproxy 3"))
    verdict, _, reason = judged(story)
    assert verdict == "pending"
    assert "corrected since" in reason


def test_a_failed_result_counts_against_it_at_once(story):
    """A later test that failed ends what was met, signed or not."""
    story.bring(NAME)
    story.wait(days=2)
    failed = outside_result(tested_on=story.now.date(), conclusion="failed", figures=("calls lost, 40, calls, <= 0",))
    story.does("eva", failed)
    verdict, kind, reason = judged(story)
    assert (verdict, kind) == ("unmet", "attested")
    assert "It failed" in reason


def test_a_result_grows_old_from_the_day_of_the_test(story):
    """It lapses so many days after the test as the playbook says, however late it was signed."""
    story.does("oli", outside_result(tested_on=story.now.date()))
    tested = story.now
    story.wait(days=60)
    story.vouch(NAME)
    assert story.verdict(NAME).valid_until.date() == tested.date() + dt.timedelta(days=90)
    story.wait(days=31)
    verdict, _, reason = judged(story)
    assert verdict == "pending"
    assert reason.startswith("It lapsed on")


def test_a_result_of_another_release_does_not_count(story):
    """Where the criterion is about the release, only the one that runs counts."""
    story.does("eva", release("r2", "cd" * 32))
    story.does("oli", outside_result(tested_on=story.now.date(), release="r2")), story.vouch(NAME)
    verdict, _, reason = judged(story)
    assert verdict == "pending"
    assert "about release r2, and r1 is the one that runs" in reason
    story.bring("harden.observability", release="r2")
    assert judged(story, "harden.observability")[0] == "met"


def test_going_back_ends_it(story):
    """What was signed before the workload went back over the phase is signed again."""
    story.bring(NAME)
    story.does("ann", c.GoBack(to_phase="evaluate", reason="Costs moved."))
    assert "before the workload went back" in judged(story)[2]


def test_a_passed_gate_does_not_make_it_measured():
    """After the gate it still reads attested, and lapses as it would have."""
    story = Story().begin_rollout()
    assert judged(story)[:2] == ("met", "attested")
    story.wait(days=91)
    assert judged(story)[:2] == ("pending", "attested")
