"""Group-sequential boundaries: when a growing body of evidence may be looked at without fooling oneself. Pure.

Efficacy: Lan and DeMets (1983), spending of O'Brien-Fleming type. Futility: Hwang, Shih and DeCani (1990),
gamma = -2, non-binding. Crossing probabilities by the recursive integration of Armitage, McPherson and Rowe
(1969), as in Jennison and Turnbull (2000), chapter 19. Information is a fraction of what was planned; the
statistic after information t is normal with mean drift * sqrt(t) and variance 1.
"""

from __future__ import annotations

import math
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from pilotage.evidence.normal import quantile, upper_tail

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy as np

INCREMENT_MIN = 1e-12
INFORMATION_STEP_MIN = 1e-3
GAMMA = -2.0
PLANNED_LOOKS = 12
_FAR = 8.0
_POINTS = 16
_PANEL_WIDTH = 4.0
_NEWTON_STEPS = 40
_CLOSE = 1e-13
# So many standard deviations below a bound nothing reaches it, beside the smallest share of an error that is ever
# spent; so many above, everything does.
_FAR_OFF = 12.0
_CERTAIN = 8.5
_ROWS_AT_ONCE = 64
# What twelve looks with futility need beyond one look, about: 15 % more information.
_OVER_ONE_LOOK = math.sqrt(1.15)
_OFFSET = 1e-3
_HALVINGS = 20
_SECANTS = 6
# What a look comes to is a number, kept for every look of many workloads; where the statistic may be then is an array,
# needed again only for the look after it.
_NUMBERS_KEPT = 2**15
_STATES_KEPT = 2**10


def spent_alpha(information: float, alpha: float) -> float:
    """The one-sided error spent by then: 2(1 - Phi(z_{1 - alpha/2} / sqrt t)) (Lan and DeMets 1983)."""
    if information >= 1.0:
        return alpha
    if information <= 0.0:
        return 0.0
    return 2.0 * upper_tail(quantile(1.0 - alpha / 2.0) / math.sqrt(information))


def spent_beta(information: float, beta: float) -> float:
    """The chance of stopping a good candidate for futility by then (Hwang, Shih and DeCani 1990, gamma = -2)."""
    share = min(max(information, 0.0), 1.0)
    return beta * math.expm1(-GAMMA * share) / math.expm1(-GAMMA)


class _State(Struct, frozen=True, gc=False):
    """Where the statistic may be after some information and no crossing: nodes with their probability mass."""

    information: float
    nodes: Any
    mass: Any


class _Spent(Struct, frozen=True, gc=False):
    """One look of a walk: the bound, and what has been spent up to it."""

    bound: float | None = None
    total: float = 0.0


class Bounds(Struct, frozen=True, kw_only=True):
    """The bounds of each look. None: the look is too early to spend anything on."""

    efficacy: tuple[float | None, ...]
    futility: tuple[float | None, ...]


def efficacy_bounds(information: tuple[float, ...], alpha: float, *, final: bool = False) -> tuple[float | None, ...]:
    """The statistic from which each look rejects, for one-sided `alpha`. Information must rise from look to look.

    `final`: the last look is the last there will be, and spends what is left. A look at full information is so
    by itself; looks after it have nothing left to spend.
    """
    rounded = _rounded(information)
    last = len(rounded)
    return tuple(_efficacy(rounded[:i], alpha, final and i == last).bound for i in range(1, last + 1))


def bounds(information: tuple[float, ...], alpha: float, beta: float, drift: float, *, final: bool = False) -> Bounds:
    """Efficacy and non-binding futility bounds. `drift` is the expected statistic at full information if the
    candidate is as good as expected. Futility never lies above efficacy; at full information they meet. `final`
    spends what is left of alpha: what a last look before that leaves open is not futile, only too little.
    """
    rounded = _rounded(information)
    efficacy = efficacy_bounds(rounded, alpha, final=final)
    plan = _Plan(beta=beta, drift=round(drift, 6))
    futility = tuple(_futility(rounded[:i], efficacy[:i], plan).bound for i in range(1, len(rounded) + 1))
    return Bounds(efficacy=efficacy, futility=futility)


