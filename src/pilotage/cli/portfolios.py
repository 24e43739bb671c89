"""`pilotage portfolio`: the whole portfolio in figures, with each workload's dates."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from pilotage.cli.access import Json
from pilotage.cli.invocation import Answer, Invocation, command
from pilotage.cli.screen import Cell, Screen, Toned
from pilotage.cli.status import EMPTY
from pilotage.cli.wording import limit_words

HEADS = ("workload", "phase", "day", "exposure", "gate", "waivers", "stalls", "decision", "roll-out", "production")
REVIEW_HEADS = ("review", "opened", "concluded", "days to conclusion", "open ones wait", "reviewers' minutes")


@command("portfolio")
def portfolio(run: Invocation) -> Answer:
    """Show the portfolio in figures.

    How far workloads came, what stalls, how long reviews and first feedback take, value and cost, and when each one
    is decided, rolled out and in production.

    A date stands alone where it happened or somebody promised it; `~` marks one that is projected.
    """
    found = run.access.portfolio()
    run.screen.answer(found, lambda screen: _draw(screen, found))
    return None


def _draw(screen: Screen, found: Json) -> None:
    if not found["total"]:
        screen.line(EMPTY)
        return
    share = f"{found['share']:.0%}".replace("%", " %")
    screen.line(
        f"{found['total']} proposed, {found['running']} on the way, {found['stalled']} stalled, "
        f"{found['refused']} decided no-go, {found['killed']} killed; "
        f"{found['in_production']} in roll-out or operation ({share})"
    )
    screen.line("reached    " + ", ".join(f"{rung['phase']} {rung['count']}" for rung in found["funnel"]))
    screen.line(f"feedback   first use after {_days(found['first_use_days'])}, first feedback after "
                f"{_days(found['first_feedback_days'])} (medians from the pilot's start)")  # fmt: skip
    screen.line(
        f"money      USD {found['value_usd_a_year']:,.0f} a year promised, USD {found['estimated_cost_usd']:,.0f} "
        f"estimated cost, USD {found['committed_usd']:,.0f} committed"
    )
    screen.table(HEADS, [_row(one) for one in found["workloads"]])
    if found["reviews"]:
        screen.table(REVIEW_HEADS, [_review(one) for one in found["reviews"]])
    for line in _compressed(found):
        screen.line(line, "noted")


def _row(one: Json) -> Sequence[Cell]:
    pace, plan = one["pace"], one["roadmap"]
    day = f"{pace['day']} of {pace['days']}" if pace["days"] else str(pace["day"])
    dates = [_date(plan[step]) for step in ("decision", "rollout", "production")] if plan else ["-"] * 3
    stalled = len(one["stalls"])
    return (
        one["workload"],
        one["place"],
        Toned(f"{day}, {pace['late_days']} late", "bad") if pace["late_days"] else day,
        limit_words(one["mode"], one["percent"]),
        f"{one['met']} of {one['total']}",
        Toned(str(one["waivers"]), "noted") if one["waivers"] else "0",
        Toned(str(stalled), "waiting") if stalled else "0",
        *dates,
    )


def _date(milestone: Json) -> str:
    projected = milestone["basis"] not in {"happened", "charter"}
    return f"{'~' if projected else ''}{milestone['day']}"


def _review(one: Json) -> Sequence[Cell]:
    return (
        one["review"],
        str(one["opened"]),
        str(one["concluded"]),
        _days(one["days"]),
        _days(one["waiting_days"]),
        str(one["minutes"]),
    )


def _days(days: float | None) -> str:
    return "-" if days is None else f"{days:.1f} days"


def _compressed(found: Json) -> Iterator[str]:
    for one in found["workloads"]:
        for early in one["compressed"]:
            yield f"{one['workload']}: {early['warning']}"
