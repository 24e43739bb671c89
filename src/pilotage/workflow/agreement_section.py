"""The section `agreement`: how often both arms answer alike, and by how much that is more than chance."""

from __future__ import annotations

import datetime as dt

from msgspec import Struct

from pilotage.evidence.agreement import PAIRS_MOST, AgreementFound, AllPairs, PairedAnswers, agreement, all_pairs
from pilotage.evidence.measurements import Estimate
from pilotage.playbook.metrics import AnswerEquals, LabelCost, LabelMatch
from pilotage.record.workload import Workload
from pilotage.storage.protocols import PairsOf
from pilotage.workflow.desk import Judgement
from pilotage.workflow.pairs import compared_on, pairs_of
from pilotage.workflow.section import Section
from pilotage.workflow.workspace import Workspace


class AgreementSection(Struct, frozen=True, kw_only=True):
    """Agreement and Cohen's kappa over the attempt's newest pairs whose calls are kept, with the most frequent
    differences.

    `pairs` were counted, at most `pairs_most`, made from `since` to `until`; `whole`: whether that is all that are
    kept; `counted` says so in words. `overall` is agreement over all pairs that there were, from the counts kept of
    each day, as far as these are made; null where they compare something else, or there are none yet. `held_against`
    says in words what the newest pairs are of all.
    """

    workload: str
    attempt: int
    stage: str
    release: str
    found: AgreementFound
    pairs: int
    pairs_most: int
    since: dt.datetime | None
    until: dt.datetime | None
    whole: bool
    counted: str
    overall: AllPairs | None
    held_against: str
    reason: str


def build(workspace: Workspace, judgement: Judgement) -> AgreementSection:
    """The section as of now. Reads the newest pairs, and those once for as long as no calls come."""
    return workspace.measuring.remembered(judgement.workload, SECTION.id, lambda: _read(workspace, judgement.workload))


def _read(workspace: Workspace, workload: Workload) -> AgreementSection:
    attempt = workload.attempt
    asked = pairs_of(workload, attempt) if attempt else None
    counted = workspace.calls.agreement(workload.slug, asked) if asked else PairedAnswers()
    found = agreement(counted, compared_on(workload))
    overall = _overall(workspace, workload, asked) if asked else None
    return AgreementSection(
        workload=workload.slug,
        attempt=attempt.number if attempt else 0,
        stage=asked.stage if asked else "",
        release=asked.release if asked else "",
        found=found,
        pairs=round(counted.agreeing.n),
        pairs_most=asked.most if asked else PAIRS_MOST,
        since=counted.since,
        until=counted.until,
        whole=counted.whole,
        counted=_words(counted),
        overall=overall,
        held_against=_held_against(found, overall),
        reason=found.reason if attempt else "No release has been declared for evaluation yet.",
    )


def _overall(workspace: Workspace, workload: Workload, asked: PairsOf) -> AllPairs | None:
    """From the days as they were last made: the watch makes them, so that a page need not."""
    charter = workload.charter
    target = charter.metric(charter.target.metric) if charter else None
    source = target.source if target else None
    if not isinstance(source, AnswerEquals | LabelCost | LabelMatch) or source.answer_field != asked.compared:
        return None
    return all_pairs(workspace.calls.profiles(workload.slug, dt.date.min, dt.date.max), asked.stage, asked.release)


def _held_against(found: AgreementFound, overall: AllPairs | None) -> str:
    if overall is None:
        return ""
    share = f"{overall.least:.2%}" if not overall.unknown else f"{overall.least:.2%} to {overall.most:.2%}"
    kappa = "" if overall.kappa is None else f", kappa {overall.kappa:.3g}"
    said = f"Of all {overall.pairs:,} pairs from {overall.since} to {overall.until} {share} agree{kappa}"
    newest = found.agreement
    if not isinstance(newest, Estimate) or (newest.low <= overall.most and overall.least <= newest.high):
        return f"{said}, by the counts of each day."
    return f"{said}, by the counts of each day: the newest pairs differ from them by more than chance explains."


def _words(counted: PairedAnswers) -> str:
    if counted.since is None or counted.until is None:
        return ""
    pairs, since, until = round(counted.agreeing.n), counted.since, counted.until
    which = f"all {pairs:,} pairs that are kept" if counted.whole else f"the newest {pairs:,} pairs"
    rest = "" if counted.whole else "; older ones are kept and not counted"
    return f"Counted over {which}, made from {since:%Y-%m-%d %H:%M} to {until:%Y-%m-%d %H:%M} UTC{rest}."


SECTION = Section(
    id="agreement",
    title="Agreement",
    question="How often do both arms answer alike?",
    page="/evidence/segments",
    of=AgreementSection,
    build=build,
)
