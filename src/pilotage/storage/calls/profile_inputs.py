"""What the statements on fields are asked with: what was learned of the calls, the target's judgement, the bins."""

from __future__ import annotations

import re
import sqlite3
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import msgspec
import pyarrow as pa

from pilotage.evidence.daybook import Reference
from pilotage.evidence.plan import MeasurementPlan
from pilotage.evidence.readers import INCUMBENT_ANSWER
from pilotage.evidence.values import MICROS_PER_HOUR
from pilotage.playbook.metrics import LabelCost, LabelMatch, Metric, OutcomeValue
from pilotage.storage.calls.schema import lowest_id

INPUT_FIELDS_MAX = 40
INPUT = "input"
_CHUNK = 500
_TOLD_BY_PEOPLE = ("action", "rating")
_INFINITY = float("inf")
# Keys with dots or quotes cannot be told from paths, and are not watched.
_NAME = re.compile(r"[\w-]{1,64}")


def learned(connection: sqlite3.Connection, workload: int, calls: Sequence[str], label: str) -> dict[str, pa.Table]:
    """The first outcome of each name of these calls, as the relations `answers`, `labels` and `reported`."""
    first: dict[tuple[str, str], tuple[str, int]] = {}
    for start in range(0, len(calls), _CHUNK):
        keys = [bytes.fromhex(call) for call in calls[start : start + _CHUNK]]
        rows = connection.execute(
            f"SELECT call, name, value, at_us, kind FROM outcomes WHERE call IN ({', '.join('?' * len(keys))}) "  # noqa: S608 - only marks
            "AND id > ? AND id < ? ORDER BY at_us, outcome",
            (*keys, lowest_id(workload), lowest_id(workload + 1)),
        )
        for call, name, value, at_us, kind in rows:
            if kind != "feedback" or name in _TOLD_BY_PEOPLE:
                first.setdefault((call.hex(), name), (value, at_us))
    return {
        "answers": _relation((call, *rest) for (call, name), rest in first.items() if name == INCUMBENT_ANSWER),
        "labels": _relation((call, *rest) for (call, name), rest in first.items() if name == label),
        "reported": _named((call, name, rest[0]) for (call, name), rest in first.items() if name != INCUMBENT_ANSWER),
    }


def judgement(plan: MeasurementPlan) -> tuple[dict[str, Any], dict[str, pa.Table], str]:
    """How the target metric judges an answer by its label: parameters, the relation `costs`, the label's name. A target
    that does not wait for a label judges nothing here.
    """
    metric = next((m for m in plan.metrics if plan.target and m.id == plan.target.metric), None)
    source = metric.source if metric else None
    costs: Mapping[str, Mapping[str, float]] = {}
    judge, field, label, otherwise = "none", None, "", 0.0
    if isinstance(source, LabelMatch):
        judge, field, label = "match", source.answer_field, source.label
    elif isinstance(source, LabelCost):
        judge, field, label, costs, otherwise = (
            "cost",
            source.answer_field,
            source.label,
            source.costs,
            source.otherwise,
        )
    elif isinstance(source, OutcomeValue):
        judge, label = "outcome", source.outcome
    lo, hi = (metric.lo, metric.hi) if metric else (0.0, 1.0)
    parameters = {
        "judge": judge,
        "answer_path": "$" if field is None else f'$."{field}"',
        "window_us": round(metric.window_hours * MICROS_PER_HOUR) if metric else 0,
        "failed": metric.worst if metric else 0.0,
        "lo": lo,
        "hi": hi,
        "right_value": min(max(1.0, lo), hi),
        "wrong_value": min(max(0.0, lo), hi),
        "otherwise": min(max(otherwise, lo), hi),
    }
    return parameters, {"costs": _costs(costs, metric)}, label


def input_paths(inputs: Iterable[str]) -> tuple[list[str], list[str], int]:
    """Names and JSON paths of the inputs' fields, one level into objects; how many more there were. An input that is
    no object is one field.
    """
    seen: Counter[tuple[str, ...]] = Counter()
    for text in inputs:
        seen.update(_keys(msgspec.json.decode(text)))
    ordered = sorted(seen, key=lambda keys: (-seen[keys], keys))
    kept = sorted(ordered[:INPUT_FIELDS_MAX])
    names = [".".join((INPUT, *keys)) for keys in kept]
    paths = ["$" + "".join(f'."{key}"' for key in keys) for keys in kept]
    return names, paths, len(ordered) - len(kept)


def bins_relation(references: Iterable[Reference]) -> pa.Table:
    """The bins of every scope as the relation `bins`."""
    rows = []
    for reference in references:
        for field in reference.fields:
            cuts = (*field.bins.cuts, *[_INFINITY] * 9)[:9]
            rows.append(
                {
                    "scope": reference.scope,
                    "name": field.bins.name,
                    "is_number": field.bins.kind == "number",
                    "names": field.bins.own > 0,
                    "low": field.bins.low,
                    "high": field.bins.high,
                    **{f"c{number}": cut for number, cut in enumerate(cuts, 1)},
                }
            )
    return pa.Table.from_pylist(rows, schema=_BINS)


_BINS = pa.schema(
    [
        ("scope", pa.string()),
        ("name", pa.string()),
        ("is_number", pa.bool_()),
        ("names", pa.bool_()),
        ("low", pa.float64()),
        ("high", pa.float64()),
        *((f"c{number}", pa.float64()) for number in range(1, 10)),
    ]
)


def _keys(value: Any) -> Iterable[tuple[str, ...]]:  # noqa: ANN401 - an input is any JSON value
    if not isinstance(value, dict):
        yield ()
        return
    for key, inner in value.items():
        if not _NAME.fullmatch(key):
            continue
        if isinstance(inner, dict) and inner:
            yield from ((key, deeper) for deeper in inner if _NAME.fullmatch(deeper))
        else:
            yield (key,)


def _costs(costs: Mapping[str, Mapping[str, float]], metric: Metric | None) -> pa.Table:
    lo, hi = (metric.lo, metric.hi) if metric else (0.0, 1.0)
    rows = [
        {"answer": _as_text(answer), "label": _as_text(label), "cost": min(max(cost, lo), hi)}
        for answer, by_label in costs.items()
        for label, cost in by_label.items()
    ]
    return pa.Table.from_pylist(
        rows, schema=pa.schema([("answer", pa.string()), ("label", pa.string()), ("cost", pa.float64())])
    )


def _as_text(text: str) -> str:
    """A cost table's key as the statement writes answers: a number as a floating one."""
    if not text or text[0] not in "-.0123456789":
        return text
    try:
        return repr(float(text))
    except ValueError:
        return text


def _relation(rows: Iterable[tuple[str, str, int]]) -> pa.Table:
    kept = list(rows)
    return pa.table(
        {
            "call_id": pa.array([row[0] for row in kept], pa.string()),
            "value": pa.array([row[1] for row in kept], pa.string()),
            "at_us": pa.array([row[2] for row in kept], pa.int64()),
        }
    )


def _named(rows: Iterable[tuple[str, str, str]]) -> pa.Table:
    kept = list(rows)
    return pa.table(
        {
            name: pa.array([row[number] for row in kept], pa.string())
            for number, name in enumerate(("call_id", "name", "value"))
        }
    )
