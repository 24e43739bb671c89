"""What the sections on monitoring share: profiles brought up to date, and days in the charter's time zone."""

from __future__ import annotations

import datetime as dt
import math

from msgspec import Struct

from pilotage.evidence.daybook import TRAFFIC
from pilotage.playbook.metrics import LabelCost, LabelMatch, Metric, OutcomeValue
from pilotage.record.workload import Workload
from pilotage.workflow.measuring import day_of, plan_of
from pilotage.workflow.workspace import Workspace

DAY = dt.timedelta(days=1)


class Watched(Struct, frozen=True, kw_only=True):
    """A workload as monitoring sees it: today, the target metric, and how many days its labels take at most."""

    today: dt.date
    metric: Metric | None
    label: str
    label_days: int


def keep_profiles(workspace: Workspace, workload: Workload) -> None:
    """Make the profiles of the days that were touched again; cheap when none was."""
    workspace.calls.profile(workload.slug, plan_of(workload), workspace.clock.now(), chosen_references(workload))


def chosen_references(workload: Workload) -> dict[str, dt.date]:
    """By scope, from which day on somebody had the reference taken."""
    chosen = {of: one.fact.since for of, one in workload.drifting.references.items()}
    scopes = {"traffic": TRAFFIC, "candidate": candidate_release(workload)}
    return {scope: chosen[of] for of, scope in scopes.items() if of in chosen and scope is not None}


def watched(workspace: Workspace, workload: Workload) -> Watched:
    """As of now, with the profiles up to date."""
    keep_profiles(workspace, workload)
    charter = workload.charter
    metric = charter.metric(charter.target.metric) if charter else None
    return Watched(
        today=day_of(charter, workspace.clock.now()),
        metric=metric,
        label=_label(metric),
        label_days=math.ceil(metric.window_hours / 24) if metric and metric.labelled else 0,
    )


def candidate_release(workload: Workload) -> str | None:
    """The release whose behaviour is watched: the one that serves, else the one that is evaluated."""
    if workload.release is not None:
        return workload.release.name
    return workload.attempt.release if workload.attempt else None


def _label(metric: Metric | None) -> str:
    """The name of the outcome that the target waits for; "" for none."""
    source = metric.source if metric else None
    match source:
        case LabelCost() | LabelMatch():
            return source.label
        case OutcomeValue():
            return source.outcome
    return ""
