from __future__ import annotations

import datetime as dt

import numpy as np
import pytest
from tests.evidence.simulated import DAY, look, money, paired_calls, promise, right, totals

from pilotage.evidence.answer import answer, attempt_alpha
from pilotage.evidence.betting import log_wealth
from pilotage.evidence.measurements import Estimate, FieldCoverage, GuardrailResult, NotEstimable
from pilotage.evidence.strata import LookSums, StageTotals

COVERED = FieldCoverage(field="label", share=1.0, present=100, calls=100, required=0.9)
NOTHING = NotEstimable(reason="not looked at here")
DEADLINE = DAY + dt.timedelta(days=56)


def guardrail(status):
    """A guardrail's result with that status."""
    return GuardrailResult(
        metric="slow",
        title="Slow answers",
        status=status,
        reason=f"Slow answers: {status}.",
        margin=0.01,
        limit=None,
        incumbent=NOTHING,
        candidate=NOTHING,
        difference=NOTHING,
    )


def looks(gain, days=10, calls=400, seed=1):
    """Daily looks at a growing shadow of paired calls in which the candidate is better by `gain`."""
    rng = np.random.default_rng(seed)
    y, z = paired_calls(rng, days * calls, 0.7, gain)
    return [look(day, paired=totals(y[: day * calls], z[: day * calls])) for day in range(1, days + 1)]


def answered(sums, **changes):
    """The answer on right answers, with everything in place for a go unless changed."""
    given = {
        "target": promise(),
        "metric": right(),
        "attempt": 1,
        "looks": sums,
        "latest": sums[-1] if sums else look(0),
        "started": DAY,
        "deadline": DEADLINE,
        "today": sums[-1].day if sums else DAY,
        "guardrails": (guardrail("within"),),
        "label_coverage": COVERED,
    }
    return answer(**(given | changes))


def falling_short(units):
    """The log wealth of bets on so many units that lie at half of a floor of 0.5."""
    return [units * gain for gain in log_wealth(0.25, 0.5, 0.0, 1.0)]


def test_a_clear_gain_is_reached():
    """A candidate far above the target, with guardrails and labels in place, is a go."""
    found = answered(looks(0.15))
    assert found.answer == "reached"
    assert "all 1 guardrails hold" in found.reason
    assert isinstance(found.estimate, Estimate)
    assert found.estimate.value == pytest.approx(0.15, abs=0.03)
    assert isinstance(found.candidate, Estimate)
    assert isinstance(found.incumbent, Estimate)
    assert found.candidate.value - found.incumbent.value == pytest.approx(found.estimate.value)
    assert found.projected is None
    assert found.alpha == 0.025


def test_each_look_shows_its_statistic_and_bounds():
    """Looks carry day, information, estimate, statistic and both bounds; information rises."""
    found = answered(looks(0.15))
    assert [seen.day for seen in found.looks] == [DAY + dt.timedelta(days=d) for d in range(1, 11)]
    fractions = [seen.information for seen in found.looks]
    assert fractions == sorted(fractions)
    last = found.looks[-1]
    assert last.z is not None
    assert last.efficacy is not None
    assert last.futility is not None
    assert last.futility < last.efficacy <= last.z


def test_a_gain_once_shown_stays_shown():
    """The first look above the bound decides; a weaker look later does not take it back."""
    sums = looks(0.15)
    worse = looks(-0.05, days=14, seed=3)[-1]
    assert answered([*sums, look(14, paired=worse.stages[0].paired)]).answer == "reached"


@pytest.mark.parametrize("status", ["undecided", "not_estimable"])
def test_an_open_guardrail_holds_back_a_go(status):
    """A shown gain waits while any guardrail is not known to hold."""
    found = answered(looks(0.15), guardrails=(guardrail("within"), guardrail(status)))
    assert found.answer == "keep_running"
    assert "Slow answers" in found.reason


def test_a_broken_guardrail_is_harm_whatever_the_gain():
    """Harm is a no-go even if the target was exceeded."""
    found = answered(looks(0.15), guardrails=(guardrail("breached"),))
    assert (found.answer, found.reason) == ("harmed", "Slow answers: breached.")


@pytest.mark.parametrize(
    "coverage",
    [
        None,
        FieldCoverage(field="label", share=None, present=0, calls=0, required=0.9),
        FieldCoverage(field="label", share=0.5, present=50, calls=100, required=0.9),
    ],
)
def test_missing_labels_hold_back_a_go(coverage):
    """Where the metric needs labels, a go needs them on the required share; unknown is not enough."""
    found = answered(looks(0.15), label_coverage=coverage)
    assert found.answer == "keep_running"
    assert "label" in found.reason
    unlabelled = money(direction="higher", hi=1.0, kind="proportion")
    assert answered(looks(0.15), label_coverage=coverage, metric=unlabelled).answer == "reached"


