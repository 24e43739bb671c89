"""The only writer: load the workload, evaluate its gates, let the record decide, append.

API, command line, pages and jobs all come through here.
"""

from __future__ import annotations

import datetime as dt
import threading
from collections.abc import Callable, Iterable, Mapping, Sequence

from msgspec import Struct, structs

from pilotage.evidence.measurements import Measurements
from pilotage.gates.ceiling import ceiling, effective
from pilotage.gates.evaluate import criteria_of, evaluate
from pilotage.playbook.types import Playbook
from pilotage.record import commands as c
from pilotage.record.areas.blind_reviewing import JudgePair
from pilotage.record.areas.data import CheckSample, SampleFigures
from pilotage.record.charter import PageFit
from pilotage.record.commands import Command
from pilotage.record.context import SYSTEM, Actor, Context, FrozenCase, FrozenEvidence, PairShown
from pilotage.record.decide import decide
from pilotage.record.errors import Problem, refuse
from pilotage.record.facts import AnyFact, Fact, Recorded, decode, encode
from pilotage.record.fold import fold
from pilotage.record.organisation import (
    ORGANISATION,
    Organisation,
    OrganisationCommand,
    OrganisationContext,
    decide_for_organisation,
    fold_organisation,
)
from pilotage.record.verdicts import ExposureLimit, Mode, PortfolioView, Verdict
from pilotage.record.workload import Workload
from pilotage.storage.protocols import Conflict, Draft, Entry, Ledger
from pilotage.workflow.clock import Clock
from pilotage.workflow.errors import Outdated, Overtaken, UnknownWorkload
from pilotage.workflow.portfolio import portfolio_of

TRIES = 5
OVERVIEW_S = 15.0
"""How old a judgement may be in an overview of all. The watch goes round more often, so there is always one."""
STANDARD = "standard"
"""The playbook whose assessments are asked of the organisation; a workload follows its own."""
NEEDS_VERDICTS = (c.Advance, c.Decide, c.Expose, c.Revive)


class Judgement(Struct, frozen=True, kw_only=True):
    """One workload as it stands: record, measurements, verdicts, ceiling, and what is really exposed."""

    workload: Workload
    playbook: Playbook
    measurements: Measurements | None
    verdicts: dict[str, Verdict]
    ceiling: ExposureLimit
    mode: Mode
    percent: float
    cohorts: tuple[str, ...]

    @property
    def answer(self) -> str:
        """The sequential answer on the target."""
        answer = self.measurements.answer if self.measurements else None
        return answer.answer if answer else "not_estimable"

    @property
    def lapsing(self) -> tuple[Verdict, ...]:
        """What holds now and has to be renewed soon, of the gates up to the present one; the next to end first."""
        reached = {*self.workload.passed, self.workload.phase}
        found = [one for one in self.verdicts.values() if one.renew and one.valid_until and one.phase in reached]
        return tuple(sorted(found, key=lambda one: (str(one.valid_until), one.id)))

    @property
    def enforced(self) -> frozenset[str]:
        """The criteria whose end takes exposure back."""
        return frozenset(one.id for phase in self.playbook.phases for one in phase.criteria if one.enforced)


class _Held(Struct, frozen=True):
    """The judgement last made of a workload: at which moment, and at which real second, should time be simulated."""

    judgement: Judgement
    view: PortfolioView
    at: dt.datetime
    real_s: float

    def serves(self, workload: Workload, view: PortfolioView, clock: Clock) -> bool:
        """Whether an overview may still show it."""
        return (
            self.judgement.workload is workload
            and self.view is view
            and 0 <= clock.real() - self.real_s < OVERVIEW_S
            and 0 <= (clock.now() - self.at).total_seconds() < OVERVIEW_S
        )


class Receipt(Struct, frozen=True, kw_only=True):
    """What a command wrote: the workload's new sequence, and the ledger positions and kinds of its facts. `workload` is
    the stream's name where it is the organisation's.
    """

    workload: str
    sequence: int
    positions: tuple[int, ...]
    kinds: tuple[str, ...]


def recorded_of(entry: Entry) -> Recorded:
    """A ledger entry as a fact with its place."""
    return Recorded(
        fact=decode(entry.kind, entry.payload, entry.texts),
        position=entry.position,
        sequence=entry.sequence,
        actor=entry.actor,
        at=entry.at,
        simulated=entry.simulated,
    )


def _roles_here(actor: Actor, workload: Workload | None) -> frozenset[str]:
    """The roles that count on one workload: once it has an owner and a sponsor, theirs are theirs alone."""
    if workload is None:
        return actor.roles
    taken = {role for role, holder in (("owner", workload.owner), ("sponsor", workload.sponsor)) if holder}
    held = {role.partition(":")[0] for role in workload.roles_of(actor.person)}
    return frozenset((actor.roles - taken) | held)


