"""The section `disagreements`: the calls that teach most, in the order in which to read them."""

from __future__ import annotations

from collections.abc import Iterator

from msgspec import Struct

from pilotage.evidence.labels import is_taken
from pilotage.evidence.readers import Outcomes
from pilotage.evidence.reading import ReadingList, reading_list
from pilotage.playbook.metrics import Metric
from pilotage.runtime.records import Call
from pilotage.storage.protocols import CallFilter, PairsOf, StoredCall
from pilotage.workflow.desk import Judgement
from pilotage.workflow.measuring import plan_of
from pilotage.workflow.pairs import pairs_of
from pilotage.workflow.section import Section
from pilotage.workflow.workspace import Workspace

LOOKED_AT = 1000
PAGE = 1000
MICROS_PER_HOUR = 3_600_000_000
Judged = tuple[Call, Outcomes]


class DisagreementsSection(Struct, frozen=True, kw_only=True):
    """The reading list, made from the newest disagreements of the attempt, `looked_at_most` of them.

    `compared` is the field of answers that is compared, null for whole answers.
    """

    workload: str
    stage: str
    compared: str | None
    looked_at_most: int
    list: ReadingList
    reason: str


def build(workspace: Workspace, judgement: Judgement) -> DisagreementsSection:
    """The section as of now. Reads the calls that are kept, and those once for as long as none come."""
    return workspace.measuring.remembered(judgement.workload, SECTION.id, lambda: _read(workspace, judgement))


def _read(workspace: Workspace, judgement: Judgement) -> DisagreementsSection:
    workload, attempt = judgement.workload, judgement.workload.attempt
    metric = target_metric(judgement)
    if attempt is None or metric is None:
        return _empty(workload.slug, "No release has been declared for evaluation yet.")
    asked = pairs_of(workload, attempt)
    where = CallFilter(stage=asked.stage, disagree=True, compared=asked.compared)
    found = reading_list(metric, asked.compared, newest(workspace, workload.slug, where, asked, metric, LOOKED_AT))
    return DisagreementsSection(
        workload=workload.slug,
        stage=asked.stage,
        compared=asked.compared,
        looked_at_most=LOOKED_AT,
        list=found,
        reason="" if found.looked_at else "The arms have not disagreed on any call that is kept.",
    )


def target_metric(judgement: Judgement) -> Metric | None:
    """The target metric as it is measured."""
    plan = plan_of(judgement.workload)
    return next((m for m in plan.metrics if plan.target is not None and m.id == plan.target.metric), None)


def newest(  # noqa: PLR0917 - where to look, and what counts
    workspace: Workspace, slug: str, where: CallFilter, of: PairsOf, metric: Metric, most: int
) -> Iterator[Judged]:
    """The newest calls that match, at most so many, of the release and of sources that count, with the first outcomes
    inside the metric's window by name.
    """
    cursor: str | None = None
    left = most
    while left > 0:
        page = workspace.calls.search(slug, where, cursor, min(PAGE, left))
        for stored in page.calls:
            if stored.call.source in of.sources and _release(stored.call) == of.release:
                yield stored.call, _known(stored, metric)
        left -= len(page.calls)
        cursor = page.next
        if cursor is None:
            return


def _release(call: Call) -> str:
    runs = [call.served] if call.beside is None else [call.served, call.beside]
    return next((run.release for run in runs if run.arm == "candidate"), "")


def _known(stored: StoredCall, metric: Metric) -> dict[str, str]:
    until_us = stored.call.at_us + metric.window_hours * MICROS_PER_HOUR
    known: dict[str, str] = {}
    for outcome in sorted(stored.outcomes, key=lambda one: (one.at_us, one.outcome_id)):
        if outcome.at_us <= until_us and is_taken(outcome.name, outcome.basis):
            known.setdefault(outcome.name, outcome.value)
    return known


def _empty(slug: str, reason: str) -> DisagreementsSection:
    return DisagreementsSection(
        workload=slug,
        stage="",
        compared=None,
        looked_at_most=LOOKED_AT,
        list=ReadingList(looked_at=0, found={}, calls=()),
        reason=reason,
    )


SECTION = Section(
    id="disagreements",
    title="Disagreements to read",
    question="Which disagreements teach most?",
    page="/evidence/segments",
    of=DisagreementsSection,
    build=build,
    methods=("fixed reading order",),
)
