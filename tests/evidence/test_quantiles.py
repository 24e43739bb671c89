from __future__ import annotations

import numpy as np
import pytest
from tests.evidence.simulated import money, promise, totals

from pilotage.evidence.betting import FLOOR_BET, bets_for, unit_log_wealth
from pilotage.evidence.guardrails import judge
from pilotage.evidence.plan import MeasurementPlan
from pilotage.evidence.strata import StageTotals
from pilotage.evidence.sums import UnitSum
from pilotage.evidence.values import contributions
from pilotage.playbook.metrics import Beyond, Guardrail, Latency
from pilotage.playbook.quantiles import Promised, allowed, expanded
from pilotage.runtime.records import Call, Execution

P95 = money(id="p95", title="P95", unit="ms", kind="quantile", quantile=0.95, source=Latency(), hi=1e4)
GOAL = promise(metric="p95", form="own", baseline=900.0, floor=1000.0, target=800.0, expected=700.0, deviation=400.0)


def plan(metric=P95, target=GOAL, guardrails=()):
    """What a charter with that metric measures."""
    found = expanded(Promised(metrics=(metric,), target=target, guardrails=guardrails))
    made = MeasurementPlan(metrics=found.metrics, target=found.target, guardrails=found.guardrails)
    return MeasurementPlan(metrics=made.metrics, target=made.target, guardrails=made.guardrails, bets=bets_for(made))


def test_a_quantile_is_measured_as_the_share_beyond_each_limit():
    """Target, floor and guardrail each get a proportion at their own limit, so that sums stay additive."""
    made = plan(guardrails=(Guardrail(metric="p95", limit=1200.0),))
    assert {m.id: m.source.above for m in made.metrics} == {
        "p95__target": 800.0,
        "p95__floor": 1000.0,
        "p95__limit": 1200.0,
    }
    assert {(m.kind, m.direction, m.unit) for m in made.metrics} == {("proportion", "lower", "share")}
    assert made.guardrails == (Guardrail(metric="p95__limit", limit=0.05),)
    assert (made.target.metric, made.target.form, made.target.target) == ("p95__target", "own", 0.05)
    assert made.target.expected < 0.05 < made.target.floor


def test_where_more_is_better_the_share_below_counts():
    """A 5th percentile of at least L means that at most 5 % lie below L."""
    low = money(id="p5", kind="quantile", quantile=0.05, direction="higher")
    found = expanded(Promised(metrics=(low,), target=promise(), guardrails=(Guardrail(metric="p5", limit=2.0),)))
    (metric,) = found.metrics
    assert metric.source == Beyond(of=low.source, below=2.0)
    assert allowed(low) == 0.05


def test_the_floor_is_bet_on_at_its_own_limit():
    """A unit beyond the floor's limit speaks for the kill; one between target and floor does not."""
    made = plan()
    (bet,) = [bet for bet in made.bets if bet.id == FLOOR_BET]
    assert (bet.metric, bet.threshold) == ("p95__floor", -0.05)
    slow = Call(
        call_id="0" * 32,
        at_us=0,
        mode="shadow",
        served=Execution(arm="incumbent", value="1", latency_us=900_000),
        beside=Execution(arm="candidate", value="1", latency_us=900_000),
    )
    found = {c.metric: c.y for c in contributions(made, slow, {}) if c.series == "candidate"}
    assert found == {"p95__target": 1.0, "p95__floor": 0.0}
    assert all(log < 0.0 for log in unit_log_wealth(bet, UnitSum(1.0, found["p95__floor"])))


@pytest.mark.parametrize(("typical_ms", "status"), [(200.0, "within"), (400.0, "breached")])
def test_a_limit_on_a_quantile_is_judged(typical_ms, status):
    """Latencies with a 95th percentile of 600 ms keep a limit of 800 ms; with one of 1,200 ms they do not."""
    latency_ms = np.random.default_rng(3).exponential(typical_ms, 3000)
    made = plan(guardrails=(Guardrail(metric="p95", limit=800.0),))
    metric = next(m for m in made.metrics if m.id == "p95__limit")
    stage = StageTotals(stage="shadow/1", candidate=totals((latency_ms > 800.0).astype(float)))
    assert judge(made.guardrails[0], metric, stage, live=False).status == status


def test_what_is_no_quantile_stays_as_it_is():
    """A charter without quantiles is measured as it stands."""
    plain = Promised(metrics=(money(),), target=promise(metric="money"), guardrails=())
    assert expanded(plain) is plain
