"""The candidates side by side: ranked, with who disagrees, what comes next, and who has room for a pilot."""

from __future__ import annotations

from msgspec import structs
from tests.record.given import GIVEN
from tests.record.stories import Story, proposal

from pilotage.playbook.loading import load
from pilotage.record import commands as c
from pilotage.record.workload import Workload
from pilotage.workflow.candidates import intake_json
from pilotage.workflow.portfolio import portfolio_of

PLAYBOOK = load("standard")


def problem(slug: str, *scores: tuple[str, int, int, int], plan: bool = False, argued: str = "") -> Workload:
    """A problem with its scores; with its plan written and its choice argued where that is asked for."""
    story = Story()
    story.does("ann", proposal(title=f"Problem {slug}"))
    for person, impact, feasibility, readiness in scores:
        story.does(
            person, c.ScoreProblem(impact=impact, feasibility=feasibility, readiness=readiness, note="So it is.")
        )
    for person, command in GIVEN["select"][:4] if plan else ():
        story.does(person, command)
    if argued:
        story.does("ann", c.Choose(argument=argued))
    return structs.replace(story.standing, slug=slug)


def intake(*workloads: Workload, playbook=PLAYBOOK):
    """The candidates as they are shown."""
    return intake_json(workloads, portfolio_of(workloads), playbook)


def test_problems_stand_in_the_order_of_their_scores():
    """Best first, with the mean, the people furthest apart, and what each of them gave."""
    low, high = problem("low", ("ann", 1, 2, 3)), problem("high", ("ann", 5, 5, 5), ("eva", 4, 4, 4))
    found = intake(low, high)
    assert [(one.rank, one.workload, one.score) for one in found.candidates] == [(1, "high", 4.5), (2, "low", 2.0)]
    first = found.candidates[0]
    assert (first.low, first.high, first.lacking) == (4.0, 5.0, 0)
    assert [(one.given.by, one.impact, one.note) for one in first.scores] == [
        ("ann", 5, "So it is."),
        ("eva", 4, "So it is."),
    ]
    assert found.candidates[1].lacking == 1


def test_people_who_are_far_apart_are_named():
    """Two steps apart on a scale names who gives most and who gives least; one step does not."""
    (one,) = intake(problem("a", ("ann", 5, 4, 3), ("eva", 2, 3, 3))).candidates
    assert {scale.id: scale.disagreement for scale in one.scales} == {
        "impact": "ann gives 5, eva gives 2.",
        "feasibility": "",
        "readiness": "",
    }
    assert "Talk about business impact" in one.next


def test_what_nobody_scored_shows_no_figure():
    """Absence is absence: no score, no scale, and people to be asked."""
    (one,) = intake(problem("a")).candidates
    assert (one.score, one.low, one.scales) == (None, None, ())
    assert one.next == "2 more people have to score it."


def test_each_problem_says_what_comes_next():
    """First the scores, then the plan, then the charter of the first and an argument for any other."""
    scores = (("ann", 3, 3, 3), ("eva", 3, 3, 3))
    unplanned = problem("a", *scores)
    assert "Plan page" in intake(unplanned).candidates[0].next
    first = problem("first", ("ann", 5, 5, 5), ("eva", 5, 5, 5), plan=True)
    second = problem("second", *scores, plan=True)
    argued = problem("third", *scores, plan=True, argued="Its labels come the same day.")
    assert [one.next for one in intake(first, second, argued).candidates] == [
        "It leads the ranking: write its charter.",
        "To take it up, argue why it and not the first.",
        "It is chosen with an argument.",
    ]
    running = structs.replace(Story().begin_pilot().standing, scores=first.scores)
    found = intake(running, second).candidates
    assert [(one.rank, one.workload, one.is_open) for one in found] == [(1, "second", True), (2, running.slug, False)]
    assert [one.next for one in found] == ["It leads the ranking: write its charter.", "On the way already."]
    refused = Story().begin_evaluation().decide("no_go").standing
    assert [(one.is_open, one.next) for one in intake(refused).candidates] == [(False, "Decided against.")]


def test_who_has_room_for_a_pilot():
    """An owner with as many pilots as the playbook allows has none; a higher limit gives some."""
    running = Story().begin_pilot().standing
    (owner,) = intake(running).owners
    assert (owner.owner, owner.pilots, owner.limit, owner.has_room) == ("ann", (running.slug,), 1, False)
    wider = structs.replace(PLAYBOOK, pilot=structs.replace(PLAYBOOK.pilot, live_pilots_per_owner=2))
    assert intake(running, playbook=wider).owners[0].has_room
