"""The target's variance where calls are alike by unit, by day, or both."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pytest
import statsmodels.api as sm
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs
from tests.evidence.simulated import DAY, money, promise, right, totals

from pilotage.evidence.answer import answer
from pilotage.evidence.clusters import (
    DAYS_TO_TEST,
    bent,
    both_ways,
    clustered_figures,
    day_totals,
    days_of,
    target_part,
)
from pilotage.evidence.explaining import explain_target
from pilotage.evidence.imputation import completed
from pilotage.evidence.looks import read_looks
from pilotage.evidence.measurements import Estimate, FieldCoverage, NotEstimable
from pilotage.evidence.parts import Part
from pilotage.evidence.provenance import Window, provenance
from pilotage.evidence.reach import reachability
from pilotage.evidence.statistic import Statistic, counted_in, planned_information, statistic
from pilotage.evidence.strata import LookSums, StageTotals
from pilotage.evidence.sums import UnitSum


def traffic(days=40, calls=50, *, shock=0.0, units=None, seed=5, gain=0.0):
    """Costs of both arms with a shock that a whole day shares: (candidate, incumbent, day, unit) by call."""
    rng = np.random.default_rng(seed)
    day = np.repeat(np.arange(days), calls)
    moved = shock * rng.normal(size=days)[day]
    y = 50.0 - gain + moved + rng.normal(0.0, 3.0, day.size)
    z = 50.0 + rng.normal(0.0, 3.0, day.size)
    unit = np.arange(day.size) if units is None else rng.integers(0, units, day.size)
    return y, z, day, unit


def stage_of(y, z, day, unit, until=None):
    """The shadow as it stood after so many days."""
    seen = day < (day.max() + 1 if until is None else until)
    y, z, day, unit = y[seen], z[seen], day[seen], unit[seen]
    by_day = [
        UnitSum(float((day == d).sum()), float(y[day == d].sum()), float(z[day == d].sum())) for d in np.unique(day)
    ]
    return StageTotals(stage="shadow/1", paired=totals(y, z, unit), paired_days=day_totals(by_day))


def dollars(**changes):
    """A promise on the cost."""
    return promise(metric="money", baseline=50.0, **changes)


@pytest.mark.parametrize("cluster", ["day", "both"])
def test_the_variance_by_day_is_that_of_least_squares_clustered_by_day(cluster):
    """With one call a unit, by day and both ways give the cluster-robust variance of statsmodels."""
    y, z, day, unit = traffic(shock=1.0)
    part = target_part(dollars(cluster=cluster), money(), stage_of(y, z, day, unit))
    fitted = sm.OLS(z - y, np.ones(y.size)).fit(cov_type="cluster", cov_kwds={"groups": day, "use_correction": False})
    assert isinstance(part, Part)
    assert part.seen == pytest.approx(float(fitted.bse[0]) ** 2, rel=1e-9)


def test_both_ways_is_never_less_than_the_variance_by_inclusion_and_exclusion():
    """Where units come back the sum of both is taken, which lies above the variance less that of the cells."""
    y, z, day, unit = traffic(shock=1.0, units=400)
    by_unit, by_day, both = (
        target_part(dollars(cluster=cluster), money(), stage_of(y, z, day, unit)) for cluster in ("unit", "day", "both")
    )
    d = z - y - (z - y).mean()
    cells = np.bincount(unit * 1000 + day, weights=d)
    exact = by_unit.seen + by_day.seen - float((cells**2).sum()) / d.size**2
    assert both.seen == pytest.approx(by_unit.seen + by_day.seen, rel=1e-12)
    assert both.seen > exact > max(by_unit.seen, by_day.seen) * 0.95


@given(st.floats(0.0, 10.0), st.floats(0.0, 10.0), st.booleans())
def test_both_ways_is_never_less_than_either(by_unit, by_day, single):
    """The estimate by inclusion and exclusion can fall below one of its parts; then the larger part stands."""
    assert max(by_unit, by_day) <= both_ways(by_unit, by_day, single=single) <= by_unit + by_day


@given(st.floats(-4.0, 8.0), st.floats(0.001, 1.0), st.floats(-0.6, 0.0))
def test_bad_days_lower_the_statistic_and_never_turn_it_round(z, step, lean):
    """A larger statistic stays the larger one, days without skewness leave it, and bad days never raise it above 0."""
    assert bent(z + step, lean) > bent(z, lean)
    assert bent(z, 0.0) == z
    assert bent(z, lean) <= z + 1e-9 or z > -9.0 / min(lean, -1e-9)


def test_a_shock_of_whole_days_widens_the_interval_and_lowers_the_statistic():
    """By unit the shock is not seen; by unit and day the interval is as wide as the days ask for, and says so."""
    stage = stage_of(*traffic(shock=1.0, units=400))
    narrow, wide = (
        clustered_figures(dollars(cluster=cluster), money(), [stage]).comparison for cluster in ("unit", "both")
    )
    assert isinstance(narrow, Estimate)
    assert isinstance(wide, Estimate)
    assert (wide.value, wide.calls, wide.units) == (narrow.value, narrow.calls, narrow.units)
    assert wide.high - wide.low > 1.5 * (narrow.high - narrow.low)
    assert wide.method == "paired mean, clustered, by unit and day"
    alone, together = (
        statistic(dollars(cluster=cluster, target=-2.0, floor=-3.0), money(), [stage]) for cluster in ("unit", "both")
    )
    assert 0.0 < together.z < alone.z / 1.5


def test_a_share_of_right_answers_is_clustered_by_day_too():
    """Tango's and Wilson's intervals take days in the place of units, on pairs and on the candidate alone."""
    rng = np.random.default_rng(8)
    day = np.repeat(np.arange(30), 40)
    moved = 0.15 * rng.normal(size=30)[day]
    y = (rng.random(day.size) < np.clip(0.7 + moved, 0.0, 1.0)).astype(float)
    z = (rng.random(day.size) < 0.6).astype(float)
    pairs = stage_of(y, z, day, np.arange(day.size))
    stage = structs.replace(pairs, candidate=pairs.paired, candidate_days=pairs.paired_days)
    for form, method in (("difference", "Tango, by day"), ("own", "Wilson, by day")):
        found = clustered_figures(promise(form=form, cluster="day"), right(), [stage]).comparison
        plain = clustered_figures(promise(form=form), right(), [stage]).comparison
        assert found.method == method
        assert found.high - found.low > 1.3 * (plain.high - plain.low)


def test_too_few_days_are_no_test():
    """The variance between fewer than twenty days is not trusted: there is no statistic, and the reason says so."""
    y, z, day, unit = traffic()
    found = statistic(dollars(cluster="both"), money(), [stage_of(y, z, day, unit, until=DAYS_TO_TEST - 1)])
    assert isinstance(found, NotEstimable)
    assert found.reason == "19 days are too few to tell how much days differ; it takes 20."
    assert isinstance(statistic(dollars(cluster="both"), money(), [stage_of(y, z, day, unit, until=20)]), Statistic)
    one = clustered_figures(dollars(cluster="both"), money(), [stage_of(y, z, day, unit, until=1)]).comparison
    assert isinstance(one, NotEstimable)
    assert "1 day is too few" in one.reason
    few = clustered_figures(dollars(cluster="both"), money(), [stage_of(y, z, day, unit, until=3)]).comparison
    assert few.reason.startswith("With each day as one cluster:")


def test_what_days_cannot_be_clusters_of_is_refused():
    """A value by unit and a metric that shows only live have no sums by day to be judged by."""
    stage = stage_of(*traffic())
    for metric in (money(per="unit_mean"), money(observable="exposed")):
        refused = target_part(
            dollars(cluster="day"), metric, structs.replace(stage, candidate=stage.paired, incumbent=stage.paired)
        )
        assert isinstance(refused, NotEstimable)
        assert refused.reason.endswith("cluster by unit.")


def test_information_is_counted_in_days_and_never_falls():
    """A day so bad that the precision falls still brings its share of information, so every look is tested."""
    y, z, day, unit = traffic(days=40)
    y[day == 30] += 8.0
    target = dollars(cluster="both")
    stages = [stage_of(y, z, day, unit, until=until) for until in range(20, 41)]
    seen = [statistic(target, money(), [stage]) for stage in stages]
    assert seen[11].precision < seen[10].precision
    assert [s.information for s in seen] == list(range(20, 41))
    assert days_of(dollars(), stages[0]) is None
    looks = [LookSums(day=DAY + dt.timedelta(days=20 + number), stages=(stage,)) for number, stage in enumerate(stages)]
    planned = planned_information(target, 0.025, 2000.0 * 6.0)
    read = read_looks(
        target, money(), looks, planned=planned, alpha=0.025, deadline=DAY + dt.timedelta(days=42), final=True
    )
    assert len(read.tested) == 21
    assert list(read.tested) == sorted(read.tested)
    assert read.tested[-1] == pytest.approx(40.0 / 42.0, abs=1e-6)


def test_full_information_by_days_is_the_time_the_planned_traffic_takes():
    """Twelve thousand calls at two thousand a week are six weeks, whatever the planned spread."""
    target = dollars(cluster="day")
    planned = planned_information(target, 0.025, 12_000.0)
    assert counted_in(target, planned) == pytest.approx(42.0)
    assert counted_in(dollars(), planned) == planned


def test_wild_days_do_not_make_a_good_candidate_futile():
    """Where days are much wilder than planned, a statistic that rises slowly is not taken for hopeless."""
    y, z, day, unit = traffic(shock=4.0, days=30, gain=0.3)
    looks = [
        LookSums(day=DAY + dt.timedelta(days=until), stages=(stage_of(y, z, day, unit, until=until),))
        for until in range(20, 31)
    ]
    asked = {"planned": 400.0, "alpha": 0.025, "deadline": DAY + dt.timedelta(days=60), "final": False}
    target = dollars(cluster="both", target=0.2, expected=0.4, deviation=4.3, calls_per_week=350.0)
    read = read_looks(target, money(), looks, **asked)
    assert read.z is not None
    assert not read.futile


def answered(cluster, shock, gain):
    """The answer after forty days of paired costs."""
    y, z, day, unit = traffic(shock=shock, units=300, gain=gain)
    target = dollars(cluster=cluster, target=1.0, expected=2.0, deviation=4.3, calls_per_week=350.0)
    looks = [
        LookSums(day=DAY + dt.timedelta(days=until), stages=(stage_of(y, z, day, unit, until=until),))
        for until in range(18, 41)
    ]
    covered = FieldCoverage(field="label", share=1.0, present=2000, calls=2000, required=0.9)
    given = {"attempt": 1, "looks": looks, "latest": looks[-1], "started": DAY, "label_coverage": covered}
    days = {"deadline": DAY + dt.timedelta(days=56), "today": looks[-1].day}
    return answer(target=target, metric=money(), **given, **days), target


def test_an_answer_clustered_both_ways_is_reached_where_days_allow_it():
    """A clear gain is shown also with days as clusters; looks before the twentieth day are shown and not tested."""
    found, target = answered("both", shock=1.0, gain=2.5)
    assert found.answer == "reached"
    assert [look.efficacy is None for look in found.looks[:3]] == [True, True, False]
    assert "by unit and day" in found.estimate.method
    assert "clustered by unit and day" in explain_target(found, target, money()).means
    plain, by_unit = answered("unit", shock=1.0, gain=2.5)
    assert "clustered" not in explain_target(plain, by_unit, money()).means


def test_a_gain_that_days_could_have_made_is_not_reached():
    """What is sure by unit stays open by unit and day when the days are wild."""
    assert answered("unit", shock=4.0, gain=1.0)[0].answer == "reached"
    assert answered("both", shock=4.0, gain=1.0)[0].answer == "keep_running"


def killed(cluster, shock, gain, **changes):
    """The answer after forty days of paired costs when the bets say that the candidate lies below its floor."""
    y, z, day, unit = traffic(shock=shock, gain=gain)
    target = dollars(
        **({"target": 1.0, "expected": 2.0} | changes), cluster=cluster, deviation=4.3, calls_per_week=350.0
    )
    stages = [stage_of(y, z, day, unit, until=until) for until in range(20, 41)]
    own = [structs.replace(one, candidate=one.paired, candidate_days=one.paired_days) for one in stages]
    looks = [LookSums(day=DAY + dt.timedelta(days=20 + number), stages=(stage,)) for number, stage in enumerate(own)]
    days = {"deadline": DAY + dt.timedelta(days=56), "today": looks[-1].day}
    return answer(
        target=target,
        metric=money(),
        attempt=1,
        looks=looks,
        latest=looks[-1],
        started=DAY,
        kill=[10.0] * 10,
        **days,
    )


def test_bets_alone_do_not_kill_where_days_are_wild():
    """Bets take units as independent: clustered by day, the band has to lie below the floor too, or it is only said."""
    assert killed("unit", shock=4.0, gain=0.0).answer == "below_floor"
    spared = killed("both", shock=4.0, gain=0.0)
    assert spared.answer == "keep_running"
    assert "days differ too much to tell" in spared.reason
    assert killed("both", shock=0.5, gain=-4.0).answer == "below_floor"


def test_a_cost_above_its_floor_kills_by_day_whatever_the_form():
    """Stated as the candidate's own cost, below the floor means dearer than it."""
    own = {"form": "own", "floor": 49.0, "target": 48.0, "expected": 47.0}
    assert killed("both", shock=0.5, gain=-2.0, **own).answer == "below_floor"
    assert killed("both", shock=0.5, gain=2.0, **own).answer != "below_floor"


