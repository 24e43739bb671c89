"""Calls, outcomes and plans for the tests of call stores."""

from __future__ import annotations

import datetime as dt
from random import Random
from typing import Any

from pilotage.evidence.betting import bets_for
from pilotage.evidence.plan import MeasurementPlan
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
    Metric,
    OutcomeValue,
    Target,
    Tokens,
    UserAction,
)
from pilotage.runtime.records import Call, Execution, Outcome

EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
START = dt.datetime(2026, 3, 27, 9, tzinfo=dt.UTC)
START_US = (START - EPOCH) // dt.timedelta(microseconds=1)
HOUR_US = 3_600_000_000
LATE = START + dt.timedelta(days=60)
SHADOW = "shadow/1"
BASES = ("", "", "independent", "after_suggestion", "candidate", "incumbent")
ANSWERS = ('"billing"', '"sales"')


def call_id(number: int) -> str:
    """The id of the call of that number."""
    return f"{number:032x}"


def execution(arm: str = "incumbent", value: str | None = '"billing"', **more: Any) -> Execution:
    """An execution that answered, with every field filled in unless said otherwise."""
    fields = {"release": "r1" if arm == "candidate" else "", "latency_us": 900, "confidence": 0.75}
    return Execution(arm=arm, value=value, **(fields | more))  # type: ignore[arg-type]


def call(number: int, *, hours: float = 0.0, **more: Any) -> Call:
    """A paired call in shadow, `hours` after the start."""
    fields: dict[str, Any] = {
        "unit": f"u{number}",
        "mode": "shadow",
        "stage": SHADOW,
        "served": execution(),
        "beside": execution("candidate", '"sales"'),
        "input": '{"text": "my invoice"}',
    }
    return Call(call_id=call_id(number), at_us=START_US + round(hours * HOUR_US), **(fields | more))


def outcome(number: int, about: int, name: str = "label", value: str = '"billing"', **more: Any) -> Outcome:
    """An outcome, by default one hour after the start."""
    hours = more.pop("hours", 1.0)
    return Outcome(
        outcome_id=call_id(number),
        call_id=call_id(about),
        name=name,
        value=value,
        at_us=START_US + round(hours * HOUR_US),
        **more,
    )


def metrics() -> tuple[Metric, ...]:
    """One metric of each kind that reads another part of a call."""
    common = {"title": "as its id", "unit": "share", "direction": "higher", "kind": "proportion"}
    return (
        Metric(id="right", source=LabelMatch(), shift=0.6, **common),
        Metric(
            id="cost_of_errors",
            title="Cost of errors",
            unit="EUR",
            direction="lower",
            kind="mean",
            source=LabelCost(costs={"billing": {"sales": 4.0}, "sales": {"billing": 9.0}}),
            hi=9.0,
            shift=2.5,
            window_hours=24.0,
        ),
        Metric(id="slow", source=Latency(limit_ms=1.0), **(common | {"direction": "lower"})),
        Metric(id="errors", source=ErrorShare(), **(common | {"direction": "lower"})),
        Metric(id="to_sales", source=AnswerEquals(equals="sales"), **common),
        Metric(id="price", source=Cost(), hi=2.0, **(common | {"kind": "mean", "direction": "lower"})),
        Metric(
            id="minutes",
            source=OutcomeValue(outcome="minutes"),
            hi=60.0,
            observable="exposed",
            **(common | {"kind": "mean", "direction": "lower"}),
        ),
    )


def counted_metrics() -> tuple[Metric, ...]:
    """Metrics of every other kind, source and way of counting."""
    common: dict[str, Any] = {"title": "as its id", "unit": "each", "direction": "lower", "kind": "mean"}
    exposed = common | {"observable": "exposed"}
    return (
        Metric(id="tokens", source=Tokens(), hi=500.0, shift=90.0, **common),
        Metric(id="sure", source=Confidence(), **(common | {"direction": "higher"})),
        Metric(id="sure_by_unit", source=Confidence(), per="unit_mean", **(common | {"direction": "higher"})),
        Metric(id="spent_by_unit", source=Cost(), per="unit_sum", hi=2.0, **common),
        Metric(
            id="usd_per_right",
            source=Cost(),
            denominator=LabelMatch(),
            hi=2.0,
            window_hours=24.0,
            **(common | {"kind": "ratio"}),
        ),
        Metric(id="long", source=Beyond(of=Tokens(which="out"), above=30.0), **(common | {"kind": "proportion"})),
        Metric(
            id="dear",
            source=Beyond(of=LabelCost(costs={"billing": {"sales": 9.0}, "sales": {"billing": 3.0}}), above=5.0),
            window_hours=24.0,
            **(common | {"kind": "proportion"}),
        ),
        Metric(id="overridden", source=UserAction(actions=("overridden",)), **(exposed | {"kind": "proportion"})),
    )


