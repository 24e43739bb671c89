"""The roll-out ladder: which steps were held for their time, read from the exposures on record. Pure."""

from __future__ import annotations

import datetime as dt

from msgspec import Struct

from pilotage.gates.case import days_between
from pilotage.playbook.types import Playbook
from pilotage.record.workload import Workload


class Step(Struct, frozen=True, kw_only=True):
    """One step of the ladder and the days it was held at or above its percentage while live."""

    percent: float
    hold_days: int
    days: float

    @property
    def held(self) -> bool:
        """Whether it was held for its time."""
        return self.days >= self.hold_days and self.days > 0


def climbed(playbook: Playbook, workload: Workload, now: dt.datetime) -> tuple[Step, ...]:
    """Each step with the days it was held since the ladder last began at its foot.

    It begins there with the roll-out, and again when a breach is resolved or a kill is lifted; while a breach is
    open or the candidate is off, nothing is held.
    """
    since = max(workload.entered.get("deploy", now), workload.ladder_from or now)
    if workload.killed or workload.open_breaches:
        since = now
    return tuple(
        Step(percent=stage.percent, hold_days=stage.hold_days, days=_days_at(workload, stage.percent, since, now))
        for stage in playbook.stages
    )


def _days_at(workload: Workload, percent: float, since: dt.datetime, now: dt.datetime) -> float:
    days = 0.0
    spans = [*workload.exposures]
    for index, exposure in enumerate(spans):
        if exposure.stamp is None or exposure.mode != "live" or exposure.percent < percent:
            continue
        following = spans[index + 1].stamp if index + 1 < len(spans) else None
        start, end = max(exposure.stamp.at, since), following.at if following else now
        days += max(0.0, days_between(start, end))
    return days


def allowed_percent(playbook: Playbook, workload: Workload, now: dt.datetime) -> float:
    """The highest percentage that the ladder allows: the first step not yet held."""
    for step in climbed(playbook, workload, now):
        if not step.held:
            return step.percent
    return playbook.stages[-1].percent
