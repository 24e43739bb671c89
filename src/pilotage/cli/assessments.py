"""`pilotage assessments` and `organisation`: how ready the organisation is, and the commands that are about it.

Not to be mixed up with `pilotage assess`, which looks at a workload's past answers.
"""

from __future__ import annotations

from typing import Any

import click

from pilotage.cli.access import Json
from pilotage.cli.commanding import made_of, shown
from pilotage.cli.fields import checked
from pilotage.cli.invocation import Answer, Invocation, command
from pilotage.cli.names import Names
from pilotage.cli.screen import Cell, Screen, Toned
from pilotage.record.organisation import ORGANISATION_COMMANDS, ORGANISATION_PERMITTED

HEADS = ("assessment", "last score", "weakest", "concluded", "this round", "next")
HIGHEST = 5


@command("assessments", acts=False)
@click.argument("assessment", required=False)
def assessments(run: Invocation, assessment: str | None) -> Answer:
    """Show the assessments of the organisation, or one ASSESSMENT in full.

    In full: the scores by dimension over the rounds, what the next level needs, every question with its answer of the
    open round, and what the workspace shows of it, which answers nothing by itself.
    """
    if assessment is None:
        found = run.access.assessments()
        run.screen.answer(found, lambda screen: screen.table(HEADS, [_row(one) for one in found["assessments"]]))
        return None
    one = run.access.assessment(assessment)
    run.screen.answer(one, lambda screen: _draw(screen, one, Names.of(run.access)))
    return None


def _score(value: float | None) -> str:
    return "-" if value is None else f"{value:.1f}"


def _row(one: Json) -> tuple[Cell, ...]:
    done = one["concluded"]
    when = "never" if done is None else f"{done['at'][:10]}, {one['days']} days ago"
    return (
        one["id"],
        f"{_score(one['score'])} of {HIGHEST}" if one["score"] is not None else "-",
        f"{one['weakest']} {_score(one['weakest_score'])}" if one["weakest"] else "-",
        Toned(when, "waiting") if done is None or one["is_old"] else when,
        f"{one['answered']} of {one['asked']}",
        one["next"],
    )


def _draw(screen: Screen, one: Json, names: Names) -> None:
    summary = one["summary"]
    screen.line(f"{summary['title']}. {summary['purpose']}")
    for held in one["rounds"]:
        by = ", ".join(names(person) for person in held["answered_by"])
        screen.line(f"round {held['round']}   {held['concluded']['at'][:10]}  {held['overall']:.1f}  answered by {by}")
        screen.line(f"          {names(held['statement'])}", "quiet")
    screen.line(f"Open: round {summary['round']}, {summary['answered']} of {summary['asked']} answered.")
    for dimension in one["dimensions"]:
        before = f", {_score(dimension['before'])} before" if dimension["before"] is not None else ""
        screen.line(f"{dimension['title']}: {_score(dimension['score'])}{before}", "noted")
        for need in dimension["needs"]:
            screen.line(f"  {need['question']}, level {need['level']}, needs: {need['needs']}")
    for question in one["questions"]:
        screen.line(f"{question['id']}: {question['text']}", "noted")
        _draw_answer(screen, question, names)


def _draw_answer(screen: Screen, question: Json, names: Names) -> None:
    answer, before, proposal = question["answer"], question["before"], question["proposal"]
    if answer is None:
        last = f"; level {before['level']} in the last round" if before else ""
        screen.line(f"  not answered in this round{last}", "waiting")
    else:
        looks = question["levels"][answer["level"] - 1]
        screen.line(f"  level {answer['level']}  {looks}")
        screen.line(f"  {names(answer['given']['by'])}: {names(answer['statement'])}")
        for shown_by in answer["evidence"]:
            verdict = f" ({shown_by['verdict']})" if shown_by["verdict"] else ""
            screen.line(f"  shown by {shown_by['said']}{verdict}")
    if proposal:
        level = f"level {proposal['level']}: " if proposal["level"] else ""
        screen.line(f"  on record  {level}{names(proposal['text'])}", "quiet")


class OrganisationCommands(click.Group):
    """Every command about the organisation as a subcommand."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        """The commands' names, as they are written here: with hyphens."""
        return [name.replace("_", "-") for name in ORGANISATION_COMMANDS]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002 - click's signature
        """The command, with an option for each of its fields."""
        name = cmd_name.replace("-", "_")
        if name not in ORGANISATION_COMMANDS:
            return None
        return made_of(name, ORGANISATION_COMMANDS[name], ORGANISATION_PERMITTED[name], _carry_out)


@click.group("organisation", cls=OrganisationCommands)
def organisation() -> None:
    """Give a command about the organisation: answer a question of an assessment, conclude a round.

    Each COMMAND has an option for each of its fields; fields may also come as JSON from --input or a file.
    """


def _carry_out(run: Invocation, name: str, fields: dict[str, Any]) -> Answer:
    asked = checked(name, ORGANISATION_COMMANDS[name], fields)
    return shown(run, "organisation", run.access.give_for_organisation(name, asked))
