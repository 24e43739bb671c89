"""What labels are known from, all the way: from the store to the answer and to what can be trusted."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.workflow.pilots import DAY, SLUG, CountingStore, Pilot

from pilotage.evidence.measurements import Check, Estimate, LabelBases, Measurements, NotEstimable
from pilotage.runtime.records import Outcome
from pilotage.storage.protocols import CallFilter
from pilotage.workflow.trust_section import checks_of


@pytest.fixture
def pilot(tmp_path: Path) -> Iterator[Pilot]:
    """A pilot whose evaluation has begun."""
    with CountingStore(tmp_path / "store") as store:
        pilot = Pilot(store)
        pilot.begin_evaluation()
        yield pilot


def after(pilot: Pilot, days: int, **more: str) -> Measurements:
    """What is measured once the labels of so many days are due."""
    for _ in range(days):
        pilot.day(**more)
    pilot.clock.at += 3 * DAY
    return pilot.measure()


def condition(measured: Measurements, stage: str) -> Check | None:
    """The condition on a stage's labels."""
    return next((check for check in checks_of(measured) if check.id == f"label_bases:{stage}"), None)


def test_an_arm_s_own_answers_prove_nothing(pilot: Pilot):
    """A lead that a fortnight of labels would show is not there where each label is the candidate's own answer: those
    calls count as without a label, and what can be trusted says why.
    """
    measured = after(pilot, 6, basis="candidate")
    assert measured.answer is not None
    assert isinstance(measured.answer.estimate, NotEstimable)
    assert measured.answer.answer == "not_estimable"
    assert measured.traffic.labelled == 0
    assert measured.label_bases == (LabelBases(stage="shadow/1", own_answer=360),)
    found = condition(measured, "shadow/1")
    assert found is not None
    assert (found.verdict, "360 calls" in found.reason) == ("not_estimable", True)


def test_a_label_from_elsewhere_counts_though_an_own_answer_came_first(pilot: Pilot):
    """The own answer is passed over, whichever came first: the figure is that of the independent labels alone."""
    plain = after(pilot, 6, basis="independent")
    calls = [stored.call for stored in pilot.store.search(SLUG, CallFilter(), None, 1000).calls]
    own = [
        Outcome(
            outcome_id=f"f{call.call_id[1:]}",
            call_id=call.call_id,
            name="label",
            value='"wrong"',
            at_us=call.at_us + 1,
            basis="candidate",
        )
        for call in calls
    ]
    pilot.store.append_outcomes(SLUG, own)
    measured = pilot.measure()
    assert plain.answer is not None
    assert measured.answer is not None
    assert isinstance(plain.answer.estimate, Estimate)
    assert measured.answer.estimate == plain.answer.estimate
    assert measured.label_bases == (LabelBases(stage="shadow/1", independent=360, own_answer=360),)


def test_unsaid_labels_are_anchored_where_people_saw_the_candidate(pilot: Pilot):
    """In shadow nobody saw it; live, what the candidate served is anchored, and the condition violated."""
    after(pilot, 2)
    measured = after(pilot, 2, stage="live-25/1")
    shadow, live = condition(measured, "shadow/1"), condition(measured, "live-25/1")
    assert shadow is not None
    assert live is not None
    assert (shadow.verdict, shadow.figure) == ("held", 0.0)
    assert (live.verdict, live.figure) == ("violated", 0.5)


def test_independent_labels_are_not_anchored_by_what_people_saw(pilot: Pilot):
    """What the world says does not hang on who was shown what."""
    after(pilot, 2)
    live = condition(after(pilot, 2, stage="live-25/1", basis="independent"), "live-25/1")
    assert live is not None
    assert (live.verdict, live.figure) == ("held", 0.0)


def test_suggested_answers_anchor_labels_that_do_not_say_otherwise(pilot: Pilot):
    """Whoever labels after a suggestion has seen it."""
    after(pilot, 2)
    found = condition(after(pilot, 2, stage="suggest-5/1"), "suggest-5/1")
    assert found is not None
    assert found.figure == 1.0
