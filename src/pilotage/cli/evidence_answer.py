"""How a terminal shows the section `answer`."""

from __future__ import annotations

from collections.abc import Sequence

from pilotage.cli.access import Json
from pilotage.cli.evidence import Asked
from pilotage.cli.screen import Cell, Screen, Tone, Toned
from pilotage.cli.wording import ANSWER_TONES, answer_word, figure_words, words

STATUS_TONES: dict[str, Tone] = {**ANSWER_TONES, "within": "good", "breached": "bad", "undecided": "waiting"}
HEADS = ("metric", "as", "stage", "incumbent", "candidate", "compared", "verdict")
NO_FIGURES = "There are no figures yet. Wrap the workload with the SDK, write its charter and declare a release."


def draw(screen: Screen, found: Json, asked: Asked) -> None:
    """The answer, why, and a line for each figure."""
    if asked.metric is None:
        metric = f"{found['metric']}: " if found["metric"] else ""
        screen.line(f"{metric}{answer_word(found['answer'])}. {found['reason']}", ANSWER_TONES.get(found["answer"]))
        if found["projected"]:
            screen.line(f"At this pace an answer is likely by {found['projected']}.")
    if not found["figures"]:
        screen.line(NO_FIGURES)
        return
    screen.table(HEADS, [_row(one) for one in found["figures"]])


def _row(one: Json) -> Sequence[Cell]:
    return (
        one["metric"],
        one["role"],
        one["stage"],
        estimate_words(one["incumbent"]),
        estimate_words(one["candidate"]),
        estimate_words(one["compared"]),
        Toned(words(one["status"]), STATUS_TONES.get(one["status"], "waiting")),
    )


def estimate_words(estimate: Json) -> str:
    """An estimate with its interval and its calls, or why there is none."""
    if estimate["type"] == "not_estimable":
        return str(estimate["reason"])
    low, high = figure_words(estimate["low"]), figure_words(estimate["high"])
    return f"{figure_words(estimate['value'])} ({low} to {high}, n {estimate['calls']:,})"
