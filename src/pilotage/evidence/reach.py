"""Whether a pilot can answer in time, planned from its charter alone, before anything ran. Pure."""

from __future__ import annotations

import math

from pilotage.evidence.answer import attempt_alpha
from pilotage.evidence.clusters import BY, DAYS_TO_TEST
from pilotage.evidence.measurements import NotEstimable, Reachability
from pilotage.evidence.sequential import crossing_probability, efficacy_bounds
from pilotage.evidence.statistic import effect, planned_calls, planned_information, variance_per_call
from pilotage.playbook.metrics import Target

DAYS_PER_WEEK = 7
HOURS_PER_WEEK = 168
LOOKS_MAX = 60


def reachability(target: Target, *, weeks: float, label_window_hours: float = 0.0, attempt: int = 1) -> Reachability:
    """The chance of a go by the deadline if the candidate is as good as expected, and if it is just at the
    target, with daily looks; and the calls and weeks that the target's power takes.

    Calls count until the deadline less the label's window. The look at the deadline spends by plan, as it does while
    the charter can still be extended: what alpha is left is kept for that. It is the chance that the target is shown;
    guardrails, which a go needs as well, are not in it. Futility stops are not either, since they need not be obeyed.
    `attempt`: which declared release this would be.
    """
    available = planned_calls(target, weeks, label_window_hours)
    alpha = attempt_alpha(target.alpha, attempt)
    needed_information = planned_information(target, alpha, 0.0)
    if isinstance(needed_information, NotEstimable):
        return _unknown(available, None, None, needed_information.reason)
    needed = needed_information * variance_per_call(target)
    weeks_needed = needed / target.calls_per_week + label_window_hours / HOURS_PER_WEEK
    if available <= 0.0:
        return _unknown(available, needed, weeks_needed, "The label's window leaves no call that would count.")
    days = math.floor(available / target.calls_per_week * DAYS_PER_WEEK)
    if target.cluster != "unit" and days < DAYS_TO_TEST:
        reason = f"{_clustered(target, days)} Plan longer, or cluster by unit."
        return _unknown(available, needed, weeks_needed, reason)
    reached = min(available / needed, 1.0)
    looks = min(max(math.floor(available / target.calls_per_week * DAYS_PER_WEEK), 1), LOOKS_MAX)
    information = tuple(reached * (i + 1) / looks for i in range(looks))
    limits = efficacy_bounds(information, alpha)
    drift = effect(target) * math.sqrt(max(available, needed) / variance_per_call(target))
    at_expected = crossing_probability(information, limits, drift=drift)[-1]
    at_target = crossing_probability(information, limits)[-1]
    said = (
        f"{available:,.0f} calls can be had in {weeks:.1f} weeks, and {needed:,.0f} are needed for a "
        f"{target.power:.0%} chance of a go: {'that is enough' if available >= needed else 'that is too few'}."
    )
    reason = said if target.cluster == "unit" else f"{said} {_clustered(target, days)}"
    return Reachability(
        calls_available=available,
        calls_needed=needed,
        weeks_needed=weeks_needed,
        probability_at_expected=at_expected,
        probability_at_target=at_target,
        reason=reason,
    )


def _clustered(target: Target, days: int) -> str:
    """What a plan with days as clusters rests on."""
    counted = f"The test is clustered {BY[target.cluster]}, and only {days} days count until then"
    if days < DAYS_TO_TEST:
        return f"{counted}: it begins at {DAYS_TO_TEST}, so no look would be tested."
    return (
        f"{counted}, of which the first {DAYS_TO_TEST - 1} are not tested. This assumes that the design effect of "
        f"{target.design_effect:.3g} has in it what calls of one day share; if it is of units alone, the chance is "
        "smaller."
    )


def _unknown(available: float, needed: float | None, weeks_needed: float | None, reason: str) -> Reachability:
    return Reachability(
        calls_available=available,
        calls_needed=needed,
        weeks_needed=weeks_needed,
        probability_at_expected=None,
        probability_at_target=None,
        reason=reason,
    )
