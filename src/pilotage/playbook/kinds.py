"""The kinds of metrics: what a figure of that kind is, how its target may be stated, what makes one unusable. Pure.

The built-in kinds are registered here by the same call that an installed one comes through. A kind names the estimator
that makes figures of its sums; `evidence.estimators` holds those.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Literal, get_args

from msgspec import Struct

from pilotage.playbook.metrics import (
    AnswerEquals,
    Beyond,
    ErrorShare,
    LabelMatch,
    Latency,
    Metric,
    MetricSource,
    OutcomeValue,
    Score,
    UserAction,
)

Form = Literal["own", "difference", "share"]
FORMS: frozenset[Form] = frozenset(get_args(Form))
Flaw = tuple[str, str, str]
"""What is wrong with a metric: a code, the metric's field, and what to do."""


class KindInvalid(Exception):
    """A metric kind that cannot be taken in; the message says why and what to do."""


class ExtensionBroken(Exception):
    """A package that adds a kind or an estimator cannot be used; the message names it and says what to do."""


class MetricKind(Struct, frozen=True, kw_only=True):
    """A kind of metric.

    `forms` are the ways in which a target may be stated; a guardrail with a margin needs `difference`. `divides`: the
    sums hold two values of a call, those of `source` and of `denominator`. `expands`: the plan measures the metric as
    proportions, one for each limit that the charter sets, since the figure itself has no additive sums. `value` makes
    of a call's capped number what is summed up; it must never fall as the number rises. `flaws` says what makes a
    metric of this kind unusable, beyond what holds for all.
    """

    id: str
    title: str
    estimator: str
    forms: frozenset[Form] = FORMS
    divides: bool = False
    expands: bool = False
    value: Callable[[Metric, float], float] | None = None
    flaws: Callable[[Metric], Iterable[Flaw]] | None = None


_KINDS: dict[str, MetricKind] = {}


def register_kind(kind: MetricKind) -> None:
    """Add a kind. Raises `KindInvalid` where its id is taken by another one."""
    if _KINDS.get(kind.id, kind) != kind:
        raise KindInvalid(f"There is a metric kind {kind.id} already; give the new one another id.")
    _KINDS[kind.id] = kind


def forget_kind(kind_id: str) -> None:
    """Take a kind out again."""
    _KINDS.pop(kind_id, None)


def kinds() -> tuple[MetricKind, ...]:
    """Every kind, in the order in which they came."""
    return tuple(_KINDS.values())


def find_kind(kind_id: str) -> MetricKind | None:
    """The kind of that id, or None."""
    return _KINDS.get(kind_id)


def kind_of(metric: Metric) -> MetricKind:
    """The kind of a metric. Raises `KindInvalid` where it is not installed."""
    kind = _KINDS.get(metric.kind)
    if kind is None:
        raise KindInvalid(
            f"Metric {metric.id} is of kind {metric.kind}, which is not installed; install what provides it."
        )
    return kind


def is_truth(source: MetricSource) -> bool:
    """Whether the source gives 0 or 1. Of an outcome or a scorer nobody knows beforehand."""
    limited = isinstance(source, Latency) and source.limit_ms is not None
    truths = LabelMatch | ErrorShare | AnswerEquals | UserAction | Beyond | OutcomeValue | Score
    return limited or isinstance(source, truths)


def _proportion_flaws(metric: Metric) -> Iterator[Flaw]:
    if not is_truth(metric.source):
        yield (
            "not-a-proportion",
            "source",
            "a proportion counts calls, and this source gives numbers; take the kind mean, or wrap it in beyond",
        )


def _ratio_flaws(metric: Metric) -> Iterator[Flaw]:
    if metric.denominator is None:
        yield "no-denominator", "denominator", "a ratio divides by something; name the source of its denominator"
    elif not 0.0 <= metric.denominator_lo < metric.denominator_hi:
        yield (
            "empty-range",
            "denominator_hi",
            "the denominator is capped to an empty or negative range; make 0 <= denominator_lo < denominator_hi",
        )
    if metric.per != "call":
        yield "ratio-per-unit", "per", "a ratio is of sums over all calls; leave per at call"
    if metric.shift:
        yield "shifted-ratio", "shift", "a ratio's sums are not shifted; leave shift at 0"


def _quantile_flaws(metric: Metric) -> Iterator[Flaw]:
    if metric.quantile is None or not 0.0 < metric.quantile < 1.0:
        yield "bad-quantile", "quantile", "say which quantile, above 0 and below 1, such as 0.95"
    if is_truth(metric.source) and not isinstance(metric.source, OutcomeValue | Score):
        yield "no-number", "source", "a quantile is of numbers, and this source gives 0 or 1; take the kind proportion"
    if metric.per != "call":
        yield "quantile-per-unit", "per", "a quantile is of calls; leave per at call"
    if metric.shift:
        yield "shifted-quantile", "shift", "a quantile is not shifted; leave shift at 0"


register_kind(
    MetricKind(
        id="proportion", title="share of calls, each of which counts 0 or 1", estimator="share", flaws=_proportion_flaws
    )
)
register_kind(MetricKind(id="mean", title="mean of a number", estimator="mean"))
register_kind(
    MetricKind(
        id="ratio",
        title="ratio of two sums",
        estimator="ratio",
        forms=frozenset({"own", "difference"}),
        divides=True,
        flaws=_ratio_flaws,
    )
)
register_kind(
    MetricKind(
        id="quantile",
        title="quantile of a number, against limits",
        estimator="share",
        forms=frozenset({"own"}),
        expands=True,
        flaws=_quantile_flaws,
    )
)
