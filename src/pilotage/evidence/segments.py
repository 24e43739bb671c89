"""Segments: where it works and where it does not, without small segments shouting. Pure.

Every segment has its raw figure and one drawn towards the mean of all (`pooling`). It is flagged only by a test whose
false discoveries are bounded over all segments (`discovery`): that it is worse than the charter allows, or worse than
the other segments. Segments are to find out where it fails; they decide nothing.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Literal

from msgspec import Struct, structs

from pilotage.evidence.discovery import adjusted
from pilotage.evidence.figures import figures
from pilotage.evidence.measurements import Estimate, Estimated, NotEstimable
from pilotage.evidence.normal import two_sided, upper_tail
from pilotage.evidence.pooling import Pool, heterogeneity, pool
from pilotage.evidence.statistic import Statistic, statistic
from pilotage.evidence.strata import StageTotals
from pilotage.evidence.values import orientation
from pilotage.playbook.kinds import Form
from pilotage.playbook.metrics import Guardrail, Metric, Target

FALSE_DISCOVERIES = 0.05
"""Of the segments flagged in a table, the share that is a false alarm, in expectation, is at most this."""

Flag = Literal["beyond_bound", "worse_than_others"]
Segments = Mapping[str, Sequence[StageTotals]]
"""By segment, `key=value`, the sums of the stages that a metric is judged on."""


class SegmentFigure(Struct, frozen=True, kw_only=True):
    """One segment. `share` is that of its key's calls; `pooled` and the p-values are None where they cannot be had.

    `q_bound` and `q_others` are p-values adjusted for the number of segments: the segment is flagged when one is at
    most the table's rate.
    """

    segment: str
    key: str
    share: float
    incumbent: Estimated
    candidate: Estimated
    raw: Estimated
    pooled: Estimated
    p_bound: float | None = None
    q_bound: float | None = None
    p_others: float | None = None
    q_others: float | None = None
    flags: tuple[Flag, ...] = ()
    why: str = ""


class KeySpread(Struct, frozen=True, kw_only=True):
    """How far apart the segments of one key lie: from the worst to the best, on the pooled figures where they can be
    had and else on the raw ones. `deviation` is that of the true values; `p` tells whether they differ at all.
    """

    key: str
    worst: str
    best: str
    range: float
    deviation: float | None
    p: float | None
    pooled: bool
    reason: str = ""


class SegmentTable(Struct, frozen=True, kw_only=True):
    """One metric segment by segment, flagged ones first, then the weakest. `bound` is the floor, minus a margin, or a
    limit; figures are under `form` (a difference or share is positive where the candidate is better).
    """

    metric: str
    title: str
    unit: str
    role: Literal["target", "guardrail"]
    form: Form
    direction: Literal["higher", "lower"]
    bound: float
    rate: float
    segments: tuple[SegmentFigure, ...]
    spreads: tuple[KeySpread, ...]
    reason: str = ""

    @property
    def flagged(self) -> tuple[SegmentFigure, ...]:
        """Those that a test speaks against."""
        return tuple(one for one in self.segments if one.flags)


def target_segments(target: Target, metric: Metric, segments: Segments) -> SegmentTable:
    """The target metric segment by segment, held against the floor."""
    return _table(target, metric, segments, role="target", bound=target.floor)


def guardrail_segments(guardrail: Guardrail, target: Target, metric: Metric, segments: Segments) -> SegmentTable:
    """A guardrail segment by segment, held against its margin or limit: whether it is fair to all of them."""
    form: Form = "difference" if guardrail.limit is None else "own"
    bound = -guardrail.margin if guardrail.limit is None else guardrail.limit
    promise = structs.replace(target, metric=metric.id, form=form)
    return _table(promise, metric, segments, role="guardrail", bound=bound)


def _table(
    promise: Target, metric: Metric, segments: Segments, *, role: Literal["target", "guardrail"], bound: float
) -> SegmentTable:
    rows = [_figure(promise, metric, name, stages) for name, stages in sorted(segments.items())]
    sign = orientation(metric) if promise.form == "own" else 1.0
    rows = _pooled(_shares(rows))
    rows = _against_bound(rows, promise, metric, segments, bound)
    rows = _against_others(rows, sign)
    rows = [_flagged(row) for row in rows]
    return SegmentTable(
        metric=metric.id,
        title=metric.title,
        unit=metric.unit,
        role=role,
        form=promise.form,
        direction=metric.direction,
        bound=bound,
        rate=FALSE_DISCOVERIES,
        segments=tuple(sorted(rows, key=lambda row: (*_rank(row, sign), row.segment))),
        spreads=tuple(_spread(key, of_key, sign) for key, of_key in _by_key(rows).items()),
        reason="" if rows else "No call of a declared segment has a known value yet.",
    )


def _figure(promise: Target, metric: Metric, name: str, stages: Sequence[StageTotals]) -> SegmentFigure:
    found = figures(metric, promise.form, stages)
    return SegmentFigure(
        segment=name,
        key=name.partition("=")[0],
        share=0.0,
        incumbent=found.incumbent,
        candidate=found.candidate,
        raw=found.comparison,
        pooled=NotEstimable(reason="It has no figure to pool."),
    )


def _by_key(rows: Iterable[SegmentFigure]) -> dict[str, list[SegmentFigure]]:
    keys: dict[str, list[SegmentFigure]] = defaultdict(list)
    for row in rows:
        keys[row.key].append(row)
    return keys


def _shares(rows: Iterable[SegmentFigure]) -> list[SegmentFigure]:
    found = []
    for of_key in _by_key(rows).values():
        calls = sum(row.raw.calls for row in of_key)
        found += [structs.replace(row, share=row.raw.calls / calls if calls else 0.0) for row in of_key]
    return found


def standard_error(estimate: Estimate) -> float:
    """Half the interval's width in units of its normal quantile. Score intervals keep a width where no variation was
    seen, which a moment estimate of the variance would not.
    """
    return (estimate.high - estimate.low) / (2.0 * two_sided(estimate.level))


def _pooled(rows: Iterable[SegmentFigure]) -> list[SegmentFigure]:
    """The rows with their pooled figures, the segments of each key for themselves."""
    found: list[SegmentFigure] = []
    for of_key in _by_key(rows).values():
        made = _pool_of(_estimated(of_key))
        found += [structs.replace(row, pooled=_pooled_figure(row, made)) if _has_figure(row) else row for row in of_key]
    return found


def _has_figure(row: SegmentFigure) -> bool:
    return isinstance(row.raw, Estimate) and row.raw.high > row.raw.low


def _estimated(rows: Iterable[SegmentFigure]) -> dict[str, Estimate]:
    return {row.segment: row.raw for row in rows if isinstance(row.raw, Estimate) and _has_figure(row)}


def _pool_of(estimates: Mapping[str, Estimate]) -> dict[str, Estimate] | NotEstimable:
    made = pool([e.value for e in estimates.values()], [standard_error(e) for e in estimates.values()])
    if isinstance(made, NotEstimable):
        return made
    return {
        name: Estimate(
            value=one.value,
            low=one.low,
            high=one.high,
            calls=raw.calls,
            units=raw.units,
            method=f"{raw.method}, partially pooled",
            level=made.level,
        )
        for (name, raw), one in zip(estimates.items(), made.segments, strict=True)
    }


def _pooled_figure(row: SegmentFigure, made: dict[str, Estimate] | NotEstimable) -> Estimated:
    if isinstance(made, NotEstimable):
        return structs.replace(made, calls=row.raw.calls, units=row.raw.units)
    return made[row.segment]


def _against_bound(
    rows: Sequence[SegmentFigure], promise: Target, metric: Metric, segments: Segments, bound: float
) -> list[SegmentFigure]:
    """How surely each lies beyond what the charter allows, by the score test at the bound. Segments of one key hold
    different calls; with several keys the same calls are tested more than once, so the dependence is allowed for.
    """
    # No sums by day are kept of segments.
    at_bound = structs.replace(promise, target=bound, cluster="unit")
    found: dict[str, float] = {}
    for row in rows:
        if not isinstance(row.raw, Estimate):
            continue
        seen = statistic(at_bound, metric, segments[row.segment])
        if isinstance(seen, Statistic):
            found[row.segment] = upper_tail(-seen.z)
    dependent = len({row.key for row in rows}) > 1
    corrected = dict(zip(found, adjusted(list(found.values()), dependent=dependent), strict=True))
    return [structs.replace(row, p_bound=found.get(row.segment), q_bound=corrected.get(row.segment)) for row in rows]


def _against_others(rows: Sequence[SegmentFigure], sign: float) -> list[SegmentFigure]:
    """How surely each is worse than the other segments of its key taken together, weighted by calls. Each is among
    the others' others, so the tests depend on each other. Only segments that were tested at all take part.
    """
    found: dict[str, float] = {}
    for of_key in _by_key(rows).values():
        estimates = {name: e for name, e in _estimated(of_key).items() if _tested(of_key, name)}
        for name, one in estimates.items():
            others = [e for other, e in estimates.items() if other != name]
            calls = sum(e.calls for e in others)
            if not calls:
                continue
            mean = sum(e.calls * e.value for e in others) / calls
            variance = sum((e.calls / calls * standard_error(e)) ** 2 for e in others) + standard_error(one) ** 2
            found[name] = upper_tail(-sign * (one.value - mean) / variance**0.5)
    corrected = dict(zip(found, adjusted(list(found.values()), dependent=True), strict=True))
    return [structs.replace(row, p_others=found.get(row.segment), q_others=corrected.get(row.segment)) for row in rows]


def _tested(rows: Iterable[SegmentFigure], name: str) -> bool:
    return any(row.segment == name and row.p_bound is not None for row in rows)


def _flagged(row: SegmentFigure) -> SegmentFigure:
    flags: list[Flag] = []
    said = []
    if row.q_bound is not None and row.q_bound <= FALSE_DISCOVERIES:
        flags.append("beyond_bound")
        said.append(f"worse than the charter allows (adjusted p {row.q_bound:.2g})")
    if row.q_others is not None and row.q_others <= FALSE_DISCOVERIES:
        flags.append("worse_than_others")
        said.append(f"worse than the other segments (adjusted p {row.q_others:.2g})")
    if said:
        return structs.replace(row, flags=tuple(flags), why=f"It is {' and '.join(said)}.")
    if isinstance(row.raw, NotEstimable):
        return structs.replace(row, why=row.raw.reason)
    if row.p_bound is None:
        return structs.replace(row, why="Too little was seen of it to test it.")
    return structs.replace(row, why="Nothing sets it apart that chance among so many segments would not.")


def _rank(row: SegmentFigure, sign: float) -> tuple[bool, bool, float]:
    """Flagged ones first, then the weakest; what is too small to be tested comes last, however bad it looks."""
    for figure in (row.pooled, row.raw):
        if isinstance(figure, Estimate):
            return not row.flags, row.p_bound is None, sign * figure.value
    return True, True, float("inf")


def _spread(key: str, rows: Sequence[SegmentFigure], sign: float) -> KeySpread:
    raw = _estimated(rows)
    if len(raw) < 2:  # noqa: PLR2004 - one segment is not apart from anything
        reason = f"{len(raw)} of {len(rows)} segments of {key} have a figure; it takes two to lie apart."
        return KeySpread(key=key, worst="", best="", range=0.0, deviation=None, p=None, pooled=False, reason=reason)
    pooled = {row.segment: row.pooled for row in rows if isinstance(row.pooled, Estimate)}
    shown = pooled or raw
    order = sorted(shown, key=lambda name: sign * shown[name].value)
    values, errors = [e.value for e in raw.values()], [standard_error(e) for e in raw.values()]
    made = pool(values, errors)
    return KeySpread(
        key=key,
        worst=order[0],
        best=order[-1],
        range=abs(shown[order[-1]].value - shown[order[0]].value),
        deviation=made.spread if isinstance(made, Pool) else None,
        p=_chi_square_tail(heterogeneity(values, errors), len(values) - 1),
        pooled=bool(pooled),
    )


def _chi_square_tail(statistic_value: float, degrees: int) -> float:
    from scipy.special import chdtrc  # noqa: PLC0415 - numerical libraries load when they are first needed

    return float(chdtrc(degrees, statistic_value))
