"""`pilotage assess`: what past answers and labels say, before anything is wired. It never counts for a gate."""

from __future__ import annotations

import datetime as dt
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click
import msgspec
from msgspec import Struct

from pilotage.cli.failures import CliError, InvalidFile, Wrong, counted
from pilotage.cli.files import STANDARD_STREAM, text_of, write_bytes, write_text
from pilotage.cli.invocation import Answer, Invocation, command
from pilotage.cli.screen import Screen, Toned
from pilotage.cli.wording import figure_words
from pilotage.evidence.assess import PILOT_WEEKS, Assessment
from pilotage.evidence.history import not_in_a_history
from pilotage.evidence.measurements import Estimate, Estimated, Reachability
from pilotage.playbook.metrics import Direction, Metric
from pilotage.playbook.nodes import plain, read
from pilotage.playbook.shape import differences

if TYPE_CHECKING:
    from pilotage.storage.history import HistoryInvalid, HistoryWrong
    from pilotage.workflow.assessing import Question

COST_FORM = "ANSWER/LABEL=AMOUNT"
CLASSES_SHOWN = 5
PDF = "pdf"
REPORT_FORMS = frozenset({PDF, "html"})
Progress = Callable[[str], None]


class Assessed(Struct, frozen=True, kw_only=True):
    """The whole answer."""

    file: str
    assessment: Assessment


@command("assess", reaches=False)
@click.argument("file", type=click.Path(path_type=Path))
@click.option(
    "--metric",
    "metric_file",
    type=click.Path(path_type=Path),
    help="A YAML file with the metric to judge by; right answers without it.",
)
@click.option(
    "--outcome",
    metavar="NAME",
    default="",
    help="Judge by the mean of the numbers in the columns incumbent_NAME and candidate_NAME.",
)
@click.option(
    "--cost",
    "costs",
    metavar=COST_FORM,
    multiple=True,
    help="Judge by the cost of answers: what ANSWER costs when the label says LABEL; may be given again.",
)
@click.option(
    "--lower/--higher", "lower", default=None, help="Which numbers are better, with --outcome; higher without it."
)
@click.option("--lo", type=float, help="Smaller numbers count as this one; the file's least, or 0, without it.")
@click.option("--hi", type=float, help="Larger numbers count as this one; the file's largest without it.")
@click.option(
    "--by",
    "columns",
    multiple=True,
    metavar="COLUMN",
    help="Compare within each value of this column; may be given again.",
)
@click.option("--incumbent", metavar="COLUMN", help="The column with today's answers, if it is called something else.")
@click.option("--candidate", metavar="COLUMN", help="The column with the AI's answers.")
@click.option("--label", metavar="COLUMN", help="The column with the right answers.")
@click.option("--time", metavar="COLUMN", help="The column with the time of each call.")
@click.option("--unit", metavar="COLUMN", help="The column that says whom a call belongs to.")
@click.option(
    "--time-zone",
    metavar="ZONE",
    default="UTC",
    show_default=True,
    help="Where days begin and end, and what times without a zone mean.",
)
@click.option(
    "--weeks",
    type=click.FloatRange(min=1),
    default=float(PILOT_WEEKS),
    show_default=True,
    help="The length of the pilot to plan.",
)
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path),
    help="Write a draft of the workload's file here; where the name ends in .pdf, the report.",
)
@click.option(
    "--report",
    type=click.Path(path_type=Path),
    help="Write a report here, pictures included; the ending, .pdf or .html, says the form.",
)
def assess_(
    run: Invocation,
    *,
    file: Path,
    metric_file: Path | None,
    outcome: str,
    costs: tuple[str, ...],
    lower: bool | None,
    lo: float | None,
    hi: float | None,
    columns: tuple[str, ...],
    incumbent: str | None,
    candidate: str | None,
    label: str | None,
    time: str | None,
    unit: str | None,
    time_zone: str,
    weeks: float,
    output: Path | None,
    report: Path | None,
) -> Answer:
    """Say from past answers and labels in a CSV or Parquet FILE what a pilot could show.

    Columns: incumbent, candidate and label; time and unit where they are known; input and others are for reading.
    Gives the baseline, the paired comparison, and whether a pilot could tell. This is history: no gate counts it.
    """
    from pilotage.storage.history import Columns, HistoryInvalid
    from pilotage.workflow.assessing import Question, assess_file, draft

    direction: Direction | None = None if lower is None else "lower" if lower else "higher"
    question = Question(
        metric=None if metric_file is None else read_metric(metric_file),
        outcome=outcome,
        costs=_costs(costs),
        direction=direction,
        lo=lo,
        hi=hi,
        columns=Columns(incumbent=incumbent, candidate=candidate, label=label, time=time, unit=unit, by=columns),
        weeks=weeks,
        time_zone=time_zone,
    )
    output, report = _places(output, report)
    _check(question, metric_file)
    with _readable(file) as path, _progress(run.screen) as progress:
        try:
            found = assess_file(path, question, progress=progress)
        except HistoryInvalid as invalid:
            raise _refusal(file, invalid) from invalid
    assessed, now = Assessed(file=str(file), assessment=found), dt.datetime.now(dt.UTC)
    text = draft(file.name, found, today=now.date())
    if output is not None:
        write_text(output, text)
    if report is not None:
        _write_report(report, found, file.name, text, now)
    run.screen.answer(assessed, lambda screen: _draw(screen, assessed, output, report))
    return None


