"""What ages, is announced before it ends, and takes exposure back when it does: age, grace, notice, waivers."""

from __future__ import annotations

import datetime as dt

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import structs
from tests.gates.test_ceiling import at, serving
from tests.operations.test_watching import judged as judgement_of
from tests.record.stories import Story

from pilotage.operations.watching import seen
from pilotage.playbook.loading import load
from pilotage.record import commands as c
from pilotage.record import facts as f
from pilotage.record.areas import operating as o
from pilotage.record.verdicts import PASSING, Verdict
from pilotage.record.workload import GatePassed

SHADOW = ("shadow", 0.0)
FULL = ("live", 100.0)
OWNERSHIP = "operate.ownership"


def in_service() -> Story:
    """A workload in the last phase with every gate on the way passed, served in full."""
    story = serving()
    stamp = story.standing.passed["harden"].stamp
    verdicts = {one.id: "met" for one in story.playbook.phase("deploy").criteria}
    passed = {
        phase: structs.replace(gate, verdicts=dict.fromkeys(gate.verdicts, "met"))
        for phase, gate in story.standing.passed.items()
    }
    story.workload = structs.replace(
        story.standing,
        phase="operate",
        passed={**passed, "deploy": GatePassed(phase="deploy", verdicts=verdicts, stamp=stamp)},
        entered={**story.standing.entered, "operate": story.now},
    )
    story.playbook = structs.replace(
        story.playbook, waivers=structs.replace(story.playbook.waivers, ceiling_percent=100.0)
    )
    return story


def watched(story: Story) -> Story:
    """The watch has written down what it sees of verdicts."""
    for fact in seen(judgement_of(story.standing, verdicts=story.verdicts().values()), story.now):
        if isinstance(fact, f.VerdictMeasured):
            story.record(fact)
    return story


def bounds(story: Story) -> bool:
    """Whether the lapse of ownership is a reason for the ceiling."""
    return any(reason.startswith(f"{OWNERSHIP} held and no longer does") for reason in story.ceiling().reasons)


def leaves(story: Story, person: str) -> None:
    """Somebody has no account any more."""
    story.portfolio = structs.replace(story.portfolio, absent=frozenset({person}))


def test_a_role_that_nobody_holds_any_more_takes_exposure_back_after_its_grace():
    """In the last phase, where no gate follows, an enforced criterion that held and ceased to lowers the ceiling once
    its days of grace are over, counted from when the watch saw it.
    """
    story = watched(in_service())
    assert story.verdict(OWNERSHIP).verdict == "met"
    assert at(story) == FULL
    leaves(story, "oli")
    assert story.verdict(OWNERSHIP).verdict == "unmet"
    assert at(story) == FULL, "until the watch has seen it, grace begins now"
    watched(story)
    ceased = story.standing.ceased[OWNERSHIP]
    story.now = ceased + dt.timedelta(days=30, seconds=-1)
    assert not bounds(story)
    story.now = ceased + dt.timedelta(days=30)
    assert at(story) == SHADOW
    assert bounds(story)
    watched(story)
    assert story.standing.ceased[OWNERSHIP] == ceased, "seeing it again does not begin the grace anew"
    story.portfolio = structs.replace(story.portfolio, absent=frozenset())
    watched(story)
    assert OWNERSHIP not in story.standing.ceased
    assert not bounds(story)


def test_a_role_whose_holder_left_counts_from_when_their_account_ended():
    """Where that moment is known, nobody has to see it; where it is not, grace begins when the watch does."""
    story = watched(in_service())
    since = story.now
    story.wait(days=40)
    gone = frozenset({"oli"})
    story.portfolio = structs.replace(story.portfolio, absent=gone, left={"oli": since + dt.timedelta(days=20)})
    assert story.verdict(OWNERSHIP).ceased == since + dt.timedelta(days=20)
    assert not bounds(story)
    story.wait(days=10)
    assert bounds(story)
    story.portfolio = structs.replace(story.portfolio, left={})
    assert story.verdict(OWNERSHIP).ceased is None
    assert not bounds(story)


