"""What the story's people write of architecture, ownership, handoff and the operations playbook. Invented, like prices.

The code that ran in the pilot is the code that goes live, so every area is kept; what has no machinery is a gap.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

from pilotage.demo.cast import ENGINEER, OPERATOR, OWNER, SPONSOR, Person
from pilotage.demo.given import Given
from pilotage.record.areas import architecture as a
from pilotage.record.areas import operating as o
from pilotage.record.areas import runbook as r

_KEPT = {
    "resilience": ("The table answers whenever the model fails.", "The same: the table stays where it is."),
    "observability": ("Ledger and call records, read on the pages.", "The same, until alerts can be delivered."),
    "cost-discipline": ("A call costs next to nothing.", "The same: no budget is needed for processor time."),
    "security": ("No secret and no personal data.", "The same, behind the desk's own sign-in."),
    "audit": ("Every call and every decision is on record.", "The same, verified every day."),
    "scale": ("One small process.", "One process: the replay ran far above the desk's own rate."),
    "maintenance": ("The model is trained once for the season.", "The same for this season, then trained anew."),
}
_GAPS = {
    "alert-delivery": ("observability", "Alerts are shown on pages and reach nobody by themselves."),
    "fault-drill": ("resilience", "Nobody has made the model fail on purpose."),
    "load-test": ("scale", "The load was only that of the replay."),
    "retraining-run": ("maintenance", "Training was never repeated from end to end."),
}
_HOLDERS: dict[str, tuple[Person, str]] = {
    "product": (OWNER, "I decide what it does next."),
    "engineering": (ENGINEER, "I keep the code, the model and its releases in shape."),
    "operations": (OPERATOR, "My group runs it while flights depart."),
    "cost": (SPONSOR, "It is paid from the operations budget."),
    "vendor": (OPERATOR, "The weather feed's supplier is ours to call."),
}
_ITEMS = {
    "serving": "Keep the service running beside the desk's own, and restart it when it stops.",
    "watching": "Read the pages at the start of each shift, and look into whatever they flag.",
    "switch-off": "Switch the model off by one command when it misleads the desk; nobody has to be asked first.",
    "weather-feed": "Check the age of the weather feed, and call its supplier when it stands still.",
}
_PROCEDURES = {
    "guardrail:warning_rate": "Look at the weather feed first: a stuck hour of a storm warns of everything.",
    "guardrail:slow_share": "Look at the machine's load. The table answers what came too late.",
    "guardrail:error_share": "Read the errors on the Calls page and call Yuki; the table answers meanwhile.",
    "alert:failing": "The table answers. Restart the service; if it fails again, switch the model off.",
    "alert:service": "Read which level burns on the Drift page, and follow the guardrail's procedure.",
    "alert:drift": "Find the field that moved. If it comes from the weather feed, check the feed's age.",
    "alert:skewed": "Hold the roll-out where it is and call Yuki: units are not assigned as they should be.",
    "alert:budget": "Read which line of the month's cost grew, and ask whoever carries the cost whether it goes on.",
}


def _designs() -> Iterator[Given]:
    for area, (pilot, production) in _KEPT.items():
        owner = OPERATOR.username if area in {"resilience", "observability"} else ENGINEER.username
        command = a.DesignArea(
            area=area, pilot=pilot, production=production, fate="keep", decision="decided", owner=owner
        )
        yield Given(person=ENGINEER, command=command)


def _gaps() -> Iterator[Given]:
    for gap, (area, what) in _GAPS.items():
        command = a.ListGap(gap=gap, what=what, area=area, effort="a week of one engineer", owner=ENGINEER.username)
        yield Given(person=ENGINEER, command=command)


def _roles(*named: str) -> Iterator[Given]:
    for role in named or _HOLDERS:
        person, words = _HOLDERS[role]
        yield Given(person=OWNER, command=o.OfferRole(role=role, person=person.username))
        yield Given(
            person=person,
            command=o.AcceptRole(role=role, statement=words),
            done=lambda workload, role=role: o.accepted_role(workload, role) is not None,  # type: ignore[misc]  # the loop's role
        )


def _handoff() -> Iterator[Given]:
    for item, what in _ITEMS.items():
        yield Given(person=ENGINEER, command=o.ListHandoffItem(item=item, what=what))
        yield Given(
            person=OPERATOR,
            command=o.AcceptHandoffItem(item=item),
            done=lambda workload, item=item: o.accepted_item(workload, item) is not None,  # type: ignore[misc]  # the loop's item
        )


def _runbook() -> Iterator[Given]:
    for step, person, reach in (("first", OPERATOR, "the desk's pager"), ("second", ENGINEER, "telephone 4712")):
        command = r.SetEscalation(step=step, person=person.username, reach=reach, minutes=15)  # type: ignore[arg-type]  # one of the steps
        yield Given(person=OPERATOR, command=command)
    for month, person in ((8, OPERATOR), (9, OPERATOR), (10, ENGINEER)):
        first = dt.date(2013, month, 1)
        shift = r.PlanShift(
            shift=f"{first:%Y-%m}",
            person=person.username,
            reach="the desk's pager",
            starts_on=first,
            ends_on=dt.date(2013, month + 1, 1) - dt.timedelta(days=1),
        )
        yield Given(person=OPERATOR, command=shift)
    for trigger, steps in _PROCEDURES.items():
        yield Given(person=OPERATOR, command=r.WriteProcedure(trigger=trigger, steps=steps))
    walked = r.WalkThroughPlaybook(statement="The day shift and the night shift read it through and tried the kill.")
    yield Given(person=OPERATOR, command=walked, done=lambda workload: r.walked_through(workload) is not None)


OPERATING: dict[str, tuple[Given, ...]] = {
    "pilot": tuple(_designs()),
    "evaluate": (*_gaps(), *_roles("cost")),
    "harden": (*_roles(), *_handoff(), *_runbook()),
}
