"""One arm as registered, and one run of it: the value, how long it took, and how it failed."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from msgspec import Struct

from pilotage.runtime import records
from pilotage.runtime.answer import Answer
from pilotage.runtime.snapshot import snapshot

CO_COROUTINE = 0x80

Execution = tuple[Any, ...]
"""`(arm, release, value, latency_us)`, and when there is more `(…, error, confidence, tokens_in, tokens_out,
cost_usd, scores, detail)`: a `records.PackedExecution` in its order; value and detail are JSON text.
"""


class Arm(Struct, frozen=True, kw_only=True, eq=False):
    """A registered callable. `release` and `digest` are "" for the incumbent."""

    kind: records.Arm
    run: Callable[..., Any]
    release: str = ""
    digest: str = ""
    timeout_ms: float | None = None
    is_async: bool = False
    takes_deadline: bool = False


def is_coroutine_function(function: Callable[..., Any]) -> bool:
    """Whether calling it gives a coroutine; also for partials, wrappers and objects with an async `__call__`."""
    seen: Any = function
    while not hasattr(seen, "__code__"):
        if hasattr(seen, "func"):
            seen = seen.func
        else:
            seen = next((vars(kind)["__call__"] for kind in type(seen).__mro__ if "__call__" in vars(kind)), None)
            if not hasattr(seen, "__code__"):
                return False
    return bool(seen.__code__.co_flags & CO_COROUTINE)


def takes_deadline(function: Callable[..., Any]) -> bool:
    """Whether it has a parameter named `deadline`, which is then given the end of its time (`time.monotonic()`)."""
    import inspect  # noqa: PLC0415 - only a registration needs it

    try:
        return "deadline" in inspect.signature(function).parameters
    except (TypeError, ValueError):
        return False


class Run:
    """What one run of an arm came to. `raised` is what it raised; `fallback` says why it cannot serve."""

    __slots__ = ("arm", "execution", "fallback", "latency_ns", "raised", "value")

    def __init__(
        self,
        arm: Arm,
        value: object,
        latency_ns: int,
        *,
        error: str = "",
        raised: BaseException | None = None,
        fallback: str = "",
    ) -> None:
        self.arm = arm
        self.value = value
        self.latency_ns = latency_ns
        self.raised = raised
        self.fallback = fallback
        self.execution = executed(arm, value, latency_ns, error, answered=not fallback and raised is None)

    @property
    def plain_value(self) -> object:
        """The value itself, out of the `Answer` that the arm may have wrapped it in."""
        return self.value.value if isinstance(self.value, Answer) else self.value


def executed(arm: Arm, value: object, latency_ns: int, error: str = "", *, answered: bool = True) -> Execution:
    """The execution as recorded, its value encoded now."""
    latency_us = records.begun_us(latency_ns)
    if isinstance(value, Answer):
        detail = None if value.detail is None else snapshot(value.detail)
        account: Execution = (value.confidence, value.tokens_in, value.tokens_out, value.cost_usd, {}, detail)
        return (arm.kind, arm.release, snapshot(value.value), latency_us, error, *account)
    text = snapshot(value) if answered else None
    if error:
        return (arm.kind, arm.release, text, latency_us, error, None, None, None, None, {}, None)
    return (arm.kind, arm.release, text, latency_us)


def failed(arm: Arm, latency_ns: int, fallback: str, error: str, raised: BaseException | None = None) -> Run:
    """A run without an answer."""
    return Run(arm, None, latency_ns, error=error, raised=raised, fallback=fallback)


def run_here(arm: Arm, args: tuple[Any, ...], kwargs: dict[str, Any], timeout_s: float | None = None) -> Run:
    """Run a synchronous arm in this thread. With a timeout, a late answer counts as answered and is marked `late`."""
    started = time.perf_counter_ns()
    if arm.takes_deadline and timeout_s is not None:
        kwargs = {**kwargs, "deadline": time.monotonic() + timeout_s}
    try:
        value = arm.run(*args, **kwargs)
    except Exception as error:  # noqa: BLE001 - an arm may raise anything; the caller decides what becomes of it
        return failed(arm, time.perf_counter_ns() - started, f"{arm.kind}-error", error_name(error), error)
    latency_ns = time.perf_counter_ns() - started
    late = timeout_s is not None and latency_ns > timeout_s * 1e9
    return Run(arm, value, latency_ns, error="late" if late else "")


def error_name(error: BaseException) -> str:
    """The class of an error: what is recorded of it, since its message may hold anything."""
    return type(error).__name__[:200]