def _places(output: Path | None, report: Path | None) -> tuple[Path | None, Path | None]:
    """Where the draft and the report go. Raises `CliError` where the ending of the report says no form."""
    if output is not None and _form(output) == PDF:
        if report is not None:
            raise CliError("two-reports", f"{output} and {report} are both reports; give one, and -o for the draft.")
        output, report = None, output
    if report is not None and _form(report) not in REPORT_FORMS:
        raise CliError("unknown-form", f"{report} ends in neither .pdf nor .html; the ending says what is written.")
    return output, report


def _form(path: Path) -> str:
    return path.suffix.removeprefix(".").lower()


def _write_report(path: Path, found: Assessment, name: str, text: str, now: dt.datetime) -> None:
    from pilotage.reports.assessment import view_of
    from pilotage.reports.documents.assessment import assessment_document

    made = assessment_document(found, view_of(found, name, draft=text, today=now.date()), now)
    if _form(path) == PDF:
        from pilotage.reports.documents.typesetting import typesetter

        write_bytes(path, typesetter().pdf(made))
        return
    from pilotage.reports.documents.page import page_of

    write_text(path, page_of(made))


def read_metric(file: Path) -> Metric:
    """A metric from a file. Raises `InvalidFile` with all that is wrong, or when a history cannot be judged by it."""
    tree, problems = read(text_of(file))
    wrong = [*problems, *(differences(tree, Metric) if tree is not None else ())]
    if tree is None or wrong:
        raise InvalidFile(file, (Wrong(field=p.path, message=p.message, code=p.code, line=p.line) for p in wrong))
    metric = msgspec.convert(plain(tree), Metric)
    if message := not_in_a_history(metric):
        raise InvalidFile(file, [Wrong(field="source", message=message, code="not-in-history")])
    return metric


def _costs(given: tuple[str, ...]) -> dict[str, dict[str, float]]:
    """`--cost delivery/billing=20` as a table. Raises `CliError` for one that is written another way."""
    from pilotage.workflow.assessing import costs_of

    costs, bad = costs_of(given)
    if bad:
        raise CliError("cost", f"--cost {bad[0]} is not of the form {COST_FORM}; write one like delivery/billing=20.")
    return costs


