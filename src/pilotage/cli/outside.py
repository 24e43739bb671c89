"""`pilotage outside`: the results that were brought from outside, and what a signature on each would cover."""

from __future__ import annotations

from collections.abc import Sequence

import click

from pilotage.cli.access import Json
from pilotage.cli.invocation import Answer, Invocation, command
from pilotage.cli.names import Names
from pilotage.cli.one_of_many import OneOfMany
from pilotage.cli.screen import Cell, Screen, Toned
from pilotage.cli.wording import verdict_word

HEADS = ("verdict", "criterion", "about", "tested on", "with", "conclusion", "brought by", "signed by")


@command("outside")
@click.argument("workload")
@click.option("--criterion", metavar="ID", help="One criterion in full: its result with every figure, and the digest.")
def outside(run: Invocation, workload: str, criterion: str | None) -> Answer:
    """Show the results that were brought from outside, for what the product does not measure itself.

    They show as attested, never as measured, and count once somebody else signed them: `pilotage do WORKLOAD
    sign-outside-result` with the digest that --criterion shows.
    """
    SHOWN.show(run, run.access.outside(workload), criterion)
    return None


def _row(one: Json, names: Names) -> Sequence[Cell]:
    result = one["newest"]
    head = (verdict_word(one["verdict"]), one["criterion"], one["about"])
    if result is None:
        return (*head, "-", "-", "-", "-", "-")
    return (
        *head,
        result["tested_on"],
        result["tool"],
        Toned(result["conclusion"], "good" if result["conclusion"] == "passed" else "bad"),
        names(", ".join(result["brought_by"])),
        Toned(names(result["signed"]["by"]), "good") if result["signed"] else Toned("nobody", "waiting"),
    )


def _draw(screen: Screen, one: Json, names: Names) -> None:
    screen.line(f"{one['criterion']}: {one['title']}. {one['met_when']}")
    screen.line(names(f"{one['verdict']}   {one['reason']}"))
    for title, result in (("newest", one["newest"]), ("counts", one["before"])):
        if result is not None:
            _draw_result(screen, title, result, names)


def _draw_result(screen: Screen, title: str, result: Json, names: Names) -> None:
    about = f", release {result['release']}" if result["release"] else ""
    screen.line(f"{title}    {result['conclusion']}: tested on {result['tested_on']} with {result['tool']}{about}")
    screen.line(f"digest    {result['digest']}")
    screen.line(f"brought   by {names(', '.join(result['brought_by']))}: {result['tested']}")
    for figure in result["figures"]:
        limit = f", {figure['bound']} {figure['limit']:g}" if figure["bound"] else ""
        screen.line(
            f"figure    {figure['name']}: {figure['value']:g} {figure['unit']}{limit}",
            "quiet" if figure["holds"] else "bad",
        )
    screen.line(f"concluded {result['statement']}")
    if result["link"]:
        screen.line(f"report    {result['link']}")
    if result["document_digest"]:
        screen.line(f"report    SHA-256 {result['document_digest']}")
    signed = result["signed"]
    if signed:
        screen.line(f"signed    {signed['at'][:10]} by {names(signed['by'])}: {result['signer_says']}", "good")
    else:
        screen.line("signed    by nobody yet; somebody who did not bring it has to", "waiting")


SHOWN = OneOfMany(
    entries="criteria",
    key="criterion",
    heads=HEADS,
    row=_row,
    full=_draw,
    code="takes-no-result",
    unknown="{wanted} takes no result from outside here; these do: {known}.",
)