REFUSED = o.RefuseRole(role="operations", reason="I have no time for it.")


def test_a_role_that_was_given_back_counts_from_that_day_whether_the_watch_ran_or_not():
    """What the record says itself needs nobody to see it: a dead watch prolongs no grace, and neither does offering the
    role again to somebody who does not answer.
    """
    story = watched(in_service())
    story.does("oli", REFUSED)
    since = story.now
    assert story.verdict(OWNERSHIP).ceased == since
    story.wait(days=20)
    story.does("ann", o.OfferRole(role="operations", person="eva"))
    assert story.verdict(OWNERSHIP).ceased == since
    story.now = since + dt.timedelta(days=30, seconds=-1)
    assert not bounds(story)
    story.now = since + dt.timedelta(days=30)
    assert bounds(story)
    story.does("eva", o.AcceptRole(role="operations"))
    assert story.verdict(OWNERSHIP).ceased is None
    assert not bounds(story)


MEANWHILE = st.lists(
    st.tuples(st.integers(0, 20), st.sampled_from(["look", "offer eva", "offer oli", "offer tom", "refuse"])),
    max_size=8,
)


@settings(max_examples=25, deadline=None)
@given(MEANWHILE)
def test_nothing_but_holding_again_prolongs_the_grace(meanwhile):
    """Whatever is offered and refused meanwhile, and however often or seldom the watch looks, exposure goes back when
    the days of grace are over, counted from the day on which the role was first given back, and not before.
    """
    story = watched(in_service())
    story.does("oli", REFUSED)
    since, grace = story.now, dt.timedelta(days=story.playbook.criterion(OWNERSHIP).grace_days)
    for days, what in meanwhile:
        story.wait(days=days)
        offered = story.standing.operating.offers["operations"].fact.person
        if what == "look":
            watched(story)
        elif what == "refuse":
            answered = story.standing.operating.role_answer("operations") is not None
            if not answered:
                story.does(offered, REFUSED)
        elif what.removeprefix("offer ") != offered:
            story.does("ann", o.OfferRole(role="operations", person=what.removeprefix("offer ")))
        assert bounds(story) == (story.now >= since + grace)


def test_an_acceptance_that_grew_old_is_borne_with_for_its_grace_only():
    """Age counts from the day on which the oldest acceptance ended, whether the watch ran or not."""
    story = in_service()
    ends = story.verdict(OWNERSHIP).valid_until
    for days, lowered in ((0, False), (29, False), (30, True)):
        story.now = ends + dt.timedelta(days=days)
        assert story.verdict(OWNERSHIP).verdict == "pending"
        assert bounds(story) == lowered, days


def test_what_never_held_in_the_last_phase_takes_nothing_back():
    """A criterion of the present phase that is yet to be shown is open, not lapsed."""
    story = in_service()
    leaves(story, "oli")
    assert story.verdict(OWNERSHIP).verdict == "unmet"
    assert bounds(story) is False, "it held when the last gate was passed, and grace begins now"
    story.workload = structs.replace(story.standing, passed={})
    assert not story.standing.was_met(OWNERSHIP)
    story.wait(days=100)
    assert not bounds(story)


def test_a_rejection_is_borne_with_for_no_day():
    """Grace is for what is missing by now; what somebody says against it counts at once."""
    story = watched(in_service())
    story.conclude("privacy", "reject")
    verdict = story.verdict("operate.reviews")
    assert (verdict.verdict, verdict.at_once) == ("unmet", True)
    assert at(story) == SHADOW


