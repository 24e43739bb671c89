"""Who plays in the flight-delay desk's story, and the words they put on the record. Invented, like the prices."""

from __future__ import annotations

import datetime as dt
from typing import Any

import msgspec
from msgspec import Struct

from pilotage.demo.economics import cost_metric, warning_metric
from pilotage.demo.metrics import SERVICE_GUARDRAILS, SERVICE_METRICS
from pilotage.playbook.metrics import Guardrail, Metric, Target
from pilotage.record.charter import Charter

SLUG = "flight-delay-desk"
TIME_ZONE = "America/New_York"
WARNING_RATE_LIMIT = 0.5


class Person(Struct, frozen=True, kw_only=True):
    """One account of the story."""

    username: str
    name: str
    roles: tuple[str, ...]


OWNER = Person(username="imke", name="Imke Brandt", roles=("owner",))
SPONSOR = Person(username="tomas", name="Tomas Okafor", roles=("sponsor",))
ENGINEER = Person(username="yuki", name="Yuki Tanaka", roles=("engineer",))
OPERATOR = Person(username="dele", name="Dele Adeyemi", roles=("operator",))
PRIVACY = Person(username="sofia", name="Sofia Lindqvist", roles=("reviewer",))
SECURITY = Person(username="marc", name="Marc Dubois", roles=("reviewer",))
AUDITOR = Person(username="ruth", name="Ruth Klein", roles=("auditor",))
ADMIN = Person(username="admin", name="Ada Nilsen", roles=("admin",))
CAST = (OWNER, SPONSOR, ENGINEER, OPERATOR, PRIVACY, SECURITY, AUDITOR, ADMIN)

REVIEWERS = {
    "security": SECURITY,
    "privacy": PRIVACY,
    "compliance": PRIVACY,
    "risk": SECURITY,
    "operations": OPERATOR,
    "architecture": SECURITY,
}


class Problem(Struct, frozen=True, kw_only=True):
    """A candidate problem with the scores it gets: impact, feasibility, readiness, by two people."""

    slug: str
    title: str
    problem: str
    incumbent: str
    scores: tuple[tuple[Person, int, int, int], ...]


PROBLEMS = (
    Problem(
        slug=SLUG,
        title="Flight-delay desk",
        problem="Two hours before departure the desk decides whether to warn the passengers of a flight that it "
        "will arrive late. A delay nobody was warned of strands people; a false warning makes them stop listening.",
        incumbent="The desk's table of how often flights of that airport, hour and airline were late",
        scores=((OWNER, 5, 4, 4), (ENGINEER, 4, 5, 4)),
    ),
    Problem(
        slug="baggage-tracing",
        title="Baggage tracing letters",
        problem="Drafting answers to passengers whose bags are missing, from the tracing system's entries.",
        incumbent="Four clerks who write each letter by hand",
        scores=((OWNER, 3, 4, 2), (ENGINEER, 3, 3, 3)),
    ),
    Problem(
        slug="gate-assignment",
        title="Gate assignment hints",
        problem="Suggesting gates for arriving aircraft so that connecting passengers walk less.",
        incumbent="The stand planner's rules and the duty manager's experience",
        scores=((OWNER, 4, 2, 2), (ENGINEER, 4, 2, 3)),
    ),
)

TEAM = "Imke Brandt (owner), Yuki Tanaka (engineering), Dele Adeyemi (desk operations)"

PILOT_STATEMENTS: dict[str, tuple[Person, str]] = {
    "pilot.real-work": (
        OWNER,
        (
            "A replay of every flight the desk would have decided on in 2013, in event order, with labels as late as "
            "they really came. It stands in for real work in this demonstration and nowhere else."
        ),
    ),
}

HARDEN_WAIVERS: dict[str, str] = {
    "harden.cost": "Budgets come with a later version; a call costs no money here beyond its processor time.",
    "harden.scale": "Load tests come with a later version; the replay runs far above the desk's own rate.",
    "harden.retraining": "Retraining runs come with a later version; the model is trained once for this season.",
}

DEPLOY_WAIVERS: dict[str, str] = {
    "deploy.monitoring": "Armed alerts come with a later version; the watch already takes exposure back.",
}


def metrics(baseline_usd: float) -> tuple[Metric, ...]:
    """The charter's metrics: the cost, and what must not get worse with it."""
    return (
        cost_metric(baseline_usd),
        warning_metric(),
        *SERVICE_METRICS,
    )


def charter(target: Target, starts_on: dt.date, decision_on: dt.date) -> Charter:
    """The desk's charter, with the target as planned from months before the pilot."""
    return Charter(
        purpose="Warn the passengers of a flight that will arrive 30 or more minutes late, or not at all, two hours "
        "before it departs. The table used today knows the airport, the hour and the airline. The candidate also "
        "knows the weather and the day so far.",
        value="Fewer people stranded unwarned, and fewer warnings for nothing, counted as one cost per flight.",
        metrics=metrics(target.baseline),
        target=target,
        guardrails=(
            Guardrail(metric="warning_rate", limit=WARNING_RATE_LIMIT),
            *SERVICE_GUARDRAILS,
        ),
        starts_on=starts_on,
        decision_on=decision_on,
        risks=(
            "The summer's weather may not be like the spring the model learned from.",
            "A broken weather feed would make the model warn of everything.",
            "Warned too often, passengers stop reading.",
        ),
        segments=("origin",),
        time_zone=TIME_ZONE,
    )


def plain(value: object) -> Any:  # noqa: ANN401 - JSON values
    """A typed value as the JSON that the interface takes."""
    return msgspec.to_builtins(value)
