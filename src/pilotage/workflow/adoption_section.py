"""The section `adoption`: how many use it, take its answers and override them, against the plan."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from typing import Any

from msgspec import Struct

from pilotage.evidence.adoption import METRICS, Rate, rates
from pilotage.evidence.explaining import Explanation, explain_rate
from pilotage.evidence.measurements import AdoptionSeen, Estimated
from pilotage.evidence.provenance import Provenance, Window, provenance
from pilotage.evidence.strata import StageTotals
from pilotage.evidence.sums import Totals
from pilotage.gates.adoption_checks import planned_of, waits_for
from pilotage.record.areas.adopting import AdoptionPlanned
from pilotage.record.digests import digest_of
from pilotage.record.stamps import Standing
from pilotage.workflow.desk import Judgement
from pilotage.workflow.section import Section
from pilotage.workflow.workspace import Workspace

PLACE = "suggest and live"
NOBODY = "Nobody was to see an answer yet, so there is nothing to take or leave."
_METRIC_OF = dict(zip(("use", "accepted", "overridden"), METRICS[1:], strict=True))


class RateJson(Struct, frozen=True, kw_only=True):
    """One rate against its plan: what it rests on, what it means, and the SHA-256 of the canonical JSON of the
    provenance, the figure and the state. `planned` is None without a plan.
    """

    id: str
    title: str
    bound: str
    planned: float | None
    seen: Estimated
    status: str
    explanation: Explanation
    provenance: Provenance
    digest: str


class AdoptionSection(Struct, frozen=True, kw_only=True):
    """The plan and the three rates, over the last thirty days at most. `reason` says what is waited for, or how it
    stands; `calls` were to be answered for `units`, and of `actions` it was told what was done.
    """

    workload: str
    demonstration: bool
    plan: Standing[AdoptionPlanned] | None
    reason: str
    release: str
    since: dt.datetime | None
    until: dt.datetime | None
    calls: int
    units: int
    actions: int
    rates: tuple[RateJson, ...]


def build(_workspace: Workspace, judgement: Judgement) -> AdoptionSection:
    """The section as of now."""
    workload, measured = judgement.workload, judgement.measurements
    seen, plan = measured.adoption if measured else None, workload.adopting.plan
    found = rates(seen, planned_of(plan.fact) if plan else None) if seen else ()
    return AdoptionSection(
        workload=workload.slug,
        demonstration=workload.demonstration,
        plan=plan,
        reason=_reason(judgement, seen, found),
        release=seen.release if seen else "",
        since=seen.since if seen else None,
        until=seen.until if seen else None,
        calls=seen.calls if seen else 0,
        units=seen.units if seen else 0,
        actions=seen.actions if seen else 0,
        rates=tuple(_rates(seen, found)) if seen else (),
    )


def _reason(judgement: Judgement, seen: AdoptionSeen | None, found: tuple[Rate, ...]) -> str:
    if seen is None:
        return NOBODY
    waits = waits_for(judgement.workload, seen)
    if waits:
        return waits
    missed = [one.title.lower() for one in found if one.status == "missed"]
    opened = [one.title.lower() for one in found if one.status == "open"]
    if missed:
        return f"Not as planned: {', '.join(missed)}."
    return (
        f"Not shown to be as planned yet: {', '.join(opened)}." if opened else "All three are shown to be as planned."
    )


def _rates(seen: AdoptionSeen, found: tuple[Rate, ...]) -> Iterator[RateJson]:
    window = Window(
        stage=PLACE, release=seen.release, sources=seen.sources, first_call_at=seen.since, last_call_at=seen.until
    )
    for one in found:
        metric = _METRIC_OF[one.id]
        sums = StageTotals(stage=PLACE, candidate=Totals(**seen.sums.get(metric.id, {})))
        rests_on = provenance(metric, "own", sums, one.seen, window=window)
        content: dict[str, Any] = {"provenance": rests_on, "compared": one.seen, "status": one.status}
        yield RateJson(
            id=one.id,
            title=one.title,
            bound=one.bound,
            planned=one.planned,
            seen=one.seen,
            status=one.status,
            explanation=explain_rate(one.title, one.seen, at_least=one.bound == ">=", planned=one.planned),
            provenance=rests_on,
            digest=digest_of(content),
        )


SECTION = Section(
    id="adoption",
    title="Adoption",
    question="How many use it, take its answers and override them, against what was planned?",
    page="/feedback",
    of=AdoptionSection,
    build=build,
)