def counted_plan(**more: Any) -> MeasurementPlan:
    """A plan of those, with a ratio for its target and limits to bet on."""
    fields: dict[str, Any] = {
        "metrics": counted_metrics(),
        "target": Target(
            metric="usd_per_right",
            form="own",
            baseline=0.6,
            floor=0.8,
            target=0.5,
            expected=0.4,
            calls_per_week=1000,
            deviation=0.5,
        ),
        "guardrails": (
            Guardrail(metric="sure_by_unit", margin=0.02),
            Guardrail(metric="spent_by_unit", limit=0.9),
            Guardrail(metric="long", limit=0.3),
            Guardrail(metric="dear", margin=0.1),
            Guardrail(metric="overridden", limit=0.2),
        ),
    }
    return plan(**(fields | more))


def plan(**more: Any) -> MeasurementPlan:
    """A target, guardrails with their bets, and a declared segment."""
    fields: dict[str, Any] = {
        "metrics": metrics(),
        "target": Target(
            metric="right",
            form="difference",
            baseline=0.6,
            floor=0.0,
            target=0.05,
            expected=0.1,
            calls_per_week=1000,
            deviation=0.5,
        ),
        "guardrails": (
            Guardrail(metric="cost_of_errors", margin=0.5),
            Guardrail(metric="errors", margin=0.02),
            Guardrail(metric="slow", limit=0.3),
        ),
        "segments": ("language",),
        "time_zone": "Europe/Berlin",
    }
    made = MeasurementPlan(**(fields | more))
    return MeasurementPlan(**{name: getattr(made, name) for name in made.__struct_fields__} | {"bets": bets_for(made)})


def any_execution(rng: Random, arm: str) -> Execution:
    """An execution that may have failed, be slow, or be a person's."""
    error = rng.choice(["", "", "", "timeout"])
    by_person = arm == "incumbent" and not error and rng.random() < 0.3
    return Execution(
        arm=arm,  # type: ignore[arg-type]
        release=rng.choice(["r1", "r2"]) if arm == "candidate" else "",
        value=None if error or by_person else rng.choice(ANSWERS),
        latency_us=0 if by_person else rng.choice([0, 400, 2500]),
        error=error,
        confidence=rng.choice([None, 0.5]),
        cost_usd=rng.choice([None, 0.1, 0.7, 1e-7]),
        tokens_in=rng.choice([None, 40, 900]),
        tokens_out=rng.choice([None, 20, 60]),
    )


def any_call(rng: Random, number: int) -> Call:
    """Any call of a fortnight in a small world, so that units return and strata mix."""
    live = rng.random() < 0.2
    served = any_execution(rng, "candidate" if live and rng.random() < 0.5 else "incumbent")
    other = "incumbent" if served.arm == "candidate" else "candidate"
    mode = "live" if live else rng.choice(["none", "shadow", "shadow", "shadow", "suggest"])
    return Call(
        call_id=call_id(number),
        at_us=START_US + rng.randrange(14 * 24 * HOUR_US),
        served=served,
        beside=any_execution(rng, other) if rng.random() < 0.8 else None,
        assigned="candidate" if live and rng.random() < 0.5 else "incumbent",
        unit=rng.choice(["", "ann", "ben", "cid", "dan"]),
        segment=rng.choice([{}, {"language": "de"}, {"language": "fr", "plan": "pro"}]),
        source=rng.choice(["real", "real", "real", "synthetic"]),
        mode=mode,  # type: ignore[arg-type]
        stage=f"{mode}/{rng.choice([0, 1])}",
        beside_dropped=rng.random() < 0.1,
        added_us=rng.choice([0, 3, 40, 1800]),
        input=rng.choice([None, "{}"]),
    )


def any_outcome(rng: Random, number: int, about: Call) -> Outcome:
    """Anything that may be learned of a call, in time or too late."""
    name, value, kind = rng.choice(
        [
            ("label", '"billing"', "outcome"),
            ("label", '"sales"', "outcome"),
            ("incumbent_answer", '"billing"', "incumbent_answer"),
            ("minutes", "12.5", "outcome"),
            ("action", '"overridden"', "feedback"),
            ("action", '"accepted"', "feedback"),
            ("rating", "-1", "feedback"),
        ]
    )
    return Outcome(
        outcome_id=call_id(number),
        call_id=about.call_id,
        name=name,
        value=value,
        kind=kind,
        at_us=about.at_us + rng.randrange(-1, 96) * HOUR_US,
        basis=rng.choice(BASES) if name == "label" else "",
    )
