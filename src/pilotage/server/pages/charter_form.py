"""The charter as a form: sections, rows of metrics and guardrails that grow by a button, nothing that needs a script.

Pure. Names of fields are paths in the command (`charter.metrics[0].lo`), so that a refusal finds its field.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Annotated, Any

import msgspec
import yaml
from msgspec import Meta, Struct, structs

from pilotage.playbook.metrics import Guardrail, Metric, MetricSource, Target
from pilotage.record.charter import Charter
from pilotage.record.commands import ReviseCharter
from pilotage.record.errors import Problem
from pilotage.server.pages.forms import Field, Option, Reading, Typed, as_typed, fields_of, in_words, read

ROWS_MAX = 40
METRICS = "charter.metrics"
GUARDRAILS = "charter.guardrails"
SOURCES = (
    Option(value="label_match", label="the answer equals the label"),
    Option(value="label_cost", label="what the answer cost, once the label is known"),
    Option(value="outcome", label="a number reported for the call"),
    Option(value="latency", label="how long the answer took"),
    Option(value="error", label="whether the answer failed"),
    Option(value="answer", label="how often a certain answer is given"),
    Option(value="cost", label="what the answer says it cost"),
    Option(value="score", label="what a scorer of the SDK gave it"),
)
SETTINGS_HINT = (
    "One setting to a line. label_match: label, answer_field. label_cost: costs, otherwise, label, answer_field. "
    "outcome: outcome. latency: limit_ms. answer: equals, answer_field. score: scorer."
)
HINTS = {
    "purpose": "What is it for, and for whom? A reader with ten minutes has to understand it.",
    "value": "What is better when it works, in the words of those who do the work?",
    "team": "Who owns it, builds it, runs it.",
    "risks": "What could go wrong.",
    "value_usd_a_year": "At the expected result.",
    "segments": "Keys of a call's segment that get figures of their own.",
    "time_zone": "Days begin and end in it: Europe/Berlin, UTC.",
    "decision_on": "By this day somebody decides. Past it, shadowing winds down by itself.",
    "metric": "The id of one of the metrics above.",
    "form": "own: the candidate's own mean; difference: against the incumbent; share: the improvement as a share.",
    "baseline": "The incumbent's own mean, as estimated now.",
    "floor": "Below it, the pilot ends.",
    "target": "What is to be proven exceeded.",
    "expected": "What you believe it will be: better than the target.",
    "alpha": "The chance of a false go that is accepted.",
    "power": "The chance of a go, if it is as good as expected.",
    "calls_per_week": "Calls with a known result that will be compared.",
    "deviation": "The spread of one call's value under this form.",
    "design_effect": "1 when calls are independent; more when a customer's calls are alike.",
    "window_hours": "How long after the call a label still counts.",
    "failure_value": "What a failed answer counts as; left out, the worst.",
    "observable": "Whether it shows in shadow, or only once people see answers.",
    "margin": "How much worse than the incumbent is still accepted.",
    "limit": "Instead of a margin: a fixed limit for the candidate's mean.",
    "id": "Lower-case letters, digits, underscores. Leave it empty to remove the row.",
}
LABELS = {
    "value": "Value when it works",
    "risks": "Known risks",
    "value_usd_a_year": "Value a year, in US dollars",
    "starts_on": "Starts on",
    "decision_on": "Decided by",
    "segments": "Segments",
    "id": "Id",
    "lo": "Least value",
    "hi": "Greatest value",
    "failure_value": "Value of a failure",
    "window_hours": "Label counts for, in hours",
    "calls_per_week": "Calls a week",
    "kind": "Kind of figure",
    "direction": "Better is",
    "form": "Stated as",
}


# The gate asks for them, but a charter may be saved before they are written.
EXPECTED = frozenset({"purpose", "value", "team", "risks", "title", "unit"})


class CharterFields(Struct, frozen=True, kw_only=True):
    """The form's sections. A metric's last two fields are its source's type and settings."""

    words: tuple[Field, ...]
    dates: tuple[Field, ...]
    metrics: tuple[tuple[Field, ...], ...]
    target: tuple[Field, ...]
    guardrails: tuple[tuple[Field, ...], ...]

    @property
    def all(self) -> tuple[Field, ...]:
        """Every field."""
        rows = [field for row in (*self.metrics, *self.guardrails) for field in row]
        return (*self.words, *self.dates, *rows, *self.target)


