"""The forms of results from outside: what can be chosen, when each fits, and the exact content that is signed. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from pilotage.record.areas import outside as o
from pilotage.record.facts import AnyFact
from pilotage.server.pages.forms import Field, Option, Typed, with_hidden
from pilotage.server.pages.people import People
from pilotage.workflow.desk import Judgement
from pilotage.workflow.outside import OutsideCriterionJson, outside_json, taking

NAMES = frozenset(o.AREA.permitted)
CONCLUSIONS = {"passed": "Passed: the criterion holds by it", "failed": "Failed: the criterion does not hold"}
Choices = Mapping[str, Sequence[Option]]


def signable(judgement: Judgement, person: str) -> tuple[str, ...]:
    """The criteria whose newest result waits for a signature that this person may give."""
    outside = judgement.workload.outside
    return tuple(
        name for name in outside.results if outside.signature(name) is None and person not in outside.brought_by(name)
    )


def _record(judgement: Judgement, _people: People, _person: str) -> Choices:
    releases = list(reversed(judgement.workload.releases))
    return {
        "criterion": [Option(value=one.id, label=f"{one.id}: {one.title}") for one in taking(judgement)],
        "conclusion": [Option(value=value, label=label) for value, label in CONCLUSIONS.items()],
        "release": [Option(value="", label="About no release"), *(Option(value=one, label=one) for one in releases)],
    }


def _sign(judgement: Judgement, _people: People, person: str) -> Choices:
    return {"criterion": [Option(value=name, label=name) for name in signable(judgement, person)]}


CHOICES: dict[str, Callable[[Judgement, People, str], Choices]] = {
    "record_outside_result": _record,
    "sign_outside_result": _sign,
}
FITS: dict[str, Callable[[Judgement, str], bool]] = {
    "record_outside_result": lambda judgement, _person: bool(taking(judgement)),
    "sign_outside_result": lambda judgement, person: bool(signable(judgement, person)),
}


def signing(fields: tuple[Field, ...], judgement: Judgement, person: str, asked: Typed) -> tuple[Field, ...]:
    """One result at a time, and the digest of what was read: both are carried along unseen."""
    name = asked.get("criterion") or next(iter(signable(judgement, person)), "")
    newest = judgement.workload.outside.results.get(name)
    if newest is None:
        return with_hidden(fields, {"digest": ""})
    digest = asked.get("digest") or o.content_digest(newest.fact)
    return with_hidden(fields, {"criterion": name, "digest": digest})


def beside(name: str, judgement: Judgement, fields: Sequence[Field], typed: Typed) -> OutsideCriterionJson | None:
    """What a page shows beside a form: the criterion that the result is for, with the result to be signed."""
    if name not in NAMES:
        return None
    asked = typed.get("criterion") or next((field.default for field in fields if field.name == "criterion"), "")
    return next((one for one in outside_json(judgement).criteria if one.criterion == asked), None)


SAID = ("tested",)
SENTENCES: dict[type[AnyFact], Callable[[Any, People], str]] = {
    o.OutsideResultRecorded: lambda fact, _: f"brought a result from outside for {fact.criterion}: {fact.conclusion}",
    o.OutsideResultSigned: lambda fact, _: f"signed the result from outside for {fact.criterion}",
}
