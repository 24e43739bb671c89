"""`pilotage inbox`: what waits for whoever asks, across all workloads."""

from __future__ import annotations

from collections.abc import Sequence

from pilotage.cli.access import Json
from pilotage.cli.invocation import Answer, Invocation, command
from pilotage.cli.names import Names
from pilotage.cli.screen import Cell, Screen, Toned

EMPTY = "Nothing waits for you."
HEADS = ("due", "workload", "what waits", "what to do")


@command("inbox")
def inbox(run: Invocation) -> Answer:
    """Show what waits for you on every workload, the nearest deadline first.

    Signatures, reviews, roles and handoff items offered to you, training, findings and gaps that you own, decisions,
    evidence about to lapse, and criteria whose next step is yours; each with one thing to do.
    """
    found = run.access.inbox()
    run.screen.answer(found, lambda screen: _draw(screen, found["waiting"], Names.of(run.access)))
    return None


def _draw(screen: Screen, waiting: Sequence[Json], names: Names) -> None:
    if not waiting:
        screen.line(EMPTY)
        return
    screen.table(HEADS, [_row(one, names) for one in waiting])


def _row(one: Json, names: Names) -> Sequence[Cell]:
    due: Cell = Toned(f"{one['due']}, overdue", "bad") if one["overdue"] else one["due"] or "-"
    return due, one["workload"], names(one["what"]), names(f"{one['action'].rstrip('.')}: {_how(one)}")


def _how(one: Json) -> str:
    """The command that carries it out, or the page."""
    if one["command"] is None:
        return str(one["href"])
    return f"pilotage do {one['workload']} {one['command'].replace('_', '-')}"
