from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pilotage.evidence.normal import quantile, upper_tail
from pilotage.evidence.sequential import (
    bounds,
    crossing_probability,
    efficacy_bounds,
    planned_drift,
    spent_alpha,
    spent_beta,
)


def equal(looks):
    """That many looks at equal steps of information."""
    return tuple((i + 1) / looks for i in range(looks))


def two_sided_error(looks, shape):
    """The chance of ever leaving -bound to bound under no effect: twice the upper side, for both-sided bounds."""
    upper = tuple(shape(k, looks) for k in range(1, looks + 1))
    crossed = crossing_probability(equal(looks), upper, lower=tuple(-b for b in upper))
    return 2.0 * crossed[-1]


def test_the_bounds_are_those_published_for_five_looks():
    """Lan-DeMets bounds of O'Brien-Fleming type, five equal looks, one-sided 0.025, to the digits given."""
    published = (4.8769, 3.3570, 2.6803, 2.2898, 2.0310)
    assert efficacy_bounds(equal(5), 0.025) == pytest.approx(published, abs=6e-5)


@pytest.mark.parametrize(("looks", "constant"), [(1, 1.960), (2, 2.178), (5, 2.413), (10, 2.555)])
def test_pococks_constants_have_the_error_they_promise(looks, constant):
    """The tabled Pocock constants give a two-sided error of 0.05 by our integration (Jennison and Turnbull 2000)."""
    assert two_sided_error(looks, lambda _k, _n: constant) == pytest.approx(0.05, abs=1e-4)


@pytest.mark.parametrize(("looks", "constant"), [(1, 1.960), (2, 1.977), (5, 2.040), (10, 2.087)])
def test_obrien_and_flemings_constants_have_the_error_they_promise(looks, constant):
    """The tabled O'Brien-Fleming constants give a two-sided error of 0.05 (Jennison and Turnbull 2000, table 2.3)."""
    error = two_sided_error(looks, lambda k, n: constant * math.sqrt(n / k))
    assert error == pytest.approx(0.05, abs=1e-4)


def test_one_look_is_an_ordinary_test():
    """With a single look at full information the bound is the normal quantile."""
    assert efficacy_bounds((1.0,), 0.05)[0] == pytest.approx(1.6448536, abs=1e-6)


@given(
    st.lists(st.floats(0.01, 0.2), min_size=1, max_size=12),
    st.sampled_from([0.0125, 0.025, 0.05]),
)
def test_no_schedule_of_looks_spends_more_than_alpha(steps, alpha):
    """However the looks fall, the chance of a false rejection is what was spent, and alpha at most."""
    information = tuple(round(min(sum(steps[: i + 1]), 2.0), 6) for i in range(len(steps)))
    upper = efficacy_bounds(information, alpha, final=True)
    assert crossing_probability(information, upper)[-1] == pytest.approx(alpha, rel=1e-4)


def test_what_is_left_is_spent_at_the_deadline():
    """A last look at half the information may use all the error; as one of many it may use very little."""
    early, late = (efficacy_bounds((0.25, 0.5), 0.05, final=final)[-1] for final in (True, False))
    assert early is not None
    assert late is not None
    assert early < 1.7
    assert late > 2.5


def test_a_look_too_early_to_spend_anything_is_skipped():
    """Where the spending is below 1e-12 there is no bound, and the later bounds do not change."""
    with_early = efficacy_bounds((0.01, 0.5, 1.0), 0.05)
    assert with_early[0] is None
    assert with_early[1:] == pytest.approx(efficacy_bounds((0.5, 1.0), 0.05), abs=1e-6)


def test_after_full_information_there_is_nothing_left():
    """A look after full information has no bound: all the error was spent."""
    assert efficacy_bounds((0.5, 1.0, 1.2), 0.05)[-1] is None


def test_spending_follows_the_published_functions():
    """Efficacy spends 2(1 - Phi(z/sqrt t)), futility (e^2t - 1)/(e^2 - 1); nothing before, all at the end."""
    assert spent_alpha(0.5, 0.05) == pytest.approx(2.0 * upper_tail(quantile(0.975) / math.sqrt(0.5)))
    assert [spent_alpha(t, 0.05) for t in (0.0, 1.0, 1.3)] == [0.0, 0.05, 0.05]
    assert spent_beta(0.5, 0.2) == pytest.approx(0.2 * (math.e - 1.0) / (math.e**2 - 1.0))
    assert [spent_beta(t, 0.2) for t in (0.0, 1.0, 1.3)] == pytest.approx([0.0, 0.2, 0.2])


