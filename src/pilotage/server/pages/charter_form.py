"""The charter as a form: sections, rows of metrics and guardrails that grow by a button, nothing that needs a script.

Pure. Names of fields are paths in the command (`charter.metrics[0].lo`), so that a refusal finds its field.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Annotated, Any

import msgspec
import yaml
from msgspec import Meta, Struct, structs

from pilotage.playbook.kinds import kinds
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
    Option(value="tokens", label="how many tokens it took"),
    Option(value="confidence", label="how sure the answer said it was"),
    Option(value="user_action", label="what people did with the answer they saw"),
    Option(value="beyond", label="whether one of these numbers is beyond a limit"),
)
# The fields that are a source: a type, and settings of its own.
MEASURES = {"source": "Measured as", "denominator": "Divided by"}
SETTINGS_HINT = (
    "One setting to a line. label_match: label, answer_field. label_cost: costs, otherwise, label, answer_field. "
    "outcome: outcome. latency: limit_ms. answer: equals, answer_field. score: scorer. tokens: which. "
    "user_action: actions. beyond: of, above, below."
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
    "cluster": "Whose calls may be alike. unit: each customer's. both: also those of one day, when a storm hits "
    "everybody. day: those of one day alone.",
    "window_hours": "How long after the call a label still counts.",
    "failure_value": "What a failed answer counts as; left out, the worst.",
    "observable": "Whether it shows in shadow, or only once people see answers.",
    "kind": "proportion: each call counts 0 or 1. mean: any number. ratio: divided by another measure. "
    "quantile: against limits.",
    "quantile": "Of a quantile only: 0.95.",
    "denominator_lo": "Of a ratio only.",
    "denominator_hi": "Of a ratio only.",
    "per": "What one value is of: a call, a unit's mean, or a unit's sum.",
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
    "quantile": "Quantile",
    "denominator_lo": "Least denominator",
    "denominator_hi": "Greatest denominator",
    "per": "One value per",
    "direction": "Better is",
    "form": "Stated as",
    "cluster": "Clustered by",
}


# The gate asks for them, but a charter may be saved before they are written.
EXPECTED = frozenset({"purpose", "value", "team", "risks", "title", "unit"})


class CharterFields(Struct, frozen=True, kw_only=True):
    """The form's sections. A metric's last four fields are type and settings of its source and of its denominator."""

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
    plain = fields_of(Metric, prefix=prefix, leave_out={*MEASURES, "shift"})
    for field in _optional(map(_named, plain)):
        yield _kind_field(field) if field.name == f"{prefix}kind" else field
    for name, label in MEASURES.items():
        is_needed = name == "source"
        yield Field(
            name=f"{prefix}{name}.type",
            label=label,
            widget="choice",
            kind=str if is_needed else str | None,
            required=is_needed,
            options=SOURCES if is_needed else (Option(value="", label="nothing"), *SOURCES),
        )
        yield Field(
            name=f"{prefix}{name}",
            label="Settings of the measure" if is_needed else "Settings of what it is divided by",
            widget="long",
            kind=Annotated[str, Meta(max_length=4000)],
            required=False,
            hint=SETTINGS_HINT if is_needed else "Of a ratio only.",
        )


def _kind_field(field: Field) -> Field:
    """The kinds that there are, installed ones included."""
    options = tuple(Option(value=kind.id, label=kind.title) for kind in kinds())
    attributes = tuple(pair for pair in field.attributes if pair[0] not in {"pattern", "maxlength"})
    return structs.replace(field, widget="choice", options=options, attributes=attributes)


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
    names = [name for name in Metric.__struct_fields__ if name not in {*MEASURES, "shift"}]
    typed = {f"{prefix}{name}": as_typed(getattr(metric, name)) for name in names}
    for name in MEASURES:
        given = getattr(metric, name)
        plain = {} if given is None else _without_none(msgspec.to_builtins(given))
        typed[f"{prefix}{name}.type"] = plain.pop("type", "")
        typed[f"{prefix}{name}"] = yaml.safe_dump(plain, sort_keys=False, allow_unicode=True).strip() if plain else ""
    return typed


def _without_none(plain: dict[str, Any]) -> dict[str, Any]:
    """Settings that were given, also of a source inside a source."""
    return {
        name: _without_none(value) if isinstance(value, dict) else value
        for name, value in plain.items()
        if value is not None
    }


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
    plain, measures = row[: -2 * len(MEASURES)], row[-2 * len(MEASURES) :]
    reading = read(plain, typed)
    problems, values = [*reading.problems], dict(reading.values)
    for kind, settings in zip(measures[::2], measures[1::2], strict=True):
        chosen = read((kind,), typed)
        problems += chosen.problems
        if chosen.problems or not chosen.values.get(kind.name):
            continue
        try:
            made = source_of(chosen.values[kind.name], typed.get(settings.name, ""))
            values[settings.name] = msgspec.to_builtins(made)
        except (yaml.YAMLError, msgspec.ValidationError, TypeError) as error:
            problems.append(Problem(code="invalid", field=settings.name, message=_settings_problem(error, settings)))
    metric_id = next(iter(reading.values.values()), "")
    values[f"{row[0].name.removesuffix('id')}shift"] = shifts.get(str(metric_id), 0.0)
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
