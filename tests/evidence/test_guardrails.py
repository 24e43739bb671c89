from __future__ import annotations

import numpy as np
import pytest
from tests.evidence.simulated import money, paired_calls, promise, right, totals

from pilotage.evidence.betting import log_wealth
from pilotage.evidence.guardrails import cluster_of, judge, live_guardrails, look_alpha, shadow_guardrails
from pilotage.evidence.measurements import Estimate, NotEstimable
from pilotage.evidence.strata import StageTotals
from pilotage.playbook.metrics import Guardrail

MARGIN = Guardrail(metric="right", margin=0.03)


def shadow(gain, calls=4000, seed=1):
    """A shadow stage of pairs in which the candidate is right more often by `gain`."""
    y, z = paired_calls(np.random.default_rng(seed), calls, 0.7, gain)
    return StageTotals(stage="shadow/1", paired=totals(y, z), candidate=totals(y))


def test_a_suggestion_is_held_to_a_limit_and_to_nothing_else():
    """What shows only once people are exposed has a limit of its own while answers are suggested; there is no one to
    compare with, and what shadow shows was judged there.
    """
    overridden = right(id="overridden", direction="lower", observable="exposed")
    rng = np.random.default_rng(3)
    stages = (
        StageTotals(stage="suggest-10/1", candidate=totals(rng.random(2000) < 0.5), incumbent=totals(np.zeros(50))),
    )
    held = {"overridden": stages, "right": stages}
    limits = [Guardrail(metric="overridden", limit=0.3), Guardrail(metric="right", limit=0.9)]
    (broken,) = live_guardrails(limits, (overridden, right()), held)
    assert (broken.metric, broken.status, broken.stage) == ("overridden", "breached", "suggest-10/1")
    margins = [Guardrail(metric="overridden", margin=0.1), Guardrail(metric="right", margin=0.1)]
    assert live_guardrails(margins, (overridden, right()), held) == ()