def crossing_probability(
    information: tuple[float, ...],
    upper: tuple[float | None, ...],
    *,
    lower: tuple[float | None, ...] = (),
    drift: float = 0.0,
    start: tuple[float, float] | None = None,
) -> tuple[float, ...]:
    """The probability of having crossed the upper bound first, by each look. `start` is a statistic already seen,
    as (information, statistic); the probability is then given that.
    """
    state, crossed, total = _point(*(start or (0.0, 0.0))), [], 0.0
    for i, (t, bound) in enumerate(zip(information, upper, strict=True)):
        if bound is not None:
            total += _above(state, t, bound, drift)
        crossed.append(total)
        if i + 1 < len(information):
            fineness = _fineness(information[: i + 2])
            state = _advance(state, t, (lower[i] if lower else None, bound), drift, fineness)
    return tuple(crossed)


@lru_cache(maxsize=64)
def planned_drift(alpha: float, power: float) -> float:
    """The drift at which a plan of twelve equal looks reaches with that power, futility stops included.

    The information that the plan needs follows: (drift / effect)^2. It is some 15 % more than for a single look.
    """
    information = tuple((i + 1) / PLANNED_LOOKS for i in range(PLANNED_LOOKS))
    efficacy = efficacy_bounds(information, alpha, final=True)
    fixed = quantile(1.0 - alpha) + quantile(power)
    low, high = 0.9 * fixed, 1.5 * fixed

    def short(drift: float) -> float:
        return power - _power(information, efficacy, 1.0 - power, drift)

    enclosed = _enclosed(short, _OVER_ONE_LOOK * fixed, (high - low) / 2.0**_HALVINGS)
    # The halving decides what the drift is; what has been enclosed only spares it most of the integrals.
    for _ in range(_HALVINGS):
        drift = (low + high) / 2.0
        if drift <= enclosed[0] or (drift < enclosed[1] and short(drift) > 0.0):
            low = drift
        else:
            high = drift
    return (low + high) / 2.0


def _enclosed(falling: Callable[[float], float], near: float, width: float) -> tuple[float, float]:
    """Two places a `width` apart, one on each side of where a falling function is nothing; everywhere when a few
    secants from `near` do not come so close.
    """
    before, place = near, near * (1.0 + _OFFSET)
    higher, found = falling(before), falling(place)
    for _ in range(_SECANTS):
        if abs(place - before) < width / 4.0 or higher == found:
            break
        before, place, higher = place, place + found * (place - before) / (higher - found), found
        found = falling(place)
    low, high = place - width / 2.0, place + width / 2.0
    return (low, high) if falling(low) > 0.0 >= falling(high) else (-math.inf, math.inf)


def _power(information: tuple[float, ...], efficacy: tuple[float | None, ...], beta: float, drift: float) -> float:
    """The probability of reaching when futility stops are obeyed."""
    plan = _Plan(beta=beta, drift=drift)
    futility = tuple(_futility(information[:i], efficacy[:i], plan).bound for i in range(1, len(information)))
    return crossing_probability(information, efficacy, lower=(*futility, None), drift=drift)[-1]


def _rounded(information: tuple[float, ...]) -> tuple[float, ...]:
    """Fractions to six decimals, so that equal looks share their computation. ValueError unless rising from 0."""
    rounded = tuple(round(t, 6) for t in information)
    if any(b <= a for a, b in zip((0.0, *rounded), rounded, strict=False)):
        raise ValueError(f"Information has to rise from look to look, and {rounded} does not.")
    return rounded


class _Plan(Struct, frozen=True, kw_only=True):
    """What futility is judged against: the error allowed and the drift expected."""

    beta: float
    drift: float


@lru_cache(maxsize=_NUMBERS_KEPT)
def _efficacy(information: tuple[float, ...], alpha: float, final: bool) -> _Spent:  # noqa: FBT001 - a cache key
    """The last look of a walk under the null; earlier looks come from the cache."""
    t = information[-1]
    before = _efficacy(information[:-1], alpha, False).total if len(information) > 1 else 0.0
    due = (alpha if final else spent_alpha(t, alpha)) - before
    if due < INCREMENT_MIN:
        return _Spent(None, before)
    state = _efficacy_state(information[:-1], alpha, _fineness(information))
    return _Spent(_solve(state, t, 0.0, due), before + due)


