"""The referral's replay: real loans at invented times, each label an invented window after its application."""

from __future__ import annotations

import datetime as dt
import heapq
from collections.abc import Iterator, Sequence
from operator import itemgetter

from pilotage.demo.call_ids import call_id_for
from pilotage.demo.credit.arms import Arms
from pilotage.demo.credit.charter import SLUG
from pilotage.demo.credit.loans import Application, Arrival
from pilotage.demo.replaying import Replay, Running, answer_of
from pilotage.runtime.answer import Answer

REVIEW_EVERY = 25


def events(
    applications: Sequence[Arrival], start: dt.datetime, end: dt.datetime
) -> Iterator[tuple[dt.datetime, bool, Arrival]]:
    """Labels (False) and applications (True) from `start` until before `end`, in the order in which they happen."""
    labels = ((one.label_at, False, one) for one in applications if start <= one.label_at < end)
    calls = ((one.at, True, one) for one in applications if start <= one.at < end)
    return heapq.merge(labels, calls, key=itemgetter(0, 1))


class LoanReplay(Replay):
    """The referral at work: both arms registered with the SDK, and the applications to decide on."""

    def __init__(self, running: Running, applications: Sequence[Arrival], arms: Arms) -> None:
        super().__init__(running, slug=SLUG, review_every=REVIEW_EVERY)
        self._applications = applications
        self._arms = arms

    def register(self, release: str, digest: str) -> None:
        """Register both arms."""
        self._workload.incumbent(self._arms.incumbent)

        @self._workload.candidate(release=release, digest=digest)
        def candidate(application: Application) -> Answer:
            return answer_of(self._arms.candidate(application), "refer")

    def happen(self, start: dt.datetime, end: dt.datetime) -> int:
        """Every application decided on and every label of these hours."""
        calls = 0
        for at, is_call, arrival in events(self._applications, start, end):
            loan, call_id = arrival.loan, call_id_for(arrival.loan.key)
            words = loan.application["words"]
            if is_call:
                segment = {"term": words["term"], "verification": words["verification_status"]}
                self._workload.call(loan.application, unit=loan.key, segment=segment, at=at, call_id=call_id)
                calls += 1
                continue
            self._workload.outcome(call_id, "label", loan.bad, at=at, basis="independent")
            if self.is_reviewed(call_id):
                self.review(call_id, right=self._arms.candidate(loan.application)["refer"] == loan.bad, at=at)
        return calls
