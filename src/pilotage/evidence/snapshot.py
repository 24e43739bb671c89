"""Everything that the answer on a target and the guardrails beside it are computed from, in one value. Pure.

The evaluation of a snapshot is a function of it alone: what was seen when somebody decided can be computed again, years
later, from the snapshot that was frozen with the decision. It holds sums over units, never a unit.
"""

from __future__ import annotations

import datetime as dt
from typing import Any

import msgspec
from msgspec import Struct, structs

from pilotage.evidence.answer import answer
from pilotage.evidence.betting import FLOOR_BET
from pilotage.evidence.guardrails import shadow_guardrails
from pilotage.evidence.measurements import Answer, FieldCoverage, GuardrailResult
from pilotage.evidence.sample_ratio import SampleRatio
from pilotage.evidence.strata import LookSums, StageTotals
from pilotage.evidence.sums import Totals
from pilotage.playbook.metrics import Guardrail, Metric, Target

FORMAT = 1


class Snapshot(Struct, frozen=True, kw_only=True):
    """One attempt as it stood on `today`: what was promised, the target's sums at every look, the newest sums by
    metric, the sums of the bets by id, and what the labels and the traffic were like. See `answer` for the meaning
    of dates and shares. `metrics` are as their sums are kept, with their shift. `version`: of the product that froze
    it, empty until then; nothing is computed from it.
    """

    format: int = FORMAT
    version: str = ""
    target: Target
    metrics: tuple[Metric, ...]
    guardrails: tuple[Guardrail, ...]
    attempt: int
    release: str
    stage: str
    started: dt.date
    deadline: dt.date
    planned_until: dt.date
    today: dt.date
    extendable: bool
    looks: tuple[LookSums, ...] = ()
    latest: dict[str, StageTotals] = {}
    bets: dict[str, tuple[float, ...]] = {}
    label_coverage: FieldCoverage | None = None
    dropped_share: float | None = None
    sample_ratio: SampleRatio | None = None


class Evaluation(Struct, frozen=True, kw_only=True):
    """What a snapshot comes to."""

    answer: Answer
    guardrails: tuple[GuardrailResult, ...]


def evaluate(snapshot: Snapshot) -> Evaluation:
    """The answer and the guardrails. KeyError when the target's metric is not among the metrics."""
    s = snapshot
    metric = {metric.id: metric for metric in s.metrics}[s.target.metric]
    guardrails = shadow_guardrails(
        s.guardrails,
        s.metrics,
        s.latest,
        alpha=s.target.alpha,
        log_wealth=s.bets,
        power=s.target.power,
        target=s.target,
    )
    newest = (s.latest[metric.id],) if metric.id in s.latest else ()
    found = answer(
        target=s.target,
        metric=metric,
        attempt=s.attempt,
        looks=s.looks,
        latest=LookSums(day=s.today, stages=newest),
        started=s.started,
        deadline=s.deadline,
        planned_until=s.planned_until,
        today=s.today,
        guardrails=guardrails,
        kill=s.bets.get(FLOOR_BET),
        label_coverage=s.label_coverage,
        dropped_share=s.dropped_share,
        sample_ratio=s.sample_ratio,
        extendable=s.extendable,
    )
    return Evaluation(answer=found, guardrails=guardrails)


def plain(value: Any) -> Any:  # noqa: ANN401 - a snapshot, and every value in one
    """A snapshot as JSON can say it. Of sums only what is not zero is written: most moments of most series are."""
    if isinstance(value, Totals | StageTotals):
        return {
            field.encode_name: plain(getattr(value, field.name))
            for field in structs.fields(value)
            if getattr(value, field.name) != field.default
        }
    if isinstance(value, Struct):
        tag = value.__struct_config__.tag
        fields = {f.encode_name: plain(getattr(value, f.name)) for f in structs.fields(value)}
        return fields if tag is None else {"type": tag, **fields}
    if isinstance(value, dict):
        return {key: plain(below) for key, below in value.items()}
    if isinstance(value, tuple | list):
        return [plain(below) for below in value]
    return msgspec.to_builtins(value)


def restored(content: Any) -> Snapshot:  # noqa: ANN401 - whatever was read from a file
    """The snapshot that `plain` wrote. Raises `msgspec.ValidationError` for anything else, and ValueError for a format
    that is not read here.
    """
    written = content.get("format", FORMAT) if isinstance(content, dict) else FORMAT
    if written != FORMAT:
        raise ValueError(f"it has the format {written}, and {FORMAT} is read here; take the version that froze it")
    return msgspec.convert(content, Snapshot)
