"""A go that is not earned: how often a candidate exactly at its target is said to exceed it."""

from __future__ import annotations

import numpy as np
from tests.evidence.simulated import promise, right
from tests.guarantees.promise import Promise
from tests.guarantees.walks import EQUAL, LOOKS, false_go, false_go_by_information, in_chunks, limits_at, shadow

from pilotage.evidence.sequential import bounds, planned_drift
from pilotage.evidence.strata import StageTotals
from pilotage.evidence.values import MICROS_PER_HOUR, matured

GROUP = "A go at the target exactly"


def paired(runs, seed):
    """Shadows of 14 daily looks, one call a unit: Tango's score statistic."""
    rng = np.random.default_rng(seed)
    counts = rng.multinomial(100, [0.125, 0.075, 0.8], size=(runs, LOOKS)).cumsum(axis=1)
    return false_go(tango_z_of(counts[..., 0], counts[..., 1], counts.sum(axis=-1), 0.05))


def tango_z_of(b, c, n, target):
    """Tango's statistic for arrays (Tango 1998)."""
    first = -b - c + (2 * n - b + c) * target
    q = (np.sqrt(first**2 + 8 * n * c * target * (1 - target)) - first) / (4 * n)
    return (b - c - n * target) / np.sqrt(n * (2 * q + target * (1 - target)))


def one_arm(runs, seed):
    """A success share of 99 % against a fixed 99 %, by the score test."""
    rng = np.random.default_rng(seed)
    n = 400 * np.arange(1, LOOKS + 1)
    successes = rng.binomial(400, 0.99, size=(runs, LOOKS)).cumsum(axis=1)
    return false_go((successes / n - 0.99) / np.sqrt(0.99 * 0.01 / n))


def between_arms(runs, seed):
    """Two arms of single calls while live, through the product's own statistic and information."""

    def some(count, rng):
        sizes = (60, 240)
        hits = [rng.binomial(size, 0.7, size=(count, LOOKS)).cumsum(axis=1) for size in sizes]
        looks = [
            [
                (
                    StageTotals(
                        stage="live/20/1",
                        candidate=single_calls(sizes[0] * (k + 1), hits[0][run, k]),
                        incumbent=single_calls(sizes[1] * (k + 1), hits[1][run, k]),
                    ),
                )
                for run in range(count)
            ]
            for k in range(LOOKS)
        ]
        return false_go_by_information(promise(floor=-0.1, target=0.0), right(observable="exposed"), looks)

    return in_chunks(some, runs, seed)


def single_calls(size, hits):
    """Totals of that many single calls of which so many are right, without drawing them."""
    moments = dict.fromkeys(("units", "n", "nn", "nnn"), float(size))
    moments |= dict.fromkeys(("y", "yy", "yn", "yyy", "yyn", "ynn"), float(hits))
    return type(StageTotals().paired)(**moments)


def own_information(runs, seed):
    """Paired shares through the product's own statistic, with information as it happens to come."""

    def some(count, rng):
        calls = 60
        spin = rng.random((count, LOOKS * calls))
        y = ((spin < 0.125) | (spin >= 0.4)).astype(float)
        z = (((spin >= 0.125) & (spin < 0.2)) | (spin >= 0.4)).astype(float)
        looks = [shadow(*(part[:, : k * calls] for part in (np.ones_like(y), y, z))) for k in range(1, LOOKS + 1)]
        return false_go_by_information(promise(target=0.05), right(), looks)

    return in_chunks(some, runs, seed)


def _returning(correlation, *, naive):
    """Units whose calls are alike come back over all looks; `naive` takes calls as independent."""

    def some(count, rng):
        units, strength = 150, 1.0 / correlation - 1.0
        chance = rng.beta(0.7 * strength, 0.3 * strength, size=(2, count, units))
        sums, looks, careless = np.zeros((3, count, units)), [], []
        for _ in range(LOOKS):
            calls = rng.poisson(1.0, size=(count, units))
            sums += np.stack([calls, rng.binomial(calls, chance[0]), rng.binomial(calls, chance[1])])
            if naive:
                n, y, z = sums.sum(axis=-1)
                careless.append((y - z) / np.sqrt(n * 2 * 0.7 * 0.3))
            else:
                looks.append(shadow(*sums))
        if naive:
            return false_go(np.array(careless).T)
        return false_go_by_information(promise(floor=-0.1, target=0.0), right(), looks)

    return lambda runs, seed: in_chunks(some, runs, seed)


def _labelled_late(*, by_arrival):
    """Failures are labelled 60 hours after the call, successes after one, in a window of three days."""

    def simulate(runs, seed):
        rng = np.random.default_rng(seed)
        calls, share, metric = 100, 0.7, right(window_hours=72.0)
        good = rng.binomial(calls, share, size=(runs, LOOKS))
        ends = np.arange(1, LOOKS + 1) * 24 * MICROS_PER_HOUR
        days = np.arange(LOOKS) * 24 * MICROS_PER_HOUR
        if by_arrival:
            soon, late = (ends[:, None] - days >= hours * MICROS_PER_HOUR for hours in (1, 60))
            return _late_go(good @ soon.T + (calls - good) @ late.T, good @ soon.T, share)
        closed = np.array([[matured(metric, int(day), int(end)) for day in days] for end in ends])
        return _late_go(np.broadcast_to(calls * closed.sum(axis=1), good.shape), good @ closed.T, share)

    return simulate