class Desk:
    """Where everything is decided. Safe to use from several threads.

    `measure` gives a workload's measurements (or None when it has no calls at all to measure), `people` the
    ids of everybody known, `absent` those who have no account any more, and since when, `playbooks` a playbook by name,
    `freeze` what measurements were computed from and `case` the whole case, both to be kept with a decision, `fit` how
    much of one page a charter takes, `pair` what was put before a person under a name, `sample` what a sample that is
    handed in holds.
    """

    def __init__(
        self,
        *,
        ledger: Ledger,
        clock: Clock,
        playbooks: Callable[[str], Playbook],
        measure: Callable[[Workload, Playbook], Measurements | None],
        people: Callable[[], frozenset[str]],
        absent: Callable[[], Mapping[str, dt.datetime | None]] = dict,
        freeze: Callable[[Workload, Measurements], FrozenEvidence | None] = lambda _workload, _measurements: None,
        case: Callable[[Judgement], FrozenCase | None] = lambda _judgement: None,
        fit: Callable[[Workload, c.ReviseCharter], PageFit | None] = lambda _workload, _command: None,
        pair: Callable[[Workload, str, str], PairShown | None] = lambda _workload, _person, _pair: None,
        sample: Callable[[CheckSample], SampleFigures | tuple[Problem, ...] | None] = lambda _command: None,
        demonstration: bool = False,
    ) -> None:
        self._ledger = ledger
        self._clock = clock
        self._playbooks = playbooks
        self._measure = measure
        self._people = people
        self._absent = absent
        self._freeze = freeze
        self._case = case
        self._fit = fit
        self._pair = pair
        self._sample = sample
        self._demonstration = demonstration
        self._lock = threading.RLock()
        self._workloads: dict[str, Workload] = {}
        self._organisation = Organisation()
        self._seen = 0
        self._portfolio = 0, PortfolioView()
        self._held: dict[str, _Held] = {}
        self._listeners: list[Callable[[str], None]] = []

    def on_change(self, listener: Callable[[str], None]) -> None:
        """Call `listener` with the slug whenever a workload has changed here or in another process."""
        self._listeners.append(listener)

    def refresh(self) -> tuple[str, ...]:
        """Take in what was appended since, by whomever; the slugs of the workloads that changed."""
        with self._lock:
            if self._ledger.position() == self._seen:
                return ()
            seen, changed = self._seen, dict[str, list[Recorded]]()
            for entry in self._ledger.read_all(after=seen):
                changed.setdefault(entry.workload, []).append(recorded_of(entry))
                seen = entry.position
            organisation = fold_organisation(changed.pop(ORGANISATION, ()), self._organisation)
            folded = {slug: fold(slug, entries, self._workloads.get(slug)) for slug, entries in changed.items()}
            # All at once: an entry that cannot be folded must not leave others taken in but forgotten.
            self._workloads.update({slug: workload for slug, workload in folded.items() if workload is not None})
            self._organisation = organisation
            self._seen = seen
        for slug in changed:
            for listener in self._listeners:
                listener(slug)
        return tuple(changed)

    def find(self, slug: str) -> Workload | None:
        """The workload, or None."""
        self.refresh()
        return self._workloads.get(slug)

    def load(self, slug: str) -> Workload:
        """The workload; raises `UnknownWorkload`."""
        workload = self.find(slug)
        if workload is None:
            raise UnknownWorkload(slug)
        return workload

    def all(self) -> tuple[Workload, ...]:
        """Every workload, in the order proposed."""
        self.refresh()
        with self._lock:
            return tuple(self._workloads.values())

    def organisation(self) -> Organisation:
        """What is on record of the organisation, and of no single workload."""
        self.refresh()
        return self._organisation

    def portfolio(self) -> PortfolioView:
        """What a decision about one workload has to know of the others."""
        self.refresh()
        return self._portfolio_now()

    def _portfolio_now(self) -> PortfolioView:
        """The portfolio as last taken in, ranked once for as long as nothing is written; who is absent is no entry of
        the ledger, so it is asked anew.
        """
        since = self._absent()
        absent, left = frozenset(since), {person: at for person, at in since.items() if at is not None}
        with self._lock:
            position, view = self._portfolio
            if position != self._seen or view.absent != absent or view.left != left:
                ranked = structs.replace(portfolio_of(self._workloads.values()), absent=absent, left=left)
                # Most of what is written leaves the ranking as it was; what was judged on it stays true then.
                view = view if ranked == view else ranked
                self._portfolio = self._seen, view
            return view

    def judge(self, slug: str) -> Judgement:
        """A workload as it stands now, judged on what is recorded and measured."""
        return self._judge(self.load(slug), self._portfolio_now())

    def judge_all(self) -> tuple[Judgement, ...]:
        """Every workload, in the order proposed, for an overview: the record as it is now, what is measured or lapses
        with time at most `OVERVIEW_S` behind.
        """
        workloads = self.all()
        view = self._portfolio_now()
        found = []
        for workload in workloads:
            held, clock = self._held.get(workload.slug), self._clock
            found.append(held.judgement if held and held.serves(workload, view, clock) else self._judge(workload, view))
        return tuple(found)

    def _judge(self, workload: Workload, view: PortfolioView) -> Judgement:
        playbook = self._playbooks(workload.cadence)
        measurements = self._measure(workload, playbook)
        now = self._clock.now()
        verdicts = evaluate(playbook, workload, measurements, view, now)
        limit = ceiling(playbook, workload, verdicts, now)
        mode, percent, cohorts = effective(workload.exposure, limit)
        judgement = Judgement(
            workload=workload,
            playbook=playbook,
            measurements=measurements,
            verdicts=verdicts,
            ceiling=limit,
            mode=mode,
            percent=percent,
            cohorts=cohorts,
        )
        self._held[workload.slug] = _Held(judgement, view, now, self._clock.real())
        return judgement

    def issue(self, actor: Actor, slug: str, command: Command) -> Receipt:
        """Carry out a command: everything it writes is written at once, or nothing is.

        Raises `Refused` with every problem, or `Overtaken` when others kept writing first.
        """
        if slug == ORGANISATION:
            raise refuse("reserved-name", "slug", f"{slug} is no workload; choose a short name of letters and digits.")
        for _ in range(TRIES):
            workload = self.find(slug)
            try:
                facts = decide(workload, command, self._context(actor, workload, command))
                return self._append(slug, workload.sequence if workload else 0, facts, actor.person)
            except (Conflict, Outdated):
                continue
        raise Overtaken(slug)

    def issue_for_organisation(self, actor: Actor, command: OrganisationCommand) -> Receipt:
        """Carry out a command about the organisation, with the roles that hold everywhere; as `issue` otherwise."""
        for _ in range(TRIES):
            workloads, organisation = self.all(), self.organisation()
            context = OrganisationContext(
                actor=actor,
                playbook=self._playbooks(STANDARD),
                criteria={one.slug: self._asked_of(one) for one in workloads},
            )
            facts = decide_for_organisation(organisation, command, context)
            try:
                return self._append(ORGANISATION, organisation.sequence, facts, actor.person)
            except Conflict:
                continue
        raise Overtaken(ORGANISATION)

    def _asked_of(self, workload: Workload) -> frozenset[str]:
        return frozenset(one.id for one in criteria_of(self._playbooks(workload.cadence), workload))

    def record(self, slug: str, make: Callable[[Judgement], Sequence[Fact]]) -> Receipt | None:
        """Let the system write down what it saw: `make` turns the judgement of the moment into facts."""
        for _ in range(TRIES):
            judgement = self.judge(slug)
            facts = make(judgement)
            if not facts:
                return None
            try:
                return self._append(slug, judgement.workload.sequence, facts, SYSTEM)
            except Conflict:
                continue
        raise Overtaken(slug)

    def _context(self, actor: Actor, workload: Workload | None, command: Command) -> Context:
        cadence = command.cadence if isinstance(command, c.Propose) else workload.cadence if workload else "standard"
        context = Context(
            actor=Actor(person=actor.person, roles=_roles_here(actor, workload)),
            now=self._clock.now(),
            playbook=self._playbooks(cadence),
            people=self._people(),
            page=self._fit(workload, command) if workload and isinstance(command, c.ReviseCharter) else None,
            pair=self._pair(workload, actor.person, command.pair)
            if workload and isinstance(command, JudgePair)
            else None,
            sample=self._sample(command) if isinstance(command, CheckSample) else None,
            demonstration_workspace=self._demonstration,
        )
        if workload is None or not isinstance(command, NEEDS_VERDICTS):
            return context
        portfolio = self._portfolio_now()
        judged = self._judge(workload, portfolio)
        return Context(
            actor=context.actor,
            now=context.now,
            playbook=context.playbook,
            people=context.people,
            demonstration_workspace=self._demonstration,
            verdicts=judged.verdicts,
            ceiling=judged.ceiling,
            portfolio=portfolio,
            answer=judged.answer,
            evidence=self._frozen(judged) if isinstance(command, c.Decide) else None,
            case=self._case(judged) if isinstance(command, c.Decide) else None,
        )

    def _frozen(self, judged: Judgement) -> FrozenEvidence | None:
        return self._freeze(judged.workload, judged.measurements) if judged.measurements else None

    def _append(self, slug: str, expected: int, facts: Iterable[AnyFact], actor: str) -> Receipt:
        now, simulated = self._clock.now(), self._clock.simulated
        drafts = []
        for fact in facts:
            kind, payload, texts = encode(fact)
            drafts.append(Draft(kind=kind, payload=payload, texts=texts, actor=actor, at=now, simulated=simulated))
        entries = self._ledger.append(slug, expected, drafts)
        self.refresh()
        return Receipt(
            workload=slug,
            sequence=entries[-1].sequence,
            positions=tuple(entry.position for entry in entries),
            kinds=tuple(entry.kind for entry in entries),
        )
