"""Checks a tree against a type and reports every difference at once. Pure.

msgspec stops at the first difference; this walks the same type information (`msgspec.inspect`) and goes on.
What passes here, msgspec converts.
"""

from __future__ import annotations

import base64
import datetime as dt
import difflib
import math
import re
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import msgspec.inspect as mi

from pilotage.playbook.errors import Problem
from pilotage.playbook.nodes import Node

INTEGER_MAX = 2**63 - 1
SHOWN_MAX = 60


def differences(node: Node, expected: object) -> Iterator[Problem]:
    """Every way in which a tree differs from a type.

    Raises TypeError when the type holds something that this cannot check: nothing passes unchecked.
    """
    yield from _check(node, mi.type_info(expected))


def _check(node: Node, expected: mi.Type) -> Iterator[Problem]:
    expected = _bare(expected)
    if _fits(node, expected):
        yield from _BEYOND_KIND[type(expected)](node, expected)
    else:
        yield node.problem("wrong-type", f"This is {_shown(node)}; write {_name(expected)}.")


def _bare(expected: mi.Type) -> mi.Type:
    """A type without the metadata that says nothing of its values; TypeError when it cannot be checked."""
    while isinstance(expected, mi.Metadata):
        expected = expected.type
    if type(expected) not in _KINDS:
        raise TypeError(f"{type(expected).__name__} is not checked yet; teach shape.py about it")
    return expected


def _fits(node: Node, expected: mi.Type) -> bool:
    """Whether the value is of the kind that the type wants, whatever its bounds say."""
    if isinstance(expected, mi.UnionType):
        return any(_fits(node, _bare(option)) for option in expected.types)
    if isinstance(expected, mi.LiteralType):
        return type(node.value) in {type(value) for value in expected.values}
    kinds = _KINDS[type(expected)]
    return isinstance(node.value, kinds) and (bool in kinds or not isinstance(node.value, bool))


def _struct(node: Node, expected: mi.StructType) -> Iterator[Problem]:
    present = node.value if isinstance(node.value, dict) else {}
    fields = {field.encode_name: field for field in expected.fields}
    known = [*fields, *([expected.tag_field] if expected.tag_field else [])]
    for key, below in present.items():
        if key in fields:
            yield from _check(below, fields[key].type)
        elif key == expected.tag_field and below.value != expected.tag:
            yield below.problem("not-allowed", f"This is {_shown(below)}; write {expected.tag}.")
        elif key not in known:
            yield below.problem("unknown-key", f"{key} is no key of this place; {_instead(key, known)}")
    for name, field in fields.items():
        if field.required and name not in present:
            message = f"{name} is missing; add it as {_name(field.type)}."
            yield Problem(path=node.at(name), line=node.line, code="missing-key", message=message)


def _mapping(node: Node, expected: mi.DictType) -> Iterator[Problem]:
    present = node.value if isinstance(node.value, dict) else {}
    yield from _length(node, len(present), expected, "entries")
    for key, below in present.items():
        yield from _check(Node(value=key, path=below.path, line=below.line), expected.key_type)
        yield from _check(below, expected.value_type)


def _list(node: Node, expected: mi.VarTupleType | mi.ListType) -> Iterator[Problem]:
    yield from _length(node, len(node.items), expected, "entries")
    for below in node.items:
        yield from _check(below, expected.item_type)


def _tuple(node: Node, expected: mi.TupleType) -> Iterator[Problem]:
    if len(node.items) != len(expected.item_types):
        yield node.problem("wrong-length", f"Write {len(expected.item_types)} values here, not {len(node.items)}.")
    for below, item in zip(node.items, expected.item_types, strict=False):
        yield from _check(below, item)


def _union(node: Node, expected: mi.UnionType) -> Iterator[Problem]:
    options = [_bare(option) for option in expected.types]
    tagged = [option for option in options if isinstance(option, mi.StructType)]
    if len(tagged) > 1 and isinstance(node.value, dict):
        yield from _tagged(node, tagged)
        return
    complaints = [list(_check(node, option)) for option in options if _fits(node, option)]
    yield from min(complaints, key=len)


def _tagged(node: Node, options: list[mi.StructType]) -> Iterator[Problem]:
    by_tag = {str(option.tag): option for option in options}
    field = options[0].tag_field or "type"
    tag = node.get(field)
    if tag is None:
        message = f"{field} is missing; add it as one of {_listed(by_tag)}."
        yield Problem(path=node.at(field), line=node.line, code="missing-key", message=message)
    elif tag.text not in by_tag:
        yield tag.problem("not-allowed", f"This is {_shown(tag)}; {_instead(str(tag.value), by_tag)}")
    else:
        yield from _struct(node, by_tag[tag.text])


def _literal(node: Node, expected: mi.LiteralType) -> Iterator[Problem]:
    if node.value not in expected.values:
        allowed = sorted(str(value) for value in expected.values)
        yield node.problem("not-allowed", f"This is {_shown(node)}; {_instead(str(node.value), allowed)}")


def _text(node: Node, expected: mi.StrType) -> Iterator[Problem]:
    text = node.text or ""
    yield from _length(node, len(text), expected, "characters")
    if expected.pattern is not None and re.search(expected.pattern, text) is None:
        yield node.problem("wrong-form", f"This is {_shown(node)}; write one that matches {expected.pattern}.")


