"""Checks of the gate `select`: the problem, the people and the charter. Pure."""

from __future__ import annotations

import datetime as dt

from msgspec import structs

from pilotage.gates.case import Case, Check, Finding, days_between, item, met, pending, unmet
from pilotage.record.charter import Charter, PageFit
from pilotage.record.verdicts import EvidenceItem, RankedProblem

ACCOUNTABLE = ("owner", "sponsor")
SPREAD_SHOWN = 1.0
RANKED_SHOWN = 10


def candidates(case: Case) -> Finding:
    """Several problems, each scored by several people; the chosen one leads the ranking or its choice is argued.

    It is ranked among those that could be chosen instead: what is on the way, or was decided against, is none of them.
    What was taken up while this one was a candidate was listed beside it, and counts as that.
    """
    rules, proposed = case.playbook.pilot, case.workload.proposed.at
    ranking = tuple(p for p in case.portfolio.ranking if p.is_open or p.slug == case.workload.slug)
    beside = [p for p in case.portfolio.ranking if p not in ranking and p.taken_up and p.taken_up > proposed]
    listed = len(ranking) + len(beside)
    mine = next((p for p in ranking if p.slug == case.workload.slug), None)
    if listed < rules.candidates_min:
        return unmet(
            f"{listed} of at least {rules.candidates_min} candidate problems were listed to choose from.",
            item("candidate problems", listed),
            next="Propose the other problems that were considered (`pilotage apply -f`).",
        )
    thin = [p.title for p in ranking if p.scorers < rules.scorers_min]
    if mine is None or mine.scorers < rules.scorers_min or thin:
        return unmet(
            f"Not yet scored by {rules.scorers_min} people: {_first(thin) or case.workload.title}.",
            *_ranked(ranking, mine),
            next="Ask a second person to score each listed problem.",
            by="everybody",
        )
    top = max(ranking, key=lambda p: p.score or 0.0)
    if top.slug == mine.slug:
        first = f"First of {len(ranking)} problems" if ranking[1:] else f"The last to be chosen of {listed} problems,"
        return met(f"{first} with {mine.score:.2f} of 5.", *_ranked(ranking, mine))
    if case.workload.argument:
        argued = case.workload.argument
        return met(
            f"Ranked behind {top.title}; the choice is argued: {argued.text}",
            *_ranked(ranking, mine),
            item("argued by", argued.stamp.by, ledger=argued.stamp.position),
        )
    return unmet(
        f"{top.title} ranks higher ({top.score:.2f} against {mine.score:.2f}) and the choice is not argued.",
        *_ranked(ranking, mine),
        next="Argue the choice, or take the problem that ranks first.",
    )


def _first(titles: list[str]) -> str:
    more = len(titles) - RANKED_SHOWN
    return ", ".join(titles[:RANKED_SHOWN]) + (f" and {more} more" if more > 0 else "")


def _ranked(ranking: tuple[RankedProblem, ...], mine: RankedProblem | None) -> list[EvidenceItem]:
    """The head of the ranking, and this problem where it stands further down: the whole list belongs to no verdict."""
    shown = ranking[:RANKED_SHOWN]
    if mine is not None and mine not in shown:
        shown = (*shown, mine)
    return [
        item(f"{p.title}{' (scorers disagree)' if (p.spread or 0) > SPREAD_SHOWN else ''}", p.score, n=p.scorers)
        for p in shown
    ]


def focus(case: Case) -> Finding:
    """The owner runs no more pilots at once than the playbook allows."""
    owner = case.workload.owner
    if owner is None:
        return pending("No owner yet, so nobody's focus can be judged.", next="Assign an owner.", by="sponsor")
    others = [slug for slug in case.portfolio.live_pilots.get(owner, ()) if slug != case.workload.slug]
    limit = case.playbook.pilot.live_pilots_per_owner
    evidence = (item("other pilots", len(others)), item("pilots at once for one owner", limit))
    if len(others) >= limit:
        return unmet(
            f"The owner already runs {', '.join(others)}; the limit is {limit}.",
            *evidence,
            next=f"Decide on, stop or hand over {others[0]} before this one starts.",
        )
    if others:
        return met(f"The owner runs {', '.join(others)} besides, and {limit} are allowed at once.", *evidence)
    return met("The owner runs no other pilot.", *evidence)


def owner(case: Case) -> Finding:
    """One person accepted ownership with authority over both sides."""
    workload = case.workload
    if workload.owner is None:
        return unmet("Nobody owns it.", next="Assign an owner.", by="sponsor")
    acceptance = workload.acceptance
    if acceptance is None:
        return unmet(
            "Ownership is offered but not accepted.", next="Accept ownership in person.", by=f"{workload.owner}"
        )
    lacking = [
        side for side, has in (("technical", acceptance.technical), ("operational", acceptance.operational)) if not has
    ]
    evidence = item("accepted by", acceptance.stamp.by, ledger=acceptance.stamp.position)
    if lacking:
        return unmet(
            f"The owner has no authority over the {' and the '.join(lacking)} side.",
            evidence,
            next="Give the owner that authority, or assign somebody who has it.",
            by="sponsor",
        )
    return met(f"{workload.owner} accepted, with authority over both sides: {acceptance.statement}", evidence)


def sponsor(case: Case) -> Finding:
    """A sponsor who signed in person and has acted lately."""
    workload = case.workload
    if workload.sponsor is None:
        return unmet("Nobody sponsors it.", next="Assign a sponsor.", by="owner")
    signatures = [s for s in workload.signatures if s.stamp.by == workload.sponsor]
    if not signatures:
        return unmet("The sponsor has signed nothing yet.", next="Read the charter and sign it.", by=workload.sponsor)
    given = item("signature", signatures[-1].meaning, ledger=signatures[-1].stamp.position)
    return _acting(case, workload.sponsor, given)


