"""The section `drift`: which fields have changed since the reference, and what that may do to the target."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator, Mapping, Sequence

from msgspec import Struct

from pilotage.evidence.daybook import REFERENCE_DAYS_MIN, TRAFFIC, DayProfile, Reference, ReferenceField
from pilotage.evidence.drift import PSI_MIN, FieldDrift, Status, Window, compare, persisted
from pilotage.evidence.profiles import Profile, summed
from pilotage.record.workload import Workload
from pilotage.reports.numbers import first_of
from pilotage.workflow.desk import Judgement
from pilotage.workflow.monitoring import DAY, Watched, candidate_release, watched
from pilotage.workflow.section import Section
from pilotage.workflow.workspace import Workspace

WINDOW_DAYS = 7
WINDOWS_MAX = 8
OUTCOME = "outcome."
_ORDER: dict[Status, int] = {"alert": 0, "moved": 1, "steady": 2, "not_estimable": 3}


class ReferenceJson(Struct, frozen=True, kw_only=True):
    """What is or was compared with: whole days, `until` exclusive, frozen once. `scope` is a release, or "" for the
    traffic; `left_out` counts input fields beyond the forty that are watched.
    """

    scope: str
    since: dt.date
    until: dt.date
    calls: int
    fields: int
    left_out: int
    frozen_at: dt.datetime
    digest: str


class ChosenJson(Struct, frozen=True, kw_only=True):
    """That somebody had the reference of `scope` taken from a later day on. `frozen`: whether that one is compared with
    by now; until then the one before is, and `waits_for` says what is missing.
    """

    scope: str
    since: dt.date
    reason: str
    by: str
    at: dt.datetime
    position: int
    frozen: bool
    waits_for: str


class WindowPoint(Struct, frozen=True, kw_only=True):
    """One window of one field: its shift, less chance, and what was said of it; null where nothing could be."""

    since: dt.date
    until: dt.date
    psi_debiased: float | None
    status: Status


class FieldStory(Struct, frozen=True, kw_only=True):
    """One field's newest window, and its windows so far, oldest first."""

    newest: FieldDrift
    window: Window
    points: tuple[WindowPoint, ...]


class DriftSection(Struct, frozen=True, kw_only=True):
    """Every watched field, those that moved first. `effect` of a field is on the mean of `metric`, null before there is
    a charter. `threshold` is the shift that counts as large. `chosen` are references that somebody had taken anew, and
    `former` what was compared with before.
    """

    workload: str
    demonstration: bool
    status: Status
    reason: str
    metric: str | None
    window_days: int
    threshold: float
    references: tuple[ReferenceJson, ...]
    chosen: tuple[ChosenJson, ...]
    former: tuple[ReferenceJson, ...]
    fields: tuple[FieldStory, ...]


def build(workspace: Workspace, judgement: Judgement) -> DriftSection:
    """The section as of now, from stored profiles."""
    return drift_of(workspace, judgement.workload)


def drift_of(workspace: Workspace, workload: Workload) -> DriftSection:
    """The same of a workload, whatever its gates say."""
    seen = watched(workspace, workload)
    release = candidate_release(workload)
    references = [one for one in workspace.calls.references(workload.slug) if one.scope in {TRAFFIC, release}]
    since = seen.today - (WINDOWS_MAX * WINDOW_DAYS + seen.label_days) * DAY
    days = workspace.calls.profiles(workload.slug, since, seen.today)
    fields = stories(references, days, seen)
    status, reason = _said(references, fields, seen)
    return DriftSection(
        workload=workload.slug,
        demonstration=workload.demonstration,
        status=status,
        reason=reason,
        metric=seen.metric.id if seen.metric else None,
        window_days=WINDOW_DAYS,
        threshold=PSI_MIN,
        references=tuple(_reference(one) for one in references),
        chosen=tuple(_chosen(workload, references, seen.today)),
        former=tuple(_reference(one) for one in workspace.calls.former_references(workload.slug)),
        fields=fields,
    )


def stories(references: Sequence[Reference], days: Sequence[DayProfile], seen: Watched) -> tuple[FieldStory, ...]:
    """Every field over its windows of seven days, back from yesterday (for outcomes, from the last day whose labels are
    all in), as far as they lie after the reference.
    """
    by_field: dict[tuple[str, str], dict[dt.date, list[Profile]]] = {}
    for day in days:
        for one in day.fields:
            for scope in {TRAFFIC, one.release}:
                by_field.setdefault((scope, one.field), {}).setdefault(day.day, []).append(one.profile)
    judged = sum(len(one.fields) for one in references)
    found = [
        story
        for reference in references
        for field in reference.fields
        for story in [_story(reference, field, by_field.get((reference.scope, field.bins.name), {}), seen, judged)]
        if story is not None
    ]
    return tuple(sorted(found, key=_rank))