def _base64(node: Node, expected: mi.BytesType) -> Iterator[Problem]:
    try:
        content = base64.b64decode(node.text or "", validate=True)
    except ValueError:
        yield node.problem("wrong-form", "This is not base64; encode the file, or have a command do it.")
        return
    yield from _length(node, len(content), expected, "bytes")


def _number(node: Node, expected: mi.IntType | mi.FloatType) -> Iterator[Problem]:
    value = node.number or 0
    if abs(value) > INTEGER_MAX if isinstance(value, int) else not math.isfinite(value):
        yield node.problem("not-finite", f"This is {_shown(node)}; write an ordinary number.")
        return
    bounds = [
        (expected.ge is None or value >= expected.ge, f"at least {expected.ge}"),
        (expected.gt is None or value > expected.gt, f"above {expected.gt}"),
        (expected.le is None or value <= expected.le, f"at most {expected.le}"),
        (expected.lt is None or value < expected.lt, f"below {expected.lt}"),
        (expected.multiple_of is None or value % expected.multiple_of == 0, f"a multiple of {expected.multiple_of}"),
    ]
    for holds, wanted in bounds:
        if not holds:
            yield node.problem("out-of-range", f"This is {_shown(node)}; write a number that is {wanted}.")


def _day(node: Node, _expected: mi.DateType) -> Iterator[Problem]:
    if isinstance(node.value, dt.datetime):
        yield node.problem("wrong-type", f"This is {_shown(node)}; write a day without a time.")


def _whole(_node: Node, _expected: mi.Type) -> Iterator[Problem]:
    """Nothing further to check: the kind says it all."""
    yield from ()


def _length(
    node: Node,
    length: int,
    expected: mi.StrType | mi.BytesType | mi.VarTupleType | mi.ListType | mi.DictType,
    what: str,
) -> Iterator[Problem]:
    if expected.min_length is not None and length < expected.min_length:
        yield node.problem("too-short", f"Give at least {expected.min_length} {what} here, not {length}.")
    if expected.max_length is not None and length > expected.max_length:
        yield node.problem("too-long", f"Give at most {expected.max_length} {what} here, not {length}.")


_KINDS: dict[type[mi.Type], tuple[type, ...]] = {
    mi.NoneType: (type(None),),
    mi.BoolType: (bool,),
    mi.IntType: (int,),
    mi.FloatType: (int, float),
    mi.StrType: (str,),
    mi.BytesType: (str,),
    mi.DateType: (dt.date,),
    mi.LiteralType: (),
    mi.StructType: (dict,),
    mi.DictType: (dict,),
    mi.ListType: (tuple,),
    mi.VarTupleType: (tuple,),
    mi.TupleType: (tuple,),
    mi.UnionType: (),
}
# The second parameter is the key's own type, which a dictionary's type cannot say.
_BEYOND_KIND: dict[type[mi.Type], Callable[[Node, Any], Iterator[Problem]]] = {
    mi.NoneType: _whole,
    mi.BoolType: _whole,
    mi.IntType: _number,
    mi.FloatType: _number,
    mi.StrType: _text,
    mi.BytesType: _base64,
    mi.DateType: _day,
    mi.LiteralType: _literal,
    mi.StructType: _struct,
    mi.DictType: _mapping,
    mi.ListType: _list,
    mi.VarTupleType: _list,
    mi.TupleType: _tuple,
    mi.UnionType: _union,
}
_NAMES: dict[type[mi.Type], str] = {
    mi.NoneType: "null",
    mi.BoolType: "true or false",
    mi.IntType: "a whole number",
    mi.FloatType: "a number",
    mi.StrType: "text",
    mi.BytesType: "a file in base64",
    mi.DateType: "a day such as 2026-03-31",
    mi.StructType: "a mapping",
    mi.DictType: "a mapping",
    mi.ListType: "a list",
    mi.VarTupleType: "a list",
    mi.TupleType: "a list",
}


def _name(expected: mi.Type) -> str:
    expected = _bare(expected)
    if isinstance(expected, mi.UnionType):
        return " or ".join(dict.fromkeys(_name(option) for option in expected.types))
    if isinstance(expected, mi.LiteralType):
        return f"one of {_listed(sorted(str(value) for value in expected.values))}"
    return _NAMES[type(expected)]


def _shown(node: Node) -> str:
    if node.value is None:
        return "null"
    if isinstance(node.value, dict | tuple):
        return "a mapping" if isinstance(node.value, dict) else "a list"
    if node.text is not None:
        return f'the text "{node.text[:SHOWN_MAX]}{"…" if len(node.text) > SHOWN_MAX else ""}"'
    if isinstance(node.value, int) and abs(node.value) > INTEGER_MAX:
        return "a number of astronomical size"
    return str(node.value).lower()


def _instead(word: str, allowed: Iterable[str]) -> str:
    close = difflib.get_close_matches(word, names := list(allowed), n=1)
    return f"did you mean {close[0]}?" if close else f"write one of {_listed(names)}."


def _listed(names: Iterable[str]) -> str:
    return ", ".join(names)
