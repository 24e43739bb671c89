"""The section `before-labels`: what the target probably is on calls whose labels have not come, and how right such
estimates have been. It counts for no gate.
"""

from __future__ import annotations

from collections.abc import Iterable

from msgspec import Struct

from pilotage.evidence.daybook import DayProfile
from pilotage.evidence.foretelling import METHOD, Cell, CellSum, DayCells, Foretold, foretold
from pilotage.evidence.measurements import NotEstimable
from pilotage.workflow.desk import Judgement
from pilotage.workflow.monitoring import DAY, candidate_release, watched
from pilotage.workflow.section import Section
from pilotage.workflow.workspace import Workspace

LOOKED_BACK_DAYS = 120


class BeforeLabelsSection(Struct, frozen=True, kw_only=True):
    """The estimate on the release's calls of the days whose labels are not all in, and its back-tests by week.
    `assumes` always holds; `counts_for_gates` never does.
    """

    workload: str
    demonstration: bool
    metric: str | None
    release: str | None
    assumes: str
    counts_for_gates: bool
    method: str
    found: Foretold


def build(workspace: Workspace, judgement: Judgement) -> BeforeLabelsSection:
    """The section as of now, from stored profiles of the last 120 days."""
    workload = judgement.workload
    seen, release = watched(workspace, workload), candidate_release(workload)
    found = _nothing("There is no charter, or no release yet: nothing to foretell.")
    if seen.metric is not None and not seen.label:
        found = _nothing(f"{seen.metric.title} is known at once: nothing is left to foretell.")
    elif seen.metric is not None and release is not None:
        days = workspace.calls.profiles(workload.slug, seen.today - LOOKED_BACK_DAYS * DAY, seen.today + DAY)
        found = foretold(
            _cells(days, release), closed_before=seen.today - seen.label_days * DAY, wait_days=seen.label_days
        )
    return BeforeLabelsSection(
        workload=workload.slug,
        demonstration=workload.demonstration,
        metric=seen.metric.id if seen.metric else None,
        release=release,
        assumes=found.assumes,
        counts_for_gates=False,
        method=METHOD,
        found=found,
    )


def _cells(days: Iterable[DayProfile], release: str) -> Iterable[DayCells]:
    for day in days:
        cells: dict[Cell, CellSum] = {}
        for row in day.confidence:
            if row.arm == "candidate" and row.release == release:
                cell = Cell(row.answer, row.tenth)
                more = CellSum(calls=row.calls, known=row.known, y=row.y, yy=row.yy)
                cells[cell] = cells[cell] + more if cell in cells else more
        if cells:
            yield DayCells(day=day.day, cells=cells)


def _nothing(reason: str) -> Foretold:
    return Foretold(
        since=None, until=None, estimate=NotEstimable(reason=reason), learned_from=0, tests=(), error_mean=None
    )


SECTION = Section(
    id="before-labels",
    title="Before labels arrive",
    question="What is the target probably, where labels have not come yet, and how right was that before?",
    page="/evidence/drift",
    of=BeforeLabelsSection,
    build=build,
)
