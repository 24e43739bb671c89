"""What makes a charter's metrics unusable, one by one and together with what is promised of them. Pure."""

from __future__ import annotations

import math
from collections.abc import Iterator

import msgspec

from pilotage.playbook.kinds import MetricKind, find_kind, is_truth, kinds
from pilotage.playbook.metrics import (
    INCUMBENT_ANSWER,
    Beyond,
    Guardrail,
    Metric,
    Target,
    UserAction,
    is_seen,
    label_of,
)
from pilotage.playbook.quantiles import SUFFIXES, Promised
from pilotage.record.errors import Problem


def metric_problems(promised: Promised) -> Iterator[Problem]:
    """Everything that is inconsistent in the metrics, and in what target and guardrails ask of them."""
    ids = [metric.id for metric in promised.metrics]
    for metric_id in sorted({i for i in ids if ids.count(i) > 1}):
        yield _problem("duplicate-metric", "charter.metrics", f"Metric {metric_id} is defined twice; keep one.")
    yield from _not_finite(promised)
    for row, metric in enumerate(promised.metrics):
        for code, field, message in (*_flaws(metric), *_reserved(metric, promised)):
            yield _problem(code, f"charter.metrics[{row}].{field}", f"Metric {metric.id}: {message}.")
    by_id = {metric.id: metric for metric in promised.metrics}
    for row, guardrail in enumerate(promised.guardrails):
        yield from _guardrail_problems(f"charter.guardrails[{row}]", guardrail, by_id.get(guardrail.metric))
    asked = [guardrail.metric for guardrail in promised.guardrails]
    for metric_id in sorted({i for i in asked if asked.count(i) > 1}):
        yield _problem("duplicate-guardrail", "charter.guardrails", f"Metric {metric_id} has two guardrails; keep one.")
    metric_of_target = by_id.get(promised.target.metric)
    if metric_of_target is not None:
        yield from _form_problems(promised.target, metric_of_target)


def _flaws(metric: Metric) -> Iterator[tuple[str, str, str]]:
    """What is wrong with one metric, whatever is promised of it."""
    kind = find_kind(metric.kind)
    if kind is None:
        names = ", ".join(kind.id for kind in kinds())
        yield (
            "unknown-kind",
            "kind",
            f"no kind {metric.kind} is installed; take one of {names}, or install it",
        )
        return
    if not metric.lo < metric.hi:
        yield "empty-range", "hi", f"it is capped to [{metric.lo:g}, {metric.hi:g}]; make lo smaller than hi"
    yield from () if kind.flaws is None else kind.flaws(metric)
    yield from _out_of_place(metric, kind)
    yield from _source_flaws(metric)
    yield from _per_unit_flaws(metric)


def _out_of_place(metric: Metric, kind: MetricKind) -> Iterator[tuple[str, str, str]]:
    if not kind.divides and metric.denominator is not None:
        yield (
            "needless-denominator",
            "denominator",
            f"a {kind.id} divides by nothing; leave it out, or take the kind ratio",
        )
    if not kind.expands and metric.quantile is not None:
        yield "needless-quantile", "quantile", f"a {kind.id} has no quantile; take the kind quantile, or leave it out"


def _source_flaws(metric: Metric) -> Iterator[tuple[str, str, str]]:
    for field, source in zip(("source", "denominator"), metric.sources, strict=False):
        if isinstance(source, UserAction) and not source.actions:
            yield "no-action", field, "say which actions count: accepted, edited, overridden"
        if isinstance(source, Beyond) and source.above is None and source.below is None:
            yield "no-limit", field, "beyond what? Give above, below, or both"
        if isinstance(source, Beyond) and is_truth(source.of) and not is_seen(source.of):
            yield "no-number", field, "this source gives 0 or 1, which has no limit to be beyond; leave beyond out"
        if label_of(source) == INCUMBENT_ANSWER:
            yield (
                "own-answer",
                field,
                "what the incumbent answered is no label, by it the incumbent is always right; name what became known",
            )
        if isinstance(source, UserAction) and metric.observable == "shadow":
            yield (
                "not-observable",
                "observable",
                "nobody sees the candidate's answer in shadow, so nobody acts on it; set observable to exposed",
            )


def _per_unit_flaws(metric: Metric) -> Iterator[tuple[str, str, str]]:
    if metric.per == "call":
        return
    if metric.labelled:
        yield (
            "unit-waits",
            "per",
            "a unit is never finished while it waits for outcomes; measure it per call, or from a source without them",
        )
    if metric.per == "unit_sum" and metric.shift:
        yield "shifted-sum", "shift", "a unit's sum has no shift per call; leave shift at 0"


def _reserved(metric: Metric, promised: Promised) -> Iterator[tuple[str, str, str]]:
    """Ids that a quantile's shares take."""
    for suffix in SUFFIXES:
        base = metric.id.removesuffix(suffix)
        if base != metric.id and any(m.id == base and m.kind == "quantile" for m in promised.metrics):
            yield "reserved-id", "id", f"the id is needed for the shares beyond the limits of {base}; take another one"
    if metric.kind == "quantile" and len(metric.id) > 63 - max(map(len, SUFFIXES)):
        yield "long-id", "id", "a quantile's id can have 55 characters; shorten it"


def _guardrail_problems(field: str, guardrail: Guardrail, metric: Metric | None) -> Iterator[Problem]:
    if metric is None:
        yield _problem(
            "unknown-metric",
            field.partition("[")[0],
            f"Guardrail {guardrail.metric} names no metric of this charter; define the metric first.",
        )
        return
    kind = find_kind(metric.kind)
    if guardrail.limit is None and kind is not None and ("difference" not in kind.forms or _owes_both(metric, kind)):
        what = (
            "a quantile" if kind.expands else f"a {kind.id} that waits for labels" if kind.divides else f"a {kind.id}"
        )
        yield _problem(
            "margin-not-possible",
            f"{field}.limit",
            f"Guardrail {metric.id} is on {what}, which is not compared between the arms; give it a limit.",
        )


def _form_problems(target: Target, metric: Metric) -> Iterator[Problem]:
    kind = find_kind(metric.kind)
    if kind is None:
        return
    forms = frozenset({"own"}) if _owes_both(metric, kind) else kind.forms
    if target.form not in forms:
        allowed = " or ".join(sorted(forms, reverse=True))
        yield _problem(
            "form-not-possible",
            "charter.target.form",
            f"A target on {metric.id}, a {metric.kind}, cannot be stated as {target.form}; state it as {allowed}.",
        )


def _owes_both(metric: Metric, kind: MetricKind) -> bool:
    """Whether a missing label would have to be put in at its worst for both arms of a ratio, which is not kept."""
    return kind.divides and metric.labelled


def _not_finite(promised: Promised) -> Iterator[Problem]:
    """Numbers that are none: a file may say .nan or .inf, and every comparison with them is void."""
    for path, value in _numbers(msgspec.to_builtins(promised), "charter"):
        if not math.isfinite(value):
            yield _problem("not-finite", path, f"{path.rpartition('.')[2]} is {value}; give a finite number.")


def _numbers(value: object, path: str) -> Iterator[tuple[str, float]]:
    if isinstance(value, float):
        yield path, value
    elif isinstance(value, dict):
        for name, below in value.items():
            yield from _numbers(below, f"{path}.{name}")
    elif isinstance(value, list | tuple):
        for row, below in enumerate(value):
            yield from _numbers(below, f"{path}[{row}]")


def _problem(code: str, field: str, message: str) -> Problem:
    return Problem(code=code, field=field, message=message)