def _late_go(n, good, share):
    n, good = n[:, n.min(axis=0) > 0], good[:, n.min(axis=0) > 0]
    z = (good / n - share) / np.sqrt(share * (1.0 - share) / n)
    return float((z >= limits_at(n.mean(axis=0) / n.mean(axis=0)[-1])).any(axis=1).mean())


SHARES, RATES, CALLS = (0.01, 0.05, 0.25, 0.5), (0.5, 0.6, 0.7, 0.8), 4000


def roll_out(*, apart):
    """1, 5, 25, 50 % of traffic while the base rate rises, and no effect: stage by stage, as the product does. `apart`:
    whether it is known that no unit comes back in a later stage.
    """

    def some(count, rng):
        done, looks = [[] for _ in range(count)], []
        for step, hits in enumerate(_steps(count, rng)):
            for run in range(count):
                arms = [single_calls(size, hit[run]) for size, hit in hits]
                named = StageTotals(stage=f"live/{step}", apart=apart, candidate=arms[0], incumbent=arms[1])
                done[run].append(named)
            looks.append([tuple(stages) for stages in done])
        return false_go_by_information(promise(floor=-0.1, target=0.0), right(observable="exposed"), looks)

    return lambda runs, seed: in_chunks(some, runs, seed)


def pooled_roll_out(runs, seed):
    """The same traffic, with all stages thrown together."""
    rng = np.random.default_rng(seed)
    (n1, y1), (n0, y0) = np.sum([[(np.full(runs, size), hit) for size, hit in hits] for hits in _steps(runs, rng)], 0)
    z = (y1 / n1 - y0 / n0) / np.sqrt(0.2 / n1 + 0.2 / n0)
    return float((z > 1.645).mean())


def _steps(count, rng):
    for share, rate in zip(SHARES, RATES, strict=True):
        sizes = (int(CALLS * share), int(CALLS * (1 - share)))
        yield [(size, rng.binomial(size, rate, count)) for size in sizes]


def futility_ignored(runs, seed):
    """Nobody obeys a futility stop: whoever goes on past every one still crosses no more often than alpha."""
    rng = np.random.default_rng(seed)
    paths = rng.normal(size=(runs, LOOKS)).cumsum(axis=1) / np.sqrt(np.arange(1, LOOKS + 1))
    limits = bounds(EQUAL, 0.05, 0.2, planned_drift(0.05, 0.8), final=True)
    efficacy = np.array([np.inf if bound is None else bound for bound in limits.efficacy])
    futility = np.array([-np.inf if bound is None else bound for bound in limits.futility])
    stopped = (paths < futility).any(axis=1)
    if not stopped.mean() > 0.5:  # at the target most pilots meet a futility stop, or nothing is ignored here
        raise AssertionError("The simulation meets too few futility stops to say anything of ignoring them.")
    return float((paths >= efficacy).any(axis=1).mean())


PROMISES = [
    Promise(GROUP, "14 daily looks, paired shares", paired, 20_000, 20_000, high=0.055),
    Promise(GROUP, "14 daily looks, one arm of 99 % success", one_arm, 20_000, 20_000, high=0.055),
    Promise(GROUP, "14 daily looks, two arms while live", between_arms, 500, 20_000, high=0.055),
    Promise(GROUP, "the product's own statistic and information", own_information, 1000, 20_000, high=0.055),
    *(
        Promise(
            GROUP,
            f"units that come back, intra-class correlation {correlation:g}",
            _returning(correlation, naive=False),
            1000,
            10_000,
            high=0.06,
            contrast=("calls taken as independent", _returning(correlation, naive=True)),
            contrast_low=0.15,
        )
        for correlation in (0.2, 0.4)
    ),
    Promise(
        GROUP,
        "roll-out 1-5-25-50 % while the base rate rises",
        roll_out(apart=False),
        1000,
        20_000,
        high=0.055,
        contrast=("all stages pooled", pooled_roll_out),
        contrast_low=0.8,
    ),
    Promise(
        GROUP,
        "the same, where every unit has one call (Mantel-Haenszel)",
        roll_out(apart=True),
        1000,
        20_000,
        high=0.055,
        contrast=("all stages pooled", pooled_roll_out),
        contrast_low=0.8,
    ),
    Promise(
        GROUP,
        "failures labelled 60 hours later than successes",
        _labelled_late(by_arrival=False),
        20_000,
        20_000,
        high=0.055,
        contrast=("labels taken in as they arrive", _labelled_late(by_arrival=True)),
        contrast_low=0.99,
    ),
    Promise(GROUP, "every futility stop ignored", futility_ignored, 20_000, 100_000, high=0.052),
]
