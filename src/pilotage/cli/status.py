"""`pilotage status`: where workloads stand, at a glance."""

from __future__ import annotations

from collections.abc import Sequence

import click

from pilotage.cli.access import Json
from pilotage.cli.invocation import Answer, Invocation, command
from pilotage.cli.names import Names
from pilotage.cli.screen import Cell, Screen, Toned
from pilotage.cli.wording import (
    answer_word,
    exposure_words,
    gate_words,
    limit_words,
    target_words,
    verdict_word,
    words,
)

MARK = "demonstration"
EMPTY = "There are no workloads yet. Write a file with `pilotage init`, then `pilotage apply -f workload.yaml`."
CRITERION_HEADS = ("verdict", "criterion", "why, and what next")
PASSING = frozenset({"met", "not_applicable"})


@command("status")
@click.argument("workload", required=False)
def status(run: Invocation, workload: str | None) -> Answer:
    """Show where workloads stand: phase, exposure, gate, target, stalls.

    With a WORKLOAD: its exposure against the ceiling and why, the verdicts of its gate with what to do next, the
    answer on its target, and every reason for stalling. Without: one line for each.
    """
    if workload is not None:
        one = run.access.workload(workload)
        run.screen.answer(one, lambda screen: _draw(screen, one, Names.of(run.access)))
        return None
    several = run.access.workloads()
    run.screen.answer({"workloads": several}, lambda screen: _draw_all(screen, several))
    return None


def _draw_all(screen: Screen, several: Sequence[Json]) -> None:
    if not several:
        screen.line(EMPTY)
        return
    screen.table(("workload", "phase", "exposure", "gate", "target", "stalls"), map(_row, several))


def _row(one: Json) -> Sequence[Cell]:
    stalls = ", ".join(stall["id"] for stall in one["stall"]) or "none"
    return (
        one["workload"] + (f" ({MARK})" if one["demonstration"] else ""),
        one["phase"],
        exposure_words(one["exposure"]),
        gate_words(one["gate"]),
        answer_word(one["target"]["answer"]),
        Toned(stalls, "waiting" if one["stall"] else "quiet"),
    )


def _draw(screen: Screen, one: Json, names: Names) -> None:
    exposure, gate, target = one["exposure"], one["gate"], one["target"]
    if one["demonstration"]:
        screen.line(f"{one['workload']} ({MARK}: replayed traffic counts here, and only here)", "noted")
    else:
        screen.line(one["workload"])
    ceiling = limit_words(exposure["ceiling"]["mode"], exposure["ceiling"]["percent"])
    screen.line(f"phase     {one['phase']}, {one['lane']} lane")
    screen.line(f"exposure  {exposure_words(exposure)}; the ceiling is {ceiling}: {names(exposure['reason'])}")
    metric = f"{target['metric']}: " if target["metric"] else ""
    screen.line(f"sponsor   {names(sponsor_words(one['sponsor']))}")
    screen.line(f"target    {metric}{words(target['answer'])}. {target_words(target)}")
    screen.line(f"gate      {gate['phase']}: {gate_words(gate)}")
    screen.table(CRITERION_HEADS, [criterion_row(criterion, names) for criterion in gate["criteria"]])
    _draw_ends(screen, one, names)
    for early in one["compressed"]:
        screen.line(f"hurried   {early['warning']}", "noted")
    if one["stall"]:
        rows = [_stall_row(stall, names) for stall in one["stall"]]
        screen.table(("stalls", "reason", "since", "why, and what clears it"), rows)


def _draw_ends(screen: Screen, one: Json, names: Names) -> None:
    """What is set aside, in whatever gate, and what has to be renewed soon."""
    here = {criterion["id"] for criterion in one["gate"]["criteria"]}
    for criterion in one["waived"]:
        if criterion["id"] not in here:
            screen.line(f"waived    {criterion['id']}: {names(criterion['reason'])}", "noted")
    for lapse in one["lapsing"]:
        renew = f"{lapse['renew']['action']} ({lapse['renew']['by']})"
        ends = lapse["valid_until"][:10]
        screen.line(f"lapses    {lapse['id']} on {ends}; renew it before: {names(renew)}", "waiting")


def _stall_row(stall: Json, names: Names) -> Sequence[Cell]:
    clear = f"{stall['clear']['action']} ({stall['clear']['by']})"
    return Toned("stalls", "waiting"), stall["id"], stall["since"][:10], names(f"{stall['reason']} {clear}")


def sponsor_words(sponsor: Json | None) -> str:
    """Who sponsors it, and what they last put on the record."""
    if sponsor is None:
        return "nobody"
    if sponsor["at"] is None:
        return f"{sponsor['person']}, who has done nothing yet"
    return f"{sponsor['person']}, last act: {words(sponsor['kind'])} on {sponsor['at'][:10]}"


def criterion_row(criterion: Json, names: Names) -> Sequence[Cell]:
    """A criterion as a line: verdict, id, and the reason, with the next action where it does not pass and with its end
    where it lapses soon.
    """
    said, renew = criterion["reason"], criterion.get("renew")
    open_still = criterion["next"] if criterion["verdict"] not in PASSING else None
    if renew and not open_still:
        said += f" Holds until {criterion['valid_until'][:10]}; renew it before: {renew['action']} ({renew['by']})"
    if open_still:
        # What a waiver sets aside is brought about before it ends: one line, not the same words twice.
        by_when = f", before {criterion['valid_until'][:10]}" if renew else ""
        said += f" Next{by_when}: {open_still['action']} ({open_still['by']})"
    return verdict_word(criterion["verdict"]), criterion["id"], names(said)
