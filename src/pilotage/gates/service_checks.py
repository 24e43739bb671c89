"""Checks of the service itself: it is watched while people meet it, and it keeps its objectives. Pure."""

from __future__ import annotations

import datetime as dt

from msgspec import structs

from pilotage.evidence.measurements import ServiceSeen
from pilotage.gates.case import Case, Check, Finding, item, met, pending, unmet
from pilotage.gates.outside_checks import brought
from pilotage.record.verdicts import EvidenceItem

SILENT_HOURS = 72
SHOWN = frozenset({"suggest", "live"})


def monitoring(case: Case) -> Finding:
    """The pilot's metrics go on being measured and none is broken, and somebody brought and another signed that alerts
    are armed and one reached a person.
    """
    seen = _still_measured(case)
    if seen.verdict != "met":
        return structs.replace(seen, kind="measured")
    alerts = brought(case)
    return structs.replace(
        alerts, reason=f"{seen.reason} Alerts: {alerts.reason}", evidence=(*seen.evidence, *alerts.evidence)
    )


def _still_measured(case: Case) -> Finding:
    """Calls keep coming while somebody is exposed, and no guardrail is broken at the stage that is exposed."""
    hours = int(case.number("silent_hours_max", SILENT_HOURS))
    if case.measurements is None or case.measurements.traffic.last_call_at is None:
        return pending("No call has been recorded.", next="Wrap the workload with the SDK and send it a call.")
    last, exposure = case.measurements.traffic.last_call_at, case.workload.exposure
    evidence = (item("newest call", last.isoformat(timespec="minutes")),)
    if case.now - last > dt.timedelta(hours=hours):
        why = f"no call has come for more than {hours} hours: nothing is measured."
        if exposure.mode in SHOWN:
            following = "Find out why no calls come, or switch the candidate off."
            return unmet(f"People are exposed, and {why}", *evidence, next=following)
        return pending(f"Nobody is exposed, and {why}", *evidence, next="Let the calls be recorded again.")
    stage = case.workload.stage(exposure.mode, exposure.percent)
    broken = [one for one in case.measurements.live_guardrails if one.stage == stage and one.status == "breached"]
    if broken:
        return unmet(" ".join(one.reason for one in broken), *evidence, next="Roll back, and find out why.")
    judged = sum(one.stage == stage and one.status == "within" for one in case.measurements.live_guardrails)
    said = f", and {judged} guardrails are seen to hold" if judged else ""
    return met(f"Calls keep coming{said}.", *evidence)


def service_levels(case: Case) -> Finding:
    """Each objective is kept over the last three days, and no error budget burns too fast."""
    levels = case.measurements.service if case.measurements else ()
    evidence = tuple(_level_item(one) for one in levels)
    counted = [one for one in levels if not one.reason]
    missed = [f"Missed: {_words(one)}" for one in counted if not one.kept]
    firing = [one.title for one in counted if one.firing]
    if firing:
        missed.append(f"The error budget burns too fast: {', '.join(firing)}.")
    if missed:
        return unmet(" ".join(missed), *evidence)
    unknown = [f"{one.title}: {one.reason}" for one in levels if one.reason]
    if unknown or not levels:
        why = " ".join(unknown) or "Nothing is counted before it is in operation."
        return pending(f"Service levels cannot be told yet. {why}", *evidence, next="Let it serve and be recorded.")
    return met(" ".join(map(_words, counted)), *evidence)


def _words(level: ServiceSeen) -> str:
    share = 1.0 - level.bad / level.calls
    return f"{level.title}: {share:.2%} of {level.calls:,} in {level.days:g} days, {level.share:.2%} asked."


def _level_item(level: ServiceSeen) -> EvidenceItem:
    if level.reason:
        return item(level.title, level.reason)
    return item(level.title, 1.0 - level.bad / level.calls, n=level.calls)


CHECKS: dict[str, Check] = {"deploy.monitoring": monitoring, "operate.slo": service_levels}
