"""The projector's steps for many calls at once: what is read before them, and the changes that come of it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pyarrow as pa

from pilotage.storage.calls.columnar import NOWHERE, Columnar, Span, Wide, Windows
from pilotage.storage.calls.columns import Learned, OutcomeRow, call_keys, learned, outcome_rows
from pilotage.storage.calls.connection import Connections
from pilotage.storage.calls.folding import Batch, UnitKey
from pilotage.storage.calls.packing import Integers
from pilotage.storage.calls.schema import lowest_id
from pilotage.storage.calls.sums_tables import placed, preload


class Bulk:
    """Steps of one projection, by its number and its workload's. `ripe_us` and `due_until_us` as it has them."""

    def __init__(self, connections: Connections, columnar: Columnar, projection: int, workload: int) -> None:
        self._connections = connections
        self._columnar = columnar
        self._projection = projection
        self._workload = workload

    def add(self, table: pa.Table, *, outcome_number: int, ripe_us: int, due_until_us: int, stored: bool) -> Batch:
        """New calls, with the outcomes up to a number; `stored`: whether their units may be on record."""
        rows = self._columnar.counted(table)
        batch = Batch()
        places = self._located(table, rows, batch, stored=stored)
        self._columnar.widen(batch, places, table.column("at_us").to_numpy())
        windows = self._columnar.windows(batch)
        wide = self.count(
            batch, table, windows, outcome_number=outcome_number, ripe_us=ripe_us, due_until_us=due_until_us
        )
        windows.write(batch)
        self._columnar.add_units(batch, wide, 1.0)
        return batch

    def units(self, keys: Sequence[UnitKey], firsts_us: Sequence[int], *, stored: bool) -> Batch:
        """A batch with these units, their windows widened to their first calls; `stored`: whether any may be."""
        batch = Batch()
        if stored:
            with self._connections.rereading() as connection:
                preload(connection, self._projection, keys, batch)
        places = placed(keys, firsts_us, batch)
        self._columnar.widen(batch, np.array(places, dtype=np.int64), np.array(firsts_us, dtype=np.int64))
        return batch

    def count(
        self,
        batch: Batch,
        table: pa.Table,
        windows: Windows,
        *,
        outcome_number: int,
        ripe_us: int,
        due_until_us: int,
    ) -> Wide:
        """Everything that calls change but their units' sums, and what they add to these; `batch` has the units."""
        columnar = self._columnar
        view = columnar.view(table, self._learned(table, outcome_number))
        rows = columnar.counted(table)
        places = np.full(table.num_rows, NOWHERE, dtype=np.int64)
        keys, _, owners = columnar.keys(table, rows)
        places[rows] = np.array(list(map(batch.index.__getitem__, keys)), dtype=np.int64)[owners]
        wide = columnar.wide(view, places, windows, Span(until_us=ripe_us))
        columnar.add_days(batch, wide, 1.0)
        columnar.waits(batch, table, rows, ripe_us)
        columnar.tally(batch.counts, view, 1, due_until_us, times=True)
        windows.reach(places, view.at_us)
        return wide

    def ripen(self, table: pa.Table, *, outcome_number: int, since_us: int, until_us: int) -> Batch:
        """Calls of which label windows closed in a span of time."""
        columnar, batch = self._columnar, Batch()
        known = self._learned(table, outcome_number)
        places = self._located(table, np.arange(table.num_rows), batch)
        span = Span(until_us=until_us, since_us=since_us, unlabelled="none")
        wide = columnar.wide(columnar.view(table, known), places, columnar.windows(batch), span)
        columnar.add_units(batch, wide, 1.0)
        columnar.add_days(batch, wide, 1.0)
        return batch

    def learn(
        self, table: pa.Table, rows: Sequence[OutcomeRow], after: int, *, ripe_us: int, due_until_us: int
    ) -> Batch:
        """Calls of which more became known: `rows` are all their outcomes, known are those up to the id `after`."""
        columnar, batch = self._columnar, Batch()
        keys = call_keys(table)
        places = self._located(table, columnar.may_change(table, ripe_us), batch)
        span = Span(until_us=ripe_us, unlabelled="people")
        names = columnar.judge.names
        before = learned(keys, [row for row in rows if row[1] <= after], names)
        for known, sign in ((before, -1), (learned(keys, rows, names), 1)):
            view = columnar.view(table, known)
            if batch.units:
                wide = columnar.wide(view, places, columnar.windows(batch), span)
                columnar.add_units(batch, wide, float(sign))
                columnar.add_days(batch, wide, float(sign))
            columnar.tally(batch.counts, view, sign, due_until_us, times=sign > 0)
        return batch

    def _learned(self, table: pa.Table, outcome_number: int) -> Learned:
        keys = call_keys(table)
        upto = lowest_id(self._workload, outcome_number)
        with self._connections.reading() as connection:
            rows = outcome_rows(connection, self._workload, keys, upto)
        return learned(keys, rows, self._columnar.judge.names)

    def _located(self, table: pa.Table, rows: Integers, batch: Batch, *, stored: bool = True) -> Integers:
        """By row the index of the call's unit in the batch; `NOWHERE` for all other rows."""
        places = np.full(table.num_rows, NOWHERE, dtype=np.int64)
        if len(rows):
            keys, firsts, owners = self._columnar.keys(table, rows)
            times_us = table.column("at_us").to_numpy()[firsts].tolist()
            if stored:
                with self._connections.rereading() as connection:
                    preload(connection, self._projection, keys, batch)
            places[rows] = np.array(placed(keys, times_us, batch), dtype=np.int64)[owners]
        return places
