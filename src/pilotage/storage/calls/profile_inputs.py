"""What the statements on fields are asked with: what was learned of the calls, the target's judgement, the bins."""

from __future__ import annotations

import re
import sqlite3
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

import msgspec
import pyarrow as pa
from msgspec import Struct

from pilotage.evidence.daybook import Reference
from pilotage.evidence.labels import is_taken
from pilotage.evidence.plan import MeasurementPlan
from pilotage.evidence.readers import reader
from pilotage.evidence.values import MICROS_PER_HOUR
from pilotage.playbook.metrics import INCUMBENT_ANSWER, LabelCost, LabelMatch, Metric, OutcomeValue
from pilotage.runtime.records import Execution
from pilotage.storage.calls.schema import lowest_id

INPUT_FIELDS_MAX = 40
INPUT = "input"
_CHUNK = 500
_TOLD_BY_PEOPLE = ("action", "rating")
_FAILED = "failed"  # that it failed is all that a reader asks
_INFINITY = float("inf")
# Keys with dots or quotes cannot be told from paths, and are not watched.
_NAME = re.compile(r"[\w-]{1,64}")


def learned(connection: sqlite3.Connection, workload: int, calls: Sequence[str], label: str) -> dict[str, pa.Table]:
    """The first outcome of each name of these calls, as the relations `answers`, `labels` and `reported`."""
    first: dict[tuple[str, str], tuple[str, int]] = {}
    for start in range(0, len(calls), _CHUNK):
        keys = [bytes.fromhex(call) for call in calls[start : start + _CHUNK]]
        rows = connection.execute(
            f"SELECT call, name, value, at_us, kind, basis FROM outcomes WHERE call IN ({', '.join('?' * len(keys))}) "  # noqa: S608 - only marks
            "AND id > ? AND id < ? ORDER BY at_us, outcome",
            (*keys, lowest_id(workload), lowest_id(workload + 1)),
        )
        for call, name, value, at_us, kind, basis in rows:
            if is_taken(name, basis) and (kind != "feedback" or name in _TOLD_BY_PEOPLE):
                first.setdefault((call.hex(), name), (value, at_us))
    return {
        "answers": _relation((call, *rest) for (call, name), rest in first.items() if name == INCUMBENT_ANSWER),
        "labels": _relation((call, *rest) for (call, name), rest in first.items() if name == label),
        "reported": _named((call, name, rest[0]) for (call, name), rest in first.items() if name != INCUMBENT_ANSWER),
    }


class Judge(Struct, frozen=True, kw_only=True):
    """How the target judges an answer by its label or outcome. Without a metric it judges nothing here, since it does
    not wait for one.
    """

    metric: Metric | None = None
    label: str = ""
    field: str | None = None
    by_answer: bool = False

    def parameters(self) -> dict[str, Any]:
        """What the statements have to know of it."""
        return {
            "answer_path": "$" if self.field is None else f'$."{self.field}"',
            "window_us": round(self.metric.window_hours * MICROS_PER_HOUR) if self.metric else 0,
            "by_answer": self.by_answer,
        }

    def worths(self, found: pa.Table) -> pa.Table:
        """What was found to judge as the relation `worths`: each with the target's value of it, by the same reader as
        the sums that decide. `found` has the columns arm, failed, judged_on and truth.
        """
        read = None if self.metric is None else reader(self.metric)
        values = [
            None
            if read is None
            else read(
                Execution(arm=row["arm"], value=row["judged_on"], error=_FAILED if row["failed"] else ""),
                {self.label: row["truth"]},
            )
            for row in found.to_pylist()
        ]
        return found.append_column("y", pa.array(values, pa.float64()))


def judge_of(plan: MeasurementPlan) -> Judge:
    """How the plan's target judges."""
    metric = next((m for m in plan.metrics if plan.target and m.id == plan.target.metric), None)
    source = metric.source if metric else None
    if isinstance(source, LabelMatch | LabelCost):
        return Judge(metric=metric, label=source.label, field=source.answer_field, by_answer=True)
    return Judge(metric=metric, label=source.outcome) if isinstance(source, OutcomeValue) else Judge()


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
