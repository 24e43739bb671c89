"""One call as a page shows it: both answers, why it went this way, times, what was learned, what was taken out."""

from __future__ import annotations

import datetime as dt
import json
import re
from collections.abc import Iterator

from markupsafe import Markup, escape
from msgspec import Struct

from pilotage.runtime.records import Call, Execution, Outcome
from pilotage.server.pages.wording import FALLBACKS, exposure
from pilotage.server.pages.written import moment_of_us
from pilotage.storage.protocols import StoredCall

# What redaction hooks commonly leave in place of what they take out.
KNOWN_FROM = {
    "independent": "independent: known without either answer",
    "after_suggestion": "anchored: given after seeing the candidate's answer",
    "candidate": "the candidate's own answer, which counts for no metric",
    "incumbent": "the incumbent's own answer, which counts for no metric",
}
_REDACTED = re.compile(r"\[(?:redacted|erased|masked|removed)[^\]\n]{0,60}\]|█{2,}|\*{3,}", re.IGNORECASE)


class Answered(Struct, frozen=True, kw_only=True):
    """One arm's answer."""

    execution: Execution
    role: str
    value: Markup
    detail: Markup | None
    share: float


class Learned(Struct, frozen=True, kw_only=True):
    """Something learned about the call later."""

    outcome: Outcome
    at: dt.datetime
    after: dt.timedelta
    value: Markup
    known_from: str = ""


class Full(Struct, frozen=True, kw_only=True):
    """A call in full."""

    call: Call
    at: dt.datetime
    input: Markup | None
    answers: tuple[Answered, ...]
    person: Learned | None
    route: str
    bar: tuple[tuple[str, int, float], ...]
    outcomes: tuple[Learned, ...]
    feedback: tuple[Learned, ...]
    is_redacted: bool


def json_text(value: str | None) -> str:
    """A JSON value in one line, as short as it can be read; empty for none."""
    if value is None:
        return ""
    try:
        found = json.loads(value)
    except ValueError:
        return value
    if isinstance(found, str):
        return found
    if isinstance(found, dict) and len(found) == 1:
        return json_text(json.dumps(next(iter(found.values())), ensure_ascii=False))
    if isinstance(found, dict):
        return ", ".join(f"{name} {json.dumps(part, ensure_ascii=False)}" for name, part in found.items())
    return json.dumps(found, ensure_ascii=False)


def part_of(value: str | None, field: str) -> object:
    """One field of a JSON object; None where there is none."""
    try:
        found = json.loads(value or "null")
    except ValueError:
        return None
    return found.get(field) if isinstance(found, dict) else None


def pretty(value: str | None) -> Markup:
    """A JSON value in lines, with what was redacted made visible."""
    try:
        text = json.dumps(json.loads(value or "null"), indent=2, ensure_ascii=False)
    except ValueError:
        text = value or ""
    return Markup("").join(_marked(text))


def _marked(text: str) -> Iterator[Markup]:
    end = 0
    for found in _REDACTED.finditer(text):
        yield escape(text[end : found.start()])
        yield Markup('<span class="redacted">{}</span>').format(found.group())
        end = found.end()
    yield escape(text[end:])


def call_in_full(stored: StoredCall) -> Full:
    """Everything that a page says of one call."""
    call = stored.call
    at = moment_of_us(call.at_us)
    runs = [("served", call.served), *([("beside", call.beside)] if call.beside else [])]
    longest = max(run.latency_us for _, run in runs) or 1
    learned = [_learned(outcome, at) for outcome in stored.outcomes]
    answers = tuple(
        Answered(
            execution=run,
            role=role,
            value=pretty(run.value),
            detail=pretty(run.detail) if run.detail else None,
            share=run.latency_us / longest,
        )
        for role, run in runs
    )
    texts = [call.input, *(run.value for _, run in runs), *(run.detail for _, run in runs)]
    texts += [outcome.value for outcome in stored.outcomes]
    bar = [(f"{run.arm}, {role}", run.latency_us, run.latency_us / longest) for role, run in runs]
    bar.append(("waited beyond it", call.added_us, min(1.0, call.added_us / longest)))
    return Full(
        call=call,
        at=at,
        input=pretty(call.input) if call.input is not None else None,
        answers=answers,
        person=next((one for one in learned if one.outcome.kind == "incumbent_answer"), None),
        route=route_of(call),
        bar=tuple(bar),
        outcomes=tuple(one for one in learned if one.outcome.kind != "feedback"),
        feedback=tuple(one for one in learned if one.outcome.kind == "feedback"),
        is_redacted=any(_REDACTED.search(text) for text in texts if text),
    )


def _learned(outcome: Outcome, called: dt.datetime) -> Learned:
    at = moment_of_us(outcome.at_us)
    known_from = KNOWN_FROM.get(outcome.basis, "")
    return Learned(outcome=outcome, at=at, after=at - called, value=pretty(outcome.value), known_from=known_from)


def route_of(call: Call) -> str:
    """Why this arm served, in sentences."""
    said = [f"The lease allowed {exposure(call.mode, call.percent)}."]
    if call.mode == "none":
        said.append("The incumbent serves.")
    elif call.mode == "shadow":
        said.append("The incumbent serves; the candidate runs beside it, unseen.")
    elif call.mode == "suggest":
        said.append("A person decides; the candidate may suggest.")
    else:
        inside = "inside" if call.assigned == "candidate" else "outside"
        said.append(f"The unit's hash puts it {inside} the share, so the {call.assigned} was assigned.")
    if call.fallback:
        reason = FALLBACKS.get(call.fallback, f"The reason given is {call.fallback}.")
        said.append(f"{reason} So the {call.served.arm} served.")
    if call.beside_dropped:
        said.append("A run beside it was due and was dropped: the bound on waiting runs was reached.")
    if call.beside is not None and call.mode == "live" and not call.fallback:
        said.append("This call was drawn to run both arms.")
    return " ".join(said)
