"""`pilotage reviews`: where the reviews of a workload stand, and what one of them asks."""

from __future__ import annotations

from collections.abc import Sequence

import click

from pilotage.cli.access import Json
from pilotage.cli.invocation import Answer, Invocation, command
from pilotage.cli.names import Names
from pilotage.cli.one_of_many import OneOfMany
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
    SHOWN.show(run, run.access.reviews(workload), review)
    return None


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


SHOWN = OneOfMany(
    entries="reviews",
    key="area",
    heads=HEADS,
    row=_row,
    full=_draw,
    code="unknown-review",
    unknown="There is no {wanted} review; this workload's playbook has {known}.",
)
