"""The ledger's entries as sentences a person reads. Pure; what is personal and erased says so."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from msgspec import Struct

from pilotage.record import assessing
from pilotage.record import facts as f
from pilotage.record.areas import auditing, benefiting, change, classifying, costing, data, drifting, planning, training
from pilotage.record.areas import reviewing as r
from pilotage.record.errors import UnknownFact
from pilotage.record.facts import AnyFact, decode
from pilotage.record.texts import ERASED
from pilotage.server.pages import deciding_forms, feedback_forms, operating_forms, outside_forms
from pilotage.server.pages.people import People
from pilotage.server.pages.wording import SOURCES, exposure, role, title_of
from pilotage.server.pages.written import first_of, plural
from pilotage.storage.protocols import Entry


class Line(Struct, frozen=True, kw_only=True):
    """An entry as a line of a list: what happened, and the words that were said with it."""

    entry: Entry
    what: str
    said: str = ""
    is_erased: bool = False


def line(entry: Entry, people: People) -> Line:
    """An entry in a sentence. A kind that this version does not know is named as it is."""
    try:
        fact = decode(entry.kind, entry.payload, entry.texts)
    except UnknownFact:
        return Line(entry=entry, what=title_of(entry.kind))
    describe = _SENTENCES.get(type(fact))
    what = describe(fact, people) if describe else title_of(entry.kind)
    erased = any(text is None for text in entry.texts.values())
    # A frozen case keeps the verdicts' reasons together, as JSON; each is read where its verdict is.
    spoken = () if isinstance(fact, f.CaseFrozen) else _SAID
    said = next((getattr(fact, name) for name in spoken if getattr(fact, name, "")), "")
    return Line(entry=entry, what=what, said="" if said == ERASED else people.named(said), is_erased=erased)


_SAID = (
    "reason", "reasons", "comment", "statement", "argument", "note", "deployment", "arrives", "warnings_met_by",
    "answer", "finding", "basis", "plan", "after", "explanation", "holds", *operating_forms.SAID,
    *outside_forms.SAID, *deciding_forms.SAID, *feedback_forms.SAID,
)  # fmt: skip


def _charter(fact: f.CharterRevised, _people: People) -> str:
    return f"wrote version {fact.version} of the charter"


def _decided(fact: f.Decided, _people: People) -> str:
    outcome = fact.outcome.replace("_", "-")
    until = f" until {fact.extend_until}" if fact.extend_until else ""
    return f"put the decision: {outcome}{until}"


def _exposed(fact: f.ExposureSet, _people: People) -> str:
    return f"set the exposure to {exposure(fact.mode, fact.percent, fact.cohorts)}"


def _answered(fact: f.AnswerMeasured, _people: People) -> str:
    return f"saw the answer on {fact.metric}: {fact.answer.replace('_', ' ')} on {plural(fact.calls, 'call')}"


_WENT = {"left": "left it", "mistaken": "was recorded by mistake"}
_SENTENCES: dict[type[AnyFact], Callable[[Any, People], str]] = {
    f.Proposed: lambda fact, _: f"proposed {fact.title}",
    f.Scored: lambda fact, _: (
        f"scored it: impact {fact.impact}, feasibility {fact.feasibility}, readiness {fact.readiness}"
    ),
    f.Chosen: lambda _fact, _: "argued why this problem",
    f.Assigned: lambda fact, people: f"asked {people.name(fact.person)} to be {role(fact.role)}",
    f.OwnershipAccepted: lambda _fact, _: "accepted ownership",
    f.CharterRevised: _charter,
    f.Signed: lambda fact, _: f"signed the {fact.subject.replace('waiver:', 'waiver of ')} as {fact.role}",
    f.ReleaseRegistered: lambda fact, _: f"registered release {fact.name}",
    f.EvaluationDeclared: lambda fact, _: f"declared {fact.release} for evaluation, attempt {fact.attempt}",
    f.PilotCleared: lambda fact, _: f"cleared the pilot for {fact.area}",
    f.ShortfallAnalysed: lambda fact, _: f"analysed why attempt {fact.attempt} fell short",
    f.Attested: lambda fact, _: f"attested {fact.criterion}",
    f.Advanced: lambda fact, _: f"passed the gate {fact.from_phase}: on to {fact.to_phase}",
    f.WentBack: lambda fact, _: f"went back from {fact.from_phase} to {fact.to_phase}",
    f.EvidenceFrozen: lambda _fact, _: "froze the evidence that the decision after it rests on",
    f.CaseFrozen: lambda _fact, _: "froze the whole case that the decision after it rests on",
    f.Decided: _decided,
    f.ExposureSet: _exposed,
    f.Killed: lambda _fact, _: "switched the candidate off",
    f.Revived: lambda _fact, _: "lifted the kill",
    f.Waived: lambda fact, _: f"asked to waive {fact.criterion} until {fact.expires_on}",
    f.Commented: lambda _fact, _: "commented",
    f.BreachResolved: lambda fact, _: f"closed the breach of {fact.metric}",
    f.AnswerMeasured: _answered,
    f.PilotWoundDown: lambda fact, people: (
        f"told {people.name(fact.sponsor) if fact.sponsor else 'nobody, as there is no sponsor'}: nobody decided by "
        f"{fact.decision_on}, so the pilot wound down"
    ),
    f.VerdictMeasured: lambda fact, _: f"saw {fact.criterion}: {fact.verdict}",
    f.LapseForeseen: lambda fact, _: f"saw that {fact.criterion} lapses on {fact.valid_until:%Y-%m-%d} unless renewed",
    classifying.RiskClassified: lambda fact, _: f"classified its risk: the {fact.lane} lane",
    planning.ProductionPlanned: lambda _fact, _: "wrote down the production path",
    planning.PlacedInWork: lambda _fact, _: "said where in the work the answer arrives",
    planning.SourceChosen: lambda fact, _: f"chose to {SOURCES[fact.choice].lower()}",
    planning.SuitabilityJudged: lambda _fact, _: "answered the suitability questions",
    r.ReviewOpened: lambda fact, _: f"opened the {fact.review} review, wanted by {fact.due}",
    r.QuestionAnswered: lambda fact, _: f"answered the reviews' question {fact.question}",
    r.FindingRaised: lambda fact, _: f"found {fact.number}, {fact.severity}, due {fact.due}",
    r.FindingClosed: lambda fact, _: f"closed the finding {fact.number}",
    r.ReviewTimeLogged: lambda fact, _: f"spent {plural(fact.minutes, 'minute')} on the {fact.review} review",
    r.ReviewConcluded: lambda fact, _: f"concluded the {fact.review} review: {fact.outcome.replace('_', ' ')}",
    **operating_forms.SENTENCES,
    **outside_forms.SENTENCES,
    **deciding_forms.SENTENCES,
    **feedback_forms.SENTENCES,
    change.AudienceNamed: lambda fact, _: f"named the audience {fact.title}: {plural(fact.people, 'person', 'people')}",
    change.StreamPlanned: lambda fact, _: f"planned {title_of(fact.stream).lower()} until {fact.due_on}",
    change.WorkChanged: lambda fact, _: f"wrote down what changes for {fact.audience}: {fact.id}",
    change.AudienceTold: lambda fact, _: f"recorded that {fact.audience} was told what changes",
    training.TrainingRequired: lambda fact, _: f"said what has to be learned about {fact.release}: {fact.title}",
    training.WhatPeopleSeeSaid: lambda fact, _: (
        f"said that {fact.release} changes {'what' if fact.changes else 'nothing that'} people see"
    ),
    training.TrainingCompleted: lambda fact, _: f"recorded {plural(len(fact.completions), 'completion')} of training",
    training.LearnerDropped: lambda fact, _: f"dropped a learner of {fact.audience}, who {_WENT[fact.why]}",
    drifting.DriftSeen: lambda fact, _: (
        f"held {plural(fact.judged, 'field')} against the reference"
        + (f": {first_of(fact.alarms)} stand out" if fact.alarms else "")
    ),
    drifting.ReferenceChosen: lambda fact, _: f"had the {fact.of} compared with the days from {fact.since} on",
    drifting.DriftExplained: lambda fact, _: f"explained the drift of {fact.field}",
    costing.MonthCostsRecorded: lambda fact, _: (
        f"recorded what {fact.month} cost, in {plural(len(fact.lines), 'line')}"
    ),
    benefiting.MonthMeasured: lambda fact, _: (
        f"measured what {fact.month} brought, in {plural(len(fact.stages), 'step')}"
    ),
    auditing.WorkspaceInspected: lambda fact, _: (
        f"looked at the workspace's own security: {sum(one.holds for one in fact.seen)} of "
        f"{plural(len(fact.seen), 'thing')} as they have to be"
    ),
    auditing.RecordsAudited: lambda fact, _: (
        f"verified {plural(fact.entries, 'ledger entry', 'ledger entries')}, {plural(fact.problems, 'problem')}, "
        f"and followed {fact.traced} of {plural(fact.sampled, 'call')}"
    ),
    data.SourceListed: lambda fact, _: f"listed the data source {fact.title}",
    data.SampleChecked: lambda fact, _: f"had a sample of {fact.source} looked at: {plural(fact.rows, 'row')}",
    data.SampleArgued: lambda fact, _: f"argued why {fact.source} will do",
    assessing.AssessmentAnswered: lambda fact, _: (
        f"answered {fact.question} with level {fact.level} in round {fact.round} of {fact.assessment}"
    ),
    assessing.AssessmentConcluded: lambda fact, _: (
        f"concluded round {fact.round} of {fact.assessment} with {fact.overall:.1f} of 5"
    ),
    f.GuardrailBreached: lambda fact, _: f"saw the guardrail {fact.metric} broken at {fact.stage}",
    costing.CostLineEstimated: lambda fact, _: (
        f"estimated {costing.CATEGORY_TITLES[fact.category].lower()}: {fact.line}"
    ),
    costing.ProductionEstimated: lambda _fact, _: "estimated how much production handles and brings",
    costing.FundingCommitted: lambda fact, _: f"committed USD {fact.amount_usd:,.0f} until {fact.until_on}",
}
