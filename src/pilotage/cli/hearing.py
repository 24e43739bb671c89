"""`pilotage feedback`: what users say of a workload, and the pair that you are to judge blind."""

from __future__ import annotations

import click

from pilotage.cli.access import Json
from pilotage.cli.invocation import Answer, Invocation, command
from pilotage.cli.names import Names
from pilotage.cli.screen import Cell, Screen, Toned
from pilotage.cli.wording import words

SAID_HEADS = ("call", "said", "what", "reply")
TALK_HEADS = ("talk", "asked", "helped", "again", "new problems")
ITEM_HEADS = ("item", "from", "fate", "owner", "what")


@command("feedback")
@click.argument("workload")
@click.option("--blind", is_flag=True, help="The pair that you are to judge now, without saying whose answer is whose.")
def feedback(run: Invocation, workload: str, *, blind: bool) -> Answer:
    """Show what users say of a workload: the channel, talks, blind reviews, backlog and iterations.

    With --blind: the two answers that you are to judge. Then: pilotage do WORKLOAD judge-pair --pair … --better first.
    """
    if blind:
        pair = run.access.blind_pair(workload)
        run.screen.answer(pair, lambda screen: _draw_pair(screen, pair))
        return None
    found = run.access.feedback(workload)
    run.screen.answer(found, lambda screen: _draw(screen, found, Names.of(run.access)))
    return None


def _draw_pair(screen: Screen, pair: Json) -> None:
    if pair["pair"] is None:
        screen.line(pair["reason"])
        return
    screen.line(f"pair    {pair['pair']} ({pair['left']:,} left)")
    screen.line(f"asked   {pair['input']}")
    screen.line(f"first   {pair['first']}", "noted")
    screen.line(f"second  {pair['second']}", "noted")


def _draw(screen: Screen, found: Json, names: Names) -> None:
    channel = found["channel"]
    if channel is None:
        screen.line("No feedback channel is open.", "waiting")
    else:
        fact = channel["fact"]
        screen.line(f"{names(fact['answered_by'])} replies within {fact['promise_days']} days: {fact['where']}")
    if found["seen"]:
        screen.line(_seen(found["seen"]))
    if found["said"]:
        screen.table(SAID_HEADS, [_said(one) for one in found["said"] if one["asks"]])
    if found["interviews"]:
        screen.table(TALK_HEADS, [_talk(one["fact"]) for one in found["interviews"]])
    screen.line(found["blind"]["reason"])
    if found["backlog"]:
        screen.table(ITEM_HEADS, [_item(one["fact"], names) for one in found["backlog"]])
    for one in found["iterations"]:
        scope, ended = one["scope"]["fact"], one["ended"]
        state = f"{ended['fact']['ending']}: {ended['fact']['reason']}" if ended else f"due {scope['due_on']}"
        screen.line(f"{scope['title']} ({', '.join(scope['items'])}): {state}")


def _seen(seen: Json) -> str:
    actions = ", ".join(f"{count:,} {action}" for action, count in seen["actions"].items()) or "no action"
    rating = "no rating" if seen["rating"] is None else f"{seen['rated']:,} ratings, {seen['rating']:+.2f} on average"
    return f"{seen['calls']:,} calls: {actions}; {rating}; {seen['edge_cases']:,} flagged as edge cases."


def _said(one: Json) -> tuple[Cell, ...]:
    what = "; ".join(filter(None, (one["comment"], one["reason"], "edge case" if one["edge_case"] else "")))
    if one["replied"]:
        return one["call"], one["said"][:10], what, one["reply"]
    waits = (
        f"overdue since {one['due'][:10]}" if one["overdue"] else f"due {one['due'][:10]}" if one["due"] else "waits"
    )
    return one["call"], one["said"][:10], what, Toned(waits, "bad" if one["overdue"] else "waiting")


def _talk(fact: Json) -> tuple[Cell, ...]:
    return fact["id"], fact["asked"], fact["helped"], fact["use_again"], fact["new_problems"] or "none"


def _item(fact: Json, names: Names) -> tuple[Cell, ...]:
    return fact["id"], words(fact["origin"]), words(fact["fate"]), names(fact["owner"]), fact["what"]
