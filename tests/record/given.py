"""What people of a story put on the record for each gate, beside what they attest: person and command, in order.

`named` replaces the persons of the record's own story (ann, eva, sam, oli, sid, pia) where another story has others.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping

from tests.record import operating_given
from tests.record.costs import CARRIED, COSTS, funding
from tests.record.operating_given import done

from pilotage.record.areas import adopting, change, data, feedback, planning
from pilotage.record.areas.persons import persons_renamed
from pilotage.record.commands import Command
from pilotage.record.workload import Workload

Given = tuple[str, Command]

TEAMS = ("billing", "contracts", "accounts", "delivery")
SAMPLE = "subject,team,closed_at\n" + "".join(
    f"Ticket {number},{TEAMS[number % 4]},2025-12-{number % 28 + 1:02}T09:30:00Z\n" for number in range(400)
)
GIVEN: dict[str, tuple[Given, ...]] = {
    "select": (
        (
            "ann",
            planning.PlanProduction(
                deployment="Beside the routing rules in the desk's own service.",
                production_owner="oli",
                dates="in spring",
                running_cost="9,000 a year",
                change_effort="two sessions for the desk",
            ),
        ),
        (
            "eva",
            planning.PlaceInWork(
                arrives="In the queue, before a ticket is opened.",
                seen_by="the first line",
                when_absent="The rules route the ticket, as today.",
            ),
        ),
        (
            "ann",
            planning.ChooseSource(
                choice="build", compared=("the desk tool's own add-on",), reason="The teams are ours alone."
            ),
        ),
        (
            "ann",
            planning.JudgeSuitability(
                high_volume=True,
                repetitive=True,
                costly_or_error_prone=True,
                structured=True,
                measurable=True,
                data_at_hand=True,
                champion="the lead of the first line",
            ),
        ),
        (
            "eva",
            data.ListSource(
                id="tickets",
                title="Closed tickets",
                holds="Two years of tickets, each with the team that closed it.",
                basis="contract",
                granted_by="Article 4 of the support contracts",
                personal_data=True,
                owner="eva",
                retention="three years, then deleted",
            ),
        ),
        (
            "eva",
            data.CheckSample(source="tickets", sample=SAMPLE.encode(), label_column="team", time_column="closed_at"),
        ),
    ),
    "evaluate": (
        *COSTS,
        *CARRIED,
        ("sam", funding(dt.date(2026, 1, 5))),
        *(
            (
                "ann",
                feedback.RecordInterview(
                    id=f"shift-{number}",
                    asked="First line, early shift",
                    held_on=dt.date(2026, 3, 2),
                    helped="yes" if number else "partly",
                    use_again="yes",
                    new_problems="" if number else "Refunds went to sales.",
                    quote="I look at it before I read the ticket.",
                ),
            )
            for number in range(5)
        ),
    ),
    "deploy": (
        (
            "ann",
            adopting.RecordAdoptionPlan(
                use_at_least=0.6,
                accepted_at_least=0.5,
                overridden_at_most=0.3,
                from_percent=5.0,
                after_days=7,
                actions_at_least=100,
                basis="The first line's lead: with fewer, the second look costs what it saves.",
            ),
        ),
        ("oli", feedback.OpenChannel(where="A thumb beside each suggestion.", answered_by="oli", promise_days=5)),
        (
            "oli",
            feedback.TriageItem(
                id="refunds",
                what="Refunds belong to billing.",
                origin="interview",
                refers_to="shift-0",
                owner="eva",
                fate="take",
                reason="It was said in the first talk already.",
            ),
        ),
        (
            "ann",
            feedback.ScopeIteration(
                id="second",
                title="Refunds",
                items=("refunds",),
                from_users="Refunds that go to sales.",
                from_failures="None was seen.",
                from_drift="Nothing drifted.",
                due_on=dt.date(2027, 3, 1),
            ),
        ),
    ),
    "harden": tuple(
        (
            "ann",
            change.PlanStream(
                stream=stream,
                plan="Two sessions for the desk, and a page for its leads.",
                owner="oli",
                due_on=dt.date(2027, 3, 1),
                audiences=("berlin",),
            ),
        )
        for stream in ("training", "workflow", "roles", "performance-metrics", "communication")
    ),
}


def given(phase: str, workload: Workload, named: Mapping[str, str] | None = None) -> list[Given]:
    """What is still to be put on the record for a gate: what stands or was done already is left out."""
    people = named or {}
    found = [
        (people.get(person, person), persons_renamed(command, lambda one: people.get(one, one)))
        for person, command in (*GIVEN.get(phase, ()), *operating_given.GIVEN.get(phase, ()))
    ]
    return [(person, command) for person, command in found if not done(workload, command)]
