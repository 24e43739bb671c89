"""What a history of answers and labels says before anything is wired. Pure; history never counts for a gate."""

from __future__ import annotations

import datetime as dt
import math
from collections import defaultdict
from collections.abc import Iterable, Sequence
from functools import reduce
from typing import Any

import msgspec
from msgspec import Struct

from pilotage.evidence.baseline import BEFORE, baseline
from pilotage.evidence.compare import arm, paired_difference
from pilotage.evidence.measurements import Baseline, Estimate, Estimated, NotEstimable, Reachability
from pilotage.evidence.moments import moments
from pilotage.evidence.reach import reachability
from pilotage.evidence.strata import StageTotals
from pilotage.evidence.sums import Totals, UnitSum
from pilotage.evidence.values import INCUMBENT_ANSWER, orientation, reader
from pilotage.playbook.metrics import LabelCost, LabelMatch, Metric, Target
from pilotage.runtime.records import Execution

MARK = "history"
PILOT_WEEKS = 8
SECONDS_PER_WEEK = 604_800.0
RIGHT_ANSWERS = Metric(
    id="right_answers",
    title="Right answers",
    unit="share of calls",
    direction="higher",
    kind="proportion",
    source=LabelMatch(),
)


_PERSON = Execution(arm="incumbent")  # its answer is read from an outcome, as any JSON value


class HistoryRow(Struct, frozen=True, kw_only=True):
    """One past call. Answers and label are scalars or JSON; None where there is none. Rows without `unit` are
    each a unit of their own. `at` is needed to know how many calls come in a week.
    """

    incumbent: Any
    candidate: Any
    label: Any
    at: dt.datetime | None = None
    unit: str | None = None


class Assessment(Struct, frozen=True, kw_only=True):
    """What the history says, and a charter to begin from. `charter` is a draft: nobody has promised anything.

    `rows` were read; `compared` have both answers and a label. `difference` is candidate minus incumbent,
    oriented. `warnings` say what this history cannot show.
    """

    mark: str = MARK
    metric: Metric
    rows: int
    compared: int
    units: int
    calls_per_week: float | None
    baseline: Baseline
    candidate: Estimated
    difference: Estimated
    reachability: Reachability | None
    charter: dict[str, Any]
    warnings: tuple[str, ...]


def assess(rows: Iterable[HistoryRow], metric: Metric = RIGHT_ANSWERS, *, weeks: float = PILOT_WEEKS) -> Assessment:
    """The baseline, the paired comparison, whether a pilot of so many weeks could show the difference, and a draft
    charter. `metric` has to be one of labels (`label_match` or `label_cost`); ValueError otherwise.
    """
    if not isinstance(metric.source, LabelMatch | LabelCost):
        raise ValueError(  # noqa: TRY004 - the type is right, its content is not
            f"A history has answers and labels only, and {metric.id} is measured by something else."
        )
    history = list(rows)
    before, pairs = _collect(history, metric, metric.source)
    units = _units(pairs, metric)
    totals = reduce(Totals.__add__, map(Totals.of, units.values()), Totals())
    pace = _calls_per_week([row.at for row in history if row.at is not None])
    difference = paired_difference(metric, totals)
    target = _draft_target(metric, totals, pairs, difference, pace)
    reach = reachability(target, weeks=weeks, label_window_hours=metric.window_hours) if target else None
    incumbent = StageTotals(stage=f"{BEFORE}{MARK}", incumbent=before)
    return Assessment(
        metric=metric,
        rows=len(history),
        compared=len(pairs),
        units=len(units),
        calls_per_week=pace,
        baseline=baseline(metric, (incumbent,), [row.at.date() for row in history if row.at is not None]),
        candidate=arm(metric, totals),
        difference=difference,
        reachability=reach,
        charter=_draft_charter(metric, target, weeks),
        warnings=_warnings(history, pairs, difference, pace),
    )


class _Pair(Struct, frozen=True):
    """One compared call: its unit and both values."""

    unit: str
    candidate: float
    incumbent: float


