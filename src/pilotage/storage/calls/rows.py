"""A call as a row with its two executions side by side: the packed form, the Arrow columns, and back."""

from __future__ import annotations

import datetime as dt
import math
import typing
from collections.abc import Callable, Sequence
from operator import attrgetter
from types import SimpleNamespace
from typing import Any

import msgspec
import pyarrow as pa

from pilotage.runtime.records import Call, Execution, PackedCall, PackedExecution
from pilotage.storage.errors import StorageRefused

INT64_MAX = 2**63 - 1

EXECUTION_COLUMNS: tuple[tuple[str, pa.DataType], ...] = (
    ("arm", pa.string()),
    ("release", pa.string()),
    ("value", pa.string()),
    ("latency_us", pa.int64()),
    ("error", pa.string()),
    ("confidence", pa.float64()),
    ("tokens_in", pa.int64()),
    ("tokens_out", pa.int64()),
    ("cost_usd", pa.float64()),
    ("scores", pa.string()),
    ("detail", pa.string()),
)
CALL_COLUMNS: tuple[tuple[str, pa.DataType], ...] = (
    ("call_id", pa.string()),
    ("at_us", pa.int64()),
    ("assigned", pa.string()),
    ("unit", pa.string()),
    ("cohort", pa.string()),
    ("segment", pa.string()),
    ("source", pa.string()),
    ("mode", pa.string()),
    ("percent", pa.float64()),
    ("stage", pa.string()),
    ("serial", pa.int64()),
    ("fallback", pa.string()),
    ("beside_dropped", pa.bool_()),
    ("added_us", pa.int64()),
    ("input", pa.string()),
)
SCHEMA = pa.schema(
    [
        pa.field("number", pa.int64(), nullable=False),
        *(pa.field(name, kind) for name, kind in CALL_COLUMNS),
        *(pa.field(f"served_{name}", kind) for name, kind in EXECUTION_COLUMNS),
        *(pa.field(f"beside_{name}", kind) for name, kind in EXECUTION_COLUMNS),
    ]
)
COLUMNS = tuple(SCHEMA.names)
_AS_JSON = frozenset({"segment", "scores"})
_NO_EXECUTION = SimpleNamespace(**dict.fromkeys(name for name, _ in EXECUTION_COLUMNS))
_CALL_END = 1 + len(CALL_COLUMNS)
_SERVED_END = _CALL_END + len(EXECUTION_COLUMNS)


def _without_limits(packed: type[Call | Execution], base: type[msgspec.Struct], **nested: object) -> type[Any]:
    """A packed type as read back from our own file: its limits were checked when it came in, and to check them again
    would double the cost of reading; one built in Python outside them must not make a file unreadable.
    """
    kinds = typing.get_type_hints(packed) | nested
    fields = [
        (field.name, kinds[field.name])
        if field.required
        else (field.name, kinds[field.name], msgspec.field(default_factory=field.default_factory))
        if field.default is msgspec.NODEFAULT
        else (field.name, kinds[field.name], field.default)
        for field in msgspec.structs.fields(packed)
    ]
    return msgspec.defstruct(
        f"Stored{base.__name__}", fields, bases=(base,), frozen=True, array_like=True, kw_only=True, gc=False
    )


_StoredExecution = _without_limits(PackedExecution, Execution)
_StoredCall = _without_limits(PackedCall, Call, served=_StoredExecution, beside=_StoredExecution | None)
_EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
_encode: Callable[[Any], bytes] = msgspec.msgpack.Encoder().encode
_decode: Callable[[bytes], Call] = msgspec.msgpack.Decoder(_StoredCall).decode
_encode_json: Callable[[Any], bytes] = msgspec.json.Encoder().encode
_decode_segment: Callable[[str], dict[str, str]] = msgspec.json.Decoder(dict[str, str]).decode
_decode_scores: Callable[[str], dict[str, float | None]] = msgspec.json.Decoder(dict[str, float | None]).decode


def micros(moment: dt.datetime) -> int:
    """An aware time as it is stored: microseconds since 1970 UTC."""
    return (moment - _EPOCH) // dt.timedelta(microseconds=1)


