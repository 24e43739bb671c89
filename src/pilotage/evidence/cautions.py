"""What a history lacks and how far its figures can be trusted, one sentence each. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

from msgspec import Struct

from pilotage.evidence.history import HistorySums, needs_label
from pilotage.evidence.measurements import Estimate, Estimated
from pilotage.evidence.moments import moments
from pilotage.evidence.values import orientation
from pilotage.playbook.metrics import Metric

SMALL_P = 0.01
DAYS_MIN = 14
DAYS_TO_COMPARE = 5
LARGE_UNIT_SHARE = 0.1
COVERAGE_MIN = 0.95
BALANCE_MAX = 0.9
_SIGMAS_UNEQUAL = 3.0

CautionCode = Literal[
    "history",
    "no-rows-compared",
    "left-out",
    "labels-missing",
    "labels-missing-unevenly",
    "class-balance",
    "no-unit",
    "large-unit",
    "no-time",
    "zoneless",
    "short",
    "days-differ",
    "no-lead",
    "detectable",
    "not-detectable",
    "caps",
]


class Caution(Struct, frozen=True, kw_only=True):
    """One thing to know before the figures are believed. `weighty` ones can change the conclusion."""

    code: CautionCode
    sentence: str
    weighty: bool = False


class Facts(Struct, frozen=True, kw_only=True):
    """What cautions are read from."""

    sums: HistorySums
    metric: Metric
    difference: Estimated
    pace: float | None
    weeks: float
    detectable: float | None
    time_zone: str


def cautions(facts: Facts) -> tuple[Caution, ...]:
    """Every caution, the mark of history first."""
    mark = Caution(
        code="history", sentence="This is history: it says what a pilot could show, and it counts for no gate."
    )
    return (mark, *_rows(facts), *_labels(facts), *_units(facts), *_times(facts), *_conclusion(facts))


def _rows(facts: Facts) -> Iterator[Caution]:
    sums = facts.sums
    missing = sums.rows - round(sums.pairs.n)
    if sums.pairs.n <= 0 < sums.rows:
        what = "both answers and a label" if needs_label(facts.metric) else "a value of both arms"
        yield Caution(
            code="no-rows-compared",
            sentence=f"No row holds {what}, so nothing can be compared; check that the right columns were read.",
            weighty=True,
        )
    elif missing:
        what = "an answer or a label" if needs_label(facts.metric) else "a value of one arm"
        yield Caution(
            code="left-out",
            sentence=f"{missing:,} of {sums.rows:,} rows lack {what} and were left out.",
            weighty=missing > (1.0 - COVERAGE_MIN) * sums.rows,
        )


def _labels(facts: Facts) -> Iterator[Caution]:
    labels, rows = facts.sums.labels, facts.sums.rows
    if not needs_label(facts.metric) or not rows:
        return
    if labels.labelled < COVERAGE_MIN * rows:
        yield Caution(
            code="labels-missing",
            sentence=f"Only {labels.labelled / rows:.0%} of the rows have a label. The figures hold for those alone; "
            "if the others were harder, they are too good.",
            weighty=True,
        )
    if uneven := _uneven(labels.same, labels.same_labelled, labels.split, labels.split_labelled):
        yield uneven
    most = next(iter(labels.classes.items()), None)
    if most and labels.labelled and most[1] > BALANCE_MAX * labels.labelled:
        share = most[1] / labels.labelled
        yield Caution(
            code="class-balance",
            sentence=f"{share:.1%} of the labels are {most[0]!r}, so an answer that is always {most[0]!r} would be "
            "right as often; judge by the cost of each kind of error, or within segments.",
            weighty=True,
        )


def _uneven(same: int, same_labelled: int, split: int, split_labelled: int) -> Caution | None:
    """Labels that come more often where the arms agree than where they differ: two proportions, pooled z test."""
    if not same or not split:
        return None
    pooled = (same_labelled + split_labelled) / (same + split)
    error: float = (pooled * (1.0 - pooled) * (1.0 / same + 1.0 / split)) ** 0.5
    one, other = same_labelled / same, split_labelled / split
    if error <= 0.0 or abs(one - other) <= _SIGMAS_UNEQUAL * error:
        return None
    return Caution(
        code="labels-missing-unevenly",
        sentence=f"Labels came for {one:.0%} of the rows where both answers are the same, and for {other:.0%} where "
        "they differ: rows were not picked for labelling by chance, and the comparison leans with that choice.",
        weighty=True,
    )


def _units(facts: Facts) -> Iterator[Caution]:
    sums = facts.sums
    if sums.without_unit:
        who = (
            "Rows without a unit are"
            if sums.without_unit == sums.rows
            else f"{sums.without_unit:,} rows without a unit are"
        )
        yield Caution(
            code="no-unit",
            sentence=f"{who} taken as independent; if customers return, the intervals are too narrow.",
        )
    if sums.pairs.units > 1 and sums.largest_unit > LARGE_UNIT_SHARE * sums.pairs.n:
        yield Caution(
            code="large-unit",
            sentence=f"One unit has {sums.largest_unit / sums.pairs.n:.0%} of all compared rows, so the figures are "
            "mostly about it; look at the others without it.",
            weighty=True,
        )


def _times(facts: Facts) -> Iterator[Caution]:
    sums = facts.sums
    if facts.pace is None:
        yield Caution(
            code="no-time",
            sentence="Without times over at least a day nobody can say how long a pilot takes.",
            weighty=True,
        )
        return
    if sums.zoneless:
        yield Caution(
            code="zoneless",
            sentence=f"{sums.zoneless:,} times name no zone and were read as {facts.time_zone}; where that is wrong, "
            "days begin at the wrong hour.",
        )
    days = len(sums.calendar)
    if days < DAYS_MIN:
        yield Caution(
            code="short",
            sentence=f"The history covers {days} {'day' if days == 1 else 'days'}; weekdays and seasons that it lacks "
            "may be different.",
            weighty=True,
        )
    p = days_alike(facts.metric, sums)
    if p is not None and p < SMALL_P:
        yield Caution(
            code="days-differ",
            sentence=f"The difference changes from day to day by more than chance explains (p = {p:.2g}); find out "
            "what those days had, since the pilot's days will have it too. The draft charter clusters by unit and day.",
            weighty=True,
        )


def days_alike(metric: Metric, sums: HistorySums) -> float | None:
    """The p-value of equal differences on all days: sum n_d (d_d - d)^2 / variance per call, against chi-square with
    one degree of freedom less than days (Cochran 1954, his Q), the variance inflated by the clusters' design effect.
    None with fewer than five days of at least two calls.
    """
    days = [day for day in sums.days if day.n > 1]
    if len(days) < DAYS_TO_COMPARE:
        return None
    n = sum(day.n for day in days)
    mean = sum(day.candidate - day.incumbent for day in days) / n
    spread = sum(day.squares for day in days) / n - mean * mean
    if spread <= 0.0:
        return None
    m = moments(sums.pairs, orientation(metric), -orientation(metric), metric.shift)
    per_call = max(m.variance * m.calls, spread)
    q = sum(day.n * ((day.candidate - day.incumbent) / day.n - mean) ** 2 for day in days) / per_call
    from scipy.special import chdtrc  # noqa: PLC0415 - scipy is loaded only where a figure needs it

    return float(chdtrc(len(days) - 1, q))


def _conclusion(facts: Facts) -> Iterator[Caution]:
    found = facts.difference
    if isinstance(found, Estimate) and found.low <= 0.0:
        yield Caution(code="no-lead", sentence="The history does not show that the candidate is better.", weighty=True)
    if facts.detectable is None or not isinstance(found, Estimate):
        return
    lead = found.value / 2.0
    share = facts.metric.kind == "proportion"
    factor, unit = (100.0, "points") if share else (1.0, facts.metric.unit)
    shown = f"{facts.detectable * factor:.3g} {unit}"
    detected = f"A pilot of {facts.weeks:g} weeks shows a lead of {shown} over the "
    if facts.detectable <= lead:
        yield Caution(
            code="detectable",
            sentence=f"{detected}promised target four times out of five; the history leads by {lead * factor:.3g}.",
        )
    else:
        yield Caution(
            code="not-detectable",
            sentence=f"{detected}promised target four times out of five, but the history leads by "
            f"only {lead * factor:.3g}: plan longer, bring more calls, or promise less.",
            weighty=True,
        )
