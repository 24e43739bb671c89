"""Metric definitions: what is measured, in which direction it is better, and what a charter promises of it.

Pure types; they live here because both the record and the evidence use them.
"""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta, Struct

from pilotage.runtime.records import Action

MetricId = Annotated[str, Meta(pattern="^[a-z][a-z0-9_]{0,62}$")]
KindId = Annotated[str, Meta(pattern="^[a-z][a-z0-9_]{0,62}$", description="a built-in or an installed metric kind")]
Direction = Literal["higher", "lower"]
Per = Literal["call", "unit_mean", "unit_sum"]
Cluster = Literal["unit", "day", "both"]


class LabelCost(Struct, frozen=True, kw_only=True, tag="label_cost"):
    """The cost of an answer once the label is known: `costs[answer][label]`; a pair not listed costs `otherwise`.

    Answers and labels are compared as JSON text of scalars without quotes: `true`, `billing`, `3`.
    `answer_field` picks a key of an answer that is an object.
    """

    costs: dict[str, dict[str, float]]
    otherwise: float = 0.0
    label: str = "label"
    answer_field: str | None = None


class LabelMatch(Struct, frozen=True, kw_only=True, tag="label_match"):
    """1 where the answer equals the label, else 0."""

    label: str = "label"
    answer_field: str | None = None


class OutcomeValue(Struct, frozen=True, kw_only=True, tag="outcome"):
    """A number or truth value reported for a call; it belongs to the arm that served."""

    outcome: str


class Latency(Struct, frozen=True, kw_only=True, tag="latency"):
    """An execution's latency in milliseconds; with `limit_ms`, 1 where it is above the limit, else 0."""

    limit_ms: float | None = None


class ErrorShare(Struct, frozen=True, kw_only=True, tag="error"):
    """1 where the execution failed or timed out, else 0."""


class AnswerEquals(Struct, frozen=True, kw_only=True, tag="answer"):
    """1 where the answer equals `equals` (JSON text without quotes), else 0."""

    equals: str
    answer_field: str | None = None


class Cost(Struct, frozen=True, kw_only=True, tag="cost"):
    """What the execution said it cost, in US dollars."""


class Score(Struct, frozen=True, kw_only=True, tag="score"):
    """What a scorer registered with the SDK gave the execution."""

    scorer: str


class Tokens(Struct, frozen=True, kw_only=True, tag="tokens"):
    """The tokens that the execution read, wrote, or both; a total needs both."""

    which: Literal["in", "out", "total"] = "total"


class Confidence(Struct, frozen=True, kw_only=True, tag="confidence"):
    """How sure the execution said it was."""


class UserAction(Struct, frozen=True, kw_only=True, tag="user_action"):
    """1 where what somebody did with the answer they saw is one of `actions`, else 0, over the calls on which an
    action was reported (`feedback`, or an outcome named `action`).
    """

    actions: tuple[Action, ...]


NumberSource = LabelCost | OutcomeValue | Latency | Cost | Score | Tokens | Confidence


class Beyond(Struct, frozen=True, kw_only=True, tag="beyond"):
    """1 where another source's number, before any cap, lies above `above` or below `below`, else 0."""

    of: NumberSource
    above: float | None = None
    below: float | None = None


MetricSource = (
    LabelCost
    | LabelMatch
    | OutcomeValue
    | Latency
    | ErrorShare
    | AnswerEquals
    | Cost
    | Score
    | Tokens
    | Confidence
    | UserAction
    | Beyond
)