def test_missing_labels_are_put_in_by_day_as_well():
    """The answer at its worst takes the days with everything missing added, not the days of what is known."""
    stage = structs.replace(stage_of(*traffic()), completed_days=stage_of(*traffic(calls=60)).paired_days)
    whole = completed(money(), stage, -1.0, 1.0).stage
    assert whole.paired_days == stage.completed_days
    own = structs.replace(stage, candidate=stage.paired, candidate_days=stage.paired_days)
    assert completed(money(), own, -1.0, 0.0).stage.candidate_days == stage.completed_days


def test_provenance_counts_the_days_that_a_figure_is_clustered_by():
    """The check `days` is there for a figure with sums by day only, and violated while they are too few for a test."""
    window = Window(stage="shadow/1", release="r1", sources=("real",), first_call_at=None, last_call_at=None)
    y, z, day, unit = traffic()
    for until, verdict in ((10, "violated"), (20, "held")):
        stage = stage_of(y, z, day, unit, until=until)
        estimate = clustered_figures(dollars(cluster="day"), money(), [stage]).comparison
        found = provenance(money(), "difference", stage, estimate, window=window)
        assert {check.id: check.verdict for check in found.checks}["days"] == verdict
        assert found.sums["paired_days"]["units"] == until
    bare = structs.replace(stage, paired_days=StageTotals().paired)
    assert "days" not in {c.id for c in provenance(money(), "difference", bare, estimate, window=window).checks}


def test_reachability_says_how_many_days_there_are_and_what_it_takes_as_given():
    """Few days warn; fewer than twenty leave nothing to test, so there is no chance to be given."""
    long = reachability(promise(cluster="both"), weeks=8.0)
    assert "only 56 days count" in long.reason
    assert "assumes that the design effect" in long.reason
    assert long.probability_at_expected == reachability(promise(), weeks=8.0).probability_at_expected
    short = reachability(promise(cluster="day"), weeks=3.0, label_window_hours=72.0)
    assert short.probability_at_expected is None
    assert "only 18 days count until then: it begins at 20" in short.reason
    assert "cluster" not in reachability(promise(), weeks=8.0).reason
