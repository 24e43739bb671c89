"""What an asynchronous call answers: as a synchronous one, with exact timeouts and nothing that holds the loop up."""

from __future__ import annotations

import asyncio
import contextvars
import functools
import threading
import time

import pytest
from tests.runtime.rig import RELEASE, until

from pilotage import Answer, InvalidUse
from pilotage.lease import Policy


@pytest.fixture
def arms():
    """Registers async arms: an incumbent "rules", and the candidate that is given."""

    def register(workload, candidate=None):
        @workload.incumbent
        async def rules(ticket):
            return "rules"

        async def model(ticket):
            return "model"

        workload.candidate(release=RELEASE.name, digest=RELEASE.digest)(candidate or model)
        return workload

    return register


async def recorded(workload, server, call_id):
    """The call as the server got it, without holding the loop up."""
    assert await asyncio.to_thread(workload.flush, 5)
    return server.calls[call_id]


@pytest.mark.parametrize(
    ("mode", "value", "arm", "beside"),
    [
        ("none", "rules", "incumbent", None),
        ("shadow", "rules", "incumbent", '"model"'),
        ("suggest", "rules", "incumbent", '"model"'),
        ("live", "model", "candidate", None),
    ],
)
async def test_async_arms_answer_as_synchronous_ones_do(served, server, arms, *, mode, value, arm, beside):
    """Awaiting a call gives what the exposure says, and records the same."""
    workload = arms(served(mode, arms=False))
    answer = await workload.acall("ticket", unit="u")
    assert (answer.value, answer.arm, answer.fallback) == (value, arm, None)
    assert answer.suggestion == ("model" if mode == "suggest" else None)
    call = await recorded(workload, server, answer.call_id)
    assert (call.served.value, call.beside and call.beside.value) == (f'"{value}"', beside)


async def test_an_async_candidate_is_cancelled_exactly_at_its_limit(served, server, arms):
    """At the limit an async candidate is cancelled, and the incumbent serves."""
    cancelled = asyncio.Event()

    async def model(ticket):
        try:
            await asyncio.sleep(30)
        except asyncio.CancelledError:
            cancelled.set()
            raise

    workload = arms(served("live", arms=False, policy=Policy(paired_share=0.0, timeout_ms=20)), model)
    answer = await workload.acall("t", unit="u")
    assert (answer.value, answer.fallback) == ("rules", "candidate-timeout")
    assert cancelled.is_set()
    call = await recorded(workload, server, answer.call_id)
    assert (call.beside.error, call.beside.value) == ("timeout", None)
    assert 20_000 <= call.beside.latency_us < 5_000_000


async def test_a_candidates_own_timeout_error_is_its_error(served, arms):
    """A TimeoutError that the candidate raises itself is told apart from running out of its time."""

    async def model(ticket):
        raise TimeoutError

    workload = arms(served("live", arms=False), model)
    assert (await workload.acall("t", unit="u")).fallback == "candidate-error"


async def test_a_synchronous_candidate_does_not_hold_the_loop_up(served, server):
    """A synchronous candidate of an async call runs on a worker thread, exactly in time."""
    workload = served("live", policy=Policy(paired_share=0.0, timeout_ms=30))
    here = threading.get_ident()
    seen = []

    @workload.candidate(release=RELEASE.name, digest=RELEASE.digest)
    def model(seconds):
        seen.append(threading.get_ident())
        time.sleep(seconds)
        return Answer("model", confidence=0.5)

    answer = await workload.acall(0.0, unit="u")
    assert (answer.value, answer.confidence) == ("model", 0.5)
    assert here not in seen
    late = await workload.acall(0.3, unit="u")
    assert (late.value, late.fallback) == ("rules", "candidate-timeout")
    assert (await recorded(workload, server, late.call_id)).beside.error == "timeout"


async def test_in_shadow_a_slow_candidate_holds_nobody_up(served, server, arms):
    """The caller has its answer while the candidate still waits for something."""
    release = asyncio.Event()

    async def model(ticket):
        await release.wait()
        return "model"

    workload = arms(served("shadow", arms=False), model)
    answer = await asyncio.wait_for(workload.acall("t"), 5)
    assert answer.value == "rules"
    release.set()
    assert (await recorded(workload, server, answer.call_id)).beside.value == '"model"'


async def test_async_shadowing_is_bounded(served, server, arms):
    """What is more than the bound runs beside nobody: the call says so, and it is counted."""
    release = asyncio.Event()

    async def model(ticket):
        await release.wait()
        return "model"

    policy = Policy(shadow_workers=1, shadow_queue=2)
    workload = arms(served("shadow", arms=False, policy=policy), model)
    answers = [await workload.acall(number) for number in range(6)]
    release.set()
    assert await asyncio.to_thread(workload.flush, 5)
    dropped = [server.calls[answer.call_id].beside_dropped for answer in answers]
    assert dropped == [False] * 3 + [True] * 3
    assert workload.counters()["beside-queue-full"] == 3


