"""Group commit: whoever comes first writes for everybody who waits, so that one durable commit serves many."""

from __future__ import annotations

import copy
import threading
from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

from pilotage.storage.errors import StorageUnavailable

Request = TypeVar("Request")
Result = TypeVar("Result")


class _Ticket(Generic[Request, Result]):
    """One caller's request, and what became of it."""

    def __init__(self, request: Request) -> None:
        self.request = request
        self.outcome: Result | Exception | None = None
        self.leads = False
        self.woken = threading.Event()


class GroupCommit(Generic[Request, Result]):
    """Callers in any number of threads submit requests; one at a time writes all that have gathered.

    `write` takes the requests in order of arrival and returns one outcome for each, a result or the exception to
    raise for that caller alone. When `write` itself raises, every request of its batch failed. There is no thread of
    its own: the first caller leads, writes its batch, and then wakes a successor among those who came meanwhile.
    """

    def __init__(self, write: Callable[[Sequence[Request]], Sequence[Result | Exception]]) -> None:
        self._write = write
        self._lock = threading.Lock()
        self._queue: list[_Ticket[Request, Result]] = []
        self._led = False

    def submit(self, request: Request) -> Result:
        """The result for this request, once written. Raises its own outcome when that is an exception."""
        ticket = _Ticket[Request, Result](request)
        with self._lock:
            self._queue.append(ticket)
            ticket.leads = not self._led
            self._led = True
        if not ticket.leads:
            self._wait(ticket)
        if ticket.leads:
            self._lead()
        if isinstance(ticket.outcome, Exception):
            raise ticket.outcome
        assert ticket.outcome is not None  # noqa: S101 - a ticket is woken to lead or with its outcome
        return ticket.outcome

    def _wait(self, ticket: _Ticket[Request, Result]) -> None:
        try:
            ticket.woken.wait()
        except BaseException:  # an interrupted wait must not take the leadership away with it
            with self._lock:
                if ticket in self._queue:
                    self._queue.remove(ticket)
                if ticket.leads:
                    self._appoint()
            raise

    def _lead(self) -> None:
        with self._lock:
            batch, self._queue = self._queue, []
        failure: Exception = StorageUnavailable(
            "ledger-interrupted", "The writing was interrupted; read again to see whether it was done."
        )
        outcomes: Sequence[Result | Exception] = ()
        try:
            outcomes = self._write([ticket.request for ticket in batch])
        except Exception as error:  # noqa: BLE001 - handed to every caller of the batch below
            failure = error
        finally:
            # A copy for each: one exception raised in several threads would tangle their tracebacks.
            outcomes = outcomes or [copy.copy(failure) for _ in batch]
            for ticket, outcome in zip(batch, outcomes, strict=True):
                ticket.outcome = outcome
                ticket.woken.set()
            with self._lock:
                self._appoint()

    def _appoint(self) -> None:
        """Hand the lead to whoever has waited longest; the lock is held."""
        self._led = bool(self._queue)
        if self._queue:
            self._queue[0].leads = True
            self._queue[0].woken.set()
