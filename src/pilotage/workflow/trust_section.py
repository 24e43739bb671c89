"""The section `trust`: the conditions that the answer rests on, each with its figure, its bound and what it means."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

from msgspec import Struct

from pilotage.evidence.answer import DROPPED_SHARE_MAX
from pilotage.evidence.labels import labels_check
from pilotage.evidence.measurements import Answer, Check, GuardrailResult, Measurements
from pilotage.evidence.sample_ratio import StageRatio
from pilotage.workflow.correcting import corrections_check
from pilotage.workflow.desk import Judgement
from pilotage.workflow.section import Section
from pilotage.workflow.workspace import Workspace

NOTHING = "Nothing has been measured that could be checked: there is no charter with a target, or no release declared."


class TrustSection(Struct, frozen=True, kw_only=True):
    """Every condition that was checked. `reason` sums them up; `stages` are the units by assigned arm while live.

    A check's `figure` is held to its `bound`; `p` is the probability of such a figure by chance, where there is a test.
    """

    workload: str
    demonstration: bool
    taken_at: dt.datetime | None
    reason: str
    checks: tuple[Check, ...]
    stages: tuple[StageRatio, ...]


def build(workspace: Workspace, judgement: Judgement) -> TrustSection:
    """The section as of now."""
    workload, measured = judgement.workload, judgement.measurements
    checks = (*checks_of(measured), *corrections_check(workspace.calls, judgement)) if measured else ()
    return TrustSection(
        workload=workload.slug,
        demonstration=workload.demonstration,
        taken_at=measured.taken_at if measured else None,
        reason=_summed_up(checks),
        checks=checks,
        stages=measured.sample_ratio.stages if measured and measured.sample_ratio else (),
    )


def checks_of(measured: Measurements) -> Iterator[Check]:
    """All checks: those made of sums of their own, and those that the answer was held to."""
    yield from measured.checks
    yield from (check for one in measured.label_bases if (check := labels_check(one)) is not None)
    if measured.answer is None:
        return
    yield from _labels(measured)
    if measured.answer.imputed is not None:
        yield _at_worst(measured.answer)
    yield from (_guardrail(result) for result in measured.guardrails if result.survives is not None)
    if measured.shadow is not None and measured.shadow.dropped_share is not None:
        yield _dropped(measured.shadow.dropped_share)


def _labels(measured: Measurements) -> Iterator[Check]:
    for one in measured.coverage:
        if one.field != "label":
            continue
        known = one.share is not None
        yield Check(
            id="labels",
            title="Labels arrived",
            verdict="not_estimable" if not known else "held" if (one.share or 0.0) >= one.required else "violated",
            meaning="Only calls whose window has closed are asked. What is estimated from the labelled ones holds for "
            "all only if few are missing.",
            reason=f"{one.present:,} of the {one.calls:,} labels that are due arrived in time."
            if known
            else "No label is due yet.",
            figure=one.share,
            bound=one.required,
        )


def _at_worst(answer: Answer) -> Check:
    found = answer.imputed
    if found is None or found.due == 0:
        verdict, reason, figure = "not_estimable", "No label is due yet.", None
    else:
        verdict = "violated" if found.survives is False else "held" if found.survives else "not_estimable"
        reason, figure = found.reason, found.missing / found.due
    return Check(
        id="missing_at_worst",
        title="The answer survives the missing labels",
        verdict=verdict,  # type: ignore[arg-type]  # one of the three words
        meaning="Every missing label is put in so that it speaks against the candidate as much as it can; where both "
        "arms gave the same answer it judges both alike.",
        reason=reason,
        figure=figure,
    )


def _guardrail(result: GuardrailResult) -> Check:
    holds = "holds" if result.survives else "would not hold"
    return Check(
        id=f"missing_at_worst:{result.metric}",
        title=f"{result.title} holds without the missing labels",
        verdict="held" if result.survives else "violated",
        meaning="As for the target: every missing label is put in at its worst for the candidate.",
        reason=f"With every missing label at its worst the guardrail {holds}.",
    )


def _dropped(share: float) -> Check:
    return Check(
        id="dropped",
        title="Shadowing left nothing out",
        verdict="held" if share <= DROPPED_SHARE_MAX else "violated",
        meaning="Calls that were to run in shadow and were dropped under load may be unlike the others.",
        reason=f"{share:.2%} of the calls that were to run in shadow were dropped.",
        figure=share,
        bound=DROPPED_SHARE_MAX,
    )


def _summed_up(checks: tuple[Check, ...]) -> str:
    if not checks:
        return NOTHING
    violated = [check.title for check in checks if check.verdict == "violated"]
    opened = sum(check.verdict == "not_estimable" for check in checks)
    said = f"Violated: {'; '.join(violated)}." if violated else f"None of {len(checks)} checks is violated."
    return f"{said} {opened} cannot be told yet." if opened else said


SECTION = Section(
    id="trust",
    title="Can it be trusted?",
    question="Do the conditions hold that the answer rests on?",
    page="/evidence",
    of=TrustSection,
    build=build,
    methods=("conditions, each held to its bound",),
)
