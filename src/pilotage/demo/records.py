"""What the story's people write on the record, gate by gate, as commands. Invented, like the prices.

Persons stand by their usernames; the story gives each command once, in this order.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable

from pilotage.demo import costs, hearing, samples
from pilotage.demo.cast import ENGINEER, OPERATOR, OWNER, SPONSOR
from pilotage.demo.given import Given
from pilotage.demo.operating_records import OPERATING
from pilotage.demo.outside_records import OUTSIDE
from pilotage.record.areas import change, classifying, planning, training
from pilotage.record.workload import Workload

DESK = 9
SEPTEMBER_BEGAN = dt.datetime(2013, 9, 2, tzinfo=dt.UTC)
TRAINED_ON = dt.date(2013, 8, 27)
AUDIENCES = (
    change.NameAudience(id="desk", title="The flight-delay desk", people=DESK, contact="dele"),
    change.NameAudience(id="leads", title="Shift leads", people=3, sees_answers=False, contact="imke"),
    change.NameAudience(id="airport", title="Duty managers of the airport", people=4, sees_answers=False),
)
STREAMS = {
    "training": ("Two short sessions for the desk, one of them on flights that the model marked wrongly.", "dele"),
    "workflow": ("The list stays; a mark says whether the table or the model chose the flight.", "dele"),
    "roles": ("Nobody's role changes; the shift's lead reads the disagreements of the day.", "imke"),
    "performance-metrics": ("The desk is judged by the cost per flight, no longer by its count of warnings.", "imke"),
    "communication": ("Desk, shift leads and duty managers hear what changes before the first live flight.", "imke"),
}
TOLD = (
    change.TellAudience(
        audience="desk",
        changes="From September on the model marks a share of the flights; you warn as before, and may overrule it.",
        told_on=dt.date(2013, 8, 26),
        channel="meeting",
    ),
    change.TellAudience(
        audience="leads",
        changes="You read each day where table and model disagreed, and may have the model switched off.",
        told_on=dt.date(2013, 8, 26),
        channel="meeting",
    ),
    change.TellAudience(
        audience="airport",
        changes="Some warnings come from a model from September on; whom to call stays the same.",
        told_on=dt.date(2013, 8, 27),
        channel="letter",
    ),
)


def _planned(stream: str, plan: str, owner: str) -> change.PlanStream:
    return change.PlanStream(
        stream=stream, plan=plan, owner=owner, due_on=dt.date(2013, 10, 31), audiences=("desk", "leads")
    )


def _heard(audience: str) -> Callable[[Workload], bool]:
    return lambda workload: any(one.fact.audience == audience for one in workload.change.told)


def _served_in_september(workload: Workload) -> bool:
    """Whether a step of the roll-out was taken in September: the month has begun, and there is something to pay."""
    return any(one.mode == "live" and one.stamp and one.stamp.at >= SEPTEMBER_BEGAN for one in workload.exposures)


RECORDS: dict[str, tuple[Given, ...]] = {
    "select": (
        Given(
            person=OWNER,
            command=classifying.ClassifyRisk(
                affected="standard",
                harm="standard",
                undoing="standard",
                rights="low",
                sensitivity="low",
                reach="standard",
                reasons="Thousands of passengers a month read a warning; nobody's flight is changed by it.",
            ),
        ),
        Given(
            person=OWNER,
            command=planning.PlanProduction(
                deployment="The model runs inside the desk's own service behind the SDK, and is rolled out in steps.",
                production_owner="dele",
                dates="roll-out in the autumn of the same year",
                running_cost="one engineer two days a week, and the machines that are there already",
                change_effort="two short sessions for the desk; the passenger messages stay as they are",
            ),
        ),
        Given(
            person=ENGINEER,
            command=planning.PlaceInWork(
                arrives="Two hours before departure, in the desk's list of flights.",
                seen_by="the desk; passengers see only the warning",
                when_absent="The table decides, as it does today.",
            ),
        ),
        Given(
            person=OWNER,
            command=planning.ChooseSource(
                choice="build",
                compared=("two delay forecasts on the market", "a small model on the desk's own labels"),
                reason="The model is small, the labels are ours, and nothing on the market knows this desk's costs.",
            ),
        ),
        Given(
            person=OWNER,
            command=planning.JudgeSuitability(
                high_volume=True,
                repetitive=True,
                costly_or_error_prone=True,
                structured=True,
                measurable=True,
                data_at_hand=True,
                champion="the lead of the desk",
            ),
        ),
        *samples.GIVEN,
    ),
    **OPERATING,
    "evaluate": (
        *OPERATING.get("evaluate", ()),
        *(Given(person=person, command=line) for person, line in costs.LINES),
        Given(person=OWNER, command=costs.PRODUCTION),
        Given(person=SPONSOR, command=costs.FUNDING, done=lambda workload: workload.costing.funding is not None),
        *(Given(person=OWNER, command=talk) for talk in hearing.TALKS),
    ),
    "harden": (
        *OPERATING.get("harden", ()),
        *OUTSIDE["harden"],
        *(Given(person=OWNER, command=audience) for audience in AUDIENCES),
        *(Given(person=OWNER, command=_planned(stream, *said)) for stream, said in STREAMS.items()),
        Given(
            person=OWNER,
            command=change.ChangeWork(
                id="warnings",
                what="workflow",
                audience="desk",
                before="The table marks flights, and the desk warns their passengers two hours before departure.",
                after="The model marks a share of the flights in the same list; the desk warns as before.",
                from_on=dt.date(2013, 9, 1),
            ),
        ),
    ),
    "deploy": (
        Given(
            person=ENGINEER,
            command=training.RequireTraining(
                id="intro",
                title="What the model marks",
                release="2013.08",
                does="It marks flights that will be 30 or more minutes late, knowing weather and the day so far.",
                does_not="It does not know why a flight is late, and it knows nothing of strikes or closed airports.",
                when_to_override="When the desk has word from the airline or the airport that the mark is wrong.",
                whom_to_ask="Dele Adeyemi, or whoever leads the desk's shift.",
            ),
        ),
        Given(
            person=OPERATOR,
            command=training.RecordCompletions(
                completions=tuple(f"desk-{number}, desk, intro, {TRAINED_ON}" for number in range(1, DESK + 1))
            ),
            done=lambda workload: len(workload.training.held("desk", "intro")) == DESK,
        ),
        *(Given(person=OWNER, command=told, done=_heard(told.audience)) for told in TOLD),
        Given(person=OWNER, command=hearing.ADOPTION),
        Given(person=OPERATOR, command=hearing.CHANNEL),
        *(Given(person=OPERATOR, command=item) for item in hearing.BACKLOG),
        Given(person=OWNER, command=hearing.ITERATION),
        Given(
            person=SPONSOR,
            command=costs.SEPTEMBER,
            done=lambda workload: "2013-09" in workload.costing.months or not _served_in_september(workload),
        ),
    ),
}
