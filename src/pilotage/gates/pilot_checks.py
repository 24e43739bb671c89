"""Checks of the gate `pilot`: clearance, baseline, release, early use, instrumentation, shadow, time. Pure."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator, Mapping

from msgspec import structs

from pilotage.evidence.measurements import Baseline, Estimate, Measurements, NotEstimable
from pilotage.gates.case import Case, Check, Finding, days_between, estimate_item, item, met, pending, unmet
from pilotage.playbook.types import Playbook
from pilotage.record.charter import Charter
from pilotage.record.verdicts import EvidenceItem
from pilotage.record.workload import Clearance, Workload, day_of

CLEARING = ("privacy", "security")


def clearance_needed(workload: Workload) -> bool:
    """Whether even shadowing needs clearance: personal data, or somebody outside processes the data."""
    return workload.personal_data or workload.outside_processor


def cleared(workload: Workload) -> dict[str, Clearance]:
    """The clearances that count: nobody clears what they came to own later."""
    return {area: c for area, c in workload.clearances.items() if c.stamp.by != workload.owner}


def clearance(case: Case) -> Finding:
    """Privacy and security both signed all fields and processors that either names, and neither of them is the owner.

    Whatever else ends a clearance than its age is a change of what was cleared, which nobody is given days to mend.
    """
    have = cleared(case.workload)
    missing = [area for area in CLEARING if area not in have]
    evidence = [
        item(
            f"{area}: {', '.join(c.fields)}; kept {c.retention_days} days",
            c.stamp.by,
            n=c.retention_days,
            ledger=c.stamp.position,
        )
        for area, c in sorted(have.items())
    ]
    if missing:
        lacking = unmet(
            f"Not cleared by {' and '.join(missing)}.",
            *evidence,
            next="Sign which fields are used, who processes them and how long they are kept.",
            by=f"{missing[0]} reviewer",
        )
        return structs.replace(lacking, at_once=True)
    changed = list(_uncleared(case.workload, have))
    if changed:
        area = changed[0][0]
        grown = unmet(
            f"{' '.join(said for _, said in changed)} Both sign what is used now.",
            *evidence,
            next="Sign the fields and processors as they are now, or have what is new taken back.",
            by=f"{area} reviewer",
        )
        return structs.replace(grown, at_once=True)
    oldest = min(have[area].stamp.at for area in CLEARING)
    return met("Privacy and security cleared the pilot.", *evidence, since=oldest)


def _uncleared(workload: Workload, have: Mapping[str, Clearance]) -> Iterator[tuple[str, str]]:
    """What is used by now and an area has not signed, in sentences: what the other one signed beyond it, and sources of
    personal data that are in use only since. Where the days of retention differ the shorter ones count, so that nothing
    is kept that was not signed.
    """
    fields = {_plain(one): one for area in CLEARING for one in have[area].fields}
    processors = {_plain(one): one for area in CLEARING for one in have[area].processors}
    for area in CLEARING:
        signed = have[area]
        new = [*_beyond(fields, signed.fields), *_beyond(processors, signed.processors)]
        since = workload.data.personal_since.items()
        new += [f"the source {name}" for name, one in since if one.position > signed.stamp.position]
        if new:
            yield area, f"Not cleared by {area}: {', '.join(new)}."


def _beyond(used: Mapping[str, str], signed: Iterable[str]) -> Iterator[str]:
    known = {_plain(one) for one in signed}
    return (said for name, said in used.items() if name not in known)


def _plain(said: str) -> str:
    return " ".join(said.casefold().split())


def _measured(case: Case) -> Measurements | Finding:
    if case.measurements is None or case.measurements.traffic.calls == 0:
        return pending(
            "No call has been recorded.",
            next="Wrap the workload with the SDK and send it a call.",
            by="engineer",
        )
    return case.measurements


def baseline(case: Case) -> Finding:
    """The incumbent measured on enough calls and days before the candidate ran, by the target's metric and by that of
    every guardrail that will be held against it.
    """
    measured = _measured(case)
    if isinstance(measured, Finding):
        return measured
    charter = case.workload.measured_charter
    seen = {one.metric: one for one in measured.baseline}
    target = seen.get(charter.target.metric) if charter else None
    if charter is None or target is None:
        return pending("The charter names no metric to take a baseline of.", next="Write the charter.")
    calls_min, days_min = int(case.number("calls_min", 1000)), int(case.number("days_min", 7))
    evidence: tuple[EvidenceItem, ...] = (
        estimate_item(f"{target.metric}, incumbent", target.estimate),
        item("calls", target.calls),
        item("days", target.days),
    )
    record = "Let the incumbent serve and be recorded before shadowing begins."
    if not _enough(target, calls_min, days_min) or isinstance(target.estimate, NotEstimable):
        return pending(
            f"{target.calls:,} of {calls_min:,} calls and {target.days} of {days_min} days measured "
            "before the candidate ran.",
            *evidence,
            next=record,
            by="engineer",
        )
    others = [seen.get(name) for name in _compared(charter)]
    short = [
        name for name, one in zip(_compared(charter), others, strict=True) if not _enough(one, calls_min, days_min)
    ]
    evidence += tuple(estimate_item(f"{one.metric}, incumbent", one.estimate) for one in others if one)
    if short:
        said = f"{', '.join(short)} {'has' if len(short) == 1 else 'have'} no baseline of as many calls and days."
        return pending(f"The target is measured; {said}", *evidence, next=record, by="engineer")
    return met(f"{target.estimate.value:.4g} on {target.calls:,} calls over {target.days} days.", *evidence)


def _enough(seen: Baseline | None, calls_min: int, days_min: int) -> bool:
    if seen is None or not isinstance(seen.estimate, Estimate):
        return False
    return seen.calls >= calls_min and seen.days >= days_min


def _compared(charter: Charter) -> list[str]:
    """The guardrails' metrics that are held against the incumbent from the shadow on. One with a limit of its own is
    held against that, and what people do shows only once they see answers.
    """
    observable = {metric.id: metric.observable for metric in charter.metrics}
    return [
        guardrail.metric
        for guardrail in charter.guardrails
        if guardrail.limit is None and observable.get(guardrail.metric) == "shadow"
    ]


def release(case: Case) -> Finding:
    """The candidate that runs is a registered release with everything that makes it reproducible."""
    running = case.workload.release
    if running is None:
        return unmet("No release is registered.", next="Register the candidate's release.", by="engineer")
    return met(
        f"Release {running.name} at {running.code_revision}, {running.model}.",
        item("digest", running.digest, ledger=running.stamp.position),
        item("environment", running.environment),
        item("data source", running.data_source),
    )


def early_use(case: Case) -> Finding:
    """First real call within a week of the start, first feedback within two."""
    measured = _measured(case)
    if isinstance(measured, Finding):
        return measured
    started = case.workload.entered.get("pilot")
    if started is None:
        return pending("The pilot has not begun.")
    call_limit, feedback_limit = case.number("first_call_days", 7), case.number("first_feedback_days", 14)
    traffic = measured.traffic
    steps = (
        ("first use", traffic.first_candidate_at, call_limit),
        ("first feedback", traffic.first_feedback_at, feedback_limit),
    )
    evidence = [item(f"days to {what}", _days(started, at)) for what, at, _ in steps]
    late = [
        f"{what} took {_days(started, at)} days, {limit:g} were allowed"
        for what, at, limit in steps
        if at is not None and days_between(started, at) > limit
    ]
    missing = [what for what, at, _ in steps if at is None]
    if late:
        return unmet("; ".join(late).capitalize() + ".", *evidence)
    if missing:
        return pending(
            f"No {' and no '.join(missing)} yet.",
            *evidence,
            next="Show a rough version to one user and send their feedback (`feedback` in the SDK).",
            by="engineer",
        )
    return met("A rough version met its users early.", *evidence)


def _days(started: dt.datetime, at: dt.datetime | None) -> float | None:
    return None if at is None else round(max(0.0, days_between(started, at)), 1)


def instrumented(case: Case) -> Finding:
    """Every field that is asked for is present on the required share of calls."""
    measured = _measured(case)
    if isinstance(measured, Finding):
        return measured
    evidence = [item(f"{c.field} present", c.share, n=c.calls) for c in measured.coverage]
    if not measured.coverage:
        return pending("No coverage has been measured.")
    empty = [c.field for c in measured.coverage if c.share is None]
    short = [
        f"{c.field} on {c.share:.1%} of {c.required:.0%}"
        for c in measured.coverage
        if c.share is not None and c.share < c.required
    ]
    if short:
        return unmet("Missing: " + "; ".join(short) + ".", *evidence, next="Record the missing fields.", by="engineer")
    if empty:
        return pending(f"Nothing due yet for {', '.join(empty)}.", *evidence)
    return met("Inputs, outputs, latency and what the charter needs are recorded.", *evidence)


def real_work(case: Case) -> Finding:
    """Traffic marked real by its source, and the owner's word on it. In a demonstration, replay stands in."""
    measured = _measured(case)
    if isinstance(measured, Finding):
        return measured
    demonstration = case.workload.demonstration
    source = "replay" if demonstration else "real"
    count = measured.traffic.by_source.get(source, 0)
    minimum = int(case.number("calls_min", 1))
    evidence = [item(f"calls marked {name}", n) for name, n in sorted(measured.traffic.by_source.items())]
    if count < minimum:
        return unmet(f"{count:,} of at least {minimum:,} calls are marked {source}.", *evidence, by="engineer")
    word = case.word
    if word is None or word.stamp.by != case.workload.owner:
        return unmet(
            "The owner has not attested that this is the workload's own work.",
            *evidence,
            next="Attest that the traffic is the real work.",
            by="owner",
        )
    note = " Demonstration: replay counts here, and only here." if demonstration else ""
    return met(
        f"{count:,} calls marked {source}, attested by the owner.{note}",
        *evidence,
        item("attested by", word.stamp.by, ledger=word.stamp.position),
        since=word.stamp.at,
    )


