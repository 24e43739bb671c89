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
# Newton's steps more than square what is left: who moves by this little has arrived.
_CLOSE = 1e-6
_PER_DENSITY = 1.0 / math.sqrt(2.0 * math.pi)
# So many standard deviations below a bound nothing reaches it, beside the smallest share of an error that is ever
# spent; so many above, everything does.
_FAR_OFF = 9.5
_CERTAIN = 8.5
# Half of a panel, in standard deviations of a step.
_STEP_MAX = 6.0
_ROWS_AT_ONCE = 64
# How far ahead of two looks their bounds still tell of the next one, in steps as long as that between them.
_AHEAD_MAX = 4.0
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
            total += _above(_law(state, t, drift), bound)
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
        if higher == found:
            break
        moved, step = place - before, found * (place - before) / (higher - found)
        before, place, higher = place, place + step, found
        # A secant leaves about the product of the last two steps.
        if abs(step * moved) < width / 4.0:
            break
        found = falling(place)
    low, high = place - width / 2.0, place + width / 2.0
    return (low, high) if falling(low) > 0.0 >= falling(high) else (-math.inf, math.inf)


def _power(information: tuple[float, ...], efficacy: tuple[float | None, ...], beta: float, drift: float) -> float:
    """The probability of reaching when futility stops are obeyed."""
    plan, reached = _Plan(beta=beta, drift=drift), 0.0
    for i, bound in enumerate(efficacy):
        if bound is not None:
            # The states that the futility bounds were found in are those from which the next look reaches.
            state = _futility_state(information[:i], efficacy[:i], plan, _fineness(information[: i + 1]))
            reached += _above(_law(state, information[i], drift), bound)
    return reached


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
    return _Spent(_solve(state, t, 0.0, due, _near(information, _efficacy_before(information, alpha))), before + due)


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
    bound = _lower_bound(state, t, due, plan.drift, _near(information, _futility_before(information, efficacy, plan)))
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


def _lower_bound(state: _State, t: float, due: float, drift: float, near: float | None) -> float | None:
    """The z below which the statistic falls with probability `due` without having crossed before."""
    if due < INCREMENT_MIN:
        return None
    here = float(state.mass.sum())
    if due >= here:
        return _FAR
    return _solve(state, t, drift, here - due, near)


def _efficacy_before(information: tuple[float, ...], alpha: float) -> tuple[float | None, float | None]:
    """The bounds of the last two looks before this one."""
    looks = len(information)
    one, two = (_efficacy(information[:n], alpha, False).bound if n > 0 else None for n in (looks - 1, looks - 2))
    return one, two


def _futility_before(
    information: tuple[float, ...], efficacy: tuple[float | None, ...], plan: _Plan
) -> tuple[float | None, float | None]:
    """The bounds of the last two looks before this one."""
    looks = len(information)
    one, two = (_futility(information[:n], efficacy[:n], plan).bound if n > 0 else None for n in (looks - 1, looks - 2))
    return one, two


def _near(information: tuple[float, ...], before: tuple[float | None, float | None]) -> float | None:
    """Where this look's bound would be if z * sqrt(t) went on as straight as between the last two; None where these are
    not there, or so near to one another that they say little of this look.
    """
    last, earlier = before
    if last is None or earlier is None:
        return None
    first, second, t = information[-3:]
    if t - second > _AHEAD_MAX * (second - first):
        return None
    here = last * math.sqrt(second)
    return (here + (here - earlier * math.sqrt(first)) * (t - second) / (second - first)) / math.sqrt(t)


def _solve(state: _State, t: float, drift: float, probability: float, near: float | None = None) -> float:
    """The z above which the statistic at t lies with that probability, by Newton's steps from `near`, or from where it
    would be if the statistic were normal; a step that leaves what is known to enclose it becomes a halving.

    What is followed is the normal quantile of the probability: as the statistic is nearly normal, that is nearly a
    straight line, and two or three steps do.
    """
    here, law = float(state.mass.sum()), _law(state, t, drift)
    low, high = -2.0 * _FAR, 2.0 * _FAR
    z = min(max(_if_normal(state, t, drift, probability) if near is None else near, low), high)
    wanted = quantile(probability / here) if 0.0 < probability < here else None
    for _ in range(_NEWTON_STEPS):
        above, density = _above(law, z), _density(law, z)
        low, high = (z, high) if above > probability else (low, z)
        step = math.inf
        if wanted is not None and density > 0.0 and 0.0 < above < here:
            found = quantile(above / here)
            step = (found - wanted) * math.exp(-0.5 * found * found) * _PER_DENSITY * here / density
        if not low <= z + step <= high:
            z = (low + high) / 2.0
            continue
        z += step
        if abs(step) < _CLOSE:
            break
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


class _Law(Struct, frozen=True, gc=False):
    """What the statistic at a look is: a mixture of normals about rising centres, in units of their common deviation;
    a statistic z lies at `scale` times z among them.
    """

    centres: Any
    mass: Any
    scale: float


def _law(state: _State, t: float, drift: float) -> _Law:
    step = t - state.information
    deviation = math.sqrt(step)
    centres = state.nodes * (math.sqrt(state.information) / deviation) + drift * deviation
    return _Law(centres, state.mass, math.sqrt(t / step))