def sponsor_still(case: Case) -> Finding:
    """The sponsor has written something on the record lately. Looking at a page writes nothing, and does not count."""
    if case.workload.sponsor is None:
        return unmet("Nobody sponsors it any more.", next="Assign a sponsor.", by="owner")
    return _acting(case, case.workload.sponsor)


def _acting(case: Case, person: str, *signed: EvidenceItem) -> Finding:
    """Whether the sponsor has acted lately, and until when that counts."""
    limit = case.number("silence_days", case.playbook.pilot.sponsor_silence_days)
    last = case.workload.acts.get(person)
    if last is None:
        return unmet("The sponsor has done nothing yet.", *signed, next="Look at it and say something.", by=person)
    silent = days_between(last.stamp.at, case.now)
    evidence = (
        *signed,
        item(f"the sponsor's last act: {last.kind.replace('_', ' ')}", person, ledger=last.stamp.position),
        item("days since the sponsor last acted", round(silent, 1)),
    )
    if silent >= limit:
        return unmet(
            f"The sponsor has been silent for {silent:.0f} days; fewer than {limit:.0f} are allowed.",
            *evidence,
            next="Look at the workload and say something on the record.",
            by=person,
        )
    word = "Signed in person and acted" if signed else "Acted"
    said = met(f"{word} {silent:.0f} days ago.", *evidence)
    return structs.replace(said, until=last.stamp.at + dt.timedelta(days=limit))


def charter(case: Case) -> Finding:
    """Every field that makes a promise checkable, on exactly one page, as it was measured when it was written."""
    version = case.workload.charter_version
    if version is None:
        return unmet("There is no charter yet.", next="Write the charter.")
    gaps = [*_charter_gaps(version.charter, version.team, case), *_beyond(version.page)]
    evidence = (
        item("charter version", version.version, ledger=version.stamp.position),
        item("weeks", round(version.charter.weeks, 1)),
        item("pages", version.page.pages if version.page else None),
        item("share of one page", version.page.used if version.page else None),
    )
    if gaps:
        return unmet("Not complete: " + "; ".join(gaps) + ".", *evidence, next="Revise the charter.")
    if version.page is None:
        return pending(
            f"Version {version.version} is complete; whether it is one page was not measured when it was written.",
            *evidence,
            next="Save the charter again, so that its page is measured.",
        )
    return met(f"Version {version.version} is complete, on exactly one page.", *evidence)


def _beyond(page: PageFit | None) -> list[str]:
    if page is None or page.fits:
        return []
    return [f"{page.pages} pages: about {page.lines} lines too long, from “{page.past}” on"]


def _charter_gaps(charter: Charter, team: str, case: Case) -> list[str]:
    rules = case.playbook.pilot
    wrong = {
        "no purpose": not charter.purpose.strip(),
        "no value": not charter.value.strip(),
        "no team": not team.strip(),
        "no known risk": not charter.risks,
        "no guardrail": not charter.guardrails,
        f"{charter.weeks:.1f} weeks where {rules.weeks_min} to {rules.weeks_max} are asked": not (
            rules.weeks_min <= charter.weeks <= rules.weeks_max
        ),
    }
    return [gap for gap, present in wrong.items() if present]


def signed(case: Case) -> Finding:
    """Owner and sponsor both signed the charter as it stands."""
    version = case.workload.charter_version
    if version is None:
        return unmet("There is no charter to sign.", next="Write the charter.")
    have = case.workload.signed("charter", version.digest)
    missing = [role for role in ACCOUNTABLE if role not in have]
    evidence = [item(f"signed as {role}", s.stamp.by, ledger=s.stamp.position) for role, s in sorted(have.items())]
    if missing:
        stale = any(s.subject == "charter" for s in case.workload.signatures) and not have
        why = " A material edit voided the earlier signatures." if stale else ""
        return unmet(
            f"Version {version.version} is not signed by the {' and the '.join(missing)}.{why}",
            *evidence,
            next="Read this version and sign it.",
            by=missing[0],
        )
    earlier = [s for s in have.values() if s.digest != version.digest]
    kept = "" if not earlier else " Edits since the version that was signed changed nothing material."
    return met(f"Owner and sponsor signed what version {version.version} promises.{kept}", *evidence)


def reachable(case: Case) -> Finding:
    """The pilot can tell in time: probability of a go at the expected value."""
    reach = case.measurements.reachability if case.measurements else None
    if reach is None:
        return pending("No charter target to plan from.", next="Write the charter with its target.")
    asked = case.number("probability_min", 0.8)
    evidence = (
        item("probability of a go at the expected value", reach.probability_at_expected),
        item("probability of a go at the target", reach.probability_at_target),
        item("calls needed", reach.calls_needed),
        item("calls available", reach.calls_available),
        item("weeks needed", reach.weeks_needed),
    )
    if reach.probability_at_expected is None:
        return pending(reach.reason, *evidence, next="Give the charter's volume and variability.")
    if reach.probability_at_expected < asked:
        return unmet(
            f"{reach.reason} A go is {reach.probability_at_expected:.0%} likely at the expected value; "
            f"{asked:.0%} is asked.",
            *evidence,
            next="Lengthen the pilot, widen its traffic, or promise a gain that can be seen.",
        )
    return met(reach.reason, *evidence)


CHECKS: dict[str, Check] = {
    "select.candidates": candidates,
    "select.focus": focus,
    "select.owner": owner,
    "select.sponsor": sponsor,
    "operate.sponsor": sponsor_still,
    "select.charter": charter,
    "select.signed": signed,
    "select.reachable": reachable,
}
