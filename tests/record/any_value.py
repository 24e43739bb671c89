"""Any value of a msgspec type: Hypothesis strategies read off the types themselves, so that new facts are covered."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

import msgspec.inspect as mi
from hypothesis import strategies as st

SECRET = "§ said in confidence §"
INTEGER_MAX = 2**53 - 1
WORDS = st.text(max_size=8)


def any_of(kind: type) -> st.SearchStrategy[Any]:
    """Any value of a type. Every personal text in it holds `SECRET`, or is empty."""
    return _any(mi.type_info(kind))


def _any(kind: mi.Type) -> st.SearchStrategy[Any]:
    if isinstance(kind, mi.Metadata):
        personal = (kind.extra or {}).get("personal")
        return st.just("") | WORDS.map(lambda word: f"{word}{SECRET}{word}") if personal else _any(kind.type)
    return _STRATEGIES[type(kind)](kind)


def _texts(kind: mi.StrType) -> st.SearchStrategy[str]:
    if kind.pattern:
        return st.from_regex(kind.pattern, fullmatch=True)
    return st.text(min_size=kind.min_length or 0, max_size=min(kind.max_length or 12, 12))


def _floats(kind: mi.FloatType) -> st.SearchStrategy[float]:
    low, high = (kind.ge if kind.ge is not None else kind.gt), (kind.le if kind.le is not None else kind.lt)
    drawn = st.floats(
        low,
        high,
        exclude_min=kind.gt is not None,
        exclude_max=kind.lt is not None,
        allow_nan=False,
        allow_infinity=False,
    )
    whole = st.integers(1, 9).map(float) if (low or 0) <= 1 and high is None else drawn
    return drawn | whole


# A type that is missing here is a KeyError: teach this table about it.
_STRATEGIES: dict[type[mi.Type], Callable[[Any], st.SearchStrategy[Any]]] = {
    mi.StrType: _texts,
    mi.BytesType: lambda k: st.binary(min_size=k.min_length or 0, max_size=12),
    mi.IntType: lambda k: st.integers(k.ge if k.ge is not None else -INTEGER_MAX, k.le or INTEGER_MAX),
    mi.FloatType: _floats,
    mi.BoolType: lambda _: st.booleans(),
    mi.NoneType: lambda _: st.none(),
    mi.DateType: lambda _: st.dates(dt.date(1900, 1, 1), dt.date(2200, 1, 1)),
    mi.DateTimeType: lambda _: st.datetimes(timezones=st.just(dt.UTC)),
    mi.LiteralType: lambda k: st.sampled_from(k.values),
    mi.UnionType: lambda k: st.one_of([_any(option) for option in k.types]),
    mi.VarTupleType: lambda k: st.lists(_any(k.item_type), max_size=3).map(tuple),
    mi.DictType: lambda k: st.dictionaries(_any(k.key_type), _any(k.value_type), max_size=3),
    mi.StructType: lambda k: st.builds(k.cls, **{field.name: _any(field.type) for field in k.fields}),
}
