"""The system card of a workload as it stands. Reviews are read at the time of the newest entry."""

from __future__ import annotations

from pilotage.record.review_standing import standings
from pilotage.reports.documents.card import CardTold, card_document
from pilotage.reports.documents.imprints import imprint
from pilotage.reports.documents.model import Document
from pilotage.reports.numbers import percent
from pilotage.workflow.charting_target import segments_data
from pilotage.workflow.desk import Judgement
from pilotage.workflow.naming import Names
from pilotage.workflow.segments_section import tables
from pilotage.workflow.trust_section import checks_of
from pilotage.workflow.workspace import Workspace

FULL = 100.0
NOBODY_SEES = {"none": "nobody; it does not run", "shadow": "nobody; it runs unseen beside the incumbent"}


def card(workspace: Workspace, judgement: Judgement, names: Names) -> Document:
    """The card as it stands."""
    workload, measured = judgement.workload, judgement.measurements
    totals = workspace.calls.totals(workload.slug)
    checks = tuple(checks_of(measured)) if measured else ()
    return card_document(
        CardTold(
            workload=workload,
            playbook=judgement.playbook,
            exposure=exposure_of(judgement),
            answer=measured.answer if measured else None,
            guardrails=measured.guardrails if measured else (),
            live_guardrails=measured.live_guardrails if measured else (),
            segments=next(iter(tables(workload, totals)), None) if workload.attempt else None,
            forest=segments_data(workload, totals),
            violated=tuple(f"{one.title}: {one.reason}" for one in checks if one.verdict == "violated"),
            reviews=standings(workload, judgement.playbook, workload.updated_at),
            last_call_at=measured.traffic.last_call_at if measured else None,
            named=names,
            imprint=imprint(workload),
        )
    )


def exposure_of(judgement: Judgement) -> str:
    """Who sees the candidate's answers now, in words."""
    if judgement.mode in NOBODY_SEES:
        return NOBODY_SEES[judgement.mode]
    share, cohorts = percent(judgement.percent / FULL), ", ".join(judgement.cohorts)
    to = f"{share} of {cohorts}" if cohorts else share
    return f"{to}, as a suggestion to a person" if judgement.mode == "suggest" else f"{to}, served"
