"""The method's own types: cadences, phases, criteria, reviews, roles. Pure data, validated on load."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta, Struct

PhaseId = Literal["select", "pilot", "evaluate", "harden", "deploy", "operate"]
EvidenceKind = Literal["measured", "recorded", "attested", "document"]
Lane = Literal["low", "standard", "high"]
By = Literal[
    "owner",
    "sponsor",
    "engineer",
    "operator",
    "reviewer",
    "security reviewer",
    "privacy reviewer",
    "admin",
    "everybody",
]
RiskId = Literal["affected", "harm", "undoing", "rights", "sensitivity", "reach"]
OutsideOf = Literal["release", "workload"]
CriterionId = Annotated[str, Meta(pattern="^[a-z]+\\.[a-z][a-z-]*$")]
ReviewArea = Literal["security", "privacy", "compliance", "risk", "operations", "architecture"]
Known = Literal[
    "fields", "processors", "retention", "exposure", "release", "guardrails", "fallback", "coverage", "personal-data",
    "owner", "risks", "target", "volume", "place", "source", "classification",
]  # fmt: skip
FrameworkId = Annotated[
    str,
    Meta(
        pattern=r"^(NIST AI RMF (GOVERN|MAP|MEASURE|MANAGE) [1-6]\.[0-9]{1,2}"
        r"|ISO/IEC 42001 (A|[4-9]|10)(\.[0-9]{1,2}){1,3}"
        r"|EU AI Act (risk class|Art\. [0-9]{1,3}|Annex [IVX]+))$"
    ),
]
COST_ROLE = "cost"
NameId = Annotated[str, Meta(pattern="^[a-z][a-z0-9-]*$")]
Figure = Literal["time-to-feedback", "review-lead-time"]
QUESTIONS_MAX = 15


class Criterion(Struct, frozen=True, kw_only=True):
    """One line of a gate. `kinds[0]` is its primary evidence kind; only a criterion whose primary kind is not
    `measured` may be attested. `check` names the registered check that judges it; with none, the verdict is
    `pending` and says so. `params` are that check's settings. `before_exposure`: must hold before anybody is
    exposed in this phase. `enforced`: when it ceases to hold, the ceiling drops after `grace_days`, or at once where
    something speaks against it, such as a rejection. `outside`: it has no check and takes a result from outside, about
    the release that runs or about the workload whatever its release.
    """

    id: CriterionId
    title: str
    met_when: str
    kinds: Annotated[tuple[EvidenceKind, ...], Meta(min_length=1)]
    lanes: Annotated[tuple[Lane, ...], Meta(min_length=1)]
    next: str
    by: By
    check: str | None = None
    outside: OutsideOf | None = None
    params: dict[str, float | int | str | bool] = {}
    waivable: bool = True
    before_exposure: bool = False
    enforced: bool = False
    valid_days: int | None = None
    grace_days: int = 0


class Ceiling(Struct, frozen=True, kw_only=True):
    """The most exposure that a phase allows. `stage`: live, as far as the roll-out ladder was climbed."""

    mode: Literal["none", "shadow", "suggest", "stage", "full"]


class Phase(Struct, frozen=True, kw_only=True):
    """A stretch of the way, with the gate that ends it. Weeks count from the start, inclusive."""

    id: PhaseId
    title: str
    purpose: str
    weeks: tuple[int, int | None]
    ceiling: Ceiling
    criteria: tuple[Criterion, ...]


class Named(Struct, frozen=True, kw_only=True):
    """A role, an architecture area or a change stream: id, title, and what it has to answer."""

    id: str
    title: str
    purpose: str


class Review(Struct, frozen=True, kw_only=True):
    """One of the reviews, opened on the first day and held in parallel. An approval counts for `valid_days`."""

    id: ReviewArea
    title: str
    purpose: str
    valid_days: Annotated[int, Meta(ge=1)] = 365


class Question(Struct, frozen=True, kw_only=True):
    """One question of the reviews that ask it; answered once for all of them.

    `example` is a good answer, `frameworks` the places in public frameworks that it serves, by id. `known` names what
    the product measured or has on record that it proposes as an answer.
    """

    id: NameId
    text: str
    example: str
    reviews: Annotated[tuple[ReviewArea, ...], Meta(min_length=1)]
    frameworks: Annotated[tuple[FrameworkId, ...], Meta(min_length=1)]
    known: Known | None = None


class Scale(Struct, frozen=True, kw_only=True):
    """One of the scales that a candidate problem is scored on: what is asked, and what each step from 1 to 5 means."""

    id: Literal["impact", "feasibility", "readiness"]
    title: str
    question: str
    steps: Annotated[tuple[str, ...], Meta(min_length=5, max_length=5)]


class RiskQuestion(Struct, frozen=True, kw_only=True):
    """A question on what an answer can do to people, with the answer that each lane stands for."""

    id: RiskId
    title: str
    question: str
    low: str
    standard: str
    high: str
    frameworks: tuple[FrameworkId, ...] = ()

    def answer(self, lane: Lane) -> str:
        """The words of a lane's answer."""
        return str(getattr(self, lane))


