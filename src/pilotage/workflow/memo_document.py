"""The decision memo: of a decision, from what was frozen with it and the record as it stood then; or a draft."""

from __future__ import annotations

from collections.abc import Iterator

from pilotage.evidence.measurements import Answer, GuardrailResult
from pilotage.record.facts import CaseFrozen, EvidenceFrozen, Recorded
from pilotage.record.fold import fold
from pilotage.record.stamps import Stamp
from pilotage.record.workload import Decision, Workload
from pilotage.reports.documents.case import Case, CaseVerdict, thawed_case
from pilotage.reports.documents.imprints import imprint
from pilotage.reports.documents.memo import MemoTold, memo_document
from pilotage.reports.documents.model import Document
from pilotage.workflow.casing import case_of, reasons_of
from pilotage.workflow.desk import Judgement, recorded_of
from pilotage.workflow.errors import NotComputable
from pilotage.workflow.freezing import thawed
from pilotage.workflow.naming import Names
from pilotage.workflow.workspace import Workspace

NOT_FROZEN = "What production costs was not frozen with this decision; an older version put it."


def newest_put(workload: Workload) -> int | None:
    """The number of the decision that the memo is about: the newest one. None where it is a draft again: nothing was
    put, an extension came into force, or the workload went back or declared another attempt since.
    """
    if not workload.decisions:
        return None
    newest = workload.decisions[-1]
    extended = newest.outcome == "extend" and workload.decision_in_force(newest)
    return None if extended or workload.overtaken(newest) else len(workload.decisions)


def memo(workspace: Workspace, judgement: Judgement, names: Names) -> Document:
    """The memo as it stands: of the newest decision, or a draft."""
    number = newest_put(judgement.workload)
    return _draft(workspace, judgement, names) if number is None else memo_of(workspace, judgement, names, number)


def memo_of(workspace: Workspace, judgement: Judgement, names: Names, number: int) -> Document:
    """The memo of one decision, counted from 1. All is as it was when it was put, but the signatures, and whom it
    reached: those are as they stood at the memo's own position.
    """
    now = judgement.workload
    decision = now.decisions[number - 1]
    entries = [recorded_of(one) for one in workspace.ledger.read(now.slug)]
    before = [one for one in entries if one.position <= decision.stamp.position]
    then = fold(now.slug, before) or now
    case, reasons, problem = _case(judgement, decision, before)
    answer, guardrails, lacking = _evidence(decision, before)
    given = now.signed("decision", decision.digest)
    stands = imprint(then, decision.stamp, *(one.stamp for one in given.values()), *_sending(now, decision.digest))
    return memo_document(
        MemoTold(
            workload=then,
            decision=decision,
            in_force=now.decision_in_force(decision),
            number=number,
            case=case,
            reasons=reasons,
            answer=answer,
            guardrails=guardrails,
            given=given,
            named=names,
            imprint=stands,
            reached=fold(now.slug, [one for one in entries if one.position <= stands.position]),
            problem=" ".join(filter(None, (problem, lacking))),
        )
    )


def _sending(workload: Workload, digest: str) -> Iterator[Stamp]:
    """The entries that sent a decision, and those that confirmed it."""
    yield from (one.stamp for one in workload.deciding.sent_of(digest))
    yield from workload.deciding.receipts.get(digest, {}).values()


def _draft(workspace: Workspace, judgement: Judgement, names: Names) -> Document:
    measured = judgement.measurements
    return memo_document(
        MemoTold(
            workload=judgement.workload,
            decision=None,
            in_force=False,
            number=0,
            case=case_of(workspace, judgement),
            reasons=reasons_of(judgement),
            answer=measured.answer if measured else None,
            guardrails=measured.guardrails if measured else (),
            given={},
            named=names,
            imprint=imprint(judgement.workload),
        )
    )


def _case(judgement: Judgement, decision: Decision, before: list[Recorded]) -> tuple[Case, dict[str, str], str]:
    """The case as frozen. A decision from before cases were frozen has its verdicts alone."""
    for one in reversed(before):
        if isinstance(one.fact, CaseFrozen) and one.fact.digest == decision.case:
            try:
                return *thawed_case(one.fact.content, one.fact.reasons), ""
            except ValueError as error:
                return _bare(judgement, decision), {}, f"The case that was frozen cannot be read: {error}."
    return _bare(judgement, decision), {}, ""


def _bare(judgement: Judgement, decision: Decision) -> Case:
    known = {one.id: (one, phase.id) for phase in judgement.playbook.phases for one in phase.criteria}
    return Case(
        verdicts=tuple(
            CaseVerdict(id=name, title=found[0].title, phase=found[1], verdict=verdict, kind=found[0].kinds[0])
            for name, verdict in decision.verdicts.items()
            if (found := known.get(name))
        ),
        production_reason=NOT_FROZEN,
    )


def _evidence(decision: Decision, before: list[Recorded]) -> tuple[Answer | None, tuple[GuardrailResult, ...], str]:
    for one in reversed(before):
        if isinstance(one.fact, EvidenceFrozen) and one.fact.digest == decision.evidence:
            try:
                found = thawed(one.fact.content)[1]
            except NotComputable as error:
                return None, (), f"The evidence that was frozen cannot be read here: {error}."
            return found.answer, found.guardrails, ""
    return None, (), ""
