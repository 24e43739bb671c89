"""Whether the checks can be trusted themselves: the sample-ratio alarm, missing labels, the band, shared power."""

from __future__ import annotations

import numpy as np
from tests.evidence.simulated import promise, right, totals_of_units
from tests.guarantees.going import single_calls
from tests.guarantees.promise import Promise
from tests.guarantees.walks import LOOKS, false_go_by_information, in_chunks

from pilotage.evidence.band import band
from pilotage.evidence.compare import paired_difference
from pilotage.evidence.figures import figures
from pilotage.evidence.guardrails import judge, live_guardrails
from pilotage.evidence.imputation import completed
from pilotage.evidence.sample_ratio import ALARM_AT, evidence_of
from pilotage.evidence.strata import StageTotals
from pilotage.playbook.metrics import Guardrail

GROUP = "The checks"
SHARES = (0.05, 0.25, 0.25, 0.25, 0.25)
LOOKS_PER_STAGE, NEW_PER_LOOK = 40, 50
BAND_LOOKS = 30


def _alarms(*, lost=0.0, multiplied=False):
    """The share of runs with an alarm at any of 200 looks. The same 2,000 units come back in each of five stages, three
    of them again at the same share after a stop. `lost`: the part of the candidate's units that is not recorded;
    `multiplied`: the stages' evidence is multiplied, as if units did not come back.
    """

    def one(rng):
        units = LOOKS_PER_STAGE * NEW_PER_LOOK
        bucket = rng.random(units)
        kept = rng.random(units) >= lost
        before = 1.0
        for k, share in enumerate(SHARES, start=1):
            order = rng.permutation(units)
            inside = bucket[order] < share
            candidate = (inside & kept[order]).cumsum()[NEW_PER_LOOK - 1 :: NEW_PER_LOOK]
            incumbent = (~inside).cumsum()[NEW_PER_LOOK - 1 :: NEW_PER_LOOK]
            found = [evidence_of(int(c), int(i), share) for c, i in zip(candidate, incumbent, strict=True)]
            if max(found) * before >= (ALARM_AT if multiplied else ALARM_AT * k * (k + 1)):
                return True
            before *= found[-1] if multiplied else 1.0
        return False

    def simulate(runs, seed):
        return float(np.mean([one(np.random.default_rng(s)) for s in np.random.SeedSequence(seed).spawn(runs)]))

    return simulate


def _missing(*, ignored):
    """A candidate just at its target, that loses the label of 15 in 100 calls where it alone is wrong and of 2 in 100
    where it alone is right: the share of runs that go, with what is missing put in at its worst, or `ignored`.
    """

    def some(count, rng):
        calls = LOOKS * 60
        spin = rng.random((count, calls))
        won, lost = spin < 0.125, (spin >= 0.125) & (spin < 0.2)
        gone = (lost | won) & (rng.random((count, calls)) < np.where(lost, 0.15, 0.02))
        looks = []
        for k in range(1, LOOKS + 1):
            seen = np.zeros(calls, dtype=bool)
            seen[: k * 60] = True
            here, there = seen & ~gone, seen & gone
            known = totals_of_units(here * 1.0, (here & ~lost) * 1.0, (here & ~won) * 1.0)
            absent = totals_of_units(there * 1.0, np.zeros_like(spin), there * 1.0)
            stages = [StageTotals(stage="shadow/1", paired=p, missing=m) for p, m in zip(known, absent, strict=True)]
            looks.append([(stage if ignored else completed(right(), stage).stage,) for stage in stages])
        return false_go_by_information(promise(target=0.05), right(), looks)

    return lambda runs, seed: in_chunks(some, runs, seed)


def _band(*, fixed):
    """The share of runs in which the band misses the truth at any of 30 looks; `fixed`: a 95 % interval each."""

    def one(rng):
        calls = BAND_LOOKS * 60
        spin = rng.random((1, calls))
        y, z = ((spin < 0.125) | (spin >= 0.4)) * 1.0, (((spin >= 0.125) & (spin < 0.2)) | (spin >= 0.4)) * 1.0
        for k in range(1, BAND_LOOKS + 1):
            n = k * 60
            stages = (StageTotals(stage="s", paired=totals_of_units(np.ones((1, n)), y[:, :n], z[:, :n])[0]),)
            found = figures(right(), "difference", stages).comparison
            low, high = (found.low, found.high) if fixed else band(right(), "difference", found, k / BAND_LOOKS)
            if low is not None and not low <= 0.05 <= high:
                return True
        return False

    def simulate(runs, seed):
        return float(np.mean([one(np.random.default_rng(s)) for s in np.random.SeedSequence(seed).spawn(runs)]))

    return simulate


