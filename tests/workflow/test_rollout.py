"""The roll-out's stages put together, from a real store."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from tests.workflow.pilots import DAY, METRICS, SLUG, CountingStore, Pilot, us

from pilotage.evidence.measurements import Estimate
from pilotage.evidence.over_stages import APART, RETURNING, UNKNOWN
from pilotage.playbook.metrics import Guardrail, Metric, OutcomeValue, UserAction
from pilotage.runtime.records import Outcome
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


OVERRIDDEN = Metric(
    id="overridden",
    title="Answers overridden",
    unit="share",
    direction="lower",
    kind="proportion",
    source=UserAction(actions=("overridden",)),
    observable="exposed",
)
COMPLAINTS = Metric(
    id="complaints",
    title="Complaints",
    unit="share",
    direction="lower",
    kind="proportion",
    source=OutcomeValue(outcome="complaint"),
    observable="exposed",
)


def told(pilot, name, values):
    """Something is reported of the newest calls, one after the other, an hour after the last."""
    numbers = range(pilot.calls - len(values) + 1, pilot.calls + 1)
    pilot.store.append_outcomes(
        SLUG,
        [
            Outcome(
                outcome_id=f"{name}-{number}".encode().hex().ljust(64, "0")[:32],
                call_id=f"{number:032x}",
                name=name,
                kind="feedback",
                value=value,
                at_us=us(pilot.clock.at + DAY),
                reporter="desk",
            )
            for number, value in zip(numbers, values, strict=True)
        ],
    )


def exposed(store, guardrail):
    """A pilot with what people do and say as a guardrail."""
    return Pilot(store, metrics=(*METRICS, OVERRIDDEN, COMPLAINTS), guardrails=(guardrail,))


@pytest.mark.parametrize(("often", "status"), [(0.1, "within"), (0.6, "breached")])
def test_what_people_do_with_suggestions_is_held_to_a_limit(tmp_path, often, status):
    """From the first suggestions on: the candidate alone, over the calls on which somebody acted."""
    with CountingStore(tmp_path) as store:
        pilot = exposed(store, Guardrail(metric="overridden", limit=0.3))
        pilot.serve(stage="suggest-10/1", calls=300)
        told(pilot, "action", ['"overridden"' if n < 300 * often else '"accepted"' for n in range(300)])
        pilot.clock.at += 5 * DAY
        (found,) = pilot.measure().live_guardrails
        assert (found.metric, found.stage, found.status) == ("overridden", "suggest-10/1", status)
        assert found.candidate.value == pytest.approx(often)
        assert found.candidate.calls == 300
        assert pilot.measure().guardrails == ()


@pytest.mark.parametrize(("extra", "status"), [(0.0, "within"), (0.5, "breached")])
def test_complaints_are_compared_between_the_arms_while_live(tmp_path, extra, status):
    """A margin takes an incumbent at the same time: it is judged live, and nowhere before."""
    with CountingStore(tmp_path) as store:
        pilot = exposed(store, Guardrail(metric="complaints", margin=0.15))
        pilot.serve(calls=300)
        pilot.serve(stage="suggest-10/1", calls=50)
        told(pilot, "complaint", ["1"] * 50)
        pilot.serve(stage="live-50/1", calls=800)
        first = pilot.calls - 799
        of_candidate = [number % 2 == 1 for number in range(first, pilot.calls + 1)]
        told(pilot, "complaint", [str(int(pilot.rng.random() < 0.1 + extra * mine)) for mine in of_candidate])
        pilot.clock.at += 5 * DAY
        (found,) = pilot.measure().live_guardrails
        assert (found.metric, found.stage, found.status) == ("complaints", "live-50/1", status)
