"""Results brought from outside, for what the product does not measure itself: a drill, a load test, a test alert. Pure.

Whoever brings a result says what was tested, when, with what and what came out. It counts once somebody else signed
exactly that. A correction ends the signature; a later test waits for its own, while the one before goes on counting.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated, Literal

from msgspec import Meta, Struct, structs

from pilotage.record.areas.area import Area, Entry, copied
from pilotage.record.areas.change import not_yet
from pilotage.record.digests import digest_of
from pilotage.record.errors import Problem, Refused
from pilotage.record.stamps import Stamp, Standing
from pilotage.record.texts import Base, Digest, Label, Said, Text

if TYPE_CHECKING:
    from pilotage.record.context import Context
    from pilotage.record.workload import Workload

FURTHEST_WEST = dt.timedelta(hours=-12)
_NUMBER = r"-?[0-9]{1,12}(\.[0-9]{1,9})?"
FIGURE = rf"^[^,\r\n]{{1,80}}, *{_NUMBER}, *[^,\r\n]{{1,40}}(, *(<=|>=) *{_NUMBER})?$"
CriterionName = Annotated[
    str, Meta(min_length=3, max_length=80, description="the criterion's id, such as harden.resilience")
]
ResultOf = Literal["passed", "failed"]


class RecordOutsideResult(Struct, frozen=True, kw_only=True, tag="record_outside_result", forbid_unknown_fields=True):
    """Bring a result from outside for a criterion that the product does not measure itself.

    It counts once somebody else signed it, as attested and never as measured. Recording it again for the same day
    corrects it, and ends the signature.
    """

    criterion: CriterionName
    tested: Annotated[Said, Meta(description="what was tested, and how")]
    tested_on: Annotated[dt.date, Meta(description="the day of the test; the result's age counts from it")]
    tool: Annotated[Label, Meta(description="the tool or the service it was tested with, and its version")]
    release: Annotated[
        str,
        Meta(max_length=200, description="the release that was tested; empty where the test was not about a release"),
    ] = ""
    figures: Annotated[
        tuple[Annotated[str, Meta(pattern=FIGURE)], ...],
        Meta(
            min_length=1,
            max_length=40,
            description="name, value, unit and, where there is one, its limit: slowest answer, 480, ms, <= 800",
        ),
    ]
    conclusion: Annotated[ResultOf, Meta(description="whether the criterion holds by this result")]
    statement: Annotated[Said, Meta(description="what the figures mean, and what they leave open")]
    link: Annotated[
        str,
        Meta(pattern=r"^(https?://[!-~]{1,1000})?$", description="where the report is kept, beginning with https://"),
    ] = ""
    document_digest: Annotated[
        str, Meta(pattern="^([0-9a-f]{64})?$", description="the SHA-256 digest of the report, 64 hexadecimal digits")
    ] = ""
    base: Base = None


class OutsideResultRecorded(Struct, frozen=True, kw_only=True, tag="outside_result_recorded"):
    """What was tested outside, and what came out."""

    criterion: str
    tested: Text
    tested_on: dt.date
    tool: str
    release: str
    figures: tuple[str, ...]
    conclusion: ResultOf
    statement: Text
    link: str
    document_digest: str


class SignOutsideResult(Struct, frozen=True, kw_only=True, tag="sign_outside_result", forbid_unknown_fields=True):
    """Sign, as somebody other than who brought it, that a result from outside is as it reads."""

    criterion: CriterionName
    digest: Digest
    statement: Annotated[Said, Meta(description="what you looked at: the report, the logs, the people who were there")]


class OutsideResultSigned(Struct, frozen=True, kw_only=True, tag="outside_result_signed"):
    """Somebody other than who brought it vouches for a result. `digest` covers all of it."""

    criterion: str
    digest: str
    statement: Text


class Figure(Struct, frozen=True, kw_only=True):
    """One figure of a result. `bound` is <= or >=, None where it has no limit."""

    name: str
    value: float
    unit: str
    bound: str | None = None
    limit: float | None = None

    @property
    def holds(self) -> bool:
        """Whether it keeps its limit; one without a limit does."""
        if self.limit is None:
            return True
        return self.value <= self.limit if self.bound == "<=" else self.value >= self.limit


class Vouched(Struct, frozen=True, kw_only=True):
    """A result as somebody signed it."""

    result: Standing[OutsideResultRecorded]
    signature: Standing[OutsideResultSigned]


class Outside(Struct, frozen=True, kw_only=True):
    """By criterion: the newest result, and the one that was signed last; by test, everybody who had a hand in it."""

    results: dict[str, Standing[OutsideResultRecorded]] = {}
    writers: dict[str, tuple[str, ...]] = {}
    vouched: dict[str, Vouched] = {}

    def brought_by(self, criterion: str) -> tuple[str, ...]:
        """Everybody who brought or corrected the newest result; nobody of them signs it."""
        newest = self.results.get(criterion)
        return self.writers.get(_test_of(newest.fact), ()) if newest else ()

    def signature(self, criterion: str) -> Standing[OutsideResultSigned] | None:
        """The signature on the newest result, exactly as it reads."""
        newest, vouched = self.results.get(criterion), self.vouched.get(criterion)
        signed = newest is not None and vouched is not None and vouched.result.stamp == newest.stamp
        return vouched.signature if signed and vouched else None

    def counting(self, criterion: str) -> Vouched | None:
        """The signed result that counts: the newest, or the one before while a later test waits for its signature."""
        newest, vouched = self.results.get(criterion), self.vouched.get(criterion)
        if newest is None or vouched is None or vouched.result.stamp == newest.stamp:
            return vouched
        return None if is_same_test(newest.fact, vouched.result.fact) else vouched


OutsideFact = OutsideResultRecorded | OutsideResultSigned
OutsideCommand = RecordOutsideResult | SignOutsideResult


def is_same_test(one: OutsideResultRecorded, other: OutsideResultRecorded) -> bool:
    """Whether two results are of one test, so that the later one corrects the earlier."""
    return _test_of(one) == _test_of(other)


def _test_of(result: OutsideResultRecorded) -> str:
    return f"{result.criterion} {result.tested_on} {result.release}"


def figure_of(line: str) -> Figure:
    """A figure as it was written in one line."""
    name, value, unit, *rest = (part.strip() for part in line.split(","))
    found = re.fullmatch(rf"(?P<bound><=|>=) *(?P<limit>{_NUMBER})", rest[0]) if rest else None
    return Figure(
        name=name,
        value=float(value),
        unit=unit,
        bound=found["bound"] if found else None,
        limit=float(found["limit"]) if found else None,
    )


def content_digest(result: OutsideResultRecorded) -> str:
    """What a signature covers: all of a result."""
    return digest_of(result)


def digest_to_sign(command: RecordOutsideResult) -> str:
    """What a signature on the result that a command brings would cover."""
    return digest_of(copied(command, OutsideResultRecorded))


def is_older(workload: Workload, tested_on: dt.date, release: str) -> bool:
    """Whether a release was registered only after a day: what was tested then was something else."""
    registered = workload.releases.get(release)
    return registered is not None and tested_on < (registered.stamp.at + FURTHEST_WEST).date()


def _recordable(workload: Workload, command: RecordOutsideResult, context: Context) -> Iterator[Problem]:
    yield from not_yet(command.tested_on, "tested_on", context)
    yield from _takes_one(workload, command, context)
    yield from _release(workload, command)
    if not command.link and not command.document_digest:
        message = "Say where the report is kept, or give its digest, so that whoever signs can look at it."
        yield Problem(code="no-report", field="link", message=message)
    yield from _figures(command)


def _takes_one(workload: Workload, command: RecordOutsideResult, context: Context) -> Iterator[Problem]:
    asked = {c.id: c for phase in context.playbook.phases for c in phase.criteria if workload.lane in c.lanes}
    criterion = asked.get(command.criterion)
    if criterion is None or criterion.outside is None:
        taken = ", ".join(c.id for c in asked.values() if c.outside) or "none"
        why = "is not asked of this workload" if criterion is None else "takes no result from outside"
        message = f"{command.criterion} {why}; results are taken for: {taken}."
        yield Problem(code="takes-no-result", field="criterion", message=message)
    elif criterion.outside == "release" and not command.release:
        message = f"{command.criterion} is about a release; name the one that was tested."
        yield Problem(code="missing", field="release", message=message)


def _release(workload: Workload, command: RecordOutsideResult) -> Iterator[Problem]:
    if not command.release:
        return
    release = workload.releases.get(command.release)
    if release is None:
        message = f"Release {command.release} is not registered; register it first, with its digest."
        yield Problem(code="unknown-release", field="release", message=message)
    elif is_older(workload, command.tested_on, command.release):
        message = f"{command.release} was registered after {command.tested_on}; test what is registered, and say when."
        yield Problem(code="older-than-release", field="tested_on", message=message)


def _figures(command: RecordOutsideResult) -> Iterator[Problem]:
    beyond = []
    for number, line in enumerate(command.figures):
        figure = figure_of(line)
        if not figure.name or not figure.unit:
            message = "Give the figure a name and a unit; for a plain count write calls, people or the like."
            yield Problem(code="blank", field=f"figures[{number}]", message=message)
        if not figure.holds:
            beyond.append(f"{figure.name} is {figure.value:g} {figure.unit}")
    if beyond and command.conclusion == "passed":
        message = f"{', '.join(beyond)}: beyond its limit. Conclude that it failed, or bring a test that passed."
        yield Problem(code="beyond-limit", field="conclusion", message=message)


def sign_result(workload: Workload, command: SignOutsideResult, context: Context) -> list[OutsideResultSigned]:
    """Somebody who had no hand in a result vouches for exactly what they read."""
    outside, name, person = workload.outside, command.criterion, context.actor.person
    newest = outside.results.get(name)
    if newest is None:
        message = f"No result from outside is on the record for {name}; whoever has it brings it first."
        raise Refused([Problem(code="no-result", field="criterion", message=message)])
    problems = []
    if person in outside.brought_by(name):
        message = "You brought this result or corrected it; somebody else has to look at it and sign."
        problems.append(Problem(code="own-submission", field="criterion", message=message))
    standing = content_digest(newest.fact)
    if standing != command.digest:
        message = f"The result changed since you read it; read the one of digest {standing[:12]} and sign that."
        problems.append(Problem(code="content-changed", field="digest", message=message))
    if outside.signature(name) is not None:
        message = "This result is signed already; nothing to do."
        problems.append(Problem(code="already-signed", field="criterion", message=message))
    if problems:
        raise Refused(problems)
    return [OutsideResultSigned(criterion=name, digest=standing, statement=command.statement)]


def _recorded(state: Outside, fact: OutsideResultRecorded, stamp: Stamp) -> Outside:
    test = _test_of(fact)
    writers = state.writers.get(test, ())
    return structs.replace(
        state,
        results={**state.results, fact.criterion: Standing(fact=fact, stamp=stamp)},
        writers={**state.writers, test: tuple(dict.fromkeys((*writers, stamp.by)))},
    )


def _signed(state: Outside, fact: OutsideResultSigned, stamp: Stamp) -> Outside:
    vouched = Vouched(result=state.results[fact.criterion], signature=Standing(fact=fact, stamp=stamp))
    return structs.replace(state, vouched={**state.vouched, fact.criterion: vouched})


AREA = Area(
    name="outside",
    entries=(
        Entry(
            command=RecordOutsideResult,
            fact=OutsideResultRecorded,
            attribute="results",
            key="criterion",
            check=_recordable,
        ),
    ),
    rules={SignOutsideResult: sign_result},
    folds={OutsideResultRecorded: _recorded, OutsideResultSigned: _signed},
    permitted={
        "record_outside_result": frozenset({"owner", "engineer", "operator"}),
        "sign_outside_result": frozenset({"owner", "sponsor", "engineer", "operator", "reviewer"}),
    },
    asks_credential=frozenset({"sign_outside_result"}),
)
