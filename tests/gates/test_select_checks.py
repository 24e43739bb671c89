from __future__ import annotations

import datetime as dt

import pytest
from msgspec import structs
from tests.record.stories import RANKING, SLUG, Story, charter, measured_well, problem, proposal

from pilotage.evidence.measurements import Reachability
from pilotage.record import commands as c
from pilotage.record.charter import PageFit
from pilotage.record.verdicts import PortfolioView


def judged(story: Story, criterion: str) -> tuple[str, str]:
    """The verdict and its reason."""
    verdict = story.verdict(criterion)
    return verdict.verdict, verdict.reason


def ranked(*problems) -> PortfolioView:
    """A portfolio with these problems, best first."""
    return PortfolioView(ranking=problems)


def test_the_problem_that_leads_several_is_chosen():
    """First of enough problems, each scored by enough people: met, with the ranking as evidence."""
    story = Story().propose()
    assert judged(story, "select.candidates") == ("met", "First of 3 problems with 4.50 of 5.")
    assert [(item.value, item.n) for item in story.verdict("select.candidates").evidence] == [
        (4.5, 2),
        (3.5, 2),
        (3.0, 2),
    ]


def test_one_problem_is_no_choice():
    """With fewer problems than the playbook asks for there was nothing to compare."""
    story = Story().propose()
    story.portfolio = ranked(problem(SLUG, 4.5))
    verdict, reason = judged(story, "select.candidates")
    assert verdict == "unmet"
    assert reason.startswith("1 of at least 3")


@pytest.mark.parametrize("thin", [SLUG, "call-notes"])
def test_every_listed_problem_is_scored_by_several_people(thin):
    """One person's score of any listed problem is no comparison."""
    story = Story().propose()
    story.portfolio = ranked(*(structs.replace(p, scorers=1) if p.slug == thin else p for p in RANKING.ranking))
    verdict, reason = judged(story, "select.candidates")
    assert verdict == "unmet"
    assert thin.replace("-", " ") in reason


def test_a_problem_that_is_not_listed_was_not_compared():
    """A workload that is missing from the ranking is not the first of it."""
    story = Story().propose()
    story.portfolio = ranked(*(problem(f"other-{n}", 4.0) for n in range(3)))
    assert judged(story, "select.candidates")[0] == "unmet"


def test_a_lower_ranked_problem_needs_an_argument():
    """Choosing another than the first is possible when somebody argues it on the record."""
    story = Story().propose()
    story.portfolio = ranked(problem("invoice-reading", 4.8), *RANKING.ranking[:1], RANKING.ranking[2])
    assert judged(story, "select.candidates")[0] == "unmet"
    story.does("ann", c.Choose(argument="The data are here."))
    verdict, reason = judged(story, "select.candidates")
    assert verdict == "met"
    assert "The data are here." in reason


def test_what_is_on_the_way_or_refused_is_no_alternative():
    """A better one that runs already needs no argument, and lends its number to no comparison."""
    story = Story().propose()
    taken = [structs.replace(problem(f"taken-{n}", 4.9, scorers=0), is_open=False) for n in range(3)]
    story.portfolio = ranked(*RANKING.ranking, *taken)
    assert judged(story, "select.candidates") == ("met", "First of 3 problems with 4.50 of 5.")
    story.portfolio = ranked(problem(SLUG, 4.5), *taken)
    assert judged(story, "select.candidates")[1].startswith("1 of at least 3 candidate problems were listed")


def test_what_was_taken_up_beside_it_still_counts_as_listed():
    """Three are compared; when two of them were taken up, the third was compared all the same. What was on the way when
    it was proposed was not.
    """
    story = Story().propose()
    proposed = story.standing.proposed.at
    taken = [structs.replace(problem(f"taken-{n}", 4.9), is_open=False, taken_up=proposed) for n in range(2)]
    story.portfolio = ranked(problem(SLUG, 4.5), *taken)
    assert judged(story, "select.candidates")[0] == "unmet"
    after = [structs.replace(one, taken_up=proposed + dt.timedelta(days=3)) for one in taken]
    story.portfolio = ranked(problem(SLUG, 4.5), *after)
    assert judged(story, "select.candidates") == ("met", "The last to be chosen of 3 problems, with 4.50 of 5.")
    story.portfolio = ranked(problem("better", 4.8), problem(SLUG, 4.5), *after)
    assert judged(story, "select.candidates")[0] == "unmet"


