"""Segments, agreement, disagreements and shortfall from a real store, with calls such as the flight desk's."""

from __future__ import annotations

import json
from datetime import timedelta
from random import Random
from types import SimpleNamespace

import pytest
from msgspec import structs
from tests.record.stories import release
from tests.workflow.office import SLUG
from tests.workflow.pilots import DAY, CountingStore, Pilot, us

from pilotage.evidence.agreement import PAIRS_MOST
from pilotage.evidence.learning import LearningCurve
from pilotage.evidence.measurements import Estimate, NotEstimable
from pilotage.evidence.shortfall import Gap
from pilotage.playbook.metrics import Guardrail, LabelCost, Metric, Target
from pilotage.record import commands as c
from pilotage.runtime.records import Call, Execution, Outcome
from pilotage.workflow import agreement_section, disagreements_section, segments_section, shortfall_section
from pilotage.workflow.measuring import plan_of

COST = Metric(
    id="cost_per_flight",
    title="Cost per flight",
    unit="USD",
    direction="lower",
    kind="mean",
    source=LabelCost(
        costs={"true": {"false": 20.0}, "false": {"true": 100.0}}, label="delayed", answer_field="delayed"
    ),
    hi=100.0,
    window_hours=24.0,
)
TARGET = Target(
    metric="cost_per_flight",
    form="difference",
    baseline=20.0,
    floor=0.0,
    target=4.0,
    expected=8.0,
    calls_per_week=2000,
    deviation=40,
)
AIRPORTS = ("EWR", "JFK", "LGA", "BOS", "PHL")


@pytest.fixture
def desk(tmp_path):
    """A pilot whose candidate does well everywhere but at EWR, where it misses delays; answers carry a risk."""
    with CountingStore(tmp_path) as store:
        pilot = Pilot(
            store,
            metrics=(COST,),
            target=TARGET,
            guardrails=(Guardrail(metric="cost_per_flight", margin=1.0),),
            segments=("origin",),
        )
        _fly(pilot, Random(5))
        pilot.clock.at += 3 * DAY
        yield pilot


def _fly(pilot, rng):
    calls, outcomes = [], []
    for number in range(4500):
        origin = AIRPORTS[number % len(AIRPORTS)]
        late = rng.random() < 0.3
        theirs = rng.random() < (0.55 if late else 0.1)
        hit = 0.2 if origin == "EWR" else 0.85
        mine = rng.random() < (hit if late else 0.1)
        calls.append(
            Call(
                call_id=f"{number:032x}",
                at_us=us(pilot.clock.at) + number * 1_000_000,
                served=_answer("incumbent", theirs, rng),
                beside=_answer("candidate", mine, rng),
                unit=f"flight{number // 3}",
                segment={"origin": origin},
                mode="shadow",
                stage="shadow/1",
            )
        )
        outcomes.append(
            Outcome(
                outcome_id=f"{number:032x}",
                call_id=f"{number:032x}",
                name="delayed",
                value=json.dumps(late),
                at_us=us(pilot.clock.at) + number * 1_000_000 + 60_000_000,
            )
        )
    pilot.store.append_calls(SLUG, calls)
    pilot.store.append_outcomes(SLUG, outcomes)


def _answer(arm, delayed, rng):
    return Execution(
        arm=arm,
        release="r1" if arm == "candidate" else "",
        value=json.dumps({"delayed": delayed, "risk": round(rng.random(), 6)}),
        confidence=round(0.5 + rng.random() / 2, 3) if arm == "candidate" else None,
        latency_us=900,
    )


def built(section, pilot, answer="futile"):
    """The section as of now, from the real store."""
    workload = pilot.story.standing
    pilot.measuring.measure(workload, pilot.story.playbook)
    workspace = SimpleNamespace(calls=pilot.store, clock=pilot.clock, measuring=pilot.measuring)
    measured = SimpleNamespace(answer=SimpleNamespace(answer=answer))
    return section.build(workspace, SimpleNamespace(workload=workload, measurements=measured))


