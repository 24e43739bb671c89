"""The section `answer`: the answer on the target, every figure that it rests on, and what each figure rests on.

Every figure carries its evidence: the window of calls, the sums, the method, the conditions that were checked, and a
digest over all that; and it says in plain words what it means.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator, Mapping
from typing import Literal

from msgspec import Struct, structs

from pilotage.evidence.caps import cut_off, in_words
from pilotage.evidence.explaining import (
    Explanation,
    explain_guardrail,
    explain_observed,
    explain_target,
)
from pilotage.evidence.figures import figures
from pilotage.evidence.labels import in_words as anchored_in_words
from pilotage.evidence.measurements import AnswerKind, Check, Estimated, GuardrailResult, Measurements, Traffic
from pilotage.evidence.over_stages import OverStages
from pilotage.evidence.provenance import Provenance, Window, provenance
from pilotage.evidence.snapshot import Snapshot, plain
from pilotage.evidence.strata import StageTotals
from pilotage.playbook.kinds import Form
from pilotage.playbook.metrics import Metric
from pilotage.record.charter import Charter
from pilotage.record.digests import digest_of
from pilotage.record.facts import EvidenceFrozen
from pilotage.record.stages import stage_of
from pilotage.record.verdicts import WaiverNote
from pilotage.record.workload import Decision, Workload
from pilotage.storage.protocols import SumRow
from pilotage.workflow.desk import Judgement, recorded_of
from pilotage.workflow.errors import NotComputable, Outdated
from pilotage.workflow.freezing import recomputed, thawed
from pilotage.workflow.frozen_waivers import frozen_waivers
from pilotage.workflow.live_figures import by_stage
from pilotage.workflow.measuring import plan_of
from pilotage.workflow.rollout import compared_over_stages
from pilotage.workflow.section import Section
from pilotage.workflow.trust_section import checks_of
from pilotage.workflow.views import target_json
from pilotage.workflow.workspace import Workspace

Role = Literal["target", "guardrail", "live guardrail", "observed"]


class FigureJson(Struct, frozen=True, kw_only=True):
    """One metric in one place: each arm's mean, how they compare under `form`, and what follows.

    `status` is the answer's or the guardrail's, and empty for a metric that nothing was promised of. `compared` is
    oriented, positive is better, unless `form` is `own`. `digest` is the SHA-256 of the canonical JSON of `provenance`,
    sums without a zero in it, together with `compared` and `status`.
    """

    metric: str
    title: str
    role: Role
    stage: str
    form: Form
    incumbent: Estimated
    candidate: Estimated
    compared: Estimated
    status: str
    reason: str
    explanation: Explanation
    provenance: Provenance
    digest: str


class DecisionJson(Struct, frozen=True, kw_only=True):
    """One decision with what it rested on. `evidence` is the digest of the frozen evidence, at the ledger's position
    `frozen_at`; null where none was frozen. `verdicts` are every criterion's as frozen, `waivers` what the
    waived ones rest on. `same`: whether the evidence,
    computed again, comes to what it came to, with `differences` where it does not, and a `problem` where it cannot be
    computed again here. `store`: how the sums that are kept now differ from those of the evidence.
    """

    outcome: str
    answer: str
    at: dt.datetime
    position: int
    digest: str
    evidence: str | None
    frozen_at: int | None
    verdicts: dict[str, str]
    waivers: dict[str, WaiverNote]
    same: bool | None
    differences: tuple[str, ...]
    problem: str
    store: str


class AnswerSection(Struct, frozen=True, kw_only=True):
    """The answer on the target, why, and its figures: the target first, then the guardrails, in shadow and live, then
    what was only observed. `stages_together` compares the arms over all live stages of the roll-out, from its second
    stage on. `decisions` are those put so far, the newest first.

    `metric` is null before there is a charter, `projected` where no day has an even chance of an answer.
    """

    workload: str
    demonstration: bool
    taken_at: dt.datetime | None
    metric: str | None
    answer: AnswerKind
    reason: str
    attempt: int
    projected: dt.date | None
    figures: tuple[FigureJson, ...]
    stages_together: tuple[OverStages, ...]
    decisions: tuple[DecisionJson, ...]


def build(workspace: Workspace, judgement: Judgement) -> AnswerSection:
    """The section as of now."""
    workload, measured = judgement.workload, judgement.measurements
    target, charter = target_json(judgement), workload.measured_charter
    found = _Figures(workspace, judgement, measured, charter).all() if measured and charter else ()
    return AnswerSection(
        workload=workload.slug,
        demonstration=workload.demonstration,
        taken_at=measured.taken_at if measured else None,
        metric=target.metric,
        answer=target.answer,
        reason=target.reason,
        attempt=workload.attempt.number if workload.attempt else 0,
        projected=target.projected,
        figures=tuple(found),
        stages_together=compared_over_stages(workspace, workload, workspace.calls.totals(workload.slug)),
        decisions=tuple(_decision(workspace, workload, decision) for decision in reversed(workload.decisions)),
    )


def _decision(workspace: Workspace, workload: Workload, decision: Decision) -> DecisionJson:
    at = workload.frozen.get(decision.evidence) if decision.evidence else None
    content = _content(workspace, at) if at is not None else None
    again, problem, store = None, "", ""
    if content is not None:
        try:
            again = recomputed(content)
            store = kept_since(thawed(content)[0], workspace.calls.totals(workload.slug))
        except NotComputable as error:
            problem = str(error)
    return DecisionJson(
        outcome=decision.outcome,
        answer=decision.answer,
        at=decision.stamp.at,
        position=decision.stamp.position,
        digest=decision.digest,
        evidence=decision.evidence,
        frozen_at=at,
        verdicts=decision.verdicts,
        waivers=frozen_waivers(workspace, workload, decision),
        same=again.same if again else False if problem else None,
        differences=again.differences if again else (),
        problem=problem,
        store=store,
    )


def _content(workspace: Workspace, position: int) -> str | None:
    """The frozen evidence at a position of the ledger."""
    entries = workspace.ledger.read_all(after=position - 1, limit=1)
    fact = recorded_of(entries[0]).fact if entries else None
    return fact.content if isinstance(fact, EvidenceFrozen) else None


def kept_since(snapshot: Snapshot, rows: Iterable[SumRow]) -> str:
    """How the store's sums of the target differ from the frozen ones: by units that were erased, or came since."""
    metric, empty = snapshot.target.metric, StageTotals(stage=snapshot.stage)
    stages = by_stage(rows, metric, snapshot.release)
    now = next((stage for stage in stages if stage.stage == snapshot.stage), empty)
    then = snapshot.latest.get(metric, empty)
    series = "candidate" if snapshot.target.form == "own" else "paired"
    came = round(getattr(now, series).units - getattr(then, series).units)
    if came < 0:
        return f"Computed from the sums that are kept now it differs by {_counted(-came, 'erased unit')}."
    if came > 0:
        return f"{_counted(came, 'unit')} came since; the decision rests on those before."
    return "The sums that are kept now are of as many units."


