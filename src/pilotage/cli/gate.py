"""`pilotage gate check`: the exit code that a pipeline waits for before it deploys."""

from __future__ import annotations

from collections.abc import Sequence

import click
from msgspec import Struct

from pilotage.cli.access import Json
from pilotage.cli.failures import CliError, Exit, counted
from pilotage.cli.invocation import Answer, Invocation, command
from pilotage.cli.names import Names
from pilotage.cli.screen import Screen
from pilotage.cli.status import CRITERION_HEADS, MARK, criterion_row

PASSING = frozenset({"met", "waived", "not_applicable"})


class Checked(Struct, frozen=True, kw_only=True):
    """What a gate's check came to. `blocking` are the criteria that keep it shut, `waived` those set aside."""

    workload: str
    demonstration: bool
    gate: Json
    passes: bool
    killed: bool
    blocking: tuple[str, ...]
    waived: tuple[str, ...]


@click.group("gate")
def gate() -> None:
    """Check a gate, as a pipeline does before it deploys."""


@command("check")
@click.argument("workload")
@click.option("--gate", "phase", metavar="PHASE", help="Another gate than that of the phase the workload is in.")
@click.option("--no-waivers", is_flag=True, help="Count a waived criterion as unmet.")
def check(run: Invocation, workload: str, phase: str | None, no_waivers: bool) -> Answer:  # noqa: FBT001 - click names it
    """Check whether a gate is passed: each criterion's verdict, why, and what to do next.

    Exits with 0 when every criterion is met, not applicable or waived (with a warning), and with 1 when one is unmet
    or pending, the workload is killed, or, with --no-waivers, one is waived.
    """
    checked = judged(run.access.workload(workload), run.access.gates(workload), phase, no_waivers=no_waivers)
    run.screen.answer(checked, lambda screen: _draw(screen, checked, Names.of(run.access)))
    if checked.passes and checked.waived:
        run.screen.remark(
            f"Warning: {counted(len(checked.waived), 'criterion', 'criteria')} waived: {', '.join(checked.waived)}."
        )
    return Exit.MET if checked.passes else Exit.UNMET


gate.add_command(check)


def judged(workload: Json, gates: Sequence[Json], phase: str | None, *, no_waivers: bool) -> Checked:
    """Whether a gate is passed, from the interface's JSON. Nothing that is not known passes."""
    found = _gate(gates, phase or workload["gate"]["phase"])
    waived = tuple(c["id"] for c in found["criteria"] if c["verdict"] == "waived")
    blocking = tuple(c["id"] for c in found["criteria"] if c["verdict"] not in PASSING) + (waived if no_waivers else ())
    killed = workload["phase"] == "killed"
    return Checked(
        workload=workload["workload"],
        demonstration=workload["demonstration"],
        gate=found,
        passes=not blocking and not killed,
        killed=killed,
        blocking=blocking,
        waived=waived,
    )


def _gate(gates: Sequence[Json], phase: str) -> Json:
    for one in gates:
        if one["phase"] == phase:
            return one
    known = ", ".join(one["phase"] for one in gates)
    raise CliError("unknown-gate", f"There is no gate {phase}; this workload's playbook has {known}.")


def _draw(screen: Screen, checked: Checked, names: Names) -> None:
    screen.table(CRITERION_HEADS, [criterion_row(criterion, names) for criterion in checked.gate["criteria"]])
    what = f"{checked.workload}{f' ({MARK})' if checked.demonstration else ''}, gate {checked.gate['phase']}"
    if checked.killed:
        screen.line(f"{what}: not passed, the workload is killed.", "bad")
    elif checked.passes:
        screen.line(f"{what}: passed.", "good")
    else:
        screen.line(f"{what}: not passed, {counted(len(checked.blocking), 'criterion', 'criteria')} open.", "bad")
