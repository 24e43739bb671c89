"""What a figure means and what it does not, in two sentences of plain words made from the figure's own facts. Pure.

For people who have to decide and never learned statistics: no symbol, no name of a method. Each sentence is put
together from what was found: value, interval, calls, promise, verdict, stage, and how the values were had.
"""

from __future__ import annotations

from msgspec import Struct

from pilotage.evidence.measurements import Answer, Estimate, Estimated, GuardrailResult
from pilotage.playbook.kinds import Form
from pilotage.playbook.metrics import Metric, Target

SHARE = "share"
HUNDRED = 100.0
ALIKE = {
    "unit": "",
    "day": ", which allows for calls of one day being alike (clustered by day)",
    "both": ", which allows for calls of one unit and of one day being alike (clustered by unit and day)",
}


class Explanation(Struct, frozen=True, kw_only=True):
    """One sentence each: what the figure says, and what must not be read into it."""

    means: str
    does_not: str


def explain_target(answer: Answer, target: Target, metric: Metric, *, cut: str = "", anchored: str = "") -> Explanation:
    """The target's figure with its answer. `cut`: what a cap did to it, in words (see `caps`); `anchored`: what labels
    did that were given after a suggestion (see `labels`).
    """
    said = _lead(answer.estimate, metric, target.form, live=metric.observable == "exposed")
    goal, floor = written(target.target, metric, target.form), written(target.floor, metric, target.form)
    wrong = f"{HUNDRED * answer.alpha:.3g} of 100"
    so = {
        "reached": f"it is shown to be better than the promised {goal}, and were it not, at most {wrong} such pilots "
        "would say so all the same",
        "below_floor": f"it is shown to be worse than the floor of {floor}, so going on is not worth it",
        "harmed": "something else that was to be protected got worse by more than was allowed, which decides",
        "futile": f"that it is better than the promised {goal} will hardly be shown any more, however long the pilot "
        "runs",
        "keep_running": f"it is not known yet whether it is better than the promised {goal}",
        "not_estimable": f"whether it is better than the promised {goal} must not be concluded",
    }[answer.answer]
    does_not = f"{_not_of_target(answer, metric)}{_how_had(metric, cut, anchored)}."
    return Explanation(means=f"{said}{ALIKE[target.cluster]}; {so}.", does_not=does_not)


def explain_guardrail(
    result: GuardrailResult, metric: Metric, *, live: bool, cut: str = "", anchored: str = ""
) -> Explanation:
    """A guardrail's figure with its status. `live`: between the arms while people are exposed, else unseen on pairs."""
    form: Form = "difference" if result.limit is None else "own"
    estimate = result.difference if result.limit is None else result.candidate
    said = _lead(estimate, metric, form, live=live)
    if result.limit is None:
        bound = f"{written(result.margin, metric, 'difference').lstrip('+')} worse than the incumbent"
    else:
        bound = f"the limit of {written(result.limit, metric, 'own')}"
    so = {
        "within": f"even at the unfavourable end that is better than {bound}, so this holds",
        "breached": f"that is worse than {bound}, more than was allowed",
        "undecided": f"it may or may not be worse than {bound}, and as long as nobody knows, it does not hold",
        "not_estimable": f"so nobody can say whether it is worse than {bound}, and it does not hold",
    }[result.status]
    alike = _alike(estimate)
    does_not = _not_of_guardrail(result, live=live)
    return Explanation(means=f"{said}{alike}; {so}.", does_not=f"{does_not}{_how_had(metric, cut, anchored)}.")


def explain_observed(estimate: Estimated, metric: Metric, *, cut: str = "", anchored: str = "") -> Explanation:
    """The figure of a metric that nothing was promised of."""
    said = _lead(estimate, metric, "difference", live=False)
    return Explanation(
        means=f"{said}; nothing was promised of it, so nothing follows from it.",
        does_not=f"It does not count for or against the candidate, and was not guarded against chance "
        f"as the promised figures are{_how_had(metric, cut, anchored)}.",
    )


def written(value: float, metric: Metric, form: Form) -> str:
    """A value as people write it: shares in per cent, their differences in points, else with the metric's unit."""
    if form == "share":
        return f"{_number(HUNDRED * value)} % better" if value >= 0.0 else f"{_number(-HUNDRED * value)} % worse"
    is_share = metric.unit == SHARE
    number = _number(HUNDRED * value if is_share else value)
    unit = "%" if is_share and form == "own" else "points" if is_share else metric.unit
    return f"{number} {unit}".rstrip()


def _number(value: float) -> str:
    return f"{value:,.3g}" if abs(value) < HUNDRED * 10 else f"{value:,.0f}"


