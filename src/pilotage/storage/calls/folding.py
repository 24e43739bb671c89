"""From calls and their outcomes to changes of the sums, under one plan. Pure: the projector stores what comes out.

What a call adds is a function of the call, of what is known of it and of the time: a metric that waits for a label
takes the call in when the label's window has closed, whether the label came early or late in it, since labels that come
sooner for good results than for bad ones would flatter whoever is judged by those at hand. When more becomes known, the
old share is taken out and the new one put in. So every call contributes once to a series, whatever the order.
"""

from __future__ import annotations

import datetime as dt
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from zoneinfo import ZoneInfo

import numpy as np
from msgspec import Struct, structs
from numpy.typing import NDArray

from pilotage.evidence.plan import MeasurementPlan
from pilotage.evidence.rules import Contribution
from pilotage.evidence.values import Contributor, compile_plan
from pilotage.playbook.metrics import Metric
from pilotage.runtime.records import Call
from pilotage.storage.calls.accumulators import Change
from pilotage.storage.calls.marks import NOTHING_KNOWN, Known, Mark, Marking
from pilotage.storage.calls.packing import WINDOW
from pilotage.storage.calls.rows import segment_of
from pilotage.storage.calls.windows import BetClock, SeriesName, UnitRow, window_us

MINUTE_US = 60_000_000
DUE = -1
# Every zone's offset changes on a quarter of an hour.
QUARTER_US = 15 * MINUTE_US
SHADOW_PAIR = int(Mark.SHADOWED | Mark.PAIRED)
SHADOWED, RAN, _LABELLED = int(Mark.SHADOWED), int(Mark.CANDIDATE_RAN), int(Mark.LABELLED)

UnitKey = tuple[str, str | bytes]
Located = tuple[int, Call]
"""A call with the index of its unit in the batch."""
Layout = dict[tuple[str, str, str], tuple[int, int | None]]
"""By metric, series and segment: the number of the series, and the group of bets that it feeds."""


def unit_key(call: Call) -> UnitKey:
    """Stage and unit; a call without a unit is a unit of its own."""
    return call.stage, call.unit or bytes.fromhex(call.call_id)


def release_of(call: Call) -> str:
    """The candidate's release on a call: of the assigned execution where both arms are releases; "" when none ran."""
    served, beside = call.served, call.beside
    return release_in((served.arm, served.release), (None, None) if beside is None else (beside.arm, beside.release))


def release_in(served: tuple[str | None, str | None], beside: tuple[str | None, str | None]) -> str:
    """The same from both executions' arms and releases."""
    for arm, release in (served, beside):
        if arm == "candidate":
            return release or ""
    return ""


class SeriesBook:
    """Numbers for what sums are of, in order of appearance."""

    def __init__(self, names: Iterable[tuple[int, SeriesName]]) -> None:
        self.names: dict[int, SeriesName] = dict(names)
        self._numbers = {name: number for number, name in self.names.items()}
        self._stored = len(self.names)

    def number(self, name: SeriesName) -> int:
        """The number of a series, a new one when it has none."""
        number = self._numbers.get(name)
        if number is None:
            number = len(self._numbers)
            self._numbers[name] = number
            self.names[number] = name
        return number

    def unstored(self) -> list[tuple[int, SeriesName]]:
        """What came since `stored` was last called."""
        return [(number, self.names[number]) for number in range(self._stored, len(self.names))]

    def stored(self) -> None:
        """Say that everything is stored now."""
        self._stored = len(self.names)

    def overall(self) -> NDArray[np.bool_]:
        """By number, whether the series spans all segments."""
        return np.array([not self.names[number].segment for number in range(len(self.names))], dtype=np.bool_)


class Times(Struct):
    """First and last call, first run of the candidate, first feedback: microseconds, None where there was none."""

    first_us: int
    last_us: int
    candidate_us: int | None = None
    feedback_us: int | None = None


class Counts:
    """Changes of the figures that are counted rather than estimated."""

    def __init__(self) -> None:
        self.tallies: Counter[tuple[str, str, int]] = Counter()
        self.labels: dict[tuple[str, str, int], list[int]] = {}
        self.firsts: dict[tuple[str, str], Times] = {}
        self.shadow_days: Counter[str] = Counter()
        self.shadow_waits: dict[int, list[int]] = {}

    def note(self, stage: str, source: str, new: Times) -> None:
        """Let first and last times take in others."""
        old = self.firsts.setdefault((stage, source), new)
        old.first_us = min(old.first_us, new.first_us)
        old.last_us = max(old.last_us, new.last_us)
        old.candidate_us = _earlier(old.candidate_us, new.candidate_us)
        old.feedback_us = _earlier(old.feedback_us, new.feedback_us)


