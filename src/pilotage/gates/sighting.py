"""What the stall radar looks at, and what it sees: one sign of a reason, since when it is there. Pure types."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator, Sequence

from msgspec import Struct

from pilotage.evidence.measurements import Measurements
from pilotage.playbook.types import PhaseId, Playbook
from pilotage.record.verdicts import Verdict
from pilotage.record.workload import PHASES, Workload, day_of, start_of


class Sign(Struct, frozen=True, kw_only=True):
    """One sign that a reason is present: since when, why in plain words, and the one action that clears it by whom."""

    since: dt.datetime
    why: str
    action: str
    by: str


class View(Struct, frozen=True, kw_only=True):
    """One workload as the radar sees it: the record, what was measured of the traffic, and the gates. `now` is UTC."""

    playbook: Playbook
    workload: Workload
    measurements: Measurements | None
    verdicts: dict[str, Verdict]
    now: dt.datetime

    @property
    def today(self) -> dt.date:
        """The day in the charter's time zone."""
        return day_of(self.workload, self.now)

    @property
    def proposed(self) -> dt.datetime:
        """When the problem was proposed."""
        return self.workload.proposed.at

    def reached(self, phase: PhaseId) -> bool:
        """Whether the workload is in a phase or past it."""
        return PHASES.index(self.workload.phase) >= PHASES.index(phase)

    def began(self, phase: PhaseId) -> dt.datetime:
        """When a phase that was reached began; the proposal where the record does not say."""
        return self.workload.entered.get(phase, self.proposed)

    def day(self, moment: dt.datetime) -> dt.date:
        """The day that a moment falls on in the charter's time zone."""
        return day_of(self.workload, moment)

    def after(self, day: dt.date) -> dt.datetime:
        """The moment at which a day is over."""
        return start_of(self.workload, day + dt.timedelta(days=1))

    def watches(self, criterion: str) -> bool:
        """Whether the workload's lane asks for a criterion, and nobody set it aside or vouched for it by name.

        What is waived is shown as a waiver, wherever the workload is shown; it is no news on the radar.
        """
        verdict = self.verdicts.get(criterion)
        if verdict is None or verdict.verdict in {"waived", "not_applicable"}:
            return False
        return not (verdict.verdict == "met" and verdict.kind == "attested")

    def failing(self, criterion: str) -> Verdict | None:
        """The verdict of a criterion that is asked for and does not pass."""
        verdict = self.verdicts.get(criterion)
        return None if verdict is None or verdict.passes else verdict

    def failed_since(self, criterion: str, earliest: dt.datetime) -> dt.datetime:
        """Since when a criterion does not pass: when that was written down, or it lapsed, else since it was asked."""
        verdict = self.verdicts[criterion]
        if verdict.valid_until is not None and verdict.valid_until <= self.now:
            return max(earliest, verdict.valid_until)
        seen = self.workload.measured_since.get(criterion)
        known = self.workload.measured.get(criterion) == verdict.verdict
        return max(earliest, seen) if seen is not None and known else earliest

    def clears(self, verdict: Verdict) -> tuple[str, str]:
        """What would move a criterion, and who can do it."""
        if verdict.next is None:
            criterion = self.playbook.criterion(verdict.id)
            return criterion.next, criterion.by
        return verdict.next.action, verdict.next.by


Look = Callable[[View], Iterator[Sign]]


def said(names: Sequence[str]) -> str:
    """Names in a sentence: one, one and another, or several with an and before the last."""
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
