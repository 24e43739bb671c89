"""Ratios, quantiles and figures per unit from calls to the answer and the guardrails."""

from __future__ import annotations

import pytest
from msgspec import structs
from tests.workflow.pilots import DAY, METRICS, TARGET, CountingStore, Pilot

from pilotage.evidence.measurements import Estimate
from pilotage.playbook.metrics import Cost, Guardrail, Latency, Metric, Tokens

PRICE = Metric(
    id="price",
    title="Price of a token",
    unit="USD",
    direction="lower",
    kind="ratio",
    source=Cost(),
    denominator=Tokens(),
    denominator_hi=100.0,
)
P90 = Metric(
    id="p90",
    title="90th percentile",
    unit="ms",
    direction="lower",
    kind="quantile",
    quantile=0.9,
    source=Latency(),
    hi=1e4,
)
SPENT = Metric(
    id="spent",
    title="Spent on a unit",
    unit="USD",
    direction="lower",
    kind="mean",
    source=Cost(),
    per="unit_sum",
    hi=9.0,
)


@pytest.fixture
def store(tmp_path):
    """A store in a folder of its own."""
    opened = CountingStore(tmp_path)
    yield opened
    opened.close()


def priced(call):
    """The candidate with tokens, a cost that follows them, and latencies from 1 to 100 ms."""
    number = int(call.call_id, 16)
    tokens = 10 + number % 7
    return structs.replace(
        call.beside,
        tokens_in=tokens,
        tokens_out=0,
        cost_usd=0.02 * tokens * (0.8 + 0.1 * (number % 5)),
        latency_us=1000 * (1 + number % 100),
    )


def run(store, **promised):
    """Ten days of a pilot with those promises, measured."""
    pilot = Pilot(store, **promised)
    for _ in range(10):
        pilot.day(calls=60, beside=priced)
    pilot.clock.at += DAY * 3
    return pilot.measure()


def test_guardrails_on_every_kind_are_judged(store):
    """A ratio, a quantile and a unit's sum each hold their limit, with the figure that they are judged by."""
    found = run(
        store,
        metrics=(*METRICS, PRICE, P90, SPENT),
        guardrails=(
            Guardrail(metric="price", limit=0.03),
            Guardrail(metric="p90", limit=120.0),
            Guardrail(metric="spent", limit=0.6),
        ),
    )
    held = {result.metric: result for result in found.guardrails}
    assert {name: result.status for name, result in held.items()} == {
        "price": "within",
        "p90__limit": "within",
        "spent": "within",
    }
    assert held["price"].candidate.value == pytest.approx(0.02, rel=0.05)
    assert held["p90__limit"].candidate.value == 0.0


def test_a_quantile_is_a_target(store):
    """The answer is on the share beyond the target's own limit, which may be a tenth."""
    target = structs.replace(
        TARGET, metric="p90", form="own", baseline=150.0, floor=200.0, target=130.0, expected=100.0, deviation=80.0
    )
    answer = run(store, metrics=(*METRICS, P90), target=target).answer
    assert answer.metric == "p90__target"
    assert isinstance(answer.estimate, Estimate)
    assert answer.estimate.value == 0.0
    assert answer.estimate.high < 0.1
    assert answer.kill_evidence < 1.0


def test_a_ratio_is_a_target(store):
    """The answer's figure is the ratio of the sums."""
    target = structs.replace(
        TARGET, metric="price", form="own", baseline=0.05, floor=0.06, target=0.03, expected=0.02, deviation=0.01
    )
    answer = run(store, metrics=(*METRICS, PRICE), target=target).answer
    assert answer.estimate.value == pytest.approx(0.02, rel=0.05)
    assert answer.estimate.method == "ratio, clustered score test"
    assert any(look.z is not None and look.z > 2.0 for look in answer.looks)
