"""Agreement: on how many calls both arms answer alike, and by how much that is more than chance. Pure.

Counted over the pairs of a stage, clustered by unit. Agreement says how much would change, not who is right: an arm
that agrees with a bad incumbent is no better than it.
"""

from __future__ import annotations

import datetime as dt
import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping

from msgspec import Struct

from pilotage.evidence.compare import arm
from pilotage.evidence.daybook import OTHER, DayProfile
from pilotage.evidence.measurements import Estimate, Estimated, NotEstimable
from pilotage.evidence.normal import two_sided
from pilotage.evidence.sums import Totals
from pilotage.playbook.metrics import AnswerEquals, LabelCost, LabelMatch, Metric

CATEGORIES_MAX = 50
"""Above so many different answers chance agreement is no longer estimable by their shares."""
PAIRS_PER_CATEGORY_MIN = 5
PAIRS_MOST = 100_000
"""So many pairs, the newest, are counted: they tell agreement to 0.3 points either way, closer than anybody acts on,
and bound what a page costs however many calls there were."""
_AGREES = Metric(
    id="agreement",
    title="Agreement",
    unit="share",
    direction="higher",
    kind="proportion",
    source=LabelMatch(),
)


class AnswerPair(Struct, frozen=True, kw_only=True):
    """On how many calls the incumbent gave this and the candidate that. None: without the field that is compared."""

    incumbent: str | None
    candidate: str | None
    calls: int

    @property
    def agrees(self) -> bool:
        """Alike; an answer without the field agrees with none."""
        return self.incumbent is not None and self.incumbent == self.candidate


class PairedAnswers(Struct, frozen=True, kw_only=True):
    """What the store counts of the pairs. `pairs` is empty where there are more kinds of answer than `CATEGORIES_MAX`.

    `agreeing` are totals over units with y = calls on which the arms agree; `influence` is the sum over units of the
    squared sum of `influences` over the unit's calls. `since` and `until` are when the oldest and the newest
    counted pair was made; `whole`: whether no older pair is kept.
    """

    categories: int = 0
    pairs: tuple[AnswerPair, ...] = ()
    agreeing: Totals = Totals()
    influence: float = 0.0
    since: dt.datetime | None = None
    until: dt.datetime | None = None
    whole: bool = True


class AgreementFound(Struct, frozen=True, kw_only=True):
    """The share of pairs that agree, Cohen's kappa, and the most frequent ways to differ. `compared` is the field
    of the answers that is compared, None for whole answers.
    """

    compared: str | None
    agreement: Estimated
    kappa: Estimated
    categories: int
    differing: tuple[AnswerPair, ...]
    reason: str = ""


class AllPairs(Struct, frozen=True, kw_only=True):
    """Agreement over all pairs of a stage and release, from the counts that are kept of each day and outlast the calls.
    Of `unknown` pairs both answers were rare, and are kept only as such: they may agree or not, so the share lies from
    `least` to `most`. `kappa` is None where any is unknown, or it does not exist. Days are no units: no interval.
    """

    pairs: int
    alike: int
    unknown: int
    since: dt.date
    until: dt.date
    kappa: float | None

    @property
    def least(self) -> float:
        """The share that agrees if none of the unknown ones does."""
        return self.alike / self.pairs

    @property
    def most(self) -> float:
        """The share that agrees if all of the unknown ones do."""
        return (self.alike + self.unknown) / self.pairs


def all_pairs(days: Iterable[DayProfile], stage: str, release: str) -> AllPairs | None:
    """The pairs of these days added up; None where there are none. `until` is the last day that has any."""
    calls: Counter[tuple[str, str]] = Counter()
    seen: list[dt.date] = []
    for day in days:
        mine = [pair for pair in day.pairs if (pair.stage, pair.release) == (stage, release)]
        for pair in mine:
            calls[pair.incumbent, pair.candidate] += pair.calls
        seen += [day.day] if mine else []
    if not calls:
        return None
    unknown = calls[OTHER, OTHER]
    joint = tuple(AnswerPair(incumbent=pair[0], candidate=pair[1], calls=count) for pair, count in calls.items())
    shares = None if unknown else _shares(joint)
    return AllPairs(
        pairs=sum(calls.values()),
        alike=sum(count for (theirs, mine), count in calls.items() if theirs == mine) - unknown,
        unknown=unknown,
        since=min(seen),
        until=max(seen),
        kappa=None if shares is None else (shares[0] - shares[1]) / (1.0 - shares[1]),
    )


