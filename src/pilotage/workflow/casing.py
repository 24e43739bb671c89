"""The case of a workload as it stands: what is frozen with a decision, and what a draft of the memo is made of."""

from __future__ import annotations

from importlib.metadata import version

from msgspec import structs

from pilotage.record.context import FrozenCase
from pilotage.record.verdicts import Verdict
from pilotage.reports.documents.case import Case, CaseVerdict, frozen_case
from pilotage.workflow.charting_cost import payback_data
from pilotage.workflow.charting_target import segments_data
from pilotage.workflow.cost_section import WhatIf, curves, what_if
from pilotage.workflow.desk import Judgement
from pilotage.workflow.trust_section import checks_of
from pilotage.workflow.workspace import Workspace


def case_of(workspace: Workspace, judgement: Judgement) -> Case:
    """The case as of now."""
    workload, measured = judgement.workload, judgement.measurements
    costs = what_if(workspace, judgement, WhatIf())
    starts_on = workload.decision_on
    found = curves(workspace, judgement, WhatIf()) if starts_on else None
    return Case(
        verdicts=tuple(_verdict(one) for one in judgement.verdicts.values()),
        production=costs.estimate.case,
        production_reason=costs.estimate.reason,
        cost_usd=costs.forecast.whole.cost_usd if costs.forecast and costs.forecast.whole else None,
        waiting_usd_a_month=costs.waiting_usd_a_month,
        paid_back_month=costs.paid_back_month,
        payback=payback_data(costs, found, starts_on) if starts_on else None,
        segments=segments_data(workload, workspace.calls.totals(workload.slug)),
        checks=tuple(checks_of(measured)) if measured else (),
        calls=measured.traffic.calls if measured else 0,
        paired=measured.traffic.paired if measured else 0,
        last_call_at=measured.traffic.last_call_at if measured else None,
    )


def freeze_case(workspace: Workspace, judgement: Judgement) -> FrozenCase:
    """The case as of now, to be kept with a decision."""
    case = structs.replace(case_of(workspace, judgement), version=version("pilotage"))
    return frozen_case(case, reasons_of(judgement))


def reasons_of(judgement: Judgement) -> dict[str, str]:
    """Why each verdict is what it is. A waiver's and an attestation's own words are read where they were written."""
    return {
        one.id: one.reason
        for one in judgement.verdicts.values()
        if one.waiver is None and not (one.kind == "attested" and one.id in judgement.workload.attestations)
    }


def _verdict(one: Verdict) -> CaseVerdict:
    waiver = one.waiver
    return CaseVerdict(
        id=one.id,
        title=one.title,
        phase=one.phase,
        verdict=one.verdict,
        kind=one.kind,
        signers=waiver.signers if waiver else (),
        expires_on=waiver.expires_on if waiver else None,
        waived_at=waiver.position if waiver else None,
    )