class Metric(Struct, frozen=True, kw_only=True):
    """One measured quantity. `lo` and `hi` cap every value; a failed execution counts `failure_value`
    (default: the worst of the two). `window_hours` is how long after the call a label still counts.
    `shift` is subtracted before squaring, to keep sums precise: the charter's baseline.

    A `ratio` divides the sum of `source` by that of `denominator`, whose values are capped to `denominator_lo` and
    `denominator_hi`. A `quantile` is the value that a share `quantile` of all calls does not exceed. `per` says what
    one value is of: a call, or a unit (the mean of its calls, or their sum, which then is what the caps hold for).
    """

    id: MetricId
    title: str
    unit: str
    direction: Direction
    kind: KindId
    source: MetricSource
    denominator: MetricSource | None = None
    denominator_lo: float = 0.0
    denominator_hi: float = 1.0
    quantile: float | None = None
    per: Per = "call"
    lo: float = 0.0
    hi: float = 1.0
    failure_value: float | None = None
    window_hours: Annotated[float, Meta(gt=0)] = 72.0
    observable: Literal["shadow", "exposed"] = "shadow"
    shift: float = 0.0

    @property
    def worst(self) -> float:
        """The value of a failed execution."""
        if self.failure_value is not None:
            return self.failure_value
        return self.lo if self.direction == "higher" else self.hi

    @property
    def labelled(self) -> bool:
        """Whether the value waits for an outcome."""
        return bool(self.awaited)

    @property
    def awaited(self) -> frozenset[str]:
        """The names of the outcomes that the value waits for."""
        return frozenset(name for name in map(awaited_outcome, self.sources) if name is not None)

    @property
    def labels(self) -> frozenset[str]:
        """The names of the outcomes that are labels: an arm's answer is judged by them."""
        return frozenset(name for name in map(label_of, self.sources) if name is not None)

    @property
    def sources(self) -> tuple[MetricSource, ...]:
        """Where the value comes from: the source, and a ratio's denominator."""
        return (self.source,) if self.denominator is None else (self.source, self.denominator)


ACTION_OUTCOME = "action"
INCUMBENT_ANSWER = "incumbent_answer"


def awaited_outcome(source: MetricSource) -> str | None:
    """The name of the outcome that a source waits for; None when the execution says it all."""
    match source:
        case LabelCost() | LabelMatch():
            return source.label
        case OutcomeValue():
            return source.outcome
        case UserAction():
            return ACTION_OUTCOME
        case Beyond():
            return awaited_outcome(source.of)
        case _:
            return None


def label_of(source: MetricSource) -> str | None:
    """The name of the label by which a source judges answers; None for one that judges none."""
    match source:
        case LabelCost() | LabelMatch():
            return source.label
        case Beyond():
            return label_of(source.of)
        case _:
            return None


def is_seen(source: MetricSource) -> bool:
    """Whether the value comes of what people saw, so that it belongs to the arm whose answer they got."""
    return is_seen(source.of) if isinstance(source, Beyond) else isinstance(source, OutcomeValue | UserAction)


class Target(Struct, frozen=True, kw_only=True):
    """What the charter promises of the target metric.

    `form` says how `floor`, `target` and `expected` are stated: `own`, the candidate's own mean;
    `difference`, candidate minus incumbent (oriented so that positive is better); `share`, the improvement
    over the incumbent as a share of the incumbent's mean (0.15: 15 % better). Always
    floor < target < expected after orientation. `baseline` is the incumbent's own mean as estimated when the
    charter was written. `deviation` is the planning standard deviation of one call's value under `form`
    (for difference and share: of the per-call difference), `design_effect` inflates for clustering. `cluster` says
    whose calls may be alike, and so what the test's variance allows for: calls of one unit, of one day, or of both.
    """

    metric: MetricId
    form: Literal["own", "difference", "share"]
    baseline: float
    floor: float
    target: float
    expected: float
    alpha: Annotated[float, Meta(gt=0, lt=0.5)] = 0.05
    power: Annotated[float, Meta(gt=0.5, lt=1)] = 0.8
    calls_per_week: Annotated[float, Meta(gt=0)]
    deviation: Annotated[float, Meta(gt=0)]
    design_effect: Annotated[float, Meta(ge=1)] = 1.0
    cluster: Cluster = "unit"


class Guardrail(Struct, frozen=True, kw_only=True):
    """A metric that may not get worse than the incumbent's by more than `margin` (absolute, oriented, positive),
    or, with `limit`, whose candidate mean may not be worse than that fixed limit.
    """

    metric: MetricId
    margin: Annotated[float, Meta(ge=0)] = 0.0
    limit: float | None = None
