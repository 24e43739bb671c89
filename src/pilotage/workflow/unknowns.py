"""What nobody knows yet at the moment of a decision, in sentences: on its page and on paper alike."""

from __future__ import annotations

from collections.abc import Iterator

from pilotage.workflow.desk import Judgement

DECIDED_ON = ("select", "pilot", "evaluate")
OPEN = {"undecided", "not_estimable"}
DECISION = "evaluate.decision"


def unknowns(judgement: Judgement) -> tuple[str, ...]:
    """Everything that the decision has to be made without: open and set-aside criteria, and what was not measured."""
    return tuple(dict.fromkeys((*_criteria(judgement), *_measured(judgement), *_later(judgement))))


def _criteria(judgement: Judgement) -> Iterator[str]:
    for verdict in judgement.verdicts.values():
        if verdict.phase not in DECIDED_ON or verdict.id == DECISION:
            continue
        if verdict.verdict == "waived":
            yield f"{verdict.title} was set aside, not shown: {verdict.reason}"
        elif not verdict.passes:
            yield f"{verdict.title}: {verdict.reason}"


def _measured(judgement: Judgement) -> Iterator[str]:
    seen = judgement.measurements
    if seen is None:
        yield "Nothing was measured: no call has been recorded."
        return
    missing = seen.traffic.labels_due - seen.traffic.labelled
    if missing > 0:
        yield f"Of {seen.traffic.labels_due:,} results that were due, {missing:,} are missing."
    for one in seen.guardrails:
        if one.status in OPEN:
            yield one.reason
        elif one.survives is False:
            yield f"{one.title} would not be within its margin with every missing result put in at its worst."


def _later(judgement: Judgement) -> Iterator[str]:
    charter, seen = judgement.workload.measured_charter, judgement.measurements
    for guardrail in charter.guardrails if charter else ():
        metric = charter.metric(guardrail.metric) if charter else None
        if metric is not None and metric.observable != "shadow":
            yield f"{metric.title} can be seen only once people are exposed."
    if seen is not None and not seen.traffic.candidate_served and not seen.traffic.suggested:
        yield "How people take to its answers: nobody has seen one yet."