def shadow(case: Case) -> Finding:
    """Enough pairs over enough days, and nobody harmed by shadowing."""
    health = case.measurements.shadow if case.measurements else None
    if health is None or health.pairs == 0:
        return pending("No call has both answers yet.", next="Expose the candidate in shadow.", by="owner")
    pairs_min, days_min = int(case.number("pairs_min", 1000)), int(case.number("days_min", 7))
    added_max_us = case.number("added_ms_p99_max", 5) * 1000
    dropped_max = case.number("dropped_share_max", 0.01)
    evidence = (
        item("pairs", health.pairs),
        item("days", health.days),
        item("latency added, 99th percentile, microseconds", health.added_us_p99),
        item("errors leaked", health.leaked_errors),
        item("share dropped", health.dropped_share),
    )
    harm = {
        f"{health.leaked_errors} errors reached callers": health.leaked_errors > 0,
        f"callers waited {health.added_us_p99} microseconds at the 99th percentile": (health.added_us_p99 or 0)
        > added_max_us,
        f"{health.dropped_share or 0:.2%} of shadow runs were dropped": (health.dropped_share or 0) > dropped_max,
    }
    found = [what for what, present in harm.items() if present]
    if found:
        return unmet("; ".join(found).capitalize() + ".", *evidence, by="engineer")
    unknown = {"how long callers waited": health.added_us_p99, "how much was dropped": health.dropped_share}
    unmeasured = [what for what, figure in unknown.items() if figure is None]
    if unmeasured:
        return pending(
            f"Not known yet: {' and '.join(unmeasured)}.",
            *evidence,
            next="Let shadowing go on, with a runtime that reports what it drops.",
        )
    if health.pairs < pairs_min or health.days < days_min:
        return pending(
            f"{health.pairs:,} of {pairs_min:,} pairs, {health.days} of {days_min} days.",
            *evidence,
            next="Let shadowing go on.",
        )
    return met(f"{health.pairs:,} pairs over {health.days} days, and no user was harmed.", *evidence)


