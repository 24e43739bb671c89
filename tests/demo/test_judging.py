from __future__ import annotations

import csv
import datetime as dt
import json
from pathlib import Path

import numpy as np
import pytest

from pilotage.demo.economics import Prices
from pilotage.demo.judging import judge, plan, write_history
from pilotage.demo.training import PLANNING_MONTHS, train

MAY = dt.datetime(2013, 5, 1, 4, tzinfo=dt.UTC)


@pytest.fixture(scope="module")
def spring(slice_of_year):
    """The flights of May and June."""
    return slice_of_year.select((slice_of_year.month == 5) | (slice_of_year.month == 6))


@pytest.fixture(scope="module")
def judged(spring, desk):
    """Both arms on them."""
    return judge(spring, desk)


def test_the_costs_are_those_of_the_answers(judged):
    """Summing the two kinds of wrong answers at their prices gives each arm's cost."""
    missed = (judged.late & ~judged.candidate_warns).sum()
    false = (~judged.late & judged.candidate_warns).sum()
    assert judged.candidate_usd.sum() == 400 * missed + 100 * false
    assert judged.improvement == 1 - judged.candidate_usd.sum() / judged.incumbent_usd.sum()


def test_the_candidate_beats_the_table_on_months_neither_has_seen(judged):
    """Even learned from an eighth of four months, the candidate ranks May and June better and costs less."""
    assert judged.improvement > 0.05
    late, risk = judged.late, judged.candidate_risk
    assert risk[late].mean() - risk[~late].mean() > 0.1


def test_the_standard_error_is_what_resampling_units_gives(judged):
    """The cluster-robust error of the improvement agrees with a bootstrap over units within 15 per cent."""
    random, size = np.random.default_rng(0), judged.unit.max() + 1
    old = np.bincount(judged.unit, weights=judged.incumbent_usd)
    new = np.bincount(judged.unit, weights=judged.candidate_usd)
    draws = random.multinomial(size, np.full(size, 1 / size), size=2000)
    improvements = 1 - (draws @ new) / (draws @ old)
    assert judged.improvement_error(judged.unit) == pytest.approx(improvements.std(), rel=0.15)


def test_planning_uses_only_what_was_not_learned_from(slice_of_year, desk):
    """Figures for a charter from months that taught the desk would flatter it, so they are refused."""
    with pytest.raises(ValueError, match="learned from the months"):
        plan(slice_of_year.select(slice_of_year.month >= 4), desk)


def test_planning_fills_the_charter_s_target(spring, desk, judged):
    """The target promises a share of the incumbent's cost, expects a standard error less than planning found, and
    carries volume, spread and clustering.
    """
    planning = plan(spring, desk)
    target = planning.target()
    assert target.form == "share"
    assert target.baseline == round(judged.incumbent_usd.mean(), 2)
    assert target.expected <= planning.improvement - planning.improvement_error_by_day < target.expected + 0.01
    assert target.calls_per_week == round(len(spring) / (61 / 7))
    assert target.design_effect >= 1
    assert target.deviation == round((judged.candidate_usd - judged.incumbent_usd).std(), 2)


def test_units_that_repeat_themselves_raise_the_design_effect(spring, desk):
    """When every flight of a unit is counted twice, the design effect doubles and the spread stays."""
    twice = spring.select(np.repeat(np.arange(len(spring)), 2))
    once, doubled = plan(spring, desk), plan(twice, desk)
    assert doubled.design_effect == pytest.approx(2 * once.design_effect)
    assert doubled.deviation_usd == pytest.approx(once.deviation_usd)


def test_a_history_holds_what_assess_reads(spring, desk, tmp_path):
    """Each row has the input, both answers and the label as JSON, the time in UTC and the unit."""
    written = write_history(tmp_path / "history.csv", spring, desk, MAY, MAY + dt.timedelta(days=2))
    with (tmp_path / "history.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == written > 100
    assert tuple(rows[0]) == ("input", "incumbent", "candidate", "label", "time", "unit")
    for row in rows:
        flight = json.loads(row["input"])
        assert json.loads(row["incumbent"]) == desk.incumbent(flight)
        assert json.loads(row["candidate"]) == desk.candidate(flight)
        assert row["label"] in {"true", "false"}
        assert row["unit"] == f"{flight['carrier']}{flight['flight']}"
        assert MAY <= dt.datetime.fromisoformat(row["time"]) < MAY + dt.timedelta(days=2)


def test_a_history_of_learned_months_is_refused(slice_of_year, desk, tmp_path):
    """A candidate's answers on the months it learned from are no history of how it would have done."""
    with pytest.raises(ValueError, match="prove nothing"):
        write_history(tmp_path / "history.csv", slice_of_year, desk, MAY - dt.timedelta(days=30), MAY)
    assert not (tmp_path / "history.csv").exists()


def test_other_prices_change_the_costs_and_not_the_answers(spring, desk, judged):
    """What the prices are is judged apart from what the arms said."""
    dear = judge(spring, desk, prices=Prices(missed_delay_usd=800))
    assert np.array_equal(dear.candidate_warns, judged.candidate_warns)
    assert dear.candidate_usd.sum() > judged.candidate_usd.sum()


def test_the_promise_stands_on_what_planning_found(year, tmp_path):
    """Learned from January to April, judged on May and June: the figures that the charter and its page quote."""
    spring = year.select((year.month == 5) | (year.month == 6))
    planning = plan(spring, train(year, tmp_path, months=PLANNING_MONTHS))
    target = planning.target()
    assert target.floor < target.target < target.expected < planning.improvement
    page = (Path(__file__).parents[2] / "docs" / "demo.md").read_text(encoding="utf-8")
    for figure in (
        f"| {planning.incumbent_usd:.2f} USD |",
        f"| {planning.candidate_usd:.2f} USD |",
        f"| {planning.improvement:.1%} |",
        f"| {target.expected:.0%} |",
        f"| {target.deviation:.0f} USD |",
        f"| {target.design_effect:.1f} |",
    ):
        assert figure.replace("%", " %") in page
