"""What a span of time comes to: read from the calls, by the rules of the kept sums, each unit counted once."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from pathlib import Path
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import structs
from tests.storage.call_samples import START, any_call, any_outcome, call, counted_plan, execution, outcome, plan

from pilotage.evidence.plan import MeasurementPlan
from pilotage.evidence.sums import Totals, UnitSum
from pilotage.evidence.values import compile_plan, matured
from pilotage.playbook.metrics import Metric, UserAction
from pilotage.runtime.records import Call, Outcome
from pilotage.storage.calls import EmbeddedCallStore
from pilotage.storage.calls.folding import release_of
from pilotage.storage.calls.rows import micros
from pilotage.storage.protocols import SpanOf

W = "flight-delay-desk"
DAY = dt.timedelta(days=1)
Key = tuple[str, str, str]


def by_hand(calls: list[Call], outcomes: list[Outcome], asked: MeasurementPlan, of: SpanOf) -> dict[Key, Totals]:
    """The same call by call and unit by unit: stage, metric and series with their totals."""
    told: dict[str, list[Outcome]] = defaultdict(list)
    taken = [one for one in outcomes if one.basis not in {"candidate", "incumbent"}]
    for one in sorted(taken, key=lambda one: (one.at_us, one.outcome_id)):
        told[one.call_id].append(one)
    units: dict[tuple[Key, str], UnitSum] = defaultdict(UnitSum)
    for one in calls:
        if not micros(of.since) <= one.at_us < micros(of.until) or one.mode not in of.modes:
            continue
        if of.release and release_of(one) not in {"", of.release}:
            continue
        known: dict[str, Outcome] = {}
        for heard in told[one.call_id]:
            known.setdefault(heard.name, heard)
        values, times = ({n: getattr(o, f) for n, o in known.items()} for f in ("value", "at_us"))
        for metric in asked.metrics:
            if not matured(metric, one.at_us, micros(of.as_of)):
                continue
            alone = structs.replace(asked, metrics=(metric,), segments=())
            for c in compile_plan(alone, assigned=False)(one, values, times):
                key = ("" if of.pooled else one.stage, c.metric, c.series), one.unit or one.call_id
                was = units[key]
                units[key] = UnitSum(was.n + 1.0, was.y + c.y, was.z + c.z)
    metrics = {metric.id: metric for metric in asked.metrics}
    found: dict[Key, Totals] = defaultdict(Totals)
    for (key, _), unit in units.items():
        found[key] += Totals.of_metric(unit, metrics[key[1]])
    return dict(found)


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 10**9), which=st.sampled_from([plan, counted_plan]), pooled=st.booleans())
def test_a_span_is_what_its_calls_come_to(tmp_path_factory: pytest.TempPathFactory, seed: int, which, pooled: bool):
    """Whatever calls and outcomes there are, in segments and not, the sums are those of a pass call by call: of the
    span alone, of the modes and the release asked for, with the outcomes inside their windows, each unit once.
    """
    rng = Random(seed)
    calls = [any_call(rng, number) for number in range(1, 60)]
    outcomes = [any_outcome(rng, 1000 + number, rng.choice(calls)) for number in range(80)]
    since = START + rng.randrange(5) * DAY
    of = SpanOf(
        since=since,
        until=since + rng.randrange(1, 9) * DAY,
        as_of=START + rng.randrange(2, 20) * DAY,
        modes=rng.choice([("live",), ("suggest", "live"), ("shadow",)]),
        release=rng.choice([None, "r1"]),
        pooled=pooled,
    )
    with EmbeddedCallStore(Path(tmp_path_factory.mktemp("calls"))) as store:
        store.append_calls(W, calls[:40])
        store.flush()
        store.append_calls(W, calls[40:])
        store.append_outcomes(W, outcomes)
        found = {(row.stage, row.metric, row.series): row.totals for row in store.span(W, which(), of)}
    expected = by_hand(calls, outcomes, which(), of)
    assert found.keys() == expected.keys()
    for key, want in expected.items():
        for name in Totals.__struct_fields__:
            assert getattr(found[key], name) == pytest.approx(getattr(want, name), rel=1e-9, abs=1e-9), (key, name)


def test_a_unit_that_comes_back_is_one_unit(tmp_path: Path):
    """Somebody who met suggestions on three days at two shares of the roll-out is one unit in a pooled span. A call
    counts once what was done with it can come in no more.
    """
    source = UserAction(actions=("accepted",))
    acted = Metric(id="taken", title="Taken", unit="share", direction="higher", kind="proportion", source=source)
    with EmbeddedCallStore(tmp_path) as store:
        for day, stage in enumerate(("suggest-5/1", "suggest-5/1", "suggest-25/1"), start=1):
            asked = {"unit": "ann", "mode": "suggest", "stage": stage, "beside": execution("candidate")}
            store.append_calls(W, [call(day, hours=24 * day, **asked)])
            store.append_outcomes(W, [outcome(100 + day, day, "action", '"accepted"', hours=24 * day + 1)])
        span = {"since": START, "until": START + 9 * DAY, "as_of": START + 9 * DAY, "modes": ("suggest",)}
        (row,) = store.span(W, MeasurementPlan(metrics=(acted,)), SpanOf(**span, pooled=True))
        apart = store.span(W, MeasurementPlan(metrics=(acted,)), SpanOf(**span))
        assert (row.totals.units, row.totals.n, row.totals.y) == (1.0, 3.0, 3.0)
        assert {one.stage: one.totals.n for one in apart} == {"suggest-5/1": 2.0, "suggest-25/1": 1.0}
        early = SpanOf(**(span | {"as_of": START + dt.timedelta(hours=24 + 73)}), pooled=True)
        (row,) = store.span(W, MeasurementPlan(metrics=(acted,)), early)
        assert row.totals.n == 1.0


def test_no_calls_come_to_nothing(tmp_path: Path):
    """An unknown workload, and a span without calls, have no sums: nothing that could be taken for a figure."""
    of = SpanOf(since=START, until=START + DAY, as_of=START + DAY, modes=("live",))
    with EmbeddedCallStore(tmp_path) as store:
        assert store.span(W, plan(), of) == ()
        store.append_calls(W, [call(1, hours=-5)])
        assert store.span(W, plan(), of) == ()
