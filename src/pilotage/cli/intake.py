"""`pilotage intake`: which problem next, who scored what, and what each step of a scale means."""

from __future__ import annotations

import click

from pilotage.cli.access import Json
from pilotage.cli.invocation import Answer, Invocation, command
from pilotage.cli.names import Names
from pilotage.cli.screen import Cell, Screen, Toned

HEADS = ("rank", "problem", "score", "impact", "feasibility", "readiness", "scored by", "next")
EMPTY = "There is no candidate problem yet; propose some with `pilotage apply -f`."


@command("intake", acts=False)
@click.option("--scales", is_flag=True, help="What each step from 1 to 5 means.")
def intake(run: Invocation, *, scales: bool) -> Answer:
    """Show the candidate problems, best score first, with where scores differ and who has room for a pilot.

    A score is the mean over all scales and people; behind it stand the means of the two people furthest apart.
    """
    found = run.access.candidates()
    if scales:
        run.screen.answer(found["scales"], lambda screen: _draw_scales(screen, found["scales"]))
        return None
    run.screen.answer(found, lambda screen: _draw(screen, found, Names.of(run.access)))
    return None


def _draw_readiness(screen: Screen, ready: Json) -> None:
    """How ready the organisation said it is, before the problems."""
    said = ready["title"]
    if ready["score"] is not None:
        said += f": {ready['score']:.1f} of 5, {ready['concluded']['at'][:10]}"
        said += f"; weakest: {ready['weakest']}, {ready['weakest_score']:.1f}"
    screen.line(f"{said}. {ready['caution']}".rstrip(), "waiting" if ready["caution"] else None)


def _draw_scales(screen: Screen, scales: list[Json]) -> None:
    for scale in scales:
        screen.line(f"{scale['id']}: {scale['question']}", "noted")
        for step, text in enumerate(scale["steps"], start=1):
            screen.line(f"  {step}  {text}")


def _draw(screen: Screen, found: Json, names: Names) -> None:
    if found["readiness"] is not None:
        _draw_readiness(screen, found["readiness"])
    if not found["candidates"]:
        screen.line(EMPTY)
        return
    screen.table(HEADS, [_row(one) for one in found["candidates"]])
    for one in found["candidates"]:
        for scale in one["scales"]:
            if scale["disagreement"]:
                screen.line(f"{one['workload']}, {scale['id']}: {names(scale['disagreement'])}", "waiting")
    for owner in found["owners"]:
        room = "has room for another" if owner["has_room"] else "has to finish one before another begins"
        running = ", ".join(owner["pilots"])
        screen.line(f"{names(owner['owner'])} runs {running} ({len(owner['pilots'])} of {owner['limit']}) and {room}.")


def _row(one: Json) -> tuple[Cell, ...]:
    steps = {scale["id"]: scale for scale in one["scales"]}
    score = "-" if one["score"] is None else f"{one['score']:.2f}"
    if one["score"] is not None and one["low"] != one["high"]:
        score += f" ({one['low']:.2f} to {one['high']:.2f})"
    people = str(len(one["scores"]))
    return (
        str(one["rank"]),
        one["workload"],
        score,
        *(_step(steps.get(name)) for name in ("impact", "feasibility", "readiness")),
        Toned(people, "waiting") if one["lacking"] else people,
        one["next"],
    )


def _step(scale: Json | None) -> Cell:
    if scale is None:
        return "-"
    said = str(scale["low"]) if scale["low"] == scale["high"] else f"{scale['low']} to {scale['high']}"
    return Toned(said, "waiting") if scale["disagreement"] else said