def test_falling_below_the_floor_is_a_no_go():
    """Once the bets against the floor have grown to 1/alpha, the answer is below the floor."""
    found = answered(looks(0.05), kill=falling_short(30))
    assert found.answer == "below_floor"
    assert found.kill_evidence is not None
    assert found.kill_evidence >= 20.0
    early = answered(looks(0.05, days=3), kill=falling_short(2))
    assert early.answer == "keep_running"
    assert early.kill_evidence is not None


def test_a_hopeless_candidate_is_futile():
    """A candidate no better than the incumbent crosses the futility bound."""
    found = answered(looks(0.0, days=14))
    assert found.answer == "futile"
    assert found.projected is None


def test_full_information_without_a_gain_is_futile():
    """When all planned information is in and the target is not exceeded, nothing more will come."""
    found = answered(looks(0.05, days=50, calls=600), today=DEADLINE)
    assert found.looks[-1].information > 1.0
    assert found.answer == "futile"


def test_until_then_it_keeps_running_with_a_date():
    """A good candidate that is not shown yet has a projected date before the deadline, and a poor one has none."""
    good = answered(looks(0.09, days=5, calls=200, seed=4))
    assert good.answer == "keep_running"
    assert good.projected is not None
    assert good.looks[-1].day < good.projected < DEADLINE
    poor = answered(looks(0.05, days=3, calls=300, seed=4))
    assert poor.answer == "keep_running"
    assert poor.projected is None


def test_the_projected_date_is_when_it_crosses_if_all_goes_on_alike():
    """With the same gain at the same pace, the bound is crossed within a few days of the projected date."""
    whole = looks(0.1, days=40, calls=300, seed=6)
    projected = answered(whole[:5]).projected
    assert projected is not None
    crossed = next(day for day in range(6, 41) if answered(whole[:day]).answer == "reached")
    assert abs((projected - whole[crossed - 1].day).days) <= 7


def test_the_deadline_without_an_answer_is_no_answer():
    """At the decision date an open test says so; inconclusive is never a go, and nothing is projected."""
    found = answered(looks(0.07, days=8, calls=100, seed=1), today=DEADLINE)
    assert found.answer == "keep_running"
    assert "no-go unless extended" in found.reason
    assert found.projected is None


def test_the_last_look_spends_what_is_left():
    """At the deadline the bound of the last look falls, unless the charter can still be extended."""
    sums = looks(0.08, days=8, calls=200, seed=2)
    before = answered(sums).looks[-1].efficacy
    last = answered(sums, today=DEADLINE).looks[-1].efficacy
    kept = answered(sums, today=DEADLINE, extendable=True).looks[-1].efficacy
    assert before is not None
    assert last is not None
    assert last < before == kept


def test_looks_after_the_deadline_do_not_count():
    """What comes after the decision date is shown and not tested."""
    sums = looks(0.15)
    late = answered(sums, deadline=DAY + dt.timedelta(days=2), today=DAY + dt.timedelta(days=10))
    assert [seen.efficacy is None for seen in late.looks[2:]] == [True] * 8


def test_an_extension_does_not_move_the_plan():
    """The information planned for stays that of the first deadline, so past bounds stay where they were."""
    sums = looks(0.05)
    first = answered(sums, target=promise(calls_per_week=20_000.0))
    extended = answered(
        sums,
        target=promise(calls_per_week=20_000.0),
        deadline=DEADLINE + dt.timedelta(days=28),
        planned_until=DEADLINE,
    )
    assert extended.looks == first.looks


def test_before_a_release_is_declared_everything_is_exploration():
    """Without a declared release there is no test, however good the figures."""
    found = answered(looks(0.15), attempt=0)
    assert found.answer == "keep_running"
    assert "exploration" in found.reason


def test_each_attempt_is_tested_at_half_the_error_of_the_last():
    """The k-th declared release is tested at alpha / 2^k, so that all attempts together stay below alpha."""
    assert sum(attempt_alpha(0.05, k) for k in range(1, 30)) < 0.05
    first, second = (answered(looks(0.1), attempt=k).looks[-1].efficacy for k in (1, 2))
    assert first is not None
    assert second is not None
    assert first < second


def test_dropped_shadow_calls_forbid_an_answer():
    """Above 1 % dropped, what is left may not be like what was dropped: no answer, for or against."""
    assert answered(looks(0.15), dropped_share=0.02).answer == "not_estimable"
    assert answered(looks(0.15), dropped_share=0.01).answer == "reached"


