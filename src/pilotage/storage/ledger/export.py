"""The ledger as a file that proves itself: one JSON object a line, the tree head first, then every entry.

Personal texts stay behind: their commitments are in the payloads, so that entries can be hashed without them. Reading a
file needs nothing but the file.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import msgspec
from msgspec import Struct

from pilotage.storage.errors import StorageRefused
from pilotage.storage.ledger.entry_format import canonical, entry_bytes, json_value
from pilotage.storage.ledger.merkle import Frontier, leaf_hash
from pilotage.storage.ledger.part import PART, Stretch
from pilotage.storage.ledger.part import head as head_over
from pilotage.storage.schema import rfc3339

FORMAT = "pilotage-ledger/1"


class Head(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The first line: how many entries follow, and the tree head over them (RFC 9162, hexadecimal)."""

    format: str
    entries: int
    root: str


class ExportedEntry(Struct, frozen=True, kw_only=True):
    """An entry as exported: all that is hashed, and its leaf."""

    position: int
    workload: str
    sequence: int
    kind: str
    actor: str
    at: dt.datetime
    simulated: bool
    payload: dict[str, Any]
    leaf: str


class Export(Struct, frozen=True, kw_only=True):
    """What a file holds. `root` is the tree head over the entries as they stand there; `problems` says in sentences
    what is not as it was written.
    """

    entries: tuple[ExportedEntry, ...]
    root: str
    problems: tuple[str, ...]


def export_lines(head: Head, entries: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    """The lines of a file, from entries as the interface gives them."""
    yield msgspec.json.encode(head).decode()
    for entry in entries:
        kept = {field: entry[field] for field in ExportedEntry.__struct_fields__}
        yield msgspec.json.encode(kept).decode()


def read_export(lines: Iterable[str]) -> Export:
    """Read a file and prove it. Raises `StorageRefused` for what is no exported ledger."""
    given = iter(lines)
    head = _head(next(given, ""))
    if head.format == PART:
        return _read_part(head, given)
    entries: list[ExportedEntry] = []
    problems: list[str] = []
    tree = Frontier()
    for number, line in enumerate(given, start=2):
        entry = _entry(line, number)
        leaf = _leaf(entry)
        tree.add(leaf)
        entries.append(entry)
        if entry.position != tree.size:
            problems.append(f"Line {number}: position {tree.size} was expected, and {entry.position} stands there.")
        if leaf.hex() != entry.leaf:
            problems.append(f"Position {entry.position}: the entry is not the one that was hashed.")
    if tree.size != head.entries:
        problems.append(f"The file says that it has {head.entries} entries, and it has {tree.size}.")
    if tree.root().hex() != head.root:
        problems.append("The tree head over the entries is not the one that the file names.")
    return Export(entries=tuple(entries), root=tree.root().hex(), problems=tuple(problems))


def _read_part(head: Head, lines: Iterable[str]) -> Export:
    """One workload's part: every entry against its leaf and its place in the tree over the whole ledger."""
    entries, problems = list[ExportedEntry](), list[str]()
    known: dict[tuple[int, int], bytes] = {}
    for number, line in enumerate(lines, start=2):
        stretch = _stretch(line)
        if stretch is not None:
            known[stretch.first, stretch.last] = bytes.fromhex(stretch.root)
            continue
        entry = _entry(line, number)
        leaf = _leaf(entry)
        known[entry.position, entry.position] = leaf
        entries.append(entry)
        if leaf.hex() != entry.leaf:
            problems.append(f"Position {entry.position}: the entry is not the one that was hashed.")
        if entry.sequence != len(entries):
            problems.append(f"Position {entry.position}: an entry of the workload is missing before it.")
    try:
        root = head_over(head.entries, known).hex()
    except KeyError as error:
        problems.append(f"Nothing is known of the positions {error}: the file is not whole.")
        root = ""
    if known:
        problems.append(f"{len(known)} lines of the file have no place in the tree.")
    if root != head.root:
        problems.append("The tree head over the entries is not the one that the file names.")
    return Export(entries=tuple(entries), root=root, problems=tuple(problems))


def _stretch(line: str) -> Stretch | None:
    try:
        return msgspec.json.decode(line, type=Stretch)
    except msgspec.DecodeError:
        return None


def _head(line: str) -> Head:
    try:
        head = msgspec.json.decode(line, type=Head)
    except msgspec.DecodeError as error:
        raise StorageRefused(
            "not-an-export", f"This is no exported ledger ({error}); make one with {_MAKE}."
        ) from error
    if head.format not in {FORMAT, PART}:
        raise StorageRefused("not-an-export", f"The file has the format {head.format!r}, and {FORMAT!r} is read here.")
    return head


def _entry(line: str, number: int) -> ExportedEntry:
    try:
        return msgspec.convert(json_value(line), ExportedEntry)
    except (msgspec.ValidationError, ValueError) as error:
        raise StorageRefused("not-an-export", f"Line {number} is no entry of a ledger: {error}.") from error


def _leaf(entry: ExportedEntry) -> bytes:
    return leaf_hash(
        entry_bytes(
            position=entry.position,
            workload=entry.workload,
            sequence=entry.sequence,
            kind=entry.kind,
            actor=entry.actor,
            at=rfc3339(entry.at),
            simulated=entry.simulated,
            payload=canonical(entry.payload),
        )
    )


_MAKE = "`pilotage ledger export`"