def test_once_chosen_a_later_proposal_changes_nothing():
    """The verdict of the gate stands when others are proposed, score better or are taken up; going back it is judged
    anew.
    """
    story = Story().begin_pilot()
    story.portfolio = ranked(problem("later", None, scorers=0), structs.replace(problem(SLUG, 4.5), is_open=False))
    verdict = story.verdict("select.candidates")
    assert (verdict.verdict, verdict.next) == ("met", None)
    assert "when the gate select was passed" in verdict.reason
    assert verdict.evidence[0].ledger == story.standing.passed["select"].stamp.position
    story.does("ann", c.GoBack(to_phase="select", reason="The charter was too vague."))
    assert judged(story, "select.candidates")[0] == "unmet"


def test_a_choice_that_was_waived_at_the_gate_is_judged_as_long_as_it_is_open():
    """Nothing was compared then, so nothing is frozen: the waiver ends, and the comparison can be made up for."""
    story = Story().propose().write_charter()
    story.portfolio = ranked(problem(SLUG, 4.5))
    story.does("ann", c.AcceptOwnership(technical=True, operational=True, statement="I decide on both."))
    story.measurements = measured_well(story.now)
    story.attest_all("select").waive("select.candidates")
    story.does("ann", c.Advance(to_phase="pilot"))
    assert judged(story, "select.candidates")[0] == "waived"
    story.wait(days=31)
    assert judged(story, "select.candidates")[0] == "unmet"
    story.portfolio = RANKING
    assert judged(story, "select.candidates")[0] == "met"


def test_disagreement_between_scorers_is_shown():
    """Where scorers are far apart, the evidence says so."""
    story = Story().propose()
    story.portfolio = ranked(problem(SLUG, 4.5, spread=1.5), *RANKING.ranking[1:])
    assert "disagree" in story.verdict("select.candidates").evidence[0].figure


def test_a_long_ranking_is_shown_from_its_head():
    """Of hundreds of problems a verdict shows the first ten and this one, and names ten of those that lack scores."""
    story = Story().propose()
    many = [problem(f"other-{n}", 4.9) for n in range(200)]
    story.portfolio = ranked(*many, problem(SLUG, 4.5))
    story.does("ann", c.Choose(argument="The data are here."))
    verdict = story.verdict("select.candidates")
    assert verdict.verdict == "met"
    assert [entry.value for entry in verdict.evidence[:-1]] == [*[4.9] * 10, 4.5]
    story.portfolio = ranked(*(structs.replace(one, scorers=1) for one in many), problem(SLUG, 4.5))
    assert judged(story, "select.candidates")[1].endswith(" and 190 more.")


def test_an_owner_runs_one_pilot():
    """Another live pilot of the same owner is one too many; this one does not count against itself."""
    story = Story()
    story.does("ann", proposal())
    assert judged(story, "select.focus")[0] == "pending"
    story.does("ann", c.Assign(role="owner", person="ann"))
    story.portfolio = structs.replace(RANKING, live_pilots={"ann": (SLUG,), "ben": ("other",)})
    assert judged(story, "select.focus")[0] == "met"
    story.portfolio = structs.replace(RANKING, live_pilots={"ann": (SLUG, "other")})
    verdict, reason = judged(story, "select.focus")
    assert verdict == "unmet"
    assert "other" in reason


def test_the_limit_on_pilots_at_once_is_the_playbook_s():
    """With a limit of two a second pilot passes the gate and a third does not; the first one to finish is named."""
    story = Story().propose()
    story.playbook = structs.replace(
        story.playbook, pilot=structs.replace(story.playbook.pilot, live_pilots_per_owner=2)
    )
    story.portfolio = structs.replace(RANKING, live_pilots={"ann": ("other",)})
    verdict, reason = judged(story, "select.focus")
    assert (verdict, reason) == ("met", "The owner runs other besides, and 2 are allowed at once.")
    story.portfolio = structs.replace(RANKING, live_pilots={"ann": ("other", "third")})
    assert judged(story, "select.focus")[0] == "unmet"
    assert "other" in story.verdict("select.focus").next.action
    open_ones = {one.field for one in story.problems("ann", c.Advance(to_phase="pilot"))}
    assert "select.focus" in open_ones


def test_ownership_is_accepted_with_authority_over_both_sides():
    """Nobody, somebody who was only asked, and somebody without authority are no owners."""
    story = Story()
    story.does("ann", proposal())
    assert story.verdict("select.owner").next.by == "sponsor"
    story.does("ann", c.Assign(role="owner", person="ann"))
    assert story.verdict("select.owner").next.by == "ann"
    for technical, operational, lacking in ((False, True, "technical"), (True, False, "operational")):
        accept = c.AcceptOwnership(technical=technical, operational=operational, statement="Half of it.")
        story.does("ann", accept)
        verdict, reason = judged(story, "select.owner")
        assert verdict == "unmet"
        assert lacking in reason
    story.does("ann", c.AcceptOwnership(technical=True, operational=True, statement="All of it."))
    assert judged(story, "select.owner")[0] == "met"


