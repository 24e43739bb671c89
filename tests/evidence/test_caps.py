"""Values that a cap cuts off are counted, by arm, and said where there are many or more of one arm."""

from __future__ import annotations

import numpy as np
import pytest
from tests.evidence.simulated import money, right, totals
from tests.evidence.test_dues import call, run

from pilotage.evidence.caps import caps_check, cut_off, in_words
from pilotage.evidence.plan import MeasurementPlan
from pilotage.evidence.readers import cut_reader
from pilotage.evidence.strata import StageTotals
from pilotage.evidence.values import compile_plan
from pilotage.playbook.metrics import (
    AnswerEquals,
    Beyond,
    Confidence,
    Cost,
    ErrorShare,
    Guardrail,
    LabelCost,
    LabelMatch,
    Latency,
    OutcomeValue,
    Tokens,
    UserAction,
)


def cuts(metric, a_call, outcomes=None, **plan):
    """The series of capped values that a call adds to."""
    found = compile_plan(MeasurementPlan(metrics=(metric,), **plan))(a_call, outcomes or {})
    return sorted(c.series for c in found if c.series.startswith("capped"))


def paid(incumbent, candidate, **fields):
    """A shadowed call with what both executions cost."""
    served, beside = run("incumbent", '"a"', cost_usd=incumbent), run("candidate", '"b"', cost_usd=candidate)
    return call(**({"served": served, "beside": beside} | fields))


def test_a_value_beyond_a_cap_counts_for_its_arm():
    """Above and below; a value at the cap itself was not cut, and neither was a failure that counts its own value."""
    metric = money(lo=1.0)
    assert cuts(metric, paid(50.0, 101.0)) == ["capped_candidate"]
    assert cuts(metric, paid(0.5, 101.0)) == ["capped_candidate", "capped_incumbent"]
    assert cuts(metric, paid(100.0, 1.0)) == []
    failed = call(served=run("incumbent", '"a"', cost_usd=5.0), beside=run("candidate", None, error="late"))
    assert cuts(metric, failed) == []


def test_only_values_that_are_compared_are_counted():
    """Where the other arm has no value there is no pair; a candidate with a limit of its own is counted alone. Live it
    is the assigned arm, though the other one was tried beside it.
    """
    lone = paid(None, 500.0)
    assert cuts(money(), lone) == []
    assert cuts(money(), lone, guardrails=(Guardrail(metric="money", limit=9.0),)) == ["capped_candidate"]
    assert cuts(money(), paid(500.0, 500.0, mode="none", beside=None)) == []
    live = {"mode": "live", "stage": "live-5/1"}
    assert cuts(money(), paid(500.0, 500.0, **live)) == ["capped_incumbent"]
    swapped = call(
        served=run("candidate", '"b"', cost_usd=500.0),
        beside=run("incumbent", '"a"', cost_usd=500.0),
        assigned="candidate",
        **live,
    )
    assert cuts(money(), swapped) == ["capped_candidate"]


def test_a_cost_of_errors_and_a_denominator_are_capped_too():
    """What an answer costs once the label is known, and either side of a ratio."""
    costs = LabelCost(costs={"a": {"b": 500.0}, "b": {"a": 50.0}})
    assert cuts(money(source=costs), call(), {"label": '"b"'}) == ["capped_incumbent"]
    ratio = money(kind="ratio", denominator=Tokens(which="out"), denominator_hi=50.0)
    many = call(
        served=run("incumbent", '"a"', cost_usd=1.0, tokens_out=90),
        beside=run("candidate", '"b"', cost_usd=500.0, tokens_out=9),
    )
    assert cuts(ratio, many) == ["capped_candidate", "capped_incumbent"]


@pytest.mark.parametrize(
    ("source", "cut"),
    [
        (Cost(), True),
        (Latency(), True),
        (OutcomeValue(outcome="minutes"), True),
        (Confidence(), True),
        (Latency(limit_ms=200.0), False),
        (LabelMatch(), False),
        (ErrorShare(), False),
        (AnswerEquals(equals="a"), False),
        (UserAction(actions=("edited",)), False),
        (Beyond(of=Cost(), above=1.0), False),
        (LabelCost(costs={"a": {"b": 0.5}}), False),
        (LabelCost(costs={"a": {"b": 1.5}}), True),
    ],
)
def test_caps_cut_numbers_and_no_truths(source, cut):
    """A source of 0 and 1 has nothing beyond its range, so nothing is checked of it."""
    assert (cut_reader(right(source=source)) is not None) is cut


def stage(cut, calls=1000, **fields):
    """A shadow stage of single calls of which so many were cut, of candidate and incumbent."""
    values = np.full(calls, 2.0)
    capped = {f"capped_{arm}": totals(np.ones(n)) for arm, n in zip(("candidate", "incumbent"), cut, strict=True)}
    return StageTotals(stage="shadow/1", paired=totals(values, values), **capped, **fields)


def test_few_cut_values_of_both_arms_hold():
    """Below one in a hundred, and alike: said with the counts, and nothing to worry about."""
    check = caps_check(money(), stage((3, 4)), live=False)
    assert (check.verdict, check.id) == ("held", "caps:money")
    assert check.reason == (
        "A cap counts in place of 3 of 1,000 values of the candidate (0.30%) and 4 of 1,000 values of the incumbent "
        "(0.40%)."
    )
    assert caps_check(money(), stage((0, 0)), live=False).reason == "None of 2,000 values was cut off."


def test_many_cut_values_violate_it():
    """More than one in a hundred of either arm."""
    check = caps_check(money(), stage((11, 9)), live=False)
    assert (check.verdict, check.figure, check.bound) == ("violated", 0.011, 0.01)


def test_more_of_one_arm_violates_it_though_few():
    """Half a per cent of one arm and none of the other is no chance among 10,000."""
    check = caps_check(money(), stage((50, 0), calls=10_000), live=False)
    assert check.verdict == "violated"
    assert check.p < 0.001
    assert "more of one arm" in check.reason


def test_cut_calls_of_one_unit_are_one_accident():
    """The same share is no sign of a difference where one unit had all of the cut calls."""
    values = np.full(10_000, 2.0)
    one = StageTotals(
        stage="shadow/1",
        paired=totals(values, values),
        capped_candidate=totals(np.ones(50), units=np.zeros(50)),
    )
    assert caps_check(money(), one, live=False).verdict == "held"


def test_without_values_or_without_numbers_there_is_nothing_to_check():
    """No calls, or shares."""
    assert caps_check(money(), StageTotals(stage="shadow/1"), live=False) is None
    assert caps_check(right(), stage((0, 0)), live=False) is None


def test_live_each_arm_is_held_against_its_own_calls():
    """Of 100 calls of the candidate and 900 of the incumbent."""
    live = StageTotals(
        stage="live-10/1",
        candidate=totals(np.ones(100)),
        incumbent=totals(np.ones(900)),
        capped_candidate=totals(np.ones(2)),
    )
    assert [(arm.cut, arm.calls) for arm in cut_off(live, live=True)] == [(2, 100), (0, 900)]
    check = caps_check(money(), live, live=True)
    assert (check.id, check.verdict) == ("caps:money:live-10/1", "violated")


def test_the_plain_words_say_what_the_cap_did():
    """Nothing where it did nothing."""
    assert in_words(money(), cut_off(stage((0, 0)), live=False)) == ""
    assert in_words(money(), cut_off(stage((12, 1)), live=False)) == (
        "values beyond 0 and 100 count as these, which was so on 12 calls of the candidate's and 1 of the incumbent's"
    )
