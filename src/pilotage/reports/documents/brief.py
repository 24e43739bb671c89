"""The sponsor's brief: on one page what it brings and costs, what waiting costs, and what the sponsor has to do. Pure.

Every figure says how it is known: measured, estimated or promised. A figure that is not there says what is missing.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from typing import Literal

from msgspec import Struct

from pilotage.evidence.cost import Range
from pilotage.evidence.measurements import Answer, Estimate, Estimated, ProductionCase
from pilotage.playbook.metrics import ErrorShare, LabelMatch, Latency, Metric
from pilotage.record.workload import Workload
from pilotage.reports.charts.fan import FanData
from pilotage.reports.charts.target import TargetData
from pilotage.reports.documents.model import (
    Block,
    Bullets,
    Column,
    Document,
    Facts,
    Heading,
    Headline,
    Headlines,
    Imprint,
    Note,
    Paragraph,
    Picture,
    Table,
)
from pilotage.reports.documents.wording import Named, chance, day, usd, usd_range
from pilotage.reports.numbers import NOTHING, TOGETHER, number, plural
from pilotage.reports.promises import words_of
from pilotage.reports.scales import Scale, comparison_scale

Known = Literal["measured", "estimated", "promised", "missing"]
WEEKS_A_YEAR = 365.25 / 7
TIMES = frozenset({"ms", "s", "sec", "seconds", "min", "minutes", "h", "hours", "days"})
ERRORS = (LabelMatch, ErrorShare)
SHORTENED = "Shortened to stay on one page, without"
WHOLE = "All of it stands on the workload's own pages."


class Gain(Struct, frozen=True, kw_only=True):
    """A metric that both arms were measured on, with its gain a call: positive is better. `form` says how `compared` is
    to be read.
    """

    metric: Metric
    form: str
    incumbent: Estimated
    candidate: Estimated
    compared: Estimated


class BriefTold(Struct, frozen=True, kw_only=True):
    """What the brief says. `needs` is what waits for the sponsor now, `gains` the target first, `waiting` what a month
    without the candidate costs in US dollars, `prepares` the change streams that are not done, with their days.
    """

    workload: Workload
    state: str
    answer: Answer | None
    gains: tuple[Gain, ...]
    production: ProductionCase | None
    production_reason: str
    cost: Range | None
    net: Range | None
    waiting: Range | None
    payback: FanData | None
    looks: TargetData | None
    plan: tuple[tuple[str, dt.date | None], ...]
    prepares: tuple[tuple[str, dt.date], ...]
    needs: tuple[str, ...]
    named: Named
    imprint: Imprint


class Room(Struct, frozen=True, kw_only=True):
    """How much the brief says: whether each change stream has a line of its own, how many things that wait for the
    sponsor, how many characters of a text, and whether there is a picture.
    """

    streams: bool
    needs: int
    characters: int
    pictured: bool


# From all that there is to what fits a page whatever is on record; the first that fits is taken.
ROOMS = (
    Room(streams=True, needs=4, characters=4000, pictured=True),
    Room(streams=False, needs=4, characters=240, pictured=True),
    Room(streams=False, needs=4, characters=160, pictured=False),
    Room(streams=False, needs=2, characters=80, pictured=False),
)


class Row(Struct, frozen=True, kw_only=True):
    """A line of what it brings: the figure, its range, how it is known and what it rests on."""

    what: str
    figure: str
    between: str
    known: Known
    rests: str

    @property
    def cells(self) -> tuple[str, ...]:
        """As a table shows it."""
        return self.what, self.figure, self.between, self.known, self.rests


def brief_document(told: BriefTold, room: Room = ROOMS[0]) -> Document:
    """The brief, with as much as there is room for; what was left out is named at its end."""
    workload, left_out = told.workload, tuple(_left_out(told, room))
    picture = tuple(_pictured(told)) if room.pictured else ()
    return Document(
        kicker="Sponsor's brief",
        title=workload.title,
        subtitle=f"For {told.named.name(workload.sponsor) if workload.sponsor else 'a sponsor, who is not named yet'}"
        f" · phase {workload.phase}",
        blocks=(
            Paragraph(cut(told.state, 2 * room.characters), "lead"),
            Heading("What it brings"),
            _brings(told, room),
            *picture,
            Heading("What it costs, and what waiting costs"),
            *_costs(told, room),
            Heading("The plan"),
            Facts(tuple((what, day(on) if on else "no day is set") for what, on in _plan(told, room))),
            Heading("What is needed from you now"),
            *_needs(told, room),
            *([Paragraph(f"{SHORTENED} {', '.join(left_out)}. {WHOLE}", "quiet")] if left_out else []),
        ),
        imprint=told.imprint,
        compact=True,
    )


def cut(text: str, characters: int) -> str:
    """A text of at most so many characters, cut between words, and marked where it was cut."""
    if len(text) <= characters:
        return text
    kept = text[: characters - 1].rsplit(" ", 1)[0] if " " in text[: characters - 1] else text[: characters - 1]
    return f"{kept.rstrip(' ,;:.')}…"


def _left_out(told: BriefTold, room: Room) -> Iterator[str]:
    """What the rule took out, in the order in which it stands on the page."""
    if room == ROOMS[0]:
        return
    yield f"texts beyond {room.characters} characters"
    if not room.pictured and any(True for _ in _pictured(told)):
        yield "the picture"
    if not room.streams and len(told.prepares) > 1:
        yield f"the days of {len(told.prepares)} change streams"


def _plan(told: BriefTold, room: Room) -> list[tuple[str, dt.date | None]]:
    """Days in their order; change streams that have no room of their own are one line, with the last of their days."""
    steps = list(told.plan)
    if room.streams or len(told.prepares) == 1:
        steps += [(f"People prepared: {title}", due) for title, due in told.prepares]
    elif told.prepares:
        steps.append((f"People prepared: the last of {len(told.prepares)}", max(due for _, due in told.prepares)))
    return sorted(steps, key=_when)


def _brings(told: BriefTold, room: Room) -> Block:
    rows = (*_money(told), *_time(told), *_errors(told))
    return Table(
        columns=(
            Column(title="what", share=1.5),
            Column(title="figure", numeric=True, share=1.5),
            Column(title="between", numeric=True, share=1.7),
            Column(title="known", verdict=True, share=1.0),
            Column(title="rests on", share=3.0),
        ),
        rows=tuple(tuple(cut(cell, room.characters) for cell in row.cells) for row in rows),
    )


def _when(step: tuple[str, dt.date | None]) -> dt.date:
    """What has no day yet comes last."""
    return step[1] or dt.date.max


def _money(told: BriefTold) -> Iterator[Row]:
    charter, net, case = told.workload.charter, told.net, told.production
    if net is not None and case is not None:
        yield Row(
            what="Money saved",
            figure=f"{usd(net.median)} a year",
            between=usd_range(net.low, net.high),
            known="estimated",
            rests=f"value less running cost at the {case.at} result; chance that it pays: {chance(case.pays)}",
        )
    elif charter is not None and charter.value_usd_a_year is not None:
        rests = "the charter's value at the expected result; no cost is taken off, since nobody estimated production"
        yield Row(
            what="Money saved",
            figure=f"{usd(charter.value_usd_a_year)} a year",
            between=NOTHING,
            known="promised",
            rests=rests,
        )
    else:
        missing = told.production_reason or "Estimate production on the Cost page."
        yield Row(what="Money saved", figure=NOTHING, between=NOTHING, known="missing", rests=missing)


def _time(told: BriefTold) -> Iterator[Row]:
    found = next(
        (one for one in told.gains if one.metric.unit in TIMES and not isinstance(one.metric.source, Latency)), None
    )
    if found is None:
        rests = "no metric of the charter is the time that people spend; promise one to have it measured"
        yield Row(what="Time saved", figure=NOTHING, between=NOTHING, known="missing", rests=rests)
    else:
        yield from _gained(told, found, "Time saved", comparison_scale(found.metric.unit, "difference"))


def _errors(told: BriefTold) -> Iterator[Row]:
    found = next(
        (one for one in told.gains if one.metric.unit == "share" and isinstance(one.metric.source, ERRORS)), None
    )
    if found is None:
        rests = "no metric of the charter is the share of right or failed answers"
        yield Row(what="Errors prevented", figure=NOTHING, between=NOTHING, known="missing", rests=rests)
    else:
        yield from _gained(told, found, "Errors prevented", comparison_scale("share", "difference"))


def _gained(told: BriefTold, found: Gain, what: str, scale: Scale) -> Iterator[Row]:
    """What a call gains as measured, and, where the volume is estimated or promised, what a year gains."""
    known = found.compared
    title = found.metric.title
    if not isinstance(known, Estimate):
        promised = _promised(told, found)
        yield promised or Row(what=what, figure=NOTHING, between=NOTHING, known="missing", rests=known.reason)
        return
    if found.form != "difference":
        scale = comparison_scale(found.metric.unit, found.form)
    yield Row(
        what=what,
        figure=scale.text(known.value),
        between=scale.interval(known.low, known.high),
        known="measured",
        rests=f"{title}, on {plural(known.calls, 'call')}",
    )
    calls, whence = _calls_a_year(told)
    if calls is None or found.form != "difference":
        return
    year = _a_year(found.metric)
    low, high = sorted(edge * calls for edge in (known.low, known.high))
    yield Row(
        what="",
        figure=f"{number(_rounded(known.value * calls))}{TOGETHER}{year} a year",
        between=f"{number(_rounded(low))} to {number(_rounded(high))}",
        known="estimated",
        rests=f"the measured gain at {number(_rounded(calls))} calls a year, {whence}",
    )


def _promised(told: BriefTold, found: Gain) -> Row | None:
    charter = told.workload.charter
    if charter is None or found.metric.id != charter.target.metric:
        return None
    words = words_of(charter)
    rests = f"{found.metric.title} at the expected result; nothing is measured yet"
    return Row(what="Errors prevented", figure=words.expected, between=NOTHING, known="promised", rests=rests)


def _a_year(metric: Metric) -> str:
    return "errors fewer" if metric.unit == "share" else metric.unit


def _calls_a_year(told: BriefTold) -> tuple[float | None, str]:
    production, charter = told.workload.costing.production, told.workload.charter
    if production is not None:
        return production.fact.calls_a_year_likely, "as estimated"
    if charter is not None:
        return charter.target.calls_per_week * WEEKS_A_YEAR, "the charter's volume"
    return None, ""


def _rounded(value: float) -> float:
    return float(f"{value:.3g}")


def _pictured(told: BriefTold) -> Iterator[Block]:
    if told.payback is not None:
        caption = "Earned less spent since the start of production: the middle, half and nine in ten of all draws."
        yield Picture(data=told.payback, alt="Earned less spent by month.", caption=caption)
    elif told.looks is not None:
        caption = "The target at every look, with the floor, the target, and the band that stays valid."
        yield Picture(data=told.looks, alt="The target at every look.", caption=caption)


def _costs(told: BriefTold, room: Room) -> Iterator[Block]:
    case, funding, waiting = told.production, told.workload.costing.funding, told.waiting
    items = []
    if case is not None:
        note = (
            f"{usd_range(told.cost.low, told.cost.high)}, estimated"
            if told.cost
            else "estimated, at the likely figures"
        )
        value = usd(told.cost.median if told.cost else case.cost_usd)
        items.append(Headline(value=value, label=f"cost over {plural(case.years, 'year')}", note=note))
    if funding is not None:
        note = f"until {day(funding.fact.until_on)}"
        items.append(Headline(value=usd(funding.fact.amount_usd), label="committed", note=note))
    if waiting is not None:
        note = f"{usd_range(waiting.low, waiting.high)}, estimated, if the target is just kept"
        items.append(Headline(value=usd(waiting.median), label="each month of not moving", note=note))
    if items:
        yield Headlines(tuple(items))
    for lacking, why in (
        (case is None, f"What it costs is not known: {told.production_reason or 'nobody estimated production.'}"),
        (funding is None, "No money is committed yet."),
        (waiting is None, "What waiting costs is not known: it takes a value to set against the cost."),
    ):
        if lacking:
            yield Note(text=cut(why, 2 * room.characters), tone="warn")


def _needs(told: BriefTold, room: Room) -> Iterator[Block]:
    if not told.needs:
        yield Paragraph("Nothing waits for you now.")
        return
    shown, more = told.needs[: room.needs], len(told.needs) - room.needs
    rest = (f"{plural(more, 'more', 'more')} on the Workload page.",) if more > 0 else ()
    yield Bullets((*(cut(one, room.characters) for one in shown), *rest))