def _story(
    reference: Reference, field: ReferenceField, days: Mapping[dt.date, list[Profile]], seen: Watched, judged: int
) -> FieldStory | None:
    last = seen.today - (seen.label_days if field.bins.name.startswith(OUTCOME) else 0) * DAY
    windows = list(_windows(reference.until, last))
    if not windows:
        return None
    compared = [
        compare(
            field.bins,
            field.profile,
            summed(one for day in sorted(days) if window.since <= day < window.until for one in days[day]),
            fields=judged,
            worth=field.worth if seen.metric and window is windows[-1] else None,
            whole=window is windows[-1],
        )
        for window in windows
    ]
    return FieldStory(
        newest=persisted(compared),
        window=windows[-1],
        points=tuple(
            WindowPoint(
                since=window.since,
                until=window.until,
                psi_debiased=one.shift.psi_debiased if one.shift else None,
                status=persisted(compared[: number + 1]).status,
            )
            for number, (window, one) in enumerate(zip(windows, compared, strict=True))
        ),
    )


def _windows(first: dt.date, last: dt.date) -> Iterable[Window]:
    """Whole windows that end on `last` or a number of windows before it, none beginning before `first`; in order."""
    count = min((last - first).days // WINDOW_DAYS, WINDOWS_MAX)
    for number in range(count, 0, -1):
        since = last - number * WINDOW_DAYS * DAY
        yield Window(since=since, until=since + WINDOW_DAYS * DAY)


def _rank(story: FieldStory) -> tuple[int, float, str]:
    shift = story.newest.shift
    return _ORDER[story.newest.status], -(shift.psi_debiased if shift else 0.0), story.newest.field


def _said(references: Sequence[Reference], fields: Sequence[FieldStory], seen: Watched) -> tuple[Status, str]:
    if not references:
        return "not_estimable", (
            "There is no reference yet: it is frozen from the first seven whole days that have 1,000 calls, or from "
            "28 days that have 200."
        )
    if not fields:
        first = max(references[0].until + WINDOW_DAYS * DAY, seen.today)
        return "not_estimable", f"The first window of seven days after the reference ends on {first}."
    names = {status: [one.newest.field for one in fields if one.newest.status == status] for status in _ORDER}
    if names["alert"]:
        return "alert", f"Moved for two windows running: {first_of(names['alert'])}."
    if names["moved"]:
        return "moved", f"Moved in the newest window alone, which may pass: {first_of(names['moved'])}."
    if names["steady"]:
        return "steady", f"None of {len(names['steady'])} fields has moved."
    return "not_estimable", fields[0].newest.reason


def _chosen(workload: Workload, references: Sequence[Reference], today: dt.date) -> Iterator[ChosenJson]:
    standing = {one.scope: one for one in references}
    scopes = {"traffic": TRAFFIC, "candidate": candidate_release(workload)}
    for of, one in workload.drifting.references.items():
        scope = scopes[of]
        if scope is None:
            continue
        held = standing.get(scope)
        frozen = held is not None and held.since >= one.fact.since and held.frozen_at >= one.stamp.at
        yield ChosenJson(
            scope=scope,
            since=one.fact.since,
            reason=one.fact.reason,
            by=one.stamp.by,
            at=one.stamp.at,
            position=one.stamp.position,
            frozen=frozen,
            waits_for="" if frozen else _waits_for(one.fact.since, today),
        )


def _waits_for(since: dt.date, today: dt.date) -> str:
    first = since + REFERENCE_DAYS_MIN * DAY
    if today < first:
        return f"It is frozen on {first} at the earliest, after seven whole days."
    return (
        "It takes 1,000 calls from that day on, or 200 within 28 days, that are not past their retention; where they "
        "do not come, choose another day."
    )


def _reference(one: Reference) -> ReferenceJson:
    return ReferenceJson(
        scope=one.scope,
        since=one.since,
        until=one.until,
        calls=one.calls,
        fields=len(one.fields),
        left_out=one.left_out,
        frozen_at=one.frozen_at,
        digest=one.digest,
    )


SECTION = Section(
    id="drift",
    title="Drift",
    question="Has the traffic changed since the reference, and where?",
    page="/evidence/drift",
    of=DriftSection,
    build=build,
    methods=(
        "population stability index less its mean by chance",
        "chi-square test of homogeneity",
        "persistence over windows",
    ),
)
