"""How a terminal shows the sections `segments`, `agreement`, `disagreements` and `shortfall`."""

from __future__ import annotations

from pilotage.cli.access import Json
from pilotage.cli.evidence import Asked
from pilotage.cli.evidence_answer import estimate_words
from pilotage.cli.screen import Cell, Screen, Toned
from pilotage.cli.wording import figure_words, words

SEGMENT_HEADS = ("segment", "share", "raw", "pooled", "why")
READING_HEADS = ("call", "incumbent", "candidate", "why")
PART_HEADS = ("segment", "share of calls", "gap there", "part of the gap")
FAILURE_HEADS = ("failure", "answer", "label", "calls", "share", "adds up to")


def draw_segments(screen: Screen, found: Json, _asked: Asked) -> None:
    """A table for each metric, flagged segments first."""
    if found["reason"]:
        screen.line(found["reason"])
        return
    for table in found["figures"]:
        bound = figure_words(table["bound"])
        flagged = sum(bool(one["flags"]) for one in table["segments"])
        screen.line(
            f"{table['title']} ({table['role']}, allowed down to {bound}): {flagged} of {len(table['segments'])} "
            f"segments flagged, of which at most {table['rate']:.0%} are expected to be false alarms.",
            "bad" if flagged else None,
        )
        screen.table(SEGMENT_HEADS, [_segment(one) for one in table["segments"]])
        for spread in table["spreads"]:
            screen.line(spread_words(spread))


def _segment(one: Json) -> tuple[Cell, ...]:
    flagged: Cell = Toned(one["why"], "bad") if one["flags"] else one["why"]
    return one["segment"], f"{one['share']:.1%}", estimate_words(one["raw"]), estimate_words(one["pooled"]), flagged


def spread_words(spread: Json) -> str:
    """How far apart the segments of a key lie."""
    if spread["reason"]:
        return str(spread["reason"])
    chance = "" if spread["p"] is None else f"; if all were alike, so much or more has a chance of {spread['p']:.2g}"
    return f"{spread['key']}: {figure_words(spread['range'])} from {spread['worst']} to {spread['best']}{chance}."


def draw_agreement(screen: Screen, found: Json, _asked: Asked) -> None:
    """Agreement, kappa, and the most frequent ways to differ."""
    if found["reason"]:
        screen.line(found["reason"])
        return
    seen = found["found"]
    screen.line(f"Agreement, on {seen['compared'] or 'whole answers'}: {estimate_words(seen['agreement'])}")
    screen.line(f"Cohen's kappa: {estimate_words(seen['kappa'])}")
    screen.line(f"{found['counted']} {found['held_against']}".strip())
    if seen["differing"]:
        rows = [(_said(one["incumbent"]), _said(one["candidate"]), f"{one['calls']:,}") for one in seen["differing"]]
        screen.table(("incumbent", "candidate", "calls"), rows)


def _said(answer: str | None) -> str:
    return "(without the field)" if answer is None else answer


def draw_disagreements(screen: Screen, found: Json, _asked: Asked) -> None:
    """The calls to read, in order."""
    if found["reason"]:
        screen.line(found["reason"])
        return
    counts = ", ".join(f"{words(group)} {count:,}" for group, count in found["list"]["found"].items())
    screen.line(f"Of the newest {found['list']['looked_at']:,} disagreements: {counts}.")
    rows = [(one["call_id"], one["incumbent"], one["candidate"], one["why"]) for one in found["list"]["calls"]]
    screen.table(READING_HEADS, rows)


def draw_shortfall(screen: Screen, found: Json, _asked: Asked) -> None:
    """The gap and its parts, the ways of failing, the learning curve, and what is on record."""
    gap = found["gap"]
    if gap["type"] == "not_estimable":
        screen.line(gap["reason"])
    else:
        screen.line(f"The gap to the target is {figure_words(gap['gap'])} per call, over {gap['calls']:,} calls.")
        rows = [
            (one["segment"], f"{one['share']:.1%}", figure_words(one["gap"]), figure_words(one["part"]))
            for one in gap["parts"]
        ]
        screen.table(PART_HEADS, rows)
    if found["failures"]["kinds"]:
        ways = [
            (one["kind"], one["answer"], one["label"], f"{one['calls']:,}", f"{one['share']:.1%}", f"{one['loss']:g}")
            for one in found["failures"]["kinds"]
        ]
        screen.table(FAILURE_HEADS, ways)
    screen.line(f"Would more data help? {found['curve']['reason']}")
    if found["recorded"]:
        recorded = found["recorded"]
        screen.line(
            f"On record, of attempt {recorded['attempt']}: it fails in {', '.join(recorded['segments'])}. "
            f"{recorded['cause']} Remedy: {words(recorded['remedy'])}; effort: {recorded['effort']}"
        )
    elif found["answer"] in {"below_floor", "harmed", "futile"}:
        screen.line(f"Record the analysis: pilotage do {found['workload']} analyse-shortfall --help")