def test_the_failing_airport_is_flagged_in_the_target_and_in_the_guardrail(desk):
    """The one segment where the candidate is worse carries a flag, the others none; raw and pooled stand beside it."""
    found = built(segments_section, desk)
    target, guardrail = found.figures
    assert [one.segment for one in target.flagged] == ["origin=EWR"]
    assert [one.segment for one in guardrail.flagged] == ["origin=EWR"]
    assert target.segments[0].segment == "origin=EWR"
    assert sum(one.raw.calls for one in target.segments) == 4500
    first = target.segments[0]
    assert isinstance(first.raw, Estimate)
    assert isinstance(first.pooled, Estimate)
    assert first.raw.value < first.pooled.value < 0.0
    assert guardrail.spreads[0].worst == "origin=EWR"


def test_agreement_is_on_the_field_and_not_on_the_risk(desk):
    """No two answers carry the same risk, and yet most agree on whether the flight is late."""
    found = built(agreement_section, desk).found
    assert found.compared == "delayed"
    assert isinstance(found.agreement, Estimate)
    assert isinstance(found.kappa, Estimate)
    assert 0.6 < found.agreement.value < 0.95
    assert found.agreement.units == 1500
    assert {(pair.incumbent, pair.candidate) for pair in found.differing} == {("false", "true"), ("true", "false")}


class ReadStore(CountingStore):
    """The real store, which counts how often its calls are read."""

    calls_read = 0

    def agreement(self, workload, of):
        """As the store does."""
        self.calls_read += 1
        return super().agreement(workload, of)

    def search(self, workload, where, cursor=None, limit=50):
        """As the store does."""
        self.calls_read += 1
        return super().search(workload, where, cursor, limit)


READING = (agreement_section, disagreements_section, shortfall_section)


def test_calls_are_read_again_only_when_something_came(tmp_path):
    """A second request reads no call, whatever the section; a call, a command or a removal makes each read again."""
    with ReadStore(tmp_path) as store:
        pilot = Pilot(store, metrics=(COST,), target=TARGET, guardrails=(Guardrail(metric=COST.id, margin=1.0),))
        _fly(pilot, Random(5))
        pilot.calls = 4500
        pilot.clock.at += 3 * DAY
        for section in READING:
            first, read = built(section, pilot), store.calls_read
            assert read > 0
            assert built(section, pilot) == first
            assert store.calls_read == read
        seen = built(agreement_section, pilot).pairs
        pilot.serve(calls=1)
        assert built(agreement_section, pilot).pairs == seen + 1
        for change in (
            lambda: pilot.serve(calls=1),
            lambda: pilot.does("ann", c.Comment(comment="Have a look.")),
            lambda: pilot.measuring.forget(SLUG),
        ):
            change()
            for section in READING:
                read = store.calls_read
                built(section, pilot)
                assert store.calls_read > read


def test_an_erased_unit_is_in_no_list_any_more(desk):
    """Once the store was told to forget a unit, what was read before is not shown again."""
    first = built(disagreements_section, desk).list.calls[0]
    desk.store.erase_unit(SLUG, first.unit)
    desk.measuring.forget(SLUG)
    assert first.unit not in {one.unit for one in built(disagreements_section, desk).list.calls}


def test_agreement_says_over_which_pairs_it_was_counted(desk, monkeypatch):
    """All pairs while they are few; above the bound the newest, and it is said in words and in fields."""
    found = built(agreement_section, desk)
    assert (found.pairs, found.pairs_most, found.whole) == (4500, PAIRS_MOST, True)
    assert found.counted.startswith("Counted over all 4,500 pairs that are kept, made from ")
    asked = agreement_section.pairs_of
    monkeypatch.setattr(agreement_section, "pairs_of", lambda *of: structs.replace(asked(*of), most=1000))
    desk.measuring.forget(SLUG)
    few = built(agreement_section, desk)
    assert (few.pairs, few.pairs_most, few.whole) == (1000, 1000, False)
    assert few.until == found.until
    assert few.until - few.since == timedelta(seconds=999)
    assert few.counted.startswith("Counted over the newest 1,000 pairs, made from ")
    assert few.counted.endswith("; older ones are kept and not counted.")


