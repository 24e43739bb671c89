"""One metric of a plan, ready to be read off calls: which series a call adds to, and what. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Literal

import msgspec

from pilotage.evidence.dues import Dues, missing_of
from pilotage.evidence.readers import (
    UNREADABLE,
    Cut,
    Outcomes,
    answer_of,
    cut_reader,
    denominator_of,
    denominator_reader,
    reader,
)
from pilotage.evidence.sums import Series
from pilotage.playbook.kinds import kind_of
from pilotage.playbook.metrics import Beyond, LabelCost, LabelMatch, Metric, UserAction, is_seen
from pilotage.runtime.records import Arm, Call, Execution

OVERALL = ("",)
_MICROS_PER_HOUR = 3_600_000_000


class Contribution(msgspec.Struct, frozen=True, gc=False):
    """What one call adds to one series. `y` and `z` are capped and shifted, as `UnitSum` asks."""

    metric: str
    series: Series
    segment: str
    y: float
    z: float = 0.0


class Rule:
    """One metric, ready to be read off calls. `alone`: the candidate is also judged without the incumbent. `dues`:
    what it adds where a label is missing.
    """

    __slots__ = (
        "alone",
        "answer_of",
        "by_server",
        "cut",
        "dues",
        "edges",
        "metric_id",
        "read",
        "shift",
        "suggested",
        "window_us",
    )

    def __init__(self, metric: Metric, *, alone: bool, dues: Dues | None = None) -> None:
        self.metric_id = metric.id
        self.shift = metric.shift
        self.read = reader(metric)
        self.alone = alone
        self.dues = dues
        source = metric.source
        judged = source.of if isinstance(source, Beyond) else source
        self.answer_of = answer_of(judged.answer_field) if isinstance(judged, LabelCost | LabelMatch) else None
        self.by_server = is_seen(source)
        self.suggested = isinstance(source, UserAction)
        self.window_us = metric.window_hours * _MICROS_PER_HOUR
        self.cut, self.edges = cut_reader(metric), capped_ends(metric)

    def within(self, call: Call, outcomes: Outcomes, outcome_at_us: Mapping[str, int]) -> Outcomes:
        """The outcomes inside this metric's window."""
        return _within(call.at_us + self.window_us, outcomes, outcome_at_us)

    def add(self, call: Call, outcomes: Outcomes, segments: tuple[str, ...], found: list[Contribution]) -> None:
        """Append what the call contributes to this metric's series."""
        if self.suggested and call.mode == "suggest" and call.beside is not None and call.beside.arm == "candidate":
            self.on_suggestion(call.beside, outcomes, segments, found)
            return
        assigned = call.assigned
        own, other = _sides(call)
        if self.by_server:  # what was learned of the call is the doing of the arm that served
            mine = self.read(own if own is call.served else None, outcomes)
            theirs = None
        else:
            mine = self.read(own, outcomes)
            theirs = self.read(other, outcomes) if other is not None and other.arm != assigned else None
        if self.dues is not None:
            self.owed(call, outcomes, found, mine=mine, theirs=theirs)
        if self.cut is not None and (mine in self.edges or theirs in self.edges):
            known = mine is not None, theirs is not None
            found += _cuts(self.cut, call, outcomes, known, metric=self.metric_id, alone=self.alone)
        if mine is not None:
            self.append(assigned, segments, found, mine)
        if theirs is None:
            return
        if self.alone and call.mode != "live":
            self.append("candidate", segments, found, theirs)
        if mine is None or own is None:
            return
        if assigned == "incumbent":
            self.append("paired", segments, found, theirs, mine - self.shift)
        else:
            self.append("paired", segments, found, mine, theirs - self.shift)

    def on_suggestion(
        self, candidate: Execution, outcomes: Outcomes, segments: tuple[str, ...], found: list[Contribution]
    ) -> None:
        """What people did with a suggestion is the doing of the candidate, whose answer they saw."""
        done = None if candidate.error else self.read(candidate, outcomes)
        if done is not None:
            self.append("candidate", segments, found, done)

    def owed(
        self,
        call: Call,
        outcomes: Outcomes,
        found: list[Contribution],
        *,
        mine: float | None,
        theirs: float | None,
    ) -> None:
        """Append what the call owes: a value that did not come in time, and whether the arms' answers differ."""
        dues, served, beside = self.dues, call.served, call.beside
        if dues is None:
            return
        if call.mode == "live":
            if mine is None and call.unit:
                owed = dues.worst if call.assigned == "candidate" else dues.best
                self.append(missing_of(call.assigned), OVERALL, found, owed)
            return
        if call.mode != "shadow" or not dues.shadow or self.answer_of is None or beside is None:
            return
        if served.arm == beside.arm or call.assigned != "incumbent":
            return
        incumbent, candidate, values = served, beside, (theirs, mine)
        if served.arm == "candidate":
            incumbent, candidate = beside, served
        same = self.same_answer(incumbent, candidate, outcomes)
        owing = dues.in_pair(candidate, incumbent, values, same=same)
        if owing is not None:
            self.append("missing", OVERALL, found, owing[0], owing[1] - self.shift)
        if not same:
            found.append(Contribution(self.metric_id, "differ", "", 0.0 if owing is None else 1.0))

    def same_answer(self, incumbent: Execution, candidate: Execution, outcomes: Outcomes) -> bool:
        """Whether both arms answered, and alike as far as the metric reads answers."""
        if self.answer_of is None or incumbent.error or candidate.error:
            return False
        answer = self.answer_of(candidate, outcomes)
        return answer not in {None, UNREADABLE} and answer == self.answer_of(incumbent, outcomes)

    def append(
        self, series: Series, segments: tuple[str, ...], found: list[Contribution], y: float, z: float = 0.0
    ) -> None:
        """One contribution over all calls, and one for each declared segment that the call belongs to."""
        y -= self.shift
        for segment in segments:
            found.append(Contribution(self.metric_id, series, segment, y, z))  # noqa: PERF401 - a generator costs more


