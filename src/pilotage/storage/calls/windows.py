"""When a unit bets: once per bet, when its observation window and the label's have closed. Pure.

A unit's window begins with its first counted call in a stage. Until its first bet, an earlier call that comes late
moves the window back; from then on the window stands, and what comes later changes the totals only.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from msgspec import Struct

from pilotage.evidence.betting import LogWealth, summed_log_wealth, unit_log_wealth
from pilotage.evidence.plan import BetThreshold, MeasurementPlan
from pilotage.evidence.sums import UnitSum
from pilotage.evidence.values import MICROS_PER_HOUR
from pilotage.playbook.metrics import Metric
from pilotage.storage.calls.accumulators import sums_in
from pilotage.storage.calls.packing import WINDOW, unpacked

NO_WEALTH = (0.0,) * 10


class UnitRow(Struct, gc=False):
    """One unit in one stage, as stored. `last_us` is the latest call inside the window; `closed` counts the bet
    groups that are settled; `number` is its row's, 0 before it has one.
    """

    stage: str
    unit: str | bytes
    first_us: int
    last_us: int
    closed: int = 0
    sums: bytes = b""
    number: int = 0

    @property
    def clock(self) -> tuple[int, int]:
        """What the time of its next bets depends on."""
        return self.first_us, self.closed


class SeriesName(Struct, frozen=True):
    """What a sum is of."""

    stage: str
    release: str
    metric: str
    series: str
    segment: str


class BetClock:
    """The bets of a plan, in groups that fall due together: a unit's window after its first call, plus the wait for
    the metric's label.
    """

    def __init__(self, plan: MeasurementPlan) -> None:
        metrics = {metric.id: metric for metric in plan.metrics}
        self.unit_window_us = round(plan.unit_window_hours * MICROS_PER_HOUR)
        groups: dict[int, list[BetThreshold]] = {}
        for bet in plan.bets:
            metric = metrics[bet.metric]
            wait_us = window_us(metric) if metric.labelled else 0
            groups.setdefault(wait_us, []).append(bet)
        self._groups = sorted(groups.items())
        self._group_of = {
            (bet.metric, bet.series): number for number, (_, bets) in enumerate(self._groups) for bet in bets
        }

    def group(self, metric: str, series: str) -> int | None:
        """Which group bets on that series; None when none does."""
        return self._group_of.get((metric, series))

    def due_us(self, row: UnitRow) -> int | None:
        """When the unit's next bets are due; None when it has none left."""
        if row.closed >= len(self._groups):
            return None
        return self.end_us(row) + self._groups[row.closed][0]

    def end_us(self, row: UnitRow) -> int:
        """The end of the unit's window, exclusive."""
        return row.first_us + self.unit_window_us

    def holds(self, row: UnitRow, at_us: int) -> bool:
        """Whether a call of that time lies in the unit's window."""
        return row.first_us <= at_us < self.end_us(row)

    def include(self, row: UnitRow, earliest_us: int) -> bool:
        """Move the window back for an earlier call; whether that may drop calls from its far end."""
        if row.closed or earliest_us >= row.first_us:
            return False
        row.first_us = earliest_us
        return row.last_us >= self.end_us(row)

    def settle(
        self, rows: Sequence[UnitRow], now_us: int, names: Mapping[int, SeriesName]
    ) -> dict[tuple[str, str, str], tuple[int, LogWealth]]:
        """Place the bets that are due of these units: by stage, release and bet, how many units bet and what that
        adds. A unit without a value does not bet.
        """
        opened = np.array([row.closed for row in rows])
        for row in rows:
            while (due_us := self.due_us(row)) is not None and due_us <= now_us:
                row.closed += 1
        closed = np.array([row.closed for row in rows])
        sums = unpacked([row.sums for row in rows])
        placed: dict[tuple[str, str, str], tuple[int, LogWealth]] = {}
        for number, name in names.items():
            theirs = sums.series == number | WINDOW
            group = self._group_of.get((name.metric, name.series))
            if name.segment or group is None or not theirs.any():
                continue
            due = theirs & (opened <= group)[sums.owners] & (group < closed)[sums.owners]
            betting = sums.taken(due)
            for bet in self._groups[group][1] if len(betting.n) else ():
                if (bet.metric, bet.series) == (name.metric, name.series):
                    logs = summed_log_wealth(bet, betting.n, betting.y, betting.z)
                    placed[name.stage, name.release, bet.id] = len(betting.n), logs
        return placed

    def settled(self, row: UnitRow, names: Mapping[int, SeriesName]) -> dict[tuple[str, str, str], LogWealth]:
        """The bets that the unit has placed, computed again from its window, which stands since then."""
        placed: dict[tuple[str, str, str], LogWealth] = {}
        sums = window_sums(row.sums, names)
        for group in range(row.closed):
            placed |= self._group_wealth(group, sums)
        return placed

    def _group_wealth(self, group: int, sums: Mapping[SeriesName, UnitSum]) -> dict[tuple[str, str, str], LogWealth]:
        placed: dict[tuple[str, str, str], LogWealth] = {}
        for bet in self._groups[group][1]:
            for name, unit in sums.items():
                if (name.metric, name.series) == (bet.metric, bet.series):
                    placed[name.stage, name.release, bet.id] = unit_log_wealth(bet, unit)
        return placed


def window_us(metric: Metric) -> int:
    """How long after a call a label of the metric still counts."""
    return round(metric.window_hours * MICROS_PER_HOUR)


def window_sums(blob: bytes, names: Mapping[int, SeriesName]) -> dict[SeriesName, UnitSum]:
    """A unit's sums over its window, by what they are of."""
    return {names[number ^ WINDOW]: UnitSum(*sums) for number, sums in sums_in(blob).items() if number & WINDOW}
