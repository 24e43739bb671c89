from __future__ import annotations

import pytest
from msgspec import structs
from tests.record.stories import Story

from pilotage.gates.ladder import allowed_percent, climbed
from pilotage.record import commands as c
from pilotage.record import facts as f

WHY = "Because it is time."


def served(story: Story, percent: float, days: float, mode: str = "live") -> None:
    """An exposure is set, and time passes."""
    story.record(f.ExposureSet(mode=mode, percent=percent, cohorts=(), reason=WHY), "oli")
    story.wait(days=days)


def held(story: Story) -> list[float]:
    """Days held, step by step."""
    return [round(step.days, 3) for step in climbed(story.playbook, story.standing, story.now)]


def allowed(story: Story) -> float:
    """What the ladder allows now."""
    return allowed_percent(story.playbook, story.standing, story.now)


def breach() -> f.GuardrailBreached:
    """A guardrail that broke while people were served."""
    return f.GuardrailBreached(
        metric="errors", stage="live-25/1", reason="Doubled.", difference=None, low=None, high=None, calls=9
    )


def test_the_first_step_is_allowed_and_nothing_is_held_yet():
    """At the start of the roll-out the first step may be taken; with no day served, no step is held."""
    story = Story().begin_rollout()
    assert held(story) == [0, 0, 0, 0]
    assert allowed(story) == 5
    story.wait(days=100)
    assert allowed(story) == 5


def test_a_step_is_held_by_serving_it_for_its_days():
    """The next step opens when the one before was served for its days, and not an hour earlier."""
    story = Story().begin_rollout()
    served(story, 5, 6.9)
    assert allowed(story) == 5
    story.wait(days=0.1)
    assert allowed(story) == 25


def test_a_higher_step_holds_the_lower_ones_too():
    """Days at 25 % count for 5 % as well, and not for 50 %."""
    story = Story().begin_rollout()
    served(story, 5, 7)
    served(story, 25, 3)
    assert held(story) == [10, 3, 0, 0]


@pytest.mark.parametrize("mode", ["none", "shadow", "suggest"])
def test_only_live_days_count(mode):
    """Time in shadow, in suggestions or switched off holds no step."""
    story = Story().begin_rollout()
    served(story, 100, 30, mode)
    assert held(story) == [0, 0, 0, 0]


def test_a_pause_is_not_counted():
    """Days before and after a pause add up; the pause itself does not count."""
    story = Story().begin_rollout()
    served(story, 5, 3)
    served(story, 0, 10, "shadow")
    served(story, 5, 4)
    assert held(story)[0] == 7


def test_what_was_served_before_the_rollout_does_not_count():
    """The ladder begins with the roll-out; an earlier roll-out that was gone back over is forgotten."""
    story = Story().begin_rollout()
    served(story, 5, 20)
    assert allowed(story) == 25
    story.does("ann", c.GoBack(to_phase="harden", reason="One more drill."))
    story.attest_all("harden").waive_open("harden")
    story.does("ann", c.Advance(to_phase="deploy"))
    assert held(story) == [0, 0, 0, 0]
    assert allowed(story) == 5


def test_a_breach_sends_the_ladder_back_to_its_foot():
    """While a breach is open nothing is held, however long it stays open; from its end on, counting begins again."""
    story = Story().begin_rollout()
    served(story, 5, 7)
    served(story, 25, 7)
    assert allowed(story) == 50
    story.record(breach())
    story.wait(days=30)
    assert held(story) == [0, 0, 0, 0]
    story.does("oli", c.ResolveBreach(metric="errors", reason="A feed was down."))
    story.wait(days=30)
    assert held(story) == [0, 0, 0, 0]
    assert allowed(story) == 5
    served(story, 5, 7)
    assert allowed(story) == 25


def test_an_open_breach_cannot_be_sat_out():
    """Setting an exposure while a breach is open holds no step, even if the record says live."""
    story = Story().begin_rollout()
    served(story, 5, 1)
    story.record(breach())
    served(story, 100, 60)
    assert held(story) == [0, 0, 0, 0]
    story.does("oli", c.ResolveBreach(metric="errors", reason="A feed was down."))
    assert held(story) == [0, 0, 0, 0]


def test_a_kill_sends_the_ladder_back_to_its_foot():
    """A candidate that had to be switched off begins at the first step when it comes back."""
    story = Story().begin_rollout()
    served(story, 5, 7)
    served(story, 25, 7)
    story.does("eva", c.Kill(reason="It leaks names."))
    story.wait(days=10)
    assert held(story) == [0, 0, 0, 0]
    story.does("sam", c.Revive(reason="The leak is closed."))
    story.wait(days=10)
    assert allowed(story) == 5


def test_all_steps_held_allow_everybody():
    """With every step held the ladder bounds nothing any more."""
    story = Story().begin_rollout()
    for stage in story.playbook.stages:
        served(story, stage.percent, stage.hold_days)
    assert all(step.held for step in climbed(story.playbook, story.standing, story.now))
    assert allowed(story) == 100


def test_a_step_without_days_is_held_by_being_served_at_all():
    """Where the playbook asks for no days, a step is held once it was served, never before."""
    story = Story().begin_rollout()
    stages = tuple(structs.replace(stage, hold_days=0) for stage in story.playbook.stages)
    story.playbook = structs.replace(story.playbook, stages=stages)
    assert allowed(story) == 5
    served(story, 5, 0.01)
    assert allowed(story) == 25
