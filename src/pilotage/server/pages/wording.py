"""The words and shapes that stand for verdicts, exposures, answers and entries: the same on every page. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

from msgspec import Struct

from pilotage.server.pages.written import percent

Tone = Literal["good", "bad", "warn", "calm"]
FULL = 100.0


class Badge(Struct, frozen=True, kw_only=True):
    """A status: a colour, and always a shape and a word with it."""

    tone: Tone
    shape: str
    word: str


VERDICTS: dict[str, Badge] = {
    "met": Badge(tone="good", shape="check", word="met"),
    "unmet": Badge(tone="bad", shape="cross", word="unmet"),
    "pending": Badge(tone="calm", shape="dots", word="pending"),
    "waived": Badge(tone="warn", shape="flag", word="waived"),
    "not_applicable": Badge(tone="calm", shape="dash", word="not applicable"),
}
GUARDRAILS: dict[str, Badge] = {
    "within": Badge(tone="good", shape="check", word="holds"),
    "breached": Badge(tone="bad", shape="cross", word="breached"),
    "undecided": Badge(tone="calm", shape="dots", word="undecided"),
    "not_estimable": Badge(tone="calm", shape="dash", word="not estimable"),
}
CHECKS: dict[str, Badge] = {
    "held": Badge(tone="good", shape="check", word="held"),
    "violated": Badge(tone="bad", shape="cross", word="violated"),
    "not_estimable": Badge(tone="calm", shape="dash", word="not estimable"),
}
ANSWERS: dict[str, Badge] = {
    "reached": Badge(tone="good", shape="check", word="reached"),
    "below_floor": Badge(tone="bad", shape="cross", word="below the floor"),
    "harmed": Badge(tone="bad", shape="cross", word="harmed"),
    "futile": Badge(tone="bad", shape="cross", word="futile"),
    "keep_running": Badge(tone="calm", shape="dots", word="keep running"),
    "not_estimable": Badge(tone="calm", shape="dash", word="not estimable"),
}
SAID: dict[str, str] = {
    "reached": "Yes. The target is proven.",
    "below_floor": "No. It lies below the floor.",
    "harmed": "No. A guardrail broke.",
    "futile": "No. It will hardly be shown any more.",
    "keep_running": "Not yet. Keep running.",
    "not_estimable": "Nobody can say yet.",
}
MODES: dict[str, str] = {
    "none": "The incumbent answers; the candidate does not run.",
    "shadow": "The candidate runs unseen beside the incumbent.",
    "suggest": "A person sees the candidate's answer and decides.",
    "live": "The candidate's answer is served.",
}
SOURCES: dict[str, str] = {"build": "Build it", "buy": "Buy it", "both": "Build a part and buy a part"}
KINDS: dict[str, str] = {
    "measured": "measured",
    "recorded": "recorded",
    "attested": "attested",
    "document": "document",
}
OUTCOMES: dict[str, Badge] = {
    "go": Badge(tone="good", shape="check", word="go"),
    "no_go": Badge(tone="bad", shape="cross", word="no-go"),
    "extend": Badge(tone="calm", shape="dots", word="extend"),
}
FALLBACKS: dict[str, str] = {
    "no-unit": "The call named no unit, so the candidate could not serve it.",
    "candidate-timeout": "The candidate took longer than it may.",
    "candidate-error": "The candidate failed.",
    "candidate-busy": "The candidate had no free worker.",
    "incumbent-timeout": "The incumbent took longer than it may.",
    "incumbent-error": "The incumbent failed.",
    "no-lease": "There was no valid lease.",
    "no-release": "The lease named no release.",
    "release-missing": "The running program does not hold the release that the lease names.",
    "release-mismatch": "The running release is not the one that the lease names: its digest differs.",
    "embedded": "Without a server nobody is exposed.",
    "demonstration": "A demonstration refuses calls that are marked real.",
}


def exposure(mode: str, share: float, cohorts: Iterable[str] = ()) -> str:
    """An exposure in words: none, shadow, suggest 10 % to berlin, live 25 %."""
    if mode not in {"suggest", "live"}:
        return mode
    said = f"{mode} {percent(share / FULL)}"
    names = ", ".join(cohorts)
    return f"{said} to {names}" if names else said


def role(name: str) -> str:
    """A role in words: reviewer:privacy is the privacy reviewer."""
    head, _, area = name.partition(":")
    return f"{area} {head}" if area else head


def title_of(name: str) -> str:
    """A command's or kind's name as a title: declare_for_evaluation becomes Declare for evaluation."""
    words = name.replace("_", " ").replace("-", " ")
    return words[:1].upper() + words[1:]