class RatioRule:
    """One ratio: `y` is the numerator's value and `z` the denominator's, known together or not at all. A pair gives the
    candidate's to `paired` and the incumbent's to `paired_incumbent`. `owes`: calls whose label never came are summed
    up at what they would count if it spoke against the candidate, as `dues` says of other metrics.
    """

    __slots__ = (
        "alone",
        "best",
        "by_server",
        "cut",
        "metric_id",
        "owes",
        "read",
        "read_denominator",
        "window_us",
        "worst",
    )

    def __init__(self, metric: Metric, *, alone: bool, owes: bool = False) -> None:
        below = denominator_of(metric)
        self.owes = owes
        self.worst = metric.worst, below.worst
        self.best = (
            (metric.lo, metric.denominator_hi) if metric.direction == "lower" else (metric.hi, metric.denominator_lo)
        )
        self.metric_id = metric.id
        self.read = reader(metric)
        self.read_denominator = denominator_reader(metric)
        self.alone = alone
        self.by_server = any(is_seen(source) for source in metric.sources)
        self.window_us = metric.window_hours * _MICROS_PER_HOUR
        self.cut = cut_reader(metric)

    def within(self, call: Call, outcomes: Outcomes, outcome_at_us: Mapping[str, int]) -> Outcomes:
        """The outcomes inside this metric's window."""
        return _within(call.at_us + self.window_us, outcomes, outcome_at_us)

    def add(self, call: Call, outcomes: Outcomes, segments: tuple[str, ...], found: list[Contribution]) -> None:
        """Append what the call contributes to this metric's series."""
        assigned = call.assigned
        own, other = _sides(call)
        if self.by_server:
            mine, theirs = self.both(own if own is call.served else None, outcomes), None
        else:
            mine = self.both(own, outcomes)
            theirs = self.both(other, outcomes) if other is not None and other.arm != assigned else None
        if self.owes:
            self.owed(call, found, mine=mine, theirs=theirs)
        if self.cut is not None:
            known = mine is not None, theirs is not None
            found += _cuts(self.cut, call, outcomes, known, metric=self.metric_id, alone=self.alone)
        if mine is not None:
            self.append(assigned, segments, found, mine)
        if theirs is None:
            return
        if self.alone and call.mode != "live":
            self.append("candidate", segments, found, theirs)
        if mine is None or own is None:
            return
        candidate, incumbent = (theirs, mine) if assigned == "incumbent" else (mine, theirs)
        self.append("paired", segments, found, candidate)
        self.append("paired_incumbent", segments, found, incumbent)

    def owed(
        self,
        call: Call,
        found: list[Contribution],
        *,
        mine: tuple[float, float] | None,
        theirs: tuple[float, float] | None,
    ) -> None:
        """Append what the call lacks of the arm that was assigned live, or of the candidate beside the incumbent."""
        if call.mode == "live":
            if mine is None and call.unit:
                lacking = self.worst if call.assigned == "candidate" else self.best
                self.append(missing_of(call.assigned), OVERALL, found, lacking)
            return
        ran = any(side is not None and side.arm == "candidate" for side in (call.served, call.beside))
        if call.mode == "shadow" and theirs is None and ran and not self.by_server and call.assigned == "incumbent":
            self.append("missing", OVERALL, found, self.worst)

    def both(self, execution: Execution | None, outcomes: Outcomes) -> tuple[float, float] | None:
        """Numerator and denominator of an execution."""
        y, z = self.read(execution, outcomes), self.read_denominator(execution, outcomes)
        return None if y is None or z is None else (y, z)

    def append(
        self, series: Series, segments: tuple[str, ...], found: list[Contribution], values: tuple[float, float]
    ) -> None:
        """One contribution over all calls, and one for each declared segment that the call belongs to."""
        for segment in segments:
            found.append(Contribution(self.metric_id, series, segment, *values))  # noqa: PERF401 - a generator costs more


