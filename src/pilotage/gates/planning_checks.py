"""Checks of what is planned before the pilot: production path, integration, build or buy, suitability. Pure."""

from __future__ import annotations

from pilotage.gates.case import Case, Check, Finding, days_between, item, met, unmet


def production_path(case: Case) -> Finding:
    """A production path is written down, with who would operate it."""
    path = case.workload.planning.production_path
    if path is None:
        return unmet("Nobody wrote down how it would run in production.", next="Write the production path.")
    age = days_between(path.stamp.at, case.now)
    return met(
        f"Written by {path.stamp.by} {age:.0f} days ago: {path.fact.production_owner} would operate it, "
        f"{path.fact.dates}.",
        item("production path", path.stamp.by, ledger=path.stamp.position),
        item("days since it was touched", round(age, 1)),
    )


def integration(case: Case) -> Finding:
    """It is known where the answer arrives and what happens without it."""
    place = case.workload.planning.place
    if place is None:
        return unmet("Nobody said where in the work the answer arrives.", next="Say where, and what happens without.")
    return met(
        f"The answer is seen by {place.fact.seen_by}; without one: {place.fact.when_absent}",
        item("place in the work", place.stamp.by, ledger=place.stamp.position),
    )


def build_or_buy(case: Case) -> Finding:
    """Building and buying were compared and the choice has a reason."""
    source = case.workload.planning.source
    if source is None:
        return unmet("Building and buying were not compared.", next="Compare them and record the choice.")
    return met(
        f"The choice is to {source.fact.choice.replace('both', 'build and buy')}: {source.fact.reason}",
        item("choice", source.fact.choice, ledger=source.stamp.position),
        item("compared", "; ".join(source.fact.compared)),
    )


def suitability(case: Case) -> Finding:
    """The work is of the right kind; what it lacks, and every warning, has an answer in writing."""
    judged = case.workload.planning.suitability
    if judged is None:
        return unmet("The suitability questions are not answered.", next="Answer them.")
    evidence = item("suitability", judged.stamp.by, ledger=judged.stamp.position)
    lacking, warnings = judged.fact.lacking, judged.fact.warnings
    doubts = (*lacking, *warnings)
    allowed = int(case.number("lacking_max", 2))
    if len(lacking) > allowed:
        return unmet(
            f"Not work of the right kind: {'; '.join(lacking)}. At most {allowed} of these are allowed.",
            evidence,
            next="Take a problem that suits better.",
        )
    if doubts and not judged.fact.warnings_met_by.strip():
        return unmet(
            f"A warning without an answer: {'; '.join(doubts)}.", evidence, next="Say how you will live with it."
        )
    if doubts:
        return met(f"Warnings: {'; '.join(doubts)}. The answer: {judged.fact.warnings_met_by}", evidence)
    return met("Every question is answered in its favour.", evidence)


CHECKS: dict[str, Check] = {
    "select.production-path": production_path,
    "select.integration": integration,
    "select.build-or-buy": build_or_buy,
    "select.suitability": suitability,
}
