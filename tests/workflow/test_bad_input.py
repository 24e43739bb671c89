"""What bad input does to the figures: refused, handled as documented, never silently averaged."""

from __future__ import annotations

import math

import pytest
from msgspec import structs
from tests.workflow.pilots import DAY, METRICS, SLUG, CountingStore, Pilot, us

from pilotage.evidence.measurements import Estimate, NotEstimable
from pilotage.playbook.metrics import Confidence, Cost, Guardrail, Metric
from pilotage.runtime.records import Execution, Outcome
from pilotage.workflow.correcting import corrections_check
from pilotage.workflow.desk import Judgement

SPENT = Metric(id="spent", title="Spent", unit="USD", direction="lower", kind="mean", source=Cost())
SURE = Metric(id="sure", title="Sure", unit="share", direction="higher", kind="mean", source=Confidence())


@pytest.fixture
def store(tmp_path):
    """A store in a folder of its own."""
    opened = CountingStore(tmp_path)
    yield opened
    opened.close()


def with_numbers(call, number):
    """The call, its candidate's cost and confidence replaced."""
    return structs.replace(call.beside, cost_usd=number, confidence=number)


def label(call_number, value, at_us, number):
    """An outcome of its own."""
    return Outcome(outcome_id=f"{number:032x}", call_id=f"{call_number:032x}", name="label", value=value, at_us=at_us)


def totals(store, metric, series):
    """The sums of one metric's series over all stages."""
    return [row.totals for row in store.totals(SLUG) if (row.metric, row.series, row.segment) == (metric, series, "")]


@pytest.mark.parametrize("number", [math.nan, math.inf, -math.inf])
def test_a_number_that_is_not_finite_is_in_no_sum(store, number):
    """Its call has no value: the others' mean is theirs, and the count is of the others."""
    limits = tuple(Guardrail(metric=m.id, limit=0.9) for m in (SPENT, SURE))
    pilot = Pilot(store, metrics=(*METRICS, SPENT, SURE), guardrails=limits)
    pilot.serve(calls=30, beside=lambda call: with_numbers(call, 0.25))
    pilot.serve(calls=10, beside=lambda call: with_numbers(call, number))
    pilot.measure()
    for metric in ("spent", "sure"):
        (sums,) = totals(store, metric, "candidate")
        assert (sums.n, sums.y, sums.yy) == (30.0, 7.5, 30 * 0.0625)


def test_a_negative_duration_is_refused_before_it_is_stored():
    """The record's own type refuses it on the wire; see the interface's tests."""
    field = next(one for one in structs.fields(Execution) if one.name == "latency_us")
    assert "ge=0" in repr(field.type)


def test_the_first_label_counts_and_corrections_are_told(store):
    """Contradicting labels change nothing in the figures; what the last ones would change is a check of its own."""
    pilot = Pilot(store)
    pilot.day(calls=200)
    pilot.clock.at += DAY * 3
    before = pilot.measure().answer.estimate
    assert not list(corrections_check(store, judged(pilot)))
    changed = [label(n, '"wrong"', us(pilot.clock.at - DAY * 3), 10_000 + n) for n in range(1, 61)]
    store.append_outcomes(SLUG, changed)
    assert pilot.measure().answer.estimate == before
    (check,) = corrections_check(store, judged(pilot))
    assert check.id == "corrections:right_team"
    assert check.verdict == "violated"
    assert check.figure < 0.0


def test_a_label_that_is_sent_twice_corrects_nothing(store):
    """Saying the same again, even under another id, is no correction."""
    pilot = Pilot(store)
    pilot.day(calls=40)
    store.append_outcomes(SLUG, [label(n, '"right"', us(pilot.clock.at), 20_000 + n) for n in range(1, 41)])
    assert store.corrected(SLUG, "label", 100) == ()


def test_what_was_corrected_goes_with_its_unit(store):
    """An erased unit leaves no trace among corrections."""
    pilot = Pilot(store)
    pilot.day(calls=5)
    store.append_outcomes(SLUG, [label(3, '"wrong"', us(pilot.clock.at), 20_000)])
    assert [one.call.call_id for one in store.corrected(SLUG, "label", 100)] == [f"{3:032x}"]
    store.erase_unit(SLUG, "unit-3")
    assert store.corrected(SLUG, "label", 100) == ()


def test_labels_may_come_before_their_calls_and_clocks_may_go_back(store):
    """An outcome that is older than its call comes from a slow clock and counts; the order of arrival does not."""
    one = Pilot(store)
    one.serve(calls=40, label_hours=-2.0)
    one.clock.at += DAY * 5
    found = one.measure()
    assert found.traffic.labelled == 40
    (sums,) = totals(store, "right_team", "paired")
    assert sums.n == 40.0


def test_one_unit_with_half_of_all_calls_widens_the_figure(tmp_path):
    """The estimate says that it rests on next to nothing, or is refused; without that unit it is narrow."""
    widths = {}
    for heavy in (False, True):
        with_half = CountingStore(tmp_path / str(heavy))
        pilot = Pilot(with_half)
        pilot.serve(
            calls=400, unit=lambda call, heavy=heavy: "one" if heavy and int(call.call_id, 16) % 2 else call.unit
        )
        pilot.clock.at += DAY * 5
        estimate = pilot.measure().answer.estimate
        widths[heavy] = estimate.high - estimate.low if isinstance(estimate, Estimate) else math.inf
        with_half.close()
    assert widths[True] > 2.0 * widths[False]


def test_one_day_is_no_answer(store):
    """However good a single day looks, the test has not begun its looks, and nothing is reached."""
    pilot = Pilot(store)
    pilot.serve((0.1, 0.95), calls=60)
    pilot.clock.at += DAY * 0.5
    answer = pilot.measure().answer
    assert answer.answer in {"keep_running", "not_estimable"}
    assert answer.looks == ()


def test_an_empty_arm_is_said_to_be_empty(store):
    """Where the candidate never ran there is a reason instead of a figure."""
    pilot = Pilot(store)
    pilot.serve(calls=40, stage="none/0")
    pilot.clock.at += DAY * 5
    answer = pilot.measure().answer
    assert isinstance(answer.candidate, NotEstimable)
    assert answer.candidate.reason
    assert answer.answer in {"not_estimable", "keep_running"}


def judged(pilot):
    """The pilot as the section reads it."""
    return Judgement(
        workload=pilot.story.standing,
        playbook=pilot.story.playbook,
        measurements=pilot.measure(),
        **{
            field.name: None
            for field in structs.fields(Judgement)
            if field.required and field.name not in {"workload", "playbook", "measurements"}
        },
    )
