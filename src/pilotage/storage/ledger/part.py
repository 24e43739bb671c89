"""One workload's part of the ledger as a file that proves itself, without the other workloads' entries.

The lines of an exported ledger, with one line in place of each stretch of entries that stay behind:
`{"from": first, "to": last, "root": "…"}`, the root over a complete subtree of the tree of RFC 9162. So every entry is
proven to be in the tree over the whole ledger, and nothing is told of the others but that they are there.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from typing import Any

import msgspec
from msgspec import Struct

from pilotage.storage.ledger.merkle import Frontier, node_hash
from pilotage.storage.protocols import Entry
from pilotage.storage.schema import rfc3339

PART = "pilotage-ledger-part/1"


class Stretch(Struct, frozen=True, kw_only=True, rename={"first": "from", "last": "to"}, forbid_unknown_fields=True):
    """Entries that stay behind, and the root of their subtree."""

    first: int
    last: int
    root: str


def part_lines(entries: Sequence[Entry], leaves: Sequence[bytes]) -> Iterator[str]:
    """The lines of a file: `entries` are one workload's, `leaves` the whole ledger's up to the head that it names."""
    root = Frontier(leaves).root().hex()
    yield msgspec.json.encode({"format": PART, "entries": len(leaves), "root": root}).decode()
    by_position = {entry.position: entry for entry in entries if entry.position <= len(leaves)}
    positions = sorted(by_position)
    for one in _walk(0, len(leaves), positions, leaves):
        line: Any = msgspec.to_builtins(one) if isinstance(one, Stretch) else _written(by_position[one])
        yield msgspec.json.encode(line).decode()


def _written(entry: Entry) -> dict[str, Any]:
    return {
        "position": entry.position,
        "workload": entry.workload,
        "sequence": entry.sequence,
        "kind": entry.kind,
        "actor": entry.actor,
        "at": rfc3339(entry.at),
        "simulated": entry.simulated,
        "payload": entry.payload,
        "leaf": entry.leaf,
    }


def _walk(low: int, high: int, kept: Sequence[int], leaves: Sequence[bytes]) -> Iterator[int | Stretch]:
    """Kept positions and stretches between them, over the leaves from `low` to before `high`, as the tree is split."""
    if low == high:
        return
    found = bisect_left(kept, low + 1)
    if found == len(kept) or kept[found] > high:
        yield Stretch(first=low + 1, last=high, root=Frontier(leaves[low:high]).root().hex())
    elif high - low == 1:
        yield high
    else:
        half = split(high - low)
        yield from _walk(low, low + half, kept, leaves)
        yield from _walk(low + half, high, kept, leaves)


def split(size: int) -> int:
    """The largest power of two below a tree's size: its left subtree has so many leaves."""
    return 1 << (size - 1).bit_length() - 1


def head(size: int, known: dict[tuple[int, int], bytes]) -> bytes:
    """The tree head over `size` leaves, from the roots of stretches and single leaves by first and last position.

    Raises KeyError where one is missing; every one that is used is taken out of `known`.
    """

    def over(first: int, last: int) -> bytes:
        if (first, last) in known or first >= last:
            return known.pop((first, last))
        half = split(last - first + 1)
        return node_hash(over(first, first + half - 1), over(first + half, last))

    return over(1, size) if size else Frontier().root()
