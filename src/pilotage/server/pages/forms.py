"""Forms made from a type: read back field by field, so that every mistake is shown at once.

Pure. What was typed is kept as text; a value that does not fit gets a sentence that says what would.
"""

from __future__ import annotations

import re
import typing
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Literal, TypeVar

import msgspec
from msgspec import Struct, inspect, structs

from pilotage.record.errors import Problem
from pilotage.runtime.records import Slug
from pilotage.server.pages.wording import title_of

Widget = Literal["text", "long", "number", "date", "check", "choice", "lines", "hidden"]
Typed = Mapping[str, str]
Made = TypeVar("Made")

LONG = 400
DIGITS = re.compile(r"[-+]?\d+")

LABELS = {
    "slug": "Short name",
    "incumbent": "Who or what does the work today?",
    "problem": "What is the problem?",
    "personal_data": "Personal data reach the candidate",
    "outside_processor": "Somebody outside processes the data",
    "timeout_ms": "Longest answer, in milliseconds",
    "hard_timeout": "Stop a slow answer for certain",
    "paired_share": "Share of live calls that run both arms",
    "retention_days": "Kept for how many days?",
    "extend_until": "New decision date",
    "expires_on": "Until",
    "to_phase": "To which phase?",
    "percent": "Percentage of units",
    "of": "What is compared",
    "document_digest": "Digest of the document",
    "demonstration": "It is a demonstration",
    "fields": "Fields that are used",
    "processors": "Who else processes them",
    "technical": "I decide on the technical side",
    "operational": "I decide on the operational side",
    "line": "Short name of the line",
    "per": "Paid when?",
    "usd_each": "US dollars for one unit of the currency",
    "calls_a_year_low": "Calls a year, at least",
    "calls_a_year_likely": "Calls a year, most likely",
    "calls_a_year_high": "Calls a year, at most",
    "worth_of": "The worth below is that of",
    "worth_usd_low": "Worth in US dollars, at least",
    "worth_usd_likely": "Worth in US dollars, most likely",
    "worth_usd_high": "Worth in US dollars, at most",
    "rebuild_usd": "US dollars for the rebuild",
    "change_usd": "US dollars for the change",
    "first_year_usd": "US dollars for the first year",
    "from_on": "From",
    "until_on": "Until",
    "tested": "What was tested?",
    "tested_on": "Day of the test",
    "tool": "Tested with",
    "figures": "Figures",
    "link": "Where is the report?",
    "use_at_least": "At least this share of the units uses it",
    "accepted_at_least": "At least this share of the answers is taken as it is",
    "overridden_at_most": "At most this share of the answers is overridden",
    "from_percent": "Judged from this percentage of units on",
    "after_days": "Days of learning",
    "actions_at_least": "Judged on at least so many answers",
    "affected": "Whom does an answer touch?",
    "harm": "What is the worst that a wrong answer does?",
    "undoing": "When is a wrong answer found, and can it be undone?",
    "rights": "Does it decide, or prepare a decision, on what people are entitled to?",
    "sensitivity": "What kinds of data are in it?",
    "reach": "How far does it reach in a month?",
}
UNSENT = ("csrf", "credential", "username")


class Option(Struct, frozen=True, kw_only=True):
    """One of the values that may be chosen."""

    value: str
    label: str


class Field(Struct, frozen=True, kw_only=True):
    """One field as it is shown. `name` is its path in the command: `reason`, `charter.metrics[0].lo`."""

    name: str
    label: str
    widget: Widget
    kind: Any
    required: bool = True
    has_default: bool = False
    is_expected: bool = False
    hint: str = ""
    attributes: tuple[tuple[str, str], ...] = ()
    options: tuple[Option, ...] = ()
    default: str = ""

    @property
    def is_optional(self) -> bool:
        """Whether it may be left empty for good: what is expected may be saved empty, and has to be filled in later."""
        return not (self.required or self.default or self.is_expected)

    def said(self, value: str) -> str:
        """A value as people read it: the label of what was chosen, else itself."""
        return next((option.label for option in self.options if option.value == value), value)

    @property
    def id(self) -> str:
        """The field's id in the page."""
        return re.sub(r"[^A-Za-z0-9]+", "-", self.name).strip("-")


class Reading(Struct, frozen=True, kw_only=True):
    """What a form came to: plain values by name, and what is wrong, by name."""

    values: dict[str, Any]
    problems: tuple[Problem, ...] = ()


