"""The roll-out's stages put together, from a real store."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from tests.workflow.pilots import DAY, SLUG, CountingStore, Pilot

from pilotage.evidence.measurements import Estimate
from pilotage.evidence.over_stages import APART, RETURNING, UNKNOWN
from pilotage.playbook.metrics import Guardrail
from pilotage.workflow.rollout import compared_over_stages


@pytest.fixture
def pilot(tmp_path):
    """A pilot with two live stages, every unit one call."""
    with CountingStore(tmp_path) as store:
        made = Pilot(store, guardrails=(Guardrail(metric="errors", margin=0.05),))
        made.serve(stage="live-5/1", calls=200)
        made.clock.at += DAY
        made.serve(stage="live-25/1", calls=200)
        made.clock.at += 5 * DAY
        made.measure()
        yield made


def together(pilot):
    """What the section shows."""
    workspace = SimpleNamespace(calls=pilot.store, measuring=pilot.measuring)
    return compared_over_stages(workspace, pilot.story.standing, pilot.store.totals(SLUG))


def test_stages_whose_units_call_once_are_put_together_by_mantel_haenszel(pilot):
    """The target's metric first, then the guardrails', each over both stages."""
    right, errors = together(pilot)
    assert (right.metric, errors.metric) == ("right_team", "errors")
    assert right.stages == errors.stages == ("live-5/1", "live-25/1")
    assert right.why == APART
    assert isinstance(right.difference, Estimate)
    assert right.difference.low > 0.2
    assert right.p < 0.001


def test_a_unit_that_comes_back_makes_it_the_wide_way(pilot):
    """One unit of the first stage that calls in the second is enough: errors add up from then on."""
    narrow = together(pilot)[0].difference
    pilot.serve(stage="live-25/1", calls=1, unit=lambda _call: "unit-1")
    pilot.clock.at += 5 * DAY
    pilot.measure()
    right = together(pilot)[0]
    assert (right.why, right.p) == (RETURNING, None)
    assert right.difference.high - right.difference.low > 1.2 * (narrow.high - narrow.low)


def test_what_nobody_knows_any_more_is_taken_as_returning(pilot):
    """After calls were removed the store cannot tell who came back."""
    pilot.store.retain(SLUG, pilot.clock.at)
    pilot.measuring.forget(SLUG)
    assert together(pilot)[0].why == UNKNOWN


def test_before_the_second_stage_there_is_nothing_to_put_together(tmp_path):
    """One live stage is shown as it is, elsewhere."""
    with CountingStore(tmp_path) as store:
        made = Pilot(store)
        made.serve(stage="live-5/1", calls=200)
        made.clock.at += 5 * DAY
        made.measure()
        assert together(made) == ()
