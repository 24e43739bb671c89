"""A sample that somebody hands in, on its way to figures: it lies in a file of its own until it is read, then goes."""

from __future__ import annotations

import tempfile
from pathlib import Path

from pilotage.record.areas.data import CheckSample, SampleFigures
from pilotage.record.errors import Problem
from pilotage.storage.history import HistoryInvalid, figures_of

FIELDS = {"label": "label_column", "time": "time_column"}


def sample_of(command: CheckSample) -> SampleFigures | tuple[Problem, ...]:
    """What the sample holds, or everything that keeps it from being read, each with its field."""
    with tempfile.NamedTemporaryFile(prefix="pilotage-sample-", suffix=".rows") as copy:
        copy.write(command.sample)
        copy.flush()
        try:
            return figures_of(Path(copy.name), label=command.label_column, time=command.time_column)
        except HistoryInvalid as invalid:
            return problems_of(invalid)


def problems_of(invalid: HistoryInvalid) -> tuple[Problem, ...]:
    """What is wrong with a sample, as a refusal says it."""
    found = []
    for wrong in invalid.found:
        if wrong.code == "columns":
            message = f"{wrong.message} Perhaps it is {wrong.guess}?" if wrong.guess else wrong.message
            found.append(Problem(code=wrong.code, field=FIELDS[wrong.column], message=message))
            continue
        message = f"line {wrong.line}: {wrong.message}" if wrong.line else wrong.message
        found.append(Problem(code=wrong.code, field="sample", message=message))
    if invalid.more:
        found.append(Problem(code="more", field="sample", message=f"And {invalid.more:,} more rows are wrong."))
    return tuple(found)
