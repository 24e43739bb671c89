"""The target's totals over days, from the daily sums that the call store keeps."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable

from pilotage.evidence.clusters import day_totals, judged_series
from pilotage.evidence.sums import UnitSum
from pilotage.playbook.metrics import Target
from pilotage.storage.protocols import DayRow, SumRow

MISSING = "missing"
COMPLETED = "completed"


def target_days(target: Target, days: Iterable[DayRow], place: tuple[str, str]) -> tuple[SumRow, ...]:
    """Rows of totals over days of the target's series in that stage and release, named as `StageTotals` has them; also
    of its calls with those added whose value never came, which a day may have both of.
    """
    stage, release = place
    judged = judged_series(target)
    kept = {"candidate", "paired", "paired_incumbent", MISSING}
    sums: dict[str, dict[dt.date, UnitSum]] = defaultdict(dict)
    for row in days:
        if (row.metric, row.stage) != (target.metric, stage) or row.release not in {"", release}:
            continue
        if row.series in kept:
            _add(sums[row.series], row)
        if row.series in {judged, MISSING}:
            _add(sums[COMPLETED], row)
    sums.pop(MISSING, None)
    return tuple(
        SumRow(
            stage=stage,
            release=release,
            metric=target.metric,
            series=f"{series}_days",
            segment="",
            totals=day_totals(by_day.values()),
        )
        for series, by_day in sums.items()
    )


def _add(by_day: dict[dt.date, UnitSum], row: DayRow) -> None:
    held = by_day.get(row.day, UnitSum())
    by_day[row.day] = UnitSum(held.n + row.n, held.y + row.y, held.z + row.z)
