"""`pilotage playbook`: the method as data, shown, listed and checked."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click
from msgspec import Struct

from pilotage.cli.failures import counted
from pilotage.cli.invocation import Answer, Invocation, command

if TYPE_CHECKING:
    from pilotage.cli.screen import Screen
    from pilotage.playbook.types import Playbook


class Listed(Struct, frozen=True, kw_only=True):
    """A playbook in a list."""

    id: str
    title: str
    version: int
    summary: str


class Verified(Struct, frozen=True, kw_only=True):
    """A file that holds a playbook, and the work it skips against the standard one."""

    file: str
    id: str
    version: int
    criteria: int
    warnings: tuple[str, ...]


@click.group("playbook")
def playbook() -> None:
    """Read the method, or check a playbook of your own."""


@command("list", reaches=False)
def listing(run: Invocation) -> Answer:
    """List the playbooks that come with the product."""
    from pilotage.playbook.loading import load, shipped

    books = [load(name) for name in shipped()]
    listed = [Listed(id=b.id, title=b.title, version=b.version, summary=b.summary) for b in books]
    rows = [(b.id, f"version {b.version}", b.title, b.summary) for b in books]
    heads = ("playbook", "version", "title", "what it is for")
    run.screen.answer({"playbooks": listed}, lambda screen: screen.table(heads, rows))
    return None


@command("show", reaches=False)
@click.argument("name")
@click.option("--markdown", is_flag=True, help="As the reference page that docs/playbook holds.")
def show(run: Invocation, name: str, markdown: bool) -> Answer:  # noqa: FBT001 - click names it
    """Show a playbook: its phases, their criteria, and how each is shown to hold."""
    from pilotage.playbook.loading import load
    from pilotage.playbook.reference import reference

    book = load(name)
    if markdown and not run.screen.as_json:
        click.echo(reference(book), nl=False)
    else:
        run.screen.answer(book, lambda screen: _draw(screen, book))
    return None


@command("check", reaches=False)
@click.argument("file", type=click.Path(path_type=Path))
def check(run: Invocation, file: Path) -> Answer:
    """Check a playbook FILE: everything wrong at once, with lines, and what it skips against the standard one."""
    from pilotage.cli.files import text_of
    from pilotage.gates.evaluate import known_checks
    from pilotage.playbook.loading import REFERENCE, compressions, load, parse

    book = parse(text_of(file), str(file), known_checks())
    warnings = compressions(book, load(REFERENCE))
    criteria = sum(len(phase.criteria) for phase in book.phases)
    verified = Verified(file=str(file), id=book.id, version=book.version, criteria=criteria, warnings=warnings)

    def draw(screen: Screen) -> None:
        screen.line(f"{file}: playbook {book.id}, version {book.version}, {criteria} criteria: valid.", "good")
        if warnings:
            screen.line(f"{counted(len(warnings), 'warning')}: work that it skips against {REFERENCE}.", "waiting")
        for warning in warnings:
            screen.line(f"  {warning}")

    run.screen.answer(verified, draw)
    return None


def _draw(screen: Screen, book: Playbook) -> None:
    screen.line(f"{book.title} ({book.id}, version {book.version})")
    screen.line(book.summary)
    for phase in book.phases:
        first, last = phase.weeks
        weeks = f"weeks {first} on" if last is None else f"weeks {first} to {last}"
        screen.line()
        screen.line(f"{phase.id}: {phase.title}, {weeks}, most exposure {phase.ceiling.mode}")
        rows = [(line.id, ", ".join(line.kinds), ", ".join(line.lanes), line.title) for line in phase.criteria]
        screen.table(("criterion", "evidence", "lanes", "what"), rows)
    if book.risks:
        screen.line()
        screen.line("risk: the strictest answer is the workload's lane (pilotage do WORKLOAD classify-risk)")
        answers = [(risk.id, risk.question, risk.low, risk.standard, risk.high) for risk in book.risks]
        screen.table(("question", "what is asked", "low", "standard", "high"), answers)


for one in (listing, show, check):
    playbook.add_command(one)
