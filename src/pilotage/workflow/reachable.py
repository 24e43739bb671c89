"""Whether the pilot can answer in time, of the attempt that runs or of the next."""

from __future__ import annotations

from functools import lru_cache

from pilotage.evidence.measurements import Reachability
from pilotage.evidence.reach import reachability
from pilotage.playbook.metrics import Target
from pilotage.record.charter import Charter
from pilotage.record.workload import Workload


def reach_of(workload: Workload, charter: Charter) -> Reachability:
    """Of the attempt that runs, or of the next one: each is tested at half the error of the one before."""
    metric = charter.metric(charter.target.metric)
    window_hours = metric.window_hours if metric and metric.labelled else 0.0
    running = workload.attempt is not None and not workload.attempt_overtaken
    attempt = len(workload.attempts) + (0 if running else 1)
    return _planned_reach(charter.target, charter.weeks, window_hours, attempt)


@lru_cache(maxsize=256)
def _planned_reach(target: Target, weeks: float, window_hours: float, attempt: int) -> Reachability:
    """Half a second of integration that depends on the charter and the attempt's number alone."""
    return reachability(target, weeks=weeks, label_window_hours=window_hours, attempt=attempt)
