"""A history's file assessed: which metric it is judged by, its sums, and the draft to begin a workload from."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

import msgspec
from msgspec import Struct, structs

from pilotage.evidence.assess import PILOT_WEEKS, RIGHT_ANSWERS, Assessment, assess_sums
from pilotage.evidence.cautions import Caution
from pilotage.playbook.metrics import Direction, LabelCost, Metric, OutcomeValue, Target
from pilotage.storage.history import Columns, HistoryInvalid, HistoryWrong, number_range, read_sums
from pilotage.workflow.yaml_text import sparse, yaml_text

DAYS_A_WEEK = 7
EMPTY = ("workload", "title", "problem", "incumbent")
COST_UNIT = "cost a call"
DIGITS = 4


class Question(Struct, frozen=True, kw_only=True):
    """What is asked of a history. The metric is `metric`; else the mean of the numbers called `outcome`; else the cost
    of each `costs[answer][label]`; else right answers. `lo` and `hi` cap a number; None: the file's own extremes.
    """

    metric: Metric | None = None
    outcome: str = ""
    costs: Mapping[str, Mapping[str, float]] = {}
    direction: Direction | None = None
    unit: str = ""
    lo: float | None = None
    hi: float | None = None
    columns: Columns = Columns()
    weeks: float = PILOT_WEEKS
    time_zone: str = "UTC"


def assess_file(path: Path, question: Question, *, progress: Callable[[str], None] = lambda _step: None) -> Assessment:
    """The assessment of a CSV or Parquet file. Raises `HistoryInvalid` with everything that is wrong."""
    metric, caution = metric_of(path, question)
    sums = read_sums(path, metric, question.columns, time_zone=question.time_zone, progress=progress)
    progress("Planning a pilot")
    found = assess_sums(sums, metric, weeks=question.weeks, time_zone=question.time_zone)
    return found if caution is None else structs.replace(found, cautions=(*found.cautions, caution))


def metric_of(path: Path, question: Question) -> tuple[Metric, Caution | None]:
    """The metric that is asked for, and what to know about it when the file had to say how far its values go."""
    if question.metric is not None:
        return question.metric, None
    if question.costs:
        return _cost_metric(question), None
    if question.outcome:
        return _number_metric(path, question)
    if question.direction == "lower":
        message = "Fewer right answers are never better; name the numbers to judge by, or a metric's file."
        raise HistoryInvalid([HistoryWrong(code="direction", message=message)])
    return RIGHT_ANSWERS, None


def _cost_metric(question: Question) -> Metric:
    """The mean cost of an answer; a pair of answer and label without a cost costs nothing."""
    amounts = [amount for by_label in question.costs.values() for amount in by_label.values()]
    return Metric(
        id="cost_of_answers",
        title="Cost of answers",
        unit=question.unit or COST_UNIT,
        direction="lower",
        kind="mean",
        source=LabelCost(costs={answer: dict(by_label) for answer, by_label in question.costs.items()}),
        lo=min(0.0, *amounts),
        hi=max(0.0, *amounts) or 1.0,
    )


def _number_metric(path: Path, question: Question) -> tuple[Metric, Caution | None]:
    name = question.outcome
    metric = Metric(
        id=_identifier(name),
        title=name.replace("_", " ").capitalize(),
        unit=question.unit or name.replace("_", " "),
        direction=question.direction or "higher",
        kind="mean",
        source=OutcomeValue(outcome=name),
        lo=0.0 if question.lo is None else question.lo,
        hi=1.0 if question.hi is None else question.hi,
    )
    if question.lo is not None and question.hi is not None:
        return metric, None
    found = number_range(path, metric, question.columns)
    least, most = found or (0.0, 1.0)
    lo = min(least, 0.0) if question.lo is None else question.lo
    hi = max(most, lo + 1.0) if question.hi is None else question.hi
    sentence = (
        f"Values are capped to {lo:g} to {hi:g}, as far as this history goes; a charter declares its caps before it "
        "sees the data."
    )
    return structs.replace(metric, lo=lo, hi=hi), Caution(code="caps", sentence=sentence)


def costs_of(given: Iterable[str]) -> tuple[dict[str, dict[str, float]], tuple[str, ...]]:
    """Costs written as ANSWER/LABEL=AMOUNT, by answer and label, and those that are written another way."""
    costs: dict[str, dict[str, float]] = {}
    bad = []
    for one in given:
        pair, _, amount = one.strip().rpartition("=")
        answer, _, label = pair.partition("/")
        cost = _finite(amount)
        if answer and label and cost is not None:
            costs.setdefault(answer.strip(), {})[label.strip()] = cost
        elif one.strip():
            bad.append(one.strip())
    return costs, tuple(bad)


def _finite(text: str) -> float | None:
    try:
        number = float(text)
    except ValueError:
        return None
    return number if math.isfinite(number) else None


def _identifier(name: str) -> str:
    """A metric's id made of a column's name."""
    kept = "".join(sign if sign.isascii() and sign.isalnum() else "_" for sign in name.lower()).strip("_")
    return (kept if kept[:1].isalpha() else f"metric_{kept}")[:63]


def _rounded(target: Mapping[str, object]) -> dict[str, object]:
    """Figures as people write them: a draft is no measurement."""
    return {name: float(f"{value:.{DIGITS}g}") if isinstance(value, float) else value for name, value in target.items()}


def draft(name: str, found: Assessment, *, today: dt.date) -> str:
    """A workload's file to begin from: what the history suggests, and empty what only people can say."""
    starts_on = today + dt.timedelta(days=DAYS_A_WEEK - today.weekday())
    charter: dict[str, object] = {"purpose": "", "value": "", "metrics": [sparse(found.metric)]}
    if "target" in found.charter:
        charter["target"] = sparse(msgspec.convert(_rounded(found.charter["target"]), Target))
    decided = starts_on + dt.timedelta(days=round(found.weeks * DAYS_A_WEEK))
    charter |= {"starts_on": starts_on, "decision_on": decided}
    if found.segments:
        charter["segments"] = [split.column for split in found.segments]
    if found.time_zone != "UTC":
        charter["time_zone"] = found.time_zone
    why = "" if "target" in found.charter else "# No target is drafted: the history shows no advantage to promise.\n"
    return (
        f"# A draft from {name}, made on {today}: history, which counts for no gate. Nobody has promised it.\n"
        f"{why}# Fill in what is empty, then: pilotage apply -f FILE --dry-run\n"
        + yaml_text({**dict.fromkeys(EMPTY, ""), "charter": charter})
    )
