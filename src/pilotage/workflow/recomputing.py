"""Every decision of an exported ledger computed again, from the file alone."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator
from importlib.metadata import version
from typing import Any

from msgspec import Struct

from pilotage.record.digests import digest_of_text
from pilotage.storage.errors import StorageRefused
from pilotage.storage.ledger.export import ExportedEntry, read_export
from pilotage.workflow.errors import NotComputable
from pilotage.workflow.freezing import Recomputed, recompute


class RecomputedDecision(Struct, frozen=True, kw_only=True):
    """One decision. `evidence` is None where none was frozen with it, or where what was frozen cannot be computed
    again; `problems` then says why.
    """

    workload: str
    position: int
    at: dt.datetime
    outcome: str
    answer: str
    evidence: Recomputed | None
    problems: tuple[str, ...]


class RecomputedExport(Struct, frozen=True, kw_only=True):
    """What an exported ledger comes to: whether it is as it was written, and every decision of it. `version` is the
    product's that computed it again.
    """

    version: str
    entries: int
    root: str
    problems: tuple[str, ...]
    decisions: tuple[RecomputedDecision, ...]

    @property
    def same(self) -> bool:
        """Whether nothing was changed, and every evidence comes to what it came to. Where none was computed again,
        nothing was shown to be the same.
        """
        sound = all(not one.problems and (one.evidence is None or one.evidence.same) for one in self.decisions)
        return sound and not self.problems and self.computed > 0

    @property
    def computed(self) -> int:
        """Of how many decisions the evidence was computed again."""
        return sum(one.evidence is not None for one in self.decisions)


def recompute_export(lines: Iterable[str], *, root: str | None = None, workload: str | None = None) -> RecomputedExport:
    """Prove the file and compute its decisions again, of one workload or of all. `root` is a tree head that is known
    from elsewhere: whoever can rewrite a file can also give it another head. Raises `StorageRefused` for a file that
    is no exported ledger, and for a workload that is not in it.
    """
    export = read_export(lines)
    there = {entry.workload for entry in export.entries}
    if workload is not None and workload not in there:
        names = ", ".join(sorted(there)) or "none"
        raise StorageRefused("unknown-workload", f"There is no workload {workload} in this ledger; it has {names}.")
    problems = list(export.problems)
    if root is not None and root != export.root:
        problems.append(f"The tree head is {export.root}, not the one that is known: the ledger is another one.")
    return RecomputedExport(
        version=version("pilotage"),
        entries=len(export.entries),
        root=export.root,
        problems=tuple(problems),
        decisions=tuple(_decisions(export.entries, workload)),
    )


def _decisions(entries: Iterable[ExportedEntry], workload: str | None) -> Iterator[RecomputedDecision]:
    frozen: dict[tuple[str, str], dict[str, Any]] = {}
    for entry in entries:
        if workload is not None and entry.workload != workload:
            continue
        if entry.kind == "evidence_frozen":
            frozen[entry.workload, str(entry.payload.get("digest"))] = entry.payload
        elif entry.kind == "decided":
            digest = entry.payload.get("evidence")
            payload = frozen.get((entry.workload, digest)) if isinstance(digest, str) else None
            yield _decision(entry, digest, payload)


def _decision(entry: ExportedEntry, digest: object, payload: dict[str, Any] | None) -> RecomputedDecision:
    evidence, problems = None, list[str]()
    if digest is not None and payload is None:
        problems.append("The evidence that the decision names is not in the ledger before it.")
    if payload is not None:
        content = str(payload.get("content"))
        if digest_of_text(content) != digest:
            problems.append("The evidence is not the one that the decision was signed with: its digest differs.")
        try:
            evidence = recompute(content)
        except NotComputable as error:
            problems.append(str(error))
    answer = str(entry.payload.get("answer"))
    if evidence is not None and evidence.answer != answer:
        problems.append(f"The decision says {answer}, and the evidence frozen with it says {evidence.answer}.")
    return RecomputedDecision(
        workload=entry.workload,
        position=entry.position,
        at=entry.at,
        outcome=str(entry.payload.get("outcome")),
        answer=answer,
        evidence=evidence,
        problems=tuple(problems),
    )
