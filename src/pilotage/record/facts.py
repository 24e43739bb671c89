"""Facts: what a person or the system decided or recorded. A workload is the fold of its facts. Pure.

What is on record of the organisation, and of no single workload, are facts of a stream of its own (`organisation`).
Fields typed `Text` are personal text (`texts`). The facts of an area stand in its own module (`areas`).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any, Literal, get_args

import msgspec
from msgspec import Struct

from pilotage.playbook.types import Lane, PhaseId
from pilotage.record.areas.listing import AreaFact
from pilotage.record.assessing import AssessingFact
from pilotage.record.charter import Charter, PageFit
from pilotage.record.errors import UnknownFact
from pilotage.record.texts import ERASED, Score, Text
from pilotage.record.verdicts import EvidenceItem, Mode

Outcome = Literal["go", "no_go", "extend"]


class Proposed(Struct, frozen=True, kw_only=True, tag="proposed"):
    """A candidate problem enters the portfolio. `incumbent` says who or what does the work today."""

    title: str
    problem: str
    incumbent: str
    cadence: str
    lane: Lane
    demonstration: bool
    personal_data: bool
    outside_processor: bool


class Scored(Struct, frozen=True, kw_only=True, tag="scored"):
    """One person's scores of the problem, 1 to 5."""

    impact: Score
    feasibility: Score
    readiness: Score
    note: Text = ""


class Chosen(Struct, frozen=True, kw_only=True, tag="chosen"):
    """Why this problem, though another may rank higher."""

    argument: Text


class Assigned(Struct, frozen=True, kw_only=True, tag="assigned"):
    """A role is offered to a person: `owner`, `sponsor` or `reviewer:<area>`."""

    role: str
    person: str


class OwnershipAccepted(Struct, frozen=True, kw_only=True, tag="ownership_accepted"):
    """The owner accepts, and states over what they have authority."""

    technical: bool
    operational: bool
    statement: Text


class CharterRevised(Struct, frozen=True, kw_only=True, tag="charter_revised"):
    """A version of the charter. `digest` covers the charter and the team, `material` what signatures hold on to: those
    given on a version with another one end with it. None on versions that were written when every edit ended them.

    `page` is how much of one page it took when it was written, None where nobody measured.
    """

    version: int
    charter: Charter
    team: Text
    digest: str
    page: PageFit | None = None
    material: str | None = None


class Signed(Struct, frozen=True, kw_only=True, tag="signed"):
    """A named person signs a digest. `subject` is `charter`, `decision` or `waiver:<criterion>`.

    `digest` is that of what was read. `covers` is the digest of what of a charter is material: the signature counts
    for as long as no version changes it. None: it counts on exactly what was read.
    """

    subject: str
    digest: str
    role: str
    meaning: str
    covers: str | None = None


class ReleaseRegistered(Struct, frozen=True, kw_only=True, tag="release_registered"):
    """A candidate release, immutable from here on."""

    name: str
    digest: str
    code_revision: str
    environment: str
    model: str
    parameters: str
    data_source: str
    training_examples: int | None = None


class EvaluationDeclared(Struct, frozen=True, kw_only=True, tag="evaluation_declared"):
    """The looks of a test begin: from here on this release is tested, at `alpha` / 2^attempt."""

    release: str
    attempt: int
    alpha: float


class PilotCleared(Struct, frozen=True, kw_only=True, tag="pilot_cleared"):
    """Privacy or security signs which fields are used, who processes them and how long they are kept."""

    area: Literal["privacy", "security"]
    fields: tuple[str, ...]
    processors: tuple[str, ...]
    retention_days: int
    statement: Text
    digest: str


class CurvePointRead(Struct, frozen=True, kw_only=True):
    """The target metric's value after learning from so many examples."""

    examples: int
    value: float


class ShortfallAnalysed(Struct, frozen=True, kw_only=True, tag="shortfall_analysed"):
    """Why an attempt missed its target, where, and what would close the gap."""

    attempt: int
    segments: tuple[str, ...]
    cause: Text
    remedy: Literal["more_data", "tuning", "both", "neither"]
    effort: str
    curve: tuple[CurvePointRead, ...] = ()


class Attested(Struct, frozen=True, kw_only=True, tag="attested"):
    """A named person signs that a criterion holds. `digest` covers the statement and the document, if any."""

    criterion: str
    statement: Text
    document_digest: str
    digest: str


class Advanced(Struct, frozen=True, kw_only=True, tag="advanced"):
    """A gate is passed: the verdicts as they stood are frozen with it."""

    from_phase: PhaseId
    to_phase: PhaseId
    verdicts: dict[str, str]
    digest: str


class WentBack(Struct, frozen=True, kw_only=True, tag="went_back"):
    """The workload goes back a phase."""

    from_phase: PhaseId
    to_phase: PhaseId
    reason: Text


class EvidenceFrozen(Struct, frozen=True, kw_only=True, tag="evidence_frozen"):
    """What an answer was computed from and came to when a decision was put: canonical JSON, whose SHA-256 is `digest`.
    It holds sums over units, never a unit.
    """

    digest: str
    content: str


class CaseFrozen(Struct, frozen=True, kw_only=True, tag="case_frozen"):
    """The whole case that a decision was put on, beside the evidence: canonical JSON, whose SHA-256 is `digest`. The
    verdicts' reasons may quote what people wrote.
    """

    digest: str
    content: str
    reasons: Text = ""


class Decided(Struct, frozen=True, kw_only=True, tag="decided"):
    """Go, no-go or one extension, with every verdict frozen. In force once owner and sponsor signed `digest`, which
    covers `evidence` and `case`, the digests of the evidence and of the case that were frozen with it; None where there
    was none.
    """

    outcome: Outcome
    reasons: Text
    dissent: Text
    extend_until: dt.date | None
    verdicts: dict[str, str]
    answer: str
    digest: str
    evidence: str | None = None
    case: str | None = None