def fields_of(kind: type, *, prefix: str = "", leave_out: Iterable[str] = ()) -> tuple[Field, ...]:
    """A field for each field of a struct that a single control can take; `leave_out` are made elsewhere."""
    info = inspect.type_info(kind)
    if not isinstance(info, inspect.StructType):
        raise TypeError(kind)
    hints = typing.get_type_hints(kind, include_extras=True)
    without = set(leave_out)
    return tuple(
        _field(field, hints[field.name], f"{prefix}{field.encode_name}")
        for field in info.fields
        if field.encode_name not in without
    )


def _field(field: inspect.Field, annotation: Any, name: str) -> Field:  # noqa: ANN401 - any annotation
    plain, hint = _unwrapped(field.type)
    optional = isinstance(plain, inspect.UnionType)
    if isinstance(plain, inspect.UnionType):
        plain, more = _unwrapped(next(one for one in plain.types if not isinstance(one, inspect.NoneType)))
        hint = hint or more
    widget, attributes = _control(plain)
    required = field.required and not optional and widget != "check" and not _may_be_empty(plain)
    label, hint = LABELS.get(field.name, title_of(field.name)), f"{hint[:1].upper()}{hint[1:]}"
    return Field(
        name=name,
        label=label,
        widget=widget,
        kind=annotation,
        required=required,
        has_default=not field.required,
        hint=f"{hint}." if hint and hint != label.rstrip("?") else "",
        attributes=(*attributes, *((("required", ""),) if required else ())),
        options=tuple(Option(value=value, label=title_of(value)) for value in _declared(annotation)),
        default=_default(field),
    )


def _unwrapped(kind: inspect.Type) -> tuple[inspect.Type, str]:
    if isinstance(kind, inspect.Metadata):
        return kind.type, (kind.extra_json_schema or {}).get("description", "")
    return kind, ""


def _declared(annotation: Any) -> tuple[str, ...]:  # noqa: ANN401 - any annotation
    """The values of a Literal in the order in which they were written."""
    while typing.get_origin(annotation) is typing.Annotated:
        annotation = typing.get_args(annotation)[0]
    return typing.get_args(annotation) if typing.get_origin(annotation) is Literal else ()


def _may_be_empty(kind: inspect.Type) -> bool:
    return isinstance(kind, inspect.StrType) and not kind.min_length and kind.pattern is None


def _control(kind: inspect.Type) -> tuple[Widget, tuple[tuple[str, str], ...]]:
    """The control for a type, and the limits that a browser checks by itself."""
    if isinstance(kind, inspect.BoolType):
        return "check", ()
    if isinstance(kind, inspect.LiteralType):
        return "choice", ()
    if isinstance(kind, inspect.DateType):
        return "date", ()
    if isinstance(kind, inspect.IntType | inspect.FloatType):
        low = kind.ge if kind.ge is not None else kind.gt
        high = kind.le if kind.le is not None else kind.lt
        step = "1" if isinstance(kind, inspect.IntType) else "any"
        limits = [("step", step), *_limit("min", low), *_limit("max", high)]
        return "number", tuple(limits)
    if isinstance(kind, inspect.VarTupleType):
        return "lines", ()
    if isinstance(kind, inspect.StrType):
        limits = [*_limit("minlength", kind.min_length), *_limit("maxlength", kind.max_length)]
        return "long" if (kind.max_length or 0) > LONG else "text", tuple(limits)
    raise TypeError(kind)


def _limit(name: str, value: float | None) -> list[tuple[str, str]]:
    return [] if value is None else [(name, f"{value:g}")]


def _default(field: inspect.Field) -> str:
    if field.default is msgspec.NODEFAULT:
        return ""
    return as_typed(field.default)


def as_typed(value: Any) -> str:  # noqa: ANN401 - any value of a field
    """A value as it would be typed."""
    if value is None or value is False:
        return ""
    if value is True:
        return "on"
    if isinstance(value, float):
        return f"{value:.12g}"
    if isinstance(value, tuple | list):
        return "\n".join(map(str, value))
    return str(value)


def with_choices(fields: Iterable[Field], choices: Mapping[str, Sequence[Option]]) -> tuple[Field, ...]:
    """The fields, those named with a list to choose from; where one is needed, a list of one is chosen."""
    made = []
    for field in fields:
        options = choices.get(field.name)
        if options is None:
            made.append(field)
            continue
        required = not field.has_default
        made.append(
            structs.replace(
                field,
                widget="choice",
                options=tuple(options),
                default=options[0].value if required and len(options) == 1 else field.default,
                required=required,
                attributes=(("required", ""),) if required else (),
            )
        )
    return tuple(made)


