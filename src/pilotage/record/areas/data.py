"""Where the data come from: each source with the right to use it, and what a look at a real sample found. Pure.

A person hands in the sample; its figures are the product's own, and the rows are not kept. What a look finds beyond
the playbook's limits may be argued in writing, until the next look.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated, Literal

from msgspec import Meta, Struct, structs

from pilotage.record.areas.area import Area, Entry
from pilotage.record.areas.change import ShortName
from pilotage.record.errors import Problem, Refused
from pilotage.record.stamps import Stamp, Standing
from pilotage.record.texts import Base, PersonId, Said, Short, Text, Title

if TYPE_CHECKING:
    from pilotage.record.context import Context
    from pilotage.record.workload import Workload

SAMPLE_BYTES_MAX = 8_000_000
CLASSES_MAX = 20
NOT_GRANTED = "not_granted"
Basis = Literal["own", "contract", "licence", "consent", "law", "public", "not_granted"]
BASES: dict[str, str] = {
    "own": "our own data",
    "contract": "a contract",
    "licence": "a licence",
    "consent": "the consent of the people it is about",
    "law": "the law",
    "public": "public domain",
    NOT_GRANTED: "not granted yet",
}
ColumnName = Annotated[str, Meta(max_length=400)]


class ListSource(Struct, frozen=True, kw_only=True, tag="list_source", forbid_unknown_fields=True):
    """List a source of data, with what it holds, the right to use it, who answers for it and how long it is kept."""

    id: ShortName
    title: Title
    holds: Annotated[Said, Meta(description="what it holds: rows of what, from where, since when")]
    basis: Annotated[Basis, Meta(description="what allows its use here")]
    granted_by: Annotated[str, Meta(max_length=400, description="who granted that, and where it is written down")] = ""
    personal_data: Annotated[bool, Meta(description="it holds personal data")] = False
    owner: Annotated[PersonId, Meta(description="who answers for it")]
    retention: Annotated[Short, Meta(description="how long it is kept, and what happens to it then")]
    in_use: Annotated[bool, Meta(description="it is used; untick it once it is used no more")] = True
    base: Base = None


class SourceListed(Struct, frozen=True, kw_only=True, tag="source_listed"):
    """A source of data and the right to use it."""

    id: str
    title: str
    holds: Text
    basis: Basis
    granted_by: str
    personal_data: bool
    owner: str
    retention: str
    in_use: bool

    @property
    def may_be_used(self) -> bool:
        """Whether somebody granted its use."""
        return self.basis != NOT_GRANTED and bool(self.granted_by.strip())


class CheckSample(Struct, frozen=True, kw_only=True, tag="check_sample", forbid_unknown_fields=True):
    """Have a real sample of a source looked at: size, gaps, repeated rows, labels, age. The rows are not kept."""

    source: Annotated[ShortName, Meta(description="the source that it is taken from")]
    sample: Annotated[
        bytes,
        Meta(
            min_length=1,
            max_length=SAMPLE_BYTES_MAX,
            description="the file itself, CSV in UTF-8 or Parquet, in base64",
            extra_json_schema={"pattern": "^([A-Za-z0-9+/]{4})*([A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$"},
        ),
    ]
    label_column: Annotated[ColumnName, Meta(description="the column with the right answers; empty: there is none")] = (
        ""
    )
    time_column: Annotated[ColumnName, Meta(description="the column that says how old a row is; empty: none")] = ""


class ColumnSeen(Struct, frozen=True, kw_only=True):
    """A column of a sample, and how many of its values are missing."""

    name: str
    missing: int


class LabelsSeen(Struct, frozen=True, kw_only=True):
    """The labels of a sample: how many rows have one, how many kinds there are, how often each of the first ones.

    What the labels are called stands beside it, in `SampleChecked.labels`: it may name people.
    """

    column: str
    labelled: int
    kinds: int
    counts: tuple[int, ...]
    rarest: int


class TimesSeen(Struct, frozen=True, kw_only=True):
    """The times of a sample: how many rows have one that can be read, and the oldest and newest, as ISO 8601 in UTC."""

    column: str
    dated: int
    oldest: str
    newest: str


class SampleFigures(Struct, frozen=True, kw_only=True):
    """What a look at a sample found. `names` are those of its most frequent labels, beside `by_label.counts`."""

    digest: str
    size_bytes: int
    kind: Literal["csv", "parquet"]
    rows: int
    repeated: int
    columns: tuple[ColumnSeen, ...]
    by_label: LabelsSeen | None
    times: TimesSeen | None
    names: tuple[str, ...] = ()


class SampleChecked(Struct, frozen=True, kw_only=True, tag="sample_checked"):
    """What a look at a sample found, computed by the product. `labels` are the names of the first kinds, by line."""

    source: str
    digest: str
    size_bytes: int
    kind: Literal["csv", "parquet"]
    rows: int
    repeated: int
    columns: tuple[ColumnSeen, ...]
    by_label: LabelsSeen | None
    times: TimesSeen | None
    labels: Text

    @property
    def classes(self) -> tuple[tuple[str, int], ...]:
        """The most frequent labels with their counts; without their names once those are erased."""
        counts = self.by_label.counts if self.by_label else ()
        names = self.labels.split("\n")
        known = names if len(names) == len(counts) else [f"label {place + 1}" for place in range(len(counts))]
        return tuple(zip(known, counts, strict=True))


class ArgueSample(Struct, frozen=True, kw_only=True, tag="argue_sample", forbid_unknown_fields=True):
    """Argue why a source will do although its newest sample goes beyond a limit. The next look ends the argument."""

    source: Annotated[ShortName, Meta(description="the source whose sample it is about")]
    argument: Annotated[Said, Meta(description="why it will do all the same, limit by limit")]


class SampleArgued(Struct, frozen=True, kw_only=True, tag="sample_argued"):
    """Why a source will do although its sample of that digest goes beyond a limit."""

    source: str
    digest: str
    argument: Text


DataFact = SourceListed | SampleChecked | SampleArgued
DataCommand = ListSource | CheckSample | ArgueSample


class DataSources(Struct, frozen=True, kw_only=True):
    """The sources, and by source the newest look at a sample and what is argued about it. `personal_since` holds since
    when each source in use has held personal data.
    """

    sources: dict[str, Standing[SourceListed]] = {}
    personal_since: dict[str, Stamp] = {}
    samples: dict[str, Standing[SampleChecked]] = {}
    arguments: dict[str, Standing[SampleArgued]] = {}

    @property
    def used(self) -> dict[str, Standing[SourceListed]]:
        """The sources that are still used."""
        return {name: one for name, one in self.sources.items() if one.fact.in_use}

    def argument(self, source: str) -> Standing[SampleArgued] | None:
        """What is argued about the newest sample of a source; an argument about an earlier one counts no more."""
        argued, sample = self.arguments.get(source), self.samples.get(source)
        if argued is None or sample is None or argued.stamp.position < sample.stamp.position:
            return None
        return argued


def _source(_workload: Workload, command: ListSource, context: Context) -> Iterator[Problem]:
    if command.owner not in context.people:
        message = f"{command.owner} is nobody's id here; add the person first."
        yield Problem(code="unknown-person", field="owner", message=message)
    if command.basis != NOT_GRANTED and not command.granted_by.strip():
        message = "Say who granted the right and where it is written down, or that it is not granted yet."
        yield Problem(code="right-without-grantor", field="granted_by", message=message)


def _known(workload: Workload, source: str) -> Iterator[Problem]:
    known = workload.data.sources
    if source not in known:
        have = f"there are {', '.join(known)}" if known else "there is none yet"
        message = f"{source} is no source of data here ({have}); list it first."
        yield Problem(code="unknown-source", field="source", message=message)


def check_sample(workload: Workload, command: CheckSample, context: Context) -> list[SampleChecked]:
    """What the product saw in the sample, or everything that keeps it from being read."""
    seen, problems = context.sample, list(_known(workload, command.source))
    if seen is None:
        raise Refused([*problems, Problem(code="not-looked-at", field="sample", message="Send the file itself.")])
    if isinstance(seen, tuple):
        raise Refused([*problems, *seen])
    if problems:
        raise Refused(problems)
    figures = {name: value for name, value in structs.asdict(seen).items() if name != "names"}
    return [SampleChecked(source=command.source, labels="\n".join(seen.names), **figures)]


def argue_sample(workload: Workload, command: ArgueSample, _context: Context) -> list[SampleArgued]:
    """Only a sample that was looked at can be argued about."""
    problems = list(_known(workload, command.source))
    sample = workload.data.samples.get(command.source)
    if sample is None and not problems:
        message = f"No sample of {command.source} was looked at; `pilotage data check` does that first."
        problems.append(Problem(code="no-sample", field="source", message=message))
    if problems or sample is None:
        raise Refused(problems)
    return [SampleArgued(source=command.source, digest=sample.fact.digest, argument=command.argument)]


def _listed(state: DataSources, fact: SourceListed, stamp: Stamp) -> DataSources:
    """Another wording of a source changes nothing about since when it has held personal data."""
    before = state.personal_since
    since = {name: one for name, one in before.items() if name != fact.id}
    if fact.personal_data and fact.in_use:
        since[fact.id] = before.get(fact.id, stamp)
    sources = {**state.sources, fact.id: Standing(fact=fact, stamp=stamp)}
    return structs.replace(state, sources=sources, personal_since=since)


def _checked(state: DataSources, fact: SampleChecked, stamp: Stamp) -> DataSources:
    return structs.replace(state, samples={**state.samples, fact.source: Standing(fact=fact, stamp=stamp)})


def _argued(state: DataSources, fact: SampleArgued, stamp: Stamp) -> DataSources:
    return structs.replace(state, arguments={**state.arguments, fact.source: Standing(fact=fact, stamp=stamp)})


class SampleLimits(Struct, frozen=True, kw_only=True):
    """How far a sample may go before somebody has to argue. Shares from 0 to 1."""

    rows_min: int = 200
    missing_share_max: float = 0.05
    repeated_share_max: float = 0.01
    labelled_share_min: float = 0.9
    label_share_min: float = 0.02
    age_days_max: float = 365.0


class Exceeded(Struct, frozen=True, kw_only=True):
    """A limit that a sample goes beyond, in a sentence."""

    limit: str
    sentence: str


COLUMNS_NAMED = 5


def exceeded(sample: Standing[SampleChecked], limits: SampleLimits) -> tuple[Exceeded, ...]:
    """Every limit that a sample goes beyond. What was not looked at is one: nobody knows how it is."""
    return tuple(
        Exceeded(limit=limit, sentence=sentence)
        for rule in (_size, _gaps, _repetition, _labels, _age)
        for limit, sentence in rule(sample, limits)
    )


def _size(sample: Standing[SampleChecked], limits: SampleLimits) -> Iterator[tuple[str, str]]:
    if sample.fact.rows < limits.rows_min:
        yield "rows", f"The sample has {sample.fact.rows:,} rows; {limits.rows_min:,} are asked."


def _gaps(sample: Standing[SampleChecked], limits: SampleLimits) -> Iterator[tuple[str, str]]:
    fact = sample.fact
    gaps = sorted((one for one in fact.columns if one.missing > limits.missing_share_max * fact.rows), key=_fewest)
    if not gaps:
        return
    named = ", ".join(f"{one.name} {one.missing / fact.rows:.1%}" for one in gaps[:COLUMNS_NAMED])
    more = f" and {len(gaps) - COLUMNS_NAMED} more" if len(gaps) > COLUMNS_NAMED else ""
    yield "missing", f"Values are missing in {named}{more}; {limits.missing_share_max:.1%} of a column may be."


def _fewest(one: ColumnSeen) -> tuple[int, str]:
    return -one.missing, one.name


def _repetition(sample: Standing[SampleChecked], limits: SampleLimits) -> Iterator[tuple[str, str]]:
    fact = sample.fact
    if fact.repeated > limits.repeated_share_max * fact.rows:
        share = f"{fact.repeated / fact.rows:.1%}"
        yield "repeated", f"{share} of the rows repeat another one; {limits.repeated_share_max:.1%} may."


def _labels(sample: Standing[SampleChecked], limits: SampleLimits) -> Iterator[tuple[str, str]]:
    fact, seen = sample.fact, sample.fact.by_label
    if seen is None:
        yield "labels", "No column of labels was named, so nobody knows whether right answers are there."
        return
    if seen.labelled < limits.labelled_share_min * fact.rows:
        share = f"{seen.labelled / fact.rows:.1%}"
        yield "labelled", f"{share} of the rows have a label in {seen.column}; {limits.labelled_share_min:.1%} should."
    if seen.labelled and seen.kinds == 1:
        yield "balance", f"Every label in {seen.column} is the same, so nothing can be told apart by it."
    elif seen.labelled and seen.rarest < limits.label_share_min * seen.labelled:
        share = f"{seen.rarest / seen.labelled:.2%}"
        rarest = f"The rarest of {seen.kinds:,} labels in {seen.column} stands on {share} of the labelled rows"
        yield "balance", f"{rarest}; {limits.label_share_min:.1%} are asked."


def _age(sample: Standing[SampleChecked], limits: SampleLimits) -> Iterator[tuple[str, str]]:
    fact, seen = sample.fact, sample.fact.times
    if seen is None:
        yield "age", "No column of times was named, so nobody knows how old the rows are."
        return
    if seen.dated < (1 - limits.missing_share_max) * fact.rows:
        share = f"{seen.dated / fact.rows:.1%}"
        yield "dated", f"{share} of the rows have a time in {seen.column} that can be read."
    days = age_days(sample)
    if days is not None and days > limits.age_days_max:
        yield "age", f"The newest row was {days:,.0f} days old when it was looked at; {limits.age_days_max:g} may be."
    if days is not None and days < 0:
        yield "future", f"The newest row lies {-days:,.1f} days after the look at it, so its times cannot be right."


def age_days(sample: Standing[SampleChecked]) -> float | None:
    """How old the newest row was when the sample was looked at, in days; None without a time that can be read."""
    seen = sample.fact.times
    if seen is None or not seen.newest:
        return None
    return (sample.stamp.at - dt.datetime.fromisoformat(seen.newest)) / dt.timedelta(days=1)


_WRITERS = frozenset({"owner", "engineer"})
AREA = Area(
    name="data",
    entries=(Entry(command=ListSource, fact=SourceListed, attribute="sources", key="id", check=_source),),
    rules={CheckSample: check_sample, ArgueSample: argue_sample},
    folds={SourceListed: _listed, SampleChecked: _checked, SampleArgued: _argued},
    permitted={"list_source": _WRITERS, "check_sample": _WRITERS, "argue_sample": _WRITERS},
)