@pytest.mark.parametrize("looks", [4, 14, 60])
def test_futility_spends_beta_and_meets_efficacy_at_the_end(looks):
    """A candidate as good as planned stops for futility with the planned chance, and the last look decides."""
    drift = planned_drift(0.05, 0.8)
    limits = bounds(equal(looks), 0.05, 0.2, drift)
    assert limits.futility[-1] == limits.efficacy[-1]
    assert all(f is None or e is None or f <= e for f, e in zip(limits.futility, limits.efficacy, strict=True))
    reached = crossing_probability(equal(looks), limits.efficacy, lower=limits.futility, drift=drift)[-1]
    assert reached == pytest.approx(0.8, abs=0.02)


def test_ignoring_futility_does_not_spend_more_error():
    """Futility is advice: the efficacy bounds are the same with and without it."""
    assert bounds(equal(10), 0.05, 0.2, 2.7).efficacy == efficacy_bounds(equal(10), 0.05)


def test_uneven_looks_agree_with_a_finer_grid(monkeypatch):
    """Looks at very uneven distances give the same bounds on panels a quarter as wide."""
    information = (0.1, 0.101, 0.2, 0.2005, 0.6, 0.601, 0.602, 0.9)
    coarse = bounds(information, 0.0501, 0.2, 2.675, final=True)
    monkeypatch.setattr("pilotage.evidence.sequential._PANEL_WIDTH", 1.0)
    fine = bounds(information, 0.0501 + 1e-12, 0.2, 2.675, final=True)
    for found, expected in zip(coarse.efficacy + coarse.futility, fine.efficacy + fine.futility, strict=True):
        assert found == pytest.approx(expected, abs=1e-4)


@pytest.mark.parametrize("information", [equal(60), (0.1, 0.101, 0.2, 0.2005, 0.6, 0.601, 0.602, 0.9), (0.3, 1.0)])
def test_spreading_by_panels_is_spreading_node_by_node(monkeypatch, information):
    """What a look leaves is spread panel by panel; node by node the bounds come out the same."""
    by_panels = bounds(information, 0.0502, 0.2, 2.675)
    monkeypatch.setattr("pilotage.evidence.sequential._STEP_MAX", 0.0)
    singly = bounds(information, 0.0502 + 1e-13, 0.2, 2.675)
    for found, expected in zip(by_panels.efficacy + by_panels.futility, singly.efficacy + singly.futility, strict=True):
        assert found == pytest.approx(expected, abs=1e-7)


@pytest.mark.parametrize(("alpha", "power"), [(0.05, 0.8), (0.025, 0.9), (0.003, 0.8)])
def test_the_planned_drift_reaches_with_the_planned_power(alpha, power):
    """Twelve equal looks, futility obeyed, cross efficacy with the power that was asked for."""
    looks, drift = equal(12), planned_drift(alpha, power)
    limits = bounds(looks, alpha, 1.0 - power, drift, final=True)
    reached = crossing_probability(looks, limits.efficacy, lower=(*limits.futility[:-1], None), drift=drift)[-1]
    assert reached == pytest.approx(power, abs=1e-6)


def test_information_has_to_rise():
    """Looks out of order, or without news, are refused."""
    with pytest.raises(ValueError, match="has to rise"):
        efficacy_bounds((0.5, 0.5), 0.05)
    with pytest.raises(ValueError, match="has to rise"):
        efficacy_bounds((0.5, 0.4), 0.05)


def test_a_start_already_seen_conditions_the_chances():
    """From a statistic that is high already the chance of crossing is higher, and both follow the normal law."""
    upper = efficacy_bounds((0.5, 1.0), 0.05)
    high, low = (crossing_probability((1.0,), upper[1:], start=(0.5, z))[-1] for z in (1.5, 0.0))
    assert high > low
    assert upper[1] is not None
    assert low == pytest.approx(upper_tail(upper[1] / math.sqrt(0.5)))