def test_nothing_measured_is_not_estimable():
    """Without calls there is no answer, and the reason says what is missing."""
    found = answered([])
    assert found.answer == "not_estimable"
    assert "no call" in found.reason


def test_an_expectation_no_better_than_the_target_cannot_be_planned():
    """A charter that expects nothing beyond the target has no test."""
    found = answered(looks(0.15), target=promise(expected=0.05, form="share", baseline=0.0))
    assert found.answer == "not_estimable"


def test_stages_of_pairs_are_not_pooled():
    """Pairs from shadow and from live are different strata; the answer refuses to mix them."""
    sums = looks(0.15)
    mixed = LookSums(day=DAY, stages=(*sums[0].stages, StageTotals(stage="live/5/1", paired=sums[1].stages[0].paired)))
    found = answered([mixed], latest=mixed)
    assert found.answer == "not_estimable"
    assert "never pooled" in found.reason


def test_a_target_in_the_candidates_own_terms_is_tested_on_the_candidate():
    """Form `own`: the candidate's share of right answers against a fixed 0.8."""
    rng = np.random.default_rng(5)
    values = rng.random(5000) < 0.87
    sums = [look(day, candidate=totals(values[: day * 500])) for day in range(1, 11)]
    own = promise(form="own", floor=0.75, target=0.8, expected=0.85)
    found = answered(sums, target=own)
    assert found.answer == "reached"
    assert found.estimate == found.candidate
    assert isinstance(found.incumbent, NotEstimable)
    lower = promise(form="own", floor=0.3, target=0.2, expected=0.15)
    wrong = [look(day, candidate=totals(~values[: day * 500])) for day in range(1, 11)]
    assert answered(wrong, target=lower, metric=right(direction="lower")).answer == "reached"


def test_a_target_as_a_share_of_the_incumbent_is_tested_on_pairs():
    """Form `share`: costs 25 % lower, where 15 % were promised."""
    rng = np.random.default_rng(6)
    z = rng.normal(20, 4, 4000)
    y = 0.75 * z + rng.normal(0, 2, 4000)
    sums = [look(day, paired=totals(y[: day * 400], z[: day * 400], shift=20.0)) for day in range(1, 11)]
    share = promise(metric="money", form="share", baseline=20.0, floor=0.0, target=0.15, expected=0.25, deviation=3.0)
    found = answered(sums, target=share, metric=money(shift=20.0))
    assert found.answer == "reached"
    assert isinstance(found.estimate, Estimate)
    assert found.estimate.value == pytest.approx(0.25, abs=0.01)


def test_what_shows_only_when_exposed_is_tested_between_arms():
    """A metric that needs exposed people is judged on the live arms, stage by stage."""
    rng = np.random.default_rng(7)

    def stage(day, name, share):
        calls = 600 * day
        return StageTotals(
            stage=name,
            candidate=totals(rng.normal(16, 4, int(calls * share))),
            incumbent=totals(rng.normal(20, 4, int(calls * (1 - share)))),
        )

    sums = [
        LookSums(day=DAY + dt.timedelta(days=day), stages=(stage(day, "live/5/1", 0.05), stage(day, "live/25/1", 0.25)))
        for day in range(1, 15)
    ]
    target = promise(metric="money", target=2.0, expected=4.0, deviation=10.0)
    found = answered(sums, target=target, metric=money(observable="exposed"))
    assert found.answer == "reached"
    assert isinstance(found.estimate, Estimate)
    assert "2 stages" in found.estimate.method
    own = promise(metric="money", form="own", floor=22.0, target=19.0, expected=17.0, deviation=5.0)
    alone = answered(sums, target=own, metric=money(observable="exposed"))
    assert alone.answer == "reached"


def test_few_units_are_not_tested_yet():
    """A variance between fewer than twenty units is not trusted: the look is shown and not tested."""
    y, z = paired_calls(np.random.default_rng(1), 600, 0.7, 0.15)
    found = answered([look(1, paired=totals(y, z, units=np.arange(600) % 12))])
    assert found.answer == "keep_running"
    assert found.looks[0].z is None


def test_equal_values_are_not_tested():
    """Where every difference is the same there is no spread to judge by, and no test."""
    flat = look(1, paired=totals(np.full(50, 1.0), np.full(50, 9.0)))
    target = promise(metric="money", target=2.0, expected=4.0, deviation=10.0)
    found = answered([flat], target=target, metric=money())
    assert found.looks[0].z is None
    agree = look(1, paired=totals(np.ones(50), np.ones(50)))
    assert answered([agree], target=promise(floor=-0.1, target=0.0)).looks[0].z is None
