"""The sections on monitoring, on a pilot with known data."""

from __future__ import annotations

import datetime as dt
from types import SimpleNamespace

import pytest
from tests.workflow.office import SLUG
from tests.workflow.pilots import CountingStore, Pilot

from pilotage.evidence.foretelling import Foretold
from pilotage.evidence.measurements import Estimate
from pilotage.workflow import before_labels_section, drift_section, labels_section, service_section


@pytest.fixture
def pilot(tmp_path):
    """Nine days of shadow with 160 calls each, then a fortnight in which the candidate is right more rarely."""
    with CountingStore(tmp_path / "calls") as store:
        made = Pilot(store)
        for day in range(23):
            made.serve((0.5, 0.9) if day < 9 else (0.5, 0.3), calls=160)
            made.clock.at += dt.timedelta(days=1)
        yield made


def built(pilot, section):
    """The section as the interface gives it."""
    workspace = SimpleNamespace(calls=pilot.store, clock=pilot.clock)
    return section.build(workspace, SimpleNamespace(workload=pilot.story.standing))


def test_the_fields_that_moved_are_named(pilot):
    """The candidate's answers have another mix since the ninth day: an alert, by name, with the frozen reference."""
    found = built(pilot, drift_section)
    assert found.references
    assert found.references[0].until - found.references[0].since == dt.timedelta(days=7)
    assert {one.newest.field for one in found.fields} >= {"candidate.answer", "incumbent.answer"}
    by_name = {one.newest.field: one for one in found.fields}
    assert by_name["incumbent.answer"].newest.status == "steady"
    assert len(by_name["candidate.answer"].points) == 2
    again = built(pilot, drift_section)
    assert again == found


def test_labels_are_followed_by_arm_and_week(pilot):
    """All labels came within the hour."""
    found = built(pilot, labels_section)
    assert found.label == "label"
    every = next(one for one in found.arrivals if one.group == "all calls")
    assert every.in_window == 1.0
    assert every.labelled == every.calls
    assert sum(week.calls for week in found.weeks) == 23 * 160
    assert found.weeks[-1].open


def test_an_estimate_before_labels_is_marked_and_tested(pilot):
    """It names what it assumes, counts for no gate, and is held against the labels of past weeks."""
    found = built(pilot, before_labels_section)
    assert found.assumes == "no concept drift"
    assert not found.counts_for_gates
    assert isinstance(found.found, Foretold)
    assert isinstance(found.found.estimate, Estimate)
    assert found.found.tests


def test_service_levels_are_those_of_the_last_three_days(pilot):
    """Every call was answered: nothing fires, and hardly any budget is used."""
    found = built(pilot, service_section)
    assert not found.firing
    assert [level.objective.id for level in found.levels][:2] == ["answered", "served"]
    assert found.levels[0].budget.calls == pytest.approx(3 * 160, abs=2)


def test_nothing_is_made_up_before_there_are_calls(tmp_path):
    """Each section says what is missing."""
    with CountingStore(tmp_path / "calls") as store:
        empty = Pilot(store)
        drift = built(empty, drift_section)
        assert (drift.status, drift.fields) == ("not_estimable", ())
        assert "no reference yet" in drift.reason
        assert built(empty, labels_section).arrivals == ()
        assert not isinstance(built(empty, before_labels_section).found.estimate, Estimate)
        assert store.profiles(SLUG, dt.date(2026, 1, 1), dt.date(2027, 1, 1)) == ()