def with_hidden(fields: Iterable[Field], values: Mapping[str, str]) -> tuple[Field, ...]:
    """The fields, those named carried along unseen with the value given."""
    return tuple(
        structs.replace(field, widget="hidden", default=values[field.name]) if field.name in values else field
        for field in fields
    )


def read(fields: Iterable[Field], typed: Typed) -> Reading:
    """Every field's value, and a sentence for each that does not fit."""
    values: dict[str, Any] = {}
    problems: list[Problem] = []
    for field in fields:
        text = typed.get(field.name, "").replace("\r\n", "\n").strip()
        if field.widget == "check":
            values[field.name] = text != ""
            continue
        if text == "" and field.widget != "lines":
            if field.required:
                problems.append(Problem(code="missing", field=field.name, message=_missing(field)))
            elif not field.has_default and field.widget in {"text", "long"}:
                values[field.name] = ""
            continue
        try:
            values[field.name] = _value(field, text)
        except msgspec.ValidationError as error:
            problems.append(Problem(code="invalid", field=field.name, message=in_words(str(error), field)))
    return Reading(values=values, problems=tuple(problems))


def _value(field: Field, text: str) -> Any:  # noqa: ANN401 - any value of a field
    if field.widget == "choice" and text not in {option.value for option in field.options}:
        raise msgspec.ValidationError("Invalid enum value")
    if field.widget == "lines":
        return msgspec.convert([line.strip() for line in text.split("\n") if line.strip()], field.kind, strict=False)
    if field.widget == "number" and DIGITS.fullmatch(text):
        return msgspec.convert(int(text), field.kind, strict=False)
    return msgspec.convert(text, field.kind, strict=False)


def _missing(field: Field) -> str:
    return "Choose one." if field.widget == "choice" else "Fill this in."


_SENTENCES: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(r"regex '\^\[a-z0-9\]\(\["), "Use 1 to 64 lower-case letters, digits and inner hyphens."),
    (re.compile(r"`str` of length >= (\d+)"), "Write at least {0} characters."),
    (re.compile(r"`str` of length <= (\d+)"), "Write at most {0} characters."),
    (re.compile(r"`array` of length >= (\d+)"), "Give at least {0}, one to a line."),
    (re.compile(r"(?:`int`|`float`) >= (\S+)"), "Give {0} or more."),
    (re.compile(r"(?:`int`|`float`) <= (\S+)"), "Give {0} or less."),
    (re.compile(r"(?:`int`|`float`) > (\S+)"), "Give more than {0}."),
    (re.compile(r"(?:`int`|`float`) < (\S+)"), "Give less than {0}."),
    (re.compile(r"`int"), "Give a whole number."),
    (re.compile(r"`float|out of range"), "Give a number."),
    (re.compile(r"date"), "Give a date as year-month-day."),
    (re.compile(r"enum value"), "Choose one of those offered."),
    (re.compile(r"regex '\^\(?\[0-9a-f\]"), "Give a SHA-256 digest: 64 of the signs 0 to 9 and a to f."),
    (re.compile(r"regex '\^\[a-z\]\[a-z0-9_\]"), "Use lower-case letters, digits and underscores, a letter first."),
)


def in_words(message: str, field: Field) -> str:
    """A validation message as a sentence that says what to do."""
    for pattern, sentence in _SENTENCES:
        found = pattern.search(message)
        if found:
            return sentence.format(*(_number(group) for group in found.groups()))
    return field.hint or f"{message}."


def _number(text: str) -> str:
    try:
        return f"{float(text):g}"
    except ValueError:
        return text


def typed_of(form: Iterable[tuple[str, Any]]) -> dict[str, str]:
    """What a browser sent, as text by name; files and secrets are left out."""
    return {name: value for name, value in form if isinstance(value, str) and name not in UNSENT}


def converted(values: Mapping[str, Any], kind: type[Made]) -> Made:
    """The values as the type. Raises msgspec.ValidationError for what only shows in the whole."""
    return msgspec.convert(values, kind, strict=True)


SLUG = Field(
    name="slug",
    label=LABELS["slug"],
    widget="text",
    kind=Slug,
    hint="1 to 64 lower-case letters, digits and inner hyphens. It never changes.",
    attributes=(("pattern", "[a-z0-9]([a-z0-9\\-]{0,62}[a-z0-9])?"), ("maxlength", "64"), ("required", "")),
)
