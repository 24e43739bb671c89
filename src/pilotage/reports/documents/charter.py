"""The charter as a document: one page, with room for the signatures whether they are given or not. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from msgspec import Struct, structs

from pilotage.evidence.measurements import Reachability
from pilotage.record.charter import Charter
from pilotage.record.workload import Signature
from pilotage.reports.documents.model import (
    Block,
    Bullets,
    Column,
    Document,
    Heading,
    Headline,
    Headlines,
    Imprint,
    Paragraph,
    Signatures,
    Signed,
    Table,
)
from pilotage.reports.documents.wording import chance, day, place_of
from pilotage.reports.numbers import NOTHING, TOGETHER, number
from pilotage.reports.promises import words_of


class CharterTold(Struct, frozen=True, kw_only=True):
    """What the page says. `version` is the one that is set; `holders` is who would sign, by role, and `given` the
    signatures that count; `signed_on` is the version that each was given on. Names come from `name`.
    """

    title: str
    charter: Charter
    team: str
    version: int
    holders: Mapping[str, str | None]
    given: Mapping[str, Signature]
    signed_on: Mapping[str, int] = {}
    reach: Reachability | None
    name: Callable[[str], str]
    imprint: Imprint


def charter_document(told: CharterTold) -> Document:
    """The charter on one page. What is not known yet takes the room that it will take."""
    charter = told.charter
    return Document(
        kicker=f"Charter · version {told.version}",
        title=told.title,
        subtitle=_span(charter),
        blocks=(
            Paragraph(charter.purpose, "lead"),
            Heading("What is better when it works"),
            Paragraph(charter.value),
            *_worth(charter),
            Heading("What is promised"),
            *_promise(charter, told.reach),
            *_listed("What must not get worse", words_of(charter).guardrails),
            *_listed("Known risks", charter.risks),
            Heading("Who"),
            Paragraph(told.team or "Nobody is named yet."),
            Signatures(tuple(_place(role, told) for role in ("owner", "sponsor"))),
        ),
        imprint=told.imprint,
        compact=True,
    )


def _place(role: str, told: CharterTold) -> Signed:
    place = place_of(role, told.holders.get(role), told.given.get(role), told.name)
    on = told.signed_on.get(role, told.version)
    return place if on == told.version else structs.replace(place, ledger=f"{place.ledger}, on version {on}")


def _span(charter: Charter) -> str:
    weeks = f"{number(charter.weeks, 2)}{TOGETHER}weeks"
    return f"{day(charter.starts_on)} to {day(charter.decision_on)} · {weeks} · days in {charter.time_zone}"


def _worth(charter: Charter) -> tuple[Block, ...]:
    if charter.value_usd_a_year is None:
        return ()
    worth = f"Worth {number(charter.value_usd_a_year)}{TOGETHER}USD a year at the expected result."
    return (Paragraph(worth),)


def _promise(charter: Charter, reach: Reachability | None) -> tuple[Block, ...]:
    words, target = words_of(charter), charter.target
    calls = number(target.calls_per_week) if target.calls_per_week else NOTHING
    return (
        Table(
            columns=(
                Column(title="target metric", share=3.0),
                *(Column(title=title, numeric=True, share=1.0) for title in ("today", "floor", "target", "expected")),
            ),
            rows=((f"{words.metric}: {words.form}", words.baseline, words.floor, words.target, words.expected),),
        ),
        Headlines(
            (
                _chance(reach.probability_at_expected if reach else None, "chance of a go if it is as expected"),
                _chance(reach.probability_at_target if reach else None, "chance of a go if it is just at the target"),
                Headline(value=calls, label=f"calls a week, clustered by {words.clustered}"),
            )
        ),
    )


def _chance(share: float | None, label: str) -> Headline:
    return Headline(value=chance(share), label=label)


def _listed(title: str, lines: tuple[str, ...]) -> tuple[Block, ...]:
    return (Heading(title), Bullets(lines)) if lines else ()
