"""The waivers that the verdicts frozen with a decision rest on, as they stood when it was put."""

from __future__ import annotations

from pilotage.record.facts import AnyFact, CaseFrozen, Waived
from pilotage.record.verdicts import WaiverNote
from pilotage.record.workload import Decision, Workload
from pilotage.reports.documents.case import CaseVerdict, thawed_case
from pilotage.workflow.desk import recorded_of
from pilotage.workflow.workspace import Workspace


def frozen_waivers(workspace: Workspace, workload: Workload, decision: Decision | None) -> dict[str, WaiverNote]:
    """Each waiver under a decision's verdicts by criterion, from the case that was frozen with it; whoever asks for
    another since changes nothing of it. Empty for a decision from before cases were frozen.
    """
    at = workload.frozen.get(decision.case) if decision and decision.case else None
    case = _fact_at(workspace, at)
    if not isinstance(case, CaseFrozen):
        return {}
    try:
        verdicts = thawed_case(case.content, case.reasons)[0].verdicts
    except ValueError:
        # The memo says that it cannot be read; a verdict without its waiver says so where it stands.
        return {}
    return {one.id: note for one in verdicts if (note := _note(workspace, one)) is not None}


def _note(workspace: Workspace, one: CaseVerdict) -> WaiverNote | None:
    asked = _fact_at(workspace, one.waived_at)
    if one.waived_at is None or one.expires_on is None or not isinstance(asked, Waived):
        return None
    return WaiverNote(reason=asked.reason, signers=one.signers, expires_on=one.expires_on, position=one.waived_at)


def _fact_at(workspace: Workspace, position: int | None) -> AnyFact | None:
    """The fact at a position of the ledger."""
    entries = workspace.ledger.read_all(after=position - 1, limit=1) if position else ()
    return recorded_of(entries[0]).fact if entries else None
