"""The section `labels`: how long labels take, and what share of the calls gets one in time."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence

from msgspec import Struct

from pilotage.evidence.arriving import Arrival, ArrivalDay, arrival
from pilotage.evidence.daybook import DayProfile
from pilotage.workflow.desk import Judgement
from pilotage.workflow.monitoring import DAY, watched
from pilotage.workflow.section import Section
from pilotage.workflow.workspace import Workspace

LOOKED_BACK_DAYS = 120
WEEK_DAYS = 7


class LabelWeek(Struct, frozen=True, kw_only=True):
    """The calls of a week (its Monday, to the next, exclusive) and those with a label so far. `open`: some window has
    not closed, so that more may come.
    """

    since: dt.date
    until: dt.date
    calls: int
    labelled: int
    share: float | None
    open: bool


class LabelsSection(Struct, frozen=True, kw_only=True):
    """The label that the target waits for: its arrival for all calls and by assigned arm, and week by week. `label` is
    null, with the reason, where the target waits for none.
    """

    workload: str
    demonstration: bool
    label: str | None
    reason: str
    window_hours: float | None
    arrivals: tuple[Arrival, ...]
    weeks: tuple[LabelWeek, ...]


def build(workspace: Workspace, judgement: Judgement) -> LabelsSection:
    """The section as of now, from stored profiles of the last 120 days."""
    workload = judgement.workload
    seen = watched(workspace, workload)
    plain = LabelsSection(
        workload=workload.slug,
        demonstration=workload.demonstration,
        label=None,
        reason="There is no charter yet, so no label to wait for."
        if seen.metric is None
        else f"{seen.metric.title} is known at once: it waits for no label.",
        window_hours=None,
        arrivals=(),
        weeks=(),
    )
    if seen.metric is None or not seen.label:
        return plain
    days = workspace.calls.profiles(workload.slug, seen.today - LOOKED_BACK_DAYS * DAY, seen.today + DAY)
    found = arrival(_days(days), today=seen.today, window_hours=seen.metric.window_hours)
    every = sum(day.calls for day in days)
    return LabelsSection(
        workload=workload.slug,
        demonstration=workload.demonstration,
        label=seen.label,
        reason="" if every else "No call has come in the last 120 days.",
        window_hours=seen.metric.window_hours,
        arrivals=found,
        weeks=tuple(_weeks(days, seen.today - seen.label_days * DAY)),
    )


def _days(days: Iterable[DayProfile]) -> Iterable[ArrivalDay]:
    for day in days:
        for one in day.delays:
            for group in ("all calls", f"assigned to the {one.arm}"):
                yield ArrivalDay(day=day.day, group=group, calls=one.calls, delays=one.delays)


def _weeks(days: Sequence[DayProfile], closed_before: dt.date) -> Iterable[LabelWeek]:
    weeks: dict[dt.date, tuple[int, int]] = {}
    for day in days:
        monday = day.day - day.day.weekday() * DAY
        calls, labelled = weeks.get(monday, (0, 0))
        came = sum(sum(one.delays) for one in day.delays)
        weeks[monday] = calls + sum(one.calls for one in day.delays), labelled + came
    for monday, (calls, labelled) in sorted(weeks.items()):
        until = monday + WEEK_DAYS * DAY
        yield LabelWeek(
            since=monday,
            until=until,
            calls=calls,
            labelled=labelled,
            share=labelled / calls if calls else None,
            open=until > closed_before,
        )


SECTION = Section(
    id="labels",
    title="Label arrival",
    question="How long do labels take, and how many come in time?",
    page="/evidence/drift",
    of=LabelsSection,
    build=build,
    methods=("share of labels by age",),
)
