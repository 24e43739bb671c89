"""The data sources of a workload as the interface shows them: right to use, newest sample, what goes beyond. Pure."""

from __future__ import annotations

from msgspec import Struct

from pilotage.gates.data_checks import CRITERION, limits_of
from pilotage.record.areas.data import (
    Exceeded,
    SampleChecked,
    SampleLimits,
    SourceListed,
    age_days,
    exceeded,
)
from pilotage.record.stamps import Stamp, Standing
from pilotage.record.verdicts import Verdict
from pilotage.workflow.desk import Judgement


class ColumnJson(Struct, frozen=True, kw_only=True):
    """A column of a sample, how many of its values are missing, and which share that is."""

    name: str
    missing: int
    share: float


class LabelJson(Struct, frozen=True, kw_only=True):
    """A label, on how many rows it stands, and on which share of those that have one."""

    label: str
    rows: int
    share: float


class SampleJson(Struct, frozen=True, kw_only=True):
    """What the product saw in a sample. `digest` is the file's SHA-256; the file itself is not kept.

    `labels` are the most frequent ones of `label_kinds`. `beyond` is what goes beyond the playbook's limits.
    """

    digest: str
    size_bytes: int
    kind: str
    rows: int
    repeated: int
    columns: tuple[ColumnJson, ...]
    label_column: str | None
    labelled: int | None
    label_kinds: int | None
    labels: tuple[LabelJson, ...]
    time_column: str | None
    dated: int | None
    oldest: str | None
    newest: str | None
    age_days: float | None
    beyond: tuple[Exceeded, ...]
    checked: Stamp


class ArgumentJson(Struct, frozen=True, kw_only=True):
    """Why a source will do although its sample goes beyond a limit."""

    argument: str
    given: Stamp


class SourceJson(Struct, frozen=True, kw_only=True):
    """A source of data: what it holds, what allows its use, and its newest sample."""

    id: str
    title: str
    holds: str
    basis: str
    granted_by: str
    may_be_used: bool
    personal_data: bool
    owner: str
    retention: str
    in_use: bool
    listed: Stamp
    sample: SampleJson | None
    argument: ArgumentJson | None


class DataJson(Struct, frozen=True, kw_only=True):
    """The data sources of a workload, the limits that samples are held to, and the criterion's verdict, if asked."""

    workload: str
    demonstration: bool
    limits: SampleLimits
    verdict: Verdict | None
    sources: tuple[SourceJson, ...]


def data_json(judgement: Judgement) -> DataJson:
    """The sources as they stand."""
    workload, limits = judgement.workload, limits_of(judgement.playbook)
    return DataJson(
        workload=workload.slug,
        demonstration=workload.demonstration,
        limits=limits,
        verdict=judgement.verdicts.get(CRITERION),
        sources=tuple(_source(judgement, one, limits) for one in workload.data.sources.values()),
    )


def _source(judgement: Judgement, listed: Standing[SourceListed], limits: SampleLimits) -> SourceJson:
    fact, state = listed.fact, judgement.workload.data
    sample, argued = state.samples.get(fact.id), state.argument(fact.id)
    return SourceJson(
        id=fact.id,
        title=fact.title,
        holds=fact.holds,
        basis=fact.basis,
        granted_by=fact.granted_by,
        may_be_used=fact.may_be_used,
        personal_data=fact.personal_data,
        owner=fact.owner,
        retention=fact.retention,
        in_use=fact.in_use,
        listed=listed.stamp,
        sample=_sample(sample, limits) if sample else None,
        argument=ArgumentJson(argument=argued.fact.argument, given=argued.stamp) if argued else None,
    )


def _sample(sample: Standing[SampleChecked], limits: SampleLimits) -> SampleJson:
    fact, labels, times = sample.fact, sample.fact.by_label, sample.fact.times
    return SampleJson(
        digest=fact.digest,
        size_bytes=fact.size_bytes,
        kind=fact.kind,
        rows=fact.rows,
        repeated=fact.repeated,
        columns=tuple(ColumnJson(name=c.name, missing=c.missing, share=c.missing / fact.rows) for c in fact.columns),
        label_column=labels.column if labels else None,
        labelled=labels.labelled if labels else None,
        label_kinds=labels.kinds if labels else None,
        labels=tuple(LabelJson(label=name, rows=rows, share=rows / labels.labelled) for name, rows in fact.classes)
        if labels and labels.labelled
        else (),
        time_column=times.column if times else None,
        dated=times.dated if times else None,
        oldest=times.oldest or None if times else None,
        newest=times.newest or None if times else None,
        age_days=age_days(sample),
        beyond=exceeded(sample, limits),
        checked=sample.stamp,
    )
