"""From recorded rows to the wire: pseudonyms, redaction, scores and limits. Runs in the background only.

A row is a list in the order of `records.PackedCall`, an execution a tuple in the order of
`records.PackedExecution` (cut after `latency_us` when there is no more to say), so that packing is one call of
the encoder. Times and latencies are microseconds; values are JSON text. The short path leaves a `ShortRow`
instead: what it had at hand, so that the caller pays for nothing that can be done here.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from itertools import repeat
from typing import Any, Literal, Protocol

import msgspec

from pilotage.runtime.buffer import Buffer
from pilotage.runtime.counters import Counters
from pilotage.runtime.records import begun_us
from pilotage.runtime.snapshot import decode, encode, spelt_out

Row = list[Any]
ShortRow = tuple[Any, ...]
"""`(number of the call, at_ns, (arm, release), output, took_ns, unit, cohort, segment, stamp, fallback, added_ns,
input)`: the values JSON in bytes or None, the stamp (source, mode, percent, stage, serial).
"""
OutcomeRow = tuple[Any, ...]
Execution = tuple[Any, ...]
Part = Literal["input", "output", "detail", "outcome"]
Redactor = Callable[[Any, Part], Any]
Scorer = Callable[[Any, Any], float]

SHORT = 200
PLAIN = 4
"""The length of an execution that has only arm, release, value and latency."""

NAMES_MAX = 65_536
VALUE_LETTERS_MAX = 2**20
"""Longer JSON texts are not recorded."""

SERVED, BESIDE, UNIT, COHORT, SEGMENT, INPUT = 2, 3, 5, 6, 7, 16

_NO_TAGS: dict[str, str] = {}

_ARRAY = b"\xdd\0\0\0\0"
"""How a MessagePack array begins whose length takes four bytes."""

_encoder = msgspec.msgpack.Encoder()
_encode, _encode_into = _encoder.encode, _encoder.encode_into


class Units(Protocol):
    """Gives a unit's pseudonym."""

    def __getitem__(self, unit: str, /) -> str:
        """The pseudonym."""


class Hooks:
    """The callables that the user registered for the background: one redactor, scorers by metric."""

    def __init__(self) -> None:
        self.redact: Redactor | None = None
        self.scorers: dict[str, Scorer] = {}


class Names(dict[Any, str]):
    """Short texts made fit for the wire, remembered: cohorts are few. None is ""."""

    def __init__(self, counters: Counters) -> None:
        super().__init__()
        self._counters = counters

    def __missing__(self, given: object) -> str:
        text = "" if given is None else spelt_out(given)
        if len(text) > SHORT:
            self._counters.add("text-cut")
            return text[:SHORT]
        if len(self) >= NAMES_MAX:
            self.clear()
        self[given] = text
        return text


class NoUnits:
    """Stands in when there is no key: units are not recorded, and counted."""

    def __init__(self, counters: Counters) -> None:
        self._counters = counters

    def __getitem__(self, unit: str, /) -> str:
        self._counters.add("unit-without-key")
        return ""


