"""How a terminal shows an exported ledger computed again."""

from __future__ import annotations

from typing import Any

import msgspec

from pilotage.cli.failures import counted
from pilotage.cli.screen import Screen
from pilotage.cli.wording import words
from pilotage.workflow.recomputing import RecomputedDecision, RecomputedExport

DIFFERENCES_SHOWN = 10


def as_json(found: RecomputedExport) -> dict[str, Any]:
    """All of it as JSON, with what it comes to in one word."""
    return {"same": found.same, **msgspec.to_builtins(found)}


def draw(screen: Screen, found: RecomputedExport) -> None:
    """What is wrong with the file, then each decision."""
    for problem in found.problems:
        screen.line(problem, "bad")
    entries = counted(found.entries, "entry", "entries")
    if found.problems:
        screen.line(f"{entries}: not as they were written.", "bad")
    else:
        screen.line(f"{entries}: as they were written. Tree head {found.root}.", "good")
    for decision in found.decisions:
        _draw_decision(screen, decision, found.version)
    if not found.decisions:
        screen.line("Nothing was decided in it: there is nothing to compute again.", "bad")
    elif all(decision.evidence is None and not decision.problems for decision in found.decisions):
        screen.line("No decision has frozen evidence: there is nothing to compute again.", "bad")


def _draw_decision(screen: Screen, decision: RecomputedDecision, version: str) -> None:
    said = f"{decision.workload}, entry {decision.position}, {decision.at:%Y-%m-%d}: {words(decision.outcome)}"
    evidence = decision.evidence
    for problem in decision.problems:
        screen.line(f"{said}. {problem}", "bad")
    if evidence is None:
        if not decision.problems:
            screen.line(f"{said}. No evidence was frozen with it.")
        return
    about = f"on {evidence.metric}, attempt {evidence.attempt} ({evidence.release}), as of {evidence.on}"
    frozen = f"version {evidence.version}" if evidence.version else "a version that did not say which"
    if evidence.same:
        figures = counted(evidence.figures, "figure")
        screen.line(
            f"{said} {about}: {words(evidence.answer)}, then and now; {figures} come out the same. Frozen by {frozen}.",
            "good",
        )
        return
    screen.line(f"{said} {about}: {words(evidence.answer)} then, {words(evidence.answer_now)} now.", "bad")
    if evidence.version != version:
        screen.line(f"  Frozen by {frozen}, computed again by version {version}, which may estimate otherwise.")
    else:
        screen.line(f"  Frozen by {frozen}, the one that computed it again.")
    for difference in evidence.differences[:DIFFERENCES_SHOWN]:
        screen.line(f"  {difference}")
    if len(evidence.differences) > DIFFERENCES_SHOWN:
        screen.line(f"  and {len(evidence.differences) - DIFFERENCES_SHOWN} more; --json has all.")
