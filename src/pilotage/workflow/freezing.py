"""Evidence as it is frozen with a decision, and whether it comes to the same when it is computed again. Pure.

What is frozen is canonical JSON: the snapshot that the answer was computed from, and what it came to. Nothing else is
needed to compute it again: no workspace, no calls.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from functools import lru_cache
from typing import Any

import msgspec
from msgspec import Struct

from pilotage.evidence.estimators import EstimatorInvalid
from pilotage.evidence.snapshot import Evaluation, Snapshot, evaluate, plain, restored
from pilotage.playbook.kinds import KindInvalid
from pilotage.record.context import FrozenEvidence
from pilotage.record.digests import canonical_text, digest_of_text
from pilotage.workflow.errors import NotComputable

DIGITS = 9
_RELATIVE = 10.0**-DIGITS
_ABSOLUTE = 1e-12


class Recomputed(Struct, frozen=True, kw_only=True):
    """Frozen evidence, computed again. `answer` is the answer then, `answer_now` the one it comes to now, `figures` how
    many numbers were compared, and `differences` names each that differs; nine digits have to agree. `version` is the
    product's that froze it, empty where an older one did not say.
    """

    digest: str
    metric: str
    attempt: int
    release: str
    on: str
    answer: str
    answer_now: str
    version: str
    figures: int
    differences: tuple[str, ...]

    @property
    def same(self) -> bool:
        """Whether verdicts and figures come out as they were."""
        return not self.differences


def frozen_evidence(snapshot: Snapshot) -> FrozenEvidence:
    """A snapshot with what it comes to, ready to be kept."""
    content = canonical_text({"snapshot": plain(snapshot), "outcome": msgspec.to_builtins(evaluate(snapshot))})
    return FrozenEvidence(content=content, digest=digest_of_text(content))


def thawed(content: str) -> tuple[Snapshot, Evaluation]:
    """The snapshot and what it came to. Raises `NotComputable` for anything else."""
    try:
        read = msgspec.json.decode(content, type=dict[str, Any])
        return restored(read.get("snapshot")), msgspec.convert(read.get("outcome"), Evaluation)
    except (msgspec.DecodeError, ValueError) as error:
        raise NotComputable(error) from error


def recompute(content: str) -> Recomputed:
    """Compute frozen evidence again. Raises `NotComputable` where it cannot be read, makes no sense, or needs a metric
    kind or an estimator that is not installed.
    """
    snapshot, then = thawed(content)
    try:
        now = evaluate(snapshot)
    except KeyError as error:
        raise NotComputable(f"it holds no {error}") from error
    except (KindInvalid, EstimatorInvalid, ValueError, ArithmeticError) as error:
        raise NotComputable(error) from error
    # Against what was written, not what this version reads of it: a figure that it forgot would not be missed.
    written = msgspec.json.decode(content)["outcome"]
    compared = list(_compared(written, msgspec.to_builtins(now), ""))
    return Recomputed(
        digest=digest_of_text(content),
        metric=snapshot.target.metric,
        attempt=snapshot.attempt,
        release=snapshot.release,
        on=snapshot.today.isoformat(),
        answer=then.answer.answer,
        answer_now=now.answer.answer,
        version=snapshot.version,
        figures=len(compared),
        differences=tuple(difference for difference in compared if difference),
    )


@lru_cache(maxsize=64)
def recomputed(content: str) -> Recomputed:
    """As `recompute`, once for each content."""
    return recompute(content)


def _compared(then: Any, now: Any, place: str) -> Iterator[str]:  # noqa: ANN401 - any JSON
    """For each single value of `then`, how `now` differs from it; empty where it does not. What a later version adds
    is no difference.
    """
    if isinstance(then, dict) and isinstance(now, dict):
        for key, value in then.items():
            yield from _compared(value, now.get(key), f"{place}.{key}" if place else key)
    elif isinstance(then, list | tuple) and isinstance(now, list | tuple) and len(then) == len(now):
        for number, (one, other) in enumerate(zip(then, now, strict=True)):
            yield from _compared(one, other, f"{place}[{number}]")
    else:
        yield "" if _agrees(then, now) else f"{place}: {then} then, {now} now"


def _agrees(then: Any, now: Any) -> bool:  # noqa: ANN401 - any JSON
    numbers = all(isinstance(one, int | float) and not isinstance(one, bool) for one in (then, now))
    return math.isclose(then, now, rel_tol=_RELATIVE, abs_tol=_ABSOLUTE) if numbers else then == now
