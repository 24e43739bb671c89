from __future__ import annotations

import math

import pytest
from msgspec import structs
from tests.record.stories import charter

from pilotage.playbook.metrics import (
    Beyond,
    Cost,
    ErrorShare,
    Guardrail,
    LabelMatch,
    Latency,
    Metric,
    OutcomeValue,
    Tokens,
    UserAction,
)
from pilotage.record.charter import charter_problems

RATIO = {"kind": "ratio", "denominator": Tokens(), "denominator_hi": 100.0}
QUANTILE = {"kind": "quantile", "quantile": 0.95, "source": Latency()}


def metric(**fields):
    """A mean of costs, unless said otherwise."""
    whole = {"id": "spent", "title": "Spent", "unit": "USD", "direction": "lower", "kind": "mean", "source": Cost()}
    return Metric(**(whole | fields))


def problems(extra=None, guardrail=None, **target):
    """The problems of a sound charter with one more metric, and with a guardrail or a target on it."""
    whole = charter()
    return {
        problem.code: problem
        for problem in charter_problems(
            structs.replace(
                whole,
                metrics=(*whole.metrics, extra or metric()),
                guardrails=whole.guardrails if guardrail is None else (*whole.guardrails, guardrail),
                target=structs.replace(whole.target, **target),
            )
        )
    }


@pytest.mark.parametrize(
    "fields",
    [
        {},
        RATIO,
        QUANTILE,
        {"per": "unit_mean"},
        {"per": "unit_sum"},
        {"source": UserAction(actions=("edited",)), "observable": "exposed", "kind": "proportion"},
        {"source": Beyond(of=Tokens(which="in"), above=4.0), "kind": "proportion"},
    ],
)
def test_a_sound_metric_has_no_problem(fields):
    """Every kind, source and way of counting can be used."""
    assert problems(metric(**fields)) == {}


@pytest.mark.parametrize(
    ("fields", "code", "field"),
    [
        ({"kind": "mode"}, "unknown-kind", "kind"),
        ({"lo": 1.0, "hi": 1.0}, "empty-range", "hi"),
        ({"kind": "proportion"}, "not-a-proportion", "source"),
        ({"kind": "ratio"}, "no-denominator", "denominator"),
        ({"denominator": Tokens()}, "needless-denominator", "denominator"),
        (RATIO | {"denominator_lo": 200.0}, "empty-range", "denominator_hi"),
        (RATIO | {"per": "unit_mean"}, "ratio-per-unit", "per"),
        (RATIO | {"shift": 1.0}, "shifted-ratio", "shift"),
        (QUANTILE | {"quantile": None}, "bad-quantile", "quantile"),
        (QUANTILE | {"quantile": 0.0}, "bad-quantile", "quantile"),
        (QUANTILE | {"quantile": 1.0}, "bad-quantile", "quantile"),
        (QUANTILE | {"quantile": 95.0}, "bad-quantile", "quantile"),
        (QUANTILE | {"source": ErrorShare()}, "no-number", "source"),
        (QUANTILE | {"per": "unit_sum"}, "quantile-per-unit", "per"),
        (QUANTILE | {"shift": 3.0}, "shifted-quantile", "shift"),
        (QUANTILE | {"id": "a" * 63}, "long-id", "id"),
        ({"quantile": 0.5}, "needless-quantile", "quantile"),
        ({"per": "unit_mean", "source": OutcomeValue(outcome="minutes")}, "unit-waits", "per"),
        ({"per": "unit_sum", "shift": 2.0}, "shifted-sum", "shift"),
        ({"source": UserAction(actions=("edited",))}, "not-observable", "observable"),
        ({"source": UserAction(actions=())}, "no-action", "source"),
        ({"source": Beyond(of=Cost())}, "no-limit", "source"),
        ({"source": Beyond(of=Latency(limit_ms=3.0), above=0.5)}, "no-number", "source"),
    ],
)
def test_an_unusable_metric_is_named_with_its_field(fields, code, field):
    """What is inconsistent in a metric has a code, the metric's field, and a sentence that says what to do."""
    found = problems(metric(**fields))[code]
    assert found.field == f"charter.metrics[{len(charter().metrics)}].{field}"
    assert found.message.endswith(".")


