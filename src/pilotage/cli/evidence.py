"""`pilotage evidence`: what the traffic shows, section by section."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from difflib import get_close_matches

import click
from msgspec import Struct

from pilotage.cli.access import Json
from pilotage.cli.failures import CliError
from pilotage.cli.invocation import Answer, Invocation, command
from pilotage.cli.screen import Screen

DEFAULT = "answer"
DRAWN: dict[str, str] = {
    "answer": "evidence_answer:draw",
    "trust": "evidence_trust:draw_trust",
    "attempts": "evidence_trust:draw_attempts",
}
"""How each section is shown on a terminal: `module:function` below `pilotage.cli`, loaded when it is asked for."""


class Asked(Struct, frozen=True, kw_only=True):
    """What was asked of a section besides showing it: one metric only (None: all), and to say what it means."""

    metric: str | None = None
    explain: bool = False


Draw = Callable[[Screen, Json, Asked], None]


def drawing(section: str) -> Draw:
    """How a section is drawn. Raises `CliError` for one that does not exist, with those that do."""
    if section not in DRAWN:
        close = get_close_matches(section, DRAWN, n=1)
        guess = f"did you mean {close[0]}? " if close else ""
        raise CliError(
            "unknown-section", f"There is no section {section}; {guess}Choose one of {', '.join(sorted(DRAWN))}."
        )
    module, _, name = DRAWN[section].partition(":")
    found: Draw = getattr(importlib.import_module(f"pilotage.cli.{module}"), name)
    return found


@command("evidence", acts=False)
@click.argument("workload")
@click.option("--section", default=DEFAULT, show_default=True, help="Which section; docs/sections.md lists them.")
@click.option("--metric", help="Only this metric's figures.")
@click.option("--explain", is_flag=True, help="Say in plain words what each figure means, and what it does not.")
def evidence(run: Invocation, workload: str, *, section: str, metric: str | None, explain: bool) -> Answer:
    """Show what the traffic of a workload shows: figures with intervals, what they rest on, what they mean.

    Without `--section` the answer on the target, with its figures. `--json` gives the section as the HTTP interface
    does.
    """
    draw = drawing(section)
    found = run.access.section(workload, section)
    if metric is not None:
        found = only(found, metric)
    run.screen.answer(found, lambda screen: draw(screen, found, Asked(metric=metric, explain=explain)))
    return None


def only(found: Json, metric: str) -> Json:
    """The section with this metric's figures alone. Raises `CliError` where it has none."""
    figures = found.get("figures")
    if figures is None:
        raise CliError("not-by-metric", "This section is not by metric; leave --metric out.")
    kept = [one for one in figures if one["metric"] == metric]
    if not kept:
        there = ", ".join(sorted({one["metric"] for one in figures})) or "none yet"
        raise CliError("unknown-metric", f"There are no figures of {metric} here; those with figures: {there}.")
    return {**found, "figures": kept}
