"""The section `agreement`: how often both arms answer alike, and by how much that is more than chance."""

from __future__ import annotations

import datetime as dt

from msgspec import Struct

from pilotage.evidence.agreement import PAIRS_MOST, AgreementFound, PairedAnswers, agreement
from pilotage.record.workload import Workload
from pilotage.workflow.desk import Judgement
from pilotage.workflow.pairs import compared_on, pairs_of
from pilotage.workflow.section import Section
from pilotage.workflow.workspace import Workspace


class AgreementSection(Struct, frozen=True, kw_only=True):
    """Agreement and Cohen's kappa over the attempt's newest pairs whose calls are kept, with the most frequent
    differences.

    `pairs` were counted, at most `pairs_most`, made from `since` to `until`; `whole`: whether that is all that are
    kept; `counted` says so in words.
    """

    workload: str
    attempt: int
    stage: str
    release: str
    found: AgreementFound
    pairs: int
    pairs_most: int
    since: dt.datetime | None
    until: dt.datetime | None
    whole: bool
    counted: str
    reason: str


def build(workspace: Workspace, judgement: Judgement) -> AgreementSection:
    """The section as of now. Reads the newest pairs, and those once for as long as no calls come."""
    return workspace.measuring.remembered(judgement.workload, SECTION.id, lambda: _read(workspace, judgement.workload))


def _read(workspace: Workspace, workload: Workload) -> AgreementSection:
    attempt = workload.attempt
    asked = pairs_of(workload, attempt) if attempt else None
    counted = workspace.calls.agreement(workload.slug, asked) if asked else PairedAnswers()
    found = agreement(counted, compared_on(workload))
    return AgreementSection(
        workload=workload.slug,
        attempt=attempt.number if attempt else 0,
        stage=asked.stage if asked else "",
        release=asked.release if asked else "",
        found=found,
        pairs=round(counted.agreeing.n),
        pairs_most=asked.most if asked else PAIRS_MOST,
        since=counted.since,
        until=counted.until,
        whole=counted.whole,
        counted=_words(counted),
        reason=found.reason if attempt else "No release has been declared for evaluation yet.",
    )


def _words(counted: PairedAnswers) -> str:
    if counted.since is None or counted.until is None:
        return ""
    pairs, since, until = round(counted.agreeing.n), counted.since, counted.until
    which = f"all {pairs:,} pairs that are kept" if counted.whole else f"the newest {pairs:,} pairs"
    rest = "" if counted.whole else "; older ones are kept and not counted"
    return f"Counted over {which}, made from {since:%Y-%m-%d %H:%M} to {until:%Y-%m-%d %H:%M} UTC{rest}."


SECTION = Section(
    id="agreement",
    title="Agreement",
    question="How often do both arms answer alike?",
    page="/evidence/segments",
    of=AgreementSection,
    build=build,
)
