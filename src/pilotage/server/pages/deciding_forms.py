"""Forms about a decision: whom they fit, what is filled in, how its entries read. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from pilotage.record.areas import deciding as d
from pilotage.record.facts import AnyFact
from pilotage.server.pages.forms import Option
from pilotage.server.pages.people import People
from pilotage.workflow.desk import Judgement

Choices = Mapping[str, Sequence[Option]]
ABOUT_ONE = frozenset({"send_decision", "confirm_receipt", "dissent"})
NAMES = frozenset({*d.AREA.permitted, "decide"})


def hidden(name: str, judgement: Judgement) -> dict[str, str]:
    """What a form about a decision carries along unseen: the digest of the newest."""
    newest = d.newest(judgement.workload)
    return {"digest": newest.digest} if name in ABOUT_ONE and newest else {}


def _recipient(judgement: Judgement, people: People, _person: str) -> Choices:
    holding = d.stakeholders(judgement.workload)
    return {"person": [option for option in people.options if option.value not in holding]}


def _dissents(judgement: Judgement, person: str) -> bool:
    workload = judgement.workload
    newest = d.newest(workload)
    if newest is None or any(s.stamp.by == person for s in workload.signed("decision", newest.digest).values()):
        return False
    return person in {*d.stakeholders(workload), *workload.deciding.addressed(newest.digest)}


CHOICES: dict[str, Callable[[Judgement, People, str], Choices]] = {"name_recipient": _recipient}
FITS: dict[str, Callable[[Judgement, str], bool]] = {
    "send_decision": lambda judgement, _person: bool(d.to_send(judgement.workload)),
    "confirm_receipt": lambda judgement, person: d.to_confirm(judgement.workload, person) is not None,
    "dissent": _dissents,
}
SAID = ("message", "why")
SENTENCES: dict[type[AnyFact], Callable[[Any, People], str]] = {
    d.RecipientNamed: lambda fact, people: f"named {people.name(fact.person)} as a recipient of decisions",
    d.DecisionSent: lambda fact, _: f"sent the decision to {len(fact.stakeholders) + len(fact.others)} more",
    d.ReceiptConfirmed: lambda _fact, _: "confirmed that the decision arrived",
    d.Dissented: lambda _fact, _: "disagreed with the decision",
}