def charter_fields(metrics: int, guardrails: int) -> CharterFields:
    """The form with so many rows of each."""
    whole = {
        field.name: field
        for field in fields_of(Charter, prefix="charter.", leave_out={"metrics", "target", "guardrails"})
    }
    team = next(field for field in fields_of(ReviseCharter, leave_out={"charter"}) if field.name == "team")
    words = ("purpose", "value", "risks", "value_usd_a_year", "segments")
    dates = ("starts_on", "decision_on", "time_zone")
    named = [_named(whole[f"charter.{name}"]) for name in words]
    return CharterFields(
        words=(*named[:2], _named(team), *named[2:]),
        dates=tuple(_named(whole[f"charter.{name}"]) for name in dates),
        metrics=tuple(tuple(_metric_fields(f"{METRICS}[{row}].")) for row in range(metrics)),
        target=tuple(map(_named, fields_of(Target, prefix="charter.target."))),
        guardrails=tuple(
            tuple(_optional(map(_named, fields_of(Guardrail, prefix=f"{GUARDRAILS}[{row}]."))))
            for row in range(guardrails)
        ),
    )


def _named(field: Field) -> Field:
    name = field.name.rpartition(".")[2]
    hint = HINTS.get(name, field.hint)
    limited = tuple(pair for pair in field.attributes if pair[0] != "pattern")
    label, expected = LABELS.get(name, field.label), name in EXPECTED
    return structs.replace(field, label=label, hint=hint, attributes=limited, is_expected=expected)


def _optional(fields: Iterable[Field]) -> Iterator[Field]:
    """Fields of a row that may be left empty as a whole; the row's own reading says what it lacks."""
    for field in fields:
        attributes = tuple(pair for pair in field.attributes if pair[0] != "required")
        yield structs.replace(field, attributes=attributes)


def _metric_fields(prefix: str) -> Iterator[Field]:
    plain = fields_of(Metric, prefix=prefix, leave_out={"source", "shift"})
    yield from _optional(map(_named, plain))
    yield Field(
        name=f"{prefix}source.type",
        label="Measured as",
        widget="choice",
        kind=str,
        options=SOURCES,
    )
    yield Field(
        name=f"{prefix}source",
        label="Settings of the measure",
        widget="long",
        kind=Annotated[str, Meta(max_length=4000)],
        required=False,
        hint=SETTINGS_HINT,
    )


def typed_from(charter: Charter | None, team: str) -> dict[str, str]:
    """A charter as it would be typed."""
    if charter is None:
        return {}
    typed = {"team": team}
    plain = ("purpose", "value", "risks", "value_usd_a_year", "segments", "starts_on", "decision_on", "time_zone")
    typed |= {f"charter.{name}": as_typed(getattr(charter, name)) for name in plain}
    typed |= {f"charter.target.{name}": as_typed(getattr(charter.target, name)) for name in Target.__struct_fields__}
    for row, metric in enumerate(charter.metrics):
        typed |= _typed_metric(f"{METRICS}[{row}].", metric)
    for row, guardrail in enumerate(charter.guardrails):
        fields = Guardrail.__struct_fields__
        typed |= {f"{GUARDRAILS}[{row}].{name}": as_typed(getattr(guardrail, name)) for name in fields}
    return typed


def _typed_metric(prefix: str, metric: Metric) -> dict[str, str]:
    source = {name: value for name, value in msgspec.to_builtins(metric.source).items() if value is not None}
    names = [name for name in Metric.__struct_fields__ if name not in {"source", "shift"}]
    typed = {f"{prefix}{name}": as_typed(getattr(metric, name)) for name in names}
    typed[f"{prefix}source.type"] = source.pop("type")
    typed[f"{prefix}source"] = yaml.safe_dump(source, sort_keys=False, allow_unicode=True).strip() if source else ""
    return typed


