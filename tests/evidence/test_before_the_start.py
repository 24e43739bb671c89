"""Baseline, coverage, reachability and the assessment of a history."""

from __future__ import annotations

import datetime as dt

import msgspec
import numpy as np
import pytest
from tests.evidence.simulated import DAY, money, paired_calls, promise, right, totals

from pilotage.evidence.assess import HistoryRow, assess
from pilotage.evidence.baseline import baseline
from pilotage.evidence.coverage import coverage
from pilotage.evidence.measurements import Estimate, NotEstimable
from pilotage.evidence.reach import reachability
from pilotage.evidence.strata import StageTotals
from pilotage.playbook.metrics import ErrorShare, LabelCost, Target


def test_the_baseline_is_the_incumbent_before_the_candidate_ran():
    """Only stages without a candidate count; the days are those with calls."""
    before = StageTotals(stage="none/0", incumbent=totals([1, 0, 1, 1] * 50))
    after = StageTotals(stage="shadow/1", incumbent=totals([0] * 500))
    found = baseline(right(), (before, after), [DAY, DAY + dt.timedelta(days=3), DAY])
    assert isinstance(found.estimate, Estimate)
    assert found.estimate.value == 0.75
    assert (found.calls, found.days, found.first_day, found.last_day) == (200, 2, DAY, DAY + dt.timedelta(days=3))


def test_no_baseline_without_calls_before():
    """A workload that began with the candidate has no baseline, and nothing stands in for it."""
    found = baseline(right(), (StageTotals(stage="shadow/1", incumbent=totals([0, 1, 1])),))
    assert isinstance(found.estimate, NotEstimable)
    assert (found.days, found.calls, found.first_day) == (0, 0, None)


def test_baselines_of_several_stages_are_weighted_by_calls():
    """Two stretches without a candidate are averaged by their calls, with an interval that is never too narrow."""
    stages = (
        StageTotals(stage="none/0", incumbent=totals([1, 0] * 100)),
        StageTotals(stage="none/1", incumbent=totals([1] * 590 + [0] * 10)),
    )
    found = baseline(right(), stages).estimate
    assert isinstance(found, Estimate)
    assert found.value == pytest.approx(690 / 800)


def test_coverage_is_a_share_of_what_is_due():
    """Present over due, against what is required; a required field nobody counted has no share."""
    found = coverage({"label": (90, 100), "input": (0, 0)}, {"label": 0.95, "confidence": 0.5})
    assert [(c.field, c.share, c.required) for c in found] == [
        ("confidence", None, 0.5),
        ("input", None, 0.0),
        ("label", 0.9, 0.95),
    ]
    with pytest.raises(ValueError, match="cannot be"):
        coverage({"label": (2, 1)}, {})


def test_a_pilot_with_enough_calls_is_reachable():
    """Ample calls make a go near certain at the expected value, and as rare as promised at the target."""
    found = reachability(promise(), weeks=8)
    assert found.calls_available == 16_000
    assert found.calls_needed is not None
    assert found.calls_needed < 16_000
    assert found.weeks_needed == pytest.approx(found.calls_needed / 2000)
    assert found.probability_at_expected is not None
    assert found.probability_at_expected > 0.99
    assert found.probability_at_target == pytest.approx(0.025, abs=1e-4)
    assert "that is enough" in found.reason


def test_with_the_calls_needed_the_chance_is_the_power():
    """The calls that are said to be needed give the power that the charter asks for."""
    needed = reachability(promise(), weeks=8).calls_needed
    assert needed is not None
    found = reachability(promise(calls_per_week=needed / 8), weeks=8)
    assert found.probability_at_expected == pytest.approx(0.8, abs=0.03)


def test_a_pilot_with_too_few_calls_says_so():
    """Too little traffic: the chance is low, and the weeks that it would take are given."""
    found = reachability(promise(calls_per_week=100.0), weeks=8)
    assert found.probability_at_expected is not None
    assert found.probability_at_expected < 0.4
    assert found.weeks_needed is not None
    assert found.weeks_needed > 8
    assert "too few" in found.reason


def test_a_short_pilot_is_told_the_chance_by_its_own_date():
    """At the charter's date a pilot that can still be extended keeps what is left of its error, and the chance says so:
    two thirds of the calls needed for 80 % give far less than spending everything there would.
    """
    needed = reachability(promise(), weeks=8).calls_needed
    assert needed is not None
    found = reachability(promise(calls_per_week=needed / 12), weeks=8)
    assert found.probability_at_expected == pytest.approx(0.42, abs=0.04)


