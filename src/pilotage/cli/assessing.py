"""`pilotage assess`: what past answers and labels say, before anything is wired. It never counts for a gate."""

from __future__ import annotations

import csv
import datetime as dt
import io
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click
import msgspec
from msgspec import Struct

from pilotage.cli.failures import CliError, InvalidFile, Wrong, counted
from pilotage.cli.files import text_of, write_text
from pilotage.cli.invocation import Answer, Invocation, command
from pilotage.cli.wording import figure_words
from pilotage.evidence.assess import PILOT_WEEKS, RIGHT_ANSWERS, Assessment, HistoryRow, assess
from pilotage.evidence.measurements import Estimate, Estimated, Reachability
from pilotage.playbook.metrics import LabelCost, LabelMatch, Metric, Target
from pilotage.playbook.nodes import plain, read
from pilotage.playbook.shape import differences

if TYPE_CHECKING:
    from pilotage.cli.screen import Screen

NEEDED = ("incumbent", "candidate", "label")
DAYS_A_WEEK = 7
EMPTY = ("workload", "title", "problem", "incumbent")


class Segment(Struct, frozen=True, kw_only=True):
    """The comparison within one value of a column."""

    value: str
    rows: int
    incumbent: Estimated
    candidate: Estimated
    difference: Estimated


class Assessed(Struct, frozen=True, kw_only=True):
    """The whole answer."""

    file: str
    assessment: Assessment
    segments: dict[str, tuple[Segment, ...]]


@command("assess", reaches=False)
@click.argument("file", type=click.Path(path_type=Path))
@click.option(
    "--metric",
    "metric_file",
    type=click.Path(path_type=Path),
    help="A YAML file with the metric to judge by; right answers without it.",
)
@click.option(
    "--by",
    "columns",
    multiple=True,
    metavar="COLUMN",
    help="Compare within each value of this column; may be given again.",
)
@click.option(
    "--weeks",
    type=click.FloatRange(min=1),
    default=float(PILOT_WEEKS),
    show_default=True,
    help="The length of the pilot to plan.",
)
@click.option("-o", "--output", type=click.Path(path_type=Path), help="Write a draft of the workload's file here.")
def assess_(
    run: Invocation,
    *,
    file: Path,
    metric_file: Path | None,
    columns: tuple[str, ...],
    weeks: float,
    output: Path | None,
) -> Answer:
    """Say from past answers and labels in a CSV FILE what a pilot could show.

    Columns: incumbent, candidate and label; time and unit where they are known; input and others are for reading.
    Gives the baseline, the paired comparison, and whether a pilot could tell. This is history: no gate counts it.
    """
    metric = RIGHT_ANSWERS if metric_file is None else read_metric(metric_file)
    rows, groups = read_history(file, columns)
    whole = assess(rows, metric, weeks=weeks)
    segments = {
        column: tuple(_segment(value, found, metric, weeks) for value, found in sorted(values.items()))
        for column, values in groups.items()
    }
    assessed = Assessed(file=str(file), assessment=whole, segments=segments)
    if output is not None:
        write_text(output, draft(file, whole, weeks))
    run.screen.answer(assessed, lambda screen: _draw(screen, assessed, output))
    return None


def _segment(value: str, rows: list[HistoryRow], metric: Metric, weeks: float) -> Segment:
    found = assess(rows, metric, weeks=weeks)
    return Segment(
        value=value,
        rows=found.rows,
        incumbent=found.baseline.estimate,
        candidate=found.candidate,
        difference=found.difference,
    )


def read_metric(file: Path) -> Metric:
    """A metric from a file. Raises `InvalidFile` with all that is wrong; only answers and labels can be judged by."""
    tree, problems = read(text_of(file))
    wrong = [*problems, *(differences(tree, Metric) if tree is not None else ())]
    if tree is None or wrong:
        raise InvalidFile(file, (Wrong(field=p.path, message=p.message, code=p.code, line=p.line) for p in wrong))
    metric = msgspec.convert(plain(tree), Metric)
    if not isinstance(metric.source, LabelMatch | LabelCost):
        message = "A history has answers and labels only; take a source of the type label_match or label_cost."
        raise InvalidFile(file, [Wrong(field="source", message=message, code="not-in-history")])
    return metric


