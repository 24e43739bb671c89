"""The bytes of a spool segment: a header, then frames with length and checksum, so that a torn write is seen. Pure."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from typing import Literal

from msgspec import Struct, msgpack

MAGIC = b"PLTGSEG1"
CALLS, OUTCOMES, COUNTERS = 1, 2, 3
Kind = Literal[1, 2, 3]

_FRAME = struct.Struct(">IIB")


class Origin(Struct, frozen=True, kw_only=True):
    """Who wrote a segment: the first frame of every one, after the magic."""

    workload: str
    runtime: str


class Frame(Struct, frozen=True):
    """One group of records: `payload` is a MessagePack array of packed calls or outcomes, or a map of counters."""

    kind: int
    payload: bytes


class Damaged(Exception):
    """The bytes are not what was written: `torn` when they merely end early, as an unfinished write leaves them. A
    segment that was completed cannot be torn: there, it is damage like any other.
    """

    def __init__(self, sentence: str, *, torn: bool) -> None:
        super().__init__(sentence)
        self.torn = torn


def header(origin: Origin) -> bytes:
    """How a segment begins."""
    return MAGIC + b"".join(framed(0, msgpack.encode(origin)))


def framed(kind: int, payload: bytes) -> tuple[bytes, bytes]:
    """A frame in two parts: length and CRC-32 of the payload (started at kind), both big-endian 32-bit, and kind; then
    the payload.
    """
    return _FRAME.pack(len(payload), zlib.crc32(payload, kind), kind), payload


def parse(data: bytes) -> tuple[Origin, Iterator[Frame]]:
    """The origin and the frames of a segment. Raises `Damaged` where the bytes stop making sense, also while
    the frames are iterated: those before it are whole.
    """
    if not data.startswith(MAGIC):
        raise Damaged("it does not begin as a segment does", torn=MAGIC.startswith(data))
    first, end = _frame_at(data, len(MAGIC))
    return msgpack.decode(first.payload, type=Origin), _frames(data, end)


def _frames(data: bytes, position: int) -> Iterator[Frame]:
    while position < len(data):
        frame, position = _frame_at(data, position)
        yield frame


def _frame_at(data: bytes, position: int) -> tuple[Frame, int]:
    start = position + _FRAME.size
    if start > len(data):
        raise Damaged(f"the frame at byte {position} is cut", torn=True)
    length, checksum, kind = _FRAME.unpack_from(data, position)
    payload = data[start : start + length]
    if len(payload) < length:
        raise Damaged(f"the frame at byte {position} is cut", torn=True)
    if zlib.crc32(payload, kind) != checksum:
        raise Damaged(f"the frame at byte {position} fails its checksum", torn=False)
    return Frame(kind, payload), start + length
