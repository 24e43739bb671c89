"""`pilotage evidence`: what the traffic shows, section by section, and what it showed when somebody decided."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from difflib import get_close_matches
from pathlib import Path

import click
from msgspec import Struct

from pilotage.cli.access import Json
from pilotage.cli.failures import CliError, Exit
from pilotage.cli.invocation import Answer, Invocation, command
from pilotage.cli.screen import Screen

DEFAULT = "answer"
DRAWN: dict[str, str] = {
    "answer": "evidence_answer:draw",
    "trust": "evidence_trust:draw_trust",
    "attempts": "evidence_trust:draw_attempts",
    "cost": "evidence_cost:draw",
    "segments": "evidence_segments:draw_segments",
    "agreement": "evidence_segments:draw_agreement",
    "disagreements": "evidence_segments:draw_disagreements",
    "shortfall": "evidence_segments:draw_shortfall",
    "before-labels": "evidence_monitoring:draw_before_labels",
    "drift": "evidence_monitoring:draw_drift",
    "labels": "evidence_monitoring:draw_labels",
    "service": "evidence_monitoring:draw_service",
    "adoption": "evidence_adoption:draw",
    "value": "evidence_value:draw",
}
"""How each section is shown on a terminal: `module:function` below `pilotage.cli`, loaded when it is asked for."""


class Asked(Struct, frozen=True, kw_only=True):
    """What was asked of a section besides showing it: one metric only (None: all), and to say what it means."""

    metric: str | None = None
    explain: bool = False


Draw = Callable[[Screen, Json, Asked], None]


class EvidenceGroup(click.Group):
    """`pilotage evidence WORKLOAD` is `pilotage evidence show WORKLOAD`: what is asked for daily is short."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """As click does, with `show` where no other command is named."""
        if args and args[0] not in {*self.commands, *ctx.help_option_names}:
            args = ["show", *args]
        return super().parse_args(ctx, args)


@click.group("evidence", cls=EvidenceGroup)
def evidence() -> None:
    """Show what the traffic shows, or compute again what a decision rested on.

    `pilotage evidence WORKLOAD` is short for `pilotage evidence show WORKLOAD`.
    """


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


@command("show", acts=False)
@click.argument("workload")
@click.option("--section", default=DEFAULT, show_default=True, help="Which section; docs/sections.md lists them.")
@click.option("--metric", help="Only this metric's figures.")
@click.option("--explain", is_flag=True, help="Say in plain words what each figure means, and what it does not.")
def show(run: Invocation, workload: str, *, section: str, metric: str | None, explain: bool) -> Answer:
    """Show what the traffic of a workload shows: figures with intervals, what they rest on, what they mean.

    Without `--section` the answer on the target, with its figures. `--json` gives the section as the HTTP interface
    does.
    """
    draw = drawing(section)
    found = run.access.section(workload, section)
    if metric is not None:
        found = only(found, metric)

    def drawn(screen: Screen) -> None:
        draw(screen, found, Asked(metric=metric, explain=explain))
        if (rests := found.get("rests_on")) is not None:
            screen.line(rests_in_words(rests))

    run.screen.answer(found, drawn)
    return None


def rests_in_words(rests: Json) -> str:
    """What a section rests on, as one line: the calls, the sums, the methods and the digest."""
    window, counts = rests["window"], rests["counts"]
    span = f"from {window['since']} to {window['until']}" if window["since"] else "none yet"
    methods = "; ".join(rests["methods"]) or "none, since nothing is estimated"
    return (
        f"Rests on calls ({', '.join(window['sources'])}) {span}; {counts['counted']:,} counted, {counts['paired']:,} "
        f"paired, {counts['labelled']:,} labelled; {rests['series']:,} sums. Methods: {methods}. "
        f"Digest {rests['digest']}."
    )


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


@command("recompute", reaches=False)
@click.argument("export", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--root", help="A tree head known from elsewhere, which the ledger has to have.")
@click.option("--workload", help="Only this workload's decisions.")
def recompute(run: Invocation, export: Path, *, root: str | None, workload: str | None) -> Answer:
    """Compute again what every decision of an exported ledger rested on. Needs the file and nothing else.

    EXPORT is what `pilotage ledger export` wrote. Proves the file first: an entry that was changed, added or taken out
    is found out. Exits with 1 when it was, when a verdict or a figure comes out otherwise (nine digits count), or when
    there is nothing to compute again.
    """
    from pilotage.bootstrap import take_in_extensions
    from pilotage.cli.evidence_recomputed import as_json, draw
    from pilotage.workflow.recomputing import recompute_export

    take_in_extensions()
    try:
        with export.open(encoding="utf-8") as lines:
            found = recompute_export(lines, root=root, workload=workload)
    except UnicodeDecodeError as error:
        raise CliError("not-an-export", f"{export} is no exported ledger: it is not text.") from error
    run.screen.answer(as_json(found), lambda screen: draw(screen, found))
    return Exit.MET if found.same else Exit.UNMET


for one in (show, recompute):
    evidence.add_command(one)
