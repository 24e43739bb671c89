"""How a terminal shows the section `adoption`."""

from __future__ import annotations

from pilotage.cli.access import Json
from pilotage.cli.evidence import Asked
from pilotage.cli.screen import Cell, Screen, Tone, Toned

TONES: dict[str, Tone] = {"shown": "good", "missed": "bad", "open": "waiting"}
HEADS = ("rate", "seen", "interval, at all looks", "planned", "state")


def draw(screen: Screen, found: Json, asked: Asked) -> None:
    """What is waited for, and a line for each rate; with what each means where that is asked."""
    screen.line(found["reason"], None if found["rates"] else "waiting")
    if found["calls"]:
        screen.line(
            f"Calls of release {found['release']} from {found['since'][:16]} until {found['until'][:16]}: "
            f"{found['calls']:,} of {found['units']:,} units; of {found['actions']:,} it is told what was done."
        )
    if found["rates"]:
        screen.table(HEADS, [_line(one) for one in found["rates"]])
    for one in found["rates"] if asked.explain else ():
        screen.line(f"{one['title']}: {one['explanation']['means']}")
        screen.line(one["explanation"]["does_not"])


def _line(one: Json) -> tuple[Cell, ...]:
    seen, planned = one["seen"], one["planned"]
    limit = "no plan" if planned is None else f"{'at least' if one['bound'] == '>=' else 'at most'} {planned:.1%}"
    if seen["type"] == "not_estimable":
        return one["title"], seen["reason"], "", limit, Toned(one["status"], TONES[one["status"]])
    bounds = f"{seen['low']:.1%} and {seen['high']:.1%}"
    return one["title"], f"{seen['value']:.1%}", bounds, limit, Toned(one["status"], TONES[one["status"]])
