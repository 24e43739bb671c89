"""What the charts of monitoring are made of: drift by field, then and now, both arms' answers, label arrival."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from functools import cached_property
from itertools import pairwise

from pilotage.evidence.daybook import TRAFFIC, DayProfile, ReferenceField
from pilotage.evidence.drift import Window
from pilotage.evidence.profiles import FieldBins, bin_counts, summed
from pilotage.reports.charts.arrival import ArrivalData, ArrivalPoint
from pilotage.reports.charts.catalogue import ChartData
from pilotage.reports.charts.distribution import DistributionData, distribution_data
from pilotage.reports.charts.drifting import DriftCell, DriftData
from pilotage.reports.charts.plots import written
from pilotage.workflow import drift_section, labels_section
from pilotage.workflow.desk import Judgement
from pilotage.workflow.drift_section import DriftSection, FieldStory
from pilotage.workflow.monitoring import candidate_release
from pilotage.workflow.workspace import Workspace

FIELD = "field-"
PERCENT = 100.0
NAMES_MAX = 14
DIGITS_MAX = 17
WINDOWS_SHOWN = 2
OTHERS, MISSING = "all others", "missing or of another type"
BY_ARM = "assigned to the "


class Monitored:
    """A workload's profiles and what its sections say of them, read once for all charts of a page."""

    def __init__(self, workspace: Workspace, judgement: Judgement) -> None:
        self.workload = judgement.workload
        self._workspace = workspace
        self._judgement = judgement

    @cached_property
    def drift(self) -> DriftSection:
        """The drift section as of now."""
        return drift_section.build(self._workspace, self._judgement)

    @cached_property
    def labels(self) -> labels_section.LabelsSection:
        """The section on label arrival as of now."""
        return labels_section.build(self._workspace, self._judgement)

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the charts that there may be, one for each field that is watched."""
        return (*BUILDERS, *(of_field(story.newest.field) for story in self.drift.fields))

    @cached_property
    def days(self) -> tuple[DayProfile, ...]:
        """The days that some field's newest window covers."""
        windows = [story.window for story in self.drift.fields]
        if not windows:
            return ()
        since, until = min(one.since for one in windows), max(one.until for one in windows)
        return self._workspace.calls.profiles(self.workload.slug, since, until)

    @cached_property
    def reference(self) -> dict[str, tuple[str, ReferenceField]]:
        """Each watched field as it was, with the scope of its reference."""
        scopes = {one.scope for one in self.drift.references}
        found = self._workspace.calls.references(self.workload.slug)
        return {field.bins.name: (one.scope, field) for one in found if one.scope in scopes for field in one.fields}


def of_field(field: str) -> str:
    """The name of a field's chart. A slash, which would end the address, is written as in a JSON Pointer (RFC 6901)."""
    return FIELD + field.replace("~", "~0").replace("/", "~1")


def monitored_data(of: Monitored, name: str) -> ChartData | None:
    """What a chart of monitoring shows. None when there is nothing yet, or no such chart."""
    if name in BUILDERS:
        return BUILDERS[name](of)
    if not name.startswith(FIELD):
        return None
    return next((_then_and_now(of, one) for one in of.drift.fields if of_field(one.newest.field) == name), None)


def _strips(of: Monitored) -> DriftData | None:
    """Every watched field's shift in every window."""
    cells = tuple(
        DriftCell(
            field=story.newest.field,
            since=point.since,
            until=point.until,
            psi=point.psi_debiased,
            alerts=point.status == "alert",
        )
        for story in of.drift.fields
        for point in story.points
    )
    return DriftData(title="Drift by field", points=cells) if cells else None


def _arrival(of: Monitored) -> ArrivalData | None:
    """The curves of the arms where there are both, and of all calls where they are one arm's. What comes more than a
    window late is left to the table.
    """
    due = of.labels.window_hours
    if due is None:
        return None
    held = [one for one in of.labels.arrivals if one.curve]
    arms = [one for one in held if one.group.startswith(BY_ARM)]
    points = tuple(
        ArrivalPoint(
            group=one.group.removeprefix(BY_ARM), hours=point.hours, share=PERCENT * point.share, calls=point.calls
        )
        for one in (arms if len(arms) > 1 else [one for one in held if one not in arms])
        for point in one.curve
        if point.hours <= WINDOWS_SHOWN * due
    )
    return ArrivalData(title="When labels arrive", due_hours=due, points=points) if points else None


