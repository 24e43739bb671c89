"""Running an arm beside a call: bounded, isolated, and never lost without being counted."""

from __future__ import annotations

import threading
import time

import pytest
from tests.runtime.rig import RELEASE, until

from pilotage.lease import Policy
from pilotage.runtime.beside import BesideJob
from pilotage.runtime.counters import Counters
from pilotage.runtime.pool import Pool


class Work:
    """A job that waits until it is let go."""

    def __init__(self):
        self.began, self.go, self.ended = threading.Event(), threading.Event(), threading.Event()
        self.abandoned = False

    def run(self):
        """Wait to be let go."""
        self.began.set()
        self.go.wait(10)
        self.ended.set()

    def abandon(self):
        """Note it."""
        self.abandoned = True


def test_a_pool_refuses_what_is_beyond_its_bound():
    """As many jobs as workers run, as many as the queue holds wait, and the next is refused at once."""
    pool, jobs = Pool("test", workers=2, queue=1), [Work() for _ in range(4)]
    assert [pool.submit(job) for job in jobs] == [True, True, True, False]
    for job in jobs:
        job.go.set()
    assert pool.wait(5)
    assert [job.ended.is_set() for job in jobs] == [True, True, True, False]
    assert pool.submit(Work())


def test_waiting_for_a_pool_ends_in_time():
    """Waiting for a pool that is busy gives up when it was told to."""
    pool, job = Pool("test", workers=1, queue=0), Work()
    pool.submit(job)
    assert not pool.wait(0.02)
    job.go.set()
    assert pool.wait(5)


def test_a_job_that_never_ends_is_written_off_and_its_thread_replaced():
    """A stuck job does not stop the others; when as many are stuck as there are workers, the pool refuses."""
    pool = Pool("test", workers=1, queue=4)
    stuck, next_one = Work(), Work()
    pool.submit(stuck)
    assert stuck.began.wait(5)
    pool.submit(next_one)
    pool.sweep(limit_s=0.0)
    assert stuck.abandoned
    assert not pool.submit(Work())
    stuck.go.set()
    next_one.go.set()
    assert pool.wait(5)
    after = Work()
    after.go.set()
    until(lambda: pool.submit(after))
    assert after.ended.wait(5)


def test_a_defect_in_a_job_does_not_end_the_pool():
    """Should a job raise after all, the thread goes on with the next."""

    class Broken(Work):
        def run(self):
            raise RuntimeError("defect")

    pool, fine = Pool("test", workers=1, queue=4), Work()
    fine.go.set()
    pool.submit(Broken())
    pool.submit(fine)
    assert fine.ended.wait(5)


def test_what_the_bound_of_shadowing_drops_is_marked_and_counted(served, server):
    """A call whose candidate could not run because the queue was full says so in its record."""
    go = threading.Event()
    workload = served("shadow", policy=Policy(shadow_workers=1, shadow_queue=1))
    workload.candidate(release=RELEASE.name, digest=RELEASE.digest)(lambda ticket: go.wait(10) and "model")
    answers = [workload.call(number) for number in range(5)]
    go.set()
    assert workload.flush(5)
    assert all(answer.value == "rules" for answer in answers)
    dropped = [server.calls[answer.call_id].beside_dropped for answer in answers]
    assert dropped == [False, False, True, True, True]
    assert workload.counters()["beside-queue-full"] == 3


def test_a_replay_drops_no_pair(served, server):
    """A replay waits for the run beside instead of dropping it, and its waiting is not charged to the runtime."""
    workload = served("shadow", policy=Policy(shadow_workers=1, shadow_queue=1))
    workload.candidate(release=RELEASE.name, digest=RELEASE.digest)(lambda ticket: time.sleep(0.002) or "model")
    answers = [workload.call(number, source="replay") for number in range(30)]
    assert workload.flush(5)
    calls = [server.calls[answer.call_id] for answer in answers]
    assert all(call.beside.value == '"model"' and not call.beside_dropped for call in calls)
    assert sorted(call.added_us for call in calls)[15] < 2_000


def test_a_candidate_that_never_answers_in_shadow_is_recorded_as_timed_out(served, server):
    """A pair whose second half never comes is recorded all the same, once."""
    go = threading.Event()
    workload = served("shadow")
    workload.candidate(release=RELEASE.name, digest=RELEASE.digest)(lambda ticket: go.wait(10))
    answer = workload.call("t")
    pool = workload._engine.besides.pool
    until(lambda: pool._running)
    pool.sweep(limit_s=0.0)
    assert workload.flush(5)
    call = server.calls[answer.call_id]
    assert (call.beside.error, call.beside.value, call.served.value) == ("timeout", None, '"rules"')
    go.set()
    assert workload.flush(5)
    assert server.duplicates == 0
    assert workload.counters()["beside-stuck"] == 1


def test_arguments_that_cannot_be_copied_are_shared_and_counted(served, server):
    """The run beside gets a copy of the arguments; what cannot be copied it shares, and that is counted."""
    workload = served("shadow", policy=Policy(shadow_workers=1))
    seen = []
    workload.candidate(release=RELEASE.name, digest=RELEASE.digest)(seen.append)
    lock, ticket = threading.Lock(), {"text": "hello"}
    workload.call(ticket)
    workload.call(lock)
    assert workload.flush(5)
    assert seen[0] == ticket
    assert seen[0] is not ticket
    assert seen[1] is lock
    assert workload.counters()["beside-shares-input"] == 1


def test_arguments_that_break_while_being_copied_are_shared(served):
    """An object that can be pickled but not restored is shared too."""
    workload = served("shadow")
    seen = []
    workload.candidate(release=RELEASE.name, digest=RELEASE.digest)(seen.append)
    broken = Broken()
    workload.call(broken)
    assert workload.flush(5)
    assert seen == [broken]


class Broken:
    """Pickles, and cannot be restored."""

    def __reduce__(self):
        return (_refuse, ())


def _refuse():
    raise RuntimeError("not restored")


@pytest.mark.parametrize("order", [("run", "abandon"), ("abandon", "run")])
def test_a_run_that_was_written_off_does_not_count_twice(order):
    """Whether a run ends or is written off first, its pair is settled exactly once."""

    class OncePair:
        settled = 0

        def settle(self, beside, *, dropped=False):
            self.settled += 1

    class Shared:
        shared = False

        class context:  # noqa: N801 - stands in for a contextvars.Context
            run = staticmethod(lambda function, *args: function(*args))

        def arguments(self):
            return ("t",), {}

    from pilotage.runtime.arm import Arm  # noqa: PLC0415 - only here

    pair = OncePair()
    arm = Arm(kind="candidate", run=lambda ticket: "model", release="r")
    job = BesideJob(pair, arm, Shared(), 1.0, Counters())
    for step in order:
        getattr(job, step)()
    assert pair.settled == 1
