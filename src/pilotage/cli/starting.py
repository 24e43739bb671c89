"""`pilotage init`: a small project to begin from, which runs unchanged."""

from __future__ import annotations

import datetime as dt
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING

import click

from pilotage.cli.failures import CliError
from pilotage.cli.files import write_text
from pilotage.cli.invocation import Answer, Invocation, command
from pilotage.runtime.errors import InvalidUse
from pilotage.runtime.identity import checked_slug

if TYPE_CHECKING:
    from pilotage.cli.screen import Screen

NAME = "ticket-triage"
FILES = ("app.py", "model.py", "workload.yaml", "README.md")
PILOT = dt.timedelta(weeks=6)
DAYS_A_WEEK = 7


@command("init", reaches=False)
@click.argument("name", default=NAME)
@click.option(
    "--into", type=click.Path(file_okay=False, path_type=Path), help="The folder; one of that NAME without it."
)
def init(run: Invocation, *, name: str, into: Path | None) -> Answer:
    """Write a small project to begin from: an application, a model, and the file of a workload called NAME.

    It runs unchanged: `python app.py`, then `pilotage apply -f workload.yaml`, then `pilotage status`.
    """
    try:
        checked_slug(name)
    except InvalidUse as error:
        raise CliError("invalid-slug", f"{error.sentence}.") from error
    folder = into or Path(name)
    there = [file for file in FILES if (folder / file).exists()]
    if there:
        raise CliError(
            "exists", f"{folder} holds {', '.join(there)} already; nothing was written. Choose another folder."
        )
    _make(folder)
    files = project(name, next_monday(dt.datetime.now(dt.UTC).date()))
    for file, text in files.items():
        write_text(folder / file, text)
    steps = (f"cd {folder}", "python app.py", "pilotage apply -f workload.yaml", f"pilotage status {name}")

    def draw(screen: Screen) -> None:
        screen.line(f"{folder} is ready. Next:", "good")
        for step in steps:
            screen.line(f"  {step}")

    run.screen.answer({"folder": str(folder), "files": tuple(files), "next": steps}, draw)
    return None


def _make(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise CliError("unwritable", f"{folder} cannot be made: {(error.strerror or str(error)).lower()}.") from error


def next_monday(day: dt.date) -> dt.date:
    """The Monday after a day."""
    return day + dt.timedelta(days=DAYS_A_WEEK - day.weekday())


def project(name: str, starts_on: dt.date) -> dict[str, str]:
    """The project's files by name."""
    words = name.replace("-", " ")
    values = {
        "NAME": name,
        "TITLE": f"{words[0].upper()}{words[1:]}",
        "RELEASE": f"{starts_on.year}.1",
        "STARTS_ON": starts_on.isoformat(),
        "DECISION_ON": (starts_on + PILOT).isoformat(),
    }
    folder = resources.files("pilotage.cli").joinpath("project")
    return {file: _filled(folder.joinpath(f"{file}.txt").read_text(encoding="utf-8"), values) for file in FILES}


def _filled(text: str, values: dict[str, str]) -> str:
    for name, value in values.items():
        text = text.replace(f"{{{{{name}}}}}", value)
    return text
