"""`pilotage reviews`: where the reviews of a workload stand, and what one of them asks."""

from __future__ import annotations

from collections.abc import Sequence

import click

from pilotage.cli.access import Json
from pilotage.cli.failures import CliError
from pilotage.cli.invocation import Answer, Invocation, command
from pilotage.cli.names import Names
from pilotage.cli.screen import Cell, Screen, Tone, Toned
from pilotage.cli.wording import words

HEADS = ("review", "state", "reviewer", "wanted by", "waiting", "answered", "open findings")


@command("reviews")
@click.argument("workload")
@click.option("--review", metavar="AREA", help="One review in full: its questions, answers, proposals and findings.")
def reviews(run: Invocation, workload: str, review: str | None) -> Answer:
    """Show where the reviews of a workload stand.

    With --review: what it asks, what is answered, what the product proposes from what it measured or has on record,
    its findings, its conclusion, what changed since, and the digest that a conclusion given now would cover.
    """
    found = run.access.reviews(workload)
    if review is None:
        run.screen.answer(found, lambda screen: _draw_all(screen, found["reviews"], Names.of(run.access)))
        return None
    one = _one(found["reviews"], review)
    run.screen.answer(one, lambda screen: _draw(screen, one, Names.of(run.access)))
    return None


def _one(found: Sequence[Json], area: str) -> Json:
    for one in found:
        if one["area"] == area:
            return one
    known = ", ".join(one["area"] for one in found)
    raise CliError("unknown-review", f"There is no {area} review; this workload's playbook has {known}.")


def _draw_all(screen: Screen, found: Sequence[Json], names: Names) -> None:
    screen.table(HEADS, [_row(one, names) for one in found])


def _row(one: Json, names: Names) -> Sequence[Cell]:
    tone: Tone = "good" if one["approved"] else "bad" if one["state"] == "rejected" else "waiting"
    waiting = one["waiting_days"]
    due = one["due"] or "-"
    return (
        one["area"],
        Toned(words(one["state"]), tone),
        names(one["reviewer"] or "nobody"),
        Toned(f"{due}, overdue", "bad") if one["overdue"] else due,
        "-" if waiting is None else f"{waiting:.0f} days",
        f"{one['asked'] - len(one['unanswered'])} of {one['asked']}",
        str(sum(finding["closed"] is None for finding in one["findings"])),
    )


def _draw(screen: Screen, one: Json, names: Names) -> None:
    screen.line(f"{one['title']}: {words(one['state'])}. {one['purpose']}")
    screen.line(f"digest    {one['digest']}")
    last = one["conclusion"]
    if last is not None:
        given = f"{last['given']['at'][:10]} by {names(last['given']['by'])}"
        screen.line(f"concluded {words(last['outcome'])} on {given}: {last['statement']}")
    for change in one["changes"]:
        screen.line(f"changed   {change['what']}: {change['before']} -> {change['after']}", "waiting")
    for finding in one["findings"]:
        state = "closed" if finding["closed"] else f"due {finding['due']}, {names(finding['owner'])}"
        screen.line(f"finding   {finding['number']} ({finding['severity']}, {state}): {finding['finding']}")
    for question in one["questions"]:
        screen.line(f"{question['id']}: {question['text']}", "noted")
        screen.line(f"  answer   {names(question['answer'] or 'none yet')}")
        if question["proposal"] and not question["as_proposed"]:
            screen.line(f"  {question['proposal']['source']} {names(question['proposal']['text'])}", "quiet")