def _breached(runs, seed):
    """A live guardrail exactly at its margin, looked at every hour for 30 days: the share of runs that are breached at
    any look.
    """
    hours, guardrail, metric = 720, Guardrail(metric="right", margin=0.05), right(observable="exposed")
    rng = np.random.default_rng(seed)
    hits = rng.binomial(20, np.array([0.75, 0.8])[:, None, None], size=(2, runs, hours)).cumsum(axis=-1)
    n = 20 * np.arange(1, hours + 1)
    shares = hits / n
    error = np.sqrt((shares * (1.0 - shares)).sum(axis=0) / n + 1e-9)
    near = (shares[0] - shares[1] + 0.05) / error < -2.0  # the others are nowhere near a breach

    def broken(run, hour):
        arms = [single_calls(int(n[hour]), int(hits[arm, run, hour])) for arm in (0, 1)]
        stage = StageTotals(stage="live-50/1", candidate=arms[0], incumbent=arms[1])
        return live_guardrails((guardrail,), (metric,), {metric.id: (stage,)})[0].status == "breached"

    return float(np.mean([any(broken(run, hour) for hour in np.flatnonzero(near[run])) for run in range(runs)]))


def _breached_in_shadow(*, fixed):
    """A shadowed guardrail exactly at its margin, looked at 200 times, 24 pairs a look: the share of runs that are
    breached at any; `fixed` takes each look's plain interval at its word.
    """
    guardrail = Guardrail(metric="right", margin=0.05)

    def simulate(runs, seed):
        rng = np.random.default_rng(seed)
        counts = rng.multinomial(24, [0.075, 0.125, 0.8], size=(runs, 200)).cumsum(axis=1)
        n = counts.sum(axis=-1)
        mean = (counts[..., 0] - counts[..., 1]) / n
        error = np.sqrt(((counts[..., 0] + counts[..., 1]) / n - mean**2) / n + 1e-9)
        near = (mean + 0.05) / error < (-1.64 if fixed else -2.0)  # the others are nowhere near a breach

        def broken(won, lost, calls):
            stage = _split(int(calls), int(won), int(lost))
            if fixed:
                return paired_difference(right(), stage.paired, level=0.9).high < -0.05
            return judge(guardrail, right(), stage, live=False).status == "breached"

        found = [
            any(broken(*counts[run, look, :2], n[run, look]) for look in np.flatnonzero(near[run]))
            for run in range(runs)
        ]
        return float(np.mean(found))

    return simulate


def _all_hold(runs, seed):
    """Three guardrails on equal arms at the calls that are said to be needed: the share of runs in which all hold."""
    guardrail, beta = Guardrail(metric="right", margin=0.03), 0.2 / 3
    early = judge(guardrail, right(), _split(200, 20, 20), live=False, beta=beta)
    calls = int(np.ceil(early.calls_needed))
    rng = np.random.default_rng(seed)
    counts = rng.multinomial(calls, [0.1, 0.1, 0.8], size=(runs, 3))
    held = [
        all(judge(guardrail, right(), _split(calls, int(b), int(c)), live=False).status == "within" for b, c, _ in run)
        for run in counts
    ]
    return float(np.mean(held))


def _split(calls, won, lost):
    """A shadow stage of single calls, of which the candidate alone and the incumbent alone are right on so many."""
    paired = single_calls(calls, calls - lost)
    alike = float(calls - won - lost)
    z = dict.fromkeys(("z", "zz", "zn", "zzz", "zzn", "znn"), float(calls - won))
    both = dict.fromkeys(("yz", "yyz", "yzz", "yzn"), alike)
    fields = {name: getattr(paired, name) for name in paired.__struct_fields__}
    return StageTotals(stage="shadow/1", paired=type(paired)(**(fields | z | both)))


PROMISES = [
    Promise(
        GROUP,
        "a shadowed guardrail exactly at its margin breached at any of 200 looks",
        _breached_in_shadow(fixed=False),
        300,
        4000,
        high=0.05,
        contrast=("each look's 95 % bound taken at its word", _breached_in_shadow(fixed=True)),
        contrast_low=0.2,
    ),
    Promise(
        GROUP,
        "a live guardrail exactly at its margin breached at any of 720 hourly looks",
        _breached,
        200,
        4000,
        high=0.05,
    ),
    Promise(
        GROUP,
        "a sample-ratio alarm over 200 looks in five stages, all units coming back",
        _alarms(),
        1000,
        10_000,
        high=0.001,
        contrast=("the stages' evidence multiplied", _alarms(multiplied=True)),
        contrast_low=0.002,
    ),
    Promise(
        GROUP,
        "a sample-ratio alarm when a third of the candidate's units is lost",
        _alarms(lost=0.33),
        100,
        1000,
        low=0.9,
    ),
    Promise(
        GROUP,
        "a go at the target, wrong answers losing their labels",
        _missing(ignored=False),
        500,
        10_000,
        high=0.055,
        contrast=("missing labels ignored", _missing(ignored=True)),
        contrast_low=0.1,
    ),
    Promise(
        GROUP,
        "the always-valid band missing the truth at any of 30 looks",
        _band(fixed=False),
        150,
        3000,
        high=0.05,
        contrast=("a 95 % interval at each look", _band(fixed=True)),
        contrast_low=0.15,
    ),
    Promise(
        GROUP,
        "three guardrails on equal arms all shown to hold, at the calls needed",
        _all_hold,
        300,
        5000,
        low=0.8,
    ),
]