def zombie_since(workload: Workload, grace_days: int) -> dt.date | None:
    """The day from which an undecided pilot is a zombie: its decision date plus grace. None when it cannot be one."""
    if workload.decision_on is None or (workload.decision is not None and workload.decision.outcome != "extend"):
        return None
    return workload.decision_on + dt.timedelta(days=grace_days)


def wound_down(workload: Workload, playbook: Playbook, now: dt.datetime) -> bool:
    """Whether the decision date and its grace passed without a decision: then shadowing stops by itself."""
    limit = zombie_since(workload, playbook.pilot.decision_grace_days)
    return workload.phase in {"pilot", "evaluate"} and limit is not None and day_of(workload, now) > limit


def on_time(case: Case) -> Finding:
    """Inside the timeline, or decided."""
    workload = case.workload
    due = workload.decision_on
    if due is None:
        return pending("The charter gives no decision date.", next="Write the charter.")
    evidence = item("decision date", due.isoformat())
    if workload.decision and workload.decision.outcome != "extend":
        decided = workload.decision
        return met(
            f"Decided ({decided.outcome.replace('_', '-')}) on {day_of(workload, decided.stamp.at)}.",
            evidence,
            item("decision", decided.outcome, ledger=decided.stamp.position),
        )
    limit = zombie_since(workload, case.playbook.pilot.decision_grace_days)
    today = case.today
    if limit and today > limit:
        return unmet(
            f"The decision date {due} passed and nobody decided: shadowing has stopped.",
            evidence,
            next="Decide: go, no-go, or one extension.",
        )
    left = (due - today).days
    return met(f"{left} days to the decision date." if left >= 0 else "In the days of grace; decide now.", evidence)


CHECKS: dict[str, Check] = {
    "pilot.clearance": clearance,
    "pilot.baseline": baseline,
    "pilot.release": release,
    "pilot.early-use": early_use,
    "pilot.instrumented": instrumented,
    "pilot.real-work": real_work,
    "pilot.shadow": shadow,
    "pilot.on-time": on_time,
}
