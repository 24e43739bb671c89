from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pilotage.demo.economics import (
    FLOOR_SHARE,
    PRICES,
    TARGET_SHARE,
    Prices,
    cost_metric,
    warning_metric,
)

USD = st.floats(1, 10_000)


def test_only_wrong_answers_cost():
    """A missed delay costs 400 dollars, a false warning 100, a right answer nothing."""
    assert PRICES.cost_usd(warn=False, late=True) == 400
    assert PRICES.cost_usd(warn=True, late=False) == 100
    assert PRICES.cost_usd(warn=True, late=True) == PRICES.cost_usd(warn=False, late=False) == 0


@given(missed=USD, false=USD, risk=st.floats(0, 1))
def test_the_warning_starts_where_it_is_the_cheaper_answer(missed, false, risk):
    """At any prices and any risk, the answer by the threshold is the one expected to cost less."""
    prices = Prices(missed_delay_usd=missed, false_warning_usd=false)
    warning, silence = (1 - risk) * false, risk * missed
    cheaper = warning if risk >= prices.warn_from else silence
    assert cheaper <= min(warning, silence) + 1e-9 * (missed + false)


def test_with_these_prices_the_desk_warns_from_one_in_five():
    """Four false warnings cost as much as one missed delay."""
    assert PRICES.warn_from == pytest.approx(0.2)


def test_the_metric_prices_answers_as_the_desk_does():
    """The charter's metric lists the two wrong answers with the desk's prices, and a failure as the dearer one."""
    metric = cost_metric(59.39)
    assert metric.source.costs["false"]["true"] == PRICES.cost_usd(warn=False, late=True)
    assert metric.source.costs["true"]["false"] == PRICES.cost_usd(warn=True, late=False)
    assert metric.source.answer_field == warning_metric().source.answer_field == "warn"
    assert metric.worst == metric.hi == 400
    assert metric.labelled
    assert not warning_metric().labelled


def test_the_promise_lies_above_the_floor():
    """It is not worth going on below 5 per cent; the charter promises 10."""
    assert 0 < FLOOR_SHARE < TARGET_SHARE