def read_history(
    file: Path, columns: tuple[str, ...]
) -> tuple[list[HistoryRow], dict[str, dict[str, list[HistoryRow]]]]:
    """The rows of a file, also by the values of some columns. Raises `InvalidFile` with every bad row."""
    table = csv.DictReader(io.StringIO(text_of(file)), strict=True)
    missing = [column for column in (*NEEDED, *columns) if column not in (table.fieldnames or ())]
    if missing:
        there = ", ".join(table.fieldnames or ()) or "nothing"
        raise CliError("columns", f"{file} lacks the columns {', '.join(missing)}; its first line has {there}.")
    rows: list[HistoryRow] = []
    groups: dict[str, dict[str, list[HistoryRow]]] = {column: defaultdict(list) for column in columns}
    wrong: list[Wrong] = []
    try:
        for cells in table:
            faults = [Wrong(field=f, message=m, line=table.line_num, code="bad-row") for f, m in _faults(cells)]
            wrong += faults
            if not faults:
                rows.append(_history_row(cells))
                for column in columns:
                    groups[column][cells[column] or "(none)"].append(rows[-1])
    except csv.Error as error:
        wrong.append(Wrong(message=f"This is not CSV: {error}.", line=table.line_num, code="not-csv"))
    if not rows and not wrong:
        wrong.append(Wrong(message="There is no row below the first line.", code="empty-file"))
    if wrong:
        raise InvalidFile(file, wrong)
    return rows, groups


def _faults(cells: dict[str, str]) -> Iterator[tuple[str, str]]:
    if None in cells or None in cells.values():
        yield "", "This row has more or fewer fields than the first line; quote values that hold commas."
    elif cells.get("time") and _moment(cells["time"]) is None:
        yield "time", f"{cells['time']!r} is no time; write one like 2026-03-31T14:05:00+02:00."


def _moment(text: str) -> dt.datetime | None:
    """A time; one without a zone is taken as UTC, since only the pace and the span are read from it."""
    try:
        moment = dt.datetime.fromisoformat(text.strip())
    except ValueError:
        return None
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=dt.UTC)


def _history_row(cells: dict[str, str]) -> HistoryRow:
    return HistoryRow(
        incumbent=cells["incumbent"] or None,
        candidate=cells["candidate"] or None,
        label=cells["label"] or None,
        at=_moment(cells["time"]) if cells.get("time") else None,
        unit=cells.get("unit") or None,
    )


def draft(file: Path, found: Assessment, weeks: float) -> str:
    """A workload's file to begin from: what the history suggests, and empty what only people can say."""
    from pilotage.cli.workload_file import sparse, yaml_text

    today = dt.datetime.now(dt.UTC).date()
    starts_on = today + dt.timedelta(days=DAYS_A_WEEK - today.weekday())
    charter: dict[str, object] = {"purpose": "", "value": "", "metrics": [sparse(found.metric)]}
    if "target" in found.charter:
        charter["target"] = sparse(msgspec.convert(found.charter["target"], Target))
    charter |= {"starts_on": starts_on, "decision_on": starts_on + dt.timedelta(days=round(weeks * DAYS_A_WEEK))}
    why = "" if "target" in found.charter else "# No target is drafted: the history shows no advantage to promise.\n"
    return (
        f"# A draft from {file.name}, made on {today}: history, which counts for no gate. Nobody has promised it.\n"
        f"{why}# Fill in what is empty, then: pilotage apply -f FILE --dry-run\n"
        + yaml_text({**dict.fromkeys(EMPTY, ""), "charter": charter})
    )


def _draw(screen: Screen, assessed: Assessed, output: Path | None) -> None:
    found = assessed.assessment
    pace = f", about {found.calls_per_week:,.0f} calls a week" if found.calls_per_week else ""
    screen.line(
        f"{assessed.file} ({found.mark}: it counts for no gate): {counted(found.rows, 'row')}, "
        f"{found.compared:,} compared, {counted(found.units, 'unit')}{pace}"
    )
    screen.line(f"metric      {found.metric.title}, {found.metric.unit}, {found.metric.direction} is better")
    screen.line(f"incumbent   {_estimate(found.baseline.estimate)}")
    screen.line(f"candidate   {_estimate(found.candidate)}")
    screen.line(f"difference  {_estimate(found.difference)}; above 0 the candidate is better")
    if found.reachability is not None:
        screen.line(f"reachable   {_reachable(found.reachability)}")
    for column, segments in assessed.segments.items():
        screen.line(f"by {column}")
        heads = (column, "rows", "incumbent", "candidate", "difference")
        rows = [
            (s.value, f"{s.rows:,}", _estimate(s.incumbent), _estimate(s.candidate), _estimate(s.difference))
            for s in segments
        ]
        screen.table(heads, rows)
    for warning in found.warnings:
        screen.line(warning, "waiting")
    if output is not None:
        screen.line(f"A draft of the workload's file is in {output}.", "good")


def _estimate(found: Estimated) -> str:
    if not isinstance(found, Estimate):
        return f"not estimable: {found.reason}"
    return f"{figure_words(found.value)} ({figure_words(found.low)} to {figure_words(found.high)})"


def _reachable(found: Reachability) -> str:
    if found.probability_at_expected is None or found.probability_at_target is None:
        return found.reason
    return (
        f"{found.reason} The chance of a go is {found.probability_at_expected:.0%} if the candidate is as good as "
        f"here, {found.probability_at_target:.0%} if it is just at the target."
    )
