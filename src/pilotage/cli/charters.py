"""`pilotage charter`: who signed which version, and what changed since; also shown before somebody signs again."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import click

from pilotage.cli.access import Json
from pilotage.cli.invocation import Answer, Invocation, command
from pilotage.cli.names import Names
from pilotage.cli.screen import Cell, Screen, Toned

EMPTY = "There is no charter yet; write it with `pilotage apply`, or on its page."


@command("charter")
@click.argument("workload")
def charter(run: Invocation, workload: str) -> Answer:
    """Show who signed which version of a WORKLOAD's charter, and what changed since they did.

    Edits of immaterial fields leave signatures standing; any other edit ends them. Its first line names the digest
    to sign.
    """
    found = run.access.charter(workload)
    run.screen.answer(found, lambda screen: _draw(screen, found, Names.of(run.access)))
    return None


def _draw(screen: Screen, found: Json, names: Names) -> None:
    if not found["version"]:
        screen.line(EMPTY)
        return
    screen.line(f"version {found['version']}, digest {found['digest']}")
    screen.line(f"may be edited under a signature: {', '.join(found['immaterial'])}", "quiet")
    rows = [_row(one, names) for one in found["signatures"]]
    screen.table(("signature", "by", "on version", "at", "changed since"), rows)
    for version in found["versions"]:
        screen.line(f"version {version['version']}, {version['at'][:10]} by {names(version['by'])}", "noted")
        for line in lines_of(version["changes"]):
            screen.line(f"  {line}")


def _row(one: Json, names: Names) -> Sequence[Cell]:
    state = Toned("counts", "good") if one["counts"] else Toned("void", "quiet")
    changed = ", ".join(change["field"] for change in one["changed_since"]) or "nothing"
    return state, f"{names(one['person'])} as {one['role']}", str(one["version"]), one["at"][:10], changed


def lines_of(changes: Iterable[Json]) -> list[str]:
    """Each field that changed, with what it was and is."""
    return [
        f"{change['field']}{'' if change['material'] else ' (immaterial)'}: "
        f"{_shown(change['before'])} -> {_shown(change['after'])}"
        for change in changes
    ]


def _shown(text: str) -> str:
    return " / ".join(text.splitlines()) or "nothing"


def remark_changes(run: Invocation, workload: str) -> None:
    """Before somebody signs a charter again: what changed since the version that they signed."""
    found, person = run.access.charter(workload), run.access.me()["person"]
    last = next((one for one in found["signatures"] if one["person"] == person), None)
    if last is None:
        return
    run.screen.remark(f"You signed version {last['version']} on {last['at'][:10]}; version {found['version']} changes:")
    for line in lines_of(last["changed_since"]) or ["nothing"]:
        run.screen.remark(f"  {line}")
