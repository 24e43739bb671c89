"""Takes what embedded runtimes have spooled in the workspace's folder into the call store.

At least once: a segment goes only after its records are stored durably, and the store knows an id it has seen. What
cannot be taken is set aside with the reason beside it, never dropped.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator
from pathlib import Path

from msgspec import Struct

from pilotage.runtime.spool import Records, acknowledge, read_segments
from pilotage.storage.errors import StorageRefused
from pilotage.workflow.workspace import Workspace

log = logging.getLogger(__name__)

_SLUG = re.compile(r"[a-z0-9]([a-z0-9-]{0,62}[a-z0-9])?")


class Ingested(Struct, frozen=True, kw_only=True):
    """What one round took in. `refused` counts the segments that were set aside, wholly or in part."""

    calls: int = 0
    outcomes: int = 0
    duplicates: int = 0
    refused: int = 0
    workloads: tuple[str, ...] = ()

    def __add__(self, other: Ingested) -> Ingested:
        return Ingested(
            calls=self.calls + other.calls,
            outcomes=self.outcomes + other.outcomes,
            duplicates=self.duplicates + other.duplicates,
            refused=self.refused + other.refused,
            workloads=tuple(dict.fromkeys((*self.workloads, *other.workloads))),
        )


def spooled(home: Path) -> tuple[str, ...]:
    """The workloads whose embedded runtimes have a spool in this folder."""
    try:
        folders = sorted((home / "spool").iterdir())
    except FileNotFoundError:
        return ()
    return tuple(folder.name for folder in folders if folder.is_dir() and _SLUG.fullmatch(folder.name))


def ingest_spool(workspace: Workspace) -> Ingested:
    """Take in every segment that is complete, and what dead runtimes left. Raises storage's errors when it is away;
    what was not taken yet then stays where it is.
    """
    total = Ingested()
    for slug in spooled(workspace.home):
        for path, records in read_segments(workspace.home / "spool" / slug):
            taken, reasons = _take(workspace, slug, records)
            reason = "; ".join(reasons)
            acknowledge(path, damage=reason)
            if reason:
                log.warning("%s was set aside in refused/: %s", path.name, reason)
                taken += Ingested(refused=1)
            total += taken
    return total


def _take(workspace: Workspace, slug: str, records: Records) -> tuple[Ingested, list[str]]:
    """Store what can be stored; what that was, and why the segment has to be set aside, if it has."""
    reasons = list(_faults(workspace, slug, records))
    if records.workload != slug:
        return Ingested(), reasons
    kept = [call for call in records.calls if not (workspace.demonstration and call.source == "real")]
    try:
        calls = workspace.calls.append_calls(slug, kept, records.counters, records.runtime)
        outcomes = workspace.calls.append_outcomes(slug, records.outcomes)
    except StorageRefused as error:
        return Ingested(), [*reasons, error.sentence]
    taken = Ingested(
        calls=calls.accepted,
        outcomes=outcomes.accepted,
        duplicates=calls.duplicates + outcomes.duplicates,
        workloads=(slug,) if calls.accepted or outcomes.accepted else (),
    )
    return taken, reasons


def _faults(workspace: Workspace, slug: str, records: Records) -> Iterator[str]:
    if records.damage:
        yield records.damage
    if records.workload != slug:
        yield f"it holds calls of {records.workload or 'no workload'}, and stands in the spool of {slug}"
    elif workspace.demonstration and any(call.source == "real" for call in records.calls):
        yield "a demonstration takes no real traffic; what was replayed or synthetic is stored"
