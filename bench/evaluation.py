"""What one complete evaluation costs from sums, and what the boundaries of sixty looks cost.

Run: python bench/evaluation.py. An evaluation is the answer on the target with every look, five guardrails, the sample
ratio, label coverage and the missing labels at their worst. Each number is processor time in a fresh process: cold, the
first of that process, without and with the time that numpy takes to load; warm, again with nothing new; and
with a new look, as on every morning. Medians over fresh processes.
"""

from __future__ import annotations

import datetime as dt
import json
import os
import platform
import random
import statistics
import subprocess
import sys
import time
from importlib.metadata import version

from pilotage.evidence.measurements import FieldCoverage
from pilotage.evidence.sample_ratio import Assigned, sample_ratio
from pilotage.evidence.sequential import bounds, planned_drift
from pilotage.evidence.snapshot import Snapshot, evaluate
from pilotage.evidence.strata import LookSums, StageTotals
from pilotage.evidence.sums import Totals, UnitSum
from pilotage.playbook.metrics import ErrorShare, Guardrail, LabelMatch, Latency, Metric, Target

LOOKS = 60
PROCESSES = 7
WARM = 20
UNITS_A_DAY = 40
GUARDRAILS = 5
START = dt.date(2026, 3, 2)
RIGHT = Metric(
    id="right", title="Right", unit="share", direction="higher", kind="proportion", source=LabelMatch(), shift=0.7
)
SLOW = tuple(
    Metric(
        id=f"slow_{n}",
        title=f"Slower than {n} s",
        unit="share",
        direction="lower",
        kind="proportion",
        source=ErrorShare() if n == GUARDRAILS else Latency(limit_ms=1000.0 * n),
    )
    for n in range(1, GUARDRAILS + 1)
)
PROMISE = Target(
    metric="right",
    form="difference",
    baseline=0.7,
    floor=0.0,
    target=0.03,
    expected=0.06,
    calls_per_week=700,
    deviation=0.5,
)


def pilot(looks: int, seed: int = 3) -> Snapshot:
    """A pilot after so many daily looks; units have one to three calls, and one label in fifty never came."""
    rng = random.Random(seed)
    paired, missing, harm = Totals(), Totals(), Totals()
    taken = []
    for day in range(looks):
        for _ in range(UNITS_A_DAY):
            calls = rng.randint(1, 3)
            right = [(rng.random() < 0.78, rng.random() < 0.7) for _ in range(calls)]
            y, z = (float(sum(pair[arm] for pair in right)) - 0.7 * calls for arm in (0, 1))
            unit = Totals.of(UnitSum(float(calls), y, z))
            paired, missing = (paired, missing + unit) if rng.random() < 0.02 else (paired + unit, missing)
            harm += Totals.of(UnitSum(float(calls), float(rng.random() < 0.02), float(rng.random() < 0.02)))
        stage = StageTotals(stage="shadow/1", candidate=paired, paired=paired, missing=missing)
        taken.append(LookSums(day=START + dt.timedelta(days=day + 1), stages=(stage,)))
    kept = StageTotals(stage="shadow/1", candidate=harm, paired=harm)
    today = START + dt.timedelta(days=looks)
    return Snapshot(
        target=PROMISE,
        metrics=(RIGHT, *SLOW),
        guardrails=tuple(Guardrail(metric=metric.id, margin=0.02) for metric in SLOW),
        attempt=1,
        release="r1",
        stage="shadow/1",
        started=START,
        deadline=START + dt.timedelta(days=90),
        planned_until=START + dt.timedelta(days=90),
        today=today,
        extendable=True,
        looks=tuple(taken),
        latest={"right": taken[-1].stages[0], **dict.fromkeys((metric.id for metric in SLOW), kept)},
        bets={"floor": (0.1,) * 10, **{f"harm:{metric.id}": (-0.2,) * 10 for metric in SLOW}},
        label_coverage=FieldCoverage(field="label", share=0.98, present=980, calls=1000, required=0.95),
        dropped_share=0.001,
        sample_ratio=sample_ratio((Assigned(stage="live-5/1", share=0.05, candidate=52, incumbent=960),)),
    )


def taken(work: object) -> float:
    """Processor milliseconds of a piece of work."""
    began = time.process_time()
    work()  # type: ignore[operator]
    return (time.process_time() - began) * 1e3


def measured() -> dict[str, float]:
    """All numbers of one fresh process."""
    before, now = pilot(LOOKS - 1), pilot(LOOKS)
    began = time.process_time()
    import numpy  # noqa: ICN001, F401, PLC0415 - its loading is what is timed

    loaded = (time.process_time() - began) * 1e3
    information = tuple((look + 1) / LOOKS - 0.001 * (look % 3) for look in range(LOOKS))
    drift = taken(lambda: planned_drift(0.025, 0.8))
    limits = taken(lambda: bounds(information, 0.025, 0.2, planned_drift(0.025, 0.8)))
    again = statistics.median(
        taken(lambda: bounds(information, 0.025, 0.2, planned_drift(0.025, 0.8))) for _ in range(WARM)
    )
    cold = taken(lambda: evaluate(before))
    return {
        "loading numpy": loaded,
        f"boundaries of {LOOKS} looks, cold": limits + drift,
        "of which planning the drift": drift,
        f"boundaries of {LOOKS} looks, kept": again,
        f"evaluation of {LOOKS - 1} looks, the first of a process": cold,
        "evaluation with one new look": taken(lambda: evaluate(now)),
        "evaluation with nothing new": statistics.median(taken(lambda: evaluate(now)) for _ in range(WARM)),
    }


def main() -> None:
    """Print medians over fresh processes."""
    if sys.argv[1:] == ["--once"]:
        print(json.dumps(measured()))
        return
    command = [sys.executable, __file__, "--once"]
    single = os.environ | {"OPENBLAS_NUM_THREADS": "1"}
    runs = [json.loads(subprocess.check_output(command, env=single)) for _ in range(PROCESSES)]
    print(
        f"{os.cpu_count()} cores, Python {platform.python_version()}, numpy {version('numpy')}; "
        f"medians over {PROCESSES} fresh processes, processor time"
    )
    for name in runs[0]:
        print(f"{name + ': ms':56} {statistics.median(run[name] for run in runs):9.2f}")


if __name__ == "__main__":
    main()
