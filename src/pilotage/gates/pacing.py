"""Days in a phase against the cadence, and when each phase is planned. Pure."""

from __future__ import annotations

import datetime as dt

from msgspec import Struct

from pilotage.playbook.types import Playbook
from pilotage.record.workload import Workload, day_of

WEEK = dt.timedelta(days=7)


class Pace(Struct, frozen=True, kw_only=True):
    """Days in the current phase against the cadence. `days` is None in a phase without an end."""

    day: int
    days: int | None
    ends_on: dt.date | None
    late_days: int

    @property
    def share(self) -> float:
        """How much of the phase's time is used, at most 1."""
        return min(1.0, self.day / self.days) if self.days else 0.0


def began(workload: Workload) -> dt.date:
    """The day from which the cadence's weeks count."""
    return day_of(workload, workload.proposed.at)


def planned(playbook: Playbook, workload: Workload, phase_id: str) -> tuple[dt.date, dt.date | None]:
    """The first day of a phase by the cadence, and the day after its last; None where it has no end."""
    first, last = playbook.phase(phase_id).weeks
    start = began(workload)
    return start + (first - 1) * WEEK, None if last is None else start + last * WEEK


def pace_of(playbook: Playbook, workload: Workload, now: dt.datetime) -> Pace:
    """Days in the phase, the days that the cadence gives it, and the days by which the cadence's end has passed."""
    first, last = playbook.phase(workload.phase).weeks
    today = day_of(workload, now)
    entered = day_of(workload, workload.entered.get(workload.phase, workload.proposed.at))
    _, ends_on = planned(playbook, workload, workload.phase)
    late = (today - ends_on).days if ends_on else 0
    days = None if last is None else (last - first + 1) * WEEK.days
    return Pace(day=(today - entered).days + 1, days=days, ends_on=ends_on, late_days=max(0, late))