def _cuts(
    cut: Cut, call: Call, outcomes: Outcomes, known: tuple[bool, bool], *, metric: str, alone: bool
) -> Iterator[Contribution]:
    """One contribution for each value that is a cap in place of what was read. `known`: whether the assigned arm's
    value is, and the other one's. Outside live those of pairs count, and the candidate's where it is judged `alone`.
    """
    mine, theirs = known
    own, other = _sides(call)
    asked: list[tuple[Arm, Execution | None]] = []
    if call.mode == "live":
        asked += [(call.assigned, own)] if mine else []
    elif theirs:
        asked += [("candidate", other)] if mine or alone else []
        asked += [("incumbent", own)] if mine else []
    for arm, execution in asked:
        if cut(execution, outcomes):
            yield Contribution(metric, capped_of(arm), "", 1.0)


def capped_of(arm: Arm) -> Literal["capped_candidate", "capped_incumbent"]:
    """The series of an arm's capped values."""
    return "capped_candidate" if arm == "candidate" else "capped_incumbent"


def capped_ends(metric: Metric) -> tuple[float, float]:
    """What is summed up of a call whose number was capped, from below and from above."""
    made_of = kind_of(metric).value
    return (metric.lo, metric.hi) if made_of is None else (made_of(metric, metric.lo), made_of(metric, metric.hi))


def _sides(call: Call) -> tuple[Execution | None, Execution | None]:
    """The execution of the assigned arm, and the other one."""
    served, beside, assigned = call.served, call.beside, call.assigned
    if served.arm == assigned:
        return served, beside
    if beside is not None and beside.arm == assigned:
        return beside, served
    return None, served


def _within(last_us: float, outcomes: Outcomes, outcome_at_us: Mapping[str, int]) -> Outcomes:
    return {name: value for name, value in outcomes.items() if outcome_at_us[name] <= last_us}
