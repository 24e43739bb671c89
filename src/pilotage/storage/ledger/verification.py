"""Checking a whole ledger: every hash, position, sequence, and the commitment of every personal text."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Row

from pilotage.storage.errors import StorageRefused
from pilotage.storage.ledger.entry_format import canonical, commitment, commitments, entry_bytes, json_value
from pilotage.storage.ledger.merkle import Frontier, leaf_hash
from pilotage.storage.ledger.tables import ENTRIES, ENTRY_TEXTS
from pilotage.storage.protocols import Verification

CHUNK_ROWS = 1000

# What reading a row can raise when somebody has written to it past the ledger.
_UNREADABLE = (StorageRefused, TypeError, ValueError, AttributeError, RecursionError)


def verify(connection: Connection) -> Verification:
    """Check everything that the transaction of `connection` sees. Every problem is a sentence with its position."""
    checker = _Checker()
    for row, texts in _rows(connection):
        checker.check(row, texts)
    return Verification(
        entries=checker.tree.size,
        root=checker.tree.root().hex(),
        problems=(*checker.problems, *_orphans(connection)),
        erased_texts=checker.erased_texts,
    )


class _Checker:
    """Goes through the rows in order of position and collects what is wrong."""

    def __init__(self) -> None:
        self.tree = Frontier()
        self.problems: list[str] = []
        self.erased_texts = 0
        self._position = 0
        self._sequences: dict[str, int] = defaultdict(int)

    def check(self, row: Row[Any], texts: Mapping[str, Row[Any]]) -> None:
        self._check_order(row)
        try:
            data = _bytes_of(row)
            payload = _payload_of(row)
        except _UNREADABLE as error:
            self._tell(row, f"what is stored cannot be read as an entry ({error})")
            self.tree.add(bytes(row.leaf))
            return
        leaf = leaf_hash(data)
        # The head is taken over what stands there now, so that it differs from every earlier one after a change.
        self.tree.add(leaf)
        if leaf != row.leaf:
            self._tell(row, "the entry is not the one that was hashed")
        self._check_texts(row, commitments(payload), texts)

    def _check_order(self, row: Row[Any]) -> None:
        if row.position != self._position + 1:
            self._tell(row, f"position {self._position + 1} was expected here: entries are missing or were moved")
        self._position = row.position
        expected = self._sequences[row.workload] + 1
        if row.sequence != expected:
            self._tell(row, f"sequence {expected} of {row.workload} was expected here, and {row.sequence} stands there")
        self._sequences[row.workload] = row.sequence

    def _check_texts(self, row: Row[Any], promised: Mapping[str, object], texts: Mapping[str, Row[Any]]) -> None:
        for field in sorted(promised.keys() - texts.keys()):
            self._tell(row, f"the text of {field!r} is gone without having been erased")
        for field in sorted(texts.keys() - promised.keys()):
            self._tell(row, f"a text is kept for {field!r}, which the entry does not commit to")
        for field in sorted(texts.keys() & promised.keys()):
            text = texts[field]
            if text.text is None and text.salt is None:
                self.erased_texts += 1
            elif None in {text.text, text.salt} or commitment(text.salt, text.text) != promised[field]:
                self._tell(row, f"the text of {field!r} is not the one that was committed to")

    def _tell(self, row: Row[Any], what: str) -> None:
        self.problems.append(f"Position {row.position}: {what}.")


def _rows(connection: Connection) -> Iterator[tuple[Row[Any], dict[str, Row[Any]]]]:
    """Every entry in order with its texts by field, read in chunks: a ledger need not fit into memory."""
    after = sa.literal(True)  # no lower bound at first: an entry at position 0 or below must not escape
    while True:
        rows = connection.execute(sa.select(ENTRIES).where(after).order_by("position").limit(CHUNK_ROWS)).all()
        if not rows:
            return
        within = ENTRY_TEXTS.c.position.between(rows[0].position, rows[-1].position)
        texts: dict[int, dict[str, Row[Any]]] = defaultdict(dict)
        for text in connection.execute(sa.select(ENTRY_TEXTS).where(within)):
            texts[text.position][text.field] = text
        for row in rows:
            yield row, texts[row.position]
        after = ENTRIES.c.position > rows[-1].position


def _bytes_of(row: Row[Any]) -> bytes:
    return entry_bytes(
        position=row.position,
        workload=row.workload,
        sequence=row.sequence,
        kind=row.kind,
        actor=row.actor,
        at=row.at,
        simulated=row.simulated,
        payload=row.payload.encode(),
    )


def _payload_of(row: Row[Any]) -> dict[str, Any]:
    """The payload, refused unless it is an object in canonical form: other bytes could hide a second meaning."""
    payload = json_value(row.payload)
    if not isinstance(payload, dict) or canonical(payload) != row.payload.encode():
        raise ValueError("the payload is not an object in canonical JSON")
    return payload


def _orphans(connection: Connection) -> list[str]:
    """Texts of entries that are not there."""
    joined = ENTRY_TEXTS.outerjoin(ENTRIES, ENTRIES.c.position == ENTRY_TEXTS.c.position)
    orphans = (
        sa.select(ENTRY_TEXTS.c.position)
        .distinct()
        .select_from(joined)
        .where(ENTRIES.c.position.is_(None))
        .order_by(ENTRY_TEXTS.c.position)
    )
    positions = connection.execute(orphans).scalars()
    return [f"Position {position}: texts are kept, but there is no such entry." for position in positions]
