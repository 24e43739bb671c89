"""How a terminal shows the section `answer`."""

from __future__ import annotations

from collections.abc import Sequence

from pilotage.cli.access import Json
from pilotage.cli.evidence import Asked
from pilotage.cli.screen import Cell, Screen, Tone, Toned
from pilotage.cli.wording import ANSWER_TONES, answer_word, figure_words, words

STATUS_TONES: dict[str, Tone] = {**ANSWER_TONES, "within": "good", "breached": "bad", "undecided": "waiting"}
HEADS = ("metric", "as", "stage", "incumbent", "candidate", "compared", "verdict")
TOGETHER_HEADS = ("metric", "stages", "difference", "no difference at all")
CHECK_HEADS = ("check", "what", "found")
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
    if asked.explain or asked.metric is not None:
        for one in found["figures"]:
            _draw_figure(screen, one, asked)
    together = [one for one in found["stages_together"] if asked.metric in {None, one["metric"]}]
    if together:
        _draw_together(screen, together)
    if asked.metric is None:
        for decision in found["decisions"]:
            _draw_decision(screen, decision)


def _draw_together(screen: Screen, together: list[Json]) -> None:
    """The stages of the roll-out together, how they were put together, and what is left out."""
    screen.line()
    screen.line("The live stages together, each compared for itself and then averaged; plus is better:")
    screen.table(TOGETHER_HEADS, [_together(one) for one in together])
    for why in dict.fromkeys(one["why"] for one in together):
        screen.line(why)
    for stage, reason in dict.fromkeys((left["stage"], left["reason"]) for one in together for left in one["left_out"]):
        screen.line(f"left out: {stage}: {reason}")


def _draw_figure(screen: Screen, one: Json, asked: Asked) -> None:
    """What a figure means, and, where one metric was asked for, what it rests on."""
    screen.line()
    screen.line(f"{one['title']}, {one['role']}, {one['stage']}")
    if asked.explain:
        screen.line(one["explanation"]["means"])
        screen.line(one["explanation"]["does_not"])
    if asked.metric is None:
        return
    rests, window = one["provenance"], one["provenance"]["window"]
    first, last = window["first_call_at"], window["last_call_at"]
    span = f"from {first[:16].replace('T', ' ')} to {last[:16].replace('T', ' ')} UTC" if first else "none yet"
    screen.line(
        f"calls   {', '.join(window['sources'])}, {window['stage']}, release {window['release'] or '-'}, {span}"
    )
    screen.line(f"rests on {rests['calls']:,} calls of {rests['units']:,} units")
    if rests["method"]:
        screen.line(f"method  {rests['method']}, {100 * rests['level']:.4g} % interval")
    rows = [
        (series, f"{sums.get('units', 0):,.0f} units", f"n {sums.get('n', 0):,.0f}", _moments(sums))
        for series, sums in rests["sums"].items()
    ]
    screen.table(("sums", "units", "calls", f"values less {rests['shift']:g}"), rows)
    screen.table(CHECK_HEADS, [_check(check) for check in rests["checks"]])
    screen.line(f"digest  {one['digest']}")


def _together(one: Json) -> Sequence[Cell]:
    tested = "" if one["p"] is None else f"chi-square {one['chi_square']:.3g}, p {one['p']:.2g}"
    return one["metric"], ", ".join(one["stages"]), estimate_words(one["difference"]), tested


def _moments(sums: Json) -> str:
    """The sums of values and squares; `--json` has the rest."""
    return "  ".join(f"{name} {sums[name]:.10g}" for name in ("y", "z", "yy", "yz", "zz") if name in sums)


def _check(check: Json) -> Sequence[Cell]:
    tone: Tone = {"held": "good", "violated": "bad"}.get(check["verdict"], "waiting")  # type: ignore[assignment]  # tones
    return Toned(words(check["verdict"]), tone), check["title"], check["reason"]


def _draw_decision(screen: Screen, one: Json) -> None:
    """A decision, and whether what it rested on comes to the same."""
    said = f"decided on {one['at'][:10]}: {words(one['outcome'])} on the answer {words(one['answer'])}"
    if one["same"] is None:
        screen.line(f"{said} (no evidence was frozen with it)")
        return
    again = "comes to the same when computed again" if one["same"] else "comes to something else when computed again"
    again = "cannot be computed again here" if one["problem"] else again
    tone: Tone = "good" if one["same"] else "bad"
    screen.line(f"{said}; its evidence, {one['evidence'][:12]}, {again}. {one['store']}", tone)
    for line in (*one["differences"], *filter(None, [one["problem"]])):
        screen.line(f"  {line}")


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