class ExposureSet(Struct, frozen=True, kw_only=True, tag="exposure_set"):
    """How much traffic the candidate may see, within the ceiling of the time."""

    mode: Mode
    percent: float
    cohorts: tuple[str, ...]
    reason: Text
    timeout_ms: float = 1000.0
    hard_timeout: bool = False
    paired_share: float = 0.1


class Killed(Struct, frozen=True, kw_only=True, tag="killed"):
    """The candidate is switched off."""

    reason: Text


class Revived(Struct, frozen=True, kw_only=True, tag="revived"):
    """The kill is lifted; exposure stays at none until somebody exposes again."""

    reason: Text


class Waived(Struct, frozen=True, kw_only=True, tag="waived"):
    """A criterion is to be set aside until `expires_on`. In force once a second accountable person signed it."""

    criterion: str
    reason: Text
    expires_on: dt.date
    digest: str


class Commented(Struct, frozen=True, kw_only=True, tag="commented"):
    """Somebody says something about the workload."""

    comment: Text


class BreachResolved(Struct, frozen=True, kw_only=True, tag="breach_resolved"):
    """A guardrail's breach is looked into and closed."""

    metric: str
    reason: Text


class AnswerMeasured(Struct, frozen=True, kw_only=True, tag="answer_measured"):
    """The sequential answer on the target changed; the figures are those seen."""

    metric: str
    attempt: int
    answer: str
    reason: str
    estimate: float | None
    low: float | None
    high: float | None
    calls: int


class VerdictMeasured(Struct, frozen=True, kw_only=True, tag="verdict_measured"):
    """A measured or enforced criterion's verdict changed; the figures are those seen. The reason may quote a waiver."""

    criterion: str
    verdict: str
    reason: Text
    evidence: tuple[EvidenceItem, ...]


class LapseForeseen(Struct, frozen=True, kw_only=True, tag="lapse_foreseen"):
    """What a criterion rests on holds until `valid_until` and has to be renewed before."""

    criterion: str
    valid_until: dt.datetime


class GuardrailBreached(Struct, frozen=True, kw_only=True, tag="guardrail_breached"):
    """A guardrail was seen to be broken while people were exposed."""

    metric: str
    stage: str
    reason: str
    difference: float | None
    low: float | None
    high: float | None
    calls: int


class PilotWoundDown(Struct, frozen=True, kw_only=True, tag="pilot_wound_down"):
    """Nobody decided by the decision date and its grace: shadowing stops, and the sponsor is told.

    `decision_on` is the date that passed, `exposed` how much the candidate saw until then.
    """

    decision_on: dt.date
    exposed: Mode
    sponsor: str | None


Fact = (
    Proposed
    | Scored
    | Chosen
    | Assigned
    | OwnershipAccepted
    | CharterRevised
    | Signed
    | ReleaseRegistered
    | EvaluationDeclared
    | PilotCleared
    | ShortfallAnalysed
    | Attested
    | Advanced
    | WentBack
    | EvidenceFrozen
    | CaseFrozen
    | Decided
    | ExposureSet
    | Killed
    | Revived
    | Waived
    | Commented
    | BreachResolved
    | AnswerMeasured
    | VerdictMeasured
    | LapseForeseen
    | GuardrailBreached
    | PilotWoundDown
    | AreaFact
)

OrganisationFact = AssessingFact
AnyFact = Fact | OrganisationFact

KINDS: dict[str, type[AnyFact]] = {str(cls.__struct_config__.tag): cls for cls in get_args(AnyFact)}


def _personal_fields(cls: type[AnyFact]) -> frozenset[str]:
    info = msgspec.inspect.type_info(cls)
    if not isinstance(info, msgspec.inspect.StructType):
        raise TypeError(cls)
    return frozenset(
        field.encode_name
        for field in info.fields
        if isinstance(field.type, msgspec.inspect.Metadata) and (field.type.extra or {}).get("personal")
    )


PERSONAL: dict[str, frozenset[str]] = {kind: _personal_fields(cls) for kind, cls in KINDS.items()}


class Recorded(Struct, frozen=True, kw_only=True):
    """A fact with its place in the ledger and who recorded it when. `at` is UTC."""

    fact: AnyFact
    position: int
    sequence: int
    actor: str
    at: dt.datetime
    simulated: bool = False


def encode(fact: AnyFact) -> tuple[str, dict[str, Any], dict[str, str]]:
    """A fact as the ledger takes it: kind, plain payload, and the personal texts by field name."""
    payload = msgspec.to_builtins(fact)
    kind = payload.pop("type")
    texts = {name: payload.pop(name) for name in PERSONAL[kind] if payload.get(name)}
    return kind, {name: value for name, value in payload.items() if name not in PERSONAL[kind]}, texts


def decode(kind: str, payload: Mapping[str, Any], texts: Mapping[str, str | None]) -> AnyFact:
    """The fact of a ledger entry; an erased text reads `ERASED`, one never given is empty.

    Raises `UnknownFact` for a kind that this version does not know.
    """
    cls = KINDS.get(kind)
    if cls is None:
        raise UnknownFact(f"The ledger holds a fact of kind {kind!r}; open it with the version that wrote it.")
    fields = {name: value for name, value in payload.items() if name not in PERSONAL[kind]}
    for name in PERSONAL[kind]:
        text = texts.get(name, "")
        fields[name] = ERASED if text is None else text
    return msgspec.convert(fields, type=cls, strict=True)