def test_a_sponsor_is_real_when_they_signed_and_acted_lately():
    """Being named is not enough, nor is a signature that was the last thing heard of the sponsor."""
    story = Story().propose()
    assert judged(story, "select.sponsor") == ("unmet", "The sponsor has signed nothing yet.")
    story.write_charter()
    assert judged(story, "select.sponsor")[0] == "met"
    story.wait(days=31)
    assert "silent for 31 days" in judged(story, "select.sponsor")[1]
    story.does("sam", c.Comment(comment="I am still here."))
    assert judged(story, "select.sponsor")[0] == "met"
    story.does("ann", c.Assign(role="sponsor", person="tom"))
    assert judged(story, "select.sponsor")[0] == "unmet"


def test_a_workload_without_sponsor_says_who_assigns_one():
    """Nobody sponsors it until somebody is assigned."""
    story = Story()
    story.does("ann", proposal())
    assert story.verdict("select.sponsor").next.by == "owner"


@pytest.mark.parametrize(
    ("changes", "gap"),
    [
        ({"purpose": " "}, "no purpose"),
        ({"value": ""}, "no value"),
        ({"risks": ()}, "no known risk"),
        ({"guardrails": ()}, "no guardrail"),
        ({"decision_on": dt.date(2026, 3, 30)}, "3.0 weeks"),
        ({"decision_on": dt.date(2026, 5, 11)}, "9.0 weeks"),
    ],
)
def test_a_charter_with_a_gap_is_not_complete(changes, gap):
    """Everything that makes a promise checkable is there, for a pilot of four to eight weeks, on one page."""
    story = Story().propose().write_charter()
    assert judged(story, "select.charter")[0] == "met"
    base = len(story.standing.charters)
    story.does("eva", c.ReviseCharter(base_version=base, charter=charter(**changes), team="Ann and Eva"))
    verdict, reason = judged(story, "select.charter")
    assert verdict == "unmet"
    assert gap in reason


def test_a_charter_is_exactly_one_page_as_it_was_measured():
    """Two pages are unmet, with what lies past the first; a page that nobody measured is no pass."""
    story = Story().propose()
    write = c.ReviseCharter(base_version=0, charter=charter(), team="Ann")
    story.does("eva", write, page=None)
    assert judged(story, "select.charter")[0] == "pending"
    long = PageFit(pages=2, used=1.2, over_mm=52.6, lines=11, past="Known risks")
    story.does("eva", structs.replace(write, base_version=1), page=long)
    verdict, reason = judged(story, "select.charter")
    assert verdict == "unmet"
    assert "2 pages: about 11 lines too long, from “Known risks” on" in reason


def test_a_charter_names_its_team():
    """A charter without a team is not complete, and without a charter there is nothing to sign."""
    story = Story().propose()
    assert judged(story, "select.charter") == ("unmet", "There is no charter yet.")
    assert judged(story, "select.signed")[0] == "unmet"
    story.does("eva", c.ReviseCharter(base_version=0, charter=charter()))
    assert "no team" in judged(story, "select.charter")[1]


def test_the_missing_signature_is_named():
    """The verdict says whose signature is missing, and turns to that person."""
    story = Story().propose()
    story.does("eva", c.ReviseCharter(base_version=0, charter=charter(), team="Ann"))
    story.sign("ann", "charter")
    verdict = story.verdict("select.signed")
    assert verdict.reason == "Version 1 is not signed by the sponsor."
    assert verdict.next.by == "sponsor"


def test_a_pilot_has_to_be_able_to_tell():
    """Reachable when a go is likely enough at the expected value; short of that, the verdict says by how much."""
    story = Story().propose().write_charter()
    assert judged(story, "select.reachable")[0] == "pending"
    story.measurements = measured_well(story.now)
    assert judged(story, "select.reachable")[0] == "met"
    planned = story.measurements.reachability
    assert isinstance(planned, Reachability)
    weak = structs.replace(planned, probability_at_expected=0.79, reason="It needs 9 weeks.")
    story.measurements = measured_well(story.now, reachability=weak)
    verdict, reason = judged(story, "select.reachable")
    assert verdict == "unmet"
    assert "79%" in reason
    unknown = structs.replace(planned, probability_at_expected=None, reason="No volume.")
    story.measurements = measured_well(story.now, reachability=unknown)
    assert judged(story, "select.reachable")[0] == "pending"