@lru_cache(maxsize=_STATES_KEPT)
def _efficacy_state(information: tuple[float, ...], alpha: float, fineness: int) -> _State:
    """The state after these looks, fine enough for the next."""
    if not information:
        return _point(0.0, 0.0)
    before = _efficacy_state(information[:-1], alpha, _fineness(information))
    return _advance(before, information[-1], (None, _efficacy(information, alpha, False).bound), 0.0, fineness)


@lru_cache(maxsize=_NUMBERS_KEPT)
def _futility(information: tuple[float, ...], efficacy: tuple[float | None, ...], plan: _Plan) -> _Spent:
    """The last look of a walk under the expected drift."""
    t, upper = information[-1], efficacy[-1]
    if t >= 1.0:
        return _Spent(_FAR if upper is None else upper, plan.beta)
    before = _futility(information[:-1], efficacy[:-1], plan).total if len(information) > 1 else 0.0
    due = spent_beta(t, plan.beta) - before
    state = _futility_state(information[:-1], efficacy[:-1], plan, _fineness(information))
    bound = _lower_bound(state, t, due, plan.drift)
    if bound is None:
        return _Spent(None, before)
    return _Spent(bound if upper is None else min(bound, upper), before + due)


@lru_cache(maxsize=_STATES_KEPT)
def _futility_state(
    information: tuple[float, ...], efficacy: tuple[float | None, ...], plan: _Plan, fineness: int
) -> _State:
    """The state after these looks under the expected drift, fine enough for the next."""
    if not information:
        return _point(0.0, 0.0)
    before = _futility_state(information[:-1], efficacy[:-1], plan, _fineness(information))
    lower = _futility(information, efficacy, plan).bound
    return _advance(before, information[-1], (lower, efficacy[-1]), plan.drift, fineness)


def _lower_bound(state: _State, t: float, due: float, drift: float) -> float | None:
    """The z below which the statistic falls with probability `due` without having crossed before."""
    if due < INCREMENT_MIN:
        return None
    here = float(state.mass.sum())
    if due >= here:
        return _FAR
    return _solve(state, t, drift, here - due)


def _solve(state: _State, t: float, drift: float, probability: float) -> float:
    """The z above which the statistic at t lies with that probability, by Newton's steps from where it would be if the
    statistic were normal; a step that leaves what is known to enclose it becomes a halving.
    """
    low, high = -2.0 * _FAR, 2.0 * _FAR
    z = min(max(_if_normal(state, t, drift, probability), low), high)
    for _ in range(_NEWTON_STEPS):
        over = _above(state, t, z, drift) - probability
        low, high = (z, high) if over > 0.0 else (low, z)
        density = _density(state, t, z, drift)
        step = over / density if density > 0.0 else math.inf
        after = z + step if low <= z + step <= high else (low + high) / 2.0
        if abs(after - z) < _CLOSE:
            return after
        z = after
    return z


def _if_normal(state: _State, t: float, drift: float, probability: float) -> float:
    """Where `_solve` begins."""
    here = float(state.mass.sum())
    if not 0.0 < probability < here:
        return 0.0
    step = t - state.information
    mean = float(state.mass @ state.nodes) / here
    variance = max(float(state.mass @ (state.nodes - mean) ** 2) / here, 0.0)
    centre = mean * math.sqrt(state.information) + drift * step
    spread = math.sqrt(variance * state.information + step)
    return (centre - spread * quantile(probability / here)) / math.sqrt(t)


def _point(information: float, statistic: float) -> _State:
    import numpy as np  # noqa: PLC0415 - loaded by those who integrate only

    return _State(information, np.array([statistic]), np.array([1.0]))


def _above(state: _State, t: float, z: float, drift: float) -> float:
    """P(no crossing so far and the statistic at t is above z)."""
    import numpy as np  # noqa: PLC0415 - loaded by those who integrate only

    step = t - state.information
    mean = state.nodes * math.sqrt(state.information) + drift * step
    distance = (mean - z * math.sqrt(t)) / math.sqrt(step)
    # Nodes rise, so what is far above or below lies at the ends; for the few between, the standard library's error
    # function costs less than loading another library for it.
    first, last = np.searchsorted(distance, (-_FAR_OFF, _CERTAIN)).tolist()
    near = (distance[first:last] * -math.sqrt(0.5)).tolist()
    tails = np.fromiter(map(math.erfc, near), np.float64, last - first)
    return 0.5 * float(state.mass[first:last] @ tails) + float(state.mass[last:].sum())