def _check(question: Question, metric_file: Path | None) -> None:
    """Refuse what contradicts itself, with all of it at once."""
    from zoneinfo import available_timezones

    wrong = []
    ways = [
        name
        for name, given in (("--metric", metric_file), ("--outcome", question.outcome), ("--cost", question.costs))
        if given
    ]
    if len(ways) > 1:
        wrong.append(Wrong(code="several-metrics", message=f"{' and '.join(ways)} name different metrics; give one."))
    if not question.outcome:
        stray = [
            name
            for name, given in (("--lower/--higher", question.direction), ("--lo", question.lo), ("--hi", question.hi))
            if given is not None
        ]
        if stray:
            wrong.append(
                Wrong(
                    code="without-outcome",
                    message=f"{', '.join(stray)} goes with --outcome; a metric's file says it itself.",
                )
            )
    if question.lo is not None and question.hi is not None and question.lo >= question.hi:
        wrong.append(Wrong(code="empty-range", message="--lo has to be smaller than --hi."))
    if question.time_zone not in available_timezones():
        wrong.append(
            Wrong(
                code="unknown-time-zone", message=f"{question.time_zone} is no time zone; write one like Europe/Berlin."
            )
        )
    if wrong:
        raise CliError(
            wrong[0].code,
            wrong[0].message if len(wrong) == 1 else f"{counted(len(wrong), 'problem')}; nothing was read.",
            wrong,
        )


@contextmanager
def _readable(file: Path) -> Iterator[Path]:
    """The file itself, or standard input in a temporary file for `-`. Raises `CliError` when it cannot be read."""
    if str(file) == STANDARD_STREAM:
        with tempfile.NamedTemporaryFile(prefix="pilotage-", suffix=".csv") as kept:
            shutil.copyfileobj(sys.stdin.buffer, kept)
            kept.flush()
            yield Path(kept.name)
        return
    try:
        with file.open("rb") as opened:
            opened.read(1)
    except OSError as error:
        raise CliError("unreadable", f"{file} cannot be read: {(error.strerror or str(error)).lower()}.") from error
    yield file


@contextmanager
def _progress(screen: Screen) -> Iterator[Progress]:
    """Says each step on a terminal while it lasts."""
    if not screen.is_terminal:
        yield lambda _step: None
        return
    from rich.console import Console

    with Console(stderr=True).status("Reading the file") as status:
        yield status.update


def _refusal(file: Path, invalid: HistoryInvalid) -> InvalidFile:
    wrong = [Wrong(code=one.code, field=one.column, message=_said(one), line=one.line) for one in invalid.found]
    if invalid.more:
        wrong.append(Wrong(code="more", message=f"and {invalid.more:,} more."))
    return InvalidFile(file, wrong)


def _said(wrong: HistoryWrong) -> str:
    """What is wrong, and for a missing column the option that names it."""
    if wrong.code != "columns":
        return wrong.message
    option = f"--{wrong.column}"
    return f"{wrong.message} " + (f"Perhaps {option} {wrong.guess}?" if wrong.guess else f"Name it with {option}.")


def _draw(screen: Screen, assessed: Assessed, output: Path | None, report: Path | None) -> None:
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
    if found.labels.classes:
        screen.line(f"labels      {_classes(found)}")
    if found.reachability is not None:
        screen.line(f"reachable   {_reachable(found.reachability)}")
    if found.curve:
        chances = (f"{c.weeks:g} weeks {c.at_expected:.0%}" for c in found.curve if c.at_expected is not None)
        screen.line(f"chance      {', '.join(chances)}")
    _draw_segments(screen, found)
    for caution in found.cautions:
        screen.line(caution.sentence, "waiting" if caution.weighty else None)
    if output is not None:
        screen.line(f"A draft of the workload's file is in {output}.", "good")
    if report is not None:
        screen.line(f"The report is in {report}.", "good")


def _draw_segments(screen: Screen, found: Assessment) -> None:
    for split in found.segments:
        screen.line(f"by {split.column}")
        heads = (split.column, "rows", "incumbent", "candidate", "difference", "what of it")
        rows = [
            (
                Toned(s.value, "bad") if s.flagged else s.value,
                f"{s.rows:,}",
                _estimate(s.incumbent),
                _estimate(s.candidate),
                _estimate(s.difference),
                s.why,
            )
            for s in split.segments
        ]
        screen.table(heads, rows)
        if split.left_out:
            screen.line(f"{counted(split.left_out, 'rarer value')} of {split.column} not shown")


def _classes(found: Assessment) -> str:
    labels = found.labels
    shown = [f"{label} {count / labels.labelled:.1%}" for label, count in list(labels.classes.items())[:CLASSES_SHOWN]]
    others = len(labels.classes) + labels.classes_left_out - len(shown)
    return ", ".join(shown) + (f", {counted(others, 'other')}" if others > 0 else "")


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
