"""The sponsor's brief of a workload as it stands."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

from pilotage.gates.evaluate import gate_of
from pilotage.reports.documents.brief import ROOMS, BriefTold, Gain, brief_document
from pilotage.reports.documents.imprints import imprint
from pilotage.reports.documents.model import Document
from pilotage.reports.documents.typesetting import typesetter
from pilotage.reports.documents.wording import unmarked
from pilotage.workflow.answer_section import build as answer_section
from pilotage.workflow.casing import case_of
from pilotage.workflow.charting_target import looks_data
from pilotage.workflow.cost_section import WhatIf, what_if
from pilotage.workflow.desk import Judgement
from pilotage.workflow.naming import Names
from pilotage.workflow.views import target_json
from pilotage.workflow.workspace import Workspace

STATES = {
    "reached": "The target is proven.",
    "below_floor": "It was shown to lie below the floor.",
    "harmed": "Something that must not get worse did.",
    "futile": "The target will hardly be shown any more.",
    "keep_running": "Whether the target is kept is not known yet.",
}
DECIDED = {
    "go": "It was decided to go on.",
    "no_go": "It was decided not to go on.",
    "extend": "The pilot was extended.",
}
PLACES = ("target", "guardrail", "observed")


def brief(workspace: Workspace, judgement: Judgement, names: Names) -> Document:
    """The brief as it stands, on one page: with everything if that fits, else with what the rule leaves."""
    return fitted(_told(workspace, judgement, names))


def fitted(told: BriefTold) -> Document:
    """The longest brief that takes no more than one page, as measured by setting it."""
    made = (brief_document(told, room) for room in ROOMS[:-1])
    found = next((document for document in made if typesetter().fit(document).fits), None)
    return found or brief_document(told, ROOMS[-1])


def _told(workspace: Workspace, judgement: Judgement, names: Names) -> BriefTold:
    workload, measured = judgement.workload, judgement.measurements
    charter = workload.measured_charter
    case, costs = case_of(workspace, judgement), what_if(workspace, judgement, WhatIf())
    answer = measured.answer if measured else None
    metric = charter.metric(charter.target.metric) if charter else None
    return BriefTold(
        workload=workload,
        state=_state(judgement),
        answer=answer,
        gains=tuple(_gains(workspace, judgement)),
        production=case.production,
        production_reason=case.production_reason,
        cost=case.cost_usd,
        net=costs.forecast.net_usd_a_year if costs.forecast else None,
        waiting=case.waiting_usd_a_month,
        payback=case.payback,
        looks=looks_data(answer, charter.target, metric) if answer and charter and metric else None,
        plan=tuple(_plan(judgement)),
        prepares=tuple(_prepares(judgement)),
        needs=tuple(names.named(one) for one in dict.fromkeys(needs(judgement))),
        named=names,
        imprint=imprint(workload),
    )


def _state(judgement: Judgement) -> str:
    """One or two sentences: what was decided, and what is known of the target."""
    workload, target = judgement.workload, target_json(judgement)
    said = STATES.get(target.answer) or target.reason
    if workload.killed:
        return f"It is switched off. {said}"
    decided = DECIDED[workload.decision.outcome] if workload.decision else ""
    return f"{decided} {said}".strip()


def _gains(workspace: Workspace, judgement: Judgement) -> Iterator[Gain]:
    """What the traffic shows of each metric, the target first. A metric that was not measured is only promised."""
    charter = judgement.workload.measured_charter
    if charter is None:
        return
    figures = [one for one in answer_section(workspace, judgement).figures if one.role in PLACES]
    for one in figures:
        metric = charter.metric(one.metric)
        if metric is not None:
            yield Gain(
                metric=metric,
                form=one.form,
                incumbent=one.incumbent,
                candidate=one.candidate,
                compared=one.compared,
            )


def _plan(judgement: Judgement) -> Iterator[tuple[str, dt.date | None]]:
    workload = judgement.workload
    charter, costing = workload.charter, workload.costing
    yield "Pilot begins", charter.starts_on if charter else None
    yield "Decide by", workload.decision_on
    if costing.funding is not None:
        yield "Money ends", costing.funding.fact.until_on


def _prepares(judgement: Judgement) -> Iterator[tuple[str, dt.date]]:
    titles = {stream.id: stream.title for stream in judgement.playbook.streams}
    for stream in judgement.workload.change.streams.values():
        if stream.fact.progress != "done":
            yield titles.get(stream.fact.stream, stream.fact.stream).lower(), stream.fact.due_on


def needs(judgement: Judgement) -> Iterator[str]:
    """What waits for the sponsor: signatures first, then what only the sponsor can move of the gate ahead."""
    workload = judgement.workload
    version, decision = workload.charter_version, workload.decisions[-1] if workload.decisions else None
    if version is not None and "sponsor" not in workload.signed("charter", version.digest):
        yield f"Read and sign version {version.version} of the charter, or say what is missing."
    waits = decision is not None and not workload.overtaken(decision) and not workload.decision_in_force(decision)
    if decision is not None and waits and "sponsor" not in workload.signed("decision", decision.digest):
        yield f"Read the decision memo and sign the {decision.outcome.replace('_', '-')}, or say why not."
    for waiver in workload.waivers.values():
        if waiver.digest not in workload.in_force and workload.sponsor not in workload.waiver_signers(waiver):
            yield f"Sign the waiver of {waiver.criterion}, or refuse it."
    for verdict in gate_of(judgement.verdicts, workload.phase):
        if not verdict.passes and verdict.next is not None and verdict.next.by == "sponsor":
            yield unmarked(verdict.next.action)
