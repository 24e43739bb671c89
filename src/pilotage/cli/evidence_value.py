"""How a terminal shows the section `value`."""

from __future__ import annotations

from pilotage.cli.access import Json
from pilotage.cli.evidence import Asked
from pilotage.cli.evidence_answer import estimate_words
from pilotage.cli.screen import Cell, Screen, Tone, Toned
from pilotage.cli.wording import figure_words

TONES: dict[str, Tone] = {"met": "good", "unmet": "bad", "pending": "waiting"}
HEADS = ("quarter", "benefit", "candidate", "incumbent", "held back", "state")


def draw(screen: Screen, found: Json, asked: Asked) -> None:
    """What was promised, and a line for each quarter; with why it stands so where that is asked."""
    screen.line(found["reason"], None if found["quarters"] else "waiting")
    if found["target"] is not None:
        screen.line(
            f"{found['metric']}: promised {figure_words(found['target'])}, floor {figure_words(found['floor'])} "
            f"(form {found['form']})."
        )
    if found["quarters"]:
        screen.table(HEADS, [_line(one) for one in found["quarters"]])
    if found["when_absent"]:
        screen.line(f"Without the candidate: {found['when_absent']}")
    for one in found["quarters"] if asked.explain else ():
        screen.line(f"{one['quarter']}: {one['reason']}")


def _line(one: Json) -> tuple[Cell, ...]:
    held = "not concurrent" if one["held_back"] is None else f"{one['held_back']:.1%} of units"
    return (
        one["quarter"] if one["complete"] else f"{one['quarter']} so far",
        estimate_words(one["comparison"]),
        estimate_words(one["candidate"]),
        estimate_words(one["incumbent"]),
        held,
        Toned(one["status"], TONES[one["status"]]),
    )