def _earlier(one_us: int | None, other_us: int | None) -> int | None:
    known = [at_us for at_us in (one_us, other_us) if at_us is not None]
    return min(known, default=None)


class Batch:
    """The changes that one step makes: units by index, with their clocks as stored, and rows for the sums."""

    def __init__(self) -> None:
        self.units: list[UnitRow] = []
        self.clocks: list[tuple[int, int]] = []
        self.index: dict[UnitKey, int] = {}
        self.recount: set[int] = set()
        self.change = Change()
        self.counts = Counts()
        self.ripening: list[tuple[int, int]] = []


class Fold:
    """One plan, ready to be applied to calls."""

    def __init__(self, plan: MeasurementPlan, zone: ZoneInfo, book: SeriesBook) -> None:
        self.plan = plan
        self.book = book
        self.clock = BetClock(plan)
        self.marking = Marking(plan)
        self.windows_us = sorted({window_us(metric) for metric in plan.metrics if metric.labelled})
        self._contributors: dict[tuple[int, int, bool], Contributor] = {}
        self._counted = frozenset(plan.counted_sources)
        self._per_unit = {metric.id: metric for metric in plan.metrics if metric.per != "call"}
        self._zone = zone
        self._days: dict[int, int] = {}
        self._layouts: dict[tuple[str, str], Layout] = {}

    def counts(self, call: Call) -> bool:
        """Whether the call's source counts for gates."""
        return call.source in self._counted

    def per_unit(self) -> dict[int, Metric]:
        """By series number, the metrics that are counted per unit."""
        if not self._per_unit:
            return {}
        return {
            number: self._per_unit[name.metric]
            for number, name in self.book.names.items()
            if name.metric in self._per_unit
        }

    def day(self, at_us: int) -> int:
        """The ordinal of the day in the plan's zone."""
        quarter = at_us // QUARTER_US
        day = self._days.get(quarter)
        if day is None:
            day = dt.datetime.fromtimestamp(quarter * (QUARTER_US // 1_000_000), self._zone).toordinal()
            self._days[quarter] = day
        return day

    def widen(self, batch: Batch, located: Sequence[Located]) -> None:
        """Let the units' windows take in new calls; units whose far end may lose calls are marked for a recount."""
        earliest: dict[int, int] = {}
        for index, call in located:
            at_us = earliest.get(index)
            if at_us is None or call.at_us < at_us:
                earliest[index] = call.at_us
        for index, at_us in earliest.items():
            if self.clock.include(batch.units[index], at_us):
                batch.recount.add(index)
        for index, call in located:
            row = batch.units[index]
            if call.at_us > row.last_us and self.clock.holds(row, call.at_us):
                row.last_us = call.at_us

    def add(self, batch: Batch, index: int, numbered: tuple[int, Call], known: Known, ripe_us: int) -> None:
        """Put in what the call contributes by then to the unit of that index, and note what waits for its label."""
        number, call = numbered
        closed = self._closed(call, ripe_us)
        self._put(batch, index, call, self._contribute(call, known, 0, closed), 1.0)
        batch.ripening += self.waits(number, call)[closed:]

    def ripen(self, batch: Batch, index: int, call: Call, known: Known, *, since_us: int, until_us: int) -> None:
        """Put in what the call contributes to the metrics whose windows closed in a span of time, its end included."""
        start, stop = self._closed(call, since_us), self._closed(call, until_us)
        self._put(batch, index, call, self._contribute(call, known, start, stop, only_labelled=True), 1.0)

    def may_change(self, call: Call, ripe_us: int) -> bool:
        """Whether what is learned of a call may change what it contributes by then."""
        return self.counts(call) and (self._closed(call, ripe_us) > 0 or _may_be_by_person(call))

    def replace(self, batch: Batch, index: int, call: Call, *, before: Known, after: Known, ripe_us: int) -> None:
        """Take out what the call contributed before more was known, and put in what it contributes now."""
        closed = self._closed(call, ripe_us)
        only_labelled = not _may_be_by_person(call)
        old = self._contribute(call, before, 0, closed, only_labelled=only_labelled)
        new = self._contribute(call, after, 0, closed, only_labelled=only_labelled)
        if old:
            kept = [contribution for contribution in old if contribution in new]
            self._put(batch, index, call, [c for c in old if c not in kept], -1.0)
            new = [c for c in new if c not in kept]
        self._put(batch, index, call, new, 1.0)

    def take_from_days(self, batch: Batch, call: Call, known: Known, ripe_us: int) -> None:
        """Take the call's share out of the daily sums only: its unit goes as a whole."""
        day = self.day(call.at_us)
        layout = self._layout(call)
        for c in self._contribute(call, known, 0, self._closed(call, ripe_us)):
            number, _ = self._place(layout, call, c)
            batch.change.flat += (0, number, day, -1.0, -c.y, -c.z)

    def recount(self, batch: Batch, index: int, call: Call, known: Known, ripe_us: int) -> None:
        """Put the call's share into its unit's window only, when that is summed up anew."""
        if not self.clock.holds(batch.units[index], call.at_us):
            return
        layout = self._layout(call)
        for c in self._contribute(call, known, 0, self._closed(call, ripe_us)):
            number, group = self._place(layout, call, c)
            if group is not None:
                batch.change.flat += (index, number | WINDOW, 0, 1.0, c.y, c.z)

    def waits(self, number: int, call: Call) -> list[tuple[int, int]]:
        """For each length of window, from when the call counts for the metrics that wait so long, and its number."""
        return [(call.at_us + wait_us + 1, number) for wait_us in self.windows_us]

    def _closed(self, call: Call, ripe_us: int) -> int:
        """How many of the windows, the shortest first, have closed by then, as `matured` tells it."""
        return bisect_left(self.windows_us, ripe_us - call.at_us)

    def _contribute(
        self, call: Call, known: Known, start: int, stop: int, *, only_labelled: bool = False
    ) -> list[Contribution]:
        """What the call contributes to the metrics of those windows, and to those that wait for none."""
        contribute = self._contributors.get((start, stop, only_labelled))
        if contribute is None:
            waited = frozenset(self.windows_us[start:stop])
            metrics = tuple(
                metric
                for metric in self.plan.metrics
                if (window_us(metric) in waited if metric.labelled else not only_labelled)
            )
            plan = structs.replace(self.plan, metrics=metrics)
            contribute = compile_plan(plan, assigned=not only_labelled)
            self._contributors[start, stop, only_labelled] = contribute
        return contribute(call, known.values, known.at_us)

    def _put(self, batch: Batch, index: int, call: Call, contributions: Sequence[Contribution], sign: float) -> None:
        if not contributions:
            return
        row = batch.units[index]
        in_window = index not in batch.recount and self.clock.holds(row, call.at_us)
        closed = row.closed
        layout = self._layout(call)
        day = self.day(call.at_us)
        flat = batch.change.flat
        for c in contributions:
            number, group = layout.get((c.metric, c.series, c.segment)) or self._place(layout, call, c)
            flat += (index, number, day, sign, sign * c.y, sign * c.z)
            if in_window and group is not None and group >= closed:
                flat += (index, number | WINDOW, 0, sign, sign * c.y, sign * c.z)

    def _layout(self, call: Call) -> Layout:
        """Where contributions of such a call go, as far as it is known."""
        key = (call.stage, release_of(call))
        layout = self._layouts.get(key)
        if layout is None:
            layout = self._layouts[key] = {}
        return layout

    def _place(self, layout: Layout, call: Call, c: Contribution) -> tuple[int, int | None]:
        """The number of the series that a contribution goes to, and the group of bets on it."""
        place = (c.metric, c.series, c.segment)
        found = layout.get(place)
        if found is None:
            number = self.number_of(call.stage, release_of(call), place)
            found = layout[place] = number, None if c.segment else self.clock.group(c.metric, c.series)
        return found

    def number_of(self, stage: str, release: str, place: tuple[str, str, str]) -> int:
        """The number of a metric's series in a segment; what the incumbent did is of no release."""
        metric, series, segment = place
        return self.book.number(SeriesName(stage, "" if series == "incumbent" else release, metric, series, segment))

    def segments_in(self, text: str) -> tuple[str, ...]:
        """By declared key the segment that a call belongs to, "" where it has none; `text` is the call's as kept."""
        keys = self.plan.segments
        if not keys:
            return ()
        segment = segment_of(text)
        return tuple(f"{key}={segment[key]}" if key in segment else "" for key in keys)

    def tally(self, counts: Counts, call: Call, known: Known, sign: int, due_until_us: int) -> None:
        """Count the call (`sign` 1) or take it out (-1)."""
        stage, source = call.stage, call.source
        marks = self.marking.marks(call, known)
        counts.tallies[stage, source, marks] += sign
        self._count_label(counts, call, due_until_us, sign, sign if marks & _LABELLED else 0)
        if sign > 0:
            _note_times(counts.firsts, call, marks, known)
        if marks & SHADOWED and source in self._counted:
            if marks & SHADOW_PAIR == SHADOW_PAIR:
                counts.shadow_days[self.day_text(self.day(call.at_us))] += sign
            wait = counts.shadow_waits.setdefault(wait_bin(call.added_us), [0, 0])
            wait[0] += sign
            wait[1] += sign * call.added_us

    def retally(self, counts: Counts, call: Call, before: Known, after: Known, due_until_us: int) -> None:
        """Count the call again now that more is known of it."""
        old, new = self.marking.marks(call, before), self.marking.marks(call, after)
        if after.feedback_us != before.feedback_us:
            _note_times(counts.firsts, call, new, after)
        if old == new:
            return
        stage, source = call.stage, call.source
        counts.tallies[stage, source, old] -= 1
        counts.tallies[stage, source, new] += 1
        self._count_label(counts, call, due_until_us, 0, bool(new & _LABELLED) - bool(old & _LABELLED))
        if new & SHADOWED and source in self._counted:
            paired = (new & SHADOW_PAIR == SHADOW_PAIR) - (old & SHADOW_PAIR == SHADOW_PAIR)
            if paired:
                counts.shadow_days[self.day_text(self.day(call.at_us))] += paired

    def _count_label(self, counts: Counts, call: Call, due_until_us: int, calls: int, labelled: int) -> None:
        if self.marking.label_window_us is None:
            return
        minute = call.at_us // MINUTE_US
        if (minute + 1) * MINUTE_US <= due_until_us:
            minute = DUE
        label = counts.labels.setdefault((call.stage, call.source, minute), [0, 0])
        label[0] += calls
        label[1] += labelled

    def day_text(self, day: int) -> str:
        """A day as it is stored."""
        return dt.date.fromordinal(day).isoformat()


def _may_be_by_person(call: Call) -> bool:
    """A person's answer comes as an outcome too, and then any metric may change."""
    return call.served.value is None or (call.beside is not None and call.beside.value is None)


def known_of(known: Mapping[str, Known], call: Call) -> Known:
    """What is known of a call."""
    return known.get(call.call_id, NOTHING_KNOWN)


def _note_times(firsts: dict[tuple[str, str], Times], call: Call, marks: int, known: Known) -> None:
    at_us = call.at_us
    times = firsts.get((call.stage, call.source))
    if times is None:
        times = firsts[call.stage, call.source] = Times(at_us, at_us)
    if at_us < times.first_us:
        times.first_us = at_us
    elif at_us > times.last_us:
        times.last_us = at_us
    if marks & RAN and (times.candidate_us is None or at_us < times.candidate_us):
        times.candidate_us = at_us
    feedback_us = known.feedback_us
    if feedback_us is not None and (times.feedback_us is None or feedback_us < times.feedback_us):
        times.feedback_us = feedback_us


def wait_bin(wait_us: int) -> int:
    """The bin of a wait in a histogram whose edges are frozen: 16 bins to each doubling, about 4 % wide."""
    if wait_us < 16:  # noqa: PLR2004 - below it, one bin to a microsecond
        return wait_us
    exponent = wait_us.bit_length() - 5
    return (exponent << 4) + (wait_us >> exponent)


def bin_end_us(bin_number: int) -> int:
    """The largest wait in a bin."""
    if bin_number < 32:  # noqa: PLR2004 - below it, one bin to a microsecond
        return bin_number
    exponent = (bin_number >> 4) - 1
    return ((bin_number - (exponent << 4) + 1) << exponent) - 1
