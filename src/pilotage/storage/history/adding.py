"""The sums over units as statements: the fields of `Totals` are the products that their names spell."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pilotage.evidence.history import PartSums
from pilotage.evidence.sums import Totals

FIELDS = Totals.__struct_fields__
SERIES = ("before", "pairs")

_PER_UNIT = """
SELECT {group} count(*) AS rows_, count(z) AS before_n, fsum(z) AS before_y, 0.0 AS before_z,
  count(*) FILTER (y IS NOT NULL AND z IS NOT NULL) AS pairs_n,
  fsum(y) FILTER (z IS NOT NULL) AS pairs_y, fsum(z) FILTER (y IS NOT NULL) AS pairs_z
FROM judged WHERE unit IS NOT NULL GROUP BY {group} unit
UNION ALL
SELECT {group} 1, CAST(z IS NOT NULL AS INTEGER), z, 0.0, CAST(y IS NOT NULL AND z IS NOT NULL AS INTEGER),
  CASE WHEN z IS NOT NULL THEN y END, CASE WHEN y IS NOT NULL THEN z END
FROM judged WHERE unit IS NULL
"""


def totals_statement(group: str = "") -> str:
    """All totals over units, whole or by the column `group`: group, rows, the most calls of a unit, then the fields of
    each series in order.
    """
    sums = ", ".join(_sum(series, field) for series in SERIES for field in FIELDS)
    by = f"{group}," if group else ""
    # The parts are the names of our own columns.
    return (
        f"SELECT {by or 'NULL,'} sum(rows_), max(pairs_n), {sums} FROM ({_PER_UNIT.format(group=by)})"  # noqa: S608 - our own names
        + (f" GROUP BY {group}" if group else "")
    )


def _sum(series: str, field: str) -> str:
    if field == "units":
        return f"count(*) FILTER ({series}_n > 0)"
    factors = "*".join(f"CAST({series}_{letter} AS DOUBLE)" for letter in field)
    return f"coalesce(fsum({factors}) FILTER ({series}_n > 0), 0.0)"


def part_of(row: Sequence[Any]) -> PartSums:
    """The sums that one row of `totals_statement` holds."""
    figures = [float(figure or 0.0) for figure in row[3:]]
    before, pairs = figures[: len(FIELDS)], figures[len(FIELDS) :]
    return PartSums(
        rows=int(row[1] or 0),
        before=Totals(**dict(zip(FIELDS, before, strict=True))),
        pairs=Totals(**dict(zip(FIELDS, pairs, strict=True))),
    )
