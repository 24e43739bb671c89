"""Reasons to stall that lie in the promise: wrong problem, vague success, no path, no reviews, a thin case. Pure."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from statistics import fmean

from pilotage.evidence.measurements import ProductionCase
from pilotage.gates.sighting import Sign, View, said
from pilotage.record.workload import ScoreGiven


def no_production_path(view: View) -> Iterator[Sign]:
    """No production path, or none touched since the pilot began. In operation the path was walked."""
    if view.reached("operate") or not view.watches("select.production-path"):
        return
    path = view.workload.planning.production_path
    if path is None:
        yield Sign(
            since=view.proposed,
            why="No production path is written down.",
            action="Write down deployment, future operator, dates and running cost on the Plan page.",
            by="owner",
        )
    elif view.reached("pilot") and path.stamp.at < view.began("pilot"):
        yield Sign(
            since=view.began("pilot"),
            why=f"The production path was last touched on {view.day(path.stamp.at)}, before the pilot began on "
            f"{view.day(view.began('pilot'))}.",
            action="Bring the production path up to what the pilot taught, on the Plan page.",
            by="owner",
        )


def wrong_problem(view: View) -> Iterator[Sign]:
    """Impact or readiness is scored under the bar, or no sponsor has committed."""
    bars = (("impact", view.playbook.pilot.impact_min), ("readiness", view.playbook.pilot.readiness_min))
    if view.watches("select.candidates") and not view.reached("operate"):
        for scale, bar in bars:
            yield from _low(view, scale, bar)
    yield from _uncommitted(view)


def _low(view: View, scale: str, bar: float) -> Iterator[Sign]:
    given = sorted(view.workload.scores.values(), key=lambda score: score.stamp.position)
    values = [float(getattr(score, scale)) for score in given]
    if not values or fmean(values) >= bar:
        return
    people = "1 person" if len(values) == 1 else f"{len(values)} people"
    yield Sign(
        since=_under_since(given, values, bar),
        why=f"The {scale} score is {fmean(values):.2f} of 5, by {people}; {bar:g} is the bar.",
        action="Take a problem that scores higher, or have this one scored again on what is known now.",
        by="owner",
    )


def _under_since(given: list[ScoreGiven], values: list[float], bar: float) -> dt.datetime:
    """The score with which the mean of all scores so far fell under the bar for good."""
    first = len(values)
    while first > 0 and fmean(values[:first]) < bar:
        first -= 1
    return given[first].stamp.at


def _uncommitted(view: View) -> Iterator[Sign]:
    workload = view.workload
    sponsor = workload.sponsor
    if "select.sponsor" not in view.verdicts:
        return
    if sponsor is None:
        yield Sign(
            since=view.proposed,
            why="No sponsor is named.",
            action="Find an executive who wants it, and name them as sponsor.",
            by="owner",
        )
    elif not any(given.stamp.by == sponsor for given in workload.signatures):
        before = any(given.role == "sponsor" for given in workload.signatures)
        named = workload.assigned.get("sponsor")
        yield Sign(
            since=named.at if before and named else view.proposed,
            why=f"{sponsor}, who is named as sponsor, has signed nothing.",
            action="Read the charter and sign it.",
            by=sponsor,
        )


def vague_success(view: View) -> Iterator[Sign]:
    """No quantified target, no floor, or no baseline measured. From the pilot on a baseline could have been."""
    if view.workload.charter is None:
        yield Sign(
            since=view.proposed,
            why="No charter states a target metric with its floor and its target.",
            action="Write the charter with baseline, floor, target and expected value.",
            by="owner",
        )
    verdict = view.failing("pilot.baseline")
    if view.reached("pilot") and verdict is not None:
        action, by = view.clears(verdict)
        since = view.failed_since(verdict.id, view.began("pilot"))
        yield Sign(since=since, why=f"No baseline is measured: {verdict.reason}", action=action, by=by)


def governance_not_engaged(view: View) -> Iterator[Sign]:
    """In the pilot or later, a review is not opened, or nobody is named to conduct it."""
    if not view.reached("pilot") or not view.watches("select.review-partners"):
        return
    reviews, named = view.playbook.reviews, view.workload.reviewers
    nobody = [review.id for review in reviews if review.id not in named]
    shut = [review.id for review in reviews if review.id not in view.workload.reviews.since]
    total = len(reviews)
    if nobody:
        yield Sign(
            since=view.began("pilot"),
            why=f"{len(nobody)} of {total} reviews have no reviewer: {said(nobody)}.",
            action=f"Name a reviewer for {nobody[0]}, then open the review.",
            by="owner",
        )
    if shut:
        yield Sign(
            since=view.began("pilot"),
            why=f"{len(shut)} of {total} reviews are not open: {said(shut)}.",
            action=f"Open the {shut[0]} review.",
            by="owner",
        )


def business_case_thin(view: View) -> Iterator[Sign]:
    """The evaluation has begun and there is no production cost estimate, or its value does not cover it."""
    if not view.reached("evaluate") or not view.watches("evaluate.production-cost"):
        return
    costing, began = view.workload.costing, view.began("evaluate")
    if costing.missing or costing.production is None:
        lacking = [category.replace("_", " ") for category in costing.missing] or ["volume and worth"]
        yield Sign(
            since=began,
            why=f"What production costs is not estimated; missing: {said(lacking)}.",
            action="Estimate each missing line on the Cost page.",
            by="owner",
        )
        return
    found = view.measurements.production if view.measurements else None
    newest = costing.newest
    since = max(began, newest.at) if newest else began
    if isinstance(found, ProductionCase) and found.value_usd <= found.cost_usd:
        yield Sign(
            since=since,
            why=f"Over {found.years} years it brings USD {found.value_usd:,.0f} and costs USD {found.cost_usd:,.0f}: "
            f"USD {found.cost_usd - found.value_usd:,.0f} more than it is worth.",
            action="Find where it can cost less or bring more, or decide no-go.",
            by="owner",
        )
    elif not isinstance(found, ProductionCase):
        why = found.reason if found is not None else "nothing was measured yet."
        yield Sign(
            since=since,
            why=f"Whether the value covers the cost is not known: {why}",
            action="Let the pilot measure it, or state it otherwise on the Cost page.",
            by="owner",
        )
