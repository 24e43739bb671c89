"""Results brought from outside, as the interface shows them: for which criterion, what stands, who signed. Pure."""

from __future__ import annotations

import datetime as dt

from msgspec import Struct

from pilotage.playbook.types import Criterion, OutsideOf
from pilotage.record.areas.outside import Figure, OutsideResultRecorded, ResultOf, content_digest, figure_of
from pilotage.record.stamps import Stamp, Standing
from pilotage.record.verdicts import VerdictKind
from pilotage.workflow.desk import Judgement


class OutsideFigureJson(Struct, frozen=True, kw_only=True):
    """A figure of a result. `bound` is <= or >= with its `limit`; both are null where it has none."""

    name: str
    value: float
    unit: str
    bound: str | None
    limit: float | None
    holds: bool


class OutsideResultJson(Struct, frozen=True, kw_only=True):
    """A result as it was brought. `digest` is what a signature covers; `signed` is null until somebody else did.

    `counts` says whether it is the one that the criterion rests on now.
    """

    tested: str
    tested_on: dt.date
    tool: str
    release: str
    figures: tuple[OutsideFigureJson, ...]
    conclusion: ResultOf
    statement: str
    link: str
    document_digest: str
    digest: str
    brought: Stamp
    brought_by: tuple[str, ...]
    signed: Stamp | None
    signer_says: str
    counts: bool


class OutsideCriterionJson(Struct, frozen=True, kw_only=True):
    """A criterion that takes results from outside, about the `release` that runs or about the `workload`.

    `newest` is the result brought last; `before` the signed one that counts while the newest waits for its signature.
    """

    criterion: str
    title: str
    met_when: str
    about: OutsideOf
    verdict: VerdictKind
    reason: str
    valid_until: dt.datetime | None
    newest: OutsideResultJson | None
    before: OutsideResultJson | None


class OutsideJson(Struct, frozen=True, kw_only=True):
    """The criteria of the lane that take results from outside, in the playbook's order."""

    criteria: tuple[OutsideCriterionJson, ...]


def outside_json(judgement: Judgement) -> OutsideJson:
    """Every criterion of the lane that takes a result from outside, with what stands."""
    return OutsideJson(criteria=tuple(_criterion(judgement, one) for one in taking(judgement)))


def taking(judgement: Judgement) -> tuple[Criterion, ...]:
    """The criteria of the lane that take a result from outside."""
    criteria = (c for phase in judgement.playbook.phases for c in phase.criteria)
    return tuple(c for c in criteria if c.outside and c.id in judgement.verdicts)


def _criterion(judgement: Judgement, criterion: Criterion) -> OutsideCriterionJson:
    outside, verdict = judgement.workload.outside, judgement.verdicts[criterion.id]
    newest, counting = outside.results.get(criterion.id), outside.counting(criterion.id)
    later = counting is not None and newest is not None and counting.result.stamp != newest.stamp
    return OutsideCriterionJson(
        criterion=criterion.id,
        title=criterion.title,
        met_when=criterion.met_when,
        about=criterion.outside or "workload",
        verdict=verdict.verdict,
        reason=verdict.reason,
        valid_until=verdict.valid_until,
        newest=_result(judgement, newest) if newest else None,
        before=_result(judgement, counting.result) if counting and later else None,
    )


def _result(judgement: Judgement, result: Standing[OutsideResultRecorded]) -> OutsideResultJson:
    fact, name = result.fact, result.fact.criterion
    outside = judgement.workload.outside
    vouched = outside.vouched.get(name)
    signature = vouched.signature if vouched and vouched.result.stamp == result.stamp else None
    verdict = judgement.verdicts[name]
    return OutsideResultJson(
        tested=fact.tested,
        tested_on=fact.tested_on,
        tool=fact.tool,
        release=fact.release,
        figures=tuple(_figure(figure_of(line)) for line in fact.figures),
        conclusion=fact.conclusion,
        statement=fact.statement,
        link=fact.link,
        document_digest=fact.document_digest,
        digest=content_digest(fact),
        brought=result.stamp,
        brought_by=outside.brought_by(name) if outside.results[name].stamp == result.stamp else (result.stamp.by,),
        signed=signature.stamp if signature else None,
        signer_says=signature.fact.statement if signature else "",
        counts=signature is not None and verdict.verdict == "met" and outside.counting(name) == vouched,
    )


def _figure(figure: Figure) -> OutsideFigureJson:
    return OutsideFigureJson(
        name=figure.name,
        value=figure.value,
        unit=figure.unit,
        bound=figure.bound,
        limit=figure.limit,
        holds=figure.holds,
    )
