"""What the story's people write on the record, gate by gate, as commands. Invented, like the prices.

Persons stand by their usernames; the story gives each command once, in this order.
"""

from __future__ import annotations

from pilotage.demo import costs
from pilotage.demo.cast import ENGINEER, OWNER, SPONSOR
from pilotage.demo.given import Given
from pilotage.demo.operating_records import OPERATING
from pilotage.record.areas import planning

RECORDS: dict[str, tuple[Given, ...]] = {
    "select": (
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
    ),
    **OPERATING,
    "evaluate": (
        *OPERATING.get("evaluate", ()),
        *(Given(person=person, command=line) for person, line in costs.LINES),
        Given(person=OWNER, command=costs.PRODUCTION),
        Given(person=SPONSOR, command=costs.FUNDING, done=lambda workload: workload.costing.funding is not None),
    ),
}