def compared_field(metrics: Iterable[Metric], target: str) -> str | None:
    """The field of an answer that counts as the answer: the one that the target metric reads, else the first that any
    metric reads; None for whole answers.

    An answer that carries a figure, such as a risk, would as a whole nearly never equal another.
    """
    readers = [metric for metric in metrics if isinstance(metric.source, LabelCost | LabelMatch | AnswerEquals)]
    readers.sort(key=lambda metric: metric.id != target)
    for metric in readers:
        if isinstance(metric.source, LabelCost | LabelMatch | AnswerEquals) and metric.source.answer_field:
            return metric.source.answer_field
        if metric.id == target:
            return None
    return None


def influences(pairs: Iterable[AnswerPair]) -> dict[tuple[str | None, str | None], float]:
    """What one more call with these answers moves kappa by, times the number of calls: the derivative of kappa =
    (p_o - p_e)/(1 - p_e) with p_o the agreeing share and p_e the sum over answers of the product of both arms' shares.
    Empty where kappa does not exist. The sum of squares over independent calls is the variance of Fleiss, Cohen and
    Everitt (Psychological Bulletin 72, 1969).
    """
    held = tuple(pairs)
    found = _shares(held)
    if found is None:
        return {}
    agreeing, chance, theirs, mine = found
    left = 1.0 - chance
    return {
        (pair.incumbent, pair.candidate): (pair.agrees - agreeing) / left
        - (1.0 - agreeing) / left**2 * (mine[pair.incumbent] + theirs[pair.candidate] - 2.0 * chance)
        for pair in held
    }


def agreement(found: PairedAnswers, compared: str | None, *, level: float = 0.95, shown: int = 10) -> AgreementFound:
    """Agreement with its clustered score interval, and Cohen's kappa (Educational and Psychological Measurement 20,
    1960) with a clustered one: the interval of the linearised kappa, units being what is independent.
    """
    differing = sorted((pair for pair in found.pairs if not pair.agrees), key=lambda pair: -pair.calls)
    return AgreementFound(
        compared=compared,
        agreement=arm(_AGREES, found.agreeing, level=level),
        kappa=_kappa(found, level),
        categories=found.categories,
        differing=tuple(differing[:shown]),
        reason="" if found.agreeing.n else "No call was answered by both arms yet.",
    )


def _shares(
    pairs: tuple[AnswerPair, ...],
) -> tuple[float, float, Mapping[str | None, float], Mapping[str | None, float]] | None:
    """Agreement, chance agreement, and each arm's shares by answer; None where nothing can differ."""
    calls = sum(pair.calls for pair in pairs)
    if not calls:
        return None
    # Answers without the field agree with none, so they are no agreement by chance either.
    theirs: Counter[str | None] = Counter()
    mine: Counter[str | None] = Counter()
    for pair in pairs:
        if pair.incumbent is not None:
            theirs[pair.incumbent] += pair.calls
        if pair.candidate is not None:
            mine[pair.candidate] += pair.calls
    shares_theirs = defaultdict(float, {answer: count / calls for answer, count in theirs.items()})
    shares_mine = defaultdict(float, {answer: count / calls for answer, count in mine.items()})
    chance = math.fsum(share * shares_mine[answer] for answer, share in shares_theirs.items())
    agreeing = sum(pair.calls for pair in pairs if pair.agrees) / calls
    return (agreeing, chance, shares_theirs, shares_mine) if chance < 1.0 else None


def _kappa(found: PairedAnswers, level: float) -> Estimated:
    calls, units = round(found.agreeing.n), round(found.agreeing.units)

    def refused(reason: str) -> NotEstimable:
        return NotEstimable(reason=reason, calls=calls, units=units)

    if not calls:
        return refused("No call was answered by both arms yet.")
    if found.categories > CATEGORIES_MAX or calls < PAIRS_PER_CATEGORY_MIN * found.categories:
        return refused(
            f"There are {found.categories} different answers on {calls} calls: chance agreement takes at most "
            f"{CATEGORIES_MAX} kinds of answer, and {PAIRS_PER_CATEGORY_MIN} calls of each."
        )
    shares = _shares(found.pairs)
    if shares is None:
        return refused("Both arms gave one and the same answer to every call, so there is nothing to agree on.")
    if units < 2:  # noqa: PLR2004 - one unit has no spread
        return refused("All calls belong to one unit, so the spread between units is unknown.")
    agreeing, chance, _, _ = shares
    value = (agreeing - chance) / (1.0 - chance)
    half = two_sided(level) * math.sqrt(found.influence) / found.agreeing.n
    if half <= 0.0:
        return refused("No two calls differ in how the arms answered them, so kappa has no interval.")
    return Estimate(
        value=value,
        low=max(value - half, -1.0),
        high=min(value + half, 1.0),
        calls=calls,
        units=units,
        method="Cohen's kappa, clustered",
        level=level,
    )