def live(gain, calls=20_000, seed=1, name="live/25/1"):
    """A live stage in which a quarter of the units has the candidate."""
    rng = np.random.default_rng(seed)
    return StageTotals(
        stage=name,
        candidate=totals(rng.random(calls // 4) < 0.7 + gain),
        incumbent=totals(rng.random(calls * 3 // 4) < 0.7),
    )


@pytest.mark.parametrize(("gain", "status"), [(0.0, "within"), (-0.03, "undecided"), (-0.08, "breached")])
def test_a_margin_is_judged_on_pairs_in_shadow(gain, status):
    """No worse is within, worse by the margin is open, worse by far more is broken."""
    found = judge(MARGIN, right(), shadow(gain), live=False)
    assert found.status == status
    assert isinstance(found.difference, Estimate)
    assert found.difference.level == pytest.approx(0.9)
    assert found.stage == "shadow/1"
    assert found.reason.startswith("Right answers: the candidate's difference is")


@pytest.mark.parametrize(("gain", "status"), [(0.0, "within"), (-0.03, "undecided"), (-0.08, "breached")])
def test_a_margin_is_judged_between_arms_live(gain, status):
    """Live, the same is judged between the units of the two arms."""
    found = judge(MARGIN, right(), live(gain), live=True)
    assert found.status == status
    assert isinstance(found.candidate, Estimate)
    assert isinstance(found.incumbent, Estimate)


@pytest.mark.parametrize(("limit", "status"), [(0.6, "within"), (0.7, "undecided"), (0.8, "breached")])
@pytest.mark.parametrize("in_public", [False, True])
def test_a_limit_is_judged_on_the_candidate_alone(limit, status, in_public):
    """A fixed limit needs no incumbent: the candidate's mean has to lie on its better side."""
    stage = live(0.0) if in_public else shadow(0.0)
    found = judge(Guardrail(metric="right", limit=limit), right(), stage, live=in_public)
    assert found.status == status
    assert "the limit is" in found.reason


def test_a_limit_holds_from_above_where_lower_is_better():
    """A cost limit is broken above it and held below it."""
    stage = StageTotals(stage="shadow/1", candidate=totals(np.random.default_rng(2).normal(10, 2, 2000)))
    assert judge(Guardrail(metric="money", limit=12.0), money(), stage, live=False).status == "within"
    assert judge(Guardrail(metric="money", limit=8.0), money(), stage, live=False).status == "breached"


def test_the_bets_can_break_a_guardrail_before_the_interval_does():
    """Evidence of 1/alpha is enough: a bet is exact however often it was looked at."""
    wealth = [40 * gain for gain in log_wealth(-0.5, -0.03, -1.0, 1.0)]
    found = judge(MARGIN, right(), shadow(-0.03), live=False, log_wealth=wealth)
    assert found.status == "breached"
    assert "evidence" in found.reason


def test_no_calls_are_no_pass():
    """A guardrail without figures is not estimable, and says why."""
    found = judge(MARGIN, right(), StageTotals(), live=False)
    assert found.status == "not_estimable"
    assert isinstance(found.difference, NotEstimable)
    assert "no call" in found.reason


def test_never_an_error_on_enough_calls_is_within_a_small_margin():
    """Neither arm failed in 2,000 calls: worse by one point can be ruled out, worse by a thousandth cannot."""
    none = StageTotals(stage="shadow/1", paired=totals(np.zeros(2000), np.zeros(2000)))
    wrong = right(id="errors", direction="lower")
    assert judge(Guardrail(metric="errors", margin=0.01), wrong, none, live=False).status == "within"
    assert judge(Guardrail(metric="errors", margin=0.001), wrong, none, live=False).status == "undecided"


def test_shadow_judges_what_can_be_seen_in_shadow():
    """Guardrails that need exposed people wait for the roll-out; each of the others finds its totals and its bet."""
    metrics = (right(), money(observable="exposed"))
    wealth = [40 * gain for gain in log_wealth(-0.5, -0.03, -1.0, 1.0)]
    found = shadow_guardrails(
        (MARGIN, Guardrail(metric="money", margin=1.0)),
        metrics,
        {"right": shadow(0.0)},
        log_wealth={"harm:right": wealth},
    )
    assert [(result.metric, result.status) for result in found] == [("right", "breached")]
    assert [r.status for r in shadow_guardrails((MARGIN,), metrics, {})] == ["not_estimable"]


def test_live_judges_every_guardrail_in_every_stage():
    """The roll-out is watched stage by stage; a stage in which the candidate served nobody is left out."""
    stages = (
        live(0.0, name="live/5/1"),
        live(-0.1, name="live/25/1"),
        StageTotals(stage="live/50/1", incumbent=totals([1, 0, 1])),
    )
    found = live_guardrails((MARGIN,), (right(),), {"right": stages})
    assert [(result.stage, result.status) for result in found] == [("live/5/1", "within"), ("live/25/1", "breached")]


def test_a_live_look_is_given_less_error_the_less_is_known():
    """The error of one live look is least with few units, under a limit by the candidate's alone, and never nothing."""
    stage = StageTotals(stage="live-5/1", candidate=totals(np.ones(500)), incumbent=totals(np.ones(50)))
    assert look_alpha(MARGIN, stage, live=True) == pytest.approx(8.4e-5, rel=0.05)
    limit = Guardrail(metric="right", limit=0.5)
    assert look_alpha(limit, stage, live=True) == pytest.approx(0.0012, rel=0.05)
    assert 0.0 < look_alpha(MARGIN, StageTotals(), live=True) < 1e-12


def test_a_breach_in_shadow_may_be_looked_for_at_any_time():
    """An interval that lies beyond the margin by a little is no breach yet, since one of many looks would show that."""
    found = judge(MARGIN, right(), shadow(-0.045), live=False)
    assert isinstance(found.difference, Estimate)
    assert found.difference.high < -MARGIN.margin
    assert found.status == "undecided"


@pytest.mark.parametrize("units", [4, 8, 10, 12, 40])
def test_a_missing_label_of_few_live_units_is_no_failure(units):
    """With the level of a first look's interval so near to 1, units with several calls and a missing label are judged:
    what is within a wide limit still says whether it would survive.
    """
    calls = np.repeat(np.arange(units), 3)
    values = np.tile([1.0, 1.0, 0.0], units)
    stage = StageTotals(
        stage="live-5/1",
        candidate=totals(values, units=calls),
        incumbent=totals(values, units=calls),
        missing_candidate=totals([0.0]),
    )
    wide = Guardrail(metric="right", margin=1.0)
    (found,) = live_guardrails((wide,), (right(),), {"right": (stage,)})
    assert found.status == "within"
    assert found.survives is not None


def shaken(days, *, gain=0.0, seed=4):
    """A shadow stage whose days differ, with its totals by day; units have one call."""
    rng = np.random.default_rng(seed)
    moved = np.clip(gain + 0.1 * rng.normal(size=days), -0.48, 0.48)
    won, lost = (rng.binomial(100, 0.25 + sign * moved / 2.0) for sign in (1, -1))
    y = np.concatenate([np.repeat([1, 0, 1], [w, v, 100 - w - v]) for w, v in zip(won, lost, strict=True)])
    z = np.concatenate([np.repeat([0, 1, 1], [w, v, 100 - w - v]) for w, v in zip(won, lost, strict=True)])
    day = np.repeat(np.arange(days), 100)
    return StageTotals(stage="shadow/1", paired=totals(y, z), paired_days=totals(y, z, units=day))


def test_days_that_differ_widen_a_guardrail_where_the_charter_says_so():
    """By day the interval is that of some forty days and no longer of four thousand calls; by unit it stays."""
    stage = shaken(40)
    by_unit, by_day, both = (
        judge(MARGIN, right(), stage, live=False, cluster=cluster) for cluster in ("unit", "day", "both")
    )
    width = [one.difference.high - one.difference.low for one in (by_unit, by_day, both)]
    assert width[1] > 1.5 * width[0]
    assert width[2] == pytest.approx(width[1])
    assert by_day.difference.method.endswith("by day")
    assert both.difference.method.endswith("by unit and day")
    assert by_unit.difference.value == pytest.approx(by_day.difference.value)


def test_before_twenty_days_nothing_is_said():
    """However far off, neither that it holds nor that it is broken."""
    for gain in (0.3, -0.3):
        early = judge(MARGIN, right(), shaken(19, gain=gain), live=False, cluster="day")
        late = judge(MARGIN, right(), shaken(30, gain=gain), live=False, cluster="day")
        assert early.status == "undecided"
        assert gain < 0.0 or "19 days are too few to say so; it takes 20" in early.reason
        assert late.status == ("within" if gain > 0.0 else "breached")


def test_bets_say_nothing_where_days_are_alike():
    """They take units as independent, and a few bad days would look like many bad units."""
    rich = [60.0] * 10
    stage = shaken(30)
    assert judge(MARGIN, right(), stage, live=False, log_wealth=rich).status == "breached"
    assert judge(MARGIN, right(), stage, live=False, log_wealth=rich, cluster="day").status != "breached"


def test_where_no_day_differs_units_are_the_clusters():
    """Before the first error nothing shows how days differ: fifty days without one do not read like fifty calls."""
    none, days = np.zeros(5000), np.repeat(np.arange(50), 100)
    stage = StageTotals(stage="shadow/1", paired=totals(none, none), paired_days=totals(none, none, units=days))
    errors = right(id="errors", direction="lower")
    found = judge(Guardrail(metric="errors", margin=0.01), errors, stage, live=False, cluster="both")
    assert found.status == "within"
    assert found.difference.method == "Tango"


def test_without_sums_by_day_units_are_the_clusters():
    """What was frozen before guardrails had them, and metrics of one value a unit, come to what they came to."""
    bare = shadow(0.0)
    assert judge(MARGIN, right(), bare, live=False, cluster="day") == judge(MARGIN, right(), bare, live=False)
    per_unit = right(per="unit_mean")
    stage = shaken(40)
    assert judge(MARGIN, per_unit, stage, live=False, cluster="day").difference.method == "Tango"


def test_whose_calls_are_alike_comes_from_the_target():
    """A guardrail on the target's own metric, judged on another series than the target, stays by unit."""
    target = promise(cluster="day")
    assert cluster_of(MARGIN, None) == "unit"
    assert cluster_of(MARGIN, target) == "day"
    assert cluster_of(Guardrail(metric="right", limit=0.5), target) == "unit"
    assert cluster_of(Guardrail(metric="errors", limit=0.5), target) == "day"
    (found,) = shadow_guardrails((MARGIN,), (right(),), {"right": shaken(40)}, target=target)
    assert found.difference.method.endswith("by day")
