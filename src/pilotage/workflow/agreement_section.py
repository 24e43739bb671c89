"""The section `agreement`: how often both arms answer alike, and by how much that is more than chance."""

from __future__ import annotations

from msgspec import Struct

from pilotage.evidence.agreement import AgreementFound, PairedAnswers, agreement
from pilotage.workflow.desk import Judgement
from pilotage.workflow.pairs import compared_on, pairs_of
from pilotage.workflow.section import Section
from pilotage.workflow.workspace import Workspace


class AgreementSection(Struct, frozen=True, kw_only=True):
    """Agreement and Cohen's kappa over the attempt's pairs whose calls are kept, with the most frequent differences."""

    workload: str
    attempt: int
    stage: str
    release: str
    found: AgreementFound
    reason: str


def build(workspace: Workspace, judgement: Judgement) -> AgreementSection:
    """The section as of now. Reads the calls that are kept."""
    workload, attempt = judgement.workload, judgement.workload.attempt
    compared = compared_on(workload)
    asked = pairs_of(workload, attempt) if attempt else None
    counted = workspace.calls.agreement(workload.slug, asked) if asked else PairedAnswers()
    found = agreement(counted, compared)
    return AgreementSection(
        workload=workload.slug,
        attempt=attempt.number if attempt else 0,
        stage=asked.stage if asked else "",
        release=asked.release if asked else "",
        found=found,
        reason=found.reason if attempt else "No release has been declared for evaluation yet.",
    )


SECTION = Section(
    id="agreement",
    title="Agreement",
    question="How often do both arms answer alike?",
    page="/evidence/segments",
    of=AgreementSection,
    build=build,
)