def rows_of(typed: Typed, path: str) -> int:
    """How many rows of metrics or guardrails were typed."""
    numbers = [int(name[len(path) + 1 :].partition("]")[0]) for name in typed if _is_row(name, path)]
    return min(max(numbers, default=-1) + 1, ROWS_MAX)


def _is_row(name: str, path: str) -> bool:
    return name.startswith(f"{path}[") and name[len(path) + 1 :].partition("]")[0].isdigit()


def read_charter(fields: CharterFields, typed: Typed, before: Charter | None) -> Reading:
    """The charter and the team as plain values, or everything wrong. Empty rows are left out.

    `before` gives what the form does not show: the shift of metrics that are kept.
    """
    words, dates, target = read(fields.words, typed), read(fields.dates, typed), read(fields.target, typed)
    shifts = {metric.id: metric.shift for metric in before.metrics} if before else {}
    metrics = [_read_metric(row, typed, shifts) for row in fields.metrics if _is_typed(row, typed)]
    guardrails = [read(row, typed) for row in fields.guardrails if _is_typed(row, typed)]
    parts = [words, dates, *metrics, target, *guardrails]
    values = {name.removeprefix("charter."): value for part in (words, dates) for name, value in part.values.items()}
    team = values.pop("team", "")
    whole = {
        **values,
        "metrics": [_plain(row) for row in metrics],
        "target": _plain(target),
        "guardrails": [_plain(row) for row in guardrails],
    }
    return Reading(
        values={"charter": whole, "team": team}, problems=tuple(problem for part in parts for problem in part.problems)
    )


def _is_typed(row: Iterable[Field], typed: Typed) -> bool:
    """A row counts when its first field, the id or the metric, has something in it."""
    return typed.get(next(iter(row)).name, "").strip() != ""


def _plain(reading: Reading) -> dict[str, Any]:
    return {name.rpartition(".")[2]: value for name, value in reading.values.items()}


def _read_metric(row: tuple[Field, ...], typed: Typed, shifts: Mapping[str, float]) -> Reading:
    *plain, kind, settings = row
    reading, chosen = read(plain, typed), read((kind,), typed)
    problems, values = [*reading.problems, *chosen.problems], dict(reading.values)
    if not chosen.problems:
        try:
            values[settings.name] = msgspec.to_builtins(
                source_of(chosen.values[kind.name], typed.get(settings.name, ""))
            )
        except (yaml.YAMLError, msgspec.ValidationError, TypeError) as error:
            problems.append(Problem(code="invalid", field=settings.name, message=_settings_problem(error, settings)))
    metric_id = next(iter(reading.values.values()), "")
    values[f"{settings.name.removesuffix('source')}shift"] = shifts.get(str(metric_id), 0.0)
    return Reading(values=values, problems=tuple(problems))


def source_of(kind: str, settings: str) -> MetricSource:
    """A metric's source from its type and its settings, one to a line. Everything is read as text first, so that
    `true` stays the label `true`.
    """
    given = yaml.load(settings, Loader=yaml.BaseLoader) or {}  # noqa: S506 - BaseLoader makes nothing but text, lists and maps
    if not isinstance(given, dict):
        raise TypeError("Write one setting to a line, as name: value.")
    made: MetricSource = msgspec.convert({**given, "type": kind}, MetricSource, strict=False)
    return made


def _settings_problem(error: Exception, field: Field) -> str:
    if isinstance(error, TypeError):
        return str(error)
    if isinstance(error, yaml.YAMLError):
        return "Write one setting to a line, as name: value."
    missing = str(error).partition("missing required field `")[2].partition("`")[0]
    return f"This measure needs the setting {missing}." if missing else in_words(str(error), field)
