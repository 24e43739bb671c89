"""The commands as a reference page in Markdown, made from their types, so that the two cannot drift apart. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

import msgspec
from msgspec import inspect

from pilotage.record.charter import Charter
from pilotage.record.commands import ASKS_CREDENTIAL, COMMANDS, PERMITTED
from pilotage.record.organisation import ORGANISATION_COMMANDS, ORGANISATION_PERMITTED, OrganisationCommand

HEAD = """# Commands

<!-- Generated: make guides -->

Everything that changes a workload is a command: the form on a page, the command line and
`POST /api/v1/workloads/{slug}/commands/{command}` take the same fields. A command is carried out whole, or refused with
every reason and nothing written. This page is made from the types in `record/commands.py`.

An account's role counts everywhere, but for owner and sponsor: once a workload has them, only they act as such on it.
A command that counts as a signature asks for the password again. Personal texts are kept outside the hashed entry and
can be erased."""

ORGANISATION_HEAD = """Two commands are about the organisation and no workload ([assessments](assessments.md)): given on
the pages under `/assessments`, with `pilotage organisation`, or at `POST /api/v1/organisation/commands/{command}`."""

# What is described elsewhere, or below, by the name of its type.
_LINKS = {
    "Charter": "[charter](#the-charter)",
    "Metric": "[metric](metrics.md#a-metric)",
    "Target": "[target](metrics.md#the-target)",
    "Guardrail": "[guardrail](metrics.md#a-guardrail)",
}


def reference() -> str:
    """The page: a contents table, every command with its fields, and the charter. Ends with a newline."""
    heads = ("command", "what it does", "who may give it", "signature")
    parts = [HEAD, _table(heads, [_summary(name, kind, PERMITTED[name]) for name, kind in COMMANDS.items()])]
    parts += [ORGANISATION_HEAD, _table(heads, [_summary(*one) for one in _of_organisation()])]
    for name, kind in COMMANDS.items():
        parts += _section(name, kind, PERMITTED[name])
    for one in _of_organisation():
        parts += _section(*one)
    parts += ["## The charter", _said(Charter), _fields(Charter)]
    return "\n\n".join(parts) + "\n"


def _of_organisation() -> Iterator[tuple[str, type[OrganisationCommand], frozenset[str]]]:
    for name, kind in ORGANISATION_COMMANDS.items():
        yield name, kind, ORGANISATION_PERMITTED[name]


def _summary(name: str, kind: type, permitted: frozenset[str]) -> Sequence[str]:
    first = _said(kind).partition(". ")[0].rstrip(".")
    return f"[`{name}`](#{name})", f"{first}.", ", ".join(sorted(permitted)), _yes(name in ASKS_CREDENTIAL)


def _section(name: str, kind: type, permitted: frozenset[str]) -> Iterator[str]:
    yield f"## {name}"
    yield _said(kind)
    signature = " Counts as a signature." if name in ASKS_CREDENTIAL else ""
    yield f"Given by: {', '.join(sorted(permitted))}.{signature}"
    yield _fields(kind)


def _said(cls: type) -> str:
    return " ".join((cls.__doc__ or "").split())


def _fields(cls: type) -> str:
    info = inspect.type_info(cls)
    if not isinstance(info, inspect.StructType):
        raise TypeError(cls)
    return _table(("field", "what it takes", "when it is left out", "meaning"), map(_field_row, info.fields))


def _field_row(field: inspect.Field) -> Sequence[str]:
    return f"`{field.encode_name}`", _takes(field.type), _left_out(field), _meaning(field.type)


def _left_out(field: inspect.Field) -> str:
    if field.required:
        return "refused"
    value = field.default_factory() if field.default is msgspec.NODEFAULT else field.default
    return "nothing" if value in (None, "", ()) else f"`{_json(value)}`"


def _meaning(kind: inspect.Type) -> str:
    if not isinstance(kind, inspect.Metadata):
        return ""
    description = str((kind.extra_json_schema or {}).get("description", "")).replace("<", "&lt;")
    personal = "a personal text" if (kind.extra or {}).get("personal") else ""
    return "; ".join(filter(None, (description, personal)))


def _takes(kind: inspect.Type) -> str:
    """A type in words, with its limits."""
    for cls, words in _WORDS.items():
        if isinstance(kind, cls):
            return words(kind)
    raise TypeError(f"A field of {kind} has no words yet.")


def _described(kind: inspect.Metadata) -> str:
    """A pattern that is described needs not be read as well."""
    if isinstance(kind.type, inspect.StrType) and kind.type.pattern and kind.extra_json_schema:
        return "text"
    return _takes(kind.type)


def _text(kind: inspect.StrType) -> str:
    if kind.pattern is not None:
        return f"text like `{kind.pattern}`"
    return _limited("text", kind.min_length, kind.max_length, "characters")


def _number(noun: str) -> Callable[[Any], str]:
    def words(kind: inspect.IntType | inspect.FloatType) -> str:
        if kind.ge is not None and kind.le is not None:
            return f"{noun}, {_json(kind.ge)} to {_json(kind.le)}"
        limits = (("above", kind.gt), ("at least", kind.ge), ("below", kind.lt), ("at most", kind.le))
        said = " and ".join(f"{word} {_json(limit)}" for word, limit in limits if limit is not None)
        return f"{noun}, {said}" if said else noun

    return words


def _list(kind: inspect.VarTupleType) -> str:
    return _limited(f"a list, each {_takes(kind.item_type)}", kind.min_length, kind.max_length, "entries")


def _limited(noun: str, least: int | None, most: int | None, of_what: str) -> str:
    if least and most:
        return f"{noun}, {least} to {most} {of_what}"
    if most:
        return f"{noun}, at most {most} {of_what}"
    return f"{noun}, at least {least} {of_what}" if least else noun


def _one_of(kind: inspect.LiteralType) -> str:
    return " or ".join(f"`{value}`" for value in kind.values)


def _either(kind: inspect.UnionType) -> str:
    return " or ".join(_takes(one) for one in kind.types)


def _struct(kind: inspect.StructType) -> str:
    return _LINKS[kind.cls.__name__]


_WORDS: dict[type[inspect.Type], Callable[[Any], str]] = {
    inspect.Metadata: _described,
    inspect.StrType: _text,
    inspect.BytesType: lambda kind: _limited("a file in base64", kind.min_length, kind.max_length, "bytes"),
    inspect.IntType: _number("a whole number"),
    inspect.FloatType: _number("a number"),
    inspect.BoolType: lambda _kind: "`true` or `false`",
    inspect.DateType: lambda _kind: "a day, YYYY-MM-DD",
    inspect.NoneType: lambda _kind: "`null`",
    inspect.LiteralType: _one_of,
    inspect.VarTupleType: _list,
    inspect.UnionType: _either,
    inspect.StructType: _struct,
}


def _json(value: object) -> str:
    return f"{value:g}" if isinstance(value, float) else msgspec.json.encode(value).decode()


def _yes(held: bool) -> str:  # noqa: FBT001 - a truth value is what it puts into words
    return "yes" if held else ""


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    return "\n".join(map(_row, (head, ["---"] * len(head), *rows)))


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |"