def _both_arms(of: Monitored) -> DistributionData | None:
    """How often each arm gave each answer, on the same calls: those of the days that the newest windows cover."""
    counts: dict[str, Counter[str]] = {"incumbent": Counter(), "candidate": Counter()}
    release = candidate_release(of.workload)
    for pair in (pair for day in of.days for pair in day.pairs if pair.release == release):
        counts["incumbent"][pair.incumbent] += pair.calls
        counts["candidate"][pair.candidate] += pair.calls
    answers = sorted(set(counts["incumbent"]) | set(counts["candidate"]))
    rows = {arm: [float(found[answer]) for answer in answers] for arm, found in counts.items()}
    labels, shown = _largest(answers, rows)
    return distribution_data(title="Answers of both arms", unit="answer", labels=labels, counts=shown)


def _then_and_now(of: Monitored, story: FieldStory) -> DistributionData | None:
    """A field in the reference and in its newest window, in the bins that the reference froze."""
    scope, field = of.reference[story.newest.field]
    now = summed(
        one.profile
        for day in _within(of.days, story.window)
        for one in day.fields
        if one.field == field.bins.name and scope in {TRAFFIC, one.release}
    )
    before, after = bin_counts(field.bins, field.profile), bin_counts(field.bins, now)
    numbers = field.bins.kind == "number"
    names = _intervals(field.bins.cuts) if numbers else _own(field.bins)
    rows = {"reference": list(before[:-1]), "newest window": list(after[:-1])}
    labels, shown = (names, rows) if numbers else _largest(names, rows)
    if before[-1] or after[-1]:
        labels = (*labels, MISSING)
        shown = {
            group: [*values, last] for (group, values), last in zip(shown.items(), (before[-1], after[-1]), strict=True)
        }
    return distribution_data(title=story.newest.field, unit="", labels=labels, counts=shown)


def _within(days: Iterable[DayProfile], window: Window) -> Iterable[DayProfile]:
    return (day for day in days if window.since <= day.day < window.until)


def _own(bins: FieldBins) -> tuple[str, ...]:
    return (*bins.categories[: bins.own], OTHERS)


def _intervals(cuts: Sequence[float]) -> tuple[str, ...]:
    """Names of the bins, each with its upper cut in it: `to 10`, `over 10 to 20`, `over 20`."""
    if not cuts:
        return ("any number",)
    # As many digits as it takes to tell one cut from the next.
    texts = next(
        found
        for digits in range(3, DIGITS_MAX + 1)
        for found in [[written(cut, digits) for cut in cuts]]
        if len(set(found)) == len(cuts) or digits == DIGITS_MAX
    )
    return (f"to {texts[0]}", *(f"over {a} to {b}" for a, b in pairwise(texts)), f"over {texts[-1]}")


def _largest(names: Sequence[str], rows: dict[str, list[float]]) -> tuple[tuple[str, ...], dict[str, list[float]]]:
    """The names with the most calls, in their order, and all others in one; names that nobody has are left out."""
    of_name = {name: sum(values[place] for values in rows.values()) for place, name in enumerate(names)}
    ranked = sorted((name for name in names if of_name[name] and name != OTHERS), key=lambda name: -of_name[name])
    kept = [place for place, name in enumerate(names) if name in ranked[:NAMES_MAX]]
    shown = {group: [values[place] for place in kept] for group, values in rows.items()}
    rest = {group: sum(values) - sum(shown[group]) for group, values in rows.items()}
    labels = tuple(names[place] for place in kept)
    if not any(rest.values()):
        return labels, shown
    return (*labels, OTHERS), {group: [*values, rest[group]] for group, values in shown.items()}


BUILDERS: dict[str, Callable[[Monitored], ChartData | None]] = {
    "drift-by-field": _strips,
    "label-arrival": _arrival,
    "both-arms": _both_arms,
}
"""Every chart of monitoring by the name in its address, but for those of single fields."""
