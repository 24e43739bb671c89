"""The portfolio: every problem by its score, and who runs which pilot."""

from __future__ import annotations

import pytest
from msgspec import structs
from tests.record.stories import Story, proposal

from pilotage.record import commands as c
from pilotage.record.workload import Workload
from pilotage.workflow.portfolio import portfolio_of, ranked


def problem(slug: str, *scores: tuple[str, int, int, int], **changes) -> Workload:
    """A proposed problem with its scores."""
    story = Story()
    story.does("ann", proposal(title=f"Problem {slug}"))
    for person, impact, feasibility, readiness in scores:
        story.does(person, c.ScoreProblem(impact=impact, feasibility=feasibility, readiness=readiness))
    return structs.replace(story.standing, slug=slug, **changes)


def test_a_score_is_the_mean_over_scorers_and_scales():
    """Each scorer counts once, by their newest score; the spread is that between scorers."""
    found = ranked(problem("a", ("ann", 1, 1, 1), ("eva", 3, 4, 5), ("ann", 5, 5, 5)))
    assert (found.score, found.scorers, found.incumbent) == (4.5, 2, "the service desk")
    assert found.spread == pytest.approx(0.5)


def test_what_nobody_scored_has_no_score():
    """Absence is absence, not a low score, and it comes last."""
    view = portfolio_of([problem("none"), problem("low", ("ann", 1, 1, 1))])
    assert [(p.slug, p.score, p.spread) for p in view.ranking] == [("low", 1.0, 0.0), ("none", None, None)]


def test_the_best_comes_first_and_ties_go_by_name():
    """The order does not depend on the order of proposal."""
    problems = [problem("b", ("ann", 3, 3, 3)), problem("a", ("ann", 3, 3, 3)), problem("z", ("ann", 5, 5, 5))]
    for order in (problems, problems[::-1]):
        assert [p.slug for p in portfolio_of(order).ranking] == ["z", "a", "b"]


def test_what_was_taken_up_or_refused_stands_behind_what_can_be_chosen():
    """A pilot, a workload in hardening and a no-go are no choice any more, however well they scored."""
    pilot, refused = Story().begin_pilot().standing, Story().begin_evaluation().decide("no_go").standing
    taken = [pilot, refused, Story().begin_hardening().standing]
    named = [
        structs.replace(w, slug=f"w{n}", scores=problem("x", ("ann", 5, 5, 5)).scores) for n, w in enumerate(taken)
    ]
    view = portfolio_of([*named, problem("low", ("ann", 1, 1, 1)), problem("high", ("ann", 2, 2, 2))])
    assert [(p.slug, p.is_open) for p in view.ranking] == [
        ("high", True),
        ("low", True),
        *((f"w{n}", False) for n in range(3)),
    ]
    assert [p.taken_up for p in view.ranking[1:3]] == [None, pilot.passed["select"].stamp.at]


def test_a_killed_problem_is_out():
    """It is neither ranked nor does it keep its owner from another pilot."""
    story = Story().begin_pilot()
    running = story.standing
    story.does("oli", c.Kill(reason="Answers in Latin."))
    view = portfolio_of([story.standing, problem("other", ("ann", 3, 3, 3))])
    assert [p.slug for p in view.ranking] == ["other"]
    assert view.live_pilots == {}
    assert portfolio_of([running]).live_pilots == {"ann": (running.slug,)}


def test_pilots_are_listed_by_owner_while_they_run():
    """In pilot and evaluation a workload takes its owner's focus; before and after it does not."""
    pilot, evaluation = Story().begin_pilot().standing, Story().begin_evaluation().standing
    others = [Story().propose().standing, Story().begin_hardening().standing]
    named = [structs.replace(w, slug=f"w{n}") for n, w in enumerate([pilot, evaluation, *others])]
    assert portfolio_of(named).live_pilots == {"ann": ("w0", "w1")}
    assert portfolio_of([structs.replace(pilot, owner=None)]).live_pilots == {}


def test_a_pilot_that_was_refused_occupies_nobody():
    """After a no-go in force the owner has room for another pilot, though nobody killed this one."""
    story = Story().begin_evaluation()
    assert portfolio_of([story.standing]).live_pilots == {"ann": (story.standing.slug,)}
    story.decide("no_go")
    assert portfolio_of([story.standing]).live_pilots == {}
