from __future__ import annotations

import datetime as dt
from itertools import product

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.storage.call_samples import START, call, execution, outcome, plan

from pilotage.evidence.readers import reader
from pilotage.playbook.metrics import INCUMBENT_ANSWER, LabelCost, LabelMatch, Metric, OutcomeValue
from pilotage.storage.calls import EmbeddedCallStore

W = "triage"
COSTS = {"7": {"007": 3.0, "7": 1.0}, "billing": {"true": 4.0, "sales": 40.0}}
SCALARS = ['"billing"', '"007"', "7", "7.0", '"7"', "-0", "1e3", '"1_0"', "true", '"true"', "false", '"n/a"', '"NaN"',
           "null", '""', '"\\"x\\""', '" 7"', "12345678901234567890", '"Infinity"', "1e999", '"."', "-3.5"]  # fmt: skip
OBJECTS = ['{"team":"billing"}', '{"team":null}', '{"other":1}', '{"team":7.0}', '{"team":"007"}', '{"team":true}',
           '{"team":["a"]}', "[1]", '["billing"]', "{}"]  # fmt: skip
SOURCES = (
    LabelMatch(),
    LabelMatch(answer_field="team"),
    LabelCost(costs=COSTS, otherwise=2.0),
    LabelCost(costs=COSTS, answer_field="team"),
    OutcomeValue(outcome="label"),
)


def metric(source, **more):
    """The target, judged by that source."""
    fields = {"id": "right", "title": "t", "unit": "each", "direction": "lower", "kind": "mean", "lo": -2.0, "hi": 9.0}
    return Metric(source=source, **(fields | more))


def profiled(folder, target, calls, outcomes):
    """What the days' profiles hold of each execution, by stage and arm: the target's value, or None."""
    with EmbeddedCallStore(folder, flush_rows=400) as store:
        store.append_calls(W, calls)
        store.append_outcomes(W, outcomes)
        store.profile(W, plan(metrics=(target,), guardrails=()), START + dt.timedelta(days=20))
        days = store.profiles(W, dt.date(2026, 1, 1), dt.date(2027, 1, 1))
    rows = [row for day in days for row in day.confidence]
    assert all(row.calls == 1 for row in rows)
    return {(row.stage, row.arm): row.y if row.known else None for row in rows}


def world(cases):
    """One call with its label for each case, in a stage of its own."""
    calls, outcomes = [], []
    for number, (served, beside, error, label) in enumerate(cases, 1):
        calls.append(
            call(
                number,
                stage=f"shadow/{number}",
                served=execution(value=served),
                beside=execution("candidate", None if error else beside, error=error),
            )
        )
        outcomes.append(outcome(2 * number, number, value=label))
        if served is None and number % 2:
            outcomes.append(outcome(2 * number + 1, number, INCUMBENT_ANSWER, beside))
    return calls, outcomes


def expected(target, calls, outcomes):
    """What the reader makes of the same executions; an outcome is of the answer that served."""
    read, told = reader(target), {}
    for one in outcomes:
        told.setdefault(one.call_id, {})[one.name] = one.value
    values = {}
    for one in calls:
        values[one.stage, "incumbent"] = read(one.served, told[one.call_id])
        is_outcome = isinstance(target.source, OutcomeValue)
        values[one.stage, "candidate"] = None if is_outcome else read(one.beside, told[one.call_id])
    return values


@pytest.mark.parametrize("source", SOURCES)
def test_profiles_judge_as_the_readers_do(tmp_path, source):
    """Every answer with every label, and failures: the value in the day's profile is the reader's, or none at all."""
    answers = [*SCALARS, *OBJECTS]
    cases = [(answer, answers[-1 - number % 7], "timeout" if number % 5 == 0 else "", label)
             for number, (answer, label) in enumerate(product(answers, SCALARS))]  # fmt: skip
    cases += [(None, answer, "", label) for answer, label in zip(answers, SCALARS * 2, strict=False)]
    calls, outcomes = world(cases)
    found = profiled(tmp_path, metric(source), calls, outcomes)
    assert found == pytest.approx(expected(metric(source), calls, outcomes), nan_ok=False)


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    source=st.sampled_from(SOURCES),
    direction=st.sampled_from(["lower", "higher"]),
    cases=st.lists(
        st.tuples(
            st.sampled_from([None, *SCALARS, *OBJECTS]),
            st.sampled_from([*SCALARS, *OBJECTS]),
            st.sampled_from(["", "", "timeout"]),
            st.sampled_from(SCALARS) | st.floats(allow_nan=False, allow_infinity=False).map(str),
        ),
        min_size=1,
        max_size=40,
    ),
)
def test_profiles_judge_as_the_readers_do_whatever_comes(tmp_path_factory, source, direction, cases):
    """For any answers, failures, labels and either direction."""
    target, (calls, outcomes) = metric(source, direction=direction), world(cases)
    found = profiled(tmp_path_factory.mktemp("calls"), target, calls, outcomes)
    assert found == pytest.approx(expected(target, calls, outcomes))


def test_an_outcome_that_is_no_number_counts_nowhere(tmp_path):
    """Words and NaN are no values; false is 0; a failure beside the answer that served has no outcome of its own."""
    labels = ['"n/a"', '"NaN"', "false", "5"]
    calls, outcomes = world([('"a"', '"b"', "timeout", label) for label in labels])
    found = profiled(tmp_path, metric(OutcomeValue(outcome="label")), calls, outcomes)
    assert [found[f"shadow/{number}", "incumbent"] for number in range(1, 5)] == [None, None, 0.0, 5.0]
    assert {found[f"shadow/{number}", "candidate"] for number in range(1, 5)} == {None}
