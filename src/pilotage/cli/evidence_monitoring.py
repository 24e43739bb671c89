"""How a terminal shows the sections on monitoring: `drift`, `labels`, `before-labels` and `service`."""

from __future__ import annotations

from collections.abc import Sequence

from pilotage.cli.access import Json
from pilotage.cli.evidence import Asked
from pilotage.cli.evidence_answer import estimate_words
from pilotage.cli.screen import Cell, Screen, Tone, Toned
from pilotage.cli.wording import figure_words, words

DRIFT_TONES: dict[str, Tone] = {"alert": "bad", "moved": "waiting", "steady": "good", "not_estimable": "quiet"}
BURN_TONES: dict[str, Tone] = {"firing": "bad", "within": "good", "quiet": "quiet"}
ABSENT = "-"


def draw_drift(screen: Screen, found: Json, _asked: Asked) -> None:
    """The state, what is compared with, and a line for each field, those that moved first."""
    screen.line(f"{words(found['status'])}. {found['reason']}", DRIFT_TONES[found["status"]])
    for one in found["references"]:
        whose = f"release {one['scope']}" if one["scope"] else "the traffic"
        screen.line(
            f"Reference of {whose}: {one['since']} to {one['until']} (exclusive), {one['calls']:,} calls, "
            f"{one['fields']} fields, digest {one['digest'][:12]}."
        )
    for one in found["chosen"]:
        whose = f"release {one['scope']}" if one["scope"] else "the traffic"
        state = "It is compared with now." if one["frozen"] else one["waits_for"]
        screen.line(f"Chosen anew for {whose}, from {one['since']} on: {one['reason']} {state}")
    for one in found["former"]:
        whose = f"release {one['scope']}" if one["scope"] else "the traffic"
        screen.line(
            f"Before that, of {whose}: {one['since']} to {one['until']} (exclusive), {one['calls']:,} calls, digest "
            f"{one['digest'][:12]}."
        )
    if found["fields"]:
        draw_fields(screen, [one["newest"] for one in found["fields"]], found["metric"] or "the target")


def draw_fields(screen: Screen, fields: Sequence[Json], metric: str | None = None) -> None:
    """A line for each field; with the effect on the metric, where one is meant."""
    heads = ("field", "state", "shift", "missing", "moved by", *([f"effect on {metric}"] if metric else []))
    screen.table(heads, [_field(one)[: len(heads)] for one in fields])


def _field(one: Json) -> Sequence[Cell]:
    shift, missing = one["shift"], one["missing"]
    return (
        one["field"],
        Toned(words(one["status"]), DRIFT_TONES[one["status"]]),
        figure_words(shift["psi_debiased"]) if shift else one["reason"],
        f"{missing['reference']:.1%} to {missing['current']:.1%}" if missing else ABSENT,
        _distance(one),
        effect_words(one["effect"]),
    )


def _distance(one: Json) -> str:
    """How far numbers moved in reference deviations, or which category's share changed most."""
    if one["wasserstein"] is not None:
        return f"{figure_words(one['wasserstein'])} sd"
    largest = one["largest"]
    if largest is None:
        return ABSENT
    return f"{largest['name']}: {largest['reference']:.1%} to {largest['current']:.1%}"


def effect_words(effect: Json | None) -> str:
    """The estimated effect with its interval, marked as one, or why there is none."""
    if effect is None:
        return ABSENT
    if effect["type"] == "not_estimable":
        return "not estimable"
    low, high = figure_words(effect["low"]), figure_words(effect["high"])
    return f"about {figure_words(effect['change'])} ({low} to {high})"


def draw_labels(screen: Screen, found: Json, _asked: Asked) -> None:
    """How labels arrive, by assigned arm and by week."""
    if found["label"] is None:
        screen.line(found["reason"])
        return
    screen.line(f"Label {found['label']}, waited for {figure_words(found['window_hours'])} hours.")
    heads = ("calls", "number", "labelled", "half by (hours)", "in the window")
    screen.table(
        heads,
        [
            (
                one["group"],
                f"{one['calls']:,}",
                f"{one['labelled']:,}",
                _known(one["median_hours"], "{:g}"),
                _known(one["in_window"], "{:.1%}"),
            )
            for one in found["arrivals"]
        ],
    )
    screen.table(
        ("week from", "calls", "labelled", "share", ""),
        [
            (
                one["since"],
                f"{one['calls']:,}",
                f"{one['labelled']:,}",
                ABSENT if one["share"] is None else f"{one['share']:.1%}",
                "more may come" if one["open"] else "",
            )
            for one in found["weeks"]
        ],
    )


def _known(value: Json | float, form: str) -> str:
    return str(value["reason"]) if isinstance(value, dict) else form.format(value)


def draw_before_labels(screen: Screen, found: Json, _asked: Asked) -> None:
    """The estimate, what it assumes, and how earlier ones have fared."""
    told = found["found"]
    screen.line(f"{found['metric'] or 'The target'} before labels: {estimate_words(told['estimate'])}")
    screen.line(f"Assumes {found['assumes']}. It counts for no gate.", "waiting")
    if told["error_mean"] is not None:
        screen.line(f"Earlier estimates were off by {figure_words(told['error_mean'])} on average.")
    if told["tests"]:
        screen.table(
            ("from", "to", "foretold", "realised", "error"),
            [
                (
                    one["since"],
                    one["until"],
                    estimate_words(one["foretold"]),
                    estimate_words(one["realised"]),
                    ABSENT if one["error"] is None else figure_words(one["error"]),
                )
                for one in told["tests"]
            ],
        )


def draw_service(screen: Screen, found: Json, _asked: Asked) -> None:
    """Each objective's budget, and which alerts fire."""
    screen.line(found["reason"], "bad" if found["firing"] else None)
    screen.table(
        ("objective", "promised", "budget used", "rule", "state", "burn"),
        [_burn(level, burn) for level in found["levels"] for burn in level["burns"]],
    )


def _burn(level: Json, burn: Json) -> Sequence[Cell]:
    objective, budget = level["objective"], level["budget"]
    used = f"{budget['used']:.0%}" if "used" in budget else str(budget["reason"])
    rates = [ABSENT if rate is None else figure_words(rate) for rate in (burn["long_rate"], burn["short_rate"])]
    return (
        objective["title"],
        f"{objective['share']:.3%}",
        used,
        f"{burn['rate']:g}x over {burn['long_hours']:g} h and {burn['short_hours']:.2g} h",
        Toned(words(burn["status"]), BURN_TONES[burn["status"]]),
        " and ".join(rates),
    )