def moment(at_us: int) -> dt.datetime:
    """A stored time as an aware one, in UTC."""
    return _EPOCH + dt.timedelta(microseconds=at_us)


def pack(call: Call) -> bytes:
    """The call in the wire's MessagePack form, which every later version must read anyway."""
    if type(call) is not PackedCall or type(call.served) is not PackedExecution:
        call = _as_packed(call)
    try:
        return _encode(call)
    except (TypeError, ValueError, OverflowError) as error:
        raise StorageRefused("record-unreadable", f"Call {call.call_id} cannot be encoded: {error}.") from error


def unpack(packed: bytes) -> Call:
    """The call that was packed."""
    return _decode(packed)


def _as_packed(call: Call) -> PackedCall:
    values = {name: getattr(call, name) for name in Call.__struct_fields__}
    for name in ("served", "beside"):
        if values[name] is not None:
            values[name] = PackedExecution(
                **{field: getattr(values[name], field) for field in Execution.__struct_fields__}
            )
    return PackedCall(**values)


def table_of(numbers: Sequence[int], calls: Sequence[Call]) -> pa.Table:
    """The calls as Arrow columns, in the order given."""
    columns = [
        pa.array(numbers, pa.int64()),
        *_columns(CALL_COLUMNS, calls),
        *_columns(EXECUTION_COLUMNS, [call.served for call in calls]),
        *_columns(EXECUTION_COLUMNS, [call.beside or _NO_EXECUTION for call in calls]),
    ]
    return pa.Table.from_arrays(columns, schema=SCHEMA)


def _columns(kinds: Sequence[tuple[str, pa.DataType]], rows: Sequence[object]) -> list[pa.Array]:
    return [column_of(name, kind, list(map(attrgetter(name), rows))) for name, kind in kinds]


def column_of(name: str, kind: pa.DataType, values: list[Any]) -> pa.Array:
    """Values of a column of the rows, as they are kept."""
    # Of most columns a batch holds one value only: one is converted then, and repeated.
    if values and values[0] == values[-1] and values.count(values[0]) == len(values):
        return pa.repeat(_array(name, kind, values[:1])[0], len(values))
    return _array(name, kind, values)


def _array(name: str, kind: pa.DataType, values: list[Any]) -> pa.Array:
    if name in _AS_JSON:
        values = [None if value is None else (_encode_json(value).decode() if value else "{}") for value in values]
    try:
        return pa.array(values, kind)
    except OverflowError:
        # The wire bounds these counts below but not above: what no column can hold is stored as the largest it can.
        return pa.array([None if value is None else min(value, INT64_MAX) for value in values], kind)


def calls_of(table: pa.Table) -> list[tuple[int, Call]]:
    """Numbers and calls of a table that has all of `COLUMNS`, in its order."""
    columns = [table.column(name).to_pylist() for name in COLUMNS]
    return [
        (
            row[0],
            Call(
                call_id=row[1],
                at_us=row[2],
                assigned=row[3],
                unit=row[4],
                cohort=row[5],
                segment=segment_of(row[6]),
                source=row[7],
                mode=row[8],
                percent=row[9],
                stage=row[10],
                serial=row[11],
                fallback=row[12],
                beside_dropped=row[13],
                added_us=row[14],
                input=row[15],
                served=_execution(row[_CALL_END:_SERVED_END]),
                beside=None if row[_SERVED_END] is None else _execution(row[_SERVED_END:]),
            ),
        )
        for row in zip(*columns, strict=True)
    ]


def _execution(row: tuple[Any, ...]) -> Execution:
    return Execution(
        arm=row[0],
        release=row[1],
        value=row[2],
        latency_us=row[3],
        error=row[4],
        confidence=row[5],
        tokens_in=row[6],
        tokens_out=row[7],
        cost_usd=row[8],
        scores=_scores(row[9]),
        detail=row[10],
    )


def segment_of(text: str) -> dict[str, str]:
    """A call's segment from the text that it is kept as."""
    return {} if text == "{}" else _decode_segment(text)


def _scores(text: str) -> dict[str, float]:
    if text == "{}":
        return {}
    # JSON has no NaN or infinity: a score that is not finite is kept as null and read as NaN.
    return {name: math.nan if value is None else value for name, value in _decode_scores(text).items()}