class AssessmentQuestion(Struct, frozen=True, kw_only=True):
    """One question about the organisation. `levels` says what each step from 1 to 5 looks like, `next` what each of the
    first four needs to become the one after it.

    `criteria` are those whose verdicts speak to it, `figure` one of the portfolio's that is shown as well; the product
    proposes what it finds there.
    """

    id: NameId
    dimension: str
    text: str
    levels: Annotated[tuple[str, ...], Meta(min_length=5, max_length=5)]
    next: Annotated[tuple[str, ...], Meta(min_length=4, max_length=4)]
    frameworks: Annotated[tuple[FrameworkId, ...], Meta(min_length=1)]
    criteria: tuple[CriterionId, ...] = ()
    figure: Figure | None = None


class Assessment(Struct, frozen=True, kw_only=True):
    """A questionnaire about the organisation, answered in rounds. A concluded round counts for `valid_days`."""

    id: NameId
    title: str
    purpose: str
    valid_days: Annotated[int, Meta(ge=1)] = 180
    dimensions: Annotated[tuple[Named, ...], Meta(min_length=1)]
    questions: Annotated[tuple[AssessmentQuestion, ...], Meta(min_length=1)]

    def question(self, question_id: str) -> AssessmentQuestion | None:
        """The question of that id; None when it asks no such thing."""
        return next((question for question in self.questions if question.id == question_id), None)

    def questions_of(self, dimension: str) -> tuple[AssessmentQuestion, ...]:
        """What is asked about a dimension, in the playbook's order."""
        return tuple(question for question in self.questions if question.dimension == dimension)


class Stage(Struct, frozen=True, kw_only=True):
    """One step of the roll-out ladder: percentage and the days it must hold with guardrails intact."""

    percent: Annotated[float, Meta(gt=0, le=100)]
    hold_days: Annotated[int, Meta(ge=0)]


class WaiverRules(Struct, frozen=True, kw_only=True):
    """What a waiver may do."""

    days_max: Annotated[int, Meta(ge=1, le=30)] = 30
    ceiling_percent: float = 5.0
    demonstration_ceiling_percent: float = 25.0
    signers: Annotated[int, Meta(ge=2)] = 2


class PilotRules(Struct, frozen=True, kw_only=True):
    """Limits on a pilot's time and its people, in days and weeks, and the bars on the problem's mean scores, 1 to 5."""

    weeks_min: int = 4
    weeks_max: int = 8
    decision_grace_days: int = 7
    sponsor_silence_days: int = 30
    live_pilots_per_owner: int = 1
    scorers_min: int = 2
    candidates_min: int = 3
    impact_min: float = 3.0
    readiness_min: float = 2.5


class Playbook(Struct, frozen=True, kw_only=True):
    """A whole cadence. Evidence that grows old is said to so many `notice_days` before it lapses."""

    id: Annotated[str, Meta(pattern="^[a-z0-9][a-z0-9-]*$")]
    title: str
    version: Annotated[int, Meta(ge=1)]
    summary: str
    phases: Annotated[tuple[Phase, ...], Meta(min_length=1)]
    reviews: tuple[Review, ...]
    ownership: tuple[Named, ...]
    areas: tuple[Named, ...]
    streams: tuple[Named, ...]
    questions: tuple[Question, ...] = ()
    scales: tuple[Scale, ...] = ()
    risks: tuple[RiskQuestion, ...] = ()
    assessments: tuple[Assessment, ...] = ()
    stages: Annotated[tuple[Stage, ...], Meta(min_length=1)]
    waivers: WaiverRules = WaiverRules()
    pilot: PilotRules = PilotRules()
    notice_days: Annotated[int, Meta(ge=0, le=90)] = 14

    def notice_of(self, criterion: Criterion) -> int:
        """How many days before its evidence lapses that is said: never more than the last quarter of its time."""
        return self.notice_days if criterion.valid_days is None else min(self.notice_days, criterion.valid_days // 4)

    def phase(self, phase_id: str) -> Phase:
        """The phase of that id; KeyError when the playbook has none."""
        for phase in self.phases:
            if phase.id == phase_id:
                return phase
        raise KeyError(phase_id)

    def review(self, area: str) -> Review:
        """The review of that id; KeyError when the playbook has none."""
        for review in self.reviews:
            if review.id == area:
                return review
        raise KeyError(area)

    def questions_of(self, area: str) -> tuple[Question, ...]:
        """What a review asks, in the playbook's order."""
        return tuple(question for question in self.questions if area in question.reviews)

    def question(self, question_id: str) -> Question:
        """The question of that id; KeyError when the playbook has none."""
        for question in self.questions:
            if question.id == question_id:
                return question
        raise KeyError(question_id)

    def assessment(self, assessment_id: str) -> Assessment | None:
        """The questionnaire about the organisation of that id; None when the playbook has none."""
        return next((one for one in self.assessments if one.id == assessment_id), None)

    def criterion(self, criterion_id: str) -> Criterion:
        """The criterion of that id; KeyError when the playbook has none."""
        for phase in self.phases:
            for criterion in phase.criteria:
                if criterion.id == criterion_id:
                    return criterion
        raise KeyError(criterion_id)
