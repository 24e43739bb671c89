"""What the calls of a span of time come to, each unit counted once: read from the calls, not kept beside them.

The kept sums hold a stage from its first call to its last, and the daily ones count a unit that comes back anew each
day; neither says what a month or a quarter came to. So its calls are read, judged by the same rules as the kept sums
(`kinds`), and added up by unit. It costs a pass over the span: whoever asks keeps the answer for a while.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pilotage.evidence.plan import MeasurementPlan
from pilotage.evidence.sums import Totals
from pilotage.evidence.values import MICROS_PER_HOUR
from pilotage.playbook.metrics import Metric
from pilotage.storage.calls.accumulators import MOMENTS, merge_blocks
from pilotage.storage.calls.columns import call_keys, learned, outcome_rows
from pilotage.storage.calls.connection import Connections
from pilotage.storage.calls.ingestion import workload_number
from pilotage.storage.calls.kinds import Judge, View
from pilotage.storage.calls.marks import Marking
from pilotage.storage.calls.packing import Floats, Integers, Rows
from pilotage.storage.calls.reading import CallReader
from pilotage.storage.calls.rows import micros
from pilotage.storage.calls.schema import lowest_id
from pilotage.storage.protocols import SpanOf, SumRow

Named = tuple[str, str]
"""Metric and series."""
_OWNERS = ["stage", "unit"]


class SpanReader:
    """Sums up spans of a workload's calls. Safe to use from several threads."""

    def __init__(self, connections: Connections, reader: CallReader) -> None:
        self._connections = connections
        self._reader = reader

    def totals(self, slug: str, plan: MeasurementPlan, of: SpanOf) -> tuple[SumRow, ...]:
        """The totals of the plan's metrics over the span; () where there are no calls in it."""
        with self._connections.reading() as connection:
            workload = workload_number(connection, slug)
        if workload is None:
            return ()
        judge, series = Judge(plan, Marking(plan)), dict[Named, int]()
        parts = self._reader.between(
            workload,
            micros(of.since),
            micros(of.until),
            lambda table: self._part(workload, _meant(table, plan, of), judge, of, series),
        )
        return tuple(_totalled([part for part in parts if part.num_rows], plan, series))

    def _part(self, workload: int, table: pa.Table, judge: Judge, of: SpanOf, series: dict[Named, int]) -> pa.Table:
        """What some calls add, by stage and unit: n, y and z of each series in a column of its own."""
        if not table.num_rows:
            return table.select([])
        keys = call_keys(table)
        with self._connections.reading() as connection:
            rows = outcome_rows(connection, workload, keys, lowest_id(workload + 1) - 1)
        view = View(table, learned(keys, rows, judge.names))
        columns: dict[str, pa.Array] = _owners(table, of)
        for metric in judge.plan.metrics:
            for values in judge.values(metric, view, _ripe(metric, view.at_us, micros(of.as_of))):
                number = series.setdefault((values.metric, values.series), len(series))
                if not values.segment:
                    columns |= {f"{name}{number}": pa.array(getattr(values, name)) for name in "nyz"}
        return _added(pa.table(columns))


def _meant(table: pa.Table, plan: MeasurementPlan, of: SpanOf) -> pa.Table:
    """The calls of the span, from sources that count, in the modes and of the release that are asked for."""
    at_us = table.column("at_us")
    kept = pc.and_(pc.greater_equal(at_us, micros(of.since)), pc.less(at_us, micros(of.until)))
    kept = pc.and_(kept, pc.is_in(table.column("source"), pa.array(sorted(plan.counted_sources), pa.string())))
    kept = pc.and_(kept, pc.is_in(table.column("mode"), pa.array(of.modes, pa.string())))
    if of.release:
        kept = pc.and_(kept, pc.is_in(_releases(table), pa.array(["", of.release], pa.string())))
    return table.filter(kept)


def _releases(table: pa.Table) -> pa.ChunkedArray:
    """By call the candidate's release, as `release_in` says it: of the served execution before that beside it."""
    found: pa.ChunkedArray = pc.if_else(
        pc.equal(table.column("served_arm"), "candidate"),
        table.column("served_release").cast(pa.string()),
        pc.if_else(
            pc.fill_null(pc.equal(table.column("beside_arm"), "candidate"), False),
            table.column("beside_release").cast(pa.string()),
            "",
        ),
    )
    return pc.fill_null(found, "")


def _owners(table: pa.Table, of: SpanOf) -> dict[str, pa.Array]:
    """By call its stage and its unit; a call without a unit is a unit of its own. Pooled, all stages are one."""
    units = table.column("unit").cast(pa.string())
    stages = table.column("stage").cast(pa.string())
    return {
        "stage": pa.array([""] * table.num_rows) if of.pooled else stages,
        "unit": pc.if_else(
            pc.equal(units, ""), pc.binary_join_element_wise("\x00", table.column("call_id"), ""), units
        ),
    }


def _ripe(metric: Metric, at_us: Integers, as_of_us: int) -> Integers:
    """The rows that the metric takes in: of one that waits for an outcome those whose window has closed."""
    if not metric.labelled:
        return np.arange(len(at_us))
    return np.flatnonzero(as_of_us - at_us > metric.window_hours * MICROS_PER_HOUR)


def _added(table: pa.Table) -> pa.Table:
    sums = [name for name in table.column_names if name not in _OWNERS]
    found = table.group_by(_OWNERS).aggregate([(name, "sum") for name in sums])
    return found.rename_columns([name.removesuffix("_sum") for name in found.column_names])


def _totalled(parts: Sequence[pa.Table], plan: MeasurementPlan, series: dict[Named, int]) -> Iterable[SumRow]:
    if not parts:
        return
    found = _added(pa.concat_tables(parts, promote_options="default"))
    metrics = {metric.id: metric for metric in plan.metrics}
    stages = found.column("stage").combine_chunks().dictionary_encode()
    for place, stage in enumerate(stages.dictionary.to_pylist()):
        mine = found.filter(pa.array(stages.indices.to_numpy() == place))
        for (metric, name), number in series.items():
            totals = _moments(mine, number, metrics[metric])
            if totals is not None:
                yield SumRow(stage=stage, release="", metric=metric, series=name, segment="", totals=totals)


def _moments(units: pa.Table, number: int, metric: Metric) -> Totals | None:
    """The totals of one series over units; None where none has a call in it."""
    if f"n{number}" not in units.column_names:
        return None
    n, y, z = (np.nan_to_num(_floats(units, f"{name}{number}")) for name in "nyz")
    there = np.flatnonzero(n)
    if not len(there):
        return None
    owners = np.arange(len(there))
    rows = Rows(owners, np.zeros_like(owners), n[there], y[there], z[there])
    per_unit = {} if metric.per == "call" else {0: metric}
    (moments,) = merge_blocks([b""] * len(there), [rows], per_unit).moments.tolist()
    return Totals(**dict(zip(MOMENTS, moments, strict=True)))


def _floats(table: pa.Table, name: str) -> Floats:
    found: Floats = table.column(name).to_numpy().astype(np.float64)
    return found