async def test_an_async_replay_drops_nothing(served, server, arms):
    """A replayed call awaits the run beside, so that no pair is lost however full the queue would be."""
    workload = arms(served("shadow", arms=False, policy=Policy(shadow_workers=1, shadow_queue=1)))
    answers = [await workload.acall(number, source="replay") for number in range(20)]
    assert await asyncio.to_thread(workload.flush, 5)
    assert all(server.calls[answer.call_id].beside.value == '"model"' for answer in answers)


def test_a_loop_that_ends_leaves_its_pairs_incomplete_but_recorded(served, server, arms):
    """When the event loop ends before the run beside, the call is recorded as one whose second half was dropped."""

    async def model(ticket):
        await asyncio.sleep(30)

    workload = arms(served("shadow", arms=False), model)
    answer = asyncio.run(workload.acall("t"))
    assert workload.flush(5)
    assert server.calls[answer.call_id].beside_dropped
    assert workload.counters()["beside-cancelled"] == 1


async def test_a_cancelled_caller_is_counted(served, arms):
    """A call whose caller is cancelled has no answer and no record; it is counted."""
    workload = served("none", arms=False)

    @workload.incumbent
    async def rules(ticket):
        await asyncio.sleep(30)

    task = asyncio.create_task(workload.acall("t"))
    await asyncio.sleep(0.01)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert workload.counters()["cancelled"] == 1


async def test_the_incumbents_error_reaches_who_awaits(served):
    """What an async incumbent raises is raised to who awaits the call."""
    workload = served("shadow", arms=False)

    @workload.incumbent
    async def rules(ticket):
        raise LookupError(ticket)

    with pytest.raises(LookupError):
        await workload.acall("t")


def test_a_synchronous_call_of_an_async_incumbent_says_what_to_do(served, arms):
    """Calling without awaiting, where the incumbent is async, is a mistake that is named at once."""
    workload = arms(served("none", arms=False))
    with pytest.raises(InvalidUse, match="acall"):
        workload.call("t")


@pytest.mark.parametrize("mode", ["shadow", "live"])
def test_an_async_candidate_serves_synchronous_calls_too(served, server, mode):
    """A synchronous call may have an async candidate: it runs on a loop of the runtime's own, exactly in time."""
    workload = served(mode, policy=Policy(paired_share=0.0, timeout_ms=50))

    @workload.candidate(release=RELEASE.name, digest=RELEASE.digest)
    async def model(seconds):
        await asyncio.sleep(seconds)
        return "model"

    answer = workload.call(0.0, unit="u")
    assert answer.value == ("model" if mode == "live" else "rules")
    slow = workload.call(30.0, unit="u")
    assert (slow.value, slow.fallback) == ("rules", "candidate-timeout" if mode == "live" else None)
    assert workload.flush(5)
    assert server.calls[slow.call_id].beside.error == "timeout"


async def test_the_callers_context_is_seen_beside(served, arms):
    """Request-scoped values of the caller are there for the candidate, wherever it runs."""
    request = contextvars.ContextVar("request", default="none")
    seen = []
    workload = served("shadow")
    workload.candidate(release=RELEASE.name, digest=RELEASE.digest)(lambda ticket: seen.append(request.get()))
    request.set("42")
    await workload.acall("t")
    assert await asyncio.to_thread(until, lambda: seen) == ["42"]


class Asked:
    """An object with an async `__call__`."""

    async def __call__(self, ticket):
        """What is asked."""
        return "asked"

    async def method(self, ticket):
        """A method of it."""
        return "method"


class AskedAgain(Asked):
    """One that inherits it."""


@pytest.mark.parametrize(
    "function", [Asked(), AskedAgain(), Asked().method, functools.partial(Asked().method), functools.partial(Asked())]
)
async def test_whatever_has_to_be_awaited_is(served, function):
    """Objects, methods and partials that are async are awaited like functions."""
    workload = served("none", arms=False)
    workload.incumbent(function)
    assert (await workload.acall("t")).value in ("asked", "method")


@pytest.mark.parametrize("function", [len, str.upper, functools.partial(int, base=16), dict])
def test_whatever_can_be_called_is_an_arm(served, function):
    """Built-in functions, classes and partials are arms like any other."""
    workload = served("none", arms=False)
    workload.incumbent(function)
    given = {} if function is dict else "ff"
    assert workload.call(given).value == function(given)
