"""What is due and missing: each call whose label never came counts once, at the worst it can mean for the candidate."""

from __future__ import annotations

import pytest
from tests.evidence.simulated import money, promise, right

from pilotage.evidence.plan import MeasurementPlan
from pilotage.evidence.values import compile_plan
from pilotage.playbook.metrics import Beyond, Guardrail, LabelCost
from pilotage.runtime.records import Call, Execution


def run(arm, text, **fields):
    """An execution that answered `text`."""
    return Execution(arm=arm, value=text, **fields)


def call(incumbent='"a"', candidate='"b"', **fields):
    """A shadowed call that both arms answered."""
    fields = {"mode": "shadow", "stage": "shadow/1", "unit": "u1"} | fields
    served, beside = run("incumbent", incumbent), run("candidate", candidate)
    return Call(call_id="0" * 32, at_us=0, **({"served": served, "beside": beside} | fields))


def owed(plan, a_call, outcomes=None):
    """What a call adds to the series of this module, as (series, y, z)."""
    found = compile_plan(plan)(a_call, outcomes or {})
    return sorted((c.series, c.y, c.z) for c in found if c.series.startswith(("missing", "differ")))


SHARES = MeasurementPlan(metrics=(right(),), target=promise())


def test_a_missing_label_is_the_candidates_loss_where_the_arms_part():
    """Arms that differ without a label: the candidate counts as wrong and the incumbent as right; with one, only the
    difference is noted; alike without one, both count the same.
    """
    assert owed(SHARES, call()) == [("differ", 1.0, 0.0), ("missing", 0.0, 1.0)]
    assert owed(SHARES, call(), {"label": '"a"'}) == [("differ", 0.0, 0.0)]
    assert owed(SHARES, call(candidate='"a"')) == [("missing", 0.0, 0.0)]
    assert owed(SHARES, call(candidate='"a"'), {"label": '"a"'}) == []


def test_a_share_is_imputed_at_the_value_that_hurts_it_most():
    """Under the form `share`, arms that agree are imputed the value v at which candidate - (1 - r) incumbent is
    worst: the greatest one, in either direction.
    """
    costs = LabelCost(costs={"a": {"b": 100.0}, "b": {"a": 20.0}})
    plan = MeasurementPlan(
        metrics=(money(source=costs, shift=10.0),), target=promise(metric="money", form="share", target=0.1)
    )
    assert owed(plan, call(candidate='"a"')) == [("missing", 90.0, 90.0)]
    assert owed(plan, call()) == [("differ", 1.0, 0.0), ("missing", 90.0, -10.0)]


def test_a_candidate_judged_alone_is_imputed_its_worst_even_where_the_arms_agree():
    """Under a fixed limit an agreement says nothing of the missing value."""
    plan = MeasurementPlan(metrics=(right(),), guardrails=(Guardrail(metric="right", limit=0.5),))
    assert owed(plan, call(candidate='"a"')) == [("missing", 0.0, 1.0)]


def test_a_number_beyond_a_limit_waits_for_the_label_that_it_is_made_of():
    """The share of costs above a limit is owed where the label is missing, as the costs themselves would be; so is
    that of a quantile, which is such a share.
    """
    beyond = Beyond(of=LabelCost(costs={"a": {"b": 100.0}, "b": {"a": 20.0}}), above=50.0)
    share = right(source=beyond, direction="lower")
    plan = MeasurementPlan(metrics=(share,), target=promise(form="own", target=0.5, floor=0.6, expected=0.4))
    assert owed(plan, call()) == [("differ", 1.0, 0.0), ("missing", 1.0, 0.0)]
    assert owed(plan, call(candidate='"a"')) == [("missing", 1.0, 0.0)]
    assert owed(plan, call(), {"label": '"b"'}) == [("differ", 0.0, 0.0)]


def test_a_failed_arm_is_imputed_what_failures_count():
    """An execution that failed has its failure value whatever the label, for either arm."""
    failed = Execution(arm="incumbent", error="ValueError")
    assert owed(SHARES, call(served=failed)) == [("differ", 1.0, 0.0), ("missing", 0.0, 0.0)]


def test_a_metric_that_decides_nothing_or_waits_for_nothing_owes_nothing():
    """Only the target's and the guardrails' labels are asked for, and only where pairs are judged."""
    assert owed(MeasurementPlan(metrics=(right(),)), call()) == []
    assert owed(MeasurementPlan(metrics=(money(),), target=promise(metric="money")), call()) == []
    assert owed(SHARES, call(mode="suggest")) == []
    assert owed(SHARES, call(beside=None)) == []


@pytest.mark.parametrize(("arm", "imputed"), [("candidate", 0.0), ("incumbent", 1.0)])
def test_a_live_label_is_missing_of_the_assigned_arm(arm, imputed):
    """Live, what is missing belongs to the arm that the unit was assigned to, whoever served."""
    live = call(mode="live", stage="live-5/1", assigned=arm)
    assert owed(SHARES, live) == [(f"missing_{arm}", imputed, 0.0)]
    assert owed(SHARES, live, {"label": '"a"'}) == []


def test_who_was_assigned_is_counted_while_live():
    """Every live call of a unit counts its assignment once over all and once for its cohort; no other call does."""

    def assigned(a_call):
        return [(c.series, c.segment) for c in compile_plan(SHARES)(a_call, {}) if c.metric == ""]

    live = call(mode="live", stage="live-5/1", assigned="candidate", cohort="berlin")
    assert assigned(live) == [("candidate", ""), ("candidate", "cohort=berlin")]
    assert assigned(call(mode="live", unit="")) == []
    assert assigned(call()) == []
