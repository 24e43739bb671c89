from __future__ import annotations

import pytest
from tests.record.stories import Story, release

from pilotage.record import commands as c
from pilotage.record import facts as f
from pilotage.record.areas.training import SayWhatPeopleSee
from pilotage.record.rules.exposing import within
from pilotage.record.verdicts import ExposureLimit

WHY = "Because it is time."


def breach(metric: str = "errors") -> f.GuardrailBreached:
    """A guardrail seen broken by the watch."""
    return f.GuardrailBreached(
        metric=metric, stage="suggest-50/1", reason="Errors doubled.", difference=-0.1, low=-0.2, high=-0.01, calls=900
    )


def suggesting() -> Story:
    """A cleared pilot whose suggestions a cohort sees."""
    story = Story().begin_pilot().clear()
    story.does("ann", c.Expose(mode="suggest", percent=50, cohorts=("berlin",), reason=WHY))
    return story


def test_exposure_up_to_the_ceiling_is_set():
    """An exposure within the ceiling is recorded with everything that the runtime has to obey."""
    story = Story().begin_pilot().clear()
    (fact,) = story.does(
        "oli",
        c.Expose(
            mode="suggest",
            percent=50,
            cohorts=("berlin",),
            reason=WHY,
            timeout_ms=250,
            hard_timeout=True,
            paired_share=1,
        ),
    )
    assert fact == f.ExposureSet(
        mode="suggest",
        percent=50.0,
        cohorts=("berlin",),
        reason=WHY,
        timeout_ms=250.0,
        hard_timeout=True,
        paired_share=1.0,
    )
    assert story.exposed() == ("suggest", 50.0, ("berlin",))
    assert story.standing.exposure.stamp.by == "oli"


def test_a_percentage_means_nothing_without_people():
    """Shadow and none record no percentage, whatever was sent."""
    story = Story().begin_pilot().clear()
    for mode in ("shadow", "none"):
        story.does("ann", c.Expose(mode=mode, percent=40, reason=WHY))
        assert story.standing.exposure.percent == 0.0


def test_above_the_ceiling_is_refused_with_every_reason():
    """A refusal says what was asked, what is allowed, and everything that holds the ceiling down."""
    story = Story().begin_pilot()
    found = story.problems("ann", c.Expose(mode="live", percent=5, reason=WHY))
    assert found[0].code == "above-ceiling"
    assert "live 5 %" in found[0].message
    reasons = [problem.message for problem in found if problem.code == "ceiling-reason"]
    assert reasons == list(story.ceiling().reasons)
    assert any("privacy and security" in reason.lower() for reason in reasons)


def test_every_problem_of_an_exposure_is_named_at_once():
    """No percentage, no release and no room: all of it is said together."""
    story = Story().propose()
    found = story.refusal("ann", c.Expose(mode="live", reason=WHY))
    assert {"no-percent", "no-release", "above-ceiling", "ceiling-reason"} == set(found)
    assert found["no-percent"].field == "percent"


def test_suggestions_before_the_rollout_go_to_a_named_cohort():
    """Before the roll-out nobody suggests to everybody."""
    story = Story().begin_pilot().clear()
    found = story.refusal("ann", c.Expose(mode="suggest", percent=50, reason=WHY))
    assert found["no-cohort"].field == "cohorts"


@pytest.mark.parametrize(
    ("mode", "percent", "limit", "allowed"),
    [
        ("none", 0, ("none", 0), True),
        ("shadow", 0, ("none", 0), False),
        ("shadow", 0, ("shadow", 0), True),
        ("suggest", 100, ("live", 5), True),
        ("live", 5, ("live", 5), True),
        ("live", 5.01, ("live", 5), False),
        ("live", float("nan"), ("live", 5), False),
        ("live", 1, ("suggest", 100), False),
        ("suggest", 60, ("suggest", 50), False),
    ],
)
def test_the_ceiling_orders_modes_before_percentages(mode, percent, limit, allowed):
    """None is below shadow, shadow below suggest, suggest below live; within a mode the percentage decides."""
    assert within(mode, percent, ExposureLimit(mode=limit[0], percent=limit[1])) is allowed


def test_a_kill_is_at_once_and_for_all():
    """After a kill nothing is exposed, the ceiling is none, and the record says who and why."""
    story = suggesting()
    story.does("pia", c.Kill(reason="It leaks names."))
    assert story.exposed() == ("none", 0.0, ())
    assert story.ceiling().mode == "none"
    assert "pia: It leaks names." in story.ceiling().reasons[0]
    assert "already" in story.refusal("eva", c.Kill(reason="Again."))["already-killed"].message
    assert "above-ceiling" in story.refusal("ann", c.Expose(mode="shadow", reason=WHY))


def test_lifting_a_kill_exposes_nobody():
    """After a revival exposure stays at none until somebody exposes again."""
    story = suggesting()
    assert "not-killed" in story.refusal("ann", c.Revive(reason="Why not."))
    story.does("pia", c.Kill(reason="It leaks names."))
    assert "not-permitted" in story.refusal("oli", c.Revive(reason="Looks fine."))
    story.does("sam", c.Revive(reason="The leak is closed."))
    assert story.ceiling().mode == "suggest"
    assert story.exposed() == ("none", 0.0, ())
    story.does("ann", c.Expose(mode="shadow", reason=WHY))
    assert story.exposed()[0] == "shadow"


def test_a_breach_takes_exposure_back_by_itself():
    """When a guardrail breaks, nobody sees the candidate any more; resolving the breach does not bring it back."""
    story = suggesting()
    story.record(breach())
    assert story.exposed() == ("shadow", 0.0, ())
    assert story.ceiling().mode == "shadow"
    story.does("oli", c.ResolveBreach(metric="errors", reason="A feed was down."))
    assert story.ceiling().mode == "suggest"
    assert story.exposed() == ("shadow", 0.0, ())


def test_a_breach_seen_in_shadow_changes_no_exposure():
    """Where nobody sees the candidate there is nothing to take back."""
    story = Story().begin_pilot().clear()
    story.does("ann", c.Expose(mode="shadow", reason=WHY))
    before = story.standing.exposures
    story.record(breach())
    assert story.standing.exposures == before


def test_only_an_open_breach_is_resolved():
    """Closing what is not open is refused, and all open breaches of a metric close together."""
    story = suggesting()
    resolve = c.ResolveBreach(metric="errors", reason="A feed was down.")
    assert story.refusal("oli", resolve)["no-open-breach"].field == "metric"
    for metric in ("errors", "errors", "cost"):
        story.record(breach(metric))
    story.does("oli", resolve)
    assert [b.metric for b in story.standing.open_breaches] == ["cost"]
    assert "no-open-breach" in story.refusal("oli", resolve)


def test_another_running_release_is_exposed_anew():
    """People agreed to see one release: when another runs in its place, they do not see it until exposed again."""
    story = suggesting()
    story.does("eva", release("r2", "cd" * 32))
    assert story.exposed() == ("shadow", 0.0, ())
    story.does("eva", SayWhatPeopleSee(release="r2", explanation="Only its weights are new."))
    story.does("ann", c.Expose(mode="suggest", percent=50, cohorts=("berlin",), reason=WHY))
    story.does("ann", c.DeclareForEvaluation(release="r2"))
    assert story.exposed()[0] == "suggest"
    story.does("ann", c.DeclareForEvaluation(release="r1"))
    assert story.exposed() == ("shadow", 0.0, ())