def _above(law: _Law, z: float) -> float:
    """P(no crossing so far and the statistic is above z)."""
    import numpy as np  # noqa: PLC0415 - loaded by those who integrate only

    # What is far above or below z lies at the ends; for the few between, the standard library's error function costs
    # less than loading another library for it.
    first, last = law.centres.searchsorted((z * law.scale - _FAR_OFF, z * law.scale + _CERTAIN)).tolist()
    near = ((z * law.scale - law.centres[first:last]) * math.sqrt(0.5)).tolist()
    tails = np.fromiter(map(math.erfc, near), np.float64, last - first)
    return 0.5 * float(law.mass[first:last] @ tails) + float(law.mass[last:].sum())


def _density(law: _Law, z: float) -> float:
    """The density of the statistic, without a crossing so far: how fast `_above` falls with z."""
    import numpy as np  # noqa: PLC0415 - loaded by those who integrate only

    first, last = law.centres.searchsorted((z * law.scale - _FAR_OFF, z * law.scale + _FAR_OFF)).tolist()
    distance = law.centres[first:last] - z * law.scale
    return float(law.mass[first:last] @ np.exp(-0.5 * distance * distance)) * law.scale * _PER_DENSITY


def _advance(
    state: _State, t: float, between: tuple[float | None, float | None], drift: float, fineness: int
) -> _State:
    """The state after a look that left the statistic between the bounds, on fresh Gauss-Legendre nodes."""
    import numpy as np  # noqa: PLC0415 - loaded by those who integrate only

    law, mass = _law(state, t, drift), float(state.mass.sum())
    expected = float(law.mass @ law.centres) / (mass * law.scale) if mass > 0.0 else 0.0
    lower, upper = between
    low = max(expected - _FAR, -math.inf if lower is None else lower)
    high = min(expected + _FAR, math.inf if upper is None else upper)
    if high <= low or mass <= 0.0:
        return _State(t, np.array([low]), np.array([0.0]))
    nodes, weights = _nodes(low, high, fineness)
    density = _spread(nodes * law.scale, law.centres, law.mass)
    return _State(t, nodes, density * weights * (law.scale * _PER_DENSITY))


def _spread(places: np.ndarray, centres: np.ndarray, mass: np.ndarray) -> np.ndarray:
    """At rising places, the sum of masses spread about rising centres as exp(-d^2 / 2); far masses add nothing. The
    places lie on panels of nodes, and so do the centres unless there is one only.
    """
    import numpy as np  # noqa: PLC0415 - loaded by those who integrate only

    if len(centres) == 1:
        lone: np.ndarray = mass[0] * np.exp(-0.5 * (places - centres[0]) ** 2)
        return lone
    here, there = places.reshape(-1, _POINTS), centres.reshape(-1, _POINTS)
    middles, others = ((panels[:, 0] + panels[:, -1]) * 0.5 for panels in (here, there))
    steps, their_steps = here[0] - middles[0], there[0] - others[0]
    if max(steps[-1], their_steps[-1]) > _STEP_MAX:
        return _spread_singly(places, centres, mass)
    # A place and a centre are each the middle of their panel and a step from it, so exp(-d^2 / 2) is a product: of what
    # the two middles say to one another and to the other's step, for each pair of panels, and of what the steps say to
    # one another, which is the same for all pairs. An exponential for each pair of nodes would be eight times as many.
    reach = _FAR_OFF + steps[-1] + their_steps[-1]
    firsts, lasts = others.searchsorted(middles - reach), others.searchsorted(middles + reach)
    counts = lasts - firsts
    starts = counts.cumsum() - counts
    rows = np.arange(len(middles)).repeat(counts)
    columns = np.arange(len(rows)) - (starts - firsts).repeat(counts)
    apart = (middles[rows] - others[columns])[:, None]
    told = np.exp(apart * their_steps) * mass.reshape(-1, _POINTS)[columns]
    heard = told @ np.exp(-0.5 * (their_steps[:, None] - steps) ** 2)
    heard *= np.exp(-apart * (0.5 * apart + steps))
    density = np.zeros(here.shape)
    met = counts.nonzero()[0]
    density[met] = np.add.reduceat(heard, starts[met])
    return density.ravel()


def _spread_singly(places: np.ndarray, centres: np.ndarray, mass: np.ndarray) -> np.ndarray:
    """The same node by node, where panels are so wide that the factors would leave the range of numbers."""
    import numpy as np  # noqa: PLC0415 - loaded by those who integrate only

    density = np.empty(len(places))
    for start in range(0, len(places), _ROWS_AT_ONCE):
        some = places[start : start + _ROWS_AT_ONCE]
        first, last = centres.searchsorted((some[0] - _FAR_OFF, some[-1] + _FAR_OFF)).tolist()
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
    nodes = centres[:, None] + half * points
    return nodes.ravel(), np.broadcast_to(half * weights, nodes.shape).ravel()


@lru_cache(maxsize=2)
def _legendre(count: int) -> tuple[np.ndarray, np.ndarray]:
    """Nodes and weights on [-1, 1]; finding them takes longer than using them."""
    import numpy as np  # noqa: PLC0415 - loaded by those who integrate only

    return np.polynomial.legendre.leggauss(count)
