"""How the interface's JSON is said in words: exposure, verdicts, the target's answer."""

from __future__ import annotations

from pilotage.cli.access import Json
from pilotage.cli.screen import Tone, Toned

VERDICT_TONES: dict[str, Tone] = {
    "met": "good",
    "unmet": "bad",
    "pending": "waiting",
    "waived": "noted",
    "not_applicable": "quiet",
}
ANSWER_TONES: dict[str, Tone] = {
    "reached": "good",
    "below_floor": "bad",
    "harmed": "bad",
    "futile": "bad",
    "keep_running": "waiting",
    "not_estimable": "quiet",
}
SHARED = frozenset({"suggest", "live"})
FINE = 0.01


def verdict_word(verdict: str) -> Toned:
    """A verdict, coloured."""
    return Toned(words(verdict), VERDICT_TONES.get(verdict, "waiting"))


def answer_word(answer: str) -> Toned:
    """The target's answer, coloured."""
    return Toned(words(answer), ANSWER_TONES.get(answer, "waiting"))


def words(identifier: str) -> str:
    """`keep_running` as it is said."""
    return identifier.replace("_", " ")


def limit_words(mode: str, percent: float) -> str:
    """`shadow`, `live 5 %`."""
    return f"{mode} {percent:g} %" if mode in SHARED else mode


def exposure_words(exposure: Json) -> str:
    """What is exposed now: `suggest 10 % to berlin`."""
    said = limit_words(exposure["mode"], exposure["percent"])
    return f"{said} to {', '.join(exposure['cohorts'])}" if exposure["cohorts"] else said


def figure_words(value: float) -> str:
    """A figure with as many digits as help."""
    return f"{value:.4g}" if abs(value) < FINE else f"{value:,.4f}".rstrip("0").rstrip(".")


def target_words(target: Json) -> str:
    """The estimate with its interval, or why there is none, and when an answer is expected."""
    if target["estimate"] is None:
        return str(target["reason"])
    low, high = target["interval"]
    said = f"{figure_words(target['estimate'])} ({figure_words(low)} to {figure_words(high)}, n {target['n']:,})"
    projected = f"; answer expected by {target['projected']}" if target["projected"] else ""
    return f"{said}{projected}. {target['reason']}"


def gate_words(gate: Json) -> str:
    """`3 of 9 met, 1 waived`."""
    waived = sum(criterion["verdict"] == "waived" for criterion in gate["criteria"])
    return f"{gate['met']} of {gate['total']} met" + (f", {waived} waived" if waived else "")