@pytest.mark.parametrize("number", [math.nan, math.inf, -math.inf])
@pytest.mark.parametrize("name", ["lo", "hi", "failure_value", "shift", "window_hours"])
def test_a_number_that_is_none_is_refused(name, number):
    """A file may say .nan or .inf; no cap, window or shift can be one."""
    found = problems(metric(**{name: number}))["not-finite"]
    assert found.field == f"charter.metrics[{len(charter().metrics)}].{name}"


def test_a_target_that_is_not_a_number_is_refused():
    """Nor can what is promised."""
    assert problems(target=math.nan)["not-finite"].field == "charter.target.target"


@pytest.mark.parametrize(
    ("fields", "form", "possible"),
    [
        (RATIO, "own", True),
        (RATIO, "difference", True),
        (RATIO, "share", False),
        (RATIO | {"denominator": LabelMatch()}, "difference", False),
        (QUANTILE, "own", True),
        (QUANTILE, "difference", False),
        ({}, "share", True),
    ],
)
def test_a_target_is_stated_as_its_kind_can_be_tested(fields, form, possible):
    """A form that the kind has no test for is refused, with those that it has."""
    figures = {"floor": 0.9, "target": 0.5, "expected": 0.2} if form == "own" else {}
    found = problems(metric(**fields), metric="spent", form=form, **figures)
    assert ("form-not-possible" not in found) is possible
    if not possible:
        assert found["form-not-possible"].field == "charter.target.form"


@pytest.mark.parametrize("fields", [{}, RATIO, QUANTILE])
def test_a_target_shows_in_shadow(fields):
    """The target is judged in shadow alone: one that shows only once people are exposed is refused, since no answer
    would ever come, and is told to be a guardrail, as which it is accepted.
    """
    late = metric(**fields, observable="exposed")
    figures = {"form": "own", "floor": 0.9, "target": 0.5, "expected": 0.2}
    found = problems(late, metric="spent", **figures)
    assert set(found) == {"target-not-in-shadow"}
    assert found["target-not-in-shadow"].field == "charter.target.metric"
    message = found["target-not-in-shadow"].message
    assert "nobody works without the candidate's suggestion to compare with" in message
    assert "Make it a guardrail" in message
    assert problems(late, Guardrail(metric="spent", limit=0.5)) == {}
    assert problems(metric(**fields), metric="spent", **figures) == {}


@pytest.mark.parametrize("fields", [QUANTILE, RATIO | {"denominator": LabelMatch()}])
def test_a_margin_needs_a_comparison(fields):
    """A guardrail on what is not compared between the arms has a limit instead."""
    row = len(charter().guardrails)
    found = problems(metric(**fields), Guardrail(metric="spent", margin=1.0))
    assert found["margin-not-possible"].field == f"charter.guardrails[{row}].limit"
    assert problems(metric(**fields), Guardrail(metric="spent", limit=1.0)) == {}


def test_a_metric_has_one_guardrail():
    """Two guardrails on one metric would share a bet and a place."""
    twice = Guardrail(metric=charter().guardrails[0].metric, margin=0.5)
    assert "duplicate-guardrail" in problems(guardrail=twice)


def test_the_ids_of_a_quantiles_shares_are_its_own():
    """No other metric takes the name under which the share beyond a limit is measured."""
    whole = charter()
    taken = structs.replace(whole, metrics=(*whole.metrics, metric(**QUANTILE), metric(id="spent__limit")))
    assert "reserved-id" in {problem.code for problem in charter_problems(taken)}


def test_a_quantile_is_found_under_the_name_it_is_measured_by():
    """Results name the proportion; the charter knows what that is."""
    whole = charter()
    limited = structs.replace(
        whole,
        metrics=(*whole.metrics, metric(**QUANTILE)),
        guardrails=(*whole.guardrails, Guardrail(metric="spent", limit=2.0)),
    )
    assert limited.metric("spent__limit").unit == "share"
    assert limited.metric("spent__floor") is None
    assert whole.measured is whole