class Packer:
    """Turns rows into one MessagePack array of packed records; a record that cannot be packed is counted."""

    def __init__(self, hooks: Hooks, counters: Counters) -> None:
        self._hooks = hooks
        self._counters = counters
        self._names = Names(counters)
        self._no_units = NoUnits(counters)

    def short(self, buffer: Buffer, rows: int, units: Units | None) -> tuple[bytes, int]:
        """The next rows of the short path, and how many are packed. `units` gives pseudonyms; None records none.

        Each row is let go before the next is taken, so that the collector of garbage finds nothing to look through.
        """
        if self._hooks.redact is not None or self._hooks.scorers:
            return self.calls([whole(buffer.popleft()) for _ in range(rows)], units)
        known = self._no_units if units is None else units
        names, pop, data, count = self._names, buffer.popleft, bytearray(_ARRAY), 0
        for _ in repeat(None, rows):
            row, start = pop(), len(data)
            try:
                call, at_ns, (arm, release), output, took_ns, unit, cohort, tags, stamp, fallback, added_ns, text = row
                source, mode, percent, stage, serial = stamp
                _encode_into((
                    "%032x" % call,  # noqa: UP031 - 50 ns faster than an f-string
                    at_ns // 1000,
                    # `begun_us` without its call.
                    (arm, release, output.decode() if output is not None else None, (took_ns + 999) // 1000 or 1),
                    None,
                    arm,
                    known[unit] if unit else "",
                    names[cohort],
                    _tags(tags) if tags else _NO_TAGS,
                    source,
                    mode,
                    percent,
                    stage,
                    serial,
                    fallback,
                    False,
                    added_ns // 1000 if added_ns > 0 else 0,
                    text.decode() if text is not None else None,
                ), data, -1)  # fmt: skip
                fits = len(data) - start <= VALUE_LETTERS_MAX
            except Exception:  # noqa: BLE001 - what a caller passed may be anything
                fits = False
            if not fits:
                del data[start:]
                packed = self._packed(whole(row), known)
                data += packed
                count -= not packed
            count += 1
        return _finished(data, count)

    def calls(self, rows: list[Row], units: Units | None) -> tuple[bytes, int]:
        """Any other calls, as `short`. Changes the rows."""
        if self._hooks.redact is not None or self._hooks.scorers:
            rows = [kept for row in rows if (kept := self._hooked(row)) is not None]
        known = self._no_units if units is None else units
        return _array_of([self._packed(row, known) for row in rows])

    def outcomes(self, rows: list[OutcomeRow]) -> tuple[bytes, int]:
        """The outcomes and how many they are."""
        if self._hooks.redact is not None:
            rows = [kept for row in rows if (kept := self._redacted_outcome(row)) is not None]
        return _array_of([self._encoded(row) for row in rows])

    def _packed(self, row: Row, units: Units) -> bytes:
        """One call, made fit and without values that are too long; nothing, and counted, when even that fails."""
        try:
            packed = self._encoded(self._fit(row, units))
        except Exception:  # noqa: BLE001 - what a caller passed may fail even when it is shown
            self._counters.add("unencodable")
            return b""
        if len(packed) <= VALUE_LETTERS_MAX:
            return packed
        row[SERVED], row[BESIDE] = self._cut(row[SERVED]), self._cut(row[BESIDE])
        (row[INPUT],) = self._cut((row[INPUT],)) or (None,)
        return self._encoded(row)

    def _encoded(self, row: Sequence[Any]) -> bytes:
        """A row in MessagePack, with broken text spelt out; nothing, and counted, when that fails."""
        with suppress(Exception):
            return _encode(row)
        try:
            return _encode(_legible(row))
        except Exception:  # noqa: BLE001 - as above
            self._counters.add("unencodable")
            return b""

    def _fit(self, row: Row, units: Units) -> Row:
        """The row with its unit as a pseudonym, and within the limits of the wire."""
        row[SERVED], row[BESIDE] = self._fit_execution(row[SERVED]), self._fit_execution(row[BESIDE])
        unit, cohort = row[UNIT], row[COHORT]
        row[UNIT] = units[spelt_out(unit)] if unit else ""
        row[COHORT] = self._names[None if cohort is None else spelt_out(cohort)]
        row[SEGMENT] = _tags(row[SEGMENT] or {})
        return row

    def _fit_execution(self, execution: Execution | None) -> Execution | None:
        """The execution within the limits of the wire; what an arm reports of itself may be anything."""
        if execution is None or len(execution) == PLAIN:
            return execution
        confidence, tokens_in, tokens_out, cost_usd = execution[5:9]
        account = (
            self._number(confidence), self._count(tokens_in), self._count(tokens_out), self._amount(cost_usd)
        )  # fmt: skip
        return (*execution[:5], *account, *execution[9:])

    def _cut(self, parts: Execution | None) -> Execution | None:
        """Without the values that are too long to be recorded; they are counted."""
        if parts is None or not any(isinstance(part, str) and len(part) > VALUE_LETTERS_MAX for part in parts):
            return parts
        self._counters.add("too-large")
        return tuple(None if isinstance(part, str) and len(part) > VALUE_LETTERS_MAX else part for part in parts)

    def _number(self, given: object) -> float | None:
        """A finite number (also numpy's), or None."""
        if given is None:
            return None
        try:
            number = float(given)  # type: ignore[arg-type]  # what cannot be converted is what the handler is for
        except (TypeError, ValueError, OverflowError):
            number = math.nan
        if math.isfinite(number):
            return number
        self._counters.add("account-not-a-number")
        return None

    def _amount(self, given: object) -> float | None:
        number = self._number(given)
        return number if number is None or number >= 0 else None

    def _count(self, given: object) -> int | None:
        number = self._amount(given)
        return None if number is None else int(number)

    def _hooked(self, row: Row) -> Row | None:
        """The row with its scores added, then with every recorded value passed through the redactor."""
        try:
            served, beside, text = row[SERVED], row[BESIDE], row[INPUT]
            if self._hooks.scorers:
                served, beside = self._scored(served, text), self._scored(beside, text)
            if self._hooks.redact is not None:
                served, beside = self._redacted_execution(served), self._redacted_execution(beside)
                text = self._redacted(text, "input")
        except Exception:  # noqa: BLE001 - what did not pass the hooks is not recorded, and counted
            self._counters.add("hooks-failed")
            return None
        row[SERVED], row[BESIDE], row[INPUT] = served, beside, text
        return row

    def _scored(self, execution: Execution | None, text: str | None) -> Execution | None:
        if execution is None or execution[2] is None:
            return execution
        scores = {}
        for metric, scorer in self._hooks.scorers.items():
            try:
                score = float(scorer(None if text is None else decode(text), decode(execution[2])))
            except Exception:  # noqa: BLE001 - a user's function; its failure is counted
                score = math.nan
            if math.isfinite(score):
                scores[metric] = score
            else:
                self._counters.add("scorer-failed")
        full = execution if len(execution) > PLAIN else (*execution, "", None, None, None, None, {}, None)
        return (*full[:-2], scores, full[-1])

    def _redacted_execution(self, execution: Execution | None) -> Execution | None:
        if execution is None:
            return None
        value = self._redacted(execution[2], "output")
        if len(execution) == PLAIN:
            return (*execution[:2], value, execution[3])
        return (*execution[:2], value, *execution[3:-1], self._redacted(execution[-1], "detail"))

    def _redacted_outcome(self, row: OutcomeRow) -> OutcomeRow | None:
        value = self._redacted(row[3], "outcome")
        return None if value is None else (*row[:3], value, *row[4:])

    def _redacted(self, text: str | None, part: Part) -> str | None:
        if text is None or self._hooks.redact is None:
            return text
        try:
            return encode(self._hooks.redact(decode(text), part)).decode()
        except Exception:  # noqa: BLE001 - what could not be redacted is not recorded, and counted
            self._counters.add("redaction-failed")
            return None


def letters(row: Row) -> int:
    """About how long a row is."""
    executions = [*row[SERVED], *(row[BESIDE] or ())]
    return len(row[INPUT] or "") + sum(len(part) for part in executions if isinstance(part, str))


def array_of(records: Iterable[bytes]) -> bytes:
    """One MessagePack array of records that are encoded already."""
    return _array_of(list(records))[0]


def _array_of(records: list[bytes]) -> tuple[bytes, int]:
    kept = [record for record in records if record]
    return _finished(bytearray(_ARRAY + b"".join(kept)), len(kept))


def _finished(data: bytearray, count: int) -> tuple[bytes, int]:
    """The array with its length written in."""
    data[1:5] = count.to_bytes(4)
    return bytes(data), count


def whole(row: ShortRow) -> Row:
    """The row as the long path would have made it."""
    call, at_ns, (arm, release), output, took_ns, unit, cohort, segment, stamp, fallback, added_ns, text = row
    value, given = (None if part is None else part.decode() for part in (output, text))
    return [
        f"{call:032x}", at_ns // 1000, (arm, release, value, begun_us(took_ns)), None, arm, unit, cohort, segment,
        *stamp, fallback, False, max(0, added_ns // 1000), given,
    ]  # fmt: skip


def _tags(segment: dict[Any, Any]) -> dict[str, str]:
    """The segment with text for keys and values, which it nearly always has already."""
    for key, value in segment.items():
        if type(key) is not str or type(value) is not str:
            return {spelt_out(key): spelt_out(value) for key, value in segment.items()}
    return segment


def _legible(part: Any) -> Any:  # noqa: ANN401 - walks rows of any shape
    """The same row with text that is not valid Unicode spelt out."""
    if isinstance(part, str):
        return spelt_out(part)
    if isinstance(part, list | tuple):
        return [_legible(item) for item in part]
    if isinstance(part, dict):
        return {_legible(key): _legible(value) for key, value in part.items()}
    return part
