"""How a terminal shows the section `cost`."""

from __future__ import annotations

from collections.abc import Sequence

from pilotage.cli.access import Json
from pilotage.cli.evidence import Asked
from pilotage.cli.evidence_answer import estimate_words
from pilotage.cli.screen import Cell, Screen

HEADS = ("arm", "release", "USD an answer", "tokens an answer", "reported", "missing", "failed")


def draw(screen: Screen, found: Json, _asked: Asked) -> None:
    """Unit costs, then the year in production, from when it pays, and what the figures rest on."""
    screen.table(HEADS, [_row(one) for one in found["unit_costs"]])
    year, assumed = found["forecast"], found["assumptions"]
    if year is None:
        screen.line(f"No forecast: {found['reason']}", "waiting")
    else:
        volume = assumed["volume"]
        screen.line(
            f"A year in production with {volume['likely']:,.0f} calls a week ({volume['low']:,.0f} to "
            f"{volume['high']:,.0f}): {range_words(year['candidate_usd_a_year'])}"
        )
        if year["incumbent_usd_a_year"] is not None:
            screen.line(f"The incumbent's answers in that year: {range_words(year['incumbent_usd_a_year'])}")
        if year["net_usd_a_year"] is not None:
            screen.line(
                f"Value less cost: {range_words(year['net_usd_a_year'])}; it pays in {year['pays']:.0%} of draws"
            )
        screen.line(break_even_words(year))
    if found["waiting_usd_a_week"] is not None:
        screen.line(f"A week without it, if the target is just kept: {range_words(found['waiting_usd_a_week'])}")
    for note in found["notes"]:
        screen.line(note)


def break_even_words(year: Json) -> str:
    """From which volume and which value a call it pays."""
    worth = f"a call has to be worth {money(year['break_even_usd_a_call'])} at the likely volume"
    if year["net_usd_a_year"] is None:
        return f"To break even, {worth}."
    calls = year["break_even_calls_a_week"]
    if calls is None:
        return f"It pays at no volume: an answer costs more than it brings; {worth}."
    return f"It pays from {calls:,.0f} calls a week; {worth}." if calls else f"It pays from the first call; {worth}."


def range_words(found: Json) -> str:
    """`USD 12,300 (9,800 to 15,100)`."""
    return f"{money(found['median'])} ({money(found['low'])} to {money(found['high'])})"


def money(amount: float) -> str:
    """Dollars with as many digits as help."""
    digits = 0 if abs(amount) >= 100 else 2 if abs(amount) >= 1 else 5  # noqa: PLR2004 - cents below a hundred
    return f"USD {amount:,.{digits}f}"


def _row(one: Json) -> Sequence[Cell]:
    return (
        one["arm"],
        one["release"] or "-",
        estimate_words(one["estimate"]),
        estimate_words(one["tokens"]) if one["tokens_reported"] else "-",
        f"{one['reported']:,} of {one['executions']:,}",
        f"{one['unreported']:,}",
        f"{one['failed']:,}",
    )