def _counted(number: int, noun: str) -> str:
    """`1 unit`, `3 units`."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


class _Figures:
    """The figures of one judgement, each with its evidence."""

    def __init__(self, workspace: Workspace, judgement: Judgement, measured: Measurements, charter: Charter) -> None:
        workload = judgement.workload
        self._measured = measured
        self._charter = charter
        # The plan also sums what no charter promises: what the arms spent has a section of its own.
        promised = {metric.id for metric in charter.metrics}
        self._metrics: dict[str, Metric] = {m.id: m for m in plan_of(workload).metrics if m.id in promised}
        self._rows: tuple[SumRow, ...] = workspace.calls.totals(workload.slug)
        self._workspace = workspace
        self._slug = workload.slug
        self._attempt = workload.attempt
        self._place = stage_of("shadow", 0, workload.attempt)
        self._release = workload.release.name if workload.release else ""
        self._sources = ("replay",) if workload.demonstration else ("real",)
        self._traffic: dict[str, Traffic] = {}
        self._frozen = self._newest_sums()
        self._checks = tuple(checks_of(measured))
        self._bases = {one.stage: one for one in measured.label_bases}

    def _newest_sums(self) -> Mapping[str, StageTotals]:
        """The sums that the answer was computed from; after a decision they are those of its day."""
        try:
            snapshot = self._workspace.measuring.snapshot(self._slug, self._measured)
        except Outdated:
            return {}
        return snapshot.latest if snapshot else {}

    def all(self) -> Iterator[FigureJson]:
        """Target, guardrails in shadow, guardrails live, and what was only observed."""
        if target := self._target():
            yield target
        for result in self._measured.guardrails:
            yield self._guardrail(result, "guardrail")
        for result in self._measured.live_guardrails:
            yield self._guardrail(result, "live guardrail")
        yield from self._observed()

    def _target(self) -> FigureJson | None:
        answer = self._measured.answer
        if answer is None:
            return None
        metric, target = self._metrics[answer.metric], self._charter.target
        bare = FigureJson(
            metric=metric.id,
            title=metric.title,
            role="target",
            stage=self._place,
            form=target.form,
            incumbent=answer.incumbent,
            candidate=answer.candidate,
            compared=answer.estimate,
            status=answer.answer,
            reason=answer.reason,
            explanation=explain_target(
                answer,
                target,
                metric,
                cut=self._cut(metric, self._place, by_answer=True),
                anchored=self._anchored(metric, self._place),
            ),
            provenance=self._evidence(metric, target.form, self._place, answer.estimate, by_answer=True),
            digest="",
        )
        return _sealed(bare)

    def _guardrail(self, result: GuardrailResult, role: Role) -> FigureJson:
        metric, live = self._metrics[result.metric], role == "live guardrail"
        form: Form = "difference" if result.limit is None else "own"
        compared = result.difference if result.limit is None else result.candidate
        place = result.stage or self._place
        bare = FigureJson(
            metric=metric.id,
            title=metric.title,
            role=role,
            stage=place,
            form=form,
            incumbent=result.incumbent,
            candidate=result.candidate,
            compared=compared,
            status=result.status,
            reason=result.reason,
            explanation=explain_guardrail(
                result,
                metric,
                live=live,
                cut=self._cut(metric, place, live=live),
                anchored=self._anchored(metric, place),
            ),
            provenance=self._evidence(metric, form, place, compared, live=live),
            digest="",
        )
        return _sealed(bare)

    def _observed(self) -> Iterator[FigureJson]:
        """Metrics that nothing was promised of, where the attempt is judged."""
        if self._attempt is None:
            return
        promised = {self._charter.target.metric, *(guardrail.metric for guardrail in self._charter.guardrails)}
        for metric in self._metrics.values():
            if metric.id in promised:
                continue
            found = figures(metric, "difference", (self._stage(metric, self._place),))
            bare = FigureJson(
                metric=metric.id,
                title=metric.title,
                role="observed",
                stage=self._place,
                form="difference",
                incumbent=found.incumbent,
                candidate=found.candidate,
                compared=found.comparison,
                status="",
                reason="",
                explanation=explain_observed(
                    found.comparison,
                    metric,
                    cut=self._cut(metric, self._place),
                    anchored=self._anchored(metric, self._place),
                ),
                provenance=self._evidence(metric, "difference", self._place, found.comparison),
                digest="",
            )
            yield _sealed(bare)

    def _evidence(
        self,
        metric: Metric,
        form: Form,
        place: str,
        compared: Estimated,
        *,
        live: bool = False,
        by_answer: bool = False,
    ) -> Provenance:
        if place not in self._traffic:
            self._traffic[place] = self._workspace.calls.traffic(self._slug, [place])
        traffic = self._traffic[place]
        window = Window(
            stage=place,
            release=self._release,
            sources=self._sources,
            first_call_at=traffic.first_call_at,
            last_call_at=traffic.last_call_at,
        )
        return provenance(
            metric,
            form,
            self._judged(metric, place, by_answer=by_answer),
            compared,
            window=window,
            checks=self._checks_of(metric, place, by_answer=by_answer),
            live=live,
        )

    def _cut(self, metric: Metric, place: str, *, live: bool = False, by_answer: bool = False) -> str:
        """What the metric's caps did to the figure, in words."""
        return in_words(metric, cut_off(self._judged(metric, place, by_answer=by_answer), live=live))

    def _anchored(self, metric: Metric, place: str) -> str:
        """How many of the labels that a figure rests on were given after a suggestion, in words."""
        return anchored_in_words(self._bases.get(place)) if metric.labels else ""

    def _judged(self, metric: Metric, place: str, *, by_answer: bool) -> StageTotals:
        """The sums of a figure; the answer's are those that it was computed from."""
        frozen = self._frozen.get(metric.id, StageTotals(stage=place)) if by_answer and self._frozen else None
        return frozen or self._stage(metric, place)

    def _stage(self, metric: Metric, place: str) -> StageTotals:
        stages = by_stage(self._rows, metric.id, self._release or None)
        return next((stage for stage in stages if stage.stage == place), StageTotals(stage=place))

    def _checks_of(self, metric: Metric, place: str, *, by_answer: bool) -> Iterator[Check]:
        """The checks of the section `trust` that are about this metric; the target has those about everything too."""
        for check in self._checks:
            about, _, named = check.id.partition(":")
            everywhere = not named and by_answer
            if (
                named == metric.id
                or named.startswith(f"{metric.id}:")
                or everywhere
                or (about == "labels" and metric.labelled)
                or (about == "label_bases" and named == place and metric.labels)
            ):
                yield check


def _sealed(bare: FigureJson) -> FigureJson:
    """The figure with its digest."""
    content = {"provenance": plain(bare.provenance), "compared": bare.compared, "status": bare.status}
    return structs.replace(bare, digest=digest_of(content))


SECTION = Section(
    id="answer",
    title="The answer",
    question="Does the candidate keep what the charter promises?",
    page="/evidence",
    of=AnswerSection,
    build=build,
)