def test_clusters_and_late_labels_cost_calls():
    """A design effect of two takes twice the calls; a label window of a week leaves a week less to count."""
    plain = reachability(promise(), weeks=8)
    clustered = reachability(promise(design_effect=2.0), weeks=8, label_window_hours=168.0)
    assert plain.calls_needed is not None
    assert clustered.calls_needed == pytest.approx(2.0 * plain.calls_needed)
    assert clustered.calls_available == 14_000
    assert clustered.weeks_needed == pytest.approx(clustered.calls_needed / 2000 + 1.0)


def test_a_share_is_planned_in_units_of_the_baseline():
    """Fifteen per cent of a cost of 20 is 3: the same plan as a difference of 3."""
    share = promise(form="share", baseline=20.0, target=0.1, expected=0.25, deviation=10.0)
    difference = promise(baseline=20.0, target=2.0, expected=5.0, deviation=10.0)
    assert reachability(share, weeks=8) == reachability(difference, weeks=8)


def test_an_unplannable_pilot_has_no_chances():
    """If the label takes as long as the pilot, or nothing is expected beyond the target, there are no figures."""
    late = reachability(promise(), weeks=1, label_window_hours=168.0)
    assert late.probability_at_expected is None
    assert late.calls_needed is not None
    flat = reachability(promise(form="share", baseline=0.0), weeks=8)
    assert (flat.calls_needed, flat.probability_at_expected) == (None, None)


def history(rows=2000, gain=0.1, seed=1, **fields):
    """Past calls over eight weeks with labels, right or wrong as drawn."""
    y, z = paired_calls(np.random.default_rng(seed), rows, 0.7, gain)
    start = dt.datetime(2026, 1, 5, tzinfo=dt.UTC)
    return [
        HistoryRow(
            incumbent="late" if a else "early",
            candidate="late" if b else "early",
            label="late",
            at=start + dt.timedelta(minutes=40.0 * i),
            **fields,
        )
        for i, (b, a) in enumerate(zip(y, z, strict=True))
    ]


def test_a_history_gives_baseline_comparison_and_a_draft():
    """Answers and labels say how good each arm was, whether a pilot can show it, and what a charter could promise."""
    found = assess(history())
    assert found.mark == "history"
    assert (found.rows, found.compared, found.units) == (2000, 2000, 2000)
    assert isinstance(found.baseline.estimate, Estimate)
    assert found.baseline.estimate.value == pytest.approx(0.7, abs=0.03)
    assert isinstance(found.difference, Estimate)
    assert found.difference.method == "Tango"
    assert found.difference.value == pytest.approx(0.1, abs=0.03)
    assert found.calls_per_week == pytest.approx(252, rel=0.01)
    assert found.reachability is not None
    target = msgspec.convert(found.charter["target"], Target)
    assert target.floor < target.target < target.expected == pytest.approx(found.difference.value)
    assert found.charter["draft_from"] == "history"


def test_a_history_with_returning_customers_is_clustered():
    """Rows of the same unit are not independent: the interval widens and the plan gets a design effect."""
    repeated = sorted(history(rows=100) * 20, key=lambda row: row.at)
    units = [msgspec.structs.replace(row, unit=f"customer-{i // 20}") for i, row in enumerate(repeated)]
    found = assess(units)
    assert found.units == 100
    assert isinstance(found.difference, Estimate)
    assert found.difference.method == "Tango, clustered"
    assert found.charter["target"]["design_effect"] == pytest.approx(20.0, rel=0.01)


def test_a_history_without_advantage_promises_nothing():
    """Where the candidate was no better, no target is drafted and the warning says so."""
    found = assess(history(gain=-0.05))
    assert "target" not in found.charter
    assert found.reachability is None
    assert "no-lead" in {caution.code for caution in found.cautions}


def test_rows_with_gaps_are_counted_and_left_out():
    """A missing answer or label removes the row from the comparison, in plain sight; no rows give no figures."""
    rows = history(rows=50)
    rows[3] = msgspec.structs.replace(rows[3], label=None)
    rows[4] = msgspec.structs.replace(rows[4], candidate=None)
    found = assess(rows)
    assert (found.rows, found.compared, found.baseline.calls) == (50, 48, 49)
    assert any("2 of 50 rows" in caution.sentence for caution in found.cautions)
    empty = assess([])
    assert isinstance(empty.difference, NotEstimable)
    assert empty.calls_per_week is None


def test_a_history_can_be_judged_by_cost():
    """With a cost for each answer and label, the comparison is in money."""
    cost = money(source=LabelCost(costs={"early": {"late": 40.0}, "late": {"early": 10.0}}))
    found = assess(history(), cost)
    assert isinstance(found.difference, Estimate)
    assert found.difference.value == pytest.approx(4.0, abs=1.2)
    with pytest.raises(ValueError, match="does not hold"):
        assess(history(rows=5), money(source=ErrorShare()))
