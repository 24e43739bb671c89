"""How a terminal shows the sections `trust` and `attempts`."""

from __future__ import annotations

from pilotage.cli.access import Json
from pilotage.cli.evidence import Asked
from pilotage.cli.screen import Screen, Tone, Toned
from pilotage.cli.wording import answer_word, figure_words, words

CHECK_TONES: dict[str, Tone] = {"held": "good", "violated": "bad", "not_estimable": "quiet"}


def draw_trust(screen: Screen, found: Json, asked: Asked) -> None:
    """What the checks come to, and a line for each; with `explain` what each means."""
    screen.line(found["reason"])
    if not found["checks"]:
        return
    rows = [
        (
            one["title"],
            Toned(words(one["verdict"]), CHECK_TONES[one["verdict"]]),
            "" if one["figure"] is None else figure_words(one["figure"]),
            "" if one["bound"] is None else figure_words(one["bound"]),
            f"{one['reason']} {one['meaning']}" if asked.explain else one["reason"],
        )
        for one in found["checks"]
    ]
    screen.table(("check", "verdict", "figure", "bound", "what was seen"), rows)


def draw_attempts(screen: Screen, found: Json, _asked: Asked) -> None:
    """Every attempt with its error, its looks and its answer."""
    screen.line(found["reason"])
    if not found["attempts"]:
        return
    rows = [
        (
            str(one["number"]),
            one["release"],
            one["declared_at"][:10],
            figure_words(one["alpha"]),
            str(one["looks"]),
            answer_word(one["answer"]) if one["answer"] else Toned("none yet", "quiet"),
            one["reason"],
        )
        for one in found["attempts"]
    ]
    screen.table(("attempt", "release", "declared", "error", "looks", "answer", "why"), rows)
    if found["alpha"] is not None:
        screen.line(f"Error spent on all of them: {found['error_spent']:g} of {found['alpha']:g}.")
