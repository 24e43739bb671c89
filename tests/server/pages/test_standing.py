"""Where a workload stands: pace against the cadence, exposure on its gauge, who may do what."""

from __future__ import annotations

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.record.stories import START, Story, charter

from pilotage.gates.pacing import began, pace_of, planned
from pilotage.playbook.loading import load
from pilotage.record import commands as c
from pilotage.record.commands import COMMANDS
from pilotage.record.verdicts import MODE_RANK
from pilotage.server.auth.identity import Identity
from pilotage.server.pages.permissions import FITS
from pilotage.server.pages.standing import gauge, next_open, on_scale, ribbon, waivers
from pilotage.workflow.desk import Judgement
from pilotage.workflow.signing import to_sign
from pilotage.workflow.waiting import roles_here

EXPOSURES = st.tuples(st.sampled_from(list(MODE_RANK)), st.floats(0, 100))


def judged(story: Story) -> Judgement:
    """The story's workload as it stands."""
    mode, percent, cohorts = story.exposed()
    return Judgement(
        workload=story.standing,
        playbook=story.playbook,
        measurements=story.measurements,
        verdicts=story.verdicts(),
        ceiling=story.ceiling(),
        mode=mode,
        percent=percent,
        cohorts=cohorts,
    )


def test_the_cadence_counts_from_the_proposal():
    """The phases follow each other in weeks from the day of the proposal."""
    story = Story().begin_pilot()
    assert began(story.standing) == START.date()
    assert planned(story.playbook, story.standing, "select") == (START.date(), START.date() + dt.timedelta(weeks=2))
    assert planned(story.playbook, story.standing, "operate")[1] is None


def test_a_phase_that_runs_over_is_late_by_so_many_days():
    """Days in the phase count from its first day as one; past the cadence's end it is late."""
    story = Story().propose()
    first = pace_of(story.playbook, story.standing, story.now)
    assert (first.day, first.days, first.late_days) == (1, 14, 0)
    story.wait(days=20)
    late = pace_of(story.playbook, story.standing, story.now)
    assert (late.day, late.late_days, late.share) == (21, 6, 1.0)


def test_the_ribbon_knows_what_was_passed():
    """Passed phases show when, the present one its pace, and those ahead when they are planned."""
    story = Story().begin_evaluation()
    stretches = ribbon(judged(story), story.now)
    assert [stretch.state for stretch in stretches] == ["passed", "passed", "here", "ahead", "ahead", "ahead"]
    assert stretches[1].left == stretches[2].entered
    assert stretches[2].pace is not None
    assert all(stretch.entered is None for stretch in stretches[3:])


@given(one=EXPOSURES, other=EXPOSURES)
def test_more_exposure_is_never_drawn_as_less(one, other):
    """The gauge keeps the order of exposures, and stays between nothing and all."""
    least, most = sorted((one, other), key=lambda exposure: (MODE_RANK[exposure[0]], exposure[1]))
    assert 0.0 <= on_scale(*least) <= on_scale(*most) <= 1.0


def test_the_gauge_never_shows_more_than_is_allowed():
    """What is served stays under the ceiling's mark."""
    story = Story(demonstration=True).begin_rollout()
    shown = gauge(judged(story))
    assert shown.served <= shown.allowed
    assert [step for _, step in shown.steps] == [f"{stage.percent:g}" for stage in load("standard").stages]


def test_the_next_step_is_what_is_unmet_before_what_is_pending():
    """The first thing that can be put right comes before what only needs waiting."""
    story = Story().propose()
    step = next_open(judged(story))
    assert step is not None
    assert (step.verdict, step.phase) == ("unmet", "select")
    assert step.next is not None


def test_waivers_are_listed_with_their_limit():
    """Every waiver in force is listed, with the percentage that it limits live traffic to."""
    story = Story(demonstration=True).begin_rollout()
    strip = waivers(judged(story))
    assert strip is not None
    assert strip.percent == 25.0
    assert {verdict.verdict for verdict in strip.verdicts} == {"waived"}
    assert waivers(judged(Story().propose())) is None


def identity(person: str, *roles: str) -> Identity:
    """Somebody who signed in."""
    return Identity(
        person=person,
        name=person,
        username=person,
        roles=frozenset(roles),
        scopes=frozenset({"read", "command"}),
        via="session",
    )


def test_owner_and_sponsor_of_a_workload_are_its_own():
    """An account's role as owner counts only where the workload names that person."""
    story = Story().propose()
    assert roles_here(frozenset({"owner"}), story.standing, "ann") == {"owner"}
    assert roles_here(frozenset({"owner"}), story.standing, "ben") == frozenset()
    assert roles_here(frozenset({"reviewer", "operator"}), story.standing, "pia") == {"reviewer", "operator"}


def test_what_waits_for_a_signature_is_named_to_whom_it_waits_for():
    """The charter waits for owner and sponsor until each has signed it, and again after an edit."""
    story = Story().propose().write_charter()
    assert to_sign(story.standing, "ann") == ()
    edited = c.ReviseCharter(base_version=1, charter=charter(purpose="Tickets reach the right team within the hour."))
    story.does("eva", edited)
    digest = story.digest("charter")
    assert to_sign(story.standing, "ann") == to_sign(story.standing, "sam") == (("charter", digest),)
    story.sign("ann", "charter")
    assert to_sign(story.standing, "ann") == ()
    assert to_sign(story.standing, "sam") == (("charter", digest),)
    assert to_sign(story.standing, "eva") == ()


@pytest.mark.parametrize("name", sorted(FITS))
def test_only_known_commands_are_offered(name):
    """What decides whether a command is offered names a command that exists."""
    assert name in COMMANDS
