"""Options, and checks with every problem at once, made from the type of whatever is asked for."""

from __future__ import annotations

import contextlib
import datetime as dt
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click
import msgspec
import msgspec.inspect as mi
from msgspec import Struct

from pilotage.cli.access import Json
from pilotage.cli.failures import CliError, InvalidFile, Wrong
from pilotage.cli.files import text_of
from pilotage.playbook.nodes import Node, plain, read
from pilotage.playbook.shape import differences

PARAMETER_TYPES: dict[type[mi.Type], click.ParamType[Any]] = {
    mi.StrType: click.STRING,
    mi.IntType: click.INT,
    mi.FloatType: click.FLOAT,
}


def fields_of(kind: type[Struct]) -> tuple[mi.Field, ...]:
    """The fields of a struct's type."""
    info = mi.type_info(kind)
    if not isinstance(info, mi.StructType):
        raise TypeError(kind)
    return info.fields


def option_of(field: mi.Field) -> click.Option | None:
    """An option for a field; None for one that only JSON can say, such as a whole charter."""
    kind, said = _bare(field.type)
    explained = "; ".join(part for part in (said, "needed" if field.required else "") if part)
    text = f"{explained[:1].upper()}{explained[1:]}." if explained else None
    flag = "--" + field.encode_name.replace("_", "-")
    if isinstance(kind, mi.BoolType):
        return click.Option([f"{flag}/--no-{flag[2:]}", field.name], default=None, help=text)
    several = isinstance(kind, mi.VarTupleType)
    parameter = _parameter(_bare(kind.item_type)[0] if isinstance(kind, mi.VarTupleType) else kind)
    if parameter is None:
        return None
    again = f"{text or ''} May be given again.".strip() if several else text
    metavar = "YYYY-MM-DD" if isinstance(parameter, click.DateTime) else None
    return click.Option([flag, field.name], type=parameter, multiple=several, metavar=metavar, help=again)


def _bare(kind: mi.Type) -> tuple[mi.Type, str]:
    """A field's type without its metadata and without `None`, and what the metadata says of it."""
    said = ""
    while True:
        if isinstance(kind, mi.Metadata):
            said = said or str((kind.extra_json_schema or {}).get("description", ""))
            kind = kind.type
        elif isinstance(kind, mi.UnionType) and len(kind.types) == 2 and kind.includes_none:  # noqa: PLR2004 - X or None
            kind = next(option for option in kind.types if not isinstance(option, mi.NoneType))
        else:
            return kind, said


def _parameter(kind: mi.Type) -> click.ParamType[Any] | None:
    if isinstance(kind, mi.LiteralType):
        return click.Choice([str(value) for value in kind.values])
    if isinstance(kind, mi.DateType):
        return click.DateTime(["%Y-%m-%d"])
    return PARAMETER_TYPES.get(type(kind))


def plain_of(value: Any) -> Any:  # noqa: ANN401 - what click parsed
    """An option's value as JSON says it."""
    if isinstance(value, tuple):
        return [plain_of(one) for one in value]
    return value.date().isoformat() if isinstance(value, dt.datetime) else value


def stated(fields: str | None, file: Path | None) -> Json:
    """The fields given as JSON, laid over those of a file."""
    found: Json = {}
    if file is not None:
        tree, problems = read(text_of(file))
        if tree is None or problems:
            wrong = [Wrong(field=p.path, message=p.message, code=p.code, line=p.line) for p in problems]
            raise InvalidFile(file, wrong)
        found = _object(msgspec.to_builtins(plain(tree)), str(file))
    if fields is not None:
        try:
            found |= _object(msgspec.json.decode(fields), "--input")
        except msgspec.DecodeError as error:
            raise CliError("not-json", f"--input is not JSON: {error}.") from error
    return found


def _object(value: object, origin: str) -> Json:
    if not isinstance(value, dict):
        raise CliError("not-an-object", f"{origin} has to hold an object: the command's fields by name.")
    return value


def checked(name: str, kind: type[Struct], fields: Json) -> Json:
    """The fields as the interface takes them. Raises `CliError` with everything that does not fit."""
    tree = _tree(fields, mi.type_info(kind), "")
    wrong = [Wrong(field=p.path, message=p.message, code=p.code) for p in differences(tree, kind)]
    if wrong:
        raise CliError("invalid-fields", f"The fields of {name} do not fit; nothing was done.", wrong)
    whole: Json = msgspec.to_builtins(msgspec.convert(fields, kind))
    whole.pop("type", None)
    return whole


def _tree(value: Any, kind: mi.Type | None, path: str) -> Node:  # noqa: ANN401 - any JSON
    """JSON as a tree of places. JSON has no days, so text becomes one where the type asks for one."""
    known = _bare(kind)[0] if kind is not None else None
    if isinstance(known, mi.DateType) and isinstance(value, str):
        with contextlib.suppress(ValueError):
            value = dt.date.fromisoformat(value)
    if isinstance(value, Mapping):
        kinds = {field.encode_name: field.type for field in known.fields} if isinstance(known, mi.StructType) else {}
        below = {key: _tree(one, kinds.get(key), f"{path}.{key}" if path else str(key)) for key, one in value.items()}
        return Node(value=below, path=path)
    if isinstance(value, list | tuple):
        inner = known.item_type if isinstance(known, mi.VarTupleType) else None
        return Node(value=tuple(_tree(one, inner, f"{path}[{i}]") for i, one in enumerate(value)), path=path)
    return Node(value=value, path=path)
