"""Structs as YAML that people can read and go on writing: what is at its default is left out."""

from __future__ import annotations

import datetime as dt
from typing import Any

import msgspec
import yaml
from msgspec import Struct

WIDTH = 100


def yaml_text(value: object) -> str:
    """Plain values as YAML, in their order."""
    return yaml.dump(value, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=WIDTH, default_flow_style=False)


def sparse(value: Any) -> Any:  # noqa: ANN401 - any part of a file
    """The plain form of a value, without fields that are at their default. Days stay days."""
    if isinstance(value, Struct):
        config = type(value).__struct_config__
        found = {} if config.tag is None else {str(config.tag_field): config.tag}
        for field in msgspec.structs.fields(value):
            given = getattr(value, field.name)
            if field.required or given != _default(field):
                found[field.encode_name] = sparse(given)
        return found
    if isinstance(value, dict):
        return {key: sparse(below) for key, below in value.items()}
    if isinstance(value, list | tuple):
        return [sparse(below) for below in value]
    return value


def _default(field: msgspec.structs.FieldInfo) -> object:
    if field.default_factory is not msgspec.NODEFAULT:
        return field.default_factory()
    return field.default


class _Dumper(yaml.SafeDumper):
    """Writes lists indented, and long or many-lined text as a block."""

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:  # noqa: ARG002, FBT001, FBT002 - the library's signature
        super().increase_indent(flow, indentless=False)


def _text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style="|" if "\n" in text else None)


def _day(dumper: yaml.SafeDumper, day: dt.date) -> yaml.ScalarNode:
    return dumper.represent_scalar("tag:yaml.org,2002:timestamp", day.isoformat())


_Dumper.add_representer(str, _text)
_Dumper.add_representer(dt.date, _day)
