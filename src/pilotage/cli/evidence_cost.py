"""How a terminal shows the section `cost`."""

from __future__ import annotations

from collections.abc import Sequence

from pilotage.cli.access import Json
from pilotage.cli.evidence import Asked
from pilotage.cli.evidence_answer import estimate_words
from pilotage.cli.screen import Cell, Screen, Tone, Toned
from pilotage.evidence.estimate import draws_in_words

HEADS = ("arm", "release", "USD an answer", "tokens an answer", "reported", "missing", "failed")
GOOD: Tone = "good"
BAD: Tone = "bad"
MONTHS = ("month", "actual", "estimated", "not known")
ESTIMATED = ("cost", "line", "likely", "low to high", "paid", "ledger")


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
                f"Value less cost: {range_words(year['net_usd_a_year'])}; "
                f"it pays in {draws_in_words(year['pays'])} of draws"
            )
        screen.line(break_even_words(year))
        if year["whole"] is not None:
            screen.line(whole_words(year["whole"], found["paid_back_month"]))
    for span in ("week", "month"):
        waiting = found[f"waiting_usd_a_{span}"]
        if waiting is not None:
            screen.line(f"A {span} without it, if the target is just kept: {range_words(waiting)}")
    _estimate(screen, found["estimate"])
    if found["months"]:
        screen.table(MONTHS, [_month(one) for one in found["months"]])
    for note in found["notes"]:
        screen.line(note)


def whole_words(whole: Json, paid_back: int | None) -> str:
    """All years of the estimate together, with what is paid once."""
    years = "The first year" if whole["years"] == 1 else f"{whole['years']} years"
    words = f"{years}, all in: costs {range_words(whole['cost_usd'])}"
    if whole["net_usd"] is not None:
        words += f", leaves {range_words(whole['net_usd'])}; it pays in {draws_in_words(whole['pays'])} of draws"
        words += f" and is paid back after {paid_back} months" if paid_back is not None else ""
    return words


def _estimate(screen: Screen, estimate: Json) -> None:
    """The lines on record, what is missing, what they come to, and the money for it."""
    if estimate["lines"]:
        screen.table(ESTIMATED, [_line(one["fact"], one["stamp"]) for one in estimate["lines"]])
    if estimate["missing"]:
        names = ", ".join(name.replace("_", " ") for name in estimate["missing"])
        screen.line(f"Not estimated yet: {names}", "waiting")
    case, funding = estimate["case"], estimate["funding"]
    if case is not None:
        pays = case["value_usd"] > case["cost_usd"]
        word, tone = "pays" if pays else "does not pay", GOOD if pays else BAD
        screen.line(
            f"At the likely figures it {word}: {money(case['value_usd'])} of value against {money(case['cost_usd'])} "
            f"of cost, at the {case['at']} result",
            tone,
        )
    elif estimate["reason"]:
        screen.line(estimate["reason"], "waiting")
    if funding is None:
        screen.line("Nobody has committed a budget yet", "waiting")
    else:
        fact = funding["fact"]
        amount = fact["rebuild_usd"] + fact["change_usd"] + fact["first_year_usd"]
        screen.line(f"Committed: {money(amount)} from {fact['from_on']} until {fact['until_on']}")


def _line(fact: Json, stamp: Json) -> Sequence[Cell]:
    span = "nothing" if not fact["high"] else f"{fact['low']:,g} to {fact['high']:,g}"
    return (
        fact["category"].replace("_", " "),
        fact["line"],
        f"{fact['likely']:,g} {fact['currency']}",
        span,
        {"once": "once", "year": "a year", "call": "a call"}[fact["per"]],
        f"{stamp['position']}",
    )


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


def _month(one: Json) -> Sequence[Cell]:
    beyond = one["whole"] and one["actual"] > one["high"]
    return (
        one["month"] if one["whole"] else f"{one['month']} in part",
        Toned(money(one["actual"]), BAD) if beyond else money(one["actual"]),
        f"{money(one['likely'])} ({money(one['low'])} to {money(one['high'])})",
        ", ".join(one["missing"]) or "-",
    )


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
