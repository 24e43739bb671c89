"""A figure's evidence: the sums that it was made of, and the conditions that can be checked from them."""

from __future__ import annotations

import pytest
from msgspec import structs

from pilotage.evidence.compare import arm, paired_difference
from pilotage.evidence.provenance import Window, provenance
from pilotage.evidence.strata import StageTotals
from pilotage.evidence.sums import Totals, UnitSum
from pilotage.playbook.metrics import Cost, LabelMatch, Metric

WINDOW = Window(stage="shadow/1", release="r1", sources=("real",), first_call_at=None, last_call_at=None)
RIGHT = Metric(id="right", title="Right", unit="share", direction="higher", kind="proportion", source=LabelMatch())
COST = Metric(id="cost", title="Cost", unit="USD", direction="lower", kind="mean", source=Cost(), hi=1000.0)


def totals(units):
    """The totals over units."""
    return sum((Totals.of(unit) for unit in units), Totals())


def verdicts(metric, form, stage, *, live=False):
    """The verdicts of the checks made of the sums."""
    read = paired_difference if form != "own" else arm
    found = provenance(
        metric, form, stage, read(metric, stage.candidate if form == "own" else stage.paired), window=WINDOW, live=live
    )
    return {check.id: check.verdict for check in found.checks}


def test_the_sums_are_given_as_they_are():
    """Every moment that is not zero is there, by series, and computing the figure from them gives the figure."""
    paired = totals(UnitSum(1.0, float(n % 2), float(n % 3 == 0)) for n in range(60))
    stage = StageTotals(stage="shadow/1", paired=paired)
    figure = paired_difference(RIGHT, paired)
    found = provenance(RIGHT, "difference", stage, figure, window=WINDOW)
    assert set(found.sums) == {"paired"}
    assert Totals(**found.sums["paired"]) == paired
    assert paired_difference(RIGHT, Totals(**found.sums["paired"])) == figure
    assert (found.calls, found.units, found.method, found.level) == (60, 60, "Tango", 0.95)


@pytest.mark.parametrize(("units", "verdict"), [(19, "violated"), (20, "held")])
def test_a_few_units_are_said_to_be_few(units, verdict):
    """Under twenty units the figure is shown, and the check says that it decides nothing."""
    stage = StageTotals(candidate=totals(UnitSum(1.0, float(n % 2)) for n in range(units)))
    assert verdicts(RIGHT, "own", stage)["units"] == verdict


def test_one_unit_with_half_of_all_calls_is_found():
    """A hundred units of which one has half of all calls weigh like few."""
    calls = [100.0, *[1.0] * 100]
    stage = StageTotals(paired=totals(UnitSum(n, n / 2, n / 3) for n in calls))
    assert verdicts(RIGHT, "difference", stage)["clustering"] == "violated"
    even = StageTotals(paired=totals(UnitSum(2.0, 1.0, 1.0) for _ in calls))
    assert verdicts(RIGHT, "difference", even)["clustering"] == "held"


def test_uneven_values_need_more_units():
    """A mean of values of which one is huge fails the rule of skewness; shares are not held to it."""
    values = [1.0 + n % 5 for n in range(99)]
    skewed = StageTotals(candidate=totals(UnitSum(1.0, y) for y in [*values, 900.0]))
    assert verdicts(COST, "own", skewed)["skewness"] == "violated"
    even = StageTotals(candidate=totals(UnitSum(1.0, y) for y in [*values, *values, *values]))
    assert verdicts(COST, "own", even)["skewness"] == "held"
    assert "skewness" not in verdicts(RIGHT, "own", StageTotals(candidate=totals([UnitSum(1.0, 1.0)] * 3)))


def test_live_each_arm_is_checked_for_itself():
    """Between the arms, both have to have enough units."""
    arms = StageTotals(
        candidate=totals(UnitSum(1.0, float(n % 2)) for n in range(50)),
        incumbent=totals(UnitSum(1.0, 1.0) for _ in range(5)),
    )
    found = provenance(RIGHT, "difference", arms, arm(RIGHT, arms.candidate), window=WINDOW, live=True)
    said = {check.title: check.verdict for check in found.checks}
    assert said["Enough units of the candidate"] == "held"
    assert said["Enough units of the incumbent"] == "violated"


def test_without_calls_there_is_nothing_to_check():
    """No check passes on nothing."""
    found = provenance(RIGHT, "difference", StageTotals(), paired_difference(RIGHT, Totals()), window=WINDOW)
    assert (found.checks, found.sums, found.method, found.calls) == ((), {}, None, 0)


def test_other_checks_stand_behind_the_own():
    """What others checked of the same figure is added after what the sums say."""
    stage = StageTotals(paired=totals(UnitSum(1.0, float(n % 2), 0.0) for n in range(30)))
    first = provenance(RIGHT, "difference", stage, paired_difference(RIGHT, stage.paired), window=WINDOW)
    more = structs.replace(first.checks[0], id="labels")
    found = provenance(RIGHT, "difference", stage, paired_difference(RIGHT, stage.paired), window=WINDOW, checks=[more])
    assert found.checks == (*first.checks, more)
