"""The check of the data: a right to use each source, a sample of each within the limits, or an argument."""

from __future__ import annotations

import pytest
from msgspec import structs
from tests.record.stories import SAMPLE, Story

from pilotage.gates.data_checks import limits_of
from pilotage.record.areas.data import (
    ArgueSample,
    CheckSample,
    ColumnSeen,
    LabelsSeen,
    ListSource,
    TimesSeen,
)
from pilotage.record.errors import Problem

TICKETS = ListSource(
    id="tickets",
    title="Closed tickets",
    holds="Two years of tickets.",
    basis="contract",
    granted_by="Article 4",
    owner="eva",
    retention="three years",
)
LOOK = CheckSample(source="tickets", sample=b"team\nbilling\n", label_column="team")
CRITERION = "select.data"
LABELS, TIMES = SAMPLE.by_label, SAMPLE.times
assert LABELS is not None
assert TIMES is not None
BEYOND = {
    "rows": {"rows": 199, "columns": (), "by_label": structs.replace(LABELS, labelled=199, counts=(199,), rarest=99)},
    "missing": {"columns": (ColumnSeen(name="subject", missing=51),)},
    "repeated": {"repeated": 11},
    "labels": {"by_label": None},
    "labelled": {"by_label": structs.replace(LABELS, labelled=899)},
    "balance": {"by_label": LabelsSeen(column="team", labelled=1000, kinds=3, counts=(981, 19), rarest=19)},
    "one kind": {"by_label": LabelsSeen(column="team", labelled=1000, kinds=1, counts=(1000,), rarest=1000)},
    "age": {"times": None},
    "old": {"times": structs.replace(TIMES, newest="2025-02-27T17:00:00+00:00")},
    "future": {"times": structs.replace(TIMES, newest="2026-03-04T17:00:00+00:00")},
    "undated": {"times": TimesSeen(column="closed_at", dated=0, oldest="", newest="")},
}


def listed() -> Story:
    """A story with one source on the record."""
    story = Story().propose()
    story.does("eva", TICKETS)
    return story


def test_without_a_source_it_is_unmet():
    """Nothing listed is unmet, never a pass."""
    verdict = Story().propose().verdict(CRITERION)
    assert (verdict.verdict, verdict.kind) == ("unmet", "recorded")


def test_a_source_needs_a_sample():
    """A right to use without a look at real rows is unmet, and names the command."""
    verdict = listed().verdict(CRITERION)
    assert verdict.verdict == "unmet"
    assert "pilotage data check" in verdict.next.action


def test_a_source_that_may_be_used_and_was_looked_at_meets_it():
    """Right and sample within every limit meet it; the evidence is the source, the file's digest and its rows."""
    story = listed()
    story.does("eva", LOOK)
    verdict = story.verdict(CRITERION)
    assert verdict.verdict == "met"
    assert [one.ledger for one in verdict.evidence] == [
        story.standing.data.sources["tickets"].stamp.position,
        story.standing.data.samples["tickets"].stamp.position,
    ]
    assert (verdict.evidence[1].value, verdict.evidence[1].n) == (SAMPLE.digest[:12], 1000)


def test_a_right_that_is_not_granted_is_none():
    """However good the sample, a source whose use nobody granted is unmet."""
    story = listed()
    story.does("eva", LOOK)
    story.does("eva", structs.replace(TICKETS, basis="not_granted", granted_by=""))
    verdict = story.verdict(CRITERION)
    assert verdict.verdict == "unmet"
    assert "nobody has granted" in verdict.reason


@pytest.mark.parametrize("beyond", BEYOND)
def test_beyond_a_limit_somebody_has_to_argue(beyond):
    """Whatever goes beyond a limit, or was not looked at, is unmet until it is argued in writing."""
    story = listed()
    story.does("eva", LOOK, sample=structs.replace(SAMPLE, **BEYOND[beyond]))
    assert story.verdict(CRITERION).verdict == "unmet"
    story.does("ann", ArgueSample(source="tickets", argument="A person looks at those in any case."))
    verdict = story.verdict(CRITERION)
    assert verdict.verdict == "met"
    assert "argued" in verdict.reason


def test_an_argument_is_about_one_sample():
    """A new look ends the argument about the one before."""
    story = listed()
    story.does("eva", LOOK, sample=structs.replace(SAMPLE, repeated=500))
    story.does("ann", ArgueSample(source="tickets", argument="The export repeats what was reopened."))
    story.does("eva", LOOK, sample=structs.replace(SAMPLE, repeated=600))
    assert story.verdict(CRITERION).verdict == "unmet"
    assert story.standing.data.argument("tickets") is None


def test_every_source_counts_until_it_is_used_no_more():
    """One source without a sample holds the criterion open; unticked, it is asked no more."""
    story = listed()
    story.does("eva", LOOK)
    other = structs.replace(TICKETS, id="calls", title="Calls")
    story.does("eva", other)
    assert "Calls" in story.verdict(CRITERION).reason
    story.does("eva", structs.replace(other, in_use=False))
    assert story.verdict(CRITERION).verdict == "met"


def test_the_limits_are_the_playbook_s():
    """A playbook's own parameters are what samples are held to."""
    story = listed()
    story.does("eva", LOOK)
    phases = tuple(
        structs.replace(
            phase,
            criteria=tuple(
                structs.replace(one, params={**one.params, "rows_min": 5000}) if one.id == CRITERION else one
                for one in phase.criteria
            ),
        )
        for phase in story.playbook.phases
    )
    story.playbook = structs.replace(story.playbook, phases=phases)
    assert limits_of(story.playbook).rows_min == 5000
    assert "5,000 are asked" in story.verdict(CRITERION).reason


def test_everything_wrong_with_a_look_is_said_at_once():
    """An unknown source and an unreadable file are one refusal; without a look nothing is written."""
    story = Story().propose()
    broken = (Problem(code="not-csv", field="sample", message="This is not CSV."),)
    assert set(story.refusal("eva", LOOK, sample=broken)) == {"unknown-source", "not-csv"}
    story.does("eva", TICKETS)
    assert set(story.refusal("eva", LOOK, sample=None)) == {"not-looked-at"}
    assert set(story.refusal("ann", ArgueSample(source="tickets", argument="It will do."))) == {"no-sample"}


def test_a_right_names_who_granted_it():
    """A basis without who granted it is refused, as is an owner whom nobody knows, both at once."""
    found = Story().propose().refusal("eva", structs.replace(TICKETS, granted_by=" ", owner="nobody-here"))
    assert set(found) == {"right-without-grantor", "unknown-person"}


def test_labels_may_be_erased():
    """What labels are called is personal text; erased, the counts stay with numbers in place of names."""
    story = listed()
    story.does("eva", LOOK)
    fact = story.standing.data.samples["tickets"].fact
    assert fact.classes == (("billing", 700), ("contracts", 296))
    assert structs.replace(fact, labels="[erased]").classes == (("label 1", 700), ("label 2", 296))