def _density(state: _State, t: float, z: float, drift: float) -> float:
    """The density of the statistic at t, without a crossing so far: how fast `_above` falls with z."""
    import numpy as np  # noqa: PLC0415 - loaded by those who integrate only

    step = t - state.information
    distance = (z * math.sqrt(t) - state.nodes * math.sqrt(state.information) - drift * step) / math.sqrt(step)
    return float(state.mass @ np.exp(-0.5 * distance * distance)) * math.sqrt(t / (step * 2.0 * math.pi))


def _advance(
    state: _State, t: float, between: tuple[float | None, float | None], drift: float, fineness: int
) -> _State:
    """The state after a look that left the statistic between the bounds, on fresh Gauss-Legendre nodes."""
    import numpy as np  # noqa: PLC0415 - loaded by those who integrate only

    step = t - state.information
    mean = state.nodes * math.sqrt(state.information) + drift * step
    mass = float(state.mass.sum())
    expected = float(state.mass @ mean) / (mass * math.sqrt(t)) if mass > 0.0 else 0.0
    lower, upper = between
    low = max(expected - _FAR, -math.inf if lower is None else lower)
    high = min(expected + _FAR, math.inf if upper is None else upper)
    if high <= low or mass <= 0.0:
        return _State(t, np.array([low]), np.array([0.0]))
    nodes, weights = _nodes(low, high, fineness)
    density = _spread(nodes * math.sqrt(t / step), mean / math.sqrt(step), state.mass)
    return _State(t, nodes, density * weights * math.sqrt(t / (step * 2.0 * math.pi)))


def _spread(places: np.ndarray, centres: np.ndarray, mass: np.ndarray) -> np.ndarray:
    """At rising places, the sum of masses spread about rising centres as exp(-d^2 / 2); far masses add nothing."""
    import numpy as np  # noqa: PLC0415 - loaded by those who integrate only

    density = np.empty(len(places))
    for start in range(0, len(places), _ROWS_AT_ONCE):
        some = places[start : start + _ROWS_AT_ONCE]
        first, last = np.searchsorted(centres, (some[0] - _FAR_OFF, some[-1] + _FAR_OFF)).tolist()
        kernel = some[:, None] - centres[None, first:last]
        np.multiply(kernel, kernel, out=kernel)
        kernel *= -0.5
        density[start : start + _ROWS_AT_ONCE] = np.exp(kernel, out=kernel) @ mass[first:last]
    return density


def _fineness(information: tuple[float, ...]) -> int:
    """How often the unit scale is halved to resolve the last step's kernel, of standard deviation sqrt(step/t)."""
    t, before = information[-1], information[-2] if len(information) > 1 else 0.0
    share = max((t - before) / t, INFORMATION_STEP_MIN)
    return math.ceil(-math.log2(share) / 2.0)


def _nodes(low: float, high: float, fineness: int) -> tuple[np.ndarray, np.ndarray]:
    """Gauss-Legendre nodes and weights on panels a few scales wide."""
    import numpy as np  # noqa: PLC0415 - loaded by those who integrate only

    panels = max(2, math.ceil((high - low) * 2.0**fineness / _PANEL_WIDTH))
    points, weights = _legendre(_POINTS)
    half = (high - low) / (2.0 * panels)
    centres = low + half * (2.0 * np.arange(panels) + 1.0)
    return (centres[:, None] + half * points[None, :]).ravel(), np.tile(half * weights, panels)


@lru_cache(maxsize=2)
def _legendre(count: int) -> tuple[np.ndarray, np.ndarray]:
    """Nodes and weights on [-1, 1]; finding them takes longer than using them."""
    import numpy as np  # noqa: PLC0415 - loaded by those who integrate only

    return np.polynomial.legendre.leggauss(count)