def test_agreement_over_all_pairs_comes_from_the_counts_of_each_day(desk, monkeypatch):
    """Made by the watch: until then nothing is said of it. It agrees with the count of all pairs, and stays when only
    the newest of them are counted.
    """
    found = built(agreement_section, desk)
    assert (found.overall, found.held_against) == (None, "")
    workload = desk.story.standing
    desk.store.profile(SLUG, plan_of(workload), desk.clock.at)
    desk.measuring.forget(SLUG)
    found = built(agreement_section, desk)
    assert (found.overall.pairs, found.overall.unknown) == (4500, 0)
    assert found.overall.least == pytest.approx(found.found.agreement.value)
    assert found.overall.kappa == pytest.approx(found.found.kappa.value)
    assert found.held_against.startswith(f"Of all 4,500 pairs from {found.overall.since} to {found.overall.until} ")
    asked = agreement_section.pairs_of
    monkeypatch.setattr(agreement_section, "pairs_of", lambda *of: structs.replace(asked(*of), most=1000))
    desk.measuring.forget(SLUG)
    few = built(agreement_section, desk)
    assert (few.pairs, few.overall) == (1000, found.overall)


def test_the_reading_list_and_the_filter_find_the_same_calls(desk):
    """As many disagreements are looked at as the agreement counts, up to the limit; the surest mistakes come first."""
    found = built(disagreements_section, desk)
    agreement = built(agreement_section, desk).found
    differing = sum(pair.calls for pair in agreement.differing)
    assert found.list.looked_at == min(differing, disagreements_section.LOOKED_AT)
    worse = [one for one in found.list.calls if one.group == "candidate_worse"]
    assert [one.confidence for one in worse] == sorted((one.confidence for one in worse), reverse=True)
    assert all(one.gain < 0.0 for one in worse)


def test_the_shortfall_names_where_and_how(desk):
    """The parts add up to the gap, the failing airport has the largest, and missed delays cost the most."""
    found = built(shortfall_section, desk)
    assert isinstance(found.gap, Gap)
    assert sum(part.part for part in found.gap.parts) == pytest.approx(found.gap.gap)
    assert found.gap.parts[0].segment == "origin=EWR"
    assert found.segments[0] == "origin=EWR"
    first = found.failures.kinds[0]
    assert (first.kind, first.answer, first.label) == ("wrong", "false", "true")
    assert found.failures.judged == shortfall_section.CALLS_READ
    assert isinstance(found.curve, NotEstimable)
    assert found.recorded is None


def test_points_on_record_and_measured_ones_make_the_curve(desk):
    """A release that says how many examples it learned from gives a point, the analysis gives the others."""
    points = ("1000=40", "2000=33", "4000=28", "8000=24.5")
    desk.does("eva", structs.replace(release("r2", "cd" * 32), training_examples=16000))
    command = c.AnalyseShortfall(
        segments=("origin=EWR",), cause="Few flights.", remedy="more_data", effort="Two weeks.", curve=points
    )
    desk.story.does("eva", command, answer="futile")
    found = built(shortfall_section, desk)
    assert isinstance(found.curve, LearningCurve)
    assert [point.examples for point in found.points] == [1000, 2000, 4000, 8000]
    assert found.curve_lines == points
    assert found.recorded.remedy == "more_data"


def test_before_a_release_is_declared_every_section_says_so(tmp_path):
    """Nothing is shown that is not there, and the reason is beside it."""
    with CountingStore(tmp_path) as store:
        pilot = Pilot(store, segments=())
        assert "declares no segments" in built(segments_section, pilot).reason
        assert "No call" in built(agreement_section, pilot).reason
        assert "not disagreed" in built(disagreements_section, pilot).reason
        assert isinstance(built(shortfall_section, pilot).gap, NotEstimable)
