"""`pilotage ledger`: read the record, and check that it is the one that was written."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from pilotage.cli.access import Json
from pilotage.cli.failures import CliError, Exit, counted
from pilotage.cli.invocation import Answer, Invocation, command
from pilotage.cli.names import Names

if TYPE_CHECKING:
    from pilotage.cli.screen import Screen

LIMIT = 100
PAGE = 1000
DIGEST_SHOWN = 12
TEXT_SHOWN = 100


@click.group("ledger")
def ledger() -> None:
    """Read the ledger, and check that nobody has changed it."""


@command("verify")
def verify(run: Invocation) -> Answer:
    """Compute every hash, sequence and commitment again. Exits with 1 when anything differs from what was written."""
    found = run.access.verification()

    def draw(screen: Screen) -> None:
        for problem in found["problems"]:
            screen.line(problem, "bad")
        entries = counted(found["entries"], "entry", "entries")
        if found["problems"]:
            screen.line(f"{entries}: {counted(len(found['problems']), 'problem')}. Keep a copy and find out who wrote.")
        else:
            screen.line(f"{entries}: as they were written. Tree head {found['root']}.", "good")
        if found["erased_texts"]:
            screen.line(f"{counted(found['erased_texts'], 'personal text')} erased, as commitments show.")

    run.screen.answer(found, draw)
    return Exit.UNMET if found["problems"] else Exit.MET


@command("show")
@click.option("--after", type=click.IntRange(0), default=0, show_default=True, help="Begin after this position.")
@click.option("--limit", type=click.IntRange(1, 1000), default=LIMIT, show_default=True, help="How many entries.")
@click.option("--workload", help="Only this workload's; positions in between count towards the limit.")
def show(run: Invocation, *, after: int, limit: int, workload: str | None) -> Answer:
    """Show the ledger's entries: position, time, workload, who, what, and the digest that signatures name."""
    read = run.access.entries(after, limit)
    entries = [entry for entry in read if workload in {None, entry["workload"]}]
    following = read[-1]["position"] if len(read) == limit else None

    def draw(screen: Screen) -> None:
        heads = ("position", "time", "workload", "who", "what", "digest", "said")
        names = Names.of(run.access)
        screen.table(heads, [_row(entry, names) for entry in entries])
        if following is not None:
            screen.remark(f"There may be more: --after {following}")

    run.screen.answer({"entries": entries, "next": following}, draw)
    return None


def _row(entry: Json, names: Names) -> Sequence[str]:
    said = "; ".join(text if text is not None else "[erased]" for text in entry["texts"].values())
    simulated = " (simulated)" if entry["simulated"] else ""
    return (
        str(entry["position"]),
        entry["at"][:19].replace("T", " ") + simulated,
        entry["workload"],
        names(entry["actor"]),
        entry["kind"],
        str(entry["payload"].get("digest") or "-")[:DIGEST_SHOWN],
        said if len(said) <= TEXT_SHOWN else f"{said[:TEXT_SHOWN]}…",
    )


@command("export")
@click.option(
    "-o", "--output", type=click.Path(dir_okay=False, path_type=Path), required=True, help="The file to write."
)
def export(run: Invocation, *, output: Path) -> Answer:
    """Write the ledger into a file that proves itself, for `pilotage evidence recompute` and whoever checks it.

    One JSON object a line: the tree head, then every entry. What people wrote in their own words stays behind; the
    entries hold commitments to it. A ledger that is not as it was written is not exported.
    """
    from pilotage.storage.ledger.export import FORMAT, Head, export_lines

    found = run.access.verification()
    if found["problems"]:
        raise CliError("ledger-damaged", "The ledger is not as it was written; `pilotage ledger verify` says where.")
    head = Head(format=FORMAT, entries=found["entries"], root=found["root"])
    with output.open("w", encoding="utf-8") as file:
        file.writelines(f"{line}\n" for line in export_lines(head, _all(run, head.entries)))
    said = {"file": str(output), "entries": head.entries, "root": head.root}
    entries = counted(head.entries, "entry", "entries")
    run.screen.answer(said, lambda screen: screen.line(f"{entries} in {output}. Tree head {head.root}."))
    return None


def _all(run: Invocation, upto: int) -> Iterator[Json]:
    """The entries up to a position: the ledger may grow meanwhile."""
    after = 0
    while after < upto:
        read = [entry for entry in run.access.entries(after, PAGE) if entry["position"] <= upto]
        yield from read
        after = read[-1]["position"]


for one in (verify, show, export):
    ledger.add_command(one)