def _collect(
    history: Sequence[HistoryRow], metric: Metric, source: LabelMatch | LabelCost
) -> tuple[Totals, list[_Pair]]:
    """The incumbent's totals over all rows with a label, and the rows that can be compared."""
    by_unit: dict[str, UnitSum] = defaultdict(UnitSum)
    pairs = []
    read, label = reader(metric), source.label
    for i, row in enumerate(history):
        unit = f"row {i}" if row.unit is None else f"unit {row.unit}"
        incumbent, candidate = (
            None if answer is None else read(_PERSON, {INCUMBENT_ANSWER: answer, label: row.label})
            for answer in (row.incumbent, row.candidate)
        )
        if incumbent is None:
            continue
        old = by_unit[unit]
        by_unit[unit] = UnitSum(old.n + 1.0, old.y + incumbent - metric.shift)
        if candidate is not None:
            pairs.append(_Pair(unit, candidate, incumbent))
    return reduce(Totals.__add__, map(Totals.of, by_unit.values()), Totals()), pairs


def _units(pairs: Sequence[_Pair], metric: Metric) -> dict[str, UnitSum]:
    units: dict[str, UnitSum] = defaultdict(UnitSum)
    for pair in pairs:
        old = units[pair.unit]
        units[pair.unit] = UnitSum(
            old.n + 1.0, old.y + pair.candidate - metric.shift, old.z + pair.incumbent - metric.shift
        )
    return units


def _calls_per_week(times: Sequence[dt.datetime]) -> float | None:
    """The pace of the history; None when it spans less than a day."""
    if not times:
        return None
    span_s = (max(times) - min(times)).total_seconds()
    return len(times) * SECONDS_PER_WEEK / span_s if span_s >= SECONDS_PER_WEEK / 7.0 else None


def _draft_target(
    metric: Metric, totals: Totals, pairs: Sequence[_Pair], difference: Estimated, pace: float | None
) -> Target | None:
    """A difference to promise: expect what the history shows, promise half of it, go no further below nothing.

    None where the history shows no advantage, or no pace to plan with.
    """
    if isinstance(difference, NotEstimable) or difference.value <= 0.0 or pace is None:
        return None
    m = moments(totals, orientation(metric), -orientation(metric), metric.shift)
    spread = math.fsum((p.candidate - p.incumbent) ** 2 for p in pairs) / len(pairs) - m.mean**2
    if spread <= 0.0:
        return None
    return Target(
        metric=metric.id,
        form="difference",
        baseline=totals.z / totals.n + metric.shift,
        floor=0.0,
        target=difference.value / 2.0,
        expected=difference.value,
        calls_per_week=pace,
        deviation=math.sqrt(spread),
        design_effect=max(1.0, m.variance * m.calls / spread),
    )


def _draft_charter(metric: Metric, target: Target | None, weeks: float) -> dict[str, Any]:
    """The fields of a charter that a history can suggest, in plain JSON types."""
    draft: dict[str, Any] = {"draft_from": MARK, "weeks": weeks, "metrics": [msgspec.to_builtins(metric)]}
    if target is not None:
        draft["target"] = msgspec.to_builtins(target)
    return draft


def _warnings(
    history: Sequence[HistoryRow], pairs: Sequence[_Pair], difference: Estimated, pace: float | None
) -> tuple[str, ...]:
    found = ["This is history: it says what a pilot could show, and it counts for no gate."]
    if len(pairs) < len(history):
        found.append(f"{len(history) - len(pairs)} of {len(history)} rows lack an answer or a label and were left out.")
    if any(row.unit is None for row in history):
        found.append("Rows without a unit are taken as independent; if customers return, the intervals are too narrow.")
    if pace is None:
        found.append("Without times over at least a day nobody can say how long a pilot takes.")
    if isinstance(difference, Estimate) and difference.low <= 0.0:
        found.append("The history does not show that the candidate is better.")
    return tuple(found)
