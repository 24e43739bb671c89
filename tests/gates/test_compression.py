"""Early phases that were hurried are warned about, with the work that was skipped for it."""

from __future__ import annotations

from msgspec import structs
from tests.record.given import GIVEN
from tests.record.stories import Story, problem

from pilotage.gates.compression import compressions
from pilotage.record import commands as c
from pilotage.record.verdicts import PortfolioView


def warnings(story: Story) -> dict[str, str]:
    """The warnings of the moment, by phase."""
    return {one.phase: one.warning for one in compressions(story.playbook, story.standing, story.verdicts())}


def test_a_fast_phase_that_left_nothing_behind_is_no_reason_to_warn():
    """Select passed within a day of fourteen, with every criterion met."""
    assert warnings(Story().begin_pilot()) == {}


def hurried() -> Story:
    """The gate `select` is passed on the first day, with the suitability waived."""
    story = Story()
    attest = story.attest_all

    def without_suitability(phase: str) -> Story:
        attest(phase)
        if phase == "select":
            story.waive("select.suitability")
            planning = structs.replace(story.standing.planning, suitability=None)
            story.workload = structs.replace(story.standing, planning=planning)
        return story

    story.attest_all = without_suitability  # type: ignore[method-assign]
    return story.begin_pilot()


def test_a_hurried_phase_names_the_work_that_was_waived():
    """With the days it took of those that the cadence gives it, the criterion in words, and that it was waived."""
    story = hurried()
    assert warnings(story) == {"select": "Select took 1 day of 14, and skipped: A problem of the right kind (waived)."}
    (found,) = compressions(story.playbook, story.standing, story.verdicts())
    assert [(one.criterion, one.waived) for one in found.skipped] == [("select.suitability", True)]
    story.wait(days=40)
    assert "select" in warnings(story), "that the waiver ended is no work done"


def test_work_that_was_made_up_for_is_not_named_any_more():
    """Once the criterion is met after all, the warning is gone."""
    story = hurried()
    for person, command in suitability():
        story.does(person, command)
    assert warnings(story) == {}


def test_what_the_gate_saw_met_was_not_skipped():
    """A problem that is proposed later, or an owner who changes, is no work that was left out for haste."""
    story = Story().begin_pilot()
    story.portfolio = PortfolioView(ranking=(problem("later", None, scorers=0),))
    story.does("ann", c.Assign(role="owner", person="ben"))
    assert story.verdict("select.owner").verdict == "unmet"
    assert warnings(story) == {}


def suitability():
    """What a story's owner answers on whether the work suits."""
    return [given for given in GIVEN["select"] if type(given[1]).__name__ == "JudgeSuitability"]


def test_a_phase_that_took_its_time_is_not_hurried():
    """Whoever waives after the weeks that the cadence gives has skipped nothing for haste."""
    story = hurried()
    entered = {**story.standing.entered, "select": story.now.replace(year=2025)}
    story.workload = structs.replace(story.standing, entered=entered)
    assert warnings(story) == {}