def test_a_role_is_renewed_by_accepting_it_again():
    """Two weeks before the acceptances end each holder is asked; having accepted again, nothing is announced."""
    story = in_service()
    ends = story.verdict(OWNERSHIP).valid_until
    story.now = ends - dt.timedelta(days=14, seconds=1)
    assert story.verdict(OWNERSHIP).renew is None
    story.now = ends - dt.timedelta(days=14)
    renew = story.verdict(OWNERSHIP).renew
    assert renew.by == "owner"
    for role in story.playbook.ownership:
        holder = story.standing.operating.offers[role.id].fact.person
        story.does(holder, o.AcceptRole(role=role.id))
    assert story.verdict(OWNERSHIP).renew is None


@pytest.mark.parametrize("name", ["standard", "ninety-day"])
def test_notice_is_never_longer_than_the_last_quarter(name):
    """Two weeks of notice, less for what is short-lived, so that nothing is announced all the time."""
    playbook = load(name)
    for phase in playbook.phases:
        for criterion in phase.criteria:
            days = playbook.notice_of(criterion)
            assert days <= playbook.notice_days
            assert criterion.valid_days is None or days <= criterion.valid_days / 4


def test_a_waiver_is_announced_before_it_ends():
    """Its end is near for two weeks; what brings about what was waived is said."""
    story = Story().begin_hardening().attest_all("harden").waive("harden.scale", days=20)
    waived = story.verdict("harden.scale")
    assert (waived.verdict, waived.renew) == ("waived", None)
    story.wait(days=7)
    waived = story.verdict("harden.scale")
    assert waived.verdict == "waived"
    assert waived.renew.action.startswith("Bring about what was waived.")


def test_a_waiver_of_what_is_short_lived_is_announced_like_any_other():
    """Monitoring is a day old at most; a waiver of it for three weeks says two weeks before that it ends."""
    story = Story().begin_rollout().waive("deploy.monitoring", days=20)
    assert story.verdict("deploy.monitoring").renew is None
    story.wait(days=7)
    waived = story.verdict("deploy.monitoring")
    assert waived.verdict == "waived"
    assert waived.renew.action.startswith("Bring about what was waived.")


def test_every_verdict_that_is_about_to_lapse_says_so_and_only_those():
    """Notice is given exactly where something holds and its end is near, in every phase."""
    story = in_service()
    for _ in range(40):
        story.wait(days=10)
        for verdict in story.verdicts().values():
            near = _near(story, verdict)
            assert (verdict.renew is not None) == (verdict.verdict in PASSING and near), verdict.id


def _near(story: Story, verdict: Verdict) -> bool:
    book = story.playbook
    notice = dt.timedelta(days=book.notice_days if verdict.waiver else book.notice_of(book.criterion(verdict.id)))
    return verdict.valid_until is not None and story.now >= verdict.valid_until - notice


def test_a_sponsor_who_is_silent_shows_in_the_last_phase_too():
    """Thirty days without a word are too many; a comment will do, and reading leaves nothing on the record."""
    story = in_service()
    story.does("sam", c.Comment(comment="I still care."))
    verdict = story.verdict("operate.sponsor")
    assert verdict.verdict == "met"
    assert verdict.evidence[0].figure == "the sponsor's last act: commented"
    assert verdict.evidence[0].ledger == story.standing.acts["sam"].stamp.position
    story.wait(days=23)
    assert story.verdict("operate.sponsor").renew is not None
    story.wait(days=7)
    silent = story.verdict("operate.sponsor")
    assert (silent.verdict, silent.next.by) == ("unmet", "sam")
    story.does("ann", c.Comment(comment="Sponsor, are you there?"))
    assert story.verdict("operate.sponsor").verdict == "unmet"


def test_going_back_forgets_what_was_seen_to_hold():
    """What was asked again after going back is open, not lapsed; no grace is left over from before."""
    story = watched(Story().begin_pilot().clear())
    assert story.standing.was_met("pilot.clearance")
    story.does("ann", c.GoBack(to_phase="select", reason="We promised the wrong thing."))
    assert not story.standing.was_met("pilot.clearance")
    assert story.standing.ceased == {}
