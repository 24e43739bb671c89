"""Answers to the reviews' questions that the product can propose: from what was measured, or is on record. Pure.

A proposal is shown beside a question and marked with where it comes from. It answers nothing by itself: somebody of the
team takes it over, or writes another answer.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

from msgspec import Struct

from pilotage.evidence.measurements import Estimate, GuardrailResult
from pilotage.playbook.metrics import Guardrail
from pilotage.playbook.types import Known
from pilotage.record.workload import Workload
from pilotage.workflow.desk import Judgement

Source = Literal["measured", "recorded"]
SHOWN_MODES = frozenset({"suggest", "live"})


class Proposal(Struct, frozen=True, kw_only=True):
    """What the product knows: measured on the traffic, or recorded at a ledger position."""

    text: str
    source: Source
    ledger: int | None = None


def proposal(known: Known | None, judgement: Judgement) -> Proposal | None:
    """What can be proposed for a question; None where nothing is known yet."""
    return _PROPOSERS[known](judgement) if known is not None else None


def _cleared(judgement: Judgement, words: Callable[[Workload, str], str]) -> Proposal | None:
    clearances = judgement.workload.clearances
    if not clearances:
        return None
    said = "; ".join(f"cleared for {area}: {words(judgement.workload, area)}" for area in sorted(clearances))
    position = max(clearance.stamp.position for clearance in clearances.values())
    return Proposal(text=f"{said[:1].upper()}{said[1:]}.", source="recorded", ledger=position)


def _fields(judgement: Judgement) -> Proposal | None:
    return _cleared(judgement, lambda workload, area: ", ".join(workload.clearances[area].fields))


def _processors(judgement: Judgement) -> Proposal | None:
    cleared = _cleared(
        judgement, lambda workload, area: ", ".join(workload.clearances[area].processors) or "nobody else processes it"
    )
    if cleared is not None:
        return cleared
    outside = judgement.workload.outside_processor
    said = "Somebody outside processes it" if outside else "Nobody outside processes it"
    return Proposal(
        text=f"{said}, as the proposal says.", source="recorded", ledger=judgement.workload.proposed.position
    )


def _retention(judgement: Judgement) -> Proposal | None:
    return _cleared(judgement, lambda workload, area: f"kept for {workload.clearances[area].retention_days} days")


def _exposure(judgement: Judgement) -> Proposal:
    now, most = _exposed(judgement.mode, judgement.percent), judgement.ceiling
    to = f" to {', '.join(judgement.cohorts)}" if judgement.cohorts else ""
    cohort = ", to a named cohort" if most.cohort_required else ""
    stamp = judgement.workload.exposure.stamp
    return Proposal(
        text=f"Exposed now: {now}{to}. The passed gates allow at most {_exposed(most.mode, most.percent)}{cohort}.",
        source="recorded",
        ledger=stamp.position if stamp else None,
    )


def _exposed(mode: str, percent: float) -> str:
    return f"{mode} {percent:g} %" if mode in SHOWN_MODES else mode


def _release(judgement: Judgement) -> Proposal | None:
    release = judgement.workload.release
    if release is None:
        return None
    parameters = f", parameters {release.parameters}" if release.parameters else ""
    return Proposal(
        text=f"Release {release.name}, digest {release.digest}: code {release.code_revision}, environment "
        f"{release.environment}, model {release.model}{parameters}, data {release.data_source}.",
        source="recorded",
        ledger=release.stamp.position,
    )


def _guardrails(judgement: Judgement) -> Proposal | None:
    version = judgement.workload.charter_version
    if version is None or not version.charter.guardrails:
        return None
    seen = {result.metric: result for result in judgement.measurements.guardrails} if judgement.measurements else {}
    said = "; ".join(_guardrail(guardrail, seen.get(guardrail.metric)) for guardrail in version.charter.guardrails)
    source: Source = "measured" if seen else "recorded"
    return Proposal(
        text=f"{said}. When one breaks, people are served by the incumbent again.",
        source=source,
        ledger=version.stamp.position,
    )


def _guardrail(guardrail: Guardrail, seen: GuardrailResult | None) -> str:
    bound = f"limit {guardrail.limit:g}" if guardrail.limit is not None else f"margin {guardrail.margin:g}"
    return f"{guardrail.metric}: {bound}" + (f", now {seen.status.replace('_', ' ')}" if seen else "")


def _fallback(judgement: Judgement) -> Proposal:
    workload = judgement.workload
    text = f"Anybody with a role here may use the kill switch; then the work is done by: {workload.incumbent}."
    return Proposal(text=text, source="recorded", ledger=workload.proposed.position)


def _coverage(judgement: Judgement) -> Proposal | None:
    coverage = judgement.measurements.coverage if judgement.measurements else ()
    shares = [f"{one.field} on {one.share:.1%} of {one.calls:,} calls" for one in coverage if one.share is not None]
    return Proposal(text=f"Recorded: {'; '.join(shares)}.", source="measured") if shares else None


def _personal_data(judgement: Judgement) -> Proposal:
    workload = judgement.workload
    said = "Personal data reach the candidate" if workload.personal_data else "No personal data reach the candidate"
    return Proposal(text=f"{said}, as the proposal says.", source="recorded", ledger=workload.proposed.position)


def _owner(judgement: Judgement) -> Proposal | None:
    workload = judgement.workload
    if workload.owner is None or workload.acceptance is None:
        return None
    sides = {"technical": workload.acceptance.technical, "operational": workload.acceptance.operational}
    over = " and the ".join(side for side, has in sides.items() if has)
    authority = f"with authority over the {over} side" if over else "without authority over either side"
    text = f"{workload.owner} accepted ownership, {authority}: {workload.acceptance.statement}"
    return Proposal(text=text, source="recorded", ledger=workload.acceptance.stamp.position)


def _risks(judgement: Judgement) -> Proposal | None:
    version = judgement.workload.charter_version
    if version is None or not version.charter.risks:
        return None
    text = f"The charter names: {' '.join(version.charter.risks)}"
    return Proposal(text=text, source="recorded", ledger=version.stamp.position)


def _target(judgement: Judgement) -> Proposal | None:
    answer = judgement.measurements.answer if judgement.measurements else None
    if answer is None or not isinstance(answer.estimate, Estimate):
        return None
    found = answer.estimate
    text = (
        f"{answer.metric}, {answer.form}: {found.value:.4g} ({found.low:.4g} to {found.high:.4g}) on {found.calls:,} "
        f"calls. {answer.reason}"
    )
    return Proposal(text=text, source="measured")


def _volume(judgement: Judgement) -> Proposal | None:
    version = judgement.workload.charter_version
    calls = judgement.measurements.traffic.calls if judgement.measurements else 0
    planned = f"{version.charter.target.calls_per_week:,.0f} calls a week are planned for" if version else ""
    counted = f"{calls:,} calls were recorded so far" if calls else ""
    said = "; ".join(filter(None, (counted, planned)))
    if not said:
        return None
    position = version.stamp.position if version else None
    return Proposal(text=f"{said[:1].upper()}{said[1:]}.", source="measured" if calls else "recorded", ledger=position)


def _place(judgement: Judgement) -> Proposal | None:
    place = judgement.workload.planning.place
    if place is None:
        return None
    fact = place.fact
    text = f"{fact.arrives} It is seen by {fact.seen_by}. Without an answer: {fact.when_absent}"
    return Proposal(text=text, source="recorded", ledger=place.stamp.position)


def _source(judgement: Judgement) -> Proposal | None:
    source = judgement.workload.planning.source
    if source is None:
        return None
    text = f"Chosen: {source.fact.choice}; compared: {', '.join(source.fact.compared)}. {source.fact.reason}"
    return Proposal(text=text, source="recorded", ledger=source.stamp.position)


def _classification(judgement: Judgement) -> Proposal | None:
    standing = judgement.workload.risk.classified
    if standing is None:
        return None
    fact, asked = standing.fact, {risk.id: risk for risk in judgement.playbook.risks}
    said = "; ".join(
        f"{risk.title.lower()}: {risk.answer(getattr(fact, risk.id)).rstrip('.')}" for risk in asked.values()
    )
    why = f" {fact.reasons}" if fact.reasons else ""
    return Proposal(
        text=f"By the risk classification it is in the {fact.lane} lane. {said[:1].upper()}{said[1:]}.{why}",
        source="recorded",
        ledger=standing.stamp.position,
    )


_PROPOSERS: dict[Known, Callable[[Judgement], Proposal | None]] = {
    "fields": _fields,
    "processors": _processors,
    "retention": _retention,
    "exposure": _exposure,
    "release": _release,
    "guardrails": _guardrails,
    "fallback": _fallback,
    "coverage": _coverage,
    "personal-data": _personal_data,
    "owner": _owner,
    "risks": _risks,
    "target": _target,
    "volume": _volume,
    "place": _place,
    "source": _source,
    "classification": _classification,
}