def _lead(estimate: Estimated, metric: Metric, form: Form, *, live: bool) -> str:
    """The figure itself, or that there is none and why."""
    if not isinstance(estimate, Estimate):
        why = estimate.reason.strip().rstrip(".").replace(". ", "; ")
        return f"There is no figure for “{metric.title}” ({why})"
    low, high = (written(end, metric, form) for end in (estimate.low, estimate.high))
    often = _often(estimate.level)
    base = f"On {_counted(estimate.calls, 'call')} of {_counted(estimate.units, 'unit')}"
    span = f"and the true value lies between {low} and {high} in {often} such measurements"
    if form == "own":
        return f"{base} the candidate's “{metric.title}” was {written(estimate.value, metric, form)}, {span}"
    where = "units that got the candidate with units that did not" if live else "the same calls"
    compared = f"comparing {where}" if live else f"on {where}"
    plus = "" if form == "share" else " (plus is better)"
    found = _against(estimate.value, metric, form)
    return f"{base}, {compared}, the candidate's “{metric.title}” was {found}, {span}{plus}"


def _alike(estimate: Estimated) -> str:
    """Whose calls being alike the figure allows for, as its method names it."""
    if not isinstance(estimate, Estimate):
        return ""
    ends = {"both": ", by unit and day", "day": ", by day"}
    return next((ALIKE[cluster] for cluster, end in ends.items() if estimate.method.endswith(end)), "")


def _often(level: float) -> str:
    """In how many of a hundred measurements the interval holds: never in all of them, which rounding would say."""
    said = f"{HUNDRED * level:.3g}"
    return f"{said} of 100" if float(said) < HUNDRED else "more than 99.9 of 100"


def _against(value: float, metric: Metric, form: Form) -> str:
    if value == 0.0:
        return "just like the incumbent's"
    if form == "share":
        return f"{written(value, metric, form)} than the incumbent's"
    return f"{written(abs(value), metric, form)} {'better' if value > 0.0 else 'worse'} than the incumbent's"


def _not_of_target(answer: Answer, metric: Metric) -> str:
    seen = "once people see its answers" if metric.observable == "shadow" else "when more people are exposed"
    return {
        "reached": f"It does not say that every group of calls gained, nor that it stays so {seen}",
        "below_floor": "It does not say that a reworked release would fail too: that one would be tested anew",
        "harmed": "It does not say that the target was missed, only that reaching it would not make up for the harm",
        "futile": "It does not say that the candidate is worse than the incumbent, only that more of the same calls "
        "would not settle it in time",
        "keep_running": "It does not say that the target is missed, and a figure that looks good today is no answer",
        "not_estimable": "It does not say that the candidate is bad, nor that it is good: what is missing has to be "
        "put right first",
    }[answer.answer]


def _not_of_guardrail(result: GuardrailResult, *, live: bool) -> str:
    seen = f"{result.stage or 'this stage'}" if live else "unseen running beside the incumbent"
    return {
        "within": f"It does not say that nothing got worse, only that no more than allowed did, and that for {seen}",
        "breached": "It does not say why, nor that every group of calls is hit: read the calls behind it",
        "undecided": "It does not say that anything broke, only that it takes more calls to know",
        "not_estimable": "It does not say that anything broke, nor that nothing did",
    }[result.status]


def _how_had(metric: Metric, cut: str, anchored: str) -> str:
    """What the values themselves rest on."""
    known = "; every call with an answer is in it"
    if metric.labelled:
        known = "; only calls whose right answer or outcome became known in time are in it"
    return "; ".join(part for part in (known, cut, anchored) if part)


def _counted(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def explain_rate(title: str, found: Estimated, *, at_least: bool, planned: float | None) -> Explanation:
    """One rate of adoption against its plan."""
    does_not = (
        "It does not say why people take or leave an answer, nor whether the answers were right; and of answers that "
        "nobody reported on it says nothing."
    )
    if not isinstance(found, Estimate):
        why = found.reason.strip().rstrip(".")
        return Explanation(means=f"There is no figure for “{title}” ({why}).", does_not=does_not)
    low, high = (f"{HUNDRED * end:.1f} %" for end in (found.low, found.high))
    base = f"On {_counted(found.calls, 'call')} of {_counted(found.units, 'unit')}"
    means = (
        f"{base}, “{title}” was {HUNDRED * found.value:.1f} %; however often one looks, in 95 of 100 such "
        f"roll-outs it is never less than {low} nor more than {high}"
    )
    if planned is not None:
        end, side = (low, "least") if at_least else (high, "most")
        means += f", and it is held against {HUNDRED * planned:.1f} % at {side} with {end}"
    return Explanation(means=f"{means}.", does_not=does_not)
