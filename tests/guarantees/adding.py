"""Sums that come to the same in any order, in any parts, and by either engine."""

from __future__ import annotations

import datetime as dt
import tempfile
from pathlib import Path
from random import Random

from tests.guarantees.promise import Promise
from tests.storage.call_reference import reference
from tests.storage.call_samples import START, any_call, any_outcome, counted_plan, plan

from pilotage.evidence.sums import Totals
from pilotage.runtime.records import Call
from pilotage.storage.calls import EmbeddedCallStore

WORKLOAD = "ticket-triage"
BEFORE, NOW = (START + dt.timedelta(days=days) for days in (-90, 40))


def largest_deviation(calls, seed):
    """Of all sums over so many calls and as many outcomes: those that one pass in plain Python over everything gives,
    against those that the store has (DuckDB over columns, and one by one where few came), to which they came shuffled
    and in uneven batches, some of them twice. As a share of the sum, or of one where that is larger.
    """
    found = []
    for number, planned in enumerate((plan(), counted_plan())):
        rng = Random(seed + number)
        sent = [any_call(rng, one) for one in range(calls)]
        learned = [any_outcome(rng, one, rng.choice(sent)) for one in range(calls)]
        arrivals = [*sent, *learned, *rng.choices([*sent, *learned], k=calls // 20)]
        rng.shuffle(arrivals)
        with tempfile.TemporaryDirectory() as folder, EmbeddedCallStore(Path(folder)) as store:
            while arrivals:
                size = rng.choice([50, calls])
                batch, arrivals = arrivals[:size], arrivals[size:]
                store.append_calls(WORKLOAD, [one for one in batch if isinstance(one, Call)])
                store.append_outcomes(WORKLOAD, [one for one in batch if not isinstance(one, Call)])
                store.project(WORKLOAD, planned, BEFORE)
            store.project(WORKLOAD, planned, NOW)
            found += _deviations(store, reference(planned, sent, learned, NOW))
    return max(found)


def _deviations(store, expected):
    totals = {(r.stage, r.release, r.metric, r.series, r.segment): r.totals for r in store.totals(WORKLOAD)}
    days = {(r.day, r.stage, r.release, r.metric, r.series): (r.n, r.y, r.z) for r in store.days(WORKLOAD)}
    bets = {(r.stage, r.release, r.bet): r.log_wealth for r in store.bets(WORKLOAD)}
    if not (totals.keys() == expected.totals.keys() and days.keys() == expected.days.keys()):
        raise AssertionError("The store has sums of other things than the pass in plain Python.")
    pairs = [
        (getattr(totals[key], name), getattr(want, name))
        for key, want in expected.totals.items()
        for name in Totals.__struct_fields__
    ]
    pairs += [pair for key, want in expected.days.items() for pair in zip(days[key], want, strict=True)]
    pairs += [pair for key, (_, want) in expected.bets.items() for pair in zip(bets[key], want, strict=True)]
    return [abs(got - want) / max(1.0, abs(want)) for got, want in pairs]


PROMISES = [
    Promise(
        "The same sums, whoever adds them up",
        "order, partition, engine: the largest deviation of any sum, Python against DuckDB",
        largest_deviation,
        600,
        10_000,
        high=1e-9,
        rate=False,
    )
]
