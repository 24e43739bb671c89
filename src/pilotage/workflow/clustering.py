"""The target's and the guardrails' totals over days, from the daily sums that the call store keeps."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence

from pilotage.evidence.clusters import JudgedAs, day_totals, judged_series
from pilotage.evidence.sums import UnitSum
from pilotage.playbook.kinds import Form
from pilotage.playbook.metrics import Guardrail, Target
from pilotage.storage.protocols import DayRow, SumRow

MISSING = "missing"
COMPLETED = "completed"


def day_rows(
    target: Target, guardrails: Sequence[Guardrail], days: Iterable[DayRow], place: tuple[str, str]
) -> tuple[SumRow, ...]:
    """Rows of totals over days of the series that target and guardrails are judged on, in that stage and release,
    named as `StageTotals` has them; also of their calls with those added whose value never came, which a day may have
    both of.
    """
    judged = {one.metric: judged_series(JudgedAs(_form(one), target.cluster)) for one in guardrails}
    judged[target.metric] = judged_series(target)
    held: dict[str, list[DayRow]] = defaultdict(list)
    for row in days:
        if row.metric in judged:
            held[row.metric].append(row)
    return tuple(made for metric, rows in held.items() for made in _of_metric(metric, judged[metric], rows, place))


def _form(guardrail: Guardrail) -> Form:
    return "difference" if guardrail.limit is None else "own"


def _of_metric(metric: str, judged: str, days: Iterable[DayRow], place: tuple[str, str]) -> Iterator[SumRow]:
    stage, release = place
    kept = {"candidate", "paired", "paired_incumbent", MISSING}
    sums: dict[str, dict[dt.date, UnitSum]] = defaultdict(dict)
    for row in days:
        if row.stage != stage or row.release not in {"", release}:
            continue
        if row.series in kept:
            _add(sums[row.series], row)
        if row.series in {judged, MISSING}:
            _add(sums[COMPLETED], row)
    sums.pop(MISSING, None)
    for series, by_day in sums.items():
        yield SumRow(
            stage=stage,
            release=release,
            metric=metric,
            series=f"{series}_days",
            segment="",
            totals=day_totals(by_day.values()),
        )


def _add(by_day: dict[dt.date, UnitSum], row: DayRow) -> None:
    held = by_day.get(row.day, UnitSum())
    by_day[row.day] = UnitSum(held.n + row.n, held.y + row.y, held.z + row.z)
